//! Text of born-digital PDFs: a worker for each against `pdftotext` for each.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use indexer::extract::TextState;

use super::{LETTERS, Turns, cpu, data, extractor, has, said};
use crate::Plan;
use crate::table::Line;

const WHAT: &str = "CPU of reading a born-digital PDF, a process for each, its start included";
const PEER: &str = "pdftotext";

pub(super) fn texts(plan: &Plan) -> Vec<Line> {
    if !has(PEER) {
        return vec![Line::skipped(WHAT, "pdftotext (poppler-utils) is missing")];
    }
    let (rounds, times) = if plan.quick { (3, 10) } else { (9, 30) };
    let paths: Vec<PathBuf> = LETTERS.into_iter().map(data).collect();
    let count = (times * paths.len()) as f64;
    let reader = extractor(1);
    let each = |work: &dyn Fn(&PathBuf)| {
        let seconds = cpu(|| (0..times).for_each(|_| paths.iter().for_each(work)));
        seconds * 1000.0 / count
    };
    let turns = Turns::measure(
        rounds,
        || {
            each(&|path: &PathBuf| {
                let content = fs::read(path).expect("a PDF");
                let read = plan.runtime.block_on(reader.extract(&content[..], None));
                let read = read.expect("a worker");
                assert_eq!(read.state, TextState::Readable, "{}", path.display());
            })
        },
        || {
            each(&|path: &PathBuf| {
                said(Command::new(PEER).arg(path).arg("-"));
            })
        },
    );
    let met = turns.ratio().median() <= 1.5;
    vec![turns.line(WHAT, PEER, "ms").must("≤ 1.5 ×", met)]
}
