//! Relations over HTTP: parse, call, render.

use actix_web::web::{self, Data};
use actix_web::{HttpRequest, HttpResponse, http::header};
use sea_orm::ConnectionTrait;
use storage::{Kms, Storage};
use utoipa::OpenApi;
use uuid::Uuid;

use super::model::{Relation, RelationError};
use super::ops;
use super::rows::{self, Which};
use super::wire::{
    RelationFilter, RelationPage, RelationRequest, RelationView, RelationWithdrawal,
};
use crate::audit::event::Look;
use crate::audit::history::{History, history};
use crate::base::{Actor, DocumentId, RelationId};
use crate::departments::SignedIn;
use crate::documents::{self, Document, DocumentError};
use crate::http::extract::{ETag, IfMatch, Json, ListQuery, MaybeKey, Path};
use crate::http::openapi::{
    ChangeProblems, CreateProblems, IdempotencyParam, IfMatchParam, ListOfProblems, ReadProblems,
};
use crate::http::page::{Cursors, PageRequest, next_link, scope_of};
use crate::http::{Fault, Kind, Language, Problem, text};
use crate::ledger::looks::{Looked, Looks};
use crate::replay::{Answer, Fingerprint, Once};
use crate::unit::{Db, Unit};

impl From<RelationError> for Problem {
    fn from(error: RelationError) -> Self {
        let field = |pointer, fault| Self::new(Kind::Validation).field(pointer, fault);
        match error {
            RelationError::NotFound => Self::new(Kind::NotFound),
            RelationError::NoTarget => field("/target", Fault::NotFound),
            RelationError::Itself => field(
                "/target",
                Fault::Rule {
                    code: "itself",
                    detail: text(
                        "Ein Dokument verweist nicht auf sich selbst.",
                        "A document is not related to itself.",
                    ),
                },
            ),
            RelationError::Exists { existing } => Self::new(Kind::AlreadyExists)
                .detail(text(
                    "Einen Verweis dieser Art gibt es zwischen den beiden schon.",
                    "There is a relation of this kind between the two already.",
                ))
                .existing(existing.raw()),
            RelationError::Withdrawn => Self::new(Kind::StateConflict)
                .detail(text(
                    "Der Verweis ist zurückgezogen.",
                    "The relation was withdrawn.",
                ))
                .current_state("withdrawn"),
            RelationError::Stale { current } => Self::new(Kind::PreconditionFailed)
                .detail(text(
                    "Der Verweis wurde inzwischen geändert. Bitte neu laden und prüfen.",
                    "The relation was changed meanwhile. Please read it again and check.",
                ))
                .current_etag(&ETag::of_version(current)),
            RelationError::Document(error) => error.into(),
            RelationError::Db(error) => error.into(),
        }
    }
}

async fn refused(looks: &Looks, actor: &Actor) -> Result<(), Problem> {
    Ok(looks.note(Looked::of(Look::Refused, actor)).await?)
}

/// Records a look at a document whose relations were shown.
async fn looked(looks: &Looks, actor: &Actor, document: &Document) -> Result<(), Problem> {
    let looked = Looked::of(Look::ReadDocument, actor)
        .at_version(document.id.raw(), document.version)
        .within(document.department);
    Ok(looks.note(looked).await?)
}

/// A document that the actor may see; an attempt at another one is recorded.
async fn see_document(
    db: &Db,
    looks: &Looks,
    actor: &Actor,
    id: Uuid,
) -> Result<Document, Problem> {
    let found = documents::read(db.read(), actor, DocumentId::of(id)).await;
    if let Err(DocumentError::NotFound) = &found {
        refused(looks, actor).await?;
    }
    Ok(found?.document)
}

/// A relation that the actor may see; an attempt at another one is recorded.
async fn see(db: &Db, looks: &Looks, actor: &Actor, id: Uuid) -> Result<Relation, Problem> {
    let found = ops::read(db.read(), actor, RelationId::of(id)).await;
    if let Err(RelationError::NotFound) = &found {
        refused(looks, actor).await?;
    }
    Ok(found?)
}

async fn answer(
    on: &impl ConnectionTrait,
    actor: &Actor,
    (status, relation): (u16, &Relation),
    language: Language,
) -> Result<Answer, RelationError> {
    let one = std::slice::from_ref(relation);
    let mut views = RelationView::of(on, actor, one, language).await?;
    let view = views.pop().ok_or(RelationError::NotFound)?;
    let etag = ETag::of_version(relation.version).to_string();
    let mut answer = Answer::created(&view)?.with_header("etag", etag);
    if status == 201 {
        answer = answer.with_header("location", format!("/api/v1/relations/{}", relation.id));
    }
    answer.status = status;
    Ok(answer)
}

/// Says what a document is to another one: its answer, its attachment. Of a kind there is one between
/// two documents, whichever way it goes.
#[utoipa::path(
    post, path = "/api/v1/relations", tag = "relations", operation_id = "relateDocuments",
    params(IdempotencyParam),
    request_body = RelationRequest,
    responses((status = 201, description = "Related; durable", body = RelationView, headers(
        ("Location" = String, description = "The relation"),
        ("ETag" = String, description = "Its version"),
        ("Idempotent-Replayed" = String, description = "`true`, where the answer is a saved one"))),
        CreateProblems),
    security(("token" = []))
)]
pub(super) async fn post_relation(
    db: Data<Db>,
    looks: Data<Looks>,
    language: Language,
    SignedIn(actor): SignedIn,
    MaybeKey(key): MaybeKey,
    Json(body): Json<RelationRequest>,
) -> Result<HttpResponse, Problem> {
    let source = see_document(&db, &looks, &actor, body.source).await?.id;
    let target = DocumentId::of(body.target);
    let said = serde_json::to_vec(&body).map_err(Problem::internal)?;
    let request = Fingerprint::of(&[b"POST /relations", &said]);
    let once = Once::new(&actor, key, request);
    once.run(&db, &actor, async move |unit: &mut Unit| {
        let relation = ops::relate(unit, body.kind, source, target).await?;
        answer(unit.tx(), unit.actor(), (201, &relation), language).await
    })
    .await
}

/// The relations of a document, from whichever side: those whose other document you see.
#[utoipa::path(
    get, path = "/api/v1/relations", tag = "relations", operation_id = "listRelations",
    params(RelationFilter, PageRequest),
    responses((status = 200, description = "A page", body = RelationPage,
        headers(("Link" = String, description = "`rel=\"next\"`, where there is a next page"))),
        ListOfProblems),
    security(("token" = []))
)]
pub(super) async fn get_relations(
    request: HttpRequest,
    db: Data<Db>,
    looks: Data<Looks>,
    cursors: Data<Cursors>,
    language: Language,
    SignedIn(actor): SignedIn,
    ListQuery {
        filter: asked,
        page: wanted,
    }: ListQuery<RelationFilter>,
) -> Result<HttpResponse, Problem> {
    let scope = scope_of("relations", &asked, &[])?;
    let after: Option<Uuid> = wanted.after(&cursors, &scope)?;
    let document = see_document(&db, &looks, &actor, asked.document).await?;
    let which = match asked.withdrawn {
        Some(true) => Which::All,
        Some(false) | None => Which::Standing,
    };
    let limit = u64::from(wanted.limit);
    let (found, more) = rows::page(db.read(), &actor, document.id, which, after, limit).await?;
    let next_cursor = match found.last() {
        Some(last) if more => Some(cursors.seal(&scope, &last.id.raw())?),
        Some(_) | None => None,
    };
    looked(&looks, &actor, &document).await?;
    let items = RelationView::of(db.read(), &actor, &found, language).await?;
    let mut response = HttpResponse::Ok();
    if let Some(cursor) = &next_cursor {
        response.insert_header((header::LINK, next_link(&request, cursor)));
    }
    Ok(response.json(RelationPage { items, next_cursor }))
}

/// One relation, withdrawn or not.
#[utoipa::path(
    get, path = "/api/v1/relations/{id}", tag = "relations", operation_id = "readRelation",
    params(("id" = Uuid, Path, description = "The relation")),
    responses((status = 200, description = "The relation", body = RelationView,
        headers(("ETag" = String, description = "Its version"))), ReadProblems),
    security(("token" = []))
)]
pub(super) async fn get_relation(
    db: Data<Db>,
    looks: Data<Looks>,
    language: Language,
    SignedIn(actor): SignedIn,
    Path(id): Path<Uuid>,
) -> Result<HttpResponse, Problem> {
    let relation = see(&db, &looks, &actor, id).await?;
    let source = see_document(&db, &looks, &actor, relation.source.raw()).await?;
    looked(&looks, &actor, &source).await?;
    let answer = answer(db.read(), &actor, (200, &relation), language).await?;
    Ok(answer.respond(None))
}

/// What happened to a relation: who made it, who withdrew it and why.
#[utoipa::path(
    get, path = "/api/v1/relations/{id}/history", tag = "relations", operation_id = "readRelationHistory",
    params(("id" = Uuid, Path, description = "The relation")),
    responses((status = 200, description = "First thing first", body = History), ReadProblems),
    security(("token" = []))
)]
pub(super) async fn get_history(
    db: Data<Db>,
    storage: Data<Storage>,
    looks: Data<Looks>,
    SignedIn(actor): SignedIn,
    Path(id): Path<Uuid>,
) -> Result<HttpResponse, Problem> {
    let relation = see(&db, &looks, &actor, id).await?;
    let source = see_document(&db, &looks, &actor, relation.source.raw()).await?;
    looked(&looks, &actor, &source).await?;
    let kms: &dyn Kms = storage.kms().as_ref();
    let told = history(db.read(), kms, relation.id.raw()).await?;
    Ok(HttpResponse::Ok().json(told))
}

/// Withdraws a relation, with a reason: whoever may change the document that bears it.
#[utoipa::path(
    post, path = "/api/v1/relations/{id}/withdraw", tag = "relations", operation_id = "withdrawRelation",
    params(("id" = Uuid, Path, description = "The relation"), IfMatchParam),
    request_body = RelationWithdrawal,
    responses((status = 200, description = "Withdrawn; durable", body = RelationView, headers(
        ("ETag" = String, description = "Its new version"))),
        ChangeProblems),
    security(("token" = []))
)]
pub(super) async fn post_withdraw(
    db: Data<Db>,
    looks: Data<Looks>,
    language: Language,
    SignedIn(actor): SignedIn,
    Path(id): Path<Uuid>,
    if_match: IfMatch,
    Json(body): Json<RelationWithdrawal>,
) -> Result<HttpResponse, Problem> {
    let before = see(&db, &looks, &actor, id).await?;
    let reason = body.read()?;
    if_match.check(&ETag::of_version(before.version))?;
    let written = db
        .write(&actor, async move |unit: &mut Unit| {
            let relation = ops::withdraw(unit, before.id, before.version, reason).await?;
            answer(unit.tx(), unit.actor(), (200, &relation), language).await
        })
        .await?;
    Ok(written.value.respond(Some(written.receipt)))
}

/// The part of the contract that relations bring.
#[derive(Debug, OpenApi)]
#[openapi(paths(post_relation, get_relations, get_relation, get_history, post_withdraw))]
pub struct ApiDoc;

/// The routes of relations.
pub fn routes(config: &mut web::ServiceConfig) {
    let to = |path: &str| web::resource(format!("/api/v1/relations{path}"));
    config
        .service(to("").get(get_relations).post(post_relation))
        .service(to("/{id}").get(get_relation))
        .service(to("/{id}/history").get(get_history))
        .service(to("/{id}/withdraw").post(post_withdraw));
}
