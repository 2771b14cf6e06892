//! One command for many steps.

use reqwest::Method;
use serde_json::{Value, json};
use tests::town::send;
use tests::{Answer, Client};

use super::{BY_FIELD, BY_ROLE, Office, colleagues, on_step, workflows};

const BULK: &str = "/api/v1/inbox/bulk";

fn items(workflows: &[String]) -> Value {
    let step = |id: &String| json!({"workflow": id, "step": 1});
    workflows.iter().map(step).collect()
}

async fn bulk(client: &Client, mut body: Value, workflows: &[String]) -> Answer {
    body["items"] = items(workflows);
    client.post(BULK, &body).await
}

/// Which of them were done.
fn done(answer: &Answer) -> Vec<bool> {
    let all = answer.json()["items"]
        .as_array()
        .cloned()
        .unwrap_or_default();
    let was = |one: &Value| one["version"].is_u64() && one["refusal"].is_null();
    all.iter().map(was).collect()
}

#[tokio::test]
async fn each_step_has_a_result_of_its_own() {
    let Some(office) = Office::open(BY_ROLE).await else {
        return;
    };
    let clerk = office.town.clerk();
    let (colleague, stranger) = colleagues(&office.town).await;
    let mut all = Vec::new();
    for subject in ["Linde", "Eiche", "Buche"] {
        all.push(office.begin(subject, None).await);
    }
    on_step(&colleague, &all[1], "claim", &json!({}))
        .await
        .is(200);
    let claimed = bulk(&clerk, json!({"command": "claim"}), &all)
        .await
        .is(200);
    assert_eq!(done(&claimed), [true, false, true]);
    drop(claimed.receipt());
    let refusal = claimed.json()["items"][1]["refusal"].clone();
    assert_eq!(
        refusal["type"], "urn:papierlos:problem:state-conflict",
        "{refusal}"
    );
    assert_eq!(workflows(&clerk, "&claimed=me").await.len(), 2);
    let command = json!({"command": "complete", "outcome": "done"});
    let completed = bulk(&clerk, command, &all).await.is(200);
    assert_eq!(done(&completed), [true, false, true]);
    // One record for each workflow.
    let (seq, _) = completed.receipt();
    let records = office.town.records(seq.saturating_sub(1)).await;
    let actions: Vec<&Value> = records.iter().map(|(_, _, line)| &line["action"]).collect();
    assert_eq!(actions.len(), 2, "{actions:?}");
    assert!(
        actions.iter().all(|one| **one == "workflow.complete"),
        "{actions:?}"
    );
    // To whom it is none of his business it does not exist.
    let refused = bulk(&stranger, json!({"command": "claim"}), &all[1..2])
        .await
        .is(200);
    let refusal = refused.json()["items"][0]["refusal"].clone();
    assert_eq!(
        refusal["type"], "urn:papierlos:problem:not-found",
        "{refusal}"
    );
    assert!(refused.header("papierlos-log-seq").is_none());
}

#[tokio::test]
async fn steps_are_given_away_laid_aside_and_given_back() {
    let Some(office) = Office::open(BY_FIELD).await else {
        return;
    };
    let clerk = office.town.clerk();
    let (colleague, _) = colleagues(&office.town).await;
    let mut all = Vec::new();
    for subject in ["Linde", "Eiche"] {
        all.push(office.begin(subject, Some("m.brandt")).await);
    }
    let until = time::OffsetDateTime::now_utc().date() + time::Duration::days(14);
    let hold = json!({"command": "hold", "until": until.to_string(), "reason": "Laub"});
    let held = bulk(&clerk, hold, &all[..1]).await.is(200);
    assert_eq!(done(&held), [true]);
    assert_eq!(workflows(&clerk, "&held=true").await, all[..1]);
    let claim = bulk(&clerk, json!({"command": "claim"}), &all[1..])
        .await
        .is(200);
    assert_eq!(done(&claim), [true]);
    let release = bulk(&clerk, json!({"command": "release"}), &all[1..])
        .await
        .is(200);
    assert_eq!(done(&release), [true]);
    let give = json!({"command": "delegate", "to": "s.kollege", "reason": "Urlaub"});
    let given = bulk(&clerk, give, &all[1..]).await.is(200);
    assert_eq!(done(&given), [true]);
    assert_eq!(workflows(&colleague, "").await, all[1..]);
    let nobody = json!({"command": "delegate", "to": "gibt.es.nicht"});
    let refused = bulk(&colleague, nobody, &all[1..]).await.is(200);
    assert_eq!(done(&refused), [false]);
}

#[tokio::test]
async fn what_does_not_go_together_is_refused_whole() {
    let Some(office) = Office::open(BY_ROLE).await else {
        return;
    };
    let clerk = office.town.clerk();
    let one = vec![office.begin("Linde", None).await];
    for (wrong, pointer) in [
        (json!({"command": "complete"}), "/outcome"),
        (json!({"command": "delegate"}), "/to"),
        (json!({"command": "hold"}), "/until"),
        (json!({"command": "claim", "outcome": "done"}), "/outcome"),
        (json!({"command": "hold", "until": "morgen"}), "/until"),
    ] {
        let refused = bulk(&clerk, wrong.clone(), &one).await;
        let refused = refused.is_problem(422, "validation").json();
        assert_eq!(refused["errors"][0]["pointer"], pointer, "{wrong}");
    }
    let twice = vec![one[0].clone(), one[0].clone()];
    let refused = bulk(&clerk, json!({"command": "claim"}), &twice).await;
    refused.is_problem(422, "validation");
    let many: Vec<String> = (0..201).map(|_| uuid::Uuid::new_v4().to_string()).collect();
    let refused = bulk(&clerk, json!({"command": "claim"}), &many).await;
    refused.is_problem(422, "validation");
    let refused = bulk(&clerk, json!({"command": "claim"}), &[]).await;
    refused.is_problem(422, "validation");
    // What is no id is told so in German, and not in the words of whoever reads ids.
    let refused = bulk(&clerk, json!({"command": "claim"}), &["Linde".to_owned()]).await;
    let refused = refused.is_problem(422, "validation").json();
    let fault = &refused["errors"][0];
    assert_eq!(fault["pointer"], "/items/0/workflow");
    let detail = fault["detail"].as_str().unwrap_or_default();
    assert!(detail.contains("eine Kennung (UUID)"), "{detail}");
}

#[tokio::test]
async fn a_repetition_under_the_same_key_has_the_same_answer_and_does_nothing() {
    let Some(office) = Office::open(BY_ROLE).await else {
        return;
    };
    let clerk = office.town.clerk();
    let one = vec![office.begin("Linde", None).await];
    let body = json!({"command": "claim", "items": items(&one)});
    let headers = [("idempotency-key", "einmal")];
    let first = send(&clerk, Method::POST, BULK, &headers, Some(&body))
        .await
        .is(200);
    let head = office.town.head().await;
    let again = send(&clerk, Method::POST, BULK, &headers, Some(&body))
        .await
        .is(200);
    assert_eq!(again.header("idempotent-replayed"), Some("true"));
    assert_eq!(first.json(), again.json());
    assert_eq!(office.town.head().await, head);
}
