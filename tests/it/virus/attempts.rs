//! What each role tries with the quarantine.

use reqwest::Method;
use serde_json::json;
use tests::town::{Town, send};
use tests::{Answer, Client};

use super::{file, infected, lies};

/// The quarantine. In the order of the lines.
pub(crate) const QUARANTINED: &[&str] = &["list quarantine", "discard infected"];

/// Something in quarantine that nobody else tries: its address and its entity tag.
pub(crate) async fn quarantined(town: &Town) -> (String, String) {
    let refused = file(&town.clerk(), "brief.txt", &infected()).await;
    refused.is_problem(422, "infected");
    let newest = lies(town).await.into_iter().next().expect("an entry");
    let id = newest["id"].as_str().expect("an id");
    let etag = format!("\"v{}\"", newest["version"]);
    (format!("/api/v1/quarantine/{id}"), etag)
}

/// What happens when `client` tries `what`.
pub(crate) async fn attempt(town: &Town, client: &Client, what: &str) -> Answer {
    match what {
        "list quarantine" => client.get("/api/v1/quarantine").await,
        _ => {
            let (path, etag) = quarantined(town).await;
            let path = format!("{path}/discard");
            let headers = [("if-match", etag.as_str())];
            let reason = json!({"reason": "Absender ist unterrichtet"});
            send(client, Method::POST, &path, &headers, Some(&reason)).await
        }
    }
}
