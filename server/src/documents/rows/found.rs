//! By which values in their fields documents are found.

use sea_orm::ActiveValue::Set;
use sea_orm::entity::prelude::*;

use super::tables::document_field;
use crate::base::DocumentId;
use crate::base::db::{DbError, sql};
use crate::types::{self, Catalog, Values};
use crate::unit::Unit;

/// The rows by which a document is found.
pub(in crate::documents) fn found_by(
    catalog: &Catalog,
    id: DocumentId,
    values: &Values,
) -> Vec<document_field::Model> {
    let mut rows = Vec::new();
    for (code, value) in values {
        let Some(field) = catalog.field(code) else {
            continue;
        };
        for (position, (value, number)) in (0_i64..).zip(field.found_by(value)) {
            rows.push(document_field::Model {
                document_id: id.raw(),
                field: code.clone(),
                position,
                value,
                number,
            });
        }
    }
    rows
}

/// Writes by what a document is found; there must be none of it yet.
pub(in crate::documents) async fn write_fields(
    unit: &Unit,
    id: DocumentId,
    values: &Values,
) -> Result<(), DbError> {
    if values.is_empty() {
        return Ok(());
    }
    let catalog = types::catalog(unit.tx()).await?;
    let rows = found_by(&catalog, id, values).into_iter();
    let rows: Vec<_> = rows
        .map(|row| document_field::ActiveModel {
            document_id: Set(row.document_id),
            field: Set(row.field),
            position: Set(row.position),
            value: Set(row.value),
            number: Set(row.number),
        })
        .collect();
    if rows.is_empty() {
        return Ok(());
    }
    document_field::Entity::insert_many(rows)
        .exec_without_returning(unit.tx())
        .await?;
    Ok(())
}

/// The documents that say something in a field.
pub(in crate::documents) async fn with_field(
    on: &impl ConnectionTrait,
    field: &str,
) -> Result<Vec<DocumentId>, DbError> {
    let text =
        "SELECT DISTINCT document_id FROM document_field WHERE field = $1 ORDER BY document_id";
    let rows = on.query_all_raw(sql(on, text, [field.into()])).await?;
    rows.iter()
        .map(|row| Ok(DocumentId::of(row.try_get_by_index(0)?)))
        .collect()
}
