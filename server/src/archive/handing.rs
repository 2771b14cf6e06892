//! A key that goes over while others read, sign and start, and handovers in the store that are not ours.

use std::path::PathBuf;
use std::time::Duration;

use sea_orm::entity::prelude::async_trait::async_trait;
use sea_orm::{ConnectionTrait, DatabaseConnection, DbBackend, DbErr, ExecResult, QueryResult};
use sea_orm::{Statement, Value};
use tokio::sync::{Mutex, oneshot};

use super::Archive;
use super::tests::Place;
use crate::audit::event::Action;
use crate::audit::merkle::Hash;
use crate::audit::{Handover, NoteKey, NoteSigner};
use crate::base::Actor;
use crate::base::db::{DbError, sql};
use crate::ledger::publisher::{Publication, PublishError, Publisher};
use crate::unit::Unit;

/// Long enough for a reading that nothing holds up.
const A_WHILE: Duration = Duration::from_millis(200);

async fn add(archive: &Archive) {
    let written: Result<_, DbError> = archive
        .db
        .write(&Actor::system(), async |unit: &mut Unit| {
            unit.record(Action::LogHeartbeat, None);
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

fn key_file(place: &Place) -> PathBuf {
    place.config().log.signing_key_file
}

/// Where a key waits for the log.
fn next(place: &Place) -> PathBuf {
    let mut beside = key_file(place).into_os_string();
    beside.push(".next");
    beside.into()
}

/// Hands one of the logs over to a key that lies beside the one in force, and ends there, as if it were killed.
async fn hand_over(
    place: &Place,
    archive: &Archive,
    to: &Publication,
    new: &NoteSigner,
) -> Result<(), PublishError> {
    if !next(place).exists() {
        new.save(&next(place)).expect("saved");
    }
    let handed = Publisher::hand_over(&archive.db, &archive.storage, to, new);
    Box::pin(handed).await.map(drop)
}

/// Puts the key that waits in the place of the one before it.
fn replace(place: &Place) {
    std::fs::rename(next(place), key_file(place)).expect("moved");
}

/// A key as the log of changes has it.
fn key(archive: &Archive, seed: u8) -> NoteSigner {
    NoteSigner::from_seed(&archive.publication.origin, &[seed; 32])
}

/// Who signed the lock.
fn locked_by(to: &Publication) -> NoteKey {
    let note = std::fs::read(&to.lock).expect("a lock");
    let chain = to.keys.chain(&to.origin);
    let (_, key) = chain.open(&note).expect("by one of the keys");
    key.clone()
}

/// A connection whose answers arrive late.
struct Late {
    on: DatabaseConnection,
    read: Mutex<Option<oneshot::Sender<()>>>,
    go: Mutex<Option<oneshot::Receiver<()>>>,
}

#[async_trait]
impl ConnectionTrait for Late {
    fn get_database_backend(&self) -> DbBackend {
        self.on.get_database_backend()
    }

    async fn execute_raw(&self, statement: Statement) -> Result<ExecResult, DbErr> {
        self.on.execute_raw(statement).await
    }

    async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        self.on.execute_unprepared(sql).await
    }

    async fn query_one_raw(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        self.on.query_one_raw(statement).await
    }

    async fn query_all_raw(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        let answer = self.on.query_all_raw(statement).await;
        if let Some(read) = self.read.lock().await.take() {
            read.send(()).ok();
        }
        if let Some(go) = self.go.lock().await.take() {
            go.await.ok();
        }
        answer
    }
}

#[tokio::test]
async fn what_was_read_before_a_handover_does_not_bring_the_old_key_back() {
    let place = Place::new();
    let server = place.open().await.expect("an archive");
    publish(&server).await.expect("published");
    let command = place.open().await.expect("an archive");
    let (new, keys) = (key(&server, 2), &server.publication.keys);
    let ((read, has_read), (go, may_go)) = (oneshot::channel(), oneshot::channel());
    let late = Late {
        on: server.db.read().clone(),
        read: Mutex::new(Some(read)),
        go: Mutex::new(Some(may_go)),
    };
    let first = async { keys.refresh(&late).await.expect("read") };
    let second = async {
        has_read.await.expect("the first one has read");
        let handed = hand_over(&place, &command, &command.publication, &new);
        handed.await.expect("handed over");
        let again = keys.refresh(server.db.read());
        tokio::pin!(again);
        // It waits for the first one, or has what is true now.
        let early = tokio::time::timeout(A_WHILE, &mut again).await;
        go.send(()).expect("the first one waits");
        match early {
            Ok(read) => read.expect("read"),
            Err(_) => again.await.expect("read"),
        }
    };
    futures_util::join!(first, second);
    assert_eq!(server.publication.verifier(), new.verifier());
    let origin = &server.publication.origin;
    let signs = keys.signer(origin).expect("it lies beside the old one");
    assert_eq!(signs.verifier(), new.verifier());

    // A database that knows less than it did brings it back neither.
    let text = "DELETE FROM installation WHERE name LIKE $1";
    let all: [Value; 1] = ["handover.%".into()];
    let gone = server.db.keep_house(async move |unit: &mut Unit| {
        let done = unit.tx().execute_raw(sql(unit.tx(), text, all)).await?;
        Ok::<u64, DbError>(done.rows_affected())
    });
    assert_eq!(gone.await.expect("deleted"), 1);
    keys.refresh(server.db.read()).await.expect("read");
    assert_eq!(server.publication.verifier(), new.verifier());
}

#[tokio::test]
async fn a_key_that_had_the_log_before_is_refused_and_the_archive_goes_on() {
    let place = Place::new();
    let archive = place.open().await.expect("an archive");
    publish(&archive).await.expect("published");
    let former = NoteSigner::load(&key_file(&place)).expect("a key");
    let new = key(&archive, 2);
    for to in [&archive.looks, &archive.publication] {
        let handed = hand_over(&place, &archive, to, &new).await;
        handed.expect("handed over");
    }
    replace(&place);
    publish(&archive).await.expect("published");
    for (to, key) in [
        (&archive.looks, &former),
        (&archive.publication, &former),
        // Nor does it go over to the key that it has.
        (&archive.publication, &new),
    ] {
        let refused = hand_over(&place, &archive, to, key).await;
        let refused = refused.expect_err("it cannot have the log");
        let PublishError::NotHandedOver { path, .. } = &refused else {
            unreachable!("{refused:?}");
        };
        assert_eq!(*path, next(&place));
        assert_eq!(to.keys.chain(&to.origin).handovers().len(), 1);
        std::fs::remove_file(next(&place)).expect("a key");
    }
    add(&archive).await;
    publish(&archive).await.expect("published");
    assert_eq!(locked_by(&archive.publication), new.verifier());
    archive.db.close().await;
    let again = place.open().await.expect("an archive");
    assert_eq!(again.publication.verifier(), new.verifier());
}

#[tokio::test]
async fn handovers_in_the_store_that_no_key_of_ours_has_made_are_replaced() {
    let place = Place::new();
    let archive = place.open().await.expect("an archive");
    publish(&archive).await.expect("published");
    let old = NoteSigner::load(&key_file(&place)).expect("a key");
    let (second, third) = (key(&archive, 2), key(&archive, 3));
    for to in [&archive.looks, &archive.publication] {
        let handed = hand_over(&place, &archive, to, &second).await;
        handed.expect("handed over");
        let (db, storage) = (&archive.db, &archive.storage);
        let published = Box::pin(Publisher::go_on(db, storage, to)).await;
        published.expect("published");
    }
    replace(&place);
    let handed = hand_over(&place, &archive, &archive.publication, &third).await;
    handed.expect("handed over");
    publish(&archive).await.expect("published");
    let path = place.object("keys/1");
    let read = |name: &str| std::fs::read(place.object(name)).expect("a handover");
    let honest = read("keys/1");

    let claimed = Handover::open(&honest).expect("a handover");
    let (own, other) = (key(&archive, 66), key(&archive, 67));
    let of_strangers = Handover {
        old: own.verifier(),
        new: other.verifier(),
        ..claimed.clone()
    };
    // Whoever can write there needs no key for any of these.
    let turned = {
        let text = String::from_utf8(honest.clone()).expect("text");
        let mut lines: Vec<&str> = text.lines().collect();
        let last = lines.len() - 1;
        lines.swap(last - 1, last);
        format!("{}\n", lines.join("\n")).into_bytes()
    };
    assert_eq!(Handover::open(&turned).expect("a handover"), claimed);
    for foreign in [
        of_strangers.sign(&own, &other).expect("signed"),
        read("access/keys/1"),
        read("keys/2"),
        turned,
    ] {
        assert_ne!(foreign, honest);
        std::fs::write(&path, foreign).expect("written");
        publish(&archive).await.expect("published");
        assert_eq!(read("keys/1"), honest);
    }

    // With the old key it is a fork.
    let twice = Handover {
        new: own.verifier(),
        root: Hash::default(),
        ..claimed
    };
    let twice = twice.sign(&old, &own).expect("signed");
    std::fs::write(&path, twice).expect("written");
    let refused = publish(&archive).await.expect_err("a fork");
    assert!(
        matches!(refused, PublishError::Forked { .. }),
        "{refused:?}"
    );
}

#[tokio::test]
async fn a_handover_whose_process_has_died_is_published_by_whoever_signs_next() {
    let place = Place::new();
    let server = place.open().await.expect("an archive");
    let mut running = publisher(&server).await.expect("a publisher");
    running.publish().await.expect("published");
    let command = place.open().await.expect("an archive");
    let new = key(&command, 2);
    let handed = hand_over(&place, &command, &command.publication, &new).await;
    handed.expect("handed over");
    command.db.close().await;
    let path = place.object("keys/1");
    assert!(!path.exists(), "nobody has published it");
    // Its record is the next that the server signs, with the key that lies beside the old one.
    running.publish().await.expect("published");
    let public = std::fs::read(&path).expect("a handover");
    let public = Handover::open(&public).expect("a handover");
    assert_eq!(public.new, new.verifier());
    assert_eq!(locked_by(&server.publication), new.verifier());
}

#[tokio::test]
async fn looks_whose_handover_was_taken_away_were_set_back() {
    let place = Place::new();
    let archive = place.open().await.expect("an archive");
    let new = key(&archive, 2);
    for to in [&archive.looks, &archive.publication] {
        let handed = hand_over(&place, &archive, to, &new).await;
        handed.expect("handed over");
    }
    replace(&place);
    let check = async |archive: &Archive| {
        let (db, storage, looks) = (&archive.db, &archive.storage, &archive.looks);
        Publisher::check(db, storage, looks.clone()).await
    };
    check(&archive).await.expect("as they were signed");
    // By somebody who may write to database and store, and not to the folder of the lock.
    let text = "DELETE FROM installation WHERE name LIKE $1";
    let of_looks: [Value; 1] = ["handover.1.%/access".into()];
    let gone = archive.db.keep_house(async move |unit: &mut Unit| {
        let done = unit
            .tx()
            .execute_raw(sql(unit.tx(), text, of_looks))
            .await?;
        Ok::<u64, DbError>(done.rows_affected())
    });
    assert_eq!(gone.await.expect("deleted"), 1);
    archive.db.close().await;
    std::fs::remove_file(place.object("access/keys/1")).ok();
    let again = place.open().await.expect("changes are as they were");
    let refused = check(&again)
        .await
        .expect_err("the log of changes knows of it");
    let unknown = matches!(refused, PublishError::HandoverUnknown { number: 1 });
    assert!(unknown && refused.contradicts(), "{refused}");
}
