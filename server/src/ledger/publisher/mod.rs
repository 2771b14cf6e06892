//! The publisher: a follower of the log that writes tiles and signs checkpoints.
//!
//! Order, as in Sunlight: read the leaves again from the database and compute them anew, write
//! entries and tiles, move the *lock* (the last signed checkpoint, kept where no backup of the
//! database restores it), then replace the public checkpoint. A crash between two steps repeats
//! them: everything that is written is a function of the leaves. Recovery is this same code.
//! Partial tiles go last, when a checkpoint is public that does not need them any more.

mod tiles;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use sea_orm::ConnectionTrait;
use storage::{PutRule, Storage, StoreError};
use thiserror::Error;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::lock::{move_lock, read_lock};
use crate::audit::event::Action;
use crate::audit::merkle::Hash;
use crate::audit::note::{Checkpoint, NoteError, NoteSigner, Policy};
use crate::audit::tile::{Edge, TileError, growth};
use crate::audit::{Origin, genesis};
use crate::base::db::{DbError, sql};
use crate::base::{Actor, Tasks, Timestamp};
use crate::unit::{Db, Unit};

use super::objects::name;

/// How often the log is looked at when this process has written nothing: others may have, and what
/// failed is tried again.
const LOOK_EVERY: Duration = Duration::from_secs(2);
/// Leaves in an entry bundle and hashes in a tile.
const WIDE: u64 = 256;
/// Leaves that are taken into one publication; the rest comes in the next.
const STEP_LEAVES_MAX: u64 = 64 * WIDE;

/// Why nothing was published.
#[derive(Debug, Error)]
pub enum PublishError {
    /// The database holds less, or other, than what was signed before: it was rolled back.
    #[error(
        "the log in the database does not extend the locked checkpoint (size {locked}): \
         the database was set back or forked"
    )]
    RolledBack {
        /// Size of the locked checkpoint.
        locked: u64,
    },
    /// The lock is gone: nobody could notice any more that the database was set back.
    #[error(
        "the lock file {path} is missing, but a checkpoint over {size} records was signed; put the \
         last one known in its place: the auditor's copy, a witness, a printed report"
    )]
    LockMissing {
        /// Where it should be.
        path: PathBuf,
        /// Size of the newest checkpoint that is known.
        size: u64,
    },
    /// The lock is older than what was published.
    #[error(
        "the lock file {path} (size {locked}) is older than the checkpoint over {size} records that \
         was published; put the newer one in its place"
    )]
    LockBehind {
        /// Its path.
        path: PathBuf,
        /// Its size.
        locked: u64,
        /// Size of the newest checkpoint that is known.
        size: u64,
    },
    /// What was published is of another log than the one in the database.
    #[error(
        "{name} was published with other content: the log in the database was set back or forked"
    )]
    Forked {
        /// The published object.
        name: String,
    },
    /// The clock shows a time before the last signature.
    #[error(
        "the clock ({now}) is behind the last signature ({signed}); nothing is signed until it is right"
    )]
    ClockBehind {
        /// The time of the clock.
        now: Timestamp,
        /// When the last checkpoint was signed.
        signed: Timestamp,
    },
    /// Another process has moved the lock meanwhile.
    #[error("another process publishes this log too")]
    LockMoved,
    /// A leaf in the database does not have the hash that stands beside it.
    #[error("record {seq} does not have its hash: the log in the database was changed")]
    Changed {
        /// The record.
        seq: u64,
    },
    /// The lock could not be read or moved.
    #[error("the lock file {path} cannot be used")]
    Lock {
        /// Its path.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The lock holds a checkpoint that our key did not sign.
    #[error("the lock file {path} holds no checkpoint of this log")]
    ForeignLock {
        /// Its path.
        path: PathBuf,
        /// Why.
        source: NoteError,
    },
    /// A checkpoint could not be signed.
    #[error("a checkpoint could not be signed")]
    Sign(#[source] NoteError),
    /// A tile that is needed to continue is missing or wrong.
    #[error("a published tile cannot be used")]
    Tile(#[source] TileError<std::convert::Infallible>),
    /// The store.
    #[error("the object store failed")]
    Store(#[from] StoreError),
    /// The database.
    #[error("the database failed")]
    Db(#[from] DbError),
}

/// Where and as whom the log is published.
#[derive(Debug, Clone)]
pub struct Publication {
    /// The name of the log.
    pub origin: Origin,
    /// Signs the checkpoints.
    pub signer: Arc<NoteSigner>,
    /// The file that holds the last signed checkpoint.
    pub lock: PathBuf,
    /// Shortest time between two checkpoints.
    pub every: Duration,
    /// How long the log may be silent.
    pub heartbeat: Duration,
}

/// How far the log is published.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Published {
    /// Leaves under the last signed checkpoint.
    pub size: u64,
    /// When it was signed.
    pub at: Option<Timestamp>,
    /// Whether the last attempt failed.
    pub failing: bool,
}

/// The publisher of a process.
#[derive(Debug)]
pub struct Publisher {
    db: Db,
    storage: Storage,
    to: Publication,
    policy: Policy,
    edge: Edge,
    /// Hash of the last published leaf: the next one must follow it.
    last: Hash,
    /// When the last checkpoint was signed.
    signed: Option<Timestamp>,
    state: watch::Sender<Published>,
}

/// What is left of the published tiles that the edge of the tree needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Tiles {
    Whole,
    Lost,
}

impl Publisher {
    /// Reads the lock and the edge of the published tree, and checks that the database extends it.
    pub async fn open(db: &Db, storage: &Storage, to: Publication) -> Result<Self, PublishError> {
        let mut publisher = Self::new(db, storage, to);
        let Some(locked) = publisher.standing().await? else {
            return Ok(publisher);
        };
        if publisher.take_up(&locked).await? == Tiles::Lost {
            publisher.rebuild(locked.size).await?;
        }
        // A crash between the lock, the public checkpoint and its row ends here.
        let note = tokio::fs::read(&publisher.to.lock).await;
        let note = note.map_err(|source| PublishError::Lock {
            path: publisher.to.lock.clone(),
            source,
        })?;
        publisher.make_public(&locked, note).await?;
        publisher.state.send_replace(Published {
            size: locked.size,
            at: publisher.signed,
            failing: false,
        });
        Ok(publisher)
    }

    /// Whether lock, published log and database fit each other. Writes nothing: whoever is about to
    /// write asks first.
    pub async fn check(db: &Db, storage: &Storage, to: Publication) -> Result<(), PublishError> {
        let mut publisher = Self::new(db, storage, to);
        if let Some(locked) = publisher.standing().await? {
            publisher.take_up(&locked).await?;
        }
        Ok(())
    }

    fn new(db: &Db, storage: &Storage, to: Publication) -> Self {
        let verifier = to.signer.verifier();
        let (state, _) = watch::channel(Published::default());
        Self {
            db: db.clone(),
            storage: storage.clone(),
            edge: Edge::new(),
            last: genesis(&to.origin, &verifier),
            policy: Policy::new(vec![verifier]),
            to,
            signed: None,
            state,
        }
    }

    /// The locked checkpoint, which must be as new as anything that was published.
    async fn standing(&mut self) -> Result<Option<Checkpoint>, PublishError> {
        // The lock is moved first, so it is read last: it is never older than what was seen before.
        let public = self.public().await?.map_or(0, |public| public.size);
        let kept = self.kept().await?;
        self.signed = kept.map(|(_, at)| at);
        let size = public.max(kept.map_or(0, |(size, _)| size));
        let path = || self.to.lock.clone();
        match read_lock(&self.to.lock, &self.policy).await? {
            None if size > 0 => Err(PublishError::LockMissing { path: path(), size }),
            Some(Checkpoint { size: locked, .. }) if locked < size => {
                Err(PublishError::LockBehind {
                    path: path(),
                    locked,
                    size,
                })
            }
            locked => Ok(locked),
        }
    }

    /// The public checkpoint, if it is one that our key signed.
    async fn public(&self) -> Result<Option<Checkpoint>, PublishError> {
        let note = self.object("checkpoint").await?;
        let opened = note.and_then(|note| Checkpoint::open(&note, &self.policy).ok());
        Ok(opened.map(|(checkpoint, _)| checkpoint))
    }

    /// Size and time of the newest checkpoint in the database.
    async fn kept(&self) -> Result<Option<(u64, Timestamp)>, PublishError> {
        let on = self.db.read();
        let text = "SELECT size, created_at FROM checkpoint ORDER BY size DESC LIMIT 1";
        let row = on.query_one_raw(sql(on, text, [])).await;
        let Some(row) = row.map_err(DbError::from)? else {
            return Ok(None);
        };
        let size: i64 = row.try_get_by_index(0).map_err(DbError::from)?;
        let at: i64 = row.try_get_by_index(1).map_err(DbError::from)?;
        let size = u64::try_from(size).unwrap_or_default();
        Ok(Some((size, Timestamp::of_micros(at))))
    }

    /// Follows how far the log is published.
    #[must_use]
    pub fn state(&self) -> watch::Receiver<Published> {
        self.state.subscribe()
    }

    /// Starts the task that publishes.
    pub fn start(self, tasks: &Tasks) {
        tasks.start("publisher", |end| self.run(end));
    }

    /// Takes the tree up where the locked checkpoint left it.
    async fn take_up(&mut self, locked: &Checkpoint) -> Result<Tiles, PublishError> {
        let rolled_back = || PublishError::RolledBack {
            locked: locked.size,
        };
        if self.size().await? < locked.size {
            return Err(rolled_back());
        }
        let Some(seq) = locked.size.checked_sub(1) else {
            return Ok(Tiles::Whole);
        };
        let (_, last) = self.leaves(seq, 1).await?.pop().ok_or_else(rolled_back)?;
        match self.load_edge(locked.size).await {
            Ok(edge) if edge.root() == locked.root => {
                if let Some(published) = self.published_last(&edge, locked.size).await? {
                    if published != last {
                        return Err(rolled_back());
                    }
                    (self.edge, self.last) = (edge, last);
                    return Ok(Tiles::Whole);
                }
            }
            Ok(_) | Err(PublishError::Tile(_)) => {}
            Err(error) => return Err(error),
        }
        // Tiles were lost: the leaves are still there, and must give the signed root again.
        let (mut edge, mut last) = (Edge::new(), self.last);
        while edge.size() < locked.size {
            let upto = locked.size.min(edge.size() + STEP_LEAVES_MAX);
            let growth = self.grow(&edge, last, upto).await;
            (edge, last) = match growth {
                Ok(growth) => (growth.edge, growth.last),
                Err(PublishError::Changed { .. }) => return Err(rolled_back()),
                Err(error) => return Err(error),
            };
        }
        if edge.root() != locked.root {
            return Err(rolled_back());
        }
        (self.edge, self.last) = (edge, last);
        Ok(Tiles::Lost)
    }

    async fn run(mut self, end: CancellationToken) {
        let mut head = self.db.head();
        let mut quiet = tokio::time::Instant::now();
        let mut trusted = true;
        loop {
            let (ending, before) = (end.is_cancelled(), self.edge.size());
            let attempt = self.attempt(trusted).await;
            trusted = attempt.is_ok();
            if let Err(error) = attempt {
                tracing::error!(error = %error, cause = ?error, "the log could not be published");
                self.state.send_modify(|state| state.failing = true);
                // The lock knows more than the database, or other things: nothing may be added to
                // such a log.
                if matches!(
                    error,
                    PublishError::RolledBack { .. }
                        | PublishError::Changed { .. }
                        | PublishError::Forked { .. }
                ) {
                    self.db.freeze();
                }
            }
            if ending {
                return;
            }
            if self.edge.size() != before {
                quiet = tokio::time::Instant::now();
            }
            tokio::select! {
                () = end.cancelled() => {}
                () = pause(&mut head, self.to.every) => {}
                () = tokio::time::sleep(LOOK_EVERY) => {}
                () = tokio::time::sleep_until(quiet + self.to.heartbeat) => {
                    self.beat().await;
                    quiet = tokio::time::Instant::now();
                }
            }
        }
    }

    /// Publishes; after a failure nothing in memory is trusted, and lock and tiles are read again.
    async fn attempt(&mut self, trusted: bool) -> Result<(), PublishError> {
        if !trusted {
            let again = Self::open(&self.db, &self.storage, self.to.clone()).await?;
            (self.edge, self.last, self.signed) = (again.edge, again.last, again.signed);
            // What was locked and made public only now: there may be nothing more to publish.
            let (size, at) = (self.edge.size(), self.signed);
            self.state
                .send_modify(|state| (state.size, state.at) = (size, at));
        }
        self.publish().await
    }

    async fn beat(&self) {
        let beat: Result<_, DbError> = self
            .db
            .write(&Actor::system(), async |unit: &mut Unit| {
                unit.record(Action::LogHeartbeat, None);
                Ok(())
            })
            .await;
        if let Err(error) = beat {
            tracing::error!(error = %error, "the heartbeat of the log could not be written");
        }
    }

    /// Publishes what the log holds beyond the last checkpoint.
    pub async fn publish(&mut self) -> Result<(), PublishError> {
        loop {
            let size = self.size().await?;
            let before = self.edge.size();
            if size < before {
                return Err(PublishError::RolledBack { locked: before });
            }
            if size == before {
                self.state.send_modify(|state| state.failing = false);
                return Ok(());
            }
            let upto = size.min(before + STEP_LEAVES_MAX);
            let grown = self.grow(&self.edge, self.last, upto).await?;
            self.write_tiles(before, &grown, PutRule::Create).await?;
            (self.edge, self.last) = (grown.edge, grown.last);
            self.sign(before).await?;
            for tile in growth(before, upto).filter(|tile| !tile.is_partial()) {
                self.drop_partials(tile).await?;
            }
        }
    }

    async fn size(&self) -> Result<u64, PublishError> {
        let on = self.db.read();
        let text = "SELECT seq FROM audit_head WHERE id = 1";
        let row = on
            .query_one_raw(sql(on, text, []))
            .await
            .map_err(DbError::from)?;
        let Some(row) = row else { return Ok(0) };
        let seq: i64 = row.try_get_by_index(0).map_err(DbError::from)?;
        Ok(u64::try_from(seq).map_or(0, |seq| seq + 1))
    }

    /// Replaces the public checkpoint by the one that is locked, and keeps it in the database.
    /// Never replaces a larger one: the lock must be as large by then, moved by another process.
    async fn make_public(
        &self,
        checkpoint: &Checkpoint,
        note: Vec<u8>,
    ) -> Result<(), PublishError> {
        let text = String::from_utf8_lossy(&note).into_owned();
        match self.public().await? {
            Some(public) if public.size > checkpoint.size => {
                let locked = read_lock(&self.to.lock, &self.policy).await?;
                let locked = locked.map_or(0, |locked| locked.size);
                if locked < public.size {
                    return Err(PublishError::LockBehind {
                        path: self.to.lock.clone(),
                        locked,
                        size: public.size,
                    });
                }
            }
            Some(public) if public.size == checkpoint.size && public.root != checkpoint.root => {
                let name = "the checkpoint".to_owned();
                return Err(PublishError::Forked { name });
            }
            Some(_) | None => {
                let public = name("checkpoint")?;
                self.storage
                    .put_object(&public, Bytes::from(note), PutRule::Replace)
                    .await?;
            }
        }
        self.keep(checkpoint, text).await
    }

    /// The row of a checkpoint.
    async fn keep(&self, checkpoint: &Checkpoint, note: String) -> Result<(), PublishError> {
        let (root, now) = (checkpoint.root.0.to_vec(), self.db.now());
        let size = i64::try_from(checkpoint.size).unwrap_or(i64::MAX);
        let kept: Result<(), DbError> = self
            .db
            .keep_house(async move |unit: &mut Unit| {
                // The guard of the table sees an insert before the conflict is known.
                let insert = "INSERT INTO checkpoint (size, root, note, created_at) \
                              SELECT $1, $2, $3, $4 WHERE NOT EXISTS \
                              (SELECT 1 FROM checkpoint WHERE size = $1) \
                              ON CONFLICT (size) DO NOTHING";
                let values = [size.into(), root.into(), note.into(), now.micros().into()];
                unit.tx()
                    .execute_raw(sql(unit.tx(), insert, values))
                    .await?;
                Ok(())
            })
            .await;
        Ok(kept?)
    }

    /// Signs the tree as it is: lock first, then the public checkpoint, then the row.
    async fn sign(&mut self, before: u64) -> Result<(), PublishError> {
        let now = self.db.now();
        if let Some(signed) = self.signed.filter(|signed| now < *signed) {
            return Err(PublishError::ClockBehind { now, signed });
        }
        let (origin, root) = (self.to.origin.clone(), self.edge.root());
        let checkpoint = Checkpoint {
            origin,
            size: self.edge.size(),
            root,
        };
        let note = checkpoint
            .sign(&self.to.signer)
            .map_err(PublishError::Sign)?;
        move_lock(&self.to.lock, &self.policy, before, note.clone()).await?;
        self.make_public(&checkpoint, note).await?;
        self.signed = Some(now);
        self.state.send_replace(Published {
            size: checkpoint.size,
            at: self.signed,
            failing: false,
        });
        Ok(())
    }
}

async fn pause(head: &mut watch::Receiver<Option<u64>>, every: Duration) {
    // A closed channel means that the writer has ended; the end will be asked for.
    if head.changed().await.is_err() {
        std::future::pending::<()>().await;
    }
    tokio::time::sleep(every).await;
}
