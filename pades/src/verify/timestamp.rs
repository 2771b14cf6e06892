//! Timestamps (RFC 3161).

use crate::asn1::{INTEGER, Malformed, OCTET_STRING, OID, SEQUENCE, Value};

use super::certificate::{Certificate, EKU_TIMESTAMPING};
use super::chain::{Anchors, Chain, find};
use super::cms::{Cms, ID_TST_INFO, Message};
use super::crypto::{Digest, digest_of};
use super::model::{Effect, Reason};
use super::revocation::{Material, Status, status};
use super::times;
use super::trust::Purpose;

/// A timestamp that was read: what it stamps, and when.
#[derive(Clone, Debug)]
pub(super) struct Token {
    pub(super) cms: Cms,
    info: Vec<u8>,
    imprint_digest: Option<Digest>,
    imprint: Vec<u8>,
    pub(super) seconds: i64,
}

/// What a timestamp is worth.
#[derive(Clone, Debug)]
pub(super) struct Stamped {
    pub(super) seconds: i64,
    pub(super) certificate: Option<Certificate>,
    pub(super) chain: Option<Chain>,
    /// Why it proves nothing.
    pub(super) reasons: Vec<Reason>,
}

impl Stamped {
    /// Whether it proves that something was there at its time.
    pub(super) fn proves(&self) -> bool {
        self.reasons
            .iter()
            .all(|reason| reason.effect() < Effect::Indeterminate)
    }
}

impl Stamped {
    /// Whoever stamped and is known to be revoked proves nothing: who has the key chooses the time.
    pub(super) fn heed(&mut self, material: &Material) {
        let Some(chain) = &self.chain else {
            return;
        };
        let mut links = chain.links();
        let revoked = |(one, issuer)| {
            let said = status(one, issuer, material, self.seconds);
            matches!(said, Status::Revoked(_))
        };
        if links.any(revoked) {
            self.reasons.push(Reason::CertificateRevoked);
        }
    }
}

impl Token {
    /// Reads what begins here and gives what follows.
    pub(super) fn read(bytes: &[u8]) -> Result<(Self, &[u8]), Malformed> {
        let (cms, rest) = Cms::read(bytes)?;
        let info = cms.content.clone().ok_or(Malformed)?;
        let (imprint_digest, imprint, seconds) = read_info(&info)?;
        let token = Self {
            cms,
            info,
            imprint_digest,
            imprint,
            seconds,
        };
        Ok((token, rest))
    }

    /// Which digest it stamps.
    pub(super) const fn digest(&self) -> Option<Digest> {
        self.imprint_digest
    }

    /// Whether it stamps this message, by whom, and whether he is trusted as of `seconds`.
    pub(super) fn check(
        &self,
        parts: &[&[u8]],
        pool: &[Certificate],
        anchors: &Anchors,
        seconds: i64,
    ) -> Stamped {
        let message = Message {
            parts: &[&self.info],
            content_type: ID_TST_INFO,
            names_certificate: true,
        };
        let checked = self.cms.check(&message, pool);
        let mut reasons = checked.reasons;
        match self.imprint_digest {
            None => reasons.push(Reason::AlgorithmUnsupported),
            Some(digest) => {
                if digest.is_weak() {
                    reasons.push(Reason::AlgorithmWeak);
                }
                match digest.compute(parts) {
                    None => reasons.push(Reason::AlgorithmUnsupported),
                    Some(value) if value != self.imprint => reasons.push(Reason::DigestMismatch),
                    Some(_) => {}
                }
            }
        }
        let mut all = self.cms.certificates.clone();
        all.extend(pool.iter().cloned());
        let mut chain = None;
        if let Some(certificate) = &checked.certificate {
            if !stamps(certificate) {
                reasons.push(Reason::TimestampInvalid);
            }
            match find(certificate, &all, anchors, (Purpose::Timestamping, seconds)) {
                Ok(found) => {
                    // It must have held when it stamped, and until something later vouches for it.
                    reasons.extend(found.at(self.seconds));
                    if found.at(seconds).is_some() {
                        reasons.push(Reason::ExpiredWithoutProof);
                    }
                    chain = Some(found);
                }
                Err(reason) => reasons.push(reason),
            }
        }
        Stamped {
            seconds: self.seconds,
            certificate: checked.certificate,
            chain,
            reasons,
        }
    }
}

/// Whether a certificate is one of an authority that stamps, and nothing else.
fn stamps(one: &Certificate) -> bool {
    let extensions = &one.extensions;
    let only = matches!(extensions.eku.as_deref(), Some([purpose]) if purpose == EKU_TIMESTAMPING);
    let signs = extensions
        .key_usage
        .is_none_or(super::certificate::KeyUsage::signs);
    only && extensions.eku_critical && signs
}

fn read_info(info: &[u8]) -> Result<(Option<Digest>, Vec<u8>, i64), Malformed> {
    let mut parts = Value::whole(info)?.within(SEQUENCE)?;
    if parts.expect(INTEGER)?.small()? != 1 {
        return Err(Malformed);
    }
    parts.expect(OID)?;
    let mut imprint = parts.expect(SEQUENCE)?.reader();
    let digest = digest_of(&imprint.expect(SEQUENCE)?)?;
    let value = imprint.expect(OCTET_STRING)?.content.to_vec();
    imprint.end()?;
    parts.expect(INTEGER)?;
    let seconds = times::asn1(&parts.next()?)?;
    Ok((digest, value, seconds))
}
