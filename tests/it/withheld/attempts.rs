//! What each role tries with what is withheld.

use tests::town::{Town, id_of};
use tests::{Answer, Client};

use super::{PROPOSALS, WITHHELD, decide, holding, propose, withheld};
use crate::inspections::attempts::other;

/// What is withheld. In the order of the lines.
pub(crate) const ENDED: &[&str] = &[
    "list withheld",
    "propose destroy",
    "read proposal",
    "approve proposal",
    "end proposal",
];

/// A version that is withheld and that nobody else tries.
pub(crate) async fn version(town: &Town) -> String {
    withheld(town, "ordner.zip", &holding()).await.1
}

/// What somebody of the registry, who is nobody who tries, proposes about such a version.
pub(crate) async fn proposed(town: &Town) -> String {
    let version = version(town).await;
    let registry = other(town, "eine-registratur", "records_manager", None).await;
    id_of(&propose(&registry, &version, "destroy").await.is(201))
}

/// What happens when `client` tries `what`.
pub(crate) async fn attempt(town: &Town, client: &Client, what: &str) -> Answer {
    match what {
        "list withheld" => client.get(WITHHELD).await,
        "propose destroy" => propose(client, &version(town).await, "destroy").await,
        "read proposal" => {
            let id = proposed(town).await;
            client.get(&format!("{PROPOSALS}/{id}")).await
        }
        "approve proposal" => decide(client, &proposed(town).await, "approve").await,
        _ => decide(client, &proposed(town).await, "end").await,
    }
}
