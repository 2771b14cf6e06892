//! Openings of a chunk, in whatever form they came, and the slots that ask for them.

use std::borrow::Cow;

use super::source::{OpeningContent, Openings};
use crate::audit::bundle::openings::{Line, LineContent};
use crate::audit::commitment::{SALT_BYTES, Slot, Tag};

/// An opening of the chunk, in whatever form it came.
pub(super) struct Found<'a> {
    pub(super) seq: u64,
    pub(super) slot: Cow<'a, str>,
    pub(super) content: FoundContent<'a>,
}

/// What was found.
pub(super) enum FoundContent<'a> {
    Open {
        salt: [u8; SALT_BYTES],
        bytes: Cow<'a, [u8]>,
    },
    Erased,
    Withheld,
    Malformed,
}

/// Reads them, in order.
pub(super) fn found(openings: &Openings) -> Vec<Found<'_>> {
    match openings {
        Openings::Rows(rows) => rows
            .iter()
            .map(|row| Found {
                seq: row.seq,
                slot: Cow::Borrowed(&row.slot),
                content: match &row.content {
                    OpeningContent::Open(opening) => FoundContent::Open {
                        salt: opening.salt,
                        bytes: Cow::Borrowed(&opening.bytes),
                    },
                    OpeningContent::Erased => FoundContent::Erased,
                    OpeningContent::Unreadable => FoundContent::Malformed,
                    OpeningContent::Withheld => FoundContent::Withheld,
                },
            })
            .collect(),
        Openings::Lines(lines) => match std::str::from_utf8(lines) {
            Ok(lines) => lines.lines().map(found_line).collect(),
            Err(_) => lines
                .split(|byte| *byte == b'\n')
                .map(garbled_line)
                .collect(),
        },
    }
}

fn found_line(line: &str) -> Found<'_> {
    let Some(Line { seq, slot, content }) = Line::parse(line) else {
        return malformed(line.as_bytes());
    };
    let content = match content {
        LineContent::Open { salt, bytes } => FoundContent::Open {
            salt,
            bytes: Cow::Owned(bytes),
        },
        LineContent::Erased => FoundContent::Erased,
        LineContent::Withheld => FoundContent::Withheld,
    };
    Found {
        seq,
        slot: Cow::Borrowed(slot),
        content,
    }
}

/// A line among some that are not all text: what is text is read, the rest is malformed.
fn garbled_line(line: &[u8]) -> Found<'_> {
    std::str::from_utf8(line).map_or_else(|_| malformed(line), found_line)
}

fn malformed(line: &[u8]) -> Found<'static> {
    let seq = Line::seq_of(line).unwrap_or_default();
    Found {
        seq,
        slot: Cow::Borrowed(""),
        content: FoundContent::Malformed,
    }
}

/// A slot that a record has; compared with what was found without allocating.
#[derive(Clone, Copy)]
pub(super) enum Wanted<'a> {
    State(u16),
    Blob(u16),
    Private(&'a str),
}

impl Wanted<'_> {
    pub(super) fn is(self, found: &str) -> bool {
        match self {
            Self::State(index) => is_indexed(found, "state:", index),
            Self::Blob(index) => is_indexed(found, "blob:", index),
            Self::Private(name) => found == name,
        }
    }

    pub(super) const fn tag(self) -> Tag {
        match self {
            Self::State(_) => Tag::State,
            Self::Blob(_) => Tag::Blob,
            Self::Private(_) => Tag::Private,
        }
    }

    pub(super) fn to_slot(self) -> Slot {
        match self {
            Self::State(index) => Slot::State(index),
            Self::Blob(index) => Slot::Blob(index),
            Self::Private(name) => Slot::Private(name.into()),
        }
    }
}

/// Whether `found` is `kind` and the shortest writing of `index`.
fn is_indexed(found: &str, kind: &str, index: u16) -> bool {
    let Some(digits) = found.strip_prefix(kind) else {
        return false;
    };
    match index {
        0..10 => {
            matches!(digits.as_bytes(), [digit] if u16::from(*digit) == u16::from(b'0') + index)
        }
        10.. => digits == index.to_string(),
    }
}
