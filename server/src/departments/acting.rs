//! An account as the one who acts: with its roles, those of its functions, and the compartments that are open
//! to it.

use std::collections::HashMap;

use sea_orm::ConnectionTrait;

use super::model::{Department, RoleGiven, Standing};
use super::{roles, rows};
use crate::base::actor::Scope;
use crate::base::db::DbError;
use crate::base::rights::Compartment;
use crate::base::sight::Inspected;
use crate::base::{AccountId, Actor, Grant, RequestId, Role, Timestamp};

/// What was given to one account, or to all of them: read at once, however many they are.
#[derive(Debug)]
pub(super) struct Given {
    departments: Vec<Department>,
    roles: HashMap<AccountId, Vec<RoleGiven>>,
    functions: HashMap<AccountId, Vec<AccountId>>,
    compartments: HashMap<AccountId, Vec<Compartment>>,
    /// Read for one account only: nobody is handed anything because he inspects.
    inspections: Vec<Inspected>,
}

impl Given {
    /// To all accounts and functions.
    pub(super) async fn to_all(on: &impl ConnectionTrait, now: Timestamp) -> Result<Self, DbError> {
        Ok(Self {
            departments: rows::departments(on).await?,
            roles: by(roles::all_given(on).await?, |one| one.account),
            functions: pairs(rows::held(on, None, now).await?),
            compartments: pairs(rows::compartments_open(on, None, now).await?),
            inspections: Vec::new(),
        })
    }

    /// To one account, and to the functions that it holds.
    async fn to(
        on: &impl ConnectionTrait,
        account: AccountId,
        now: Timestamp,
    ) -> Result<Self, DbError> {
        let held = rows::held(on, Some(account), now).await?;
        let mut roles = HashMap::new();
        for one in std::iter::once(account).chain(held.iter().map(|(_, function)| *function)) {
            roles.insert(one, roles::given(on, one).await?);
        }
        Ok(Self {
            departments: rows::departments(on).await?,
            roles,
            functions: pairs(held),
            compartments: pairs(rows::compartments_open(on, Some(account), now).await?),
            inspections: rows::inspections_open(on, account, now).await?,
        })
    }

    fn in_force(&self, account: AccountId, now: Timestamp) -> Vec<Grant> {
        let given = self.roles.get(&account).map_or(&[][..], Vec::as_slice);
        holding(given, now, &self.departments)
    }

    /// An account with all that it may at `now`, the instant at which this was read.
    pub(super) fn actor(
        &self,
        account: AccountId,
        now: Timestamp,
        request: Option<RequestId>,
    ) -> Actor {
        let mut grants = self.in_force(account, now);
        // An application acts for a function and gets nothing by it.
        if !grants.iter().any(|grant| grant.role == Role::Integrator) {
            for function in self.functions.get(&account).into_iter().flatten() {
                grants.extend(self.in_force(*function, now));
            }
        }
        let outside = grants.iter().any(|grant| grant.role.stays_outside());
        let compartments = match self.compartments.get(&account) {
            Some(open) if !outside => open.clone(),
            Some(_) | None => Vec::new(),
        };
        let inspections = held_by(&grants, &self.inspections);
        Actor {
            account,
            grants,
            compartments,
            inspections,
            house: self.departments.iter().map(Department::unit).collect(),
            scope: Scope::Full,
            token: None,
            destination: None,
            request,
            on_behalf_of: None,
        }
    }
}

/// The inspections that count for whoever holds these roles: administrators get content in an
/// emergency and no other way, nobody else gets it that way; the mayor enters no compartment.
fn held_by(grants: &[Grant], all: &[Inspected]) -> Vec<Inspected> {
    let is = |role| grants.iter().any(|grant| grant.role == role);
    let (administers, mayor) = (is(Role::Admin), is(Role::Mayor));
    let counts =
        |one: &&Inspected| one.emergency == administers && !(mayor && one.inside.is_some());
    all.iter().filter(counts).copied().collect()
}

pub(super) fn by<T>(all: Vec<T>, key: impl Fn(&T) -> AccountId) -> HashMap<AccountId, Vec<T>> {
    let mut found: HashMap<AccountId, Vec<T>> = HashMap::new();
    for one in all {
        found.entry(key(&one)).or_default().push(one);
    }
    found
}

fn pairs<T>(all: Vec<(AccountId, T)>) -> HashMap<AccountId, Vec<T>> {
    let mut found: HashMap<AccountId, Vec<T>> = HashMap::new();
    for (account, one) in all {
        found.entry(account).or_default().push(one);
    }
    found
}

fn holding(given: &[RoleGiven], now: Timestamp, departments: &[Department]) -> Vec<Grant> {
    let holds = given
        .iter()
        .filter(|one| one.standing(now) == Standing::InForce);
    holds.map(|one| rows::grant_of(one, departments)).collect()
}

/// An account as the one who acts, with all that it may at `now`.
pub async fn actor(
    on: &impl ConnectionTrait,
    account: AccountId,
    now: Timestamp,
    request: Option<RequestId>,
) -> Result<Actor, DbError> {
    Ok(Given::to(on, account, now)
        .await?
        .actor(account, now, request))
}

/// The roles that were given to an account and hold at `now`.
pub(super) async fn in_force(
    on: &impl ConnectionTrait,
    account: AccountId,
    now: Timestamp,
    departments: &[Department],
) -> Result<Vec<Grant>, DbError> {
    Ok(holding(&roles::given(on, account).await?, now, departments))
}

/// `deputy` acting for another: with the roles of that account, but never in a compartment that
/// the deputy does not enter. `None`: there is no such deputation now.
pub(crate) async fn deputy_for(
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
        inspections: Vec::new(),
        on_behalf_of: Some(principal),
        ..deputy
    }))
}
