//! What an expression is, given what is the case.

use super::{Expr, Facts, Op, person};
use crate::instance::{Assigned, Id, Value};

pub(super) fn value(expr: &Expr, facts: &dyn Facts) -> Option<Value> {
    Some(match expr {
        Expr::Literal(value) => value.clone(),
        Expr::Null => return None,
        Expr::Field(key) => return facts.field(key),
        Expr::Today => Value::Day(facts.today()),
        Expr::ActorLimit => Value::Money(facts.limit()?),
        Expr::ActorId => person(facts.actor()?),
        Expr::Initiator => person(facts.initiator()?),
        Expr::Known(key) => Value::YesNo(facts.field(key).is_some()),
        Expr::Count(key) => Value::Number(count(facts.field(key).as_ref())),
        Expr::Lookup { table, key } => Value::Text(lookup(table, key, facts)?),
        Expr::AddMonths { day, months } => match value(day, facts)? {
            Value::Day(day) => Value::Day(day.plus_months(*months)),
            Value::YesNo(_)
            | Value::Number(_)
            | Value::Money(_)
            | Value::Text(_)
            | Value::Who(_)
            | Value::Whos(_)
            | Value::Document(_) => return None,
        },
        Expr::Done(step) => Value::YesNo(facts.done(step)),
        Expr::Outcome(step) => Value::Text(facts.outcome(step)?),
        Expr::Taker(step) => person(facts.taker(step)?),
        Expr::Registered(key) => {
            Value::YesNo(document(key, facts).is_some_and(|id| facts.registered(&id)))
        }
        Expr::Frozen(key) => Value::YesNo(document(key, facts).is_some_and(|id| facts.frozen(&id))),
        Expr::Destroyed(key) => {
            Value::YesNo(document(key, facts).is_some_and(|id| facts.destroyed(&id)))
        }
        Expr::Holds { who, function } => Value::YesNo(holds(who, function, facts)),
        Expr::Among { item, whos } => Value::YesNo(among(item, whos, facts)),
        Expr::WorkingDays(from, to) => match (value(from, facts)?, value(to, facts)?) {
            (Value::Day(from), Value::Day(to)) => {
                Value::Number(facts.calendar().working_days(from, to))
            }
            _ => return None,
        },
        Expr::If {
            when,
            then,
            otherwise,
        } => {
            let chosen = if when.holds(facts) { then } else { otherwise };
            return value(chosen, facts);
        }
        Expr::Not(inner) => Value::YesNo(!inner.holds(facts)),
        Expr::Negated(inner) => return negated(&value(inner, facts)?),
        Expr::In { item, list } => {
            let item = value(item, facts);
            Value::YesNo(item.is_some_and(|item| list.contains(&item)))
        }
        Expr::Pair { op, left, right } => return pair(*op, left, right, facts),
    })
}

fn negated(value: &Value) -> Option<Value> {
    match value {
        Value::Number(number) => number.checked_neg().map(Value::Number),
        Value::Money(cents) => cents.checked_neg().map(Value::Money),
        Value::YesNo(_)
        | Value::Text(_)
        | Value::Day(_)
        | Value::Who(_)
        | Value::Whos(_)
        | Value::Document(_) => None,
    }
}

fn count(value: Option<&Value>) -> i64 {
    match value {
        Some(Value::Whos(whos)) => i64::try_from(whos.len()).unwrap_or(i64::MAX),
        Some(_) => 1,
        None => 0,
    }
}

fn document(key: &str, facts: &dyn Facts) -> Option<Id> {
    if let Value::Document(id) = facts.field(key)? {
        return Some(id);
    }
    None
}

/// A person holds it by what is known of him; a function is itself.
fn holds(key: &str, function: &str, facts: &dyn Facts) -> bool {
    match facts.field(key) {
        Some(Value::Who(Assigned::Person { account })) => facts.holds(&account, function),
        Some(Value::Who(Assigned::Function { code })) => code == function,
        Some(_) | None => false,
    }
}

fn among(item: &Expr, whos: &str, facts: &dyn Facts) -> bool {
    match (value(item, facts), facts.field(whos)) {
        (Some(Value::Who(who)), Some(Value::Whos(all))) => all.contains(&who),
        (_, _) => false,
    }
}

/// Rows of tables are text: what stands in the field is looked up as it is written in an expression.
fn lookup(table: &str, key: &Expr, facts: &dyn Facts) -> Option<String> {
    let key = match value(key, facts)? {
        Value::Text(text) => text,
        Value::Number(number) => number.to_string(),
        Value::YesNo(yes) => yes.to_string(),
        Value::Money(_) | Value::Day(_) | Value::Who(_) | Value::Whos(_) | Value::Document(_) => {
            return None;
        }
    };
    facts.lookup(table, &key)
}

fn pair(op: Op, left: &Expr, right: &Expr, facts: &dyn Facts) -> Option<Value> {
    let yes_no = match op {
        Op::Or => left.holds(facts) || right.holds(facts),
        Op::And => left.holds(facts) && right.holds(facts),
        Op::Plus | Op::Minus => {
            return sum(op == Op::Minus, &value(left, facts)?, &value(right, facts)?);
        }
        Op::Equal | Op::Unequal | Op::Less | Op::LessEqual | Op::Greater | Op::GreaterEqual => {
            compare(op, left, right, facts)
        }
    };
    Some(Value::YesNo(yes_no))
}

/// An amount as it is held against a limit: what is below zero is within nobody's.
fn beyond(value: Value) -> Value {
    if matches!(value, Value::Money(..0)) {
        Value::Money(i64::MAX)
    } else {
        value
    }
}

/// A comparison with what is not known is false, but for `== null` and `!= null` themselves.
fn compare(op: Op, left: &Expr, right: &Expr, facts: &dyn Facts) -> bool {
    let is_limit = *left == Expr::ActorLimit || *right == Expr::ActorLimit;
    let measured = |said: &Expr| {
        let value = value(said, facts)?;
        Some(if is_limit { beyond(value) } else { value })
    };
    let (said_null, left_value, right_value) = (
        *left == Expr::Null || *right == Expr::Null,
        measured(left),
        measured(right),
    );
    if said_null {
        let unknown = left_value.is_none() && right_value.is_none();
        return unknown == (op == Op::Equal);
    }
    let (Some(left), Some(right)) = (left_value, right_value) else {
        return false;
    };
    let order = match (&left, &right) {
        (Value::Number(left), Value::Number(right)) | (Value::Money(left), Value::Money(right)) => {
            Some(left.cmp(right))
        }
        (Value::Day(left), Value::Day(right)) => Some(left.cmp(right)),
        _ => None,
    };
    match op {
        Op::Equal => left == right,
        Op::Unequal => left != right,
        Op::Less => order.is_some_and(std::cmp::Ordering::is_lt),
        Op::LessEqual => order.is_some_and(std::cmp::Ordering::is_le),
        Op::Greater => order.is_some_and(std::cmp::Ordering::is_gt),
        Op::GreaterEqual => order.is_some_and(std::cmp::Ordering::is_ge),
        Op::Or | Op::And | Op::Plus | Op::Minus => false,
    }
}

/// What would be too large to be counted is not known.
fn sum(minus: bool, left: &Value, right: &Value) -> Option<Value> {
    let add = |left: i64, right: i64| {
        if minus {
            left.checked_sub(right)
        } else {
            left.checked_add(right)
        }
    };
    Some(match (left, right) {
        (Value::Number(left), Value::Number(right)) => Value::Number(add(*left, *right)?),
        (Value::Money(left), Value::Money(right)) => Value::Money(add(*left, *right)?),
        (Value::Day(day), Value::Number(days)) => Value::Day(day.plus_days(add(0, *days)?)),
        (Value::Day(left), Value::Day(right)) if minus => Value::Number(right.days_to(*left)),
        _ => return None,
    })
}
