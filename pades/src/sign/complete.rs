//! The signature goes into its place.

use std::ops::Range;

use super::check::{self, CheckError};
use super::cms::{Cms, CmsError};
use super::pdf::Pdf;
use super::prepare::{Kind, Prepared};
use super::timestamp::{Timestamp, TimestampError};

/// Why a signature did not go into its place.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CompleteError {
    /// It is larger than its place.
    #[error("the signature has {needed} bytes, and {reserved} were set aside")]
    TooSmall {
        /// How large it is.
        needed: usize,
        /// How much there is.
        reserved: usize,
    },
    /// A place for a timestamp takes no signature, and the other way round.
    #[error("the place is not one for this kind of signature")]
    OtherKind,
    /// It is not a signature over this PDF.
    #[error("the signature is not one over this PDF")]
    Signature(#[from] CmsError),
    /// It is not a timestamp over this PDF.
    #[error("the timestamp is not one over this PDF")]
    Timestamp(#[from] TimestampError),
    /// The PDF that was made does not hold up.
    #[error("the signed PDF does not hold up")]
    Check(#[from] CheckError),
}

impl Prepared {
    /// Puts the signature into its place, after it was checked against the PDF.
    ///
    /// # Errors
    ///
    /// [`CompleteError`].
    pub fn complete(self, cms: &Cms) -> Result<Pdf, CompleteError> {
        if self.kind == Kind::DocumentTimestamp {
            return Err(CompleteError::OtherKind);
        }
        cms.verify(&self.signed_pieces())?;
        self.fill(cms.der())
    }

    /// Puts a timestamp over the whole PDF into its place.
    ///
    /// # Errors
    ///
    /// [`CompleteError`].
    pub fn complete_with_timestamp(self, timestamp: &Timestamp) -> Result<Pdf, CompleteError> {
        if self.kind != Kind::DocumentTimestamp {
            return Err(CompleteError::OtherKind);
        }
        timestamp.verify(&self.signed_pieces())?;
        self.fill(timestamp.der())
    }

    fn fill(mut self, der: &[u8]) -> Result<Pdf, CompleteError> {
        // What was there before was found to be a prefix, and the place lies behind it.
        assert!(self.gap.start >= self.before, "the place is in the update");
        fill(&mut self.bytes, &self.gap, der)?;
        Ok(check::reread(self.bytes, self.pages)?)
    }
}

/// Writes a container into its place, and zeros behind it to its end.
pub(super) fn fill(bytes: &mut [u8], gap: &Range<usize>, der: &[u8]) -> Result<(), CompleteError> {
    let place = bytes
        .get_mut(gap.start + 1..gap.end - 1)
        .ok_or(CheckError::NoGap)?;
    if der.len() * 2 > place.len() {
        return Err(CompleteError::TooSmall {
            needed: der.len(),
            reserved: place.len() / 2,
        });
    }
    place.fill(b'0');
    for (pair, byte) in place.chunks_exact_mut(2).zip(der) {
        let digit = |value: u8| b"0123456789abcdef"[usize::from(value & 0xf)];
        pair.copy_from_slice(&[digit(byte >> 4), digit(*byte)]);
    }
    Ok(())
}
