//! Every sample PDF of the repository is signed, and judged by others.

use std::path::{Path, PathBuf};
use std::process::Command;

use pades::sign::{
    Appearance, At, Kind, NewField, Pdf, Place, PrepareError, Prepared, RESERVE_BYTES, Rect,
    Request, sign,
};

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

/// Signs by strokes at the foot of the first page, and again, unseen; or says why not.
fn signed(bytes: Vec<u8>) -> Result<Pdf, String> {
    let said = |error: &dyn std::error::Error| {
        let cause = error.source().map(ToString::to_string);
        format!("{error}: {}", cause.unwrap_or_default())
    };
    let pdf = Pdf::open(bytes).map_err(|error| said(&error))?;
    let field = data::field("Unterschrift am Schalter");
    let seen = NewField {
        place: Place::On {
            page: 1,
            rect: Rect {
                left: 30.0,
                bottom: 20.0,
                width: 120.0,
                height: 40.0,
            },
        },
        ..field.clone()
    };
    let unseen = NewField {
        place: Place::Nowhere,
        ..field
    };
    let strokes = data::strokes();
    let request = Request {
        at: At::New(&seen),
        kind: Kind::Signature,
        appearance: Appearance::Strokes(&strokes),
        statement: &data::statement(),
        reserve_bytes: RESERVE_BYTES,
    };
    let prepared = match Prepared::new(&pdf, &request) {
        // A page as small as a stamp, or that begins elsewhere.
        Err(PrepareError::OutsidePage { .. }) => {
            let request = Request {
                at: At::New(&unseen),
                appearance: Appearance::Nothing,
                ..request
            };
            Prepared::new(&pdf, &request)
        }
        prepared => prepared,
    }
    .map_err(|error| said(&error))?;
    let cms = sign(&prepared, &data::signer("seal")).unwrap();
    let once = prepared.complete(&cms).map_err(|error| said(&error))?;
    let field = data::unseen("Siegel des Amtes");
    let prepared = data::prepare(&once, At::New(&field), Kind::Signature, Appearance::Nothing);
    let cms = sign(&prepared, &data::signer("sealrsa")).unwrap();
    prepared.complete(&cms).map_err(|error| said(&error))
}

/// What is wrong with the signed sample, by those who judge one file at a time.
fn wrong(sample: &Path, file: &Path) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut say = |judge: &str, what: &str| {
        wrong.push(format!("{judge}: {}: {what}", sample.display()));
    };
    if text(file) != text(sample) {
        say("pdftotext", "another text");
    }
    let checks = |file: &Path| {
        let output = Command::new("qpdf").arg("--check").arg(file).output();
        output.unwrap().status.success()
    };
    // Some samples are not as they should be before, and no worse afterwards.
    if checks(sample) && !checks(file) {
        say("qpdf", "worse");
    }
    let output = Command::new("pdfsig").arg("-nocert").arg(file).output();
    let said = data::said(&output.unwrap());
    if said.matches("Signature is Valid").count() < 2 {
        say("pdfsig", &said);
    }
    wrong
}

/// What pyHanko does not call good of those that it can read before.
fn pyhanko(samples: &[PathBuf], files: &[PathBuf]) -> Vec<String> {
    let Some(verdicts) = judges::pyhanko(files) else {
        return Vec::new();
    };
    samples
        .iter()
        .zip(files)
        .filter_map(|(sample, file)| {
            let verdict = &verdicts[file.to_str().unwrap()];
            let ours = verdict["signatures"]
                .as_array()
                .into_iter()
                .flatten()
                .filter(|signature| {
                    signature["field"] == "Unterschrift am Schalter"
                        || signature["field"] == "Siegel des Amtes"
                })
                .filter(|signature| signature["now"]["good"] == true)
                .count();
            (ours != 2).then(|| format!("pyHanko: {}: {verdict:#}", sample.display()))
        })
        .collect()
}

/// Signs all samples and has them judged: what is wrong, and which are refused.
fn judged(samples: Vec<PathBuf>) -> (Vec<String>, Vec<String>) {
    let place = tempfile::tempdir().unwrap();
    let (mut all_wrong, mut refused) = (Vec::new(), Vec::new());
    let (mut taken, mut files) = (Vec::new(), Vec::new());
    for (number, sample) in samples.into_iter().enumerate() {
        let bytes = std::fs::read(&sample).unwrap();
        match signed(bytes.clone()) {
            Err(why) => refused.push(format!("{}: {why}", sample.display())),
            Ok(pdf) => {
                assert!(pdf.bytes().starts_with(&bytes));
                let file = place.path().join(format!("{number}.pdf"));
                std::fs::write(&file, pdf.bytes()).unwrap();
                judges::keep(&format!("sample {number}"), pdf.bytes());
                all_wrong.extend(wrong(&sample, &file));
                files.push(file);
                taken.push(sample);
            }
        }
    }
    all_wrong.extend(pyhanko(&taken, &files));
    (all_wrong, refused)
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
    // Those that are locked are refused, and no others.
    let folder = data::root().join("indexer/tests/data/locked");
    let is_locked = |sample: &PathBuf| sample.starts_with(&folder);
    let (locked, open): (Vec<_>, Vec<_>) = samples.into_iter().partition(is_locked);
    assert!(!locked.is_empty());
    for sample in locked {
        let refused = signed(std::fs::read(&sample).unwrap());
        assert!(refused.is_err(), "{}", sample.display());
    }
    let (wrong, refused) = judged(open);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(refused.is_empty(), "{}", refused.join("\n"));
}

/// `PADES_SAMPLES=DIR` signs the PDFs of a folder of your own, and says which are refused.
#[test]
#[expect(clippy::disallowed_methods, reason = "tests have no settings")]
fn every_sample_of_your_own_is_signed_or_refused() {
    let Some(folder) = std::env::var_os("PADES_SAMPLES") else {
        return;
    };
    let mut samples = Vec::new();
    pdfs(Path::new(&folder), &mut samples);
    samples.sort();
    let all = samples.len();
    let (wrong, refused) = judged(samples);
    println!(
        "refused of {all}: {}\n{}",
        refused.len(),
        refused.join("\n")
    );
    assert!(
        wrong.is_empty(),
        "{} wrong\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}
