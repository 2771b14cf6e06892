//! The numbers by which clients call things, and the uploads of a token.

use std::collections::HashMap;

use sea_orm::{ConnectionTrait, DatabaseConnection, QueryResult};
use uuid::Uuid;

use super::model::{Called, NUMBER_MAX, Upload};
use crate::base::actor::Scope;
use crate::base::db::{DbError, placeholders, sql};
use crate::base::{Actor, DocumentId, Timestamp};
use crate::unit::{Db, Unit};

/// Names in one statement.
const AT_ONCE: usize = 500;
/// How often a number is drawn anew that is taken already.
const DRAWS_MAX: usize = 8;

/// A number drawn by chance, from 1: as large as the clients' smallest whole numbers allow.
pub(super) fn draw() -> Result<i64, DbError> {
    let mut random = [0_u8; 4];
    getrandom::fill(&mut random).map_err(|_source| DbError::GivenUp)?;
    let drawn = i64::from(u32::from_le_bytes(random)) & NUMBER_MAX;
    Ok(drawn.max(1))
}

/// The numbers of these names; those that have none yet get one.
pub(super) async fn numbers(
    db: &Db,
    called: Called,
    names: &[String],
) -> Result<HashMap<String, i64>, DbError> {
    let mut found = HashMap::with_capacity(names.len());
    for part in names.chunks(AT_ONCE) {
        for _ in 0..DRAWS_MAX {
            let known = known(db.read(), called, part).await?;
            let missing: Vec<String> = part
                .iter()
                .filter(|name| !known.contains_key(*name))
                .cloned()
                .collect();
            if missing.is_empty() {
                found.extend(known);
                break;
            }
            // No evidence: a number says nothing of what it names.
            db.keep_house(async move |unit: &mut Unit| give(unit, called, missing).await)
                .await?;
        }
    }
    Ok(found)
}

async fn known(
    on: &DatabaseConnection,
    called: Called,
    names: &[String],
) -> Result<HashMap<String, i64>, DbError> {
    let places = placeholders(on.get_database_backend(), 1, names.len(), 1);
    let first = placeholders(on.get_database_backend(), 1, 1, 0);
    let text = format!(
        "SELECT name, number FROM paperless_number WHERE kind = {first} AND name IN {places}"
    );
    let mut values = vec![called.code().into()];
    values.extend(names.iter().map(|name| name.as_str().into()));
    let rows = on.query_all_raw(sql(on, text, values)).await?;
    rows.iter()
        .map(|row| Ok((row.try_get_by_index(0)?, row.try_get_by_index(1)?)))
        .collect()
}

/// Gives each name a number. A number that is taken is passed over: the caller asks again.
async fn give(unit: &mut Unit, called: Called, names: Vec<String>) -> Result<(), DbError> {
    let on = unit.tx();
    for name in names {
        let text = "INSERT INTO paperless_number (kind, number, name) \
                    SELECT CAST($1 AS TEXT), CAST($2 AS BIGINT), CAST($3 AS TEXT) WHERE NOT EXISTS (SELECT 1 FROM paperless_number \
                    WHERE kind = $1 AND (number = $2 OR name = $3))";
        let values = [called.code().into(), draw()?.into(), name.into()];
        on.execute_raw(sql(on, text, values)).await?;
    }
    Ok(())
}

/// What these numbers name.
pub(super) async fn names(
    on: &impl ConnectionTrait,
    called: Called,
    numbers: &[i64],
) -> Result<Vec<String>, DbError> {
    if numbers.is_empty() {
        return Ok(Vec::new());
    }
    let places = placeholders(on.get_database_backend(), 1, numbers.len(), 1);
    let first = placeholders(on.get_database_backend(), 1, 1, 0);
    let text = format!(
        "SELECT name FROM paperless_number WHERE kind = {first} AND number IN {places} ORDER BY name"
    );
    let mut values = vec![called.code().into()];
    values.extend(numbers.iter().map(|number| (*number).into()));
    let rows = on.query_all_raw(sql(on, text, values)).await?;
    rows.iter()
        .map(|row| Ok(row.try_get_by_index(0)?))
        .collect()
}

/// Notes that a token put a document in.
pub(super) async fn insert_upload(
    unit: &Unit,
    id: Uuid,
    token: Uuid,
    document: DocumentId,
) -> Result<(), DbError> {
    let on = unit.tx();
    let text = "INSERT INTO paperless_upload (id, number, token_id, document_id, created_at) \
                VALUES ($1, $2, $3, $4, $5)";
    let mut number = draw()?;
    for _ in 0..DRAWS_MAX {
        let taken = "SELECT 1 FROM paperless_upload WHERE number = $1";
        let taken = on.query_one_raw(sql(on, taken, [number.into()])).await?;
        if taken.is_none() {
            break;
        }
        number = draw()?;
    }
    let values = [
        id.into(),
        number.into(),
        token.into(),
        document.raw().into(),
        unit.now().micros().into(),
    ];
    on.execute_raw(sql(on, text, values)).await?;
    Ok(())
}

/// Which uploads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Which {
    /// Any.
    Any,
    /// The one with this id.
    Id(Uuid),
    /// The one with this number.
    Number(i64),
}

/// The uploads of the one who asks that are meant, the newest first, and how many there are in all.
/// A token for intake has its own, every other one those of its account.
pub(super) async fn uploads(
    on: &impl ConnectionTrait,
    actor: &Actor,
    which: Which,
    (offset, limit): (u64, u64),
) -> Result<(Vec<Upload>, u64), DbError> {
    let (own, whose): (_, Uuid) = match (actor.scope, actor.token) {
        (Scope::Intake, Some(token)) => ("u.token_id", token.raw()),
        (Scope::Intake, None) => return Ok((Vec::new(), 0)),
        (Scope::Full | Scope::Read, _) => ("t.account_id", actor.account.raw()),
    };
    let (which, value): (_, sea_orm::Value) = match which {
        Which::Any => ("CAST($2 AS BIGINT) = 0", 0_i64.into()),
        Which::Id(id) => ("u.id = $2", id.into()),
        Which::Number(number) => ("u.number = $2", number.into()),
    };
    let from = "paperless_upload u JOIN access_token t ON t.id = u.token_id";
    let values = || [whose.into(), value.clone()];
    let text = format!("SELECT count(*) FROM {from} WHERE {own} = $1 AND {which}");
    let counted = on.query_one_raw(sql(on, text, values())).await?;
    let total = match &counted {
        Some(row) => row.try_get_by_index::<i64>(0)?,
        None => 0,
    };
    // The page first; then, for its rows alone, an earlier upload of the same content by the same token.
    let text = format!(
        "SELECT p.id, p.number, p.document_id, p.created_at, v.file_name, v.media_type, \
         (SELECT e.document_id FROM document_version w \
          JOIN paperless_upload e ON e.document_id = w.document_id AND e.token_id = p.token_id \
          WHERE w.blob_name = v.blob_name AND w.number = 1 AND e.id < p.id \
          ORDER BY e.id LIMIT 1) \
         FROM (SELECT u.id, u.number, u.token_id, u.document_id, u.created_at FROM {from} \
          WHERE {own} = $1 AND {which} \
          ORDER BY u.created_at DESC, u.id DESC LIMIT {limit} OFFSET {offset}) p \
         JOIN document_version v ON v.document_id = p.document_id AND v.number = 1 \
         ORDER BY p.created_at DESC, p.id DESC"
    );
    let rows = on.query_all_raw(sql(on, text, values())).await?;
    let found: Result<Vec<_>, DbError> = rows.iter().map(upload).collect();
    Ok((found?, u64::try_from(total).unwrap_or_default()))
}

fn upload(row: &QueryResult) -> Result<Upload, DbError> {
    Ok(Upload {
        id: row.try_get_by_index(0)?,
        number: row.try_get_by_index(1)?,
        document: DocumentId::of(row.try_get_by_index(2)?),
        at: Timestamp::of_micros(row.try_get_by_index(3)?),
        file_name: row.try_get_by_index(4)?,
        media_type: row.try_get_by_index(5)?,
        before: row.try_get_by_index::<Option<Uuid>>(6)?.map(DocumentId::of),
    })
}
