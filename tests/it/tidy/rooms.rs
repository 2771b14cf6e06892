//! The order of rooms: a folder of the server uses only folders to its left, and nobody's rows.

use super::{report, root, sources};

/// Wiring: they join all rooms and no room knows them.
const WIRING: [&str; 2] = ["main", "lib"];

/// The order, as ARCHITECTURE.md gives it: the one line that begins with `base` or `config`, in bold.
fn order() -> Vec<String> {
    let text = std::fs::read_to_string(root().join("ARCHITECTURE.md")).expect("ARCHITECTURE.md");
    let marker = "<!-- order of rooms -->";
    let (_, after) = text
        .split_once(marker)
        .expect("the marker before the order of rooms");
    let (_, bold) = after.split_once("**").expect("the order in bold");
    let (bold, _) = bold.split_once("**").expect("the order in bold");
    bold.split(',')
        .map(|room| room.trim().trim_matches('`').to_owned())
        .collect()
}

/// The rooms and names that a source reaches by `crate::`, groups opened: `a`, `a::rows`.
fn reached(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let code: String = text
        .lines()
        .map(|line| line.split_once("//").map_or(line, |(code, _)| code))
        .collect::<Vec<_>>()
        .join("\n");
    let mut rest = code.as_str();
    while let Some((before, after)) = rest.split_once("crate::") {
        let joined = before.ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == '$');
        if !joined {
            open(after, &mut found);
        }
        rest = after;
    }
    found
}

/// One path after `crate::`, or each path of a group in braces.
fn open(after: &str, found: &mut Vec<String>) {
    let after = after.trim_start();
    if let Some(group) = after.strip_prefix('{') {
        let mut depth = 1;
        let mut member = String::new();
        for c in group.chars() {
            match c {
                '{' => depth += 1,
                '}' => depth -= 1,
                _ => {}
            }
            if depth == 0 || (depth == 1 && c == ',') {
                push_path(member.trim(), found);
                member.clear();
                if depth == 0 {
                    return;
                }
            } else {
                member.push(c);
            }
        }
    } else {
        push_path(after, found);
    }
}

fn push_path(path: &str, found: &mut Vec<String>) {
    let path: String = path
        .chars()
        .take_while(|c| c.is_alphanumeric() || matches!(c, '_' | ':'))
        .collect();
    let mut parts = path.split("::").filter(|part| !part.is_empty());
    if let Some(room) = parts.next() {
        found.push(match parts.next() {
            Some("rows") => format!("{room}::rows"),
            _ => room.to_owned(),
        });
    }
}

/// The room of a source below server/src: its first folder, or its own name.
fn room(path: &str) -> Option<&str> {
    let inside = path.strip_prefix("server/src/")?;
    let first = inside.split('/').next()?;
    Some(first.strip_suffix(".rs").unwrap_or(first))
}

#[test]
fn no_arrow_points_to_the_right() {
    let order = order();
    let place = |room: &str| order.iter().position(|known| known == room);
    let mut findings = Vec::new();
    for (path, text) in sources(&["rs"]) {
        let Some(own) = room(&path).filter(|room| !WIRING.contains(room)) else {
            continue;
        };
        let Some(own_place) = place(own) else {
            findings.push(format!(
                "{path}: `{own}` has no place in the order of rooms"
            ));
            continue;
        };
        for used in reached(&text) {
            let (used, rows) = match used.split_once("::") {
                Some((used, _)) => (used, true),
                None => (used.as_str(), false),
            };
            if rows && used != own {
                findings.push(format!("{path}: uses the rows of `{used}`: ask its mod.rs"));
            }
            // A name that is no room is an item of lib.rs, or a macro.
            if place(used).is_some_and(|used_place| used_place > own_place) {
                findings.push(format!(
                    "{path}: `{own}` uses `{used}`, which stands to its right"
                ));
            }
        }
    }
    report(&findings);
}

#[test]
fn the_reader_of_arrows_sees_them() {
    let text = "use crate::base::ids;\nuse crate::{audit::{self, Event}, documents::rows::find};\n\
                // crate::comment::is_none\nlet a = crate::search::query(\n);\nmycrate::no();";
    assert_eq!(
        reached(text),
        ["base", "audit", "documents::rows", "search"]
    );
    assert_eq!(room("server/src/documents/ops.rs"), Some("documents"));
    assert_eq!(room("server/src/unit/mod.rs"), Some("unit"));
    assert_eq!(room("indexer/src/lib.rs"), None);
}
