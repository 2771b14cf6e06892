//! The words and the numbers of a text, in the spelling in which they are compared.

use unicode_normalization::UnicodeNormalization;

use super::apart::Apart;
use super::numbers::{self, Number};
use crate::analysis::fold::{SOFT_HYPHEN, fold};

/// Fewer words tell nothing: a form says as much before anybody has filled it in.
pub const WORDS_MIN: usize = 30;
/// Words, and numbers, of a text that are laid beside those of another: about a hundred pages.
const COMPARED_MAX: usize = 40_000;
/// The sign of a section.
const SECTION: &str = "§";
/// Differences that a machine makes, from which on more of its kind are expected.
pub(super) const NOISY: usize = 3;

/// A text, ready to be laid beside others.
#[derive(Debug, Clone, Default)]
pub struct Text {
    words: Vec<String>,
    numbers: Vec<Number>,
    /// Where the words of each page end.
    ends: Vec<usize>,
}

impl Text {
    /// The text of these pages.
    #[must_use]
    pub fn of<'t>(pages: impl IntoIterator<Item = &'t str>) -> Self {
        let mut text = Self::default();
        for page in pages {
            for word in Reader::of(page) {
                if text.words.len().max(text.numbers.len()) < COMPARED_MAX {
                    text.push(word);
                }
            }
            text.ends.push(text.words.len());
        }
        text
    }

    /// Whether both say the same, but for what a machine misreads: then how much of it stands in both
    /// letter for letter, from 0 to 1.
    #[must_use]
    pub fn same(&self, other: &Self) -> Option<f64> {
        let words = self.words.len().max(other.words.len());
        if self.words.len().min(other.words.len()) < WORDS_MIN / 2 {
            return None;
        }
        let apart = Apart::between(&self.words, &other.words);
        let noisy = apart.misread >= NOISY;
        if !numbers::agree(&self.numbers, &other.numbers, noisy) || !apart.is_noise(words) {
            return None;
        }
        let both = common(&sorted(&self.words), &sorted(&other.words));
        Some(share(2 * both, self.words.len() + other.words.len()))
    }

    /// Which page here stands on which page there, by their numbers.
    #[must_use]
    pub fn pages_alike(&self, other: &Self) -> Vec<(u64, u64)> {
        super::pages::alike(&self.pages(), &other.pages())
    }

    /// The words of each page, sorted.
    fn pages(&self) -> Vec<Vec<&str>> {
        let begins = std::iter::once(0).chain(self.ends.iter().copied());
        let pages = begins.zip(&self.ends);
        pages
            .map(|(from, to)| sorted(self.words.get(from..*to).unwrap_or_default()))
            .collect()
    }

    /// Adds what stands between two gaps: a word, a number, or both, where they ran together.
    fn push(&mut self, word: String) {
        // Machines take § for 8, and I, II and III for bars or ones.
        if word == SECTION {
            self.numbers.push(Number::doubtful("8".to_owned()));
            return;
        }
        if word.chars().all(|c| matches!(c, 'i' | 'l')) {
            let ones = word.chars().map(digit_for).collect();
            self.numbers.push(Number::doubtful(ones));
            return;
        }
        let digits = word.chars().filter(char::is_ascii_digit).count();
        if digits == 0 {
            self.words.push(word);
            return;
        }
        let read: String = word.chars().map(digit_for).collect();
        if is_number(&read) {
            self.numbers.push(Number::clean(read));
            return;
        }
        for piece in pieces(&word) {
            let digits = piece.chars().filter(char::is_ascii_digit).count();
            if is_number(&piece) {
                self.numbers.push(Number::clean(piece));
            } else if digits * 2 >= piece.chars().count() {
                let read = piece.chars().map(digit_for).collect();
                self.numbers.push(Number::doubtful(read));
            } else {
                self.words.push(piece.chars().map(letter_for).collect());
            }
        }
    }
}

/// Reads what stands between gaps, folded: `Mueller`, `MÜLLER` and `Müller` are one.
pub(super) struct Reader {
    chars: Vec<char>,
    at: usize,
}

impl Reader {
    pub(super) fn of(page: &str) -> Self {
        let mut chars: Vec<char> = Vec::with_capacity(page.len());
        let mut broken = false;
        for c in page.nfc().filter(|c| *c != SOFT_HYPHEN) {
            // A word that was broken at the end of a line is one.
            if c == '\n' && chars.last() == Some(&'-') {
                chars.pop();
                broken = true;
            } else if !(broken && c.is_whitespace()) {
                broken = false;
                chars.push(c);
            }
        }
        Self { chars, at: 0 }
    }
}

impl Iterator for Reader {
    type Item = String;

    fn next(&mut self) -> Option<String> {
        loop {
            let rest = self.chars.get(self.at..)?;
            let from = rest
                .iter()
                .position(|c| c.is_alphanumeric() || is_section(*c))?;
            let rest = rest.get(from..)?;
            let end = match rest.first() {
                Some(c) if is_section(*c) => 1,
                _ => rest
                    .iter()
                    .position(|c| !c.is_alphanumeric())
                    .unwrap_or(rest.len()),
            };
            let word: String = rest.iter().take(end).collect();
            self.at += from + end;
            let folded = fold(&word);
            if !folded.is_empty() {
                return Some(folded);
            }
        }
    }
}

fn is_section(c: char) -> bool {
    SECTION.starts_with(c)
}

fn is_number(word: &str) -> bool {
    word.bytes().all(|c| c.is_ascii_digit())
}

/// The digit for which a letter was taken, or the letter.
const fn digit_for(letter: char) -> char {
    match letter {
        'o' => '0',
        'i' | 'l' => '1',
        'z' => '2',
        's' => '5',
        'b' => '8',
        other => other,
    }
}

/// The letter for which a digit was taken, or the digit.
const fn letter_for(digit: char) -> char {
    match digit {
        '0' => 'o',
        '1' => 'l',
        '2' => 'z',
        '5' => 's',
        '8' => 'b',
        other => other,
    }
}

/// What a letter looks like: machines take letters of one shape for each other.
pub(super) const fn shape(letter: char) -> char {
    match letter {
        '1' | 'f' | 'i' | 'j' | 'l' | 't' => 'i',
        '0' | '9' | 'a' | 'c' | 'd' | 'e' | 'g' | 'o' | 'q' => 'o',
        '6' | '8' | '§' | 'b' | 'h' | 'n' | 'r' | 'u' => 'n',
        '2' | '5' | 's' | 'z' => 's',
        'v' | 'w' | 'y' => 'v',
        other => other,
    }
}

/// Cuts out runs of at least two digits: `am03` is `am` and `03`.
fn pieces(word: &str) -> Vec<String> {
    let mut all: Vec<(bool, String)> = Vec::new();
    for c in word.chars() {
        let digit = c.is_ascii_digit();
        match all.last_mut() {
            Some((kind, run)) if *kind == digit => run.push(c),
            Some(_) | None => all.push((digit, c.to_string())),
        }
    }
    // A single digit among letters is a misread letter, and stays with them.
    let mut joined: Vec<(bool, String)> = Vec::new();
    for (digit, run) in all {
        let cut = digit && run.len() > 1;
        match joined.last_mut() {
            Some((false, last)) if !cut => last.push_str(&run),
            Some(_) | None => joined.push((cut, run)),
        }
    }
    joined.into_iter().map(|(_, run)| run).collect()
}

/// Words, sorted.
pub(super) fn sorted(words: &[String]) -> Vec<&str> {
    let mut sorted: Vec<&str> = words.iter().map(String::as_str).collect();
    sorted.sort_unstable();
    sorted
}

/// How many words of two sorted lists stand in both.
pub(super) fn common(here: &[&str], there: &[&str]) -> usize {
    let (mut left, mut right, mut both) = (0, 0, 0);
    while let (Some(one), Some(other)) = (here.get(left), there.get(right)) {
        match one.cmp(other) {
            std::cmp::Ordering::Less => left += 1,
            std::cmp::Ordering::Greater => right += 1,
            std::cmp::Ordering::Equal => {
                both += 1;
                left += 1;
                right += 1;
            }
        }
    }
    both
}

/// A part of a whole, from 0 to 1.
pub(super) fn share(part: usize, whole: usize) -> f64 {
    let number = |many: usize| f64::from(u32::try_from(many).unwrap_or(u32::MAX));
    if whole == 0 {
        0.0
    } else {
        number(part) / number(whole)
    }
}
