//! A log that went over to other keys, and who has one of them: each attack is found by the named codes and by no
//! other, with each of the keys that an auditor may have on paper.

use super::bundles::{export, verify_folder};
use super::fixture::{Archive, Online, Rows, codes, draft, id, names, origin, signer};
use super::judges::says;
use super::stamped::{HONEST, stamped};
use super::witnessed::{cosign, witnessed_by};
use crate::audit::rotation::{HandoverNote, short};
use crate::audit::verify::{Check, Code, Language, Options, Proofs, Report, Status, Trust, verify};
use crate::audit::{Handover, NoteSigner, Origin, Policy};

/// Sizes at which the log went over, and that of the checkpoint.
const FIRST: u64 = 300;
const SECOND: u64 = 400;
const SIGNED: u64 = 440;
const COUNT: u64 = 450;

fn second() -> NoteSigner {
    NoteSigner::from_seed(&origin(), &[8; 32])
}

fn third() -> NoteSigner {
    NoteSigner::from_seed(&origin(), &[9; 32])
}

/// The key of somebody else.
fn own() -> NoteSigner {
    NoteSigner::from_seed(&origin(), &[66; 32])
}

fn add(archive: &mut Archive, upto: u64) {
    let from = u64::try_from(archive.leaves.len()).expect("small");
    for number in from..upto {
        archive.append(draft("user.login", number), &[]);
    }
}

/// An archive whose log went over twice.
fn rotated() -> Archive {
    let mut archive = Archive::build(FIRST, FIRST);
    archive.hand_over(&signer(), &second());
    add(&mut archive, SECOND);
    archive.hand_over(&second(), &third());
    add(&mut archive, COUNT);
    archive.publish(SIGNED, &third());
    archive
}

/// A checkpoint of the honest log that somebody kept.
fn kept(size: u64, by: &NoteSigner) -> Vec<u8> {
    let mut archive = rotated();
    archive.publish(size, by);
    archive.checkpoint.expect("published")
}

/// Verifies with these keys from paper.
fn judged(archive: &Archive, keys: &[NoteSigner], kept: Vec<Vec<u8>>) -> Report {
    let keys = keys.iter().map(NoteSigner::verifier).collect();
    let options = Options {
        trust: Trust::Pinned(Policy::new(keys)),
        blobs: Some(archive),
        proofs: Proofs::All,
        kept,
        ..Options::default()
    };
    verify(&mut Online::new(archive), &options).expect("a readable source")
}

#[track_caller]
fn finds(report: &Report, expected: &[Code]) {
    let text = report.to_text(Language::English);
    assert_eq!(codes(report), names(expected), "{text}");
}

/// Carries out an attack and compares what is found with each of these keys on paper.
#[track_caller]
fn check(attack: impl Fn(&mut Archive), cases: &[(&[NoteSigner], &[Code])]) {
    let mut archive = rotated();
    attack(&mut archive);
    for (keys, expected) in cases {
        finds(&judged(&archive, keys, Vec::new()), expected);
    }
}

#[test]
fn a_log_that_went_over_twice_is_clean_with_any_of_its_keys() {
    let archive = rotated();
    let memory = [
        (200, signer()),
        (FIRST, signer()),
        (FIRST, second()),
        (350, second()),
        (SECOND, second()),
        (SIGNED, third()),
    ];
    let memory: Vec<_> = memory.iter().map(|(size, by)| kept(*size, by)).collect();
    for keys in [
        vec![signer()],
        vec![second()],
        vec![third()],
        vec![signer(), third()],
        vec![third(), signer()],
    ] {
        let report = judged(&archive, &keys, memory.clone());
        finds(&report, &[]);
        assert_eq!(report.exit_code(), 0);
        assert_eq!(report.status(Check::Signature), Status::Ok);
        assert_eq!(report.status(Check::Kept), Status::Ok);
    }
    // Until the new key has signed, the checkpoint is the last one of the old key.
    let mut archive = rotated();
    archive.publish(SECOND, &second());
    finds(&judged(&archive, &[signer()], Vec::new()), &[]);
}

#[test]
fn judges_follow_the_handovers_from_any_key() {
    let archive = rotated();
    let folder = export(&archive);
    for key in [signer(), second(), third()] {
        let key = key.verifier().to_string();
        says(folder.path(), &["--key", &key], 0, &[], &[]);
    }
    // The key that came along is the first one.
    says(folder.path(), &[], 0, &[], &[]);
    let key = third().verifier().to_string();
    let key = ["--key", key.as_str()];
    let with = |change: &dyn Fn(&mut Archive)| {
        let mut archive = rotated();
        change(&mut archive);
        export(&archive)
    };
    let retired = with(&|archive| archive.publish(SIGNED, &signer()));
    says(retired.path(), &key, 1, &["key-retired"], &["key-retired"]);
    let removed = with(&|archive| archive.handovers.clear());
    let missing = ["key-handover-missing"];
    says(removed.path(), &key, 2, &missing, &missing);
    let forged = with(&|archive| archive.handovers[1] = note(archive, &own(), &third()));
    let invalid = ["key-handover-invalid", "key-unknown"];
    let first = signer().verifier().to_string();
    says(forged.path(), &["--key", &first], 1, &invalid, &invalid);
    // The shell does not compute older roots.
    let rewritten = with(&|archive| {
        archive.edit(100, |leaf| leaf.draft.actor = id("someone else", 1));
        archive.relink_as_before();
        archive.publish(SIGNED, &third());
    });
    says(rewritten.path(), &key, 1, &["key-handover-invalid"], &[]);
}

#[test]
fn judges_find_handovers_and_records_of_them_that_do_not_belong_together() {
    let paper = |keys: &[NoteSigner]| -> Vec<String> {
        let keys = keys.iter().map(|key| key.verifier().to_string());
        keys.flat_map(|key| ["--key".to_owned(), key]).collect()
    };
    let say = |archive: &Archive, keys: &[NoteSigner], exit, python: &[&str], shell: &[&str]| {
        let keys = paper(keys);
        let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
        says(export(archive).path(), &keys, exit, python, shell);
    };
    let invalid = ["key-handover-invalid"];
    say(&never_over(), &[signer()], 0, &[], &[]);
    let missing = ["key-handover-missing"];
    say(&never_over(), &[signer(), third()], 2, &missing, &missing);
    let mut archive = rotated();
    cut_at_the_handover(&mut archive);
    say(&archive, &[third()], 1, &invalid, &invalid);
    // The shell reads no openings.
    let mut archive = rotated();
    other_writing(&mut archive);
    say(&archive, &[third()], 1, &invalid, &[]);
    // The record lies further back than what the shell reads one by one.
    let mut archive = Archive::build(20, 20);
    archive.hand_over(&signer(), &second());
    add(&mut archive, 1_100);
    archive.publish(1_090, &second());
    archive.handovers.clear();
    say(&archive, &[second()], 2, &missing, &missing);
    say(&archive, &[signer(), second()], 2, &missing, &missing);
}

#[test]
fn an_export_from_before_a_log_went_over_misses_what_leads_to_the_newest_key() {
    let early = Archive::build(300, 270);
    let (first, newest) = (signer().verifier(), third().verifier());
    let report = judged(&early, &[signer(), third()], Vec::new());
    finds(&report, &[Code::KeyHandoverMissing]);
    assert_eq!(report.exit_code(), 2);
    let list = report.findings.list();
    assert_eq!(list.len(), 1, "said once");
    let detail = format!("none leads to {}, {}", short(&first), short(&newest));
    assert_eq!(list[0].detail, Some(detail));
    let folder = export(&early);
    let keys = [first.to_string(), newest.to_string()];
    let keys = ["--key", keys[0].as_str(), "--key", keys[1].as_str()];
    let missing = ["key-handover-missing"];
    says(folder.path(), &keys, 2, &missing, &missing);
    // Whatever else is wrong is told as it is with one key.
    let mut edited = Archive::build(300, 270);
    edited.edit(100, |leaf| leaf.draft.role = "mayor".into());
    let folder = export(&edited);
    let broken = [
        "chain-link-broken",
        "checkpoint-root-mismatch",
        "key-handover-missing",
    ];
    says(folder.path(), &keys, 1, &broken, &broken);
}

/// The log written anew under its first key, which somebody has stolen, as if it had never gone over.
fn never_over() -> Archive {
    let mut archive = Archive::build(FIRST, FIRST);
    add(&mut archive, COUNT);
    archive.publish(SIGNED, &signer());
    archive
}

/// What takes no key: the log of then, and the last checkpoint of the old key.
fn cut_at_the_handover(archive: &mut Archive) {
    archive.truncate(400, Rows::RolledBack);
    archive.publish(SECOND, &second());
}

/// The same handover in another writing: its signatures change places.
fn other_writing(archive: &mut Archive) {
    let text = String::from_utf8(archive.handovers[1].note.clone()).expect("text");
    let (text, second) = text.trim_end().rsplit_once('\n').expect("lines");
    let (text, first) = text.rsplit_once('\n').expect("lines");
    archive.handovers[1].note = format!("{text}\n{second}\n{first}\n").into_bytes();
}

/// A handover at the size of the second one.
fn note(archive: &Archive, old: &NoteSigner, new: &NoteSigner) -> HandoverNote {
    HandoverNote {
        name: "keys/2".to_owned(),
        note: archive.handover(SECOND, old, new),
    }
}

#[test]
fn a_key_that_was_handed_over_signs_nothing_more() {
    let all: [&[NoteSigner]; 3] = [&[signer()], &[second()], &[third()]];
    let retired: &[Code] = &[Code::KeyRetired];
    for (by, size) in [
        (signer(), SIGNED),
        (signer(), FIRST + 1),
        (second(), SIGNED),
        (second(), FIRST - 1),
        (third(), SECOND - 1),
    ] {
        let cases = all.map(|keys| (keys, retired));
        check(|archive| archive.publish(size, &by), &cases);
    }
    // Whoever shows such a checkpoint as one that was kept is told as well.
    let report = judged(&rotated(), &[third()], vec![kept(SIGNED, &signer())]);
    finds(&report, retired);
    assert_eq!(report.exit_code(), 1);
    // Nor is it better for what others say of it.
    let mut archive = rotated();
    archive.witnessed = Some(cosign(&kept(SIGNED, &signer()), &[1, 2]));
    finds(&witnessed(&archive, &third()), retired);
    let mut archive = Archive::build(40, 40);
    archive.hand_over(&signer(), &second());
    add(&mut archive, 90);
    archive.publish(80, &second());
    archive.timestamps = stamped(HONEST).timestamps;
    finds(&judged(&archive, &[second()], Vec::new()), retired);
    // Another past that is signed with it contradicts what it signed when it was in force.
    let rewritten = |archive: &mut Archive| {
        archive.edit(100, |leaf| leaf.draft.actor = id("someone else", 1));
        archive.relink_as_before();
        archive.publish(SIGNED, &signer());
    };
    let both: &[Code] = &[Code::KeyRetired, Code::KeyHandoverInvalid];
    check(rewritten, &all.map(|keys| (keys, both)));
}

/// Verifies with this key from paper and those of two witnesses.
fn witnessed(archive: &Archive, key: &NoteSigner) -> Report {
    let options = Options {
        trust: Trust::Pinned(witnessed_by(2).with_keys(vec![key.verifier()])),
        ..Options::default()
    };
    verify(&mut Online::new(archive), &options).expect("a readable source")
}

#[test]
fn what_others_said_of_a_log_before_it_went_over_counts_after_it() {
    let mut archive = stamped(HONEST);
    let signed = archive.checkpoint.clone().expect("published");
    archive.witnessed = Some(cosign(&signed, &[1, 2]));
    archive.hand_over(&signer(), &second());
    add(&mut archive, 90);
    archive.publish(80, &second());
    for key in [signer(), second()] {
        let report = witnessed(&archive, &key);
        finds(&report, &[]);
        assert_eq!(report.status(Check::Witnesses), Status::Ok);
        assert_eq!(report.timestamps.count, 1);
    }
}

#[test]
fn a_handover_that_is_forged_or_does_not_follow_is_found() {
    let (first, newest): (&[NoteSigner], &[NoteSigner]) = (&[signer()], &[third()]);
    let invalid: &[Code] = &[Code::KeyHandoverInvalid];
    let unknown: &[Code] = &[Code::KeyHandoverInvalid, Code::KeyUnknown];
    // An own key, in the name of the old one.
    let renamed = |archive: &mut Archive| {
        let forged = note(archive, &own(), &own_after());
        let text = String::from_utf8(forged.note).expect("text");
        let (ours, old) = (own().verifier().to_string(), second().verifier());
        let text = text.replace(&ours, &old.to_string());
        archive.handovers[1].note = text.into_bytes();
        archive.publish(SIGNED, &own_after());
    };
    check(renamed, &[(first, unknown)]);
    // An own key, that nobody handed anything over to.
    let out_of_nothing = |archive: &mut Archive| {
        archive.handovers[1] = note(archive, &own(), &third());
    };
    check(out_of_nothing, &[(first, unknown), (newest, invalid)]);
    // One signature of two.
    let alone = |archive: &mut Archive| {
        let text = String::from_utf8(archive.handovers[0].note.clone()).expect("text");
        let (kept, _) = text.trim_end().rsplit_once('\n').expect("lines");
        archive.handovers[0].note = format!("{kept}\n").into_bytes();
    };
    check(alone, &[(first, unknown), (newest, invalid)]);
    // Another size than both signed.
    let resized = |archive: &mut Archive| {
        let text = String::from_utf8(archive.handovers[0].note.clone()).expect("text");
        let text = text.replace("\n300\n", "\n299\n");
        archive.handovers[0].note = text.into_bytes();
    };
    check(resized, &[(first, unknown), (newest, invalid)]);
    // The old key, which was kept, hands over a second time.
    let twice = |archive: &mut Archive| {
        let more = note(archive, &signer(), &own());
        archive.handovers.push(more);
        archive.publish(SIGNED, &own());
    };
    check(twice, &[(first, unknown), (newest, unknown)]);
    let instead = |archive: &mut Archive| {
        archive.handovers[1] = note(archive, &signer(), &own());
        archive.publish(SIGNED, &own());
    };
    check(instead, &[(first, unknown)]);
    // Not the one of which the record tells.
    check(other_writing, &[(first, invalid), (newest, invalid)]);
}

/// What an own key hands over to.
fn own_after() -> NoteSigner {
    NoteSigner::from_seed(&origin(), &[67; 32])
}

#[test]
fn handovers_that_were_taken_away_are_missed() {
    let (first, newest): (&[NoteSigner], &[NoteSigner]) = (&[signer()], &[third()]);
    let missing: &[Code] = &[Code::KeyHandoverMissing];
    let unknown: &[Code] = &[Code::KeyUnknown, Code::KeyHandoverMissing];
    let all = |archive: &mut Archive| archive.handovers.clear();
    let other: &[Code] = &[Code::KeyHandoverInvalid, Code::KeyHandoverMissing];
    let both: &[NoteSigner] = &[signer(), third()];
    check(all, &[(first, unknown), (newest, missing), (both, missing)]);
    let the_last = |archive: &mut Archive| drop(archive.handovers.pop());
    let unlinked: &[Code] = &[
        Code::KeyHandoverInvalid,
        Code::KeyHandoverMissing,
        Code::KeyUnknown,
    ];
    check(the_last, &[(first, unknown), (newest, other)]);
    let the_first = |archive: &mut Archive| drop(archive.handovers.remove(0));
    check(the_first, &[(first, unlinked), (newest, missing)]);
    let mut archive = rotated();
    archive.handovers.clear();
    for keys in [newest, both] {
        let report = judged(&archive, keys, Vec::new());
        assert_eq!(report.exit_code(), 2);
        assert_eq!(report.findings.list().len(), 1, "said once");
    }
}

#[test]
fn a_handover_of_which_the_log_says_nothing_is_found() {
    let all: [&[NoteSigner]; 3] = [&[signer()], &[second()], &[third()]];
    let invalid: &[Code] = &[Code::KeyHandoverInvalid];
    check(cut_at_the_handover, &all.map(|keys| (keys, invalid)));
    // Its record taken out, with the newest key.
    let taken_out = |archive: &mut Archive| {
        drop(archive.leaves.remove(400));
        archive.openings.retain(|row| row.seq != SECOND);
        archive.relink_as_before();
        archive.publish(SIGNED, &third());
    };
    check(taken_out, &all.map(|keys| (keys, invalid)));
    // Where records could not be read nothing is said of those that tell of it.
    let folder = export(&rotated());
    let entries = folder.path().join("data/log/tile/entries/001.p/184");
    std::fs::remove_file(entries).expect("removed");
    let options = Options {
        trust: Trust::Pinned(Policy::new(vec![third().verifier()])),
        ..Options::default()
    };
    let report = verify_folder(folder.path(), &options);
    assert!(report.findings.has(Code::BundleFileMissing));
    assert!(!report.findings.has(Code::KeyHandoverInvalid));
}

#[test]
fn a_log_written_anew_under_a_stolen_key_is_told_by_a_newer_key_beside_it() {
    let anew = |archive: &mut Archive| *archive = never_over();
    let (first, newest): (&[NoteSigner], &[NoteSigner]) = (&[signer()], &[third()]);
    let both: &[NoteSigner] = &[signer(), third()];
    let clean: &[Code] = &[];
    let missing: &[Code] = &[Code::KeyHandoverMissing];
    let invalid: &[Code] = &[Code::KeyHandoverInvalid];
    let unknown: &[Code] = &[Code::KeyUnknown, Code::GenesisMismatch];
    check(anew, &[(first, clean), (both, missing), (newest, unknown)]);
    // Keys of another log say nothing of this one, and its handovers nothing of these keys.
    let elsewhere: Origin = "other.example/audit".parse().expect("an origin");
    let one = || NoteSigner::from_seed(&elsewhere, &[1; 32]);
    let two = || NoteSigner::from_seed(&elsewhere, &[2; 32]);
    let with_others: &[NoteSigner] = &[signer(), one(), two()];
    check(anew, &[(with_others, clean)]);
    let covered = |archive: &mut Archive| {
        *archive = never_over();
        let handover = Handover {
            origin: elsewhere.clone(),
            size: FIRST,
            root: archive.hash_at(0),
            old: one().verifier(),
            new: two().verifier(),
        };
        let note = handover.sign(&one(), &two()).expect("a handover");
        let name = "keys/1".to_owned();
        archive.handovers.push(HandoverNote { name, note });
        archive.append(draft("log.rotate_key", COUNT), &[]);
    };
    let all: &[NoteSigner] = &[signer(), third(), one(), two()];
    check(covered, &[(all, invalid)]);
}

#[test]
fn with_the_newest_key_the_past_before_a_handover_stays_what_it_was() {
    let rewrite = |seq: usize| {
        move |archive: &mut Archive| {
            archive.edit(seq, |leaf| leaf.draft.actor = id("someone else", 1));
            archive.relink_as_before();
            archive.publish(SIGNED, &third());
        }
    };
    let all: [&[NoteSigner]; 3] = [&[signer()], &[second()], &[third()]];
    let invalid: &[Code] = &[Code::KeyHandoverInvalid];
    for seq in [100, 299, 350] {
        check(rewrite(seq), &all.map(|keys| (keys, invalid)));
    }
    // What came behind it is as it is with any key: only outside memory tells.
    let clean: &[Code] = &[];
    check(rewrite(420), &all.map(|keys| (keys, clean)));
    let mut archive = rotated();
    rewrite(420)(&mut archive);
    let report = judged(&archive, &[third()], vec![kept(SIGNED, &third())]);
    finds(&report, &[Code::ForkAgainstKeptCheckpoint]);
    // Cut behind the handover, and signed anew.
    let cut = |archive: &mut Archive| {
        archive.truncate(350, Rows::RolledBack);
        archive.publish(350, &second());
    };
    let cases = all.map(|keys| (keys, invalid));
    check(cut, &cases);
}

#[test]
fn a_stolen_key_that_hands_a_log_written_anew_over_is_told_by_the_newest_key() {
    let anew = |archive: &mut Archive| {
        *archive = Archive::build(FIRST, FIRST);
        archive.edit(100, |leaf| leaf.draft.actor = id("someone else", 1));
        archive.relink_as_before();
        archive.hand_over(&signer(), &own());
        add(archive, COUNT);
        archive.publish(SIGNED, &own());
    };
    let (first, newest): (&[NoteSigner], &[NoteSigner]) = (&[signer()], &[third()]);
    let both: &[NoteSigner] = &[signer(), third()];
    let invalid: &[Code] = &[Code::KeyHandoverInvalid];
    let unknown: &[Code] = &[Code::KeyHandoverInvalid, Code::KeyUnknown];
    // Who knows the first key alone believes it: it vouches for whom it likes.
    let clean: &[Code] = &[];
    check(anew, &[(first, clean), (both, invalid), (newest, unknown)]);
    // A checkpoint that was kept before tells, and needs no key that came later.
    let mut archive = rotated();
    anew(&mut archive);
    let report = judged(&archive, first, vec![kept(200, &signer())]);
    finds(&report, &[Code::ForkAgainstKeptCheckpoint]);
}
