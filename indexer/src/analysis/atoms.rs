//! Text to atoms: runs of letters and digits, with their place in the text.
//!
//! An atom is what one position of the index stands for. Offsets are those of the text as it was given,
//! so that a mark can be drawn without looking anything up.

use std::borrow::Cow;

use super::fold::SOFT_HYPHEN;

/// What an atom is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    /// Letters only.
    Letters,
    /// Digits only.
    Digits,
    /// Letters and digits.
    Mixed,
    /// The paragraph sign.
    Sign,
}

/// A run of letters and digits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Atom<'t> {
    /// Where it starts, in bytes.
    pub(crate) start: usize,
    /// Where it ends, in bytes.
    pub(crate) end: usize,
    /// The run itself, without soft hyphens and without the break of a line inside.
    pub(crate) text: Cow<'t, str>,
    /// What it is made of.
    pub(crate) shape: Shape,
}

const ATOM_BYTES_MAX: usize = 120;

/// The atoms of a text, in order.
pub(crate) fn atoms(text: &str) -> Vec<Atom<'_>> {
    let mut scanner = Scanner { text, at: 0 };
    let mut found = Vec::with_capacity(text.len() / 7 + 1);
    while let Some(atom) = scanner.next_atom() {
        push_atom(&mut found, atom);
    }
    found
}

/// An IBAN written without blanks is cut into its groups of four, so that each can be found.
fn push_atom<'t>(found: &mut Vec<Atom<'t>>, atom: Atom<'t>) {
    if atom.shape != Shape::Mixed
        || !is_compact_iban(&atom.text)
        || atom.text.len() != atom.end - atom.start
    {
        found.push(atom);
        return;
    }
    let mut start = atom.start;
    let chars: Vec<char> = atom.text.chars().collect();
    for group in chars.chunks(4) {
        let text: String = group.iter().collect();
        let shape = shape_of(&text);
        let end = start + text.len();
        found.push(Atom {
            start,
            end,
            text: Cow::Owned(text),
            shape,
        });
        start = end;
    }
}

/// Two letters, two check digits, then mostly digits; German ones have 22 characters.
pub(crate) fn is_compact_iban(text: &str) -> bool {
    let bytes = text.as_bytes();
    let (Some([a, b]), Some([c, d])) = (bytes.get(0..2), bytes.get(2..4)) else {
        return false;
    };
    let head = a.is_ascii_alphabetic()
        && b.is_ascii_alphabetic()
        && c.is_ascii_digit()
        && d.is_ascii_digit();
    let german = a.eq_ignore_ascii_case(&b'd') && b.eq_ignore_ascii_case(&b'e');
    let length = if german {
        bytes.len() == 22
    } else {
        (15..=34).contains(&bytes.len())
    };
    let digits = bytes.iter().filter(|byte| byte.is_ascii_digit()).count();
    head && length && bytes.iter().all(u8::is_ascii_alphanumeric) && digits * 3 >= bytes.len() * 2
}

fn shape_of(text: &str) -> Shape {
    let digits = text.chars().any(|c| c.is_ascii_digit());
    let letters = text.chars().any(|c| !c.is_ascii_digit());
    match (digits, letters) {
        (true, true) => Shape::Mixed,
        (true, false) => Shape::Digits,
        (false, _) => Shape::Letters,
    }
}

fn is_word_char(c: char) -> bool {
    c.is_ascii_alphanumeric()
        || (!c.is_ascii()
            && (c.is_alphanumeric()
                || c == SOFT_HYPHEN
                || unicode_normalization::char::is_combining_mark(c)))
}

struct Scanner<'t> {
    text: &'t str,
    at: usize,
}

impl<'t> Scanner<'t> {
    fn rest(&self) -> &'t str {
        self.text.get(self.at..).unwrap_or("")
    }

    fn next_atom(&mut self) -> Option<Atom<'t>> {
        loop {
            let c = self.rest().chars().next()?;
            if c == '§' {
                return Some(self.signs());
            }
            if c == '€' {
                let start = self.at;
                self.at += c.len_utf8();
                return Some(Atom {
                    start,
                    end: self.at,
                    text: Cow::Borrowed("Euro"),
                    shape: Shape::Letters,
                });
            }
            if is_word_char(c) && c != SOFT_HYPHEN {
                return Some(self.run());
            }
            self.at += c.len_utf8();
        }
    }

    /// `§` and `§§` are one sign.
    fn signs(&mut self) -> Atom<'t> {
        let start = self.at;
        while self.rest().starts_with('§') {
            self.at += '§'.len_utf8();
        }
        Atom {
            start,
            end: self.at,
            text: Cow::Borrowed("§"),
            shape: Shape::Sign,
        }
    }

    fn run(&mut self) -> Atom<'t> {
        let start = self.at;
        let mut end = start;
        // Filled as soon as the word is not one stretch of the text.
        let mut joined: Option<String> = None;
        while let Some(c) = self.rest().chars().next() {
            let so_far = self.text.get(start..end).unwrap_or("");
            if !is_word_char(c) || end - start >= ATOM_BYTES_MAX {
                let Some(skip) = self.joint(so_far) else {
                    break;
                };
                joined.get_or_insert_with(|| so_far.to_owned());
                self.at += skip;
                continue;
            }
            self.at += c.len_utf8();
            if c == SOFT_HYPHEN {
                joined.get_or_insert_with(|| so_far.to_owned());
                self.at += line_break(self.rest()).unwrap_or(0);
                continue;
            }
            if let Some(word) = &mut joined {
                word.push(c);
            }
            end = self.at;
        }
        self.at = self.at.max(end);
        let text = joined.map_or_else(
            || Cow::Borrowed(self.text.get(start..end).unwrap_or("")),
            Cow::Owned,
        );
        let shape = shape_of(&text);
        Atom {
            start,
            end,
            text,
            shape,
        }
    }

    /// How many bytes stand between two halves of one word: a hyphen at the end of a line, or the
    /// mark of a gendered ending (`Bürger:innen`). The underscore and the colon count only there.
    fn joint(&self, so_far: &str) -> Option<usize> {
        let rest = self.rest();
        let mark = rest.chars().next()?;
        let after = rest.get(mark.len_utf8()..)?;
        match mark {
            '-' | '\u{2010}' | '\u{2011}'
                if so_far.chars().last().is_some_and(char::is_alphabetic) =>
            {
                let skip = line_break(after)?;
                let next = after.get(skip..)?;
                (next.chars().next()?.is_lowercase() && !starts_with_conjunction(next))
                    .then_some(mark.len_utf8() + skip)
            }
            ':' | '*' | '_' | '·' => gendered(after).then_some(mark.len_utf8()),
            '/' => after.strip_prefix('-').map_or_else(
                || gendered(after).then_some(1),
                |ending| gendered(ending).then_some(2),
            ),
            _ => None,
        }
    }
}

fn gendered(after: &str) -> bool {
    ["innen", "in"].iter().any(|ending| {
        after
            .strip_prefix(ending)
            .is_some_and(|rest| !rest.chars().next().is_some_and(is_word_char))
    })
}

/// The length of white space that contains the end of a line.
fn line_break(text: &str) -> Option<usize> {
    let blank = text.len() - text.trim_start_matches([' ', '\t', '\r', '\n']).len();
    text.get(..blank)?.contains('\n').then_some(blank)
}

/// After `Ein-` at the end of a line, `und Ausgang` goes on with a word of its own.
fn starts_with_conjunction(text: &str) -> bool {
    ["und", "oder", "bzw", "sowie", "als", "noch"]
        .iter()
        .any(|word| {
            text.strip_prefix(word)
                .is_some_and(|rest| !rest.chars().next().is_some_and(is_word_char))
        })
}
