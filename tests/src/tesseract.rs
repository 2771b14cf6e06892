//! The recognition program, where this machine has it.

/// Where Debian puts it; the server looks there too.
const PROGRAM: &str = "/usr/bin/tesseract";

/// Whether scans can be read here. Where not, a line says so; in CI that is a failure.
///
/// # Panics
/// In CI when tesseract is missing.
#[must_use]
pub fn has_tesseract() -> bool {
    if std::path::Path::new(PROGRAM).exists() {
        return true;
    }
    assert!(
        std::env::var("CI").as_deref() != Ok("true"),
        "in CI nothing is skipped: {PROGRAM} is missing"
    );
    eprintln!("skipped: tesseract: {PROGRAM} is missing");
    false
}
