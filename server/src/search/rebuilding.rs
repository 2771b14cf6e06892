//! A running server builds its own index anew, while the old one answers and follows.
//!
//! What is recorded meanwhile is taken in at the end, the last of it while the follower waits: the new index knows
//! no less than the old one when it takes its place.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use indexer::{Index, IndexError};
use storage::Storage;
use tokio::runtime::Handle;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use super::follower::{FollowError, Follower, Turn};
use super::rebuild::{Rebuilt, clear, fill};
use crate::base::{Behind, Tasks, Timestamp};
use crate::http::multipart::Room;
use crate::unit::Db;

/// How often a rebuild is repeated that something cut off which may pass.
const AGAIN_MAX: u32 = 5;
/// After which time.
const AGAIN_AFTER: Duration = Duration::from_secs(2);

/// What is known of rebuilds since the server began.
#[derive(Debug, Clone, Copy, Default)]
pub struct Standing {
    /// The one that runs.
    pub now: Option<Running>,
    /// The last one that ended.
    pub last: Option<Past>,
}

/// A rebuild that runs.
#[derive(Debug, Clone, Copy)]
pub struct Running {
    /// When it was begun.
    pub begun: Timestamp,
    /// Documents that were put in.
    pub documents: u64,
    /// How many there are.
    pub total: u64,
}

/// A rebuild that ended.
#[derive(Debug, Clone, Copy)]
pub struct Past {
    /// When it was begun.
    pub begun: Timestamp,
    /// When it ended.
    pub ended: Timestamp,
    /// What it did; nothing where it failed.
    pub done: Option<Rebuilt>,
}

/// Who has the index rebuilt, and what may be known of it.
#[derive(Debug, Clone)]
pub struct Rebuilder {
    shared: Arc<Shared>,
    room: Room,
}

#[derive(Debug, Default)]
struct Shared {
    standing: Mutex<Standing>,
    go: Notify,
}

struct Worker {
    db: Db,
    storage: Storage,
    index: Index,
    turn: Turn,
    shared: Arc<Shared>,
}

impl Rebuilder {
    /// Starts the task that rebuilds when it is told to, where there is `room` for it. What was interrupted goes on.
    pub fn start(
        db: &Db,
        storage: &Storage,
        index: &Index,
        follower: &Follower,
        tasks: &Tasks,
        behind: Arc<Behind>,
        room: Room,
    ) -> Self {
        let shared = Arc::<Shared>::default();
        let worker = Worker {
            db: db.clone(),
            storage: storage.clone(),
            index: index.clone(),
            turn: follower.turn(),
            shared: Arc::clone(&shared),
        };
        let worker = Arc::new(worker);
        tasks.start("rebuild", |end| worker.run(behind, end));
        let it = Self { shared, room };
        if let Err(error) = it.go_on(index, db.now()) {
            tracing::warn!(error = %error, cause = ?error, "what is left of a rebuild of the index stays");
        }
        it
    }

    /// What was interrupted holds texts as they were: none of it may lie there for ever.
    fn go_on(&self, index: &Index, now: Timestamp) -> Result<(), IndexError> {
        if !index.has_unfinished_rebuild()? {
            return Ok(());
        }
        if !self.has_room(index) {
            tracing::warn!(
                "there is no room for a rebuild of the index that was interrupted; it is discarded"
            );
            return index.discard_rebuild();
        }
        if let Some(claim) = self.claim(now) {
            tracing::info!("a rebuild of the index that was interrupted goes on");
            claim.go();
        }
        Ok(())
    }

    /// Whether the disk has room for the index once more.
    pub(super) fn has_room(&self, index: &Index) -> bool {
        self.room.has(index.bytes().unwrap_or_default())
    }

    /// What is known now.
    #[must_use]
    pub fn standing(&self) -> Standing {
        *self.shared.standing()
    }

    /// The place of whoever has it rebuilt; none while one runs.
    pub(super) fn claim(&self, now: Timestamp) -> Option<Claim> {
        let mut standing = self.shared.standing();
        if standing.now.is_some() {
            return None;
        }
        standing.now = Some(Running {
            begun: now,
            documents: 0,
            total: 0,
        });
        Some(Claim(Some(Arc::clone(&self.shared))))
    }
}

/// The place of whoever has it rebuilt. Dropped before it was used, it is free again.
pub(super) struct Claim(Option<Arc<Shared>>);

impl Claim {
    /// Begins.
    pub(super) fn go(mut self) {
        if let Some(shared) = self.0.take() {
            shared.go.notify_one();
        }
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        if let Some(shared) = self.0.take() {
            shared.standing().now = None;
        }
    }
}

impl Shared {
    fn standing(&self) -> MutexGuard<'_, Standing> {
        self.standing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn told(&self, documents: u64, total: u64) {
        if let Some(running) = &mut self.standing().now {
            running.documents = documents;
            // What is filed meanwhile was not counted.
            running.total = total.max(documents);
        }
    }

    fn ended(&self, now: Timestamp, done: Option<Rebuilt>) {
        let mut standing = self.standing();
        if let Some(running) = standing.now.take() {
            standing.last = Some(Past {
                begun: running.begun,
                ended: now,
                done,
            });
        }
    }
}

impl Worker {
    async fn run(self: Arc<Self>, behind: Arc<Behind>, end: CancellationToken) {
        loop {
            tokio::select! {
                () = end.cancelled() => return,
                () = self.shared.go.notified() => {}
            }
            tracing::info!("the index is being rebuilt");
            let (worker, threads, end) = (Arc::clone(&self), behind.threads(), end.clone());
            let here = Handle::current();
            // Texts are unpacked where they are read: that thread gives way, too.
            let work = move || {
                let rebuilt = end.run_until_cancelled(worker.persist(&threads));
                here.block_on(rebuilt)
            };
            let done = match behind.run(work).await {
                // The server ends. What was done up to the last mark stays for the next one.
                Ok(None) => return,
                Ok(Some(done)) => done,
                Err(_source) => Err(FollowError::GivenUp),
            };
            match &done {
                Ok(Rebuilt { documents, seq }) => tracing::info!(
                    index.documents = documents,
                    index.seq = seq,
                    "the index has been rebuilt"
                ),
                Err(error) => tracing::error!(
                    error = %error,
                    cause = ?error,
                    "the index could not be rebuilt; the old one answers"
                ),
            }
            self.shared.ended(self.db.now(), done.ok());
        }
    }

    /// Rebuilds; what cuts it off and may pass is waited for.
    async fn persist(&self, threads: &Handle) -> Result<Rebuilt, FollowError> {
        let mut left = AGAIN_MAX;
        loop {
            match self.rebuild(threads).await {
                Ok(done) => return Ok(done),
                Err(error) if left > 0 && error.may_pass() => {
                    tracing::warn!(
                        error = %error,
                        cause = ?error,
                        "the rebuild of the index was cut off; it goes on at its last mark"
                    );
                    left -= 1;
                    tokio::time::sleep(AGAIN_AFTER).await;
                }
                Err(error) => {
                    // Nobody knows when it would go on, and it holds texts as they were.
                    clear(&self.index, threads).await;
                    return Err(error);
                }
            }
        }
    }

    async fn rebuild(&self, threads: &Handle) -> Result<Rebuilt, FollowError> {
        let (db, shared) = (self.db.clone(), Arc::clone(&self.shared));
        let told = move |documents: u64, total: u64| {
            shared.told(documents, total);
            let db = db.clone();
            async move { db.after_rush().await }
        };
        let on = self.db.read();
        let (storage, index) = (&self.storage, &self.index);
        let mut filled = fill(on, storage, index, threads, told).await?;
        filled.settle().await?;
        filled.catch_up(on, storage, index).await?;
        let served = {
            // Nothing is applied to the old one meanwhile: little is left to be taken in.
            let _turn = self.turn.lock().await;
            filled.catch_up(on, storage, index).await?;
            filled.serve().await?
        };
        Ok(served.remove_old().await)
    }
}
