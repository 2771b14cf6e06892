//! Reading: text out of born-digital PDFs, scans, pictures of pages, and an import of many documents; each
//! beside the programs of poppler and tesseract on the same files, where there is one.

mod import;
mod mixed;
mod pictures;
mod scans;
mod texts;

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use indexer::extract::{Extractor, Limits};
use server::config::Config;

use crate::Plan;
use crate::process::{cpu_of_ours, place};
use crate::table::{Line, Series};
use crate::town::config;

/// Born-digital PDFs in German administrative language, on A4.
const LETTERS: [&str; 6] = [
    "bafg.pdf",
    "fideverzv.pdf",
    "hreggebv.pdf",
    "muenz5dmbek-1977-03.pdf",
    "ppugv-2021.pdf",
    "vwzg-2005.pdf",
];
/// Scanned letters: one picture of a page of A4, no text.
const SCANS: [&str; 2] = ["scan-emog.pdf", "scan-eurhiuebk.pdf"];

/// Rows 11 to 14.
pub(crate) fn reading_row(plan: &Plan) -> Vec<Line> {
    let mut lines = texts::texts(plan);
    lines.extend(scans::scans(plan));
    lines.extend(pictures::pictures(plan));
    lines
}

/// The memory of a server into which 10,000 documents are imported.
pub(crate) fn import_row(plan: &Plan) -> Vec<Line> {
    import::import(plan)
}

/// A document of the tests of text extraction.
fn data(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("the workspace")
        .join("indexer/tests/data")
        .join(name)
}

/// The settings as they are shipped.
fn shipped() -> Config {
    config(&place())
}

/// What reads and draws, with the limits of the server; so many workers at once.
fn extractor(workers: usize) -> Extractor {
    let settings = shipped().extract;
    let limits = Limits {
        memory_bytes_max: settings.memory_bytes_max,
        wall_time_max: settings.time_max,
        cpu_seconds_max: u32::try_from(settings.time_max.as_secs()).unwrap_or(u32::MAX),
        workers_max: workers,
        ..Limits::default()
    };
    // The binary that is shipped, not this program: starting it is part of what is measured.
    Extractor::new(tests::app::binary(), limits)
}

/// Whether this machine has a program of poppler.
fn has(program: &str) -> bool {
    let asked = Command::new(program)
        .arg("-v")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    asked.is_ok()
}

/// What a program says; it must end well and say something.
fn said(command: &mut Command) -> Vec<u8> {
    let output = command
        .stdin(Stdio::null())
        .output()
        .expect("a program that is there");
    assert!(
        output.status.success() && !output.stdout.is_empty(),
        "{command:?}: {} {}",
        output.status,
        String::from_utf8_lossy(&output.stderr)
    );
    output.stdout
}

/// CPU seconds that this takes, of this program and of the processes that it starts and sees end.
fn cpu(work: impl FnOnce()) -> f64 {
    let before = cpu_of_ours();
    work();
    cpu_of_ours() - before
}

/// What two do, in turns, round by round.
#[derive(Debug, Default)]
struct Turns {
    ours: Vec<f64>,
    theirs: Vec<f64>,
}

impl Turns {
    /// Once for the caches, not counted; then in turns, and who begins changes.
    fn measure(
        rounds: usize,
        mut ours: impl FnMut() -> f64,
        mut theirs: impl FnMut() -> f64,
    ) -> Self {
        ours();
        theirs();
        let mut turns = Self::default();
        for round in 0..rounds {
            if round % 2 == 0 {
                turns.ours.push(ours());
                turns.theirs.push(theirs());
            } else {
                turns.theirs.push(theirs());
                turns.ours.push(ours());
            }
        }
        turns
    }

    /// The median of ours by theirs.
    fn ratio(&self) -> Series {
        let pairs = self.ours.iter().zip(&self.theirs);
        Series::of(pairs.map(|(ours, theirs)| ours / theirs))
    }

    fn line(&self, what: impl Into<String>, peer: &str, unit: &str) -> Line {
        let series = |values: &[f64]| Series::of(values.iter().copied());
        Line::new(what, series(&self.ours).show(unit)).against(
            format!("{peer} {}", series(&self.theirs).show(unit)),
            self.ratio().show("×"),
        )
    }
}
