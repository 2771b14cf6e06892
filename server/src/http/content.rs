//! Downloads: whole or in part, verifiable, resumable.

use actix_web::body::{BodyStream, SizedStream};
use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderName};
use actix_web::web::Bytes;
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use futures_util::{Stream, StreamExt, stream};

use super::edge::CSP_CONTENT;
use super::extract::{ETag, HeadOnly, IfMatch, IfNoneMatch, IfRange, Span, Wanted, wanted};
use super::name::{Disposition, FileName};
use super::problem::{Kind, Problem};

/// The digest of the whole content, whatever part of it is sent (RFC 9530).
pub const REPR_DIGEST: HeaderName = HeaderName::from_static("repr-digest");

/// Content that can be sent.
#[derive(Debug, Clone)]
pub struct Download {
    /// SHA-256 of the whole content; its entity tag.
    pub sha256: [u8; 32],
    /// SHA-512 of the whole content.
    pub sha512: Option<[u8; 64]>,
    /// How long it is.
    pub length_bytes: u64,
    /// What it is.
    pub media_type: String,
    /// What it is called.
    pub file_name: Option<FileName>,
    /// Whether a browser saves or shows it.
    pub disposition: Disposition,
}

impl Download {
    /// The entity tag: `"sha256-…"`.
    pub fn etag(&self) -> ETag {
        ETag::of_sha256(&hex::encode(self.sha256))
    }

    /// `Repr-Digest`.
    pub fn repr_digest(&self) -> String {
        let mut value = format!("sha-256=:{}:", STANDARD.encode(self.sha256));
        if let Some(sha512) = &self.sha512 {
            value.push_str(&format!(", sha-512=:{}:", STANDARD.encode(sha512)));
        }
        value
    }

    /// Whether [`Download::respond`] would open the content: false where the answer needs no bytes.
    /// What is read must be recorded as read.
    pub fn needs_bytes(&self, request: &HttpRequest) -> bool {
        matches!(self.plan(request), Ok(Plan::Whole | Plan::Part(_))) && !HeadOnly::asked(request)
    }

    /// Whether the answer tells nothing that its reader does not have already: 304.
    pub fn is_unchanged(&self, request: &HttpRequest) -> bool {
        matches!(self.plan(request), Ok(Plan::NotModified))
    }

    /// Answers `GET` and `HEAD`, with conditions and a range. `open` is called with what is to be
    /// sent, and only where bytes are sent at all.
    ///
    /// # Errors
    /// 412, 416, and whatever `open` says. What goes wrong later cuts the connection, so that the
    /// reader notices.
    pub async fn respond<S, E>(
        &self,
        request: &HttpRequest,
        open: impl AsyncFnOnce(Span) -> Result<S, Problem>,
    ) -> Result<HttpResponse, Problem>
    where
        S: Stream<Item = Result<Bytes, E>> + 'static,
        E: std::error::Error + 'static,
    {
        let whole = Span {
            start: 0,
            length: self.length_bytes,
        };
        let (mut response, span) = match self.plan(request)? {
            Plan::NotModified => {
                let mut response = HttpResponse::NotModified();
                response.insert_header((header::ETAG, self.etag().to_string()));
                response.insert_header((header::CACHE_CONTROL, CACHING));
                return Ok(response.finish());
            }
            Plan::Whole => (HttpResponse::build(StatusCode::OK), whole),
            Plan::Part(span) => {
                let mut response = HttpResponse::build(StatusCode::PARTIAL_CONTENT);
                let range = format!("bytes {}-{}/{}", span.start, span.last(), self.length_bytes);
                response.insert_header((header::CONTENT_RANGE, range));
                (response, span)
            }
        };
        self.describe(&mut response);
        if HeadOnly::asked(request) || span.length == 0 {
            let nothing = stream::empty::<Result<Bytes, std::io::Error>>();
            return Ok(response.body(SizedStream::new(span.length, nothing)));
        }
        let bytes = open(span).await?.map(|piece| {
            piece.inspect_err(|error| tracing::error!(%error, "content broke off while being sent"))
        });
        Ok(response.body(SizedStream::new(span.length, bytes)))
    }

    /// What is to be answered: conditions first, in the order of RFC 9110 §13.2.2.
    fn plan(&self, request: &HttpRequest) -> Result<Plan, Problem> {
        let etag = self.etag();
        if let Some(condition) = IfMatch::read(request)? {
            condition.check(&etag)?;
        }
        if IfNoneMatch::read(request)?.has(&etag) {
            return Ok(Plan::NotModified);
        }
        // Ranges are of GET alone (RFC 9110 §14.2).
        if HeadOnly::asked(request) || !IfRange::read(request).allows(&etag) {
            return Ok(Plan::Whole);
        }
        match wanted(request, self.length_bytes) {
            Wanted::Whole => Ok(Plan::Whole),
            Wanted::Part(span) => Ok(Plan::Part(span)),
            Wanted::Nothing => {
                Err(Problem::new(Kind::RangeNotSatisfiable).content_bytes(self.length_bytes))
            }
        }
    }

    fn describe(&self, response: &mut HttpResponseBuilder) {
        let (media_type, disposition) = harmless(&self.media_type, self.disposition);
        let disposition = match &self.file_name {
            Some(name) => name.disposition(disposition),
            None => disposition.word().to_owned(),
        };
        response
            .content_type(media_type)
            .insert_header((header::ETAG, self.etag().to_string()))
            .insert_header((header::ACCEPT_RANGES, "bytes"))
            .insert_header((header::CACHE_CONTROL, CACHING))
            .insert_header((header::CONTENT_DISPOSITION, disposition))
            .insert_header((header::CONTENT_SECURITY_POLICY, CSP_CONTENT))
            // Compression would change the bytes that the digest speaks of.
            .insert_header((header::CONTENT_ENCODING, "identity"))
            .insert_header((REPR_DIGEST, self.repr_digest()));
    }
}

/// What a browser may be shown in its window: pictures, pages, and nothing that does anything.
const SHOWN: &[&str] = &[
    "application/pdf",
    "image/avif",
    "image/bmp",
    "image/gif",
    "image/jpeg",
    "image/png",
    "image/tiff",
    "image/webp",
    "text/plain",
];

/// As what a browser is shown markup and programs that come as text.
const AS_TEXT: &str = "text/plain; charset=utf-8";

/// Media types that look like no text by name, and are programs or markup.
const ACTIVE: &[&str] = &[
    "application/ecmascript",
    "application/javascript",
    "application/json",
    "application/x-ecmascript",
    "application/x-javascript",
    "application/xml",
    "application/xml-dtd",
    "image/svg",
    "message/rfc822",
];

/// Content that a page of ours could load and run, whoever sent it: never called what it is.
const LOADED: &[&str] = &["javascript", "ecmascript", "css", "jscript", "livescript"];

/// As what content is sent, and whether a browser shows it. What a stranger says that it is decides
/// neither: only a closed set is shown, markup is shown as the text that it is, everything else is saved.
fn harmless(media_type: &str, wanted: Disposition) -> (&str, Disposition) {
    let essence = media_type.split(';').next().unwrap_or_default();
    let essence = essence.trim().to_ascii_lowercase();
    let has = |set: &[&str]| set.contains(&essence.as_str());
    let runs = LOADED.iter().any(|word| essence.contains(word));
    match wanted {
        Disposition::Attachment if runs => (AS_TEXT, Disposition::Attachment),
        Disposition::Attachment => (media_type, Disposition::Attachment),
        Disposition::Inline if has(SHOWN) => (media_type, Disposition::Inline),
        Disposition::Inline
            if runs
                || has(ACTIVE)
                || essence.starts_with("text/")
                || essence.ends_with("+xml")
                || essence.ends_with("+json") =>
        {
            (AS_TEXT, Disposition::Inline)
        }
        Disposition::Inline => (media_type, Disposition::Attachment),
    }
}

/// A browser may keep it for its own user but asks each time: the right may be gone.
const CACHING: &str = "private, no-cache";

enum Plan {
    NotModified,
    Whole,
    Part(Span),
}

/// A response of unknown length, for exports that are made while they are sent.
pub fn streamed<S, E>(mut response: HttpResponseBuilder, bytes: S) -> HttpResponse
where
    S: Stream<Item = Result<Bytes, E>> + 'static,
    E: std::error::Error + 'static,
{
    response.body(BodyStream::new(bytes.map(|piece| {
        piece.inspect_err(|error| tracing::error!(%error, "export broke off while being sent"))
    })))
}
