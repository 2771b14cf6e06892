//! Correspondents (Absender, Empfänger): who stands on the other side of documents.
//!
//! Invariants: a correspondent is known to whoever sees a document on which it stands, or made it; a
//! name on a document finds one that its writer knows, by name or alias, or makes one; a renamed one
//! keeps its former name as an alias; what is merged into another leads there, and can be split off
//! again; documents keep what was written on them.

mod evidence;
mod http;
mod model;
mod ops;
mod rows;
#[cfg(test)]
mod tests;
mod wire;

pub use evidence::{KINDS, mend_names, roots_astray, states, with_names_astray};
pub use http::{ApiDoc, routes};
pub use model::{Correspondent, CorrespondentError, NAME_CHARS_MAX};
pub use ops::{known, known_among, named, named_among, of_ids, reached_at, spelled, with_below};
