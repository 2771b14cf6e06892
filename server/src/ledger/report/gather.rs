//! What a report says: the head of the log, and what happened since the report of the day before.

use std::collections::BTreeMap;

use sea_orm::ConnectionTrait;
use storage::Storage;

use super::ReportError;
use crate::audit::event::Action;
use crate::audit::note::{Checkpoint, NoteKey, Policy};
use crate::audit::{KeyChain, LeafView, Outcome};
use crate::base::db::{DbError, sql};
use crate::base::{CivilDate, Timestamp};
use crate::ledger::witnesses::{Configured, cosigned_last};
use crate::ledger::{keys, timestamps};

/// Records that are read at once.
const AT_ONCE: i64 = 2_000;
/// Stands for the action of a record that cannot be read: `verify` says what is wrong with it.
const UNREADABLE: &str = "?";

/// Who issues a report, and for which log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct House {
    /// What the town is called.
    pub town: String,
    /// A key of the log, which leads to the others where it went over to another one; of a report the one that signed
    /// its checkpoint.
    pub key: NoteKey,
}

/// Of when a report is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum When {
    /// The newest checkpoint.
    Now,
    /// The report of this day: the last checkpoint from before it began; the newest where there is none.
    Day(CivilDate),
}

/// What others keep of the log.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Anchors {
    /// Timestamps of RFC 3161 over checkpoints, the newest first.
    pub timestamps: Vec<TimestampAnchor>,
    /// What witnesses last saw, the newest first.
    pub witnesses: Vec<WitnessAnchor>,
}

/// A timestamp (RFC 3161) over a checkpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TimestampAnchor {
    /// Records under that checkpoint.
    pub size: u64,
    /// When, as the authority says (`genTime`).
    pub at: Timestamp,
    /// The serial number of the timestamp.
    pub serial: String,
    /// Who issued it.
    pub authority: String,
}

/// A checkpoint that a witness has signed too.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WitnessAnchor {
    /// The name of the witness.
    pub name: String,
    /// Records under that checkpoint.
    pub size: u64,
    /// When it signed.
    pub at: Timestamp,
}

/// Where it is known what others keep of the log.
#[derive(Debug, Clone, Copy)]
pub struct Outside<'a> {
    /// What witnesses cosigned lies here.
    pub storage: &'a Storage,
    /// Who is asked to cosign.
    pub witnesses: &'a Configured,
}

impl Outside<'_> {
    /// The newest timestamp, and what each witness cosigned last.
    async fn anchors(self, on: &impl ConnectionTrait) -> Result<Anchors, ReportError> {
        let newest = timestamps::newest(on).await?;
        let stamped = newest.map(|kept| TimestampAnchor {
            size: kept.size,
            at: kept.gen_time,
            serial: kept.serial,
            authority: kept.tsa,
        });
        let mut witnesses = Vec::new();
        for key in self.witnesses.keys() {
            if let Some((size, at)) = cosigned_last(self.storage, key).await? {
                witnesses.push(WitnessAnchor {
                    name: key.name().to_owned(),
                    size,
                    at,
                });
            }
        }
        witnesses.sort_by(|one, other| (other.size, &one.name).cmp(&(one.size, &other.name)));
        Ok(Anchors {
            timestamps: stamped.into_iter().collect(),
            witnesses,
        })
    }
}

/// With what a report compares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Baseline {
    /// The beginning of the day before.
    pub at: Timestamp,
    /// Records that were signed then: what the report of that day says.
    pub size: u64,
}

/// What happened between two checkpoints: numbers, and no more.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Activity {
    /// New records by their action, the most frequent first.
    pub kinds: Vec<(String, u64)>,
    /// Looks and attempts to sign in that were refused, as the access log has them.
    pub refusals: u64,
    /// Times that openings of the log were erased.
    pub erasures: u64,
    /// Contents that were destroyed.
    pub destructions: u64,
}

/// All that a report says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facts {
    /// Who issues it.
    pub house: House,
    /// The signed note.
    pub note: String,
    /// What it says.
    pub checkpoint: Checkpoint,
    /// When it was signed.
    pub signed_at: Timestamp,
    /// With what it is compared.
    pub since: Baseline,
    /// What happened since.
    pub activity: Activity,
    /// What others keep.
    pub anchors: Anchors,
    /// When the report was made.
    pub now: Timestamp,
}

/// A checkpoint as it was signed.
struct Kept {
    note: String,
    checkpoint: Checkpoint,
    key: NoteKey,
    at: Timestamp,
}

/// Whether there is anything to report, which is all that can be said without counting what happened.
///
/// # Errors
/// [`ReportError::NoCheckpoint`] where no key of the log has signed anything yet.
pub async fn ready(on: &impl ConnectionTrait, house: &House) -> Result<(), ReportError> {
    let kept = newest(on, &known_keys(on, house).await?, None).await?;
    kept.map(drop).ok_or(ReportError::NoCheckpoint)
}

/// The keys of the log. What is wrong with handovers the verifier says: here fewer keys count then.
async fn known_keys(on: &impl ConnectionTrait, house: &House) -> Result<KeyChain, DbError> {
    let trusted = Policy::new(vec![house.key.clone()]);
    let notes = keys::handovers(on, house.key.name()).await?;
    let (keys, _faults) = KeyChain::build(&trusted, &notes);
    Ok(keys)
}

/// Gathers what a report says, made at `now`. It only reads.
///
/// # Errors
/// [`ReportError::NoCheckpoint`] where no key of the log has signed anything yet.
pub async fn gather(
    on: &impl ConnectionTrait,
    house: &House,
    (when, now): (When, Timestamp),
    outside: Outside<'_>,
) -> Result<Facts, ReportError> {
    let today = match when {
        When::Now => CivilDate::on(now),
        When::Day(day) => Some(day),
    };
    let keys = known_keys(on, house).await?;
    let of_day = match when {
        When::Now => None,
        When::Day(day) => {
            let begins = day.begins();
            let kept = newest(on, &keys, Some(begins)).await?;
            kept.map(|kept| (kept, begins))
        }
    };
    let (kept, until) = match of_day {
        Some(found) => found,
        None => {
            let kept = newest(on, &keys, None).await?;
            (kept.ok_or(ReportError::NoCheckpoint)?, now)
        }
    };
    let from = today
        .and_then(|today| today.plus_days(-1))
        .map_or(until, CivilDate::begins);
    let since = Baseline {
        at: from,
        size: size_before(on, from).await?.min(kept.checkpoint.size),
    };
    let counts = changes(on, (since.size, kept.checkpoint.size)).await?;
    let anchors = outside.anchors(on).await?;
    let refusals = refusals(on, (from, until)).await?;
    Ok(Facts {
        house: House {
            town: house.town.clone(),
            key: kept.key,
        },
        note: kept.note,
        checkpoint: kept.checkpoint,
        signed_at: kept.at,
        since,
        activity: activity(counts, refusals),
        anchors,
        now,
    })
}

/// The newest checkpoint, or the newest that was signed before an instant; only what a key of the log signed in its era
/// counts.
async fn newest(
    on: &impl ConnectionTrait,
    keys: &KeyChain,
    before: Option<Timestamp>,
) -> Result<Option<Kept>, DbError> {
    let before = before.map_or(i64::MAX, Timestamp::micros);
    let text = "SELECT note, created_at FROM checkpoint WHERE created_at < $1 \
                ORDER BY size DESC LIMIT 1";
    let row = on.query_one_raw(sql(on, text, [before.into()])).await?;
    let Some(row) = row else { return Ok(None) };
    let note: String = row.try_get_by_index(0)?;
    let at: i64 = row.try_get_by_index(1)?;
    let opened = keys.open(note.as_bytes()).ok();
    let opened = opened.map(|(checkpoint, key)| (checkpoint, key.clone()));
    Ok(opened.map(|(checkpoint, key)| Kept {
        note,
        checkpoint,
        key,
        at: Timestamp::of_micros(at),
    }))
}

/// How many records were signed before an instant.
async fn size_before(on: &impl ConnectionTrait, before: Timestamp) -> Result<u64, DbError> {
    let text = "SELECT size FROM checkpoint WHERE created_at < $1 ORDER BY size DESC LIMIT 1";
    let values = [before.micros().into()];
    let Some(row) = on.query_one_raw(sql(on, text, values)).await? else {
        return Ok(0);
    };
    let size: i64 = row.try_get_by_index(0)?;
    Ok(u64::try_from(size).unwrap_or_default())
}

/// The records from one size to another, by their actions.
async fn changes(
    on: &impl ConnectionTrait,
    (from, to): (u64, u64),
) -> Result<BTreeMap<String, u64>, DbError> {
    let signed = |size: u64| i64::try_from(size).unwrap_or(i64::MAX);
    let (mut next, end) = (signed(from), signed(to));
    let mut counts: BTreeMap<String, u64> = BTreeMap::new();
    while next < end {
        let until = end.min(next.saturating_add(AT_ONCE));
        let text = "SELECT leaf FROM audit WHERE seq >= $1 AND seq < $2";
        let values = [next.into(), until.into()];
        for row in on.query_all_raw(sql(on, text, values)).await? {
            let leaf: Vec<u8> = row.try_get_by_index(0)?;
            let action = LeafView::parse(&leaf).map_or(UNREADABLE, |leaf| leaf.action);
            *counts.entry(action.to_owned()).or_default() += 1;
        }
        next = until;
    }
    Ok(counts)
}

/// What was refused in a time, by the second log: its times never fall, so that it is read from its end.
async fn refusals(
    on: &impl ConnectionTrait,
    (from, until): (Timestamp, Timestamp),
) -> Result<u64, DbError> {
    let mut before = i64::MAX;
    let mut count: u64 = 0;
    loop {
        let text = format!(
            "SELECT seq, ts, leaf FROM access WHERE seq < $1 ORDER BY seq DESC LIMIT {AT_ONCE}"
        );
        let rows = on.query_all_raw(sql(on, text, [before.into()])).await?;
        for row in &rows {
            before = row.try_get_by_index(0)?;
            let ts: i64 = row.try_get_by_index(1)?;
            let at = Timestamp::of_micros(ts);
            if at < from {
                return Ok(count);
            }
            let leaf: Vec<u8> = row.try_get_by_index(2)?;
            let refused = |leaf: LeafView<'_>| leaf.outcome == Outcome::Refused;
            if at < until && LeafView::parse(&leaf).is_ok_and(refused) {
                count += 1;
            }
        }
        if rows.is_empty() {
            return Ok(count);
        }
    }
}

/// Numbers, the most frequent first; of equal ones in the order of their codes.
pub(super) fn activity(counts: BTreeMap<String, u64>, refusals: u64) -> Activity {
    let many = |actions: &[Action]| {
        let counts = actions.iter().map(|one| counts.get(one.code()));
        counts.flatten().sum::<u64>()
    };
    let erasures = many(&[Action::PrivacyErase]);
    let destructions = many(&[Action::ContentDestroy, Action::QuarantineDiscard]);
    let mut kinds: Vec<(String, u64)> = counts.into_iter().collect();
    kinds.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    Activity {
        kinds,
        refusals,
        erasures,
        destructions,
    }
}
