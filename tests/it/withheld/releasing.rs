//! Releasing what was withheld by mistake.

use serde_json::json;
use tests::town::{Town, id_of};
use tests::wait_until;

use super::{WITHHELD, decided, head, holding, is_sound, propose, records, withheld};
use crate::components::{components, found, mail};

#[tokio::test]
async fn what_was_withheld_by_mistake_is_read_and_found_again_and_stays_so() {
    let Some(mut town) = Town::start().await else {
        return;
    };
    let (clerk, head) = (town.clerk(), head(&town).await);
    let content = mail("Unterlagen", "anbei die Lindenblüte", &holding());
    let (id, version) = withheld(&town, "unterlagen.eml", &content).await;
    town.settle().await;
    assert_eq!(found(&clerk, "Lindenblüte").await.len(), 0);
    let done = decided(&town, &head, &version, "release").await;
    // With the archive that lies in it.
    assert_eq!(done["versions"].as_array().map(Vec::len), Some(2), "{done}");
    let at = format!("/api/v1/documents/{id}");
    let read = clerk.get(&format!("{at}/content")).await.is(200);
    assert_eq!(read.body, content);
    wait_until("it is read again", async || {
        let shown = clerk.get(&at).await.is(200).json();
        shown["text"]["state"] != "unreadable"
    })
    .await;
    town.settle().await;
    assert_eq!(found(&clerk, "Lindenblüte").await.len(), 1);
    let inner = components(&clerk, &id).await;
    let inner = inner[0]["id"].as_str().expect("an id").to_owned();
    let inner = format!("/api/v1/documents/{inner}");
    wait_until("what lay in it is read again", async || {
        let shown = clerk.get(&inner).await.is(200).json();
        shown["text"]["state"] != "unreadable"
    })
    .await;
    // What the guard takes for a record stands in the original only.
    let shown = clerk.get(&inner).await.is(200).json();
    assert_eq!(shown["left_out"][0]["reason"], "biometric", "{shown}");
    let twice = propose(&head, &version, "destroy").await;
    twice.is_problem(409, "conflict");

    // The decision is about the content: filed once more it is not withheld.
    let again = clerk
        .file(
            "noch-einmal.eml",
            &content,
            &json!({"title": "Noch einmal"}),
        )
        .await;
    let again = id_of(&again.is(201));
    town.settle().await;
    let read = clerk
        .get(&format!("/api/v1/documents/{again}/content"))
        .await;
    assert_eq!(read.is(200).body, content);
    let listed = head.get(WITHHELD).await.is(200).json();
    assert_eq!(listed["items"], json!([]));
    assert_eq!(records(&town, "document.withhold").await.len(), 2);
    assert_eq!(records(&town, "content.release").await.len(), 2);
    is_sound(&mut town).await;
}

#[tokio::test]
async fn what_lies_in_something_withheld_is_released_without_it() {
    let Some(town) = Town::start().await else {
        return;
    };
    let (clerk, head) = (town.clerk(), head(&town).await);
    let content = mail("Unterlagen", "anbei die Lindenblüte", &holding());
    let (id, _) = withheld(&town, "unterlagen.eml", &content).await;
    town.settle().await;
    let inner = components(&clerk, &id).await;
    let inner = inner[0]["id"].as_str().expect("an id").to_owned();
    let version = super::version_of(&town, &inner).await;
    let done = decided(&town, &head, &version, "release").await;
    assert_eq!(done["versions"], json!([version]));
    let at = |id: &str| format!("/api/v1/documents/{id}/content");
    clerk.get(&at(&inner)).await.is(200);
    clerk
        .get(&at(&id))
        .await
        .is_problem(451, "content-withheld");
}
