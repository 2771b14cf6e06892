//! Timers that are due, found among a million.

use std::time::Instant;

use sea_orm::ConnectionTrait as _;
use server::base::db::{DbError, sql};
use server::unit::Unit;
use server::workflows::Timers;

use super::house::House;
use super::shown;
use crate::Plan;
use crate::table::{Line, Series};
use crate::town::Town;

/// How many are due while it is measured.
const DUE: i64 = 1_000;

/// Takes away what an earlier measurement has left that did not end.
async fn take_away(town: &Town) {
    let gone = town.archive.db.keep_house(async move |unit: &mut Unit| {
        // By the index: the others are due much later.
        let text = "DELETE FROM workflow_timer WHERE due_at < 86400000000 AND key = 'messung'";
        unit.tx().execute_unprepared(text).await?;
        Ok::<(), DbError>(())
    });
    gone.await.expect("timers go");
}

async fn put_in(town: &Town) {
    let added = town.archive.db.keep_house(async move |unit: &mut Unit| {
        let text = "INSERT INTO workflow_timer (instance_id, key, due_at, kind, step) \
                    SELECT id, 'messung', 1 + started_at % 3600000000, 'remind', 1 \
                    FROM workflow_instance ORDER BY id LIMIT $1";
        let values = [DUE.into()];
        unit.tx().execute_raw(sql(unit.tx(), text, values)).await?;
        Ok::<(), DbError>(())
    });
    added.await.expect("timers");
}

async fn count(town: &Town) -> i64 {
    let rows = town.archive.db.read();
    let asked = sql(rows, "SELECT count(*) FROM workflow_timer", []);
    let row = rows.query_one_raw(asked).await.expect("a count");
    let row = row.expect("a row");
    row.try_get_by_index(0).expect("a number")
}

/// What is due, found page by page as a server finds it before it fires.
pub(super) fn timers(plan: &Plan, name: &str, house: &House) -> Line {
    let rounds = if plan.quick { 20 } else { 200 };
    plan.runtime.block_on(async {
        let town = house.open().await;
        take_away(&town).await;
        put_in(&town).await;
        let all = count(&town).await;
        let timers = Timers::new(&town.archive.db, &house.rules());
        let mut took = Vec::new();
        for round in 0..=rounds {
            let since = Instant::now();
            let found = timers.count_due().await.expect("timers");
            let one = since.elapsed().as_secs_f64() * 1e3;
            assert_eq!(i64::try_from(found).unwrap_or_default(), DUE);
            // Once for the caches.
            if round > 0 {
                took.push(one);
            }
        }
        take_away(&town).await;
        town.close().await;
        let took = Series::of(took);
        Line::new(
            format!("workflow, {name}: {DUE} timers that are due, found among {all}"),
            shown(&took),
        )
        .must("p99 ≤ 50 ms", took.percentile(99) <= 50.0)
    })
}
