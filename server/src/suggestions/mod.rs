//! Suggestions: what could be said about a document that came in, from rules over its text and from what its
//! department has filed before.
//!
//! Invariants: nothing is said by itself, each suggestion has a score and a reason; whatever is suggested, and
//! whatever counts in a reason, is what the one who asks may know; what a department has filed is compared with
//! what the same department has filed, as it stands now, and nothing is learned that would have to be forgotten.

mod gather;
mod http;
mod model;
mod reasons;
#[cfg(test)]
mod tests;
mod wire;

pub use http::{ApiDoc, routes};
