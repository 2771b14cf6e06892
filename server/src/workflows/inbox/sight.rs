//! What somebody may know of workflows, as a part of queries.

use sea_orm::Condition;
use sea_orm::sea_query::{Alias, Expr, ExprTrait, Func, JoinType, Query, SelectStatement};

use super::model::{roles_of, who_of};
use crate::base::sight::column;
use crate::base::{Actor, Asked, Right, Table, Timestamp};
use crate::cases;

/// The workflow with this id and its case, by the names `wi` and `wc`.
fn with_case(workflow: Expr) -> SelectStatement {
    Query::select()
        .expr(Expr::val(1))
        .from_as(Alias::new("workflow_instance"), Alias::new("wi"))
        .join_as(
            JoinType::InnerJoin,
            Alias::new("record_case"),
            Alias::new("wc"),
            column("wc", "id").eq(column("wi", "case_id")),
        )
        .and_where(column("wi", "id").eq(workflow))
        .to_owned()
}

/// That the case of a workflow is seen.
fn seen_by(actor: &Actor, workflow: Expr) -> Condition {
    let seen = cases::visible_with_id(actor, column("wi", "case_id"));
    let mut query = with_case(workflow);
    query.and_where(Expr::exists(seen));
    Condition::all().add(Expr::exists(query))
}

/// That a case stands in no compartment, or is seen: who is asked may know of its workflow then. Those that stand in
/// one are looked up in an index of their own, to the letter as there.
pub(super) fn open_or_seen(actor: &Actor, case: Expr) -> Condition {
    let id = || column("hc", "id");
    let key: Expr = Func::coalesce([id(), id()]).into();
    let seen = actor.sight(Right::Read);
    let hidden = Query::select()
        .expr(Expr::val(1))
        .from_as(Alias::new("record_case"), Alias::new("hc"))
        .and_where(key.eq(case))
        .and_where(column("hc", "compartment_id").is_not_null())
        .cond_where(seen.on(Table::Case, "hc", Asked::ByName).not())
        .to_owned();
    Condition::all().add(Expr::exists(hidden).not())
}

/// That the case of a workflow stands in no compartment, or in one that the actor enters.
pub(in crate::workflows) fn open_to(actor: &Actor, workflow: Expr) -> Condition {
    let mut open = Condition::any().add(column("wc", "compartment_id").is_null());
    if !actor.compartments.is_empty() {
        let inside = actor.compartments.iter().map(|one| one.id.raw());
        open = open.add(column("wc", "compartment_id").is_in(inside));
    }
    let mut query = with_case(workflow);
    query.cond_where(open);
    Condition::all().add(Expr::exists(query))
}

/// That the actor may know of a workflow: he sees its case; or it stands in no compartment and he is asked, by name,
/// by a function that he holds or by a role.
pub(in crate::workflows) fn known_to(actor: &Actor, workflow: Expr, now: Timestamp) -> Condition {
    let me = actor.on_behalf_of.unwrap_or(actor.account).raw();
    let held = Query::select()
        .expr(column("wh", "function_id"))
        .from_as(Alias::new("function_holder"), Alias::new("wh"))
        .and_where(column("wh", "account_id").eq(me))
        .and_where(column("wh", "ended_at").is_null())
        .cond_where(
            Condition::any()
                .add(column("wh", "proposed").is_null())
                .add(column("wh", "approved_at").is_not_null()),
        )
        .cond_where(
            Condition::any()
                .add(column("wh", "valid_from").is_null())
                .add(column("wh", "valid_from").lte(now.micros())),
        )
        .cond_where(
            Condition::any()
                .add(column("wh", "valid_until").is_null())
                .add(column("wh", "valid_until").gt(now.micros())),
        )
        .to_owned();
    let mut one_of = Condition::any()
        .add(column("wa", "account_id").eq(me))
        .add(column("wa", "account_id").in_subquery(held));
    let roles = roles_of(actor);
    if !roles.is_empty() {
        one_of = one_of.add(column("wa", "who").is_in(roles.iter().map(who_of)));
    }
    let asked = Query::select()
        .expr(Expr::val(1))
        .from_as(Alias::new("workflow_asked"), Alias::new("wa"))
        .and_where(column("wa", "instance_id").eq(workflow.clone()))
        .cond_where(one_of)
        .to_owned();
    let mut outside = with_case(workflow.clone());
    outside.and_where(column("wc", "compartment_id").is_null());
    Condition::any().add(seen_by(actor, workflow)).add(
        Condition::all()
            .add(Expr::exists(asked))
            .add(Expr::exists(outside)),
    )
}
