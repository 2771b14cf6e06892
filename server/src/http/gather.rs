//! Fields of a JSON body become values: all faults at once.

use serde::{Deserialize, Deserializer};

use super::language::text;
use super::problem::{Fault, Kind, Problem};
use crate::base::{CivilDate, Timestamp, steers};

/// Tells a field that is missing from one that is null.
///
/// # Errors
/// Those of the value.
pub fn present<'de, D, T>(deserializer: D) -> Result<Option<Option<T>>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    Option::<T>::deserialize(deserializer).map(Some)
}

/// Reads a member that has a value or is not there: null, which an `Option` takes for nothing, is refused.
///
/// # Errors
/// Those of the value.
pub fn not_null<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    T::deserialize(deserializer).map(Some)
}

/// Most characters of the words that a list is narrowed by.
pub const WORDS_CHARS_MAX: usize = 200;

/// What a parameter narrows a list by; blanks alone are nothing.
///
/// # Errors
/// A problem that names the parameter, where it is longer than `max` characters.
pub fn narrowing(
    parameter: &'static str,
    asked: Option<&str>,
    max: usize,
) -> Result<Option<String>, Problem> {
    let Some(words) = asked else { return Ok(None) };
    if words.chars().count() > max {
        let max = u64::try_from(max).unwrap_or(u64::MAX);
        let fault = Fault::TooLong { max };
        return Err(Problem::new(Kind::QueryInvalid).parameter(parameter, fault));
    }
    Ok((!words.trim().is_empty()).then(|| words.to_owned()))
}

/// What is wrong with a line that has characters in it which steer what is shown of others: nobody sees them, so it is
/// said which one stands where.
pub fn steering(line: &str) -> Option<Fault> {
    let (at, one) = line.chars().enumerate().find(|(_, one)| steers(*one))?;
    let (at, one) = (at + 1, u32::from(one));
    let expected = text(
        format!(
            "Text ohne unsichtbare Steuerzeichen (hier ist Zeichen {at} U+{one:04X}; bitte löschen)"
        ),
        format!("text without invisible control characters (character {at} is U+{one:04X})"),
    );
    Some(Fault::WrongFormat { expected })
}

/// Gathers faults while fields are read.
#[derive(Debug)]
pub struct Fields(Problem);

impl Default for Fields {
    fn default() -> Self {
        Self::new()
    }
}

impl Fields {
    /// Nothing is wrong yet.
    #[must_use]
    pub fn new() -> Self {
        Self(Problem::new(Kind::Validation))
    }

    /// Notes what is wrong with a field.
    pub fn fault(&mut self, pointer: impl Into<String>, fault: Fault) {
        let so_far = std::mem::replace(&mut self.0, Problem::new(Kind::Validation));
        self.0 = so_far.field(pointer.into(), fault);
    }

    /// A line of text: trimmed, not empty, not too long, without control characters and those that steer what is shown
    /// of others, such as U+202E.
    pub fn line(&mut self, pointer: &str, raw: &str, max: usize) -> Option<String> {
        let line: String = raw.split_whitespace().collect::<Vec<_>>().join(" ");
        let max = u64::try_from(max).unwrap_or(u64::MAX);
        if line.is_empty() {
            self.fault(pointer, Fault::TooShort { min: 1 });
            return None;
        }
        if u64::try_from(line.chars().count()).is_ok_and(|chars| chars > max) {
            self.fault(pointer, Fault::TooLong { max });
            return None;
        }
        if line.chars().any(char::is_control) {
            let expected = text("Text ohne Steuerzeichen", "text without control characters");
            self.fault(pointer, Fault::WrongFormat { expected });
            return None;
        }
        if let Some(fault) = steering(&line) {
            self.fault(pointer, fault);
            return None;
        }
        Some(line)
    }

    /// A line of text that somebody signs: as [`Fields::line`], and without any that nobody sees. What is read is what is kept.
    pub fn line_to_sign(&mut self, pointer: &str, raw: &str, max: usize) -> Option<String> {
        let line = self.line(pointer, raw, max)?;
        // What joins letters in other scripts joins none that are printed here.
        if line.contains(['\u{200c}', '\u{200d}']) {
            let expected = text("Text ohne Steuerzeichen", "text without control characters");
            self.fault(pointer, Fault::WrongFormat { expected });
            return None;
        }
        Some(line)
    }

    /// Several lines of text: trimmed, no control characters but line breaks, not empty, not too long.
    pub fn paragraph(&mut self, pointer: &str, raw: &str, max: usize) -> Option<String> {
        let body = raw.replace("\r\n", "\n").trim().to_owned();
        let max = u64::try_from(max).unwrap_or(u64::MAX);
        if body.is_empty() {
            self.fault(pointer, Fault::TooShort { min: 1 });
            return None;
        }
        if u64::try_from(body.chars().count()).is_ok_and(|chars| chars > max) {
            self.fault(pointer, Fault::TooLong { max });
            return None;
        }
        if body.chars().any(|one| one.is_control() && one != '\n') {
            let expected = text("Text ohne Steuerzeichen", "text without control characters");
            self.fault(pointer, Fault::WrongFormat { expected });
            return None;
        }
        Some(body)
    }

    /// Lines of text, sorted, each once.
    pub fn lines(&mut self, pointer: &str, raw: &[String], many: usize, max: usize) -> Vec<String> {
        if raw.len() > many {
            let max = u64::try_from(many).unwrap_or(u64::MAX);
            self.fault(pointer, Fault::TooMany { max });
            return Vec::new();
        }
        let read = raw.iter().enumerate();
        let mut lines: Vec<_> = read
            .filter_map(|(at, one)| self.line(&format!("{pointer}/{at}"), one, max))
            .collect();
        lines.sort();
        lines.dedup();
        lines
    }

    /// A civil date.
    pub fn date(&mut self, pointer: &str, raw: &str) -> Option<CivilDate> {
        let date = CivilDate::parse(raw);
        if date.is_none() {
            let expected = text(
                "ein Datum JJJJ-MM-TT zwischen 1500 und 2200, zum Beispiel 2026-03-02",
                "a date YYYY-MM-DD between 1500 and 2200, 2026-03-02 for instance",
            );
            self.fault(pointer, Fault::WrongFormat { expected });
        }
        date
    }

    /// An instant.
    pub fn instant(&mut self, pointer: &str, raw: &str) -> Option<Timestamp> {
        let at =
            Timestamp::parse(raw).filter(|at| crate::base::date::YEARS.contains(&at.utc().year()));
        if at.is_none() {
            let expected = text(
                "ein Zeitpunkt nach RFC 3339 zwischen 1500 und 2200, zum Beispiel 2026-03-02T08:15:00Z",
                "a time by RFC 3339 between 1500 and 2200, 2026-03-02T08:15:00Z for instance",
            );
            self.fault(pointer, Fault::WrongFormat { expected });
        }
        at
    }

    /// The value, if nothing was wrong.
    ///
    /// # Errors
    /// 422 naming every field that is wrong.
    pub fn done<T>(self, value: T) -> Result<T, Problem> {
        if self.0.faults() == 0 {
            Ok(value)
        } else {
            Err(self.0)
        }
    }
}
