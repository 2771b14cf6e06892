//! Document types and fields: types, rules, refusals. No async, no IO, no clock.

use std::collections::HashMap;
use std::sync::{LazyLock, Mutex, PoisonError};

use regex_lite::Regex;
use serde::{Deserialize, Serialize};
use thiserror::Error;
use utoipa::ToSchema;
use workflow::definition::Flaw;

use super::amount::Amount;
use crate::base::db::DbError;
use crate::base::{AccountId, FieldId, Timestamp, TypeId};

/// Longest short name of a type, in characters: what a document's type may be.
pub(super) const TYPE_CODE_CHARS_MAX: usize = 100;
/// Longest short name of a field or an entry, in characters.
pub(super) const CODE_CHARS_MAX: usize = 40;
/// Longest name or label, in characters.
pub(super) const LABEL_CHARS_MAX: usize = 100;
/// Longest description, in characters.
pub(super) const DESCRIPTION_CHARS_MAX: usize = 1_000;
/// Longest pattern, in characters.
pub(super) const PATTERN_CHARS_MAX: usize = 200;
/// Longest text in a field, in characters.
pub(super) const TEXT_CHARS_MAX: u32 = 500;
/// Longest text in a field whose rules say nothing, in characters.
pub(super) const TEXT_CHARS_DEFAULT: u32 = 200;
/// Most fields of the house, retired ones too.
pub(super) const FIELDS_MAX: usize = 200;
/// Most types of the house, retired ones too.
pub(super) const TYPES_MAX: usize = 500;
/// Most fields of a type.
pub(super) const CARRIED_MAX: usize = 50;
/// Most entries of a choice.
pub(super) const ENTRIES_MAX: usize = 200;
/// Memory that a pattern may take when it was read, in bytes.
const PATTERN_BYTES_MAX: usize = 64 * 1024;

/// Currencies with two digits behind the point.
pub(super) const CURRENCIES: &[&str] = &[
    "EUR", "CHF", "CZK", "DKK", "GBP", "NOK", "PLN", "SEK", "USD",
];

/// What a field holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = FieldKind)]
pub enum Kind {
    /// Eine Zeile Text.
    Text,
    /// Eine Zahl.
    Number,
    /// Ein Geldbetrag.
    Money,
    /// Ein Datum.
    Date,
    /// Eine Auswahl.
    Choice,
    /// Ein Verweis.
    Reference,
    /// Ja oder nein.
    YesNo,
}

impl Kind {
    /// All of them.
    pub const ALL: &'static [Self] = &[
        Self::Text,
        Self::Number,
        Self::Money,
        Self::Date,
        Self::Choice,
        Self::Reference,
        Self::YesNo,
    ];

    /// As it stands in rows and answers.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Number => "number",
            Self::Money => "money",
            Self::Date => "date",
            Self::Choice => "choice",
            Self::Reference => "reference",
            Self::YesNo => "yes_no",
        }
    }

    /// Reads what `code` wrote.
    #[must_use]
    pub fn parse(code: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|one| one.code() == code)
    }
}

/// To what a reference leads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = ReferenceTarget)]
pub enum Target {
    /// Eine Akte.
    File,
    /// Ein Vorgang.
    Case,
    /// Ein Dokument.
    Document,
    /// Ein Korrespondent.
    Correspondent,
}

impl Target {
    /// As it stands in rows and answers.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::File => "file",
            Self::Case => "case",
            Self::Document => "document",
            Self::Correspondent => "correspondent",
        }
    }

    /// Reads what `code` wrote.
    #[must_use]
    pub fn parse(code: &str) -> Option<Self> {
        [Self::File, Self::Case, Self::Document, Self::Correspondent]
            .into_iter()
            .find(|one| one.code() == code)
    }
}

/// What can be chosen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ChoiceEntry)]
pub struct Entry {
    /// What documents hold; never changes.
    #[schema(pattern = "^[a-z][a-z0-9_]{0,39}$", example = "offen")]
    pub code: String,
    /// What people read.
    #[schema(min_length = 1, max_length = 100, example = "Offen")]
    pub label: String,
    /// Whether it is chosen no more; documents that have it keep it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub retired: bool,
}

/// What a value must be like.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rules {
    /// A line of text.
    Text {
        /// The most characters.
        chars_max: u32,
        /// What the whole of it must look like.
        pattern: Option<String>,
    },
    /// A number.
    Number {
        /// The most digits behind the point.
        decimals: u32,
        /// The smallest.
        min: Option<Amount>,
        /// The largest.
        max: Option<Amount>,
    },
    /// An amount of money, with two digits behind the point.
    Money {
        /// ISO 4217.
        currency: String,
        /// The smallest.
        min: Option<Amount>,
        /// The largest.
        max: Option<Amount>,
    },
    /// A civil date.
    Date,
    /// An entry of a list.
    Choice {
        /// The list.
        entries: Vec<Entry>,
        /// Whether several may be chosen.
        many: bool,
    },
    /// Something that stands elsewhere.
    Reference(Target),
    /// Yes or no.
    YesNo,
}

impl Rules {
    /// What a field with these rules holds.
    #[must_use]
    pub const fn kind(&self) -> Kind {
        match self {
            Self::Text { .. } => Kind::Text,
            Self::Number { .. } => Kind::Number,
            Self::Money { .. } => Kind::Money,
            Self::Date => Kind::Date,
            Self::Choice { .. } => Kind::Choice,
            Self::Reference(_) => Kind::Reference,
            Self::YesNo => Kind::YesNo,
        }
    }
}

/// Patterns that were read, by what is written; what a pattern means never changes.
static READ: LazyLock<Mutex<HashMap<String, Option<Regex>>>> = LazyLock::new(Mutex::default);
/// Most patterns that are kept; beyond, the keeping begins anew.
const READ_MAX: usize = FIELDS_MAX;

/// What the whole of a text must look like; `None` where the pattern cannot be read or is too large. It is read
/// once, however many values are held against it.
pub(super) fn whole(pattern: &str) -> Option<Regex> {
    let mut known = READ.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(found) = known.get(pattern) {
        return found.clone();
    }
    let found = compiled(pattern).ok();
    if known.len() >= READ_MAX {
        known.clear();
    }
    known.insert(pattern.to_owned(), found.clone());
    found
}

/// What is wrong with a pattern; nothing where it can be read.
pub(super) fn flaw(pattern: &str) -> Option<Flaw> {
    let error = compiled(pattern).err()?;
    Some(Flaw::of(pattern, &error, compiled))
}

fn compiled(pattern: &str) -> Result<Regex, regex_lite::Error> {
    let read = |pattern: &str| {
        regex_lite::RegexBuilder::new(pattern)
            .size_limit(PATTERN_BYTES_MAX)
            .build()
    };
    // By itself first: `a)|(?:b` would end the group around it, and look at a part only.
    read(pattern)?;
    read(&format!("^(?:{pattern})$"))
}

/// A field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field {
    /// Its id.
    pub id: FieldId,
    /// Counts every change; the entity tag.
    pub version: u64,
    /// Its short name; never changes.
    pub code: String,
    /// What people read.
    pub label: String,
    /// What is written into it.
    pub description: Option<String>,
    /// What a value must be like.
    pub rules: Rules,
    /// When it was retired; nothing while it is in use.
    pub retired_at: Option<Timestamp>,
    /// When it was made.
    pub created_at: Timestamp,
    /// By whom.
    pub created_by: AccountId,
    /// When it was last changed.
    pub changed_at: Timestamp,
    /// By whom.
    pub changed_by: AccountId,
}

/// A field of a type.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = TypeField)]
pub struct Carried {
    /// The short name of the field.
    #[schema(example = "betrag")]
    pub field: String,
    /// Whether a document of this type is registered only with it.
    #[serde(default)]
    pub required: bool,
}

/// A document type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DocumentType {
    /// Its id.
    pub id: TypeId,
    /// Counts every change; the entity tag.
    pub version: u64,
    /// The word that documents bear; never changes.
    pub code: String,
    /// What people read.
    pub name: String,
    /// What it is for.
    pub description: Option<String>,
    /// Its fields, in the order in which they are shown.
    pub carried: Vec<Carried>,
    /// When it was retired; nothing while it is in use.
    pub retired_at: Option<Timestamp>,
    /// When it was made.
    pub created_at: Timestamp,
    /// By whom.
    pub created_by: AccountId,
    /// When it was last changed.
    pub changed_at: Timestamp,
    /// By whom.
    pub changed_by: AccountId,
}

/// What is said about a field from the beginning.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct NewField {
    pub code: String,
    pub label: String,
    pub description: Option<String>,
    pub rules: Rules,
}

/// What is said about a type from the beginning.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct NewType {
    pub code: String,
    pub name: String,
    pub description: Option<String>,
    pub carried: Vec<Carried>,
}

/// A change of a field: what is `None` stays; what is `Some(None)` is emptied.
#[derive(Debug, Clone, Default)]
pub(super) struct FieldChange {
    pub label: Option<String>,
    pub description: Option<Option<String>>,
    pub rules: Option<Rules>,
    pub retired: Option<bool>,
}

/// A change of a type.
#[derive(Debug, Clone, Default)]
pub(super) struct TypeChange {
    pub name: Option<String>,
    pub description: Option<Option<String>>,
    pub carried: Option<Vec<Carried>>,
    pub retired: Option<bool>,
}

/// Why a value does not stand in a field, or a type not on a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// There is no such field; perhaps another was meant.
    Unknown {
        /// The one that resembles it most.
        near: Option<String>,
    },
    /// The type of the document does not carry it.
    NotOfType {
        /// The fields that it carries.
        carried: Vec<String>,
    },
    /// The field or the type was retired.
    Retired,
    /// A document of this type is registered only with it.
    Required,
    /// More fields than a document may have.
    TooManyFields,
    /// Something else is expected.
    WrongKind {
        /// What the field holds.
        kind: Kind,
    },
    /// No field could hold it.
    Shape,
    /// A fractional number of JSON is not exact.
    Inexact,
    /// No characters, or such as do not stand in a line.
    NoLine,
    /// Too many characters.
    TooLong {
        /// The most.
        max: u32,
    },
    /// It does not look as it must.
    Pattern {
        /// What it must look like.
        pattern: String,
    },
    /// Too many digits behind the point, or no number at all.
    NoNumber {
        /// The most digits behind the point.
        decimals: u32,
    },
    /// Below the smallest.
    TooSmall {
        /// The smallest.
        min: String,
    },
    /// Above the largest.
    TooLarge {
        /// The largest.
        max: String,
    },
    /// Another currency.
    Currency {
        /// The one of the field.
        currency: String,
    },
    /// No date.
    NoDate,
    /// Not an entry.
    NoEntry {
        /// The entries that may be chosen.
        allowed: Vec<String>,
    },
    /// What it leads to is not there, or not for the one who writes.
    NotFound,
}

/// Why something about types and fields was not done.
#[derive(Debug, Error)]
pub enum TypesError {
    /// There is no such type or field.
    #[error("there is no such type or field")]
    NotFound,
    /// This is the work of the records manager.
    #[error("this needs the role of the records manager")]
    Forbidden,
    /// The code is taken.
    #[error("the code is taken")]
    CodeTaken,
    /// The name or the label is taken.
    #[error("the name is taken")]
    NameTaken {
        /// Which member says it.
        pointer: &'static str,
    },
    /// The house has as many as there may be.
    #[error("there are too many")]
    TooMany {
        /// The most.
        max: usize,
    },
    /// A type names a field that is not there, or was retired.
    #[error("there is no such field")]
    NoField {
        /// Its place in the list.
        at: usize,
    },
    /// What never changes would change: a kind, a currency, a target, an entry that is left out.
    #[error("this never changes")]
    Fixed {
        /// Which member says it.
        pointer: &'static str,
    },
    /// The version given is not the current one.
    #[error("it was changed meanwhile")]
    Stale {
        /// The current version.
        current: u64,
    },
    /// The change changes nothing.
    #[error("nothing would change")]
    Unchanged,
    /// The database.
    #[error(transparent)]
    Db(#[from] DbError),
}
