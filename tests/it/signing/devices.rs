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
async fn the_code_is_a_picture_too_and_a_ticket_that_nobody_made_pairs_nothing() {
    let Some(town) = Town::start().await else {
        return;
    };
    let mut tablet = FakeTablet::new(town.app.anonymous());
    let path = "/api/v1/tablets/pairings";
    let mut body = json!({"public_key": tablet.public_key(), "origin": "https://archiv.stadt.de",
        "ticket": "0".repeat(32)});
    let asked = town.app.anonymous().post(path, &body).await.is(201);
    let rows = asked.json()["qr"].as_array().cloned().unwrap_or_default();
    assert!(rows.len() >= 25, "{rows:?}");
    for row in &rows {
        let row = row.as_str().unwrap_or_default();
        assert_eq!(row.len(), rows.len());
        assert!(row.chars().all(|sign| sign == '0' || sign == '1'));
    }
    // Only the demo makes a ticket: elsewhere the code must be typed in.
    let waits = tablet.claim(&id_of(&asked)).await.is(200);
    assert_eq!(waits.json()["paired"], false);
    for wrong in ["javascript:alert(1)", "https://a b", "archiv"] {
        body["origin"] = json!(wrong);
        let refused = town.app.anonymous().post(path, &body).await;
        refused.is_problem(422, "validation");
    }
}

#[tokio::test]
async fn tablets_are_listed_and_revoked_from_the_machine_itself() {
    let Some(counter) = Counter::open().await else {
        return;
    };
    let app = &counter.town.app;
    let said = |output: std::process::Output| {
        assert!(output.status.success(), "{output:?}");
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    let (_, _, shown) = counter.shown().await;
    let id = counter.tablet.id.as_str();
    let listed = said(app.command(&["tablets", "list"]).await);
    assert!(
        listed.starts_with(&format!("{id}: Tablet 2, Schalter 2, ")),
        "{listed}"
    );
    let line = said(app.command(&["tablets", "list", "--json"]).await);
    let line: serde_json::Value = serde_json::from_str(line.trim()).expect("a line of JSON");
    assert_eq!(line["id"], json!(id));
    assert_eq!(line["department"], tests::town::OWN);
    assert!(line.get("revoked_at").is_none());
    let revoke = ["tablets", "revoke", id, "--reason", "Gerät verloren"];
    let revoked = said(app.command(&revoke).await);
    assert!(revoked.contains(", gesperrt "), "{revoked}");
    let gone = counter.tablet.get("/api/v1/tablet").await;
    gone.is_problem(401, "unauthenticated");
    assert_eq!(counter.state(&shown.id).await["reason"], "tablet_revoked");
    let again = app.command(&revoke).await;
    assert_eq!(again.status.code(), Some(1), "{again:?}");
    let listed = said(app.command(&["tablets", "list"]).await);
    assert_eq!(listed, "");
    let all = said(app.command(&["tablets", "list", "--all"]).await);
    assert!(all.contains("gesperrt"), "{all}");
    let unknown = uuid::Uuid::now_v7().to_string();
    let nothing = app
        .command(&["tablets", "revoke", &unknown, "--reason", "weg"])
        .await;
    assert_eq!(nothing.status.code(), Some(3), "{nothing:?}");
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
    // What it showed ended in the same unit of work, and the clerk is told why.
    let record = counter.town.record_of(&revoked).await;
    assert_eq!(record["action"], "signing.end");
    let job = counter.state(&shown.id).await;
    assert_eq!(job["state"], "cancelled");
    assert_eq!(job["reason"], "tablet_revoked");
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
