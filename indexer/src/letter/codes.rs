//! What may be a reference, and what names somebody without a name: addresses of e-mail, accounts, tax numbers.

use std::collections::HashSet;

use super::Line;
use crate::analysis::atoms::atoms;
use crate::analysis::complex::{Group, complexes};

/// So many possible references are given at most.
const CODES_MAX: usize = 1_200;
/// The longest reference, in characters.
const CODE_CHARS_MAX: usize = 60;
const CODE_CHARS_MIN: usize = 3;
/// The most words of a reference.
const CODE_WORDS_MAX: usize = 3;
/// The longest label of a reference, in characters.
const LABEL_CHARS_MAX: usize = 30;
/// So many addresses, accounts and tax numbers are given at most.
const KEYS_MAX: usize = 6;
/// `DE` and nine digits.
const TAX_ID_CHARS: usize = 11;

/// What may be a reference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Code {
    /// As it is written.
    pub text: String,
    /// What stands in front of it on its line: `Unser Zeichen`.
    pub label: Option<String>,
    /// The page on which it stands, from 1.
    pub page: u32,
}

fn bare(word: &str) -> &str {
    word.trim_matches(|c: char| !c.is_alphanumeric())
}

/// What may be references, each once. None of them is taken apart: who knows references compares them whole.
pub(super) fn codes(lines: &[Line<'_>]) -> Vec<Code> {
    let mut seen = HashSet::new();
    let mut found = Vec::new();
    for line in lines {
        let words: Vec<&str> = line.text.split_whitespace().collect();
        for start in 0..words.len() {
            for count in 1..=CODE_WORDS_MAX {
                let Some(run) = words.get(start..start + count) else {
                    break;
                };
                let whole = run.join(" ");
                let text = bare(&whole);
                let chars = text.chars().count();
                let fits = (CODE_CHARS_MIN..=CODE_CHARS_MAX).contains(&chars)
                    && text.chars().any(|c| c.is_ascii_digit());
                if !fits || !seen.insert(text.to_owned()) {
                    continue;
                }
                if found.len() >= CODES_MAX {
                    return found;
                }
                found.push(Code {
                    text: text.to_owned(),
                    label: label(words.get(..start).unwrap_or_default()),
                    page: line.page,
                });
            }
        }
    }
    found
}

/// What stands in front, where that is short enough for a label.
fn label(words: &[&str]) -> Option<String> {
    let whole = words.join(" ");
    let text = whole.trim_end_matches(|c: char| !c.is_alphanumeric());
    let fits = (1..=LABEL_CHARS_MAX).contains(&text.chars().count());
    (fits && text.starts_with(char::is_alphabetic)).then(|| text.to_owned())
}

fn kept(all: impl Iterator<Item = String>) -> Vec<String> {
    let mut seen = HashSet::new();
    all.filter(|one| seen.insert(one.clone()))
        .take(KEYS_MAX)
        .collect()
}

/// Addresses of e-mail.
pub(super) fn mails(lines: &[Line<'_>]) -> Vec<String> {
    let words = lines.iter().flat_map(|line| line.text.split_whitespace());
    let pieces = words.flat_map(|word| word.split([',', ';', '<', '>', '(', ')', '|', '"']));
    kept(pieces.filter_map(|piece| {
        let (_, address) = piece.rsplit_once("mailto:").unwrap_or(("", piece));
        let address = bare(address).to_lowercase();
        let (name, domain) = address.split_once('@')?;
        let fits = !name.is_empty() && domain.contains('.') && !domain.contains('@');
        fits.then_some(address)
    }))
}

/// IBANs.
pub(super) fn accounts(lines: &[Line<'_>]) -> Vec<String> {
    kept(lines.iter().flat_map(|line| {
        let atoms = atoms(line.text);
        let found = complexes(line.text, &atoms).into_iter();
        let accounts = found.filter(|one| one.group == Group::Account);
        let terms = accounts.flat_map(|one| one.terms);
        let bare = terms.filter_map(|term| Some(term.strip_prefix('#')?.to_uppercase()));
        bare.collect::<Vec<_>>()
    }))
}

/// Umsatzsteuer-Identifikationsnummern: `DE123456789`, `DE 123 456 789`.
pub(super) fn tax_ids(lines: &[Line<'_>]) -> Vec<String> {
    kept(lines.iter().flat_map(|line| {
        let words: Vec<&str> = line.text.split_whitespace().map(bare).collect();
        let mut found = Vec::new();
        for start in 0..words.len() {
            if !words.get(start).is_some_and(|word| word.starts_with("DE")) {
                continue;
            }
            let mut whole = String::new();
            for word in words.iter().skip(start) {
                whole.push_str(word);
                if whole.len() >= TAX_ID_CHARS {
                    break;
                }
            }
            let digits = whole.strip_prefix("DE").unwrap_or_default();
            let fits = whole.len() == TAX_ID_CHARS && digits.chars().all(|c| c.is_ascii_digit());
            if fits {
                found.push(whole);
            }
        }
        found
    }))
}
