#!/usr/bin/env bash
# What pyHanko (PyPI, pinned by digest) says of the signatures of PDFs, in an environment of its own; prints a line of
# JSON for each file.
#   scripts/pyhanko.sh ROOT_CERTIFICATE FILE...
# Ends with 75 where pyHanko cannot be had.
set -euo pipefail
cd "$(dirname "$0")/.."

if [ $# -lt 2 ]; then
    echo "usage: scripts/pyhanko.sh ROOT_CERTIFICATE FILE..." >&2
    exit 2
fi

pins=scripts/peers/pyhanko.txt
place=${CARGO_TARGET_DIR:-target}/peers/pyhanko-$(sha256sum "$pins" | head -c 16)
mkdir -p "$(dirname "$place")"
# Tests run side by side: one makes the environment, the others wait for it.
exec 9>"$place.lock"
flock 9
if [ ! -x "$place/bin/python" ]; then
    # Made under another name, so that a half-made environment is not taken for a whole one.
    made=$(mktemp -d "${TMPDIR:-/tmp}/pyhanko.XXXXXXXX")
    trap 'rm -rf "$made"' EXIT
    if ! { python3 -m venv "$made" && "$made/bin/python" -m pip install --quiet --disable-pip-version-check \
        --no-deps --only-binary :all: --require-hashes -r "$pins"; } >&2; then
        echo "pyHanko cannot be installed (Debian: python3-venv, and the network)" >&2
        exit 75
    fi
    rm -rf "$place"
    mv "$made" "$place"
fi
exec 9>&-

exec "$place/bin/python" scripts/peers/pyhanko_judge.py "$@"
