//! Roles given to accounts, for a time or until they are taken away. Where the settings ask for it,
//! nobody gives one alone: it holds from its approval by a second person on.

use sea_orm::ConnectionTrait;
use uuid::Uuid;

use super::model::{Account, NewRole, Origin, PeopleError, RoleGiven, Standing, changes};
use super::ops::require_admin;
use super::rows::{self, role_grant};
use crate::audit::event::Action;
use crate::base::db::DbError;
use crate::base::{AccountId, DepartmentId, GrantId, Role, Timestamp};
use crate::unit::Unit;

/// How many people it takes to give a role.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Giving {
    /// It holds at once.
    ByOne,
    /// It holds when another administrator has approved it.
    ByTwo,
}

impl Giving {
    /// As the settings say.
    #[must_use]
    pub const fn of(rights: crate::config::Rights) -> Self {
        if rights.role_grants_by_two {
            Self::ByTwo
        } else {
            Self::ByOne
        }
    }
}

/// Gives a role. Some roles are bound to a department, the others hold everywhere.
pub async fn grant(
    unit: &mut Unit,
    account: AccountId,
    new: NewRole,
    giving: Giving,
) -> Result<RoleGiven, PeopleError> {
    give(unit, account, new, (giving, Origin::People)).await
}

async fn give(
    unit: &mut Unit,
    account: AccountId,
    new: NewRole,
    (giving, origin): (Giving, Origin),
) -> Result<RoleGiven, PeopleError> {
    require_admin(unit.actor())?;
    if !Role::GIVEN.contains(&new.role) || new.role.in_a_unit() != new.department.is_some() {
        return Err(PeopleError::RoleAndDepartment);
    }
    let now = unit.now();
    let begins = new.valid_from.unwrap_or(now);
    if new
        .valid_until
        .is_some_and(|until| until <= begins || until <= now)
    {
        return Err(PeopleError::Ends);
    }
    let holder = rows::account(unit.tx(), account)
        .await?
        .ok_or(PeopleError::NoAccount)?;
    if holder.function.is_some() && matches!(new.role, Role::Admin | Role::Integrator) {
        return Err(PeopleError::NotForFunctions);
    }
    if let Some(department) = new.department {
        let known = rows::departments(unit.tx()).await?;
        known
            .iter()
            .find(|one| one.id == department)
            .ok_or(PeopleError::NoDepartment)?;
    }
    let held = given(unit.tx(), account).await?;
    let standing = held.iter().filter(|one| one.stands(now));
    for one in standing {
        if one.role == new.role && one.department == new.department && one.meets(&new, now) {
            return Err(PeopleError::Taken);
        }
        if !one.role.goes_with(new.role) {
            return Err(PeopleError::NotTogether);
        }
    }
    let row = role_grant::Model {
        id: GrantId::new().raw(),
        version: 1,
        account_id: account.raw(),
        role: new.role.code().to_owned(),
        department_id: new.department.map(DepartmentId::raw),
        granted_at: now.micros(),
        granted_by: Some(unit.actor().account.raw()),
        proposed: (giving == Giving::ByTwo).then_some(1),
        approved_at: None,
        approved_by: None,
        reason: new.reason,
        origin: origin.code().map(str::to_owned),
        revoked_at: None,
        valid_from: new.valid_from.map(Timestamp::micros),
        valid_until: new.valid_until.map(Timestamp::micros),
    };
    rows::insert_grant(unit, row.clone()).await?;
    // Roles are part of what is shown of an account: its version moves with them.
    rows::update_account(unit, holder).await?;
    let action = match giving {
        Giving::ByOne => Action::RoleGrant,
        Giving::ByTwo => Action::RolePropose,
    };
    unit.record(action, new.department);
    Ok(RoleGiven::try_from(row)?)
}

/// Approves a role that waits for it, or confirms one that one person gave: an administrator who
/// neither gave it nor is the one who holds it.
pub(super) async fn approve(unit: &mut Unit, id: Uuid) -> Result<RoleGiven, PeopleError> {
    require_admin(unit.actor())?;
    let mut row = standing(unit, id).await?;
    if row.approved_at.is_some() {
        return Err(PeopleError::Settled);
    }
    let by = unit.actor().account.raw();
    if Some(by) == row.granted_by || by == row.account_id {
        return Err(PeopleError::FourEyes);
    }
    row.approved_at = Some(unit.now().micros());
    row.approved_by = Some(by);
    let department = row.department_id.map(DepartmentId::of);
    let holder = AccountId::of(row.account_id);
    rows::update_grant(unit, row.clone()).await?;
    touch(unit, holder).await?;
    unit.record(Action::RoleApprove, department);
    Ok(RoleGiven::try_from(row)?)
}

/// Ends a role before its time, or turns down one that waits. One person is enough.
pub async fn end(unit: &mut Unit, id: Uuid) -> Result<(), PeopleError> {
    require_admin(unit.actor())?;
    let row = standing(unit, id).await?;
    take(unit, row).await
}

async fn take(unit: &mut Unit, mut row: role_grant::Model) -> Result<(), PeopleError> {
    let holder = AccountId::of(row.account_id);
    if row.role == Role::Admin.code() {
        other_admin_stays(unit, holder).await?;
    }
    row.revoked_at = Some(unit.now().micros());
    let department = row.department_id.map(DepartmentId::of);
    rows::update_grant(unit, row).await?;
    touch(unit, holder).await?;
    unit.record(Action::RoleRevoke, department);
    Ok(())
}

async fn touch(unit: &mut Unit, account: AccountId) -> Result<(), PeopleError> {
    let holder = rows::account(unit.tx(), account).await?;
    let holder = holder.ok_or(PeopleError::NoAccount)?;
    Ok(rows::update_account(unit, holder).await?)
}

/// A role that was neither ended nor is over.
async fn standing(unit: &Unit, id: Uuid) -> Result<role_grant::Model, PeopleError> {
    let row = rows::grant(unit.tx(), id).await?;
    let row = row.filter(|row| row.revoked_at.is_none());
    let row = row.ok_or(PeopleError::Nothing)?;
    if RoleGiven::try_from(row.clone())?.stands(unit.now()) {
        Ok(row)
    } else {
        Err(PeopleError::Settled)
    }
}

/// Refuses to leave the house without an administrator.
pub(super) async fn other_admin_stays(unit: &Unit, leaving: AccountId) -> Result<(), PeopleError> {
    let others = administrators(unit.tx(), unit.now()).await?;
    if others.iter().any(|one| *one != leaving) {
        Ok(())
    } else {
        Err(PeopleError::LastAdmin)
    }
}

/// The accounts that administer now.
async fn administrators(
    on: &impl ConnectionTrait,
    now: Timestamp,
) -> Result<Vec<AccountId>, DbError> {
    let accounts = rows::accounts(on).await?;
    let mut found = Vec::new();
    for one in all_given(on).await? {
        let works = |id: AccountId| {
            let mut known = accounts.iter();
            known.any(|row| row.id == id.raw() && row.disabled_at.is_none())
        };
        if one.role == Role::Admin && one.standing(now) == Standing::InForce && works(one.account) {
            found.push(one.account);
        }
    }
    Ok(found)
}

/// Whether anybody administers now.
pub async fn has_administrator(on: &impl ConnectionTrait, now: Timestamp) -> Result<bool, DbError> {
    Ok(!administrators(on, now).await?.is_empty())
}

/// Whether somebody holds a role in a unit at `now`: a person, or whoever holds a function that carries it.
pub async fn has_role(
    on: &impl ConnectionTrait,
    (role, unit): (Role, DepartmentId),
    now: Timestamp,
) -> Result<bool, DbError> {
    let held = rows::grants_of_role(on, role).await?;
    let mut held = held.into_iter().map(RoleGiven::try_from);
    held.try_fold(false, |found, one| {
        let one = one?;
        let here = one.department == Some(unit) && one.standing(now) == Standing::InForce;
        Ok(found || here)
    })
}

/// The first unit in which somebody holds a role at `now`.
pub async fn unit_of_role(
    on: &impl ConnectionTrait,
    role: Role,
    now: Timestamp,
) -> Result<Option<DepartmentId>, DbError> {
    for row in rows::grants_of_role(on, role).await? {
        let one = RoleGiven::try_from(row)?;
        if one.standing(now) == Standing::InForce && one.department.is_some() {
            return Ok(one.department);
        }
    }
    Ok(None)
}

/// Gives and takes roles until exactly `wanted` stand; `expected` is the version that the caller has
/// seen.
pub(super) async fn set_roles(
    unit: &mut Unit,
    account: AccountId,
    expected: u64,
    wanted: Vec<NewRole>,
    giving: Giving,
) -> Result<Account, PeopleError> {
    require_admin(unit.actor())?;
    let current = rows::account(unit.tx(), account)
        .await?
        .ok_or(PeopleError::NoAccount)?;
    let current = u64::try_from(current.version).unwrap_or_default();
    if current != expected {
        return Err(PeopleError::Stale { current });
    }
    let before = given(unit.tx(), account).await?;
    let (ended, new) = changes(&before, wanted, unit.now());
    for id in ended {
        let row = standing(unit, id.raw()).await?;
        take(unit, row).await?;
    }
    for one in new {
        grant(unit, account, one, giving).await?;
    }
    super::ops::account(unit.tx(), account)
        .await?
        .ok_or(PeopleError::NoAccount)
}

/// Makes the roles of an account that came of the provider those that it means now. What people gave is not
/// touched, and what they gave already is not given again. Gives how many were given or taken.
///
/// What the rules do not allow is left out, so that nobody is kept out by it: the line in the log of the process
/// says so.
pub(super) async fn follow(
    unit: &mut Unit,
    account: AccountId,
    wanted: Vec<NewRole>,
    giving: Giving,
) -> Result<usize, PeopleError> {
    require_admin(unit.actor())?;
    let now = unit.now();
    let mut standing = given(unit.tx(), account).await?;
    standing.retain(|one| one.stands(now));
    let same =
        |one: &RoleGiven, new: &NewRole| (one.role, one.department) == (new.role, new.department);
    let mut changed = 0;
    for one in &standing {
        if one.origin == Origin::Provider && !wanted.iter().any(|new| same(one, new)) {
            let row = self::standing(unit, one.id.raw()).await?;
            changed += left_out(take(unit, row).await, one.role)?;
        }
    }
    for new in wanted {
        if !standing.iter().any(|one| same(one, &new)) {
            let role = new.role;
            let given = give(unit, account, new, (giving, Origin::Provider)).await;
            changed += left_out(given.map(drop), role)?;
        }
    }
    Ok(changed)
}

/// Counts what was done. What the rules do not allow is no reason to keep somebody out.
fn left_out(done: Result<(), PeopleError>, role: Role) -> Result<usize, PeopleError> {
    match done {
        Ok(()) => Ok(1),
        Err(
            error @ (PeopleError::LastAdmin
            | PeopleError::NotTogether
            | PeopleError::Taken
            | PeopleError::NoDepartment
            | PeopleError::RoleAndDepartment),
        ) => {
            tracing::warn!(
                error = %error,
                role = role.code(),
                "a role of the provider's was neither given nor taken"
            );
            Ok(0)
        }
        Err(error) => Err(error),
    }
}

/// The roles of an account that were not ended, over or not.
pub(super) async fn given(
    on: &impl ConnectionTrait,
    account: AccountId,
) -> Result<Vec<RoleGiven>, DbError> {
    let rows = rows::grants(on, account).await?;
    rows.into_iter().map(RoleGiven::try_from).collect()
}

/// Those of all accounts.
pub(super) async fn all_given(on: &impl ConnectionTrait) -> Result<Vec<RoleGiven>, DbError> {
    let rows = rows::all_grants(on).await?;
    rows.into_iter().map(RoleGiven::try_from).collect()
}

/// The roles that stand and that nobody but the one who gave them has looked at.
pub(crate) async fn given_by_one(
    on: &impl ConnectionTrait,
    now: Timestamp,
) -> Result<Vec<RoleGiven>, DbError> {
    let mut all = all_given(on).await?;
    all.retain(|one| {
        let holds = matches!(one.standing(now), Standing::InForce | Standing::Upcoming);
        holds && one.approved_by.is_none()
    });
    Ok(all)
}
