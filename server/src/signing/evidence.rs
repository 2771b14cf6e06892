//! The states of signing jobs, computed from their rows as they are now.

use sea_orm::{ConnectionTrait, FromQueryResult};
use uuid::Uuid;

use super::identity::identity_check;
use super::rows::signing_job;
use crate::audit::event::Kind;
use crate::audit::states::{self, Part};
use crate::audit::verify::StateFact;
use crate::base::db::DbError;

/// The kinds of entity whose rows this room owns.
pub const KINDS: &[Kind] = &[Kind::SigningJob, Kind::IdentityCheck];

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
        let (key, state) = if kind == Kind::IdentityCheck {
            let model = identity_check::Model::from_query_result(&row, "")?;
            ((model.id, model.version), model.state_bytes())
        } else {
            let model = signing_job::Model::from_query_result(&row, "")?;
            ((model.id, model.version), model.state_bytes())
        };
        facts.push(part.fact(&row, key, state)?);
    }
    Ok(facts)
}

/// The jobs and checks in a range of records whose noted root is another than their rows name.
pub async fn roots_astray(
    on: &impl ConnectionTrait,
    from: i64,
    upto: i64,
) -> Result<Vec<(Uuid, i64)>, DbError> {
    let mut astray = Vec::new();
    for kind in KINDS {
        let found = states::roots_astray(on, *kind, "", "t.document_id", (from, upto)).await?;
        astray.extend(found);
    }
    Ok(astray)
}
