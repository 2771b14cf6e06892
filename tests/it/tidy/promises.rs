//! What the sources promise elsewhere: every setting does something, every action is explained, every code of the
//! check is found by a test.

use super::{report, sources};

/// The `pub` fields of a struct in this text, with their types.
fn fields<'a>(text: &'a str, name: &str) -> Vec<(&'a str, &'a str)> {
    let head = format!("pub struct {name} {{\n");
    let Some((_, body)) = text.split_once(&head) else {
        return Vec::new();
    };
    let body = body.split_once("\n}").map_or(body, |(body, _)| body);
    body.lines()
        .filter_map(|line| line.trim().strip_prefix("pub "))
        .filter_map(|line| line.trim_end_matches(',').split_once(": "))
        .collect()
}

/// Whether a source reads this, with no letter before it and none behind it.
fn reads(text: &str, what: &str) -> bool {
    let letter = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_');
    text.match_indices(what).any(|(at, _)| {
        let before = text.get(..at).and_then(|before| before.chars().next_back());
        let behind = text.get(at + what.len()..);
        !letter(before) && !letter(behind.and_then(|behind| behind.chars().next()))
    })
}

#[test]
fn every_setting_does_something() {
    let all = sources(&["rs"]);
    let config = &all["server/src/config/mod.rs"];
    let rates = &all["server/src/http/limits.rs"];
    let mut outside = String::new();
    for (path, text) in &all {
        if path.starts_with("server/src/") && !path.starts_with("server/src/config/") {
            // A chain that is broken into lines is one expression.
            let joined: String = text.split_whitespace().collect::<Vec<_>>().join(" ");
            outside.push_str(&joined.replace(" .", "."));
        }
    }
    let sections = fields(config, "Config");
    assert!(sections.len() > 10, "the settings were not found");
    let mut findings = Vec::new();
    for (section, kind) in sections {
        let mut of_section = fields(config, kind);
        if section == "rates" {
            of_section = fields(rates, kind);
        }
        if of_section.is_empty() && !reads(&outside, &format!("config.{section}")) {
            findings.push(format!("{section} is set and read by nobody"));
        }
        for (field, _) in of_section {
            // Or what the settings themselves make of it is read.
            let made = reads(config, &format!("self.{field}"));
            if !made && !reads(&outside, &format!("{section}.{field}")) {
                findings.push(format!("{section}.{field} is set and read by nobody"));
            }
        }
    }
    report(&findings);
}

#[test]
fn every_action_is_explained() {
    let all = sources(&["rs", "md"]);
    let events = &all["server/src/audit/event.rs"];
    let page = &all["docs/audit-actions.md"];
    let codes: Vec<&str> = events
        .lines()
        .filter_map(|line| line.split_once(" => \""))
        .filter_map(|(_, rest)| rest.split_once('"'))
        .map(|(code, _)| code)
        .collect();
    assert!(codes.len() > 20, "the codes were not found");
    let rows: Vec<Vec<&str>> = page
        .lines()
        .filter_map(|line| line.strip_prefix("| `"))
        .map(|row| row.split('|').map(str::trim).collect())
        .collect();
    let mut findings = Vec::new();
    for code in &codes {
        let row = rows.iter().find(|row| row[0] == format!("{code}`"));
        match row {
            None => findings.push(format!("docs/audit-actions.md does not explain `{code}`")),
            Some(row) if row.len() != 5 || row[1..4].iter().any(|cell| cell.is_empty()) => {
                findings.push(format!("docs/audit-actions.md says too little of `{code}`"));
            }
            Some(_) => {}
        }
    }
    for row in rows {
        if !codes.iter().any(|code| row[0] == format!("{code}`")) {
            findings.push(format!(
                "docs/audit-actions.md explains `{}, which nobody writes",
                row[0]
            ));
        }
    }
    report(&findings);
}

/// Codes of the check that no test finds, and why.
const UNTRIED: &[(&str, &str)] = &[(
    "biometric-found",
    "content from before there was a guard: no door lets any in since",
)];

#[test]
fn every_code_of_the_check_is_found_by_a_test() {
    let all = sources(&["rs"]);
    let codes: Vec<&str> = all["server/src/proof/check/finding.rs"]
        .lines()
        .filter_map(|line| line.trim().split_once(" = \""))
        .filter_map(|(_, rest)| rest.split_once("\", \""))
        .map(|(code, _)| code)
        .collect();
    assert!(codes.len() > 30, "only {} codes were found", codes.len());
    let tests = || {
        all.iter()
            .filter(|(path, _)| path.starts_with("tests/it/") && !path.contains("/tidy/"))
    };
    let mut findings = Vec::new();
    for code in codes {
        let quoted = format!("\"{code}\"");
        let tried = tests().any(|(_, text)| text.contains(&quoted));
        let untried = UNTRIED.iter().any(|(one, _)| *one == code);
        if tried == untried {
            findings.push(format!(
                "{code}: found by a test is {tried}, listed in UNTRIED is {untried}"
            ));
        }
    }
    report(&findings);
}
