//! `papierlos types`: document types and fields from the machine itself.

use std::path::PathBuf;

use clap::Subcommand;
use serde::Serialize;
use tokio::io::AsyncReadExt;

use super::{Ended, FINDINGS, Failure, MISSING, USAGE, say};
use crate::archive::Archive;
use crate::base::Actor;
use crate::config::Config;
use crate::types::{self, BringError, Brought, SHEET_BYTES_MAX, Sheet};
use crate::unit::Unit;

#[derive(Debug, Subcommand)]
pub(super) enum Types {
    /// Übernimmt Typen und Felder aus TOML. Dieselbe Datei noch einmal ändert nichts; was sie nicht nennt, bleibt.
    Import {
        /// `[[field]]` und `[[type]]`, jeweils wie an /api/v1/fields und /api/v1/document-types gesendet.
        #[arg(value_name = "DATEI")]
        file: PathBuf,
        /// Eine Zeile JSON für jedes.
        #[arg(long)]
        json: bool,
    },
    /// Listet Typen und Felder auf.
    List {
        /// Eine Zeile JSON für jedes.
        #[arg(long)]
        json: bool,
    },
}

#[derive(Debug, Serialize)]
struct Line<'l> {
    code: &'l str,
    what: &'static str,
}

/// What became of a type or a field, or what it is: for programs, and for people.
type Words = (&'static str, &'static str);

impl Types {
    pub(super) async fn run(self, config: &Config) -> Ended {
        let archive = Archive::existing(config).await?;
        let ended = match self {
            Self::Import { file, json } => import(&archive, file, json).await,
            Self::List { json } => list(&archive, json).await,
        };
        archive.db.close().await;
        ended
    }
}

fn told(code: &str, (what, german): Words, json: bool) {
    if json {
        say(&serde_json::to_string(&Line { code, what }).unwrap_or_default());
    } else {
        say(&format!("{code}: {german}"));
    }
}

async fn import(archive: &Archive, file: PathBuf, json: bool) -> Ended {
    let failed = |error: std::io::Error| Failure::of_path(&file, &error);
    let opened = tokio::fs::File::open(&file).await.map_err(failed)?;
    let mut text = String::new();
    let mut limited = opened.take(SHEET_BYTES_MAX + 1);
    limited.read_to_string(&mut text).await.map_err(failed)?;
    if u64::try_from(text.len()).unwrap_or(u64::MAX) > SHEET_BYTES_MAX {
        let said = format!("{} hat mehr als {SHEET_BYTES_MAX} Bytes", file.display());
        return Err(Failure::new(USAGE, said));
    }
    let sheet = Sheet::read(&text).map_err(refused)?;
    let system = Actor::system();
    let written = archive
        .db
        .write(&system, async move |unit: &mut Unit| {
            types::bring(unit, sheet).await
        })
        .await;
    let done = match written {
        Ok(written) => written.value,
        Err(BringError::Nothing) => {
            if !json {
                say("es ändert sich nichts");
            }
            return Ok(());
        }
        Err(error) => return Err(refused(error)),
    };
    for (code, what) in done {
        let what = match what {
            Brought::Made => ("made", "angelegt"),
            Brought::Changed => ("changed", "geändert"),
            Brought::Unchanged => ("unchanged", "unverändert"),
        };
        told(&code, what, json);
    }
    Ok(())
}

fn refused(error: BringError) -> Failure {
    match error {
        BringError::Unreadable(_) => Failure::of(USAGE, &error),
        BringError::Refused { .. } | BringError::Nothing => Failure::of(FINDINGS, &error),
        BringError::Db(error) => Failure::of(MISSING, &error),
    }
}

async fn list(archive: &Archive, json: bool) -> Ended {
    let all = types::catalog(archive.db.read()).await?;
    let standing = |retired: bool, of: Words, gone: Words| if retired { gone } else { of };
    let (kind, gone) = (
        ("type", "Dokumenttyp"),
        ("retired type", "Dokumenttyp, stillgelegt"),
    );
    for one in &all.types {
        let what = standing(one.retired_at.is_some(), kind, gone);
        told(&one.code, what, json);
    }
    let (kind, gone) = (("field", "Feld"), ("retired field", "Feld, stillgelegt"));
    for one in &all.fields {
        let what = standing(one.retired_at.is_some(), kind, gone);
        told(&one.code, what, json);
    }
    Ok(())
}
