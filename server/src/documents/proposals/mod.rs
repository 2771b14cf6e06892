//! Proposals (Anträge): how what is withheld, or lies in quarantine, comes to its end. One person proposes to
//! destroy it or to release it, another one approves. What a workflow removes from a file is withheld and proposed
//! by that.
//!
//! Invariants: nobody approves what he proposed, nobody decides in his own matter, and nobody proposes or approves
//! in another's stead; a proposal
//! names every version that it is about, and what has changed since is proposed anew; what bears a hold, or
//! stands in what does, is not destroyed; a key is destroyed in the unit of work that says so, its bytes go
//! after that, and a job goes on where it was interrupted; what was released stays released, for that content.

mod carrying;
pub(super) mod http;
pub(super) mod model;
mod naming;
mod ops;
mod own;
mod removing;
pub(super) mod wire;

pub use carrying::{
    Next, bytes_to_remove, destroy_content, destroy_made, finish_destroying, next_step,
};
pub use model::{About, Act, ProposalError};
pub use ops::propose;
pub use own::{Asking, OwnMatter};
pub use removing::remove_by_rule;
