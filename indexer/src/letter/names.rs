//! What may be the name of somebody: whole lines, pieces of lines, and runs of words that begin with a capital.

use std::collections::HashSet;

use super::Sheet;

/// So many names are given at most.
const NAMES_MAX: usize = 1_200;
/// The longest name, in characters.
const NAME_CHARS_MAX: usize = 200;
const NAME_CHARS_MIN: usize = 3;
/// The most words of a name.
const NAME_WORDS_MAX: usize = 7;
/// Lines of the first page below its head that are looked at.
const BODY_LINES: usize = 40;

/// Where in a letter a name stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Zone {
    /// Above the salutation: who writes, and to whom.
    Head,
    /// At the end: who signs.
    Closing,
    /// In between.
    Body,
}

/// What may be a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Name {
    /// As it is written.
    pub text: String,
    /// Where it stands.
    pub zone: Zone,
}

/// What may be names, each once.
pub(super) fn names(sheet: &Sheet<'_>) -> Vec<Name> {
    let head = sheet.first.iter().take(sheet.head);
    let head = head.map(|line| (*line, Zone::Head));
    let closing = sheet.closing.iter().rev();
    let closing = closing.map(|line| (*line, Zone::Closing));
    let body = sheet.first.iter().skip(sheet.head).take(BODY_LINES);
    let body = body.map(|line| (*line, Zone::Body));
    let mut seen = HashSet::new();
    let mut found = Vec::new();
    for (line, zone) in head.chain(closing).chain(body) {
        for text in names_in(line, zone) {
            if found.len() >= NAMES_MAX {
                return found;
            }
            if seen.insert(text.to_lowercase()) {
                found.push(Name { text, zone });
            }
        }
    }
    found
}

fn names_in(line: &str, zone: Zone) -> Vec<String> {
    let mut found = Vec::new();
    let pieces = line.split(['·', '|', '\t', ';', ',', ':', '(', ')']);
    for piece in std::iter::once(line).chain(pieces) {
        let words: Vec<&str> = piece.split_whitespace().collect();
        // In running text one word is no name: too many words are names of somebody.
        if zone != Zone::Body || words.len() > 1 {
            found.extend(name_of(&words));
        }
        for start in 0..words.len() {
            let capital = words
                .get(start)
                .is_some_and(|word| word.starts_with(|c: char| c.is_uppercase() || c.is_numeric()));
            if !capital {
                continue;
            }
            for count in (2..=NAME_WORDS_MAX).rev() {
                let run = words.get(start..start + count);
                found.extend(run.and_then(name_of));
            }
        }
    }
    found
}

fn name_of(words: &[&str]) -> Option<String> {
    let whole = words.join(" ");
    let bare = whole.trim_matches(|c: char| !c.is_alphanumeric() && c != '.' && c != ')');
    let chars = bare.chars().count();
    let fits = (NAME_CHARS_MIN..=NAME_CHARS_MAX).contains(&chars);
    (fits && bare.chars().any(char::is_alphabetic)).then(|| bare.to_owned())
}
