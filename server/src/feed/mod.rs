//! The log from outside: the change feed for integrators, the records and proofs for auditors.

mod http;
mod rows;
mod timestamps;

pub use http::{ApiDoc, routes};

#[cfg(test)]
mod tests;
