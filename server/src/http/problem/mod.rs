//! RFC 9457: everything that goes wrong leaves through [`Problem`].

mod fault;
mod form;
mod kind;

use std::borrow::Cow;
use std::error::Error;
use std::fmt;

use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderValue};
use actix_web::{HttpResponse, ResponseError};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa::openapi::schema::{ObjectBuilder, Schema, Type};
use uuid::Uuid;

use super::language::{Language, Text, text};
use crate::base::db::DbError;

pub use fault::Fault;
pub use form::Form;
pub use kind::Kind;

/// The media type of every problem.
pub const MEDIA_TYPE: &str = "application/problem+json";

/// What went wrong, for the one who asked; and, apart from it, why, for the log.
///
/// Return it as the `Err` of a handler: the edge then renders it in the reader's language, puts the
/// request id into `instance` and logs the cause of a 5xx once. The cause is never shown.
pub struct Problem(Box<Inner>);

struct Inner {
    kind: Kind,
    detail: Option<Text>,
    errors: Vec<(Place, Fault)>,
    extras: Extras,
    content_bytes: Option<u64>,
    source: Option<Box<dyn Error + Send + Sync>>,
}

/// What a failing database means to a caller.
impl From<DbError> for Problem {
    fn from(error: DbError) -> Self {
        match error {
            DbError::GivenUp => Self::new(Kind::Unavailable)
                .retry_after_seconds(1)
                .source(error),
            DbError::Stale => Self::new(Kind::Conflict),
            DbError::Failed(_) if error.is_full() => {
                Self::new(Kind::InsufficientStorage).source(error)
            }
            DbError::Failed(_) if error.is_taken() => Self::new(Kind::Conflict).source(error),
            DbError::Failed(_) if error.is_contended() => Self::new(Kind::Unavailable)
                .retry_after_seconds(1)
                .source(error),
            DbError::Failed(_) | DbError::Unaudited | DbError::Corrupt { .. } | DbError::Log(_) => {
                Self::internal(error)
            }
            DbError::Key(_) if error.lacks_key() => Self::new(Kind::KeyMissing).source(error),
            DbError::Key(_) => Self::internal(error),
        }
    }
}

/// The typed members that some kinds carry.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct Extras {
    /// The limit that was crossed, in bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub limit: Option<u64>,
    /// After how many seconds another try makes sense; the same as the `Retry-After` header.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub retry_after: Option<u64>,
    /// The entity tag that is current now.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub current_etag: Option<String>,
    /// The state that the thing is in.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub current_state: Option<Cow<'static, str>>,
    /// Up to which number of the log the index knows.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub index_seq: Option<u64>,
    /// The number of the log that was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub min_seq: Option<u64>,
    /// The name of the signature that fits the content.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub signature: Option<String>,
    /// The id of the thing that is in the way, where you may know of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub existing: Option<Uuid>,
}

/// Where a fault lies.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Place {
    Pointer(Cow<'static, str>),
    Parameter(Cow<'static, str>),
    Header(Cow<'static, str>),
    Part(Cow<'static, str>),
    Content {
        line: Option<u64>,
        path: Option<String>,
        said: Text,
    },
}

/// The body of a problem, as it stands on the wire.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = Problem)]
pub struct ProblemBody {
    /// What kind of problem: `urn:papierlos:problem:…`, one of a closed set.
    #[serde(rename = "type")]
    #[schema(schema_with = kind_schema)]
    pub kind: &'static str,
    /// The kind in words, the same for every occurrence, in the reader's language.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// What happened here and what to do about it, in the reader's language.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub detail: Option<String>,
    /// The request: `urn:uuid:` and the request id.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub instance: Option<String>,
    /// One entry for each field, parameter, header or part that is wrong.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<FaultBody>,
    /// Members that some kinds carry.
    #[serde(flatten)]
    pub extras: Extras,
}

/// The closed set, for the contract.
fn kind_schema() -> Schema {
    ObjectBuilder::new()
        .schema_type(Type::String)
        .enum_values(Some(Kind::ALL.iter().map(|kind| kind.uri())))
        .description(Some("What kind of problem, one of a closed set."))
        .into()
}

/// One wrong place. Exactly one of `pointer`, `parameter`, `header` and `part` is there.
#[derive(Debug, Clone, Default, Serialize, ToSchema)]
#[schema(as = Fault)]
pub struct FaultBody {
    /// JSON pointer (RFC 6901) into the body.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub pointer: Option<String>,
    /// Name of a query or path parameter.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub parameter: Option<String>,
    /// Name of a request header.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub header: Option<String>,
    /// Name of a part of a multipart body.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub part: Option<String>,
    /// The line of the part, from 1, where it has lines.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub line: Option<u64>,
    /// The place within the part: a column of a table, or the path of an element.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub path: Option<String>,
    /// What is wrong, for programs.
    pub code: String,
    /// What is wrong, for people.
    pub detail: String,
    /// The bound that was crossed, where there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub limit: Option<i64>,
}

impl Problem {
    /// A problem of this kind, with nothing more to say yet.
    pub fn new(kind: Kind) -> Self {
        Self(Box::new(Inner {
            kind,
            detail: None,
            errors: vec![],
            extras: Extras::default(),
            content_bytes: None,
            source: None,
        }))
    }

    /// A 500 with its cause.
    pub fn internal(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::new(Kind::Internal).source(source)
    }

    /// What happened here, for this reader. For a 5xx say nothing: the request id is enough.
    pub fn detail(mut self, detail: Text) -> Self {
        self.0.detail = Some(detail);
        self
    }

    /// Adds a wrong field of the body, by its JSON pointer.
    pub fn field(mut self, pointer: impl Into<Cow<'static, str>>, fault: Fault) -> Self {
        self.0.errors.push((Place::Pointer(pointer.into()), fault));
        self
    }

    /// Adds a wrong query or path parameter.
    pub fn parameter(mut self, name: impl Into<Cow<'static, str>>, fault: Fault) -> Self {
        self.0.errors.push((Place::Parameter(name.into()), fault));
        self
    }

    /// Adds a wrong request header.
    pub fn header(mut self, name: impl Into<Cow<'static, str>>, fault: Fault) -> Self {
        self.0.errors.push((Place::Header(name.into()), fault));
        self
    }

    /// Adds a wrong part of a multipart body.
    pub fn part(mut self, name: impl Into<Cow<'static, str>>, fault: Fault) -> Self {
        self.0.errors.push((Place::Part(name.into()), fault));
        self
    }

    /// Adds a wrong place within the content that was sent; `said` is place and fault in a sentence.
    pub fn content(
        mut self,
        line: Option<u64>,
        path: Option<String>,
        fault: Fault,
        said: Text,
    ) -> Self {
        self.0
            .errors
            .push((Place::Content { line, path, said }, fault));
        self
    }

    /// Names the limit that was crossed, in bytes.
    pub fn limit_bytes(mut self, limit: u64) -> Self {
        self.0.extras.limit = Some(limit);
        self
    }

    /// Says when to try again; sets `Retry-After` as well.
    pub fn retry_after_seconds(mut self, seconds: u64) -> Self {
        self.0.extras.retry_after = Some(seconds.max(1));
        self
    }

    /// Names the entity tag that is current.
    pub fn current_etag(mut self, etag: &impl ToString) -> Self {
        self.0.extras.current_etag = Some(etag.to_string());
        self
    }

    /// Names the state that the thing is in.
    pub fn current_state(mut self, state: impl Into<Cow<'static, str>>) -> Self {
        self.0.extras.current_state = Some(state.into());
        self
    }

    /// Says how far the index is and how far it should be.
    pub fn index(mut self, index_seq: u64, min_seq: u64) -> Self {
        self.0.extras.index_seq = Some(index_seq);
        self.0.extras.min_seq = Some(min_seq);
        self
    }

    /// Names the signature that fits the content.
    pub fn signature(mut self, name: &str) -> Self {
        self.0.extras.signature = Some(name.to_owned());
        self
    }

    /// Names the thing that is in the way. Only where the reader may know of it.
    pub fn existing(mut self, id: Uuid) -> Self {
        self.0.extras.existing = Some(id);
        self
    }

    /// Says how long the content is that the range missed (`Content-Range: bytes */n`).
    pub fn content_bytes(mut self, bytes: u64) -> Self {
        self.0.content_bytes = Some(bytes);
        self
    }

    /// Keeps the cause for the log. Never shown.
    pub fn source(mut self, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        self.0.source = Some(source.into());
        self
    }

    /// Which kind it is.
    pub fn kind(&self) -> Kind {
        self.0.kind
    }

    /// How many fields, parameters, headers and parts are wrong.
    pub fn faults(&self) -> usize {
        self.0.errors.len()
    }

    /// Takes over the wrong places of another problem, so that all are answered at once.
    pub fn and(mut self, other: Self) -> Self {
        self.0.errors.extend(other.0.errors);
        self
    }

    /// The causes from outside in, in one line for the log.
    pub fn chain(&self) -> String {
        let mut line = String::new();
        let mut next: Option<&(dyn Error + 'static)> = self
            .0
            .source
            .as_deref()
            .map(|error| error as &(dyn Error + 'static));
        while let Some(error) = next {
            if !line.is_empty() {
                line.push_str(": ");
            }
            line.push_str(&error.to_string());
            next = error.source();
        }
        line
    }

    /// The body for this reader.
    pub fn body(&self, language: Language, request: Option<Uuid>) -> ProblemBody {
        let inner = &self.0;
        ProblemBody {
            kind: inner.kind.uri(),
            title: inner.kind.title().get(language).to_owned(),
            status: inner.kind.status().as_u16(),
            detail: inner
                .detail
                .as_ref()
                .map(|detail| detail.get(language).to_owned()),
            instance: request.map(|id| id.urn().to_string()),
            errors: inner
                .errors
                .iter()
                .map(|(at, fault)| fault_body(at, fault, language))
                .collect(),
            extras: inner.extras.clone(),
        }
    }

    /// The response for this reader.
    pub fn respond(&self, language: Language, request: Option<Uuid>) -> HttpResponse {
        let mut response = HttpResponse::build(self.0.kind.status());
        response.content_type(MEDIA_TYPE);
        response.insert_header((header::CONTENT_LANGUAGE, language.tag()));
        response.insert_header((header::VARY, "Accept-Language"));
        if let Some(seconds) = self.0.extras.retry_after {
            response.insert_header((header::RETRY_AFTER, HeaderValue::from(seconds)));
        }
        if let Some(bytes) = self.0.content_bytes {
            response.insert_header((header::CONTENT_RANGE, format!("bytes */{bytes}")));
        }
        if self.0.kind == Kind::Unauthenticated {
            response.insert_header((header::WWW_AUTHENTICATE, "Bearer realm=\"papierlos\""));
        }
        let mut body = self.body(language, request);
        if body.detail.is_none() && self.0.kind == Kind::NotFound {
            body.detail = Some(hidden_or_gone().get(language).to_owned());
        }
        response.json(body)
    }
}

/// What is said of a thing that is not there: the same as of one that this reader may not know of.
fn hidden_or_gone() -> Text {
    text(
        "Das gibt es nicht, oder es ist für Sie nicht zugänglich. Bitte die Kennung prüfen.",
        "This does not exist, or it is not open to you. Please check the id.",
    )
}

fn fault_body(at: &Place, fault: &Fault, language: Language) -> FaultBody {
    let mut body = FaultBody {
        code: fault.code().to_owned(),
        detail: fault.sentence().get(language).to_owned(),
        limit: fault.limit(),
        ..FaultBody::default()
    };
    match at {
        Place::Pointer(pointer) => body.pointer = Some(pointer.to_string()),
        Place::Parameter(name) => body.parameter = Some(name.to_string()),
        Place::Header(name) => body.header = Some(name.to_string()),
        Place::Part(name) => body.part = Some(name.to_string()),
        Place::Content { line, path, said } => {
            body.part = Some("content".to_owned());
            body.line = *line;
            body.path.clone_from(path);
            said.get(language).clone_into(&mut body.detail);
        }
    }
    body
}

/// A JSON pointer (RFC 6901) to `segments`, escaped.
pub fn pointer<'a>(segments: impl IntoIterator<Item = &'a str>) -> String {
    segments
        .into_iter()
        .flat_map(|segment| {
            [
                "/".to_owned(),
                segment.replace('~', "~0").replace('/', "~1"),
            ]
        })
        .collect()
}

impl fmt::Debug for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Problem")
            .field("kind", &self.0.kind)
            .field("detail", &self.0.detail)
            .field("errors", &self.0.errors)
            .field("extras", &self.0.extras)
            .field("source", &self.0.source)
            .finish()
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} ({})",
            self.0.kind.slug(),
            self.0.kind.status().as_u16()
        )
    }
}

impl Error for Problem {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.0
            .source
            .as_deref()
            .map(|error| error as &(dyn Error + 'static))
    }
}

impl ResponseError for Problem {
    fn status_code(&self) -> StatusCode {
        self.0.kind.status()
    }

    /// Without the edge around it: German and without a request id.
    fn error_response(&self) -> HttpResponse {
        self.respond(Language::default(), None)
    }
}
