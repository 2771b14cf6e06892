//! What is withheld comes to its end: two people have it destroyed, or release it.

pub(crate) mod attempts;
mod destroying;
mod kills;
mod listing;
mod releasing;

use reqwest::Method;
use serde_json::{Value, json};
use tests::town::{OWN, Town, add, id_of};
use tests::{Answer, Client, wait_until};

use crate::components::zip;

/// Where what is withheld is listed.
pub(crate) const WITHHELD: &str = "/api/v1/withheld";
/// Where proposals are.
pub(crate) const PROPOSALS: &str = "/api/v1/proposals";
/// Minutiae of fingers (ISO/IEC 19794-2).
const RECORD: &[u8] = b"FMR\x00030\0\0\0\x01\x40 and what belongs to it";
/// The key domains that documents outside of compartments have.
const KEYS: &str = "SELECT name FROM blob_key WHERE domain <> '0-quarantine'";

/// An archive that holds a biometric record, and a note beside it; nobody has filed it before.
pub(crate) fn holding() -> Vec<u8> {
    let note = format!("Kastanienallee {}", uuid::Uuid::now_v7());
    zip(&[("notiz.txt", note.as_bytes()), ("finger.bin", RECORD)])
}

/// Files content that will be withheld, and waits for that; gives the document and the version.
pub(crate) async fn withheld(town: &Town, name: &str, content: &[u8]) -> (String, String) {
    let title = json!({ "title": name });
    let filed = town.clerk().file(name, content, &title).await.is(201);
    let id = id_of(&filed);
    let version = version_of(town, &id).await;
    (id, version)
}

/// The version of a document that is withheld, as soon as it is.
async fn version_of(town: &Town, id: &str) -> String {
    let registrar = town.registrar().await;
    let found = async || {
        let all = registrar.get(&format!("{WITHHELD}?limit=100")).await;
        let all = all.is(200).json()["items"].clone();
        let all = all.as_array().cloned().expect("a list");
        all.into_iter().find(|one| one["document"] == id)
    };
    wait_until("it is withheld", async || found().await.is_some()).await;
    let one = found().await.expect("it is withheld");
    one["version"].as_str().expect("an id").to_owned()
}

/// A head of [`OWN`].
async fn head(town: &Town) -> Client {
    town.app
        .with_token(&add(&town.app, "l.heide", "head", Some(OWN)).await)
}

/// Proposes something about a version.
pub(crate) async fn propose(client: &Client, version: &str, act: &str) -> Answer {
    let new = json!({"act": act, "reason": "Fund geprüft"});
    client
        .post(&format!("{WITHHELD}/{version}/proposals"), &new)
        .await
}

/// Approves or ends a proposal.
pub(crate) async fn decide(client: &Client, proposal: &str, how: &str) -> Answer {
    let path = format!("{PROPOSALS}/{proposal}/{how}");
    client.send(client.request(Method::POST, &path)).await
}

/// A proposal as the registry sees it.
async fn seen(town: &Town, proposal: &str) -> Value {
    let registrar = town.registrar().await;
    let one = registrar.get(&format!("{PROPOSALS}/{proposal}")).await;
    one.is(200).json()
}

/// Proposed by the registry, approved by a head: gives the proposal, once it is done.
async fn decided(town: &Town, head: &Client, version: &str, act: &str) -> Value {
    let registrar = town.registrar().await;
    let proposal = id_of(&propose(&registrar, version, act).await.is(201));
    decide(head, &proposal, "approve").await.is(200);
    wait_until("it is done", async || {
        seen(town, &proposal).await["standing"] == "done"
    })
    .await;
    seen(town, &proposal).await
}

/// The records of an action.
async fn records(town: &Town, action: &str) -> Vec<Value> {
    let all = town.records(0).await.into_iter();
    let all = all.map(|(_, _, record)| record);
    all.filter(|record| record["action"] == action).collect()
}

/// Nothing is found by anybody who checks the archive, however closely; the server is stopped.
async fn is_sound(town: &mut Town) {
    assert!(town.app.stop().success(), "{}", town.app.log());
    for arguments in [
        &["check", "--json"][..],
        &["check", "--deep", "--json"],
        &["verify", "--blobs", "--json"],
    ] {
        let output = town.app.command(arguments).await;
        assert!(output.status.success(), "{arguments:?} {output:?}");
    }
}
