//! The states of correspondents, computed from their rows as they are now.

use sea_orm::{ConnectionTrait, FromQueryResult};
use uuid::Uuid;

use super::rows::{self, correspondent};
use crate::audit::event::Kind;
use crate::audit::states::{self, Part};
use crate::audit::verify::StateFact;
use crate::base::CorrespondentId;
use crate::base::db::DbError;
use crate::unit::Unit;

/// The kinds of entity whose rows this room owns.
pub const KINDS: &[Kind] = &[Kind::Correspondent];

/// The states of the entities of a kind. Kinds of other rooms have none here.
pub async fn states(
    on: &impl ConnectionTrait,
    kind: Kind,
    part: Part,
) -> Result<Vec<StateFact>, DbError> {
    let mut facts = Vec::new();
    if kind != Kind::Correspondent {
        return Ok(facts);
    }
    for row in on.query_all_raw(part.query(on, kind.table())).await? {
        let model = correspondent::Model::from_query_result(&row, "")?;
        facts.push(part.fact(&row, (model.id, model.version), model.state_bytes())?);
    }
    Ok(facts)
}

/// The correspondents in a range of records whose noted root is another than their rows name.
pub async fn roots_astray(
    on: &impl ConnectionTrait,
    from: i64,
    upto: i64,
) -> Result<Vec<(Uuid, i64)>, DbError> {
    states::roots_astray(on, Kind::Correspondent, "", "t.id", (from, upto)).await
}

/// Of the next `limit` correspondents behind `after`: the last of them, and those that are not found by just
/// their names, or that cannot be read.
pub async fn with_names_astray(
    on: &impl ConnectionTrait,
    after: Uuid,
    limit: u64,
) -> Result<(Option<Uuid>, Vec<CorrespondentId>), DbError> {
    rows::with_names_astray(on, after, limit).await
}

/// Writes anew by what a correspondent is found; false where it cannot be read.
pub async fn mend_names(unit: &Unit, id: CorrespondentId) -> Result<bool, DbError> {
    rows::mend_names(unit, id).await
}
