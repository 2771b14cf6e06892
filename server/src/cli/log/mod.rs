//! `papierlos log`: what is done with the log beyond writing it.

mod report;
mod rotate;
mod stamp;

use clap::Subcommand;

use super::Ended;
use crate::config::Config;

#[derive(Debug, Subcommand)]
pub(super) enum Log {
    /// Wechselt den Schlüssel, der das Protokoll signiert; der Server darf dabei laufen.
    ///
    /// Der bisherige Schlüssel signiert noch einmal und übergibt an den neuen; beide unterschreiben das. Wird der
    /// Wechsel unterbrochen, gilt der bisherige oder der neue, und noch einmal gestartet geht es weiter. Unter dem Konto
    /// starten, unter dem der Server läuft.
    RotateKey {
        /// Hebt den bisherigen geheimen Schlüssel neben dem neuen auf; ohne dies wird er überschrieben und gelöscht.
        #[arg(long)]
        keep_old: bool,
    },
    /// Schreibt den Tagesbericht als PDF, zum Ausdrucken, Unterschreiben und Abheften.
    Report(report::Report),
    /// Lässt den neuesten Prüfpunkt jetzt stempeln, von der Zeitstempelstelle der Einstellung log.tsa.
    ///
    /// Nach draußen geht nur eine Prüfsumme. Auch neben dem laufenden Server.
    Stamp,
}

impl Log {
    pub(super) async fn run(self, config: &Config) -> Ended {
        match self {
            Self::RotateKey { keep_old } => rotate::run(config, keep_old).await,
            Self::Report(report) => report.run(config).await,
            Self::Stamp => stamp::run(config).await,
        }
    }
}
