//! Order limits (Anordnungsbefugnis): up to which amount a person or a function orders, from which day to which.
//! One administrator gives it, another approves it; one is enough to end it.

use sea_orm::ConnectionTrait;
use uuid::Uuid;

use super::model::{CENTS_MAX, OrderLimit, Step, WorkflowError};
use super::rows;
use crate::audit::event::Action;
use crate::base::actor::Scope;
use crate::base::db::DbError;
use crate::base::{AccountId, Actor, CivilDate, OrderLimitId, Role};
use crate::departments::{self, functions};
use crate::unit::Unit;

/// What is said of a new one.
#[derive(Debug, Clone)]
pub(crate) struct New {
    /// Login, or `function:` and a short name.
    pub(crate) who: String,
    /// The amount, in cents.
    pub(crate) cents: i64,
    /// The first day; today, if nothing is said.
    pub(crate) valid_from: Option<CivilDate>,
    /// The last day.
    pub(crate) valid_until: Option<CivilDate>,
    /// Why.
    pub(crate) reason: String,
}

/// Refuses whoever does not say who orders how much.
fn require_admin(actor: &Actor) -> Result<(), WorkflowError> {
    let administers = actor.is(Role::Admin) || actor.is(Role::System);
    if !administers || actor.on_behalf_of.is_some() {
        return Err(WorkflowError::Forbidden);
    }
    if actor.scope == Scope::Full {
        Ok(())
    } else {
        Err(WorkflowError::Scope)
    }
}

/// Whether an actor reads what there is: administration, the audit office, and heads.
pub(super) fn may_list(actor: &Actor) -> bool {
    [
        Role::Admin,
        Role::Auditor,
        Role::Head,
        Role::Mayor,
        Role::System,
    ]
    .into_iter()
    .any(|role| actor.is(role))
}

/// The account of a login or of a function.
pub(super) async fn account(
    on: &impl ConnectionTrait,
    who: &str,
) -> Result<Option<AccountId>, DbError> {
    if let Some(code) = functions::code_of(who) {
        let found = functions::by_code(on, code).await?;
        return Ok(found.map(|one| one.id));
    }
    let Some(id) = departments::account_of_login(on, who).await? else {
        return Ok(None);
    };
    let known = departments::named(on, &[id]).await?;
    Ok(known.get(&id).filter(|one| !one.gone).map(|_| id))
}

/// Says up to which amount somebody orders. It does not hold before its approval.
pub(crate) async fn give(unit: &mut Unit, new: New) -> Result<OrderLimit, WorkflowError> {
    require_admin(unit.actor())?;
    let who = account(unit.tx(), &new.who).await?;
    let account = who.ok_or_else(|| {
        WorkflowError::Values(vec![("who".to_owned(), super::model::Wrong::NotFound)])
    })?;
    let today = CivilDate::on(unit.now()).ok_or(DbError::Log("the clock stands outside"))?;
    let from = new.valid_from.unwrap_or(today);
    if from < today || new.valid_until.is_some_and(|until| until < from) {
        return Err(WorkflowError::Days);
    }
    let limit = OrderLimit {
        id: OrderLimitId::new(),
        version: 1,
        account,
        cents: new.cents.clamp(0, CENTS_MAX),
        valid_from: from.to_string(),
        valid_until: new.valid_until.map(|day| day.to_string()),
        given: Step {
            at: unit.now(),
            by: unit.actor().account,
        },
        approved: None,
        ended: None,
        reason: new.reason,
    };
    rows::insert_limit(unit, &limit).await?;
    unit.record(Action::OrderLimitGive, None);
    Ok(limit)
}

/// Approves it: an administrator who neither gave it nor is the one who orders.
pub(crate) async fn approve(
    unit: &mut Unit,
    id: OrderLimitId,
) -> Result<OrderLimit, WorkflowError> {
    require_admin(unit.actor())?;
    let found = rows::limit_to_change(unit, id).await?;
    let mut limit = found.ok_or(WorkflowError::NotFound)?;
    if limit.ended.is_some() {
        return Err(WorkflowError::State { current: "ended" });
    }
    if limit.approved.is_some() {
        return Err(WorkflowError::State {
            current: "approved",
        });
    }
    let by = unit.actor().account;
    let held = functions::held_by(unit.tx(), by, unit.now()).await?;
    if by == limit.given.by || by == limit.account || held.contains(&limit.account) {
        return Err(WorkflowError::FourEyes);
    }
    limit.approved = Some(Step { at: unit.now(), by });
    rows::save_limit(unit, &mut limit).await?;
    unit.record(Action::OrderLimitApprove, None);
    Ok(limit)
}

/// Ends it, or turns it down. One person is enough.
pub(super) async fn end(unit: &mut Unit, id: OrderLimitId) -> Result<OrderLimit, WorkflowError> {
    require_admin(unit.actor())?;
    let found = rows::limit_to_change(unit, id).await?;
    let mut limit = found.ok_or(WorkflowError::NotFound)?;
    if limit.ended.is_some() {
        return Err(WorkflowError::State { current: "ended" });
    }
    limit.ended = Some(Step {
        at: unit.now(),
        by: unit.actor().account,
    });
    rows::save_limit(unit, &mut limit).await?;
    unit.record(Action::OrderLimitEnd, None);
    Ok(limit)
}

/// Whether it holds on a day: days as they are written are in order.
fn holds(limit: &OrderLimit, day: &str) -> bool {
    limit.approved.is_some()
        && limit.ended.is_none()
        && limit.valid_from.as_str() <= day
        && limit
            .valid_until
            .as_deref()
            .is_none_or(|until| day <= until)
}

/// Up to how much one of these accounts orders on a day, in cents: the largest that holds.
pub(super) async fn on_day(
    on: &impl ConnectionTrait,
    accounts: &[AccountId],
    day: Option<CivilDate>,
) -> Result<Option<i64>, DbError> {
    let Some(day) = day.map(|day| day.to_string()) else {
        return Ok(None);
    };
    let all = rows::limits(on, accounts).await?;
    let holding = all.iter().filter(|limit| holds(limit, &day));
    Ok(holding.map(|limit| limit.cents).max())
}

/// Some of them, the newest first, behind one of them.
pub(crate) async fn page(
    on: &impl ConnectionTrait,
    place: (Option<Uuid>, u64),
) -> Result<Vec<OrderLimit>, DbError> {
    rows::page_of_limits(on, place).await
}
