//! Upload through REST against the floor; what a document costs until it is found; how soon it is found.

use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use sea_orm::{ConnectionTrait as _, DatabaseConnection};
use server::base::db::{Access, connect, sql};
use sha2::{Digest as _, Sha256};

use crate::Plan;
use crate::client::{Http, search_path, upload};
use crate::material::{Pool, pdfs, unique_word};
use crate::process::{Served, scratch, wait};
use crate::table::{Line, Series, figure};
use crate::town::set_up;

const CLIENTS: usize = 8;
const PDF_BYTES: usize = 50_000;
/// Documents of a rush that lasts.
const LASTING: u64 = 3_200;
/// Uploads a second of all clients together while it is measured how soon they are found.
const PACE: u32 = 16;

/// A server on a new data folder, a token, and a look at its database.
pub(crate) struct Fresh {
    // Before the folder: it is dropped first.
    pub(crate) served: Served,
    pub(crate) token: String,
    database: DatabaseConnection,
    pub(crate) folder: tempfile::TempDir,
}

impl Fresh {
    pub(crate) fn start(plan: &Plan) -> Self {
        let folder = scratch();
        let data = folder.path().join("data");
        let token = set_up(&plan.runtime, &data);
        let served = Served::start(&data);
        served.ready();
        let url = format!("sqlite://{}", data.join("papierlos.db").display());
        let database = plan
            .runtime
            .block_on(connect(&url, Access::BESIDE))
            .expect("its database");
        Self {
            served,
            token,
            database,
            folder,
        }
    }

    pub(crate) fn number(&self, plan: &Plan, query: &str) -> u64 {
        let asked = sql(&self.database, query, []);
        let row = plan
            .runtime
            .block_on(self.database.query_one_raw(asked))
            .expect("a look");
        let number: i64 = row
            .and_then(|row| row.try_get_by_index(0).ok())
            .unwrap_or_default();
        u64::try_from(number).unwrap_or_default()
    }

    /// Waits until no job is left and the index knows every record.
    pub(crate) fn drained(&self, plan: &Plan) {
        wait("all texts read", || {
            std::thread::sleep(Duration::from_millis(20));
            self.number(plan, "SELECT count(*) FROM job WHERE failed_at IS NULL") == 0
        });
        let head = self.number(plan, "SELECT seq FROM audit_head");
        let path = search_path("nichts", &format!("&min_seq={head}&limit=1"));
        let mut http = Http::connect(&self.served.address);
        wait("the index knows all", || {
            http.get(&path, Some(&self.token)).status == 200
        });
    }

    /// Files these documents with so many clients; seconds until the last durable answer.
    fn file(&self, paths: &[PathBuf]) -> f64 {
        let since = Instant::now();
        in_parallel(paths, |mine| {
            let mut http = Http::connect(&self.served.address);
            for path in mine {
                let content = fs::read(path).expect("a PDF");
                upload(&mut http, &self.token, "Antrag", &content).is(201);
            }
        });
        since.elapsed().as_secs_f64()
    }
}

fn in_parallel(paths: &[PathBuf], work: impl Fn(&[PathBuf]) + Sync) {
    let share = paths.len().div_ceil(CLIENTS).max(1);
    std::thread::scope(|scope| {
        for mine in paths.chunks(share) {
            scope.spawn(|| work(mine));
        }
    });
}

/// The floor: what any archive must do with these bytes on this machine, and nothing else.
struct Floor {
    folder: PathBuf,
    database: DatabaseConnection,
}

impl Floor {
    fn new(plan: &Plan, folder: &Path) -> Self {
        let folder = folder.join("floor");
        for shard in 0..=255_u8 {
            fs::create_dir_all(folder.join(format!("{shard:02x}"))).expect("a folder");
        }
        let url = format!("sqlite://{}", folder.join("floor.db").display());
        let database = plan.runtime.block_on(async {
            let database = connect(&url, Access::Write).await.expect("a database");
            let table = "CREATE TABLE kept (name BLOB PRIMARY KEY, bytes INTEGER)";
            database.execute_unprepared(table).await.expect("a table");
            database
        });
        Self { folder, database }
    }

    fn keep(&self, plan: &Plan, path: &Path) -> std::io::Result<()> {
        let content = fs::read(path)?;
        let digest = Sha256::digest(&content);
        let name = hex::encode(digest);
        let shard = self.folder.join(name.get(..2).unwrap_or_default());
        let (stage, end) = (shard.join(format!("{name}.new")), shard.join(&name));
        let mut file = File::create(&stage)?;
        file.write_all(&content)?;
        file.sync_all()?;
        fs::rename(&stage, &end)?;
        File::open(&shard)?.sync_all()?;
        let bytes = i64::try_from(content.len()).unwrap_or_default();
        let values = [digest.to_vec().into(), bytes.into()];
        let insert = sql(
            &self.database,
            "INSERT OR IGNORE INTO kept VALUES ($1, $2)",
            values,
        );
        plan.runtime
            .block_on(self.database.execute_raw(insert))
            .expect("a commit");
        Ok(())
    }

    fn run(&self, plan: &Plan, paths: &[PathBuf]) -> f64 {
        let since = Instant::now();
        in_parallel(paths, |mine| {
            for path in mine {
                self.keep(plan, path).expect("the floor holds");
            }
        });
        since.elapsed().as_secs_f64()
    }
}

/// Rows 1 and 2.
pub(crate) fn upload_row(plan: &Plan) -> Vec<Line> {
    let (rounds, each) = if plan.quick { (3, 80) } else { (7, 320) };
    let pool = Pool::new();
    let fresh = Fresh::start(plan);
    let material = fresh.folder.path().join("pdf");
    let floor = Floor::new(plan, fresh.folder.path());
    // Once for the caches: not counted.
    let warm = pdfs(&pool, &material, 900_000..900_040, PDF_BYTES);
    fresh.file(&warm);
    floor.run(plan, &warm);
    fresh.drained(plan);
    let (mut rates, mut floors, mut ratios, mut costs) = (vec![], vec![], vec![], vec![]);
    for round in 0..rounds {
        let paths = pdfs(
            &pool,
            &material,
            round * each..(round + 1) * each,
            PDF_BYTES,
        );
        let count = paths.len() as f64;
        let low = count / floor.run(plan, &paths);
        let cpu = fresh.served.cpu();
        let rate = count / fresh.file(&paths);
        fresh.drained(plan);
        costs.push((fresh.served.cpu() - cpu) * 1000.0 / count);
        ratios.push(rate / low);
        rates.push(rate);
        floors.push(low);
        plan.note(&format!(
            "round {round}: {} docs/s, floor {}",
            figure(rate),
            figure(low)
        ));
    }
    let (ratios, costs) = (Series::of(ratios), Series::of(costs));
    let upload = Line::new(
        format!("upload through REST, {CLIENTS} clients, PDFs of 50 KB, durable answer"),
        Series::of(rates).show("docs/s"),
    )
    .against(Series::of(floors).show("docs/s"), ratios.show("×"))
    .must("≥ 0.50 × floor", ratios.median() >= 0.5);
    let cost = Line::new(
        "CPU from upload to searchable, 3 pages, worker process included",
        costs.show("ms/doc"),
    )
    .must("≤ 35 ms", costs.median() <= 35.0);
    let mut lines = vec![upload, cost];
    if !plan.quick {
        // What holds texts and index back in a rush holds them back no longer.
        let paths = pdfs(&pool, &material, 100_000..100_000 + LASTING, PDF_BYTES);
        let count = paths.len() as f64;
        let low = count / floor.run(plan, &paths);
        let rate = count / fresh.file(&paths);
        fresh.drained(plan);
        let what = format!("the same, {LASTING} documents without a pause");
        let line = Line::new(what, format!("{} docs/s", figure(rate)));
        let ratio = format!("{} ×", figure(rate / low));
        lines.push(line.against(format!("{} docs/s", figure(low)), ratio));
    }
    lines
}

/// Row 3.
pub(crate) fn found_row(plan: &Plan) -> Vec<Line> {
    let seconds: u32 = if plan.quick { 8 } else { 40 };
    let count = u64::from(PACE * seconds);
    let pool = Pool::new();
    let fresh = Fresh::start(plan);
    let material = fresh.folder.path().join("pdf");
    let warm = pdfs(&pool, &material, 900_000..900_040, PDF_BYTES);
    fresh.file(&warm);
    fresh.drained(plan);
    let paths = pdfs(&pool, &material, 0..count, PDF_BYTES);
    let numbered: Vec<(usize, &PathBuf)> = paths.iter().enumerate().collect();
    let waits = Mutex::new(Vec::new());
    let since = Instant::now();
    std::thread::scope(|scope| {
        for client in 0..CLIENTS {
            let (numbered, waits, fresh) = (&numbered, &waits, &fresh);
            scope.spawn(move || {
                let mut http = Http::connect(&fresh.served.address);
                for (number, path) in numbered.iter().skip(client).step_by(CLIENTS) {
                    let turn = Duration::from_secs(1) * u32::try_from(*number).unwrap_or(0) / PACE;
                    std::thread::sleep(turn.saturating_sub(since.elapsed()));
                    let content = fs::read(path).expect("a PDF");
                    upload(&mut http, &fresh.token, "Antrag", &content).is(201);
                    let wait = until_found(&mut http, &fresh.token, *number);
                    waits.lock().expect("no panic").push(wait);
                }
            });
        }
    });
    let pace = count as f64 / since.elapsed().as_secs_f64();
    let waits = Series::of(waits.into_inner().expect("no panic"));
    let [p50, p95, p99] = [50, 95, 99].map(|percent| figure(waits.percentile(percent)));
    let line = Line::new(
        format!(
            "time from 201 to found by search, {CLIENTS} clients, {} uploads/s",
            figure(pace)
        ),
        format!("p50 {p50}, p95 {p95}, p99 {p99} s (of {})", waits.len()),
    );
    vec![line.must("p95 ≤ 1 s", waits.percentile(95) <= 1.0)]
}

/// Asks for a word that only this document has, until it is found; seconds.
fn until_found(http: &mut Http, token: &str, number: usize) -> f64 {
    let since = Instant::now();
    let word = unique_word(u64::try_from(number).unwrap_or_default());
    let path = search_path(&word, "&limit=1&snippets=false");
    loop {
        let answer = http.get(&path, Some(token)).is(200);
        // A word that is not there yet is corrected to one nearly like it: that is not it.
        let json = answer.json();
        if json["total"].as_u64() > Some(0) && json["corrected"].is_null() {
            return since.elapsed().as_secs_f64();
        }
        assert!(
            since.elapsed() < Duration::from_secs(120),
            "{word} is never found"
        );
        std::thread::sleep(Duration::from_millis(20));
    }
}
