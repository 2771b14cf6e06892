//! What each role tries with workflows: a call of its own on a letter of its own, which runs in the department of the
//! clerk.

use reqwest::Method;
use serde_json::json;
use tests::town::{Town, id_of, send, token_of};
use tests::{Answer, Client};

use super::{
    DEFINITIONS, LIMITS, WORKFLOWS, approve, case, letter, letter_of_its_own, letter_with_side_way,
    post, soon, step,
};

/// Definitions and order limits. In the order of the lines.
pub(crate) const RULED: &[&str] = &[
    "list definitions",
    "read definition",
    "read source",
    "draw definition",
    "tell definition",
    "read schema",
    "propose rules",
    "approve rules",
    "retire rules",
    "list limits",
    "give limit",
    "approve limit",
    "end limit",
];

/// Workflows. In the order of the lines.
pub(crate) const RUN: &[&str] = &[
    "begin workflow",
    "list workflows",
    "read workflow",
    "workflow history",
    "workflow timers",
    "claim step",
    "release step",
    "complete step",
    "return step",
    "skip step",
    "delegate step",
    "insert step",
    "withdraw step",
    "hold step",
    "resume step",
    "extend step",
    "exclude person",
    "begin side way",
    "editorial change",
    "cancel workflow",
    "tell event",
    "migrate workflow",
];

fn new_id() -> String {
    format!("brief-{}", uuid::Uuid::now_v7())
}

async fn head(town: &Town) -> Client {
    let token = token_of(&town.app, "l.heide").await;
    town.app.with_token(&token)
}

/// A definition that waits for its approvals; its address.
async fn proposed(town: &Town) -> String {
    let id = new_id();
    let body = json!({"source": letter(&id)});
    // The head tries to approve too: somebody else proposes.
    let registrar = town.registrar().await;
    registrar.post(DEFINITIONS, &body).await.is(201);
    format!("{DEFINITIONS}/{id}")
}

/// A limit that another administrator gave; its address.
async fn limit(town: &Town) -> String {
    let body = json!({"who": "m.brandt", "amount": "10.00", "reason": "Dienstanweisung"});
    let login = format!("zweite-{}", uuid::Uuid::now_v7());
    let other = tests::town::add(&town.app, &login, "admin", None).await;
    let other = town.app.with_token(&other);
    let given = other.post(LIMITS, &body).await.is(201);
    format!("{LIMITS}/{}", id_of(&given))
}

/// What happens when `client` tries one of [`RULED`].
pub(crate) async fn rule(town: &Town, client: &Client, what: &str) -> Answer {
    let why = json!({"reason": "Durch eine neue Fassung ersetzt"});
    match what {
        "list definitions" => client.get(DEFINITIONS).await,
        "read schema" => client.get(&format!("{DEFINITIONS}/schema")).await,
        "propose rules" => {
            let body = json!({"source": letter(&new_id())});
            client.post(DEFINITIONS, &body).await
        }
        "approve rules" => {
            let at = proposed(town).await;
            post(client, &format!("{at}/versions/1/approve"), None).await
        }
        "retire rules" => {
            let at = proposed(town).await;
            post(client, &format!("{at}/versions/1/retire"), Some(&why)).await
        }
        "list limits" => client.get(LIMITS).await,
        "give limit" => {
            let body = json!({"who": "m.brandt", "amount": "10.00", "reason": "Dienstanweisung"});
            client.post(LIMITS, &body).await
        }
        "approve limit" => post(client, &format!("{}/approve", limit(town).await), None).await,
        "end limit" => post(client, &format!("{}/end", limit(town).await), None).await,
        _ => {
            let rest = match what {
                "read source" => "/source",
                "draw definition" => "/diagram",
                "tell definition" => "/text",
                _ => "",
            };
            let at = format!("{}{rest}", proposed(town).await);
            client.get(&at).await
        }
    }
}

/// A letter of which the first step was done: it waits for its signature.
async fn to_be_signed(town: &Town) -> Answer {
    let (_, flow) = letter_of_its_own(town).await;
    let path = step(&flow, 1, "complete");
    let done = json!({"outcome": "done"});
    post(&town.clerk(), &path, Some(&done)).await.is(200)
}

/// What happens when `client` tries one of [`RUN`].
pub(crate) async fn run(town: &Town, client: &Client, what: &str) -> Answer {
    match what {
        "begin workflow" => {
            let (id, _) = letter_of_its_own(town).await;
            let case = case(town, "brief").await;
            let document = town.letter("Entwurf", "Text").await;
            let body =
                json!({"definition": id, "case": id_of(&case), "document": id_of(&document)});
            client.post(WORKFLOWS, &body).await
        }
        "list workflows" => client.get(WORKFLOWS).await,
        "return step" => {
            let flow = to_be_signed(town).await;
            let back = json!({"to": "work", "reason": "Anrede fehlt"});
            post(client, &step(&flow, 2, "return"), Some(&back)).await
        }
        "begin side way" => {
            let flow = letter_with_side_way(town).await;
            let path = format!("{WORKFLOWS}/{}/beside", id_of(&flow));
            post(client, &path, Some(&json!({"state": "interim"}))).await
        }
        "editorial change" => {
            let flow = to_be_signed(town).await;
            let body = json!({"document": flow.json()["fields"]["letter"]});
            let path = format!("{WORKFLOWS}/{}/editorial", id_of(&flow));
            post(client, &path, Some(&body)).await
        }
        "withdraw step" => withdraw(town, client).await,
        "migrate workflow" => migrate(town, client).await,
        "claim step" | "release step" | "complete step" | "skip step" | "delegate step"
        | "insert step" | "hold step" | "resume step" | "extend step" => {
            with_step(town, client, what).await
        }
        _ => with_all(town, client, what).await,
    }
}

/// Somebody takes back what the clerk has inserted.
async fn withdraw(town: &Town, client: &Client) -> Answer {
    let (_, flow) = letter_of_its_own(town).await;
    let asked = json!({"kind": "task", "to": ["m.brandt"], "text": "Bitte kopieren"});
    let shown = post(&town.clerk(), &step(&flow, 1, "insert"), Some(&asked)).await;
    let shown = shown.is(200).json();
    let slip = shown["slip"].as_array().cloned().unwrap_or_default();
    let one = slip.iter().find(|one| one["key"] == "adhoc");
    let number = one.and_then(|one| one["number"].as_u64());
    let number = u32::try_from(number.unwrap_or_default()).unwrap_or_default();
    let why = json!({"reason": "Hat sich erledigt"});
    post(client, &step(&flow, number, "withdraw"), Some(&why)).await
}

async fn migrate(town: &Town, client: &Client) -> Answer {
    let (id, flow) = letter_of_its_own(town).await;
    let next = letter(&id).replace("version = 1", "version = 2");
    approve(town, &head(town).await, &next).await;
    let to = json!({"version": 2, "reason": "Neue Dienstanweisung"});
    let path = format!("{WORKFLOWS}/{}/migrate", id_of(&flow));
    post(client, &path, Some(&to)).await
}

/// With the first step, which a clerk of the department is asked to take.
async fn with_step(town: &Town, client: &Client, what: &str) -> Answer {
    let (_, flow) = letter_of_its_own(town).await;
    let later = json!({"until": soon(&flow), "reason": "Akteneinsicht"});
    let path = step(&flow, 1, what.trim_end_matches(" step"));
    let body = match what {
        "claim step" => None,
        "release step" => {
            let claim = step(&flow, 1, "claim");
            post(&town.clerk(), &claim, None).await.is(200);
            None
        }
        "resume step" => {
            let hold = step(&flow, 1, "hold");
            post(&town.clerk(), &hold, Some(&later)).await.is(200);
            None
        }
        "complete step" => Some(json!({"outcome": "done"})),
        "skip step" => Some(json!({"reason": "Entfällt"})),
        "delegate step" => Some(json!({"to": "m.brandt"})),
        "insert step" => {
            Some(json!({"kind": "task", "to": ["m.brandt"], "text": "Bitte kopieren"}))
        }
        _ => Some(later),
    };
    send(client, Method::POST, &path, &[], body.as_ref()).await
}

/// With the whole of it.
async fn with_all(town: &Town, client: &Client, what: &str) -> Answer {
    let (_, flow) = letter_of_its_own(town).await;
    let at = format!("{WORKFLOWS}/{}", id_of(&flow));
    match what {
        "read workflow" => client.get(&at).await,
        "workflow history" => client.get(&format!("{at}/history")).await,
        "workflow timers" => client.get(&format!("{at}/timers")).await,
        "exclude person" => {
            let who = json!({"person": "m.brandt", "reason": "Befangenheit"});
            post(client, &format!("{at}/exclude"), Some(&who)).await
        }
        "cancel workflow" => {
            let why = json!({"reason": "Doppelt begonnen"});
            post(client, &format!("{at}/cancel"), Some(&why)).await
        }
        // Nobody waits for it: whoever speaks for the system is told so, all others that they may not.
        _ => {
            let event = json!({"event": "fee_paid"});
            post(client, &format!("{at}/events"), Some(&event)).await
        }
    }
}
