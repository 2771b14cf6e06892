//! Calls on workflows, their definitions, and order limits.

use serde_json::json;
use tests::Answer;
use tests::town::{Town, id_of, token_of};

use super::calls::{By, Call, call};
use crate::workflows::{
    DEFINITIONS, LIMITS, WORKFLOWS, approve, begun, case, letter, letter_of_its_own,
    letter_with_side_way, post, soon, step,
};

/// The operations of this source.
pub(super) const OPERATIONS: &[&str] = &[
    "listWorkflowDefinitions",
    "proposeWorkflowDefinition",
    "readWorkflowDefinitionSchema",
    "readWorkflowDefinition",
    "readWorkflowDefinitionSource",
    "drawWorkflowDefinition",
    "describeWorkflowDefinition",
    "approveWorkflowDefinition",
    "retireWorkflowDefinition",
    "startWorkflow",
    "listWorkflows",
    "readWorkflow",
    "readWorkflowHistory",
    "readWorkflowTimers",
    "excludeFromWorkflow",
    "beginSideWay",
    "announceEditorialChange",
    "cancelWorkflow",
    "tellWorkflowEvent",
    "migrateWorkflow",
    "claimStep",
    "releaseStep",
    "completeStep",
    "returnStep",
    "skipStep",
    "delegateStep",
    "insertSteps",
    "withdrawStep",
    "holdStep",
    "resumeStep",
    "extendStep",
    "listOrderLimits",
    "giveOrderLimit",
    "approveOrderLimit",
    "endOrderLimit",
];

fn new_id() -> String {
    format!("brief-{}", uuid::Uuid::now_v7())
}

/// A definition that waits for its approvals.
async fn proposed(town: &Town) -> String {
    let id = new_id();
    let head = token_of(&town.app, "l.heide").await;
    let body = json!({"source": letter(&id)});
    let head = town.app.with_token(&head);
    head.post(DEFINITIONS, &body).await.is(201);
    format!("{DEFINITIONS}/{id}/versions/1")
}

async fn limit(town: &Town) -> String {
    let body = json!({"who": "l.heide", "amount": "10.00", "reason": "Dienstanweisung"});
    let login = format!("zweite-{}", uuid::Uuid::now_v7());
    let other = tests::town::add(&town.app, &login, "admin", None).await;
    let other = town.app.with_token(&other);
    let given = other.post(LIMITS, &body).await.is(201);
    format!("{LIMITS}/{}", id_of(&given))
}

/// A definition in which a step waits for an event, and a document is signed in the end.
fn waiting(id: &str) -> String {
    let event = r#"
  [[state.step]]
  id = "paid"
  label = "Zahlung"
  kind = "event"
  event = "fee_paid"
  assignee = { system = true }
"#;
    let source = letter(id).replace(
        "adhoc = [\"consult\", \"statement\", \"task\"]\n",
        "order = \"parallel\"\n",
    );
    source.replacen(
        "[[state]]\nid = \"sign\"",
        &format!("{event}\n[[state]]\nid = \"sign\""),
        1,
    )
}

/// What is asked of definitions and limits.
async fn defining(town: &Town, operation: &str) -> Option<Call> {
    let why = json!({"reason": "Durch eine neue Fassung ersetzt"});
    Some(match operation {
        "listWorkflowDefinitions" => call(DEFINITIONS, By::Clerk),
        "proposeWorkflowDefinition" => {
            call(DEFINITIONS, By::Admin).json(json!({"source": letter(&new_id())}))
        }
        "readWorkflowDefinitionSchema" => call(format!("{DEFINITIONS}/schema"), By::Clerk),
        "readWorkflowDefinition"
        | "readWorkflowDefinitionSource"
        | "drawWorkflowDefinition"
        | "describeWorkflowDefinition" => {
            let at = proposed(town).await;
            let at = at.trim_end_matches("/versions/1").to_owned();
            let rest = match operation {
                "readWorkflowDefinitionSource" => "/source",
                "drawWorkflowDefinition" => "/diagram",
                "describeWorkflowDefinition" => "/text",
                _ => "",
            };
            call(format!("{at}{rest}"), By::Clerk)
        }
        "approveWorkflowDefinition" => {
            let at = proposed(town).await;
            call(format!("{at}/approve"), By::Admin)
        }
        "retireWorkflowDefinition" => {
            let at = proposed(town).await;
            call(format!("{at}/retire"), By::Admin).json(why)
        }
        "listOrderLimits" => call(LIMITS, By::Admin),
        "giveOrderLimit" => call(LIMITS, By::Admin)
            .json(json!({"who": "l.heide", "amount": "10.00", "reason": "Dienstanweisung"})),
        "approveOrderLimit" => call(format!("{}/approve", limit(town).await), By::Admin),
        "endOrderLimit" => call(format!("{}/end", limit(town).await), By::Admin),
        _ => return None,
    })
}

/// A letter whose first step was done: it waits for its signature.
async fn to_be_signed(town: &Town) -> Answer {
    let (_, flow) = letter_of_its_own(town).await;
    let path = step(&flow, 1, "complete");
    let done = json!({"outcome": "done"});
    post(&town.clerk(), &path, Some(&done)).await.is(200)
}

/// A letter with a step that was inserted before the first; its number.
async fn inserted(town: &Town) -> (Answer, u32) {
    let (_, flow) = letter_of_its_own(town).await;
    let asked = json!({"kind": "task", "to": ["m.brandt"], "text": "Bitte kopieren"});
    let shown = post(&town.clerk(), &step(&flow, 1, "insert"), Some(&asked)).await;
    let shown = shown.is(200).json();
    let slip = shown["slip"].as_array().cloned().unwrap_or_default();
    let one = slip.iter().find(|one| one["key"] == "adhoc");
    let number = one
        .and_then(|one| one["number"].as_u64())
        .unwrap_or_default();
    (flow, u32::try_from(number).unwrap_or_default())
}

/// What is asked of a workflow.
#[expect(clippy::too_many_lines, reason = "one line for each operation")]
pub(super) async fn workflows(town: &Town, operation: &str) -> Option<Call> {
    if let Some(call) = Box::pin(defining(town, operation)).await {
        return Some(call);
    }
    let why = json!({"reason": "Doppelt begonnen"});
    if operation == "startWorkflow" {
        let (id, _) = letter_of_its_own(town).await;
        let case = case(town, "brief").await;
        let document = town.letter("Entwurf", "Text").await;
        let body = json!({"definition": id, "case": id_of(&case), "document": id_of(&document)});
        return Some(call(WORKFLOWS, By::Clerk).json(body));
    }
    if operation == "listWorkflows" {
        return Some(call(WORKFLOWS, By::Clerk));
    }
    if [
        "tellWorkflowEvent",
        "announceEditorialChange",
        "beginSideWay",
    ]
    .contains(&operation)
    {
        return Box::pin(by_others(town, operation)).await;
    }
    if operation == "withdrawStep" {
        let (flow, number) = inserted(town).await;
        return Some(call(step(&flow, number, "withdraw"), By::Clerk).json(why));
    }
    if operation == "returnStep" {
        let flow = to_be_signed(town).await;
        let back = json!({"to": "work", "reason": "Anrede fehlt"});
        return Some(call(step(&flow, 2, "return"), By::Head).json(back));
    }
    let (id, flow) = letter_of_its_own(town).await;
    let at = format!("{WORKFLOWS}/{}", id_of(&flow));
    let own = |what: &str| step(&flow, 1, what);
    Some(match operation {
        "readWorkflow" => call(at, By::Clerk),
        "readWorkflowHistory" => call(format!("{at}/history"), By::Clerk),
        "readWorkflowTimers" => call(format!("{at}/timers"), By::Clerk),
        "excludeFromWorkflow" => {
            let who = json!({"person": "k.sommer", "reason": "Befangenheit"});
            call(format!("{at}/exclude"), By::Head).json(who)
        }
        "cancelWorkflow" => call(format!("{at}/cancel"), By::Head).json(why),
        "migrateWorkflow" => {
            let next = letter(&id).replace("version = 1", "version = 2");
            let head = token_of(&town.app, "l.heide").await;
            approve(town, &town.app.with_token(&head), &next).await;
            let to = json!({"version": 2, "reason": "Neue Dienstanweisung"});
            call(format!("{at}/migrate"), By::Head).json(to)
        }
        "claimStep" => call(own("claim"), By::Clerk),
        "completeStep" => call(own("complete"), By::Clerk).json(json!({"outcome": "done"})),
        "releaseStep" => {
            post(&town.clerk(), &own("claim"), None).await.is(200);
            call(own("release"), By::Clerk)
        }
        "skipStep" => call(own("skip"), By::Head).json(why),
        "delegateStep" => call(own("delegate"), By::Clerk).json(json!({"to": "m.brandt"})),
        "insertSteps" => {
            let asked = json!({"kind": "task", "to": ["m.brandt"], "text": "Bitte kopieren"});
            call(own("insert"), By::Clerk).json(asked)
        }
        "holdStep" | "resumeStep" => {
            let soon = json!({"until": soon(&flow), "reason": "Wartet"});
            if operation == "holdStep" {
                return Some(call(own("hold"), By::Clerk).json(soon));
            }
            post(&town.clerk(), &own("hold"), Some(&soon)).await.is(200);
            call(own("resume"), By::Clerk)
        }
        "extendStep" => {
            let later = json!({"until": soon(&flow), "reason": "Akteneinsicht"});
            call(own("extend"), By::Head).json(later)
        }
        _ => return None,
    })
}

/// What an application says, the final signer, and whoever begins a side way.
async fn by_others(town: &Town, operation: &str) -> Option<Call> {
    if operation == "announceEditorialChange" {
        let flow = to_be_signed(town).await;
        let document = flow.json()["fields"]["letter"].clone();
        let path = format!("{WORKFLOWS}/{}/editorial", id_of(&flow));
        return Some(call(path, By::Head).json(json!({"document": document})));
    }
    if operation == "beginSideWay" {
        let flow = letter_with_side_way(town).await;
        let path = format!("{WORKFLOWS}/{}/beside", id_of(&flow));
        return Some(call(path, By::Clerk).json(json!({"state": "interim"})));
    }
    let id = new_id();
    let head = token_of(&town.app, "l.heide").await;
    approve(town, &town.app.with_token(&head), &waiting(&id)).await;
    let (flow, _, _) = begun(town, &id).await;
    let path = format!("{WORKFLOWS}/{}/events", id_of(&flow));
    Some(call(path, By::Integrator).json(json!({"event": "fee_paid"})))
}
