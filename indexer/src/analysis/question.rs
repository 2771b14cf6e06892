//! A question in the terms of the index.
//!
//! The same atoms and groups as in a text, but kept apart: the words of a question may be alternatives,
//! parts of a phrase or left out. Compounds are not split here, see `compound`.

use std::sync::Arc;

use super::atoms::{Shape, atoms};
use super::complex::{Complex, Group, canonical_piece, complexes};
use super::fold::fold;
use super::{Analyzer, Word, is_stop_word};

/// Something asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Unit {
    /// A word.
    Word {
        /// As it was typed.
        written: String,
        /// What is known about it.
        word: Arc<Word>,
    },
    /// A number or a word with digits; any of the terms will do.
    Code {
        /// As it was typed.
        written: String,
        /// The terms, the exact one first.
        terms: Vec<String>,
    },
    /// Several atoms with a meaning of their own.
    Group {
        /// As it was typed.
        written: String,
        /// What it is.
        group: Group,
        /// Its own terms; any of them will do.
        terms: Vec<String>,
        /// Of a joined word, the word without hyphens.
        joined: Option<Arc<Word>>,
        /// Its atoms one by one.
        atoms: Vec<Unit>,
    },
}

impl Unit {
    /// The term that stands for it in a phrase.
    pub(crate) fn phrase_terms(&self, into: &mut Vec<String>) {
        match self {
            Self::Word { word, .. } => into.push(word.stem.clone()),
            Self::Code { terms, .. } => into.extend(terms.first().cloned()),
            Self::Group { atoms, .. } => atoms.iter().for_each(|atom| atom.phrase_terms(into)),
        }
    }

    /// The same where what is written small means the verb; the nouns that are written alike stand in the other.
    pub(crate) fn verb_terms(&self, into: &mut Vec<String>) {
        match self {
            Self::Word { word, .. } => {
                into.push(word.alike().unwrap_or(&word.stem).to_owned());
            }
            Self::Group { atoms, .. } => atoms.iter().for_each(|atom| atom.verb_terms(into)),
            Self::Code { .. } => self.phrase_terms(into),
        }
    }

    /// Whether it carries no meaning of its own.
    pub(crate) fn is_stop_word(&self) -> bool {
        matches!(self, Self::Word { word, .. } if is_stop_word(&word.folded))
    }
}

impl Analyzer {
    /// The units of a question.
    pub(crate) fn question(&mut self, text: &str) -> Vec<Unit> {
        let atoms = atoms(text);
        let mut singles: Vec<Option<Unit>> = Vec::with_capacity(atoms.len());
        for atom in &atoms {
            let written = atom.text.to_string();
            singles.push(Some(match atom.shape {
                Shape::Letters => Unit::Word {
                    word: self.word(&written),
                    written,
                },
                Shape::Digits | Shape::Sign => Unit::Code {
                    terms: vec![fold(&written)],
                    written,
                },
                Shape::Mixed => {
                    let mut terms = vec![fold(&written)];
                    let canonical = canonical_piece(&written);
                    if !terms.contains(&canonical) {
                        terms.push(canonical);
                    }
                    Unit::Code { terms, written }
                }
            }));
        }
        let groups = complexes(text, &atoms);
        let mut units = Vec::with_capacity(singles.len());
        let mut at = 0;
        while at < singles.len() {
            let here: Vec<&Complex> = groups.iter().filter(|group| group.first == at).collect();
            let Some(widest) = here.iter().copied().max_by_key(|group| group.count) else {
                units.extend(singles.get_mut(at).and_then(Option::take));
                at += 1;
                continue;
            };
            let span = atoms.get(at).zip(atoms.get(at + widest.count - 1));
            let written = span
                .and_then(|(first, last)| text.get(first.start..last.end))
                .unwrap_or("")
                .to_owned();
            let inner: Vec<Unit> = singles
                .iter_mut()
                .skip(at)
                .take(widest.count)
                .filter_map(Option::take)
                .collect();
            let mut unit = self.group(widest, written, inner);
            for other in here.iter().filter(|other| other.count == widest.count) {
                add_terms(&mut unit, other);
            }
            units.push(unit);
            at += widest.count;
        }
        units
    }

    fn group(&mut self, complex: &Complex, written: String, atoms: Vec<Unit>) -> Unit {
        let joined = (complex.group == Group::Joined)
            .then(|| complex.terms.first().map(|word| self.word(word)))
            .flatten();
        Unit::Group {
            written,
            group: complex.group,
            terms: Vec::new(),
            joined,
            atoms,
        }
    }
}

fn add_terms(unit: &mut Unit, complex: &Complex) {
    let Unit::Group { terms, .. } = unit else {
        return;
    };
    if complex.group == Group::Joined {
        return;
    }
    for term in &complex.terms {
        // The whole number beside an amount is for those who ask without the cents.
        let bare = !term.starts_with(['#', '@']);
        let same = complex
            .terms
            .first()
            .is_some_and(|first| first.strip_prefix('#') == Some(term.as_str()));
        // `4500-0291` is also written `45000291`.
        let number = matches!(complex.group, Group::Code | Group::Spaced);
        if (!bare || same || number) && !terms.contains(term) {
            terms.push(term.clone());
        }
    }
}
