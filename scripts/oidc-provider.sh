#!/usr/bin/env bash
# A provider of identities for the tests: oidc-provider (npm, pinned), on a port of loopback. Says `up` when it listens.
#   scripts/oidc-provider.sh PORT REDIRECT BACK_CHANNEL
# Ends with 75 where it cannot be had.
set -euo pipefail
cd "$(dirname "$0")/.."

if [ $# -ne 3 ]; then
    echo "usage: scripts/oidc-provider.sh PORT REDIRECT BACK_CHANNEL" >&2
    exit 2
fi

major=$(node --version 2>/dev/null | sed -n 's/^v\([0-9]*\).*/\1/p')
if [ "${major:-0}" -lt 20 ]; then
    echo "oidc-provider needs Node.js 20 or later, here is ${major:-none}" >&2
    exit 75
fi

pins=scripts/peers/oidc
place=${CARGO_TARGET_DIR:-target}/peers/oidc-$(cat "$pins"/package*.json | sha256sum | head -c 16)
if [ ! -d "$place/node_modules/oidc-provider" ]; then
    # Made under another name, so that a half-made folder is not taken for a whole one.
    made=$(mktemp -d "${TMPDIR:-/tmp}/oidc.XXXXXXXX")
    trap 'rm -rf "$made"' EXIT
    cp "$pins"/package*.json "$made"
    if ! (cd "$made" && npm ci --silent --ignore-scripts --no-audit --no-fund) >&2; then
        echo "oidc-provider cannot be installed (Debian: nodejs, npm, and the network)" >&2
        exit 75
    fi
    mkdir -p "$(dirname "$place")"
    rm -rf "$place"
    mv "$made" "$place"
fi

script=$PWD/$pins/op.mjs
cd "$place"
NODE_NO_WARNINGS=1 exec node "$script" "$@"
