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
