//! `papierlos import DIR`

use std::path::PathBuf;

use clap::Args;
use serde::Serialize;
use uuid::Uuid;

use super::progress::Progress;
use super::{Ended, FINDINGS, Failure, MISSING, USAGE, chain, complain, say};
use crate::archive::Archive;
use crate::base::{Actor, Right, Role};
use crate::config::Config;
use crate::departments::{self, Department};
use crate::import::{self, Filing, Importer, Mode, Outcome, Report, walk};

/// Most duplicates and refusals that are named without `--json`.
const NAMED_MAX: usize = 50;

/// Files everything in a folder. Broken off, it is simply run again.
#[derive(Debug, Args)]
pub(super) struct Import {
    /// The folder; what lies below it is filed, by path.
    dir: PathBuf,
    /// Short name of the department; may be left out where only one is possible.
    #[arg(long, value_name = "SLUG")]
    department: Option<String>,
    /// A tag that every document gets; may be given several times.
    #[arg(long, value_name = "TAG")]
    tag: Vec<String>,
    /// The account that files; without it the system does.
    #[arg(long = "as", value_name = "LOGIN")]
    login: Option<String>,
    /// One line of JSON for each path on standard output.
    #[arg(long)]
    json: bool,
    /// Only says what would be filed.
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
            Outcome::Refused(refusal) => self.refused.push((path(), refusal.to_string())),
        }
    }

    fn say(&self, mode: Mode) {
        for (path, others) in self.duplicates.iter().take(NAMED_MAX) {
            let others = if *others == 0 {
                String::new()
            } else {
                format!(" as {others} other(s)")
            };
            say(&format!("{path}: filed, with the same content{others}"));
        }
        for (path, reason) in self.refused.iter().take(NAMED_MAX) {
            complain(&format!("{path}: not filed: {reason}"));
        }
        let hidden = self.duplicates.len().saturating_sub(NAMED_MAX)
            + self.refused.len().saturating_sub(NAMED_MAX);
        if hidden > 0 {
            say(&format!("... and {hidden} more; --json names them all"));
        }
        let verb = match mode {
            Mode::File => "filed",
            Mode::Look => "would be filed",
        };
        say(&format!(
            "{} {verb} ({} of them with content that is there already), {} there already, {} refused",
            self.filed + self.duplicates.len(),
            self.duplicates.len(),
            self.already,
            self.refused.len(),
        ));
    }
}

impl Import {
    pub(super) async fn run(self, config: &Config) -> Ended {
        let archive = Archive::open(config).await?;
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
            .map_err(|error| Failure::new(MISSING, format!("{}: {error}", self.dir.display())))?;
        let parts = (&archive.db, &archive.storage);
        let mut importer = Importer::new(parts, actor, all, department, self.dir.clone());
        importer.tags = self.tag;
        importer.bytes_max = config.limits.upload_bytes_max;
        importer.mode = if self.dry_run { Mode::Look } else { Mode::File };
        let total = u64::try_from(found.len()).unwrap_or(u64::MAX);
        let mut progress = Progress::begin("import", total);
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
        match ended.map_err(|error| Failure::new(MISSING, chain(&error)))? {
            import::Ended::Early => Err(Failure::new(
                FINDINGS,
                "ended early; what was filed stays filed: run it again for the rest",
            )),
            import::Ended::Done if summary.refused.is_empty() => Ok(()),
            import::Ended::Done => Err(Failure::new(
                FINDINGS,
                format!("{} refused", summary.refused.len()),
            )),
        }
    }
}

/// Who files: the system, or an account with the roles that it holds now.
async fn actor(archive: &Archive, login: Option<&str>) -> Result<Actor, Failure> {
    let Some(login) = login else {
        return Ok(Actor::system());
    };
    let nobody = || Failure::new(USAGE, format!("{login}: there is no such account"));
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
        Some(wanted) => own.find(|one| one.slug == wanted || one.id.to_string() == wanted),
        None => match (own.next(), own.next()) {
            (Some(only), None) => Some(only),
            (Some(_), Some(_)) => {
                let said = format!("--department is needed, one of: {}", names());
                return Err(Failure::new(USAGE, said));
            }
            (None, _) => None,
        },
    };
    found.ok_or_else(|| {
        let said = match wanted {
            Some(wanted) => format!("{wanted}: no department to file in; there are: {}", names()),
            None if all.is_empty() && actor.is(Role::System) => {
                "there is no department yet: `papierlos user add` creates the first".to_owned()
            }
            None => "this account cannot file documents".to_owned(),
        };
        Failure::new(USAGE, said)
    })
}
