//! The verifier: everything again from the bytes, over a living archive or an exported bundle.
//!
//! It reads the log once, in order, in flat memory, and spreads the work over the cores. What is
//! not there to be checked is reported as *not checked*, never as fine.

mod chunk;
mod close;
mod finding;
mod found;
mod join;
mod ledger;
mod memory;
mod report;
mod run;
mod source;
mod stamps;
mod witnessed;

pub use finding::{Code, FINDINGS_LISTED_MAX, Finding, Findings, Weight};
pub use memory::{BadReceipts, RECEIPTS_MAX, Receipts};
pub use report::{
    Check, CheckpointSummary, Language, OpeningCounts, Reason, Report, StampSummary, Status,
};
pub use source::{
    BlobProbe, BlobState, Chunk, Columns, LogSource, Offers, OpeningContent, OpeningRow, Openings,
    Presence, Root, SourceError, Stamped, StateFact, SubjectRow, TransportCheck,
};
pub use witnessed::WitnessedSummary;

use super::note::Policy;

/// Whose keys count.
#[derive(Debug, Clone, Default)]
pub enum Trust {
    /// These and no others: they came on another way than the material.
    Pinned(Policy),
    /// The keys that came with the material. Proves that it is of one piece, not whose it is.
    #[default]
    FirstUse,
}

/// How many proofs are made from the tiles and checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Proofs {
    /// None.
    None,
    /// For so many records, evenly spread, the first and the last among them.
    Sample(u32),
    /// For every record.
    All,
}

/// What to check, and against what.
pub struct Options<'a> {
    /// Whose keys count.
    pub trust: Trust,
    /// Checkpoints that the auditor kept, as notes (`--since`).
    pub kept: Vec<Vec<u8>>,
    /// Receipts that someone kept.
    pub receipts: Receipts,
    /// Whom timestamps are believed (`--tsa-roots`); without it only whether each is right in itself is checked.
    pub authorities: Option<pades::verify::Trust>,
    /// Proofs to make.
    pub proofs: Proofs,
    /// A look into the content store.
    pub blobs: Option<&'a dyn BlobProbe>,
    /// Number of working threads; all cores if not given.
    pub workers: Option<usize>,
    /// Told the number of records done, now and then.
    pub progress: &'a dyn Fn(u64),
}

impl std::fmt::Debug for Options<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Options")
            .field("trust", &self.trust)
            .field("kept", &self.kept.len())
            .field("proofs", &self.proofs)
            .finish_non_exhaustive()
    }
}

impl Default for Options<'_> {
    fn default() -> Self {
        Self {
            trust: Trust::FirstUse,
            kept: Vec::new(),
            receipts: Receipts::default(),
            authorities: None,
            proofs: Proofs::Sample(64),
            blobs: None,
            workers: None,
            progress: &|_| {},
        }
    }
}

/// Verification could not be carried out; nothing is said about the log.
#[derive(Debug, thiserror::Error)]
pub enum VerifyError {
    /// The source could not be read.
    #[error("the log could not be read")]
    Source(#[source] SourceError),
    /// The policy that came with the material cannot be read.
    #[error("the policy cannot be read")]
    Policy(#[source] super::note::NoteError),
}

impl From<SourceError> for VerifyError {
    fn from(error: SourceError) -> Self {
        Self::Source(error)
    }
}

/// Verifies a log. Fails only if it cannot be read; everything else stands in the report.
pub fn verify(source: &mut dyn LogSource, options: &Options<'_>) -> Result<Report, VerifyError> {
    run::run(source, options)
}
