//! How workflows end, and what that has to do with their case.

use serde_json::json;
use tests::town::id_of;

use super::{Office, WORKFLOWS, post, step};
use crate::records::act_on;

#[tokio::test]
async fn a_case_in_which_a_workflow_runs_is_not_closed_by_hand() {
    let Some(office) = Office::open().await else {
        return;
    };
    let town = office.town();
    let (flow, _, case) = office.begun().await;
    let path = format!("/api/v1/cases/{}", id_of(&case));
    let close = format!("{path}/close");
    let refused = act_on(&town.clerk(), &close, &case.etag()).await;
    let refused = refused.is_problem(409, "state-conflict").json();
    assert_eq!(refused["current_state"], "open");
    let cancel = format!("{WORKFLOWS}/{}/cancel", id_of(&flow));
    let none = post(office.head(), &cancel, Some(&json!({"reason": " "}))).await;
    none.is_problem(422, "validation");
    let reason = json!({"reason": "Doppelt begonnen"});
    let ended = post(office.head(), &cancel, Some(&reason))
        .await
        .is(200)
        .json();
    assert_eq!(ended["ended"]["how"], "dropped");
    assert_eq!(ended["ended"]["reason"], "Doppelt begonnen");
    let again = post(office.head(), &cancel, Some(&reason)).await;
    again.is_problem(409, "state-conflict");
    let case = town.clerk().get(&path).await.is(200);
    act_on(&town.clerk(), &close, &case.etag()).await.is(200);
    let body = json!({"definition": "brief", "case": id_of(&case)});
    let closed = town.clerk().post(WORKFLOWS, &body).await;
    closed.is_problem(409, "state-conflict");
}

#[tokio::test]
async fn whoever_is_excluded_takes_nothing_any_more() {
    let Some(office) = Office::open().await else {
        return;
    };
    let town = office.town();
    let (flow, _, _) = office.begun().await;
    let path = format!("{WORKFLOWS}/{}/exclude", id_of(&flow));
    // Who began it chooses not by that who takes part.
    let other = json!({"person": "k.sommer", "reason": "Zu streng"});
    post(&town.clerk(), &path, Some(&other))
        .await
        .is_problem(403, "forbidden");
    let who = json!({"person": "m.brandt", "reason": "Angehörige ist Antragstellerin, § 20 VwVfG"});
    let shown = post(office.head(), &path, Some(&who)).await.is(200).json();
    assert_eq!(shown["excluded"][0]["who"], "m.brandt");
    let claim = step(&flow, 1, "claim");
    post(&town.clerk(), &claim, None)
        .await
        .is_problem(403, "forbidden");
    // Nor is he given it; and whoever would give it to him is told that he is meant.
    let give = json!({"to": "m.brandt"});
    let given = post(office.head(), &step(&flow, 1, "delegate"), Some(&give)).await;
    let given = given.is_problem(403, "forbidden").json();
    let detail = given["detail"].as_str().unwrap_or_default();
    assert!(detail.contains("gefragt werden soll"), "{given}");
}

#[tokio::test]
async fn whoever_is_excluded_is_shown_it_no_more() {
    let Some(office) = Office::open().await else {
        return;
    };
    let town = office.town();
    let (flow, letter, case) = office.begun().await;
    let at = format!("{WORKFLOWS}/{}", id_of(&flow));
    let file = format!("/api/v1/cases/{}", id_of(&case));
    // The letter is in no case yet.
    let paper = format!("/api/v1/documents/{}", id_of(&letter));
    let other = town.other();
    other.get(&paper).await.is_problem(404, "not-found");
    let give = json!({"to": "k.sommer"});
    post(&town.clerk(), &step(&flow, 1, "delegate"), Some(&give))
        .await
        .is(200);
    post(&other, &step(&flow, 1, "claim"), None).await.is(200);
    for what in [&file, &paper] {
        other.get(what).await.is(200);
    }
    let content = format!("{paper}/content");
    other.get(&content).await.is(200);
    let reason = json!({"person": "k.sommer", "reason": "Befangenheit"});
    post(office.head(), &format!("{at}/exclude"), Some(&reason))
        .await
        .is(200);
    other.get(&at).await.is_problem(404, "not-found");
    for what in [&file, &paper, &content] {
        other.get(what).await.is_problem(404, "not-found");
    }
    let inbox = other.get("/api/v1/inbox").await.is(200).json();
    assert_eq!(inbox["items"], json!([]));
}
