//! Signatures from outside: what is made by this crate, and what others say of it.

mod data;
mod judges;
mod levels;
mod modules;
mod notary;
mod refusals;
mod samples;
mod several;
