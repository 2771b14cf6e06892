//! What becomes of workflows when nobody does anything: the clock is put forward between two runs of the server.

use serde_json::json;
use tests::Start;
use tests::faketime::has_faketime;
use tests::town::{OTHER, OWN};

use super::{CLERK, Hall, INSIDE, OPEN};

const PEOPLE: [&str; 2] = [CLERK, "team"];

async fn hall() -> Option<Hall> {
    let people = [
        ("team", "clerk", OWN),
        ("l.heide", "head", OWN),
        ("h.budget", "head", OTHER),
    ];
    let functions: [(&str, &[&str]); 2] = [
        ("teamleitung-buergerbuero", &["team"]),
        ("personal", &["k.sommer"]),
    ];
    let hall = Hall::open(Start::new(), (&people, &functions), Some("AUSWEIS")).await?;
    hall.admit(&[CLERK, "team"]).await;
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

/// A trip that is not claimed.
async fn trip(hall: &Hall) -> (String, String) {
    let case = hall.case(CLERK, OPEN, "business_trip").await;
    let today = hall.day(CLERK, &case, 0).await;
    let place = (case.as_str(), None);
    let mut story = hall.begin(CLERK, "business-trip", place, json!({})).await;
    let wish = json!({"purpose": "Schulung", "destination": "Münster", "begins_on": today,
        "ends_on": today, "transport": "train", "digital_checked": true, "cost": "120.00"});
    story.does(CLERK, "request", "requested", wish).await;
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
    let ended = json!({"returned_on": today});
    story.does(CLERK, "travel", "travelled", ended).await;
    (story.id, story.case)
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
    let trip = trip(&hall).await;

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

    // Twelve weeks for the card, and then somebody decides.
    hall.days_later(100, &PEOPLE).await;
    let mut story = hall.watched(CLERK, (&card.0, &card.1)).await;
    story.reaches("uncollected").await;
    assert_eq!(
        story.asked("decide_uncollected"),
        ["function:teamleitung-buergerbuero"]
    );
    let why = ("expired", "Nie abgeholt");
    story.says("team", "decide_uncollected", why).await;
    story.is_dropped("expired").await;

    // Six months for the claim.
    hall.days_later(200, &PEOPLE).await;
    let mut story = hall.watched(CLERK, (&trip.0, &trip.1)).await;
    story.reaches("expired").await;
    story.is_dropped("expired").await;
    assert_eq!(story.slip()[5], "submit_claim expired system");
}
