//! Inspections: types and rules. No async, no IO, no clock.

use thiserror::Error;
use uuid::Uuid;

use crate::base::db::DbError;
use crate::base::sight::Reason;
use crate::base::{AccountId, Actor, CompartmentId, DepartmentId, InspectionId, Timestamp};
use crate::cases::CaseError;
use crate::departments::Standing;
use crate::documents::DocumentError;
use crate::files::FileError;
use crate::holds::Object;

/// Longest purpose, in characters.
pub(super) const PURPOSE_CHARS_MAX: usize = 500;
/// Most inspections of an account that are not over.
pub(super) const STANDING_MAX: u64 = 20;
const SECONDS_PER_DAY: i64 = 86_400;
const SECONDS_PER_HOUR: i64 = 3_600;

/// What is inspected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target {
    /// A file, a case or a document, with what stands in it.
    Object(Object),
    /// All of a department outside of compartments; in an emergency only.
    Department(DepartmentId),
    /// All that stands in a compartment; in an emergency only.
    Compartment(CompartmentId),
}

impl Target {
    /// As it stands in rows and answers.
    pub(super) const fn kind(self) -> &'static str {
        match self {
            Self::Object(object) => object.kind(),
            Self::Department(_) => "department",
            Self::Compartment(_) => "compartment",
        }
    }

    pub(super) const fn raw(self) -> Uuid {
        match self {
            Self::Object(object) => object.raw(),
            Self::Department(id) => id.raw(),
            Self::Compartment(id) => id.raw(),
        }
    }

    /// Reads what `kind` wrote.
    pub(super) fn of(kind: &str, id: Uuid) -> Option<Self> {
        match kind {
            "department" => Some(Self::Department(DepartmentId::of(id))),
            "compartment" => Some(Self::Compartment(CompartmentId::of(id))),
            other => Object::of(other, id).map(Self::Object),
        }
    }
}

/// Somebody did something to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Step {
    /// When.
    pub at: Timestamp,
    /// Who.
    pub by: AccountId,
}

/// An inspection that is asked for.
#[derive(Debug, Clone)]
pub struct New {
    /// Login of the account that shall read.
    pub login: String,
    /// What.
    pub object: Object,
    /// Why.
    pub reason: Reason,
    /// What for, in words.
    pub purpose: String,
    /// From when on; from its approval on, if nothing is said.
    pub valid_from: Option<Timestamp>,
    /// Until when.
    pub valid_until: Timestamp,
}

/// An inspection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inspection {
    /// Its id.
    pub id: InspectionId,
    /// Counts every change.
    pub version: u64,
    /// Why.
    pub reason: Reason,
    /// Who reads.
    pub account: AccountId,
    /// What.
    pub target: Target,
    /// The department in which it stays: that of what it is about. None of an emergency, and where it was
    /// asked for before this was kept.
    pub department: Option<DepartmentId>,
    /// The compartment into which it reaches.
    pub compartment: Option<CompartmentId>,
    /// What for, in words.
    pub purpose: String,
    /// How long an emergency lasts.
    pub hours: Option<i64>,
    /// Who asked for it.
    pub asked: Step,
    /// The first of two approvals.
    pub first: Option<Step>,
    /// The approval from which on it holds.
    pub approved: Option<Step>,
    /// From when on it holds.
    pub valid_from: Option<Timestamp>,
    /// When it ends by itself.
    pub valid_until: Option<Timestamp>,
    /// Who ended it before its time; of an emergency the system, when it has said that its hours were over.
    pub ended: Option<Step>,
}

impl Inspection {
    /// Whether it is an emergency.
    #[must_use]
    pub fn is_emergency(&self) -> bool {
        self.reason == Reason::Emergency
    }

    /// How many people must approve it: two where a compartment is entered, but for emergencies, which
    /// cannot wait.
    #[must_use]
    pub fn approvals_needed(&self) -> u8 {
        if self.compartment.is_some() && !self.is_emergency() {
            2
        } else {
            1
        }
    }

    /// When it is over if nobody does anything: an emergency that nobody approves in the time for which
    /// it was asked is over too.
    fn end(&self) -> Option<Timestamp> {
        let waits = self.hours.filter(|_| self.approved.is_none());
        let lapses = waits.map(|hours| self.asked.at.plus_seconds(hours * SECONDS_PER_HOUR));
        self.valid_until.or(lapses)
    }

    /// Whether it holds at `now`: from its first instant until before its last.
    #[must_use]
    pub fn standing(&self, now: Timestamp) -> Standing {
        if self.ended.is_some() || self.end().is_some_and(|end| end <= now) {
            Standing::Over
        } else if self.approved.is_none() {
            Standing::Waiting
        } else if self.valid_from.is_some_and(|from| from > now) {
            Standing::Upcoming
        } else {
            Standing::InForce
        }
    }

    /// Who may not approve it: who asked, whom it is for, who approved it already.
    #[must_use]
    pub fn is_party(&self, account: AccountId) -> bool {
        let first = self.first.map(|step| step.by);
        [Some(self.asked.by), Some(self.account), first].contains(&Some(account))
    }

    /// Who ended it before its time: nobody, where only its hours were over.
    pub(super) fn ended_early(&self) -> Option<Step> {
        let system = Actor::system().account;
        self.ended.filter(|step| step.by != system)
    }

    /// Until when an approved emergency held whose hours are over at `now`, and of which nobody has said so.
    pub(super) fn untold_end(&self, now: Timestamp) -> Option<Timestamp> {
        let held = self.is_emergency() && self.approved.is_some() && self.ended.is_none();
        self.valid_until.filter(|end| held && *end <= now)
    }

    /// Whether an account asked for it, approved it or reads by it.
    #[must_use]
    pub fn concerns(&self, account: AccountId) -> bool {
        self.is_party(account) || self.approved.is_some_and(|step| step.by == account)
    }
}

/// Refuses a time that does not lie ahead, or is longer than `days`.
pub(super) fn check_time(
    now: Timestamp,
    (from, until): (Option<Timestamp>, Timestamp),
    days: u64,
) -> Result<(), InspectionError> {
    let seconds = i64::try_from(days).unwrap_or(i64::MAX / SECONDS_PER_DAY) * SECONDS_PER_DAY;
    let begins = from.unwrap_or(now).max(now);
    let late = begins > now.plus_seconds(seconds);
    if until <= begins || until > begins.plus_seconds(seconds) || late {
        return Err(InspectionError::Time { days });
    }
    Ok(())
}

/// Why something about inspections was not done.
#[derive(Debug, Error)]
pub enum InspectionError {
    /// There is no such inspection, or not for the one who asks.
    #[error("there is no such inspection")]
    NotFound,
    /// There is no such account.
    #[error("there is no such account")]
    NoAccount,
    /// There is no such thing to inspect, or not for the one who asks.
    #[error("there is nothing of this name")]
    NoObject,
    /// A component is inspected with the whole.
    #[error("a component is inspected with what it was taken out of")]
    Component,
    /// The one who asks may not do this.
    #[error("this is not for the one who asks")]
    Forbidden,
    /// Nobody asks or approves in another's stead.
    #[error("this is done in one's own name")]
    InAnothersStead,
    /// The one who asks may not learn what was looked at.
    #[error("what was looked at is not told to the one who asks")]
    NotTold,
    /// Nobody approves what is for himself, what he asked for, or twice.
    #[error("this takes another person")]
    FourEyes,
    /// The time is over, or too long.
    #[error("an inspection lasts at most {days} days and lies ahead")]
    Time {
        /// The most days.
        days: u64,
    },
    /// The emergency is too long.
    #[error("an emergency lasts at most {hours} hours")]
    Hours {
        /// The most hours.
        hours: u64,
    },
    /// It was approved, or is over.
    #[error("it is settled already")]
    Settled,
    /// What it is about has come into another department or compartment since.
    #[error("what it is about stands elsewhere now")]
    Moved,
    /// The account gets no content this way: administration never, the mayor none of a compartment.
    #[error("this account stays outside")]
    StaysOutside,
    /// The account has as many as there may be.
    #[error("the account has too many inspections")]
    TooMany,
    /// The file.
    #[error(transparent)]
    File(#[from] FileError),
    /// The case.
    #[error(transparent)]
    Case(#[from] CaseError),
    /// The document.
    #[error(transparent)]
    Document(#[from] DocumentError),
    /// The database.
    #[error(transparent)]
    Db(#[from] DbError),
}
