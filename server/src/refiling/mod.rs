//! Refiling (Umprotokollierung): what is filed gets another place and another reference.
//!
//! Invariants: the old reference stays as an alias and is never given again; what stands inside keeps
//! its references and follows into the compartment of the new place in the same unit of work; undoing
//! is refiling back.

mod enclosing;
mod follow;
mod http;
mod ops;

pub use enclosing::{Inside, enclose_by_rule};
pub use follow::FOLLOW;
pub use http::{ApiDoc, routes};
pub use ops::RefilingError;
