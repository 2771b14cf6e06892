//! What witnesses find: the attacks that nothing in the archive finds without them, and those on what they cosigned.

use super::attacks::SIGNED;
use super::bundles::verify_folder;
use super::fixture::{
    Archive, Online, Rows, codes, draft, id, names, origin, policy, signer, verify_online,
};
use crate::audit::verify::{Check, Code, Language, Options, Reason, Report, Status, Trust, verify};
use crate::audit::{Checkpoint, NoteSigner, Policy, Quorum, Witness, WitnessSigner};

const COUNT: u64 = 700;
/// What witnesses had cosigned when the attack began.
pub(super) const COSIGNED: u64 = 600;
const SECONDS: u64 = 1_795_400_000;

fn witness(number: u8) -> WitnessSigner {
    let name = format!("w{number}.example");
    WitnessSigner::from_seed(&name, &[20 + number; 32]).expect("a name")
}

/// The key of the log, and so many of two witnesses.
pub(super) fn witnessed_by(count: usize) -> Policy {
    let witnesses = [1, 2].map(|number| Witness::of(witness(number).verifier()));
    policy().witnessed(Quorum::of(witnesses.to_vec(), count))
}

/// A note with the cosignatures of these witnesses behind it.
pub(super) fn cosign(note: &[u8], witnesses: &[u8]) -> Vec<u8> {
    let mut cosigned = note.to_vec();
    let text = Checkpoint::claimed(note).expect("a checkpoint").to_text();
    for number in witnesses {
        let line = witness(*number).cosign(&text, SECONDS).expect("cosigned");
        cosigned.extend_from_slice(line.line.as_bytes());
    }
    cosigned
}

pub(super) fn honest_note(size: u64) -> Vec<u8> {
    let mut archive = Archive::build(COUNT, SIGNED);
    archive.publish(size, &signer());
    archive.checkpoint.expect("published")
}

/// An archive whose checkpoint over 600 records both witnesses cosigned.
pub(super) fn archive() -> Archive {
    let mut archive = Archive::build(COUNT, SIGNED);
    archive.witnessed = Some(cosign(&honest_note(COSIGNED), &[1, 2]));
    archive
}

/// Runs an attack and compares what is found with the policy from paper: both witnesses.
#[track_caller]
fn check(attack: impl FnOnce(&mut Archive), expected: &[Code]) -> Report {
    let mut archive = archive();
    attack(&mut archive);
    let options = Options {
        trust: Trust::Pinned(witnessed_by(2)),
        ..Options::default()
    };
    let report = verify(&mut Online::new(&archive), &options).expect("readable");
    let text = report.to_text(Language::English);
    assert_eq!(codes(&report), names(expected), "{text}");
    report
}

pub(super) fn change_who(archive: &mut Archive, seq: usize) {
    archive.edit(seq, |leaf| leaf.draft.actor = id("someone else", 1));
    archive.relink_as_before();
    archive.publish(SIGNED, &signer());
}

const FORK: &[Code] = &[Code::ForkAgainstWitnessedCheckpoint];

#[test]
fn what_witnesses_cosigned_is_checked_and_told() {
    let report = check(|_| {}, &[]);
    assert_eq!(report.status(Check::Witnesses), Status::Ok);
    let german = report.to_text(Language::German);
    let line = "Bezeugt: 600 Einträge, von w1.example (2026-11-23T02:13:20.000000Z), w2.example";
    assert!(german.contains(line), "{german}");
    let json = report.to_json();
    assert_eq!(json["witnessed"]["size"], 600);
    assert_eq!(json["witnessed"]["cosigned"][1]["witness"], "w2.example");
    // A checkpoint newer than the public one is fine as well: the records are there.
    check(
        |archive| archive.witnessed = Some(cosign(&honest_note(690), &[1, 2])),
        &[],
    );
    // Who names no witness is told nothing, and who came with the material vouches for nobody.
    let report = verify_online(&archive(), Options::default());
    let not_asked = Status::NotChecked(Reason::NotAsked);
    assert_eq!(report.status(Check::Witnesses), not_asked);
    let folder = tempfile::tempdir().expect("a folder");
    archive().export_under(&witnessed_by(2), folder.path());
    let first_use = Options {
        trust: Trust::FirstUse,
        ..Options::default()
    };
    let report = verify_folder(folder.path(), &first_use);
    assert_eq!((codes(&report), report.exit_code()), (names(&[]), 0));
    let unpinned = Status::NotChecked(Reason::KeyNotPinned);
    assert_eq!(report.status(Check::Witnesses), unpinned);
}

#[test]
fn with_the_key_a_consistent_change_is_found_by_what_witnesses_cosigned() {
    let report = check(|archive| change_who(archive, 100), FORK);
    assert_eq!(report.exit_code(), 1);
    // What came after the last cosignature only the next one fixes.
    check(|archive| change_who(archive, 610), &[]);
    // Without the name of a witness on paper nobody looks.
    let mut changed = archive();
    change_who(&mut changed, 100);
    let report = verify_online(&changed, Options::default());
    assert_eq!(codes(&report), names(&[]));
}

#[test]
fn a_log_that_was_cut_is_shorter_than_what_witnesses_cosigned() {
    let cut = |archive: &mut Archive| {
        archive.truncate(500, Rows::RolledBack);
        archive.publish(500, &signer());
    };
    check(cut, &[Code::LogShorterThanWitnessedCheckpoint]);
    let dropped = |archive: &mut Archive| {
        cut(archive);
        archive.checkpoint = None;
    };
    check(dropped, &[Code::LogShorterThanWitnessedCheckpoint]);
}

#[test]
fn a_backup_with_all_that_is_published_is_found_by_what_the_witness_itself_has() {
    let fork = |archive: &mut Archive| {
        archive.truncate(500, Rows::RolledBack);
        for number in 2_000..2_250 {
            archive.append(draft("user.login", number), &[]);
        }
        archive.publish(SIGNED, &signer());
    };
    // What was cosigned later is still there: found by the archive itself.
    check(fork, FORK);
    // It was set back too: what lies there is honest and old.
    let all = |archive: &mut Archive| {
        fork(archive);
        archive.witnessed = Some(cosign(&honest_note(400), &[1, 2]));
    };
    check(all, &[]);
    let mut archive = archive();
    all(&mut archive);
    let options = Options {
        trust: Trust::Pinned(witnessed_by(2)),
        kept: vec![cosign(&honest_note(COSIGNED), &[1])],
        ..Options::default()
    };
    let report = verify(&mut Online::new(&archive), &options).expect("readable");
    assert_eq!(
        codes(&report),
        names(&[Code::ForkAgainstKeptCheckpoint]),
        "{}",
        report.to_text(Language::English)
    );
}

#[test]
fn without_enough_cosignatures_nothing_is_witnessed_and_that_is_said() {
    let missed = &[Code::WitnessQuorumMissed];
    let note = honest_note(COSIGNED);
    let cosigned = |witnesses: &[u8]| Some(cosign(&note, witnesses));
    let stranger = NoteSigner::from_seed(&origin(), &[8; 32]);
    for witnessed in [
        None,
        cosigned(&[]),
        cosigned(&[1]),
        cosigned(&[3, 4]),
        Some(b"nothing".to_vec()),
        Some({
            let mut other = Archive::build(COUNT, COSIGNED);
            other.publish(COSIGNED, &stranger);
            cosign(&other.checkpoint.expect("published"), &[1, 2])
        }),
    ] {
        let report = check(|archive| archive.witnessed = witnessed, missed);
        assert_eq!(report.exit_code(), 2);
    }
    // The signature of the log alone still tells of a fork.
    let forked = |archive: &mut Archive| {
        archive.witnessed = cosigned(&[1]);
        change_who(archive, 100);
    };
    let both = [
        Code::ForkAgainstWitnessedCheckpoint,
        Code::WitnessQuorumMissed,
    ];
    check(forked, &both);
    // One of two is enough where the policy says so.
    let mut one = archive();
    one.witnessed = cosigned(&[2]);
    let options = Options {
        trust: Trust::Pinned(witnessed_by(1)),
        ..Options::default()
    };
    let report = verify(&mut Online::new(&one), &options).expect("readable");
    assert_eq!((codes(&report), report.exit_code()), (names(&[]), 0));
    // Where none is wanted, none is missed.
    one.witnessed = None;
    let options = Options {
        trust: Trust::Pinned(witnessed_by(0)),
        ..Options::default()
    };
    let report = verify(&mut Online::new(&one), &options).expect("readable");
    let not_asked = Status::NotChecked(Reason::NotAsked);
    assert_eq!(report.status(Check::Witnesses), not_asked);
    assert_eq!(report.exit_code(), 0);
}

#[test]
fn a_cosignature_of_another_checkpoint_is_found() {
    let moved = |archive: &mut Archive| {
        let (own, other) = (honest_note(COSIGNED), cosign(&honest_note(500), &[1, 2]));
        let other = String::from_utf8(other).expect("text");
        let mut note = own;
        let lines = other.lines().filter(|line| line.contains(" w1.example "));
        for line in lines {
            note.extend_from_slice(format!("{line}\n").as_bytes());
        }
        archive.witnessed = Some(note);
    };
    let report = check(moved, &[Code::CosignatureInvalid]);
    assert_eq!(report.exit_code(), 1);
}
