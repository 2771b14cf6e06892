//! The invariants that an auditor has computed again: a lively town keeps them, and each can be broken.

mod breaking;

use std::collections::BTreeSet;

use reqwest::Method;
use serde_json::{Value, json};
use tests::town::{OWN, Town, add, id_of, send};
use tests::{Answer, Client, wait_until};

use crate::inspections::in_time;
use crate::records::Registry;
use crate::workflows::{LIMITS, Office, WORKFLOWS, approve, post, seen, step};

pub(crate) const INVARIANTS: &str = "/api/v1/audit/invariants";

/// A letter that is finally signed and then sent.
fn sent(id: &str) -> String {
    format!(
        r#"
id = "{id}"
version = 1
title = "Postausgang"
case_type = "brief"
start = "sign"
legal = ["AGA § 4"]

[[field]]
key = "letter"
label = "Schreiben"
kind = "document"
from = "document"
required = true

[[state]]
id = "sign"
label = "Zeichnung"
next = "send"
on_enter = [{{ register = "letter" }}]

  [[state.step]]
  id = "final"
  label = "Schlusszeichnung"
  kind = "final_sign"
  assignee = {{ role = "head" }}
  binds = "letter"

[[state]]
id = "send"
label = "Versand"
next = "closed"

  [[state.step]]
  id = "dispatch"
  label = "Absenden"
  kind = "dispatch"
  assignee = {{ role = "clerk" }}
  binds = "letter"

    [state.step.due]
    working_days = 1
    extend_by = {{ role = "head" }}

[[state]]
id = "closed"
label = "z. d. A."
end = "done"
on_enter = [{{ close_case = true }}]
"#
    )
}

/// Does a step for somebody else.
async fn post_for(client: &Client, login: &str, path: &str, body: &Value) -> Answer {
    let headers = [("papierlos-on-behalf-of", login)];
    send(client, Method::POST, path, &headers, Some(body)).await
}

/// What was done in the office: a letter signed and filed, one sent, one dropped, one that runs, an invoice ordered.
pub(crate) struct Lively {
    pub(crate) office: Office,
}

impl Lively {
    /// Lets the office work.
    pub(crate) async fn of(office: Office) -> Lively {
        let lively = Lively { office };
        lively.limit().await;
        lively.signed().await;
        lively.sent().await;
        lively.dropped().await;
        lively.ordered().await;
        lively.office.begun().await;
        lively
    }

    fn town(&self) -> &Town {
        self.office.town()
    }

    async fn limit(&self) {
        let town = self.town();
        let limit = json!({"who": "l.heide", "amount": "2000.00", "reason": "Dienstanweisung"});
        let given = town.admin().post(LIMITS, &limit).await.is(201);
        let second = add(&town.app, "z.weite", "admin", None).await;
        let path = format!("{LIMITS}/{}/approve", id_of(&given));
        post(&town.app.with_token(&second), &path, None)
            .await
            .is(200);
    }

    /// By a deputy of the clerk, and the head.
    async fn signed(&self) {
        let (town, head) = (self.town(), self.office.head());
        let deputy = add(&town.app, "v.tretung", "clerk", Some(OWN)).await;
        let deputy = town.app.with_token(&deputy);
        let soon = in_time(390 * 86_400);
        let new = json!({"deputy": "v.tretung", "valid_until": soon, "reason": "Urlaub"});
        town.clerk().post("/api/v1/deputations", &new).await.is(201);
        let (flow, document, _) = self.office.begun().await;
        let done = json!({"outcome": "done", "note": "Gelesen"});
        post_for(&deputy, "m.brandt", &step(&flow, 1, "complete"), &done)
            .await
            .is(200);
        let signed = json!({"seen": seen(head, &document).await});
        post(head, &step(&flow, 2, "complete"), Some(&signed))
            .await
            .is(200);
    }

    async fn sent(&self) {
        let (town, head) = (self.town(), self.office.head());
        approve(town, head, &sent("postausgang")).await;
        let case = self.office.case("brief").await;
        let letter = town.letter("Antwort", "Sehr geehrte Frau Beispiel").await;
        let body =
            json!({"definition": "postausgang", "case": id_of(&case), "document": id_of(&letter)});
        let flow = town.clerk().post(WORKFLOWS, &body).await.is(201);
        let signed = json!({"seen": seen(head, &letter).await});
        post(head, &step(&flow, 1, "complete"), Some(&signed))
            .await
            .is(200);
        let later = time::OffsetDateTime::now_utc().date() + time::Duration::days(30);
        let extended = json!({"until": later.to_string(), "reason": "Porto fehlt"});
        post(head, &step(&flow, 2, "extend"), Some(&extended))
            .await
            .is(200);
        let dispatched = json!({"seen": seen(&town.clerk(), &letter).await});
        post(
            &town.clerk(),
            &step(&flow, 2, "complete"),
            Some(&dispatched),
        )
        .await
        .is(200);
    }

    async fn dropped(&self) {
        let (flow, _, _) = self.office.begun().await;
        let dropped = json!({"outcome": "dropped", "note": "Hat sich erledigt"});
        post(
            &self.town().clerk(),
            &step(&flow, 1, "complete"),
            Some(&dropped),
        )
        .await
        .is(200);
    }

    async fn ordered(&self) {
        let town = self.town();
        let case = self.office.case("rechnung").await;
        let body =
            json!({"definition": "rechnung", "case": id_of(&case), "fields": {"gross": "1250.00"}});
        let flow = town.clerk().post(WORKFLOWS, &body).await.is(201);
        for (client, number) in [(&town.clerk(), 1), (self.office.head(), 2)] {
            let path = step(&flow, number, "complete");
            post(client, &path, Some(&json!({}))).await.is(200);
        }
    }
}

/// The invariants with this verdict.
pub(crate) fn with(report: &Value, verdict: &str) -> BTreeSet<String> {
    let items = report["items"].as_array().expect("items");
    let found = items.iter().filter(|one| one["verdict"] == verdict);
    found
        .map(|one| one["id"].as_str().expect("a name").to_owned())
        .collect()
}

/// Waits until the index knows everything, and gives what an auditor is told.
pub(crate) async fn told(town: &Town) -> Value {
    town.settle().await;
    let mut report = Value::Null;
    wait_until("the invariants are computed", async || {
        let answer = town.auditor().get(INVARIANTS).await.is(200);
        report = answer.json();
        report["verdict"] != "not_checked"
    })
    .await;
    report
}

#[tokio::test]
async fn a_lively_town_keeps_every_invariant() {
    let Some(office) = Office::open().await else {
        return;
    };
    let lively = Lively::of(office).await;
    let report = told(lively.town()).await;
    assert_eq!(report["verdict"], "kept", "{report:#}");
    assert_eq!(with(&report, "broken"), BTreeSet::new(), "{report:#}");
    let outside = ["I-13", "I-14", "I-19", "I-23", "I-26"];
    let outside: BTreeSet<String> = outside.iter().map(|&id| id.to_owned()).collect();
    assert_eq!(with(&report, "not_applicable"), outside, "{report:#}");
    let items = report["items"].as_array().expect("items");
    assert_eq!(items.len(), 26);
    for item in items {
        let (id, verdict) = (&item["id"], &item["verdict"]);
        assert!(item["sentence"]["de"].is_string() && item["sentence"]["en"].is_string());
        if verdict == "not_applicable" {
            assert!(item["reason"]["de"].is_string(), "{id}");
        }
    }
    // Something was looked at: what is kept of nothing proves nothing.
    for id in [
        "I-1", "I-2", "I-4", "I-5", "I-6", "I-7", "I-8", "I-9", "I-10", "I-11", "I-12", "I-20",
        "I-24", "I-25",
    ] {
        let item = items.iter().find(|one| one["id"] == id).expect("an item");
        assert!(
            item["checked"].as_u64().is_some_and(|many| many > 0),
            "{id}: {item}"
        );
    }
}

#[tokio::test]
async fn auditors_ask_for_some_and_others_are_refused() {
    let Some(registry) = Registry::start().await else {
        return;
    };
    let town = &registry.town;
    let some = format!("{INVARIANTS}?only=I-10,I-9");
    let report = town.auditor().get(&some).await.is(200).json();
    let ids: Vec<&Value> = report["items"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|one| &one["id"])
        .collect();
    assert_eq!(ids, ["I-9", "I-10"]);
    for wrong in ["I-99", "", "9"] {
        let path = format!("{INVARIANTS}?only={wrong}");
        let refused = town.auditor().get(&path).await;
        refused.is_problem(400, "query-invalid");
    }
    for client in [&town.clerk(), &registry.head, &town.admin()] {
        client.get(INVARIANTS).await.is_problem(403, "forbidden");
    }
}
