//! The format of a blob: a header, then the content in chunks, each encrypted and authenticated.
//!
//! ```text
//! blob   = header chunk*            header = 16 bytes, the same for every blob of this version
//! chunk  = AES-256-GCM(65,536 bytes of content; the last one 0 to 65,536) ‖ 16-byte tag
//! nonce  = 7 zero bytes ‖ number of the chunk, 32 bits big endian ‖ 1 for the last chunk, else 0
//! bound  = the header, as associated data of each chunk
//! ```
//!
//! This is the STREAM construction (Hoang, Reyhanitabar, Rogaway, Vizár 2015). The number in the
//! nonce makes moved chunks fail, the flag makes a cut or lengthened blob fail. The nonce needs no
//! random part, because a data key encrypts exactly one blob; so a range in the middle is read
//! without the header. Content is at least one chunk, so that even no content is authenticated.
//!
//! Limits: 2^32 chunks (256 TiB) a blob. GCM does not commit to its key; the name of a blob, the
//! digest of these bytes, does.

use aead_stream::{NewStream, Nonce, StreamBE32, StreamPrimitive};
use aes_gcm::Aes256Gcm;
use aes_gcm::aead::{self, Buffer};

use crate::keys::DataKey;

/// Bytes of content in every chunk but the last.
pub const CHUNK_BYTES: usize = 64 * 1024;
/// Bytes that encryption adds to a chunk.
pub(crate) const TAG_BYTES: usize = 16;
/// Bytes of a whole encrypted chunk.
pub(crate) const SEALED_CHUNK_BYTES: usize = CHUNK_BYTES + TAG_BYTES;
/// What every blob of this version begins with: a magic word, the version, the cipher
/// (1 = AES-256-GCM STREAM), the chunk size (2^16), three bytes of nothing.
pub(crate) const HEADER: [u8; 16] = *b"\x89papierlos\x01\x01\x10\0\0\0";
/// No blob can hold more content.
pub(crate) const CONTENT_BYTES_CEILING: u64 = (CHUNK_BYTES as u64) << 32;

/// Which stored bytes hold which content, for content of a given length.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Layout {
    content_bytes: u64,
}

/// A run of chunks and where it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Span {
    /// The first chunk.
    pub(crate) first: u64,
    /// Stored bytes of the run; begins with the header where the first chunk is chunk 0.
    pub(crate) stored: std::ops::Range<u64>,
    /// Bytes of content of the first chunk that lie before the wanted range.
    pub(crate) skip: usize,
}

impl Layout {
    pub(crate) const fn new(content_bytes: u64) -> Self {
        Self { content_bytes }
    }

    /// How many chunks there are; never none.
    pub(crate) const fn chunks(self) -> u64 {
        let chunks = self.content_bytes.div_ceil(CHUNK_BYTES as u64);
        if chunks == 0 { 1 } else { chunks }
    }

    /// Length of the whole blob.
    pub(crate) const fn stored_bytes(self) -> u64 {
        HEADER.len() as u64 + self.content_bytes + self.chunks() * TAG_BYTES as u64
    }

    /// The chunks that a range of content touches; the range must lie within the content.
    pub(crate) fn span(self, range: &std::ops::Range<u64>) -> Span {
        let first = (range.start / CHUNK_BYTES as u64).min(self.chunks() - 1);
        let last = (range.end.max(range.start + 1) - 1) / CHUNK_BYTES as u64;
        let after = last.min(self.chunks() - 1) + 1;
        let at = |chunk: u64| HEADER.len() as u64 + chunk * SEALED_CHUNK_BYTES as u64;
        let start = if first == 0 { 0 } else { at(first) };
        // Less than a chunk, but for an empty range at the very end of a last full chunk.
        let skip = usize::try_from(range.start - first * CHUNK_BYTES as u64);
        Span {
            first,
            stored: start..at(after).min(self.stored_bytes()),
            skip: skip.unwrap_or(CHUNK_BYTES),
        }
    }
}

/// Encrypts or decrypts the chunks of one blob.
pub(crate) struct ChunkCipher(StreamBE32<Aes256Gcm>);

/// A chunk that does not decrypt, or a number that no chunk can have.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Refused;

impl ChunkCipher {
    pub(crate) fn new(key: &DataKey) -> Self {
        Self(StreamBE32::from_aead(
            key.cipher(),
            &Nonce::<Aes256Gcm, StreamBE32<Aes256Gcm>>::default(),
        ))
    }

    /// Encrypts a chunk where it stands and appends its tag.
    pub(crate) fn seal(&self, chunk: u64, last: bool, bytes: &mut Vec<u8>) -> Result<(), Refused> {
        let position = u32::try_from(chunk).or(Err(Refused))?;
        self.0
            .encrypt_in_place(position, last, &HEADER, bytes)
            .or(Err(Refused))
    }

    /// Decrypts a chunk with its tag where it stands; returns the length of the content.
    pub(crate) fn open(&self, chunk: u64, last: bool, sealed: &mut [u8]) -> Result<usize, Refused> {
        let position = u32::try_from(chunk).or(Err(Refused))?;
        let mut window = Window {
            len: sealed.len(),
            bytes: sealed,
        };
        self.0
            .decrypt_in_place(position, last, &HEADER, &mut window)
            .or(Err(Refused))?;
        Ok(window.len)
    }
}

/// Lets a chunk be decrypted inside a larger buffer.
struct Window<'a> {
    bytes: &'a mut [u8],
    len: usize,
}

impl AsRef<[u8]> for Window<'_> {
    fn as_ref(&self) -> &[u8] {
        self.bytes.get(..self.len).unwrap_or_default()
    }
}

impl AsMut<[u8]> for Window<'_> {
    fn as_mut(&mut self) -> &mut [u8] {
        self.bytes.get_mut(..self.len).unwrap_or_default()
    }
}

impl Buffer for Window<'_> {
    fn extend_from_slice(&mut self, _: &[u8]) -> aead::Result<()> {
        Err(aead::Error)
    }

    fn truncate(&mut self, len: usize) {
        self.len = self.len.min(len);
    }
}
