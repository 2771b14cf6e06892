//! W2: a certificate of conduct at the counter, and a certificate of registration that is applied for online. Both cost
//! something, and nothing is issued that is not paid.

use serde_json::{Value, json};
use tests::tablet::sealed;
use tests::town::{OTHER, OWN, id_of};
use tests::{Authority, Start, wait_until};

use super::{CLERK, FORBIDDEN, Hall, INVALID, OPEN, Story, with};
use crate::workflows::{WORKFLOWS, post};

const PORTAL: &str = "f.portal";

async fn hall() -> Option<Hall> {
    hall_of(sealed(Start::new())).await
}

async fn hall_of(start: Start) -> Option<Hall> {
    let people = [
        ("s.zwei", "clerk", OWN),
        ("team", "clerk", OWN),
        ("anord", "clerk", OTHER),
        (PORTAL, "integrator", OWN),
    ];
    let functions: [(&str, &[&str]); 3] = [
        ("teamleitung-buergerbuero", &["team"]),
        ("anordnung", &["anord"]),
        ("finanzbuchhaltung", &["k.sommer"]),
    ];
    Hall::open(start, (&people, &functions), None).await
}

/// An application for a certificate of conduct, whose applicant has shown who he is.
async fn conduct(hall: &Hall) -> Story<'_> {
    let case = hall.case(CLERK, OPEN, "certificate_of_conduct").await;
    let place = (case.as_str(), None);
    let definition = "certificate-of-conduct";
    let mut story = hall.begin(CLERK, definition, place, json!({})).await;
    let card = json!({"identity_checked": "identity_card"});
    story.does(CLERK, "identify", "identified", card).await;
    story
}

fn data(kind: &str) -> Value {
    json!({"family_name": "Ostermann", "given_names": "Lilli", "born_on": "1990-02-03",
        "born_in": "Haltern", "type": kind})
}

fn paid(amount: &str) -> Value {
    json!({"fee_amount": amount, "fee_receipt": "K-4711"})
}

#[tokio::test]
async fn a_certificate_of_conduct_is_paid_and_then_transmitted() {
    let Some(hall) = hall().await else {
        return;
    };
    let mut story = conduct(&hall).await;
    // Extended ones want a request, those for an authority its name.
    for kind in ["extended", "o"] {
        let missing = with("entered", data(kind));
        let fault = story.faults((CLERK, "enter_data"), missing).await;
        assert_eq!(fault.1, "requirement");
    }
    let unknown = with("entered", data("q"));
    let fault = story.faults((CLERK, "enter_data"), unknown).await;
    assert_eq!(fault, ("/fields/type".to_owned(), "not-one-of".to_owned()));
    story.does(CLERK, "enter_data", "entered", data("n")).await;
    assert_eq!(story.field("fee_due"), "13.00");
    for (amount, code) in [("12.00", "requirement"), ("13,00", "wrong-format")] {
        let wrong = with("paid", paid(amount));
        let fault = story.faults((CLERK, "take_fee"), wrong).await;
        assert_eq!(fault.1, code);
    }
    story.does(CLERK, "take_fee", "paid", paid("13.00")).await;
    assert_eq!(story.field("fee_town"), "5.20");
    assert_eq!(story.field("fee_federal"), "7.80");
    story.past("make_note").await;
    let unsent = with("transmitted", json!({}));
    story.refuses((CLERK, "transmit"), unsent, INVALID).await;
    let id = json!({"register_id": "BfJ-4711"});
    story.does(CLERK, "transmit", "transmitted", id).await;
    story.is_filed().await;
    assert_eq!(
        story.slip(),
        [
            "identify identified m.brandt",
            "enter_data entered m.brandt",
            "take_fee paid m.brandt",
            "make_note done system",
            "transmit transmitted m.brandt",
        ]
    );
    let mut records = vec!["case.open", "workflow.start"];
    records.extend(["workflow.complete"; 3]);
    records.extend(["workflow.effected", "case.close", "workflow.complete"]);
    assert_eq!(story.records().await, records);
    let note = hall.standing(CLERK, &story.paper("note")).await;
    assert_eq!(note["state"], "registered");
}

#[tokio::test]
async fn of_whom_is_represented_or_does_not_pay_nothing_is_transmitted() {
    let Some(hall) = hall().await else {
        return;
    };
    let case = hall.case(CLERK, OPEN, "certificate_of_conduct").await;
    let place = (case.as_str(), None);
    let definition = "certificate-of-conduct";
    let mut story = hall.begin(CLERK, definition, place, json!({})).await;
    let why = ("represented", "Die Mutter kommt für den Sohn");
    story.says(CLERK, "identify", why).await;
    story.is_dropped("refused").await;

    let mut story = conduct(&hall).await;
    let why = ("withdrawn", "Hat es sich überlegt");
    story.says(CLERK, "enter_data", why).await;
    story.is_dropped("refused").await;

    let mut story = conduct(&hall).await;
    story.does(CLERK, "enter_data", "entered", data("n")).await;
    let why = ("cancelled", "Die Karte wurde abgelehnt");
    story.says(CLERK, "take_fee", why).await;
    story.is_dropped("cancelled").await;

    let mut story = conduct(&hall).await;
    let mut extended = data("extended");
    extended["request_shown"] = json!(true);
    story.does(CLERK, "enter_data", "entered", extended).await;
    let unsaid = with("waived", json!({}));
    story.refuses((CLERK, "take_fee"), unsaid, INVALID).await;
    let reason = json!({"waiver_reason": "mittellos"});
    story.does(CLERK, "take_fee", "waived", reason).await;
    story.past("make_note").await;
    let why = ("payment_cancelled", "Doch nicht");
    story.says(CLERK, "transmit", why).await;
    story.is_dropped("cancelled").await;
}

/// An application from the portal, which begins its workflow itself.
async fn online(hall: &Hall) -> Story<'_> {
    let case = hall.case(CLERK, OPEN, "registration_certificate").await;
    let said = json!({"title": "Antrag", "correspondent": "Lilli Ostermann"});
    let application = hall.document(CLERK, &said).await;
    let new = json!({"definition": "registration-certificate", "case": case,
        "document": application, "fields": {"submission": format!("S-{application}")}});
    let begun = post(hall.by(PORTAL), WORKFLOWS, Some(&new)).await.is(201);
    let again = post(hall.by(PORTAL), WORKFLOWS, Some(&new)).await;
    // The portal asks again where it has heard nothing: what it asked for is there.
    assert_eq!(id_of(&again.is(200)), id_of(&begun));
    let registered = hall.standing(CLERK, &application).await;
    assert_eq!(registered["state"], "registered");
    hall.watched(CLERK, (&id_of(&begun), &case)).await
}

fn checked() -> Value {
    json!({"identity_level": "eid", "fee_due": "9.00"})
}

fn fee(amount: &str) -> Value {
    json!({"fee_paid": amount, "transaction": "K-1"})
}

#[tokio::test]
async fn a_certificate_of_registration_is_paid_made_released_sealed_and_delivered() {
    let Some(hall) = hall().await else {
        return;
    };
    let mut story = online(&hall).await;
    story
        .does(CLERK, "check_application", "complete", checked())
        .await;
    let short = story.tell(PORTAL, "fee_paid", "paid", fee("8.00")).await;
    short.is_problem(422, "validation");
    let by_hand = story.tell(CLERK, "fee_paid", "paid", fee("9.00")).await;
    by_hand.is_problem(403, "forbidden");
    story.hears(PORTAL, "fee_paid", "failed", json!({})).await;
    assert_eq!(story.state(), "fee_pending");
    story.hears(PORTAL, "fee_paid", "paid", fee("9.00")).await;
    let twice = story.tell(PORTAL, "fee_paid", "paid", fee("9.00")).await;
    twice.is_problem(409, "state-conflict");

    let title = "Meldebescheinigung";
    let made = hall.draft(CLERK, &story.case, title).await;
    let made = json!({"certificate": made});
    story.does(CLERK, "make_certificate", "made", made).await;
    let seen = story.seen(&story.paper("certificate")).await;
    let own = json!({"outcome": "signed", "seen": seen});
    story
        .refuses((CLERK, "sign_certificate"), own, FORBIDDEN)
        .await;
    let unseen = with("signed", json!({}));
    let fault = story.faults(("s.zwei", "sign_certificate"), unseen).await;
    assert_eq!(fault, ("/seen".to_owned(), "required".to_owned()));
    let sign = ("signed", "certificate");
    story.signs("s.zwei", "sign_certificate", sign).await;
    story.past("seal_certificate").await;
    let seen = story.seen(&story.paper("certificate")).await;
    let sent = json!({"outcome": "sent", "seen": seen, "fields": {"channel": "reply"}});
    story.completes(CLERK, "deliver", sent).await;
    story.is_filed().await;
    assert_eq!(
        story.slip(),
        [
            "check_application complete m.brandt",
            "fee failed f.portal",
            "fee paid f.portal",
            "make_certificate made m.brandt",
            "sign_certificate signed s.zwei",
            "seal_certificate done system",
            "deliver sent m.brandt",
        ]
    );
    let mut records = vec!["case.open", "workflow.start", "workflow.complete"];
    records.extend(["workflow.event"; 2]);
    records.extend(["workflow.complete"; 2]);
    records.extend(["workflow.effected", "case.close", "workflow.complete"]);
    assert_eq!(story.records().await, records);
}

#[tokio::test]
async fn what_a_workflow_seals_waits_for_its_timestamp_and_the_workflow_does_not() {
    let Some(authority) = Authority::start(0).await else {
        return;
    };
    authority.revoke_seal();
    let Some(hall) = hall_of(authority.seals(Start::new(), "b-lt")).await else {
        return;
    };
    let mut story = online(&hall).await;
    story
        .does(CLERK, "check_application", "complete", checked())
        .await;
    story.hears(PORTAL, "fee_paid", "paid", fee("9.00")).await;
    let made = hall.draft(CLERK, &story.case, "Meldebescheinigung").await;
    let made = json!({"certificate": made});
    story.does(CLERK, "make_certificate", "made", made).await;
    let sign = ("signed", "certificate");
    story.signs("s.zwei", "sign_certificate", sign).await;
    story.past("seal_certificate").await;
    // What was signed, sealed, with a timestamp: three versions, and whoever signed has signed still.
    let path = format!(
        "/api/v1/documents/{}/signatures",
        story.paper("certificate")
    );
    wait_until("the seal has its timestamp", async || {
        let judged = hall.by(CLERK).get(&path).await.is(200).json();
        judged["signatures"][0]["level"] == "B-T"
    })
    .await;
    // It comes no further, and the step says why.
    let flow = format!("{WORKFLOWS}/{}", story.id);
    wait_until("that is told", async || {
        let shown = hall.by(CLERK).get(&flow).await.is(200).json();
        let mut steps = shown["slip"].as_array().into_iter().flatten();
        let sealed = steps.find(|step| step["key"] == "seal_certificate");
        sealed.is_some_and(|step| step["seal"] == json!({"level": "B-T", "reason": "revoked"}))
    })
    .await;
    let seen = story.seen(&story.paper("certificate")).await;
    let sent = json!({"outcome": "sent", "seen": seen, "fields": {"channel": "reply"}});
    story.completes(CLERK, "deliver", sent).await;
    story.is_filed().await;
}

#[tokio::test]
async fn what_was_paid_and_is_rejected_is_refunded_by_two_others() {
    let Some(hall) = hall().await else {
        return;
    };
    let mut story = online(&hall).await;
    let mut blocked = checked();
    blocked["blocked"] = json!(true);
    let glossed = with("complete", blocked);
    let fault = story.faults((CLERK, "check_application"), glossed).await;
    assert_eq!(fault.1, "requirement");
    let mut below = checked();
    below["fee_due"] = json!("-9.00");
    let below = with("complete", below);
    let fault = story.faults((CLERK, "check_application"), below).await;
    assert_eq!(fault.1, "requirement");
    story
        .does(CLERK, "check_application", "blocked", checked())
        .await;
    let by_clerk = json!({"outcome": "approved", "note": "Geht"});
    story
        .refuses((CLERK, "decide_blocked"), by_clerk, FORBIDDEN)
        .await;
    let why = ("approved", "Die Sperre betrifft ihn selbst nicht");
    story.says("team", "decide_blocked", why).await;
    story.hears(PORTAL, "fee_paid", "paid", fee("9.00")).await;
    let why = ("rejected", "Nicht mehr gemeldet");
    story.says(CLERK, "make_certificate", why).await;
    let order = with("ordered", json!({}));
    let fault = story.faults(("anord", "order_refund"), order).await;
    assert_eq!(fault.1, "requirement");
    hall.limit("anord", "9.00").await;
    story
        .does("anord", "order_refund", "ordered", json!({}))
        .await;
    let own = with("refunded", json!({}));
    story
        .refuses(("anord", "execute_refund"), own, FORBIDDEN)
        .await;
    story
        .does("k.sommer", "execute_refund", "refunded", json!({}))
        .await;
    story.is_dropped("rejected").await;
}

#[tokio::test]
async fn an_application_that_came_twice_or_is_not_paid_ends() {
    let Some(hall) = hall().await else {
        return;
    };
    let mut story = online(&hall).await;
    story
        .does(CLERK, "check_application", "duplicate", json!({}))
        .await;
    story.is_dropped("duplicate").await;

    let mut story = online(&hall).await;
    let why = ("rejected", "Die Unterlagen fehlen");
    story.says(CLERK, "check_application", why).await;
    story.is_dropped("rejected").await;

    let mut story = online(&hall).await;
    story
        .does(CLERK, "check_application", "complete", checked())
        .await;
    story.hears(PORTAL, "fee_paid", "lapsed", json!({})).await;
    story.is_dropped("lapsed").await;
    let late = story.tell(PORTAL, "fee_paid", "paid", fee("9.00")).await;
    let late = late.is_problem(409, "state-conflict").json();
    assert_eq!(late["current_state"], "ended");
}
