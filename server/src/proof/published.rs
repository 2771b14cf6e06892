//! A living log while things go wrong: a clock that is set back, silence, a store that fails at each step of a
//! publication, a backup that goes on.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use sea_orm::{ConnectionTrait as _, QueryResult};
use tempfile::TempDir;
use tokio::sync::watch;

use super::tests::settings;
use super::{DatabaseLog, Place, Wanted, Which};
use crate::archive::{Archive, OpenError, database_url};
use crate::audit::event::Action;
use crate::audit::log::Receipt;
use crate::audit::verify::{Code, Language, Options, Presence, Report, Trust, verify};
use crate::audit::{Leaf, Policy};
use crate::base::db::{DbError, sql};
use crate::base::{Actor, Clock, ManualClock, Tasks, Timestamp};
use crate::ledger::publisher::{Publication, PublishError, Published, Publisher};
use crate::unit::Unit;

const HOUR_MICROS: i64 = 3_600_000_000;
/// Longer than anything takes that happens at all.
const PATIENCE: Duration = Duration::from_secs(30);

fn place() -> (TempDir, Arc<ManualClock>) {
    let now = Timestamp::parse("2026-11-25T10:00:00Z").expect("a time");
    let folder = TempDir::new().expect("a temporary folder");
    (folder, Arc::new(ManualClock::at(now)))
}

async fn open(folder: &Path, clock: &Arc<ManualClock>) -> Result<Archive, OpenError> {
    let clock: Arc<dyn Clock> = clock.clone();
    Archive::open_at(&settings(folder), clock).await
}

/// Adds records that speak of nothing, in one unit.
async fn add(archive: &Archive, records: u64) -> Receipt {
    let written: Result<_, DbError> = archive
        .db
        .write(&Actor::system(), async move |unit: &mut Unit| {
            (0..records).for_each(|_| unit.record(Action::LogHeartbeat, None));
            Ok(())
        })
        .await;
    written.expect("written").receipt
}

async fn publish(archive: &Archive) -> Result<(), PublishError> {
    let to = archive.publication.clone();
    let mut publisher = Publisher::open(&archive.db, &archive.storage, to).await?;
    publisher.publish().await
}

async fn leaves(archive: &Archive) -> Vec<Leaf> {
    let on = archive.db.read();
    let asked = sql(on, "SELECT leaf FROM audit ORDER BY seq", []);
    let rows = on.query_all_raw(asked).await.expect("records");
    let leaf = |row: &QueryResult| {
        let bytes: Vec<u8> = row.try_get_by_index(0).expect("bytes");
        Leaf::parse(&bytes).expect("a record")
    };
    rows.iter().map(leaf).collect()
}

/// Verifies what lies in `folder` as it is now, with what somebody kept.
async fn verified(archive: &Archive, folder: &Path, kept: Options<'_>) -> Report {
    let publication = &archive.publication;
    let policy = Policy::new(vec![publication.signer.verifier()]);
    let place = Place {
        url: database_url(&settings(folder)),
        storage: archive.storage.clone(),
        origin: publication.origin.clone(),
        policy: policy.to_string(),
        lock: publication.lock.clone(),
    };
    let wanted = Wanted {
        openings: Presence::Present,
        states: Presence::Present,
    };
    let log = DatabaseLog::open(place, Which::Changes, wanted).await;
    let mut log = log.expect("a readable log");
    let options = Options {
        trust: Trust::Pinned(policy),
        ..kept
    };
    tokio::task::block_in_place(|| verify(&mut log, &options)).expect("a readable log")
}

/// Waits until so many records are under a checkpoint.
async fn signed(state: &mut watch::Receiver<Published>, size: u64) {
    let reached = state.wait_for(|published| published.size >= size);
    let reached = tokio::time::timeout(PATIENCE, reached).await;
    drop(reached.expect("in time").expect("the publisher runs"));
}

#[track_caller]
fn finds(report: &Report, expected: &[Code]) {
    let found: Vec<Code> = report.findings.counts().keys().copied().collect();
    assert_eq!(found, expected, "{}", report.to_text(Language::English));
}

#[tokio::test(flavor = "multi_thread")]
async fn each_time_the_clock_is_set_back_the_log_says_so_once() {
    let (folder, clock) = place();
    let archive = open(folder.path(), &clock).await.expect("an archive");
    // As far as machines go back by themselves, the record alone tells.
    clock.step(-2_000_000);
    add(&archive, 1).await;
    clock.step(2_000_000 - HOUR_MICROS);
    add(&archive, 1).await;
    add(&archive, 2).await;
    clock.step(HOUR_MICROS + 1_000_000);
    add(&archive, 1).await;
    clock.step(-HOUR_MICROS);
    add(&archive, 1).await;
    clock.step(HOUR_MICROS);

    let leaves = leaves(&archive).await;
    let said = leaves.iter().map(|leaf| (&*leaf.draft.action, leaf.clk_ms));
    let (beat, back) = ("log.heartbeat", ("clock.regress", -3_600_000));
    let expected: [(&str, i64); 9] = [
        ("log.start", 0),
        (beat, -2_000),
        back,
        (beat, -3_600_000),
        (beat, -3_600_000),
        (beat, -3_600_000),
        (beat, 0),
        back,
        (beat, -3_600_000),
    ];
    assert_eq!(said.collect::<Vec<_>>(), expected);
    assert!(leaves.is_sorted_by_key(|leaf| leaf.ts_micros));
    publish(&archive).await.expect("published");
    let report = verified(&archive, folder.path(), Options::default()).await;
    finds(&report, &[]);
    assert_eq!((report.records, report.tail), (9, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_silent_log_says_that_it_lives_and_signs_that() {
    let (folder, clock) = place();
    let archive = open(folder.path(), &clock).await.expect("an archive");
    let to = Publication {
        every: Duration::from_millis(1),
        heartbeat: Duration::from_millis(50),
        ..archive.publication.clone()
    };
    let publisher = Publisher::open(&archive.db, &archive.storage, to).await;
    let publisher = publisher.expect("a publisher");
    let (mut state, tasks) = (publisher.state(), Tasks::default());
    publisher.start(&tasks);
    signed(&mut state, 3).await;
    tasks.end().await;

    let leaves = leaves(&archive).await;
    let said: Vec<&str> = leaves.iter().map(|leaf| &*leaf.draft.action).collect();
    let (first, beats) = said.split_first().expect("records");
    assert_eq!(*first, "log.start");
    assert!(
        beats.iter().all(|beat| *beat == "log.heartbeat"),
        "{said:?}"
    );
    let report = verified(&archive, folder.path(), Options::default()).await;
    finds(&report, &[]);
    assert_eq!(report.tail, 0);
}
