//! `papierlos witness`: for a second host, or the machine of the auditor; without archive and database.

use std::future::pending;
use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use actix_web::{App, HttpServer};
use clap::Args;
use tokio::signal::unix::{SignalKind, signal};

use super::{Ended, Failure, MISSING, USAGE, say, starting};
use crate::audit::NoteKey;
use crate::base::SystemClock;
use crate::witness::{Folder, Service, routes};

/// Longest time for the head of a request.
const HEAD_MAX: Duration = Duration::from_secs(10);
/// Connections at the same time.
const CONNECTIONS_MAX: usize = 256;
/// How long requests that were begun may take when it ends.
const FAREWELL_SECONDS: u64 = 10;

#[derive(Debug, Args)]
pub(super) struct Witness {
    /// Der Ordner des Zeugen: sein Schlüssel, und was er mitgezeichnet hat. Beim ersten Start wird er angelegt.
    #[arg(long, value_name = "ORDNER")]
    dir: PathBuf,
    /// Der öffentliche Schlüssel eines Protokolls, vom Papier; mehrfach möglich.
    #[arg(long = "log", value_name = "NAME+KENNUNG+SCHLÜSSEL", required = true)]
    logs: Vec<String>,
    /// Wie der Zeuge heißt, etwa zeuge.example; nötig beim ersten Start.
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// Wo er zu erreichen ist; Port 0 nimmt einen freien.
    #[arg(long, value_name = "ADRESSE", default_value = "127.0.0.1:8090")]
    listen: SocketAddr,
    /// Gibt eine Zeile JSON mit der Adresse und dem Schlüssel aus, sobald er bereit ist.
    #[arg(long)]
    announce: bool,
}

impl Witness {
    pub(super) fn run(self) -> Ended {
        let mut logs = Vec::new();
        for text in &self.logs {
            let key = text.parse::<NoteKey>();
            logs.push(key.map_err(|_bad| {
                let said = "--log: das ist nicht der öffentliche Schlüssel eines Protokolls";
                Failure::new(USAGE, said)
            })?);
        }
        let folder = Folder::open(&self.dir, self.name.as_deref(), logs, Arc::new(SystemClock))?;
        let listener = TcpListener::bind(self.listen).map_err(|error| {
            let said = starting::listen(&self.listen.to_string(), &error);
            Failure::new(MISSING, format!("{said} (Ursache: {error})"))
        })?;
        actix_web::rt::System::new().block_on(self.serve(folder, listener))
    }

    /// Answers until the process is told to end; what was begun is ended first.
    async fn serve(self, folder: Folder, listener: TcpListener) -> Ended {
        // Before anybody is told that it runs: whoever knows may end it.
        let mut term = signal(SignalKind::terminate())?;
        let mut int = signal(SignalKind::interrupt())?;
        let address = format!("http://{}", listener.local_addr()?);
        let (key, told) = (folder.key(), folder.told()?);
        let service = Service::new(folder);
        let http = HttpServer::new(move || App::new().configure(routes(service.clone())))
            .workers(1)
            .max_connections(CONNECTIONS_MAX)
            .client_request_timeout(HEAD_MAX)
            .shutdown_timeout(FAREWELL_SECONDS)
            .disable_signals();
        let running = http.listen(listener)?.run();
        let handle = running.handle();
        if self.announce {
            say(&format!(
                "{{\"listening\":\"{address}\",\"key\":\"{key}\"}}"
            ));
        } else {
            say(&format!("{told}Erreichbar unter: {address}"));
        }
        let ending = async {
            tokio::select! {
                _ = term.recv() => {}
                _ = int.recv() => {}
            }
            handle.stop(true).await;
            pending::<()>().await;
        };
        tokio::select! {
            ended = running => Ok(ended?),
            () = ending => Ok(()),
        }
    }
}
