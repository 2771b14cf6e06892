//! What follows the audit log or stands beside it: the second log, of those who looked, the publisher that signs the
//! heads of both, the keys with which it does, the witnesses that are asked to cosign, and the timestamps over what was
//! signed.

mod access_log;
mod key_files;
pub mod keys;
mod lock;
pub mod looked_at;
pub mod looks;
pub mod objects;
mod policy;
pub mod publisher;
pub mod report;
pub mod rotation;
pub mod timestamps;
mod which;
pub mod witnesses;

pub use which::Which;
