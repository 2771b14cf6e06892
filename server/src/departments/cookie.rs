//! The session of a browser: its cookie, and what keeps other sites from making use of it.

use std::time::Duration;

use actix_web::HttpRequest;
use actix_web::http::Method;
use actix_web::http::header::{self, HeaderName, HeaderValue};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use crate::http::{Kind, Problem, text};

/// Its name. The prefix is kept by browsers: only with TLS (or on the same machine), only for this
/// host, only with `Path=/`.
const NAME: &str = "__Host-papierlos";
/// What every change by cookie must send along.
pub(super) const CSRF: HeaderName = HeaderName::from_static("papierlos-csrf");
/// Where a browser says how the sender stands to us.
const FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// What holds for sessions of browsers.
#[derive(Debug, Clone)]
pub struct Browsers {
    /// How long one may go unused.
    pub(super) idle: Duration,
    /// The address that people use: scheme, host and port.
    origin: String,
}

impl Browsers {
    /// By the settings; `public_url` is the address that people use.
    #[must_use]
    pub fn new(idle: Duration, public_url: &str) -> Self {
        let (scheme, rest) = public_url.split_once("://").unwrap_or(("", public_url));
        let host = rest.split('/').next().unwrap_or_default();
        let host = host.rsplit('@').next().unwrap_or_default();
        Self {
            idle,
            origin: format!("{scheme}://{host}").to_ascii_lowercase(),
        }
    }

    /// A request that changes something by the cookie alone comes from one of our own pages: it knows
    /// what only they can read. What the browser itself says of its sender must not contradict.
    ///
    /// # Errors
    /// 403.
    pub(super) fn check(&self, request: &HttpRequest, secret: &str) -> Result<(), Problem> {
        if [Method::GET, Method::HEAD, Method::OPTIONS].contains(request.method()) {
            return Ok(());
        }
        self.check_sender(request)?;
        let sent = request.headers().get(CSRF).map(HeaderValue::as_bytes);
        let wanted = csrf(secret);
        let knows = sent.is_some_and(|sent| bool::from(sent.ct_eq(wanted.as_bytes())));
        if knows { Ok(()) } else { Err(foreign()) }
    }

    /// What the browser says of the sender: not another site, and not a page of elsewhere.
    ///
    /// # Errors
    /// 403.
    pub(super) fn check_sender(&self, request: &HttpRequest) -> Result<(), Problem> {
        let said = |name: HeaderName| {
            let value = request.headers().get(name)?;
            Some(value.to_str().unwrap_or("null").to_ascii_lowercase())
        };
        let ours = |origin: &str| {
            let host = said(header::HOST).unwrap_or_default();
            let (_, sender) = origin.split_once("://").unwrap_or_default();
            origin == self.origin || (!sender.is_empty() && sender == host)
        };
        let site = said(FETCH_SITE);
        let origin = said(header::ORIGIN);
        let same = site.is_none_or(|site| site == "same-origin");
        if same && origin.is_none_or(|origin| ours(&origin)) {
            Ok(())
        } else {
            Err(foreign())
        }
    }
}

fn foreign() -> Problem {
    Problem::new(Kind::Forbidden).detail(text(
        "Diese Anfrage kam nicht von einer Seite dieses Archivs. Bitte laden Sie die Seite neu.",
        "This request did not come from a page of this archive. Please reload the page.",
    ))
}

/// What the pages send along with every change. It can be told to who has the session, and whoever has
/// it does not have the session.
pub(super) fn csrf(secret: &str) -> String {
    let digest = Sha256::new()
        .chain_update(b"papierlos csrf\0")
        .chain_update(secret.as_bytes());
    URL_SAFE_NO_PAD.encode(digest.finalize())
}

/// The secret in the cookie of a request.
pub(super) fn secret_of(request: &HttpRequest) -> Option<&str> {
    cookie_of(request, NAME)
}

/// What a request has in the cookie of this name.
pub(crate) fn cookie_of<'a>(request: &'a HttpRequest, wanted: &str) -> Option<&'a str> {
    request
        .headers()
        .get_all(header::COOKIE)
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .filter_map(|one| one.trim().split_once('='))
        .find_map(|(name, value)| (name == wanted).then_some(value))
}

/// The cookie. `Strict`: it comes along from our own pages only, and those are there without it.
pub(super) fn set(secret: &str, life: Duration) -> String {
    let seconds = life.as_secs();
    format!("{NAME}={secret}; Max-Age={seconds}; {ATTRIBUTES}")
}

/// The cookie that takes it away.
pub(super) fn clear() -> String {
    format!("{NAME}=; Max-Age=0; {ATTRIBUTES}")
}

const ATTRIBUTES: &str = "Path=/; Secure; HttpOnly; SameSite=Strict";

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use actix_web::test::TestRequest;

    use super::{Browsers, clear, csrf, secret_of, set};

    fn browsers() -> Browsers {
        Browsers::new(
            Duration::from_secs(60),
            "https://Akten.Stadt.example/archiv",
        )
    }

    fn request(headers: &[(&'static str, &str)]) -> actix_web::HttpRequest {
        let mut request = TestRequest::post();
        for header in headers {
            request = request.insert_header(*header);
        }
        request.to_http_request()
    }

    #[test]
    fn the_secret_is_found_among_other_cookies() {
        let found = |line: &str| {
            let request = request(&[("cookie", line)]);
            secret_of(&request).map(str::to_owned)
        };
        assert_eq!(
            found("a=1; __Host-papierlos=pls_x; b=2"),
            Some("pls_x".into())
        );
        assert_eq!(found("papierlos=pls_x; __host-papierlos=pls_x"), None);
        assert_eq!(found("__Host-papierlos"), None);
    }

    #[test]
    fn what_is_set_is_taken_away_by_the_same_name() {
        let set = set("pls_x", Duration::from_secs(60));
        assert_eq!(
            set,
            "__Host-papierlos=pls_x; Max-Age=60; Path=/; Secure; HttpOnly; SameSite=Strict"
        );
        assert!(clear().starts_with("__Host-papierlos=; Max-Age=0; Path=/; Secure"));
    }

    #[test]
    fn only_who_knows_the_word_and_contradicts_nothing_may_change_something() {
        let word = csrf("pls_x");
        let token = ("papierlos-csrf", word.as_str());
        let may =
            |headers: &[(&'static str, &str)]| browsers().check(&request(headers), "pls_x").is_ok();
        assert!(may(&[token]));
        assert!(may(&[token, ("sec-fetch-site", "same-origin")]));
        assert!(may(&[token, ("origin", "https://akten.stadt.example")]));
        assert!(may(&[
            token,
            ("host", "127.0.0.1:8080"),
            ("origin", "http://127.0.0.1:8080")
        ]));
        assert!(!may(&[]));
        assert!(!may(&[("sec-fetch-site", "same-origin")]));
        assert!(!may(&[("papierlos-csrf", csrf("pls_y").as_str())]));
        for site in ["cross-site", "same-site", "none", "nonsense"] {
            assert!(!may(&[token, ("sec-fetch-site", site)]), "{site}");
        }
        for origin in [
            "null",
            "https://akten.stadt.example.org",
            "http://akten.stadt.example",
            "://",
            "",
        ] {
            assert!(!may(&[token, ("origin", origin)]), "{origin}");
        }
    }
}
