//! The harness: Papierlos from outside.
//!
//! It starts the real binary on a free port with a folder and a database of its own, and talks to it as a
//! stranger would. It uses no type of the server, so that the tests survive a rewrite of
//! its inside; only `plan` does, which puts in what has no door here.

pub mod app;
pub mod authority;
pub mod clamd;
pub mod client;
pub mod contract;
pub mod database;
pub mod faketime;
pub mod figures;
pub mod fixtures;
pub mod ical;
pub mod libreoffice;
mod mould;
pub mod plan;
pub mod provider;
pub mod python;
pub mod receiver;
pub mod s3;
pub mod schema;
pub mod sealing;
pub mod sink;
pub mod tablet;
pub mod tesseract;
pub mod town;
pub mod verapdf;
pub mod wait;

pub use app::{Start, TestApp};
pub use authority::Authority;
pub use client::{Answer, Client};
pub use database::{Engine, TestDatabase};
pub use receiver::Receiver;
pub use sealing::SealingService;
pub use town::Town;
pub use wait::{wait_until, wait_until_within};
