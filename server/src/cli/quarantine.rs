//! `papierlos quarantine`: what came in infected, from the machine itself.

use clap::Subcommand;
use serde::Serialize;
use uuid::Uuid;

use super::{Ended, FINDINGS, Failure, MISSING, USAGE, say};
use crate::archive::Archive;
use crate::base::{Actor, QuarantineId};
use crate::config::Config;
use crate::departments::{self, Department};
use crate::documents::{self, QuarantineError, Quarantined, REASON_CHARS_MAX, discard_quarantined};
use crate::unit::Unit;

/// Entries that are read at once.
const STEP: u64 = 500;

#[derive(Debug, Subcommand)]
pub(super) enum Quarantine {
    /// Listet auf, was in Quarantäne liegt, das Neueste zuerst.
    List {
        /// Auch, was verworfen ist.
        #[arg(long)]
        discarded: bool,
        /// Eine Zeile JSON für jedes.
        #[arg(long)]
        json: bool,
    },
    /// Verwirft einen Inhalt: Sein Schlüssel wird vernichtet, niemand liest ihn mehr.
    Discard {
        /// Der Eintrag, wie `quarantine list` ihn zeigt.
        #[arg(value_name = "EINTRAG")]
        id: Uuid,
        /// Warum; steht im Protokoll.
        #[arg(long, value_name = "GRUND")]
        reason: String,
    },
}

#[derive(Debug, Serialize)]
struct Line<'l> {
    id: Uuid,
    signature: &'l str,
    sha256: String,
    bytes: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    department: Option<&'l str>,
    created_at: String,
    created_by: Uuid,
    #[serde(skip_serializing_if = "Option::is_none")]
    discarded_at: Option<String>,
}

impl<'l> Line<'l> {
    fn of(one: &'l Quarantined, all: &'l [Department]) -> Self {
        let department = all.iter().find(|it| Some(it.id) == one.department);
        Self {
            id: one.id.raw(),
            signature: &one.signature,
            sha256: hex::encode(one.sha256),
            bytes: one.bytes,
            department: department.map(|it| it.slug.as_str()),
            created_at: one.created_at.to_string(),
            created_by: one.created_by.raw(),
            discarded_at: one.discarded.as_ref().map(|it| it.at.to_string()),
        }
    }

    fn german(&self) -> String {
        let place = self
            .department
            .map_or(String::new(), |it| format!(", {it}"));
        let gone = match &self.discarded_at {
            Some(at) => format!(", verworfen {at}"),
            None => String::new(),
        };
        format!(
            "{}: {}, {} Bytes, eingegangen {}{place}{gone}",
            self.id, self.signature, self.bytes, self.created_at
        )
    }
}

impl Quarantine {
    pub(super) async fn run(self, config: &Config) -> Ended {
        let archive = Archive::open(config).await?;
        let ended = match self {
            Self::List { discarded, json } => list(&archive, discarded, json).await,
            Self::Discard { id, reason } => discard(&archive, id, &reason).await,
        };
        archive.db.close().await;
        ended
    }
}

async fn list(archive: &Archive, discarded: bool, json: bool) -> Ended {
    let all = departments::departments(archive.db.read()).await?;
    let mut before = None;
    loop {
        let step = documents::quarantine(archive.db.read(), discarded, before, STEP).await?;
        for one in &step {
            let line = Line::of(one, &all);
            if json {
                say(&serde_json::to_string(&line).unwrap_or_default());
            } else {
                say(&line.german());
            }
        }
        match step.last() {
            Some(last) => before = Some(last.id.raw()),
            None => return Ok(()),
        }
    }
}

async fn discard(archive: &Archive, id: Uuid, reason: &str) -> Ended {
    let reason = reason.split_whitespace().collect::<Vec<_>>().join(" ");
    let chars = reason.chars().count();
    if chars == 0 || chars > REASON_CHARS_MAX {
        let said = format!("der Grund hat 1 bis {REASON_CHARS_MAX} Zeichen");
        return Err(Failure::new(USAGE, said));
    }
    let written = archive
        .db
        .write(&Actor::system(), async move |unit: &mut Unit| {
            discard_quarantined(unit, QuarantineId::of(id), None, reason).await
        })
        .await;
    match written {
        Ok(_) => {
            say(&format!("{id}: verworfen"));
            Ok(())
        }
        Err(QuarantineError::NotFound) => {
            let said = format!("{id}: einen solchen Eintrag gibt es nicht");
            Err(Failure::new(USAGE, said))
        }
        Err(error @ QuarantineError::Db(_)) => Err(Failure::of(MISSING, &error)),
        Err(error) => Err(Failure::refused(FINDINGS, error)),
    }
}
