//! Accounts over HTTP: who there is, under which name, with which roles.

use actix_web::web::Data;
use actix_web::{HttpResponse, http::header};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use utoipa::ToSchema;
use uuid::Uuid;
use zeroize::Zeroizing;

use super::attempts::{self, Attempts};
use super::http::name_fault;
use super::identity_http::IdentityView;
use super::model::{Account, Department, Login, PASSWORD_CHARS_MAX, PeopleError, changes};
use super::ops::{self, AccountChange};
use super::password::{self, PasswordDigest};
use super::role_wire::{RoleRequest, RoleView, RolesRequest, roles_of, roles_wanted};
use super::roles::{self, Giving};
use super::session::note_refused;
use super::signed_in::SignedIn;
use super::tokens::{self, Knock};
use crate::base::actor::Scope;
use crate::base::{AccountId, Actor, Role, Timestamp};
use crate::config::{Auth, Rights};
use crate::http::extract::{ClientAddress, ETag, IdempotencyKey, IfMatch, Json, MaybeKey, Path};
use crate::http::limits::RateLimits;
use crate::http::openapi::{
    ChangeProblems, CreateProblems, IdempotencyParam, IfMatchParam, PlainProblems, ReadProblems,
    SettleProblems,
};
use crate::http::{Fault, Kind, Problem, text};
use crate::ledger::looks::Looks;
use crate::replay::{Answer, Fingerprint, Once, with_receipt};
use crate::unit::{Db, Unit};

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
    /// Whether it has a password; without one nobody signs in to it with name and password.
    has_password: bool,
    /// Who it is for the provider of identities, where it is linked with somebody there.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    identity: Option<IdentityView>,
    /// The roles that it holds or will hold; those that are over are not among them.
    roles: Vec<RoleView>,
    /// Since when attempts to sign in have to wait, because too many failed (UTC). Told where
    /// accounts are listed or read.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = DateTime, nullable = false)]
    locked_since: Option<String>,
}

impl AccountView {
    pub(super) fn of(account: &Account, departments: &[Department], now: Timestamp) -> Self {
        Self {
            id: account.id.raw(),
            version: account.version,
            login: account.login.clone(),
            name: account.name.clone(),
            disabled: account.disabled,
            has_password: account.has_password,
            identity: account.identity.as_ref().map(IdentityView::from),
            roles: roles_of(&account.given, departments, now),
            locked_since: None,
        }
    }

    fn locked(mut self, since: Option<&Timestamp>) -> Self {
        self.locked_since = since.map(ToString::to_string);
        self
    }
}

/// A new account.
#[derive(Deserialize, Serialize, ToSchema)]
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
    /// The password: at least as many characters as the settings ask for (10, where they say
    /// nothing else), at most 256; none for a service that only has tokens.
    #[serde(skip_serializing)]
    #[schema(value_type = Option<String>, format = Password, min_length = 8, max_length = 256)]
    password: Option<Zeroizing<String>>,
    /// Its roles.
    #[serde(default)]
    roles: Vec<RoleRequest>,
}

fn password_fault(problem: Problem, auth: &Auth, password: &str) -> Problem {
    let chars = password.chars().count();
    let bound = |bound: usize| u64::try_from(bound).unwrap_or(u64::MAX);
    if chars < auth.password_chars_min {
        problem.field(
            "/password",
            Fault::TooShort {
                min: bound(auth.password_chars_min),
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

pub(super) fn require_admin(actor: &Actor) -> Result<(), Problem> {
    if !actor.is(Role::Admin) {
        return Err(PeopleError::Forbidden.into());
    }
    require_full(actor)
}

fn require_full(actor: &Actor) -> Result<(), Problem> {
    match actor.scope {
        Scope::Full => Ok(()),
        Scope::Read | Scope::Intake => Err(PeopleError::Scope.into()),
    }
}

/// Creates an account with its roles. For administrators.
#[utoipa::path(
    post, path = "/api/v1/accounts", tag = "people", operation_id = "createAccount",
    params(IdempotencyParam),
    request_body = AccountRequest,
    responses((status = 201, description = "Created", body = AccountView,
        headers(("ETag" = String, description = "Its version"),
        ("Idempotent-Replayed" = String, description = "`true`, where the answer is a saved one"))),
        CreateProblems),
    security(("token" = []))
)]
pub(super) async fn post_account(
    db: Data<Db>,
    auth: Data<Auth>,
    rights: Data<Rights>,
    SignedIn(actor): SignedIn,
    MaybeKey(key): MaybeKey,
    Json(body): Json<AccountRequest>,
) -> Result<HttpResponse, Problem> {
    require_admin(&actor)?;
    let name = body.name.trim().to_owned();
    let mut problem = name_fault(Problem::new(Kind::Validation), "/name", &body.name);
    if let Some(password) = &body.password {
        problem = password_fault(problem, &auth, password);
    }
    let login = Login::parse(&body.login);
    if login.is_none() {
        let expected = text("a-z, 0-9, Punkt, _ und -", "a-z, 0-9, dot, _ and -");
        problem = problem.field("/login", Fault::WrongFormat { expected });
    }
    let Some(login) = login.filter(|_| problem.faults() == 0) else {
        return Err(problem);
    };
    let departments = ops::departments(db.read()).await?;
    let roles = roles_wanted(&body.roles, &departments)?;
    let print = fingerprint(&auth, &body, key.as_ref()).await?;
    let once = Once::new(&actor, key, print);
    if let Some(answer) = once.answered(&db).await? {
        return Ok(answer);
    }
    let password = match body.password {
        Some(password) => Some(PasswordDigest::of(&auth, password).await?),
        None => None,
    };
    let saved = once.clone();
    let giving = Giving::of(**rights);
    let written = db
        .write(&actor, async move |unit: &mut Unit| {
            let account = ops::create_account(unit, login, name, password).await?;
            for role in roles {
                roles::grant(unit, account.id, role, giving).await?;
            }
            let account = ops::account(unit.tx(), account.id)
                .await?
                .ok_or(PeopleError::NoAccount)?;
            let etag = ETag::of_version(account.version).to_string();
            let view = AccountView::of(&account, &departments, unit.now());
            let answer = Answer::created(&view)?.with_header("etag", etag);
            saved.save(unit, &answer).await?;
            Ok::<_, PeopleError>(answer)
        })
        .await;
    once.finish(&db, written).await
}

/// What makes a request for an account the same request. The password counts, but what is kept of
/// it is as dear to guess as its hash.
async fn fingerprint(
    auth: &Auth,
    body: &AccountRequest,
    key: Option<&IdempotencyKey>,
) -> Result<Fingerprint, Problem> {
    let said = serde_json::to_vec(body).map_err(Problem::internal)?;
    let secret = match (&body.password, key) {
        (Some(password), Some(key)) => {
            let salt = Sha256::digest(key.as_str().as_bytes()).into();
            password::fingerprint(auth, password, &salt).await?.to_vec()
        }
        (Some(_), None) | (None, _) => Vec::new(),
    };
    Ok(Fingerprint::of(&[b"POST /accounts", &said, &secret]))
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
    let departments = ops::departments(db.read()).await?;
    let all = ops::accounts(db.read()).await?;
    let locks = attempts::locks(db.read(), db.now()).await?;
    let items = all
        .iter()
        .map(|one| AccountView::of(one, &departments, db.now()).locked(locks.get(&one.id)))
        .collect();
    Ok(HttpResponse::Ok().json(AccountList { items }))
}

/// One account with its roles. For administrators and auditors, and one's own.
#[utoipa::path(
    get, path = "/api/v1/accounts/{id}", tag = "people", operation_id = "readAccount",
    params(("id" = Uuid, Path, description = "The account")),
    responses((status = 200, description = "The account", body = AccountView,
        headers(("ETag" = String, description = "Its version"))), ReadProblems),
    security(("token" = []))
)]
pub(super) async fn get_account(
    db: Data<Db>,
    SignedIn(actor): SignedIn,
    Path(id): Path<Uuid>,
) -> Result<HttpResponse, Problem> {
    let id = AccountId::of(id);
    if id != actor.account && !actor.is(Role::Auditor) {
        require_admin(&actor)?;
    }
    let found = ops::account(db.read(), id).await?;
    shown(&db, &found.ok_or(PeopleError::NoAccount)?).await
}

/// An account as it stands, with its tag.
async fn shown(db: &Db, account: &Account) -> Result<HttpResponse, Problem> {
    let departments = ops::departments(db.read()).await?;
    let etag = ETag::of_version(account.version).to_string();
    let locks = attempts::locks(db.read(), db.now()).await?;
    let view = AccountView::of(account, &departments, db.now()).locked(locks.get(&account.id));
    Ok(HttpResponse::Ok()
        .insert_header((header::ETAG, etag))
        .json(view))
}

/// What of an account changes.
#[derive(Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub(super) struct AccountPatch {
    /// A new name for people.
    #[schema(nullable = false, min_length = 1, max_length = 200)]
    name: Option<String>,
    /// A new password; one's own, or by an administrator.
    #[schema(value_type = Option<String>, format = Password, nullable = false, min_length = 8, max_length = 256)]
    password: Option<Zeroizing<String>>,
    /// The password so far: who changes the own one must know it. Administrators need not.
    #[schema(value_type = Option<String>, format = Password, nullable = false, max_length = 256)]
    current_password: Option<Zeroizing<String>>,
    /// Off or on.
    #[schema(nullable = false)]
    disabled: Option<bool>,
}

/// Changes an account: one's own password, or anything by an administrator.
///
/// A new password ends all sessions and tokens of the account, and so does switching it off. Attempts with a
/// wrong `current_password` count as attempts to sign in.
#[utoipa::path(
    patch, path = "/api/v1/accounts/{id}", tag = "people", operation_id = "changeAccount",
    params(("id" = Uuid, Path, description = "The account"), IfMatchParam),
    request_body = AccountPatch,
    responses((status = 200, description = "Changed", body = AccountView,
        headers(("ETag" = String, description = "Its new version"))), ChangeProblems),
    security(("token" = []))
)]
#[expect(
    clippy::too_many_arguments,
    reason = "what a change of a password needs of its request"
)]
pub(super) async fn patch_account(
    db: Data<Db>,
    auth: Data<Auth>,
    looks: Data<Looks>,
    limits: Data<RateLimits>,
    attempts: Data<Attempts>,
    client: ClientAddress,
    SignedIn(actor): SignedIn,
    Path(id): Path<Uuid>,
    if_match: IfMatch,
    Json(body): Json<AccountPatch>,
) -> Result<HttpResponse, Problem> {
    let id = AccountId::of(id);
    if id == actor.account {
        require_full(&actor)?;
    } else {
        require_admin(&actor)?;
    }
    let before = ops::account(db.read(), id).await?;
    let before = before.ok_or(PeopleError::NoAccount)?;
    if_match.check(&ETag::of_version(before.version))?;
    let mut problem = Problem::new(Kind::Validation);
    if let Some(name) = &body.name {
        problem = name_fault(problem, "/name", name);
    }
    if let Some(password) = &body.password {
        problem = password_fault(problem, &auth, password);
    }
    // Whoever finds an open session must not be able to keep its owner out.
    let must_know = body.password.is_some() && !actor.is(Role::Admin);
    if must_know && body.current_password.is_none() {
        problem = problem.field("/current_password", Fault::Required);
    }
    if problem.faults() > 0 {
        return Err(problem);
    }
    let mut attempt = None;
    if let Some(current) = body.current_password.filter(|_| must_know) {
        limits.sign_in(client.0)?;
        let knock = Knock {
            request: actor.request,
            login: &before.login,
            from: client.0,
        };
        attempt = tokens::knows_password(&db, &auth, &attempts, knock, current).await?;
        if attempt.is_none() {
            note_refused(&looks, actor).await?;
            return Err(wrong_password());
        }
    }
    let password = match body.password {
        Some(password) => Some(PasswordDigest::of(&auth, password).await?),
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
            if let Some(attempt) = attempt {
                Attempts::succeeded(unit, &attempt, id).await?;
            }
            ops::change_account(unit, id, expected, change).await
        })
        .await?;
    let departments = ops::departments(db.read()).await?;
    let mut response = HttpResponse::Ok();
    with_receipt(&mut response, written.receipt);
    response.insert_header((
        header::ETAG,
        ETag::of_version(written.value.version).to_string(),
    ));
    Ok(response.json(AccountView::of(&written.value, &departments, db.now())))
}

fn wrong_password() -> Problem {
    Problem::new(Kind::Validation).field(
        "/current_password",
        Fault::Rule {
            code: "wrong-password",
            detail: text(
                "Das bisherige Passwort stimmt nicht.",
                "The current password is wrong.",
            ),
        },
    )
}

/// Lets whoever was locked out of an account try again at once. For administrators.
///
/// Failed attempts under its login are forgotten, wherever they came from.
#[utoipa::path(
    post, path = "/api/v1/accounts/{id}/unlock", tag = "people", operation_id = "unlockAccount",
    params(("id" = Uuid, Path, description = "The account")),
    responses((status = 200, description = "The account", body = AccountView,
        headers(("ETag" = String, description = "Its version"))), SettleProblems),
    security(("token" = []))
)]
pub(super) async fn post_unlock(
    db: Data<Db>,
    attempts: Data<Attempts>,
    SignedIn(actor): SignedIn,
    Path(id): Path<Uuid>,
) -> Result<HttpResponse, Problem> {
    require_admin(&actor)?;
    let (id, attempts) = (AccountId::of(id), attempts.get_ref().clone());
    let written = db
        .write(&actor, async move |unit: &mut Unit| {
            attempts.unlock(unit, id).await?;
            ops::account(unit.tx(), id)
                .await?
                .ok_or(PeopleError::NoAccount)
        })
        .await?;
    let departments = ops::departments(db.read()).await?;
    let mut response = HttpResponse::Ok();
    with_receipt(&mut response, written.receipt);
    let etag = ETag::of_version(written.value.version).to_string();
    response.insert_header((header::ETAG, etag));
    Ok(response.json(AccountView::of(&written.value, &departments, db.now())))
}

/// Gives and takes roles, until the account holds exactly these. For administrators.
///
/// What is given holds from the account's next request on; where the settings ask for two people,
/// from the approval by another administrator on. What is taken away is gone at once.
#[utoipa::path(
    put, path = "/api/v1/accounts/{id}/roles", tag = "people", operation_id = "setRoles",
    params(("id" = Uuid, Path, description = "The account"), IfMatchParam),
    request_body = RolesRequest,
    responses((status = 200, description = "The account with its roles", body = AccountView,
        headers(("ETag" = String, description = "Its new version"))), ChangeProblems),
    security(("token" = []))
)]
pub(super) async fn put_roles(
    db: Data<Db>,
    rights: Data<Rights>,
    SignedIn(actor): SignedIn,
    Path(id): Path<Uuid>,
    if_match: IfMatch,
    Json(body): Json<RolesRequest>,
) -> Result<HttpResponse, Problem> {
    require_admin(&actor)?;
    let id = AccountId::of(id);
    let departments = ops::departments(db.read()).await?;
    let wanted = roles_wanted(&body.roles, &departments)?;
    let before = ops::account(db.read(), id).await?;
    let before = before.ok_or(PeopleError::NoAccount)?;
    if_match.check(&ETag::of_version(before.version))?;
    let (ended, new) = changes(&before.given, wanted.clone(), db.now());
    if ended.is_empty() && new.is_empty() {
        return shown(&db, &before).await;
    }
    let (expected, giving) = (before.version, Giving::of(**rights));
    let written = db
        .write(&actor, async move |unit: &mut Unit| {
            roles::set_roles(unit, id, expected, wanted, giving).await
        })
        .await?;
    let mut response = HttpResponse::Ok();
    with_receipt(&mut response, written.receipt);
    let etag = ETag::of_version(written.value.version).to_string();
    response.insert_header((header::ETAG, etag));
    Ok(response.json(AccountView::of(&written.value, &departments, db.now())))
}
