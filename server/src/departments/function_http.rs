//! Functions over HTTP: which there are, and who holds them.

use std::collections::HashMap;

use actix_web::HttpResponse;
use actix_web::web::Data;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::accounts::require_admin;
use super::compartments::{instant, reason_fault};
use super::functions::{self, Function, NewHolder};
use super::http::name_fault;
use super::model::{Department, PeopleError, Slug};
use super::role_wire::slug_of;
use super::roles::Giving;
use super::rows::{self, function_holder};
use super::signed_in::SignedIn;
use super::{ops, role_grants::StandingView};
use crate::base::{AccountId, Actor, Role, Timestamp};
use crate::config::Rights;
use crate::http::extract::{Json, Path};
use crate::http::openapi::{CreateProblems, PlainProblems, ReadProblems};
use crate::http::{Fault, Kind, Problem, text};
use crate::replay::{self, with_receipt};
use crate::unit::{Db, Unit};

/// A function.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Function)]
pub(super) struct FunctionView {
    /// Its id; stands in inboxes and records as that of an account does.
    id: Uuid,
    /// Its short name; `function:` and this is the name of its inbox.
    code: String,
    /// Its name.
    name: String,
    /// Short name of the department that it belongs to.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    department: Option<String>,
    /// Whether you hold it now.
    held: bool,
    /// Who holds it, shall hold it or waits for that, oldest first; absent where you may not know it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    holders: Option<Vec<HolderView>>,
}

impl FunctionView {
    fn of(
        one: &Function,
        departments: &[Department],
        held: bool,
        holders: Option<Vec<HolderView>>,
    ) -> Self {
        Self {
            id: one.id.raw(),
            code: one.code.clone(),
            name: one.name.clone(),
            department: slug_of(Some(one.department), departments),
            held,
            holders,
        }
    }
}

/// Functions.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct FunctionList {
    /// The functions, by short name.
    items: Vec<FunctionView>,
}

/// A new function.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"code": "standesbeamtin", "name": "Standesbeamtin", "department": "buergerbuero"}))]
pub(super) struct FunctionRequest {
    /// Its short name: 2 to 64 of `a-z 0-9 -`, beginning with a letter.
    #[schema(min_length = 2, max_length = 64, pattern = "^[a-z][a-z0-9-]*$")]
    code: String,
    /// Its name.
    #[schema(min_length = 1, max_length = 200)]
    name: String,
    /// Short name or id of the department that it belongs to.
    #[schema(max_length = 100)]
    department: String,
}

/// Somebody who holds a function.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = FunctionHolder)]
pub(super) struct HolderView {
    /// Its id.
    id: Uuid,
    /// The function.
    function: Uuid,
    /// The account.
    account: Uuid,
    /// Whether it holds.
    standing: StandingView,
    /// Why.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    reason: Option<String>,
    /// Who gave it or asked for it.
    granted_by: Uuid,
    /// Who approved it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    approved_by: Option<Uuid>,
    /// From when on; absent: at once, or from its approval.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, format = DateTime)]
    valid_from: Option<String>,
    /// Until when; absent: until it is taken away.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, format = DateTime)]
    valid_until: Option<String>,
}

impl HolderView {
    fn of(row: function_holder::Model, now: Timestamp) -> Self {
        let standing = if row.valid_until.is_some_and(|until| until <= now.micros()) {
            StandingView::Over
        } else if row.proposed.is_some() && row.approved_at.is_none() {
            StandingView::Waiting
        } else if row.valid_from.is_some_and(|from| from > now.micros()) {
            StandingView::Upcoming
        } else {
            StandingView::InForce
        };
        let at = |micros| Timestamp::of_micros(micros).to_string();
        Self {
            id: row.id,
            function: row.function_id,
            account: row.account_id,
            standing,
            reason: row.reason,
            granted_by: row.granted_by,
            approved_by: row.approved_by,
            valid_from: row.valid_from.map(at),
            valid_until: row.valid_until.map(at),
        }
    }
}

/// Those who hold a function.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct HolderList {
    /// Oldest first.
    items: Vec<HolderView>,
}

/// Who shall hold a function.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"account": "a.vosskuhl", "valid_until": "2027-01-01T00:00:00Z"}))]
pub(super) struct HolderRequest {
    /// Login of the account; a line-of-business application may then act for the function.
    #[schema(min_length = 2, max_length = 64)]
    account: String,
    /// From when on (RFC 3339); at once, if nothing is said.
    #[schema(nullable = false, format = DateTime)]
    valid_from: Option<String>,
    /// Until when (RFC 3339); until it is taken away, if nothing is said.
    #[schema(nullable = false, format = DateTime)]
    valid_until: Option<String>,
    /// Why.
    #[schema(nullable = false, min_length = 1, max_length = 500)]
    reason: Option<String>,
}

/// The functions of the house, so that one knows to whom a document can be handed on. Who holds one is told to
/// administrators, auditors, and those who hold it.
#[utoipa::path(
    get, path = "/api/v1/functions", tag = "people", operation_id = "listFunctions",
    responses((status = 200, description = "By short name", body = FunctionList), PlainProblems),
    security(("token" = []))
)]
pub(super) async fn get_functions(
    db: Data<Db>,
    SignedIn(actor): SignedIn,
) -> Result<HttpResponse, Problem> {
    let all = functions::all(db.read()).await?;
    let departments = ops::departments(db.read()).await?;
    let now = db.now();
    let mine = functions::held_by(db.read(), actor.account, now).await?;
    let of = (!knows_all(&actor)).then_some(mine.as_slice());
    let mut holders: HashMap<Uuid, Vec<HolderView>> = HashMap::new();
    for row in rows::standing_holders(db.read(), of, now).await? {
        let of_this = holders.entry(row.function_id).or_default();
        of_this.push(HolderView::of(row, now));
    }
    let items = all
        .iter()
        .map(|one| {
            let held = mine.contains(&one.id);
            let known = held || knows_all(&actor);
            let told = known.then(|| holders.remove(&one.id.raw()).unwrap_or_default());
            FunctionView::of(one, &departments, held, told)
        })
        .collect();
    Ok(HttpResponse::Ok().json(FunctionList { items }))
}

/// Creates a function. For administrators.
///
/// It has an inbox at once. Roles are given to it as to an account, by its id
/// (`/accounts/{id}/role-grants`); whoever holds the function has them.
#[utoipa::path(
    post, path = "/api/v1/functions", tag = "people", operation_id = "createFunction",
    request_body = FunctionRequest,
    responses((status = 201, description = "Created", body = FunctionView), CreateProblems),
    security(("token" = []))
)]
pub(super) async fn post_function(
    db: Data<Db>,
    SignedIn(actor): SignedIn,
    Json(body): Json<FunctionRequest>,
) -> Result<HttpResponse, Problem> {
    require_admin(&actor)?;
    let name = body.name.trim().to_owned();
    let mut problem = name_fault(Problem::new(Kind::Validation), "/name", &body.name);
    let code = Slug::parse(&body.code);
    if code.is_none() {
        let expected = text(
            "a-z, 0-9 und -, beginnend mit a-z",
            "a-z, 0-9 and -, beginning with a-z",
        );
        problem = problem.field("/code", Fault::WrongFormat { expected });
    }
    let departments = ops::departments(db.read()).await?;
    let wanted = body.department.as_str();
    let department = departments.iter().find(|one| one.is(wanted));
    if department.is_none() {
        problem = problem.field("/department", Fault::NotFound);
    }
    let (Some(code), Some(department)) = (code, department.map(|one| one.id)) else {
        return Err(problem);
    };
    if problem.faults() > 0 {
        return Err(problem);
    }
    let written = db
        .write(&actor, async move |unit: &mut Unit| {
            functions::create(unit, code, name, department).await
        })
        .await?;
    let mut response = HttpResponse::Created();
    with_receipt(&mut response, written.receipt);
    let nobody = Some(Vec::new());
    let view = FunctionView::of(&written.value, &departments, false, nobody);
    Ok(response.json(view))
}

/// Ends a function. For administrators.
///
/// Nobody holds it any more. What lies in its inbox stays there; the department hands it on.
#[utoipa::path(
    delete, path = "/api/v1/functions/{id}", tag = "people", operation_id = "endFunction",
    params(("id" = Uuid, Path, description = "The function")),
    responses((status = 204, description = "Ended"), ReadProblems),
    security(("token" = []))
)]
pub(super) async fn delete_function(
    db: Data<Db>,
    SignedIn(actor): SignedIn,
    Path(id): Path<Uuid>,
) -> Result<HttpResponse, Problem> {
    require_admin(&actor)?;
    let written = db
        .write(&actor, async move |unit: &mut Unit| {
            functions::end(unit, id).await
        })
        .await?;
    Ok(replay::ended(written.receipt))
}

/// Who may know of every function who holds it.
fn knows_all(actor: &Actor) -> bool {
    actor.is(Role::Admin) || actor.is(Role::Auditor)
}

/// Who may know who holds a function: administrators, auditors, and whoever holds it.
async fn may_know(db: &Db, actor: &Actor, id: AccountId) -> Result<(), Problem> {
    if knows_all(actor) {
        return Ok(());
    }
    let mine = functions::held_by(db.read(), actor.account, db.now()).await?;
    if mine.contains(&id) {
        Ok(())
    } else {
        Err(PeopleError::Forbidden.into())
    }
}

/// Who holds a function. For administrators, auditors, and those who hold it.
#[utoipa::path(
    get, path = "/api/v1/functions/{id}/holders", tag = "people", operation_id = "listHolders",
    params(("id" = Uuid, Path, description = "The function")),
    responses((status = 200, description = "Oldest first", body = HolderList), ReadProblems),
    security(("token" = []))
)]
pub(super) async fn get_holders(
    db: Data<Db>,
    SignedIn(actor): SignedIn,
    Path(id): Path<Uuid>,
) -> Result<HttpResponse, Problem> {
    let id = AccountId::of(id);
    may_know(&db, &actor, id).await?;
    functions::standing(db.read(), id).await?;
    let found = rows::holders(db.read(), id)
        .await
        .map_err(PeopleError::from)?;
    let now = db.now();
    let items = found
        .into_iter()
        .map(|row| HolderView::of(row, now))
        .collect();
    Ok(HttpResponse::Ok().json(HolderList { items }))
}

/// Gives a function to an account, for a time or until it is taken away. For administrators.
///
/// Where the settings ask for two people to give a role (`rights.role_grants_by_two`) it waits for the
/// approval by another administrator.
#[utoipa::path(
    post, path = "/api/v1/functions/{id}/holders", tag = "people", operation_id = "giveFunction",
    params(("id" = Uuid, Path, description = "The function")),
    request_body = HolderRequest,
    responses((status = 201, description = "Given, or waiting", body = HolderView), CreateProblems),
    security(("token" = []))
)]
pub(super) async fn post_holder(
    db: Data<Db>,
    rights: Data<Rights>,
    SignedIn(actor): SignedIn,
    Path(id): Path<Uuid>,
    Json(body): Json<HolderRequest>,
) -> Result<HttpResponse, Problem> {
    require_admin(&actor)?;
    let mut problem = Problem::new(Kind::Validation);
    if let Some(reason) = &body.reason {
        problem = reason_fault(problem, reason);
    }
    let (problem, valid_from) = instant(problem, "/valid_from", body.valid_from.as_deref());
    let (mut problem, valid_until) = instant(problem, "/valid_until", body.valid_until.as_deref());
    let account = ops::account_of_login(db.read(), &body.account)
        .await
        .map_err(PeopleError::from)?;
    if account.is_none() {
        problem = problem.field("/account", Fault::NotFound);
    }
    let Some(account) = account.filter(|_| problem.faults() == 0) else {
        return Err(problem);
    };
    let new = NewHolder {
        account,
        valid_from,
        valid_until,
        reason: body.reason.map(|reason| reason.trim().to_owned()),
    };
    let giving = Giving::of(**rights);
    let written = db
        .write(&actor, async move |unit: &mut Unit| {
            functions::give(unit, AccountId::of(id), new, giving).await
        })
        .await?;
    let mut response = HttpResponse::Created();
    with_receipt(&mut response, written.receipt);
    Ok(response.json(HolderView::of(written.value, db.now())))
}

/// Approves that somebody holds a function. For administrators other than the one who asked for it and
/// the one whose it is.
#[utoipa::path(
    post, path = "/api/v1/function-holders/{id}/approve", tag = "people", operation_id = "approveHolder",
    params(("id" = Uuid, Path, description = "Who holds what")),
    responses((status = 200, description = "Approved", body = HolderView), CreateProblems),
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
            functions::approve(unit, id).await
        })
        .await?;
    let mut response = HttpResponse::Ok();
    with_receipt(&mut response, written.receipt);
    Ok(response.json(HolderView::of(written.value, db.now())))
}

/// Takes a function from somebody at once, or turns down what waits. For administrators.
#[utoipa::path(
    delete, path = "/api/v1/function-holders/{id}", tag = "people", operation_id = "takeFunction",
    params(("id" = Uuid, Path, description = "Who holds what")),
    responses((status = 204, description = "Taken"), CreateProblems),
    security(("token" = []))
)]
pub(super) async fn delete_holder(
    db: Data<Db>,
    SignedIn(actor): SignedIn,
    Path(id): Path<Uuid>,
) -> Result<HttpResponse, Problem> {
    require_admin(&actor)?;
    let written = db
        .write(&actor, async move |unit: &mut Unit| {
            functions::take(unit, id).await
        })
        .await?;
    Ok(replay::ended(written.receipt))
}
