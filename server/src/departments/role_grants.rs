//! Roles over HTTP, one by one: given for a time, approved by a second administrator, ended.

use actix_web::HttpResponse;
use actix_web::web::Data;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::accounts::require_admin;
use super::compartments::reason_fault;
use super::model::{Department, NewRole, Origin, PeopleError, RoleGiven, Standing};
use super::role_wire::{GivenRole, RoleRequest, role_wanted, slug_of};
use super::roles::{self, Giving};
use super::signed_in::SignedIn;
use super::{ops, rows};
use crate::base::{AccountId, Role, Timestamp};
use crate::config::Rights;
use crate::http::extract::{Json, Path};
use crate::http::openapi::{CreateProblems, PlainProblems, ReadProblems};
use crate::http::{Kind, Problem};
use crate::replay::{self, with_receipt};
use crate::unit::{Db, Unit};

/// Whether a role holds.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[schema(as = RoleStanding)]
#[serde(rename_all = "snake_case")]
pub(super) enum StandingView {
    /// A second administrator has to approve it.
    Waiting,
    /// Its time has not come.
    Upcoming,
    /// It holds.
    InForce,
    /// Its time is over.
    Over,
}

impl From<Standing> for StandingView {
    fn from(standing: Standing) -> Self {
        match standing {
            Standing::Waiting => Self::Waiting,
            Standing::Upcoming => Self::Upcoming,
            Standing::InForce => Self::InForce,
            Standing::Over => Self::Over,
        }
    }
}

/// A role that was given to an account.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RoleGrant)]
pub(super) struct RoleGrantView {
    /// Its id.
    id: Uuid,
    /// The account.
    account: Uuid,
    /// The role.
    role: Role,
    /// Short name of the department, for roles that are held in one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    department: Option<String>,
    /// Whether it holds.
    standing: StandingView,
    /// Why.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    reason: Option<String>,
    /// Whether it follows the groups of the provider of identities, and ends with them.
    from_provider: bool,
    /// When it was given or asked for.
    #[schema(format = DateTime)]
    granted_at: String,
    /// Who gave it or asked for it; absent where nobody noted it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    granted_by: Option<Uuid>,
    /// Who approved or confirmed it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    approved_by: Option<Uuid>,
    /// From when on it holds; absent: at once, or from its approval.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, format = DateTime)]
    valid_from: Option<String>,
    /// When it ends; absent: when it is taken away.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, format = DateTime)]
    valid_until: Option<String>,
}

impl RoleGrantView {
    fn of(one: RoleGiven, departments: &[Department], now: Timestamp) -> Self {
        let standing = one.standing(now).into();
        Self {
            id: one.id.raw(),
            account: one.account.raw(),
            role: one.role,
            department: slug_of(one.department, departments),
            standing,
            reason: one.reason,
            from_provider: one.origin == Origin::Provider,
            granted_at: one.given_at.to_string(),
            granted_by: one.given_by.map(AccountId::raw),
            approved_by: one.approved_by.map(AccountId::raw),
            valid_from: one.valid_from.map(|at| at.to_string()),
            valid_until: one.valid_until.map(|at| at.to_string()),
        }
    }
}

/// Roles that were given.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct RoleGrantList {
    /// The roles, oldest first.
    items: Vec<RoleGrantView>,
}

async fn listed(db: &Db, found: Vec<RoleGiven>) -> Result<HttpResponse, Problem> {
    let departments = ops::departments(db.read()).await?;
    let view = |one| RoleGrantView::of(one, &departments, db.now());
    let items = found.into_iter().map(view).collect();
    Ok(HttpResponse::Ok().json(RoleGrantList { items }))
}

/// A role to give, with its reason.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"role": "clerk", "department": "buergerbuero",
    "valid_until": "2027-01-01T00:00:00Z", "reason": "Aushilfe"}))]
pub(super) struct RoleGrantRequest {
    /// The role.
    role: GivenRole,
    /// Short name or id of the department; for roles that are held in one.
    #[schema(nullable = false)]
    department: Option<String>,
    /// From when on it holds (RFC 3339); at once, if nothing is said.
    #[schema(nullable = false, format = DateTime)]
    valid_from: Option<String>,
    /// When it ends (RFC 3339); when it is taken away, if nothing is said.
    #[schema(nullable = false, format = DateTime)]
    valid_until: Option<String>,
    /// Why.
    #[schema(nullable = false, min_length = 1, max_length = 500)]
    reason: Option<String>,
}

/// The roles of an account, over or not; those that were ended are in the log only. For
/// administrators and auditors, and one's own.
#[utoipa::path(
    get, path = "/api/v1/accounts/{id}/role-grants", tag = "people", operation_id = "listRoles",
    params(("id" = Uuid, Path, description = "The account")),
    responses((status = 200, description = "Oldest first", body = RoleGrantList), ReadProblems),
    security(("token" = []))
)]
pub(super) async fn get_roles(
    db: Data<Db>,
    SignedIn(actor): SignedIn,
    Path(id): Path<Uuid>,
) -> Result<HttpResponse, Problem> {
    let id = AccountId::of(id);
    if id != actor.account && !actor.is(Role::Auditor) {
        require_admin(&actor)?;
    }
    let known = rows::account(db.read(), id)
        .await
        .map_err(PeopleError::from)?;
    known.ok_or(PeopleError::NoAccount)?;
    listed(&db, roles::given(db.read(), id).await?).await
}

/// The roles that wait for the approval of a second administrator. For administrators and auditors.
#[utoipa::path(
    get, path = "/api/v1/role-grants", tag = "people", operation_id = "listWaitingRoles",
    responses((status = 200, description = "Oldest first", body = RoleGrantList), PlainProblems),
    security(("token" = []))
)]
pub(super) async fn get_waiting(
    db: Data<Db>,
    SignedIn(actor): SignedIn,
) -> Result<HttpResponse, Problem> {
    if !actor.is(Role::Auditor) {
        require_admin(&actor)?;
    }
    let now = db.now();
    let mut all = roles::all_given(db.read()).await?;
    all.retain(|one| one.standing(now) == Standing::Waiting);
    listed(&db, all).await
}

/// Gives a role to an account, for a time or until it is taken away. For administrators.
///
/// Where the settings ask for two people (`rights.role_grants_by_two`) it waits and holds from the
/// approval by another administrator on.
#[utoipa::path(
    post, path = "/api/v1/accounts/{id}/role-grants", tag = "people", operation_id = "giveRole",
    params(("id" = Uuid, Path, description = "The account")),
    request_body = RoleGrantRequest,
    responses((status = 201, description = "Given, or waiting", body = RoleGrantView), CreateProblems),
    security(("token" = []))
)]
pub(super) async fn post_role(
    db: Data<Db>,
    rights: Data<Rights>,
    SignedIn(actor): SignedIn,
    Path(id): Path<Uuid>,
    Json(body): Json<RoleGrantRequest>,
) -> Result<HttpResponse, Problem> {
    require_admin(&actor)?;
    if let Some(reason) = &body.reason {
        let problem = reason_fault(Problem::new(Kind::Validation), reason);
        if problem.faults() > 0 {
            return Err(problem);
        }
    }
    let departments = ops::departments(db.read()).await?;
    let wanted = RoleRequest {
        role: body.role,
        department: body.department,
        valid_from: body.valid_from,
        valid_until: body.valid_until,
    };
    let new = NewRole {
        reason: body.reason.map(|reason| reason.trim().to_owned()),
        ..role_wanted(&wanted, &departments, "")?
    };
    let giving = Giving::of(**rights);
    let written = db
        .write(&actor, async move |unit: &mut Unit| {
            roles::grant(unit, AccountId::of(id), new, giving).await
        })
        .await?;
    let mut response = HttpResponse::Created();
    with_receipt(&mut response, written.receipt);
    Ok(response.json(RoleGrantView::of(written.value, &departments, db.now())))
}

/// Approves a role that waits, or confirms one that one person gave. For administrators other than the
/// one who gave it and the one whose it is.
#[utoipa::path(
    post, path = "/api/v1/role-grants/{id}/approve", tag = "people", operation_id = "approveRole",
    params(("id" = Uuid, Path, description = "The role that was given")),
    responses((status = 200, description = "Approved", body = RoleGrantView), CreateProblems),
    security(("token" = []))
)]
pub(super) async fn post_approve(
    db: Data<Db>,
    SignedIn(actor): SignedIn,
    Path(id): Path<Uuid>,
) -> Result<HttpResponse, Problem> {
    require_admin(&actor)?;
    let written = db
        .write(&actor, async move |unit: &mut Unit| {
            roles::approve(unit, id).await
        })
        .await?;
    let departments = ops::departments(db.read()).await?;
    let mut response = HttpResponse::Ok();
    with_receipt(&mut response, written.receipt);
    Ok(response.json(RoleGrantView::of(written.value, &departments, db.now())))
}

/// Ends a role at once, or turns down one that waits. For administrators; one is enough.
#[utoipa::path(
    delete, path = "/api/v1/role-grants/{id}", tag = "people", operation_id = "endRole",
    params(("id" = Uuid, Path, description = "The role that was given")),
    responses((status = 204, description = "Ended"), CreateProblems),
    security(("token" = []))
)]
pub(super) async fn delete_role(
    db: Data<Db>,
    SignedIn(actor): SignedIn,
    Path(id): Path<Uuid>,
) -> Result<HttpResponse, Problem> {
    require_admin(&actor)?;
    let written = db
        .write(&actor, async move |unit: &mut Unit| {
            roles::end(unit, id).await
        })
        .await?;
    Ok(replay::ended(written.receipt))
}
