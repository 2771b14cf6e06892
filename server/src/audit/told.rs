//! What each action says in German, as it is printed for people.

use std::collections::HashMap;
use std::sync::LazyLock;

/// What each action says, where its meaning is told: the page that a test holds against the code.
const ACTIONS: &str = include_str!("../../../docs/audit-actions.md");

/// The sentences of actions, by their codes.
static SENTENCES: LazyLock<HashMap<&'static str, &'static str>> = LazyLock::new(|| {
    let line = |line: &'static str| {
        let mut cells = line.strip_prefix("| `")?.strip_suffix('|')?.split(" | ");
        let code = cells.next()?.strip_suffix('`')?;
        Some((code, cells.last()?.trim()))
    };
    ACTIONS.lines().filter_map(line).collect()
});

/// What an action says; its code, where nothing is told of it.
#[must_use]
pub fn sentence(action: &str) -> &str {
    SENTENCES.get(action).copied().unwrap_or(action)
}
