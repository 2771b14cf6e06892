//! veraPDF, which says whether a PDF keeps its standard.

use std::path::{Path, PathBuf};
use std::process::Command;

/// What the script ends with where veraPDF cannot be had.
const ABSENT: i32 = 75;

/// What became of files that were judged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// Whether each of them keeps the standard, in the order in which they were given.
    pub passed: Vec<bool>,
    /// All that was said.
    pub said: String,
}

/// Has files judged by a flavour such as `2u`: all in one call, for it is slow to start. `None`: veraPDF is not
/// here, and a line says so; in CI that is a failure.
///
/// # Panics
/// In CI when veraPDF is missing, and where it does not judge every file.
#[must_use]
pub fn judge(flavour: &str, files: &[PathBuf]) -> Option<Verdict> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../scripts/verapdf.sh");
    let output = Command::new(script).arg(flavour).args(files).output();
    let output = output.expect("the script starts");
    if output.status.code() == Some(ABSENT) {
        let why = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(
            std::env::var("CI").as_deref() != Ok("true"),
            "in CI nothing is skipped: {why}"
        );
        eprintln!("skipped: veraPDF: {why}");
        return None;
    }
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let passed = files.iter().map(|file| {
        let file = file.display().to_string();
        let verdict = said.lines().find_map(|line| {
            let (verdict, about) = line.split_once(' ')?;
            (about == file).then_some(verdict)
        });
        match verdict {
            Some("PASS") => true,
            Some("FAIL") => false,
            other => unreachable!("veraPDF said {other:?} of {file}: {said}"),
        }
    });
    let passed = passed.collect();
    Some(Verdict { passed, said })
}
