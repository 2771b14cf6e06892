//! Viruses: content is shown to clamd while it comes in.
//!
//! Invariants: content goes there as it comes and is never held for it; without an answer there is no
//! verdict, and without a verdict nothing is clean; an answer is short, whatever sends it.

mod clamd;
#[cfg(test)]
mod tests;

pub use clamd::{Scan, ScanError, Scanner, Verdict};

/// What an answer of clamd means, as far as that can be told without one. For the fuzzer.
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) fn told(answer: &str) -> Option<Verdict> {
    clamd::verdict(answer).ok()
}
