#!/usr/bin/env bash
# The staff page of a running server under axe in Chromium.
#   scripts/axe.sh ADDRESS [LOGIN PASSWORD]     without the last two: the demo town's
set -euo pipefail
address=${1:?usage: scripts/axe.sh ADDRESS [LOGIN PASSWORD]}
login=${2:-j.brinkhoff}
password=${3:-hollerfurt-an-der-aue}
cd "$(dirname "$0")/../tests/browser"
PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD=1 npm ci --silent --no-audit --no-fund
exec node axe.mjs "$address" "$login" "$password"
