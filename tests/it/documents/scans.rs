//! Scans: read as pictures, found by what stands on them, waiting where everybody can see it.

use std::path::PathBuf;

use lopdf::{Object, Stream, dictionary};
use sea_orm::{ConnectionTrait, Database, Statement};
use serde_json::{Value, json};
use tempfile::TempDir;
use tests::app::Start;
use tests::tesseract::has_tesseract;
use tests::{Town, wait_until, wait_until_within};

use super::path;

/// A page takes seconds of the processor, and its readers give way to everything else.
pub(super) const PATIENCE: std::time::Duration = std::time::Duration::from_secs(240);

/// A scanned letter, its picture, or a fax, from the tests of the readers.
pub(super) fn sample(name: &str) -> Vec<u8> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../indexer/tests/data");
    std::fs::read(folder.join(name)).expect("a sample")
}

/// Files a sample, gives its id.
pub(super) async fn file(town: &Town, name: &str, content: &[u8]) -> String {
    let metadata = json!({"title": name});
    let answer = town.clerk().file(name, content, &metadata).await.is(201);
    answer.json()["id"].as_str().expect("an id").to_owned()
}

/// Waits until nothing is left to be done for the text of a document; gives the document.
pub(super) async fn recognised(town: &Town, id: &str) -> Value {
    let clerk = town.clerk();
    wait_until_within(PATIENCE, "the scan is read", async || {
        let text = clerk.get(&path(id)).await.is(200).json()["text"].clone();
        let engine = text["engine"].as_str().unwrap_or_default();
        engine.contains("tesseract") && text["waiting"].is_null()
    })
    .await;
    clerk.get(&path(id)).await.is(200).json()
}

async fn found(town: &Town, word: &str) -> Vec<String> {
    let found = town
        .clerk()
        .get_with("/api/v1/search", &[("q", word)])
        .await;
    let items = found.is(200).json()["items"].clone();
    let items = items.as_array().into_iter().flatten();
    items
        .filter_map(|hit| hit["id"].as_str().map(str::to_owned))
        .collect()
}

#[tokio::test]
async fn a_scan_is_found_by_a_word_that_stands_on_it() {
    if !has_tesseract() {
        return;
    }
    let Some(town) = Town::start().await else {
        return;
    };
    let content = sample("scan-emog.pdf");
    let scan = file(&town, "scan.pdf", &content).await;
    let fax = file(&town, "fax.tif", &sample("fax-markeng.tif")).await;
    let photo = file(&town, "photo.jpg", &sample("photo-eurhiuebk.jpg")).await;
    for (id, pages) in [(&scan, 1), (&fax, 2), (&photo, 1)] {
        let document = recognised(&town, id).await;
        assert_eq!(document["text"]["state"], "readable", "{document}");
        assert_eq!(document["text"]["pages"], pages);
        assert!(document["text"]["reason"].is_null());
    }
    town.settle().await;
    assert_eq!(
        found(&town, "Markengesetzes").await,
        std::slice::from_ref(&fax)
    );
    assert!(found(&town, "Ausfertigungsdatum").await.contains(&scan));

    let text = town.clerk().get(&format!("{}/text", path(&fax))).await;
    let text = text.is(200).json();
    let states: Vec<_> = text["pages"].as_array().into_iter().flatten().collect();
    assert!(
        states.iter().all(|page| page["state"] == "recognised"),
        "{text}"
    );

    // The original keeps every byte, and the text before stays: the history names what was replaced.
    let kept = town.clerk().get(&format!("{}/content", path(&scan))).await;
    assert_eq!(kept.is(200).body.to_vec(), content);
    let history = town.clerk().get(&format!("{}/history", path(&scan))).await;
    let history = history.is(200).json();
    let entries = history["items"].as_array().into_iter().flatten();
    let texts: Vec<_> = entries
        .filter(|entry| entry["action"] == "document.text")
        .collect();
    assert_eq!(texts.len(), 2, "{history}");
    assert!(texts[1]["details"]["replaces"].is_string(), "{history}");
}

#[tokio::test]
async fn a_document_of_both_kinds_is_read_page_by_page() {
    if !has_tesseract() {
        return;
    }
    let Some(town) = Town::start().await else {
        return;
    };
    let mixed = with_text_page(
        &sample("scan-emog.pdf"),
        "Begleitschreiben zur Quittungsmappe",
    );
    let id = file(&town, "mixed.pdf", &mixed).await;
    let document = recognised(&town, &id).await;
    assert_eq!(document["text"]["state"], "readable", "{document}");
    let text = town.clerk().get(&format!("{}/text", path(&id))).await;
    let pages = text.is(200).json()["pages"].clone();
    let states: Vec<_> = pages.as_array().into_iter().flatten().collect();
    let states: Vec<_> = states.iter().map(|page| page["state"].clone()).collect();
    assert_eq!(states, ["recognised", "read"]);
    town.settle().await;
    assert_eq!(
        found(&town, "Quittungsmappe").await,
        std::slice::from_ref(&id)
    );
    assert_eq!(found(&town, "Ausfertigungsdatum").await, [id]);
}

/// The document with another page behind, on which this line stands.
pub(super) fn with_text_page(pdf: &[u8], line: &str) -> Vec<u8> {
    let mut pdf = lopdf::Document::load_mem(pdf).expect("a PDF");
    let pages = pdf.catalog().and_then(|catalog| catalog.get(b"Pages"));
    let pages = pages.and_then(Object::as_reference).expect("its pages");
    let drawn = format!("BT /F1 12 Tf 60 700 Td ({line}) Tj ET");
    let contents = pdf.add_object(Stream::new(dictionary! {}, drawn.into_bytes()));
    let page = pdf.add_object(dictionary! {
        "Type" => "Page",
        "Parent" => pages,
        "MediaBox" => vec![0.into(), 0.into(), 595.into(), 842.into()],
        "Contents" => contents,
        "Resources" => dictionary! { "Font" => dictionary! { "F1" => dictionary! {
            "Type" => "Font", "Subtype" => "Type1", "BaseFont" => "Helvetica",
        } } },
    });
    let tree = pdf.get_object_mut(pages).and_then(Object::as_dict_mut);
    let tree = tree.expect("the tree of pages");
    let kids = tree.get_mut(b"Kids").and_then(Object::as_array_mut);
    kids.expect("its kids").push(page.into());
    let count = tree
        .get(b"Count")
        .and_then(Object::as_i64)
        .expect("a number");
    tree.set("Count", count + 1);
    let mut bytes = Vec::new();
    pdf.save_to(&mut bytes).expect("a vector takes all");
    bytes
}

#[tokio::test]
async fn scans_wait_where_everybody_sees_it_and_are_read_in_their_turn() {
    if !has_tesseract() {
        return;
    }
    let start = Start::new().with("PAPIERLOS_EXTRACT_OCR_WORKERS", "1");
    let Some(town) = Town::of(start).await else {
        return;
    };
    let content = sample("scan-emog.pdf");
    let mut last = String::new();
    for name in ["1.pdf", "2.pdf", "3.pdf", "4.pdf"] {
        last = file(&town, name, &content).await;
    }
    let mut seen = Value::Null;
    wait_until("the last one waits", async || {
        let text = town.clerk().get(&path(&last)).await.is(200).json()["text"].clone();
        seen = text["waiting"].clone();
        seen["task"] == "scan"
    })
    .await;
    let place = seen["place"].as_u64().expect("a place");
    assert!((1..=4).contains(&place), "{seen}");
    assert!(["waiting", "running"].contains(&seen["state"].as_str().expect("a state")));
    assert_eq!(recognised(&town, &last).await["text"]["state"], "readable");
}

#[tokio::test]
async fn without_tesseract_a_scan_stays_without_text_until_it_is_there() {
    if !has_tesseract() {
        return;
    }
    let variable = "PAPIERLOS_EXTRACT_OCR_PROGRAM";
    let start = Start::new().with(variable, "/nonexistent/tesseract");
    let Some(mut town) = Town::of(start).await else {
        return;
    };
    let id = file(&town, "scan.pdf", &sample("scan-emog.pdf")).await;
    let text = town.read(&id).await["text"].clone();
    assert_eq!(text["reason"], "no_text", "{text}");
    assert_eq!(text["waiting"]["task"], "scan", "{text}");
    wait_until("the server says so", async || {
        said_of_scans(&town)
            .await
            .contains("/nonexistent/tesseract")
    })
    .await;
    assert!(town.app.log().contains("scans cannot be read"));
    assert!(town.app.stop().success());
    town.app.set(variable, "/usr/bin/tesseract");
    town.app.resume();
    assert_eq!(recognised(&town, &id).await["text"]["state"], "readable");
}

/// What the server says of scans where it says whether it is ready.
async fn said_of_scans(town: &Town) -> String {
    let ready = town.app.anonymous().get("/health/ready").await.json();
    let checks = ready["checks"].as_array().cloned().unwrap_or_default();
    let scans = checks.iter().find(|check| check["name"] == "scans");
    let detail = scans.and_then(|check| check["detail"].as_str());
    detail.unwrap_or_default().to_owned()
}

/// A scanned page, cut into so many pages that each show a line or two of it.
fn strips(pdf: &[u8], count: u32) -> Vec<u8> {
    repeated(pdf, count, |number| {
        let bottom = 200 + i64::from(number % 8) * 60;
        Some([60, bottom, 360, bottom + 60])
    })
}

/// The first page as many times as asked for, each time so much of it, or all.
fn repeated(pdf: &[u8], count: u32, part: impl Fn(u32) -> Option<[i64; 4]>) -> Vec<u8> {
    let mut pdf = lopdf::Document::load_mem(pdf).expect("a PDF");
    let pages = pdf.catalog().and_then(|catalog| catalog.get(b"Pages"));
    let pages = pages.and_then(Object::as_reference).expect("its pages");
    let whole = pdf.get_pages().into_values().next().expect("a page");
    let whole = pdf.get_dictionary(whole).expect("its dictionary").clone();
    let mut kids: Vec<Object> = Vec::new();
    for number in 0..count {
        let mut strip = whole.clone();
        if let Some(shown) = part(number) {
            let shown: Vec<Object> = shown.into_iter().map(Object::from).collect();
            strip.set("MediaBox", shown.clone());
            strip.set("CropBox", shown);
        }
        kids.push(pdf.add_object(strip).into());
    }
    let tree = pdf.get_object_mut(pages).and_then(Object::as_dict_mut);
    let tree = tree.expect("the tree of pages");
    tree.set("Kids", kids);
    tree.set("Count", i64::from(count));
    let mut bytes = Vec::new();
    pdf.save_to(&mut bytes).expect("a vector takes all");
    bytes
}

/// The one number that the database answers with.
pub(super) async fn number(town: &Town, text: &str) -> i64 {
    let database = Database::connect(town.app.database_url()).await;
    let database = database.expect("the database");
    let statement = Statement::from_string(database.get_database_backend(), text);
    let row = database.query_one_raw(statement).await.expect("an answer");
    let number = row.expect("a row").try_get_by_index(0).expect("a number");
    database.close().await.expect("closed");
    number
}

/// So many pages were looked at, of all that were kept.
const LOOKED_AT: &str =
    "SELECT CAST(coalesce(sum(pages), 0) AS BIGINT) FROM rendition WHERE kind = 'words'";

#[tokio::test]
async fn a_long_scan_stops_with_the_server_and_goes_on_where_it_stopped() {
    if !has_tesseract() {
        return;
    }
    let start = Start::new().with("PAPIERLOS_EXTRACT_OCR_WORKERS", "1");
    let Some(mut town) = Town::of(start).await else {
        return;
    };
    let content = strips(&sample("scan-emog.pdf"), 40);
    let id = file(&town, "lang.pdf", &content).await;
    let mut text = Value::Null;
    wait_until_within(PATIENCE, "the first pages are kept", async || {
        text = town.clerk().get(&path(&id)).await.is(200).json()["text"].clone();
        let engine = text["engine"].as_str().unwrap_or_default();
        engine.contains("tesseract")
    })
    .await;
    // What is there is found already, and it is said that more comes.
    assert_eq!(text["waiting"]["task"], "scan", "{text}");
    assert_eq!(text["reason"], "no_text", "{text}");
    assert!(town.app.stop().success());
    let before = number(&town, LOOKED_AT).await;
    assert!((16..40).contains(&before), "{before} pages");
    // That it was stopped is no failed attempt.
    let attempts = "SELECT CAST(attempts AS BIGINT) FROM job \
                    WHERE kind = 'read_scan' AND claimed_until = 0 AND last_error IS NULL";
    assert_eq!(number(&town, attempts).await, 0);

    town.app.resume();
    let document = recognised(&town, &id).await;
    assert_eq!(document["text"]["state"], "readable", "{document}");
    assert_eq!(document["text"]["pages"], 40);
    // Each page was looked at once.
    assert_eq!(number(&town, LOOKED_AT).await, 40);
    let text = town.clerk().get(&format!("{}/text", path(&id))).await;
    let pages = text.is(200).json()["pages"].clone();
    let pages = pages.as_array().cloned().unwrap_or_default();
    assert!(pages.iter().all(|page| page["state"] == "recognised"));
    // Where its words stand is told of each page, whichever part it was read with.
    for page in [1, 17, 40] {
        let page = format!("{}/pages/{page}", path(&id));
        let told = town.clerk().get(&page).await.is(200).json();
        let engine = told["recognition"]["engine"].as_str().unwrap_or_default();
        assert!(engine.contains("tesseract"), "{told}");
    }
    assert!(!town.app.log().contains("a job failed"));
}

#[tokio::test]
async fn what_was_cut_short_is_recognised_too_once_tesseract_is_there() {
    if !has_tesseract() {
        return;
    }
    let variable = "PAPIERLOS_EXTRACT_OCR_PROGRAM";
    let start = Start::new()
        .with(variable, "/nonexistent/tesseract")
        .with("PAPIERLOS_EXTRACT_PAGES_MAX", "1");
    let Some(mut town) = Town::of(start).await else {
        return;
    };
    let twice = repeated(&sample("scan-emog.pdf"), 2, |_| None);
    let id = file(&town, "zwei.pdf", &twice).await;
    let text = town.read(&id).await["text"].clone();
    assert_eq!(text["reason"], "too_large", "{text}");
    assert_eq!(text["waiting"]["task"], "scan", "{text}");
    assert!(town.app.stop().success());
    town.app.set(variable, "/usr/bin/tesseract");
    town.app.resume();
    let text = recognised(&town, &id).await["text"].clone();
    assert_eq!(text["state"], "partly_readable", "{text}");
    assert_eq!(text["reason"], "too_large", "{text}");
}

#[tokio::test]
async fn scans_wait_while_tesseract_is_taken_away() {
    if !has_tesseract() {
        return;
    }
    let folder = TempDir::new().expect("a folder");
    let program = folder.path().join("tesseract");
    std::fs::copy("/usr/bin/tesseract", &program).expect("a copy");
    let variable = "PAPIERLOS_EXTRACT_OCR_PROGRAM";
    let start = Start::new().with(variable, program.display().to_string());
    let Some(mut town) = Town::of(start).await else {
        return;
    };
    wait_until_within(PATIENCE, "tesseract is found", async || {
        said_of_scans(&town).await.starts_with("tesseract ")
    })
    .await;
    std::fs::remove_file(&program).expect("it was there");
    let id = file(&town, "scan.pdf", &sample("scan-emog.pdf")).await;
    wait_until_within(PATIENCE, "the server says so", async || {
        said_of_scans(&town).await.contains("they wait")
    })
    .await;
    wait_until("the scan waits", async || {
        let text = town.clerk().get(&path(&id)).await.is(200).json()["text"].clone();
        text["waiting"]["state"] == "waiting"
    })
    .await;
    assert!(!town.app.log().contains("a job failed"));
    assert!(town.app.stop().success());
    town.app.set(variable, "/usr/bin/tesseract");
    town.app.resume();
    assert_eq!(recognised(&town, &id).await["text"]["state"], "readable");
}
