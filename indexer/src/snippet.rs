//! Passages: where in the text a hit has what was asked for.
//!
//! The postings of the matched terms hold positions; the entry holds the place of every position on its
//! page (see `body`). So a passage costs some seeks and one page unpacked. Nothing is analysed again but
//! the title.

use std::ops::Range;

use tantivy::postings::{Postings, SegmentPostings};
use tantivy::schema::IndexRecordOption;
use tantivy::{DocAddress, DocId, DocSet, Searcher, SegmentReader, Term};

use crate::analysis::fold::fold;
use crate::analysis::{Analyzer, PART};
use crate::body::{Body, Page};
use crate::collect::Rank;
use crate::facets::Labels;
use crate::plan::{Mark, Where};
use crate::schema::Fields;

/// The most passages of a hit.
pub const SNIPPETS_MAX: usize = 3;
/// Positions that fit into one passage.
const WINDOW_POSITIONS: u32 = 24;
const POSITIONS_MAX: usize = 400;
const BEFORE_BYTES: usize = 70;
const PASSAGE_BYTES: usize = 220;
const SCAN_BYTES_MAX: usize = 64 * 1024;

/// A text with marks. Offsets are in bytes of `text` and lie between characters.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Highlighted {
    /// The text.
    pub text: String,
    /// What matched, in order, without overlaps.
    pub marks: Vec<Marked>,
}

/// A stretch of a text that matched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Marked {
    /// Its bytes.
    pub range: Range<usize>,
    /// The part of the compound that matched; `None` where the whole word did.
    pub part: Option<String>,
}

/// A passage.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Snippet {
    /// The page, counted from 1.
    pub page: u32,
    /// The passage; white space is folded to single blanks.
    pub text: Highlighted,
}

/// What is shown of a hit.
#[derive(Clone, Debug, Default)]
pub(crate) struct Shown {
    pub(crate) title: Highlighted,
    pub(crate) snippets: Vec<Snippet>,
}

/// Shows hits.
pub(crate) struct Snippets<'s> {
    pub(crate) searcher: &'s Searcher,
    pub(crate) labels: &'s Labels,
    pub(crate) fields: &'s Fields,
    pub(crate) marks: &'s [(Mark, Where)],
}

/// A match in a text: its first position, how many it covers or must cover, and which mark it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Match {
    position: u32,
    width: Width,
    mark: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Width {
    Positions(u32),
    /// As many positions as hold so many letters and digits.
    Characters(usize),
}

impl Snippets<'_> {
    /// Titles and passages of hits, in their order.
    pub(crate) fn show(
        &self,
        hits: &[(Rank, DocAddress)],
        passages: bool,
        analyzer: &mut Analyzer,
    ) -> tantivy::Result<Vec<Shown>> {
        let mut shown: Vec<Shown> = hits.iter().map(|_| Shown::default()).collect();
        let mut order: Vec<(usize, DocAddress)> =
            hits.iter().map(|hit| hit.1).enumerate().collect();
        // Postings can only be read forwards.
        order.sort_unstable_by_key(|(_, address)| *address);
        for segment in order.chunk_by(|left, right| left.1.segment_ord == right.1.segment_ord) {
            let Some((_, address)) = segment.first() else {
                continue;
            };
            let reader = self.searcher.segment_reader(address.segment_ord);
            let mut cursors = if passages {
                Some(self.cursors(reader)?)
            } else {
                None
            };
            let columns = self.labels.columns(reader)?;
            for (index, address) in segment {
                let stored = columns.store.get_document_bytes(address.doc_id)?;
                let (Some(body), Some(slot)) = (Body::open(&stored), shown.get_mut(*index)) else {
                    continue;
                };
                if let Some(cursors) = &mut cursors {
                    slot.snippets = self.passages(cursors, address.doc_id, &body);
                }
                slot.title = self.title(body.title().to_owned(), analyzer);
            }
        }
        Ok(shown)
    }

    fn cursors(
        &self,
        reader: &SegmentReader,
    ) -> tantivy::Result<Vec<Vec<Option<SegmentPostings>>>> {
        let index = reader.inverted_index(self.fields.all)?;
        let open = |term: &str| {
            let term = Term::from_field_text(self.fields.all, term);
            index.read_postings(&term, IndexRecordOption::WithFreqsAndPositions)
        };
        let mut cursors = Vec::with_capacity(self.marks.len());
        for (mark, place) in self.marks {
            let mut of_mark = Vec::new();
            if *place == Where::Everywhere {
                match mark {
                    Mark::Word(term) | Mark::Code(term, _) => of_mark.push(open(term)?),
                    Mark::Part(term) => of_mark.push(open(&format!("{PART}{term}"))?),
                    Mark::Phrase(terms) => {
                        for term in terms {
                            of_mark.push(open(term)?);
                        }
                    }
                    Mark::Prefix(_) => {}
                }
            }
            cursors.push(of_mark);
        }
        Ok(cursors)
    }

    fn passages(
        &self,
        cursors: &mut [Vec<Option<SegmentPostings>>],
        doc: DocId,
        body: &Body<'_>,
    ) -> Vec<Snippet> {
        let mut matches = Vec::new();
        for (index, ((mark, _), of_mark)) in self.marks.iter().zip(cursors).enumerate() {
            let width = match mark {
                Mark::Word(_) | Mark::Part(_) | Mark::Prefix(_) => Width::Positions(1),
                Mark::Code(_, characters) => Width::Characters(*characters),
                Mark::Phrase(terms) => Width::Positions(u32::try_from(terms.len()).unwrap_or(1)),
            };
            let found = positions_of(of_mark, doc);
            matches.extend(found.into_iter().take(POSITIONS_MAX).map(|position| Match {
                position,
                width,
                mark: index,
            }));
        }
        self.scan_prefixes(body, &mut matches);
        matches.retain(|found| body.page_of(found.position).is_some());
        matches.sort_unstable_by_key(|found| (found.position, found.mark));
        let windows = windows(&matches, body);
        if windows.is_empty() {
            return lead(body).into_iter().collect();
        }
        // Passages of a hit mostly stand on one page: it is unpacked once.
        let mut windows: Vec<(usize, &[Match])> = windows
            .into_iter()
            .filter_map(|window| {
                let matches = matches.get(window)?;
                Some((body.page_of(matches.first()?.position)?, matches))
            })
            .collect();
        windows.sort_by_key(|(page, _)| *page);
        let mut snippets = Vec::with_capacity(windows.len());
        for windows in windows.chunk_by(|left, right| left.0 == right.0) {
            let page = windows.first().and_then(|(page, _)| body.page(*page));
            let Some(page) = page else { continue };
            snippets.extend(
                windows
                    .iter()
                    .filter_map(|(_, matches)| self.passage(&page, matches)),
            );
        }
        snippets
    }

    /// Prefixes have too many terms to follow; the text itself says where they are.
    fn scan_prefixes(&self, body: &Body<'_>, matches: &mut Vec<Match>) {
        let prefixes: Vec<(usize, &str)> = self
            .marks
            .iter()
            .enumerate()
            .filter_map(|(index, (mark, place))| match mark {
                Mark::Prefix(start) if *place == Where::Everywhere => Some((index, start.as_str())),
                Mark::Prefix(_)
                | Mark::Word(_)
                | Mark::Part(_)
                | Mark::Code(..)
                | Mark::Phrase(_) => None,
            })
            .collect();
        if prefixes.is_empty() {
            return;
        }
        let mut read = 0;
        for index in 0..body.len() {
            let Some(page) = body.page(index) else {
                continue;
            };
            read += page.text.len();
            for (at, (start, end)) in (page.first_position..).zip(&page.places) {
                let folded = fold(page.text.get(*start..*end).unwrap_or(""));
                for (mark, prefix) in &prefixes {
                    if folded.starts_with(prefix) {
                        matches.push(Match {
                            position: at,
                            width: Width::Positions(1),
                            mark: *mark,
                        });
                    }
                }
            }
            if read > SCAN_BYTES_MAX || matches.len() > POSITIONS_MAX {
                return;
            }
        }
    }

    fn passage(&self, page: &Page, matches: &[Match]) -> Option<Snippet> {
        let mut marked: Vec<Marked> = Vec::new();
        for found in matches {
            let Some(range) = stretch(page, *found) else {
                continue;
            };
            let part = match self.marks.get(found.mark).map(|mark| &mark.0) {
                Some(Mark::Part(part)) => Some(part.clone()),
                Some(Mark::Word(_) | Mark::Code(..) | Mark::Phrase(_) | Mark::Prefix(_)) | None => {
                    None
                }
            };
            add_mark(&mut marked, Marked { range, part });
        }
        let (start, end) = (marked.first()?.range.start, marked.last()?.range.end);
        let cut = around(page, start, end);
        Some(Snippet {
            page: page.number,
            text: tidy(page, cut, &marked),
        })
    }

    fn title(&self, title: String, analyzer: &mut Analyzer) -> Highlighted {
        let marks = if self.marks.is_empty() {
            Vec::new()
        } else {
            marks_in(&title, self.marks.iter().map(|(mark, _)| mark), analyzer)
        };
        Highlighted { text: title, marks }
    }
}

/// Where the marks are in a text that no index has taken apart.
pub(crate) fn marks_in<'m>(
    text: &str,
    wanted: impl Iterator<Item = &'m Mark> + Clone,
    analyzer: &mut Analyzer,
) -> Vec<Marked> {
    let positions = analyzer.text(text, &mut Vec::new());
    let mut marks: Vec<Marked> = Vec::new();
    let has = |at: usize, wanted: &str| {
        positions.get(at).is_some_and(|position| {
            let mut found = false;
            position.each_term(|term| found |= term == wanted);
            found
        })
    };
    for (at, position) in positions.iter().enumerate() {
        let written = text.get(position.start..position.end).unwrap_or("");
        for mark in wanted.clone() {
            let (last, part) = match mark {
                Mark::Word(term) if has(at, term) => (at, None),
                Mark::Part(term) if has(at, &format!("{PART}{term}")) => (at, Some(term.clone())),
                Mark::Code(term, size) if has(at, term) => {
                    let mut length = 0;
                    let enough = |position: &crate::analysis::Position| {
                        length +=
                            count_letters(text.get(position.start..position.end).unwrap_or(""));
                        length >= *size
                    };
                    (
                        at + positions.iter().skip(at).position(enough).unwrap_or(0),
                        None,
                    )
                }
                Mark::Phrase(terms)
                    if terms
                        .iter()
                        .enumerate()
                        .all(|(offset, term)| has(at + offset, term)) =>
                {
                    (at + terms.len() - 1, None)
                }
                Mark::Prefix(start) if fold(written).starts_with(start.as_str()) => (at, None),
                Mark::Word(_)
                | Mark::Part(_)
                | Mark::Code(..)
                | Mark::Phrase(_)
                | Mark::Prefix(_) => continue,
            };
            if let Some(last) = positions.get(last) {
                add_mark(
                    &mut marks,
                    Marked {
                        range: position.start..last.end,
                        part,
                    },
                );
            }
        }
    }
    marks
}

/// Marks do not overlap; the wider one stays, and the whole word before its part.
fn add_mark(marks: &mut Vec<Marked>, new: Marked) {
    if let Some(last) = marks.last_mut()
        && new.range.start < last.range.end
    {
        let wider = new.range.end > last.range.end;
        if wider || (new.range == last.range && new.part.is_none()) {
            last.part = if wider && last.part.is_none() {
                None
            } else {
                new.part
            };
            last.range = last.range.start.min(new.range.start)..last.range.end.max(new.range.end);
        }
        return;
    }
    marks.push(new);
}

/// Where all terms of a mark stand behind each other.
fn positions_of(postings: &mut [Option<SegmentPostings>], doc: DocId) -> Vec<u32> {
    let mut found: Option<Vec<u32>> = None;
    for (offset, postings) in (0_u32..).zip(postings.iter_mut()) {
        let Some(postings) = postings else {
            return Vec::new();
        };
        if postings.doc() < doc {
            postings.seek(doc);
        }
        if postings.doc() != doc {
            return Vec::new();
        }
        let mut positions = Vec::new();
        postings.positions(&mut positions);
        found = Some(match found {
            None => positions,
            Some(starts) => starts
                .into_iter()
                .filter(|start| positions.binary_search(&(start + offset)).is_ok())
                .collect(),
        });
    }
    found.unwrap_or_default()
}

/// The best stretches of matches: many different marks close together, then the earliest.
fn windows(matches: &[Match], body: &Body<'_>) -> Vec<Range<usize>> {
    let mut scored: Vec<(usize, Range<usize>)> = Vec::new();
    for (start, first) in matches.iter().enumerate() {
        let page = body.page_of(first.position);
        let mut marks: Vec<usize> = Vec::new();
        let mut end = start;
        for found in matches.iter().skip(start) {
            if found.position - first.position > WINDOW_POSITIONS
                || body.page_of(found.position) != page
            {
                break;
            }
            if !marks.contains(&found.mark) {
                marks.push(found.mark);
            }
            end += 1;
        }
        scored.push((marks.len() * 8 + (end - start).min(8), start..end));
    }
    scored.sort_by(|left, right| {
        right
            .0
            .cmp(&left.0)
            .then_with(|| left.1.start.cmp(&right.1.start))
    });
    let mut chosen: Vec<Range<usize>> = Vec::new();
    for (_, window) in scored {
        let apart = |other: &Range<usize>| {
            let near = |left: usize, right: usize| {
                let (left, right) = (matches.get(left), matches.get(right));
                left.zip(right).is_some_and(|(left, right)| {
                    left.position.abs_diff(right.position) < WINDOW_POSITIONS
                })
            };
            (window.end <= other.start && !near(window.end - 1, other.start))
                || (other.end <= window.start && !near(other.end - 1, window.start))
        };
        if chosen.iter().all(apart) {
            chosen.push(window);
        }
        if chosen.len() == SNIPPETS_MAX {
            break;
        }
    }
    chosen
}

fn count_letters(text: &str) -> usize {
    text.chars().filter(|c| c.is_alphanumeric()).count()
}

/// The bytes of a match on its page.
fn stretch(page: &Page, found: Match) -> Option<Range<usize>> {
    let first = usize::try_from(found.position.checked_sub(page.first_position)?).ok()?;
    let (start, mut end) = *page.places.get(first)?;
    match found.width {
        Width::Positions(count) => {
            let last = first + usize::try_from(count.saturating_sub(1)).ok()?;
            end = page.places.get(last).map_or(end, |place| place.1);
        }
        Width::Characters(wanted) => {
            let mut length = 0;
            for (from, to) in page.places.get(first..)? {
                length += count_letters(page.text.get(*from..*to)?);
                end = *to;
                if length >= wanted {
                    break;
                }
            }
        }
    }
    Some(start..end)
}

/// The passage around some bytes, from word to word.
fn around(page: &Page, start: usize, end: usize) -> Range<usize> {
    let from = start.saturating_sub(BEFORE_BYTES);
    let to = end.max(from + PASSAGE_BYTES);
    let begin = page
        .places
        .iter()
        .map(|place| place.0)
        .find(|place| *place >= from)
        .unwrap_or(start)
        .min(start);
    let stop = page
        .places
        .iter()
        .map(|place| place.1)
        .take_while(|place| *place <= to)
        .last()
        .unwrap_or(end)
        .max(end);
    // What ends a sentence belongs to it.
    let tail = page.text.get(stop..).unwrap_or("");
    let sign = tail
        .chars()
        .next()
        .filter(|c| matches!(c, '.' | ',' | ';' | ':' | '!' | '?' | ')' | '“' | '"'));
    begin..stop + sign.map_or(0, char::len_utf8)
}

/// Cuts a passage out of a page: white space becomes single blanks, words broken at the end of a line are
/// whole again, marks move along.
fn tidy(page: &Page, cut: Range<usize>, marked: &[Marked]) -> Highlighted {
    let mut text = String::with_capacity(cut.len());
    let mut moved: Vec<Marked> = Vec::new();
    let mut open: Option<(usize, &Marked)> = None;
    let mut next = marked
        .iter()
        .filter(|mark| mark.range.start >= cut.start && mark.range.end <= cut.end)
        .peekable();
    let mut places = page
        .places
        .iter()
        .skip_while(|place| place.1 <= cut.start)
        .peekable();
    for (offset, c) in page.text.get(cut.clone()).unwrap_or("").char_indices() {
        let at = cut.start + offset;
        if let Some((start, mark)) = open
            && at >= mark.range.end
        {
            moved.push(Marked {
                range: start..text.len(),
                part: mark.part.clone(),
            });
            open = None;
        }
        while places.peek().is_some_and(|place| place.1 <= at) {
            places.next();
        }
        let inside = places.peek().is_some_and(|place| place.0 < at);
        if open.is_none()
            && let Some(mark) = next.next_if(|mark| mark.range.start <= at)
        {
            open = Some((text.len(), mark));
        }
        let dropped = c == '\u{ad}' || (inside && (c.is_whitespace() || breaks_line(page, at, c)));
        if dropped {
            continue;
        }
        if c.is_whitespace() || c.is_control() {
            if !text.ends_with(' ') && !text.is_empty() {
                text.push(' ');
            }
        } else {
            text.push(c);
        }
    }
    if let Some((start, mark)) = open {
        moved.push(Marked {
            range: start..text.len(),
            part: mark.part.clone(),
        });
    }
    text.truncate(text.trim_end().len());
    let length = text.len();
    moved.retain(|mark| mark.range.start < mark.range.end && mark.range.end <= length);
    Highlighted { text, marks: moved }
}

/// Whether a hyphen inside a word only breaks its line.
fn breaks_line(page: &Page, at: usize, c: char) -> bool {
    matches!(c, '-' | '\u{2010}' | '\u{2011}')
        && page.text.get(at + c.len_utf8()..).is_some_and(|rest| {
            let blank = rest.len() - rest.trim_start().len();
            rest.get(..blank).is_some_and(|blank| blank.contains('\n'))
        })
}

/// The beginning of the text, for hits that match outside of it.
fn lead(body: &Body<'_>) -> Option<Snippet> {
    let page = (0..body.len())
        .filter_map(|index| body.page(index))
        .find(|page| !page.places.is_empty())?;
    let cut = around(&page, page.places.first()?.0, page.places.first()?.1);
    Some(Snippet {
        page: page.number,
        text: tidy(&page, cut, &[]),
    })
}
