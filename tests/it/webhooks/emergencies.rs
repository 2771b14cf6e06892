//! An emergency is told, as it is asked for, approved and ended, to whoever may know of it.

use std::collections::BTreeSet;

use tests::fixtures;
use tests::town::{OTHER, OWN, add, id_of};

use super::*;

const EVENTS: [&str; 3] = [
    "break_glass.request",
    "break_glass.approve",
    "break_glass.end",
];

/// The types of what a receiver was told.
fn types(receiver: &Receiver) -> BTreeSet<String> {
    let letters = receiver.letters();
    let types = letters.iter().map(Letter::json);
    types
        .map(|message| message["type"].as_str().unwrap_or_default().to_owned())
        .collect()
}

#[tokio::test]
async fn an_emergency_is_told_to_whoever_may_know_of_it_and_to_nobody_else() {
    let Some(town) = town().await else { return };
    let second = add(&town.app, "chefin", "admin", None).await;
    let head = add(&town.app, "l.heide", "head", Some(OWN)).await;
    let (second, head) = (town.app.with_token(&second), town.app.with_token(&head));
    let (admin, auditor, other) = (town.admin(), town.auditor(), town.other());
    let (audits, heads, others) = (
        Receiver::start().await,
        Receiver::start().await,
        Receiver::start().await,
    );
    let created = subscribe(&auditor, &audits.url(), &EVENTS).await;
    subscribe(&head, &heads.url(), &["*"]).await;
    subscribe(&other, &others.url(), &["*"]).await;
    let ask = json!({"department": OWN, "reason": "Geheimer Grund", "hours": 2});
    let asked = admin.post("/api/v1/break-glass", &ask).await.is(201);
    let one = format!("/api/v1/break-glass/{}", id_of(&asked));
    let approved = post(&second, &format!("{one}/approve")).await.is(200);
    let ended = post(&admin, &format!("{one}/end")).await.is(200);
    audits.has(3).await;
    heads.has(3).await;
    let all: BTreeSet<String> = EVENTS.iter().map(|one| (*one).to_owned()).collect();
    assert_eq!((types(&audits), types(&heads)), (all.clone(), all));
    let mut told = BTreeSet::new();
    for letter in audits.letters() {
        let message = letter.json();
        let data = message["data"].as_object().cloned().unwrap_or_default();
        let names: BTreeSet<&str> = data.keys().map(String::as_str).collect();
        let expected = BTreeSet::from(["action", "emergency", "hash", "seq"]);
        assert_eq!(names, expected, "{message}");
        assert_eq!(data["emergency"], id_of(&asked), "{message}");
        assert_eq!(data["action"], message["type"], "{message}");
        told.insert(data["seq"].as_u64());
        let body = String::from_utf8_lossy(&letter.body).into_owned();
        assert!(!body.contains("Geheimer"), "{body}");
    }
    let records = [&asked, &approved, &ended].map(|one| Some(one.receipt().0));
    assert_eq!(told, BTreeSet::from(records));
    let listed = deliveries(&auditor, &path_of(&created)).await;
    assert_eq!(listed.len(), 3);
    assert!(
        listed.iter().all(|one| one["emergency"] == id_of(&asked)),
        "{listed:?}"
    );
    // Of another department's emergency nobody is told, also by what comes after it.
    let content = fixtures::unique_pdf("Haushalt");
    other
        .file("haushalt.pdf", &content, &json!({"title": "Haushalt"}))
        .await
        .is(201);
    others.has(1).await;
    assert!(
        types(&others).is_disjoint(&types(&audits)),
        "{:?}",
        types(&others)
    );
}

#[tokio::test]
async fn whoever_audits_no_longer_finds_no_emergency_among_what_was_told() {
    let Some(town) = town().await else { return };
    let (admin, auditor) = (town.admin(), town.auditor());
    let receiver = Receiver::start().await;
    let path = path_of(&subscribe(&auditor, &receiver.url(), &EVENTS).await);
    let ask = json!({"department": OWN, "reason": "Wiederherstellung", "hours": 2});
    let asked = admin.post("/api/v1/break-glass", &ask).await.is(201);
    receiver.has(1).await;
    let newest = newest_is(&auditor, &path, "delivered").await;
    assert_eq!(newest["emergency"], id_of(&asked));
    let me = auditor.get("/api/v1/me").await.is(200).json();
    let account = format!("/api/v1/accounts/{}", me["id"].as_str().expect("an id"));
    let becomes = async |role: Value| {
        let etag = admin.get(&account).await.is(200).etag();
        let roles = format!("{account}/roles");
        let wanted = json!({"roles": [role]});
        let based_on = [("if-match", &*etag)];
        send(&admin, Method::PUT, &roles, &based_on, Some(&wanted))
            .await
            .is(200);
    };
    becomes(json!({"role": "clerk", "department": OTHER})).await;
    assert_eq!(deliveries(&auditor, &path).await, Vec::<Value>::new());
    becomes(json!({"role": "auditor"})).await;
    assert_eq!(deliveries(&auditor, &path).await, [newest]);
}
