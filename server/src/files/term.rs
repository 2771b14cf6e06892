//! The clock of retention: pure rules.

use time::{Date, Month};

use crate::base::CivilDate;
use crate::file_plan::Disposal;

/// Until when a closed file is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Term {
    /// The day on which it was closed.
    pub from: CivilDate,
    /// The last day on which it must be kept; none: for ever.
    pub until: Option<CivilDate>,
    /// The day from which it may leave the daily work; none: nothing is said.
    pub transfer_on: Option<CivilDate>,
}

impl Term {
    /// The term of what is closed on `day`: it ends on 31 December of the year in which the period
    /// elapses. What would end behind the last year of the calendar is kept for ever.
    #[must_use]
    pub fn of(day: CivilDate, retention_years: Option<u32>, transfer_years: Option<u32>) -> Self {
        let until = retention_years
            .and_then(|years| later(day, years))
            .and_then(|end| Date::from_calendar_date(end.year(), Month::December, 31).ok())
            .and_then(CivilDate::of);
        Self {
            from: day,
            until,
            transfer_on: transfer_years.and_then(|years| later(day, years)),
        }
    }
}

/// The same day `years` later; 1 March where that year has no 29 February.
fn later(day: CivilDate, years: u32) -> Option<CivilDate> {
    let year = day.year().checked_add(i32::try_from(years).ok()?)?;
    let date = day.date();
    let moved = Date::from_calendar_date(year, date.month(), date.day())
        .or_else(|_no_leap_year| Date::from_calendar_date(year, Month::March, 1))
        .ok()?;
    CivilDate::of(moved)
}

/// Whether something may be disposed of, and why not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Verdict {
    /// What stands against it, for programs. Empty: nothing does.
    pub reasons: Vec<&'static str>,
}

/// What is known of something when its disposal is judged.
#[derive(Debug, Clone, Copy)]
pub(super) struct Facts {
    /// Its term; nothing while it is open.
    pub term: Option<Term>,
    /// The day on which it is judged.
    pub today: Option<CivilDate>,
    /// Whether it, or what it stands in, bears a hold.
    pub held: bool,
    /// Whether something inside it bears a hold.
    pub held_inside: bool,
    /// What becomes of it.
    pub disposal: Disposal,
}

impl Verdict {
    /// The verdict. Nothing is disposable yet: the archive's decision comes with disposal itself.
    #[must_use]
    pub(super) fn of(facts: &Facts) -> Self {
        let mut reasons = Vec::new();
        match facts.term {
            None => reasons.push("not_closed"),
            Some(Term { until: None, .. }) => reasons.push("kept_forever"),
            Some(Term {
                until: Some(until), ..
            }) => {
                if facts.today.is_none_or(|today| today <= until) {
                    reasons.push("retention_runs");
                }
            }
        }
        if facts.held {
            reasons.push("hold");
        }
        if facts.held_inside {
            reasons.push("hold_inside");
        }
        // Whatever the plan proposes: without the archive's word nothing is destroyed or handed over.
        match facts.disposal {
            Disposal::Archive | Disposal::Appraise | Disposal::Destroy => {
                reasons.push("no_archive_decision");
            }
        }
        Self { reasons }
    }

    /// Whether nothing stands against it.
    #[must_use]
    pub(super) fn disposable(&self) -> bool {
        self.reasons.is_empty()
    }
}
