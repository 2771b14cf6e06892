//! What is told as it happens.

use serde_json::Value;
use tests::wait_until;

use super::{Counter, JOBS};

fn event(text: &str) -> (String, Value) {
    let line = |name: &str| {
        let found = text.lines().find_map(|line| line.strip_prefix(name));
        found.map(str::trim).unwrap_or_default().to_owned()
    };
    let data = serde_json::from_str(&line("data:")).unwrap_or_default();
    (line("event:"), data)
}

#[tokio::test]
async fn a_tablet_is_told_of_a_job_by_its_id_alone() {
    let Some(counter) = Counter::open().await else {
        return;
    };
    let path = "/api/v1/tablet/events?once=true";
    let idle = counter.tablet.get(path).await.is(200);
    assert_eq!(idle.media_type(), Some("text/event-stream"));
    assert_eq!(event(&idle.text()).0, "idle");
    let (_, _, shown) = counter.shown().await;
    let told = counter.tablet.get(path).await.is(200).text();
    let (name, data) = event(&told);
    assert_eq!(name, "job");
    assert_eq!(data, serde_json::json!({"id": shown.id}));
    let watched = format!("{JOBS}/{}/events?once=true", shown.id);
    let told = counter.town.clerk().get(&watched).await.is(200).text();
    let (name, data) = event(&told);
    assert_eq!((name.as_str(), &data["state"]), ("state", &"shown".into()));
    let other = counter.town.other().get(&watched).await;
    other.is_problem(404, "not-found");
}

#[tokio::test]
async fn a_stream_tells_what_happens_while_it_is_read_and_ends_with_the_job() {
    let Some(counter) = Counter::open().await else {
        return;
    };
    let (_, _, shown) = counter.shown().await;
    let clerk = counter.town.clerk();
    let path = format!("{JOBS}/{}/events", shown.id);
    // The stream is read to its end, which comes with that of the job.
    let watching = tokio::spawn(async move { clerk.get(&path).await.is(200).text() });
    let done = counter
        .tablet
        .tell(&shown, "signature", &shown.signature())
        .await;
    done.is(200);
    wait_until("the stream ends", async || watching.is_finished()).await;
    let all = watching.await.expect("read");
    let last = all.trim().rsplit("\n\n").next().unwrap_or_default();
    assert_eq!(event(last).1["state"], "done");
}

#[tokio::test]
async fn a_server_that_stops_ends_its_streams() {
    let Some(mut counter) = Counter::open().await else {
        return;
    };
    let (_, _, shown) = counter.shown().await;
    let clerk = counter.town.clerk();
    let path = format!("{JOBS}/{}/events", shown.id);
    let watching = tokio::spawn(async move { clerk.get(&path).await.status });
    assert!(counter.town.app.stop().success());
    drop(watching.await);
    counter.town.app.resume();
}
