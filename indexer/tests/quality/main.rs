//! How good the German search is, over a corpus with judged questions; how good near duplicates are
//! told from letters that only look like each other; how good suggestions are, and how well documents are read.
//!
//! The corpus is the demo town, its questions stand in `tests/data/quality` of the workspace. The table is
//! printed (`cargo nextest run --no-capture`), the level guarded. What reads documents is this very
//! binary, started again as a worker; therefore it has its own `main`.

#![expect(
    clippy::print_stdout,
    reason = "all of this is a test, though none of it wears the attribute"
)]

mod duplicates;
mod golden;
mod reading;
#[path = "../extract/runner.rs"]
mod runner;
mod suggestions;

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use indexer::{Change, Day, Entry, Index, Key, Options, SearchRequest};
use runner::Test;
use serde::Deserialize;

const TESTS: &[Test] = &[
    (
        "german_questions_find_what_they_should",
        german_questions_find_what_they_should,
    ),
    (
        "duplicates::near_duplicates_are_told_from_letters_that_look_like_them",
        duplicates::near_duplicates_are_told_from_letters_that_look_like_them,
    ),
    (
        "suggestions::suggestions_say_what_people_said",
        suggestions::suggestions_say_what_people_said,
    ),
    (
        "golden::the_words_of_every_format_are_read",
        golden::the_words_of_every_format_are_read,
    ),
    (
        "reading::words_of_born_digital_pages_are_those_of_pdftotext",
        reading::words_of_born_digital_pages_are_those_of_pdftotext,
    ),
    (
        "reading::scans_are_read_no_worse_than_by_plain_tesseract",
        reading::scans_are_read_no_worse_than_by_plain_tesseract,
    ),
];

fn main() -> ExitCode {
    runner::run(TESTS)
}

const ACCESS: u64 = 1;
/// How deep a right answer may stand.
const DEPTH: usize = 10;

#[derive(Deserialize)]
struct Document {
    id: String,
    department: String,
    #[serde(rename = "type", default)]
    kind: Option<String>,
    title: String,
    #[serde(default)]
    date: Option<String>,
    #[serde(default)]
    received: Option<String>,
    #[serde(default)]
    direction: Option<String>,
    #[serde(default)]
    channel: Option<String>,
    #[serde(default)]
    correspondent: Option<String>,
    #[serde(default)]
    tags: Vec<String>,
    #[serde(default)]
    references: Vec<String>,
    /// What stands above a letter.
    #[serde(default)]
    address: Vec<String>,
    pages: Vec<String>,
}

#[derive(Deserialize)]
struct Question {
    q: String,
    class: String,
    expect: Vec<String>,
    #[serde(default)]
    forbid: Vec<String>,
}

/// What a class of questions has come to.
#[derive(Default)]
struct Score {
    questions: u32,
    recall: f64,
    reciprocal: f64,
    false_hits: u32,
}

/// The level that was reached and is kept.
struct Level {
    recall: f64,
    reciprocal: f64,
    false_hits: u32,
}

const REACHED: Level = Level {
    recall: 0.995,
    reciprocal: 0.985,
    false_hits: 0,
};
/// The documents of the demo town, and the questions about them.
fn corpus() -> (PathBuf, PathBuf) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    (
        root.join("server/data/town/documents.jsonl"),
        root.join("tests/data/quality/queries.jsonl"),
    )
}

fn lines<T: for<'d> Deserialize<'d>>(path: &Path) -> Vec<T> {
    let text = fs::read_to_string(path).expect("the corpus is readable");
    text.lines()
        .filter(|line| !line.trim().is_empty())
        .map(|line| serde_json::from_str(line).expect("a line of the corpus"))
        .collect()
}

fn day(text: &str) -> Option<Day> {
    let mut parts = text.split('-');
    let (year, month, day) = (parts.next()?, parts.next()?, parts.next()?);
    Day::from_calendar(year.parse().ok()?, month.parse().ok()?, day.parse().ok()?)
}

fn entry(number: usize, document: &Document) -> Entry {
    let mut pages = document.pages.clone();
    if let Some(first) = pages.first_mut() {
        *first = format!("{}\n{first}", document.address.join("\n"));
    }
    Entry {
        key: Key(u128::try_from(number).expect("a small number")),
        version: 1,
        acl: vec![ACCESS],
        within: Vec::new(),
        title: document.title.clone(),
        pages,
        references: document.references.clone(),
        correspondent: document.correspondent.clone(),
        also_called: Vec::new(),
        tags: document.tags.clone(),
        kind: document.kind.clone(),
        department: document.department.clone(),
        direction: None,
        channel: None,
        state: "registered".to_owned(),
        document_date: document.date.as_deref().and_then(day),
        received_at: document
            .received
            .as_deref()
            .and_then(day)
            .map_or(0, |day| i64::from(day.0) * 86_400_000_000),
        added_at: 0,
        file_name: None,
        values: Vec::new(),
    }
}

/// The best hits of a question, and all of them as a set.
fn ask(index: &Index, names: &HashMap<u128, &str>, query: &str) -> (Vec<String>, Vec<String>) {
    let mut request = SearchRequest::new(query, vec![ACCESS]);
    request.limit = 100;
    let mut all = Vec::new();
    loop {
        let answer = index.search(&request).expect("an answer");
        all.extend(
            answer
                .hits
                .iter()
                .filter_map(|hit| names.get(&hit.key.0))
                .map(|name| (*name).to_owned()),
        );
        match answer.next {
            Some(next) => request.after = Some(next),
            None => return (all.iter().take(DEPTH).cloned().collect(), all),
        }
    }
}

fn measure(question: &Question, best: &[String], all: &[String], score: &mut Score) -> Vec<String> {
    let mut complaints = Vec::new();
    score.questions += 1;
    let missed: Vec<&String> = question
        .expect
        .iter()
        .filter(|id| !best.contains(id))
        .collect();
    let wanted = question.expect.len().min(DEPTH);
    let found = question.expect.len() - missed.len();
    score.recall += if wanted == 0 {
        1.0
    } else {
        ratio(found.min(wanted), wanted)
    };
    let rank = best.iter().position(|id| question.expect.contains(id));
    score.reciprocal += match rank {
        Some(rank) => ratio(1, rank + 1),
        None => f64::from(u8::from(wanted == 0)),
    };
    let wrong: Vec<&String> = question
        .forbid
        .iter()
        .filter(|id| all.contains(id))
        .collect();
    score.false_hits += u32::try_from(wrong.len()).expect("few");
    if found < wanted {
        complaints.push(format!(
            "{} {:?}: missing {missed:?}",
            question.class, question.q
        ));
    }
    if !wrong.is_empty() {
        complaints.push(format!(
            "{} {:?}: wrong {wrong:?}",
            question.class, question.q
        ));
    }
    complaints
}

fn ratio(part: usize, whole: usize) -> f64 {
    f64::from(u32::try_from(part).expect("small")) / f64::from(u32::try_from(whole).expect("small"))
}

fn german_questions_find_what_they_should() {
    let (documents, questions) = corpus();
    let mut documents: Vec<Document> = lines(&documents);
    documents.extend(lines::<Document>(
        &questions.with_file_name("documents.jsonl"),
    ));
    let questions: Vec<Question> = lines(&questions);
    let names: HashMap<u128, &str> = (0_u128..)
        .zip(documents.iter().map(|document| document.id.as_str()))
        .collect();
    let dir = tempfile::tempdir().expect("a folder");
    let index = Index::open(dir.path(), Options::default()).expect("a new index");
    let entries = documents
        .iter()
        .enumerate()
        .map(|(number, document)| Change::Put(entry(number, document)));
    index.apply(entries, 0).expect("applied");

    let mut classes: BTreeMap<&str, Score> = BTreeMap::new();
    let mut complaints = Vec::new();
    for question in &questions {
        let (best, all) = ask(&index, &names, &question.q);
        let score = classes.entry(&question.class).or_default();
        complaints.extend(measure(question, &best, &all, score));
    }
    let (table, total) = table(&classes);
    let mut out = std::io::stdout().lock();
    writeln!(out, "{table}\n{}", complaints.join("\n")).expect("printed");
    let questions = f64::from(total.questions);
    assert!(
        total.recall / questions >= REACHED.recall,
        "recall fell below {}",
        REACHED.recall
    );
    assert!(
        total.reciprocal / questions >= REACHED.reciprocal,
        "MRR fell below {}",
        REACHED.reciprocal
    );
    assert!(
        total.false_hits == REACHED.false_hits,
        "not {} false hits but {}",
        REACHED.false_hits,
        total.false_hits
    );
}

fn table(classes: &BTreeMap<&str, Score>) -> (String, Score) {
    let mut total = Score::default();
    let mut table = format!(
        "{:<20} {:>9} {:>9} {:>6} {:>10}\n",
        "class", "questions", "recall@10", "MRR", "false hits"
    );
    let mut line = |name: &str, score: &Score| {
        let questions = f64::from(score.questions);
        table.push_str(&format!(
            "{name:<20} {:>9} {:>9.3} {:>6.3} {:>10}\n",
            score.questions,
            score.recall / questions,
            score.reciprocal / questions,
            score.false_hits
        ));
    };
    for (name, score) in classes {
        line(name, score);
        total.questions += score.questions;
        total.recall += score.recall;
        total.reciprocal += score.reciprocal;
        total.false_hits += score.false_hits;
    }
    line("all", &total);
    (table, total)
}
