#!/usr/bin/env bash
# Installs the Debian packages that one of the make targets needs: only what is absent, by name, saying so.
#   scripts/packages.sh demo|test|bench|quality|check|ci
set -euo pipefail

usage() {
    echo "usage: scripts/packages.sh demo|test|bench|quality|check|ci" >&2
    exit 2
}
[ $# -eq 1 ] || usage

missing=()
# need PACKAGE TEST...: the package is missing when the test fails. Tests look for the thing itself, so
# that a compiler or an interpreter that came by another way is welcome too.
need() {
    local package=$1
    shift
    if ! "$@" >/dev/null 2>&1; then
        missing+=("$package")
    fi
}
has() { command -v "$1"; }
postgres_server() { compgen -G '/usr/lib/postgresql/*/bin/initdb'; }
german_tesseract() { tesseract --list-langs | grep -qx deu; }
top_of_pages() { tesseract --list-langs | grep -qx osd; }
softhsm() { has softhsm2-util && [ -e /usr/lib/softhsm/libsofthsm2.so ]; }
virus_scanner() { [ -x /usr/sbin/clamd ]; }
# Without a screen it is enough: what draws windows is not asked for.
office() { [ -x /usr/lib/libreoffice/program/soffice.bin ] && [ -e "/usr/lib/libreoffice/program/$1" ]; }
libc_headers() { [ -e /usr/include/stdio.h ]; }
ca_bundle() { [ -e /etc/ssl/certs/ca-certificates.crt ] || [ -n "${SSL_CERT_FILE:-}" ]; }
faketime() { compgen -G '/usr/lib/*/faketime/libfaketimeMT.so.1'; }
jaxb() { [ -e /usr/share/java/jaxb-runtime.jar ]; }
# Another python3 may stand before Debian's in the path; the tests ask both as well.
python_has() { python3 -c "import $1" || /usr/bin/python3 -c "import $1"; }
python_venv() { python3 -c 'import ensurepip, venv'; }

for_build() {
    need gcc has gcc
    need libc6-dev libc_headers
    need make has make
    need pkg-config has pkg-config
    need ca-certificates ca_bundle
    need curl has curl
}
for_scans() {
    need tesseract-ocr has tesseract
    need tesseract-ocr-deu german_tesseract
    need tesseract-ocr-osd top_of_pages
}
for_quality() {
    for_build
    for_scans
    need poppler-utils has pdftotext
}
for_office() {
    need libreoffice-writer-nogui office libswlo.so
    need libreoffice-calc-nogui office libsclo.so
    need libreoffice-impress-nogui office libsdlo.so
}
for_test() {
    for_quality
    for_office
    need clamav-daemon virus_scanner
    need postgresql postgres_server
    need openssl has openssl
    need qpdf has qpdf
    need softhsm2 softhsm
    need xxd has xxd
    need zbar-tools has zbarimg
    need python3 has python3
    need python3-venv python_venv
    need python3-aiosmtpd python_has aiosmtpd
    need python3-icalendar python_has icalendar
    need libfaketime faketime
    need util-linux has setpriv
    need libxml2-utils has xmllint
    need nodejs has node
    need npm has npm
}
for_ci() {
    for_test
    need radosgw has radosgw
    need ceph-mon has ceph-mon
    need ceph-osd has ceph-osd
    need ceph-common has radosgw-admin
    need default-jdk-headless has javac
    need libjaxb-java jaxb
    need git has git
    need shellcheck has shellcheck
}

case $1 in
demo)
    for_build
    for_scans
    ;;
test | bench) for_test ;;
quality) for_quality ;;
check)
    for_build
    need git has git
    need shellcheck has shellcheck
    ;;
ci) for_ci ;;
*) usage ;;
esac

if [ ${#missing[@]} -eq 0 ]; then
    exit 0
fi
names="${missing[*]}"
if ! command -v apt-get >/dev/null; then
    echo "These Debian packages (or their like) are missing: $names. There is no apt-get here: please install them and try again." >&2
    exit 1
fi
as_root=()
if [ "$(id -u)" -ne 0 ]; then
    if ! command -v sudo >/dev/null; then
        echo "These packages are missing: $names. Installing them needs root and there is no sudo: as root, run: apt-get install $names" >&2
        exit 1
    fi
    as_root=(sudo)
fi
echo "Installing missing packages: $names"
# Debian would otherwise start a cluster of its own, on the usual port, for nobody.
if [[ " $names " == *" postgresql "* ]] && [ ! -e /etc/postgresql-common/createcluster.conf ]; then
    "${as_root[@]}" mkdir -p /etc/postgresql-common
    echo 'create_main_cluster = false' | "${as_root[@]}" tee /etc/postgresql-common/createcluster.conf >/dev/null
fi
install() {
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
        apt-get install -y -qq --no-install-recommends -o Dpkg::Use-Pty=0 -o Dpkg::Options::=--force-confold "$@" </dev/null
}
log=$(mktemp)
trap 'rm -f "$log"' EXIT
# The lists may be old or empty: ask for new ones only when the old ones do not do.
if ! install "${missing[@]}" >"$log" 2>&1; then
    echo "Refreshing the package lists"
    "${as_root[@]}" apt-get update -qq </dev/null || true
    if ! install "${missing[@]}" >"$log" 2>&1; then
        tail -n 20 "$log" >&2
        echo "These packages could not be installed: $names. As root, try: apt-get update && apt-get install $names" >&2
        exit 1
    fi
fi
