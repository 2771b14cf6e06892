//! One pass over the hits: how many, the best of them, and the facets.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::Arc;

use tantivy::collector::{Collector, SegmentCollector};
use tantivy::{DocAddress, DocId, Score, SegmentOrdinal, SegmentReader};

use crate::entry::Key;
use crate::facets::{Columns, Counter, Counts};
use crate::index::Serving;
use crate::search::Sort;

/// Where a hit stands in the list: the greater, the earlier.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Rank {
    /// Score or date, made comparable.
    pub(crate) primary: i64,
    /// Newer first among equals.
    pub(crate) received: i64,
    /// No two are equal.
    pub(crate) key: Key,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Ranked {
    rank: Rank,
    address: DocAddress,
}

/// What to gather.
pub(crate) struct Gather {
    pub(crate) sort: Sort,
    pub(crate) after: Option<Rank>,
    pub(crate) limit: usize,
    pub(crate) facets: bool,
    pub(crate) serving: Arc<Serving>,
}

/// What was gathered.
#[derive(Default)]
pub(crate) struct Gathered {
    pub(crate) total: u64,
    /// At most one more than the limit, best first.
    pub(crate) best: Vec<(Rank, DocAddress)>,
    pub(crate) counts: Counts,
}

pub(crate) struct GatherSegment {
    ordinal: SegmentOrdinal,
    sort: Sort,
    after: Option<Rank>,
    keep: usize,
    total: u64,
    best: BinaryHeap<Reverse<Ranked>>,
    counter: Option<Counter>,
    columns: Arc<Columns>,
}

impl Collector for Gather {
    type Fruit = Gathered;
    type Child = GatherSegment;

    fn for_segment(
        &self,
        ordinal: SegmentOrdinal,
        reader: &SegmentReader,
    ) -> tantivy::Result<GatherSegment> {
        let columns = self.serving.labels.columns(reader)?;
        Ok(GatherSegment {
            ordinal,
            sort: self.sort,
            after: self.after,
            keep: self.limit + 1,
            total: 0,
            best: BinaryHeap::with_capacity(self.limit + 2),
            counter: self.facets.then(|| Counter::new(&columns)),
            columns,
        })
    }

    fn requires_scoring(&self) -> bool {
        self.sort == Sort::Relevance
    }

    fn merge_fruits(&self, segments: Vec<Gathered>) -> tantivy::Result<Gathered> {
        let mut all = Gathered::default();
        for segment in segments {
            all.total += segment.total;
            all.best.extend(segment.best);
            all.counts.add(segment.counts);
        }
        all.best.sort_unstable_by_key(|hit| Reverse(hit.0));
        all.best.truncate(self.limit + 1);
        Ok(all)
    }
}

impl GatherSegment {
    fn primary(&self, doc: DocId, score: Score) -> i64 {
        match self.sort {
            // The bits of numbers that are not negative are ordered as the numbers are.
            Sort::Relevance => i64::from(score.max(0.0).to_bits()),
            Sort::DateDesc => self.columns.document_date.first(doc).unwrap_or(i64::MIN),
            Sort::DateAsc => self
                .columns
                .document_date
                .first(doc)
                .map_or(i64::MIN, |day| -day),
            Sort::ReceivedDesc => self.received(doc),
        }
    }

    fn received(&self, doc: DocId) -> i64 {
        self.columns.received.first(doc).unwrap_or(i64::MIN)
    }

    fn offer(&mut self, doc: DocId, score: Score) {
        let primary = self.primary(doc, score);
        let full = self.best.len() >= self.keep;
        let worst = if full {
            self.best.peek().map(|worst| worst.0.rank)
        } else {
            None
        };
        if worst.is_some_and(|worst| primary < worst.primary)
            || self.after.is_some_and(|after| primary > after.primary)
        {
            return;
        }
        let received = self.received(doc);
        if worst.is_some_and(|worst| (primary, received) < (worst.primary, worst.received)) {
            return;
        }
        let key = Key::from_halves(
            self.columns.key_high.first(doc).unwrap_or(0),
            self.columns.key_low.first(doc).unwrap_or(0),
        );
        let rank = Rank {
            primary,
            received,
            key,
        };
        if worst.is_some_and(|worst| rank <= worst) || self.after.is_some_and(|after| rank >= after)
        {
            return;
        }
        self.best.push(Reverse(Ranked {
            rank,
            address: DocAddress::new(self.ordinal, doc),
        }));
        if self.best.len() > self.keep {
            self.best.pop();
        }
    }
}

impl SegmentCollector for GatherSegment {
    type Fruit = Gathered;

    fn collect(&mut self, doc: DocId, score: Score) {
        self.total += 1;
        if let Some(counter) = &mut self.counter {
            counter.count(doc);
        }
        self.offer(doc, score);
    }

    fn harvest(self) -> Gathered {
        Gathered {
            total: self.total,
            best: self
                .best
                .into_iter()
                .map(|hit| (hit.0.rank, hit.0.address))
                .collect(),
            counts: self.counter.map(Counter::counts).unwrap_or_default(),
        }
    }
}
