//! German analysis: from text to the terms of the index, and from a question to the same terms.

mod account;
mod amounts;
pub(crate) mod atoms;
pub(crate) mod complex;
mod compound;
pub(crate) mod dates;
pub(crate) mod fold;
mod lexicon;
pub(crate) mod question;
mod section;
mod stem;
mod stop;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::sync::Arc;

use foldhash::fast::RandomState;

use atoms::{Atom, Shape, atoms};
use complex::{Complex, Group, complexes};
use dates::{date_term, day_of};
use fold::fold;
use lexicon::Lexicon;

pub(crate) use stop::is_stop_word;

/// Marks the terms of the parts of compounds.
pub(crate) const PART: char = '+';
/// Stands between the folded and the written form in the vocabulary.
pub(crate) const VOCABULARY_SEPARATOR: char = '\u{4}';

/// What is known about a word.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Word {
    /// The spelling that all spellings share.
    pub(crate) folded: String,
    /// The stem that all forms share.
    pub(crate) stem: String,
    /// The stems of the parts, if it is a compound, each behind its mark.
    pub(crate) marked_parts: Vec<String>,
    /// Folded and written form, as the vocabulary keeps them; empty for codes.
    pub(crate) vocabulary: String,
}

/// Remembers what it has looked up: a text repeats its words.
#[derive(Debug)]
pub(crate) struct Analyzer {
    lexicon: &'static Lexicon,
    words: HashMap<Box<str>, Known, RandomState>,
    words_max: usize,
    document: u64,
}

#[derive(Debug)]
struct Known {
    word: Arc<Word>,
    /// The last document in which it was met.
    met_in: u64,
}

/// What stands at one position.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub(crate) struct Position {
    /// Where its atom starts in the text, in bytes.
    pub(crate) start: usize,
    /// Where it ends.
    pub(crate) end: usize,
    /// The word, if it is one.
    pub(crate) word: Option<Arc<Word>>,
    /// Terms beside those of the word.
    pub(crate) extra: Vec<String>,
}

impl Position {
    /// The terms as they stand in the index, the whole word first.
    pub(crate) fn each_term(&self, mut with: impl FnMut(&str)) {
        if let Some(word) = &self.word {
            with(&word.stem);
            word.marked_parts.iter().for_each(|part| with(part));
        }
        self.extra.iter().for_each(|term| with(term));
    }

    fn add(&mut self, term: String) {
        let of_word = self
            .word
            .as_ref()
            .is_some_and(|word| word.stem == term || word.marked_parts.contains(&term));
        if !of_word && !self.extra.contains(&term) {
            self.extra.push(term);
        }
    }
}

/// Room for words like `Straßenreinigungsgebührensatzung`, folded and as it is written.
const VOCABULARY_BYTES_MAX: usize = 120;

impl Analyzer {
    /// An analyzer that remembers at most so many words.
    pub(crate) fn new(words_max: usize) -> Self {
        Self {
            lexicon: Lexicon::shared(),
            words: HashMap::default(),
            words_max,
            document: 0,
        }
    }

    /// What is known about a word as it is written.
    pub(crate) fn word(&mut self, written: &str) -> Arc<Word> {
        self.look_up(written).0
    }

    /// The word, and whether this document has it for the first time.
    fn look_up(&mut self, written: &str) -> (Arc<Word>, bool) {
        let document = self.document;
        if let Some(known) = self.words.get_mut(written) {
            let first = known.met_in != document;
            known.met_in = document;
            return (Arc::clone(&known.word), first);
        }
        if self.words.len() >= self.words_max {
            self.words.clear();
        }
        let word = Arc::new(analyse(written, self.lexicon));
        self.words.insert(
            written.into(),
            Known {
                word: Arc::clone(&word),
                met_in: document,
            },
        );
        (word, true)
    }

    /// Begins a document: its words count as new again.
    pub(crate) fn begin(&mut self) {
        self.document += 1;
    }

    /// Analyses one text; positions count from 0, one per atom. New words go to the vocabulary.
    pub(crate) fn text(&mut self, text: &str, vocabulary: &mut Vec<Arc<Word>>) -> Vec<Position> {
        let atoms = atoms(text);
        let mut positions = Vec::with_capacity(atoms.len());
        for atom in &atoms {
            let mut position = Position {
                start: atom.start,
                end: atom.end,
                word: None,
                extra: Vec::new(),
            };
            match atom.shape {
                Shape::Letters => {
                    let (word, first) = self.look_up(&atom.text);
                    if first && !word.vocabulary.is_empty() {
                        vocabulary.push(Arc::clone(&word));
                    }
                    position.word = Some(word);
                }
                Shape::Digits | Shape::Mixed | Shape::Sign => code_terms(atom, &mut position),
            }
            positions.push(position);
        }
        for complex in complexes(text, &atoms) {
            self.add_complex(&complex, &mut positions);
        }
        self.suspended(text, &atoms, &mut positions);
        self.resumed(text, &atoms, &mut positions);
        positions
    }

    fn add_complex(&mut self, complex: &Complex, positions: &mut [Position]) {
        let Some(position) = positions.get_mut(complex.first) else {
            return;
        };
        for term in &complex.terms {
            if complex.group == Group::Joined {
                let word = self.word(term);
                position.add(word.stem.clone());
                word.marked_parts
                    .iter()
                    .for_each(|part| position.add(part.clone()));
            } else {
                position.add(term.clone());
            }
        }
        let coded = matches!(complex.group, Group::Code | Group::Date | Group::Account);
        for position in
            positions
                .iter_mut()
                .skip(complex.first)
                .take(if coded { complex.count } else { 0 })
        {
            // `II` inside a reference may have been read as `11`.
            if let Some(digits) = position
                .word
                .as_ref()
                .and_then(|word| confusable(&word.stem))
            {
                position.add(digits);
            }
        }
    }

    /// `Kauf- und Mietvertrag` is also a `Kaufvertrag`.
    fn suspended(&mut self, text: &str, atoms: &[Atom<'_>], positions: &mut [Position]) {
        for (index, window) in atoms.windows(3).enumerate() {
            let [left, link, right] = window else {
                continue;
            };
            let hanging = text.get(left.end..link.start).is_some_and(|gap| {
                let mut chars = gap.chars();
                matches!(chars.next(), Some('-' | '\u{2010}' | '\u{2011}'))
                    && gap.trim_end().len() < gap.len()
            });
            if !hanging || left.shape != Shape::Letters || right.shape != Shape::Letters {
                continue;
            }
            if !is_link(&link.text) {
                continue;
            }
            let tails = self.tails(&right.text);
            for hanging in listed_before(text, atoms, index) {
                let Some(word) = atoms.get(hanging) else {
                    continue;
                };
                let beginning = fold(&word.text);
                for tail in &tails {
                    let completed = self.word(&format!("{beginning}{tail}"));
                    if let Some(position) = positions.get_mut(hanging) {
                        position.add(format!("{PART}{}", completed.stem));
                    }
                }
            }
        }
    }

    /// `Steuereinnahmen und -ausgaben` are also `Steuerausgaben`.
    fn resumed(&mut self, text: &str, atoms: &[Atom<'_>], positions: &mut [Position]) {
        for (index, window) in atoms.windows(3).enumerate() {
            let [left, link, right] = window else {
                continue;
            };
            let gap = text.get(link.end..right.start).unwrap_or("");
            let resumes = matches!(gap, " -" | " \u{2010}" | " \u{2011}" | ". -");
            let letters = left.shape == Shape::Letters && right.shape == Shape::Letters;
            if !resumes || !letters || !is_link(&link.text) {
                continue;
            }
            let word = self.word(&left.text);
            let end = fold(&right.text);
            let beginnings = word.marked_parts.iter().filter_map(|part| {
                let part = part.strip_prefix(PART)?;
                (part.len() < word.folded.len() && word.folded.starts_with(part)).then_some(part)
            });
            for beginning in beginnings {
                let completed = self.word(&format!("{beginning}{end}"));
                if let Some(position) = positions.get_mut(index + 2) {
                    position.add(format!("{PART}{}", completed.stem));
                }
            }
        }
    }

    /// What a word ends in: the stretches behind its first part or behind its prefix.
    fn tails(&mut self, written: &str) -> Vec<String> {
        let word = self.word(written);
        let folded = &word.folded;
        let mut tails: Vec<String> = word
            .marked_parts
            .iter()
            .filter_map(|part| part.strip_prefix(PART))
            .filter(|part| word.stem.ends_with(part) && word.stem.len() > part.len())
            .map(str::to_owned)
            .collect();
        if tails.is_empty() {
            let prefixes = [
                "aus", "auf", "ein", "ab", "an", "vor", "nach", "unter", "um", "hin", "her", "zu",
                "be", "ent", "mit", "innen", "nicht",
            ];
            tails.extend(prefixes.iter().filter_map(|prefix| {
                folded
                    .strip_prefix(prefix)
                    .filter(|tail| tail.len() >= 4)
                    .map(str::to_owned)
            }));
        }
        tails
    }
}

fn is_link(word: &str) -> bool {
    matches!(word, "und" | "oder" | "bzw" | "sowie" | "u")
}

/// The most words of a list whose hyphens stand for the same end.
const SUSPENDED_MAX: usize = 5;

/// `Straßen-, Brücken- und Wegebau`: the words with a hanging hyphen up to the one before the link.
fn listed_before(text: &str, atoms: &[Atom<'_>], last: usize) -> std::ops::RangeInclusive<usize> {
    let mut first = last;
    while let Some(before) = first.checked_sub(1)
        && last - before < SUSPENDED_MAX
        && let (Some(left), Some(right)) = (atoms.get(before), atoms.get(first))
        && left.shape == Shape::Letters
        && text
            .get(left.end..right.start)
            .is_some_and(|gap| matches!(gap.trim_end(), "-," | "\u{2010}," | "\u{2011},"))
    {
        first = before;
    }
    first..=last
}

/// Whether a term is one letter run that a scanner may have read as digits.
fn confusable(term: &str) -> Option<String> {
    let letters = term.chars().all(|c| matches!(c, 'o' | 'i' | 'l'));
    (letters && term.len() <= 3).then(|| {
        term.chars()
            .map(|c| if c == 'o' { '0' } else { '1' })
            .collect()
    })
}

/// `0042` is found as itself and as `42`; `2O26` also as `2026`.
fn code_terms(atom: &Atom<'_>, position: &mut Position) {
    let folded = fold(&atom.text);
    match atom.shape {
        Shape::Digits => {
            let bare = folded.trim_start_matches('0');
            let padded = (bare.len() < folded.len() && !bare.is_empty()).then(|| bare.to_owned());
            position.add(folded);
            padded.into_iter().for_each(|bare| position.add(bare));
            compact_date(&atom.text)
                .into_iter()
                .for_each(|day| position.add(day));
        }
        Shape::Mixed => {
            position.add(folded);
            position.add(complex::canonical_piece(&atom.text));
        }
        Shape::Letters | Shape::Sign => position.add(folded),
    }
}

/// `20270305`, as names of files have it.
fn compact_date(digits: &str) -> Option<String> {
    let (year, rest) = digits.split_at_checked(4)?;
    let (month, day) = rest.split_at_checked(2)?;
    let recent = digits.len() == 8 && (year.starts_with("19") || year.starts_with("20"));
    let day = recent.then(|| day_of(day, month, year)).flatten()?;
    Some(date_term(day))
}

fn analyse(written: &str, lexicon: &Lexicon) -> Word {
    let folded = fold(written);
    let capital = written.chars().next().is_some_and(char::is_uppercase);
    let plain = folded
        .chars()
        .eq(written.chars().flat_map(char::to_lowercase));
    let stem = stem::stem_of(&folded, plain, lexicon);
    let marked_parts = compound::parts(&folded, capital, lexicon)
        .iter()
        .map(|part| format!("{PART}{part}"))
        .collect();
    let keep = folded.len() >= 2 && folded.len() + written.len() <= VOCABULARY_BYTES_MAX;
    let vocabulary = if keep {
        format!("{folded}{VOCABULARY_SEPARATOR}{written}")
    } else {
        String::new()
    };
    Word {
        folded,
        stem,
        marked_parts,
        vocabulary,
    }
}
