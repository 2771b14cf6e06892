//! What several atoms mean together: references, amounts, dates, accounts, telephone numbers, sections
//! of a law, words joined by hyphens.
//!
//! A group never replaces its atoms: they keep their positions and are found one by one. It adds terms
//! at the position of its first atom. Terms of codes start with `#`, of dates with `@`.

use super::atoms::{Atom, Shape, is_compact_iban};
use crate::entry::Day;

/// What a group of atoms is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Group {
    /// A file reference, invoice number, e-mail address, path.
    Code,
    /// An amount of money or another decimal number.
    Amount,
    /// A date, however written.
    Date,
    /// An IBAN.
    Account,
    /// A telephone number.
    Telephone,
    /// `§ 17`, `Abs. 7`.
    Section,
    /// `Bewohner-Parkausweis`: letters joined by hyphens.
    Joined,
}

/// Some atoms that mean something together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Complex {
    /// What it is.
    pub(crate) group: Group,
    /// Index of the first atom.
    pub(crate) first: usize,
    /// How many atoms.
    pub(crate) count: usize,
    /// The terms it adds; of a joined word, the word without its hyphens.
    pub(crate) terms: Vec<String>,
}

/// The groups of a text. They may overlap: a telephone number may also be a code.
pub(crate) fn complexes(text: &str, atoms: &[Atom<'_>]) -> Vec<Complex> {
    let line = Line { text, atoms };
    let mut found = Vec::new();
    let mut at = 0;
    while at < atoms.len() {
        let next = line.at(at, &mut found);
        at = next.max(at + 1);
    }
    found
}

struct Line<'t> {
    text: &'t str,
    atoms: &'t [Atom<'t>],
}

impl Line<'_> {
    /// What stands between an atom and the next.
    fn between(&self, index: usize) -> Option<&str> {
        let (left, right) = (self.atoms.get(index)?, self.atoms.get(index + 1)?);
        self.text.get(left.end..right.start)
    }

    /// Reads groups that start at an atom; answers where to read on.
    fn at(&self, first: usize, found: &mut Vec<Complex>) -> usize {
        let Some(atom) = self.atoms.get(first) else {
            return first + 1;
        };
        if let Some(account) = self.account(first) {
            let next = first + account.count;
            found.push(account);
            return next;
        }
        if let Some(section) = self.section(first) {
            found.push(section);
            return first + 1;
        }
        let telephone = self.telephone(first);
        let phone_end = telephone
            .as_ref()
            .map_or(first, |phone| phone.first + phone.count);
        found.extend(telephone);
        if let Some(date) = self.spoken_date(first) {
            found.push(date);
        }
        let count = self.glued(first);
        if count == 1 {
            if atom.shape == Shape::Mixed {
                found.extend(self.single_code(first));
            }
            return phone_end.max(first + 1);
        }
        found.extend(self.glued_group(first, count));
        phone_end.max(first + count)
    }

    /// How many atoms from here on stand together with one sign between each.
    fn glued(&self, first: usize) -> usize {
        let mut count = 1;
        while self.between(first + count - 1).is_some_and(is_glue)
            && !self.conjunction_behind(first + count - 1)
        {
            count += 1;
        }
        count
    }

    /// `Ein-`, end of the line, `und Ausgang`: the hyphen stands for what follows.
    fn conjunction_behind(&self, index: usize) -> bool {
        let next = self.atoms.get(index + 1).map(|atom| atom.text.as_ref());
        self.between(index).is_some_and(|gap| gap.contains('\n'))
            && matches!(next, Some("und" | "oder" | "bzw" | "sowie"))
    }

    fn glued_group(&self, first: usize, count: usize) -> Vec<Complex> {
        let Some(atoms) = self.atoms.get(first..first + count) else {
            return Vec::new();
        };
        let letters_only = atoms.iter().all(|atom| atom.shape == Shape::Letters);
        let hyphens = (first..first + count - 1).all(|at| self.between(at).is_some_and(is_hyphen));
        let email = (first..first + count - 1).any(|at| self.between(at) == Some("@"));
        if letters_only && hyphens {
            let joined = atoms
                .iter()
                .map(|atom| atom.text.as_ref())
                .collect::<String>();
            return vec![Complex {
                group: Group::Joined,
                first,
                count,
                terms: vec![joined],
            }];
        }
        if letters_only && !email {
            return self.hyphen_runs(first, count);
        }
        let mut terms = vec![code_term(atoms)];
        let mut group = Group::Code;
        if let Some((amount, whole)) = self.amount(first, count) {
            group = Group::Amount;
            terms = vec![format!("#{amount}"), whole];
        } else if let Some(day) = self.numeric_date(first, count) {
            group = Group::Date;
            terms.push(date_term(day));
        } else if is_iso_date(atoms) {
            terms.extend(iso_date(atoms).map(date_term));
            group = Group::Date;
        }
        vec![Complex {
            group,
            first,
            count,
            terms,
        }]
    }

    /// `Antrags-/Genehmigungs-Nr`: only the parts that hyphens join.
    fn hyphen_runs(&self, first: usize, count: usize) -> Vec<Complex> {
        let mut found = Vec::new();
        let mut start = first;
        for at in first..first + count {
            if at + 1 < first + count && self.between(at).is_some_and(is_hyphen) {
                continue;
            }
            if at > start
                && let Some(atoms) = self.atoms.get(start..=at)
            {
                let joined = atoms
                    .iter()
                    .map(|atom| atom.text.as_ref())
                    .collect::<String>();
                found.push(Complex {
                    group: Group::Joined,
                    first: start,
                    count: at - start + 1,
                    terms: vec![joined],
                });
            }
            start = at + 1;
        }
        found
    }

    fn single_code(&self, first: usize) -> Option<Complex> {
        let atom = self.atoms.get(first)?;
        let canonical = canonical_piece(&atom.text);
        (canonical != atom.text.to_lowercase()).then(|| Complex {
            group: Group::Code,
            first,
            count: 1,
            terms: vec![format!("#{canonical}")],
        })
    }

    /// `1.234,56`, `1234,5`, `12.500`.
    fn amount(&self, first: usize, count: usize) -> Option<(String, String)> {
        let atoms = self.atoms.get(first..first + count)?;
        if !atoms.iter().all(|atom| atom.shape == Shape::Digits) {
            return None;
        }
        let signs: Vec<&str> = (first..first + count - 1)
            .filter_map(|at| self.between(at))
            .collect();
        let (decimals, thousands) = match signs.split_last() {
            Some((&",", before)) => (atoms.last(), before),
            _ => (None, signs.as_slice()),
        };
        let groups = atoms.get(..atoms.len() - usize::from(decimals.is_some()))?;
        let leading = groups.first()?;
        let grouped = groups.len() == 1
            || (leading.text.len() <= 3
                && !leading.text.starts_with('0')
                && groups.iter().skip(1).all(|group| group.text.len() == 3));
        if !thousands.iter().all(|sign| *sign == ".") || !grouped {
            return None;
        }
        let whole: String = groups.iter().map(|group| group.text.as_ref()).collect();
        match decimals {
            Some(fraction) if fraction.text.len() <= 2 => {
                Some((format!("{whole},{}", fraction.text), whole))
            }
            Some(_) => None,
            None => Some((whole.clone(), whole)),
        }
    }

    /// `01.03.2025`, `1.3.25`, `1/3/2025`.
    fn numeric_date(&self, first: usize, count: usize) -> Option<Day> {
        let atoms = self.atoms.get(first..first + count)?;
        let [day, month, year] = atoms else {
            return None;
        };
        let sign = self.between(first)?;
        if !matches!(sign, "." | "/") || self.between(first + 1) != Some(sign) {
            return None;
        }
        day_of(&day.text, &month.text, &year.text)
    }

    /// `1. März 2025`, `01. 03. 2025`.
    fn spoken_date(&self, first: usize) -> Option<Complex> {
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
        if day.shape != Shape::Digits || year.shape != Shape::Digits || !dotted(first) {
            return None;
        }
        let found = match month.shape {
            Shape::Letters if blank(first + 1) || dotted(first + 1) => {
                let number = month_number(&super::fold::fold(&month.text))?;
                day_of(&day.text, &number.to_string(), &year.text)?
            }
            // Glued dates are read as such.
            Shape::Digits if dotted(first + 1) && self.between(first) != Some(".") => {
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

    /// `DE89 3704 0044 0532 0130 00`, with one blank between the groups or none.
    fn account(&self, first: usize) -> Option<Complex> {
        let head = self.atoms.get(first)?;
        if head.text.len() != 4 || head.shape != Shape::Mixed || !head.text.is_ascii() {
            return None;
        }
        let mut compact = String::new();
        let mut best = None;
        for (index, atom) in self.atoms.iter().enumerate().skip(first).take(9) {
            let contiguous = index == first
                || self
                    .between(index - 1)
                    .is_some_and(|gap| matches!(gap, "" | " " | "\u{a0}" | "\n"));
            if !contiguous || atom.text.len() > 4 || !atom.text.is_ascii() {
                break;
            }
            compact.push_str(&account_piece(&atom.text, index == first));
            if is_compact_iban(&compact) {
                best = Some((index - first + 1, compact.clone()));
            }
            if atom.text.len() < 4 {
                break;
            }
        }
        let (count, compact) = best?;
        let term = format!("#{}", compact.to_lowercase());
        Some(Complex {
            group: Group::Account,
            first,
            count,
            terms: vec![term],
        })
    }

    /// A `0` or a `+`, then 7 to 15 digits in at least two groups.
    fn telephone(&self, first: usize) -> Option<Complex> {
        let head = self.atoms.get(first)?;
        let before = self.text.get(..head.start)?;
        let international = before.ends_with('+');
        if head.shape != Shape::Digits || !(international || head.text.starts_with('0')) {
            return None;
        }
        let mut digits = if international {
            // +49 and 0 are the same call inside the country.
            head.text
                .strip_prefix("49")
                .map_or_else(|| format!("00{}", head.text), |rest| format!("0{rest}"))
        } else {
            head.text
                .strip_prefix("0049")
                .map_or_else(|| head.text.to_string(), |rest| format!("0{rest}"))
        };
        let mut count = 1;
        while let Some(gap) = self.between(first + count - 1) {
            let Some(atom) = self.atoms.get(first + count) else {
                break;
            };
            let trunk = gap.contains('(') && atom.text == "0";
            if !is_telephone_gap(gap)
                || atom.shape != Shape::Digits
                || digits.len() + atom.text.len() > 15
            {
                break;
            }
            if !trunk {
                digits.push_str(&atom.text);
            }
            count += 1;
        }
        (count >= 2 && (7..=15).contains(&digits.len())).then(|| Complex {
            group: Group::Telephone,
            first,
            count,
            terms: vec![format!("#t{digits}")],
        })
    }

    /// `§ 17`, `Abs. 7`, `Art. 3`, `Nr. 12`.
    fn section(&self, first: usize) -> Option<Complex> {
        let [word, number] = self.atoms.get(first..first + 2)? else {
            return None;
        };
        let gap = self.between(first)?;
        let close = matches!(
            gap,
            "" | " " | "\u{a0}" | "." | ". " | ".\u{a0}" | "\u{202f}"
        );
        let numbered =
            number.text.starts_with(|c: char| c.is_ascii_digit()) && number.text.len() <= 6;
        if !close || !numbered {
            return None;
        }
        let name = match word.shape {
            Shape::Sign => "§",
            Shape::Letters => section_word(&super::fold::fold(&word.text))?,
            Shape::Digits | Shape::Mixed => return None,
        };
        let term = format!("#{name}{}", number.text.to_lowercase());
        Some(Complex {
            group: Group::Section,
            first,
            count: 2,
            terms: vec![term],
        })
    }
}

fn is_glue(gap: &str) -> bool {
    matches!(
        gap,
        "." | "/"
            | "-"
            | "_"
            | ":"
            | ","
            | "@"
            | "+"
            | "&"
            | "\\"
            | "\u{2010}"
            | "\u{2011}"
            | "\u{2013}"
            | "-\n"
    )
}

fn is_hyphen(gap: &str) -> bool {
    matches!(
        gap,
        "-" | "\u{2010}" | "\u{2011}" | "-\n" | "- \n" | "-\r\n"
    )
}

fn is_telephone_gap(gap: &str) -> bool {
    !gap.is_empty()
        && gap.len() <= 4
        && gap
            .chars()
            .all(|c| matches!(c, ' ' | '/' | '-' | '(' | ')' | '\u{a0}' | '\u{2013}'))
}

/// Sections of a law under one name each.
fn section_word(folded: &str) -> Option<&'static str> {
    match folded {
        "paragraph" | "paragraf" | "paragraphen" | "paragrafen" => Some("§"),
        "abs" | "absatz" | "absatze" | "absatzes" => Some("abs"),
        "art" | "artikel" | "artikels" => Some("art"),
        "nr" | "nummer" | "nummern" | "nrn" => Some("nr"),
        _ => None,
    }
}

/// The code of some atoms: pieces joined by dots, whatever stood between them.
fn code_term(atoms: &[Atom<'_>]) -> String {
    let pieces: Vec<String> = atoms
        .iter()
        .map(|atom| canonical_piece(&atom.text))
        .collect();
    format!("#{}", pieces.join("."))
}

/// A piece of a code, as a scanner may have misread it: O and 0, I, l and 1 are one.
pub(crate) fn canonical_piece(piece: &str) -> String {
    let confusable = |c: char| c.is_ascii_digit() || matches!(c, 'O' | 'o' | 'I' | 'l' | '|');
    let digits = piece.chars().any(|c| c.is_ascii_digit());
    if (digits || piece.chars().count() <= 3) && piece.chars().all(confusable) {
        return piece.chars().map(as_digit).collect();
    }
    super::fold::fold(piece)
}

fn account_piece(piece: &str, head: bool) -> String {
    if head {
        piece.to_uppercase()
    } else {
        piece
            .chars()
            .map(as_digit)
            .collect::<String>()
            .to_uppercase()
    }
}

fn as_digit(c: char) -> char {
    match c {
        'O' | 'o' => '0',
        'I' | 'l' | '|' => '1',
        other => other,
    }
}

/// The term of a day.
pub(crate) fn date_term(day: Day) -> String {
    day.calendar().map_or_else(
        || "@".to_owned(),
        |(year, month, day)| format!("@{year:04}{month:02}{day:02}"),
    )
}

fn is_iso_date(atoms: &[Atom<'_>]) -> bool {
    matches!(atoms, [year, month, day] if year.text.len() == 4 && month.text.len() == 2 && day.text.len() == 2
        && atoms.iter().all(|atom| atom.shape == Shape::Digits))
}

fn iso_date(atoms: &[Atom<'_>]) -> Option<Day> {
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
