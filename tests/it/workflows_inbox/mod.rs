//! What is asked of people in workflows, what they are told, and what is done by the clock.

mod bulk;
mod calendars;
mod lists;
mod mails;
mod timers;
mod told;

use reqwest::Method;
use serde_json::{Value, json};
use tests::plan::{compartment, plan, unit};
use tests::town::{OTHER, OWN, add, id_of, send, walk};
use tests::{Answer, Client, Start, Town};

/// A definition with one step, for whoever is said: `ASKED` is an assignee.
const ONE_STEP: &str = r#"
id = "pruefung"
version = 1
title = "Prüfung"
case_type = "pruefung"
start = "pruefen"

[[field]]
key = "wer"
label = "Wer"
kind = "who"

[[state]]
id = "pruefen"
label = "Prüfung"
adhoc = ["task", "consult"]
next = "fertig"

  [[state.step]]
  id = "ansehen"
  label = "ansehen"
  kind = "task"
  assignee = ASKED
  outcomes = [{ key = "done", label = "erledigt" }, { key = "no", label = "nein", reason = true }]

    [state.step.due]
    working_days = 3
    remind = [0]
    escalate = [{ after = 1, to = { role = "head" } }]

[[state]]
id = "fertig"
label = "fertig"
end = "done"
"#;

/// Asked is whom the field names.
pub(crate) const BY_FIELD: &str = r#"{ field = "wer" }"#;
/// Asked is whoever is a clerk in the department of the case.
pub(crate) const BY_ROLE: &str = r#"{ role = "clerk" }"#;

/// A town that works by a definition with one step.
pub(crate) struct Office {
    pub(crate) town: Town,
    /// Head of [`OWN`].
    pub(crate) head: Client,
    /// The compartment of what stands in unit 09.
    pub(crate) hidden: uuid::Uuid,
    file: String,
}

impl Office {
    pub(crate) async fn open(asked: &str) -> Option<Office> {
        Office::of(Start::new(), asked).await
    }

    pub(crate) async fn of(start: Start, asked: &str) -> Option<Office> {
        let town = Town::of(start).await?;
        let hidden = compartment(&town.app, "PERSONAL").await;
        let units = vec![unit("02"), unit("09").within("PERSONAL")];
        plan(&town, "2020", ("2020-01-01", None), units).await;
        let head = add(&town.app, "l.heide", "head", Some(OWN)).await;
        let head = town.app.with_token(&head);
        let new = json!({"plan_unit": "02", "subject": "Prüfungen"});
        let file = town.clerk().post("/api/v1/files", &new).await.is(201);
        let source = ONE_STEP.replace("ASKED", asked);
        adopt(&town, &head, &source).await;
        Some(Office {
            file: id_of(&file),
            hidden,
            town,
            head,
        })
    }

    /// Begins a workflow in a case of its own; gives its id.
    pub(crate) async fn begin(&self, subject: &str, who: Option<&str>) -> String {
        self.begin_in(&self.file, subject, who).await
    }

    /// The same in the compartment, to which the clerk is admitted.
    pub(crate) async fn begin_inside(&self, subject: &str, who: Option<&str>) -> String {
        let new = json!({"plan_unit": "09", "subject": "Personal"});
        let file = self.town.clerk().post("/api/v1/files", &new).await.is(201);
        self.begin_in(&id_of(&file), subject, who).await
    }

    async fn begin_in(&self, file: &str, subject: &str, who: Option<&str>) -> String {
        let clerk = self.town.clerk();
        let new = json!({"file": file, "subject": subject, "type": "pruefung"});
        let case = clerk.post("/api/v1/cases", &new).await.is(201);
        let fields = who.map_or_else(|| json!({}), |who| json!({"wer": who}));
        let new = json!({"definition": "pruefung", "case": id_of(&case), "fields": fields});
        let begun = clerk.post("/api/v1/workflows", &new).await.is(201);
        id_of(&begun)
    }
}

/// Puts a definition in: proposed by one, approved by two others.
pub(crate) async fn adopt(town: &Town, head: &Client, source: &str) {
    let path = "/api/v1/workflow-definitions";
    let proposed = head.post(path, &json!({"source": source})).await.is(201);
    let id = proposed.json()["id"].as_str().expect("a name").to_owned();
    let approve = format!("{path}/{id}/versions/1/approve");
    for by in [town.registrar().await, town.admin()] {
        send(&by, Method::POST, &approve, &[], None).await.is(200);
    }
}

/// Does something to the first step of a workflow.
pub(crate) async fn on_step(client: &Client, workflow: &str, what: &str, body: &Value) -> Answer {
    let path = format!("/api/v1/workflows/{workflow}/steps/1/{what}");
    send(client, Method::POST, &path, &[], Some(body)).await
}

/// What lies in an inbox.
pub(crate) async fn inbox(client: &Client, query: &str) -> Vec<Value> {
    walk(client, &format!("/api/v1/inbox?limit=2{query}")).await
}

/// The workflows of what lies in an inbox.
pub(crate) async fn workflows(client: &Client, query: &str) -> Vec<String> {
    let all = inbox(client, query).await;
    let id = |one: &Value| one["workflow"].as_str().map(str::to_owned);
    let mut ids: Vec<String> = all.iter().filter_map(id).collect();
    ids.sort();
    ids
}

/// GET in somebody's stead.
pub(crate) async fn in_stead(client: &Client, of: &str, path: &str) -> Answer {
    let headers = [("papierlos-on-behalf-of", of)];
    send(client, Method::GET, path, &headers, None).await
}

/// A function of [`OWN`] that `login` holds.
pub(crate) async fn function(town: &Town, code: &str, login: &str) {
    let new = json!({"code": code, "name": code, "department": OWN});
    let made = town.admin().post("/api/v1/functions", &new).await.is(201);
    let path = format!("/api/v1/functions/{}/holders", id_of(&made));
    let given = town.admin().post(&path, &json!({"account": login})).await;
    given.is(201);
}

/// Names a deputy for a week.
pub(crate) async fn deputy(town: &Town, principal: &str, deputy: &str) {
    let until = time::OffsetDateTime::now_utc() + time::Duration::days(7);
    let until = until
        .format(&time::format_description::well_known::Rfc3339)
        .expect("a time");
    let new = json!({"principal": principal, "deputy": deputy, "valid_until": until});
    town.admin().post("/api/v1/deputations", &new).await.is(201);
}

/// Another clerk of [`OWN`], and one of [`OTHER`].
pub(crate) async fn colleagues(town: &Town) -> (Client, Client) {
    let own = add(&town.app, "s.kollege", "clerk", Some(OWN)).await;
    let other = add(&town.app, "f.fremd", "clerk", Some(OTHER)).await;
    (town.app.with_token(&own), town.app.with_token(&other))
}
