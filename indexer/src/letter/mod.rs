//! What a letter says of itself, by the places where German letters say it.
//!
//! Rules over the lines of a text, nothing learned: where a subject stands, where a date, where a sender. What
//! is found is a proposal with the place that speaks for it; who proposes it further checks it against what he
//! knows. Limits hold for whatever is read, so that a hostile text costs no more than a long letter.

mod codes;
mod dates;
mod names;
mod subject;
#[cfg(test)]
mod tests;

pub use codes::Code;
pub use names::{Name, Zone};

use crate::entry::Day;

/// Lines of a page that are looked at.
const LINES_MAX: usize = 200;
/// Lines at the end of the text that are looked at: there stand place, date and signature.
const CLOSING_LINES: usize = 15;
/// Pages at the beginning that are looked at.
const PAGES: usize = 2;
/// The longest line that is looked at, in bytes; a longer one is no line of a letter.
const LINE_BYTES_MAX: usize = 1_000;
/// So many lines are the head of what has no salutation.
const HEAD_LINES: usize = 15;
/// A head is never longer.
const HEAD_LINES_MAX: usize = 40;
/// So many titles and dates are proposed.
const PROPOSED_MAX: usize = 3;

/// What speaks for a title or a date.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Clue {
    /// It stands behind `Betreff:`.
    SubjectLine,
    /// It stands directly above the salutation.
    AboveSalutation,
    /// It is the first line below the date of the letter.
    BelowDate,
    /// It is the first line that could be a title.
    FirstHeading,
    /// It stands behind `Datum:`, or in a column under it.
    LabelledDate,
    /// Place and date: `Hollerfurt, den 11.02.2025`.
    PlaceAndDate,
    /// It stands alone in the head.
    DateInHead,
    /// Place and date stand at the end, above the signature.
    DateAtClosing,
    /// It stands somewhere in the head.
    DateInText,
}

/// Something that was read, how sure that is (0 to 1), and why.
#[derive(Clone, Debug, PartialEq)]
pub struct Told<T> {
    /// What was read.
    pub value: T,
    /// How sure that is, from 0 to 1.
    pub score: f32,
    /// What speaks for it.
    pub clue: Clue,
}

/// What a letter says of itself. Lists are in the order in which they are proposed.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Letter {
    /// What it may be about.
    pub titles: Vec<Told<String>>,
    /// When it may have been written.
    pub dates: Vec<Told<Day>>,
    /// What may be a reference: short pieces with a digit, as they are written.
    pub codes: Vec<Code>,
    /// What may be a name, in the order of the text.
    pub names: Vec<Name>,
    /// Addresses of e-mail, in small letters.
    pub mails: Vec<String>,
    /// IBANs, without blanks, in capitals.
    pub accounts: Vec<String>,
    /// Umsatzsteuer-Identifikationsnummern, without blanks.
    pub tax_ids: Vec<String>,
}

/// A line with the page on which it stands, from 1.
#[derive(Clone, Copy, Debug)]
struct Line<'t> {
    text: &'t str,
    page: u32,
}

/// The lines that are looked at.
#[derive(Debug, Default)]
struct Sheet<'t> {
    /// Of the first page with a text.
    first: Vec<&'t str>,
    /// Before which of them an empty line stands; what was read of a PDF has none.
    parted: Vec<bool>,
    /// Of the first pages.
    lines: Vec<Line<'t>>,
    /// The last of the whole text.
    closing: Vec<&'t str>,
    /// How many of the first are the head.
    head: usize,
    /// Which of the first is the salutation.
    salutation: Option<usize>,
}

fn lines_of(page: &str) -> impl DoubleEndedIterator<Item = &str> {
    page.lines()
        .map(str::trim)
        .filter(|line| !line.is_empty() && line.len() <= LINE_BYTES_MAX)
}

impl<'t> Sheet<'t> {
    fn of(pages: &[&'t str]) -> Self {
        let written: Vec<(u32, &'t str)> = (1..)
            .zip(pages.iter().copied())
            .filter(|(_, page)| !page.trim().is_empty())
            .collect();
        let mut sheet = Self::default();
        for (page, text) in written.iter().copied().take(PAGES) {
            let lines = lines_of(text).take(LINES_MAX);
            sheet.lines.extend(lines.map(|text| Line { text, page }));
        }
        if let Some(&(_, page)) = written.first() {
            let mut empty = false;
            for line in page.lines().map(str::trim) {
                if line.is_empty() || line.len() > LINE_BYTES_MAX {
                    empty = true;
                } else if sheet.first.len() < LINES_MAX {
                    sheet.first.push(line);
                    sheet.parted.push(std::mem::take(&mut empty));
                }
            }
        }
        if let Some(&(_, page)) = written.last() {
            sheet.closing = lines_of(page).rev().take(CLOSING_LINES).collect();
            sheet.closing.reverse();
        }
        sheet.salutation = sheet.first.iter().position(|line| is_salutation(line));
        sheet.head = sheet
            .salutation
            .unwrap_or(HEAD_LINES)
            .min(HEAD_LINES_MAX)
            .min(sheet.first.len());
        sheet
    }
}

fn is_salutation(line: &str) -> bool {
    const BEGINNINGS: [&str; 8] = [
        "sehr geehrte",
        "guten tag",
        "guten morgen",
        "hallo ",
        "hallo,",
        "liebe ",
        "lieber ",
        "werte ",
    ];
    let small = line.to_lowercase();
    BEGINNINGS.iter().any(|start| small.starts_with(start))
}

/// Reads what a letter says of itself, from its pages.
#[must_use]
pub fn read(pages: &[&str]) -> Letter {
    let sheet = Sheet::of(pages);
    let dates = dates::dates(&sheet);
    let titles = subject::titles(&sheet, &dates);
    let mut proposed: Vec<Told<Day>> = Vec::new();
    for placed in dates {
        let told = placed.told;
        let known = proposed.iter().position(|one| one.value == told.value);
        let known = known.and_then(|at| proposed.get_mut(at));
        if let Some(known) = known {
            if known.score < told.score {
                *known = told;
            }
        } else {
            proposed.push(told);
        }
    }
    Letter {
        titles: best(titles),
        dates: best(proposed),
        codes: codes::codes(&sheet.lines),
        names: names::names(&sheet),
        mails: codes::mails(&sheet.lines),
        accounts: codes::accounts(&sheet.lines),
        tax_ids: codes::tax_ids(&sheet.lines),
    }
}

/// The best of them, the first first among equals.
fn best<T>(mut all: Vec<Told<T>>) -> Vec<Told<T>> {
    all.sort_by(|left, right| right.score.total_cmp(&left.score));
    all.truncate(PROPOSED_MAX);
    all
}
