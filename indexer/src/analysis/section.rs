//! Sections of a law: `§ 17 Abs. 7`, `§§ 16 bis 18`, `Absätze 1 und 2`.

use super::atoms::{Atom, Shape};
use super::complex::{Complex, Group, Line, is_blank};
use super::fold::fold;

impl Line<'_> {
    /// `§ 17`, `Abs. 7`, `Art. 3`, `Nr. 12`.
    pub(super) fn section(&self, first: usize) -> Option<Complex> {
        let [word, number] = self.atoms.get(first..first + 2)? else {
            return None;
        };
        let gap = self.between(first)?;
        let close = matches!(
            gap,
            "" | " " | "\u{a0}" | "." | ". " | ".\u{a0}" | "\u{202f}"
        );
        // Most words stand before a word: folding their names would be the dearest part of reading a text.
        if !close || !(is_section_number(number) || number.text.len() == 1) {
            return None;
        }
        let name = section_name(word)?;
        let numbered = match name {
            "lit" => number.text.len() == 1 && number.shape == Shape::Letters,
            // `S.` is a page as well; sentences have small numbers.
            "satz" => number.text.len() <= 2 && number.shape == Shape::Digits,
            _ => is_section_number(number),
        };
        numbered.then(|| Complex {
            group: Group::Section,
            first,
            count: 2,
            terms: vec![format!("#{name}{}", number.text.to_lowercase())],
        })
    }

    /// `§ 35 a`: the letter belongs to the number.
    pub(super) fn lettered_section(&self, first: usize) -> Option<Complex> {
        let [sign, number, letter] = self.atoms.get(first..first + 3)? else {
            return None;
        };
        let belongs = sign.shape == Shape::Sign
            && number.shape == Shape::Digits
            && self.between(first + 1).is_some_and(is_blank)
            && matches!(letter.text.as_bytes(), [b'a'..=b'z']);
        belongs.then(|| Complex {
            group: Group::Section,
            first,
            count: 3,
            terms: vec![format!("#§{}{}", number.text, letter.text)],
        })
    }

    /// `§§ 16, 17 und 18`, `§§ 16 bis 18`, `Absätze 1 und 2`: what follows the first number.
    pub(super) fn further_sections(&self, first: usize) -> Vec<Complex> {
        let mut found = Vec::new();
        let Some(word) = self.atoms.get(first) else {
            return found;
        };
        let Some(name) = section_name(word).filter(|name| !matches!(*name, "lit" | "satz")) else {
            return found;
        };
        let mut at = first + 1;
        while found.len() < SECTIONS_MAX
            && let Some((next, range)) = self.next_section(at, names_several(word))
            && let (Some(from), Some(to)) = (self.atoms.get(at), self.atoms.get(next))
        {
            let mut terms = vec![format!("#{name}{}", to.text.to_lowercase())];
            if range {
                terms.extend(inside(&from.text, &to.text).map(|number| format!("#{name}{number}")));
            }
            found.push(Complex {
                group: Group::Section,
                first: next,
                count: 1,
                terms,
            });
            at = next;
        }
        found
    }

    /// The number that continues a list of sections, and whether those between are meant too.
    pub(super) fn next_section(&self, at: usize, several: bool) -> Option<(usize, bool)> {
        let gap = self.between(at)?.trim();
        let next = self.atoms.get(at + 1)?;
        if is_section_number(next) {
            let range = matches!(gap, "-" | "\u{2013}");
            return (several && (gap == "," || range)).then_some((at + 1, range));
        }
        let link = matches!(next.text.as_ref(), "und" | "u" | "oder" | "sowie" | "bis");
        let number = self.atoms.get(at + 2)?;
        let blank = gap.is_empty() && matches!(self.between(at + 1).map(str::trim), Some("" | "."));
        (link && blank && is_section_number(number)).then(|| (at + 2, next.text == "bis"))
    }
}

/// The most numbers that are read behind one sign of a section.
const SECTIONS_MAX: usize = 20;

/// The longest range of sections whose inner numbers are named too.
const RANGE_MAX: u32 = 50;

fn section_name(word: &Atom<'_>) -> Option<&'static str> {
    match word.shape {
        Shape::Sign => Some("§"),
        Shape::Letters => section_word(&fold(&word.text)),
        Shape::Digits | Shape::Mixed => None,
    }
}

fn is_section_number(atom: &Atom<'_>) -> bool {
    atom.text.starts_with(|c: char| c.is_ascii_digit()) && atom.text.len() <= 6
}

/// `§§`, `Paragraphen`, `Absätze`: more than one number may follow.
fn names_several(word: &Atom<'_>) -> bool {
    if word.shape == Shape::Sign {
        return word.end - word.start > '§'.len_utf8();
    }
    matches!(
        fold(&word.text).as_str(),
        "paragraphen" | "paragrafen" | "absatze" | "artikel" | "nummern" | "nrn" | "artt"
    )
}

/// The numbers between two, without them.
fn inside(from: &str, to: &str) -> impl Iterator<Item = u32> + use<> {
    let number = |text: &str| text.parse::<u32>().ok();
    let ends = number(from)
        .zip(number(to))
        .filter(|(from, to)| from < to && to - from <= RANGE_MAX);
    let (from, to) = ends.unwrap_or((0, 0));
    from + 1..to
}

/// Sections of a law under one name each.
fn section_word(folded: &str) -> Option<&'static str> {
    match folded {
        "paragraph" | "paragraf" | "paragraphen" | "paragrafen" => Some("§"),
        "abs" | "absatz" | "absatze" | "absatzes" => Some("abs"),
        "art" | "artikel" | "artikels" | "artt" => Some("art"),
        "nr" | "nummer" | "nummern" | "nrn" => Some("nr"),
        "lit" | "buchstabe" | "buchst" => Some("lit"),
        "satz" | "s" => Some("satz"),
        _ => None,
    }
}
