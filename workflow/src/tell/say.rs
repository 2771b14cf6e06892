//! Expressions as German sentences. Each is a main clause, so that they can be joined without being turned.

use super::words::{counted, field, step};
use crate::definition::{Definition, FieldKind};
use crate::expr::{Expr, Op};
use crate::instance::Value;
use crate::tell::joined;

/// A condition as a sentence without its full stop: `„Bruttobetrag“ ist größer als 10.000,00 €`.
#[must_use]
pub fn condition(expr: &Expr, definition: &Definition) -> String {
    match expr {
        Expr::Pair { op, left, right } => pair(*op, left, right, definition),
        Expr::Not(inner) => negated(inner, definition),
        Expr::In { item, list } => {
            let all: Vec<_> = list
                .iter()
                .map(|one| literal(one, item, definition))
                .collect();
            format!("{} ist {}", term(item, definition), joined(&all, "oder"))
        }
        Expr::Among { item, whos } => format!(
            "{} gehört zu {}",
            term(item, definition),
            field(whos, definition)
        ),
        Expr::Holds { who, function } => {
            format!("{} hat die Funktion „{function}“", field(who, definition))
        }
        Expr::Known(key) => format!("{} ist bekannt", field(key, definition)),
        Expr::Done(key) => format!("{} ist erledigt", step(key, definition)),
        Expr::Registered(key) => format!("{} ist registriert", field(key, definition)),
        Expr::Frozen(key) => format!("{} ist unveränderlich", field(key, definition)),
        Expr::Destroyed(key) => format!("{} ist vernichtet", field(key, definition)),
        Expr::Literal(Value::YesNo(true)) => "immer".to_owned(),
        Expr::Literal(Value::YesNo(false)) => "nie".to_owned(),
        Expr::Field(_) => format!("{}: Ja", term(expr, definition)),
        Expr::Literal(_)
        | Expr::Null
        | Expr::Today
        | Expr::ActorLimit
        | Expr::ActorId
        | Expr::Initiator
        | Expr::Count(_)
        | Expr::Lookup { .. }
        | Expr::Outcome(_)
        | Expr::Taker(_)
        | Expr::WorkingDays(..)
        | Expr::AddMonths { .. }
        | Expr::If { .. }
        | Expr::Negated(_) => term(expr, definition),
    }
}

/// What an expression stands for, as a sentence names it: `14 Tage nach „Eingegangen am“`.
#[must_use]
pub fn value(expr: &Expr, definition: &Definition) -> String {
    match expr {
        Expr::Pair {
            op: Op::Plus | Op::Minus,
            ..
        } => term(expr, definition),
        Expr::Pair { .. }
        | Expr::Not(_)
        | Expr::In { .. }
        | Expr::Among { .. }
        | Expr::Holds { .. }
        | Expr::Known(_)
        | Expr::Done(_) => {
            format!("Ja, wenn gilt: {}", condition(expr, definition))
        }
        Expr::Literal(_)
        | Expr::Null
        | Expr::Field(_)
        | Expr::Today
        | Expr::ActorLimit
        | Expr::ActorId
        | Expr::Initiator
        | Expr::Count(_)
        | Expr::Lookup { .. }
        | Expr::Outcome(_)
        | Expr::Taker(_)
        | Expr::Registered(_)
        | Expr::Frozen(_)
        | Expr::Destroyed(_)
        | Expr::WorkingDays(..)
        | Expr::AddMonths { .. }
        | Expr::If { .. }
        | Expr::Negated(_) => term(expr, definition),
    }
}

/// A literal that a field is set to, by the words of that field.
pub(super) fn set_to(expr: &Expr, key: &str, definition: &Definition) -> String {
    if let Expr::Literal(found) = expr {
        return literal(found, &Expr::Field(key.to_owned()), definition);
    }
    value(expr, definition)
}

fn pair(op: Op, left: &Expr, right: &Expr, definition: &Definition) -> String {
    let compared = |not: bool| equal(left, right, not, definition);
    match op {
        Op::Or => format!(
            "{} oder {}",
            condition(left, definition),
            condition(right, definition)
        ),
        Op::And => format!(
            "{} und {}",
            within(left, definition),
            within(right, definition)
        ),
        Op::Equal => compared(false),
        Op::Unequal => compared(true),
        Op::Less | Op::LessEqual | Op::Greater | Op::GreaterEqual => {
            let days = is_day(left, definition) || is_day(right, definition);
            let between = match (op, days) {
                (Op::Less, true) => "liegt vor:",
                (Op::LessEqual, true) => "liegt nicht nach:",
                (Op::Greater, true) => "liegt nach:",
                (_, true) => "liegt nicht vor:",
                (Op::Less, false) => "ist kleiner als",
                (Op::LessEqual, false) => "ist höchstens",
                (Op::Greater, false) => "ist größer als",
                (_, false) => "ist mindestens",
            };
            format!(
                "{} {between} {}",
                term(left, definition),
                term(right, definition)
            )
        }
        Op::Plus | Op::Minus => sum(op, left, right, definition),
    }
}

/// In brackets where an *or* stands within an *and*.
fn within(expr: &Expr, definition: &Definition) -> String {
    let said = condition(expr, definition);
    if matches!(expr, Expr::Pair { op: Op::Or, .. }) {
        format!("({said})")
    } else {
        said
    }
}

fn equal(left: &Expr, right: &Expr, not: bool, definition: &Definition) -> String {
    let (left, right) = if matches!(left, Expr::Literal(_) | Expr::Null) {
        (right, left)
    } else {
        (left, right)
    };
    let item = term(left, definition);
    let no = if not { "nicht " } else { "" };
    match (left, right) {
        (_, Expr::Null) => format!("{item} ist {}bekannt", if not { "" } else { "nicht " }),
        (_, Expr::Literal(Value::YesNo(yes))) => {
            let said = if *yes { "Ja" } else { "Nein" };
            format!("{item} ist {no}mit {said} beantwortet")
        }
        (Expr::Outcome(key), Expr::Literal(Value::Text(text))) => {
            let label = outcome(key, text, definition);
            format!("{} endete {no}mit {label}", step(key, definition))
        }
        (_, Expr::Literal(found)) => {
            format!("{item} ist {no}{}", literal(found, left, definition))
        }
        _ => format!("{item} ist {no}{}", term(right, definition)),
    }
}

fn negated(inner: &Expr, definition: &Definition) -> String {
    if let Expr::Pair { op, left, right } = inner
        && matches!(op, Op::Equal | Op::Unequal)
    {
        return equal(left, right, *op == Op::Equal, definition);
    }
    if let Expr::Known(key) = inner {
        return format!("{} ist nicht bekannt", field(key, definition));
    }
    if let Expr::Done(key) = inner {
        return format!("{} ist nicht erledigt", step(key, definition));
    }
    if let Expr::Registered(key) = inner {
        return format!("{} ist nicht registriert", field(key, definition));
    }
    if let Expr::Frozen(key) = inner {
        return format!("{} ist noch veränderlich", field(key, definition));
    }
    if let Expr::Destroyed(key) = inner {
        return format!("{} ist noch nicht vernichtet", field(key, definition));
    }
    if let Expr::Holds { who, function } = inner {
        return format!(
            "{} hat nicht die Funktion „{function}“",
            field(who, definition)
        );
    }
    if let Expr::Among { item, whos } = inner {
        return format!(
            "{} gehört nicht zu {}",
            term(item, definition),
            field(whos, definition)
        );
    }
    format!("es gilt nicht: ({})", condition(inner, definition))
}

fn outcome(key: &str, outcome: &str, definition: &Definition) -> String {
    let label = definition.step(key).and_then(|(_, step)| {
        let found = step.outcomes.iter().find(|one| one.key == outcome)?;
        Some(found.label.de.as_str())
    });
    format!("„{}“", label.unwrap_or(outcome))
}

fn term(expr: &Expr, definition: &Definition) -> String {
    match expr {
        Expr::Literal(found) => literal(found, &Expr::Null, definition),
        Expr::Null => "nicht bekannt".to_owned(),
        Expr::Field(key) => field(key, definition),
        Expr::Today => "heute".to_owned(),
        Expr::ActorLimit => "die eigene Anordnungsbefugnis".to_owned(),
        Expr::ActorId => "wer handelt".to_owned(),
        Expr::Initiator => "wer das Verfahren begonnen hat".to_owned(),
        Expr::Count(key) => format!("die Zahl der Einträge in {}", field(key, definition)),
        Expr::Lookup { table, key } => format!(
            "was die Tabelle „{table}“ nennt zu {}",
            term(key, definition)
        ),
        Expr::Outcome(key) => format!("das Ergebnis von {}", step(key, definition)),
        Expr::Taker(key) => format!("wer {} erledigt hat", step(key, definition)),
        Expr::WorkingDays(from, to) => format!(
            "die Zahl der Arbeitstage von {} bis {}",
            term(from, definition),
            term(to, definition)
        ),
        Expr::AddMonths { day, months } => format!(
            "{} nach {}",
            counted(i64::from(*months), "Monat", "Monate"),
            term(day, definition)
        ),
        Expr::If {
            when,
            then,
            otherwise,
        } => format!(
            "{}, wenn gilt: ({}), sonst {}",
            term(then, definition),
            condition(when, definition),
            term(otherwise, definition)
        ),
        Expr::Negated(inner) => format!("minus {}", term(inner, definition)),
        Expr::Pair {
            op: op @ (Op::Plus | Op::Minus),
            left,
            right,
        } => sum(*op, left, right, definition),
        Expr::Known(_)
        | Expr::Done(_)
        | Expr::Registered(_)
        | Expr::Frozen(_)
        | Expr::Destroyed(_)
        | Expr::Not(_)
        | Expr::In { .. }
        | Expr::Among { .. }
        | Expr::Holds { .. }
        | Expr::Pair { .. } => format!("({})", condition(expr, definition)),
    }
}

fn sum(op: Op, left: &Expr, right: &Expr, definition: &Definition) -> String {
    let minus = op == Op::Minus;
    if let (true, Expr::Literal(Value::Number(days))) = (is_day(left, definition), right) {
        let before = minus != (*days < 0);
        let count = i64::try_from(days.unsigned_abs()).unwrap_or(i64::MAX);
        let between = if before { "vor" } else { "nach" };
        let count = counted(count, "Tag", "Tage");
        return format!("{count} {between} {}", term(left, definition));
    }
    let sign = if minus { "minus" } else { "plus" };
    format!(
        "{} {sign} {}",
        term(left, definition),
        term(right, definition)
    )
}

fn is_day(expr: &Expr, definition: &Definition) -> bool {
    if let Expr::Field(key) = expr {
        let found = definition.field(key);
        return found.is_some_and(|field| matches!(field.kind, FieldKind::Day));
    }
    if let Expr::If {
        then, otherwise, ..
    } = expr
    {
        return is_day(then, definition) || is_day(otherwise, definition);
    }
    if let Expr::Pair { op, left, right } = expr {
        let moved = matches!(op, Op::Plus | Op::Minus);
        return moved && is_day(left, definition) && !is_day(right, definition);
    }
    matches!(
        expr,
        Expr::Today | Expr::AddMonths { .. } | Expr::Literal(Value::Day(_))
    )
}

/// A literal, by the words of the field or step that it is compared with.
fn literal(found: &Value, beside: &Expr, definition: &Definition) -> String {
    match found {
        Value::YesNo(true) => "Ja".to_owned(),
        Value::YesNo(false) => "Nein".to_owned(),
        Value::Number(number) => number.to_string(),
        Value::Money(cents) => euros(*cents),
        Value::Day(day) => day.german(),
        Value::Text(text) => beside_text(text, beside, definition),
        Value::Who(_) | Value::Whos(_) | Value::Document(_) => "nicht bekannt".to_owned(),
    }
}

fn beside_text(text: &str, beside: &Expr, definition: &Definition) -> String {
    if let Expr::Outcome(key) = beside {
        return outcome(key, text, definition);
    }
    let said = if let Expr::Field(key) = beside {
        entry(key, text, definition)
    } else {
        text
    };
    format!("„{said}“")
}

fn entry<'a>(key: &str, value: &'a str, definition: &'a Definition) -> &'a str {
    let Some(FieldKind::Choice(entries)) = definition.field(key).map(|field| &field.kind) else {
        return value;
    };
    let found = entries.iter().find(|entry| entry.value == value);
    found.map_or(value, |entry| entry.label.de.as_str())
}

/// An amount as letters have it: `1.234,50 €`.
pub(super) fn euros(cents: i64) -> String {
    let sign = if cents < 0 { "-" } else { "" };
    let (whole, rest) = (cents.unsigned_abs() / 100, cents.unsigned_abs() % 100);
    let digits = whole.to_string();
    let mut grouped = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            grouped.push('.');
        }
        grouped.push(digit);
    }
    format!("{sign}{grouped},{rest:02} €")
}
