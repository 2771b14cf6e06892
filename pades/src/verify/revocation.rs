//! Whether a certificate was revoked, by what the file itself brings: CRLs (RFC 5280) and answers of OCSP
//! (RFC 6960). Nothing is fetched.

use std::collections::BTreeMap;

use crate::asn1::{
    BIT_STRING, BOOLEAN, ENUMERATED, INTEGER, Malformed, OCTET_STRING, OID, Reader, SEQUENCE,
    UTC_TIME, Value, inner,
};

use super::certificate::{Certificate, EKU_OCSP, point_names, read_all, signed_by};
use super::crypto::{Digest, Strength, digest_of};
use super::times;

/// Entries of one CRL that are read.
const ENTRIES_MAX: usize = 500_000;
/// Lists and answers of one file.
pub(super) const LISTS_MAX: usize = 500;

/// What a file brings about revocation, as it came.
#[derive(Clone, Debug, Default)]
pub(super) struct Material {
    pub(super) crls: Vec<Vec<u8>>,
    pub(super) ocsps: Vec<Vec<u8>>,
}

impl Material {
    pub(super) fn extend(&mut self, other: &Self) {
        let room = |all: &Vec<Vec<u8>>| LISTS_MAX.saturating_sub(all.len());
        let (crls, ocsps) = (room(&self.crls), room(&self.ocsps));
        self.crls.extend(other.crls.iter().take(crls).cloned());
        self.ocsps.extend(other.ocsps.iter().take(ocsps).cloned());
    }

    /// What the signed attribute of Adobe has in it.
    pub(super) fn of_attribute(value: &Value<'_>) -> Result<Self, Malformed> {
        let mut material = Self::default();
        for part in value.within(SEQUENCE)?.all(4)? {
            let all = part.reader().next()?.within(SEQUENCE)?.all(LISTS_MAX)?;
            let all = all.iter().map(|value| value.raw.to_vec());
            match part.tag {
                0xa0 => material.crls.extend(all),
                0xa1 => material.ocsps.extend(all),
                _ => {}
            }
        }
        Ok(material)
    }
}

/// What is known of a certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Status {
    Good,
    /// Since when.
    Revoked(i64),
    Unknown,
}

/// What the material says of a certificate, as of a time.
pub(super) fn status(
    one: &Certificate,
    issuer: &Certificate,
    material: &Material,
    seconds: i64,
) -> Status {
    let mut status = Status::Unknown;
    let crls = material.crls.iter();
    let crls = crls.map(|crl| by_crl(crl, one, issuer, seconds));
    let ocsps = material.ocsps.iter();
    let ocsps = ocsps.map(|answer| by_ocsp(answer, one, issuer, seconds));
    for said in crls.chain(ocsps) {
        match said {
            Ok(Status::Revoked(when)) => {
                // Whoever says so first is believed.
                status = match status {
                    Status::Revoked(before) => Status::Revoked(before.min(when)),
                    Status::Good | Status::Unknown => Status::Revoked(when),
                };
            }
            Ok(Status::Good) if status == Status::Unknown => status = Status::Good,
            Ok(Status::Good | Status::Unknown) | Err(Malformed) => {}
        }
    }
    status
}

/// Whether something said of a certificate at one time holds at another. Of one that has expired nobody tells any
/// more whether it was revoked: it is left out of lists.
fn is_fresh(one: &Certificate, (this, next): (i64, Option<i64>), seconds: i64) -> bool {
    this <= one.not_after && next.map_or(this >= seconds, |next| next >= seconds)
}

fn is_time(value: &Value<'_>) -> bool {
    (UTC_TIME..=UTC_TIME + 1).contains(&value.tag)
}

fn by_crl(
    crl: &[u8],
    one: &Certificate,
    issuer: &Certificate,
    seconds: i64,
) -> Result<Status, Malformed> {
    let mut parts = Value::whole(crl)?.within(SEQUENCE)?;
    let tbs = parts.expect(SEQUENCE)?;
    let algorithm = parts.expect(SEQUENCE)?;
    let signature = parts.expect(BIT_STRING)?.bits()?;
    parts.end()?;
    let mut inside = tbs.reader();
    inside.maybe(INTEGER)?;
    if inside.expect(SEQUENCE)?.raw != algorithm.raw {
        return Err(Malformed);
    }
    let may = issuer
        .extensions
        .key_usage
        .is_none_or(super::certificate::KeyUsage::revokes);
    if inside.expect(SEQUENCE)?.raw != one.issuer || issuer.subject != one.issuer || !may {
        return Ok(Status::Unknown);
    }
    let this = times::asn1(&inside.next()?)?;
    let mut next = None;
    let (mut entries, mut usable) = (None, true);
    while !inside.is_empty() {
        let value = inside.next()?;
        if is_time(&value) && next.is_none() {
            next = Some(times::asn1(&value)?);
        } else if value.tag == SEQUENCE && entries.is_none() {
            entries = Some(value.reader());
        } else if value.tag == inner(0) {
            usable &= speaks_of(&value, one)?;
        } else {
            return Err(Malformed);
        }
    }
    let signed = signed_by(&issuer.spki, algorithm.raw, tbs.raw, signature);
    if signed != Ok(Strength::Enough) || !usable {
        return Ok(Status::Unknown);
    }
    if let Some(entries) = entries
        && let Some(when) = listed(entries, &one.serial)?
    {
        return Ok(Status::Revoked(when));
    }
    Ok(if is_fresh(one, (this, next), seconds) {
        Status::Good
    } else {
        Status::Unknown
    })
}

/// Since when a number is on the list.
fn listed(mut entries: Reader<'_>, serial: &[u8]) -> Result<Option<i64>, Malformed> {
    let mut count = 0_usize;
    while !entries.is_empty() {
        count += 1;
        if count > ENTRIES_MAX {
            return Err(Malformed);
        }
        let mut entry = entries.expect(SEQUENCE)?.reader();
        if entry.expect(INTEGER)?.content == serial {
            return times::asn1(&entry.next()?).map(Some);
        }
    }
    Ok(None)
}

/// Whether the extensions of a CRL leave it a list of all certificates of this kind.
fn speaks_of(extensions: &Value<'_>, one: &Certificate) -> Result<bool, Malformed> {
    let list = extensions.reader().next()?.within(SEQUENCE)?;
    for extension in list.all(64)? {
        let mut parts = extension.within(SEQUENCE)?;
        let oid = parts.expect(OID)?.oid()?;
        let critical = match parts.maybe(BOOLEAN)? {
            Some(value) => value.truth()?,
            None => false,
        };
        let content = parts.expect(OCTET_STRING)?.content;
        if oid == "2.5.29.27" {
            // Only what is new since another list.
            return Ok(false);
        }
        if oid == "2.5.29.28" {
            let ca = one.extensions.ca.is_some();
            for part in Value::whole(content)?.within(SEQUENCE)?.all(8)? {
                let truth = part.content.first().is_some_and(|byte| *byte != 0);
                let fits = match part.tag {
                    // A list of some of the certificates: of those that name its place.
                    0xa0 => point_names(&part)?
                        .iter()
                        .any(|name| one.extensions.list_points.contains(name)),
                    0x81 => !truth || !ca,
                    0x82 => !truth || ca,
                    0x84 | 0x85 => !truth,
                    // For some reasons only, or nothing that is known.
                    _ => false,
                };
                if !fits {
                    return Ok(false);
                }
            }
        } else if critical {
            return Ok(false);
        }
    }
    Ok(true)
}

fn by_ocsp(
    answer: &[u8],
    one: &Certificate,
    issuer: &Certificate,
    seconds: i64,
) -> Result<Status, Malformed> {
    let mut parts = Value::whole(answer)?.within(SEQUENCE)?;
    if parts.expect(ENUMERATED)?.content != [0] {
        return Ok(Status::Unknown);
    }
    let mut inside = parts.expect(inner(0))?.reader().expect(SEQUENCE)?.reader();
    if inside.next()?.oid()? != "1.3.6.1.5.5.7.48.1.1" {
        return Ok(Status::Unknown);
    }
    let basic = inside.expect(OCTET_STRING)?.content;
    let mut basic = Value::whole(basic)?.within(SEQUENCE)?;
    let data = basic.expect(SEQUENCE)?;
    let algorithm = basic.expect(SEQUENCE)?;
    let signature = basic.expect(BIT_STRING)?.bits()?;
    let mut own = Vec::new();
    if let Some(value) = basic.maybe(inner(0))? {
        own = read_all(value.reader().expect(SEQUENCE)?.reader(), 16)?;
    }
    let mut inside = data.reader();
    inside.maybe(inner(0))?;
    let responder = inside.next()?;
    let produced = times::asn1(&inside.next()?)?;
    let Some(key) = responder_key(&responder, &own, issuer, produced)? else {
        return Ok(Status::Unknown);
    };
    let signed = signed_by(&key, algorithm.raw, data.raw, signature);
    if signed != Ok(Strength::Enough) {
        return Ok(Status::Unknown);
    }
    for single in inside.expect(SEQUENCE)?.reader().all(1000)? {
        let mut parts = single.within(SEQUENCE)?;
        if !names(&parts.expect(SEQUENCE)?, one, issuer)? {
            continue;
        }
        let status = parts.next()?;
        let this = times::asn1(&parts.next()?)?;
        let next = match parts.maybe(inner(0))? {
            Some(value) => Some(times::asn1(&value.reader().next()?)?),
            None => None,
        };
        return Ok(match status.tag {
            0x80 if is_fresh(one, (this, next), seconds) => Status::Good,
            0xa1 => Status::Revoked(times::asn1(&status.reader().next()?)?),
            _ => Status::Unknown,
        });
    }
    Ok(Status::Unknown)
}

/// Which certificates an answer of OCSP is about, as it names them, each with the time as of which it speaks. Whether it
/// holds is not looked at.
pub(super) fn about(answer: &[u8]) -> Result<BTreeMap<Vec<u8>, i64>, Malformed> {
    let mut parts = Value::whole(answer)?.within(SEQUENCE)?;
    if parts.expect(ENUMERATED)?.content != [0] {
        return Err(Malformed);
    }
    let mut inside = parts.expect(inner(0))?.reader().expect(SEQUENCE)?.reader();
    inside.next()?.oid()?;
    let basic = inside.expect(OCTET_STRING)?.content;
    let data = Value::whole(basic)?.within(SEQUENCE)?.expect(SEQUENCE)?;
    let mut inside = data.reader();
    inside.maybe(inner(0))?;
    inside.next()?;
    times::asn1(&inside.next()?)?;
    let mut found = BTreeMap::new();
    for single in inside.expect(SEQUENCE)?.reader().all(1000)? {
        let mut parts = single.within(SEQUENCE)?;
        let id = parts.expect(SEQUENCE)?.raw.to_vec();
        parts.next()?;
        let this = times::asn1(&parts.next()?)?;
        found.entry(id).or_insert(this);
    }
    Ok(found)
}

/// The key of who answers, if he may: the issuer himself, or whom the issuer names for it.
fn responder_key(
    responder: &Value<'_>,
    own: &[Certificate],
    issuer: &Certificate,
    produced: i64,
) -> Result<Option<Vec<u8>>, Malformed> {
    let is_named = |one: &Certificate| -> Result<bool, Malformed> {
        match responder.tag {
            tag if tag == inner(1) => Ok(responder.content == one.subject),
            tag if tag == inner(2) => {
                let hash = responder.reader().expect(OCTET_STRING)?.content;
                Ok(key_hash(one, Digest::Sha1)?.as_deref() == Some(hash))
            }
            _ => Err(Malformed),
        }
    };
    if is_named(issuer)? {
        return Ok(Some(issuer.spki.clone()));
    }
    for one in own {
        let extensions = &one.extensions;
        let purposes = extensions.eku.as_deref().unwrap_or_default();
        if is_named(one)?
            && purposes.iter().any(|purpose| purpose == EKU_OCSP)
            && !extensions.unknown_critical
            && one.issuer == issuer.subject
            && one.holds_at(produced)
            && one.issued_by(&issuer.spki) == Ok(Strength::Enough)
        {
            return Ok(Some(one.spki.clone()));
        }
    }
    Ok(None)
}

fn key_hash(one: &Certificate, digest: Digest) -> Result<Option<Vec<u8>>, Malformed> {
    let mut parts = Value::whole(&one.spki)?.within(SEQUENCE)?;
    parts.expect(SEQUENCE)?;
    let bits = parts.expect(BIT_STRING)?.bits()?;
    Ok(digest.compute(&[bits]))
}

/// Whether an identifier of OCSP names this certificate.
fn names(id: &Value<'_>, one: &Certificate, issuer: &Certificate) -> Result<bool, Malformed> {
    let mut parts = id.reader();
    let Some(digest) = digest_of(&parts.expect(SEQUENCE)?)? else {
        return Ok(false);
    };
    let name = parts.expect(OCTET_STRING)?.content;
    let key = parts.expect(OCTET_STRING)?.content;
    let serial = parts.expect(INTEGER)?.content;
    Ok(serial == one.serial
        && digest.compute(&[&one.issuer]).as_deref() == Some(name)
        && key_hash(issuer, digest)?.as_deref() == Some(key))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(name: &str) -> Vec<u8> {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/lists");
        std::fs::read(format!("{folder}/{name}.der")).expect("a file")
    }

    #[test]
    fn a_list_says_nothing_of_what_it_is_no_list_of() {
        let read = |name: &str| Certificate::read(&file(name)).expect("a certificate");
        let (one, issuer) = (read("certificate"), read("issuer"));
        let december = 1_796_083_200;
        for (name, expected) in [
            ("good", Status::Good),
            ("own-place", Status::Good),
            ("other-place", Status::Unknown),
            ("some-reasons", Status::Unknown),
            ("only-what-is-new", Status::Unknown),
            ("after-the-end", Status::Unknown),
        ] {
            let material = Material {
                crls: vec![file(name)],
                ocsps: Vec::new(),
            };
            let said = status(&one, &issuer, &material, december);
            assert_eq!(said, expected, "{name}");
        }
    }
}
