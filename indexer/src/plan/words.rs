//! Words, codes and phrases of a query.

use std::sync::Arc;

use tantivy::Term;
use tantivy::query::{FuzzyTermQuery, PhraseQuery};
use tantivy::schema::Field;

use super::{Leaf, Mark, Planner, Scope};
use crate::analysis::complex::{Group, code_of};
use crate::analysis::fold::fold_start;
use crate::analysis::question::Unit;
use crate::analysis::{PART, Word};
use crate::clauses::{Boxed, boolean, union, weighted};
use crate::correct::Variant;
use crate::explain::Reading;
use crate::query::Place;
use crate::weigh::WordQuery;

/// A match of a part of a compound against one of the whole word.
const PART_WEIGHT: f32 = 0.45;
/// A code that stands as it was typed.
const CODE_WEIGHT: f32 = 3.0;
/// A word that is only nearly the one typed.
const VARIANT_WEIGHT: f32 = 0.7;

impl Planner<'_> {
    pub(super) fn unit(&mut self, unit: &Unit, scope: Scope) -> Option<Boxed> {
        match unit {
            Unit::Word { written, word } => {
                if unit.is_stop_word() && !self.keep_stop_words {
                    self.explain(written, Reading::StopWord, scope, Vec::new());
                    return None;
                }
                self.word(written, word, scope)
            }
            Unit::Code { written, terms } => {
                self.explain(written, Reading::Number, scope, terms.clone());
                terms
                    .iter()
                    .for_each(|term| self.mark(Mark::Word(term.clone()), scope));
                self.boost_codes(terms, scope);
                let any = terms
                    .iter()
                    .map(|term| self.term(term, 1.0, scope))
                    .collect();
                union(any)
            }
            Unit::Group {
                written,
                group,
                terms,
                joined,
                atoms,
            } => self.group(written, *group, terms, joined.as_deref(), atoms, scope),
        }
    }

    fn word(&mut self, written: &str, word: &Arc<Word>, scope: Scope) -> Option<Boxed> {
        if let Some(variants) = self.variants.get(&word.stem) {
            return self.nearly(written, variants, scope);
        }
        let mut terms = vec![word.stem.clone(), format!("{PART}{}", word.stem)];
        let parted = self.analyzer.parted_term(word);
        terms.extend(parted.clone());
        self.explain(written, Reading::Word, scope, terms.clone());
        if scope.positive {
            let (field, mark) = self.field_of(scope);
            let leaf = Leaf {
                word: Arc::clone(word),
                field,
                terms: terms.iter().map(|term| format!("{mark}{term}")).collect(),
            };
            self.plan.leaves.push(leaf);
        }
        self.mark(Mark::Word(word.stem.clone()), scope);
        self.mark(Mark::Part(word.stem.clone()), scope);
        self.boost_word(written, word, scope);
        let Some(parted) = parted else {
            return Some(self.any_of([(word.stem.as_str(), 1.0)], scope));
        };
        self.mark(Mark::Word(parted.clone()), scope);
        let (field, mark) = self.field_of(scope);
        let weights = [1.0, PART_WEIGHT, 1.0];
        let terms = terms.iter().map(|term| format!("{mark}{term}"));
        Some(Box::new(WordQuery::new(field, terms.zip(weights))))
    }

    /// A word joined by hyphens of which one has a typing error: its words one by one.
    fn misspelt(&mut self, joined: &Word, atoms: &[Unit], scope: Scope) -> Option<Boxed> {
        let mut misspelt = false;
        for atom in atoms {
            let Unit::Word { word, .. } = atom else {
                continue;
            };
            misspelt |= self.variants.contains_key(&word.stem);
            // What stands joined is no error.
            if scope.positive {
                let (field, mark) = self.field_of(scope);
                let terms = [&word.stem, &joined.stem]
                    .into_iter()
                    .flat_map(|stem| [format!("{mark}{stem}"), format!("{mark}{PART}{stem}")]);
                let leaf = Leaf {
                    word: Arc::clone(word),
                    field,
                    terms: terms.collect(),
                };
                self.plan.leaves.push(leaf);
            }
        }
        if !misspelt {
            return None;
        }
        let all = atoms
            .iter()
            .filter_map(|atom| self.unit(atom, scope))
            .collect();
        boolean(all, Vec::new())
    }

    /// Words, each also as a part of compounds.
    fn any_of<'w>(&self, stems: impl IntoIterator<Item = (&'w str, f32)>, scope: Scope) -> Boxed {
        let (field, mark) = self.field_of(scope);
        let terms = stems.into_iter().flat_map(|(stem, weight)| {
            [
                (format!("{mark}{stem}"), weight),
                (format!("{mark}{PART}{stem}"), weight * PART_WEIGHT),
            ]
        });
        Box::new(WordQuery::new(field, terms))
    }

    fn nearly(&mut self, written: &str, variants: &[Variant], scope: Scope) -> Option<Boxed> {
        let spellings = variants
            .iter()
            .map(|variant| variant.written.clone())
            .collect();
        self.explain(written, Reading::Nearly, scope, spellings);
        for variant in variants {
            self.mark(Mark::Word(variant.stem.clone()), scope);
            self.mark(Mark::Part(variant.stem.clone()), scope);
        }
        let stems = variants
            .iter()
            .map(|variant| (variant.stem.as_str(), VARIANT_WEIGHT));
        Some(self.any_of(stems, scope))
    }

    fn group(
        &mut self,
        written: &str,
        group: Group,
        terms: &[String],
        joined: Option<&Word>,
        atoms: &[Unit],
        scope: Scope,
    ) -> Option<Boxed> {
        if let Some(word) = joined
            && let Some(nearly) = self.misspelt(word, atoms, scope)
        {
            return Some(nearly);
        }
        let mut any: Vec<Boxed> = Vec::new();
        for term in terms {
            let size = term.chars().filter(|c| c.is_alphanumeric()).count();
            self.mark(Mark::Code(term.clone(), size), scope);
            any.push(self.term(term, CODE_WEIGHT, scope));
        }
        self.boost_codes(terms, scope);
        if let Some(word) = joined {
            self.mark(Mark::Word(word.stem.clone()), scope);
            self.mark(Mark::Part(word.stem.clone()), scope);
            any.push(self.any_of([(word.stem.as_str(), 1.0)], scope));
        }
        self.explain(written, Reading::of_group(group), scope, terms.to_vec());
        let mut pieces = Vec::new();
        atoms.iter().for_each(|atom| atom.phrase_terms(&mut pieces));
        match group {
            Group::Telephone | Group::Spaced => {
                // `KW 38` is also a `Kalenderwoche 38`.
                let all: Vec<_> = pieces
                    .iter()
                    .map(|piece| self.any_of([(piece.as_str(), 1.0)], scope))
                    .collect();
                let digits = |piece: &String| piece.bytes().all(|byte| byte.is_ascii_digit());
                if group == Group::Spaced && pieces.iter().all(digits) {
                    self.boost_codes(&pieces, scope);
                }
                pieces
                    .iter()
                    .for_each(|piece| self.mark(Mark::Word(piece.clone()), scope));
                any.extend(boolean(all, Vec::new()));
            }
            Group::Code
            | Group::Amount
            | Group::Date
            | Group::Account
            | Group::Joined
            | Group::Section => {
                if let [piece] = pieces.as_slice() {
                    // The letters and digits as they stand, where the group is one run of them.
                    if matches!(group, Group::Code | Group::Amount) {
                        any.push(self.term(piece, 1.0, scope));
                        self.mark(Mark::Word(piece.clone()), scope);
                    }
                } else if pieces.len() > 1 {
                    any.push(self.phrase_query(&pieces, scope));
                    self.mark(Mark::Phrase(pieces), scope);
                }
            }
        }
        union(any)
    }

    /// A prefix of words, or of references when it has digits.
    pub(super) fn prefix(&mut self, text: &str, scope: Scope) -> Option<Boxed> {
        self.explain(text, Reading::Prefix, scope, Vec::new());
        let (field, mark) = self.field_of(scope);
        let folded: String = fold_start(text)
            .chars()
            .filter(|c| c.is_alphanumeric())
            .collect();
        let mut pieces: Vec<&str> = text.split(is_hyphen).collect();
        let hyphenated = pieces.len() > 1
            && pieces
                .iter()
                .all(|piece| !piece.is_empty() && piece.chars().all(char::is_alphabetic));
        let mut any: Vec<Boxed> = Vec::new();
        let mut begin = |field: Field, start: &str| {
            let term = Term::from_field_text(field, start);
            any.push(Box::new(FuzzyTermQuery::new_prefix(term, 0, false)));
        };
        if text.chars().any(|c| c.is_ascii_digit()) {
            let code = code_of(text.split(|c: char| !c.is_alphanumeric()));
            begin(field, &format!("{mark}#{code}"));
            begin(field, &format!("{mark}{folded}"));
            // Accounts and telephone numbers stand in one, however they are grouped.
            begin(field, &format!("{mark}#{folded}"));
            begin(field, &format!("{mark}#t{folded}"));
        } else if scope.place.is_some_and(|place| place != Place::Text) {
            begin(field, &format!("{mark}{folded}"));
            let stem = self.analyzer.word(&folded).stem.clone();
            any.push(self.term(&stem, 1.0, scope));
        } else {
            begin(self.fields.vocabulary, &folded);
            if hyphenated {
                begin(field, &folded);
            }
        }
        if hyphenated {
            // The text has the pieces one by one.
            let last = pieces.pop().map(fold_start).unwrap_or_default();
            for piece in pieces {
                let stem = self.analyzer.word(piece).stem.clone();
                self.mark(Mark::Word(stem), scope);
            }
            self.mark(Mark::Prefix(last), scope);
        } else {
            self.mark(Mark::Prefix(folded), scope);
        }
        union(any)
    }

    pub(super) fn phrase(&mut self, text: &str, scope: Scope) -> Option<Boxed> {
        let units = self.analyzer.question(text);
        let mut terms = Vec::new();
        units.iter().for_each(|unit| unit.phrase_terms(&mut terms));
        self.explain(text, Reading::Phrase, scope, terms.clone());
        if let [term] = terms.as_slice() {
            self.mark(Mark::Word(term.clone()), scope);
            let mut any = vec![self.term(term, 1.0, scope)];
            if let [Unit::Word { word, .. }] = units.as_slice()
                && let Some(verb) = word.alike()
            {
                self.mark(Mark::Word(verb.to_owned()), scope);
                any.push(self.term(verb, 1.0, scope));
            }
            return union(any);
        }
        if terms.is_empty() {
            return None;
        }
        self.mark(Mark::Phrase(terms.clone()), scope);
        let mut verbs = Vec::new();
        units.iter().for_each(|unit| unit.verb_terms(&mut verbs));
        let mut any = vec![self.phrase_query(&terms, scope)];
        if verbs != terms {
            any.push(self.phrase_query(&verbs, scope));
            self.mark(Mark::Phrase(verbs), scope);
        }
        union(any)
    }

    fn phrase_query(&self, terms: &[String], scope: Scope) -> Boxed {
        let (field, mark) = self.field_of(scope);
        let terms = terms
            .iter()
            .map(|term| Term::from_field_text(field, &format!("{mark}{term}")))
            .collect();
        Box::new(PhraseQuery::new(terms))
    }

    fn term(&self, term: &str, weight: f32, scope: Scope) -> Boxed {
        let (field, mark) = self.field_of(scope);
        weighted(field, &format!("{mark}{term}"), weight)
    }
}

fn is_hyphen(c: char) -> bool {
    matches!(c, '-' | '\u{2010}' | '\u{2011}')
}
