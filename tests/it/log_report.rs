//! The daily report of the log: what stands on it, by whom it is had, and that there is one a day.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use reqwest::Method;
use tempfile::TempDir;
use tests::faketime::{days_later, has_faketime};
use tests::town::Town;
use tests::{Start, verapdf, wait_until};

use crate::at_rest::verdict;

const FOLDER: &str = "PAPIERLOS_LOG_REPORT_DIR";

/// The text of a PDF, as another program reads it, without any blanks: long lines are broken.
fn text_of(pdf: &Path) -> String {
    let output = Command::new("pdftotext")
        .args(["-enc", "UTF-8"])
        .arg(pdf)
        .arg("-")
        .output()
        .expect("pdftotext of Debian's package poppler-utils");
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    text.split_whitespace().collect()
}

/// How many pages a PDF has.
fn pages_of(pdf: &Path) -> usize {
    let output = Command::new("pdfinfo").arg(pdf).output();
    let output = output.expect("pdfinfo of Debian's package poppler-utils");
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let pages = said.lines().find_map(|line| line.strip_prefix("Pages:"));
    let pages = pages.and_then(|pages| pages.trim().parse().ok());
    pages.unwrap_or_else(|| unreachable!("{said}"))
}

/// What the code on a report says to another program; nothing where that is missing, and a line says so: in CI that is
/// a failure.
fn code_of(pdf: &Path) -> Option<String> {
    let picture = pdf.with_extension("");
    let drawn = Command::new("pdftoppm")
        .args(["-r", "200", "-singlefile", "-png"])
        .args([pdf, &picture])
        .output();
    let drawn = drawn.expect("pdftoppm of Debian's package poppler-utils");
    assert!(drawn.status.success(), "{drawn:?}");
    let read = Command::new("zbarimg")
        .args(["--raw", "--quiet"])
        .arg(picture.with_extension("png"))
        .output();
    let Ok(read) = read else {
        assert!(
            std::env::var("CI").as_deref() != Ok("true"),
            "in CI nothing is skipped: zbarimg is missing"
        );
        eprintln!("skipped: a code read by another program: zbarimg is missing");
        return None;
    };
    assert!(read.status.success(), "{read:?}");
    Some(String::from_utf8(read.stdout).expect("UTF-8"))
}

/// The reports in a folder, in the order of their days.
fn filed(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten();
    let paths = entries.map(|entry| entry.expect("an entry").path());
    let mut all: Vec<PathBuf> = paths
        .filter(|path| path.extension().is_some_and(|ending| ending == "pdf"))
        .collect();
    all.sort();
    all
}

/// Whether a checkpoint is published.
async fn signed(town: &Town) {
    wait_until("a checkpoint is published", async || {
        town.auditor().get("/api/v1/log/checkpoint").await.status == 200
    })
    .await;
}

/// The log of a living archive goes on from what was kept.
async fn continues(town: &Town, kept: &str) {
    let identity = town.auditor().get("/api/v1/log/identity").await.is(200);
    let identity = identity.json();
    let key = identity["verifier"].as_str().expect("a key");
    let asked = ["verify", "--json", "--key", key, "--since", kept];
    let found = verdict(&town.app.command(&asked).await);
    assert_eq!((found.exit, found.codes.len()), (0, 0), "{}", found.json);
}

/// `papierlos ARGUMENTS --data DIR`, where no server is.
fn papierlos(data: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(tests::app::binary());
    command.args(arguments).arg("--data").arg(data);
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("PAPIERLOS_") {
            command.env_remove(&name);
        }
    }
    command.output().expect("the binary starts")
}

#[tokio::test]
async fn a_report_says_what_the_log_is_and_its_code_is_the_signed_checkpoint() {
    let Some(town) = Town::start().await else {
        return;
    };
    signed(&town).await;
    let path = "/api/v1/log/report";
    town.clerk().get(path).await.is_problem(403, "forbidden");
    let shown = town.auditor().get(path).await.is(200);
    assert_eq!(shown.media_type(), Some("application/pdf"));
    let name = shown.header("content-disposition").unwrap_or_default();
    assert!(
        name.starts_with("inline; filename=\"tagesbericht-"),
        "{name}"
    );
    let auditor = town.auditor();
    let head = auditor.send(auditor.request(Method::HEAD, path)).await;
    let head = head.is(200);
    assert_eq!(head.media_type(), Some("application/pdf"));
    assert!(head.body.is_empty());
    let folder = TempDir::new().expect("a temporary folder");
    let pdf = folder.path().join("bericht.pdf");
    fs::write(&pdf, &shown.body).expect("a file");

    let identity = town.auditor().get("/api/v1/log/identity").await.is(200);
    let identity = identity.json();
    let text = text_of(&pdf);
    for said in ["origin", "verifier"] {
        let said = identity[said].as_str().expect("a text");
        assert!(text.contains(said), "{said}: {text}");
    }
    for words in [
        "Tagesbericht des Protokolls",
        "Einträge im Protokoll",
        "Neue Einträge",
        "Zeugen",
        "papierlos verify --since",
    ] {
        let words: String = words.split_whitespace().collect();
        assert!(text.contains(&words), "{words}: {text}");
    }
    assert_eq!(pages_of(&pdf), 1);
    for flavour in ["2a", "ua1"] {
        if let Some(verdict) = verapdf::judge(flavour, std::slice::from_ref(&pdf)) {
            assert_eq!(verdict.passed, [true], "{flavour}: {}", verdict.said);
        }
    }
    let Some(note) = code_of(&pdf) else { return };
    let mut lines = note.lines();
    assert_eq!(lines.next(), identity["origin"].as_str());
    let (size, root) = (lines.next().expect("a size"), lines.next().expect("a root"));
    assert!(size.parse::<u64>().is_ok_and(|size| size > 0), "{note}");
    assert_eq!(lines.next(), Some(""));
    let signature = lines.next().expect("a signature");
    assert!(signature.starts_with('\u{2014}'), "{note}");
    // It stands there as text too, to be copied where the code is lost.
    for line in [root, signature] {
        let line: String = line.split_whitespace().collect();
        assert!(text.contains(&line), "{line}: {text}");
    }
    // And it is what a kept checkpoint is.
    let kept = folder.path().join("note");
    fs::write(&kept, format!("{}\n", note.trim_end())).expect("a file");
    let kept = kept.to_str().expect("a path");
    continues(&town, kept).await;
}

#[tokio::test]
async fn the_command_writes_a_report_beside_the_server_and_over_nothing_unasked() {
    let Some(town) = Town::start().await else {
        return;
    };
    signed(&town).await;
    let folder = TempDir::new().expect("a temporary folder");
    let pdf = folder.path().join("bericht.pdf");
    let out = pdf.to_str().expect("a path");
    let mut report = vec!["log", "report", "--out", out];
    let written = town.app.command(&report).await;
    assert!(written.status.success(), "{written:?}");
    let said = String::from_utf8_lossy(&written.stdout).into_owned();
    assert!(said.contains(out) && said.contains("Einträge"), "{said}");
    let first = fs::read(&pdf).expect("a report");
    let refused = town.app.command(&report).await;
    assert_eq!(refused.status.code(), Some(3), "{refused:?}");
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(said.contains("mit --force wird"), "{said}");
    assert_eq!(fs::read(&pdf).expect("a report"), first);
    report.extend(["--force", "--english"]);
    let written = town.app.command(&report).await;
    assert!(written.status.success(), "{written:?}");
    assert!(text_of(&pdf).contains("Dailyreportofthelog"));
    // The report of a living archive is one that it continues.
    continues(&town, out).await;
}

#[test]
fn before_anything_is_signed_there_is_no_report() {
    let folder = TempDir::new().expect("a temporary folder");
    let data = folder.path().join("data");
    let person = ["user", "add", "anna", "--name", "A", "--role", "admin"];
    let added = papierlos(&data, &[person.as_slice(), &["--no-password"]].concat());
    assert!(added.status.success(), "{added:?}");
    let pdf = folder.path().join("bericht.pdf");
    let out = pdf.to_str().expect("a path");
    let refused = papierlos(&data, &["log", "report", "--out", out]);
    assert_eq!(refused.status.code(), Some(2), "{refused:?}");
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(said.contains("noch keinen Prüfpunkt"), "{said}");
    assert!(!pdf.exists());
}

#[tokio::test]
async fn a_server_files_one_report_a_day_and_leaves_it_as_it_is() {
    let folder = TempDir::new().expect("a temporary folder");
    let place = folder.path().to_str().expect("a path");
    let Some(mut app) = Start::new().with(FOLDER, place).start().await else {
        return;
    };
    wait_until("the report of today is filed", async || {
        !filed(folder.path()).is_empty()
    })
    .await;
    let first = filed(folder.path()).remove(0);
    let name = first.file_name().and_then(|name| name.to_str());
    let name = name.expect("a name").to_owned();
    let parts: Vec<usize> = name.split(['-', '.']).map(str::len).collect();
    assert_eq!(parts, [4, 2, 2, 3], "{name}");
    let bytes = fs::read(&first).expect("a report");
    assert!(app.stop().success());
    app.resume();
    let checked = app.command(&["check", "--json"]).await;
    let found = verdict(&checked);
    assert!(!found.codes.contains("report-missing"), "{}", found.json);
    assert_eq!(fs::read(&first).expect("a report"), bytes);
    if !has_faketime() {
        return;
    }
    days_later(&mut app, 1);
    wait_until("the report of tomorrow is filed", async || {
        filed(folder.path()).len() > 1
    })
    .await;
    let all = filed(folder.path());
    assert!(all.contains(&first) && all.iter().max() > Some(&first));
    assert_eq!(fs::read(&first).expect("a report"), bytes);
    // What yesterday's report says is what today's begins with.
    assert!(text_of(&all[all.len() - 1]).contains("NeueEinträge"));
}

#[tokio::test]
async fn a_report_that_cannot_be_filed_is_missed() {
    let folder = TempDir::new().expect("a temporary folder");
    let place = folder.path().join("fehlt");
    let path = place.to_str().expect("a path");
    let Some(mut app) = Start::new().with(FOLDER, path).start().await else {
        return;
    };
    wait_until("the figure says so", async || {
        let metrics = app.anonymous().get("/metrics").await.is(200).text();
        metrics
            .lines()
            .any(|line| line == "papierlos_log_report_failed 1")
    })
    .await;
    assert!(
        app.log()
            .contains("the daily report of the log could not be filed")
    );
    let found = verdict(&app.command(&["check", "--json"]).await);
    assert!(found.codes.contains("report-missing"), "{}", found.json);
    assert_eq!(found.exit, 1);
    fs::create_dir(&place).expect("a folder");
    assert!(app.stop().success());
    app.resume();
    wait_until("it is filed", async || !filed(&place).is_empty()).await;
    let found = verdict(&app.command(&["check", "--json"]).await);
    assert!(!found.codes.contains("report-missing"), "{}", found.json);
}
