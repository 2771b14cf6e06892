//! The date of a letter: not a birthday, not a day on which something is due.

use super::{Clue, Sheet, Told};
use crate::analysis::atoms::atoms;
use crate::analysis::complex::{Group, complexes};
use crate::entry::Day;

/// Words that begin so in front of a date say that it is not that of the letter.
const OTHER_DAYS: [&str; 24] = [
    "geb",
    "fällig",
    "faellig",
    "zahlbar",
    "zahlung",
    "bis",
    "frist",
    "spätestens",
    "ablauf",
    "gültig",
    "gueltig",
    "seit",
    "ab",
    "liefer",
    "leistung",
    "termin",
    "eingang",
    "eingegangen",
    "erhalten",
    "valuta",
    "buchung",
    "beginn",
    "ende",
    "stand",
];
/// Of these only the whole word counts: others begin so too.
const WHOLE: [&str; 3] = ["ab", "ende", "stand"];
/// So many words in front of a date are looked at.
const WORDS_BEFORE: usize = 4;
/// A longer line is no label of a column.
const LABEL_BYTES_MAX: usize = 120;
/// The name of a place has at most so many words, with `den`.
const PLACE_WORDS_MAX: usize = 8;
const YEARS: std::ops::RangeInclusive<i32> = 1800..=2100;

/// A date with the line of the first page on which it stands.
#[derive(Clone, Debug)]
pub(super) struct Placed {
    pub(super) told: Told<Day>,
    /// `None`: it stands at the end of the text.
    pub(super) line: Option<usize>,
}

/// The dates on a line, each with where it begins and ends.
pub(super) fn days_in(line: &str) -> Vec<(Day, usize, usize)> {
    let atoms = atoms(line);
    let found = complexes(line, &atoms).into_iter();
    found
        .filter(|one| one.group == Group::Date)
        .filter_map(|one| {
            let day = one.terms.iter().find_map(|term| day_of_term(term))?;
            let start = atoms.get(one.first)?.start;
            let end = atoms.get((one.first + one.count).checked_sub(1)?)?.end;
            YEARS.contains(&day.year()).then_some((day, start, end))
        })
        .collect()
}

/// The day of `@20250211`.
fn day_of_term(term: &str) -> Option<Day> {
    let digits = term.strip_prefix('@').filter(|rest| rest.len() == 8)?;
    let (year, rest) = digits.split_at_checked(4)?;
    let (month, day) = rest.split_at_checked(2)?;
    Day::from_calendar(year.parse().ok()?, month.parse().ok()?, day.parse().ok()?)
}

fn words(text: &str) -> Vec<String> {
    let bare = |word: &str| {
        word.trim_matches(|c: char| !c.is_alphanumeric())
            .to_lowercase()
    };
    text.split_whitespace()
        .map(bare)
        .filter(|word| !word.is_empty())
        .collect()
}

/// Whether what stands in front says that the day is another one.
fn is_other(before: &[String]) -> bool {
    before.iter().rev().take(WORDS_BEFORE).any(|word| {
        OTHER_DAYS.iter().any(|start| {
            if WHOLE.contains(start) {
                word == start
            } else {
                word.starts_with(start)
            }
        })
    })
}

fn is_label(word: &str) -> bool {
    (word.ends_with("datum") || word == "date") && !word.starts_with("geb")
}

/// Weighs a date by what stands around it on its line; `None` where it is not that of the letter.
fn weigh(line: &str, (start, end): (usize, usize), above: Option<&str>) -> Option<(f32, Clue)> {
    let before = line.get(..start)?.trim();
    let after = line
        .get(end..)?
        .trim_matches(|c: char| !c.is_alphanumeric());
    let said = words(before);
    if is_other(&said) {
        return None;
    }
    if said.last().is_some_and(|word| is_label(word)) {
        return Some((0.95, Clue::LabelledDate));
    }
    let above = above.filter(|line| line.len() <= LABEL_BYTES_MAX);
    let above = above.map(words).unwrap_or_default();
    if before.is_empty() && is_other(&above) {
        return None;
    }
    if after.is_empty() && above.iter().any(|word| is_label(word)) {
        return Some((0.85, Clue::LabelledDate));
    }
    let placed = before.ends_with(',') || said.last().is_some_and(|word| word == "den");
    let begins = before.starts_with(char::is_uppercase);
    let meeting = |word: &String| word == "am" || word == "vom" || word.ends_with("tag");
    let place = placed && begins && !said.iter().any(meeting);
    if place && after.is_empty() && said.len() <= PLACE_WORDS_MAX {
        return Some((0.9, Clue::PlaceAndDate));
    }
    let alone = before.is_empty() || before.ends_with(['·', '|', '–']);
    if alone && after.is_empty() {
        return Some((0.75, Clue::DateInHead));
    }
    Some((0.25, Clue::DateInText))
}

/// The dates that may be that of the letter.
pub(super) fn dates(sheet: &Sheet<'_>) -> Vec<Placed> {
    let mut found = Vec::new();
    for (at, line) in sheet.first.iter().enumerate().take(sheet.head) {
        let above = at.checked_sub(1).and_then(|before| sheet.first.get(before));
        for (day, start, end) in days_in(line) {
            if let Some((score, clue)) = weigh(line, (start, end), above.copied()) {
                let told = Told {
                    value: day,
                    score,
                    clue,
                };
                found.push(Placed {
                    told,
                    line: Some(at),
                });
            }
        }
    }
    for (at, line) in sheet.first.iter().enumerate().skip(sheet.head) {
        for (day, start, end) in days_in(line) {
            // In the text itself only what is called a date is one: others are spoken of.
            if let Some((_, Clue::LabelledDate)) = weigh(line, (start, end), None) {
                let told = Told {
                    value: day,
                    score: 0.6,
                    clue: Clue::LabelledDate,
                };
                found.push(Placed {
                    told,
                    line: Some(at),
                });
            }
        }
    }
    for line in &sheet.closing {
        for (day, start, end) in days_in(line) {
            if let Some((_, Clue::PlaceAndDate)) = weigh(line, (start, end), None) {
                let told = Told {
                    value: day,
                    score: 0.75,
                    clue: Clue::DateAtClosing,
                };
                found.push(Placed { told, line: None });
            }
        }
    }
    found
}
