//! What stands in one cell of a plan, and in one field of the contract: how it is read, what is
//! refused.

use super::model::{CODE_CHARS_MAX, Disposal, WORD_CHARS_MAX, YEARS_MAX};
use crate::base::pattern::{Level, Pattern};
use crate::http::gather::steering;
use crate::http::{Fault, Text, text};

/// How a plan says that something is kept for ever.
pub(super) const FOREVER: &str = "unbefristet";

/// A rule of the domain as a fault.
pub(super) fn rule(
    code: &'static str,
    german: impl Into<String>,
    english: impl Into<String>,
) -> Fault {
    Fault::Rule {
        code,
        detail: text(german.into(), english.into()),
    }
}

/// A text of one line: blanks around it are cut, blanks and line ends within become one blank.
/// Nothing where nothing is left.
pub(super) fn line(raw: &str, max: usize) -> Result<Option<String>, Fault> {
    let blank = |c: char| matches!(c, ' ' | '\t' | '\r' | '\n');
    let words: Vec<&str> = raw.split(blank).filter(|word| !word.is_empty()).collect();
    let line = words.join(" ");
    // No XML can hold U+FFFE and U+FFFF.
    if line
        .chars()
        .any(|c| c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}'))
    {
        return Err(Fault::WrongFormat {
            expected: plain_text(),
        });
    }
    if let Some(fault) = steering(&line) {
        return Err(fault);
    }
    if line.chars().count() > max {
        return Err(Fault::TooLong {
            max: u64::try_from(max).unwrap_or(u64::MAX),
        });
    }
    Ok(Some(line).filter(|line| !line.is_empty()))
}

fn plain_text() -> Text {
    text("Text ohne Steuerzeichen", "text without control characters")
}

/// A mark: letters, digits and what parts them.
pub(super) fn code(raw: &str) -> Result<String, Fault> {
    let code = line(raw, CODE_CHARS_MAX)?.ok_or(Fault::Required)?;
    let fits = |c: char| c.is_alphanumeric() || " .-/_:()+".contains(c);
    if code.chars().all(fits) {
        Ok(code)
    } else {
        Err(Fault::WrongFormat {
            expected: text(
                "ein Kennzeichen aus Buchstaben, Ziffern und . - / _ : ( ) +",
                "a mark of letters, digits and . - / _ : ( ) +",
            ),
        })
    }
}

/// A pattern by which references of this level can be made: one that counts, so that it never makes
/// the same twice, and names only what there is by then.
pub(super) fn pattern(level: Level, raw: &str) -> Result<Option<String>, Fault> {
    let Some(pattern) = line(raw, WORD_CHARS_MAX)? else {
        return Ok(None);
    };
    let read = pattern.parse::<Pattern>();
    match read.and_then(|read| read.check(level)) {
        Ok(()) => Ok(Some(pattern)),
        Err(_wrong) => Err(braces()),
    }
}

fn braces() -> Fault {
    Fault::WrongFormat {
        expected: text(
            "ein Muster mit genau einer laufenden Nummer, zum Beispiel {unit}/{year}/{seq:4}",
            "a pattern with exactly one running number, {unit}/{year}/{seq:4} for instance",
        ),
    }
}

pub(super) fn period(raw: &str) -> Result<u32, Fault> {
    let digits = raw.trim();
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(Fault::WrongFormat {
            expected: text(
                "eine Anzahl Jahre oder unbefristet",
                "a number of years, or unbefristet for ever",
            ),
        });
    }
    match digits.parse() {
        Ok(years) if years <= YEARS_MAX => Ok(years),
        Ok(_) | Err(_) => Err(Fault::TooLarge {
            max: i64::from(YEARS_MAX),
        }),
    }
}

pub(super) fn retention(raw: &str) -> Result<Option<u32>, Fault> {
    match raw.trim().to_lowercase().as_str() {
        "" => Err(Fault::Required),
        FOREVER | "dauernd" | "permanent" => Ok(None),
        years => period(years).map(Some),
    }
}

pub(super) fn transfer(raw: &str) -> Result<Option<u32>, Fault> {
    match raw.trim() {
        "" => Ok(None),
        years => period(years).map(Some),
    }
}

pub(super) fn disposal(raw: &str) -> Result<Disposal, Fault> {
    let raw = raw.trim();
    if raw.is_empty() {
        return Err(Fault::Required);
    }
    Disposal::parse(&raw.to_uppercase()).ok_or_else(|| Fault::NotOneOf {
        allowed: Disposal::ALL
            .iter()
            .map(|one| one.code().to_owned())
            .collect(),
    })
}

pub(super) fn yes(raw: &str) -> Result<bool, Fault> {
    match raw.trim().to_lowercase().as_str() {
        "1" | "true" | "ja" | "yes" | "x" => Ok(true),
        "" | "0" | "false" | "nein" | "no" => Ok(false),
        _ => Err(Fault::NotOneOf {
            allowed: vec!["0".to_owned(), "1".to_owned()],
        }),
    }
}
