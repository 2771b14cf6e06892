//! Actions that are repeated with the same key, and how many files the plan says there are.

use reqwest::Method;
use serde_json::{Value, json};
use tests::town::{OTHER, OWN, id_of, send};
use tests::{Answer, Client};

use super::{Registry, act, text};

/// An action with a key, on the state that `etag` names.
async fn once(client: &Client, path: &str, etag: &str, key: &str, body: Option<&Value>) -> Answer {
    let headers = [("if-match", etag), ("idempotency-key", key)];
    send(client, Method::POST, path, &headers, body).await
}

/// Sends it twice: the second answer is the first one, and there is one record.
async fn twice(
    registry: &Registry,
    client: &Client,
    path: &str,
    etag: &str,
    body: Option<&Value>,
) -> Answer {
    let first = once(client, path, etag, path, body).await.is(200);
    assert_eq!(first.header("idempotent-replayed"), None, "{path}");
    let again = once(client, path, etag, path, body).await.is(200);
    assert_eq!(again.header("idempotent-replayed"), Some("true"), "{path}");
    assert_eq!(again.json(), first.json(), "{path}");
    assert_eq!(again.receipt(), first.receipt(), "{path}");
    assert_eq!(again.etag(), first.etag(), "{path}");
    let done = registry.town.record_of(&first).await;
    let later = registry.town.records(first.receipt().0 + 1).await;
    let twice = later
        .iter()
        .any(|(_, _, one)| one["action"] == done["action"]);
    assert!(!twice, "{path}: it happened twice");
    first
}

#[expect(
    clippy::too_many_lines,
    reason = "one story from its beginning to its end"
)]
#[tokio::test]
async fn an_action_that_is_repeated_with_its_key_happens_once() {
    let Some(registry) = Registry::start().await else {
        return;
    };
    let (clerk, head, manager) = (registry.town.clerk(), &registry.head, &registry.manager);
    let file = registry.file("02.1", "Parken").await;
    let case = registry.case(&file, "Beispiel").await;
    let other = registry.case(&file, "Anderer").await;
    let at = |kind: &str, one: &Answer| format!("/api/v1/{kind}/{}", id_of(one));
    let (file_at, case_at) = (at("files", &file), at("cases", &case));
    let reason = json!({"reason": "Widerspruch"});

    let letter = registry.town.letter("Antrag", "Antrag").await;
    let letter_at = at("documents", &letter);
    let gone = twice(
        &registry,
        &clerk,
        &format!("{letter_at}/discard"),
        &letter.etag(),
        Some(&reason),
    )
    .await;
    let back = twice(
        &registry,
        &clerk,
        &format!("{letter_at}/restore"),
        &gone.etag(),
        None,
    )
    .await;
    let into = json!({"case": id_of(&case)});
    let path = format!("{letter_at}/register");
    let registered = twice(&registry, &clerk, &path, &back.etag(), Some(&into)).await;
    // Another request under the same key, or on another state, is another request.
    let elsewhere = json!({"case": id_of(&other)});
    let reused = once(&clerk, &path, &back.etag(), &path, Some(&elsewhere)).await;
    let reused = reused.is_problem(422, "idempotency-key-reused");
    assert!(text(&reused, "detail").contains("einen neuen"));
    once(&clerk, &path, &registered.etag(), &path, Some(&into))
        .await
        .is_problem(422, "idempotency-key-reused");
    // Whoever comes with another key learns how it stands.
    let late = once(&clerk, &path, &back.etag(), "another", Some(&into)).await;
    let late = late.is_problem(409, "state-conflict");
    assert_eq!(text(&late, "current_state"), "registered");
    let moved = json!({"case": id_of(&other), "reason": "Falsch zugeordnet"});
    let path = format!("{letter_at}/refile");
    twice(&registry, manager, &path, &registered.etag(), Some(&moved)).await;

    // Whoever hands on and does not see it any more is told what was done all the same.
    let handed = registry.town.letter("Rechnung", "Rechnung").await;
    let path = format!("{}/route", at("documents", &handed));
    let to = json!({"department": OTHER});
    twice(&registry, &clerk, &path, &handed.etag(), Some(&to)).await;
    clerk.get(&at("documents", &handed)).await.is(404);

    let closed = twice(
        &registry,
        &clerk,
        &format!("{case_at}/close"),
        &case.etag(),
        None,
    )
    .await;
    let path = format!("{case_at}/reopen");
    let open = twice(&registry, head, &path, &closed.etag(), Some(&reason)).await;
    let target = registry.file("02.2", "Gebühren").await;
    let to = json!({"file": id_of(&target), "reason": "Falsch zugeordnet"});
    let path = format!("{case_at}/refile");
    twice(&registry, manager, &path, &open.etag(), Some(&to)).await;
    let path = format!("{}/close", at("cases", &other));
    twice(&registry, &clerk, &path, &other.etag(), None).await;
    let to = json!({"plan_unit": "02.2", "reason": "Zuständigkeit"});
    let path = format!("{file_at}/refile");
    let refiled = twice(&registry, manager, &path, &file.etag(), Some(&to)).await;
    let shut = twice(
        &registry,
        &clerk,
        &format!("{file_at}/close"),
        &refiled.etag(),
        None,
    )
    .await;
    let path = format!("{file_at}/reopen");
    twice(&registry, head, &path, &shut.etag(), Some(&reason)).await;

    let new = json!({"file": id_of(&file), "reason": "Klageverfahren"});
    let hold = head.post("/api/v1/holds", &new).await.is(201);
    let path = format!("{}/lift", at("holds", &hold));
    twice(&registry, head, &path, &hold.etag(), Some(&reason)).await;
    // Without a key nothing is remembered.
    act(head, &path, &hold.etag(), &reason)
        .await
        .is_problem(409, "state-conflict");
}

#[tokio::test]
async fn an_undoing_that_is_repeated_with_its_key_happens_once() {
    let Some(registry) = Registry::start().await else {
        return;
    };
    let (clerk, other) = (registry.town.clerk(), registry.town.other());
    let letter = registry.town.letter("Antrag", "Antrag").await;
    let at = format!("/api/v1/documents/{}", id_of(&letter));
    let to = json!({"department": OTHER});
    let moved = act(&clerk, &format!("{at}/route"), &letter.etag(), &to).await;
    let moved = moved.is(200);
    let path = format!("{at}/undo");
    let which = json!({"seq": moved.receipt().0, "reason": "Irrtum"});
    // Whoever hands it back sees it no longer, and is told what was done all the same.
    let back = twice(&registry, &other, &path, &moved.etag(), Some(&which)).await;
    assert_eq!(text(&back, "department"), OWN);
    once(&other, &path, &moved.etag(), "another", Some(&which))
        .await
        .is_problem(404, "not-found");
    // Another reason is another request.
    let which = json!({"seq": moved.receipt().0, "reason": "Versehen"});
    once(&other, &path, &moved.etag(), &path, Some(&which))
        .await
        .is_problem(422, "idempotency-key-reused");
}

#[tokio::test]
async fn the_plan_counts_the_files_that_one_may_see() {
    let Some(registry) = Registry::start().await else {
        return;
    };
    let first = registry.file("02.1", "Parken").await;
    registry.file("02.1", "Bäume").await;
    registry.file("02.2", "Gebühren").await;
    let part = json!({"parent": id_of(&first), "subject": "Teil"});
    let clerk = registry.town.clerk();
    clerk.post("/api/v1/files", &part).await.is(201);
    let plans = clerk.get("/api/v1/file-plans").await.is(200).json();
    let plans = plans["items"].as_array().expect("editions");
    let plan = plans
        .iter()
        .find(|one| one["edition"] == "2020")
        .expect("the edition");
    let path = format!(
        "/api/v1/file-plans/{}/units",
        plan["id"].as_str().expect("an id")
    );
    let counts = async |client: &Client| {
        let page = client
            .get(&format!("{path}?limit=100"))
            .await
            .is(200)
            .json();
        let units = page["items"].as_array().cloned().unwrap_or_default();
        let of = |code: &str| {
            let unit = units.iter().find(|one| one["code"] == code);
            unit.expect("a unit")["files"].clone()
        };
        (of("02"), of("02.1"), of("02.2"))
    };
    let all = (json!(0), json!(3), json!(1));
    assert_eq!(counts(&clerk).await, all);
    assert_eq!(counts(&registry.manager).await, all);
    let none = (json!(0), json!(0), json!(0));
    assert_eq!(counts(&registry.town.other()).await, none);
    assert_eq!(counts(&registry.town.admin()).await, none);
}
