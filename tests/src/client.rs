//! A stranger with an address and perhaps a token.

use std::sync::OnceLock;

use bytes::Bytes;
use reqwest::header::{CONTENT_TYPE, HeaderMap, IF_MATCH};
use reqwest::multipart::{Form, Part};
use reqwest::{Method, RequestBuilder, StatusCode, Url};
use serde_json::Value;

use crate::contract;

/// Speaks to one server with one token.
#[derive(Clone, Debug)]
pub struct Client {
    http: reqwest::Client,
    base: Url,
    token: Option<String>,
}

/// An answer, read to its end.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The request, for messages: method and path.
    pub request: String,
    /// The status code.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
}

impl Client {
    /// A client of the server at `base`.
    ///
    /// # Panics
    /// When `base` is no address.
    #[must_use]
    pub fn new(base: &str, token: Option<&str>) -> Client {
        Client {
            http: http(),
            base: Url::parse(base).expect("an address"),
            token: token.map(str::to_owned),
        }
    }

    /// A request yet to be finished; `path` begins with `/`.
    ///
    /// # Panics
    /// When `path` is no path.
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.to(method, self.base.join(path).expect("a path"))
    }

    fn to(&self, method: Method, url: Url) -> RequestBuilder {
        let request = self.http.request(method, url);
        match &self.token {
            Some(token) => request.bearer_auth(token),
            None => request,
        }
    }

    /// Sends a finished request; the answer must keep `openapi.yaml`.
    ///
    /// # Panics
    /// When no answer comes, or one that breaks the contract.
    pub async fn send(&self, request: RequestBuilder) -> Answer {
        let answer = self.try_send(request).await;
        answer.unwrap_or_else(|error| unreachable!("{error}"))
    }

    /// As [`Client::send`], where no answer may come; then it is said why.
    ///
    /// # Errors
    /// When the connection breaks before the answer is complete.
    ///
    /// # Panics
    /// When the answer breaks the contract.
    pub async fn try_send(&self, request: RequestBuilder) -> Result<Answer, String> {
        let request = request.build().expect("a complete request");
        let (method, path) = (request.method().clone(), request.url().path().to_owned());
        let said = format!("{method} {path}");
        let response = self.http.execute(request).await;
        let response = response.map_err(|error| format!("{said}: {error:?}"))?;
        let (status, headers) = (response.status(), response.headers().clone());
        let body = response.bytes().await;
        let body = body.map_err(|error| format!("{said}: {error:?}"))?;
        let answer = Answer {
            request: said,
            status,
            headers,
            body,
        };
        contract::check(&method, &path, &answer);
        Ok(answer)
    }

    /// GET.
    ///
    /// # Panics
    /// When no answer comes.
    pub async fn get(&self, path: &str) -> Answer {
        self.send(self.request(Method::GET, path)).await
    }

    /// GET with a query, which is encoded here.
    ///
    /// # Panics
    /// When no answer comes.
    pub async fn get_with(&self, path: &str, query: &[(&str, &str)]) -> Answer {
        let mut url = self.base.join(path).expect("a path");
        url.query_pairs_mut().extend_pairs(query);
        self.send(self.to(Method::GET, url)).await
    }

    /// POST of JSON.
    ///
    /// # Panics
    /// When no answer comes.
    pub async fn post(&self, path: &str, body: &Value) -> Answer {
        self.send(self.request(Method::POST, path).json(body)).await
    }

    /// PATCH of JSON on the state that `etag` names.
    ///
    /// # Panics
    /// When no answer comes.
    pub async fn patch(&self, path: &str, etag: &str, body: &Value) -> Answer {
        self.send(
            self.request(Method::PATCH, path)
                .header(IF_MATCH, etag)
                .json(body),
        )
        .await
    }

    /// Files a document: content and metadata in one request.
    ///
    /// # Panics
    /// When no answer comes.
    pub async fn file(&self, file_name: &str, content: &[u8], metadata: &Value) -> Answer {
        let request = self.request(Method::POST, "/api/v1/documents");
        self.send(request.multipart(document_form(file_name, content, metadata)))
            .await
    }
}

/// The form in which a document is filed: `metadata` as JSON, then `content`.
///
/// # Panics
/// Never: the media types are fixed.
#[must_use]
pub fn document_form(file_name: &str, content: &[u8], metadata: &Value) -> Form {
    let metadata = Part::text(metadata.to_string())
        .mime_str("application/json")
        .expect("a type");
    let content = Part::bytes(content.to_vec())
        .file_name(file_name.to_owned())
        .mime_str("application/pdf")
        .expect("a type");
    Form::new()
        .part("metadata", metadata)
        .part("content", content)
}

impl Answer {
    /// The answer itself, when its status is this one.
    ///
    /// # Panics
    /// When it is another; the body is in the message.
    pub fn is(self, status: u16) -> Answer {
        assert!(
            self.status.as_u16() == status,
            "{}: expected {status}, got {}\n{}",
            self.request,
            self.status,
            self.text()
        );
        self
    }

    /// The answer itself, when it is a problem of this type (the last part of its `type`) and status.
    ///
    /// # Panics
    /// When it is not.
    pub fn is_problem(self, status: u16, kind: &str) -> Answer {
        let answer = self.is(status);
        assert_eq!(
            answer.header("content-type"),
            Some("application/problem+json"),
            "{}",
            answer.request
        );
        let named = answer.json()["type"]
            .as_str()
            .map(str::to_owned)
            .unwrap_or_default();
        assert!(
            named.rsplit(['/', ':', '#']).next() == Some(kind),
            "{}: expected {kind}, got {named}\n{}",
            answer.request,
            answer.text()
        );
        answer
    }

    /// The body as JSON.
    ///
    /// # Panics
    /// When it is none.
    #[must_use]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| {
            unreachable!("{}: no JSON ({error})\n{}", self.request, self.text())
        })
    }

    /// The body as text, for messages.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// A header as text; none when it is absent or not text.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The media type, without its parameters.
    #[must_use]
    pub fn media_type(&self) -> Option<&str> {
        self.headers
            .get(CONTENT_TYPE)?
            .to_str()
            .ok()?
            .split(';')
            .next()
    }

    /// The strong validator, as `If-Match` takes it.
    ///
    /// # Panics
    /// When there is none.
    #[must_use]
    pub fn etag(&self) -> String {
        let tag = self.header("etag");
        tag.unwrap_or_else(|| unreachable!("{}: no ETag", self.request))
            .to_owned()
    }

    /// The receipt of a write: its number in the log and the hash of its record.
    ///
    /// # Panics
    /// When there is none.
    #[must_use]
    pub fn receipt(&self) -> (u64, String) {
        let seq = self
            .header("papierlos-log-seq")
            .and_then(|seq| seq.parse().ok());
        let hash = self.header("papierlos-log-hash").map(str::to_owned);
        let Some(receipt) = seq.zip(hash) else {
            unreachable!("{}: no receipt of the log", self.request)
        };
        receipt
    }
}

/// A client that goes where it is sent only when it is told to, as a test that plays a browser needs.
///
/// # Panics
/// When there is no TLS to be had.
#[must_use]
pub fn browser() -> reqwest::Client {
    one_tls();
    reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .tls_certs_only([])
        .build()
        .expect("a client")
}

/// The TLS provider is named first, or reqwest panics.
fn one_tls() {
    static HTTP: OnceLock<()> = OnceLock::new();
    HTTP.get_or_init(|| {
        rustls::crypto::ring::default_provider()
            .install_default()
            .expect("nobody named a TLS provider before");
    });
}

/// All speak plain HTTP here: reading the certificates of the machine took longer than most tests' requests.
fn http() -> reqwest::Client {
    one_tls();
    reqwest::Client::builder()
        .no_proxy()
        .tls_certs_only([])
        .build()
        .expect("a client")
}
