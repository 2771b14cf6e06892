//! A file plan and compartments, through the front door: what tests of files begin with.

use std::collections::BTreeMap;

use reqwest::Method;
use sea_orm::{
    ConnectOptions, ConnectionTrait, Database, DatabaseConnection, DbBackend, Statement,
};
use serde_json::json;
use uuid::Uuid;

use crate::app::TestApp;
use crate::town::{self, Town, id_of, send};

/// A unit as a test wants it.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    code: String,
    parent: Option<String>,
    retention_years: Option<u32>,
    transfer_years: Option<u32>,
    compartment: Option<String>,
    retired: bool,
    file_pattern: Option<String>,
}

/// A unit with this mark.
#[must_use]
pub fn unit(code: &str) -> Wanted {
    Wanted {
        code: code.to_owned(),
        ..Wanted::default()
    }
}

impl Wanted {
    /// Below the unit with this mark, which comes before it.
    #[must_use]
    pub fn below(mut self, parent: &str) -> Wanted {
        self.parent = Some(parent.to_owned());
        self
    }

    /// With these periods in years.
    #[must_use]
    pub fn kept(mut self, retention: u32, transfer: u32) -> Wanted {
        self.retention_years = Some(retention);
        self.transfer_years = Some(transfer);
        self
    }

    /// In this compartment.
    #[must_use]
    pub fn within(mut self, compartment: &str) -> Wanted {
        self.compartment = Some(compartment.to_owned());
        self
    }

    /// Retired.
    #[must_use]
    pub fn retired(mut self) -> Wanted {
        self.retired = true;
        self
    }

    /// With this pattern for its files.
    #[must_use]
    pub fn named_by(mut self, pattern: &str) -> Wanted {
        self.file_pattern = Some(pattern.to_owned());
        self
    }
}

/// Puts an edition with these units in, as the registry does; gives the id of each unit.
///
/// # Panics
/// When it cannot be put in.
pub async fn plan(
    town: &Town,
    edition: &str,
    (from, until): (&str, Option<&str>),
    units: Vec<Wanted>,
) -> BTreeMap<String, String> {
    let registrar = town.registrar().await;
    let new = json!({"name": "Aktenplan", "edition": edition, "valid_from": from,
        "valid_until": until});
    let made = registrar.post("/api/v1/file-plans", &new).await.is(201);
    let path = format!("/api/v1/file-plans/{}/units", id_of(&made));
    let mut known = BTreeMap::new();
    for wanted in units {
        let parent = wanted.parent.as_ref().and_then(|code| known.get(code));
        let new = json!({"code": wanted.code, "title": format!("Einheit {}", wanted.code),
            "parent": parent, "disposal": "B", "compartment": wanted.compartment,
            "retention_years": wanted.retention_years, "transfer_years": wanted.transfer_years,
            "file_pattern": wanted.file_pattern});
        let added = registrar.post(&path, &new).await.is(201);
        if wanted.retired {
            let retire = format!("/api/v1/plan-units/{}/retire", id_of(&added));
            let etag = added.etag();
            let headers = [("if-match", etag.as_str())];
            send(&registrar, Method::POST, &retire, &headers, None)
                .await
                .is(200);
        }
        known.insert(wanted.code, id_of(&added));
    }
    known
}

/// A connection on which keys to the log are not asked for.
async fn past_the_keys(app: &TestApp) -> DatabaseConnection {
    let url = match app.database() {
        Some(database) => database.url().to_owned(),
        None => format!("sqlite://{}", app.data().join("papierlos.db").display()),
    };
    let mut options = ConnectOptions::new(url);
    options.max_connections(1).sqlx_logging(false);
    let connection = Database::connect(options).await.expect("the database");
    let unasked = if connection.get_database_backend() == DbBackend::Postgres {
        "SET session_replication_role = replica"
    } else {
        "PRAGMA foreign_keys = OFF"
    };
    connection
        .execute_unprepared(unasked)
        .await
        .expect("a setting");
    connection
}

async fn run(on: &DatabaseConnection, text: &str, values: Vec<sea_orm::Value>) {
    let statement = Statement::from_sql_and_values(on.get_database_backend(), text, values);
    on.execute_raw(statement).await.expect("a statement");
}

/// A compartment, as an administrator creates it; gives its id.
///
/// # Panics
/// When it is not created.
pub async fn compartment(app: &TestApp, code: &str) -> Uuid {
    let admin = app.with_token(&town::token_of(app, "chef").await);
    let new = json!({"code": code, "name": code});
    let made = admin.post("/api/v1/compartments", &new).await.is(201);
    id_of(&made).parse().expect("an id")
}

/// Opens a compartment to an account: one administrator asks for it, another approves.
///
/// # Panics
/// When it is not opened.
pub async fn admit(app: &TestApp, compartment: Uuid, login: &str) {
    let admin = app.with_token(&town::token_of(app, "chef").await);
    let second = town::add(app, &format!("zweite.{login}"), "admin", None).await;
    let grants = format!("/api/v1/compartments/{compartment}/grants");
    let ask = json!({"account": login, "reason": "Sachbearbeitung"});
    let asked = admin.post(&grants, &ask).await.is(201);
    let approve = format!("/api/v1/compartment-grants/{}/approve", id_of(&asked));
    let second = app.with_token(&second);
    send(&second, Method::POST, &approve, &[], None)
        .await
        .is(200);
}

/// Runs a statement past the log, as someone with the database's password could.
///
/// # Panics
/// When it cannot be run.
pub async fn damage(app: &TestApp, statement: &str) {
    let on = past_the_keys(app).await;
    run(&on, statement, Vec::new()).await;
    on.close().await.expect("an idle connection closes");
}
