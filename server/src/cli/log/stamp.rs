//! `papierlos log stamp`: a timestamp over the newest checkpoint, now.

use crate::archive::Archive;
use crate::base::Actor;
use crate::cli::{Ended, Failure, MISSING, USAGE, chain, say};
use crate::config::Config;
use crate::ledger::timestamps::{Kept, Stamper, StampingError, list};

pub(super) async fn run(config: &Config) -> Ended {
    let Some(tsa) = config.log.tsa.as_deref() else {
        let said = "log.tsa: es ist keine Zeitstempelstelle eingestellt";
        return Err(Failure::new(USAGE, said));
    };
    let archive = Archive::existing(config).await?;
    let stamped = stamped(&archive, tsa).await;
    archive.db.close().await;
    let (kept, before) = stamped?;
    let what = if before {
        "Schon gestempelt"
    } else {
        "Gestempelt"
    };
    say(&format!(
        "{what}: {} Einträge, {}, Nummer {}, {}",
        kept.size, kept.gen_time, kept.serial, kept.tsa
    ));
    Ok(())
}

/// The timestamp over the newest checkpoint, and whether it was there before.
async fn stamped(archive: &Archive, tsa: &str) -> Result<(Kept, bool), Failure> {
    let stamper = Stamper::new(
        &archive.db,
        &archive.storage,
        &archive.publication,
        Some(tsa),
    );
    let size = match Box::pin(stamper.take(&Actor::system())).await {
        Ok(kept) => return Ok((kept, false)),
        Err(StampingError::Stamped { size }) => size,
        Err(error) => return Err(refused(&error)),
    };
    let mut found = list(archive.db.read(), Some(size.saturating_add(1)), 1).await?;
    let kept = found.pop();
    kept.map(|kept| (kept, true))
        .ok_or_else(|| Failure::new(MISSING, "der Zeitstempel ist nicht da"))
}

/// In German, with what lies behind it.
fn refused(error: &StampingError) -> Failure {
    let said = match error {
        StampingError::Unsigned => "es gibt noch keinen signierten Prüfpunkt",
        StampingError::Ask(_) => "die Zeitstempelstelle antwortet nicht; log.tsa prüfen",
        StampingError::Answer(_) | StampingError::Stamp(_) | StampingError::Coarse { .. } => {
            "die Zeitstempelstelle gibt keinen brauchbaren Zeitstempel"
        }
        StampingError::Clock { .. } => {
            "die Uhren des Archivs und der Zeitstempelstelle weichen voneinander ab; nichts wurde aufbewahrt"
        }
        StampingError::Foreign(_) => "der neueste Prüfpunkt ist keiner dieses Protokolls",
        StampingError::NoAuthority
        | StampingError::Stamped { .. }
        | StampingError::NoChance
        | StampingError::Store(_)
        | StampingError::Db(_) => return Failure::of(MISSING, error),
    };
    Failure::new(MISSING, format!("{said} (Ursache: {})", chain(error)))
}
