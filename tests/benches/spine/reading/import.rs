//! Many documents at once: `papierlos import` beside a running server, and the memory of both.

use std::fs::File;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use super::mixed;
use crate::Plan;
use crate::material::Pool;
use crate::process::{memory, wait};
use crate::table::{Line, figure};
use crate::town::DEPARTMENTS;
use crate::upload::Fresh;

/// How much may have grown from a tenth of the work to its end.
const FLAT: f64 = 1.25;
const MUST: &str = "flat: ≤ 1.25 ×";
const MB: f64 = 1_048_576.0;

/// The peak of a process, by how much of the work was done.
#[derive(Debug, Default)]
struct Peaks(Vec<(u64, f64)>);

impl Peaks {
    /// Who has ended has no memory: that is no sample.
    fn push(&mut self, done: u64, bytes: u64) {
        if bytes > 0 {
            self.0.push((done, bytes as f64 / MB));
        }
    }

    /// The peak when so much of the work was done, in MB.
    fn at(&self, percent: u64) -> f64 {
        let whole = self.0.last().map_or(0, |(done, _)| *done);
        let reached = self
            .0
            .iter()
            .find(|(done, _)| done * 100 >= whole * percent);
        reached.map_or(f64::NAN, |(_, peak)| *peak)
    }

    /// The last there is: the whole work done and nothing left to do.
    fn end(&self) -> f64 {
        self.0.last().map_or(f64::NAN, |(_, peak)| *peak)
    }

    fn line(&self, plan: &Plan, what: String) -> Line {
        let [tenth, half, end] = [self.at(10), self.at(50), self.end()];
        let shown = [tenth, half, end].map(figure).join(", ");
        let ratio = end / tenth;
        let line = Line::new(what, format!("peak at 10, 50, 100 %: {shown} MB"));
        let line = line.against("", format!("{} ×", figure(ratio)));
        // A tenth of a few hundred is still the warming up: of that nothing is promised.
        if plan.quick {
            line
        } else {
            line.must(MUST, ratio <= FLAT)
        }
    }
}

/// Starts the import; what it complains of goes into a file.
fn start(data: &Path, folder: &Path, complaints: &Path) -> Child {
    let department = DEPARTMENTS.first().copied().unwrap_or_default();
    Command::new(tests::app::binary())
        .args(["import", "--json", "--department", department, "--data"])
        .arg(data)
        .arg(folder)
        .env("PAPIERLOS_LOGGING_LEVEL", "warn")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(File::create(complaints).expect("a file"))
        .spawn()
        .expect("the import starts")
}

/// How many documents have been read so far, those that were taken out of others too.
fn read_so_far(fresh: &Fresh, plan: &Plan) -> u64 {
    let query = "SELECT count(DISTINCT document_version_id) FROM rendition WHERE kind = 'text'";
    fresh.number(plan, query)
}

fn jobs(fresh: &Fresh, plan: &Plan) -> u64 {
    fresh.number(plan, "SELECT count(*) FROM job WHERE failed_at IS NULL")
}

pub(super) fn import(plan: &Plan) -> Vec<Line> {
    let count: u64 = if plan.quick { 300 } else { 10_000 };
    let fresh = Fresh::start(plan);
    let root = fresh.folder.path();
    let (data, folder) = (root.join("data"), root.join("drive"));
    mixed::write(&Pool::new(), &folder, count);
    plan.note(&format!("{count} documents written"));
    fresh.served.forget_peak();
    let (mut importer, mut server) = (Peaks::default(), Peaks::default());
    let since = Instant::now();
    let complaints = root.join("import.log");
    let mut child = start(&data, &folder, &complaints);
    let said = BufReader::new(child.stdout.take().expect("a pipe"));
    let (mut told, mut filed) = (0_u64, 0_u64);
    for line in said.lines().map_while(Result::ok) {
        let line: Value = serde_json::from_str(&line).unwrap_or_default();
        told += 1;
        if matches!(line["outcome"].as_str(), Some("filed" | "duplicate")) {
            filed += 1;
        } else {
            plan.note(&line.to_string());
        }
        if told % (count / 100) == 0 {
            importer.push(told, memory(child.id()).peak);
            server.push(read_so_far(&fresh, plan), fresh.served.memory().peak);
        }
    }
    let ended = child.wait().expect("our own child");
    let complained = std::fs::read_to_string(&complaints).unwrap_or_default();
    assert!(ended.success() && filed == count, "{filed}: {complained}");
    let took = since.elapsed().as_secs_f64();
    let mut left = jobs(&fresh, plan);
    while left > 0 {
        wait("some more is read", || {
            std::thread::sleep(Duration::from_millis(200));
            jobs(&fresh, plan) != left
        });
        left = jobs(&fresh, plan);
        server.push(read_so_far(&fresh, plan), fresh.served.memory().peak);
    }
    fresh.drained(plan);
    let read = read_so_far(&fresh, plan);
    server.push(read, fresh.served.memory().peak);
    let all = since.elapsed().as_secs_f64();
    let rate = figure(count as f64 / took);
    let by_import =
        format!("import of {count} mixed documents, {rate} docs/s: the importing process");
    let by_server = format!(
        "the same: the server beside it, until all {read} are read, {} docs/s",
        figure(read as f64 / all)
    );
    vec![importer.line(plan, by_import), server.line(plan, by_server)]
}
