//! Calendars of deadlines, appointments and resubmissions, to be subscribed to by a program that signs in nowhere.
//!
//! Invariants: the secret of an address is told once and kept as its SHA-256 only; nothing of a compartment and no
//! field of a workflow stands in a calendar; whoever is switched off has none.

mod http;
mod ics;
mod model;
mod ops;
mod rows;
#[cfg(test)]
mod tests;

pub(in crate::workflows) use http::{ApiDoc, routes};
