//! What a process that runs for months tells the allocator of its system: to give back what is free.
//!
//! Left to itself glibc makes room of its own for each thread that is busy, and puts a buffer as long as a page's
//! picture there once one was freed; what is free there it keeps. Twelve threads that take and give back buffers of 1
//! to 10 MB kept 120 MB for good; told this, they kept 6 MB. It reads these once, when a process begins.

use std::ffi::OsString;
use std::os::unix::process::CommandExt as _;
use std::process::Command;

use crate::config;

/// The variable by which it is seen that somebody has told it something: then that holds.
const ARENAS: &str = "MALLOC_ARENA_MAX";
/// Room for four at a time; what is longer than a mebibyte for itself, so that it goes back at once; and at most
/// four mebibytes that are free at the end of each room.
const TOLD: [(&str, &str); 3] = [
    (ARENAS, "4"),
    ("MALLOC_MMAP_THRESHOLD_", "1048576"),
    ("MALLOC_TRIM_THRESHOLD_", "4194304"),
];
/// The commands that run until somebody ends them.
const STAYING: [&str; 2] = ["serve", "demo"];

/// Begins this process anew with the same arguments, under the same number, where it will stay and nobody has told
/// the allocator anything. Where that cannot be done it goes on as it is: it is about memory alone.
///
/// Must be called before any thread is started and anything is opened.
pub(super) fn begin_anew() {
    let mut arguments = std::env::args_os();
    let name = arguments.next().unwrap_or_default();
    let arguments: Vec<OsString> = arguments.collect();
    if !stays(&arguments) || config::is_in_environment(ARENAS) {
        return;
    }
    let Ok(program) = std::env::current_exe() else {
        return;
    };
    let mut again = Command::new(program);
    again.arg0(name).args(arguments).envs(TOLD);
    // It comes back only where it could not.
    let _went_on = again.exec();
}

fn stays(arguments: &[OsString]) -> bool {
    let named = |command: &str| arguments.iter().any(|one| one.as_os_str() == command);
    STAYING.into_iter().any(named)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_stays_begins_anew() {
        let check = |words: &[&str], expect: bool| {
            let words: Vec<OsString> = words.iter().map(OsString::from).collect();
            assert_eq!(stays(&words), expect, "{words:?}");
        };
        check(&["serve", "--listen", "127.0.0.1:0"], true);
        check(&["--config", "papierlos.toml", "serve"], true);
        check(&["demo"], true);
        check(&["import", "ordner"], false);
        check(&[], false);
    }
}
