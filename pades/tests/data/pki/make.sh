#!/usr/bin/env bash
# Makes the certificates and keys of the tests anew, in the folder where this script stands. For tests only: the
# private keys are public. What is committed was made once; the tests read it and never run this.
set -euo pipefail
cd "$(dirname "$0")"

ext() { printf '%s\n' "[$1]" "${@:2}"; }
{
    ext ca 'basicConstraints=critical,CA:TRUE' 'keyUsage=critical,keyCertSign,cRLSign' 'subjectKeyIdentifier=hash'
    ext seal 'basicConstraints=critical,CA:FALSE' 'keyUsage=critical,nonRepudiation' 'subjectKeyIdentifier=hash' \
        'authorityKeyIdentifier=keyid' 'crlDistributionPoints=URI:http://pki.test/root.crl' \
        'authorityInfoAccess=OCSP;URI:http://pki.test/ocsp,caIssuers;URI:http://pki.test/root.cer'
    ext tsa 'basicConstraints=critical,CA:FALSE' 'keyUsage=critical,digitalSignature' 'extendedKeyUsage=critical,timeStamping' \
        'subjectKeyIdentifier=hash' 'authorityKeyIdentifier=keyid' 'crlDistributionPoints=URI:http://pki.test/root.crl'
    ext ocsp 'basicConstraints=critical,CA:FALSE' 'keyUsage=critical,digitalSignature' 'extendedKeyUsage=critical,OCSPSigning' \
        'noCheck=yes' 'subjectKeyIdentifier=hash' 'authorityKeyIdentifier=keyid'
    ext notary 'basicConstraints=critical,CA:FALSE' 'keyUsage=critical,keyAgreement' 'subjectKeyIdentifier=hash'
    ext db_section 'database=db.txt' 'serial=serial' 'new_certs_dir=.' 'default_md=sha256' 'crlnumber=crlnumber' 'default_crl_days=36500' 'unique_subject=no' 'string_mask=utf8only'
    ext any 'countryName=optional' 'organizationName=optional' 'commonName=supplied'
} >extensions.cnf

key() { # NAME ec:CURVE|rsa
    case $2 in
    ec:*) openssl genpkey -quiet -algorithm EC -pkeyopt "ec_paramgen_curve:${2#ec:}" -out "$1.key" ;;
    rsa) openssl genpkey -quiet -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out "$1.key" ;;
    esac
}
# issue NAME SECTION SUBJECT ISSUER SERIAL [END]: from 2020 on, whatever the clock of the machine says.
issue() {
    openssl req -new -key "$1.key" -subj "$3" -utf8 -config <(printf '[req]\ndistinguished_name=dn\n[dn]\n') -out "$1.csr"
    : >db.txt
    echo "$5" >serial
    local issuer=(-cert "$4.pem")
    if [ "$1" = "$4" ]; then issuer=(-selfsign); fi
    openssl ca -batch -notext -name db_section -config extensions.cnf -extfile extensions.cnf -extensions "$2" -policy any -preserveDN -utf8 \
        -startdate 20200101000000Z -enddate "${6:-21200101000000Z}" -keyfile "$4.key" "${issuer[@]}" -in "$1.csr" -out "$1.pem" 2>/dev/null
    rm "$1.csr"
}

key root ec:P-384
issue root ca '/C=DE/O=Test/CN=Test Wurzel' root 1000
key seal ec:P-256
issue seal seal '/C=DE/O=Stadt Musterstadt/CN=Siegel der Stadt Müsterstadt' root 1001
key seal384 ec:P-384
issue seal384 seal '/C=DE/O=Stadt Musterstadt/CN=Siegel P-384' root 1002
key sealrsa rsa
issue sealrsa seal '/C=DE/O=Stadt Musterstadt/CN=Siegel RSA' root 1003
key revoked ec:P-256
issue revoked seal '/C=DE/O=Stadt Musterstadt/CN=Widerrufenes Siegel' root 1004
key tsa ec:P-256
issue tsa tsa '/C=DE/O=Test/CN=Test Zeitstempel' root 1005
key tsarsa rsa
issue tsarsa tsa '/C=DE/O=Test/CN=Test Zeitstempel RSA' root 1006
key tsa521 ec:P-521
issue tsa521 tsa '/C=DE/O=Test/CN=Test Zeitstempel P-521' root 1009
key tsabp384 ec:brainpoolP384r1
issue tsabp384 tsa '/C=DE/O=Test/CN=Test Zeitstempel brainpoolP384r1' root 1010
key ocsp ec:P-256
issue ocsp ocsp '/C=DE/O=Test/CN=Test Auskunft' root 1007
# A certificate that held for one year.
key expired ec:P-256
issue expired seal '/C=DE/O=Stadt Musterstadt/CN=Abgelaufenes Siegel' root 1008 20210101000000Z
# Another tree of certificates, which nobody trusts.
key foreign ec:P-256
issue foreign ca '/C=XX/CN=Fremde Wurzel' foreign 2000
key foreigntsa ec:P-256
issue foreigntsa tsa '/C=XX/CN=Fremder Zeitstempel' foreign 2001
# To whom strokes are sealed.
key notary ec:P-256
issue notary notary '/C=DE/CN=Notariat (Test)' notary 3000
key notary384 ec:P-384
issue notary384 notary '/C=DE/CN=Notariat P-384 (Test)' notary384 3001

# What the responder and the list of revoked certificates say.
entry() { # V|R NAME
    local serial subject until revoked=
    serial=$(openssl x509 -in "$2.pem" -noout -serial | cut -d= -f2)
    subject=$(openssl x509 -in "$2.pem" -noout -subject -nameopt compat | sed 's/^subject=//')
    until=$(date -u -d "$(openssl x509 -in "$2.pem" -noout -enddate | cut -d= -f2)" +%Y%m%d%H%M%SZ)
    if [ "$1" = R ]; then revoked=260201000000Z; fi
    printf '%s\t%s\t%s\t%s\tunknown\t%s\n' "$1" "$until" "$revoked" "$serial" "$subject"
}
{ entry V seal; entry V seal384; entry V sealrsa; entry R revoked; entry V tsa; entry V tsarsa; } >index.txt
echo 01 >crlnumber
cp index.txt db.txt
openssl ca -gencrl -crl_lastupdate 20260301000000Z -crl_nextupdate 21200101000000Z -name db_section -config extensions.cnf -keyfile root.key -cert root.pem -md sha384 -out root.crl.pem 2>/dev/null
openssl crl -in root.crl.pem -outform DER -out root.crl
rm -f root.crl.pem crlnumber* serial* db.txt* index.txt.attr extensions.cnf [0-9][0-9][0-9][0-9].pem
