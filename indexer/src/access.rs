//! Who may find what: a filter that is part of every question.
//!
//! A set of tokens becomes, per segment, a set of entries. Segments never change, so that set is kept and
//! shared between questions; a user asks many times with the same tokens. An empty set of tokens may
//! find nothing.
//!
//! What stands in single things may be opened besides: a part of the entries, by what they stand in.
//!
//! What has moved since it was indexed may be named with a question: it is then in nobody's set.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use tantivy::index::SegmentId;
use tantivy::query::{
    BitSetDocSet, ConstScorer, EmptyScorer, EnableScoring, Explanation, Query, Scorer, Weight,
};
use tantivy::schema::{Field, IndexRecordOption};
use tantivy::{BitSet, DocId, DocSet, Score, SegmentReader, TERMINATED, TantivyError, Term};

use crate::entry::Key;
use crate::schema::{Fields, key_bytes};

const BYTES_MAX: usize = 8 * 1024 * 1024;

/// Which entries of a segment a set of tokens may see.
#[derive(Clone)]
pub(crate) struct Visible {
    docs: Arc<BitSet>,
}

impl Visible {
    /// Whether an entry may be seen. Deleted entries are the segment's business.
    pub(crate) fn contains(&self, doc: DocId) -> bool {
        self.docs.contains(doc)
    }
}

struct Kept {
    segment: SegmentId,
    tokens: Arc<[u64]>,
    docs: Arc<BitSet>,
    bytes: usize,
}

/// The sets used last.
#[derive(Default)]
pub(crate) struct AccessCache {
    kept: Mutex<VecDeque<Kept>>,
}

impl fmt::Debug for AccessCache {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("AccessCache")
    }
}

/// What may be found because of what it is or stands in, wherever its own tokens are among these.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opened {
    /// Names of entries, and of what they stand in; one of them.
    pub within: Vec<Key>,
    /// Tokens; one of them.
    pub tokens: Vec<u64>,
    /// States; one of them, or any where none is named.
    pub states: Vec<String>,
}

/// What is opened by one question, with the sets that it made of that.
struct Opening {
    fields: Fields,
    parts: Vec<(Opened, Access)>,
    with: Mutex<Vec<(SegmentId, Arc<BitSet>)>>,
}

impl fmt::Debug for Opening {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_tuple("Opening").field(&self.parts).finish()
    }
}

/// Hands each entry of a segment that has a term to `each`.
pub(crate) fn with_term(
    reader: &SegmentReader,
    term: &Term,
    mut each: impl FnMut(DocId),
) -> tantivy::Result<()> {
    let index = reader.inverted_index(term.field())?;
    let Some(mut postings) = index.read_postings(term, IndexRecordOption::Basic)? else {
        return Ok(());
    };
    let mut doc = postings.doc();
    while doc != TERMINATED {
        each(doc);
        doc = postings.advance();
    }
    Ok(())
}

impl Opening {
    /// A set of entries of a segment, with what is opened besides.
    fn added_to(&self, reader: &SegmentReader, docs: &Arc<BitSet>) -> tantivy::Result<Arc<BitSet>> {
        let segment = reader.segment_id();
        let mut known = self.with.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, more)) = known.iter().find(|one| one.0 == segment) {
            return Ok(Arc::clone(more));
        }
        let mut more = BitSet::clone(docs);
        for (opened, places) in &self.parts {
            let places = places.visible(reader)?;
            let states = self.in_states(reader, &opened.states)?;
            for name in &opened.within {
                for field in [self.fields.key, self.fields.within] {
                    let term = Term::from_field_bytes(field, &key_bytes(*name));
                    with_term(reader, &term, |doc| {
                        let fits = states.as_ref().is_none_or(|states| states.contains(doc));
                        if fits && places.contains(doc) {
                            more.insert(doc);
                        }
                    })?;
                }
            }
        }
        let more = Arc::new(more);
        known.push((segment, Arc::clone(&more)));
        Ok(more)
    }

    fn in_states(
        &self,
        reader: &SegmentReader,
        states: &[String],
    ) -> tantivy::Result<Option<BitSet>> {
        if states.is_empty() {
            return Ok(None);
        }
        let mut docs = BitSet::with_max_value(reader.max_doc());
        for state in states {
            let term = Term::from_field_text(self.fields.state, state);
            with_term(reader, &term, |doc| {
                docs.insert(doc);
            })?;
        }
        Ok(Some(docs))
    }
}

/// Entries that are not seen whatever their tokens say, with the sets that one question made of them.
struct Hidden {
    field: Field,
    keys: Vec<Key>,
    without: Mutex<Vec<(SegmentId, Arc<BitSet>)>>,
}

impl fmt::Debug for Hidden {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_tuple("Hidden").field(&self.keys).finish()
    }
}

impl Hidden {
    /// A set of entries of a segment, without the hidden ones.
    fn taken_from(
        &self,
        reader: &SegmentReader,
        docs: &Arc<BitSet>,
    ) -> tantivy::Result<Arc<BitSet>> {
        let segment = reader.segment_id();
        let mut known = self.without.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, left)) = known.iter().find(|one| one.0 == segment) {
            return Ok(Arc::clone(left));
        }
        let index = reader.inverted_index(self.field)?;
        let mut left = BitSet::clone(docs);
        for key in &self.keys {
            let term = Term::from_field_bytes(self.field, &key_bytes(*key));
            let Some(mut postings) = index.read_postings(&term, IndexRecordOption::Basic)? else {
                continue;
            };
            let mut doc = postings.doc();
            while doc != TERMINATED {
                left.remove(doc);
                doc = postings.advance();
            }
        }
        let left = Arc::new(left);
        known.push((segment, Arc::clone(&left)));
        Ok(left)
    }
}

/// Tokens in force for one question.
#[derive(Clone, Debug)]
pub(crate) struct Access {
    field: Field,
    tokens: Arc<[u64]>,
    cache: Arc<AccessCache>,
    opening: Option<Arc<Opening>>,
    hidden: Option<Arc<Hidden>>,
}

impl Access {
    /// The filter for some tokens.
    pub(crate) fn new(field: Field, tokens: &[u64], cache: &Arc<AccessCache>) -> Self {
        let mut tokens = tokens.to_vec();
        tokens.sort_unstable();
        tokens.dedup();
        Self {
            field,
            tokens: tokens.into(),
            cache: Arc::clone(cache),
            opening: None,
            hidden: None,
        }
    }

    /// The same, with what is opened besides.
    pub(crate) fn opening(mut self, fields: &Fields, opened: &[Opened]) -> Self {
        let parts: Vec<(Opened, Self)> = opened
            .iter()
            .filter(|one| !one.within.is_empty() && !one.tokens.is_empty())
            .map(|one| (one.clone(), Self::new(self.field, &one.tokens, &self.cache)))
            .collect();
        if !parts.is_empty() {
            self.opening = Some(Arc::new(Opening {
                fields: *fields,
                parts,
                with: Mutex::default(),
            }));
        }
        self
    }

    /// The same, without the entries of these keys; `field` holds the keys.
    pub(crate) fn without(mut self, field: Field, keys: &[Key]) -> Self {
        if !keys.is_empty() {
            self.hidden = Some(Arc::new(Hidden {
                field,
                keys: keys.to_vec(),
                without: Mutex::default(),
            }));
        }
        self
    }

    /// Whether nothing at all may be seen.
    pub(crate) fn is_empty(&self) -> bool {
        self.tokens.is_empty() && self.opening.is_none()
    }

    /// The entries of a segment that may be seen.
    pub(crate) fn visible(&self, reader: &SegmentReader) -> tantivy::Result<Visible> {
        let docs = match self.recall(reader.segment_id()) {
            Some(docs) => docs,
            None => {
                let docs = Arc::new(self.read(reader)?);
                self.keep(reader, Arc::clone(&docs));
                docs
            }
        };
        let docs = match &self.opening {
            Some(opening) => opening.added_to(reader, &docs)?,
            None => docs,
        };
        let docs = match &self.hidden {
            Some(hidden) => hidden.taken_from(reader, &docs)?,
            None => docs,
        };
        Ok(Visible { docs })
    }

    fn recall(&self, segment: SegmentId) -> Option<Arc<BitSet>> {
        let mut kept = self
            .cache
            .kept
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let index = kept
            .iter()
            .position(|set| set.segment == segment && set.tokens == self.tokens)?;
        let set = kept.remove(index)?;
        let docs = Arc::clone(&set.docs);
        kept.push_front(set);
        Some(docs)
    }

    fn keep(&self, reader: &SegmentReader, docs: Arc<BitSet>) {
        let bytes = usize::try_from(reader.max_doc()).unwrap_or(usize::MAX) / 8
            + 128
            + self.tokens.len() * 8;
        let mut kept = self
            .cache
            .kept
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        kept.push_front(Kept {
            segment: reader.segment_id(),
            tokens: Arc::clone(&self.tokens),
            docs,
            bytes,
        });
        let mut total = 0;
        kept.retain(|set| {
            total += set.bytes;
            total <= BYTES_MAX
        });
    }

    fn read(&self, reader: &SegmentReader) -> tantivy::Result<BitSet> {
        let mut docs = BitSet::with_max_value(reader.max_doc());
        let index = reader.inverted_index(self.field)?;
        for token in self.tokens.iter() {
            let term = Term::from_field_u64(self.field, *token);
            let Some(mut postings) = index.read_postings(&term, IndexRecordOption::Basic)? else {
                continue;
            };
            let mut doc = postings.doc();
            while doc != TERMINATED {
                docs.insert(doc);
                doc = postings.advance();
            }
        }
        Ok(docs)
    }
}

impl Query for Access {
    fn weight(&self, _: EnableScoring<'_>) -> tantivy::Result<Box<dyn Weight>> {
        Ok(Box::new(self.clone()))
    }
}

impl Weight for Access {
    fn scorer(&self, reader: &SegmentReader, _: Score) -> tantivy::Result<Box<dyn Scorer>> {
        let visible = self.visible(reader)?;
        if visible.docs.len() == 0 {
            return Ok(Box::new(EmptyScorer));
        }
        let docs = BitSetDocSet::from(BitSet::clone(&visible.docs));
        Ok(Box::new(ConstScorer::new(docs, 0.0)))
    }

    fn explain(&self, reader: &SegmentReader, doc: DocId) -> tantivy::Result<Explanation> {
        if self.visible(reader)?.contains(doc) {
            return Ok(Explanation::new("access", 0.0));
        }
        Err(TantivyError::InvalidArgument(
            "the entry is not visible".to_owned(),
        ))
    }
}
