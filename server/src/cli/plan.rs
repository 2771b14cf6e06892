//! `papierlos plan`: the file plan from the machine itself.

use std::path::{Path, PathBuf};

use clap::{Subcommand, ValueEnum};
use serde::Serialize;

use super::{Ended, FINDINGS, Failure, MISSING, USAGE, complain, say};
use crate::archive::Archive;
use crate::base::{Actor, CivilDate};
use crate::config::Config;
use crate::file_plan::{self, Change, Draft, Effect, Format, IMPORT_BYTES_MAX, PlanError, Said};
use crate::http::Language;
use crate::refiling;
use crate::unit::Unit;

/// Most units that are named without `--json`.
const NAMED_MAX: usize = 50;

#[derive(Debug, Subcommand)]
pub(super) enum Plan {
    /// Übernimmt einen Plan aus CSV oder xdomea 0301; derselbe Plan noch einmal ändert nichts.
    Import(Import),
    /// Schreibt eine Ausgabe als CSV oder xdomea 0301.
    Export {
        /// Die Kennung der Ausgabe oder ihr Name; von mehreren Ausgaben die geltende.
        #[arg(value_name = "PLAN")]
        plan: String,
        /// In welchem Format.
        #[arg(
            long,
            value_name = "FORMAT",
            value_enum,
            default_value = "xdomea-4.0.0"
        )]
        format: GivenFormat,
        /// In diese Datei, die es noch nicht gibt; ohne sie auf die Standardausgabe.
        #[arg(long, value_name = "DATEI")]
        out: Option<PathBuf>,
    },
    /// Listet die Ausgaben auf.
    List {
        /// Eine Zeile JSON für jede.
        #[arg(long)]
        json: bool,
    },
}

// What is taken over, and how.
#[derive(Debug, clap::Args)]
pub(super) struct Import {
    /// CSV oder xdomea 0301 (3.1.0 oder 4.0.0).
    #[arg(value_name = "DATEI")]
    file: PathBuf,
    /// Der Name des Plans; für CSV nötig.
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// Die Ausgabe; für CSV nötig.
    #[arg(long, value_name = "AUSGABE")]
    edition: Option<String>,
    /// Der erste Tag, an dem er gilt (JJJJ-MM-TT).
    #[arg(long, value_name = "TAG")]
    valid_from: Option<String>,
    /// Der letzte Tag.
    #[arg(long, value_name = "TAG")]
    valid_until: Option<String>,
    /// Sagt nur, was sich ändern würde.
    #[arg(long)]
    dry_run: bool,
    /// Legt die Einheiten still, die der übernommene Plan nicht nennt.
    #[arg(long)]
    retire_missing: bool,
    /// Die Wirkung als ein JSON-Objekt auf der Standardausgabe.
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(super) enum GivenFormat {
    Csv,
    #[value(name = "xdomea-4.0.0")]
    Xdomea400,
    #[value(name = "xdomea-3.1.0")]
    Xdomea310,
}

impl Plan {
    pub(super) async fn run(self, config: &Config) -> Ended {
        let archive = Archive::existing(config).await?;
        let ended = match self {
            Self::Import(import) => import.run(&archive).await,
            Self::Export { plan, format, out } => {
                export(&archive, &plan, format, out.as_deref()).await
            }
            Self::List { json } => list(&archive, json).await,
        };
        archive.db.close().await;
        ended
    }
}

impl Import {
    async fn run(self, archive: &Archive) -> Ended {
        let said = Said {
            name: self.name.clone(),
            edition: self.edition.clone(),
            valid_from: day("--valid-from", self.valid_from.as_deref())?,
            valid_until: day("--valid-until", self.valid_until.as_deref())?,
            retire_missing: self.retire_missing,
        };
        let draft = draft_of(&self.file).await?;
        let effect = file_plan::effect(archive.db.read(), archive.db.now(), &draft, &said)
            .await
            .map_err(refused)?;
        if self.dry_run || effect.is_nothing() {
            self.tell(&effect);
            return Ok(());
        }
        let system = Actor::system();
        let written = archive
            .db
            .write(&system, async move |unit: &mut Unit| {
                file_plan::import(unit, &draft, &said, refiling::FOLLOW).await
            })
            .await
            .map_err(refused)?;
        self.tell(&written.value);
        Ok(())
    }

    fn tell(&self, effect: &Effect) {
        if self.json {
            let line = serde_json::to_string(&Line::of(effect, self.dry_run)).unwrap_or_default();
            say(&line);
            return;
        }
        let told = effect
            .units
            .iter()
            .filter(|(_, change)| *change != Change::Unchanged);
        let told: Vec<_> = told.collect();
        for (code, change) in told.iter().take(NAMED_MAX) {
            let (_, word, fields) = words(change);
            let fields = fields.join(", ");
            let fields = if fields.is_empty() {
                fields
            } else {
                format!(" ({fields})")
            };
            say(&format!("{code}: {word}{fields}"));
        }
        if told.len() > NAMED_MAX {
            let hidden = told.len() - NAMED_MAX;
            say(&format!("… und {hidden} weitere; --json nennt alle"));
        }
        let said = match (self.dry_run, effect.is_nothing()) {
            (_, true) => "es ändert sich nichts, derselbe Plan ist schon da",
            (true, false) => "würde übernommen",
            (false, false) => "übernommen",
        };
        say(&format!(
            "{} {}, {} Einheiten: {said}",
            effect.name,
            effect.edition,
            effect.units.len()
        ));
    }
}

/// What an import does, for programs.
#[derive(Debug, Serialize)]
struct Line<'a> {
    plan: Option<uuid::Uuid>,
    name: &'a str,
    edition: &'a str,
    effect: &'static str,
    dry_run: bool,
    nothing_changed: bool,
    units: Vec<UnitLine<'a>>,
}

#[derive(Debug, Serialize)]
struct UnitLine<'a> {
    code: &'a str,
    effect: &'static str,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    fields: &'a [&'static str],
}

impl<'a> Line<'a> {
    fn of(effect: &'a Effect, dry_run: bool) -> Self {
        let unit = |(code, change): &'a (String, Change)| {
            let (effect, _, fields) = words(change);
            UnitLine {
                code,
                effect,
                fields,
            }
        };
        Self {
            plan: effect.plan.map(crate::base::PlanId::raw),
            name: &effect.name,
            edition: &effect.edition,
            effect: words(&effect.itself).0,
            dry_run,
            nothing_changed: effect.is_nothing(),
            units: effect.units.iter().map(unit).collect(),
        }
    }
}

/// What becomes of something, for programs and for people, and which of its fields change.
fn words(change: &Change) -> (&'static str, &'static str, &[&'static str]) {
    match change {
        Change::Created => ("created", "neu", &[]),
        Change::Changed(fields) => ("changed", "geändert", fields),
        Change::Unchanged => ("unchanged", "unverändert", &[]),
        Change::Missing => ("missing", "nicht im übernommenen Plan", &[]),
        Change::Retired => ("retired", "stillgelegt", &[]),
    }
}

fn day(name: &str, raw: Option<&str>) -> Result<Option<CivilDate>, Failure> {
    let Some(raw) = raw else { return Ok(None) };
    let read = CivilDate::parse(raw);
    let read =
        read.ok_or_else(|| Failure::new(USAGE, format!("{name} {raw}: ein Tag ist JJJJ-MM-TT")));
    read.map(Some)
}

/// The plan in a file; everything that is wrong with it is said.
async fn draft_of(file: &Path) -> Result<Draft, Failure> {
    let cannot = |error: std::io::Error| Failure::of_path(file, &error);
    let about = tokio::fs::metadata(file).await.map_err(cannot)?;
    if about.len() > u64::try_from(IMPORT_BYTES_MAX).unwrap_or(u64::MAX) {
        let said = format!("größer als {} MiB", IMPORT_BYTES_MAX >> 20);
        return Err(Failure::new(MISSING, format!("{}: {said}", file.display())));
    }
    let bytes = tokio::fs::read(file).await.map_err(cannot)?;
    let read = tokio::task::spawn_blocking(move || file_plan::read(&bytes)).await?;
    read.map_err(|findings| refused(PlanError::Unreadable(findings)))
}

/// Why a plan was not taken over; findings are lines of their own, in German as the town reads them.
fn refused(error: PlanError) -> Failure {
    match error {
        PlanError::Unreadable(findings) => {
            for finding in findings.list() {
                complain(&finding.sentence(Language::German));
            }
            let count = findings.list().len() + findings.more();
            Failure::new(
                FINDINGS,
                format!("{count} Fehler; es wurde nichts übernommen"),
            )
        }
        PlanError::Unnamed { .. } => Failure::new(
            USAGE,
            "der Plan sagt es nicht selbst: --name und --edition sind nötig",
        ),
        PlanError::Db(error) => Failure::from(error),
        error @ (PlanError::NoPlan
        | PlanError::NoUnit
        | PlanError::Forbidden
        | PlanError::Taken { .. }
        | PlanError::Backwards
        | PlanError::Overlap { .. }
        | PlanError::NoParent
        | PlanError::Misplaced(_)
        | PlanError::Full
        | PlanError::NoCompartment
        | PlanError::InUse
        | PlanError::Enclosed
        | PlanError::TooMany { .. }
        | PlanError::Retired
        | PlanError::Unchanged
        | PlanError::KeyTaken
        | PlanError::Stale { .. }) => Failure::refused(FINDINGS, error),
    }
}

async fn export(archive: &Archive, wanted: &str, format: GivenFormat, out: Option<&Path>) -> Ended {
    let format = match format {
        GivenFormat::Csv => Format::Csv,
        GivenFormat::Xdomea400 => Format::Xdomea400,
        GivenFormat::Xdomea310 => Format::Xdomea310,
    };
    let on = archive.db.read();
    let now = archive.db.now();
    let today = CivilDate::on(now);
    let plans = file_plan::plans(on).await?;
    let named = plans
        .iter()
        .filter(|plan| plan.id.to_string() == wanted || plan.name == wanted);
    // In force first, then the newest.
    let plan = named.max_by_key(|plan| {
        let in_force = today.is_some_and(|today| plan.in_force(today));
        (in_force, plan.valid_from)
    });
    let plan = plan.ok_or_else(|| {
        Failure::new(
            MISSING,
            format!("{wanted}: einen solchen Plan gibt es nicht"),
        )
    })?;
    let exported = file_plan::export(on, plan, format, now).await?;
    match out {
        None => {
            say(exported.trim_end());
            Ok(())
        }
        Some(path) => write_new(path, exported).await,
    }
}

async fn write_new(path: &Path, exported: String) -> Ended {
    use tokio::io::AsyncWriteExt;
    let cannot = |error: std::io::Error| Failure::of_path(path, &error);
    let mut file = tokio::fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .open(path)
        .await
        .map_err(cannot)?;
    file.write_all(exported.as_bytes()).await.map_err(cannot)?;
    file.sync_all().await.map_err(cannot)?;
    Ok(())
}

/// An edition, for programs.
#[derive(Debug, Serialize)]
struct PlanLine<'a> {
    id: uuid::Uuid,
    name: &'a str,
    edition: &'a str,
    valid_from: String,
    valid_until: Option<String>,
    in_force: bool,
}

async fn list(archive: &Archive, json: bool) -> Ended {
    let today = CivilDate::on(archive.db.now());
    for plan in file_plan::plans(archive.db.read()).await? {
        let in_force = today.is_some_and(|today| plan.in_force(today));
        if json {
            let line = PlanLine {
                id: plan.id.raw(),
                name: &plan.name,
                edition: &plan.edition,
                valid_from: plan.valid_from.to_string(),
                valid_until: plan.valid_until.map(|until| until.to_string()),
                in_force,
            };
            say(&serde_json::to_string(&line).unwrap_or_default());
            continue;
        }
        let until = plan
            .valid_until
            .map_or_else(|| "…".to_owned(), |until| until.to_string());
        let mark = if in_force { "  gilt" } else { "" };
        say(&format!(
            "{}  {} {}  {} – {until}{mark}",
            plan.id, plan.name, plan.edition, plan.valid_from
        ));
    }
    Ok(())
}
