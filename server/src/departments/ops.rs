//! What is done with people; the only code that writes about them.

use sea_orm::ConnectionTrait;
use zeroize::Zeroizing;

use super::acting::{actor, by};
use super::model::{Account, Department, Identity, Login, PeopleError, Slug};
use super::password::PasswordDigest;
use super::rows::Which;
use super::tokens::NewToken;
use super::{roles, rows};
use crate::audit::event::Action;
use crate::base::actor::{Destination, Scope};
use crate::base::db::DbError;
use crate::base::{AccountId, Actor, DepartmentId, Right, Role};
use crate::unit::Unit;

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

pub(super) fn require_admin(actor: &Actor) -> Result<(), PeopleError> {
    if !actor.is(Role::Admin) && !actor.is(Role::System) {
        return Err(PeopleError::Forbidden);
    }
    require_full(actor)
}

pub(super) fn require_full(actor: &Actor) -> Result<(), PeopleError> {
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
    let new = NewRow {
        password,
        ..NewRow::of(login, name)
    };
    Ok(Account::of(insert_account(unit, new).await?, Vec::new()))
}

/// What an account begins with.
#[derive(Debug)]
pub(super) struct NewRow {
    pub(super) login: Login,
    pub(super) name: String,
    pub(super) password: Option<PasswordDigest>,
    pub(super) identity: Option<Identity>,
}

impl NewRow {
    /// One that nobody can sign in to yet.
    pub(super) const fn of(login: Login, name: String) -> Self {
        Self {
            login,
            name,
            password: None,
            identity: None,
        }
    }
}

/// Creates an account; gives its row.
pub(super) async fn insert_account(
    unit: &mut Unit,
    new: NewRow,
) -> Result<rows::account::Model, PeopleError> {
    require_admin(unit.actor())?;
    if rows::account_by_login(unit.tx(), new.login.as_str())
        .await?
        .is_some()
    {
        return Err(PeopleError::Taken);
    }
    let (issuer, subject) = match new.identity {
        Some(identity) => (Some(identity.issuer), Some(identity.subject)),
        None => (None, None),
    };
    let row = rows::account::Model {
        id: AccountId::new().raw(),
        version: 1,
        login: new.login.as_str().to_owned(),
        name: new.name,
        password: new.password.map(|digest| digest.0),
        disabled_at: None,
        created_at: unit.now().micros(),
        function: None,
        department_id: None,
        identity_issuer: issuer,
        identity_subject: subject,
        mail: None,
    };
    rows::insert_account(unit, row.clone()).await?;
    unit.record(Action::AccountCreate, None);
    Ok(row)
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
        for ended in rows::revoke_tokens(unit, id, Which::All).await? {
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

/// Refuses a destination that the token would not reach, or in which nobody would find anything.
pub(super) async fn require_destination(
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
    let all = rows::departments(on).await?;
    Ok(all.into_iter().find(|one| one.is(wanted)))
}

/// All accounts with their roles; for administrators.
pub(crate) async fn accounts(on: &impl ConnectionTrait) -> Result<Vec<Account>, DbError> {
    let mut given = by(roles::all_given(on).await?, |one| one.account);
    let all = rows::accounts(on).await?.into_iter();
    Ok(all
        .map(|row| {
            let own = given.remove(&AccountId::of(row.id)).unwrap_or_default();
            Account::of(row, own)
        })
        .collect())
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
