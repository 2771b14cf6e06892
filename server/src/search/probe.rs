//! Whether the index is far enough to be asked.

use std::time::Instant;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;

use super::follower::Follower;
use crate::http::health::Probe;
use crate::unit::Db;

/// Looks how far the index is behind the log.
#[derive(Debug)]
pub struct IndexProbe {
    follower: Follower,
    db: Db,
}

impl IndexProbe {
    /// Of the index that this follower fills.
    #[must_use]
    pub fn new(follower: &Follower, db: &Db) -> Self {
        Self {
            follower: follower.clone(),
            db: db.clone(),
        }
    }
}

impl Probe for IndexProbe {
    fn name(&self) -> &'static str {
        "index"
    }

    fn check(&self) -> BoxFuture<'_, Result<String, String>> {
        let progress = self.follower.progress();
        let head = *self.db.head().borrow();
        let behind = progress.behind(head);
        std::future::ready(if progress.failing {
            Err(format!("fails; {behind} records behind"))
        } else if progress.is_too_far_behind(head, Instant::now()) {
            Err(format!("catching up; {behind} records behind"))
        } else {
            Ok(format!("{behind} records behind"))
        })
        .boxed()
    }
}
