//! What people try on notes and relations, for the table of who may do what.

use serde_json::json;
use tests::town::{Town, id_of};
use tests::{Answer, Client};

use super::{note, relate};
use crate::records::act;

/// What is tried on fresh documents of the own department.
pub(crate) const DESCRIBED: &[&str] = &[
    "list notes",
    "read note",
    "note history",
    "add note",
    "change note",
    "withdraw note",
    "list relations",
    "read relation",
    "relation history",
    "relate",
    "withdraw relation",
];

/// What happens when `client` tries it.
pub(crate) async fn describe(town: &Town, client: &Client, what: &str) -> Answer {
    let document = town.letter("Antrag", "Antrag").await;
    let why = json!({"reason": "Irrtum"});
    if what.contains("note") {
        let written = note(&town.clerk(), "document", &document, "Ruft zurück").await;
        let written = written.is(201);
        let at = format!("/api/v1/notes/{}", id_of(&written));
        return match what {
            "list notes" => {
                let path = format!("/api/v1/notes?document={}", id_of(&document));
                client.get(&path).await
            }
            "read note" => client.get(&at).await,
            "note history" => client.get(&format!("{at}/history")).await,
            "add note" => note(client, "document", &document, "Liegt vor").await,
            "change note" => {
                let change = json!({"text": "Hat zurückgerufen"});
                client.patch(&at, &written.etag(), &change).await
            }
            _ => act(client, &format!("{at}/withdraw"), &written.etag(), &why).await,
        };
    }
    let answer = town.letter("Bescheid", "Bescheid").await;
    if what == "relate" {
        return relate(client, "answers", &answer, &document).await;
    }
    let made = relate(&town.clerk(), "answers", &answer, &document)
        .await
        .is(201);
    let at = format!("/api/v1/relations/{}", id_of(&made));
    match what {
        "list relations" => {
            let path = format!("/api/v1/relations?document={}", id_of(&document));
            client.get(&path).await
        }
        "read relation" => client.get(&at).await,
        "relation history" => client.get(&format!("{at}/history")).await,
        _ => act(client, &format!("{at}/withdraw"), &made.etag(), &why).await,
    }
}
