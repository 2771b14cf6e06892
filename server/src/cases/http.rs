//! Cases over HTTP: parse, call, render.

use actix_web::web::{self, Data};
use actix_web::{HttpRequest, HttpResponse, http::header};
use sea_orm::ConnectionTrait;
use serde::{Deserialize, Serialize};
use storage::{Kms, Storage};
use utoipa::{IntoParams, OpenApi, ToSchema};
use uuid::Uuid;

use super::list::{self, After, Filter};
use super::model::{Case, CaseError};
use super::ops;
use super::wire::{CaseChange, CaseName, CaseRequest, CaseView, FileName};
use crate::audit::event::Look;
use crate::audit::history::{History, history};
use crate::base::{Actor, CaseId, FileId, Timestamp};
use crate::departments::{self, SignedIn};
use crate::files::{LifeState, departments_named, label_of};
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

impl From<CaseError> for Problem {
    fn from(error: CaseError) -> Self {
        let field = |pointer, fault| Self::new(Kind::Validation).field(pointer, fault);
        match error {
            CaseError::NotFound => Self::new(Kind::NotFound),
            CaseError::NoFile => field("/file", Fault::NotFound),
            CaseError::NoParent => field("/parent", Fault::NotFound),
            CaseError::Forbidden => Self::new(Kind::Forbidden).detail(text(
                "Das dürfen Sie in diesem Vorgang oder dieser Akte nicht.",
                "You may not do this in this case or file.",
            )),
            CaseError::Closed => Self::new(Kind::StateConflict)
                .detail(text(
                    "Der Vorgang ist zu den Akten geschrieben.",
                    "The case is closed.",
                ))
                .current_state("closed"),
            CaseError::Stale { current } => Self::new(Kind::PreconditionFailed)
                .detail(text(
                    "Der Vorgang wurde inzwischen geändert. Bitte neu laden und prüfen.",
                    "The case was changed meanwhile. Please read it again and check.",
                ))
                .current_etag(&ETag::of_version(current)),
            CaseError::Unchanged => field(
                "",
                Fault::Rule {
                    code: "unchanged",
                    detail: text("Es würde sich nichts ändern.", "Nothing would change."),
                },
            ),
            CaseError::File(error) => error.into(),
            CaseError::Db(error) => error.into(),
        }
    }
}

async fn note(
    looks: &Looks,
    actor: &Actor,
    look: Look,
    case: Option<CaseId>,
) -> Result<(), Problem> {
    let looked = Looked::of(look, actor);
    let looked = match case {
        Some(id) => looked.at(id.raw()),
        None => looked,
    };
    Ok(looks.note(looked).await?)
}

/// A case that the actor may see; an attempt at another one is recorded.
async fn see(db: &Db, looks: &Looks, actor: &Actor, id: CaseId) -> Result<Case, Problem> {
    let found = ops::read(db.read(), actor, id).await;
    if let Err(CaseError::NotFound) = &found {
        note(looks, actor, Look::Refused, None).await?;
    }
    Ok(found?)
}

/// The answer to a write, made within its unit.
pub(crate) async fn answer(
    on: &impl ConnectionTrait,
    status: u16,
    case: &Case,
    now: Timestamp,
) -> Result<Answer, CaseError> {
    let all = departments::departments(on).await?;
    let mut views = CaseView::of(on, std::slice::from_ref(case), &all, now).await?;
    let view = views.pop().ok_or(CaseError::NotFound)?;
    let etag = ETag::of_version(case.version).to_string();
    let mut answer = Answer::created(&view)?.with_header("etag", etag);
    if status == 201 {
        answer = answer.with_header("location", format!("/api/v1/cases/{}", case.id));
    }
    answer.status = status;
    Ok(answer)
}

/// Opens a case in an open file; it gets its reference.
#[utoipa::path(
    post, path = "/api/v1/cases", tag = "cases", operation_id = "openCase",
    params(IdempotencyParam),
    request_body = CaseRequest,
    responses((status = 201, description = "Opened; durable", body = CaseView, headers(
        ("Location" = String, description = "The case"),
        ("ETag" = String, description = "Its version"),
        ("Idempotent-Replayed" = String, description = "`true`, where the answer is a saved one"))),
        CreateProblems),
    security(("token" = []))
)]
pub(super) async fn post_case(
    db: Data<Db>,
    SignedIn(actor): SignedIn,
    MaybeKey(key): MaybeKey,
    Json(body): Json<CaseRequest>,
) -> Result<HttpResponse, Problem> {
    let new = body.new_case()?;
    let said = serde_json::to_vec(&body).map_err(Problem::internal)?;
    let request = Fingerprint::of(&[b"POST /cases", &said]);
    let once = Once::new(&actor, key, request);
    once.run(&db, &actor, async move |unit: &mut Unit| {
        let case = ops::open(unit, new).await?;
        answer(unit.tx(), 201, &case, unit.now()).await
    })
    .await
}

/// One case.
#[utoipa::path(
    get, path = "/api/v1/cases/{id}", tag = "cases", operation_id = "readCase",
    params(("id" = Uuid, Path, description = "The case")),
    responses((status = 200, description = "The case", body = CaseView,
        headers(("ETag" = String, description = "Its version"))), ReadProblems),
    security(("token" = []))
)]
pub(super) async fn get_case(
    db: Data<Db>,
    looks: Data<Looks>,
    SignedIn(actor): SignedIn,
    Path(id): Path<Uuid>,
) -> Result<HttpResponse, Problem> {
    let case = see(&db, &looks, &actor, CaseId::of(id)).await?;
    note(&looks, &actor, Look::ReadCase, Some(case.id)).await?;
    let answer = answer(db.read(), 200, &case, db.now()).await?;
    Ok(answer.respond(None))
}

/// A label for a case (Aktenetikett), to be printed: a QR code of its reference.
///
/// Where it is scanned together with a letter, the case is suggested for that.
#[utoipa::path(
    get, path = "/api/v1/cases/{id}/label", tag = "cases", operation_id = "printCaseLabel",
    params(("id" = Uuid, Path, description = "The case")),
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
    let case = see(&db, &looks, &actor, CaseId::of(id)).await?;
    note(&looks, &actor, Look::ReadCase, Some(case.id)).await?;
    label_of(&case.reference, &case.subject)
}

/// What happened to a case: its own records and those of holds on it.
#[utoipa::path(
    get, path = "/api/v1/cases/{id}/history", tag = "cases", operation_id = "readCaseHistory",
    params(("id" = Uuid, Path, description = "The case")),
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
    let case = see(&db, &looks, &actor, CaseId::of(id)).await?;
    note(&looks, &actor, Look::ReadCase, Some(case.id)).await?;
    let kms: &dyn Kms = storage.kms().as_ref();
    let found = history(db.read(), kms, case.id.raw()).await?;
    Ok(HttpResponse::Ok().json(found))
}

/// Changes what is said about an open case.
#[utoipa::path(
    patch, path = "/api/v1/cases/{id}", tag = "cases", operation_id = "changeCase",
    params(("id" = Uuid, Path, description = "The case"), IfMatchParam),
    request_body = CaseChange,
    responses((status = 200, description = "Changed; durable", body = CaseView, headers(
        ("ETag" = String, description = "Its new version"))),
        ChangeProblems),
    security(("token" = []))
)]
pub(super) async fn patch_case(
    db: Data<Db>,
    looks: Data<Looks>,
    SignedIn(actor): SignedIn,
    Path(id): Path<Uuid>,
    if_match: IfMatch,
    Json(body): Json<CaseChange>,
) -> Result<HttpResponse, Problem> {
    let before = see(&db, &looks, &actor, CaseId::of(id)).await?;
    let change = body.change()?;
    if_match.check(&ETag::of_version(before.version))?;
    let written = db
        .write(&actor, async move |unit: &mut Unit| {
            let case = ops::change(unit, before.id, before.version, change).await?;
            answer(unit.tx(), 200, &case, unit.now()).await
        })
        .await?;
    Ok(written.value.respond(Some(written.receipt)))
}

/// The filters of a list. Each list may be given several times: then one of them must hold.
#[derive(Debug, Default, Deserialize, Serialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub(super) struct CaseFilter {
    /// The file whose cases are wanted.
    #[param(nullable = false)]
    file: Option<Uuid>,
    /// The case whose parts are wanted.
    #[param(nullable = false)]
    parent: Option<Uuid>,
    /// Short names of departments.
    department: Vec<String>,
    /// States.
    state: Vec<LifeState>,
    /// Types, exactly.
    #[serde(rename = "type")]
    #[param(rename = "type")]
    kind: Vec<String>,
    /// Tags, exactly.
    tag: Vec<String>,
    /// Words in subject or reference, in any order; ä is ae.
    #[param(nullable = false, max_length = 200)]
    q: Option<String>,
    /// Whether the answer says how many there are in all.
    #[param(nullable = false)]
    count: Option<bool>,
}

/// A page of cases.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct CasePage {
    /// The cases.
    items: Vec<CaseView>,
    /// Where the next page begins; absent on the last page.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    next_cursor: Option<String>,
    /// How many there are in all; only where `count=true` was asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    total: Option<u64>,
}

/// Cases, the last opened first; what you may not see is neither listed nor counted.
#[utoipa::path(
    get, path = "/api/v1/cases", tag = "cases", operation_id = "listCases",
    params(CaseFilter, PageRequest),
    responses((status = 200, description = "A page", body = CasePage,
        headers(("Link" = String, description = "`rel=\"next\"`, where there is a next page"))),
        ListProblems),
    security(("token" = []))
)]
pub(super) async fn get_cases(
    request: HttpRequest,
    db: Data<Db>,
    looks: Data<Looks>,
    cursors: Data<Cursors>,
    SignedIn(actor): SignedIn,
    ListQuery {
        filter: asked,
        page: wanted,
    }: ListQuery<CaseFilter>,
) -> Result<HttpResponse, Problem> {
    let all = departments::departments(db.read()).await?;
    // Whether they are counted decides neither which are listed nor in which order.
    let scope = scope_of("cases", &asked, &["count"])?;
    let filter = Filter {
        file: asked.file.map(FileId::of),
        parent: asked.parent.map(CaseId::of),
        departments: departments_named(&asked.department, &all),
        states: asked.state.iter().map(|state| state.code()).collect(),
        kinds: asked.kind,
        tags: asked.tag,
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
        kind: "case",
        id: one.id.raw(),
        version: one.version,
        hidden: one.compartment.is_some(),
    });
    let looked = Looked::of(Look::List, &actor).showing(shown.collect());
    looks.note(looked).await?;
    let items = CaseView::of(db.read(), &found, &all, db.now()).await?;
    let mut response = HttpResponse::Ok();
    if let Some(cursor) = &next_cursor {
        response.insert_header((header::LINK, crate::http::page::next_link(&request, cursor)));
    }
    Ok(response.json(CasePage {
        items,
        next_cursor,
        total,
    }))
}

/// The part of the contract that cases bring.
#[derive(Debug, OpenApi)]
#[openapi(
    paths(post_case, get_cases, get_case, patch_case, get_label, get_history),
    components(schemas(FileName, CaseName))
)]
pub struct ApiDoc;

/// The routes of cases.
pub fn routes(config: &mut web::ServiceConfig) {
    config
        .service(
            web::resource("/api/v1/cases")
                .get(get_cases)
                .post(post_case),
        )
        .service(
            web::resource("/api/v1/cases/{id}")
                .get(get_case)
                .patch(patch_case),
        )
        .service(web::resource("/api/v1/cases/{id}/label").get(get_label))
        .service(web::resource("/api/v1/cases/{id}/history").get(get_history));
}
