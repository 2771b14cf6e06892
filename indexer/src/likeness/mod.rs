//! Whether two documents say the same: a scan and the letter it was made of, a letter that came twice.
//!
//! A [`Sketch`] is what is remembered of a text, small enough for a row: two texts that say nearly the same
//! share some of its keys. That finds those that are worth a closer look, no more. What decides is
//! [`Text::same`], which lays both texts side by side: what a machine misreads is forgiven, another word
//! or another number is not.

mod apart;
mod hunks;
mod numbers;
mod pages;
mod sketch;
#[cfg(test)]
mod tests;
mod text;

pub use sketch::{LIKENESS_MIN, SKETCH_KEYS, Sketch};
pub use text::{Text, WORDS_MIN};
