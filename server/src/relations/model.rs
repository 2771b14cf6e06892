//! Relations: types and refusals. No async, no IO, no clock.

use serde::{Deserialize, Serialize};
use thiserror::Error;
use utoipa::ToSchema;

use crate::base::db::DbError;
use crate::base::{AccountId, DocumentId, RelationId, Timestamp};
use crate::documents::DocumentError;

/// What a document is to another one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum RelationKind {
    /// Antwort auf.
    Answers,
    /// Ersetzt.
    Supersedes,
    /// Gehört zu.
    BelongsTo,
    /// Dublette von.
    DuplicateOf,
    /// Anlage zu.
    AttachmentOf,
}

/// How a relation is called from one side.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Name {
    /// For programs.
    pub code: &'static str,
    /// For people, German.
    pub german: &'static str,
    /// For people, English.
    pub english: &'static str,
}

impl RelationKind {
    /// All of them.
    pub const ALL: &'static [Self] = &[
        Self::Answers,
        Self::Supersedes,
        Self::BelongsTo,
        Self::DuplicateOf,
        Self::AttachmentOf,
    ];

    /// Its name from the document that bears it.
    #[must_use]
    pub const fn name(self) -> Name {
        let (code, german, english) = match self {
            Self::Answers => ("answers", "Antwort auf", "answers"),
            Self::Supersedes => ("supersedes", "ersetzt", "supersedes"),
            Self::BelongsTo => ("belongs_to", "gehört zu", "belongs to"),
            Self::DuplicateOf => ("duplicate_of", "Dublette von", "duplicate of"),
            Self::AttachmentOf => ("attachment_of", "Anlage zu", "attachment of"),
        };
        Name {
            code,
            german,
            english,
        }
    }

    /// Its name from the other document.
    #[must_use]
    pub const fn inverse(self) -> Name {
        let (code, german, english) = match self {
            Self::Answers => ("answered_by", "beantwortet durch", "answered by"),
            Self::Supersedes => ("superseded_by", "ersetzt durch", "superseded by"),
            Self::BelongsTo => ("includes", "dazu gehört", "includes"),
            Self::DuplicateOf => ("duplicated_by", "hat als Dublette", "duplicated by"),
            Self::AttachmentOf => ("has_attachment", "hat als Anlage", "has as attachment"),
        };
        Name {
            code,
            german,
            english,
        }
    }

    /// As it stands in rows and records.
    #[must_use]
    pub const fn code(self) -> &'static str {
        self.name().code
    }

    /// Reads what `code` wrote.
    #[must_use]
    pub fn parse(code: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|one| one.code() == code)
    }
}

/// A relation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Relation {
    /// Its id.
    pub id: RelationId,
    /// Counts every change; the entity tag.
    pub version: u64,
    /// What the one is to the other.
    pub kind: RelationKind,
    /// The document that is it: the answer.
    pub source: DocumentId,
    /// The document to which it is that: what is answered.
    pub target: DocumentId,
    /// When it was made.
    pub created_at: Timestamp,
    /// By whom.
    pub created_by: AccountId,
    /// How it was withdrawn; nothing while it stands.
    pub withdrawn: Option<Withdrawn>,
}

impl Relation {
    /// The two documents, in an order that does not depend on the direction.
    #[must_use]
    pub fn pair(&self) -> (DocumentId, DocumentId) {
        if self.source <= self.target {
            (self.source, self.target)
        } else {
            (self.target, self.source)
        }
    }
}

/// The end of a relation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Withdrawn {
    /// When.
    pub at: Timestamp,
    /// By whom.
    pub by: AccountId,
    /// Why.
    pub reason: String,
}

/// Why something about relations was not done.
#[derive(Debug, Error)]
pub enum RelationError {
    /// There is no such relation, or not for the one who asks.
    #[error("there is no such relation")]
    NotFound,
    /// The other document is not there, or not for the one who asks.
    #[error("there is no such other document")]
    NoTarget,
    /// A document is nothing to itself.
    #[error("a document is not related to itself")]
    Itself,
    /// There is one of this kind between the two.
    #[error("the relation is there already")]
    Exists {
        /// It.
        existing: RelationId,
    },
    /// It was withdrawn already.
    #[error("the relation was withdrawn")]
    Withdrawn,
    /// The version given is not the current one.
    #[error("the relation was changed meanwhile")]
    Stale {
        /// The current version.
        current: u64,
    },
    /// The document that bears it.
    #[error(transparent)]
    Document(#[from] DocumentError),
    /// The database.
    #[error(transparent)]
    Db(#[from] DbError),
}
