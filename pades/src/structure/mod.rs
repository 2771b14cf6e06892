//! A PDF as a verifier must see it: every revision by itself, and nothing repaired.
//!
//! Programs that show a PDF mend what is broken, each in its own way; attacks on signatures live on that. So
//! what is not exactly as ISO 32000 has it is an error here, and whoever asks gets no answer rather than one of
//! two possible ones.

mod object;
mod packed;
mod parse;
mod view;
mod xref;

pub(crate) use object::{Dictionary, Id, Object};
pub(crate) use view::{Pdf, View};
pub(crate) use xref::Revision;

/// The longest file that is looked at, in bytes.
pub(crate) const FILE_BYTES_MAX: usize = 256 << 20;
/// Revisions of one file.
pub(crate) const REVISIONS_MAX: usize = 200;
/// Entries of all cross-reference sections of one file.
pub(crate) const ENTRIES_MAX: usize = 2_000_000;
/// How deep arrays and dictionaries may lie in one another.
pub(crate) const DEPTH_MAX: usize = 100;
/// The longest unpacked stream that is read as structure, in bytes.
pub(crate) const UNPACKED_BYTES_MAX: usize = 64 << 20;

/// What is not as it must be, and where.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what} at byte {at}")]
pub(crate) struct Broken {
    pub(crate) at: usize,
    pub(crate) what: &'static str,
}

impl Broken {
    pub(crate) const fn new(at: usize, what: &'static str) -> Self {
        Self { at, what }
    }
}
