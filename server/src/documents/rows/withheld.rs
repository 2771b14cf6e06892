//! Rows of what the guard has found: how it stands, who else has it, and what of it is destroyed.

use std::collections::HashMap;

use sea_orm::entity::prelude::*;
use sea_orm::sea_query::{Expr, Query, SelectStatement};
use sea_orm::{ActiveValue::Set, Condition, QueryOrder, QuerySelect};

use super::super::model::{Document, Version};
use super::tables::{blob, document, document_version, rendition};
use super::version_of;
use crate::base::db::{DbError, sql};
use crate::base::{DocumentId, JobKind, ProposalId, VersionId};
use crate::unit::Unit;

pub(in crate::documents) mod destroyed_blob {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "destroyed_blob")]
    pub(crate) struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub name: Vec<u8>,
        pub proposal_id: Uuid,
        pub destroyed_at: i64,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub(crate) enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

/// All that renditions of a kind say of how these versions stand, in no order.
pub(in crate::documents) async fn states_of(
    on: &impl ConnectionTrait,
    versions: &[VersionId],
    kind: &str,
) -> Result<Vec<(VersionId, String)>, DbError> {
    let rows: Vec<(Uuid, String)> = rendition::Entity::find()
        .select_only()
        .columns([
            rendition::Column::DocumentVersionId,
            rendition::Column::State,
        ])
        .filter(rendition::Column::DocumentVersionId.is_in(versions.iter().map(|id| id.raw())))
        .filter(rendition::Column::Kind.eq(kind))
        .into_tuple()
        .all(on)
        .await?;
    Ok(rows
        .into_iter()
        .map(|(version, state)| (VersionId::of(version), state))
        .collect())
}

/// Whether a rendition of a kind says this of any version with this content, wherever it stands, and for no reason
/// of its own.
pub(in crate::documents) async fn is_said_of_content(
    on: &impl ConnectionTrait,
    sha256: &[u8; 32],
    (kind, state): (&str, &str),
) -> Result<bool, DbError> {
    let text = "SELECT 1 FROM blob b JOIN document_version v ON v.blob_name = b.name \
                JOIN rendition r ON r.document_version_id = v.id \
                WHERE b.sha256 = $1 AND r.kind = $2 AND r.state = $3 AND r.reason IS NULL LIMIT 1";
    let values = [sha256.to_vec().into(), kind.into(), state.into()];
    Ok(on.query_one_raw(sql(on, text, values)).await?.is_some())
}

async fn ids(
    on: &impl ConnectionTrait,
    text: &str,
    values: Vec<sea_orm::Value>,
) -> Result<Vec<VersionId>, DbError> {
    let rows = on.query_all_raw(sql(on, text, values)).await?;
    rows.iter()
        .map(|row| Ok(VersionId::of(row.try_get_by_index(0)?)))
        .collect()
}

/// The versions whose content is a blob.
pub(in crate::documents) async fn versions_naming(
    on: &impl ConnectionTrait,
    name: &[u8],
) -> Result<Vec<VersionId>, DbError> {
    let text = "SELECT id FROM document_version WHERE blob_name = $1 ORDER BY id";
    ids(on, text, vec![name.to_vec().into()]).await
}

/// The versions of what was taken out of a version of which a rendition of this kind says anything: of an archive
/// with thousands of members few.
pub(in crate::documents) async fn versions_within(
    on: &impl ConnectionTrait,
    version: VersionId,
    kind: &str,
) -> Result<Vec<VersionId>, DbError> {
    let text = "SELECT v.id FROM document d JOIN document_version v ON v.document_id = d.id \
                WHERE d.taken_from = $1 AND EXISTS (SELECT 1 FROM rendition r \
                WHERE r.document_version_id = v.id AND r.kind = $2) ORDER BY v.id";
    ids(on, text, vec![version.raw().into(), kind.into()]).await
}

/// These versions, each with its document.
pub(in crate::documents) async fn with_documents(
    on: &impl ConnectionTrait,
    versions: &[VersionId],
) -> Result<HashMap<VersionId, (Version, Document)>, DbError> {
    let wanted = versions.iter().map(|id| id.raw());
    let found = document_version::Entity::find()
        .filter(document_version::Column::Id.is_in(wanted))
        .all(on)
        .await?;
    let names = found.iter().map(|row| row.blob_name.clone());
    let blobs = blob::Entity::find()
        .filter(blob::Column::Name.is_in(names))
        .all(on)
        .await?;
    let blobs: HashMap<_, _> = blobs
        .into_iter()
        .map(|blob| (blob.name.clone(), blob))
        .collect();
    let wanted = found.iter().map(|row| row.document_id);
    let rows = document::Entity::find()
        .filter(document::Column::Id.is_in(wanted))
        .all(on)
        .await?;
    let mut documents = HashMap::with_capacity(rows.len());
    for row in rows {
        let document = Document::try_from(row)?;
        documents.insert(document.id, document);
    }
    let mut all = HashMap::with_capacity(found.len());
    for row in found {
        let held = blobs.get(&row.blob_name).ok_or_else(|| DbError::Corrupt {
            table: "document_version",
            key: row.id.to_string(),
            what: "its blob has no row",
        })?;
        let version = version_of(row, held)?;
        if let Some(document) = documents.get(&version.document) {
            all.insert(version.id, (version, document.clone()));
        }
    }
    Ok(all)
}

/// SHA-256 of the content of a blob.
pub(in crate::documents) async fn sha256_of(
    on: &impl ConnectionTrait,
    name: &[u8],
) -> Result<Option<Vec<u8>>, DbError> {
    let row = blob::Entity::find_by_id(name.to_vec()).one(on).await?;
    Ok(row.map(|row| row.sha256))
}

/// The versions and renditions with this content, whatever blob they name now, each with its document:
/// those of which a record may say that their content lay under another name before.
pub(in crate::documents) async fn having_content(
    on: &impl ConnectionTrait,
    sha256: &[u8],
) -> Result<Vec<(Uuid, Uuid)>, DbError> {
    let text = "SELECT v.id, v.document_id FROM blob b \
                JOIN document_version v ON v.blob_name = b.name WHERE b.sha256 = $1 \
                UNION ALL SELECT r.id, v.document_id FROM blob b \
                JOIN rendition r ON r.blob_name = b.name \
                JOIN document_version v ON v.id = r.document_version_id WHERE b.sha256 = $1";
    let rows = on
        .query_all_raw(sql(on, text, [sha256.to_vec().into()]))
        .await?;
    rows.iter()
        .map(|row| Ok((row.try_get_by_index(0)?, row.try_get_by_index(1)?)))
        .collect()
}

/// `$2, $3 …` for ids that stand behind `before` other values.
fn places(before: usize, many: usize) -> String {
    let each: Vec<String> = (before + 1..=before + many)
        .map(|at| format!("${at}"))
        .collect();
    each.join(", ")
}

/// Whether a version beside these, or a rendition of another one, names a blob too.
pub(in crate::documents) async fn is_named_beyond(
    on: &impl ConnectionTrait,
    name: &[u8],
    versions: &[VersionId],
) -> Result<bool, DbError> {
    let list = places(1, versions.len());
    let text = format!(
        "SELECT 1 FROM document_version WHERE blob_name = $1 AND id NOT IN ({list}) \
         UNION ALL SELECT 1 FROM rendition \
         WHERE blob_name = $1 AND document_version_id NOT IN ({list}) LIMIT 1"
    );
    let mut values: Vec<sea_orm::Value> = vec![name.to_vec().into()];
    values.extend(versions.iter().map(|id| id.raw().into()));
    Ok(on.query_one_raw(sql(on, text, values)).await?.is_some())
}

/// The blobs of renditions of these versions that still have their key and that nobody beyond them names:
/// at most `limit`.
pub(in crate::documents) async fn made_of(
    on: &impl ConnectionTrait,
    versions: &[VersionId],
    limit: u64,
) -> Result<Vec<Vec<u8>>, DbError> {
    let list = places(1, versions.len());
    let text = format!(
        "SELECT DISTINCT r.blob_name FROM rendition r JOIN blob_key k ON k.name = r.blob_name \
         WHERE r.document_version_id IN ({list}) \
         AND NOT EXISTS (SELECT 1 FROM rendition o WHERE o.blob_name = r.blob_name \
         AND o.document_version_id NOT IN ({list})) \
         AND NOT EXISTS (SELECT 1 FROM document_version v WHERE v.blob_name = r.blob_name \
         AND v.id NOT IN ({list})) ORDER BY r.blob_name LIMIT $1"
    );
    let mut values: Vec<sea_orm::Value> = vec![i64::try_from(limit).unwrap_or(i64::MAX).into()];
    values.extend(versions.iter().map(|id| id.raw().into()));
    let rows = on.query_all_raw(sql(on, text, values)).await?;
    rows.iter()
        .map(|row| Ok(row.try_get_by_index(0)?))
        .collect()
}

/// Whether content of any of these documents is about to follow it under other keys.
pub(in crate::documents) async fn are_moving(
    on: &impl ConnectionTrait,
    documents: &[DocumentId],
) -> Result<bool, DbError> {
    let list = places(1, documents.len());
    let text = format!(
        "SELECT 1 FROM job WHERE kind = $1 AND failed_at IS NULL AND subject IN ({list}) LIMIT 1"
    );
    let mut values: Vec<sea_orm::Value> = vec![JobKind::MoveContent.code().into()];
    values.extend(documents.iter().map(|id| id.raw().into()));
    Ok(on.query_one_raw(sql(on, text, values)).await?.is_some())
}

/// Notes that the key of a blob is destroyed, and that its bytes go.
pub(in crate::documents) async fn note_destroyed(
    unit: &Unit,
    proposal: ProposalId,
    name: &[u8],
) -> Result<(), DbError> {
    let row = destroyed_blob::ActiveModel {
        name: Set(name.to_vec()),
        proposal_id: Set(proposal.raw()),
        destroyed_at: Set(unit.now().micros()),
    };
    destroyed_blob::Entity::insert(row)
        .exec_without_returning(unit.tx())
        .await?;
    Ok(())
}

/// The blobs whose bytes go by a proposal.
pub(in crate::documents) async fn destroyed_by(
    on: &impl ConnectionTrait,
    proposal: ProposalId,
) -> Result<Vec<Vec<u8>>, DbError> {
    let rows = destroyed_blob::Entity::find()
        .filter(destroyed_blob::Column::ProposalId.eq(proposal.raw()))
        .order_by_asc(destroyed_blob::Column::Name)
        .all(on)
        .await?;
    Ok(rows.into_iter().map(|row| row.name).collect())
}

/// Whether a blob is destroyed.
pub(in crate::documents) async fn is_destroyed(
    on: &impl ConnectionTrait,
    name: &[u8],
) -> Result<bool, DbError> {
    let found = destroyed_blob::Entity::find_by_id(name.to_vec());
    Ok(found.one(on).await?.is_some())
}

/// Which finds shall be listed.
#[derive(Debug, Clone, Copy)]
pub(in crate::documents) struct Finds<'f> {
    /// The kind of the renditions.
    pub kind: &'f str,
    /// What those say by which a version is withheld: a word of the program.
    pub found: &'f str,
    /// Whether those are wanted too that were released or destroyed since.
    pub over: bool,
}

/// Whom versions that are withheld are told.
#[derive(Debug)]
pub(in crate::documents) struct ToldTo {
    /// All of these documents.
    pub documents: Condition,
    /// These versions, if their documents are among `own_documents`.
    pub own: Vec<Uuid>,
    /// See `own`.
    pub own_documents: Condition,
}

/// The versions of documents of which this is true.
fn versions_of(documents: Condition) -> SelectStatement {
    let documents = Query::select()
        .column((document::Entity, document::Column::Id))
        .from(document::Entity)
        .cond_where(documents)
        .to_owned();
    Query::select()
        .column(document_version::Column::Id)
        .from(document_version::Entity)
        .and_where(document_version::Column::DocumentId.in_subquery(documents))
        .to_owned()
}

/// The renditions by which versions are withheld that may be told: at most `limit` before
/// `before`, the newest first.
pub(in crate::documents) async fn finds(
    on: &impl ConnectionTrait,
    wanted: Finds<'_>,
    told: ToldTo,
    before: Option<Uuid>,
    limit: u64,
) -> Result<Vec<rendition::Model>, DbError> {
    let of = rendition::Column::DocumentVersionId;
    let mut visible = Condition::any().add(of.in_subquery(versions_of(told.documents)));
    if !told.own.is_empty() {
        let own = Condition::all()
            .add(of.is_in(told.own))
            .add(of.in_subquery(versions_of(told.own_documents)));
        visible = visible.add(own);
    }
    let mut query = rendition::Entity::find()
        .filter(rendition::Column::Kind.eq(wanted.kind))
        .filter(rendition::Column::State.eq(wanted.found))
        .filter(visible);
    if !wanted.over {
        let settled = Query::select()
            .column(rendition::Column::DocumentVersionId)
            .from(rendition::Entity)
            .and_where(rendition::Column::Kind.eq(wanted.kind))
            .group_by_col(rendition::Column::DocumentVersionId)
            .and_having(Expr::cust(format!(
                "SUM(CASE WHEN state = '{}' THEN 1 ELSE -1 END) <= 0",
                wanted.found
            )))
            .to_owned();
        query = query.filter(rendition::Column::DocumentVersionId.not_in_subquery(settled));
    }
    if let Some(before) = before {
        query = query.filter(rendition::Column::Id.lt(before));
    }
    Ok(query
        .order_by_desc(rendition::Column::Id)
        .limit(limit)
        .all(on)
        .await?)
}
