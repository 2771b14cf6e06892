//! What is done with steps: claimed, done, and another one put before it; by the library and through REST, each
//! beside one durable commit of one row.

use std::collections::BTreeMap;
use std::time::Instant;

use sea_orm::{ConnectionTrait as _, DatabaseConnection};
use serde_json::{Value, json};
use server::base::db::{Access, connect, sql};
use server::base::{AccountId, Actor, WorkflowId};
use server::departments;
use server::unit::Unit;
use server::workflows::{self, Rules, WorkflowError};
use uuid::Uuid;
use workflow::definition::StepKind;
use workflow::instance::{Assigned, Command, Id};

use super::house::{House, PEOPLE, UNITS, actor, person};
use super::{ASKERS, shown};
use crate::Plan;
use crate::client::Http;
use crate::process::Served;
use crate::rights::token;
use crate::table::{Line, Series, figure};
use crate::town::Town;

/// What a command may take longer than the floor, in ms.
const OVER_MAX: f64 = 20.0;

/// What is done with a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum What {
    Claim,
    Complete,
    Insert,
}

impl What {
    const ALL: [Self; 3] = [Self::Claim, Self::Complete, Self::Insert];

    /// As it stands in the address.
    const fn word(self) -> &'static str {
        match self {
            Self::Claim => "claim",
            Self::Complete => "complete",
            Self::Insert => "insert",
        }
    }
}

/// Two workflows in which somebody is asked by name: one whose step is done, one in which something is inserted.
#[derive(Clone, Copy, Debug)]
pub(super) struct Work {
    asker: usize,
    done: WorkflowId,
    inserted: WorkflowId,
}

impl Work {
    const fn of(self, what: What) -> WorkflowId {
        match what {
            What::Claim | What::Complete => self.done,
            What::Insert => self.inserted,
        }
    }
}

/// Who is consulted: somebody of the same unit.
fn colleague(asker: usize) -> String {
    person((asker + UNITS) % PEOPLE)
}

fn turns(plan: &Plan) -> usize {
    if plan.quick { 40 } else { 200 }
}

/// Steps that nobody has claimed, of people who take turns.
async fn work(plan: &Plan, town: &Town) -> Vec<Work> {
    let rows = town.archive.db.read();
    let each = turns(plan) / ASKERS;
    let mut all = Vec::new();
    for asker in 0..ASKERS {
        let account = departments::account_of_login(rows, &person(asker)).await;
        let account: AccountId = account.expect("a database").expect("an account");
        let text = "SELECT instance_id FROM workflow_asked \
                    WHERE who = $1 AND step = 1 AND claimed_by IS NULL \
                    ORDER BY instance_id LIMIT $2";
        let limit = i64::try_from(2 * each).unwrap_or_default();
        let values = [format!("account:{account}").into(), limit.into()];
        let found = rows.query_all_raw(sql(rows, text, values)).await;
        let found: Vec<WorkflowId> = found
            .expect("steps")
            .iter()
            .map(|row| {
                let id: Uuid = row.try_get_by_index(0).expect("an id");
                WorkflowId::of(id)
            })
            .collect();
        for pair in found.chunks_exact(2) {
            if let [done, inserted] = pair {
                all.push(Work {
                    asker,
                    done: *done,
                    inserted: *inserted,
                });
            }
        }
    }
    all
}

/// What is done through REST, and tokens of those who do it.
pub(super) async fn prepared(plan: &Plan, house: &House) -> (Vec<Work>, Vec<String>) {
    let town = house.open().await;
    let work = work(plan, &town).await;
    let mut tokens = Vec::new();
    for asker in 0..ASKERS {
        tokens.push(token(&town, &person(asker)).await.1);
    }
    town.close().await;
    (work, tokens)
}

/// The floor: one row, one commit with full sync, in the same folder or the same database.
struct Floor(DatabaseConnection);

impl Floor {
    async fn open(house: &House) -> Self {
        let url = house.floor_url();
        let database = connect(&url, Access::Write).await.expect("a database");
        let table = "CREATE TABLE IF NOT EXISTS bench_floor (what TEXT NOT NULL)";
        database.execute_unprepared(table).await.expect("a table");
        Self(database)
    }

    /// Milliseconds of one commit.
    async fn write(&self) -> f64 {
        let since = Instant::now();
        let values = ["ein Satz".into()];
        let insert = sql(&self.0, "INSERT INTO bench_floor VALUES ($1)", values);
        self.0.execute_raw(insert).await.expect("a commit");
        since.elapsed().as_secs_f64() * 1e3
    }
}

/// What was measured, by command, and the commits in turns with it.
#[derive(Default)]
struct Took {
    commands: BTreeMap<What, Vec<f64>>,
    floors: Vec<f64>,
}

impl Took {
    fn line(self, plan: &Plan, (name, how): (&str, &str)) -> Line {
        for (what, took) in &self.commands {
            let took = Series::of(took.iter().copied());
            let what = what.word();
            plan.note(&format!("{name}, {how}, {what}: {}", shown(&took)));
        }
        let took = Series::of(self.commands.into_values().flatten());
        let floor = Series::of(self.floors);
        let over = took.percentile(99) - floor.percentile(99);
        Line::new(
            format!(
                "workflow, {name}: claim, complete, insert {how} (of {})",
                took.len()
            ),
            shown(&took),
        )
        .against(
            format!("one durable commit: {}", shown(&floor)),
            format!("p99 {} ms over it", figure(over)),
        )
        .must("p99 ≤ 20 ms over its write", over <= OVER_MAX)
    }
}

/// A command for the engine.
fn command(what: What, colleague: &Actor) -> Command {
    match what {
        What::Claim => Command::Claim { step: 1 },
        What::Complete => Command::Complete {
            step: 1,
            outcome: "done".to_owned(),
            fields: BTreeMap::new(),
            note: None,
            seen: None,
            documents: Vec::new(),
        },
        What::Insert => Command::Insert {
            step: 1,
            kind: StepKind::Consult,
            to: vec![Assigned::Person {
                account: Id(colleague.account.to_string()),
            }],
            text: Some("Bitte um Rücksprache".to_owned()),
            due: None,
            holds: true,
        },
    }
}

async fn run(town: &Town, rules: &Rules, by: &Actor, (id, what): (WorkflowId, Command)) -> f64 {
    let rules = rules.clone();
    let since = Instant::now();
    let done = town.archive.db.write(by, async move |unit: &mut Unit| {
        Box::pin(workflows::command(unit, &rules, id, what)).await?;
        Ok::<(), WorkflowError>(())
    });
    done.await.expect("a command");
    since.elapsed().as_secs_f64() * 1e3
}

/// By the library, in this process.
pub(super) fn library(plan: &Plan, name: &str, house: &House) -> Line {
    let took = plan.runtime.block_on(async {
        let (town, rules) = (house.open().await, house.rules());
        let floor = Floor::open(house).await;
        let mut took = Took::default();
        for one in work(plan, &town).await {
            let by = actor(&town, &person(one.asker)).await;
            let other = actor(&town, &colleague(one.asker)).await;
            for what in What::ALL {
                took.floors.push(floor.write().await);
                let asked = (one.of(what), command(what, &other));
                let ms = run(&town, &rules, &by, asked).await;
                took.commands.entry(what).or_default().push(ms);
            }
        }
        town.close().await;
        took
    });
    took.line(plan, (name, "by the library"))
}

/// Through REST: the answer shows the whole workflow, and what may be done next.
pub(super) fn rest(
    plan: &Plan,
    name: &str,
    house: &House,
    served: &Served,
    (work, tokens): (Vec<Work>, &[String]),
) -> Line {
    let floor = plan.runtime.block_on(Floor::open(house));
    let mut http = Http::connect(&served.address);
    let mut took = Took::default();
    for one in work {
        let token = tokens.get(one.asker).expect("a token");
        for what in What::ALL {
            let body = match what {
                What::Claim => Value::Null,
                What::Complete => json!({"outcome": "done"}),
                What::Insert => json!({"kind": "consult", "to": [colleague(one.asker)],
                    "text": "Bitte um Rücksprache", "holds": true}),
            };
            let (id, word) = (one.of(what), what.word());
            let path = format!("/api/v1/workflows/{id}/steps/1/{word}");
            took.floors.push(plan.runtime.block_on(floor.write()));
            let since = Instant::now();
            http.post(&path, token, &body).is(200);
            let ms = since.elapsed().as_secs_f64() * 1e3;
            took.commands.entry(what).or_default().push(ms);
        }
    }
    took.line(plan, (name, "through REST"))
}
