//! A zip container as office programs and others write it, opened member by member and never as a
//! whole.

use std::io::{Cursor, Read as _};

use zip::ZipArchive;
use zip::result::ZipError;

use super::pager::Reading;
use super::wire::End;

/// Members; office programs write some hundred.
pub(super) const ENTRIES_MAX: usize = 10_000;
/// What one member may inflate to.
const MEMBER_BYTES_MAX: usize = 128 << 20;
/// What all members that are read may inflate to.
const INFLATED_BYTES_MAX: usize = 256 << 20;
/// A member may be so many times as large as what is stored of it …
const RATIO_MAX: usize = 200;
/// … once it is larger than this.
const RATIO_FROM_BYTES: usize = 1 << 20;
/// A member is inflated in parts of this size.
const PART_BYTES: usize = 64 << 10;
/// The record at the end of a container: its length, and that of the longest comment behind it.
const END_BYTES: usize = 22;
const COMMENT_BYTES_MAX: usize = 0xffff;

/// An open container.
pub(super) struct Package<'c> {
    zip: ZipArchive<Cursor<&'c [u8]>>,
    bytes_left: usize,
    damaged: bool,
}

impl<'c> Package<'c> {
    pub(super) fn open(content: &'c [u8]) -> Reading<Self> {
        // Before a table is made of them.
        if entries(content).is_some_and(|count| count > ENTRIES_MAX) {
            return Err(End::Content.into());
        }
        let zip = ZipArchive::new(Cursor::new(content)).map_err(|_source| End::Damaged)?;
        if zip.len() > ENTRIES_MAX {
            return Err(End::Content.into());
        }
        Ok(Self {
            zip,
            bytes_left: INFLATED_BYTES_MAX,
            damaged: false,
        })
    }

    /// The container itself, for whoever hands out its members under limits of his own.
    pub(super) fn into_archive(self) -> ZipArchive<Cursor<&'c [u8]>> {
        self.zip
    }

    /// Whether a member could not be read to its end.
    pub(super) fn is_damaged(&self) -> bool {
        self.damaged
    }

    /// A member; nothing where there is none of this name. What is damaged comes up to the damage.
    pub(super) fn read(&mut self, name: &str) -> Reading<Option<Vec<u8>>> {
        let Some(index) = self.zip.index_for_name(name) else {
            return Ok(None);
        };
        let mut member = match self.zip.by_index(index) {
            Ok(member) => member,
            Err(ZipError::UnsupportedArchive(ZipError::PASSWORD_REQUIRED)) => {
                return Err(End::Encrypted.into());
            }
            Err(ZipError::CompressionMethodNotSupported(_) | ZipError::UnsupportedArchive(_)) => {
                return Err(End::Unknown.into());
            }
            Err(_) => {
                self.damaged = true;
                return Ok(None);
            }
        };
        let stored = usize::try_from(member.compressed_size()).unwrap_or(usize::MAX);
        let mut content = Vec::new();
        let mut part = vec![0; PART_BYTES];
        loop {
            let Ok(read) = member.read(&mut part) else {
                self.damaged = true;
                break;
            };
            if read == 0 {
                break;
            }
            content.extend(part.iter().take(read));
            let length = content.len();
            if length > RATIO_FROM_BYTES && length / RATIO_MAX > stored {
                return Err(End::Unsafe.into());
            }
            if length > MEMBER_BYTES_MAX || length > self.bytes_left {
                return Err(End::Content.into());
            }
        }
        self.bytes_left -= content.len();
        Ok(Some(content))
    }
}

/// How many members the record at the end counts.
fn entries(content: &[u8]) -> Option<usize> {
    let from = content.len().saturating_sub(END_BYTES + COMMENT_BYTES_MAX);
    let tail = content.get(from..)?;
    let at = tail.windows(4).rposition(|four| four == b"PK\x05\x06")?;
    let count = tail.get(at + 10..at + 12)?;
    Some(usize::from(u16::from_le_bytes([
        *count.first()?,
        *count.last()?,
    ])))
}
