//! Holds (Löschsperren): what bears one is not destroyed, whatever its retention says.
//!
//! Invariants: a hold has a reason; it is lifted, never removed; an object may bear several; it is placed before
//! something is destroyed or after it, and not while nobody looks.
//! The right to place and lift is asked for by `retention`, which knows all objects.

mod evidence;
mod model;
mod rows;

pub use evidence::{KINDS, roots_astray, states};
pub use model::{Hold, Lifted, Object};
pub use rows::{
    find, held_inside_cases, held_inside_documents, held_inside_files, held_with_what_is_around,
    in_turn, insert, lift, on_objects,
};
