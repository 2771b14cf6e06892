//! Documents over HTTP: parse, call, render.

use actix_web::web::{self, Data};
use actix_web::{HttpRequest, HttpResponse, http::header};
use serde::{Deserialize, Serialize};
use storage::{Storage, StoreError};
use utoipa::{IntoParams, OpenApi, ToSchema};
use uuid::Uuid;

use super::intake::{Arrived, Arriving};
use super::list::{self, Filter, Inbox, Order, Place};
use super::model::{Channel, CivilDate, Direction, Document, DocumentError, Held, State, Step};
use super::ops;
use super::reading;
use super::registering;
use super::wire::{
    Discard, DocumentChange, DocumentView, Duplicate, NewDocument, TextView, VersionView,
};
use crate::audit::Outcome;
use crate::audit::event::Look;
use crate::base::db::DbError;
use crate::base::{Actor, CaseId, DepartmentId, DocumentId, FileId, Right, Tasks, Timestamp};
use crate::cases::CaseError;
use crate::departments::{self, Department, Intake, SignedIn};
use crate::files::{RetentionView, Standing};
use crate::holds::Object;
use crate::http::extract::{ETag, IfMatch, IfNoneMatch, Json, ListQuery, MaybeKey, Path};
use crate::http::multipart::{Content, Upload};
use crate::http::name::FileName;
use crate::http::openapi::{
    ChangeProblems, IdempotencyParam, IfMatchParam, IfNoneMatchParam, ListProblems, ReadProblems,
    ReplaceProblems, UploadProblems,
};
use crate::http::page::{Cursors, PageRequest, scope_of};
use crate::http::{Fault, Kind, Language, Problem, text};
use crate::ledger::looks::{Looked, Looks};
use crate::replay::{self, Answer, Fingerprint, Once};
use crate::unit::{Db, Unit, Written};

impl From<DocumentError> for Problem {
    fn from(error: DocumentError) -> Self {
        match error {
            DocumentError::NotFound | DocumentError::NoVersion => Self::new(Kind::NotFound),
            DocumentError::NoDepartment => {
                Self::new(Kind::Validation).field("/department", Fault::NotFound)
            }
            DocumentError::Forbidden => Self::new(Kind::Forbidden).detail(text(
                "Sie dürfen dieses Dokument lesen, aber nicht ändern.",
                "You may read this document but not change it.",
            )),
            DocumentError::Closed => Self::new(Kind::Forbidden).detail(text(
                "Sie dürfen von diesem Dokument wissen, seinen Inhalt aber nicht lesen.",
                "You may know of this document but not read its content.",
            )),
            DocumentError::State { current } => {
                Self::new(Kind::StateConflict).current_state(current.code())
            }
            DocumentError::Stale { current } => Self::new(Kind::PreconditionFailed)
                .detail(text(
                    "Das Dokument wurde inzwischen geändert. Bitte neu laden und prüfen.",
                    "The document was changed meanwhile. Please read it again and check.",
                ))
                .current_etag(&ETag::of_version(current)),
            DocumentError::Unchanged => Self::new(Kind::Validation).field(
                "",
                Fault::Rule {
                    code: "unchanged",
                    detail: text("Es würde sich nichts ändern.", "Nothing would change."),
                },
            ),
            DocumentError::Frozen => Self::new(Kind::StateConflict)
                .detail(text(
                    "Das Dokument ist veraktet: Nur seine Schlagwörter lassen sich noch ändern.",
                    "The document is registered: only its tags can still be changed.",
                ))
                .current_state(State::Registered.code()),
            DocumentError::NoDraft => Self::new(Kind::Validation).field(
                "/direction",
                Fault::Rule {
                    code: "no-draft",
                    detail: text(
                        "Was eingegangen ist, ist kein Entwurf.",
                        "What came in is no draft.",
                    ),
                },
            ),
            DocumentError::NoInbox => Self::new(Kind::Validation).field("/inbox", Fault::NotFound),
            DocumentError::Case(error) => case_problem(error),
            DocumentError::KeyTaken => {
                Self::new(Kind::IdempotencyInProgress).retry_after_seconds(1)
            }
            DocumentError::TextPending => Self::new(Kind::NotFound).detail(text(
                "Der Text wird noch gelesen. Bitte gleich noch einmal versuchen.",
                "The text is still being read. Please try again in a moment.",
            )),
            DocumentError::Store(error) => store_problem(error),
            DocumentError::Db(error) => db_problem(error),
        }
    }
}

/// What a failing database means to a caller.
pub(crate) fn db_problem(error: DbError) -> Problem {
    error.into()
}

/// What is wrong with the case of a document, or with the one into which it shall go.
fn case_problem(error: CaseError) -> Problem {
    match error {
        CaseError::NotFound | CaseError::NoFile => {
            Problem::new(Kind::Validation).field("/case", Fault::NotFound)
        }
        other @ (CaseError::NoParent
        | CaseError::Forbidden
        | CaseError::Closed
        | CaseError::Stale { .. }
        | CaseError::Unchanged
        | CaseError::File(_)
        | CaseError::Db(_)) => other.into(),
    }
}

pub(super) fn store_problem(error: StoreError) -> Problem {
    if error.is_full() {
        return Problem::new(Kind::InsufficientStorage).source(error);
    }
    Problem::internal(error)
}

/// Streams the content into the store; nothing is kept yet.
async fn stage(storage: &Storage, mut content: Content) -> Result<Arrived, Problem> {
    let mut arriving = Arriving::begin(storage).await.map_err(store_problem)?;
    while let Some(piece) = content.piece().await {
        match piece {
            Ok(piece) => arriving.push(piece).await.map_err(store_problem)?,
            Err(error) => {
                arriving.discard().await;
                return Err(error.into());
            }
        }
    }
    let media_type = content.media_type.as_ref().map(ToString::to_string);
    let media_type = media_type.unwrap_or_else(|| "application/octet-stream".to_owned());
    let file_name = content.file_name.map(|name| name.as_str().to_owned());
    arriving
        .finish(media_type, file_name)
        .await
        .map_err(store_problem)
}

/// Refuses whoever files nowhere.
fn may_file(actor: &Actor, all: &[Department]) -> Result<(), Problem> {
    if all.iter().any(|one| actor.may_in(Right::Receive, one.id)) {
        return Ok(());
    }
    Err(Problem::new(Kind::Forbidden).detail(text(
        "Mit diesem Konto können keine Dokumente eingereicht werden.",
        "This account cannot file documents.",
    )))
}

/// The department that is meant; without one, the only one in which the actor files.
fn department_of(
    actor: &Actor,
    wanted: Option<&str>,
    all: &[Department],
) -> Result<DepartmentId, Problem> {
    let mut own = all
        .iter()
        .filter(|one| actor.may_in(Right::Receive, one.id));
    let found = match wanted {
        Some(wanted) => own.find(|one| one.slug == wanted || one.id.to_string() == wanted),
        None => match (own.next(), own.next()) {
            (Some(only), None) => Some(only),
            (None, _) => None,
            (Some(_), Some(_)) => {
                return Err(Problem::new(Kind::Validation).field("/department", Fault::Required));
            }
        },
    };
    found
        .map(|one| one.id)
        .ok_or_else(|| Problem::new(Kind::Validation).field("/department", Fault::NotFound))
}

/// Files a document.
///
/// The parts are `content` (the bytes) and `metadata` (JSON), in either order. The answer is sent
/// when content, rows and audit record are durable; the text is read afterwards. Content that is
/// there already is accepted and named in `duplicates`.
#[utoipa::path(
    post, path = "/api/v1/documents", tag = "documents", operation_id = "fileDocument",
    params(IdempotencyParam),
    request_body(content = UploadForm, content_type = "multipart/form-data"),
    responses((status = 201, description = "Filed; durable", body = DocumentView, headers(
        ("Location" = String, description = "The document"),
        ("ETag" = String, description = "Its version"),
        ("Idempotent-Replayed" = String, description = "`true`, where the answer is a saved one"))),
        UploadProblems),
    security(("token" = []))
)]
pub(super) async fn post_document(
    http: HttpRequest,
    db: Data<Db>,
    storage: Data<Storage>,
    tasks: Data<Tasks>,
    Intake(actor): Intake,
    MaybeKey(key): MaybeKey,
    upload: Upload,
) -> Result<HttpResponse, Problem> {
    let all = departments::departments_of(&http, &db)
        .await
        .map_err(db_problem)?;
    may_file(&actor, &all)?;
    // A draft in a case goes where the case stands; the operation asks for the right there.
    let goes = |new: &NewDocument| match new.case {
        Some(_) => Ok(DepartmentId::of(Uuid::nil())),
        None => department_of(&actor, new.department.as_deref(), &all),
    };
    let received = upload
        .read(async |new: Option<&NewDocument>, content| {
            // A refusal must not wait for the bytes where it can be told before.
            if let Some(new) = new {
                goes(new)?;
                let name = content.file_name.as_ref().map(FileName::as_str);
                new.metadata(name, db.now())?;
            }
            stage(&storage, content).await
        })
        .await?;
    let (new, arrived) = (received.metadata, received.content);
    let department = goes(&new)?;
    let draft = new.is_draft().then(|| new.case.map(CaseId::of));
    let metadata = new.metadata(arrived.file_name.as_deref(), db.now())?;
    let said = serde_json::to_vec(&new).map_err(Problem::internal)?;
    let digest = arrived.staged.content.sha256;
    let request = Fingerprint::of(&[b"POST /documents", &said, digest.as_bytes()]);
    let once = Once::new(&actor, key, request);
    if let Some(answer) = once.answered(&db).await? {
        arrived.staged.discard().await;
        return Ok(answer);
    }
    let content = arrived.keep_as(&db, &actor, &tasks).await?;
    let (seer, saved) = (actor.clone(), once.clone());
    let filed = db
        .write(&actor, async move |unit: &mut Unit| {
            let (held, had) = match draft {
                Some(case) => ops::draft(unit, department, case, metadata, content).await?,
                None => ops::receive_new(unit, department, metadata, content).await?,
            };
            let same = if had {
                ops::duplicates(unit.tx(), &seer, &held).await?
            } else {
                Vec::new()
            };
            let answer = created(&held, &all, &same)?;
            saved.save(unit, &answer).await?;
            Ok::<_, DocumentError>(answer)
        })
        .await;
    once.finish(&db, filed).await
}

fn created(
    held: &Held,
    departments: &[Department],
    same: &[Document],
) -> Result<Answer, DocumentError> {
    // New content has no text yet, and so no words in any language.
    let mut view = DocumentView::of(held, departments, Language::German);
    view.duplicates = Some(same.iter().map(Duplicate::from).collect());
    answer(201, &view)
}

fn answer(status: u16, view: &DocumentView) -> Result<Answer, DocumentError> {
    let etag = ETag::of_version(view.version).to_string();
    let mut answer = Answer::created(view)?.with_header("etag", etag);
    if status == 201 {
        answer = answer.with_header("location", format!("/api/v1/documents/{}", view.id));
    }
    answer.status = status;
    Ok(answer)
}

/// Adds a version. It is in force from now on; the old ones stay readable.
#[utoipa::path(
    post, path = "/api/v1/documents/{id}/versions", tag = "documents", operation_id = "addVersion",
    params(("id" = Uuid, Path, description = "The document"), IfMatchParam, IdempotencyParam),
    request_body(content = VersionForm, content_type = "multipart/form-data"),
    responses((status = 201, description = "Added; durable", body = DocumentView, headers(
        ("Location" = String, description = "The document"),
        ("ETag" = String, description = "Its new version"),
        ("Idempotent-Replayed" = String, description = "`true`, where the answer is a saved one"))),
        ReplaceProblems),
    security(("token" = []))
)]
#[expect(
    clippy::too_many_arguments,
    reason = "what an upload needs of its request"
)]
pub(super) async fn post_version(
    request: HttpRequest,
    db: Data<Db>,
    storage: Data<Storage>,
    tasks: Data<Tasks>,
    looks: Data<Looks>,
    SignedIn(actor): SignedIn,
    Path(id): Path<Uuid>,
    if_match: IfMatch,
    MaybeKey(key): MaybeKey,
    upload: Upload,
) -> Result<HttpResponse, Problem> {
    let id = DocumentId::of(id);
    let before = see(&db, &looks, &actor, id).await?;
    // A repetition is based on a state that its first time has changed.
    let repeated = match &key {
        Some(key) => replay::knows(&db, &actor, key).await?,
        None => false,
    };
    let based_on = |held: &Held| {
        ops::may_change(&actor, &held.document)?;
        let expected = expected(&if_match, held.document.version)?;
        ops::after(&held.document, Step::AddVersion)?;
        Ok::<_, Problem>(expected)
    };
    if !repeated {
        based_on(&before)?;
    }
    let received = upload
        .read(async |_: Option<&Nothing>, content| stage(&storage, content).await)
        .await?;
    let arrived = received.content;
    let path = request.path().as_bytes();
    let print = Fingerprint::of(&[b"POST", path, arrived.staged.content.sha256.as_bytes()]);
    let once = Once::new(&actor, key, print);
    if let Some(answer) = once.answered(&db).await? {
        arrived.staged.discard().await;
        return Ok(answer);
    }
    let expected = based_on(&before)?;
    let content = arrived.keep_as(&db, &actor, &tasks).await?;
    let all = departments::departments(db.read())
        .await
        .map_err(db_problem)?;
    let (seer, saved) = (actor.clone(), once.clone());
    let added = db
        .write(&actor, async move |unit: &mut Unit| {
            let held = ops::add_version(unit, id, expected, content).await?;
            let same = ops::duplicates(unit.tx(), &seer, &held).await?;
            let answer = created(&held, &all, &same)?;
            saved.save(unit, &answer).await?;
            Ok::<_, DocumentError>(answer)
        })
        .await;
    once.finish(&db, added).await
}

/// The version that the caller must have seen. The comparison with what is there is made again in
/// the transaction.
pub(super) fn expected(if_match: &IfMatch, current: u64) -> Result<u64, Problem> {
    if_match.check(&ETag::of_version(current))?;
    Ok(current)
}

/// A document that the actor may see; an attempt at another one is recorded.
pub(super) async fn see(
    db: &Db,
    looks: &Looks,
    actor: &Actor,
    id: DocumentId,
) -> Result<Held, Problem> {
    let found = ops::read(db.read(), actor, id).await;
    if let Err(DocumentError::NotFound) = &found {
        refuse(looks, actor, id).await?;
    }
    Ok(found?)
}

/// Records a look: at a document as it is now, or at none in particular.
pub(super) async fn note(
    looks: &Looks,
    actor: &Actor,
    look: Look,
    document: Option<&Document>,
) -> Result<(), Problem> {
    let looked = Looked {
        look,
        actor: actor.clone(),
        department: document.map(|document| document.department),
        document: document.map(|document| (document.id.raw(), document.version)),
        outcome: Outcome::Ok,
    };
    Ok(looks.note(looked).await?)
}

/// Records an attempt at a document that the actor may not see, or that does not exist. Neither its
/// version nor its department is looked up for it: the record says 1 and none.
pub(super) async fn refuse(looks: &Looks, actor: &Actor, id: DocumentId) -> Result<(), Problem> {
    let looked = Looked::of(Look::Refused, actor).at(id.raw());
    Ok(looks.note(looked).await?)
}

/// Changes metadata.
#[utoipa::path(
    patch, path = "/api/v1/documents/{id}", tag = "documents", operation_id = "changeDocument",
    params(("id" = Uuid, Path, description = "The document"), IfMatchParam),
    request_body = DocumentChange,
    responses((status = 200, description = "Changed; durable", body = DocumentView, headers(
        ("ETag" = String, description = "Its new version"))),
        ChangeProblems),
    security(("token" = []))
)]
pub(super) async fn patch_document(
    db: Data<Db>,
    looks: Data<Looks>,
    language: Language,
    SignedIn(actor): SignedIn,
    Path(id): Path<Uuid>,
    if_match: IfMatch,
    Json(body): Json<DocumentChange>,
) -> Result<HttpResponse, Problem> {
    let id = DocumentId::of(id);
    let before = see(&db, &looks, &actor, id).await?;
    let change = body.change()?;
    let expected = expected(&if_match, before.document.version)?;
    let changed = db
        .write(&actor, async move |unit: &mut Unit| {
            ops::change(unit, id, expected, change).await
        })
        .await;
    changed_answer(&db, language, changed).await
}

/// The answer to a change of a document.
pub(crate) async fn changed_answer(
    db: &Db,
    language: Language,
    changed: Result<Written<Held>, DocumentError>,
) -> Result<HttpResponse, Problem> {
    let written = changed?;
    let all = departments::departments(db.read())
        .await
        .map_err(db_problem)?;
    let answer = answer(200, &DocumentView::of(&written.value, &all, language))?;
    Ok(answer.respond(Some(written.receipt)))
}

/// Puts a document aside, with a reason. Nothing is deleted; it can be taken back.
#[utoipa::path(
    post, path = "/api/v1/documents/{id}/discard", tag = "documents", operation_id = "discardDocument",
    params(("id" = Uuid, Path, description = "The document"), IfMatchParam),
    request_body = Discard,
    responses((status = 200, description = "Put aside; durable", body = DocumentView, headers(
        ("ETag" = String, description = "Its new version"))),
        ChangeProblems),
    security(("token" = []))
)]
pub(super) async fn post_discard(
    db: Data<Db>,
    looks: Data<Looks>,
    language: Language,
    SignedIn(actor): SignedIn,
    Path(id): Path<Uuid>,
    if_match: IfMatch,
    Json(body): Json<Discard>,
) -> Result<HttpResponse, Problem> {
    let id = DocumentId::of(id);
    let before = see(&db, &looks, &actor, id).await?;
    let reason = body.reason()?;
    let expected = expected(&if_match, before.document.version)?;
    let changed = db
        .write(&actor, async move |unit: &mut Unit| {
            ops::discard(unit, id, expected, reason).await
        })
        .await;
    changed_answer(&db, language, changed).await
}

/// Takes a discarded document back.
#[utoipa::path(
    post, path = "/api/v1/documents/{id}/restore", tag = "documents", operation_id = "restoreDocument",
    params(("id" = Uuid, Path, description = "The document"), IfMatchParam),
    responses((status = 200, description = "Taken back; durable", body = DocumentView, headers(
        ("ETag" = String, description = "Its new version"))),
        ChangeProblems),
    security(("token" = []))
)]
pub(super) async fn post_restore(
    db: Data<Db>,
    looks: Data<Looks>,
    language: Language,
    SignedIn(actor): SignedIn,
    Path(id): Path<Uuid>,
    if_match: IfMatch,
) -> Result<HttpResponse, Problem> {
    let id = DocumentId::of(id);
    let before = see(&db, &looks, &actor, id).await?;
    let expected = expected(&if_match, before.document.version)?;
    let changed = db
        .write(&actor, async move |unit: &mut Unit| {
            ops::restore(unit, id, expected).await
        })
        .await;
    changed_answer(&db, language, changed).await
}

/// One document.
#[utoipa::path(
    get, path = "/api/v1/documents/{id}", tag = "documents", operation_id = "readDocument",
    params(("id" = Uuid, Path, description = "The document"), IfNoneMatchParam),
    responses((status = 200, description = "The document", body = DocumentView,
        headers(("ETag" = String, description = "Its version"))),
        (status = 304, description = "Not changed", headers(("ETag" = String, description = "Still current"))), ReadProblems),
    security(("token" = []))
)]
pub(super) async fn get_document(
    db: Data<Db>,
    looks: Data<Looks>,
    language: Language,
    SignedIn(actor): SignedIn,
    Path(id): Path<Uuid>,
    if_none_match: IfNoneMatch,
) -> Result<HttpResponse, Problem> {
    let held = see(&db, &looks, &actor, DocumentId::of(id)).await?;
    let etag = ETag::of_version(held.document.version);
    if if_none_match.has(&etag) {
        let etag = (header::ETAG, etag.to_string());
        return Ok(HttpResponse::NotModified().insert_header(etag).finish());
    }
    note(&looks, &actor, Look::ReadDocument, Some(&held.document)).await?;
    let same = ops::duplicates(db.read(), &actor, &held).await?;
    let all = departments::departments(db.read())
        .await
        .map_err(db_problem)?;
    let mut view = DocumentView::of(&held, &all, language);
    view.duplicates = Some(same.iter().map(Duplicate::from).collect());
    view.retention = retention(&db, &held).await?;
    Ok(HttpResponse::Ok()
        .insert_header((header::ETAG, etag.to_string()))
        .json(view))
}

/// The retention of a document that stands in a case.
async fn retention(db: &Db, held: &Held) -> Result<Option<RetentionView>, Problem> {
    let Some(filed) = &held.filed else {
        return Ok(None);
    };
    let mut within = vec![Object::Case(filed.case.id)];
    within.extend(filed.case.parent.map(Object::Case));
    let standing = Standing {
        object: Object::Document(held.document.id),
        file: &filed.file,
        within,
    };
    let mut views = RetentionView::of(db.read(), &[standing], db.now()).await?;
    Ok(views.pop())
}

/// Whose inbox.
#[derive(Debug, Clone, Copy, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum InboxOf {
    /// One's own.
    Me,
    /// Those of the departments.
    Units,
}

/// The filters of a list. Each may be given several times: then one of them must hold.
#[derive(Debug, Default, Deserialize, Serialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub(super) struct ListFilter {
    /// Short names of departments.
    department: Vec<String>,
    /// States.
    state: Vec<State>,
    /// Document types, exactly.
    #[serde(rename = "type")]
    #[param(rename = "type")]
    kind: Vec<String>,
    /// Tags, exactly.
    tag: Vec<String>,
    /// Correspondents, exactly.
    correspondent: Vec<String>,
    /// Directions.
    direction: Vec<Direction>,
    /// Channels.
    channel: Vec<Channel>,
    /// Dated from here on.
    #[param(nullable = false, format = Date)]
    date_from: Option<String>,
    /// Dated up to and including here.
    #[param(nullable = false, format = Date)]
    date_to: Option<String>,
    /// Received from here on.
    #[param(nullable = false, format = DateTime)]
    received_from: Option<String>,
    /// Received before here.
    #[param(nullable = false, format = DateTime)]
    received_before: Option<String>,
    /// The case in which they stand.
    #[param(nullable = false)]
    case: Option<Uuid>,
    /// The file in whose cases they stand.
    #[param(nullable = false)]
    file: Option<Uuid>,
    /// `me`: what was handed to you, or to the one for whom you act; `units`: what came in and lies
    /// with nobody.
    #[param(nullable = false, inline)]
    inbox: Option<InboxOf>,
    /// Whether they are registered.
    #[param(nullable = false)]
    registered: Option<bool>,
    /// `newest` (the last received first) or `oldest`.
    #[param(nullable = false, inline)]
    order: Option<ListOrder>,
    /// Whether the answer says how many there are in all.
    #[param(nullable = false)]
    count: Option<bool>,
}

/// The order of a list.
#[derive(Debug, Clone, Copy, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum ListOrder {
    Newest,
    Oldest,
}

/// A page of documents.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct DocumentPage {
    /// The documents.
    items: Vec<DocumentView>,
    /// Where the next page begins; absent on the last page.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    next_cursor: Option<String>,
    /// How many there are in all; only where `count=true` was asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    total: Option<u64>,
}

impl ListFilter {
    fn filter(&self, actor: &Actor, all: &[Department]) -> Result<Filter, Problem> {
        let mut problem = Problem::new(Kind::QueryInvalid);
        let mut date = |name: &'static str, raw: Option<&String>| {
            let read = raw.and_then(|raw| CivilDate::parse(raw));
            if raw.is_some() && read.is_none() {
                let expected = text("ein Datum JJJJ-MM-TT", "a date YYYY-MM-DD");
                let so_far = std::mem::replace(&mut problem, Problem::new(Kind::QueryInvalid));
                problem = so_far.parameter(name, Fault::WrongFormat { expected });
            }
            read
        };
        let dated_from = date("date_from", self.date_from.as_ref());
        let dated_to = date("date_to", self.date_to.as_ref());
        let mut instant = |name: &'static str, raw: Option<&String>| {
            let read = raw.and_then(|raw| Timestamp::parse(raw));
            if raw.is_some() && read.is_none() {
                let expected = text("ein Zeitpunkt nach RFC 3339", "a time by RFC 3339");
                let so_far = std::mem::replace(&mut problem, Problem::new(Kind::QueryInvalid));
                problem = so_far.parameter(name, Fault::WrongFormat { expected });
            }
            read
        };
        let received_from = instant("received_from", self.received_from.as_ref());
        let received_before = instant("received_before", self.received_before.as_ref());
        if problem.faults() > 0 {
            return Err(problem);
        }
        Ok(Filter {
            departments: crate::files::departments_named(&self.department, all),
            case: self.case.map(CaseId::of),
            file: self.file.map(FileId::of),
            inbox: self.inbox.map(|inbox| match inbox {
                InboxOf::Me => Inbox::Of(actor.on_behalf_of.unwrap_or(actor.account)),
                InboxOf::Units => Inbox::OfUnits,
            }),
            registered: self.registered,
            states: self.state.clone(),
            kinds: self.kind.clone(),
            tags: self.tag.clone(),
            correspondents: self.correspondent.clone(),
            directions: self.direction.clone(),
            channels: self.channel.clone(),
            dated_from,
            dated_to,
            received_from,
            received_before,
        })
    }
}

/// Documents by their metadata; what you may not see is neither listed nor counted.
#[utoipa::path(
    get, path = "/api/v1/documents", tag = "documents", operation_id = "listDocuments",
    params(ListFilter, PageRequest),
    responses((status = 200, description = "A page", body = DocumentPage,
        headers(("Link" = String, description = "`rel=\"next\"`, where there is a next page"))),
        ListProblems),
    security(("token" = []))
)]
pub(super) async fn get_documents(
    request: HttpRequest,
    db: Data<Db>,
    looks: Data<Looks>,
    cursors: Data<Cursors>,
    language: Language,
    SignedIn(actor): SignedIn,
    ListQuery {
        filter: asked,
        page: wanted,
    }: ListQuery<ListFilter>,
) -> Result<HttpResponse, Problem> {
    let all = departments::departments_of(&request, &db)
        .await
        .map_err(db_problem)?;
    let filter = asked.filter(&actor, &all)?;
    let order = match asked.order {
        Some(ListOrder::Oldest) => Order::Oldest,
        Some(ListOrder::Newest) | None => Order::Newest,
    };
    // Whether they are counted decides neither which documents are listed nor in which order.
    let scope = scope_of("documents", &asked, &["count"])?;
    let after: Option<Place> = wanted.after(&cursors, &scope)?;
    let (found, more) = list::page(
        db.read(),
        &actor,
        &filter,
        order,
        after,
        u64::from(wanted.limit),
    )
    .await?;
    let next_cursor = match found.last() {
        Some(last) if more => Some(cursors.seal(&scope, &Place::of(last))?),
        Some(_) | None => None,
    };
    let total = match asked.count {
        Some(true) => Some(list::count(db.read(), &actor, &filter).await?),
        Some(false) | None => None,
    };
    note(&looks, &actor, Look::List, None).await?;
    let held = ops::hold(db.read(), found).await?;
    let items = held
        .iter()
        .map(|one| DocumentView::of(one, &all, language))
        .collect();
    let mut response = HttpResponse::Ok();
    if let Some(cursor) = &next_cursor {
        response.insert_header((header::LINK, crate::http::page::next_link(&request, cursor)));
    }
    Ok(response.json(DocumentPage {
        items,
        next_cursor,
        total,
    }))
}

/// The parts of an upload.
#[derive(Debug, ToSchema)]
#[expect(dead_code, reason = "describes the parts for the contract")]
pub(super) struct UploadForm {
    /// The document's bytes, as they are.
    #[schema(value_type = String, format = Binary)]
    content: Vec<u8>,
    /// What is said about it.
    metadata: Option<NewDocument>,
}

/// The parts of a new version.
#[derive(Debug, ToSchema)]
#[expect(dead_code, reason = "describes the parts for the contract")]
pub(super) struct VersionForm {
    /// The version's bytes, as they are.
    #[schema(value_type = String, format = Binary)]
    content: Vec<u8>,
}

/// A version brings no metadata of its own.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Nothing {}

/// The part of the contract that documents bring.
#[derive(Debug, OpenApi)]
#[openapi(
    paths(
        post_document,
        get_documents,
        get_document,
        patch_document,
        post_version,
        reading::get_versions,
        reading::get_content,
        reading::get_version_content,
        reading::get_text,
        reading::get_history,
        post_discard,
        post_restore,
        registering::post_register,
        registering::post_route
    ),
    components(schemas(Duplicate, TextView, VersionView, reading::PageView))
)]
pub struct ApiDoc;

/// The routes of documents.
pub fn routes(config: &mut web::ServiceConfig) {
    let to = |path: &str| web::resource(format!("/api/v1/documents{path}"));
    config
        .service(to("").get(get_documents).post(post_document))
        .service(to("/{id}").get(get_document).patch(patch_document))
        .service(
            to("/{id}/versions")
                .get(reading::get_versions)
                .post(post_version),
        )
        .service(
            to("/{id}/versions/{number}/content")
                .get(reading::get_version_content)
                .head(reading::get_version_content),
        )
        .service(
            to("/{id}/content")
                .get(reading::get_content)
                .head(reading::get_content),
        )
        .service(to("/{id}/text").get(reading::get_text))
        .service(to("/{id}/history").get(reading::get_history))
        .service(to("/{id}/discard").post(post_discard))
        .service(to("/{id}/restore").post(post_restore))
        .service(to("/{id}/register").post(registering::post_register))
        .service(to("/{id}/route").post(registering::post_route));
}
