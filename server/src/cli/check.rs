//! `papierlos check`

use clap::Args;
use indexer::IndexError;

use super::{Ended, FINDINGS, Failure, chain, complain, say};
use crate::app::{ServeError, open_index};
use crate::archive::Archive;
use crate::config::Config;
use crate::proof::check::{Checked, Depth, Mode, check};

/// Checks whether rows, content, index, jobs and log fit each other.
#[derive(Debug, Args)]
pub(super) struct Check {
    /// Repairs what is derived, was never acknowledged, or can be done again.
    #[arg(long)]
    repair: bool,
    /// Reads every blob and computes its digests again.
    #[arg(long)]
    deep: bool,
    /// Prints JSON.
    #[arg(long)]
    json: bool,
}

impl Check {
    pub(super) async fn run(self, config: &Config) -> Ended {
        let (archive, contradiction) = Archive::open_to_check(config).await?;
        if let Some(contradiction) = &contradiction {
            complain(&format!("{}; nothing is repaired", chain(contradiction)));
        }
        let index = match open_index(config).await {
            Ok(index) => Some(index),
            // The running server holds it and checks it every night.
            Err(ServeError::Index(IndexError::Locked { .. })) => None,
            Err(error) => return Err(error.into()),
        };
        let on = Checked {
            db: archive.db.clone(),
            storage: archive.storage.clone(),
            index,
            lock: archive.publication.lock.clone(),
            now: archive.db.now().utc().into(),
            rights: config.rights,
        };
        let depth = if self.deep { Depth::Deep } else { Depth::Whole };
        let mode = if self.repair && contradiction.is_none() {
            Mode::Repair
        } else {
            Mode::Look
        };
        let outcome = check(&on, depth, mode).await;
        archive.db.close().await;
        let outcome = outcome?;
        if self.json {
            say(&outcome.to_json().to_string());
        } else {
            say(&outcome.to_text());
        }
        match outcome.open() {
            0 => Ok(()),
            open => Err(Failure::new(FINDINGS, format!("{open} findings"))),
        }
    }
}
