//! Emergencies (Notzugriff) over HTTP: an administrator reads for some hours when another one has approved it.
//! Asking, approving and the end of the hours are told to whoever watches, by a line of warning and a webhook each.

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, http::header};
use uuid::Uuid;

use super::http::{answer, listed, noted, see};
use super::model::{Inspection, InspectionError, Target};
use super::rows::{self, Which};
use super::wire::{
    EmergencyReport, EmergencyRequest, InspectionFilter, InspectionPage, InspectionView, Named,
};
use super::{looks, ops};
use crate::base::db::DbError;
use crate::base::{Actor, CompartmentId, InspectionId, Role};
use crate::config::Rights;
use crate::departments::{self, SignedIn, compartments};
use crate::http::extract::{Json, ListQuery, Path};
use crate::http::openapi::{CreateProblems, ListProblems, ReadProblems};
use crate::http::page::{Cursors, PageRequest, next_link};
use crate::http::{Fault, Kind, Problem};
use crate::ledger::looks::Looks;
use crate::unit::{Db, Unit};

/// What is meant by a name.
async fn target(db: &Db, named: Named) -> Result<Target, Problem> {
    let missing = |pointer| Problem::new(Kind::Validation).field(pointer, Fault::NotFound);
    Ok(match named {
        Named::Object(object) => Target::Object(object),
        Named::Department(name) => {
            let all = departments::departments(db.read()).await?;
            let found = all.iter().find(|one| one.is(&name));
            Target::Department(found.ok_or_else(|| missing("/department"))?.id)
        }
        Named::Compartment(name) => {
            let codes = departments::compartment_codes(db.read()).await?;
            let id = name.parse::<CompartmentId>().ok();
            let known = id.filter(|id| codes.contains_key(id));
            let found = match known {
                Some(id) => Some(id),
                None => compartments::by_code(db.read(), &name).await?,
            };
            Target::Compartment(found.ok_or_else(|| missing("/compartment"))?)
        }
    })
}

fn warn(one: &Inspection, said: &str) {
    tracing::warn!(
        inspection = %one.id,
        account = %one.account,
        about = one.target.kind(),
        until = one.valid_until.map(|at| at.to_string()),
        "break-glass: {said}"
    );
}

/// Says of the emergencies whose hours are over that they are: a record, a line of warning and a webhook each.
/// Of several servers the one that is first says it, and what ended while none ran is said by the next one.
pub async fn tell_expired(db: &Db) -> Result<(), InspectionError> {
    let system = Actor::system();
    for id in rows::emergencies_to_tell(db.read(), db.now()).await? {
        let told = db.write(&system, async move |unit: &mut Unit| {
            ops::expire(unit, id).await
        });
        match told.await {
            Ok(written) => warn(&written.value, "the hours are over"),
            // Somebody else was faster.
            Err(InspectionError::Settled | InspectionError::Db(DbError::Stale)) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Asks for reading in an emergency, for yourself. For administrators.
///
/// It does not hold before another administrator has approved it, and then for at most so many hours as
/// `rights.break_glass_hours_max` says. Every look is recorded before anything is shown; auditors read the
/// report.
#[utoipa::path(
    post, path = "/api/v1/break-glass", tag = "inspections", operation_id = "askInEmergency",
    request_body = EmergencyRequest,
    responses((status = 201, description = "Waits for approval", body = InspectionView), CreateProblems),
    security(("token" = []))
)]
pub(super) async fn post_emergency(
    db: Data<Db>,
    rights: Data<Rights>,
    SignedIn(actor): SignedIn,
    Json(body): Json<EmergencyRequest>,
) -> Result<HttpResponse, Problem> {
    if !actor.is(Role::Admin) {
        return Err(InspectionError::Forbidden.into());
    }
    let (named, reason) = body.read()?;
    let target = target(&db, named).await?;
    let limits = **rights;
    let hours = body.hours.unwrap_or(limits.break_glass_hours_max);
    let written = db
        .write(&actor, async move |unit: &mut Unit| {
            ops::ask_in_emergency(unit, (target, reason), hours, limits).await
        })
        .await?;
    warn(&written.value, "an administrator asks to read");
    Ok(answer(&db, &actor, true, &written))
}

/// The emergencies: for administrators and auditors all of them, for others those that touch what they may let
/// others inspect.
#[utoipa::path(
    get, path = "/api/v1/break-glass", tag = "inspections", operation_id = "listEmergencies",
    params(InspectionFilter, PageRequest),
    responses((status = 200, description = "A page", body = InspectionPage,
        headers(("Link" = String, description = "`rel=\"next\"`, where there is a next page"))),
        ListProblems),
    security(("token" = []))
)]
pub(super) async fn get_emergencies(
    request: HttpRequest,
    db: Data<Db>,
    cursors: Data<Cursors>,
    SignedIn(actor): SignedIn,
    ListQuery {
        filter: asked,
        page: wanted,
    }: ListQuery<InspectionFilter>,
) -> Result<HttpResponse, Problem> {
    let whose = (&actor, Which::Emergencies);
    listed(&request, (&db, &cursors), whose, (&asked, &wanted)).await
}

/// An emergency, and for auditors the report: what was looked at in it, as the access log has it.
#[utoipa::path(
    get, path = "/api/v1/break-glass/{id}", tag = "inspections", operation_id = "readEmergency",
    params(("id" = Uuid, Path, description = "The emergency"), PageRequest),
    responses((status = 200, description = "The emergency; `looks` is empty for whoever is no auditor",
        body = EmergencyReport,
        headers(("Link" = String, description = "`rel=\"next\"`, where there is a next page"))),
        ReadProblems),
    security(("token" = []))
)]
pub(super) async fn get_emergency(
    request: HttpRequest,
    db: Data<Db>,
    looks: Data<Looks>,
    cursors: Data<Cursors>,
    SignedIn(actor): SignedIn,
    Path(id): Path<Uuid>,
    ListQuery { page: wanted, .. }: ListQuery<looks::Nothing>,
) -> Result<HttpResponse, Problem> {
    let whose = (&actor, Which::Emergencies);
    let one = see((&db, &looks), whose, id).await?;
    let emergency = InspectionView::of(&one, &actor, db.now());
    if !actor.is(Role::Auditor) {
        return Ok(HttpResponse::Ok().json(EmergencyReport {
            emergency,
            looks: Vec::new(),
            next_cursor: None,
        }));
    }
    let of = looks::learned(&db, &actor, &one).await?;
    let page = looks::under((&db, &cursors), (one.id, &of), &wanted).await?;
    let report = (looks::REPORT, one.id.raw());
    looks::note(&looks, &actor, report).await?;
    let mut response = HttpResponse::Ok();
    if let Some(cursor) = &page.next_cursor {
        response.insert_header((header::LINK, next_link(&request, cursor)));
    }
    Ok(response.json(EmergencyReport {
        emergency,
        looks: page.items,
        next_cursor: page.next_cursor,
    }))
}

/// Approves an emergency. For administrators other than the one who asked.
#[utoipa::path(
    post, path = "/api/v1/break-glass/{id}/approve", tag = "inspections", operation_id = "approveEmergency",
    params(("id" = Uuid, Path, description = "The emergency")),
    responses((status = 200, description = "Approved: the hours run", body = InspectionView), CreateProblems),
    security(("token" = []))
)]
pub(super) async fn post_approve(
    db: Data<Db>,
    looks: Data<Looks>,
    SignedIn(actor): SignedIn,
    Path(id): Path<Uuid>,
) -> Result<HttpResponse, Problem> {
    let id = InspectionId::of(id);
    let done = db
        .write(&actor, async move |unit: &mut Unit| {
            ops::approve_emergency(unit, id).await
        })
        .await;
    let written = noted(&looks, &actor, done).await?;
    warn(&written.value, "an administrator may read from now on");
    Ok(answer(&db, &actor, false, &written))
}

/// Ends an emergency at once, or turns it down. For administrators.
#[utoipa::path(
    post, path = "/api/v1/break-glass/{id}/end", tag = "inspections", operation_id = "endEmergency",
    params(("id" = Uuid, Path, description = "The emergency")),
    responses((status = 200, description = "Over", body = InspectionView), CreateProblems),
    security(("token" = []))
)]
pub(super) async fn post_end(
    db: Data<Db>,
    looks: Data<Looks>,
    SignedIn(actor): SignedIn,
    Path(id): Path<Uuid>,
) -> Result<HttpResponse, Problem> {
    let id = InspectionId::of(id);
    let done = db
        .write(&actor, async move |unit: &mut Unit| {
            ops::end(unit, Which::Emergencies, id).await
        })
        .await;
    let written = noted(&looks, &actor, done).await?;
    Ok(answer(&db, &actor, false, &written))
}
