//! `papierlos import DIR`

use std::path::PathBuf;

use clap::Args;
use serde::Serialize;
use uuid::Uuid;

use super::progress::Progress;
use super::{Ended, FINDINGS, Failure, USAGE, complain, say};
use crate::app::entrance;
use crate::archive::Archive;
use crate::base::{Actor, Right, Role};
use crate::config::Config;
use crate::departments::{self, Department};
use crate::import::{self, Filing, Importer, Mode, Outcome, Refusal, Report, walk};

/// Most duplicates and refusals that are named without `--json`.
const NAMED_MAX: usize = 50;

#[derive(Debug, Args)]
pub(super) struct Import {
    /// Der Ordner; was darin liegt, wird abgelegt, nach Pfad geordnet.
    #[arg(value_name = "ORDNER")]
    dir: PathBuf,
    /// Kurzname der Abteilung; entbehrlich, wo nur eine möglich ist.
    #[arg(long, value_name = "KURZNAME")]
    department: Option<String>,
    /// Ein Schlagwort, das jedes Dokument bekommt; mehrfach möglich.
    #[arg(long, value_name = "SCHLAGWORT")]
    tag: Vec<String>,
    /// Das Konto, das ablegt; ohne dies das System.
    #[arg(long = "as", value_name = "LOGIN")]
    login: Option<String>,
    /// Eine Zeile JSON je Pfad auf der Standardausgabe.
    #[arg(long)]
    json: bool,
    /// Sagt nur, was abgelegt würde.
    #[arg(long)]
    dry_run: bool,
}

/// What became of a path, for programs.
#[derive(Debug, Serialize)]
struct Line {
    path: String,
    outcome: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    document: Option<Uuid>,
    #[serde(skip_serializing_if = "Option::is_none")]
    seq: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    hash: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    bytes: Option<u64>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    duplicates: Vec<Uuid>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}

impl Line {
    fn of(report: &Report) -> Self {
        let path = report.path.display().to_string();
        let (outcome, filing, reason) = match &report.outcome {
            Outcome::Filed(filing) => ("filed", Some(filing), None),
            Outcome::Duplicate(filing) => ("duplicate", Some(filing), None),
            Outcome::Already(filing) => ("already", Some(filing), None),
            Outcome::Refused(refusal) => ("refused", None, Some(refusal.to_string())),
        };
        let receipt = filing.and_then(|filing| filing.receipt.as_ref());
        Self {
            path,
            outcome,
            document: filing.and_then(|filing| filing.document).map(|id| id.raw()),
            seq: receipt.map(|receipt| receipt.seq),
            hash: receipt.map(|receipt| receipt.hash.to_string()),
            bytes: filing.map(|filing| filing.bytes),
            duplicates: filing
                .map(|filing| filing.same.iter().map(|id| id.raw()).collect())
                .unwrap_or_default(),
            reason,
        }
    }
}

/// Why something was not filed, for people; programs read it as it stands in the logs.
fn german(refusal: &Refusal) -> String {
    match refusal {
        Refusal::Hidden => "verborgen".to_owned(),
        Refusal::Empty => "leer".to_owned(),
        Refusal::Link => "ein Verweis, der zu keinem Inhalt in diesem Ordner führt".to_owned(),
        Refusal::Special => "keine gewöhnliche Datei".to_owned(),
        Refusal::Unreadable(why) => format!("nicht lesbar: {why}"),
        Refusal::TooLarge(bytes) => format!("länger als die {bytes} Bytes, die das Archiv annimmt"),
        Refusal::Infected(signature) => format!("Schadsoftware, in Quarantäne: {signature}"),
        Refusal::Widowed => "Angaben ohne den Inhalt, den sie beschreiben".to_owned(),
        Refusal::Metadata(why) => format!("die Angaben dazu sind falsch: {why}"),
        Refusal::Biometric => "ein biometrischer Datensatz; das Archiv nimmt keinen an".to_owned(),
        Refusal::Forbidden => "das Konto darf in dieser Abteilung nicht ablegen".to_owned(),
    }
}

/// What is said at the end.
#[derive(Debug, Default)]
struct Summary {
    filed: usize,
    duplicates: Vec<(String, usize)>,
    already: usize,
    refused: Vec<(String, String)>,
    bytes: u64,
}

impl Summary {
    fn add(&mut self, report: &Report) {
        let path = || report.path.display().to_string();
        match &report.outcome {
            Outcome::Filed(Filing { bytes, .. }) => {
                self.filed += 1;
                self.bytes += bytes;
            }
            Outcome::Duplicate(Filing { bytes, same, .. }) => {
                self.duplicates.push((path(), same.len()));
                self.bytes += bytes;
            }
            Outcome::Already(_) => self.already += 1,
            Outcome::Refused(refusal) => self.refused.push((path(), german(refusal))),
        }
    }

    fn say(&self, mode: Mode) {
        for (path, others) in self.duplicates.iter().take(NAMED_MAX) {
            let others = match others {
                0 => String::new(),
                1 => " wie 1 anderes Dokument".to_owned(),
                others => format!(" wie {others} andere Dokumente"),
            };
            say(&format!("{path}: abgelegt, mit demselben Inhalt{others}"));
        }
        for (path, reason) in self.refused.iter().take(NAMED_MAX) {
            complain(&format!("{path}: nicht abgelegt: {reason}"));
        }
        let hidden = self.duplicates.len().saturating_sub(NAMED_MAX)
            + self.refused.len().saturating_sub(NAMED_MAX);
        if hidden > 0 {
            say(&format!("… und {hidden} weitere; --json nennt alle"));
        }
        let verb = match mode {
            Mode::File => "abgelegt",
            Mode::Look => "würden abgelegt",
        };
        say(&format!(
            "{} {verb} (davon {} mit Inhalt, den es schon gab), {} schon da, {} zurückgewiesen",
            self.filed + self.duplicates.len(),
            self.duplicates.len(),
            self.already,
            self.refused.len(),
        ));
    }
}

impl Import {
    pub(super) async fn run(self, config: &Config) -> Ended {
        let archive = Archive::existing(config).await?;
        let ended = self.import(&archive, config).await;
        archive.db.close().await;
        ended
    }

    async fn import(self, archive: &Archive, config: &Config) -> Ended {
        let actor = actor(archive, self.login.as_deref()).await?;
        let all = departments::departments(archive.db.read()).await?;
        let department = department_of(&actor, self.department.as_deref(), &all)?.id;
        let root = self.dir.clone();
        let found = tokio::task::spawn_blocking(move || walk(&root))
            .await?
            .map_err(|error| Failure::of_path(&self.dir, &error))?;
        let entrance = entrance(&archive.storage, config);
        let parts = (&archive.db, entrance);
        let mut importer = Importer::new(parts, actor, all, department, self.dir.clone());
        importer.tags = self.tag;
        importer.bytes_max = config.limits.upload_bytes_max;
        importer.mode = if self.dry_run { Mode::Look } else { Mode::File };
        let total = u64::try_from(found.len()).unwrap_or(u64::MAX);
        let mut progress = Progress::begin("Einlesen", total);
        let mut summary = Summary::default();
        let ended = importer
            .run(found, super::asked_to_end(), |report| {
                summary.add(&report);
                if self.json {
                    let line = serde_json::to_string(&Line::of(&report)).unwrap_or_default();
                    progress.aside(|| say(&line));
                }
                progress.step();
            })
            .await;
        progress.end();
        if !self.json {
            summary.say(importer.mode);
        }
        match ended? {
            import::Ended::Early => Err(Failure::new(
                FINDINGS,
                "vorzeitig beendet; was abgelegt ist, bleibt: noch einmal starten für den Rest",
            )),
            import::Ended::Done if summary.refused.is_empty() => Ok(()),
            import::Ended::Done => Err(Failure::new(
                FINDINGS,
                format!("{} zurückgewiesen", summary.refused.len()),
            )),
        }
    }
}

/// Who files: the system, or an account with the roles that it holds now.
async fn actor(archive: &Archive, login: Option<&str>) -> Result<Actor, Failure> {
    let Some(login) = login else {
        return Ok(Actor::system());
    };
    let nobody = || Failure::new(USAGE, format!("{login}: ein solches Konto gibt es nicht"));
    let id = departments::account_of_login(archive.db.read(), login)
        .await?
        .ok_or_else(nobody)?;
    let account = departments::account(archive.db.read(), id).await?;
    let account = account
        .filter(|account| !account.disabled)
        .ok_or_else(nobody)?;
    let now = archive.db.now();
    Ok(departments::actor(archive.db.read(), account.id, now, None).await?)
}

fn department_of<'a>(
    actor: &Actor,
    wanted: Option<&str>,
    all: &'a [Department],
) -> Result<&'a Department, Failure> {
    let names = || {
        let names: Vec<&str> = all.iter().map(|one| one.slug.as_str()).collect();
        names.join(", ")
    };
    let mut own = all
        .iter()
        .filter(|one| actor.may_in(Right::Receive, one.id));
    let found = match wanted {
        Some(wanted) => own.find(|one| one.is(wanted)),
        None => match (own.next(), own.next()) {
            (Some(only), None) => Some(only),
            (Some(_), Some(_)) => {
                let said = format!("--department ist nötig, eine von: {}", names());
                return Err(Failure::new(USAGE, said));
            }
            (None, _) => None,
        },
    };
    found.ok_or_else(|| {
        let said = match wanted {
            Some(wanted) => format!(
                "{wanted}: dort kann nicht abgelegt werden; es gibt: {}",
                names()
            ),
            None if all.is_empty() && actor.is(Role::System) => {
                "es gibt noch keine Abteilung: `papierlos user add` legt die erste an".to_owned()
            }
            None => "dieses Konto kann keine Dokumente ablegen".to_owned(),
        };
        Failure::new(USAGE, said)
    })
}
