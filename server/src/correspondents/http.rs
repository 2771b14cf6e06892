//! Correspondents over HTTP: parse, call, render.

use actix_web::web::{self, Data};
use actix_web::{HttpRequest, HttpResponse, http::header};
use storage::{Kms, Storage};
use utoipa::OpenApi;
use uuid::Uuid;

use super::model::{Correspondent, CorrespondentError};
use super::ops;
use super::rows::{self, After, Filter};
use super::wire::{
    CorrespondentChange, CorrespondentFilter, CorrespondentPage, CorrespondentRequest,
    CorrespondentView, MergeRequest, SplitRequest,
};
use crate::audit::event::Look;
use crate::audit::history::{History, history};
use crate::base::{Actor, CorrespondentId};
use crate::departments::SignedIn;
use crate::http::extract::{ETag, IfMatch, Json, ListQuery, MaybeKey, Path};
use crate::http::gather::{WORDS_CHARS_MAX, narrowing};
use crate::http::openapi::{
    ChangeProblems, CreateProblems, IdempotencyParam, IfMatchParam, ListProblems, ReadProblems,
};
use crate::http::page::{Cursors, PageRequest, next_link, scope_of};
use crate::http::{Fault, Kind, Problem, text};
use crate::ledger::looks::{Looked, Looks};
use crate::replay::{Answer, Fingerprint, Once};
use crate::unit::{Db, Unit};

impl From<CorrespondentError> for Problem {
    fn from(error: CorrespondentError) -> Self {
        let field = |pointer, fault| Self::new(Kind::Validation).field(pointer, fault);
        match error {
            CorrespondentError::NotFound => Self::new(Kind::NotFound),
            CorrespondentError::Forbidden => Self::new(Kind::Forbidden).detail(text(
                "Ändern darf ihn, wer ihn angelegt hat, solange er auf keinem Dokument steht, oder wer eines seiner Dokumente ändern darf.",
                "It is changed by who made it, while it stands on no document, or by who may change one of its documents.",
            )),
            CorrespondentError::NoSurvivor => field("/into", Fault::NotFound),
            CorrespondentError::Itself => field(
                "/into",
                Fault::Rule {
                    code: "itself",
                    detail: text(
                        "Ein Korrespondent geht nicht in sich selbst auf.",
                        "A correspondent is not merged into itself.",
                    ),
                },
            ),
            CorrespondentError::Merged { into } => Self::new(Kind::StateConflict)
                .detail(text(
                    "Der Korrespondent wurde mit einem anderen zusammengeführt.",
                    "The correspondent was merged into another one.",
                ))
                .current_state("merged")
                .existing(into.raw()),
            CorrespondentError::NotMerged => Self::new(Kind::StateConflict)
                .detail(text(
                    "Abtrennen lässt sich nur ein Korrespondent, der mit einem anderen zusammengeführt wurde. Wurde dieser selbst zusammengeführt, muss das zuerst rückgängig gemacht werden.",
                    "Only what was merged into one that stands for itself is split off.",
                ))
                .current_state("not_merged"),
            CorrespondentError::TooManyNames => field("/aliases", Fault::TooMany { max: 500 }),
            CorrespondentError::Stale { current } => Self::new(Kind::PreconditionFailed)
                .detail(text(
                    "Der Korrespondent wurde inzwischen geändert. Bitte neu laden und prüfen.",
                    "The correspondent was changed meanwhile. Please read it again and check.",
                ))
                .current_etag(&ETag::of_version(current)),
            CorrespondentError::Unchanged => field(
                "",
                Fault::Rule {
                    code: "unchanged",
                    detail: text("Es würde sich nichts ändern.", "Nothing would change."),
                },
            ),
            CorrespondentError::Db(error) => error.into(),
        }
    }
}

async fn note(looks: &Looks, actor: &Actor, look: Look, id: Option<Uuid>) -> Result<(), Problem> {
    let looked = Looked::of(look, actor);
    let looked = match id {
        Some(id) => looked.at(id),
        None => looked,
    };
    Ok(looks.note(looked).await?)
}

/// A correspondent that the actor knows; an attempt at another one is recorded.
async fn see(db: &Db, looks: &Looks, actor: &Actor, id: Uuid) -> Result<Correspondent, Problem> {
    let found = ops::read(db.read(), actor, CorrespondentId::of(id)).await;
    if let Err(CorrespondentError::NotFound) = &found {
        note(looks, actor, Look::Refused, None).await?;
    }
    Ok(found?)
}

fn answer(
    status: u16,
    one: &Correspondent,
    may_change: bool,
) -> Result<Answer, CorrespondentError> {
    let etag = ETag::of_version(one.version).to_string();
    let view = CorrespondentView::of(one, may_change);
    let mut answer = Answer::created(&view)?.with_header("etag", etag);
    if status == 201 {
        let location = format!("/api/v1/correspondents/{}", one.id);
        answer = answer.with_header("location", location);
    }
    answer.status = status;
    Ok(answer)
}

/// Makes a correspondent. A name on a document makes one as well, where none is known by it.
#[utoipa::path(
    post, path = "/api/v1/correspondents", tag = "correspondents", operation_id = "createCorrespondent",
    params(IdempotencyParam),
    request_body = CorrespondentRequest,
    responses((status = 201, description = "Made; durable", body = CorrespondentView, headers(
        ("Location" = String, description = "The correspondent"),
        ("ETag" = String, description = "Its version"),
        ("Idempotent-Replayed" = String, description = "`true`, where the answer is a saved one"))),
        CreateProblems),
    security(("token" = []))
)]
pub(super) async fn post_correspondent(
    db: Data<Db>,
    SignedIn(actor): SignedIn,
    MaybeKey(key): MaybeKey,
    Json(body): Json<CorrespondentRequest>,
) -> Result<HttpResponse, Problem> {
    let details = body.details()?;
    let said = serde_json::to_vec(&body).map_err(Problem::internal)?;
    let request = Fingerprint::of(&[b"POST /correspondents", &said]);
    let once = Once::new(&actor, key, request);
    once.run(&db, &actor, async move |unit: &mut Unit| {
        let made = ops::create(unit, details).await?;
        answer(201, &made, true)
    })
    .await
}

/// Correspondents by name: those that stand on documents which you see, and those that you made.
/// Merged ones are listed where `merged_into` asks for them; else their survivors are.
#[utoipa::path(
    get, path = "/api/v1/correspondents", tag = "correspondents", operation_id = "listCorrespondents",
    params(CorrespondentFilter, PageRequest),
    responses((status = 200, description = "A page", body = CorrespondentPage,
        headers(("Link" = String, description = "`rel=\"next\"`, where there is a next page"))),
        ListProblems),
    security(("token" = []))
)]
pub(super) async fn get_correspondents(
    request: HttpRequest,
    db: Data<Db>,
    looks: Data<Looks>,
    cursors: Data<Cursors>,
    SignedIn(actor): SignedIn,
    ListQuery {
        filter: asked,
        page: wanted,
    }: ListQuery<CorrespondentFilter>,
) -> Result<HttpResponse, Problem> {
    let scope = scope_of("correspondents", &asked, &[])?;
    let after: Option<After> = wanted.after(&cursors, &scope)?;
    let filter = Filter {
        words: narrowing("q", asked.q.as_deref(), WORDS_CHARS_MAX)?,
        kind: asked.kind,
        merged_into: asked.merged_into.map(CorrespondentId::of),
    };
    let limit = u64::from(wanted.limit);
    let (found, more) = rows::page(db.read(), &actor, &filter, after, limit).await?;
    let next_cursor = match found.last() {
        Some(last) if more => Some(cursors.seal(&scope, &After::of(last))?),
        Some(_) | None => None,
    };
    let ids: Vec<CorrespondentId> = found.iter().map(|one| one.id).collect();
    let mine = ops::may_change(db.read(), &actor, &ids).await?;
    note(&looks, &actor, Look::List, None).await?;
    let mut response = HttpResponse::Ok();
    if let Some(cursor) = &next_cursor {
        response.insert_header((header::LINK, next_link(&request, cursor)));
    }
    Ok(response.json(CorrespondentPage {
        items: found
            .iter()
            .map(|one| CorrespondentView::of(one, mine.contains(&one.id)))
            .collect(),
        next_cursor,
    }))
}

/// One correspondent. One that was merged names its survivor.
#[utoipa::path(
    get, path = "/api/v1/correspondents/{id}", tag = "correspondents", operation_id = "readCorrespondent",
    params(("id" = Uuid, Path, description = "The correspondent")),
    responses((status = 200, description = "The correspondent", body = CorrespondentView,
        headers(("ETag" = String, description = "Its version"))), ReadProblems),
    security(("token" = []))
)]
pub(super) async fn get_correspondent(
    db: Data<Db>,
    looks: Data<Looks>,
    SignedIn(actor): SignedIn,
    Path(id): Path<Uuid>,
) -> Result<HttpResponse, Problem> {
    let found = see(&db, &looks, &actor, id).await?;
    note(&looks, &actor, Look::ReadCorrespondent, Some(id)).await?;
    let may_change = ops::may_change(db.read(), &actor, &[found.id]).await?;
    Ok(answer(200, &found, !may_change.is_empty())?.respond(None))
}

/// What happened to a correspondent.
#[utoipa::path(
    get, path = "/api/v1/correspondents/{id}/history", tag = "correspondents",
    operation_id = "readCorrespondentHistory",
    params(("id" = Uuid, Path, description = "The correspondent")),
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
    let found = see(&db, &looks, &actor, id).await?;
    note(&looks, &actor, Look::ReadCorrespondent, Some(id)).await?;
    let kms: &dyn Kms = storage.kms().as_ref();
    let told = history(db.read(), kms, found.id.raw()).await?;
    Ok(HttpResponse::Ok().json(told))
}

/// Changes what is said about a correspondent: whoever may change a document on which it stands, or
/// made it.
#[utoipa::path(
    patch, path = "/api/v1/correspondents/{id}", tag = "correspondents",
    operation_id = "changeCorrespondent",
    params(("id" = Uuid, Path, description = "The correspondent"), IfMatchParam),
    request_body = CorrespondentChange,
    responses((status = 200, description = "Changed; durable", body = CorrespondentView, headers(
        ("ETag" = String, description = "Its new version"))),
        ChangeProblems),
    security(("token" = []))
)]
pub(super) async fn patch_correspondent(
    db: Data<Db>,
    looks: Data<Looks>,
    SignedIn(actor): SignedIn,
    Path(id): Path<Uuid>,
    if_match: IfMatch,
    Json(body): Json<CorrespondentChange>,
) -> Result<HttpResponse, Problem> {
    let before = see(&db, &looks, &actor, id).await?;
    let change = body.change()?;
    if_match.check(&ETag::of_version(before.version))?;
    let written = db
        .write(&actor, async move |unit: &mut Unit| {
            let one = ops::change(unit, before.id, before.version, change).await?;
            answer(200, &one, true)
        })
        .await?;
    Ok(written.value.respond(Some(written.receipt)))
}

/// Merges a correspondent into another one. Its names become aliases there; documents on which it stands
/// are found by the survivor, and keep what was written on them. Takes the right to change both.
#[utoipa::path(
    post, path = "/api/v1/correspondents/{id}/merge", tag = "correspondents",
    operation_id = "mergeCorrespondent",
    params(("id" = Uuid, Path, description = "The correspondent that goes"), IfMatchParam),
    request_body = MergeRequest,
    responses((status = 200, description = "Merged; durable. `merged_into` names the survivor",
        body = CorrespondentView, headers(("ETag" = String, description = "Its new version"))),
        ChangeProblems),
    security(("token" = []))
)]
pub(super) async fn post_merge(
    db: Data<Db>,
    looks: Data<Looks>,
    SignedIn(actor): SignedIn,
    Path(id): Path<Uuid>,
    if_match: IfMatch,
    Json(body): Json<MergeRequest>,
) -> Result<HttpResponse, Problem> {
    let before = see(&db, &looks, &actor, id).await?;
    let (into, reason) = body.read()?;
    if_match.check(&ETag::of_version(before.version))?;
    let written = db
        .write(&actor, async move |unit: &mut Unit| {
            let one = ops::merge(unit, before.id, before.version, into, reason).await?;
            answer(200, &one, true)
        })
        .await?;
    Ok(written.value.respond(Some(written.receipt)))
}

/// Undoes a merger: the correspondent stands for itself again and takes along the aliases that it
/// brought. What was filed under the survivor meanwhile stays there.
#[utoipa::path(
    post, path = "/api/v1/correspondents/{id}/split", tag = "correspondents",
    operation_id = "splitCorrespondent",
    params(("id" = Uuid, Path, description = "The correspondent that was merged"), IfMatchParam),
    request_body = SplitRequest,
    responses((status = 200, description = "Split off; durable", body = CorrespondentView, headers(
        ("ETag" = String, description = "Its new version"))),
        ChangeProblems),
    security(("token" = []))
)]
pub(super) async fn post_split(
    db: Data<Db>,
    looks: Data<Looks>,
    SignedIn(actor): SignedIn,
    Path(id): Path<Uuid>,
    if_match: IfMatch,
    Json(body): Json<SplitRequest>,
) -> Result<HttpResponse, Problem> {
    let before = see(&db, &looks, &actor, id).await?;
    let reason = body.read()?;
    if_match.check(&ETag::of_version(before.version))?;
    let written = db
        .write(&actor, async move |unit: &mut Unit| {
            let one = ops::split(unit, before.id, before.version, reason).await?;
            answer(200, &one, true)
        })
        .await?;
    Ok(written.value.respond(Some(written.receipt)))
}

/// The part of the contract that correspondents bring.
#[derive(Debug, OpenApi)]
#[openapi(paths(
    post_correspondent,
    get_correspondents,
    get_correspondent,
    get_history,
    patch_correspondent,
    post_merge,
    post_split
))]
pub struct ApiDoc;

/// The routes of correspondents.
pub fn routes(config: &mut web::ServiceConfig) {
    let to = |path: &str| web::resource(format!("/api/v1/correspondents{path}"));
    config
        .service(to("").get(get_correspondents).post(post_correspondent))
        .service(
            to("/{id}")
                .get(get_correspondent)
                .patch(patch_correspondent),
        )
        .service(to("/{id}/history").get(get_history))
        .service(to("/{id}/merge").post(post_merge))
        .service(to("/{id}/split").post(post_split));
}
