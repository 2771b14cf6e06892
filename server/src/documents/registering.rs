//! Handing on and registering over HTTP.

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::filing;
use super::http::{act, expected, see};
use super::model::{DocumentError, REASON_CHARS_MAX, State};
use super::wire::DocumentView;
use crate::base::{CaseId, DocumentId, Right};
use crate::departments::{self, Reader, SignedIn};
use crate::http::extract::{IfMatch, Json, MaybeKey, Path};
use crate::http::gather::Fields;
use crate::http::openapi::{ActProblems, IdempotencyParam, IfMatchParam, ReadProblems};
use crate::http::{Language, Problem};
use crate::ledger::looks::Looks;
use crate::replay::Once;
use crate::unit::{Db, Unit};

/// Longest name of a department or login of an account, in characters.
const NAME_CHARS_MAX: usize = 100;

/// In which case a document is registered.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"case": "01922f3c-0000-7000-8000-000000000000"}))]
pub(super) struct Register {
    /// The case; it must be open.
    case: Uuid,
}

/// Registers a document in a case (veraktet es): it gets its reference, and from now on only its tags
/// change and versions are added. Nothing leads back.
#[utoipa::path(
    post, path = "/api/v1/documents/{id}/register", tag = "documents", operation_id = "registerDocument",
    params(("id" = Uuid, Path, description = "The document"), IfMatchParam, IdempotencyParam),
    request_body = Register,
    responses((status = 200, description = "Registered; durable", body = DocumentView, headers(
        ("ETag" = String, description = "Its new version"),
        ("Idempotent-Replayed" = String, description = "`true`, where the answer is a saved one"))),
        ActProblems),
    security(("token" = []))
)]
#[expect(
    clippy::too_many_arguments,
    reason = "what an action needs of its request"
)]
pub(super) async fn post_register(
    request: HttpRequest,
    db: Data<Db>,
    looks: Data<Looks>,
    language: Language,
    SignedIn(actor): SignedIn,
    Path(id): Path<Uuid>,
    if_match: IfMatch,
    MaybeKey(key): MaybeKey,
    Json(body): Json<Register>,
) -> Result<HttpResponse, Problem> {
    let once = Once::action(&actor, key, &request, &body)?;
    if let Some(answer) = once.answered(&db).await? {
        return Ok(answer);
    }
    let id = DocumentId::of(id);
    let before = see(&db, &looks, &actor, id).await?;
    let document = &before.document;
    // Before the entity tag: whoever was second shall learn why.
    if document.state == State::Registered {
        return Err(DocumentError::State {
            current: document.state,
        }
        .into());
    }
    let expected = expected(&if_match, document.version)?;
    act(
        &db,
        (&actor, language),
        once,
        async move |unit: &mut Unit| {
            filing::register(unit, id, expected, CaseId::of(body.case)).await
        },
    )
    .await
}

/// To whom a document is handed on.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"department": "finanzen", "inbox": "k.sommer", "note": "Bitte prüfen"}))]
pub(super) struct RouteRequest {
    /// Short name or id of the department.
    #[schema(max_length = 100)]
    department: String,
    /// Login or id of the account in whose inbox it goes, or `function:` and the short name of a
    /// function of that department; without it, the inbox of the department.
    #[serde(default)]
    #[schema(max_length = 100, nullable = false)]
    inbox: Option<String>,
    /// What is said with it; stands in the history.
    #[serde(default)]
    #[schema(max_length = 1000, nullable = false)]
    note: Option<String>,
}

impl RouteRequest {
    fn route(&self) -> Result<filing::Route, Problem> {
        let mut fields = Fields::new();
        let department = fields.line("/department", &self.department, NAME_CHARS_MAX);
        let inbox = self
            .inbox
            .as_deref()
            .and_then(|raw| fields.line("/inbox", raw, NAME_CHARS_MAX));
        let note = self
            .note
            .as_deref()
            .and_then(|raw| fields.paragraph("/note", raw, REASON_CHARS_MAX));
        fields.done(filing::Route {
            department: department.unwrap_or_default(),
            inbox,
            note,
        })
    }
}

/// Hands an incoming document on to another department or person. Whoever does not see what stands
/// there loses sight of it; the history says who had it.
#[utoipa::path(
    post, path = "/api/v1/documents/{id}/route", tag = "documents", operation_id = "routeDocument",
    params(("id" = Uuid, Path, description = "The document"), IfMatchParam, IdempotencyParam),
    request_body = RouteRequest,
    responses((status = 200, description = "Handed on; durable", body = DocumentView, headers(
        ("ETag" = String, description = "Its new version"),
        ("Idempotent-Replayed" = String, description = "`true`, where the answer is a saved one"))),
        ActProblems),
    security(("token" = []))
)]
#[expect(
    clippy::too_many_arguments,
    reason = "what an action needs of its request"
)]
pub(super) async fn post_route(
    request: HttpRequest,
    db: Data<Db>,
    looks: Data<Looks>,
    language: Language,
    SignedIn(actor): SignedIn,
    Path(id): Path<Uuid>,
    if_match: IfMatch,
    MaybeKey(key): MaybeKey,
    Json(body): Json<RouteRequest>,
) -> Result<HttpResponse, Problem> {
    let once = Once::action(&actor, key, &request, &body)?;
    if let Some(answer) = once.answered(&db).await? {
        return Ok(answer);
    }
    let id = DocumentId::of(id);
    let before = see(&db, &looks, &actor, id).await?;
    let route = body.route()?;
    let expected = expected(&if_match, before.document.version)?;
    act(
        &db,
        (&actor, language),
        once,
        async move |unit: &mut Unit| filing::route(unit, id, expected, route).await,
    )
    .await
}

/// Someone into whose inbox it can go.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Recipient)]
pub(super) struct RecipientView {
    /// The account.
    id: Uuid,
    /// The name to sign in with.
    login: String,
    /// The name for people.
    name: String,
}

impl From<Reader> for RecipientView {
    fn from(reader: Reader) -> Self {
        Self {
            id: reader.id.raw(),
            login: reader.login,
            name: reader.name,
        }
    }
}

/// A department to which it can be handed on.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct RecipientDepartment {
    /// Its short name.
    slug: String,
    /// Its name.
    name: String,
    /// Those who work there and may read the document there, by name.
    people: Vec<RecipientView>,
}

/// To whom a document can be handed on.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Recipients {
    /// The departments.
    items: Vec<RecipientDepartment>,
}

/// To whom a document can be handed on: every department, with those of it in whose inbox it may go.
/// For those who may hand it on.
#[utoipa::path(
    get, path = "/api/v1/documents/{id}/recipients", tag = "documents", operation_id = "listRecipients",
    params(("id" = Uuid, Path, description = "The document")),
    responses((status = 200, description = "By number", body = Recipients), ReadProblems),
    security(("token" = []))
)]
pub(super) async fn get_recipients(
    db: Data<Db>,
    looks: Data<Looks>,
    SignedIn(actor): SignedIn,
    Path(id): Path<Uuid>,
) -> Result<HttpResponse, Problem> {
    let held = see(&db, &looks, &actor, DocumentId::of(id)).await?;
    if !actor.may(Right::Route, held.document.place()) {
        return Err(DocumentError::Forbidden.into());
    }
    let compartment = held.document.compartment;
    let all = departments::readers(db.read(), compartment, db.now())
        .await
        .map_err(DocumentError::from)?;
    let items = all
        .into_iter()
        .map(|(department, people)| RecipientDepartment {
            slug: department.slug,
            name: department.name,
            people: people.into_iter().map(RecipientView::from).collect(),
        })
        .collect();
    Ok(HttpResponse::Ok().json(Recipients { items }))
}
