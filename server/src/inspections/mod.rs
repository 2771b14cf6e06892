//! Inspections (Einsicht): something is opened to an account by itself, for reading and for a time.
//!
//! Invariants: nobody approves his own request or what is for himself; what stands in a compartment takes two
//! approvals by people who enter it; an inspection reads and changes nothing; it ends by itself. An emergency
//! (Notzugriff) is an inspection of an administrator that another one approves, and the only way in which
//! administration sees content.

mod emergencies;
mod evidence;
mod http;
mod looks;
mod model;
mod ops;
mod rows;
#[cfg(test)]
mod tests;
mod wire;
mod working;

pub use crate::base::sight::Reason;
pub use emergencies::tell_expired;
pub use evidence::{KINDS, roots_astray, states};
pub use http::{ApiDoc, routes};
#[cfg(test)]
pub(crate) use model::{Inspection, Step, Target};
pub use model::{InspectionError, New};
pub use ops::{approve, ask};
#[cfg(test)]
pub(crate) use rows::insert;
pub use rows::{emergencies_among, emergencies_now, emergency_with_id, is_asked_for};
pub use working::{close_by_rule, open_by_rule, open_document_by_rule};
