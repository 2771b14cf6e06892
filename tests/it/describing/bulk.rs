//! Changing many documents at once: shown first, and only that is done.

use reqwest::Method;
use serde_json::{Value, json};
use tests::Client;
use tests::town::{OWN, id_of, send};

use super::deeds;
use crate::records::{Registry, fault, text};

const PREVIEW: &str = "/api/v1/documents/bulk/preview";
const APPLY: &str = "/api/v1/documents/bulk/apply";

/// What a change of these documents would do.
async fn preview(client: &Client, ids: &[String], change: &Value) -> Value {
    let body = json!({"ids": ids, "change": change});
    client.post(PREVIEW, &body).await.is(200).json()
}

/// What is sent to have it done.
fn apply(preview: &Value, change: &Value, mode: &str) -> Value {
    json!({"token": preview["token"], "documents": preview["documents"], "change": change,
        "mode": mode})
}

/// The entry of a list that speaks of this document.
fn of<'a>(answer: &'a Value, id: &str) -> &'a Value {
    let items = answer["items"].as_array().expect("items");
    items.iter().find(|one| one["id"] == id).expect("an entry")
}

fn refusal(answer: &Value, id: &str) -> String {
    let kind = of(answer, id)["refusal"]["type"].as_str();
    let kind = kind.and_then(|kind| kind.rsplit(':').next());
    kind.unwrap_or_default().to_owned()
}

#[tokio::test]
async fn a_preview_says_what_would_become_of_each_and_changes_nothing() {
    let Some(registry) = Registry::start().await else {
        return;
    };
    let clerk = registry.town.clerk();
    let first = registry.town.letter("Antrag", "Antrag").await;
    let file = registry.file("02.1", "Parken").await;
    let case = registry.case(&file, "Beispiel").await;
    let frozen = registry.registered(&case, "Bescheid").await;
    let hidden = registry.town.other();
    let hidden = hidden
        .file("x.pdf", b"X", &json!({"title": "Geheim"}))
        .await;
    let hidden = id_of(&hidden.is(201));
    let nothing = uuid::Uuid::now_v7().to_string();
    let ids = [
        id_of(&first),
        id_of(&frozen),
        hidden.clone(),
        nothing.clone(),
    ];
    let change =
        json!({"type": "Antrag", "add_tags": ["Parken"], "correspondent": "Erika Beispiel"});
    registry.town.settle().await;
    let head = registry.town.head().await;
    let seen = preview(&clerk, &ids, &change).await;
    assert_eq!(
        of(&seen, &ids[0])["changes"],
        json!([{"field": "type", "to": "Antrag"},
            {"field": "correspondent", "to": "Erika Beispiel"},
            {"field": "tags", "from": [], "to": ["Parken"]}])
    );
    assert_eq!(refusal(&seen, &ids[1]), "state-conflict");
    let (mut one, mut other) = (of(&seen, &hidden).clone(), of(&seen, &nothing).clone());
    assert_eq!(refusal(&seen, &hidden), "not-found");
    (one["id"], other["id"]) = (json!(null), json!(null));
    assert_eq!(one, other, "there is a difference to what does not exist");
    assert_eq!(seen["documents"], json!([{"id": ids[0], "version": 1}]));
    assert_eq!(registry.town.head().await, head, "a preview left a record");
    let known = clerk.get("/api/v1/correspondents").await.is(200).json();
    assert_eq!(known["items"], json!([]));
}

#[tokio::test]
async fn what_was_previewed_is_done_with_a_record_for_each() {
    let Some(registry) = Registry::start().await else {
        return;
    };
    let clerk = registry.town.clerk();
    let mut ids = Vec::new();
    for number in 0..3 {
        let title = format!("Antrag {number}");
        ids.push(id_of(&registry.town.letter(&title, &title).await));
    }
    let change =
        json!({"type": "Antrag", "add_tags": ["Parken"], "correspondent": "Erika Beispiel"});
    let seen = preview(&clerk, &ids, &change).await;
    // One of them moves on meanwhile.
    let path = format!("/api/v1/documents/{}", ids[1]);
    let moved = json!({"title": "Anders"});
    clerk.patch(&path, "\"v1\"", &moved).await.is(200);
    let whole = clerk.post(APPLY, &apply(&seen, &change, "all")).await;
    let whole = whole.is_problem(409, "conflict");
    let at = seen["documents"].as_array().expect("documents").iter();
    let at = at.clone().position(|one| one["id"] == ids[1]);
    let pointer = format!("/documents/{}", at.expect("a document"));
    let expected = (pointer, "precondition-failed".to_owned());
    assert_eq!(fault(&whole), expected);
    let path = |id: &str| format!("/api/v1/documents/{id}");
    let untouched = clerk.get(&path(&ids[0])).await.is(200).json();
    assert_eq!(untouched["version"], 1, "something of it was done");
    let each = clerk
        .post(APPLY, &apply(&seen, &change, "each"))
        .await
        .is(200);
    let done = each.json();
    assert_eq!(of(&done, &ids[0])["version"], 2);
    assert_eq!(refusal(&done, &ids[1]), "precondition-failed");
    assert_eq!(of(&done, &ids[1])["refusal"]["current_etag"], "\"v2\"");
    for id in [&ids[0], &ids[2]] {
        let now = clerk.get(&path(id)).await.is(200).json();
        assert_eq!(
            (&now["type"], &now["tags"]),
            (&json!("Antrag"), &json!(["Parken"]))
        );
        let told = clerk.get(&format!("{}/history", path(id))).await.is(200);
        assert_eq!(deeds(&told), ["document.receive", "document.change"]);
    }
    let (first, third) = (
        clerk.get(&path(&ids[0])).await.is(200),
        clerk.get(&path(&ids[2])).await.is(200),
    );
    assert_eq!(
        text(&first, "correspondent_id"),
        text(&third, "correspondent_id")
    );
    // Done again, nothing is: the versions have moved on.
    let again = clerk
        .post(APPLY, &apply(&seen, &change, "each"))
        .await
        .is(200)
        .json();
    assert_eq!(refusal(&again, &ids[0]), "precondition-failed");
    let output = registry.town.app.command(&["verify"]).await;
    assert!(output.status.success(), "{output:?}");
}

#[tokio::test]
async fn a_filter_chooses_and_an_inbox_is_changed_on_its_own() {
    let Some(registry) = Registry::start().await else {
        return;
    };
    let clerk = registry.town.clerk();
    for tag in ["Eilt", "Eilt", "Ruht"] {
        let metadata = json!({"title": "Antrag", "tags": [tag]});
        let content = tests::fixtures::unique_pdf("Antrag");
        clerk.file("a.pdf", &content, &metadata).await.is(201);
    }
    let change = json!({"inbox": "m.brandt"});
    let body = json!({"filter": {"tag": ["Eilt"]}, "change": change});
    let seen = clerk.post(PREVIEW, &body).await.is(200).json();
    assert_eq!(seen["documents"].as_array().map(Vec::len), Some(2));
    assert_eq!(seen["items"][0]["changes"][0]["field"], "inbox");
    clerk
        .post(APPLY, &apply(&seen, &change, "all"))
        .await
        .is(200);
    let mine = clerk.get("/api/v1/documents?inbox=me&count=true").await;
    assert_eq!(mine.is(200).json()["total"], 2);
    let change = json!({"remove_tags": ["Eilt"], "add_tags": ["Ruht"]});
    let body = json!({"filter": {"department": [OWN]}, "change": change});
    let seen = clerk.post(PREVIEW, &body).await.is(200).json();
    assert_eq!(seen["documents"].as_array().map(Vec::len), Some(2));
    let auditor = registry.town.auditor();
    let body = json!({"filter": {"department": [OWN]}, "change": change});
    let theirs = auditor.post(PREVIEW, &body).await.is(200).json();
    assert_eq!(theirs["documents"], json!([]));
    assert_eq!(theirs["items"].as_array().map(Vec::len), Some(3));
}

#[tokio::test]
async fn a_token_binds_the_documents_the_change_and_who_asked() {
    let Some(registry) = Registry::start().await else {
        return;
    };
    let clerk = registry.town.clerk();
    let id = id_of(&registry.town.letter("Antrag", "Antrag").await);
    let change = json!({"type": "Antrag"});
    let seen = preview(&clerk, std::slice::from_ref(&id), &change).await;
    let right = apply(&seen, &change, "each");
    let other = json!({"type": "Rechnung"});
    let mut newer = right.clone();
    newer["documents"][0]["version"] = json!(2);
    let tries = [
        (&clerk, apply(&seen, &other, "each")),
        (&clerk, newer),
        (&registry.head, right.clone()),
    ];
    for (client, body) in tries {
        let refused = client.post(APPLY, &body).await;
        let refused = refused.is_problem(422, "validation");
        assert_eq!(fault(&refused).0, "/token");
    }
    clerk.post(APPLY, &right).await.is(200);
    for (body, pointer) in [
        (json!({"change": change}), ""),
        (json!({"ids": [id], "filter": {}, "change": change}), ""),
        (json!({"ids": null, "filter": {}, "change": change}), "/ids"),
        (
            json!({"ids": [id], "filter": null, "change": change}),
            "/filter",
        ),
        (json!({"ids": [id], "change": {}}), "/change"),
        (
            json!({"ids": [id], "change": {"inbox": null, "type": "A"}}),
            "/change/inbox",
        ),
        (
            json!({"ids": [id], "change": {"add_tags": [" "]}}),
            "/change/add_tags/0",
        ),
    ] {
        let refused = clerk.post(PREVIEW, &body).await;
        let refused = refused.is_problem(422, "validation");
        assert_eq!(fault(&refused).0, pointer);
    }
    let many: Vec<_> = (0..201).map(|_| uuid::Uuid::now_v7()).collect();
    let refused = clerk
        .post(PREVIEW, &json!({"ids": many, "change": change}))
        .await;
    assert_eq!(fault(&refused.is_problem(422, "validation")).0, "/ids");
}

#[tokio::test]
async fn fields_are_changed_together_and_a_key_does_it_once() {
    let Some(registry) = Registry::start().await else {
        return;
    };
    let (clerk, manager) = (registry.town.clerk(), &registry.manager);
    let field = json!({"code": "betrag", "label": "Betrag", "kind": "money"});
    manager.post("/api/v1/fields", &field).await.is(201);
    let kind = json!({"code": "Rechnung", "fields": [{"field": "betrag"}]});
    manager.post("/api/v1/document-types", &kind).await.is(201);
    let mut ids = Vec::new();
    for (title, kind) in [
        ("Eins", "Rechnung"),
        ("Zwei", "Rechnung"),
        ("Drei", "Brief"),
    ] {
        let metadata = json!({"title": title, "type": kind});
        let content = tests::fixtures::unique_pdf(title);
        ids.push(id_of(
            &clerk.file("a.pdf", &content, &metadata).await.is(201),
        ));
    }
    let change = json!({"fields": {"betrag": "12.5"}, "channel": "email", "title": "Alle"});
    let seen = preview(&clerk, &ids, &change).await;
    assert_eq!(
        of(&seen, &ids[0])["changes"],
        json!([{"field": "title", "from": "Eins", "to": "Alle"},
            {"field": "channel", "to": "email"},
            {"field": "fields.betrag", "to": {"amount": "12.50", "currency": "EUR"}}])
    );
    let refused = of(&seen, &ids[2])["refusal"]["errors"][0].clone();
    assert_eq!(refused["pointer"], "/change/fields/betrag");
    assert_eq!(refused["code"], "not-of-type");
    assert_eq!(seen["documents"].as_array().map(Vec::len), Some(2));
    let body = apply(&seen, &change, "each");
    let key = [("idempotency-key", "sammel-0001")];
    let first = send(&clerk, Method::POST, APPLY, &key, Some(&body))
        .await
        .is(200);
    let again = send(&clerk, Method::POST, APPLY, &key, Some(&body))
        .await
        .is(200);
    assert_eq!(again.header("idempotent-replayed"), Some("true"));
    assert_eq!(
        (first.json(), first.receipt()),
        (again.json(), again.receipt())
    );
    assert_eq!(of(&first.json(), &ids[0])["version"], 2);
    let other = apply(&seen, &change, "all");
    let reused = send(&clerk, Method::POST, APPLY, &key, Some(&other)).await;
    reused.is_problem(422, "idempotency-key-reused");
    // One unit of work, and a record for each.
    let (last, _) = first.receipt();
    let records = registry.town.records(last - 1).await;
    let both: Vec<_> = records
        .iter()
        .take(2)
        .map(|(_, _, record)| record)
        .collect();
    assert_eq!(both[0]["uow"], both[1]["uow"]);
    assert_eq!(both[0]["action"], "document.change");
    // By fields they are chosen too.
    let filter =
        json!({"filter": {}, "fields": {"betrag": ["12..13"]}, "change": {"title": "Beide"}});
    let found = clerk.post(PREVIEW, &filter).await.is(200).json();
    assert_eq!(found["documents"].as_array().map(Vec::len), Some(2));
    let wrong = json!({"filter": {}, "fields": {"betrag": ["viel"]}, "change": {"title": "Beide"}});
    clerk
        .post(PREVIEW, &wrong)
        .await
        .is_problem(400, "query-invalid");
}

#[tokio::test]
async fn a_preview_tells_who_is_named_and_which_has_too_many_tags() {
    let Some(registry) = Registry::start().await else {
        return;
    };
    let clerk = registry.town.clerk();
    let metadata = json!({"title": "Antrag", "correspondent": "Erika Beispiel"});
    let content = tests::fixtures::unique_pdf("Antrag");
    let known = clerk.file("a.pdf", &content, &metadata).await.is(201);
    let who = text(&known, "correspondent_id");
    let tags: Vec<String> = (0..50).map(|number| format!("Wort {number}")).collect();
    let metadata = json!({"title": "Voll", "tags": tags});
    let content = tests::fixtures::unique_pdf("Voll");
    let full = clerk.file("b.pdf", &content, &metadata).await.is(201);
    let ids = [id_of(&full)];
    let seen = preview(&clerk, &ids, &json!({"correspondent_id": who})).await;
    assert_eq!(
        of(&seen, &ids[0])["changes"],
        json!([{"field": "correspondent", "to": "Erika Beispiel"},
            {"field": "correspondent_id", "to": who}])
    );
    let seen = preview(&clerk, &ids, &json!({"add_tags": ["Noch eins"]})).await;
    let refused = of(&seen, &ids[0])["refusal"]["errors"][0].clone();
    assert_eq!(refused["pointer"], "/change/add_tags");
    assert_eq!(refused["code"], "too-many");
    assert_eq!(refused["limit"], 50);
}

#[tokio::test]
async fn what_is_done_is_told_in_the_order_in_which_it_was_named() {
    let Some(registry) = Registry::start().await else {
        return;
    };
    let clerk = registry.town.clerk();
    for (title, tag) in [("Erster", "Eilt"), ("Zweiter", "Eilt"), ("Dritter", "Eilt")] {
        let metadata = json!({"title": title, "tags": [tag]});
        let content = tests::fixtures::unique_pdf(title);
        clerk.file("a.pdf", &content, &metadata).await.is(201);
    }
    // A list has the newest first, and ids grow.
    let change = json!({"title": "Alle"});
    let body = json!({"filter": {"tag": ["Eilt"]}, "change": change});
    let seen = clerk.post(PREVIEW, &body).await.is(200).json();
    let titles: Vec<_> = (0..3_usize)
        .map(|at| seen["items"][at]["changes"][0]["from"].clone())
        .collect();
    assert_eq!(titles, ["Dritter", "Zweiter", "Erster"]);
    let body = apply(&seen, &change, "all");
    let done = clerk.post(APPLY, &body).await.is(200).json();
    for at in 0..3_usize {
        assert_eq!(done["items"][at]["id"], seen["documents"][at]["id"]);
        assert_eq!(done["items"][at]["version"], 2);
    }
}
