//! What the check of the archive needs to know of what the guard has found, and of what is destroyed.

use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use storage::Blob;
use uuid::Uuid;

use super::guard::{self, Judged};
use super::rows::{self, document_version};
use crate::base::db::{DbError, sql};
use crate::base::{DocumentId, VersionId};

/// Whether two people had a blob destroyed: its key is gone, and its bytes go.
pub async fn is_destroyed(on: &impl ConnectionTrait, name: &[u8; 32]) -> Result<bool, DbError> {
    rows::is_destroyed(on, name).await
}

/// Whether two people had a blob destroyed and it was said that its bytes are gone: they are not to be there.
pub async fn is_left_over(on: &impl ConnectionTrait, name: &[u8; 32]) -> Result<bool, DbError> {
    let text = "SELECT 1 FROM destroyed_blob d JOIN proposal p ON p.id = d.proposal_id \
                WHERE d.name = $1 AND p.done_at IS NOT NULL";
    let found = on.query_one_raw(sql(on, text, [name.to_vec().into()]));
    Ok(found.await?.is_some())
}

/// Whether the content of a version was released, with this or with another version.
pub async fn is_released(on: &impl ConnectionTrait, version: VersionId) -> Result<bool, DbError> {
    match rows::version(on, version).await? {
        Some((version, _)) => guard::is_released(on, &version.sha256).await,
        None => Ok(false),
    }
}

/// A version that is withheld.
#[derive(Debug, Clone)]
pub struct Withheld {
    /// The document.
    pub document: DocumentId,
    /// The version.
    pub version: VersionId,
    /// What was found in it.
    pub kind: String,
    /// Whether nothing was: it is to be removed from a file.
    pub is_removal: bool,
}

/// Versions that are withheld, and neither released nor destroyed; at most `limit`.
pub async fn withheld(on: &impl ConnectionTrait, limit: u64) -> Result<Vec<Withheld>, DbError> {
    let text = "SELECT DISTINCT v.document_id, v.id, r.reason FROM rendition r \
                JOIN document_version v ON v.id = r.document_version_id \
                WHERE r.kind = $1 AND r.state = $2 AND (SELECT SUM(CASE WHEN o.state = $2 THEN 1 ELSE -1 END) \
                FROM rendition o WHERE o.document_version_id = r.document_version_id AND o.kind = $1) > 0 \
                ORDER BY v.id LIMIT $3";
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let values = [guard::KIND.into(), guard::FOUND.into(), limit.into()];
    let rows = on.query_all_raw(sql(on, text, values)).await?;
    rows.iter()
        .map(|row| {
            let kind: Option<String> = row.try_get_by_index(2)?;
            Ok(Withheld {
                document: DocumentId::of(row.try_get_by_index(0)?),
                version: VersionId::of(row.try_get_by_index(1)?),
                is_removal: kind.as_deref() == Some(guard::REMOVAL),
                kind: kind.unwrap_or_default(),
            })
        })
        .collect()
}

/// The content of a version, to be opened.
#[derive(Debug, Clone)]
pub struct ContentOf {
    /// The document.
    pub document: DocumentId,
    /// The version.
    pub version: VersionId,
    /// All that is needed to open it; nothing where it has no key.
    pub open: Option<Blob>,
    /// Whether it is withheld or destroyed. What was released is told by [`is_released`]: what was only to be removed
    /// from a file nobody has looked at.
    pub judged: bool,
}

/// The contents of the versions behind `after`, in the order of their ids.
pub async fn contents(
    on: &impl ConnectionTrait,
    after: Uuid,
    limit: u64,
) -> Result<Vec<ContentOf>, DbError> {
    let found = document_version::Entity::find()
        .filter(document_version::Column::Id.gt(after))
        .order_by_asc(document_version::Column::Id)
        .limit(limit)
        .all(on)
        .await?;
    let names: Vec<_> = found.iter().map(|row| row.blob_name.clone()).collect();
    let open = rows::blobs_to_open(on, &names).await?;
    let versions: Vec<_> = found.iter().map(|row| VersionId::of(row.id)).collect();
    let judged = guard::all_judged(on, &versions).await?;
    let all = found.into_iter().map(|row| ContentOf {
        document: DocumentId::of(row.document_id),
        version: VersionId::of(row.id),
        open: open.get(&row.blob_name).cloned(),
        judged: judged
            .get(&VersionId::of(row.id))
            .is_some_and(|judged| *judged != Judged::Released),
    });
    Ok(all.collect())
}
