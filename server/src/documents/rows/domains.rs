//! Under whose keys the blobs of documents lie, and how that changes.

use std::fmt::Write as _;

use super::blobs::{blob_claim, open_blob};
use super::tables::{blob, blob_key, document_version, rendition};
use sea_orm::entity::prelude::*;
use sea_orm::{QueryOrder, QuerySelect, Value};
use storage::{Blob, ContentDigests, KeyDomain, Sha256Digest, Sha512Digest, WrappedKey};

use crate::audit::event::{Kind, Subject};
use crate::base::db::{DbError, sql};
use crate::base::{CompartmentId, DocumentId, JobKind};
use crate::departments::GENERAL;
use crate::unit::Unit;

/// Versions, and texts, that are pointed to another blob by one record.
const POINTED_MAX: u64 = 20;

/// What a document names: the contents of its versions and their texts.
const NAMED: &str = "SELECT v.document_id, v.blob_name FROM document_version v UNION ALL \
    SELECT v.document_id, r.blob_name FROM rendition r \
    JOIN document_version v ON v.id = r.document_version_id WHERE r.blob_name IS NOT NULL";

/// The first blob of a document whose key is wrapped for another domain than this one.
pub(in crate::documents) async fn first_elsewhere(
    on: &impl ConnectionTrait,
    id: DocumentId,
    domain: &KeyDomain,
) -> Result<Option<(Blob, ContentDigests)>, DbError> {
    let text = "SELECT k.name FROM blob_key k WHERE k.domain <> $2 AND k.name IN (\
        SELECT v.blob_name FROM document_version v WHERE v.document_id = $1 UNION \
        SELECT r.blob_name FROM rendition r JOIN document_version v ON v.id = r.document_version_id \
        WHERE v.document_id = $1 AND r.blob_name IS NOT NULL) ORDER BY k.name LIMIT 1";
    let values = [id.raw().into(), domain.as_str().into()];
    let Some(row) = on.query_one_raw(sql(on, text, values)).await? else {
        return Ok(None);
    };
    let name: Vec<u8> = row.try_get_by_index(0)?;
    let row = blob::Entity::find_by_id(name.clone()).one(on).await?;
    let key = blob_key::Entity::find_by_id(name).one(on).await?;
    let (Some(row), Some(key)) = (row, key) else {
        return Ok(None);
    };
    let digest = |bytes: &[u8]| <[u8; 32]>::try_from(bytes).unwrap_or_default();
    let content = ContentDigests {
        sha256: Sha256Digest(digest(&row.sha256)),
        sha512: Sha512Digest(
            <[u8; 64]>::try_from(row.sha512.as_slice()).map_err(|_source| DbError::Corrupt {
                table: "blob",
                key: hex::encode(&row.name),
                what: "a digest has the wrong length",
            })?,
        ),
        bytes: super::counted(row.bytes),
    };
    Ok(Some((open_blob(row, key)?, content)))
}

/// Whether a document in another place than this compartment (or than none) names a blob too.
pub(in crate::documents) async fn is_named_elsewhere(
    on: &impl ConnectionTrait,
    name: &[u8],
    compartment: Option<CompartmentId>,
) -> Result<bool, DbError> {
    let text = format!(
        "SELECT 1 FROM ({NAMED}) n JOIN document d ON d.id = n.document_id \
         WHERE n.blob_name = $1 AND d.compartment_id IS DISTINCT FROM $2 LIMIT 1"
    );
    let values = [
        name.to_vec().into(),
        compartment.map(CompartmentId::raw).into(),
    ];
    Ok(on.query_one_raw(sql(on, text, values)).await?.is_some())
}

/// Whether any version or text names a blob.
pub(in crate::documents) async fn is_named(
    on: &impl ConnectionTrait,
    name: &[u8],
) -> Result<bool, DbError> {
    let text = format!("SELECT 1 FROM ({NAMED}) n WHERE n.blob_name = $1 LIMIT 1");
    let named = on.query_one_raw(sql(on, text, [name.to_vec().into()]));
    Ok(named.await?.is_some())
}

/// The key of a blob, for changing it: on PostgreSQL the row is locked.
pub(in crate::documents) async fn key_of(
    unit: &Unit,
    name: &[u8],
) -> Result<Option<blob_key::Model>, DbError> {
    let found = blob_key::Entity::find_by_id(name.to_vec()).lock_exclusive();
    Ok(found.one(unit.tx()).await?)
}

/// Whether a blob has its key in this domain; on PostgreSQL it keeps it there until the unit ends.
pub(in crate::documents) async fn stays_in(
    unit: &Unit,
    name: &[u8],
    domain: &KeyDomain,
) -> Result<bool, DbError> {
    let found = blob_key::Entity::find_by_id(name.to_vec())
        .filter(blob_key::Column::Domain.eq(domain.as_str()))
        .lock_shared();
    Ok(found.one(unit.tx()).await?.is_some())
}

/// Puts the key of a blob under another domain: from now on no other opens it.
pub(in crate::documents) async fn wrap_within(
    unit: &Unit,
    name: &[u8],
    domain: &KeyDomain,
    key: WrappedKey,
) -> Result<(), DbError> {
    let done = blob_key::Entity::update_many()
        .col_expr(blob_key::Column::Domain, Expr::value(domain.as_str()))
        .col_expr(blob_key::Column::Kek, Expr::value(key.kek))
        .col_expr(blob_key::Column::Wrapped, Expr::value(key.bytes))
        .filter(blob_key::Column::Name.eq(name.to_vec()))
        .exec(unit.tx())
        .await?;
    if done.rows_affected == 1 {
        Ok(())
    } else {
        Err(DbError::Stale)
    }
}

/// Destroys the key of a blob: its bytes stay in the store, and nobody reads them any more.
pub(in crate::documents) async fn destroy_key(unit: &Unit, name: &[u8]) -> Result<(), DbError> {
    blob_key::Entity::delete_by_id(name.to_vec())
        .exec(unit.tx())
        .await?;
    Ok(())
}

/// Lets the versions and texts of a document that name the blob `old` name the blob `new`, which has
/// the same content.
pub(in crate::documents) async fn point_to(
    unit: &mut Unit,
    document: DocumentId,
    old: &[u8],
    new: &blob::Model,
) -> Result<(), DbError> {
    point_versions(unit, document, old, new).await?;
    point_texts(unit, document, old, new).await
}

async fn point_versions(
    unit: &mut Unit,
    document: DocumentId,
    old: &[u8],
    new: &blob::Model,
) -> Result<(), DbError> {
    let versions = document_version::Entity::find()
        .filter(document_version::Column::DocumentId.eq(document.raw()))
        .filter(document_version::Column::BlobName.eq(old.to_vec()))
        .order_by_asc(document_version::Column::Id)
        .limit(POINTED_MAX)
        .all(unit.tx())
        .await?;
    for mut row in versions {
        let before = row.version;
        row.version += 1;
        row.blob_name.clone_from(&new.name);
        let subject = Subject {
            kind: Kind::DocumentVersion,
            id: row.id,
            root: document.raw(),
            version: super::counted(row.version),
            state: row.state_bytes(new),
            content: Some(blob_claim(new)),
        };
        let done = document_version::Entity::update_many()
            .col_expr(document_version::Column::Version, Expr::value(row.version))
            .col_expr(
                document_version::Column::BlobName,
                Expr::value(row.blob_name),
            )
            .filter(document_version::Column::Id.eq(row.id))
            .filter(document_version::Column::Version.eq(before))
            .exec(unit.tx())
            .await?;
        if done.rows_affected != 1 {
            return Err(DbError::Stale);
        }
        unit.changed(subject);
    }
    Ok(())
}

async fn point_texts(
    unit: &mut Unit,
    document: DocumentId,
    old: &[u8],
    new: &blob::Model,
) -> Result<(), DbError> {
    let texts = rendition::Entity::find()
        .filter(
            rendition::Column::DocumentVersionId.in_subquery(
                sea_orm::sea_query::Query::select()
                    .column(document_version::Column::Id)
                    .from(document_version::Entity)
                    .and_where(document_version::Column::DocumentId.eq(document.raw()))
                    .to_owned(),
            ),
        )
        .filter(rendition::Column::BlobName.eq(old.to_vec()))
        .order_by_asc(rendition::Column::Id)
        .limit(POINTED_MAX)
        .all(unit.tx())
        .await?;
    for mut row in texts {
        let before = row.version;
        row.version += 1;
        row.blob_name = Some(new.name.clone());
        let subject = Subject {
            kind: Kind::Rendition,
            id: row.id,
            root: document.raw(),
            version: super::counted(row.version),
            state: row.state_bytes(),
            content: Some(blob_claim(new)),
        };
        let done = rendition::Entity::update_many()
            .col_expr(rendition::Column::Version, Expr::value(row.version))
            .col_expr(rendition::Column::BlobName, Expr::value(row.blob_name))
            .filter(rendition::Column::Id.eq(row.id))
            .filter(rendition::Column::Version.eq(before))
            .exec(unit.tx())
            .await?;
        if done.rows_affected != 1 {
            return Err(DbError::Stale);
        }
        unit.changed(subject);
    }
    Ok(())
}

/// A blob that lies under other keys than those of the place of a document that names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Elsewhere {
    /// The document.
    pub document: DocumentId,
    /// The name of the blob.
    pub blob: Vec<u8>,
    /// The key domain in which it lies.
    pub lies: String,
    /// The key domain in which it should.
    pub belongs: String,
}

/// Blobs in the wrong key domain for which no job waits, by document; at most `limit`. `places` are the
/// key domains of all compartments.
pub(in crate::documents) async fn elsewhere(
    on: &impl ConnectionTrait,
    places: &[(CompartmentId, KeyDomain)],
    limit: u64,
) -> Result<Vec<Elsewhere>, DbError> {
    let mut values: Vec<Value> = vec![
        GENERAL.into(),
        JobKind::MoveContent.code().into(),
        i64::try_from(limit).unwrap_or(i64::MAX).into(),
    ];
    let mut belongs = String::from("CASE WHEN d.compartment_id IS NULL THEN $1");
    for (id, domain) in places {
        let at = values.len();
        // Writing to a string cannot fail.
        write!(
            belongs,
            " WHEN d.compartment_id = ${} THEN ${}",
            at + 1,
            at + 2
        )
        .unwrap_or_default();
        values.extend([id.raw().into(), domain.as_str().into()]);
    }
    belongs.push_str(" END");
    let text = format!(
        "SELECT DISTINCT document_id, blob_name, lies, belongs FROM (\
         SELECT n.document_id, n.blob_name, k.domain AS lies, {belongs} AS belongs \
         FROM ({NAMED}) n JOIN document d ON d.id = n.document_id \
         JOIN blob_key k ON k.name = n.blob_name) found \
         WHERE lies <> belongs AND NOT EXISTS (SELECT 1 FROM job j \
         WHERE j.kind = $2 AND j.subject = found.document_id) \
         ORDER BY document_id, blob_name LIMIT $3"
    );
    let rows = on.query_all_raw(sql(on, text, values)).await?;
    rows.iter()
        .map(|row| {
            Ok(Elsewhere {
                document: DocumentId::of(row.try_get_by_index(0)?),
                blob: row.try_get_by_index(1)?,
                lies: row.try_get_by_index(2)?,
                belongs: row.try_get_by_index(3)?,
            })
        })
        .collect()
}
