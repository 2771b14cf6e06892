//! Notes (Notizen): what people write about a file, a case or a document, beside it.
//!
//! Invariants: a note is seen by whoever sees what it stands on; only its author changes its words,
//! and what it said before stands in the log; it is withdrawn with a reason, never removed; what is
//! closed or put aside takes none.

mod evidence;
mod http;
mod model;
mod ops;
mod rows;
mod wire;

pub use evidence::{KINDS, roots_astray, states};
pub use http::{ApiDoc, routes};
pub use model::{Note, NoteError};
pub use ops::add;
