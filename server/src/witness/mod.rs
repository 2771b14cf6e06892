//! A witness: remembers the newest head of each log that it knows, and cosigns only what continues it
//! (C2SP tlog-witness, tlog-cosignature).
//!
//! It runs for itself, best on a machine of somebody else than who runs the archive; it needs a
//! folder, no archive and no database, and sees of a log its name, its size and its root. Invariants:
//! nothing is answered before it is durable; of two processes one has the folder; what is not the
//! continuation of what was cosigned is never cosigned, whatever happened in between.

mod folder;
mod http;

pub use folder::{Folder, FolderError, Refusal};
pub use http::{Service, routes};

#[cfg(test)]
mod tests;
