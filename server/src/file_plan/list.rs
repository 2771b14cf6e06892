//! Lists of units, and how many files each has for the one who asks.

use std::collections::HashMap;

use sea_orm::entity::prelude::*;
use sea_orm::sea_query::{self, Expr, SimpleExpr};
use sea_orm::{Condition, DbBackend, Order, QueryOrder, QuerySelect};

use super::model::PlanUnit;
use super::rows::plan_unit;
use crate::base::db::{DbError, sql};
use crate::base::{Actor, PlanId, PlanUnitId, Right, Sight};

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

/// How many files each of these units has that the actor may know of. A unit whose compartment the
/// actor does not enter has no number at all: even «none» would tell something.
pub(super) async fn files(
    on: &impl ConnectionTrait,
    actor: &Actor,
    units: &[PlanUnit],
) -> Result<HashMap<PlanUnitId, u64>, DbError> {
    let sight = actor.sight(Right::Read);
    let enters = |unit: &&PlanUnit| match (&sight, unit.compartment) {
        (Sight::All, _) | (_, None) => true,
        (Sight::Some { compartments, .. }, Some(id)) => compartments.iter().any(|one| one.id == id),
    };
    let told: Vec<PlanUnitId> = units.iter().filter(enters).map(|unit| unit.id).collect();
    let mut counts: HashMap<PlanUnitId, u64> = told.iter().map(|id| (*id, 0)).collect();
    let mut values: Vec<sea_orm::Value> = Vec::new();
    let ids = marks(&mut values, told.iter().map(|id| id.raw()));
    let Some(visible) = visible(&sight, &mut values) else {
        return Ok(counts);
    };
    if told.is_empty() {
        return Ok(counts);
    }
    let text = format!(
        "SELECT plan_unit_id, COUNT(*) FROM record_file \
         WHERE plan_unit_id IN ({ids}){visible} GROUP BY plan_unit_id"
    );
    for row in on.query_all_raw(sql(on, text, values)).await? {
        let id: Uuid = row.try_get_by_index(0)?;
        let count: i64 = row.try_get_by_index(1)?;
        counts.insert(PlanUnitId::of(id), u64::try_from(count).unwrap_or_default());
    }
    Ok(counts)
}

/// `$1, $2 …` for ids, which are added to `values`.
fn marks(values: &mut Vec<sea_orm::Value>, ids: impl Iterator<Item = Uuid>) -> String {
    let mut marks = Vec::new();
    for id in ids {
        values.push(id.into());
        marks.push(format!("${}", values.len()));
    }
    marks.join(", ")
}

/// What a file must fulfil for the actor to know of it; nothing where there is none.
fn visible(sight: &Sight, values: &mut Vec<sea_orm::Value>) -> Option<String> {
    let (units, compartments) = match sight {
        Sight::All => return Some(String::new()),
        Sight::Some { units, .. } if units.is_empty() => return None,
        Sight::Some {
            units,
            compartments,
        } => (units, compartments),
    };
    let units = marks(values, units.iter().map(|one| one.id.raw()));
    let inside = if compartments.is_empty() {
        String::new()
    } else {
        let inside = marks(values, compartments.iter().map(|one| one.id.raw()));
        format!(" OR compartment_id IN ({inside})")
    };
    Some(format!(
        " AND department_id IN ({units}) AND (compartment_id IS NULL{inside})"
    ))
}
