use std::fs;
use std::path::Path;
use std::sync::Arc;

use tempfile::TempDir;

use super::folder::{Folder, FolderError, Refusal};
use crate::audit::add_checkpoint::AddCheckpoint;
use crate::audit::merkle::{self, Hash, HashReader, complete_root};
use crate::audit::{Checkpoint, NoteKey, NoteSigner, Policy, WitnessSigner, leaf_hash};
use crate::base::{ManualClock, Timestamp};

const LOG: &str = "archive.example/audit";

fn signer(seed: u8) -> NoteSigner {
    NoteSigner::from_seed(&LOG.parse().expect("a name"), &[seed; 32])
}

fn clock() -> Arc<ManualClock> {
    let now = Timestamp::parse("2026-11-25T10:00:00Z").expect("a time");
    Arc::new(ManualClock::at(now))
}

fn take(folder: &Path, clock: &Arc<ManualClock>) -> Result<Folder, FolderError> {
    let logs: Vec<NoteKey> = vec![signer(7).verifier()];
    Folder::open(folder, Some("zeuge.example"), logs, clock.clone())
}

/// A log of which only the hashes of its leaves are known.
struct Tree(Vec<Hash>);

impl Tree {
    /// Leaves that differ from those of another kind from `from` on.
    fn new(size: u64, from: u64, kind: &str) -> Self {
        let leaf = |number: u64| {
            let kind = if number < from { "" } else { kind };
            leaf_hash(format!("{kind}{number}").as_bytes())
        };
        Self((0..size).map(leaf).collect())
    }

    fn checkpoint(&mut self, size: u64, signer: &NoteSigner) -> Vec<u8> {
        let root = merkle::root(size, self).expect("hashes");
        let origin = LOG.parse().expect("a name");
        let checkpoint = Checkpoint { origin, size, root };
        checkpoint.sign(signer).expect("signed")
    }

    /// A question with the proof from `old` to `size`.
    fn asks(&mut self, old: u64, size: u64) -> Vec<u8> {
        let proof = merkle::consistency(old, size, self).expect("hashes");
        let question = AddCheckpoint {
            old,
            proof: proof.unwrap_or_default(),
            note: self.checkpoint(size, &signer(7)),
        };
        question.to_body()
    }
}

impl HashReader for Tree {
    type Error = std::convert::Infallible;

    fn hash(&mut self, level: u8, index: u64) -> Result<Hash, Self::Error> {
        let at = usize::try_from(index << level).expect("small");
        Ok(complete_root(&self.0[at..at + (1 << level)]))
    }
}

/// Where the newest checkpoint lies.
fn newest(folder: &Path) -> std::path::PathBuf {
    let mut entries = fs::read_dir(folder.join("checkpoints")).expect("a folder");
    entries.next().expect("a file").expect("an entry").path()
}

#[test]
fn what_continues_the_log_is_cosigned_and_kept() {
    let (folder, clock) = (TempDir::new().expect("a folder"), clock());
    let mut witness = take(folder.path(), &clock).expect("a witness");
    let mut tree = Tree::new(300, 300, "");
    let mut stands = 0;
    for size in [0, 0, 1, 7, 8, 8, 255, 256, 300] {
        let line = witness.add(&tree.asks(stands, size)).expect("cosigned");
        let note = tree.checkpoint(size, &signer(7));
        let whole = [note.as_slice(), line.as_bytes()].concat();
        let cosigned = witness.key().cosignature(&whole).expect("right");
        let seconds = cosigned.expect("a cosignature").seconds;
        assert_eq!(
            i64::try_from(seconds),
            Ok(1_795_600_800 + clock_seconds(&clock))
        );
        assert_eq!(fs::read(newest(folder.path())).expect("a note"), whole);
        clock.step(1_000_000);
        stands = size;
    }
    let path = newest(folder.path());
    let name = path.file_name().expect("a name").to_string_lossy();
    assert!(name.starts_with("archive.example_audit-"), "{name}");
    let served = witness.newest(&name).expect("readable").expect("a note");
    let policy = Policy::new(vec![signer(7).verifier()]);
    let (checkpoint, _) = Checkpoint::open(&served, &policy).expect("a checkpoint");
    assert_eq!(checkpoint.size, 300);
    let told = witness.told().expect("told");
    assert!(
        told.contains("300 Einträge") && told.contains(&*name),
        "{told}"
    );
    for other in ["", "..", "../witness.key", &format!("{name}.new")] {
        assert!(
            witness.newest(other).expect("readable").is_none(),
            "{other}"
        );
    }
}

/// How many seconds have passed since the clock was made.
fn clock_seconds(clock: &ManualClock) -> i64 {
    use crate::base::Clock as _;
    let start = Timestamp::parse("2026-11-25T10:00:00Z").expect("a time");
    (clock.now().micros() - start.micros()) / 1_000_000
}

#[test]
fn what_does_not_continue_it_is_refused_and_changes_nothing() {
    let (folder, clock) = (TempDir::new().expect("a folder"), clock());
    let mut witness = take(folder.path(), &clock).expect("a witness");
    let mut tree = Tree::new(300, 300, "");
    witness.add(&tree.asks(0, 200)).expect("cosigned");
    let before = fs::read(newest(folder.path())).expect("a note");
    let mut forked = Tree::new(300, 150, "anders ");
    let mut refused = |body: &[u8]| witness.add(body).expect_err("refused");

    assert!(matches!(refused(b"old 200\n"), Refusal::Malformed));
    assert!(matches!(refused(&tree.asks(200, 100)), Refusal::Smaller));
    assert!(matches!(refused(&tree.asks(0, 300)), Refusal::Stands(200)));
    assert!(matches!(
        refused(&tree.asks(199, 300)),
        Refusal::Stands(200)
    ));
    // Set back, and gone on: the log says itself that it is another one.
    assert!(matches!(
        refused(&tree.asks(100, 150)),
        Refusal::Stands(200)
    ));
    let other = refused(&forked.asks(200, 200));
    assert!(matches!(other, Refusal::OtherRoot(200)));
    let other = refused(&forked.asks(200, 300));
    assert!(matches!(other, Refusal::Inconsistent));
    // A proof where none is needed, and none where one is.
    let question = |old, proof: Vec<Hash>, note| AddCheckpoint { old, proof, note }.to_body();
    let newer = tree.checkpoint(300, &signer(7));
    let none = refused(&question(200, vec![], newer.clone()));
    assert!(matches!(none, Refusal::Inconsistent));
    let same = tree.checkpoint(200, &signer(7));
    let some = refused(&question(200, vec![Hash([1; 32])], same));
    assert!(matches!(some, Refusal::Inconsistent));
    // Whom nobody named: another key, another log.
    let stranger = tree.checkpoint(300, &signer(8));
    let key = refused(&question(200, vec![], stranger));
    assert!(matches!(key, Refusal::UnknownKey));
    let text = String::from_utf8(newer).expect("text");
    let foreign = text.replace(LOG, "other.example/audit");
    let log = refused(&question(0, vec![], foreign.into_bytes()));
    assert!(matches!(log, Refusal::UnknownLog));
    clock.step(-1_000_000);
    let late = refused(&tree.asks(200, 300));
    assert!(matches!(late, Refusal::ClockBehind));
    clock.step(1_000_000);

    assert_eq!(fs::read(newest(folder.path())).expect("a note"), before);
    // The first that was refused is kept: signed by the log, and no continuation.
    let kept = fs::read_dir(folder.path().join("refused")).expect("a folder");
    let kept: Vec<_> = kept.map(|one| one.expect("an entry").path()).collect();
    assert_eq!(kept.len(), 1);
    let note = fs::read(&kept[0]).expect("a note");
    assert_eq!(note, forked.checkpoint(200, &signer(7)));
    witness.add(&tree.asks(200, 300)).expect("cosigned");
}

#[test]
fn what_was_cosigned_is_known_after_a_restart_and_one_process_has_the_folder() {
    let (folder, clock) = (TempDir::new().expect("a folder"), clock());
    let mut tree = Tree::new(300, 300, "");
    let mut witness = take(folder.path(), &clock).expect("a witness");
    let key = witness.key();
    witness.add(&tree.asks(0, 200)).expect("cosigned");
    let taken = take(folder.path(), &clock).expect_err("in use");
    assert!(matches!(taken, FolderError::Taken { .. }));
    drop(witness);
    let mut witness = take(folder.path(), &clock).expect("a witness");
    assert_eq!(witness.key(), key);
    let stands = witness.add(&tree.asks(0, 300)).expect_err("it knows more");
    assert!(matches!(stands, Refusal::Stands(200)));
    witness.add(&tree.asks(200, 300)).expect("cosigned");
}

#[test]
fn lines_of_strangers_are_not_kept_and_cannot_harm() {
    let (folder, clock) = (TempDir::new().expect("a folder"), clock());
    let mut tree = Tree::new(300, 300, "");
    let mut witness = take(folder.path(), &clock).expect("a witness");
    let stranger = WitnessSigner::from_seed("zeuge.example", &[9; 32]).expect("a name");
    let mut note = tree.checkpoint(200, &signer(7));
    let line = stranger.cosign("a\n1\nx\n", 5).expect("cosigned").line;
    note.extend_from_slice(line.as_bytes());
    // One in the name of the witness itself that it never made.
    let own = hex::decode(witness.key().id()).expect("an id");
    let forged = [own.as_slice(), &[0; 72]].concat();
    let forged = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, forged);
    note.extend_from_slice(format!("\u{2014} zeuge.example {forged}\n").as_bytes());
    let (old, proof) = (0, Vec::new());
    let question = AddCheckpoint { old, proof, note };
    witness.add(&question.to_body()).expect("cosigned");
    let kept = fs::read_to_string(newest(folder.path())).expect("a note");
    assert_eq!(
        kept.lines()
            .filter(|line| line.starts_with('\u{2014}'))
            .count(),
        2
    );
    witness.add(&tree.asks(200, 300)).expect("cosigned");
}

#[test]
fn a_witness_that_lost_its_memory_does_not_begin_anew_under_its_old_key() {
    let clock = clock();
    let damage = |harm: fn(&Path)| {
        let folder = TempDir::new().expect("a folder");
        let mut witness = take(folder.path(), &clock).expect("a witness");
        let mut tree = Tree::new(300, 300, "");
        witness.add(&tree.asks(0, 200)).expect("cosigned");
        drop(witness);
        harm(folder.path());
        take(folder.path(), &clock)
            .map(|_| ())
            .expect_err("refused")
    };
    let lost = damage(|folder| fs::remove_dir_all(folder.join("checkpoints")).expect("gone"));
    assert!(matches!(lost, FolderError::Lost { .. }));
    let lost = damage(|folder| fs::remove_file(folder.join("witness.key")).expect("gone"));
    assert!(matches!(lost, FolderError::Lost { .. }));
    let cut = damage(|folder| fs::write(newest(folder), "nothing").expect("written"));
    assert!(matches!(cut, FolderError::Damaged { .. }));
    let other = damage(|folder| {
        let note = Tree::new(300, 300, "").checkpoint(100, &signer(7));
        fs::write(newest(folder), note).expect("written");
    });
    assert!(matches!(other, FolderError::Damaged { .. }));
    let open = damage(|folder| {
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o644);
        fs::set_permissions(folder.join("witness.key"), mode).expect("changed");
    });
    assert!(matches!(open, FolderError::Key { .. }));
}

#[test]
fn a_new_witness_needs_a_name_and_keeps_it() {
    let (folder, clock) = (TempDir::new().expect("a folder"), clock());
    let called = |name| Folder::open(folder.path(), name, vec![], clock.clone()).map(|it| it.key());
    let nameless = called(None).expect_err("refused");
    assert!(matches!(nameless, FolderError::NoName));
    let spaced = called(Some("a b")).expect_err("refused");
    assert!(matches!(spaced, FolderError::BadName(_)));
    let key = called(Some("zeuge.example")).expect("a witness");
    assert_eq!(key.name(), "zeuge.example");
    assert_eq!(called(None).expect("a witness"), key);
    let other = called(Some("other.example")).expect_err("refused");
    assert!(matches!(other, FolderError::OtherName { .. }));
}
