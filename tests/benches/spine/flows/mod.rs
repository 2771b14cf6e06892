//! Workflows: what a command costs over a durable write, inboxes among many open steps, timers that are due, and
//! the engine alone.

mod commands;
mod engine;
mod house;
mod inboxes;
mod timers;

use tests::{Engine, TestDatabase};

use crate::Plan;
use crate::process::scratch;
use crate::table::{Line, Series, figure};
use house::House;

/// How many people take turns.
const ASKERS: usize = 20;

/// Row 15.
pub(crate) fn workflow_row(plan: &Plan) -> Vec<Line> {
    let mut lines = vec![engine::engine(plan)];
    let house = House::kept(plan);
    lines.extend(measured(plan, "SQLite", &house));
    let server = plan.runtime.block_on(TestDatabase::empty(Engine::Postgres));
    match server {
        Some(database) => {
            let folder = scratch();
            let house = House::on(plan, folder.path(), &database);
            lines.extend(measured(plan, "PostgreSQL", &house));
        }
        None => lines.push(Line::skipped(
            "workflow on PostgreSQL",
            "there is none on this machine",
        )),
    }
    lines
}

fn measured(plan: &Plan, name: &str, house: &House) -> Vec<Line> {
    let mut lines = vec![timers::timers(plan, name, house)];
    lines.push(commands::library(plan, name, house));
    let (work, tokens) = plan.runtime.block_on(commands::prepared(plan, house));
    let served = house.serve();
    lines.push(commands::rest(plan, name, house, &served, (work, &tokens)));
    lines.extend(inboxes::inboxes(plan, name, house, (&served, &tokens)));
    served.stop();
    lines
}

/// Median and the slowest of a hundred.
fn shown(series: &Series) -> String {
    format!(
        "p50 {}, p99 {} ms",
        figure(series.median()),
        figure(series.percentile(99))
    )
}
