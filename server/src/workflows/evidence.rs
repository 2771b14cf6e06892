//! The states of definitions, workflows and order limits, computed from their rows as they are now.

use sea_orm::{ConnectionTrait, FromQueryResult};
use uuid::Uuid;

use super::rows::{order_limit, workflow_definition, workflow_instance};
use crate::audit::event::Kind;
use crate::audit::states::{self, Part};
use crate::audit::verify::StateFact;
use crate::base::db::DbError;

/// The kinds of entity whose rows this room owns.
pub const KINDS: &[Kind] = &[Kind::WorkflowDefinition, Kind::Workflow, Kind::OrderLimit];

macro_rules! facts {
    ($on:expr, $kind:expr, $part:expr, $entity:ident) => {{
        let mut facts = Vec::new();
        let rows = $on.query_all_raw($part.query($on, $kind.table())).await?;
        for row in rows {
            let model = $entity::Model::from_query_result(&row, "")?;
            let bytes = model.state_bytes();
            facts.push($part.fact(&row, (model.id, model.version), bytes)?);
        }
        Ok(facts)
    }};
}

/// The states of the entities of a kind. Kinds of other rooms have none here.
pub async fn states(
    on: &impl ConnectionTrait,
    kind: Kind,
    part: Part,
) -> Result<Vec<StateFact>, DbError> {
    if kind == Kind::WorkflowDefinition {
        return facts!(on, kind, part, workflow_definition);
    }
    if kind == Kind::Workflow {
        return facts!(on, kind, part, workflow_instance);
    }
    if kind == Kind::OrderLimit {
        return facts!(on, kind, part, order_limit);
    }
    Ok(Vec::new())
}

/// What stands in a range of records with another root than its row names.
pub async fn roots_astray(
    on: &impl ConnectionTrait,
    from: i64,
    upto: i64,
) -> Result<Vec<(Uuid, i64)>, DbError> {
    let range = (from, upto);
    let mut astray = states::roots_astray(on, Kind::Workflow, "", "t.case_id", range).await?;
    let limits = states::roots_astray(on, Kind::OrderLimit, "", "t.account_id", range).await?;
    astray.extend(limits);
    let own = states::roots_astray(on, Kind::WorkflowDefinition, "", "t.id", range).await?;
    astray.extend(own);
    Ok(astray)
}
