//! German analysis: from text to the terms of the index, and from a question to the same terms.

mod account;
mod amounts;
pub(crate) mod atoms;
pub(crate) mod complex;
mod compound;
pub(crate) mod dates;
pub(crate) mod fold;
mod lexicon;
mod parted;
pub(crate) mod question;
mod section;
mod spans;
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
/// Marks the terms of verbs that stand in two places, or that only their small letter tells from nouns.
pub(crate) const PARTED: char = '~';
/// Stands between the folded and the written form in the vocabulary.
pub(crate) const VOCABULARY_SEPARATOR: char = '\u{4}';

/// What is known about a word.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Word {
    /// The spelling that all spellings share.
    pub(crate) folded: String,
    /// The stem that all forms share.
    pub(crate) stem: String,
    /// The stems of the parts, if it is a compound, each behind its mark; of a form that is a verb because it
    /// is written small, the stem of the verb behind its own.
    pub(crate) marked_parts: Vec<String>,
    /// Folded and written form, as the vocabulary keeps them; empty for codes.
    pub(crate) vocabulary: String,
    /// Whether it is a noun that may begin a compound, and whether it may end one.
    compounding: (bool, bool),
    /// Whether it is a verb because it is written small, where a noun is written alike.
    is_verb: bool,
    /// The prefix of a verb that it may be where it ends a clause.
    prefix: Option<&'static str>,
}

impl Word {
    /// The term of the verb that may stand in two places, or that it is because it is written small.
    fn parted(&self) -> Option<&str> {
        let mut parts = self.marked_parts.iter();
        parts
            .find(|part| part.starts_with(PARTED))
            .map(String::as_str)
    }

    /// The same, if it is no noun when it is written so.
    pub(crate) fn alike(&self) -> Option<&str> {
        self.parted().filter(|_| self.is_verb)
    }
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
    /// Whether it is a verb for certain, so that the noun that is written alike is not found by it.
    verb: bool,
}

impl Position {
    /// The terms as they stand in the index, the whole word first.
    pub(crate) fn each_term(&self, mut with: impl FnMut(&str)) {
        if let Some(word) = &self.word {
            if !self.verb {
                with(&word.stem);
            }
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
        let mut before: Option<&Atom<'_>> = None;
        // Looked at when all positions are there: few words are one or the other.
        let (mut pairs, mut prefixes) = (Vec::new(), Vec::new());
        let mut begins = false;
        for atom in &atoms {
            let mut position = Position {
                start: atom.start,
                end: atom.end,
                word: None,
                extra: Vec::new(),
                verb: false,
            };
            match atom.shape {
                Shape::Letters => {
                    let (word, first) = self.look_up(&atom.text);
                    if first && !word.vocabulary.is_empty() {
                        vocabulary.push(Arc::clone(&word));
                    }
                    // `der klang` may be a noun in a letter without capitals.
                    position.verb = word.is_verb
                        && !before.is_some_and(|before| parted::is_determiner(&before.text));
                    let at = positions.len();
                    if begins
                        && word.compounding.1
                        && let Some(before) = before
                        && text
                            .get(before.end..atom.start)
                            .is_some_and(complex::is_blank)
                    {
                        pairs.push(at - 1);
                    }
                    begins = word.compounding.0;
                    prefixes.extend(word.prefix.map(|prefix| (at, prefix)));
                    position.word = Some(word);
                }
                Shape::Digits | Shape::Mixed | Shape::Sign => {
                    begins = false;
                    code_terms(atom, &mut position);
                }
            }
            positions.push(position);
            before = Some(atom);
        }
        for complex in complexes(text, &atoms) {
            self.add_complex(&complex, &mut positions);
        }
        self.suspended(text, &atoms, &mut positions);
        self.resumed(text, &atoms, &mut positions);
        self.apart(&atoms, &pairs, &mut positions);
        self.parted(text, &atoms, &prefixes, &mut positions);
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

    /// `Straßen Sperrung` is also a `Straßensperrung`: two nouns that the list knows to make one.
    fn apart(&mut self, atoms: &[Atom<'_>], pairs: &[usize], positions: &mut [Position]) {
        let mut together = String::new();
        for index in pairs.iter().copied() {
            let Some([left, right]) = atoms.get(index..index + 2) else {
                continue;
            };
            let second = positions.get(index + 1);
            let Some(second) = second.and_then(|second| second.word.clone()) else {
                continue;
            };
            together.clear();
            together.push_str(&left.text);
            together.push_str(&right.text);
            let joined = self.word(&together);
            let ends = |part: &String| part.strip_prefix(PART) == Some(second.stem.as_str());
            if joined.marked_parts.iter().any(ends)
                && let Some(position) = positions.get_mut(index)
            {
                position.add(format!("{PART}{}", joined.stem));
            }
        }
    }

    /// The term of a verb that may stand in two places or be written like a noun, for whoever types its
    /// infinitive or participle, or that very form in small letters.
    pub(crate) fn parted_term(&self, word: &Word) -> Option<String> {
        if self.lexicon.parting().is_asked(&word.folded) {
            return Some(format!("{PARTED}{}", word.stem));
        }
        word.parted().map(str::to_owned)
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
    let mut marked_parts: Vec<String> = compound::parts(&folded, capital, lexicon)
        .iter()
        .map(|part| format!("{PART}{part}"))
        .collect();
    let known =
        |is: fn(&str, &Lexicon) -> bool| capital && (is(&folded, lexicon) || is(&stem, lexicon));
    let begins = (capital && !marked_parts.is_empty()) || known(compound::is_modifier);
    let compounding = (begins, known(compound::is_head));
    let parting = lexicon.parting();
    let alike = parting.alike(&folded).filter(|_| !capital);
    // `ausgaben` and `einnahmen` are nouns even in small letters: `Steuereinnahmen und -ausgaben`.
    let together = parting
        .together(&folded)
        .filter(|_| !capital && !folded.ends_with("en"));
    let verb = alike.or(together);
    marked_parts.extend(
        verb.filter(|verb| *verb != stem)
            .map(|verb| format!("{PARTED}{verb}")),
    );
    let is_verb = alike.is_some_and(|verb| verb != stem);
    marked_parts.extend(week(written, &folded).map(|week| format!("{PART}{week}")));
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
        compounding,
        is_verb,
        prefix: parted::parting(written),
    }
}

/// `KW` is a week of the calendar, and the other way round; `kW` is none.
fn week(written: &str, folded: &str) -> Option<&'static str> {
    match folded {
        "kw" if written == "KW" => Some("kalenderwoch"),
        "kalenderwoche" | "kalenderwochen" => Some("kw"),
        _ => None,
    }
}
