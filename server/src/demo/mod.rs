//! The demo town: Hollerfurt an der Aue, which exists nowhere else. People, file plan, documents, and the pages they are printed on.

pub mod content;
pub mod fill;
mod layout;
mod metrics;
pub mod pdf;
mod registry;
mod seal;

pub use seal::seal;

#[cfg(test)]
mod tests;
