//! The edge: everything between the socket and an operation.
//!
//! Only this folder knows status codes and header names. It holds no domain word; features bring
//! their own routes and turn their errors into a [`problem::Problem`].

pub mod content;
pub mod edge;
pub mod extract;
pub mod gather;
pub mod health;
pub mod language;
pub mod limits;
pub mod metrics;
pub mod multipart;
pub mod name;
pub mod openapi;
pub mod page;
pub mod parameters;
pub mod problem;
pub mod progress;
pub mod reference;
pub mod yaml;

pub use language::{Language, Text, text};
pub use problem::{Fault, Form, Kind, Problem};

#[cfg(test)]
mod tests;
