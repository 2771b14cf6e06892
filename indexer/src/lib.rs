//! The index of the archive: text in, answers out.
//!
//! It is given plain entries and questions and knows nothing of files, cases or people. What it holds is
//! derived: it follows a log by its numbers, can be lost at any moment and rebuilt beside itself.

mod access;
mod analysis;
mod body;
mod clauses;
mod collect;
mod correct;
mod cursor;
mod entry;
mod error;
mod explain;
pub mod extract;
mod facets;
#[cfg(any(test, feature = "fuzzing"))]
#[doc(hidden)]
pub mod fuzzing;
mod generation;
pub mod guard;
mod index;
pub mod letter;
pub mod likeness;
mod marking;
mod merge;
mod neighbours;
mod plan;
pub mod qr;
mod query;
mod rebuild;
mod rewrite;
mod schema;
mod search;
mod snippet;
mod suggest;
mod weigh;

pub use access::Opened;
pub use entry::{Change, Day, Entry, FieldNumber, FieldValue, Key};
pub use error::{IndexError, SearchError, Unusable};
pub use explain::{Explained, Reading};
pub use facets::{FACET_VALUES_MAX, FacetCount, Facets};
pub use index::{Index, Options};
pub use marking::marked;
pub use neighbours::{
    NEIGHBOURS_MAX, Neighbour, Neighbours, NeighboursRequest, VOTERS_MAX, VOTERS_MIN, Vote, votes,
};
pub use query::{
    Note, NoteKind, QUERY_CHARS_MAX, QUERY_DEPTH_MAX, QUERY_TERMS_MAX, is_field_name, millionths,
};
pub use rebuild::{Checkpoint, Rebuild, Retired};
pub use search::{
    FieldFilter, FieldWanted, Filters, Hit, LIMIT_MAX, SearchAnswer, SearchRequest, Sort,
};
pub use snippet::{Highlighted, Marked, SNIPPETS_MAX, Snippet};
pub use suggest::{SUGGESTIONS_MAX, SuggestRequest, SuggestedTitle, SuggestedWord, Suggestions};
