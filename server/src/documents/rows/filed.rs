//! Documents by the cases and files in which they stand.

use super::tables::document;
use sea_orm::entity::prelude::*;
use sea_orm::{QueryOrder, QuerySelect};

use super::super::model::Document;
use crate::base::db::{DbError, sql};
use crate::base::{CaseId, DocumentId, FileId};

/// The documents of cases, whoever asks, oldest first: registered ones and drafts. Components go with
/// what they were taken out of.
pub(in crate::documents) async fn in_cases(
    on: &impl ConnectionTrait,
    cases: &[CaseId],
) -> Result<Vec<Document>, DbError> {
    let rows = document::Entity::find()
        .filter(document::Column::CaseId.is_in(cases.iter().map(|id| id.raw())))
        .filter(document::Column::ParentId.is_null())
        .order_by_asc(document::Column::Id)
        .all(on)
        .await?;
    rows.into_iter().map(Document::try_from).collect()
}

/// These documents, whoever asks.
pub(in crate::documents) async fn with_ids(
    on: &impl ConnectionTrait,
    ids: &[DocumentId],
) -> Result<Vec<Document>, DbError> {
    let rows = document::Entity::find()
        .filter(document::Column::Id.is_in(ids.iter().map(|id| id.raw())))
        .all(on)
        .await?;
    rows.into_iter().map(Document::try_from).collect()
}

pub(in crate::documents) async fn ids(
    on: &impl ConnectionTrait,
    text: &str,
    of: Uuid,
) -> Result<Vec<DocumentId>, DbError> {
    let rows = on.query_all_raw(sql(on, text, [of.into()])).await?;
    rows.iter()
        .map(|row| Ok(DocumentId::of(row.try_get_by_index(0)?)))
        .collect()
}

/// The documents of a case.
pub(in crate::documents) async fn ids_in_case(
    on: &impl ConnectionTrait,
    case: CaseId,
) -> Result<Vec<DocumentId>, DbError> {
    let text = "SELECT id FROM document WHERE case_id = $1 ORDER BY id";
    ids(on, text, case.raw()).await
}

/// The documents of all cases of a file.
pub(in crate::documents) async fn ids_in_file(
    on: &impl ConnectionTrait,
    file: FileId,
) -> Result<Vec<DocumentId>, DbError> {
    let text = "SELECT d.id FROM document d JOIN record_case c ON c.id = d.case_id \
                WHERE c.file_id = $1 ORDER BY d.id";
    ids(on, text, file.raw()).await
}

/// How many documents stand in cases.
pub(in crate::documents) async fn count_in_cases(
    on: &impl ConnectionTrait,
    cases: &[CaseId],
) -> Result<u64, DbError> {
    let wanted = document::Column::CaseId.is_in(cases.iter().map(|id| id.raw()));
    Ok(document::Entity::find().filter(wanted).count(on).await?)
}

/// Whether a document in one of these cases is not registered yet.
pub(in crate::documents) async fn unregistered_in(
    on: &impl ConnectionTrait,
    cases: &[CaseId],
) -> Result<bool, DbError> {
    let found = document::Entity::find()
        .filter(document::Column::CaseId.is_in(cases.iter().map(|id| id.raw())))
        .filter(document::Column::State.is_in(["incoming", "draft"]))
        .limit(1)
        .one(on)
        .await?;
    Ok(found.is_some())
}
