//! The states of tablets, computed from their rows as they are now.

use sea_orm::{ConnectionTrait, FromQueryResult};

use super::rows::tablet;
use crate::audit::event::Kind;
use crate::audit::states::Part;
use crate::audit::verify::StateFact;
use crate::base::db::DbError;

/// The kinds of entity whose rows this room owns.
pub const KINDS: &[Kind] = &[Kind::Tablet];

/// The states of the entities of a kind. Kinds of other rooms have none here.
pub async fn states(
    on: &impl ConnectionTrait,
    kind: Kind,
    part: Part,
) -> Result<Vec<StateFact>, DbError> {
    let mut facts = Vec::new();
    if !KINDS.contains(&kind) {
        return Ok(facts);
    }
    for row in on.query_all_raw(part.query(on, kind.table())).await? {
        let model = tablet::Model::from_query_result(&row, "")?;
        facts.push(part.fact(&row, (model.id, model.version), model.state_bytes())?);
    }
    Ok(facts)
}
