//! Refiling over HTTP, and what a reference names.

use actix_web::web::{self, Data};
use actix_web::{HttpRequest, HttpResponse};
use serde::{Deserialize, Serialize};
use utoipa::{OpenApi, ToSchema};
use uuid::Uuid;

use super::ops::{self, RefilingError, followers_max};
use crate::audit::event::Look;
use crate::base::pattern::REFERENCE_CHARS_MAX;
use crate::base::{Actor, CaseId, DocumentId, FileId};
use crate::cases::{self, CaseError, CaseView};
use crate::departments::SignedIn;
use crate::documents::{self, DocumentError, REASON_CHARS_MAX};
use crate::files::{self, FileError, FileView, What};
use crate::http::extract::{ETag, IfMatch, Json, MaybeKey, Path};
use crate::http::gather::Fields;
use crate::http::openapi::{ActProblems, IdempotencyParam, IfMatchParam, ReadProblems};
use crate::http::{Kind, Language, Problem, text};
use crate::ledger::looks::{Looked, Looks};
use crate::replay::Once;
use crate::unit::{Db, Unit};

/// Longest name of a plan unit, in characters.
const NAME_CHARS_MAX: usize = 200;

impl From<RefilingError> for Problem {
    fn from(error: RefilingError) -> Self {
        match error {
            RefilingError::TooMany => Self::new(Kind::Conflict).detail(text(
                format!(
                    "Darin stehen mehr als {} Vorgänge und Dokumente. Bitte zuerst Vorgänge \
                     einzeln umprotokollieren.",
                    followers_max()
                ),
                format!(
                    "More than {} cases and documents stand inside. Refile cases one by one first.",
                    followers_max()
                ),
            )),
            RefilingError::NoPlace {
                compartment,
                plan_unit,
            } => Self::new(Kind::Conflict).detail(text(
                format!(
                    "In der Abschottung „{compartment}“ gibt es die Aktenplaneinheit „{plan_unit}“ nicht, oder \
                     die Stelle, die die Federführung bekommen soll. Bitte beides einrichten oder die Definition ändern."
                ),
                format!(
                    "There is no plan unit “{plan_unit}” in the compartment “{compartment}”, or not the function \
                     that shall have the lead. Make them, or change the definition."
                ),
            )),
            RefilingError::File(error) => error.into(),
            RefilingError::Case(error) => error.into(),
            RefilingError::Db(error) => error.into(),
        }
    }
}

fn reason(raw: &str) -> Result<String, Problem> {
    let mut fields = Fields::new();
    let reason = fields.line("/reason", raw, REASON_CHARS_MAX);
    fields.done(reason.unwrap_or_default())
}

/// Notes an attempt at what the actor may not see.
async fn refused(looks: &Looks, actor: &Actor) -> Result<(), Problem> {
    let looked = Looked::of(Look::Refused, actor);
    Ok(looks.note(looked).await?)
}

/// Where a file goes, and why.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"plan_unit": "02.1.5", "reason": "Zuständigkeit geändert"}))]
pub(super) struct RefileFile {
    /// The unit of the file plan: its id, or its mark in the edition in force.
    #[schema(max_length = 200)]
    plan_unit: String,
    /// The reason; stands in the history.
    #[schema(min_length = 1, max_length = 1000)]
    reason: String,
}

/// Puts an open file into another unit of the file plan (Umprotokollierung).
///
/// It gets a new reference, and the compartment and the retention of that unit; the old reference
/// stays as an alias. Sub-files, cases and documents keep their references and follow.
#[utoipa::path(
    post, path = "/api/v1/files/{id}/refile", tag = "files", operation_id = "refileFile",
    params(("id" = Uuid, Path, description = "The file"), IfMatchParam, IdempotencyParam),
    request_body = RefileFile,
    responses((status = 200, description = "Refiled; durable", body = FileView, headers(
        ("ETag" = String, description = "Its new version"),
        ("Idempotent-Replayed" = String, description = "`true`, where the answer is a saved one"))),
        ActProblems),
    security(("token" = []))
)]
#[expect(
    clippy::too_many_arguments,
    reason = "what an action needs of its request"
)]
pub(super) async fn post_file(
    request: HttpRequest,
    db: Data<Db>,
    looks: Data<Looks>,
    SignedIn(actor): SignedIn,
    Path(id): Path<Uuid>,
    if_match: IfMatch,
    MaybeKey(key): MaybeKey,
    Json(body): Json<RefileFile>,
) -> Result<HttpResponse, Problem> {
    let once = Once::action(&actor, key, &request, &body)?;
    if let Some(answer) = once.answered(&db).await? {
        return Ok(answer);
    }
    let found = files::read(db.read(), &actor, FileId::of(id)).await;
    if matches!(found, Err(FileError::NotFound)) {
        refused(&looks, &actor).await?;
    }
    let before = found?;
    let mut fields = Fields::new();
    let plan_unit = fields.line("/plan_unit", &body.plan_unit, NAME_CHARS_MAX);
    let why = fields.line("/reason", &body.reason, REASON_CHARS_MAX);
    let (plan_unit, why) = fields.done((plan_unit.unwrap_or_default(), why.unwrap_or_default()))?;
    if_match.check(&ETag::of_version(before.version))?;
    once.run(&db, &actor, async move |unit: &mut Unit| {
        let (id, version) = (before.id, before.version);
        let file = ops::file(unit, id, version, &plan_unit, why).await?;
        let answer = files::answer(unit.tx(), 200, &file, unit.now()).await?;
        Ok::<_, RefilingError>(answer)
    })
    .await
}

/// Where a case goes, and why.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"file": "01922f3c-0000-7000-8000-000000000000", "reason": "Falsch zugeordnet"}))]
pub(super) struct RefileCase {
    /// The file; it must be open.
    file: Uuid,
    /// The reason; stands in the history.
    #[schema(min_length = 1, max_length = 1000)]
    reason: String,
}

/// Puts an open case into another open file (Umprotokollierung). It gets a new reference; the old one
/// stays as an alias. Sub-cases and documents keep their references and follow.
#[utoipa::path(
    post, path = "/api/v1/cases/{id}/refile", tag = "cases", operation_id = "refileCase",
    params(("id" = Uuid, Path, description = "The case"), IfMatchParam, IdempotencyParam),
    request_body = RefileCase,
    responses((status = 200, description = "Refiled; durable", body = CaseView, headers(
        ("ETag" = String, description = "Its new version"),
        ("Idempotent-Replayed" = String, description = "`true`, where the answer is a saved one"))),
        ActProblems),
    security(("token" = []))
)]
#[expect(
    clippy::too_many_arguments,
    reason = "what an action needs of its request"
)]
pub(super) async fn post_case(
    request: HttpRequest,
    db: Data<Db>,
    looks: Data<Looks>,
    SignedIn(actor): SignedIn,
    Path(id): Path<Uuid>,
    if_match: IfMatch,
    MaybeKey(key): MaybeKey,
    Json(body): Json<RefileCase>,
) -> Result<HttpResponse, Problem> {
    let once = Once::action(&actor, key, &request, &body)?;
    if let Some(answer) = once.answered(&db).await? {
        return Ok(answer);
    }
    let found = cases::read(db.read(), &actor, CaseId::of(id)).await;
    if matches!(found, Err(CaseError::NotFound)) {
        refused(&looks, &actor).await?;
    }
    let before = found?;
    let why = reason(&body.reason)?;
    if_match.check(&ETag::of_version(before.version))?;
    once.run(&db, &actor, async move |unit: &mut Unit| {
        let (id, version) = (before.id, before.version);
        let case = ops::case(unit, id, version, FileId::of(body.file), why).await?;
        let answer = cases::answer(unit.tx(), 200, &case, unit.now()).await?;
        Ok::<_, RefilingError>(answer)
    })
    .await
}

/// Where a document goes, and why.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"case": "01922f3c-0000-7000-8000-000000000000", "reason": "Falsch zugeordnet"}))]
pub(super) struct RefileDocument {
    /// The case; it must be open.
    case: Uuid,
    /// The reason; stands in the history.
    #[schema(min_length = 1, max_length = 1000)]
    reason: String,
}

/// Moves a registered document into another open case. It gets a new reference; the old one stays as
/// an alias. Undone by moving it back.
#[utoipa::path(
    post, path = "/api/v1/documents/{id}/refile", tag = "documents", operation_id = "refileDocument",
    params(("id" = Uuid, Path, description = "The document"), IfMatchParam, IdempotencyParam),
    request_body = RefileDocument,
    responses((status = 200, description = "Moved; durable", body = documents::DocumentView, headers(
        ("ETag" = String, description = "Its new version"),
        ("Idempotent-Replayed" = String, description = "`true`, where the answer is a saved one"))),
        ActProblems),
    security(("token" = []))
)]
#[expect(
    clippy::too_many_arguments,
    reason = "what an action needs of its request"
)]
pub(super) async fn post_document(
    request: HttpRequest,
    db: Data<Db>,
    looks: Data<Looks>,
    language: Language,
    SignedIn(actor): SignedIn,
    Path(id): Path<Uuid>,
    if_match: IfMatch,
    MaybeKey(key): MaybeKey,
    Json(body): Json<RefileDocument>,
) -> Result<HttpResponse, Problem> {
    let once = Once::action(&actor, key, &request, &body)?;
    if let Some(answer) = once.answered(&db).await? {
        return Ok(answer);
    }
    let found = documents::read(db.read(), &actor, DocumentId::of(id)).await;
    if matches!(found, Err(DocumentError::NotFound)) {
        refused(&looks, &actor).await?;
    }
    let before = found?.document;
    let why = reason(&body.reason)?;
    if_match.check(&ETag::of_version(before.version))?;
    documents::act(
        &db,
        (&actor, language),
        once,
        async move |unit: &mut Unit| {
            let (id, version) = (before.id, before.version);
            documents::refile(unit, id, version, CaseId::of(body.case), why).await
        },
    )
    .await
}

/// What a reference names.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Reference {
    /// `file`, `case` or `document`.
    #[schema(example = "file")]
    kind: &'static str,
    /// Its id.
    id: Uuid,
    /// The reference that it has now.
    #[schema(example = "02.1.4-2026/0007")]
    reference: String,
    /// Whether it was asked for by an old reference.
    alias: bool,
    /// Betreff.
    subject: String,
}

/// What a reference names; an old one leads to what has another one now.
///
/// A slash in the reference is written `%2F`.
#[utoipa::path(
    get, path = "/api/v1/references/{reference}", tag = "files", operation_id = "resolveReference",
    params(("reference" = String, Path, description = "The reference, percent-encoded",
        example = "02.1.4-2026%2F0007")),
    responses((status = 200, description = "What it names", body = Reference), ReadProblems),
    security(("token" = []))
)]
pub(super) async fn get_reference(
    db: Data<Db>,
    looks: Data<Looks>,
    SignedIn(actor): SignedIn,
    Path(wanted): Path<String>,
) -> Result<HttpResponse, Problem> {
    let found = match wanted.chars().count() {
        0..=REFERENCE_CHARS_MAX => resolve(&db, &actor, &wanted).await?,
        _ => None,
    };
    let Some(found) = found else {
        refused(&looks, &actor).await?;
        return Err(Problem::new(Kind::NotFound));
    };
    Ok(HttpResponse::Ok().json(found))
}

async fn resolve(db: &Db, actor: &Actor, wanted: &str) -> Result<Option<Reference>, Problem> {
    let on = db.read();
    let Some(named) = files::resolve(on, wanted).await? else {
        return Ok(None);
    };
    let alias = named.alias;
    let found = match named.what {
        What::File(id) => match files::read(on, actor, id).await {
            Ok(file) => ("file", id.raw(), file.reference, file.subject),
            Err(FileError::NotFound) => return Ok(None),
            Err(error) => return Err(error.into()),
        },
        What::Case(id) => match cases::read(on, actor, id).await {
            Ok(case) => ("case", id.raw(), case.reference, case.subject),
            Err(CaseError::NotFound) => return Ok(None),
            Err(error) => return Err(error.into()),
        },
        What::Document(id) => match documents::read(on, actor, id).await {
            Ok(held) => {
                let registered = held.document.registered;
                let reference = registered.map(|one| one.reference).unwrap_or_default();
                (
                    "document",
                    id.raw(),
                    reference,
                    held.document.metadata.title,
                )
            }
            Err(DocumentError::NotFound) => return Ok(None),
            Err(error) => return Err(error.into()),
        },
    };
    let (kind, id, reference, subject) = found;
    Ok(Some(Reference {
        kind,
        id,
        reference,
        alias,
        subject,
    }))
}

/// The part of the contract that refiling brings.
#[derive(Debug, OpenApi)]
#[openapi(paths(post_file, post_case, post_document, get_reference))]
pub struct ApiDoc;

/// The routes of refiling.
pub fn routes(config: &mut web::ServiceConfig) {
    config
        .service(web::resource("/api/v1/files/{id}/refile").post(post_file))
        .service(web::resource("/api/v1/cases/{id}/refile").post(post_case))
        .service(web::resource("/api/v1/documents/{id}/refile").post(post_document))
        // Some proxies decode %2F: then the slash stands in the path itself.
        .service(web::resource("/api/v1/references/{reference:.+}").get(get_reference));
}
