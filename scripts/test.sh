#!/usr/bin/env bash
# The tests, by nextest where it is installed and by `cargo test` elsewhere: building nextest takes longer
# than it saves.
#   scripts/test.sh       what comes through the front door on PostgreSQL, but for what takes long and says nothing of
#                         a database, then the whole suite on SQLite
#   scripts/test.sh s3    the conformance suite of the blobs on the S3 server that PAPIERLOS_TEST_S3 names
set -euo pipefail
cd "$(dirname "$0")/.."

# No test pulls the plug of the machine: what the tests kill are our own processes.
export TEST_PG_FSYNC=${TEST_PG_FSYNC:-off}

# For the same reason what they write goes to memory, where there is plenty and programs may run there: on a disk on
# which much was deleted, making files takes a sixth of the time of a run. TMPDIR names another place.
in_memory() {
    local need=12 free limit
    grep '^[^ ]* /dev/shm tmpfs ' /proc/mounts | grep -qvw noexec || return 1
    # What the group of this container may have, by either version of control groups.
    for limit in memory.max memory/memory.limit_in_bytes; do
        limit=$(cat "/sys/fs/cgroup/$limit" 2>/dev/null || echo max)
        [ "$limit" = max ] || [ $((limit >> 30)) -ge $need ] || return 1
    done
    free=$(awk '/^MemAvailable:/ { print int($2 / 1048576) }' /proc/meminfo)
    [ "$free" -ge $need ] && [ "$(df --output=avail --block-size=1G /dev/shm | tail -n 1)" -ge $((need / 2)) ]
}
if [ -z "${TMPDIR:-}" ] && in_memory; then
    TMPDIR=$(TMPDIR=/dev/shm scripts/run-folder.sh start $$)
    export TMPDIR
    # Beside it, not below it: it has somebody else who takes it away.
    export TEST_PG_TMPDIR=/dev/shm
fi

# A test waits for a third of its time, for a server that starts or a disk: one more than there are cores run.
export NEXTEST_TEST_THREADS=${NEXTEST_TEST_THREADS:-$(($(nproc) + 1))}

# Where nobody is there to look, a test that fails is tried once more, and is named as flaky among the closing lines.
if [ "${CI:-}" = true ]; then
    export NEXTEST_RETRIES=${NEXTEST_RETRIES:-1}
fi

cargo=scripts/cargo.sh
if "$cargo" nextest --version >/dev/null 2>&1; then
    nextest=true
    whole=("$cargo" nextest run --locked --workspace)
else
    nextest=false
    whole=("$cargo" test --locked --workspace --no-fail-fast)
    echo "cargo-nextest is not installed: running by cargo test"
    # What the tests start: a selection of tests does not build it.
    "$cargo" build --quiet --locked --workspace --bins
    # Nextest starts its own, and makes its own folder for what tests share, by .config/nextest.toml.
    TEST_RUN_DIR=$(scripts/run-folder.sh start $$)
    export TEST_RUN_DIR
    if [ -z "${TEST_POSTGRES_URL:-}" ]; then
        TEST_POSTGRES_URL=$(scripts/postgres.sh start $$)
        export TEST_POSTGRES_URL TEST_POSTGRES_OWN=1
    fi
fi
# only NEXTEST_FILTER CARGO_TEST_ARGUMENT...
only() {
    if $nextest; then
        "${whole[@]}" -E "$1"
    else
        "${whole[@]}" "${@:2}"
    fi
}

case ${1:-all} in
all)
    echo "== what comes through the front door, on PostgreSQL"
    # Without those that take long and say nothing of a database: what is computed of pictures, what passes through
    # memory, and the longest table of rights, whose questions the stories of workflows ask too. SQLite has them all.
    spared=(
        a_batch_is_split_at_its_separator_sheets_and_stays_as_it_came
        a_large_upload_and_its_download_pass_through_little_memory
        documents::copies::
        documents::pages::
        documents::scans::
        who_may_do_what_with_workflows
    )
    filter='package(tests)' skips=()
    for name in "${spared[@]}"; do
        filter+=" - test(~$name)"
        skips+=(--skip "$name")
    done
    TEST_DATABASE=postgres only "$filter" --test it -- "${skips[@]}"
    echo "== the whole suite, on SQLite"
    TEST_DATABASE=sqlite "${whole[@]}"
    ;;
s3)
    [ -n "${PAPIERLOS_TEST_S3:-}" ] || {
        echo "PAPIERLOS_TEST_S3 names no server" >&2
        exit 2
    }
    only 'package(storage) & test(/s3/)' --lib s3
    ;;
*)
    echo "usage: scripts/test.sh [s3]" >&2
    exit 2
    ;;
esac
