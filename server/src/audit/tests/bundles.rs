//! Bundles on disk: what is written reads back clean, and what is changed in them is found.

use std::fs;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};
use tempfile::TempDir;

use super::fixture::{Archive, codes, names, policy, signer};
use crate::audit::bundle::{
    Bundle, BundleError, BundleHead, BundleWriter, OpeningsPart, RootOfExport,
};
use crate::audit::verify::{
    Check, Code, Language, OpeningContent, Options, Proofs, Reason, Report, Status, Trust, verify,
};

pub(super) fn export(archive: &Archive) -> TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let summary = archive.export(folder.path());
    assert_eq!(usize::try_from(summary.records), Ok(archive.leaves.len()));
    folder
}

fn options() -> Options<'static> {
    Options {
        trust: Trust::Pinned(policy()),
        proofs: Proofs::All,
        ..Options::default()
    }
}

pub(super) fn verify_folder(folder: &Path, options: &Options<'_>) -> Report {
    let mut bundle = Bundle::open(folder).expect("a bundle");
    verify(&mut bundle, options).expect("readable")
}

/// Every file below a folder, by its path from there.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut open = vec![folder.to_owned()];
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                open.push(path)
            } else {
                found.push(path)
            }
        }
    }
    found.sort();
    found
}

/// Makes the manifests fit the files again, as whoever changes a bundle would.
pub(super) fn remake_manifests(folder: &Path) {
    let list = |wanted: &dyn Fn(&str) -> bool| {
        let mut text = String::new();
        for path in files(folder) {
            let name = path
                .strip_prefix(folder)
                .expect("inside")
                .display()
                .to_string();
            if wanted(&name) {
                let digest = hex::encode(Sha256::digest(fs::read(&path).expect("a file")));
                text.push_str(&format!("{digest}  {name}\n"));
            }
        }
        text
    };
    let manifest = list(&|name| name.starts_with("data/"));
    fs::write(folder.join("manifest-sha256.txt"), manifest).expect("written");
    let tags = list(&|name| !name.starts_with("data/") && !name.starts_with("tagmanifest"));
    fs::write(folder.join("tagmanifest-sha256.txt"), tags).expect("written");
}

/// Changes an exported bundle, makes its manifests fit, and compares what is found.
#[track_caller]
fn check(change: impl FnOnce(&Path), expected: &[Code]) -> Report {
    let folder = export(&Archive::build(700, 650));
    change(folder.path());
    remake_manifests(folder.path());
    let report = verify_folder(folder.path(), &options());
    let text = report.to_text(Language::English);
    assert_eq!(codes(&report), names(expected), "{text}");
    report
}

fn replace(path: &Path, from: &str, to: &str) {
    let bytes = fs::read(path).expect("a file");
    let place = bytes
        .windows(from.len())
        .position(|window| window == from.as_bytes());
    let place = place.expect("the text to replace");
    let (before, after) = (&bytes[..place], &bytes[place + from.len()..]);
    fs::write(path, [before, to.as_bytes(), after].concat()).expect("written");
}

#[test]
fn an_exported_log_is_clean_without_the_archive() {
    for (count, signed) in [
        (700, 650),
        (700, 700),
        (512, 512),
        (513, 512),
        (30, 1),
        (1, 1),
    ] {
        let archive = Archive::build(count, signed);
        let folder = export(&archive);
        let report = verify_folder(folder.path(), &options());
        assert_eq!(codes(&report), names(&[]), "{count} {signed}");
        assert_eq!(
            (report.records, report.tail, report.exit_code()),
            (count, count - signed, 0)
        );
        assert_eq!(report.proofs, signed);
        assert_eq!(
            report.head,
            Some(archive.columns.last().expect("a record").hash)
        );
        for check in [
            Check::Transport,
            Check::Signature,
            Check::Chain,
            Check::Tree,
            Check::Openings,
        ] {
            assert_eq!(report.status(check), Status::Ok, "{check:?}");
        }
        assert_eq!(
            report.status(Check::States),
            Status::NotChecked(Reason::NotOffered)
        );
    }
}

#[test]
fn what_is_not_there_is_not_checked_rather_than_fine() {
    let mut archive = Archive::build(300, 0);
    archive.checkpoint = None;
    let report = verify_folder(export(&archive).path(), &options());
    assert_eq!((report.records, report.exit_code()), (300, 2));
    assert_eq!(
        report.status(Check::Tree),
        Status::NotChecked(Reason::NoCheckpoint)
    );
    assert_eq!(report.status(Check::Chain), Status::Ok);
    let folder = export(&Archive::build(300, 300));
    let first_use = Options {
        trust: Trust::FirstUse,
        ..Options::default()
    };
    let report = verify_folder(folder.path(), &first_use);
    assert_eq!(
        report.status(Check::Signature),
        Status::NotChecked(Reason::KeyNotPinned)
    );
    assert_eq!(report.exit_code(), 0);
    fs::remove_file(folder.path().join("data/log/policy")).expect("removed");
    remake_manifests(folder.path());
    let report = verify_folder(folder.path(), &first_use);
    assert_eq!((codes(&report), report.exit_code()), (names(&[]), 2));
    assert_eq!(
        report.status(Check::Signature),
        Status::NotChecked(Reason::MaterialMissing)
    );
    let mut withheld = Archive::build(300, 300);
    withheld
        .openings
        .iter_mut()
        .for_each(|row| row.content = OpeningContent::Withheld);
    let report = verify_folder(export(&withheld).path(), &options());
    // What was erased is not withheld: its record still counts.
    assert_eq!(codes(&report), names(&[]));
    assert_eq!(
        report.status(Check::Openings),
        Status::NotChecked(Reason::Withheld)
    );
    assert_eq!(report.openings.erased, 1);
}

#[test]
fn openings_can_be_left_out() {
    let archive = Archive::build(300, 300);
    let folder = tempfile::tempdir().expect("a folder");
    let policy = policy();
    let head = BundleHead {
        checkpoint: archive.checkpoint.as_deref(),
        witnessed: None,
        policy: &policy,
        handovers: &[],
        openings: OpeningsPart::LeftOut,
        date: "2026-11-22",
        organisation: "Stadt\nBeispiel",
    };
    let mut writer = BundleWriter::create(folder.path(), head).expect("empty");
    archive
        .leaves
        .iter()
        .for_each(|leaf| writer.push(leaf).expect("a record"));
    writer.opening(&archive.openings[0]).expect("ignored");
    assert_eq!(writer.finish().expect("a bundle").root, RootOfExport::Fits);
    let report = verify_folder(folder.path(), &options());
    assert_eq!((codes(&report), report.exit_code()), (names(&[]), 0));
    assert_eq!(
        report.status(Check::Openings),
        Status::NotChecked(Reason::NotOffered)
    );
    let info = fs::read_to_string(folder.path().join("bag-info.txt")).expect("labels");
    assert!(
        info.contains("Source-Organization: Stadt Beispiel\n"),
        "{info}"
    );
    assert!(matches!(
        BundleWriter::create(folder.path(), head),
        Err(BundleError::NotEmpty(_))
    ));
    assert!(matches!(
        Bundle::open(Path::new("/nonexistent")),
        Err(BundleError::NotABundle(_))
    ));
}

#[test]
fn an_edited_record_is_found_in_a_bundle() {
    let edit = |folder: &Path| {
        replace(
            &folder.join("data/log/tile/entries/001"),
            "\"role\":\"clerk\"",
            "\"role\":\"clark\"",
        );
    };
    check(
        edit,
        &[
            Code::ChainLinkBroken,
            Code::CheckpointRootMismatch,
            Code::TileMismatch,
        ],
    );
    let last = |folder: &Path| {
        let path = folder.join("data/log/tail");
        replace(&path, "\"role\":\"clerk\"", "\"role\":\"clark\"");
    };
    check(last, &[Code::ChainLinkBroken]);
}

#[test]
fn a_tampered_archive_is_exported_as_evidence() {
    let mut archive = Archive::build(700, 650);
    archive.edit(400, |leaf| leaf.draft.role = "mayor".into());
    archive.relink_as_before();
    let folder = tempfile::tempdir().expect("a folder");
    assert_eq!(archive.export(folder.path()).root, RootOfExport::Differs);
    let report = verify_folder(folder.path(), &options());
    assert_eq!(codes(&report), names(&[Code::CheckpointRootMismatch]));
    archive.truncate(600, super::fixture::Rows::Kept);
    let folder = tempfile::tempdir().expect("a folder");
    assert_eq!(archive.export(folder.path()).root, RootOfExport::Differs);
    let report = verify_folder(folder.path(), &options());
    assert_eq!(codes(&report), names(&[Code::LogShorterThanCheckpoint]));
}

#[test]
fn files_that_are_changed_or_gone_are_found_by_what_they_held() {
    let log = |name: &'static str| move |folder: &Path| folder.join("data/log").join(name);
    let flip = |path: PathBuf| {
        let mut bytes = fs::read(&path).expect("a file");
        bytes[40] ^= 1;
        fs::write(path, bytes).expect("written");
    };
    check(
        |folder| flip(log("tile/0/001")(folder)),
        &[Code::TileMismatch],
    );
    check(
        |folder| flip(log("tile/1/000.p/2")(folder)),
        &[Code::TileMismatch],
    );
    let report = check(
        |folder| fs::remove_file(log("tile/0/001")(folder)).expect("removed"),
        &[Code::TileMissing],
    );
    assert_eq!(report.exit_code(), 2);
    check(
        |folder| fs::remove_file(log("tile/entries/001")(folder)).expect("removed"),
        &[Code::LogShorterThanCheckpoint],
    );
    let cut = |folder: &Path| {
        let path = log("tile/entries/001")(folder);
        let bytes = fs::read(&path).expect("a file");
        fs::write(path, &bytes[..bytes.len() - 9]).expect("written");
    };
    check(
        cut,
        &[
            Code::EntriesMalformed,
            Code::SeqGap,
            Code::CheckpointRootMismatch,
        ],
    );
    let salt = |folder: &Path| {
        let path = log("private/openings.jsonl")(folder);
        let text = fs::read_to_string(&path).expect("text");
        let place = text.find("\"salt\":\"").expect("a salt") + 8;
        let (before, rest) = text.split_at(place);
        let other = if rest.starts_with('0') { "1" } else { "0" };
        fs::write(path, [before, other, rest.get(1..).expect("more")].concat()).expect("written");
    };
    check(salt, &[Code::OpeningMismatch]);
    let garbled = |folder: &Path| {
        let path = log("private/openings.jsonl")(folder);
        replace(&path, "\"salt\":", "\"sale\":");
    };
    check(garbled, &[Code::OpeningMalformed, Code::OpeningMissing]);
    let line = |folder: &Path| {
        let path = log("private/openings.jsonl")(folder);
        let text = fs::read_to_string(&path).expect("text");
        let (_, rest) = text.split_once('\n').expect("a line");
        fs::write(path, rest).expect("written");
    };
    check(line, &[Code::OpeningMissing]);
}

#[test]
fn the_manifest_finds_damage_in_transport() {
    let folder = export(&Archive::build(300, 300));
    fs::write(folder.path().join("VERIFY.txt"), "other").expect("written");
    let report = verify_folder(folder.path(), &options());
    assert_eq!(codes(&report), names(&[Code::BundleFileChanged]));
    let folder = export(&Archive::build(700, 700));
    fs::remove_file(folder.path().join("data/log/tile/entries/001")).expect("removed");
    let report = verify_folder(folder.path(), &options());
    assert_eq!(
        report.exit_code(),
        2,
        "{}",
        report.to_text(Language::German)
    );
    // Nothing outside the bundle is read, whatever the manifest says.
    let folder = export(&Archive::build(30, 30));
    let manifest = folder.path().join("manifest-sha256.txt");
    let mut text = fs::read_to_string(&manifest).expect("text");
    text.push_str("00  data/../../../etc/passwd\n00  /etc/passwd\n");
    fs::write(&manifest, text).expect("written");
    let report = verify_folder(folder.path(), &options());
    assert_eq!(codes(&report), names(&[Code::BundleFileChanged]));
    assert_eq!(report.findings.counts()[&Code::BundleFileChanged], 3);
}

#[test]
fn what_no_manifest_names_is_no_part_of_a_bundle() {
    let counted = |change: &dyn Fn(&Path)| {
        let folder = export(&Archive::build(300, 270));
        change(folder.path());
        let report = verify_folder(folder.path(), &options());
        (codes(&report), report.exit_code())
    };
    let unlisted = (names(&[Code::BundleFileUnlisted]), 1);
    let extra = |folder: &Path| fs::write(folder.join("data/extra"), "x").expect("written");
    assert_eq!(counted(&extra), unlisted);
    let copied = |folder: &Path| {
        let entries = folder.join("data/log/tile/entries");
        fs::create_dir(entries.join("007.p")).expect("a folder");
        fs::copy(entries.join("001.p/14"), entries.join("007.p/14")).expect("copied");
    };
    assert_eq!(counted(&copied), unlisted);
    #[cfg(unix)]
    {
        let linked = |folder: &Path| {
            std::os::unix::fs::symlink("/etc", folder.join("data/more")).expect("a link")
        };
        assert_eq!(counted(&linked), unlisted);
    }
    let without = |folder: &Path| {
        let path = folder.join("tagmanifest-sha256.txt");
        let text = fs::read_to_string(&path).expect("text");
        let kept = text
            .lines()
            .filter(|line| !line.ends_with("  manifest-sha256.txt"));
        let kept: String = kept.map(|line| format!("{line}\n")).collect();
        fs::write(path, kept).expect("written");
    };
    assert_eq!(counted(&without), unlisted);
    // Beside the payload a manifest of tags need not name everything (RFC 8493 §2.2.1), and folders are no files.
    let beside = |folder: &Path| {
        fs::write(folder.join("kept"), "x").expect("written");
        fs::create_dir(folder.join("data/empty")).expect("a folder");
    };
    assert_eq!(counted(&beside), (names(&[]), 0));
    let undeclared = |folder: &Path| {
        fs::remove_file(folder.join("bagit.txt")).expect("removed");
        remake_manifests(folder);
    };
    assert_eq!(counted(&undeclared), (names(&[Code::BundleFileMissing]), 2));
}

#[test]
fn a_folder_in_place_of_a_file_is_a_missing_file() {
    let folder = export(&Archive::build(300, 300));
    for name in ["data/log/tile/1/000.p/1", "data/log/tile/0/000"] {
        let tile = folder.path().join(name);
        fs::remove_file(&tile).expect("removed");
        fs::create_dir(&tile).expect("a folder");
    }
    let report = verify_folder(folder.path(), &options());
    let found = codes(&report);
    for code in [Code::BundleFileMissing, Code::TileMissing] {
        assert!(found.contains(&code.name()), "{found:?}");
    }
}

#[test]
fn a_kept_checkpoint_finds_a_rewritten_bundle() {
    let honest = Archive::build(700, 400);
    let mut archive = honest.clone();
    archive.edit(100, |leaf| leaf.draft.role = "mayor".into());
    archive.relink_as_before();
    archive.publish(700, &signer());
    let folder = export(&archive);
    let with = |kept: Vec<Vec<u8>>| Options { kept, ..options() };
    assert_eq!(codes(&verify_folder(folder.path(), &options())), names(&[]));
    let kept = with(vec![honest.checkpoint.expect("one")]);
    let report = verify_folder(folder.path(), &kept);
    assert_eq!(codes(&report), names(&[Code::ForkAgainstKeptCheckpoint]));
}

#[test]
fn reports_say_the_same_to_people_and_to_scripts() {
    let mut archive = Archive::build(300, 300);
    archive.edit(100, |leaf| leaf.draft.role = "mayor".into());
    let report = verify_folder(export(&archive).path(), &options());
    let json = report.to_json();
    assert_eq!(json["exit"], 1);
    assert_eq!(json["counts"]["chain-link-broken"], 1);
    assert_eq!(json["findings"][0]["code"], "chain-link-broken");
    assert_eq!(json["findings"][0]["seq"], 101);
    let german = report.to_text(Language::German);
    assert!(
        german.contains("B  Kette der Einträge           VERFÄLSCHT"),
        "{german}"
    );
    assert!(
        report
            .to_text(Language::English)
            .contains("chain-link-broken (1): A record does not name")
    );
}

#[test]
fn the_same_is_found_with_one_thread_and_with_many() {
    let mut archive = Archive::build(2_000, 1_900);
    archive.edit(255, |leaf| leaf.draft.role = "mayor".into());
    archive.edit(511, |leaf| leaf.draft.role = "mayor".into());
    archive.edit(1_024, |leaf| leaf.ts_micros = 0);
    let folder = export(&archive);
    let report = |workers| {
        let report = verify_folder(
            folder.path(),
            &Options {
                workers: Some(workers),
                ..options()
            },
        );
        (report.findings.list().to_vec(), report.head)
    };
    let one = report(1);
    let at: Vec<_> = one
        .0
        .iter()
        .map(|finding| (finding.code.name(), finding.seq))
        .collect();
    assert!(at.contains(&("chain-link-broken", Some(256))), "{at:?}");
    assert!(at.contains(&("chain-link-broken", Some(512))), "{at:?}");
    assert!(at.contains(&("time-regress", Some(1_024))), "{at:?}");
    assert_eq!(one, report(5));
}
