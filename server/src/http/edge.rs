//! The outermost layer: request id, limits, time, panics, headers, one log line.
//!
//! Whatever happens inside, what leaves is complete: an answer of a handler, or a
//! [`Problem`] in the reader's language with the request id in it.

use std::net::IpAddr;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use actix_web::body::{self, BodySize, BoxBody, MessageBody, SizedStream};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use actix_web::http::{Method, StatusCode};
use actix_web::middleware::Next;
use actix_web::web::{Bytes, Data};
use actix_web::{HttpMessage, HttpResponse, ResponseError};
use futures_util::{FutureExt, stream};
use tokio::time::Instant;
use tracing::Instrument;

use super::extract::{ClientAddress, HeadOnly, RequestId, TraceParent};
use super::language::{Language, text};
use super::limits::RateLimits;
use super::metrics::Metrics;
use super::problem::{Form, Kind, Problem};
use super::progress::{Overdue, Progress};

/// The request id on the wire, both ways.
pub const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The version of the foreign interface that is spoken here, as its clients look for it.
pub const FOREIGN_VERSION: HeaderName = HeaderName::from_static("x-version");

/// The newest form of the foreign interface that is spoken here.
pub const FOREIGN_API_VERSION: HeaderName = HeaderName::from_static("x-api-version");

/// What pages may load: only from here, no inline script, no frame.
pub const CSP_PAGES: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; font-src 'self'; connect-src 'self'; worker-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// What answers for programs may load: nothing.
pub const CSP_API: &str =
    "default-src 'none'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'";

/// What an uploaded document may do when a browser shows it: nothing at all.
pub const CSP_CONTENT: &str = "sandbox; default-src 'none'; frame-ancestors 'self'";

/// What the edge needs to know; one for the process, shared by all workers.
#[derive(Debug)]
pub struct Edge {
    /// How long a request may stand still: no piece of the body, no answer.
    pub idle: Duration,
    /// How long a request may take altogether, uploads included.
    pub total: Duration,
    /// Peers whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<IpAddr>,
    /// Whether the public address is `https`, so that browsers are told to stay there.
    pub https: bool,
    /// Who may ask how often.
    pub limits: Arc<RateLimits>,
    /// What is counted.
    pub metrics: Arc<Metrics>,
}

/// The middleware: `App::new().app_data(data).wrap(from_fn(edge))`, outermost.
///
/// # Errors
/// Only with an answer that is as complete as any other: a request that timed out or panicked
/// takes along what an ordinary answer needs.
pub async fn edge<B: MessageBody + 'static>(
    edge: Data<Edge>,
    mut request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<BoxBody>, actix_web::Error> {
    let about = About::of(&edge, &request);
    if about.method == Method::HEAD {
        ask_for_head(&mut request);
    }
    let span =
        tracing::info_span!("request", request.id = %about.id, trace.id = tracing::field::Empty);
    if let Some(trace) = TraceParent::incoming(request.headers()) {
        span.record("trace.id", trace.trace_id());
        request.extensions_mut().insert(trace);
    }
    let outcome = run(&edge, &about, request, next)
        .instrument(span.clone())
        .await;
    let _entered = span.enter();
    let (request, mut response) = match outcome {
        Outcome::Answered(response) => {
            let (request, response) = response.into_parts();
            (Some(request), finish(&about, response))
        }
        Outcome::Refused(error) => (None, render_error(&about, &error)),
        Outcome::Failed(problem) => (None, render(&about, &problem)),
    };
    dress(&edge, &about, response.headers_mut());
    note(&edge, &about, &response);
    match request {
        Some(request) if about.method == Method::HEAD => {
            Ok(ServiceResponse::new(request, without_body(response)))
        }
        Some(request) => Ok(ServiceResponse::new(request, response)),
        None => Err(Complete::of(response).into()),
    }
}

/// What the edge remembers of a request. Not the request itself: routing needs it unshared.
struct About {
    begun: Instant,
    id: RequestId,
    client: ClientAddress,
    progress: Progress,
    language: Language,
    form: Form,
    method: Method,
    /// The template of the route, never the path.
    route: Option<String>,
    is_page: bool,
    is_watched: bool,
}

impl About {
    fn of(edge: &Edge, request: &ServiceRequest) -> Self {
        let path = request.path();
        let is_watched = path.starts_with("/health/") || path == "/metrics";
        let it = Self {
            begun: Instant::now(),
            id: RequestId::incoming(request.headers()),
            client: ClientAddress::of(request.request(), &edge.trusted_proxies),
            progress: Progress::default(),
            language: Language::of(request.headers()),
            form: Form::of(path),
            method: request.method().clone(),
            route: request.match_pattern(),
            is_page: !is_watched && !path.starts_with("/api/"),
            is_watched,
        };
        let mut extensions = request.extensions_mut();
        extensions.insert(it.id);
        extensions.insert(it.client);
        extensions.insert(it.progress.clone());
        drop(extensions);
        it
    }
}

/// Whoever may be asked by GET may be asked by HEAD (RFC 9110 §9.1): operations see a GET, and those
/// for which the body is dear look for [`HeadOnly`].
fn ask_for_head(request: &mut ServiceRequest) {
    request.head_mut().method = Method::GET;
    request.extensions_mut().insert(HeadOnly);
}

/// The answer to GET with its length and nothing else: what would have been sent is never made.
fn without_body(response: HttpResponse) -> HttpResponse {
    response.map_body(|_, body| match body.size() {
        BodySize::Sized(bytes) => {
            let nothing = stream::empty::<Result<Bytes, std::io::Error>>();
            BoxBody::new(SizedStream::new(bytes, nothing))
        }
        // A stream has no length to tell.
        BodySize::None | BodySize::Stream => BoxBody::new(body::None::new()),
    })
}

/// What came of a request.
enum Outcome {
    Answered(ServiceResponse<BoxBody>),
    Refused(actix_web::Error),
    Failed(Problem),
}

/// Runs the inner service within its limits.
async fn run<B: MessageBody + 'static>(
    edge: &Edge,
    about: &About,
    request: ServiceRequest,
    next: Next<B>,
) -> Outcome {
    // Health checks and scrapes are not counted against anyone.
    if !about.is_watched
        && let Err(problem) = edge.limits.address(about.client.0)
    {
        return Outcome::Answered(request.error_response(problem));
    }
    let work = Box::pin(AssertUnwindSafe(next.call(request)).catch_unwind());
    match about.progress.watch(edge.idle, edge.total, work).await {
        Ok(Ok(Ok(response))) => Outcome::Answered(response.map_into_boxed_body()),
        Ok(Ok(Err(error))) => Outcome::Refused(error),
        Ok(Err(panic)) => {
            let message = panic
                .downcast_ref::<&str>()
                .map(|text| (*text).to_owned())
                .or_else(|| panic.downcast_ref::<String>().cloned())
                .unwrap_or_default();
            Outcome::Failed(Problem::internal(Panicked { message }))
        }
        Err(Overdue::Client) => Outcome::Failed(Problem::new(Kind::RequestTimeout)),
        Err(Overdue::Server) => Outcome::Failed(Problem::new(Kind::Timeout).retry_after_seconds(1)),
    }
}

/// A whole answer in the form of an error: the only form that needs no request to go with it.
#[derive(Debug)]
struct Complete {
    status: StatusCode,
    headers: HeaderMap,
    body: Bytes,
}

impl Complete {
    fn of(response: HttpResponse) -> Self {
        Self {
            status: response.status(),
            headers: response.headers().clone(),
            body: response.into_body().try_into_bytes().unwrap_or_default(),
        }
    }
}

impl std::fmt::Display for Complete {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "answered with {}", self.status)
    }
}

impl ResponseError for Complete {
    fn status_code(&self) -> StatusCode {
        self.status
    }

    fn error_response(&self) -> HttpResponse {
        let mut response = HttpResponse::build(self.status).body(self.body.clone());
        *response.headers_mut() = self.headers.clone();
        response
    }
}

/// A handler panicked: a broken promise of our own code.
#[derive(Debug, thiserror::Error)]
#[error("a handler panicked: {message}")]
struct Panicked {
    message: String,
}

/// The problem that an error is: our own, or the one that stands for what the framework says.
enum Wrong<'a> {
    Ours(&'a Problem),
    Foreign(Problem),
}

fn wrong_of(error: &actix_web::Error) -> Wrong<'_> {
    if let Some(problem) = error.as_error::<Problem>() {
        return Wrong::Ours(problem);
    }
    let status = error.as_response_error().status_code();
    let problem = Problem::new(Kind::of_status(status));
    // What the framework says of a client's mistake is English and not for people.
    match status.is_server_error() {
        true => Wrong::Foreign(problem.source(error.to_string())),
        false => Wrong::Foreign(problem),
    }
}

/// Renders a problem and, where it is ours to answer for, logs its cause: once, here.
fn render(about: &About, problem: &Problem) -> HttpResponse {
    let status = problem.kind().status();
    let (kind, cause) = (problem.kind().slug(), problem.chain());
    if status == StatusCode::INTERNAL_SERVER_ERROR {
        tracing::error!(problem = kind, error = cause, "request failed");
    } else if status.is_server_error() {
        tracing::warn!(problem = kind, error = cause, "request refused");
    } else if !cause.is_empty() {
        // The caller's, as it seems: a mistake of our own would show only here.
        tracing::warn!(problem = kind, error = cause, "request refused");
    }
    problem.respond_in(about.form, about.language, Some(about.id.0))
}

fn render_error(about: &About, error: &actix_web::Error) -> HttpResponse {
    match wrong_of(error) {
        Wrong::Ours(problem) => render(about, problem),
        Wrong::Foreign(problem) => render(about, &problem),
    }
}

/// Turns a handler's error, or a bare status of the framework, into a complete answer.
fn finish(about: &About, response: HttpResponse) -> HttpResponse {
    let status = response.status();
    if !status.is_client_error() && !status.is_server_error() {
        return response;
    }
    let is_bare = matches!(response.body().size(), BodySize::None | BodySize::Sized(0));
    let new = match response.error() {
        Some(error) => render_error(about, error),
        None if is_bare => render(about, &bare(about, status, response.headers())),
        None => return response,
    };
    keep_headers(&response, new)
}

/// The problem that a bare status of the framework stands for, with what there is instead.
fn bare(about: &About, status: StatusCode, headers: &HeaderMap) -> Problem {
    let problem = Problem::new(Kind::of_status(status));
    if about.form == Form::Detail {
        // Whoever speaks the other interface knows its own sentences.
        return problem;
    }
    if status == StatusCode::NOT_FOUND && about.route.is_none() {
        return problem.detail(text(
            "Unter dieser Adresse gibt es nichts. Welche es gibt, steht unter /api.",
            "There is nothing at this address. Which ones there are stands at /api.",
        ));
    }
    match allowed(headers) {
        Some(allowed) if status == StatusCode::METHOD_NOT_ALLOWED => problem.detail(text(
            format!("Diese Methode gibt es unter dieser Adresse nicht. Möglich: {allowed}."),
            format!("This method does not exist at this address. Possible: {allowed}."),
        )),
        Some(_) | None => problem,
    }
}

/// What the replaced answer said about methods stays.
fn keep_headers(old: &HttpResponse, mut new: HttpResponse) -> HttpResponse {
    for name in [
        header::ALLOW,
        header::CONTENT_RANGE,
        header::RETRY_AFTER,
        header::SET_COOKIE,
        FOREIGN_VERSION,
        FOREIGN_API_VERSION,
    ] {
        for value in old.headers().get_all(&name) {
            if !new.headers().contains_key(&name) || name == header::SET_COOKIE {
                new.headers_mut().append(name.clone(), value.clone());
            }
        }
    }
    new
}

/// Sets what every answer carries; what a handler has set itself stays.
fn dress(edge: &Edge, about: &About, headers: &mut HeaderMap) {
    let mut set = |name: HeaderName, value: &'static str| {
        if !headers.contains_key(&name) {
            headers.insert(name, HeaderValue::from_static(value));
        }
    };
    set(
        header::CONTENT_SECURITY_POLICY,
        if about.is_page { CSP_PAGES } else { CSP_API },
    );
    set(header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    set(header::REFERRER_POLICY, "no-referrer");
    set(header::CACHE_CONTROL, "no-store");
    set(
        HeaderName::from_static("cross-origin-opener-policy"),
        "same-origin",
    );
    set(
        HeaderName::from_static("cross-origin-resource-policy"),
        "same-origin",
    );
    set(
        HeaderName::from_static("cross-origin-embedder-policy"),
        "require-corp",
    );
    set(
        HeaderName::from_static("permissions-policy"),
        "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    );
    if edge.https {
        set(header::STRICT_TRANSPORT_SECURITY, "max-age=31536000");
    }
    if let Ok(value) = HeaderValue::from_str(&about.id.to_string()) {
        headers.insert(REQUEST_ID, value);
    }
    allow_head(headers);
}

/// The methods that exist, where they are told: HEAD stands beside GET.
fn allowed(headers: &HeaderMap) -> Option<String> {
    let allowed = headers.get(header::ALLOW)?.to_str().ok()?;
    let has = |method: &str| allowed.split(',').any(|one| one.trim() == method);
    if has("GET") && !has("HEAD") {
        return Some(format!("{allowed}, HEAD"));
    }
    Some(allowed.to_owned())
}

fn allow_head(headers: &mut HeaderMap) {
    let allowed = allowed(headers);
    if let Some(value) = allowed.and_then(|all| HeaderValue::from_str(&all).ok()) {
        headers.insert(header::ALLOW, value);
    }
}

/// Counts the request and writes its one line: no query string, no address, no name.
fn note(edge: &Edge, about: &About, response: &HttpResponse) {
    let took = about.begun.elapsed();
    let (method, status) = (&about.method, response.status());
    let route = about.route.as_deref().unwrap_or("unmatched");
    edge.metrics.request(method, route, status, took);
    let bytes = match response.body().size() {
        BodySize::Sized(bytes) => Some(bytes),
        BodySize::None | BodySize::Stream => None,
    };
    let ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
    let status = status.as_u16();
    tracing::info!(target: "access", %method, route, status, ms, bytes, "{method} {route} {status}");
}
