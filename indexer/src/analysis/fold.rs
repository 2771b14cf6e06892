//! One spelling for words that people spell in several ways.
//!
//! Case, ligatures, accents, ß and the three ways to write an umlaut (`ä`, `ae`, `a`) fall together.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// The soft hyphen: a place where a word may break, never a part of it.
pub(crate) const SOFT_HYPHEN: char = '\u{ad}';

/// The folded spelling of a word.
pub(crate) fn fold(word: &str) -> String {
    unfold_number(unfold_street(fold_start(word)))
}

/// The folded spelling of the beginning of a word: `Registr` may go on, so that it is no street.
pub(crate) fn fold_start(word: &str) -> String {
    let mut plain = String::with_capacity(word.len());
    if word.is_ascii() {
        plain.extend(word.chars().map(|c| c.to_ascii_lowercase()));
    } else {
        for c in word
            .nfkd()
            .filter(|c| !is_combining_mark(*c) && *c != SOFT_HYPHEN)
        {
            push_folded(&mut plain, c);
        }
    }
    fold_digraphs(&plain)
}

fn push_folded(out: &mut String, c: char) {
    for lower in c.to_lowercase() {
        match lower {
            'ß' => out.push_str("ss"),
            'æ' | 'ǽ' => out.push('a'),
            'œ' | 'ø' => out.push('o'),
            'ł' => out.push('l'),
            'đ' | 'ð' => out.push('d'),
            'þ' => out.push_str("th"),
            'ı' => out.push('i'),
            // Lowercasing can bring a mark of its own (Turkish dotted capital I).
            other if is_combining_mark(other) => {}
            other => out.push(other),
        }
    }
}

/// `ae`, `oe`, `ue` become `a`, `o`, `u`, but not where the `e` belongs to another sound:
/// after a vowel (`Steuer`, `Bauer`) and after `q` (`Quelle`).
fn fold_digraphs(plain: &str) -> String {
    if !plain.contains('e') {
        return plain.to_owned();
    }
    let mut out = String::with_capacity(plain.len());
    let mut before = ' ';
    let mut chars = plain.chars().peekable();
    while let Some(c) = chars.next() {
        out.push(c);
        let umlaut = matches!(c, 'a' | 'o' | 'u')
            && !matches!(before, 'a' | 'e' | 'i' | 'o' | 'u' | 'q')
            && chars.peek() == Some(&'e');
        if umlaut {
            chars.next();
        }
        before = c;
    }
    out
}

/// `Str.` and `Hauptstr.` are streets. No German word ends in `str` otherwise.
fn unfold_street(mut folded: String) -> String {
    if folded.ends_with("str") {
        folded.push_str("asse");
    }
    folded
}

/// `Hausnr.` and `Rechnungsnr.` are numbers. No German word ends in `nr` otherwise.
fn unfold_number(mut folded: String) -> String {
    if folded.len() > 4 && folded.ends_with("nr") {
        folded.truncate(folded.len() - 1);
        folded.push_str("ummer");
    }
    folded
}
