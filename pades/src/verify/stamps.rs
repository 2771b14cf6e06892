//! Timestamps over the document: what each of them proves, the newest first.

use crate::structure::Pdf;

use super::certificate::Certificate;
use super::chain::Anchors;
use super::dss::Store;
use super::gather::{Candidate, Gathered};
use super::model::Reason;
use super::timestamp::{Stamped, Token};

/// What the timestamps of a file prove.
#[derive(Debug, Default)]
pub(super) struct Stamps {
    /// For each signature of the file, what it stamps if it is a timestamp.
    pub(super) all: Vec<Option<Result<Stamped, Reason>>>,
    /// Revisions with a time at which they were there, and who says so.
    pub(super) proofs: Vec<(usize, i64, Certificate)>,
}

impl Stamps {
    /// Checks them all; each is checked as of the one after it.
    pub(super) fn of(
        pdf: &Pdf<'_>,
        gathered: &Gathered,
        store: &Store,
        (anchors, at): (&Anchors, i64),
    ) -> Self {
        let mut stamps = Self {
            all: gathered.candidates.iter().map(|_| None).collect(),
            proofs: Vec::new(),
        };
        for (place, one) in gathered.candidates.iter().enumerate().rev() {
            if !one.is_timestamp() {
                continue;
            }
            let seconds = one
                .revision
                .and_then(|revision| stamps.later(revision))
                .unwrap_or(at);
            let mut stamped = check(pdf, one, &store.certificates, (anchors, seconds));
            if let Ok(stamped) = &mut stamped {
                stamped.heed(&store.material);
            }
            if let (Ok(stamped), Some(revision)) = (&stamped, one.revision)
                && one.reasons.is_empty()
                && stamped.proves()
                && stamped.seconds <= seconds
                && let Some(certificate) = &stamped.certificate
            {
                let proof = (revision, stamped.seconds, certificate.clone());
                stamps.proofs.push(proof);
            }
            if let Some(slot) = stamps.all.get_mut(place) {
                *slot = Some(stamped);
            }
        }
        stamps
    }

    /// When the first timestamp behind this revision was made.
    pub(super) fn later(&self, revision: usize) -> Option<i64> {
        self.proof(revision).map(|(_, seconds, _)| *seconds)
    }

    /// The first timestamp over a revision that came after this one.
    pub(super) fn proof(&self, revision: usize) -> Option<&(usize, i64, Certificate)> {
        let later = self.proofs.iter().filter(|(at, _, _)| *at > revision);
        later.min_by_key(|(_, seconds, _)| *seconds)
    }
}

fn check(
    pdf: &Pdf<'_>,
    one: &Candidate,
    pool: &[Certificate],
    (anchors, seconds): (&Anchors, i64),
) -> Result<Stamped, Reason> {
    let signed = one.signed.as_ref().ok_or(Reason::ContentsInvalid)?;
    let read = Token::read(&signed.contents);
    let (token, rest) = read.map_err(|_malformed| Reason::CmsInvalid)?;
    if rest.iter().any(|byte| *byte != 0) {
        return Err(Reason::ContentsInvalid);
    }
    Ok(token.check(&signed.parts(pdf.bytes), pool, anchors, seconds))
}
