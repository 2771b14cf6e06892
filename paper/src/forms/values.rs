//! What is said in the fields of a form: checked all at once.

use std::collections::BTreeMap;

use unicode_normalization::UnicodeNormalization as _;

use super::template::{Condition, Field, FieldKind, Language, Pattern, Template};
use crate::page::letters::unprintable;

/// Most digits before the comma of a number.
const DIGITS_MAX: usize = 15;

/// What somebody says in a field, as it came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Given {
    /// Words; also a day (`2026-11-02`), the value of an entry, or a number.
    Text(String),
    /// Yes or no.
    Flag(bool),
    /// A number as it was written.
    Number(String),
    /// Something that no field can be.
    Other,
}

/// Why something said is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Why {
    /// There is no such field.
    Unknown,
    /// The field is not asked, for what is said in another one.
    NotAsked {
        /// In which one.
        field: String,
    },
    /// Nothing is said.
    Missing,
    /// It is not of the kind of the field.
    WrongKind,
    /// It is no day.
    NotADay,
    /// It is no entry.
    NotAnEntry {
        /// Those that are.
        entries: Vec<String>,
    },
    /// It is no number, or has too many digits.
    NotANumber {
        /// Places that it may have behind the comma.
        decimals: usize,
    },
    /// It is too small or too large.
    OutOfRange {
        /// The smallest.
        min: Option<i64>,
        /// The largest.
        max: Option<i64>,
    },
    /// It is too long.
    TooLong {
        /// How many characters it may have.
        chars_max: usize,
    },
    /// It has too many lines.
    TooManyLines {
        /// How many it may have.
        lines: usize,
    },
    /// It does not look as it must.
    Pattern {
        /// What it must look like.
        pattern: String,
    },
    /// A form cannot hold this character.
    Unprintable {
        /// The character.
        character: char,
    },
}

/// A field whose value is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// Its key.
    pub key: String,
    /// How it is called; nothing where there is no such field.
    pub label: Option<String>,
    /// Why.
    pub why: Why,
}

/// What is said in a field.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Value {
    Words(String),
    /// Year, month, day.
    Day(String),
    Entry(String),
    Flag(bool),
    /// With a full stop before its decimals.
    Number(String),
}

impl Value {
    fn code(&self) -> &str {
        match self {
            Self::Words(text) | Self::Day(text) | Self::Entry(text) | Self::Number(text) => text,
            Self::Flag(true) => "yes",
            Self::Flag(false) => "no",
        }
    }
}

/// What is said in all fields of a form, and fits.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filled(BTreeMap<String, Value>);

impl Filled {
    /// What is said, by the keys of fields, in the order of those: days as `2026-11-02`, entries by their values,
    /// `yes` and `no`, numbers with a full stop.
    pub fn codes(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0
            .iter()
            .map(|(key, value)| (key.as_str(), value.code()))
    }

    pub(super) fn holds(&self, condition: &Condition) -> bool {
        let value = self.0.get(&condition.field);
        value.is_some_and(|value| value.code() == condition.is)
    }

    /// As it stands in the form; nothing where nothing is said.
    pub(super) fn printed(&self, field: &Field, language: Language) -> Option<String> {
        let value = self.0.get(&field.key)?;
        Some(match (value, &field.kind) {
            (Value::Day(day), _) => german_day(day),
            (Value::Flag(true), _) => "ja".to_owned(),
            (Value::Flag(false), _) => "nein".to_owned(),
            (Value::Entry(value), FieldKind::Choice(entries)) => entries
                .iter()
                .find(|entry| entry.value == *value)
                .map_or_else(
                    || value.clone(),
                    |entry| entry.label.of(language).to_owned(),
                ),
            (Value::Number(number), FieldKind::Number { unit, .. }) => {
                let number = number.replace('.', ",");
                match unit {
                    Some(unit) => format!("{number}\u{a0}{unit}"),
                    None => number,
                }
            }
            (Value::Words(text) | Value::Entry(text) | Value::Number(text), _) => text.clone(),
        })
    }
}

fn german_day(day: &str) -> String {
    let mut parts: Vec<&str> = day.split('-').collect();
    parts.reverse();
    parts.join(".")
}

impl Template {
    /// Checks what is said in the fields: what was `given`, and where nothing was, what was `found`.
    ///
    /// # Errors
    ///
    /// All that is refused, in the order of the fields.
    pub fn fill(
        &self,
        given: &BTreeMap<String, Given>,
        found: &BTreeMap<String, String>,
    ) -> Result<Filled, Vec<Refused>> {
        let mut filled = Filled::default();
        let mut refused = Vec::new();
        for field in &self.fields {
            let why = match self.said(field, &filled, given.get(&field.key), found) {
                Ok(Some(value)) => {
                    filled.0.insert(field.key.clone(), value);
                    continue;
                }
                Ok(None) => continue,
                Err(why) => why,
            };
            let label = Some(field.label.german.clone());
            let key = field.key.clone();
            refused.push(Refused { key, label, why });
        }
        let unknown = given.keys().filter(|key| self.field(key).is_none());
        refused.extend(unknown.map(|key| Refused {
            key: key.clone(),
            label: None,
            why: Why::Unknown,
        }));
        if refused.is_empty() {
            Ok(filled)
        } else {
            Err(refused)
        }
    }

    fn said(
        &self,
        field: &Field,
        filled: &Filled,
        given: Option<&Given>,
        found: &BTreeMap<String, String>,
    ) -> Result<Option<Value>, Why> {
        if let Some(when) = &field.when
            && !filled.holds(when)
        {
            return match given {
                Some(given) if !is_nothing(given) => Err(Why::NotAsked {
                    field: when.field.clone(),
                }),
                Some(_) | None => Ok(None),
            };
        }
        let own = given.filter(|given| !is_nothing(given)).cloned();
        let found = found.get(&field.key).filter(|text| !text.trim().is_empty());
        let Some(said) = own.or_else(|| found.cloned().map(Given::Text)) else {
            return if field.required {
                Err(Why::Missing)
            } else {
                Ok(None)
            };
        };
        value_of(&field.kind, said).map(Some)
    }
}

fn is_nothing(given: &Given) -> bool {
    matches!(given, Given::Text(text) if text.trim().is_empty())
}

fn value_of(kind: &FieldKind, said: Given) -> Result<Value, Why> {
    match (kind, said) {
        (
            FieldKind::Text {
                chars_max,
                lines,
                pattern,
            },
            Given::Text(text),
        ) => words(&text, (*chars_max, *lines), pattern.as_ref()).map(Value::Words),
        (FieldKind::Date, Given::Text(text)) => {
            let day = text.trim();
            is_day(day)
                .then(|| Value::Day(day.to_owned()))
                .ok_or(Why::NotADay)
        }
        (FieldKind::Choice(entries), Given::Text(text)) => {
            let found = entries.iter().find(|entry| entry.value == text);
            found
                .map(|entry| Value::Entry(entry.value.clone()))
                .ok_or_else(|| Why::NotAnEntry {
                    entries: entries.iter().map(|entry| entry.value.clone()).collect(),
                })
        }
        (FieldKind::YesNo, Given::Flag(flag)) => Ok(Value::Flag(flag)),
        (
            FieldKind::Number {
                decimals, min, max, ..
            },
            Given::Number(text) | Given::Text(text),
        ) => number(&text, *decimals, (*min, *max)).map(Value::Number),
        (
            FieldKind::Text { .. }
            | FieldKind::Date
            | FieldKind::Choice(_)
            | FieldKind::YesNo
            | FieldKind::Number { .. },
            _,
        ) => Err(Why::WrongKind),
    }
}

fn words(
    text: &str,
    (chars_max, lines_max): (usize, usize),
    pattern: Option<&Pattern>,
) -> Result<String, Why> {
    let text = text.replace("\r\n", "\n");
    let text: String = text.trim().nfc().collect();
    let chars = text.chars().count();
    if chars > chars_max {
        return Err(Why::TooLong { chars_max });
    }
    let lines = text.split('\n').count();
    if lines > lines_max {
        return Err(Why::TooManyLines { lines: lines_max });
    }
    let seen: String = text.chars().filter(|c| *c != '\n').collect();
    if let Some(character) = unprintable(&seen) {
        return Err(Why::Unprintable { character });
    }
    match pattern {
        Some(pattern) if !pattern.whole.is_match(&text) => Err(Why::Pattern {
            pattern: pattern.source.clone(),
        }),
        Some(_) | None => Ok(text),
    }
}

fn is_day(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    let [year, month, day] = parts.as_slice() else {
        return false;
    };
    let digits = |part: &str, many: usize| {
        let fits = part.len() == many && part.bytes().all(|byte| byte.is_ascii_digit());
        fits.then(|| part.parse::<u16>().ok()).flatten()
    };
    let (Some(year), Some(month), Some(day)) = (digits(year, 4), digits(month, 2), digits(day, 2))
    else {
        return false;
    };
    let is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let days = match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 if is_leap => 29,
        2 => 28,
        _ => 0,
    };
    year >= 1 && (1..=days).contains(&day)
}

fn number(
    text: &str,
    decimals: usize,
    (min, max): (Option<i64>, Option<i64>),
) -> Result<String, Why> {
    let wrong = || Why::NotANumber { decimals };
    let text = text.trim().replace(',', ".");
    let (sign, unsigned) = match text.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, text.as_str()),
    };
    let (whole, part) = unsigned.split_once('.').unwrap_or((unsigned, "0"));
    let is_digits = |digits: &str, most: usize| {
        !digits.is_empty()
            && digits.len() <= most
            && digits.bytes().all(|byte| byte.is_ascii_digit())
    };
    let has_part = unsigned.contains('.');
    if !is_digits(whole, DIGITS_MAX) || (has_part && !is_digits(part, decimals)) {
        return Err(wrong());
    }
    // Digits are compared as one whole number, so that nothing is rounded.
    let places = u32::try_from(part.len()).map_err(|_huge| wrong())?;
    let scale = 10_i128.pow(places);
    let digits: i128 = format!("{whole}{part}").parse().map_err(|_bad| wrong())?;
    let value = digits * sign;
    let below = min.is_some_and(|min| value < i128::from(min) * scale);
    let above = max.is_some_and(|max| value > i128::from(max) * scale);
    if below || above {
        return Err(Why::OutOfRange { min, max });
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_those_of_the_calendar() {
        for day in ["2026-11-02", "2024-02-29", "2000-02-29", "1931-01-31"] {
            assert!(is_day(day), "{day}");
        }
        for day in [
            "2026-02-29",
            "1900-02-29",
            "2026-13-01",
            "2026-00-10",
            "2026-04-31",
            "02.11.2026",
            "2026-1-2",
            "",
            "0000-01-01",
            "2026-11-02-",
            "+026-11-02",
        ] {
            assert!(!is_day(day), "{day}");
        }
    }

    #[test]
    fn numbers_are_exact_and_within_their_limits() {
        let check = |text: &str, decimals: usize, expect: Result<&str, Why>| {
            let found = number(text, decimals, (Some(0), Some(100)));
            assert_eq!(found, expect.map(str::to_owned), "{text}");
        };
        check("13", 0, Ok("13"));
        check(" 30,70 ", 2, Ok("30.70"));
        check("0.10", 2, Ok("0.10"));
        let wrong = |decimals| Err(Why::NotANumber { decimals });
        for text in [
            "",
            "1.",
            ".5",
            "1e3",
            "NaN",
            "1,2,3",
            "٣",
            "1.5",
            "--1",
            "9999999999999999",
        ] {
            check(text, 0, wrong(0));
        }
        check("1.005", 2, wrong(2));
        let out = || {
            Err(Why::OutOfRange {
                min: Some(0),
                max: Some(100),
            })
        };
        check("100.01", 2, out());
        check("-1", 0, out());
        check("-0.01", 2, out());
    }

    #[test]
    fn words_hold_nothing_that_steers() {
        let check = |text: &str, expect: Result<&str, char>| {
            let expect = expect
                .map(str::to_owned)
                .map_err(|character| Why::Unprintable { character });
            assert_eq!(words(text, (80, 3), None), expect, "{text:?}");
        };
        check(" Müller-Lüdenscheidt ", Ok("Müller-Lüdenscheidt"));
        check("S\u{327}\u{30c}ahin", Ok("\u{15e}\u{30c}ahin"));
        check("a\r\nb", Ok("a\nb"));
        check("a\u{202e}b", Err('\u{202e}'));
        check("a\u{0}b", Err('\u{0}'));
        check("a\u{1b}[2Jb", Err('\u{1b}'));
        check("a\u{200d}b", Err('\u{200d}'));
        check("a\u{2029}b", Err('\u{2029}'));
        check("a\tb", Err('\t'));
        check("中", Err('中'));
        check("a\rb", Err('\r'));
        assert_eq!(
            words("a\nb\nc\nd", (80, 3), None),
            Err(Why::TooManyLines { lines: 3 })
        );
        assert_eq!(
            words("abcd", (3, 1), None),
            Err(Why::TooLong { chars_max: 3 })
        );
    }
}
