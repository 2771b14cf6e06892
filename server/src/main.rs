//! `papierlos`: one binary with subcommands.

use std::process::ExitCode;

fn main() -> ExitCode {
    // Before anything else: a worker must not carry anything of the server.
    if std::env::args_os()
        .nth(1)
        .is_some_and(|word| word == indexer::extract::WORKER_COMMAND)
    {
        return indexer::extract::worker_main();
    }
    server::cli::main()
}
