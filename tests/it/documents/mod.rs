//! Filing, reading, changing, setting aside: documents through the front door.

mod batches;
mod beside;
mod changing;
mod content;
mod copies;
mod duplicates;
mod filing;
mod lists;
mod pages;
mod pictures;
mod scans;

use serde_json::{Value, json};
use tests::{Answer, Town};

/// The path of a document.
fn path(id: &str) -> String {
    format!("/api/v1/documents/{id}")
}

/// Files `content` in the clerk's department under `title`.
async fn file(town: &Town, title: &str, content: &[u8]) -> Answer {
    let metadata = json!({"title": title});
    town.clerk()
        .file("brief.pdf", content, &metadata)
        .await
        .is(201)
}

/// The pointers and codes of the faults that an answer names.
fn faults(answer: &Answer) -> Vec<(String, String)> {
    let errors = answer.json()["errors"]
        .as_array()
        .cloned()
        .unwrap_or_default();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    errors
        .iter()
        .map(|error| (text(&error["pointer"]), text(&error["code"])))
        .collect()
}
