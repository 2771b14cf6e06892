//! What is done with people; the only code that writes about them.

use std::net::IpAddr;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sea_orm::ConnectionTrait;
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use super::acting::actor;
use super::attempts::{Attempt, Attempts};
use super::known::{self, KnownPeople, Person};
use super::model::{Account, Department, Login, PeopleError, Slug, Token};
use super::password::{self, PasswordDigest};
use super::{roles, rows};
use crate::audit::event::Action;
use crate::base::actor::{Destination, Scope};
use crate::base::db::DbError;
use crate::base::{AccountId, Actor, DepartmentId, RequestId, Right, Role, Timestamp, TokenId};
use crate::config::Auth;
use crate::unit::{Db, Unit, Written};

/// Longest life of a token that was issued by hand.
pub(crate) const TOKEN_DAYS_MAX: i64 = 400;
/// What a token begins with, so that a leaked one is recognised by scanners.
const TOKEN_PREFIX: &str = "plt_";

/// A new account.
#[derive(Debug)]
pub struct NewAccount {
    /// The name to sign in with.
    pub login: Login,
    /// The name for people.
    pub name: String,
    /// The password; none for a service that only has tokens.
    pub password: Option<Zeroizing<String>>,
}

/// A new token.
#[derive(Debug, Clone)]
pub struct NewToken {
    /// What it is for.
    pub label: String,
    /// What it may be used for.
    pub scope: Scope,
    /// How long it lives.
    pub seconds: i64,
    /// Where it puts what it takes in; only for tokens that do nothing else.
    pub destination: Option<Destination>,
}

/// A token's secret: shown once.
#[derive(Debug)]
pub struct Secret(pub Zeroizing<String>);

pub(super) fn require_admin(actor: &Actor) -> Result<(), PeopleError> {
    if !actor.is(Role::Admin) && !actor.is(Role::System) {
        return Err(PeopleError::Forbidden);
    }
    require_full(actor)
}

fn require_full(actor: &Actor) -> Result<(), PeopleError> {
    match actor.scope {
        Scope::Full => Ok(()),
        Scope::Read | Scope::Intake => Err(PeopleError::Scope),
    }
}

/// Creates a department.
pub async fn create_department(
    unit: &mut Unit,
    slug: Slug,
    name: String,
) -> Result<Department, PeopleError> {
    require_admin(unit.actor())?;
    let taken = rows::departments(unit.tx())
        .await?
        .iter()
        .any(|one| one.slug == slug.as_str());
    if taken {
        return Err(PeopleError::Taken);
    }
    let row = rows::department::Model {
        id: DepartmentId::new().raw(),
        version: 1,
        number: rows::next_number(unit).await?,
        slug: slug.as_str().to_owned(),
        name,
        created_at: unit.now().micros(),
        parent_id: None,
    };
    let department = Department::from(row.clone());
    rows::insert_department(unit, row).await?;
    unit.record(Action::DepartmentCreate, Some(department.id));
    Ok(department)
}

/// Creates an account without roles.
pub async fn create_account(
    unit: &mut Unit,
    login: Login,
    name: String,
    password: Option<PasswordDigest>,
) -> Result<Account, PeopleError> {
    require_admin(unit.actor())?;
    if rows::account_by_login(unit.tx(), login.as_str())
        .await?
        .is_some()
    {
        return Err(PeopleError::Taken);
    }
    let row = rows::account::Model {
        id: AccountId::new().raw(),
        version: 1,
        login: login.as_str().to_owned(),
        name,
        password: password.map(|digest| digest.0),
        disabled_at: None,
        created_at: unit.now().micros(),
        function: None,
        department_id: None,
    };
    rows::insert_account(unit, row.clone()).await?;
    unit.record(Action::AccountCreate, None);
    Ok(Account::of(row, Vec::new()))
}

/// What of an account can be changed.
#[derive(Debug, Default)]
pub(crate) struct AccountChange {
    /// A new name for people.
    pub name: Option<String>,
    /// A new password.
    pub password: Option<PasswordDigest>,
    /// Off or on.
    pub disabled: Option<bool>,
}

/// Changes an account; `expected` is the version that the caller has seen.
pub(crate) async fn change_account(
    unit: &mut Unit,
    id: AccountId,
    expected: Option<u64>,
    change: AccountChange,
) -> Result<Account, PeopleError> {
    let own_password =
        unit.actor().account == id && change.name.is_none() && change.disabled.is_none();
    if own_password {
        require_full(unit.actor())?;
    } else {
        require_admin(unit.actor())?;
    }
    let mut row = rows::account(unit.tx(), id)
        .await?
        .ok_or(PeopleError::NoAccount)?;
    let current = u64::try_from(row.version).unwrap_or_default();
    if expected.is_some_and(|expected| expected != current) {
        return Err(PeopleError::Stale { current });
    }
    let ends_tokens = change.password.is_some() || change.disabled == Some(true);
    if change.disabled == Some(true) {
        roles::other_admin_stays(unit, id).await?;
    }
    if let Some(name) = change.name {
        row.name = name;
    }
    if let Some(password) = change.password {
        row.password = Some(password.0);
    }
    if let Some(disabled) = change.disabled {
        row.disabled_at = disabled.then(|| unit.now().micros());
    }
    rows::update_account(unit, row).await?;
    unit.record(Action::AccountChange, None);
    if ends_tokens {
        // Whoever knew the old password, or held a token under it, starts again.
        for ended in rows::revoke_tokens(unit, id).await? {
            unit.changed(ended);
            unit.record(Action::TokenRevoke, None);
        }
    }
    let row = rows::account(unit.tx(), id)
        .await?
        .ok_or(PeopleError::NoAccount)?;
    let given = roles::given(unit.tx(), id).await?;
    Ok(Account::of(row, given))
}

/// Issues a token for an account: for oneself, or by an administrator.
pub async fn issue_token(
    unit: &mut Unit,
    account: AccountId,
    new: NewToken,
) -> Result<(Token, Secret), PeopleError> {
    if unit.actor().account == account {
        require_full(unit.actor())?;
    } else {
        require_admin(unit.actor())?;
    }
    add_token(unit, account, new).await
}

async fn add_token(
    unit: &mut Unit,
    account: AccountId,
    new: NewToken,
) -> Result<(Token, Secret), PeopleError> {
    let known = rows::account(unit.tx(), account)
        .await?
        .ok_or(PeopleError::NoAccount)?;
    if known.disabled_at.is_some() {
        return Err(PeopleError::NoAccount);
    }
    if let Some(destination) = new.destination {
        require_destination(unit, account, &new, destination).await?;
    }
    let mut random = Zeroizing::new([0_u8; 32]);
    getrandom::fill(random.as_mut()).map_err(|_source| PeopleError::Hash)?;
    let secret = Zeroizing::new(format!(
        "{TOKEN_PREFIX}{}",
        URL_SAFE_NO_PAD.encode(random.as_ref())
    ));
    let row = rows::access_token::Model {
        id: TokenId::new().raw(),
        version: 1,
        account_id: account.raw(),
        digest: Sha256::digest(secret.as_bytes()).to_vec(),
        label: new.label,
        scope: new.scope.code().to_owned(),
        created_at: unit.now().micros(),
        expires_at: unit.now().plus_seconds(new.seconds).micros(),
        revoked_at: None,
        department_id: new.destination.map(|one| one.department.raw()),
        inbox_id: new
            .destination
            .and_then(|one| one.inbox)
            .map(AccountId::raw),
    };
    rows::insert_token(unit, row.clone()).await?;
    unit.record(Action::TokenIssue, None);
    Ok((Token::try_from(row)?, Secret(secret)))
}

/// Refuses a destination that the token would not reach, or in which nobody would find anything.
async fn require_destination(
    unit: &Unit,
    account: AccountId,
    new: &NewToken,
    destination: Destination,
) -> Result<(), PeopleError> {
    if new.scope != Scope::Intake {
        return Err(PeopleError::NoDestination);
    }
    let holder = actor(unit.tx(), account, unit.now(), None).await?;
    if !holder.may_in(Right::Receive, destination.department) {
        return Err(PeopleError::NoDepartment);
    }
    match destination.inbox {
        Some(inbox) if !reads_in(unit, inbox, destination.department).await? => {
            Err(PeopleError::NoInbox)
        }
        Some(_) | None => Ok(()),
    }
}

/// The destination that is meant by names or ids.
///
/// # Errors
/// Where one of them names nothing, or an inbox comes without a department.
pub async fn destination(
    on: &impl ConnectionTrait,
    (wanted, inbox): (Option<&str>, Option<&str>),
) -> Result<Option<Destination>, PeopleError> {
    let Some(wanted) = wanted else {
        return match inbox {
            Some(_) => Err(PeopleError::NoDestination),
            None => Ok(None),
        };
    };
    let found = department(on, wanted).await?;
    let department = found.ok_or(PeopleError::NoDepartment)?.id;
    let inbox = match inbox {
        Some(wanted) => {
            let by_login = account_of_login(on, wanted).await?;
            let id = wanted.parse().ok().or(by_login);
            Some(id.ok_or(PeopleError::NoInbox)?)
        }
        None => None,
    };
    Ok(Some(Destination { department, inbox }))
}

/// Whether an account reads content in a department at this moment.
pub async fn reads_in(
    unit: &Unit,
    account: AccountId,
    department: DepartmentId,
) -> Result<bool, DbError> {
    let known = rows::account(unit.tx(), account).await?;
    if known.is_none_or(|known| known.disabled_at.is_some()) {
        return Ok(false);
    }
    let reader = actor(unit.tx(), account, unit.now(), None).await?;
    Ok(reader.may_in(Right::ReadContent, department))
}

/// Ends a token: the one that is `used` for asking, another of one's own with one that may do
/// everything, or any by an administrator.
pub(crate) async fn revoke_token(
    unit: &mut Unit,
    used: TokenId,
    id: TokenId,
) -> Result<(), PeopleError> {
    if used != id {
        require_full(unit.actor())?;
    }
    let row = rows::token(unit.tx(), id.raw())
        .await?
        .ok_or(PeopleError::NoToken)?;
    if row.account_id != unit.actor().account.raw() {
        require_admin(unit.actor()).map_err(|_refused| PeopleError::NoToken)?;
    }
    if row.revoked_at.is_some() {
        return Err(PeopleError::NoToken);
    }
    rows::revoke_token(unit, row).await?;
    unit.record(Action::TokenRevoke, None);
    Ok(())
}

/// Who knocks, and from where.
#[derive(Debug, Clone, Copy)]
pub struct Knock<'a> {
    /// The request.
    pub request: Option<RequestId>,
    /// What was typed as a name.
    pub login: &'a str,
    /// The address.
    pub from: IpAddr,
}

/// Signs in with name and password, and issues a token for as long as the settings say.
///
/// The time is the same whether the account exists or not, and so is the answer to whoever has
/// failed too often.
pub async fn sign_in(
    db: &Db,
    auth: &Auth,
    attempts: &Attempts,
    knock: Knock<'_>,
    password: Zeroizing<String>,
) -> Result<(Actor, Written<(Token, Secret)>), PeopleError> {
    let Knock {
        request,
        login,
        from,
    } = knock;
    let attempt = attempts.begin(db, login, from).await?;
    let row = match Login::parse(login) {
        Some(login) => rows::account_by_login(db.read(), login.as_str()).await?,
        None => None,
    };
    let stored = row.as_ref().and_then(|row| row.password.clone());
    let matches = password::matches(auth, stored, password).await?;
    let account = row.as_ref().map(|row| AccountId::of(row.id));
    let Some(row) = row.filter(|row| matches && row.disabled_at.is_none()) else {
        attempts.failed(db, &attempt, account, request).await?;
        return Err(PeopleError::SignIn);
    };
    let id = AccountId::of(row.id);
    let actor = actor(db.read(), id, db.now(), request).await?;
    let new = NewToken {
        label: "Anmeldung".to_owned(),
        scope: Scope::Full,
        seconds: i64::try_from(auth.session.as_secs()).unwrap_or(i64::MAX),
        destination: None,
    };
    let written = db
        .write(&actor, async move |unit: &mut Unit| {
            Attempts::succeeded(unit, &attempt, id).await?;
            add_token(unit, id, new).await
        })
        .await?;
    Ok((actor, written))
}

/// Whether this could be one of our tokens: the prefix and 32 bytes in base64url.
pub(super) fn has_token_form(text: &str) -> bool {
    text.strip_prefix(TOKEN_PREFIX).is_some_and(|secret| {
        secret.len() == 43
            && secret
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
    })
}

/// Who a token speaks for, with the roles held now. `None`: unknown, ended, or switched off.
pub(super) async fn authenticate(
    db: &Db,
    known: &KnownPeople,
    token: &str,
) -> Result<Option<Arc<Person>>, DbError> {
    if !has_token_form(token) {
        return Ok(None);
    }
    let digest = Sha256::digest(token.as_bytes());
    // Before anything is read of them: what is recorded meanwhile makes it void.
    let (seq, now) = (known::people_seq(db.read()).await?, db.now());
    if let Some(person) = known.get(&digest.into(), seq, now) {
        return Ok(Some(person));
    }
    let found = person_of(db, &digest, now).await?.map(Arc::new);
    if let Some(person) = &found {
        known.keep(digest.into(), seq, Arc::clone(person));
    }
    Ok(found)
}

async fn person_of(db: &Db, digest: &[u8], now: Timestamp) -> Result<Option<Person>, DbError> {
    let Some(row) = rows::token_by_digest(db.read(), digest).await? else {
        return Ok(None);
    };
    let (ends, account) = (row.expires_at, AccountId::of(row.account_id));
    let expired = ends <= now.micros();
    let standing = rows::account(db.read(), account).await?;
    if expired
        || row.revoked_at.is_some()
        || standing.is_none_or(|account| account.disabled_at.is_some())
    {
        return Ok(None);
    }
    let token = Token::try_from(row)?;
    let actor = actor(db.read(), account, now, None).await?;
    let turn = known::next_turn(db.read(), account, now).await?;
    Ok(Some(Person {
        actor: Actor {
            scope: token.scope,
            token: Some(token.id),
            destination: token.destination,
            ..actor
        },
        token: token.id,
        departments: Arc::new(rows::departments(db.read()).await?),
        holds: now.micros()..turn.map_or(ends, |turn| turn.min(ends)),
    }))
}

/// All departments.
pub async fn departments(on: &impl ConnectionTrait) -> Result<Vec<Department>, DbError> {
    rows::departments(on).await
}

/// The number of each compartment in the index.
pub async fn compartment_numbers(
    on: &impl ConnectionTrait,
) -> Result<std::collections::HashMap<crate::base::CompartmentId, u64>, DbError> {
    rows::compartment_numbers(on).await
}

/// The short name of each compartment.
pub async fn compartment_codes(
    on: &impl ConnectionTrait,
) -> Result<std::collections::HashMap<crate::base::CompartmentId, String>, DbError> {
    rows::compartment_codes(on).await
}

/// One department, by id or short name.
pub async fn department(
    on: &impl ConnectionTrait,
    wanted: &str,
) -> Result<Option<Department>, DbError> {
    let id = wanted.parse::<DepartmentId>().ok();
    let all = rows::departments(on).await?;
    Ok(all
        .into_iter()
        .find(|one| Some(one.id) == id || one.slug == wanted))
}

/// All accounts with their roles; for administrators.
pub(crate) async fn accounts(on: &impl ConnectionTrait) -> Result<Vec<Account>, DbError> {
    let given = roles::all_given(on).await?;
    let mut all = Vec::new();
    for row in rows::accounts(on).await? {
        let own = given.iter().filter(|one| one.account.raw() == row.id);
        let own = own.cloned().collect();
        all.push(Account::of(row, own));
    }
    Ok(all)
}

/// One account with its roles.
pub(crate) async fn account(
    on: &impl ConnectionTrait,
    id: AccountId,
) -> Result<Option<Account>, DbError> {
    let row = rows::account(on, id).await?;
    let Some(row) = row.filter(|row| row.function.is_none()) else {
        return Ok(None);
    };
    Ok(Some(Account::of(row, roles::given(on, id).await?)))
}

/// The tokens of an account that can be used `now`.
pub(crate) async fn tokens(
    on: &impl ConnectionTrait,
    id: AccountId,
    now: Timestamp,
) -> Result<Vec<Token>, DbError> {
    let rows = rows::tokens(on, id, now).await?;
    rows.into_iter().map(Token::try_from).collect()
}

/// Whether this is the password of the account; it has none where it only has tokens. It is an
/// attempt like one to sign in: `None` says that it failed.
pub(crate) async fn knows_password(
    db: &Db,
    auth: &Auth,
    attempts: &Attempts,
    knock: Knock<'_>,
    password: Zeroizing<String>,
) -> Result<Option<Attempt>, PeopleError> {
    let attempt = attempts.begin(db, knock.login, knock.from).await?;
    let row = rows::account_by_login(db.read(), knock.login).await?;
    let id = row.as_ref().map(|row| AccountId::of(row.id));
    if password::matches(auth, row.and_then(|row| row.password), password).await? {
        return Ok(Some(attempt));
    }
    attempts.failed(db, &attempt, id, knock.request).await?;
    Ok(None)
}

/// Whether anybody can sign in at all.
pub async fn has_accounts(on: &impl ConnectionTrait) -> Result<bool, DbError> {
    Ok(!rows::accounts(on).await?.is_empty())
}

/// The account of a login.
pub async fn account_of_login(
    on: &impl ConnectionTrait,
    login: &str,
) -> Result<Option<AccountId>, DbError> {
    let Some(login) = Login::parse(login) else {
        return Ok(None);
    };
    let row = rows::account_by_login(on, login.as_str()).await?;
    Ok(row.map(|row| AccountId::of(row.id)))
}
