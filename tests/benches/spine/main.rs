//! `make bench`: the promised figures, each beside a floor or a peer measured in the same run.
//!
//! `make bench ROWS="upload search"` measures only these rows, `QUICK=1` measures less of each. Ratios
//! are what counts: absolute figures are those of one machine on one day. `docs/performance.md` says
//! what each row is.

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a program at a terminal"
)]

mod client;
mod counter;
mod filled;
mod flows;
mod index;
mod kills;
mod log;
mod material;
mod memory;
mod process;
mod raw;
mod reading;
mod rights;
mod search;
mod table;
mod town;
mod upload;
mod verify;

use std::path::Path;
use std::time::Instant;

use table::Line;

type Row = (&'static str, fn(&Plan) -> Vec<Line>);

/// The rows, in the order of the table.
const ROWS: &[Row] = &[
    ("upload", upload::upload_row),
    ("found", upload::found_row),
    ("search", search::search_row),
    ("rights", rights::rights_row),
    ("audit", log::audit_row),
    ("verify", verify::verify_row),
    ("rebuild", index::rebuild_row),
    ("memory", memory::memory_row),
    ("start", memory::start_row),
    ("kills", kills::kills_row),
    ("reading", reading::reading_row),
    ("import", reading::import_row),
    ("workflow", flows::workflow_row),
    ("counter", counter::counter_row),
];

/// What is to be measured, and with what.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) quick: bool,
    details: bool,
    wanted: Vec<String>,
    since: Instant,
    pub(crate) runtime: tokio::runtime::Runtime,
}

impl Plan {
    fn read() -> Self {
        let words: Vec<String> = std::env::args().skip(1).collect();
        let is = |name: &str| words.iter().any(|word| word == name);
        let wanted: Vec<String> = words
            .iter()
            .filter(|word| !word.starts_with('-'))
            .cloned()
            .collect();
        for word in &wanted {
            let known = ROWS.iter().any(|(name, _)| name == word);
            assert!(
                known,
                "{word}: there is upload, found, search, rights, audit, verify, rebuild, memory, start, kills, reading, import, workflow, counter"
            );
        }
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build();
        Self {
            quick: is("--quick"),
            details: is("--details"),
            wanted,
            since: Instant::now(),
            runtime: runtime.expect("a runtime"),
        }
    }

    /// How many documents a large archive has.
    pub(crate) fn large(&self) -> u64 {
        if self.quick { 10_000 } else { 100_000 }
    }

    /// Says on standard error how it goes.
    pub(crate) fn note(&self, text: &str) {
        eprintln!("{:>7.1} s  {text}", self.since.elapsed().as_secs_f64());
    }

    /// Like `note`, for `--details` only.
    pub(crate) fn detail(&self, text: &str) {
        if self.details {
            self.note(text);
        }
    }
}

fn main() {
    let mut words = std::env::args().skip(1);
    if words.next().as_deref() == Some(verify::ALONE) {
        let folder = words.next().expect("a folder");
        println!("{}", verify::alone(Path::new(&folder)));
        return;
    }
    let plan = Plan::read();
    let machine = process::machine();
    let mut lines = Vec::new();
    for (name, measure) in ROWS {
        if plan.wanted.is_empty() || plan.wanted.iter().any(|word| word == name) {
            plan.note(&format!("== {name}"));
            lines.extend(measure(&plan));
            eprintln!("{}", table::table(&lines));
        }
    }
    println!("{}", table::table(&lines));
    println!("{machine}");
}
