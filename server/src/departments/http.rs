//! People over HTTP: sign-in, tokens, accounts, departments; and the extractor that knows who asks.

use std::future::Future;
use std::pin::Pin;

use actix_web::dev::Payload;
use actix_web::http::header;
use actix_web::web::{self, Data};
use actix_web::{FromRequest, HttpMessage, HttpRequest, HttpResponse};
use serde::{Deserialize, Serialize};
use utoipa::{OpenApi, ToSchema};
use uuid::Uuid;
use zeroize::Zeroizing;

use super::model::{
    Account, Department, Login, NAME_CHARS_MAX, PASSWORD_CHARS_MAX, PASSWORD_CHARS_MIN,
    PeopleError, Slug,
};
use super::ops::{self, AccountChange, PasswordDigest};
use super::session;
use crate::base::actor::Scope;
use crate::base::db::DbError;
use crate::base::{AccountId, Actor, Grant, RequestId, Right, Role, TokenId};
use crate::http::extract::{ETag, IfMatch, Json, Path};
use crate::http::limits::RateLimits;
use crate::http::openapi::{ChangeProblems, CreateProblems, IfMatchParam, PlainProblems};
use crate::http::{Fault, Kind, Problem, text};
use crate::replay::with_receipt;
use crate::unit::{Db, Unit};

impl From<PeopleError> for Problem {
    fn from(error: PeopleError) -> Self {
        match error {
            PeopleError::NoAccount | PeopleError::NoToken => Self::new(Kind::NotFound),
            PeopleError::NoDepartment => {
                Self::new(Kind::Validation).field("/department", Fault::NotFound)
            }
            PeopleError::Taken => Self::new(Kind::AlreadyExists),
            PeopleError::RoleAndDepartment => Self::new(Kind::Validation).field(
                "/department",
                Fault::Rule {
                    code: "role-and-department",
                    detail: text(
                        "Diese Rolle gilt in einer Abteilung, oder sie gilt im ganzen Haus und hat keine.",
                        "This role is held in a department, or it holds in the whole house and has none.",
                    ),
                },
            ),
            PeopleError::Forbidden => Self::new(Kind::Forbidden).detail(text(
                "Das darf nur die Administration.",
                "Only an administrator may do this.",
            )),
            PeopleError::SignIn => Self::new(Kind::Unauthenticated).detail(text(
                "Name oder Passwort stimmen nicht.",
                "Name or password are wrong.",
            )),
            PeopleError::LastAdmin => Self::new(Kind::Conflict).detail(text(
                "Das letzte Administrationskonto muss bleiben.",
                "The last administrator must stay.",
            )),
            PeopleError::Stale { current } => Self::new(Kind::PreconditionFailed)
                .current_etag(&ETag::of_version(current)),
            PeopleError::Hash => Self::internal(error),
            PeopleError::Db(error) => match error {
                DbError::GivenUp => Self::new(Kind::Unavailable).retry_after_seconds(1),
                DbError::Stale => Self::new(Kind::Conflict),
                DbError::Failed(_)
                | DbError::Unaudited
                | DbError::Corrupt { .. }
                | DbError::Log(_)
                | DbError::Key(_) => Self::internal(error),
            },
        }
    }
}

/// Someone who is signed in, with a token that may read. A token that only takes documents in is
/// refused here.
#[derive(Debug, Clone)]
pub struct SignedIn(pub Actor);

/// Someone who may put documents in.
#[derive(Debug, Clone)]
pub struct Intake(pub Actor);

type Extracting<T> = Pin<Box<dyn Future<Output = Result<T, Problem>>>>;

pub(super) async fn actor_of(request: HttpRequest) -> Result<(Actor, TokenId), Problem> {
    let missing = || Problem::new(Kind::Unauthenticated);
    let db = request
        .app_data::<Data<Db>>()
        .ok_or_else(|| Problem::internal("no database"))?;
    let value = request
        .headers()
        .get(header::AUTHORIZATION)
        .ok_or_else(missing)?;
    let token = value
        .to_str()
        .ok()
        .and_then(|value| value.split_once(' '))
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
        .map(|(_, token)| token.trim())
        .ok_or_else(missing)?;
    let id = request
        .extensions()
        .get::<crate::http::extract::RequestId>()
        .map(|id| RequestId::of(id.0));
    let found = ops::authenticate(db, token, id)
        .await
        .map_err(PeopleError::from)?;
    let (actor, token) = found.ok_or_else(missing)?;
    let actor = stand_in(db, &request, actor).await?;
    if let Some(limits) = request.app_data::<Data<RateLimits>>() {
        limits.principal(actor.account.raw())?;
    }
    // For the record of refusals, which are seen only after the answer is made.
    request.extensions_mut().insert(actor.clone());
    Ok((actor, token))
}

/// In whose stead a request is made: the login of the one who is stood in for.
pub const ON_BEHALF_OF: header::HeaderName =
    header::HeaderName::from_static("papierlos-on-behalf-of");

/// The actor as the deputy of the one whom the request names.
async fn stand_in(db: &Db, request: &HttpRequest, actor: Actor) -> Result<Actor, Problem> {
    let Some(value) = request.headers().get(ON_BEHALF_OF) else {
        return Ok(actor);
    };
    // Whether there is such an account is not told: there is no such deputation.
    let refused = || {
        Problem::new(Kind::Forbidden).detail(text(
            "Für dieses Konto besteht zurzeit keine Vertretung durch Sie.",
            "You are not this account's deputy at this time.",
        ))
    };
    let login = value.to_str().unwrap_or_default();
    let principal = ops::account_of_login(db.read(), login)
        .await
        .map_err(PeopleError::from)?
        .ok_or_else(refused)?;
    ops::deputy_for(db.read(), actor, principal, db.now())
        .await
        .map_err(PeopleError::from)?
        .ok_or_else(refused)
}

impl FromRequest for SignedIn {
    type Error = Problem;
    type Future = Extracting<Self>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move {
            let (actor, _) = actor_of(request).await?;
            if actor.scope == Scope::Intake {
                return Err(Problem::new(Kind::Forbidden).detail(text(
                    "Dieses Token darf nur einreichen.",
                    "This token may only put documents in.",
                )));
            }
            Ok(Self(actor))
        })
    }
}

impl FromRequest for Intake {
    type Error = Problem;
    type Future = Extracting<Self>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move {
            let (actor, _) = actor_of(request).await?;
            if actor.scope == Scope::Read {
                return Err(Problem::new(Kind::Forbidden).detail(text(
                    "Dieses Token darf nur lesen.",
                    "This token may only read.",
                )));
            }
            Ok(Self(actor))
        })
    }
}

/// An account.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Account)]
pub(super) struct AccountView {
    /// Its id.
    id: Uuid,
    /// Counts every change; the `ETag` is `"v<version>"`.
    version: u64,
    /// The name to sign in with.
    login: String,
    /// The name for people.
    name: String,
    /// Whether it is switched off.
    disabled: bool,
    /// The roles that it holds.
    roles: Vec<RoleView>,
}

/// A role that an account holds.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct RoleView {
    /// `clerk`, `auditor` or `admin`.
    role: Role,
    /// Short name of the department, for clerks.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    department: Option<String>,
}

fn roles_of(grants: &[Grant], departments: &[Department]) -> Vec<RoleView> {
    let slug = |grant: &Grant| {
        let found = departments
            .iter()
            .find(|one| Some(one.id) == grant.department);
        found.map(|one| one.slug.clone())
    };
    grants
        .iter()
        .map(|grant| RoleView {
            role: grant.role,
            department: slug(grant),
        })
        .collect()
}

impl AccountView {
    fn of(account: &Account, departments: &[Department]) -> Self {
        Self {
            id: account.id.raw(),
            version: account.version,
            login: account.login.clone(),
            name: account.name.clone(),
            disabled: account.disabled,
            roles: roles_of(&account.grants, departments),
        }
    }
}

/// Who I am and what I may do.
#[utoipa::path(
    get, path = "/api/v1/me", tag = "people", operation_id = "whoAmI",
    responses((status = 200, description = "The account", body = AccountView), PlainProblems),
    security(("token" = []))
)]
pub(super) async fn get_me(
    db: Data<Db>,
    SignedIn(actor): SignedIn,
) -> Result<HttpResponse, Problem> {
    let found = ops::account(db.read(), actor.account)
        .await
        .map_err(PeopleError::from)?;
    let account = found.ok_or(PeopleError::NoAccount)?;
    let departments = ops::departments(db.read())
        .await
        .map_err(PeopleError::from)?;
    Ok(HttpResponse::Ok().json(AccountView::of(&account, &departments)))
}

/// A department.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Department)]
pub(super) struct DepartmentView {
    /// Its id.
    id: Uuid,
    /// Its short name.
    slug: String,
    /// Its name.
    name: String,
}

/// The departments that you have to do with; for administrators and auditors all of them.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct DepartmentList {
    /// The departments.
    items: Vec<DepartmentView>,
}

/// The departments that you have to do with; for administrators and auditors all of them.
#[utoipa::path(
    get, path = "/api/v1/departments", tag = "people", operation_id = "listDepartments",
    responses((status = 200, description = "By number", body = DepartmentList), PlainProblems),
    security(("token" = []))
)]
pub(super) async fn get_departments(
    db: Data<Db>,
    SignedIn(actor): SignedIn,
) -> Result<HttpResponse, Problem> {
    let all = ops::departments(db.read())
        .await
        .map_err(PeopleError::from)?;
    let mine = |one: &Department| actor.is(Role::Admin) || actor.may_in(Right::Read, one.id);
    let view = |one: Department| DepartmentView {
        id: one.id.raw(),
        slug: one.slug,
        name: one.name,
    };
    let items = all.into_iter().filter(mine).map(view).collect();
    Ok(HttpResponse::Ok().json(DepartmentList { items }))
}

/// A new department.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"slug": "standesamt", "name": "Standesamt"}))]
pub(super) struct DepartmentRequest {
    /// Its short name: 2 to 64 of `a-z 0-9 -`, beginning with a letter.
    #[schema(min_length = 2, max_length = 64, pattern = "^[a-z][a-z0-9-]*$")]
    slug: String,
    /// Its name.
    #[schema(min_length = 1, max_length = 200)]
    name: String,
}

pub(super) fn name_fault(problem: Problem, pointer: &'static str, name: &str) -> Problem {
    let max = u64::try_from(NAME_CHARS_MAX).unwrap_or(u64::MAX);
    if name.is_empty() {
        problem.field(pointer, Fault::TooShort { min: 1 })
    } else if name.chars().count() > NAME_CHARS_MAX {
        problem.field(pointer, Fault::TooLong { max })
    } else if name.chars().any(char::is_control) {
        let expected = text("Text ohne Steuerzeichen", "text without control characters");
        problem.field(pointer, Fault::WrongFormat { expected })
    } else {
        problem
    }
}

/// Creates a department. For administrators.
#[utoipa::path(
    post, path = "/api/v1/departments", tag = "people", operation_id = "createDepartment",
    request_body = DepartmentRequest,
    responses((status = 201, description = "Created", body = DepartmentView), CreateProblems),
    security(("token" = []))
)]
pub(super) async fn post_department(
    db: Data<Db>,
    SignedIn(actor): SignedIn,
    Json(body): Json<DepartmentRequest>,
) -> Result<HttpResponse, Problem> {
    let name = body.name.trim().to_owned();
    let mut problem = name_fault(Problem::new(Kind::Validation), "/name", &name);
    let slug = Slug::parse(&body.slug);
    if slug.is_none() {
        let expected = text(
            "a-z, 0-9 und -, beginnend mit a-z",
            "a-z, 0-9 and -, beginning with a-z",
        );
        problem = problem.field("/slug", Fault::WrongFormat { expected });
    }
    let Some(slug) = slug.filter(|_| problem.faults() == 0) else {
        return Err(problem);
    };
    let written = db
        .write(&actor, async move |unit: &mut Unit| {
            ops::create_department(unit, slug, name).await
        })
        .await?;
    let mut response = HttpResponse::Created();
    with_receipt(&mut response, written.receipt);
    let one = written.value;
    Ok(response.json(DepartmentView {
        id: one.id.raw(),
        slug: one.slug,
        name: one.name,
    }))
}

/// A new account.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"login": "a.neumann", "name": "A. Neumann", "password": "ein langer Satz",
    "roles": [{"role": "clerk", "department": "buergerbuero"}]}))]
pub(super) struct AccountRequest {
    /// The name to sign in with: 2 to 64 of `a-z 0-9 . _ -`, beginning with a letter.
    #[schema(min_length = 2, max_length = 64, pattern = "^[a-z][a-z0-9._-]*$")]
    login: String,
    /// The name for people.
    #[schema(min_length = 1, max_length = 200)]
    name: String,
    /// The password, 10 to 256 characters; none for a service that only has tokens.
    #[schema(value_type = Option<String>, format = Password, min_length = 10, max_length = 256)]
    password: Option<Zeroizing<String>>,
    /// Its roles.
    #[serde(default)]
    roles: Vec<RoleRequest>,
}

/// A role to give.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RoleRequest {
    /// `clerk`, `auditor` or `admin`.
    role: GivenRole,
    /// Short name or id of the department; for clerks.
    department: Option<String>,
}

/// Roles that can be given.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum GivenRole {
    /// Unterschriften-Tablet.
    Tablet,
    /// Stadtarchiv.
    Archive,
    /// Fachverfahren.
    Integrator,
    /// Poststelle.
    MailRoom,
    /// Sachbearbeitung.
    Clerk,
    /// Leitung.
    Head,
    /// Bürgermeisteramt.
    Mayor,
    /// Registratur.
    RecordsManager,
    /// Rechnungsprüfung.
    Auditor,
    /// Technische Administration.
    Admin,
}

impl From<GivenRole> for Role {
    fn from(role: GivenRole) -> Self {
        match role {
            GivenRole::Tablet => Self::Tablet,
            GivenRole::Archive => Self::Archive,
            GivenRole::Integrator => Self::Integrator,
            GivenRole::MailRoom => Self::MailRoom,
            GivenRole::Clerk => Self::Clerk,
            GivenRole::Head => Self::Head,
            GivenRole::Mayor => Self::Mayor,
            GivenRole::RecordsManager => Self::RecordsManager,
            GivenRole::Auditor => Self::Auditor,
            GivenRole::Admin => Self::Admin,
        }
    }
}

fn password_fault(problem: Problem, password: &str) -> Problem {
    let chars = password.chars().count();
    let bound = |bound: usize| u64::try_from(bound).unwrap_or(u64::MAX);
    if chars < PASSWORD_CHARS_MIN {
        problem.field(
            "/password",
            Fault::TooShort {
                min: bound(PASSWORD_CHARS_MIN),
            },
        )
    } else if chars > PASSWORD_CHARS_MAX {
        problem.field(
            "/password",
            Fault::TooLong {
                max: bound(PASSWORD_CHARS_MAX),
            },
        )
    } else {
        problem
    }
}

fn require_admin(actor: &Actor) -> Result<(), Problem> {
    if actor.is(Role::Admin) && actor.scope == Scope::Full {
        Ok(())
    } else {
        Err(PeopleError::Forbidden.into())
    }
}

/// Creates an account with its roles. For administrators.
#[utoipa::path(
    post, path = "/api/v1/accounts", tag = "people", operation_id = "createAccount",
    request_body = AccountRequest,
    responses((status = 201, description = "Created", body = AccountView,
        headers(("ETag" = String, description = "Its version"))), CreateProblems),
    security(("token" = []))
)]
pub(super) async fn post_account(
    db: Data<Db>,
    SignedIn(actor): SignedIn,
    Json(body): Json<AccountRequest>,
) -> Result<HttpResponse, Problem> {
    require_admin(&actor)?;
    let name = body.name.trim().to_owned();
    let mut problem = name_fault(Problem::new(Kind::Validation), "/name", &name);
    if let Some(password) = &body.password {
        problem = password_fault(problem, password);
    }
    let login = Login::parse(&body.login);
    if login.is_none() {
        let expected = text("a-z, 0-9, Punkt, _ und -", "a-z, 0-9, dot, _ and -");
        problem = problem.field("/login", Fault::WrongFormat { expected });
    }
    let Some(login) = login.filter(|_| problem.faults() == 0) else {
        return Err(problem);
    };
    let departments = ops::departments(db.read())
        .await
        .map_err(PeopleError::from)?;
    let roles = roles_wanted(&body.roles, &departments)?;
    let password = match body.password {
        Some(password) => Some(PasswordDigest::of(password).await?),
        None => None,
    };
    let written = db
        .write(&actor, async move |unit: &mut Unit| {
            let account = ops::create_account(unit, login, name, password).await?;
            for (role, department) in roles {
                ops::grant(unit, account.id, role, department).await?;
            }
            ops::account(unit.tx(), account.id)
                .await?
                .ok_or(PeopleError::NoAccount)
        })
        .await?;
    let mut response = HttpResponse::Created();
    with_receipt(&mut response, written.receipt);
    response.insert_header((
        header::ETAG,
        ETag::of_version(written.value.version).to_string(),
    ));
    Ok(response.json(AccountView::of(&written.value, &departments)))
}

/// All accounts.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct AccountList {
    /// The accounts, by login.
    items: Vec<AccountView>,
}

/// All accounts with their roles. For administrators and auditors.
#[utoipa::path(
    get, path = "/api/v1/accounts", tag = "people", operation_id = "listAccounts",
    responses((status = 200, description = "By login", body = AccountList), PlainProblems),
    security(("token" = []))
)]
pub(super) async fn get_accounts(
    db: Data<Db>,
    SignedIn(actor): SignedIn,
) -> Result<HttpResponse, Problem> {
    if !actor.is(Role::Auditor) {
        require_admin(&actor)?;
    }
    let departments = ops::departments(db.read())
        .await
        .map_err(PeopleError::from)?;
    let all = ops::accounts(db.read()).await.map_err(PeopleError::from)?;
    let items = all
        .iter()
        .map(|one| AccountView::of(one, &departments))
        .collect();
    Ok(HttpResponse::Ok().json(AccountList { items }))
}

/// What of an account changes.
#[derive(Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub(super) struct AccountPatch {
    /// A new name for people.
    #[schema(nullable = false, min_length = 1, max_length = 200)]
    name: Option<String>,
    /// A new password; one's own, or by an administrator.
    #[schema(value_type = Option<String>, format = Password, nullable = false, min_length = 10, max_length = 256)]
    password: Option<Zeroizing<String>>,
    /// Off or on.
    #[schema(nullable = false)]
    disabled: Option<bool>,
}

/// Changes an account: one's own password, or anything by an administrator.
///
/// A new password ends all tokens of the account, and so does switching it off.
#[utoipa::path(
    patch, path = "/api/v1/accounts/{id}", tag = "people", operation_id = "changeAccount",
    params(("id" = Uuid, Path, description = "The account"), IfMatchParam),
    request_body = AccountPatch,
    responses((status = 200, description = "Changed", body = AccountView,
        headers(("ETag" = String, description = "Its new version"))), ChangeProblems),
    security(("token" = []))
)]
pub(super) async fn patch_account(
    db: Data<Db>,
    SignedIn(actor): SignedIn,
    Path(id): Path<Uuid>,
    if_match: IfMatch,
    Json(body): Json<AccountPatch>,
) -> Result<HttpResponse, Problem> {
    let id = AccountId::of(id);
    if id != actor.account {
        require_admin(&actor)?;
    }
    let before = ops::account(db.read(), id)
        .await
        .map_err(PeopleError::from)?;
    let before = before.ok_or(PeopleError::NoAccount)?;
    if_match.check(&ETag::of_version(before.version))?;
    let mut problem = Problem::new(Kind::Validation);
    if let Some(name) = &body.name {
        problem = name_fault(problem, "/name", name.trim());
    }
    if let Some(password) = &body.password {
        problem = password_fault(problem, password);
    }
    if problem.faults() > 0 {
        return Err(problem);
    }
    let password = match body.password {
        Some(password) => Some(PasswordDigest::of(password).await?),
        None => None,
    };
    let name = body.name.map(|name| name.trim().to_owned());
    let change = AccountChange {
        name,
        password,
        disabled: body.disabled,
    };
    let expected = Some(before.version);
    let written = db
        .write(&actor, async move |unit: &mut Unit| {
            ops::change_account(unit, id, expected, change).await
        })
        .await?;
    let departments = ops::departments(db.read())
        .await
        .map_err(PeopleError::from)?;
    let mut response = HttpResponse::Ok();
    with_receipt(&mut response, written.receipt);
    response.insert_header((
        header::ETAG,
        ETag::of_version(written.value.version).to_string(),
    ));
    Ok(response.json(AccountView::of(&written.value, &departments)))
}

/// The roles that an account shall hold from now on.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"roles": [{"role": "clerk", "department": "buergerbuero"}]}))]
pub(super) struct RolesRequest {
    /// All roles; those that are missing are taken away.
    #[schema(max_items = 100)]
    roles: Vec<RoleRequest>,
}

/// Gives and takes roles, until the account holds exactly these. For administrators.
///
/// It holds from the account's next request on.
#[utoipa::path(
    put, path = "/api/v1/accounts/{id}/roles", tag = "people", operation_id = "setRoles",
    params(("id" = Uuid, Path, description = "The account")),
    request_body = RolesRequest,
    responses((status = 200, description = "The account with its roles", body = AccountView), CreateProblems),
    security(("token" = []))
)]
pub(super) async fn put_roles(
    db: Data<Db>,
    SignedIn(actor): SignedIn,
    Path(id): Path<Uuid>,
    Json(body): Json<RolesRequest>,
) -> Result<HttpResponse, Problem> {
    require_admin(&actor)?;
    let id = AccountId::of(id);
    let departments = ops::departments(db.read())
        .await
        .map_err(PeopleError::from)?;
    let wanted = roles_wanted(&body.roles, &departments)?;
    let before = ops::account(db.read(), id)
        .await
        .map_err(PeopleError::from)?;
    let before = before.ok_or(PeopleError::NoAccount)?;
    let holds = |grant: &Grant| wanted.contains(&(grant.role, grant.department));
    if before.grants.len() == wanted.len() && before.grants.iter().all(holds) {
        return Ok(HttpResponse::Ok().json(AccountView::of(&before, &departments)));
    }
    let written = db
        .write(&actor, async move |unit: &mut Unit| {
            ops::set_roles(unit, id, wanted).await
        })
        .await?;
    let mut response = HttpResponse::Ok();
    with_receipt(&mut response, written.receipt);
    Ok(response.json(AccountView::of(&written.value, &departments)))
}

/// The roles that a request names, each once.
fn roles_wanted(
    roles: &[RoleRequest],
    departments: &[Department],
) -> Result<Vec<(Role, Option<crate::base::DepartmentId>)>, Problem> {
    let mut wanted = Vec::with_capacity(roles.len());
    for (at, one) in roles.iter().enumerate() {
        let found = departments.iter().find(|known| {
            one.department
                .as_deref()
                .is_some_and(|w| known.slug == w || known.id.to_string() == w)
        });
        if one.department.is_some() && found.is_none() {
            let pointer = format!("/roles/{at}/department");
            return Err(Problem::new(Kind::Validation).field(pointer, Fault::NotFound));
        }
        let role = (Role::from(one.role), found.map(|known| known.id));
        if !wanted.contains(&role) {
            wanted.push(role);
        }
    }
    Ok(wanted)
}

/// The part of the contract that people bring.
#[derive(Debug, OpenApi)]
#[openapi(paths(
    session::post_session,
    session::delete_session,
    get_me,
    session::post_token,
    session::get_tokens,
    session::delete_token,
    get_departments,
    post_department,
    post_account,
    get_accounts,
    patch_account,
    put_roles
))]
pub struct ApiDoc;

/// The routes of people.
pub fn routes(config: &mut web::ServiceConfig) {
    let to = |path: &str| web::resource(format!("/api/v1{path}"));
    config
        .service(
            to("/session")
                .post(session::post_session)
                .delete(session::delete_session),
        )
        .service(to("/me").get(get_me))
        .service(
            to("/tokens")
                .get(session::get_tokens)
                .post(session::post_token),
        )
        .service(to("/tokens/{id}").delete(session::delete_token))
        .service(
            to("/departments")
                .get(get_departments)
                .post(post_department),
        )
        .service(to("/accounts").get(get_accounts).post(post_account))
        .service(to("/accounts/{id}").patch(patch_account))
        .service(to("/accounts/{id}/roles").put(put_roles));
}
