//! Import: a folder of a disk becomes documents of a department.
//!
//! Invariants: what is in the archive stays as it is, and no document is filed twice for one source:
//! what this import has filed before under the same name with the same content is recognised, so
//! that it can be broken off at any instant and run again; nothing outside the folder is read; what
//! cannot be filed is named and costs nobody else anything.

mod media;
mod run;
mod sidecar;
#[cfg(test)]
mod tests;
mod walk;

pub(crate) use media::{HEAD_BYTES, guess};
pub use run::{Ended, Filing, ImportError, Importer, Mode, Outcome, Report};
pub use walk::{Found, Refusal, walk};
