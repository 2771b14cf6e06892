//! The entries of one department that are most like a text, and what they agree on.
//!
//! Nothing is learned and nothing is kept: each answer is made of the entries as they are indexed now. Every
//! number in it, how rare a word is included, is counted among the entries of that department that the asker
//! may see, and among no others: what he may not see changes no neighbour, no score and no word.
//!
//! How near two texts are is BM25 over the stems of the analysis, parts of compounds (which count less) and codes,
//! divided by what the text would reach with itself. Reading costs as many steps as there are entries in the department for
//! each word of the text at most, and four bytes for each entry of a segment while it is read.

use std::cmp::Ordering;
use std::collections::HashMap;

use tantivy::fieldnorm::FieldNormReader;
use tantivy::postings::Postings;
use tantivy::schema::IndexRecordOption;
use tantivy::{BitSet, DocId, DocSet, SegmentReader, TERMINATED, Term};

use crate::access::{Access, Opened, with_term};
use crate::analysis::{Analyzer, PART, Position, is_stop_word};
use crate::entry::Key;
use crate::error::SearchError;
use crate::index::Index;
use crate::schema::Fields;

/// The most neighbours in one answer.
pub const NEIGHBOURS_MAX: usize = 60;
/// So many neighbours decide, the nearest first.
pub const VOTERS_MAX: usize = 15;
/// Fewer decide nothing; and so many at least must agree.
pub const VOTERS_MIN: usize = 2;

/// The words of a text that are compared at most: those that come first.
const WORDS_MAX: usize = 400;
/// Of so many bytes of a text words are taken.
const TEXT_BYTES_MAX: usize = 60_000;
/// What a part of a compound counts of what a word of its own does: it stands beside the whole one, which counts too.
const PART_SHARE: f64 = 0.3;
/// A shorter stem says little.
const STEM_CHARS_MIN: usize = 3;
/// So many words are named for each value.
const TELLING_WORDS: usize = 3;
/// What is less like the text is no neighbour.
const SCORE_MIN: f64 = 0.03;
/// Where a list is so many times as long as the department has entries, it is jumped through.
const JUMP_FROM: usize = 8;
/// The constants of BM25.
const SATURATION: f64 = 1.2;
const LENGTH: f64 = 0.75;

/// Whose neighbours are looked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NeighboursRequest {
    /// The text, page by page.
    pub pages: Vec<String>,
    /// The entry that the text is of: nobody is his own neighbour.
    pub key: Option<Key>,
    /// The department in which neighbours are looked for.
    pub department: String,
    /// Entries in these states are no neighbours.
    pub states_left_out: Vec<String>,
    /// The tokens of the asker. Without any, nothing is found.
    pub access: Vec<u64>,
    /// What the asker may find besides.
    pub opened: Vec<Opened>,
    /// Entries that are not found whatever their tokens say.
    pub hidden: Vec<Key>,
}

/// An entry that is like the text.
#[derive(Clone, Debug, PartialEq)]
pub struct Neighbour {
    /// The entry.
    pub key: Key,
    /// How like, from 0 to 1.
    pub score: f64,
    /// What the words that both have contribute to that: index into `Neighbours::words`, and how much.
    shared: Vec<(usize, f64)>,
}

/// The entries that are most like a text.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Neighbours {
    /// The nearest first.
    pub all: Vec<Neighbour>,
    /// The words of the text, as it writes them.
    words: Vec<String>,
}

/// Something on which neighbours agree.
#[derive(Clone, Debug, PartialEq)]
pub struct Vote<T> {
    /// What they have in common.
    pub value: T,
    /// How much speaks for it, from 0 to 1: the share of the votes, less where few agree.
    pub score: f64,
    /// How many agree.
    pub entries: usize,
    /// The words that they share with the text and that say most.
    pub words: Vec<String>,
}

/// A word of the text.
struct Asked {
    term: String,
    /// As the text writes it; empty for what is no whole word.
    written: String,
    /// How often the text has it.
    times: u32,
    /// How rare it is in the department.
    rarity: f64,
}

/// The entries of a segment among which neighbours are looked for.
struct Members<'r> {
    reader: &'r SegmentReader,
    set: BitSet,
    list: Vec<DocId>,
    lengths: FieldNormReader,
}

impl Members<'_> {
    /// Hands each member that has a term to `each`, with how often it has it.
    fn with_word(&self, term: &Term, mut each: impl FnMut(DocId, u32)) -> tantivy::Result<()> {
        let index = self.reader.inverted_index(term.field())?;
        let Some(info) = index.get_term_info(term)? else {
            return Ok(());
        };
        let option = IndexRecordOption::WithFreqs;
        let mut postings = index.read_postings_from_terminfo(&info, option)?;
        let long = usize::try_from(info.doc_freq).unwrap_or(usize::MAX);
        if long / JUMP_FROM > self.list.len() {
            for doc in &self.list {
                if postings.doc() < *doc {
                    postings.seek(*doc);
                }
                if postings.doc() == *doc {
                    each(*doc, postings.term_freq());
                }
            }
            return Ok(());
        }
        while postings.doc() != TERMINATED {
            let doc = postings.doc();
            if self.set.contains(doc) {
                each(doc, postings.term_freq());
            }
            postings.advance();
        }
        Ok(())
    }

    fn length(&self, doc: DocId) -> f64 {
        f64::from(self.lengths.fieldnorm(doc))
    }
}

/// How much a word counts that stands so often in a text of this length.
fn weight(times: u32, length: f64, average: f64) -> f64 {
    let times = f64::from(times);
    let long = 1.0 - LENGTH + LENGTH * length / average.max(1.0);
    times * (SATURATION + 1.0) / (times + SATURATION * long)
}

fn counted(count: usize) -> f64 {
    f64::from(u32::try_from(count).unwrap_or(u32::MAX))
}

impl Index {
    /// The entries of a department that are most like a text. Blocks.
    ///
    /// # Errors
    /// Failures of the engine.
    pub fn neighbours(&self, request: &NeighboursRequest) -> Result<Neighbours, SearchError> {
        let serving = self.serving();
        let (searcher, _) = serving.view();
        let fields = &self.shared.fields;
        let access = Access::new(fields.acl, &request.access, &serving.access)
            .opening(fields, &request.opened)
            .without(fields.key, &request.hidden);
        if access.is_empty() {
            return Ok(Neighbours::default());
        }
        let (mut asked, length) = self.with_analyzer(|analyzer| words_of(request, analyzer));
        let mut segments = Vec::new();
        for reader in searcher.segment_readers() {
            segments.push(members(reader, fields, &access, request)?);
        }
        let all: usize = segments.iter().map(|one| one.list.len()).sum();
        let total: f64 = segments
            .iter()
            .flat_map(|one| one.list.iter().map(|doc| one.length(*doc)))
            .sum();
        let average = total / counted(all).max(1.0);
        rate(&mut asked, &segments, fields, all)?;
        let own: f64 = asked
            .iter()
            .map(|word| word.rarity * weight(word.times, length, average))
            .sum();
        if own <= 0.0 {
            return Ok(Neighbours::default());
        }
        let mut found = Vec::new();
        for segment in &segments {
            found.extend(nearest(segment, fields, &asked, average, own)?);
        }
        found.sort_by(order);
        found.truncate(NEIGHBOURS_MAX);
        Ok(Neighbours {
            all: found,
            words: asked.into_iter().map(|word| word.written).collect(),
        })
    }
}

/// The nearest first; among equals the one with the smaller key, so that the answer is always the same.
fn order(left: &Neighbour, right: &Neighbour) -> Ordering {
    right
        .score
        .total_cmp(&left.score)
        .then_with(|| left.key.cmp(&right.key))
}

/// The entries of a segment among which neighbours are looked for.
fn members<'r>(
    reader: &'r SegmentReader,
    fields: &Fields,
    access: &Access,
    request: &NeighboursRequest,
) -> tantivy::Result<Members<'r>> {
    let visible = access.visible(reader)?;
    let mut set = BitSet::with_max_value(reader.max_doc());
    let department = Term::from_field_text(fields.department, &request.department);
    with_term(reader, &department, |doc| {
        if visible.contains(doc) && !reader.is_deleted(doc) {
            set.insert(doc);
        }
    })?;
    for state in &request.states_left_out {
        let state = Term::from_field_text(fields.state, state);
        with_term(reader, &state, |doc| set.remove(doc))?;
    }
    if let Some(key) = request.key {
        let key = Term::from_field_bytes(fields.key, &crate::schema::key_bytes(key));
        with_term(reader, &key, |doc| set.remove(doc))?;
    }
    let mut list = Vec::new();
    // In the order of the postings, which is that of the numbers.
    with_term(reader, &department, |doc| {
        if set.contains(doc) {
            list.push(doc);
        }
    })?;
    Ok(Members {
        reader,
        set,
        list,
        lengths: reader.get_fieldnorms_reader(fields.all)?,
    })
}

/// Says of each word how rare it is among the members.
fn rate(
    asked: &mut [Asked],
    segments: &[Members<'_>],
    fields: &Fields,
    all: usize,
) -> tantivy::Result<()> {
    for word in asked {
        let term = Term::from_field_text(fields.all, &word.term);
        let mut having = 0_usize;
        for segment in segments {
            segment.with_word(&term, |_, _| having += 1)?;
        }
        // What nobody has says nothing of anybody; what nearly all have says next to nothing.
        if having > 0 {
            let (all, having) = (counted(all), counted(having));
            let share = if word.term.starts_with(PART) {
                PART_SHARE
            } else {
                1.0
            };
            word.rarity = share * (1.0 + (all - having + 0.5) / (having + 0.5)).ln();
        }
    }
    Ok(())
}

/// The members of a segment that are most like the text.
fn nearest(
    segment: &Members<'_>,
    fields: &Fields,
    asked: &[Asked],
    average: f64,
    own: f64,
) -> tantivy::Result<Vec<Neighbour>> {
    let reader = segment.reader;
    let docs = usize::try_from(reader.max_doc()).unwrap_or_default();
    let mut sums = vec![0.0_f32; docs];
    for word in asked.iter().filter(|word| word.rarity > 0.0) {
        let term = Term::from_field_text(fields.all, &word.term);
        segment.with_word(&term, |doc, times| {
            let more = word.rarity * weight(times, segment.length(doc), average);
            let at = usize::try_from(doc).unwrap_or(usize::MAX);
            if let Some(sum) = sums.get_mut(at) {
                *sum += narrowed(more);
            }
        })?;
    }
    let fast = reader.fast_fields();
    let (high, low) = (fast.u64("key_high")?, fast.u64("key_low")?);
    let mut best: Vec<(f32, Key, DocId)> = Vec::new();
    for doc in &segment.list {
        let at = usize::try_from(*doc).unwrap_or(usize::MAX);
        let sum = sums.get(at).copied().unwrap_or_default();
        if f64::from(sum) / own < SCORE_MIN {
            continue;
        }
        let (Some(high), Some(low)) = (high.first(*doc), low.first(*doc)) else {
            continue;
        };
        best.push((sum, Key::from_halves(high, low), *doc));
    }
    best.sort_by(|left, right| right.0.total_cmp(&left.0).then(left.1.cmp(&right.1)));
    best.truncate(NEIGHBOURS_MAX);
    let mut shared = shared_words(segment, fields, asked, (average, &best))?;
    Ok(best
        .into_iter()
        .map(|(sum, key, doc)| Neighbour {
            key,
            score: (f64::from(sum) / own).min(1.0),
            shared: shared.remove(&doc).unwrap_or_default(),
        })
        .collect())
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "a sum of weights needs no more than the precision of scores"
)]
const fn narrowed(value: f64) -> f32 {
    value as f32
}

/// What the words of the text contribute to each of the best.
fn shared_words(
    segment: &Members<'_>,
    fields: &Fields,
    asked: &[Asked],
    (average, best): (f64, &[(f32, Key, DocId)]),
) -> tantivy::Result<HashMap<DocId, Vec<(usize, f64)>>> {
    let mut shared: HashMap<DocId, Vec<(usize, f64)>> =
        best.iter().map(|(_, _, doc)| (*doc, Vec::new())).collect();
    for (at, word) in asked.iter().enumerate() {
        if word.rarity <= 0.0 || word.written.is_empty() {
            continue;
        }
        let term = Term::from_field_text(fields.all, &word.term);
        segment.with_word(&term, |doc, times| {
            if let Some(words) = shared.get_mut(&doc) {
                let length = segment.length(doc);
                words.push((at, word.rarity * weight(times, length, average)));
            }
        })?;
    }
    Ok(shared)
}

/// The words of a text by which it is compared, and how long it is.
fn words_of(request: &NeighboursRequest, analyzer: &mut Analyzer) -> (Vec<Asked>, f64) {
    analyzer.begin();
    let mut by_term: HashMap<String, usize> = HashMap::new();
    let mut asked: Vec<Asked> = Vec::new();
    let (mut length, mut left) = (0_u32, TEXT_BYTES_MAX);
    for page in &request.pages {
        let text = beginning(page, left);
        left -= text.len();
        let mut vocabulary = Vec::new();
        for position in &analyzer.text(text, &mut vocabulary) {
            position.each_term(|_| length = length.saturating_add(1));
            let written = text.get(position.start..position.end).unwrap_or_default();
            for (term, whole) in terms_of(position) {
                if let Some(known) = by_term.get(&term).and_then(|at| asked.get_mut(*at)) {
                    known.times = known.times.saturating_add(1);
                } else if asked.len() < WORDS_MAX {
                    by_term.insert(term.clone(), asked.len());
                    asked.push(Asked {
                        term,
                        written: if whole {
                            written.to_owned()
                        } else {
                            String::new()
                        },
                        times: 1,
                        rarity: 0.0,
                    });
                }
            }
        }
    }
    (asked, f64::from(length))
}

/// The beginning of a text, of at most so many bytes.
fn beginning(text: &str, bytes_max: usize) -> &str {
    let mut end = text.len().min(bytes_max);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.get(..end).unwrap_or_default()
}

/// The terms of a position by which texts are compared, and whether each is the whole word: no stop words, no
/// dates, no bare numbers.
fn terms_of(position: &Position) -> Vec<(String, bool)> {
    let mut found = Vec::new();
    if let Some(word) = &position.word {
        let long = word.stem.chars().count() >= STEM_CHARS_MIN;
        if long && !is_stop_word(&word.folded) {
            found.push((word.stem.clone(), true));
            let parts = word.marked_parts.iter();
            let parts = parts.filter(|part| part.starts_with(PART));
            found.extend(parts.map(|part| (part.clone(), false)));
        }
    }
    let codes = position.extra.iter().filter(|term| term.starts_with('#'));
    found.extend(codes.map(|code| (code.clone(), false)));
    found
}

/// What the nearest entries agree on. `value` says of a neighbour what counts; what says nothing has no vote.
/// The nearer an entry, the more its vote counts: by the square of how near it is.
pub fn votes<T: Clone + PartialEq>(
    neighbours: &Neighbours,
    value: impl Fn(&Neighbour) -> Option<T>,
) -> Vec<Vote<T>> {
    struct Counted<T> {
        value: T,
        weight: f64,
        entries: usize,
        words: HashMap<usize, f64>,
    }
    let with_value = neighbours.all.iter();
    let with_value = with_value.filter_map(|one| Some((one, value(one)?)));
    let voters: Vec<(&Neighbour, T)> = with_value.take(VOTERS_MAX).collect();
    let total: f64 = voters.iter().map(|(one, _)| one.score * one.score).sum();
    if voters.len() < VOTERS_MIN || total <= 0.0 {
        return Vec::new();
    }
    let mut counts: Vec<Counted<T>> = Vec::new();
    for (one, value) in voters {
        let at = counts.iter().position(|count| count.value == value);
        let at = at.unwrap_or_else(|| {
            counts.push(Counted {
                value,
                weight: 0.0,
                entries: 0,
                words: HashMap::new(),
            });
            counts.len() - 1
        });
        if let Some(count) = counts.get_mut(at) {
            count.weight += one.score * one.score;
            count.entries += 1;
            for (word, more) in &one.shared {
                *count.words.entry(*word).or_default() += more * one.score;
            }
        }
    }
    let mut all: Vec<Vote<T>> = counts
        .into_iter()
        .filter(|count| count.entries >= VOTERS_MIN)
        .map(|count| {
            let trust = counted(count.entries) / (counted(count.entries) + 1.0);
            Vote {
                value: count.value,
                score: trust * count.weight / total,
                entries: count.entries,
                words: telling(neighbours, count.words),
            }
        })
        .collect();
    // Stable: among equals the one that the nearest entry has.
    all.sort_by(|left, right| right.score.total_cmp(&left.score));
    all
}

/// The words that contribute most, as the text writes them.
fn telling(neighbours: &Neighbours, words: HashMap<usize, f64>) -> Vec<String> {
    let mut words: Vec<(usize, f64)> = words.into_iter().collect();
    words.sort_by(|left, right| right.1.total_cmp(&left.1).then(left.0.cmp(&right.0)));
    let words = words.into_iter().take(TELLING_WORDS);
    words
        .filter_map(|(at, _)| neighbours.words.get(at).cloned())
        .collect()
}
