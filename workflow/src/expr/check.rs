//! What goes together in an expression, and what is said where it does not.

use super::lex::fault;
use super::parse::{Node, node};
use super::{Expr, Fault, Kind, Op};
use crate::instance::Value;

/// What there is, as a remedy; not more than can be read.
pub(crate) fn known(what: &str, all: &[String]) -> String {
    const SHOWN: usize = 30;
    match all.len() {
        0 => format!("{what}: keine."),
        many if many > SHOWN => {
            let some: Vec<_> = all.iter().take(SHOWN).map(String::as_str).collect();
            format!("{what}: {} und {} weitere.", some.join(", "), many - SHOWN)
        }
        _ => format!("{what}: {}.", all.join(", ")),
    }
}

pub(super) fn of_kind(at: usize, key: &str, kind: Kind, kinds: &[Kind]) -> Result<(), Fault> {
    if kinds.contains(&kind) {
        return Ok(());
    }
    let codes: Vec<_> = kinds.iter().map(|kind| kind.code()).collect();
    Err(fault(
        at,
        format!("Das Feld „{key}“ ist {}.", kind.german()),
        format!("Hier steht ein Feld der Art {}.", codes.join(" oder ")),
    ))
}

pub(super) fn negative(value: Value, at: usize) -> Result<Value, Fault> {
    match value {
        Value::Number(number) => Ok(Value::Number(-number)),
        Value::Money(cents) => Ok(Value::Money(-cents)),
        Value::YesNo(_)
        | Value::Text(_)
        | Value::Day(_)
        | Value::Who(_)
        | Value::Whos(_)
        | Value::Document(_) => Err(no_minus(at, Kind::of(&value))),
    }
}

pub(super) fn no_minus(at: usize, kind: Kind) -> Fault {
    let said = format!("Ein Minus vor {} gibt es nicht.", dative(kind));
    fault(at, said, "Es steht vor Zahlen und Beträgen.")
}

pub(super) fn is_yes_no(found: &Node) -> Result<(), Fault> {
    if found.kind == Kind::YesNo {
        return Ok(());
    }
    Err(fault(
        found.at,
        format!(
            "Hier steht {}, erwartet wird Ja oder Nein.",
            found.kind.german()
        ),
        "Bitte vergleichen, zum Beispiel mit == oder >.",
    ))
}

pub(super) fn joined(op: Op, left: Node, right: Node) -> Result<Node, Fault> {
    is_yes_no(&left)?;
    is_yes_no(&right)?;
    Ok(pair(op, left, right, Kind::YesNo))
}

fn pair(op: Op, left: Node, right: Node, kind: Kind) -> Node {
    let expr = Expr::Pair {
        op,
        left: Box::new(left.expr),
        right: Box::new(right.expr),
    };
    node(left.at, expr, kind)
}

pub(super) fn compared(op: Op, at: usize, left: Node, right: Node) -> Result<Node, Fault> {
    let kinds = (left.kind, right.kind);
    let equals = matches!(op, Op::Equal | Op::Unequal);
    let is_right = match kinds {
        (Kind::Null, Kind::Null) | (Kind::Whos, Kind::Whos) => false,
        (Kind::Null, _) | (_, Kind::Null) => equals,
        (Kind::Number, Kind::Number) | (Kind::Money, Kind::Money) | (Kind::Day, Kind::Day) => true,
        (one, other) => equals && one == other,
    };
    if !is_right {
        let said = format!(
            "Mit {} lässt sich {} nicht mit {} vergleichen.",
            op.sign(),
            left.kind.german(),
            dative(right.kind)
        );
        let remedy = if equals || left.kind != right.kind {
            remedy_for(left.kind, right.kind)
        } else {
            "Größer und kleiner gibt es bei Zahlen, Beträgen und Tagen.".to_owned()
        };
        return Err(fault(at, said, remedy));
    }
    for (one, other) in [(&left, &right), (&right, &left)] {
        if let Expr::Literal(value) = &other.expr {
            fits(one.one_of.as_ref(), value, other.at)?;
        }
    }
    Ok(pair(op, left, right, Kind::YesNo))
}

/// A choice, or an outcome, is one of those that there are.
pub(super) fn fits(one_of: Option<&Vec<String>>, value: &Value, at: usize) -> Result<(), Fault> {
    if let (Some(all), Value::Text(text)) = (one_of, value)
        && !all.contains(text)
    {
        let said = format!("„{text}“ kann das nicht sein.");
        return Err(fault(at, said, known("Möglich sind", all)));
    }
    Ok(())
}

pub(super) fn summed(op: Op, at: usize, left: Node, right: Node) -> Result<Node, Fault> {
    let kind = match (left.kind, right.kind) {
        (Kind::Number, Kind::Number) => Kind::Number,
        (Kind::Money, Kind::Money) => Kind::Money,
        (Kind::Day, Kind::Number) => Kind::Day,
        (Kind::Day, Kind::Day) if op == Op::Minus => Kind::Number,
        (one, other) => {
            let said = format!(
                "{} und {} lassen sich nicht mit {} verbinden.",
                upper(one.german()),
                other.german(),
                op.sign()
            );
            return Err(fault(
                at,
                said,
                "Es geht mit zwei Zahlen, zwei Beträgen, einem Tag und einer Zahl; Tag - Tag ist eine Zahl.",
            ));
        }
    };
    Ok(pair(op, left, right, kind))
}

/// Either of two of the same kind; one of them may be nothing.
pub(super) fn chosen(at: usize, when: Node, then: Node, otherwise: Node) -> Result<Node, Fault> {
    is_yes_no(&when)?;
    let kind = match (then.kind, otherwise.kind) {
        (Kind::Null, other) => other,
        (one, Kind::Null) => one,
        (one, other) if one == other => one,
        (one, other) => {
            let said = format!(
                "Hier stehen {} und {} zur Wahl.",
                one.german(),
                other.german()
            );
            let remedy = "Bitte zweimal dieselbe Art angeben.";
            return Err(fault(otherwise.at, said, remedy));
        }
    };
    let expr = Expr::If {
        when: Box::new(when.expr),
        then: Box::new(then.expr),
        otherwise: Box::new(otherwise.expr),
    };
    Ok(node(at, expr, kind))
}

fn upper(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| {
        first.to_uppercase().chain(chars).collect()
    })
}

pub(super) const fn dative(kind: Kind) -> &'static str {
    match kind {
        Kind::YesNo => "Ja oder Nein",
        Kind::Number => "einer Zahl",
        Kind::Money => "einem Betrag",
        Kind::Text => "einem Text",
        Kind::Day => "einem Tag",
        Kind::Who => "einer Person oder Funktion",
        Kind::Whos => "mehreren Personen oder Funktionen",
        Kind::Document => "einem Dokument",
        Kind::Null => "nichts (null)",
    }
}

pub(super) fn remedy_for(one: Kind, other: Kind) -> String {
    match (one, other) {
        (Kind::Money, Kind::Number) | (Kind::Number, Kind::Money) => {
            "Ein Betrag hat zwei Stellen nach dem Punkt: 100.00; eine Zahl hat keine: 100."
                .to_owned()
        }
        (Kind::Day, Kind::Text) | (Kind::Text, Kind::Day) => {
            "Ein Tag steht so da: @2026-03-01.".to_owned()
        }
        (Kind::Day, Kind::Number) | (Kind::Number, Kind::Day) => {
            "Ein Tag steht so da: @2026-03-01 oder today + 5; Tag - Tag ist eine Zahl.".to_owned()
        }
        (Kind::Whos, _) | (_, Kind::Whos) => "Bitte mit count(feld) zählen.".to_owned(),
        _ => "Bitte Gleiches mit Gleichem vergleichen.".to_owned(),
    }
}
