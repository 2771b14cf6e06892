//! `papierlos export`: the log as files, for an auditor; and the readable history of a case.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use clap::Args;
use tokio::sync::watch;

use super::verify::place;
use super::{Ended, Failure, MISSING, USAGE, bar, chain, runtime, say};
use crate::archive::{Archive, Reading};
use crate::audit::bundle::{BundleSummary, OpeningsPart, RootOfExport};
use crate::audit::event::Look;
use crate::audit::verify::Presence;
use crate::base::{Actor, Tasks};
use crate::config::Config;
use crate::excerpts::{Gathered, Sources, gather};
use crate::files::{self, What};
use crate::ledger::looks::{Looked, Looks};
use crate::ledger::publisher::{Contradiction, Published, Publisher};
use crate::proof::{DatabaseLog, Exported, Wanted, Which, export};
use crate::workflows::Rules;

#[derive(Debug, Args)]
pub(super) struct Export {
    /// Schreibt das Protokoll als Prüfbündel in diesen Ordner, der leer ist oder fehlt.
    #[arg(
        long,
        value_name = "ORDNER",
        required_unless_present = "case",
        conflicts_with = "case"
    )]
    log: Option<PathBuf>,
    /// Schreibt den Aktenauszug des Vorgangs mit diesem Zeichen, als PDF/A.
    #[arg(long, value_name = "ZEICHEN", requires = "out")]
    case: Option<String>,
    /// Die Datei für den Aktenauszug; sie darf noch nicht da sein.
    #[arg(long, value_name = "DATEI", requires = "case")]
    out: Option<PathBuf>,
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
        if let (Some(case), Some(out)) = (&self.case, &self.out) {
            return runtime.block_on(excerpt(config, case, out));
        }
        let folder = self.log.unwrap_or_default();
        let date = runtime.block_on(note(config, Looked::of(Look::ExportLog, &Actor::system())))?;
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
            folder: &folder,
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
async fn note(config: &Config, looked: Looked) -> Result<String, Failure> {
    let archive = Archive::existing(config).await?;
    let noted = noted(config, &archive, looked).await;
    let date = archive.db.now().utc().date().to_string();
    archive.db.close().await;
    noted.map(|()| date)
}

/// Records a look in the access log; what is not recorded, or not in the log that was signed, is not written.
pub(super) async fn noted(
    config: &Config,
    archive: &Archive,
    looked: Looked,
) -> Result<(), Failure> {
    let to = archive.looks.clone();
    let held = Box::pin(Publisher::check(&archive.db, &archive.storage, to)).await;
    let contradiction = Contradiction::default().after(held.as_ref().copied());
    // Nobody looks again: what is not known now is refused at once.
    let (_, seen) = watch::channel(Published {
        contradiction,
        ..Published::default()
    });
    let tasks = Tasks::default();
    let policy = config.access_log.clone();
    let looks = Looks::start(&archive.db, archive.access.clone(), policy, &tasks).heeding(seen);
    let noted = looks.note_first(looked).await;
    tasks.end().await;
    if noted {
        return Ok(());
    }
    let mut said =
        "die Ausleitung konnte nicht protokolliert werden; es wurde nichts geschrieben".to_owned();
    if contradiction == Contradiction::Found {
        said.push_str(
            ". Das Zugriffsprotokoll in der Datenbank ist nicht das signierte: Es wurde zurückgesetzt oder \
             umgeschrieben. `papierlos check` und `papierlos verify` sagen, was abweicht",
        );
    }
    if let (Err(error), Contradiction::Found | Contradiction::NotLookedFor) = (&held, contradiction)
    {
        said = format!("{said} (Ursache: {})", chain(error));
    }
    Err(Failure::new(MISSING, said))
}

/// Writes the excerpt of the case with this reference, one that it has or had.
async fn excerpt(config: &Config, reference: &str, out: &Path) -> Ended {
    let rules = Rules::open(&config.workflows).map_err(|error| Failure::of(MISSING, &error))?;
    let archive = Archive::existing(config).await?;
    let made = gathered(config, (&archive, &rules), reference).await;
    archive.db.close().await;
    let pdf = made?.render()?;
    let failed = |error: std::io::Error| Failure::of_path(out, &error);
    let mut file = std::fs::File::create_new(out).map_err(failed)?;
    file.write_all(&pdf).map_err(failed)?;
    file.sync_all().map_err(failed)?;
    say(&format!("{}: {} Bytes", out.display(), pdf.len()));
    Ok(())
}

async fn gathered(
    config: &Config,
    (archive, rules): (&Archive, &Rules),
    reference: &str,
) -> Result<Gathered, Failure> {
    let on = archive.db.read();
    let named = files::resolve(on, reference).await?;
    let Some(What::Case(case)) = named.map(|named| named.what) else {
        let said = format!("--case: einen Vorgang mit dem Zeichen {reference} gibt es nicht");
        return Err(Failure::new(USAGE, said));
    };
    let system = Actor::system();
    let sources = Sources {
        storage: &archive.storage,
        rules,
        town: &config.forms.town,
    };
    let gathered = gather(on, sources, (&system, archive.db.now()), case).await?;
    let looked = Looked::of(Look::ExportCase, &system).at(case.raw());
    noted(config, archive, looked).await?;
    Ok(gathered)
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
