//! Who holds which store can do what, and which code finds it: each attack is found by the named
//! codes and by no other. What nothing in the archive can find is stated as such.

use super::fixture::{
    Archive, Online, Row, Rows, codes, digest, draft, id, names, origin, signer, state_bytes,
    verify_online,
};
use crate::audit::verify::{
    BlobState, Check, Code, OpeningContent, OpeningRow, Options, Proofs, Reason, Receipts, Report,
    Status, Trust, verify,
};
use crate::audit::{Checkpoint, NoteSigner, Policy, Slot, Subject, Target, genesis};

pub(super) const COUNT: u64 = 700;
pub(super) const SIGNED: u64 = 650;

fn archive() -> Archive {
    Archive::build(COUNT, SIGNED)
}

fn honest_checkpoint(size: u64) -> Vec<u8> {
    let mut archive = archive();
    archive.publish(size, &signer());
    archive.checkpoint.expect("published")
}

/// Runs an attack and compares what is found, with all that an auditor may remember or nothing.
#[track_caller]
pub(super) fn check(attack: impl FnOnce(&mut Archive), expected: &[Code]) -> Report {
    check_with(attack, Options::default(), expected)
}

#[track_caller]
pub(super) fn check_with(
    attack: impl FnOnce(&mut Archive),
    options: Options<'_>,
    expected: &[Code],
) -> Report {
    let mut archive = archive();
    attack(&mut archive);
    let report = verify_online(&archive, options);
    let text = report.to_text(crate::audit::verify::Language::English);
    assert_eq!(codes(&report), names(expected), "{text}");
    report
}

pub(super) fn since(size: u64) -> Options<'static> {
    Options {
        kept: vec![honest_checkpoint(size)],
        ..Options::default()
    }
}

pub(super) fn receipt(seq: usize) -> Options<'static> {
    let hash = archive().hash_at(seq);
    let seq = u64::try_from(seq).expect("small");
    Options {
        receipts: Receipts::new(vec![(seq, hash)]),
        ..Options::default()
    }
}

/// Makes the archive of one piece again, as who holds database, object store and key can.
pub(super) fn cover_up(archive: &mut Archive) {
    archive.relink_as_before();
    archive.publish(SIGNED, &signer());
}

fn change_who(archive: &mut Archive, seq: usize) {
    archive.edit(seq, |leaf| leaf.draft.actor = id("someone else", 1));
}

pub(super) const ROOT_AND_STORE: &[Code] = &[
    Code::CheckpointRootMismatch,
    Code::TileMismatch,
    Code::EntriesMismatch,
];

#[test]
fn an_honest_archive_is_clean_on_every_level() {
    let mut options = since(300);
    options.receipts = Receipts::new(vec![
        (0, archive().hash_at(0)),
        (699, archive().hash_at(699)),
    ]);
    options.proofs = Proofs::All;
    let report = check_with(|_| {}, options, &[]);
    for check in Check::ALL {
        let expected = match check {
            Check::Transport => Status::NotChecked(Reason::NotOffered),
            Check::Signature | Check::Chain | Check::Tree | Check::Proofs | Check::Openings => {
                Status::Ok
            }
            Check::States | Check::Blobs | Check::Kept | Check::Receipts => Status::Ok,
            // The policy of the fixture names none.
            Check::Witnesses => Status::NotChecked(Reason::NotAsked),
            // This archive asked nobody; stamped.rs has those that did.
            Check::Timestamps => Status::NotChecked(Reason::NotOffered),
        };
        assert_eq!(report.status(*check), expected, "{check:?}");
    }
    assert_eq!(
        (report.exit_code(), report.records, report.tail),
        (0, COUNT, COUNT - SIGNED)
    );
    assert_eq!((report.openings.erased, report.proofs), (1, SIGNED + 1));
}

#[test]
fn a_lawful_erasure_is_clean() {
    let erase = |archive: &mut Archive| {
        archive.erase(
            COUNT,
            Target {
                seq: 40,
                slot: Slot::State(0),
            },
        );
    };
    let report = check(erase, &[]);
    assert_eq!(report.openings.erased, 2);
}

#[test]
fn an_edited_record_breaks_the_chain() {
    let edit = |archive: &mut Archive| change_who(archive, 100);
    let mut found = vec![Code::LeafHashMismatch, Code::ChainLinkBroken];
    found.extend(ROOT_AND_STORE);
    let report = check(edit, &found);
    assert_eq!(report.exit_code(), 1);
    let edit_with_column = |archive: &mut Archive| {
        change_who(archive, 100);
        archive.columns[100].hash = crate::audit::leaf_hash(&archive.leaves[100]);
    };
    let mut found = vec![Code::ChainLinkBroken];
    found.extend(ROOT_AND_STORE);
    check(edit_with_column, &found);
}

#[test]
fn a_deleted_record_leaves_a_gap() {
    let delete = |archive: &mut Archive| {
        archive.leaves.remove(1);
        archive.columns.remove(1);
        archive.openings.retain(|row| row.seq != 1);
    };
    check(delete, &[Code::SeqGap, Code::CheckpointRootMismatch]);
}

#[test]
fn swapped_records_are_out_of_order() {
    let swap = |archive: &mut Archive| {
        archive.leaves.swap(300, 301);
        archive.columns.swap(300, 301);
        // Their openings and rows would be searched in vain: the attacker takes them along.
        archive
            .openings
            .retain(|row| row.seq != 300 && row.seq != 301);
        archive
            .rows
            .retain(|_, row| row.seq != Some(300) && row.seq != Some(301));
    };
    let found = [
        Code::SeqGap,
        Code::SeqRepeated,
        Code::CheckpointRootMismatch,
        Code::OpeningMissing,
    ];
    check(swap, &found);
}

#[test]
fn relinking_the_whole_chain_is_found_by_the_signed_root() {
    let edit = |archive: &mut Archive| {
        change_who(archive, 100);
        archive.relink_as_before();
    };
    check(edit, ROOT_AND_STORE);
    let edit_and_publish = |archive: &mut Archive| {
        let note = archive.checkpoint.clone();
        change_who(archive, 100);
        cover_up(archive);
        archive.checkpoint = note;
    };
    check(edit_and_publish, &[Code::CheckpointRootMismatch]);
}

/// Removes a record and closes the gap: later numbers move down.
fn delete_and_renumber(archive: &mut Archive, seq: usize) {
    let gone = u64::try_from(seq).expect("small");
    let down = |seq: u64| if seq > gone { seq - 1 } else { seq };
    archive.leaves.remove(seq);
    archive.openings.retain(|row| row.seq != gone);
    archive
        .openings
        .iter_mut()
        .for_each(|row| row.seq = down(row.seq));
    archive
        .rows
        .values_mut()
        .for_each(|row| row.seq = row.seq.map(down));
    archive.relink_as_before();
}

#[test]
fn deleting_and_relinking_also_leaves_a_gap_in_versions() {
    let victim = |archive: &mut Archive| {
        // The first record of an entity that has a second one.
        let update = archive.leaves.iter().skip(200).find(|leaf| {
            std::str::from_utf8(leaf)
                .expect("text")
                .contains("document.update\"")
        });
        let leaf = crate::audit::Leaf::parse(update.expect("one")).expect("valid");
        usize::try_from(leaf.seq).expect("small")
    };
    let mut found = ROOT_AND_STORE.to_vec();
    found.push(Code::StateRowUnrecorded);
    check(
        |archive| {
            let seq = victim(archive);
            // Its row still says the version that nothing recorded.
            let gone = u64::try_from(seq).expect("small");
            let row = archive.rows.values_mut().find(|row| row.seq == Some(gone));
            row.expect("the last version").seq = None;
            delete_and_renumber(archive, seq);
        },
        &found,
    );
    let skip = |archive: &mut Archive| {
        let first = crate::audit::Leaf::parse(&archive.leaves[1]).expect("valid");
        let entity = first.draft.subjects[0].id;
        assert!(archive.rows[&entity].version > 1, "a later version");
        delete_and_renumber(archive, 1);
        // The target of the erasure moved down as well.
        archive.edit(59, |leaf| leaf.draft.targets[0].seq = 19);
        archive.relink_as_before();
    };
    let mut found = ROOT_AND_STORE.to_vec();
    found.push(Code::VersionGap);
    check(skip, &found);
}

#[test]
fn an_inserted_record_is_found_by_the_root_and_by_its_missing_state() {
    let insert = |archive: &mut Archive| {
        let number = 9_999;
        let mut forged = draft("document.create", number);
        let entity = id("document", number);
        forged.subjects.push(Subject {
            kind: "document".into(),
            id: entity,
            version: 1,
            state: None,
            blob: None,
        });
        archive.append(forged, &[(Slot::State(0), state_bytes(entity, 1))]);
    };
    check(insert, &[Code::StateRowMissing]);
    // In the tail, with a row beside it, an insertion is an ordinary record.
    let with_row = |archive: &mut Archive| {
        insert(archive);
        let entity = id("document", 9_999);
        let row = Row {
            version: 1,
            seq: Some(COUNT),
            bytes: state_bytes(entity, 1),
        };
        archive.rows.insert(entity, row);
    };
    check(with_row, &[]);
}

#[test]
fn with_the_key_only_outside_memory_finds_a_consistent_change() {
    let rewrite = |archive: &mut Archive| {
        change_who(archive, 100);
        cover_up(archive);
    };
    check(rewrite, &[]);
    check_with(rewrite, since(300), &[Code::ForkAgainstKeptCheckpoint]);
    check_with(rewrite, since(SIGNED), &[Code::ForkAgainstKeptCheckpoint]);
    check_with(rewrite, receipt(100), &[Code::ReceiptNotInLog]);
    // Memory of before the change says nothing about it.
    check_with(rewrite, since(100), &[]);
    check_with(rewrite, receipt(99), &[]);
}

#[test]
fn in_the_tail_only_a_receipt_finds_a_consistent_change() {
    let rewrite = |archive: &mut Archive| {
        change_who(archive, 680);
        archive.relink_as_before();
    };
    check(rewrite, &[]);
    check_with(rewrite, since(SIGNED), &[]);
    check_with(rewrite, receipt(690), &[Code::ReceiptNotInLog]);
}

#[test]
fn a_truncated_tail_leaves_states_without_records() {
    let cut = |rows| move |archive: &mut Archive| archive.truncate(660, rows);
    check(cut(Rows::Kept), &[Code::StateRowUnrecorded]);
    check(cut(Rows::RolledBack), &[]);
    check_with(
        cut(Rows::RolledBack),
        receipt(690),
        &[Code::ReceiptNotInLog],
    );
}

#[test]
fn truncating_below_the_checkpoint_is_found_by_it_or_by_a_kept_one() {
    let cut = |archive: &mut Archive| archive.truncate(600, Rows::RolledBack);
    check(cut, &[Code::LogShorterThanCheckpoint]);
    let dropped = |archive: &mut Archive| {
        cut(archive);
        archive.checkpoint = None;
    };
    let report = check(dropped, &[]);
    assert_eq!(
        (report.exit_code(), report.status(Check::Tree)),
        (2, Status::NotChecked(Reason::NoCheckpoint))
    );
    check_with(
        dropped,
        since(SIGNED),
        &[Code::LogShorterThanKeptCheckpoint],
    );
    let older = |archive: &mut Archive| {
        cut(archive);
        archive.publish(600, &signer());
    };
    check(older, &[]);
    check_with(older, since(SIGNED), &[Code::LogShorterThanKeptCheckpoint]);
}

#[test]
fn a_restored_backup_that_goes_on_is_a_fork() {
    let fork = |archive: &mut Archive| {
        archive.truncate(600, Rows::RolledBack);
        for number in 2_000..2_100 {
            archive.append(draft("user.login", number), &[]);
        }
        archive.publish(SIGNED, &signer());
    };
    check(fork, &[]);
    check_with(fork, since(640), &[Code::ForkAgainstKeptCheckpoint]);
    check_with(fork, receipt(620), &[Code::ReceiptNotInLog]);
}

#[test]
fn a_key_that_nobody_pinned_is_unknown() {
    let stranger = NoteSigner::from_seed(&origin(), &[8; 32]);
    check(
        |archive| archive.publish(SIGNED, &stranger),
        &[Code::KeyUnknown],
    );
    let everything = |archive: &mut Archive| {
        archive.relink(genesis(&origin(), &stranger.verifier()));
        archive.publish(SIGNED, &stranger);
    };
    check(everything, &[Code::KeyUnknown, Code::GenesisMismatch]);
    let wrong = |archive: &mut Archive| {
        let other = honest_checkpoint(649);
        let (own, foreign) = (archive.checkpoint.clone().expect("one"), other);
        let text = |note: &[u8]| String::from_utf8(note.to_vec()).expect("text");
        let (own, foreign) = (text(&own), text(&foreign));
        let signature = foreign.split("\n\n").nth(1).expect("signature");
        let note = format!("{}\n\n{signature}", own.split("\n\n").next().expect("text"));
        archive.checkpoint = Some(note.into_bytes());
    };
    check(wrong, &[Code::CheckpointSignatureInvalid]);
    check(
        |archive| archive.checkpoint = Some(b"nothing".to_vec()),
        &[Code::CheckpointMalformed],
    );
}

#[test]
fn changed_stores_beside_the_log_are_found_by_their_commitments() {
    let entity = || {
        *archive()
            .rows
            .iter()
            .find(|(_, row)| row.version > 1)
            .expect("one")
            .0
    };
    check(
        |archive| archive.rows.get_mut(&entity()).expect("row").bytes = b"{}".to_vec(),
        &[Code::StateMismatch],
    );
    check(
        |archive| drop(archive.rows.remove(&entity())),
        &[Code::StateRowMissing],
    );
    let back = |archive: &mut Archive| {
        let entity = entity();
        let seq = archive.leaves.iter().position(|leaf| {
            std::str::from_utf8(leaf)
                .expect("text")
                .contains(&entity.to_string())
        });
        let seq = u64::try_from(seq.expect("its first record")).expect("small");
        archive.rows.insert(
            entity,
            Row {
                version: 1,
                seq: Some(seq),
                bytes: state_bytes(entity, 1),
            },
        );
    };
    check(back, &[Code::StateRowOutdated]);
    let invented = |archive: &mut Archive| {
        let entity = id("document", 77_777);
        archive.rows.insert(
            entity,
            Row {
                version: 1,
                seq: None,
                bytes: state_bytes(entity, 1),
            },
        );
    };
    check(invented, &[Code::StateRowUnrecorded]);
    let borrowed = |archive: &mut Archive| {
        let entity = id("document", 77_777);
        archive.rows.insert(
            entity,
            Row {
                version: 1,
                seq: Some(31),
                bytes: state_bytes(entity, 1),
            },
        );
    };
    check(borrowed, &[Code::StateRowUnrecorded]);
    let blob = digest("stored", 4);
    check(
        |archive| archive.blobs.retain(|name, _| *name != blob),
        &[Code::BlobMissing],
    );
    check(
        |archive| archive.blobs.extend([(blob, BlobState::Altered)]),
        &[Code::BlobDigestMismatch],
    );
}

#[test]
fn openings_that_are_changed_or_gone_without_a_record_are_found() {
    let gone = |archive: &mut Archive| {
        archive
            .openings
            .retain(|row| row.seq != 31 || row.slot != "ctx")
    };
    check(gone, &[Code::OpeningMissing]);
    let edited = |archive: &mut Archive| {
        if let OpeningContent::Open(opening) = &mut archive.opening_mut(31, "ctx").content {
            opening.bytes = b"{}".to_vec();
        }
    };
    check(edited, &[Code::OpeningMismatch]);
    let marked = |archive: &mut Archive| {
        archive.opening_mut(31, "ctx").content = OpeningContent::Erased;
    };
    check(marked, &[Code::OpeningMissing]);
    let added = |archive: &mut Archive| {
        let row = OpeningRow {
            slot: "extra".into(),
            ..archive.openings[5].clone()
        };
        archive.openings.insert(6, row);
    };
    check(added, &[Code::OpeningUnrecorded]);
    let beyond = |archive: &mut Archive| {
        let row = OpeningRow {
            seq: 9_999,
            ..archive.openings[5].clone()
        };
        archive.openings.push(row);
    };
    check(beyond, &[Code::OpeningUnrecorded]);
    let pretended = |archive: &mut Archive| {
        let mut erase = draft("privacy.erase", 1);
        erase.targets.push(Target {
            seq: 31,
            slot: Slot::context(),
        });
        archive.append(erase, &[]);
    };
    check(pretended, &[Code::ErasureWithoutEffect]);
}

#[test]
fn records_that_no_honest_log_writes_are_found_even_with_the_key() {
    let backdated = |archive: &mut Archive| {
        archive.edit(100, |leaf| leaf.ts_micros -= 60_000_000);
        cover_up(archive);
    };
    check(backdated, &[Code::TimeRegress]);
    let spaced = |archive: &mut Archive| {
        let text = String::from_utf8(archive.leaves[100].clone()).expect("text");
        archive.leaves[100] = text.replace("\"seq\":100", "\"seq\": 100").into_bytes();
        cover_up(archive);
    };
    check(spaced, &[Code::LeafNotCanonical]);
    let extended = |archive: &mut Archive| {
        let text = String::from_utf8(archive.leaves[256].clone()).expect("text");
        archive.leaves[256] = text.replace(",\"v\":1}", ",\"v\":1,\"x\":1}").into_bytes();
        cover_up(archive);
    };
    check(extended, &[Code::LeafMalformed]);
    let foreign = |archive: &mut Archive| {
        archive.edit(100, |leaf| {
            leaf.origin = "other.example/audit".parse().expect("valid")
        });
        cover_up(archive);
    };
    check(foreign, &[Code::OriginMismatch]);
}

#[test]
fn columns_beside_a_record_must_agree_with_it() {
    check(
        |archive| archive.columns[9].hash = archive.columns[8].hash,
        &[Code::LeafHashMismatch],
    );
    check(
        |archive| archive.columns[9].prev = archive.columns[9].hash,
        &[Code::RowMismatch],
    );
}

#[test]
fn damage_in_the_object_store_is_found() {
    let flipped = |archive: &mut Archive| {
        let tile = *archive
            .tiles
            .keys()
            .find(|tile| tile.level() == 1)
            .expect("a tile");
        archive.tiles.get_mut(&tile).expect("a tile")[0] ^= 1;
    };
    check(flipped, &[Code::TileMismatch]);
    check(
        |archive| archive.published[600][50] ^= 1,
        &[Code::EntriesMismatch],
    );
    let gone = |archive: &mut Archive| archive.tiles.clear();
    let report = check(gone, &[Code::TileMissing]);
    assert_eq!(report.exit_code(), 2);
    let report = check(
        |archive| archive.published.truncate(512),
        &[Code::EntriesMissing],
    );
    assert_eq!(report.exit_code(), 2);
    // A full tile stands in for a partial one.
    let mut archive = archive();
    archive.publish(700, &signer());
    let note = honest_checkpoint(600);
    archive.checkpoint = Some(note);
    let first: Vec<_> = archive.tiles.keys().copied().collect();
    assert!(first.iter().any(|tile| tile.is_partial()));
    archive.tiles.extend(super::fixture::tiles(
        &archive
            .columns
            .iter()
            .take(600)
            .map(|columns| columns.hash)
            .collect::<Vec<_>>(),
    ));
    let report = verify_online(&archive, Options::default());
    assert_eq!(codes(&report), names(&[]));
}

#[test]
fn a_kept_checkpoint_without_valid_signature_proves_nothing() {
    let stranger = NoteSigner::from_seed(&origin(), &[8; 32]);
    let mut foreign = archive();
    foreign.publish(300, &stranger);
    let kept = vec![foreign.checkpoint.expect("published")];
    let report = check_with(
        |_| {},
        Options {
            kept,
            ..Options::default()
        },
        &[Code::KeptCheckpointUnusable],
    );
    assert_eq!(report.exit_code(), 2);
    // One of another log by a trusted key says nothing about this one.
    let access = "archive.example/access".parse().expect("valid");
    let other = NoteSigner::from_seed(&access, &[9; 32]);
    let (size, root) = (1, archive().hash_at(0));
    let note = Checkpoint {
        origin: access,
        size,
        root,
    }
    .sign(&other)
    .expect("signed");
    let both = Policy::new(vec![signer().verifier(), other.verifier()]);
    let options = Options {
        trust: Trust::Pinned(both),
        kept: vec![note],
        ..Options::default()
    };
    let report = verify(&mut Online::new(&archive()), &options).expect("readable");
    assert_eq!(codes(&report), names(&[Code::KeptCheckpointUnusable]));
}
