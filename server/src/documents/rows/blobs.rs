//! Rows of blobs and their keys.

use super::tables::{blob, blob_key, counted, document_version};
use sea_orm::entity::prelude::*;
use sea_orm::sea_query::{Query, SelectStatement};
use sea_orm::{ActiveValue::Set, FromQueryResult, QuerySelect};
use storage::{Blob, KeyDomain, WrappedKey};

use super::super::model::Kept;
use super::super::quarantine::QUARANTINE;
use crate::base::VersionId;
use crate::base::db::{DbError, sql};
use crate::base::insert::{Insert, Together};
use crate::unit::Unit;

pub(in crate::documents) fn blob_claim(held: &blob::Model) -> crate::audit::BlobClaim {
    let digest = |bytes: &[u8]| <[u8; 32]>::try_from(bytes).unwrap_or_default();
    crate::audit::BlobClaim {
        content: digest(&held.sha256),
        length: counted(held.bytes),
        stored: digest(&held.name),
    }
}

/// Adds a blob that is stored to what is written; the same name twice is the same blob.
pub(in crate::documents) fn insert_blob(
    unit: &Unit,
    all: &mut Together,
    kept: &Kept,
) -> blob::Model {
    let row = blob::Model {
        name: kept.blob.name.as_bytes().to_vec(),
        domain: kept.blob.domain.as_str().to_owned(),
        sha256: kept.content.sha256.as_bytes().to_vec(),
        sha512: kept.content.sha512.as_bytes().to_vec(),
        bytes: i64::try_from(kept.content.bytes).unwrap_or(i64::MAX),
        stored_bytes: i64::try_from(kept.stored_bytes).unwrap_or(i64::MAX),
        created_at: unit.now().micros(),
    };
    let key = blob_key::ActiveModel {
        name: Set(row.name.clone()),
        kek: Set(kept.blob.key.kek.clone()),
        wrapped: Set(kept.blob.key.bytes.clone()),
        domain: Set(row.domain.clone()),
    };
    all.put(Insert::of(
        &blob::ActiveModel::from(row.clone()).reset_all(),
    ));
    all.put(Insert::of(&key).unless_there());
    row
}

/// All blobs with this content, the newest first, each with the key domain under whose key it opens, where it
/// has one.
pub(in crate::documents) async fn with_same_content(
    on: &impl ConnectionTrait,
    sha256: &[u8],
) -> Result<Vec<(blob::Model, Option<String>)>, DbError> {
    let text = "SELECT b.*, k.domain AS opens_in FROM blob b LEFT JOIN blob_key k ON k.name = b.name \
                WHERE b.sha256 = $1 ORDER BY b.created_at DESC, b.name";
    let rows = on
        .query_all_raw(sql(on, text, [sha256.to_vec().into()]))
        .await?;
    rows.iter()
        .map(|row| {
            let held = blob::Model::from_query_result(row, "")?;
            Ok((held, row.try_get("", "opens_in")?))
        })
        .collect()
}

/// The newest blob with this content in this key domain, if one is stored already and has its key.
pub(in crate::documents) async fn blob_with_content(
    on: &impl ConnectionTrait,
    sha256: &[u8],
    domain: &KeyDomain,
) -> Result<Option<blob::Model>, DbError> {
    let mut all = with_same_content(on, sha256).await?.into_iter();
    let here = all.find(|(_, opens_in)| opens_in.as_deref() == Some(domain.as_str()));
    Ok(here.map(|(held, _)| held))
}

/// The names of all blobs with this content, whatever their key domain; what lies in quarantine is no
/// content of a document.
pub(in crate::documents) async fn named_by_content(
    on: &impl ConnectionTrait,
    sha256: &[u8],
) -> Result<Vec<Vec<u8>>, DbError> {
    Ok(blob::Entity::find()
        .select_only()
        .column(blob::Column::Name)
        .filter(blob::Column::Sha256.eq(sha256.to_vec()))
        .filter(blob::Column::Domain.ne(QUARANTINE))
        .into_tuple()
        .all(on)
        .await?)
}

/// A blob with its key, ready to be opened.
pub(in crate::documents) async fn blob_to_open(
    on: &impl ConnectionTrait,
    name: &[u8],
) -> Result<Option<Blob>, DbError> {
    let Some(row) = blob::Entity::find_by_id(name.to_vec()).one(on).await? else {
        return Ok(None);
    };
    let Some(key) = blob_key::Entity::find_by_id(name.to_vec()).one(on).await? else {
        return Ok(None);
    };
    Ok(Some(open_blob(row, key)?))
}

pub(in crate::documents) fn open_blob(
    row: blob::Model,
    key: blob_key::Model,
) -> Result<Blob, DbError> {
    let corrupt = || DbError::Corrupt {
        table: "blob",
        key: hex::encode(&row.name),
        what: "a digest has the wrong length",
    };
    let name = <[u8; 32]>::try_from(row.name.as_slice()).map_err(|_source| corrupt())?;
    Ok(Blob {
        name: storage::Sha256Digest(name),
        domain: KeyDomain::parse(&key.domain)?,
        content_bytes: counted(row.bytes),
        key: WrappedKey {
            kek: key.kek,
            bytes: key.wrapped,
        },
    })
}

/// The names of the blobs with the content of a version, whatever their key domain, as a part of
/// another query.
pub(in crate::documents) fn same_as(version: VersionId) -> SelectStatement {
    let own = Query::select()
        .column(document_version::Column::BlobName)
        .from(document_version::Entity)
        .and_where(document_version::Column::Id.eq(version.raw()))
        .to_owned();
    let content = Query::select()
        .column(blob::Column::Sha256)
        .from(blob::Entity)
        .and_where(blob::Column::Name.in_subquery(own))
        .to_owned();
    Query::select()
        .column(blob::Column::Name)
        .from(blob::Entity)
        .and_where(blob::Column::Sha256.in_subquery(content))
        .to_owned()
}

/// The name of one blob, as a part of another query.
pub(in crate::documents) fn only(name: &[u8]) -> SelectStatement {
    Query::select()
        .column(blob::Column::Name)
        .from(blob::Entity)
        .and_where(blob::Column::Name.eq(name.to_vec()))
        .to_owned()
}

/// Blobs with their keys, ready to be opened, by name. Those whose key was destroyed are missing.
pub(in crate::documents) async fn blobs_to_open(
    on: &impl ConnectionTrait,
    names: &[Vec<u8>],
) -> Result<std::collections::HashMap<Vec<u8>, Blob>, DbError> {
    let wanted = blob::Column::Name.is_in(names.iter().cloned());
    let rows = blob::Entity::find().filter(wanted).all(on).await?;
    let wanted = blob_key::Column::Name.is_in(names.iter().cloned());
    let keys = blob_key::Entity::find().filter(wanted).all(on).await?;
    let mut keys: std::collections::HashMap<_, _> = keys
        .into_iter()
        .map(|key| (key.name.clone(), key))
        .collect();
    let mut found = std::collections::HashMap::new();
    for row in rows {
        if let Some(key) = keys.remove(&row.name) {
            found.insert(row.name.clone(), open_blob(row, key)?);
        }
    }
    Ok(found)
}
