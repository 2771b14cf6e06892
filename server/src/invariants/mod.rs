//! Invariants: rules that must hold of everything that is kept, computed again from rows and log.
//!
//! Invariants of this room: nothing is asked of the code that enforces a rule; what is looked at is one state of the
//! database from beginning to end; what was not looked at is never called kept; nothing is written.

mod compartments;
mod contents;
mod flows;
mod http;
mod journal;
mod log;
mod model;
mod outside;
mod pairs;
mod people;
mod records;
mod rows;
mod rules;
mod run;
#[cfg(test)]
mod tests;
mod wire;

pub use http::{ApiDoc, routes};
pub use model::{Finding, Offender, Report, Verdict, Words};
pub use rules::{RULES, Rule, Wanted};
pub use run::{Against, Depth, InvariantError, run};
