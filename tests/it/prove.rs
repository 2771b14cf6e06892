//! The log leaves the archive and is proven by others: our verifier, a shell and a Python script.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::json;
use tests::{Start, TestApp, fixtures, wait_until};

use crate::at_rest::{AtRest, clerk, locked, verdict};

/// The three judges on a bundle: exit codes.
async fn judges(archive: &AtRest, bundle: &Path) -> [i32; 3] {
    let copy = archive.copy().await;
    let folder = bundle.to_str().expect("a path");
    let ours = copy.papierlos(&["verify", folder, "--key", &archive.key]);
    let run = |program: &str, script: &str| {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/data/audit/").to_owned() + script;
        let output = Command::new(program)
            .arg(script)
            .args(["--key", &archive.key, folder])
            .output();
        output.expect("a judge")
    };
    let code = |output: Output| output.status.code().unwrap_or(-1);
    [
        code(ours),
        code(run("bash", "verify.sh")),
        code(run("python3", "verify.py")),
    ]
}

#[tokio::test]
async fn three_judges_agree_on_an_export() {
    let Some(archive) = AtRest::new().await else {
        return;
    };
    let copy = archive.copy().await;
    for openings in [&[][..], &["--openings"]] {
        let bundle = copy.data().join(format!("../bundle{}", openings.len()));
        let folder = bundle.to_str().expect("a path");
        let output = copy.papierlos(&[&["export", "--log", folder], openings].concat());
        assert!(output.status.success(), "{output:?}");
        assert_eq!(judges(&archive, &bundle).await, [0, 0, 0]);
        assert!(bundle.join("data/log/tail").exists(), "the tail goes along");
        let opened = bundle.join("data/log/private/openings.jsonl");
        assert_eq!(opened.exists(), !openings.is_empty());

        // An edited record, manifest and all: each judge finds it.
        let entries = bundle.join(format!("data/log/tile/entries/000.p/{}", archive.signed));
        let before = fs::read(&entries).expect("records");
        let at = before
            .windows(5)
            .position(|word| word == b"clerk")
            .expect("a clerk");
        let mut after = before.clone();
        after[at..at + 5].copy_from_slice(b"admin");
        fs::write(&entries, &after).expect("records");
        assert_eq!(judges(&archive, &bundle).await, [1, 1, 1]);
        fs::write(&entries, before).expect("records");
        assert_eq!(judges(&archive, &bundle).await, [0, 0, 0]);
    }
    // The name of a document is in the openings and nowhere else.
    let said = |bundle: &str, name: &str| {
        let path = copy
            .data()
            .join("..")
            .join(bundle)
            .join("data/log")
            .join(name);
        String::from_utf8_lossy(&fs::read(path).expect("a file")).contains("Bescheid")
    };
    assert!(!said(
        "bundle1",
        &format!("tile/entries/000.p/{}", archive.signed)
    ));
}

#[tokio::test]
async fn an_export_names_itself_in_the_access_log_and_overwrites_nothing() {
    let Some(archive) = AtRest::new().await else {
        return;
    };
    let copy = archive.copy().await;
    let looks = || {
        let all = copy.verify(&[]);
        all.json["access"]["records"].as_u64().expect("a number")
    };
    let before = looks();
    let bundle = copy.data().join("../bundle");
    let folder = bundle.to_str().expect("a path");
    assert!(
        copy.papierlos(&["export", "--log", folder])
            .status
            .success()
    );
    assert_eq!(looks(), before + 1);
    let again = copy.papierlos(&["export", "--log", folder]);
    assert_eq!(again.status.code(), Some(2), "{again:?}");
    assert_eq!(judges(&archive, &bundle).await, [0, 0, 0]);
}

#[tokio::test]
async fn wrong_usage_and_missing_material_have_codes_of_their_own() {
    let Some(archive) = AtRest::new().await else {
        return;
    };
    let copy = archive.copy().await;
    let code = |arguments: &[&str]| copy.papierlos(arguments).status.code();
    assert_eq!(code(&["verify", "--key", "nonsense"]), Some(3));
    assert_eq!(code(&["verify", "--nonsense"]), Some(3));
    assert_eq!(code(&["verify", "no-such-folder"]), Some(2));
    assert_eq!(code(&["verify", "--since", "no-such-file"]), Some(2));
    fs::remove_file(copy.data().join("keys/domains.toml")).expect("a key file");
    assert_eq!(code(&["verify"]), Some(2));
    let empty = tempfile::TempDir::new().expect("a folder");
    let nothing = Command::new(tests::app::binary())
        .args(["verify", "--data"])
        .arg(empty.path())
        .output()
        .expect("the binary starts");
    assert_eq!(nothing.status.code(), Some(2), "{nothing:?}");
    assert!(
        !empty.path().join("papierlos.db").exists(),
        "verify sets nothing up"
    );
}

async fn filed(app: &TestApp, text: &str) -> String {
    let client = app.with_token(&crate::at_rest::token(app, "anna").await);
    let answer = client
        .file(
            "a.pdf",
            &fixtures::unique_pdf(text),
            &json!({ "title": text }),
        )
        .await
        .is(201);
    answer.json()["id"].as_str().expect("an id").to_owned()
}

#[tokio::test]
async fn a_living_archive_is_verified_while_it_is_written_to() {
    let Some(app) = TestApp::start().await else {
        return;
    };
    let client = app.with_token(&clerk(&app).await);
    let data = app.data().to_owned();
    filed(&app, "Nummer eins").await;
    wait_until("a checkpoint", async || locked(&data).is_some()).await;
    let writing = async {
        for number in 0..12 {
            let content = fixtures::unique_pdf(&format!("Blatt {number}"));
            drop(client.file("a.pdf", &content, &json!({})).await.is(201));
        }
    };
    let verifying = async {
        for _ in 0..4 {
            let output = app.command(&["verify", "--json", "--blobs"]).await;
            let said = verdict(&output);
            assert_eq!((said.exit, said.codes.len()), (0, 0), "{}", said.json);
        }
    };
    tokio::join!(writing, verifying);
    let bundle = data.with_extension("bundle");
    let output = app
        .command(&[
            "export",
            "--openings",
            "--log",
            bundle.to_str().expect("a path"),
        ])
        .await;
    assert!(output.status.success(), "{output:?}");
    let output = app
        .command(&["verify", bundle.to_str().expect("a path")])
        .await;
    assert!(output.status.success(), "{output:?}");
    fs::remove_dir_all(bundle).expect("a bundle");
}

#[tokio::test]
async fn keys_stay_as_they_are_while_any_command_has_read_them() {
    let Some(mut app) = Start::new().start().await else {
        return;
    };
    drop(clerk(&app).await);
    app.stop();
    let mut adds = std::process::Command::new(tests::app::binary());
    adds.args(["user", "add", "berta", "--name", "B", "--role", "auditor"]);
    adds.arg("--data").arg(app.data());
    if let Some(database) = app.database() {
        adds.env("PAPIERLOS_DATABASE_URL", database.url());
    }
    // It has opened the archive and waits for a password.
    let mut adds = adds
        .stdin(std::process::Stdio::piped())
        .spawn()
        .expect("the binary starts");
    let files = format!("/proc/{}/fd", adds.id());
    wait_until("the keys are in use", async || {
        fs::read_dir(&files).is_ok_and(|all| {
            all.flatten()
                .filter_map(|one| fs::read_link(one.path()).ok())
                .any(|path| path.ends_with("keys/domains.toml.lock"))
        })
    })
    .await;
    let refused = app.command(&["keys", "rotate"]).await;
    let said = String::from_utf8_lossy(&refused.stderr);
    assert_eq!(refused.status.code(), Some(2), "{said}");
    assert!(said.contains("in use"), "{said}");
    let mut password = adds.stdin.take().expect("a pipe");
    std::io::Write::write_all(&mut password, b"ein langes Kennwort\n").expect("it reads");
    drop(password);
    assert!(adds.wait().expect("it ends").success());
    let rotated = app.command(&["keys", "rotate"]).await;
    assert!(rotated.status.success(), "{rotated:?}");
    let said = verdict(&app.command(&["verify", "--json"]).await);
    assert_eq!(said.codes.len(), 0, "{}", said.json);
}

#[tokio::test]
async fn keys_are_rotated_and_the_old_one_goes_when_nothing_needs_it() {
    let Some(mut app) = Start::new().start().await else {
        return;
    };
    let client = app.with_token(&clerk(&app).await);
    let content = fixtures::unique_pdf("Vor der Rotation");
    let answer = client.file("a.pdf", &content, &json!({})).await.is(201);
    let id = answer.json()["id"].as_str().expect("an id").to_owned();

    let refused = app.command(&["keys", "rotate"]).await;
    assert_eq!(
        refused.status.code(),
        Some(2),
        "a running server knows only the old keys: {refused:?}"
    );
    app.stop();
    let listed = app.command(&["keys", "list"]).await;
    let listed = String::from_utf8(listed.stdout).expect("text");
    let old = listed.split(' ').nth(1).expect("an id").to_owned();
    assert_eq!(listed.lines().count(), 1, "{listed}");

    let rotated = app.command(&["keys", "rotate"]).await;
    assert!(rotated.status.success(), "{rotated:?}");
    let listed = app.command(&["keys", "list"]).await;
    let listed = String::from_utf8(listed.stdout).expect("text");
    let line = listed
        .lines()
        .find(|line| line.contains(&old))
        .expect("the old key");
    assert!(line.ends_with("alt Inhalte 0 Öffnungen 0"), "{listed}");
    let active = listed
        .lines()
        .find(|line| line.contains("aktiv"))
        .expect("the new key");
    assert!(
        !active.contains("Inhalte 0") && !active.contains("Öffnungen 0"),
        "{listed}"
    );
    let id_of_new = active.split(' ').nth(1).expect("an id");
    let needed = app.command(&["keys", "remove", id_of_new]).await;
    assert_eq!(needed.status.code(), Some(1), "{needed:?}");
    let removed = app.command(&["keys", "remove", &old]).await;
    assert!(removed.status.success(), "{removed:?}");

    app.resume();
    let client = app.with_token(&crate::at_rest::token(&app, "anna").await);
    let read = client
        .get(&format!("/api/v1/documents/{id}/content"))
        .await
        .is(200);
    assert_eq!(read.body, content);
    filed(&app, "Nach der Rotation").await;
    let data = app.data().to_owned();
    wait_until("a checkpoint", async || locked(&data).is_some()).await;
    let said = verdict(&app.command(&["verify", "--json", "--blobs"]).await);
    assert_eq!((said.exit, said.codes.len()), (0, 0), "{}", said.json);
    let said = verdict(&app.command(&["check", "--json", "--deep"]).await);
    assert_eq!(said.exit, 0, "{}", said.json);
}
