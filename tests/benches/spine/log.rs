//! What the log costs a write: filing a document, against the same rows without log, keys into it and
//! guards.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use sea_orm::{ConnectionTrait as _, DbBackend, Value};
use server::base::db::{DbError, sql};
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

/// The tables of a document as they would be without a log.
const TWINS: &[&str] = &[
    "CREATE TABLE twin_blob (name {blob} NOT NULL PRIMARY KEY, domain TEXT NOT NULL, sha256 {blob} NOT NULL,
        sha512 {blob} NOT NULL, bytes {big} NOT NULL, stored_bytes {big} NOT NULL, created_at {big} NOT NULL)",
    "CREATE INDEX twin_blob_content ON twin_blob (sha256, domain)",
    "CREATE TABLE twin_key (name {blob} NOT NULL PRIMARY KEY REFERENCES twin_blob (name), kek TEXT NOT NULL,
        wrapped {blob} NOT NULL)",
    "CREATE TABLE twin (id {uuid} NOT NULL PRIMARY KEY, version {big} NOT NULL,
        department_id {uuid} NOT NULL REFERENCES department (id), state TEXT NOT NULL, title TEXT NOT NULL,
        kind TEXT, direction TEXT NOT NULL, channel TEXT, correspondent TEXT, document_date TEXT,
        received_at {big} NOT NULL, doc_references TEXT NOT NULL, tags TEXT NOT NULL,
        content_version {big} NOT NULL, reason TEXT, created_at {big} NOT NULL, created_by {uuid} NOT NULL,
        changed_at {big} NOT NULL, changed_by {uuid} NOT NULL)",
    "CREATE INDEX twin_department ON twin (department_id, received_at, id)",
    "CREATE INDEX twin_received ON twin (received_at, id)",
    "CREATE TABLE twin_tag (document_id {uuid} NOT NULL REFERENCES twin (id), tag TEXT NOT NULL,
        PRIMARY KEY (document_id, tag))",
    "CREATE INDEX twin_tag_tag ON twin_tag (tag, document_id)",
    "CREATE TABLE twin_version (id {uuid} NOT NULL PRIMARY KEY, version {big} NOT NULL,
        document_id {uuid} NOT NULL REFERENCES twin (id), number {big} NOT NULL,
        blob_name {blob} NOT NULL REFERENCES twin_blob (name), media_type TEXT NOT NULL, file_name TEXT,
        created_at {big} NOT NULL, created_by {uuid} NOT NULL, UNIQUE (document_id, number))",
    "CREATE INDEX twin_version_blob ON twin_version (blob_name)",
];

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

#[expect(
    clippy::too_many_lines,
    reason = "one story from its beginning to its end"
)]
async fn without(town: &Town, department: DepartmentId) {
    let written = town.archive.db.keep_house(async move |unit: &mut Unit| {
        let (kept, about) = (kept(), metadata());
        let (document, version) = (server::base::DocumentId::new().raw(), VersionId::new());
        let (now, by) = (unit.now().micros(), Uuid::nil());
        let name = kept.blob.name.as_bytes().to_vec();
        let domain = kept.blob.domain.as_str().to_owned();
        let sha = kept.content.sha256.as_bytes().to_vec();
        let asked = "SELECT * FROM twin_blob WHERE sha256 = $1 AND domain = $2 LIMIT 1";
        let asked = sql(
            unit.tx(),
            asked,
            [sha.clone().into(), domain.clone().into()],
        );
        assert!(
            unit.tx().query_one_raw(asked).await?.is_none(),
            "each content is new"
        );
        let bytes = Value::from(50_000_i64);
        let tags = Value::from("[\"Antrag\",\"Parken\"]");
        put(
            unit,
            "twin",
            vec![
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
                tags,
                1_i64.into(),
                Value::String(None),
                now.into(),
                by.into(),
                now.into(),
                by.into(),
            ],
        )
        .await?;
        let text = "INSERT INTO twin_tag VALUES ($1, $2), ($3, $4)";
        let tags = [
            document.into(),
            "Antrag".into(),
            document.into(),
            "Parken".into(),
        ];
        unit.tx().execute_raw(sql(unit.tx(), text, tags)).await?;
        put(
            unit,
            "twin_blob",
            vec![
                name.clone().into(),
                domain.into(),
                sha.into(),
                kept.content.sha512.as_bytes().to_vec().into(),
                bytes.clone(),
                bytes,
                now.into(),
            ],
        )
        .await?;
        put(
            unit,
            "twin_key",
            vec![
                name.clone().into(),
                kept.blob.key.kek.into(),
                kept.blob.key.bytes.into(),
            ],
        )
        .await?;
        put(
            unit,
            "twin_version",
            vec![
                version.raw().into(),
                1_i64.into(),
                document.into(),
                1_i64.into(),
                name.into(),
                "application/pdf".into(),
                "schreiben.pdf".into(),
                now.into(),
                by.into(),
            ],
        )
        .await?;
        unit.enqueue(Job::ExtractText(version));
        Ok::<(), DbError>(())
    });
    written.await.expect("rows");
}

async fn put(unit: &Unit, table: &str, values: Vec<Value>) -> Result<(), DbError> {
    let places: Vec<String> = (1..=values.len())
        .map(|place| format!("${place}"))
        .collect();
    let text = format!("INSERT INTO {table} VALUES ({})", places.join(", "));
    unit.tx().execute_raw(sql(unit.tx(), text, values)).await?;
    Ok(())
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
