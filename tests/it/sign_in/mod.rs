//! Signing in: attempts that fail and what stops them; sessions.

pub(crate) mod attempts;
mod lockout;
mod oidc;
mod peer;
mod sessions;
