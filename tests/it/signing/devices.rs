//! Which device is heard: a paired one, by its cookie and its key.

use serde_json::json;
use tests::tablet::{FakeTablet, named};
use tests::town::{Town, add, id_of};

use super::Counter;

#[tokio::test]
async fn a_tablet_is_paired_by_the_code_that_it_shows() {
    let Some(town) = Town::start().await else {
        return;
    };
    let mut tablet = FakeTablet::new(town.app.anonymous());
    let (pairing, code) = tablet.ask().await;
    let waits = tablet.claim(&pairing).await.is(200);
    assert_eq!(waits.json()["paired"], false);
    tablet
        .get("/api/v1/tablet")
        .await
        .is_problem(401, "unauthenticated");
    // Clerks pair nothing; heads of the department do.
    let body = named(&code.to_lowercase().replace('-', " "));
    let clerk = town.clerk().post("/api/v1/tablets", &body).await;
    clerk.is_problem(403, "forbidden");
    let head = add(&town.app, "l.heide", "head", Some(tests::town::OWN)).await;
    let head = town.app.with_token(&head);
    let paired = head.post("/api/v1/tablets", &body).await.is(201);
    let record = town.record_of(&paired).await;
    assert_eq!(record["action"], "tablet.pair");
    // A code is good for one tablet.
    let twice = head.post("/api/v1/tablets", &body).await;
    twice.is_problem(422, "validation");
    // Another key gets nothing of it.
    let mut thief = FakeTablet::new(town.app.anonymous());
    thief.claim(&pairing).await.is_problem(403, "forbidden");
    assert_eq!(tablet.claim(&pairing).await.is(200).json()["paired"], true);
    let own = tablet.get("/api/v1/tablet").await.is(200).json();
    assert_eq!(own["id"].as_str(), Some(id_of(&paired).as_str()));
    assert_eq!(own["counter"], "Schalter 2");
    let listed = town.clerk().get("/api/v1/tablets").await.is(200).json();
    assert_eq!(listed["items"].as_array().map(Vec::len), Some(1));
    assert!(listed["items"][0]["seen_at"].is_string());
    let others = town.other().get("/api/v1/tablets").await.is(200).json();
    assert_eq!(others["items"], json!([]));
}

#[tokio::test]
async fn a_revoked_tablet_is_known_no_more() {
    let Some(counter) = Counter::open().await else {
        return;
    };
    let (document, _, shown) = counter.shown().await;
    let path = format!("/api/v1/tablets/{}/revoke", counter.tablet.id);
    let why = json!({"reason": "Gerät verloren"});
    let other = counter.town.other().post(&path, &why).await;
    other.is_problem(404, "not-found");
    let clerk = counter.town.clerk().post(&path, &why).await;
    clerk.is_problem(403, "forbidden");
    let revoked = counter.town.admin().post(&path, &why).await.is(200);
    let record = counter.town.record_of(&revoked).await;
    assert_eq!(record["action"], "tablet.revoke");
    let late = counter
        .tablet
        .tell(&shown, "signature", &shown.signature())
        .await;
    late.is_problem(401, "unauthenticated");
    assert_eq!(counter.versions(&document).await, 1);
    let jobs = format!("/api/v1/documents/{document}/signing-jobs");
    let body = tests::tablet::request(&counter.tablet.id);
    let sent = counter.town.clerk().post(&jobs, &body).await;
    sent.is_problem(409, "state-conflict");
}

#[tokio::test]
async fn nothing_counts_without_the_signature_of_the_right_device() {
    let Some(counter) = Counter::open().await else {
        return;
    };
    let (document, _, shown) = counter.shown().await;
    let signature = shown.signature();
    // Another paired tablet does not even know of the job.
    let second = FakeTablet::paired(&counter.town).await;
    let path = format!("/api/v1/tablet/jobs/{}", shown.id);
    second.get(&path).await.is_problem(404, "not-found");
    let answer = second.tell(&shown, "signature", &signature).await;
    answer.is_problem(404, "not-found");
    // The right one, with the nonce of something else.
    let mut other = shown.clone();
    other.nonce = "00".repeat(16);
    let answer = counter.tablet.tell(&other, "signature", &signature).await;
    answer.is_problem(403, "forbidden");
    // Its cookie alone is not enough, and its key alone neither.
    let mut without = FakeTablet::paired(&counter.town).await;
    without.forget();
    let answer = without.tell(&shown, "signature", &signature).await;
    answer.is_problem(401, "unauthenticated");
    // A person with every right is no tablet.
    let clerk = counter.town.clerk().get(&path).await;
    clerk.is_problem(401, "unauthenticated");
    assert_eq!(counter.versions(&document).await, 1);
}
