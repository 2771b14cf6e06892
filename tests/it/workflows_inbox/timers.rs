//! What is done by the clock, which is put forward between two runs of the server.

use serde_json::{Value, json};
use tests::faketime::{days_later, has_faketime};
use tests::wait_until;

use super::{BY_FIELD, Office, colleagues, on_step, workflows};

const TOLD: &str = "/api/v1/notifications";

async fn kinds(client: &tests::Client) -> Vec<String> {
    let page = client.get(TOLD).await.is(200).json();
    let all = page["items"].as_array().cloned().unwrap_or_default();
    let kind = |one: &Value| one["kind"].as_str().map(str::to_owned);
    all.iter().filter_map(kind).collect()
}

/// How often something was recorded of workflows.
async fn recorded(office: &Office, action: &str) -> usize {
    let records = office.town.records(0).await;
    let is = |line: &Value| line["action"] == action;
    records.iter().filter(|(_, _, line)| is(line)).count()
}

#[tokio::test]
async fn timers_fire_once_however_often_the_server_starts_and_others_are_told_in_the_end() {
    if !has_faketime() {
        return;
    }
    let Some(mut office) = Office::open(BY_FIELD).await else {
        return;
    };
    let workflow = office.begin("Baum", Some("k.sommer")).await;
    let timers = format!("/api/v1/workflows/{workflow}/timers");
    let waiting = office.town.clerk().get(&timers).await.is(200).json();
    assert_eq!(
        waiting["items"].as_array().map(Vec::len),
        Some(2),
        "{waiting}"
    );
    // Three working days and one more, with two weekends in between.
    days_later(&mut office.town.app, 12);
    wait_until("both timers fire", async || {
        recorded(&office, "workflow.escalate").await == 1
    })
    .await;
    assert_eq!(recorded(&office, "workflow.remind").await, 1);
    let other = office.town.other();
    wait_until("he is told", async || {
        kinds(&other).await.contains(&"due".to_owned())
    })
    .await;
    let head = tests::town::token_of(&office.town.app, "l.heide").await;
    let head = office.town.app.with_token(&head);
    assert_eq!(kinds(&head).await, ["escalated"]);
    // And asked too.
    assert_eq!(
        workflows(&head, "&due=overdue").await,
        std::slice::from_ref(&workflow)
    );
    for _ in 0..2 {
        days_later(&mut office.town.app, 13);
        let figures = office.town.app.anonymous();
        wait_until("the server has looked", async || {
            let text = figures.get("/metrics").await.text();
            text.contains("papierlos_workflow_steps_overdue 1")
        })
        .await;
    }
    assert_eq!(recorded(&office, "workflow.escalate").await, 1);
    assert_eq!(recorded(&office, "workflow.remind").await, 1);
    let text = office.town.app.anonymous().get("/metrics").await.text();
    assert!(text.contains("papierlos_workflow_timers_due 0"), "{text}");
    // Verified with all that was recorded.
    let checked = office.town.app.command(&["check"]).await;
    assert!(
        checked.status.success(),
        "{}",
        String::from_utf8_lossy(&checked.stdout)
    );
}

#[tokio::test]
async fn what_rests_comes_back_on_its_day() {
    if !has_faketime() {
        return;
    }
    let Some(mut office) = Office::open(BY_FIELD).await else {
        return;
    };
    let (colleague, _) = colleagues(&office.town).await;
    let workflow = office.begin("Baum", Some("s.kollege")).await;
    let until = time::OffsetDateTime::now_utc().date() + time::Duration::days(2);
    let hold = json!({"until": until.to_string()});
    on_step(&colleague, &workflow, "hold", &hold).await.is(200);
    assert!(workflows(&colleague, "").await.is_empty());
    days_later(&mut office.town.app, 3);
    let colleague = tests::town::token_of(&office.town.app, "s.kollege").await;
    let colleague = office.town.app.with_token(&colleague);
    wait_until("it is resumed", async || {
        recorded(&office, "workflow.resume").await == 1
    })
    .await;
    assert_eq!(workflows(&colleague, "").await, [workflow]);
    assert_eq!(kinds(&colleague).await.len(), 2, "asked, and asked again");
}
