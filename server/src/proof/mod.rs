//! Proof: the living archive against its own log, its store and its index.
//!
//! Invariants: verification writes nothing and reads one state of the database from beginning to
//! end; what is computed again is computed by the functions that wrote it; an export names itself
//! in the access log before its first byte; the check repairs only what is derived or was never
//! acknowledged.

pub mod check;
mod export;
pub mod keys;
mod probe;
#[cfg(test)]
mod published;
mod reader;
#[cfg(test)]
mod rotated_looks;
#[cfg(test)]
mod signed_looks;
mod source;
#[cfg(test)]
mod tests;

pub use export::{ExportError, Exported, export};
pub use probe::{Blobs, Look};
pub use reader::kinds;
pub use source::{DatabaseLog, Place, ProofError, Wanted};

pub use crate::ledger::Which;
