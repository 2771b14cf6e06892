//! Signing in: attempts that fail, and what stops them.

pub(crate) mod attempts;
mod lockout;
