//! What documents say in their fields: checked, exact, recorded, and told to whoever may know it.

use reqwest::Method;
use reqwest::multipart::{Form, Part};
use serde_json::{Value, json};
use tests::fixtures;
use tests::town::{OTHER, id_of};

use super::{fault, faults, file, town};
use crate::records::{Registry, act, register};

fn at(document: &tests::Answer) -> String {
    format!("/api/v1/documents/{}", id_of(document))
}

#[tokio::test]
async fn values_are_kept_in_one_writing_and_their_history_is_told() {
    let Some(town) = town().await else { return };
    let clerk = town.clerk();
    let said = json!({"nummer": " R-7 ", "betrag": "1234.5", "stueck": "2.5",
        "faellig_am": "2026-03-31", "stand": "offen", "merkmale": ["skonto", "eilt"], "bezahlt": false});
    let filed = file(&clerk, "Rechnung", "Rechnung", &said).await.is(201);
    let kept = json!({"nummer": "R-7", "betrag": {"amount": "1234.50", "currency": "EUR"},
        "stueck": "2.500", "faellig_am": "2026-03-31", "stand": "offen",
        "merkmale": ["eilt", "skonto"], "bezahlt": false});
    assert_eq!(filed.json()["fields"], kept);
    let seen = clerk.get(&at(&filed)).await.is(200);
    assert_eq!(seen.json()["fields"], kept);
    // What was read may be sent back as a whole.
    let same = json!({"fields": kept});
    let unchanged = clerk.patch(&at(&filed), &filed.etag(), &same).await;
    assert_eq!(faults(&unchanged.is(422)), fault("", "unchanged"));
    let change = json!({"fields": {"betrag": {"amount": "10", "currency": "EUR"}, "stueck": null,
        "bezahlt": true}});
    let changed = clerk
        .patch(&at(&filed), &filed.etag(), &change)
        .await
        .is(200);
    assert_eq!(changed.json()["fields"]["betrag"]["amount"], "10.00");
    assert!(changed.json()["fields"].get("stueck").is_none());
    let history = clerk
        .get(&format!("{}/history", at(&filed)))
        .await
        .is(200)
        .json();
    let entries = history["items"].as_array().cloned().unwrap_or_default();
    let last = entries
        .iter()
        .rfind(|one| one["action"] == "document.change")
        .expect("a change");
    let amount = |amount: &str| json!({"amount": amount, "currency": "EUR"});
    assert_eq!(
        last["changes"],
        json!([
            {"field": "fields.betrag", "from": amount("1234.50"), "to": amount("10.00")},
            {"field": "fields.bezahlt", "from": false, "to": true},
            {"field": "fields.stueck", "from": "2.500"},
        ])
    );
    // No value stands in the leaf of the record.
    let record = town.record_of(&changed).await.to_string();
    assert!(
        !record.contains("1234") && !record.contains("R-7"),
        "{record}"
    );
    let output = town.app.command(&["verify"]).await;
    assert!(output.status.success(), "{output:?}");
}

#[tokio::test]
async fn what_is_wrong_is_named_field_by_field() {
    let Some(town) = town().await else { return };
    let clerk = town.clerk();
    for (field, value, code) in [
        ("nummer", json!("7"), "pattern"),
        ("nummer", json!(true), "wrong-format"),
        ("nummer", json!(format!("R-{}", "1".repeat(30))), "too-long"),
        ("nummer", json!("  "), "wrong-format"),
        ("betrag", json!("-1"), "too-small"),
        ("betrag", json!("1.005"), "wrong-format"),
        ("betrag", json!("1,50"), "wrong-format"),
        ("betrag", json!(1.5), "inexact"),
        (
            "betrag",
            json!({"amount": "1", "currency": "USD"}),
            "not-one-of",
        ),
        ("stueck", json!("1000.001"), "too-large"),
        ("stueck", json!("1e3"), "wrong-format"),
        ("faellig_am", json!("31.03.2026"), "wrong-format"),
        ("faellig_am", json!("2026-02-30"), "wrong-format"),
        ("stand", json!("verloren"), "not-one-of"),
        ("stand", json!(["offen"]), "wrong-format"),
        ("merkmale", json!([]), "not-one-of"),
        ("bezug", json!("keine Kennung"), "wrong-format"),
        ("bezug", json!(uuid::Uuid::now_v7()), "not-found"),
        (
            "bezug",
            json!({"file": uuid::Uuid::now_v7()}),
            "wrong-format",
        ),
        ("bezahlt", json!("ja"), "wrong-format"),
        ("betraege", json!("1"), "unknown"),
        ("betrag", json!({"menge": "1"}), "wrong-format"),
    ] {
        let answer = file(&clerk, "Rechnung", "Rechnung", &json!({field: value})).await;
        let refused = answer.is_problem(422, "validation");
        let pointer = format!("/fields/{field}");
        assert_eq!(faults(&refused), fault(&pointer, code), "{field} {value}");
        let detail = refused.json()["errors"][0]["detail"].clone();
        assert!(
            detail.as_str().is_some_and(|text| text.len() > 10),
            "{detail}"
        );
    }
    let three = json!({"nummer": "7", "betrag": "x", "stand": "y"});
    let refused = file(&clerk, "Rechnung", "Rechnung", &three).await.is(422);
    assert_eq!(faults(&refused).len(), 3);
    let none: Value = json!({"betrag": "1"});
    let refused = file(&clerk, "Antrag", "Antrag", &none).await.is(422);
    assert_eq!(faults(&refused), fault("/fields/betrag", "not-of-type"));
    assert!(refused.text().contains("nummer"), "{}", refused.text());
    assert!(crate::at_rest::blobs(town.app.data()).is_empty());
    assert_eq!(
        clerk
            .get("/api/v1/documents?count=true")
            .await
            .is(200)
            .json()["total"],
        0
    );
}

#[tokio::test]
async fn another_type_leaves_values_that_can_only_be_taken_away() {
    let Some(town) = town().await else { return };
    let clerk = town.clerk();
    let said = json!({"nummer": "R-1", "betrag": "5"});
    let filed = file(&clerk, "Rechnung", "Rechnung", &said).await.is(201);
    let moved = clerk
        .patch(&at(&filed), &filed.etag(), &json!({"type": "Antrag"}))
        .await
        .is(200);
    assert_eq!(moved.json()["fields"]["betrag"]["amount"], "5.00");
    let other = json!({"fields": {"betrag": "6"}});
    let refused = clerk
        .patch(&at(&filed), &moved.etag(), &other)
        .await
        .is(422);
    assert_eq!(faults(&refused), fault("/fields/betrag", "not-of-type"));
    let without = json!({"fields": {"betrag": null, "nummer": "R-2"}});
    let without = clerk
        .patch(&at(&filed), &moved.etag(), &without)
        .await
        .is(200);
    assert_eq!(without.json()["fields"], json!({"nummer": "R-2"}));
}

#[tokio::test]
async fn a_document_is_registered_only_with_what_its_type_requires() {
    let Some(registry) = Registry::start().await else {
        return;
    };
    let (clerk, manager) = (registry.town.clerk(), &registry.manager);
    let number = json!({"code": "nummer", "label": "Nummer", "kind": "text"});
    manager.post(super::FIELDS, &number).await.is(201);
    let kind = json!({"code": "Rechnung", "fields": [{"field": "nummer", "required": true}]});
    manager.post(super::TYPES, &kind).await.is(201);
    let opened = registry.file("02.1", "Rechnungen").await;
    let case = registry.case(&opened, "März").await;
    // The scanner knows no fields, and is not kept waiting.
    let filed = file(&clerk, "Rechnung", "Rechnung", &json!({}))
        .await
        .is(201);
    let refused = register(&clerk, &filed, &case)
        .await
        .is_problem(422, "validation");
    assert_eq!(faults(&refused), fault("/fields/nummer", "required"));
    let said = json!({"fields": {"nummer": "R 1"}});
    let said = clerk.patch(&at(&filed), &filed.etag(), &said).await.is(200);
    let registered = register(&clerk, &said, &case).await.is(200);
    assert_eq!(registered.json()["fields"]["nummer"], "R 1");
    // What is registered says what it said.
    let late = json!({"fields": {"nummer": "R 2"}});
    let late = clerk.patch(&at(&filed), &registered.etag(), &late).await;
    late.is_problem(409, "state-conflict");
    let tags = json!({"tags": ["Geprüft"], "fields": {"nummer": "R 1"}});
    clerk
        .patch(&at(&filed), &registered.etag(), &tags)
        .await
        .is(200);
}

#[expect(clippy::too_many_lines, reason = "one document, asked in every way")]
#[tokio::test]
async fn what_leads_to_something_unseen_is_told_nowhere() {
    let Some(town) = town().await else { return };
    let (clerk, auditor) = (town.clerk(), town.auditor());
    let target = town.letter("Vertrag", "Vertrag").await;
    let said = json!({"bezug": id_of(&target), "nummer": "R-5"});
    let filed = file(&clerk, "Rechnung", "Rechnung", &said).await.is(201);
    let led = json!({"document": id_of(&target)});
    assert_eq!(filed.json()["fields"]["bezug"], led);
    let listed = async |client: &tests::Client| {
        let path = format!(
            "/api/v1/documents?count=true&field.bezug={}",
            id_of(&target)
        );
        let list = client.get(&path).await.is(200).json();
        list["total"].clone()
    };
    assert_eq!(listed(&clerk).await, 1);
    let route = format!("{}/route", at(&target));
    act(
        &clerk,
        &route,
        &target.etag(),
        &json!({"department": OTHER}),
    )
    .await
    .is(200);
    let history = format!("{}/history", at(&filed));
    let search = format!("/api/v1/search?q=&field.bezug={}", id_of(&target));
    town.settle().await;
    for path in [
        at(&filed),
        "/api/v1/documents".to_owned(),
        history.clone(),
        "/api/v1/search?q=Rechnung".to_owned(),
    ] {
        let told = clerk.get(&path).await.is(200).text();
        assert!(!told.contains(&id_of(&target)), "{path}: {told}");
        assert!(!told.contains("bezug"), "{path}: {told}");
    }
    assert_eq!(listed(&clerk).await, 0);
    assert_eq!(clerk.get(&search).await.is(200).json()["total"], 0);
    for path in [at(&filed), history] {
        let told = auditor.get(&path).await.is(200).text();
        assert!(told.contains(&id_of(&target)), "{path}: {told}");
    }
    assert_eq!(listed(&auditor).await, 1);
    assert_eq!(auditor.get(&search).await.is(200).json()["total"], 1);
    // Nor is it found out by saying it.
    for value in [json!(id_of(&target)), led.clone()] {
        let guess = json!({"fields": {"bezug": value}});
        let guess = clerk
            .patch(&at(&filed), &filed.etag(), &guess)
            .await
            .is(422);
        assert_eq!(faults(&guess), fault("/fields/bezug", "not-found"));
    }
    let away = json!({"fields": {"bezug": null}});
    let away = clerk.patch(&at(&filed), &filed.etag(), &away).await.is(422);
    assert_eq!(faults(&away), fault("", "unchanged"));
    // It stays where it is while something else is changed; nobody writes what he may not see.
    let other = json!({"fields": {"nummer": "R-6"}});
    let changed = clerk
        .patch(&at(&filed), &filed.etag(), &other)
        .await
        .is(200);
    assert!(!changed.text().contains("bezug"), "{}", changed.text());
    assert_eq!(
        auditor.get(&at(&filed)).await.is(200).json()["fields"]["bezug"],
        led
    );
    let again = json!({"title": "Neu", "type": "Rechnung", "fields": {"bezug": id_of(&target)}});
    let content = fixtures::unique_pdf("Neu");
    let again = clerk.file("b.pdf", &content, &again).await.is(422);
    assert_eq!(faults(&again), fault("/fields/bezug", "not-found"));
}

#[tokio::test]
async fn a_choice_that_was_opened_to_several_is_told_as_a_list() {
    let Some(registry) = Registry::start().await else {
        return;
    };
    let (clerk, manager) = (registry.town.clerk(), &registry.manager);
    let entries = json!([{"code": "off", "label": "Aus"}, {"code": "offen", "label": "Offen"}]);
    let new = json!({"code": "stand", "label": "Stand", "kind": "choice", "entries": entries});
    let field = manager.post(super::FIELDS, &new).await.is(201);
    let kind = json!({"code": "Antrag", "fields": [{"field": "stand"}]});
    manager.post(super::TYPES, &kind).await.is(201);
    let filed = file(&clerk, "Antrag", "Antrag", &json!({"stand": "offen"})).await;
    let filed = filed.is(201);
    assert_eq!(filed.json()["fields"]["stand"], "offen");
    let opened = registry.file("02.1", "Anträge").await;
    let case = registry.case(&opened, "Antrag").await;
    let registered = register(&clerk, &filed, &case).await.is(200);
    let several = json!({"many": true, "entries": entries});
    let path = format!("{}/{}", super::FIELDS, id_of(&field));
    manager.patch(&path, &field.etag(), &several).await.is(200);
    let list = json!({"stand": ["offen"]});
    let seen = clerk.get(&at(&filed)).await.is(200);
    assert_eq!(seen.json()["fields"], list);
    assert_eq!(seen.etag(), registered.etag());
    let all = clerk.get("/api/v1/documents").await.is(200).json();
    assert_eq!(all["items"][0]["fields"], list);
    // What was read may be sent back, and changes nothing: not even what is registered.
    let tagged = json!({"tags": ["Neu"], "fields": list});
    let tagged = clerk.patch(&at(&filed), &seen.etag(), &tagged).await;
    assert_eq!(tagged.is(200).json()["fields"], list);
    // Clients of paperless-ngx are told labels, as of every choice of several.
    let theirs = clerk.get("/api/documents/").await.is(200).json();
    let value = &theirs["results"][0]["custom_fields"][0]["value"];
    assert_eq!(value, "Offen");
    let output = registry.town.app.command(&["verify"]).await;
    assert!(output.status.success(), "{output:?}");
}

#[tokio::test]
async fn a_preview_tells_what_was_chosen_alone_as_the_document_does() {
    let Some(registry) = Registry::start().await else {
        return;
    };
    let (clerk, manager) = (registry.town.clerk(), &registry.manager);
    let entries = json!([{"code": "off", "label": "Aus"}, {"code": "offen", "label": "Offen"}]);
    let new = json!({"code": "stand", "label": "Stand", "kind": "choice", "entries": entries});
    let field = manager.post(super::FIELDS, &new).await.is(201);
    let kind = json!({"code": "Antrag", "fields": [{"field": "stand"}]});
    manager.post(super::TYPES, &kind).await.is(201);
    let alone = json!({"stand": "offen"});
    let before = file(&clerk, "Vorher", "Antrag", &alone).await.is(201);
    let several = json!({"many": true, "entries": entries});
    let path = format!("{}/{}", super::FIELDS, id_of(&field));
    manager.patch(&path, &field.etag(), &several).await.is(200);
    let list = json!({"stand": ["offen"]});
    let after = file(&clerk, "Nachher", "Antrag", &list).await.is(201);
    let change = json!({"fields": {"stand": ["off"]}});
    let body = json!({"ids": [id_of(&before), id_of(&after)], "change": change});
    let seen = clerk.post("/api/v1/documents/bulk/preview", &body).await;
    let seen = seen.is(200).json();
    let changes = json!([{"field": "fields.stand", "from": ["offen"], "to": ["off"]}]);
    for at in 0..2_usize {
        assert_eq!(seen["items"][at]["changes"], changes, "{seen}");
    }
}

#[tokio::test]
async fn content_that_came_before_what_is_refused_is_not_kept() {
    let Some(town) = town().await else { return };
    let clerk = town.clerk();
    let metadata = json!({"type": "Antrag", "fields": {"betrag": "1"}}).to_string();
    let content = Part::bytes(fixtures::unique_pdf("Antrag")).file_name("a.pdf");
    let metadata = Part::text(metadata)
        .mime_str("application/json")
        .expect("a type");
    let form = Form::new()
        .part("content", content)
        .part("metadata", metadata);
    let request = clerk.request(Method::POST, "/api/v1/documents");
    let refused = clerk.send(request.multipart(form)).await.is(422);
    assert_eq!(faults(&refused), fault("/fields/betrag", "not-of-type"));
    assert!(crate::at_rest::blobs(town.app.data()).is_empty());
}
