//! What the clock does with a letter and with a fee before anything lapses: it reminds, it tells others, each at its
//! time and once. When that is, is read from the timers themselves: days of this machine may be holidays.

use serde_json::{Value, json};
use tests::faketime::has_faketime;
use tests::town::{OTHER, OWN};
use tests::{Client, Start, wait_until};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::lapsing::certificate;
use super::{CLERK, Hall, OPEN};
use crate::workflows::WORKFLOWS;

const OFFICE: &str = "b.buero";
/// Who is asked for a statement, and the head of his department.
const ASKED: &str = "k.sommer";
const HEAD: &str = "h.kopf";
const PEOPLE: [&str; 4] = [CLERK, OFFICE, ASKED, HEAD];

async fn hall() -> Option<Hall> {
    let people = [
        (OFFICE, "clerk", OWN),
        ("bm.oberland", "mayor", OWN),
        (HEAD, "head", OTHER),
    ];
    let functions: [(&str, &[&str]); 3] = [
        ("bueroleitung", &[OFFICE]),
        ("poststelle", &[OFFICE]),
        ("bm", &["bm.oberland"]),
    ];
    Hall::open(Start::new(), (&people, &functions), None).await
}

/// A timer: when it fires, and what it does.
type Timer = (OffsetDateTime, String);

async fn timers(client: &Client, workflow: &str) -> Vec<Timer> {
    let path = format!("{WORKFLOWS}/{workflow}/timers");
    let told = client.get(&path).await.is(200).json();
    let timer = |one: &Value| {
        let at = OffsetDateTime::parse(one["at"].as_str()?, &Rfc3339).ok()?;
        Some((at, one["kind"].as_str()?.to_owned()))
    };
    let items = told["items"].as_array().into_iter().flatten();
    items.filter_map(timer).collect()
}

fn kinds(timers: &[Timer]) -> Vec<&str> {
    timers.iter().map(|(_, kind)| kind.as_str()).collect()
}

/// In how many days an instant is over.
fn days_until(at: OffsetDateTime) -> u32 {
    let left = at - OffsetDateTime::now_utc();
    u32::try_from(left.whole_days().max(0) + 1).expect("a few days")
}

/// How often somebody was told so.
pub(super) async fn told(client: &Client, kind: &str) -> usize {
    let path = "/api/v1/notifications";
    let page = client.get(path).await.is(200).json();
    let all = page["items"].as_array().into_iter().flatten();
    all.filter(|one| one["kind"] == kind).count()
}

/// A letter for whose answer one statement is asked, by a day: workflow and case.
async fn asking(hall: &Hall) -> (String, String) {
    let case = hall.case(OFFICE, OPEN, "mayors_post").await;
    let said = json!({"title": "Brief an den Bürgermeister", "correspondent": "A. Bürger"});
    let letter = hall.document(OFFICE, &said).await;
    let of = (case.as_str(), Some(letter.as_str()));
    let mut story = hall.begin(OFFICE, "mayors-post", of, json!({})).await;
    let open = json!({"confidential": false});
    story.does(OFFICE, "receive", "opened", open).await;
    let (step, outcome) = ("register_letter", "registered");
    story.does(OFFICE, step, outcome, json!({})).await;
    story.does(OFFICE, "screen", "mayors_post", json!({})).await;
    let by = hall.day(OFFICE, &case, 20).await;
    let reply_by = hall.day(OFFICE, &case, 60).await;
    let how = json!({"lead": CLERK, "final_signer": "function:bm", "reply_by": reply_by,
        "statements_by": by, "participants": [ASKED]});
    story.does(OFFICE, "assign", "assigned", how).await;
    story
        .does(CLERK, "accept_lead", "accepted", json!({}))
        .await;
    (story.id, story.case)
}

/// Waits until so much was recorded of a case: reminders, escalations.
async fn recorded(hall: &Hall, (id, case): (&str, &str), (reminders, escalations): (usize, usize)) {
    wait_until("the timers fire", async || {
        let story = hall.watched(CLERK, (id, case)).await;
        let reminded = story.recorded("workflow.remind").await;
        let escalated = story.recorded("workflow.escalate").await;
        (reminded, escalated) == (reminders, escalations)
    })
    .await;
}

#[tokio::test]
async fn a_statement_is_reminded_of_twice_then_the_head_is_told_and_then_the_office() {
    if !has_faketime() {
        return;
    }
    let Some(mut hall) = hall().await else {
        return;
    };
    let (id, case) = asking(&hall).await;
    let flow = (id.as_str(), case.as_str());
    let waiting = timers(hall.by(CLERK), &id).await;
    assert_eq!(
        kinds(&waiting),
        ["remind", "remind", "escalate", "escalate"],
        "{waiting:?}"
    );
    let days = |from: usize, to: usize| (waiting[to].0 - waiting[from].0).whole_days();
    // Three working days before, on the day, two and four after it.
    assert!(days(0, 1) >= 2 && days(1, 2) >= 1 && days(2, 3) >= 1);

    // Three days before, and on the day, whoever is asked is reminded.
    hall.days_later(days_until(waiting[0].0), &PEOPLE).await;
    recorded(&hall, flow, (1, 0)).await;
    hall.days_later(days_until(waiting[1].0), &PEOPLE).await;
    recorded(&hall, flow, (2, 0)).await;
    assert_eq!(told(hall.by(HEAD), "escalated").await, 0);

    // Two days after it the head of his department is told, and asked too.
    hall.days_later(days_until(waiting[2].0), &PEOPLE).await;
    recorded(&hall, flow, (2, 1)).await;
    let head = hall.by(HEAD).clone();
    wait_until("the head is told", async || {
        told(&head, "escalated").await == 1
    })
    .await;
    assert_eq!(told(hall.by(OFFICE), "escalated").await, 0);
    let story = hall.watched(CLERK, flow).await;
    assert_eq!(story.asked("statement").len(), 2);

    // Four days after it the office is.
    hall.days_later(days_until(waiting[3].0), &PEOPLE).await;
    recorded(&hall, flow, (2, 2)).await;
    let office = hall.by(OFFICE).clone();
    wait_until("the office is told", async || {
        told(&office, "escalated").await == 1
    })
    .await;
    assert_eq!(told(hall.by(HEAD), "escalated").await, 1);
    assert!(timers(hall.by(CLERK), &id).await.is_empty());

    // Each is asked, and the first does it.
    let mut story = hall.watched(CLERK, flow).await;
    let asked = story.asked("statement");
    assert_eq!(asked.len(), 3);
    assert!(asked.contains(&"function:bueroleitung"), "{asked:?}");
    story.says(ASKED, "statement", ("none", "Keine")).await;
    assert_eq!(story.state(), "draft");
    assert_eq!(story.recorded("workflow.escalate").await, 2);
}

#[tokio::test]
async fn a_fee_is_reminded_of_and_lapses_when_its_time_is_over_and_not_before() {
    if !has_faketime() {
        return;
    }
    let Some(mut hall) = hall().await else {
        return;
    };
    let (id, case) = certificate(&hall).await;
    let flow = (id.as_str(), case.as_str());
    let waiting = timers(hall.by(CLERK), &id).await;
    let (last, before) = waiting.split_last().expect("timers");
    assert_eq!(last.1, "lapse");
    // Fourteen days, or the working day after them; nobody can pay on a holiday.
    let left = (last.0 - OffsetDateTime::now_utc()).whole_days();
    assert!((14..=24).contains(&left), "{left} days");
    // A day after it began: whoever works in the department is told, for the application that pays is nobody.
    let [(at, kind)] = before else {
        unreachable!("{waiting:?}");
    };
    assert_eq!(kind, "remind");
    let hours = (*at - OffsetDateTime::now_utc()).whole_hours();
    assert!((22..24).contains(&hours), "{hours} hours");
    hall.days_later(days_until(*at), &PEOPLE).await;
    recorded(&hall, flow, (1, 0)).await;
    let story = hall.watched(CLERK, flow).await;
    assert_eq!(story.state(), "fee_pending");
    let clerk = hall.by(CLERK).clone();
    wait_until("the clerk is told", async || {
        told(&clerk, "reminded").await == 1
    })
    .await;
    // The day before it lapses it can still be paid.
    hall.days_later(days_until(last.0) - 1, &PEOPLE).await;
    recorded(&hall, flow, (1, 0)).await;
    let story = hall.watched(CLERK, flow).await;
    assert_eq!(story.state(), "fee_pending");
    hall.days_later(days_until(last.0), &PEOPLE).await;
    let mut story = hall.watched(CLERK, flow).await;
    story.reaches("lapsed").await;
    story.is_dropped("lapsed").await;
    assert_eq!(story.recorded("workflow.lapse").await, 1);
    assert_eq!(story.recorded("workflow.remind").await, 1);
}
