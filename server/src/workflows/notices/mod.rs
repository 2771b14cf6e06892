//! What people are told of workflows: a feed of their own, and mails about it.
//!
//! Invariants: what is told is written in the same unit of work as what it tells of; nobody is told what he has
//! done himself; what stands in the feed is seen only by whoever may know of the workflow when he looks; a mail
//! names no case, no citizen and no field, and of a workflow in a compartment nothing at all; a mail is sent at
//! most once, and one of which that is not known is shown as such.

mod http;
mod letter;
mod mailer;
mod model;
mod plan;
mod post;
mod rows;
#[cfg(test)]
mod tests;
mod wire;

pub(in crate::workflows) use http::{ApiDoc, routes};
pub use mailer::{Mailer, MailerError};
pub(in crate::workflows) use plan::from_events;
pub(super) use post::backlog;
pub use post::{Backlog, sweep};
pub(crate) use post::{Begun, begin, conclude, given_up_since};
pub(in crate::workflows) use rows::unread;
