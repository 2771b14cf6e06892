//! Cases (Vorgänge) and sub-cases (Teilvorgänge): what stands in a file and holds documents.
//!
//! Invariants: a case stands in one file; its compartment is that of the file; it is opened only in
//! an open file; a closed case takes nothing.

mod evidence;
mod http;
mod list;
mod model;
mod ops;
mod rows;
mod wire;

pub use evidence::{KINDS, roots_astray, states};
pub(crate) use http::answer;
pub use http::{ApiDoc, routes};
pub(crate) use list::{open_among, visible_among, visible_with_id};
pub use model::{Case, CaseError, Life, NewCase};
pub use ops::{
    Filed, Following, carried, carried_along, closed, filed, find, followed, in_file, lock, locked,
    moved, open, open_by_rule, open_in_file, parts, read, reopened, to_change, to_work_in,
};
pub(crate) use wire::{CaseName, CaseView, FileName};
