#!/usr/bin/env bash
# A folder for one run of the tests, for what they make once and share; hands it to them by $NEXTEST_ENV as
# TEST_RUN_DIR. It goes when the run ends, however it ends.
set -euo pipefail
[ -n "${NEXTEST_ENV:-}" ] || {
    echo "run-folder: NEXTEST_ENV is not set: this is a set-up script of nextest" >&2
    exit 1
}
folder=$(mktemp -d "${TMPDIR:-/tmp}/papierlos-run.XXXXXXXX")
# shellcheck disable=SC2016  # the shell that it starts is to expand them
setsid -f bash -c 'tail --pid="$1" -f /dev/null; rm -rf "$2"' - "$PPID" "$folder" </dev/null >/dev/null 2>&1
echo "TEST_RUN_DIR=$folder" >>"$NEXTEST_ENV"
