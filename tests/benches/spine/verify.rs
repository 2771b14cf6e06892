//! Verifying a million records, in a process of its own, so that its memory can be seen.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use server::audit::bundle::{Bundle, BundleHead, BundleWriter, OpeningsPart};
use server::audit::tile::Edge;
use server::audit::verify::{Options, Trust, verify};
use server::audit::{
    Checkpoint, Commitment, LeafDraft, NoteSigner, Origin, Outcome, Policy, Subject, genesis,
};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use crate::Plan;
use crate::filled::folder_bytes;
use crate::process::{memory, place};
use crate::table::{Line, Series, figure};

const VERSION: u32 = 1;
/// The argument with which this program verifies a bundle and says what it took.
pub(crate) const ALONE: &str = "--verify-bundle";

fn origin() -> Origin {
    "archiv.example/audit".parse().expect("a name for a log")
}

fn signer() -> NoteSigner {
    NoteSigner::from_seed(&origin(), &[7; 32])
}

fn digest(kind: &str, number: u64) -> [u8; 32] {
    Sha256::new()
        .chain_update(kind)
        .chain_update(number.to_be_bytes())
        .finalize()
        .into()
}

fn id(kind: &str, number: u64) -> Uuid {
    let mut bytes = [0; 16];
    bytes.copy_from_slice(digest(kind, number).get(..16).expect("32 bytes"));
    uuid::Builder::from_random_bytes(bytes).into_uuid()
}

/// Filing of a document: the document and its first version.
fn draft(number: u64) -> LeafDraft {
    let subject = |kind: &'static str, blob: bool| Subject {
        kind: kind.into(),
        id: id(kind, number),
        version: 1,
        state: Some(Commitment(digest("state", number))),
        blob: blob.then(|| Commitment(digest("blob", number))),
    };
    LeafDraft {
        action: "document.receive".into(),
        actor: id("actor", number % 12),
        obo: None,
        role: "clerk".into(),
        dept: Some(id("department", number % 3)),
        outcome: Outcome::Ok,
        req: Some(id("request", number)),
        uow: id("unit", number),
        subjects: vec![
            subject("document", false),
            subject("document_version", true),
        ],
        private: std::collections::BTreeMap::new(),
        targets: Vec::new(),
    }
}

fn each(count: u64, mut with: impl FnMut(&[u8])) {
    let origin = origin();
    let mut prev = genesis(&origin, &signer().verifier());
    for number in 0..count {
        let mut draft = draft(number);
        if number == 0 {
            draft.action = "log.start".into();
            draft.subjects.clear();
        }
        let ts = 1_795_370_400_000_000 + i64::try_from(number).unwrap_or_default() * 250_001;
        let (leaf, hash) = draft.seal(number, prev, ts, 0, &origin).expect("a record");
        with(&leaf);
        prev = hash;
    }
}

/// A bundle of so many records: the one of an earlier run, or a new one.
fn bundle(plan: &Plan, count: u64) -> PathBuf {
    let folder = place().join(format!("bundle-v{VERSION}-{count}"));
    if folder.join("tagmanifest-sha256.txt").exists() {
        return folder;
    }
    std::fs::remove_dir_all(&folder).ok();
    let mut edge = Edge::new();
    each(count, |leaf| {
        edge.append(server::audit::leaf_hash(leaf), &mut |_, _| {})
    });
    let checkpoint = Checkpoint {
        origin: origin(),
        size: count,
        root: edge.root(),
    };
    let note = checkpoint.sign(&signer()).expect("a checkpoint");
    let policy = Policy::new(vec![signer().verifier()]);
    let head = BundleHead {
        checkpoint: Some(&note),
        witnessed: None,
        policy: &policy,
        handovers: &[],
        openings: OpeningsPart::LeftOut,
        date: "2026-11-22",
        organisation: "Stadt Beispiel",
    };
    let mut writer = BundleWriter::create(&folder, head).expect("a new bundle");
    each(count, |leaf| writer.push(leaf).expect("a record"));
    let summary = writer.finish().expect("a bundle");
    plan.note(&format!(
        "bundle of {} records, {} MB",
        summary.records,
        summary.bytes >> 20
    ));
    folder
}

/// What a process of its own does: verifies and prints seconds, records and peak memory.
pub(crate) fn alone(folder: &Path) -> String {
    let since = Instant::now();
    let mut bundle = Bundle::open(folder).expect("a bundle");
    let options = Options {
        trust: Trust::Pinned(Policy::new(vec![signer().verifier()])),
        ..Options::default()
    };
    let report = verify(&mut bundle, &options).expect("a readable bundle");
    let seconds = since.elapsed().as_secs_f64();
    assert!(
        report.findings.counts().is_empty(),
        "{:?}",
        report.findings.counts()
    );
    let peak = memory(std::process::id()).peak;
    format!("{seconds} {} {peak}", report.records)
}

fn run(folder: &Path) -> (f64, f64) {
    let program = std::env::current_exe().expect("this program");
    let said = Command::new(program)
        .arg(ALONE)
        .arg(folder)
        .output()
        .expect("this program again");
    let text = String::from_utf8_lossy(&said.stdout).into_owned();
    let numbers: Vec<f64> = text
        .split_whitespace()
        .filter_map(|part| part.parse().ok())
        .collect();
    let [seconds, records, peak] = numbers.as_slice() else {
        unreachable!("{text} {}", String::from_utf8_lossy(&said.stderr))
    };
    (records / seconds, *peak)
}

/// Row 6.
pub(crate) fn verify_row(plan: &Plan) -> Vec<Line> {
    let rounds = if plan.quick { 2 } else { 5 };
    let (small, large) = (bundle(plan, 100_000), bundle(plan, 1_000_000));
    plan.note(&format!("{} MB", folder_bytes(&large) >> 20));
    let (_, little) = run(&small);
    let runs: Vec<(f64, f64)> = (0..rounds).map(|_| run(&large)).collect();
    let rates = Series::of(runs.iter().map(|run| run.0));
    let peak = Series::of(runs.iter().map(|run| run.1)).max();
    let mb = |bytes: f64| figure(bytes / f64::from(1 << 20));
    let flat = peak <= little * 1.25;
    let line = Line::new(
        "`verify` of an exported bundle of 1,000,000 records",
        format!("{}; peak {} MB", rates.show("records/s"), mb(peak)),
    );
    let line = line.against(
        format!("100,000 records: peak {} MB", mb(little)),
        figure(peak / little),
    );
    vec![line.must(
        "≥ 300,000/s, memory flat",
        rates.median() >= 300_000.0 && flat,
    )]
}
