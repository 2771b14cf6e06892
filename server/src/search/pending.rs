//! Between a move and the index that has not followed yet, the stricter answer wins: what has gone out
//! of sight is neither found, counted nor suggested.

use indexer::{Index, Key};
use tokio::time::Instant;

use super::follower::Follower;
use super::http::WAIT_MAX;
use crate::audit::log::last_seq;
use crate::base::{Actor, Right};
use crate::documents;
use crate::http::{Kind, Problem};
use crate::unit::Db;

/// Documents that are kept out of one answer: more than follow one refiled file. Of more the answer
/// waits for the index.
const HIDDEN_MAX: usize = 25_000;

/// The documents that changed in records which the index does not know, and that the actor may not
/// search now. Some of them he never could: to keep those out too costs nothing but the telling apart.
///
/// # Errors
/// 503 where there are too many for too long.
pub(super) async fn hidden(
    db: &Db,
    index: &Index,
    follower: &Follower,
    actor: &Actor,
) -> Result<Vec<Key>, Problem> {
    let end = Instant::now() + WAIT_MAX;
    loop {
        let Some(applied) = index.applied() else {
            return Ok(Vec::new());
        };
        let on = db.read();
        let right = Right::ReadContent;
        let limit = u64::try_from(HIDDEN_MAX).unwrap_or(u64::MAX) + 1;
        let found = documents::out_of_sight_since(on, actor, right, applied, limit).await?;
        if found.len() <= HIDDEN_MAX {
            return Ok(found.iter().map(|id| Key(id.raw().as_u128())).collect());
        }
        let left = end.saturating_duration_since(Instant::now());
        if !follower.reaches(applied + 1, left).await {
            let last = last_seq(on).await?.unwrap_or(applied);
            return Err(Problem::new(Kind::IndexBehind)
                .index(applied, last)
                .retry_after_seconds(1));
        }
    }
}
