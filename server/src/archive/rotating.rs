//! The key that signs the log is rotated, and cut off behind each of its steps; servers beside it, and a database that
//! was set back.

use std::path::{Path, PathBuf};

use sea_orm::ConnectionTrait as _;

use super::tests::Place;
use super::{Archive, OpenError, database_url};
use crate::audit::event::Action;
use crate::audit::{Checkpoint, Handover, KeyChain, NoteKey, NoteSigner};
use crate::base::Actor;
use crate::base::db::{Access, DbError, connect, sql};
use crate::ledger::keys::KeysError;
use crate::ledger::publisher::{PublishError, Publisher};
use crate::ledger::rotation::{
    Logs, Next, OldKey, RotateError, Rotated, Step, rotate, rotate_through,
};
use crate::unit::Unit;

/// The steps in their order.
const STEPS: [Step; 7] = [
    Step::Made,
    Step::LooksHandedOver,
    Step::HandedOver,
    Step::Published,
    Step::SetAside,
    Step::Replaced,
    Step::Blanked,
];

pub(super) async fn add(archive: &Archive) {
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

pub(super) async fn publish(archive: &Archive) -> Result<(), PublishError> {
    publisher(archive).await?.publish().await
}

pub(super) async fn publish_looks(archive: &Archive) {
    let looks = archive.looks.clone();
    let opened = Publisher::open(&archive.db, &archive.storage, looks).await;
    let published = opened.expect("a publisher").publish().await;
    published.expect("published");
}

pub(super) fn logs(archive: &Archive) -> Logs {
    Logs {
        changes: archive.publication.clone(),
        looks: archive.looks.clone(),
    }
}

pub(super) async fn turn(archive: &Archive, old: OldKey) -> Result<Rotated, RotateError> {
    rotate(&archive.db, &archive.storage, &logs(archive), old).await
}

/// Rotates, and is cut off behind this step.
pub(super) async fn turn_upto(archive: &Archive, step: Step) -> RotateError {
    let next = |done: Step| {
        if done == step { Next::End } else { Next::Go }
    };
    let (db, storage, logs) = (&archive.db, &archive.storage, logs(archive));
    let cut = rotate_through(db, storage, &logs, OldKey::Destroyed, next).await;
    cut.expect_err("it was cut off")
}

pub(super) fn key_file(place: &Place) -> PathBuf {
    place.config().log.signing_key_file
}

pub(super) fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut beside = path.as_os_str().to_owned();
    beside.push(ending);
    PathBuf::from(beside)
}

/// The checkpoint in the lock, and the key that signed it.
pub(super) fn locked(archive: &Archive) -> (u64, NoteKey) {
    let note = std::fs::read(&archive.publication.lock).expect("a lock");
    let chain = chain(archive);
    let (checkpoint, key) = chain.open(&note).expect("by one of the keys");
    (checkpoint.size, key.clone())
}

pub(super) fn chain(archive: &Archive) -> KeyChain {
    archive.publication.keys.chain(&archive.publication.origin)
}

/// Every checkpoint of the database opens under the keys: none of them signed outside of its era.
pub(super) async fn all_within_their_eras(archive: &Archive) {
    let on = archive.db.read();
    let asked = sql(on, "SELECT note FROM checkpoint ORDER BY size", []);
    let rows = on.query_all_raw(asked).await.expect("rows");
    assert!(!rows.is_empty());
    for row in rows {
        let note: String = row.try_get_by_index(0).expect("a note");
        let opened = chain(archive);
        let opened = opened.open(note.as_bytes());
        assert!(opened.is_ok(), "{opened:?}: {note}");
    }
}

/// Files of keys that are neither the key in force nor locks.
pub(super) fn lying_about(place: &Place) -> Vec<String> {
    lying_beside(&key_file(place))
}

/// The same of another machine, whose key file this is.
pub(super) fn lying_beside(path: &Path) -> Vec<String> {
    let folder = path.parent().expect("a folder");
    let all = std::fs::read_dir(folder).expect("a folder");
    let mut names: Vec<String> = all
        .map(|one| one.expect("an entry").file_name())
        .map(|name| name.to_string_lossy().into_owned())
        .filter(|name| name.starts_with("log.key."))
        .filter(|name| name != "log.key.rotating")
        .collect();
    names.sort();
    names
}

#[tokio::test]
async fn a_log_goes_on_under_a_new_key_and_the_old_one_is_gone() {
    let place = Place::new();
    let archive = place.open().await.expect("an archive");
    publish(&archive).await.expect("published");
    let old = archive.publication.verifier();
    add(&archive).await;
    let rotated = turn(&archive, OldKey::Destroyed).await.expect("rotated");
    assert_eq!((rotated.number, rotated.size), (1, 2));
    assert_eq!((&rotated.old, rotated.resumed), (&old, false));
    assert_eq!((rotated.cleared, rotated.kept), (false, Vec::new()));
    let new = archive.publication.verifier();
    assert!(new != old && rotated.new == new);
    // The record of the handover is the first that the new key has signed.
    assert_eq!(locked(&archive), (3, new.clone()));
    assert_eq!(lying_about(&place), Vec::<String>::new());
    let lying = NoteSigner::load(&key_file(&place)).expect("a key");
    assert_eq!(lying.verifier(), new);
    archive.db.close().await;

    let again = place.open().await.expect("an archive");
    assert_eq!(again.publication.verifier(), new);
    add(&again).await;
    publish(&again).await.expect("published");
    assert_eq!(locked(&again), (4, new.clone()));
    // A second time, and the key before stays where somebody wants that.
    let rotated = turn(&again, OldKey::Kept).await.expect("rotated");
    assert_eq!((rotated.number, &rotated.old), (2, &new));
    assert_eq!(kept(&rotated), std::slice::from_ref(&new));
    let keys = chain(&again).keys();
    assert_eq!(keys, [old, new, again.publication.verifier()]);
    all_within_their_eras(&again).await;
}

#[tokio::test]
async fn wherever_a_rotation_is_cut_off_a_key_is_in_force_and_the_next_one_ends_it() {
    for step in STEPS {
        let place = Place::new();
        let archive = place.open().await.expect("an archive");
        publish(&archive).await.expect("published");
        let old = archive.publication.verifier();
        add(&archive).await;
        let cut = turn_upto(&archive, step).await;
        assert!(matches!(cut, RotateError::File { .. }), "{step:?}: {cut}");
        archive.db.close().await;

        // Whoever starts now finds the key in force and signs with it.
        let between = place.open().await.expect("an archive");
        let in_force = between.publication.verifier();
        let before = matches!(step, Step::Made | Step::LooksHandedOver);
        assert_eq!(in_force == old, before, "{step:?}");
        let looks = &between.looks;
        let of_looks = looks.verifier() == old.named(&looks.origin);
        assert_eq!(of_looks, step == Step::Made, "{step:?}");
        publish_looks(&between).await;
        add(&between).await;
        publish(&between).await.expect("published");
        assert_eq!(locked(&between).1, in_force, "{step:?}");
        let number = chain(&between).handovers().len();
        assert_eq!(number, usize::from(!before), "{step:?}");
        let made = NoteSigner::load(&beside(&key_file(&place), ".next"));
        let made = made.ok().map(|key| key.verifier());
        let rotated = turn(&between, OldKey::Destroyed).await.expect("rotated");
        // A key that a log was given is given the rest. One that none was given is not used, and where all was done but
        // the old key a rotation of its own follows.
        let cleared = matches!(step, Step::Replaced | Step::Blanked);
        let resumed = step != Step::Made && !cleared;
        assert_eq!(rotated.resumed, resumed, "{step:?}");
        assert_eq!(rotated.cleared, cleared, "{step:?}");
        let number = 1 + usize::from(cleared);
        assert_eq!(rotated.number, number, "{step:?}");
        let from = if cleared { in_force } else { old.clone() };
        assert_eq!(rotated.old, from, "{step:?}");
        let new = between.publication.verifier();
        assert!(rotated.new == new && new != old && new != from, "{step:?}");
        assert_eq!(made.is_some(), !cleared, "{step:?}");
        assert_eq!(made == Some(new.clone()), resumed, "{step:?}");
        assert_eq!(between.looks.verifier(), new.named(&between.looks.origin));
        let of_looks = between.looks.keys.chain(&between.looks.origin);
        assert_eq!(of_looks.handovers().len(), number, "{step:?}");
        assert_eq!(lying_about(&place), Vec::<String>::new(), "{step:?}");
        let lying = NoteSigner::load(&key_file(&place)).expect("a key");
        assert_eq!(lying.verifier(), new, "{step:?}");
        add(&between).await;
        publish(&between).await.expect("published");
        assert_eq!(locked(&between).1, new, "{step:?}");
        all_within_their_eras(&between).await;
        between.db.close().await;
    }
}

/// The old keys that were kept.
pub(super) fn kept(rotated: &Rotated) -> Vec<NoteKey> {
    let load = |path: &PathBuf| NoteSigner::load(path).expect("a key").verifier();
    rotated.kept.iter().map(load).collect()
}

#[tokio::test]
async fn a_rotation_that_goes_on_may_still_keep_the_old_key() {
    let place = Place::new();
    let archive = place.open().await.expect("an archive");
    let old = archive.publication.verifier();
    turn_upto(&archive, Step::SetAside).await;
    let rotated = turn(&archive, OldKey::Kept).await.expect("rotated");
    assert_eq!((kept(&rotated), rotated.resumed), (vec![old], true));
}

#[tokio::test]
async fn what_lies_in_the_place_of_an_old_key_and_is_none_stays() {
    let place = Place::new();
    let archive = place.open().await.expect("an archive");
    let aside = beside(&key_file(&place), ".retired");
    // A copy that somebody made of the key in force.
    std::fs::copy(key_file(&place), &aside).expect("copied");
    let refused = turn(&archive, OldKey::Destroyed).await;
    assert!(matches!(refused, Err(RotateError::Aside { .. })));
    assert!(NoteSigner::load(&aside).is_ok());
    assert!(chain(&archive).handovers().is_empty());
}

#[tokio::test]
async fn two_rotations_at_once_make_one_key() {
    let place = Place::new();
    let archive = place.open().await.expect("an archive");
    // The first one waits for the database when it has the right to rotate; then the second one begins.
    let (first, second) = futures_util::future::join(
        Box::pin(turn(&archive, OldKey::Destroyed)),
        Box::pin(turn(&archive, OldKey::Destroyed)),
    )
    .await;
    let refused = second.expect_err("the first one is at it");
    let path = key_file(&place);
    let running = matches!(&refused, RotateError::Running { path: of } if *of == path);
    assert!(running, "{refused:?}");
    let rotated = first.expect("rotated");
    assert_eq!(chain(&archive).handovers().len(), 1);
    assert_eq!(lying_about(&place), Vec::<String>::new());
    // It has let go.
    let next = turn(&archive, OldKey::Destroyed).await.expect("rotated");
    assert_eq!((next.number, next.old), (2, rotated.new));
}

#[tokio::test]
async fn a_server_that_runs_learns_of_the_new_key_and_signs_with_it() {
    let place = Place::new();
    let server = place.open().await.expect("an archive");
    let mut running = publisher(&server).await.expect("a publisher");
    running.publish().await.expect("published");
    let old = server.publication.verifier();

    let command = place.open().await.expect("an archive");
    turn(&command, OldKey::Destroyed).await.expect("rotated");
    let new = command.publication.verifier();
    command.db.close().await;
    // It knows the old key, and no longer signs with it.
    assert_eq!(server.publication.verifier(), old);
    add(&server).await;
    let moved = running.publish().await.expect_err("others signed");
    assert!(matches!(moved, PublishError::LockMoved), "{moved}");
    publish(&server).await.expect("published");
    assert_eq!(server.publication.verifier(), new);
    assert_eq!(locked(&server).1, new);
    all_within_their_eras(&server).await;
}

#[tokio::test]
async fn a_server_with_a_key_file_of_its_own_stops_signing_and_says_which_key_it_lacks() {
    let place = Place::new();
    let server = place.open().await.expect("an archive");
    publish(&server).await.expect("published");
    let path = key_file(&place);
    let copy = beside(&path, ".copy");
    std::fs::copy(&path, &copy).expect("copied");
    let command = place.open().await.expect("an archive");
    let mut running = publisher(&server).await.expect("a publisher");
    turn(&command, OldKey::Destroyed).await.expect("rotated");
    let new = command.publication.verifier();
    // As on a machine to which nobody has brought the new file.
    let brought = beside(&path, ".brought");
    std::fs::rename(&path, &brought).expect("moved");
    std::fs::rename(&copy, &path).expect("moved");
    add(&server).await;
    let before = locked(&command);
    let refused = running.publish().await;
    assert!(refused.is_err(), "{refused:?}");
    for _ in 0..2 {
        let refused = publish(&server).await.expect_err("it has the old key");
        let PublishError::Keys(KeysError::Retired { newest, .. }) = &refused else {
            unreachable!("{refused:?}");
        };
        assert!(newest.ends_with(&new.id()), "{newest}");
        assert!(refused.to_string().contains(&new.id()), "{refused}");
    }
    assert_eq!(locked(&command), before);
    // Nor does it start again.
    let refused = place.open().await.expect_err("it has the old key");
    let OpenError::SigningKey(error) = refused else {
        unreachable!("{refused:?}");
    };
    assert!(matches!(*error, KeysError::Retired { .. }), "{error}");
    // With the new file it goes on by itself.
    std::fs::rename(&brought, &path).expect("moved");
    publish(&server).await.expect("published");
    assert_eq!(locked(&server).1, new);
}

/// A backup of the database.
pub(super) async fn back_up(place: &Place, name: &str) -> PathBuf {
    let backup = key_file(place).with_file_name(name);
    let url = database_url(&place.config());
    let on = connect(&url, Access::Write).await.expect("a database");
    let text = format!("VACUUM INTO '{}'", backup.display());
    on.execute_unprepared(&text).await.expect("a backup");
    drop(on.close().await);
    backup
}

/// Puts a backup in the place of the database, which nobody has open.
pub(super) fn restore(place: &Place, backup: &Path) {
    let url = database_url(&place.config());
    let database = PathBuf::from(url.trim_start_matches("sqlite://"));
    for ending in ["-wal", "-shm"] {
        std::fs::remove_file(beside(&database, ending)).ok();
    }
    // As another file: whoever still has the old one open in this process would share its journal.
    let copy = beside(&database, ".copy");
    std::fs::copy(backup, &copy).expect("restored");
    std::fs::rename(&copy, &database).expect("restored");
}

#[tokio::test]
async fn a_database_from_before_a_rotation_is_refused_as_set_back() {
    let place = Place::new();
    let archive = place.open().await.expect("an archive");
    publish(&archive).await.expect("published");
    let before = std::fs::read(key_file(&place)).expect("a key");
    let backup = back_up(&place, "before").await;
    turn(&archive, OldKey::Destroyed).await.expect("rotated");
    archive.db.close().await;
    restore(&place, &backup);
    // The key in the file has signed more than this database knows.
    let refused = place.open().await.expect_err("set back");
    let OpenError::Lock(PublishError::RolledBack { locked: 2 }) = refused else {
        unreachable!("{refused:?}");
    };
    // With the old key, too: the handover is public.
    std::fs::write(key_file(&place), &before).expect("a key");
    let refused = place.open().await.expect_err("set back");
    let OpenError::Lock(error @ PublishError::HandoverUnknown { number: 1 }) = refused else {
        unreachable!("{refused:?}");
    };
    assert!(error.to_string().contains("set back"), "{error}");
}

#[tokio::test]
async fn a_key_that_the_log_never_had_does_not_start_it() {
    let place = Place::new();
    let archive = place.open().await.expect("an archive");
    publish(&archive).await.expect("published");
    let origin = archive.publication.origin.clone();
    archive.db.close().await;
    std::fs::remove_file(key_file(&place)).expect("a key");
    let refused = place.open().await.expect_err("no key");
    assert!(matches!(refused, OpenError::Missing { .. }), "{refused:?}");
    let own = NoteSigner::from_seed(&origin, &[66; 32]);
    own.save(&key_file(&place)).expect("saved");
    let refused = place.open().await.expect_err("another key");
    let OpenError::SigningKey(error) = refused else {
        unreachable!("{refused:?}");
    };
    assert!(matches!(*error, KeysError::Foreign { .. }), "{error}");
}

#[tokio::test]
async fn a_handover_that_was_lost_in_the_store_is_published_again() {
    let place = Place::new();
    let archive = place.open().await.expect("an archive");
    turn(&archive, OldKey::Destroyed).await.expect("rotated");
    let path = place.object("keys/1");
    let honest = std::fs::read(&path).expect("a handover");
    assert!(Handover::open(&honest).is_ok());
    assert!(Checkpoint::claimed(&honest).is_err());
    std::fs::remove_file(&path).expect("a handover");
    publish(&archive).await.expect("published");
    assert_eq!(std::fs::read(&path).expect("a handover"), honest);
    std::fs::write(&path, "rubbish").expect("damaged");
    publish(&archive).await.expect("published");
    assert_eq!(std::fs::read(&path).expect("a handover"), honest);
}
