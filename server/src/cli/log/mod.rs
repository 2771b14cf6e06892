//! `papierlos log`: what is done with the log beyond writing it.

mod report;
mod stamp;

use clap::Subcommand;

use super::Ended;
use crate::config::Config;

#[derive(Debug, Subcommand)]
pub(super) enum Log {
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
            Self::Report(report) => report.run(config).await,
            Self::Stamp => stamp::run(config).await,
        }
    }
}
