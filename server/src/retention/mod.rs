//! Closing (zu den Akten), opening again, and holds; the clock of retention itself stands with files.
//!
//! Invariants: nothing closes over an open case, a workflow or an unregistered document; closing a file starts
//! its term, opening it again voids it; no term ends before its file was closed; a hold stops
//! everything; nothing is destroyed here.

mod http;
mod ops;

pub use http::{ApiDoc, routes};
pub use ops::{
    GoesOn, Going, RetentionError, close_case, close_case_by_rule, close_file, close_file_by_rule,
};
