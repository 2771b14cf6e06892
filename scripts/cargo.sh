#!/usr/bin/env bash
# cargo, on a toolchain that will do: the pinned one where it is installed, else an installed one that is
# at least as new, else the pinned one fetched by rustup.
set -euo pipefail
cd "$(dirname "$0")/.."

pinned=$(sed -n 's/^channel *= *"\(.*\)"/\1/p' rust-toolchain.toml)

at_least() { [ "$(printf '%s\n%s\n' "$2" "$1" | sort -V | head -n 1)" = "$2" ]; }
version_of() { sed -n 's/^rustc \([0-9.]*\).*/\1/p'; }

if [ -z "${RUSTUP_TOOLCHAIN:-}" ] && command -v rustup >/dev/null; then
    installed=$(rustup toolchain list 2>/dev/null | awk '{print $1}')
    if ! grep -q "^$pinned-" <<<"$installed"; then
        for toolchain in $installed; do
            version=$(rustup run "$toolchain" rustc --version 2>/dev/null | version_of)
            if [ -n "$version" ] && [[ $toolchain != nightly* ]] && at_least "$version" "$pinned"; then
                echo "Rust $pinned is not installed; Rust $version is new enough." >&2
                export RUSTUP_TOOLCHAIN=$toolchain
                break
            fi
        done
        if [ -z "${RUSTUP_TOOLCHAIN:-}" ]; then
            echo "Fetching Rust $pinned by rustup." >&2
            rustup toolchain install "$pinned" --profile minimal --component clippy --component rustfmt >&2
        fi
    fi
elif ! command -v cargo >/dev/null; then
    echo "Rust is missing: Papierlos needs rustc and cargo $pinned or newer (https://rustup.rs)." >&2
    exit 1
elif [ -z "${RUSTUP_TOOLCHAIN:-}" ]; then
    version=$(rustc --version | version_of)
    if ! at_least "$version" "$pinned"; then
        echo "Rust $version is too old: Papierlos needs $pinned or newer (https://rustup.rs)." >&2
        exit 1
    fi
fi
exec cargo "$@"
