//! The file plan: types and rules. No async, no IO, no clock.

use std::collections::HashMap;
use std::hash::Hash;

use thiserror::Error;
use uuid::Uuid;

use super::draft::Findings;
use crate::base::db::DbError;
use crate::base::{CivilDate, CompartmentId, PlanId, PlanUnitId, Timestamp};
use crate::replay::SaveError;

/// What becomes of something when its retention has run out (xdomea Aussonderungsart).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Disposal {
    /// A: archivwürdig.
    Archive,
    /// B: bewerten; the archive decides.
    Appraise,
    /// V: vernichten.
    Destroy,
}

impl Disposal {
    /// All of them.
    pub const ALL: &'static [Self] = &[Self::Archive, Self::Appraise, Self::Destroy];

    /// As it stands in rows, plans and answers.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Archive => "A",
            Self::Appraise => "B",
            Self::Destroy => "V",
        }
    }

    /// Reads what `code` wrote.
    #[must_use]
    pub fn parse(code: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|one| one.code() == code)
    }
}

/// An edition of the file plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// Its id.
    pub id: PlanId,
    /// Counts every change; the entity tag.
    pub version: u64,
    /// Its name: «Aktenplan der Stadt Hollerfurt».
    pub name: String,
    /// Its edition: «2026».
    pub edition: String,
    /// The first day on which files may be opened by it.
    pub valid_from: CivilDate,
    /// The last day.
    pub valid_until: Option<CivilDate>,
    /// When it was put in.
    pub created_at: Timestamp,
}

/// A unit of a file plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlanUnit {
    /// Its id.
    pub id: PlanUnitId,
    /// Counts every change; the entity tag.
    pub version: u64,
    /// The plan.
    pub plan: PlanId,
    /// The unit that it is part of.
    pub parent: Option<PlanUnitId>,
    /// Its mark: `01.4.1`.
    pub code: String,
    /// What it is about.
    pub title: String,
    /// How references of its files are made; none: the pattern of the house.
    pub file_pattern: Option<String>,
    /// How references of cases in them are made.
    pub case_pattern: Option<String>,
    /// How references of documents in those are made.
    pub document_pattern: Option<String>,
    /// Years that its files are kept after they were closed; none: for ever.
    pub retention_years: Option<u32>,
    /// Years after which a closed file leaves the daily work.
    pub transfer_years: Option<u32>,
    /// What becomes of them then.
    pub disposal: Disposal,
    /// The protection class, in the plan's own words.
    pub protection: Option<String>,
    /// The compartment in which its files stand.
    pub compartment: Option<CompartmentId>,
    /// The law that asks for it.
    pub legal_basis: Option<String>,
    /// A remark.
    pub note: Option<String>,
    /// When it was retired; then no file is opened in it any more.
    pub retired_at: Option<Timestamp>,
}

/// Most units of one plan.
pub const UNITS_MAX: usize = 20_000;
/// Most levels of a plan.
pub const DEPTH_MAX: usize = 12;
/// Largest plan that is read, in bytes.
pub const IMPORT_BYTES_MAX: usize = 16 << 20;
/// Longest period of a unit, in years.
pub const YEARS_MAX: u32 = 110;
/// Longest name and edition of a plan, in characters.
pub(super) const NAME_CHARS_MAX: usize = 200;
/// Longest mark of a unit, in characters.
pub(super) const CODE_CHARS_MAX: usize = 64;
/// Longest title, legal basis and remark of a unit, in characters.
pub(super) const TEXT_CHARS_MAX: usize = 1000;
/// Longest pattern and protection class of a unit, in characters.
pub(super) const WORD_CHARS_MAX: usize = 200;

/// What is said about a unit: the same where one is added, changed and imported.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fields {
    /// Its mark.
    pub code: String,
    /// What it is about.
    pub title: String,
    /// How references of its files are made.
    pub file_pattern: Option<String>,
    /// How references of cases in them are made.
    pub case_pattern: Option<String>,
    /// How references of documents in those are made.
    pub document_pattern: Option<String>,
    /// Years that its files are kept after they were closed; none: for ever.
    pub retention_years: Option<u32>,
    /// Years after which a closed file leaves the daily work.
    pub transfer_years: Option<u32>,
    /// What becomes of them then.
    pub disposal: Disposal,
    /// The protection class, in the plan's own words.
    pub protection: Option<String>,
    /// The compartment in which its files stand.
    pub compartment: Option<CompartmentId>,
    /// The law that asks for it.
    pub legal_basis: Option<String>,
    /// A remark.
    pub note: Option<String>,
}

impl PlanUnit {
    /// What is said about it.
    #[must_use]
    pub fn fields(&self) -> Fields {
        Fields {
            code: self.code.clone(),
            title: self.title.clone(),
            file_pattern: self.file_pattern.clone(),
            case_pattern: self.case_pattern.clone(),
            document_pattern: self.document_pattern.clone(),
            retention_years: self.retention_years,
            transfer_years: self.transfer_years,
            disposal: self.disposal,
            protection: self.protection.clone(),
            compartment: self.compartment,
            legal_basis: self.legal_basis.clone(),
            note: self.note.clone(),
        }
    }
}

impl Plan {
    /// Whether files may be opened by it on that day.
    #[must_use]
    pub fn in_force(&self, day: CivilDate) -> bool {
        self.valid_from <= day && self.valid_until.is_none_or(|until| day <= until)
    }

    /// Whether there is a day on which both are in force.
    #[must_use]
    pub fn overlaps(&self, other: &Self) -> bool {
        let begins_in_time =
            |one: &Self, two: &Self| two.valid_until.is_none_or(|until| one.valid_from <= until);
        begins_in_time(self, other) && begins_in_time(other, self)
    }
}

/// Where the units of a plan hang: who is whose parent. The rules of the tree stand here once, for
/// a unit that is moved and for a plan that comes in.
#[derive(Debug)]
pub(super) struct Tree<'a, K> {
    parents: &'a HashMap<K, Option<K>>,
}

/// What is wrong with the place of a unit in the tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Misplaced {
    /// It hangs below itself.
    Loop,
    /// It hangs too deep.
    Deep,
}

impl<'a, K: Eq + Hash> Tree<'a, K> {
    /// The tree in which each unit names its parent.
    #[must_use]
    pub(super) const fn of(parents: &'a HashMap<K, Option<K>>) -> Self {
        Self { parents }
    }

    /// On which level each unit hangs, from 1. Each is looked at once, however the tree is bent.
    pub(super) fn levels(&self) -> HashMap<&'a K, Result<usize, Misplaced>> {
        let mut levels = HashMap::with_capacity(self.parents.len());
        for unit in self.parents.keys() {
            let (mut path, mut next, mut above) = (Vec::new(), Some(unit), Ok(0));
            while let Some(one) = next {
                if let Some(level) = levels.get(one) {
                    above = *level;
                    break;
                }
                // So it stays where the way up comes by here again.
                levels.insert(one, Err(Misplaced::Loop));
                path.push(one);
                next = self.parents.get(one).and_then(Option::as_ref);
            }
            for one in path.into_iter().rev() {
                above = match above {
                    Ok(level) if level >= DEPTH_MAX => Err(Misplaced::Deep),
                    Ok(level) => Ok(level + 1),
                    Err(misplaced) => Err(misplaced),
                };
                levels.insert(one, above);
            }
        }
        levels
    }
}

/// Why something about the file plan was not done.
#[derive(Debug, Error)]
pub enum PlanError {
    /// There is no such edition.
    #[error("there is no such file plan")]
    NoPlan,
    /// There is no such unit.
    #[error("there is no such unit of a file plan")]
    NoUnit,
    /// The one who asks may read the plan but not maintain it.
    #[error("this needs the role of the records manager")]
    Forbidden,
    /// There is an edition or a unit of this name already.
    #[error("it exists already")]
    Taken {
        /// Its id.
        existing: Uuid,
    },
    /// The edition ends before it begins.
    #[error("the file plan would end before it begins")]
    Backwards,
    /// Another edition of this name is in force on some of these days.
    #[error("the edition {edition} is in force on some of these days")]
    Overlap {
        /// The other edition.
        edition: String,
    },
    /// The parent is no unit of the same plan.
    #[error("the parent is no unit of this file plan")]
    NoParent,
    /// The unit would hang below itself, or too deep.
    #[error("the unit would hang in the wrong place")]
    Misplaced(Misplaced),
    /// The plan has as many units as it may have.
    #[error("the file plan is full")]
    Full,
    /// The compartment does not exist.
    #[error("there is no such compartment")]
    NoCompartment,
    /// There are files in the unit: its mark stays, for references say it.
    #[error("there are files in the unit")]
    InUse,
    /// The unit stands in a compartment that the one who asks does not enter.
    #[error("the unit stands in a compartment that is closed")]
    Enclosed,
    /// More stands in the units than follows in one unit of work.
    #[error("more than {max} things stand in the units")]
    TooMany {
        /// How many follow.
        max: u64,
    },
    /// The unit is retired already.
    #[error("the unit is retired")]
    Retired,
    /// Name or edition of an imported plan are given nowhere.
    #[error("the file plan has no name or no edition")]
    Unnamed {
        /// Whether the name is missing.
        name: bool,
        /// Whether the edition is missing.
        edition: bool,
    },
    /// The content that was brought is no plan; everything that is wrong with it.
    #[error("the content is no file plan: {0}")]
    Unreadable(Findings),
    /// Nothing would change.
    #[error("nothing would change")]
    Unchanged,
    /// The version given is not the current one.
    #[error("the file plan was changed meanwhile")]
    Stale {
        /// The current version.
        current: u64,
    },
    /// Another request with the same idempotency key was faster.
    #[error("the idempotency key was taken meanwhile")]
    KeyTaken,
    /// The database.
    #[error(transparent)]
    Db(#[from] DbError),
}

impl From<SaveError> for PlanError {
    fn from(error: SaveError) -> Self {
        match error {
            SaveError::KeyTaken => Self::KeyTaken,
            SaveError::Db(error) => Self::Db(error),
        }
    }
}
