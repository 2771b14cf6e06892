//! The chain of cross-reference sections: which revisions a file has, and what each of them says.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use super::packed::unpack;
use super::parse::Parser;
use super::{Broken, Dictionary, ENTRIES_MAX, Object, REVISIONS_MAX};

/// Where an object is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Entry {
    Free,
    At {
        offset: usize,
        generation: u16,
    },
    /// In an object stream, at that place.
    In {
        stream: u32,
        index: usize,
    },
}

/// One state of the file: what was written at one time.
#[derive(Debug)]
pub(crate) struct Revision {
    /// What it says of objects; of all others the earlier ones do.
    pub(crate) entries: BTreeMap<u32, Entry>,
    pub(crate) trailer: Dictionary,
    /// Where its cross-references stand.
    pub(crate) sections: Vec<Range<usize>>,
    /// Where its first byte is.
    pub(crate) start: usize,
    /// Behind its `%%EOF`.
    pub(crate) eof: usize,
    /// Behind the end of that line.
    pub(crate) end: usize,
    /// It has a table and a stream: two kinds of programs see two files.
    pub(crate) hybrid: bool,
}

struct Section {
    entries: BTreeMap<u32, Entry>,
    trailer: Dictionary,
    span: Range<usize>,
    also: Option<Range<usize>>,
}

/// So many bytes from the end the word `startxref` is looked for. Programs that do not find it there mend the file.
const TAIL_BYTES: usize = 1024;

/// The revisions of a file, oldest first.
pub(super) fn revisions(bytes: &[u8]) -> Result<Vec<Revision>, Broken> {
    if !bytes.starts_with(b"%PDF-") {
        return Err(Broken::new(0, "no header"));
    }
    let mut sections = chain(bytes)?;
    sections.reverse();
    let mut revisions: Vec<Revision> = Vec::new();
    let mut sections = sections.into_iter().peekable();
    while let Some(section) = sections.next() {
        let start = revisions.last().map_or(0, |before| before.end);
        let mut revision = Revision {
            start,
            eof: 0,
            end: 0,
            hybrid: section.also.is_some(),
            sections: std::iter::once(section.span.clone())
                .chain(section.also)
                .collect(),
            entries: section.entries,
            trailer: section.trailer,
        };
        let mut pointed = section.span.start;
        // What is made for the web has its main table at the end, and points to the one at the beginning.
        if revisions.is_empty()
            && let Some(first) = sections.next_if(|next| next.span.start < section.span.start)
        {
            pointed = first.span.start;
            revision.entries.extend(first.entries);
            revision.hybrid |= first.also.is_some();
            revision.trailer = first.trailer;
            revision.sections.push(first.span);
            revision.sections.extend(first.also);
        }
        (revision.eof, revision.end) = ending(bytes, section.span.end, pointed)?;
        if section.span.start < start {
            return Err(Broken::new(section.span.start, "revisions out of order"));
        }
        let beyond =
            |entry: &Entry| matches!(entry, Entry::At { offset, .. } if *offset >= revision.end);
        if revision.entries.values().any(beyond) {
            return Err(Broken::new(
                revision.end,
                "a revision that reaches into the next",
            ));
        }
        revisions.push(revision);
    }
    Ok(revisions)
}

/// The sections of the file, newest first.
fn chain(bytes: &[u8]) -> Result<Vec<Section>, Broken> {
    let tail = bytes.len().saturating_sub(TAIL_BYTES);
    let word = b"startxref";
    let found = bytes
        .get(tail..)
        .unwrap_or_default()
        .windows(word.len())
        .rposition(|window| window == word)
        .ok_or(Broken::new(bytes.len(), "no startxref"))?;
    let mut parser = Parser::new(bytes, tail + found + word.len());
    parser.skip_spaces();
    let mut next = parser.unsigned().and_then(|at| usize::try_from(at).ok());
    let (mut sections, mut seen, mut entries) = (Vec::new(), BTreeSet::new(), 0_usize);
    while let Some(at) = next {
        if !seen.insert(at) || sections.len() > REVISIONS_MAX {
            return Err(Broken::new(at, "a chain of revisions without end"));
        }
        let (section, prev) = section(bytes, at)?;
        entries += section.entries.len();
        if entries > ENTRIES_MAX {
            return Err(Broken::new(at, "too many objects"));
        }
        sections.push(section);
        next = prev;
    }
    if sections.is_empty() {
        return Err(Broken::new(bytes.len(), "no startxref"));
    }
    Ok(sections)
}

/// Behind the cross-references: that they end where a file may end. Behind `%%EOF`, and behind its line.
fn ending(bytes: &[u8], at: usize, pointed: usize) -> Result<(usize, usize), Broken> {
    let mut parser = Parser::new(bytes, at);
    parser.skip();
    let says = parser.word(b"startxref");
    parser.skip_spaces();
    let value = parser.unsigned().and_then(|at| usize::try_from(at).ok());
    parser.skip_spaces();
    // White space before the table is not the table, and no reader minds.
    let meant = value.is_some_and(|value| {
        value <= pointed
            && bytes
                .get(value..pointed)
                .is_some_and(|gap| gap.iter().all(|byte| super::parse::is_space(*byte)))
    });
    if !says || !meant || !parser.takes(b"%%EOF") {
        return Err(parser.broken("a revision without end"));
    }
    let eof = parser.at;
    let _line = parser.takes(b"\r\n") || parser.takes(b"\n") || parser.takes(b"\r");
    Ok((eof, parser.at))
}

fn prev(trailer: &Dictionary, at: usize) -> Result<Option<usize>, Broken> {
    let Some(prev) = trailer.get("Prev") else {
        return Ok(None);
    };
    let number = prev.integer().and_then(|at| usize::try_from(at).ok());
    number.map(Some).ok_or(Broken::new(at, "no way back"))
}

fn section(bytes: &[u8], at: usize) -> Result<(Section, Option<usize>), Broken> {
    let mut parser = Parser::new(bytes, at);
    parser.skip_spaces();
    if !parser.word(b"xref") {
        let section = stream(bytes, parser.at)?;
        let prev = prev(&section.trailer, at)?;
        return Ok((section, prev));
    }
    let (mut section, start) = (table(parser)?, at);
    if let Some(stm) = section.trailer.get("XRefStm") {
        let place = stm.integer().and_then(|at| usize::try_from(at).ok());
        let place = place.ok_or(Broken::new(start, "no way to the stream"))?;
        let hidden = stream(bytes, place)?;
        for (number, entry) in hidden.entries {
            let known = section.entries.entry(number).or_insert(entry);
            if *known == Entry::Free {
                *known = entry;
            }
        }
        section.also = Some(hidden.span);
    }
    let prev = prev(&section.trailer, at)?;
    Ok((section, prev))
}

fn table(mut parser: Parser<'_>) -> Result<Section, Broken> {
    let start = parser.at.saturating_sub(4);
    let mut entries = BTreeMap::new();
    loop {
        parser.skip();
        if parser.word(b"trailer") {
            break;
        }
        let number = |parser: &mut Parser<'_>| {
            parser.skip_spaces();
            let value = parser.unsigned();
            value.ok_or_else(|| parser.broken("no table"))
        };
        let (first, count) = (number(&mut parser)?, number(&mut parser)?);
        let last = first
            .checked_add(count)
            .and_then(|it| u32::try_from(it).ok());
        if last.is_none() || count > 10_000_000 {
            return Err(parser.broken("no table"));
        }
        for number_of in first..first + count {
            let (offset, generation) = (number(&mut parser)?, number(&mut parser)?);
            parser.skip_spaces();
            let entry = if parser.word(b"n") {
                Entry::At {
                    offset: usize::try_from(offset).map_err(|_far| parser.broken("no table"))?,
                    generation: u16::try_from(generation)
                        .map_err(|_far| parser.broken("no table"))?,
                }
            } else if parser.word(b"f") {
                Entry::Free
            } else {
                return Err(parser.broken("no table"));
            };
            // An offset of nought is what some write for objects that are not there.
            let nowhere = matches!(entry, Entry::At { offset: 0, .. });
            let entry = if nowhere { Entry::Free } else { entry };
            let id = u32::try_from(number_of).map_err(|_far| parser.broken("no table"))?;
            if entries.insert(id, entry).is_some() {
                return Err(parser.broken("an object that stands twice in one table"));
            }
        }
    }
    let trailer = parser.object()?;
    let Object::Dictionary(trailer) = trailer else {
        return Err(parser.broken("no trailer"));
    };
    if parser.ambiguous {
        return Err(parser.broken("a trailer that says two things"));
    }
    Ok(Section {
        entries,
        trailer,
        span: start..parser.at,
        also: None,
    })
}

fn stream(bytes: &[u8], at: usize) -> Result<Section, Broken> {
    let indirect = Parser::new(bytes, at).indirect(|_elsewhere| None)?;
    let wrong = || Broken::new(at, "no cross-references");
    let Object::Stream(trailer, data) = indirect.object else {
        return Err(wrong());
    };
    if !trailer.is("Type", "XRef") || indirect.ambiguous {
        return Err(wrong());
    }
    let packed = bytes.get(data).ok_or_else(wrong)?;
    let unpacked = unpack(&trailer, packed, at)?;
    let numbers = |key: &str| -> Option<Vec<usize>> {
        let items = trailer.get(key)?.array()?;
        let number = |item: &Object| usize::try_from(item.integer()?).ok();
        items.iter().map(number).collect()
    };
    let widths = numbers("W").ok_or_else(wrong)?;
    let [kind, second, third] = *widths.as_slice() else {
        return Err(wrong());
    };
    let line = kind.saturating_add(second).saturating_add(third);
    if kind > 4 || second > 8 || third > 4 || line == 0 {
        return Err(wrong());
    }
    let size = trailer.get("Size").and_then(Object::integer);
    let size = size.and_then(|size| usize::try_from(size).ok());
    let index = match trailer.has("Index") {
        true => numbers("Index").ok_or_else(wrong)?,
        false => vec![0, size.ok_or_else(wrong)?],
    };
    let mut lines = unpacked.chunks_exact(line);
    let mut entries = BTreeMap::new();
    for part in index.chunks(2) {
        let [first, count] = *part else {
            return Err(wrong());
        };
        for offset in 0..count {
            let line = lines.next().ok_or_else(wrong)?;
            let (kind_bytes, rest) = line.split_at(kind);
            let (second_bytes, third_bytes) = rest.split_at(second);
            let kind = if kind == 0 { 1 } else { big(kind_bytes) };
            let entry = match kind {
                0 => Entry::Free,
                1 => Entry::At {
                    offset: big(second_bytes),
                    generation: u16::try_from(big(third_bytes)).map_err(|_far| wrong())?,
                },
                2 => Entry::In {
                    stream: u32::try_from(big(second_bytes)).map_err(|_far| wrong())?,
                    index: big(third_bytes),
                },
                _ => return Err(wrong()),
            };
            let number = first.checked_add(offset);
            let number = number.and_then(|number| u32::try_from(number).ok());
            if entries.insert(number.ok_or_else(wrong)?, entry).is_some() {
                return Err(wrong());
            }
        }
    }
    Ok(Section {
        entries,
        trailer,
        span: indirect.span,
        also: None,
    })
}

fn big(bytes: &[u8]) -> usize {
    bytes.iter().fold(0_usize, |value, byte| {
        value.wrapping_shl(8) | usize::from(*byte)
    })
}
