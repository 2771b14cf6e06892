//! Rows of jobs.

use sea_orm::{ConnectionTrait, DbBackend, QueryResult};
use uuid::Uuid;

use crate::base::db::{DbError, sql};
use crate::base::{Job, JobKind, Timestamp};
use crate::unit::Unit;

/// Attempts after which a job is put aside.
pub(super) const ATTEMPTS_MAX: i64 = 8;
/// How long a claim holds before another may take the job. Whoever runs it renews the claim, so that
/// this is only how long the job of a process that was killed waits.
pub(super) const CLAIM_SECONDS: i64 = 15;

/// After how long a job comes again that waits for another program, the first time; each time twice as
/// long.
const WAITS_SECONDS: i64 = 5;
/// The longest that it waits.
const WAITS_SECONDS_MAX: i64 = 300;

/// A job that this process has taken.
#[derive(Debug, Clone)]
pub(super) struct Claimed {
    pub(super) id: Uuid,
    pub(super) job: Job,
    pub(super) attempts: i64,
}

/// How much work waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Backlog {
    /// Jobs that wait or run.
    pub waiting: u64,
    /// Jobs that were put aside after too many attempts.
    pub failed: u64,
    /// Since when the oldest waits.
    pub oldest: Option<Timestamp>,
}

/// A job that was put aside.
#[derive(Debug, Clone)]
pub struct Failed {
    /// The job.
    pub id: Uuid,
    /// What it was to do.
    pub kind: String,
    /// About what.
    pub subject: Uuid,
    /// Why it did not.
    pub error: String,
}

/// Whether any job of this kind is due.
pub(super) async fn are_due(
    on: &impl ConnectionTrait,
    kind: JobKind,
    now: Timestamp,
) -> Result<bool, DbError> {
    let text = "SELECT 1 FROM job WHERE due_at <= $1 AND claimed_until <= $1 \
                AND failed_at IS NULL AND kind = $2 LIMIT 1";
    let values = [now.micros().into(), kind.code().into()];
    Ok(on.query_one_raw(sql(on, text, values)).await?.is_some())
}

/// Takes up to `limit` jobs of this kind that are due.
pub(super) async fn claim(
    unit: &mut Unit,
    kind: JobKind,
    limit: u32,
) -> Result<Vec<Claimed>, DbError> {
    let tx = unit.tx();
    let now = unit.now();
    let postgres = tx.get_database_backend() == DbBackend::Postgres;
    let skip = if postgres {
        " FOR UPDATE SKIP LOCKED"
    } else {
        ""
    };
    let text = format!(
        "UPDATE job SET claimed_until = $1, attempts = attempts + 1 WHERE id IN (\
         SELECT id FROM job WHERE due_at <= $2 AND claimed_until <= $2 AND failed_at IS NULL \
         AND kind = $3 ORDER BY due_at, id LIMIT {limit}{skip}) RETURNING id, kind, subject, attempts"
    );
    let until = now.plus_seconds(CLAIM_SECONDS).micros();
    let rows = tx
        .query_all_raw(sql(
            tx,
            text,
            [until.into(), now.micros().into(), kind.code().into()],
        ))
        .await?;
    rows.iter().map(claimed).collect()
}

/// Takes these jobs, but for those that another has taken meanwhile.
pub(super) async fn claim_these(unit: &Unit, jobs: &[Uuid]) -> Result<Vec<Claimed>, DbError> {
    let tx = unit.tx();
    let now = unit.now();
    let postgres = tx.get_database_backend() == DbBackend::Postgres;
    let skip = if postgres {
        " FOR UPDATE SKIP LOCKED"
    } else {
        ""
    };
    let text = format!(
        "UPDATE job SET claimed_until = $1, attempts = attempts + 1 WHERE id IN (\
         SELECT id FROM job WHERE id = $2 AND claimed_until <= $3 AND failed_at IS NULL{skip}) \
         RETURNING id, kind, subject, attempts"
    );
    let until = now.plus_seconds(CLAIM_SECONDS).micros();
    let mut taken = Vec::with_capacity(jobs.len());
    for job in jobs {
        let values = [until.into(), (*job).into(), now.micros().into()];
        for row in tx.query_all_raw(sql(tx, text.as_str(), values)).await? {
            taken.push(claimed(&row)?);
        }
    }
    Ok(taken)
}

fn claimed(row: &QueryResult) -> Result<Claimed, DbError> {
    let kind: String = row.try_get_by_index(1)?;
    let job = Job::of(&kind, row.try_get_by_index(2)?).ok_or(DbError::Corrupt {
        table: "job",
        key: kind.clone(),
        what: "the kind is unknown",
    })?;
    Ok(Claimed {
        id: row.try_get_by_index(0)?,
        job,
        attempts: row.try_get_by_index(3)?,
    })
}

/// The job still runs; where it was given back meanwhile it stays so.
pub(super) async fn renew(unit: &Unit, id: Uuid) -> Result<(), DbError> {
    let tx = unit.tx();
    let until = unit.now().plus_seconds(CLAIM_SECONDS).micros();
    let text = "UPDATE job SET claimed_until = $1 WHERE id = $2 AND claimed_until > 0";
    tx.execute_raw(sql(tx, text, [until.into(), id.into()]))
        .await?;
    Ok(())
}

/// Takes back the claims of a process that was killed. With the embedded database there is one
/// process that runs jobs: what is claimed when it starts, nobody works on.
pub(super) async fn take_back(unit: &Unit, kind: JobKind) -> Result<(), DbError> {
    let tx = unit.tx();
    if tx.get_database_backend() == DbBackend::Sqlite {
        let text = "UPDATE job SET claimed_until = 0 WHERE claimed_until > 0 AND kind = $1";
        tx.execute_raw(sql(tx, text, [kind.code().into()])).await?;
    }
    Ok(())
}

/// How long work of a kind waits at most until it is tried again.
const fn waits_at_most(kind: JobKind) -> i64 {
    const DAY: i64 = 86_400;
    match kind {
        // Three days, and a tenth for the spread: `webhooks`.
        JobKind::DeliverWebhook => 4 * DAY,
        // The summary of a day waits for the next.
        JobKind::SendMail => 4 * DAY,
        JobKind::ExtractText
        | JobKind::ReadScan
        | JobKind::ConvertOffice
        | JobKind::MoveContent
        | JobKind::CarryOut
        | JobKind::MakeCopy
        | JobKind::SplitBatch
        | JobKind::WriteProtocol => 2 * WAITS_SECONDS_MAX,
    }
}

/// The clock may have been set back: what by its time waits longer than work of this kind ever does was written by
/// a clock that was ahead, and is due now.
pub(super) async fn bring_near(unit: &Unit, kind: JobKind) -> Result<(), DbError> {
    let (tx, now) = (unit.tx(), unit.now());
    let due = now.plus_seconds(waits_at_most(kind)).micros();
    let claim = now.plus_seconds(4 * CLAIM_SECONDS).micros();
    for (column, farthest) in [("due_at", due), ("claimed_until", claim)] {
        let text = format!(
            "UPDATE job SET {column} = $1 WHERE kind = $2 AND failed_at IS NULL AND {column} > $3"
        );
        let values = [now.micros().into(), kind.code().into(), farthest.into()];
        let near = tx.execute_raw(sql(tx, text, values)).await?.rows_affected();
        if near > 0 {
            tracing::warn!(
                job.kind = kind.code(),
                jobs = near,
                "the clock was set back; what was put off until after it is done now"
            );
        }
    }
    Ok(())
}

/// The job is done. [`DbError::Stale`] when another has done it meanwhile.
pub(super) async fn done(unit: &Unit, id: Uuid) -> Result<(), DbError> {
    let tx = unit.tx();
    let gone = tx
        .execute_raw(sql(tx, "DELETE FROM job WHERE id = $1", [id.into()]))
        .await?;
    if gone.rows_affected() == 1 {
        Ok(())
    } else {
        Err(DbError::Stale)
    }
}

/// The job comes again at a time of its own choice, as if it were new.
pub(super) async fn later(unit: &Unit, id: Uuid, due: Timestamp) -> Result<(), DbError> {
    let tx = unit.tx();
    let text = "UPDATE job SET due_at = $1, claimed_until = 0, attempts = 0, last_error = NULL \
                WHERE id = $2";
    tx.execute_raw(sql(tx, text, [due.micros().into(), id.into()]))
        .await?;
    Ok(())
}

/// The job waits for another program, later each time. However often that is, it is no attempt that failed:
/// two are left at least.
pub(super) async fn waits(unit: &Unit, claimed: &Claimed) -> Result<(), DbError> {
    let tx = unit.tx();
    let attempts = claimed.attempts.clamp(1, ATTEMPTS_MAX - 1);
    let seconds = (WAITS_SECONDS << (attempts - 1)).min(WAITS_SECONDS_MAX);
    let due = unit.now().plus_seconds(seconds);
    let kept = attempts.min(ATTEMPTS_MAX - 2);
    let text = "UPDATE job SET due_at = $1, claimed_until = 0, attempts = $2, last_error = NULL \
                WHERE id = $3";
    let values = [due.micros().into(), kept.into(), claimed.id.into()];
    tx.execute_raw(sql(tx, text, values)).await?;
    Ok(())
}

/// The job is given back as it was before it was taken: that it was not done is no fault of its own.
pub(super) async fn given_back(unit: &Unit, id: Uuid) -> Result<(), DbError> {
    let tx = unit.tx();
    let text = "UPDATE job SET claimed_until = 0, \
                attempts = CASE WHEN attempts > 0 THEN attempts - 1 ELSE 0 END WHERE id = $1";
    tx.execute_raw(sql(tx, text, [id.into()])).await?;
    Ok(())
}

/// The job failed: later again, or put aside.
pub(super) async fn failed_once(
    unit: &Unit,
    claimed: &Claimed,
    error: &str,
) -> Result<(), DbError> {
    let tx = unit.tx();
    let now = unit.now();
    let error: String = error.chars().take(500).collect();
    let given_up = claimed.attempts >= ATTEMPTS_MAX;
    // 2, 4, 8 … seconds, at most about four minutes.
    let later = now.plus_seconds(1 << claimed.attempts.clamp(1, 8)).micros();
    let text = "UPDATE job SET due_at = $1, claimed_until = 0, last_error = $2, failed_at = $3 \
                WHERE id = $4";
    let failed_at = given_up.then(|| now.micros());
    let values = [
        later.into(),
        error.into(),
        failed_at.into(),
        claimed.id.into(),
    ];
    tx.execute_raw(sql(tx, text, values)).await?;
    Ok(())
}

/// Whether any work of this kind waits, or is being done.
pub(super) async fn any_wait(on: &impl ConnectionTrait, kind: JobKind) -> Result<bool, DbError> {
    let text = "SELECT 1 FROM job WHERE kind = $1 AND failed_at IS NULL LIMIT 1";
    let found = on.query_one_raw(sql(on, text, [kind.code().into()]));
    Ok(found.await?.is_some())
}

/// How much work of this kind waits.
pub async fn backlog(on: &impl ConnectionTrait, kind: JobKind) -> Result<Backlog, DbError> {
    let text = "SELECT count(*), count(failed_at), \
                min(CASE WHEN failed_at IS NULL THEN created_at END) FROM job WHERE kind = $1";
    let Some(row) = on
        .query_one_raw(sql(on, text, [kind.code().into()]))
        .await?
    else {
        return Ok(Backlog {
            waiting: 0,
            failed: 0,
            oldest: None,
        });
    };
    let all: i64 = row.try_get_by_index(0)?;
    let failed: i64 = row.try_get_by_index(1)?;
    let oldest: Option<i64> = row.try_get_by_index(2)?;
    Ok(Backlog {
        waiting: u64::try_from(all - failed).unwrap_or_default(),
        failed: u64::try_from(failed).unwrap_or_default(),
        oldest: oldest.map(Timestamp::of_micros),
    })
}

/// The jobs that were put aside, in the order of their ids behind `after`: as many as one step takes.
pub async fn failed(on: &impl ConnectionTrait, after: Uuid) -> Result<Vec<Failed>, DbError> {
    let text = "SELECT id, kind, subject, coalesce(last_error, '') FROM job \
                WHERE failed_at IS NOT NULL AND id > $1 ORDER BY id LIMIT 500";
    let rows = on.query_all_raw(sql(on, text, [after.into()])).await?;
    rows.iter()
        .map(|row| {
            Ok(Failed {
                id: row.try_get_by_index(0)?,
                kind: row.try_get_by_index(1)?,
                subject: row.try_get_by_index(2)?,
                error: row.try_get_by_index(3)?,
            })
        })
        .collect()
}
