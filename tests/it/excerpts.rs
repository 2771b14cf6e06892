//! The readable history of a case: what it says, to whom, and what judges say of it.

use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};
use tempfile::TempDir;
use tests::town::{OWN, Town, add, id_of};
use tests::{Answer, verapdf};

use crate::workflows::{Office, post, seen, step};

/// The text of a PDF, as another program reads it, each run of blanks as one.
fn text_of(pdf: &Path) -> String {
    let output = Command::new("pdftotext")
        .args(["-enc", "UTF-8"])
        .arg(pdf)
        .arg("-")
        .output()
        .expect("pdftotext of Debian's package poppler-utils");
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn path_of(case: &Answer) -> String {
    format!("/api/v1/cases/{}/history.pdf", id_of(case))
}

/// A letter that was looked through with a note, and finally signed.
async fn signed(office: &Office) -> (Answer, Answer) {
    let town = office.town();
    let (flow, document, case) = office.begun().await;
    let done = json!({"outcome": "done", "note": "Ohne Einwände"});
    post(&town.clerk(), &step(&flow, 1, "complete"), Some(&done))
        .await
        .is(200);
    let signed = json!({"seen": seen(office.head(), &document).await});
    post(office.head(), &step(&flow, 2, "complete"), Some(&signed))
        .await
        .is(200);
    (document, case)
}

/// The looks of this kind in the second log, as the command exports nothing of it: by the interface for auditors.
async fn looks_at(town: &Town, case: &Answer) -> Vec<Value> {
    let path = format!("/api/v1/cases/{}/looks", id_of(case));
    let shown = town.auditor().get(&path).await.is(200).json();
    shown["items"].as_array().cloned().unwrap_or_default()
}

#[tokio::test]
async fn a_case_is_written_out_with_its_slip_its_versions_and_its_proofs() {
    let Some(office) = Office::open().await else {
        return;
    };
    let town = office.town();
    let (document, case) = signed(&office).await;
    let shown = town.auditor().get(&path_of(&case)).await.is(200);
    assert_eq!(shown.media_type(), Some("application/pdf"));
    let folder = TempDir::new().expect("a temporary folder");
    let pdf = folder.path().join("auszug.pdf");
    std::fs::write(&pdf, &shown.body).expect("a file");
    let text = text_of(&pdf);
    let path = format!("/api/v1/documents/{}", id_of(&document));
    let read = town.auditor().get(&path).await.is(200).json();
    let sha256 = read["content"]["sha256"]
        .as_str()
        .expect("a digest")
        .to_owned();
    let reference = case.json()["reference"]
        .as_str()
        .expect("a reference")
        .to_owned();
    for word in [
        "Aktenauszug",
        reference.as_str(),
        "Schreiben an Beispiel",
        "Entwurf",
        "Schlusszeichnung",
        "Ohne Einwände",
        "m.brandt",
        "l.heide",
        "Ein Umlauf hat begonnen.",
        "papierlos verify --receipts",
    ] {
        assert!(text.contains(word), "{word}: {text}");
    }
    // The whole digest stands in the appendix, on as many lines as it takes.
    let joined: String = text.split_whitespace().collect();
    assert!(joined.contains(&sha256), "{sha256}: {text}");
    for flavour in ["2a", "ua1"] {
        if let Some(verdict) = verapdf::judge(flavour, std::slice::from_ref(&pdf)) {
            assert_eq!(verdict.passed, [true], "{flavour}: {}", verdict.said);
        }
    }
    let told = looks_at(town, &case).await;
    assert!(
        told.iter().any(|one| one["action"] == "case.export"),
        "{told:?}"
    );
}

#[tokio::test]
async fn an_excerpt_shows_what_its_reader_may_see() {
    let Some(office) = Office::open().await else {
        return;
    };
    let town = office.town();
    let (_, case) = signed(&office).await;
    town.other()
        .get(&path_of(&case))
        .await
        .is_problem(404, "not-found");
    let colleague = add(&town.app, "c.kollegin", "clerk", Some(OWN)).await;
    let colleague = town.app.with_token(&colleague);
    colleague.get(&path_of(&case)).await.is(200);
    let missing = "/api/v1/cases/01922f3c-0000-7000-8000-000000000000/history.pdf";
    town.clerk().get(missing).await.is_problem(404, "not-found");
}

#[tokio::test]
async fn the_command_writes_the_same_kind_of_file_once() {
    let Some(office) = Office::open().await else {
        return;
    };
    let town = office.town();
    let (_, case) = signed(&office).await;
    let reference = case.json()["reference"]
        .as_str()
        .expect("a reference")
        .to_owned();
    let folder = TempDir::new().expect("a temporary folder");
    let out = folder.path().join("auszug.pdf").display().to_string();
    let arguments = ["export", "--case", &reference, "--out", &out];
    let written = town.app.command(&arguments).await;
    assert!(written.status.success(), "{written:?}");
    let text = text_of(Path::new(&out));
    assert!(
        text.contains("Aktenauszug") && text.contains(&reference),
        "{text}"
    );
    let again = town.app.command(&arguments).await;
    assert_eq!(again.status.code(), Some(2), "{again:?}");
    let unknown = ["export", "--case", "gibt/es/nicht", "--out", "/dev/null"];
    let unknown = town.app.command(&unknown).await;
    assert_eq!(unknown.status.code(), Some(3), "{unknown:?}");
}
