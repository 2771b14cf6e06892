//! W7: what is ordered is handed over to the program of the treasury, once, and that one says yes or no.

use serde_json::json;
use tests::town::id_of;
use tests::{Receiver, Start, wait_until};

use super::invoices::{CASH, attest, attested, budget, hall_of, routed};
use super::{CLERK, Hall, Story};

/// Waits until a step of the system says why it waits.
async fn waits_for(hall: &Hall, story: &Story<'_>, words: &str) {
    let path = format!("/api/v1/workflows/{}", story.id);
    wait_until(&format!("it waits: {words}"), async || {
        let shown = hall.by(CLERK).get(&path).await.is(200).json();
        let mut steps = shown["slip"].as_array().into_iter().flatten();
        steps.any(|step| {
            step["error"]
                .as_str()
                .is_some_and(|error| error.contains(words))
        })
    })
    .await;
}

/// Ordered, so that its booking record is to be handed over.
async fn ordered(hall: &Hall) -> Story<'_> {
    let mut story = routed(hall).await;
    attest(&mut story, ("k.stelle", "k.stelle")).await;
    hall.limit("anord", "336.90").await;
    story
        .does("anord", "order_payment", "approved", budget())
        .await;
    story
}

fn handing_over() -> Start {
    Start::new()
        .with("PAPIERLOS_WEBHOOKS_ALLOW_HTTP", "true")
        .with("PAPIERLOS_WEBHOOKS_ALLOW_PRIVATE", "127.0.0.1/32")
        .with("PAPIERLOS_WEBHOOKS_PORTS", "1-65535")
        .with("PAPIERLOS_WORKFLOWS_EXPORT_WEBHOOKS", "finance=f.kasse")
}

#[tokio::test]
async fn a_booking_record_is_handed_over_by_webhook_refused_corrected_and_accepted() {
    let Some(hall) = hall_of(handing_over()).await else {
        return;
    };
    let receiver = Receiver::start().await;
    let new = json!({"url": receiver.url(), "events": ["workflow.export"]});
    let subscribed = hall.by(CASH).post("/api/v1/webhooks", &new).await.is(201);
    let mut story = ordered(&hall).await;
    let letters = receiver.has(1).await;
    let letter = letters[0].json();
    assert_eq!(letter["type"], "workflow.export");
    let data = &letter["data"];
    assert_eq!(
        (&data["to"], &data["case"]),
        (&json!("finance"), &json!(story.case))
    );
    assert_eq!(data["export"]["fields"]["gross"], "336.90");
    assert_eq!(data["export"]["workflow"], story.id.as_str());
    assert!(letters[0].header("webhook-signature").starts_with("v1,"));
    waits_for(&hall, &story, "unterwegs").await;
    // Within a day the other side says yes or no, else the bookkeepers are told.
    let at = format!("/api/v1/workflows/{}/timers", story.id);
    let timers = hall.by(CLERK).get(&at).await.is(200).json();
    assert_eq!(timers["items"][0]["kind"], "escalate", "{timers}");
    let due = &story.last("export")["due"]["rule"];
    assert!(
        due.as_str().is_some_and(|rule| rule.contains("24 Stunden")),
        "{due}"
    );
    // That it was taken is no answer yet; a file is not written besides.
    assert_eq!(story.state(), "exported");
    assert!(!hall.exports.path().join("finance").exists());
    let path = format!("/api/v1/webhooks/{}/deliveries", id_of(&subscribed));
    let sent = hall.by(CASH).get(&path).await.is(200).json();
    assert_eq!(sent["items"][0]["id"], letters[0].header("webhook-id"));
    assert_eq!(sent["items"][0]["case"], story.case.as_str());

    // Only an application speaks for the other side, and says which of both it is.
    let by_hand = story.tell(CLERK, "finance", "accepted", json!({})).await;
    by_hand.is_problem(403, "forbidden");
    let nothing = json!({"event": "finance"});
    let events = format!("/api/v1/workflows/{}/events", story.id);
    let unsaid = hall.by(CASH).post(&events, &nothing).await;
    unsaid.is_problem(422, "validation");
    let objection = json!({"objection": "Sachkonto gesperrt"});
    story.hears(CASH, "finance", "refused", objection).await;
    assert_eq!(story.state(), "arithmetic_check");
    assert_eq!(story.field("objection"), "Sachkonto gesperrt");

    story
        .does("k.stelle", "attest_arithmetic", "approved", attested())
        .await;
    story
        .does("anord", "order_payment", "approved", budget())
        .await;
    // Another booking record, under a key of its own.
    let letters = receiver.has(2).await;
    let second = letters[1].json();
    assert_ne!(second["data"]["export"]["key"], data["export"]["key"]);
    assert_ne!(
        letters[1].header("webhook-id"),
        letters[0].header("webhook-id")
    );
    let booked = json!({"booking": "B-4711"});
    story.hears(CASH, "finance", "accepted", booked).await;
    assert_eq!(story.state(), "paid");
    assert_eq!(story.field("booking"), "B-4711");
    let twice = story.tell(CASH, "finance", "accepted", json!({})).await;
    twice.is_problem(409, "state-conflict");
}

#[tokio::test]
async fn what_nobody_takes_waits_until_somebody_does() {
    let Some(hall) = hall_of(handing_over()).await else {
        return;
    };
    let story = ordered(&hall).await;
    waits_for(&hall, &story, "nimmt niemand Ausgaben entgegen").await;
    assert_eq!(story.state(), "exported");
}
