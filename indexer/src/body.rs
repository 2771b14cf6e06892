//! What is kept of an entry to show it: its title, and its text page by page with the place of every position.
//!
//! A passage needs three things: on which page a position lies, where its word starts and ends, and the
//! text around it. They are stored beside the entry, so that showing twenty passages analyses nothing.
//!
//! ```text
//! bytes of the title, title
//! count of pages
//! per page: positions, bytes of the place table, bytes of the text, bytes of the stored text
//! per page: place table (gap and length of each atom, as varints), stored text (lz4 where shorter)
//! bytes of all this, four of them, the lowest first
//! ```
//!
//! It is the last value of its document, so that its end is the end of what the engine has stored: it is
//! read from there, and not byte by byte as the engine would hand it out.

use std::ops::Range;

/// Positions left free between two pages, so that no phrase reaches from one to the next.
pub(crate) const PAGE_GAP: u32 = 8;

/// Packed text becomes at most so many times as long.
const LZ4_RATIO_MAX: usize = 256;

/// What is kept of a page that is being written.
#[derive(Debug, Default)]
pub(crate) struct PageDraft<'t> {
    /// The text.
    pub(crate) text: &'t str,
    /// Start and end of each atom.
    pub(crate) places: Vec<(usize, usize)>,
}

/// Writes a title and pages into the stored form.
pub(crate) fn write(title: &str, pages: &[PageDraft<'_>]) -> Vec<u8> {
    let mut head = Vec::with_capacity(title.len() + pages.len() * 8 + 8);
    let mut data = Vec::new();
    put(&mut head, title.len());
    head.extend_from_slice(title.as_bytes());
    put(&mut head, pages.len());
    for page in pages {
        let before = data.len();
        let mut end = 0;
        for (start, stop) in &page.places {
            put(&mut data, start.saturating_sub(end));
            put(&mut data, stop.saturating_sub(*start));
            end = *stop;
        }
        let table = data.len() - before;
        let packed = lz4_flex::block::compress(page.text.as_bytes());
        // Unpacking costs more than reading: it must pay.
        let stored = if packed.len() * 10 < page.text.len() * 9 {
            packed.as_slice()
        } else {
            page.text.as_bytes()
        };
        data.extend_from_slice(stored);
        put(&mut head, page.places.len());
        put(&mut head, table);
        put(&mut head, page.text.len());
        put(&mut head, stored.len());
    }
    head.extend_from_slice(&data);
    // What is longer is longer than any document the engine takes.
    let length = u32::try_from(head.len()).unwrap_or(u32::MAX);
    head.extend_from_slice(&length.to_le_bytes());
    head
}

/// The stored form out of whatever ends with it.
fn stored(bytes: &[u8]) -> Option<&[u8]> {
    let (rest, length) = bytes.split_last_chunk::<4>()?;
    let length = usize::try_from(u32::from_le_bytes(*length)).ok()?;
    rest.get(rest.len().checked_sub(length)?..)
}

fn put(out: &mut Vec<u8>, mut value: usize) {
    while value >= 0x80 {
        out.push(u8::try_from(value & 0x7f).unwrap_or(0) | 0x80);
        value >>= 7;
    }
    out.push(u8::try_from(value).unwrap_or(0));
}

fn take(bytes: &[u8], at: &mut usize) -> Option<usize> {
    let mut value = 0_usize;
    let mut shift = 0_u32;
    loop {
        let byte = *bytes.get(*at)?;
        *at += 1;
        value |= usize::from(byte & 0x7f).checked_shl(shift)?;
        if byte < 0x80 {
            return Some(value);
        }
        shift += 7;
    }
}

/// Where a page lies in the stored form.
#[derive(Clone, Debug)]
struct Slot {
    first_position: u32,
    positions: u32,
    table: Range<usize>,
    stored: Range<usize>,
    length: usize,
}

/// The stored text of an entry, opened.
#[derive(Debug)]
pub(crate) struct Body<'b> {
    title: &'b str,
    bytes: &'b [u8],
    slots: Vec<Slot>,
}

/// One page, unpacked.
#[derive(Debug)]
pub(crate) struct Page {
    /// Counted from 1.
    pub(crate) number: u32,
    /// Position of its first atom.
    pub(crate) first_position: u32,
    /// The text.
    pub(crate) text: String,
    /// Start and end of each atom.
    pub(crate) places: Vec<(usize, usize)>,
}

impl<'b> Body<'b> {
    /// Opens what ends with what `write` wrote; `None` if it is damaged.
    pub(crate) fn open(bytes: &'b [u8]) -> Option<Self> {
        let bytes = stored(bytes)?;
        let mut at = 0;
        let length = take(bytes, &mut at)?;
        let title = bytes.get(at..at.checked_add(length)?)?;
        let title = std::str::from_utf8(title).ok()?;
        at += length;
        let count = take(bytes, &mut at)?;
        if count > bytes.len() {
            return None;
        }
        let mut slots = Vec::with_capacity(count);
        let mut offset = 0;
        let mut first_position = 0_u32;
        for _ in 0..count {
            let positions = u32::try_from(take(bytes, &mut at)?).ok()?;
            let table = take(bytes, &mut at)?;
            let length = take(bytes, &mut at)?;
            let stored = take(bytes, &mut at)?;
            let text_at = usize::checked_add(offset, table)?;
            let end = text_at.checked_add(stored)?;
            // Nothing is unpacked to more than could have been packed.
            if length > stored.saturating_mul(LZ4_RATIO_MAX) {
                return None;
            }
            slots.push(Slot {
                first_position,
                positions,
                table: offset..text_at,
                stored: text_at..end,
                length,
            });
            offset = end;
            first_position = first_position
                .checked_add(positions)?
                .checked_add(PAGE_GAP)?;
        }
        // From here on every place lies within the bytes.
        if at.checked_add(offset)? != bytes.len() {
            return None;
        }
        for slot in &mut slots {
            slot.table = slot.table.start + at..slot.table.end + at;
            slot.stored = slot.stored.start + at..slot.stored.end + at;
        }
        Some(Self {
            title,
            bytes,
            slots,
        })
    }

    /// The title.
    pub(crate) fn title(&self) -> &'b str {
        self.title
    }

    /// How many pages there are.
    pub(crate) fn len(&self) -> usize {
        self.slots.len()
    }

    /// The page on which a position lies, counted from 0; `None` for positions behind the text.
    pub(crate) fn page_of(&self, position: u32) -> Option<usize> {
        let index = self
            .slots
            .partition_point(|slot| slot.first_position <= position)
            .checked_sub(1)?;
        let slot = self.slots.get(index)?;
        (position - slot.first_position < slot.positions).then_some(index)
    }

    /// Unpacks a page; `None` if there is none or it is damaged.
    pub(crate) fn page(&self, index: usize) -> Option<Page> {
        let slot = self.slots.get(index)?;
        let stored = self.bytes.get(slot.stored.clone())?;
        let text = if stored.len() == slot.length {
            stored.to_vec()
        } else {
            lz4_flex::block::decompress(stored, slot.length).ok()?
        };
        let text = String::from_utf8(text).ok()?;
        // A place takes two bytes at least, whatever the count says.
        let room = slot.table.len() / 2;
        let mut places = Vec::with_capacity(usize::try_from(slot.positions).ok()?.min(room));
        let mut at = slot.table.start;
        let mut end = 0_usize;
        while at < slot.table.end {
            let start = end.checked_add(take(self.bytes, &mut at)?)?;
            end = start.checked_add(take(self.bytes, &mut at)?)?;
            places.push((start, end));
        }
        Some(Page {
            number: u32::try_from(index + 1).ok()?,
            first_position: slot.first_position,
            text,
            places,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept() -> Vec<u8> {
        let long = "Straße ".repeat(200);
        let pages = [
            PageDraft {
                text: "Grüße",
                places: vec![(0, 7)],
            },
            PageDraft {
                text: &long,
                places: (0..200).map(|word| (word * 8, word * 8 + 7)).collect(),
            },
        ];
        write("Ein Titel", &pages)
    }

    #[test]
    fn what_is_written_is_read_again_behind_whatever_stands_before_it() {
        for before in [&b""[..], b"\x01\x00\x07what the engine puts there"] {
            let bytes = [before, &kept()].concat();
            let body = Body::open(&bytes).expect("whole");
            assert_eq!((body.title(), body.len()), ("Ein Titel", 2));
            let (first, second) = (body.page(0).expect("a page"), body.page(1).expect("a page"));
            assert_eq!((first.number, first.text.as_str()), (1, "Grüße"));
            assert_eq!(second.first_position, 1 + PAGE_GAP);
            assert_eq!(second.text, "Straße ".repeat(200));
            assert_eq!(second.places.get(1), Some(&(8, 15)));
            assert_eq!(body.page_of(1 + PAGE_GAP), Some(1));
        }
    }

    #[test]
    fn what_is_damaged_is_not_shown_as_something_else() {
        let whole = kept();
        for cut in 0..whole.len() {
            let bytes = whole.get(..cut).expect("a part");
            let body = Body::open(bytes);
            assert!(body.is_none_or(|body| body.title() != "Ein Titel"), "{cut}");
        }
        // Numbers that nobody wrote: none of them is believed further than the bytes go.
        let number = |value: usize| {
            let mut out = Vec::new();
            put(&mut out, value);
            out
        };
        let framed = |head: &[Vec<u8>]| {
            let mut bytes = head.concat();
            let length = u32::try_from(bytes.len()).expect("short");
            bytes.extend_from_slice(&length.to_le_bytes());
            bytes
        };
        for slot in [
            [1, usize::MAX, 1, 1],
            [1, 1, 1, usize::MAX],
            [1, 0, usize::MAX, 1],
            [usize::MAX, 0, 1, 1],
        ] {
            let mut head = vec![number(0), number(1)];
            head.extend(slot.map(number));
            head.push(b"x".to_vec());
            assert!(Body::open(&framed(&head)).is_none(), "{slot:?}");
        }
        let mut head = vec![number(0), number(1)];
        head.extend([usize::try_from(u32::MAX - 8).expect("64 bits"), 0, 1, 1].map(number));
        head.push(b"x".to_vec());
        let bytes = framed(&head);
        let body = Body::open(&bytes).expect("its places add up");
        assert!(body.page(0).expect("a page").places.is_empty());
        let mut longer = whole.clone();
        let at = whole.len() - 4;
        longer.splice(at.., u32::MAX.to_le_bytes());
        assert!(Body::open(&longer).is_none());
    }
}
