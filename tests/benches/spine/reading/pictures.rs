//! Pictures of pages: CPU of drawing one against `pdftoppm`, and how long who looks first waits for it.

use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::time::Instant;

use indexer::extract::{PictureState, Want};

use super::{LETTERS, SCANS, Turns, cpu, data, extractor, has, said};
use crate::Plan;
use crate::client::{Http, upload};
use crate::table::{Line, Series, figure};
use crate::upload::Fresh;

const PEER: &str = "pdftoppm";
const MUST: &str = "≤ 1.5 ×, or p95 ≤ 300 ms";
/// The widths of a picture that somebody looks at, in dots.
const WIDTHS: [u16; 2] = [800, 1600];

/// A kind of page: what it is called, its documents, and how many are looked at for the first time.
struct Kind {
    name: &'static str,
    paths: Vec<PathBuf>,
    looks: usize,
}

pub(super) fn pictures(plan: &Plan) -> Vec<Line> {
    let (letters, scans) = if plan.quick { (60, 8) } else { (300, 40) };
    let kinds = [
        Kind {
            name: "born-digital",
            paths: LETTERS.into_iter().map(data).collect(),
            looks: letters,
        },
        Kind {
            name: "scanned",
            paths: SCANS.into_iter().map(data).collect(),
            looks: scans,
        },
    ];
    let mut lines = Vec::new();
    for kind in &kinds {
        let waits = first_looks(plan, kind);
        for (width, wait) in WIDTHS.into_iter().zip(&waits) {
            lines.extend(lines_of(plan, kind, width, wait));
        }
    }
    lines
}

/// What drawing costs at this width, and what the one who looks waits.
fn lines_of(plan: &Plan, kind: &Kind, width: u16, wait: &Series) -> Vec<Line> {
    let name = kind.name;
    let what = format!("CPU of drawing an A4 page, {name}, {width} dots wide, a process for each");
    let quick_enough = wait.percentile(95) <= 300.0;
    let cost = if has(PEER) {
        let turns = drawing(plan, kind, width);
        let met = turns.ratio().median() <= 1.5 || quick_enough;
        turns.line(what, PEER, "ms").must(MUST, met)
    } else {
        Line::skipped(&what, "pdftoppm (poppler-utils) is missing")
    };
    let [p50, p95] = [50, 95].map(|percent| figure(wait.percentile(percent)));
    let first = Line::new(
        format!("first look at an A4 page through REST, {name}, {width} dots wide"),
        format!("p50 {p50}, p95 {p95} ms (of {})", wait.len()),
    );
    vec![cost, first]
}

/// CPU milliseconds for each page: WebP by a worker, PNG of the same dots by `pdftoppm`.
fn drawing(plan: &Plan, kind: &Kind, width: u16) -> Turns {
    let (rounds, each) = if plan.quick { (3, 24) } else { (9, 60) };
    let painter = extractor(1);
    let paths = || kind.paths.iter().cycle().take(each);
    let per_page = |seconds: f64| seconds * 1000.0 / each as f64;
    let ours = || {
        per_page(cpu(|| {
            for path in paths() {
                let content = fs::read(path).expect("a PDF");
                let drawn = painter.picture(&content[..], 0, Want::Shown { width });
                let drawn = plan.runtime.block_on(drawn).expect("a worker");
                assert!(
                    matches!(drawn, PictureState::Drawn(_)),
                    "{} is not drawn",
                    path.display()
                );
            }
        }))
    };
    let wide = width.to_string();
    let theirs = || {
        per_page(cpu(|| {
            for path in paths() {
                let mut command = Command::new(PEER);
                command.args(["-png", "-singlefile", "-f", "1", "-l", "1"]);
                command.args(["-scale-to-x", &wide, "-scale-to-y", "-1"]);
                said(command.arg(path));
            }
        }))
    };
    Turns::measure(rounds, ours, theirs)
}

/// Milliseconds until the first picture of a page is there, by width: documents that nobody has looked at,
/// one after the other, on an archive that has nothing else to do.
fn first_looks(plan: &Plan, kind: &Kind) -> Vec<Series> {
    let fresh = Fresh::start(plan);
    let mut http = Http::connect(&fresh.served.address);
    let paths = kind.paths.iter().cycle().take(kind.looks);
    let ids: Vec<String> = paths
        .enumerate()
        .map(|(number, path)| {
            let mut content = fs::read(path).expect("a PDF");
            // No two contents are alike.
            content.extend_from_slice(format!("\n% {number}\n").as_bytes());
            let filed = upload(&mut http, &fresh.token, "Schreiben", &content).is(201);
            filed.json()["id"].as_str().expect("an id").to_owned()
        })
        .collect();
    fresh.drained(plan);
    let mut http = Http::connect(&fresh.served.address);
    let mut waits = vec![Vec::new(); WIDTHS.len()];
    for id in &ids {
        for (width, waits) in WIDTHS.into_iter().zip(&mut waits) {
            let path = format!("/api/v1/documents/{id}/pages/1/picture?width={width}");
            let since = Instant::now();
            http.get(&path, Some(&fresh.token)).is(200);
            waits.push(since.elapsed().as_secs_f64() * 1000.0);
        }
    }
    waits.into_iter().map(Series::of).collect()
}
