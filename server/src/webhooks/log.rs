//! What the webhooks read of the log, and the place up to which they have followed it.

use sea_orm::{ConnectionTrait, DbBackend};
use uuid::Uuid;

use super::model::{Thing, Told};
use crate::base::InspectionId;
use crate::base::db::{DbError, sql};
use crate::holds::Object;
use crate::unit::Unit;

/// The number of the last record, or one less than the first.
pub(super) async fn head(on: &impl ConnectionTrait) -> Result<i64, DbError> {
    let last = crate::audit::log::last_seq(on).await?;
    Ok(last.map_or(-1, |seq| i64::try_from(seq).unwrap_or(i64::MAX)))
}

/// The last record that was looked at.
pub(super) async fn followed(on: &impl ConnectionTrait) -> Result<i64, DbError> {
    let text = "SELECT seq FROM webhook_follower WHERE id = 1";
    let row = on.query_one_raw(sql(on, text, [])).await?;
    let row = row.ok_or(DbError::Log(
        "the follower of the webhooks has lost its place",
    ))?;
    Ok(row.try_get_by_index(0)?)
}

/// Moves on from `from` to `to`. False when another process was faster, or is at it.
pub(super) async fn advance(unit: &Unit, from: i64, to: i64) -> Result<bool, DbError> {
    let tx = unit.tx();
    // Not to wait for the other: it may wait for something that this transaction holds.
    let postgres = tx.get_database_backend() == DbBackend::Postgres;
    let lock = if postgres {
        " FOR UPDATE SKIP LOCKED"
    } else {
        ""
    };
    let text = format!("SELECT seq FROM webhook_follower WHERE id = 1 AND seq = $1{lock}");
    if tx
        .query_one_raw(sql(tx, text, [from.into()]))
        .await?
        .is_none()
    {
        return Ok(false);
    }
    let text = "UPDATE webhook_follower SET seq = $1 WHERE id = 1 AND seq = $2";
    let moved = tx
        .execute_raw(sql(tx, text, [to.into(), from.into()]))
        .await?;
    Ok(moved.rows_affected() == 1)
}

/// A record of the log as a follower sees it.
#[derive(Debug)]
pub(super) struct Followed {
    pub(super) seq: i64,
    pub(super) action: String,
    pub(super) things: Vec<Thing>,
}

/// The next records behind `from`, with the documents, cases, files and inspections that they speak of.
pub(super) async fn records(
    on: &impl ConnectionTrait,
    from: i64,
    limit: u64,
) -> Result<Vec<Followed>, DbError> {
    let text = format!("SELECT seq, leaf FROM audit WHERE seq > $1 ORDER BY seq LIMIT {limit}");
    let mut found: Vec<Followed> = Vec::new();
    for row in on.query_all_raw(sql(on, text, [from.into()])).await? {
        let leaf: Vec<u8> = row.try_get_by_index(1)?;
        let line = crate::audit::record_line(&leaf).unwrap_or_default();
        let action = line.get("action").and_then(serde_json::Value::as_str);
        found.push(Followed {
            seq: row.try_get_by_index(0)?,
            action: action.unwrap_or_default().to_owned(),
            things: Vec::new(),
        });
    }
    let Some(last) = found.last().map(|one| one.seq) else {
        return Ok(found);
    };
    // The root of an inspection is the account that inspects; that of a workflow is its case.
    let text = "SELECT DISTINCT seq, CASE WHEN kind = 'inspection' THEN entity_id ELSE root_id END, \
                CASE WHEN kind IN ('file', 'case', 'inspection') THEN kind \
                WHEN kind = 'workflow' THEN 'case' ELSE 'document' END \
                FROM audit_subject WHERE seq > $1 AND seq <= $2 AND kind IN ('document', \
                'document_version', 'rendition', 'file', 'case', 'inspection', 'workflow') ORDER BY 1, 2";
    for row in on
        .query_all_raw(sql(on, text, [from.into(), last.into()]))
        .await?
    {
        let seq: i64 = row.try_get_by_index(0)?;
        if let Ok(at) = found.binary_search_by_key(&seq, |one| one.seq)
            && let Some(one) = found.get_mut(at)
        {
            let kind: String = row.try_get_by_index(2)?;
            let id: Uuid = row.try_get_by_index(1)?;
            one.things.extend(match kind.as_str() {
                "inspection" => Some(Thing::Emergency(InspectionId::of(id))),
                kind => Object::of(kind, id).map(Thing::Object),
            });
        }
    }
    Ok(found)
}

/// Number, hash and time of the record that a delivery tells of.
pub(super) async fn record(
    on: &impl ConnectionTrait,
    told: Told,
) -> Result<Option<(u64, String, String)>, DbError> {
    let asked = match told {
        Told::Change { seq, .. } => sql(
            on,
            "SELECT seq, h, leaf FROM audit WHERE seq = $1",
            [seq.into()],
        ),
        Told::Test(unit) => {
            let text = "SELECT seq, h, leaf FROM audit WHERE uow = $1 ORDER BY seq LIMIT 1";
            sql(on, text, [unit.into()])
        }
        // What is handed over is no record.
        Told::Export { .. } => return Ok(None),
    };
    let Some(row) = on.query_one_raw(asked).await? else {
        return Ok(None);
    };
    let seq: i64 = row.try_get_by_index(0)?;
    let hash: Vec<u8> = row.try_get_by_index(1)?;
    let leaf: Vec<u8> = row.try_get_by_index(2)?;
    let line = crate::audit::record_line(&leaf).unwrap_or_default();
    let at = line.get("ts").and_then(serde_json::Value::as_str);
    Ok(Some((
        u64::try_from(seq).unwrap_or_default(),
        hex::encode(hash),
        at.unwrap_or_default().to_owned(),
    )))
}
