//! Past the program: what the database itself refuses, on both engines, and what a role may not do.
//!
//! Whoever opens the file or is superuser can switch a guard off; that is found (`attacks`), not refused.

mod guards;

use reqwest::Method;
use sea_orm::{ConnectOptions, ConnectionTrait, Database, DatabaseConnection};
use serde_json::json;
use tests::town::{add, id_of, send};
use tests::{Client, Engine, Start, TestApp, fixtures, wait_until};

use crate::at_rest::{clerk, locked};
use guards::{CHAINED, GROWING, VERSIONED};

/// A server at rest with rows in every table that has a guard.
#[expect(
    clippy::too_many_lines,
    reason = "one story from its beginning to its end"
)]
async fn filled(engine: Engine) -> Option<(TestApp, DatabaseConnection)> {
    let mut app = Start::new().on(engine).start().await?;
    let client = app.with_token(&clerk(&app).await);
    let filed = client
        .file(
            "a.pdf",
            &fixtures::unique_pdf("Text"),
            &json!({ "title": "A", "correspondent": "Erika Beispiel" }),
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
    let second = second.is(201);
    let note = json!({"document": id_of(&second), "text": "Ruft zurück"});
    drop(client.post("/api/v1/notes", &note).await.is(201));
    let check = json!({"method": "known", "result": "confirmed"});
    let path = format!("/api/v1/documents/{}/identity-checks", id_of(&second));
    drop(client.post(&path, &check).await.is(201));
    let relation = json!({"kind": "answers", "source": id_of(&second), "target": id_of(&filed)});
    drop(client.post("/api/v1/relations", &relation).await.is(201));
    let webhook =
        json!({"url": "https://fachverfahren.invalid/", "events": ["*"], "active": false});
    drop(client.post("/api/v1/webhooks", &webhook).await.is(201));
    let mut consent = crate::forms::consent();
    consent["department"] = json!(null);
    let fill = format!("{}/einwilligung/documents", crate::forms::FORMS);
    drop(client.post(&fill, &consent).await.is(201));
    let folder = tempfile::tempdir().expect("a folder");
    let plan = folder.path().join("plan.csv");
    let table = "code;title;retention_years;disposal\n1;Eins;10;B\n2;Zwei;10;B\n";
    std::fs::write(&plan, table).expect("a file");
    let plan = plan.to_str().expect("a path");
    let import = ["plan", "import", plan, "--name", "Plan", "--edition", "1"];
    let imported = app.command(&import).await;
    assert!(imported.status.success(), "{imported:?}");
    file_away(&app, &client).await;
    let until = crate::inspections::in_time(86_400);
    let inspection = json!({"account": "g.aktuar", "document": id, "reason": "court",
        "purpose": "Anforderung", "valid_until": until});
    drop(
        client
            .post("/api/v1/inspections", &inspection)
            .await
            .is(201),
    );
    let wrong = json!({"login": "anna", "password": "geraten"});
    for _ in 0..5 {
        drop(app.anonymous().post("/api/v1/session", &wrong).await);
    }
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
    guards::are_those_of_the_schema(&database).await;
    guards::fill_up(&database).await;
    Some((app, database))
}

/// A file, a case, a hold, and a reference that something bore before.
async fn file_away(app: &TestApp, client: &Client) {
    let new = json!({"plan_unit": "1", "subject": "A"});
    let file = client.post("/api/v1/files", &new).await.is(201);
    let within = json!({"file": id_of(&file), "subject": "B"});
    drop(client.post("/api/v1/cases", &within).await.is(201));
    let registrar = add(app, "g.aktuar", "records_manager", None).await;
    let registrar = app.with_token(&registrar);
    let hold = json!({"file": id_of(&file), "reason": "Klage"});
    drop(registrar.post("/api/v1/holds", &hold).await.is(201));
    let refile = format!("/api/v1/files/{}/refile", id_of(&file));
    let to = json!({"plan_unit": "2", "reason": "Umzug"});
    let etag = file.etag();
    let headers = [("if-match", etag.as_str())];
    let moved = send(&registrar, Method::POST, &refile, &headers, Some(&to)).await;
    drop(moved.is(200));
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
        let column = guards::column(table);
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
        let invented = guards::row(on, table, 1).await;
        refused(on, &invented, "foreign key").await;
        let later = guards::row(on, table, 2).await;
        refused(on, &later, "begins with version 1").await;
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

/// A row of a log is the next one after the last, whoever inserts it.
async fn what_does_not_follow(on: &DatabaseConnection) {
    let postgres = on.get_database_backend() == sea_orm::DbBackend::Postgres;
    let hash = if postgres {
        "sha256(leaf)"
    } else {
        "randomblob(32)"
    };
    for table in CHAINED {
        let (prev, tail) = match table {
            "audit" => ("prev", format!("{hash}, uow, ts, leaf")),
            _ => ("prev", format!("{hash}, ts, leaf")),
        };
        let last = format!("(SELECT max(seq) FROM {table})");
        let insert = |step: i64, prev: &str| {
            format!(
                "INSERT INTO {table} SELECT seq + {step}, {prev}, {tail} FROM {table} WHERE seq = {last}"
            )
        };
        refused(on, &insert(2, "h"), "must follow the last").await;
        refused(on, &insert(1, prev), "must follow the last").await;
        refused(on, &insert(-1_000_000, "h"), "must follow the last").await;
    }
}

#[tokio::test]
async fn the_record_of_a_look_names_the_version_and_the_department() {
    let Some(mut app) = Start::new().on(Engine::Sqlite).start().await else {
        return;
    };
    let client = app.with_token(&clerk(&app).await);
    let text = fixtures::unique_pdf("Text");
    let filed = client.file("a.pdf", &text, &json!({})).await.is(201);
    let path = format!(
        "/api/v1/documents/{}",
        filed.json()["id"].as_str().expect("an id")
    );
    let titled = json!({ "title": "B" });
    drop(client.patch(&path, &filed.etag(), &titled).await.is(200));
    for look in [
        path.clone(),
        format!("{path}/content"),
        format!("{path}/history"),
    ] {
        drop(client.get(&look).await.is(200));
    }
    app.stop();
    let on = crate::at_rest::connect(&app.data().join("papierlos.db")).await;
    let looks = "SELECT group_concat(substr(CAST(leaf AS TEXT), instr(leaf, char(10)) + 1), ',') \
                 FROM access WHERE leaf LIKE '%\"t\":\"document\"%'";
    let looks = format!("[{}]", crate::at_rest::text(&on, looks).await);
    let looks: serde_json::Value = serde_json::from_str(&looks).expect("records");
    let looks = looks.as_array().expect("records");
    assert_eq!(looks.len(), 3, "{looks:?}");
    for look in looks {
        assert_eq!(look["subj"][0]["ver"], 2, "{look}");
        assert!(look["dept"].is_string(), "{look}");
    }
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
    what_does_not_follow(&on).await;
}

#[tokio::test]
async fn postgres_refuses_what_goes_past_the_program() {
    let Some((_app, on)) = filled(Engine::Postgres).await else {
        return;
    };
    common(&on).await;
    what_does_not_follow(&on).await;
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
            format!("UPDATE {table} SET {0} = {0}", guards::column(table)),
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
    refused(&on, "DELETE FROM subject_key", "permission denied").await;
    refused(&on, "DELETE FROM audit_private", "permission denied").await;
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

#[tokio::test]
async fn a_server_runs_as_the_application_and_an_auditor_verifies_as_the_auditor() {
    let Some(database) = tests::TestDatabase::empty(Engine::Postgres).await else {
        return;
    };
    let owner = database.connect().await;
    let mark = uuid::Uuid::now_v7().simple();
    let roles = [format!("app_{mark}"), format!("auditor_{mark}")];
    for role in &roles {
        let create = format!("CREATE ROLE {role} LOGIN PASSWORD 'test' NOSUPERUSER");
        is_done(&owner, &create).await;
    }
    let (_, place) = database.url().rsplit_once('@').expect("user@host");
    let [application, auditor] = roles
        .each_ref()
        .map(|role| format!("postgres://{role}:test@{place}"));
    let folder = tempfile::TempDir::new().expect("a temporary folder");
    let migrate = std::process::Command::new(tests::app::binary())
        .args(["migrate", "--grants", &roles[0], &roles[1], "--data"])
        .arg(folder.path())
        .env("PAPIERLOS_DATABASE_URL", database.url())
        .output()
        .expect("the binary starts");
    assert!(migrate.status.success(), "{migrate:?}");

    // The harness makes no database; the address names the one that is there.
    let start = Start::new().on(Engine::Sqlite);
    let start = start.with("PAPIERLOS_DATABASE_URL", application);
    let mut app = start.start().await.expect("a server");
    let client = app.with_token(&clerk(&app).await);
    let text = fixtures::unique_pdf("Text");
    let filed = client.file("a.pdf", &text, &json!({})).await.is(201);
    let id = filed.json()["id"].as_str().expect("an id").to_owned();
    let path = format!("/api/v1/documents/{id}");
    let titled = json!({ "title": "B" });
    drop(client.patch(&path, &filed.etag(), &titled).await.is(200));
    wait_until("the text is read", async || {
        client.get(&format!("{path}/text")).await.status == 200
    })
    .await;
    assert!(app.stop().success(), "{}", app.log());
    for command in [vec!["check", "--deep", "--repair"], vec!["keys", "rotate"]] {
        let output = app.command(&command).await;
        assert!(output.status.success(), "{output:?}");
    }
    let as_auditor = [("PAPIERLOS_DATABASE_URL", auditor.as_str())];
    let verified = app.command_with(&["verify", "--json"], &as_auditor).await;
    assert!(verified.status.success(), "{verified:?}");
    let adds = ["user", "token", "anna"];
    let refused = app.command_with(&adds, &as_auditor).await;
    assert_eq!(refused.status.code(), Some(2), "{refused:?}");
    for role in &roles {
        is_done(&owner, &format!("DROP OWNED BY {role}")).await;
        is_done(&owner, &format!("DROP ROLE {role}")).await;
    }
}
