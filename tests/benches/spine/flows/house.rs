//! A town hall in which many workflows run: put in by the library as its people would do it, and kept between
//! runs.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use futures_util::{StreamExt as _, stream};
use sea_orm::{ConnectionTrait as _, DbBackend};
use serde_json::{Value, json};
use server::base::db::{DbError, sql};
use server::base::{Actor, FileId, Role};
use server::cases::{self, NewCase};
use server::config::Config;
use server::departments::{self, PeopleError, Slug};
use server::files::{self, Confidentiality, Medium, NewFile};
use server::unit::Unit;
use server::workflows::{self, NewFlow, Rules, WorkflowError};
use tests::TestDatabase;

use crate::Plan;
use crate::client::Http;
use crate::process::{Served, place};
use crate::rights::{account, put_plan, token};
use crate::town::{Town, config_on};

/// Raised with every change of what is put in.
const VERSION: u32 = 1;
pub(super) const UNITS: usize = 20;
pub(super) const PEOPLE: usize = 200;
/// How often a house is measured: the steps that commands take are fewer each time.
const RUNS_MAX: u32 = 3;
/// Files in which cases are opened: as many in each unit.
const FILES: usize = 200;
/// Writers that wait together.
const WRITERS: usize = 256;
/// Timers for each open step: three follow from its definition, the others are put in as rows of the same kind.
pub(super) const TIMERS_OF_A_STEP: u64 = 10;
const TIMERS_OF_THE_DEFINITION: u64 = 3;
/// When the others are due: far behind whatever is measured.
const FAR: i64 = 7_258_118_400_000_000;
/// The short names of the definitions: one asks whom a field names, one whoever has a role.
const BY_NAME: &str = "messung-person";
const BY_ROLE: &str = "messung-stelle";

/// A step with a deadline that is reminded of and escalated, and one of another hand behind it.
const DEFINITION: &str = r#"
id = "SHORT_NAME"
version = 1
title = "Messung"
case_type = "messung"
start = "pruefen"

[[field]]
key = "wer"
label = "Wer"
kind = "who"

[[field]]
key = "betrag"
label = "Betrag"
kind = "money"

[[state]]
id = "pruefen"
label = "Prüfung"
adhoc = ["task", "consult"]
next = "zeichnen"

  [[state.step]]
  id = "ansehen"
  label = "ansehen"
  kind = "task"
  assignee = ASKED
  ask = [{ field = "betrag", required = false }]
  outcomes = [{ key = "done", label = "erledigt" }, { key = "no", label = "nein", reason = true }]

    [state.step.due]
    months = 60
    remind = [-2, 0]
    escalate = [{ after = 2, to = { role = "head" } }]

[[state]]
id = "zeichnen"
label = "Zeichnung"
next = "fertig"

  [[state.step]]
  id = "zeichnung"
  label = "Zeichnung"
  kind = "approve"
  assignee = { role = "head" }
  distinct_from = ["ansehen"]

[[state]]
id = "fertig"
label = "fertig"
end = "done"
"#;

/// The login of somebody; he works in the unit of the same number, counted round.
pub(super) fn person(number: usize) -> String {
    format!("person-{number}")
}

fn unit_of(number: usize) -> String {
    format!("sachgebiet-{number}")
}

fn function(number: usize) -> String {
    format!("stelle-{number}")
}

/// A town hall with many workflows.
#[derive(Debug)]
pub(super) struct House {
    data: PathBuf,
    database: Option<String>,
    /// How many steps are open, but for those that a measurement has taken.
    pub(super) open: u64,
}

/// Tokens of those who bring a definition in force.
struct Tokens {
    head: String,
    records: String,
    admin: String,
}

impl House {
    /// The one of an earlier run, or a new one: SQLite.
    pub(super) fn kept(plan: &Plan) -> Self {
        let open = plan.large();
        let folder = place().join(format!("workflows-v{VERSION}-{open}"));
        let house = Self {
            data: folder.join("data"),
            database: None,
            open,
        };
        let done = folder.join("complete");
        let runs: Option<u32> = fs::read_to_string(&done)
            .ok()
            .and_then(|text| text.parse().ok());
        let runs = runs.filter(|runs| *runs < RUNS_MAX).unwrap_or_else(|| {
            fs::remove_dir_all(&folder).ok();
            fs::create_dir_all(&folder).expect("a folder");
            house.fill(plan);
            0
        });
        fs::write(&done, (runs + 1).to_string()).expect("a mark");
        house
    }

    /// A new one on a database, half as large: it is filled each time.
    pub(super) fn on(plan: &Plan, folder: &Path, database: &TestDatabase) -> Self {
        let house = Self {
            data: folder.join("data"),
            database: Some(database.url().to_owned()),
            open: plan.large() / 2,
        };
        house.fill(plan);
        house
    }

    pub(super) fn settings(&self) -> Config {
        config_on(&self.data, self.database.as_deref())
    }

    /// Definitions and calendar.
    pub(super) fn rules(&self) -> Rules {
        Rules::open(&self.settings().workflows).expect("the definitions of the program")
    }

    pub(super) async fn open(&self) -> Town {
        Town::open_with(&self.settings()).await
    }

    /// A server on it that is ready.
    pub(super) fn serve(&self) -> Served {
        let database = self.database.iter();
        let database = database.map(|url| ("PAPIERLOS_DATABASE_URL", url.clone()));
        let variables: Vec<(&str, String)> = database.collect();
        let served = Served::start_with(&self.data, &variables);
        served.ready();
        served
    }

    /// Where the floor writes: in the same folder, or in the same database.
    pub(super) fn floor_url(&self) -> String {
        self.database.clone().unwrap_or_else(|| {
            let file = self.data.with_file_name("floor.db");
            format!("sqlite://{}", file.display())
        })
    }

    fn fill(&self, plan: &Plan) {
        let tokens = plan.runtime.block_on(settle(self));
        let served = self.serve();
        adopt(&served, &tokens);
        served.stop();
        plan.note("people, functions and definitions are there");
        plan.runtime.block_on(begin_all(plan, self));
    }
}

/// People: everybody works in one unit, each unit has a head.
async fn settle(house: &House) -> Tokens {
    let town = house.open().await;
    let mut units = Vec::new();
    for number in 0..UNITS {
        let slug = unit_of(number);
        let parsed = Slug::parse(&slug).expect("a slug");
        let system = Actor::system();
        let made = town
            .archive
            .db
            .write(&system, async move |unit: &mut Unit| {
                let made = departments::create_department(unit, parsed, slug).await?;
                Ok::<_, PeopleError>(made.id)
            });
        units.push(made.await.expect("a unit").value);
    }
    for number in 0..PEOPLE {
        let own = units.get(number % UNITS).copied();
        account(&town, &person(number), Role::Clerk, own.as_slice()).await;
    }
    for (number, own) in units.iter().enumerate() {
        let login = format!("leitung-{number}");
        account(&town, &login, Role::Head, &[*own]).await;
    }
    account(&town, "verwaltung", Role::Admin, &[]).await;
    account(&town, "registratur", Role::RecordsManager, &[]).await;
    put_plan(&town).await;
    let tokens = Tokens {
        head: token(&town, "leitung-0").await.1,
        records: token(&town, "registratur").await.1,
        admin: token(&town, "verwaltung").await.1,
    };
    town.close().await;
    tokens
}

/// Definitions, proposed by one and approved by two others; functions, each held by all who work in its unit.
fn adopt(served: &Served, tokens: &Tokens) {
    let mut http = Http::connect(&served.address);
    let path = "/api/v1/workflow-definitions";
    let both = [
        (BY_NAME, r#"{ field = "wer" }"#),
        (BY_ROLE, r#"{ role = "clerk" }"#),
    ];
    for (id, asked) in both {
        let source = DEFINITION.replace("SHORT_NAME", id).replace("ASKED", asked);
        let new = json!({"source": source});
        http.post(path, &tokens.head, &new).is(201);
        let approve = format!("{path}/{id}/versions/1/approve");
        for by in [&tokens.records, &tokens.admin] {
            http.post(&approve, by, &Value::Null).is(200);
        }
    }
    for number in 0..UNITS {
        let (code, department) = (function(number), unit_of(number));
        let new = json!({"code": code, "name": code, "department": department});
        let made = http.post("/api/v1/functions", &tokens.admin, &new).is(201);
        let made = made.json();
        let id = made["id"].as_str().expect("an id");
        let holders = format!("/api/v1/functions/{id}/holders");
        for holder in (number..PEOPLE).step_by(UNITS) {
            let given = json!({"account": person(holder)});
            http.post(&holders, &tokens.admin, &given).is(201);
        }
    }
}

async fn open_files(town: &Town) -> Vec<FileId> {
    let mut all = Vec::new();
    for number in 0..FILES {
        let new = NewFile {
            plan_unit: Some("02".to_owned()),
            subject: format!("Messung, Abschnitt {number}"),
            department: Some(unit_of(number % UNITS)),
            medium: Medium::Electronic,
            confidentiality: Confidentiality::Open,
            opened_on: None,
            tags: Vec::new(),
            note: None,
            parent: None,
        };
        let system = Actor::system();
        let db = &town.archive.db;
        let opened = db.write(&system, async move |unit: &mut Unit| {
            files::open(unit, new).await
        });
        all.push(opened.await.expect("a file").value.id);
    }
    all
}

/// Who acts under this login.
pub(super) async fn actor(town: &Town, login: &str) -> Actor {
    let db = &town.archive.db;
    let account = departments::account_of_login(db.read(), login)
        .await
        .expect("a database")
        .expect("an account");
    departments::actor(db.read(), account, db.now(), None)
        .await
        .expect("somebody")
}

/// Of whom a workflow asks: twelve of twenty of a person, three of a function, five of whoever works in a unit.
/// The unit of its case, its definition, and what stands in the field.
fn asked(number: u64) -> (usize, &'static str, Option<String>) {
    let turn = usize::try_from(number / 20).unwrap_or_default();
    match usize::try_from(number % 20).unwrap_or_default() {
        at @ 0..=11 => {
            let who = (turn * 12 + at) % PEOPLE;
            (who % UNITS, BY_NAME, Some(person(who)))
        }
        at @ 12..=14 => {
            let which = (turn * 3 + at - 12) % UNITS;
            let named = format!("function:{}", function(which));
            (which, BY_NAME, Some(named))
        }
        at => ((turn * 5 + at - 15) % UNITS, BY_ROLE, None),
    }
}

/// Opens a case and begins its workflow, in one unit of work.
async fn begin(
    (town, rules): (&Town, &Rules),
    (by, file): (&Actor, FileId),
    (number, definition, who): (u64, &'static str, Option<String>),
) {
    let rules = rules.clone();
    let new = NewCase {
        file,
        parent: None,
        subject: format!("Antrag {number} auf Bewohnerparkausweis"),
        kind: Some("messung".to_owned()),
        department: None,
        opened_on: None,
        note: None,
        tags: Vec::new(),
    };
    let fields = who.map(|who| ("wer".to_owned(), Value::from(who)));
    let fields: BTreeMap<String, Value> = fields.into_iter().collect();
    let begun = town.archive.db.write(by, async move |unit: &mut Unit| {
        let case = cases::open(unit, new).await?;
        let flow = NewFlow {
            definition: definition.to_owned(),
            version: None,
            case: case.id,
            document: None,
            billed: None,
            fields,
        };
        Box::pin(workflows::start(unit, &rules, flow)).await?;
        Ok::<(), WorkflowError>(())
    });
    begun.await.expect("a workflow");
}

async fn begin_all(plan: &Plan, house: &House) {
    let (town, rules) = (house.open().await, house.rules());
    let files = open_files(&town).await;
    let mut people = Vec::new();
    for number in 0..PEOPLE {
        people.push(actor(&town, &person(number)).await);
    }
    stream::iter(0..house.open)
        .map(async |number| {
            let (unit, definition, who) = asked(number);
            let turn = usize::try_from(number / 20).unwrap_or_default();
            // Both counted on by whole units, so that it is one of the same unit.
            let by = people.get((unit + UNITS * turn) % PEOPLE);
            let file = files.get((unit + UNITS * turn) % FILES).copied();
            let place = (by.expect("somebody"), file.expect("a file"));
            begin((&town, &rules), place, (number, definition, who)).await;
            if number % 10_000 == 9_999 {
                plan.note(&format!("{} workflows", number + 1));
            }
        })
        .buffer_unordered(WRITERS)
        .collect::<Vec<()>>()
        .await;
    add_timers(&town).await;
    plan.note("timers are there");
    town.close().await;
}

/// Further timers of each workflow, as rows: they are made of workflows anyway, and are no evidence.
async fn add_timers(town: &Town) {
    for number in TIMERS_OF_THE_DEFINITION..TIMERS_OF_A_STEP {
        let added = town.archive.db.keep_house(async move |unit: &mut Unit| {
            let text = "INSERT INTO workflow_timer (instance_id, key, due_at, kind, step) \
                        SELECT id, $1, $2 + started_at % 86400000000, 'remind', 1 \
                        FROM workflow_instance";
            let values = [format!("messung-{number}").into(), FAR.into()];
            unit.tx().execute_raw(sql(unit.tx(), text, values)).await?;
            Ok::<(), DbError>(())
        });
        added.await.expect("timers");
    }
    let looked = town.archive.db.keep_house(async move |unit: &mut Unit| {
        // What the database looks at by itself within a minute.
        if unit.tx().get_database_backend() == DbBackend::Postgres {
            unit.tx().execute_unprepared("ANALYZE").await?;
        }
        Ok::<(), DbError>(())
    });
    looked.await.expect("statistics");
}
