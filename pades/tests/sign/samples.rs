//! Every sample PDF of the repository is signed, and judged by others.

use std::path::{Path, PathBuf};
use std::process::Command;

use pades::sign::{Appearance, At, Kind, Pdf, Place, Rect, sign};

use crate::data;
use crate::judges;

fn pdfs(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            pdfs(&path, found);
        } else if path.extension().is_some_and(|ending| ending == "pdf") {
            found.push(path);
        }
    }
}

fn text(file: &Path) -> Vec<u8> {
    let output = Command::new("pdftotext")
        .arg(file)
        .arg("-")
        .output()
        .unwrap();
    output.stdout
}

/// Signs by strokes at the foot of the first page, and again, unseen.
fn signed(bytes: Vec<u8>) -> Pdf {
    let pdf = Pdf::open(bytes).unwrap();
    let mut field = data::field("Unterschrift");
    field.place = Place::On {
        page: 1,
        rect: Rect {
            left: 30.0,
            bottom: 20.0,
            width: 120.0,
            height: 40.0,
        },
    };
    let strokes = data::strokes();
    let appearance = Appearance::Strokes(&strokes);
    let prepared = data::prepare(&pdf, At::New(&field), Kind::Signature, appearance);
    let cms = sign(&prepared, &data::signer("seal")).unwrap();
    let once = prepared.complete(&cms).unwrap();
    let field = data::unseen("Siegel");
    let prepared = data::prepare(&once, At::New(&field), Kind::Signature, Appearance::Nothing);
    let cms = sign(&prepared, &data::signer("sealrsa")).unwrap();
    prepared.complete(&cms).unwrap()
}

#[test]
fn every_sample_is_signed_twice_and_says_the_same() {
    if !data::has("pdfsig") || !data::has("qpdf") || !data::has("pdftotext") {
        return;
    }
    let mut samples = Vec::new();
    for folder in ["indexer/tests/data", "tests/data"] {
        pdfs(&data::root().join(folder), &mut samples);
    }
    samples.sort();
    assert!(samples.len() > 20);
    let place = tempfile::tempdir().unwrap();
    let mut files = Vec::new();
    let mut wrong = Vec::new();
    for sample in &samples {
        let bytes = std::fs::read(sample).unwrap();
        let pdf = signed(bytes.clone());
        assert!(pdf.bytes().starts_with(&bytes));
        let file = place.path().join(sample.file_name().unwrap());
        std::fs::write(&file, pdf.bytes()).unwrap();
        assert_eq!(text(&file), text(sample), "{}", sample.display());
        let checks = |file: &Path| {
            let output = Command::new("qpdf").arg("--check").arg(file).output();
            output.unwrap().status.success()
        };
        // Some samples are not as they should be before, and no worse afterwards.
        if checks(sample) && !checks(&file) {
            wrong.push(format!("qpdf: {}", sample.display()));
        }
        let output = Command::new("pdfsig").arg("-nocert").arg(&file).output();
        let said = data::said(&output.unwrap());
        if said.matches("Signature is Valid").count() != 2 {
            wrong.push(format!("pdfsig: {}: {said}", sample.display()));
        }
        files.push(file);
    }
    if let Some(verdicts) = judges::pyhanko(&files) {
        for (file, verdict) in &verdicts {
            let signatures = verdict["signatures"].as_array();
            let good = signatures.is_some_and(|signatures| {
                signatures.len() == 2
                    && signatures
                        .iter()
                        .all(|signature| signature["now"]["good"] == true)
            });
            if !good {
                wrong.push(format!("pyHanko: {file}: {verdict:#}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
