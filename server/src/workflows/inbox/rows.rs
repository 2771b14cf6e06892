//! The queries of inboxes. Each range of an index is read in its order and no further than the page; what is read
//! is laid together outside. Nothing is asked once for each entry.

use std::collections::BTreeMap;

use sea_orm::sea_query::{
    Alias, Expr, ExprTrait, JoinType, LikeExpr, Order, Query, SelectStatement, UnionType,
};
use sea_orm::{Condition, ConnectionTrait, QueryResult};
use uuid::Uuid;

use super::model::{Claimed, Due, Ends, Filter, Held, Inbox, Me, Range, Sort};
use super::sight::open_or_seen;
use crate::base::db::DbError;
use crate::base::sight::column;
use crate::base::{AccountId, Actor, CaseId, Timestamp, WorkflowId};
use crate::cases;
use crate::files::words_within;

/// By what steps are sorted that are due at some time or never: to the letter as in the index.
const DUE: &str = "coalesce(a.overdue_at, 9223372036854775807)";

pub(super) fn a(name: &'static str) -> Expr {
    column("a", name)
}

/// Who asks, and when.
#[derive(Debug, Clone, Copy)]
pub(super) struct Asking<'a> {
    pub(super) actor: &'a Actor,
    pub(super) me: &'a Me,
    pub(super) now: Timestamp,
}

/// Behind which step a page begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(super) struct After {
    key: i64,
    workflow: Uuid,
    step: i64,
}

/// A step that lies in an inbox, by its place in the order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) after: After,
}

impl Found {
    /// The workflow and the number of the step.
    pub(super) const fn step(self) -> (Uuid, i64) {
        (self.after.workflow, self.after.step)
    }
}

/// The words of a step that is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) workflow: WorkflowId,
    pub(super) step: u32,
    pub(super) key: String,
    pub(super) kind: String,
    pub(super) label: String,
    pub(super) opened_at: Timestamp,
    pub(super) due_on: Option<String>,
    pub(super) overdue_at: Option<Timestamp>,
    pub(super) held_until: Option<Timestamp>,
    pub(super) claimed_by: Option<AccountId>,
    pub(super) definition: String,
    pub(super) definition_version: u32,
    pub(super) title: String,
    pub(super) version: u64,
    pub(super) case: CaseId,
    pub(super) case_version: u64,
    pub(super) reference: String,
    pub(super) subject: String,
    pub(super) hidden: bool,
    pub(super) asked: Vec<Who>,
}

/// Somebody who is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Who {
    /// As the row says it.
    pub(super) who: String,
    pub(super) account: Option<AccountId>,
    pub(super) role: Option<String>,
    pub(super) department: Option<Uuid>,
}

/// The rows of a range, whoever asks.
fn of_range(range: &Range) -> Condition {
    match range {
        Range::Who(who) => Condition::all().add(match who.as_slice() {
            [one] => a("who").eq(one.as_str()),
            several => a("who").is_in(several.iter().map(String::as_str)),
        }),
        Range::Anybody(units) => {
            let one_of = match units.as_slice() {
                [one] => a("department_id").eq(*one),
                several => a("department_id").is_in(several.iter().copied()),
            };
            // As a word of the query, or the index for it is not taken.
            Condition::all()
                .add(Expr::cust("a.who = 'anybody'"))
                .add(one_of)
        }
    }
}

/// The rows of a range that the actor may know of, in lists and in counts.
pub(super) fn in_range(asking: Asking<'_>, range: &Range) -> Condition {
    let all = of_range(range);
    match range {
        Range::Who(_) => all.add(open_or_seen(asking.actor, a("case_id"))),
        Range::Anybody(_) => {
            let seen = cases::visible_with_id(asking.actor, a("case_id"));
            all.add(Expr::exists(seen))
        }
    }
}

pub(super) fn rests(now: Timestamp) -> Condition {
    Condition::all()
        .add(a("held_until").is_not_null())
        .add(a("held_until").gt(now.micros()))
}

fn rests_not(now: Timestamp) -> Condition {
    Condition::any()
        .add(a("held_until").is_null())
        .add(a("held_until").lte(now.micros()))
}

pub(super) fn due_then(due: Due, ends: Ends) -> Condition {
    let until = |end: i64| a("overdue_at").lte(end);
    let from = |end: i64| a("overdue_at").gt(end);
    let all = Condition::all();
    match due {
        Due::Overdue => all.add(until(ends.overdue)),
        Due::Today => all.add(from(ends.overdue)).add(until(ends.today)),
        Due::Week => all.add(from(ends.today)).add(until(ends.week)),
        Due::Later => all.add(from(ends.week)),
        Due::None => all.add(a("overdue_at").is_null()),
    }
}

fn claimed_by(claimed: Claimed, me: &Me) -> Condition {
    let mut own = vec![me.account.raw()];
    own.extend(me.person.map(AccountId::raw));
    match claimed {
        Claimed::Nobody => Condition::all().add(a("claimed_by").is_null()),
        Claimed::Me => Condition::all()
            .add(a("claimed_by").is_not_null())
            .add(a("claimed_by").is_in(own)),
        Claimed::Others => Condition::all()
            .add(a("claimed_by").is_not_null())
            .add(a("claimed_by").is_not_in(own)),
    }
}

/// What is asked of the definition, the step and the case.
fn beside(filter: &Filter) -> Condition {
    let mut all = Condition::all();
    if let Some(definition) = &filter.definition {
        all = all.add(a("definition_id").eq(definition.as_str()));
    }
    if let Some(kind) = &filter.kind {
        let of = Query::select()
            .expr(Expr::val(1))
            .from_as(Alias::new("workflow_step"), Alias::new("fs"))
            .and_where(column("fs", "instance_id").eq(a("instance_id")))
            .and_where(column("fs", "number").eq(a("step")))
            .and_where(column("fs", "kind").eq(kind.as_str()))
            .to_owned();
        all = all.add(Expr::exists(of));
    }
    if let Some(words) = &filter.words {
        let mut with = Query::select();
        with.expr(Expr::val(1))
            .from_as(Alias::new("record_case"), Alias::new("wc"))
            .and_where(column("wc", "id").eq(a("case_id")));
        for pattern in words_within(words) {
            with.and_where(column("wc", "folded").like(LikeExpr::new(pattern).escape('\\')));
        }
        all = all.add(Expr::exists(with));
    }
    all
}

fn matching(asking: Asking<'_>, filter: &Filter) -> Condition {
    let mut all = Condition::all().add(match filter.held {
        Held::Without => rests_not(asking.now),
        Held::Only => rests(asking.now),
    });
    if let Some(due) = filter.due {
        all = all.add(due_then(due, Ends::at(asking.now)));
    }
    if let Some(claimed) = filter.claimed {
        all = all.add(claimed_by(claimed, asking.me));
    }
    all.add(beside(filter))
}

fn ordered_by(sort: Sort) -> Expr {
    match sort {
        Sort::Due => Expr::cust(DUE),
        Sort::Opened => a("opened_at"),
    }
}

/// What comes behind a place. That it comes no earlier stands by itself, so that the index is entered there.
fn behind(sort: Sort, after: After) -> Condition {
    let key = || ordered_by(sort);
    let later_step = Condition::all()
        .add(a("instance_id").eq(after.workflow))
        .add(a("step").gt(after.step));
    let same = Condition::all().add(key().eq(after.key)).add(
        Condition::any()
            .add(a("instance_id").gt(after.workflow))
            .add(later_step),
    );
    Condition::all()
        .add(key().gte(after.key))
        .add(Condition::any().add(key().gt(after.key)).add(same))
}

/// One range in its order, no further than `many`.
fn ranged(
    asking: Asking<'_>,
    (filter, sort): (&Filter, Sort),
    range: &Range,
    (after, many): (Option<After>, u64),
) -> SelectStatement {
    let mut query = Query::select();
    query
        .expr_as(ordered_by(sort), Alias::new("k"))
        .expr_as(a("instance_id"), Alias::new("w"))
        .expr_as(a("step"), Alias::new("s"))
        .from_as(Alias::new("workflow_asked"), Alias::new("a"))
        .cond_where(in_range(asking, range))
        .cond_where(matching(asking, filter));
    if let Some(after) = after {
        query.cond_where(behind(sort, after));
    }
    query
        .order_by_expr(ordered_by(sort), Order::Asc)
        .order_by_expr(a("instance_id"), Order::Asc)
        .order_by_expr(a("step"), Order::Asc)
        .limit(many);
    query
}

/// The ranges of the inboxes that are looked into.
pub(super) fn ranges(me: &Me, inbox: Option<&Inbox>) -> Vec<Range> {
    let boxes = inbox.map_or_else(|| me.boxes(), |one| vec![one.clone()]);
    let all = boxes.iter().flat_map(|one| me.ranges(one));
    all.filter(|range| match range {
        Range::Who(who) => !who.is_empty(),
        Range::Anybody(units) => !units.is_empty(),
    })
    .collect()
}

/// A query of three columns wrapped, so that each database takes it as a part of a union.
fn wrapped(query: SelectStatement, at: usize) -> SelectStatement {
    let name = format!("r{at}");
    Query::select()
        .column(Alias::new("k"))
        .column(Alias::new("w"))
        .column(Alias::new("s"))
        .from_subquery(query, Alias::new(name))
        .to_owned()
}

/// One page of what lies in inboxes, each step once; none where there are no inboxes.
fn paged(
    asking: Asking<'_>,
    (filter, sort): (&Filter, Sort),
    (after, many): (Option<After>, u64),
) -> Option<SelectStatement> {
    let ranges = ranges(asking.me, filter.inbox.as_ref());
    let mut parts = ranges.iter().enumerate().map(|(at, range)| {
        let one = ranged(asking, (filter, sort), range, (after, many));
        wrapped(one, at)
    });
    let mut all = parts.next()?;
    for part in parts {
        all.union(UnionType::All, part);
    }
    let page = Query::select()
        .distinct()
        .column(Alias::new("k"))
        .column(Alias::new("w"))
        .column(Alias::new("s"))
        .from_subquery(all, Alias::new("inbox"))
        .order_by(Alias::new("k"), Order::Asc)
        .order_by(Alias::new("w"), Order::Asc)
        .order_by(Alias::new("s"), Order::Asc)
        .limit(many)
        .to_owned();
    Some(page)
}

/// One page of what lies in inboxes: at most `many` steps behind `after`, each once.
pub(super) async fn page(
    on: &impl ConnectionTrait,
    asking: Asking<'_>,
    filtered: (&Filter, Sort),
    place: (Option<After>, u64),
) -> Result<Vec<Found>, DbError> {
    let Some(page) = paged(asking, filtered, place) else {
        return Ok(Vec::new());
    };
    let rows = on.query_all(&page).await?;
    rows.iter()
        .map(|row| {
            Ok(Found {
                after: After {
                    key: row.try_get_by_index(0)?,
                    workflow: row.try_get_by_index(1)?,
                    step: row.try_get_by_index(2)?,
                },
            })
        })
        .collect()
}

fn narrow(number: i64) -> u32 {
    u32::try_from(number).unwrap_or_default()
}

pub(super) fn wide(number: i64) -> u64 {
    u64::try_from(number).unwrap_or_default()
}

/// What is read of the steps of these workflows that are open.
fn described(actor: &Actor, workflows: &[Uuid]) -> SelectStatement {
    let names = [
        ("s", "instance_id"),
        ("s", "number"),
        ("s", "key"),
        ("s", "kind"),
        ("s", "label"),
        ("s", "opened_at"),
        ("s", "due_on"),
        ("s", "overdue_at"),
        ("s", "held_until"),
        ("s", "claimed_by"),
        ("i", "definition_id"),
        ("i", "definition_version"),
        ("d", "title"),
        ("i", "version"),
        ("c", "id"),
        ("c", "version"),
        ("c", "reference"),
        ("c", "subject"),
        ("c", "compartment_id"),
    ];
    let mut query = Query::select();
    for (at, name) in names {
        query.expr(column(at, name));
    }
    query
        .from_as(Alias::new("workflow_step"), Alias::new("s"))
        .join_as(
            JoinType::InnerJoin,
            Alias::new("workflow_instance"),
            Alias::new("i"),
            column("i", "id").eq(column("s", "instance_id")),
        )
        .join_as(
            JoinType::InnerJoin,
            Alias::new("record_case"),
            Alias::new("c"),
            column("c", "id").eq(column("i", "case_id")),
        )
        .join_as(
            JoinType::LeftJoin,
            Alias::new("workflow_definition"),
            Alias::new("d"),
            Condition::all()
                .add(column("d", "code").eq(column("i", "definition_id")))
                .add(column("d", "number").eq(column("i", "definition_version"))),
        )
        .and_where(column("s", "instance_id").is_in(workflows.iter().copied()))
        .and_where(column("s", "status").eq("open"))
        .cond_where(open_or_seen(actor, column("c", "id")));
    query
}

fn entry_of(row: &QueryResult) -> Result<Entry, DbError> {
    let (workflow, number): (Uuid, i64) = (row.try_get_by_index(0)?, row.try_get_by_index(1)?);
    let at = |micros: Option<i64>| micros.map(Timestamp::of_micros);
    let opened_at: Option<i64> = row.try_get_by_index(5)?;
    let claimed: Option<Uuid> = row.try_get_by_index(9)?;
    let definition: String = row.try_get_by_index(10)?;
    let title: Option<String> = row.try_get_by_index(12)?;
    let compartment: Option<Uuid> = row.try_get_by_index(18)?;
    Ok(Entry {
        workflow: WorkflowId::of(workflow),
        step: narrow(number),
        key: row.try_get_by_index(2)?,
        kind: row.try_get_by_index(3)?,
        label: row.try_get_by_index(4)?,
        opened_at: Timestamp::of_micros(opened_at.unwrap_or_default()),
        due_on: row.try_get_by_index(6)?,
        overdue_at: at(row.try_get_by_index(7)?),
        held_until: at(row.try_get_by_index(8)?),
        claimed_by: claimed.map(AccountId::of),
        definition_version: narrow(row.try_get_by_index(11)?),
        title: title.unwrap_or_else(|| definition.clone()),
        definition,
        version: wide(row.try_get_by_index(13)?),
        case: CaseId::of(row.try_get_by_index(14)?),
        case_version: wide(row.try_get_by_index(15)?),
        reference: row.try_get_by_index(16)?,
        subject: row.try_get_by_index(17)?,
        hidden: compartment.is_some(),
        asked: Vec::new(),
    })
}

/// What is said of steps that were found, by workflow and number; read again, and only as far as their cases may
/// still be known of.
pub(super) async fn entries(
    on: &impl ConnectionTrait,
    actor: &Actor,
    found: &[Found],
) -> Result<BTreeMap<(Uuid, i64), Entry>, DbError> {
    let mut workflows: Vec<Uuid> = found.iter().map(|one| one.after.workflow).collect();
    workflows.sort_unstable();
    workflows.dedup();
    if workflows.is_empty() {
        return Ok(BTreeMap::new());
    }
    let query = described(actor, &workflows);
    let mut all = BTreeMap::new();
    for row in &on.query_all(&query).await? {
        let key: (Uuid, i64) = (row.try_get_by_index(0)?, row.try_get_by_index(1)?);
        if found.iter().any(|one| one.step() == key) {
            all.insert(key, entry_of(row)?);
        }
    }
    add_asked(on, &workflows, &mut all).await?;
    Ok(all)
}

/// Who is asked for these steps.
async fn add_asked(
    on: &impl ConnectionTrait,
    workflows: &[Uuid],
    all: &mut BTreeMap<(Uuid, i64), Entry>,
) -> Result<(), DbError> {
    let mut query = Query::select();
    for name in [
        "instance_id",
        "step",
        "who",
        "account_id",
        "role",
        "department_id",
    ] {
        query.expr(a(name));
    }
    query
        .from_as(Alias::new("workflow_asked"), Alias::new("a"))
        .and_where(a("instance_id").is_in(workflows.iter().copied()))
        .order_by_expr(a("instance_id"), Order::Asc)
        .order_by_expr(a("step"), Order::Asc)
        .order_by_expr(a("who"), Order::Asc);
    for row in &on.query_all(&query).await? {
        let key: (Uuid, i64) = (row.try_get_by_index(0)?, row.try_get_by_index(1)?);
        let account: Option<Uuid> = row.try_get_by_index(3)?;
        if let Some(entry) = all.get_mut(&key) {
            entry.asked.push(Who {
                who: row.try_get_by_index(2)?,
                account: account.map(AccountId::of),
                role: row.try_get_by_index(4)?,
                department: row.try_get_by_index(5)?,
            });
        }
    }
    Ok(())
}
