//! What a report on paper finds that the archive and its keys cannot hide: the PDF itself, and pictures of it as a
//! scanner makes them.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;
use tests::Engine;

use super::{expect, expect_with};
use crate::at_rest::{AtRest, Forge, secret};

/// The report of an archive as it was printed, and scans of it: as PNG, JPEG and TIFF.
async fn printed(archive: &AtRest, folder: &Path) -> Vec<PathBuf> {
    let pdf = folder.join("report.pdf");
    let out = pdf.to_str().expect("a path");
    let copy = archive.copy().await;
    let written = copy.papierlos(&["log", "report", "--out", out]);
    assert!(written.status.success(), "{written:?}");
    let mut all = vec![pdf.clone()];
    for (format, ending) in [("-png", "png"), ("-jpeg", "jpg"), ("-tiff", "tif")] {
        let scan = folder.join(ending);
        let drawn = Command::new("pdftoppm")
            .args(["-r", "200", "-singlefile", format])
            .args([&pdf, &scan])
            .output();
        let drawn = drawn.expect("pdftoppm of Debian's package poppler-utils");
        assert!(drawn.status.success(), "{drawn:?}");
        all.push(scan.with_extension(ending));
    }
    all
}

fn since(path: &Path) -> [&str; 2] {
    ["--since", path.to_str().expect("a path")]
}

#[tokio::test]
async fn a_filed_report_finds_a_past_that_was_rewritten_with_the_key() {
    let Some(archive) = AtRest::on(Engine::of_this_run()).await else {
        return;
    };
    let folder = TempDir::new().expect("a temporary folder");
    let sheets = printed(&archive, folder.path()).await;

    let copy = archive.copy().await;
    for sheet in &sheets {
        let honest = format!("an honest log and {}", sheet.display());
        expect_with(&archive, &copy, &honest, &since(sheet), &[]);
    }

    let copy = archive.copy().await;
    let database = copy.database().await;
    let mut forge = Forge::open(&database, "audit").await;
    let seq = forge.find("document.receive");
    forge.edit(seq, "actor", "01890000-0000-7000-8000-000000000001");
    forge.relink();
    forge.write(&database).await;
    forge.publish(&copy, archive.signed, &secret(&copy));
    drop(database);
    let attack = "who acted, consistently and with the key";
    expect(&archive, &copy, attack, &[]);
    for sheet in &sheets {
        let found = format!("{attack}, by {}", sheet.display());
        let codes = ["fork-against-kept-checkpoint"];
        expect_with(&archive, &copy, &found, &since(sheet), &codes);
    }
}

#[tokio::test]
async fn what_holds_no_checkpoint_is_told_from_an_honest_log() {
    let Some(archive) = AtRest::on(Engine::of_this_run()).await else {
        return;
    };
    let folder = TempDir::new().expect("a temporary folder");
    let copy = archive.copy().await;
    // A separator sheet has a code, but not this one.
    let other = folder.path().join("trennblatt.pdf");
    let out = other.to_str().expect("a path");
    let written = copy.papierlos(&["sheets", "separator", "--out", out]);
    assert!(written.status.success(), "{written:?}");
    let broken = folder.path().join("kaputt.pdf");
    fs::write(&broken, b"%PDF-1.7 nothing").expect("a file");
    for (file, said) in [
        (&other, "ist kein Code mit einem Prüfpunkt zu lesen"),
        (&broken, "lässt sich nicht als Bericht lesen"),
    ] {
        let path = file.to_str().expect("a path");
        let refused = copy.papierlos(&["verify", "--since", path]);
        let told = String::from_utf8_lossy(&refused.stderr).into_owned();
        assert_eq!(refused.status.code(), Some(2), "{told}");
        assert!(told.contains(said) && told.contains(path), "{told}");
    }
}
