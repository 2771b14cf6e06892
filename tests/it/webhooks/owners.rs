//! Whose subscriptions are whose, and what is kept of their secrets.

use tests::figures::queries;

use super::*;

#[tokio::test]
async fn a_subscription_belongs_to_its_owner_alone() {
    let Some(town) = town().await else { return };
    let receiver = Receiver::start().await;
    let created = subscribe(&town.clerk(), &receiver.url(), &["*"]).await;
    let path = path_of(&created);
    let etag = created.etag();
    for client in [town.other(), town.admin(), town.auditor()] {
        client.get(&path).await.is_problem(404, "not-found");
        client.get(&format!("{path}/deliveries")).await.is(404);
        client
            .patch(&path, &etag, &json!({"active": false}))
            .await
            .is(404);
        post(&client, &format!("{path}/test")).await.is(404);
        let headers = [("if-match", etag.as_str())];
        send(&client, Method::DELETE, &path, &headers, None)
            .await
            .is(404);
        let list = client.get("/api/v1/webhooks").await.is(200).json();
        assert_eq!(list, json!({"items": []}));
    }
    let reader = town.app.with_token(&town.token("read").await);
    reader.get(&path).await.is(200);
    let new = json!({"url": receiver.url(), "events": ["*"]});
    reader.post("/api/v1/webhooks", &new).await.is(403);
    post(&reader, &format!("{path}/test")).await.is(403);
    let scanner = town.app.with_token(&town.token("intake").await);
    scanner.get("/api/v1/webhooks").await.is(403);
}

#[tokio::test]
async fn a_subscription_changes_on_the_state_that_was_seen_and_ends_for_ever() {
    let Some(town) = town().await else { return };
    let receiver = Receiver::start().await;
    let clerk = town.clerk();
    let created = subscribe(&clerk, &receiver.url(), &["*"]).await;
    let path = path_of(&created);
    let change =
        json!({"description": "Fachverfahren", "events": ["document.text"], "active": false});
    let changed = clerk.patch(&path, &created.etag(), &change).await.is(200);
    assert_eq!(changed.json()["state"], "paused");
    assert_eq!(changed.json()["events"], json!(["document.text"]));
    clerk.patch(&path, &created.etag(), &change).await.is(412);
    clerk
        .patch(&path, &changed.etag(), &change)
        .await
        .is_problem(422, "validation");
    let wrong = json!({"events": ["*", "document.erase"]});
    let wrong = clerk
        .patch(&path, &changed.etag(), &wrong)
        .await
        .is(422)
        .json();
    assert_eq!(wrong["errors"][0]["pointer"], "/events/1");
    let etag = changed.etag();
    let headers = [("if-match", etag.as_str())];
    send(&clerk, Method::DELETE, &path, &headers, None)
        .await
        .is(204);
    let ended = clerk.get(&path).await.is(200);
    assert_eq!(ended.json()["state"], "ended");
    clerk
        .patch(&path, &ended.etag(), &json!({"active": true}))
        .await
        .is(404);
    post(&clerk, &format!("{path}/test")).await.is(404);
    let list = clerk.get("/api/v1/webhooks").await.is(200).json();
    assert_eq!(list, json!({"items": []}));
    assert_eq!(
        recorded(&town).await,
        ["webhook.create", "webhook.change", "webhook.end"]
    );
}

#[tokio::test]
async fn the_list_takes_as_many_queries_for_many_subscriptions_as_for_one() {
    let Some(town) = town().await else { return };
    let clerk = town.clerk();
    subscribe(&clerk, "https://example.org/", &["*"]).await;
    let for_one = queries(&town.app, &clerk, "/api/v1/webhooks").await;
    for _ in 0..3 {
        subscribe(&clerk, "https://example.org/", &["*"]).await;
    }
    let for_many = queries(&town.app, &clerk, "/api/v1/webhooks").await;
    assert_eq!(for_many, for_one);
}

#[tokio::test]
async fn an_account_has_no_more_subscriptions_than_it_may() {
    let Some(town) = town().await else { return };
    let clerk = town.clerk();
    for _ in 0..20 {
        subscribe(&clerk, "https://example.org/", &["*"]).await;
    }
    let new = json!({"url": "https://example.org/", "events": ["*"]});
    clerk
        .post("/api/v1/webhooks", &new)
        .await
        .is_problem(409, "conflict");
}

#[tokio::test]
async fn a_repeated_creation_happens_once_and_shows_no_secret_again() {
    let Some(town) = town().await else { return };
    let clerk = town.clerk();
    let new = json!({"url": "https://example.org/", "events": ["*"]});
    let headers = [("idempotency-key", "einmal")];
    let path = "/api/v1/webhooks";
    let first = send(&clerk, Method::POST, path, &headers, Some(&new))
        .await
        .is(201);
    let again = send(&clerk, Method::POST, path, &headers, Some(&new))
        .await
        .is(201);
    assert_eq!(first.json()["id"], again.json()["id"]);
    assert_eq!(first.receipt(), again.receipt());
    assert!(first.json()["secret"].is_string() && again.json()["secret"].is_null());
    let list = clerk.get(path).await.is(200).json();
    assert_eq!(list["items"].as_array().map(Vec::len), Some(1));
}

#[tokio::test]
async fn no_secret_lies_in_the_database_in_the_clear_and_the_log_verifies() {
    let start = open().on(tests::Engine::Sqlite);
    let Some(mut town) = Town::of(start).await else {
        return;
    };
    let receiver = Receiver::start().await;
    let clerk = town.clerk();
    let created = subscribe(&clerk, &receiver.url(), &["*"]).await;
    let path = path_of(&created);
    let etag = created.etag();
    let headers = [("if-match", etag.as_str())];
    let rotate = format!("{path}/rotate");
    let rotated = send(&clerk, Method::POST, &rotate, &headers, None)
        .await
        .is(200);
    post(&clerk, &format!("{path}/test")).await.is(202);
    receiver.has(1).await;
    newest_is(&clerk, &path, "delivered").await;
    town.app.stop();
    for name in ["papierlos.db", "papierlos.db-wal"] {
        let bytes = std::fs::read(town.app.data().join(name)).unwrap_or_default();
        for secret in [secret_of(&created), secret_of(&rotated)] {
            let plain = secret.trim_start_matches("whsec_").to_owned();
            let raw = STANDARD.decode(&plain).expect("base64");
            for needle in [plain.as_bytes(), &raw] {
                let found = bytes.windows(needle.len()).any(|part| part == needle);
                assert!(!found, "{name} holds a secret");
            }
        }
    }
    for arguments in [["verify"].as_slice(), &["check"]] {
        let output = town.app.command(arguments).await;
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success(), "{arguments:?}: {said}");
    }
    // Keys are rotated with the subscriptions' among them, and messages are signed as before.
    let rotated_keys = town.app.command(&["keys", "rotate"]).await;
    let said = String::from_utf8_lossy(&rotated_keys.stderr).into_owned();
    assert!(rotated_keys.status.success(), "{said}");
    town.app.resume();
    post(&town.clerk(), &format!("{path}/test")).await.is(202);
    let letter = receiver.has(2).await.remove(1);
    let (new, old) = (secret_of(&rotated), secret_of(&created));
    let both = format!("{} {}", signature(&new, &letter), signature(&old, &letter));
    assert_eq!(letter.header("webhook-signature"), both);
}
