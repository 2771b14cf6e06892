//! The file plan (Aktenplan): editions, and their units as a tree.

mod evidence;
mod model;
mod rows;

pub use evidence::{KINDS, states};
pub use model::{Disposal, Plan, PlanUnit};
pub use rows::{chain, insert_plan, insert_unit, unit, unit_by_code};
