//! Each step reads its own result again before it hands it out.

use super::pdf::{Pdf, UnfitError};

/// What a PDF that was made here does not do. Each is a fault of this program, or of the PDF that it began
/// with, and none of them leaves a PDF behind.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CheckError {
    /// It does not begin with what was there before.
    #[error("the new PDF does not begin with the old one")]
    NotAPrefix,
    /// It cannot be read as strictly as the PDF before.
    #[error("the new PDF cannot be read")]
    Unreadable(#[source] UnfitError),
    /// It has another number of pages.
    #[error("the new PDF has {found} pages in place of {expected}")]
    Pages {
        /// How many it should have.
        expected: usize,
        /// How many it has.
        found: usize,
    },
    /// Something that could be reached before cannot be reached any more.
    #[error("object {number} of the PDF is lost")]
    Lost {
        /// Its number.
        number: u32,
    },
    /// There is no place for the signature where it should be.
    #[error("there is no place for the signature")]
    NoGap,
}

/// Takes an update, if what was there is an exact prefix and everything can still be reached.
pub(super) fn increment(before: &Pdf, after: Vec<u8>) -> Result<Pdf, CheckError> {
    if !after.starts_with(before.bytes()) {
        return Err(CheckError::NotAPrefix);
    }
    let read = reread(after, before.page_count())?;
    for (number, _) in before.document().objects.keys() {
        if !read.document().objects.contains_key(&(*number, 0))
            && !read
                .document()
                .objects
                .keys()
                .any(|(found, _)| found == number)
        {
            return Err(CheckError::Lost { number: *number });
        }
    }
    Ok(read)
}

/// Reads a PDF again, as strictly as the one before.
pub(super) fn reread(bytes: Vec<u8>, pages: usize) -> Result<Pdf, CheckError> {
    let read = Pdf::open(bytes).map_err(CheckError::Unreadable)?;
    if read.page_count() != pages {
        return Err(CheckError::Pages {
            expected: pages,
            found: read.page_count(),
        });
    }
    Ok(read)
}
