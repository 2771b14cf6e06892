#!/usr/bin/env bash
# A folder for one run of the tests, for what they make once and share (TEST_RUN_DIR). It goes when the run ends,
# however it ends.
#   scripts/run-folder.sh start [PID]   makes one and prints it; it goes when process PID ends (default: the caller)
#   scripts/run-folder.sh nextest       the same as a set-up script of nextest: hands it to the tests by $NEXTEST_ENV
set -euo pipefail
self=$(cd "$(dirname "$0")" && pwd)/run-folder.sh
# shellcheck source=scripts/owner.sh
. "$(dirname "$self")/owner.sh"

case ${1:-} in
start)
    folder=$(mktemp -d "${TMPDIR:-/tmp}/papierlos-run.XXXXXXXX")
    setsid -f "$self" watch "$folder" "${2:-$PPID}" </dev/null >/dev/null 2>&1
    echo "$folder"
    ;;
watch)
    wait_for_end_of "$3"
    # What the run started may still be ending, and write.
    for _ in 1 2 3 4 5 6 7 8 9 10; do
        rm -rf "$2" 2>/dev/null && break
        sleep 1
    done
    ;;
nextest)
    [ -n "${NEXTEST_ENV:-}" ] || {
        echo "run-folder: NEXTEST_ENV is not set: this is a set-up script of nextest" >&2
        exit 1
    }
    echo "TEST_RUN_DIR=$("$self" start "$PPID")" >>"$NEXTEST_ENV"
    ;;
*)
    echo "usage: scripts/run-folder.sh start [PID] | nextest" >&2
    exit 2
    ;;
esac
