//! Deputies: someone acts for another, for a time, and both names are recorded. A deputy has the
//! roles of the one who is away, never a compartment that is closed to the deputy, and hands nothing on.

use actix_web::HttpResponse;
use actix_web::web::Data;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::compartments::{instant, reason_fault};
use super::model::PeopleError;
use super::ops;
use super::rows::{self, deputation};
use super::signed_in::SignedIn;
use crate::audit::event::Action;
use crate::base::actor::Scope;
use crate::base::{AccountId, Actor, DeputationId, Role, Timestamp};
use crate::http::extract::{Json, Path};
use crate::http::openapi::{CreateProblems, PlainProblems};
use crate::http::{Fault, Kind, Problem};
use crate::replay::with_receipt;
use crate::unit::{Db, Unit};

/// Longest time for which a deputy can be named, in days.
const DAYS_MAX: i64 = 400;

/// A deputation.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Deputation)]
pub(super) struct DeputationView {
    /// Its id.
    id: Uuid,
    /// Login of the one who is away.
    principal: String,
    /// Login of the deputy.
    deputy: String,
    /// From when on.
    #[schema(format = DateTime)]
    valid_from: String,
    /// Until when.
    #[schema(format = DateTime)]
    valid_until: String,
    /// Why.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    reason: Option<String>,
    /// Whether it was ended before its time.
    ended: bool,
}

/// Deputations.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct DeputationList {
    /// Those that are not over, by their beginning.
    items: Vec<DeputationView>,
}

/// A new deputation.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"deputy": "t.meyer-luedinghoff", "valid_until": "2026-12-24T17:00:00Z",
    "reason": "Urlaub"}))]
pub(super) struct DeputationRequest {
    /// Login of the one who is away; oneself, if nothing is said. Others: administrators only.
    #[schema(nullable = false, min_length = 2, max_length = 64)]
    principal: Option<String>,
    /// Login of the deputy.
    #[schema(min_length = 2, max_length = 64)]
    deputy: String,
    /// From when on (RFC 3339); now, if nothing is said.
    #[schema(nullable = false, format = DateTime)]
    valid_from: Option<String>,
    /// Until when (RFC 3339), at most 400 days later.
    #[schema(format = DateTime)]
    valid_until: String,
    /// Why.
    #[schema(nullable = false, min_length = 1, max_length = 500)]
    reason: Option<String>,
}

/// A deputation to be.
#[derive(Debug, Clone)]
pub(crate) struct NewDeputation {
    /// Who is away.
    pub principal: AccountId,
    /// Who stands in.
    pub deputy: AccountId,
    /// From when on.
    pub valid_from: Timestamp,
    /// Until when.
    pub valid_until: Timestamp,
    /// Why.
    pub reason: Option<String>,
}

/// Names a deputy: oneself for oneself, or an administrator for anyone.
pub(crate) async fn name_deputy(unit: &mut Unit, new: NewDeputation) -> Result<Uuid, PeopleError> {
    let actor = unit.actor();
    // A deputy does not name deputies.
    let own = actor.account == new.principal
        && actor.on_behalf_of.is_none()
        && actor.scope == Scope::Full;
    if !own {
        ops::require_admin(actor)?;
    }
    if new.principal == new.deputy {
        return Err(PeopleError::FourEyes);
    }
    let longest = new.valid_from.plus_seconds(DAYS_MAX * 86_400);
    if new.valid_until <= new.valid_from
        || new.valid_until <= unit.now()
        || new.valid_until > longest
    {
        return Err(PeopleError::Time);
    }
    for account in [new.principal, new.deputy] {
        let known = rows::account(unit.tx(), account).await?;
        known
            .filter(|row| row.disabled_at.is_none())
            .ok_or(PeopleError::NoAccount)?;
    }
    let row = deputation::Model {
        id: DeputationId::new().raw(),
        version: 1,
        principal_id: new.principal.raw(),
        deputy_id: new.deputy.raw(),
        valid_from: new.valid_from.micros(),
        valid_until: new.valid_until.micros(),
        reason: new.reason,
        created_at: unit.now().micros(),
        created_by: unit.actor().account.raw(),
        ended_at: None,
    };
    let id = row.id;
    rows::insert_deputation(unit, row).await?;
    unit.record(Action::DeputationCreate, None);
    Ok(id)
}

/// Whether `actor` has to do with a deputation.
fn concerns(actor: &Actor, row: &deputation::Model) -> bool {
    let own = actor.account.raw();
    row.principal_id == own || row.deputy_id == own || actor.is(Role::Admin)
}

/// Ends a deputation before its time: the one who is away, the deputy, or an administrator.
async fn end(unit: &mut Unit, id: Uuid) -> Result<deputation::Model, PeopleError> {
    if unit.actor().scope != Scope::Full {
        return Err(PeopleError::Forbidden);
    }
    let row = rows::deputation(unit.tx(), id)
        .await?
        .filter(|row| concerns(unit.actor(), row))
        .ok_or(PeopleError::Nothing)?;
    if row.ended_at.is_some() || row.valid_until <= unit.now().micros() {
        return Err(PeopleError::Settled);
    }
    rows::end_deputation(unit, row).await?;
    unit.record(Action::DeputationEnd, None);
    rows::deputation(unit.tx(), id)
        .await?
        .ok_or(PeopleError::Nothing)
}

async fn views(db: &Db, found: Vec<deputation::Model>) -> Result<Vec<DeputationView>, Problem> {
    let accounts = rows::accounts(db.read()).await.map_err(PeopleError::from)?;
    let login = |id: Uuid| {
        let found = accounts.iter().find(|one| one.id == id);
        found.map(|one| one.login.clone()).unwrap_or_default()
    };
    let at = |micros| Timestamp::of_micros(micros).to_string();
    let view = |row: deputation::Model| DeputationView {
        id: row.id,
        principal: login(row.principal_id),
        deputy: login(row.deputy_id),
        valid_from: at(row.valid_from),
        valid_until: at(row.valid_until),
        reason: row.reason,
        ended: row.ended_at.is_some(),
    };
    Ok(found.into_iter().map(view).collect())
}

async fn one_view(db: &Db, row: deputation::Model) -> Result<DeputationView, Problem> {
    let mut all = views(db, vec![row]).await?;
    all.pop().ok_or_else(|| PeopleError::Nothing.into())
}

/// The deputations that you have to do with; for administrators and auditors all of them.
#[utoipa::path(
    get, path = "/api/v1/deputations", tag = "people", operation_id = "listDeputations",
    responses((status = 200, description = "Those that are not over", body = DeputationList), PlainProblems),
    security(("token" = []))
)]
pub(super) async fn get_deputations(
    db: Data<Db>,
    SignedIn(actor): SignedIn,
) -> Result<HttpResponse, Problem> {
    let all = actor.is(Role::Admin) || actor.is(Role::Auditor);
    let of = (!all).then_some(actor.account);
    let found = rows::deputations(db.read(), of, db.now())
        .await
        .map_err(PeopleError::from)?;
    let items = views(&db, found).await?;
    Ok(HttpResponse::Ok().json(DeputationList { items }))
}

/// Names a deputy for a time: for oneself, or by an administrator.
///
/// The deputy then sends `Papierlos-On-Behalf-Of: LOGIN` with a request and acts with the roles of
/// that account; the log names both.
#[utoipa::path(
    post, path = "/api/v1/deputations", tag = "people", operation_id = "nameDeputy",
    request_body = DeputationRequest,
    responses((status = 201, description = "Named", body = DeputationView), CreateProblems),
    security(("token" = []))
)]
pub(super) async fn post_deputation(
    db: Data<Db>,
    SignedIn(actor): SignedIn,
    Json(body): Json<DeputationRequest>,
) -> Result<HttpResponse, Problem> {
    let mut problem = Problem::new(Kind::Validation);
    if let Some(reason) = &body.reason {
        problem = reason_fault(problem, reason);
    }
    let (problem, valid_from) = instant(problem, "/valid_from", body.valid_from.as_deref());
    let (mut problem, valid_until) = instant(problem, "/valid_until", Some(&body.valid_until));
    let known = async |login: &str| {
        ops::account_of_login(db.read(), login)
            .await
            .map_err(PeopleError::from)
    };
    let deputy = known(&body.deputy).await?;
    if deputy.is_none() {
        problem = problem.field("/deputy", Fault::NotFound);
    }
    let principal = match &body.principal {
        Some(login) => known(login).await?,
        None => Some(actor.account),
    };
    if principal.is_none() {
        problem = problem.field("/principal", Fault::NotFound);
    }
    let (Some(principal), Some(deputy), Some(valid_until)) = (principal, deputy, valid_until)
    else {
        return Err(problem);
    };
    if problem.faults() > 0 {
        return Err(problem);
    }
    let new = NewDeputation {
        principal,
        deputy,
        valid_from: valid_from.unwrap_or_else(|| db.now()),
        valid_until,
        reason: body.reason.map(|reason| reason.trim().to_owned()),
    };
    let written = db
        .write(&actor, async move |unit: &mut Unit| {
            let id = name_deputy(unit, new).await?;
            rows::deputation(unit.tx(), id)
                .await?
                .ok_or(PeopleError::Nothing)
        })
        .await?;
    let mut response = HttpResponse::Created();
    with_receipt(&mut response, written.receipt);
    Ok(response.json(one_view(&db, written.value).await?))
}

/// Ends a deputation before its time.
#[utoipa::path(
    post, path = "/api/v1/deputations/{id}/end", tag = "people", operation_id = "endDeputation",
    params(("id" = Uuid, Path, description = "The deputation")),
    responses((status = 200, description = "Ended", body = DeputationView), CreateProblems),
    security(("token" = []))
)]
pub(super) async fn post_end(
    db: Data<Db>,
    SignedIn(actor): SignedIn,
    Path(id): Path<Uuid>,
) -> Result<HttpResponse, Problem> {
    let written = db
        .write(&actor, async move |unit: &mut Unit| end(unit, id).await)
        .await?;
    let mut response = HttpResponse::Ok();
    with_receipt(&mut response, written.receipt);
    Ok(response.json(one_view(&db, written.value).await?))
}
