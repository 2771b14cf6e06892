//! What the walk over who may do what tries of signing in.

use reqwest::Method;
use serde_json::{Value, json};
use tests::town::{Town, send};
use tests::{Answer, Client};

/// What is tried here.
pub(crate) const TRIED: &[&str] = &[
    "unlock account",
    "own session",
    "own sessions",
    "end others",
    "end session",
    "end of account",
    "link account",
    "unlink account",
];

/// Fails under this login until the next attempt has to wait, with the settings as they come.
pub(crate) async fn lock(anonymous: &Client, login: &str) {
    let wrong = json!({"login": login, "password": "geraten und falsch"});
    for _ in 0..5 {
        anonymous.post("/api/v1/session", &wrong).await;
    }
}

/// The id of the account with this login.
pub(crate) async fn account(town: &Town, login: &str) -> String {
    let all = town.admin().get("/api/v1/accounts").await.is(200).json();
    let all = all["items"].as_array().cloned().unwrap_or_default();
    let found = all.into_iter().find(|one| one["login"] == login);
    let found = found.expect("an account");
    found["id"].as_str().unwrap_or_default().to_owned()
}

/// Opens a session of `b.lang`, who is created where nobody did; gives its id.
pub(crate) async fn open(town: &Town) -> String {
    let new = json!({"login": "b.lang", "name": "B. Lang", "password": "ein langer Satz"});
    town.admin().post("/api/v1/accounts", &new).await;
    let who = json!({"login": "b.lang", "password": "ein langer Satz"});
    let opened = town.app.anonymous().post("/api/v1/sessions", &who).await;
    let opened = opened.is(201).json();
    opened["session"]["id"]
        .as_str()
        .unwrap_or_default()
        .to_owned()
}

/// Somebody whom a provider knows; nobody else was linked with them.
pub(crate) fn somebody() -> Value {
    json!({"issuer": "https://anmeldung.example", "subject": uuid::Uuid::now_v7()})
}

/// The version of the account with this id.
pub(crate) async fn etag(town: &Town, id: &str) -> String {
    let path = format!("/api/v1/accounts/{id}");
    town.admin().get(&path).await.is(200).etag()
}

/// Links the account with this id with somebody.
pub(crate) async fn link(town: &Town, client: &Client, id: &str, who: &Value) -> Answer {
    let etag = etag(town, id).await;
    let path = format!("/api/v1/accounts/{id}/identity");
    let headers = [("if-match", etag.as_str())];
    send(client, Method::PUT, &path, &headers, Some(who)).await
}

/// What happens when `client` tries `what`.
pub(crate) async fn attempt(town: &Town, client: &Client, what: &str) -> Answer {
    match what {
        "unlock account" => {
            lock(&town.app.anonymous(), "k.sommer").await;
            let path = format!(
                "/api/v1/accounts/{}/unlock",
                account(town, "k.sommer").await
            );
            send(client, Method::POST, &path, &[], None).await
        }
        "own session" => client.get("/api/v1/session").await,
        "own sessions" => client.get("/api/v1/sessions").await,
        "end others" => send(client, Method::DELETE, "/api/v1/sessions", &[], None).await,
        "end session" => {
            let path = format!("/api/v1/sessions/{}", open(town).await);
            send(client, Method::DELETE, &path, &[], None).await
        }
        "end of account" => {
            open(town).await;
            let path = format!(
                "/api/v1/accounts/{}/sessions",
                account(town, "b.lang").await
            );
            send(client, Method::DELETE, &path, &[], None).await
        }
        "link account" => {
            let id = account(town, "k.sommer").await;
            link(town, client, &id, &somebody()).await
        }
        "unlink account" => {
            let id = account(town, "k.sommer").await;
            link(town, &town.admin(), &id, &somebody()).await.is(200);
            let etag = etag(town, &id).await;
            let path = format!("/api/v1/accounts/{id}/identity");
            let headers = [("if-match", etag.as_str())];
            send(client, Method::DELETE, &path, &headers, None).await
        }
        other => unreachable!("nobody knows how to try {other}"),
    }
}
