//! What is shown on the way to something else: it is named in the access log, and no more of it is shown
//! than elsewhere.

use reqwest::Method;
use reqwest::multipart::{Form, Part};
use serde_json::{Value, json};
use tests::town::id_of;
use tests::{Client, fixtures};

use crate::inspections::{ASK, Personnel, in_time, is_about, looks, post};
use crate::records::register;

/// Whether a list that a client was shown is recorded as naming a document.
async fn is_named(it: &Personnel, client: &Client, document: &str) -> bool {
    let me = client.get("/api/v1/me").await.is(200).json()["id"].clone();
    let all = looks(&it.town).await;
    let named = |one: &Value| {
        one["actor"] == me
            && one["action"] == "documents.list"
            && is_about(one, "document", document)
    };
    all.iter().any(named)
}

#[tokio::test]
async fn what_the_preview_of_a_bulk_change_shows_is_named_in_the_access_log() {
    let Some(it) = Personnel::start().await else {
        return;
    };
    let body = json!({"ids": [it.document], "change": {"add_tags": ["Parken"]}});
    assert!(!is_named(&it, &it.second, &it.document).await);
    let seen = it
        .second
        .post("/api/v1/documents/bulk/preview", &body)
        .await;
    let seen = seen.is(200).json();
    assert_eq!(seen["items"][0]["changes"][0]["field"], "tags");
    assert!(is_named(&it, &it.second, &it.document).await);
}

#[tokio::test]
async fn titles_of_what_an_upload_resembles_are_named_in_the_access_log() {
    let Some(it) = Personnel::start().await else {
        return;
    };
    let path = format!("/api/v1/documents/{}/content", it.document);
    let content = it.second.get(&path).await.is(200).body.to_vec();
    let part = Part::bytes(content).file_name("scan.pdf");
    let form = Form::new().part("document", part);
    let request = it
        .second
        .request(Method::POST, "/api/documents/post_document/")
        .multipart(form);
    let uploaded = it.second.send(request).await.is(200).json();
    let upload = uploaded.as_str().expect("an id");
    let task = it
        .second
        .request(Method::GET, &format!("/api/tasks/?task_id={upload}"))
        .header("accept", "application/json; version=9");
    let told = it.second.send(task).await.is(200).json();
    let same = &told[0]["duplicate_documents"];
    assert_eq!(same[0]["title"], "Geheimniskram", "{told}");
    assert!(is_named(&it, &it.second, &it.document).await);
}

#[tokio::test]
async fn a_party_who_keeps_the_registry_reads_no_older_version_either() {
    let Some(it) = Personnel::start().await else {
        return;
    };
    let (town, clerk) = (&it.town, it.town.clerk());
    let registrar = town.registrar().await;
    let new = json!({"plan_unit": "02", "subject": "Bauantrag Beispiel"});
    let file = clerk.post("/api/v1/files", &new).await.is(201);
    let case = json!({"file": id_of(&file), "subject": "Bauantrag"});
    let case = clerk.post("/api/v1/cases", &case).await.is(201);
    let filed = town.letter("Bescheid", "Erste Fassung").await;
    let at = format!("/api/v1/documents/{}", id_of(&filed));
    let part = Part::bytes(fixtures::unique_pdf("Zweite Fassung")).file_name("a.pdf");
    let request = clerk
        .request(Method::POST, &format!("{at}/versions"))
        .multipart(Form::new().part("content", part))
        .header("if-match", filed.etag());
    let second = clerk.send(request).await.is(201);
    register(&clerk, &second, &case).await.is(200);
    registrar.get(&at).await.is(200);
    registrar.get(&format!("{at}/content")).await.is(403);
    let ask = json!({"account": "g.aktuar", "file": id_of(&file), "reason": "party",
        "purpose": "§ 29 VwVfG", "valid_until": in_time(86_400)});
    let id = id_of(&clerk.post(ASK, &ask).await.is(201));
    post(&it.head, &format!("{ASK}/{id}/approve")).await.is(200);
    registrar.get(&format!("{at}/content")).await.is(200);
    let number = |number: u64| format!("{at}/versions/{number}/content");
    registrar.get(&number(2)).await.is(200);
    registrar.get(&number(1)).await.is(404);
    // That there was one stands in the metadata, which the registry reads by its role.
    let versions = registrar.get(&format!("{at}/versions")).await;
    let versions = versions.is(200).json();
    assert_eq!(versions["items"].as_array().map(Vec::len), Some(2));
    registrar.get(&format!("{at}/history")).await.is(200);
}
