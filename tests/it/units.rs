//! Units of work side by side: those that wait share a transaction, and what fails is undone alone, whatever was
//! begun within it.

use std::collections::BTreeMap;

use futures_util::future::join_all;
use sea_orm::ConnectionTrait as _;
use server::archive::Archive;
use server::base::db::{DbError, sql};
use server::config::{Config, Sources};
use server::unit::{Db, Unit};
use tempfile::TempDir;
use tests::{Engine, TestDatabase};
use tokio::sync::oneshot::{self, Receiver};

async fn opened(engine: Engine) -> Option<(Archive, TempDir, TestDatabase)> {
    let database = TestDatabase::empty(engine).await?;
    let folder = TempDir::new().expect("a folder");
    let arguments = [
        ("data_dir", folder.path().display().to_string()),
        ("database.url", database.url().to_owned()),
    ];
    let sources = Sources {
        file: None,
        env: &BTreeMap::new(),
        arguments: &arguments,
        read: &|path: &std::path::Path| std::fs::read_to_string(path),
    };
    let settings = Config::load(&sources).expect("settings");
    let archive = Archive::open(&settings).await.expect("an archive");
    let table = archive.db.keep_house(async move |unit: &mut Unit| {
        let table = "CREATE TABLE mark (name TEXT NOT NULL PRIMARY KEY)";
        unit.tx().execute_unprepared(table).await?;
        Ok::<(), DbError>(())
    });
    table.await.expect("a table");
    Some((archive, folder, database))
}

async fn mark(unit: &Unit, name: &str) -> Result<(), DbError> {
    let text = "INSERT INTO mark (name) VALUES ($1)";
    unit.tx()
        .execute_raw(sql(unit.tx(), text, [name.into()]))
        .await?;
    Ok(())
}

async fn marks(db: &Db) -> Vec<String> {
    let asked = sql(db.read(), "SELECT name FROM mark ORDER BY name", []);
    let rows = db.read().query_all_raw(asked).await.expect("marks");
    let name = |row: &sea_orm::QueryResult| row.try_get_by_index(0).expect("a name");
    rows.iter().map(name).collect()
}

/// Holds the thread that writes until it is told to go on: whoever comes meanwhile waits behind it, and is taken into
/// its transaction, or with all others into the next one.
async fn held(db: &Db, go_on: Receiver<()>) -> Result<(), DbError> {
    db.keep_house(async move |unit: &mut Unit| {
        mark(unit, "held").await?;
        go_on.await.map_err(|_gone| DbError::GivenUp)
    })
    .await
}

/// How many units were committed, and in how many transactions.
fn committed(db: &Db) -> (u64, u64) {
    let counted = db.counted();
    (counted.units.get(), counted.commits.get())
}

async fn what_waits_together_is_committed_together(engine: Engine) {
    const MANY: u64 = 20;
    let Some((archive, _folder, _database)) = opened(engine).await else {
        return;
    };
    let db = &archive.db;
    let before = committed(db);
    let (all, go_on) = oneshot::channel();
    let one = |number: u64| {
        db.keep_house(async move |unit: &mut Unit| mark(unit, &format!("{number:02}")).await)
    };
    let many = join_all((0..MANY).map(one));
    let all_wait = async { all.send(()) };
    let (held, many, told) = tokio::join!(biased; held(db, go_on), many, all_wait);
    assert!(held.is_ok() && told.is_ok(), "{held:?} {told:?}");
    assert!(many.iter().all(Result::is_ok), "{many:?}");
    let after = committed(db);
    let (units, commits) = (after.0 - before.0, after.1 - before.1);
    assert_eq!(units, MANY + 1);
    // One or two; on a machine that stands still now and then some more.
    assert!((1..=MANY / 2).contains(&commits), "{commits} commits");
    assert_eq!(marks(db).await.len(), 21);
    archive.db.close().await;
}

#[tokio::test]
async fn what_waits_together_is_committed_together_on_sqlite() {
    what_waits_together_is_committed_together(Engine::Sqlite).await;
}

#[tokio::test]
async fn what_waits_together_is_committed_together_on_postgres() {
    what_waits_together_is_committed_together(Engine::Postgres).await;
}

async fn what_fails_is_undone_alone(engine: Engine) {
    let Some((archive, _folder, _database)) = opened(engine).await else {
        return;
    };
    let db = &archive.db;
    let good = |name: &'static str| {
        db.keep_house(async move |unit: &mut Unit| {
            mark(unit, name).await?;
            let refused = unit.attempt(async |unit: &mut Unit| {
                mark(unit, "refused").await?;
                // A part within a part, and a statement that the database refuses.
                unit.attempt(async |unit: &mut Unit| mark(unit, "kept within").await)
                    .await?;
                mark(unit, name).await
            });
            let refused = refused.await.expect_err("it is there already");
            assert!(refused.is_taken(), "{refused:?}");
            Ok::<(), DbError>(())
        })
    };
    let bad = db.keep_house(async move |unit: &mut Unit| {
        mark(unit, "bad").await?;
        Err::<(), _>(DbError::Stale)
    });
    let falls = db.keep_house(async move |unit: &mut Unit| {
        mark(unit, "falls").await?;
        unit.attempt(async |unit: &mut Unit| {
            mark(unit, "falls within").await?;
            unit.attempt(async |unit: &mut Unit| {
                mark(unit, "falls deep within").await?;
                assert_eq!(unit.now().micros(), 0, "it falls over");
                Ok::<(), DbError>(())
            })
            .await
        })
        .await
    });
    // All of them wait at the same time, so that they share a transaction.
    let before = committed(db);
    let (all, go_on) = oneshot::channel();
    let all_wait = async { all.send(()) };
    let (one, beside, two) = (good("one"), good("beside"), good("two"));
    let (held, one, beside, bad, falls, two, told) =
        tokio::join!(biased; held(db, go_on), one, beside, bad, falls, two, all_wait);
    assert!(held.is_ok() && told.is_ok(), "{held:?} {told:?}");
    for good in [one, beside, two] {
        assert!(good.is_ok(), "{good:?}");
    }
    assert!(matches!(bad, Err(DbError::Stale)), "{bad:?}");
    assert!(matches!(falls, Err(DbError::GivenUp)), "{falls:?}");
    assert_eq!(marks(db).await, ["beside", "held", "one", "two"]);
    let after = committed(db);
    let (units, commits) = (after.0 - before.0, after.1 - before.1);
    assert_eq!(units, 4);
    assert!(commits < units, "each of them was committed alone");
    // Alone in its transaction, too.
    let alone = db.keep_house(async move |unit: &mut Unit| {
        mark(unit, "alone").await?;
        unit.attempt(async |unit: &mut Unit| mark(unit, "alone within").await)
            .await?;
        mark(unit, "one").await
    });
    let alone = alone.await.expect_err("it is there already");
    assert!(alone.is_taken(), "{alone:?}");
    assert_eq!(marks(db).await, ["beside", "held", "one", "two"]);
    // The thread that writes goes on.
    good("three").await.expect("a mark");
    assert_eq!(marks(db).await, ["beside", "held", "one", "three", "two"]);
    archive.db.close().await;
}

#[tokio::test]
async fn what_fails_is_undone_alone_on_sqlite() {
    what_fails_is_undone_alone(Engine::Sqlite).await;
}

#[tokio::test]
async fn what_fails_is_undone_alone_on_postgres() {
    what_fails_is_undone_alone(Engine::Postgres).await;
}
