//! The office program, where this machine has it.

/// Where Debian puts it.
pub const PROGRAM: &str = "/usr/lib/libreoffice/program/soffice.bin";
/// The setting that names it. A server of a test has none, unless its test is about that: to start it takes
/// a while, and documents of an office are in many tests.
pub const VARIABLE: &str = "PAPIERLOS_EXTRACT_OFFICE_PROGRAM";

/// Whether documents of an office can be converted here. Where not, a line says so; in CI that is a failure.
///
/// # Panics
/// In CI when LibreOffice is missing.
#[must_use]
pub fn has_libreoffice() -> bool {
    if std::path::Path::new(PROGRAM).exists() {
        return true;
    }
    assert!(
        std::env::var("CI").as_deref() != Ok("true"),
        "in CI nothing is skipped: {PROGRAM} is missing"
    );
    eprintln!("skipped: LibreOffice: {PROGRAM} is missing");
    false
}
