//! How rows are asked: one statement for all that offends, however many there are.

use sea_orm::{ConnectionTrait, DatabaseTransaction, QueryResult, Value};
use uuid::Uuid;

use super::model::{OFFENDERS_MAX, Seen, Words};
use crate::base::db::{DbError, sql};

/// Values in one list of a statement.
pub(super) const LIST_MAX: usize = 500;

/// One number.
pub(super) async fn number(
    on: &DatabaseTransaction,
    text: &str,
    values: Vec<Value>,
) -> Result<u64, DbError> {
    let row = on.query_one_raw(sql(on, text, values)).await?;
    let found: Option<i64> = match row {
        Some(row) => row.try_get_by_index(0)?,
        None => None,
    };
    Ok(found.and_then(|one| u64::try_from(one).ok()).unwrap_or(0))
}

/// All rows.
pub(super) async fn all(
    on: &DatabaseTransaction,
    text: &str,
    values: Vec<Value>,
) -> Result<Vec<QueryResult>, DbError> {
    Ok(on.query_all_raw(sql(on, text, values)).await?)
}

/// Things of a kind that `text` selects, each by its id in the column `id`: the first of them are named, all are
/// counted.
pub(super) async fn offending(
    on: &DatabaseTransaction,
    seen: &mut Seen,
    (kind, why): (&'static str, Words),
    (text, values): (&str, Vec<Value>),
) -> Result<(), DbError> {
    let text = format!(
        "SELECT found.id, count(*) OVER () FROM ({text}) found ORDER BY found.id LIMIT {OFFENDERS_MAX}"
    );
    let rows = on.query_all_raw(sql(on, text, values)).await?;
    let mut count: i64 = 0;
    let mut named = 0;
    for row in &rows {
        let id: Uuid = row.try_get_by_index(0)?;
        count = row.try_get_by_index(1)?;
        named += 1;
        seen.offend(kind, id, why.clone());
    }
    seen.unnamed(u64::try_from(count - named).unwrap_or_default());
    Ok(())
}

/// `$2, $3 …` for so many values behind `after` others.
pub(super) fn list(after: usize, values: usize) -> String {
    let each = (1..=values).map(|at| format!("${}", after + at));
    each.collect::<Vec<_>>().join(", ")
}
