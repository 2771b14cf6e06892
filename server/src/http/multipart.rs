//! Uploads: `multipart/form-data` with `content` and `metadata`, in either order, streaming.

use std::cell::Cell;
use std::future::{Ready, ready};
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll};

use actix_multipart::{Field, Multipart, MultipartError};
use actix_web::dev::Payload;
use actix_web::error::PayloadError;
use actix_web::http::header;
use actix_web::mime::{self, Mime};
use actix_web::web::{Bytes, Data};
use actix_web::{FromRequest, HttpMessage, HttpRequest};
use futures_util::{Stream, StreamExt};
use serde::de::DeserializeOwned;

use super::extract::{BodyLimits, json_of};
use super::language::text;
use super::metrics::Metrics;
use super::name::FileName;
use super::problem::{Fault, Form, Kind, Problem};
use super::progress::Progress;

/// The most bytes of the `metadata` part.
pub const METADATA_BYTES_MAX: usize = 64 * 1024;

/// The part that holds the document.
const CONTENT: &str = "content";

/// The part that describes it, as JSON.
const METADATA: &str = "metadata";

/// The most bytes of all fields of a form together.
const FIELDS_BYTES_MAX: usize = 64 * 1024;

/// The most fields of a form.
const FIELDS_MAX: usize = 200;

/// How much room there is for content.
#[derive(Clone)]
pub struct Room {
    free_bytes: Arc<dyn Fn() -> Option<u64> + Send + Sync>,
    kept_bytes: u64,
}

impl Room {
    /// As `free_bytes` tells it each time; nothing where that is not known. The last `kept_bytes`
    /// are not for content: the database needs room to say that there is none.
    pub fn new(
        free_bytes: impl Fn() -> Option<u64> + Send + Sync + 'static,
        kept_bytes: u64,
    ) -> Self {
        Self {
            free_bytes: Arc::new(free_bytes),
            kept_bytes,
        }
    }

    /// Whether there is room for so many.
    pub fn has(&self, bytes: u64) -> bool {
        (self.free_bytes)().is_none_or(|free| free >= self.kept_bytes.saturating_add(bytes))
    }
}

impl std::fmt::Debug for Room {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Room")
            .field("kept_bytes", &self.kept_bytes)
            .finish_non_exhaustive()
    }
}

/// A request that brings content. Nothing is read before [`Upload::read`].
pub struct Upload {
    parts: Multipart,
    limit_bytes: u64,
    progress: Progress,
    metrics: Option<Arc<Metrics>>,
}

impl std::fmt::Debug for Upload {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Upload")
            .field("limit_bytes", &self.limit_bytes)
            .finish_non_exhaustive()
    }
}

/// What an upload brought.
#[derive(Debug)]
pub struct Received<M, T> {
    /// The metadata; what an empty object reads as where no such part came.
    pub metadata: M,
    /// What became of the content.
    pub content: T,
}

impl Upload {
    /// Reads the parts. `keep` is called once, with the content as it arrives, and must read it to
    /// its end. Where `metadata` came first, `keep` gets it as well, so that a refusal need not wait
    /// for the bytes; where it comes later, what `keep` stored is unreferenced until the caller
    /// names it in a transaction, and is swept if that never happens.
    ///
    /// # Errors
    /// 400 where parts are missing, doubled, unknown or cut off; 413 where one is too large; 422
    /// where the metadata is not an `M`; and whatever `keep` says.
    pub async fn read<M, T>(
        mut self,
        keep: impl AsyncFnOnce(Option<&M>, Content) -> Result<T, Problem>,
    ) -> Result<Received<M, T>, Problem>
    where
        M: DeserializeOwned,
    {
        let mut keep = Some(keep);
        let mut metadata: Option<M> = None;
        let mut content: Option<T> = None;
        while let Some(field) = self.progress.body(self.parts.next()).await {
            let field = field.map_err(|error| malformed(&error))?;
            match field.name() {
                Some(METADATA) => {
                    if metadata.is_some() {
                        return Err(refuse(METADATA.to_owned(), Fault::Duplicate));
                    }
                    metadata = Some(self.metadata(field).await?);
                }
                Some(CONTENT) => {
                    let Some(keep) = keep.take() else {
                        return Err(refuse(CONTENT.to_owned(), Fault::Duplicate));
                    };
                    let piece = self.content(field);
                    let state = Rc::clone(&piece.state);
                    let kept = keep(metadata.as_ref(), piece).await;
                    content = Some(state.judge(kept)?);
                }
                other => {
                    let name: String = other.unwrap_or_default().chars().take(64).collect();
                    return Err(refuse(name, Fault::Unknown { near: None }));
                }
            }
        }
        let content = content.ok_or_else(|| refuse(CONTENT.to_owned(), Fault::Required))?;
        let metadata = match metadata {
            Some(metadata) => metadata,
            None => json_of(b"{}", "")?,
        };
        Ok(Received { metadata, content })
    }

    /// Reads a form of plain fields with the content in the part `name`. `keep` is called once, as in
    /// [`Upload::read`]; the fields come in the order in which they were sent.
    ///
    /// # Errors
    /// 400 where the content is missing, doubled or cut off, or a field is no text; 413 where
    /// something is too large; and whatever `keep` says.
    pub async fn read_form<T>(
        mut self,
        name: &'static str,
        keep: impl AsyncFnOnce(Content) -> Result<T, Problem>,
    ) -> Result<Received<Vec<(String, String)>, T>, Problem> {
        let mut keep = Some(keep);
        let mut fields: Vec<(String, String)> = Vec::new();
        let mut content: Option<T> = None;
        let mut left = FIELDS_BYTES_MAX;
        while let Some(field) = self.progress.body(self.parts.next()).await {
            let mut field = field.map_err(|error| malformed(&error))?;
            let called: String = field.name().unwrap_or_default().chars().take(64).collect();
            if called == name {
                let Some(keep) = keep.take() else {
                    return Err(refuse(called, Fault::Duplicate));
                };
                let piece = self.content(field);
                let state = Rc::clone(&piece.state);
                let kept = keep(piece).await;
                content = Some(state.judge(kept)?);
                continue;
            }
            let read = self.progress.body(field.bytes(left)).await;
            let Ok(bytes) = read else {
                let limit = u64::try_from(FIELDS_BYTES_MAX).unwrap_or(u64::MAX);
                return Err(Problem::new(Kind::PayloadTooLarge).limit_bytes(limit));
            };
            let bytes = bytes.map_err(|error| malformed(&error))?;
            left = left.saturating_sub(bytes.len());
            let value = String::from_utf8(bytes.to_vec()).ok();
            let value = value.filter(|value| !value.contains('\0'));
            let expected = text("Text in UTF-8", "text in UTF-8");
            let value =
                value.ok_or_else(|| refuse(called.clone(), Fault::WrongFormat { expected }))?;
            if fields.len() >= FIELDS_MAX {
                let max = u64::try_from(FIELDS_MAX).unwrap_or(u64::MAX);
                return Err(refuse(called, Fault::TooMany { max }));
            }
            fields.push((called, value));
        }
        let content = content.ok_or_else(|| refuse(name.to_owned(), Fault::Required))?;
        Ok(Received {
            metadata: fields,
            content,
        })
    }

    async fn metadata<M: DeserializeOwned>(&self, mut field: Field) -> Result<M, Problem> {
        let is_json = |media: &Mime| media.essence_str() == mime::APPLICATION_JSON.essence_str();
        let is_plain = |media: &Mime| media.type_() == mime::TEXT;
        if field
            .content_type()
            .is_some_and(|media| !is_json(media) && !is_plain(media))
        {
            return Err(Problem::new(Kind::UnsupportedMediaType).part(
                METADATA,
                Fault::WrongFormat {
                    expected: text("application/json", "application/json"),
                },
            ));
        }
        let read = self.progress.body(field.bytes(METADATA_BYTES_MAX)).await;
        let bytes = match read {
            Ok(bytes) => bytes.map_err(|error| malformed(&error))?,
            Err(_exceeded) => {
                let limit = u64::try_from(METADATA_BYTES_MAX).unwrap_or(u64::MAX);
                let max = i64::try_from(METADATA_BYTES_MAX).unwrap_or(i64::MAX);
                return Err(Problem::new(Kind::PayloadTooLarge)
                    .part(METADATA, Fault::TooLarge { max })
                    .limit_bytes(limit));
            }
        };
        json_of(&bytes, "")
    }

    fn content(&self, field: Field) -> Content {
        Content {
            file_name: field.content_disposition().and_then(FileName::of_part),
            media_type: field.content_type().cloned(),
            limit_bytes: self.limit_bytes,
            seen_bytes: 0,
            progress: self.progress.clone(),
            metrics: self.metrics.clone(),
            state: Rc::default(),
            field,
        }
    }
}

impl FromRequest for Upload {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        ready(Self::begin(request, payload))
    }
}

impl Upload {
    fn begin(request: &HttpRequest, payload: &mut Payload) -> Result<Self, Problem> {
        let is_form = matches!(request.mime_type(), Ok(Some(media))
            if media.essence_str() == mime::MULTIPART_FORM_DATA.essence_str());
        let is_plain = !request.headers().contains_key(header::CONTENT_ENCODING);
        if !is_form || !is_plain {
            let expected = match Form::of(request.path()) {
                Form::Problem => text(
                    "Erwartet wird multipart/form-data mit den Teilen content und metadata.",
                    "Send multipart/form-data with the parts content and metadata.",
                ),
                Form::Detail => text(
                    "Erwartet wird multipart/form-data mit dem Teil document.",
                    "Send multipart/form-data with the part document.",
                ),
            };
            return Err(Problem::new(Kind::UnsupportedMediaType).detail(expected));
        }
        let limit_bytes = BodyLimits::of(request).upload_bytes_max;
        let announced = request.headers().get(header::CONTENT_LENGTH);
        let announced: Option<u64> = announced.and_then(|value| value.to_str().ok()?.parse().ok());
        // The other part and the boundaries come on top of the content.
        let overhead = u64::try_from(2 * METADATA_BYTES_MAX).unwrap_or(u64::MAX);
        if announced.is_some_and(|bytes| bytes > limit_bytes.saturating_add(overhead)) {
            return Err(ContentError::TooLarge { limit_bytes }.into());
        }
        let room = request.app_data::<Data<Room>>();
        if room.is_some_and(|room| !room.has(announced.unwrap_or_default())) {
            return Err(Problem::new(Kind::InsufficientStorage));
        }
        Ok(Self {
            parts: Multipart::new(request.headers(), payload.take()),
            limit_bytes,
            progress: Progress::of(request),
            metrics: request
                .app_data::<Data<Metrics>>()
                .map(|data| Arc::clone(data)),
        })
    }
}

fn refuse(part: String, fault: Fault) -> Problem {
    Problem::new(Kind::MalformedMultipart).part(part, fault)
}

fn malformed(error: &MultipartError) -> Problem {
    tracing::debug!(%error, "upload not readable");
    if let MultipartError::Payload(PayloadError::Overflow) = error {
        return Problem::new(Kind::PayloadTooLarge);
    }
    if matches!(
        error,
        MultipartError::ContentDispositionMissing | MultipartError::ContentDispositionNameMissing
    ) {
        return Problem::new(Kind::MalformedMultipart).detail(text(
            "Ein Teil des Uploads hat keinen lesbaren Kopf „Content-Disposition: form-data; name=…“. Dateinamen müssen in UTF-8 geschrieben sein oder als filename*=ISO-8859-1''….",
            "A part of the upload has no readable “Content-Disposition: form-data; name=…”. File names are in UTF-8, or given as filename*=ISO-8859-1''….",
        ));
    }
    Problem::new(Kind::MalformedMultipart).detail(text(
        "Der Upload ist unvollständig oder kein gültiges multipart/form-data.",
        "The upload is incomplete or not valid multipart/form-data.",
    ))
}

/// The bytes of a document as they arrive: a stream, or piece by piece.
///
/// Not `Send`: it belongs to the connection it is read from.
pub struct Content {
    /// The name it was sent under, cleaned.
    pub file_name: Option<FileName>,
    /// What the sender says it is. Nobody has looked yet.
    pub media_type: Option<Mime>,
    limit_bytes: u64,
    seen_bytes: u64,
    progress: Progress,
    metrics: Option<Arc<Metrics>>,
    state: Rc<State>,
    field: Field,
}

impl std::fmt::Debug for Content {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Content")
            .field("file_name", &self.file_name)
            .field("media_type", &self.media_type)
            .field("seen_bytes", &self.seen_bytes)
            .finish_non_exhaustive()
    }
}

/// Why content stopped arriving.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ContentError {
    /// More than the server takes.
    #[error("content is larger than {limit_bytes} bytes")]
    TooLarge {
        /// The most bytes that are taken.
        limit_bytes: u64,
    },
    /// The connection ended before the content did.
    #[error("content was cut off")]
    CutOff,
}

impl From<ContentError> for Problem {
    fn from(error: ContentError) -> Self {
        match error {
            ContentError::TooLarge { limit_bytes } => {
                let max = i64::try_from(limit_bytes).unwrap_or(i64::MAX);
                Self::new(Kind::PayloadTooLarge)
                    .part(CONTENT, Fault::TooLarge { max })
                    .limit_bytes(limit_bytes)
            }
            ContentError::CutOff => Self::new(Kind::MalformedMultipart).detail(text(
                "Die Übertragung brach ab. Bitte noch einmal senden.",
                "The transfer was cut off. Please send it again.",
            )),
        }
    }
}

/// How the content ended, for the one who handed it on.
#[derive(Debug, Default)]
struct State {
    ended: Cell<bool>,
    failed: Cell<Option<ContentError>>,
}

impl State {
    /// What went wrong with the content counts before what that did to whoever kept it.
    fn judge<T>(&self, kept: Result<T, Problem>) -> Result<T, Problem> {
        match (self.failed.get(), kept) {
            (Some(error), _) => Err(error.into()),
            (None, Err(problem)) => Err(problem),
            (None, Ok(kept)) if self.ended.get() => Ok(kept),
            (None, Ok(_)) => Err(Problem::internal("content was not read to its end")),
        }
    }
}

impl Content {
    /// The next piece; `None` at the end.
    ///
    /// # Errors
    /// Where it is too large or cut off.
    pub async fn piece(&mut self) -> Option<Result<Bytes, ContentError>> {
        self.next().await
    }

    /// How the request moves on that brings it.
    pub fn progress(&self) -> Progress {
        self.progress.clone()
    }

    /// How many bytes have come so far.
    pub fn seen_bytes(&self) -> u64 {
        self.seen_bytes
    }

    fn take(&mut self, piece: Bytes) -> Result<Bytes, ContentError> {
        let bytes = u64::try_from(piece.len()).unwrap_or(u64::MAX);
        self.seen_bytes = self.seen_bytes.saturating_add(bytes);
        if let Some(metrics) = &self.metrics {
            metrics.upload_bytes.inc_by(bytes);
        }
        if self.seen_bytes > self.limit_bytes {
            return Err(self.fail(ContentError::TooLarge {
                limit_bytes: self.limit_bytes,
            }));
        }
        Ok(piece)
    }

    fn fail(&self, error: ContentError) -> ContentError {
        self.state.failed.set(Some(error));
        error
    }
}

impl Stream for Content {
    type Item = Result<Bytes, ContentError>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.get_mut();
        if this.state.ended.get() || this.state.failed.get().is_some() {
            return Poll::Ready(None);
        }
        let next = Pin::new(&mut this.field).poll_next(context);
        match next {
            Poll::Pending => {
                this.progress.waits();
                Poll::Pending
            }
            Poll::Ready(next) => {
                this.progress.moved();
                Poll::Ready(match next {
                    Some(Ok(piece)) => Some(this.take(piece)),
                    Some(Err(error)) => {
                        tracing::debug!(%error, "content cut off");
                        Some(Err(this.fail(ContentError::CutOff)))
                    }
                    None => {
                        this.state.ended.set(true);
                        None
                    }
                })
            }
        }
    }
}
