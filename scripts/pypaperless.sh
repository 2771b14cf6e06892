#!/usr/bin/env bash
# Speaks to a running server as a client of paperless-ngx does: pypaperless (PyPI, pinned) in an environment of
# its own. Prints as JSON what it saw.
#   scripts/pypaperless.sh URL TOKEN INTAKE_TOKEN FILE
# Ends with 75 where the client cannot be had.
set -euo pipefail
cd "$(dirname "$0")/.."

if [ $# -ne 4 ]; then
    echo "usage: scripts/pypaperless.sh URL TOKEN INTAKE_TOKEN FILE" >&2
    exit 2
fi

pins=scripts/peers/pypaperless.txt
place=${CARGO_TARGET_DIR:-target}/peers/pypaperless-$(sha256sum "$pins" | head -c 16)
if [ ! -x "$place/bin/python" ]; then
    # Made under another name, so that a half-made environment is not taken for a whole one.
    made=$(mktemp -d "${TMPDIR:-/tmp}/pypaperless.XXXXXXXX")
    trap 'rm -rf "$made"' EXIT
    if ! { python3 -m venv "$made" && "$made/bin/python" -m pip install --quiet --disable-pip-version-check \
        --no-deps --only-binary :all: -r "$pins"; } >&2; then
        echo "pypaperless cannot be installed (Debian: python3-venv, and the network)" >&2
        exit 75
    fi
    mkdir -p "$(dirname "$place")"
    rm -rf "$place"
    mv "$made" "$place"
fi

exec "$place/bin/python" scripts/peers/paperless_client.py "$@"
