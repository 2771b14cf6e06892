#!/usr/bin/env bash
# The staff pages of a running server in Chromium: under axe, then a working day in the registry, then the counter
# with its tablet, which is left alone and loses its server too, then a pile taken apart, forms on their page, a
# business trip from request to closed, a letter that is moved to a newer procedure and signed in another version, then
# correspondents and functions.
# They sign in more often than people do: the server runs with PAPIERLOS_RATES_SIGN_IN_PER_MINUTE=0.
#   scripts/axe.sh ADDRESS [LOGIN PASSWORD REGISTRY ADMIN]     without the last four: the demo town's
set -euo pipefail
address=${1:?usage: scripts/axe.sh ADDRESS [LOGIN PASSWORD]}
login=${2:-j.brinkhoff}
password=${3:-hollerfurt-an-der-aue}
keeper=${4:-g.ahlsdorf}
admin=${5:-m.petersen}
cd "$(dirname "$0")/../tests/browser"
PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD=1 npm ci --silent --no-audit --no-fund
node axe.mjs "$address" "$login" "$password" "$keeper" "$admin"
node registry.mjs "$address" "$login" "$password"
node tablet.mjs "$address" "$login" "$password" "$admin"
node away.mjs "$address" "$login" "$password" "$admin"
node split.mjs "$address" "$login" "$password"
node filling.mjs "$address" "$login" "$password" "$admin"
node workflow.mjs "$address" "$login" "$password" "$admin"
node moving.mjs "$address" "$login" "$password" "$admin"
exec node people.mjs "$address" "$login" "$password" "$admin"
