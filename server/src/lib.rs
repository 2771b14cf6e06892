//! Papierlos: the paperless archive of a town hall.
//!
//! The rooms, in their order: a room uses only rooms to its left. `ARCHITECTURE.md` has the map.

pub mod app;
pub mod archive;
pub mod audit;
pub mod base;
pub mod cases;
pub mod cli;
pub mod codes;
pub mod config;
pub mod correspondents;
pub mod demo;
pub mod departments;
pub mod documents;
pub mod excerpts;
pub mod feed;
pub mod file_plan;
pub mod files;
pub mod forms;
#[cfg(any(test, feature = "fuzzing"))]
#[doc(hidden)]
pub mod fuzzing;
pub mod holds;
pub mod http;
pub mod import;
pub mod inspections;
pub mod invariants;
pub mod jobs;
pub mod ledger;
pub mod notes;
pub mod oidc;
pub mod pages;
pub mod paperless;
pub mod proof;
pub mod refiling;
pub mod relations;
pub mod replay;
pub mod retention;
pub mod search;
pub mod signatures;
pub mod signing;
pub mod suggestions;
pub mod tablets;
pub mod types;
pub mod unit;
pub mod virus;
pub mod webhooks;
pub mod witness;
pub mod workflows;
