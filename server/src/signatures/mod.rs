//! Signatures: what those in a PDF are worth, ours and foreign.
//!
//! Invariants: a PDF is judged by a worker process and never here; whoever may not read content learns nothing of
//! its signatures; what is not understood speaks against a signature; nothing is fetched to judge one.

mod check;
mod http;
mod trust;
mod wire;

pub use check::{CheckError, Checked, Checker, WORKER_COMMAND, work};
pub use http::{ApiDoc, routes};
pub use trust::{FileFault, TrustError, Trusted, trust_of};
pub use wire::FileSignatures;
