//! What people are told, and as it happens.

use serde_json::{Value, json};
use tests::wait_until;

use super::{BY_FIELD, Office, colleagues, deputy, function, on_step};

const TOLD: &str = "/api/v1/notifications";
const EVENTS: &str = "/api/v1/inbox/events";

fn kinds(page: &Value) -> Vec<String> {
    let all = page["items"].as_array().cloned().unwrap_or_default();
    let kind = |one: &Value| one["kind"].as_str().map(str::to_owned);
    all.iter().filter_map(kind).collect()
}

/// The last event of a stream: its id and its data.
fn event(text: &str) -> (String, Value) {
    let last = text.trim().rsplit("\n\n").next().unwrap_or_default();
    let line = |name: &str| {
        let found = last.lines().find_map(|line| line.strip_prefix(name));
        found.map(str::trim).unwrap_or_default().to_owned()
    };
    let data = serde_json::from_str(&line("data:")).unwrap_or_default();
    (line("id:"), data)
}

#[tokio::test]
async fn whoever_is_asked_is_told_and_says_what_he_has_read() {
    let Some(office) = Office::open(BY_FIELD).await else {
        return;
    };
    let clerk = office.town.clerk();
    let (colleague, stranger) = colleagues(&office.town).await;
    let workflow = office.begin("Baum", Some("s.kollege")).await;
    let page = colleague.get(TOLD).await.is(200).json();
    assert_eq!(kinds(&page), ["asked"]);
    assert_eq!(page["unread"], 1);
    let notice = page["items"][0].clone();
    assert_eq!(notice["workflow"], json!(workflow));
    assert_eq!(
        (&notice["title"], &notice["label"]),
        (&json!("Prüfung"), &json!("ansehen"))
    );
    assert!(notice["due_on"].is_string());
    for other in [&clerk, &stranger] {
        assert!(kinds(&other.get(TOLD).await.is(200).json()).is_empty());
    }
    let read = format!("{TOLD}/read");
    // What is another's is passed over.
    let ids = json!({"ids": [notice["id"]]});
    let nothing = stranger.post(&read, &ids).await.is(200).json();
    assert_eq!(nothing["marked"], 0);
    let marked = colleague.post(&read, &ids).await.is(200).json();
    assert_eq!(
        (&marked["marked"], &marked["unread"]),
        (&json!(1), &json!(0))
    );
    let unread = colleague
        .get(&format!("{TOLD}?unread=true"))
        .await
        .is(200)
        .json();
    assert!(kinds(&unread).is_empty());
    colleague
        .post(&read, &json!({}))
        .await
        .is_problem(422, "validation");
    // The end is told to whoever began it, and not to whoever brought it about.
    on_step(
        &colleague,
        &workflow,
        "complete",
        &json!({"outcome": "done"}),
    )
    .await
    .is(200);
    assert_eq!(kinds(&clerk.get(TOLD).await.is(200).json()), ["ended"]);
    assert_eq!(kinds(&colleague.get(TOLD).await.is(200).json()), ["asked"]);
    let all = json!({"until": "2200-01-01T00:00:00Z"});
    let marked = clerk.post(&read, &all).await.is(200).json();
    assert_eq!(marked["unread"], 0);
}

#[tokio::test]
async fn nobody_is_told_what_he_has_done_and_a_deputy_is_told_in_the_stead_of_whom() {
    let Some(office) = Office::open(BY_FIELD).await else {
        return;
    };
    let clerk = office.town.clerk();
    let (colleague, _) = colleagues(&office.town).await;
    office.begin("Baum", Some("m.brandt")).await;
    assert!(kinds(&clerk.get(TOLD).await.is(200).json()).is_empty());
    deputy(&office.town, "m.brandt", "s.kollege").await;
    function(&office.town, "kst-20", "m.brandt").await;
    office.begin("Strauch", Some("function:kst-20")).await;
    let page = colleague.get(TOLD).await.is(200).json();
    assert_eq!(kinds(&page), ["asked"]);
    assert_eq!(page["items"][0]["in_stead_of"]["login"], "m.brandt");
    let refused = super::in_stead(&colleague, "m.brandt", TOLD).await;
    refused.is_problem(403, "forbidden");
}

#[tokio::test]
async fn a_stream_says_what_there_is_and_again_when_it_is_something_else() {
    let Some(office) = Office::open(BY_FIELD).await else {
        return;
    };
    let (colleague, _) = colleagues(&office.town).await;
    let once = format!("{EVENTS}?once=true");
    let answer = colleague.get(&once).await.is(200);
    assert_eq!(answer.media_type(), Some("text/event-stream"));
    let (first, data) = event(&answer.text());
    assert_eq!(data["unread"], 0);
    // Whoever knows that already is told nothing.
    let request = colleague.request(reqwest::Method::GET, &once);
    let silent = colleague
        .send(request.header("last-event-id", &first))
        .await
        .is(200);
    assert!(!silent.text().contains("event:"), "{}", silent.text());
    office.begin("Baum", Some("s.kollege")).await;
    let request = colleague.request(reqwest::Method::GET, &once);
    let next = colleague
        .send(request.header("last-event-id", &first))
        .await
        .is(200);
    let (second, data) = event(&next.text());
    assert_ne!(first, second);
    assert_eq!(data["unread"], 1);
    assert_eq!(data["boxes"][0]["box"], "me");
    assert_eq!(data["boxes"][0]["total"], 1);
    office.town.app.anonymous().get(EVENTS).await.is(401);
}

#[tokio::test]
async fn a_stream_goes_on_until_people_change_and_ends_with_the_server() {
    let Some(mut office) = Office::open(BY_FIELD).await else {
        return;
    };
    let (colleague, _) = colleagues(&office.town).await;
    let watcher = colleague.clone();
    let watching = tokio::spawn(async move { watcher.get(EVENTS).await.is(200).text() });
    office.begin("Baum", Some("s.kollege")).await;
    // A change of people ends it: rights are looked at anew.
    deputy(&office.town, "m.brandt", "s.kollege").await;
    wait_until("the stream ends", async || watching.is_finished()).await;
    drop(watching.await.expect("read"));
    let watching = tokio::spawn(async move { colleague.get(EVENTS).await.status });
    assert!(office.town.app.stop().success());
    drop(watching.await);
    office.town.app.resume();
}
