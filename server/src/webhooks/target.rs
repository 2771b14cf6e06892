//! Where a message may go: addresses, ports and protocols that are allowed.

use std::net::IpAddr;

use reqwest::Url;

use crate::base::outbound::is_public;
use crate::config;

/// Most characters of an address.
pub(super) const URL_CHARS_MAX: usize = 2_000;

/// What the configuration allows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rules {
    allow_http: bool,
    allow_private: Vec<config::Network>,
    ports: Vec<config::Ports>,
}

/// What is wrong with an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TargetFault {
    /// It is none, or longer than allowed.
    NoUrl,
    /// It is neither `https` nor, where that is allowed, `http`.
    Scheme,
    /// It holds a name or a password.
    Credentials,
    /// Nobody may listen at this port.
    Port,
    /// It lies in a network that is not public.
    Private,
}

/// An address that may be tried. Whether its name leads to an allowed address is seen only when the
/// connection is made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Target(Url);

impl Target {
    /// The address, in its usual writing.
    pub(super) fn url(&self) -> &Url {
        &self.0
    }
}

impl Rules {
    /// As the configuration says.
    #[must_use]
    pub fn of(webhooks: &config::Webhooks) -> Self {
        Self {
            allow_http: webhooks.allow_http,
            allow_private: webhooks.allow_private.clone(),
            ports: webhooks.ports.clone(),
        }
    }

    /// Reads an address and looks at all of it but the name.
    pub(super) fn target(&self, text: &str) -> Result<Target, TargetFault> {
        if text.chars().count() > URL_CHARS_MAX {
            return Err(TargetFault::NoUrl);
        }
        let url = Url::parse(text).map_err(|_source| TargetFault::NoUrl)?;
        match url.scheme() {
            "https" => {}
            "http" if self.allow_http => {}
            _ => return Err(TargetFault::Scheme),
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(TargetFault::Credentials);
        }
        let port = url.port_or_known_default().ok_or(TargetFault::Port)?;
        if !self.ports.iter().any(|ports| ports.contains(port)) {
            return Err(TargetFault::Port);
        }
        let host = url.host_str().ok_or(TargetFault::NoUrl)?;
        // A name is looked up by our resolver; an address never comes there.
        let literal = host.trim_start_matches('[').trim_end_matches(']');
        match literal.parse::<IpAddr>() {
            Ok(address) if !self.allows(address) => Err(TargetFault::Private),
            Ok(_) | Err(_) => Ok(Target(url)),
        }
    }

    /// Whether a connection to `address` may be made.
    pub(super) fn allows(&self, address: IpAddr) -> bool {
        is_public(address) || self.allow_private.iter().any(|one| one.contains(address))
    }
}
