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

/// Whether a token is signed by one of these keys, in JSON. For the fuzzer.
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) fn is_signed(token: &str, keys: &str) -> bool {
    let keys: jose::Jwks = serde_json::from_str(keys).unwrap_or_default();
    jose::Signed::parse(token).is_ok_and(|signed| {
        assert!(signed.typ().is_none_or(|typ| typ.len() <= token.len()));
        signed.verified(&keys).is_ok()
    })
}
