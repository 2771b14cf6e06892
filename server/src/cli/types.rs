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

/// Document types and fields.
#[derive(Debug, Subcommand)]
pub(super) enum Types {
    /// Takes types and fields over from TOML. The same file again changes nothing, and what it does not name stays.
    Import {
        /// `[[field]]` and `[[type]]`, each as it is sent to /api/v1/fields and /api/v1/document-types.
        file: PathBuf,
        /// One line of JSON for each.
        #[arg(long)]
        json: bool,
    },
    /// Lists types and fields.
    List {
        /// One line of JSON for each.
        #[arg(long)]
        json: bool,
    },
}

#[derive(Debug, Serialize)]
struct Line<'l> {
    code: &'l str,
    what: &'static str,
}

impl Types {
    pub(super) async fn run(self, config: &Config) -> Ended {
        let archive = Archive::open(config).await?;
        let ended = match self {
            Self::Import { file, json } => import(&archive, file, json).await,
            Self::List { json } => list(&archive, json).await,
        };
        archive.db.close().await;
        ended
    }
}

fn told(code: &str, what: &'static str, json: bool) {
    if json {
        say(&serde_json::to_string(&Line { code, what }).unwrap_or_default());
    } else {
        say(&format!("{code}: {what}"));
    }
}

async fn import(archive: &Archive, file: PathBuf, json: bool) -> Ended {
    let failed = |error: std::io::Error| {
        Failure::new(
            MISSING,
            format!("{} cannot be read: {error}", file.display()),
        )
    };
    let opened = tokio::fs::File::open(&file).await.map_err(failed)?;
    let mut text = String::new();
    let mut limited = opened.take(SHEET_BYTES_MAX + 1);
    limited.read_to_string(&mut text).await.map_err(failed)?;
    if u64::try_from(text.len()).unwrap_or(u64::MAX) > SHEET_BYTES_MAX {
        let said = format!("{} has more than {SHEET_BYTES_MAX} bytes", file.display());
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
                say("nothing would change");
            }
            return Ok(());
        }
        Err(error) => return Err(refused(error)),
    };
    for (code, what) in done {
        let what = match what {
            Brought::Made => "made",
            Brought::Changed => "changed",
            Brought::Unchanged => "unchanged",
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
    let standing = |retired: bool, of: &'static str, gone: &'static str| {
        if retired { gone } else { of }
    };
    for one in &all.types {
        let what = standing(one.retired_at.is_some(), "type", "retired type");
        told(&one.code, what, json);
    }
    for one in &all.fields {
        let what = standing(one.retired_at.is_some(), "field", "retired field");
        told(&one.code, what, json);
    }
    Ok(())
}
