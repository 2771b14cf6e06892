//! Accounts: an IBAN in groups of four, or with blanks in odd places.

use super::atoms::{Shape, is_compact_iban};
use super::complex::{Complex, Group, Line, as_digit, is_blank};

impl Line<'_> {
    /// `DE89 3704 0044 0532 0130 00`, with one blank between the groups or none.
    pub(super) fn account(&self, first: usize) -> Option<Complex> {
        let head = self.atoms.get(first)?;
        if head.text.len() != 4 || head.shape != Shape::Mixed || !head.text.is_ascii() {
            return self.loose_account(first);
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
        let Some((count, compact)) = best else {
            return self.loose_account(first);
        };
        let term = format!("#{}", compact.to_lowercase());
        Some(Complex {
            group: Group::Account,
            first,
            count,
            terms: vec![term],
        })
    }

    /// `DE 02 1203…`, `DE02 120300000000202051`, `D E 0 2 …`: with blanks anywhere. The check digits
    /// must be right, for nothing else tells it from other numbers.
    fn loose_account(&self, first: usize) -> Option<Complex> {
        let [head, next] = self.atoms.get(first..first + 2)? else {
            return None;
        };
        // After `in` or `zu` stands a word.
        let goes_on = next.text.len() == 1 || next.text.starts_with(|c: char| c.is_ascii_digit());
        if !begins_account(&head.text) || !goes_on {
            return None;
        }
        let mut compact = String::new();
        for (index, atom) in self.atoms.iter().enumerate().skip(first) {
            let contiguous = index == first
                || self
                    .between(index - 1)
                    .is_some_and(|gap| gap.is_empty() || gap == "\n" || is_blank(gap));
            if !contiguous
                || !atom.text.is_ascii()
                || compact.len() + atom.text.len() > ACCOUNT_CHARS_MAX
            {
                return None;
            }
            compact.push_str(&atom.text.to_lowercase());
            if is_compact_iban(&compact) && checks(&compact) {
                return Some(Complex {
                    group: Group::Account,
                    first,
                    count: index - first + 1,
                    terms: vec![format!("#{compact}")],
                });
            }
        }
        None
    }
}

/// The longest IBAN.
const ACCOUNT_CHARS_MAX: usize = 34;

/// `DE02`, `DE`, `D`: how an account with blanks in odd places may begin.
fn begins_account(head: &str) -> bool {
    match head.as_bytes() {
        [a] => a.is_ascii_alphabetic(),
        [a, b] => a.is_ascii_alphabetic() && b.is_ascii_alphabetic(),
        [a, b, c, d] => {
            a.is_ascii_alphabetic()
                && b.is_ascii_alphabetic()
                && c.is_ascii_digit()
                && d.is_ascii_digit()
        }
        _ => false,
    }
}

/// The check digits of an IBAN (ISO 13616): the rest of a division by 97.
fn checks(compact: &str) -> bool {
    let (head, rest) = compact.split_at_checked(4).unwrap_or((compact, ""));
    let mut remainder = 0_u32;
    for c in rest.chars().chain(head.chars()) {
        let Some(value) = c.to_digit(36) else {
            return false;
        };
        remainder = (remainder * if value > 9 { 100 } else { 10 } + value) % 97;
    }
    remainder == 1
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
