//! Attacks that leave every link whole: the signed root finds them, and with the key nothing in the archive does.

use super::attacks::{COUNT, ROOT_AND_STORE, SIGNED, check, check_with, cover_up, receipt, since};
use super::fixture::{Archive, Rows, draft, id, origin, state_bytes};
use crate::audit::verify::{Check, Code, OpeningContent, OpeningRow, Reason, Status};
use crate::audit::{Opening, Slot, Subject, Tag};

const DAY_MICROS: i64 = 86_400_000_000;

/// With the key the archive is of one piece again. Verification says that it asked nobody, and only what somebody
/// kept of records from `from` on finds that they are other ones.
#[track_caller]
fn only_outside_memory_finds(from: usize, attack: impl Fn(&mut Archive)) {
    let covered = |archive: &mut Archive| {
        attack(archive);
        cover_up(archive);
    };
    let report = check(covered, &[]);
    for memory in [Check::Kept, Check::Receipts] {
        let status = report.status(memory);
        assert_eq!(status, Status::NotChecked(Reason::NotAsked), "{memory:?}");
    }
    check_with(covered, since(SIGNED), &[Code::ForkAgainstKeptCheckpoint]);
    check_with(covered, receipt(from), &[Code::ReceiptNotInLog]);
    // Memory of before the change says nothing about it.
    check_with(covered, since(u64::try_from(from).expect("small")), &[]);
    check_with(covered, receipt(from - 1), &[]);
}

/// Swaps a record with the next, with all that belongs to them; each takes the time and the number of its new place.
fn swap_and_relink(archive: &mut Archive, seq: usize) {
    let (first, second) = (
        archive.columns[seq].ts_micros,
        archive.columns[seq + 1].ts_micros,
    );
    archive.leaves.swap(seq, seq + 1);
    archive.edit(seq, |leaf| leaf.ts_micros = first);
    archive.edit(seq + 1, |leaf| leaf.ts_micros = second);
    let one = u64::try_from(seq).expect("small");
    let swapped = |at: u64| match at.checked_sub(one) {
        Some(0) => one + 1,
        Some(1) => one,
        Some(_) | None => at,
    };
    archive
        .openings
        .iter_mut()
        .for_each(|row| row.seq = swapped(row.seq));
    archive.openings.sort_by_key(|row| row.seq);
    archive
        .rows
        .values_mut()
        .for_each(|row| row.seq = row.seq.map(swapped));
    archive.relink_as_before();
}

/// Puts a record between two others; later numbers move up.
fn insert_and_relink(archive: &mut Archive, at: usize, subjects: Vec<Subject>) {
    let seq = u64::try_from(at).expect("small");
    let up = |number: u64| if number >= seq { number + 1 } else { number };
    archive
        .openings
        .iter_mut()
        .for_each(|row| row.seq = up(row.seq));
    archive
        .rows
        .values_mut()
        .for_each(|row| row.seq = row.seq.map(up));
    let before = archive.columns[at - 1];
    let mut forged = draft("user.login", 9_999);
    forged.subjects = subjects;
    let sealed = forged.seal(seq, before.hash, before.ts_micros, 0, &origin());
    archive.leaves.insert(at, sealed.expect("a valid record").0);
    archive.relink_as_before();
}

#[test]
fn swapped_records_with_fitting_links_are_found_by_the_signed_root() {
    let swap = |archive: &mut Archive| swap_and_relink(archive, 300);
    check(swap, ROOT_AND_STORE);
    only_outside_memory_finds(300, swap);
}

#[test]
fn a_record_inserted_below_the_checkpoint_is_found_by_the_signed_root() {
    let insert = |archive: &mut Archive| insert_and_relink(archive, 300, Vec::new());
    check(insert, ROOT_AND_STORE);
    only_outside_memory_finds(300, insert);
    // One that speaks of an entity that there is not is found even with the key.
    let entity = id("document", 9_999);
    let opening = Opening {
        salt: [3; 32],
        bytes: state_bytes(entity, 1),
    };
    let spoken_of = Subject {
        kind: "document".into(),
        id: entity,
        version: 1,
        state: Some(opening.commitment(Tag::State)),
        blob: None,
    };
    let of_nothing = |archive: &mut Archive| {
        insert_and_relink(archive, 300, vec![spoken_of]);
        archive.openings.push(OpeningRow {
            seq: 300,
            slot: Slot::State(0).to_string(),
            content: OpeningContent::Open(opening),
        });
        archive.openings.sort_by_key(|row| row.seq);
        cover_up(archive);
    };
    check(of_nothing, &[Code::StateRowMissing]);
}

#[test]
fn records_dated_ahead_with_the_key_are_found_by_outside_memory_alone() {
    let postdate = |archive: &mut Archive| {
        for seq in 300..archive.leaves.len() {
            archive.edit(seq, |leaf| leaf.ts_micros += DAY_MICROS);
        }
        archive.relink_as_before();
    };
    // Without the key the root tells, as of any other change.
    check(postdate, ROOT_AND_STORE);
    only_outside_memory_finds(300, postdate);
    let from_the_first = |archive: &mut Archive| {
        for seq in 0..archive.leaves.len() {
            archive.edit(seq, |leaf| leaf.ts_micros += DAY_MICROS);
        }
        cover_up(archive);
    };
    check(from_the_first, &[]);
    let kept = since(1);
    check_with(from_the_first, kept, &[Code::ForkAgainstKeptCheckpoint]);
}

#[test]
fn a_database_set_back_and_continued_does_not_have_the_signed_root() {
    let go_on = |archive: &mut Archive| {
        archive.truncate(600, Rows::RolledBack);
        for number in 2_000..2_100 {
            archive.append(draft("user.login", number), &[]);
        }
    };
    // The lock and the published tiles are those of before.
    let report = check(go_on, ROOT_AND_STORE);
    assert_eq!(report.records, COUNT);
    // With a lock and tiles of its own it is an honest log, of which only others know that it is not the one.
    only_outside_memory_finds(600, go_on);
}
