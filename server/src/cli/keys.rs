//! `papierlos keys`: the wrapping keys in the key file.

use std::sync::Arc;

use clap::Subcommand;
use storage::{KeyDomain, KeyFile, KeyHold, Kms};

use super::{Ended, Failure, MISSING, USAGE, chain, say};
use crate::archive::Archive;
use crate::base::JobKind;
use crate::config::Config;
use crate::departments;
use crate::documents::DOMAINS;
use crate::jobs;
use crate::proof::keys::{rewrap, usage};

/// The keys that wrap the keys of content.
#[derive(Debug, Subcommand)]
pub(super) enum Keys {
    /// Lists them, with how many rows each holds.
    List,
    /// Makes the first key of a key domain, for a compartment that has none.
    Add {
        /// The key domain, as `keys list` shows it.
        domain: String,
    },
    /// Makes a new key and wraps everything under it. Nothing else may work on the archive.
    Rotate {
        /// The key domain.
        #[arg(long, default_value = "general")]
        domain: String,
        /// Makes no new key: goes on where a rotation was interrupted.
        #[arg(long)]
        resume: bool,
    },
    /// Removes a key that nothing is wrapped by any more. Nothing else may work on the archive.
    Remove {
        /// The key, as `keys list` shows it.
        id: String,
        /// The key domain.
        #[arg(long, default_value = "general")]
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
    let archive = Archive::open(config).await?;
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
    let archive = Archive::open(config).await?;
    let places = departments::key_domains(archive.db.read()).await;
    if !places?.iter().any(|(_, known)| known == domain) {
        archive.db.close().await;
        let said = format!("no compartment has the key domain {domain}");
        return Err(Failure::new(USAGE, said));
    }
    let made = departments::make_key(&archive.db, domain).await;
    archive.db.close().await;
    if !made? {
        let said = format!(
            "the key domain {domain} has a key; `papierlos keys rotate --domain {domain}` makes a new one"
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
            "{id} still wraps {} keys of content and {} of openings: run keys rotate --resume",
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
    let hold = KeyHold::alone(&config.key_file).map_err(|error| {
        let said = "end the server first, and whatever else works on the archive";
        Failure::new(MISSING, format!("{}; {said}", chain(&error)))
    })?;
    Ok(Arc::new(hold))
}

const _: () = assert!(!DOMAINS.is_empty());
