//! A signature that stands in a PDF, to be raised: B-B becomes B-T.
//!
//! The place of a signature is not signed. A timestamp over it, which stands within it, can be added to a
//! PDF that was signed long ago, if enough was set aside, and as long as nothing signed that came later
//! covers the place.

use std::ops::Range;

use super::acroform::Field;
use super::check::{self, CheckError};
use super::cms::{Cms, CmsError};
use super::complete::{self, CompleteError};
use super::pdf::Pdf;
use super::timestamp::{Timestamp, TimestampError, TimestampRequest};

/// Why a signature is not raised.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SealError {
    /// There is no signed field of that name.
    #[error("there is no signature {name:?}")]
    NoSuchSignature {
        /// The name.
        name: String,
    },
    /// Its dictionary is not as PAdES has it.
    #[error("the signature cannot be read: {what}")]
    Unreadable {
        /// What is not as it should be.
        what: &'static str,
    },
    /// Its container is none, or does not fit the PDF.
    #[error("the signature does not hold")]
    Signature(#[from] CmsError),
    /// What is to be added is no timestamp over it.
    #[error("the timestamp is not one over the signature")]
    Timestamp(#[from] TimestampError),
    /// It has one.
    #[error("the signature has a timestamp")]
    Timestamped,
    /// A later signature or document timestamp covers it: nothing can be changed in its place any more. A
    /// document timestamp behind it proves its time as well.
    #[error("the signature {by:?} covers the place")]
    Covered {
        /// The name of the later one.
        by: String,
    },
    /// What is set aside does not suffice, or the PDF that was made does not hold up.
    #[error("the signature was not raised")]
    Complete(#[from] CompleteError),
}

/// A signature of a PDF, and its place.
#[derive(Debug, Clone)]
pub struct Seal {
    gap: Range<usize>,
    cms: Cms,
}

impl Seal {
    /// Finds a signature by the whole name of its field, and checks that it is over the PDF, as far as it goes.
    ///
    /// # Errors
    ///
    /// [`SealError`].
    pub fn find(pdf: &Pdf, name: &str) -> Result<Self, SealError> {
        let field = pdf
            .signature_fields()
            .into_iter()
            .find(|field| field.name == name && field.signed)
            .ok_or_else(|| SealError::NoSuchSignature {
                name: name.to_owned(),
            })?;
        let place = Place::of(pdf, &field)?;
        let bytes = pdf.bytes();
        let cms = Cms::from_der(&place.container(bytes)?)?;
        cms.verify(&place.signed(bytes))?;
        Ok(Self {
            gap: place.gap,
            cms,
        })
    }

    /// Where its place ends.
    pub(super) fn place_end(&self) -> usize {
        self.gap.end
    }

    /// Its container.
    #[must_use]
    pub fn cms(&self) -> &Cms {
        &self.cms
    }

    /// How many bytes were set aside for it.
    #[must_use]
    pub fn reserved_bytes(&self) -> usize {
        self.gap.len().saturating_sub(2) / 2
    }

    /// What a timestamp authority is asked to raise it. `nonce` is chance, for this question alone.
    ///
    /// # Errors
    ///
    /// [`SealError::Timestamped`].
    pub fn request(&self, nonce: [u8; 16]) -> Result<TimestampRequest, SealError> {
        if self.cms.is_timestamped() {
            return Err(SealError::Timestamped);
        }
        Ok(TimestampRequest::for_signature(&self.cms, nonce)?)
    }

    /// The PDF with the timestamp in the signature's place. No byte changes outside of it.
    ///
    /// # Errors
    ///
    /// [`SealError`].
    pub fn raise(&self, pdf: &Pdf, timestamp: &Timestamp) -> Result<Pdf, SealError> {
        if self.cms.is_timestamped() {
            return Err(SealError::Timestamped);
        }
        timestamp.verify(&[self.cms.signature()?])?;
        for field in pdf.signature_fields().iter().filter(|field| field.signed) {
            let place = Place::of(pdf, field)?;
            if place.gap != self.gap && place.end > self.gap.start {
                return Err(SealError::Covered {
                    by: field.name.clone(),
                });
            }
        }
        let raised = self.cms.with_timestamp(timestamp)?;
        let mut bytes = pdf.bytes().to_vec();
        complete::fill(&mut bytes, &self.gap, raised.der())?;
        let read = check::reread(bytes, pdf.page_count()).map_err(CompleteError::from)?;
        let (old, new) = (pdf.bytes(), read.bytes());
        let is_same = old.get(..self.gap.start) == new.get(..self.gap.start)
            && old.get(self.gap.end..) == new.get(self.gap.end..);
        if !is_same {
            return Err(CompleteError::from(CheckError::NotAPrefix).into());
        }
        Ok(read)
    }
}

/// What a signature covers: from the beginning to its end, but for its own place.
pub(super) struct Place {
    gap: Range<usize>,
    pub(super) end: usize,
}

impl Place {
    pub(super) fn of(pdf: &Pdf, field: &Field) -> Result<Self, SealError> {
        let unreadable = |what| SealError::Unreadable { what };
        let dictionary = field
            .value
            .and_then(|value| pdf.document().get_dictionary(value).ok())
            .ok_or(unreadable("it is not an object of its own"))?;
        let numbers: Vec<usize> = dictionary
            .get(b"ByteRange")
            .ok()
            .and_then(|range| pdf.array(range))
            .map(|range| {
                range
                    .iter()
                    .filter_map(|number| usize::try_from(number.as_i64().ok()?).ok())
                    .collect()
            })
            .unwrap_or_default();
        let [0, start, resume, rest] = numbers.as_slice() else {
            return Err(unreadable("what it covers is not a PDF with one gap"));
        };
        let end = resume.checked_add(*rest);
        let place = pdf.bytes().get(*start..*resume);
        match (place, end) {
            (Some(place), Some(end))
                if end <= pdf.bytes().len()
                    && place.len() > 2
                    && place.first() == Some(&b'<')
                    && place.last() == Some(&b'>') =>
            {
                Ok(Self {
                    gap: *start..*resume,
                    end,
                })
            }
            _ => Err(unreadable("its gap is not the place of its container")),
        }
    }

    /// What is signed: all but the place, up to its end.
    pub(super) fn signed<'a>(&self, bytes: &'a [u8]) -> [&'a [u8]; 2] {
        [
            bytes.get(..self.gap.start).unwrap_or_default(),
            bytes.get(self.gap.end..self.end).unwrap_or_default(),
        ]
    }

    /// The container in the gap, if the dictionary says the same.
    pub(super) fn container(&self, bytes: &[u8]) -> Result<Vec<u8>, SealError> {
        let unreadable = SealError::Unreadable {
            what: "its container is not written in digits",
        };
        let digits = bytes
            .get(self.gap.start + 1..self.gap.end - 1)
            .unwrap_or_default();
        let pairs: Option<Vec<u8>> = digits
            .chunks(2)
            .map(|pair| match pair {
                [high, low] => Some(value(*high)? << 4 | value(*low)?),
                _ => None,
            })
            .collect();
        pairs.ok_or(unreadable)
    }
}

fn value(digit: u8) -> Option<u8> {
    char::from(digit)
        .to_digit(16)
        .and_then(|value| u8::try_from(value).ok())
}
