//! Tablets at the counter: paired once, worked with by one clerk at a time.
//!
//! Invariants: the key of a tablet is made on it and never leaves it; nothing that a tablet says counts
//! without its cookie, and nothing that it sends in without a signature by its key; one that was revoked is
//! known no more from the next request on; a tablet has no account and no right of its own; none is paired without
//! somebody who says so, but for the one that the demo invites.

mod device;
mod evidence;
mod http;
mod invitation;
mod key;
mod model;
mod ops;
mod rows;
#[cfg(test)]
mod tests;
mod wire;

pub(crate) use device::{Device, Signed};
pub use evidence::{KINDS, states};
pub use http::{ApiDoc, routes};
pub use invitation::Invitation;
pub use model::{Lease, REASON_CHARS_MAX, Tablet, TabletError};
pub use ops::{Taking, Took, give_back, heartbeat, lease, may_use, revoke, seen, visible, with_id};
pub(crate) use wire::{TabletRevocation, TabletView};
