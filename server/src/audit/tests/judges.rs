//! The independent judges agree with us: Python (standard library only) and shell (openssl, xxd).

use std::path::Path;
use std::process::{Command, Output};

use super::bundles::{export, remake_manifests};
use super::fixture::{Archive, signer};
use super::stamped::{EARLY, HONEST, stamped};
use super::witnessed::{self, COSIGNED, change_who, cosign, honest_note, witnessed_by};

/// Whether a program is on this machine.
pub(super) fn is_installed(program: &str) -> bool {
    // Each of them answers something to this and ends; only a missing one cannot be started.
    Command::new(program).arg("-h").output().is_ok()
}

/// Whether a missing tool is a failure rather than a skip.
#[expect(
    clippy::disallowed_methods,
    reason = "the switch of every CI system, not a setting of ours"
)]
pub(super) fn in_ci() -> bool {
    std::env::var_os("CI").is_some()
}

/// Runs a judge out of the bundle; nothing if its tools are not installed here.
fn judge(folder: &Path, program: &str, script: &str, arguments: &[&str]) -> Option<Output> {
    let tools: &[&str] = if script == "verify.sh" {
        &["openssl", "xxd", "bash"]
    } else {
        &["python3"]
    };
    if !tools.iter().all(|tool| is_installed(tool)) {
        assert!(!in_ci(), "{tools:?} are needed to judge {script}");
        eprintln!("skipped: {script} needs {tools:?}");
        return None;
    }
    let mut command = Command::new(program);
    command
        .arg(folder.join(script))
        .args(arguments)
        .current_dir("/");
    Some(command.output().expect("the judge runs"))
}

#[track_caller]
pub(super) fn says(folder: &Path, arguments: &[&str], exit: i32, python: &[&str], shell: &[&str]) {
    for (program, script, expected) in [
        ("python3", "verify.py", python),
        ("bash", "verify.sh", shell),
    ] {
        let arguments = if script == "verify.sh" && arguments.contains(&"--since") {
            &arguments[..2]
        } else {
            arguments
        };
        let Some(output) = judge(folder, program, script, arguments) else {
            continue;
        };
        let text = format!(
            "{}{}",
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        );
        let mut found: Vec<&str> = text
            .lines()
            .filter_map(|line| {
                line.strip_prefix("  ")?
                    .split_once(':')
                    .map(|(code, _)| code)
            })
            .collect();
        found.sort_unstable();
        found.dedup();
        assert_eq!(found, expected, "{script}: {text}");
        let exit = if expected.is_empty() { 0 } else { exit };
        assert_eq!(output.status.code(), Some(exit), "{script}: {text}");
    }
}

#[test]
fn judges_find_nothing_in_an_honest_bundle() {
    let key = signer().verifier().to_string();
    for (count, signed) in [(300, 270), (2, 1), (256, 256)] {
        let folder = export(&Archive::build(count, signed));
        says(folder.path(), &["--key", &key], 0, &[], &[]);
        says(folder.path(), &[], 0, &[], &[]);
    }
}

#[test]
fn judges_find_what_we_find() {
    let key = signer().verifier().to_string();
    let key = ["--key", key.as_str()];
    let mut edited = Archive::build(300, 270);
    edited.edit(100, |leaf| leaf.draft.role = "mayor".into());
    // The tiles of the bundle are made of its records, so only chain and root tell.
    let broken = ["chain-link-broken", "checkpoint-root-mismatch"];
    says(export(&edited).path(), &key, 1, &broken, &broken);
    edited.relink_as_before();
    says(
        export(&edited).path(),
        &key,
        1,
        &["checkpoint-root-mismatch"],
        &["checkpoint-root-mismatch"],
    );

    let stranger = crate::audit::NoteSigner::from_seed(&super::fixture::origin(), &[8; 32]);
    let mut foreign = Archive::build(30, 30);
    foreign.publish(30, &stranger);
    says(
        export(&foreign).path(),
        &key,
        1,
        &["key-unknown"],
        &["key-unknown"],
    );

    let opened = |change: &dyn Fn(&mut Archive)| {
        let mut archive = Archive::build(300, 300);
        change(&mut archive);
        export(&archive)
    };
    let gone = opened(&|archive| drop(archive.openings.remove(30)));
    says(gone.path(), &key, 1, &["opening-missing"], &[]);
    let salted = opened(&|archive| {
        if let crate::audit::verify::OpeningContent::Open(opening) =
            &mut archive.openings[30].content
        {
            opening.salt[0] ^= 1;
        }
    });
    says(salted.path(), &key, 1, &["opening-mismatch"], &[]);

    let folder = export(&Archive::build(300, 300));
    let tile = folder.path().join("data/log/tile/0/000");
    let mut bytes = std::fs::read(&tile).expect("a tile");
    bytes[0] ^= 1;
    std::fs::write(&tile, bytes).expect("written");
    says(
        folder.path(),
        &key,
        1,
        &["bundle-file-changed", "tile-mismatch"],
        &[
            "bundle-file-changed",
            "checkpoint-root-mismatch",
            "tile-mismatch",
        ],
    );
    remake_manifests(folder.path());
    says(
        folder.path(),
        &key,
        1,
        &["tile-mismatch"],
        &["checkpoint-root-mismatch", "tile-mismatch"],
    );
}

#[test]
fn the_python_judge_finds_forks_and_missing_files() {
    let key = signer().verifier().to_string();
    let honest = Archive::build(300, 200);
    let mut rewritten = honest.clone();
    rewritten.edit(100, |leaf| leaf.draft.role = "mayor".into());
    rewritten.relink_as_before();
    rewritten.publish(300, &signer());
    let folder = export(&rewritten);
    let kept = folder.path().join("kept");
    std::fs::write(&kept, honest.checkpoint.expect("one")).expect("written");
    let kept = kept.display().to_string();
    says(folder.path(), &["--key", &key], 0, &[], &[]);
    says(
        folder.path(),
        &["--key", &key, "--since", &kept],
        1,
        &["fork-against-kept-checkpoint"],
        &[],
    );
    let folder = export(&Archive::build(300, 300));
    std::fs::remove_file(folder.path().join("data/log/tile/1/000.p/1")).expect("removed");
    says(
        folder.path(),
        &["--key", &key],
        2,
        &["bundle-file-missing", "tile-missing"],
        &["bundle-file-missing"],
    );
}

#[test]
fn judges_read_timestamps_and_openssl_says_by_whom_they_are() {
    let key = signer().verifier().to_string();
    let roots = |name: &str| {
        let pki = concat!(env!("CARGO_MANIFEST_DIR"), "/../pades/tests/data/pki");
        format!("{pki}/{name}.pem")
    };
    let shell = |folder: &Path, roots: &str| {
        let arguments = ["--key", key.as_str(), "--tsa-roots", roots];
        let output = judge(folder, "bash", "verify.sh", &arguments)?;
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        Some((
            output.status.code(),
            text.contains("62 records and right"),
            text,
        ))
    };
    let honest = export(&stamped(HONEST));
    says(honest.path(), &["--key", &key], 0, &[], &[]);
    if let Some((code, right, text)) = shell(honest.path(), &roots("root")) {
        assert_eq!((code, right), (Some(0), true), "{text}");
    }
    if let Some((code, right, text)) = shell(honest.path(), &roots("foreign")) {
        assert_eq!((code, right), (Some(1), false), "{text}");
        assert!(text.contains("  timestamp-invalid: size 62"), "{text}");
    }
    let ahead = export(&stamped(EARLY));
    let found = ["record-after-timestamp"];
    says(ahead.path(), &["--key", &key], 1, &found, &[]);
}

#[test]
fn judges_find_files_that_no_manifest_names_and_lines_that_name_none() {
    let key = signer().verifier().to_string();
    let key = ["--key", key.as_str()];
    let unlisted = ["bundle-file-unlisted"];
    let folder = export(&Archive::build(300, 270));
    std::fs::write(folder.path().join("data/extra"), "x").expect("written");
    says(folder.path(), &key, 1, &unlisted, &unlisted);

    let folder = export(&Archive::build(300, 270));
    let entries = folder.path().join("data/log/tile/entries");
    std::fs::create_dir(entries.join("007.p")).expect("a folder");
    std::fs::copy(entries.join("001.p/14"), entries.join("007.p/14")).expect("copied");
    says(folder.path(), &key, 1, &unlisted, &unlisted);

    let changed = ["bundle-file-changed"];
    for line in [
        "no blanks",
        "00  data/../../../etc/passwd",
        "00  /etc/passwd",
    ] {
        let folder = export(&Archive::build(30, 30));
        let manifest = folder.path().join("manifest-sha256.txt");
        let listed = std::fs::read_to_string(&manifest).expect("text");
        std::fs::write(&manifest, format!("{listed}{line}\n")).expect("written");
        says(folder.path(), &key, 1, &changed, &changed);
    }

    let folder = export(&Archive::build(30, 30));
    std::fs::remove_file(folder.path().join("bagit.txt")).expect("removed");
    remake_manifests(folder.path());
    let missing = ["bundle-file-missing"];
    says(folder.path(), &key, 2, &missing, &missing);
}

/// Exports an archive with two witnesses; gives the bundle and the policy from paper beside it.
fn export_witnessed(change: impl FnOnce(&mut Archive)) -> (tempfile::TempDir, String) {
    let mut archive = witnessed::archive();
    change(&mut archive);
    let folder = tempfile::tempdir().expect("a folder");
    archive.export_under(&witnessed_by(2), &folder.path().join("bundle"));
    let policy = folder.path().join("policy");
    std::fs::write(&policy, witnessed_by(2).to_string()).expect("written");
    let policy = policy.display().to_string();
    (folder, policy)
}

#[test]
fn judges_find_what_witnesses_cosigned() {
    let cosigned = |change: fn(&mut Archive), exit, found: &[&str]| {
        let (folder, policy) = export_witnessed(change);
        let bundle = folder.path().join("bundle");
        says(&bundle, &["--policy", &policy], exit, found, found);
        (folder, bundle)
    };
    cosigned(|_| {}, 0, &[]);
    let forked = "fork-against-witnessed-checkpoint";
    let (_folder, bundle) = cosigned(|archive| change_who(archive, 100), 1, &[forked]);
    // By the policy of the bundle the same is found; with the key alone nobody looks at witnesses.
    says(&bundle, &[], 1, &[forked], &[forked]);
    let key = signer().verifier().to_string();
    says(&bundle, &["--key", &key], 0, &[], &[]);
    let missed = "witness-quorum-missed";
    cosigned(|archive| archive.witnessed = None, 2, &[missed]);
    let alone: fn(&mut Archive) = |archive| {
        archive.witnessed = Some(cosign(&honest_note(COSIGNED), &[2]));
    };
    cosigned(alone, 2, &[missed]);
    let moved: fn(&mut Archive) = |archive| {
        let note = String::from_utf8(honest_note(COSIGNED)).expect("text");
        let other = String::from_utf8(cosign(&honest_note(500), &[1])).expect("text");
        let line = other.lines().last().expect("a line");
        archive.witnessed = Some(format!("{note}{line}\n").into_bytes());
    };
    cosigned(moved, 1, &["cosignature-invalid"]);
    let (folder, policy) = export_witnessed(|_| {});
    let both = ["--key", "x", "--policy", policy.as_str()];
    let bundle = folder.path().join("bundle");
    for (program, script) in [("python3", "verify.py"), ("bash", "verify.sh")] {
        if let Some(output) = judge(&bundle, program, script, &both) {
            assert_eq!(output.status.code(), Some(3), "{script}");
        }
    }
}
