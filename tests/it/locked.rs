//! Locked PDFs, end to end: opened by whoever knows the password, and the password is kept where nobody
//! reads it.

use reqwest::Method;
use serde_json::{Value, json};
use tests::app::Start;
use tests::town::{Town, id_of, send};
use tests::{Answer, wait_until};

use crate::components::components;
use crate::key_domains::rows;
use crate::reading::as_before;

/// What opens the documents of these tests.
pub(crate) const PASSWORD: &str = "Gehalt2026";
/// A PDF with one page and one attachment, locked by it.
const LOCKED: &[u8] = include_bytes!("../../indexer/tests/data/locked/aes-256.pdf");
/// The same, locked as programs did it twenty years ago.
const OLDER: &[u8] = include_bytes!("../../indexer/tests/data/locked/rc4-128.pdf");
/// The same for anyone who opens it, with a password for changing it only.
const EMPTY: &[u8] = include_bytes!("../../indexer/tests/data/locked/empty.pdf");

/// Files a locked PDF; gives its id.
pub(crate) async fn filed(town: &Town) -> String {
    let title = json!({"title": "Gehaltsmitteilung"});
    let filed = town.clerk().file("gehalt.pdf", LOCKED, &title).await;
    id_of(&filed.is(201))
}

fn path(id: &str) -> String {
    format!("/api/v1/documents/{id}")
}

async fn unlock(town: &Town, id: &str, password: &str) -> Answer {
    let at = format!("{}/versions/1/unlock", path(id));
    let body = json!({"password": password});
    town.clerk().post(&at, &body).await
}

async fn shown(town: &Town, id: &str) -> Value {
    town.clerk().get(&path(id)).await.is(200).json()
}

/// Waits until the text of a document is there, and gives the document.
async fn readable(town: &Town, id: &str) -> Value {
    wait_until("it is read", async || {
        shown(town, id).await["text"]["state"] == "readable"
    })
    .await;
    shown(town, id).await
}

async fn text(town: &Town, id: &str) -> String {
    let at = format!("{}/text", path(id));
    let text = town.clerk().get(&at).await.is(200).json();
    text["pages"][0]["text"]
        .as_str()
        .unwrap_or_default()
        .to_owned()
}

/// Whether these bytes stand in any file below the data of the server, or in what it said.
fn is_anywhere(town: &Town, secret: &str) -> bool {
    let mut folders = vec![town.app.data().to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).expect("a folder of the server") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            // What was swept meanwhile holds nothing.
            let content = std::fs::read(&path).unwrap_or_default();
            let bytes = secret.as_bytes();
            if content.windows(bytes.len()).any(|part| part == bytes) {
                return true;
            }
        }
    }
    town.app.log().contains(secret)
}

#[tokio::test]
async fn whoever_knows_the_password_opens_a_pdf_for_all_who_may_read_it() {
    let Some(town) = Town::start().await else {
        return;
    };
    let id = filed(&town).await;
    let before = town.read(&id).await;
    assert_eq!(before["text"]["reason"], "encrypted");
    let picture = format!("{}/pages/1/picture?width=320", path(&id));
    town.clerk()
        .get(&picture)
        .await
        .is_problem(404, "no-picture");

    let wrong = unlock(&town, &id, "gehalt2026").await;
    let wrong = wrong.is_problem(422, "validation").json();
    assert_eq!(wrong["errors"][0]["pointer"], "/password");
    assert_eq!(wrong["errors"][0]["code"], "wrong-password");
    let long = "x".repeat(128);
    for (password, code) in [("", "too-short"), (long.as_str(), "too-long")] {
        let refused = unlock(&town, &id, password).await;
        let refused = refused.is_problem(422, "validation").json();
        assert_eq!(refused["errors"][0]["code"], code);
    }

    let opened = unlock(&town, &id, PASSWORD).await.is(200);
    let record = town.record_of(&opened).await;
    assert_eq!(record["action"], "document.unlock");
    let after = readable(&town, &id).await;
    assert_eq!(after["version"], before["version"]);
    assert_eq!(after["components"], 1);
    assert!(text(&town, &id).await.contains("Besoldungsgruppe"));
    town.settle().await;
    let hits = town
        .clerk()
        .get("/api/v1/search?q=Besoldungsgruppe")
        .await
        .is(200)
        .json();
    assert_eq!(hits["items"][0]["id"], json!(id));
    let parts = components(&town.clerk(), &id).await;
    assert_eq!(parts[0]["title"], "Lohnjournal");
    // Refused for want of the password before, and drawn now.
    town.clerk().get(&picture).await.is(200);
    let page = town.clerk().get(&format!("{}/pages/1", path(&id))).await;
    assert!(page.is(200).text().contains("Bruttobezug"));

    let content = format!("{}/content", path(&id));
    let content = town.clerk().get(&content).await.is(200);
    assert_eq!(content.body, LOCKED, "the original stays locked");
    let history = town.clerk().get(&format!("{}/history", path(&id))).await;
    let history = history.is(200).text();
    assert!(history.contains("document.unlock"));
    assert!(!history.contains(PASSWORD));
    for (_, _, record) in town.records(0).await {
        assert!(!record.to_string().contains(PASSWORD));
    }
    assert!(!is_anywhere(&town, PASSWORD));
    let checked = town.app.command(&["check", "--deep"]).await;
    assert!(checked.status.success(), "{checked:?}");
}

#[tokio::test]
async fn what_is_not_locked_takes_no_password() {
    let Some(town) = Town::start().await else {
        return;
    };
    let title = json!({"title": "Gehaltsmitteilung"});
    let empty = town.clerk().file("leer.pdf", EMPTY, &title).await;
    let empty = id_of(&empty.is(201));
    let read = town.read(&empty).await;
    assert_eq!(read["text"]["state"], "readable", "{read}");
    let letter = id_of(&town.letter("Brief", "Guten Tag").await);
    for id in [empty, letter] {
        unlock(&town, &id, PASSWORD)
            .await
            .is_problem(409, "conflict");
    }
    let nobody = uuid::Uuid::now_v7().to_string();
    unlock(&town, &nobody, PASSWORD)
        .await
        .is_problem(404, "not-found");
    let id = filed(&town).await;
    let at = format!("{}/versions/2/unlock", path(&id));
    let body = json!({"password": PASSWORD});
    let other = town.clerk().post(&at, &body).await;
    other.is_problem(404, "not-found");
    let at = format!("{}/versions/1/unlock", path(&id));
    let auditor = send(&town.auditor(), Method::POST, &at, &[], Some(&body)).await;
    auditor.is_problem(403, "forbidden");
}

#[tokio::test]
async fn a_password_may_come_with_the_upload_and_is_wrong_at_nobodys_cost() {
    let Some(town) = Town::start().await else {
        return;
    };
    let with = |password: &str| json!({"title": "Gehaltsmitteilung", "password": password});
    let right = town.clerk().file("a.pdf", LOCKED, &with(PASSWORD)).await;
    let right = right.is(201);
    assert!(!right.text().contains(PASSWORD));
    readable(&town, &id_of(&right)).await;
    let wrong = town.clerk().file("b.pdf", OLDER, &with("falsch")).await;
    let wrong = id_of(&wrong.is(201));
    let read = town.read(&wrong).await;
    assert_eq!(read["text"]["reason"], "encrypted");
    unlock(&town, &wrong, PASSWORD).await.is(200);
    readable(&town, &wrong).await;
    let refused = town.clerk().file("c.pdf", LOCKED, &with("")).await;
    let refused = refused.is_problem(422, "validation").json();
    assert_eq!(refused["errors"][0]["pointer"], "/password");
    let text = "SELECT DISTINCT b.bytes FROM rendition r JOIN blob b ON b.name = r.blob_name \
                WHERE r.kind = 'password'";
    let lengths = rows(&town, text, Vec::new()).await;
    assert_eq!(lengths.len(), 1, "the length of none of them is told");
    assert!(!is_anywhere(&town, PASSWORD));
}

#[tokio::test]
async fn the_passwords_of_the_house_are_tried_and_the_one_that_fits_is_kept() {
    let start = Start::new().with(
        "PAPIERLOS_EXTRACT_PDF_PASSWORDS",
        format!("falsch\n{PASSWORD}\n"),
    );
    let Some(town) = Town::of(start).await else {
        return;
    };
    let id = filed(&town).await;
    readable(&town, &id).await;
    let picture = format!("{}/pages/1/picture?width=320", path(&id));
    town.clerk().get(&picture).await.is(200);
    let text = "SELECT id FROM rendition WHERE kind = 'password'";
    assert_eq!(rows(&town, text, Vec::new()).await.len(), 1);
}

#[tokio::test]
async fn a_locked_pdf_is_read_again_and_its_attachments_come_once() {
    let Some(mut town) = Town::start().await else {
        return;
    };
    let id = filed(&town).await;
    town.read(&id).await;
    unlock(&town, &id, PASSWORD).await.is(200);
    let first = readable(&town, &id).await;
    let engine = first["text"]["engine"].as_str().expect("an engine");
    let engine = engine.to_owned();
    town.settle().await;
    town.app.stop();
    let old = "UPDATE rendition SET engine = 'hayro 0', components = NULL WHERE kind = 'text' \
               AND engine LIKE 'hayro %'";
    as_before(&town, old).await;
    town.app.resume();
    wait_until("it is read again", async || {
        shown(&town, &id).await["text"]["engine"] == json!(engine)
    })
    .await;
    let again = readable(&town, &id).await;
    assert_eq!(again["components"], 1);
    assert_eq!(components(&town.clerk(), &id).await.len(), 1);
}
