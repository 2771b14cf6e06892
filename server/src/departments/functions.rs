//! Functions (Funktionen, Stellen): what somebody is in the house, whoever it is at the moment. A
//! function belongs to a department, has an inbox, is held for a time and may carry roles.
//!
//! In the rows it is an account that nobody signs in with, so that inboxes, roles and records name it
//! as they name people.

use sea_orm::ConnectionTrait;
use sea_orm::sea_query::SelectStatement;
use uuid::Uuid;

use super::acting;
use super::model::{PeopleError, Slug};
use super::ops::require_admin;
use super::roles::Giving;
use super::rows::{self, account, function_holder};
use crate::audit::event::Action;
use crate::base::db::DbError;
use crate::base::{AccountId, Actor, DepartmentId, HolderId, Role, Timestamp};
use crate::unit::Unit;

/// What stands before the short name of a function where an account could stand too.
const MARK: &str = "function:";
/// Most functions of the house.
const FUNCTIONS_MAX: usize = 10_000;

/// The short name that `text` names as a function.
#[must_use]
pub fn code_of(text: &str) -> Option<&str> {
    text.strip_prefix(MARK)
}

/// A function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Function {
    /// Its id: that of an account.
    pub id: AccountId,
    /// Its short name.
    pub code: String,
    /// Its name.
    pub name: String,
    /// The department that it belongs to.
    pub department: DepartmentId,
}

impl Function {
    fn of(row: account::Model) -> Option<Self> {
        Some(Self {
            id: AccountId::of(row.id),
            code: row.function?,
            name: row.name,
            department: DepartmentId::of(row.department_id?),
        })
    }
}

/// Creates a function in a department.
pub async fn create(
    unit: &mut Unit,
    code: Slug,
    name: String,
    department: DepartmentId,
) -> Result<Function, PeopleError> {
    require_admin(unit.actor())?;
    let departments = rows::departments(unit.tx()).await?;
    if !departments.iter().any(|one| one.id == department) {
        return Err(PeopleError::NoDepartment);
    }
    let taken = rows::named_function(unit.tx(), code.as_str()).await?;
    if taken.is_some() || rows::functions(unit.tx()).await?.len() >= FUNCTIONS_MAX {
        return Err(PeopleError::Taken);
    }
    let row = account::Model {
        id: AccountId::new().raw(),
        version: 1,
        login: format!("{MARK}{}", code.as_str()),
        name,
        password: None,
        disabled_at: None,
        created_at: unit.now().micros(),
        function: Some(code.as_str().to_owned()),
        department_id: Some(department.raw()),
        identity_issuer: None,
        identity_subject: None,
        mail: None,
    };
    rows::insert_account(unit, row.clone()).await?;
    unit.record(Action::FunctionCreate, Some(department));
    Function::of(row).ok_or(PeopleError::Nothing)
}

/// The row of a function that was not ended.
pub(super) async fn standing(
    on: &impl ConnectionTrait,
    id: AccountId,
) -> Result<account::Model, PeopleError> {
    let row = rows::account(on, id).await?;
    row.filter(|row| row.function.is_some() && row.disabled_at.is_none())
        .ok_or(PeopleError::Nothing)
}

/// Ends a function: nobody holds it any more and nothing is handed to it. What lies in its inbox stays
/// there and is handed on by the department. Its short name is not given again.
pub(super) async fn end(unit: &mut Unit, id: Uuid) -> Result<(), PeopleError> {
    require_admin(unit.actor())?;
    let mut row = standing(unit.tx(), AccountId::of(id)).await?;
    row.disabled_at = Some(unit.now().micros());
    let department = row.department_id.map(DepartmentId::of);
    rows::update_account(unit, row).await?;
    unit.record(Action::FunctionEnd, department);
    Ok(())
}

/// Who shall hold a function.
#[derive(Debug, Clone)]
pub struct NewHolder {
    /// The account.
    pub account: AccountId,
    /// From when on; none: at once.
    pub valid_from: Option<Timestamp>,
    /// Until when; none: until it is taken away.
    pub valid_until: Option<Timestamp>,
    /// Why.
    pub reason: Option<String>,
}

/// Gives a function to an account. It may carry roles: where it takes two people to give a role it
/// takes two to give a function.
pub(crate) async fn give(
    unit: &mut Unit,
    function: AccountId,
    new: NewHolder,
    giving: Giving,
) -> Result<function_holder::Model, PeopleError> {
    require_admin(unit.actor())?;
    let now = unit.now();
    let begins = new.valid_from.unwrap_or(now);
    if new
        .valid_until
        .is_some_and(|until| until <= begins || until <= now)
    {
        return Err(PeopleError::Ends);
    }
    let department = standing(unit.tx(), function).await?.department_id;
    let account = rows::account(unit.tx(), new.account).await?;
    account
        .filter(|row| row.function.is_none() && row.disabled_at.is_none())
        .ok_or(PeopleError::NoAccount)?;
    let from = |from: Option<i64>| from.unwrap_or(now.micros()).max(now.micros());
    let before = |at: i64, until: Option<i64>| until.is_none_or(|until| at < until);
    let (valid_from, valid_until) = (
        new.valid_from.map(Timestamp::micros),
        new.valid_until.map(Timestamp::micros),
    );
    let holders = rows::holders(unit.tx(), function).await?;
    let twice = holders.iter().any(|one| {
        one.account_id == new.account.raw()
            && before(from(one.valid_from), valid_until)
            && before(from(valid_from), one.valid_until)
    });
    if twice {
        return Err(PeopleError::Taken);
    }
    let row = function_holder::Model {
        id: HolderId::new().raw(),
        version: 1,
        function_id: function.raw(),
        account_id: new.account.raw(),
        granted_at: now.micros(),
        granted_by: unit.actor().account.raw(),
        proposed: (giving == Giving::ByTwo).then_some(1),
        approved_at: None,
        approved_by: None,
        reason: new.reason,
        valid_from,
        valid_until,
        ended_at: None,
    };
    rows::insert_holder(unit, row.clone()).await?;
    unit.record(Action::FunctionGive, department.map(DepartmentId::of));
    Ok(row)
}

/// A holding that was neither ended nor is over.
async fn holding(unit: &Unit, id: Uuid) -> Result<function_holder::Model, PeopleError> {
    let row = rows::holder(unit.tx(), id).await?;
    let row = row.filter(|row| row.ended_at.is_none());
    let row = row.ok_or(PeopleError::Nothing)?;
    if row
        .valid_until
        .is_some_and(|until| until <= unit.now().micros())
    {
        return Err(PeopleError::Settled);
    }
    Ok(row)
}

/// Approves that somebody holds a function: an administrator who neither asked for it nor is the one.
pub(super) async fn approve(
    unit: &mut Unit,
    id: Uuid,
) -> Result<function_holder::Model, PeopleError> {
    require_admin(unit.actor())?;
    let mut row = holding(unit, id).await?;
    if row.approved_at.is_some() {
        return Err(PeopleError::Settled);
    }
    let by = unit.actor().account.raw();
    if by == row.granted_by || by == row.account_id {
        return Err(PeopleError::FourEyes);
    }
    row.approved_at = Some(unit.now().micros());
    row.approved_by = Some(by);
    rows::update_holder(unit, row.clone()).await?;
    unit.record(Action::FunctionApprove, None);
    Ok(row)
}

/// Takes a function from somebody, or turns down what waits. One person is enough.
pub(super) async fn take(unit: &mut Unit, id: Uuid) -> Result<(), PeopleError> {
    require_admin(unit.actor())?;
    let mut row = holding(unit, id).await?;
    row.ended_at = Some(unit.now().micros());
    rows::update_holder(unit, row).await?;
    unit.record(Action::FunctionTake, None);
    Ok(())
}

/// All functions that were not ended.
pub async fn all(on: &impl ConnectionTrait) -> Result<Vec<Function>, DbError> {
    let rows = rows::functions(on).await?;
    Ok(rows.into_iter().filter_map(Function::of).collect())
}

/// The functions that were ended and the people who were switched off, as a part of another room's query: what
/// lies in their inboxes waits for its department.
pub(crate) fn gone() -> SelectStatement {
    rows::gone_accounts()
}

/// The same, one by one.
pub(crate) async fn all_gone(on: &impl ConnectionTrait) -> Result<Vec<AccountId>, DbError> {
    let mut found = Vec::new();
    for row in on.query_all(&rows::gone_accounts()).await? {
        found.push(AccountId::of(row.try_get_by_index(0)?));
    }
    Ok(found)
}

/// The function with this short name, ended or not: short names are given once.
pub(crate) async fn once_named(
    on: &impl ConnectionTrait,
    code: &str,
) -> Result<Option<Function>, DbError> {
    let row = rows::named_function(on, code).await?;
    Ok(row.and_then(Function::of))
}

/// The function with this short name, unless it was ended.
pub async fn by_code(on: &impl ConnectionTrait, code: &str) -> Result<Option<Function>, DbError> {
    let row = rows::named_function(on, code).await?;
    let row = row.filter(|row| row.disabled_at.is_none());
    Ok(row.and_then(Function::of))
}

/// The functions that an account holds at `now`.
pub async fn held_by(
    on: &impl ConnectionTrait,
    account: AccountId,
    now: Timestamp,
) -> Result<Vec<AccountId>, DbError> {
    let held = rows::held(on, Some(account), now).await?;
    Ok(held.into_iter().map(|(_, function)| function).collect())
}

/// `actor` acting for a function that he holds: with the roles that the function carries, or with his
/// own where it carries none; an application always with its own. Compartments are those that the
/// actor enters. `None`: he does not hold it now.
pub(super) async fn acting_for(
    on: &impl ConnectionTrait,
    actor: Actor,
    code: &str,
    now: Timestamp,
) -> Result<Option<Actor>, DbError> {
    let Some(function) = by_code(on, code).await? else {
        return Ok(None);
    };
    let held = held_by(on, actor.account, now).await?;
    if !held.contains(&function.id) {
        return Ok(None);
    }
    let departments = rows::departments(on).await?;
    let carried = acting::in_force(on, function.id, now, &departments).await?;
    let grants = if carried.is_empty() || actor.is(Role::Integrator) {
        // Administration is not done in the name of a function.
        let mut own = actor.grants.clone();
        own.retain(|grant| grant.role != Role::Admin);
        own
    } else {
        carried
    };
    Ok(Some(Actor {
        grants,
        inspections: Vec::new(),
        on_behalf_of: Some(function.id),
        ..actor
    }))
}
