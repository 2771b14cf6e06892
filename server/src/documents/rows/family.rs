//! Documents that were taken out of others, and go with them.

use std::collections::{HashMap, HashSet};

use sea_orm::entity::prelude::*;
use sea_orm::{QueryOrder, QuerySelect};

use super::super::model::{Document, Parent};
use super::tables::{counted, document, document_version};
use crate::base::db::{DbError, sql};
use crate::base::{DocumentId, Job, VersionId};
use crate::unit::Unit;

/// Lets what was taken out of a document follow it: where it stands, in which state, with whom; and
/// whether the version is in force out of which it was taken. Called by every write of a document, so that
/// nothing can come apart.
pub(super) async fn follow(
    unit: &mut Unit,
    changed: &Document,
    before: &Document,
) -> Result<(), DbError> {
    let goes = |one: &Document| {
        (
            one.department,
            one.compartment,
            one.state,
            one.reason.clone(),
            one.case,
            one.inbox,
        )
    };
    let (moves, newer) = (
        goes(changed) != goes(before),
        changed.content_version != before.content_version,
    );
    if changed.part.is_some() || !(moves || newer) {
        return Ok(());
    }
    let mut members =
        document::Entity::find().filter(document::Column::FamilyId.eq(changed.id.raw()));
    if !moves {
        members = members.filter(document::Column::Superseded.eq(0));
    }
    let members = members
        .order_by_asc(document::Column::Id)
        .lock_exclusive()
        .all(unit.tx())
        .await?;
    for member in members {
        let mut member = Document::try_from(member)?;
        let version = member.version;
        member.department = changed.department;
        member.compartment = changed.compartment;
        member.state = changed.state;
        member.reason.clone_from(&changed.reason);
        member.case = changed.case;
        member.inbox = changed.inbox;
        // Nothing was taken out of the new version yet.
        if let Some(part) = member.part.as_mut().filter(|_| newer) {
            part.superseded = true;
        }
        member.version += 1;
        member.changed_at = changed.changed_at;
        member.changed_by = changed.changed_by;
        let row = document::Model::from(&member);
        let subject = row.subject();
        let (id, old) = (row.id, i64::try_from(version).unwrap_or(i64::MAX));
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
        if changed.compartment != before.compartment {
            unit.enqueue(Job::MoveContent(member.id));
        }
        unit.followed(subject);
    }
    Ok(())
}

/// How many documents were taken out of the version in force of one and of what was taken out of it, and
/// how many bytes they have: but for those of a version.
pub(in crate::documents) async fn family_size(
    on: &impl ConnectionTrait,
    family: DocumentId,
    except: VersionId,
) -> Result<(u64, u64), DbError> {
    let text = "SELECT count(*), CAST(coalesce(sum(b.bytes), 0) AS BIGINT) FROM document d \
                JOIN document_version v ON v.document_id = d.id AND v.number = 1 \
                JOIN blob b ON b.name = v.blob_name \
                WHERE d.family_id = $1 AND d.taken_from <> $2 AND d.superseded = 0";
    let row = on
        .query_one_raw(sql(on, text, [family.raw().into(), except.raw().into()]))
        .await?;
    let Some(row) = row else {
        return Ok((0, 0));
    };
    let (many, bytes): (i64, i64) = (row.try_get_by_index(0)?, row.try_get_by_index(1)?);
    Ok((counted(many), counted(bytes)))
}

/// What was taken out of a document, and out of that, in whichever version.
pub(in crate::documents) async fn taken_out_of(
    on: &impl ConnectionTrait,
    of: DocumentId,
) -> Result<Vec<Document>, DbError> {
    let rows = document::Entity::find()
        .filter(document::Column::FamilyId.eq(of.raw()))
        .order_by_asc(document::Column::Id)
        .all(on)
        .await?;
    rows.into_iter().map(Document::try_from).collect()
}

/// How many documents go with these: what was taken out of them, and out of that.
pub(in crate::documents) async fn count_followers(
    on: &impl ConnectionTrait,
    documents: &[DocumentId],
) -> Result<u64, DbError> {
    let wanted = document::Column::FamilyId.is_in(documents.iter().map(|id| id.raw()));
    Ok(document::Entity::find().filter(wanted).count(on).await?)
}

/// The places in a version from which something was taken out.
pub(in crate::documents) async fn positions_taken(
    on: &impl ConnectionTrait,
    version: VersionId,
) -> Result<HashSet<u64>, DbError> {
    let positions: Vec<Option<i64>> = document::Entity::find()
        .select_only()
        .column(document::Column::Position)
        .filter(document::Column::TakenFrom.eq(version.raw()))
        .into_tuple()
        .all(on)
        .await?;
    Ok(positions.into_iter().flatten().map(counted).collect())
}

/// What was taken out of a version, behind a place, in order: at most `limit`.
pub(in crate::documents) async fn components(
    on: &impl ConnectionTrait,
    version: VersionId,
    visible: sea_orm::Condition,
    after: u64,
    limit: u64,
) -> Result<Vec<Document>, DbError> {
    let after = i64::try_from(after).unwrap_or(i64::MAX);
    let rows = document::Entity::find()
        .filter(visible)
        .filter(document::Column::TakenFrom.eq(version.raw()))
        .filter(document::Column::Position.gt(after))
        .order_by_asc(document::Column::Position)
        .limit(limit)
        .all(on)
        .await?;
    rows.into_iter().map(Document::try_from).collect()
}

/// How many of them there are.
pub(in crate::documents) async fn count_components(
    on: &impl ConnectionTrait,
    version: VersionId,
    visible: sea_orm::Condition,
) -> Result<u64, DbError> {
    Ok(document::Entity::find()
        .filter(visible)
        .filter(document::Column::TakenFrom.eq(version.raw()))
        .count(on)
        .await?)
}

/// All that a document was taken out of: its parent, and what that was taken out of.
pub(in crate::documents) async fn above(
    on: &impl ConnectionTrait,
    id: DocumentId,
) -> Result<Vec<DocumentId>, DbError> {
    let text = "WITH RECURSIVE above(id) AS (\
                SELECT parent_id FROM document WHERE id = $1 AND parent_id IS NOT NULL \
                UNION SELECT d.parent_id FROM document d JOIN above a ON a.id = d.id \
                WHERE d.parent_id IS NOT NULL) SELECT id FROM above";
    let rows = on.query_all_raw(sql(on, text, [id.raw().into()])).await?;
    rows.iter()
        .map(|row| Ok(DocumentId::of(row.try_get_by_index(0)?)))
        .collect()
}

/// What the components among these documents were taken out of.
pub(in crate::documents) async fn parents(
    on: &impl ConnectionTrait,
    documents: &[Document],
) -> Result<HashMap<DocumentId, Parent>, DbError> {
    let parts: Vec<_> = documents
        .iter()
        .filter_map(|one| Some((one.id, one.part.as_ref()?)))
        .collect();
    if parts.is_empty() {
        return Ok(HashMap::new());
    }
    let mut wanted: Vec<Uuid> = parts
        .iter()
        .flat_map(|(_, part)| [part.parent.raw(), part.family.raw()])
        .collect();
    wanted.sort_unstable();
    wanted.dedup();
    let named: Vec<(Uuid, String, Option<String>)> = document::Entity::find()
        .select_only()
        .columns([
            document::Column::Id,
            document::Column::Title,
            document::Column::Reference,
        ])
        .filter(document::Column::Id.is_in(wanted))
        .into_tuple()
        .all(on)
        .await?;
    let named: HashMap<Uuid, _> = named
        .into_iter()
        .map(|(id, title, reference)| (id, (title, reference)))
        .collect();
    let versions: Vec<(Uuid, i64)> = document_version::Entity::find()
        .select_only()
        .columns([
            document_version::Column::Id,
            document_version::Column::Number,
        ])
        .filter(
            document_version::Column::Id.is_in(parts.iter().map(|(_, part)| part.taken_from.raw())),
        )
        .into_tuple()
        .all(on)
        .await?;
    let versions: HashMap<Uuid, i64> = versions.into_iter().collect();
    let mut all = HashMap::new();
    for (id, part) in parts {
        let (title, _) = named
            .get(&part.parent.raw())
            .ok_or_else(|| orphan(id, "its parent is missing"))?;
        let reference = named.get(&part.family.raw()).and_then(|(_, it)| it.clone());
        let number = versions
            .get(&part.taken_from.raw())
            .ok_or_else(|| orphan(id, "the version is missing out of which it was taken"))?;
        let parent = Parent {
            id: part.parent,
            title: title.clone(),
            reference,
            version: counted(*number),
        };
        all.insert(id, parent);
    }
    Ok(all)
}

fn orphan(id: DocumentId, what: &'static str) -> DbError {
    DbError::Corrupt {
        table: "document",
        key: id.to_string(),
        what,
    }
}
