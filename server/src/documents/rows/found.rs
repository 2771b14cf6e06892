//! By which values in their fields documents are found.

use sea_orm::entity::prelude::*;

use super::tables::document_field;
use crate::base::DocumentId;
use crate::base::db::{DbError, sql};
use crate::base::insert::Insert;
use crate::types::{self, Catalog, Values};
use crate::unit::Unit;

/// The table of these rows, and its columns.
const FOUND: &str = "document_field (document_id, field, position, value, number)";

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
pub(super) async fn write_fields(
    unit: &Unit,
    id: DocumentId,
    values: &Values,
) -> Result<(), DbError> {
    fields_of(unit, id, values).await?.run(unit.tx()).await
}

/// The rows of by what a document is found.
pub(super) async fn fields_of(
    unit: &Unit,
    id: DocumentId,
    values: &Values,
) -> Result<Insert, DbError> {
    if values.is_empty() {
        return Ok(found(Vec::new()));
    }
    let catalog = types::catalog(unit.tx()).await?;
    Ok(found(found_by(&catalog, id, values)))
}

fn found(rows: Vec<document_field::Model>) -> Insert {
    let values = |row: document_field::Model| {
        [
            row.document_id.into(),
            row.field.into(),
            row.position.into(),
            row.value.into(),
            row.number.into(),
        ]
    };
    Insert::new(FOUND, rows.into_iter().map(values).collect())
}

/// Writes these rows: a choice of many has more of them than one statement takes.
pub(in crate::documents) async fn write_found(
    unit: &Unit,
    rows: Vec<document_field::Model>,
) -> Result<(), DbError> {
    found(rows).run(unit.tx()).await
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
