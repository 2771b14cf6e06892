//! `papierlos serve`

use clap::Args;

use super::{Ended, Failure, MISSING, say};
use crate::app::Server;
use crate::config::Config;

#[derive(Debug, Args)]
pub(super) struct Serve {
    /// Wo er zu erreichen ist, etwa 127.0.0.1:8080; Port 0 nimmt einen freien.
    #[arg(long, value_name = "ADRESSE")]
    listen: Option<String>,
    /// Gibt eine Zeile JSON mit der Adresse aus, sobald er bereit ist.
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
                .map_err(|error| Failure::of(MISSING, &error))?;
            let key = server.archive().publication.signer.verifier();
            server
                .run(|address| {
                    // Whoever is to trust the log writes the key down when it is first said.
                    tracing::info!(address, %key, "Papierlos is ready");
                    if announce {
                        say(&format!("{{\"listening\":\"{address}\"}}"));
                    }
                })
                .await
                .map_err(|error| Failure::of(MISSING, &error))
        })
    }
}
