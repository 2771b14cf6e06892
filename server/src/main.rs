//! `papierlos`: one binary with subcommands.

use std::process::ExitCode;

fn main() -> ExitCode {
    // Before anything else: a worker must not carry anything of the server.
    let word = std::env::args_os().nth(1).unwrap_or_default();
    if word == indexer::extract::WORKER_COMMAND {
        return indexer::extract::worker_main();
    }
    if word == indexer::extract::RECOGNISE_COMMAND {
        return indexer::extract::recognise_main();
    }
    if word == indexer::extract::CONVERT_COMMAND {
        return indexer::extract::convert_main();
    }
    if word == server::signatures::WORKER_COMMAND {
        return server::signatures::work();
    }
    if word == server::signing::PREPARE_COMMAND {
        return server::signing::prepare_main();
    }
    server::cli::main()
}
