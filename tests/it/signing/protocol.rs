//! The readable protocol of a signature: a document beside the signed one, made by the house.

use serde_json::{Value, json};
use tests::plan::{plan, unit};
use tests::tablet::{form, request};
use tests::town::id_of;
use tests::{verapdf, wait_until};

use super::{Counter, JOBS};
use crate::forms::{FORMS, consent, keep, text_of};

/// Signs what is shown, and waits for the protocol; gives its id.
async fn signed(counter: &Counter, job: &str) -> String {
    let shown = counter.tablet.show(job).await;
    let done = counter
        .tablet
        .tell(&shown, "signature", &shown.signature())
        .await;
    done.is(200);
    protocol_of(counter, job).await
}

async fn protocol_of(counter: &Counter, job: &str) -> String {
    let mut protocol = None;
    wait_until("there is a protocol", async || {
        let state = counter.state(job).await;
        protocol = state["protocol"].as_str().map(str::to_owned);
        protocol.is_some()
    })
    .await;
    protocol.expect("a protocol")
}

#[tokio::test]
async fn a_signature_in_a_case_gets_one_readable_protocol_in_that_case() {
    let Some(counter) = Counter::open().await else {
        return;
    };
    let town = &counter.town;
    let clerk = town.clerk();
    plan(town, "2020", ("2020-01-01", None), vec![unit("02")]).await;
    let file = json!({"plan_unit": "02", "subject": "Meldewesen"});
    let file = clerk.post("/api/v1/files", &file).await.is(201);
    let case = json!({"file": id_of(&file), "subject": "Einwilligung"});
    let case = clerk.post("/api/v1/cases", &case).await.is(201);
    let mut body = consent();
    body["case"] = json!(id_of(&case));
    body["department"] = Value::Null;
    let path = format!("{FORMS}/einwilligung/documents");
    let filed = clerk.post(&path, &body).await.is(201);
    let document = id_of(&filed);
    let check = json!({"method": "identity_card", "result": "confirmed"});
    let path = format!("/api/v1/documents/{document}/identity-checks");
    let check = clerk.post(&path, &check).await.is(201);
    let mut wanted = request(&counter.tablet.id);
    // What looks like the number of an identity document is no part of a protocol.
    wanted["purpose"] = json!("Personalausweis, Seriennummer: L01X00T471, ausgehändigt");
    wanted["identity_check"] = json!(id_of(&check));
    let path = format!("/api/v1/documents/{document}/signing-jobs");
    let job = id_of(&clerk.post(&path, &wanted).await.is(201));
    let protocol = signed(&counter, &job).await;

    let found = clerk.get(&format!("/api/v1/documents/{protocol}")).await;
    let found = found.is(200).json();
    assert_eq!(found["case"]["id"], json!(id_of(&case)), "{found}");
    assert_eq!(found["state"], "draft");
    let title = found["title"].as_str().unwrap_or_default();
    assert!(title.starts_with("Unterschriftsprotokoll: "), "{title}");
    let related = format!("/api/v1/relations?document={document}");
    let related = clerk.get(&related).await.is(200).json();
    assert_eq!(
        related["items"].as_array().map(Vec::len),
        Some(1),
        "{related}"
    );
    assert!(related.to_string().contains(&protocol), "{related}");
    let history = format!("/api/v1/documents/{document}/history");
    let history = clerk.get(&history).await.is(200).text();
    for action in ["signing.protocol", "identity.check"] {
        assert!(history.contains(action), "{action}: {history}");
    }
    says_what_was_found_out(&counter, &protocol, &job).await;
    // Whoever may not see the document sees no protocol either.
    let other = town.other();
    let hidden = other.get(&format!("/api/v1/documents/{protocol}")).await;
    hidden.is_problem(404, "not-found");
}

/// The protocol is PDF/A and PDF/UA, and says what stands in the evidence.
async fn says_what_was_found_out(counter: &Counter, protocol: &str, job: &str) {
    let path = format!("/api/v1/documents/{protocol}/content");
    let content = counter.town.clerk().get(&path).await.is(200);
    let folder = tempfile::tempdir().expect("a folder");
    let file = keep(&folder, "protokoll.pdf", &content);
    let text = text_of(&file);
    let squeezed: String = text.split_whitespace().collect();
    let job = counter.state(job).await;
    let evidence = &job["outcome"]["evidence"];
    for wanted in [
        &evidence["document_sha256"],
        &evidence["signed_sha256"],
        &evidence["strokes"]["sha256"],
        &evidence["device"]["key_sha256"],
        &evidence["device"]["body_sha256"],
        &job["id"],
        &job["identity_check"],
    ] {
        // A digest is longer than its line.
        let wanted: String = wanted.as_str().expect("a text").chars().take(40).collect();
        assert!(squeezed.contains(&wanted), "{wanted}: {text}");
    }
    for word in [
        "Ich habe den Ausweis erhalten.",
        "Schalter 2",
        "Personalausweis",
        "bestätigt",
        "PAdES B-B",
    ] {
        assert!(text.contains(word), "{word}: {text}");
    }
    for word in ["L01X00T47", "qualifiziert"] {
        assert!(!squeezed.contains(word), "{word}: {text}");
    }
    for flavour in ["2a", "ua1"] {
        if let Some(verdict) = verapdf::judge(flavour, std::slice::from_ref(&file)) {
            assert_eq!(verdict.passed, [true], "{flavour}: {}", verdict.said);
        }
    }
}

#[tokio::test]
async fn without_a_case_the_protocol_stands_in_the_department_and_there_is_one_only() {
    let Some(counter) = Counter::open().await else {
        return;
    };
    let clerk = counter.town.clerk();
    let (_, _, shown) = counter.shown().await;
    let signature = shown.signature();
    for _ in 0..2 {
        let done = counter.tablet.tell(&shown, "signature", &signature).await;
        done.is(200);
    }
    let protocol = protocol_of(&counter, &shown.id).await;
    let found = clerk.get(&format!("/api/v1/documents/{protocol}")).await;
    let found = found.is(200).json();
    assert!(found["case"].is_null(), "{found}");
    assert_eq!(found["department"], tests::town::OWN);
    let all = counter.town.documents().await;
    let protocols = all.iter().filter(|one| {
        let title = one["title"].as_str().unwrap_or_default();
        title.starts_with("Unterschriftsprotokoll")
    });
    assert_eq!(protocols.count(), 1, "{all:?}");
}

#[tokio::test]
async fn what_ends_without_a_signature_has_no_protocol() {
    let Some(counter) = Counter::open().await else {
        return;
    };
    let (_, _, shown) = counter.shown().await;
    let no = json!({"kind": "refused"});
    counter.tablet.tell(&shown, "refusal", &no).await.is(200);
    counter.town.settle().await;
    assert!(counter.state(&shown.id).await.get("protocol").is_none());
}

#[tokio::test]
async fn what_was_signed_on_paper_is_linked_with_its_scan_once() {
    let Some(counter) = Counter::open().await else {
        return;
    };
    let clerk = counter.town.clerk();
    let (document, _, shown) = counter.shown().await;
    let (scan, _) = form(&counter.town).await;
    let path = format!("{JOBS}/{}/paper", shown.id);
    let body = json!({"document": id_of(&scan)});
    // It is shown still: nobody signs twice.
    let early = clerk.post(&path, &body).await;
    early.is_problem(409, "state-conflict");
    let why = json!({"reason": "Es wird auf Papier unterschrieben"});
    let cancel = format!("{JOBS}/{}/cancel", shown.id);
    clerk.post(&cancel, &why).await.is(200);
    let itself = clerk.post(&path, &json!({"document": document})).await;
    itself.is_problem(422, "validation");
    let nothing = json!({"document": uuid::Uuid::now_v7()});
    clerk
        .post(&path, &nothing)
        .await
        .is_problem(422, "validation");
    let other = counter.town.other().post(&path, &body).await;
    other.is_problem(404, "not-found");
    let linked = clerk.post(&path, &body).await.is(200);
    assert_eq!(linked.json()["state"], "paper");
    assert_eq!(linked.json()["paper"], json!(id_of(&scan)));
    let record = counter.town.record_of(&linked).await;
    assert_eq!(record["action"], "signing.paper");
    let related = format!("/api/v1/relations?document={document}");
    let related = clerk.get(&related).await.is(200).json();
    assert!(related.to_string().contains(&id_of(&scan)), "{related}");
    let again = clerk.post(&path, &body).await;
    again.is_problem(409, "state-conflict");
    // The tablet has nothing of it any more.
    let late = counter
        .tablet
        .tell(&shown, "signature", &shown.signature())
        .await;
    late.is_problem(409, "state-conflict");
}
