//! `papierlos check`

use clap::Args;
use indexer::IndexError;

use super::{Ended, FINDINGS, Failure, chain, complain, say};
use crate::app::{ServeError, open_index};
use crate::archive::Archive;
use crate::config::Config;
use crate::proof::check::{Checked, Depth, Mode, check, lists, reports};
use crate::signing::Ends;

#[derive(Debug, Args)]
pub(super) struct Check {
    /// Behebt, was abgeleitet ist, nie bestätigt wurde oder noch einmal getan werden kann.
    #[arg(long)]
    repair: bool,
    /// Liest jeden Inhalt ganz und rechnet seine Prüfsummen nach.
    #[arg(long)]
    deep: bool,
    /// Gibt JSON aus.
    #[arg(long)]
    json: bool,
}

impl Check {
    pub(super) async fn run(self, config: &Config) -> Ended {
        let (archive, contradiction) = Archive::open_to_check(config).await?;
        if let Some(contradiction) = &contradiction {
            complain(&format!("{}; es wird nichts behoben", chain(contradiction)));
        }
        let index = match open_index(config).await {
            Ok(index) => Some(index),
            // The running server holds it and checks it every night.
            Err(ServeError::Index(IndexError::Locked { .. })) => None,
            Err(error) => return Err(error.into()),
        };
        let certificates = Ends::read(config.seal.as_ref(), &config.signing).await?;
        let on = Checked {
            db: archive.db.clone(),
            storage: archive.storage.clone(),
            index,
            changes: archive.publication.clone(),
            looks: archive.looks.clone(),
            now: archive.db.now().utc().into(),
            rights: config.rights,
            certificates,
            witnesses: archive.witnesses.clone(),
            stamped_every: config.log.tsa.as_ref().map(|_tsa| config.log.tsa_every),
        };
        let depth = if self.deep { Depth::Deep } else { Depth::Whole };
        let mode = if self.repair && contradiction.is_none() {
            Mode::Repair
        } else {
            Mode::Look
        };
        let outcome = check(&on, depth, mode).await;
        let now = archive.db.now();
        archive.db.close().await;
        let mut outcome = outcome?;
        let trusted = (&*config.signatures_trust, &config.signatures_lists);
        lists(trusted, &mut outcome);
        reports(config.log.report_dir.as_deref(), now, &mut outcome);
        if self.json {
            say(&outcome.to_json().to_string());
        } else {
            say(&outcome.to_text());
        }
        match outcome.open() {
            0 => Ok(()),
            _ => Err(Failure::new(FINDINGS, outcome.said())),
        }
    }
}
