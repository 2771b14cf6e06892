//! Signed data as CMS has it (RFC 5652): parsed, and checked but for whom to trust.

use crate::asn1::{
    INTEGER, Malformed, OCTET_STRING, Reader, SEQUENCE, SET, Value, context, inner, wrap,
};

use super::certificate::{Certificate, read_all};
use super::crypto::{Bad, Digest, Scheme, Strength, digest_of, verify};
use super::model::Reason;
use super::names::same;
use super::revocation::{LISTS_MAX, Material};

/// Certificates that come with one signature.
const CERTIFICATES_MAX: usize = 64;
/// Attributes of one signer.
const ATTRIBUTES_MAX: usize = 64;

pub(super) const ID_DATA: &str = "1.2.840.113549.1.7.1";
pub(super) const ID_TST_INFO: &str = "1.2.840.113549.1.9.16.1.4";
pub(super) const ATTRIBUTE_TIMESTAMP: &str = "1.2.840.113549.1.9.16.2.14";
const ATTRIBUTE_CONTENT_TYPE: &str = "1.2.840.113549.1.9.3";
const ATTRIBUTE_DIGEST: &str = "1.2.840.113549.1.9.4";
const ATTRIBUTE_SIGNING_TIME: &str = "1.2.840.113549.1.9.5";
const ATTRIBUTE_CERTIFICATE: &str = "1.2.840.113549.1.9.16.2.12";
const ATTRIBUTE_CERTIFICATE_V2: &str = "1.2.840.113549.1.9.16.2.47";
const ATTRIBUTE_PROTECTION: &str = "1.2.840.113549.1.9.52";
const ATTRIBUTE_REVOCATION: &str = "1.2.840.113583.1.1.8";

/// An attribute: what it is called, and its values.
#[derive(Clone, Debug)]
pub(super) struct Attribute {
    oid: String,
    values: Vec<Vec<u8>>,
}

/// Whom a signer is named by.
#[derive(Clone, Debug)]
enum Signer {
    Issuer(Vec<u8>, Vec<u8>),
    Key(Vec<u8>),
}

/// Whether a signature names the certificate that it was made with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Named {
    Same,
    Another,
    /// By a digest that is not computed here.
    Unknown,
}

/// Signed data with exactly one signer.
#[derive(Clone, Debug)]
pub(super) struct Cms {
    content_type: String,
    /// What is signed, where it is within.
    pub(super) content: Option<Vec<u8>>,
    pub(super) certificates: Vec<Certificate>,
    pub(super) crls: Vec<Vec<u8>>,
    signer: Signer,
    pub(super) digest: Option<Digest>,
    /// In the form in which they are signed.
    signed_bytes: Option<Vec<u8>>,
    signed: Vec<Attribute>,
    algorithm: Vec<u8>,
    pub(super) signature: Vec<u8>,
    unsigned: Vec<Attribute>,
}

/// What is signed: in parts, one after the other.
pub(super) struct Message<'a> {
    pub(super) parts: &'a [&'a [u8]],
    pub(super) content_type: &'a str,
    /// The format asks that the signature names its certificate.
    pub(super) names_certificate: bool,
}

/// What came of it.
#[derive(Clone, Debug, Default)]
pub(super) struct Checked {
    pub(super) certificate: Option<Certificate>,
    pub(super) scheme: Option<Scheme>,
    pub(super) reasons: Vec<Reason>,
}

impl Cms {
    /// Reads what begins here and gives what follows.
    pub(super) fn read(bytes: &[u8]) -> Result<(Self, &[u8]), Malformed> {
        let mut all = Reader::new(bytes);
        let mut info = all.expect(SEQUENCE)?.reader();
        if info.next()?.oid()? != "1.2.840.113549.1.7.2" {
            return Err(Malformed);
        }
        let mut data = info.expect(inner(0))?.reader().expect(SEQUENCE)?.reader();
        data.expect(INTEGER)?;
        data.expect(SET)?;
        let mut content = data.expect(SEQUENCE)?.reader();
        let content_type = content.next()?.oid()?;
        let content = match content.maybe(inner(0))? {
            Some(value) => Some(value.reader().next()?.octets()?.into_owned()),
            None => None,
        };
        let certificates = match data.maybe(inner(0))? {
            Some(value) => read_all(value.reader(), CERTIFICATES_MAX)?,
            None => Vec::new(),
        };
        let crls = match data.maybe(inner(1))? {
            Some(value) => {
                let all = value.reader().all(LISTS_MAX)?;
                let lists = all.iter().filter(|value| value.tag == SEQUENCE);
                lists.map(|value| value.raw.to_vec()).collect()
            }
            None => Vec::new(),
        };
        let signers = data.expect(SET)?.reader().all(2)?;
        data.end()?;
        let [signer] = signers.as_slice() else {
            return Err(Malformed);
        };
        let mut parts = signer.within(SEQUENCE)?;
        parts.expect(INTEGER)?;
        let named = parts.next()?;
        let signer = match named.tag {
            SEQUENCE => {
                let mut inside = named.reader();
                let issuer = inside.expect(SEQUENCE)?.raw.to_vec();
                Signer::Issuer(issuer, inside.expect(INTEGER)?.content.to_vec())
            }
            tag if tag == context(0) => Signer::Key(named.content.to_vec()),
            _ => return Err(Malformed),
        };
        let digest = digest_of(&parts.expect(SEQUENCE)?)?;
        let signed = parts.maybe(inner(0))?;
        let algorithm = parts.expect(SEQUENCE)?.raw.to_vec();
        let signature = parts.expect(OCTET_STRING)?.content.to_vec();
        let unsigned = parts.maybe(inner(1))?;
        parts.end()?;
        let attributes = |value: Option<Value<'_>>| match value {
            Some(value) => Attribute::read_all(value.reader()),
            None => Ok(Vec::new()),
        };
        let cms = Self {
            content_type,
            content,
            certificates,
            crls,
            signer,
            digest,
            signed_bytes: signed.map(|value| wrap(SET, value.content)),
            signed: attributes(signed)?,
            algorithm,
            signature,
            unsigned: attributes(unsigned)?,
        };
        Ok((cms, all.rest()))
    }

    fn certificate(&self, pool: &[Certificate]) -> Option<Certificate> {
        let all = || self.certificates.iter().chain(pool);
        let found = match &self.signer {
            Signer::Issuer(issuer, serial) => all()
                .find(|one| one.issuer == *issuer && one.serial == *serial)
                // The same name may be written in other letters (RFC 5280, 7.1).
                .or_else(|| all().find(|one| one.serial == *serial && same(&one.issuer, issuer))),
            Signer::Key(key) => {
                all().find(|one| one.extensions.key_identifier.as_ref() == Some(key))
            }
        };
        found.cloned()
    }

    /// Whether it is a signature of this message, whoever made it.
    pub(super) fn check(&self, message: &Message<'_>, pool: &[Certificate]) -> Checked {
        let mut checked = Checked {
            certificate: self.certificate(pool),
            ..Checked::default()
        };
        let reasons = &mut checked.reasons;
        let digest = self.digest.and_then(|digest| digest.compute(message.parts));
        match self.digest {
            None => reasons.push(Reason::AlgorithmUnsupported),
            Some(digest) if digest.is_weak() => reasons.push(Reason::AlgorithmWeak),
            Some(_) if digest.is_none() => reasons.push(Reason::AlgorithmUnsupported),
            Some(_) => {}
        }
        if self.content_type != message.content_type {
            reasons.push(Reason::AttributesInvalid);
        }
        let signed: Vec<&[u8]> = if let Some(attributes) = &self.signed_bytes {
            match self.digests_match(message, digest.as_deref()) {
                Ok(true) => {}
                Ok(false) => reasons.push(Reason::DigestMismatch),
                Err(Malformed) => reasons.push(Reason::AttributesInvalid),
            }
            vec![attributes]
        } else {
            message.parts.to_vec()
        };
        let Some(certificate) = &checked.certificate else {
            reasons.push(Reason::CertificateMissing);
            return checked;
        };
        match self.names(certificate) {
            Ok(Some(Named::Same)) => {}
            Ok(Some(Named::Another)) => reasons.push(Reason::SigningCertificateMismatch),
            Ok(Some(Named::Unknown)) => reasons.push(Reason::AlgorithmUnsupported),
            Ok(None) if message.names_certificate => {
                reasons.push(Reason::SigningCertificateMissing);
            }
            Ok(None) => {}
            Err(Malformed) => reasons.push(Reason::AttributesInvalid),
        }
        let whole;
        let bytes = match signed.as_slice() {
            [one] => *one,
            parts => {
                whole = parts.concat();
                whole.as_slice()
            }
        };
        let scheme = Value::whole(&self.algorithm)
            .map_err(|Malformed| Bad::Unsupported)
            .and_then(|algorithm| Scheme::of(&algorithm, self.digest));
        checked.scheme = scheme.ok();
        let verified =
            scheme.and_then(|scheme| verify(&certificate.spki, scheme, bytes, &self.signature));
        match verified {
            Ok(Strength::Enough) => {}
            Ok(Strength::Weak) => reasons.push(Reason::AlgorithmWeak),
            Err(Bad::Unsupported) => reasons.push(Reason::AlgorithmUnsupported),
            // What was changed afterwards is said once: the signature itself may be good.
            Err(Bad::Mismatch) => reasons.push(Reason::SignatureMismatch),
        }
        checked
    }

    fn digests_match(
        &self,
        message: &Message<'_>,
        digest: Option<&[u8]>,
    ) -> Result<bool, Malformed> {
        let kind = self.only(ATTRIBUTE_CONTENT_TYPE)?.ok_or(Malformed)?;
        if Value::whole(kind)?.oid()? != message.content_type {
            return Err(Malformed);
        }
        let said = self.only(ATTRIBUTE_DIGEST)?.ok_or(Malformed)?;
        let said = Value::whole(said)?;
        if said.tag != OCTET_STRING {
            return Err(Malformed);
        }
        self.keeps_algorithms()?;
        // A digest that is not computed here was said to be so already.
        Ok(digest.is_none_or(|digest| digest == said.content))
    }

    /// Whether the algorithms are those that were signed, where the signer protected them (RFC 6211).
    fn keeps_algorithms(&self) -> Result<(), Malformed> {
        let Some(value) = self.only(ATTRIBUTE_PROTECTION)? else {
            return Ok(());
        };
        let mut parts = Value::whole(value)?.within(SEQUENCE)?;
        let digest = digest_of(&parts.expect(SEQUENCE)?)?;
        // That of a signature, not of a code: signed data has nothing else.
        let algorithm = parts.expect(inner(1))?;
        parts.end()?;
        let used = Value::whole(&self.algorithm)?;
        // No parameters are written in two ways.
        let bare = |content: &[u8]| content.strip_suffix(&[5, 0]).unwrap_or(content).to_vec();
        if digest == self.digest && bare(algorithm.content) == bare(used.content) {
            Ok(())
        } else {
            Err(Malformed)
        }
    }

    /// The one value of a signed attribute that stands at most once.
    fn only(&self, oid: &str) -> Result<Option<&[u8]>, Malformed> {
        let mut found = self.signed.iter().filter(|one| one.oid == oid);
        let Some(first) = found.next() else {
            return Ok(None);
        };
        match (first.values.as_slice(), found.next()) {
            ([value], None) => Ok(Some(value)),
            _ => Err(Malformed),
        }
    }

    /// Whether the signature names this certificate as the one it was made with; nothing if it names none.
    fn names(&self, certificate: &Certificate) -> Result<Option<Named>, Malformed> {
        let new = self.only(ATTRIBUTE_CERTIFICATE_V2)?;
        let old = self.only(ATTRIBUTE_CERTIFICATE)?;
        let (value, is_new) = match (new, old) {
            (Some(value), _) => (value, true),
            (None, Some(value)) => (value, false),
            (None, None) => return Ok(None),
        };
        let mut list = Value::whole(value)?.within(SEQUENCE)?;
        let mut first = list.expect(SEQUENCE)?.reader().expect(SEQUENCE)?.reader();
        let digest = match first.maybe(SEQUENCE)? {
            Some(algorithm) => digest_of(&algorithm)?,
            None if is_new => Some(Digest::Sha256),
            None => Some(Digest::Sha1),
        };
        let said = first.expect(OCTET_STRING)?.content;
        let hash = digest.and_then(|digest| digest.compute(&[&certificate.der]));
        let mut fits = hash.as_ref().is_none_or(|hash| hash == said);
        if let Some(issuer) = first.maybe(SEQUENCE)? {
            let mut parts = issuer.reader();
            let names = parts.expect(SEQUENCE)?;
            let name = names.reader().next()?;
            fits &= name.tag != inner(4) || same(name.content, &certificate.issuer);
            fits &= parts.expect(INTEGER)?.content == certificate.serial;
        }
        Ok(Some(match (fits, hash.is_some()) {
            (false, _) => Named::Another,
            (true, true) => Named::Same,
            (true, false) => Named::Unknown,
        }))
    }

    /// When it was signed, as the signer says.
    pub(super) fn signing_time(&self) -> Option<i64> {
        let value = self.only(ATTRIBUTE_SIGNING_TIME).ok()??;
        super::times::asn1(&Value::whole(value).ok()?).ok()
    }

    /// What the signer brought about revocation.
    pub(super) fn revocation(&self) -> Material {
        let archived = self.only(ATTRIBUTE_REVOCATION).ok().flatten();
        let archived = archived.and_then(|value| Value::whole(value).ok());
        let archived = archived.and_then(|value| Material::of_attribute(&value).ok());
        let mut material = archived.unwrap_or_default();
        material.crls.extend(self.crls.iter().cloned());
        material
    }

    /// The values of an attribute that is not signed.
    pub(super) fn unsigned(&self, oid: &str) -> impl Iterator<Item = &[u8]> {
        let named = self.unsigned.iter().filter(move |one| one.oid == oid);
        named.flat_map(|one| one.values.iter().map(Vec::as_slice))
    }
}

impl Attribute {
    fn read_all(values: Reader<'_>) -> Result<Vec<Self>, Malformed> {
        let values = values.all(ATTRIBUTES_MAX)?;
        let read = |value: &Value<'_>| {
            let mut parts = value.within(SEQUENCE)?;
            let oid = parts.next()?.oid()?;
            let values = parts.expect(SET)?.reader().all(ATTRIBUTES_MAX)?;
            Ok(Self {
                oid,
                values: values.iter().map(|value| value.raw.to_vec()).collect(),
            })
        };
        values.iter().map(read).collect()
    }
}
