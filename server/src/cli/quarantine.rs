//! `papierlos quarantine`: what came in infected, from the machine itself.

use clap::Subcommand;
use serde::Serialize;
use uuid::Uuid;

use super::{Ended, FINDINGS, Failure, MISSING, USAGE, say};
use crate::archive::Archive;
use crate::base::{Actor, QuarantineId};
use crate::config::Config;
use crate::departments::{self, Department};
use crate::documents::{self, About, Act, ProposalError, Quarantined, REASON_CHARS_MAX};
use crate::unit::Unit;

/// Entries that are read at once.
const STEP: u64 = 500;

#[derive(Debug, Subcommand)]
pub(super) enum Quarantine {
    /// Listet auf, was in Quarantäne liegt, das Neueste zuerst.
    List {
        /// Auch, was vernichtet ist.
        #[arg(long)]
        discarded: bool,
        /// Eine Zeile JSON für jedes.
        #[arg(long)]
        json: bool,
    },
    /// Beantragt, einen Inhalt zu vernichten; eine weitere Person gibt das frei.
    Destroy {
        /// Der Eintrag, wie `quarantine list` ihn zeigt.
        #[arg(value_name = "EINTRAG")]
        id: Uuid,
        /// Warum; steht im Protokoll.
        #[arg(long, value_name = "GRUND")]
        reason: String,
    },
    /// Beantragt, einen Inhalt als Fehlalarm freizugeben; eine weitere Person gibt das frei.
    Release {
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
    #[serde(skip_serializing_if = "Option::is_none")]
    released_at: Option<String>,
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
            released_at: one.released.as_ref().map(|it| it.at.to_string()),
        }
    }

    fn german(&self) -> String {
        let place = self
            .department
            .map_or(String::new(), |it| format!(", {it}"));
        let gone = match &self.discarded_at {
            Some(at) => format!(", vernichtet {at}"),
            None => String::new(),
        };
        let let_go = match &self.released_at {
            Some(at) => format!(", freigegeben {at}"),
            None => String::new(),
        };
        format!(
            "{}: {}, {} Bytes, eingegangen {}{place}{let_go}{gone}",
            self.id, self.signature, self.bytes, self.created_at
        )
    }
}

impl Quarantine {
    pub(super) async fn run(self, config: &Config) -> Ended {
        let archive = Archive::existing(config).await?;
        let ended = match self {
            Self::List { discarded, json } => list(&archive, discarded, json).await,
            Self::Destroy { id, reason } => propose(&archive, id, Act::Destroy, &reason).await,
            Self::Release { id, reason } => propose(&archive, id, Act::Release, &reason).await,
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

async fn propose(archive: &Archive, id: Uuid, act: Act, reason: &str) -> Ended {
    let reason = reason.split_whitespace().collect::<Vec<_>>().join(" ");
    let chars = reason.chars().count();
    if chars == 0 || chars > REASON_CHARS_MAX {
        let said = format!("der Grund hat 1 bis {REASON_CHARS_MAX} Zeichen");
        return Err(Failure::new(USAGE, said));
    }
    let about = About::Quarantined(QuarantineId::of(id));
    let written = archive
        .db
        .write(&Actor::system(), async move |unit: &mut Unit| {
            documents::propose(unit, (about, act), reason).await
        })
        .await;
    match written {
        Ok(written) => {
            let proposal = written.value.id();
            say(&format!(
                "{id}: beantragt, wartet auf die Freigabe durch eine weitere Person ({proposal})"
            ));
            Ok(())
        }
        Err(ProposalError::NotFound) => {
            let said = format!("{id}: einen solchen Eintrag gibt es nicht");
            Err(Failure::new(USAGE, said))
        }
        Err(ProposalError::Over) => Err(Failure::new(
            FINDINGS,
            format!("{id}: ist schon vernichtet oder freigegeben"),
        )),
        Err(ProposalError::Proposed) => Err(Failure::new(
            FINDINGS,
            format!("{id}: darüber liegt schon ein Antrag vor"),
        )),
        Err(error @ ProposalError::Db(_)) => Err(Failure::of(MISSING, &error)),
        Err(error) => Err(Failure::refused(FINDINGS, error)),
    }
}
