//! Patterns of fields, and from where on one is none: the engine says it in English, and no place.

use regex_lite::{Error, Regex};

use crate::forms::template::Pattern;

/// Most beginnings that are tried, the longest first.
const TRIED_MAX: usize = 1_000;

/// A pattern, which holds for the whole text; else the character, from 1, from which on it is none.
pub(super) fn pattern(source: String) -> Result<Pattern, usize> {
    match whole(&source) {
        Ok(whole) => Ok(Pattern { source, whole }),
        Err(error) => Err(astray(&source, &error)),
    }
}

fn whole(source: &str) -> Result<Regex, Error> {
    // Alone first: `a)|(b` is none, though it would be one between brackets.
    Regex::new(source)?;
    Regex::new(&format!("^(?:{source})$"))
}

/// All beginnings that hold what is wrong are refused for the same reason.
fn astray(source: &str, error: &Error) -> usize {
    let ends: Vec<usize> = source
        .char_indices()
        .map(|(at, one)| at + one.len_utf8())
        .collect();
    let beginnings = ends.iter().rev().filter_map(|end| source.get(..*end));
    let with = beginnings
        .take(TRIED_MAX)
        .take_while(|beginning| whole(beginning).is_err_and(|other| other == *error));
    ends.len() + 1 - with.count()
}

#[cfg(test)]
mod tests {
    use super::pattern;

    #[test]
    fn what_is_no_pattern_is_told_with_its_place() {
        for (source, place) in [
            ("a)|(b", 2),
            ("(ä[", 3),
            ("[0-9]{4}-(x", 10),
            ("ab*+?)", 6),
            ("(?=a)", 3),
        ] {
            assert_eq!(pattern(source.to_owned()).err(), Some(place), "{source}");
        }
        let time = pattern("([01][0-9]|2[0-3]):[0-5][0-9]".to_owned()).expect("a pattern");
        assert!(time.whole.is_match("09:30"));
        assert!(!time.whole.is_match("109:30"));
    }
}
