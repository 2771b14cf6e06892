//! The second log as it is read: who looked at something, and what was looked at under an inspection.

use std::collections::BTreeMap;

use sea_orm::ConnectionTrait;
use sea_orm::sea_query::{Alias, Expr, ExprTrait, JoinType, Order, Query, SelectStatement};
use uuid::Uuid;

use crate::audit::leaf::{LeafView, format_micros};
use crate::base::db::DbError;
use crate::base::sight::column;

/// What a look was at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct At {
    /// `file`, `case`, `document`, `relation`, `correspondent`, `inspection` or `report`.
    pub kind: String,
    /// Its id.
    pub id: Uuid,
}

/// A look, as it was recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// The number of the record.
    pub seq: u64,
    /// When, UTC.
    pub at: String,
    /// What was done: `content.read`.
    pub action: String,
    /// By which account.
    pub actor: Uuid,
    /// In whose stead.
    pub on_behalf_of: Option<Uuid>,
    /// In which role.
    pub role: String,
    /// Whether it was refused.
    pub refused: bool,
    /// At what, of what was asked for.
    pub subjects: Vec<At>,
}

/// Of what looks are read.
#[derive(Debug, Clone)]
pub enum Of {
    /// Of these things; of each look only they are told, never what was looked at besides.
    Things(Box<SelectStatement>),
    /// Of one inspection.
    Inspection {
        /// Which.
        id: Uuid,
        /// As above; `None`: with all that was looked at under it.
        things: Option<Box<SelectStatement>>,
    },
}

impl Of {
    /// The only things that are told of a look; `None`: all of them are.
    fn things(&self) -> Option<&SelectStatement> {
        match self {
            Self::Things(things) => Some(things),
            Self::Inspection { things, .. } => things.as_deref(),
        }
    }
}

/// That a subject is one of these things.
fn among(subject: &'static str, things: &SelectStatement) -> Expr {
    column(subject, "entity_id").in_subquery(things.clone())
}

/// The numbers of at most `limit` looks before the record `before`, the last one first.
fn numbers(of: &Of, before: Option<u64>, limit: u64) -> SelectStatement {
    let mut numbers = Query::select()
        .distinct()
        .expr(column("w", "seq"))
        .from_as(Alias::new("access_subject"), Alias::new("w"))
        .order_by((Alias::new("w"), Alias::new("seq")), Order::Desc)
        .limit(limit)
        .to_owned();
    match of {
        Of::Things(things) => {
            numbers.and_where(among("w", things));
        }
        Of::Inspection { id, things } => {
            numbers.and_where(column("w", "entity_id").eq(*id));
            numbers.and_where(column("w", "kind").eq("inspection"));
            if let Some(things) = things {
                let told = Query::select()
                    .expr(Expr::val(1))
                    .from_as(Alias::new("access_subject"), Alias::new("v"))
                    .and_where(column("v", "seq").eq(column("w", "seq")))
                    .and_where(among("v", things))
                    .to_owned();
                numbers.and_where(Expr::exists(told));
            }
        }
    }
    if let Some(before) = before {
        let before = i64::try_from(before).unwrap_or(i64::MAX);
        numbers.and_where(column("w", "seq").lt(before));
    }
    numbers
}

/// At most `limit` looks before the record `before`, the last one first, and whether more follow.
pub async fn looks(
    on: &impl ConnectionTrait,
    of: &Of,
    before: Option<u64>,
    limit: u64,
) -> Result<(Vec<Seen>, bool), DbError> {
    let numbers = numbers(of, before, limit + 1);
    let mut query = Query::select()
        .expr(column("a", "seq"))
        .expr(column("a", "leaf"))
        .expr(column("s", "kind"))
        .expr(column("s", "entity_id"))
        .from_subquery(numbers, Alias::new("x"))
        .join_as(
            JoinType::InnerJoin,
            Alias::new("access"),
            Alias::new("a"),
            column("a", "seq").eq(column("x", "seq")),
        )
        .join_as(
            JoinType::InnerJoin,
            Alias::new("access_subject"),
            Alias::new("s"),
            column("s", "seq").eq(column("x", "seq")),
        )
        .order_by((Alias::new("a"), Alias::new("seq")), Order::Desc)
        .order_by((Alias::new("s"), Alias::new("slot")), Order::Asc)
        .to_owned();
    if let Some(things) = of.things() {
        query.and_where(among("s", things));
    }
    let mut found: BTreeMap<std::cmp::Reverse<i64>, Seen> = BTreeMap::new();
    for row in &on.query_all(&query).await? {
        let seq: i64 = row.try_get_by_index(0)?;
        let at = At {
            kind: row.try_get_by_index(2)?,
            id: row.try_get_by_index(3)?,
        };
        match found.entry(std::cmp::Reverse(seq)) {
            std::collections::btree_map::Entry::Occupied(mut known) => {
                known.get_mut().subjects.push(at);
            }
            std::collections::btree_map::Entry::Vacant(new) => {
                let leaf: Vec<u8> = row.try_get_by_index(1)?;
                new.insert(seen(seq, &leaf, at)?);
            }
        }
    }
    let mut all: Vec<Seen> = found.into_values().collect();
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let more = all.len() > limit;
    all.truncate(limit);
    Ok((all, more))
}

fn seen(seq: i64, leaf: &[u8], at: At) -> Result<Seen, DbError> {
    let view = LeafView::parse(leaf).map_err(|_source| DbError::Log("a look cannot be read"))?;
    Ok(Seen {
        seq: u64::try_from(seq).unwrap_or_default(),
        at: format_micros(view.ts_micros).unwrap_or_default(),
        action: view.action.to_owned(),
        actor: view.actor,
        on_behalf_of: view.obo,
        role: view.role.to_owned(),
        refused: view.outcome == crate::audit::Outcome::Refused,
        subjects: vec![at],
    })
}
