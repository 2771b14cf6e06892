//! The query language: what people type, read leniently.
//!
//! `docs/search.md` is its manual. Reading never fails because of what somebody typed: what cannot be read
//! as meant is read as words, and a note says so. Only the limits refuse.

mod amount;
mod date;
mod parse;
mod print;
#[cfg(test)]
mod tests;

use crate::entry::Day;

pub use amount::millionths;
pub(crate) use parse::parse;
pub(crate) use print::{date_in_german, place_in_german, print};

/// The longest query, in characters.
pub const QUERY_CHARS_MAX: usize = 2_000;
/// The most words in a query.
pub const QUERY_TERMS_MAX: usize = 64;
/// How deep parentheses may be nested.
pub const QUERY_DEPTH_MAX: usize = 8;

/// A query that was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Parsed {
    /// What is asked; `None` asks for everything.
    pub(crate) node: Option<Node>,
    /// What was read otherwise than written.
    pub(crate) notes: Vec<Note>,
}

/// A part of a query.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Node {
    /// All of them.
    All(Vec<Node>),
    /// At least one of them.
    Any(Vec<Node>),
    /// Not this.
    Not(Box<Node>),
    /// A word, or what a word is the beginning of.
    Word { text: String, prefix: bool },
    /// Words that stand together.
    Phrase(String),
    /// The same, in one part of the entry.
    In(Place, Box<Node>),
    /// A range of days; either end may be open.
    Days {
        field: DateField,
        from: Option<Day>,
        to: Option<Day>,
    },
    /// A range of years.
    Years { from: i32, to: i32 },
    /// What stands in a field that the house has made.
    Value {
        /// The name of the field.
        field: String,
        /// As a range, where it reads as one.
        ranges: Option<Ranges>,
        /// As words, where it is no range and nothing else.
        words: Option<Box<Node>>,
    },
}

/// A range of numbers or of days: which of them it is, the field knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Ranges {
    /// As it was typed.
    pub(crate) written: String,
    /// In millionths.
    pub(crate) numbers: Option<amount::Range>,
    /// In days.
    pub(crate) days: Option<date::Range>,
}

/// The parts of an entry that a query can name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    Text,
    Title,
    Reference,
    Correspondent,
    Kind,
    Department,
    Tag,
    File,
    /// A field that the house has made; which one, the planner knows.
    Value(usize),
}

/// The dates that a query can name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DateField {
    Document,
    Received,
}

/// What follows the colon.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FieldName {
    In(Place),
    Date(DateField),
    Year,
}

const FIELD_NAMES: &[(FieldName, &[&str])] = &[
    (
        FieldName::In(Place::Title),
        &["titel", "title", "betreff", "subject"],
    ),
    (FieldName::In(Place::Text), &["text", "inhalt", "content"]),
    (
        FieldName::In(Place::Reference),
        &["aktenzeichen", "az", "zeichen", "reference", "ref"],
    ),
    (
        FieldName::In(Place::Correspondent),
        &["korrespondent", "von", "an", "correspondent", "from"],
    ),
    (FieldName::In(Place::Kind), &["typ", "art", "type", "kind"]),
    (
        FieldName::In(Place::Department),
        &["abteilung", "amt", "fachbereich", "department"],
    ),
    (FieldName::In(Place::Tag), &["schlagwort", "tag", "tags"]),
    (FieldName::In(Place::File), &["datei", "file"]),
    (FieldName::Year, &["jahr", "year"]),
    (FieldName::Date(DateField::Document), &["datum", "date"]),
    (
        FieldName::Date(DateField::Received),
        &["eingang", "eingegangen", "received"],
    ),
];

/// Whether the query language has a field of this name itself.
#[must_use]
pub fn is_field_name(name: &str) -> bool {
    matches!(name, "feld" | "field") || FieldName::of(name).is_some()
}

impl FieldName {
    /// The field of a name as typed.
    pub(crate) fn of(name: &str) -> Option<Self> {
        let name = name.to_lowercase();
        FIELD_NAMES
            .iter()
            .find(|(_, names)| names.contains(&name.as_str()))
            .map(|(field, _)| *field)
    }

    /// The first, German name.
    pub(crate) fn german(self) -> &'static str {
        FIELD_NAMES
            .iter()
            .find(|(field, _)| *field == self)
            .and_then(|(_, names)| names.first())
            .copied()
            .unwrap_or("text")
    }
}

/// What was read otherwise than written, for the reader of the answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// Where in the query, in bytes.
    pub at: usize,
    /// What it is about.
    pub kind: NoteKind,
}

/// The kinds of notes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoteKind {
    /// A quotation mark has no partner; the phrase ends with the query.
    OpenPhrase,
    /// A parenthesis has no partner and was passed over.
    Parenthesis,
    /// An operator has nothing on one side and was passed over.
    Operator,
    /// A field has no value and was passed over.
    EmptyField,
    /// A date could not be read; its parts are looked for as words.
    Date,
    /// A prefix is too short and is looked for as a word.
    ShortPrefix,
    /// A prefix has so many words that only the most frequent were taken.
    ManyWords,
    /// Something is asked, and nothing in it can be looked for: everything is an answer.
    NoWords,
}

impl Note {
    /// The sentence for a German reader.
    #[must_use]
    pub fn german(&self) -> &'static str {
        match self.kind {
            NoteKind::OpenPhrase => {
                "Ein Anführungszeichen fehlt; die Wortfolge reicht bis zum Ende."
            }
            NoteKind::Parenthesis => "Eine Klammer ohne Gegenstück wurde übergangen.",
            NoteKind::Operator => "Ein Verknüpfungswort ohne Suchwort wurde übergangen.",
            NoteKind::EmptyField => "Ein Feld ohne Wert wurde übergangen.",
            NoteKind::Date => "Ein Datum war nicht lesbar; gesucht wird nach den Zeichen als Text.",
            NoteKind::ShortPrefix => {
                "Vor dem Stern stehen zu wenige Zeichen; gesucht wird das Wort selbst."
            }
            NoteKind::ManyWords => {
                "Auf den Stern passen sehr viele Wörter; die häufigsten wurden genommen."
            }
            NoteKind::NoWords => {
                "Die Suche enthält nichts, wonach gesucht werden kann; gezeigt wird alles."
            }
        }
    }

    /// The sentence for an English reader.
    #[must_use]
    pub fn english(&self) -> &'static str {
        match self.kind {
            NoteKind::OpenPhrase => "A quotation mark is missing; the phrase runs to the end.",
            NoteKind::Parenthesis => "A parenthesis without a partner was passed over.",
            NoteKind::Operator => "An operator without a word was passed over.",
            NoteKind::EmptyField => "A field without a value was passed over.",
            NoteKind::Date => "A date could not be read; its characters are looked for as text.",
            NoteKind::ShortPrefix => {
                "There are too few characters before the asterisk; the word itself is looked for."
            }
            NoteKind::ManyWords => {
                "Very many words match the asterisk; the most frequent were taken."
            }
            NoteKind::NoWords => {
                "There is nothing in the query that can be looked for; everything is shown."
            }
        }
    }
}
