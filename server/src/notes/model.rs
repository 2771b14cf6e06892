//! Notes: types and refusals. No async, no IO, no clock.

use thiserror::Error;

use crate::base::db::DbError;
use crate::base::{AccountId, NoteId, Timestamp};
use crate::cases::CaseError;
use crate::documents::DocumentError;
use crate::files::FileError;
use crate::holds::Object;

/// Longest note, in characters.
pub(super) const TEXT_CHARS_MAX: usize = 4_000;

/// A note.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// Its id.
    pub id: NoteId,
    /// Counts every change; the entity tag.
    pub version: u64,
    /// What it stands on.
    pub object: Object,
    /// What it says.
    pub text: String,
    /// When it was written.
    pub created_at: Timestamp,
    /// By whom.
    pub created_by: AccountId,
    /// When it was last changed.
    pub changed_at: Timestamp,
    /// By whom.
    pub changed_by: AccountId,
    /// How it was withdrawn; nothing while it stands.
    pub withdrawn: Option<Withdrawn>,
}

/// The end of a note.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Withdrawn {
    /// When.
    pub at: Timestamp,
    /// By whom.
    pub by: AccountId,
    /// Why.
    pub reason: String,
}

/// Why something about notes was not done.
#[derive(Debug, Error)]
pub enum NoteError {
    /// There is no such note, or not for the one who asks.
    #[error("there is no such note")]
    NotFound,
    /// Somebody else wrote it.
    #[error("the note is somebody else's")]
    NotAuthor,
    /// It was withdrawn already.
    #[error("the note was withdrawn")]
    Withdrawn,
    /// The version given is not the current one.
    #[error("the note was changed meanwhile")]
    Stale {
        /// The current version.
        current: u64,
    },
    /// The change changes nothing.
    #[error("nothing would change")]
    Unchanged,
    /// The file that it stands on.
    #[error(transparent)]
    File(#[from] FileError),
    /// The case that it stands on.
    #[error(transparent)]
    Case(#[from] CaseError),
    /// The document that it stands on.
    #[error(transparent)]
    Document(#[from] DocumentError),
    /// The database.
    #[error(transparent)]
    Db(#[from] DbError),
}
