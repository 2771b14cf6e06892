//! `papierlos sheets`: separator sheets and labels as PDF, from the machine itself.

use std::io;
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use sea_orm::ConnectionTrait;

use super::{Ended, Failure, MISSING, USAGE, complain, say};
use crate::archive::Archive;
use crate::base::db::DbError;
use crate::cases;
use crate::codes::{self, Label, Sheet, VALUE_CHARS_MAX};
use crate::config::Config;
use crate::departments;
use crate::files::{self, What};

/// Most labels of one PDF.
const LABELS_MAX: usize = 500;

#[derive(Debug, Subcommand)]
pub(super) enum Sheets {
    /// Schreibt ein Trennblatt, Vorder- und Rückseite: Es teilt gescannte Stapel.
    Separator {
        /// Die Abteilung, für die das Schriftstück dahinter ist; ihr Kürzel.
        #[arg(long, value_name = "ABTEILUNG")]
        department: Option<String>,
        /// Der Dokumenttyp des Schriftstücks dahinter.
        #[arg(long = "type", value_name = "TYP")]
        kind: Option<String>,
        #[command(flatten)]
        target: Target,
    },
    /// Schreibt Aktenetiketten, für jedes Zeichen eine Seite.
    Label {
        /// Das Zeichen einer Akte oder eines Vorgangs, auch mehrere.
        #[arg(value_name = "ZEICHEN", required = true, num_args = 1..)]
        references: Vec<String>,
        #[command(flatten)]
        target: Target,
    },
}

// Where what is printed goes.
#[derive(Debug, Args)]
pub(super) struct Target {
    /// In diese Datei wird das PDF geschrieben.
    #[arg(long, value_name = "PDF")]
    out: PathBuf,
    /// Überschreibt die Datei, wenn es sie schon gibt.
    #[arg(long)]
    force: bool,
}

impl Sheets {
    pub(super) async fn run(self, config: &Config) -> Ended {
        match self {
            Self::Separator {
                department,
                kind,
                target,
            } => {
                target.refuse_early().await?;
                let printed = separator(config, department, kind.as_deref()).await?;
                target.write(printed, "1 Trennblatt").await
            }
            Self::Label { references, target } => {
                target.refuse_early().await?;
                let many = match references.len() {
                    1 => "1 Aktenetikett".to_owned(),
                    many => format!("{many} Aktenetiketten"),
                };
                let printed = labels(config, &references).await?;
                target.write(printed, &many).await
            }
        }
    }
}

impl Target {
    /// Nothing is looked up for what is not written.
    async fn refuse_early(&self) -> Ended {
        let there = tokio::fs::try_exists(&self.out).await;
        if !self.force && there.unwrap_or(false) {
            return Err(self.exists());
        }
        Ok(())
    }

    fn exists(&self) -> Failure {
        let said = format!(
            "{} gibt es schon; mit --force wird die Datei überschrieben",
            self.out.display()
        );
        Failure::new(USAGE, said)
    }

    async fn write(&self, printed: Vec<u8>, what: &str) -> Ended {
        let written = if self.force {
            replace(&self.out, &printed).await
        } else {
            create(&self.out, &printed).await
        };
        written.map_err(|error| {
            if !self.force && error.kind() == io::ErrorKind::AlreadyExists {
                return self.exists();
            }
            let said = format!("{} ist nicht schreibbar: {error}", self.out.display());
            Failure::new(MISSING, said)
        })?;
        say(&format!("{}: {what}", self.out.display()));
        Ok(())
    }
}

/// Writes a file that is not there yet.
pub(super) async fn create(path: &Path, bytes: &[u8]) -> io::Result<()> {
    use tokio::io::AsyncWriteExt as _;
    let mut file = tokio::fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .open(path)
        .await?;
    file.write_all(bytes).await?;
    file.sync_all().await
}

/// Puts a file in the place of another one: whoever opens it finds the old one or the new one, and whole.
pub(super) async fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut beside = path.as_os_str().to_owned();
    beside.push(format!(".{}.neu", std::process::id()));
    let beside = PathBuf::from(beside);
    create(&beside, bytes).await?;
    let moved = tokio::fs::rename(&beside, path).await;
    if moved.is_err() {
        // It is ours, and of no use to anybody.
        tokio::fs::remove_file(&beside).await.ok();
    }
    moved
}

async fn separator(
    config: &Config,
    department: Option<String>,
    kind: Option<&str>,
) -> Result<Vec<u8>, Failure> {
    let mut sheet = Sheet {
        kind: kind.map(kind_of).transpose()?,
        ..Sheet::default()
    };
    let mut name = None;
    if let Some(wanted) = department {
        let archive = Archive::existing(config).await?;
        let all = departments::departments(archive.db.read()).await;
        archive.db.close().await;
        let found = all?.into_iter().find(|one| one.slug == wanted);
        let found = found.ok_or_else(|| {
            let said = format!("{wanted}: eine solche Abteilung gibt es nicht");
            Failure::new(USAGE, said)
        })?;
        name = Some(found.name);
        sheet.department = Some(found.slug);
    }
    codes::separator(&sheet, name.as_deref()).ok_or_else(|| {
        let said = "--type: Text ohne Steuerzeichen, nicht zu lang für einen Code";
        Failure::new(USAGE, said)
    })
}

/// A document type as it stands on a sheet: one line, as for the interface.
fn kind_of(raw: &str) -> Result<String, Failure> {
    let line = raw.split_whitespace().collect::<Vec<_>>().join(" ");
    if (1..=VALUE_CHARS_MAX).contains(&line.chars().count()) {
        return Ok(line);
    }
    let said = format!("--type: 1 bis {VALUE_CHARS_MAX} Zeichen");
    Err(Failure::new(USAGE, said))
}

async fn labels(config: &Config, references: &[String]) -> Result<Vec<u8>, Failure> {
    if references.len() > LABELS_MAX {
        let said = format!("höchstens {LABELS_MAX} Etiketten auf einmal");
        return Err(Failure::new(USAGE, said));
    }
    let archive = Archive::existing(config).await?;
    let found = found(archive.db.read(), references).await;
    archive.db.close().await;
    let found = found?;
    let missing: Vec<&str> = references
        .iter()
        .zip(&found)
        .filter_map(|(wanted, found)| found.is_none().then_some(wanted.as_str()))
        .collect();
    if !missing.is_empty() {
        let said = format!(
            "{}: eine Akte oder einen Vorgang mit diesem Zeichen gibt es nicht",
            missing.join(", ")
        );
        return Err(Failure::new(MISSING, said));
    }
    let found: Vec<(String, String)> = found.into_iter().flatten().collect();
    for (wanted, (reference, _)) in references.iter().zip(&found) {
        if wanted.trim() != reference {
            complain(&format!("{wanted} heißt jetzt {reference}"));
        }
    }
    let labels = found
        .iter()
        .map(|(reference, subject)| Label { reference, subject });
    codes::labels(&labels.collect::<Vec<_>>())
        .ok_or_else(|| Failure::new(MISSING, "ein Zeichen ist zu lang für ein Etikett"))
}

/// The reference and the subject of each file and case that is named; old references lead there too.
async fn found(
    on: &impl ConnectionTrait,
    references: &[String],
) -> Result<Vec<Option<(String, String)>>, DbError> {
    let mut all = Vec::with_capacity(references.len());
    for wanted in references {
        let named = files::resolve(on, wanted.trim()).await?;
        all.push(match named.map(|named| named.what) {
            Some(What::File(id)) => {
                let file = files::find(on, id).await?;
                file.map(|file| (file.reference, file.subject))
            }
            Some(What::Case(id)) => {
                let case = cases::find(on, id).await?;
                case.map(|case| (case.reference, case.subject))
            }
            Some(What::Document(_)) | None => None,
        });
    }
    Ok(all)
}
