//! `papierlos tablets`: the tablets at the counters, from the machine itself.

use clap::Subcommand;
use serde::Serialize;
use uuid::Uuid;

use super::{Ended, FINDINGS, Failure, MISSING, USAGE, say};
use crate::archive::Archive;
use crate::base::{Actor, TabletId};
use crate::config::Config;
use crate::departments::{self, Department};
use crate::signing::{self, SigningError};
use crate::tablets::{self, REASON_CHARS_MAX, Tablet, TabletError};
use crate::unit::Unit;

#[derive(Debug, Subcommand)]
pub(super) enum Tablets {
    /// Listet die Tablets auf, mit Schalter und Abteilung.
    List {
        /// Auch gesperrte.
        #[arg(long)]
        all: bool,
        /// Eine Zeile JSON für jedes.
        #[arg(long)]
        json: bool,
    },
    /// Sperrt ein Tablet, etwa ein verlorenes: Ab der nächsten Anfrage ist es nicht mehr bekannt; was darauf gezeigt
    /// wird, wird abgebrochen.
    Revoke {
        /// Das Tablet, wie `tablets list` es zeigt.
        #[arg(value_name = "TABLET")]
        id: Uuid,
        /// Warum; steht im Protokoll.
        #[arg(long, value_name = "GRUND")]
        reason: String,
        /// Das Ergebnis als eine Zeile JSON.
        #[arg(long)]
        json: bool,
    },
}

#[derive(Debug, Serialize)]
struct Line<'l> {
    id: Uuid,
    name: &'l str,
    counter: &'l str,
    #[serde(skip_serializing_if = "Option::is_none")]
    department: Option<&'l str>,
    key: String,
    paired_at: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    seen_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    revoked_at: Option<String>,
}

impl<'l> Line<'l> {
    fn of(one: &'l Tablet, all: &'l [Department]) -> Self {
        let department = all.iter().find(|it| it.id == one.department);
        Self {
            id: one.id.raw(),
            name: &one.name,
            counter: &one.counter,
            department: department.map(|it| it.slug.as_str()),
            key: one.key_thumbprint(),
            paired_at: one.paired_at().to_string(),
            seen_at: one.seen_at().map(|at| at.to_string()),
            revoked_at: one.revoked_at().map(|at| at.to_string()),
        }
    }

    fn german(&self) -> String {
        let place = self
            .department
            .map_or(String::new(), |it| format!(", {it}"));
        let seen = match &self.seen_at {
            Some(at) => format!(", zuletzt gesehen {at}"),
            None => ", noch nie gesehen".to_owned(),
        };
        let revoked = match &self.revoked_at {
            Some(at) => format!(", gesperrt {at}"),
            None => String::new(),
        };
        format!(
            "{}: {}, {}{place}, gekoppelt {}{seen}{revoked}",
            self.id, self.name, self.counter, self.paired_at
        )
    }

    fn say(&self, json: bool) {
        if json {
            say(&serde_json::to_string(self).unwrap_or_default());
        } else {
            say(&self.german());
        }
    }
}

impl Tablets {
    pub(super) async fn run(self, config: &Config) -> Ended {
        let archive = Archive::existing(config).await?;
        let ended = match self {
            Self::List { all, json } => list(&archive, all, json).await,
            Self::Revoke { id, reason, json } => revoke(&archive, id, &reason, json).await,
        };
        archive.db.close().await;
        ended
    }
}

async fn list(archive: &Archive, all: bool, json: bool) -> Ended {
    let departments = departments::departments(archive.db.read()).await?;
    let tablets = tablets::visible(archive.db.read(), &Actor::system()).await?;
    for one in tablets.iter().filter(|one| all || !one.is_revoked()) {
        Line::of(one, &departments).say(json);
    }
    Ok(())
}

async fn revoke(archive: &Archive, id: Uuid, reason: &str, json: bool) -> Ended {
    let reason = reason.split_whitespace().collect::<Vec<_>>().join(" ");
    let chars = reason.chars().count();
    if chars == 0 || chars > REASON_CHARS_MAX {
        let said = format!("der Grund hat 1 bis {REASON_CHARS_MAX} Zeichen");
        return Err(Failure::new(USAGE, said));
    }
    let departments = departments::departments(archive.db.read()).await?;
    let tablet = TabletId::of(id);
    let written = archive
        .db
        .write(&Actor::system(), async move |unit: &mut Unit| {
            signing::revoke(unit, tablet, reason).await
        })
        .await;
    match written {
        Ok(written) => {
            Line::of(&written.value.0, &departments).say(json);
            Ok(())
        }
        Err(SigningError::NoTablet) => {
            let said = format!("{id}: ein solches Tablet gibt es nicht");
            Err(Failure::new(USAGE, said))
        }
        Err(SigningError::Tablet(TabletError::Revoked)) => {
            let said = format!("{id}: ist schon gesperrt");
            Err(Failure::new(FINDINGS, said))
        }
        Err(error) => Err(Failure::of(MISSING, &error)),
    }
}
