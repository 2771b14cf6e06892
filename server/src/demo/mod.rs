//! The demo town: Hollerfurt an der Aue, which exists nowhere else. People, file plan, documents, and the pages they are printed on.

pub mod content;
mod counter;
pub mod fill;
mod flows;
mod layout;
mod metrics;
pub mod pdf;
mod registry;
pub mod script;
mod seal;

pub use counter::{CASE as COUNTER_CASE, CLERK as COUNTER_CLERK, TABLET as COUNTER_TABLET};
pub use seal::seal;

#[cfg(test)]
mod tests;
