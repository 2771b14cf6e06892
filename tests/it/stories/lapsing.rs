//! What becomes of workflows when nobody does anything: the clock is put forward between two runs of the server.

use serde_json::json;
use tests::faketime::has_faketime;
use tests::town::{OTHER, OWN};
use tests::{Start, fixtures, wait_until};

use super::reminding::told;
use super::{CLERK, Hall, INSIDE, OPEN, Story, with};
use crate::signing::add_version;

const PEOPLE: [&str; 4] = [CLERK, "team", "l.heide", PRIVACY];
/// The data-protection officer.
const PRIVACY: &str = "d.schutz";

async fn hall() -> Option<Hall> {
    let people = [
        ("team", "clerk", OWN),
        ("l.heide", "head", OWN),
        ("h.budget", "head", OTHER),
        (PRIVACY, "clerk", OWN),
    ];
    let functions: [(&str, &[&str]); 3] = [
        ("datenschutz", &[PRIVACY]),
        ("teamleitung-buergerbuero", &["team"]),
        ("personal", &["k.sommer"]),
    ];
    let hall = Hall::open(Start::new(), (&people, &functions), Some("AUSWEIS")).await?;
    hall.admit(&PEOPLE).await;
    Some(hall)
}

/// A card that nobody collects: workflow and case.
async fn card(hall: &Hall) -> (String, String) {
    let case = hall.case(CLERK, INSIDE, "id_handover").await;
    let place = (case.as_str(), None);
    let who = json!({"family_name": "Ostermann", "given_names": "Lilli", "born_on": "1990-02-03"});
    let mut story = hall.begin(CLERK, "id-handover", place, who).await;
    let told = json!({"pin_exempt": "no"});
    story.does(CLERK, "notify_citizen", "done", told).await;
    (story.id, story.case)
}

/// A card whose receipt is to be signed.
async fn shown(hall: &Hall) -> Story<'_> {
    let (id, case) = card(hall).await;
    let mut story = hall.watched(CLERK, (&id, &case)).await;
    let who = json!({"collected_by": "applicant", "identity_checked": "old_card"});
    story.does(CLERK, "identify", "identified", who).await;
    let pin = json!({"pin_letter": "by_post", "old_card": "returned",
        "handed_over_on": "2026-03-02", "handed_over_at": "10:15"});
    story.does(CLERK, "confirm_pin", "confirmed", pin).await;
    story.made("receipt", None).await;
    story
}

/// A card that was handed over and whose fingerprints nobody deletes: workflow and case.
async fn undeleted(hall: &Hall) -> (String, String) {
    let mut story = shown(hall).await;
    let receipt = story.paper("receipt");
    let refused = ("refused", "Will nicht unterschreiben");
    story.says(CLERK, "sign_receipt", refused).await;
    let why = ("pin_reset", "Ohne Bestätigung nur so");
    story.says("team", "decide_refused", why).await;
    story.does(CLERK, "reset_pin", "reset", json!({})).await;
    story.made("receipt", Some(&receipt)).await;
    story.says(CLERK, "sign_receipt", refused).await;
    let why = ("noted", "Verweigert jede Unterschrift");
    story.says("team", "decide_refused", why).await;
    let none = json!({"verified": "not_wanted"});
    story.does(CLERK, "verify", "done", none).await;
    let given = json!({"fee_settled": true, "handed_over_on": "2026-03-02",
        "handed_over_at": "10:20"});
    story.does(CLERK, "hand_over", "handed_over", given).await;
    assert_eq!(story.state(), "deletion");
    (story.id, story.case)
}

/// A card whose scanned receipt waits for a seal that this house does not have: workflow and case.
async fn unsealed(hall: &Hall) -> (String, String) {
    let mut story = shown(hall).await;
    let receipt = story.paper("receipt");
    let scan = fixtures::unique_pdf("Empfang, von Hand unterschrieben");
    add_version(hall.by(CLERK), &receipt, &scan).await.is(201);
    let why = ("paper", "Das Tablett ist gestört");
    story.says(CLERK, "sign_receipt", why).await;
    assert_eq!(story.state(), "sealed");
    (story.id, story.case)
}

/// Waits until somebody was told that something is overdue.
async fn alarmed(hall: &Hall, who: &str) {
    let client = hall.by(who).clone();
    wait_until("the alarm is told", async || {
        told(&client, "escalated").await == 1
    })
    .await;
}

/// A certificate that nobody pays: workflow and case.
pub(super) async fn certificate(hall: &Hall) -> (String, String) {
    let case = hall.case(CLERK, OPEN, "registration_certificate").await;
    let said = json!({"title": "Antrag", "correspondent": "Lilli Ostermann"});
    let application = hall.document(CLERK, &said).await;
    let of = (case.as_str(), Some(application.as_str()));
    let definition = "registration-certificate";
    let mut story = hall.begin(CLERK, definition, of, json!({})).await;
    let fee = json!({"identity_level": "eid", "fee_due": "9.00"});
    story
        .does(CLERK, "check_application", "complete", fee)
        .await;
    (story.id, story.case)
}

/// How far somebody comes with his trip.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Far {
    Requested,
    Approved,
    Back,
}

/// A trip that is never claimed.
async fn trip(hall: &Hall, far: Far) -> (String, String) {
    let case = hall.case(CLERK, OPEN, "business_trip").await;
    let today = hall.day(CLERK, &case, 0).await;
    let place = (case.as_str(), None);
    let mut story = hall.begin(CLERK, "business-trip", place, json!({})).await;
    let wish = json!({"purpose": "Schulung", "destination": "Münster", "begins_on": today,
        "ends_on": today, "transport": "train", "digital_checked": true, "cost": "120.00"});
    story.does(CLERK, "request", "requested", wish).await;
    if far < Far::Approved {
        return (story.id, story.case);
    }
    for (who, key, said) in [
        (
            "l.heide",
            "approve_superior",
            json!({"budget_holder": "h.budget"}),
        ),
        ("h.budget", "approve_budget", json!({})),
    ] {
        story.does(who, key, "approved", said).await;
    }
    story.past("make_approval").await;
    if far < Far::Back {
        return (story.id, story.case);
    }
    let ended = json!({"returned_on": today});
    story.does(CLERK, "travel", "travelled", ended).await;
    (story.id, story.case)
}

#[tokio::test]
async fn what_is_not_sealed_or_not_deleted_within_a_day_is_told_to_whom_it_concerns() {
    if !has_faketime() {
        return;
    }
    let Some(mut hall) = hall().await else {
        return;
    };
    let sealing = unsealed(&hall).await;
    let deleting = undeleted(&hall).await;
    for who in ["team", PRIVACY] {
        assert_eq!(told(hall.by(who), "escalated").await, 0);
    }
    hall.days_later(2, &PEOPLE).await;
    alarmed(&hall, "team").await;
    alarmed(&hall, PRIVACY).await;
    let story = hall.watched(CLERK, (&sealing.0, &sealing.1)).await;
    assert_eq!(
        story.asked("seal_receipt"),
        ["system", "function:teamleitung-buergerbuero"]
    );
    let story = hall.watched(CLERK, (&deleting.0, &deleting.1)).await;
    assert_eq!(
        story.asked("fingerprints_deleted"),
        ["system", "function:datenschutz"]
    );
}

#[tokio::test]
async fn what_nobody_pays_collects_or_claims_lapses() {
    if !has_faketime() {
        return;
    }
    let Some(mut hall) = hall().await else {
        return;
    };
    let card = card(&hall).await;
    let certificate = certificate(&hall).await;
    let late = trip(&hall, Far::Requested).await;
    let silent = trip(&hall, Far::Approved).await;
    let claimless = trip(&hall, Far::Back).await;

    // Fourteen days for the fee.
    hall.days_later(20, &PEOPLE).await;
    let mut story = hall.watched(CLERK, (&certificate.0, &certificate.1)).await;
    story.reaches("lapsed").await;
    story.is_dropped("lapsed").await;
    assert_eq!(
        story.slip(),
        ["check_application complete m.brandt", "fee lapsed system"]
    );
    assert_eq!(story.recorded("workflow.remind").await, 1);
    assert_eq!(story.recorded("workflow.lapse").await, 1);

    // What was not approved before it began is not approved any more.
    let mut story = hall.watched(CLERK, (&late.0, &late.1)).await;
    let approved = with("approved", json!({"budget_holder": "h.budget"}));
    let fault = story.faults(("l.heide", "approve_superior"), approved);
    assert_eq!(fault.await.1, "requirement");
    let why = ("rejected", "Zu spät beantragt");
    story.says("l.heide", "approve_superior", why).await;
    story.is_dropped("rejected").await;

    // Twelve weeks for the card, and then somebody decides.
    hall.days_later(100, &PEOPLE).await;
    let mut story = hall.watched(CLERK, (&card.0, &card.1)).await;
    story.reaches("uncollected").await;
    // After four weeks, and on the day on which twelve are over.
    assert_eq!(story.recorded("workflow.remind").await, 2);
    assert_eq!(
        story.asked("decide_uncollected"),
        ["function:teamleitung-buergerbuero"]
    );
    let why = ("expired", "Nie abgeholt");
    story.says("team", "decide_uncollected", why).await;
    story.is_dropped("expired").await;

    // Six months for the claim.
    hall.days_later(200, &PEOPLE).await;
    let mut story = hall.watched(CLERK, (&claimless.0, &claimless.1)).await;
    story.reaches("expired").await;
    story.is_dropped("expired").await;
    assert_eq!(story.slip()[6], "submit_claim expired system");

    // And a month more for whoever never said that he is back.
    hall.days_later(250, &PEOPLE).await;
    let mut story = hall.watched(CLERK, (&silent.0, &silent.1)).await;
    story.reaches("expired").await;
    story.is_dropped("expired").await;
    assert_eq!(
        story.slip()[4..],
        ["travel (withdrawn)", "watch_claim expired system"]
    );
}
