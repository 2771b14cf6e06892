//! What follows the audit log or stands beside it: the publisher that signs its head, and the second
//! log, of those who looked.

mod lock;
pub mod looks;
pub mod publisher;
