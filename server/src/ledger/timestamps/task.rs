//! What has the log stamped by itself, every so often.

use std::time::Duration;

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::rows::{self, Kept};
use super::{Stamper, StampingError};
use crate::base::db::DbError;
use crate::base::{Actor, Tasks, Timestamp};
use crate::ledger::publisher::Published;
use crate::unit::Unit;

/// How often it is looked whether a timestamp is due where this process signs nothing: others may.
const LOOK_EVERY: Duration = Duration::from_secs(30);
/// How long whoever asks has the turn for itself, in seconds: longer than an answer is waited for.
const TURN_SECONDS: i64 = 120;
/// After how many seconds it is tried again where it failed: at first, and at most.
pub(super) const AGAIN_SECONDS: (i64, i64) = (60, 3_600);

/// Starts the task, where there is somebody to be asked.
pub fn start(
    stamper: Stamper,
    every: Duration,
    published: watch::Receiver<Published>,
    tasks: &Tasks,
) {
    if stamper.tsa.is_some() {
        tasks.start("log timestamps", |end| run(stamper, every, published, end));
    }
}

async fn run(
    stamper: Stamper,
    every: Duration,
    mut published: watch::Receiver<Published>,
    end: CancellationToken,
) {
    if let Err(error) = stamper.publish_missing().await {
        tracing::warn!(error = %error, "timestamps of the log that are not published could not be looked for");
    }
    loop {
        published.borrow_and_update();
        tokio::select! {
            () = end.cancelled() => return,
            () = round(&stamper, every) => {}
        }
        tokio::select! {
            () = end.cancelled() => return,
            () = tokio::time::sleep(LOOK_EVERY) => {}
            // A channel that is closed is no reason to hurry.
            Ok(()) = published.changed() => {}
        }
    }
}

/// Has the newest checkpoint stamped, where that is due and nobody else is at it.
async fn round(stamper: &Stamper, every: Duration) {
    match Box::pin(attempt(stamper, every)).await {
        Ok(None) => {}
        Ok(Some(kept)) => tracing::info!(
            log.size = kept.size,
            tsa.serial = %kept.serial,
            "a checkpoint of the log was stamped"
        ),
        Err(error) => failed(stamper, &error).await,
    }
}

async fn attempt(stamper: &Stamper, every: Duration) -> Result<Option<Kept>, StampingError> {
    if !due(stamper, every).await? || !take_turn(stamper).await? {
        return Ok(None);
    }
    // Whoever had the turn before may have done it.
    if !due(stamper, every).await? {
        return Ok(None);
    }
    match stamper.take(&Actor::system()).await {
        Ok(kept) => Ok(Some(kept)),
        // By somebody who asked for it.
        Err(StampingError::Stamped { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

async fn due(stamper: &Stamper, every: Duration) -> Result<bool, DbError> {
    let (signed, newest) = rows::signed_and_stamped(stamper.db.read()).await?;
    Ok(is_due((signed, newest), stamper.db.now(), every))
}

/// Whether the next timestamp is due: the newest is older than the interval, or as far ahead of the clock, and the
/// log has more than the record that names it.
pub(super) fn is_due(
    (signed, newest): (u64, Option<(u64, Timestamp)>),
    now: Timestamp,
    every: Duration,
) -> bool {
    match newest {
        None => signed > 0,
        Some((size, asked_at)) => {
            let apart = now.micros().abs_diff(asked_at.micros());
            signed > size.saturating_add(1) && u128::from(apart) >= every.as_micros()
        }
    }
}

/// In the database, so that of several servers one asks.
async fn take_turn(stamper: &Stamper) -> Result<bool, DbError> {
    let now = stamper.db.now();
    let until = now.plus_seconds(TURN_SECONDS);
    // Clocks of several servers differ, but not by as much.
    let longest = now.plus_seconds(2 * AGAIN_SECONDS.1);
    stamper
        .db
        .keep_house(async move |unit: &mut Unit| {
            rows::take_turn(unit.tx(), now, (until, longest)).await
        })
        .await
}

/// Says once that nothing comes of it, and waits longer each time.
async fn failed(stamper: &Stamper, error: &StampingError) {
    let now = stamper.db.now();
    let noted: Result<u64, DbError> = stamper
        .db
        .keep_house(async move |unit: &mut Unit| {
            rows::failed(unit.tx(), |failures| {
                now.plus_seconds(again_seconds(failures))
            })
            .await
        })
        .await;
    match noted {
        Ok(failures) if failures > 1 => tracing::debug!(
            error = %error,
            cause = ?error,
            tsa.failures = failures,
            "the log could not be stamped again"
        ),
        Ok(_) | Err(_) => tracing::warn!(
            error = %error,
            cause = ?error,
            "the log could not be stamped; it goes on without, and it is tried again"
        ),
    }
}

/// After how many seconds it is tried again, having failed so often in a row: twice as many each time.
pub(super) fn again_seconds(failures: u64) -> i64 {
    let (first, most) = AGAIN_SECONDS;
    let doublings = u32::try_from(failures.saturating_sub(1)).unwrap_or(u32::MAX);
    let factor = 2_i64.saturating_pow(doublings);
    first.saturating_mul(factor).min(most)
}
