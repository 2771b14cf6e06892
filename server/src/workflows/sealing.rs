//! Seals that steps asked for are raised as those of the counter: by the same task, as far as the same setting wants, and
//! they wait in the same figures. The queue is the row of the step; nothing of the workflow waits for it.

use std::collections::BTreeMap;
use std::sync::Arc;

use sea_orm::ConnectionTrait;
use serde::{Deserialize, Serialize};
use storage::Storage;
use utoipa::ToSchema;

use super::rows::{Said, Work, seals};
use crate::base::db::DbError;
use crate::base::{Actor, Timestamp};
use crate::documents::DocumentError;
use crate::signing::{
    self, ENDED_BY, Ends, Further, HOUSE_ARCHIVED, HOUSE_ENDED, HOUSE_WAITS, HouseCame, HouseSeal,
    RaiseError, Raiser, STUCK_MAX, SigningError, Stamp, Stuck, TOLD_AFTER_SECONDS,
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
            HouseCame::Waits(seconds, why) => wait(db, work, (seconds, why)).await?,
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

async fn wait(db: &Db, work: Work, (seconds, why): (i64, &'static str)) -> Result<(), DbError> {
    db.keep_house(async move |unit: &mut Unit| {
        let due = unit.now().plus_seconds(seconds);
        seals::waits(unit, (&work, due), why).await
    })
    .await
}

/// How far the seal of a step has come, as whoever looks at the workflow is told.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = WorkflowSeal)]
pub(super) struct SealView {
    /// `B-B`, `B-T`, `B-LT` or `B-LTA`.
    level: &'static str,
    /// Why it goes no further, for good: `superseded`, `discarded`, `destroyed`, `revoked` or `no_sources`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    reason: Option<String>,
    /// For what it waits, where it was tried in vain: `authority`, `responder`, `document`, `withheld` or `no_later`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    waits: Option<String>,
}

/// What is said of steps: why the system has not done them yet, and how far their seals are.
pub(super) fn told(said: Vec<Said>) -> (BTreeMap<u32, String>, BTreeMap<u32, SealView>) {
    let (mut errors, mut seals) = (BTreeMap::new(), BTreeMap::new());
    for Said {
        step,
        work,
        error,
        is_over,
    } in said
    {
        match serde_json::from_str::<Raise>(&work) {
            Ok(Raise { raise: seal }) => {
                let (reason, waits) = if is_over {
                    (error, None)
                } else {
                    (None, error)
                };
                let view = SealView {
                    level: seal.level_code(),
                    reason,
                    waits,
                };
                seals.insert(step, view);
            }
            Err(_other_work) => errors.extend(error.map(|error| (step, error))),
        }
    }
    (errors, seals)
}

/// What cannot be read is told where it is raised.
fn read((work, why): (String, Option<String>)) -> Option<(HouseSeal, String)> {
    let Raise { raise: seal } = serde_json::from_str(&work).ok()?;
    Some((seal, why.unwrap_or_default()))
}

/// Seals of workflows that are raised no further, though their documents are what they were.
///
/// # Errors
/// The database.
pub async fn seals_ended(on: &impl ConnectionTrait) -> Result<Vec<Stuck>, DbError> {
    let rows = seals::ended_by(on, (&ENDED_BY, STUCK_MAX)).await?;
    let found = rows.into_iter().filter_map(read);
    let found = found.map(|(seal, why)| seal.stuck(&why)).collect();
    signing::still_borne(on, found).await
}

/// Seals of workflows that have waited for days, or whose archive timestamp has ended.
///
/// # Errors
/// The database.
pub async fn seals_long_waiting(
    on: &impl ConnectionTrait,
    ends: &Ends,
    now: Timestamp,
) -> Result<Vec<Stuck>, DbError> {
    if !ends.raises() {
        return Ok(Vec::new());
    }
    let before = now.plus_seconds(-TOLD_AFTER_SECONDS);
    let rows = seals::long_waiting(on, (before, now), (HOUSE_ARCHIVED, STUCK_MAX)).await?;
    let found = rows.into_iter().filter_map(read);
    let found = found.filter(|(seal, _)| seal.level_code() != HOUSE_ARCHIVED || seal.is_bare(now));
    let found = found.map(|(seal, why)| seal.stuck(&why)).collect();
    signing::still_borne(on, found).await
}

/// How many seals of workflows wait for which level; under `renewal`, whose archive timestamp ends soon; under `ended`,
/// which are raised no further.
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
    let ended = seals_ended(on).await?.len();
    all.push((HOUSE_ENDED, u64::try_from(ended).unwrap_or(u64::MAX)));
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::{Raise, Said, told};

    #[test]
    fn a_row_tells_a_seal_that_is_raised_by_how_it_begins() {
        let id = uuid::Uuid::nil();
        let text = format!(
            "{{\"raise\":{{\"level\":\"B-B\",\"document\":\"{id}\",\"version\":\"{id}\",\
             \"place\":{{\"field\":\"Siegel\",\"gap\":[10,20]}},\"archive_until\":null}}}}"
        );
        let read: Raise = serde_json::from_str(&text).unwrap();
        assert_eq!(read.text().unwrap(), text);
        // What the row says beside it is why it waits, or why it stays; of other work it is the error of the step.
        let said = |step: u32, (work, is_over): (&str, bool)| Said {
            step,
            work: work.to_owned(),
            error: Some("responder".to_owned()),
            is_over,
        };
        let other = r#"{"work":"export","to":"kasse"}"#;
        let (errors, seals) = told(vec![
            said(1, (text.as_str(), false)),
            said(2, (text.as_str(), true)),
            said(3, (other, false)),
        ]);
        assert_eq!(errors.keys().collect::<Vec<_>>(), [&3]);
        assert_eq!(seals.keys().collect::<Vec<_>>(), [&1, &2]);
        let why = Some("responder".to_owned());
        assert_eq!((&seals[&1].reason, &seals[&1].waits), (&None, &why));
        assert_eq!((&seals[&2].reason, &seals[&2].waits), (&why, &None));
        assert_eq!(seals[&1].level, "B-B");
    }
}
