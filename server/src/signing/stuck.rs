//! Seals after which somebody must look: those that are raised no further, and those that have waited for days.

use std::collections::HashSet;

use sea_orm::ConnectionTrait;

use super::ends::Ends;
use super::model::Level;
use super::raising::{NO_SOURCES, REVOKED};
use super::rows;
use crate::base::db::DbError;
use crate::base::{DocumentId, Timestamp, VersionId};
use crate::documents;

/// After how long somebody is told that a seal waits, in seconds: three days.
pub const TOLD_AFTER_SECONDS: i64 = 3 * 86_400;
/// Why seals are raised no further though their documents are what they were.
pub const ENDED_BY: [&str; 2] = [REVOKED, NO_SOURCES];
/// Most seals that are looked at.
pub const STUCK_MAX: u32 = 1_000;

/// A seal that is not as far as the settings want it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stuck {
    /// The document.
    pub document: DocumentId,
    /// The version that bears it.
    pub bearer: VersionId,
    /// How far it has come.
    pub level: &'static str,
    /// Why it goes no further, where that is written.
    pub why: String,
}

/// Seals of the counter that are raised no further, at most [`STUCK_MAX`].
///
/// # Errors
/// The database.
pub async fn ended(on: &impl ConnectionTrait) -> Result<Vec<Stuck>, DbError> {
    let found = rows::ended_by(on, &ENDED_BY, STUCK_MAX).await?;
    still_borne(on, found).await
}

/// Seals of the counter that have waited for days, or whose archive timestamp has ended, at most [`STUCK_MAX`].
///
/// # Errors
/// The database.
pub async fn long_waiting(
    on: &impl ConnectionTrait,
    ends: &Ends,
    now: Timestamp,
) -> Result<Vec<Stuck>, DbError> {
    let target = ends.level();
    if target == Level::Basic {
        return Ok(Vec::new());
    }
    let before = now.plus_seconds(-TOLD_AFTER_SECONDS);
    let found = rows::long_below(on, target, (before, now), STUCK_MAX).await?;
    still_borne(on, found).await
}

/// Those of them whose version is in force still, and not destroyed: what came later is sealed by itself.
///
/// # Errors
/// The database.
pub async fn still_borne(
    on: &impl ConnectionTrait,
    mut found: Vec<Stuck>,
) -> Result<Vec<Stuck>, DbError> {
    let ids: HashSet<DocumentId> = found.iter().map(|one| one.document).collect();
    let ids: Vec<DocumentId> = ids.into_iter().collect();
    let standing = documents::standing(on, &ids).await?;
    let gone = documents::destroyed(on, &standing).await?;
    let borne: HashSet<VersionId> = standing
        .iter()
        .filter(|one| one.document.state != documents::State::Discarded)
        .filter(|one| !gone.contains(&one.document.id))
        .filter_map(|one| Some(one.in_force()?.id))
        .collect();
    found.retain(|one| borne.contains(&one.bearer));
    Ok(found)
}
