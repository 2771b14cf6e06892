//! How the identity of whoever signs was checked: a step of the clerk's own, recorded beside the document.
//!
//! Invariants: a check says by what and with what result, and neither a number nor a copy of what was shown; it is
//! never changed, a wrong one is followed by another; a document is signed beside a check of its own that says yes.

pub(super) mod http;
mod model;
mod ops;
mod rows;
#[cfg(test)]
mod tests;
mod wire;

pub(super) use model::Check;
pub(super) use ops::{check_of, evidence, require};
pub(super) use rows::identity_check;

/// By what an identity is checked and with what result, as the contract has it.
#[cfg(test)]
pub(crate) fn codes() -> Vec<&'static str> {
    let methods = model::Method::ALL.iter().map(|one| one.code());
    let outcomes = model::Outcome::ALL.iter().map(|one| one.code());
    methods.chain(outcomes).collect()
}
