//! What describes a document beside its metadata, through the front door.

pub(crate) mod attempts;
mod bulk;
mod correspondents;
mod notes;
mod relations;
mod shown;
mod undoing;

use serde_json::{Value, json};
use tests::town::id_of;
use tests::{Answer, Client};

/// Writes a note; `on` is `file`, `case` or `document`.
pub(crate) async fn note(client: &Client, on: &str, object: &Answer, text: &str) -> Answer {
    let new = json!({on: id_of(object), "text": text});
    client.post("/api/v1/notes", &new).await
}

/// Says what one document is to another.
pub(crate) async fn relate(
    client: &Client,
    kind: &str,
    source: &Answer,
    target: &Answer,
) -> Answer {
    let new = json!({"kind": kind, "source": id_of(source), "target": id_of(target)});
    client.post("/api/v1/relations", &new).await
}

/// A member of each entry of a list, as text.
fn each(list: &Answer, member: &str) -> Vec<String> {
    let list = list.json();
    let items = list["items"].as_array().cloned().unwrap_or_default();
    let text = |one: &Value| one[member].as_str().unwrap_or_default().to_owned();
    items.iter().map(text).collect()
}

/// What happened to a document, but for its text, which is read when there is time.
fn deeds(history: &Answer) -> Vec<String> {
    let mut all = each(history, "action");
    all.retain(|action| action != "document.text");
    all
}

/// The changes that a client is told from a record on: what happened, and to what.
async fn changes(client: &Client, after: u64) -> Vec<(String, Value)> {
    let path = format!("/api/v1/changes?limit=1000&after={after}");
    let told = client.get(&path).await.is(200).json();
    let items = told["items"].as_array().cloned().unwrap_or_default();
    let of = |one: Value| (one["action"].as_str().unwrap_or_default().to_owned(), one);
    items.into_iter().map(of).collect()
}
