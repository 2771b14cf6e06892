//! What follows the audit log or stands beside it: the publisher that signs its head, and the second
//! log, of those who looked.

mod access_log;
mod lock;
pub mod looked_at;
pub mod looks;
mod policy;
pub mod publisher;
