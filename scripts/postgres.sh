#!/usr/bin/env bash
# A PostgreSQL of its own for a test run: Debian's package, an unprivileged user, a scratch folder, loopback.
#   scripts/postgres.sh start [PID]   starts a server, prints its URL; it ends when process PID ends (default: the caller)
#   scripts/postgres.sh nextest       the same as a set-up script of nextest: hands the URL to the tests by $NEXTEST_ENV
# TEST_PG_TMPDIR names where its folder is made, TMPDIR otherwise.
# TEST_PG_FSYNC=off trades durability for speed; TEST_POSTGRES_URL names a server that runs already.
# Without the package: a failure where CI=true, elsewhere a skip with its reason in TEST_POSTGRES_SKIPPED.
set -euo pipefail

die() {
    echo "postgres: $1" >&2
    exit 1
}

# Prints nothing where there is none; that is no failure of the pipe.
newest_bin() { { compgen -G '/usr/lib/postgresql/*/bin' || true; } | sort -V | tail -n 1; }

# PostgreSQL refuses to run as root.
unprivileged() {
    if [ "$(id -u)" -ne 0 ]; then
        "$@"
        return
    fi
    setpriv --reuid="$owner_uid" --regid="$owner_gid" --clear-groups --inh-caps=-all -- "$@"
}

# Waits for the owner to end, then takes the server and its folder away. Detached: a test run that is
# killed leaves nothing behind.
watch_owner() {
    local dir=$1 owner=$2 bin=$3
    wait_for_end_of "$owner"
    unprivileged "$bin/pg_ctl" -D "$dir/data" -m immediate -w stop >/dev/null 2>&1 || true
    rm -rf "$dir"
}

start() {
    local watched=$1 bin dir password port attempt log
    bin=$(newest_bin)
    [ -x "$bin/initdb" ] || die "no server under /usr/lib/postgresql (Debian package postgresql)"
    owner_uid=$(id -u) owner_gid=$(id -g)
    if [ "$owner_uid" -eq 0 ]; then
        owner_uid=$(id -u postgres 2>/dev/null || id -u nobody)
        owner_gid=$(id -g postgres 2>/dev/null || id -g nobody)
    fi
    dir=$(mktemp -d "${TEST_PG_TMPDIR:-${TMPDIR:-/tmp}}/papierlos-postgres.XXXXXXXX")
    log=$dir/log
    password=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
    printf '%s' "$password" >"$dir/password"
    mkdir "$dir/data" && : >"$log"
    chmod 0700 "$dir" "$dir/data"
    if [ "$(id -u)" -eq 0 ]; then
        chown -R "$owner_uid:$owner_gid" "$dir"
    fi
    # From the folder itself: the user may not enter the one we came from.
    cd "$dir"
    unprivileged "$bin/initdb" -D "$dir/data" -U papierlos --pwfile="$dir/password" -A scram-sha-256 \
        -E UTF8 --locale=C.UTF-8 --no-sync >"$log" 2>&1 || {
        cat "$log" >&2
        die "initdb failed"
    }
    {
        echo "listen_addresses = '127.0.0.1'"
        echo "unix_socket_directories = ''"
        echo "fsync = ${TEST_PG_FSYNC:-on}"
        echo "max_connections = 200"
        echo "shared_buffers = 64MB"
        echo "timezone = 'UTC'"
    } >>"$dir/data/postgresql.conf"
    for attempt in 1 2 3 4 5 6 7 8; do
        # Below the range from which the kernel hands out ports of its own.
        port=$(shuf -n 1 -i 20000-31999)
        if unprivileged "$bin/pg_ctl" -D "$dir/data" -l "$log" -o "-p $port" -w -t 60 start >/dev/null 2>&1; then
            setsid -f "$self" watch "$dir" "$watched" "$bin" "$owner_uid" "$owner_gid" </dev/null >/dev/null 2>&1
            echo "postgres://papierlos:$password@127.0.0.1:$port/postgres"
            return
        fi
        grep -q 'Address already in use' "$log" || break
        echo "postgres: port $port is taken, attempt $attempt" >&2
    done
    cat "$log" >&2
    rm -rf "$dir"
    die "the server did not start"
}

self=$(cd "$(dirname "$0")" && pwd)/postgres.sh
# shellcheck source=scripts/owner.sh
. "$(dirname "$self")/owner.sh"

case ${1:-} in
start)
    if [ -n "${TEST_POSTGRES_URL:-}" ]; then
        echo "$TEST_POSTGRES_URL"
        exit 0
    fi
    start "${2:-$PPID}"
    ;;
watch)
    owner_uid=$5 owner_gid=$6
    watch_owner "$2" "$3" "$4"
    ;;
nextest)
    [ -n "${NEXTEST_ENV:-}" ] || die "NEXTEST_ENV is not set: this is a set-up script of nextest"
    if [ -n "${TEST_POSTGRES_URL:-}" ]; then
        exit 0
    fi
    if [ -z "$(newest_bin)" ] && [ "${CI:-}" != true ]; then
        reason="PostgreSQL is not installed (Debian package postgresql)"
        echo "TEST_POSTGRES_SKIPPED=$reason" >>"$NEXTEST_ENV"
        echo "skipped: tests on PostgreSQL: $reason" >&2
        exit 0
    fi
    url=$("$self" start "$PPID")
    # It goes with the run, and so may what is left in it.
    printf '%s\n' "TEST_POSTGRES_URL=$url" "TEST_POSTGRES_OWN=1" >>"$NEXTEST_ENV"
    ;;
*)
    echo "usage: scripts/postgres.sh start [PID] | nextest" >&2
    exit 2
    ;;
esac
