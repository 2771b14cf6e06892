//! What follows the audit log or stands beside it: the publisher that signs its head, the witnesses
//! that are asked to cosign it, and the second log, of those who looked.

mod access_log;
mod lock;
pub mod looked_at;
pub mod looks;
pub mod objects;
mod policy;
pub mod publisher;
pub mod report;
pub mod timestamps;
pub mod witnesses;
