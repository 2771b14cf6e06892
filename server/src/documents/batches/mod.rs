//! Batches: a document of which others were made, each of some of its pages.
//!
//! Invariants: the batch stays as it came, and nothing is written about it; a part is made once of its pages of
//! a version; parts are documents in their own right from the first moment: they stand where the batch stands
//! when they are made and go their own ways from there, because each is a letter of its own that somebody else
//! registers in another case. (A component of a mail follows its mail, because it is a part of one letter.) By
//! its sheets a version is split once; what was made of pages of another document is not split by sheets.

pub(super) mod http;
mod making;
mod model;
mod ops;
pub(super) mod wire;

pub use making::{MakeError, forget, make};
pub(super) use model::labels;
pub use model::{Cut, NotSplit, Section, has_sheets, sections};
pub use ops::{Batch, By, keep_parts, to_split};
