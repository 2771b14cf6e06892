//! An archive at rest, and the hands of someone who has its disk: rows, tiles, keys.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use ed25519_dalek::{Signer as _, SigningKey};
use sea_orm::{ConnectOptions, ConnectionTrait, Database, DatabaseConnection, Statement, Value};
use serde_json::{Value as Json, json};
use sha2::{Digest as _, Sha256};
use tempfile::TempDir;
use tests::{Answer, Engine, Start, TestApp, fixtures, wait_until};

/// The data folder of an archive that is not running, with what others keep of it.
pub(crate) struct AtRest {
    folder: TempDir,
    /// A checkpoint that an auditor took home early.
    pub(crate) early: PathBuf,
    /// Receipts of every answer, one `seq,hash` a line.
    pub(crate) receipts: PathBuf,
    /// The public key of the log, from paper.
    pub(crate) key: String,
    /// Size of the newest checkpoint; what comes after it is not signed yet.
    pub(crate) signed: usize,
}

/// A copy of the data folder that may be damaged.
pub(crate) struct Copy {
    folder: TempDir,
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
        let mut app = Start::new().on(Engine::Sqlite).start().await?;
        let folder = TempDir::new().expect("a temporary folder");
        let early = folder.path().join("early");
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
        copy(app.data(), &folder.path().join("data"));
        let database = connect(&folder.path().join("data/papierlos.db")).await;
        // The last receipt is for the newest record, which no checkpoint covers.
        let last = "SELECT seq || ',' || lower(hex(h)) FROM audit ORDER BY seq DESC LIMIT 1";
        receipts.push_str(&text(&database, last).await);
        let key = "SELECT value FROM installation WHERE name = 'verifier'";
        let key = text(&database, key).await;
        database.close().await.expect("a connection closes");
        let path = folder.path().join("receipts");
        fs::write(&path, receipts).expect("a file");
        Some(AtRest {
            folder,
            early,
            receipts: path,
            key,
            signed,
        })
    }

    /// A copy to damage.
    pub(crate) fn copy(&self) -> Copy {
        let folder = TempDir::new().expect("a temporary folder");
        copy(
            &self.folder.path().join("data"),
            &folder.path().join("data"),
        );
        Copy { folder }
    }
}

/// Files four documents, changes the first, writes a note on the second and relates the third to it; a
/// checkpoint over two of them goes to `early`. Returns when texts and index have followed, with the
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
    let database = connect(&data.join("papierlos.db")).await;
    wait_until("all texts are read", async || {
        number(&database, "SELECT count(*) FROM rendition").await == 4
    })
    .await;
    let head = number(&database, "SELECT max(seq) FROM audit").await;
    database.close().await.expect("a connection closes");
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
    /// Of the data folder of a server that has ended.
    pub(crate) fn of(app: &TestApp) -> Copy {
        let folder = TempDir::new().expect("a temporary folder");
        copy(app.data(), &folder.path().join("data"));
        Copy { folder }
    }

    /// Another one of the same.
    pub(crate) fn again(&self) -> Copy {
        let folder = TempDir::new().expect("a temporary folder");
        copy(&self.data(), &folder.path().join("data"));
        Copy { folder }
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

    /// The database, without triggers: whoever can open it can drop them.
    pub(crate) async fn database(&self) -> DatabaseConnection {
        let connection = connect(&self.data().join("papierlos.db")).await;
        let backend = connection.get_database_backend();
        let all = "SELECT name FROM sqlite_master WHERE type = 'trigger'";
        for row in connection
            .query_all_raw(Statement::from_string(backend, all))
            .await
            .expect("rows")
        {
            let name: String = row.try_get_by_index(0).expect("a name");
            connection
                .execute_unprepared(&format!("DROP TRIGGER {name}"))
                .await
                .expect("gone");
        }
        connection
    }

    /// Runs SQL as the database's administrator.
    pub(crate) async fn sql(&self, statements: &[&str]) {
        let database = self.database().await;
        for statement in statements {
            let done = database.execute_unprepared(statement).await;
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

/// A log in the hands of who has its rows: leaves that can be edited, linked anew and put back.
pub(crate) struct Forge {
    pub(crate) leaves: Vec<String>,
    table: &'static str,
}

impl Forge {
    /// Takes the records out of a table.
    pub(crate) async fn open(on: &DatabaseConnection, table: &'static str) -> Forge {
        let sql = format!("SELECT leaf FROM {table} ORDER BY seq");
        let rows = on
            .query_all_raw(Statement::from_string(on.get_database_backend(), sql))
            .await;
        let leaves = rows.expect("rows").into_iter().map(|row| {
            let leaf: Vec<u8> = row.try_get_by_index(0).expect("a leaf");
            String::from_utf8(leaf).expect("a record is text")
        });
        Forge {
            leaves: leaves.collect(),
            table,
        }
    }

    /// The first record of this action.
    pub(crate) fn find(&self, action: &str) -> usize {
        let wanted = format!("\"action\":\"{action}\"");
        let found = self.leaves.iter().position(|leaf| leaf.contains(&wanted));
        found.unwrap_or_else(|| unreachable!("no record of {action}"))
    }

    /// Replaces one field of a record.
    pub(crate) fn edit(&mut self, seq: usize, field: &str, value: &str) {
        self.leaves[seq] = set(&self.leaves[seq], field, &format!("\"{value}\""));
    }

    /// Numbers and links all records behind the first one anew.
    pub(crate) fn relink(&mut self) {
        for seq in 1..self.leaves.len() {
            let before = hex::encode(hash(&self.leaves[seq - 1]));
            let linked = set(&self.leaves[seq], "prev", &format!("\"{before}\""));
            self.leaves[seq] = set(&linked, "seq", &seq.to_string());
        }
    }

    /// Writes the rows and the head.
    pub(crate) async fn write(&self, on: &DatabaseConnection) {
        let (table, backend) = (self.table, on.get_database_backend());
        let many = self.leaves.len();
        on.execute_unprepared(&format!("DELETE FROM {table} WHERE seq >= {many}"))
            .await
            .expect("rows");
        // First out of the way: links are unique.
        on.execute_unprepared(&format!(
            "UPDATE {table} SET prev = randomblob(32), h = randomblob(32)"
        ))
        .await
        .expect("rows");
        for (seq, leaf) in self.leaves.iter().enumerate() {
            let prev = hex::decode(field(leaf, "prev").trim_matches('"')).expect("a hash");
            let text = |name| field(leaf, name).trim_matches('"').to_owned();
            let uow = hex::decode(text("uow").replace('-', "")).expect("an id");
            let values: Vec<Value> = vec![
                prev.into(),
                hash(leaf).to_vec().into(),
                leaf.clone().into_bytes().into(),
                i64::try_from(seq).expect("few records").into(),
                text("ts").into(),
                uow.into(),
            ];
            let of_unit = if table == "audit" { ", uow = $6" } else { "" };
            let sql = format!(
                "UPDATE {table} SET prev = $1, h = $2, leaf = $3, \
                 ts = unixepoch(substr($5, 1, 19)) * 1000000 + CAST(substr($5, 21, 6) AS INTEGER)\
                 {of_unit} WHERE seq = $4"
            );
            let done = on
                .execute_raw(Statement::from_sql_and_values(backend, sql, values))
                .await;
            assert_eq!(done.expect("a row").rows_affected(), 1);
        }
        let last = self.leaves.last().expect("a record");
        let values: Vec<Value> = vec![
            i64::try_from(many - 1).expect("few records").into(),
            hash(last).to_vec().into(),
        ];
        let sql = format!("UPDATE {table}_head SET seq = $1, h = $2");
        on.execute_raw(Statement::from_sql_and_values(backend, sql, values))
            .await
            .expect("a head");
    }

    /// Signs the first `size` records with the key in `secret` and publishes tiles and checkpoint, as the
    /// archive would.
    pub(crate) fn publish(&self, copy: &Copy, size: usize, secret: &str) {
        assert!(size < 256, "one partial tile");
        let leaves = &self.leaves[..size];
        let tile: Vec<u8> = leaves.iter().flat_map(|leaf| hash(leaf)).collect();
        let entries = leaves.iter().flat_map(|leaf| {
            let length = u16::try_from(leaf.len())
                .expect("a short record")
                .to_be_bytes();
            [length.as_slice(), leaf.as_bytes()].concat()
        });
        let entries: Vec<u8> = entries.collect();
        for (folder, bytes) in [("tile/0/000.p", tile), ("tile/entries/000.p", entries)] {
            fs::remove_dir_all(copy.object(folder)).expect("the old tiles");
            fs::create_dir_all(copy.object(folder)).expect("a folder");
            fs::write(copy.object(folder).join(size.to_string()), bytes).expect("a tile");
        }
        let hashes: Vec<[u8; 32]> = leaves.iter().map(|leaf| hash(leaf)).collect();
        let origin = field(&self.leaves[0], "log");
        let note = sign(origin.trim_matches('"'), size, &root(&hashes), secret);
        fs::write(copy.object("checkpoint"), &note).expect("a checkpoint");
        fs::write(copy.data().join("lock/checkpoint"), note).expect("a lock");
    }
}

/// The secret signing key of the archive, as its file has it.
pub(crate) fn secret(copy: &Copy) -> String {
    fs::read_to_string(copy.data().join("keys/log.key"))
        .expect("the key")
        .trim()
        .to_owned()
}

fn sign(origin: &str, size: usize, root: &[u8; 32], secret: &str) -> String {
    let rest = secret.strip_prefix("PRIVATE+KEY+").expect("a secret key");
    let mut parts = rest.splitn(3, '+');
    let (name, id, seed) = (parts.next(), parts.next(), parts.next());
    let seed = BASE64.decode(seed.expect("a seed")).expect("base64");
    let key = SigningKey::from_bytes(seed[1..].try_into().expect("32 bytes"));
    let text = format!("{origin}\n{size}\n{}\n", BASE64.encode(root));
    let mut signature = hex::decode(id.expect("an id")).expect("hex");
    signature.extend_from_slice(&key.sign(text.as_bytes()).to_bytes());
    format!(
        "{text}\n\u{2014} {} {}\n",
        name.expect("a name"),
        BASE64.encode(signature)
    )
}

/// A new signing key under this name: its secret and its public half.
pub(crate) fn own_key(name: &str) -> (String, String) {
    let key = SigningKey::from_bytes(&[7; 32]);
    let public = [&[1], key.verifying_key().as_bytes().as_slice()].concat();
    let id = Sha256::new()
        .chain_update(name)
        .chain_update(b"\n")
        .chain_update(&public)
        .finalize();
    let id = hex::encode(&id[..4]);
    let secret = BASE64.encode([&[1], key.as_bytes().as_slice()].concat());
    (
        format!("PRIVATE+KEY+{name}+{id}+{secret}"),
        format!("{name}+{id}+{}", BASE64.encode(public)),
    )
}

/// What the first record of a log must name.
pub(crate) fn genesis(origin: &str, key: &str) -> String {
    hex::encode(Sha256::digest(format!(
        "papierlos.audit/v1/genesis\n{origin}\n{key}"
    )))
}

/// SHA-256(0x00 || leaf).
pub(crate) fn hash(leaf: &str) -> [u8; 32] {
    Sha256::new()
        .chain_update([0])
        .chain_update(leaf)
        .finalize()
        .into()
}

/// The RFC 6962 root.
fn root(hashes: &[[u8; 32]]) -> [u8; 32] {
    match hashes {
        [] => Sha256::digest([]).into(),
        [one] => *one,
        many => {
            let mut left = 1;
            while left * 2 < many.len() {
                left *= 2;
            }
            let (low, high) = many.split_at(left);
            Sha256::new()
                .chain_update([1])
                .chain_update(root(low))
                .chain_update(root(high))
                .finalize()
                .into()
        }
    }
}

/// The text of a field: in canonical JSON it ends at a comma or a brace.
pub(crate) fn field(leaf: &str, name: &str) -> String {
    let (_, rest) = leaf.split_once(&format!("\"{name}\":")).expect("a field");
    rest.split([',', '}']).next().expect("a value").to_owned()
}

fn set(leaf: &str, name: &str, value: &str) -> String {
    let old = format!("\"{name}\":{}", field(leaf, name));
    leaf.replacen(&old, &format!("\"{name}\":{value}"), 1)
}
