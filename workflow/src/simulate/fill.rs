//! What somebody could have written into a field.

use std::collections::BTreeMap;

use super::town::Town;
use crate::calendar::Calendar;
use crate::definition::{Definition, Effect, End, Field, FieldKind};
use crate::expr::Expr;
use crate::instance::{Assigned, Day, Id, Instant, StepState, Value};

/// How many ways of filling fields are tried where a requirement is not met.
pub(super) const VARIANTS: usize = 24;
/// How many of these each field has, whatever the definition says.
pub(super) const BASIC: usize = 4;

/// What stands around a field: when, and what could be written into it.
pub(super) struct Desk<'a> {
    pub(super) definition: &'a Definition,
    pub(super) known: Option<&'a BTreeMap<String, Value>>,
    /// What was said beforehand stands above what is made up.
    pub(super) said: &'a BTreeMap<String, Value>,
    pub(super) now: Instant,
    pub(super) calendar: &'a Calendar,
}

impl Desk<'_> {
    /// A value that a field could have.
    pub(super) fn value(&self, field: &Field, variant: usize, town: &mut Town) -> Value {
        if let Some(said) = self.said.get(&field.key) {
            return said.clone();
        }
        let person = |name: String| Assigned::Person { account: Id(name) };
        // Later ones are what the definition compares with, and what is known already.
        if let Some(later) = variant.checked_sub(BASIC) {
            let mut others = self.others(field);
            if later < others.len() {
                return others.swap_remove(later);
            }
        }
        match &field.kind {
            FieldKind::Text {
                pattern: Some(pattern),
                ..
            } => Value::Text(pattern.example.clone()),
            FieldKind::Time => {
                Value::Text(nth(["08:30", "00:00", "12:00", "23:59"], variant).to_owned())
            }
            FieldKind::Text { chars_max, .. } => {
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

    /// Amounts, numbers and days with which the definition compares, what is next beyond each, and those that
    /// are known.
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
            let steps = state.steps.iter();
            let outcomes = steps.clone().flat_map(|step| &step.outcomes);
            let required = steps.clone().flat_map(|step| &step.require);
            let asked = steps.filter_map(|step| step.when.as_ref());
            let chosen = outcomes.filter_map(|outcome| outcome.when.as_ref());
            let required = required.map(|one| &one.is);
            for expr in exits.chain(required).chain(asked).chain(chosen) {
                expr.walk(&mut |expr| {
                    if let Expr::Literal(value) = expr {
                        add(value);
                        beyond(value).iter().for_each(&mut add);
                    }
                });
            }
        }
        others
    }
}

/// What comes right after a bound: with it, other ways open than with the bound itself.
fn beyond(value: &Value) -> Option<Value> {
    match value {
        Value::Number(number) => number.checked_add(1).map(Value::Number),
        Value::Money(cents) => cents.checked_add(1).map(Value::Money),
        Value::Day(_)
        | Value::YesNo(_)
        | Value::Text(_)
        | Value::Who(_)
        | Value::Whos(_)
        | Value::Document(_) => None,
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

/// Reads `FIELD=VALUE` as somebody would say it beforehand: a day `2026-03-02`, an amount `12.50`, `true` or `false`, an
/// entry of a choice, a login or `function:CODE` (several with commas between them), text.
///
/// # Errors
///
/// What does not fit, in German.
pub fn said(definition: &Definition, text: &str) -> Result<(String, Value), String> {
    let Some((key, value)) = text.split_once('=') else {
        return Err(format!("{text}: erwartet wird FELD=WERT."));
    };
    let Some(field) = definition.field(key) else {
        let keys = definition.fields.iter().map(|field| field.key.as_str());
        let keys = keys.collect::<Vec<_>>().join(", ");
        return Err(format!(
            "Ein Feld „{key}“ gibt es nicht. Felder sind: {keys}."
        ));
    };
    let who = |name: &str| match name.split_once(':') {
        Some(("function", code)) => Assigned::Function {
            code: code.to_owned(),
        },
        _ => Assigned::Person {
            account: Id(name.to_owned()),
        },
    };
    let (read, expected) = match &field.kind {
        FieldKind::Number => (
            value.parse().ok().map(Value::Number),
            "eine ganze Zahl wie 3",
        ),
        FieldKind::Money => (cents(value).map(Value::Money), "ein Betrag wie 12.50"),
        FieldKind::Day => (Day::parse(value).map(Value::Day), "ein Tag wie 2026-03-02"),
        FieldKind::YesNo => (value.parse().ok().map(Value::YesNo), "true oder false"),
        FieldKind::Choice(entries) => {
            let is_one = entries.iter().any(|entry| entry.value == value);
            let read = is_one.then(|| Value::Text(value.to_owned()));
            (read, "ein Eintrag der Auswahl")
        }
        FieldKind::Text { pattern: None, .. } => (Some(Value::Text(value.to_owned())), "Text"),
        FieldKind::Text {
            pattern: Some(pattern),
            ..
        } => (field.kind.of_text(value), pattern.example.as_str()),
        FieldKind::Time => (field.kind.of_text(value), "eine Uhrzeit wie 08:30"),
        FieldKind::Who => (Some(Value::Who(who(value))), "eine Anmeldung"),
        FieldKind::Whos => {
            let whos = value.split(',').map(|name| who(name.trim())).collect();
            (Some(Value::Whos(whos)), "Anmeldungen")
        }
        FieldKind::Document => (Some(Value::Document(Id(value.to_owned()))), "ein Dokument"),
    };
    let read = read.filter(|_| !value.is_empty());
    let read = read.ok_or_else(|| format!("{text}: erwartet wird {expected}."))?;
    Ok((key.to_owned(), read))
}

/// An amount with two decimals.
fn cents(text: &str) -> Option<i64> {
    let (whole, part) = text.split_once('.')?;
    let digits = |text: &str| text.bytes().all(|one| one.is_ascii_digit());
    if part.len() != 2 || !digits(part) || !digits(whole.strip_prefix('-').unwrap_or(whole)) {
        return None;
    }
    format!("{whole}{part}").parse().ok()
}
