//! What a letter is about: behind `Betreff:`, above the salutation, below the date, or its first heading.

use super::dates::{Placed, days_in};
use super::{Clue, Sheet, Told};

/// What stands in front of a subject.
const LABELS: [&str; 5] = ["betreff", "betrifft", "betr", "betr.", "subject"];
/// A line that is at least so long may go on below.
const LONG_CHARS: usize = 55;
const TITLE_CHARS_MIN: usize = 6;
const TITLE_CHARS_MAX: usize = 300;
/// Lines that a title has at most.
const TITLE_LINES_MAX: usize = 3;
/// A number of a house has at most so many digits.
const HOUSE_DIGITS_MAX: usize = 3;
const POSTCODE_DIGITS: usize = 5;
/// A label stands within so many characters.
const LABEL_CHARS_MAX: usize = 25;

/// What may be the title, each text once.
pub(super) fn titles(sheet: &Sheet<'_>, dates: &[Placed]) -> Vec<Told<String>> {
    let mut found: Vec<Told<String>> = Vec::new();
    let mut add = |value: Option<String>, score: f32, clue: Clue| {
        let Some(value) = value.filter(|value| !value.is_empty()) else {
            return;
        };
        if !found.iter().any(|one| one.value == value) {
            found.push(Told { value, score, clue });
        }
    };
    add(labelled(sheet), 0.95, Clue::SubjectLine);
    add(above_salutation(sheet), 0.85, Clue::AboveSalutation);
    let dated = dates.iter().find(|one| {
        matches!(one.told.clue, Clue::PlaceAndDate | Clue::DateInHead) && one.line.is_some()
    });
    let below = dated.and_then(|one| one.line).map(|line| line + 1);
    add(
        below.and_then(|line| from(sheet, line)),
        0.6,
        Clue::BelowDate,
    );
    let first = (0..sheet.head.max(1)).find_map(|line| from(sheet, line));
    add(first, 0.45, Clue::FirstHeading);
    found
}

fn labelled(sheet: &Sheet<'_>) -> Option<String> {
    sheet.first.iter().enumerate().find_map(|(at, line)| {
        let (label, rest) = line.split_once(':')?;
        if !LABELS.contains(&label.trim().to_lowercase().as_str()) {
            return None;
        }
        let rest = rest.trim();
        if rest.is_empty() {
            return from(sheet, at + 1);
        }
        Some(with_more(sheet, rest, at + 1))
    })
}

/// The lines directly above the salutation.
fn above_salutation(sheet: &Sheet<'_>) -> Option<String> {
    let salutation = sheet.salutation?;
    let mut at = salutation.checked_sub(1)?;
    let mut parts = vec![*sheet.first.get(at).filter(|line| goes_on(line))?];
    while parts.len() < TITLE_LINES_MAX {
        let Some(before) = at.checked_sub(1) else {
            break;
        };
        let Some(line) = sheet.first.get(before) else {
            break;
        };
        // A line that was broken is a full one.
        if line.chars().count() < LONG_CHARS || !goes_on(line) {
            break;
        }
        parts.push(*line);
        at = before;
    }
    parts.reverse();
    let begins = parts.first().is_some_and(|line| may_be_title(line));
    begins.then(|| joined(&parts))
}

/// A title that begins on this line.
fn from(sheet: &Sheet<'_>, at: usize) -> Option<String> {
    let line = sheet.first.get(at).filter(|line| may_be_title(line))?;
    Some(with_more(sheet, line, at + 1))
}

/// A line with those below into which it was broken.
fn with_more(sheet: &Sheet<'_>, line: &str, next: usize) -> String {
    let mut parts = vec![line];
    let mut long = line.chars().count() >= LONG_CHARS;
    let rest = sheet.first.iter().enumerate().skip(next);
    for (at, more) in rest.take(TITLE_LINES_MAX - 1) {
        if !long || sheet.salutation == Some(at) || !goes_on(more) {
            break;
        }
        parts.push(more);
        long = more.chars().count() >= LONG_CHARS;
    }
    joined(&parts)
}

/// One line of them; a word broken at the end of a line is whole again.
fn joined(parts: &[&str]) -> String {
    let mut whole = String::new();
    for part in parts {
        let part = part.split_whitespace().collect::<Vec<_>>().join(" ");
        let broken = whole.ends_with('-') && part.starts_with(char::is_lowercase);
        if broken {
            whole.pop();
        } else if !whole.is_empty() {
            whole.push(' ');
        }
        whole.push_str(&part);
    }
    whole.trim_end_matches([',', ';', ':']).to_owned()
}

fn goes_on(line: &str) -> bool {
    may_be_title(line) || (line.starts_with(char::is_lowercase) && !line.contains(':'))
}

/// Whether a line could be a title: no address, no label, no date, no sentence.
fn may_be_title(line: &str) -> bool {
    let chars = line.chars().count();
    if !(TITLE_CHARS_MIN..=TITLE_CHARS_MAX).contains(&chars) {
        return false;
    }
    let begins = line.starts_with(|c: char| c.is_uppercase() || c.is_ascii_digit() || c == '„');
    let sentence = line.ends_with(['.', ',', ';', ':']);
    if !begins || sentence || line.contains(['@', '·', '|', '\t']) {
        return false;
    }
    let label = line.chars().take(LABEL_CHARS_MAX).any(|c| c == ':');
    let letters = line.chars().filter(|c| c.is_alphabetic()).count();
    if label || letters * 2 < chars {
        return false;
    }
    if is_address(line) {
        return false;
    }
    // A date that takes most of the line is what the line is about.
    !days_in(line)
        .iter()
        .any(|(_, start, end)| (end - start) * 3 > line.len())
}

/// `Gerbergasse 14`, `05321 Hollerfurt`, `Postfach 12`.
fn is_address(line: &str) -> bool {
    let words: Vec<&str> = line.split_whitespace().collect();
    let digits = |word: &str, most: usize| {
        let count = word.chars().take_while(char::is_ascii_digit).count();
        (1..=most).contains(&count)
    };
    let postcode = words.first().is_some_and(|word| {
        word.len() == POSTCODE_DIGITS && word.chars().all(|c| c.is_ascii_digit())
    });
    let street = words.len() > 1
        && words.len() <= 4
        && words
            .last()
            .is_some_and(|word| word.len() <= 4 && digits(word, HOUSE_DIGITS_MAX));
    postcode || street
}
