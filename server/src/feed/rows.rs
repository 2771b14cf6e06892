//! The records that tell of changes, as a question: the right is a part of it.

use sea_orm::Condition;
use sea_orm::sea_query::{Alias, Expr, ExprTrait, JoinType, Order, Query, SelectStatement};

use crate::base::{Actor, Asked, Right, Table};

fn named(table: &'static str, name: &'static str) -> Expr {
    Expr::col((Alias::new(table), Alias::new(name)))
}

/// That there is a row with this id, by the name `t` in a table.
fn there_is(table: &'static str, id: Expr) -> SelectStatement {
    Query::select()
        .expr(Expr::val(1))
        .from_as(Alias::new(table), Alias::new("t"))
        .and_where(named("t", "id").eq(id))
        .to_owned()
}

/// That the actor may see what a record `s` is about.
fn seen_by(actor: &Actor) -> Condition {
    let sight = actor.sight(Right::Read);
    let mut seen = Condition::any();
    for table in [Table::Document, Table::Case, Table::File] {
        let row = there_is(table.name(), named("s", "root_id"))
            .cond_where(sight.on(table, "t", Asked::Many))
            .to_owned();
        seen = seen.add(Expr::exists(row));
    }
    // A relation is told to whoever sees both of its documents, and never by one of them.
    let document = Table::Document;
    let side = |at: &'static str, column: &'static str| named(at, "id").eq(named("r", column));
    let relation = Query::select()
        .expr(Expr::val(1))
        .from_as(Alias::new("relation"), Alias::new("r"))
        .join_as(
            JoinType::InnerJoin,
            Alias::new(document.name()),
            Alias::new("t"),
            side("t", "source_id"),
        )
        .join_as(
            JoinType::InnerJoin,
            Alias::new(document.name()),
            Alias::new("u"),
            side("u", "target_id"),
        )
        .and_where(named("r", "id").eq(named("s", "root_id")))
        .cond_where(sight.on(document, "t", Asked::Many))
        .cond_where(sight.on(document, "u", Asked::Many))
        .to_owned();
    seen.add(Expr::exists(relation))
}

/// The changes in records from `first` to `end` that the actor may see, with what they are about: in the
/// order of the index on `(seq, root_id)`, so that a page costs what it holds.
pub(super) fn changes_between(
    actor: &Actor,
    (first, end): (i64, i64),
    limit: u64,
) -> SelectStatement {
    let subjects = Query::select()
        .distinct()
        .expr(named("s", "seq"))
        .expr(named("s", "root_id"))
        .from_as(Alias::new("audit_subject"), Alias::new("s"))
        .and_where(named("s", "seq").gte(first))
        .and_where(named("s", "seq").lte(end))
        .cond_where(seen_by(actor))
        .order_by((Alias::new("s"), Alias::new("seq")), Order::Asc)
        .order_by((Alias::new("s"), Alias::new("root_id")), Order::Asc)
        .limit(limit)
        .to_owned();
    let is = |table: &'static str| Expr::exists(there_is(table, named("x", "root_id")));
    Query::select()
        .expr(named("x", "seq"))
        .expr(named("a", "h"))
        .expr(named("a", "leaf"))
        .expr(named("x", "root_id"))
        .expr(is(Table::Document.name()))
        .expr(is(Table::Case.name()))
        .expr(is("relation"))
        .from_subquery(subjects, Alias::new("x"))
        .join_as(
            JoinType::InnerJoin,
            Alias::new("audit"),
            Alias::new("a"),
            named("a", "seq").eq(named("x", "seq")),
        )
        .order_by((Alias::new("x"), Alias::new("seq")), Order::Asc)
        .order_by((Alias::new("x"), Alias::new("root_id")), Order::Asc)
        .to_owned()
}
