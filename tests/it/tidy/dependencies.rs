//! What comes from others: by `deny.toml` from one registry, under licences that fit, and one of each of what
//! must be one. Advisories are what cargo-deny alone can ask for.

use std::collections::BTreeSet;
use std::iter::Peekable;
use std::process::Command;
use std::str::SplitWhitespace;

use serde_json::Value;

use super::{report, root};

fn read(path: &str) -> Value {
    let text = std::fs::read_to_string(root().join(path)).expect("a file of the root");
    toml::from_str(&text).expect("TOML")
}

fn items(list: &Value) -> &[Value] {
    list.as_array().map(Vec::as_slice).unwrap_or_default()
}

#[test]
fn every_dependency_comes_from_the_registry_and_none_is_banned() {
    let (rules, lock) = (read("deny.toml"), read("Cargo.lock"));
    let registries: BTreeSet<String> = items(&rules["sources"]["allow-registry"])
        .iter()
        .filter_map(|url| Some(format!("registry+{}", url.as_str()?)))
        .collect();
    let banned: BTreeSet<&str> = items(&rules["bans"]["deny"])
        .iter()
        .filter_map(|one| one["crate"].as_str())
        .collect();
    assert!(!registries.is_empty() && !banned.is_empty(), "{rules}");
    let mut findings = Vec::new();
    for package in items(&lock["package"]) {
        let name = package["name"].as_str().unwrap_or_default();
        if let Some(source) = package["source"].as_str()
            && !registries.contains(source)
        {
            findings.push(format!("{name} comes from {source}"));
        }
        if banned.contains(name) {
            findings.push(format!("{name} is banned: deny.toml says why"));
        }
    }
    report(&findings);
}

/// What is built of others on this machine, as cargo found it when it built these tests.
fn metadata() -> Value {
    let platform = format!("{}-unknown-linux-gnu", std::env::consts::ARCH);
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version=1", "--locked", "--offline"])
        .args(["--filter-platform", &platform])
        .current_dir(root())
        .output()
        .expect("cargo starts");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    serde_json::from_slice(&output.stdout).expect("JSON")
}

#[test]
fn every_dependency_is_under_a_licence_that_fits() {
    let (rules, metadata) = (read("deny.toml"), metadata());
    let allowed: BTreeSet<&str> = items(&rules["licenses"]["allow"])
        .iter()
        .filter_map(Value::as_str)
        .collect();
    let packages = items(&metadata["packages"]);
    assert!(packages.len() > 100, "{} packages", packages.len());
    let mut findings = Vec::new();
    for package in packages {
        let licence = package["license"].as_str().unwrap_or_default();
        if !fits(licence, &allowed) {
            let name = &package["name"];
            findings.push(format!("{name}: `{licence}` is not allowed by deny.toml"));
        }
    }
    report(&findings);
}

type Words<'a> = Peekable<SplitWhitespace<'a>>;

/// Whether a licence in the words of SPDX, or with the stroke that came before them, leaves a choice that is
/// allowed.
fn fits(licence: &str, allowed: &BTreeSet<&str>) -> bool {
    let spaced = licence
        .replace('(', " ( ")
        .replace(')', " ) ")
        .replace('/', " OR ");
    let mut words = spaced.split_whitespace().peekable();
    any_of(&mut words, allowed) && words.next().is_none()
}

fn any_of(words: &mut Words<'_>, allowed: &BTreeSet<&str>) -> bool {
    let mut found = all_of(words, allowed);
    while words.next_if_eq(&"OR").is_some() {
        found |= all_of(words, allowed);
    }
    found
}

fn all_of(words: &mut Words<'_>, allowed: &BTreeSet<&str>) -> bool {
    let mut found = one(words, allowed);
    while words.next_if_eq(&"AND").is_some() {
        found &= one(words, allowed);
    }
    found
}

fn one(words: &mut Words<'_>, allowed: &BTreeSet<&str>) -> bool {
    match words.next() {
        Some("(") => {
            let found = any_of(words, allowed);
            words.next_if_eq(&")").is_some() && found
        }
        Some(name) => {
            // A licence with an exception is another one, which deny.toml would have to name.
            let excepted = words.next_if_eq(&"WITH").is_some();
            if excepted {
                words.next();
            }
            !excepted && allowed.contains(name)
        }
        None => false,
    }
}

#[test]
fn the_reader_of_licences_minds_both_and_either() {
    let allowed = BTreeSet::from(["MIT", "ISC"]);
    for good in [
        "MIT",
        "GPL-3.0/MIT",
        "MIT AND (GPL-3.0 OR ISC)",
        "X OR MIT AND ISC",
    ] {
        assert!(fits(good, &allowed), "{good}");
    }
    for bad in [
        "",
        "GPL-3.0",
        "MIT AND GPL-3.0",
        "(MIT",
        "MIT ISC",
        "ISC WITH X",
    ] {
        assert!(!fits(bad, &allowed), "{bad}");
    }
}
