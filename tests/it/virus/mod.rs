//! Viruses: what is infected is told apart at every door, lies in quarantine, and is never given out.

pub(crate) mod attempts;
mod doors;
mod ended;
mod guarded;
mod scanner;
mod shown;
mod taken_out;

use reqwest::multipart::{Form, Part};
use serde_json::{Value, json};
use tests::app::Start;
use tests::clamd::{INFECTED, VARIABLE};
use tests::{Answer, Client, Town};

/// Infected content that nobody has sent before.
pub(crate) fn infected() -> Vec<u8> {
    format!("{} {INFECTED}\n", uuid::Uuid::now_v7()).into_bytes()
}

/// A town whose server is told where the scanner is.
async fn town(address: &str) -> Option<Town> {
    Town::of(Start::new().with(VARIABLE, address)).await
}

async fn file(client: &Client, name: &str, content: &[u8]) -> Answer {
    client.file(name, content, &json!({"title": name})).await
}

/// A multipart form with nothing but content.
fn form(part: &'static str, name: &'static str, content: Vec<u8>) -> Form {
    Form::new().part(part, Part::bytes(content).file_name(name))
}

/// What lies in quarantine, as the administrator sees it.
pub(crate) async fn lies(town: &Town) -> Vec<Value> {
    let page = town.admin().get("/api/v1/quarantine?limit=100").await;
    let items = page.is(200).json()["items"].clone();
    items.as_array().cloned().expect("a list")
}

/// How many blobs lie in the store, and how many rows of blobs there are.
async fn blobs(town: &Town) -> (usize, usize) {
    let folder = town.app.data().join("blobs/blobs");
    let mut folders = vec![folder];
    let mut lying = 0;
    while let Some(folder) = folders.pop() {
        let entries = std::fs::read_dir(folder).into_iter().flatten();
        for entry in entries.map_while(Result::ok) {
            if entry.path().is_dir() {
                folders.push(entry.path());
            } else {
                lying += 1;
            }
        }
    }
    let rows = crate::key_domains::rows(town, "SELECT name FROM blob", Vec::new()).await;
    (lying, rows.len())
}

/// How many documents there are, as the auditor counts them.
async fn documents(town: &Town) -> usize {
    town.documents().await.len()
}
