//! Webhooks: changes are told to subscribers by HTTP, signed by the Standard Webhooks scheme.
//!
//! Invariants: a subscriber is told only of what its owner may see, asked when the
//! change is followed and again before each attempt; a message names a thing by its id and says
//! nothing of it, but for what a workflow hands over to the application that the settings name; no
//! connection goes to an address that was not checked; what was to be told is sent at least once or
//! shown as not sent.

mod evidence;
mod follower;
mod handing;
mod http;
mod log;
mod model;
mod ops;
mod postman;
mod rows;
mod sign;
mod target;
#[cfg(test)]
mod tests;
mod wire;

pub use evidence::{KINDS, states};
pub use follower::Follower;
pub use handing::HANDS_OVER;
pub use http::{ApiDoc, routes};
pub use model::WebhookError;
pub use ops::sweep;
pub use postman::Postman;
pub(crate) use postman::{conclude, switch_off};
pub use target::Rules;
