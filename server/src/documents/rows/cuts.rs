//! Documents that were made of pages of others.

use sea_orm::entity::prelude::*;
use sea_orm::{QueryOrder, QuerySelect};

use super::super::model::Document;
use super::tables::document;
use crate::base::db::{DbError, sql};
use crate::base::{JobKind, VersionId};

/// What was made of pages of a version, by its pages: at most `limit`, of what is visible.
pub(in crate::documents) async fn parts_of(
    on: &impl ConnectionTrait,
    version: VersionId,
    visible: sea_orm::Condition,
    limit: u64,
) -> Result<Vec<Document>, DbError> {
    let rows = document::Entity::find()
        .filter(visible)
        .filter(document::Column::CutFrom.eq(version.raw()))
        .order_by_asc(document::Column::FirstPage)
        .order_by_asc(document::Column::LastPage)
        .limit(limit)
        .all(on)
        .await?;
    rows.into_iter().map(Document::try_from).collect()
}

/// From which page to which something was made of a version before.
pub(in crate::documents) async fn pages_cut(
    on: &impl ConnectionTrait,
    version: VersionId,
) -> Result<Vec<(u32, u32)>, DbError> {
    let found: Vec<(Option<i64>, Option<i64>)> = document::Entity::find()
        .select_only()
        .columns([document::Column::FirstPage, document::Column::LastPage])
        .filter(document::Column::CutFrom.eq(version.raw()))
        .into_tuple()
        .all(on)
        .await?;
    let page = |number: Option<i64>| u32::try_from(number.unwrap_or_default()).unwrap_or(u32::MAX);
    Ok(found
        .into_iter()
        .map(|(first, last)| (page(first), page(last)))
        .collect())
}

/// Whether a version waits to be split by its sheets.
pub(in crate::documents) async fn waits_to_be_split(
    on: &impl ConnectionTrait,
    version: VersionId,
) -> Result<bool, DbError> {
    let text = "SELECT 1 FROM job WHERE kind = $1 AND subject = $2 AND failed_at IS NULL";
    let values = [JobKind::SplitBatch.code().into(), version.raw().into()];
    Ok(on.query_one_raw(sql(on, text, values)).await?.is_some())
}
