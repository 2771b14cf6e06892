//! What people try on notes and relations, for the table of who may do what.

use serde_json::json;
use tests::town::{Town, id_of};
use tests::{Answer, Client};

use super::{note, relate};
use crate::records::act;

/// What is tried on fresh documents of the own department.
pub(crate) const DESCRIBED: &[&str] = &[
    "preview bulk",
    "apply bulk",
    "list correspondents",
    "read correspondent",
    "who it was",
    "create correspondent",
    "change correspondent",
    "merge",
    "split",
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

/// What comes of changing a document of the own department among many: the answer to the preview, or to
/// doing what it named.
async fn bulk(town: &Town, client: &Client, what: &str) -> Answer {
    let document = town.letter("Antrag", "Antrag").await;
    let change = json!({"type": "Antrag"});
    let body = json!({"ids": [id_of(&document)], "change": change});
    let preview = client.post("/api/v1/documents/bulk/preview", &body).await;
    if what == "preview bulk" || preview.status != 200 {
        return preview;
    }
    let (seen, whole) = (
        preview.json(),
        json!([{"id": id_of(&document), "version": 1}]),
    );
    let body = json!({"mode": "all", "change": change, "token": seen["token"], "documents": whole});
    client.post("/api/v1/documents/bulk/apply", &body).await
}

/// A document of the own department from somebody new; gives the correspondent.
async fn somebody(town: &Town) -> Answer {
    let name = format!("Firma {}", uuid::Uuid::now_v7());
    let metadata = json!({"title": "Angebot", "correspondent": name});
    let content = tests::fixtures::unique_pdf("Angebot");
    let filed = town
        .clerk()
        .file("a.pdf", &content, &metadata)
        .await
        .is(201);
    let id = filed.json()["correspondent_id"].as_str().map(str::to_owned);
    let path = format!("/api/v1/correspondents/{}", id.expect("a correspondent"));
    town.clerk().get(&path).await.is(200)
}

async fn of_correspondent(town: &Town, client: &Client, what: &str) -> Answer {
    let all = "/api/v1/correspondents";
    let (one, other) = (somebody(town).await, somebody(town).await);
    let at = format!("{all}/{}", id_of(&one));
    let into = json!({"into": id_of(&other)});
    match what {
        "list correspondents" => client.get(all).await,
        "read correspondent" => client.get(&at).await,
        "who it was" => client.get(&format!("{at}/history")).await,
        "create correspondent" => client.post(all, &json!({"name": "Firma"})).await,
        "change correspondent" => {
            let change = json!({"kind": "organisation"});
            client.patch(&at, &one.etag(), &change).await
        }
        "merge" => act(client, &format!("{at}/merge"), &one.etag(), &into).await,
        _ => {
            let merge = format!("{at}/merge");
            let merged = act(&town.clerk(), &merge, &one.etag(), &into).await.is(200);
            let why = json!({"reason": "Irrtum"});
            act(client, &format!("{at}/split"), &merged.etag(), &why).await
        }
    }
}

/// What happens when `client` tries it.
pub(crate) async fn describe(town: &Town, client: &Client, what: &str) -> Answer {
    if what.contains("bulk") {
        return bulk(town, client, what).await;
    }
    if !what.contains("note") && !what.contains("relat") {
        return of_correspondent(town, client, what).await;
    }
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
