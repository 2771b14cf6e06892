//! Identity checks: recorded beside a document, named by what is signed there, asked for by some forms.

use serde_json::{Value, json};
use tempfile::TempDir;
use tests::Start;
use tests::tablet::{form, request};
use tests::town::{OWN, id_of};

use super::Counter;
use crate::forms::{DOG, FORMS};
use crate::records::fault;

const CONFIRMED: &str = "identity_card";

/// Records a check; gives its id.
async fn checked(counter: &Counter, document: &str, result: &str) -> String {
    let path = format!("/api/v1/documents/{document}/identity-checks");
    let body = json!({"method": CONFIRMED, "result": result});
    id_of(&counter.town.clerk().post(&path, &body).await.is(201))
}

fn naming(counter: &Counter, check: &str) -> Value {
    let mut body = request(&counter.tablet.id);
    body["identity_check"] = json!(check);
    body
}

#[tokio::test]
async fn a_check_says_by_what_and_with_what_result_and_nothing_else() {
    let Some(counter) = Counter::open().await else {
        return;
    };
    let town = &counter.town;
    let (filed, _) = form(town).await;
    let document = id_of(&filed);
    let path = format!("/api/v1/documents/{document}/identity-checks");
    let check = json!({"method": "photo", "result": "doubtful"});
    let recorded = town.clerk().post(&path, &check).await.is(201);
    let record = town.record_of(&recorded).await;
    assert_eq!(record["action"], "identity.check");
    for wrong in [
        json!({"method": "photo", "result": "confirmed", "number": "L01X00T47"}),
        json!({"method": "glance", "result": "confirmed"}),
        json!({"method": "photo"}),
    ] {
        let refused = town.clerk().post(&path, &wrong).await;
        assert!(refused.status.is_client_error(), "{}", refused.text());
    }
    let other = town.other();
    other.post(&path, &check).await.is_problem(404, "not-found");
    other.get(&path).await.is_problem(404, "not-found");
    town.auditor()
        .post(&path, &check)
        .await
        .is_problem(403, "forbidden");
    let listed = town.clerk().get(&path).await.is(200).json();
    let listed = listed["items"].as_array().expect("a list");
    assert_eq!(listed.len(), 1);
    assert_eq!(listed[0]["method"], "photo");
    assert_eq!(listed[0]["result"], "doubtful");
    assert_eq!(listed[0]["id"], json!(id_of(&recorded)));
}

#[tokio::test]
async fn a_document_is_signed_beside_a_check_of_its_own_that_says_yes() {
    let Some(counter) = Counter::open().await else {
        return;
    };
    let clerk = counter.town.clerk();
    let (filed, _) = form(&counter.town).await;
    let (elsewhere, _) = form(&counter.town).await;
    let document = id_of(&filed);
    let path = format!("/api/v1/documents/{document}/signing-jobs");
    let refuted = checked(&counter, &document, "refuted").await;
    let of_another = checked(&counter, &id_of(&elsewhere), "confirmed").await;
    for (check, code) in [
        (refuted, "identity-not-confirmed"),
        (of_another, "identity-check-of-another"),
        (
            uuid::Uuid::now_v7().to_string(),
            "identity-check-of-another",
        ),
    ] {
        let refused = clerk.post(&path, &naming(&counter, &check)).await;
        let refused = refused.is_problem(422, "validation");
        let expected = ("/identity_check".to_owned(), code.to_owned());
        assert_eq!(fault(&refused), expected);
    }
    let good = checked(&counter, &document, "confirmed").await;
    let sent = clerk.post(&path, &naming(&counter, &good)).await.is(201);
    assert_eq!(sent.json()["identity_check"], json!(good));
    let shown = counter.tablet.show(&id_of(&sent)).await;
    let done = counter
        .tablet
        .tell(&shown, "signature", &shown.signature())
        .await;
    done.is(200);
    let job = counter.state(&shown.id).await;
    let check = &job["outcome"]["evidence"]["identity_check"];
    assert_eq!(check["id"], json!(good));
    assert_eq!(check["method"], CONFIRMED);
    assert_eq!(check["result"], "confirmed");
}

#[tokio::test]
async fn a_form_that_asks_for_a_check_is_not_signed_without_one() {
    let folder = TempDir::new().expect("a temporary folder");
    let source = DOG.replacen(
        "version = 1",
        "version = 1\nidentity_check = \"required\"",
        1,
    );
    std::fs::write(folder.path().join("hund.toml"), source).expect("a template");
    let start = Start::new().of_its_own().with(
        "PAPIERLOS_FORMS_FOLDER",
        folder.path().display().to_string(),
    );
    let Some(counter) = Counter::of(start).await else {
        return;
    };
    let clerk = counter.town.clerk();
    let asked = clerk.get(&format!("{FORMS}/hund")).await.is(200).json();
    assert_eq!(asked["identity_check"], true);
    let body = json!({"department": OWN, "values": {"name": "Bello"}});
    let made = format!("{FORMS}/hund/documents");
    let filed = clerk.post(&made, &body).await.is(201);
    assert_eq!(filed.json()["form"]["identity_check"], true);
    let document = id_of(&filed);
    let path = format!("/api/v1/documents/{document}/signing-jobs");
    let refused = clerk.post(&path, &request(&counter.tablet.id)).await;
    let refused = refused.is_problem(422, "validation");
    let expected = (
        "/identity_check".to_owned(),
        "identity-check-required".to_owned(),
    );
    assert_eq!(fault(&refused), expected);
    let check = checked(&counter, &document, "confirmed").await;
    clerk.post(&path, &naming(&counter, &check)).await.is(201);
}

#[tokio::test]
async fn a_check_that_was_taken_back_does_for_nothing() {
    let Some(counter) = Counter::open().await else {
        return;
    };
    let clerk = counter.town.clerk();
    let (filed, _) = form(&counter.town).await;
    let document = id_of(&filed);
    let path = format!("/api/v1/documents/{document}/signing-jobs");
    let hasty = checked(&counter, &document, "confirmed").await;
    checked(&counter, &document, "refuted").await;
    let refused = clerk.post(&path, &naming(&counter, &hasty)).await;
    let refused = refused.is_problem(422, "validation");
    let expected = (
        "/identity_check".to_owned(),
        "identity-not-confirmed".to_owned(),
    );
    assert_eq!(fault(&refused), expected);
}
