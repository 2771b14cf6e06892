//! Compartments: what stands in one is hidden from whoever may not enter it, whatever their role.
//! Nobody opens one alone: a grant holds from its approval by a second person on.

use actix_web::HttpResponse;
use actix_web::web::Data;
use sea_orm::ConnectionTrait;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::accounts::require_admin;
use super::acting;
use super::domains;
use super::http::name_fault;
use super::model::PeopleError;
use super::ops;
use super::rows::{self, compartment, compartment_grant};
use super::signed_in::SignedIn;
use crate::audit::event::Action;
use crate::base::db::DbError;
use crate::base::{AccountId, Actor, CompartmentId, GrantId, Role, Timestamp};
use crate::http::extract::{Json, Path};
use crate::http::openapi::{CreateProblems, PlainProblems, ReadProblems};
use crate::http::{Fault, Kind, Problem, text};
use crate::replay::{self, with_receipt};
use crate::unit::{Db, Unit};

/// Longest code of a compartment.
const CODE_CHARS_MAX: usize = 32;
/// Longest reason of a grant, in characters.
const REASON_CHARS_MAX: usize = 500;
/// Most compartments: their number stands beside that of the department in the index.
const COMPARTMENTS_MAX: usize = 1_000;

/// A compartment.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Compartment)]
pub(super) struct CompartmentView {
    /// Its id.
    id: Uuid,
    /// Its code: `PERSONAL`.
    code: String,
    /// Its name.
    name: String,
    /// Whether a look at content must be recorded before a byte is served.
    guarded: bool,
}

impl From<compartment::Model> for CompartmentView {
    fn from(row: compartment::Model) -> Self {
        Self {
            id: row.id,
            code: row.code,
            name: row.name,
            guarded: row.guarded != 0,
        }
    }
}

/// Compartments.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct CompartmentList {
    /// The compartments.
    items: Vec<CompartmentView>,
}

/// A compartment that is opened to an account.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CompartmentGrant)]
pub(super) struct GrantView {
    /// Its id.
    id: Uuid,
    /// The compartment.
    compartment: Uuid,
    /// The account.
    account: Uuid,
    /// Why.
    reason: String,
    /// Who asked for it.
    granted_by: Uuid,
    /// Who approved it; until then it does not hold.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    approved_by: Option<Uuid>,
    /// From when on it holds; absent: from its approval.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, format = DateTime)]
    valid_from: Option<String>,
    /// When it ends; absent: when it is revoked.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, format = DateTime)]
    valid_until: Option<String>,
}

impl From<compartment_grant::Model> for GrantView {
    fn from(row: compartment_grant::Model) -> Self {
        let at = |micros| Timestamp::of_micros(micros).to_string();
        Self {
            id: row.id,
            compartment: row.compartment_id,
            account: row.account_id,
            reason: row.reason,
            granted_by: row.granted_by,
            approved_by: row.approved_by,
            valid_from: row.valid_from.map(at),
            valid_until: row.valid_until.map(at),
        }
    }
}

/// The grants of a compartment.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct GrantList {
    /// The grants that were not revoked.
    items: Vec<GrantView>,
}

/// A new compartment.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"code": "PERSONAL", "name": "Personalakten", "guarded": true}))]
pub(super) struct CompartmentRequest {
    /// Its code: 2 to 32 of `A-Z 0-9 _`, beginning with a letter.
    #[schema(min_length = 2, max_length = 32, pattern = "^[A-Z][A-Z0-9_]*$")]
    code: String,
    /// Its name.
    #[schema(min_length = 1, max_length = 200)]
    name: String,
    /// Whether a look at content must be recorded before a byte is served; yes, if nothing is said.
    #[serde(default = "yes")]
    guarded: bool,
}

const fn yes() -> bool {
    true
}

/// A new grant.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"account": "c.steinweg", "reason": "Sachbearbeitung Personal"}))]
pub(super) struct GrantRequest {
    /// Login of the account.
    #[schema(min_length = 2, max_length = 64)]
    account: String,
    /// Why.
    #[schema(min_length = 1, max_length = 500)]
    reason: String,
    /// From when on it holds (RFC 3339).
    #[schema(nullable = false, format = DateTime)]
    valid_from: Option<String>,
    /// When it ends (RFC 3339).
    #[schema(nullable = false, format = DateTime)]
    valid_until: Option<String>,
}

/// Who may know of all compartments: administration without content, and auditors.
fn oversees(actor: &Actor) -> bool {
    actor.is(Role::Admin) || actor.is(Role::Auditor)
}

/// Makes sure that a compartment with this code can have a key before it is made.
pub async fn make_key(db: &Db, code: &str) -> Result<(), PeopleError> {
    if by_code(db.read(), code).await?.is_some() {
        return Err(PeopleError::Taken);
    }
    let domain = domains::of_code(code).map_err(DbError::from)?;
    domains::make_key(db, &domain).await?;
    Ok(())
}

/// Creates a compartment. Its key must be there: see [`make_key`].
pub async fn create(
    unit: &mut Unit,
    code: String,
    name: String,
    guarded: bool,
) -> Result<CompartmentId, PeopleError> {
    ops::require_admin(unit.actor())?;
    let all = rows::compartments(unit.tx()).await?;
    if all.iter().any(|one| one.code == code) || all.len() >= COMPARTMENTS_MAX {
        return Err(PeopleError::Taken);
    }
    unit.require_key(&domains::of_code(&code).map_err(DbError::from)?)?;
    let id = CompartmentId::new();
    let row = compartment::Model {
        id: id.raw(),
        version: 1,
        number: all.last().map_or(1, |last| last.number + 1),
        code,
        name,
        guarded: i64::from(guarded),
        created_at: unit.now().micros(),
    };
    rows::insert_compartment(unit, row).await?;
    unit.record(Action::CompartmentCreate, None);
    Ok(id)
}

/// A grant to be.
#[derive(Debug, Clone)]
pub struct NewGrant {
    /// The compartment.
    pub compartment: CompartmentId,
    /// Login of the account.
    pub login: String,
    /// Why.
    pub reason: String,
    /// From when on it holds.
    pub valid_from: Option<Timestamp>,
    /// When it ends.
    pub valid_until: Option<Timestamp>,
}

/// Asks for a compartment to be opened to an account. It does not hold before its approval; the
/// system itself, at the town's moving in, needs none.
pub async fn grant(unit: &mut Unit, new: NewGrant) -> Result<Uuid, PeopleError> {
    ops::require_admin(unit.actor())?;
    let begins = new.valid_from.unwrap_or(unit.now());
    if new.valid_until.is_some_and(|until| until <= begins) {
        return Err(PeopleError::Time);
    }
    let known = rows::compartments(unit.tx()).await?;
    if !known.iter().any(|one| one.id == new.compartment.raw()) {
        return Err(PeopleError::Nothing);
    }
    let account = ops::account_of_login(unit.tx(), &new.login)
        .await?
        .ok_or(PeopleError::NoAccount)?;
    require_inside(unit, account).await?;
    let by_system = unit.actor().is(Role::System);
    let row = compartment_grant::Model {
        id: GrantId::new().raw(),
        version: 1,
        account_id: account.raw(),
        compartment_id: new.compartment.raw(),
        granted_at: unit.now().micros(),
        granted_by: unit.actor().account.raw(),
        approved_at: by_system.then(|| unit.now().micros()),
        approved_by: by_system.then(|| unit.actor().account.raw()),
        reason: new.reason,
        valid_from: new.valid_from.map(Timestamp::micros),
        valid_until: new.valid_until.map(Timestamp::micros),
        revoked_at: None,
    };
    let id = row.id;
    rows::insert_compartment_grant(unit, row).await?;
    unit.record(Action::CompartmentGrant, None);
    Ok(id)
}

/// Refuses to open a compartment to whoever stays out of all of them.
async fn require_inside(unit: &Unit, account: AccountId) -> Result<(), PeopleError> {
    let actor = acting::actor(unit.tx(), account, unit.now(), None).await?;
    if actor.grants.iter().any(|grant| grant.role.stays_outside()) {
        return Err(PeopleError::StaysOutside);
    }
    Ok(())
}

/// Approves a grant: an administrator who neither asked for it nor is the one it is for.
async fn approve(unit: &mut Unit, id: Uuid) -> Result<compartment_grant::Model, PeopleError> {
    ops::require_admin(unit.actor())?;
    let mut row = standing(unit.tx(), id).await?;
    if row.approved_at.is_some() {
        return Err(PeopleError::Settled);
    }
    let by = unit.actor().account.raw();
    if by == row.granted_by || by == row.account_id {
        return Err(PeopleError::FourEyes);
    }
    require_inside(unit, AccountId::of(row.account_id)).await?;
    row.approved_at = Some(unit.now().micros());
    row.approved_by = Some(by);
    rows::update_compartment_grant(unit, row).await?;
    unit.record(Action::CompartmentGrant, None);
    standing(unit.tx(), id).await
}

/// Closes a compartment to an account. One person is enough.
async fn revoke(unit: &mut Unit, id: Uuid) -> Result<(), PeopleError> {
    ops::require_admin(unit.actor())?;
    let mut row = standing(unit.tx(), id).await?;
    row.revoked_at = Some(unit.now().micros());
    rows::update_compartment_grant(unit, row).await?;
    unit.record(Action::CompartmentRevoke, None);
    Ok(())
}

async fn standing(
    on: &impl ConnectionTrait,
    id: Uuid,
) -> Result<compartment_grant::Model, PeopleError> {
    let row = rows::compartment_grant(on, id).await?;
    row.filter(|row| row.revoked_at.is_none())
        .ok_or(PeopleError::Nothing)
}

/// The compartments that you may enter; for administrators and auditors all of them.
#[utoipa::path(
    get, path = "/api/v1/compartments", tag = "people", operation_id = "listCompartments",
    responses((status = 200, description = "By number", body = CompartmentList), PlainProblems),
    security(("token" = []))
)]
pub(super) async fn get_compartments(
    db: Data<Db>,
    SignedIn(actor): SignedIn,
) -> Result<HttpResponse, Problem> {
    let all = rows::compartments(db.read())
        .await
        .map_err(PeopleError::from)?;
    let mine = |row: &compartment::Model| {
        oversees(&actor) || actor.compartments.iter().any(|one| one.id.raw() == row.id)
    };
    let items = all
        .into_iter()
        .filter(mine)
        .map(CompartmentView::from)
        .collect();
    Ok(HttpResponse::Ok().json(CompartmentList { items }))
}

fn code_fits(code: &str) -> bool {
    (2..=CODE_CHARS_MAX).contains(&code.len())
        && code
            .bytes()
            .next()
            .is_some_and(|first| first.is_ascii_uppercase())
        && code
            .bytes()
            .all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_')
}

/// Creates a compartment. For administrators.
///
/// It gets a key of its own in the key file, which must be backed up before anything is filed there.
#[utoipa::path(
    post, path = "/api/v1/compartments", tag = "people", operation_id = "createCompartment",
    request_body = CompartmentRequest,
    responses((status = 201, description = "Created", body = CompartmentView), CreateProblems),
    security(("token" = []))
)]
pub(super) async fn post_compartment(
    db: Data<Db>,
    SignedIn(actor): SignedIn,
    Json(body): Json<CompartmentRequest>,
) -> Result<HttpResponse, Problem> {
    require_admin(&actor)?;
    let name = body.name.trim().to_owned();
    let mut problem = name_fault(Problem::new(Kind::Validation), "/name", &body.name);
    if !code_fits(&body.code) {
        let expected = text(
            "A-Z, 0-9 und _, beginnend mit A-Z, 2 bis 32 Zeichen",
            "A-Z, 0-9 and _, beginning with A-Z, 2 to 32 characters",
        );
        problem = problem.field("/code", Fault::WrongFormat { expected });
    }
    if problem.faults() > 0 {
        return Err(problem);
    }
    make_key(&db, &body.code).await?;
    let (code, guarded) = (body.code.clone(), body.guarded);
    let said = name.clone();
    let written = db
        .write(&actor, async move |unit: &mut Unit| {
            create(unit, code, said, guarded).await
        })
        .await?;
    let mut response = HttpResponse::Created();
    with_receipt(&mut response, written.receipt);
    Ok(response.json(CompartmentView {
        id: written.value.raw(),
        code: body.code,
        name,
        guarded: body.guarded,
    }))
}

/// Who may enter a compartment. For administrators and auditors.
#[utoipa::path(
    get, path = "/api/v1/compartments/{id}/grants", tag = "people",
    operation_id = "listCompartmentGrants",
    params(("id" = Uuid, Path, description = "The compartment")),
    responses((status = 200, description = "Oldest first", body = GrantList), ReadProblems),
    security(("token" = []))
)]
pub(super) async fn get_grants(
    db: Data<Db>,
    SignedIn(actor): SignedIn,
    Path(id): Path<Uuid>,
) -> Result<HttpResponse, Problem> {
    if !oversees(&actor) {
        return Err(PeopleError::Nothing.into());
    }
    let id = CompartmentId::of(id);
    let known = rows::compartments(db.read())
        .await
        .map_err(PeopleError::from)?;
    if !known.iter().any(|one| one.id == id.raw()) {
        return Err(PeopleError::Nothing.into());
    }
    let all = rows::compartment_grants(db.read(), id)
        .await
        .map_err(PeopleError::from)?;
    let items = all.into_iter().map(GrantView::from).collect();
    Ok(HttpResponse::Ok().json(GrantList { items }))
}

/// Reads an instant, or notes a fault.
pub(super) fn instant(
    problem: Problem,
    pointer: impl Into<String>,
    raw: Option<&str>,
) -> (Problem, Option<Timestamp>) {
    let Some(raw) = raw else {
        return (problem, None);
    };
    match Timestamp::parse(raw) {
        Some(at) => (problem, Some(at)),
        None => {
            let expected = text("ein Zeitpunkt nach RFC 3339", "a time by RFC 3339");
            (
                problem.field(pointer.into(), Fault::WrongFormat { expected }),
                None,
            )
        }
    }
}

/// Notes a reason that is missing or too long.
pub(super) fn reason_fault(problem: Problem, reason: &str) -> Problem {
    let max = u64::try_from(REASON_CHARS_MAX).unwrap_or(u64::MAX);
    if reason.trim().is_empty() {
        problem.field("/reason", Fault::TooShort { min: 1 })
    } else if reason.chars().count() > REASON_CHARS_MAX {
        problem.field("/reason", Fault::TooLong { max })
    } else {
        problem
    }
}

/// Asks for a compartment to be opened to an account. For administrators.
///
/// It does not hold before another administrator has approved it.
#[utoipa::path(
    post, path = "/api/v1/compartments/{id}/grants", tag = "people",
    operation_id = "grantCompartment",
    params(("id" = Uuid, Path, description = "The compartment")),
    request_body = GrantRequest,
    responses((status = 201, description = "Waits for approval", body = GrantView), CreateProblems),
    security(("token" = []))
)]
pub(super) async fn post_grant(
    db: Data<Db>,
    SignedIn(actor): SignedIn,
    Path(id): Path<Uuid>,
    Json(body): Json<GrantRequest>,
) -> Result<HttpResponse, Problem> {
    require_admin(&actor)?;
    let reason = body.reason.trim().to_owned();
    let problem = reason_fault(Problem::new(Kind::Validation), &body.reason);
    let (problem, valid_from) = instant(problem, "/valid_from", body.valid_from.as_deref());
    let (mut problem, valid_until) = instant(problem, "/valid_until", body.valid_until.as_deref());
    let known = ops::account_of_login(db.read(), &body.account)
        .await
        .map_err(PeopleError::from)?;
    if known.is_none() {
        problem = problem.field("/account", Fault::NotFound);
    }
    if problem.faults() > 0 {
        return Err(problem);
    }
    let new = NewGrant {
        compartment: CompartmentId::of(id),
        login: body.account,
        reason,
        valid_from,
        valid_until,
    };
    let written = db
        .write(&actor, async move |unit: &mut Unit| {
            let id = grant(unit, new).await?;
            standing(unit.tx(), id).await
        })
        .await?;
    let mut response = HttpResponse::Created();
    with_receipt(&mut response, written.receipt);
    Ok(response.json(GrantView::from(written.value)))
}

/// Approves a grant. For administrators other than the one who asked for it.
#[utoipa::path(
    post, path = "/api/v1/compartment-grants/{id}/approve", tag = "people",
    operation_id = "approveCompartmentGrant",
    params(("id" = Uuid, Path, description = "The grant")),
    responses((status = 200, description = "Holds from now on", body = GrantView), CreateProblems),
    security(("token" = []))
)]
pub(super) async fn post_approve(
    db: Data<Db>,
    SignedIn(actor): SignedIn,
    Path(id): Path<Uuid>,
) -> Result<HttpResponse, Problem> {
    require_admin(&actor)?;
    let written = db
        .write(&actor, async move |unit: &mut Unit| approve(unit, id).await)
        .await?;
    let mut response = HttpResponse::Ok();
    with_receipt(&mut response, written.receipt);
    Ok(response.json(GrantView::from(written.value)))
}

/// Closes a compartment to an account, from the next request on. For administrators.
#[utoipa::path(
    delete, path = "/api/v1/compartment-grants/{id}", tag = "people",
    operation_id = "revokeCompartmentGrant",
    params(("id" = Uuid, Path, description = "The grant")),
    responses((status = 204, description = "Closed"), ReadProblems),
    security(("token" = []))
)]
pub(super) async fn delete_grant(
    db: Data<Db>,
    SignedIn(actor): SignedIn,
    Path(id): Path<Uuid>,
) -> Result<HttpResponse, Problem> {
    require_admin(&actor)?;
    let written = db
        .write(&actor, async move |unit: &mut Unit| revoke(unit, id).await)
        .await?;
    Ok(replay::ended(written.receipt))
}

/// The compartment with this code.
pub async fn by_code(
    on: &impl ConnectionTrait,
    code: &str,
) -> Result<Option<CompartmentId>, DbError> {
    let all = rows::compartments(on).await?;
    let found = all.into_iter().find(|one| one.code == code);
    Ok(found.map(|one| CompartmentId::of(one.id)))
}
