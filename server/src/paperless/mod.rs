//! The interface of paperless-ngx, as far as scanners, phones and their pickers call it: putting in,
//! asking what became of it, looking up. Nothing is changed by it.
//!
//! Invariants: an upload is acknowledged when content, rows and record are durable; a number that
//! names something was drawn by chance and tells nothing; what a number names is asked for with the
//! right of the one who asks; a token for intake learns of its own uploads and of nothing else.

mod custom;
mod filter;
mod http;
mod intake;
mod lookup;
mod model;
mod ops;
mod paging;
mod queries;
mod rows;
mod tasks;
#[cfg(test)]
mod tests;
mod version;
mod wire;

pub use http::{ApiDoc, routes};
pub use version::versions;
