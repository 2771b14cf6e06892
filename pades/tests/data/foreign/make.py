"""Makes the samples of this folder anew, as `../make.py` does its own: what programs of others write, and what may not
be taken for that (`x-`). pip install pyhanko==0.38.0
"""

import pathlib

from asn1crypto import algos, cms as asn1_cms, core

HERE = pathlib.Path(__file__).parent
MAKE = HERE.parent / "make.py"
source = MAKE.read_text().removesuffix("main()\n")
OUT = HERE
__file__ = str(MAKE)
exec(compile(source, str(MAKE), "exec"))
(OUT / "root.pem").write_bytes(ROOT.cert.public_bytes(serialization.Encoding.PEM))


def put(name, data):
    (OUT / f"{name}.pdf").write_bytes(data)


def rewritten(data, change):
    """The same file with another CMS in the gap: what nobody signed of it may be written in another way."""
    gap = re.search(rb"/Contents\s*<([0-9a-fA-F]{200,})>", data)
    info = asn1_cms.ContentInfo.load(bytes.fromhex(gap.group(1).decode()))
    change(info["content"]["signer_infos"][0])
    digits = info.dump(force=True).hex().encode()
    return data[: gap.start(1)] + digits.ljust(len(gap.group(1)), b"0") + data[gap.end(1) :]


def other_letters(signer):
    """The issuer in printable letters, large ones, and with two spaces."""
    value = signer["sid"].chosen["issuer"]
    for one in value.chosen:
        kind = one[0]["type"].native
        text = one[0]["value"].native.upper().replace(" ", "  ")
        one[0]["value"] = asn1_x509.DirectoryString("printable_string", core.PrintableString(text)) if kind != "country_name" else one[0]["value"]


def other_issuer(signer):
    for one in signer["sid"].chosen["issuer"].chosen:
        if one[0]["type"].native == "common_name":
            one[0]["value"] = asn1_x509.DirectoryString("utf8_string", core.UTF8String("Jemand"))


def other_name_for_algorithm(signer):
    signer["signature_algorithm"] = algos.SignedDigestAlgorithm({"algorithm": "rsassa_pkcs1v15"})


def masked(mask):
    """RSASSA-PSS with SHA-256 and a mask of another digest, as programs write that leave the mask as it is."""
    from cryptography.hazmat.primitives.asymmetric import padding

    class Signer(signers.SimpleSigner):
        async def async_sign_raw(self, data, digest_algorithm, dry_run=False):
            way = padding.PSS(mgf=padding.MGF1(mask()), salt_length=32)
            return RSA.key.sign(data, way, hashes.SHA256())

    name = {hashes.SHA1: "sha1", hashes.SHA512: "sha512"}[mask]
    way = algos.SignedDigestAlgorithm({"algorithm": "rsassa_pss", "parameters": algos.RSASSAPSSParams({
        "hash_algorithm": {"algorithm": "sha256"},
        "mask_gen_algorithm": {"algorithm": "mgf1", "parameters": {"algorithm": name}},
        "salt_length": 32,
    })})

    class One:
        signer = Signer(a1(RSA.cert), a1key(RSA.key), RSA.store, signature_mechanism=way)

    return One


FIELD = b"<< /FT /Tx /T (Name) /Type /Annot /Subtype /Widget /Rect [72 600 300 620] /F 4 /P 3 0 R /V (Max) "
form = base()
signed = sign(form, RSA, sub=SigSeedSubFilter.ADOBE_PKCS7_DETACHED)
put("issuer-in-other-letters", rewritten(sign(form, SEAL), other_letters))
put("x-other-issuer", rewritten(sign(form, SEAL), other_issuer))
put("x-other-algorithm", rewritten(signed, other_name_for_algorithm))
put("mask-sha1", sign(form, masked(hashes.SHA1)))
put("mask-sha512", sign(form, masked(hashes.SHA512)))
put("sha3", sign(form, SEAL, md_algorithm="sha3_256"))
put("closed", by_hand(sign(form), {8: FIELD + b"/Ff 1 >>"}))
put("x-secret", by_hand(sign(form), {8: FIELD + b"/Ff 8193 >>"}))
put("x-opened", by_hand(sign(by_hand(form, {8: FIELD + b"/Ff 1 >>"})), {8: FIELD + b"/Ff 0 >>"}))
nothing = dict(certify=True, docmdp_permissions=fields.MDPPerm.NO_CHANGES)
certified = sign(form, **nothing)
for name, title in {"certified-1-stamped": None, "x-certified-1-stamped-renamed": "Bescheid"}.items():
    w = IncrementalPdfFileWriter(io.BytesIO(certified))
    if title:
        w.document_meta.title = title
    put(name, signers.PdfTimeStamper(stamper()).timestamp_pdf(w, "sha256", context(), bytes_reserved=16384).getvalue())
renamed = by_hand(certified, {90: b"<< /Title (Bescheid) >>"}, root="1 0 R /Info 90 0 R")
put("x-certified-1-renamed", renamed)
