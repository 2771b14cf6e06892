//! The file plan over HTTP: parse, call, render.

use std::collections::HashMap;

use actix_web::web::{self, Data};
use actix_web::{HttpRequest, HttpResponse, http::header};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, OpenApi, ToSchema};
use uuid::Uuid;

use super::follow::Follow;
use super::list::{self, Filter};
use super::model::{CODE_CHARS_MAX, PlanError, PlanUnit};
use super::ops;
use super::transfer;
use super::wire::{
    ImportReport, NewPlan, NewUnit, PlanChange, PlanView, UnitChange, UnitEffect, UnitView,
};
use crate::base::{CivilDate, CompartmentId, PlanId, PlanUnitId};
use crate::departments::{self, SignedIn};
use crate::http::extract::{ETag, IfMatch, IfNoneMatch, Json, ListQuery, MaybeKey, Path};
use crate::http::gather::{WORDS_CHARS_MAX, narrowing};
use crate::http::openapi::{
    ChangeProblems, CreateProblems, IdempotencyParam, IfMatchParam, IfNoneMatchParam,
    ListOfProblems, PlainProblems, ReadProblems,
};
use crate::http::page::{Cursors, PageRequest, next_link};
use crate::http::{Fault, Kind, Problem, text};
use crate::replay::{Answer, Fingerprint, Once, with_receipt};
use crate::unit::{Db, Unit, Written};

impl From<PlanError> for Problem {
    #[expect(clippy::too_many_lines, reason = "an arm for each refusal")]
    fn from(error: PlanError) -> Self {
        match error {
            PlanError::NoPlan | PlanError::NoUnit => Self::new(Kind::NotFound),
            PlanError::Forbidden => Self::new(Kind::Forbidden).detail(text(
                "Den Aktenplan pflegt die Registratur.",
                "The file plan is maintained by the records manager.",
            )),
            PlanError::Taken { existing } => Self::new(Kind::AlreadyExists).existing(existing),
            PlanError::Backwards => rule(
                "/valid_until",
                "backwards",
                "Der letzte Tag liegt vor dem ersten.",
                "The last day is before the first.",
            ),
            PlanError::Overlap { edition } => Self::new(Kind::Conflict).detail(text(
                format!(
                    "Die Ausgabe {edition} gilt an einigen dieser Tage. Beenden Sie zuerst ihre Gültigkeit."
                ),
                format!("The edition {edition} is in force on some of these days. End it first."),
            )),
            PlanError::NoParent => Self::new(Kind::Validation).field("/parent", Fault::NotFound),
            PlanError::Misplaced(misplaced) => Self::new(Kind::Validation)
                .field("/parent", super::draft::misplaced_fault(misplaced)),
            PlanError::Full => rule(
                "",
                "plan-full",
                "Ein Aktenplan hat höchstens 20 000 Einheiten.",
                "A file plan has at most 20,000 units.",
            ),
            PlanError::NoCompartment => {
                Self::new(Kind::Validation).field("/compartment", Fault::NotFound)
            }
            PlanError::InUse => Self::new(Kind::Conflict).detail(text(
                "In dieser Einheit gibt es Akten; ihr Kennzeichen bleibt.",
                "There are files in this unit; its mark stays.",
            )),
            PlanError::Enclosed => Self::new(Kind::Forbidden).detail(text(
                "Diese Einheit ist abgeschottet. Nur wer die Abschottung betritt, nimmt etwas aus ihr heraus.",
                "This unit stands in a compartment. Only who enters it takes anything out of it.",
            )),
            PlanError::TooMany { max } => Self::new(Kind::Conflict).detail(text(
                format!(
                    "In den betroffenen Einheiten stehen mehr als {max} Akten, Vorgänge und Dokumente. \
                     Bitte zuerst Einheiten darunter einzeln ändern oder Akten umprotokollieren."
                ),
                format!(
                    "More than {max} files, cases and documents stand in these units. Change units \
                     below them one by one or refile files first."
                ),
            )),
            PlanError::Retired => Self::new(Kind::StateConflict).current_state("retired"),
            PlanError::Unnamed { name, edition } => {
                let problem = Self::new(Kind::Validation);
                let problem = if name {
                    problem.field("/name", Fault::Required)
                } else {
                    problem
                };
                if edition {
                    problem.field("/edition", Fault::Required)
                } else {
                    problem
                }
            }
            PlanError::Unreadable(findings) => transfer::unreadable(&findings),
            PlanError::Unchanged => rule(
                "",
                "unchanged",
                "Es würde sich nichts ändern.",
                "Nothing would change.",
            ),
            PlanError::Stale { current } => Self::new(Kind::PreconditionFailed)
                .detail(text(
                    "Das wurde inzwischen geändert. Bitte neu laden und prüfen.",
                    "This was changed meanwhile. Please read it again and check.",
                ))
                .current_etag(&ETag::of_version(current)),
            PlanError::KeyTaken => Self::new(Kind::IdempotencyInProgress).retry_after_seconds(1),
            PlanError::Db(error) => error.into(),
        }
    }
}

fn rule(
    pointer: &'static str,
    code: &'static str,
    german: &'static str,
    english: &'static str,
) -> Problem {
    let detail = text(german, english);
    Problem::new(Kind::Validation).field(pointer, Fault::Rule { code, detail })
}

async fn compartments(db: &Db) -> Result<HashMap<CompartmentId, String>, Problem> {
    let codes = departments::compartment_codes(db.read()).await;
    Ok(codes?)
}

async fn view(db: &Db, unit: &PlanUnit) -> Result<UnitView, Problem> {
    Ok(UnitView::of(unit, &compartments(db).await?))
}

/// The editions that there are.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct PlanList {
    /// The editions, by name and first day.
    items: Vec<PlanView>,
}

/// All editions of all file plans.
#[utoipa::path(
    get, path = "/api/v1/file-plans", tag = "file plan", operation_id = "listPlans",
    responses((status = 200, description = "By name and first day", body = PlanList), PlainProblems),
    security(("token" = []))
)]
pub(super) async fn get_plans(
    db: Data<Db>,
    SignedIn(_actor): SignedIn,
) -> Result<HttpResponse, Problem> {
    let today = CivilDate::on(db.now());
    let plans = ops::plans(db.read()).await?;
    let items = plans.iter().map(|plan| PlanView::of(plan, today)).collect();
    Ok(HttpResponse::Ok().json(PlanList { items }))
}

/// Puts an edition in, still without units. For the records manager.
#[utoipa::path(
    post, path = "/api/v1/file-plans", tag = "file plan", operation_id = "createPlan",
    params(IdempotencyParam),
    request_body = NewPlan,
    responses((status = 201, description = "Put in; durable", body = PlanView, headers(
        ("Location" = String, description = "The edition"),
        ("ETag" = String, description = "Its version"),
        ("Idempotent-Replayed" = String, description = "`true`, where the answer is a saved one"))),
        CreateProblems),
    security(("token" = []))
)]
pub(super) async fn post_plan(
    db: Data<Db>,
    SignedIn(actor): SignedIn,
    MaybeKey(key): MaybeKey,
    Json(body): Json<NewPlan>,
) -> Result<HttpResponse, Problem> {
    ops::require_manager(&actor)?;
    let new = body.edition()?;
    let said = serde_json::to_vec(&body).map_err(Problem::internal)?;
    let print = Fingerprint::of(&[b"POST /file-plans", &said]);
    let once = Once::new(&actor, key, print);
    if let Some(answer) = once.answered(&db).await? {
        return Ok(answer);
    }
    let saved = once.clone();
    let written = db
        .write(&actor, async move |unit: &mut Unit| {
            let plan = ops::create_plan(unit, new).await?;
            let view = PlanView::of(&plan, CivilDate::on(unit.now()));
            let location = format!("/api/v1/file-plans/{}", plan.id);
            let answer = created(&view, location, plan.version)?;
            saved.save(unit, &answer).await?;
            Ok::<_, PlanError>(answer)
        })
        .await;
    once.finish(&db, written).await
}

fn created(view: &impl Serialize, location: String, version: u64) -> Result<Answer, PlanError> {
    Ok(Answer::created(view)?
        .with_header("location", location)
        .with_header("etag", ETag::of_version(version).to_string()))
}

/// One edition.
#[utoipa::path(
    get, path = "/api/v1/file-plans/{id}", tag = "file plan", operation_id = "readPlan",
    params(("id" = Uuid, Path, description = "The edition"), IfNoneMatchParam),
    responses((status = 200, description = "The edition", body = PlanView, headers(
        ("ETag" = String, description = "Its version"))),
        (status = 304, description = "Not changed since", headers(
        ("ETag" = String, description = "Its version"))), ReadProblems),
    security(("token" = []))
)]
pub(super) async fn get_plan(
    db: Data<Db>,
    SignedIn(_actor): SignedIn,
    Path(id): Path<Uuid>,
    known: IfNoneMatch,
) -> Result<HttpResponse, Problem> {
    let plan = ops::plan(db.read(), PlanId::of(id)).await?;
    let plan = plan.ok_or(PlanError::NoPlan)?;
    let etag = ETag::of_version(plan.version);
    if known.has(&etag) {
        let mut response = HttpResponse::NotModified();
        return Ok(response
            .insert_header((header::ETAG, etag.to_string()))
            .finish());
    }
    let mut response = HttpResponse::Ok();
    response.insert_header((header::ETAG, etag.to_string()));
    Ok(response.json(PlanView::of(&plan, CivilDate::on(db.now()))))
}

/// Changes name, edition or days of an edition. For the records manager.
#[utoipa::path(
    patch, path = "/api/v1/file-plans/{id}", tag = "file plan", operation_id = "changePlan",
    params(("id" = Uuid, Path, description = "The edition"), IfMatchParam),
    request_body = PlanChange,
    responses((status = 200, description = "Changed; durable", body = PlanView, headers(
        ("ETag" = String, description = "Its new version"))), ChangeProblems),
    security(("token" = []))
)]
pub(super) async fn patch_plan(
    db: Data<Db>,
    SignedIn(actor): SignedIn,
    Path(id): Path<Uuid>,
    if_match: IfMatch,
    Json(body): Json<PlanChange>,
) -> Result<HttpResponse, Problem> {
    ops::require_manager(&actor)?;
    let id = PlanId::of(id);
    let before = ops::plan(db.read(), id).await?;
    let before = before.ok_or(PlanError::NoPlan)?;
    if_match.check(&ETag::of_version(before.version))?;
    let change = body.read()?;
    let expected = Some(before.version);
    let written = db
        .write(&actor, async move |unit: &mut Unit| {
            ops::change_plan(unit, id, expected, |before| change.apply(before)).await
        })
        .await?;
    let mut response = HttpResponse::Ok();
    with_receipt(&mut response, written.receipt);
    let etag = ETag::of_version(written.value.version);
    response.insert_header((header::ETAG, etag.to_string()));
    Ok(response.json(PlanView::of(&written.value, CivilDate::on(db.now()))))
}

/// What a list of units shall contain.
#[derive(Debug, Clone, Default, Serialize, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub(super) struct UnitFilter {
    /// Those that are part of this unit; `none`: those at the top.
    #[param(nullable = false, example = "none")]
    parent: Option<String>,
    /// Those whose mark begins like this.
    #[param(nullable = false, max_length = 64, example = "01.4")]
    code: Option<String>,
    /// Those with this in mark or title, whatever its case.
    #[param(nullable = false, max_length = 200)]
    q: Option<String>,
    /// Only retired ones, or only those in use; both where nothing is said.
    #[param(nullable = false)]
    retired: Option<bool>,
}

impl UnitFilter {
    fn read(&self) -> Result<Filter, Problem> {
        let parent = match self.parent.as_deref() {
            None => None,
            Some("none") => Some(None),
            Some(id) => match id.parse::<PlanUnitId>() {
                Ok(id) => Some(Some(id)),
                Err(_source) => {
                    let expected = text(
                        "die id einer Einheit oder none",
                        "the id of a unit, or none",
                    );
                    return Err(Problem::new(Kind::QueryInvalid)
                        .parameter("parent", Fault::WrongFormat { expected }));
                }
            },
        };
        Ok(Filter {
            parent,
            code: narrowing("code", self.code.as_deref(), CODE_CHARS_MAX)?,
            words: narrowing("q", self.q.as_deref(), WORDS_CHARS_MAX)?,
            retired: self.retired,
        })
    }
}

/// A page of units.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct UnitPage {
    /// The units, by mark.
    items: Vec<UnitView>,
    /// Where the next page begins; absent on the last page.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    next_cursor: Option<String>,
}

/// The units of an edition, by mark. Whoever is signed in reads the plan; `files` counts what you may
/// see.
#[utoipa::path(
    get, path = "/api/v1/file-plans/{id}/units", tag = "file plan", operation_id = "listPlanUnits",
    params(("id" = Uuid, Path, description = "The edition"), UnitFilter, PageRequest),
    responses((status = 200, description = "A page", body = UnitPage,
        headers(("Link" = String, description = "`rel=\"next\"`, where there is a next page"))),
        ListOfProblems),
    security(("token" = []))
)]
pub(super) async fn get_units(
    request: HttpRequest,
    db: Data<Db>,
    cursors: Data<Cursors>,
    SignedIn(actor): SignedIn,
    Path(id): Path<Uuid>,
    ListQuery {
        filter: asked,
        page: wanted,
    }: ListQuery<UnitFilter>,
) -> Result<HttpResponse, Problem> {
    let plan = PlanId::of(id);
    let known = ops::plan(db.read(), plan).await?;
    known.ok_or(PlanError::NoPlan)?;
    let filter = asked.read()?;
    let scope = serde_json::to_string(&asked).map_err(Problem::internal)?;
    let scope = format!("units {plan} {scope}");
    let after: Option<String> = wanted.after(&cursors, &scope)?;
    let limit = usize::from(wanted.limit);
    let (found, more) = list::page(db.read(), plan, &filter, after.as_deref(), limit).await?;
    let next_cursor = match found.last() {
        Some(last) if more => Some(cursors.seal(&scope, &last.code)?),
        Some(_) | None => None,
    };
    let compartments = compartments(&db).await?;
    let files = list::files(db.read(), &actor, &found).await?;
    let items = found
        .iter()
        .map(|unit| UnitView {
            files: Some(files.get(&unit.id).copied().unwrap_or_default()),
            ..UnitView::of(unit, &compartments)
        })
        .collect();
    let mut response = HttpResponse::Ok();
    if let Some(cursor) = &next_cursor {
        response.insert_header((header::LINK, next_link(&request, cursor)));
    }
    Ok(response.json(UnitPage { items, next_cursor }))
}

/// Adds a unit to an edition. For the records manager.
#[utoipa::path(
    post, path = "/api/v1/file-plans/{id}/units", tag = "file plan", operation_id = "createPlanUnit",
    params(("id" = Uuid, Path, description = "The edition"), IdempotencyParam),
    request_body = NewUnit,
    responses((status = 201, description = "Added; durable", body = UnitView, headers(
        ("Location" = String, description = "The unit"),
        ("ETag" = String, description = "Its version"),
        ("Idempotent-Replayed" = String, description = "`true`, where the answer is a saved one"))),
        CreateProblems),
    security(("token" = []))
)]
pub(super) async fn post_unit(
    db: Data<Db>,
    SignedIn(actor): SignedIn,
    Path(id): Path<Uuid>,
    MaybeKey(key): MaybeKey,
    Json(body): Json<NewUnit>,
) -> Result<HttpResponse, Problem> {
    ops::require_manager(&actor)?;
    let compartments = compartments(&db).await?;
    let (fields, parent) = body.fields(&compartments)?;
    let said = serde_json::to_vec(&body).map_err(Problem::internal)?;
    let print = Fingerprint::of(&[b"POST /file-plans/units", id.as_bytes(), &said]);
    let once = Once::new(&actor, key, print);
    if let Some(answer) = once.answered(&db).await? {
        return Ok(answer);
    }
    let saved = once.clone();
    let written = db
        .write(&actor, async move |unit: &mut Unit| {
            let added = ops::add_unit(unit, PlanId::of(id), fields, parent).await?;
            let view = UnitView::of(&added, &compartments);
            let location = format!("/api/v1/plan-units/{}", added.id);
            let answer = created(&view, location, added.version)?;
            saved.save(unit, &answer).await?;
            Ok::<_, PlanError>(answer)
        })
        .await;
    once.finish(&db, written).await
}

async fn unit_answer(
    mut response: actix_web::HttpResponseBuilder,
    db: &Db,
    written: Written<PlanUnit>,
) -> Result<HttpResponse, Problem> {
    with_receipt(&mut response, written.receipt);
    let etag = ETag::of_version(written.value.version);
    response.insert_header((header::ETAG, etag.to_string()));
    Ok(response.json(view(db, &written.value).await?))
}

async fn found(db: &Db, id: PlanUnitId) -> Result<PlanUnit, Problem> {
    let unit = ops::unit(db.read(), id).await?;
    Ok(unit.ok_or(PlanError::NoUnit)?)
}

/// One unit.
#[utoipa::path(
    get, path = "/api/v1/plan-units/{id}", tag = "file plan", operation_id = "readPlanUnit",
    params(("id" = Uuid, Path, description = "The unit")),
    responses((status = 200, description = "The unit", body = UnitView, headers(
        ("ETag" = String, description = "Its version"))), ReadProblems),
    security(("token" = []))
)]
pub(super) async fn get_unit(
    db: Data<Db>,
    SignedIn(_actor): SignedIn,
    Path(id): Path<Uuid>,
) -> Result<HttpResponse, Problem> {
    let unit = found(&db, PlanUnitId::of(id)).await?;
    let mut response = HttpResponse::Ok();
    let etag = ETag::of_version(unit.version);
    response.insert_header((header::ETAG, etag.to_string()));
    Ok(response.json(view(&db, &unit).await?))
}

/// Changes a unit, or hangs it below another one of its plan. For the records manager.
#[utoipa::path(
    patch, path = "/api/v1/plan-units/{id}", tag = "file plan", operation_id = "changePlanUnit",
    params(("id" = Uuid, Path, description = "The unit"), IfMatchParam),
    request_body = UnitChange,
    responses((status = 200, description = "Changed; durable", body = UnitView, headers(
        ("ETag" = String, description = "Its new version"))), ChangeProblems),
    security(("token" = []))
)]
pub(super) async fn patch_unit(
    db: Data<Db>,
    follow: Data<Follow>,
    SignedIn(actor): SignedIn,
    Path(id): Path<Uuid>,
    if_match: IfMatch,
    Json(body): Json<UnitChange>,
) -> Result<HttpResponse, Problem> {
    ops::require_manager(&actor)?;
    let id = PlanUnitId::of(id);
    let before = found(&db, id).await?;
    if_match.check(&ETag::of_version(before.version))?;
    let change = body.over(before.fields(), before.parent, &compartments(&db).await?)?;
    let (expected, follow) = (Some(before.version), **follow);
    let written = db
        .write(&actor, async move |unit: &mut Unit| {
            ops::change_unit(unit, id, expected, |_before| change, follow).await
        })
        .await?;
    unit_answer(HttpResponse::Ok(), &db, written).await
}

/// Retires a unit: what is in it stays, and no file is opened in it any more. For the records
/// manager.
#[utoipa::path(
    post, path = "/api/v1/plan-units/{id}/retire", tag = "file plan", operation_id = "retirePlanUnit",
    params(("id" = Uuid, Path, description = "The unit"), IfMatchParam),
    responses((status = 200, description = "Retired; durable", body = UnitView, headers(
        ("ETag" = String, description = "Its new version"))), ChangeProblems),
    security(("token" = []))
)]
pub(super) async fn post_retire(
    db: Data<Db>,
    SignedIn(actor): SignedIn,
    Path(id): Path<Uuid>,
    if_match: IfMatch,
) -> Result<HttpResponse, Problem> {
    ops::require_manager(&actor)?;
    let id = PlanUnitId::of(id);
    let before = found(&db, id).await?;
    if_match.check(&ETag::of_version(before.version))?;
    let expected = Some(before.version);
    let written = db
        .write(&actor, async move |unit: &mut Unit| {
            ops::retire_unit(unit, id, expected).await
        })
        .await?;
    unit_answer(HttpResponse::Ok(), &db, written).await
}

/// The part of the contract that the file plan brings.
#[derive(Debug, OpenApi)]
#[openapi(
    paths(
        get_plans,
        post_plan,
        get_plan,
        patch_plan,
        get_units,
        post_unit,
        get_unit,
        patch_unit,
        post_retire,
        transfer::post_import,
        transfer::get_export
    ),
    components(schemas(UnitEffect, ImportReport, transfer::Format))
)]
pub struct ApiDoc;

/// The routes of the file plan.
pub fn routes(config: &mut web::ServiceConfig) {
    let to = |path: &str| web::resource(format!("/api/v1{path}"));
    config
        .service(to("/file-plans").get(get_plans).post(post_plan))
        .service(to("/file-plans/import").post(transfer::post_import))
        .service(to("/file-plans/{id}").get(get_plan).patch(patch_plan))
        .service(to("/file-plans/{id}/units").get(get_units).post(post_unit))
        .service(to("/file-plans/{id}/export").get(transfer::get_export))
        .service(to("/plan-units/{id}").get(get_unit).patch(patch_unit))
        .service(to("/plan-units/{id}/retire").post(post_retire));
}
