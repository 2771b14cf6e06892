//! Rows of steps that are done, whose seal is raised.

use sea_orm::{ConnectionTrait, Statement};

use super::beside::{SEALS, Work, works};
use crate::base::Timestamp;
use crate::base::db::{DbError, sql};
use crate::unit::Unit;

/// Seals that are to be raised now, those first that have waited longest.
pub(in crate::workflows) async fn due(
    on: &impl ConnectionTrait,
    (now, limit): (Timestamp, u32),
) -> Result<Vec<Work>, DbError> {
    let text = "SELECT id, instance_id, step, work, attempts FROM workflow_work \
                WHERE done_at IS NULL AND due_at <= $1 AND work LIKE $2 ORDER BY due_at LIMIT $3";
    works(on, text, (now, SEALS, limit)).await
}

/// How many seals whose work begins so are due by then.
pub(in crate::workflows) async fn count(
    on: &impl ConnectionTrait,
    (level, by): (&str, Timestamp),
) -> Result<u64, DbError> {
    let text = "SELECT count(*) FROM workflow_work \
                WHERE done_at IS NULL AND due_at <= $1 AND work LIKE $2";
    let like = format!("{{\"raise\":{{\"level\":\"{level}\",%");
    let values = [by.micros().into(), like.into()];
    let row = on.query_one_raw(sql(on, text, values)).await?;
    let count: Option<i64> = row.map(|row| row.try_get_by_index(0)).transpose()?;
    Ok(count
        .and_then(|count| u64::try_from(count).ok())
        .unwrap_or_default())
}

/// A seal and what is written beside it: what it is, and why it stays where it is or waits.
type Beside = (String, Option<String>);

async fn beside(on: &impl ConnectionTrait, query: Statement) -> Result<Vec<Beside>, DbError> {
    let rows = on.query_all_raw(query).await?;
    rows.iter()
        .map(|row| Ok((row.try_get_by_index(0)?, row.try_get_by_index(1)?)))
        .collect()
}

/// Seals that are raised no further for one of these reasons.
pub(in crate::workflows) async fn ended_by(
    on: &impl ConnectionTrait,
    (reasons, limit): (&[&str], u32),
) -> Result<Vec<Beside>, DbError> {
    let quoted: Vec<String> = reasons.iter().map(|one| format!("'{one}'")).collect();
    let text = format!(
        "SELECT work, last_error FROM workflow_work WHERE done_at IS NOT NULL AND work LIKE $1 \
         AND last_error IN ({}) ORDER BY done_at DESC LIMIT $2",
        quoted.join(", ")
    );
    beside(on, sql(on, text, [SEALS.into(), i64::from(limit).into()])).await
}

/// Seals of steps that were made before a time and that are not as far as they shall be; of those that are archived only
/// what is tried now. The oldest first.
pub(in crate::workflows) async fn long_waiting(
    on: &impl ConnectionTrait,
    (before, now): (Timestamp, Timestamp),
    (archived, limit): (&str, u32),
) -> Result<Vec<Beside>, DbError> {
    let text = "SELECT work, last_error FROM workflow_work \
                WHERE done_at IS NULL AND work LIKE $1 AND created_at <= $2 \
                AND (work NOT LIKE $3 OR due_at <= $4 OR attempts > 0) \
                ORDER BY created_at LIMIT $5";
    let like = format!("{{\"raise\":{{\"level\":\"{archived}\",%");
    let values = [
        SEALS.into(),
        before.micros().into(),
        like.into(),
        now.micros().into(),
        i64::from(limit).into(),
    ];
    beside(on, sql(on, text, values)).await
}

/// Writes how a seal stands now, and when it is raised next; never, and it is done. Where another server wrote before,
/// nothing.
pub(in crate::workflows) async fn stands(
    unit: &Unit,
    (work, due): (&Work, Option<Timestamp>),
    now: &str,
) -> Result<(), DbError> {
    let text = "UPDATE workflow_work SET work = $1, due_at = $2, attempts = 0, last_error = NULL, \
                done_at = $3 WHERE id = $4 AND work = $5";
    let at = unit.now();
    let done = if due.is_none() {
        Some(at.micros())
    } else {
        None
    };
    let values = [
        now.into(),
        due.unwrap_or(at).micros().into(),
        done.into(),
        work.id.raw().into(),
        work.work.as_str().into(),
    ];
    unit.tx().execute_raw(sql(unit.tx(), text, values)).await?;
    Ok(())
}

/// Lets a seal wait that could not be raised, and notes why.
pub(in crate::workflows) async fn waits(
    unit: &Unit,
    (work, due): (&Work, Timestamp),
    why: &str,
) -> Result<(), DbError> {
    let text = "UPDATE workflow_work SET attempts = attempts + 1, due_at = $1, last_error = $2 \
                WHERE id = $3 AND work = $4 AND done_at IS NULL";
    let values = [
        due.micros().into(),
        why.into(),
        work.id.raw().into(),
        work.work.as_str().into(),
    ];
    unit.tx().execute_raw(sql(unit.tx(), text, values)).await?;
    Ok(())
}

/// Notes that a seal stays where it is, for good, and why.
pub(in crate::workflows) async fn ends(
    unit: &Unit,
    work: &Work,
    why: Option<&str>,
) -> Result<(), DbError> {
    let text = "UPDATE workflow_work SET done_at = $1, last_error = $2 \
                WHERE id = $3 AND work = $4 AND done_at IS NULL";
    let values = [
        unit.now().micros().into(),
        why.map(str::to_owned).into(),
        work.id.raw().into(),
        work.work.as_str().into(),
    ];
    unit.tx().execute_raw(sql(unit.tx(), text, values)).await?;
    Ok(())
}
