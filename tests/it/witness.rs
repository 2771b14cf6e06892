//! A real witness beside a real server: it cosigns, is away and comes back, forgets nothing when it is killed, and
//! refuses a log that was set back.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};
use tempfile::TempDir;
use tests::{Client, Engine, Start, TestApp, fixtures, wait_until};

use crate::at_rest::{clerk, token, verdict};

const NAME: &str = "zeuge.example";

/// A witness in a process of its own.
struct Witness {
    child: Child,
    /// `http://127.0.0.1:PORT`.
    address: String,
    /// Its public key.
    key: String,
}

fn papierlos(arguments: &[&str]) -> Command {
    let mut command = Command::new(tests::app::binary());
    command.args(arguments);
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("PAPIERLOS_") {
            command.env_remove(&name);
        }
    }
    command.stdin(Stdio::null());
    command
}

impl Witness {
    /// Starts one on this folder for the log with this key.
    fn start(folder: &Path, log: &str, listen: &str) -> Witness {
        let folder = folder.to_str().expect("a path");
        let mut command = papierlos(&["witness", "--dir", folder, "--name", NAME]);
        command.args(["--log", log, "--listen", listen, "--announce"]);
        let mut child = command
            .stdout(Stdio::piped())
            .spawn()
            .expect("the binary starts");
        let mut line = String::new();
        let stdout = child.stdout.take().expect("a pipe");
        BufReader::new(stdout)
            .read_line(&mut line)
            .expect("it says where it listens");
        let told: Value = serde_json::from_str(&line).expect("a line of JSON");
        let text = |name: &str| told[name].as_str().expect("a text").to_owned();
        Witness {
            child,
            address: text("listening"),
            key: text("key"),
        }
    }

    fn listen(&self) -> String {
        self.address.replace("http://", "")
    }

    /// SIGKILL: nothing is said, nothing is finished.
    fn kill(mut self) {
        self.child.kill().expect("a child of ours");
        self.child.wait().expect("it ends");
    }
}

impl Drop for Witness {
    fn drop(&mut self) {
        // It has ended, unless the test failed.
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// Ends a witness as whoever runs it does.
fn terminate(mut witness: Witness) {
    let pid = witness.child.id().to_string();
    let told = Command::new("sh")
        .args(["-c", "kill -TERM \"$0\"", &pid])
        .status();
    assert!(told.expect("a shell").success());
    assert!(witness.child.wait().expect("it ends").success());
}

/// The public key of the log, and a clerk who files.
async fn log_of(app: &TestApp) -> (String, Client) {
    let client = app.with_token(&clerk(app).await);
    let identity = client.get("/api/v1/log/identity").await.is(200).json();
    let key = identity["verifier"].as_str().expect("a key").to_owned();
    (key, client)
}

async fn file(client: &Client, text: &str) {
    let content = fixtures::unique_pdf(text);
    drop(client.file("a.pdf", &content, &json!({})).await.is(201));
}

/// Over how many records what lies in a file speaks.
fn size_of(path: &Path) -> u64 {
    let note = fs::read_to_string(path).unwrap_or_default();
    let size = note.lines().nth(1).and_then(|size| size.parse().ok());
    size.unwrap_or_default()
}

/// The object with what was cosigned.
fn witnessed(data: &Path) -> PathBuf {
    data.join("blobs/objects/log/witnessed")
}

/// Waits until all that is recorded now was cosigned.
async fn all_cosigned(data: &Path) {
    let locked = size_of(&data.join("lock/checkpoint"));
    wait_until("it is cosigned", async || {
        size_of(&witnessed(data)) >= locked
    })
    .await;
}

/// Waits until something was recorded since, and then until it was cosigned.
async fn news_cosigned(data: &Path, before: u64) {
    wait_until("a newer checkpoint", async || {
        size_of(&data.join("lock/checkpoint")) > before
    })
    .await;
    all_cosigned(data).await;
}

/// The newest checkpoint that the witness itself has.
fn own(folder: &Path) -> PathBuf {
    let mut entries = fs::read_dir(folder.join("checkpoints")).expect("a folder");
    entries.next().expect("a checkpoint").expect("one").path()
}

/// A policy from paper: the log, and this witness.
fn policy(folder: &Path, log: &str, witness: &str) -> String {
    let path = folder.join("policy");
    let text = format!("log {log}\nwitness z {witness}\nquorum z\n");
    fs::write(&path, text).expect("a file");
    path.to_str().expect("a path").to_owned()
}

/// How a check of `verify --json` ended.
fn status(json: &Value, check: &str) -> String {
    let mut checks = json["checks"].as_array().expect("checks").iter();
    let found = checks.find(|one| one["check"] == check).expect("the check");
    found["status"].as_str().expect("a status").to_owned()
}

async fn refuses(app: &TestApp) -> bool {
    let text = app.anonymous().get("/metrics").await.is(200).text();
    let line = format!("papierlos_witness_refuses{{witness=\"{NAME}\"}} 1");
    text.lines().any(|one| one == line)
}

/// A bundle of the log, judged by us and by the judges that go along in it.
async fn judged(app: &TestApp, paper: &Path, policy: &str) {
    let bundle = paper.join("bundle");
    let bundle = bundle.to_str().expect("a path");
    let exported = app.command(&["export", "--log", bundle]).await;
    assert!(exported.status.success(), "{exported:?}");
    let ours = app.command(&["verify", bundle, "--policy", policy]).await;
    assert_eq!(ours.status.code(), Some(0), "{ours:?}");
    for (program, script) in [("bash", "verify.sh"), ("python3", "verify.py")] {
        let script = format!("{bundle}/{script}");
        let judged = Command::new(program)
            .args([script.as_str(), "--policy", policy])
            .output()
            .expect("a judge");
        assert_eq!(judged.status.code(), Some(0), "{judged:?}");
        let text = String::from_utf8_lossy(&judged.stdout);
        assert!(text.contains("witnessed "), "{text}");
    }
}

#[tokio::test]
async fn a_witness_cosigns_and_what_it_cosigned_is_proven_to_others() {
    let Some(mut app) = Start::new().start().await else {
        return;
    };
    let (log, client) = log_of(&app).await;
    file(&client, "Nummer eins").await;
    app.stop();
    let (folder, paper) = (
        TempDir::new().expect("a folder"),
        TempDir::new().expect("a folder"),
    );
    let witness = Witness::start(folder.path(), &log, "127.0.0.1:0");
    let setting = format!("{} {}", witness.key, witness.address);
    app.set("PAPIERLOS_LOG_WITNESSES", &setting);
    // Before it was ever asked, the check says so.
    let silent = verdict(&app.command(&["check", "--json"]).await);
    assert!(silent.codes.contains("witness-silent"), "{}", silent.json);
    app.resume();
    let data = app.data().to_owned();
    all_cosigned(&data).await;

    let policy = policy(paper.path(), &log, &witness.key);
    let said = verdict(
        &app.command(&["verify", "--json", "--policy", &policy])
            .await,
    );
    assert_eq!((said.exit, said.codes.len()), (0, 0), "{}", said.json);
    assert_eq!(status(&said.json, "witnesses"), "ok", "{}", said.json);
    let said = verdict(&app.command(&["verify", "--json", "--key", &log]).await);
    assert_eq!(status(&said.json, "witnesses"), "not-checked");
    let both = app
        .command(&["verify", "--key", &log, "--policy", &policy])
        .await;
    assert_eq!(both.status.code(), Some(3), "{both:?}");
    let checked = verdict(&app.command(&["check", "--json"]).await);
    assert!(
        !checked.codes.contains("witness-silent"),
        "{}",
        checked.json
    );

    let auditor = app.with_token(&token(&app, "otto").await);
    let told = auditor.get("/api/v1/log/witnesses").await.is(200).json();
    assert_eq!(told["quorum"], 1);
    assert_eq!(told["items"][0]["name"], NAME);
    assert_eq!(told["items"][0]["verifier"], witness.key.as_str());
    assert!(
        told["items"][0]["size"]
            .as_u64()
            .is_some_and(|size| size > 0),
        "{told}"
    );
    let clerk = app.with_token(&token(&app, "anna").await);
    clerk.get("/api/v1/log/witnesses").await.is(403);
    let metrics = app.anonymous().get("/metrics").await.is(200).text();
    assert!(
        metrics.contains("papierlos_witness_age_seconds"),
        "{metrics}"
    );
    assert!(!refuses(&app).await);

    // What it cosigned lies with it, is served by it, and goes along in a bundle.
    let kept = own(folder.path());
    let kept = kept.to_str().expect("a path");
    let said = verdict(&app.command(&["verify", "--json", "--since", kept]).await);
    assert_eq!((said.exit, said.codes.len()), (0, 0), "{}", said.json);
    judged(&app, paper.path(), &policy).await;
    terminate(witness);
}

#[tokio::test]
async fn a_witness_that_is_killed_holds_nobody_up_and_goes_on_where_it_stood() {
    let Some(mut app) = Start::new().start().await else {
        return;
    };
    let (log, _) = log_of(&app).await;
    app.stop();
    let folder = TempDir::new().expect("a folder");
    let witness = Witness::start(folder.path(), &log, "127.0.0.1:0");
    let setting = format!("{} {}", witness.key, witness.address);
    app.set("PAPIERLOS_LOG_WITNESSES", &setting);
    app.resume();
    let data = app.data().to_owned();
    let client = app.with_token(&token(&app, "anna").await);
    all_cosigned(&data).await;
    let before = size_of(&witnessed(&data));

    let (listen, key) = (witness.listen(), witness.key.clone());
    witness.kill();
    assert_eq!(size_of(&own(folder.path())), before, "it was durable");
    file(&client, "Während er fort ist").await;
    wait_until("the log says so", async || {
        app.log().contains("a witness of the log does not answer")
    })
    .await;
    // The log goes on, and nothing is lost of what was cosigned.
    client.get("/health/ready").await.is(200);
    assert_eq!(size_of(&witnessed(&data)), before);
    assert!(!refuses(&app).await, "silence is no refusal");

    let witness = Witness::start(folder.path(), &log, &listen);
    assert_eq!(witness.key, key, "the same witness");
    news_cosigned(&data, before).await;
    assert!(app.log().contains("a witness of the log cosigns again"));
    let second = papierlos(&["witness", "--dir", folder.path().to_str().expect("a path")])
        .args(["--log", &log, "--listen", "127.0.0.1:0"])
        .output()
        .expect("the binary starts");
    let said = String::from_utf8_lossy(&second.stderr);
    assert_eq!(second.status.code(), Some(2), "{said}");
    assert!(said.contains("benutzt schon ein anderer Zeuge"), "{said}");
    terminate(witness);
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

/// Puts everything back as it was: database, tiles, lock, what was cosigned.
fn restore(backup: &Path, data: &Path) {
    for entry in fs::read_dir(data).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            fs::remove_dir_all(path).expect("removed");
        } else {
            fs::remove_file(path).expect("removed");
        }
    }
    copy(backup, data);
}

/// Files until more is signed than so many records.
async fn file_beyond(client: &Client, data: &Path, size: u64) {
    let mut number = 0;
    while size_of(&data.join("lock/checkpoint")) <= size {
        number += 1;
        let before = size_of(&data.join("lock/checkpoint"));
        file(client, &format!("Ein anderer Verlauf, Blatt {number}")).await;
        wait_until("it is published", async || {
            size_of(&data.join("lock/checkpoint")) > before
        })
        .await;
    }
}

#[tokio::test]
async fn a_log_that_was_set_back_with_everything_is_refused_by_its_witness() {
    let Some(mut app) = Start::new().on(Engine::Sqlite).start().await else {
        return;
    };
    let (log, _) = log_of(&app).await;
    app.stop();
    let (folder, backup) = (
        TempDir::new().expect("a folder"),
        TempDir::new().expect("a folder"),
    );
    let witness = Witness::start(folder.path(), &log, "127.0.0.1:0");
    let setting = format!("{} {}", witness.key, witness.address);
    app.set("PAPIERLOS_LOG_WITNESSES", &setting);
    app.resume();
    let data = app.data().to_owned();
    all_cosigned(&data).await;
    app.stop();
    let kept = backup.path().join("data");
    copy(&data, &kept);
    let before = size_of(&data.join("lock/checkpoint"));

    app.resume();
    let client = app.with_token(&token(&app, "anna").await);
    file(&client, "Was bald nicht mehr gewesen sein soll").await;
    news_cosigned(&data, before).await;
    app.stop();
    let cosigned = size_of(&own(folder.path()));
    restore(&kept, &data);

    // Nothing in the archive tells: not the lock, not the tiles, not what lies there as cosigned.
    let policy = policy(folder.path(), &log, &witness.key);
    let verify = ["verify", "--json", "--policy", policy.as_str()];
    let said = verdict(&app.command(&verify).await);
    assert_eq!((said.exit, said.codes.len()), (0, 0), "{}", said.json);
    let newest = own(folder.path());
    let since = ["--since", newest.to_str().expect("a path")];
    let said = verdict(&app.command(&[verify.as_slice(), &since].concat()).await);
    let short = "log-shorter-than-kept-checkpoint";
    assert!(
        said.exit == 1 && said.codes.contains(short),
        "{}",
        said.json
    );

    app.resume();
    wait_until("the witness knows more", async || refuses(&app).await).await;
    assert!(app.log().contains("the log was set back"), "{}", app.log());
    let client = app.with_token(&token(&app, "anna").await);
    file_beyond(&client, &data, cosigned).await;
    let refused = folder.path().join("refused");
    wait_until("the witness has seen the fork", async || refused.is_dir()).await;
    wait_until("the log says so", async || {
        app.log()
            .contains("it does not continue what the witness cosigned")
    })
    .await;
    assert!(refuses(&app).await);
    assert_eq!(size_of(&newest), cosigned, "it cosigned nothing of it");
    app.stop();
    let said = verdict(&app.command(&[verify.as_slice(), &since].concat()).await);
    let forked = "fork-against-kept-checkpoint";
    assert!(
        said.exit == 1 && said.codes.contains(forked),
        "{}",
        said.json
    );
    terminate(witness);
}

#[test]
fn a_witness_says_in_german_what_is_wrong() {
    let folder = TempDir::new().expect("a folder");
    let dir = folder.path().join("zeuge");
    let dir = dir.to_str().expect("a path");
    let log = "archive.example/audit+7324b989+AepKbGPinFIKvvVQexMuxfmVR3auvr57kkIe6mkURtIs";
    for (arguments, code, words) in [
        (&["--log", log][..], 2, "Hier ist noch kein Zeuge."),
        (
            &["--log", "x"][..],
            3,
            "--log: das ist nicht der öffentliche Schlüssel",
        ),
        (&[][..], 3, "es fehlt: --log"),
        (
            &["--log", log, "--name", "a b"][..],
            2,
            "kann kein Zeuge heißen",
        ),
    ] {
        let mut command = papierlos(&["witness", "--dir", dir]);
        let output = command.args(arguments).output().expect("it starts");
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {said}");
        assert!(said.contains(words), "{arguments:?}: {said}");
    }
}
