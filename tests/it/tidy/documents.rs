//! The documents are true where a machine can tell: links, paths and commands exist, every decision is in
//! the index.

use std::collections::BTreeSet;
use std::process::Command;

use tests::app::binary;

use super::{report, root, sources};

/// The folders and files at the root that a path in a document may begin with.
fn at_the_root() -> BTreeSet<String> {
    let entries = std::fs::read_dir(root()).expect("the root");
    entries
        .map(|entry| {
            entry
                .expect("an entry")
                .file_name()
                .to_string_lossy()
                .into()
        })
        .collect()
}

/// The spans between backticks, and the lines of fenced blocks.
fn code(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut fenced = false;
    for line in text.lines() {
        if line.trim_start().starts_with("```") {
            fenced = !fenced;
        } else if fenced {
            found.push(line.trim().to_owned());
        } else {
            found.extend(line.split('`').skip(1).step_by(2).map(str::to_owned));
        }
    }
    found
}

/// The targets of `[text](target)`.
fn links(text: &str) -> Vec<&str> {
    text.split("](")
        .skip(1)
        .filter_map(|rest| Some(rest.split_once(')')?.0))
        .collect()
}

/// As forges make an anchor of a heading.
fn anchor(heading: &str) -> String {
    heading
        .trim_start_matches('#')
        .trim()
        .to_lowercase()
        .chars()
        .filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'))
        .map(|c| if c == ' ' { '-' } else { c })
        .collect()
}

#[test]
fn links_lead_somewhere() {
    let mut findings = Vec::new();
    for (path, text) in sources(&["md"]) {
        let here = root().join(&path);
        for link in links(&text) {
            if link.contains("://") || link.starts_with("mailto:") {
                continue;
            }
            let (target, fragment) = link.split_once('#').unwrap_or((link, ""));
            let target = match target {
                "" => here.clone(),
                target => here.parent().expect("a folder").join(target),
            };
            if !target.exists() {
                findings.push(format!("{path}: {link} leads nowhere"));
                continue;
            }
            let lands = fragment.is_empty()
                || std::fs::read_to_string(&target).is_ok_and(|text| {
                    text.lines()
                        .any(|line| line.starts_with('#') && anchor(line) == fragment)
                });
            if !lands {
                findings.push(format!("{path}: {link}: no such heading"));
            }
        }
    }
    report(&findings);
}

#[test]
fn paths_in_documents_exist() {
    let roots = at_the_root();
    let mut findings = Vec::new();
    for (path, text) in sources(&["md"]) {
        if path == "CHANGELOG.md" {
            continue;
        }
        for span in code(&text) {
            for word in span.split_whitespace() {
                let word = word.trim_matches(|c: char| matches!(c, ',' | ';' | ':' | '"' | '\''));
                let Some((first, _)) = word.split_once('/') else {
                    continue;
                };
                let plain = word
                    .chars()
                    .all(|c| c.is_alphanumeric() || "/._-".contains(c));
                if plain
                    && roots.contains(first)
                    // What a run leaves behind may be there or not.
                    && !matches!(first, "target" | "scratch" | "demo-data")
                    && !root().join(word).exists()
                {
                    findings.push(format!("{path}: `{word}` does not exist"));
                }
            }
        }
    }
    report(&findings);
}

/// What follows `command ` in the code of a document, wherever a shell would start a command.
fn named(text: &str, command: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for span in code(text) {
        for part in span.split(['|', ';', '&', '(']) {
            let mut words = part
                .split_whitespace()
                .filter(|word| *word != "$" && *word != "sudo");
            let (first, second) = (words.next(), words.next());
            if first == Some(command)
                && let Some(second) = second
                && second.starts_with(|c: char| c.is_ascii_lowercase())
            {
                found.insert(second.to_owned());
            }
        }
    }
    found
}

#[test]
fn make_targets_in_documents_exist() {
    let makefile = std::fs::read_to_string(root().join("Makefile")).expect("Makefile");
    let mut findings = Vec::new();
    for (path, text) in sources(&["md"]) {
        for target in named(&text, "make") {
            if !makefile
                .lines()
                .any(|line| line.starts_with(&format!("{target}:")))
            {
                findings.push(format!("{path}: there is no `make {target}`"));
            }
        }
    }
    report(&findings);
}

#[test]
fn subcommands_in_documents_exist() {
    let mut findings = Vec::new();
    for (path, text) in sources(&["md"]) {
        for subcommand in named(&text, "papierlos") {
            let output = Command::new(binary()).args(["help", &subcommand]).output();
            if !output.expect("the binary starts").status.success() {
                findings.push(format!("{path}: there is no `papierlos {subcommand}`"));
            }
        }
    }
    report(&findings);
}

#[test]
fn every_decision_is_in_the_index() {
    let folder = root().join("docs/adr");
    let index = std::fs::read_to_string(folder.join("README.md")).expect("docs/adr/README.md");
    let mut numbers = BTreeSet::new();
    let mut findings = Vec::new();
    for entry in std::fs::read_dir(folder).expect("docs/adr") {
        let name = entry
            .expect("an entry")
            .file_name()
            .to_string_lossy()
            .into_owned();
        if name == "README.md" {
            continue;
        }
        if !index.contains(&format!("]({name})")) {
            findings.push(format!("docs/adr/{name} is not in the index"));
        }
        let number = name.split('-').next().unwrap_or_default().to_owned();
        if number.len() != 4 || !number.chars().all(|c| c.is_ascii_digit()) {
            findings.push(format!("docs/adr/{name}: NNNN-words.md"));
        }
        if !numbers.insert(number) {
            findings.push(format!("docs/adr/{name}: the number is taken"));
        }
    }
    report(&findings);
}

#[test]
fn the_architecture_fits_on_its_pages() {
    let text = std::fs::read_to_string(root().join("ARCHITECTURE.md")).expect("ARCHITECTURE.md");
    let lines = text.lines().count();
    assert!(
        lines <= 200,
        "ARCHITECTURE.md has {lines} lines: at most 200"
    );
}

#[test]
fn the_reader_of_documents_sees_code_and_links() {
    let text = "See `docs/http.md` and [there](a.md#b).\n```sh\n$ make demo\npapierlos verify x | papierlos --help\n```";
    assert_eq!(
        code(text),
        [
            "docs/http.md",
            "$ make demo",
            "papierlos verify x | papierlos --help"
        ]
    );
    assert_eq!(links(text), ["a.md#b"]);
    assert_eq!(named(text, "make"), BTreeSet::from(["demo".to_owned()]));
    assert_eq!(
        named(text, "papierlos"),
        BTreeSet::from(["verify".to_owned()])
    );
    assert_eq!(
        anchor("## Loss and recovery: keys"),
        "loss-and-recovery-keys"
    );
}
