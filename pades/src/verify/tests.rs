//! Signed files of `tests/data`, and what is to be said of them.
