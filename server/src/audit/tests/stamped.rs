//! Timestamps over a checkpoint of the golden vectors, made by openssl (`tests/data/audit/timestamps/make.sh`): what
//! they show of records that were dated ahead or back, and what is found of those that were exchanged or forged.

use std::path::Path;

use pades::verify::Trust;
use tempfile::TempDir;

use super::bundles::verify_folder;
use super::fixture::{Archive, Rows, codes, draft, id, names, policy, signer, verify_online};
use crate::audit::bundle::{BundleHead, BundleWriter, OpeningsPart};
use crate::audit::timestamp::Stamp;
use crate::audit::verify::{
    Check, Code, Language, Options, Reason, Report, Stamped, Status, Trust as Keys,
};
use crate::audit::{KeyChain, Slot};

/// How many records the checkpoint covers.
const SIZE: u64 = 62;
const NOTE: &[u8] = include_bytes!("../../../../tests/data/audit/timestamps/62.checkpoint");
/// Two seconds after the last record under it.
pub(super) const HONEST: &[u8] = include_bytes!("../../../../tests/data/audit/timestamps/62.tsr");
/// Eleven minutes before that record.
pub(super) const EARLY: &[u8] = include_bytes!("../../../../tests/data/audit/timestamps/early.tsr");
/// Half an hour after the record that names it.
const LATE: &[u8] = include_bytes!("../../../../tests/data/audit/timestamps/late.tsr");
/// By an authority that leads to another root.
const FOREIGN: &[u8] = include_bytes!("../../../../tests/data/audit/timestamps/foreign.tsr");
/// Over the same root, signed by another key.
const OTHER_NOTE: &[u8] =
    include_bytes!("../../../../tests/data/audit/timestamps/own-key.checkpoint");
const OTHER: &[u8] = include_bytes!("../../../../tests/data/audit/timestamps/own-key.tsr");
const ROOT: &[u8] = include_bytes!("../../../../pades/tests/data/pki/root.pem");
const FOREIGN_ROOT: &[u8] = include_bytes!("../../../../pades/tests/data/pki/foreign.pem");

fn keep(archive: &mut Archive, note: &[u8], reply: &[u8]) {
    let stamped = Stamped {
        note: note.to_vec(),
        reply: reply.to_vec(),
    };
    archive.timestamps.insert(SIZE, stamped);
}

/// The archive of the golden vectors, this timestamp over its checkpoint, the record that names it, and seven more.
pub(super) fn stamped(reply: &[u8]) -> Archive {
    let mut archive = Archive::build(SIZE, SIZE);
    assert_eq!(archive.checkpoint.as_deref(), Some(NOTE));
    let stamp = Stamp::read(NOTE, reply, &KeyChain::build(&policy(), &[]).0).expect("a timestamp");
    keep(&mut archive, NOTE, reply);
    let record = draft("log.timestamp", SIZE);
    archive.append(record, &[(Slot::context(), stamp.context())]);
    for number in SIZE + 1..SIZE + 8 {
        archive.append(draft("user.login", number), &[]);
    }
    archive
}

fn trusting(root: &[u8]) -> Options<'static> {
    let mut trust = Trust::new();
    trust.add("roots.pem", root).expect("a certificate");
    Options {
        authorities: Some(trust),
        ..Options::default()
    }
}

#[track_caller]
fn finds(archive: &Archive, options: Options<'_>, expected: &[Code]) -> Report {
    let report = verify_online(archive, options);
    let text = report.to_text(Language::English);
    assert_eq!(codes(&report), names(expected), "{text}");
    report
}

/// As [`finds`], of a bundle without openings: what the records say of their timestamps is not known then.
#[track_caller]
fn finds_without_openings(archive: &Archive, expected: &[Code]) {
    let folder = TempDir::new().expect("a temporary folder");
    export_closed(archive, folder.path());
    let options = Options {
        trust: Keys::Pinned(policy()),
        ..trusting(ROOT)
    };
    let report = verify_folder(folder.path(), &options);
    let text = report.to_text(Language::English);
    assert_eq!(codes(&report), names(expected), "{text}");
}

fn export_closed(archive: &Archive, folder: &Path) {
    let policy = policy();
    let head = BundleHead {
        witnessed: None,
        checkpoint: archive.checkpoint.as_deref(),
        policy: &policy,
        handovers: &[],
        openings: OpeningsPart::LeftOut,
        date: "2026-11-22",
        organisation: "Stadt Beispiel",
    };
    let mut writer = BundleWriter::create(folder, head).expect("an empty folder");
    for (size, stamped) in &archive.timestamps {
        writer.timestamp(*size, stamped).expect("a timestamp");
    }
    for leaf in &archive.leaves {
        writer.push(leaf).expect("a record");
    }
    writer.finish().expect("a bundle");
}

#[test]
fn a_stamped_archive_is_clean_and_vouched_for_by_the_roots_of_the_caller() {
    let archive = stamped(HONEST);
    let report = finds(&archive, Options::default(), &[]);
    let unvouched = Status::NotChecked(Reason::AuthorityNotVouched);
    assert_eq!(report.status(Check::Timestamps), unvouched);
    assert_eq!((report.exit_code(), report.timestamps.count), (0, 1));
    let report = finds(&archive, trusting(ROOT), &[]);
    assert_eq!(report.status(Check::Timestamps), Status::Ok);
    let newest = report.timestamps.newest.expect("a timestamp");
    assert_eq!(newest.at_text(), "2026-11-22T18:01:18.000000Z");
    assert_eq!((newest.size, newest.serial.as_str()), (SIZE, "11"));
    assert_eq!(newest.accuracy_micros, 1_000_000);
    assert!(
        newest.authority.contains("CN=Test Zeitstempel"),
        "{newest:?}"
    );
    finds_without_openings(&archive, &[]);
}

#[test]
fn records_dated_ahead_of_a_timestamp_are_found() {
    let archive = stamped(EARLY);
    let report = finds(&archive, Options::default(), &[Code::RecordAfterTimestamp]);
    assert_eq!(report.findings.list()[0].seq, Some(SIZE - 1));
    assert_eq!(report.exit_code(), 1);
    finds_without_openings(&archive, &[Code::RecordAfterTimestamp]);
}

#[test]
fn records_dated_back_behind_a_timestamp_are_found() {
    let archive = stamped(LATE);
    let report = finds(&archive, Options::default(), &[Code::RecordBeforeTimestamp]);
    assert_eq!(report.findings.list()[0].seq, Some(SIZE));
    finds_without_openings(&archive, &[Code::RecordBeforeTimestamp]);
}

#[test]
fn what_was_stamped_cannot_be_written_anew_even_with_the_key() {
    let mut archive = stamped(HONEST);
    archive.edit(30, |leaf| leaf.draft.actor = id("someone else", 1));
    archive.relink_as_before();
    archive.publish(SIZE, &signer());
    finds(&archive, trusting(ROOT), &[Code::ForkAgainstTimestamp]);
    // Dated ahead under the timestamp, consistently: it is another log than the one that was stamped.
    let mut archive = stamped(HONEST);
    for seq in 30..archive.leaves.len() {
        archive.edit(seq, |leaf| leaf.ts_micros += 86_400_000_000);
    }
    archive.relink_as_before();
    archive.publish(SIZE, &signer());
    finds(&archive, trusting(ROOT), &[Code::ForkAgainstTimestamp]);
    let mut archive = stamped(HONEST);
    archive.truncate(61, Rows::RolledBack);
    archive.publish(61, &signer());
    // With the tail goes the record that names it.
    let found = [Code::ForkAgainstTimestamp, Code::TimestampUnrecorded];
    finds(&archive, trusting(ROOT), &found);
}

#[test]
fn timestamps_that_were_taken_away_exchanged_or_slipped_in_are_found() {
    let mut archive = stamped(HONEST);
    archive.timestamps.clear();
    let report = finds(&archive, trusting(ROOT), &[Code::TimestampMissing]);
    assert_eq!(report.exit_code(), 2);
    finds_without_openings(&archive, &[Code::TimestampMissing]);
    // One that is right in itself, over the same checkpoint, and later: it would let more pass.
    let mut archive = stamped(HONEST);
    keep(&mut archive, NOTE, LATE);
    finds(&archive, trusting(ROOT), &[Code::TimestampUnrecorded]);
    let mut archive = Archive::build(SIZE, SIZE);
    keep(&mut archive, NOTE, HONEST);
    finds(&archive, trusting(ROOT), &[Code::TimestampUnrecorded]);
    finds_without_openings(&archive, &[Code::TimestampUnrecorded]);
}

#[test]
fn a_timestamp_that_is_forged_or_of_something_else_is_found() {
    let put = |note: &[u8], reply: &[u8]| {
        let mut archive = stamped(HONEST);
        keep(&mut archive, note, reply);
        archive
    };
    let invalid = [Code::TimestampInvalid];
    let mut flipped = HONEST.to_vec();
    *flipped.last_mut().expect("a byte") ^= 1;
    let long = vec![0x30; 70_000];
    for reply in [flipped.as_slice(), b"nothing", long.as_slice()] {
        finds(&put(NOTE, reply), Options::default(), &invalid);
    }
    let mismatch = [Code::TimestampImprintMismatch];
    finds(&put(NOTE, OTHER), Options::default(), &mismatch);
    let not_ours = [Code::TimestampCheckpointInvalid];
    finds(&put(OTHER_NOTE, OTHER), Options::default(), &not_ours);
    let untrusted = [Code::TimestampUntrusted];
    finds(&stamped(FOREIGN), trusting(ROOT), &untrusted);
    finds(&stamped(HONEST), trusting(FOREIGN_ROOT), &untrusted);
    finds(&stamped(FOREIGN), trusting(FOREIGN_ROOT), &[]);
    // Of nobody in particular, it is right in itself.
    finds(&stamped(FOREIGN), Options::default(), &[]);
}

#[test]
fn no_bit_of_a_timestamp_can_be_changed_unseen() {
    for at in (0..HONEST.len()).step_by(11) {
        let mut archive = stamped(HONEST);
        let mut reply = HONEST.to_vec();
        reply[at] ^= 1 << (at % 8);
        keep(&mut archive, NOTE, &reply);
        let report = verify_online(&archive, Options::default());
        let tampered = report.status(Check::Timestamps);
        assert_eq!(tampered, Status::Tampered, "byte {at}");
    }
}
