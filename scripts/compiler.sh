#!/usr/bin/env bash
# The compiler of our own crates on the build server: clippy, which is the compiler and says more, and after each
# library and program rustdoc with the same arguments. `cargo clippy` and `cargo doc` would look at what others wrote
# once more before, four hundred crates whose code the tests need compiled anyway.
# Cargo calls it where RUSTC_WORKSPACE_WRAPPER names it:
#   scripts/compiler.sh RUSTC ARGUMENT...
set -euo pipefail

rustc=$1
shift
tools=$("$rustc" --print sysroot)/bin
[ -x "$tools/clippy-driver" ] || {
    echo "clippy is missing: rustup component add clippy" >&2
    exit 1
}

# What both understand: the crate, its conditions, what it is linked with, its lints.
crate='' kind='' quiet=false
understood=()
keep() { understood+=("$@"); }
arguments=("$@")
while [ $# -gt 0 ]; do
    case $1 in
    --test | --print | --print=*) quiet=true ;;
    --cfg)
        if [ "$2" = test ]; then quiet=true; fi
        keep "$1" "$2"
        shift
        ;;
    --crate-name)
        crate=$2
        keep "$1" "$2"
        shift
        ;;
    --crate-type)
        kind=$2
        keep "$1" "$2"
        shift
        ;;
    --extern | -L | --check-cfg)
        keep "$1" "$2"
        shift
        ;;
    -C | --out-dir) shift ;;
    --emit=* | --json=* | --error-format=* | --diagnostic-width=*) ;;
    *) keep "$1" ;;
    esac
    shift
done

"$tools/clippy-driver" "$rustc" "${arguments[@]}" -D warnings

case $kind in
lib | bin)
    if $quiet || [[ $crate == build_script_* ]]; then exit 0; fi
    pages=$(mktemp -d "${TMPDIR:-/tmp}/papierlos-rustdoc.XXXXXXXX")
    trap 'rm -rf "$pages"' EXIT
    "$tools/rustdoc" "${understood[@]}" --document-private-items -D warnings --out-dir "$pages"
    ;;
esac
