//! What makes a hit better: where a word stands, and whether it stands there as it was typed.

use tantivy::Term;
use tantivy::query::{ConstScoreQuery, TermQuery};
use tantivy::schema::IndexRecordOption;

use super::{Planner, Scope};
use crate::analysis::{VOCABULARY_SEPARATOR, Word};
use crate::schema::Section;
use crate::weigh::WordQuery;

/// A word or a code in the title, in addition.
const TITLE_WEIGHT: f32 = 1.6;
const TITLE_PART_WEIGHT: f32 = 0.6;
const REFERENCE_WEIGHT: f32 = 4.0;
const TAG_WEIGHT: f32 = 0.6;
/// The very form that was typed, in addition.
const EXACT_SCORE: f32 = 0.25;

impl Planner<'_> {
    pub(super) fn boost_word(&mut self, written: &str, word: &Word, scope: Scope) {
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

    pub(super) fn boost_codes(&mut self, terms: &[String], scope: Scope) {
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
