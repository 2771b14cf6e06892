//! Forms: templates that come with the program or that the town has written, and documents made of them.
//!
//! Invariants: a template of which a document was made never changes; what is said in a form is checked whole
//! before anything is made; a form is made of nothing that its maker may not see.

mod catalog;
mod http;
mod making;
mod model;
mod ops;
mod rows;
#[cfg(test)]
mod tests;
mod wire;

pub use catalog::{Form, Forms, read};
pub use http::{ApiDoc, routes};
pub use making::{ForCase, file_for_case, make_for_case, why_not};
pub use model::FormsError;
pub(crate) use model::{given, letterhead, sentence};
pub use ops::check;
