//! Content on S3: as durable as in a folder, and two servers beside each other.

use std::fs;
use std::path::Path;

use futures_util::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};
use tests::app::TestApp;
use tests::s3::TestS3;
use tests::town::{Town, id_of};
use tests::{Engine, Start, s3};

use super::{Known, archive_is_sound, log_is_whole};

/// A server whose blobs are on `storage`.
fn on_s3(storage: &TestS3) -> Start {
    Start::new()
        .with("PAPIERLOS_STORAGE_BACKEND", "s3")
        .with("PAPIERLOS_STORAGE_S3_ENDPOINT", storage.endpoint())
        .with("PAPIERLOS_STORAGE_S3_BUCKET", s3::BUCKET)
        .with("PAPIERLOS_STORAGE_S3_ACCESS_KEY", s3::ACCESS_KEY)
        .with("PAPIERLOS_STORAGE_S3_SECRET_KEY", s3::SECRET_KEY)
        .with("PAPIERLOS_STORAGE_S3_REGION", s3::REGION)
        .with("PAPIERLOS_STORAGE_S3_ALLOW_HTTP", "true")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn documents_on_s3_are_as_durable_and_readable() {
    let storage = TestS3::start().await;
    let Some(mut town) = Town::of(on_s3(&storage)).await else {
        return;
    };
    let known = Known::default();
    for number in 0..12 {
        assert!(known.file(&town.clerk(), number).await);
    }
    let large: Vec<u8> = (0_u32..3_000_000).flat_map(u32::to_be_bytes).collect();
    let filed = town
        .clerk()
        .file("gross.bin", &large, &json!({"title": "Groß"}))
        .await
        .is(201);
    let at = format!("/api/v1/documents/{}/content", id_of(&filed));
    town.app.kill();
    town.app.resume();
    known.is_there(&town, 0).await;
    let clerk = town.clerk();
    assert!(
        clerk.get(&at).await.is(200).body == large,
        "other bytes came back"
    );
    let request = clerk
        .request(Method::GET, &at)
        .header("range", "bytes=5999999-9000000");
    let part = clerk.send(request).await.is(206);
    assert!(part.body == large.get(5_999_999..=9_000_000).expect("within"));
    town.settle().await;
    let found = clerk
        .get("/api/v1/search?q=Strassenschaden*")
        .await
        .is(200)
        .json();
    assert_eq!(found["total"], 4, "{found}");
    assert!(
        !town.app.data().join("blobs").exists(),
        "something lies in the folder all the same"
    );
    assert!(
        find(&storage.folder(), b"Bescheid Nummer").is_none(),
        "content lies there unencrypted"
    );
    log_is_whole(&town, &known).await;
    archive_is_sound(&mut town, &known).await;
}

/// A file below `folder` that holds `bytes`.
fn find(folder: &Path, bytes: &[u8]) -> Option<std::path::PathBuf> {
    for entry in fs::read_dir(folder)
        .expect("a folder")
        .map_while(Result::ok)
    {
        let path = entry.path();
        if path.is_dir() {
            if let Some(found) = find(&path, bytes) {
                return Some(found);
            }
        } else if fs::read(&path).is_ok_and(|all| all.windows(bytes.len()).any(|one| one == bytes))
        {
            return Some(path);
        }
    }
    None
}

/// A second server on the database, the keys and the store of `first`, with an index of its own.
async fn beside(first: &TestApp, storage: &TestS3) -> TestApp {
    let url = first
        .database()
        .expect("a database of its own")
        .url()
        .to_owned();
    let key = |file: &str| first.data().join(file).display().to_string();
    let second = on_s3(storage)
        // The harness makes no database; the address names the one that is there.
        .on(Engine::Sqlite)
        .with("PAPIERLOS_DATABASE_URL", url)
        .with("PAPIERLOS_KEYS_KEY_FILE", key("keys/domains.toml"))
        .with("PAPIERLOS_LOG_SIGNING_KEY_FILE", key("keys/log.key"))
        // Who signs one log shares its lock.
        .with("PAPIERLOS_LOG_LOCK_DIR", key("lock"));
    second.start().await.expect("a second server")
}

#[expect(
    clippy::too_many_lines,
    reason = "one story from its beginning to its end"
)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_servers_write_one_log_and_each_index_follows() {
    let storage = TestS3::start().await;
    let Some(mut town) = Town::of(on_s3(&storage).on(Engine::Postgres)).await else {
        return;
    };
    let mut second = beside(&town.app, &storage).await;
    let token = town.token("full").await;
    let known = Known::default();
    let clients: Vec<_> = (0..8)
        .map(|number| {
            if number % 2 == 0 {
                town.clerk()
            } else {
                second.with_token(&token)
            }
        })
        .collect();
    // Both take the same keys: each request is done once, by whichever server.
    join_all(clients.iter().map(async |client| {
        for number in 0..10 {
            assert!(known.file(client, number).await);
        }
    }))
    .await;
    assert_eq!(town.documents().await.len(), 10);
    join_all(clients.iter().enumerate().map(async |(place, client)| {
        for number in 0..8 {
            let number = 100 * (u64::try_from(place).expect("few") + 1) + number;
            assert!(known.file(client, number).await);
        }
    }))
    .await;
    let documents = town.documents().await;
    assert_eq!(documents.len(), 74);
    town.settle().await;
    log_is_whole(&town, &known).await;
    let head = town.head().await;
    for (name, client) in [
        ("first", town.clerk()),
        ("second", second.with_token(&token)),
    ] {
        tests::wait_until("the index knows what both wrote", async || {
            client
                .get(&format!("/api/v1/search?limit=1&min_seq={head}"))
                .await
                .status
                == 200
        })
        .await;
        let found: Value = client.get("/api/v1/search?limit=1").await.is(200).json();
        assert_eq!(found["total"], 74, "{name}");
        let page = client
            .get("/api/v1/documents?limit=100&count=true")
            .await
            .is(200)
            .json();
        assert_eq!(page["total"], 74, "{name}");
    }
    // A right that one server takes away is gone at the other.
    let tokens = town.clerk().get("/api/v1/tokens").await.is(200).json();
    let tokens = tokens["items"].as_array().cloned().unwrap_or_default();
    assert!(second.with_token(&token).get("/api/v1/me").await.status == 200);
    let last = tokens
        .iter()
        .max_by_key(|one| one["created_at"].as_str().map(str::to_owned));
    let path = format!(
        "/api/v1/tokens/{}",
        last.and_then(|one| one["id"].as_str()).expect("an id")
    );
    tests::town::send(&town.clerk(), Method::DELETE, &path, &[], None)
        .await
        .is(204);
    second.with_token(&token).get("/api/v1/me").await.is(401);
    assert!(second.stop().success(), "{}", second.log());
    drop(second);
    archive_is_sound(&mut town, &known).await;
}
