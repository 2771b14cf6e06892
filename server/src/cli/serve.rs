//! `papierlos serve`

use clap::Args;

use super::{Ended, Failure, MISSING, chain, say};
use crate::app::Server;
use crate::config::Config;

/// Runs the server.
#[derive(Debug, Args)]
pub(super) struct Serve {
    /// The address to listen on, such as 127.0.0.1:8080; port 0 takes a free one.
    #[arg(long, value_name = "ADDRESS")]
    listen: Option<String>,
    /// Prints one line of JSON with the address when it is ready.
    #[arg(long)]
    announce: bool,
}

impl Serve {
    pub(super) fn listen(&self) -> Option<String> {
        self.listen.clone()
    }

    pub(super) fn run(self, config: Config) -> Ended {
        let announce = self.announce;
        actix_web::rt::System::new().block_on(async move {
            let server = Server::open(config)
                .await
                .map_err(|error| Failure::new(MISSING, chain(&error)))?;
            server
                .run(|address| {
                    if announce {
                        say(&format!("{{\"listening\":\"{address}\"}}"));
                    } else {
                        tracing::info!(address, "Papierlos is ready");
                    }
                })
                .await
                .map_err(|error| Failure::new(MISSING, chain(&error)))
        })
    }
}
