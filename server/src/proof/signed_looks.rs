//! The log of looks as it is published: signed under its own name, from an archive of before, by two at once; set
//! back, and what is held back then.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use sea_orm::ConnectionTrait as _;
use tempfile::TempDir;
use tokio::sync::watch;

use super::tests::settings;
use super::{DatabaseLog, Place, Wanted, Which};
use crate::archive::{Archive, database_url};
use crate::audit::event::{Action, Look};
use crate::audit::verify::{
    Check, Code, Language, Options, Presence, Reason, Report, Status, Trust, verify,
};
use crate::audit::{Checkpoint, NoteKey, Policy};
use crate::base::db::{Access, DbError, connect};
use crate::base::{Actor, Clock, ManualClock, Tasks, Timestamp};
use crate::ledger::looks::{Looked, Looks};
use crate::ledger::publisher::{Publication, PublishError, Published, Publisher};
use crate::unit::Unit;

/// Longer than anything takes that happens at all.
const PATIENCE: Duration = Duration::from_secs(30);

pub(super) async fn open(folder: &Path) -> Archive {
    let now = Timestamp::parse("2026-11-25T10:00:00Z").expect("a time");
    let clock: Arc<dyn Clock> = Arc::new(ManualClock::at(now));
    let opened = Archive::open_at(&settings(folder), clock).await;
    opened.expect("an archive")
}

fn start(archive: &Archive, folder: &Path, tasks: &Tasks) -> Looks {
    let policy = settings(folder).access_log;
    Looks::start(&archive.db, archive.access.clone(), policy, tasks)
}

fn a_look() -> Looked {
    Looked::of(Look::ReadLog, &Actor::system())
}

/// Adds looks at nothing in particular.
pub(super) async fn look(archive: &Archive, folder: &Path, many: u64) {
    let tasks = Tasks::default();
    let looks = start(archive, folder, &tasks);
    for _ in 0..many {
        looks.note(a_look()).await.expect("noted");
    }
    tasks.end().await;
}

pub(super) async fn publish(archive: &Archive, to: &Publication) -> Result<(), PublishError> {
    let publisher = Publisher::open(&archive.db, &archive.storage, to.clone());
    publisher.await?.publish().await
}

/// Verifies the looks with the key of the log of changes, as it stands on paper, and with what somebody kept.
async fn verified(archive: &Archive, folder: &Path, kept: Vec<Vec<u8>>) -> Report {
    verified_with(archive, folder, vec![archive.publication.verifier()], kept).await
}

/// The same with these keys of the log of changes on paper.
pub(super) async fn verified_with(
    archive: &Archive,
    folder: &Path,
    keys: Vec<NoteKey>,
    kept: Vec<Vec<u8>>,
) -> Report {
    let place = Place {
        url: database_url(&settings(folder)),
        storage: archive.storage.clone(),
        origin: archive.looks.origin.clone(),
        policy: Policy::new(vec![archive.publication.verifier()]).to_string(),
        lock: archive.looks.lock.clone(),
    };
    let wanted = Wanted {
        openings: Presence::Absent,
        states: Presence::Absent,
    };
    let log = DatabaseLog::open(place, Which::Looks, wanted).await;
    let mut log = log.expect("a readable log");
    let options = Options {
        trust: Trust::Pinned(Policy::new(keys)),
        kept,
        ..Options::default()
    };
    tokio::task::block_in_place(|| verify(&mut log, &options)).expect("a readable log")
}

#[track_caller]
pub(super) fn finds(report: &Report, expected: &[Code]) {
    let found: Vec<Code> = report.findings.counts().keys().copied().collect();
    assert_eq!(found, expected, "{}", report.to_text(Language::English));
}

pub(super) fn locked(to: &Publication) -> Vec<u8> {
    std::fs::read(&to.lock).expect("a lock")
}

pub(super) fn size(note: &[u8]) -> u64 {
    Checkpoint::claimed(note).expect("a checkpoint").size
}

/// Waits until the publisher says so.
async fn until(state: &mut watch::Receiver<Published>, says: impl Fn(&Published) -> bool) {
    let reached = state.wait_for(|published| says(published));
    let reached = tokio::time::timeout(PATIENCE, reached).await;
    drop(reached.expect("in time").expect("the publisher runs"));
}

/// Takes the looks from this one on out of the database.
pub(super) async fn set_back(folder: &Path, to: u64) {
    let last = to - 1;
    past_the_server(
        folder,
        [
            "DROP TRIGGER access_no_delete".to_owned(),
            format!("DELETE FROM access WHERE seq > {last}"),
            format!(
                "UPDATE access_head SET seq = {last}, noted = {last}, \
             h = (SELECT h FROM access WHERE seq = {last})"
            ),
        ],
    )
    .await;
}

async fn past_the_server(folder: &Path, statements: impl IntoIterator<Item = String>) {
    let on = connect(&database_url(&settings(folder)), Access::Write).await;
    let on = on.expect("a database");
    for sql in statements {
        on.execute_unprepared(&sql).await.expect("done");
    }
    on.close().await.expect("a connection closes");
}

#[tokio::test(flavor = "multi_thread")]
async fn looks_are_signed_under_the_name_of_their_log_and_proven_without_their_records() {
    let folder = TempDir::new().expect("a temporary folder");
    let archive = open(folder.path()).await;
    look(&archive, folder.path(), 300).await;
    publish(&archive, &archive.looks).await.expect("published");
    let early = locked(&archive.looks);
    look(&archive, folder.path(), 7).await;
    publish(&archive, &archive.looks).await.expect("published");

    let report = verified(&archive, folder.path(), vec![early]).await;
    finds(&report, &[]);
    assert_eq!((report.records, report.tail), (307, 0));
    for check in [Check::Signature, Check::Chain, Check::Tree, Check::Proofs] {
        assert_eq!(report.status(check), Status::Ok, "{check:?}");
    }
    assert_eq!(report.status(Check::Kept), Status::Ok);
    let openings = report.status(Check::Openings);
    assert_eq!(openings, Status::NotChecked(Reason::NotOffered));
    let key = archive.publication.verifier();
    let named = key.named(&archive.looks.origin);
    assert_ne!(named.id(), key.id());
    let signer = report.checkpoint.and_then(|checkpoint| checkpoint.key);
    assert_eq!(signer, Some(format!("{}+{}", named.name(), named.id())));
    let objects = folder.path().join("blobs/objects/log/access");
    assert!(objects.join("tile/0/000").is_file(), "a full tile");
    assert!(!objects.join("tile/entries").exists(), "looks are public");

    // The checkpoint of the other log is signed by the same key, and is none of this log.
    let changes = &archive.publication;
    publish(&archive, changes).await.expect("published");
    std::fs::write(&archive.looks.lock, locked(changes)).expect("a lock");
    let report = verified(&archive, folder.path(), Vec::new()).await;
    assert!(report.findings.has(Code::KeyUnknown));
}

#[tokio::test(flavor = "multi_thread")]
async fn looks_of_an_archive_from_before_are_signed_behind_its_start() {
    let folder = TempDir::new().expect("a temporary folder");
    let archive = open(folder.path()).await;
    look(&archive, folder.path(), 700).await;
    let tasks = Tasks::default();
    let (db, storage) = (&archive.db, &archive.storage);
    let mut state = Publisher::follow(db, storage, archive.looks.clone(), &tasks).await;
    until(&mut state, |published| published.size == 700).await;
    tasks.end().await;
    let report = verified(&archive, folder.path(), Vec::new()).await;
    finds(&report, &[]);
    assert_eq!((report.records, report.tail), (700, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_of_looks_is_signed_before_its_first_so_that_its_checkpoint_can_be_missed() {
    let folder = TempDir::new().expect("a temporary folder");
    let archive = open(folder.path()).await;
    let tasks = Tasks::default();
    let (db, storage) = (&archive.db, &archive.storage);
    let state = Publisher::follow(db, storage, archive.looks.clone(), &tasks).await;
    let empty = locked(&archive.looks);
    assert_eq!(size(&empty), 0);
    assert!(state.borrow().at.is_some());
    tasks.end().await;
    let report = verified(&archive, folder.path(), Vec::new()).await;
    finds(&report, &[]);
    assert_eq!((report.exit_code(), report.records), (0, 0));

    look(&archive, folder.path(), 2).await;
    publish(&archive, &archive.looks).await.expect("published");
    let report = verified(&archive, folder.path(), vec![empty]).await;
    finds(&report, &[]);
    assert_eq!(report.status(Check::Kept), Status::Ok);

    std::fs::remove_file(&archive.looks.lock).expect("a lock");
    let public = folder.path().join("blobs/objects/log/access/checkpoint");
    std::fs::remove_file(public).expect("a checkpoint");
    let report = verified(&archive, folder.path(), Vec::new()).await;
    let signature = report.status(Check::Signature);
    assert_eq!(signature, Status::NotChecked(Reason::NoCheckpoint));
    assert_eq!(report.exit_code(), 2);
    // The row in the database tells the publisher, which makes no new lock.
    let refused = publish(&archive, &archive.looks).await;
    let missing = matches!(refused, Err(PublishError::LockMissing { size: 2, .. }));
    assert!(missing, "{refused:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_who_publish_looks_one_moves_the_lock_and_the_other_takes_it_up() {
    let folder = TempDir::new().expect("a temporary folder");
    let archive = open(folder.path()).await;
    look(&archive, folder.path(), 3).await;
    let (db, storage) = (&archive.db, &archive.storage);
    let open = || Publisher::open(db, storage, archive.looks.clone());
    let (mut one, mut other) = (open().await.expect("one"), open().await.expect("another"));
    one.publish().await.expect("published");
    let late = other.publish().await;
    assert!(matches!(late, Err(PublishError::LockMoved)), "{late:?}");

    let often = Publication {
        every: Duration::from_millis(5),
        ..archive.looks.clone()
    };
    let tasks = Tasks::default();
    let mut one = Publisher::follow(db, storage, often.clone(), &tasks).await;
    let mut other = Publisher::follow(db, storage, often, &tasks).await;
    for so_far in [10, 17, 24] {
        look(&archive, folder.path(), 7).await;
        until(&mut one, |published| published.size == so_far).await;
        until(&mut other, |published| published.size == so_far).await;
    }
    tasks.end().await;
    assert!(!one.borrow().contradicts() && !other.borrow().contradicts());
    let report = verified(&archive, folder.path(), Vec::new()).await;
    finds(&report, &[]);
    assert_eq!((report.records, report.tail), (24, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn looks_of_a_database_that_was_set_back_hold_back_what_must_be_recorded_first() {
    let folder = TempDir::new().expect("a temporary folder");
    let archive = open(folder.path()).await;
    look(&archive, folder.path(), 5).await;
    publish(&archive, &archive.looks).await.expect("published");
    set_back(folder.path(), 3).await;
    let report = verified(&archive, folder.path(), Vec::new()).await;
    finds(&report, &[Code::LogShorterThanCheckpoint]);

    let tasks = Tasks::default();
    let (db, storage) = (&archive.db, &archive.storage);
    let state = Publisher::follow(db, storage, archive.looks.clone(), &tasks).await;
    let looks = start(&archive, folder.path(), &tasks).heeding(state.clone());
    // Nobody has looked yet: that is waited for, not taken for a yes.
    assert!(!looks.note_first(a_look()).await, "it was recorded first");
    let known = *state.borrow();
    assert!(known.contradicts() && known.failing, "{known:?}");
    // What nobody waits for is recorded as before, and so is that somebody was refused.
    for _ in 0..3 {
        looks.note(a_look()).await.expect("noted");
    }
    tasks.end().await;
    // Changes are of another log, and that one is whole.
    let written: Result<_, DbError> = archive
        .db
        .write(&Actor::system(), async |unit: &mut Unit| {
            unit.record(Action::LogHeartbeat, None);
            Ok(())
        })
        .await;
    assert!(written.is_ok());
    // It has gone on, and is longer than what was signed.
    let report = verified(&archive, folder.path(), Vec::new()).await;
    assert_eq!(report.records, 7);
    finds(&report, &[Code::CheckpointRootMismatch, Code::TileMismatch]);
    let refused = publish(&archive, &archive.looks).await;
    let set_back = matches!(refused, Err(PublishError::RolledBack { locked: 5 }));
    assert!(set_back, "{refused:?}");
    assert_eq!(size(&locked(&archive.looks)), 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_must_be_recorded_first_waits_until_looks_were_held_against_their_lock() {
    let folder = TempDir::new().expect("a temporary folder");
    let archive = open(folder.path()).await;
    look(&archive, folder.path(), 5).await;
    publish(&archive, &archive.looks).await.expect("published");
    let (db, storage) = (&archive.db, &archive.storage);
    let first = async |to: &Publication| {
        let tasks = Tasks::default();
        let state = Publisher::follow(db, storage, to.clone(), &tasks).await;
        let looks = start(&archive, folder.path(), &tasks).heeding(state);
        let noted = looks.note_first(a_look()).await;
        tasks.end().await;
        noted
    };
    assert!(first(&archive.looks).await, "after a start like any other");
    // Lost tiles are computed from the looks: that is waited for, and not that they are written.
    let tiles = folder.path().join("blobs/objects/log/access/tile");
    std::fs::remove_dir_all(&tiles).expect("tiles");
    assert!(first(&archive.looks).await, "without tiles");

    // Nobody looks, or nobody will any more.
    let (publisher, state) = watch::channel(Published::default());
    drop(publisher);
    let tasks = Tasks::default();
    let looks = start(&archive, folder.path(), &tasks).heeding(state);
    assert!(!looks.note_first(a_look()).await, "nobody has looked");
    tasks.end().await;

    // Without its lock nobody can say what was signed: that is told, and nothing more is signed.
    std::fs::remove_file(&archive.looks.lock).expect("a lock");
    assert!(first(&archive.looks).await, "without a lock");
    let refused = publish(&archive, &archive.looks).await;
    let missing = matches!(refused, Err(PublishError::LockMissing { .. }));
    assert!(missing, "{refused:?}");
}

#[tokio::test]
async fn a_look_that_was_damaged_before_any_was_signed_holds_nothing_back() {
    let folder = TempDir::new().expect("a temporary folder");
    let archive = open(folder.path()).await;
    look(&archive, folder.path(), 5).await;
    let damage = [
        "DROP TRIGGER access_no_update",
        "UPDATE access SET h = zeroblob(32) WHERE seq = 2",
    ];
    past_the_server(folder.path(), damage.map(str::to_owned)).await;
    let (db, storage, tasks) = (&archive.db, &archive.storage, Tasks::default());
    let mut state = Publisher::follow(db, storage, archive.looks.clone(), &tasks).await;
    until(&mut state, |published| published.failing).await;
    assert!(!state.borrow().contradicts(), "nothing was signed");
    let looks = start(&archive, folder.path(), &tasks).heeding(state);
    assert!(looks.note_first(a_look()).await);
    tasks.end().await;
    assert!(!archive.looks.lock.exists());
}
