//! Openings that are taken away, so that a commitment says nothing any more.
//!
//! What is erased here is what says which content lay under a name in the store. The caller records it
//! ([`crate::unit::Unit::erased`]) in the same unit of work: an opening that is missing without such a
//! record is a finding.

use sea_orm::{ConnectionTrait, DatabaseTransaction};
use storage::Kms;
use uuid::Uuid;

use super::log::read_keys;
use super::sealed::SealedOpenings;
use super::{BlobClaim, Slot, Target};
use crate::base::db::{DbError, sql};

/// Takes away the openings that say of an entity, which belongs to `root`, that its content lay in the store
/// under the name `stored`. Gives those that are gone; the others of the same records stay.
pub async fn erase_claims(
    tx: &DatabaseTransaction,
    kms: &dyn Kms,
    (entity, root): (Uuid, Uuid),
    stored: &[u8; 32],
) -> Result<Vec<Target>, DbError> {
    let mut keys = read_keys(tx, kms, &[root]).await?;
    // With its key they are gone already.
    let Some(key) = keys.remove(&root) else {
        return Ok(Vec::new());
    };
    let text = "SELECT p.seq, p.key_owner, p.slots, p.sealed, s.slot FROM audit_subject s \
                JOIN audit_private p ON p.seq = s.seq AND p.key_owner = s.root_id \
                WHERE s.entity_id = $1 AND s.root_id = $2 ORDER BY p.seq, s.slot";
    let mut gone = Vec::new();
    // A record may speak of the entity once only: each row of openings comes once.
    for row in tx
        .query_all_raw(sql(tx, text, [entity.into(), root.into()]))
        .await?
    {
        let sealed = SealedOpenings::of_row(&row)?;
        let place: i64 = row.try_get_by_index(4)?;
        let place = u16::try_from(place).map_err(|_source| DbError::Log("a slot is too high"))?;
        let slot = Slot::Blob(place);
        let name = slot.to_string();
        if !sealed.slots().any(|one| one == name) {
            continue;
        }
        let openings = sealed
            .open(&key)
            .ok_or(DbError::Log("openings were changed"))?;
        let (taken, left): (Vec<_>, Vec<_>) = openings.into_iter().partition(|(slot, opening)| {
            *slot == name
                && BlobClaim::parse(&opening.bytes).is_some_and(|claim| claim.stored == *stored)
        });
        if taken.is_empty() {
            continue;
        }
        let seq = i64::try_from(sealed.seq).unwrap_or(i64::MAX);
        if left.is_empty() {
            let text = "DELETE FROM audit_private WHERE seq = $1 AND key_owner = $2";
            tx.execute_raw(sql(tx, text, [seq.into(), root.into()]))
                .await?;
        } else {
            let anew = SealedOpenings::seal(&key, sealed.seq, root, &left)?;
            let text = "UPDATE audit_private SET slots = $1, sealed = $2 \
                        WHERE seq = $3 AND key_owner = $4";
            let values = [
                anew.slots.into(),
                anew.sealed.into(),
                seq.into(),
                root.into(),
            ];
            tx.execute_raw(sql(tx, text, values)).await?;
        }
        gone.push(Target {
            seq: sealed.seq,
            slot,
        });
    }
    Ok(gone)
}
