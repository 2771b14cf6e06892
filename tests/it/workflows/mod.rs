//! Workflows through the front door: definitions, what runs by them, order limits.

pub(crate) mod attempts;
mod defining;
mod ending;
mod knowing;
mod limits;
mod meeting;
mod random;
mod refusing;
mod running;

use reqwest::Method;
use serde_json::{Value, json};
use tests::town::{Town, id_of, send, token_of};
use tests::{Answer, Client};

use crate::records::Registry;

pub(crate) const WORKFLOWS: &str = "/api/v1/workflows";
pub(crate) const DEFINITIONS: &str = "/api/v1/workflow-definitions";
pub(crate) const LIMITS: &str = "/api/v1/order-limits";

/// A letter: looked through, signed, filed.
pub(crate) fn letter(id: &str) -> String {
    format!(
        r#"
id = "{id}"
version = 1
title = "Brief"
case_type = "brief"
start = "work"
legal = ["AGA § 4"]

[[field]]
key = "letter"
label = "Schreiben"
kind = "document"
from = "document"
required = true

[[field]]
key = "remark"
label = "Bemerkung"
kind = "text"
chars_max = 20

[[field]]
key = "secret"
label = "Vertrauliches"
kind = "text"
private = true

[[state]]
id = "work"
label = "Bearbeitung"
next = "sign"
adhoc = ["consult", "statement", "task"]

  [[state.step]]
  id = "look_through"
  label = "Durchsicht"
  kind = "task"
  assignee = {{ role = "clerk" }}
  ask = [{{ field = "remark", required = false }}]
  outcomes = [
    {{ key = "done", label = "erledigt" }},
    {{ key = "dropped", label = "entfällt", to = "dropped", reason = true }},
  ]
  skip = {{ by = {{ role = "head" }} }}

    [state.step.due]
    working_days = 5
    kind = "deadline"
    remind = [-2, 0]
    escalate = [{{ after = 2, to = {{ role = "head" }} }}]
    extend_by = {{ role = "head" }}

[[state]]
id = "sign"
label = "Zeichnung"
next = "closed"

  [[state.step]]
  id = "final"
  label = "Schlusszeichnung"
  kind = "final_sign"
  assignee = {{ role = "head" }}
  binds = "letter"
  distinct_from = ["look_through"]
  return_to = ["work"]

[[state]]
id = "closed"
label = "z. d. A."
end = "done"
on_enter = [{{ register = "letter" }}, {{ close_case = true }}]

[[state]]
id = "dropped"
label = "entfallen"
end = "dropped"
"#
    )
}

/// An invoice: checked by one, ordered by another whose limit is high enough.
pub(crate) fn invoice(id: &str) -> String {
    format!(
        r#"
id = "{id}"
version = 1
title = "Rechnung"
case_type = "rechnung"
start = "check"

[[field]]
key = "gross"
label = "Bruttobetrag"
kind = "money"
required = true

[[state]]
id = "check"
label = "Prüfung"
next = "order"

  [[state.step]]
  id = "attest_factual"
  label = "sachlich richtig"
  kind = "attest"
  assignee = {{ role = "clerk" }}

[[state]]
id = "order"
label = "Anordnung"
next = "paid"

  [[state.step]]
  id = "payment"
  label = "Anordnung"
  kind = "order"
  assignee = {{ role = "head" }}
  distinct_from = ["attest_factual"]
  require = [{{ is = "actor.limit >= gross", otherwise = "Der Betrag übersteigt Ihre Anordnungsbefugnis." }}]

[[state]]
id = "paid"
label = "angeordnet"
end = "done"
"#
    )
}

/// POST of JSON, or of nothing.
pub(crate) async fn post(client: &Client, path: &str, body: Option<&Value>) -> Answer {
    send(client, Method::POST, path, &[], body).await
}

/// A town with a registry, and definitions that hold.
pub(crate) struct Office {
    pub(crate) registry: Registry,
}

/// Proposes a definition and has it approved by two others.
pub(crate) async fn approve(town: &Town, head: &Client, source: &str) {
    let body = json!({"source": source});
    let proposed = town.admin().post(DEFINITIONS, &body).await.is(201).json();
    let (id, version) = (&proposed["id"], &proposed["version"]);
    let id = id.as_str().expect("a name");
    let path = format!("{DEFINITIONS}/{id}/versions/{version}/approve");
    post(head, &path, None).await.is(200);
    let active = post(&town.registrar().await, &path, None).await.is(200);
    assert_eq!(active.json()["state"], "active");
}

impl Office {
    pub(crate) async fn open() -> Option<Office> {
        Some(Office::of(Registry::start().await?).await)
    }

    /// Of a registry that has started.
    pub(crate) async fn of(registry: Registry) -> Office {
        let office = Office { registry };
        for source in [letter("brief"), invoice("rechnung")] {
            approve(&office.registry.town, &office.registry.head, &source).await;
        }
        office
    }

    pub(crate) fn town(&self) -> &Town {
        &self.registry.town
    }

    pub(crate) fn head(&self) -> &Client {
        &self.registry.head
    }

    /// An open case of a type.
    pub(crate) async fn case(&self, kind: &str) -> Answer {
        case(self.town(), kind).await
    }

    /// A letter that runs: the workflow, the document, and the case.
    pub(crate) async fn begun(&self) -> (Answer, Answer, Answer) {
        begun(self.town(), "brief").await
    }
}

/// An open case of a type, in a file of its own.
pub(crate) async fn case(town: &Town, kind: &str) -> Answer {
    let new = json!({"plan_unit": "02.1", "subject": "Umläufe"});
    let file = town.clerk().post("/api/v1/files", &new).await.is(201);
    let new = json!({"file": id_of(&file), "subject": "Schreiben an Beispiel", "type": kind});
    town.clerk().post("/api/v1/cases", &new).await.is(201)
}

/// A letter that runs by a definition like [`letter`].
pub(crate) async fn begun(town: &Town, definition: &str) -> (Answer, Answer, Answer) {
    let case = case(town, "brief").await;
    let document = town
        .letter("Entwurf", "Sehr geehrte Damen und Herren")
        .await;
    let body =
        json!({"definition": definition, "case": id_of(&case), "document": id_of(&document)});
    let flow = town.clerk().post(WORKFLOWS, &body).await.is(201);
    (flow, document, case)
}

/// The address of a step.
pub(crate) fn step(flow: &Answer, number: u32, what: &str) -> String {
    format!("{WORKFLOWS}/{}/steps/{number}/{what}", id_of(flow))
}

/// SHA-512 of the version of a document in force.
pub(crate) async fn seen(client: &Client, document: &Answer) -> String {
    let path = format!("/api/v1/documents/{}", id_of(document));
    let shown = client.get(&path).await.is(200).json();
    shown["content"]["sha512"]
        .as_str()
        .unwrap_or_default()
        .to_owned()
}

/// A letter by a definition of its own, in a town where nobody has made one: for those who walk all operations. There
/// must be a head with the login `l.heide`, and a plan.
pub(crate) async fn letter_of_its_own(town: &Town) -> (String, Answer) {
    let id = format!("brief-{}", uuid::Uuid::now_v7());
    let head = token_of(&town.app, "l.heide").await;
    approve(town, &town.app.with_token(&head), &letter(&id)).await;
    let (flow, _, _) = begun(town, &id).await;
    (id, flow)
}

/// The same with a side way that a clerk of the department may begin beside the first step.
pub(crate) async fn letter_with_side_way(town: &Town) -> Answer {
    const ASIDE: &str = r#"
[[state]]
id = "interim"
label = "Zwischennachricht"
beside = { states = ["work"], by = [{ role = "clerk" }] }

  [[state.step]]
  id = "write_interim"
  label = "Zwischennachricht schreiben"
  kind = "task"
  assignee = { role = "clerk" }
"#;
    let id = format!("brief-{}", uuid::Uuid::now_v7());
    let head = token_of(&town.app, "l.heide").await;
    let source = format!("{}{ASIDE}", letter(&id));
    approve(town, &town.app.with_token(&head), &source).await;
    let (flow, _, _) = begun(town, &id).await;
    flow
}

/// A day after that on which the first step is due.
pub(crate) fn soon(flow: &Answer) -> String {
    let due = flow.json()["slip"][0]["due"]["on"]
        .as_str()
        .unwrap_or_default()
        .to_owned();
    let (rest, _) = due.rsplit_once('-').unwrap_or(("2099-12", "1"));
    let (year, month) = rest.split_once('-').unwrap_or(("2099", "12"));
    let (mut year, mut month): (i32, u32) =
        (year.parse().unwrap_or(2099), month.parse().unwrap_or(12));
    month += 1;
    if month > 12 {
        (year, month) = (year + 1, 1);
    }
    format!("{year:04}-{month:02}-15")
}
