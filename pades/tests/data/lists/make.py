"""Makes lists of revocation that say nothing of the certificate beside them, and one that does: pip install cryptography."""

import datetime as dt
import pathlib

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

HERE = pathlib.Path(__file__).parent
day = lambda year, month=1: dt.datetime(year, month, 1, tzinfo=dt.timezone.utc)
name = lambda text: x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])
place = lambda text: [x509.UniformResourceIdentifier(f"http://{text}.example/list.crl")]
ca, leaf = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))


def certificate(subject, key, number, end, *more):
    made = x509.CertificateBuilder().subject_name(name(subject)).issuer_name(name("Stelle")).public_key(key.public_key())
    made = made.serial_number(number).not_valid_before(day(2026)).not_valid_after(end)
    for extension, critical in more:
        made = made.add_extension(extension, critical)
    return made.sign(ca, hashes.SHA256())


def crl(said, until, *more):
    made = x509.CertificateRevocationListBuilder().issuer_name(name("Stelle")).last_update(said).next_update(until)
    for extension, critical in more:
        made = made.add_extension(extension, critical)
    return made.sign(ca, hashes.SHA256())


def points(full=None, reasons=None):
    return x509.IssuingDistributionPoint(full, None, False, False, reasons, False, False), True


issuer = certificate("Stelle", ca, 1, day(2036), (x509.BasicConstraints(True, None), True))
own = x509.CRLDistributionPoints([x509.DistributionPoint(place("eins"), None, None, None)])
who = certificate("Erika Beispiel", leaf, 2, day(2028), (own, False))
files = {
    "issuer": issuer, "certificate": who,
    "good": crl(day(2026, 11), day(2027)),
    "own-place": crl(day(2026, 11), day(2027), points(place("eins"))),
    "other-place": crl(day(2026, 11), day(2027), points(place("zwei"))),
    "some-reasons": crl(day(2026, 11), day(2027), points(None, frozenset([x509.ReasonFlags.superseded]))),
    "only-what-is-new": crl(day(2026, 11), day(2027), (x509.DeltaCRLIndicator(1), False)),
    "after-the-end": crl(day(2029), day(2030)),
}
for key, one in files.items():
    (HERE / f"{key}.der").write_bytes(one.public_bytes(serialization.Encoding.DER))
