//! Files: types, rules, refusals. No async, no IO, no clock.

use serde::{Deserialize, Serialize};
use thiserror::Error;
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;
use utoipa::ToSchema;

use super::term::Term;
use crate::base::db::DbError;
use crate::base::{
    AccountId, CivilDate, CompartmentId, DepartmentId, FileId, Place, PlanUnitId, Timestamp,
};
use crate::file_plan::Disposal;

/// Longest subject, in characters.
pub const SUBJECT_CHARS_MAX: usize = 300;
/// Longest note, in characters.
pub const NOTE_CHARS_MAX: usize = 4_000;
/// Longest reason, in characters.
pub const REASON_CHARS_MAX: usize = 1_000;
/// Most words of a list's question that are looked at.
const WORDS_MAX: usize = 8;

/// In what a file is kept (xdomea Medium).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Medium {
    /// Elektronisch.
    Electronic,
    /// Teils auf Papier.
    Hybrid,
    /// Auf Papier; hier stehen nur die Angaben.
    Paper,
}

impl Medium {
    /// As it stands in rows, records and answers.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Electronic => "electronic",
            Self::Hybrid => "hybrid",
            Self::Paper => "paper",
        }
    }

    /// Reads what `code` wrote.
    #[must_use]
    pub fn parse(code: &str) -> Option<Self> {
        [Self::Electronic, Self::Hybrid, Self::Paper]
            .into_iter()
            .find(|one| one.code() == code)
    }
}

/// How confidential a file is. Higher grades do not belong into this archive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Confidentiality {
    /// Offen.
    Open,
    /// Nur für den Dienstgebrauch.
    ServiceOnly,
}

impl Confidentiality {
    /// As it stands in rows, records and answers.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Open => "offen",
            Self::ServiceOnly => "nfd",
        }
    }

    /// Reads what `code` wrote.
    #[must_use]
    pub fn parse(code: &str) -> Option<Self> {
        [Self::Open, Self::ServiceOnly]
            .into_iter()
            .find(|one| one.code() == code)
    }
}

/// Where in its life a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Life {
    /// It takes cases and documents.
    Open,
    /// Zu den Akten: it takes nothing, and its retention runs.
    Closed(Closed, Term),
}

/// When and by whom something was closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Closed {
    /// When.
    pub at: Timestamp,
    /// By whom.
    pub by: AccountId,
}

impl Life {
    /// As it stands in rows, records and answers.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Closed(..) => "closed",
        }
    }

    /// The term; nothing while it is open.
    #[must_use]
    pub const fn term(self) -> Option<Term> {
        match self {
            Self::Open => None,
            Self::Closed(_, term) => Some(term),
        }
    }
}

/// How long a file is kept, and which rule says so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// Years after closing; none: for ever.
    pub retention_years: Option<u32>,
    /// Years after closing until it leaves the daily work.
    pub transfer_years: Option<u32>,
    /// What becomes of it then.
    pub disposal: Disposal,
    /// The unit of the plan that gave the period.
    pub unit: PlanUnitId,
    /// That unit's version at the time.
    pub unit_version: u64,
}

impl Rule {
    /// The rule as the row holds it: the unit and its version.
    #[must_use]
    pub fn source(&self) -> String {
        format!("{}@{}", self.unit, self.unit_version)
    }

    /// Reads what `source` wrote.
    #[must_use]
    pub fn parse_source(text: &str) -> Option<(PlanUnitId, u64)> {
        let (unit, version) = text.split_once('@')?;
        Some((unit.parse().ok()?, version.parse().ok()?))
    }
}

/// A file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CaseFile {
    /// Its id.
    pub id: FileId,
    /// Counts every change; the entity tag.
    pub version: u64,
    /// The unit of the file plan in which it stands.
    pub plan_unit: PlanUnitId,
    /// The file that it is part of, for a sub-file.
    pub parent: Option<FileId>,
    /// Aktenzeichen.
    pub reference: String,
    /// The year of its numbering.
    pub year: i32,
    /// Its number in that numbering.
    pub ordinal: u64,
    /// Betreff.
    pub subject: String,
    /// Federführung.
    pub department: DepartmentId,
    /// The compartment that hides it from whoever may not enter it.
    pub compartment: Option<CompartmentId>,
    /// In what it is kept.
    pub medium: Medium,
    /// How confidential it is.
    pub confidentiality: Confidentiality,
    /// Where in its life it is.
    pub life: Life,
    /// Why it was last opened again or filed elsewhere.
    pub reason: Option<String>,
    /// Laufzeit: the first day.
    pub opened_on: CivilDate,
    /// How long it is kept.
    pub rule: Rule,
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

impl CaseFile {
    /// Where it stands, for rights.
    #[must_use]
    pub const fn place(&self) -> Place {
        Place::settled(self.department, self.compartment)
    }
}

/// What is said about a new file.
#[derive(Debug, Clone)]
pub struct NewFile {
    /// The unit of the plan: its id, or its mark in the edition in force.
    pub plan_unit: Option<String>,
    /// Betreff.
    pub subject: String,
    /// Short name or id of the department.
    pub department: Option<String>,
    /// In what it is kept.
    pub medium: Medium,
    /// How confidential it is.
    pub confidentiality: Confidentiality,
    /// Laufzeit: the first day; today, if nothing is said.
    pub opened_on: Option<CivilDate>,
    /// Schlagwörter.
    pub tags: Vec<String>,
    /// A note.
    pub note: Option<String>,
    /// The file that it becomes part of.
    pub parent: Option<FileId>,
}

/// A change of what is said about a file: what is `None` stays; what is `Some(None)` is emptied.
#[derive(Debug, Clone, Default)]
pub(super) struct Change {
    /// A new subject.
    pub subject: Option<String>,
    /// A new medium.
    pub medium: Option<Medium>,
    /// A new grade.
    pub confidentiality: Option<Confidentiality>,
    /// A new note.
    pub note: Option<Option<String>>,
    /// New tags, all of them.
    pub tags: Option<Vec<String>>,
}

/// Why something about files was not done.
#[derive(Debug, Error)]
pub enum FileError {
    /// There is no such file, or not for the one who asks.
    #[error("there is no such file")]
    NotFound,
    /// The file that is meant to be the parent does not exist, or not for the one who asks.
    #[error("there is no such parent")]
    NoParent,
    /// There is no such department, or not for the one who asks.
    #[error("there is no such department")]
    NoDepartment,
    /// It must be said in which department.
    #[error("the department must be named")]
    WhichDepartment,
    /// There is no such unit in the file plan.
    #[error("there is no such unit in the file plan")]
    NoPlanUnit,
    /// The unit must be named.
    #[error("the unit of the file plan must be named")]
    WhichPlanUnit,
    /// The unit was retired.
    #[error("the unit of the file plan was retired")]
    Retired,
    /// Its edition is not in force.
    #[error("the edition of the file plan is not in force")]
    NotInForce,
    /// A sub-file stands in the unit of its file.
    #[error("a sub-file stands in the plan unit of its file")]
    OtherUnit,
    /// The one who asks may not do this here.
    #[error("this may not be done by this actor")]
    Forbidden,
    /// It is closed.
    #[error("it is closed")]
    Closed,
    /// The version given is not the current one.
    #[error("the file was changed meanwhile")]
    Stale {
        /// The current version.
        current: u64,
    },
    /// The change changes nothing.
    #[error("nothing would change")]
    Unchanged,
    /// No reference can be made by the pattern of the unit.
    #[error("the pattern of the plan unit makes no reference")]
    Pattern,
    /// The database.
    #[error(transparent)]
    Db(#[from] DbError),
}

/// A text as lists search it: small letters, ä as ae, ß as ss, no accents.
#[must_use]
pub fn fold(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    for one in text.to_lowercase().nfc() {
        match one {
            'ä' => folded.push_str("ae"),
            'ö' => folded.push_str("oe"),
            'ü' => folded.push_str("ue"),
            'ß' => folded.push_str("ss"),
            other => folded.extend(
                std::iter::once(other)
                    .nfkd()
                    .filter(|one| !is_combining_mark(*one)),
            ),
        }
    }
    folded
}

/// The patterns that a folded text must match, one for each word of `question`; `\` escapes.
#[must_use]
pub(crate) fn words_within(question: &str) -> Vec<String> {
    let folded = fold(question);
    folded
        .split_whitespace()
        .take(WORDS_MAX)
        .map(|word| format!("%{}%", escaped(word)))
        .collect()
}

/// A text as a pattern of LIKE takes it literally; `\` escapes.
#[must_use]
fn escaped(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for one in text.chars() {
        if matches!(one, '%' | '_' | '\\') {
            plain.push('\\');
        }
        plain.push(one);
    }
    plain
}
