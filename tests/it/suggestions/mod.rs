//! Suggestions at intake, through the front door: what could be said about a letter, and why; nothing of
//! what one may not know.

mod filing;
mod reading;
mod unseen;

use serde_json::{Value, json};
use tests::town::{Town, id_of};
use tests::{Client, fixtures};

const BILL: &str = "Wir berechnen Ihnen die Lieferung der Pflanzen.\nRechnungsbetrag netto, Skonto bei \
    Zahlung binnen vierzehn Tagen.\nLieferschein liegt bei.";
const NOTICE: &str = "Gegen diesen Bescheid kann Widerspruch erhoben werden.\nDie Festsetzung der Gebühr \
    beruht auf der Gebührensatzung.\nRechtsbehelfsbelehrung beachten.";

/// Files a letter with this text, gives its id.
async fn file(client: &Client, text: &str, metadata: &Value) -> String {
    let content = fixtures::unique_pdf(text);
    let filed = client.file("scan_0815.pdf", &content, metadata).await;
    id_of(&filed.is(201))
}

/// Files so many letters with this text, type and correspondent.
async fn file_many(
    client: &Client,
    count: usize,
    text: &str,
    (kind, who): (&str, &str),
) -> Vec<String> {
    let mut ids = Vec::new();
    for number in 1..=count {
        let metadata =
            json!({"title": format!("{kind} {number}"), "type": kind, "correspondent": who});
        ids.push(file(client, &format!("{text}\nNummer {number}"), &metadata).await);
    }
    ids
}

fn path(id: &str) -> String {
    format!("/api/v1/documents/{id}/suggestions")
}

/// What is suggested for a document.
async fn suggested(client: &Client, id: &str) -> Value {
    client.get(&path(id)).await.is(200).json()
}

/// A member of each suggestion of a kind, in their order.
fn each(found: &Value, kind: &str, member: &str) -> Vec<String> {
    let all = found[kind].as_array().into_iter().flatten();
    let text = |one: &Value| one[member].as_str().unwrap_or_default().to_owned();
    all.map(text).collect()
}

/// Files a letter that nobody has said anything about, and waits until it can be compared.
async fn arrived(town: &Town, text: &str) -> String {
    let id = file(&town.clerk(), text, &json!({"title": "scan_0815"})).await;
    town.settle().await;
    id
}
