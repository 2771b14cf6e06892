//! What each role tries with the quarantine.

use serde_json::json;
use tests::town::{Town, id_of};
use tests::{Answer, Client};

use super::{file, infected, lies};
use crate::inspections::attempts::other;
use crate::withheld::decide;

/// The quarantine. In the order of the lines.
pub(crate) const QUARANTINED: &[&str] =
    &["list quarantine", "propose infected", "approve infected"];

/// Something in quarantine that nobody else tries: its address.
pub(crate) async fn quarantined(town: &Town) -> String {
    let refused = file(&town.clerk(), "brief.txt", &infected()).await;
    refused.is_problem(422, "infected");
    let newest = lies(town).await.into_iter().next().expect("an entry");
    let id = newest["id"].as_str().expect("an id");
    format!("/api/v1/quarantine/{id}")
}

/// Proposes something about an entry.
pub(crate) async fn propose(client: &Client, entry: &str, act: &str) -> Answer {
    let new = json!({"act": act, "reason": "Absender ist unterrichtet"});
    client.post(&format!("{entry}/proposals"), &new).await
}

/// What happens when `client` tries `what`.
pub(crate) async fn attempt(town: &Town, client: &Client, what: &str) -> Answer {
    match what {
        "list quarantine" => client.get("/api/v1/quarantine").await,
        "propose infected" => propose(client, &quarantined(town).await, "destroy").await,
        _ => {
            let entry = quarantined(town).await;
            let registry = other(town, "eine-registratur", "records_manager", None).await;
            let proposal = id_of(&propose(&registry, &entry, "destroy").await.is(201));
            decide(client, &proposal, "approve").await
        }
    }
}
