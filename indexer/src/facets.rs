//! Counts per department, type, year, tag and correspondent.
//!
//! Each segment numbers its values for itself. `Labels` gives every value one number for the whole index,
//! once per segment, so that counting is an array addition and only the values shown are turned into text.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use tantivy::columnar::Column;
use tantivy::index::SegmentId;
use tantivy::store::StoreReader;
use tantivy::{DocId, Searcher, SegmentReader};

/// The columns that are counted by value.
pub(crate) const COLUMNS: [&str; 4] = ["department", "kind", "tag", "correspondent"];
/// The most values of a facet in an answer.
pub const FACET_VALUES_MAX: usize = 50;

/// The last year of the calendar; slots grow up to it as years are met.
const LAST_YEAR: usize = 9_999;

/// A value and how many of the hits have it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FacetCount {
    /// The value.
    pub value: String,
    /// How many hits have it.
    pub count: u64,
}

/// The facets of an answer, each sorted by count, then by value.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facets {
    /// Per department.
    pub department: Vec<FacetCount>,
    /// Per type of document.
    pub kind: Vec<FacetCount>,
    /// Per year.
    pub year: Vec<FacetCount>,
    /// Per tag.
    pub tag: Vec<FacetCount>,
    /// Per correspondent.
    pub correspondent: Vec<FacetCount>,
}

/// One number per value and column, valid for all segments.
#[derive(Debug, Default)]
pub(crate) struct Labels {
    known: RwLock<Known>,
}

#[derive(Debug, Default)]
struct Known {
    names: [Interner; 4],
    segments: HashMap<SegmentId, Arc<Columns>>,
}

/// The columns of a segment, opened once: to open them costs more than a question asks of them.
pub(crate) struct Columns {
    /// The number of each value of the counted columns.
    numbers: [Vec<u32>; 4],
    counted: [Option<Column<u64>>; 4],
    year: Option<Column<u64>>,
    pub(crate) document_date: Column<i64>,
    pub(crate) received: Column<i64>,
    pub(crate) key_high: Column<u64>,
    pub(crate) key_low: Column<u64>,
    pub(crate) version: Column<u64>,
    pub(crate) store: StoreReader,
}

impl std::fmt::Debug for Columns {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("Columns")
    }
}

impl Columns {
    fn open(reader: &SegmentReader, names: &mut [Interner; 4]) -> tantivy::Result<Self> {
        let fast = reader.fast_fields();
        let mut counted: [Option<Column<u64>>; 4] = Default::default();
        let mut numbers: [Vec<u32>; 4] = Default::default();
        for (((name, column), numbers), interner) in COLUMNS
            .iter()
            .zip(&mut counted)
            .zip(&mut numbers)
            .zip(names)
        {
            let Some(values) = fast.str(name)? else {
                continue;
            };
            let mut stream = values.dictionary().stream()?;
            while stream.advance() {
                let name = std::str::from_utf8(stream.key()).unwrap_or_default();
                numbers.push(interner.number(name));
            }
            *column = Some(values.ords().clone());
        }
        Ok(Self {
            numbers,
            counted,
            year: fast.u64("year").ok(),
            document_date: fast.i64("document_date")?,
            received: fast.i64("received_at")?,
            key_high: fast.u64("key_high")?,
            key_low: fast.u64("key_low")?,
            version: fast.u64("version")?,
            store: reader.get_store_reader(0)?,
        })
    }
}

#[derive(Debug, Default)]
struct Interner {
    numbers: HashMap<Arc<str>, u32>,
    names: Vec<Arc<str>>,
}

impl Interner {
    fn number(&mut self, name: &str) -> u32 {
        if let Some(number) = self.numbers.get(name) {
            return *number;
        }
        let number = u32::try_from(self.names.len()).unwrap_or(u32::MAX);
        let name: Arc<str> = name.into();
        self.names.push(Arc::clone(&name));
        self.numbers.insert(name, number);
        number
    }
}

impl Labels {
    /// Learns the segments of a searcher and forgets those it no longer has.
    pub(crate) fn follow(&self, searcher: &Searcher) -> tantivy::Result<()> {
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        let present: Vec<SegmentId> = searcher
            .segment_readers()
            .iter()
            .map(SegmentReader::segment_id)
            .collect();
        known.segments.retain(|id, _| present.contains(id));
        for reader in searcher.segment_readers() {
            if !known.segments.contains_key(&reader.segment_id()) {
                let columns = Columns::open(reader, &mut known.names)?;
                known
                    .segments
                    .insert(reader.segment_id(), Arc::new(columns));
            }
        }
        Ok(())
    }

    /// The columns of a segment.
    pub(crate) fn columns(&self, reader: &SegmentReader) -> tantivy::Result<Arc<Columns>> {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        let kept = known.segments.get(&reader.segment_id()).map(Arc::clone);
        drop(known);
        // A searcher older than the last commit may have segments that were forgotten.
        if let Some(kept) = kept {
            return Ok(kept);
        }
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        Ok(Arc::new(Columns::open(reader, &mut known.names)?))
    }

    /// Turns counts by number into the facets of an answer.
    pub(crate) fn facets(&self, counts: &Counts) -> Facets {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        let named = |column: usize| {
            let names = known
                .names
                .get(column)
                .map_or(&[][..], |interner| interner.names.as_slice());
            let counted = counts.columns.get(column).map_or(&[][..], Vec::as_slice);
            largest(
                counted
                    .iter()
                    .zip(names)
                    .filter(|(count, _)| **count > 0)
                    .map(|(count, name)| (*count, &**name)),
            )
        };
        let years: Vec<(u32, String)> = (0..)
            .zip(&counts.years)
            .filter(|(_, count)| **count > 0)
            .map(|(year, count): (u32, &u32)| (*count, year.to_string()))
            .collect();
        Facets {
            department: named(0),
            kind: named(1),
            tag: named(2),
            correspondent: named(3),
            year: largest(years.iter().map(|(count, year)| (*count, year.as_str()))),
        }
    }
}

fn largest<'n>(values: impl Iterator<Item = (u32, &'n str)>) -> Vec<FacetCount> {
    let mut values: Vec<(u32, &str)> = values.collect();
    let order = |left: &(u32, &str), right: &(u32, &str)| {
        right.0.cmp(&left.0).then_with(|| left.1.cmp(right.1))
    };
    if values.len() > FACET_VALUES_MAX {
        values.select_nth_unstable_by(FACET_VALUES_MAX, order);
        values.truncate(FACET_VALUES_MAX);
    }
    values.sort_unstable_by(order);
    values
        .into_iter()
        .map(|(count, value)| FacetCount {
            value: value.to_owned(),
            count: u64::from(count),
        })
        .collect()
}

/// Counts by number, over all segments.
#[derive(Clone, Debug, Default)]
pub(crate) struct Counts {
    columns: [Vec<u32>; 4],
    years: Vec<u32>,
}

impl Counts {
    pub(crate) fn add(&mut self, other: Self) {
        for (mine, theirs) in self.columns.iter_mut().zip(other.columns) {
            add_up(mine, theirs);
        }
        add_up(&mut self.years, other.years);
    }
}

fn add_up(mine: &mut Vec<u32>, theirs: Vec<u32>) {
    if mine.len() < theirs.len() {
        let shorter = std::mem::replace(mine, theirs);
        mine.iter_mut()
            .zip(shorter)
            .for_each(|(sum, count)| *sum += count);
    } else {
        mine.iter_mut()
            .zip(theirs)
            .for_each(|(sum, count)| *sum += count);
    }
}

/// Counts the values of one segment.
pub(crate) struct Counter {
    columns: Arc<Columns>,
    local: [Vec<u32>; 4],
    years: Vec<u32>,
}

impl Counter {
    pub(crate) fn new(columns: &Arc<Columns>) -> Self {
        Self {
            local: std::array::from_fn(|column| {
                let numbers = columns.numbers.get(column).map_or(0, Vec::len);
                vec![0; numbers]
            }),
            columns: Arc::clone(columns),
            years: Vec::new(),
        }
    }

    #[inline]
    pub(crate) fn count(&mut self, doc: DocId) {
        for (column, counts) in self.columns.counted.iter().zip(&mut self.local) {
            let Some(column) = column else { continue };
            for ordinal in column.values_for_doc(doc) {
                if let Some(count) = usize::try_from(ordinal)
                    .ok()
                    .and_then(|ordinal| counts.get_mut(ordinal))
                {
                    *count += 1;
                }
            }
        }
        let year = self
            .columns
            .year
            .as_ref()
            .and_then(|year| year.first(doc))
            .and_then(|year| usize::try_from(year).ok())
            .filter(|year| *year <= LAST_YEAR);
        if let Some(year) = year {
            if self.years.len() <= year {
                self.years.resize(year + 1, 0);
            }
            if let Some(count) = self.years.get_mut(year) {
                *count += 1;
            }
        }
    }

    pub(crate) fn counts(self) -> Counts {
        let mut counts = Counts {
            columns: Default::default(),
            years: self.years,
        };
        for ((local, map), global) in self
            .local
            .iter()
            .zip(&self.columns.numbers)
            .zip(&mut counts.columns)
        {
            let size = map
                .iter()
                .max()
                .and_then(|number| usize::try_from(*number).ok())
                .map_or(0, |max| max + 1);
            global.resize(size, 0);
            for (count, number) in local.iter().zip(map) {
                let slot = usize::try_from(*number)
                    .ok()
                    .and_then(|number| global.get_mut(number));
                if let Some(slot) = slot {
                    *slot += count;
                }
            }
        }
        counts
    }
}
