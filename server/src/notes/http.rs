//! Notes over HTTP: parse, call, render.

use actix_web::web::{self, Data};
use actix_web::{HttpRequest, HttpResponse, http::header};
use storage::{Kms, Storage};
use utoipa::OpenApi;
use uuid::Uuid;

use super::model::{Note, NoteError};
use super::ops::{self, Seen};
use super::rows::{self, Which};
use super::wire::{NoteChange, NoteFilter, NotePage, NoteRequest, NoteView, NoteWithdrawal};
use crate::audit::event::Look;
use crate::audit::history::{History, history_of};
use crate::base::{Actor, NoteId};
use crate::departments::SignedIn;
use crate::holds::Object;
use crate::http::extract::{ETag, IfMatch, Json, ListQuery, MaybeKey, Path};
use crate::http::openapi::{
    ChangeProblems, CreateProblems, IdempotencyParam, IfMatchParam, ListOfProblems, ReadProblems,
};
use crate::http::page::{Cursors, PageRequest, next_link, scope_of};
use crate::http::{Fault, Kind, Problem, text};
use crate::ledger::looks::{Looked, Looks};
use crate::replay::{Answer, Fingerprint, Once};
use crate::unit::{Db, Unit};

impl From<NoteError> for Problem {
    fn from(error: NoteError) -> Self {
        match error {
            NoteError::NotFound => Self::new(Kind::NotFound),
            NoteError::NotAuthor => Self::new(Kind::Forbidden).detail(text(
                "Den Wortlaut einer Notiz ändert nur, wer sie geschrieben hat.",
                "Only its author changes the words of a note.",
            )),
            NoteError::Withdrawn => Self::new(Kind::StateConflict)
                .detail(text(
                    "Die Notiz ist zurückgezogen.",
                    "The note was withdrawn.",
                ))
                .current_state("withdrawn"),
            NoteError::Stale { current } => Self::new(Kind::PreconditionFailed)
                .detail(text(
                    "Die Notiz wurde inzwischen geändert. Bitte neu laden und prüfen.",
                    "The note was changed meanwhile. Please read it again and check.",
                ))
                .current_etag(&ETag::of_version(current)),
            NoteError::Unchanged => Self::new(Kind::Validation).field(
                "",
                Fault::Rule {
                    code: "unchanged",
                    detail: text("Es würde sich nichts ändern.", "Nothing would change."),
                },
            ),
            NoteError::File(error) => error.into(),
            NoteError::Case(error) => error.into(),
            NoteError::Document(error) => error.into(),
            NoteError::Db(error) => error.into(),
        }
    }
}

/// Records a look at what notes stand on.
async fn looked(looks: &Looks, actor: &Actor, seen: &Seen) -> Result<(), Problem> {
    let look = match seen.object {
        Object::File(_) => Look::ReadFile,
        Object::Case(_) => Look::ReadCase,
        Object::Document(_) => Look::ReadDocument,
    };
    let looked = Looked::of(look, actor)
        .at_version(seen.object.raw(), seen.version)
        .within(seen.place.unit);
    Ok(looks.note(looked).await?)
}

/// What was found; an attempt at what the actor may not see is recorded.
async fn found<T>(looks: &Looks, actor: &Actor, found: Result<T, NoteError>) -> Result<T, Problem> {
    match found {
        Ok(found) => Ok(found),
        Err(error) => {
            let problem = Problem::from(error);
            if problem.kind() == Kind::NotFound {
                looks.note(Looked::of(Look::Refused, actor)).await?;
            }
            Err(problem)
        }
    }
}

fn answer(status: u16, note: &Note) -> Result<Answer, NoteError> {
    let etag = ETag::of_version(note.version).to_string();
    let mut answer = Answer::created(&NoteView::from(note))?.with_header("etag", etag);
    if status == 201 {
        answer = answer.with_header("location", format!("/api/v1/notes/{}", note.id));
    }
    answer.status = status;
    Ok(answer)
}

/// Writes a note on a file, a case or a document. Whoever sees that sees the note.
#[utoipa::path(
    post, path = "/api/v1/notes", tag = "notes", operation_id = "addNote",
    params(IdempotencyParam),
    request_body = NoteRequest,
    responses((status = 201, description = "Written; durable", body = NoteView, headers(
        ("Location" = String, description = "The note"),
        ("ETag" = String, description = "Its version"),
        ("Idempotent-Replayed" = String, description = "`true`, where the answer is a saved one"))),
        CreateProblems),
    security(("token" = []))
)]
pub(super) async fn post_note(
    db: Data<Db>,
    looks: Data<Looks>,
    SignedIn(actor): SignedIn,
    MaybeKey(key): MaybeKey,
    Json(body): Json<NoteRequest>,
) -> Result<HttpResponse, Problem> {
    let (object, words) = body.read()?;
    found(&looks, &actor, ops::see(db.read(), &actor, object).await).await?;
    let said = serde_json::to_vec(&body).map_err(Problem::internal)?;
    let request = Fingerprint::of(&[b"POST /notes", &said]);
    let once = Once::new(&actor, key, request);
    once.run(&db, &actor, async move |unit: &mut Unit| {
        let note = ops::add(unit, object, words).await?;
        answer(201, &note)
    })
    .await
}

/// The notes on a file, a case or a document.
#[utoipa::path(
    get, path = "/api/v1/notes", tag = "notes", operation_id = "listNotes",
    params(NoteFilter, PageRequest),
    responses((status = 200, description = "A page", body = NotePage,
        headers(("Link" = String, description = "`rel=\"next\"`, where there is a next page"))),
        ListOfProblems),
    security(("token" = []))
)]
pub(super) async fn get_notes(
    request: HttpRequest,
    db: Data<Db>,
    looks: Data<Looks>,
    cursors: Data<Cursors>,
    SignedIn(actor): SignedIn,
    ListQuery {
        filter: asked,
        page: wanted,
    }: ListQuery<NoteFilter>,
) -> Result<HttpResponse, Problem> {
    let object = asked.object()?;
    let scope = scope_of("notes", &asked, &[])?;
    let after: Option<Uuid> = wanted.after(&cursors, &scope)?;
    let seen = ops::see(db.read(), &actor, object).await;
    let seen = found(&looks, &actor, seen).await?;
    let which = match asked.withdrawn {
        Some(true) => Which::All,
        Some(false) | None => Which::Standing,
    };
    let limit = u64::from(wanted.limit);
    let (notes, more) = rows::page(db.read(), object, which, after, limit).await?;
    let next_cursor = match notes.last() {
        Some(last) if more => Some(cursors.seal(&scope, &last.id.raw())?),
        Some(_) | None => None,
    };
    looked(&looks, &actor, &seen).await?;
    let mut response = HttpResponse::Ok();
    if let Some(cursor) = &next_cursor {
        response.insert_header((header::LINK, next_link(&request, cursor)));
    }
    Ok(response.json(NotePage {
        items: notes.iter().map(NoteView::from).collect(),
        next_cursor,
    }))
}

/// One note, withdrawn or not.
#[utoipa::path(
    get, path = "/api/v1/notes/{id}", tag = "notes", operation_id = "readNote",
    params(("id" = Uuid, Path, description = "The note")),
    responses((status = 200, description = "The note", body = NoteView,
        headers(("ETag" = String, description = "Its version"))), ReadProblems),
    security(("token" = []))
)]
pub(super) async fn get_note(
    db: Data<Db>,
    looks: Data<Looks>,
    SignedIn(actor): SignedIn,
    Path(id): Path<Uuid>,
) -> Result<HttpResponse, Problem> {
    let read = ops::read(db.read(), &actor, NoteId::of(id)).await;
    let (note, seen) = found(&looks, &actor, read).await?;
    looked(&looks, &actor, &seen).await?;
    Ok(answer(200, &note)?.respond(None))
}

/// What a note said before, from the log: who changed it, when, from which words to which.
#[utoipa::path(
    get, path = "/api/v1/notes/{id}/history", tag = "notes", operation_id = "readNoteHistory",
    params(("id" = Uuid, Path, description = "The note")),
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
    let read = ops::read(db.read(), &actor, NoteId::of(id)).await;
    let (note, seen) = found(&looks, &actor, read).await?;
    looked(&looks, &actor, &seen).await?;
    let kms: &dyn Kms = storage.kms().as_ref();
    let told = history_of(db.read(), kms, note.object.raw(), note.id.raw()).await?;
    Ok(HttpResponse::Ok().json(told))
}

/// Gives a note other words. Only its author may; what it said before stays in its history.
#[utoipa::path(
    patch, path = "/api/v1/notes/{id}", tag = "notes", operation_id = "changeNote",
    params(("id" = Uuid, Path, description = "The note"), IfMatchParam),
    request_body = NoteChange,
    responses((status = 200, description = "Changed; durable", body = NoteView, headers(
        ("ETag" = String, description = "Its new version"))),
        ChangeProblems),
    security(("token" = []))
)]
pub(super) async fn patch_note(
    db: Data<Db>,
    looks: Data<Looks>,
    SignedIn(actor): SignedIn,
    Path(id): Path<Uuid>,
    if_match: IfMatch,
    Json(body): Json<NoteChange>,
) -> Result<HttpResponse, Problem> {
    let read = ops::read(db.read(), &actor, NoteId::of(id)).await;
    let (before, _) = found(&looks, &actor, read).await?;
    let words = body.read()?;
    if_match.check(&ETag::of_version(before.version))?;
    let written = db
        .write(&actor, async move |unit: &mut Unit| {
            let note = ops::change(unit, before.id, before.version, words).await?;
            answer(200, &note)
        })
        .await?;
    Ok(written.value.respond(Some(written.receipt)))
}

/// Withdraws a note, with a reason: whoever may change what it stands on. Nothing is deleted.
#[utoipa::path(
    post, path = "/api/v1/notes/{id}/withdraw", tag = "notes", operation_id = "withdrawNote",
    params(("id" = Uuid, Path, description = "The note"), IfMatchParam),
    request_body = NoteWithdrawal,
    responses((status = 200, description = "Withdrawn; durable", body = NoteView, headers(
        ("ETag" = String, description = "Its new version"))),
        ChangeProblems),
    security(("token" = []))
)]
pub(super) async fn post_withdraw(
    db: Data<Db>,
    looks: Data<Looks>,
    SignedIn(actor): SignedIn,
    Path(id): Path<Uuid>,
    if_match: IfMatch,
    Json(body): Json<NoteWithdrawal>,
) -> Result<HttpResponse, Problem> {
    let read = ops::read(db.read(), &actor, NoteId::of(id)).await;
    let (before, _) = found(&looks, &actor, read).await?;
    let reason = body.read()?;
    if_match.check(&ETag::of_version(before.version))?;
    let written = db
        .write(&actor, async move |unit: &mut Unit| {
            let note = ops::withdraw(unit, before.id, before.version, reason).await?;
            answer(200, &note)
        })
        .await?;
    Ok(written.value.respond(Some(written.receipt)))
}

/// The part of the contract that notes bring.
#[derive(Debug, OpenApi)]
#[openapi(paths(post_note, get_notes, get_note, get_history, patch_note, post_withdraw))]
pub struct ApiDoc;

/// The routes of notes.
pub fn routes(config: &mut web::ServiceConfig) {
    let to = |path: &str| web::resource(format!("/api/v1/notes{path}"));
    config
        .service(to("").get(get_notes).post(post_note))
        .service(to("/{id}").get(get_note).patch(patch_note))
        .service(to("/{id}/history").get(get_history))
        .service(to("/{id}/withdraw").post(post_withdraw));
}
