//! A file plan, and compartments, put in past the front door: what tests of files begin with.

use std::collections::BTreeMap;
use std::path::Path;

use sea_orm::{
    ConnectOptions, ConnectionTrait, Database, DatabaseConnection, DbBackend, Statement,
};
use server::archive::Archive;
use server::base::db::DbError;
use server::base::{Actor, CivilDate, CompartmentId, PlanId, PlanUnitId, Timestamp};
use server::config::{Config, Sources};
use server::file_plan::{Disposal, Plan, PlanUnit, insert_plan, insert_unit};
use server::unit::Unit;
use uuid::Uuid;

use crate::app::TestApp;

/// A unit as a test wants it.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    code: String,
    parent: Option<String>,
    retention_years: Option<u32>,
    transfer_years: Option<u32>,
    compartment: Option<Uuid>,
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
    /// Below the unit with this mark.
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
    pub fn within(mut self, compartment: Uuid) -> Wanted {
        self.compartment = Some(compartment);
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

    fn built(
        &self,
        plan: PlanId,
        known: &BTreeMap<String, PlanUnitId>,
        now: Timestamp,
    ) -> PlanUnit {
        let parent = self.parent.as_ref().and_then(|code| known.get(code));
        PlanUnit {
            id: PlanUnitId::new(),
            version: 1,
            plan,
            parent: parent.copied(),
            code: self.code.clone(),
            title: format!("Einheit {}", self.code),
            file_pattern: self.file_pattern.clone(),
            case_pattern: None,
            document_pattern: None,
            retention_years: self.retention_years,
            transfer_years: self.transfer_years,
            disposal: Disposal::Appraise,
            protection: None,
            compartment: self.compartment.map(CompartmentId::of),
            legal_basis: None,
            note: None,
            retired_at: self.retired.then_some(now),
        }
    }
}

/// Puts an edition with these units in; gives the id of each unit.
///
/// # Panics
/// When it cannot be put in.
pub async fn plan(
    app: &TestApp,
    edition: &str,
    (from, until): (&str, Option<&str>),
    units: Vec<Wanted>,
) -> BTreeMap<String, Uuid> {
    let archive = Archive::open(&config(app)).await.expect("the archive");
    let new = Plan {
        id: PlanId::new(),
        version: 1,
        name: "Aktenplan".to_owned(),
        edition: edition.to_owned(),
        valid_from: CivilDate::parse(from).expect("a date"),
        valid_until: until.map(|date| CivilDate::parse(date).expect("a date")),
        created_at: archive.db.now(),
    };
    let written = archive
        .db
        .write(&Actor::system(), async move |unit: &mut Unit| {
            insert_plan(unit, &new).await?;
            let mut known = BTreeMap::new();
            for wanted in units {
                let built = wanted.built(new.id, &known, unit.now());
                insert_unit(unit, &built).await?;
                known.insert(built.code, built.id);
            }
            Ok::<_, DbError>(known)
        })
        .await
        .expect("a plan");
    archive.db.close().await;
    let raw = |(code, id): (String, PlanUnitId)| (code, id.raw());
    written.value.into_iter().map(raw).collect()
}

fn config(app: &TestApp) -> Config {
    let mut arguments = vec![("data_dir", app.data().display().to_string())];
    let database = app.database().map(|one| one.url().to_owned());
    arguments.extend(database.map(|url| ("database.url", url)));
    let sources = Sources {
        file: None,
        env: &BTreeMap::new(),
        arguments: &arguments,
        read: &|path: &Path| std::fs::read_to_string(path),
    };
    Config::load(&sources).expect("settings")
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

/// A compartment, past the log.
///
/// # Panics
/// When it cannot be made.
pub async fn compartment(app: &TestApp, code: &str) -> Uuid {
    let on = past_the_keys(app).await;
    let id = Uuid::now_v7();
    let text = "INSERT INTO compartment (id, version, number, code, name, guarded, created_at) \
                VALUES ($1, 1, (SELECT coalesce(max(number), 0) + 1 FROM compartment), $2, $2, 0, 0)";
    run(&on, text, vec![id.into(), code.into()]).await;
    on.close().await.expect("an idle connection closes");
    id
}

/// Opens a compartment to an account, past the log.
///
/// # Panics
/// When it cannot be opened.
pub async fn admit(app: &TestApp, compartment: Uuid, login: &str) {
    let on = past_the_keys(app).await;
    let text = "INSERT INTO compartment_grant (id, version, account_id, compartment_id, granted_at, granted_by) \
                SELECT $1, 1, id, $2, 0, id FROM account WHERE login = $3";
    let values = vec![Uuid::now_v7().into(), compartment.into(), login.into()];
    run(&on, text, values).await;
    on.close().await.expect("an idle connection closes");
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
