//! What somebody probably meant: words nearly like the one typed, of those the asker may see.
//!
//! A word that stands only in entries the asker may not see is never offered: that it exists would already
//! tell something.

use std::collections::HashMap;

use tantivy::collector::Count;
use tantivy::postings::TermInfo;
use tantivy::query::{BooleanQuery, DfaWrapper, FuzzyTermQuery, Query, TermQuery};
use tantivy::schema::{Field, IndexRecordOption};
use tantivy::termdict::{TermDictionary, TermStreamer};
use tantivy::{DocSet, InvertedIndexReader, Searcher, SegmentReader, TERMINATED, Term};
use tantivy_fst::Automaton;

use crate::access::Access;
use crate::analysis::fold::fold_start;
use crate::analysis::{Analyzer, PART, VOCABULARY_SEPARATOR, is_stop_word};
use crate::clauses::union;
use crate::schema::Fields;

/// From how many letters on one error is forgiven, and two.
const ONE_ERROR_LETTERS: usize = 4;
pub(crate) const TWO_ERRORS_LETTERS: usize = 8;
/// Visible words that are looked at.
const CANDIDATES_MAX: usize = 1_000;
const VARIANTS_MAX: usize = 4;

/// A word nearly like the one typed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Variant {
    /// As texts write it.
    pub(crate) written: String,
    /// Its stem.
    pub(crate) stem: String,
    /// How many visible entries have it, counted up to a limit.
    pub(crate) entries: u32,
    distance: u8,
}

/// Looks for words in the index on behalf of somebody.
pub(crate) struct Corrector<'c> {
    pub(crate) searcher: &'c Searcher,
    pub(crate) fields: &'c Fields,
    pub(crate) access: &'c Access,
}

impl Corrector<'_> {
    /// How many visible entries have one of the terms, counted up to a limit.
    pub(crate) fn visible(
        &self,
        field: Field,
        terms: &[String],
        limit: u32,
    ) -> tantivy::Result<u32> {
        let mut count = 0;
        for reader in self.searcher.segment_readers() {
            for term in terms {
                count +=
                    self.visible_in(reader, &Term::from_field_text(field, term), limit - count)?;
                if count >= limit {
                    return Ok(count);
                }
            }
        }
        Ok(count)
    }

    /// How many visible entries have at least one of the terms, exactly.
    pub(crate) fn count_any(&self, terms: Vec<Term>) -> tantivy::Result<u64> {
        let any = terms
            .into_iter()
            .map(|term| Box::new(TermQuery::new(term, IndexRecordOption::Basic)) as Box<dyn Query>)
            .collect();
        let Some(any) = union(any) else { return Ok(0) };
        let access: Box<dyn Query> = Box::new(self.access.clone());
        let query = BooleanQuery::intersection(vec![access, any]);
        Ok(u64::try_from(self.searcher.search(&query, &Count)?).unwrap_or(u64::MAX))
    }

    fn visible_in(&self, reader: &SegmentReader, term: &Term, limit: u32) -> tantivy::Result<u32> {
        let index = reader.inverted_index(term.field())?;
        match index.get_term_info(term)? {
            Some(info) => self.visible_postings(reader, &index, &info, limit),
            None => Ok(0),
        }
    }

    /// How many visible entries of a segment a list of postings has, counted up to a limit.
    pub(crate) fn visible_postings(
        &self,
        reader: &SegmentReader,
        index: &InvertedIndexReader,
        info: &TermInfo,
        limit: u32,
    ) -> tantivy::Result<u32> {
        let mut postings = index.read_postings_from_terminfo(info, IndexRecordOption::Basic)?;
        let visible = self.access.visible(reader)?;
        let mut count = 0;
        let mut doc = postings.doc();
        while doc != TERMINATED && count < limit {
            if visible.contains(doc) && !reader.is_deleted(doc) {
                count += 1;
            }
            doc = postings.advance();
        }
        Ok(count)
    }

    /// The nearest words, the most frequent first; empty if there is none near enough.
    pub(crate) fn variants(
        &self,
        folded: &str,
        analyzer: &mut Analyzer,
    ) -> tantivy::Result<Vec<Variant>> {
        let letters = folded.chars().count();
        if letters < ONE_ERROR_LETTERS || !folded.chars().all(char::is_alphabetic) {
            return Ok(Vec::new());
        }
        for distance in 1..=if letters >= TWO_ERRORS_LETTERS { 2 } else { 1 } {
            let mut found = self.in_vocabulary(folded, distance, analyzer)?;
            if found.is_empty() {
                found = self.in_parts(folded, distance, analyzer)?;
            }
            if !found.is_empty() {
                found.sort_by(|left, right| {
                    right
                        .entries
                        .cmp(&left.entries)
                        .then_with(|| left.written.cmp(&right.written))
                });
                found.truncate(VARIANTS_MAX);
                return Ok(found);
            }
        }
        Ok(Vec::new())
    }

    fn in_vocabulary(
        &self,
        folded: &str,
        distance: u8,
        analyzer: &mut Analyzer,
    ) -> tantivy::Result<Vec<Variant>> {
        let field = self.fields.vocabulary;
        let mut by_stem: HashMap<String, Variant> = HashMap::new();
        for term in self.near(field, "", folded, distance)? {
            let Some((near, written)) = term.split_once(VOCABULARY_SEPARATOR) else {
                continue;
            };
            // Nobody means `kann` who asks for `Kanu`.
            if is_stop_word(near) {
                continue;
            }
            let entries = self.visible(field, std::slice::from_ref(&term), 1_000)?;
            if entries == 0 {
                continue;
            }
            let stem = analyzer.word(written).stem.clone();
            let new = Variant {
                written: written.to_owned(),
                stem: stem.clone(),
                entries,
                distance,
            };
            let kept = by_stem.entry(stem).or_insert_with(|| new.clone());
            if kept.entries < entries {
                *kept = new;
            }
        }
        Ok(by_stem.into_values().collect())
    }

    /// `Parkauswies` when texts have `Bewohnerparkausweis` only.
    fn in_parts(
        &self,
        folded: &str,
        distance: u8,
        analyzer: &mut Analyzer,
    ) -> tantivy::Result<Vec<Variant>> {
        let stem = analyzer.word(folded).stem.clone();
        let mark = PART.to_string();
        let mut found = Vec::new();
        for term in self.near(self.fields.all, &mark, &stem, distance)? {
            let entries = self.visible(self.fields.all, std::slice::from_ref(&term), 1_000)?;
            if entries > 0 {
                let stem = term.strip_prefix(PART).unwrap_or(&term).to_owned();
                found.push(Variant {
                    written: self.spelled(&stem, analyzer)?,
                    stem,
                    entries,
                    distance,
                });
            }
        }
        Ok(found)
    }

    /// The part of a compound in the letters of a visible document that has it: `Gebühr` for `gebuhr`.
    fn spelled(&self, stem: &str, analyzer: &mut Analyzer) -> tantivy::Result<String> {
        let part = format!("{PART}{stem}");
        for reader in self.searcher.segment_readers() {
            let index = reader.inverted_index(self.fields.vocabulary)?;
            let mut stream = index
                .terms()
                .search(Containing(stem.as_bytes()))
                .into_stream()?;
            while stream.advance() {
                let term = String::from_utf8_lossy(stream.key());
                let Some((folded, written)) = term.split_once(VOCABULARY_SEPARATOR) else {
                    continue;
                };
                if let Some(spelled) = cut_out(folded, written, stem)
                    && analyzer.word(written).marked_parts.contains(&part)
                    && self.visible_postings(reader, &index, stream.value(), 1)? > 0
                {
                    return Ok(spelled);
                }
            }
        }
        Ok(stem.to_owned())
    }

    /// Visible terms of a field near a word, behind a mark. With two errors the first letter must be right.
    fn near(
        &self,
        field: Field,
        mark: &str,
        word: &str,
        distance: u8,
    ) -> tantivy::Result<Vec<String>> {
        let query = FuzzyTermQuery::new(Term::from_field_text(field, word), distance, true);
        let first = word.chars().next().filter(|_| distance > 1);
        let mut found: Vec<String> = Vec::new();
        for reader in self.searcher.segment_readers() {
            let index = reader.inverted_index(field)?;
            let mut stream = near_terms(index.terms(), &query, mark, first)?;
            // What the asker may not see takes no place from what he may.
            while found.len() < CANDIDATES_MAX && stream.advance() {
                let term = String::from_utf8_lossy(stream.key()).into_owned();
                if !found.contains(&term)
                    && self.visible_postings(reader, &index, stream.value(), 1)? > 0
                {
                    found.push(term);
                }
            }
        }
        Ok(found)
    }
}

/// The terms of a dictionary that are near a word, behind a mark; `first` is the letter that must be right.
pub(crate) fn near_terms<'d>(
    terms: &'d TermDictionary,
    word: &FuzzyTermQuery,
    mark: &'d str,
    first: Option<char>,
) -> tantivy::Result<TermStreamer<'d, Near<'d, DfaWrapper>>> {
    let mut terms = terms.search(Near {
        word: word.automaton()?,
        mark: mark.as_bytes(),
    });
    if let Some(first) = first {
        let start = format!("{mark}{first}");
        terms = terms.ge(&start).lt(format!("{start}\u{10ffff}"));
    }
    Ok(terms.into_stream()?)
}

/// The letters of a written word that a stretch of its folded form stands for, with a capital.
fn cut_out(folded: &str, written: &str, stretch: &str) -> Option<String> {
    let start = folded.find(stretch)?;
    let ends: Vec<usize> = written
        .char_indices()
        .map(|(at, c)| at + c.len_utf8())
        .collect();
    let behind = |length: usize| {
        ends.iter()
            .copied()
            .find(|end| fold_start(written.get(..*end).unwrap_or("")).len() >= length)
    };
    let from = if start == 0 { 0 } else { behind(start)? };
    let piece = written.get(from..behind(start + stretch.len())?)?;
    let mut chars = piece.chars();
    let first = chars.next()?;
    Some(first.to_uppercase().chain(chars).collect())
}

/// Words that contain some bytes.
struct Containing<'b>(&'b [u8]);

impl Automaton for Containing<'_> {
    /// How many of the bytes have been read in a row; all of them once found.
    type State = usize;

    fn start(&self) -> usize {
        0
    }

    fn is_match(&self, state: &usize) -> bool {
        *state == self.0.len()
    }

    fn accept(&self, state: &usize, byte: u8) -> usize {
        if self.is_match(state) {
            return *state;
        }
        // The longest beginning of the bytes that what was read ends in.
        let read = self.0.get(..*state).unwrap_or_default();
        (0..=read.len())
            .rev()
            .find(|kept| {
                self.0.get(*kept) == Some(&byte)
                    && read.get(read.len() - kept..) == self.0.get(..*kept)
            })
            .map_or(0, |kept| kept + 1)
    }
}

/// A mark, then a word nearly like another, then, in the vocabulary, anything.
pub(crate) struct Near<'m, A> {
    word: A,
    mark: &'m [u8],
}

#[derive(Clone)]
pub(crate) enum At<S> {
    /// So many bytes into the mark.
    Mark(usize),
    /// Inside the word.
    Word(S),
    /// Behind a word that is near enough.
    Behind,
    /// Nothing can match any more.
    Lost,
}

impl<A: Automaton> Automaton for Near<'_, A>
where
    A::State: Clone,
{
    type State = At<A::State>;

    fn start(&self) -> Self::State {
        if self.mark.is_empty() {
            At::Word(self.word.start())
        } else {
            At::Mark(0)
        }
    }

    fn is_match(&self, state: &Self::State) -> bool {
        match state {
            At::Word(state) => self.word.is_match(state),
            At::Behind => true,
            At::Mark(_) | At::Lost => false,
        }
    }

    fn can_match(&self, state: &Self::State) -> bool {
        match state {
            At::Word(state) => self.word.can_match(state),
            At::Mark(_) | At::Behind => true,
            At::Lost => false,
        }
    }

    fn accept(&self, state: &Self::State, byte: u8) -> Self::State {
        match state {
            At::Mark(read) if self.mark.get(*read) == Some(&byte) => {
                if read + 1 == self.mark.len() {
                    At::Word(self.word.start())
                } else {
                    At::Mark(read + 1)
                }
            }
            At::Word(state) if u32::from(byte) == u32::from(VOCABULARY_SEPARATOR) => {
                if self.word.is_match(state) {
                    At::Behind
                } else {
                    At::Lost
                }
            }
            At::Word(state) => At::Word(self.word.accept(state, byte)),
            At::Behind => At::Behind,
            At::Mark(_) | At::Lost => At::Lost,
        }
    }
}
