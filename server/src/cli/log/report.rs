//! `papierlos log report`: the head of the log on a sheet of paper.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use clap::Args;
use paper::report::Lang;

use crate::archive::Reading;
use crate::base::db::{Access, connect};
use crate::base::{CivilDate, Clock as _, SystemClock, Timestamp};
use crate::cli::sheets::{create, replace};
use crate::cli::{Ended, Failure, MISSING, USAGE, say};
use crate::config::Config;
use crate::ledger::report::{self, Facts, House, Outside, ReportError, When};

#[derive(Debug, Args)]
pub(in crate::cli) struct Report {
    /// In diese Datei wird das PDF geschrieben; ohne sie `tagesbericht-JJJJ-MM-TT.pdf` im Arbeitsordner.
    #[arg(long, value_name = "PDF")]
    out: Option<PathBuf>,
    /// Überschreibt die Datei, wenn es sie schon gibt.
    #[arg(long)]
    force: bool,
    /// Schreibt Englisch, auch im Bericht.
    #[arg(long)]
    english: bool,
}

impl Report {
    pub(super) async fn run(self, config: &Config) -> Ended {
        let now = SystemClock.now();
        let out = self.out.clone().unwrap_or_else(|| unnamed(now));
        if !self.force && tokio::fs::try_exists(&out).await.unwrap_or(false) {
            return Err(self.exists(&out));
        }
        let facts = self.facts(config, now).await?;
        let (size, lang) = (facts.checkpoint.size, self.lang());
        let made = tokio::task::spawn_blocking(move || report::render(&facts, lang)).await??;
        self.write(&out, &made).await?;
        let many = self.either("Einträge", "records");
        say(&format!("{}: {size} {many}", out.display()));
        Ok(())
    }

    /// What it says: by the newest checkpoint. The archive is only read.
    async fn facts(&self, config: &Config, now: Timestamp) -> Result<Facts, Failure> {
        let reading = Reading::open(config).await?;
        let database = connect(&reading.url, Access::BESIDE).await?;
        let house = House {
            town: config.forms.town.clone(),
            key: reading.key.clone(),
        };
        let outside = Outside {
            storage: &reading.storage,
            witnesses: &reading.witnesses,
        };
        let facts = report::gather(&database, &house, (When::Now, now), outside).await;
        drop(database.close().await);
        facts.map_err(|error| match error {
            ReportError::NoCheckpoint => Failure::new(
                MISSING,
                self.either(
                    "Es gibt noch keinen Prüfpunkt, den ein Schlüssel dieses Archivs signiert hat; der laufende Server \
                     signiert den ersten.",
                    "There is no checkpoint yet that a key of this archive signed; the running server signs the \
                     first.",
                ),
            ),
            error @ (ReportError::TooLong
            | ReportError::Paper(_)
            | ReportError::Db(_)
            | ReportError::Store(_)) => error.into(),
        })
    }

    async fn write(&self, out: &Path, made: &[u8]) -> Ended {
        let written = if self.force {
            replace(out, made).await
        } else {
            create(out, made).await
        };
        written.map_err(|error| {
            if !self.force && error.kind() == ErrorKind::AlreadyExists {
                return self.exists(out);
            }
            Failure::of_path(out, &error)
        })
    }

    fn exists(&self, out: &Path) -> Failure {
        let said = self.either(
            "gibt es schon; mit --force wird die Datei überschrieben",
            "is there already; with --force it is written over",
        );
        Failure::new(USAGE, format!("{} {said}", out.display()))
    }

    const fn lang(&self) -> Lang {
        if self.english {
            Lang::English
        } else {
            Lang::German
        }
    }

    const fn either(&self, german: &'static str, english: &'static str) -> &'static str {
        if self.english { english } else { german }
    }
}

/// Where it is written when nobody says where.
fn unnamed(now: Timestamp) -> PathBuf {
    let day = CivilDate::on(now).map(report::file_name);
    let day = day.unwrap_or_else(|| "heute.pdf".to_owned());
    PathBuf::from(format!("tagesbericht-{day}"))
}
