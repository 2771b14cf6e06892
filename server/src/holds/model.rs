//! Holds: types. No async, no IO, no clock.

use uuid::Uuid;

use crate::base::{AccountId, CaseId, DocumentId, FileId, HoldId, Timestamp};

/// What can bear a hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Object {
    /// A file, with everything in it.
    File(FileId),
    /// A case, with everything in it.
    Case(CaseId),
    /// A document.
    Document(DocumentId),
}

impl Object {
    /// As it stands in rows, records and answers.
    #[must_use]
    pub const fn kind(self) -> &'static str {
        match self {
            Self::File(_) => "file",
            Self::Case(_) => "case",
            Self::Document(_) => "document",
        }
    }

    /// Its id, for a row.
    #[must_use]
    pub const fn raw(self) -> Uuid {
        match self {
            Self::File(id) => id.raw(),
            Self::Case(id) => id.raw(),
            Self::Document(id) => id.raw(),
        }
    }

    /// Reads what `kind` wrote.
    #[must_use]
    pub fn of(kind: &str, id: Uuid) -> Option<Self> {
        match kind {
            "file" => Some(Self::File(FileId::of(id))),
            "case" => Some(Self::Case(CaseId::of(id))),
            "document" => Some(Self::Document(DocumentId::of(id))),
            _ => None,
        }
    }
}

/// A hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hold {
    /// Its id.
    pub id: HoldId,
    /// Counts every change; the entity tag.
    pub version: u64,
    /// What bears it.
    pub object: Object,
    /// Why it was placed.
    pub reason: String,
    /// When it was placed.
    pub placed_at: Timestamp,
    /// By whom.
    pub placed_by: AccountId,
    /// How it ended; nothing while it holds.
    pub lifted: Option<Lifted>,
}

/// The end of a hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lifted {
    /// When.
    pub at: Timestamp,
    /// By whom.
    pub by: AccountId,
    /// Why.
    pub reason: String,
}
