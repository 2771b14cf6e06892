//! What somebody could have written into a field.

use std::collections::BTreeMap;

use super::town::Town;
use crate::calendar::Calendar;
use crate::definition::{Definition, Effect, End, Field, FieldKind};
use crate::expr::Expr;
use crate::instance::{Assigned, Id, Instant, StepState, Value};

/// How many ways of filling fields are tried where a requirement is not met.
pub(super) const VARIANTS: usize = 12;
/// How many of these each field has, whatever the definition says.
pub(super) const BASIC: usize = 4;

/// What stands around a field: when, and what could be written into it.
pub(super) struct Desk<'a> {
    pub(super) definition: &'a Definition,
    pub(super) known: Option<&'a BTreeMap<String, Value>>,
    pub(super) now: Instant,
    pub(super) calendar: &'a Calendar,
}

impl Desk<'_> {
    /// A value that a field could have.
    pub(super) fn value(&self, field: &Field, variant: usize, town: &mut Town) -> Value {
        let person = |name: String| Assigned::Person { account: Id(name) };
        // Later ones are what the definition compares with, and what is known already.
        if let Some(later) = variant.checked_sub(BASIC) {
            let mut others = self.others(field);
            if later < others.len() {
                return others.swap_remove(later);
            }
        }
        match &field.kind {
            FieldKind::Text { chars_max } => {
                Value::Text(field.label.de.chars().take((*chars_max).max(1)).collect())
            }
            FieldKind::Number => Value::Number(nth([1, 0, 10, 1_000], variant)),
            FieldKind::Money => Value::Money(nth([10_000, 0, 1, 1_000_000], variant)),
            FieldKind::Day => {
                let days = nth([10, 0, -10, 60], variant);
                let today = self.calendar.day_of(self.now);
                Value::Day(self.calendar.plus_working(today, days))
            }
            FieldKind::YesNo => Value::YesNo(variant.is_multiple_of(2)),
            FieldKind::Choice(entries) => {
                let entry = entries.get(variant % entries.len().max(1));
                Value::Text(entry.map(|entry| entry.value.clone()).unwrap_or_default())
            }
            FieldKind::Who => Value::Who(person(format!("{}-{}", field.key, variant % BASIC + 1))),
            FieldKind::Whos => {
                let two = (1..=2).map(|n| person(format!("{}-{n}", field.key)));
                Value::Whos(two.collect())
            }
            FieldKind::Document => Value::Document(town.document()),
        }
    }

    /// Amounts, numbers and days with which the definition compares, and those that are known.
    fn others(&self, field: &Field) -> Vec<Value> {
        let fits = |value: &Value| {
            matches!(
                (&field.kind, value),
                (FieldKind::Number, Value::Number(_))
                    | (FieldKind::Money, Value::Money(_))
                    | (FieldKind::Day, Value::Day(_))
            )
        };
        let mut others: Vec<Value> = Vec::new();
        let known = self.known.iter().flat_map(|known| known.values());
        let mut add = |value: &Value| {
            if fits(value) && !others.contains(value) {
                others.push(value.clone());
            }
        };
        known.for_each(&mut add);
        for state in &self.definition.states {
            let exits = state.exits.iter().filter_map(|exit| exit.when.as_ref());
            let required = state.steps.iter().flat_map(|step| &step.require);
            for expr in exits.chain(required.map(|one| &one.is)) {
                expr.walk(&mut |expr| {
                    if let Expr::Literal(value) = expr {
                        add(value);
                    }
                });
            }
        }
        others
    }
}

/// One of the ways that each field has.
fn nth<T: Copy>(ways: [T; BASIC], variant: usize) -> T {
    let [first, second, third, fourth] = ways;
    match variant % BASIC {
        0 => first,
        1 => second,
        2 => third,
        _ => fourth,
    }
}

/// What is asked with an outcome, answered; and what the system makes.
pub(super) fn answers(
    desk: &Desk<'_>,
    step: &StepState,
    outcome: &str,
    variant: usize,
    town: &mut Town,
) -> BTreeMap<String, Value> {
    let mut answers = BTreeMap::new();
    let defined = desk.definition.step(&step.key);
    let Some((_, defined)) = defined.filter(|_| step.directive.is_none()) else {
        return answers;
    };
    let asked = defined
        .asks
        .iter()
        .filter(|ask| ask.with.is_empty() || ask.with.iter().any(|one| one == outcome))
        .map(|ask| ask.field.as_str());
    let made = match &defined.effect {
        Some(Effect::Form { into, .. }) => Some(into.as_str()),
        _ => None,
    };
    for key in asked.chain(made) {
        if let Some(field) = desk.definition.field(key) {
            answers.insert(key.to_owned(), desk.value(field, variant, town));
        }
    }
    answers
}

/// The outcomes of a step: those that go on, those that go back, those that drop the workflow.
pub(super) fn outcomes(definition: &Definition, step: &StepState) -> [Vec<String>; 3] {
    let defined = definition
        .step(&step.key)
        .filter(|_| step.directive.is_none());
    let Some((_, defined)) = defined else {
        return [vec!["done".to_owned()], Vec::new(), Vec::new()];
    };
    let place = |id: &str| definition.states.iter().position(|state| state.id == id);
    let [mut on, mut back, mut dropped] = [Vec::new(), Vec::new(), Vec::new()];
    for outcome in &defined.outcomes {
        let to = outcome.to.as_deref();
        let end = to.and_then(|to| definition.state(to)?.end);
        let is_on = to.is_none_or(|to| place(to) > place(&step.state));
        let list = match end {
            Some(End::Dropped) => &mut dropped,
            _ if is_on => &mut on,
            _ => &mut back,
        };
        list.push(outcome.key.clone());
    }
    [on, back, dropped]
}
