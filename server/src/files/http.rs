//! Files over HTTP: parse, call, render.

use actix_web::web::{self, Data};
use actix_web::{HttpRequest, HttpResponse, http::header};
use sea_orm::ConnectionTrait;
use serde::{Deserialize, Serialize};
use storage::{Kms, Storage};
use utoipa::{IntoParams, OpenApi, ToSchema};
use uuid::Uuid;

use super::list::{self, After, Filter};
use super::model::{CaseFile, FileError};
use super::ops;
use super::wire::{FileChange, FileRequest, FileView, LifeState, PlanUnitName};
use crate::audit::event::Look;
use crate::audit::history::{History, history};
use crate::base::{Actor, DepartmentId, FileId, Timestamp};
use crate::codes;
use crate::departments::{self, Department, SignedIn};
use crate::http::extract::{ETag, IfMatch, Json, ListQuery, MaybeKey, Path};
use crate::http::gather::{WORDS_CHARS_MAX, narrowing};
use crate::http::openapi::{
    ChangeProblems, CreateProblems, IdempotencyParam, IfMatchParam, LabelProblems, ListProblems,
    ReadProblems,
};
use crate::http::page::{Cursors, PageRequest, scope_of};
use crate::http::{Fault, Kind, Problem, text};
use crate::ledger::looks::{Looked, Looks, Shown};
use crate::replay::{Answer, Fingerprint, Once};
use crate::unit::{Db, Unit};

fn rule(pointer: &'static str, code: &'static str, german: &str, english: &str) -> Problem {
    let detail = text(german.to_owned(), english.to_owned());
    Problem::new(Kind::Validation).field(pointer, Fault::Rule { code, detail })
}

impl From<FileError> for Problem {
    fn from(error: FileError) -> Self {
        let field = |pointer, fault| Self::new(Kind::Validation).field(pointer, fault);
        match error {
            FileError::NotFound => Self::new(Kind::NotFound),
            FileError::NoParent => field("/parent", Fault::NotFound),
            FileError::NoDepartment => field("/department", Fault::NotFound),
            FileError::WhichDepartment => field("/department", Fault::Required),
            FileError::NoPlanUnit => field("/plan_unit", Fault::NotFound),
            FileError::WhichPlanUnit => field("/plan_unit", Fault::Required),
            FileError::Retired => rule(
                "/plan_unit",
                "plan-unit-retired",
                "Diese Aktenplaneinheit ist stillgelegt. Bitte eine andere wählen.",
                "This unit of the file plan was retired. Choose another.",
            ),
            FileError::NotInForce => rule(
                "/plan_unit",
                "plan-not-in-force",
                "Diese Ausgabe des Aktenplans gilt heute nicht.",
                "This edition of the file plan is not in force today.",
            ),
            FileError::OtherUnit => rule(
                "/plan_unit",
                "part-of-a-file",
                "Eine Teilakte steht immer in der Aktenplaneinheit ihrer Akte.",
                "A sub-file always stands in the plan unit of its file.",
            ),
            FileError::Pattern => rule(
                "/plan_unit",
                "pattern",
                "Nach dem Muster dieser Aktenplaneinheit lässt sich kein Zeichen bilden. \
                 Bitte die Registratur fragen.",
                "The pattern of this plan unit makes no reference. Ask the registry.",
            ),
            FileError::Forbidden => Self::new(Kind::Forbidden).detail(text(
                "Das dürfen Sie in dieser Akte oder Abteilung nicht.",
                "You may not do this in this file or department.",
            )),
            FileError::Closed => Self::new(Kind::StateConflict)
                .detail(text(
                    "Die Akte ist zu den Akten geschrieben.",
                    "The file is closed.",
                ))
                .current_state("closed"),
            FileError::Stale { current } => Self::new(Kind::PreconditionFailed)
                .detail(text(
                    "Die Akte wurde inzwischen geändert. Bitte neu laden und prüfen.",
                    "The file was changed meanwhile. Please read it again and check.",
                ))
                .current_etag(&ETag::of_version(current)),
            FileError::Unchanged => rule(
                "",
                "unchanged",
                "Es würde sich nichts ändern.",
                "Nothing would change.",
            ),
            FileError::Db(error) => error.into(),
        }
    }
}

/// Notes that the actor looked at files.
async fn note(
    looks: &Looks,
    actor: &Actor,
    look: Look,
    file: Option<FileId>,
) -> Result<(), Problem> {
    let looked = Looked::of(look, actor);
    let looked = match file {
        Some(id) => looked.at(id.raw()),
        None => looked,
    };
    Ok(looks.note(looked).await?)
}

/// A file that the actor may see; an attempt at another one is recorded.
async fn see(db: &Db, looks: &Looks, actor: &Actor, id: FileId) -> Result<CaseFile, Problem> {
    let found = ops::read(db.read(), actor, id).await;
    if let Err(FileError::NotFound) = &found {
        note(looks, actor, Look::Refused, None).await?;
    }
    Ok(found?)
}

/// The answer to a write, made within its unit.
pub(crate) async fn answer(
    on: &impl ConnectionTrait,
    status: u16,
    file: &CaseFile,
    now: Timestamp,
) -> Result<Answer, FileError> {
    let all = departments::departments(on).await?;
    let mut views = FileView::of(on, std::slice::from_ref(file), &all, now).await?;
    let view = views.pop().ok_or(FileError::NotFound)?;
    let etag = ETag::of_version(file.version).to_string();
    let mut answer = Answer::created(&view)?.with_header("etag", etag);
    if status == 201 {
        answer = answer.with_header("location", format!("/api/v1/files/{}", file.id));
    }
    answer.status = status;
    Ok(answer)
}

/// Opens a file in a unit of the file plan; it gets its reference.
///
/// Compartment, retention and disposal come from the unit, or the nearest one above it that says
/// something.
#[utoipa::path(
    post, path = "/api/v1/files", tag = "files", operation_id = "openFile",
    params(IdempotencyParam),
    request_body = FileRequest,
    responses((status = 201, description = "Opened; durable", body = FileView, headers(
        ("Location" = String, description = "The file"),
        ("ETag" = String, description = "Its version"),
        ("Idempotent-Replayed" = String, description = "`true`, where the answer is a saved one"))),
        CreateProblems),
    security(("token" = []))
)]
pub(super) async fn post_file(
    db: Data<Db>,
    SignedIn(actor): SignedIn,
    MaybeKey(key): MaybeKey,
    Json(body): Json<FileRequest>,
) -> Result<HttpResponse, Problem> {
    let new = body.new_file()?;
    let said = serde_json::to_vec(&body).map_err(Problem::internal)?;
    let request = Fingerprint::of(&[b"POST /files", &said]);
    let once = Once::new(&actor, key, request);
    once.run(&db, &actor, async move |unit: &mut Unit| {
        let file = ops::open(unit, new).await?;
        answer(unit.tx(), 201, &file, unit.now()).await
    })
    .await
}

/// One file.
#[utoipa::path(
    get, path = "/api/v1/files/{id}", tag = "files", operation_id = "readFile",
    params(("id" = Uuid, Path, description = "The file")),
    responses((status = 200, description = "The file", body = FileView,
        headers(("ETag" = String, description = "Its version"))), ReadProblems),
    security(("token" = []))
)]
pub(super) async fn get_file(
    db: Data<Db>,
    looks: Data<Looks>,
    SignedIn(actor): SignedIn,
    Path(id): Path<Uuid>,
) -> Result<HttpResponse, Problem> {
    let file = see(&db, &looks, &actor, FileId::of(id)).await?;
    note(&looks, &actor, Look::ReadFile, Some(file.id)).await?;
    let answer = answer(db.read(), 200, &file, db.now()).await?;
    Ok(answer.respond(None))
}

/// A label for a file (Aktenetikett), to be printed: a QR code of its reference.
///
/// Where it is scanned together with a letter, the open cases of the file are suggested for that.
#[utoipa::path(
    get, path = "/api/v1/files/{id}/label", tag = "files", operation_id = "printFileLabel",
    params(("id" = Uuid, Path, description = "The file")),
    responses((status = 200, description = "A page of A4", body = Vec<u8>,
        content_type = "application/pdf"), LabelProblems),
    security(("token" = []))
)]
pub(super) async fn get_label(
    db: Data<Db>,
    looks: Data<Looks>,
    SignedIn(actor): SignedIn,
    Path(id): Path<Uuid>,
) -> Result<HttpResponse, Problem> {
    let file = see(&db, &looks, &actor, FileId::of(id)).await?;
    note(&looks, &actor, Look::ReadFile, Some(file.id)).await?;
    label_of(&file.reference, &file.subject)
}

/// A label with this reference and this subject.
pub(crate) fn label_of(reference: &str, subject: &str) -> Result<HttpResponse, Problem> {
    let too_long = || {
        Problem::new(Kind::Conflict).detail(text(
            "Das Zeichen ist zu lang für ein Etikett.",
            "The reference is too long for a label.",
        ))
    };
    let printed = codes::labels(&[codes::Label { reference, subject }]).ok_or_else(too_long)?;
    Ok(HttpResponse::Ok()
        .content_type("application/pdf")
        .body(printed))
}

/// What happened to a file: its own records and those of holds on it.
#[utoipa::path(
    get, path = "/api/v1/files/{id}/history", tag = "files", operation_id = "readFileHistory",
    params(("id" = Uuid, Path, description = "The file")),
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
    let file = see(&db, &looks, &actor, FileId::of(id)).await?;
    note(&looks, &actor, Look::ReadFile, Some(file.id)).await?;
    let kms: &dyn Kms = storage.kms().as_ref();
    let found = history(db.read(), kms, file.id.raw()).await?;
    Ok(HttpResponse::Ok().json(found))
}

/// Changes what is said about an open file.
#[utoipa::path(
    patch, path = "/api/v1/files/{id}", tag = "files", operation_id = "changeFile",
    params(("id" = Uuid, Path, description = "The file"), IfMatchParam),
    request_body = FileChange,
    responses((status = 200, description = "Changed; durable", body = FileView, headers(
        ("ETag" = String, description = "Its new version"))),
        ChangeProblems),
    security(("token" = []))
)]
pub(super) async fn patch_file(
    db: Data<Db>,
    looks: Data<Looks>,
    SignedIn(actor): SignedIn,
    Path(id): Path<Uuid>,
    if_match: IfMatch,
    Json(body): Json<FileChange>,
) -> Result<HttpResponse, Problem> {
    let before = see(&db, &looks, &actor, FileId::of(id)).await?;
    let change = body.change()?;
    if_match.check(&ETag::of_version(before.version))?;
    let written = db
        .write(&actor, async move |unit: &mut Unit| {
            let file = ops::change(unit, before.id, before.version, change).await?;
            answer(unit.tx(), 200, &file, unit.now()).await
        })
        .await?;
    Ok(written.value.respond(Some(written.receipt)))
}

/// The filters of a list. Each list may be given several times: then one of them must hold.
#[derive(Debug, Default, Deserialize, Serialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub(super) struct FileFilter {
    /// Units of the file plan, by id or mark, with those below them.
    plan_unit: Vec<String>,
    /// Short names of departments.
    department: Vec<String>,
    /// States.
    state: Vec<LifeState>,
    /// Years of the numbering.
    year: Vec<i32>,
    /// Tags, exactly.
    tag: Vec<String>,
    /// The file whose parts are wanted.
    #[param(nullable = false)]
    parent: Option<Uuid>,
    /// Words in subject or reference, in any order; ä is ae.
    #[param(nullable = false, max_length = 200)]
    q: Option<String>,
    /// Whether the answer says how many there are in all.
    #[param(nullable = false)]
    count: Option<bool>,
}

/// The departments with these names; what is unknown, and what may not be seen, matches nothing.
pub(crate) fn departments_named(wanted: &[String], all: &[Department]) -> Vec<DepartmentId> {
    let nobody = DepartmentId::of(Uuid::nil());
    let department = |wanted: &String| {
        let found = all.iter().find(|one| one.is(wanted));
        found.map_or(nobody, |one| one.id)
    };
    wanted.iter().map(department).collect()
}

/// A page of files.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct FilePage {
    /// The files.
    items: Vec<FileView>,
    /// Where the next page begins; absent on the last page.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    next_cursor: Option<String>,
    /// How many there are in all; only where `count=true` was asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    total: Option<u64>,
}

/// Files, the last opened first; what you may not see is neither listed nor counted.
#[utoipa::path(
    get, path = "/api/v1/files", tag = "files", operation_id = "listFiles",
    params(FileFilter, PageRequest),
    responses((status = 200, description = "A page", body = FilePage,
        headers(("Link" = String, description = "`rel=\"next\"`, where there is a next page"))),
        ListProblems),
    security(("token" = []))
)]
pub(super) async fn get_files(
    request: HttpRequest,
    db: Data<Db>,
    looks: Data<Looks>,
    cursors: Data<Cursors>,
    SignedIn(actor): SignedIn,
    ListQuery {
        filter: asked,
        page: wanted,
    }: ListQuery<FileFilter>,
) -> Result<HttpResponse, Problem> {
    let all = departments::departments(db.read()).await?;
    // Whether they are counted decides neither which are listed nor in which order.
    let scope = scope_of("files", &asked, &["count"])?;
    let filter = Filter {
        plan_units: asked.plan_unit,
        departments: departments_named(&asked.department, &all),
        states: asked.state.iter().map(|state| state.code()).collect(),
        years: asked.year,
        tags: asked.tag,
        parent: asked.parent.map(FileId::of),
        words: narrowing("q", asked.q.as_deref(), WORDS_CHARS_MAX)?,
    };
    let after: Option<After> = wanted.after(&cursors, &scope)?;
    let limit = u64::from(wanted.limit);
    let (found, more) = list::page(db.read(), &actor, &filter, after, limit).await?;
    let next_cursor = match found.last() {
        Some(last) if more => Some(cursors.seal(&scope, &After::of(last))?),
        Some(_) | None => None,
    };
    let total = match asked.count {
        Some(true) => Some(list::count(db.read(), &actor, &filter).await?),
        Some(false) | None => None,
    };
    let shown = found.iter().map(|one| Shown {
        kind: "file",
        id: one.id.raw(),
        version: one.version,
        hidden: one.compartment.is_some(),
    });
    let looked = Looked::of(Look::List, &actor).showing(shown.collect());
    looks.note(looked).await?;
    let items = FileView::of(db.read(), &found, &all, db.now()).await?;
    let mut response = HttpResponse::Ok();
    if let Some(cursor) = &next_cursor {
        response.insert_header((header::LINK, crate::http::page::next_link(&request, cursor)));
    }
    Ok(response.json(FilePage {
        items,
        next_cursor,
        total,
    }))
}

/// The part of the contract that files bring.
#[derive(Debug, OpenApi)]
#[openapi(
    paths(post_file, get_files, get_file, patch_file, get_label, get_history),
    components(schemas(PlanUnitName, LifeState, super::HoldView))
)]
pub struct ApiDoc;

/// The routes of files.
pub fn routes(config: &mut web::ServiceConfig) {
    config
        .service(
            web::resource("/api/v1/files")
                .get(get_files)
                .post(post_file),
        )
        .service(
            web::resource("/api/v1/files/{id}")
                .get(get_file)
                .patch(patch_file),
        )
        .service(web::resource("/api/v1/files/{id}/label").get(get_label))
        .service(web::resource("/api/v1/files/{id}/history").get(get_history));
}
