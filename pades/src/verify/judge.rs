//! The verdict: what was computed, who is trusted, when it was, and what happened afterwards.

use crate::structure::Pdf;

use super::certificate::{Certificate, EKU_OCSP, EKU_TIMESTAMPING};
use super::chain::{Anchors, Chain, find};
use super::changes::is_noted;
use super::cms::{ATTRIBUTE_TIMESTAMP, Checked, Cms, ID_DATA, Message};
use super::crypto::Digest;
use super::dss::Store;
use super::fields::text;
use super::gather::{Candidate, Gathered};
use super::model::{
    Change, Coverage, Effect, Kind, Level, Reason, Signature, SignedAt, TimeSource, Verdict,
};
use super::revocation::{Material, Status, status};
use super::stamps::Stamps;
use super::times;
use super::timestamp::{Stamped, Token};
use super::trust::Purpose;

/// A clock may be so far ahead of ours, in seconds.
const AHEAD_SECONDS_MAX: i64 = 600;

/// What is the same for all signatures of a file.
struct Bench<'a> {
    pdf: &'a Pdf<'a>,
    gathered: &'a Gathered,
    anchors: &'a Anchors,
    at: i64,
    store: Store,
    stamps: Stamps,
}

pub(super) fn all(
    pdf: &Pdf<'_>,
    gathered: &Gathered,
    anchors: &Anchors,
    at: i64,
) -> Vec<Signature> {
    let mut store = Store::read(pdf.newest()).unwrap_or_default();
    store.remember(pdf);
    let stamps = Stamps::of(pdf, gathered, &store, (anchors, at));
    let bench = Bench {
        pdf,
        gathered,
        anchors,
        at,
        store,
        stamps,
    };
    let candidates = gathered.candidates.iter().enumerate();
    let mut signatures: Vec<Signature> = candidates
        .map(|(place, one)| bench.judge(place, one))
        .collect();
    heed_later(&mut signatures);
    for one in &mut signatures {
        if gathered.encrypted {
            // What stands there is not what anybody wrote.
            one.field.clear();
            one.stated_reason = None;
            one.stated_location = None;
            one.changes.iter_mut().for_each(|change| change.what = None);
        }
        one.reasons
            .sort_by_key(|reason| (std::cmp::Reverse(reason.effect()), *reason));
        one.reasons.dedup();
        one.verdict = Verdict::of(&one.reasons);
    }
    signatures
}

/// What a later signature is worth tells what its field was: a signature, or something painted on a page.
fn heed_later(signatures: &mut [Signature]) {
    let known: Vec<(String, Verdict, bool)> = signatures
        .iter()
        .map(|one| {
            let broken = one.reasons.iter().any(|reason| is_no_signature(*reason));
            (one.field.clone(), Verdict::of(&one.reasons), broken)
        })
        .collect();
    for one in signatures {
        let later = one.changes.iter();
        let later = later.filter(|change| is_signature(change.reason));
        let mut more = Vec::new();
        for change in later {
            // Nothing keeps a field from having the name of another: the worst of them counts.
            let named = known.iter();
            let named = named.filter(|(field, _, _)| Some(field) == change.what.as_ref());
            let worst = named.map(|(_, verdict, broken)| (*broken, *verdict)).max();
            match worst {
                Some((true, _)) | None => more.push(Reason::ChangedAnnotations),
                Some((false, Verdict::Valid | Verdict::ValidBut)) => {}
                Some((false, Verdict::Indeterminate | Verdict::Invalid)) => {
                    more.push(Reason::LaterSignatureBad);
                }
            }
        }
        one.reasons.extend(more);
    }
}

const fn is_signature(reason: Reason) -> bool {
    matches!(reason, Reason::LaterSignature | Reason::LaterSignatureAdded)
}

const fn is_proof(reason: Reason) -> bool {
    matches!(reason, Reason::LaterValidationData | Reason::LaterTimestamp)
}

const fn is_no_signature(reason: Reason) -> bool {
    matches!(
        reason,
        Reason::RangeInvalid
            | Reason::ContentsInvalid
            | Reason::CoverageIncomplete
            | Reason::NotInSignedRevision
            | Reason::SignatureShared
            | Reason::CmsInvalid
            | Reason::AttributesInvalid
            | Reason::DigestMismatch
            | Reason::SignatureMismatch
            | Reason::FormatUnsupported
            | Reason::CertificateMissing
    )
}

impl Bench<'_> {
    fn judge(&self, place: usize, one: &Candidate) -> Signature {
        let kind = match (one.is_timestamp(), one.certifies) {
            (true, _) => Kind::DocumentTimestamp,
            (false, true) => Kind::Certification,
            (false, false) => Kind::Approval,
        };
        let string = |key: &str| {
            let value = self.pdf.newest().value(&one.entries, key).ok()?;
            value.string().map(text)
        };
        let mut signature = Signature {
            field: one.field.clone(),
            kind,
            verdict: Verdict::Indeterminate,
            reasons: one.reasons.clone(),
            sub_filter: one.sub_filter.clone(),
            digest: None,
            algorithm: None,
            signer: None,
            chain: Vec::new(),
            anchor: None,
            signed_at: None,
            claimed_at: None,
            timestamp_by: None,
            level: None,
            coverage: self.coverage(one),
            permits: one.permits,
            changes: Vec::new(),
            stated_reason: string("Reason"),
            stated_location: string("Location"),
        };
        if self.gathered.encrypted {
            signature.reasons.push(Reason::Encrypted);
        }
        let revision = one.revision.unwrap_or(self.pdf.revisions.len());
        let upto = self.pdf.revisions.iter().take(revision.saturating_add(1));
        if upto.into_iter().any(|one| one.hybrid) {
            signature.reasons.push(Reason::HybridReferences);
        }
        if one.is_timestamp() {
            self.timestamp(place, one, &mut signature);
        } else {
            self.signature(one, &mut signature);
        }
        self.later(one, &mut signature);
        signature
    }

    fn coverage(&self, one: &Candidate) -> Option<Coverage> {
        let (signed, revision) = (one.signed.as_ref()?, one.revision?);
        let number = |value: usize| u32::try_from(value).unwrap_or(u32::MAX);
        let revisions = self.pdf.revisions.len();
        Some(Coverage {
            revision: number(revision + 1),
            revisions: number(revisions),
            whole_file: revision + 1 == revisions && self.nothing_behind(one),
            bytes: u64::try_from(signed.after.end).unwrap_or(u64::MAX),
        })
    }

    /// Whether nothing but white space stands behind the last revision, or what does was signed.
    fn nothing_behind(&self, one: &Candidate) -> bool {
        let end = one.signed.as_ref().map_or(0, |signed| signed.after.end);
        let rest = self.pdf.rest();
        let behind = self.pdf.bytes.get(end..).unwrap_or_default();
        let rest = if behind.len() < rest.len() {
            behind
        } else {
            rest
        };
        crate::structure::View::blank(rest)
    }

    /// A timestamp over the document.
    fn timestamp(&self, place: usize, one: &Candidate, signature: &mut Signature) {
        let stamped = match self.stamps.all.get(place) {
            Some(Some(Ok(stamped))) => stamped,
            Some(Some(Err(reason))) => {
                signature.reasons.push(*reason);
                return;
            }
            Some(None) | None => return,
        };
        signature.reasons.extend(&stamped.reasons);
        signature.signed_at = Some(SignedAt {
            seconds: stamped.seconds,
            source: TimeSource::DocumentTimestamp,
        });
        if stamped.seconds > self.at + AHEAD_SECONDS_MAX {
            signature.reasons.push(Reason::TimeInFuture);
        }
        signature.digest = one.signed.as_ref().and_then(|signed| {
            let (token, _) = Token::read(&signed.contents).ok()?;
            token.digest().map(|digest| digest.as_str().to_owned())
        });
        signature.signer = stamped.certificate.as_ref().map(Certificate::info);
        if let Some(chain) = &stamped.chain {
            tell_chain(chain, signature);
            let proven = one.revision.and_then(|at| self.stamps.later(at));
            let when = (stamped.seconds, proven.is_some());
            self.revocation(chain, &self.store.material, when, &mut signature.reasons);
        }
    }

    /// A signature of somebody.
    fn signature(&self, one: &Candidate, signature: &mut Signature) {
        let Some(signed) = &one.signed else {
            return;
        };
        let Ok((cms, rest)) = Cms::read(&signed.contents) else {
            signature.reasons.push(Reason::CmsInvalid);
            return;
        };
        if rest.iter().any(|byte| *byte != 0) {
            signature.reasons.push(Reason::ContentsInvalid);
        }
        signature.digest = cms.digest.map(|digest| digest.as_str().to_owned());
        let checked = self.check(one, &cms, &mut signature.reasons);
        let Some(checked) = checked else {
            return;
        };
        signature.reasons.extend(&checked.reasons);
        signature.algorithm = checked.scheme.map(super::crypto::Scheme::name);
        let Some(certificate) = checked.certificate else {
            return;
        };
        signature.signer = Some(certificate.info());
        if certificate.extensions.qualified {
            signature.reasons.push(Reason::ClaimsQualified);
        }
        if !may_sign(&certificate) {
            signature.reasons.push(Reason::CertificateUnfit);
        }
        let mut pool = cms.certificates.clone();
        pool.extend(self.store.certificates.iter().cloned());
        let mut material = cms.revocation();
        material.extend(&self.store.material);
        let stamped = self.when(one, &cms, &pool, signature);
        let known = self.trusted(&certificate, (&pool, &material), signature);
        // Asked in any case: whoever stamped may be revoked where nothing is known of the signer.
        let stamper = self.stamper_known(stamped.as_ref(), &material, signature);
        let known = known && stamper;
        if one.sub_filter == "ETSI.CAdES.detached" {
            signature.level = Some(self.level(one, signature, known));
        } else {
            signature.reasons.push(Reason::NotPades);
        }
    }

    /// Whether it is a signature of these bytes.
    fn check(&self, one: &Candidate, cms: &Cms, reasons: &mut Vec<Reason>) -> Option<Checked> {
        let signed = one.signed.as_ref()?;
        let parts = signed.parts(self.pdf.bytes);
        let pool = &self.store.certificates;
        let (names_certificate, by_digest) = match one.sub_filter.as_str() {
            "ETSI.CAdES.detached" => (true, false),
            "adbe.pkcs7.detached" => (false, false),
            "adbe.pkcs7.sha1" => (false, true),
            _ => {
                reasons.push(Reason::FormatUnsupported);
                return None;
            }
        };
        if by_digest {
            // The digest of the document is what is signed, and it is SHA-1.
            reasons.push(Reason::AlgorithmWeak);
            let content = cms.content.clone().unwrap_or_default();
            if Digest::Sha1.compute(&parts).as_ref() != Some(&content) {
                reasons.push(Reason::DigestMismatch);
            }
            let message = Message {
                parts: &[&content],
                content_type: ID_DATA,
                names_certificate,
            };
            return Some(cms.check(&message, pool));
        }
        if cms.content.is_some() {
            // What is signed would stand in the signature itself.
            reasons.push(Reason::CmsInvalid);
        }
        let message = Message {
            parts: &parts,
            content_type: ID_DATA,
            names_certificate,
        };
        Some(cms.check(&message, pool))
    }

    /// Finds out when it was signed.
    fn when(
        &self,
        one: &Candidate,
        cms: &Cms,
        pool: &[Certificate],
        signature: &mut Signature,
    ) -> Option<Stamped> {
        let claimed = self.pdf.newest().value(&one.entries, "M").ok();
        let claimed = claimed.and_then(|date| times::pdf(date.string()?));
        signature.claimed_at = claimed.or_else(|| cms.signing_time());
        let later = one.revision.and_then(|at| self.stamps.proof(at));
        let control = later.map_or(self.at, |(_, seconds, _)| *seconds);
        let mut stamped: Option<Stamped> = None;
        for token in cms.unsigned(ATTRIBUTE_TIMESTAMP).take(4) {
            match Token::read(token) {
                Ok((token, [])) => {
                    let found = token.check(&[&cms.signature], pool, self.anchors, control);
                    if stamped.as_ref().is_none_or(|known| !known.proves()) {
                        stamped = Some(found);
                    }
                }
                Ok(_) | Err(_) => signature.reasons.push(Reason::TimestampInvalid),
            }
        }
        if let Some(stamped) = &stamped {
            signature.timestamp_by = stamped.certificate.as_ref().map(Certificate::info);
            if stamped.proves() && !signature.reasons.contains(&Reason::TimestampInvalid) {
                signature.signed_at = Some(SignedAt {
                    seconds: stamped.seconds,
                    source: TimeSource::SignatureTimestamp,
                });
            } else {
                signature.reasons.push(why_not(stamped));
            }
        }
        if signature.signed_at.is_none() {
            signature.signed_at = match (later, signature.claimed_at) {
                (Some((_, seconds, certificate)), _) => {
                    signature.timestamp_by = Some(certificate.info());
                    Some(SignedAt {
                        seconds: *seconds,
                        source: TimeSource::DocumentTimestamp,
                    })
                }
                (None, Some(seconds)) => Some(SignedAt {
                    seconds,
                    source: TimeSource::Claimed,
                }),
                (None, None) => None,
            };
        }
        let when = signature.signed_at.map_or(self.at, |it| it.seconds);
        if when > self.at + AHEAD_SECONDS_MAX {
            signature.reasons.push(Reason::TimeInFuture);
        }
        if !is_proven(signature) {
            signature.reasons.push(Reason::TimeClaimed);
        }
        stamped
    }

    /// Whether the signer leads to somebody who is trusted. Tells whether revocation is known of the whole chain.
    fn trusted(
        &self,
        certificate: &Certificate,
        (pool, material): (&[Certificate], &Material),
        signature: &mut Signature,
    ) -> bool {
        let proven = is_proven(signature);
        let when = signature.signed_at.map_or(self.at, |it| it.seconds);
        let chain = match find(certificate, pool, self.anchors, (Purpose::Signing, when)) {
            Ok(chain) => chain,
            Err(reason) => {
                signature.reasons.push(reason);
                // Even so it counts that it had expired.
                if !certificate.holds_at(when) {
                    signature.reasons.push(Reason::CertificateExpired);
                }
                return false;
            }
        };
        tell_chain(&chain, signature);
        if let Some(reason) = chain.at(when) {
            signature.reasons.push(reason);
        } else if !proven && chain.at(self.at).is_some() {
            signature.reasons.push(Reason::ExpiredWithoutProof);
        }
        // What is merely claimed does not choose the day as of which somebody is asked.
        let asked = if proven { when } else { self.at };
        self.revocation(&chain, material, (asked, proven), &mut signature.reasons)
    }

    /// Whether nothing of the chain was revoked. Tells whether that is known of all of it.
    fn revocation(
        &self,
        chain: &Chain,
        material: &Material,
        (when, proven): (i64, bool),
        reasons: &mut Vec<Reason>,
    ) -> bool {
        let mut known = true;
        for (one, issuer) in chain.links() {
            match status(one, issuer, material, when) {
                Status::Good => {}
                Status::Revoked(since) if proven && since > when => {}
                Status::Revoked(_) => reasons.push(Reason::CertificateRevoked),
                Status::Unknown => known = false,
            }
        }
        if !known {
            reasons.push(Reason::RevocationNotChecked);
        }
        known
    }

    /// The same for who stamped the time; what speaks against him speaks against the time only.
    fn stamper_known(
        &self,
        stamped: Option<&Stamped>,
        material: &Material,
        signature: &mut Signature,
    ) -> bool {
        let Some(stamped) = stamped else {
            return true;
        };
        let Some(chain) = &stamped.chain else {
            return false;
        };
        let mut reasons = Vec::new();
        let known = self.revocation(chain, material, (stamped.seconds, false), &mut reasons);
        if reasons.contains(&Reason::CertificateRevoked) {
            signature.reasons.push(Reason::TimestampUntrusted);
        } else if !known {
            signature.reasons.push(Reason::RevocationNotChecked);
        }
        known
    }

    fn level(&self, one: &Candidate, signature: &Signature, known: bool) -> Level {
        if !is_proven(signature) {
            return Level::Basic;
        }
        if !known || !self.store.is_there {
            return Level::Time;
        }
        let archived = self.stamps.proofs.iter().any(|(at, _, _)| {
            one.revision.is_some_and(|revision| *at > revision)
                && Store::read(self.pdf.view(*at)).is_ok_and(|store| store.is_there)
        });
        if archived {
            Level::Archive
        } else {
            Level::LongTerm
        }
    }

    /// What happened afterwards, and what the signer says of that.
    fn later(&self, one: &Candidate, signature: &mut Signature) {
        let Some(revision) = one.revision else {
            return;
        };
        let before = self.gathered.candidates.iter();
        let before = before.filter(|other| other.revision.is_some_and(|at| at <= revision));
        let before: Vec<&Candidate> = before.collect();
        let permits = before.iter().filter_map(|other| other.permits).min();
        signature.permits = permits;
        for changes in self.gathered.changes.iter().skip(revision + 1) {
            let Ok(changes) = changes else {
                signature.reasons.push(Reason::ChangesNotUnderstood);
                continue;
            };
            // Whoever adds what proves the signature may note in the metadata that he wrote the file, and no more.
            let proves = changes.iter().any(|change| is_proof(change.reason));
            for change in changes {
                let mut locks = before.iter().flat_map(|other| &other.locked);
                // Of very many changes it is not told which field: it may be one that is locked.
                let locked = match &change.what {
                    Some(name) => locks.any(|lock| lock.has(name)),
                    None => locks.next().is_some(),
                };
                let noted = proves && is_noted(change.what.as_deref());
                let reason = weighed(change.reason, permits, locked, noted);
                signature.reasons.push(reason);
                signature.changes.push(Change {
                    reason,
                    ..change.clone()
                });
            }
        }
        if !self.nothing_behind(one) {
            signature.reasons.push(Reason::ChangedBytes);
        }
    }
}

/// What a change comes to, given what the signers allowed.
fn weighed(reason: Reason, permits: Option<u8>, locked: bool, noted: bool) -> Reason {
    let nothing = permits == Some(1);
    let of_form = reason == Reason::FormFilledLater || is_signature(reason);
    let of_words = reason == Reason::MetadataChangedLater;
    if reason == Reason::AnnotatedLater && permits != Some(3) {
        // Only where it is said that they are allowed.
        Reason::ChangedAnnotations
    } else if reason == Reason::LaterSignatureAdded && permits.is_some() {
        // Whoever certifies knows all places where others may sign, or they could paint over the page.
        Reason::ChangedFields
    } else if (of_form && (nothing || locked)) || (of_words && nothing && !noted) {
        Reason::ChangedLocked
    } else {
        reason
    }
}

fn is_proven(signature: &Signature) -> bool {
    signature
        .signed_at
        .is_some_and(|it| it.source != TimeSource::Claimed)
}

fn tell_chain(chain: &Chain, signature: &mut Signature) {
    let above = chain.certificates.iter().skip(1);
    signature.chain = above.map(Certificate::info).collect();
    signature.anchor = Some(chain.source.clone());
}

/// What a timestamp that proves nothing is called.
fn why_not(stamped: &Stamped) -> Reason {
    let worst = stamped.reasons.iter().max_by_key(|reason| reason.effect());
    match worst {
        Some(reason) if reason.effect() == Effect::Invalid => Reason::TimestampInvalid,
        Some(reason @ (Reason::AlgorithmWeak | Reason::AlgorithmUnsupported)) => *reason,
        Some(_) | None => Reason::TimestampUntrusted,
    }
}

/// Whether a certificate may be used to sign documents, as far as it says anything about it.
fn may_sign(one: &Certificate) -> bool {
    /// For servers, clients of them, code, answers of OCSP, timestamps: purposes that are no documents.
    const OTHERS: [&str; 4] = [
        "1.3.6.1.5.5.7.3.1",
        "1.3.6.1.5.5.7.3.3",
        EKU_OCSP,
        EKU_TIMESTAMPING,
    ];
    let extensions = &one.extensions;
    let signs = extensions
        .key_usage
        .is_none_or(super::certificate::KeyUsage::signs);
    let purposes = extensions.eku.as_deref();
    let fits = purposes.is_none_or(|all| all.iter().any(|it| !OTHERS.contains(&it.as_str())));
    signs && fits
}
