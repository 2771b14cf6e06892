//! An archive at rest, and the hands of someone who has its disk: rows, tiles, keys.

mod forge;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

pub(crate) use forge::{Forge, field, genesis, own_key, secret};
use sea_orm::{
    ConnectOptions, ConnectionTrait, Database, DatabaseConnection, DbBackend, Statement,
};
use serde_json::{Value as Json, json};
use tempfile::TempDir;
use tests::{Answer, Engine, Start, TestApp, TestDatabase, fixtures, wait_until};

/// An archive that is not running, with what others keep of it.
pub(crate) struct AtRest {
    app: TestApp,
    _kept: TempDir,
    /// A checkpoint that an auditor took home early.
    pub(crate) early: PathBuf,
    /// A checkpoint of the log of looks from then.
    pub(crate) early_looks: PathBuf,
    /// Receipts of every answer, one `seq,hash` a line.
    pub(crate) receipts: PathBuf,
    /// The public key of the log, from paper.
    pub(crate) key: String,
    /// Size of the newest checkpoint; what comes after it is not signed yet.
    pub(crate) signed: usize,
}

/// A copy of data folder and database that may be damaged.
pub(crate) struct Copy {
    folder: TempDir,
    /// None where it is a file in the folder.
    database: Option<TestDatabase>,
}

/// A clerk and an auditor, by the command line; gives the clerk's token.
pub(crate) async fn clerk(app: &TestApp) -> String {
    let people = [
        [
            "anna",
            "--name",
            "Anna Beispiel",
            "--role",
            "clerk",
            "--department",
            "bauamt",
        ]
        .as_slice(),
        ["otto", "--name", "Otto Prüfer", "--role", "auditor"].as_slice(),
    ];
    for person in people {
        let output = app
            .command(&[&["user", "add", "--no-password"], person].concat())
            .await;
        assert!(output.status.success(), "{output:?}");
    }
    token(app, "anna").await
}

/// A token for an account.
pub(crate) async fn token(app: &TestApp, login: &str) -> String {
    let output = app.command(&["user", "token", login]).await;
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout)
        .expect("a token")
        .trim()
        .to_owned()
}

/// Size of the checkpoint in the lock file.
pub(crate) fn locked(data: &Path) -> Option<usize> {
    let note = fs::read_to_string(data.join("lock/checkpoint")).ok()?;
    note.lines().nth(1)?.parse().ok()
}

impl AtRest {
    /// Documents filed, changed and read; two records that are not signed yet. None where the database
    /// cannot be had.
    pub(crate) async fn new() -> Option<AtRest> {
        AtRest::on(Engine::Sqlite).await
    }

    /// As [`AtRest::new`], on this database.
    pub(crate) async fn on(engine: Engine) -> Option<AtRest> {
        let mut app = Start::new().on(engine).start().await?;
        let kept = TempDir::new().expect("a temporary folder");
        let early = kept.path().join("early");
        let mut receipts = fill(&app, &early).await;
        assert!(app.stop().success(), "{}", app.log());
        let signed = locked(app.data()).expect("a checkpoint");
        let late = [
            "user",
            "add",
            "bert",
            "--name",
            "B",
            "--role",
            "auditor",
            "--no-password",
        ];
        let output = app.command(&late).await;
        assert!(output.status.success(), "{output:?}");
        let database = open(app.database(), app.data()).await;
        // The last receipt is for the newest record, which no checkpoint covers.
        let last = "SELECT seq || ',' || {h} FROM audit ORDER BY seq DESC LIMIT 1";
        receipts.push_str(&text(&database, &worded(&database, last)).await);
        let key = "SELECT value FROM installation WHERE name = 'verifier'";
        let key = text(&database, key).await;
        database.close().await.expect("a connection closes");
        let path = kept.path().join("receipts");
        fs::write(&path, receipts).expect("a file");
        Some(AtRest {
            app,
            _kept: kept,
            early_looks: early.with_extension("looks"),
            early,
            receipts: path,
            key,
            signed,
        })
    }

    /// A copy to damage.
    pub(crate) async fn copy(&self) -> Copy {
        let database = match self.app.database() {
            Some(database) => Some(database.copy().await),
            None => None,
        };
        Copy {
            database,
            ..Copy::of(&self.app)
        }
    }
}

/// Files four documents, changes the first, writes a note on the second and relates the third to it; a
/// checkpoint over two of them goes to `early`, one of looks beside it; then each is looked at. Returns when texts and index have followed, with the
/// receipts of all answers.
async fn fill(app: &TestApp, early: &Path) -> String {
    let client = app.with_token(&clerk(app).await);
    let data = app.data();
    let mut receipts = String::new();
    let mut keep = |answer: &Answer| {
        let (seq, hash) = answer.receipt();
        receipts.push_str(&format!("{seq},{hash}\n"));
        seq
    };
    let mut documents = Vec::new();
    for number in 0..4 {
        let metadata = json!({
            "title": format!("Bescheid {number}"),
            "tags": ["Bau", "Akte"],
            "correspondent": "Erika Beispiel",
        });
        let content = fixtures::unique_pdf(&format!("Straßenbau, Blatt {number}"));
        let answer = client
            .file("bescheid.pdf", &content, &metadata)
            .await
            .is(201);
        let seq = keep(&answer);
        let id = answer.json()["id"].as_str().expect("an id").to_owned();
        documents.push((id, answer.etag()));
        if number == 1 {
            wait_until("a checkpoint over two documents", async || {
                locked(data).is_some_and(|size| u64::try_from(size).unwrap_or(0) > seq)
            })
            .await;
            fs::copy(data.join("lock/checkpoint"), early).expect("a copy");
            let looks = early.with_extension("looks");
            fs::copy(data.join("lock/access-checkpoint"), looks).expect("a copy");
        }
    }
    let (id, etag) = &documents[0];
    let path = format!("/api/v1/documents/{id}");
    let corrected = json!({ "title": "Bescheid, berichtigt" });
    keep(&client.patch(&path, etag, &corrected).await.is(200));
    let (second, third) = (&documents[1].0, &documents[2].0);
    let note = json!({ "document": second, "text": "Ruft zurück" });
    keep(&client.post("/api/v1/notes", &note).await.is(201));
    let relation = json!({ "kind": "answers", "source": third, "target": second });
    keep(&client.post("/api/v1/relations", &relation).await.is(201));
    let database = open(app.database(), data).await;
    wait_until("all texts are read", async || {
        number(&database, "SELECT count(*) FROM rendition").await == 4
    })
    .await;
    let head = number(&database, "SELECT max(seq) FROM audit").await;
    database.close().await.expect("a connection closes");
    for (id, _) in &documents {
        let path = format!("/api/v1/documents/{id}");
        drop(client.get(&path).await.is(200));
    }
    wait_until("the index has followed", async || {
        let answer = client.get("/api/v1/search?q=Bescheid").await;
        let applied = answer.header("papierlos-index-seq").map(str::to_owned);
        applied
            .and_then(|seq| seq.parse().ok())
            .is_some_and(|seq: i64| seq >= head)
    })
    .await;
    receipts
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder");
    for entry in fs::read_dir(from).expect("a folder") {
        let entry = entry.expect("an entry");
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), &target).expect("a copy");
        }
    }
    let mode = fs::metadata(from).expect("a folder").permissions();
    fs::set_permissions(to, mode).expect("a folder of ours");
}

/// A connection past the program: no foreign keys.
pub(crate) async fn connect(path: &Path) -> DatabaseConnection {
    let mut options = ConnectOptions::new(format!("sqlite://{}", path.display()));
    options.max_connections(1).sqlx_logging(false);
    let connection = Database::connect(options)
        .await
        .expect("the archive's database");
    connection
        .execute_unprepared("PRAGMA foreign_keys = OFF")
        .await
        .expect("a setting");
    connection
}

async fn open(database: Option<&TestDatabase>, data: &Path) -> DatabaseConnection {
    match database {
        Some(database) => database.connect().await,
        None => connect(&data.join("papierlos.db")).await,
    }
}

/// `sql` as this database says it: `{id}`, `{nil}` and `{bytes}` are values that nobody knows, `{sealed}` and
/// `{wrapped}` damage what a column holds, `{leaf}` is a record as text, `{h}` its hash.
fn worded(on: &DatabaseConnection, sql: &str) -> String {
    let postgres = on.get_database_backend() == DbBackend::Postgres;
    let words = [
        ("{id}", "randomblob(16)", "gen_random_uuid()"),
        (
            "{nil}",
            "zeroblob(16)",
            "'00000000-0000-0000-0000-000000000000'::uuid",
        ),
        (
            "{bytes}",
            "randomblob(32)",
            "sha256(uuid_send(gen_random_uuid()))",
        ),
        (
            "{sealed}",
            "randomblob(200)",
            "set_byte(sealed, 30, 255 - get_byte(sealed, 30))",
        ),
        (
            "{wrapped}",
            "randomblob(length(wrapped))",
            "set_byte(wrapped, 30, 255 - get_byte(wrapped, 30))",
        ),
        ("{leaf}", "CAST(leaf AS TEXT)", "convert_from(leaf, 'UTF8')"),
        ("{h}", "lower(hex(h))", "encode(h, 'hex')"),
        ("{blob}", "BLOB", "BYTEA"),
    ];
    words
        .into_iter()
        .fold(sql.to_owned(), |sql, (word, on_sqlite, on_postgres)| {
            sql.replace(word, if postgres { on_postgres } else { on_sqlite })
        })
}

/// One number.
pub(crate) async fn number(on: &DatabaseConnection, sql: &str) -> i64 {
    let statement = Statement::from_string(on.get_database_backend(), sql);
    let row = on
        .query_one_raw(statement)
        .await
        .expect("an answer")
        .expect("a row");
    row.try_get_by_index(0).expect("a number")
}

/// One text.
pub(crate) async fn text(on: &DatabaseConnection, sql: &str) -> String {
    let statement = Statement::from_string(on.get_database_backend(), sql);
    let row = on
        .query_one_raw(statement)
        .await
        .expect("an answer")
        .expect("a row");
    row.try_get_by_index(0).expect("a text")
}

/// What `verify` said.
#[derive(Debug)]
pub(crate) struct Verdict {
    /// Codes of both logs.
    pub(crate) codes: BTreeSet<String>,
    /// How it ended.
    pub(crate) exit: i32,
    /// All of it.
    pub(crate) json: Json,
}

impl Copy {
    /// Of the data folder of a server that has ended, with the database that is in it.
    pub(crate) fn of(app: &TestApp) -> Copy {
        let folder = TempDir::new().expect("a temporary folder");
        copy(app.data(), &folder.path().join("data"));
        Copy {
            folder,
            database: None,
        }
    }

    /// Another one of the same.
    pub(crate) fn again(&self) -> Copy {
        let folder = TempDir::new().expect("a temporary folder");
        copy(&self.data(), &folder.path().join("data"));
        Copy {
            folder,
            database: None,
        }
    }

    /// Its data folder.
    pub(crate) fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// `papierlos ARGUMENTS --data DIR`.
    pub(crate) fn papierlos(&self, arguments: &[&str]) -> Output {
        let mut command = Command::new(tests::app::binary());
        command.args(arguments).arg("--data").arg(self.data());
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("PAPIERLOS_") {
                command.env_remove(&name);
            }
        }
        if let Some(database) = &self.database {
            command.env("PAPIERLOS_DATABASE_URL", database.url());
        }
        command
            .stdin(Stdio::null())
            .output()
            .expect("the binary starts")
    }

    /// `papierlos verify --json`, with further arguments.
    pub(crate) fn verify(&self, arguments: &[&str]) -> Verdict {
        let output = self.papierlos(&[&["verify", "--json"], arguments].concat());
        verdict(&output)
    }

    /// The database, without triggers: whoever can open its file, or owns it, can switch them off.
    pub(crate) async fn database(&self) -> DatabaseConnection {
        let connection = open(self.database.as_ref(), &self.data()).await;
        let backend = connection.get_database_backend();
        let all = if backend == DbBackend::Postgres {
            "SELECT 'ALTER TABLE ' || tablename || ' DISABLE TRIGGER ALL' FROM pg_tables WHERE schemaname = 'public'"
        } else {
            "SELECT 'DROP TRIGGER ' || name FROM sqlite_master WHERE type = 'trigger'"
        };
        for row in connection
            .query_all_raw(Statement::from_string(backend, all))
            .await
            .expect("rows")
        {
            let statement: String = row.try_get_by_index(0).expect("a statement");
            let done = connection.execute_unprepared(&statement).await;
            done.unwrap_or_else(|error| unreachable!("{statement}: {error}"));
        }
        connection
    }

    /// Runs SQL as the database's administrator.
    pub(crate) async fn sql(&self, statements: &[&str]) {
        let database = self.database().await;
        for statement in statements {
            let statement = worded(&database, statement);
            let done = database.execute_unprepared(&statement).await;
            let done = done.unwrap_or_else(|error| unreachable!("{statement}: {error}"));
            assert!(done.rows_affected() > 0, "{statement} touched nothing");
        }
        database.close().await.expect("a connection closes");
    }

    /// The stored object of this name.
    pub(crate) fn object(&self, name: &str) -> PathBuf {
        self.data().join("blobs/objects/log").join(name)
    }

    /// The blobs, in order of their names.
    pub(crate) fn blobs(&self) -> Vec<PathBuf> {
        blobs(&self.data())
    }
}

/// The blobs of an archive, in order of their names.
pub(crate) fn blobs(data: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    files(&data.join("blobs/blobs"), &mut found);
    found.sort();
    found
}

/// What a run of `verify --json` or `check --json` said.
pub(crate) fn verdict(output: &Output) -> Verdict {
    let json: Json = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|error| unreachable!("{error}: {output:?}"));
    let mut codes = BTreeSet::new();
    for counts in [&json["counts"], &json["access"]["counts"]] {
        codes.extend(
            counts
                .as_object()
                .into_iter()
                .flatten()
                .map(|(code, _)| code.clone()),
        );
    }
    Verdict {
        codes,
        exit: output.status.code().unwrap_or(-1),
        json,
    }
}

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).into_iter().flatten() {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            files(&path, found)
        } else {
            found.push(path)
        }
    }
}
