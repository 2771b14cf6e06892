//! What the log costs a write: filing a document, against the same rows without log, keys into it and
//! guards.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use sea_orm::{ConnectionTrait as _, DbBackend, Value};
use server::base::db::{DbError, sql};
use server::base::insert::{Insert, Together};
use server::base::{Actor, DepartmentId, Job, Timestamp, VersionId};
use server::documents::{
    self, Channel, Content, DOMAINS, Direction, DocumentError, Kept, Metadata,
};
use server::unit::Unit;
use storage::{Blob, ContentDigests, KeyDomain, Sha256Digest, Sha512Digest, WrappedKey};
use tests::{Engine, TestDatabase};
use uuid::Uuid;

use crate::Plan;
use crate::process::scratch;
use crate::table::{Line, Series, figure};
use crate::town::{Town, config_on};

/// The tables of a document as they would be without a log: the same columns and indices.
const TWINS: &[&str] = &[
    "CREATE TABLE twin_blob (name {blob} NOT NULL PRIMARY KEY, domain TEXT NOT NULL, sha256 {blob} NOT NULL,
        sha512 {blob} NOT NULL, bytes {big} NOT NULL, stored_bytes {big} NOT NULL, created_at {big} NOT NULL)",
    "CREATE INDEX twin_blob_content ON twin_blob (sha256, domain)",
    "CREATE TABLE twin_key (name {blob} NOT NULL PRIMARY KEY REFERENCES twin_blob (name), kek TEXT NOT NULL,
        wrapped {blob} NOT NULL, domain TEXT NOT NULL)",
    "CREATE INDEX twin_key_kek ON twin_key (kek)",
    "CREATE TABLE twin (id {uuid} NOT NULL PRIMARY KEY, version {big} NOT NULL,
        department_id {uuid} NOT NULL REFERENCES department (id), state TEXT NOT NULL, title TEXT NOT NULL,
        kind TEXT, direction TEXT NOT NULL, channel TEXT, correspondent TEXT, document_date TEXT,
        received_at {big} NOT NULL, doc_references TEXT NOT NULL, tags TEXT NOT NULL,
        content_version {big} NOT NULL, reason TEXT, created_at {big} NOT NULL, created_by {uuid} NOT NULL,
        changed_at {big} NOT NULL, changed_by {uuid} NOT NULL, superseded {big} NOT NULL,
        correspondent_id {uuid} REFERENCES correspondent (id),
        compartment_id {uuid} REFERENCES compartment (id), case_id {uuid} REFERENCES record_case (id),
        reference TEXT, ordinal {big}, registered_at {big}, registered_by {uuid},
        inbox_id {uuid} REFERENCES account (id), field_values TEXT, parent_id {uuid} REFERENCES twin (id),
        family_id {uuid} REFERENCES twin (id), taken_from {uuid}, position {big}, depth {big}, part_path TEXT,
        batch_id {uuid} REFERENCES twin (id), cut_from {uuid}, first_page {big}, last_page {big})",
    "CREATE INDEX twin_department ON twin (department_id, received_at, id)",
    "CREATE INDEX twin_received ON twin (received_at, id)",
    "CREATE UNIQUE INDEX twin_reference ON twin (reference)",
    "CREATE INDEX twin_case ON twin (case_id, ordinal)",
    "CREATE INDEX twin_correspondent ON twin (correspondent_id)",
    "CREATE UNIQUE INDEX twin_taken ON twin (taken_from, position) WHERE taken_from IS NOT NULL",
    "CREATE INDEX twin_parent ON twin (parent_id, position) WHERE parent_id IS NOT NULL",
    "CREATE INDEX twin_family ON twin (family_id) WHERE family_id IS NOT NULL",
    "CREATE UNIQUE INDEX twin_cut ON twin (cut_from, first_page, last_page) WHERE cut_from IS NOT NULL",
    "CREATE INDEX twin_batch ON twin (batch_id, first_page) WHERE batch_id IS NOT NULL",
    "CREATE TABLE twin_tag (document_id {uuid} NOT NULL REFERENCES twin (id), tag TEXT NOT NULL,
        PRIMARY KEY (document_id, tag))",
    "CREATE INDEX twin_tag_tag ON twin_tag (tag, document_id)",
    "CREATE TABLE twin_version (id {uuid} NOT NULL PRIMARY KEY, version {big} NOT NULL,
        document_id {uuid} NOT NULL REFERENCES twin (id), number {big} NOT NULL,
        blob_name {blob} NOT NULL REFERENCES twin_blob (name), media_type TEXT NOT NULL, file_name TEXT,
        created_at {big} NOT NULL, created_by {uuid} NOT NULL, UNIQUE (document_id, number))",
    "CREATE INDEX twin_version_blob ON twin_version (blob_name)",
];

/// What is written of them.
const TWIN: &str = "twin (id, version, department_id, state, title, kind, direction, channel, correspondent, \
    document_date, received_at, doc_references, tags, content_version, reason, created_at, created_by, \
    changed_at, changed_by, superseded, correspondent_id)";
const TWIN_TAG: &str = "twin_tag (document_id, tag)";
const TWIN_BLOB: &str = "twin_blob (name, domain, sha256, sha512, bytes, stored_bytes, created_at)";
const TWIN_KEY: &str = "twin_key (name, kek, wrapped, domain)";
const TWIN_VERSION: &str = "twin_version (id, version, document_id, number, blob_name, media_type, file_name, \
    created_at, created_by)";

static NUMBER: AtomicU64 = AtomicU64::new(1);

/// Content that has a row of its own; its bytes are not what is measured here.
fn kept() -> Kept {
    let number = NUMBER.fetch_add(1, Ordering::Relaxed).to_be_bytes();
    let mut name = [0x5a; 32];
    for (place, byte) in name.iter_mut().zip(number.iter().rev()) {
        *place = *byte;
    }
    Kept {
        blob: Blob {
            name: Sha256Digest(name),
            domain: KeyDomain::parse(DOMAINS.first().expect("a domain")).expect("a domain"),
            key: WrappedKey {
                kek: "bench".to_owned(),
                bytes: vec![7; 60],
            },
            content_bytes: 50_000,
        },
        content: ContentDigests {
            sha256: Sha256Digest(name),
            sha512: Sha512Digest([3; 64]),
            bytes: 50_000,
        },
        stored_bytes: 50_100,
        instead_of: None,
    }
}

fn metadata() -> Metadata {
    Metadata {
        title: "Antrag auf Bewohnerparkausweis".to_owned(),
        kind: Some("Antrag".to_owned()),
        direction: Direction::Incoming,
        channel: Some(Channel::Post),
        correspondent: Some("Erika Beispiel".to_owned()),
        correspondent_id: None,
        document_date: None,
        received_at: Timestamp::of_micros(1_767_225_600_000_000),
        references: vec!["02.1.4-2026/0007".to_owned()],
        tags: vec!["Antrag".to_owned(), "Parken".to_owned()],
        fields: server::types::Values::new(),
    }
}

async fn with(town: &Town, department: DepartmentId) {
    let content = Content {
        kept: kept(),
        media_type: "application/pdf".to_owned(),
        file_name: Some("schreiben.pdf".to_owned()),
        password: None,
    };
    let system = Actor::system();
    let written = town
        .archive
        .db
        .write(&system, async move |unit: &mut Unit| {
            documents::receive(unit, department, metadata(), content).await?;
            Ok::<(), DocumentError>(())
        });
    written.await.expect("a document");
}

/// The same questions and the same rows, told with as few words; but for the record and what belongs to it.
async fn without(town: &Town, department: DepartmentId) {
    let written = town.archive.db.keep_house(async move |unit: &mut Unit| {
        let (kept, about) = (kept(), metadata());
        let kind = about.kind.as_deref().unwrap_or_default();
        server::types::is_retired(unit.tx(), kind).await?;
        let names = about.correspondent.as_slice();
        let known = server::correspondents::spelled(unit.tx(), unit.actor(), names).await?;
        let correspondent = known.first().map(|known| known.id.raw());
        let asked = "SELECT b.*, k.domain AS opens_in FROM twin_blob b LEFT JOIN twin_key k ON k.name = b.name \
                     WHERE b.sha256 = $1 ORDER BY b.created_at DESC, b.name";
        let sha = kept.content.sha256.as_bytes().to_vec();
        let held = unit.tx().query_all_raw(sql(unit.tx(), asked, [sha.into()])).await?;
        assert!(held.is_empty(), "each content is new");
        rows_of(unit, department, kept, about, correspondent).run(unit.tx()).await?;
        unit.enqueue(Job::ExtractText(VersionId::new()));
        Ok::<(), DbError>(())
    });
    written.await.expect("rows");
}

fn rows_of(
    unit: &Unit,
    department: DepartmentId,
    kept: Kept,
    about: Metadata,
    correspondent: Option<Uuid>,
) -> Together {
    let (document, version) = (server::base::DocumentId::new().raw(), VersionId::new());
    let (now, by) = (unit.now().micros(), Uuid::nil());
    let name = kept.blob.name.as_bytes().to_vec();
    let domain = kept.blob.domain.as_str().to_owned();
    let sha = kept.content.sha256.as_bytes().to_vec();
    let bytes = Value::from(50_000_i64);
    let mut all = Together::default();
    let row = [
        document.into(),
        1_i64.into(),
        department.raw().into(),
        "incoming".into(),
        about.title.into(),
        about.kind.into(),
        "incoming".into(),
        "post".into(),
        about.correspondent.into(),
        Value::String(None),
        about.received_at.micros().into(),
        "[\"02.1.4-2026/0007\"]".into(),
        "[\"Antrag\",\"Parken\"]".into(),
        1_i64.into(),
        Value::String(None),
        now.into(),
        by.into(),
        now.into(),
        by.into(),
        0_i64.into(),
        correspondent.into(),
    ];
    all.put(Insert::new(TWIN, vec![row]));
    let tag = |tag: &str| [document.into(), tag.into()];
    all.put(Insert::new(TWIN_TAG, vec![tag("Antrag"), tag("Parken")]));
    let row = [
        name.clone().into(),
        domain.clone().into(),
        sha.into(),
        kept.content.sha512.as_bytes().to_vec().into(),
        bytes.clone(),
        bytes,
        now.into(),
    ];
    all.put(Insert::new(TWIN_BLOB, vec![row]));
    let (kek, key) = (kept.blob.key.kek, kept.blob.key.bytes);
    let row = [name.clone().into(), kek.into(), key.into(), domain.into()];
    all.put(Insert::new(TWIN_KEY, vec![row]));
    let row = [
        version.raw().into(),
        1_i64.into(),
        document.into(),
        1_i64.into(),
        name.into(),
        "application/pdf".into(),
        "schreiben.pdf".into(),
        now.into(),
        by.into(),
    ];
    all.put(Insert::new(TWIN_VERSION, vec![row]));
    all
}

#[derive(Clone, Copy)]
enum Way {
    With,
    Without,
}

/// Microseconds of one write, when so many write at the same time.
async fn run(town: &Arc<Town>, way: Way, writers: u32, each: u32) -> f64 {
    let department = town.departments.first().expect("a department").0;
    let since = Instant::now();
    let all = (0..writers).map(|_| async {
        for _ in 0..each {
            match way {
                Way::With => with(town, department).await,
                Way::Without => without(town, department).await,
            }
        }
    });
    futures_util::future::join_all(all).await;
    since.elapsed().as_secs_f64() * 1e6 / f64::from(writers * each)
}

/// Row 5.
pub(crate) fn audit_row(plan: &Plan) -> Vec<Line> {
    let mut lines = measure(plan, "SQLite", None);
    let server = plan.runtime.block_on(TestDatabase::empty(Engine::Postgres));
    match server {
        Some(database) => lines.extend(measure(plan, "PostgreSQL", Some(&database))),
        None => lines.push(Line::skipped(
            "audit on PostgreSQL",
            "there is none on this machine",
        )),
    }
    lines
}

fn measure(plan: &Plan, name: &str, database: Option<&TestDatabase>) -> Vec<Line> {
    let folder = scratch();
    let settings = config_on(&folder.path().join("data"), database.map(TestDatabase::url));
    let rounds = if plan.quick { 3 } else { 9 };
    plan.runtime.block_on(async {
        let town = Arc::new(Town::open_with(&settings).await);
        let made = town.archive.db.keep_house(async move |unit: &mut Unit| {
            let postgres = unit.tx().get_database_backend() == DbBackend::Postgres;
            let kinds = if postgres {
                ["UUID", "BYTEA", "BIGINT"]
            } else {
                ["BLOB", "BLOB", "INTEGER"]
            };
            let strict = if postgres { "" } else { " STRICT" };
            for text in TWINS {
                let [uuid, blob, big] = kinds;
                let text = text
                    .replace("{uuid}", uuid)
                    .replace("{blob}", blob)
                    .replace("{big}", big);
                let strict = if text.starts_with("CREATE TABLE") {
                    strict
                } else {
                    ""
                };
                unit.tx()
                    .execute_unprepared(&format!("{text}{strict}"))
                    .await?;
            }
            Ok::<(), DbError>(())
        });
        made.await.expect("tables");
        let mut lines = Vec::new();
        for (writers, each) in [(1, 300), (64, 25)] {
            run(&town, Way::With, writers, each / 5).await;
            run(&town, Way::Without, writers, each / 5).await;
            let (mut dear, mut cheap, mut ratios) = (vec![], vec![], vec![]);
            for _ in 0..rounds {
                let low = run(&town, Way::Without, writers, each).await;
                let high = run(&town, Way::With, writers, each).await;
                dear.push(high);
                cheap.push(low);
                ratios.push(high / low);
            }
            let ratios = Series::of(ratios);
            plan.note(&format!("{name}, {writers}: {}", figure(ratios.median())));
            let what = format!(
                "audit, {name}, {writers} waiting: filing a document's rows with its record"
            );
            lines.push(
                Line::new(what, Series::of(dear).show("µs/write"))
                    .against(
                        format!("without {}", Series::of(cheap).show("µs/write")),
                        ratios.show("×"),
                    )
                    .must("≤ 1.25 × without", ratios.median() <= 1.25),
            );
        }
        Arc::into_inner(town).expect("nobody else").close().await;
        lines
    })
}
