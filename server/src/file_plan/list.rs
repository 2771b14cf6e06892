//! Lists of units.

use std::collections::HashMap;

use sea_orm::entity::prelude::*;
use sea_orm::sea_query::{self, Alias, Expr, ExprTrait, Query, SimpleExpr};
use sea_orm::{Condition, DbBackend, Order, QueryOrder, QuerySelect};

use super::model::PlanUnit;
use super::rows::plan_unit;
use crate::base::db::DbError;
use crate::base::{Actor, Asked, PlanId, PlanUnitId, Right, Table};

/// Which units of a plan.
#[derive(Debug, Clone, Default)]
pub(super) struct Filter {
    /// Those that are part of this one; `Some(None)`: those at the top.
    pub parent: Option<Option<PlanUnitId>>,
    /// Those whose mark begins like this.
    pub code: Option<String>,
    /// Those with this in mark or title, whatever its case.
    pub words: Option<String>,
    /// Those that are retired, or those that are not.
    pub retired: Option<bool>,
}

impl Filter {
    fn condition(&self, plan: PlanId) -> Condition {
        use plan_unit::Column;
        let mut all = Condition::all().add(Column::PlanId.eq(plan.raw()));
        match self.parent {
            Some(Some(parent)) => all = all.add(Column::ParentId.eq(parent.raw())),
            Some(None) => all = all.add(Column::ParentId.is_null()),
            None => {}
        }
        match self.retired {
            Some(true) => all = all.add(Column::RetiredAt.is_not_null()),
            Some(false) => all = all.add(Column::RetiredAt.is_null()),
            None => {}
        }
        all
    }

    /// Whether the words stand in it. Neither database knows how to lower an umlaut.
    fn speaks_of(&self, unit: &PlanUnit) -> bool {
        self.words.as_deref().is_none_or(|words| {
            let words = words.to_lowercase();
            unit.code.to_lowercase().contains(&words) || unit.title.to_lowercase().contains(&words)
        })
    }
}

/// The mark, compared byte by byte in both databases.
fn code(on: &impl ConnectionTrait) -> SimpleExpr {
    if on.get_database_backend() == DbBackend::Postgres {
        Expr::cust("code COLLATE \"C\"")
    } else {
        Expr::cust("code")
    }
}

/// One page: at most `limit` units behind the mark `after`, and whether more follow.
pub(super) async fn page(
    on: &impl ConnectionTrait,
    plan: PlanId,
    filter: &Filter,
    after: Option<&str>,
    limit: usize,
) -> Result<(Vec<PlanUnit>, bool), DbError> {
    let mut wanted = filter.condition(plan);
    if let Some(begins) = &filter.code {
        // Behind everything that begins so, byte by byte.
        let end = format!("{begins}\u{10ffff}");
        wanted = wanted
            .add(sea_query::ExprTrait::gte(code(on), begins.as_str()))
            .add(sea_query::ExprTrait::lt(code(on), end));
    }
    if let Some(after) = after {
        wanted = wanted.add(sea_query::ExprTrait::gt(code(on), after));
    }
    let mut query = plan_unit::Entity::find()
        .filter(wanted)
        .order_by(code(on), Order::Asc);
    if filter.words.is_none() {
        query = query.limit(u64::try_from(limit).unwrap_or(u64::MAX).saturating_add(1));
    }
    let rows = query.all(on).await?;
    let mut found = Vec::new();
    for row in rows {
        let unit = PlanUnit::try_from(row)?;
        if filter.speaks_of(&unit) {
            found.push(unit);
        }
        if found.len() > limit {
            break;
        }
    }
    let more = found.len() > limit;
    found.truncate(limit);
    Ok((found, more))
}

/// How many files and sub-files stand in each of these units, of those that the actor may see. Units in
/// which there is none are not named.
pub(super) async fn files(
    on: &impl ConnectionTrait,
    actor: &Actor,
    units: &[PlanUnit],
) -> Result<HashMap<PlanUnitId, u64>, DbError> {
    if units.is_empty() {
        return Ok(HashMap::new());
    }
    let table = Alias::new("t");
    let unit = || Expr::col((table.clone(), Alias::new("plan_unit_id")));
    let sight = actor.sight(Right::Read);
    let query = Query::select()
        .expr(unit())
        .expr(Expr::cust("count(*)"))
        .from_as(Alias::new(Table::File.name()), table.clone())
        .and_where(unit().is_in(units.iter().map(|unit| unit.id.raw())))
        .cond_where(sight.on(Table::File, "t", Asked::Many))
        .add_group_by([unit()])
        .to_owned();
    let rows = on.query_all(&query).await?;
    rows.iter()
        .map(|row| {
            let count: i64 = row.try_get_by_index(1)?;
            let unit = PlanUnitId::of(row.try_get_by_index(0)?);
            Ok((unit, u64::try_from(count).unwrap_or_default()))
        })
        .collect()
}
