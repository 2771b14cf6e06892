//! A word as one condition: itself or a part of a compound, in one field.
//!
//! The engine could express this as a union of terms, but would then rate each term by its own rarity: a
//! word that stands inside of compounds only now and then would beat the word itself. Here all terms share
//! the rarity of the word. It is also one lookup per term and segment instead of three.

use std::collections::HashMap;

use tantivy::fieldnorm::FieldNormReader;
use tantivy::index::SegmentId;
use tantivy::postings::{Postings, SegmentPostings, TermInfo};
use tantivy::query::{Bm25Weight, EmptyScorer, EnableScoring, Explanation, Query, Scorer, Weight};
use tantivy::schema::{Field, IndexRecordOption};
use tantivy::{DocId, DocSet, Score, Searcher, SegmentReader, TERMINATED, TantivyError, Term};

/// Terms of one field, any of which will do, with their weights.
#[derive(Clone, Debug)]
pub(crate) struct WordQuery {
    field: Field,
    terms: Vec<(Term, Score)>,
}

impl WordQuery {
    /// A word in a field.
    pub(crate) fn new(field: Field, terms: impl IntoIterator<Item = (String, Score)>) -> Self {
        let terms = terms
            .into_iter()
            .map(|(term, weight)| (Term::from_field_text(field, &term), weight))
            .collect();
        Self { field, terms }
    }
}

impl Query for WordQuery {
    fn weight(&self, scoring: EnableScoring<'_>) -> tantivy::Result<Box<dyn Weight>> {
        let weight = match scoring {
            EnableScoring::Enabled { searcher, .. } => self.scored(searcher)?,
            EnableScoring::Disabled { .. } => WordWeight {
                query: self.clone(),
                found: HashMap::new(),
                bm25: None,
            },
        };
        Ok(Box::new(weight))
    }

    fn query_terms<'a>(&'a self, visitor: &mut dyn FnMut(&'a Term, bool)) {
        self.terms.iter().for_each(|(term, _)| visitor(term, false));
    }
}

impl WordQuery {
    fn scored(&self, searcher: &Searcher) -> tantivy::Result<WordWeight> {
        let mut found = HashMap::with_capacity(searcher.segment_readers().len());
        let mut entries = vec![0_u64; self.terms.len()];
        let (mut tokens, mut total) = (0_u64, 0_u64);
        for reader in searcher.segment_readers() {
            let index = reader.inverted_index(self.field)?;
            tokens += index.total_num_tokens();
            total += u64::from(reader.max_doc());
            let mut infos = Vec::with_capacity(self.terms.len());
            for ((term, _), entries) in self.terms.iter().zip(&mut entries) {
                let info = index.get_term_info(term)?;
                *entries += info.as_ref().map_or(0, |info| u64::from(info.doc_freq));
                infos.push(info);
            }
            found.insert(reader.segment_id(), infos);
        }
        let rarity = entries.into_iter().max().unwrap_or(0);
        let average = ratio(tokens, total.max(1));
        let bm25 = Bm25Weight::for_one_term_without_explain(rarity, total.max(rarity), average);
        Ok(WordWeight {
            query: self.clone(),
            found,
            bm25: Some(bm25),
        })
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "an average length needs no more than its leading digits"
)]
fn ratio(tokens: u64, entries: u64) -> Score {
    tokens as Score / entries as Score
}

struct WordWeight {
    query: WordQuery,
    found: HashMap<SegmentId, Vec<Option<TermInfo>>>,
    bm25: Option<Bm25Weight>,
}

impl WordWeight {
    fn open(&self, reader: &SegmentReader, boost: Score) -> tantivy::Result<Option<WordScorer>> {
        let index = reader.inverted_index(self.query.field)?;
        let known = self.found.get(&reader.segment_id());
        let option = if self.bm25.is_some() {
            IndexRecordOption::WithFreqs
        } else {
            IndexRecordOption::Basic
        };
        let mut lists = Vec::with_capacity(self.query.terms.len());
        for (at, (term, weight)) in self.query.terms.iter().enumerate() {
            let info = match known {
                Some(infos) => infos.get(at).cloned().flatten(),
                None => index.get_term_info(term)?,
            };
            let Some(info) = info else { continue };
            let postings = index.read_postings_from_terminfo(&info, option)?;
            lists.push(List {
                postings,
                bm25: self.bm25.as_ref().map(|bm25| bm25.boost_by(weight * boost)),
            });
        }
        if lists.is_empty() {
            return Ok(None);
        }
        let norms = reader.get_fieldnorms_reader(self.query.field)?;
        let mut scorer = WordScorer {
            lists,
            norms,
            doc: TERMINATED,
        };
        scorer.settle();
        Ok(Some(scorer))
    }
}

impl Weight for WordWeight {
    fn scorer(&self, reader: &SegmentReader, boost: Score) -> tantivy::Result<Box<dyn Scorer>> {
        Ok(match self.open(reader, boost)? {
            Some(scorer) => Box::new(scorer),
            None => Box::new(EmptyScorer),
        })
    }

    fn explain(&self, reader: &SegmentReader, doc: DocId) -> tantivy::Result<Explanation> {
        if let Some(mut scorer) = self.open(reader, 1.0)?
            && scorer.doc() <= doc
            && scorer.seek(doc) == doc
        {
            return Ok(Explanation::new("word", scorer.score()));
        }
        Err(TantivyError::InvalidArgument(
            "the entry does not have the word".to_owned(),
        ))
    }
}

struct List {
    postings: SegmentPostings,
    bm25: Option<Bm25Weight>,
}

struct WordScorer {
    lists: Vec<List>,
    norms: FieldNormReader,
    doc: DocId,
}

impl WordScorer {
    #[inline]
    fn settle(&mut self) -> DocId {
        self.doc = self
            .lists
            .iter()
            .map(|list| list.postings.doc())
            .min()
            .unwrap_or(TERMINATED);
        self.doc
    }
}

impl DocSet for WordScorer {
    #[inline]
    fn advance(&mut self) -> DocId {
        let doc = self.doc;
        for list in &mut self.lists {
            if list.postings.doc() == doc {
                list.postings.advance();
            }
        }
        self.settle()
    }

    #[inline]
    fn seek(&mut self, target: DocId) -> DocId {
        for list in &mut self.lists {
            if list.postings.doc() < target {
                list.postings.seek(target);
            }
        }
        self.settle()
    }

    #[inline]
    fn doc(&self) -> DocId {
        self.doc
    }

    fn size_hint(&self) -> u32 {
        self.lists
            .iter()
            .map(|list| list.postings.doc_freq())
            .fold(0, u32::saturating_add)
    }
}

impl Scorer for WordScorer {
    #[inline]
    fn score(&mut self) -> Score {
        let norm = self.norms.fieldnorm_id(self.doc);
        let mut score = 0.0;
        for list in &self.lists {
            if list.postings.doc() == self.doc
                && let Some(bm25) = &list.bm25
            {
                score += bm25.score(norm, list.postings.term_freq());
            }
        }
        score
    }
}
