#!/usr/bin/env bash
# Lets the fuzzer work on one target, beginning with its corpus; what it learns stays in the corpus.
#   scripts/fuzz.sh                     names the targets
#   scripts/fuzz.sh TARGET [SECONDS]    for a minute, or for as long as that
# Needs a nightly compiler and `cargo install --locked cargo-fuzz`. What makes a target fail lies in
# fuzz/artifacts/TARGET afterwards: moved into its corpus, `make test` replays it for ever.
set -euo pipefail
cd "$(dirname "$0")/.."

if [ $# -eq 0 ]; then
    find fuzz/fuzz_targets -name '*.rs' -exec basename {} .rs \; | sort
    exit
fi
target=$1
[ -f "fuzz/fuzz_targets/$target.rs" ] || {
    echo "there is no target $target: scripts/fuzz.sh names them" >&2
    exit 2
}
# The versions of the product, and not what is newest.
cp Cargo.lock fuzz/Cargo.lock
# Mails are left behind on purpose: mails in mails would be taken down one inside the other.
cargo +nightly fuzz run "$target" -- \
    -max_total_time="${2:-60}" -max_len=65536 -rss_limit_mb=2048 -timeout=20 -detect_leaks=0
