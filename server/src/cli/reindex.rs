//! `papierlos reindex`

use super::{Ended, Failure, MISSING, bar, say};
use crate::app::open_index;
use crate::archive::Archive;
use crate::config::Config;
use crate::search;

/// Builds the index anew beside the old one and puts it in force when it is complete.
pub(super) async fn run(config: &Config) -> Ended {
    let archive = Archive::existing(config).await?;
    let index = match open_index(config).await {
        Ok(index) => index,
        Err(error) => {
            let said = format!("{}; zuerst den Server beenden", super::chain(&error));
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
