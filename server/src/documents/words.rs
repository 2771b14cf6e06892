//! The words of pages that were recognised, with where they stand: a rendition beside the text.

use serde::{Deserialize, Serialize};

/// Largest unpacked list of words that is read back into memory, in bytes.
pub const WORDS_BYTES_MAX: u64 = 256 << 20;

/// The pages that were recognised.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlacedWords {
    /// The format of this rendition.
    v: u8,
    /// Those pages, first page first.
    pub pages: Vec<WordsPage>,
}

/// One page. Places are in hundredths of a point, from the upper left corner of the page as it is looked
/// at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WordsPage {
    /// 1, 2, 3 …
    pub number: u32,
    /// From left to right.
    pub width: u32,
    /// From top to bottom.
    pub height: u32,
    /// By how much the page lies askew, in hundredths of a degree; clockwise puts it straight.
    pub turned: i32,
    /// The languages with which it was read, as the engine calls them.
    pub languages: String,
    /// How sure the engine is, from 0 to 100.
    pub confidence: u8,
    /// Left, top, width, height, confidence from 0 to 100, the word.
    pub words: Vec<(i64, i64, i64, i64, u8, String)>,
}

impl PlacedWords {
    /// These pages.
    #[must_use]
    pub const fn of(pages: Vec<WordsPage>) -> Self {
        Self { v: 1, pages }
    }

    /// As they are stored: LZ4 of JSON.
    pub fn pack(&self) -> Result<Vec<u8>, serde_json::Error> {
        Ok(lz4_flex::compress_prepend_size(&serde_json::to_vec(self)?))
    }

    /// Reads what `pack` wrote. `None`: these are no words of ours.
    #[must_use]
    pub fn unpack(bytes: &[u8]) -> Option<Self> {
        // The size stands in front; it must not make us reserve more than words may have.
        let (size, _) = bytes.split_first_chunk::<4>()?;
        if u64::from(u32::from_le_bytes(*size)) > WORDS_BYTES_MAX {
            return None;
        }
        let json = lz4_flex::decompress_size_prepended(bytes).ok()?;
        serde_json::from_slice(&json).ok()
    }
}
