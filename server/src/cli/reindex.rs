//! `papierlos reindex`

use indexer::IndexError;

use super::{Ended, Failure, MISSING, bar, say};
use crate::app::{ServeError, open_index};
use crate::archive::Archive;
use crate::config::Config;
use crate::search;

/// Builds the index anew beside the old one and puts it in force when it is complete.
pub(super) async fn run(config: &Config) -> Ended {
    let archive = Archive::existing(config).await?;
    let index = match open_index(config).await {
        Ok(index) => index,
        Err(error) => {
            let held = matches!(error, ServeError::Index(IndexError::Locked { .. }));
            let mut said = super::chain(&error);
            if held {
                said = format!(
                    "Der Suchindex ist in Benutzung. Falls ein Server läuft: er baut den Index selbst neu auf, \
                     während er sucht (POST {}/api/v1/index/rebuild mit dem Token eines Kontos der \
                     Administration); oder bitte zuerst den Server beenden ({said})",
                    config.server.public_url
                );
            }
            return Err(Failure::new(MISSING, said));
        }
    };
    let progress = bar(0);
    let rebuilt = search::rebuild(
        archive.db.read(),
        &archive.storage,
        &index,
        |done, total| {
            progress.set_length(total);
            progress.set_position(done);
        },
    );
    let rebuilt = rebuilt.await;
    progress.finish_and_clear();
    archive.db.close().await;
    let rebuilt = rebuilt?;
    say(&format!(
        "{} Dokumente, bis Eintrag {}",
        rebuilt.documents, rebuilt.seq
    ));
    Ok(())
}
