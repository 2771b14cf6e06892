//! The file plan: how the town orders its files.
//!
//! An edition of the plan is in force from a day on; its units are a tree, each with a mark
//! (Kennzeichen), with the periods and the disposal of its files, and with the patterns of their
//! references. Plans come from CSV and xdomea 0301 and leave as both.
//!
//! Invariants: editions of one name do not overlap; a mark is unique in its plan; the tree has no
//! loop and at most [`DEPTH_MAX`] levels; a unit is never deleted, only retired. Whoever is signed
//! in may read the plan: it orders, it tells nothing of a citizen.

mod cells;
mod draft;
mod effect;
mod evidence;
mod follow;
mod http;
mod list;
mod message;
mod model;
mod ops;
mod rows;
mod sheet;
#[cfg(test)]
mod tests;
mod transfer;
mod wire;
mod xdomea;

pub use draft::{Draft, Entry, Finding, Findings};
pub use effect::{Change, Effect, Said, effect, import};
pub use evidence::{KINDS, roots_astray, states};
pub use follow::{Follow, Following, Moved};
pub use http::{ApiDoc, routes};
pub use model::{
    DEPTH_MAX, Disposal, Fields, IMPORT_BYTES_MAX, Misplaced, Plan, PlanError, PlanUnit, UNITS_MAX,
    YEARS_MAX,
};
pub use ops::{chain, plans, unit, unit_by_code, units_with};
pub use transfer::{Format, export, read};
