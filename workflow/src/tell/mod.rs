//! A definition in plain German, for the description of procedures that a house must keep; and the routing
//! slip of an instance, as it is printed.

/// Puts what is formatted behind a text.
macro_rules! put {
    ($out:expr, $($said:tt)*) => {
        $out.push_str(&format!($($said)*))
    };
}
/// The same with the end of a line.
macro_rules! put_line {
    ($out:expr, $($said:tt)*) => {{
        $out.push_str(&format!($($said)*));
        $out.push('\n');
    }};
}

mod describe;
mod say;
mod slip;
#[cfg(test)]
mod tests;
mod words;

pub use describe::text;
pub use say::{condition, value};
pub use slip::{SlipLine, slip, slip_of};
pub use words::{assigned, assignee, beside_said, due, field_kind, kind, mark, role, status};

pub(crate) use {put, put_line};

use crate::instance::Id;

/// What an instance and a definition only know by a short name. What it does not say is told by the short name.
pub trait Names {
    /// What a person is called.
    fn account(&self, id: &Id) -> Option<String>;
    /// What a function is called.
    fn function(&self, code: &str) -> Option<String>;
    /// What a department is called.
    fn department(&self, slug: &str) -> Option<String>;
    /// The title of a document.
    fn document(&self, id: &Id) -> Option<String>;
}

/// Nothing has a name but its short one.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoNames;

impl Names for NoNames {
    fn account(&self, _id: &Id) -> Option<String> {
        None
    }

    fn function(&self, _code: &str) -> Option<String> {
        None
    }

    fn department(&self, _slug: &str) -> Option<String> {
        None
    }

    fn document(&self, _id: &Id) -> Option<String> {
        None
    }
}

/// Several things as a sentence has them: `a, b und c`.
fn joined(all: &[String], last: &str) -> String {
    match all {
        [] => String::new(),
        [one] => one.clone(),
        [first @ .., one] => format!("{} {last} {one}", first.join(", ")),
    }
}
