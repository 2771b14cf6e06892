//! What can go wrong.

use std::io;
use std::path::{Path, PathBuf};

use tantivy::TantivyError;
use thiserror::Error;

/// Why the index cannot be opened, written or rebuilt.
#[derive(Debug, Error)]
pub enum IndexError {
    /// Another process, or another opening in this one, writes to the folder.
    #[error("the index folder {} is in use by another process", dir.display())]
    Locked {
        /// The folder.
        dir: PathBuf,
    },
    /// What is on disk cannot be used by this program; a rebuild makes it anew.
    #[error("the index in {} must be rebuilt: {reason}", dir.display())]
    NeedsRebuild {
        /// The folder.
        dir: PathBuf,
        /// What was found there.
        reason: Unusable,
    },
    /// A rebuild is already running.
    #[error("a rebuild of the index is already running")]
    Rebuilding,
    /// A file or folder cannot be read or written.
    #[error("cannot access {}", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// The engine underneath failed.
    #[error("the search engine failed")]
    Engine {
        /// The cause.
        #[from]
        source: TantivyError,
    },
}

/// Why an index cannot be used as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum Unusable {
    /// It was made by another version of the analysis.
    #[error("it was made by version {found} of the analysis, this program has {expected}")]
    Version {
        /// The version found.
        found: u32,
        /// The version of this program.
        expected: u32,
    },
    /// What is masked in it is not what is to be masked now.
    #[error("other serial numbers are masked in it than are to be")]
    Masks,
    /// Its files are missing or damaged.
    #[error("its files are missing or damaged")]
    Damaged,
}

impl IndexError {
    pub(crate) fn io(path: &Path, source: io::Error) -> Self {
        Self::Io {
            path: path.to_owned(),
            source,
        }
    }
}

/// Why a question cannot be answered.
#[derive(Debug, Error)]
pub enum SearchError {
    /// The query is longer than `QUERY_CHARS_MAX`.
    #[error(
        "the query has {characters} characters, at most {} are allowed",
        crate::QUERY_CHARS_MAX
    )]
    TooLong {
        /// Its length in characters.
        characters: usize,
    },
    /// The query has more words than `QUERY_TERMS_MAX`.
    #[error(
        "the query has more than {} words, the first too many at character {at}",
        crate::QUERY_TERMS_MAX
    )]
    TooManyTerms {
        /// Which character the first word too many begins with, from 1.
        at: usize,
    },
    /// Parentheses are nested deeper than `QUERY_DEPTH_MAX`.
    #[error(
        "parentheses are nested deeper than {} levels at character {at}",
        crate::QUERY_DEPTH_MAX
    )]
    TooDeep {
        /// Which character the first parenthesis too many is, from 1.
        at: usize,
    },
    /// The limit is not between 1 and `LIMIT_MAX`.
    #[error("the limit {limit} is not between 1 and {}", crate::LIMIT_MAX)]
    Limit {
        /// The limit asked for.
        limit: usize,
    },
    /// The cursor was not made by this index for this order.
    #[error("the cursor is not one of this list")]
    Cursor,
    /// The engine underneath failed.
    #[error("the search engine failed")]
    Engine {
        /// The cause.
        #[from]
        source: TantivyError,
    },
}

impl SearchError {
    /// The sentence for a German reader.
    #[must_use]
    pub fn german(&self) -> String {
        match self {
            Self::TooLong { characters } => {
                format!(
                    "Die Suchanfrage ist mit {characters} Zeichen zu lang; erlaubt sind {}.",
                    crate::QUERY_CHARS_MAX
                )
            }
            Self::TooManyTerms { at } => format!(
                "Die Suchanfrage hat mehr als {} Wörter (ab Zeichen {at}). Bitte kürzer fassen.",
                crate::QUERY_TERMS_MAX
            ),
            Self::TooDeep { at } => {
                format!("Bei Zeichen {at} sind zu viele Klammern ineinander geschachtelt.")
            }
            Self::Limit { limit } => {
                format!(
                    "Es können 1 bis {} Treffer auf einmal geholt werden, nicht {limit}.",
                    crate::LIMIT_MAX
                )
            }
            Self::Cursor => {
                "Die Seitenmarke gehört nicht zu dieser Liste. Bitte neu suchen.".to_owned()
            }
            Self::Engine { .. } => "Die Suche ist gerade gestört.".to_owned(),
        }
    }
}
