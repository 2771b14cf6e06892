//! `papierlos audit`: what an auditor has computed again.

use std::time::Duration;

use clap::{Args, Subcommand};
use indexer::IndexError;

use super::{Ended, FINDINGS, Failure, MISSING, USAGE, chain, complain, say};
use crate::app::{ServeError, open_index};
use crate::archive::Archive;
use crate::config::Config;
use crate::invariants::{Against, Depth, RULES, Verdict, Wanted, run};
use crate::workflows;

/// How long it may take, where nothing is said.
const MINUTES: u64 = 60;

#[derive(Debug, Subcommand)]
pub(super) enum Audit {
    /// Rechnet die Regeln I-1 bis I-26 aus Zeilen, Protokoll und Suchindex nach.
    ///
    /// Endet mit 0, wenn kein Verstoß gefunden und alles geprüft ist, mit 1 bei Verstößen, mit 2, wenn etwas nicht
    /// geprüft werden konnte.
    Invariants(Invariants),
}

#[derive(Debug, Args)]
pub(super) struct Invariants {
    /// Nur diese, durch Kommas getrennt: I-9,I-10.
    #[arg(long, value_name = "REGELN")]
    only: Option<String>,
    /// Liest auch jeden Inhalt: Prüfsummen und biometrische Daten.
    #[arg(long)]
    deep: bool,
    /// Gibt JSON aus.
    #[arg(long)]
    json: bool,
    /// Wie lange es höchstens dauern darf, in Minuten.
    #[arg(long, value_name = "MINUTEN", default_value_t = MINUTES)]
    minutes: u64,
}

impl Audit {
    pub(super) async fn run(self, config: &Config) -> Ended {
        match self {
            Self::Invariants(invariants) => invariants.run(config).await,
        }
    }
}

fn wanted(only: Option<&str>) -> Result<Wanted, Failure> {
    let Some(only) = only else {
        return Ok(Wanted::all());
    };
    Wanted::parse(only).map_err(|name| {
        let all = RULES.iter().map(|rule| rule.id()).collect::<Vec<_>>();
        let said = format!("--only: {name} gibt es nicht; es gibt {}", all.join(", "));
        Failure::new(USAGE, said)
    })
}

impl Invariants {
    async fn run(self, config: &Config) -> Ended {
        let wanted = wanted(self.only.as_deref())?;
        let (archive, contradiction) = Archive::open_to_check(config).await?;
        if let Some(contradiction) = &contradiction {
            complain(&chain(contradiction));
        }
        let index = match open_index(config).await {
            Ok(index) => Some(index),
            // The running server holds it: GET /api/v1/audit/invariants looks at it.
            Err(ServeError::Index(IndexError::Locked { .. })) => None,
            Err(error) => return Err(error.into()),
        };
        let against = Against {
            db: archive.db.clone(),
            storage: archive.storage.clone(),
            index,
            calendar: workflows::calendar(&config.workflows),
            within: Duration::from_secs(self.minutes.clamp(1, 1_440) * 60),
            depth: if self.deep { Depth::Deep } else { Depth::Whole },
        };
        let report = run(&against, &wanted).await;
        drop(against);
        archive.db.close().await;
        let report = report?;
        if self.json {
            say(&report.to_json().to_string());
        } else {
            say(&report.to_text());
        }
        match report.verdict() {
            Verdict::Kept | Verdict::NotApplicable => Ok(()),
            Verdict::Broken => Err(Failure::new(FINDINGS, "es gibt Verstöße; siehe oben")),
            Verdict::NotChecked => Err(Failure::new(
                MISSING,
                "nicht alles konnte geprüft werden; siehe oben",
            )),
        }
    }
}
