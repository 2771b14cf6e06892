//! Relations (Verweise): what one document is to another.
//!
//! Invariants: a relation has a direction, and a name from either side; of a kind there is one
//! between two documents, whichever way it goes; it is seen by whoever sees both; it is withdrawn
//! with a reason, never removed.

mod evidence;
mod http;
mod model;
mod ops;
mod rows;
#[cfg(test)]
mod tests;
mod wire;

pub use evidence::{KINDS, roots_astray, states};
pub use http::{ApiDoc, routes};
pub use model::{Relation, RelationError, RelationKind};
pub use ops::relate;
