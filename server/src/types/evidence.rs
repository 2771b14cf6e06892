//! The states of types and fields, computed from their rows as they are now.

use sea_orm::{ConnectionTrait, FromQueryResult};
use uuid::Uuid;

use super::rows::{document_type, field};
use crate::audit::event::Kind;
use crate::audit::states::{self, Part};
use crate::audit::verify::StateFact;
use crate::base::db::DbError;

/// The kinds of entity whose rows this room owns.
pub const KINDS: &[Kind] = &[Kind::DocumentType, Kind::Field];

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
        facts.push(if kind == Kind::Field {
            let model = field::Model::from_query_result(&row, "")?;
            part.fact(&row, (model.id, model.version), model.state_bytes())?
        } else {
            let model = document_type::Model::from_query_result(&row, "")?;
            part.fact(&row, (model.id, model.version), model.state_bytes())?
        });
    }
    Ok(facts)
}

/// The types and fields in a range of records whose noted root is another than their rows name.
pub async fn roots_astray(
    on: &impl ConnectionTrait,
    from: i64,
    upto: i64,
) -> Result<Vec<(Uuid, i64)>, DbError> {
    let mut all = Vec::new();
    for kind in KINDS {
        all.extend(states::roots_astray(on, *kind, "", "t.id", (from, upto)).await?);
    }
    Ok(all)
}
