//! The text of an entry as it is kept for passages: page by page, with the place of every position.
//!
//! A passage needs three things: on which page a position lies, where its word starts and ends, and the
//! text around it. They are stored beside the entry, so that showing twenty passages analyses nothing.
//!
//! ```text
//! count of pages
//! per page: positions, bytes of the place table, bytes of the text, bytes of the stored text
//! per page: place table (gap and length of each atom, as varints), stored text (lz4 where shorter)
//! ```

use std::ops::Range;

/// Positions left free between two pages, so that no phrase reaches from one to the next.
pub(crate) const PAGE_GAP: u32 = 8;

/// What is kept of a page that is being written.
#[derive(Debug, Default)]
pub(crate) struct PageDraft<'t> {
    /// The text.
    pub(crate) text: &'t str,
    /// Start and end of each atom.
    pub(crate) places: Vec<(usize, usize)>,
}

/// Writes pages into the stored form.
pub(crate) fn write(pages: &[PageDraft<'_>]) -> Vec<u8> {
    let mut head = Vec::with_capacity(pages.len() * 8 + 4);
    let mut data = Vec::new();
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
    head
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
    /// Opens what `write` wrote; `None` if it is damaged.
    pub(crate) fn open(bytes: &'b [u8]) -> Option<Self> {
        let mut at = 0;
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
            let text_at = offset + table;
            slots.push(Slot {
                first_position,
                positions,
                table: offset..text_at,
                stored: text_at..text_at + stored,
                length,
            });
            offset = text_at + stored;
            first_position = first_position
                .checked_add(positions)?
                .checked_add(PAGE_GAP)?;
        }
        for slot in &mut slots {
            slot.table = slot.table.start + at..slot.table.end + at;
            slot.stored = slot.stored.start + at..slot.stored.end + at;
        }
        (at + offset == bytes.len()).then_some(Self { bytes, slots })
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
        let mut places = Vec::with_capacity(usize::try_from(slot.positions).ok()?);
        let mut at = slot.table.start;
        let mut end = 0;
        while at < slot.table.end {
            let start = end + take(self.bytes, &mut at)?;
            end = start + take(self.bytes, &mut at)?;
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
