//! Seals that steps asked for are raised as those of the counter: by the same task, as far as the same setting wants, and
//! they wait in the same figures. The queue is the row of the step; nothing of the workflow waits for it.

use std::sync::Arc;

use sea_orm::ConnectionTrait;
use serde::{Deserialize, Serialize};
use storage::Storage;

use super::rows::{Work, seals};
use crate::base::db::DbError;
use crate::base::{Actor, Timestamp};
use crate::documents::DocumentError;
use crate::signing::{
    self, Further, HOUSE_WAITS, HouseCame, HouseSeal, RaiseError, Raiser, SigningError, Stamp,
};
use crate::unit::{Db, Unit};

/// How many are looked at in one go.
const AT_ONCE: u32 = 20;
/// Why a seal stays as it is: the document has another version.
const SUPERSEDED: &str = "superseded";
/// It was put aside.
const DISCARDED: &str = "discarded";

/// What stands in a row whose step is done, and whose seal is raised.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(super) struct Raise {
    pub(super) raise: HouseSeal,
}

impl Raise {
    fn text(&self) -> Result<String, DbError> {
        serde_json::to_string(self).map_err(|_unwritten| DbError::Corrupt {
            table: "workflow_work",
            key: String::new(),
            what: "a seal cannot be written",
        })
    }
}

/// Has a seal raised that a step was done with: in the same unit of work.
pub(super) async fn have_raised(
    unit: &Unit,
    stamp: &Stamp,
    (work, seal): (&Work, HouseSeal),
) -> Result<(), DbError> {
    let Some(due) = seal.due(stamp, unit.now()) else {
        return Ok(());
    };
    let text = Raise { raise: seal }.text()?;
    seals::stands(unit, (work, Some(due)), &text).await
}

/// Raises the seals of workflows that are due, each by one step. Gives how many got further.
///
/// # Errors
/// [`RaiseError`] where nothing more can be done now: the rest waits.
pub async fn raise(db: &Db, storage: &Storage, stamp: &Arc<Stamp>) -> Result<usize, RaiseError> {
    if stamp.tsa().is_none() {
        return Ok(0);
    }
    let due = seals::due(db.read(), (db.now(), AT_ONCE)).await?;
    if due.is_empty() {
        return Ok(0);
    }
    let Some(mut raiser) = Raiser::open((db, storage), stamp)? else {
        return Ok(0);
    };
    let mut further = 0;
    for work in due {
        let Ok(Raise { raise: seal }) = serde_json::from_str(&work.work) else {
            tracing::warn!(workflow = %work.flow, "what is written of a seal cannot be read");
            end(db, work, None).await?;
            continue;
        };
        let attempts = u32::try_from(work.attempts).unwrap_or_default();
        match Box::pin(raiser.raise(&seal, attempts)).await? {
            HouseCame::Further(raised) => {
                let done = settle((db, Arc::clone(stamp)), (work.clone(), seal), raised).await;
                match done {
                    Ok(()) => further += 1,
                    Err(SigningError::Document(DocumentError::Stale { .. })) => {
                        end(db, work, Some(SUPERSEDED)).await?;
                    }
                    Err(SigningError::Document(DocumentError::State { .. })) => {
                        end(db, work, Some(DISCARDED)).await?;
                    }
                    Err(error) => return Err(error.into()),
                }
            }
            HouseCame::Never(reason) => end(db, work, Some(reason)).await?,
            HouseCame::Enough => end(db, work, None).await?,
            HouseCame::Waits(seconds) => wait(db, work, seconds).await?,
        }
    }
    Ok(further)
}

/// Adds the version that bears the seal at its new level, and writes when it goes on.
async fn settle(
    (db, stamp): (&Db, Arc<Stamp>),
    (work, seal): (Work, HouseSeal),
    raised: Further,
) -> Result<(), SigningError> {
    db.write(&Actor::system(), async move |unit: &mut Unit| {
        let seal = signing::settle_house(unit, &seal, raised).await?;
        let due = seal.due(&stamp, unit.now());
        let text = Raise { raise: seal }.text()?;
        seals::stands(unit, (&work, due), &text).await?;
        Ok::<(), SigningError>(())
    })
    .await?;
    Ok(())
}

/// It stays where it is, for good.
async fn end(db: &Db, work: Work, why: Option<&'static str>) -> Result<(), DbError> {
    if let Some(reason) = why {
        tracing::warn!(workflow = %work.flow, reason, "a seal of a workflow is raised no further");
    }
    db.keep_house(async move |unit: &mut Unit| seals::ends(unit, &work, why).await)
        .await
}

async fn wait(db: &Db, work: Work, seconds: i64) -> Result<(), DbError> {
    db.keep_house(async move |unit: &mut Unit| {
        let due = unit.now().plus_seconds(seconds);
        seals::waits(unit, (&work, due)).await
    })
    .await
}

/// How many seals of workflows wait for which level; under `renewal`, whose archive timestamp ends soon.
///
/// # Errors
/// The database.
pub async fn seals_waiting(
    on: &impl ConnectionTrait,
    now: Timestamp,
) -> Result<Vec<(&'static str, u64)>, DbError> {
    let far = Timestamp::of_micros(i64::MAX);
    let mut all = Vec::new();
    for (level, waits) in HOUSE_WAITS {
        // What waits for another attempt waits; what has years until it is renewed does not.
        let by = if waits == "renewal" { now } else { far };
        all.push((waits, seals::count(on, (level, by)).await?));
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::Raise;

    #[test]
    fn a_row_tells_a_seal_that_is_raised_by_how_it_begins() {
        let id = uuid::Uuid::nil();
        let text = format!(
            "{{\"raise\":{{\"level\":\"B-B\",\"document\":\"{id}\",\"version\":\"{id}\",\
             \"place\":{{\"field\":\"Siegel\",\"gap\":[10,20]}},\"archive_until\":null}}}}"
        );
        let read: Raise = serde_json::from_str(&text).unwrap();
        assert_eq!(read.text().unwrap(), text);
    }
}
