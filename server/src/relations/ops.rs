//! What is done with relations; the only code that writes about them.

use sea_orm::ConnectionTrait;

use super::model::{Relation, RelationError, RelationKind, Withdrawn};
use super::rows;
use crate::audit::canonical::Object as Json;
use crate::audit::event::Action;
use crate::base::{Actor, DocumentId, RelationId, Right};
use crate::documents::{self, DocumentError};
use crate::unit::Unit;

/// A relation between two documents that the actor sees.
pub(super) async fn read(
    on: &impl ConnectionTrait,
    actor: &Actor,
    id: RelationId,
) -> Result<Relation, RelationError> {
    let found = rows::find(on, actor, id).await?;
    found.ok_or(RelationError::NotFound)
}

/// Says what `source` is to `target`. The actor may change the one and sees the other, which may be
/// registered and closed: nothing of it changes.
pub async fn relate(
    unit: &mut Unit,
    kind: RelationKind,
    source: DocumentId,
    target: DocumentId,
) -> Result<Relation, RelationError> {
    // Of a kind there is one between two: the second waits at the row of the lesser document.
    documents::lock(unit, source.min(target)).await?;
    let bearer = documents::to_work_on(unit, source, Right::Edit).await?;
    if source == target {
        return Err(RelationError::Itself);
    }
    match documents::read(unit.tx(), unit.actor(), target).await {
        Ok(_) => {}
        Err(DocumentError::NotFound) => return Err(RelationError::NoTarget),
        Err(error) => return Err(error.into()),
    }
    let relation = Relation {
        id: RelationId::new(),
        version: 1,
        kind,
        source,
        target,
        created_at: unit.now(),
        created_by: unit.actor().account,
        withdrawn: None,
    };
    if let Some(found) = rows::between(unit.tx(), kind, relation.pair()).await? {
        return Err(RelationError::Exists { existing: found.id });
    }
    rows::insert(unit, &relation).await?;
    unit.record(Action::RelationCreate, Some(bearer.department));
    Ok(relation)
}

/// Withdraws a relation, with a reason.
pub(super) async fn withdraw(
    unit: &mut Unit,
    id: RelationId,
    expected: u64,
    reason: String,
) -> Result<Relation, RelationError> {
    let source = read(unit.tx(), unit.actor(), id).await?.source;
    let bearer = documents::to_work_on(unit, source, Right::Edit).await?;
    // Its bearer is locked by now: nobody withdraws it before this unit ends.
    let before = read(unit.tx(), unit.actor(), id).await?;
    if before.withdrawn.is_some() {
        return Err(RelationError::Withdrawn);
    }
    if before.version != expected {
        return Err(RelationError::Stale {
            current: before.version,
        });
    }
    let context = Json::new().with("reason", reason.as_str()).to_bytes();
    let relation = Relation {
        version: before.version + 1,
        withdrawn: Some(Withdrawn {
            at: unit.now(),
            by: unit.actor().account,
            reason,
        }),
        ..before
    };
    rows::end(unit, &relation).await?;
    let department = Some(bearer.department);
    unit.record_with(Action::RelationWithdraw, department, Some(context));
    Ok(relation)
}
