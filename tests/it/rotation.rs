//! The key that signs the log is rotated beside servers that run: what can be proven afterwards, and with which key.

use std::fs;
use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::process::{Child, Command};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use ed25519_dalek::{Signature, VerifyingKey};
use futures_util::future::pending;
use serde_json::json;
use tempfile::TempDir;
use tests::{Client, Start, TestApp, fixtures, wait_until};

use crate::at_rest::{clerk, locked, token, verdict};

/// Rotations that are killed.
const KILLS: u64 = 6;

/// The id of the key that signed the lock.
fn signed_by(data: &Path) -> Option<String> {
    signed_at(&data.join("lock/checkpoint"))
}

/// The id of the key that signed a checkpoint.
fn signed_at(path: &Path) -> Option<String> {
    let note = fs::read_to_string(path).ok()?;
    let encoded = note.lines().last()?.rsplit(' ').next()?;
    let raw = BASE64.decode(encoded).ok()?;
    Some(hex::encode(raw.get(..4)?))
}

/// The id in a key as it stands on paper.
fn id(key: &str) -> String {
    key.split('+').nth(1).expect("an id").to_owned()
}

async fn identity(client: &Client) -> serde_json::Value {
    client.get("/api/v1/log/identity").await.is(200).json()
}

fn text(value: &serde_json::Value) -> String {
    value.as_str().expect("a text").to_owned()
}

/// Files a document; gives the number of the newest record of that.
async fn file(client: &Client, words: &str) -> u64 {
    let content = fixtures::unique_pdf(words);
    let filed = client.file("a.pdf", &content, &json!({})).await.is(201);
    let (seq, _) = filed.receipt();
    seq
}

/// Over how many records a checkpoint is that one of these keys has signed; nothing where none has.
fn signed_over(note: &str, keys: &[String]) -> Option<u64> {
    let (text, signature) = note.rsplit_once("\n\n")?;
    let text = format!("{text}\n");
    let raw = BASE64.decode(signature.lines().next()?.rsplit(' ').next()?);
    let raw = raw.ok()?;
    let (by, signature) = raw.split_at_checked(4)?;
    let key = keys.iter().find(|key| id(key) == hex::encode(by))?;
    // Of the key the first byte names its kind.
    let public = BASE64.decode(key.splitn(3, '+').nth(2)?).ok()?;
    let public = VerifyingKey::from_bytes(public.get(1..)?.try_into().ok()?).ok()?;
    let signature = Signature::from_bytes(signature.try_into().ok()?);
    public.verify_strict(text.as_bytes(), &signature).ok()?;
    text.lines().nth(1)?.parse().ok()
}

/// Waits until this record is signed, by one of the keys that the server tells.
async fn is_signed(client: &Client, seq: u64) {
    wait_until("the record is signed", async || {
        let told = identity(client).await;
        let keys = told["keys"].as_array().expect("keys").iter();
        let keys: Vec<String> = keys.map(|key| text(&key["verifier"])).collect();
        let note = client.get("/api/v1/log/checkpoint").await.is(200).text();
        signed_over(&note, &keys).is_some_and(|size| size > seq)
    })
    .await;
}

/// Rotates, and gives the new key and the old one, as they are said.
async fn rotate(app: &TestApp, arguments: &[&str]) -> (String, String) {
    let all = [&["log", "rotate-key"], arguments].concat();
    let output = app.command(&all).await;
    let said = String::from_utf8(output.stdout).expect("text");
    let complained = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}{complained}");
    let keys: Vec<&str> = said.lines().filter(|line| line.contains('+')).collect();
    let [new, old] = keys.as_slice() else {
        unreachable!("{said}");
    };
    (new.trim().to_owned(), old.trim().to_owned())
}

async fn signs(app: &TestApp, key: &str) {
    let data = app.data().to_owned();
    wait_until("the new key signs", async || {
        signed_by(&data).is_some_and(|signed| signed == id(key))
    })
    .await;
}

/// Nothing is found with these keys on paper, and with this memory.
async fn is_clean(app: &TestApp, keys: &[&str], memory: &[&str]) {
    let mut arguments = vec!["verify", "--json"];
    keys.iter()
        .for_each(|key| arguments.extend(["--key", *key]));
    arguments.extend(memory);
    let said = verdict(&app.command(&arguments).await);
    assert_eq!((said.exit, said.codes.len()), (0, 0), "{}", said.json);
    for report in [&said.json, &said.json["access"]] {
        let checks = report["checks"].as_array().expect("checks");
        let signature = checks.iter().find(|one| one["check"] == "signature");
        assert_eq!(signature.expect("a check")["status"], "ok", "{}", said.json);
    }
}

/// Looks at what there is, and keeps what an auditor is given of the log of looks.
async fn keep_looks(app: &TestApp, path: &Path) {
    let auditor = app.with_token(&token(app, "otto").await);
    drop(auditor.get("/api/v1/log/records?limit=1").await.is(200));
    let note = auditor.get("/api/v1/log/access/checkpoint").await;
    fs::write(path, note.is(200).text()).expect("a file");
}

/// A report on paper is made of what the newest key signed, and is memory.
async fn report_is_clean(app: &TestApp, folder: &Path, key: &str) {
    let pdf = folder.join("report.pdf");
    let pdf = pdf.to_str().expect("a path");
    let written = app.command(&["log", "report", "--out", pdf]).await;
    assert!(written.status.success(), "{written:?}");
    is_clean(app, &[key], &["--since", pdf]).await;
}

/// What a judge out of the repository says of a bundle.
fn judge(program: &str, script: &str, key: &str, bundle: &Path) -> Option<i32> {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/data/audit/").to_owned() + script;
    let judged = Command::new(program)
        .arg(script)
        .args(["--key", key])
        .arg(bundle)
        .output();
    judged.expect("a judge").status.code()
}

#[tokio::test]
async fn a_log_that_went_over_twice_is_proven_with_any_of_its_keys() {
    let Some(mut app) = Start::new().of_its_own().start().await else {
        return;
    };
    let client = app.with_token(&clerk(&app).await);
    file(&client, "Unter dem ersten Schlüssel").await;
    let data = app.data().to_owned();
    wait_until("a checkpoint", async || locked(&data).is_some()).await;
    let kept = TempDir::new().expect("a folder");
    let early = kept.path().join("early");
    fs::copy(data.join("lock/checkpoint"), &early).expect("a checkpoint");
    let early_looks = kept.path().join("looks");
    keep_looks(&app, &early_looks).await;
    let first = text(&identity(&client).await["verifier"]);

    // The server runs, and goes on with each new key by itself.
    let (second, old) = rotate(&app, &[]).await;
    assert_eq!(old, first);
    file(&client, "Unter dem zweiten Schlüssel").await;
    signs(&app, &second).await;
    drop(client.get("/api/v1/documents").await.is(200));
    let (third, old) = rotate(&app, &["--keep-old"]).await;
    assert_eq!(old, second);
    file(&client, "Unter dem dritten Schlüssel").await;
    signs(&app, &third).await;

    let told = identity(&client).await;
    assert_eq!(text(&told["verifier"]), third);
    let keys: Vec<String> = told["keys"]
        .as_array()
        .expect("keys")
        .iter()
        .map(|key| text(&key["verifier"]))
        .collect();
    assert_eq!(keys, [first.clone(), second.clone(), third.clone()]);
    assert_eq!(told["keys"][0]["from"], 0, "{told}");
    assert_eq!(told["keys"][0]["until"], told["keys"][1]["from"], "{told}");
    assert!(told["keys"][2]["until"].is_null(), "{told}");
    assert_eq!(told["handovers"].as_array().map(Vec::len), Some(2));

    let later_looks = kept.path().join("later-looks");
    keep_looks(&app, &later_looks).await;
    let since = [&early, &early_looks, &later_looks];
    let since = since.map(|path| path.to_str().expect("a path"));
    let since = since.map(|path| ["--since", path]).concat();
    report_is_clean(&app, kept.path(), &third).await;
    for pinned in [
        &[first.as_str()][..],
        &[second.as_str()],
        &[third.as_str()],
        &[first.as_str(), third.as_str()],
    ] {
        is_clean(&app, pinned, &since).await;
    }
    let said = verdict(&app.command(&["check", "--json"]).await);
    assert_eq!(said.exit, 0, "{}", said.json);
    judges_agree(&app, kept.path(), &[&first, &second, &third]).await;

    // The key that was kept is none to start with any more.
    assert!(app.stop().success(), "{}", app.log());
    // The last looks are signed at the end, by the third key, which is another one under the name of their log.
    let of_looks = signed_at(&data.join("lock/access-checkpoint")).expect("a checkpoint");
    assert_ne!(Some(&of_looks), signed_at(&early_looks).as_ref());
    assert_ne!(of_looks, id(&third));
    is_clean(&app, &[&first, &third], &since).await;
    let path = data.join("keys/log.key");
    let newest = fs::read(&path).expect("a key");
    let retired = data.join(format!("keys/log.key.{}", id(&second)));
    fs::copy(&retired, &path).expect("a key");
    let said = app.refuses_to_start();
    assert!(said.contains("abgelöst"), "{said}");
    assert!(said.contains(&id(&third)), "{said}");
    fs::write(&path, newest).expect("a key");
    app.resume();
    let client = app.with_token(&token(&app, "anna").await);
    file(&client, "Nach dem Neustart").await;
    is_clean(&app, &[&first], &since).await;
}

/// The export has the handovers, and all judges find nothing in it with any of the keys.
async fn judges_agree(app: &TestApp, folder: &Path, keys: &[&str]) {
    let bundle = folder.join("bundle");
    let named = bundle.to_str().expect("a path");
    let output = app.command(&["export", "--log", named]).await;
    assert!(output.status.success(), "{output:?}");
    for number in 1..keys.len() {
        assert!(bundle.join(format!("data/log/keys/{number}")).is_file());
    }
    let policy = fs::read_to_string(bundle.join("data/log/policy")).expect("a policy");
    let listed: Vec<&str> = policy
        .lines()
        .filter_map(|line| line.strip_prefix("log "))
        .collect();
    assert_eq!(listed, keys);
    for key in keys {
        let ours = app.command(&["verify", named, "--key", key]).await;
        assert_eq!(ours.status.code(), Some(0), "{ours:?}");
        for (program, script) in [("bash", "verify.sh"), ("python3", "verify.py")] {
            let judged = judge(program, script, key, &bundle);
            assert_eq!(judged, Some(0), "{script} {key}");
        }
    }
    // Without the handovers nobody can say who the newest key is.
    fs::remove_dir_all(bundle.join("data/log/keys")).expect("handovers");
    let (first, newest) = (keys[0], keys[keys.len() - 1]);
    for (key, code) in [(first, Some(1)), (newest, Some(2))] {
        let ours = app.command(&["verify", named, "--key", key]).await;
        assert_eq!(ours.status.code(), code, "{ours:?}");
        for (program, script) in [("bash", "verify.sh"), ("python3", "verify.py")] {
            let judged = judge(program, script, key, &bundle);
            assert_eq!(judged, code, "{script} {key}");
        }
    }
}

/// A time from nearly nothing to a second, another each time.
fn moment() -> Duration {
    let chance = uuid::Uuid::new_v4().as_u128() % 1_000_000;
    Duration::from_micros(u64::try_from(chance).expect("small"))
}

/// Waits until a rotation has made its key, or is over.
async fn begins_or_ends(app: &TestApp, turning: &mut Child) {
    let made = app.data().join("keys/log.key.next");
    // What the one before it has left is no sign.
    let before = fs::read(&made).ok();
    wait_until("a rotation begins or ends", async || {
        let over = turning.try_wait().expect("a child of ours");
        let now = fs::read(&made).ok();
        over.is_some() || (now.is_some() && now != before)
    })
    .await;
}

#[tokio::test]
async fn rotations_that_are_killed_beside_two_servers_leave_a_key_in_force() {
    let Some(app) = Start::new().of_its_own().start().await else {
        return;
    };
    let mut other = app.second();
    let client = app.with_token(&clerk(&app).await);
    let first = text(&identity(&client).await["verifier"]);
    let mut killed = 0;
    for round in 0..KILLS {
        let mut turning = app.spawn(&["log", "rotate-key"]);
        if round % 2 == 0 {
            begins_or_ends(&app, &mut turning).await;
        } else {
            tokio::time::timeout(moment(), pending::<()>())
                .await
                .expect_err("never ready");
        }
        turning.kill().expect("a child of ours can be killed");
        let ended = turning.wait().expect("a killed child ends");
        killed += usize::from(ended.signal().is_some());
        // There is a key in force: what is written now is signed.
        let seq = file(&client, &format!("Unterbrochen {round}")).await;
        is_signed(&client, seq).await;
    }
    assert!(killed > 0, "every rotation was over before it was killed");
    let (newest, _) = rotate(&app, &[]).await;
    file(&client, "Zu Ende geführt").await;
    signs(&app, &newest).await;
    is_clean(&app, &[&first], &[]).await;
    is_clean(&app, &[&newest], &[]).await;
    let told = identity(&client).await;
    assert_eq!(text(&told["verifier"]), newest);
    other.kill().expect("a child of ours can be killed");
    other.wait().expect("a killed child ends");
}

/// Rotates, and gives all that is said.
async fn turn(app: &TestApp) -> (Option<i32>, String) {
    let output = app.command(&["log", "rotate-key"]).await;
    let said = [output.stdout, output.stderr].concat();
    (
        output.status.code(),
        String::from_utf8(said).expect("a text"),
    )
}

#[tokio::test]
async fn what_lies_beside_the_key_is_never_put_in_force_by_mistake() {
    let Some(app) = Start::new().of_its_own().start().await else {
        return;
    };
    let client = app.with_token(&clerk(&app).await);
    let keys = app.data().join("keys");
    let path = keys.join("log.key");
    let (second, first) = rotate(&app, &["--keep-old"]).await;
    let kept = keys.join(format!("log.key.{}", id(&first)));

    // The old key is all that a rotation has left, which was cut off long ago.
    let retired = keys.join("log.key.retired");
    fs::rename(&kept, &retired).expect("moved");
    let (code, said) = turn(&app).await;
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("danach wurde der Schlüssel neu"), "{said}");
    assert!(!said.contains("zu Ende geführt"), "{said}");
    assert!(said.contains("Übergabe 2 über"), "{said}");
    assert!(!retired.exists());

    // A key that had the logs lies where the next one is made.
    let (fourth, third) = rotate(&app, &["--keep-old"]).await;
    let kept = keys.join(format!("log.key.{}", id(&third)));
    fs::rename(&kept, keys.join("log.key.next")).expect("moved");
    let (code, said) = turn(&app).await;
    assert_eq!(code, Some(0), "{said}");
    assert!(!said.contains("zu Ende geführt"), "{said}");
    assert!(said.contains("Übergabe 4 über"), "{said}");
    let seq = file(&client, "Nach dem Wechsel").await;
    is_signed(&client, seq).await;
    let newest = text(&identity(&client).await["verifier"]);
    assert!(![&first, &second, &third, &fourth].contains(&&newest));

    // Where the files cannot change places nothing is handed over.
    let elsewhere = app.data().join("elsewhere.key");
    fs::rename(&path, &elsewhere).expect("moved");
    std::os::unix::fs::symlink(&elsewhere, &path).expect("a link");
    let (code, said) = turn(&app).await;
    assert_eq!(code, Some(2), "{said}");
    assert!(said.contains("keine gewöhnliche Datei"), "{said}");
    assert!(said.contains("hat nichts gewechselt"), "{said}");
    fs::rename(&elsewhere, &path).expect("moved");
    // Nor where something lies in the place of the old key that is none.
    fs::copy(&path, &retired).expect("copied");
    let (code, said) = turn(&app).await;
    assert_eq!(code, Some(2), "{said}");
    assert!(said.contains("anderen Ort"), "{said}");
    assert!(!said.contains("anderen Namen"), "{said}");
    fs::remove_file(&retired).expect("a file");
    let told = identity(&client).await;
    assert_eq!(text(&told["verifier"]), newest);
    is_clean(&app, &[&first, &newest], &[]).await;
}

#[tokio::test]
async fn a_rotation_needs_an_archive_and_says_what_it_does_in_german() {
    let folder = TempDir::new().expect("a folder");
    let run = |arguments: &[&str]| {
        let output = Command::new(tests::app::binary())
            .args(arguments)
            .arg("--data")
            .arg(folder.path().join("nichts"))
            .output();
        output.expect("the binary starts")
    };
    let refused = run(&["log", "rotate-key"]);
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert_eq!(refused.status.code(), Some(2), "{said}");
    assert!(said.contains("nichts gibt es nicht"), "{said}");
    let help = run(&["log", "rotate-key", "--help"]);
    let help = String::from_utf8_lossy(&help.stdout).into_owned();
    assert!(help.contains("--keep-old"), "{help}");
    assert!(help.contains("Wechselt den Schlüssel"), "{help}");
}
