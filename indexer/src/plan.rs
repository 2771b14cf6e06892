//! A query turned into what the engine runs, together with what its hits will show.

use std::collections::HashMap;
use std::ops::Bound;
use std::sync::Arc;

use tantivy::query::{ConstScoreQuery, FuzzyTermQuery, PhraseQuery, RangeQuery, TermQuery};
use tantivy::schema::{Field, IndexRecordOption};
use tantivy::{Searcher, Term};

use crate::analysis::complex::{Group, code_of};
use crate::analysis::fold::fold_start;
use crate::analysis::question::Unit;
use crate::analysis::{Analyzer, PART, VOCABULARY_SEPARATOR, Word};
use crate::clauses::{
    Boxed, boolean, constant, days_between, micros_between, numbers_between, union, weighted,
};
use crate::correct::Variant;
use crate::entry::{Day, FieldNumber};
use crate::explain::{Explained, Reading};
use crate::query::{DateField, Node, Place, Ranges};
use crate::schema::{Fields, Section, value_mark};
use crate::weigh::WordQuery;

/// A match of a part of a compound against one of the whole word.
const PART_WEIGHT: f32 = 0.45;
/// A code that stands as it was typed.
const CODE_WEIGHT: f32 = 3.0;
/// The same in the title, in addition.
const TITLE_WEIGHT: f32 = 1.6;
const TITLE_PART_WEIGHT: f32 = 0.6;
const REFERENCE_WEIGHT: f32 = 4.0;
const TAG_WEIGHT: f32 = 0.6;
/// The very form that was typed, in addition.
const EXACT_SCORE: f32 = 0.25;
/// A word that is only nearly the one typed.
const VARIANT_WEIGHT: f32 = 0.7;

/// What a hit will show.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Mark {
    /// A word.
    Word(String),
    /// A word because of one of its parts.
    Part(String),
    /// A code, with so many letters and digits.
    Code(String, usize),
    /// Words that stand together.
    Phrase(Vec<String>),
    /// Whatever begins so.
    Prefix(String),
}

/// A query, ready to run.
pub(crate) struct Plan {
    /// What must hold.
    pub(crate) musts: Vec<Boxed>,
    /// What must not.
    pub(crate) nots: Vec<Boxed>,
    /// What makes a hit better.
    pub(crate) boosts: Vec<Boxed>,
    /// What is marked in text and title, and what in the title only.
    pub(crate) marks: Vec<(Mark, Where)>,
    /// How it was understood.
    pub(crate) explained: Vec<Explained>,
    /// Words that could be typing errors.
    pub(crate) leaves: Vec<Leaf>,
}

/// Where a mark is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Where {
    /// In the text and in the title.
    Everywhere,
    /// In the title only.
    Title,
}

/// A word of the query, with the terms that show whether it exists.
#[derive(Clone, Debug)]
pub(crate) struct Leaf {
    pub(crate) word: Arc<Word>,
    pub(crate) field: Field,
    pub(crate) terms: Vec<String>,
}

/// Typing errors and what was probably meant, by stem.
pub(crate) type Variants = HashMap<String, Vec<Variant>>;

/// Makes plans.
pub(crate) struct Planner<'p> {
    pub(crate) searcher: &'p Searcher,
    pub(crate) fields: &'p Fields,
    pub(crate) analyzer: &'p mut Analyzer,
    pub(crate) variants: &'p Variants,
    /// Whether the order of the hits asks how good they are.
    scored: bool,
    keep_stop_words: bool,
    /// The fields of the house that the query names.
    named: Vec<String>,
    plan: Plan,
}

impl<'p> Planner<'p> {
    pub(crate) fn new(
        searcher: &'p Searcher,
        fields: &'p Fields,
        analyzer: &'p mut Analyzer,
        variants: &'p Variants,
        scored: bool,
    ) -> Self {
        let plan = Plan {
            musts: Vec::new(),
            nots: Vec::new(),
            boosts: Vec::new(),
            marks: Vec::new(),
            explained: Vec::new(),
            leaves: Vec::new(),
        };
        Self {
            searcher,
            fields,
            analyzer,
            variants,
            scored,
            keep_stop_words: false,
            named: Vec::new(),
            plan,
        }
    }

    /// Plans a query.
    pub(crate) fn plan(mut self, node: &Node) -> Plan {
        self.keep_stop_words = !self.has_content(node);
        let scope = Scope {
            place: None,
            positive: true,
        };
        let parts = if let Node::All(parts) = node {
            parts.as_slice()
        } else {
            std::slice::from_ref(node)
        };
        let (musts, nots) = self.conjunction(parts, scope);
        self.plan.musts = musts;
        self.plan.nots = nots;
        self.plan
    }

    /// Whether anything but stop words is asked for.
    fn has_content(&mut self, node: &Node) -> bool {
        match node {
            Node::All(parts) | Node::Any(parts) => parts.iter().any(|part| self.has_content(part)),
            Node::Word {
                text,
                prefix: false,
            } => self
                .analyzer
                .question(text)
                .iter()
                .any(|unit| !unit.is_stop_word()),
            Node::Not(_) => false,
            Node::Word { .. }
            | Node::Phrase(_)
            | Node::In(..)
            | Node::Days { .. }
            | Node::Value { .. }
            | Node::Years { .. } => true,
        }
    }

    fn conjunction(&mut self, parts: &[Node], scope: Scope) -> Both {
        let (mut musts, mut nots) = (Vec::new(), Vec::new());
        let mut run: Vec<&str> = Vec::new();
        for part in parts {
            if let Node::Word {
                text,
                prefix: false,
            } = part
            {
                run.push(text);
                continue;
            }
            musts.extend(self.run(&std::mem::take(&mut run), scope));
            if let Node::Not(inner) = part {
                nots.extend(self.node(
                    inner,
                    Scope {
                        positive: false,
                        ..scope
                    },
                ));
            } else {
                musts.extend(self.node(part, scope));
            }
        }
        musts.extend(self.run(&run, scope));
        (musts, nots)
    }

    /// Words that follow each other: together they may be a telephone number or a section of a law.
    fn run(&mut self, words: &[&str], scope: Scope) -> Vec<Boxed> {
        let units = self.analyzer.question(&words.join(" "));
        units
            .iter()
            .filter_map(|unit| self.unit(unit, scope))
            .collect()
    }

    fn node(&mut self, node: &Node, scope: Scope) -> Option<Boxed> {
        match node {
            Node::All(parts) => {
                let (musts, nots) = self.conjunction(parts, scope);
                boolean(musts, nots)
            }
            Node::Any(parts) => {
                let any: Vec<_> = parts
                    .iter()
                    .filter_map(|part| self.node(part, scope))
                    .collect();
                union(any)
            }
            Node::Not(inner) => {
                let not = self.node(
                    inner,
                    Scope {
                        positive: !scope.positive,
                        ..scope
                    },
                )?;
                boolean(Vec::new(), vec![not])
            }
            Node::Word {
                text,
                prefix: false,
            } => boolean(self.run(&[text], scope), Vec::new()),
            Node::Word { text, prefix: true } => self.prefix(text, scope),
            Node::Phrase(text) => self.phrase(text, scope),
            Node::In(place, inner) => self.node(
                inner,
                Scope {
                    place: Some(*place),
                    ..scope
                },
            ),
            Node::Days { field, from, to } => Some(self.days(*field, *from, *to)),
            Node::Years { from, to } => Some(self.years(*from, *to)),
            Node::Value {
                field,
                ranges,
                words,
            } => self.value(field, ranges.as_ref(), words.as_deref(), scope),
        }
    }

    fn unit(&mut self, unit: &Unit, scope: Scope) -> Option<Boxed> {
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
        let terms = vec![word.stem.clone(), format!("{PART}{}", word.stem)];
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
        Some(self.any_of([(word.stem.as_str(), 1.0)], scope))
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
                let all: Vec<_> = pieces
                    .iter()
                    .map(|piece| self.term(piece, 1.0, scope))
                    .collect();
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
    fn prefix(&mut self, text: &str, scope: Scope) -> Option<Boxed> {
        self.explain(text, Reading::Prefix, scope, Vec::new());
        let (field, mark) = self.field_of(scope);
        let folded: String = fold_start(text)
            .chars()
            .filter(|c| c.is_alphanumeric())
            .collect();
        let mut any: Vec<Boxed> = Vec::new();
        let mut begin = |field: Field, start: &str| {
            let term = Term::from_field_text(field, start);
            any.push(Box::new(FuzzyTermQuery::new_prefix(term, 0, false)));
        };
        if text.chars().any(|c| c.is_ascii_digit()) {
            let code = code_of(text.split(|c: char| !c.is_alphanumeric()));
            begin(field, &format!("{mark}#{code}"));
            begin(field, &format!("{mark}{folded}"));
        } else if scope.place.is_some_and(|place| place != Place::Text) {
            begin(field, &format!("{mark}{folded}"));
            let stem = self.analyzer.word(&folded).stem.clone();
            any.push(self.term(&stem, 1.0, scope));
        } else {
            begin(self.fields.vocabulary, &folded);
        }
        self.mark(Mark::Prefix(folded), scope);
        union(any)
    }

    fn phrase(&mut self, text: &str, scope: Scope) -> Option<Boxed> {
        let units = self.analyzer.question(text);
        let mut terms = Vec::new();
        units.iter().for_each(|unit| unit.phrase_terms(&mut terms));
        self.explain(text, Reading::Phrase, scope, terms.clone());
        if let [term] = terms.as_slice() {
            self.mark(Mark::Word(term.clone()), scope);
            return Some(self.term(term, 1.0, scope));
        }
        if terms.is_empty() {
            return None;
        }
        self.mark(Mark::Phrase(terms.clone()), scope);
        Some(self.phrase_query(&terms, scope))
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

    /// What stands in a field of the house: any reading of it that fits.
    fn value(
        &mut self,
        field: &str,
        ranges: Option<&Ranges>,
        words: Option<&Node>,
        scope: Scope,
    ) -> Option<Boxed> {
        let mut any: Vec<Boxed> = Vec::new();
        if let Some(ranges) = ranges {
            let explained = Explained::value(field, &ranges.written, !scope.positive);
            self.plan.explained.push(explained);
            let number = |number: Option<i64>| number.map(FieldNumber::Millionths);
            let day = |day: Option<Day>| day.map(FieldNumber::Day);
            let values = self.fields.values;
            if let Some((from, to)) = ranges.numbers {
                let ends = (number(from), number(to));
                any.push(numbers_between(
                    values,
                    field,
                    FieldNumber::Millionths(0),
                    ends,
                ));
            }
            if let Some((from, to)) = ranges.days {
                let ends = (day(from), day(to));
                any.push(numbers_between(
                    values,
                    field,
                    FieldNumber::Day(Day(0)),
                    ends,
                ));
            }
        }
        if let Some(words) = words {
            let place = Some(Place::Value(self.named.len()));
            self.named.push(field.to_owned());
            any.extend(self.node(words, Scope { place, ..scope }));
        }
        union(any)
    }

    fn field_of(&self, scope: Scope) -> (Field, String) {
        let (field, mark) = match scope.place {
            Some(Place::Value(at)) => {
                let named = self.named.get(at).map(String::as_str);
                return (self.fields.meta, value_mark(named.unwrap_or_default()));
            }
            None | Some(Place::Text) => (self.fields.all, ""),
            Some(Place::Title) => (self.fields.meta, Section::Title.mark()),
            Some(Place::Reference) => (self.fields.meta, Section::Reference.mark()),
            Some(Place::Correspondent) => (self.fields.meta, Section::Correspondent.mark()),
            Some(Place::Kind) => (self.fields.meta, Section::Kind.mark()),
            Some(Place::Department) => (self.fields.meta, Section::Department.mark()),
            Some(Place::Tag) => (self.fields.meta, Section::Tag.mark()),
            Some(Place::File) => (self.fields.meta, Section::File.mark()),
        };
        (field, mark.to_owned())
    }

    fn boost_word(&mut self, written: &str, word: &Word, scope: Scope) {
        if !self.scored || !scope.positive || scope.place.is_some() {
            return;
        }
        let sections = [
            (Section::Title, "", TITLE_WEIGHT),
            (Section::Title, "+", TITLE_PART_WEIGHT),
            (Section::Tag, "", TAG_WEIGHT),
        ];
        let terms = sections.map(|(section, part, weight)| {
            (format!("{}{part}{}", section.mark(), word.stem), weight)
        });
        self.plan
            .boosts
            .push(Box::new(WordQuery::new(self.fields.meta, terms)));
        let whole = self
            .searcher
            .doc_freq(&Term::from_field_text(self.fields.all, &word.stem))
            .unwrap_or(0);
        for form in forms(written) {
            let text = format!("{}{VOCABULARY_SEPARATOR}{form}", word.folded);
            let term = Term::from_field_text(self.fields.vocabulary, &text);
            let exact = self.searcher.doc_freq(&term).unwrap_or(0);
            // Where nearly every hit has it, it tells nothing and costs time.
            if exact > 0 && exact * 10 < whole * 8 {
                let query = TermQuery::new(term, IndexRecordOption::Basic);
                self.plan
                    .boosts
                    .push(Box::new(ConstScoreQuery::new(Box::new(query), EXACT_SCORE)));
            }
        }
    }

    fn boost_codes(&mut self, terms: &[String], scope: Scope) {
        if self.scored && scope.positive && scope.place.is_none() && !terms.is_empty() {
            let boosted = terms.iter().flat_map(|term| {
                [
                    (Section::Reference, REFERENCE_WEIGHT),
                    (Section::Title, TITLE_WEIGHT),
                ]
                .map(|(section, weight)| (format!("{}{term}", section.mark()), weight))
            });
            self.plan
                .boosts
                .push(Box::new(WordQuery::new(self.fields.meta, boosted)));
        }
    }

    fn days(&mut self, field: DateField, from: Option<Day>, to: Option<Day>) -> Boxed {
        self.plan.explained.push(Explained::days(field, from, to));
        match field {
            DateField::Document => days_between(self.fields.document_date, from, to),
            DateField::Received => micros_between(self.fields.received_at, from, to),
        }
    }

    fn years(&mut self, from: i32, to: i32) -> Boxed {
        self.plan.explained.push(Explained::years(from, to));
        let bound = |year: i32| {
            Bound::Included(Term::from_field_u64(
                self.fields.year,
                u64::try_from(year).unwrap_or(0),
            ))
        };
        constant(Box::new(RangeQuery::new(bound(from), bound(to))))
    }

    fn mark(&mut self, mark: Mark, scope: Scope) {
        let place = match scope.place {
            None | Some(Place::Text) => Where::Everywhere,
            Some(Place::Title) => Where::Title,
            Some(
                Place::Reference
                | Place::Correspondent
                | Place::Kind
                | Place::Department
                | Place::Tag
                | Place::Value(_)
                | Place::File,
            ) => {
                return;
            }
        };
        if scope.positive && !self.plan.marks.iter().any(|known| known.0 == mark) {
            self.plan.marks.push((mark, place));
        }
    }

    fn explain(&mut self, written: &str, reading: Reading, scope: Scope, terms: Vec<String>) {
        let parts = if reading == Reading::Word {
            self.analyzer.word(written).marked_parts.clone()
        } else {
            Vec::new()
        };
        let (field, mark) = self.field_of(scope);
        let mut explained = Explained::new(written, reading, scope.place, !scope.positive, terms);
        if let Some(Place::Value(at)) = scope.place {
            explained.field = self.named.get(at).cloned();
        }
        self.plan
            .explained
            .push(explained.with_parts(&parts).asked_in(field, mark));
    }
}

/// What must hold, and what must not.
type Both = (Vec<Boxed>, Vec<Boxed>);

/// Where the planner stands.
#[derive(Clone, Copy, Debug)]
struct Scope {
    place: Option<Place>,
    positive: bool,
}

/// A word as it is typed, and as it stands at the beginning and inside of a sentence.
fn forms(written: &str) -> Vec<String> {
    let lower = written.to_lowercase();
    let mut chars = lower.chars();
    let capital: String = chars
        .next()
        .map(|first| first.to_uppercase().chain(chars).collect())
        .unwrap_or_default();
    let mut forms = vec![written.to_owned()];
    for form in [lower.clone(), capital] {
        if !forms.contains(&form) {
            forms.push(form);
        }
    }
    forms
}
