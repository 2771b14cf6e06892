//! Webhooks through the front door, with a receiver in this process and openssl as the judge of
//! signatures.

use std::io::Write as _;
use std::process::{Command, Stdio};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::Method;
use sea_orm::{ConnectionTrait, Database};
use serde_json::{Value, json};
use tests::receiver::Letter;
use tests::town::{send, walk};
use tests::{Answer, Client, Receiver, Start, Town, wait_until};

mod delivery;
mod emergencies;
mod owners;
mod records;
mod targets;

/// A server that may send to this machine.
fn open() -> Start {
    Start::new()
        .with("PAPIERLOS_WEBHOOKS_ALLOW_HTTP", "true")
        .with("PAPIERLOS_WEBHOOKS_ALLOW_PRIVATE", "127.0.0.1/32")
        .with("PAPIERLOS_WEBHOOKS_PORTS", "1-65535")
}

async fn town() -> Option<Town> {
    Town::of(open()).await
}

/// A subscription of `client`; gives the answer, with its secret.
async fn subscribe(client: &Client, url: &str, events: &[&str]) -> Answer {
    let new = json!({"url": url, "events": events});
    client.post("/api/v1/webhooks", &new).await.is(201)
}

fn path_of(created: &Answer) -> String {
    let id = created.json()["id"].as_str().expect("an id").to_owned();
    format!("/api/v1/webhooks/{id}")
}

fn secret_of(answer: &Answer) -> String {
    let secret = answer.json()["secret"].as_str().map(str::to_owned);
    secret.expect("a secret")
}

async fn deliveries(client: &Client, webhook: &str) -> Vec<Value> {
    walk(client, &format!("{webhook}/deliveries?limit=2")).await
}

/// Waits until the newest delivery stands like this; gives it.
async fn newest_is(client: &Client, webhook: &str, status: &str) -> Value {
    wait_until(&format!("the newest delivery is {status}"), async || {
        let all = deliveries(client, webhook).await;
        all.first().is_some_and(|one| one["status"] == status)
    })
    .await;
    deliveries(client, webhook).await.remove(0)
}

/// HMAC-SHA-256 by openssl, in base64.
fn hmac(secret: &str, content: &[u8]) -> String {
    let key = secret.strip_prefix("whsec_").expect("a secret");
    let key = hex::encode(STANDARD.decode(key).expect("base64"));
    let mut openssl = Command::new("openssl")
        .args(["dgst", "-sha256", "-mac", "HMAC", "-binary", "-macopt"])
        .arg(format!("hexkey:{key}"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("openssl starts");
    let mut input = openssl.stdin.take().expect("a pipe");
    input.write_all(content).expect("openssl reads");
    drop(input);
    let output = openssl.wait_with_output().expect("openssl ends");
    assert!(output.status.success());
    STANDARD.encode(output.stdout)
}

/// What the header must say for one secret.
fn signature(secret: &str, letter: &Letter) -> String {
    let (id, at) = (
        letter.header("webhook-id"),
        letter.header("webhook-timestamp"),
    );
    let signed = [format!("{id}.{at}.").as_bytes(), &letter.body].concat();
    format!("v1,{}", hmac(secret, &signed))
}

/// Past the server: what time would do.
async fn sql(town: &Town, text: &str) {
    let database = Database::connect(town.app.database_url()).await;
    let database = database.expect("the test's own database");
    let done = database
        .execute_unprepared(text)
        .await
        .expect("a statement");
    assert!(done.rows_affected() > 0, "{text}: nothing changed");
    database.close().await.expect("an idle connection closes");
}

async fn post(client: &Client, path: &str) -> Answer {
    send(client, Method::POST, path, &[], None).await
}

/// The actions of the log that speak of webhooks.
async fn recorded(town: &Town) -> Vec<String> {
    let records = town.records(0).await;
    let actions = records
        .into_iter()
        .filter_map(|(_, _, record)| record["action"].as_str().map(str::to_owned));
    actions.filter(|one| one.starts_with("webhook.")).collect()
}
