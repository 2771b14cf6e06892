//! The text of a version as it is kept: a rendition, page by page, with where it came from.

use indexer::extract::Code;
use serde::{Deserialize, Serialize};

/// Largest packed text that is read back into memory, in bytes.
pub const TEXT_BYTES_MAX: u64 = 64 << 20;

/// The pages of a text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pages {
    /// The format of this rendition.
    v: u8,
    /// The pages, first page first.
    pub pages: Vec<Page>,
}

/// One page.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Page {
    /// Its text; a word broken at the end of a line keeps its hyphen.
    pub text: String,
    /// `read`, `recognised`, `needs_ocr`, `cut` or `damaged`.
    pub state: String,
    /// It was looked at as a picture, and nothing stands on it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub blank: bool,
    /// The codes on it, from top to bottom, where it was looked at.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub codes: Vec<Code>,
    /// It brings its text and may hold codes, and was not looked at for them.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub unseen: bool,
}

impl Pages {
    /// These pages.
    #[must_use]
    pub const fn of(pages: Vec<Page>) -> Self {
        Self { v: 1, pages }
    }

    /// As they are stored: LZ4 of JSON.
    pub fn pack(&self) -> Result<Vec<u8>, serde_json::Error> {
        Ok(lz4_flex::compress_prepend_size(&serde_json::to_vec(self)?))
    }

    /// Reads what `pack` wrote. `None`: it is not a text of ours.
    #[must_use]
    pub fn unpack(bytes: &[u8]) -> Option<Self> {
        // The size stands in front; it must not make us reserve more than a text may have.
        let (size, _) = bytes.split_first_chunk::<4>()?;
        if u64::from(u32::from_le_bytes(*size)) > TEXT_BYTES_MAX {
            return None;
        }
        let json = lz4_flex::decompress_size_prepended(bytes).ok()?;
        serde_json::from_slice(&json).ok()
    }
}
