//! How references are made: a pattern of literal text and facts. Nothing ever reads one back.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

/// Longest pattern, in characters.
pub const PATTERN_CHARS_MAX: usize = 100;
/// Longest reference, in characters.
pub const REFERENCE_CHARS_MAX: usize = 100;
/// Most digits to which a number is filled up.
pub const SEQ_WIDTH_MAX: u8 = 9;

/// What a reference is made for; says which facts its pattern may name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    /// A file.
    File,
    /// A case.
    Case,
    /// A document.
    Document,
}

/// A pattern, as [`Pattern::from_str`] reads it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pattern(Vec<Piece>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    Literal(String),
    Unit,
    Year,
    Seq(u8),
    File,
    Case,
    Org,
}

/// Why a text is no pattern.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum PatternError {
    /// It is empty or too long.
    #[error("a pattern has 1 to {PATTERN_CHARS_MAX} characters")]
    Length,
    /// A brace is not closed, or closed without being opened.
    #[error("a brace stands alone")]
    Brace,
    /// A name in braces is not one of those that there are.
    #[error("there is no {{{0}}}")]
    Unknown(String),
    /// The fact does not exist yet when this reference is made.
    #[error("{{{0}}} has no meaning here")]
    NotHere(&'static str),
    /// Without a number of its own, the second reference would be the first again.
    #[error("{{seq}} must stand in it exactly once")]
    Seq,
    /// A control character.
    #[error("a pattern holds no control characters")]
    Control,
}

/// What the braces stand for.
#[derive(Debug, Clone, Copy, Default)]
pub struct Facts<'a> {
    /// The mark of the plan unit.
    pub unit: &'a str,
    /// The year.
    pub year: i32,
    /// The reference of the file.
    pub file: &'a str,
    /// The reference of the case.
    pub case: &'a str,
    /// The short name of the department.
    pub org: &'a str,
}

impl Pattern {
    /// Whether it names the year: then numbers begin anew with each.
    #[must_use]
    pub fn names_year(&self) -> bool {
        self.0.contains(&Piece::Year)
    }

    /// Whether references of this level can be made by it.
    pub fn check(&self, level: Level) -> Result<(), PatternError> {
        let refused = match level {
            Level::File => [Some((Piece::File, "file")), Some((Piece::Case, "case"))],
            Level::Case => [Some((Piece::Case, "case")), None],
            Level::Document => [None, None],
        };
        for (piece, name) in refused.into_iter().flatten() {
            if self.0.contains(&piece) {
                return Err(PatternError::NotHere(name));
            }
        }
        let numbers = self
            .0
            .iter()
            .filter(|piece| matches!(piece, Piece::Seq(_)))
            .count();
        if numbers == 1 {
            Ok(())
        } else {
            Err(PatternError::Seq)
        }
    }

    /// The reference with this number. `None`: it would be longer than [`REFERENCE_CHARS_MAX`].
    #[must_use]
    pub fn make(&self, facts: &Facts<'_>, seq: u64) -> Option<String> {
        let mut made = String::new();
        for piece in &self.0 {
            match piece {
                Piece::Literal(text) => made.push_str(text),
                Piece::Unit => made.push_str(facts.unit),
                Piece::Year => made.push_str(&format!("{:04}", facts.year)),
                Piece::Seq(width) => {
                    made.push_str(&format!("{seq:0width$}", width = usize::from(*width)));
                }
                Piece::File => made.push_str(facts.file),
                Piece::Case => made.push_str(facts.case),
                Piece::Org => made.push_str(facts.org),
            }
        }
        (made.chars().count() <= REFERENCE_CHARS_MAX).then_some(made)
    }
}

fn named(name: &str) -> Result<Piece, PatternError> {
    let unknown = || PatternError::Unknown(name.to_owned());
    Ok(match name {
        "unit" => Piece::Unit,
        "year" => Piece::Year,
        "seq" => Piece::Seq(1),
        "file" => Piece::File,
        "case" => Piece::Case,
        "org" => Piece::Org,
        other => {
            let width = other.strip_prefix("seq:").ok_or_else(unknown)?;
            let digit = width.len() == 1 && width.bytes().all(|byte| byte.is_ascii_digit());
            let width: u8 = width.parse().map_err(|_source| unknown())?;
            if !digit || !(2..=SEQ_WIDTH_MAX).contains(&width) {
                return Err(unknown());
            }
            Piece::Seq(width)
        }
    })
}

impl FromStr for Pattern {
    type Err = PatternError;

    /// Reads literal text and names in braces: `{unit}-{year}/{seq:4}`.
    fn from_str(text: &str) -> Result<Self, PatternError> {
        let chars = text.chars().count();
        if chars == 0 || chars > PATTERN_CHARS_MAX {
            return Err(PatternError::Length);
        }
        if text.chars().any(char::is_control) {
            return Err(PatternError::Control);
        }
        let mut pieces = Vec::new();
        let mut rest = text;
        loop {
            let (literal, behind) = match rest.split_once('{') {
                Some((literal, behind)) => (literal, Some(behind)),
                None => (rest, None),
            };
            if literal.contains('}') {
                return Err(PatternError::Brace);
            }
            if !literal.is_empty() {
                pieces.push(Piece::Literal(literal.to_owned()));
            }
            let Some(behind) = behind else {
                return Ok(Self(pieces));
            };
            let (name, after) = behind.split_once('}').ok_or(PatternError::Brace)?;
            pieces.push(named(name)?);
            rest = after;
        }
    }
}

/// As it is read.
impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for piece in &self.0 {
            match piece {
                Piece::Literal(text) => f.write_str(text)?,
                Piece::Unit => f.write_str("{unit}")?,
                Piece::Year => f.write_str("{year}")?,
                Piece::Seq(1) => f.write_str("{seq}")?,
                Piece::Seq(width) => write!(f, "{{seq:{width}}}")?,
                Piece::File => f.write_str("{file}")?,
                Piece::Case => f.write_str("{case}")?,
                Piece::Org => f.write_str("{org}")?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Facts, Level, Pattern, PatternError};

    fn read(text: &str) -> Result<Pattern, PatternError> {
        text.parse()
    }

    #[test]
    fn the_patterns_of_the_house_make_the_references_of_the_house() {
        let facts = Facts {
            unit: "02.1.4",
            year: 2026,
            file: "02.1.4-2026/0007",
            case: "02.1.4-2026/0007-3",
            org: "bb",
        };
        let made = |text: &str, seq| read(text).ok().and_then(|one| one.make(&facts, seq));
        for (text, seq, expected) in [
            ("{unit}-{year}/{seq:4}", 7, "02.1.4-2026/0007"),
            ("{file}-{seq}", 3, "02.1.4-2026/0007-3"),
            ("{case}-{seq} {org}", 12, "02.1.4-2026/0007-3-12 bb"),
            ("Az. {seq:3}", 1234, "Az. 1234"),
        ] {
            assert_eq!(made(text, seq).as_deref(), Some(expected), "{text}");
        }
    }

    #[test]
    fn what_is_no_pattern_is_refused_with_the_reason() {
        for (text, expected) in [
            ("", PatternError::Length),
            ("{seq", PatternError::Brace),
            ("seq}", PatternError::Brace),
            ("{nummer}", PatternError::Unknown("nummer".into())),
            ("{seq:12}", PatternError::Unknown("seq:12".into())),
            ("{seq:1}", PatternError::Unknown("seq:1".into())),
            ("a\u{7}{seq}", PatternError::Control),
        ] {
            assert_eq!(read(text), Err(expected), "{text}");
        }
        let level = |text: &str, level| read(text).and_then(|one| one.check(level));
        let (file, case) = (Level::File, Level::Case);
        assert_eq!(level("{unit}", file), Err(PatternError::Seq));
        assert_eq!(level("{seq}{seq}", file), Err(PatternError::Seq));
        assert_eq!(
            level("{file}-{seq}", file),
            Err(PatternError::NotHere("file"))
        );
        assert_eq!(
            level("{case}-{seq}", case),
            Err(PatternError::NotHere("case"))
        );
        assert_eq!(level("{case}-{seq}", Level::Document), Ok(()));
    }

    proptest! {
        #[test]
        fn what_is_printed_is_read_as_the_same(
            pieces in proptest::collection::vec(prop_oneof![
                Just("{unit}".to_owned()), Just("{year}".to_owned()), Just("{file}".to_owned()),
                Just("{case}".to_owned()), Just("{org}".to_owned()), Just("{seq}".to_owned()),
                (2_u8..=9).prop_map(|width| format!("{{seq:{width}}}")),
                "[a-zA-Z0-9 ./äöü-]{1,8}",
            ], 1..9)
        ) {
            let text = pieces.concat();
            let pattern = read(&text).expect("a pattern");
            prop_assert_eq!(pattern.to_string(), text);
            prop_assert_eq!(read(&pattern.to_string()), Ok(pattern));
        }

        #[test]
        fn different_numbers_make_different_references(one in 0_u64..100_000, other in 0_u64..100_000) {
            let facts = Facts { unit: "1", year: 2026, file: "f", case: "c", org: "o" };
            let pattern = read("{unit}{seq:3}{org}").expect("a pattern");
            prop_assert_eq!(pattern.make(&facts, one) == pattern.make(&facts, other), one == other);
        }

        #[test]
        fn no_text_breaks_the_reader(text in ".{0,40}") {
            if let Ok(pattern) = read(&text) {
                prop_assert_eq!(pattern.to_string(), text);
            }
        }
    }
}
