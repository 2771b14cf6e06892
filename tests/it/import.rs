//! `papierlos import`: a folder becomes documents, once, whatever happens in between.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs;
use std::io::{BufRead as _, BufReader};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

use serde_json::Value;
use tempfile::TempDir;
use tests::app::binary;
use tests::fixtures::unique_pdf;
use tests::{TestApp, wait_until};

/// An archive without a server, on SQLite, with the department `buergerbuero`. What PostgreSQL may
/// change is tested with a server below.
struct Archive {
    data: TempDir,
}

impl Archive {
    fn new() -> Archive {
        let archive = Archive {
            data: TempDir::new().expect("a folder"),
        };
        let added = archive
            .papierlos(&[
                "user", "add", "anna", "--name", "Anna Alt", "--role", "clerk",
            ])
            .args(["--department", "buergerbuero", "--no-password"])
            .output()
            .expect("the binary starts");
        assert!(added.status.success(), "{}", said(&added));
        archive
    }

    fn papierlos(&self, arguments: &[&str]) -> Command {
        papierlos(self.data.path(), arguments)
    }

    fn import(&self, folder: &Path, more: &[&str]) -> Lines {
        Lines::of(&run(self.data.path(), folder, more))
    }
}

fn papierlos(data: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(binary());
    command
        .args(arguments)
        .arg("--data")
        .arg(data)
        .stdin(Stdio::null());
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("PAPIERLOS_") {
            command.env_remove(&name);
        }
    }
    command
}

fn run(data: &Path, folder: &Path, more: &[&str]) -> Output {
    let mut command = papierlos(data, &["import", "--json"]);
    command
        .arg(folder)
        .args(more)
        .output()
        .expect("the binary starts")
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// What an import said, by path.
struct Lines {
    code: Option<i32>,
    said: String,
    order: Vec<String>,
    of: BTreeMap<String, Value>,
}

impl Lines {
    fn of(output: &Output) -> Lines {
        let text = String::from_utf8(output.stdout.clone()).expect("UTF-8");
        let lines = text.lines().map(|line| {
            let line: Value = serde_json::from_str(line).expect("a line of JSON");
            (line["path"].as_str().expect("a path").to_owned(), line)
        });
        let lines: Vec<_> = lines.collect();
        Lines {
            code: output.status.code(),
            said: said(output),
            order: lines.iter().map(|(path, _)| path.clone()).collect(),
            of: lines.into_iter().collect(),
        }
    }

    fn outcome(&self, path: &str) -> &str {
        self.of
            .get(path)
            .and_then(|line| line["outcome"].as_str())
            .unwrap_or("(no line)")
    }

    fn document(&self, path: &str) -> &str {
        self.of
            .get(path)
            .and_then(|line| line["document"].as_str())
            .unwrap_or("(no document)")
    }

    fn count(&self, outcome: &str) -> usize {
        self.of
            .values()
            .filter(|line| line["outcome"] == outcome)
            .count()
    }
}

fn write(folder: &Path, path: &str, content: impl AsRef<[u8]>) {
    let whole = folder.join(path);
    fs::create_dir_all(whole.parent().expect("a folder")).expect("a folder");
    fs::write(whole, content).expect("written");
}

fn many(folder: &Path, count: usize) {
    for number in 0..count {
        let text = format!("Schreiben Nummer {number} an das Bürgerbüro");
        write(
            folder,
            &format!("{:02}/{number:05}.pdf", number % 10),
            unique_pdf(&text),
        );
    }
}

#[test]
fn what_lies_in_a_folder_is_filed_once_and_said_path_by_path() {
    let (archive, folder) = (Archive::new(), TempDir::new().expect("a folder"));
    let root = folder.path();
    let letter = unique_pdf("Antrag auf Bewohnerparkausweis");
    write(root, "b/brief.pdf", &letter);
    write(root, "a/notiz.txt", "Rückruf erbeten");
    write(root, "b/.DS_Store", "x");
    write(root, "leer.pdf", "");
    symlink("/etc/passwd", root.join("fremd.txt")).expect("a link");
    let first = archive.import(root, &[]);
    assert_eq!(
        first.order,
        [
            "a/notiz.txt",
            "b/.DS_Store",
            "b/brief.pdf",
            "fremd.txt",
            "leer.pdf"
        ]
    );
    assert_eq!(first.code, Some(1), "some were refused: {}", first.said);
    assert_eq!(first.outcome("b/brief.pdf"), "filed");
    assert_eq!(first.outcome("a/notiz.txt"), "filed");
    assert_eq!(first.of["b/brief.pdf"]["bytes"], letter.len());
    assert!(first.of["b/brief.pdf"]["seq"].is_u64());
    assert_eq!(
        first.of["b/brief.pdf"]["hash"].as_str().map(str::len),
        Some(64)
    );
    for refused in ["b/.DS_Store", "fremd.txt", "leer.pdf"] {
        assert_eq!(first.outcome(refused), "refused");
        assert!(first.of[refused]["reason"].is_string());
    }
    let second = archive.import(root, &[]);
    for path in ["b/brief.pdf", "a/notiz.txt"] {
        assert_eq!(second.outcome(path), "already");
        assert_eq!(second.document(path), first.document(path));
    }
}

#[test]
fn the_same_content_under_another_name_is_a_document_of_its_own_that_names_the_other() {
    let (archive, folder) = (Archive::new(), TempDir::new().expect("a folder"));
    let root = folder.path();
    let letter = unique_pdf("Einladung zur Sitzung");
    write(root, "1.pdf", &letter);
    let first = archive.import(root, &[]);
    assert_eq!((first.code, first.outcome("1.pdf")), (Some(0), "filed"));
    write(root, "2.pdf", &letter);
    let second = archive.import(root, &[]);
    assert_eq!(
        (second.outcome("1.pdf"), second.outcome("2.pdf")),
        ("already", "duplicate")
    );
    assert_eq!(
        second.of["2.pdf"]["duplicates"],
        serde_json::json!([first.document("1.pdf")])
    );
    assert_eq!(second.code, Some(0), "a duplicate is not refused");
}

#[test]
fn a_person_is_told_in_german_what_became_of_a_folder() {
    let (archive, folder) = (Archive::new(), TempDir::new().expect("a folder"));
    let root = folder.path();
    let letter = unique_pdf("Antrag auf Wohngeld");
    write(root, "1.pdf", &letter);
    write(root, "leer.pdf", "");
    archive.import(root, &[]);
    write(root, "2.pdf", &letter);
    let mut command = archive.papierlos(&["import"]);
    let output = command.arg(root).output().expect("the binary starts");
    assert_eq!(output.status.code(), Some(1), "{}", said(&output));
    assert_eq!(
        String::from_utf8_lossy(&output.stdout),
        "2.pdf: abgelegt, mit demselben Inhalt wie 1 anderes Dokument\n\
         1 abgelegt (davon 1 mit Inhalt, den es schon gab), 1 schon da, 1 zurückgewiesen\n"
    );
    let complained = said(&output);
    for line in [
        "papierlos: leer.pdf: nicht abgelegt: leer\n",
        "papierlos: 1 zurückgewiesen\n",
    ] {
        assert!(complained.contains(line), "{complained}");
    }
}

#[test]
fn two_of_the_same_name_and_content_are_two_documents_in_every_run() {
    let (archive, folder) = (Archive::new(), TempDir::new().expect("a folder"));
    let letter = unique_pdf("Merkblatt");
    for path in ["a/merkblatt.pdf", "b/merkblatt.pdf"] {
        write(folder.path(), path, &letter);
    }
    let first = archive.import(folder.path(), &[]);
    assert_eq!(
        (
            first.count("filed") + first.count("duplicate"),
            first.count("already")
        ),
        (2, 0)
    );
    assert_ne!(
        first.document("a/merkblatt.pdf"),
        first.document("b/merkblatt.pdf")
    );
    let second = archive.import(folder.path(), &[]);
    assert_eq!(second.count("already"), 2);
    assert_ne!(
        second.document("a/merkblatt.pdf"),
        second.document("b/merkblatt.pdf")
    );
}

#[test]
fn what_was_filed_without_its_umlauts_is_not_filed_again_with_them() {
    let (archive, folder) = (Archive::new(), TempDir::new().expect("a folder"));
    let old = folder.path().join(OsStr::from_bytes(b"Gr\xfc\xdfe.pdf"));
    // So an earlier version read the name.
    write(
        folder.path(),
        "Gre.pdf",
        unique_pdf("Grüße aus dem Bürgerbüro"),
    );
    assert_eq!(
        archive.import(folder.path(), &[]).outcome("Gre.pdf"),
        "filed"
    );
    fs::rename(folder.path().join("Gre.pdf"), old).expect("renamed");
    let again = archive.import(folder.path(), &[]);
    assert_eq!((again.count("already"), again.of.len()), (1, 1));
}

#[test]
fn a_dry_run_says_what_would_happen_and_files_nothing() {
    let (archive, folder) = (Archive::new(), TempDir::new().expect("a folder"));
    let letter = unique_pdf("Probe");
    write(folder.path(), "1.pdf", &letter);
    write(folder.path(), "2.pdf", &letter);
    let dry = archive.import(folder.path(), &["--dry-run"]);
    assert_eq!(
        (dry.count("filed"), dry.count("duplicate"), dry.code),
        (1, 1, Some(0))
    );
    assert!(dry.of["1.pdf"].get("document").is_none());
    let wet = archive.import(folder.path(), &[]);
    assert_eq!(wet.count("already"), 0, "nothing was filed by the dry run");
    let dry = archive.import(folder.path(), &["--dry-run"]);
    assert_eq!(dry.count("already"), 2);
}

#[test]
fn wrong_usage_and_a_missing_folder_have_codes_of_their_own() {
    let (archive, folder) = (Archive::new(), TempDir::new().expect("a folder"));
    let code = |more: &[&str]| run(archive.data.path(), folder.path(), more).status.code();
    assert_eq!(code(&["--department", "kein-amt"]), Some(3));
    assert_eq!(code(&["--as", "niemand"]), Some(3));
    assert_eq!(code(&["--no-such-option"]), Some(3));
    let gone = folder.path().join("gone");
    assert_eq!(run(archive.data.path(), &gone, &[]).status.code(), Some(2));
}

#[test]
fn metadata_beside_content_describe_it_and_wrong_ones_are_named() {
    let (archive, folder) = (Archive::new(), TempDir::new().expect("a folder"));
    let root = folder.path();
    write(root, "gut.pdf", unique_pdf("Antrag"));
    write(
        root,
        "gut.pdf.metadata.json",
        r#"{"title":"Antrag auf Wohngeld","type":"Antrag","document_date":"2026-03-02"}"#,
    );
    write(root, "schlecht.pdf", unique_pdf("Antrag"));
    write(
        root,
        "schlecht.pdf.metadata.json",
        r#"{"document_date":"gestern"}"#,
    );
    write(root, "unsinn.pdf", unique_pdf("Antrag"));
    write(root, "unsinn.pdf.metadata.json", r#"{"titel":"vertippt"}"#);
    let lines = archive.import(root, &["--tag", "Altbestand"]);
    assert_eq!(lines.order, ["gut.pdf", "schlecht.pdf", "unsinn.pdf"]);
    assert_eq!(lines.outcome("gut.pdf"), "filed");
    let reason = |path: &str| {
        lines.of[path]["reason"]
            .as_str()
            .unwrap_or_default()
            .to_owned()
    };
    assert!(
        reason("schlecht.pdf").contains("/document_date"),
        "{}",
        reason("schlecht.pdf")
    );
    assert!(
        reason("unsinn.pdf").contains("titel"),
        "{}",
        reason("unsinn.pdf")
    );
    // Once put right, it is filed by the next run, and nothing else is.
    write(
        root,
        "schlecht.pdf.metadata.json",
        r#"{"document_date":"2026-03-02"}"#,
    );
    let again = archive.import(root, &["--tag", "Altbestand"]);
    assert_eq!(again.outcome("gut.pdf"), "already");
    assert_eq!(again.outcome("schlecht.pdf"), "filed");
}

/// Starts an import and reads lines until so many were filed.
fn begin(data: &Path, folder: &Path, lines: usize) -> (Child, usize) {
    let mut child = papierlos(data, &["import", "--json"])
        .arg(folder)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("the binary starts");
    let stdout = child.stdout.take().expect("a pipe");
    let read = BufReader::new(stdout)
        .lines()
        .take(lines)
        .map_while(Result::ok)
        .count();
    (child, read)
}

fn kill(child: &mut Child) {
    child.kill().expect("a child of ours can be killed");
    child.wait().expect("a killed child ends");
}

#[test]
fn killed_in_the_middle_and_run_again_nothing_is_missing_and_nothing_twice() {
    const COUNT: usize = 120;
    let (archive, folder) = (Archive::new(), TempDir::new().expect("a folder"));
    many(folder.path(), COUNT);
    for lines in [1, 17, 40] {
        let (mut child, read) = begin(archive.data.path(), folder.path(), lines);
        assert_eq!(read, lines);
        kill(&mut child);
    }
    let rest = archive.import(folder.path(), &[]);
    assert_eq!(rest.code, Some(0), "{}", rest.said);
    assert_eq!(rest.count("filed") + rest.count("already"), COUNT);
    assert!(
        rest.count("already") >= 40,
        "what was said to be filed is filed"
    );
    let mut documents: Vec<_> = rest.order.iter().map(|path| rest.document(path)).collect();
    documents.sort_unstable();
    documents.dedup();
    assert_eq!(documents.len(), COUNT);
    assert_eq!(archive.import(folder.path(), &[]).count("already"), COUNT);
}

#[test]
fn told_to_end_it_finishes_what_it_began_and_says_so() {
    let (archive, folder) = (Archive::new(), TempDir::new().expect("a folder"));
    many(folder.path(), 150);
    let mut child = papierlos(archive.data.path(), &["import", "--json"])
        .arg(folder.path())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the binary starts");
    let mut lines = BufReader::new(child.stdout.take().expect("a pipe")).lines();
    assert!(lines.next().is_some());
    let pid = child.id().to_string();
    let told = Command::new("sh")
        .args(["-c", "kill -INT \"$0\"", &pid])
        .status();
    assert!(told.is_ok_and(|status| status.success()));
    let before = 1 + lines.map_while(Result::ok).count();
    let output = child.wait_with_output().expect("it ends");
    assert!(before < 150, "it was told to end long before");
    assert_eq!(output.status.code(), Some(1), "{}", said(&output));
    assert!(
        said(&output).contains("noch einmal starten für den Rest"),
        "{}",
        said(&output)
    );
    let rest = archive.import(folder.path(), &[]);
    assert_eq!(
        (rest.count("already"), rest.count("filed")),
        (before, 150 - before)
    );
}

#[tokio::test]
async fn beside_a_running_server_what_was_imported_is_found() {
    let Some(app) = TestApp::start().await else {
        return;
    };
    let added = app
        .command(&[
            "user",
            "add",
            "anna",
            "--name",
            "Anna Alt",
            "--role",
            "clerk",
            "--department",
            "buergerbuero",
            "--no-password",
        ])
        .await;
    assert!(added.status.success(), "{}", said(&added));
    let token = app.command(&["user", "token", "anna"]).await;
    assert!(token.status.success(), "{}", said(&token));
    let token = String::from_utf8_lossy(&token.stdout).trim().to_owned();
    let folder = TempDir::new().expect("a folder");
    write(
        folder.path(),
        "fund.pdf",
        unique_pdf("Fundsache Regenschirm aus dem Linienbus"),
    );
    many(folder.path(), 20);
    let path = folder.path().to_string_lossy().into_owned();
    let imported = app
        .command(&["import", &path, "--json", "--as", "anna", "--tag", "Probe"])
        .await;
    let lines = Lines::of(&imported);
    assert_eq!(
        (lines.code, lines.count("filed")),
        (Some(0), 21),
        "{}",
        lines.said
    );
    let client = app.with_token(&token);
    wait_until("found by a word inside it", async || {
        let query = [("q", "Regenschirm"), ("tag", "Probe")];
        let answer = client
            .get_with("/api/v1/search", &query)
            .await
            .is(200)
            .json();
        answer["items"][0]["id"] == lines.document("fund.pdf")
    })
    .await;
    let document = client
        .get(&format!("/api/v1/documents/{}", lines.document("fund.pdf")))
        .await;
    let document = document.is(200).json();
    assert_eq!(document["channel"], "import");
    assert_eq!(document["title"], "fund");
    assert_eq!(document["content"]["media_type"], "application/pdf");
    let again = Lines::of(
        &app.command(&["import", &path, "--json", "--as", "anna"])
            .await,
    );
    assert_eq!(again.count("already"), 21);
}

#[tokio::test]
async fn who_may_not_file_in_a_department_cannot_import_into_it() {
    let Some(app) = TestApp::start().await else {
        return;
    };
    for (login, department) in [("anna", "buergerbuero"), ("bernd", "kaemmerei")] {
        let added = app
            .command(&[
                "user",
                "add",
                login,
                "--name",
                "Jemand",
                "--role",
                "clerk",
                "--department",
                department,
                "--no-password",
            ])
            .await;
        assert!(added.status.success(), "{}", said(&added));
    }
    let folder = TempDir::new().expect("a folder");
    write(folder.path(), "a.pdf", unique_pdf("Haushalt"));
    write(folder.path(), "b.pdf", unique_pdf("Haushalt"));
    write(
        folder.path(),
        "b.pdf.metadata.json",
        r#"{"department":"kaemmerei"}"#,
    );
    let path = folder.path().to_string_lossy().into_owned();
    let other = app
        .command(&[
            "import",
            &path,
            "--json",
            "--as",
            "anna",
            "--department",
            "kaemmerei",
        ])
        .await;
    assert_eq!(other.status.code(), Some(3), "{}", said(&other));
    let lines = Lines::of(
        &app.command(&["import", &path, "--json", "--as", "anna"])
            .await,
    );
    assert_eq!(
        (lines.outcome("a.pdf"), lines.outcome("b.pdf")),
        ("filed", "refused")
    );
}

#[test]
fn a_biometric_record_is_refused_and_the_rest_is_filed() {
    let (archive, folder) = (Archive::new(), TempDir::new().expect("a folder"));
    let root = folder.path();
    write(root, "antrag.pdf", unique_pdf("Antrag auf einen Ausweis"));
    write(root, "finger.pdf", b"FMR\x00030\0\0\0\x01\x40 and more");
    let looked = archive.import(root, &["--dry-run"]);
    assert_eq!(looked.outcome("finger.pdf"), "refused", "{}", looked.said);
    for _ in 0..2 {
        let run = archive.import(root, &[]);
        assert_eq!(run.code, Some(1), "{}", run.said);
        assert_eq!(run.outcome("finger.pdf"), "refused");
        assert!(run.of["finger.pdf"]["reason"].is_string());
        assert_ne!(run.document("antrag.pdf"), "(no document)");
    }
    let mut command = archive.papierlos(&["check", "--deep"]);
    let output = command.output().expect("the binary starts");
    let found = String::from_utf8_lossy(&output.stdout);
    assert!(!found.contains("biometric-"), "{found}");
}
