//! Rebuilding the index, against raw tantivy on the same texts.

use std::time::Instant;

use indexer::{Index, Options};
use server::search;

use crate::Plan;
use crate::filled::{TEXTS, entry, filled, pages_of};
use crate::material::Pool;
use crate::process::scratch;
use crate::raw::Raw;
use crate::table::{Line, Series, figure};
use crate::town::{Town, config};

/// Row 7.
pub(crate) fn rebuild_row(plan: &Plan) -> Vec<Line> {
    let (rounds, count) = if plan.quick { (1, 5_000) } else { (3, 20_000) };
    let filled = filled(plan, count);
    let options = Options::default();
    let pool = Pool::new();
    let texts: Vec<Vec<String>> = (0..TEXTS).map(|number| pages_of(&pool, number)).collect();
    let entries = || {
        (0..count).map(|number| {
            let text = texts
                .get(usize::try_from(number % TEXTS).unwrap_or(0))
                .expect("a text");
            entry(&pool, number, text.clone())
        })
    };
    let (mut whole, mut engine, mut peer, mut ratios) = (vec![], vec![], vec![], vec![]);
    for round in 0..rounds {
        let since = Instant::now();
        let folder = scratch();
        let raw = Raw::open(folder.path());
        let mut writer = raw.writer(options.rebuild_bytes, options.rebuild_threads);
        entries().for_each(|entry| raw.add(&writer, &entry));
        writer.commit().expect("a commit");
        writer.wait_merging_threads().expect("merges");
        let low = count as f64 / since.elapsed().as_secs_f64();

        let rate = count as f64 / plan.runtime.block_on(rebuild(&filled.data));

        let folder = scratch();
        let index = Index::open(folder.path(), options.clone()).expect("an index");
        let since = Instant::now();
        let rebuilding = index.rebuild().expect("a rebuild");
        entries().for_each(|entry| rebuilding.put(&entry).expect("an entry"));
        rebuilding.finish(1).expect("an index");
        engine.push(count as f64 / since.elapsed().as_secs_f64());

        plan.note(&format!(
            "round {round}: {} docs/s, raw {}",
            figure(rate),
            figure(low)
        ));
        ratios.push(rate / low);
        whole.push(rate);
        peer.push(low);
    }
    let ratios = Series::of(ratios);
    let line = Line::new(
        format!("rebuild of the index, {count} documents, out of rows and blobs"),
        Series::of(whole).show("docs/s"),
    );
    let line = line
        .against(
            format!("raw tantivy {}", Series::of(peer).show("docs/s")),
            ratios.show("×"),
        )
        .must("≥ 0.80 × raw", ratios.median() >= 0.8);
    let alone = "of which the engine: entries in memory, one thread that analyses";
    vec![line, Line::new(alone, Series::of(engine).show("docs/s"))]
}

async fn rebuild(data: &std::path::Path) -> f64 {
    let town = Town::open(data).await;
    let settings = config(data);
    let options = search::options(settings.index.memory_bytes_max, settings.serials.clone());
    let index = Index::open(&settings.index.dir, options).expect("the index");
    let since = Instant::now();
    let rebuilt = search::rebuild(
        town.archive.db.read(),
        &town.archive.storage,
        &index,
        |_, _| {},
    )
    .await;
    rebuilt.expect("an index");
    let took = since.elapsed().as_secs_f64();
    index.close_writer().expect("the index ends well");
    town.close().await;
    took
}
