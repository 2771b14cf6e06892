//! Document types and the fields that they carry.
//!
//! Invariants: a type is known by the word that documents bear as their type, and a word that is no type stays a
//! word; codes and kinds never change; a type, a field or an entry of a choice is retired and never removed, so
//! that what documents say can be read for ever; a value fits its field when it is given, and is kept as it is
//! when the field changes; amounts are exact.

mod amount;
mod catalog;
mod evidence;
mod http;
mod model;
mod ops;
mod rows;
mod rules;
#[cfg(test)]
mod tests;
mod transfer;
mod value;
mod wire;

pub use amount::Amount;
pub(crate) use catalog::day;
pub use catalog::{Asked, Catalog, Change, Refused};
pub use evidence::{KINDS, roots_astray, states};
pub use http::{ApiDoc, routes};
pub(crate) use http::{fault, parameter};
pub use model::{DocumentType, Field, Refusal, Rules, Target, TypesError};
pub use ops::{catalog, choices, is_retired, readable};
pub use transfer::{BringError, Brought, SHEET_BYTES_MAX, Sheet, bring};
pub use value::{FIELDS_GIVEN_MAX, Value, Values, read_value};
