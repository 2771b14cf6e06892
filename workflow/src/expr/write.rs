//! An expression as it is written: the same text for the same expression, with no more brackets than it needs.

use std::fmt::{Display, Formatter, Result, Write as _};

use super::{Expr, Op};
use crate::instance::Value;

/// How tightly something binds.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Binds {
    Or,
    And,
    Not,
    Compare,
    Sum,
    Minus,
    Whole,
}

impl Op {
    /// As it is written.
    #[must_use]
    pub const fn sign(self) -> &'static str {
        match self {
            Self::Or => "or",
            Self::And => "and",
            Self::Equal => "==",
            Self::Unequal => "!=",
            Self::Less => "<",
            Self::LessEqual => "<=",
            Self::Greater => ">",
            Self::GreaterEqual => ">=",
            Self::Plus => "+",
            Self::Minus => "-",
        }
    }
}

const fn binds(expr: &Expr) -> Binds {
    match expr {
        Expr::Pair { op, .. } => match op {
            Op::Or => Binds::Or,
            Op::And => Binds::And,
            Op::Plus | Op::Minus => Binds::Sum,
            Op::Equal | Op::Unequal | Op::Less | Op::LessEqual | Op::Greater | Op::GreaterEqual => {
                Binds::Compare
            }
        },
        Expr::In { .. } | Expr::Among { .. } => Binds::Compare,
        Expr::Not(_) => Binds::Not,
        Expr::Negated(_) => Binds::Minus,
        // A literal below zero is one that is negated.
        Expr::Literal(Value::Number(number) | Value::Money(number)) if *number < 0 => Binds::Minus,
        Expr::Literal(_)
        | Expr::Null
        | Expr::Field(_)
        | Expr::Today
        | Expr::ActorLimit
        | Expr::ActorId
        | Expr::Initiator
        | Expr::Known(_)
        | Expr::Count(_)
        | Expr::Lookup { .. }
        | Expr::Done(_)
        | Expr::Outcome(_)
        | Expr::Taker(_)
        | Expr::Registered(_)
        | Expr::Frozen(_)
        | Expr::Destroyed(_)
        | Expr::Holds { .. }
        | Expr::WorkingDays(..)
        | Expr::AddMonths { .. }
        | Expr::If { .. } => Binds::Whole,
    }
}

impl Display for Expr {
    fn fmt(&self, to: &mut Formatter<'_>) -> Result {
        match self {
            Self::Literal(value) => literal(value, to),
            Self::Null => to.write_str("null"),
            Self::Field(key) => to.write_str(key),
            Self::Today => to.write_str("today"),
            Self::ActorLimit => to.write_str("actor.limit"),
            Self::ActorId => to.write_str("actor.id"),
            Self::Initiator => to.write_str("initiator"),
            Self::Known(key) => write!(to, "known({key})"),
            Self::Count(key) => write!(to, "count({key})"),
            Self::Lookup { table, key } => write!(to, "lookup(\"{table}\", {key})"),
            Self::AddMonths { day, months } => write!(to, "add_months({day}, {months})"),
            Self::If {
                when,
                then,
                otherwise,
            } => either(when, then, otherwise, to),
            Self::Done(step) => write!(to, "done(\"{step}\")"),
            Self::Outcome(step) => write!(to, "outcome(\"{step}\")"),
            Self::Taker(step) => write!(to, "taker(\"{step}\")"),
            Self::Registered(key) => write!(to, "registered({key})"),
            Self::Frozen(key) => write!(to, "frozen({key})"),
            Self::Destroyed(key) => write!(to, "destroyed({key})"),
            Self::Holds { who, function } => write!(to, "holds({who}, \"{function}\")"),
            Self::Among { item, whos } => {
                within(item, Binds::Sum, to)?;
                write!(to, " in {whos}")
            }
            Self::WorkingDays(from, till) => write!(to, "working_days({from}, {till})"),
            Self::Not(inner) => {
                to.write_str("not ")?;
                within(inner, Binds::Not, to)
            }
            Self::Negated(inner) => {
                to.write_char('-')?;
                within(inner, Binds::Whole, to)
            }
            Self::In { item, list } => {
                within(item, Binds::Sum, to)?;
                to.write_str(" in [")?;
                for (number, value) in list.iter().enumerate() {
                    if number > 0 {
                        to.write_str(", ")?;
                    }
                    literal(value, to)?;
                }
                to.write_char(']')
            }
            Self::Pair { op, left, right } => {
                let (before, behind) = match op {
                    Op::Or => (Binds::Or, Binds::And),
                    Op::And => (Binds::And, Binds::Not),
                    Op::Plus | Op::Minus => (Binds::Sum, Binds::Minus),
                    Op::Equal
                    | Op::Unequal
                    | Op::Less
                    | Op::LessEqual
                    | Op::Greater
                    | Op::GreaterEqual => (Binds::Sum, Binds::Sum),
                };
                within(left, before, to)?;
                write!(to, " {} ", op.sign())?;
                within(right, behind, to)
            }
        }
    }
}

fn either(when: &Expr, then: &Expr, otherwise: &Expr, to: &mut Formatter<'_>) -> Result {
    write!(to, "if({when}, ")?;
    within(then, Binds::Sum, to)?;
    to.write_str(", ")?;
    within(otherwise, Binds::Sum, to)?;
    to.write_char(')')
}

/// In brackets where it binds less tightly than what stands around it asks for.
fn within(expr: &Expr, least: Binds, to: &mut Formatter<'_>) -> Result {
    if binds(expr) < least {
        write!(to, "({expr})")
    } else {
        write!(to, "{expr}")
    }
}

fn literal(value: &Value, to: &mut Formatter<'_>) -> Result {
    match value {
        Value::YesNo(yes) => write!(to, "{yes}"),
        Value::Number(number) => write!(to, "{number}"),
        Value::Money(cents) => {
            let sign = if *cents < 0 { "-" } else { "" };
            let cents = cents.unsigned_abs();
            write!(to, "{sign}{}.{:02}", cents / 100, cents % 100)
        }
        Value::Text(text) => {
            to.write_char('"')?;
            for c in text.chars() {
                if matches!(c, '"' | '\\') {
                    to.write_char('\\')?;
                }
                to.write_char(c)?;
            }
            to.write_char('"')
        }
        Value::Day(day) => write!(to, "@{day}"),
        // No literals are written for these, and none is read.
        Value::Who(_) | Value::Whos(_) | Value::Document(_) => to.write_str("null"),
    }
}
