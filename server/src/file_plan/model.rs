//! The file plan: types and rules. No async, no IO, no clock.

use crate::base::{CivilDate, CompartmentId, PlanId, PlanUnitId, Timestamp};

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
