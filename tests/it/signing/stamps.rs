//! Seals get their timestamp afterwards, and nobody at the counter waits for it.

use std::path::Path;
use std::process::Command;

use tests::{Start, wait_until};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use super::{Counter, add_version};

const KEYS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../pades/tests/data/pki");

/// What `openssl ts` answers a question. Nothing where there is no openssl.
fn answered(query: &[u8]) -> Option<Vec<u8>> {
    let place = tempfile::tempdir().ok()?;
    let asked = place.path().join("query");
    std::fs::write(&asked, query).ok()?;
    let keys = Path::new(KEYS);
    let output = Command::new("openssl")
        .args(["ts", "-reply", "-section", "tsa_config"])
        .arg("-config")
        .arg(keys.join("tsa.cnf"))
        .arg("-queryfile")
        .arg(&asked)
        .arg("-signer")
        .arg(keys.join("tsa.pem"))
        .arg("-inkey")
        .arg(keys.join("tsa.key"))
        .env("TSA_SERIAL", place.path().join("serial"))
        .output()
        .ok()?;
    output.status.success().then_some(output.stdout)
}

/// One question by HTTP: its body, up to the length that it says.
async fn question(stream: &mut TcpStream) -> Option<Vec<u8>> {
    let mut all = Vec::new();
    loop {
        let mut piece = [0; 4096];
        let many = stream.read(&mut piece).await.ok()?;
        all.extend_from_slice(&piece[..many]);
        let head = all.windows(4).position(|window| window == b"\r\n\r\n");
        if let Some(head) = head {
            let text = String::from_utf8_lossy(&all[..head]).to_lowercase();
            let length = text
                .lines()
                .find_map(|line| line.strip_prefix("content-length:"));
            let length: usize = length?.trim().parse().ok()?;
            if all.len() >= head + 4 + length {
                return Some(all[head + 4..head + 4 + length].to_vec());
            }
        }
        if many == 0 {
            return None;
        }
    }
}

/// A timestamp authority on a free port; gives its address.
async fn authority() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let Some(query) = question(&mut stream).await else {
                continue;
            };
            let answer = tokio::task::spawn_blocking(move || answered(&query)).await;
            let answer = answer.ok().flatten().unwrap_or_default();
            let head = format!(
                "HTTP/1.1 200 OK\r\ncontent-type: application/timestamp-reply\r\n\
                 content-length: {}\r\nconnection: close\r\n\r\n",
                answer.len()
            );
            stream.write_all(head.as_bytes()).await.ok();
            stream.write_all(&answer).await.ok();
            stream.shutdown().await.ok();
        }
    });
    format!("http://{address}/")
}

#[tokio::test]
async fn a_seal_gets_its_timestamp_in_a_version_that_differs_in_one_place() {
    if Command::new("openssl").arg("version").output().is_err() {
        println!("skipped: openssl is missing");
        return;
    }
    let start = Start::new().with("PAPIERLOS_SEAL_TSA", authority().await);
    let Some(counter) = Counter::of(start).await else {
        return;
    };
    let (document, _, shown) = counter.shown().await;
    let done = counter
        .tablet
        .tell(&shown, "signature", &shown.signature())
        .await;
    done.is(200);
    wait_until("the seal has its timestamp", async || {
        counter.state(&shown.id).await["outcome"]["level"] == "B-T"
    })
    .await;
    assert_eq!(counter.versions(&document).await, 3);
    let clerk = counter.town.clerk();
    let content = async |number: usize| {
        let path = format!("/api/v1/documents/{document}/versions/{number}/content");
        clerk.get(&path).await.is(200).body
    };
    let (sealed, stamped) = (content(2).await, content(3).await);
    assert_eq!(sealed.len(), stamped.len());
    let gap = counter.state(&shown.id).await["outcome"]["evidence"]["gap"].clone();
    let at = |place: usize| {
        let number = gap[place].as_u64().expect("a number");
        usize::try_from(number).expect("a place")
    };
    let (from, until) = (at(0), at(0) + at(1));
    assert_eq!(sealed[..from], stamped[..from]);
    assert_eq!(sealed[until..], stamped[until..]);
    assert_ne!(sealed[from..until], stamped[from..until]);
}

#[tokio::test]
async fn with_the_authority_away_a_document_is_signed_and_waits() {
    // Nobody listens there.
    let start = Start::new().with("PAPIERLOS_SEAL_TSA", "http://127.0.0.1:9/");
    let Some(counter) = Counter::of(start).await else {
        return;
    };
    let (document, _, shown) = counter.shown().await;
    let done = counter
        .tablet
        .tell(&shown, "signature", &shown.signature())
        .await;
    assert_eq!(done.is(200).json()["state"], "done");
    assert_eq!(counter.state(&shown.id).await["outcome"]["level"], "B-B");
    let clerk = counter.town.clerk();
    let other = tests::fixtures::unique_pdf("Eine spätere Fassung");
    add_version(&clerk, &document, &other).await.is(201);
    assert_eq!(counter.versions(&document).await, 3);
}
