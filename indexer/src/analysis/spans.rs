//! Days that stand before a date and share its month or year: `22. und 23.09.2025`, `22.–24. September 2025`.

use super::atoms::Shape;
use super::complex::{Complex, Group, Line, is_glue};
use super::dates::{date_term, month_number};
use super::fold::fold;
use crate::entry::Day;

/// The most days of a list.
const LISTED_MAX: usize = 6;
/// The longest range whose inner days are found too.
const RANGE_DAYS_MAX: i32 = 31;

/// What is counted otherwise than by days: behind it `5.` is a number. Folded; `Hausnr.` is a `nummer` by then.
const COUNTED: &[&str] = &[
    "punkt",
    "punkte",
    "tagesordnungspunkt",
    "top",
    "nr",
    "nrn",
    "nummern",
    "ziffer",
    "ziffern",
    "ziff",
    "seite",
    "seiten",
    "s",
    "blatt",
    "bl",
    "zeile",
    "paragraph",
    "paragraf",
    "absatz",
    "abs",
    "artikel",
    "art",
    "satz",
    "abschnitt",
    "kapitel",
    "kap",
    "teil",
    "band",
    "bd",
    "anlage",
    "anlagen",
    "anhang",
    "position",
    "pos",
    "rn",
    "rdnr",
    "tz",
    "zu",
];

/// A day without its year, maybe without its month.
struct Partial {
    first: usize,
    count: usize,
    day: u8,
    month: Option<u8>,
}

impl Line<'_> {
    /// The days named before a date, the last first; of a range, the days between as well.
    pub(super) fn earlier_days(&self, date: &Complex) -> Vec<Complex> {
        let mut found = Vec::new();
        let term = date.terms.iter().find_map(|term| day_of_term(term));
        let Some(mut later) = term else { return found };
        let mut at = date.first;
        while found.len() < LISTED_MAX
            && let Some((partial, range)) = self.day_before(at)
            && !self.is_counted(partial.first)
            && let Some(day) = before(&partial, later)
        {
            let mut terms = vec![date_term(day)];
            if range && later.0 - day.0 <= RANGE_DAYS_MAX {
                terms.extend((day.0 + 1..later.0).map(|day| date_term(Day(day))));
            }
            found.push(Complex {
                group: Group::Date,
                first: partial.first,
                count: partial.count,
                terms,
            });
            if range {
                break;
            }
            later = day;
            at = partial.first;
        }
        found
    }

    /// The day that stands before an atom with a sign or a word between, and whether the days between are
    /// meant too.
    fn day_before(&self, at: usize) -> Option<(Partial, bool)> {
        let previous = at.checked_sub(1)?;
        let gap = self.between(previous)?.trim();
        if let Some(sign) = gap.strip_prefix('.') {
            let range = matches!(
                sign.trim_start(),
                "-" | "\u{2010}" | "\u{2013}" | "\u{2014}"
            );
            if range || matches!(sign.trim_start(), "/" | "+" | "," | "&") {
                return Some((self.partial(previous)?, range));
            }
        }
        let link = self.atoms.get(previous)?;
        let range = link.text == "bis";
        let abbreviated = matches!(link.text.as_ref(), "u" | "bzw");
        let known = range || abbreviated || matches!(link.text.as_ref(), "und" | "oder" | "sowie");
        if !known || !(gap.is_empty() || (abbreviated && gap == ".")) {
            return None;
        }
        let last = previous.checked_sub(1)?;
        let dot = self.between(last)?.trim();
        let partial = self.partial(last)?;
        let named = self.atoms.get(last)?.shape == Shape::Letters;
        (dot == "." || (named && dot.is_empty())).then_some((partial, range))
    }

    /// `22`, `22.09`, `22. September`, up to this atom.
    fn partial(&self, last: usize) -> Option<Partial> {
        let atom = self.atoms.get(last)?;
        let lead = last.checked_sub(1);
        let sign = lead.and_then(|lead| self.between(lead));
        if atom.shape == Shape::Letters {
            let month = month_number(&fold(&atom.text))?;
            let first = lead.filter(|_| sign.is_some_and(|sign| sign.trim() == "."))?;
            let day = self.small(first, 31)?;
            return Some(Partial {
                first,
                count: 2,
                day,
                month: Some(month),
            });
        }
        let glued = |at: usize| {
            at.checked_sub(1)
                .and_then(|before| self.between(before))
                .is_some_and(is_glue)
        };
        if let Some(first) = lead.filter(|_| sign == Some("."))
            && let (Some(day), Some(month)) = (self.small(first, 31), self.small(last, 12))
            && !glued(first)
        {
            return Some(Partial {
                first,
                count: 2,
                day,
                month: Some(month),
            });
        }
        let day = self.small(last, 31).filter(|_| !glued(last))?;
        Some(Partial {
            first: last,
            count: 1,
            day,
            month: None,
        })
    }

    /// `Punkt 5.`, `§ 5.`: whether what stands before a number says that it is no day.
    fn is_counted(&self, at: usize) -> bool {
        let Some(before) = at.checked_sub(1) else {
            return false;
        };
        let (Some(word), Some(gap)) = (self.atoms.get(before), self.between(before)) else {
            return false;
        };
        let folded = fold(&word.text);
        matches!(gap.trim(), "" | ".")
            && (word.shape == Shape::Sign
                || folded.ends_with("nummer")
                || COUNTED.contains(&folded.as_str()))
    }

    /// A number of at most two digits, from 1 to a limit.
    fn small(&self, at: usize, most: u8) -> Option<u8> {
        let atom = self.atoms.get(at)?;
        let short = atom.shape == Shape::Digits && atom.text.len() <= 2;
        let number: u8 = short.then(|| atom.text.parse().ok()).flatten()?;
        (1..=most).contains(&number).then_some(number)
    }
}

/// The day before another that fits: in its month, in its year or, of a month that comes later, in the one before.
fn before(partial: &Partial, later: Day) -> Option<Day> {
    let (year, month, _) = later.calendar()?;
    let fits = |year: i32, month: u8| {
        Day::from_calendar(year, month, partial.day).filter(|day| *day < later)
    };
    match partial.month {
        None => fits(year, month),
        Some(named) => fits(year, named).or_else(|| fits(year - 1, named)),
    }
}

fn day_of_term(term: &str) -> Option<Day> {
    let digits = term.strip_prefix('@')?;
    let (year, rest) = digits.split_at_checked(4)?;
    let (month, day) = rest.split_at_checked(2)?;
    Day::from_calendar(year.parse().ok()?, month.parse().ok()?, day.parse().ok()?)
}
