//! Rows of templates of which documents were made.

use sea_orm::ConnectionTrait;

use crate::base::db::{DbError, sql};
use crate::unit::Unit;

use super::catalog::Form;

/// A template of which documents were made: form, version and SHA-256 of its bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Used {
    pub(super) id: String,
    pub(super) version: u32,
    pub(super) sha256: Vec<u8>,
}

/// All of them.
pub(super) async fn used(on: &impl ConnectionTrait) -> Result<Vec<Used>, DbError> {
    let text = "SELECT id, version, sha256 FROM form_template ORDER BY id, version";
    let rows = on.query_all_raw(sql(on, text, [])).await?;
    let mut all = Vec::with_capacity(rows.len());
    for row in rows {
        let version: i64 = row.try_get_by_index(1)?;
        all.push(Used {
            id: row.try_get_by_index(0)?,
            version: u32::try_from(version).unwrap_or_default(),
            sha256: row.try_get_by_index(2)?,
        });
    }
    Ok(all)
}

/// SHA-256 of a version of a form of which documents were made.
pub(super) async fn used_as(
    on: &impl ConnectionTrait,
    form: &Form,
) -> Result<Option<Vec<u8>>, DbError> {
    let text = "SELECT sha256 FROM form_template WHERE id = $1 AND version = $2";
    let values = [
        form.template.id.clone().into(),
        i64::from(form.template.version).into(),
    ];
    let row = on.query_one_raw(sql(on, text, values)).await?;
    Ok(row.map(|row| row.try_get_by_index(0)).transpose()?)
}

/// Remembers that a document was made of a form for the first time.
pub(super) async fn remember(unit: &Unit, form: &Form) -> Result<(), DbError> {
    let text = "INSERT INTO form_template (id, version, sha256, source, used_at) \
                VALUES ($1, $2, $3, $4, $5)";
    let values = [
        form.template.id.clone().into(),
        i64::from(form.template.version).into(),
        form.template.sha256.to_vec().into(),
        form.source.clone().into(),
        unit.now().micros().into(),
    ];
    unit.tx().execute_raw(sql(unit.tx(), text, values)).await?;
    Ok(())
}
