//! Files (Akten) and sub-files (Teilakten): what the file plan classifies and cases stand in.
//!
//! Invariants: a reference is made once by a pattern, is unique in the whole archive, never changes
//! and is never read back; a file that got another one keeps the old as an alias; the compartment of
//! a file is that of its plan unit; a closed file takes nothing.

mod evidence;
mod http;
mod list;
mod model;
mod ops;
mod references;
mod rows;
mod term;
#[cfg(test)]
mod tests;
mod view;
mod wire;

pub use evidence::{KINDS, counters_behind, references_doubled, roots_astray, states};
pub use http::{ApiDoc, routes};
pub(crate) use http::{answer, departments_named, label_of};
pub(crate) use list::{tagged, visible_among, visible_with_id, within};
pub(crate) use model::words_within;
pub use model::{
    CaseFile, Closed, Confidentiality, FileError, Life, Medium, NOTE_CHARS_MAX, NewFile,
    REASON_CHARS_MAX, SUBJECT_CHARS_MAX, fold,
};
pub(crate) use ops::department_for;
pub use ops::{
    Patterns, closed, enclosed, find, find_many, followed, has_subject, in_plan_unit, locked,
    moved, open, open_by_rule, parts, patterns, read, reopened, to_change, to_work_in,
    with_subject,
};
pub use references::{Named, What, aliases, assign, formerly, keep_alias, resolve};
pub use view::{HoldView, RetentionView, Standing};
pub(crate) use wire::{FileView, LifeState, TAG_CHARS_MAX, TAGS_MAX};
