//! What is read of workflows: lists under the right of whoever asks, and the names of those who are in them.

use std::collections::BTreeSet;

use sea_orm::sea_query::{Alias, Expr, ExprTrait, Query};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
};
use uuid::Uuid;
use workflow::instance::{Assigned, Event, Id, Instance, Taker};

use super::facts::account_of;
use super::model::Flow;
use super::rows::workflow_instance;
use super::values::{self, Names};
use crate::base::db::DbError;
use crate::base::sight::column;
use crate::base::{AccountId, Actor, Asked, CaseId, Right, Table};
use crate::departments;

/// What a list shall contain.
#[derive(Debug, Clone, Default)]
pub(super) struct Filter {
    /// In this case.
    pub(super) case: Option<CaseId>,
    /// By these definitions.
    pub(super) definitions: Vec<String>,
    /// In these states.
    pub(super) states: Vec<String>,
    /// Those that have not ended, or those that have.
    pub(super) open: Option<bool>,
}

/// Behind which workflow a page begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(super) struct After {
    started_at: i64,
    id: Uuid,
}

impl After {
    /// The place of a workflow.
    pub(super) const fn of(flow: &Flow) -> Self {
        Self {
            started_at: flow.started_at.micros(),
            id: flow.id.raw(),
        }
    }
}

/// The cases that the actor sees: the right is asked of the case as it stands now.
fn seen(actor: &Actor) -> Condition {
    use workflow_instance::{Column, Entity};
    let own = Expr::col((Entity, Column::CaseId));
    let cases = Query::select()
        .expr(column("c", "id"))
        .from_as(Alias::new("record_case"), Alias::new("c"))
        .and_where(ExprTrait::eq(column("c", "id"), own))
        .cond_where(actor.sight(Right::Read).on(Table::Case, "c", Asked::Many))
        .to_owned();
    Condition::all().add(Expr::exists(cases))
}

fn matching(actor: &Actor, filter: &Filter) -> Condition {
    use workflow_instance::Column;
    let mut all = seen(actor);
    if let Some(case) = filter.case {
        all = all.add(Column::CaseId.eq(case.raw()));
    }
    if !filter.definitions.is_empty() {
        all = all.add(Column::DefinitionId.is_in(filter.definitions.clone()));
    }
    if !filter.states.is_empty() {
        all = all.add(Column::State.is_in(filter.states.clone()));
    }
    match filter.open {
        Some(true) => all.add(Column::EndedAt.is_null()),
        Some(false) => all.add(Column::EndedAt.is_not_null()),
        None => all,
    }
}

/// One page: at most `limit` workflows behind `after`, the last begun first, and whether more follow.
pub(super) async fn page(
    on: &impl ConnectionTrait,
    actor: &Actor,
    filter: &Filter,
    (after, limit): (Option<After>, u64),
) -> Result<(Vec<Flow>, bool), DbError> {
    use workflow_instance::Column;
    let mut wanted = matching(actor, filter);
    if let Some(place) = after {
        let same = Condition::all()
            .add(Column::StartedAt.eq(place.started_at))
            .add(Column::Id.lt(place.id));
        let earlier = Condition::any()
            .add(Column::StartedAt.lt(place.started_at))
            .add(same);
        wanted = wanted.add(earlier);
    }
    let mut found = workflow_instance::Entity::find()
        .filter(wanted)
        .order_by_desc(Column::StartedAt)
        .order_by_desc(Column::Id)
        .limit(limit + 1)
        .all(on)
        .await?;
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let more = found.len() > limit;
    found.truncate(limit);
    let flows: Result<Vec<Flow>, DbError> = found.into_iter().map(Flow::try_from).collect();
    Ok((flows?, more))
}

fn add(found: &mut BTreeSet<AccountId>, id: &Id) {
    found.insert(account_of(id));
}

fn add_taker(found: &mut BTreeSet<AccountId>, by: &Taker) {
    add(found, &by.account);
    if let Some(principal) = &by.on_behalf_of {
        add(found, principal);
    }
}

fn add_assigned(found: &mut BTreeSet<AccountId>, one: &Assigned) {
    if let Assigned::Person { account } = one {
        add(found, account);
    }
}

/// The names of everybody whom fields of these workflows name: all that a list shows of people, in one query.
pub(super) async fn names_in_fields(
    on: &impl ConnectionTrait,
    flows: &[Flow],
) -> Result<Names, DbError> {
    let mut named = Vec::new();
    for flow in flows {
        for value in flow.instance.fields.values() {
            values::accounts_in(value, &mut named);
        }
    }
    named.sort_unstable();
    named.dedup();
    departments::named(on, &named).await
}

/// The names of everybody who is in a workflow.
pub(super) async fn names_of(
    on: &impl ConnectionTrait,
    instance: &Instance,
) -> Result<Names, DbError> {
    let mut found = BTreeSet::new();
    add_taker(&mut found, &instance.initiator);
    instance.excluded.iter().for_each(|id| add(&mut found, id));
    let announced = instance.editorial.values();
    announced
        .filter_map(|said| said.announced_by.as_ref())
        .for_each(|id| add(&mut found, id));
    let mut named = Vec::new();
    for value in instance.fields.values() {
        values::accounts_in(value, &mut named);
    }
    found.extend(named);
    for step in &instance.steps {
        step.assigned
            .iter()
            .for_each(|one| add_assigned(&mut found, one));
        let directive = step.directive.as_ref().map(|one| &one.by);
        let done = step.done.as_ref().map(|done| &done.by);
        let takers = [step.claimed.as_ref(), directive, done];
        takers
            .into_iter()
            .flatten()
            .for_each(|by| add_taker(&mut found, by));
        let due = step.due.iter().flat_map(|due| &due.extended);
        due.for_each(|one| add_taker(&mut found, &one.by));
    }
    let ids: Vec<AccountId> = found.into_iter().collect();
    departments::named(on, &ids).await
}

/// The names of everybody whom events name.
pub(super) async fn names_in(
    on: &impl ConnectionTrait,
    (events, accounts): (&[Event], &[AccountId]),
) -> Result<Names, DbError> {
    let json = serde_json::to_value(events).unwrap_or_default();
    let mut found: BTreeSet<AccountId> = accounts.iter().copied().collect();
    gather(&json, &mut found);
    let ids: Vec<AccountId> = found.into_iter().collect();
    departments::named(on, &ids).await
}

/// Accounts are the only ids that stand under these names.
fn gather(json: &serde_json::Value, found: &mut BTreeSet<AccountId>) {
    const NAMES: [&str; 3] = ["account", "on_behalf_of", "person"];
    match json {
        serde_json::Value::Object(members) => {
            for (key, value) in members {
                let id = value.as_str().and_then(|id| id.parse().ok());
                match id.filter(|_| NAMES.contains(&key.as_str())) {
                    Some(id) => {
                        found.insert(id);
                    }
                    None => gather(value, found),
                }
            }
        }
        serde_json::Value::Array(all) => all.iter().for_each(|one| gather(one, found)),
        serde_json::Value::Null
        | serde_json::Value::Bool(_)
        | serde_json::Value::Number(_)
        | serde_json::Value::String(_) => {}
    }
}
