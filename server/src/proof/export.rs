//! The log as a bundle for an auditor.

use std::path::Path;

use thiserror::Error;

use super::source::{DatabaseLog, ProofError};
use crate::audit::bundle::{BundleError, BundleHead, BundleSummary, BundleWriter, OpeningsPart};
use crate::audit::note::{NoteError, Policy};
use crate::audit::rotation::KeyChain;
use crate::audit::tile::entries;
use crate::audit::verify::{LogSource as _, Openings, SourceError};

/// Why a bundle was not written.
#[derive(Debug, Error)]
pub enum ExportError {
    /// The living log.
    #[error("the log cannot be read")]
    Source(#[source] SourceError),
    /// The living log.
    #[error("the log cannot be read")]
    Proof(#[from] ProofError),
    /// The policy of the archive.
    #[error("the public key of the log cannot be read")]
    Policy(#[from] NoteError),
    /// The bundle.
    #[error("the bundle cannot be written")]
    Bundle(#[from] BundleError),
    /// A stored bundle of records is cut: nothing of it may be left out silently.
    #[error("a record is cut")]
    Cut,
}

/// What an export begins with.
#[derive(Debug, Clone, Copy)]
pub struct Exported<'a> {
    /// Where to: a folder that is empty or does not exist.
    pub folder: &'a Path,
    /// Whether the openings go along: names and titles in the clear.
    pub openings: OpeningsPart,
    /// The civil date.
    pub date: &'a str,
    /// Whose archive it is.
    pub organisation: &'a str,
}

/// Writes a bundle in one pass; `progress` hears how many records are in it.
pub fn export(
    source: &mut DatabaseLog,
    what: Exported<'_>,
    progress: &dyn Fn(u64),
) -> Result<BundleSummary, ExportError> {
    let policy = source
        .policy()
        .map_err(ExportError::Source)?
        .unwrap_or_default();
    let policy = Policy::parse(&policy)?;
    let handovers = source.handovers().map_err(ExportError::Source)?;
    // What is wrong with them the verifier says: a bundle is evidence as it is.
    let (chain, _faults) = KeyChain::build(&policy, &handovers);
    let policy = policy.with_keys(chain.keys());
    let checkpoint = source.checkpoint().map_err(ExportError::Source)?;
    let witnessed = source.witnessed().map_err(ExportError::Source)?;
    let head = BundleHead {
        checkpoint: checkpoint.as_deref(),
        witnessed: witnessed.as_deref(),
        policy: &policy,
        handovers: &handovers,
        openings: what.openings,
        date: what.date,
        organisation: what.organisation,
    };
    let mut bundle = BundleWriter::create(what.folder, head)?;
    let sizes = source.timestamps().map_err(ExportError::Source)?;
    for size in sizes.unwrap_or_default() {
        if let Some(stamped) = source.timestamp(size).map_err(ExportError::Source)? {
            bundle.timestamp(size, &stamped)?;
        }
    }
    let mut written = 0;
    while let Some(chunk) = source.next_chunk().map_err(ExportError::Source)? {
        for leaf in entries(&chunk.entries) {
            bundle.push(leaf.map_err(|_source| ExportError::Cut)?)?;
            written += 1;
        }
        if let Openings::Rows(rows) = &chunk.openings {
            for row in rows {
                bundle.opening(row)?;
            }
        }
        progress(written);
    }
    Ok(bundle.finish()?)
}
