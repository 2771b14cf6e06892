//! The databases of the tests themselves: each test has its own, and PostgreSQL is Debian's.

use sea_orm::{ConnectionTrait, Statement, TransactionTrait};
use server::base::insert::{Insert, Together};
use tests::{Engine, TestDatabase};

async fn one_value(database: &TestDatabase, sql: &str) -> String {
    let connection = database.connect().await;
    let statement = Statement::from_string(connection.get_database_backend(), sql);
    let row = connection
        .query_one_raw(statement)
        .await
        .expect("an answer")
        .expect("a row");
    row.try_get_by_index::<String>(0).expect("a text")
}

async fn two_tests_do_not_see_each_other(engine: Engine) {
    let Some(one) = TestDatabase::empty(engine).await else {
        return;
    };
    let Some(other) = TestDatabase::empty(engine).await else {
        return;
    };
    let connection = one.connect().await;
    connection
        .execute_unprepared("CREATE TABLE mark (v TEXT)")
        .await
        .expect("a table");
    connection
        .execute_unprepared("INSERT INTO mark VALUES ('one')")
        .await
        .expect("a row");
    assert_eq!(one_value(&one, "SELECT v FROM mark").await, "one");
    let refused = other
        .connect()
        .await
        .execute_unprepared("SELECT v FROM mark")
        .await;
    assert!(refused.is_err(), "the other test sees the table");
}

#[tokio::test]
async fn two_tests_do_not_see_each_other_on_sqlite() {
    two_tests_do_not_see_each_other(Engine::Sqlite).await;
}

#[tokio::test]
async fn two_tests_do_not_see_each_other_on_postgres() {
    two_tests_do_not_see_each_other(Engine::Postgres).await;
}

#[tokio::test]
async fn a_database_on_postgres_goes_with_its_test() {
    let Some(one) = TestDatabase::empty(Engine::Postgres).await else {
        return;
    };
    let Some(other) = TestDatabase::empty(Engine::Postgres).await else {
        return;
    };
    let name = one_value(&one, "SELECT current_database()::text").await;
    let count = format!("SELECT count(*)::text FROM pg_database WHERE datname = '{name}'");
    assert_eq!(one_value(&other, &count).await, "1");
    drop(one);
    assert_eq!(one_value(&other, &count).await, "0");
}

#[tokio::test]
async fn postgres_waits_for_its_log_at_each_commit_and_does_not_run_as_root() {
    let Some(database) = TestDatabase::empty(Engine::Postgres).await else {
        return;
    };
    // Whether that log then reaches the disk is another setting, `fsync`: docs/adr/0002 says when.
    let sync = one_value(&database, "SELECT current_setting('synchronous_commit')").await;
    assert_eq!(sync, "on");
    let folder = one_value(&database, "SELECT current_setting('data_directory')").await;
    let owner = std::os::unix::fs::MetadataExt::uid(&std::fs::metadata(&folder).expect("a folder"));
    assert_ne!(owner, 0, "{folder} belongs to root");
}

#[tokio::test]
async fn an_archive_of_another_build_is_refused_with_what_differs() {
    let Some(mut app) = tests::TestApp::start().await else {
        return;
    };
    app.stop();
    let statement = "ALTER TABLE webhook_health RENAME COLUMN given_up_at TO abandoned_at";
    tests::plan::damage(&app, statement).await;
    let said = app.refuses_to_start();
    assert!(said.contains("webhook_health.abandoned_at"), "{said}");
    assert!(said.contains("anderen Stand des Programms"), "{said}");
    let back = "ALTER TABLE webhook_health RENAME COLUMN abandoned_at TO given_up_at";
    tests::plan::damage(&app, back).await;
    // What is beside it is nobody's business.
    tests::plan::damage(&app, "CREATE TABLE somebody_elses (note TEXT)").await;
    app.resume();
    app.anonymous().get("/health/live").await.is(200);
}

#[tokio::test]
async fn an_archive_of_a_newer_program_is_refused() {
    let Some(mut app) = tests::TestApp::start().await else {
        return;
    };
    app.stop();
    let newer = "INSERT INTO seaql_migrations (version, applied_at) VALUES ('m9999_later', 0)";
    tests::plan::damage(&app, newer).await;
    let said = app.refuses_to_start();
    assert!(said.contains("m9999_later"), "{said}");
}

#[test]
fn migrating_in_a_folder_that_is_missing_says_what_to_do() {
    let folder = tempfile::TempDir::new().expect("a folder");
    let missing = folder.path().join("nichts");
    for command in ["migrate", "verify"] {
        let output = std::process::Command::new(tests::app::binary())
            .args([command, "--data"])
            .arg(&missing)
            .env_remove("PAPIERLOS_DATABASE_URL")
            .output()
            .expect("the binary starts");
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{command}: {said}");
        assert!(
            said.contains("nichts: there is no such folder"),
            "{command}: {said}"
        );
        assert!(said.contains("papierlos serve"), "{command}: {said}");
    }
    assert!(!missing.exists(), "nothing was made");
}

/// `papierlos user add` on an archive that is set up by it.
fn adds_a_user(data: &std::path::Path, database: &TestDatabase) -> std::process::Output {
    let mut command = std::process::Command::new(tests::app::binary());
    command.args(["user", "add", "anna", "--name", "A", "--role", "auditor"]);
    command.args(["--no-password", "--data"]).arg(data);
    command.env(
        "PAPIERLOS_DATABASE_URL",
        database.url().replace("?mode=rwc", ""),
    );
    command.output().expect("the binary starts")
}

async fn a_step_that_is_interrupted_leaves_nothing_behind(engine: Engine) {
    let Some(database) = TestDatabase::empty(engine).await else {
        return;
    };
    let data = tempfile::TempDir::new().expect("a temporary folder");
    let connection = database.connect().await;
    // The last table of the last step is in the way.
    connection
        .execute_unprepared("CREATE TABLE rendition (v TEXT)")
        .await
        .expect("a table");
    let output = adds_a_user(data.path(), &database);
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    let half = connection
        .execute_unprepared("SELECT count(*) FROM document")
        .await;
    assert!(half.is_err(), "half a step stays");
    connection
        .execute_unprepared("DROP TABLE rendition")
        .await
        .expect("gone");
    let output = adds_a_user(data.path(), &database);
    assert!(output.status.success(), "{output:?}");
}

#[tokio::test]
async fn a_step_that_is_interrupted_leaves_nothing_behind_on_sqlite() {
    a_step_that_is_interrupted_leaves_nothing_behind(Engine::Sqlite).await;
}

#[tokio::test]
async fn a_step_that_is_interrupted_leaves_nothing_behind_on_postgres() {
    a_step_that_is_interrupted_leaves_nothing_behind(Engine::Postgres).await;
}

/// One process that stopped while it held the log's head does not stop the others for ever.
#[tokio::test]
async fn a_write_gives_up_on_a_head_that_somebody_holds() {
    let Some(app) = tests::Start::new().on(Engine::Postgres).start().await else {
        return;
    };
    let holder = app.database().expect("a database").connect().await;
    for statement in ["BEGIN", "SELECT seq FROM audit_head FOR UPDATE"] {
        holder.execute_unprepared(statement).await.expect("held");
    }
    let add = [
        "user",
        "add",
        "anna",
        "--name",
        "A",
        "--role",
        "auditor",
        "--no-password",
    ];
    let refused = app.command(&add).await;
    assert_eq!(refused.status.code(), Some(2), "{refused:?}");
    holder.execute_unprepared("ROLLBACK").await.expect("let go");
    let output = app.command(&add).await;
    assert!(output.status.success(), "{output:?}");
}

async fn what_is_told_together_is_written_or_not_at_all(engine: Engine) {
    let Some(database) = TestDatabase::empty(engine).await else {
        return;
    };
    let connection = database.connect().await;
    for table in [
        "CREATE TABLE leaf (name TEXT NOT NULL PRIMARY KEY, tree TEXT NOT NULL)",
        "CREATE TABLE tree (name TEXT NOT NULL PRIMARY KEY, leaves BIGINT NOT NULL)",
    ] {
        connection.execute_unprepared(table).await.expect("a table");
    }
    // One row of each, some, and more than are told with one word.
    for (round, leaves) in [1_usize, 3, 9, 200].into_iter().enumerate() {
        let told = |tree: &str| {
            let mut all = Together::default();
            let names = (0..leaves).map(|leaf| [format!("{tree}.{leaf}").into(), tree.into()]);
            all.put(Insert::new("leaf (name, tree)", names.collect()));
            all.put(Insert::new(
                "leaf (name, tree)",
                Vec::<[sea_orm::Value; 2]>::new(),
            ));
            let count = i64::try_from(leaves).expect("few");
            all.put(Insert::new(
                "tree (name, leaves)",
                vec![[tree.into(), count.into()]],
            ));
            all
        };
        let name = format!("oak{round}");
        let tx = begin(&connection).await;
        told(&name).run(&tx).await.expect("rows");
        tx.commit().await.expect("a commit");
        let count = format!("SELECT CAST(count(*) AS TEXT) FROM leaf WHERE tree = '{name}'");
        assert_eq!(one_value(&database, &count).await, leaves.to_string());
        let leaves_of = format!("SELECT CAST(leaves AS TEXT) FROM tree WHERE name = '{name}'");
        assert_eq!(one_value(&database, &leaves_of).await, leaves.to_string());
        // The second time each of them is there already.
        let tx = begin(&connection).await;
        let again = told(&name).run(&tx).await.expect_err("they are there");
        assert!(again.is_taken(), "{again:?}");
        tx.rollback().await.expect("an end");
        assert_eq!(one_value(&database, &count).await, leaves.to_string());
    }
}

async fn begin(connection: &sea_orm::DatabaseConnection) -> sea_orm::DatabaseTransaction {
    connection.begin().await.expect("a transaction")
}

#[tokio::test]
async fn what_is_told_together_is_written_or_not_at_all_on_sqlite() {
    what_is_told_together_is_written_or_not_at_all(Engine::Sqlite).await;
}

#[tokio::test]
async fn what_is_told_together_is_written_or_not_at_all_on_postgres() {
    what_is_told_together_is_written_or_not_at_all(Engine::Postgres).await;
}
