//! The daily report: the head of the log on a sheet of paper, which a person signs and files. Years later it is
//! memory that nobody who has the archive and its keys can change: a scan of it gives back the signed checkpoint
//! that the log must still continue (`papierlos verify --since`).
//!
//! Invariants: the code on the sheet is the signed note byte for byte, as far as it fits; the sheet names no person
//! and no document; the same facts make the same bytes; a report that was filed is never written again.

mod filed;
mod gather;
mod said;
#[cfg(test)]
mod tests;

use thiserror::Error;

use crate::base::db::DbError;

pub use filed::{Filed, FilingError, file, file_name, is_missing};
pub use gather::{
    Activity, Anchors, Baseline, Facts, House, Outside, TimestampAnchor, When, WitnessAnchor,
    gather, ready,
};
pub use said::{carried, render};

/// Why there is no report.
#[derive(Debug, Error)]
pub enum ReportError {
    /// Nothing was signed yet, or by a key that is none of this log.
    #[error("there is no checkpoint of this log yet")]
    NoCheckpoint,
    /// What was signed does not fit into a code.
    #[error("the checkpoint is too long for a code")]
    TooLong,
    /// The page could not be made.
    #[error("the report cannot be written")]
    Paper(#[from] paper::PaperError),
    /// The database.
    #[error(transparent)]
    Db(#[from] DbError),
    /// What witnesses cosigned could not be read.
    #[error("the object store failed")]
    Store(#[from] storage::StoreError),
}
