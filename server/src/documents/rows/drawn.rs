//! Renditions that are made when somebody looks.

use sea_orm::QueryOrder;
use sea_orm::entity::prelude::*;
use storage::Blob;

use super::blobs::open_blob;
use super::tables::{blob, blob_key, rendition};
use crate::base::VersionId;
use crate::base::db::DbError;

/// The newest rendition of a kind of a version by this engine that is of just this.
pub(in crate::documents) async fn newest_drawn(
    on: &impl ConnectionTrait,
    version: VersionId,
    (kind, engine): (&str, &str),
    details: Option<&str>,
) -> Result<Option<rendition::Model>, DbError> {
    let of_just_this = match details {
        Some(details) => rendition::Column::Details.eq(details),
        None => rendition::Column::Details.is_null(),
    };
    Ok(rendition::Entity::find()
        .filter(rendition::Column::DocumentVersionId.eq(version.raw()))
        .filter(rendition::Column::Kind.eq(kind))
        .filter(rendition::Column::Engine.eq(engine))
        .filter(of_just_this)
        .order_by_desc(rendition::Column::CreatedAt)
        .order_by_desc(rendition::Column::Id)
        .one(on)
        .await?)
}

/// A blob with its key, ready to be opened, and the digest of its content.
pub(in crate::documents) async fn blob_with_digest(
    on: &impl ConnectionTrait,
    name: &[u8],
) -> Result<Option<(Blob, [u8; 32])>, DbError> {
    let Some(row) = blob::Entity::find_by_id(name.to_vec()).one(on).await? else {
        return Ok(None);
    };
    let Some(key) = blob_key::Entity::find_by_id(name.to_vec()).one(on).await? else {
        return Ok(None);
    };
    let sha256 =
        <[u8; 32]>::try_from(row.sha256.as_slice()).map_err(|_source| DbError::Corrupt {
            table: "blob",
            key: hex::encode(name),
            what: "a digest has the wrong length",
        })?;
    Ok(Some((open_blob(row, key)?, sha256)))
}
