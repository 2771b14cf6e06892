//! Dates in every spelling.

use super::atoms::{Atom, Shape};
use super::complex::{Complex, Group, Line};
use super::fold::fold;
use crate::entry::Day;

impl Line<'_> {
    /// `01.03.2025`, `1.3.25`, `1/3/2025`, `01-03-2025`.
    pub(super) fn numeric_date(&self, first: usize, count: usize) -> Option<Day> {
        let atoms = self.atoms.get(first..first + count)?;
        let [day, month, year] = atoms else {
            return None;
        };
        let sign = self.between(first)?;
        let known = matches!(sign, "." | "/") || (sign == "-" && year.text.len() == 4);
        if !known || self.between(first + 1) != Some(sign) {
            return None;
        }
        day_of(&day.text, &month.text, &year.text)
    }

    /// `1. März 2025`, `01. 03. 2025`.
    pub(super) fn spoken_date(&self, first: usize) -> Option<Complex> {
        let [day, month, year] = self.atoms.get(first..first + 3)? else {
            return None;
        };
        let dotted = |at: usize| {
            self.between(at)
                .is_some_and(|gap| matches!(gap.trim(), ".") && gap.len() <= 4)
        };
        let blank = |at: usize| {
            self.between(at)
                .is_some_and(|gap| gap.trim().is_empty() && gap.len() <= 4)
        };
        if year.shape != Shape::Digits {
            return None;
        }
        if let Some(found) = self.english_date(first) {
            return Some(found);
        }
        if let Some(found) = self.worded_date(first) {
            return Some(found);
        }
        let named = blank(first) && month.shape == Shape::Letters;
        if day.shape != Shape::Digits || !(dotted(first) || named) {
            return None;
        }
        let found = match month.shape {
            Shape::Letters if blank(first + 1) || dotted(first + 1) => {
                let number = month_number(&fold(&month.text))?;
                day_of(&day.text, &number.to_string(), &year.text)?
            }
            // Glued dates are read as such, also behind the number of an item: `3. 12.09.2025`.
            Shape::Digits
                if dotted(first + 1)
                    && self.between(first) != Some(".")
                    && !(year.text.len() == 2 && self.between(first + 2) == Some(".")) =>
            {
                day_of(&day.text, &month.text, &year.text)?
            }
            Shape::Letters | Shape::Digits | Shape::Mixed | Shape::Sign => return None,
        };
        Some(Complex {
            group: Group::Date,
            first,
            count: 3,
            terms: vec![date_term(found)],
        })
    }

    /// `dritten Juli 2025`, `Ersten Januar 2026`.
    fn worded_date(&self, first: usize) -> Option<Complex> {
        let [day, month, year] = self.atoms.get(first..first + 3)? else {
            return None;
        };
        let blank = |at: usize| self.between(at).is_some_and(super::complex::is_blank);
        if day.shape != Shape::Letters
            || month.shape != Shape::Letters
            || year.text.len() != 4
            || !blank(first)
            || !blank(first + 1)
        {
            return None;
        }
        let number = month_number(&fold(&month.text))?;
        let day = worded_day(&fold(&day.text))?;
        let found = day_of(&day.to_string(), &number.to_string(), &year.text)?;
        Some(Complex {
            group: Group::Date,
            first,
            count: 3,
            terms: vec![date_term(found)],
        })
    }

    /// `March 5, 2027`, `5th March 2027`.
    pub(super) fn english_date(&self, first: usize) -> Option<Complex> {
        let [left, right, year] = self.atoms.get(first..first + 3)? else {
            return None;
        };
        let month = |atom: &Atom<'_>| {
            (atom.shape == Shape::Letters)
                .then(|| month_number(&fold(&atom.text)))
                .flatten()
        };
        let (day, number) = match (self.between(first)?, self.between(first + 1)?) {
            (" ", ", " | " ") if left.shape == Shape::Letters => {
                (ordinal(&right.text)?, month(left)?)
            }
            (" ", " ") if left.shape == Shape::Mixed => (ordinal(&left.text)?, month(right)?),
            _ => return None,
        };
        let found = day_of(day, &number.to_string(), &year.text)?;
        Some(Complex {
            group: Group::Date,
            first,
            count: 3,
            terms: vec![date_term(found)],
        })
    }
}

/// The day that a folded ordinal names: `dritten`, `zwolfte`, `einunddreissigster`.
fn worded_day(folded: &str) -> Option<u32> {
    let root = ["en", "er", "es", "em", "e"]
        .iter()
        .find_map(|ending| folded.strip_suffix(ending))?;
    let small = |root: &str| {
        let names = [
            "erst",
            "zweit",
            "dritt",
            "viert",
            "funft",
            "sechst",
            "siebt",
            "acht",
            "neunt",
            "zehnt",
            "elft",
            "zwolft",
            "dreizehnt",
            "vierzehnt",
            "funfzehnt",
            "sechzehnt",
            "siebzehnt",
            "achtzehnt",
            "neunzehnt",
        ];
        (1..).zip(names).find(|(_, name)| *name == root)
    };
    if let Some((day, _)) = small(root) {
        return Some(day);
    }
    let (before, tens) = match root.strip_suffix("zwanzigst") {
        Some(before) => (before, 20),
        None => (root.strip_suffix("dreissigst")?, 30),
    };
    let Some(ones) = before.strip_suffix("und") else {
        return before.is_empty().then_some(tens);
    };
    let names = [
        "ein", "zwei", "drei", "vier", "funf", "sechs", "sieben", "acht", "neun",
    ];
    (1..)
        .zip(names)
        .find(|(_, name)| *name == ones)
        .map(|(ones, _)| tens + ones)
}

/// The digits of `5`, `5th`, `1st`.
fn ordinal(text: &str) -> Option<&str> {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_lowercase());
    let ending = text.get(digits.len()..)?;
    (matches!(ending, "" | "st" | "nd" | "rd" | "th") && digits.len() <= 2).then_some(digits)
}

/// The term of a day.
pub(crate) fn date_term(day: Day) -> String {
    day.calendar().map_or_else(
        || "@".to_owned(),
        |(year, month, day)| format!("@{year:04}{month:02}{day:02}"),
    )
}

pub(super) fn is_iso_date(atoms: &[Atom<'_>]) -> bool {
    matches!(atoms, [year, month, day] if year.text.len() == 4 && month.text.len() == 2 && day.text.len() == 2
        && atoms.iter().all(|atom| atom.shape == Shape::Digits))
}

pub(super) fn iso_date(atoms: &[Atom<'_>]) -> Option<Day> {
    let [year, month, day] = atoms else {
        return None;
    };
    day_of(&day.text, &month.text, &year.text)
}

/// A day from digits; two digits of a year mean this century up to 2069.
pub(crate) fn day_of(day: &str, month: &str, year: &str) -> Option<Day> {
    let short = year.len() == 2;
    if !(year.len() == 4 || short) || day.len() > 2 || month.len() > 2 {
        return None;
    }
    let year: i32 = year.parse().ok()?;
    let century = match (short, year) {
        (true, 70..) => 1900,
        (true, _) => 2000,
        (false, _) => 0,
    };
    Day::from_calendar(century + year, month.parse().ok()?, day.parse().ok()?)
}

/// The number of a month by its folded German or English name or abbreviation.
pub(crate) fn month_number(folded: &str) -> Option<u8> {
    let number = match folded {
        "januar" | "jan" | "janner" | "january" => 1,
        "februar" | "feb" | "feber" | "february" => 2,
        "marz" | "mar" | "mrz" | "march" => 3,
        "april" | "apr" => 4,
        "mai" | "may" => 5,
        "juni" | "jun" | "june" => 6,
        "juli" | "jul" | "july" => 7,
        "august" | "aug" => 8,
        "september" | "sep" | "sept" => 9,
        "oktober" | "okt" | "october" | "oct" => 10,
        "november" | "nov" => 11,
        "dezember" | "dez" | "december" | "dec" => 12,
        _ => return None,
    };
    Some(number)
}
