//! The house keeps itself in order: rooms, words, sizes, documents and dependencies are read from the
//! sources here and held to rules. Each finding says what to do.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

mod dependencies;
mod documents;
mod promises;
mod rooms;
mod routes;

/// Above this a source is named, above the other it fails: is it still one room?
const LINES_WORTH_A_LOOK: usize = 600;
const LINES_MAX: usize = 900;

/// The root of the workspace.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("tests/ stands in the root")
        .to_owned()
}

/// Every text that a person wrote, relative to the root, with its content.
fn sources(extensions: &[&str]) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    walk(&root(), false, extensions, &mut found);
    assert!(!found.is_empty(), "no sources with {extensions:?}");
    found
}

/// Every script and page, also those that stand beside the samples which they make.
fn scripts() -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    let extensions = ["sh", "py", "mjs", "js", "java"];
    walk(&root(), true, &extensions, &mut found);
    for path in ["Makefile", ".ci/run"] {
        let text = fs::read_to_string(root().join(path)).expect("UTF-8");
        found.insert(path.to_owned(), text);
    }
    found
}

/// `samples`: also in folders of data, where not everything is text or ours.
fn walk(folder: &Path, samples: bool, extensions: &[&str], found: &mut BTreeMap<String, String>) {
    for entry in fs::read_dir(folder).expect("a folder of ours") {
        let path = entry.expect("an entry").path();
        let name = path
            .file_name()
            .and_then(|name| name.to_str())
            .unwrap_or_default();
        let kept = name == ".config" || name == ".ci" || !name.starts_with('.');
        let made = matches!(name, "target" | "scratch" | "demo-data" | "node_modules")
            || (name == "data" && !samples);
        if path.is_dir() {
            if kept && !made {
                walk(&path, samples, extensions, found);
            }
            continue;
        }
        let extension = path.extension().and_then(|extension| extension.to_str());
        if kept && extension.is_some_and(|extension| extensions.contains(&extension)) {
            let relative = path.strip_prefix(root()).expect("below the root");
            let text = fs::read_to_string(&path).expect("UTF-8");
            found.insert(relative.to_string_lossy().into_owned(), text);
        }
    }
}

/// Fails with all findings at once.
fn report(findings: &[String]) {
    assert!(findings.is_empty(), "\n{}\n", findings.join("\n"));
}

#[test]
fn no_source_has_grown_past_its_room() {
    let mut findings = Vec::new();
    for (path, text) in sources(&["rs"]).into_iter().chain(scripts()) {
        let lines = text.lines().count();
        if lines > LINES_MAX {
            findings.push(format!(
                "{path}: {lines} lines, at most {LINES_MAX}: make it two rooms"
            ));
        } else if lines > LINES_WORTH_A_LOOK {
            eprintln!("{path}: {lines} lines: is it still one room?");
        }
    }
    report(&findings);
}

/// What no source says, in two halves so that this list does not find itself, and what to write instead.
const BANNED: &[(&str, &str, &str)] = &[
    ("TO", "DO", "finish it, or say in an ADR why not"),
    ("FIX", "ME", "finish it, or say in an ADR why not"),
    ("unimpl", "emented!", "finish it"),
    ("#[ig", "nore", "a test that does not run is none"),
    ("#[al", "low(", "#[expect(lint, reason = \"...\")]"),
    ("/ro", "ot/", "a path of one machine"),
    ("/wo", "rk/", "a path of one machine"),
    ("/ho", "me/", "a path of one machine"),
    ("record ", "file", "file (Akte)"),
    ("uploaded ", "file", "content"),
    ("file ", "bytes", "content"),
    ("dos", "sier", "file (Akte)"),
];

#[test]
fn no_source_says_what_the_house_does_not_say() {
    let mut findings = Vec::new();
    let texts = sources(&["rs", "md", "toml", "yaml"]);
    for (path, text) in texts.into_iter().chain(scripts()) {
        for (number, line) in text.lines().enumerate() {
            // A task of a calendar is called so (RFC 5545).
            let line = line.replace(concat!("VTO", "DO"), "");
            for (head, tail, instead) in BANNED {
                let banned = format!("{head}{tail}");
                if line.contains(&banned) {
                    findings.push(format!("{path}:{}: {banned}: {instead}", number + 1));
                }
            }
        }
    }
    report(&findings);
}

#[test]
fn the_reader_of_scripts_sees_them() {
    let scripts = scripts();
    for path in [
        ".ci/run",
        "Makefile",
        "fuzz/corpus.py",
        "scripts/check.sh",
        "scripts/peers/VeraCheck.java",
        "server/src/pages/app.js",
        "tests/browser/axe.mjs",
        "tests/data/audit/verify.py",
    ] {
        assert!(scripts.contains_key(path), "{path}");
    }
    assert!(!scripts.keys().any(|path| path.contains("node_modules")));
}

#[test]
fn no_test_sleeps() {
    let mut findings = Vec::new();
    for (path, text) in sources(&["rs"]) {
        let is_test = path.starts_with("tests/it/") || path.ends_with("tests.rs");
        let sleeps = concat!("sleep", "(");
        if is_test && text.contains(sleeps) {
            findings.push(format!("{path}: sleeps: wait_until(condition)"));
        }
    }
    report(&findings);
}

#[test]
fn every_dependency_stands_once_and_brings_only_what_was_asked_for() {
    let manifests = sources(&["toml"]);
    let mut findings = Vec::new();
    for (path, text) in &manifests {
        if path.ends_with("Cargo.toml") && path != "Cargo.toml" && !path.starts_with("fuzz/") {
            member_manifest(path, text, &mut findings);
        }
    }
    let mut before = "";
    for (name, value) in section(&manifests["Cargo.toml"], "[workspace.dependencies]") {
        if name.starts_with('#') {
            before = name;
            continue;
        }
        let ours = value.contains("path = ");
        let reasoned = |comment: &str| comment.contains("default");
        let reasoned =
            reasoned(before) || value.split_once(" # ").is_some_and(|(_, c)| reasoned(c));
        if !ours && !reasoned && !value.contains("default-features = false") {
            findings.push(format!(
                "{name}: default-features = false, or a comment that says why not"
            ));
        }
        before = "";
    }
    report(&findings);
}

fn member_manifest(path: &str, text: &str, findings: &mut Vec<String>) {
    for heading in [
        "[dependencies]",
        "[dev-dependencies]",
        "[build-dependencies]",
    ] {
        for (name, value) in section(text, heading) {
            let by_workspace = name.ends_with(".workspace") || value.contains("workspace = true");
            if !name.starts_with('#') && !by_workspace {
                findings.push(format!(
                    "{path}: {name}: the version stands in the workspace"
                ));
            }
        }
    }
    if !section(text, "[lints]").contains(&("workspace", "true")) {
        findings.push(format!("{path}: [lints] workspace = true is missing"));
    }
}

/// The lines of one section of a manifest as name and value; a comment is a name that begins with `#`.
fn section<'a>(manifest: &'a str, heading: &str) -> Vec<(&'a str, &'a str)> {
    manifest
        .lines()
        .skip_while(|line| line.trim() != heading)
        .skip(1)
        .take_while(|line| !line.starts_with('['))
        .filter(|line| !line.trim().is_empty())
        .map(|line| {
            if line.starts_with('#') {
                (line, "")
            } else {
                let (name, value) = line.split_once('=').unwrap_or((line, ""));
                (name.trim(), value.trim())
            }
        })
        .collect()
}

#[test]
fn the_crates_know_whom_they_may_know() {
    let known: BTreeMap<&str, &[&str]> = BTreeMap::from([
        ("storage", [].as_slice()),
        ("indexer", &[]),
        ("migrations", &[]),
        ("pades", &[]),
        ("paper", &[]),
        ("workflow", &[]),
        (
            "server",
            &[
                "indexer",
                "migrations",
                "pades",
                "paper",
                "storage",
                "workflow",
            ],
        ),
        // The benches measure the crates themselves against raw engines; the tests know the server.
        (
            "tests",
            &["indexer", "migrations", "server", "storage", "workflow"],
        ),
    ]);
    let manifests = sources(&["toml"]);
    let mut findings = Vec::new();
    for (name, may) in &known {
        let manifest = &manifests[&format!("{name}/Cargo.toml")];
        let used: BTreeSet<&str> = ["[dependencies]", "[dev-dependencies]"]
            .into_iter()
            .flat_map(|heading| section(manifest, heading))
            .map(|(name, _)| name.trim_end_matches(".workspace"))
            .filter(|used| known.contains_key(used))
            .collect();
        for stranger in used.into_iter().filter(|used| !may.contains(used)) {
            findings.push(format!("{name} knows {stranger}: it may know {may:?}"));
        }
    }
    report(&findings);
}

/// Where the crates name what the fuzzer tries.
const FUZZED: [&str; 5] = [
    "indexer/src/extract/fuzzing.rs",
    "indexer/src/fuzzing.rs",
    "pades/src/fuzzing.rs",
    "server/src/fuzzing.rs",
    "storage/src/fuzzing.rs",
];

#[test]
fn every_fuzz_target_is_built_and_replayed_and_begins_somewhere() {
    let sources = sources(&["rs", "toml"]);
    let named: BTreeSet<&str> = FUZZED
        .iter()
        .flat_map(|path| sources[*path].lines())
        .filter_map(|line| line.trim().strip_prefix("(\"")?.strip_suffix("),"))
        .filter_map(|line| Some(line.split_once("\", ")?.0))
        .collect();
    assert!(named.len() > 40, "{named:?}");
    let mut findings = Vec::new();
    for name in &named {
        let path = format!("fuzz_targets/{name}.rs");
        let target = sources.get(&format!("fuzz/{path}"));
        if target.is_none_or(|text| !text.contains(&format!("::run(\"{name}\", bytes)"))) {
            findings.push(format!("fuzz/{path} does not run `{name}`"));
        }
        if !sources["fuzz/Cargo.toml"].contains(&format!("path = \"{path}\"")) {
            findings.push(format!("fuzz/Cargo.toml does not build {path}"));
        }
        if !root().join("fuzz/corpus").join(name).is_dir() {
            findings.push(format!("fuzz/corpus/{name} is missing: fuzz/corpus.py"));
        }
    }
    let files = sources.keys().filter_map(|path| {
        let name = path.strip_prefix("fuzz/fuzz_targets/")?;
        name.strip_suffix(".rs")
    });
    for name in files.filter(|name| !named.contains(name)) {
        findings.push(format!("fuzz/fuzz_targets/{name}.rs: nothing replays it"));
    }
    report(&findings);
}
