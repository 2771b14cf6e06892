//! Work to come: claimed, done, repeated with patience, never lost.
//!
//! A job is a row that was written in the same transaction as the change that asked for it. It may
//! run twice; what it does is idempotent. A job that keeps failing stays visible with its error.
//! Messages are taken in turns, so that a receiver that fails does not take the places of the others.

mod again;
mod batches;
mod beside;
mod copies;
mod decided;
mod deliveries;
mod mails;
mod offices;
mod parts;
mod pictures;
mod protocols;
mod reading;
mod rows;
mod runner;
mod scans;
mod sketching;
#[cfg(test)]
mod tests;
mod turns;

pub use again::{Step, read_again};
pub use copies::Copies;
pub use offices::{OfficeStanding, Offices};
pub use rows::{Backlog, Failed, backlog, failed};
pub use runner::Runner;
pub use scans::{Scans, Standing};
pub use sketching::sketch_older;
