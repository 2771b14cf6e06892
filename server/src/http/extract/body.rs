//! JSON bodies.

use std::pin::Pin;

use actix_web::dev::Payload;
use actix_web::http::header;
use actix_web::mime;
use actix_web::web::{Bytes, BytesMut, Data};
use actix_web::{FromRequest, HttpMessage, HttpRequest};
use futures_util::StreamExt;
use serde::de::DeserializeOwned;
use serde_json::error::Category;
use serde_path_to_error::Segment;

use super::super::language::text;
use super::super::problem::{Fault, Kind, Problem, pointer};
use super::super::progress::Progress;
use super::objects::Objects;

/// The default limit of a JSON body.
pub const JSON_BYTES_MAX: usize = 1024 * 1024;

/// How large bodies may be; app data of the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BodyLimits {
    /// The most bytes of a JSON body.
    pub json_bytes_max: usize,
    /// The most bytes of the content in an upload.
    pub upload_bytes_max: u64,
}

impl Default for BodyLimits {
    fn default() -> Self {
        Self {
            json_bytes_max: JSON_BYTES_MAX,
            upload_bytes_max: 4 * 1024 * 1024 * 1024,
        }
    }
}

impl BodyLimits {
    /// The limits of this server.
    pub fn of(request: &HttpRequest) -> Self {
        request
            .app_data::<Data<Self>>()
            .map(|limits| *limits.get_ref())
            .unwrap_or_default()
    }
}

/// A JSON body, read within [`BodyLimits`]; as a response, JSON.
///
/// Wire types say `#[serde(deny_unknown_fields)]`. What is not JSON is 400; what is JSON but
/// not this type is 422 with a pointer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Json<T>(pub T);

impl<T> Json<T> {
    /// What was sent.
    pub fn into_inner(self) -> T {
        self.0
    }
}

impl<T: DeserializeOwned + 'static> FromRequest for Json<T> {
    type Error = Problem;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Problem>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let request = request.clone();
        let payload = payload.take();
        Box::pin(async move {
            let body = read(&request, payload).await?;
            json_of(&body, "").map(Self)
        })
    }
}

impl<T: serde::Serialize> actix_web::Responder for Json<T> {
    type Body = actix_web::body::BoxBody;

    fn respond_to(self, _: &HttpRequest) -> actix_web::HttpResponse {
        actix_web::HttpResponse::Ok().json(self.0)
    }
}

async fn read(request: &HttpRequest, payload: Payload) -> Result<Bytes, Problem> {
    refuse_other_media(request)?;
    let limit = BodyLimits::of(request).json_bytes_max;
    body_within(request, payload, limit).await
}

/// A body of at most `limit` bytes, whatever it is.
///
/// # Errors
/// 413 where it is larger, 400 where it is cut off.
pub async fn body_within(
    request: &HttpRequest,
    mut payload: Payload,
    limit: usize,
) -> Result<Bytes, Problem> {
    let limit_bytes = u64::try_from(limit).unwrap_or(u64::MAX);
    let too_large = || Problem::new(Kind::PayloadTooLarge).limit_bytes(limit_bytes);
    let announced = request.headers().get(header::CONTENT_LENGTH);
    let announced: Option<u64> = announced.and_then(|value| value.to_str().ok()?.parse().ok());
    if announced.is_some_and(|bytes| bytes > limit_bytes) {
        return Err(too_large());
    }
    let progress = Progress::of(request);
    let mut body = BytesMut::new();
    while let Some(piece) = progress.body(payload.next()).await {
        let piece = piece.map_err(|error| cut_off(&error))?;
        if body.len() + piece.len() > limit {
            return Err(too_large());
        }
        body.extend_from_slice(&piece);
    }
    Ok(body.freeze())
}

fn cut_off(error: &actix_web::error::PayloadError) -> Problem {
    tracing::debug!(%error, "body cut off");
    Problem::new(Kind::BadRequest).detail(text("Die Anfrage brach ab.", "The request was cut off."))
}

fn refuse_other_media(request: &HttpRequest) -> Result<(), Problem> {
    let refuse = || {
        Problem::new(Kind::UnsupportedMediaType).detail(text(
            "Erwartet wird application/json, unkomprimiert.",
            "Send application/json, not compressed.",
        ))
    };
    let encoded = request.headers().get(header::CONTENT_ENCODING);
    if encoded.is_some_and(|encoding| !encoding.as_bytes().eq_ignore_ascii_case(b"identity")) {
        return Err(refuse());
    }
    let Ok(Some(media)) = request.mime_type() else {
        return Err(refuse());
    };
    let is_json = media.subtype() == mime::JSON || media.suffix() == Some(mime::JSON);
    let is_utf8 = media
        .get_param(mime::CHARSET)
        .is_none_or(|charset| charset == mime::UTF_8);
    match media.type_() == mime::APPLICATION && is_json && is_utf8 {
        true => Ok(()),
        false => Err(refuse()),
    }
}

/// Reads `bytes` as `T`, objects from objects only. Pointers begin with `prefix`, so that a part of a larger body can be
/// named.
///
/// # Errors
/// 400 where it is not JSON, 422 where it is not a `T`.
pub fn json_of<T: DeserializeOwned>(bytes: &[u8], prefix: &str) -> Result<T, Problem> {
    if has_nul(bytes) {
        return Err(Problem::new(Kind::MalformedJson).detail(text(
            "Das Zeichen U+0000 kann nicht gespeichert werden.",
            "The character U+0000 cannot be stored.",
        )));
    }
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let value = serde_path_to_error::deserialize(Objects(&mut reader))
        .map_err(|error| wrong(prefix, error.path(), error.inner()))?;
    reader.end().map_err(|error| malformed(&error))?;
    Ok(value)
}

/// Whether a string in it holds U+0000: `PostgreSQL` has no place for it.
fn has_nul(bytes: &[u8]) -> bool {
    let mut rest = bytes;
    while let Some(at) = rest.iter().position(|byte| *byte == b'\\') {
        let escaped = rest.get(at + 1..).unwrap_or_default();
        if escaped.starts_with(b"u0000") {
            return true;
        }
        rest = escaped.get(1..).unwrap_or_default();
    }
    false
}

fn malformed(error: &serde_json::Error) -> Problem {
    let (line, column) = (error.line(), error.column());
    Problem::new(Kind::MalformedJson).detail(text(
        format!("Kein gültiges JSON in Zeile {line}, Spalte {column}."),
        format!("Not valid JSON at line {line}, column {column}."),
    ))
}

fn wrong(prefix: &str, path: &serde_path_to_error::Path, error: &serde_json::Error) -> Problem {
    match error.classify() {
        Category::Syntax | Category::Eof | Category::Io => malformed(error),
        Category::Data => {
            let (fault, field) = fault_of(&error.to_string());
            let mut segments: Vec<String> = path.iter().filter_map(segment).collect();
            if let Some(field) = field
                && segments.last() != Some(&field)
            {
                segments.push(field);
            }
            let at = format!("{prefix}{}", pointer(segments.iter().map(String::as_str)));
            Problem::new(Kind::Validation).field(at, fault)
        }
    }
}

fn segment(segment: &Segment) -> Option<String> {
    match segment {
        Segment::Seq { index } => Some(index.to_string()),
        Segment::Map { key } => Some(key.clone()),
        Segment::Enum { .. } | Segment::Unknown => None,
    }
}

/// Reads the parser's sentence: what is wrong, and the field that it names where the path does not.
pub(super) fn fault_of(message: &str) -> (Fault, Option<String>) {
    let message = match message.rsplit_once(" at line ") {
        Some((sentence, _)) => sentence,
        None => message,
    };
    let quoted = |text: &str| text.split('`').nth(1).map(ToOwned::to_owned);
    if message.starts_with("missing field") {
        return (Fault::Required, quoted(message));
    }
    if message.starts_with("duplicate field") {
        return (Fault::Duplicate, quoted(message));
    }
    if message.starts_with("unknown field") {
        let known: Vec<&str> = message.split('`').skip(3).step_by(2).collect();
        let field = quoted(message);
        let near = field
            .as_deref()
            .and_then(|field| nearest(field, known.iter().copied()));
        return (
            Fault::Unknown {
                near: near.map(ToOwned::to_owned),
            },
            field,
        );
    }
    if message.starts_with("unknown variant") {
        let allowed = message
            .split('`')
            .skip(3)
            .step_by(2)
            .map(ToOwned::to_owned)
            .collect();
        return (Fault::NotOneOf { allowed }, None);
    }
    // Whoever reads ids says in English what is wrong with one.
    if message.starts_with("UUID parsing failed") {
        let expected = text(
            "eine Kennung (UUID) wie 0190a0f0-0000-7000-8000-000000000001",
            "an id (UUID) like 0190a0f0-0000-7000-8000-000000000001",
        );
        return (Fault::WrongFormat { expected }, None);
    }
    match message.rsplit_once("expected ") {
        Some((_, expected)) => (
            Fault::WrongType {
                expected: expected.to_owned(),
            },
            None,
        ),
        None => {
            let expected = message.to_owned();
            (
                Fault::WrongFormat {
                    expected: text(expected.clone(), expected),
                },
                None,
            )
        }
    }
}

/// The name that resembles `word` most, if any does.
pub(crate) fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let most = (word.chars().count() / 3).max(1);
    known
        .into_iter()
        .map(|candidate| (distance(word, candidate), candidate))
        .filter(|(distance, _)| *distance <= most)
        .min()
        .map(|(_, candidate)| candidate)
}

/// Edits from one word to the other; two letters swapped count as one.
fn distance(from: &str, to: &str) -> usize {
    let (from, to): (Vec<char>, Vec<char>) = (from.chars().collect(), to.chars().collect());
    let mut rows: Vec<Vec<usize>> = vec![(0..=to.len()).collect()];
    for (i, a) in from.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, b) in to.iter().enumerate() {
            let substitute = rows[i][j] + usize::from(a != b);
            let mut least = substitute.min(rows[i][j + 1] + 1).min(row[j] + 1);
            if i > 0 && j > 0 && *a == to[j - 1] && from[i - 1] == *b {
                least = least.min(rows[i - 1][j - 1] + 1);
            }
            row.push(least);
        }
        rows.push(row);
    }
    rows.last()
        .and_then(|row| row.last())
        .copied()
        .unwrap_or_default()
}
