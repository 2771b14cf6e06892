//! Inboxes: which open steps are asked of somebody, by name, by a function that he holds, or by a role in a department.
//!
//! Invariants: the right is part of each query, so that lists, counts and streams agree and nothing is told of what
//! one may not know; an inbox is read by index ranges of those who are asked, however much is open in the house.

mod bell;
mod bulk;
mod counting;
mod events;
mod http;
mod model;
mod rows;
mod sight;
#[cfg(test)]
mod tests;
mod wire;

pub use bell::Bell;
pub use counting::Figures;
pub(in crate::workflows) use counting::figures;
pub(in crate::workflows) use http::{ApiDoc, routes};
pub(in crate::workflows) use sight::{known_to, open_to};
