#!/usr/bin/env bash
# Makes the timestamps of the tests anew, in the folder where this script stands: over the checkpoint of the golden
# vectors (../vectors.txt), and over one of the same log by another key, at times that the tests choose. It takes
# openssl, libfaketime, and Python with `cryptography`; what is committed was made once, and no test runs this.
set -euo pipefail
cd "$(dirname "$0")"
pki=$(realpath ../../../../pades/tests/data/pki)
fake=$(find /usr/lib -name libfaketime.so.1 | head -n 1)

python3 - <<'PY'
import base64, hashlib
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

lines = dict(line.split(" = ", 1) for line in open("../vectors.txt", encoding="utf-8").read().splitlines()[1:])
note = lines["checkpoint"].replace("\\n", "\n")
open("62.checkpoint", "w", encoding="utf-8").write(note)
text, origin = note.split("\n\n")[0] + "\n", lines["origin"]
key = Ed25519PrivateKey.from_private_bytes(bytes([8] * 32))
public = b"\x01" + key.public_key().public_bytes_raw()
short = hashlib.sha256(origin.encode() + b"\n" + public).digest()[:4]
signature = base64.b64encode(short + key.sign(text.encode())).decode()
open("own-key.checkpoint", "w", encoding="utf-8").write(f"{text}\n\u2014 {origin} {signature}\n")
PY

stamp() { # NAME CHECKPOINT AUTHORITY TIME SERIAL
    openssl ts -query -data "$2" -sha256 -cert -out query
    printf '%02X\n' "$5" >serial
    LD_PRELOAD=$fake FAKETIME="$4" TZ=UTC TSA_SERIAL=$PWD/serial openssl ts -reply -section tsa_config -config "$pki/tsa.cnf" \
        -queryfile query -signer "$pki/$3.pem" -inkey "$pki/$3.key" -out "$1.tsr"
    rm -f query serial
}
stamp 62 62.checkpoint tsa '2026-11-22 18:01:18' 16
stamp early 62.checkpoint tsa '2026-11-22 17:50:00' 32
stamp late 62.checkpoint tsa '2026-11-22 18:30:00' 48
stamp foreign 62.checkpoint foreigntsa '2026-11-22 18:01:18' 64
stamp own-key own-key.checkpoint tsa '2026-11-22 18:01:18' 80
