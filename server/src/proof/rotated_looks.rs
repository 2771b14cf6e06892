//! The log of looks when the key that signs goes over to another one: it goes over with the log of changes, also where
//! nobody looked or nothing was signed, and is proven with each of the keys.

use std::path::{Path, PathBuf};

use sea_orm::ConnectionTrait as _;
use tempfile::TempDir;

use super::signed_looks::{finds, locked, look, open, publish, set_back, size, verified_with};
use super::tests::settings;
use crate::archive::{Archive, database_url};
use crate::audit::verify::{Check, Code, Status};
use crate::audit::{Checkpoint, Handover, KeyChain, NoteKey, NoteSigner, Origin};
use crate::base::db::{Access, connect, sql};
use crate::ledger::keys;
use crate::ledger::publisher::PublishError;
use crate::ledger::rotation::{Logs, OldKey, rotate};

/// Rotates, and gives the new key under the name of the log of changes.
async fn turn(archive: &Archive) -> NoteKey {
    let logs = Logs {
        changes: archive.publication.clone(),
        looks: archive.looks.clone(),
    };
    let rotated = rotate(&archive.db, &archive.storage, &logs, OldKey::Destroyed).await;
    rotated.expect("rotated").new
}

fn chain(archive: &Archive) -> KeyChain {
    archive.looks.keys.chain(&archive.looks.origin)
}

/// Who signed the lock of looks, and over how many.
fn signed(archive: &Archive) -> (u64, NoteKey) {
    let chain = chain(archive);
    let opened = chain.open(&locked(&archive.looks));
    let (checkpoint, key) = opened.expect("by one of the keys");
    (checkpoint.size, key.clone())
}

/// Sizes at which the log of looks went over.
fn sizes(archive: &Archive) -> Vec<u64> {
    let chain = chain(archive);
    chain.handovers().iter().map(|one| one.size).collect()
}

/// What is found with each of these keys on paper.
async fn each_finds(archive: &Archive, folder: &Path, keys: &[&NoteKey], expected: &[Code]) {
    for key in keys {
        let report = verified_with(archive, folder, vec![(*key).clone()], Vec::new()).await;
        finds(&report, expected);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn looks_go_over_with_the_changes_and_are_proven_with_any_of_the_keys() {
    let folder = TempDir::new().expect("a temporary folder");
    let (archive, folder) = (open(folder.path()).await, folder.path());
    let first = archive.publication.verifier();
    look(&archive, folder, 3).await;
    publish(&archive, &archive.looks).await.expect("published");
    let mut kept = vec![locked(&archive.looks)];

    // Nobody looks between the first rotation and the second one.
    let second = turn(&archive).await;
    let third = turn(&archive).await;
    assert_eq!(sizes(&archive), [3, 3]);
    let origin = &archive.looks.origin;
    assert_eq!(signed(&archive), (3, first.named(origin)));
    look(&archive, folder, 4).await;
    publish(&archive, &archive.looks).await.expect("published");
    assert_eq!(signed(&archive), (7, third.named(origin)));
    kept.push(locked(&archive.looks));
    // What was not signed yet the old key signs before it ends.
    look(&archive, folder, 5).await;
    let newest = turn(&archive).await;
    assert_eq!(sizes(&archive), [3, 3, 12]);
    assert_eq!(signed(&archive), (12, third.named(origin)));
    look(&archive, folder, 2).await;
    publish(&archive, &archive.looks).await.expect("published");
    assert_eq!(signed(&archive), (14, newest.named(origin)));

    for keys in [
        vec![first.clone()],
        vec![second],
        vec![third],
        vec![newest.clone()],
        vec![first.clone(), newest.clone()],
    ] {
        let report = verified_with(&archive, folder, keys, kept.clone()).await;
        finds(&report, &[]);
        assert_eq!((report.records, report.exit_code()), (14, 0));
        for check in [Check::Signature, Check::Chain, Check::Tree, Check::Proofs] {
            assert_eq!(report.status(check), Status::Ok, "{check:?}");
        }
        assert_eq!(report.status(Check::Kept), Status::Ok);
        let signer = report.checkpoint.and_then(|checkpoint| checkpoint.key);
        let named = newest.named(origin);
        assert_eq!(signer, Some(format!("{}+{}", named.name(), named.id())));
    }
    // The log of changes counts its handovers by their records, and looks are none of them.
    let of_changes = archive.publication.keys.chain(&archive.publication.origin);
    assert_eq!(of_changes.handovers().len(), 3);
    assert_eq!(of_changes.keys().len(), chain(&archive).keys().len());
    archive.db.close().await;

    // Whoever starts now finds the first key in the first look, and the newest one in force.
    let again = open(folder).await;
    assert_eq!(again.looks.verifier(), newest.named(&again.looks.origin));
    look(&again, folder, 1).await;
    publish(&again, &again.looks).await.expect("published");
    each_finds(&again, folder, &[&first, &newest], &[]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn looks_that_were_never_signed_go_over_as_they_are() {
    for many in [0, 5] {
        let folder = TempDir::new().expect("a temporary folder");
        let (archive, folder) = (open(folder.path()).await, folder.path());
        let first = archive.publication.verifier();
        look(&archive, folder, many).await;
        assert!(!archive.looks.lock.exists(), "nothing was signed");
        let newest = turn(&archive).await;
        assert_eq!(sizes(&archive), [many]);
        let origin = &archive.looks.origin;
        assert_eq!(signed(&archive), (many, first.named(origin)));
        each_finds(&archive, folder, &[&first, &newest], &[]).await;
        look(&archive, folder, 2).await;
        publish(&archive, &archive.looks).await.expect("published");
        assert_eq!(signed(&archive), (many + 2, newest.named(origin)));
        each_finds(&archive, folder, &[&first, &newest], &[]).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_is_rotated_also_where_looks_are_not_those_that_were_signed() {
    let folder = TempDir::new().expect("a temporary folder");
    let (archive, folder) = (open(folder.path()).await, folder.path());
    let first = archive.publication.verifier();
    look(&archive, folder, 5).await;
    publish(&archive, &archive.looks).await.expect("published");
    set_back(folder, 3).await;
    let newest = turn(&archive).await;
    assert_eq!(sizes(&archive), [5]);
    assert_eq!(signed(&archive).0, 5);
    let short = [Code::LogShorterThanCheckpoint];
    each_finds(&archive, folder, &[&first, &newest], &short).await;
    let refused = publish(&archive, &archive.looks).await;
    assert!(refused.is_err_and(|error| error.contradicts()));
}

#[tokio::test(flavor = "multi_thread")]
async fn looks_that_cannot_be_signed_for_the_first_time_go_over_without_any_of_them() {
    let folder = TempDir::new().expect("a temporary folder");
    let (archive, folder) = (open(folder.path()).await, folder.path());
    let first = archive.publication.verifier();
    look(&archive, folder, 5).await;
    assert!(!archive.looks.lock.exists(), "nothing was signed");
    in_database(folder, "DROP TRIGGER access_no_update").await;
    let damage = "UPDATE access SET h = zeroblob(32) WHERE seq = 2";
    in_database(folder, damage).await;
    let newest = turn(&archive).await;
    assert_eq!(sizes(&archive), [0]);
    let origin = &archive.looks.origin;
    assert_eq!(signed(&archive), (0, first.named(origin)));
    // The damage is told as before, and that no key is missing.
    for key in [first, newest] {
        let report = verified_with(&archive, folder, vec![key], Vec::new()).await;
        assert!(report.findings.has(Code::LeafHashMismatch));
        for wrong in [
            Code::KeyRetired,
            Code::KeyHandoverInvalid,
            Code::KeyHandoverMissing,
        ] {
            assert!(!report.findings.has(wrong), "{wrong:?}");
        }
    }
    let refused = publish(&archive, &archive.looks).await;
    assert!(refused.is_err_and(|error| error.contradicts()));

    // Where some were signed, the lock must come back first.
    std::fs::remove_file(&archive.looks.lock).expect("a lock");
    let text = "UPDATE access_signed_head SET size = 3";
    in_database(folder, text).await;
    let refused = publish(&archive, &archive.looks).await;
    let missing = matches!(refused, Err(PublishError::LockMissing { size: 3, .. }));
    assert!(missing, "{refused:?}");
}

/// Looks that went over once: the keys before and after it, and a checkpoint over the first two.
struct Turned {
    archive: Archive,
    /// The old key, as somebody has copied it.
    stolen: NoteSigner,
    newest: NoteKey,
    early: Vec<u8>,
}

impl Turned {
    async fn new(folder: &Path) -> Self {
        let archive = open(folder).await;
        look(&archive, folder, 2).await;
        publish(&archive, &archive.looks).await.expect("published");
        let early = locked(&archive.looks);
        let path = settings(folder).log.signing_key_file;
        let stolen = NoteSigner::load(&path).expect("a key");
        look(&archive, folder, 1).await;
        let newest = turn(&archive).await;
        look(&archive, folder, 4).await;
        publish(&archive, &archive.looks).await.expect("published");
        Self {
            stolen: stolen.named(&archive.looks.origin),
            archive,
            newest,
            early,
        }
    }

    /// The keys that an auditor may have on paper.
    fn keys(&self) -> [NoteKey; 2] {
        let first = self.archive.publication.keys.first().clone();
        [first, self.newest.clone()]
    }

    async fn find(&self, folder: &Path, expected: &[Code]) {
        let [first, newest] = self.keys();
        each_finds(&self.archive, folder, &[&first, &newest], expected).await;
    }

    /// A checkpoint over all looks, as the key signs it that was handed over.
    fn retired(&self) -> Vec<u8> {
        let checkpoint = Checkpoint::claimed(&locked(&self.archive.looks)).expect("a checkpoint");
        assert_eq!(checkpoint.size, 7);
        checkpoint.sign(&self.stolen).expect("signed")
    }
}

fn public(folder: &Path, name: &str) -> PathBuf {
    folder.join("blobs/objects/log/access").join(name)
}

async fn in_database(folder: &Path, text: &str) {
    let on = connect(&database_url(&settings(folder)), Access::Write).await;
    let on = on.expect("a database");
    on.execute_unprepared(text).await.expect("done");
    on.close().await.expect("a connection closes");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_was_handed_over_signs_no_looks_any_more() {
    let folder = TempDir::new().expect("a temporary folder");
    let (turned, folder) = (Turned::new(folder.path()).await, folder.path());
    let lock = &turned.archive.looks.lock;
    let honest = locked(&turned.archive.looks);
    turned.find(folder, &[]).await;

    let retired = turned.retired();
    std::fs::write(lock, &retired).expect("a lock");
    turned.find(folder, &[Code::KeyRetired]).await;
    // The publisher takes it for none of its own.
    let refused = publish(&turned.archive, &turned.archive.looks).await;
    assert!(refused.is_err(), "{refused:?}");
    std::fs::write(lock, &honest).expect("a lock");
    for key in turned.keys() {
        let kept = vec![turned.early.clone(), retired.clone()];
        let report = verified_with(&turned.archive, folder, vec![key], kept).await;
        finds(&report, &[Code::KeyRetired]);
        assert_eq!(report.exit_code(), 1);
    }

    // Looks cut below the handover, with the checkpoint of then: the old key, which is gone, has signed more.
    set_back(folder, 2).await;
    std::fs::write(lock, &turned.early).expect("a lock");
    assert_eq!(size(&turned.early), 2);
    turned.find(folder, &[Code::KeyHandoverInvalid]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn handovers_of_looks_that_are_forged_or_were_taken_away_are_found() {
    let folder = TempDir::new().expect("a temporary folder");
    let (turned, folder) = (Turned::new(folder.path()).await, folder.path());
    let origin = turned.archive.looks.origin.clone();
    let (db, path) = (&turned.archive.db, public(folder, "keys/1"));
    let kept = keys::handovers(db.read(), origin.as_str()).await;
    let kept = kept.expect("handovers").remove(0).note;
    assert_eq!(std::fs::read(&path).expect("a handover"), kept);

    // The old key, which was copied, hands over a second time.
    let honest = Handover::open(&kept).expect("a handover");
    let own = NoteSigner::from_seed(&origin, &[66; 32]);
    let forged = Handover {
        new: own.verifier(),
        ..honest
    };
    let forged = forged.sign(&turned.stolen, &own).expect("signed");
    std::fs::write(&path, &forged).expect("a handover");
    turned.find(folder, &[Code::KeyHandoverInvalid]).await;
    let refused = publish(&turned.archive, &turned.archive.looks).await;
    assert!(refused.is_err_and(|error| error.contradicts()));

    // Alone in its place it does not lead to the key to which the log of changes went over.
    let text = "UPDATE installation SET value = $1 WHERE name = $2";
    let name = format!("handover.1.{origin}");
    let note = String::from_utf8(forged).expect("text");
    let url = database_url(&settings(folder));
    let on = connect(&url, Access::Write).await.expect("a database");
    let changed = sql(&on, text, [note.into(), name.into()]);
    on.execute_raw(changed).await.expect("done");
    on.close().await.expect("a connection closes");
    turned.find(folder, &[Code::KeyHandoverInvalid]).await;

    std::fs::remove_file(&path).expect("a handover");
    let text = format!("DELETE FROM installation WHERE name = 'handover.1.{origin}'");
    in_database(folder, &text).await;
    turned.find(folder, &[Code::KeyHandoverMissing]).await;
    let [first, newest] = turned.keys();
    let report = verified_with(&turned.archive, folder, vec![first.clone()], Vec::new()).await;
    assert_eq!(report.exit_code(), 2);
    // Of two keys that are trusted by themselves it is said once.
    let report = verified_with(&turned.archive, folder, vec![first, newest], Vec::new()).await;
    finds(&report, &[Code::KeyHandoverMissing]);
    assert_eq!(report.findings.list().len(), 1, "said once");
    assert_eq!(report.exit_code(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn looks_from_before_a_rotation_miss_what_leads_to_the_newest_key() {
    let folder = TempDir::new().expect("a temporary folder");
    let (archive, folder) = (open(folder.path()).await, folder.path());
    look(&archive, folder, 3).await;
    publish(&archive, &archive.looks).await.expect("published");
    let first = archive.publication.verifier();
    let later = NoteSigner::from_seed(&archive.publication.origin, &[66; 32]).verifier();
    let report = verified_with(&archive, folder, vec![first, later], Vec::new()).await;
    finds(&report, &[Code::KeyHandoverMissing]);
    assert_eq!(report.findings.list().len(), 1, "said once");
    assert_eq!(report.exit_code(), 2);
}

/// Puts these handovers of looks in the place of those that there are.
async fn put(folder: &Path, origin: &Origin, notes: &[&[u8]]) {
    let text = format!("DELETE FROM installation WHERE name LIKE 'handover.%.{origin}'");
    in_database(folder, &text).await;
    let url = database_url(&settings(folder));
    let on = connect(&url, Access::Write).await.expect("a database");
    for (number, note) in (1..).zip(notes) {
        let name = format!("handover.{number}.{origin}");
        let value = String::from_utf8(note.to_vec()).expect("text");
        let text = "INSERT INTO installation (name, value) VALUES ($1, $2)";
        let kept = sql(&on, text, [name.into(), value.into()]);
        on.execute_raw(kept).await.expect("done");
        let path = public(folder, &format!("keys/{number}"));
        std::fs::write(path, note).expect("a handover");
    }
    on.close().await.expect("a connection closes");
}

#[tokio::test(flavor = "multi_thread")]
async fn handovers_of_looks_that_are_not_those_of_the_changes_are_found() {
    let folder = TempDir::new().expect("a temporary folder");
    let (turned, folder) = (Turned::new(folder.path()).await, folder.path());
    let looks = &turned.archive.looks;
    let origin = &looks.origin;
    let kept = keys::handovers(turned.archive.db.read(), origin.as_str()).await;
    let kept = kept.expect("handovers").remove(0).note;
    let honest = Handover::open(&kept).expect("a handover");
    let newest = NoteSigner::load(&settings(folder).log.signing_key_file);
    let newest = newest.expect("a key").named(origin);
    let own = NoteSigner::from_seed(origin, &[66; 32]);
    let after = NoteSigner::from_seed(origin, &[67; 32]);
    let last = Checkpoint::claimed(&locked(looks)).expect("a checkpoint");
    let made = |size, root, old: &NoteSigner, new: &NoteSigner| {
        let handover = Handover {
            origin: origin.clone(),
            size,
            root,
            old: old.verifier(),
            new: new.verifier(),
        };
        handover.sign(old, new).expect("signed")
    };

    // By way of a key that the log of changes never had.
    let detour = made(honest.size, honest.root, &turned.stolen, &own);
    let back = made(honest.size, honest.root, &own, &newest);
    put(folder, origin, &[&detour, &back]).await;
    turned.find(folder, &[Code::KeyHandoverInvalid]).await;
    // Looks go over first: that much a rotation that was cut off leaves behind.
    let ahead = made(last.size, last.root, &newest, &own);
    put(folder, origin, &[&kept, &ahead]).await;
    turned.find(folder, &[]).await;
    let further = made(last.size, last.root, &own, &after);
    put(folder, origin, &[&kept, &ahead, &further]).await;
    turned.find(folder, &[Code::KeyHandoverInvalid]).await;
}
