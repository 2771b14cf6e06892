//! A living log while things go wrong: a clock that is set back, silence, a store that fails at each step of a
//! publication, a backup that goes on.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use sea_orm::{ConnectionTrait as _, QueryResult};
use storage::faults::{Fault, Faulty, Operation};
use storage::{Limits, ObjectName, Opened, Storage};
use tempfile::TempDir;
use tokio::sync::watch;

use super::tests::settings;
use super::{DatabaseLog, Place, Wanted, Which};
use crate::archive::{Archive, OpenError, database_url};
use crate::audit::event::Action;
use crate::audit::log::Receipt;
use crate::audit::verify::{Code, Language, Options, Presence, Receipts, Report, Trust, verify};
use crate::audit::{Checkpoint, Leaf, Policy};
use crate::base::db::{Access, DbError, connect, sql};
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
    let policy = Policy::new(vec![publication.verifier()]);
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

/// The store of an archive, which fails as it is told.
async fn failing(archive: &Archive) -> (Faulty, Storage) {
    let opened = archive.backend.open().await.expect("a store");
    let faulty = Faulty::new(opened.objects, Vec::new());
    let opened = Opened {
        objects: Arc::new(faulty.clone()),
        format: opened.format,
    };
    let kms = Arc::clone(archive.storage.kms());
    (faulty, Storage::new(opened, kms, Limits::default()))
}

/// Has an operation go wrong, counted from now.
fn plan(faulty: &Faulty, plan: &str) {
    let mut fault: Fault = plan.parse().expect("a fault");
    fault.nth += faulty.count(fault.operation);
    faulty.add(fault);
}

/// Over how many records the lock and the public checkpoint stand.
async fn sizes(archive: &Archive) -> (u64, u64) {
    let size = |note: &[u8]| Checkpoint::claimed(note).expect("a checkpoint").size;
    let locked = std::fs::read(&archive.publication.lock).expect("a lock");
    let name = ObjectName::parse("log/checkpoint").expect("a name");
    let public = archive.storage.get_object(&name).await.expect("a store");
    (size(&locked), size(&public.expect("a checkpoint")))
}

/// Whether a checkpoint over so many records stands in the database.
async fn is_kept(archive: &Archive, size: u64) -> bool {
    let size = i64::try_from(size).expect("small");
    let on = archive.db.read();
    let asked = "SELECT size FROM checkpoint WHERE size = $1";
    let row = on.query_one_raw(sql(on, asked, [size.into()])).await;
    row.expect("a table").is_some()
}

/// Verifies with all receipts, which no failure may cost.
async fn is_whole(archive: &Archive, folder: &Path, receipts: &[Receipt]) -> Report {
    let receipts = receipts.iter().map(|one| (one.seq, one.hash)).collect();
    let kept = Options {
        receipts: Receipts::new(receipts),
        ..Options::default()
    };
    let report = verified(archive, folder, kept).await;
    finds(&report, &[]);
    report
}

/// Opens and publishes again, as the publisher does after a failure: then everything stands everywhere.
async fn heals(archive: &Archive, folder: &Path, storage: &Storage, receipts: &[Receipt]) {
    let to = archive.publication.clone();
    let again = Publisher::open(&archive.db, storage, to).await;
    let published = again.expect("a publisher").publish().await;
    published.expect("published");
    let report = is_whole(archive, folder, receipts).await;
    assert_eq!(report.tail, 0);
    assert_eq!(sizes(archive).await, (report.records, report.records));
    assert!(is_kept(archive, report.records).await);
}

/// Records of a full tile.
const WIDE: u64 = 256;

/// What fails of a publication that fills a tile, and by how much the lock and the public checkpoint have grown then.
const STEPS: [(&str, u64, u64); 16] = [
    // Records and hashes of the full tile, those of the one that it begins, and the tile above.
    ("put 1 fail-before", 0, 0),
    ("put 1 fail-after", 0, 0),
    ("put 2 fail-before", 0, 0),
    ("put 2 fail-after", 0, 0),
    ("put 3 fail-before", 0, 0),
    ("put 3 fail-after", 0, 0),
    ("put 4 fail-before", 0, 0),
    ("put 4 fail-after", 0, 0),
    ("put 5 fail-before", 0, 0),
    ("put 5 fail-after", 0, 0),
    // The lock has moved: what is public is looked at, and replaced.
    ("get 1 fail-before", WIDE, 0),
    ("get 1 fail-after", WIDE, 0),
    ("put 6 fail-before", WIDE, 0),
    ("put 6 fail-after", WIDE, WIDE),
    // The partial tile that nobody needs any more.
    ("delete 1 fail-before", WIDE, WIDE),
    ("delete 1 fail-after", WIDE, WIDE),
];

#[tokio::test(flavor = "multi_thread")]
async fn whichever_step_of_a_publication_fails_nothing_is_lost_and_the_next_one_heals_it() {
    let (folder, clock) = place();
    let archive = open(folder.path(), &clock).await.expect("an archive");
    publish(&archive).await.expect("published");
    let (faulty, storage) = failing(&archive).await;
    let mut receipts = Vec::new();
    for (step, locked, public) in STEPS {
        let (size, _) = sizes(&archive).await;
        receipts.push(add(&archive, WIDE).await);
        let to = archive.publication.clone();
        let running = Publisher::open(&archive.db, &storage, to).await;
        let mut running = running.expect("a publisher");
        plan(&faulty, step);
        let failed = running.publish().await;
        let failed = failed.expect_err("it was planned");
        assert!(matches!(failed, PublishError::Store(_)), "{step}: {failed}");
        let stand = (size + locked, size + public);
        assert_eq!(sizes(&archive).await, stand, "{step}");
        // At no time is anything locked that has not all of its tiles.
        is_whole(&archive, folder.path(), &receipts).await;
        heals(&archive, folder.path(), &storage, &receipts).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn while_the_lock_cannot_be_moved_nothing_is_made_public() {
    let (folder, clock) = place();
    let archive = open(folder.path(), &clock).await.expect("an archive");
    publish(&archive).await.expect("published");
    let receipts = [add(&archive, 300).await];
    // A folder stands where the new lock is written.
    let beside = archive.publication.lock.with_extension("new");
    std::fs::create_dir(&beside).expect("a folder");
    let failed = publish(&archive).await.expect_err("no place for it");
    assert!(matches!(failed, PublishError::Lock { .. }), "{failed}");
    assert_eq!(sizes(&archive).await, (1, 1));
    is_whole(&archive, folder.path(), &receipts).await;
    std::fs::remove_dir(&beside).expect("a folder");
    heals(&archive, folder.path(), &archive.storage, &receipts).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_publisher_that_runs_heals_what_failed_though_nothing_more_is_written() {
    let (folder, clock) = place();
    let archive = open(folder.path(), &clock).await.expect("an archive");
    publish(&archive).await.expect("published");
    let receipts = [add(&archive, 1).await];
    let (faulty, storage) = failing(&archive).await;
    let to = archive.publication.clone();
    let publisher = Publisher::open(&archive.db, &storage, to).await;
    let publisher = publisher.expect("a publisher");
    // Records, hashes, then the checkpoint: it is locked and not public.
    plan(&faulty, "put 3 fail-before");
    let before = faulty.count(Operation::Put);
    let (mut state, tasks) = (publisher.state(), Tasks::default());
    publisher.start(&tasks);
    signed(&mut state, 2).await;
    tasks.end().await;
    assert_eq!(
        faulty.count(Operation::Put) - before,
        4,
        "one of them again"
    );
    assert!(!state.borrow().failing);
    assert_eq!(sizes(&archive).await, (2, 2));
    is_whole(&archive, folder.path(), &receipts).await;
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir(to).expect("a new folder");
    for entry in std::fs::read_dir(from).expect("a folder") {
        let entry = entry.expect("an entry");
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).expect("copied");
        }
    }
}

/// Everything as it is now, in a folder of its own.
async fn backup(folder: &Path) -> TempDir {
    let restored = TempDir::new().expect("a temporary folder");
    for part in ["keys", "lock", "blobs"] {
        copy(&folder.join(part), &restored.path().join(part));
    }
    let url = database_url(&settings(folder));
    let on = connect(&url, Access::Write).await.expect("a database");
    let target = restored.path().join("papierlos.db");
    let text = format!("VACUUM INTO '{}'", target.display());
    on.execute_unprepared(&text).await.expect("a backup");
    restored
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_that_goes_on_is_found_by_a_receipt_a_kept_checkpoint_or_the_lock() {
    let (folder, clock) = place();
    let archive = open(folder.path(), &clock).await.expect("an archive");
    add(&archive, 3).await;
    publish(&archive).await.expect("published");
    let restored = backup(folder.path()).await;
    let lost = add(&archive, 5).await;
    publish(&archive).await.expect("published");
    let newest = std::fs::read(&archive.publication.lock).expect("a lock");

    // With the lock of then it is an honest archive, and goes on as one.
    let other = open(restored.path(), &clock).await.expect("an archive");
    add(&other, 10).await;
    let memory: [(Options<'_>, &[Code]); 3] = [
        (Options::default(), &[]),
        (
            Options {
                receipts: Receipts::new(vec![(lost.seq, lost.hash)]),
                ..Options::default()
            },
            &[Code::ReceiptNotInLog],
        ),
        (
            Options {
                kept: vec![newest.clone()],
                ..Options::default()
            },
            &[Code::ForkAgainstKeptCheckpoint],
        ),
    ];
    for (kept, expected) in memory {
        finds(&verified(&other, restored.path(), kept).await, expected);
    }
    // The lock lies where no backup of the database puts it back.
    std::fs::write(&other.publication.lock, &newest).expect("a lock");
    let report = verified(&other, restored.path(), Options::default()).await;
    let (root, tile, entries) = (
        Code::CheckpointRootMismatch,
        Code::TileMissing,
        Code::EntriesMissing,
    );
    finds(&report, &[root, tile, entries]);
    let refused = open(restored.path(), &clock).await.expect_err("set back");
    let OpenError::Lock(PublishError::RolledBack { locked: 9 }) = refused else {
        unreachable!("{refused:?}");
    };
}
