//! W6: a paper for the council, from its draft to what became of the resolution.

use serde_json::{Value, json};
use tests::Start;
use tests::town::{OTHER, OWN};

use super::{CLERK, CONFLICT, FORBIDDEN, Hall, INVALID, OPEN, Story, with};
use crate::signing::add_version;
use crate::workflows::{WORKFLOWS, post};

const COUNCIL: &str = "ratsb";
const MAYOR: &str = "bm.oberland";

async fn hall() -> Option<Hall> {
    let people = [
        (COUNCIL, "clerk", OWN),
        (MAYOR, "mayor", OWN),
        ("l.heide", "head", OWN),
        ("gleich", "clerk", OWN),
        ("recht1", "clerk", OTHER),
    ];
    let functions: [(&str, &[&str]); 6] = [
        ("ratsbuero", &[COUNCIL]),
        ("bm", &[MAYOR]),
        ("kaemmerei", &["k.sommer"]),
        ("recht", &["recht1"]),
        ("gleichstellung", &["gleich"]),
        ("personalrat", &["gleich"]),
    ];
    Hall::open(Start::new(), (&people, &functions), None).await
}

/// A paper for a meeting so many days away, and the day of it.
async fn begun(hall: &Hall, away: i64) -> (Story<'_>, String) {
    let case = hall.case(CLERK, OPEN, "council_paper").await;
    let meeting = hall.day(CLERK, &case, away).await;
    let fields = json!({"body": "Rat", "meeting_on": meeting});
    let place = (case.as_str(), None);
    let story = hall.begin(CLERK, "council-paper", place, fields).await;
    (story, meeting)
}

fn drafted(paper: &str, meeting: &str, cost: &str) -> Value {
    json!({"paper": paper, "cost": cost, "staff": false, "department_lead": "l.heide",
        "meeting_on": meeting})
}

/// All who sign a paper that costs nothing, up to the council office.
async fn released(story: &mut Story<'_>) {
    let agreed = ("agreed", "paper");
    story.signs("recht1", "check_legal", agreed).await;
    story.signs("gleich", "check_equality", agreed).await;
    story.signs("l.heide", "sign_division", agreed).await;
    story.signs(MAYOR, "release", ("signed", "paper")).await;
    let number = json!({"number": "2026/117"});
    story
        .does(COUNCIL, "number_paper", "numbered", number)
        .await;
}

fn resolution(until: &str) -> Value {
    json!({"resolution": "Der Rat beschließt den Radweg.", "votes_for": 20, "votes_against": 3,
        "abstentions": 1, "executed_by": CLERK, "resubmit_on": until})
}

#[expect(
    clippy::too_many_lines,
    reason = "one story from its beginning to its end"
)]
#[tokio::test]
async fn a_paper_is_checked_released_decided_and_carried_out() {
    let Some(hall) = hall().await else {
        return;
    };
    let (mut story, meeting) = begun(&hall, 60).await;
    let paper = hall.draft(CLERK, &story.case, "Vorlage").await;
    let hidden = hall.draft(CLERK, &story.case, "Nichtöffentlich").await;
    let mut whole = drafted(&paper, &meeting, "5000.00");
    whole["private_part"] = json!(hidden);
    whole["staff"] = json!(true);
    story
        .does(CLERK, "draft_paper", "drafted", whole.clone())
        .await;
    let agreed = ("agreed", "paper");
    story.signs("k.sommer", "check_treasury", agreed).await;
    let no = ("refused", "paper");
    story.signs("recht1", "check_legal", no).await;
    assert_eq!(story.state(), "draft");
    let content = tests::fixtures::unique_pdf("Vorlage mit Rechtsgrundlage");
    add_version(hall.by(CLERK), &paper, &content).await.is(201);
    story.does(CLERK, "draft_paper", "drafted", whole).await;
    story.signs("k.sommer", "check_treasury", agreed).await;
    story.signs("gleich", "check_staff_council", agreed).await;
    let seen = story.seen(&paper).await;
    let drafter = json!({"outcome": "agreed", "seen": seen});
    let other = "0".repeat(128);
    let stale = json!({"outcome": "agreed", "seen": other});
    story
        .refuses(("recht1", "check_legal"), stale, CONFLICT)
        .await;
    story.signs("recht1", "check_legal", agreed).await;
    story.signs("gleich", "check_equality", agreed).await;
    story
        .refuses((CLERK, "sign_division"), drafter, FORBIDDEN)
        .await;
    story.signs("l.heide", "sign_division", agreed).await;
    story.signs(MAYOR, "release", ("signed", "paper")).await;
    let sign = ("signed", "private_part");
    story.signs(MAYOR, "release_private", sign).await;
    let number = json!({"number": "2026/117"});
    story
        .does(COUNCIL, "number_paper", "numbered", number)
        .await;
    story
        .does(COUNCIL, "put_on_agenda", "listed", json!({}))
        .await;

    // Ten days before the meeting, as the rules of the council say: that is the deadline.
    let invite_by = hall.day(CLERK, &story.case, 50).await;
    assert_eq!(story.field("invite_by"), &json!(invite_by));
    assert_eq!(story.last("put_on_agenda")["due"]["on"], json!(invite_by));
    let until = hall.day(CLERK, &story.case, 90).await;
    let early = with("adopted", resolution(&until));
    let fault = story.faults((COUNCIL, "note_resolution"), early).await;
    assert_eq!(fault.1, "requirement");
    // The meeting is brought forward to today.
    let today = hall.day(CLERK, &story.case, 0).await;
    let moved = json!({"outcome": "adjourned", "note": "Vorgezogen",
        "fields": {"meeting_on": today}});
    story.completes(COUNCIL, "note_resolution", moved).await;
    assert_ne!(story.field("invite_by"), &json!(invite_by));
    // The period of invitation is over: only what is urgent is still put on the agenda.
    let late = with("listed", json!({}));
    let fault = story.faults((COUNCIL, "put_on_agenda"), late).await;
    assert_eq!(fault.1, "requirement");
    let why = ("urgent", "Der Zuschuss verfällt sonst");
    story.says(COUNCIL, "put_on_agenda", why).await;
    let mut odd = resolution(&until);
    odd["votes_against"] = json!(-3);
    let odd = with("adopted", odd);
    let fault = story.faults((COUNCIL, "note_resolution"), odd).await;
    assert_eq!(fault.1, "requirement");
    let adopted = resolution(&until);
    story
        .does(COUNCIL, "note_resolution", "adopted", adopted)
        .await;
    let again = json!({"outcome": "again", "note": "Der Bau beginnt später",
        "fields": {"resubmit_on": until}});
    story.completes(CLERK, "control_execution", again).await;
    story
        .does(CLERK, "control_execution", "executed", json!({}))
        .await;
    story.is_filed().await;
    let slip = story.slip();
    assert_eq!(
        slip[slip.len() - 9..],
        [
            "release signed bm.oberland",
            "release_private signed bm.oberland",
            "number_paper numbered ratsb",
            "put_on_agenda listed ratsb",
            "note_resolution adjourned ratsb",
            "put_on_agenda urgent ratsb",
            "note_resolution adopted ratsb",
            "control_execution again m.brandt",
            "control_execution executed m.brandt",
        ]
    );
    let records = story.records().await;
    assert_eq!(records[..2], ["case.open", "workflow.start"]);
    let last = &records[records.len() - 2..];
    assert_eq!(last, ["case.close", "workflow.complete"]);
    for paper in [paper, hidden] {
        let filed = hall.standing(CLERK, &paper).await;
        assert_eq!(filed["state"], "registered");
    }
}

#[tokio::test]
async fn a_paper_is_referred_back_rejected_or_withdrawn() {
    let Some(hall) = hall().await else {
        return;
    };
    let (mut story, meeting) = begun(&hall, 60).await;
    let paper = hall.draft(CLERK, &story.case, "Vorlage").await;
    let whole = drafted(&paper, &meeting, "0.00");
    story
        .does(CLERK, "draft_paper", "drafted", whole.clone())
        .await;
    // Nothing is asked of the treasury where it costs nothing.
    assert_eq!(story.slip().len(), 3);
    released(&mut story).await;
    story
        .does(COUNCIL, "put_on_agenda", "listed", json!({}))
        .await;
    let why = ("referred", "Die Verwaltung soll Varianten prüfen");
    story.says(COUNCIL, "note_resolution", why).await;
    assert_eq!(story.state(), "draft");
    let content = tests::fixtures::unique_pdf("Vorlage mit Varianten");
    add_version(hall.by(CLERK), &paper, &content).await.is(201);
    story.does(CLERK, "draft_paper", "drafted", whole).await;
    released(&mut story).await;
    let later = hall.day(CLERK, &story.case, 100).await;
    let moved = json!({"outcome": "later", "note": "Die Tagesordnung ist voll",
        "fields": {"meeting_on": later}});
    story.completes(COUNCIL, "put_on_agenda", moved).await;
    let invite_by = hall.day(CLERK, &story.case, 90).await;
    assert_eq!(story.field("invite_by"), &json!(invite_by));
    let why = ("withdrawn", "Hat sich erledigt");
    story.says(COUNCIL, "put_on_agenda", why).await;
    story.is_dropped("withdrawn").await;

    let (mut story, meeting) = begun(&hall, 60).await;
    let paper = hall.draft(CLERK, &story.case, "Vorlage").await;
    let whole = drafted(&paper, &meeting, "0.00");
    story
        .does(CLERK, "draft_paper", "drafted", whole.clone())
        .await;
    let agreed = ("agreed", "paper");
    story.signs("recht1", "check_legal", agreed).await;
    story.signs("gleich", "check_equality", agreed).await;
    let no = ("refused", "paper");
    story.signs("l.heide", "sign_division", no).await;
    assert_eq!(story.state(), "draft");
    story.does(CLERK, "draft_paper", "drafted", whole).await;
    story.signs("recht1", "check_legal", agreed).await;
    story.signs("gleich", "check_equality", agreed).await;
    story.signs("l.heide", "sign_division", agreed).await;
    story
        .returns(MAYOR, "release", ("draft", "Bitte kürzer"))
        .await;
    assert_eq!(story.state(), "draft");
}

#[tokio::test]
async fn a_paper_for_a_meeting_that_was_is_not_drafted_but_cancelled() {
    let Some(hall) = hall().await else {
        return;
    };
    let (story, meeting) = begun(&hall, -1).await;
    let paper = hall.draft(CLERK, &story.case, "Vorlage").await;
    let late = with("drafted", drafted(&paper, &meeting, "0.00"));
    story.refuses((CLERK, "draft_paper"), late, INVALID).await;
    let missing = with("drafted", json!({"cost": "0.00"}));
    let fault = story.faults((CLERK, "draft_paper"), missing).await;
    assert_eq!(fault, ("/fields/paper".to_owned(), "required".to_owned()));
    let path = format!("{WORKFLOWS}/{}/cancel", story.id);
    let reason = json!({"reason": "Zu spät"});
    post(hall.by("gleich"), &path, Some(&reason))
        .await
        .is_problem(403, "forbidden");
    let ended = post(hall.by(CLERK), &path, Some(&reason)).await.is(200);
    assert_eq!(ended.json()["ended"]["how"], "dropped");
    assert_eq!(story.recorded("workflow.cancel").await, 1);
}
