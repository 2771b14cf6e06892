//! A large archive, filled by the library as uploads would fill it, and kept between runs.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use futures_util::{StreamExt as _, stream};
use indexer::{Day, Entry, Index, Key};
use sea_orm::ConnectionTrait as _;
use server::base::db::{DbError, sql};
use server::base::{Actor, Timestamp};
use server::documents::{
    self, Channel, CivilDate, Content, DOMAINS, Details, Direction, DocumentError, Kept, Metadata,
    Page, Pages, ReadText, TextInfo,
};
use server::search;
use server::unit::Unit;
use storage::KeyDomain;

use crate::Plan;
use crate::material::{Paper, Pool, pdf};
use crate::process::{Served, place, wait};
use crate::town::{DEPARTMENTS, Town, config};

/// Raised with every change of what is filled in.
const VERSION: u32 = 1;
/// Different texts; each is the text of several documents.
pub(crate) const TEXTS: u64 = 5_000;
/// Writers that wait together.
const WRITERS: usize = 256;
/// Different contents: the bytes of the documents are not what is measured here.
const CONTENTS: u64 = 8;

/// An archive that is filled.
#[derive(Debug)]
pub(crate) struct Filled {
    pub(crate) data: PathBuf,
    pub(crate) folder: PathBuf,
    pub(crate) count: u64,
}

/// In which department a document lies: half in the first, the rest shared.
pub(crate) fn department_of(number: u64) -> usize {
    match number % 6 {
        0..=2 => 0,
        3 | 4 => 1,
        _ => 2,
    }
}

/// The archive with so many documents: the one of an earlier run, or a new one.
pub(crate) fn filled(plan: &Plan, count: u64) -> Filled {
    let folder = place().join(format!("archive-v{VERSION}-{count}"));
    let filled = Filled {
        data: folder.join("data"),
        folder,
        count,
    };
    let done = filled.folder.join("complete");
    if done.exists() {
        plan.runtime.block_on(index(plan, &filled));
        return filled;
    }
    if filled.folder.exists() {
        fs::remove_dir_all(&filled.folder).expect("an unfinished archive goes");
    }
    fs::create_dir_all(&filled.folder).expect("a folder");
    let since = Instant::now();
    plan.runtime.block_on(fill(plan, &filled));
    plan.note(&format!(
        "{count} documents in {} s",
        since.elapsed().as_secs()
    ));
    plan.runtime.block_on(index(plan, &filled));
    // The first start publishes the whole log; later ones find it published.
    let served = Served::start(&filled.data);
    served.ready();
    wait("the log is published", || {
        std::thread::sleep(std::time::Duration::from_millis(200));
        published(&served) > 0
    });
    served.stop();
    fs::write(&done, "").expect("a mark");
    filled
}

/// How many records the last checkpoint stands for.
fn published(served: &Served) -> u64 {
    let mut http = crate::client::Http::connect(&served.address);
    let said = http.get("/health/ready", None).json();
    let checks = said["checks"].as_array().cloned().unwrap_or_default();
    let log = checks.iter().find(|check| check["name"] == "log");
    let detail = log
        .and_then(|check| check["detail"].as_str())
        .unwrap_or_default();
    detail
        .split(' ')
        .next()
        .and_then(|text| text.parse().ok())
        .unwrap_or_default()
}

async fn keep(town: &Town, bytes: Vec<u8>) -> Kept {
    let domain = KeyDomain::parse(DOMAINS.first().expect("a domain")).expect("a domain");
    let limit = u64::try_from(bytes.len()).unwrap_or_default();
    let whole = stream::iter([Ok::<_, std::io::Error>(Bytes::from(bytes))]);
    let staged = town
        .archive
        .storage
        .stage(&domain, whole, limit)
        .await
        .expect("room");
    let (content, stored_bytes) = (staged.content, staged.stored_bytes);
    Kept {
        blob: staged.keep().await.expect("room"),
        content,
        stored_bytes,
        instead_of: None,
    }
}

/// The pages of a text as they are kept.
pub(crate) fn pages_of(pool: &Pool, text: u64) -> Vec<String> {
    pool.pages(text)
}

async fn fill(plan: &Plan, filled: &Filled) {
    let town = Arc::new(Town::open(&filled.data).await);
    let pool = Arc::new(Pool::new());
    let mut contents = Vec::new();
    for number in 0..CONTENTS {
        contents.push(keep(&town, pdf(&pool, number, 50_000)).await);
    }
    let texts = stream::iter(0..TEXTS).map(|number| {
        let (town, pool) = (Arc::clone(&town), Arc::clone(&pool));
        async move {
            let pages = pages_of(&pool, number).into_iter();
            let pages = pages.map(|text| Page {
                text,
                state: "read".to_owned(),
                ..Page::default()
            });
            keep(&town, Pages::of(pages.collect()).pack().expect("JSON")).await
        }
    });
    let texts: Vec<Kept> = texts.buffered(8).collect().await;
    plan.note("contents and texts are kept");
    let (contents, texts) = (Arc::new(contents), Arc::new(texts));
    let all = stream::iter(0..filled.count).map(|number| {
        let (town, pool) = (Arc::clone(&town), Arc::clone(&pool));
        let content = contents
            .get(usize::try_from(number % CONTENTS).unwrap_or(0))
            .cloned();
        let text = texts
            .get(usize::try_from(number % TEXTS).unwrap_or(0))
            .cloned();
        async move {
            let paper = pool.paper(number);
            file(&town, number, &paper, content.expect("a content"), text).await;
            if number % 10_000 == 9_999 {
                plan.note(&format!("{} documents", number + 1));
            }
        }
    });
    all.buffer_unordered(WRITERS).collect::<Vec<()>>().await;
    let cleared = town.archive.db.keep_house(async move |unit: &mut Unit| {
        // Their texts are kept already.
        unit.tx().execute_unprepared("DELETE FROM job").await?;
        Ok::<(), DbError>(())
    });
    cleared.await.expect("no jobs");
    Arc::into_inner(town).expect("nobody else").close().await;
}

async fn file(town: &Town, number: u64, paper: &Paper, kept: Kept, text: Option<Kept>) {
    let department = town
        .departments
        .get(department_of(number))
        .expect("a department")
        .0;
    let metadata = Metadata {
        title: paper.title.clone(),
        kind: Some(paper.kind.clone()),
        direction: Direction::Incoming,
        channel: Some(Channel::Post),
        correspondent: Some(paper.correspondent.clone()),
        correspondent_id: None,
        document_date: CivilDate::parse(&paper.date),
        received_at: Timestamp::of_micros(received(number)),
        references: vec![paper.reference.clone()],
        tags: paper.tags.clone(),
        fields: server::types::Values::new(),
    };
    let content = Content {
        kept,
        media_type: "application/pdf".to_owned(),
        file_name: Some("schreiben.pdf".to_owned()),
        password: None,
    };
    let info = TextInfo {
        state: "readable".to_owned(),
        reason: None,
        pages: 3,
        engine: "bench 1".to_owned(),
        components: None,
        details: Details::default(),
    };
    let text = ReadText::plain(info, text);
    let system = Actor::system();
    let written = town
        .archive
        .db
        .write(&system, async move |unit: &mut Unit| {
            let held = documents::receive(unit, department, metadata, content).await?;
            documents::keep_text(unit, held.version.id, text).await?;
            Ok::<(), DocumentError>(())
        });
    written.await.expect("a document");
}

fn received(number: u64) -> i64 {
    1_767_225_600_000_000 + i64::try_from(number).unwrap_or_default() * 1_000_000
}

/// Sees to it that the index holds every document.
async fn index(plan: &Plan, filled: &Filled) {
    let town = Town::open(&filled.data).await;
    let settings = config(&filled.data);
    let options = search::options(settings.index.memory_bytes_max, settings.serials.clone());
    let index = Index::open(&settings.index.dir, options).expect("the index");
    let rows = town.archive.db.read();
    let asked = sql(rows, "SELECT count(*) FROM document", []);
    let row = rows
        .query_one_raw(asked)
        .await
        .expect("a count")
        .expect("a row");
    let count: i64 = row.try_get_by_index(0).expect("a number");
    assert_eq!(
        u64::try_from(count).unwrap_or_default(),
        filled.count,
        "the archive is not whole"
    );
    if index.len() != filled.count {
        let since = Instant::now();
        let rebuilt = search::rebuild(rows, &town.archive.storage, &index, |_, _| {}).await;
        rebuilt.expect("an index");
        let took = since.elapsed().as_secs_f64();
        plan.note(&format!(
            "index of {} documents in {took:.1} s",
            filled.count
        ));
    }
    index.close_writer().expect("the index ends well");
    drop(index);
    town.close().await;
}

/// The document as the index is given it: for the measurements that leave the database out.
pub(crate) fn entry(pool: &Pool, number: u64, pages: Vec<String>) -> Entry {
    let paper = pool.paper(number);
    let department = department_of(number);
    let mut date = paper
        .date
        .split('-')
        .filter_map(|part| part.parse::<i32>().ok());
    let mut part = || date.next().unwrap_or_default();
    let (year, month, day) = (part(), part(), part());
    let small = |number: i32| u8::try_from(number).unwrap_or_default();
    Entry {
        key: Key(u128::from(number) + 1),
        version: 1,
        acl: vec![u64::try_from(department).unwrap_or_default() + 1],
        within: Vec::new(),
        title: paper.title,
        pages,
        references: vec![paper.reference],
        correspondent: Some(paper.correspondent),
        also_called: Vec::new(),
        tags: paper.tags,
        kind: Some(paper.kind),
        department: DEPARTMENTS
            .get(department)
            .copied()
            .unwrap_or_default()
            .to_owned(),
        direction: Some("incoming".to_owned()),
        channel: Some("post".to_owned()),
        state: "incoming".to_owned(),
        document_date: Day::from_calendar(year, small(month), small(day)),
        received_at: received(number),
        added_at: received(number),
        file_name: Some("schreiben.pdf".to_owned()),
        values: Vec::new(),
    }
}

/// The size of a folder, in bytes.
pub(crate) fn folder_bytes(folder: &Path) -> u64 {
    let mut sum = 0;
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let Ok(about) = entry.metadata() else {
            continue;
        };
        sum += if about.is_dir() {
            folder_bytes(&entry.path())
        } else {
            about.len()
        };
    }
    sum
}
