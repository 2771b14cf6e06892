//! Forms: what is said in them, what stands around them, refusals. No async, no IO, no clock.

use std::collections::BTreeMap;
use std::path::PathBuf;

use paper::forms::{Complaint, Given, Letterhead, Refused, Why};
use paper::{Moment, PaperError};
use serde_json::Value;
use thiserror::Error;

use crate::base::db::DbError;
use crate::base::{CivilDate, Timestamp};
use crate::cases::CaseError;
use crate::documents::DocumentError;

/// Most templates that are read.
pub(super) const FORMS_MAX: usize = 1_000;
/// What makes forms.
const CREATOR: &str = "Papierlos";

/// Why something about forms was not done.
#[derive(Debug, Error)]
pub enum FormsError {
    /// A folder or a template cannot be read.
    #[error("{} cannot be read", .path.display())]
    Unreadable {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A template is wrong.
    #[error("{name}: {}", lines(.complaints))]
    Wrong {
        /// Which.
        name: String,
        /// In what way: in German, for whoever wrote it.
        complaints: Vec<Complaint>,
    },
    /// There are too many.
    #[error("{} holds more than {} templates", .path.display(), FORMS_MAX)]
    TooMany {
        /// Where.
        path: PathBuf,
    },
    /// Two templates are one version of a form, and not the same.
    #[error("{first} and {second} are both version {version} of the form {id}, and differ")]
    Twice {
        /// The form.
        id: String,
        /// The version.
        version: u32,
        /// The one.
        first: String,
        /// The other.
        second: String,
    },
    /// A template was changed after documents were made of it.
    #[error(
        "{name}: version {version} of the form {id} was changed after documents had been made of it; \
         give the change a new version and keep the old one"
    )]
    Changed {
        /// Which.
        name: String,
        /// The form.
        id: String,
        /// The version.
        version: u32,
    },
    /// There is no such form, or not in this version.
    #[error("there is no such form")]
    NotFound,
    /// What is said does not fit.
    #[error("what is said in the form does not fit")]
    Refused(Vec<Refused>),
    /// It cannot be made.
    #[error("the form cannot be made")]
    Paper(#[from] PaperError),
    /// The case.
    #[error(transparent)]
    Case(CaseError),
    /// The document.
    #[error(transparent)]
    Document(#[from] DocumentError),
    /// The database.
    #[error(transparent)]
    Db(#[from] DbError),
}

fn lines(complaints: &[Complaint]) -> String {
    let all: Vec<_> = complaints.iter().map(ToString::to_string).collect();
    all.join("; ")
}

/// What is said, as JSON has it. Null is nothing.
#[must_use]
pub(crate) fn given(values: &BTreeMap<String, Value>) -> BTreeMap<String, Given> {
    let said = values.iter().filter(|(_, value)| !value.is_null());
    let said = said.map(|(key, value)| {
        let given = match value {
            Value::String(text) => Given::Text(text.clone()),
            Value::Bool(flag) => Given::Flag(*flag),
            Value::Number(number) => Given::Number(number.to_string()),
            Value::Null | Value::Array(_) | Value::Object(_) => Given::Other,
        };
        (key.clone(), given)
    });
    said.collect()
}

/// What stands around a form that is made now.
pub(crate) fn letterhead(
    town: &str,
    office: String,
    reference: Option<String>,
    now: Timestamp,
) -> Letterhead {
    Letterhead {
        town: printable(town),
        office: printable(&office),
        reference: reference.map(|reference| printable(&reference)),
        date: CivilDate::on(now).map_or_else(String::new, german_day),
        creator: CREATOR.to_owned(),
        made: moment(now),
        salt: None,
    }
}

/// Names of the house are written as far as the font can: a form that cannot be made helps nobody.
fn printable(text: &str) -> String {
    let fits = |c: &char| {
        let mut buffer = [0; 4];
        paper::forms::unprintable(c.encode_utf8(&mut buffer)).is_none()
    };
    text.chars().filter(fits).collect()
}

/// What is known of a case as a form can hold it, where nobody is there to write it in another way: what steers is left
/// out, and `[?]` stands for what the font does not have, once for several in a row. DIN 91379 is written whole.
pub(crate) fn legible(text: &str) -> String {
    let mut legible = paper::forms::plain(&text.replace("\r\n", "\n"));
    while legible.contains("[?][?]") {
        legible = legible.replace("[?][?]", "[?]");
    }
    legible
}

fn german_day(day: CivilDate) -> String {
    let (year, month, day) = day.date().to_calendar_date();
    format!("{day:02}.{:02}.{year:04}", u8::from(month))
}

fn moment(at: Timestamp) -> Moment {
    let at = at.utc();
    Moment {
        year: u16::try_from(at.year()).unwrap_or(u16::MAX),
        month: u8::from(at.month()),
        day: at.day(),
        hour: at.hour(),
        minute: at.minute(),
        second: at.second(),
    }
}

/// A character that no form can hold, with what to do. What steers is nothing to be shown.
fn unprintable(character: char) -> (String, String) {
    let code = u32::from(character);
    let seen = paper::forms::plain(&character.to_string());
    let shown = if seen.trim().is_empty() {
        format!("U+{code:04X}")
    } else {
        format!("{character} (U+{code:04X})")
    };
    (
        format!(
            "Das Zeichen {shown} kann in einem Formular nicht stehen. Bitte ohne dieses Zeichen oder in lateinischer \
             Schrift angeben (DIN 91379)."
        ),
        format!(
            "A form cannot hold the character {shown}. Please leave it out, or write in Latin letters (DIN 91379)."
        ),
    )
}

/// What is wrong with a value, for a person, in German and in English.
pub(crate) fn sentence(why: &Why) -> (String, String) {
    let both = |german: &str, english: &str| (german.to_owned(), english.to_owned());
    match why {
        Why::Unknown => both(
            "Dieses Feld gibt es in dem Formular nicht.",
            "The form has no such field.",
        ),
        Why::NotAsked { field } => (
            format!("Danach wird nicht gefragt, nach dem, was in „{field}“ steht."),
            format!("This is not asked, for what is said in “{field}”."),
        ),
        Why::Missing => both("Diese Angabe fehlt.", "This is missing."),
        Why::WrongKind => both(
            "Das passt nicht zur Art des Feldes.",
            "This does not fit the kind of the field.",
        ),
        Why::NotADay => both(
            "Kein Tag; erwartet wird JJJJ-MM-TT, zum Beispiel 2026-03-02.",
            "No day; expected YYYY-MM-DD, 2026-03-02 for instance.",
        ),
        Why::NotAnEntry { entries } => {
            let entries = entries.join(", ");
            (
                format!("Nicht vorgesehen; möglich sind: {entries}."),
                format!("Not allowed; one of: {entries}."),
            )
        }
        Why::NotANumber { decimals } => (
            format!("Keine Zahl mit höchstens {decimals} Nachkommastellen."),
            format!("No number with at most {decimals} decimals."),
        ),
        Why::OutOfRange { min, max } => match (min, max) {
            (Some(min), Some(max)) => (
                format!("Erlaubt ist {min} bis {max}."),
                format!("Allowed is {min} to {max}."),
            ),
            (Some(min), None) => (
                format!("Zu klein; mindestens {min}."),
                format!("Too small; at least {min}."),
            ),
            (None, Some(max)) => (
                format!("Zu groß; höchstens {max}."),
                format!("Too large; at most {max}."),
            ),
            (None, None) => both("Nicht erlaubt.", "Not allowed."),
        },
        Why::TooLong { chars_max } => (
            format!("Zu lang; höchstens {chars_max} Zeichen."),
            format!("Too long; at most {chars_max} characters."),
        ),
        Why::TooManyLines { lines } => (
            format!("Zu viele Zeilen; höchstens {lines}."),
            format!("Too many lines; at most {lines}."),
        ),
        Why::Pattern { pattern } => (
            format!("Passt nicht zu dem, was verlangt ist: {pattern}"),
            format!("Does not fit what is asked for: {pattern}"),
        ),
        Why::Unprintable { character } => unprintable(*character),
    }
}
