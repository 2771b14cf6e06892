//! Closing, opening again and holds over HTTP.

use actix_web::web::{self, Data};
use actix_web::{HttpRequest, HttpResponse};
use serde::{Deserialize, Serialize};
use utoipa::{OpenApi, ToSchema};
use uuid::Uuid;

use super::ops::{self, GoesOn, RetentionError};
use crate::audit::event::Look;
use crate::base::{Actor, CaseId, DocumentId, FileId, HoldId};
use crate::cases::{self, Case, CaseError, CaseView};
use crate::departments::SignedIn;
use crate::files::{self, CaseFile, FileError, FileView, HoldView, REASON_CHARS_MAX};
use crate::holds::{Hold, Object};
use crate::http::extract::{ETag, IfMatch, Json, MaybeKey, Path};
use crate::http::gather::Fields;
use crate::http::openapi::{ActProblems, CreateProblems, IdempotencyParam, IfMatchParam};
use crate::http::{Fault, Kind, Problem, text};
use crate::ledger::looks::{Looked, Looks};
use crate::replay::{Answer, Fingerprint, Once};
use crate::unit::{Db, Unit};

fn conflict(state: &'static str, german: &str, english: &str) -> Problem {
    Problem::new(Kind::StateConflict)
        .detail(text(german.to_owned(), english.to_owned()))
        .current_state(state)
}

impl From<RetentionError> for Problem {
    fn from(error: RetentionError) -> Self {
        match error {
            RetentionError::NotFound => Self::new(Kind::NotFound),
            RetentionError::Forbidden => Self::new(Kind::Forbidden).detail(text(
                "Löschsperren setzen und aufheben darf hier nur Leitung oder Registratur.",
                "Only a head or the registry may place and lift holds here.",
            )),
            RetentionError::IsOpen => conflict(
                "open",
                "Es ist nicht zu den Akten geschrieben.",
                "It is not closed.",
            ),
            RetentionError::OpenInside => conflict(
                "open",
                "Darin ist noch ein Vorgang oder eine Teilakte offen. Bitte zuerst schließen.",
                "A case or a sub-file inside is still open. Close it first.",
            ),
            RetentionError::GoesOn => conflict(
                "open",
                "In dem Vorgang läuft noch ein Umlauf. Bitte ihn zu Ende führen oder abbrechen; er schließt \
                 den Vorgang, wo seine Regeln das sagen.",
                "A workflow still runs in the case. Bring it to its end, or cancel it; it closes the case where \
                 its rules say so.",
            ),
            RetentionError::UnregisteredInside => conflict(
                "open",
                "Darin steht noch ein Entwurf oder ein Eingang. Bitte zuerst verakten oder \
                 aussortieren.",
                "A draft or an incoming document is still inside. Register or discard it first.",
            ),
            RetentionError::ClosedAround => conflict(
                "closed",
                "Die Akte oder der Vorgang darüber ist zu den Akten geschrieben. Bitte zuerst \
                 wieder öffnen.",
                "The file or the case around it is closed. Open that first.",
            ),
            RetentionError::Lifted => conflict(
                "lifted",
                "Die Löschsperre ist schon aufgehoben.",
                "The hold was lifted already.",
            ),
            RetentionError::Stale { current } => {
                Self::new(Kind::PreconditionFailed).current_etag(&ETag::of_version(current))
            }
            RetentionError::File(error) => error.into(),
            RetentionError::Case(error) => error.into(),
            RetentionError::Db(error) => error.into(),
        }
    }
}

/// Notes an attempt at what the actor may not see.
async fn refused(looks: &Looks, actor: &Actor) -> Result<(), Problem> {
    let looked = Looked::of(Look::Refused, actor);
    Ok(looks.note(looked).await?)
}

async fn see_file(db: &Db, looks: &Looks, actor: &Actor, id: Uuid) -> Result<CaseFile, Problem> {
    let found = files::read(db.read(), actor, FileId::of(id)).await;
    if matches!(found, Err(FileError::NotFound)) {
        refused(looks, actor).await?;
    }
    Ok(found?)
}

async fn see_case(db: &Db, looks: &Looks, actor: &Actor, id: Uuid) -> Result<Case, Problem> {
    let found = cases::read(db.read(), actor, CaseId::of(id)).await;
    if matches!(found, Err(CaseError::NotFound)) {
        refused(looks, actor).await?;
    }
    Ok(found?)
}

/// Why something is done.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Reason, example = json!({"reason": "Widerspruch eingegangen"}))]
pub(super) struct ReasonRequest {
    /// The reason; stands in the history.
    #[schema(min_length = 1, max_length = 1000)]
    reason: String,
}

impl ReasonRequest {
    fn read(&self) -> Result<String, Problem> {
        let mut fields = Fields::new();
        let reason = fields.line("/reason", &self.reason, REASON_CHARS_MAX);
        fields.done(reason.unwrap_or_default())
    }
}

/// Closes a file: zu den Akten. No case and no sub-file in it may be open. Its retention begins.
#[utoipa::path(
    post, path = "/api/v1/files/{id}/close", tag = "files", operation_id = "closeFile",
    params(("id" = Uuid, Path, description = "The file"), IfMatchParam, IdempotencyParam),
    responses((status = 200, description = "Closed; durable", body = FileView, headers(
        ("ETag" = String, description = "Its new version"),
        ("Idempotent-Replayed" = String, description = "`true`, where the answer is a saved one"))),
        ActProblems),
    security(("token" = []))
)]
pub(super) async fn post_close_file(
    request: HttpRequest,
    db: Data<Db>,
    looks: Data<Looks>,
    SignedIn(actor): SignedIn,
    Path(id): Path<Uuid>,
    if_match: IfMatch,
    MaybeKey(key): MaybeKey,
) -> Result<HttpResponse, Problem> {
    let once = Once::action(&actor, key, &request, &())?;
    if let Some(answer) = once.answered(&db).await? {
        return Ok(answer);
    }
    let before = see_file(&db, &looks, &actor, id).await?;
    if_match.check(&ETag::of_version(before.version))?;
    once.run(&db, &actor, async move |unit: &mut Unit| {
        let file = ops::close_file(unit, before.id, before.version).await?;
        let answer = files::answer(unit.tx(), 200, &file, unit.now()).await?;
        Ok::<_, RetentionError>(answer)
    })
    .await
}

/// Opens a closed file again, with a reason. Its retention is void until it is closed anew.
#[utoipa::path(
    post, path = "/api/v1/files/{id}/reopen", tag = "files", operation_id = "reopenFile",
    params(("id" = Uuid, Path, description = "The file"), IfMatchParam, IdempotencyParam),
    request_body = ReasonRequest,
    responses((status = 200, description = "Open; durable", body = FileView, headers(
        ("ETag" = String, description = "Its new version"),
        ("Idempotent-Replayed" = String, description = "`true`, where the answer is a saved one"))),
        ActProblems),
    security(("token" = []))
)]
#[expect(
    clippy::too_many_arguments,
    reason = "what an action needs of its request"
)]
pub(super) async fn post_reopen_file(
    request: HttpRequest,
    db: Data<Db>,
    looks: Data<Looks>,
    SignedIn(actor): SignedIn,
    Path(id): Path<Uuid>,
    if_match: IfMatch,
    MaybeKey(key): MaybeKey,
    Json(body): Json<ReasonRequest>,
) -> Result<HttpResponse, Problem> {
    let once = Once::action(&actor, key, &request, &body)?;
    if let Some(answer) = once.answered(&db).await? {
        return Ok(answer);
    }
    let before = see_file(&db, &looks, &actor, id).await?;
    let reason = body.read()?;
    if_match.check(&ETag::of_version(before.version))?;
    once.run(&db, &actor, async move |unit: &mut Unit| {
        let file = ops::reopen_file(unit, &before, reason).await?;
        let answer = files::answer(unit.tx(), 200, &file, unit.now()).await?;
        Ok::<_, RetentionError>(answer)
    })
    .await
}

/// Closes a case: zu den Akten. No draft, no incoming document, no workflow and no sub-case in it may be open.
#[utoipa::path(
    post, path = "/api/v1/cases/{id}/close", tag = "cases", operation_id = "closeCase",
    params(("id" = Uuid, Path, description = "The case"), IfMatchParam, IdempotencyParam),
    responses((status = 200, description = "Closed; durable", body = CaseView, headers(
        ("ETag" = String, description = "Its new version"),
        ("Idempotent-Replayed" = String, description = "`true`, where the answer is a saved one"))),
        ActProblems),
    security(("token" = []))
)]
#[expect(
    clippy::too_many_arguments,
    reason = "what an action needs of its request"
)]
pub(super) async fn post_close_case(
    request: HttpRequest,
    db: Data<Db>,
    looks: Data<Looks>,
    goes_on: Data<GoesOn>,
    SignedIn(actor): SignedIn,
    Path(id): Path<Uuid>,
    if_match: IfMatch,
    MaybeKey(key): MaybeKey,
) -> Result<HttpResponse, Problem> {
    let once = Once::action(&actor, key, &request, &())?;
    if let Some(answer) = once.answered(&db).await? {
        return Ok(answer);
    }
    let before = see_case(&db, &looks, &actor, id).await?;
    if_match.check(&ETag::of_version(before.version))?;
    let goes_on = *goes_on.get_ref();
    once.run(&db, &actor, async move |unit: &mut Unit| {
        let case = ops::close_case(unit, before.id, before.version, goes_on).await?;
        let answer = cases::answer(unit.tx(), 200, &case, unit.now()).await?;
        Ok::<_, RetentionError>(answer)
    })
    .await
}

/// Opens a closed case again, with a reason. Its file must be open.
#[utoipa::path(
    post, path = "/api/v1/cases/{id}/reopen", tag = "cases", operation_id = "reopenCase",
    params(("id" = Uuid, Path, description = "The case"), IfMatchParam, IdempotencyParam),
    request_body = ReasonRequest,
    responses((status = 200, description = "Open; durable", body = CaseView, headers(
        ("ETag" = String, description = "Its new version"),
        ("Idempotent-Replayed" = String, description = "`true`, where the answer is a saved one"))),
        ActProblems),
    security(("token" = []))
)]
#[expect(
    clippy::too_many_arguments,
    reason = "what an action needs of its request"
)]
pub(super) async fn post_reopen_case(
    request: HttpRequest,
    db: Data<Db>,
    looks: Data<Looks>,
    SignedIn(actor): SignedIn,
    Path(id): Path<Uuid>,
    if_match: IfMatch,
    MaybeKey(key): MaybeKey,
    Json(body): Json<ReasonRequest>,
) -> Result<HttpResponse, Problem> {
    let once = Once::action(&actor, key, &request, &body)?;
    if let Some(answer) = once.answered(&db).await? {
        return Ok(answer);
    }
    let before = see_case(&db, &looks, &actor, id).await?;
    let reason = body.read()?;
    if_match.check(&ETag::of_version(before.version))?;
    once.run(&db, &actor, async move |unit: &mut Unit| {
        let case = ops::reopen_case(unit, &before, reason).await?;
        let answer = cases::answer(unit.tx(), 200, &case, unit.now()).await?;
        Ok::<_, RetentionError>(answer)
    })
    .await
}

/// What shall bear a hold, and why. Exactly one of `file`, `case` and `document` is given.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"file": "01922f3c-0000-7000-8000-000000000000",
    "reason": "Klageverfahren 4 K 17/26"}))]
pub(super) struct HoldRequest {
    /// A file, with everything in it.
    #[serde(default)]
    #[schema(nullable = false)]
    file: Option<Uuid>,
    /// A case, with everything in it.
    #[serde(default)]
    #[schema(nullable = false)]
    case: Option<Uuid>,
    /// A document.
    #[serde(default)]
    #[schema(nullable = false)]
    document: Option<Uuid>,
    /// The reason; stands on everything that bears the hold.
    #[schema(min_length = 1, max_length = 1000)]
    reason: String,
}

impl HoldRequest {
    fn read(&self) -> Result<(Object, String), Problem> {
        let mut fields = Fields::new();
        let reason = fields.line("/reason", &self.reason, REASON_CHARS_MAX);
        let object = match (self.file, self.case, self.document) {
            (Some(id), None, None) => Some(Object::File(FileId::of(id))),
            (None, Some(id), None) => Some(Object::Case(CaseId::of(id))),
            (None, None, Some(id)) => Some(Object::Document(DocumentId::of(id))),
            (_, _, _) => None,
        };
        if object.is_none() {
            fields.fault(
                "",
                Fault::Rule {
                    code: "one-object",
                    detail: text(
                        "Genau eines von file, case und document angeben.",
                        "Give exactly one of file, case and document.",
                    ),
                },
            );
        }
        let fallback = Object::File(FileId::of(Uuid::nil()));
        fields.done((object.unwrap_or(fallback), reason.unwrap_or_default()))
    }
}

fn hold_answer(status: u16, hold: &Hold) -> Result<Answer, RetentionError> {
    let etag = ETag::of_version(hold.version).to_string();
    let mut answer = Answer::created(&HoldView::from(hold))?.with_header("etag", etag);
    answer.status = status;
    Ok(answer)
}

/// Places a hold (Löschsperre) on a file, a case or a document. There may be several.
#[utoipa::path(
    post, path = "/api/v1/holds", tag = "files", operation_id = "placeHold",
    params(IdempotencyParam),
    request_body = HoldRequest,
    responses((status = 201, description = "Placed; durable", body = HoldView, headers(
        ("ETag" = String, description = "Its version"),
        ("Idempotent-Replayed" = String, description = "`true`, where the answer is a saved one"))),
        CreateProblems),
    security(("token" = []))
)]
pub(super) async fn post_hold(
    db: Data<Db>,
    SignedIn(actor): SignedIn,
    MaybeKey(key): MaybeKey,
    Json(body): Json<HoldRequest>,
) -> Result<HttpResponse, Problem> {
    let (object, reason) = body.read()?;
    let said = serde_json::to_vec(&body).map_err(Problem::internal)?;
    let request = Fingerprint::of(&[b"POST /holds", &said]);
    let once = Once::new(&actor, key, request);
    once.run(&db, &actor, async move |unit: &mut Unit| {
        let hold = ops::place_hold(unit, object, reason).await?;
        hold_answer(201, &hold)
    })
    .await
}

/// Lifts a hold, with a reason. It stays in the history of what bore it.
#[utoipa::path(
    post, path = "/api/v1/holds/{id}/lift", tag = "files", operation_id = "liftHold",
    params(("id" = Uuid, Path, description = "The hold"), IfMatchParam, IdempotencyParam),
    request_body = ReasonRequest,
    responses((status = 200, description = "Lifted; durable", body = HoldView, headers(
        ("ETag" = String, description = "Its new version"),
        ("Idempotent-Replayed" = String, description = "`true`, where the answer is a saved one"))),
        ActProblems),
    security(("token" = []))
)]
pub(super) async fn post_lift(
    request: HttpRequest,
    db: Data<Db>,
    SignedIn(actor): SignedIn,
    Path(id): Path<Uuid>,
    if_match: IfMatch,
    MaybeKey(key): MaybeKey,
    Json(body): Json<ReasonRequest>,
) -> Result<HttpResponse, Problem> {
    let once = Once::action(&actor, key, &request, &body)?;
    if let Some(answer) = once.answered(&db).await? {
        return Ok(answer);
    }
    let reason = body.read()?;
    // A hold has two versions: placed and lifted.
    let expected = if_match.check(&ETag::of_version(1)).is_ok().then_some(1);
    once.run(&db, &actor, async move |unit: &mut Unit| {
        let hold = ops::lift_hold(unit, HoldId::of(id), expected, reason).await?;
        hold_answer(200, &hold)
    })
    .await
}

/// The part of the contract that retention brings.
#[derive(Debug, OpenApi)]
#[openapi(paths(
    post_close_file,
    post_reopen_file,
    post_close_case,
    post_reopen_case,
    post_hold,
    post_lift
))]
pub struct ApiDoc;

/// The routes of retention.
pub fn routes(config: &mut web::ServiceConfig) {
    let to = |path: &str| web::resource(format!("/api/v1{path}"));
    config
        .service(to("/files/{id}/close").post(post_close_file))
        .service(to("/files/{id}/reopen").post(post_reopen_file))
        .service(to("/cases/{id}/close").post(post_close_case))
        .service(to("/cases/{id}/reopen").post(post_reopen_case))
        .service(to("/holds").post(post_hold))
        .service(to("/holds/{id}/lift").post(post_lift));
}
