//! A sealing service in this process: it has the key of the tests of `pades`, signs digests as the Cloud Signature
//! Consortium has it, and misbehaves as it is told. Ends with this value.

use std::process::Command;
use std::sync::{Arc, Mutex, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt as _;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

use crate::app::Start;
use crate::authority::{path_of, request};

const KEYS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../pades/tests/data/pki");
/// What it wants to be shown.
pub const TOKEN: &str = "geheim-0815";
/// By which name it knows the key.
pub const CREDENTIAL: &str = "siegel-der-stadt";

/// What it does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Manner {
    /// It signs what it is sent.
    Right,
    /// It signs something else.
    Wrong,
    /// It says no.
    Refusing,
}

/// A service.
#[derive(Debug)]
pub struct SealingService {
    inside: Arc<Mutex<Inside>>,
    address: String,
    task: JoinHandle<()>,
}

#[derive(Debug)]
struct Inside {
    manner: Manner,
    asked: Vec<Value>,
}

impl Drop for SealingService {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl SealingService {
    /// Starts it. None where openssl is missing (outside CI).
    ///
    /// # Panics
    /// When there is no port to be had.
    pub async fn start() -> Option<SealingService> {
        if Command::new("openssl").arg("version").output().is_err() {
            assert!(
                std::env::var("CI").as_deref() != Ok("true"),
                "in CI nothing is skipped: openssl is missing"
            );
            eprintln!("skipped: openssl is missing");
            return None;
        }
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address").to_string();
        let inside = Arc::new(Mutex::new(Inside {
            manner: Manner::Right,
            asked: Vec::new(),
        }));
        let shared = Arc::clone(&inside);
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, Arc::clone(&shared)));
            }
        });
        Some(SealingService {
            inside,
            address,
            task,
        })
    }

    /// A server that has its seal put on there, with this token.
    #[must_use]
    pub fn seals(&self, start: Start, token: &str) -> Start {
        start
            .with(
                "PAPIERLOS_SEAL_REMOTE",
                format!("http://{}/csc/v2/", self.address),
            )
            .with("PAPIERLOS_SEAL_REMOTE_CREDENTIAL", CREDENTIAL)
            .with("PAPIERLOS_SEAL_REMOTE_TOKEN", token)
            .with("PAPIERLOS_SEAL_CERTIFICATES", format!("{KEYS}/seal.pem"))
            .with("PAPIERLOS_SEAL_NAME", "Stadt Musterstadt")
    }

    /// How it behaves from now on.
    pub fn behave(&self, manner: Manner) {
        locked(&self.inside).manner = manner;
    }

    /// What it was asked by whoever showed the token.
    #[must_use]
    pub fn asked(&self) -> Vec<Value> {
        locked(&self.inside).asked.clone()
    }
}

fn locked(inside: &Mutex<Inside>) -> std::sync::MutexGuard<'_, Inside> {
    inside.lock().unwrap_or_else(PoisonError::into_inner)
}

fn signature(digest: &[u8]) -> Option<Vec<u8>> {
    let place = tempfile::tempdir().ok()?;
    let input = place.path().join("digest");
    std::fs::write(&input, digest).ok()?;
    let output = Command::new("openssl")
        .args(["pkeyutl", "-sign", "-pkeyopt", "digest:sha256", "-inkey"])
        .arg(format!("{KEYS}/seal.key"))
        .arg("-in")
        .arg(&input)
        .output()
        .ok()?;
    output.status.success().then_some(output.stdout)
}

/// Status and body of an answer.
fn answer(inside: &Mutex<Inside>, head: &str, body: &[u8]) -> (&'static str, Value) {
    let shown = format!("authorization: bearer {TOKEN}");
    if !head.lines().any(|line| line.to_lowercase() == shown) {
        return ("401 Unauthorized", json!({"error": "invalid_request"}));
    }
    if path_of(head) != "/csc/v2/signatures/signHash" {
        return ("404 Not Found", json!({"error": "invalid_request"}));
    }
    let asked: Value = serde_json::from_slice(body).unwrap_or_default();
    let manner = {
        let mut inside = locked(inside);
        inside.asked.push(asked.clone());
        inside.manner
    };
    let digest = asked["hashes"][0].as_str().unwrap_or_default();
    let digest = STANDARD.decode(digest).unwrap_or_default();
    let signed = match manner {
        Manner::Right => signature(&digest),
        Manner::Wrong => signature(&[7; 32]),
        Manner::Refusing => None,
    };
    match signed {
        Some(signed) => ("200 OK", json!({"signatures": [STANDARD.encode(signed)]})),
        None => ("400 Bad Request", json!({"error": "invalid_request"})),
    }
}

async fn serve(mut stream: TcpStream, inside: Arc<Mutex<Inside>>) {
    let Some((head, body)) = request(&mut stream).await else {
        return;
    };
    let said = tokio::task::spawn_blocking(move || answer(&inside, &head, &body)).await;
    let Ok((status, said)) = said else {
        return;
    };
    let said = said.to_string();
    let head = format!(
        "HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\
         connection: close\r\n\r\n",
        said.len()
    );
    stream.write_all(head.as_bytes()).await.ok();
    stream.write_all(said.as_bytes()).await.ok();
    stream.shutdown().await.ok();
}
