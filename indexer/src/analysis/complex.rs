//! What several atoms mean together: references, amounts, dates, accounts, telephone numbers, sections
//! of a law, words joined by hyphens.
//!
//! A group never replaces its atoms: they keep their positions and are found one by one. It adds terms
//! at the position of its first atom. Terms of codes start with `#`, of dates with `@`.

use super::atoms::{Atom, Shape};
use super::dates::{date_term, is_iso_date, iso_date};

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
    /// `K 12`, `5 a`: a code that some write with a blank; its pieces may also stand apart.
    Spaced,
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
        let known = found.len();
        let next = line.at(at, &mut found);
        if found.len() > known {
            let new = found.iter().skip(known);
            let dates = new.filter(|complex| complex.group == Group::Date);
            let earlier: Vec<Complex> = dates.flat_map(|date| line.earlier_days(date)).collect();
            found.extend(earlier);
        }
        at = next.max(at + 1);
    }
    found
}

/// A text in its atoms.
pub(super) struct Line<'t> {
    pub(super) text: &'t str,
    pub(super) atoms: &'t [Atom<'t>],
}

impl Line<'_> {
    /// What stands between an atom and the next.
    pub(super) fn between(&self, index: usize) -> Option<&str> {
        let (left, right) = (self.atoms.get(index)?, self.atoms.get(index + 1)?);
        self.text.get(left.end..right.start)
    }

    /// Reads groups that start at an atom; answers where to read on.
    fn at(&self, first: usize, found: &mut Vec<Complex>) -> usize {
        if first >= self.atoms.len() {
            return first + 1;
        }
        if let Some(account) = self.account(first) {
            let next = first + account.count;
            found.push(account);
            return next;
        }
        if let Some(section) = self.section(first) {
            found.push(section);
            found.extend(self.lettered_section(first));
            found.extend(self.further_sections(first));
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
        found.extend(self.court(first).or_else(|| self.plate(first)));
        let count = self.glued(first);
        if count == 1 {
            found.extend(self.single_code(first));
            found.extend(self.spaced(first));
            found.extend(self.spaced_initials(first));
            found.extend(self.round_amount(first));
            if phone_end == first {
                found.extend(self.grouped_digits(first));
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
            let mut found = vec![joined_together(first, atoms)];
            found.extend(neighbours(first, atoms));
            return found;
        }
        if letters_only && !email {
            let mut found = self.hyphen_runs(first, count);
            found.extend(self.initials(first, count));
            return found;
        }
        let mut inner: Vec<Complex> = (first..first + count)
            .filter_map(|at| self.single_code(at))
            .filter(|code| code.terms.iter().any(|term| term.contains('.')))
            .collect();
        let mut terms = vec![code_term(atoms)];
        let mut group = Group::Code;
        if let Some((amount, whole)) = self.amount(first, count) {
            let round = amount == whole && self.is_money(first, count);
            group = Group::Amount;
            terms = vec![format!("#{amount}")];
            terms.extend(round.then(|| format!("#{whole},00")));
            terms.push(whole);
        } else if let Some(amount) = self.english_amount(first, count) {
            terms.push(amount);
        } else if let Some(day) = self.numeric_date(first, count) {
            group = Group::Date;
            terms.push(date_term(day));
        } else if is_iso_date(atoms) {
            terms.extend(iso_date(atoms).map(date_term));
            group = Group::Date;
        } else {
            terms.extend(self.together(first, count));
        }
        let whole = Complex {
            group,
            first,
            count,
            terms,
        };
        inner.insert(0, whole);
        inner
    }

    /// `z.d.A.` is also written `zdA`.
    fn initials(&self, first: usize, count: usize) -> Option<Complex> {
        let atoms = self.atoms.get(first..first + count)?;
        let dotted = (first..first + count - 1).all(|at| self.between(at) == Some("."));
        let single = atoms.iter().all(|atom| atom.text.chars().count() == 1);
        (dotted && single && count <= INITIALS_MAX).then(|| joined_together(first, atoms))
    }

    /// `z. d. A.`: the same with blanks.
    fn spaced_initials(&self, first: usize) -> Option<Complex> {
        let single = |at: usize| {
            self.atoms.get(at).is_some_and(|atom| {
                atom.shape == Shape::Letters && atom.text.chars().nth(1).is_none()
            })
        };
        if !single(first) {
            return None;
        }
        let spaced = |at: usize| matches!(self.between(at), Some(". " | ".\u{a0}" | ".\u{202f}"));
        let goes_on = first
            .checked_sub(1)
            .is_some_and(|before| single(before) && spaced(before));
        if goes_on {
            return None;
        }
        let mut count = 1;
        while count < INITIALS_MAX && single(first + count) && spaced(first + count - 1) {
            count += 1;
        }
        let atoms = self.atoms.get(first..first + count)?;
        (count > 1).then(|| joined_together(first, atoms))
    }

    /// `K 12`, `5 a`.
    fn spaced(&self, first: usize) -> Option<Complex> {
        let pair = self.atoms.get(first..first + 2)?;
        let [left, right] = pair else { return None };
        // What goes on behind the number is a code of its own: `AZ 32-117/25`.
        if !self.between(first).is_some_and(is_blank)
            || self.between(first + 1).is_some_and(is_glue)
        {
            return None;
        }
        let road = left.shape == Shape::Letters
            && right.shape == Shape::Digits
            && left.text.len() <= 3
            && right.text.len() <= 4
            && left.text.bytes().all(|byte| byte.is_ascii_uppercase());
        let house = left.shape == Shape::Digits
            && right.shape == Shape::Letters
            && left.text.len() <= 4
            && matches!(right.text.as_bytes(), [b'a'..=b'h']);
        (road || house).then(|| Complex {
            group: Group::Spaced,
            first,
            count: 2,
            terms: vec![code_term(pair)],
        })
    }

    /// `4 K 2318/25`: the number that a court gives, with blanks or without.
    fn court(&self, first: usize) -> Option<Complex> {
        let atoms = self.atoms.get(first..first + 4)?;
        let [chamber, register, number, year] = atoms else {
            return None;
        };
        let digits =
            |atom: &Atom<'_>, most: usize| atom.shape == Shape::Digits && atom.text.len() <= most;
        let numbered = digits(chamber, 3) && digits(number, 5) && digits(year, 4);
        let lettered = register.shape == Shape::Letters && register.text.len() <= 3;
        let spaced = self.between(first).is_some_and(is_blank)
            && self.between(first + 1).is_some_and(is_blank)
            && self.between(first + 2) == Some("/")
            && !self.between(first + 3).is_some_and(is_glue);
        (numbered && lettered && spaced).then(|| Complex {
            group: Group::Code,
            first,
            count: 4,
            terms: vec![code_term(atoms)],
        })
    }

    /// `HOL-RM 2210`: the plate of a vehicle, which some write in one.
    fn plate(&self, first: usize) -> Option<Complex> {
        let [place, letters, number] = self.atoms.get(first..first + 3)? else {
            return None;
        };
        // Most words stand before words.
        if number.shape != Shape::Digits || letters.text.len() > 4 || place.text.len() > 6 {
            return None;
        }
        let capitals = |atom: &Atom<'_>, most: usize| {
            atom.shape == Shape::Letters
                && atom.text.chars().count() <= most
                && atom.text.chars().all(char::is_uppercase)
        };
        let plated = capitals(place, 3)
            && capitals(letters, 2)
            && number.text.len() <= 4
            && matches!(self.between(first), Some("-" | " "))
            && self.between(first + 1).is_some_and(is_blank)
            && !self.between(first + 2).is_some_and(is_glue);
        plated.then(|| {
            let pieces = [&place.text, &letters.text, &number.text].map(AsRef::as_ref);
            let [place, letters, number] = pieces;
            let joined = format!("{place}{letters}");
            Complex {
                group: Group::Code,
                first,
                count: 3,
                terms: vec![
                    format!("#{}", code_of(pieces.into_iter())),
                    format!("#{}", code_of([joined.as_str(), number].into_iter())),
                ],
            }
        })
    }

    /// `4500-0291`: the number as it is written in one. Longer rows of groups are references.
    fn together(&self, first: usize, count: usize) -> Option<String> {
        let signs = (first..first + count - 1).all(|at| {
            self.between(at)
                .is_some_and(|sign| matches!(sign, "-" | "/" | "."))
        });
        if !signs || count > 3 {
            return None;
        }
        self.one_number(first, count)
    }

    /// `4500 0291`: digits in groups with blanks, as far as the row goes.
    fn grouped_digits(&self, first: usize) -> Option<Complex> {
        // Most atoms are words.
        if self.atoms.get(first)?.shape != Shape::Digits {
            return None;
        }
        let continues = |at: usize| {
            self.between(at).is_some_and(is_blank)
                && [at, at + 1].iter().all(|at| {
                    self.atoms
                        .get(*at)
                        .is_some_and(|atom| atom.shape == Shape::Digits)
                })
        };
        if !continues(first) || first.checked_sub(1).is_some_and(continues) {
            return None;
        }
        let mut count = 1;
        while count <= *DIGIT_GROUPS.end() && continues(first + count - 1) {
            count += 1;
        }
        let goes_on = self.between(first + count - 1).is_some_and(is_glue);
        let number = self.one_number(first, count).filter(|_| !goes_on)?;
        Some(Complex {
            group: Group::Spaced,
            first,
            count,
            terms: vec![number],
        })
    }

    fn one_number(&self, first: usize, count: usize) -> Option<String> {
        let groups = self.atoms.get(first..first + count)?;
        let digits: usize = groups.iter().map(|group| group.text.len()).sum();
        let numbers = groups
            .iter()
            .all(|group| group.shape == Shape::Digits && group.text.len() >= 2);
        (numbers && DIGIT_GROUPS.contains(&count) && GROUPED_DIGITS.contains(&digits))
            .then(|| groups.iter().map(|group| group.text.as_ref()).collect())
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
                found.push(joined_together(start, atoms));
            }
            start = at + 1;
        }
        found
    }

    fn single_code(&self, first: usize) -> Option<Complex> {
        let atom = self.atoms.get(first)?;
        if atom.shape != Shape::Mixed {
            return None;
        }
        let term = code_term(std::slice::from_ref(atom));
        let plain = term.strip_prefix('#') == Some(atom.text.to_lowercase().as_str());
        (!plain).then(|| Complex {
            group: Group::Code,
            first,
            count: 1,
            terms: vec![term],
        })
    }

    /// A `0` or a `+`, then 7 to 15 digits; at least 8 where nothing parts them.
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
            // `+49 (0) 2364`: no number goes on with a nought alone.
            let trunk = atom.text == "0" && (gap.contains('(') || (international && count == 1));
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
        let digits_min = if count == 1 { 8 } else { 7 };
        (digits_min..=15).contains(&digits.len()).then(|| Complex {
            group: Group::Telephone,
            first,
            count,
            terms: vec![format!("#t{digits}")],
        })
    }
}

/// How many groups of digits may be one number, and how many digits it must and may have.
const DIGIT_GROUPS: std::ops::RangeInclusive<usize> = 2..=4;
const GROUPED_DIGITS: std::ops::RangeInclusive<usize> = 8..=20;

/// The most letters of an abbreviation like `z.d.A.`.
const INITIALS_MAX: usize = 5;

/// One blank, breaking or not.
pub(super) fn is_blank(gap: &str) -> bool {
    matches!(gap, " " | "\u{a0}" | "\u{202f}")
}

fn joined_together(first: usize, atoms: &[Atom<'_>]) -> Complex {
    Complex {
        group: Group::Joined,
        first,
        count: atoms.len(),
        terms: vec![atoms.iter().map(|atom| atom.text.as_ref()).collect()],
    }
}

/// Of three or four words joined by hyphens, the stretches of neighbours: `Corona-Test-Zentrum` is a
/// `Testzentrum`.
fn neighbours(first: usize, atoms: &[Atom<'_>]) -> Vec<Complex> {
    let mut found = Vec::new();
    if !(3..=4).contains(&atoms.len()) {
        return found;
    }
    for from in 0..atoms.len() {
        for to in from + 2..=atoms.len() {
            if let Some(stretch) = atoms.get(from..to)
                && stretch.len() < atoms.len()
            {
                found.push(joined_together(first + from, stretch));
            }
        }
    }
    found
}

/// One sign, without which two atoms would be one.
pub(super) fn is_glue(gap: &str) -> bool {
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

fn code_term(atoms: &[Atom<'_>]) -> String {
    format!("#{}", code_of(atoms.iter().map(|atom| atom.text.as_ref())))
}

/// The code of some pieces: joined by dots, whatever stood between them. Letters and digits are parted
/// too: `RE2026` is `RE-2026`.
pub(crate) fn code_of<'t>(pieces: impl Iterator<Item = &'t str>) -> String {
    let mut code = String::new();
    for (index, piece) in pieces.map(canonical_piece).enumerate() {
        if index > 0 {
            code.push('.');
        }
        let mut before: Option<bool> = None;
        for c in piece.chars() {
            let digit = c.is_ascii_digit();
            if before.is_some_and(|before| before != digit) {
                code.push('.');
            }
            code.push(c);
            before = Some(digit);
        }
    }
    code
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

pub(super) fn as_digit(c: char) -> char {
    match c {
        'O' | 'o' => '0',
        'I' | 'l' | '|' => '1',
        other => other,
    }
}
