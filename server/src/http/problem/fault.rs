//! What can be wrong with one field.

use super::super::language::{Text, text};

/// What is wrong with one field, parameter, header or part. Carries facts; [`Fault::sentence`]
/// makes them a sentence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// It must be given.
    Required,
    /// There is no such field; perhaps `near` was meant.
    Unknown {
        /// The name that resembles it most.
        near: Option<String>,
    },
    /// It was given more often than once.
    Duplicate,
    /// Another JSON type is expected, in the words of the parser.
    WrongType {
        /// What is expected.
        expected: String,
    },
    /// It does not read as what it must be.
    WrongFormat {
        /// What is expected, with an example.
        expected: Text,
    },
    /// Fewer characters than allowed.
    TooShort {
        /// The fewest characters.
        min: u64,
    },
    /// More characters than allowed.
    TooLong {
        /// The most characters.
        max: u64,
    },
    /// Below the smallest value.
    TooSmall {
        /// The smallest value.
        min: i64,
    },
    /// Above the largest value.
    TooLarge {
        /// The largest value.
        max: i64,
    },
    /// More entries than allowed.
    TooMany {
        /// The most entries.
        max: u64,
    },
    /// Not one of a fixed set of words.
    NotOneOf {
        /// The words.
        allowed: Vec<String>,
    },
    /// Names something that does not exist, or that you may not know of.
    NotFound,
    /// A rule of the domain, named by the feature.
    Rule {
        /// The code that programs act on, in kebab-case.
        code: &'static str,
        /// The rule, in a sentence.
        detail: Text,
    },
}

impl Fault {
    /// The word that programs act on.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Required => "required",
            Self::Unknown { .. } => "unknown",
            Self::Duplicate => "duplicate",
            Self::WrongType { .. } => "wrong-type",
            Self::WrongFormat { .. } => "wrong-format",
            Self::TooShort { .. } => "too-short",
            Self::TooLong { .. } => "too-long",
            Self::TooSmall { .. } => "too-small",
            Self::TooLarge { .. } => "too-large",
            Self::TooMany { .. } => "too-many",
            Self::NotOneOf { .. } => "not-one-of",
            Self::NotFound => "not-found",
            Self::Rule { code, .. } => code,
        }
    }

    /// The bound that was crossed, where there is one.
    pub fn limit(&self) -> Option<i64> {
        match self {
            Self::TooShort { min: bound }
            | Self::TooLong { max: bound }
            | Self::TooMany { max: bound } => i64::try_from(*bound).ok(),
            Self::TooSmall { min: bound } | Self::TooLarge { max: bound } => Some(*bound),
            Self::Required
            | Self::Unknown { .. }
            | Self::Duplicate
            | Self::WrongType { .. }
            | Self::WrongFormat { .. }
            | Self::NotOneOf { .. }
            | Self::NotFound
            | Self::Rule { .. } => None,
        }
    }

    /// The sentence for a person.
    pub fn sentence(&self) -> Text {
        match self {
            Self::Required => text("Diese Angabe fehlt.", "This is missing."),
            Self::Unknown { near: None } => text(
                "Diese Angabe gibt es hier nicht.",
                "There is no such field here.",
            ),
            Self::Unknown { near: Some(near) } => text(
                format!("Diese Angabe gibt es hier nicht. Gemeint war vielleicht „{near}“."),
                format!("There is no such field here. Perhaps you meant “{near}”."),
            ),
            Self::Duplicate => text(
                "Diese Angabe kommt mehrfach vor.",
                "This is given more than once.",
            ),
            Self::WrongType { expected } => text(
                format!("Falscher Typ; erwartet wird {}.", german_type(expected)),
                format!("Wrong type; expected {expected}."),
            ),
            Self::WrongFormat { expected } => text(
                format!(
                    "Nicht lesbar; erwartet wird {}.",
                    expected.get(crate::http::Language::German)
                ),
                format!(
                    "Not readable; expected {}.",
                    expected.get(crate::http::Language::English)
                ),
            ),
            Self::TooShort { min } => text(
                format!("Zu kurz; mindestens {min} Zeichen."),
                format!("Too short; at least {min} characters."),
            ),
            Self::TooLong { max } => text(
                format!("Zu lang; höchstens {max} Zeichen."),
                format!("Too long; at most {max} characters."),
            ),
            Self::TooSmall { min } => text(
                format!("Zu klein; mindestens {min}."),
                format!("Too small; at least {min}."),
            ),
            Self::TooLarge { max } => text(
                format!("Zu groß; höchstens {max}."),
                format!("Too large; at most {max}."),
            ),
            Self::TooMany { max } => text(
                format!("Zu viele Einträge; höchstens {max}."),
                format!("Too many entries; at most {max}."),
            ),
            Self::NotOneOf { allowed } => {
                let words = allowed.join(", ");
                text(
                    format!("Nicht vorgesehen; möglich sind: {words}."),
                    format!("Not one of: {words}."),
                )
            }
            Self::NotFound => text(
                "Das gibt es nicht, oder Sie dürfen es nicht sehen.",
                "This does not exist, or you may not see it.",
            ),
            Self::Rule { detail, .. } => detail.clone(),
        }
    }
}

/// The parser's English for the common types, in German; anything else stays as it is.
fn german_type(expected: &str) -> &str {
    match expected {
        "a string" => "eine Zeichenkette",
        "a boolean" => "true oder false",
        "a sequence" => "eine Liste",
        "a map" => "ein Objekt",
        "null" => "null",
        other if other.starts_with("struct ") => "ein Objekt",
        other
            if [
                "u8", "u16", "u32", "u64", "i8", "i16", "i32", "i64", "usize",
            ]
            .contains(&other) =>
        {
            "eine ganze Zahl"
        }
        other => other,
    }
}
