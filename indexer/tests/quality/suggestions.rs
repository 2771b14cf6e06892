//! How good suggestions at intake are, over documents that were held out.
//!
//! Two sets: real laws, of which title and date are known, and the letters of the demo town. Every fifth
//! letter is held out; it is composed as the town prints it and compared with the other four, which stand in the
//! index as their department filed them. The table is printed; the level in `tests/data/suggestions/reached.txt`
//! is guarded.

use std::collections::{BTreeMap, HashSet};
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use indexer::letter::{self, Letter, Zone};
use indexer::{Change, Index, Key, Neighbours, NeighboursRequest, Options, votes};
use serde::Deserialize;

use super::{ACCESS, Document, corpus, day, entry, lines, ratio};

/// One of so many is held out.
const HELD_OUT: usize = 5;
const MONTHS: [&str; 12] = [
    "Januar",
    "Februar",
    "März",
    "April",
    "Mai",
    "Juni",
    "Juli",
    "August",
    "September",
    "Oktober",
    "November",
    "Dezember",
];

#[derive(Deserialize)]
struct Law {
    title: String,
    date: String,
    text: String,
}

/// What one kind of suggestion has come to.
#[derive(Clone, Copy, Default)]
struct Hits {
    asked: usize,
    first: usize,
    third: usize,
}

impl Hits {
    fn count(&mut self, suggested: &[String], wanted: &str) {
        self.asked += 1;
        let place = suggested.iter().position(|one| plain(one) == plain(wanted));
        self.first += usize::from(place == Some(0));
        self.third += usize::from(place.is_some_and(|at| at < 3));
    }
}

/// A text as texts are compared: blanks do not count.
fn plain(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn data(name: &str) -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    root.join("tests/data/suggestions").join(name)
}

fn titles(letter: &Letter) -> Vec<String> {
    letter.titles.iter().map(|one| one.value.clone()).collect()
}

fn dates(letter: &Letter) -> Vec<String> {
    let dates = letter.dates.iter();
    dates.map(|one| one.value.to_string()).collect()
}

/// `13. Februar 2025`.
fn spoken(date: &str) -> Option<String> {
    let (year, month, day) = day(date)?.calendar()?;
    let month = MONTHS.get(usize::from(month).checked_sub(1)?)?;
    Some(format!("{day}. {month} {year}"))
}

/// A letter of the town as it is printed: what stands above its text is not part of the corpus.
fn printed(document: &Document) -> Vec<String> {
    let first = document.pages.first().map_or("", String::as_str);
    let who = document.correspondent.as_deref().unwrap_or_default();
    let kind = document.kind.as_deref().unwrap_or_default();
    let date = document
        .date
        .as_deref()
        .and_then(spoken)
        .unwrap_or_default();
    let reference = document.references.first().map_or("", String::as_str);
    let address = document.address.join("\n");
    let town = "Stadt Hollerfurt\nRathausplatz 1\n05321 Hollerfurt";
    let title = &document.title;
    let incoming = document.direction.as_deref() == Some("incoming");
    let outgoing = document.direction.as_deref() == Some("outgoing");
    let mail = first.starts_with("Von: ") || first.starts_with("From: ");
    let head = if mail {
        format!("E-Mail\nStadt Hollerfurt · Postfach\n{title}")
    } else if incoming {
        let stamp = match document.channel.as_deref() {
            Some("post" | "scan" | "fax") => {
                let received = document.received.as_deref().and_then(spoken);
                format!("Eingegangen\n{}\n", received.unwrap_or_default())
            }
            Some(_) | None => String::new(),
        };
        format!("{who}\n{address}\n{town}\n{stamp}{date}\n{title}")
    } else if outgoing && !document.address.is_empty() {
        format!(
            "Stadt Hollerfurt\n{who}\n{address}\nAktenzeichen {reference}\nDatum {date}\n{title}"
        )
    } else {
        format!("Stadt Hollerfurt\n{kind}\n{reference} · {date}\n{title}")
    };
    let mut pages = document.pages.clone();
    if let Some(first) = pages.first_mut() {
        *first = format!("{head}\n{first}");
    }
    // What is read of a PDF has no empty lines.
    let lines = |page: &String| -> Vec<String> {
        let lines = page.lines().filter(|line| !line.trim().is_empty());
        lines.map(str::to_owned).collect()
    };
    pages.iter().map(|page| lines(page).join("\n")).collect()
}

/// What a department has filed, without what is held out.
struct Filed<'d> {
    documents: &'d [Document],
    index: Index,
    /// The folder lives as long as the index.
    _dir: tempfile::TempDir,
}

impl<'d> Filed<'d> {
    fn of(documents: &'d [Document]) -> Self {
        let dir = tempfile::tempdir().expect("a folder");
        let index = Index::open(dir.path(), Options::default()).expect("a new index");
        let kept = documents.iter().enumerate();
        let kept = kept.filter(|(number, _)| !is_held_out(*number));
        let entries = kept.map(|(number, document)| Change::Put(entry(number, document)));
        index.apply(entries, 0).expect("applied");
        Self {
            documents,
            index,
            _dir: dir,
        }
    }

    /// The documents of a department.
    fn by(&self, department: &str) -> impl Iterator<Item = &'d Document> {
        let all = self.documents.iter().enumerate();
        all.filter(move |(number, one)| !is_held_out(*number) && one.department == department)
            .map(|(_, one)| one)
    }

    fn document(&self, key: Key) -> Option<&'d Document> {
        self.documents.get(usize::try_from(key.0).ok()?)
    }

    fn neighbours(&self, department: &str, pages: Vec<String>) -> Neighbours {
        let request = NeighboursRequest {
            pages,
            key: None,
            department: department.to_owned(),
            states_left_out: Vec::new(),
            access: vec![ACCESS],
            opened: Vec::new(),
            hidden: Vec::new(),
        };
        self.index.neighbours(&request).expect("an answer")
    }
}

fn is_held_out(number: usize) -> bool {
    number.is_multiple_of(HELD_OUT)
}

/// Correspondents as the server ranks them: by name where they are known, and by what is like the text.
fn correspondents(
    filed: &Filed<'_>,
    letter: &Letter,
    department: &str,
    near: &Neighbours,
) -> Vec<String> {
    let known: HashSet<&str> = filed
        .by(department)
        .filter_map(|one| one.correspondent.as_deref())
        .collect();
    let mut doubt: BTreeMap<String, f64> = BTreeMap::new();
    for name in &letter.names {
        let score = match name.zone {
            Zone::Head => 0.8,
            Zone::Closing => 0.75,
            Zone::Body => 0.4,
        };
        if known.contains(name.text.as_str()) {
            *doubt.entry(name.text.clone()).or_insert(1.0) *= 1.0 - score;
        }
    }
    for vote in votes(near, |one| filed.document(one.key)?.correspondent.clone()) {
        *doubt.entry(vote.value).or_insert(1.0) *= 1.0 - vote.score;
    }
    let mut all: Vec<(String, f64)> = doubt.into_iter().collect();
    all.sort_by(|left, right| left.1.total_cmp(&right.1));
    all.into_iter().map(|(name, _)| name).collect()
}

type Table = BTreeMap<(&'static str, &'static str), Hits>;

fn laws(table: &mut Table) {
    let laws: Vec<Law> = lines(&data("laws.jsonl"));
    for law in &laws {
        let read = letter::read(&[law.text.as_str()]);
        let mut count = |kind, suggested: &[String], wanted: &str| {
            let hits = table.entry((kind, "laws")).or_default();
            hits.count(suggested, wanted);
        };
        count("title", &titles(&read), &law.title);
        count("date", &dates(&read), &law.date);
    }
}

fn letters(table: &mut Table) {
    let documents: Vec<Document> = lines(&corpus().0);
    let filed = Filed::of(&documents);
    let held_out = documents.iter().enumerate();
    let held_out = held_out.filter(|(number, _)| is_held_out(*number));
    for (_, document) in held_out {
        let department = document.department.as_str();
        let pages = printed(document);
        let texts: Vec<&str> = pages.iter().map(String::as_str).collect();
        let read = letter::read(&texts);
        let near = filed.neighbours(department, pages.clone());
        let mut count = |kind, suggested: &[String], wanted: &str| {
            let hits = table.entry((kind, "letters")).or_default();
            hits.count(suggested, wanted);
        };
        count("title", &titles(&read), &document.title);
        // A mail is printed without its date.
        let bears = texts.iter().any(|text| {
            let date = document.date.as_deref().and_then(spoken);
            date.is_some_and(|date| text.contains(&date))
        });
        if let (Some(date), true) = (&document.date, bears) {
            count("date", &dates(&read), date);
        }
        if let Some(kind) = &document.kind {
            let kinds = votes(&near, |one| filed.document(one.key)?.kind.clone());
            let kinds: Vec<String> = kinds.into_iter().map(|vote| vote.value).collect();
            count("type", &kinds, kind);
        }
        if let Some(who) = &document.correspondent {
            // Whom the department does not know nobody can suggest.
            if filed
                .by(department)
                .any(|one| one.correspondent.as_ref() == Some(who))
            {
                let all = correspondents(&filed, &read, department, &near);
                count("correspondent", &all, who);
            }
        }
        let files: HashSet<&str> = filed
            .by(department)
            .flat_map(|one| one.references.iter().map(String::as_str))
            .collect();
        let stands = |one: &&String| {
            files.contains(one.as_str()) && texts.iter().any(|text| text.contains(one.as_str()))
        };
        if let Some(reference) = document.references.iter().find(stands) {
            let codes = read.codes.iter().map(|code| code.text.as_str());
            let cases: Vec<String> = codes
                .filter(|code| files.contains(code))
                .map(str::to_owned)
                .collect();
            count("case", &cases, reference);
        }
    }
}

/// The levels that were reached and are kept: kind, set, hits@1, hits@3.
fn reached() -> Vec<(String, String, f64, f64)> {
    let text = fs::read_to_string(data("reached.txt")).expect("the levels");
    let level = |word: &str| -> f64 {
        word.parse()
            .expect("a level that was measured, in tests/data/suggestions/reached.txt")
    };
    let lines = text.lines();
    let lines = lines.filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines
        .map(|line| {
            let words: Vec<&str> = line.split_whitespace().collect();
            let words: [&str; 4] = words.try_into().expect("four words");
            let [kind, set, first, third] = words;
            (kind.to_owned(), set.to_owned(), level(first), level(third))
        })
        .collect()
}

pub(crate) fn suggestions_say_what_people_said() {
    let mut table = Table::new();
    laws(&mut table);
    letters(&mut table);
    let mut out = std::io::stdout().lock();
    writeln!(
        out,
        "{:<14} {:<8} {:>6} {:>7} {:>7}",
        "suggestion", "set", "asked", "hits@1", "hits@3"
    )
    .expect("printed");
    for ((kind, set), hits) in &table {
        let (first, third) = (ratio(hits.first, hits.asked), ratio(hits.third, hits.asked));
        writeln!(
            out,
            "{kind:<14} {set:<8} {:>6} {first:>7.3} {third:>7.3}",
            hits.asked
        )
        .expect("printed");
    }
    let reached = reached();
    assert_eq!(reached.len(), table.len(), "a level for each line");
    for (kind, set, first, third) in reached {
        let hits = table
            .iter()
            .find(|((one, other), _)| *one == kind && *other == set);
        let (_, hits) = hits.expect("what has a level is measured");
        assert!(
            ratio(hits.first, hits.asked) >= first && ratio(hits.third, hits.asked) >= third,
            "{kind} {set} fell below {first} and {third}"
        );
    }
}
