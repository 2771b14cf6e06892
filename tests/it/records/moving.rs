//! Refiling: another place, another reference, the old one still leads there.

use serde_json::json;
use tests::town::id_of;

use super::{Registry, act, by_reference, text};

#[tokio::test]
async fn a_refiled_document_is_found_by_both_references_and_moves_back() {
    let Some(registry) = Registry::start().await else {
        return;
    };
    let (clerk, manager) = (registry.town.clerk(), &registry.manager);
    let file = registry.file("02.1", "Parken").await;
    let one = registry.case(&file, "Eins").await;
    let two = registry.case(&file, "Zwei").await;
    let document = registry.registered(&one, "Antrag").await;
    let at = format!("/api/v1/documents/{}/refile", id_of(&document));
    let to = |case: &tests::Answer| json!({"case": id_of(case), "reason": "Falsch zugeordnet"});
    act(&clerk, &at, &document.etag(), &to(&two))
        .await
        .is_problem(403, "forbidden");
    act(manager, &at, &document.etag(), &to(&one))
        .await
        .is_problem(422, "validation");
    let moved = act(manager, &at, &document.etag(), &to(&two)).await.is(200);
    assert_eq!(moved.json()["case"]["id"], two.json()["id"]);
    assert_ne!(text(&moved, "reference"), text(&document, "reference"));
    for (reference, alias) in [
        (text(&document, "reference"), true),
        (text(&moved, "reference"), false),
    ] {
        let named = clerk.get(&by_reference(&reference)).await.is(200).json();
        assert_eq!(named["id"], document.json()["id"], "{reference}");
        assert_eq!(named["alias"], alias, "{reference}");
        assert_eq!(named["reference"], moved.json()["reference"]);
    }
    let back = act(manager, &at, &moved.etag(), &to(&one)).await.is(200);
    assert_eq!(back.json()["case"]["id"], one.json()["id"]);
    assert_ne!(
        text(&back, "reference"),
        text(&document, "reference"),
        "given once"
    );
    registry.town.settle().await;
    let query = format!("\"{}\"", text(&moved, "reference"));
    let found = clerk
        .get_with("/api/v1/search", &[("q", &query)])
        .await
        .is(200)
        .json();
    assert_eq!(found["total"], 1, "{found}");
}

#[tokio::test]
async fn a_refiled_file_keeps_its_old_reference_and_what_is_in_it_follows() {
    let Some(registry) = Registry::start().await else {
        return;
    };
    let (clerk, manager) = (registry.town.clerk(), &registry.manager);
    let file = registry.file("02.1", "Parken").await;
    let case = registry.case(&file, "Beispiel").await;
    let document = registry.registered(&case, "Antrag").await;
    let at = format!("/api/v1/files/{}/refile", id_of(&file));
    let body = json!({"plan_unit": "02.2", "reason": "Zuständigkeit geändert"});
    act(&clerk, &at, &file.etag(), &body)
        .await
        .is_problem(403, "forbidden");
    registry.town.settle().await;
    let moved = act(manager, &at, &file.etag(), &body).await.is(200);
    assert!(
        text(&moved, "reference").starts_with("02.2-"),
        "{}",
        moved.text()
    );
    assert_eq!(moved.json()["aliases"], json!([text(&file, "reference")]));
    assert_eq!(moved.json()["retention"]["retention_years"], 5);
    let same = clerk
        .get(&format!("/api/v1/cases/{}", id_of(&case)))
        .await
        .is(200)
        .json();
    assert_eq!(same["reference"], case.json()["reference"]);
    assert_eq!(same["file"]["reference"], moved.json()["reference"]);
    registry.town.settle().await;
    for reference in [text(&file, "reference"), text(&moved, "reference")] {
        let query = format!("\"{reference}\"");
        let found = clerk
            .get_with("/api/v1/search", &[("q", &query)])
            .await
            .is(200)
            .json();
        assert_eq!(
            found["items"][0]["id"],
            document.json()["id"],
            "{reference}"
        );
    }
    let other = registry.file("02.1", "Ziel").await;
    let at = format!("/api/v1/cases/{}/refile", id_of(&case));
    let to = json!({"file": id_of(&other), "reason": "Gehört hierher"});
    let case = act(manager, &at, &case.etag(), &to).await.is(200);
    assert_eq!(case.json()["file"]["id"], other.json()["id"]);
    let one = clerk
        .get(&format!("/api/v1/documents/{}", id_of(&document)))
        .await
        .is(200)
        .json();
    assert_eq!(one["file"]["id"], other.json()["id"]);
    assert_eq!(one["reference"], document.json()["reference"]);
    // Nothing of it is hidden from those who check.
    let app = &registry.town.app;
    let output = app.command(&["check"]).await;
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(said.lines().any(|line| line == "ohne Befund"), "{said}");
    let output = app.command(&["verify"]).await;
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stdout)
    );
}
