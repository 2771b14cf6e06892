#!/usr/bin/env bash
# Starts a server with people and documents of its own and asks schemathesis whether it keeps openapi.yaml.
#   scripts/contract.sh [ARGUMENT...]    further arguments go to `schemathesis run`
set -euo pipefail
cd "$(dirname "$0")/.."

# With all that the tests need: alone, the program is compiled with other features, and so once more.
scripts/cargo.sh build --quiet --locked --workspace --all-targets
papierlos=${CARGO_TARGET_DIR:-target}/debug/papierlos
"$papierlos" openapi | cmp - openapi.yaml || {
    echo "openapi.yaml is not current: papierlos openapi >openapi.yaml" >&2
    exit 1
}

place=$(mktemp -d "${TMPDIR:-/tmp}/papierlos-contract.XXXXXXXX")
server=
# shellcheck disable=SC2317 # called by the trap
clean_up() {
    if [ -n "$server" ]; then
        # It still writes while it stops: its folder goes after it.
        kill "$server" 2>/dev/null || true
        wait "$server" 2>/dev/null || true
    fi
    rm -rf "$place"
}
trap clean_up EXIT

data=$place/data
"$papierlos" user add chef --name "Chef" --role admin --no-password --data "$data"
admin=$("$papierlos" user token chef --data "$data")
# Hundreds of requests a second come from one address and one account: no limit for once.
export PAPIERLOS_RATES_ADDRESS_PER_SECOND=0 PAPIERLOS_RATES_PRINCIPAL_PER_SECOND=0 PAPIERLOS_RATES_SIGN_IN_PER_MINUTE=0
"$papierlos" serve --listen 127.0.0.1:0 --announce --data "$data" >"$place/announced" 2>"$place/log" &
server=$!
for _ in $(seq 300); do
    [ -s "$place/announced" ] && break
    kill -0 "$server" 2>/dev/null || break
    sleep 0.1
done
url=$(sed -n 's/.*"listening":"\([^"]*\)".*/\1/p' "$place/announced")
[ -n "$url" ] || {
    cat "$place/log" >&2
    exit 1
}

# api TOKEN METHOD PATH [CURL ARGUMENT...]
api() {
    curl --silent --show-error --fail-with-body --request "$2" --header "Authorization: Bearer $1" "${@:4}" "$url$3"
}
as_json=(--header 'Content-Type: application/json' --data)
for department in buergerbuero finanzen; do
    api "$admin" POST /api/v1/departments "${as_json[@]}" "{\"slug\": \"$department\", \"name\": \"$department\"}" >/dev/null
done
sign_in() {
    curl --silent --fail-with-body "${as_json[@]}" "{\"login\": \"$1\", \"password\": \"ein langer Satz\"}" "$url/api/v1/session" |
        sed -n 's/.*"secret":"\([^"]*\)".*/\1/p'
}
# An account that may do everything reaches more of each operation than one that is refused.
for login in alles endet vertreten; do
    api "$admin" POST /api/v1/accounts "${as_json[@]}" "{\"login\": \"$login\", \"name\": \"$login\", \"password\": \"ein langer Satz\",
        \"roles\": [{\"role\": \"clerk\", \"department\": \"buergerbuero\"}, {\"role\": \"head\", \"department\": \"buergerbuero\"},
            {\"role\": \"records_manager\"}, {\"role\": \"mayor\", \"department\": \"buergerbuero\"}, {\"role\": \"auditor\"}, {\"role\": \"admin\"}]}" >/dev/null
done
# Whom one stands in for is a header of nearly every operation: scripts/peers/schemathesis.toml names this one, for
# whoever stands in for nobody is refused.
for login in alles endet; do
    api "$admin" POST /api/v1/deputations "${as_json[@]}" "{\"principal\": \"vertreten\", \"deputy\": \"$login\",
        \"valid_until\": \"$(date --utc --date '30 days' +%FT%TZ)\"}" >/dev/null
done
token=$(sign_in alles)
for number in $(seq 40); do
    printf 'Sehr geehrte Damen und Herren,\nIhr Antrag auf einen Bewohnerparkausweis Nr. %d ist eingegangen.\n' "$number" >"$place/brief.txt"
    api "$token" POST /api/v1/documents --form "content=@$place/brief.txt;type=text/plain" --form \
        "metadata={\"title\": \"Antrag $number\", \"type\": \"Antrag\", \"tags\": [\"Parken\"], \"document_date\": \"2026-03-02\"};type=application/json" >/dev/null
done

# What ends a session, a deputation, an account or its roles would have everything after it refused: it is asked last,
# of an account of its own. Signing out ends it each time, and the events of an inbox never end: tests/it asks both.
ends=(endDeputation endSession endOtherSessions endAccountSessions revokeToken changeAccount setRoles endRole linkAccount unlinkAccount)
without=(--exclude-operation-id signOut --exclude-operation-id watchInbox) only=()
for operation in "${ends[@]}"; do
    without+=(--exclude-operation-id "$operation")
    only+=(--include-operation-id "$operation")
done
status=0
scripts/schemathesis.sh "$url" "$token" "${without[@]}" "$@" || status=$?
api "$token" GET /api/v1/me >/dev/null || {
    echo "the account was ended meanwhile: what was asked after that was answered with 401" >&2
    status=1
}
scripts/schemathesis.sh "$url" "$(sign_in endet)" "${only[@]}" "$@" || status=$?
kill -0 "$server" 2>/dev/null || {
    echo "the server ended meanwhile" >&2
    status=1
}
if [ "$status" -ne 0 ]; then
    echo "-- errors in the server's log" >&2
    grep -E 'ERROR|WARN|panicked' "$place/log" | tail -20 >&2 || true
fi
exit "$status"
