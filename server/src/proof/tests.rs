//! What the documents say of findings, what is found that came in before anybody looked, and a rebuild that is given up.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::future::{poll_fn, ready};
use std::path::Path;
use std::sync::Arc;
use std::task::Poll;

use bytes::Bytes;
use indexer::guard::Biometric;
use indexer::{Index, IndexError, Key, Options, SearchRequest};
use tempfile::TempDir;
use tokio::runtime::Handle;
use uuid::Uuid;

use super::check::{Checked, Code, Depth, Mode, check};
use crate::archive::Archive;
use crate::audit::log::last_seq;
use crate::base::{Actor, DepartmentId, ManualClock, Timestamp, VersionId};
use crate::config::{Config, Sources};
use crate::departments::{self, Slug};
use crate::documents::{
    self, Arriving, Content, Details, NewDocument, Page, Pages, ReadText, TextInfo, evidence,
};
use crate::search;
use crate::unit::Unit;

#[test]
fn every_code_of_the_check_stands_in_the_manual_with_its_meaning() {
    let manual = include_str!("../../../docs/operations.md");
    for code in Code::ALL {
        let line = format!(
            "| `{}` | {} |",
            code.name(),
            code.english().trim_end_matches('.')
        );
        assert!(manual.contains(&line), "docs/operations.md lacks: {line}");
        assert!(code.german().ends_with('.'), "{}: a sentence", code.name());
    }
}

/// The settings of an archive in this folder.
pub(super) fn settings(folder: &Path) -> Config {
    let arguments = [("data_dir", folder.display().to_string())];
    let sources = Sources {
        file: None,
        env: &BTreeMap::new(),
        arguments: &arguments,
        read: &|path: &Path| std::fs::read_to_string(path),
    };
    Config::load(&sources).expect("settings")
}

async fn open(config: &Config) -> Archive {
    let now = Timestamp::parse("2026-11-25T10:00:00Z").expect("a time");
    let clock = Arc::new(ManualClock::at(now));
    Archive::open_at(config, clock).await.expect("an archive")
}

async fn department(archive: &Archive) -> DepartmentId {
    let system = Actor::system();
    let made = archive.db.write(&system, async move |unit: &mut Unit| {
        let slug = Slug::parse("buergerbuero").expect("a short name");
        departments::create_department(unit, slug, "Bürgerbüro".to_owned()).await
    });
    made.await.expect("a department").value.id
}

async fn stored(archive: &Archive, bytes: Bytes) -> Content {
    let mut arriving = Arriving::begin(&archive.storage).await.expect("begun");
    let pushed = arriving.push(bytes).await;
    pushed.expect("taken");
    let arrived = arriving.finish("application/octet-stream".to_owned(), None);
    let content = arrived.await.expect("stored").keep(&archive.db).await;
    content.expect("kept")
}

/// Files content as it was filed before anybody looked at what it is.
async fn file_unseen(archive: &Archive, department: DepartmentId, bytes: Bytes) -> VersionId {
    let system = Actor::system();
    let content = stored(archive, bytes).await;
    let new = NewDocument {
        title: Some("Von früher".to_owned()),
        ..NewDocument::default()
    };
    let metadata = new.metadata(None, archive.db.now()).expect("metadata");
    let filed = archive.db.write(&system, async move |unit: &mut Unit| {
        documents::receive(unit, department, metadata, content).await
    });
    filed.await.expect("filed").value.version.id
}

/// Has this read in a version.
async fn read(archive: &Archive, version: VersionId, text: &str) {
    let page = Page {
        text: text.to_owned(),
        state: "read".to_owned(),
        ..Page::default()
    };
    let packed = Pages::of(vec![page]).pack().expect("packed");
    let content = stored(archive, Bytes::from(packed)).await;
    let info = TextInfo {
        state: "readable".to_owned(),
        reason: None,
        pages: 1,
        engine: "test".to_owned(),
        components: None,
        details: Details::default(),
    };
    let text = ReadText::plain(info, Some(content.kept));
    let system = Actor::system();
    let kept = archive.db.write(&system, async move |unit: &mut Unit| {
        documents::keep_text(unit, version, text).await
    });
    kept.await.expect("kept");
}

#[tokio::test]
async fn a_biometric_record_from_before_the_guard_is_found_and_withheld() {
    let folder = TempDir::new().expect("a temporary folder");
    let config = settings(folder.path());
    let archive = open(&config).await;
    let department = department(&archive).await;
    let record = Bytes::from_static(b"FMR\x00030\0\0\0\x01\x40 and so on");
    file_unseen(&archive, department, record).await;
    let on = Checked {
        db: archive.db.clone(),
        storage: archive.storage.clone(),
        index: None,
        changes: archive.publication.clone(),
        looks: archive.looks.clone(),
        now: archive.db.now().utc().into(),
        rights: config.rights,
        certificates: crate::signing::Ends::default(),
        witnesses: crate::ledger::witnesses::Configured::default(),
        stamped_every: None,
    };
    let found = async |depth, mode| {
        let outcome = check(&on, depth, mode).await.expect("checked");
        let (found, withheld) = (Code::BiometricFound, Code::BiometricWithheld);
        (outcome.has(found), outcome.has(withheld), outcome.open())
    };
    // Only who reads contents sees it, and only who repairs changes anything.
    assert_eq!(found(Depth::Whole, Mode::Look).await, (false, false, 0));
    for _ in 0..2 {
        assert_eq!(found(Depth::Deep, Mode::Look).await, (true, false, 1));
    }
    assert_eq!(found(Depth::Deep, Mode::Repair).await, (true, false, 0));
    for depth in [Depth::Whole, Depth::Deep] {
        assert_eq!(found(depth, Mode::Repair).await, (false, true, 1));
    }
    archive.db.close().await;
}

/// What an index holds, in the order of its keys.
fn known(index: &Index) -> Vec<(u128, u64)> {
    let mut all = Vec::new();
    let read = index.entries(|Key(key), version| all.push((key, version)));
    read.expect("entries");
    all.sort_unstable();
    all
}

#[tokio::test]
async fn a_rebuild_given_up_between_two_marks_goes_on_at_the_last() {
    let folder = TempDir::new().expect("a temporary folder");
    let archive = open(&settings(folder.path())).await;
    let department = department(&archive).await;
    for number in 0..9 {
        let content = Bytes::from(format!("Brief {number}"));
        file_unseen(&archive, department, content).await;
    }
    let options = Options {
        rebuild_marks: 4,
        ..Options::default()
    };
    let index = Index::open(folder.path().join("beside"), options).expect("an index");
    let (on, storage, reached) = (archive.db.read(), &archive.storage, Cell::new(0));

    // Six are in, and the mark behind the fourth says so of four.
    let first = search::rebuild(on, storage, &index, |documents, _| reached.set(documents));
    let mut first = Box::pin(first);
    poll_fn(|context| match first.as_mut().poll(context) {
        Poll::Pending if reached.get() < 6 => Poll::Pending,
        Poll::Pending => Poll::Ready(()),
        Poll::Ready(done) => unreachable!("nobody gave it up: {done:?}"),
    })
    .await;
    assert_eq!(reached.get(), 6);
    drop(first);
    // What a thread has in hand it still puts in.
    let marked = loop {
        match index.rebuild() {
            Ok(rebuild) => break rebuild.resume().cloned(),
            Err(IndexError::Rebuilding) => tokio::task::yield_now().await,
            Err(error) => unreachable!("{error}"),
        }
    };
    let marked = marked.expect("a mark");
    assert_eq!(marked.cursor.split(' ').nth(1), Some("4"), "{marked:?}");
    assert!(known(&index).is_empty(), "nothing of it serves yet");

    let mut steps = Vec::new();
    let again = search::rebuild(on, storage, &index, |done, all| steps.push((done, all)));
    let rebuilt = again.await.expect("rebuilt");
    assert_eq!(steps, [(6, 9), (8, 9), (9, 9)]);
    assert_eq!((rebuilt.documents, rebuilt.seq), (9, marked.seq));
    let rows = evidence::with_records(on, Uuid::nil(), 100).await;
    let rows = rows.expect("rows").into_iter();
    let rows: Vec<_> = rows
        .map(|(id, version, _)| (id.raw().as_u128(), version))
        .collect();
    assert_eq!(rows.len(), 9);
    assert_eq!(known(&index), rows);
    archive.db.close().await;
}

#[tokio::test]
async fn a_mark_of_another_log_is_not_trusted_and_the_rebuild_begins_anew() {
    let folder = TempDir::new().expect("a temporary folder");
    let archive = open(&settings(folder.path())).await;
    let department = department(&archive).await;
    for number in 0..3 {
        let content = Bytes::from(format!("Brief {number}"));
        file_unseen(&archive, department, content).await;
    }
    let index = Index::open(folder.path().join("beside"), Options::default());
    let index = index.expect("an index");
    let (on, storage) = (archive.db.read(), &archive.storage);
    let last = Uuid::max();
    let marks = [
        (format!("{last} 2 {}", "00".repeat(32)), 1),
        (format!("{last} 2 {}", "00".repeat(32)), 1_000_000),
        (format!("{last} 2"), 1),
        ("2".to_owned(), 1),
    ];
    for (cursor, seq) in marks {
        let begun = index.rebuild().expect("begins");
        begun.checkpoint(&cursor, seq).expect("durable");
        drop(begun);
        let rebuilt = search::rebuild(on, storage, &index, |_, _| {}).await;
        let rebuilt = rebuilt.expect("rebuilt");
        assert_eq!(rebuilt.documents, 3, "{cursor}");
        assert_eq!(known(&index).len(), 3, "{cursor}");
        assert_eq!(index.applied(), Some(rebuilt.seq), "{cursor}");
        assert!(rebuilt.seq < 1_000_000, "{cursor}");
    }
    archive.db.close().await;
}

#[tokio::test]
async fn what_is_withheld_while_a_new_index_is_filled_is_not_found_in_it() {
    let folder = TempDir::new().expect("a temporary folder");
    let archive = open(&settings(folder.path())).await;
    let department = department(&archive).await;
    let mut versions = Vec::new();
    for number in 0..3 {
        let content = Bytes::from(format!("Brief {number}"));
        let version = file_unseen(&archive, department, content).await;
        read(&archive, version, &format!("Wasserrohrbruch {number}")).await;
        versions.push(version);
    }
    let index = Index::open(folder.path().join("beside"), Options::default());
    let index = index.expect("an index");
    let (on, storage) = (archive.db.read(), &archive.storage);
    let told = |_: u64, _: u64| ready(());
    let filled = search::fill(on, storage, &index, &Handle::current(), told).await;
    let mut filled = filled.expect("filled");
    filled.settle().await.expect("nothing is left to join");

    let (system, withheld) = (Actor::system(), versions[0]);
    let done = archive.db.write(&system, async move |unit: &mut Unit| {
        documents::withhold_version(unit, withheld, Biometric::FaceImage).await
    });
    done.await.expect("withheld");
    let caught_up = filled.catch_up(on, storage, &index).await;
    caught_up.expect("caught up");
    let served = filled.serve().await.expect("serves");
    let rebuilt = served.remove_old().await;

    let head = last_seq(on).await.expect("the log");
    assert_eq!((index.applied(), Some(rebuilt.seq)), (head, head));
    assert_eq!(index.len(), 3);
    let mut access = Vec::new();
    let read = index.tokens(|_, token| access.push(token));
    read.expect("tokens");
    access.sort_unstable();
    access.dedup();
    let request = SearchRequest::new("Wasserrohrbruch", access);
    let answer = index.search(&request).expect("an answer");
    assert_eq!(answer.total, 2);
    archive.db.close().await;
}
