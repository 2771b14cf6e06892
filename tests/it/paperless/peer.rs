//! A client that others wrote: pypaperless from PyPI, as Home Assistant uses it.

use std::path::Path;

use serde_json::{Value, json};
use tests::fixtures;
use tests::town::{OWN, Town};

use super::issue;

/// What the script ends with where the client cannot be had.
const ABSENT: i32 = 75;

async fn pypaperless(arguments: Vec<String>) -> Option<Value> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../scripts/pypaperless.sh");
    let run = move || {
        let mut command = std::process::Command::new(script);
        command.args(arguments).output()
    };
    let output = tokio::task::spawn_blocking(run).await.expect("a thread");
    let output = output.expect("the script starts");
    let said = String::from_utf8_lossy(&output.stderr);
    if output.status.code() == Some(ABSENT) {
        assert!(
            std::env::var("CI").as_deref() != Ok("true"),
            "in CI nothing is skipped: pypaperless: {said}"
        );
        eprintln!("skipped: pypaperless: {said}");
        return None;
    }
    assert!(output.status.success(), "pypaperless: {said}");
    Some(serde_json::from_slice(&output.stdout).expect("JSON"))
}

#[tokio::test]
async fn pypaperless_puts_in_asks_and_looks_up() {
    let Some(town) = Town::start().await else {
        return;
    };
    let metadata = json!({"title": "Bescheid", "tags": ["Parken"], "type": "Bescheid",
        "correspondent": "Erika Beispiel", "document_date": "2026-03-02"});
    let content = fixtures::unique_pdf("Antrag auf Bewohnerparkausweis");
    town.clerk()
        .file("bescheid.pdf", &content, &metadata)
        .await
        .is(201);
    town.settle().await;
    let full = town.token("full").await;
    let intake = issue(&town, json!({"department": OWN})).await;
    let folder = tempfile::TempDir::new().expect("a folder");
    let scan = folder.path().join("scan.pdf");
    std::fs::write(&scan, fixtures::unique_pdf("Scan")).expect("a file");
    let address = town.app.address().to_owned();
    let scan = scan.display().to_string();
    let Some(seen) = pypaperless(vec![address, full, intake, scan]).await else {
        return;
    };
    assert_eq!(seen["version"], "3.0.5");
    assert_eq!(seen["titles"], json!(["Bescheid"]));
    assert_eq!(seen["found"], json!(["Bescheid"]));
    assert_eq!(seen["tags"], json!(["Parken"]));
    assert_eq!(seen["correspondents"], json!(["Erika Beispiel"]));
    assert_eq!(seen["document_types"], json!(["Bescheid"]));
    assert_eq!(seen["custom_fields"], json!([]));
    assert_eq!(seen["created"], "2026-03-02");
    assert_eq!(
        seen["download"]["bytes"].as_u64(),
        u64::try_from(content.len()).ok()
    );
    assert_eq!(seen["download"]["name"], "bescheid.pdf");
    assert_eq!(seen["preview"]["type"], "application/pdf");
    assert_eq!(seen["thumbnail"]["type"], "image/png");
    assert_eq!(seen["task"]["status"], "SUCCESS");
    assert_eq!(seen["task"]["file"], "scan.pdf");
    assert_eq!(seen["refused"], 403, "the scanner's token reads nothing");
    let filed = town.documents().await;
    assert!(filed.iter().any(|one| one["title"] == "Vom Scanner"));
}
