//! Another time for a server: libfaketime, where this machine has it.

use std::path::Path;

use crate::app::TestApp;

/// Where Debian puts it.
const LIBRARIES: [&str; 2] = [
    "/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1",
    "/usr/lib/aarch64-linux-gnu/faketime/libfaketimeMT.so.1",
];

pub(crate) fn library() -> Option<&'static str> {
    LIBRARIES.into_iter().find(|path| Path::new(path).exists())
}

/// Whether clocks can be moved here. Where not, a line says so; in CI that is a failure.
///
/// # Panics
/// In CI when libfaketime is missing.
#[must_use]
pub fn has_faketime() -> bool {
    if library().is_some() {
        return true;
    }
    assert!(
        std::env::var("CI").as_deref() != Ok("true"),
        "in CI nothing is skipped: libfaketime is missing"
    );
    eprintln!("skipped: another time: libfaketime is missing");
    false
}

/// Ends the server and starts it again so many days later.
///
/// # Panics
/// When it does not end or start.
pub fn days_later(app: &mut TestApp, days: u32) {
    assert!(app.stop().success(), "the server ends");
    app.set("LD_PRELOAD", library().unwrap_or_default());
    app.set("FAKETIME", &format!("+{days}d"));
    // What waits for a while goes on by the clock of the machine.
    app.set("FAKETIME_DONT_FAKE_MONOTONIC", "1");
    app.resume();
}
