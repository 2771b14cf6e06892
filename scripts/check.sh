#!/usr/bin/env bash
# What a change must pass beside the tests: format, lints, documents, scripts, licences and advisories.
set -euo pipefail
cd "$(dirname "$0")/.."

cargo=scripts/cargo.sh
step() { echo "== $1"; }

step "format"
"$cargo" fmt --all --check

step "scripts"
shellcheck .ci/run scripts/*.sh

if [ -n "${RUSTC_WORKSPACE_WRAPPER:-}" ]; then
    step "lints, documents in the code, and all that is tested later"
    "$cargo" build --locked --quiet --workspace --all-targets
else
    step "lints"
    "$cargo" clippy --locked --quiet --workspace --all-targets -- -D warnings

    step "documents in the code"
    RUSTDOCFLAGS="-D warnings" "$cargo" doc --locked --quiet --workspace --no-deps --document-private-items
fi

step "licences and advisories"
if "$cargo" deny --version >/dev/null 2>&1; then
    "$cargo" deny --workspace check
else
    # Building it takes about as long as everything above, and it asks another host, whose answer changes without
    # a change of ours: it is asked for, not forced upon anyone. Licences and sources are held by tests/it/tidy.
    echo "NOT CHECKED: known vulnerabilities and yanked versions of dependencies (RustSec)." >&2
    echo "cargo-deny is not installed: cargo install --locked cargo-deny, then make check" >&2
fi
