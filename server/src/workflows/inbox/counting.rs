//! What lies in inboxes, counted; and what is open in the house.

use sea_orm::ConnectionTrait;
use sea_orm::sea_query::{Alias, CaseStatement, Expr, Query, SelectStatement, UnionType};

use super::model::{Due, Ends, Inbox};
use super::rows::{Asking, a, due_then, in_range, ranges, rests, wide};
use crate::base::Timestamp;
use crate::base::db::{DbError, sql};

/// How many steps of a class lie in an inbox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Counted {
    /// The number of the inbox among those that were asked for.
    pub(super) inbox: usize,
    pub(super) definition: String,
    /// None: they rest.
    pub(super) due: Option<Due>,
    pub(super) count: u64,
}

/// The number of what rests, beside those of [`Due`].
const RESTS: i64 = 5;

/// In which class a step is.
fn class(asking: Asking<'_>) -> CaseStatement {
    let ends = Ends::at(asking.now);
    let of = |due: Due| Expr::val(due.number());
    CaseStatement::new()
        .case(rests(asking.now), Expr::val(RESTS))
        .case(due_then(Due::None, ends), of(Due::None))
        .case(due_then(Due::Overdue, ends), of(Due::Overdue))
        .case(due_then(Due::Today, ends), of(Due::Today))
        .case(due_then(Due::Week, ends), of(Due::Week))
        .finally(of(Due::Later))
}

/// The steps of each range of each inbox, with their classes.
fn parts(asking: Asking<'_>, boxes: &[Inbox]) -> Vec<SelectStatement> {
    let mut parts = Vec::new();
    for (number, inbox) in boxes.iter().enumerate() {
        for range in ranges(asking.me, Some(inbox)) {
            let mut query = Query::select();
            query
                .expr_as(
                    Expr::val(i64::try_from(number).unwrap_or(i64::MAX)),
                    Alias::new("b"),
                )
                .expr_as(a("instance_id"), Alias::new("w"))
                .expr_as(a("step"), Alias::new("s"))
                .expr_as(a("definition_id"), Alias::new("d"))
                .expr_as(class(asking), Alias::new("c"))
                .from_as(Alias::new("workflow_asked"), Alias::new("a"))
                .cond_where(in_range(asking, &range));
            parts.push(query);
        }
    }
    parts
}

/// The columns of a step with its class, wrapped, so that each database takes it as a part of a union.
fn named(query: SelectStatement, at: usize) -> SelectStatement {
    let mut all = Query::select();
    for name in ["b", "w", "s", "d", "c"] {
        all.column(Alias::new(name));
    }
    all.from_subquery(query, Alias::new(format!("r{at}")));
    all
}

/// How much lies in these inboxes; none where there are none.
fn counting(asking: Asking<'_>, boxes: &[Inbox]) -> Option<SelectStatement> {
    let mut parts = parts(asking, boxes).into_iter().enumerate();
    let (at, first) = parts.next()?;
    let mut all = named(first, at);
    for (at, part) in parts {
        // What is asked twice of the same inbox lies in it once.
        all.union(UnionType::Distinct, named(part, at));
    }
    let mut query = Query::select();
    for name in ["b", "d", "c"] {
        query.column(Alias::new(name));
    }
    query
        .expr(Expr::cust("count(*)"))
        .from_subquery(all, Alias::new("inbox"))
        .group_by_col(Alias::new("b"))
        .group_by_col(Alias::new("d"))
        .group_by_col(Alias::new("c"));
    Some(query)
}

/// What lies in these inboxes, counted by definition and class, in one query.
pub(super) async fn counts(
    on: &impl ConnectionTrait,
    asking: Asking<'_>,
    boxes: &[Inbox],
) -> Result<Vec<Counted>, DbError> {
    let Some(query) = counting(asking, boxes) else {
        return Ok(Vec::new());
    };
    let rows = on.query_all(&query).await?;
    rows.iter()
        .map(|row| {
            let (inbox, class): (i64, i64) = (row.try_get_by_index(0)?, row.try_get_by_index(2)?);
            let due = Due::ALL.into_iter().find(|one| one.number() == class);
            Ok(Counted {
                inbox: usize::try_from(inbox).unwrap_or_default(),
                definition: row.try_get_by_index(1)?,
                due,
                count: wide(row.try_get_by_index(3)?),
            })
        })
        .collect()
}

/// What is open in the house, for whoever watches.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Figures {
    /// Steps that are open.
    pub open: u64,
    /// Those of them whose time is over.
    pub overdue: u64,
    /// Timers that are due and have not fired.
    pub timers_due: u64,
    /// Since when the oldest of them is due.
    pub timer_oldest: Option<Timestamp>,
}

/// Counts it.
pub(in crate::workflows) async fn figures(
    on: &impl ConnectionTrait,
    now: Timestamp,
) -> Result<Figures, DbError> {
    let text = "SELECT (SELECT count(*) FROM workflow_step WHERE status = 'open'), \
                (SELECT count(*) FROM workflow_step WHERE status = 'open' AND overdue_at <= $1), \
                (SELECT count(*) FROM workflow_timer WHERE due_at <= $1), \
                (SELECT min(due_at) FROM workflow_timer WHERE due_at <= $1)";
    let row = on
        .query_one_raw(sql(on, text, [now.micros().into()]))
        .await?;
    let Some(row) = row else {
        return Ok(Figures::default());
    };
    let oldest: Option<i64> = row.try_get_by_index(3)?;
    Ok(Figures {
        open: wide(row.try_get_by_index(0)?),
        overdue: wide(row.try_get_by_index(1)?),
        timers_due: wide(row.try_get_by_index(2)?),
        timer_oldest: oldest.map(Timestamp::of_micros),
    })
}
