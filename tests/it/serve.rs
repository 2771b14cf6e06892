//! The server starts, says so, ends when asked and comes back after it was killed.

use tests::{Engine, Start, TestApp, wait_until};

#[tokio::test]
async fn a_parameter_that_an_operation_does_not_have_is_refused() {
    let Some(town) = tests::Town::start().await else {
        return;
    };
    let clerk = town.clerk();
    for path in [
        "/api/v1/me?limit=1",
        "/api/v1/tokens?x",
        "/api/v1/departments?slug=finanzen",
        "/api/v1/documents?depatment=finanzen",
        "/api/v1/search?query=Antrag",
        "/api/v1/documents/0190a0f0-0000-7000-8000-000000000001/history?limit=1",
        "/api/v1/log/identity?v=1",
    ] {
        let refused = clerk.get(path).await.is_problem(400, "query-invalid");
        assert_eq!(refused.json()["errors"][0]["code"], "unknown", "{path}");
    }
    let near = clerk.get("/api/v1/documents?depatment=finanzen").await;
    assert!(near.text().contains("department"), "{}", near.text());
    clerk.get("/api/v1/me").await.is(200);
    clerk
        .get("/api/v1/documents?limit=1&state=incoming&state=discarded")
        .await
        .is(200);
}

#[tokio::test]
async fn a_new_server_is_alive_and_becomes_ready() {
    let Some(app) = TestApp::start().await else {
        return;
    };
    let client = app.anonymous();
    let alive = client.get("/health/live").await.is(200);
    assert!(!alive.body.is_empty());
    wait_until("ready", async || {
        client.get("/health/ready").await.status == 200
    })
    .await;
    let ready = client.get("/health/ready").await.is(200).json();
    let mut checks = ready["checks"].as_array().into_iter().flatten();
    let disk = checks.find(|one| one["name"] == "disk");
    let told = disk.and_then(|disk| disk["detail"].as_str());
    let told = told.and_then(|told| told.split_once(": "));
    let (folder, room) = told.unwrap_or_else(|| unreachable!("{ready}"));
    let folders = ["data", "index", "database", "blobs"];
    assert!(folders.contains(&folder), "{ready}");
    assert!(room.ends_with(" MiB are free"), "{ready}");
}

#[tokio::test]
async fn a_server_says_which_key_verifies_its_log() {
    let Some(town) = tests::Town::start().await else {
        return;
    };
    let identity = town.clerk().get("/api/v1/log/identity").await.is(200);
    let key = identity.json()["verifier"].as_str().map(str::to_owned);
    let key = key.expect("a key");
    let log = town.app.log();
    let said = log
        .lines()
        .any(|line| line.contains("Papierlos is ready") && line.contains(&format!("key={key}")));
    assert!(said, "{key}\n{log}");
}

#[tokio::test]
async fn a_server_warns_once_of_a_lock_on_the_disk_of_its_database() {
    let Some(app) = TestApp::start().await else {
        return;
    };
    let log = app.log();
    let warned = log
        .lines()
        .filter(|line| line.contains("WARN") && line.contains("log.lock_dir"))
        .count();
    let beside = Engine::of_this_run() == Engine::Sqlite;
    assert_eq!(warned, usize::from(beside), "{log}");
}

#[tokio::test]
async fn a_server_that_is_asked_to_end_ends_well() {
    let Some(mut app) = TestApp::start().await else {
        return;
    };
    assert!(app.stop().success(), "{}", app.log());
}

#[tokio::test]
async fn a_server_that_was_killed_starts_again_on_the_same_data() {
    let Some(mut app) = TestApp::start().await else {
        return;
    };
    app.kill();
    app.resume();
    let client = app.anonymous();
    wait_until("ready again", async || {
        client.get("/health/ready").await.status == 200
    })
    .await;
}

#[tokio::test]
async fn a_server_that_ended_well_starts_again_and_again_on_a_log_that_grew() {
    let Some(mut app) = TestApp::start().await else {
        return;
    };
    for login in ["anna", "bernd"] {
        let added = app
            .command(&[
                "user",
                "add",
                login,
                "--name",
                "Jemand",
                "--role",
                "auditor",
                "--no-password",
            ])
            .await;
        assert!(added.status.success(), "{added:?}");
        assert!(app.stop().success(), "{}", app.log());
        app.resume();
        // And once more with nothing new to publish.
        assert!(app.stop().success(), "{}", app.log());
        app.resume();
    }
    let client = app.anonymous();
    wait_until("ready again", async || {
        client.get("/health/ready").await.status == 200
    })
    .await;
}

#[tokio::test]
async fn an_unknown_path_is_a_problem_with_a_request_id() {
    let Some(app) = TestApp::start().await else {
        return;
    };
    let answer = app.anonymous().get("/api/v1/no-such-thing").await;
    let answer = answer.is_problem(404, "not-found");
    assert!(
        answer.json()["instance"]
            .as_str()
            .is_some_and(|urn| urn.starts_with("urn:"))
    );
}

#[tokio::test]
async fn what_keeps_it_from_starting_is_said_in_german_with_what_to_do() {
    let Some(mut app) = Start::new().start().await else {
        return;
    };
    app.stop();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = taken.local_addr().expect("an address").to_string();
    let output = app
        .command_with(&["serve", "--listen", &address], &[])
        .await;
    assert_eq!(output.status.code(), Some(2));
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(
        said.contains(&format!("Die Adresse {address} ist schon vergeben.")),
        "{said}"
    );
    assert!(said.contains("--listen"), "{said}");
    let keys = app.data().join("keys/domains.toml");
    std::fs::remove_file(&keys).expect("the keys were made");
    let output = app
        .command_with(&["serve", "--listen", "127.0.0.1:0"], &[])
        .await;
    assert_eq!(output.status.code(), Some(2));
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(
        said.contains("Die Schlüsseldatei") && said.contains("zurückbringen"),
        "{said}"
    );
}

#[tokio::test]
async fn a_wrong_setting_is_refused_by_its_name() {
    let Some(mut app) = Start::new().start().await else {
        return;
    };
    app.stop();
    let output = app
        .command_with(&["serve", "--listen", "not-an-address"], &[])
        .await;
    assert!(!output.status.success());
    let said = String::from_utf8_lossy(&output.stderr).to_lowercase();
    assert!(
        said.contains("listen") && said.contains("not-an-address"),
        "{said}"
    );
}
