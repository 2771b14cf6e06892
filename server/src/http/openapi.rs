//! The parts of the contract that every feature shares: problems, conditions, paging.
//!
//! A handler says `responses((status = 200, …), ReadProblems)` and `params(PageRequest)`, and the
//! contract then promises what the edge keeps.

use std::collections::BTreeMap;

use utoipa::openapi::header::HeaderBuilder;
use utoipa::openapi::path::Operation;
use utoipa::openapi::response::{Response, ResponseBuilder};
use utoipa::openapi::schema::{
    AdditionalProperties, KnownFormat, Object, ObjectBuilder, Schema, SchemaFormat, Type,
};
use utoipa::openapi::{ComponentsBuilder, ContentBuilder, Header, OpenApi, Ref, RefOr};
use utoipa::{IntoParams, IntoResponses, Modify, PartialSchema, ToSchema};

use super::problem::{Extras, FaultBody, Kind, MEDIA_TYPE, ProblemBody};

/// The responses that stand for these kinds, one for each status.
pub fn responses(kinds: &[Kind]) -> BTreeMap<String, RefOr<Response>> {
    let mut by_status: BTreeMap<u16, Vec<Kind>> = BTreeMap::new();
    for kind in kinds {
        let same = by_status.entry(kind.status().as_u16()).or_default();
        if !same.contains(kind) {
            same.push(*kind);
        }
    }
    by_status
        .into_iter()
        .map(|(status, kinds)| (status.to_string(), RefOr::T(response(&kinds))))
        .collect()
}

/// The responses that stand for these kinds where refusals are details.
pub fn details(kinds: &[Kind]) -> BTreeMap<String, RefOr<Response>> {
    let mut all = responses(kinds);
    let schema = ObjectBuilder::new()
        .description(Some(
            "`detail` with a sentence; or, with 400, lists of sentences by field.",
        ))
        .additional_properties(Some(AdditionalProperties::FreeForm(true)))
        .build();
    for response in all.values_mut() {
        if let RefOr::T(response) = response {
            let body = RefOr::T(ContentBuilder::new().schema(Some(schema.clone())).build());
            response.content = [("application/json".to_owned(), body)]
                .into_iter()
                .collect();
        }
    }
    all
}

fn response(kinds: &[Kind]) -> Response {
    let description: Vec<String> = kinds
        .iter()
        .map(|kind| format!("`{}`: {}", kind.slug(), kind.when()))
        .collect();
    let problem = Ref::from_schema_name(ProblemBody::name().into_owned());
    let content = ContentBuilder::new().schema(Some(problem)).build();
    let mut response = ResponseBuilder::new()
        .description(description.join("\n\n"))
        .content(MEDIA_TYPE, content);
    for kind in kinds {
        response = match kind {
            Kind::TooManyRequests
            | Kind::Unavailable
            | Kind::AccessLogUnavailable
            | Kind::ScannerUnavailable
            | Kind::IndexBehind
            | Kind::Timeout
            | Kind::IdempotencyInProgress => response.header(
                "Retry-After",
                whole("Seconds until the next try makes sense"),
            ),
            Kind::Unauthenticated => response.header("WWW-Authenticate", words("How to sign in")),
            Kind::MethodNotAllowed => response.header("Allow", words("The methods that exist")),
            Kind::RangeNotSatisfiable => response.header(
                "Content-Range",
                words("`bytes */` and the length of the content"),
            ),
            Kind::BadRequest
            | Kind::MalformedJson
            | Kind::MalformedMultipart
            | Kind::QueryInvalid
            | Kind::Forbidden
            | Kind::NotFound
            | Kind::NoPicture
            | Kind::NoCopy
            | Kind::NotAcceptable
            | Kind::RequestTimeout
            | Kind::Conflict
            | Kind::StateConflict
            | Kind::AlreadyExists
            | Kind::PreconditionFailed
            | Kind::PayloadTooLarge
            | Kind::UnsupportedMediaType
            | Kind::Validation
            | Kind::BiometricContent
            | Kind::ContentWithheld
            | Kind::ContentDestroyed
            | Kind::IdempotencyKeyReused
            | Kind::Infected
            | Kind::PreconditionRequired
            | Kind::Internal
            | Kind::NotImplemented
            | Kind::KeyMissing
            | Kind::InsufficientStorage => response,
        };
    }
    response.build()
}

/// A response header that holds words.
pub fn words(description: &str) -> Header {
    let schema = ObjectBuilder::new().schema_type(Type::String).build();
    HeaderBuilder::new()
        .schema(Some(schema))
        .description(Some(description))
        .build()
}

/// A response header that holds a whole number.
pub fn whole(description: &str) -> Header {
    let schema = ObjectBuilder::new()
        .schema_type(Type::Integer)
        .format(Some(SchemaFormat::KnownFormat(KnownFormat::Int64)))
        .minimum(Some(0))
        .build();
    HeaderBuilder::new()
        .schema(Some(schema))
        .description(Some(description))
        .build()
}

/// What can happen to any request of someone who must be signed in.
const ANY: &[Kind] = &[
    Kind::BadRequest,
    Kind::QueryInvalid,
    Kind::Unauthenticated,
    Kind::Forbidden,
    Kind::TooManyRequests,
    Kind::Internal,
    Kind::Unavailable,
    Kind::AccessLogUnavailable,
    Kind::Timeout,
];

macro_rules! groups {
    ($($(#[$doc:meta])* $name:ident = [$($kind:ident),* $(,)?];)+) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy)]
        pub struct $name;

        impl IntoResponses for $name {
            fn responses() -> BTreeMap<String, RefOr<Response>> {
                let own: &[Kind] = &[$(Kind::$kind),*];
                responses(&[ANY, own].concat())
            }
        }
    )+};
}

groups! {
    /// Reading something without naming it: the own account, statistics.
    PlainProblems = [];
    /// Reading one thing.
    ReadProblems = [NotFound];
    /// Reading a list.
    ListProblems = [];
    /// Reading a list that belongs to one thing.
    ListOfProblems = [NotFound];
    /// Searching.
    SearchProblems = [IndexBehind];
    /// Asking what could be said about something that may still be changed.
    SuggestProblems = [NotFound, StateConflict, ContentWithheld, ContentDestroyed, IndexBehind];
    /// Downloading content.
    ContentProblems = [NotFound, PreconditionFailed, RangeNotSatisfiable, ContentWithheld,
        ContentDestroyed];
    /// Reading the text of a document.
    TextProblems = [NotFound, ContentWithheld, ContentDestroyed];
    /// Reading a page: what was not told before is kept.
    PageProblems = [NotFound, ContentWithheld, ContentDestroyed, Conflict, KeyMissing,
        InsufficientStorage];
    /// Downloading a picture: what was not drawn before is kept.
    PictureProblems = [NotFound, NoPicture, ContentWithheld, ContentDestroyed, Conflict,
        PreconditionFailed, RangeNotSatisfiable, KeyMissing, InsufficientStorage];
    /// Downloading a searchable copy: what was not asked for before is put into the queue.
    CopyProblems = [NotFound, NoCopy, ContentWithheld, ContentDestroyed, Conflict,
        PreconditionFailed, RangeNotSatisfiable, KeyMissing, InsufficientStorage];
    /// Printing a label.
    LabelProblems = [NotFound, Conflict];
    /// Splitting a document.
    SplitProblems = [MalformedJson, NotFound, Conflict, StateConflict, IdempotencyInProgress,
        PreconditionFailed, PreconditionRequired, PayloadTooLarge, UnsupportedMediaType, Validation,
        ContentWithheld, ContentDestroyed, IdempotencyKeyReused, Infected, RequestTimeout,
        AlreadyExists, KeyMissing, ScannerUnavailable, InsufficientStorage];
    /// Creating something from JSON.
    CreateProblems = [MalformedJson, NotFound, Conflict, AlreadyExists, IdempotencyInProgress,
        PayloadTooLarge, UnsupportedMediaType, Validation, IdempotencyKeyReused, RequestTimeout,
        KeyMissing, InsufficientStorage];
    /// Filling in a form.
    FormProblems = [MalformedJson, NotFound, Conflict, StateConflict, AlreadyExists,
        IdempotencyInProgress, PayloadTooLarge, UnsupportedMediaType, Validation,
        IdempotencyKeyReused, RequestTimeout, KeyMissing, InsufficientStorage];
    /// Whatever leads to a signature on a tablet.
    SigningProblems = [MalformedJson, NotFound, NoPicture, Conflict, StateConflict, PayloadTooLarge,
        UnsupportedMediaType, Validation, RequestTimeout, ContentWithheld, NotImplemented, KeyMissing,
        InsufficientStorage];
    /// Issuing a secret: it is shown once, so the answer is not saved.
    IssueProblems = [MalformedJson, PayloadTooLarge, UnsupportedMediaType, Validation,
        RequestTimeout, InsufficientStorage];
    /// Saying how one wants something, or what one has read.
    SettingProblems = [MalformedJson, Conflict, StateConflict, PayloadTooLarge, UnsupportedMediaType,
        Validation, RequestTimeout, InsufficientStorage];
    /// Ending something.
    EndProblems = [NotFound, InsufficientStorage];
    /// Beginning what goes on by itself and is told nothing.
    BeginProblems = [StateConflict, InsufficientStorage];
    /// Having the log stamped by somebody outside.
    StampProblems = [StateConflict, IdempotencyInProgress, IdempotencyKeyReused, NotImplemented,
        InsufficientStorage];
    /// Settling something that is in a state.
    SettleProblems = [NotFound, StateConflict, InsufficientStorage];
    /// Creating something from an upload.
    UploadProblems = [MalformedJson, MalformedMultipart, NotFound, Conflict, AlreadyExists,
        IdempotencyInProgress, PayloadTooLarge, UnsupportedMediaType, Validation, BiometricContent,
        IdempotencyKeyReused, Infected, RequestTimeout, KeyMissing, ScannerUnavailable,
        InsufficientStorage];
    /// Adding content to something that exists.
    ReplaceProblems = [MalformedJson, MalformedMultipart, NotFound, StateConflict,
        IdempotencyInProgress, PreconditionFailed, PreconditionRequired, PayloadTooLarge,
        UnsupportedMediaType, Validation, BiometricContent, IdempotencyKeyReused, Infected,
        RequestTimeout, KeyMissing, ScannerUnavailable, InsufficientStorage];
    /// Acting on something that exists, where a repetition is harmless.
    ActProblems = [MalformedJson, NotFound, Conflict, StateConflict, IdempotencyInProgress,
        PreconditionFailed, PreconditionRequired, PayloadTooLarge, UnsupportedMediaType, Validation,
        IdempotencyKeyReused, RequestTimeout, AlreadyExists, KeyMissing, InsufficientStorage];
    /// Beginning a workflow, and whatever is done with one.
    FlowProblems = [MalformedJson, NotFound, Conflict, StateConflict, AlreadyExists, IdempotencyInProgress,
        PreconditionFailed, PayloadTooLarge, UnsupportedMediaType, Validation, IdempotencyKeyReused,
        RequestTimeout, KeyMissing, InsufficientStorage];
    /// Opening what is locked.
    UnlockProblems = [MalformedJson, NotFound, Conflict, ContentWithheld, ContentDestroyed,
        PayloadTooLarge, UnsupportedMediaType, Validation, RequestTimeout, KeyMissing,
        InsufficientStorage];
    /// Changing something that exists.
    ChangeProblems = [MalformedJson, NotFound, Conflict, StateConflict, PreconditionFailed,
        PreconditionRequired, PayloadTooLarge, UnsupportedMediaType, Validation, RequestTimeout,
        AlreadyExists, KeyMissing, InsufficientStorage];
}

/// What is said of bytes that are handed out, whole or in part.
struct Handed {
    /// What the whole is.
    whole: &'static str,
    media_type: &'static str,
    /// What is said of its name.
    name: &'static str,
    /// What is said of its digest.
    digest: &'static str,
}

impl Handed {
    /// The whole, a range of it, and that it is the same as before.
    fn responses(&self) -> BTreeMap<String, RefOr<Response>> {
        let range = words("Which part it is, and of how many bytes");
        let part = self.sent("The range asked for");
        let unchanged = ResponseBuilder::new()
            .description("Not changed")
            .header("ETag", words("Still current"));
        let all = [
            ("200", self.sent(self.whole)),
            ("206", part.header("Content-Range", range)),
            ("304", unchanged),
        ];
        all.into_iter()
            .map(|(status, response)| (status.to_owned(), RefOr::T(response.build())))
            .collect()
    }

    fn sent(&self, description: &str) -> ResponseBuilder {
        let content = ContentBuilder::new().schema(Some(binary())).build();
        ResponseBuilder::new()
            .description(description)
            .content(self.media_type, content)
            .header("ETag", words("`\"sha256-…\"`"))
            .header("Accept-Ranges", words("`bytes`"))
            .header("Content-Disposition", words(self.name))
            .header("Repr-Digest", words(self.digest))
    }
}

macro_rules! handed {
    ($($(#[$doc:meta])* $name:ident = $handed:expr;)+) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy)]
        pub struct $name;

        impl IntoResponses for $name {
            fn responses() -> BTreeMap<String, RefOr<Response>> {
                $handed.responses()
            }
        }
    )+};
}

handed! {
    /// Content as it came in.
    ContentAnswers = Handed {
        whole: "The bytes as they came in",
        media_type: "*/*",
        name: "The file name (RFC 6266)",
        digest: "SHA-256 and SHA-512 of the whole content (RFC 9530)",
    };
    /// A searchable copy.
    CopyAnswers = Handed {
        whole: "The copy",
        media_type: "application/pdf",
        name: "The file name (RFC 6266)",
        digest: "SHA-256 of the whole copy (RFC 9530)",
    };
    /// The picture of a page.
    PictureAnswers = Handed {
        whole: "The picture",
        media_type: "image/webp",
        name: "`inline`",
        digest: "SHA-256 of the whole picture (RFC 9530)",
    };
    /// The small picture of the first page.
    ThumbnailAnswers = Handed {
        whole: "Page 1, 320 dots wide",
        media_type: "image/webp",
        name: "`inline`",
        digest: "SHA-256 of the whole picture (RFC 9530)",
    };
}

/// The header that every change of something that exists must send.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Header)]
pub struct IfMatchParam {
    /// The `ETag` that the change is based on. Missing: 428. No longer current: 412.
    #[param(rename = "If-Match", required = true, example = "\"v3\"")]
    pub if_match: String,
}

/// The header by which a change may say on which version it is based.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Header)]
pub struct MaybeIfMatchParam {
    /// The `ETag` that the change is based on, where you want to be refused if it is no longer current: 412.
    #[param(rename = "If-Match", nullable = false, example = "\"v3\"")]
    pub if_match: Option<String>,
}

/// The header that asks for something only if it has changed.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Header)]
pub struct IfNoneMatchParam {
    /// The `ETag` that the caller has. Still current: 304.
    #[param(rename = "If-None-Match", nullable = false, example = "\"v3\"")]
    pub if_none_match: Option<String>,
}

/// The header that makes it safe to repeat a request.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Header)]
pub struct IdempotencyParam {
    /// A name for this attempt, chosen by the caller: 1 to 255 visible ASCII characters. Repeated
    /// with the same request it gets the first answer again, and nothing happens twice.
    #[param(
        rename = "Idempotency-Key",
        nullable = false,
        min_length = 1,
        max_length = 255,
        pattern = "^[!-~]+$",
        example = "5f3a0c1e-1f0c-4a7e-9a55-3b0d3a0a7b11"
    )]
    pub idempotency_key: Option<String>,
}

/// The headers that ask for a part of content.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Header)]
pub struct RangeParams {
    /// One range of bytes. Several are answered with the whole.
    #[param(rename = "Range", nullable = false, example = "bytes=0-1023")]
    pub range: Option<String>,
    /// The `ETag` that the range belongs to. No longer current: the whole is sent.
    #[param(rename = "If-Range", nullable = false)]
    pub if_range: Option<String>,
}

/// Adds to a contract what the edge does for every operation: the schemas of problems, and the
/// request id on each answer. Bytes that are sent as they are become binary: a client that is made from the
/// contract would take them for a list of numbers.
#[derive(Debug, Clone, Copy)]
pub struct EdgeParts;

impl Modify for EdgeParts {
    fn modify(&self, contract: &mut OpenApi) {
        let schemas = [
            (ProblemBody::name(), ProblemBody::schema()),
            (FaultBody::name(), FaultBody::schema()),
            (Extras::name(), Extras::schema()),
        ];
        let components = contract
            .components
            .get_or_insert_with(|| ComponentsBuilder::new().build());
        for (name, schema) in schemas {
            components.schemas.insert(name.into_owned(), schema);
        }
        for item in contract.paths.paths.values_mut() {
            let operations = [
                &mut item.get,
                &mut item.put,
                &mut item.post,
                &mut item.delete,
                &mut item.options,
                &mut item.head,
                &mut item.patch,
                &mut item.trace,
            ];
            for operation in operations.into_iter().flatten() {
                add_request_id(operation);
                say_binary(operation);
            }
            let writes = [
                &mut item.put,
                &mut item.post,
                &mut item.delete,
                &mut item.patch,
            ];
            writes.into_iter().flatten().for_each(add_receipt);
        }
    }
}

/// Whatever changes something says under which record.
fn add_receipt(operation: &mut Operation) {
    for (status, response) in &mut operation.responses.responses {
        if let (true, RefOr::T(response)) = (status.starts_with('2'), response) {
            let seq = whole("The number of the audit record; none where nothing had to be changed");
            let hash = words("Its hash: with the number the receipt");
            response
                .headers
                .insert("Papierlos-Log-Seq".to_owned(), RefOr::T(seq));
            response
                .headers
                .insert("Papierlos-Log-Hash".to_owned(), RefOr::T(hash));
        }
    }
}

/// Bytes that are sent as they are.
fn binary() -> Object {
    ObjectBuilder::new()
        .schema_type(Type::String)
        .format(Some(SchemaFormat::KnownFormat(KnownFormat::Binary)))
        .build()
}

fn say_binary(operation: &mut Operation) {
    for response in operation.responses.responses.values_mut() {
        let RefOr::T(response) = response else {
            continue;
        };
        for (media_type, content) in &mut response.content {
            let RefOr::T(content) = content else {
                continue;
            };
            let is_list = matches!(content.schema, Some(RefOr::T(Schema::Array(_))));
            if is_list && !media_type.contains("json") {
                content.schema = Some(RefOr::T(Schema::Object(binary())));
            }
        }
    }
}

fn add_request_id(operation: &mut Operation) {
    for response in operation.responses.responses.values_mut() {
        if let RefOr::T(response) = response {
            let id = words("The id of the request, as it stands in the logs and in the audit log");
            response
                .headers
                .insert("X-Request-Id".to_owned(), RefOr::T(id));
        }
    }
}
