//! A query turned into what the engine runs, together with what its hits will show.

mod boosts;
mod values;
mod words;

use std::collections::HashMap;
use std::sync::Arc;

use tantivy::Searcher;
use tantivy::schema::Field;

use crate::analysis::{Analyzer, Word};
use crate::clauses::{Boxed, boolean, union};
use crate::correct::Variant;
use crate::explain::{Explained, Reading};
use crate::query::{Node, Place};
use crate::schema::{Fields, Section, value_mark};

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
