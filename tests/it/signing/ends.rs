//! The other ends of a job: each is defined and recorded, and none leaves half a signature.

use serde_json::json;
use tests::tablet::{FakeTablet, form, request};
use tests::town::{add, id_of};
use tests::{Start, fixtures, wait_until};

use super::{Counter, JOBS, add_version};

#[tokio::test]
async fn whoever_refuses_says_why_to_the_clerk() {
    let Some(counter) = Counter::open().await else {
        return;
    };
    let (document, _, shown) = counter.shown().await;
    let no = json!({"kind": "refused", "reason": "Angaben stimmen nicht"});
    let refused = counter.tablet.tell(&shown, "refusal", &no).await.is(200);
    let record = counter.town.record_of(&refused).await;
    assert_eq!(record["action"], "signing.refuse");
    let job = counter.state(&shown.id).await;
    assert_eq!(job["state"], "refused");
    assert_eq!(job["reason"], "Angaben stimmen nicht");
    let late = counter
        .tablet
        .tell(&shown, "signature", &shown.signature())
        .await;
    late.is_problem(409, "state-conflict");
    assert_eq!(counter.versions(&document).await, 1);
}

#[tokio::test]
async fn a_clerk_calls_it_off_and_the_tablet_has_nothing_any_more() {
    let Some(counter) = Counter::open().await else {
        return;
    };
    let (document, _, shown) = counter.shown().await;
    let path = format!("{JOBS}/{}/cancel", shown.id);
    let why = json!({"reason": "Es wird auf Papier unterschrieben"});
    let cancelled = counter.town.clerk().post(&path, &why).await.is(200);
    let record = counter.town.record_of(&cancelled).await;
    assert_eq!(record["action"], "signing.end");
    let own = counter.tablet.get("/api/v1/tablet").await.is(200).json();
    assert!(own.get("job").is_none());
    let page = format!("/api/v1/tablet/jobs/{}/pages/1/picture", shown.id);
    counter.tablet.get(&page).await.is_problem(404, "not-found");
    let path_of_job = format!("/api/v1/tablet/jobs/{}", shown.id);
    let left = counter.tablet.get(&path_of_job).await.is(200).json();
    assert_eq!(left["state"], "cancelled");
    // Whoever stands there next is told nothing of whoever stood there before.
    for told in ["purpose", "sentence", "nonce", "language", "pages"] {
        assert!(left.get(told).is_none(), "{told}: {left}");
    }
    let late = counter
        .tablet
        .tell(&shown, "signature", &shown.signature())
        .await;
    late.is_problem(409, "state-conflict");
    let again = counter.town.clerk().post(&path, &why).await;
    again.is_problem(409, "state-conflict");
    assert_eq!(counter.versions(&document).await, 1);
}

#[tokio::test]
async fn a_job_runs_out_by_itself() {
    let start = Start::new().with("PAPIERLOS_SIGNING_JOB_SECONDS_MAX", "1");
    let Some(counter) = Counter::of(start).await else {
        return;
    };
    let (filed, _) = form(&counter.town).await;
    let job = tests::tablet::send(&counter.town, &id_of(&filed), &counter.tablet).await;
    wait_until("its time is over, and that is said", async || {
        counter.state(&job).await["ended_at"].is_string()
    })
    .await;
    assert_eq!(counter.state(&job).await["state"], "expired");
    // The tablet is free for the next one.
    tests::tablet::send(&counter.town, &id_of(&filed), &counter.tablet).await;
}

#[tokio::test]
async fn nobody_there_is_an_end_too() {
    let Some(counter) = Counter::open().await else {
        return;
    };
    let (_, _, shown) = counter.shown().await;
    let idle = json!({"kind": "idle"});
    counter.tablet.tell(&shown, "refusal", &idle).await.is(200);
    let job = counter.state(&shown.id).await;
    assert_eq!(job["state"], "expired");
    assert_eq!(job["reason"], "idle");
}

#[tokio::test]
async fn what_was_changed_meanwhile_is_not_signed() {
    let Some(counter) = Counter::open().await else {
        return;
    };
    let (document, _, shown) = counter.shown().await;
    let other = fixtures::unique_pdf("Eine andere Fassung");
    let clerk = counter.town.clerk();
    add_version(&clerk, &document, &other).await.is(201);
    let late = counter
        .tablet
        .tell(&shown, "signature", &shown.signature())
        .await;
    late.is_problem(409, "conflict");
    assert_eq!(counter.state(&shown.id).await["state"], "changed");
    assert_eq!(counter.versions(&document).await, 2);
    let content = format!("/api/v1/documents/{document}/content");
    let content = clerk.get(&content).await.is(200).body;
    assert_eq!(content, other);
}

#[tokio::test]
async fn of_two_tablets_with_one_document_the_first_signature_counts() {
    let Some(counter) = Counter::open().await else {
        return;
    };
    let (document, _, first) = counter.shown().await;
    let second = FakeTablet::paired(&counter.town).await;
    let job = tests::tablet::send(&counter.town, &document, &second).await;
    let other = second.show(&job).await;
    let done = counter
        .tablet
        .tell(&first, "signature", &first.signature())
        .await;
    done.is(200);
    let late = second.tell(&other, "signature", &other.signature()).await;
    late.is_problem(409, "conflict");
    assert_eq!(counter.state(&job).await["state"], "changed");
    assert_eq!(counter.versions(&document).await, 2);
}

#[tokio::test]
async fn a_server_that_falls_over_in_between_leaves_a_job_that_is_signed_later() {
    let Some(mut counter) = Counter::open().await else {
        return;
    };
    let (document, content, shown) = counter.shown().await;
    let seen = json!({"pages": [{"page": 1, "seconds": 2}], "signing": true});
    counter.tablet.tell(&shown, "seen", &seen).await.is(200);
    counter.town.app.kill();
    counter.town.app.resume();
    counter.tablet.follow(counter.town.app.anonymous());
    assert_eq!(counter.state(&shown.id).await["state"], "signing");
    let done = counter
        .tablet
        .tell(&shown, "signature", &shown.signature())
        .await;
    done.is(200);
    counter.town.app.kill();
    counter.town.app.resume();
    assert_eq!(counter.state(&shown.id).await["state"], "done");
    let path = format!("/api/v1/documents/{document}/content");
    let signed = counter.town.clerk().get(&path).await.is(200).body;
    assert!(signed.starts_with(&content));
}

#[tokio::test]
async fn a_tablet_works_for_one_clerk_at_a_time() {
    let Some(counter) = Counter::open().await else {
        return;
    };
    let town = &counter.town;
    let second = add(&town.app, "z.weite", "clerk", Some(tests::town::OWN)).await;
    let second = town.app.with_token(&second);
    let (document, _, shown) = counter.shown().await;
    // One's own tablet shows one thing at a time.
    let jobs = format!("/api/v1/documents/{document}/signing-jobs");
    let body = request(&counter.tablet.id);
    let busy = town.clerk().post(&jobs, &body).await;
    busy.is_problem(409, "conflict");
    let taken = second.post(&jobs, &body).await;
    taken.is_problem(409, "conflict");
    let lease = format!("/api/v1/tablets/{}/lease", counter.tablet.id);
    let asked = second.post(&lease, &json!({})).await;
    asked.is_problem(409, "conflict");
    // Taken over is taken over: what was shown is called off.
    let over = second.post(&lease, &json!({"take_over": true})).await;
    let over = over.is(200);
    assert_eq!(town.record_of(&over).await["action"], "signing.end");
    let job = counter.state(&shown.id).await;
    assert_eq!(job["state"], "cancelled");
    assert_eq!(job["reason"], "taken_over");
    // Whoever has it goes on having it, and nothing is recorded of that.
    let beat = second.post(&lease, &json!({})).await.is(200);
    assert!(beat.header("papierlos-log-seq").is_none());
    let release = format!("/api/v1/tablets/{}/release", counter.tablet.id);
    let not_his = town.clerk().post(&release, &json!({})).await;
    not_his.is_problem(409, "conflict");
    second.post(&release, &json!({})).await.is(200);
    tests::tablet::send(town, &document, &counter.tablet).await;
}
