//! When a step is due, and what happens around that day.

use super::Calendar;
use crate::definition::{Assignee, Due, DueKind, Term};
use crate::instance::{Assigned, Day, DueState, Instant};

/// At which hour of a day it is reminded, by the clocks of Germany.
const REMIND_HOUR: u8 = 7;

/// The last day, the first instant at which it is too late, and by which rule.
struct End {
    on: Day,
    overdue_at: Instant,
    rule: String,
}

impl Calendar {
    /// By when a step is due that was opened at an instant. `day` says what stands in a field of kind `day`,
    /// `label` what a field is called, `to` whom an assignee of an escalation means.
    ///
    /// None if the day is that of a field in which nothing stands.
    #[must_use]
    pub fn due(
        &self,
        due: &Due,
        opened: Instant,
        day: impl Fn(&str) -> Option<Day>,
        label: impl Fn(&str) -> String,
        to: impl Fn(&Assignee) -> Vec<Assigned>,
    ) -> Option<DueState> {
        let mut end = self.end(due, opened, (&day, &label))?;
        if let Some((field, latest)) = due
            .before
            .as_deref()
            .and_then(|field| Some((field, day(field)?)))
        {
            let latest = self.last_working(latest);
            if latest < end.on {
                end.on = latest;
                end.overdue_at = self.end_of(latest);
                let (field, latest) = (label(field), latest.german());
                let said = format!("; nicht später als „{field}“: {latest}");
                end.rule.push_str(&said);
            }
        }
        let mut state = self.around(Some(due), end, opened, to);
        state.remind_at.extend(after_opening(due, opened));
        state.remind_at.sort_unstable();
        state.remind_at.dedup();
        Some(state)
    }

    /// The same for a day that somebody has set: an extension, or a step that was inserted. Such a day stays
    /// where it is, be it a working day or not (§ 31 III 2 VwVfG). `since` is when it was set: what would
    /// have been reminded before is not.
    #[must_use]
    pub fn due_on(
        &self,
        due: Option<&Due>,
        on: Day,
        since: Instant,
        to: impl Fn(&Assignee) -> Vec<Assigned>,
    ) -> DueState {
        let end = End {
            on,
            overdue_at: self.end_of(on),
            rule: format!("festgesetzt auf den {}", on.german()),
        };
        self.around(due, end, since, to)
    }

    fn around(
        &self,
        due: Option<&Due>,
        end: End,
        since: Instant,
        to: impl Fn(&Assignee) -> Vec<Assigned>,
    ) -> DueState {
        let End {
            on,
            overdue_at,
            rule,
        } = end;
        let after = |count: u16| self.plus_working(on, i32::from(count));
        let remind = due.map_or(&[][..], |due| &due.remind);
        let mut remind_at: Vec<_> = remind
            .iter()
            .map(|count| self.at(self.plus_working(on, *count), REMIND_HOUR))
            .filter(|at| *at > since)
            .collect();
        remind_at.sort_unstable();
        remind_at.dedup();
        let mut escalate_at = Vec::new();
        for one in due.map_or(&[][..], |due| &due.escalate) {
            let at = match one.after {
                0 => overdue_at,
                count => self.at(after(count), REMIND_HOUR),
            };
            escalate_at.extend(to(&one.to).into_iter().map(|to| (at, to)));
        }
        let lapse = due.and_then(|due| due.lapse.as_ref());
        let lapse_at = lapse.map(|lapse| {
            let at = match lapse.after {
                0 => overdue_at,
                count => self.end_of(after(count)),
            };
            (at, lapse.outcome.clone())
        });
        DueState {
            on,
            overdue_at,
            kind: due.map_or(DueKind::Deadline, |due| due.kind),
            rule: format!("{rule}; Kalender {}", self.version()),
            extended: Vec::new(),
            remind_at,
            escalate_at,
            lapse_at,
        }
    }

    /// The end of the term alone: it begins on the day after that of the opening (§ 187 I BGB).
    fn end(
        &self,
        due: &Due,
        opened: Instant,
        (day, label): (&impl Fn(&str) -> Option<Day>, &impl Fn(&str) -> String),
    ) -> Option<End> {
        let from = self.day_of(opened);
        let (counted, said, back) = match &due.term {
            Term::Hours(hours) => return Some(self.hours(*hours, opened)),
            Term::WorkingDays(count) => (
                self.plus_working(from, i32::from(*count)),
                counted(i64::from(*count), "Arbeitstag", "Arbeitstage"),
                false,
            ),
            Term::Days(count) => (
                from.plus_days(i64::from(*count)),
                counted(i64::from(*count), "Tag", "Tage"),
                false,
            ),
            Term::Weeks(count) => (
                from.plus_days(7 * i64::from(*count)),
                counted(i64::from(*count), "Woche", "Wochen"),
                false,
            ),
            Term::Months(count) => (
                from.plus_months(*count),
                counted(i64::from(*count), "Monat", "Monate"),
                false,
            ),
            Term::Field {
                field,
                offset,
                working,
            } => {
                let from = day(field)?;
                let (to, one, many) = if *working {
                    (
                        self.plus_working(from, *offset),
                        "Arbeitstag",
                        "Arbeitstage",
                    )
                } else {
                    (from.plus_days(i64::from(*offset)), "Tag", "Tage")
                };
                let count = counted(i64::from(offset.unsigned_abs()), one, many);
                let field = label(field);
                let said = match offset.signum() {
                    0 => format!("„{field}“: {}", from.german()),
                    1 => format!("{count} nach „{field}“, dem {}", from.german()),
                    _ => format!("{count} vor „{field}“, dem {}", from.german()),
                };
                return Some(self.moved(due.kind, to, said, *offset < 0));
            }
        };
        let said = format!("{said} nach dem {}", from.german());
        Some(self.moved(due.kind, counted, said, back))
    }

    /// Hours run through nights, Sundays and holidays (§ 31 VI VwVfG).
    fn hours(&self, hours: u16, opened: Instant) -> End {
        let overdue_at = opened.plus_seconds(i64::from(hours) * super::HOUR);
        let count = counted(i64::from(hours), "Stunde", "Stunden");
        End {
            on: self.day_of(overdue_at),
            overdue_at,
            rule: format!("Frist: {count} ab {} (§ 31 VI VwVfG)", self.german(opened)),
        }
    }

    /// A deadline that would end on a day that is no working day ends on the next one (§ 31 III VwVfG,
    /// § 193 BGB), or if it is counted backwards on the one before it. An appointment stays (§ 31 V VwVfG).
    fn moved(&self, kind: DueKind, day: Day, said: String, back: bool) -> End {
        let on = match kind {
            DueKind::Appointment => day,
            DueKind::Deadline if back => self.last_working(day),
            DueKind::Deadline => self.next_working(day),
        };
        let mut rule = match kind {
            DueKind::Deadline => format!("Frist: {said} (§ 31 VwVfG, §§ 187 bis 193 BGB)"),
            DueKind::Appointment => format!("Termin: {said} (§ 31 V VwVfG)"),
        };
        if on != day {
            let why = self.holiday(day).unwrap_or("kein Arbeitstag");
            let (day, on) = (day.german(), on.german());
            rule.push_str(&format!("; der {day} ist {why}, also der {on}"));
        }
        End {
            on,
            overdue_at: self.end_of(on),
            rule,
        }
    }
}

/// Reminders that are counted in hours from the opening, whatever the term.
pub(crate) fn after_opening(due: &Due, opened: Instant) -> impl Iterator<Item = Instant> {
    let hours = due.remind_hours.iter();
    hours.map(move |hours| opened.plus_seconds(i64::from(*hours) * super::HOUR))
}

fn counted(count: i64, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}
