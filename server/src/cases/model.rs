//! Cases: types, rules, refusals. No async, no IO, no clock.

use thiserror::Error;

use crate::base::db::DbError;
use crate::base::{
    AccountId, CaseId, CivilDate, CompartmentId, DepartmentId, FileId, Place, Timestamp,
};
use crate::files::{Closed, FileError};

/// Where in its life a case is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Life {
    /// It takes documents.
    Open,
    /// Zu den Akten: it takes nothing.
    Closed(Closed),
}

impl Life {
    /// As it stands in rows, records and answers.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Closed(_) => "closed",
        }
    }
}

/// A case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Case {
    /// Its id.
    pub id: CaseId,
    /// Counts every change; the entity tag.
    pub version: u64,
    /// The file in which it stands.
    pub file: FileId,
    /// The case that it is part of, for a sub-case.
    pub parent: Option<CaseId>,
    /// Vorgangszeichen.
    pub reference: String,
    /// Its number within the file, or within the case that it is part of.
    pub ordinal: u64,
    /// Betreff.
    pub subject: String,
    /// Vorgangstyp.
    pub kind: Option<String>,
    /// Federführung.
    pub department: DepartmentId,
    /// The compartment that hides it from whoever may not enter it.
    pub compartment: Option<CompartmentId>,
    /// Where in its life it is.
    pub life: Life,
    /// Why it was last opened again or filed elsewhere.
    pub reason: Option<String>,
    /// Laufzeit: the first day.
    pub opened_on: CivilDate,
    /// A note.
    pub note: Option<String>,
    /// Schlagwörter, sorted.
    pub tags: Vec<String>,
    /// When it was put in.
    pub created_at: Timestamp,
    /// By whom.
    pub created_by: AccountId,
    /// When it was last changed.
    pub changed_at: Timestamp,
    /// By whom.
    pub changed_by: AccountId,
}

impl Case {
    /// Where it stands, for rights.
    #[must_use]
    pub const fn place(&self) -> Place {
        Place::settled(self.department, self.compartment)
    }
}

/// What is said about a new case.
#[derive(Debug, Clone)]
pub struct NewCase {
    /// The file.
    pub file: FileId,
    /// The case that it becomes part of.
    pub parent: Option<CaseId>,
    /// Betreff.
    pub subject: String,
    /// Vorgangstyp.
    pub kind: Option<String>,
    /// Short name or id of the department; that of the file, if nothing is said.
    pub department: Option<String>,
    /// Laufzeit: the first day; today, if nothing is said.
    pub opened_on: Option<CivilDate>,
    /// A note.
    pub note: Option<String>,
    /// Schlagwörter.
    pub tags: Vec<String>,
}

/// A change of what is said about a case: what is `None` stays; what is `Some(None)` is emptied.
#[derive(Debug, Clone, Default)]
pub(super) struct Change {
    /// A new subject.
    pub subject: Option<String>,
    /// A new type.
    pub kind: Option<Option<String>>,
    /// A new note.
    pub note: Option<Option<String>>,
    /// New tags, all of them.
    pub tags: Option<Vec<String>>,
}

/// Why something about cases was not done.
#[derive(Debug, Error)]
pub enum CaseError {
    /// There is no such case, or not for the one who asks.
    #[error("there is no such case")]
    NotFound,
    /// There is no such file, or not for the one who asks.
    #[error("there is no such file")]
    NoFile,
    /// The case that is meant to be the parent does not exist, or not for the one who asks, stands in
    /// another file or is a part itself.
    #[error("there is no such parent")]
    NoParent,
    /// The one who asks may not do this here.
    #[error("this may not be done by this actor")]
    Forbidden,
    /// The case is closed.
    #[error("the case is closed")]
    Closed,
    /// The version given is not the current one.
    #[error("the case was changed meanwhile")]
    Stale {
        /// The current version.
        current: u64,
    },
    /// The change changes nothing.
    #[error("nothing would change")]
    Unchanged,
    /// Its file.
    #[error(transparent)]
    File(FileError),
    /// The database.
    #[error(transparent)]
    Db(#[from] DbError),
}

impl From<FileError> for CaseError {
    fn from(error: FileError) -> Self {
        match error {
            FileError::NotFound => Self::NoFile,
            FileError::Forbidden => Self::Forbidden,
            FileError::Db(error) => Self::Db(error),
            other @ (FileError::NoParent
            | FileError::NoDepartment
            | FileError::WhichDepartment
            | FileError::NoPlanUnit
            | FileError::WhichPlanUnit
            | FileError::Retired
            | FileError::NotInForce
            | FileError::OtherUnit
            | FileError::Closed
            | FileError::Stale { .. }
            | FileError::Unchanged
            | FileError::Pattern) => Self::File(other),
        }
    }
}
