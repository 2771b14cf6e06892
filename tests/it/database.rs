//! The databases of the tests themselves: each test has its own, and PostgreSQL is Debian's.

use sea_orm::{ConnectionTrait, Statement};
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
async fn postgres_syncs_and_does_not_run_as_root() {
    let Some(database) = TestDatabase::empty(Engine::Postgres).await else {
        return;
    };
    let sync = one_value(&database, "SELECT current_setting('synchronous_commit')").await;
    assert_eq!(sync, "on");
    let folder = one_value(&database, "SELECT current_setting('data_directory')").await;
    let owner = std::os::unix::fs::MetadataExt::uid(&std::fs::metadata(&folder).expect("a folder"));
    assert_ne!(owner, 0, "{folder} belongs to root");
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
