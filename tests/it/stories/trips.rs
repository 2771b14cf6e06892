//! W8: a business trip, from the request to the payout. Nobody approves his own.

use serde_json::{Value, json};
use tests::Start;
use tests::town::{OTHER, OWN};

use super::{CLERK, FORBIDDEN, Hall, INVALID, OPEN, Story, with};
use crate::records::fault;
use crate::workflows::WORKFLOWS;

async fn hall() -> Option<Hall> {
    let people = [
        ("l.heide", "head", OWN),
        ("h.budget", "head", OTHER),
        ("bm.oberland", "mayor", OWN),
    ];
    // The personnel office, and whoever stands in for the mayor, sit in finance here.
    let functions: [(&str, &[&str]); 3] = [
        ("bm", &["bm.oberland"]),
        ("personal", &["k.sommer"]),
        ("stellvertretung-bm", &["h.budget"]),
    ];
    Hall::open(Start::new(), (&people, &functions), None).await
}

/// A trip of somebody on the day on which his case is opened.
async fn trip<'h>(hall: &'h Hall, who: &'static str) -> (Story<'h>, Value) {
    let case = hall.case(who, OPEN, "business_trip").await;
    let today = hall.day(who, &case, 0).await;
    let story = hall
        .begin(who, "business-trip", (&case, None), json!({}))
        .await;
    let wish = json!({"purpose": "Schulung", "destination": "Münster", "begins_on": today,
        "ends_on": today, "transport": "train", "digital_checked": true, "cost": "120.00"});
    (story, wish)
}

/// Who approves it names who holds the budget: not the traveller.
fn budget(who: &str) -> Value {
    json!({"budget_holder": who})
}

/// The need is approved, and who has the budget is named.
async fn superior_approves(story: &mut Story<'_>) {
    let named = budget("h.budget");
    story
        .does("l.heide", "approve_superior", "approved", named)
        .await;
}

#[tokio::test]
async fn a_trip_is_approved_before_it_begins_and_paid_out_after_it_ended() {
    let Some(hall) = hall().await else {
        return;
    };
    let (mut story, wish) = trip(&hall, CLERK).await;
    let other = with("requested", wish.clone());
    story
        .refuses(("l.heide", "request"), other, FORBIDDEN)
        .await;
    story.does(CLERK, "request", "requested", wish).await;
    assert_eq!(story.asked("approve_superior"), ["role:head:buergerbuero"]);
    let own = with("approved", json!({}));
    story
        .refuses((CLERK, "approve_superior"), own.clone(), FORBIDDEN)
        .await;
    superior_approves(&mut story).await;
    story
        .refuses((CLERK, "approve_budget"), own, FORBIDDEN)
        .await;
    story
        .does("h.budget", "approve_budget", "approved", json!({}))
        .await;
    story.past("make_approval").await;
    let approval = hall.standing(CLERK, &story.paper("approval")).await;
    assert_eq!(approval["state"], "registered");

    let today = hall.day(CLERK, &story.case, 0).await;
    story
        .does(CLERK, "travel", "travelled", json!({"returned_on": today}))
        .await;
    assert!(story.field("claim_by").is_string());
    let claim = hall.draft(CLERK, &story.case, "Reisekostenrechnung").await;
    let claimed = json!({"claimed": "100.00", "claim": claim});
    story.does(CLERK, "submit_claim", "claimed", claimed).await;
    let more = with("settled", json!({"payable": "100.01"}));
    let fault = story.faults(("k.sommer", "check_claim"), more).await;
    assert_eq!(fault.1, "requirement");
    let why = ("receipts", "Die Fahrkarte fehlt");
    story.says("k.sommer", "check_claim", why).await;
    story.does(CLERK, "show_receipts", "shown", json!({})).await;
    let payable = json!({"payable": "90.00"});
    story
        .does("k.sommer", "check_claim", "settled", payable)
        .await;
    story.past("export_claim").await;
    story.is_filed().await;
    assert_eq!(
        story.slip(),
        [
            "request requested m.brandt",
            "approve_superior approved l.heide",
            "approve_budget approved h.budget",
            "make_approval done system",
            "travel travelled m.brandt",
            "watch_claim (withdrawn)",
            "submit_claim claimed m.brandt",
            "check_claim receipts k.sommer",
            "show_receipts shown m.brandt",
            "check_claim settled k.sommer",
            "export_claim accepted system",
        ]
    );
    let mut records = vec!["case.open", "workflow.start"];
    records.extend(["workflow.complete"; 3]);
    records.push("workflow.effected");
    records.extend(["workflow.complete"; 5]);
    records.extend(["case.close", "workflow.effected"]);
    assert_eq!(story.records().await, records);
}

#[tokio::test]
async fn a_trip_that_is_not_wanted_or_not_made_is_dropped() {
    let Some(hall) = hall().await else {
        return;
    };
    let (mut story, wish) = trip(&hall, CLERK).await;
    let mut screen = wish.clone();
    screen["digital_checked"] = json!(false);
    let mut past = wish.clone();
    past["begins_on"] = json!("2026-01-01");
    let mut backwards = wish.clone();
    backwards["ends_on"] = json!("2026-01-01");
    for wrong in [screen, past, backwards] {
        let fault = story.faults((CLERK, "request"), with("requested", wrong));
        assert_eq!(fault.await.1, "requirement");
    }
    let nothing = with("requested", json!({"purpose": "Schulung"}));
    let fault = story.faults((CLERK, "request"), nothing).await;
    assert_eq!(
        fault,
        ("/fields/destination".to_owned(), "required".to_owned())
    );
    story
        .does(CLERK, "request", "requested", wish.clone())
        .await;
    let why = ("requested", "Bitte den Zweck genauer nennen");
    story.returns("l.heide", "approve_superior", why).await;
    assert_eq!(story.state(), "requested");
    story.does(CLERK, "request", "requested", wish).await;
    let unsaid = with("rejected", json!({}));
    let fault = story.faults(("l.heide", "approve_superior"), unsaid).await;
    assert_eq!(fault, ("/note".to_owned(), "required".to_owned()));
    let why = ("rejected", "Das geht am Bildschirm");
    story.says("l.heide", "approve_superior", why).await;
    story.is_dropped("rejected").await;
    story.closes_by_hand().await;

    let (mut story, _) = trip(&hall, CLERK).await;
    story.does(CLERK, "request", "withdrawn", json!({})).await;
    story.is_dropped("dropped").await;

    let (mut story, wish) = trip(&hall, CLERK).await;
    story.does(CLERK, "request", "requested", wish).await;
    superior_approves(&mut story).await;
    story
        .does("h.budget", "approve_budget", "approved", json!({}))
        .await;
    story.past("make_approval").await;
    // What was approved stays.
    let moved = with("travelled", json!({"ends_on": "2199-01-01"}));
    story.refuses((CLERK, "travel"), moved, INVALID).await;
    let early = with("travelled", json!({"returned_on": "2199-01-01"}));
    story.refuses((CLERK, "travel"), early, INVALID).await;
    let before = with("travelled", json!({"returned_on": "2026-01-01"}));
    story.refuses((CLERK, "travel"), before, INVALID).await;
    let why = ("cancelled", "Der Zug fuhr nicht");
    story.says(CLERK, "travel", why).await;
    story.is_dropped("cancelled").await;
}

#[tokio::test]
async fn nobody_approves_his_own_trip_the_mayor_neither() {
    let Some(hall) = hall().await else {
        return;
    };
    let (mut story, wish) = trip(&hall, "bm.oberland").await;
    story
        .does("bm.oberland", "request", "requested", wish.clone())
        .await;
    assert_eq!(
        story.asked("approve_deputy"),
        ["function:stellvertretung-bm"]
    );
    let own = with("approved", json!({}));
    story
        .refuses(("bm.oberland", "approve_deputy"), own.clone(), FORBIDDEN)
        .await;
    story
        .does("h.budget", "approve_deputy", "approved", budget("l.heide"))
        .await;
    let why = ("rejected", "Dafür ist kein Geld da");
    story.says("l.heide", "approve_budget", why).await;
    story.is_dropped("rejected").await;

    // Nobody asks for a trip of somebody else, whom the rules do not name for it.
    let case = hall.case(CLERK, OPEN, "business_trip").await;
    let other =
        json!({"definition": "business-trip", "case": case, "fields": {"traveller": "l.heide"}});
    let given = hall.by(CLERK).post(WORKFLOWS, &other).await.is(422);
    assert_eq!(
        fault(&given),
        ("/fields/traveller".to_owned(), "given".to_owned())
    );

    // The head of the only department: above him stands the mayor.
    let (mut story, wish) = trip(&hall, "l.heide").await;
    story
        .does("l.heide", "request", "requested", wish.clone())
        .await;
    assert_eq!(story.asked("approve_superior"), ["role:mayor:buergerbuero"]);
    story
        .refuses(("l.heide", "approve_superior"), own.clone(), FORBIDDEN)
        .await;

    // Whoever travels does not hold the budget of it, and does not say who does.
    let (mut story, wish) = trip(&hall, CLERK).await;
    let mut named = wish.clone();
    named["budget_holder"] = json!(CLERK);
    let fault = story.faults((CLERK, "request"), with("requested", named));
    assert_eq!(
        fault.await,
        ("/fields/budget_holder".to_owned(), "not-asked".to_owned())
    );
    story.does(CLERK, "request", "requested", wish).await;
    let traveller = with("approved", budget(CLERK));
    let fault = story.faults(("l.heide", "approve_superior"), traveller);
    assert_eq!(fault.await.1, "requirement");
    superior_approves(&mut story).await;
    assert_eq!(story.asked("approve_budget"), ["h.budget"]);
}
