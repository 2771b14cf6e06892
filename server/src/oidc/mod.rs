//! Signing in with an account that the town has elsewhere: `OpenID Connect`, the code flow with PKCE.
//!
//! Invariants: who somebody is says a token that the provider's own key signed, for us, now, and as the answer
//! to what this browser began; it names an issuer and a subject, and nobody is found by a name alone unless the
//! settings say so; only roles that came from the provider are given and taken by what it says, and what it does
//! not say changes nothing; nowhere does a browser go that the settings or the provider did not name.

mod claims;
mod flow;
mod http;
mod jose;
mod model;
mod ops;
mod page;
mod provider;
mod rows;
#[cfg(test)]
mod tests;

pub use http::{ApiDoc, SignOn, routes};
