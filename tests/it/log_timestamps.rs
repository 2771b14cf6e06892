//! Timestamps of the log, by an authority in this process; `openssl ts` is the judge.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use reqwest::Method;
use serde_json::Value;
use tests::faketime::{days_later, has_faketime};
use tests::figures::figure;
use tests::town::send;
use tests::{Answer, Authority, Client, Engine, Start, TestApp, fixtures, wait_until};

use crate::at_rest::{AtRest, Copy, Verdict, clerk, locked, token, verdict};

const PATH: &str = "/api/v1/log/timestamps";
const FOREIGN: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../pades/tests/data/pki/foreign.pem"
);
/// What it says of clocks that differ.
const WRONG: &str = "one of their clocks is wrong";
/// What the log of the server says where no timestamp is given, the first time.
const SAID: &str = "the log could not be stamped";

fn anchors(data: &Path) -> PathBuf {
    data.join("blobs/objects/log/anchors")
}

/// Over how many records there are timestamps beside the tiles, rising.
fn sizes(data: &Path) -> Vec<u64> {
    let mut found: Vec<u64> = fs::read_dir(anchors(data))
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| {
            let name = entry.file_name().into_string().ok()?;
            name.strip_suffix(".tsr")?.parse().ok()
        })
        .collect();
    found.sort_unstable();
    found
}

/// Whether `openssl ts` takes a timestamp over a checkpoint, by these roots.
fn openssl_takes(folder: &Path, size: u64, roots: &Path) -> bool {
    let output = Command::new("openssl")
        .args(["ts", "-verify", "-CAfile"])
        .arg(roots)
        .arg("-data")
        .arg(folder.join(format!("{size}.checkpoint")))
        .arg("-in")
        .arg(folder.join(format!("{size}.tsr")))
        .output()
        .expect("openssl");
    output.status.success()
}

/// Files a document and waits until a checkpoint covers it; gives the size of that.
async fn grow(app: &TestApp, client: &Client, what: &str) -> usize {
    let content = fixtures::unique_pdf(what);
    let answer = client
        .file("a.pdf", &content, &serde_json::json!({}))
        .await
        .is(201);
    let (seq, _) = answer.receipt();
    let seq = usize::try_from(seq).expect("a small log");
    let data = app.data().to_owned();
    wait_until("a checkpoint covers it", async || {
        locked(&data).is_some_and(|size| size > seq)
    })
    .await;
    locked(&data).expect("a checkpoint")
}

async fn stamp(client: &Client, headers: &[(&str, &str)]) -> Answer {
    send(client, Method::POST, PATH, headers, None).await
}

/// How the check of timestamps ended, and why.
fn checked(verdict: &Verdict) -> (String, Value) {
    let checks = verdict.json["checks"].as_array().expect("checks");
    let found = checks
        .iter()
        .find(|one| one["check"] == "timestamps")
        .expect("the check");
    let status = found["status"].as_str().expect("a status").to_owned();
    (status, found["reason"].clone())
}

async fn verified(app: &TestApp, more: &[&str]) -> Verdict {
    verdict(&app.command(&[&["verify", "--json"], more].concat()).await)
}

#[tokio::test]
async fn the_first_checkpoint_is_stamped_by_itself_and_what_follows_in_its_time() {
    let Some(authority) = Authority::start(0).await else {
        return;
    };
    let Some(app) = authority.stamps_log(Start::new()).start().await else {
        return;
    };
    let data = app.data().to_owned();
    wait_until("the first checkpoint is stamped", async || {
        sizes(&data).len() == 1
    })
    .await;
    // Neither the record that names it nor others make the next one due before its time.
    let client = app.with_token(&clerk(&app).await);
    for what in ["Eins", "Zwei"] {
        grow(&app, &client, what).await;
    }
    assert_eq!((authority.asked(), sizes(&data).len()), (1, 1));
}

/// The timestamps are handed out as they lie there, page by page, to auditors alone, and openssl takes them.
async fn handed_out(
    app: &TestApp,
    (auditor, clerk): (&Client, &Client),
    made: &Answer,
    roots: &Path,
) {
    let data = app.data().to_owned();
    let size = made.json()["size"].as_u64().expect("a size");
    let first = auditor.get(&format!("{PATH}?limit=1")).await.is(200).json();
    assert_eq!(first["items"][0], made.json());
    let cursor = first["next_cursor"].as_str().expect("another page");
    let second = auditor
        .get(&format!("{PATH}?limit=1&cursor={cursor}"))
        .await
        .is(200)
        .json();
    assert_eq!(second["items"][0]["size"], sizes(&data)[0]);
    let reply = auditor.get(&format!("{PATH}/{size}")).await.is(200);
    assert_eq!(reply.media_type(), Some("application/timestamp-reply"));
    let lies = |ending: &str| fs::read(anchors(&data).join(format!("{size}.{ending}")));
    assert_eq!(reply.body, lies("tsr").expect("an answer"));
    let note = made.json()["checkpoint"].as_str().map(str::to_owned);
    assert_eq!(
        note.map(String::into_bytes),
        Some(lies("checkpoint").expect("a note"))
    );
    auditor.get(&format!("{PATH}/9999999")).await.is(404);
    clerk.get(PATH).await.is(403);
    for size in sizes(&data) {
        assert!(openssl_takes(&anchors(&data), size, roots), "{size}");
        assert!(!openssl_takes(&anchors(&data), size, Path::new(FOREIGN)));
    }
}

#[tokio::test]
async fn auditors_have_the_log_stamped_and_take_what_openssl_takes() {
    let Some(authority) = Authority::start(0).await else {
        return;
    };
    let Some(app) = authority.stamps_log(Start::new()).start().await else {
        return;
    };
    let data = app.data().to_owned();
    wait_until("the first checkpoint is stamped", async || {
        sizes(&data).len() == 1
    })
    .await;
    let client = app.with_token(&clerk(&app).await);
    grow(&app, &client, "Eins").await;
    let auditor = app.with_token(&token(&app, "otto").await);
    // Once for each key.
    let key = [("idempotency-key", "eins")];
    let made = stamp(&auditor, &key).await.is(201);
    let size = made.json()["size"].as_u64().expect("a size");
    assert_eq!(
        made.header("location"),
        Some(&*format!("{PATH}/{size}")),
        "{}",
        made.text()
    );
    let again = stamp(&auditor, &key).await.is(201);
    assert_eq!(again.json(), made.json());
    assert_eq!(again.header("idempotent-replayed"), Some("true"));
    assert_eq!(authority.asked(), 2);
    let records = auditor.get("/api/v1/log/records?limit=1000").await.is(200);
    assert_eq!(records.text().matches("log.timestamp").count(), 2);
    let roots = authority.path("root.pem");
    handed_out(&app, (&auditor, &client), &made, &roots).await;

    // From the command line, beside the server.
    grow(&app, &client, "Drei").await;
    let output = app.command(&["log", "stamp"]).await;
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{output:?}");
    assert!(said.starts_with("Gestempelt: "), "{said}");
    assert_eq!(sizes(&data).len(), 3);
}

#[tokio::test]
async fn timestamps_are_verified_living_and_exported_by_all_judges() {
    let Some(authority) = Authority::start(0).await else {
        return;
    };
    let Some(mut app) = authority.stamps_log(Start::new()).start().await else {
        return;
    };
    let data = app.data().to_owned();
    wait_until("the first checkpoint is stamped", async || {
        sizes(&data).len() == 1
    })
    .await;
    let client = app.with_token(&clerk(&app).await);
    grow(&app, &client, "Eins").await;
    assert!(app.stop().success(), "{}", app.log());
    let root = authority.path("root.pem");
    let root = root.to_str().expect("a path");

    let found = verified(&app, &[]).await;
    assert_eq!((found.exit, found.codes.len()), (0, 0), "{}", found.json);
    let unvouched = ("not-checked".to_owned(), "authority-not-vouched".into());
    assert_eq!(checked(&found), unvouched);
    let found = verified(&app, &["--tsa-roots", root]).await;
    assert_eq!(checked(&found).0, "ok", "{}", found.json);
    assert_eq!(found.json["timestamps"]["count"], 1);
    let found = verified(&app, &["--tsa-roots", FOREIGN]).await;
    assert!(
        found.codes.contains("timestamp-untrusted"),
        "{}",
        found.json
    );
    assert_eq!(found.exit, 1, "{}", found.json);

    let place = tempfile::TempDir::new().expect("a temporary folder");
    for openings in [&[][..], &["--openings"]] {
        let folder = place.path().join(format!("bundle{}", openings.len()));
        let bundle = folder.to_str().expect("a path");
        let output = app
            .command(&[&["export", "--log", bundle], openings].concat())
            .await;
        assert!(output.status.success(), "{output:?}");
        let found = verified(&app, &[bundle, "--tsa-roots", root]).await;
        assert_eq!((found.exit, found.codes.len()), (0, 0), "{}", found.json);
        assert_eq!(checked(&found).0, "ok", "{}", found.json);
        let judge = |program: &str, script: &str, arguments: &[&str]| {
            let output = Command::new(program)
                .arg(folder.join(script))
                .args(arguments)
                .output()
                .expect("a judge");
            let said = String::from_utf8_lossy(&output.stdout).into_owned();
            (output.status.code(), said)
        };
        let (code, said) = judge("bash", "verify.sh", &["--tsa-roots", root]);
        assert!(
            code == Some(0) && said.contains("records and right"),
            "{said}"
        );
        let (code, said) = judge("python3", "verify.py", &[]);
        assert!(code == Some(0) && said.contains("timestamps 1,"), "{said}");
    }
}

#[tokio::test]
async fn with_the_authority_away_nothing_waits_and_it_is_said_once() {
    let Some(authority) = Authority::start(0).await else {
        return;
    };
    authority.stay_away(true);
    let Some(app) = authority.stamps_log(Start::new()).start().await else {
        return;
    };
    wait_until("it was tried", async || {
        figure(&app, "papierlos_log_timestamp_failures").await > 0
    })
    .await;
    let client = app.with_token(&clerk(&app).await);
    grow(&app, &client, "Eins").await;
    let auditor = app.with_token(&token(&app, "otto").await);
    stamp(&auditor, &[]).await.is_problem(503, "unavailable");
    let output = app.command(&["log", "stamp"]).await;
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(
        said.contains("die Zeitstempelstelle antwortet nicht"),
        "{said}"
    );
    assert_eq!(app.log().matches(SAID).count(), 1, "{}", app.log());
    assert!(sizes(app.data()).is_empty());

    authority.stay_away(false);
    stamp(&auditor, &[]).await.is(201);
    wait_until("that it goes well again is told", async || {
        figure(&app, "papierlos_log_timestamp_failures").await == 0
    })
    .await;
    assert_eq!(sizes(app.data()).len(), 1);
}

#[tokio::test]
async fn the_next_timestamp_is_due_when_the_interval_is_over() {
    if !has_faketime() {
        return;
    }
    let Some(authority) = Authority::start(0).await else {
        return;
    };
    let Some(mut app) = authority.stamps_log(Start::new()).start().await else {
        return;
    };
    let data = app.data().to_owned();
    wait_until("the first checkpoint is stamped", async || {
        sizes(&data).len() == 1
    })
    .await;
    drop(clerk(&app).await);
    authority.set_clock("+2d");
    days_later(&mut app, 2);
    wait_until("the next one is stamped", async || sizes(&data).len() == 2).await;
    let client = app.with_token(&token(&app, "anna").await);
    grow(&app, &client, "Eins").await;
    assert_eq!(authority.asked(), 2);
    assert!(app.stop().success(), "{}", app.log());
    let found = verified(&app, &[]).await;
    assert_eq!((found.exit, found.codes.len()), (0, 0), "{}", found.json);
}

#[tokio::test]
async fn a_timestamp_that_contradicts_the_clock_is_not_kept() {
    if !has_faketime() {
        return;
    }
    let Some(authority) = Authority::start(0).await else {
        return;
    };
    // Before its certificate holds; and further ahead than clocks differ.
    let gives_none = "the timestamp authority gives no timestamp";
    for (clock, words) in [("-1h", gives_none), ("+1h", WRONG)] {
        authority.set_clock(clock);
        let Some(app) = authority.stamps_log(Start::new()).start().await else {
            return;
        };
        refused_by(&app, words).await;
        drop(clerk(&app).await);
        let auditor = app.with_token(&token(&app, "otto").await);
        stamp(&auditor, &[]).await.is_problem(503, "unavailable");
        assert!(sizes(app.data()).is_empty(), "{clock}");
        authority.set_clock("");
        stamp(&auditor, &[]).await.is(201);
        assert_eq!(sizes(app.data()).len(), 1, "{clock}");
    }
    // Records that are dated ahead of it.
    let Some(mut app) = Start::new().start().await else {
        return;
    };
    days_later(&mut app, 2);
    drop(clerk(&app).await);
    assert!(app.stop().success(), "{}", app.log());
    app.set("PAPIERLOS_LOG_TSA", &authority.tsa());
    app.resume();
    refused_by(&app, WRONG).await;
    assert!(sizes(app.data()).is_empty());
}

/// Waits until no timestamp was kept, for this reason.
async fn refused_by(app: &TestApp, words: &str) {
    wait_until("it was tried", async || {
        figure(app, "papierlos_log_timestamp_failures").await > 0
    })
    .await;
    assert!(app.log().contains(words), "{}", app.log());
}

#[tokio::test]
async fn of_two_servers_one_asks() {
    let Some(authority) = Authority::start(0).await else {
        return;
    };
    let Some(mut app) = Start::new().start().await else {
        return;
    };
    let data = app.data().to_owned();
    wait_until("a checkpoint", async || locked(&data).is_some()).await;
    drop(clerk(&app).await);
    assert!(app.stop().success(), "{}", app.log());
    app.set("PAPIERLOS_LOG_TSA", &authority.tsa());
    let mut second = app.second();
    app.resume();
    wait_until("it is stamped", async || !sizes(&data).is_empty()).await;
    let client = app.with_token(&token(&app, "anna").await);
    for what in ["Eins", "Zwei", "Drei"] {
        grow(&app, &client, what).await;
    }
    assert_eq!((authority.asked(), sizes(&data).len()), (1, 1));
    second.kill().expect("a child of ours");
    second.wait().expect("it ends");
}

#[tokio::test]
async fn timestamps_in_the_database_that_are_changed_or_gone_are_found() {
    let Some(authority) = Authority::start(0).await else {
        return;
    };
    let start = authority.stamps_log(Start::new().on(Engine::Sqlite));
    let Some(mut app) = start.start().await else {
        return;
    };
    let data = app.data().to_owned();
    wait_until("the first checkpoint is stamped", async || {
        sizes(&data).len() == 1
    })
    .await;
    assert!(app.stop().success(), "{}", app.log());
    for (change, code, exit) in [
        (
            "UPDATE log_timestamp SET reply = {bytes}",
            "timestamp-invalid",
            1,
        ),
        (
            "UPDATE log_timestamp SET note = {bytes}",
            "timestamp-imprint-mismatch",
            1,
        ),
        ("DELETE FROM log_timestamp", "timestamp-missing", 2),
    ] {
        let copy = Copy::of(&app);
        copy.sql(&[change]).await;
        let found = copy.verify(&[]);
        let codes: Vec<&str> = found.codes.iter().map(String::as_str).collect();
        assert_eq!((codes, found.exit), (vec![code], exit), "{}", found.json);
    }
}

#[tokio::test]
async fn a_log_that_was_not_stamped_for_three_intervals_is_told() {
    let Some(archive) = AtRest::on(Engine::of_this_run()).await else {
        return;
    };
    let copy = archive.copy().await;
    let file = copy.data().join("stamped.toml");
    // Nobody listens there, and nobody is asked.
    let text = "[log]\ntsa = \"http://127.0.0.1:9/\"\ntsa_every_hours = 1\n";
    fs::write(&file, text).expect("settings");
    let file = file.to_str().expect("a path");
    let check = |more: &[&str]| {
        let output = copy.papierlos(&[&["check", "--json"], more].concat());
        verdict(&output).codes
    };
    assert!(check(&["--config", file]).is_empty());
    copy.sql(&["UPDATE checkpoint SET created_at = created_at - 14400000000"])
        .await;
    let found = check(&["--config", file]);
    assert!(found.iter().eq(["stamp-old"]), "{found:?}");
    assert!(check(&[]).is_empty(), "who asks nobody misses nothing");
}
