//! The records that tell of changes, as a question: the right is a part of it.

use sea_orm::Condition;
use sea_orm::sea_query::{Alias, Expr, ExprTrait, Func, JoinType, Order, Query, SelectStatement};

use crate::base::sight::column;
use crate::base::{Actor, Asked, Right, Table};

/// That there is a row with this id, by the name `t` in a table.
fn there_is(table: &'static str, id: Expr) -> SelectStatement {
    Query::select()
        .expr(Expr::val(1))
        .from_as(Alias::new(table), Alias::new("t"))
        .and_where(column("t", "id").eq(id))
        .to_owned()
}

/// That the actor may see what a record `s` is about, and how that came about: nothing is told of what is
/// opened without it.
fn seen_by(actor: &Actor) -> Condition {
    let sight = actor.sight(Right::Read).as_it_came_about();
    let mut seen = Condition::any();
    for table in [Table::Document, Table::Case, Table::File] {
        let row = there_is(table.name(), column("s", "root_id"))
            .cond_where(sight.on(table, "t", Asked::Many))
            .to_owned();
        seen = seen.add(Expr::exists(row));
    }
    // A relation is told to whoever sees both of its documents, and never by one of them.
    let document = Table::Document;
    let side = |at: &'static str, name: &'static str| column(at, "id").eq(column("r", name));
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
        .and_where(column("r", "id").eq(column("s", "root_id")))
        .cond_where(sight.on(document, "t", Asked::Many))
        .cond_where(sight.on(document, "u", Asked::Many))
        .to_owned();
    seen.add(Expr::exists(relation))
}

/// A column of the tables that what a change is about may stand in, of the one in which it stands.
fn of_any(at: &[&'static str], name: &'static str) -> Expr {
    Func::coalesce(at.iter().map(|at| column(at, name))).into()
}

/// The changes in records from `first` to `end` that the actor may see, with what they are about, its version
/// and whether it stands in a compartment: in the order of the index on `(seq, root_id)`, so that a page costs
/// what it holds.
pub(super) fn changes_between(
    actor: &Actor,
    (first, end): (i64, i64),
    limit: u64,
) -> SelectStatement {
    let subjects = Query::select()
        .distinct()
        .expr(column("s", "seq"))
        .expr(column("s", "root_id"))
        .from_as(Alias::new("audit_subject"), Alias::new("s"))
        .and_where(column("s", "seq").gte(first))
        .and_where(column("s", "seq").lte(end))
        .cond_where(seen_by(actor))
        .order_by((Alias::new("s"), Alias::new("seq")), Order::Asc)
        .order_by((Alias::new("s"), Alias::new("root_id")), Order::Asc)
        .limit(limit)
        .to_owned();
    let mut query = Query::select()
        .expr(column("x", "seq"))
        .expr(column("a", "h"))
        .expr(column("a", "leaf"))
        .expr(column("x", "root_id"))
        .expr(column("d", "id").is_not_null())
        .expr(column("k", "id").is_not_null())
        .expr(column("r", "id").is_not_null())
        .expr(of_any(&["d", "k", "f", "r"], "version"))
        .expr(of_any(&["d", "k", "f", "t", "u"], "compartment_id").is_not_null())
        .from_subquery(subjects, Alias::new("x"))
        .join_as(
            JoinType::InnerJoin,
            Alias::new("audit"),
            Alias::new("a"),
            column("a", "seq").eq(column("x", "seq")),
        )
        .order_by((Alias::new("x"), Alias::new("seq")), Order::Asc)
        .order_by((Alias::new("x"), Alias::new("root_id")), Order::Asc)
        .to_owned();
    for (table, at, on) in [
        (Table::Document.name(), "d", ("x", "root_id")),
        (Table::Case.name(), "k", ("x", "root_id")),
        (Table::File.name(), "f", ("x", "root_id")),
        ("relation", "r", ("x", "root_id")),
        (Table::Document.name(), "t", ("r", "source_id")),
        (Table::Document.name(), "u", ("r", "target_id")),
    ] {
        query.join_as(
            JoinType::LeftJoin,
            Alias::new(table),
            Alias::new(at),
            column(at, "id").eq(column(on.0, on.1)),
        );
    }
    query
}
