//! I-24: due dates, computed again from their rule; and how they were extended.

use workflow::calendar::Calendar;
use workflow::definition::Due;
use workflow::instance::{Assigned, Day, DueState, Instance, Instant, StepState, Value};

use super::super::model::{Book, say};
use super::{Walk, of_step};

/// The day in a field.
fn day_in(instance: &Instance, field: &str) -> Option<Day> {
    match instance.fields.get(field) {
        Some(Value::Day(day)) => Some(*day),
        Some(
            Value::YesNo(_)
            | Value::Number(_)
            | Value::Money(_)
            | Value::Text(_)
            | Value::Who(_)
            | Value::Whos(_)
            | Value::Document(_),
        )
        | None => None,
    }
}

/// Whether a due date was computed by the calendar that is in force now.
fn by_this(calendar: &Calendar, due: &DueState) -> bool {
    due.rule
        .ends_with(&format!("Kalender {}", calendar.version()))
}

impl Walk<'_> {
    /// What the rule gives; `by_key` as earlier programs wrote it down, with the keys of fields instead of their labels.
    fn due_again(&self, due: &Due, at: Instant, by_key: bool) -> Option<DueState> {
        let instance = self.instance.as_ref()?;
        let nobody = |_: &workflow::definition::Assignee| Vec::<Assigned>::new();
        let label = |field: &str| {
            let found = self.definition.filter(|_| !by_key);
            let found = found.and_then(|definition| definition.field(field));
            found.map_or_else(|| field.to_owned(), |found| found.label.de.clone())
        };
        self.house
            .calendar
            .due(due, at, |field| day_in(instance, field), label, nobody)
    }

    /// A step was opened, for the first time or again.
    pub(super) fn opened(
        &self,
        step: &StepState,
        due: Option<&DueState>,
        at: Instant,
        book: &mut Book,
    ) {
        let calendar = self.house.calendar;
        // Which rule it was is not known without the definition: that is said by I-25.
        if self.definition.is_none() {
            return;
        }
        if let Some(due) = due.filter(|due| !by_this(calendar, due)) {
            // Other days were free then: what that calendar was is not kept.
            book.of(24).beside(say(
                format!(
                    "Mit einem anderen Kalender gerechnete Fristen sind nicht nachgerechnet: {}",
                    due.rule
                ),
                format!(
                    "What was computed by another calendar is not computed again: {}",
                    due.rule
                ),
            ));
            return;
        }
        if due.is_some() {
            book.of(24).looked(1);
        }
        let expected = |by_key| {
            if step.opened_at.is_some() {
                // It has waited: its deadline ran on.
                step.due.clone()
            } else if step.directive.is_some() {
                // Whoever inserted it has set the day.
                let end = due.map(|due| calendar.end_of(due.on));
                let fits = due.map(|due| due.overdue_at) == end;
                due.filter(|_| fits).cloned()
            } else {
                let defined = self
                    .defined_step(step)
                    .and_then(|(_, one)| one.due.as_ref());
                defined.and_then(|defined| self.due_again(defined, at, by_key))
            }
        };
        let says = |due: &DueState| (due.on, due.overdue_at, due.kind, due.rule.clone());
        let is = |expected: Option<DueState>| due.map(says) == expected.as_ref().map(says);
        if !is(expected(false)) && !is(expected(true)) {
            let why = of_step(
                step,
                "hat eine andere Frist, als ihre Regel ergibt",
                "has another due date than its rule gives",
            );
            book.of(24).offend("workflow", self.flow.id, why);
        }
    }

    /// A deadline was extended: what it was is kept, with who and why.
    pub(super) fn extended(&self, step: &StepState, due: &DueState, book: &mut Book) {
        book.of(24).looked(1);
        let before = step.due.as_ref();
        let kept = before.is_some_and(|before| {
            let (added, earlier) = match due.extended.split_last() {
                Some((added, earlier)) => (added, earlier),
                None => return false,
            };
            earlier == before.extended.as_slice()
                && added.from == before.on
                && added.to == due.on
                && added.from < added.to
                && !added.reason.trim().is_empty()
        });
        if !kept || due.overdue_at != self.house.calendar.end_of(due.on) {
            let why = of_step(
                step,
                "wurde verlängert, ohne dass festgehalten ist, wovon, wohin, durch wen und warum",
                "was extended without a record of from when, to when, by whom and why",
            );
            book.of(24).offend("workflow", self.flow.id, why);
        }
    }
}
