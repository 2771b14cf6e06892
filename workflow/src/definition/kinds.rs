//! What a field may hold, and what becomes of a text that is meant for it.

use super::FieldKind;
use crate::expr::Kind;
use crate::instance::{Assigned, Day, Value};

/// What stands before the short name of a function in a table.
const FUNCTION: &str = "function:";

impl FieldKind {
    /// What an expression sees of it.
    #[must_use]
    pub const fn kind(&self) -> Kind {
        match self {
            Self::Text { .. } | Self::Time | Self::Choice(_) => Kind::Text,
            Self::Number => Kind::Number,
            Self::Money => Kind::Money,
            Self::Day => Kind::Day,
            Self::YesNo => Kind::YesNo,
            Self::Who => Kind::Who,
            Self::Whos => Kind::Whos,
            Self::Document => Kind::Document,
        }
    }

    /// As a definition names it.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Choice(_) => "choice",
            Self::Time => "time",
            Self::Text { .. }
            | Self::Number
            | Self::Money
            | Self::Day
            | Self::YesNo
            | Self::Who
            | Self::Whos
            | Self::Document => self.kind().code(),
        }
    }

    /// Whether a value may stand in it as it is.
    #[must_use]
    pub fn fits(&self, value: &Value) -> bool {
        match (self, value) {
            (Self::Text { chars_max, pattern }, Value::Text(text)) => {
                text.chars().count() <= *chars_max
                    && pattern.as_ref().is_none_or(|one| one.is_met_by(text))
            }
            (Self::Time, Value::Text(text)) => is_time(text),
            (Self::Choice(entries), Value::Text(text)) => {
                entries.iter().any(|entry| entry.value == *text)
            }
            (_, Value::Text(_)) => false,
            _ => self.kind() == Kind::of(value),
        }
    }

    /// What it holds when it is set to a value: the value itself if it fits, else what a text says for it,
    /// which is how rows of tables reach fields. None: neither.
    #[must_use]
    pub fn taken(&self, value: Value) -> Option<Value> {
        if self.fits(&value) {
            return Some(value);
        }
        match value {
            Value::Text(text) => self.of_text(&text),
            Value::YesNo(_)
            | Value::Number(_)
            | Value::Money(_)
            | Value::Day(_)
            | Value::Who(_)
            | Value::Whos(_)
            | Value::Document(_) => None,
        }
    }

    /// What a text says for it: `12`, `1234.50`, `2026-03-01`, `true`, `function:kst-20`, several of those
    /// with commas between them.
    #[must_use]
    pub fn of_text(&self, text: &str) -> Option<Value> {
        match self {
            Self::Text { .. } | Self::Time | Self::Choice(_) => {
                let value = Value::Text(text.to_owned());
                self.fits(&value).then_some(value)
            }
            Self::Number => text.parse().ok().map(Value::Number),
            Self::Money => cents(text).map(Value::Money),
            Self::Day => Day::parse(text).map(Value::Day),
            Self::YesNo => text.parse().ok().map(Value::YesNo),
            Self::Who => function(text).map(Value::Who),
            Self::Whos => {
                let all: Option<Vec<_>> = text.split(',').map(|one| function(one.trim())).collect();
                all.map(Value::Whos)
            }
            Self::Document => None,
        }
    }
}

/// A time of day: `00:00` to `23:59`.
fn is_time(text: &str) -> bool {
    let part = |text: &str, below: u8| {
        let digits = text.len() == 2 && text.bytes().all(|c| c.is_ascii_digit());
        digits && text.parse::<u8>().is_ok_and(|number| number < below)
    };
    let parts = text.split_once(':');
    parts.is_some_and(|(hours, minutes)| part(hours, 24) && part(minutes, 60))
}

fn function(text: &str) -> Option<Assigned> {
    let code = text.strip_prefix(FUNCTION)?;
    super::is_code(code).then(|| Assigned::Function {
        code: code.to_owned(),
    })
}

/// An amount as expressions have it: `1234.50`.
fn cents(text: &str) -> Option<i64> {
    let (sign, digits) = text.strip_prefix('-').map_or((1, text), |rest| (-1, rest));
    let (whole, cents) = digits.split_once('.')?;
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|c| c.is_ascii_digit());
    if cents.len() != 2 || !is_number(cents) || !is_number(whole) {
        return None;
    }
    let whole: i64 = whole.parse().ok()?;
    let cents: i64 = cents.parse().ok()?;
    Some(sign * whole.checked_mul(100)?.checked_add(cents)?)
}
