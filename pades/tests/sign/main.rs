//! Signatures from outside: what is made by this crate, and what others say of it.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "all of this is a test, though not all of it wears the attribute"
)]

mod data;
mod judges;
mod levels;
mod modules;
mod notary;
mod refusals;
mod samples;
mod several;
