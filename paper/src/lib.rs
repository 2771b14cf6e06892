//! What is made for the archive on paper's terms: PDF/A, with everything inside that its reader needs.
//!
//! It is given pictures, words and titles and knows nothing of documents, of a store or of a database. What
//! it is given was looked at before: no file of strangers is opened here.

pub mod copy;
mod face;
pub mod forms;
mod page;
pub mod report;

/// What makes PDF/A here: the version of `krilla`, and ours of what is built on it.
pub const ENGINE: Engine = Engine {
    name: "krilla",
    version: "0.8.2+1",
};

/// Which program made something; a newer version is a reason to make it again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Engine {
    /// Its name.
    pub name: &'static str,
    /// Its version; what follows a `+` counts our own part of the work.
    pub version: &'static str,
}

/// An instant in UTC, as it stands in a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment {
    /// The year.
    pub year: u16,
    /// The month, from 1.
    pub month: u8,
    /// The day, from 1.
    pub day: u8,
    /// The hour, from 0.
    pub hour: u8,
    /// The minute.
    pub minute: u8,
    /// The second.
    pub second: u8,
}

/// Why nothing could be made.
#[derive(Debug, thiserror::Error)]
pub enum PaperError {
    /// The font that comes with the program cannot be read.
    #[error("the font of the program cannot be read")]
    Font,
    /// A picture does not have the dots that it should have.
    #[error("a picture of {width} by {height} dots does not have as many")]
    Dots {
        /// Dots from left to right.
        width: u32,
        /// Dots from top to bottom.
        height: u32,
    },
    /// A picture could not be put in.
    #[error("a picture could not be put in: {said}")]
    Picture {
        /// What was said of it.
        said: String,
    },
    /// The pictures together are larger than they may be.
    #[error("the pictures are larger than {bytes_max} bytes")]
    TooLarge {
        /// How large they may be.
        bytes_max: u64,
    },
    /// It would have more pages than it may.
    #[error("the document would have more than {pages_max} pages")]
    TooLong {
        /// How many it may have.
        pages_max: usize,
    },
    /// What was made is not what the standard asks for.
    #[error("the document is not as PDF/A asks for: {said}")]
    Standard {
        /// In which way.
        said: String,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_engine_is_the_one_that_is_locked() {
        let lock = include_str!("../../Cargo.lock");
        let (version, _) = ENGINE.version.split_once('+').expect("our own part");
        let entry = format!("name = \"krilla\"\nversion = \"{version}\"\n");
        assert!(lock.contains(&entry), "the version must follow Cargo.lock");
    }
}
