//! Viruses: content is shown to clamd while it comes in.
//!
//! Invariants: content goes there as it comes and is never held for it; without an answer there is no
//! verdict, and without a verdict nothing is clean; an answer is short, whatever sends it.

mod clamd;
#[cfg(test)]
mod tests;

pub use clamd::{Scan, ScanError, Scanner, Verdict};
