//! What is done with people; the only code that writes about them.

use sea_orm::ConnectionTrait;
use zeroize::Zeroizing;

use super::model::{Account, Department, Login, PeopleError, Slug};
use super::password::PasswordDigest;
use super::rows::{self, Which};
use crate::audit::event::Action;
use crate::base::actor::Scope;
use crate::base::db::DbError;
use crate::base::{AccountId, Actor, DepartmentId, GrantId, RequestId, Role, Timestamp};
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
        other_admin_stays(unit, id).await?;
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
    let grants = grants_of(unit.tx(), id).await?;
    Ok(Account::of(row, grants))
}

async fn other_admin_stays(unit: &Unit, leaving: AccountId) -> Result<(), PeopleError> {
    let accounts = rows::accounts(unit.tx()).await?;
    let stays = rows::all_grants(unit.tx()).await?.into_iter().any(|grant| {
        grant.role == Role::Admin.code()
            && grant.account_id != leaving.raw()
            && accounts
                .iter()
                .any(|one| one.id == grant.account_id && one.disabled_at.is_none())
    });
    if stays {
        Ok(())
    } else {
        Err(PeopleError::LastAdmin)
    }
}

/// Gives a role. A clerk's role is bound to a department, the others hold everywhere.
pub async fn grant(
    unit: &mut Unit,
    account: AccountId,
    role: Role,
    department: Option<DepartmentId>,
) -> Result<(), PeopleError> {
    require_admin(unit.actor())?;
    if !Role::GIVEN.contains(&role) || role.in_a_unit() != department.is_some() {
        return Err(PeopleError::RoleAndDepartment);
    }
    let holder = rows::account(unit.tx(), account)
        .await?
        .ok_or(PeopleError::NoAccount)?;
    if let Some(department) = department {
        let known = rows::departments(unit.tx()).await?;
        known
            .iter()
            .find(|one| one.id == department)
            .ok_or(PeopleError::NoDepartment)?;
    }
    let held = rows::grants(unit.tx(), account)
        .await?
        .into_iter()
        .any(|one| {
            one.role == role.code() && one.department_id == department.map(DepartmentId::raw)
        });
    if held {
        return Err(PeopleError::Taken);
    }
    let row = rows::role_grant::Model {
        id: GrantId::new().raw(),
        version: 1,
        account_id: account.raw(),
        role: role.code().to_owned(),
        department_id: department.map(DepartmentId::raw),
        granted_at: unit.now().micros(),
        revoked_at: None,
        valid_from: None,
        valid_until: None,
    };
    rows::insert_grant(unit, row).await?;
    // Roles are part of what is shown of an account: its version moves with them.
    rows::update_account(unit, holder).await?;
    unit.record(Action::RoleGrant, department);
    Ok(())
}

/// Takes a role away.
pub(crate) async fn revoke(
    unit: &mut Unit,
    account: AccountId,
    role: Role,
    department: Option<DepartmentId>,
) -> Result<(), PeopleError> {
    require_admin(unit.actor())?;
    if role == Role::Admin {
        other_admin_stays(unit, account).await?;
    }
    let held = rows::grants(unit.tx(), account)
        .await?
        .into_iter()
        .find(|one| {
            one.role == role.code() && one.department_id == department.map(DepartmentId::raw)
        });
    rows::revoke_grant(unit, held.ok_or(PeopleError::NoAccount)?).await?;
    let holder = rows::account(unit.tx(), account).await?;
    rows::update_account(unit, holder.ok_or(PeopleError::NoAccount)?).await?;
    unit.record(Action::RoleRevoke, department);
    Ok(())
}

/// Gives and takes roles until the account holds exactly `wanted`; `expected` is the version that
/// the caller has seen.
pub(crate) async fn set_roles(
    unit: &mut Unit,
    account: AccountId,
    expected: u64,
    wanted: Vec<(Role, Option<DepartmentId>)>,
) -> Result<Account, PeopleError> {
    require_admin(unit.actor())?;
    let current = rows::account(unit.tx(), account)
        .await?
        .ok_or(PeopleError::NoAccount)?;
    let current = u64::try_from(current.version).unwrap_or_default();
    if current != expected {
        return Err(PeopleError::Stale { current });
    }
    let before = grants_of(unit.tx(), account).await?;
    for (role, department) in &wanted {
        if !before
            .iter()
            .any(|held| held.role == *role && held.department == *department)
        {
            grant(unit, account, *role, *department).await?;
        }
    }
    for held in before {
        if !wanted.contains(&(held.role, held.department)) {
            revoke(unit, account, held.role, held.department).await?;
        }
    }
    self::account(unit.tx(), account)
        .await?
        .ok_or(PeopleError::NoAccount)
}

/// An account as the one who acts, with all that it may at `now`.
pub async fn actor(
    on: &impl ConnectionTrait,
    account: AccountId,
    now: Timestamp,
    request: Option<RequestId>,
) -> Result<Actor, DbError> {
    let departments = rows::departments(on).await?;
    let grants = rows::grants(on, account).await?;
    let grants: Result<Vec<_>, DbError> = grants
        .iter()
        .filter(|row| in_force(row, now))
        .map(|row| rows::grant_of(row, &departments))
        .collect();
    Ok(Actor {
        account,
        grants: grants?,
        compartments: rows::compartments_of(on, account, now).await?,
        house: departments.iter().map(Department::unit).collect(),
        scope: Scope::Full,
        request,
        on_behalf_of: None,
    })
}

fn in_force(row: &rows::role_grant::Model, now: Timestamp) -> bool {
    row.valid_from.is_none_or(|from| from <= now.micros())
        && row.valid_until.is_none_or(|until| until > now.micros())
}

/// `deputy` acting for another: with the roles of that account, but never in a compartment that
/// the deputy does not enter. `None`: there is no such deputation now.
pub(super) async fn deputy_for(
    on: &impl ConnectionTrait,
    deputy: Actor,
    principal: AccountId,
    now: Timestamp,
) -> Result<Option<Actor>, DbError> {
    let standing = rows::account(on, principal).await?;
    if standing.is_none_or(|account| account.disabled_at.is_some())
        || !rows::stands_in(on, deputy.account, principal, now).await?
    {
        return Ok(None);
    }
    let stood_in_for = actor(on, principal, now, deputy.request).await?;
    let mut compartments = deputy.compartments.clone();
    compartments.retain(|one| stood_in_for.compartments.contains(one));
    Ok(Some(Actor {
        // Administration is not handed on.
        grants: stood_in_for
            .grants
            .into_iter()
            .filter(|grant| grant.role != Role::Admin)
            .collect(),
        compartments,
        on_behalf_of: Some(principal),
        ..deputy
    }))
}

async fn grants_of(
    on: &impl ConnectionTrait,
    account: AccountId,
) -> Result<Vec<crate::base::Grant>, DbError> {
    let departments = rows::departments(on).await?;
    let rows = rows::grants(on, account).await?;
    rows.iter()
        .map(|row| rows::grant_of(row, &departments))
        .collect()
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
    let departments = rows::departments(on).await?;
    let grants = rows::all_grants(on).await?;
    let mut all = Vec::new();
    for row in rows::accounts(on).await? {
        let own = grants.iter().filter(|grant| grant.account_id == row.id);
        let own: Result<Vec<_>, _> = own
            .map(|grant| rows::grant_of(grant, &departments))
            .collect();
        all.push(Account::of(row, own?));
    }
    Ok(all)
}

/// One account with its roles.
pub(crate) async fn account(
    on: &impl ConnectionTrait,
    id: AccountId,
) -> Result<Option<Account>, DbError> {
    let Some(row) = rows::account(on, id).await? else {
        return Ok(None);
    };
    Ok(Some(Account::of(row, grants_of(on, id).await?)))
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
