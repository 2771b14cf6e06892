//! A certificate of X.509 (RFC 5280), as far as a signature needs it.

use crate::asn1::{
    BIT_STRING, BOOLEAN, INTEGER, Malformed, OCTET_STRING, OID, Reader, SEQUENCE, SET, Value, inner,
};

use super::crypto::{Bad, Scheme, Strength, sha256, verify};
use super::model::CertificateInfo;
use super::names::{Name, NameConstraints, alternatives};
use super::times;

/// The longest certificate that is read, in bytes.
const CERTIFICATE_BYTES_MAX: usize = 64 << 10;
/// Extensions of one certificate.
const EXTENSIONS_MAX: usize = 64;

pub(super) const EKU_TIMESTAMPING: &str = "1.3.6.1.5.5.7.3.8";
pub(super) const EKU_OCSP: &str = "1.3.6.1.5.5.7.3.9";

/// What a key may be used for, as the bits of RFC 5280 §4.2.1.3 have it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct KeyUsage(u16);

impl KeyUsage {
    const fn has(self, bit: u8) -> bool {
        self.0 & (0x8000 >> bit) != 0
    }

    pub(super) const fn signs(self) -> bool {
        self.has(0) || self.has(1)
    }

    pub(super) const fn certifies(self) -> bool {
        self.has(5)
    }

    pub(super) const fn revokes(self) -> bool {
        self.has(6)
    }
}

#[derive(Clone, Debug)]
pub(super) struct Certificate {
    pub(super) der: Vec<u8>,
    tbs: Vec<u8>,
    algorithm: Vec<u8>,
    signature: Vec<u8>,
    pub(super) serial: Vec<u8>,
    pub(super) issuer: Vec<u8>,
    pub(super) subject: Vec<u8>,
    pub(super) not_before: i64,
    pub(super) not_after: i64,
    pub(super) spki: Vec<u8>,
    pub(super) extensions: Extensions,
}

#[derive(Clone, Debug, Default)]
pub(super) struct Extensions {
    /// It issues certificates, and how long a chain below it may be.
    pub(super) ca: Option<Option<u32>>,
    pub(super) key_usage: Option<KeyUsage>,
    pub(super) eku: Option<Vec<String>>,
    pub(super) eku_critical: bool,
    pub(super) key_identifier: Option<Vec<u8>>,
    /// The names of the places where lists that have it are given out, as they stand.
    pub(super) list_points: Vec<Vec<u8>>,
    /// Which names it may give. Where they cannot be read, that is a critical extension that is not.
    pub(super) name_constraints: Option<NameConstraints>,
    /// Its other names.
    pub(super) alternatives: Vec<Name>,
    pub(super) qualified: bool,
    /// A critical extension that is not read here.
    pub(super) unknown_critical: bool,
}

impl Certificate {
    pub(super) fn read(der: &[u8]) -> Result<Self, Malformed> {
        if der.len() > CERTIFICATE_BYTES_MAX {
            return Err(Malformed);
        }
        let whole = Value::whole(der)?;
        let mut parts = whole.within(SEQUENCE)?;
        let tbs = parts.expect(SEQUENCE)?;
        let algorithm = parts.expect(SEQUENCE)?;
        let signature = parts.expect(BIT_STRING)?.bits()?;
        parts.end()?;
        let mut inside = tbs.reader();
        inside.maybe(inner(0))?;
        let serial = inside.expect(INTEGER)?.content.to_vec();
        // The algorithm stands twice, and both must say the same.
        if inside.expect(SEQUENCE)?.raw != algorithm.raw {
            return Err(Malformed);
        }
        let issuer = inside.expect(SEQUENCE)?.raw.to_vec();
        let mut validity = inside.expect(SEQUENCE)?.reader();
        let not_before = times::asn1(&validity.next()?)?;
        let not_after = times::asn1(&validity.next()?)?;
        let subject = inside.expect(SEQUENCE)?.raw.to_vec();
        let spki = inside.expect(SEQUENCE)?.raw.to_vec();
        let mut extensions = Extensions::default();
        while !inside.is_empty() {
            let value = inside.next()?;
            if value.tag == inner(3) {
                extensions = Extensions::read(&value)?;
            }
        }
        Ok(Self {
            der: der.to_vec(),
            tbs: tbs.raw.to_vec(),
            algorithm: algorithm.raw.to_vec(),
            signature: signature.to_vec(),
            serial,
            issuer,
            subject,
            not_before,
            not_after,
            spki,
            extensions,
        })
    }

    /// Whether the holder of this key issued this certificate.
    pub(super) fn issued_by(&self, spki: &[u8]) -> Result<Strength, Bad> {
        signed_by(spki, &self.algorithm, &self.tbs, &self.signature)
    }

    pub(super) fn is_self_issued(&self) -> bool {
        self.issuer == self.subject
    }

    pub(super) fn holds_at(&self, seconds: i64) -> bool {
        self.not_before <= seconds && seconds <= self.not_after
    }

    pub(super) fn info(&self) -> CertificateInfo {
        CertificateInfo {
            subject: name(&self.subject),
            common_name: part(&self.subject, "2.5.4.3"),
            organisation: part(&self.subject, "2.5.4.10"),
            issuer: name(&self.issuer),
            serial: hex::encode(&self.serial),
            sha256: hex::encode(sha256(&self.der)),
            not_before: self.not_before,
            not_after: self.not_after,
            claims_qualified: self.extensions.qualified,
        }
    }
}

/// Whether this key signed these bytes; `algorithm` is an algorithm identifier.
pub(super) fn signed_by(
    spki: &[u8],
    algorithm: &[u8],
    message: &[u8],
    signature: &[u8],
) -> Result<Strength, Bad> {
    let algorithm = Value::whole(algorithm).map_err(|Malformed| Bad::Unsupported)?;
    let scheme = Scheme::of(&algorithm, None)?;
    verify(spki, scheme, message, signature)
}

impl Extensions {
    fn read(value: &Value<'_>) -> Result<Self, Malformed> {
        let mut all = Self::default();
        let mut seen: Vec<String> = Vec::new();
        let list = value.reader().next()?.within(SEQUENCE)?;
        for extension in list.all(EXTENSIONS_MAX)? {
            let mut parts = extension.within(SEQUENCE)?;
            let oid = parts.expect(OID)?.oid()?;
            let critical = match parts.maybe(BOOLEAN)? {
                Some(value) => value.truth()?,
                None => false,
            };
            let content = parts.expect(OCTET_STRING)?.content;
            if seen.contains(&oid) {
                return Err(Malformed);
            }
            all.take(&oid, critical, content)?;
            seen.push(oid);
        }
        Ok(all)
    }

    fn take(&mut self, oid: &str, critical: bool, content: &[u8]) -> Result<(), Malformed> {
        let value = || Value::whole(content);
        match oid {
            "2.5.29.19" => {
                let mut parts = value()?.within(SEQUENCE)?;
                let ca = match parts.maybe(BOOLEAN)? {
                    Some(value) => value.truth()?,
                    None => false,
                };
                let length = parts.maybe(INTEGER)?;
                let length = length.map(|value| value.small()).transpose()?;
                self.ca = ca.then_some(length);
            }
            "2.5.29.15" => {
                let bits = value()?;
                let [_unused, bits @ ..] = bits.content else {
                    return Err(Malformed);
                };
                let byte = |at: usize| u16::from(bits.get(at).copied().unwrap_or(0));
                self.key_usage = Some(KeyUsage(byte(0) << 8 | byte(1)));
            }
            "2.5.29.37" => {
                let list = value()?.within(SEQUENCE)?.all(EXTENSIONS_MAX)?;
                let purposes: Result<_, _> = list.iter().map(Value::oid).collect();
                self.eku = Some(purposes?);
                self.eku_critical = critical;
            }
            "2.5.29.14" => self.key_identifier = Some(value()?.content.to_vec()),
            "2.5.29.30" => match NameConstraints::read(content) {
                Ok(read) => self.name_constraints = Some(read),
                Err(Malformed) => self.unknown_critical = true,
            },
            "2.5.29.17" => match alternatives(content) {
                Ok(read) => self.alternatives = read,
                Err(Malformed) => self.unknown_critical = true,
            },
            "1.3.6.1.5.5.7.1.3" => {
                let statements = value()?.within(SEQUENCE)?.all(EXTENSIONS_MAX)?;
                self.qualified = statements.iter().any(|statement| {
                    let first = statement.within(SEQUENCE).and_then(|mut it| it.next());
                    first.and_then(|oid| oid.oid()).as_deref() == Ok("0.4.0.1862.1.1")
                });
            }
            "2.5.29.31" => self.list_points = list_points(content).unwrap_or_default(),
            // Policies are stated, not enforced: nobody asked for one. The other two say who issued.
            "2.5.29.32" | "2.5.29.35" | "2.5.29.18" | "1.3.6.1.5.5.7.48.1.5" => {}
            _ => self.unknown_critical |= critical,
        }
        Ok(())
    }
}

/// The names in the distribution points of a certificate.
fn list_points(content: &[u8]) -> Result<Vec<Vec<u8>>, Malformed> {
    let mut names = Vec::new();
    for point in Value::whole(content)?.within(SEQUENCE)?.all(16)? {
        if let Some(name) = point.within(SEQUENCE)?.maybe(inner(0))? {
            names.extend(point_names(&name)?);
        }
    }
    Ok(names)
}

/// The full names of one distribution point, as they stand; those that continue the name of the issuer are not read.
pub(super) fn point_names(point: &Value<'_>) -> Result<Vec<Vec<u8>>, Malformed> {
    let Some(names) = point.reader().maybe(inner(0))? else {
        return Ok(Vec::new());
    };
    let names = names.reader().all(16)?;
    Ok(names.iter().map(|name| name.raw.to_vec()).collect())
}

/// The parts of a name: which, and their text.
fn parts(raw: &[u8]) -> Result<Vec<(String, String)>, Malformed> {
    let mut found = Vec::new();
    for set in Value::whole(raw)?.within(SEQUENCE)?.all(64)? {
        for pair in set.within(SET)?.all(8)? {
            let mut inside = pair.within(SEQUENCE)?;
            let oid = inside.next()?.oid()?;
            found.push((oid, text(&inside.next()?)));
        }
    }
    Ok(found)
}

/// The longest part of a name that is told, in characters.
const NAME_CHARS_MAX: usize = 200;

pub(super) fn text(value: &Value<'_>) -> String {
    let bytes = value.content;
    let text: String = match value.tag {
        // BMPString
        0x1e => {
            let pairs = bytes.chunks_exact(2);
            let units = pairs.filter_map(|pair| Some(u16::from_be_bytes(pair.try_into().ok()?)));
            char::decode_utf16(units)
                .map(|found| found.unwrap_or(char::REPLACEMENT_CHARACTER))
                .collect()
        }
        // TeletexString, read as everybody does
        0x14 => bytes.iter().map(|byte| char::from(*byte)).collect(),
        _ => String::from_utf8_lossy(bytes).into_owned(),
    };
    clean(&text)
}

/// Text of strangers without what moves a terminal or turns a line around.
pub(super) fn clean(text: &str) -> String {
    let bad = |c: char| {
        c.is_control()
            || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200e}' | '\u{200f}')
    };
    text.chars()
        .take(NAME_CHARS_MAX)
        .map(|c| if bad(c) { ' ' } else { c })
        .collect()
}

fn part(raw: &[u8], oid: &str) -> Option<String> {
    let parts = parts(raw).ok()?;
    let found = parts.into_iter().rev().find(|(key, _)| key == oid);
    found.map(|(_, text)| text)
}

/// A name as RFC 4514 writes it: the nearest first.
pub(super) fn name(raw: &[u8]) -> String {
    let Ok(parts) = parts(raw) else {
        return String::new();
    };
    let written: Vec<String> = parts
        .into_iter()
        .rev()
        .map(|(oid, text)| {
            let key = match oid.as_str() {
                "2.5.4.3" => "CN",
                "2.5.4.4" => "SN",
                "2.5.4.5" => "SERIALNUMBER",
                "2.5.4.6" => "C",
                "2.5.4.7" => "L",
                "2.5.4.8" => "ST",
                "2.5.4.10" => "O",
                "2.5.4.11" => "OU",
                "2.5.4.12" => "T",
                "2.5.4.42" => "GN",
                "2.5.4.97" => "organizationIdentifier",
                "1.2.840.113549.1.9.1" => "E",
                other => other,
            };
            let mut value = String::new();
            for c in text.chars() {
                if matches!(c, ',' | '+' | '"' | '\\' | '<' | '>' | ';' | '=') {
                    value.push('\\');
                }
                value.push(c);
            }
            format!("{key}={value}")
        })
        .collect();
    written.join(",")
}

/// Certificates in a place where several may stand, each as far as it can be read.
pub(super) fn read_all(values: Reader<'_>, max: usize) -> Result<Vec<Certificate>, Malformed> {
    let values = values.all(max)?;
    let certificates = values.iter().filter(|value| value.tag == SEQUENCE);
    Ok(certificates
        .filter_map(|value| Certificate::read(value.raw).ok())
        .collect())
}
