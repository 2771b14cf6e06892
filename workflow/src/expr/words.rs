//! The words of expressions.

/// Those that stand alone.
const ALONE: [&str; 10] = [
    "and",
    "or",
    "not",
    "in",
    "true",
    "false",
    "null",
    "today",
    "initiator",
    "actor",
];

/// Those that are followed by brackets.
pub(super) const CALLS: [&str; 13] = [
    "known",
    "count",
    "lookup",
    "done",
    "outcome",
    "taker",
    "registered",
    "frozen",
    "destroyed",
    "holds",
    "working_days",
    "add_months",
    "if",
];

/// Whether a word belongs to the language: no field is called so.
#[must_use]
pub fn is_word(word: &str) -> bool {
    ALONE.contains(&word) || CALLS.contains(&word)
}
