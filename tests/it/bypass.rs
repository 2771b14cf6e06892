//! Past the program: what the database itself refuses, on both engines, and what a role may not do.
//!
//! Whoever opens the file or is superuser can switch a guard off; that is found (`attacks.rs`), not refused.

use sea_orm::{ConnectOptions, ConnectionTrait, Database, DatabaseConnection};
use serde_json::json;
use tests::{Engine, Start, TestApp, fixtures, wait_until};

use crate::at_rest::{clerk, locked};

const CHAINED: [&str; 2] = ["audit", "access"];
const GROWING: [&str; 5] = ["audit", "audit_subject", "access", "checkpoint", "blob"];
const VERSIONED: [&str; 7] = [
    "department",
    "account",
    "role_grant",
    "access_token",
    "document",
    "document_version",
    "rendition",
];

/// A server at rest with rows in every table that has a guard.
async fn filled(engine: Engine) -> Option<(TestApp, DatabaseConnection)> {
    let mut app = Start::new().on(engine).start().await?;
    let client = app.with_token(&clerk(&app).await);
    let filed = client
        .file(
            "a.pdf",
            &fixtures::unique_pdf("Text"),
            &json!({ "title": "A" }),
        )
        .await
        .is(201);
    let id = filed.json()["id"].as_str().expect("an id").to_owned();
    drop(client.get(&format!("/api/v1/documents/{id}")).await.is(200));
    let patched = client
        .patch(
            &format!("/api/v1/documents/{id}"),
            &filed.etag(),
            &json!({ "title": "B" }),
        )
        .await;
    drop(patched.is(200));
    let second = client
        .file(
            "b.pdf",
            &fixtures::unique_pdf("Mehr"),
            &json!({ "title": "C" }),
        )
        .await;
    drop(second.is(201));
    let data = app.data().to_owned();
    wait_until("a checkpoint", async || locked(&data).is_some()).await;
    wait_until("the texts are read", async || {
        client
            .get(&format!("/api/v1/documents/{id}/text"))
            .await
            .status
            == 200
    })
    .await;
    app.stop();
    let url = match app.database() {
        Some(database) => database.url().to_owned(),
        None => format!("sqlite://{}", app.data().join("papierlos.db").display()),
    };
    let database = connect(&url).await;
    for table in GROWING.iter().chain(&VERSIONED) {
        let count = format!("SELECT CAST(count(*) AS BIGINT) FROM {table}");
        assert!(
            crate::at_rest::number(&database, &count).await > 0,
            "{table} is empty"
        );
    }
    Some((app, database))
}

async fn connect(url: &str) -> DatabaseConnection {
    let mut options = ConnectOptions::new(url);
    options.max_connections(1).sqlx_logging(false);
    Database::connect(options)
        .await
        .expect("the archive's database")
}

/// The statement is refused, and by what was meant to refuse it.
async fn refused(on: &DatabaseConnection, sql: &str, because: &str) {
    match on.execute_unprepared(sql).await {
        Ok(done) => unreachable!("{sql}: done, {} rows", done.rows_affected()),
        Err(error) => {
            let said = format!("{error:?}").to_lowercase();
            assert!(said.contains(because), "{sql}: {said}");
        }
    }
}

async fn is_done(on: &DatabaseConnection, sql: &str) {
    let done = on.execute_unprepared(sql).await;
    done.unwrap_or_else(|error| unreachable!("{sql}: {error}"));
}

/// What both engines refuse in the same words.
async fn common(on: &DatabaseConnection) {
    for table in GROWING {
        refused(on, &format!("DELETE FROM {table}"), "rows are never").await;
        let column = match table {
            "audit" | "access" => "ts",
            "audit_subject" => "slot",
            "checkpoint" | "blob" => "created_at",
            other => unreachable!("{other}"),
        };
        refused(
            on,
            &format!("UPDATE {table} SET {column} = {column}"),
            "rows are never",
        )
        .await;
    }
    for table in VERSIONED {
        refused(
            on,
            &format!("DELETE FROM {table}"),
            "rows are never deleted",
        )
        .await;
        let silent = format!("UPDATE {table} SET version = version");
        refused(on, &silent, "must carry the next version").await;
        let jump = format!("UPDATE {table} SET version = version + 2");
        refused(on, &jump, "must carry the next version").await;
        let back = format!("UPDATE {table} SET version = version - 1");
        refused(on, &back, "must carry the next version").await;
        let unrecorded = format!("UPDATE {table} SET version = version + 1");
        refused(on, &unrecorded, "foreign key").await;
    }
    refused(
        on,
        "UPDATE document SET title = 'Anders'",
        "must carry the next version",
    )
    .await;
    let columns = "department_id, state, title, kind, direction, channel, correspondent, document_date, \
                   received_at, doc_references, tags, content_version, reason, created_at, created_by, \
                   changed_at, changed_by";
    let postgres = on.get_database_backend() == sea_orm::DbBackend::Postgres;
    let id = if postgres {
        "gen_random_uuid()"
    } else {
        "randomblob(16)"
    };
    let new = |version: i64| {
        format!(
            "INSERT INTO document (id, version, {columns}) SELECT {id}, {version}, {columns} FROM document LIMIT 1"
        )
    };
    refused(on, &new(1), "foreign key").await;
    refused(on, &new(2), "begins with version 1").await;
    // A record of another entity does not serve, nor an older one of one's own.
    let mine = "UPDATE document SET id = (SELECT id FROM account ORDER BY id LIMIT 1), version = version + 1";
    refused(on, mine, "must carry the next version").await;
    let again = "INSERT INTO audit_subject SELECT entity_id, version, seq + 1, slot, kind, root_id FROM audit_subject \
                 LIMIT 1";
    let error = on
        .execute_unprepared(again)
        .await
        .expect_err("a record taken again");
    let said = format!("{error:?}").to_lowercase();
    assert!(
        said.contains("never replaced") || said.contains("unique"),
        "{said}"
    );
}

#[tokio::test]
async fn sqlite_refuses_what_goes_past_the_program() {
    let Some((_app, on)) = filled(Engine::Sqlite).await else {
        return;
    };
    common(&on).await;
    // REPLACE walks past triggers on DELETE and UPDATE, with the setting that calls them and without.
    for setting in [
        "PRAGMA recursive_triggers = ON",
        "PRAGMA recursive_triggers = OFF",
    ] {
        is_done(&on, setting).await;
        for table in GROWING {
            let replace = format!("INSERT OR REPLACE INTO {table} SELECT * FROM {table} LIMIT 1");
            let because = if CHAINED.contains(&table) {
                "must follow the last"
            } else {
                "never"
            };
            refused(&on, &replace, because).await;
        }
        for table in VERSIONED {
            let replace = format!("INSERT OR REPLACE INTO {table} SELECT * FROM {table} LIMIT 1");
            refused(&on, &replace, "begins with version 1").await;
            let upsert = format!(
                "INSERT INTO {table} SELECT * FROM {table} WHERE true LIMIT 1 \
                 ON CONFLICT (id) DO UPDATE SET version = version"
            );
            refused(&on, &upsert, "version").await;
        }
    }
    for table in CHAINED {
        let tail = match table {
            "audit" => "prev, randomblob(32), uow, ts, leaf",
            _ => "prev, randomblob(32), ts, leaf",
        };
        let last = format!("(SELECT max(seq) FROM {table})");
        let gap =
            format!("INSERT INTO {table} SELECT seq + 2, {tail} FROM {table} WHERE seq = {last}");
        refused(&on, &gap, "must follow the last").await;
        let loose =
            format!("INSERT INTO {table} SELECT seq + 1, {tail} FROM {table} WHERE seq = {last}");
        refused(&on, &loose, "must follow the last").await;
    }
}

#[tokio::test]
async fn postgres_refuses_what_goes_past_the_program() {
    let Some((_app, on)) = filled(Engine::Postgres).await else {
        return;
    };
    common(&on).await;
    for table in GROWING.iter().chain(&VERSIONED) {
        refused(
            &on,
            &format!("TRUNCATE {table} CASCADE"),
            "rows are never deleted",
        )
        .await;
    }
    // The setting that silences ordinary triggers does not silence these.
    is_done(&on, "SET session_replication_role = replica").await;
    for table in GROWING.iter().chain(&VERSIONED) {
        refused(&on, &format!("DELETE FROM {table}"), "rows are never").await;
    }
    refused(&on, "UPDATE audit SET leaf = leaf", "rows are never").await;
    refused(&on, "UPDATE document SET title = 'x'", "next version").await;
    is_done(&on, "SET session_replication_role = origin").await;
    let upsert =
        "INSERT INTO audit SELECT * FROM audit LIMIT 1 ON CONFLICT (seq) DO UPDATE SET ts = 0";
    refused(&on, upsert, "rows are never").await;
}

#[tokio::test]
async fn postgres_roles_may_no_more_than_their_office() {
    let Some((app, owner)) = filled(Engine::Postgres).await else {
        return;
    };
    let url = app.database().expect("a database").url().to_owned();
    let mark = uuid::Uuid::now_v7().simple();
    let (application, auditor) = (format!("app_{mark}"), format!("auditor_{mark}"));
    for role in [&application, &auditor] {
        is_done(
            &owner,
            &format!("CREATE ROLE {role} LOGIN PASSWORD 'test' NOSUPERUSER"),
        )
        .await;
    }
    for grant in migrations::roles::grants(&application, &auditor).expect("plain names") {
        is_done(&owner, &grant).await;
    }
    let as_role = |role: &str| {
        let (_, place) = url.rsplit_once('@').expect("user@host");
        format!("postgres://{role}:test@{place}")
    };

    let on = connect(&as_role(&application)).await;
    is_done(&on, "SELECT count(*) FROM audit").await;
    is_done(&on, "DELETE FROM job").await;
    for table in GROWING {
        for sql in [
            format!("UPDATE {table} SET {0} = {0}", first_column(table)),
            format!("DELETE FROM {table}"),
        ] {
            refused(&on, &sql, "permission denied").await;
        }
    }
    for table in VERSIONED {
        refused(&on, &format!("DELETE FROM {table}"), "permission denied").await;
    }
    for table in GROWING.iter().chain(&VERSIONED) {
        refused(
            &on,
            &format!("TRUNCATE {table} CASCADE"),
            "permission denied",
        )
        .await;
        refused(
            &on,
            &format!("ALTER TABLE {table} DISABLE TRIGGER ALL"),
            "must be owner",
        )
        .await;
        refused(&on, &format!("DROP TABLE {table} CASCADE"), "must be owner").await;
    }
    refused(
        &on,
        "SET session_replication_role = replica",
        "permission denied",
    )
    .await;

    let on = connect(&as_role(&auditor)).await;
    is_done(&on, "SELECT count(*) FROM audit").await;
    is_done(&on, "SELECT count(*) FROM document").await;
    refused(&on, "SELECT count(*) FROM blob_key", "permission denied").await;
    refused(&on, "SELECT count(*) FROM subject_key", "permission denied").await;
    for table in GROWING.iter().chain(&VERSIONED) {
        let sql = format!("INSERT INTO {table} SELECT * FROM {table} LIMIT 1");
        refused(&on, &sql, "permission denied").await;
    }

    for role in [&application, &auditor] {
        is_done(&owner, &format!("DROP OWNED BY {role}")).await;
        // The other connections of this test end with it; a role in use is dropped all the same.
        is_done(&owner, &format!("DROP ROLE {role}")).await;
    }
}

fn first_column(table: &str) -> &'static str {
    match table {
        "audit" | "access" => "seq",
        "audit_subject" => "version",
        "checkpoint" => "size",
        _ => "name",
    }
}
