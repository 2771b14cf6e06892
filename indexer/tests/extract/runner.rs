//! The `main` of a test binary that is also the worker that it tests.
//!
//! It speaks as much of the language of test runners as they need: `--list`, a name, and `--exact`.

use std::process::ExitCode;

use indexer::extract;

/// A test and its name.
pub(crate) type Test = (&'static str, fn());

/// Is a worker where it was started as one; runs the tests that are asked for otherwise.
pub(crate) fn run(tests: &[Test]) -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if arguments
        .first()
        .is_some_and(|first| first == extract::WORKER_COMMAND)
    {
        return extract::worker_main();
    }
    if arguments
        .first()
        .is_some_and(|first| first == extract::RECOGNISE_COMMAND)
    {
        return extract::recognise_main();
    }
    if arguments
        .first()
        .is_some_and(|first| first == extract::CONVERT_COMMAND)
    {
        return extract::convert_main();
    }
    let has = |flag: &str| arguments.iter().any(|argument| argument == flag);
    if has("--list") {
        if !has("--ignored") {
            tests.iter().for_each(|(name, _)| println!("{name}: test"));
        }
        return ExitCode::SUCCESS;
    }
    let names: Vec<&String> = arguments.iter().filter(|it| !it.starts_with('-')).collect();
    let chosen = |name: &str| {
        names.is_empty()
            || names.iter().any(|it| {
                if has("--exact") {
                    *it == name
                } else {
                    name.contains(*it)
                }
            })
    };
    let mut failed = 0;
    for (name, test) in tests.iter().filter(|(name, _)| chosen(name)) {
        let passed = std::panic::catch_unwind(test).is_ok();
        println!("test {name} ... {}", if passed { "ok" } else { "FAILED" });
        failed += usize::from(!passed);
    }
    if failed == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
