//! Who asks, under which id, in which trace.

use std::convert::Infallible;
use std::fmt;
use std::future::{Ready, ready};
use std::net::IpAddr;

use actix_web::dev::Payload;
use actix_web::http::Method;
use actix_web::http::header::{self, HeaderMap};
use actix_web::{FromRequest, HttpMessage, HttpRequest};
use uuid::{NoContext, Timestamp, Uuid};

use super::super::edge::REQUEST_ID;

/// The id of a request: the caller's own where it sent a UUID, else a new `UUIDv7`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct RequestId(pub Uuid);

impl RequestId {
    /// What `X-Request-Id` says, where that is one UUID in its usual form; else a new one.
    pub fn incoming(headers: &HeaderMap) -> Self {
        let sent = headers
            .get(REQUEST_ID)
            .and_then(|value| value.to_str().ok())
            .filter(|value| value.len() == uuid::fmt::Hyphenated::LENGTH)
            .and_then(|value| Uuid::try_parse(value).ok())
            .filter(|id| !id.is_nil());
        Self(sent.unwrap_or_else(|| Uuid::new_v7(Timestamp::now(NoContext))))
    }

    /// That of a request which came by the edge, as records have it.
    pub fn known(request: &HttpRequest) -> Option<crate::base::RequestId> {
        let id = request.extensions().get::<Self>().copied();
        id.map(|id| crate::base::RequestId::of(id.0))
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromRequest for RequestId {
    type Error = Infallible;
    type Future = Ready<Result<Self, Infallible>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let known = request.extensions().get::<Self>().copied();
        ready(Ok(
            known.unwrap_or_else(|| Self::incoming(request.headers()))
        ))
    }
}

/// Of a request that came as HEAD and is answered as GET: nobody will see the body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HeadOnly;

impl HeadOnly {
    /// Whether nobody will see the body of the answer.
    pub fn asked(request: &HttpRequest) -> bool {
        request.method() == Method::HEAD || request.extensions().get::<Self>().is_some()
    }
}

/// W3C trace context: passed on into the log, never trusted for anything else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TraceParent {
    header: String,
}

impl TraceParent {
    /// What `traceparent` says, where it is well-formed and not all zero.
    pub fn incoming(headers: &HeaderMap) -> Option<Self> {
        let header = headers.get("traceparent")?.to_str().ok()?;
        let mut parts = header.split('-');
        let version = parts.next()?;
        let trace = parts.next()?;
        let parent = parts.next()?;
        let flags = parts.next()?;
        let is_hex = |part: &str, length: usize| {
            part.len() == length
                && part
                    .bytes()
                    .all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte))
        };
        let is_set = |part: &str| part.bytes().any(|byte| byte != b'0');
        let well_formed = is_hex(version, 2)
            && version != "ff"
            && is_hex(trace, 32)
            && is_set(trace)
            && is_hex(parent, 16)
            && is_set(parent)
            && is_hex(flags, 2)
            && (version != "00" || parts.next().is_none());
        well_formed.then(|| Self {
            header: header.to_owned(),
        })
    }

    /// The 32 hexadecimal digits that name the trace.
    pub fn trace_id(&self) -> &str {
        self.header.split('-').nth(1).unwrap_or_default()
    }

    /// The header as it came, to be sent on.
    pub fn header(&self) -> &str {
        &self.header
    }
}

/// The address that a request came from: the peer, or whom a trusted proxy names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ClientAddress(pub IpAddr);

impl ClientAddress {
    /// The last address in `X-Forwarded-For` that is not one of our own proxies, where the peer
    /// itself is one; else the peer. What a stranger writes there is ignored.
    pub fn of(request: &HttpRequest, trusted_proxies: &[IpAddr]) -> Self {
        let unknown = IpAddr::from([0, 0, 0, 0]);
        let peer = request
            .peer_addr()
            .map_or(unknown, |address| address.ip().to_canonical());
        if !trusted_proxies.contains(&peer) {
            return Self(peer);
        }
        let hops: Vec<&str> = request
            .headers()
            .get_all(header::X_FORWARDED_FOR)
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(','))
            .collect();
        let mut client = peer;
        for hop in hops.into_iter().rev() {
            let Ok(hop) = hop.trim().parse::<IpAddr>() else {
                break;
            };
            client = hop.to_canonical();
            if !trusted_proxies.contains(&client) {
                break;
            }
        }
        Self(client)
    }
}

impl FromRequest for ClientAddress {
    type Error = Infallible;
    type Future = Ready<Result<Self, Infallible>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let known = request.extensions().get::<Self>().copied();
        ready(Ok(known.unwrap_or_else(|| Self::of(request, &[]))))
    }
}
