//! `papierlos export`: the log as files, for an auditor.

use std::path::PathBuf;

use clap::Args;

use super::verify::place;
use super::{Ended, Failure, MISSING, bar, runtime, say};
use crate::archive::{Archive, Reading};
use crate::audit::bundle::{BundleSummary, OpeningsPart, RootOfExport};
use crate::audit::event::Look;
use crate::audit::verify::Presence;
use crate::base::{Actor, Tasks};
use crate::config::Config;
use crate::ledger::looks::{Looked, Looks};
use crate::proof::{DatabaseLog, Exported, Wanted, Which, export};

#[derive(Debug, Args)]
pub(super) struct Export {
    /// Schreibt das Protokoll als Prüfbündel in diesen Ordner, der leer ist oder fehlt.
    #[arg(long, value_name = "ORDNER", required = true)]
    log: PathBuf,
    /// Mit den Öffnungen: Namen und Titel stehen dann im Klartext darin.
    #[arg(long)]
    openings: bool,
    /// Wessen Archiv es ist, für die Aufschrift des Bündels.
    #[arg(long, value_name = "NAME", default_value = "")]
    organisation: String,
}

impl Export {
    pub(super) fn run(self, config: &Config) -> Ended {
        let runtime = runtime()?;
        let date = runtime.block_on(note(config))?;
        let (openings, part) = if self.openings {
            (Presence::Present, OpeningsPart::Included)
        } else {
            (Presence::Absent, OpeningsPart::LeftOut)
        };
        let mut source = runtime.block_on(async {
            let reading = Reading::open(config).await?;
            let wanted = Wanted {
                openings,
                states: Presence::Absent,
            };
            let place = place(&reading, Which::Changes)?;
            DatabaseLog::open(place, Which::Changes, wanted)
                .await
                .map_err(Failure::from)
        })?;
        let progress = bar(source.records()?);
        let what = Exported {
            folder: &self.log,
            openings: part,
            date: &date,
            organisation: &self.organisation,
        };
        let summary = export(&mut source, what, &|records| progress.set_position(records));
        progress.finish_and_clear();
        said(&summary?)
    }
}

/// Records the export in the access log, before the first byte; gives the civil date.
async fn note(config: &Config) -> Result<String, Failure> {
    let archive = Archive::open(config).await?;
    let tasks = Tasks::default();
    let (origin, first) = archive.access.clone();
    let policy = config.access_log.clone();
    let looks = Looks::start(&archive.db, (origin, first), policy, &tasks);
    let looked = Looked::of(Look::ExportLog, &Actor::system());
    let noted = looks.note_first(looked).await;
    tasks.end().await;
    let date = archive.db.now().utc().date().to_string();
    archive.db.close().await;
    if noted {
        Ok(date)
    } else {
        Err(Failure::new(
            MISSING,
            "die Ausleitung konnte nicht protokolliert werden; es wurde nichts geschrieben",
        ))
    }
}

fn said(summary: &BundleSummary) -> Ended {
    let BundleSummary { records, tail, .. } = summary;
    say(&format!(
        "{records} Einträge, davon {tail} noch ohne Prüfpunkt"
    ));
    match summary.root {
        RootOfExport::Fits => Ok(()),
        RootOfExport::NoCheckpoint => Err(Failure::new(
            MISSING,
            "es gibt noch keinen signierten Prüfpunkt; das Bündel ist vollständig",
        )),
        RootOfExport::Differs => Err(Failure::new(
            super::FINDINGS,
            "die Einträge ergeben nicht die signierte Wurzel; das Bündel ist vollständig und ein Beweismittel",
        )),
    }
}
