//! What an open archive makes of a lost lock, damaged tiles and keys, and a clock that goes wrong.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use futures_util::StreamExt as _;
use sea_orm::ConnectionTrait as _;
use tempfile::TempDir;
use tokio::sync::oneshot;

use super::{Archive, OpenError, database_url, lock_beside_database};
use crate::audit::event::{Action, Kind, Subject};
use crate::base::db::{Access, DbError, connect, sql};
use crate::base::{Actor, Clock, ManualClock, Timestamp};
use crate::config::{Config, Sources};
use crate::ledger::publisher::{PublishError, Publisher};
use crate::unit::Unit;

pub(super) struct Place {
    folder: TempDir,
    clock: Arc<ManualClock>,
}

impl Place {
    pub(super) fn new() -> Self {
        let now = Timestamp::parse("2026-11-25T10:00:00Z").expect("a time");
        Self {
            folder: TempDir::new().expect("a temporary folder"),
            clock: Arc::new(ManualClock::at(now)),
        }
    }

    pub(super) fn config(&self) -> Config {
        Self::at(self.folder.path())
    }

    fn at(folder: &Path) -> Config {
        let arguments = [("data_dir", folder.display().to_string())];
        let sources = Sources {
            file: None,
            env: &BTreeMap::new(),
            arguments: &arguments,
            read: &|path: &Path| std::fs::read_to_string(path),
        };
        Config::load(&sources).expect("settings")
    }

    /// Where a published object of the log lies.
    pub(super) fn object(&self, name: &str) -> std::path::PathBuf {
        self.folder.path().join("blobs/objects/log").join(name)
    }

    /// Lets time go by.
    pub(super) fn pass(&self, seconds: i64) {
        self.clock.step(seconds * 1_000_000);
    }

    pub(super) async fn open(&self) -> Result<Archive, OpenError> {
        self.open_by(&self.config()).await
    }

    /// As a machine with other settings does.
    pub(super) async fn open_by(&self, config: &Config) -> Result<Archive, OpenError> {
        let clock: Arc<dyn Clock> = self.clock.clone();
        Archive::open_at(config, clock).await
    }
}

#[tokio::test]
async fn the_folder_of_the_data_may_be_called_anything() {
    let place = Place::new();
    let folder = place.folder.path().join("Stadt A: 100%25 #1");
    let archive = Archive::open_at(&Place::at(&folder), place.clock.clone()).await;
    add(&archive.expect("an archive"), 1).await;
    assert!(folder.join("papierlos.db").is_file());
}

#[tokio::test]
async fn a_lock_on_the_disk_of_its_database_is_seen() {
    let place = Place::new();
    let mut config = place.config();
    assert!(!lock_beside_database(&config), "nothing is there yet");
    let archive = place.open().await.expect("an archive");
    archive.db.close().await;
    assert!(lock_beside_database(&config));
    // A file system of its own, wherever there is a kernel.
    config.log.lock_dir = "/proc".into();
    assert!(!lock_beside_database(&config));
}

/// Adds records that speak of nothing, in few transactions.
async fn add(archive: &Archive, records: u64) {
    let written: Result<_, DbError> = archive
        .db
        .write(&Actor::system(), async move |unit: &mut Unit| {
            (0..records).for_each(|_| unit.record(Action::LogHeartbeat, None));
            Ok(())
        })
        .await;
    written.expect("written");
}

async fn publisher(archive: &Archive) -> Result<Publisher, PublishError> {
    Publisher::open(&archive.db, &archive.storage, archive.publication.clone()).await
}

async fn publish(archive: &Archive) -> Result<(), PublishError> {
    publisher(archive).await?.publish().await
}

async fn objects(archive: &Archive) -> Vec<String> {
    let listed = archive.storage.list_objects(None);
    let mut names: Vec<String> = listed
        .map(|one| one.expect("an object").name.to_string())
        .collect()
        .await;
    names.sort();
    names
}

fn object(archive: &Place, name: &str) -> std::path::PathBuf {
    archive.object(name)
}

#[tokio::test]
async fn a_lock_that_is_gone_stops_everything_that_writes() {
    let place = Place::new();
    let archive = place.open().await.expect("an archive");
    publish(&archive).await.expect("published");
    let lock = archive.publication.lock.clone();
    archive.db.close().await;
    std::fs::remove_file(&lock).expect("a lock");
    for _ in 0..2 {
        // The public checkpoint tells, and without it the row.
        let refused = place.open().await.expect_err("no lock");
        let OpenError::Lock(PublishError::LockMissing { size: 1, .. }) = refused else {
            unreachable!("{refused:?}");
        };
        std::fs::remove_file(object(&place, "checkpoint")).ok();
    }
    assert!(!lock.exists(), "a new lock was made");
}

#[tokio::test]
async fn a_lock_that_was_set_back_never_takes_the_place_of_a_newer_checkpoint() {
    let place = Place::new();
    let archive = place.open().await.expect("an archive");
    publish(&archive).await.expect("published");
    let lock = archive.publication.lock.clone();
    let old = std::fs::read(&lock).expect("a lock");
    add(&archive, 3).await;
    let mut running = publisher(&archive).await.expect("a publisher");
    running.publish().await.expect("published");
    let newest = std::fs::read(object(&place, "checkpoint")).expect("a checkpoint");
    std::fs::write(&lock, &old).expect("a lock");
    add(&archive, 1).await;
    let error = running.publish().await.expect_err("the lock has moved");
    assert!(matches!(error, PublishError::LockMoved), "{error:?}");
    let refused = publisher(&archive).await.expect_err("set back");
    assert!(
        matches!(
            refused,
            PublishError::LockBehind {
                locked: 1,
                size: 4,
                ..
            }
        ),
        "{refused:?}"
    );
    let public = std::fs::read(object(&place, "checkpoint")).expect("a checkpoint");
    assert_eq!(public, newest);
}

#[tokio::test]
async fn another_full_tile_than_ours_is_a_fork() {
    let place = Place::new();
    let archive = place.open().await.expect("an archive");
    publish(&archive).await.expect("published");
    add(&archive, 300).await;
    let foreign = object(&place, "tile/0/000");
    std::fs::write(&foreign, vec![7; 256 * 32]).expect("a tile");
    let error = publish(&archive).await.expect_err("a fork");
    assert!(matches!(error, PublishError::Forked { .. }), "{error:?}");
}

#[tokio::test]
async fn a_crash_before_the_checkpoint_is_public_leaves_the_tiles_it_needs() {
    let place = Place::new();
    let archive = place.open().await.expect("an archive");
    add(&archive, 199).await;
    publish(&archive).await.expect("published");
    let lock = archive.publication.lock.clone();
    let before = std::fs::read(&lock).expect("a lock");
    let checkpoint = std::fs::read(object(&place, "checkpoint")).expect("a checkpoint");
    let on = connect(&database_url(&place.config()), Access::Write)
        .await
        .expect("a database");
    add(&archive, 100).await;
    publish(&archive).await.expect("published");
    // The partial tiles are gone only now, and what needed them reads the full one.
    let names = objects(&archive).await;
    assert!(
        !names.iter().any(|name| name.contains("000.p/200")),
        "{names:?}"
    );
    on.execute_unprepared("DROP TRIGGER checkpoint_no_delete")
        .await
        .expect("gone");
    on.execute_unprepared("DELETE FROM checkpoint WHERE size = 300")
        .await
        .expect("as before");
    std::fs::write(&lock, before).expect("a lock");
    std::fs::write(object(&place, "checkpoint"), checkpoint).expect("a checkpoint");
    std::fs::remove_file(object(&place, "tile/0/000")).expect("a tile");
    let rebuilt = publisher(&archive).await.expect("computed again");
    drop(rebuilt);
    assert!(object(&place, "tile/0/000.p/200").exists());
    publish(&archive).await.expect("published");
}

#[tokio::test]
async fn a_partial_tile_that_was_replaced_is_cut_out_of_the_full_one() {
    let place = Place::new();
    let archive = place.open().await.expect("an archive");
    add(&archive, 199).await;
    publish(&archive).await.expect("published");
    let partial = std::fs::read(object(&place, "tile/0/000.p/200")).expect("a tile");
    let full = [partial, vec![9; 56 * 32]].concat();
    std::fs::write(object(&place, "tile/0/000"), full).expect("a tile");
    std::fs::remove_file(object(&place, "tile/0/000.p/200")).expect("a tile");
    publisher(&archive).await.expect("the edge is there");
    assert!(
        !object(&place, "tile/0/000.p/200").exists(),
        "everything was computed again"
    );
}

#[tokio::test]
async fn a_full_tile_that_is_lost_at_the_edge_is_written_again() {
    let place = Place::new();
    let archive = place.open().await.expect("an archive");
    add(&archive, 255).await;
    publish(&archive).await.expect("published");
    std::fs::remove_file(object(&place, "tile/0/000")).expect("a tile");
    publisher(&archive).await.expect("computed again");
    assert!(object(&place, "tile/0/000").exists());
}

#[tokio::test]
async fn nothing_is_signed_while_the_clock_is_behind_the_last_signature() {
    let place = Place::new();
    let archive = place.open().await.expect("an archive");
    publish(&archive).await.expect("published");
    add(&archive, 1).await;
    place.clock.step(-3_600_000_000);
    let error = publish(&archive).await.expect_err("an hour early");
    assert!(
        matches!(error, PublishError::ClockBehind { .. }),
        "{error:?}"
    );
    place.clock.step(3_601_000_000);
    publish(&archive).await.expect("published");
}

#[tokio::test]
async fn a_first_record_of_another_log_is_not_signed() {
    let place = Place::new();
    let archive = place.open().await.expect("an archive");
    let mut foreign = archive.publication.clone();
    foreign.origin = "other.example/audit".parse().expect("an origin");
    let publisher = Publisher::open(&archive.db, &archive.storage, foreign).await;
    let error = publisher.expect("no lock yet").publish().await;
    assert!(
        matches!(error, Err(PublishError::Changed { seq: 0 })),
        "{error:?}"
    );
}

fn subject(id: uuid::Uuid, version: u64) -> Subject {
    Subject {
        kind: Kind::Account,
        id,
        version,
        root: id,
        state: b"{}".to_vec(),
        content: None,
    }
}

async fn change(
    archive: &Archive,
    subjects: Vec<Subject>,
    first: Option<oneshot::Receiver<()>>,
) -> Result<(), DbError> {
    let written = archive
        .db
        .write(&Actor::system(), async move |unit: &mut Unit| {
            if let Some(first) = first {
                // Until those are queued that shall be in the same transaction.
                first.await.ok();
            }
            for subject in subjects {
                unit.changed(subject);
            }
            unit.record(Action::AccountChange, None);
            Ok(())
        })
        .await;
    written.map(drop)
}

#[tokio::test]
async fn a_damaged_key_or_a_record_too_large_fails_its_own_unit_only() {
    let place = Place::new();
    let archive = place.open().await.expect("an archive");
    let id = |number: u128| uuid::Uuid::from_u128(number);
    change(&archive, vec![subject(id(1), 1)], None)
        .await
        .expect("written");
    let url = database_url(&place.config());
    archive.db.clone().close().await;
    let archive = place.open().await.expect("an archive");
    let on = connect(&url, Access::Write).await.expect("a database");
    let damage = "UPDATE subject_key SET wrapped = randomblob(length(wrapped)) WHERE owner_id = $1";
    let done = on
        .execute_raw(sql(&on, damage, [id(1).into()]))
        .await
        .expect("done");
    assert_eq!(done.rows_affected(), 1);
    let many = (100..200).map(|number| subject(id(number), 1)).collect();
    let (go, wait) = oneshot::channel();
    let (other, damaged, large, last, ()) = futures_util::join!(
        change(&archive, vec![subject(id(2), 1)], Some(wait)),
        change(&archive, vec![subject(id(1), 2)], None),
        change(&archive, many, None),
        change(&archive, vec![subject(id(3), 1)], None),
        async { go.send(()).expect("it waits") },
    );
    other.expect("it has nothing to do with the others");
    last.expect("it has nothing to do with the others");
    assert!(matches!(damaged, Err(DbError::Key(_))), "{damaged:?}");
    assert!(matches!(large, Err(DbError::Log(_))), "{large:?}");
    publish(&archive).await.expect("the log is whole");
}
