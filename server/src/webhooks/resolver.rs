//! Names become addresses here, and only those that are allowed are given on: the connection goes
//! to the address that was looked at, so that a name that changes meanwhile gains nothing.

use std::sync::Arc;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use thiserror::Error;

use super::target::Rules;

/// Why a name leads nowhere.
#[derive(Debug, Error)]
pub(super) enum ResolveError {
    /// Nobody knows it.
    #[error("the name is not known")]
    Unknown(#[source] std::io::Error),
    /// All its addresses lie in networks that are not allowed.
    #[error("the name leads to no address that is allowed")]
    Refused,
}

/// Looks names up under the rules.
#[derive(Debug, Clone)]
pub(super) struct Resolver(pub(super) Arc<Rules>);

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        let rules = Arc::clone(&self.0);
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await;
            let found = found.map_err(ResolveError::Unknown)?;
            let allowed: Vec<_> = found.filter(|one| rules.allows(one.ip())).collect();
            if allowed.is_empty() {
                return Err(ResolveError::Refused.into());
            }
            Ok(Box::new(allowed.into_iter()) as Addrs)
        })
    }
}
