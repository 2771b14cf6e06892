//! Rows of documents, versions and renditions.

mod blobs;
mod cuts;
mod domains;
mod drawn;
mod family;
mod filed;
mod found;
mod proposals;
mod quarantined;
mod sketches;
mod tables;
mod withheld;

use sea_orm::entity::prelude::*;
use sea_orm::sea_query::{Query, SelectStatement};
use sea_orm::{QueryOrder, QuerySelect};

use super::model::{Document, TextInfo, Version};
use crate::audit::event::{Kind, Subject};
use crate::base::db::DbError;
use crate::base::insert::{Insert, Together};
use crate::base::{AccountId, DocumentId, Job, Timestamp, VersionId};
use crate::departments;
use crate::types::Catalog;
use crate::unit::Unit;

pub(super) use blobs::{
    blob_to_open, blob_with_content, blobs_to_open, insert_blob, named_by_content, only, same_as,
    with_same_content,
};
pub(super) use cuts::{pages_cut, parts_of, waits_to_be_split};
pub use domains::Elsewhere;
pub(super) use domains::{
    destroy_key, elsewhere, first_elsewhere, is_named, is_named_elsewhere, key_of, point_to,
    stays_in, wrap_within,
};
pub(super) use drawn::{blob_with_digest, newest_drawn};
pub(super) use family::{
    above, components, count_components, count_followers, family_size, parents, positions_taken,
    taken_out_of,
};
pub(super) use filed::{
    count_in_cases, ids_in_case, ids_in_file, in_cases, unregistered_in, with_ids,
};
pub(super) use found::{found_by, with_field, write_found};
pub(super) use proposals::{
    proposal, proposal_find, proposal_insert, proposal_save, proposals_open,
};
pub(super) use quarantined::{
    is_false_alarm, quarantine, quarantine_count, quarantine_find, quarantine_holds,
    quarantine_insert, quarantine_page, quarantine_save,
};
pub(super) use sketches::{forget_sketch, keep_sketch, sharing_keys, sketch, unsketched};
pub(super) use tables::{
    blob, document, document_field, document_tag, document_version, rendition,
};

pub(super) use withheld::{
    Finds, ToldTo, are_moving, destroyed_by, finds, having_content, is_destroyed, is_named_beyond,
    is_said_of_content, made_of, note_destroyed, sha256_of, states_of, versions_naming,
    versions_within, with_documents,
};

use blobs::blob_claim;
use found::{fields_of, write_fields};
use tables::counted;

/// Adds a document to what is written.
pub(super) async fn insert(
    unit: &mut Unit,
    all: &mut Together,
    new: &Document,
) -> Result<(), DbError> {
    let row = document::Model::from(new);
    let subject = row.subject();
    all.put(Insert::of(&document::ActiveModel::from(row).reset_all()));
    all.put(tags_of(new.id, &new.metadata.tags));
    all.put(fields_of(unit, new.id, &new.metadata.fields).await?);
    unit.changed(subject);
    Ok(())
}

/// Writes the next version of a document; refuses one that has moved on.
pub(super) async fn save(
    unit: &mut Unit,
    changed: &Document,
    before: &Document,
) -> Result<(), DbError> {
    save_by(unit, changed, before, None).await
}

/// The same by what all fields are, where the caller knows it.
pub(super) async fn save_by(
    unit: &mut Unit,
    changed: &Document,
    before: &Document,
    catalog: Option<&Catalog>,
) -> Result<(), DbError> {
    let row = document::Model::from(changed);
    let subject = row.subject();
    let (id, old) = (row.id, i64::try_from(before.version).unwrap_or(i64::MAX));
    let mut active = document::ActiveModel::from(row).reset_all();
    active.id = sea_orm::ActiveValue::NotSet;
    let done = document::Entity::update_many()
        .set(active)
        .filter(document::Column::Id.eq(id))
        .filter(document::Column::Version.eq(old))
        .exec(unit.tx())
        .await?;
    if done.rows_affected != 1 {
        return Err(DbError::Stale);
    }
    family::follow(unit, changed, before).await?;
    sketches::follow_state(unit, changed, before).await?;
    if changed.metadata.tags != before.metadata.tags {
        let old_tags = document_tag::Column::DocumentId.eq(id);
        document_tag::Entity::delete_many()
            .filter(old_tags)
            .exec(unit.tx())
            .await?;
        write_tags(unit, changed.id, &changed.metadata.tags).await?;
    }
    if changed.metadata.fields != before.metadata.fields {
        document_field::Entity::delete_many()
            .filter(document_field::Column::DocumentId.eq(id))
            .exec(unit.tx())
            .await?;
        let fields = &changed.metadata.fields;
        match catalog {
            Some(catalog) => write_found(unit, found_by(catalog, changed.id, fields)).await?,
            None => write_fields(unit, changed.id, fields).await?,
        }
    }
    if changed.compartment != before.compartment {
        // Its content follows it; where it may not be, it does not go.
        let domain = departments::key_domain(unit.tx(), changed.compartment).await?;
        unit.require_key(&domain)?;
        unit.enqueue(Job::MoveContent(changed.id));
    }
    unit.changed(subject);
    Ok(())
}

pub(super) async fn write_tags(
    unit: &Unit,
    id: DocumentId,
    tags: &[String],
) -> Result<(), DbError> {
    tags_of(id, tags).run(unit.tx()).await
}

fn tags_of(id: DocumentId, tags: &[String]) -> Insert {
    let row = |tag: &String| [id.raw().into(), tag.clone().into()];
    let rows = tags.iter().map(row).collect();
    Insert::new("document_tag (document_id, tag)", rows)
}

/// Adds a version whose blob is known to what is written.
pub(super) fn insert_version(
    unit: &mut Unit,
    all: &mut Together,
    new: &Version,
    held: &blob::Model,
) {
    let row = document_version::Model {
        id: new.id.raw(),
        version: 1,
        document_id: new.document.raw(),
        number: i64::try_from(new.number).unwrap_or(i64::MAX),
        blob_name: held.name.clone(),
        media_type: new.media_type.clone(),
        file_name: new.file_name.clone(),
        created_at: new.created_at.micros(),
        created_by: new.created_by.raw(),
    };
    let subject = Subject {
        kind: Kind::DocumentVersion,
        id: row.id,
        root: row.document_id,
        version: 1,
        state: row.state_bytes(held),
        content: Some(blob_claim(held)),
    };
    all.put(Insert::of(
        &document_version::ActiveModel::from(row).reset_all(),
    ));
    unit.changed(subject);
}

/// Adds a rendition of a version of `document`.
pub(super) async fn insert_rendition(
    unit: &mut Unit,
    document: DocumentId,
    row: rendition::Model,
    held: Option<&blob::Model>,
) -> Result<(), DbError> {
    let mut one = Together::default();
    put_rendition(unit, &mut one, document, row, held);
    one.run(unit.tx()).await
}

/// Adds a rendition of a version of `document` to what is written.
pub(super) fn put_rendition(
    unit: &mut Unit,
    all: &mut Together,
    document: DocumentId,
    row: rendition::Model,
    held: Option<&blob::Model>,
) {
    let subject = Subject {
        kind: Kind::Rendition,
        id: row.id,
        root: document.raw(),
        version: 1,
        state: row.state_bytes(),
        content: held.map(blob_claim),
    };
    all.put(Insert::of(&rendition::ActiveModel::from(row).reset_all()));
    unit.changed(subject);
}

/// A document, whoever asks: the caller has the right already or checks it next.
pub(super) async fn find(
    on: &impl ConnectionTrait,
    id: DocumentId,
) -> Result<Option<Document>, DbError> {
    let row = document::Entity::find_by_id(id.raw()).one(on).await?;
    row.map(Document::try_from).transpose()
}

/// A document for changing it: on PostgreSQL the row is locked.
pub(super) async fn find_to_change(
    unit: &Unit,
    id: DocumentId,
) -> Result<Option<Document>, DbError> {
    let row = document::Entity::find_by_id(id.raw())
        .lock_exclusive()
        .one(unit.tx())
        .await?;
    row.map(Document::try_from).transpose()
}

fn version_of(row: document_version::Model, held: &blob::Model) -> Result<Version, DbError> {
    let corrupt = || DbError::Corrupt {
        table: "blob",
        key: hex::encode(&held.name),
        what: "a digest has the wrong length",
    };
    Ok(Version {
        id: VersionId::of(row.id),
        document: DocumentId::of(row.document_id),
        number: counted(row.number),
        media_type: row.media_type,
        file_name: row.file_name,
        sha256: held
            .sha256
            .as_slice()
            .try_into()
            .map_err(|_source| corrupt())?,
        sha512: held
            .sha512
            .as_slice()
            .try_into()
            .map_err(|_source| corrupt())?,
        bytes: counted(held.bytes),
        created_at: Timestamp::of_micros(row.created_at),
        created_by: AccountId::of(row.created_by),
    })
}

/// The versions of the documents, each with the name of its blob: all of them, by document and
/// number.
pub(super) async fn versions(
    on: &impl ConnectionTrait,
    documents: &[DocumentId],
) -> Result<Vec<(Version, Vec<u8>)>, DbError> {
    let ids = documents.iter().map(|id| id.raw());
    let rows = document_version::Entity::find()
        .filter(document_version::Column::DocumentId.is_in(ids))
        .order_by_asc(document_version::Column::DocumentId)
        .order_by_asc(document_version::Column::Number)
        .all(on)
        .await?;
    let names = rows.iter().map(|row| row.blob_name.clone());
    let blobs = blob::Entity::find()
        .filter(blob::Column::Name.is_in(names))
        .all(on)
        .await?;
    let blobs: std::collections::HashMap<_, _> = blobs
        .into_iter()
        .map(|blob| (blob.name.clone(), blob))
        .collect();
    let mut all = Vec::with_capacity(rows.len());
    for row in rows {
        let name = row.blob_name.clone();
        let held = blobs.get(&name).ok_or_else(|| DbError::Corrupt {
            table: "document_version",
            key: row.id.to_string(),
            what: "its blob has no row",
        })?;
        all.push((version_of(row, held)?, name));
    }
    Ok(all)
}

/// One version by its id, with the name of its blob.
pub(super) async fn version(
    on: &impl ConnectionTrait,
    id: VersionId,
) -> Result<Option<(Version, Vec<u8>)>, DbError> {
    let Some(row) = document_version::Entity::find_by_id(id.raw())
        .one(on)
        .await?
    else {
        return Ok(None);
    };
    let name = row.blob_name.clone();
    let held = blob::Entity::find_by_id(name.clone()).one(on).await?;
    let held = held.ok_or_else(|| DbError::Corrupt {
        table: "document_version",
        key: row.id.to_string(),
        what: "its blob has no row",
    })?;
    Ok(Some((version_of(row, &held)?, name)))
}

/// The newest text of each of the versions, with the name of its blob.
pub(super) async fn texts(
    on: &impl ConnectionTrait,
    versions: &[VersionId],
) -> Result<Vec<(VersionId, TextInfo, Option<Vec<u8>>)>, DbError> {
    renditions(on, versions, "text").await
}

/// The newest rendition of a kind of each of the versions, with the name of its blob.
pub(super) async fn renditions(
    on: &impl ConnectionTrait,
    versions: &[VersionId],
    kind: &str,
) -> Result<Vec<(VersionId, TextInfo, Option<Vec<u8>>)>, DbError> {
    let rows = rendition::Entity::find()
        .filter(rendition::Column::DocumentVersionId.is_in(versions.iter().map(|id| id.raw())))
        .filter(rendition::Column::Kind.eq(kind))
        .order_by_asc(rendition::Column::DocumentVersionId)
        .order_by_asc(rendition::Column::CreatedAt)
        .order_by_asc(rendition::Column::Id)
        .all(on)
        .await?;
    let mut newest: Vec<(VersionId, TextInfo, Option<Vec<u8>>)> = Vec::new();
    for row in rows {
        let id = VersionId::of(row.document_version_id);
        let blob_name = row.blob_name.clone();
        let info = text_info(row);
        match newest.last_mut() {
            Some(last) if last.0 == id => *last = (id, info, blob_name),
            _ => newest.push((id, info, blob_name)),
        }
    }
    Ok(newest)
}

/// The renditions of that kind of a version, oldest first.
pub(super) async fn all_renditions(
    on: &impl ConnectionTrait,
    version: VersionId,
    kind: &str,
) -> Result<Vec<rendition::Model>, DbError> {
    Ok(rendition::Entity::find()
        .filter(rendition::Column::DocumentVersionId.eq(version.raw()))
        .filter(rendition::Column::Kind.eq(kind))
        .order_by_asc(rendition::Column::CreatedAt)
        .order_by_asc(rendition::Column::Id)
        .all(on)
        .await?)
}

/// What a rendition says of a text.
pub(super) fn text_info(row: rendition::Model) -> TextInfo {
    TextInfo {
        state: row.state,
        reason: row.reason,
        pages: counted(row.pages),
        engine: row.engine,
        components: row.components.map(counted),
        details: row
            .details
            .as_deref()
            .and_then(|json| serde_json::from_str(json).ok())
            .unwrap_or_default(),
    }
}

/// Other documents that have, or had, one of these blobs and fulfil `visible`.
pub(super) async fn with_content(
    on: &impl ConnectionTrait,
    blobs: SelectStatement,
    except: DocumentId,
    visible: sea_orm::Condition,
    limit: u64,
) -> Result<Vec<Document>, DbError> {
    let same = Query::select()
        .column(document_version::Column::DocumentId)
        .from(document_version::Entity)
        .and_where(document_version::Column::BlobName.in_subquery(blobs))
        .to_owned();
    let rows = document::Entity::find()
        .filter(visible)
        .filter(document::Column::Id.in_subquery(same))
        .filter(document::Column::Id.ne(except.raw()))
        .order_by_asc(document::Column::Id)
        .limit(limit)
        .all(on)
        .await?;
    rows.into_iter().map(Document::try_from).collect()
}

/// Documents whose first version has one of these blobs and came under this name; oldest first.
pub(super) async fn begun_with(
    on: &impl ConnectionTrait,
    blobs: Vec<Vec<u8>>,
    file_name: &str,
) -> Result<Vec<Document>, DbError> {
    let rows = document::Entity::find()
        .filter(document::Column::ParentId.is_null())
        .filter(
            document::Column::Id.in_subquery(
                sea_orm::sea_query::Query::select()
                    .column(document_version::Column::DocumentId)
                    .from(document_version::Entity)
                    .and_where(document_version::Column::BlobName.is_in(blobs))
                    .and_where(document_version::Column::FileName.eq(file_name))
                    .and_where(document_version::Column::Number.eq(1))
                    .to_owned(),
            ),
        )
        .order_by_asc(document::Column::Id)
        .all(on)
        .await?;
    rows.into_iter().map(Document::try_from).collect()
}

/// That a version is one of a document that came by itself.
fn of_no_component() -> Expr {
    let components = Query::select()
        .column(document::Column::Id)
        .from(document::Entity)
        .and_where(document::Column::ParentId.is_not_null())
        .to_owned();
    document_version::Column::DocumentId.not_in_subquery(components)
}

/// The names under which the first versions came.
pub(super) async fn first_names(
    on: &impl ConnectionTrait,
) -> Result<std::collections::HashSet<String>, DbError> {
    let names: Vec<Option<String>> = document_version::Entity::find()
        .select_only()
        .column(document_version::Column::FileName)
        .filter(document_version::Column::Number.eq(1))
        .filter(of_no_component())
        .into_tuple()
        .all(on)
        .await?;
    Ok(names.into_iter().flatten().collect())
}

/// The oldest document that first came under this name.
pub(super) async fn first_named(
    on: &impl ConnectionTrait,
    name: &str,
) -> Result<Option<Document>, DbError> {
    let first = document_version::Entity::find()
        .filter(document_version::Column::Number.eq(1))
        .filter(document_version::Column::FileName.eq(name))
        .filter(of_no_component())
        .order_by_asc(document_version::Column::Id)
        .one(on)
        .await?;
    match first {
        Some(first) => find(on, DocumentId::of(first.document_id)).await,
        None => Ok(None),
    }
}
