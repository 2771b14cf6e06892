//! Excerpts (Aktenauszüge): the readable history of a case, as PDF/A.
//!
//! Invariants: an excerpt shows what its reader may see, and nothing else; it is recorded before its first byte; the
//! same facts make the same bytes.

mod gather;
mod http;
mod said;
#[cfg(test)]
mod tests;

pub use gather::{ExcerptError, Gathered, Sources, gather};
pub use http::{ApiDoc, routes};
