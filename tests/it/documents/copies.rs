//! Searchable copies of scans: what others make of them, and of what there are none.

use std::path::{Path, PathBuf};
use std::process::Command;

use lopdf::{EncryptionState, EncryptionVersion, Object, Permissions};
use reqwest::Method;
use serde_json::json;
use tempfile::TempDir;
use tests::app::Start;
use tests::tesseract::has_tesseract;
use tests::town::{id_of, send};
use tests::{Answer, Town, fixtures, verapdf, wait_until_within};

use super::scans::{PATIENCE, file as file_sample, number, recognised, sample, with_text_page};
use super::{file, path};

/// How many copies were made.
const COPIES: &str =
    "SELECT CAST(count(*) AS BIGINT) FROM rendition WHERE kind = 'copy' AND blob_name IS NOT NULL";

/// Asks for a copy until it is there, or it is said why it is not.
async fn copy(town: &Town, id: &str) -> Answer {
    let at = format!("{}/copy", path(id));
    let mut last = None;
    wait_until_within(PATIENCE, "the copy is made", async || {
        let answer = town.clerk().get(&at).await;
        if answer.status == 202 {
            let waiting = answer.json();
            let task = waiting["task"].as_str().unwrap_or_default().to_owned();
            assert!(
                ["text", "scan", "copy"].contains(&task.as_str()),
                "{waiting}"
            );
            assert!(answer.header("retry-after").is_some());
            return false;
        }
        last = Some(answer);
        true
    })
    .await;
    last.expect("an answer")
}

/// What a program of Debian's package poppler-utils says of a file.
fn poppler(command: &mut Command) -> Vec<u8> {
    let output = command.output().expect("Debian's package poppler-utils");
    assert!(output.status.success(), "{command:?}: {output:?}");
    output.stdout
}

fn text_of(pdf: &Path, option: &str) -> String {
    let told = poppler(Command::new("pdftotext").arg(option).arg(pdf).arg("-"));
    String::from_utf8(told).expect("UTF-8")
}

/// Where a word stands on the first page, as parts of its sides: left, top, right, bottom.
fn place_of(pdf: &Path, word: &str) -> [f64; 4] {
    let told = text_of(pdf, "-bbox");
    let number = |line: &str, name: &str| -> f64 {
        let (_, rest) = line.split_once(&format!("{name}=\"")).expect("the number");
        let (number, _) = rest.split_once('"').expect("its end");
        number.parse().expect("a number")
    };
    let page = told.lines().find(|line| line.contains("<page "));
    let page = page.expect("a page");
    let (width, height) = (number(page, "width"), number(page, "height"));
    let end = format!(">{word}</word>");
    let line = told.lines().find(|line| line.ends_with(&end));
    let line = line.unwrap_or_else(|| unreachable!("{word} is not in {told}"));
    [
        number(line, "xMin") / width,
        number(line, "yMin") / height,
        number(line, "xMax") / width,
        number(line, "yMax") / height,
    ]
}

/// How many dots of the first page are dark and how many are light, in parts of all.
fn shades(pdf: &Path) -> (f64, f64) {
    let options = ["-r", "50", "-gray", "-f", "1", "-l", "1"];
    let drawn = poppler(Command::new("pdftoppm").args(options).arg(pdf));
    // Three lines of a head, then the dots.
    let head: usize = drawn
        .split(|byte| *byte == b'\n')
        .take(3)
        .map(|line| line.len() + 1)
        .sum();
    let dots = drawn.get(head..).expect("dots");
    let many = |wanted: &dyn Fn(u8) -> bool| {
        let found = dots.iter().filter(|dot| wanted(**dot)).count();
        f64::from(u32::try_from(found).expect("a page"))
    };
    let all = many(&|_| true);
    assert!(all > 1_000.0, "a picture");
    (many(&|dot| dot < 100) / all, many(&|dot| dot > 140) / all)
}

#[tokio::test]
async fn a_scan_has_a_searchable_copy_that_others_call_pdf_a() {
    if !has_tesseract() {
        return;
    }
    let Some(town) = Town::start().await else {
        return;
    };
    let folder = TempDir::new().expect("a folder");
    let mixed = with_text_page(
        &sample("scan-emog.pdf"),
        "Begleitschreiben zur Quittungsmappe",
    );
    let all = [
        ("scan.pdf", sample("scan-emog.pdf"), "Ausfertigungsdatum"),
        ("fax.tif", sample("fax-markeng.tif"), "Markengesetzes"),
        ("photo.webp", sample("photo-eurhiuebk.webp"), "Vertrag"),
        ("mixed.pdf", mixed, "Quittungsmappe"),
    ];
    let mut files: Vec<PathBuf> = Vec::new();
    for (name, content, word) in all {
        let id = file_sample(&town, name, &content).await;
        let document = recognised(&town, &id).await;
        assert_eq!(document["text"]["recognised"], true, "{document}");
        let made = copy(&town, &id).await.is(200);
        assert_eq!(made.media_type(), Some("application/pdf"));
        let disposition = made.header("content-disposition").unwrap_or_default();
        let stem = name.split('.').next().unwrap_or_default();
        let wanted = format!("attachment; filename=\"{stem} (durchsuchbare Kopie).pdf\"");
        assert_eq!(disposition, wanted);
        let at = folder.path().join(format!("{name}.copy.pdf"));
        std::fs::write(&at, &made.body).expect("a file");
        let text = text_of(&at, "-layout");
        assert!(text.contains(word), "{name}: {text}");
        let (dark, light) = shades(&at);
        assert!(
            dark > 0.001 && dark < 0.5 && light > 0.3,
            "{name}: {dark}, {light}"
        );
        files.push(at);
        // The original keeps every byte.
        let kept = town.clerk().get(&format!("{}/content", path(&id))).await;
        assert_eq!(kept.is(200).body.to_vec(), content);
    }
    // A word stands in the copy where it stands on the page.
    let [scan, ..] = files.as_slice() else {
        unreachable!("four of them")
    };
    let [left, top, right, bottom] = place_of(scan, "Ausfertigungsdatum");
    assert!(
        (0.1..0.14).contains(&left) && (0.2..0.3).contains(&right),
        "{left} {right}"
    );
    assert!(top > 0.1 && bottom < 0.17, "{top} {bottom}");
    // What the judge passes is worth something only where it refuses others.
    let plain = folder.path().join("plain.pdf");
    std::fs::write(&plain, fixtures::pdf(&["Kein PDF/A"])).expect("a file");
    files.push(plain);
    if let Some(verdict) = verapdf::judge("2u", &files) {
        let expected = [true, true, true, true, false];
        assert_eq!(verdict.passed, expected, "{}", verdict.said);
    }
}

#[tokio::test]
async fn a_copy_comes_as_content_does_and_is_made_once() {
    if !has_tesseract() {
        return;
    }
    let Some(town) = Town::start().await else {
        return;
    };
    let clerk = town.clerk();
    let id = file_sample(&town, "weiß.png", &fixtures::white_page()).await;
    recognised(&town, &id).await;
    let made = copy(&town, &id).await.is(200);
    let etag = made.etag();
    let at = format!("{}/versions/1/copy", path(&id));
    let again = clerk.get(&at).await.is(200);
    assert_eq!(again.body, made.body);
    assert!(again.header("repr-digest").is_some());
    let shown = clerk.get_with(&at, &[("inline", "true")]).await.is(200);
    let disposition = shown.header("content-disposition").unwrap_or_default();
    assert!(disposition.starts_with("inline"), "{disposition}");
    assert!(
        disposition.contains("wei%C3%9F%20%28durchsuchbare%20Kopie%29.pdf"),
        "{disposition}"
    );
    let known = send(&clerk, Method::GET, &at, &[("if-none-match", &etag)], None).await;
    known.is(304);
    let part = send(&clerk, Method::GET, &at, &[("range", "bytes=0-3")], None).await;
    assert_eq!(part.is(206).body.to_vec(), b"%PDF");
    send(&clerk, Method::HEAD, &at, &[], None).await.is(200);
    let gone = format!("{}/versions/2/copy", path(&id));
    clerk.get(&gone).await.is_problem(404, "not-found");
    // The rights are those of content.
    town.other().get(&at).await.is_problem(404, "not-found");
    let registrar = town.registrar().await;
    registrar.get(&at).await.is_problem(403, "forbidden");
    town.auditor().get(&at).await.is(200);
    assert_eq!(number(&town, COPIES).await, 1);
}

#[tokio::test]
async fn of_what_needs_none_and_of_what_is_signed_there_is_no_copy() {
    if !has_tesseract() {
        return;
    }
    let Some(town) = Town::start().await else {
        return;
    };
    let brings = file(
        &town,
        "Brief",
        &fixtures::pdf(&["Sehr geehrte Damen und Herren"]),
    )
    .await;
    let note = file(&town, "Vermerk", "Nur Text.\n".as_bytes()).await;
    for filed in [&brings, &note] {
        let id = id_of(filed);
        town.read(&id).await;
        let none = copy(&town, &id).await.is_problem(404, "no-copy");
        assert!(none.text().contains("Original"), "{}", none.text());
    }
    let mut signed = sample("scan-emog.pdf");
    signed.extend_from_slice(b"\n% /ByteRange [0 840 960 240]\n");
    let id = file_sample(&town, "signed.pdf", &signed).await;
    recognised(&town, &id).await;
    for _ in 0..2 {
        let none = copy(&town, &id).await.is_problem(404, "no-copy");
        assert!(none.text().contains("signiert"), "{}", none.text());
    }
    let kept = town.clerk().get(&format!("{}/content", path(&id))).await;
    assert_eq!(kept.is(200).body.to_vec(), signed);
}

/// The same PDF, locked.
fn locked(pdf: &[u8], password: &str) -> Vec<u8> {
    let mut document = lopdf::Document::load_mem(pdf).expect("a PDF");
    let name = Object::string_literal("a scan of the tests");
    document.trailer.set("ID", vec![name.clone(), name]);
    let version = EncryptionVersion::V2 {
        document: &document,
        owner_password: password,
        user_password: password,
        key_length: 128,
        permissions: Permissions::all(),
    };
    let state = EncryptionState::try_from(version).expect("a lock");
    document.encrypt(&state).expect("it was open");
    let mut bytes = Vec::new();
    document.save_to(&mut bytes).expect("a vector takes all");
    bytes
}

#[tokio::test]
async fn a_locked_scan_whose_password_is_known_has_a_copy_that_is_open() {
    if !has_tesseract() {
        return;
    }
    let Some(town) = Town::start().await else {
        return;
    };
    let content = locked(&sample("scan-emog.pdf"), "Gehalt2026");
    let metadata = json!({"title": "Gesetz", "password": "Gehalt2026"});
    let filed = town.clerk().file("gesetz.pdf", &content, &metadata).await;
    let id = id_of(&filed.is(201));
    recognised(&town, &id).await;
    let made = copy(&town, &id).await.is(200);
    let made = lopdf::Document::load_mem(&made.body).expect("a PDF");
    assert!(!made.is_encrypted() && made.get_pages().len() == 1);
    let kept = town.clerk().get(&format!("{}/content", path(&id))).await;
    assert_eq!(kept.is(200).body.to_vec(), content, "it stays locked");
}

#[tokio::test]
async fn what_is_recognised_anew_has_a_new_copy_and_the_old_one_stays() {
    if !has_tesseract() {
        return;
    }
    let start = Start::new().with("PAPIERLOS_EXTRACT_COPIES_ALWAYS", "true");
    let Some(mut town) = Town::of(start).await else {
        return;
    };
    let id = file_sample(&town, "scan.png", &fixtures::white_page()).await;
    recognised(&town, &id).await;
    // Nobody has asked for it.
    wait_until_within(PATIENCE, "a copy is made", async || {
        number(&town, COPIES).await == 1
    })
    .await;
    let before = copy(&town, &id).await.is(200);
    assert!(town.app.stop().success());
    // Now whoever asked for one once has another one, and nobody else.
    town.app.set("PAPIERLOS_EXTRACT_COPIES_ALWAYS", "false");
    town.app.set("PAPIERLOS_EXTRACT_OCR_LANGUAGES", "deu");
    town.app.resume();
    wait_until_within(PATIENCE, "another copy is made", async || {
        number(&town, COPIES).await == 2
    })
    .await;
    let after = copy(&town, &id).await.is(200);
    assert!(after.body.starts_with(b"%PDF-1.7") && before.body.starts_with(b"%PDF-1.7"));
}
