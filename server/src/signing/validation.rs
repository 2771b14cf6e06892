//! What is known of the certificates on which a seal rests, from where they say themselves that it is told: the
//! data that make B-T to B-LT.

use pades::sign::{
    Certificate, Crl, Holds, Instant, OCSP_BYTES_MAX, OcspRequest, OcspResponse, Sources,
    ValidationData, is_self_issued, is_unchecked, issuer_among, read_certificate, sources,
};

use super::apart::Collected;
use super::outside::{Outside, OutsideError};
use super::raising::{RaiseError, document};

/// Certificates that are looked at for one document.
const CERTIFICATES_MAX: usize = 40;
/// A certificate is not longer, in bytes.
const CERTIFICATE_BYTES_MAX: usize = 64 << 10;
/// A list of revoked certificates that goes into a document is not longer, in bytes.
const LIST_BYTES_MAX: usize = 4 << 20;
/// All that goes into a document at once, in bytes.
const ALL_BYTES_MAX: usize = 8 << 20;
/// By how much the clock of a responder may be ahead, in seconds.
const AHEAD_SECONDS_MAX: u64 = 300;
/// How old an answer may be that does not say until when it holds, in seconds.
const UNDATED_SECONDS_MAX: u64 = 86_400;
const QUESTION: &str = "application/ocsp-request";

/// Gathers them, by answers of responders before lists.
pub(super) async fn gather(
    outside: &mut Outside,
    collected: Collected,
    now: Instant,
) -> Result<ValidationData, RaiseError> {
    let mut data = ValidationData::default();
    let (mut open, mut pool) = (collected.signers, collected.certificates);
    let mut seen: Vec<Certificate> = Vec::new();
    while let Some(certificate) = open.pop() {
        if seen.contains(&certificate) {
            continue;
        }
        if seen.len() >= CERTIFICATES_MAX {
            return Err(document("it rests on too many certificates"));
        }
        data.add_certificates([&certificate]).map_err(document)?;
        if !is_self_issued(&certificate) {
            let said = sources(&certificate);
            let issuer = issuer_of(outside, &certificate, &said, &mut pool).await?;
            if let Some(issuer) = issuer {
                if !is_unchecked(&certificate) {
                    let link = (&certificate, &issuer);
                    add_word(outside, link, &said, (&mut data, now)).await?;
                }
                open.push(issuer);
            }
        }
        seen.push(certificate);
    }
    let all = data.certificates.iter().chain(&data.crls);
    let bytes: usize = all.chain(&data.ocsps).map(Vec::len).sum();
    if bytes > ALL_BYTES_MAX {
        return Err(document("what is known of its certificates is too much"));
    }
    Ok(data)
}

/// Who issued a certificate: of those that came along, or from where it says that its issuer is. Where it says
/// nothing, it is the last that anybody knows of.
async fn issuer_of(
    outside: &mut Outside,
    certificate: &Certificate,
    said: &Sources,
    pool: &mut Vec<Certificate>,
) -> Result<Option<Certificate>, RaiseError> {
    if let Some(issuer) = issuer_among(certificate, pool) {
        return Ok(Some(issuer.clone()));
    }
    let mut failed = None;
    for url in &said.issuers {
        match outside.get(url, CERTIFICATE_BYTES_MAX).await {
            Ok(bytes) => pool.extend(read_certificate(&bytes)),
            Err(error) => failed = Some(error),
        }
        if let Some(issuer) = issuer_among(certificate, pool) {
            return Ok(Some(issuer.clone()));
        }
    }
    match failed {
        Some(error) => Err(error.into()),
        None if said.issuers.is_empty() => Ok(None),
        None => Err(document("the issuer of a certificate is not where it says")),
    }
}

/// Adds somebody's word that a certificate holds.
async fn add_word(
    outside: &mut Outside,
    (certificate, issuer): (&Certificate, &Certificate),
    said: &Sources,
    (data, now): (&mut ValidationData, Instant),
) -> Result<(), RaiseError> {
    if said.ocsp.is_empty() && said.crls.is_empty() {
        return Err(RaiseError::NoSources);
    }
    let mut failed: Option<RaiseError> = None;
    if !said.ocsp.is_empty() {
        let request = OcspRequest::new(certificate, issuer, None).map_err(document)?;
        for url in &said.ocsp {
            match answered(outside, url, (&request, issuer), now).await {
                Ok(answer) => {
                    add(&mut data.ocsps, answer);
                    return Ok(());
                }
                Err(RaiseError::Revoked) => return Err(RaiseError::Revoked),
                Err(error) => failed = Some(error),
            }
        }
    }
    for url in &said.crls {
        match listed(outside, url, (certificate, issuer), now).await {
            Ok(list) => {
                add(&mut data.crls, list);
                return Ok(());
            }
            Err(RaiseError::Revoked) => return Err(RaiseError::Revoked),
            Err(error) => failed = Some(error),
        }
    }
    Err(failed.unwrap_or(RaiseError::NoSources))
}

fn add(to: &mut Vec<Vec<u8>>, one: Vec<u8>) {
    if !to.contains(&one) {
        to.push(one);
    }
}

fn unheard(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> RaiseError {
    RaiseError::Word(error.into())
}

/// A responder's answer that the certificate holds now.
async fn answered(
    outside: &mut Outside,
    url: &str,
    (request, issuer): (&OcspRequest, &Certificate),
    now: Instant,
) -> Result<Vec<u8>, RaiseError> {
    let question = (request.der(), QUESTION);
    let bytes = outside.ask(url, question, OCSP_BYTES_MAX).await?;
    let response = OcspResponse::from_der(&bytes).map_err(unheard)?;
    let answer = response.answer(request, issuer).map_err(unheard)?;
    require_current((answer.this_update, answer.next_update), now)?;
    match answer.holds {
        Holds::Good => Ok(bytes),
        Holds::Revoked(_) => Err(RaiseError::Revoked),
        Holds::Unknown => Err(unheard("the responder does not know the certificate")),
    }
}

/// A list of revoked certificates in which it does not stand now.
async fn listed(
    outside: &mut Outside,
    url: &str,
    (certificate, issuer): (&Certificate, &Certificate),
    now: Instant,
) -> Result<Vec<u8>, RaiseError> {
    let bytes = outside.get(url, LIST_BYTES_MAX).await?;
    let list = Crl::from_der(&bytes).map_err(unheard)?;
    list.verify(issuer).map_err(unheard)?;
    require_current((list.this_update(), list.next_update()), now)?;
    match list.revoked_at(certificate) {
        None => Ok(bytes),
        Some(_) => Err(RaiseError::Revoked),
    }
}

fn require_current(
    (from, until): (Instant, Option<Instant>),
    now: Instant,
) -> Result<(), RaiseError> {
    let now = now.unix_seconds();
    let from = from.unix_seconds();
    let until = until.map_or(
        from.saturating_add(UNDATED_SECONDS_MAX),
        Instant::unix_seconds,
    );
    if from <= now.saturating_add(AHEAD_SECONDS_MAX) && now <= until {
        Ok(())
    } else {
        Err(unheard("what was said of a certificate is not about now"))
    }
}

impl From<OutsideError> for RaiseError {
    fn from(error: OutsideError) -> Self {
        Self::Word(error.into())
    }
}

#[cfg(test)]
mod tests {
    use pades::sign::Instant;

    use super::{UNDATED_SECONDS_MAX, require_current};

    #[test]
    fn what_is_said_counts_for_its_time() {
        let at = Instant::from_unix_seconds;
        let check = |from: u64, until: Option<u64>, now: u64, counts: bool| {
            let said = (at(from), until.map(at));
            assert_eq!(require_current(said, at(now)).is_ok(), counts, "{said:?}");
        };
        check(1_000, Some(2_000), 1_500, true);
        check(1_000, Some(2_000), 2_000, true);
        check(1_000, Some(2_000), 2_001, false);
        check(1_000, Some(2_000), 900, true);
        check(1_000, Some(2_000), 600, false);
        check(1_000, None, 1_000 + UNDATED_SECONDS_MAX, true);
        check(1_000, None, 1_001 + UNDATED_SECONDS_MAX, false);
    }
}
