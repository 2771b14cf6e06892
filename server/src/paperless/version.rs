//! Which form of the interface a client speaks: `Accept: application/json; version=N`.

use actix_web::HttpMessage;
use actix_web::body::MessageBody;
use actix_web::dev::{Payload, ServiceRequest, ServiceResponse};
use actix_web::http::header::{self, HeaderMap, HeaderValue};
use actix_web::middleware::Next;
use actix_web::{FromRequest, HttpRequest};
use std::future::{Ready, ready};

use crate::base::Actor;
use crate::http::edge::{FOREIGN_API_VERSION, FOREIGN_VERSION};
use crate::http::{Form, Kind, Problem, text};

/// The release of paperless-ngx whose interface this is; clients decide by it what they may ask.
const RELEASE: &str = "3.0.5";

/// The oldest form that is understood. Those before the ninth are answered as the ninth, but for
/// `created`, which was an instant then.
const OLDEST: u32 = 2;

/// The newest form.
const NEWEST: u32 = 10;

/// The form that a request asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Version(u32);

impl Version {
    /// Whether lists of uploads come in pages and states in small letters.
    pub(super) const fn is_tenth(self) -> bool {
        self.0 >= NEWEST
    }

    /// Whether `created` is a civil date.
    pub(super) const fn has_civil_dates(self) -> bool {
        self.0 >= 9
    }

    /// What the request says; the newest where it says nothing. `None`: a form that is not spoken.
    pub(super) fn wanted(headers: &HeaderMap) -> Option<Self> {
        let accepted = headers.get_all(header::ACCEPT);
        let mut named = accepted
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split([',', ';']))
            .filter_map(|part| part.trim().strip_prefix("version="));
        match named.next() {
            None => Some(Self(NEWEST)),
            Some(number) => {
                let number = number.trim_matches('"').parse().ok()?;
                (OLDEST..=NEWEST).contains(&number).then_some(Self(number))
            }
        }
    }
}

impl FromRequest for Version {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let refused = || Problem::new(Kind::NotAcceptable);
        ready(Self::wanted(request.headers()).ok_or_else(refused))
    }
}

/// Refuses forms that are not spoken, and tells whoever is known which ones are: clients look for
/// both headers on refusals too.
///
/// # Errors
/// 406, before anything else is looked at.
pub async fn versions<B: MessageBody + 'static>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<B>, actix_web::Error> {
    if Form::of(request.path()) == Form::Problem {
        return next.call(request).await;
    }
    if Version::wanted(request.headers()).is_none() {
        let detail = text(
            "Diese Version der Schnittstelle wird nicht unterstützt; version=2 bis version=10.",
            "This version of the interface is not spoken; version=2 to version=10.",
        );
        return Err(Problem::new(Kind::NotAcceptable).detail(detail).into());
    }
    let mut response = next.call(request).await?;
    if response.request().extensions().get::<Actor>().is_some() {
        let headers = response.headers_mut();
        headers.insert(FOREIGN_VERSION, HeaderValue::from_static(RELEASE));
        headers.insert(FOREIGN_API_VERSION, HeaderValue::from(NEWEST));
    }
    Ok(response)
}
