//! What must be true after the server was killed, was asked to end, or found its data changed.
//!
//! `TEST_KILLS` says how often the server is killed (10 if it is not set).

mod on_s3;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use futures_util::future::{join_all, pending};
use reqwest::Method;
use serde_json::json;
use sha2::{Digest as _, Sha256};
use tests::app::TestApp;
use tests::client::document_form;
use tests::town::{OWN, Town, id_of};
use tests::{Client, Engine, Start, fixtures};

use crate::at_rest::verdict;

/// What the clients of a run know: what was sent under which key, and what was acknowledged.
#[derive(Default)]
struct Known {
    next: AtomicU64,
    sent: Mutex<BTreeMap<u64, Vec<u8>>>,
    acknowledged: Mutex<BTreeMap<u64, Acknowledged>>,
}

#[derive(Clone, Debug, PartialEq)]
struct Acknowledged {
    id: String,
    receipt: (u64, String),
}

/// Every third document has pages to read, the others are bytes of every size.
fn content(number: u64) -> Vec<u8> {
    if number.is_multiple_of(3) {
        return fixtures::unique_pdf(&format!("Bescheid Nummer {number} über Straßenschäden"));
    }
    let length = usize::try_from(number.wrapping_mul(7919) % 150_000).expect("small");
    let digests = (number..).flat_map(|one| Sha256::digest(one.to_be_bytes()));
    digests.take(length.max(9)).collect()
}

impl Known {
    /// Files one document. False when the server is gone.
    async fn file(&self, client: &Client, number: u64) -> bool {
        let content = self
            .sent
            .lock()
            .expect("no panic")
            .entry(number)
            .or_insert_with(|| content(number))
            .clone();
        let form = document_form(
            "a.pdf",
            &content,
            &json!({"title": format!("Nummer {number}")}),
        );
        let request = client
            .request(Method::POST, "/api/v1/documents")
            .multipart(form);
        let request = request.header("idempotency-key", format!("kill-{number}"));
        let Ok(answer) = client.try_send(request).await else {
            return false;
        };
        // A server that is about to stop may say so.
        if answer.status == 503 {
            return false;
        }
        let answer = answer.is(201);
        let acknowledged = Acknowledged {
            id: id_of(&answer),
            receipt: answer.receipt(),
        };
        let before = self
            .acknowledged
            .lock()
            .expect("no panic")
            .insert(number, acknowledged.clone());
        assert!(
            before.is_none_or(|before| before == acknowledged),
            "{number} was acknowledged otherwise"
        );
        true
    }

    /// Files until the server is gone.
    async fn flood(&self, client: Client) {
        loop {
            let number = self.next.fetch_add(1, Ordering::Relaxed);
            if !self.file(&client, number).await {
                return;
            }
        }
    }

    /// What was sent and not acknowledged.
    fn open(&self) -> Vec<u64> {
        let acknowledged = self.acknowledged.lock().expect("no panic");
        let sent = self.sent.lock().expect("no panic");
        sent.keys()
            .filter(|number| !acknowledged.contains_key(number))
            .copied()
            .collect()
    }

    /// Everything acknowledged is there with equal bytes.
    async fn is_there(&self, town: &Town, from: usize) {
        let acknowledged = self.acknowledged.lock().expect("no panic").clone();
        let clerk = town.clerk();
        for (number, one) in acknowledged.iter().skip(from) {
            let read = clerk
                .get(&format!("/api/v1/documents/{}/content", one.id))
                .await
                .is(200);
            let sent = self.sent.lock().expect("no panic")[number].clone();
            assert!(read.body == sent, "{number}: other bytes came back");
        }
    }
}

/// The log has no gap, its chain holds, and every receipt is in it.
async fn log_is_whole(town: &Town, known: &Known) {
    let records = town.records(0).await;
    for (place, pair) in (0_u64..).zip(records.windows(2)) {
        let [(seq, hash, _), (next, _, record)] = pair else {
            unreachable!("windows of two");
        };
        assert_eq!((*seq, *next), (place, place + 1), "a gap in the log");
        assert_eq!(
            record["prev"].as_str(),
            Some(hash.as_str()),
            "the chain breaks at {next}"
        );
    }
    for (number, one) in known.acknowledged.lock().expect("no panic").iter() {
        let (seq, hash) = &one.receipt;
        let place = usize::try_from(*seq).expect("small");
        let (_, found, record) = &records[place];
        assert_eq!(found, hash, "{number}: the receipt is not in the log");
        assert_eq!(record["subj"][0]["id"], json!(one.id));
    }
}

/// The commands that prove an archive find nothing.
async fn archive_is_sound(town: &mut Town, known: &Known) {
    assert!(town.app.stop().success(), "{}", town.app.log());
    let receipts = town.app.data().join("receipts");
    let lines: Vec<_> = known
        .acknowledged
        .lock()
        .expect("no panic")
        .values()
        .map(|one| format!("{},{}\n", one.receipt.0, one.receipt.1))
        .collect();
    fs::write(&receipts, lines.concat()).expect("a file");
    let receipts = receipts.display().to_string();
    for arguments in [
        vec!["check", "--deep", "--json"],
        vec!["verify", "--blobs", "--json", "--receipts", &receipts],
    ] {
        let output = town.app.command(&arguments).await;
        assert!(
            output.status.success(),
            "papierlos {arguments:?}\n{}\n{}",
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        );
    }
}

fn kills() -> u64 {
    std::env::var("TEST_KILLS")
        .ok()
        .and_then(|kills| kills.parse().ok())
        .unwrap_or(10)
}

/// A time from nearly nothing to a fifth of a second, another each time.
fn moment() -> Duration {
    let chance = uuid::Uuid::new_v4().as_u128() % 200_000;
    Duration::from_micros(u64::try_from(chance).expect("small"))
}

/// A rebuild of the index begins, is killed, and leaves an index in which `check` finds nothing.
async fn rebuild_is_killed(app: &TestApp) {
    let mut rebuild = app.spawn(&["reindex"]);
    tokio::time::timeout(2 * moment(), pending::<()>())
        .await
        .expect_err("never ready");
    rebuild.kill().expect("a child of ours can be killed");
    rebuild.wait().expect("a killed child ends");
    let found = verdict(&app.command(&["check", "--json"]).await);
    let of_index = |code: &String| code.starts_with("index-");
    assert!(!found.codes.iter().any(of_index), "{}", found.json);
}

/// A search finds so many, and so many are counted in the rows.
async fn index_holds(town: &Town, many: usize) {
    let auditor = town.auditor();
    for path in [
        "/api/v1/search?limit=1",
        "/api/v1/documents?count=true&limit=1",
    ] {
        let answer = auditor.get(path).await.is(200).json();
        assert_eq!(answer["total"], json!(many), "{path}");
    }
}

fn folder_to_import(files: u64) -> tempfile::TempDir {
    let folder = tempfile::TempDir::new().expect("a temporary folder");
    for number in 0..files {
        let path = folder.path().join(format!("{number}.pdf"));
        fs::write(path, fixtures::pdf(&[&format!("Rechnung {number}")])).expect("a file");
    }
    folder
}

#[tokio::test]
async fn nothing_acknowledged_is_lost_when_the_server_is_killed() {
    const FILES: u64 = 30;
    let Some(mut town) = Town::start().await else {
        return;
    };
    let (known, folder) = (Known::default(), folder_to_import(FILES));
    let import = folder.path().display().to_string();
    let import = ["import", &import, "--department", OWN];
    let mut seen = 0;
    for _ in 0..kills() {
        // Both processes write to the same archive, and both are killed.
        let mut importer = town.app.spawn(&import);
        let clients: Vec<_> = (0..4).map(|_| town.clerk()).collect();
        let floods = join_all(clients.into_iter().map(|client| known.flood(client)));
        let kill = async {
            tokio::time::timeout(moment(), pending::<()>())
                .await
                .expect_err("never ready");
            importer.kill().expect("a child of ours can be killed");
            importer.wait().expect("a killed child ends");
            town.app.kill();
        };
        tokio::join!(floods, kill);
        rebuild_is_killed(&town.app).await;
        town.app.resume();
        known.is_there(&town, seen).await;
        seen = known.acknowledged.lock().expect("no panic").len();
    }
    // What got no answer is sent again under its key: it is there once, whatever had become of it.
    for number in known.open() {
        assert!(known.file(&town.clerk(), number).await);
    }
    let output = town.app.command(&import).await;
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    known.is_there(&town, 0).await;
    let documents = town.documents().await;
    let filed = known.acknowledged.lock().expect("no panic").len();
    assert_eq!(
        documents.len(),
        filed + usize::try_from(FILES).expect("few")
    );
    log_is_whole(&town, &known).await;
    town.settle().await;
    index_holds(&town, documents.len()).await;
    archive_is_sound(&mut town, &known).await;
    // A last rebuild comes to its end, whatever the killed ones left.
    rebuild_is_killed(&town.app).await;
    for command in [["reindex"].as_slice(), &["check", "--deep"]] {
        let output = town.app.command(command).await;
        assert!(output.status.success(), "{command:?}: {output:?}");
    }
    town.app.resume();
    town.settle().await;
    index_holds(&town, documents.len()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_is_asked_to_end_keeps_what_it_acknowledged() {
    let Some(mut town) = Town::start().await else {
        return;
    };
    let known = Known::default();
    for _ in 0..3 {
        let clients: Vec<_> = (0..4).map(|_| town.clerk()).collect();
        let floods = join_all(clients.into_iter().map(|client| known.flood(client)));
        let stop = async {
            tests::wait_until("some are filed", async || {
                known.acknowledged.lock().expect("no panic").len() > 5
            })
            .await;
            tokio::task::block_in_place(|| town.app.stop())
        };
        let (_, status) = tokio::join!(floods, stop);
        assert!(status.success(), "{}", town.app.log());
        town.app.resume();
    }
    known.is_there(&town, 0).await;
    log_is_whole(&town, &known).await;
    for number in known.open() {
        assert!(known.file(&town.clerk(), number).await);
    }
    let filed = known.acknowledged.lock().expect("no panic").len();
    assert_eq!(town.documents().await.len(), filed);
    archive_is_sound(&mut town, &known).await;
}

/// An archive with a document, and its server ended.
async fn ended(start: Start) -> Option<Town> {
    let mut town = Town::of(start).await?;
    town.letter("Antrag", "Antrag").await;
    town.settle().await;
    assert!(town.app.stop().success());
    Some(town)
}

fn names(said: &str, words: &[&str]) {
    for word in words {
        assert!(said.contains(word), "{word} is not named in: {said}");
    }
}

#[tokio::test]
async fn a_server_without_its_keys_does_not_start_and_names_them() {
    let Some(mut town) = ended(Start::new()).await else {
        return;
    };
    let Some(foreign) = ended(Start::new().of_its_own()).await else {
        return;
    };
    for file in ["keys/domains.toml", "keys/log.key"] {
        let (path, aside) = (town.app.data().join(file), town.app.data().join("aside"));
        fs::rename(&path, &aside).expect("the key is taken away");
        names(&town.app.refuses_to_start(), &[file]);
        assert!(
            !path.exists(),
            "a new key was made where the old one is missing"
        );
        fs::copy(foreign.app.data().join(file), &path).expect("the key of another archive");
        let said = town.app.refuses_to_start();
        let named = said.contains("key") || said.contains("verifier");
        assert!(named, "{file}: {said}");
        fs::write(&path, "nonsense").expect("a file");
        names(&town.app.refuses_to_start(), &["key"]);
        fs::rename(&aside, &path).expect("the key comes back");
    }
    town.app.resume();
    assert_eq!(town.documents().await.len(), 1);
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder");
    for entry in fs::read_dir(from).expect("a folder").map_while(Result::ok) {
        let name = entry.file_name();
        if name.to_string_lossy().starts_with("papierlos.db") {
            fs::copy(entry.path(), to.join(name)).expect("a copy");
        }
    }
}

#[tokio::test]
async fn a_database_that_was_set_back_is_found_out_at_start() {
    // On PostgreSQL the administrator's copy is a dump; the file is what can be put back here.
    let Some(mut town) = ended(Start::new().on(Engine::Sqlite)).await else {
        return;
    };
    let earlier = tempfile::TempDir::new().expect("a temporary folder");
    copy(town.app.data(), earlier.path());
    town.app.resume();
    let later = id_of(&town.letter("Später", "Bescheid").await);
    town.settle().await;
    assert!(town.app.stop().success());
    let now = tempfile::TempDir::new().expect("a temporary folder");
    copy(town.app.data(), now.path());
    for name in ["papierlos.db-wal", "papierlos.db-shm"] {
        fs::remove_file(town.app.data().join(name)).ok();
    }
    copy(earlier.path(), town.app.data());
    let said = town.app.refuses_to_start().to_lowercase();
    assert!(said.contains("log"), "{said}");
    let folder = folder_to_import(1);
    let folder = folder.path().display().to_string();
    for arguments in [
        vec!["import", &folder, "--department", OWN],
        vec!["user", "token", "m.brandt"],
        vec!["keys", "rotate"],
    ] {
        let output = town.app.command(&arguments).await;
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {said}");
        names(&said, &["set back"]);
    }
    for name in ["papierlos.db-wal", "papierlos.db-shm"] {
        fs::remove_file(town.app.data().join(name)).ok();
    }
    copy(now.path(), town.app.data());
    town.app.resume();
    town.clerk()
        .get(&format!("/api/v1/documents/{later}"))
        .await
        .is(200);
}

#[tokio::test]
async fn a_lost_index_is_built_again() {
    let Some(mut town) = ended(Start::new()).await else {
        return;
    };
    fs::remove_dir_all(town.app.data().join("index")).expect("the index is lost");
    town.app.resume();
    town.settle().await;
    let found = town
        .clerk()
        .get("/api/v1/search?q=Antrag")
        .await
        .is(200)
        .json();
    assert_eq!(found["total"], 1);
}
