//! What the walk over who may do what tries of signing in.

use reqwest::Method;
use serde_json::json;
use tests::town::{Town, send};
use tests::{Answer, Client};

/// What is tried here.
pub(crate) const TRIED: &[&str] = &["unlock account"];

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
        other => unreachable!("nobody knows how to try {other}"),
    }
}
