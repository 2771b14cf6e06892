//! How a query was understood, in words for the clerk and in parts for programs.

use tantivy::schema::Field;

use crate::analysis::PART;
use crate::analysis::complex::Group;
use crate::entry::Day;
use crate::query::{DateField, Place, date_in_german, place_in_german};

/// How a piece of a query was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reading {
    /// A word, in all its forms, also as a part of compounds.
    Word,
    /// A word left out because it stands in every letter.
    StopWord,
    /// A word nobody uses; words spelled nearly alike were taken.
    Nearly,
    /// The beginning of words.
    Prefix,
    /// Words in this order.
    Phrase,
    /// A number.
    Number,
    /// A reference, address or another code.
    Code,
    /// An amount.
    Amount,
    /// A date.
    Date,
    /// An IBAN.
    Account,
    /// A telephone number.
    Telephone,
    /// A section of a law.
    Section,
    /// Words joined by hyphens.
    Joined,
    /// A number or a date in a field, or a range of them.
    Value,
}

impl Reading {
    pub(crate) fn of_group(group: Group) -> Self {
        match group {
            Group::Code | Group::Spaced => Self::Code,
            Group::Amount => Self::Amount,
            Group::Date => Self::Date,
            Group::Account => Self::Account,
            Group::Telephone => Self::Telephone,
            Group::Section => Self::Section,
            Group::Joined => Self::Joined,
        }
    }
}

/// One piece of the query and how it was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explained {
    /// As it was typed.
    pub written: String,
    /// How it was read.
    pub reading: Reading,
    /// The field it was looked for in; `None` for everywhere.
    pub field: Option<String>,
    /// Whether hits must not have it.
    pub excluded: bool,
    /// The terms of the index that were asked for, or the spellings taken instead.
    pub terms: Vec<String>,
    /// Parts under which the word itself would be found, if it is a compound.
    pub parts: Vec<String>,
    /// How many entries have it, of those that the asker may see.
    pub entries: u64,
    pub(crate) asked: Option<(Field, String)>,
}

impl Explained {
    pub(crate) fn new(
        written: &str,
        reading: Reading,
        place: Option<Place>,
        excluded: bool,
        terms: Vec<String>,
    ) -> Self {
        Self {
            written: written.to_owned(),
            reading,
            field: place.map(|place| place_in_german(place).to_owned()),
            excluded,
            terms,
            parts: Vec::new(),
            entries: 0,
            asked: None,
        }
    }

    pub(crate) fn with_parts(mut self, marked: &[String]) -> Self {
        self.parts = marked
            .iter()
            .filter_map(|part| part.strip_prefix(PART))
            .map(str::to_owned)
            .collect();
        self
    }

    pub(crate) fn asked_in(mut self, field: Field, mark: String) -> Self {
        self.asked = Some((field, mark));
        self
    }

    pub(crate) fn days(field: DateField, from: Option<Day>, to: Option<Day>) -> Self {
        let end = |day: Option<Day>| day.map(|day| day.to_string()).unwrap_or_default();
        let written = format!("{}..{}", end(from), end(to));
        let mut explained = Self::new(&written, Reading::Date, None, false, Vec::new());
        explained.field = Some(date_in_german(field).to_owned());
        explained
    }

    pub(crate) fn years(from: i32, to: i32) -> Self {
        let mut explained = Self::new(
            &format!("{from}..{to}"),
            Reading::Date,
            None,
            false,
            Vec::new(),
        );
        explained.field = Some("jahr".to_owned());
        explained
    }

    /// A number or a date in a field of the house.
    pub(crate) fn value(field: &str, written: &str, excluded: bool) -> Self {
        let mut explained = Self::new(written, Reading::Value, None, excluded, Vec::new());
        explained.field = Some(field.to_owned());
        explained
    }

    /// The sentence for a German reader.
    #[must_use]
    pub fn german(&self) -> String {
        let written = &self.written;
        let mut line = match self.reading {
            Reading::Word => format!(
                "„{written}“ in allen Beugungsformen, auch als Teil zusammengesetzter Wörter"
            ),
            Reading::StopWord => {
                return format!(
                    "„{written}“ wird nicht gesucht: das Wort steht in fast jedem Text"
                );
            }
            Reading::Nearly => {
                format!(
                    "„{written}“ kommt nicht vor; gesucht wird stattdessen {}",
                    quoted(&self.terms)
                )
            }
            Reading::Prefix => format!("alle Wörter, die mit „{written}“ beginnen"),
            Reading::Phrase => format!("die Wortfolge „{written}“"),
            Reading::Number => format!("die Zahl oder Kennung „{written}“"),
            Reading::Code => format!(
                "das Zeichen „{written}“, ganz oder in dieser Folge (O und 0, I und 1 gelten als gleich)"
            ),
            Reading::Amount => format!("der Betrag „{written}“, mit oder ohne Tausenderpunkt"),
            Reading::Date => format!("das Datum „{written}“ in jeder Schreibweise"),
            Reading::Account => format!("die Kontonummer „{written}“, mit oder ohne Leerzeichen"),
            Reading::Telephone => format!("die Rufnummer „{written}“ in jeder Schreibweise"),
            Reading::Section => format!("die Fundstelle „{written}“"),
            Reading::Value => format!("der Wert „{written}“"),
            Reading::Joined => format!("„{written}“, zusammen oder mit Bindestrich geschrieben"),
        };
        if let Some(field) = &self.field {
            line.push_str(&format!(" im Feld {field}"));
        }
        if self.excluded {
            line.push_str(" darf nicht vorkommen");
        } else if self.asked.is_some() && !matches!(self.reading, Reading::Prefix) {
            line.push_str(&format!(": {} Treffer", self.entries));
        }
        line
    }
}

impl Explained {
    /// The sentence for an English reader.
    #[must_use]
    pub fn english(&self) -> String {
        let written = &self.written;
        let mut line = match self.reading {
            Reading::Word => format!("“{written}” in all its forms, also as a part of compounds"),
            Reading::StopWord => {
                return format!("“{written}” is not looked for: it stands in nearly every text");
            }
            Reading::Nearly => format!(
                "“{written}” does not occur; looked for instead: {}",
                self.terms
                    .iter()
                    .map(|word| format!("“{word}”"))
                    .collect::<Vec<_>>()
                    .join(" or ")
            ),
            Reading::Prefix => format!("all words that begin with “{written}”"),
            Reading::Phrase => format!("the words “{written}” in this order"),
            Reading::Number => format!("the number “{written}”"),
            Reading::Code => format!(
                "the reference “{written}”, whole or in this order (O and 0, I and 1 are the same)"
            ),
            Reading::Amount => format!("the amount “{written}”, with or without a thousands dot"),
            Reading::Date => format!("the date “{written}” in every spelling"),
            Reading::Account => format!("the account “{written}”, with or without spaces"),
            Reading::Telephone => format!("the telephone number “{written}” in every spelling"),
            Reading::Section => format!("the section “{written}”"),
            Reading::Value => format!("the value “{written}”"),
            Reading::Joined => format!("“{written}”, written as one word or with a hyphen"),
        };
        if let Some(field) = &self.field {
            line.push_str(&format!(" in the field {field}"));
        }
        if self.excluded {
            line.push_str(" must not occur");
        } else if self.asked.is_some() && !matches!(self.reading, Reading::Prefix) {
            let hits = if self.entries == 1 { "hit" } else { "hits" };
            line.push_str(&format!(": {} {hits}", self.entries));
        }
        line
    }
}

fn quoted(words: &[String]) -> String {
    words
        .iter()
        .map(|word| format!("„{word}“"))
        .collect::<Vec<_>>()
        .join(" oder ")
}
