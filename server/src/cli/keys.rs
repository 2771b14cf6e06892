//! `papierlos keys`: the wrapping keys in the key file.

use std::sync::Arc;

use clap::Subcommand;
use storage::{KeyDomain, KeyFile, KeyHold, Kms};

use super::{Ended, Failure, MISSING, USAGE, chain, say};
use crate::archive::{Archive, require_archive};
use crate::base::JobKind;
use crate::config::Config;
use crate::departments;
use crate::documents::DOMAINS;
use crate::jobs;
use crate::proof::keys::{rewrap, usage};

#[derive(Debug, Subcommand)]
pub(super) enum Keys {
    /// Listet sie auf, mit der Zahl dessen, was jeder verpackt.
    List,
    /// Macht den ersten Schlüssel eines Schlüsselbereichs, für eine Abschottung, die keinen hat.
    Add {
        /// Der Schlüsselbereich, wie `keys list` ihn zeigt.
        #[arg(value_name = "BEREICH")]
        domain: String,
    },
    /// Macht einen neuen Schlüssel und verpackt alles neu; nichts anderes darf am Archiv arbeiten.
    Rotate {
        /// Der Schlüsselbereich.
        #[arg(long, value_name = "BEREICH", default_value = "general")]
        domain: String,
        /// Macht keinen neuen Schlüssel, sondern fährt fort, wo ein Wechsel unterbrochen wurde.
        #[arg(long)]
        resume: bool,
    },
    /// Entfernt einen Schlüssel, der nichts mehr verpackt; nichts anderes darf am Archiv arbeiten.
    Remove {
        /// Der Schlüssel, wie `keys list` ihn zeigt.
        #[arg(value_name = "SCHLÜSSEL")]
        id: String,
        /// Der Schlüsselbereich.
        #[arg(long, value_name = "BEREICH", default_value = "general")]
        domain: String,
    },
}

impl Keys {
    pub(super) async fn run(self, config: &Config) -> Ended {
        match self {
            Self::List => list(config).await,
            Self::Add { domain } => add(config, &parse(&domain)?).await,
            Self::Rotate { domain, resume } => rotate(config, &parse(&domain)?, resume).await,
            Self::Remove { id, domain } => remove(config, &parse(&domain)?, &id).await,
        }
    }
}

fn parse(domain: &str) -> Result<KeyDomain, Failure> {
    KeyDomain::parse(domain).map_err(|error| Failure::of(USAGE, &error))
}

async fn list(config: &Config) -> Ended {
    let archive = Archive::existing(config).await?;
    let used = usage(archive.db.read()).await;
    let places = departments::key_domains(archive.db.read()).await;
    let waiting = jobs::backlog(archive.db.read(), JobKind::MoveContent).await;
    archive.db.close().await;
    let (used, places, waiting) = (used?, places?, waiting?);
    for (_, domain) in places {
        if archive.keys.active_kek(&domain).is_err() {
            say(&format!("{domain} ohne Schlüssel"));
        }
    }
    if waiting.waiting + waiting.failed > 0 {
        say(&format!(
            "Dokumente, deren Inhalt noch umzuschlüsseln ist: {}, davon gescheitert: {}",
            waiting.waiting + waiting.failed,
            waiting.failed
        ));
    }
    for domain in archive.keys.domains() {
        let active = archive.keys.active_kek(&domain)?;
        for id in archive.keys.key_ids(&domain) {
            let row = used
                .iter()
                .find(|row| row.domain == domain.as_str() && row.kek == id);
            let (blobs, subjects) = row.map_or((0, 0), |row| (row.blobs, row.subjects));
            let mark = if id == active { "aktiv" } else { "alt" };
            say(&format!(
                "{domain} {id} {mark} Inhalte {blobs} Öffnungen {subjects}"
            ));
        }
    }
    Ok(())
}

/// Beside a server, too: it finds the key when it asks for it.
async fn add(config: &Config, domain: &KeyDomain) -> Ended {
    let archive = Archive::existing(config).await?;
    let places = departments::key_domains(archive.db.read()).await;
    if !places?.iter().any(|(_, known)| known == domain) {
        archive.db.close().await;
        let said = format!("Keine Abschottung hat den Schlüsselbereich {domain}.");
        return Err(Failure::new(USAGE, said));
    }
    let made = departments::make_key(&archive.db, domain).await;
    archive.db.close().await;
    if !made? {
        let said = format!(
            "Der Schlüsselbereich {domain} hat einen Schlüssel; `papierlos keys rotate --domain {domain}` macht einen neuen."
        );
        return Err(Failure::new(USAGE, said));
    }
    let id = archive.keys.active_kek(domain)?;
    say(&format!(
        "neuer Schlüssel {id}; jetzt die Schlüsseldatei sichern, getrennt vom Rest"
    ));
    Ok(())
}

async fn rotate(config: &Config, domain: &KeyDomain, resume: bool) -> Ended {
    let hold = alone(config)?;
    let archive = Archive::open_alone(config, Arc::clone(&hold)).await?;
    if !resume {
        let id = KeyFile::rotate(&config.key_file, domain, &archive.db.now().to_string())?;
        say(&format!(
            "neuer Schlüssel {id}; jetzt die Schlüsseldatei sichern, getrennt vom Rest"
        ));
    }
    // The writer of this process still wraps with what it opened: it is closed before the new file
    // is used, and opened again with it.
    archive.db.close().await;
    let archive = Archive::open_alone(config, hold).await?;
    let done = rewrap(&archive.db, archive.keys.as_ref(), domain).await;
    archive.db.close().await;
    let done = done?;
    say(&format!(
        "neu verpackt: {} Inhalte, {} Öffnungen",
        done.blobs, done.subjects
    ));
    Ok(())
}

async fn remove(config: &Config, domain: &KeyDomain, id: &str) -> Ended {
    let archive = Archive::open_alone(config, alone(config)?).await?;
    let used = usage(archive.db.read()).await;
    archive.db.clone().close().await;
    let row = used?
        .into_iter()
        .find(|row| row.domain == domain.as_str() && row.kek == id);
    if let Some(row) = row {
        let said = format!(
            "{id} verpackt noch Schlüssel von {} Inhalten und {} Öffnungen: zuerst keys rotate --resume",
            row.blobs, row.subjects
        );
        return Err(Failure::new(super::FINDINGS, said));
    }
    KeyFile::remove(&config.key_file, domain, id)?;
    // Only now may others read the key file again.
    drop(archive);
    say(&format!(
        "{id} entfernt; Sicherungen von davor brauchen ihn noch"
    ));
    Ok(())
}

/// Holds the key file alone: who has it open would go on with the keys that it has read.
fn alone(config: &Config) -> Result<Arc<KeyHold>, Failure> {
    require_archive(config)?;
    let hold = KeyHold::alone(&config.key_file).map_err(|error| {
        let said = "zuerst den Server beenden und was sonst am Archiv arbeitet";
        Failure::new(MISSING, format!("{}; {said}", chain(&error)))
    })?;
    Ok(Arc::new(hold))
}

const _: () = assert!(!DOMAINS.is_empty());
