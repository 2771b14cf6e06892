//! W3: a residence is registered, with what the landlord confirms and what the citizen signs.

use serde_json::{Value, json};
use tests::town::OWN;
use tests::{Start, fixtures};

use super::{CLERK, Hall, OPEN, Story, with};
use crate::signing::add_version;

async fn hall() -> Option<Hall> {
    let people = [("team", "clerk", OWN)];
    let functions: [(&str, &[&str]); 1] = [("teamleitung-buergerbuero", &["team"])];
    Hall::open(Start::new(), (&people, &functions), None).await
}

/// A citizen has come, who moved so many days ago.
async fn came<'h>(hall: &'h Hall, kind: &str, moved: i64) -> Story<'h> {
    let case = hall.case(CLERK, OPEN, "registration").await;
    let moved_on = hall.day(CLERK, &case, -moved).await;
    let place = (case.as_str(), None);
    let mut story = hall.begin(CLERK, "registration", place, json!({})).await;
    let matter = json!({"kind": kind, "moved_on": moved_on, "persons": 2});
    story.does(CLERK, "receive_citizen", "came", matter).await;
    story
}

async fn identified<'h>(hall: &'h Hall, kind: &str, moved: i64) -> Story<'h> {
    let mut story = came(hall, kind, moved).await;
    let all = json!({});
    story.does(CLERK, "check_identity", "identified", all).await;
    story
}

async fn data(story: &mut Story<'_>, before: Option<&str>) -> String {
    let mut who = json!({"family_name": "Ostermann", "given_names": "Lilli", "born_on": "1990-02-03",
        "address": "Markt 1", "main_home": "only"});
    if before.is_none() {
        // Two were said to be registered.
        let alone = with("entered", who.clone());
        let fault = story.faults((CLERK, "enter_data"), alone).await;
        assert_eq!(fault.1, "requirement");
        who["family"] = json!("Ostermann, Karl, geboren am 1. Mai 2015");
    }
    story.does(CLERK, "enter_data", "entered", who).await;
    story.made("data_sheet", before).await
}

/// The sheet is signed on paper, and what follows from that is done.
async fn signed(hall: &Hall, story: &mut Story<'_>, sheet: &str) {
    let unsigned = json!({"outcome": "paper", "note": "Tablett gestört"});
    let fault = story.faults((CLERK, "sign_sheet"), unsigned).await;
    assert_eq!(fault.1, "requirement");
    let scan = fixtures::unique_pdf("Datenblatt, von Hand unterschrieben");
    add_version(hall.by(CLERK), sheet, &scan).await.is(201);
    let why = ("paper", "Das Tablett ist gestört");
    story.says(CLERK, "sign_sheet", why).await;
    let none = json!({});
    story
        .does(CLERK, "register_residence", "registered", none)
        .await;
}

fn papers(landlord: bool) -> Value {
    json!({"landlord": landlord})
}

#[tokio::test]
async fn a_residence_is_registered_and_the_certificate_handed_out() {
    let Some(hall) = hall().await else {
        return;
    };
    let mut story = identified(&hall, "registration", 14).await;
    assert_eq!(story.field("late"), false);
    let title = "Wohnungsgeberbestätigung";
    let confirmation = hall.draft(CLERK, &story.case, title).await;
    let mut whole = papers(true);
    whole["landlord_confirmation"] = json!(confirmation);
    story.does(CLERK, "check_papers", "complete", whole).await;
    let sheet = data(&mut story, None).await;
    signed(&hall, &mut story, &sheet).await;
    let issued = hall.draft(CLERK, &story.case, "Meldebestätigung").await;
    let given = json!({"confirmation": issued});
    story
        .does(CLERK, "issue_confirmation", "issued", given)
        .await;
    story.is_filed().await;
    assert_eq!(
        story.slip(),
        [
            "receive_citizen came m.brandt",
            "check_identity identified m.brandt",
            "check_papers complete m.brandt",
            "enter_data entered m.brandt",
            "sign_sheet paper m.brandt",
            "register_residence registered m.brandt",
            "issue_confirmation issued m.brandt",
        ]
    );
    let mut records = vec!["case.open", "workflow.start"];
    records.extend(["workflow.complete"; 4]);
    records.push("workflow.effected");
    records.extend(["workflow.complete"; 2]);
    records.extend(["case.close", "workflow.complete"]);
    assert_eq!(story.records().await, records);
    for paper in [confirmation, sheet, issued] {
        let filed = hall.standing(CLERK, &paper).await;
        assert_eq!(filed["state"], "registered");
    }
}

#[tokio::test]
async fn what_is_missing_is_waited_for_and_what_is_wrong_is_shown_again() {
    let Some(hall) = hall().await else {
        return;
    };
    let mut story = identified(&hall, "registration", 15).await;
    assert_eq!(story.field("late"), true);
    let missing = with("complete", papers(false));
    let fault = story.faults((CLERK, "check_papers"), missing).await;
    assert_eq!(fault.1, "requirement");
    let why = ("incomplete", "Die Bestätigung fehlt");
    story.says(CLERK, "check_papers", why).await;
    story.does(CLERK, "await_papers", "came", json!({})).await;
    let all = json!({});
    story.does(CLERK, "check_identity", "identified", all).await;
    story
        .does(CLERK, "check_papers", "complete", papers(true))
        .await;
    let first = data(&mut story, None).await;
    let why = ("corrected", "Die Hausnummer stimmt nicht");
    story.says(CLERK, "sign_sheet", why).await;
    let second = data(&mut story, Some(&first)).await;
    let why = ("refused", "Will nicht unterschreiben");
    story.says(CLERK, "sign_sheet", why).await;
    let why = ("again", "Nach dem Gespräch doch");
    story.says("team", "decide_refused", why).await;
    let third = data(&mut story, Some(&second)).await;
    signed(&hall, &mut story, &third).await;
    story
        .does(CLERK, "issue_confirmation", "issued", json!({}))
        .await;
    story.is_filed().await;
    // All that was shown stays in the file.
    for sheet in [first, second, third] {
        let filed = hall.standing(CLERK, &sheet).await;
        assert_eq!(filed["state"], "registered");
    }
}

#[tokio::test]
async fn a_landlord_who_refuses_is_written_to_and_who_does_not_come_is_not_registered() {
    let Some(hall) = hall().await else {
        return;
    };
    let mut story = identified(&hall, "registration", 1).await;
    let mut refuses = papers(false);
    refuses["landlord_refuses"] = json!(true);
    story.does(CLERK, "check_papers", "complete", refuses).await;
    assert_eq!(story.state(), "landlord_notice");
    story.does(CLERK, "note_refusal", "done", json!({})).await;
    let sheet = data(&mut story, None).await;
    signed(&hall, &mut story, &sheet).await;
    story
        .does(CLERK, "issue_confirmation", "issued", json!({}))
        .await;
    story.is_filed().await;

    let mut story = identified(&hall, "deregistration", 1).await;
    story
        .does(CLERK, "check_papers", "complete", papers(false))
        .await;
    assert_eq!(story.state(), "data_shown");

    let mut story = came(&hall, "registration", 1).await;
    let why = ("not_identified", "Kein Ausweis dabei");
    story.says(CLERK, "check_identity", why).await;
    story.is_dropped("dropped").await;

    let case = hall.case(CLERK, OPEN, "registration").await;
    let place = (case.as_str(), None);
    let mut story = hall.begin(CLERK, "registration", place, json!({})).await;
    story
        .does(CLERK, "receive_citizen", "missed", json!({}))
        .await;
    story.is_dropped("missed").await;
}
