//! What is remembered of texts: a row for each document, and the keys by which it is found.

use indexer::likeness::Sketch;
use sea_orm::entity::prelude::*;
use sea_orm::sea_query::Query;
use sea_orm::{ActiveValue::Set, QueryOrder, QuerySelect};

use super::super::model::{Document, State};
use super::tables::document;
use crate::base::db::{DbError, sql};
use crate::base::insert::insert;
use crate::base::{DocumentId, RenditionId, VersionId};
use crate::unit::Unit;

/// The table of the keys, and its columns.
const KEYS: &str = "sketch_key (hash, document_id)";

mod text_sketch {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "text_sketch")]
    pub(crate) struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub document_id: Uuid,
        pub rendition_id: Uuid,
        pub hashes: Option<Vec<u8>>,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub(crate) enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

mod sketch_key {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "sketch_key")]
    pub(crate) struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub hash: i64,
        #[sea_orm(primary_key, auto_increment = false)]
        pub document_id: Uuid,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub(crate) enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

impl text_sketch::Model {
    fn sketch(&self) -> Option<Sketch> {
        Sketch::from_bytes(self.hashes.as_deref()?)
    }
}

/// The row of a document. `None`: its text was not looked at yet.
async fn row(
    on: &impl ConnectionTrait,
    id: DocumentId,
) -> Result<Option<text_sketch::Model>, DbError> {
    Ok(text_sketch::Entity::find_by_id(id.raw()).one(on).await?)
}

/// Of which text the sketch of a document is, and the sketch, where there was enough text.
pub(in crate::documents) async fn sketch(
    on: &impl ConnectionTrait,
    id: DocumentId,
) -> Result<Option<(RenditionId, Option<Sketch>)>, DbError> {
    let row = row(on, id).await?;
    Ok(row.map(|row| (RenditionId::of(row.rendition_id), row.sketch())))
}

/// Keeps the sketch of the text of a document in place of the one before. What was put aside is not
/// found by it.
pub(in crate::documents) async fn keep_sketch(
    unit: &Unit,
    document: &Document,
    text: RenditionId,
    sketch: Option<&Sketch>,
) -> Result<(), DbError> {
    forget_sketch(unit, document.id).await?;
    let row = text_sketch::ActiveModel {
        document_id: Set(document.id.raw()),
        rendition_id: Set(text.raw()),
        hashes: Set(sketch.map(Sketch::to_bytes)),
    };
    text_sketch::Entity::insert(row)
        .exec_without_returning(unit.tx())
        .await?;
    match sketch {
        Some(sketch) if document.state != State::Discarded => {
            write_keys(unit, document.id.raw(), sketch).await
        }
        Some(_) | None => Ok(()),
    }
}

/// Removes what is remembered of the text of a document.
pub(in crate::documents) async fn forget_sketch(
    unit: &Unit,
    id: DocumentId,
) -> Result<(), DbError> {
    let Some(row) = row(unit.tx(), id).await? else {
        return Ok(());
    };
    remove_keys(unit, &row).await?;
    text_sketch::Entity::delete_by_id(id.raw())
        .exec(unit.tx())
        .await?;
    Ok(())
}

/// Lets a document that is put aside, with what was taken out of it, not be found by its text; and lets
/// it be found again, when it is taken back.
pub(super) async fn follow_state(
    unit: &Unit,
    changed: &Document,
    before: &Document,
) -> Result<(), DbError> {
    let aside = changed.state == State::Discarded;
    if aside == (before.state == State::Discarded) {
        return Ok(());
    }
    let family = Query::select()
        .column(document::Column::Id)
        .from(document::Entity)
        .cond_where(
            sea_orm::Condition::any()
                .add(document::Column::Id.eq(changed.id.raw()))
                .add(document::Column::FamilyId.eq(changed.id.raw())),
        )
        .to_owned();
    let rows = text_sketch::Entity::find()
        .filter(text_sketch::Column::DocumentId.in_subquery(family))
        .order_by_asc(text_sketch::Column::DocumentId)
        .all(unit.tx())
        .await?;
    for row in rows {
        remove_keys(unit, &row).await?;
        if let Some(sketch) = row.sketch().filter(|_| !aside) {
            write_keys(unit, row.document_id, &sketch).await?;
        }
    }
    Ok(())
}

async fn write_keys(unit: &Unit, document: Uuid, sketch: &Sketch) -> Result<(), DbError> {
    let mut keys = sketch.keys();
    keys.sort_unstable();
    keys.dedup();
    let rows = keys.into_iter().map(|key| [key.into(), document.into()]);
    insert(unit.tx(), KEYS, rows.collect()).await
}

async fn remove_keys(unit: &Unit, row: &text_sketch::Model) -> Result<(), DbError> {
    let Some(sketch) = row.sketch() else {
        return Ok(());
    };
    sketch_key::Entity::delete_many()
        .filter(sketch_key::Column::Hash.is_in(sketch.keys()))
        .filter(sketch_key::Column::DocumentId.eq(row.document_id))
        .exec(unit.tx())
        .await?;
    Ok(())
}

/// The sketches of the documents that fulfil `visible` and share a key with this one, newest document
/// first: at most `limit`, and none of `except`.
pub(in crate::documents) async fn sharing_keys(
    on: &impl ConnectionTrait,
    sketch: &Sketch,
    except: &[DocumentId],
    visible: sea_orm::Condition,
    limit: u64,
) -> Result<Vec<(DocumentId, Sketch)>, DbError> {
    let sharing = Query::select()
        .column(sketch_key::Column::DocumentId)
        .from(sketch_key::Entity)
        .and_where(sketch_key::Column::Hash.is_in(sketch.keys()))
        .to_owned();
    let ids: Vec<Uuid> = document::Entity::find()
        .select_only()
        .column(document::Column::Id)
        .filter(visible)
        .filter(document::Column::Id.in_subquery(sharing))
        .filter(document::Column::Id.is_not_in(except.iter().map(|id| id.raw())))
        .order_by_desc(document::Column::Id)
        .limit(limit)
        .into_tuple()
        .all(on)
        .await?;
    let rows = text_sketch::Entity::find()
        .filter(text_sketch::Column::DocumentId.is_in(ids))
        .all(on)
        .await?;
    Ok(rows
        .iter()
        .filter_map(|row| Some((DocumentId::of(row.document_id), row.sketch()?)))
        .collect())
}

/// A text of a version in force of which nothing is remembered.
#[derive(Debug)]
pub(in crate::documents) struct Unsketched {
    pub(in crate::documents) document: DocumentId,
    pub(in crate::documents) version: VersionId,
    pub(in crate::documents) text: RenditionId,
    pub(in crate::documents) blob_name: Option<Vec<u8>>,
}

/// The newest texts of versions in force of which nothing is remembered, behind a document, in order:
/// at most `limit`.
pub(in crate::documents) async fn unsketched(
    on: &impl ConnectionTrait,
    after: Option<DocumentId>,
    limit: u64,
) -> Result<Vec<Unsketched>, DbError> {
    let text = "SELECT d.id, v.id, r.id, r.blob_name FROM document d \
                JOIN document_version v ON v.document_id = d.id AND v.number = d.content_version \
                JOIN rendition r ON r.document_version_id = v.id AND r.kind = 'text' \
                WHERE d.id > $1 \
                AND NOT EXISTS (SELECT 1 FROM text_sketch s WHERE s.document_id = d.id) \
                AND NOT EXISTS (SELECT 1 FROM rendition n WHERE n.document_version_id = v.id \
                AND n.kind = 'text' AND (n.created_at > r.created_at \
                OR (n.created_at = r.created_at AND n.id > r.id))) ORDER BY d.id LIMIT $2";
    let after = after.map_or(Uuid::nil(), DocumentId::raw);
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let rows = on
        .query_all_raw(sql(on, text, [after.into(), limit.into()]))
        .await?;
    rows.iter()
        .map(|row| {
            Ok(Unsketched {
                document: DocumentId::of(row.try_get_by_index(0)?),
                version: VersionId::of(row.try_get_by_index(1)?),
                text: RenditionId::of(row.try_get_by_index(2)?),
                blob_name: row.try_get_by_index(3)?,
            })
        })
        .collect()
}
