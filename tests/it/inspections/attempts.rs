//! What each role tries with inspections, once each.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::json;
use tests::town::{OWN, Town, add, id_of};
use tests::{Answer, Client};
use tokio::sync::Mutex;

use super::{ASK, EMERGENCY, in_time, post};

/// Inspections, emergencies, who looked. In the order of the lines.
pub(crate) const INSPECTED: &[&str] = &[
    "ask inspection",
    "list inspections",
    "read inspection",
    "approve it",
    "end inspection",
    "looks under it",
    "ask emergency",
    "list emergencies",
    "read emergency",
    "approve emergency",
    "end emergency",
    "looks at file",
    "looks at case",
    "looks at document",
];

/// Somebody of a town besides those who try: made once, for it takes processes of their own.
pub(crate) async fn other(
    town: &Town,
    login: &str,
    role: &str,
    department: Option<&str>,
) -> Client {
    static KNOWN: Mutex<BTreeMap<(PathBuf, String), String>> = Mutex::const_new(BTreeMap::new());
    let mut known = KNOWN.lock().await;
    let key = (town.app.data().to_owned(), login.to_owned());
    let token = match known.get(&key) {
        Some(token) => token.clone(),
        None => {
            let token = add(&town.app, login, role, department).await;
            known.insert(key, token.clone());
            token
        }
    };
    town.app.with_token(&token)
}

/// An account has so many inspections at a time and no more: after some the next one comes.
fn turn() -> usize {
    static ASKED: AtomicUsize = AtomicUsize::new(0);
    ASKED.fetch_add(1, Ordering::Relaxed) / 10
}

/// An inspection of a document of [`OWN`] that somebody else there asked for, for an account that nobody is who
/// tries; gives its id.
pub(crate) async fn asked_for_another(town: &Town) -> String {
    let letter = id_of(&town.letter("Antrag", "Antrag").await);
    let reader = format!("gast-{}", turn());
    other(town, &reader, "archive", None).await;
    let ask = json!({"account": reader, "document": letter, "reason": "court",
        "purpose": "Anforderung des Gerichts", "valid_until": in_time(86_400)});
    let head = other(town, "eine-leitung", "head", Some(OWN)).await;
    id_of(&head.post(ASK, &ask).await.is(201))
}

/// An emergency of another administrator in [`OWN`]; gives its id.
pub(crate) async fn emergency(town: &Town) -> String {
    let ask = json!({"department": OWN, "reason": "Wiederherstellung"});
    let admin = other(town, &format!("chefin-{}", turn()), "admin", None).await;
    id_of(&admin.post(EMERGENCY, &ask).await.is(201))
}

pub(crate) async fn inspect(town: &Town, client: &Client, what: &str) -> Answer {
    match what {
        "ask inspection" => {
            let letter = id_of(&town.letter("Antrag", "Antrag").await);
            let ask = json!({"account": "k.sommer", "document": letter, "reason": "court",
                "purpose": "Anforderung", "valid_until": in_time(86_400)});
            client.post(ASK, &ask).await
        }
        "list inspections" => client.get(ASK).await,
        "read inspection" => {
            let id = asked_for_another(town).await;
            client.get(&format!("{ASK}/{id}")).await
        }
        "approve it" => {
            let id = asked_for_another(town).await;
            post(client, &format!("{ASK}/{id}/approve")).await
        }
        "end inspection" => {
            let id = asked_for_another(town).await;
            post(client, &format!("{ASK}/{id}/end")).await
        }
        "looks under it" => {
            let id = asked_for_another(town).await;
            client.get(&format!("{ASK}/{id}/looks")).await
        }
        "ask emergency" => {
            let ask = json!({"department": OWN, "reason": "Wiederherstellung"});
            client.post(EMERGENCY, &ask).await
        }
        "list emergencies" => client.get(EMERGENCY).await,
        "read emergency" => {
            let id = emergency(town).await;
            client.get(&format!("{EMERGENCY}/{id}")).await
        }
        "approve emergency" => {
            let id = emergency(town).await;
            post(client, &format!("{EMERGENCY}/{id}/approve")).await
        }
        "end emergency" => {
            let id = emergency(town).await;
            post(client, &format!("{EMERGENCY}/{id}/end")).await
        }
        "looks at file" | "looks at case" => {
            let new = json!({"plan_unit": "02.1", "subject": "Akte"});
            let file = town.clerk().post("/api/v1/files", &new).await.is(201);
            if what == "looks at file" {
                return client
                    .get(&format!("/api/v1/files/{}/looks", id_of(&file)))
                    .await;
            }
            let new = json!({"file": id_of(&file), "subject": "Vorgang"});
            let case = town.clerk().post("/api/v1/cases", &new).await.is(201);
            client
                .get(&format!("/api/v1/cases/{}/looks", id_of(&case)))
                .await
        }
        "looks at document" => {
            let letter = id_of(&town.letter("Antrag", "Antrag").await);
            client
                .get(&format!("/api/v1/documents/{letter}/looks"))
                .await
        }
        other => unreachable!("nobody knows how to {other}"),
    }
}
