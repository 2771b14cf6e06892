//! The rules of fields on the wire and in rows, part by part.

use serde::{Deserialize, Serialize};

use super::amount::{Amount, DECIMALS_MAX};
use super::model::{
    CODE_CHARS_MAX, CURRENCIES, ENTRIES_MAX, Entry, Kind, LABEL_CHARS_MAX, PATTERN_CHARS_MAX,
    Rules, TEXT_CHARS_DEFAULT, TEXT_CHARS_MAX, Target, flaw,
};
use crate::http::gather::Fields;
use crate::http::{Fault, Text, text};

/// What a value must be like, part by part: those that the kind has.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct RuleParts {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) max_length: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) pattern: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) decimals: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) min: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) max: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) currency: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) entries: Option<Vec<Entry>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) many: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) target: Option<Target>,
}

impl RuleParts {
    /// The rules of a kind as rows hold them; `None` where they are incomplete.
    pub(super) fn rules(self, kind: Kind) -> Option<Rules> {
        let amount = |raw: Option<String>| match raw {
            Some(raw) => Amount::parse(&raw).map(Some),
            None => Some(None),
        };
        Some(match kind {
            Kind::Text => Rules::Text {
                chars_max: self.max_length?,
                pattern: self.pattern,
            },
            Kind::Number => Rules::Number {
                decimals: self.decimals?,
                min: amount(self.min)?,
                max: amount(self.max)?,
            },
            Kind::Money => Rules::Money {
                currency: self.currency?,
                min: amount(self.min)?,
                max: amount(self.max)?,
            },
            Kind::Date => Rules::Date,
            Kind::Choice => Rules::Choice {
                entries: self.entries?,
                many: self.many.unwrap_or(false),
            },
            Kind::Reference => Rules::Reference(self.target?),
            Kind::YesNo => Rules::YesNo,
        })
    }

    /// These parts, and those of `before` where nothing is said.
    pub(super) fn over(self, before: Self) -> Self {
        Self {
            max_length: self.max_length.or(before.max_length),
            pattern: self.pattern.or(before.pattern),
            decimals: self.decimals.or(before.decimals),
            min: self.min.or(before.min),
            max: self.max.or(before.max),
            currency: self.currency.or(before.currency),
            entries: self.entries.or(before.entries),
            many: self.many.or(before.many),
            target: self.target.or(before.target),
        }
    }

    /// The rules of a kind as they come in; parts that the kind does not have are faults.
    pub(super) fn read(self, kind: Kind, fields: &mut Fields) -> Rules {
        self.refuse_others(kind, fields);
        match kind {
            Kind::Text => self.text(fields),
            Kind::Number => {
                let decimals = self.decimals.unwrap_or(0);
                if decimals > DECIMALS_MAX {
                    let max = i64::from(DECIMALS_MAX);
                    fields.fault("/decimals", Fault::TooLarge { max });
                }
                let (min, max) = bounds((self.min, self.max), decimals, fields);
                Rules::Number { decimals, min, max }
            }
            Kind::Money => {
                let currency = self.currency.unwrap_or_else(|| "EUR".to_owned());
                if !CURRENCIES.contains(&currency.as_str()) {
                    let allowed = CURRENCIES.iter().map(|one| (*one).to_owned()).collect();
                    fields.fault("/currency", Fault::NotOneOf { allowed });
                }
                let (min, max) = bounds((self.min, self.max), 2, fields);
                Rules::Money { currency, min, max }
            }
            Kind::Date => Rules::Date,
            Kind::Choice => Rules::Choice {
                entries: entries(self.entries.unwrap_or_default(), fields),
                many: self.many.unwrap_or(false),
            },
            Kind::Reference => {
                if self.target.is_none() {
                    fields.fault("/target", Fault::Required);
                }
                Rules::Reference(self.target.unwrap_or(Target::Document))
            }
            Kind::YesNo => Rules::YesNo,
        }
    }

    fn refuse_others(&self, kind: Kind, fields: &mut Fields) {
        let given = [
            ("/max_length", self.max_length.is_some(), &[Kind::Text][..]),
            ("/pattern", self.pattern.is_some(), &[Kind::Text]),
            ("/decimals", self.decimals.is_some(), &[Kind::Number]),
            ("/min", self.min.is_some(), &[Kind::Number, Kind::Money]),
            ("/max", self.max.is_some(), &[Kind::Number, Kind::Money]),
            ("/currency", self.currency.is_some(), &[Kind::Money]),
            ("/entries", self.entries.is_some(), &[Kind::Choice]),
            ("/many", self.many.is_some(), &[Kind::Choice]),
            ("/target", self.target.is_some(), &[Kind::Reference]),
        ];
        for (pointer, is_given, kinds) in given {
            if is_given && !kinds.contains(&kind) {
                let detail = text(
                    format!("Ein Feld der Art „{}“ hat das nicht.", kind.code()),
                    format!("A field of the kind “{}” does not have this.", kind.code()),
                );
                let code = "not-of-kind";
                fields.fault(pointer, Fault::Rule { code, detail });
            }
        }
    }

    fn text(self, fields: &mut Fields) -> Rules {
        let chars_max = self.max_length.unwrap_or(TEXT_CHARS_DEFAULT);
        if chars_max == 0 {
            fields.fault("/max_length", Fault::TooSmall { min: 1 });
        }
        if chars_max > TEXT_CHARS_MAX {
            let max = i64::from(TEXT_CHARS_MAX);
            fields.fault("/max_length", Fault::TooLarge { max });
        }
        let pattern = self.pattern.filter(|pattern| !pattern.is_empty());
        if let Some(expected) = pattern.as_deref().and_then(instead_of) {
            fields.fault("/pattern", Fault::WrongFormat { expected });
        }
        Rules::Text { chars_max, pattern }
    }
}

/// What is expected instead of a text that is no pattern, and where it is none.
fn instead_of(pattern: &str) -> Option<Text> {
    let (german, english) = (
        "ein regulärer Ausdruck aus höchstens 200 Zeichen, zum Beispiel R-[0-9]{4}",
        "a regular expression of at most 200 characters, R-[0-9]{4} for instance",
    );
    if pattern.chars().count() > PATTERN_CHARS_MAX {
        return Some(text(german, english));
    }
    let flaw = flaw(pattern)?;
    Some(text(
        format!("{german}; doch {}", flaw.german()),
        format!("{english}; but {}", flaw.english()),
    ))
}

fn bounds(
    (min, max): (Option<String>, Option<String>),
    decimals: u32,
    fields: &mut Fields,
) -> (Option<Amount>, Option<Amount>) {
    let mut read = |pointer: &str, raw: Option<String>| {
        let raw = raw.filter(|raw| !raw.is_empty())?;
        let amount = Amount::parse(&raw).filter(|amount| amount.decimals() <= decimals);
        if amount.is_none() {
            let expected = text(
                format!(
                    "eine Zahl mit höchstens {decimals} Nachkommastellen als Text, zum Beispiel \"12\""
                ),
                format!("a number with at most {decimals} decimals as text, \"12\" for instance"),
            );
            fields.fault(pointer, Fault::WrongFormat { expected });
        }
        amount
    };
    let (min, max) = (read("/min", min), read("/max", max));
    if min.zip(max).is_some_and(|(min, max)| min > max) {
        let detail = text(
            "Das Kleinste ist größer als das Größte.",
            "The smallest is larger than the largest.",
        );
        let code = "empty-range";
        fields.fault("/max", Fault::Rule { code, detail });
    }
    (min, max)
}

fn entries(raw: Vec<Entry>, fields: &mut Fields) -> Vec<Entry> {
    if raw.is_empty() {
        fields.fault("/entries", Fault::Required);
    }
    if raw.len() > ENTRIES_MAX {
        let max = u64::try_from(ENTRIES_MAX).unwrap_or(u64::MAX);
        fields.fault("/entries", Fault::TooMany { max });
        return Vec::new();
    }
    let mut read: Vec<Entry> = Vec::with_capacity(raw.len());
    for (at, entry) in raw.into_iter().enumerate() {
        code(fields, &format!("/entries/{at}/code"), &entry.code);
        let pointer = format!("/entries/{at}/label");
        let label = fields.line(&pointer, &entry.label, LABEL_CHARS_MAX);
        let label = label.unwrap_or_default();
        if read.iter().any(|known| known.code == entry.code) {
            fields.fault(format!("/entries/{at}/code"), Fault::Duplicate);
        }
        if read.iter().any(|known| known.label == label) {
            fields.fault(pointer, Fault::Duplicate);
        }
        read.push(Entry { label, ..entry });
    }
    read
}

/// Whether a text is a short name; notes the fault where it is not.
pub(super) fn code(fields: &mut Fields, pointer: &str, raw: &str) {
    let mut bytes = raw.bytes();
    let begins = bytes.next().is_some_and(|one| one.is_ascii_lowercase());
    let follows = bytes.all(|one| one.is_ascii_lowercase() || one.is_ascii_digit() || one == b'_');
    if !begins || !follows || raw.len() > CODE_CHARS_MAX {
        let expected = text(
            "ein Kurzname aus Kleinbuchstaben a bis z, Ziffern und _, zum Beispiel faellig_am",
            "a short name of small letters a to z, digits and _, faellig_am for instance",
        );
        fields.fault(pointer, Fault::WrongFormat { expected });
    }
}

impl From<&Rules> for RuleParts {
    fn from(rules: &Rules) -> Self {
        let none = Self::default();
        match rules.clone() {
            Rules::Text { chars_max, pattern } => Self {
                max_length: Some(chars_max),
                pattern,
                ..none
            },
            Rules::Number { decimals, min, max } => Self {
                decimals: Some(decimals),
                min: min.map(|min| min.to_string()),
                max: max.map(|max| max.to_string()),
                ..none
            },
            Rules::Money { currency, min, max } => Self {
                currency: Some(currency),
                min: min.map(|min| min.written(2)),
                max: max.map(|max| max.written(2)),
                ..none
            },
            Rules::Date | Rules::YesNo => none,
            Rules::Choice { entries, many } => Self {
                entries: Some(entries),
                many: Some(many),
                ..none
            },
            Rules::Reference(target) => Self {
                target: Some(target),
                ..none
            },
        }
    }
}
