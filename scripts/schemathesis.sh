#!/usr/bin/env bash
# Asks a running server whether it keeps openapi.yaml: schemathesis (PyPI, pinned) in an environment of its own.
#   scripts/schemathesis.sh URL TOKEN [ARGUMENT...]    further arguments go to `schemathesis run`
# SCHEMATHESIS_EXAMPLES says how many examples an operation gets (default 50).
set -euo pipefail
cd "$(dirname "$0")/.."

if [ $# -lt 2 ]; then
    echo "usage: scripts/schemathesis.sh URL TOKEN [ARGUMENT...]" >&2
    exit 2
fi
url=$1 token=$2
shift 2

pins=scripts/peers/schemathesis.txt
place=${CARGO_TARGET_DIR:-target}/peers/schemathesis-$(sha256sum "$pins" | head -c 16)
if [ ! -x "$place/bin/schemathesis" ]; then
    echo "Installing schemathesis into $place"
    rm -rf "$place"
    python3 -m venv "$place"
    # A half-made environment is not taken for a whole one.
    "$place/bin/python" -m pip install --quiet --disable-pip-version-check --no-deps -r "$pins" || {
        rm -rf "$place"
        exit 1
    }
fi

exec "$place/bin/schemathesis" --config-file scripts/peers/schemathesis.toml run openapi.yaml \
    --url "$url" \
    --header "Authorization: Bearer $token" \
    --max-examples "${SCHEMATHESIS_EXAMPLES:-50}" \
    --seed 1 \
    --request-timeout 30 \
    --continue-on-failure \
    "$@"
