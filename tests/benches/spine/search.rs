//! Search in a hundred thousand documents: the engine against raw tantivy, and the whole REST answer.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use indexer::{Index, SearchRequest};
use server::search;

use crate::Plan;
use crate::client::{Http, search_path};
use crate::filled::{Filled, TEXTS, entry, filled, folder_bytes, pages_of};
use crate::material::{Pool, queries};
use crate::process::Served;
use crate::raw::{Asker, Raw};
use crate::table::{Line, Series, figure};
use crate::town::{Town, config};

/// The raw index of the same documents: the one of an earlier run, or a new one.
fn raw(plan: &Plan, filled: &Filled) -> Asker {
    let folder = filled.folder.join("raw-v1");
    let done = folder.join("complete");
    if !done.exists() {
        std::fs::remove_dir_all(&folder).ok();
        let pool = Pool::new();
        let texts: Vec<Vec<String>> = (0..TEXTS).map(|number| pages_of(&pool, number)).collect();
        let raw = Raw::open(&folder);
        let mut writer = raw.writer(128_000_000, 2);
        for number in 0..filled.count {
            let text = texts
                .get(usize::try_from(number % TEXTS).unwrap_or(0))
                .expect("a text");
            raw.add(&writer, &entry(&pool, number, text.clone()));
        }
        writer.commit().expect("a commit");
        writer.wait_merging_threads().expect("merges");
        std::fs::write(&done, "").expect("a mark");
        plan.note("the raw index is built");
    }
    Raw::open(&folder).asker()
}

/// The engine part and the whole answer.
pub(crate) fn search_row(plan: &Plan) -> Vec<Line> {
    let filled = filled(plan, plan.large());
    let mut lines = engine(plan, &filled);
    lines.extend(whole(plan, &filled));
    lines
}

#[expect(
    clippy::too_many_lines,
    reason = "one story from its beginning to its end"
)]
fn engine(plan: &Plan, filled: &Filled) -> Vec<Line> {
    let raw = raw(plan, filled);
    let token = plan.runtime.block_on(async {
        let town = Town::open(&filled.data).await;
        let token = town.departments.first().expect("a department").1;
        town.close().await;
        token
    });
    let settings = config(&filled.data);
    let options = search::options(settings.index.memory_bytes_max, settings.serials.clone());
    let index = Index::open(&settings.index.dir, options).expect("the index");
    plan.note(&format!(
        "index {} MB, raw index {} MB in {} segments, {} documents",
        folder_bytes(&settings.index.dir) >> 20,
        folder_bytes(&filled.folder.join("raw-v1")) >> 20,
        raw.segments(),
        raw.documents()
    ));
    let repeats = if plan.quick { 3 } else { 15 };
    let mut by_class: BTreeMap<String, [Vec<f64>; 2]> = BTreeMap::new();
    let (mut ours, mut peers, mut shares) = (vec![], vec![], vec![]);
    for (class, query) in queries() {
        let request = SearchRequest {
            facets: true,
            snippets: false,
            ..SearchRequest::new(query.clone(), vec![token])
        };
        let (mut mine, mut other) = (vec![], vec![]);
        for _ in 0..repeats {
            let since = Instant::now();
            std::hint::black_box(index.search(&request).expect("an answer"));
            mine.push(since.elapsed().as_secs_f64() * 1e6);
            let since = Instant::now();
            std::hint::black_box(raw.ask(&query, token));
            other.push(since.elapsed().as_secs_f64() * 1e6);
        }
        let (mine, other) = (Series::of(mine).median(), Series::of(other).median());
        plan.detail(&format!("{class}\t{query}\t{mine:.0}\t{other:.0}"));
        ours.push(mine);
        peers.push(other);
        shares.push(mine / other);
        let [left, right] = by_class.entry(class).or_default();
        left.push(mine);
        right.push(other);
    }
    for (class, [mine, other]) in by_class {
        let (mine, other) = (Series::of(mine), Series::of(other));
        plan.note(&format!(
            "{class}: {} (p99 {}) µs, raw {} (p99 {}) µs",
            figure(mine.median()),
            figure(mine.percentile(99)),
            figure(other.median()),
            figure(other.percentile(99))
        ));
    }
    let (ours, peers, shares) = (Series::of(ours), Series::of(peers), Series::of(shares));
    let ratio = ours.median() / peers.median();
    let shown = |series: &Series| {
        format!(
            "p50 {}, p95 {} µs",
            figure(series.median()),
            figure(series.percentile(95))
        )
    };
    vec![
        Line::new(
            format!(
                "search, engine part: query, access, facets, 20 hits; {} questions, {} documents",
                ours.len(),
                filled.count
            ),
            shown(&ours),
        )
        .against(
            format!("raw tantivy {}", shown(&peers)),
            format!(
                "{} × of the medians (question by question {} ×)",
                figure(ratio),
                figure(shares.median())
            ),
        )
        .must("p50 ≤ 1.5 × raw", ratio <= 1.5),
    ]
}

fn whole(plan: &Plan, filled: &Filled) -> Vec<Line> {
    let token = plan.runtime.block_on(async {
        let town = Town::open(&filled.data).await;
        let token = town.token().await;
        town.close().await;
        token
    });
    let served = Served::start(&filled.data);
    served.ready();
    let paths: Vec<String> = queries()
        .into_iter()
        .map(|(_, query)| search_path(&query, "&limit=20&facets=true"))
        .collect();
    // Once for the caches: not counted. It also says how much an answer holds.
    let mut http = Http::connect(&served.address);
    let (mut hits, mut passages) = (0, 0);
    for path in &paths {
        let answer = http.get(path, Some(&token)).is(200).json();
        let items = answer["items"].as_array().cloned().unwrap_or_default();
        hits += items.len();
        passages += items
            .iter()
            .filter_map(|item| item["snippets"].as_array())
            .map(Vec::len)
            .sum::<usize>();
    }
    plan.note(&format!(
        "an answer holds {} hits and {} passages on average",
        figure(hits as f64 / paths.len() as f64),
        figure(passages as f64 / paths.len() as f64)
    ));
    let memory = served.memory();
    plan.note(&format!(
        "the server after one round of questions: {} MB, of them {} MB its own, peak {} MB",
        memory.resident >> 20,
        memory.anonymous >> 20,
        memory.peak >> 20
    ));
    let rounds = if plan.quick { 2 } else { 10 };
    let mut lines = Vec::new();
    for clients in [1, 2] {
        let (took, cost) = ask(&served, &token, &paths, rounds, clients);
        lines.push(
            Line::new(
                format!(
                    "search, whole REST answer with 20 snippets and facets, {clients} at a time"
                ),
                format!(
                    "{} CPU ms a request; p50 {}, p99 {} ms (of {})",
                    figure(cost),
                    figure(took.median()),
                    figure(took.percentile(99)),
                    took.len()
                ),
            )
            .must(
                "≤ 3 CPU ms, p99 ≤ 25 ms",
                cost <= 3.0 && took.percentile(99) <= 25.0,
            ),
        );
    }
    served.stop();
    lines
}

/// Milliseconds of each request, and CPU milliseconds of a request on average.
fn ask(
    served: &Served,
    token: &str,
    paths: &[String],
    rounds: usize,
    clients: usize,
) -> (Series, f64) {
    let took = Mutex::new(Vec::new());
    let next = AtomicUsize::new(0);
    let total = paths.len() * rounds;
    let cpu = served.cpu();
    std::thread::scope(|scope| {
        for _ in 0..clients {
            scope.spawn(|| {
                let mut http = Http::connect(&served.address);
                let mut mine = Vec::new();
                loop {
                    let at = next.fetch_add(1, Ordering::Relaxed);
                    if at >= total {
                        break;
                    }
                    let path = paths.get(at % paths.len()).expect("a question");
                    let since = Instant::now();
                    http.get(path, Some(token)).is(200);
                    mine.push(since.elapsed().as_secs_f64() * 1e3);
                }
                took.lock().expect("no panic").extend(mine);
            });
        }
    });
    let cost = (served.cpu() - cpu) * 1e3 / total as f64;
    (Series::of(took.into_inner().expect("no panic")), cost)
}
