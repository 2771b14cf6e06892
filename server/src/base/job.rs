//! Work to come, by name. The runner in `jobs` knows what each name means.

use uuid::Uuid;

use super::ids::VersionId;

/// Work that a change leaves behind, enqueued in the same transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Job {
    /// Read the text of a version.
    ExtractText(VersionId),
}

/// The names in the table of jobs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JobKind {
    /// See [`Job::ExtractText`].
    ExtractText,
}

impl JobKind {
    /// As it stands in the row.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::ExtractText => "extract_text",
        }
    }
}

impl Job {
    /// The name.
    #[must_use]
    pub const fn kind(self) -> JobKind {
        match self {
            Self::ExtractText(_) => JobKind::ExtractText,
        }
    }

    /// What the work is about.
    #[must_use]
    pub const fn subject(self) -> Uuid {
        match self {
            Self::ExtractText(version) => version.raw(),
        }
    }

    /// Reads a row.
    #[must_use]
    pub fn of(kind: &str, subject: Uuid) -> Option<Self> {
        (kind == JobKind::ExtractText.code()).then(|| Self::ExtractText(VersionId::of(subject)))
    }
}
