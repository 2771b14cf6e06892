"""Makes the signed PDFs of this folder anew: pip install pyhanko==0.38.0 and run it here.

Keys are made for this run and thrown away, but for what must be signed again by tests. They are test keys only.
"""

import datetime as dt
import io
import pathlib
import re
import subprocess
import tempfile

from asn1crypto import crl as asn1_crl, keys as asn1_keys, x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from pyhanko.pdf_utils import generic, writer
from pyhanko.pdf_utils.generic import pdf_name as N, pdf_string as S
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign import fields, signers, timestamps
from pyhanko.sign.fields import SigFieldSpec, SigSeedSubFilter
from pyhanko.sign.validation import validate_pdf_signature
from pyhanko_certvalidator import ValidationContext
from pyhanko_certvalidator.registry import SimpleCertificateStore

HERE = pathlib.Path(__file__).parent
PKI = HERE / "trust"
UTC = dt.timezone.utc
START, END = dt.datetime(2026, 1, 1, tzinfo=UTC), dt.datetime(2036, 1, 1, tzinfo=UTC)


def name(common):
    return x509.Name([
        x509.NameAttribute(NameOID.COUNTRY_NAME, "DE"),
        x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Stadt Beispielstadt"),
        x509.NameAttribute(NameOID.COMMON_NAME, common),
    ])


class Issuer:
    def __init__(self, common, above=None, length=None, key=None):
        self.key = key or ec.generate_private_key(ec.SECP384R1())
        self.common, self.serial = common, 100
        self.cert = certificate(common, self.key.public_key(), above or self, ca=True, length=length)

    def crl(self, revoked=(), until=END):
        made = x509.CertificateRevocationListBuilder().issuer_name(self.cert.subject)
        made = made.last_update(dt.datetime(2026, 11, 1, tzinfo=UTC)).next_update(until)
        for cert, when in revoked:
            one = x509.RevokedCertificateBuilder().serial_number(cert.serial_number)
            made = made.add_revoked_certificate(one.revocation_date(when).build())
        made = made.sign(self.key, hashes.SHA384())
        return made.public_bytes(serialization.Encoding.DER)


def certificate(common, key, issuer, ca=False, length=None, eku=None, start=START, end=END, usage=True,
                unknown=False, serial=[1000], critical=True, qualified=False, constraints=None):
    serial[0] += 1
    made = x509.CertificateBuilder().subject_name(name(common)).public_key(key)
    made = made.issuer_name(name(issuer.common)).serial_number(serial[0])
    made = made.not_valid_before(start).not_valid_after(end)
    made = made.add_extension(x509.BasicConstraints(ca, length), True)
    made = made.add_extension(x509.SubjectKeyIdentifier.from_public_key(key), False)
    if usage:
        made = made.add_extension(x509.KeyUsage(
            not ca, not ca, False, False, False, ca, ca, False, False), True)
    if eku:
        made = made.add_extension(x509.ExtendedKeyUsage(eku), critical)
    if unknown:
        made = made.add_extension(x509.UnrecognizedExtension(x509.ObjectIdentifier("1.3.6.1.4.1.99999.1"), b"\x05\x00"), True)
    if qualified:
        made = made.add_extension(x509.UnrecognizedExtension(
            x509.ObjectIdentifier("1.3.6.1.5.5.7.1.3"), bytes.fromhex("300a3008060604008e460101")), False)
    if constraints:
        made = made.add_extension(x509.NameConstraints([x509.DNSName(constraints)], None), True)
    digest = None if isinstance(issuer.key, ed25519.Ed25519PrivateKey) else hashes.SHA384()
    return made.sign(issuer.key, digest)


def a1(cert):
    return asn1_x509.Certificate.load(cert.public_bytes(serialization.Encoding.DER))


def a1key(key):
    return asn1_keys.PrivateKeyInfo.load(key.private_bytes(
        serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))


ROOT = Issuer("Beispiel Wurzel")
CA = Issuer("Beispiel Zertifizierung", ROOT, length=0)
OTHER = Issuer("Fremde Wurzel")
NARROW = Issuer("Beispiel beschraenkt", ROOT)
NARROW.cert = certificate(NARROW.common, NARROW.key.public_key(), ROOT, ca=True, constraints="example.org")
DEEP = Issuer("Beispiel zu tief", CA)
TRUST = [a1(ROOT.cert)]


class Who:
    def __init__(self, common, issuer=CA, key=None, pss=False, chain=True, **more):
        self.key = key or ec.generate_private_key(ec.SECP256R1())
        self.cert = certificate(common, self.key.public_key(), issuer, **more)
        self.store = SimpleCertificateStore()
        above = {CA: [CA], DEEP: [DEEP, CA], NARROW: [NARROW]}.get(issuer, [])
        self.store.register_multiple([a1(one.cert) for one in above] if chain else [])
        self.signer = signers.SimpleSigner(a1(self.cert), a1key(self.key), self.store, prefer_pss=pss)


SEAL = Who("Dienstsiegel", qualified=True)
CLERK = Who("Erika Beispiel")
RSA = Who("Dienstsiegel RSA", key=rsa.generate_private_key(65537, 2048))
PSS = Who("Dienstsiegel PSS", key=rsa.generate_private_key(65537, 2048), pss=True)
SHORT = Who("Dienstsiegel kurz", key=rsa.generate_private_key(65537, 1024))
ED = Who("Dienstsiegel Ed25519", key=ed25519.Ed25519PrivateKey.generate())
P521 = Who("Dienstsiegel P-521", key=ec.generate_private_key(ec.SECP521R1()))
EXPIRED = Who("Abgelaufen", start=dt.datetime(2025, 1, 1, tzinfo=UTC), end=dt.datetime(2026, 6, 1, tzinfo=UTC))
SOON = Who("Laeuft ab", end=dt.datetime(2027, 1, 1, tzinfo=UTC))
REVOKED = Who("Widerrufen")
LATER = Who("Spaeter widerrufen")
STRANGER = Who("Fremd", issuer=OTHER)
UNKNOWN = Who("Mit unbekannter Erweiterung", unknown=True)
SERVER = Who("Webserver", eku=[ExtendedKeyUsageOID.SERVER_AUTH])
TOO_DEEP = Who("Zu tief", issuer=DEEP)
NARROWED = Who("Beschraenkt", issuer=NARROW)
TSA = Who("Zeitstempeldienst", key=rsa.generate_private_key(65537, 2048), eku=[ExtendedKeyUsageOID.TIME_STAMPING])
NO_TSA = Who("Kein Zeitstempeldienst", key=rsa.generate_private_key(65537, 2048))
STRANGE_TSA = Who("Fremder Zeitstempeldienst", key=rsa.generate_private_key(65537, 2048), issuer=OTHER, eku=[ExtendedKeyUsageOID.TIME_STAMPING])

CRLS = [
    ROOT.crl(),
    CA.crl([(REVOKED.cert, dt.datetime(2026, 10, 1, tzinfo=UTC)), (LATER.cert, dt.datetime(2026, 12, 1, tzinfo=UTC))]),
]
CONTEXT = dict(trust_roots=TRUST, allow_fetching=False)


def context(crls=True, **more):
    lists = [asn1_crl.CertificateList.load(one) for one in CRLS] if crls else []
    return ValidationContext(**CONTEXT, crls=lists, other_certs=[a1(CA.cert)], revocation_mode="soft-fail", **more)


def stamper(who=TSA):
    certs = SimpleCertificateStore()
    certs.register_multiple([a1(CA.cert)] if who is not STRANGE_TSA else [a1(OTHER.cert)])
    return timestamps.DummyTimeStamper(a1(who.cert), a1key(who.key), certs_to_embed=certs)


def base(form=True):
    font = "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>"
    show = lambda text: f"<< /Length {len(text)} >>\nstream\n{text}\nendstream"
    objects = [
        "<< /Type /Catalog /Pages 2 0 R" + (" /AcroForm 7 0 R" if form else "") + " >>",
        "<< /Type /Pages /Kids [3 0 R 4 0 R] /Count 2 /Resources << /Font << /F1 5 0 R >> >> >>",
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 6 0 R" + (" /Annots [8 0 R 9 0 R]" if form else "") + " >>",
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 6 0 R >>",
        font,
        show("BT /F1 24 Tf 72 720 Td (Gebuehr: 10 Euro) Tj ET"),
        "<< /Fields [8 0 R 9 0 R] /DA (/F1 12 Tf 0 g) /DR << /Font << /F1 5 0 R >> >> >>",
        "<< /FT /Tx /T (Name) /Type /Annot /Subtype /Widget /Rect [72 600 300 620] /F 4 /P 3 0 R >>",
        "<< /FT /Tx /T (Ort) /Type /Annot /Subtype /Widget /Rect [72 560 300 580] /F 4 /P 3 0 R >>",
    ]
    if not form:
        objects = objects[:6]
    out, offsets = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n", []
    for number, body in enumerate(objects, 1):
        offsets.append(len(out))
        out += f"{number} 0 obj\n{body}\nendobj\n".encode()
    at = len(out)
    out += f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n".encode()
    out += b"".join(b"%010d 00000 n \n" % one for one in offsets)
    out += f"trailer\n<< /Size {len(objects) + 1} /Root 1 0 R /ID [<00> <00>] >>\nstartxref\n{at}\n%%EOF\n".encode()
    return out


def opened(data):
    w = IncrementalPdfFileWriter(io.BytesIO(data))
    if b"/Encrypt" in data:
        w.encrypt("")
    return w


def sign(data, who=SEAL, field="Siegel", box=(72, 72, 272, 122), sub=SigSeedSubFilter.PADES, tsa=None, page=0, **more):
    w = opened(data)
    spec = SigFieldSpec(field, on_page=page, box=box) if box else SigFieldSpec(field)
    meta = dict(field_name=field, md_algorithm="sha256", subfilter=sub)
    spec_more = more.pop("spec", None)
    meta.update(more)
    out = signers.sign_pdf(w, signers.PdfSignatureMetadata(**meta), signer=who.signer, timestamper=tsa,
                           new_field_spec=spec_more or spec, bytes_reserved=16384)
    return out.getvalue()


def updated(data, change):
    w = IncrementalPdfFileWriter(io.BytesIO(data))
    change(w)
    out = io.BytesIO()
    w.write(out)
    return out.getvalue()


def by_hand(data, objects, root="1 0 R"):
    """One more revision with these objects, as text, whatever they are."""
    prev = int(re.findall(rb"startxref\s+(\d+)", data)[-1])
    out = data if data.endswith(b"\n") else data + b"\n"
    at = {}
    for number, body in objects.items():
        at[number] = len(out)
        out += b"%d 0 obj\n" % number + body + b"\nendobj\n"
    start = len(out)
    size = max([*objects, int(re.findall(rb"/Size (\d+)", data)[-1]) - 1]) + 1
    out += b"xref\n" + b"".join(b"%d 1\n%010d 00000 n \n" % (n, o) for n, o in sorted(at.items()))
    info = re.findall(rb"/Info \d+ 0 R", data)[-1:]
    out += b"trailer\n<< /Size %d /Root %s %s /Prev %d /ID [<00> <00>] >>\nstartxref\n%d\n%%%%EOF\n" % (size, root.encode(), b"".join(info), prev, start)
    return out


def catalogue(reader, more):
    """The catalogue as it is, and more."""
    root = generic.DictionaryObject({k: reader.root.raw_get(k) for k in reader.root})
    return written(root)[:-2] + more + b" >>"


def show(text):
    return b"<< /Length %d >>\nstream\n%s\nendstream" % (len(text), text)


def field_object(data, field="Siegel"):
    reader = PdfFileReader(io.BytesIO(data))
    for ref in reader.root["/AcroForm"].raw_get("/Fields"):
        if ref.get_object()["/T"] == field:
            return ref.reference.idnum, ref.get_object(), reader
    raise KeyError(field)


def written(obj):
    out = io.BytesIO()
    obj.write_to_stream(out, None)
    return out.getvalue()


def fill(data, value=b"Max"):
    return by_hand(data, {8: b"<< /FT /Tx /T (Name) /Type /Annot /Subtype /Widget /Rect [72 600 300 620] /F 4 /P 3 0 R /V (" + value + b") >>"})


def main():
    files = {}
    plain, form = base(False), base()
    lt = dict(validation_context=context(), embed_validation_info=True)
    files["bb-ecdsa"] = sign(form)
    files["bb-rsa"] = sign(form, RSA)
    files["bb-pss"] = sign(form, PSS)
    files["bb-ed25519"] = sign(form, ED, md_algorithm="sha512")
    files["bb-invisible"] = sign(plain, box=None)
    files["bt"] = sign(form, tsa=stamper())
    files["blt"] = sign(form, tsa=stamper(), **lt)
    files["blta"] = sign(form, tsa=stamper(), use_pades_lta=True, timestamp_field_name="Zeitstempel", **lt)
    files["legacy"] = sign(form, sub=SigSeedSubFilter.ADOBE_PKCS7_DETACHED)
    files["legacy-revinfo"] = sign(form, sub=SigSeedSubFilter.ADOBE_PKCS7_DETACHED, tsa=stamper(), **lt)
    files["two"] = sign(files["blt"], CLERK, "Erika", (300, 72, 500, 122), tsa=stamper(), **lt)
    for level in (1, 2, 3):
        permissions = fields.MDPPerm(level)
        files[f"certified-{level}"] = sign(form, certify=True, docmdp_permissions=permissions)
        files[f"certified-{level}-filled"] = fill(files[f"certified-{level}"])
        if level > 1:
            files[f"certified-{level}-signed"] = sign(files[f"certified-{level}"], CLERK, "Erika", None)
        page = dict_page(files[f"certified-{level}"], b"50 0 R")
        files[f"certified-{level}-note"] = by_hand(files[f"certified-{level}"], {
            50: b"<< /Type /Annot /Subtype /Text /Rect [10 10 30 30] /Contents (Hinweis) >>", **page})
    files["filled"] = fill(files["bb-ecdsa"])
    locks = fields.FieldMDPSpec(fields.FieldMDPAction.INCLUDE, ["Name"])
    locked = SigFieldSpec("Siegel", box=(72, 72, 272, 122), field_mdp_spec=locks)
    files["locked"] = sign(form, spec=locked)
    files["locked-filled"] = fill(files["locked"])
    files["p521"] = sign(form, P521)
    files["short-key"] = sign(form, SHORT)
    files["sha1"] = sign(form, md_algorithm="sha1")
    files["expired"] = sign(form, EXPIRED)
    files["soon-expired"] = sign(form, SOON)
    files["soon-expired-stamped"] = sign(form, SOON, tsa=stamper())
    files["revoked"] = with_store(sign(form, REVOKED))
    files["revoked-later"] = with_store(sign(form, LATER))
    files["revoked-later-stamped"] = with_store(sign(form, LATER, tsa=stamper()))
    files["untrusted"] = sign(form, STRANGER)
    files["unknown-extension"] = sign(form, UNKNOWN)
    files["server-certificate"] = sign(form, SERVER)
    files["too-deep"] = sign(form, TOO_DEEP)
    files["name-constraints"] = sign(form, NARROWED)
    files["wrong-tsa"] = sign(form, tsa=stamper(NO_TSA))
    files["untrusted-tsa"] = sign(form, tsa=stamper(STRANGE_TSA))
    packed = qpdf(form, "--object-streams=generate")
    files["packed-blta"] = sign(packed, tsa=stamper(), use_pades_lta=True, timestamp_field_name="Zeitstempel", **lt)
    files["packed-two"] = sign(sign(packed), CLERK, "Erika", (300, 72, 500, 122))
    files["linear"] = sign(qpdf(form, "--linearize"))
    files["linear-packed"] = sign(qpdf(form, "--linearize", "--object-streams=generate"))
    files["other-text"] = plain
    closed = qpdf(form, "--encrypt", "", "owner", "256", "--")
    files["encrypted"] = sign(closed)
    attacks(files)
    write(files)


def qpdf(data, *options):
    with tempfile.TemporaryDirectory() as folder:
        one, two = pathlib.Path(folder, "a.pdf"), pathlib.Path(folder, "b.pdf")
        one.write_bytes(data)
        subprocess.run(["qpdf", "--static-id", *options, one, two], check=True)
        return two.read_bytes()


def dict_page(data, annotation):
    reader = PdfFileReader(io.BytesIO(data))
    page = reader.root["/Pages"]["/Kids"][0]
    items = page.raw_get("/Annots")
    items = items.get_object() if isinstance(items, generic.IndirectObject) else items
    listed = b" ".join(b"%d 0 R" % ref.reference.idnum for ref in items)
    return {3: b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 6 0 R /Annots [" + listed + b" " + annotation + b"] >>"}


def with_store(data):
    """Validation data by hand: what was revoked, nobody would add."""
    out = {60: b"<< /Certs [61 0 R] /CRLs [62 0 R 63 0 R] >>", 61: show(CA.cert.public_bytes(serialization.Encoding.DER)),
           62: show(CRLS[0]), 63: show(CRLS[1])}
    reader = PdfFileReader(io.BytesIO(data))
    out[1] = catalogue(reader, b" /DSS 60 0 R")
    return by_hand(data, out)


def attacks(files):
    good = files["bb-ecdsa"]
    number, field, reader = field_object(good)
    form = reader.root.raw_get("/AcroForm")
    catalog = lambda more: catalogue(reader, more)
    listed = reader.root["/Pages"]["/Kids"][0]["/Annots"]
    annots = b" ".join(b"%d 0 R" % ref.reference.idnum for ref in listed)
    evil = show(b"BT /F1 24 Tf 72 720 Td (Gebuehr: 1000 Euro) Tj ET")
    flipped = bytearray(good)
    flipped[good.index(b"10 Euro")] ^= 1
    files["x-flip"] = bytes(flipped)
    files["x-flip-signature"] = flip_signature(good)
    files["x-content-replaced"] = by_hand(good, {6: evil})
    files["x-page-appended"] = by_hand(good, {
        2: b"<< /Type /Pages /Kids [3 0 R 4 0 R 70 0 R] /Count 3 /Resources << /Font << /F1 5 0 R >> >> >>",
        70: b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 71 0 R >>", 71: evil})
    files["x-page-removed"] = by_hand(good, {
        2: b"<< /Type /Pages /Kids [3 0 R] /Count 1 /Resources << /Font << /F1 5 0 R >> >> >>"})
    files["x-page-contents"] = by_hand(good, {
        3: b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 71 0 R /Annots [" + annots + b"] >>", 71: evil})
    files["x-font-replaced"] = by_hand(good, {5: b"<< /Type /Font /Subtype /Type3 >>"})
    appearance = field["/AP"].raw_get("/N").reference.idnum
    files["x-appearance-replaced"] = by_hand(good, {
        appearance: b"<< /Type /XObject /Subtype /Form /BBox [0 0 200 50] /Length 4 >>\nstream\n0 g \nendstream"})
    moved = generic.DictionaryObject(field)
    moved["/Rect"] = generic.ArrayObject(map(generic.NumberObject, (300, 300, 500, 350)))
    files["x-field-moved"] = by_hand(good, {number: written(moved)})
    hidden = generic.DictionaryObject(field)
    hidden["/F"] = generic.NumberObject(2)
    files["x-field-hidden"] = by_hand(good, {number: written(hidden)})
    gone = generic.DictionaryObject({k: v for k, v in field.items() if k not in ("/V",)})
    gone.update({k: field.raw_get(k) for k in gone})
    files["x-signature-removed"] = by_hand(good, {number: written(gone)})
    sig = field.raw_get("/V").reference.idnum
    files["x-signature-replaced"] = by_hand(good, {sig: b"<< /Type /Sig /Filter /Adobe.PPKLite /SubFilter /ETSI.CAdES.detached >>"})
    files["x-open-action"] = by_hand(good, {1: catalog(b" /OpenAction << /S /JavaScript /JS (app.alert(1)) >>")})
    files["x-attachment"] = by_hand(good, {1: catalog(b" /Names << /EmbeddedFiles << /Names [(a) 70 0 R] >> >>"),
                                           70: b"<< /Type /Filespec /F (a.txt) >>"})
    files["x-overlay"] = by_hand(good, {
        70: b"<< /Type /Annot /Subtype /Stamp /Rect [0 0 595 842] /F 4 /AP << /N 71 0 R >> >>",
        71: b"<< /Type /XObject /Subtype /Form /BBox [0 0 595 842] /Length 27 >>\nstream\n1 g 0 0 595 842 re f       \nendstream",
        3: b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 6 0 R /Annots [" + annots + b" 70 0 R] >>"})
    files["x-field-added"] = by_hand(good, {
        70: b"<< /FT /Tx /T (Neu) /V (1000) /Type /Annot /Subtype /Widget /Rect [72 500 300 520] /F 4 /P 3 0 R >>",
        3: b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 6 0 R /Annots [" + annots + b" 70 0 R] >>",
        form.reference.idnum: added_to(form, b"70 0 R")})
    files["x-empty-signature-field"] = by_hand(good, {
        70: b"<< /FT /Sig /T (Neu) /Type /Annot /Subtype /Widget /Rect [72 500 300 520] /F 4 /P 3 0 R >>",
        3: b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 6 0 R /Annots [" + annots + b" 70 0 R] >>",
        form.reference.idnum: added_to(form, b"70 0 R")})
    files["x-shared-signature"] = by_hand(good, {
        70: b"<< /FT /Sig /T (Kopie) /Type /Annot /Subtype /Widget /Rect [0 0 0 0] /F 132 /P 3 0 R /V %d 0 R >>" % sig,
        form.reference.idnum: added_to(form, b"70 0 R")})
    files["x-bytes-between"] = by_hand(good + b"70 0 obj\n<< >>\nendobj\n", {75: b"<< >>"})
    files["x-bytes-behind"] = good + b"70 0 obj\n<< >>\nendobj\n"
    files["x-twice-in-one-revision"] = by_hand(good + b"\n8 0 obj\n<< /FT /Tx /T (Name) /V (A) >>\nendobj\n", {
        8: b"<< /FT /Tx /T (Name) /Type /Annot /Subtype /Widget /Rect [72 600 300 620] /F 4 /P 3 0 R /V (Max) >>"})
    files["x-two-meanings"] = by_hand(good, {1: catalog(b" /Pages 71 0 R"),
        70: b"<< /Type /Page /Parent 71 0 R /MediaBox [0 0 595 842] >>", 71: b"<< /Type /Pages /Kids [70 0 R] /Count 1 >>"})
    files["x-two-meanings-fields"] = by_hand(good, {number: written(field)[:-2] + b" /Rect [0 0 9 9] >>"})
    form_dict = form.get_object()
    files["x-need-appearances"] = by_hand(good, {form.reference.idnum: written(generic.DictionaryObject(
        {k: form_dict.raw_get(k) for k in form_dict}))[:-2] + b" /NeedAppearances true >>"})
    flags = generic.DictionaryObject({k: form_dict.raw_get(k) for k in form_dict})
    flags["/SigFlags"] = generic.NumberObject(0)
    files["x-flags-cleared"] = by_hand(good, {form.reference.idnum: written(flags)})
    files["x-freed"] = freed(good)
    # Shadow attack, hide and replace: what lies in the signed bytes unused is put to use.
    shadow = shadowed()
    signed = sign(shadow)
    prev = int(re.findall(rb"startxref\s+(\d+)", signed)[-1])
    out = signed if signed.endswith(b"\n") else signed + b"\n"
    start = len(out)
    size = int(re.findall(rb"/Size (\d+)", signed)[-1])
    at6 = signed.rindex(b"6 0 obj\n<< /Length", 0, signed.index(b"99 0 obj"))
    out += b"xref\n6 1\n%010d 00000 n \n" % at6
    info = b"".join(re.findall(rb"/Info \d+ 0 R", signed)[-1:])
    out += b"trailer\n<< /Size %d /Root 1 0 R %s /Prev %d /ID [<00> <00>] >>\nstartxref\n%d\n%%%%EOF\n" % (size, info, prev, start)
    files["x-shadow-replace"] = out
    # Shadow attack, hide: a picture over the text is taken away.
    over = sign(by_hand(base(), {
        3: b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents [6 0 R 40 0 R] /Annots [8 0 R 9 0 R] >>",
        40: show(b"1 g 0 700 595 60 re f")}))
    files["x-shadow-hide"] = by_hand(over, {40: show(b" ")})
    # What is referred to and not there comes to be.
    dangling = sign(by_hand(base(), {
        3: b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents [6 0 R 45 0 R] /Annots [8 0 R 9 0 R] >>"}))
    files["x-shadow-dangling"] = by_hand(dangling, {45: evil})
    # 1 Trillion Dollar Refund: universal forgery, incremental saving, wrapping.
    contents = re.search(rb"/Contents <([0-9a-fA-F]+)>", good)
    for label, old, new in (
        ("usf-no-range", rb"/ByteRange", b"/ByteRangX"),
        ("usf-no-contents", rb"/Contents <", b"/Contentz <"),
    ):
        files[f"x-{label}"] = re.sub(old, new, good, count=1)
    files["x-usf-empty-contents"] = good[:contents.start(1)] + b"0" * len(contents[1]) + good[contents.end(1):]
    files["x-usf-range-null"] = re.sub(rb"/ByteRange \[[^\]]*\]", lambda m: b"/ByteRange null" + b" " * (len(m[0]) - 15), good)
    files["x-swa"] = wrapped(good, contents)
    files["x-isa-no-tables"] = good + b"\n6 0 obj\n" + evil + b"\nendobj\n"
    files["x-range-gap"] = re.sub(rb"/ByteRange \[0 (\d+) (\d+) (\d+)\]", gap, good)
    files["x-range-from-one"] = re.sub(rb"/ByteRange \[0 ", b"/ByteRange [1 ", good)
    trailing = bytearray(good)
    trailing[contents.end(1) - 2:contents.end(1)] = b"41"
    files["x-trailing-data"] = bytes(trailing)
    files["x-header-moved"] = b"junk\n" + good
    # Validation data that was there and is taken away.
    full = files["blta"]
    number = int(re.findall(rb"/Root (\d+) 0 R", full)[-1])
    root = PdfFileReader(io.BytesIO(full)).root
    less = generic.DictionaryObject({k: root.raw_get(k) for k in root if k != "/DSS"})
    files["x-store-removed"] = by_hand(full, {number: written(less)})
    files["x-store-cut"] = full[:[m.end() for m in re.finditer(rb"%%EOF\r?\n?", full)][1]]
    files["x-blta-content-replaced"] = by_hand(full, {6: evil})
    files["x-certified-1-content"] = by_hand(files["certified-1"], {6: evil})
    swapped = sign(files["bb-ecdsa"], STRANGER, "Fremd", (0, 0, 595, 842))
    files["x-overlay-by-stranger"] = swapped
    broken = bytearray(swapped)
    second = [m for m in re.finditer(rb"/Contents <([0-9a-fA-F]+)>", swapped)][-1]
    broken[second.start(1):second.start(1) + 60] = b"0" * 60
    files["x-overlay-by-nobody"] = bytes(broken)


def freed(data):
    """The text of the page is said to be free."""
    prev = int(re.findall(rb"startxref\s+(\d+)", data)[-1])
    size = int(re.findall(rb"/Size (\d+)", data)[-1])
    info = b"".join(re.findall(rb"/Info \d+ 0 R", data)[-1:])
    out = data if data.endswith(b"\n") else data + b"\n"
    start = len(out)
    out += b"xref\n6 1\n0000000000 00001 f \n"
    return out + b"trailer\n<< /Size %d /Root 1 0 R %s /Prev %d >>\nstartxref\n%d\n%%%%EOF\n" % (size, info, prev, start)


def added_to(form, ref):
    obj = generic.DictionaryObject({k: form.get_object().raw_get(k) for k in form.get_object()})
    items = [b"%d 0 R" % one.reference.idnum for one in form.get_object()["/Fields"]] + [ref]
    obj.pop("/Fields")
    return written(obj)[:-2] + b" /Fields [" + b" ".join(items) + b"] >>"


def shadowed():
    data = base()
    evil = b"6 0 obj\n" + show(b"BT /F1 24 Tf 72 720 Td (Gebuehr: 1000 Euro) Tj ET") + b"\nendobj\n"
    return spliced(data, evil)


def spliced(data, evil):
    """Another object 6 that no table names, between the last object and the table."""
    at = data.rindex(b"xref\n0 10")
    evil += b"99 0 obj\n(spare)\nendobj\n"
    return (data[:at] + evil + data[at:]).replace(b"startxref\n%d" % at, b"startxref\n%d" % (at + len(evil)))


def flip_signature(data):
    found = re.search(rb"/Contents <([0-9a-fA-F]+?)(?:00)+>", data)
    out = bytearray(data)
    at = found.end(1) - 3
    out[at] = ord("1") if out[at] != ord("1") else ord("2")
    return bytes(out)


def gap(match):
    first, second, length = (int(one) for one in match.groups())
    new = b"/ByteRange [0 %d %d %d]" % (first, second + 2, length - 2)
    return new + b" " * (len(match[0]) - len(new))


def wrapped(good, contents):
    """The signed tail is moved behind, and something else put where it was."""
    first, second, length = (int(x) for x in re.search(rb"/ByteRange \[0 (\d+) (\d+) (\d+)\]", good).groups())
    tail = good[second:]
    evil = tail.replace(b"Gebuehr", b"Gebuehr")
    out = good[:second] + evil + b"\n" + tail
    new = b"/ByteRange [0 %d %d %d]" % (first, len(good) + 1, length)
    old = re.search(rb"/ByteRange \[[^\]]*\] *", out)
    return out[:old.start()] + new + b" " * max(0, len(old[0]) - len(new)) + out[old.end():] if len(new) <= len(old[0]) else out


def judged(data):
    """What pyHanko says, in one word for each signature."""
    said = []
    try:
        reader = PdfFileReader(io.BytesIO(data), strict=True)
        if reader.encrypted:
            reader.decrypt("")
        for one in reader.embedded_regular_signatures:
            try:
                status = validate_pdf_signature(one, context(crls=False))
                said.append("VALID" if status.bottom_line else "INVALID")
            except Exception as error:
                said.append(f"{type(error).__name__}")
        if not said:
            said.append("none")
    except Exception as error:
        said.append(f"{type(error).__name__}")
    return "+".join(said)


def write(files):
    PKI.mkdir(exist_ok=True)
    pem = lambda cert: cert.public_bytes(serialization.Encoding.PEM)
    (PKI / "root.pem").write_bytes(pem(ROOT.cert))
    rows = []
    for key, data in sorted(files.items()):
        (HERE / f"{key}.pdf").write_bytes(data)
        rows.append((key, judged(data)))
    (HERE / "pyhanko.tsv").write_text("".join(f"{key}\t{said}\n" for key, said in rows))


main()
