//! Judges the signatures of a PDF, ours or foreign.
//!
//! For each signature one verdict with its reasons. Whatever is not understood speaks against it: a signature is
//! called valid only where everything about it was checked (`docs/signatures.md`). Nothing is fetched; what is
//! trusted is given, what is known of revocation comes with the file.

mod bp512;
mod certificate;
mod chain;
mod changes;
mod cms;
pub(crate) mod crypto;
mod dss;
mod fields;
mod gather;
pub mod job;
mod judge;
mod model;
mod names;
mod pss;
mod range;
mod revocation;
mod stamps;
#[cfg(test)]
mod tests;
mod times;
mod timestamp;
mod trust;

pub use model::{
    CertificateInfo, Change, Coverage, Effect, Kind, Level, Reason, Report, Signature, SignedAt,
    TimeSource, Verdict,
};
pub use trust::{ANCHORS_MAX, Purpose, TRUST_FILE_BYTES_MAX, Trust, TrustError};

use crate::structure::{FILE_BYTES_MAX, Pdf};
use chain::Anchors;
use gather::Gathered;

/// Signatures of one file that are judged.
pub(crate) const SIGNATURES_MAX: usize = 100;

/// Judges every signature of a PDF, as of `at` in seconds since 1970.
///
/// Never fails: what cannot be read is part of the answer, see [`Report::problem`].
pub fn verify(bytes: &[u8], trust: &Trust, at: i64) -> Report {
    let anchors = Anchors::of(trust);
    let mut report = Report {
        sha256: hex::encode(crypto::sha256(bytes)),
        revisions: 0,
        checked_at: at,
        anchors: u32::try_from(anchors.len()).unwrap_or(u32::MAX),
        problem: None,
        signatures: Vec::new(),
    };
    if bytes.len() > FILE_BYTES_MAX {
        report.problem = Some(Reason::LimitReached);
        return report;
    }
    let Ok(pdf) = Pdf::read(bytes) else {
        report.problem = Some(Reason::StructureNotUnderstood);
        return report;
    };
    report.revisions = u32::try_from(pdf.revisions.len()).unwrap_or(u32::MAX);
    match Gathered::from(&pdf) {
        Ok(gathered) => report.signatures = judge::all(&pdf, &gathered, &anchors, at),
        // Names and streams cannot be read then.
        Err(_unread) if pdf.newest().trailer().has("Encrypt") => {
            report.problem = Some(Reason::Encrypted);
        }
        Err(reason) => report.problem = Some(reason),
    }
    report
}

/// Whether a timestamp (RFC 3161, without the answer around it) is over a message of these pieces, and by an
/// authority that is trusted: asked as of the time that it tells, so that one whose certificate has ended since is
/// judged as it was then. What became of its certificates is not known here.
///
/// # Errors
///
/// The first reason for which it proves nothing.
pub fn check_timestamp(token: &[u8], message: &[&[u8]], trust: &Trust) -> Result<(), Reason> {
    let (token, _behind) = timestamp::Token::read(token).map_err(|_unread| Reason::CmsInvalid)?;
    let stamped = token.check(message, &[], &Anchors::of(trust), token.seconds);
    let against = stamped
        .reasons
        .iter()
        .find(|reason| reason.effect() >= Effect::Indeterminate);
    against.map_or(Ok(()), |reason| Err(*reason))
}

/// Reads a certificate as the judge does.
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) fn read_for_fuzzing(bytes: &[u8]) {
    if let Ok(one) = certificate::Certificate::read(bytes) {
        std::hint::black_box((one.info(), one.issued_by(&one.spki).is_ok()));
        if let Some(constraints) = &one.extensions.name_constraints {
            constraints.allow(&one.subject, &one.extensions.alternatives);
        }
    }
}
