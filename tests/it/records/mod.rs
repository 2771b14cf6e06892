//! Files, cases and what is registered in them, through the front door.

pub(crate) mod attempts;
mod closing;
mod enclosing;
mod moving;
mod registering;
mod repeating;
mod telling;
mod unseen;

use reqwest::Method;
use serde_json::{Value, json};
use tests::plan::{plan, unit};
use tests::town::{OWN, add, id_of, send};
use tests::{Answer, Client, Town};

/// A town with a plan and more people.
pub(crate) struct Registry {
    pub(crate) town: Town,
    /// Head of [`OWN`].
    pub(crate) head: Client,
    /// The registry: metadata of everything outside of compartments.
    pub(crate) manager: Client,
}

impl Registry {
    /// Starts it.
    pub(crate) async fn start() -> Option<Registry> {
        Some(Registry::of(Town::start().await?).await)
    }

    /// Of a town that has started.
    pub(crate) async fn of(town: Town) -> Registry {
        let units = vec![
            unit("02").kept(10, 3),
            unit("02.1").below("02"),
            unit("02.2").below("02").kept(5, 1),
            unit("02.9").below("02").retired(),
            unit("03").named_by("Az. {seq}"),
        ];
        plan(&town, "2020", ("2020-01-01", None), units).await;
        let old = vec![unit("1990")];
        plan(&town, "1990", ("1990-01-01", Some("2019-12-31")), old).await;
        let head = add(&town.app, "l.heide", "head", Some(OWN)).await;
        Registry {
            head: town.app.with_token(&head),
            manager: town.registrar().await,
            town,
        }
    }

    /// Opens a file of [`OWN`] in a unit.
    pub(crate) async fn file(&self, plan_unit: &str, subject: &str) -> Answer {
        let new = json!({"plan_unit": plan_unit, "subject": subject});
        self.town.clerk().post("/api/v1/files", &new).await.is(201)
    }

    /// Opens a case in a file.
    pub(crate) async fn case(&self, file: &Answer, subject: &str) -> Answer {
        let new = json!({"file": id_of(file), "subject": subject});
        self.town.clerk().post("/api/v1/cases", &new).await.is(201)
    }

    /// Files a document and registers it in a case.
    pub(crate) async fn registered(&self, case: &Answer, title: &str) -> Answer {
        let filed = self.town.letter(title, &format!("Text von {title}")).await;
        register(&self.town.clerk(), &filed, case).await.is(200)
    }
}

/// Registers a document in a case.
pub(crate) async fn register(client: &Client, document: &Answer, case: &Answer) -> Answer {
    let path = format!("/api/v1/documents/{}/register", id_of(document));
    act(
        client,
        &path,
        &document.etag(),
        &json!({"case": id_of(case)}),
    )
    .await
}

/// POST of JSON on the state that `etag` names.
pub(crate) async fn act(client: &Client, path: &str, etag: &str, body: &Value) -> Answer {
    let headers = [("if-match", etag)];
    send(client, Method::POST, path, &headers, Some(body)).await
}

/// POST without a body on the state that `etag` names.
pub(crate) async fn act_on(client: &Client, path: &str, etag: &str) -> Answer {
    send(client, Method::POST, path, &[("if-match", etag)], None).await
}

/// A text of an answer.
pub(crate) fn text(answer: &Answer, field: &str) -> String {
    answer.json()[field].as_str().unwrap_or_default().to_owned()
}

/// The address of what a reference names.
pub(crate) fn by_reference(reference: &str) -> String {
    let encoded: String = reference
        .bytes()
        .map(|byte| format!("%{byte:02X}"))
        .collect();
    format!("/api/v1/references/{encoded}")
}

/// The faults that an answer names: pointer and code.
pub(crate) fn fault(answer: &Answer) -> (String, String) {
    let error = &answer.json()["errors"][0];
    let text = |name: &str| error[name].as_str().unwrap_or_default().to_owned();
    (text("pointer"), text("code"))
}

/// The year of a date or an instant.
pub(crate) fn year_of(date: &str) -> i32 {
    let (year, _) = date.split_once('-').expect("a date");
    year.parse().expect("a year")
}
