//! `papierlos serve`

use clap::Args;

use super::{Ended, Failure, MISSING, say};
use crate::app::Server;
use crate::archive::lock_beside_database;
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
        let settings = config.clone();
        actix_web::rt::System::new().block_on(async move {
            let server = Server::open(config)
                .await
                .map_err(|error| Failure::of(MISSING, &error))?;
            if lock_beside_database(&settings) {
                let lock = settings.log.lock_dir.display();
                tracing::warn!(
                    %lock,
                    "The lock of the log lies on the disk of the database: where both are set back, nothing tells it. Set log.lock_dir to another disk"
                );
            }
            let key = server.archive().publication.verifier();
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
