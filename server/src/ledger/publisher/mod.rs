//! The publisher: a follower of one of the two logs that writes tiles and signs checkpoints.
//!
//! Order, as in Sunlight: read the leaves again from the database and compute them anew, write
//! entries and tiles, move the *lock* (the last signed checkpoint, kept where no backup of the
//! database restores it), then replace the public checkpoint. A crash between two steps repeats
//! them: everything that is written is a function of the leaves. Recovery is this same code.
//! Partial tiles go last, when a checkpoint is public that does not need them any more.
//!
//! The log of looks is published by the same steps, by the same key under its own name, without its records,
//! less often, and behind everything else: no start waits for it, and of those who look only who must be recorded
//! first, until it was held against its lock.

mod beside;
mod error;
mod handing;
mod state;
mod tiles;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use sea_orm::{ConnectionTrait, Value};
use storage::{PutRule, Storage};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use self::beside::Beside;
use super::Which;
use super::keys::LogKeys;
use super::lock::{Wait, hold, read_lock};
use super::objects::name;
use crate::audit::event::Action;
use crate::audit::merkle::Hash;
use crate::audit::note::{Checkpoint, NoteKey};
use crate::audit::rotation::KeyChain;
use crate::audit::tile::{Edge, growth};
use crate::audit::{Origin, genesis};
use crate::base::db::{DbError, sql};
use crate::base::{Actor, Tasks, Timestamp};
use crate::unit::{Db, Unit};

pub use error::PublishError;
pub use state::{Contradiction, Published};

/// How often the log is looked at when this process has written nothing: others may have, and what
/// failed is tried again.
const LOOK_EVERY: Duration = Duration::from_secs(2);
/// Leaves in an entry bundle and hashes in a tile.
const WIDE: u64 = 256;
/// Leaves that are taken into one publication; the rest comes in the next.
const STEP_LEAVES_MAX: u64 = 64 * WIDE;

/// Where and as whom a log is published.
#[derive(Debug, Clone)]
pub struct Publication {
    /// Which log.
    pub which: Which,
    /// The name of the log.
    pub origin: Origin,
    /// The keys that sign the checkpoints, one after the other, under the name of the log: they bear that of the log of
    /// changes themselves.
    pub keys: Arc<LogKeys>,
    /// The file that holds the last signed checkpoint.
    pub lock: PathBuf,
    /// Shortest time between two checkpoints.
    pub every: Duration,
    /// How long the log of changes may be silent. That nobody looks is nothing to be told.
    pub heartbeat: Duration,
}

impl Publication {
    /// The public half of the key in force.
    #[must_use]
    pub fn verifier(&self) -> NoteKey {
        self.keys.verifier(&self.origin)
    }

    /// What the first record must name: the first key under the name of the log of changes, whichever log it is.
    fn beginning(&self) -> Hash {
        genesis(&self.origin, self.keys.first())
    }
}

/// The publisher of a process.
#[derive(Debug)]
pub struct Publisher {
    db: Db,
    storage: Storage,
    to: Publication,
    /// The keys as they were learnt last.
    chain: KeyChain,
    /// How many handovers were found published, or published.
    handed: usize,
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
        let found = publisher.compare().await?;
        publisher.recover(found).await?;
        let (size, at) = (publisher.edge.size(), publisher.signed);
        publisher
            .state
            .send_modify(|state| (state.size, state.at) = (size, at));
        Ok(publisher)
    }

    /// Whether lock, published log and database fit each other. Writes nothing: whoever is about to
    /// write asks first.
    pub async fn check(db: &Db, storage: &Storage, to: Publication) -> Result<(), PublishError> {
        let mut publisher = Self::new(db, storage, to);
        publisher.compare().await?;
        Ok(())
    }

    /// Holds the database against the lock; what the lock has, if there is one.
    async fn compare(&mut self) -> Result<Option<(Checkpoint, Tiles)>, PublishError> {
        let Some(locked) = self.standing().await? else {
            return Ok(None);
        };
        let tiles = self.take_up(&locked).await?;
        Ok(Some((locked, tiles)))
    }

    /// Publishes again what the lock has and the store has not.
    async fn recover(&mut self, found: Option<(Checkpoint, Tiles)>) -> Result<(), PublishError> {
        let Some((locked, tiles)) = found else {
            return Ok(());
        };
        if tiles == Tiles::Lost {
            self.rebuild(locked.size).await?;
        }
        self.publish_handovers().await?;
        // A crash between the lock, the public checkpoint and its row ends here.
        let note = tokio::fs::read(&self.to.lock).await;
        let note = note.map_err(|source| PublishError::Lock {
            path: self.to.lock.clone(),
            source,
        })?;
        self.make_public(&locked, note).await
    }

    fn new(db: &Db, storage: &Storage, to: Publication) -> Self {
        let (state, _) = watch::channel(Published::default());
        Self {
            db: db.clone(),
            storage: storage.clone(),
            edge: Edge::new(),
            last: to.beginning(),
            chain: to.keys.chain(&to.origin),
            handed: 0,
            to,
            signed: None,
            state,
        }
    }

    /// The locked checkpoint, which must be as new as anything that was published.
    async fn standing(&mut self) -> Result<Option<Checkpoint>, PublishError> {
        self.learn_keys().await?;
        self.know_handovers().await?;
        // The lock is moved first, so it is read last: it is never older than what was seen before.
        let public = self.public().await?.map_or(0, |public| public.size);
        let kept = self.kept().await?;
        self.signed = kept.map(|(_, at)| at);
        let handed = self.chain.handovers().last().map_or(0, |last| last.size);
        let size = handed.max(public).max(kept.map_or(0, |(size, _)| size));
        let path = self.to.lock.clone();
        match self.locked().await? {
            None if size > 0 => Err(PublishError::LockMissing { path, size }),
            Some(Checkpoint { size: locked, .. }) if locked < size => {
                Err(PublishError::LockBehind { path, locked, size })
            }
            locked => Ok(locked),
        }
    }

    /// The checkpoint in the lock.
    async fn locked(&mut self) -> Result<Option<Checkpoint>, PublishError> {
        match read_lock(&self.to.lock, &self.chain).await {
            // By a key that took over only now, perhaps.
            Err(PublishError::ForeignLock { .. }) => {
                self.learn_keys().await?;
                read_lock(&self.to.lock, &self.chain).await
            }
            locked => locked,
        }
    }

    /// The public checkpoint, if it is one that our keys signed.
    async fn public(&mut self) -> Result<Option<Checkpoint>, PublishError> {
        let Some(note) = self.object("checkpoint").await? else {
            return Ok(None);
        };
        if let Ok((checkpoint, _)) = self.chain.open(&note) {
            return Ok(Some(checkpoint));
        }
        // By a key that took over only now, perhaps.
        self.learn_keys().await?;
        let opened = self.chain.open(&note).ok();
        Ok(opened.map(|(checkpoint, _)| checkpoint))
    }

    /// Size and time of the newest checkpoint in the database.
    async fn kept(&self) -> Result<Option<(u64, Timestamp)>, PublishError> {
        let on = self.db.read();
        let text = match self.to.which {
            Which::Changes => "SELECT size, created_at FROM checkpoint ORDER BY size DESC LIMIT 1",
            Which::Looks => "SELECT size, created_at FROM access_signed_head WHERE id = 1",
        };
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
        tasks.start("publisher", |end| self.run(end, true));
    }

    /// Starts the task that publishes a log for which no start waits: it is opened there, and its tiles are written
    /// there, where it has none yet. Only a log without records that was never signed is signed at once, so that from
    /// its first record on a checkpoint can be missed. What goes wrong the task says.
    pub async fn follow(
        db: &Db,
        storage: &Storage,
        to: Publication,
        tasks: &Tasks,
    ) -> watch::Receiver<Published> {
        let mut publisher = Self::new(db, storage, to);
        let state = publisher.state();
        let locked = tokio::fs::try_exists(&publisher.to.lock).await;
        let is_new = matches!(locked, Ok(false)) && matches!(publisher.size().await, Ok(0));
        let trusted = is_new && Box::pin(publisher.attempt(false)).await.is_ok();
        tasks.start("publisher of looks", |end| publisher.run(end, trusted));
        state
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

    async fn run(mut self, end: CancellationToken, mut trusted: bool) {
        let mut head = self.db.head();
        let mut quiet = tokio::time::Instant::now();
        let changes = self.to.which == Which::Changes;
        let mut beside = Beside::default();
        loop {
            let (ending, before) = (end.is_cancelled(), self.edge.size());
            let attempt = if changes {
                self.attempt(trusted).await
            } else {
                // No end waits for it either: what is left is published when all looks are written.
                match end.run_until_cancelled(self.attempt(trusted)).await {
                    Some(attempt) => attempt,
                    None => return,
                }
            };
            trusted = attempt.is_ok();
            let excused = beside.excuses(&attempt);
            match attempt {
                Ok(()) => {}
                // What another process publishes is taken up the next time.
                Err(error) if excused => {
                    tracing::debug!(log = %self.to.origin, error = %error, "nothing was published");
                }
                Err(error) => self.tell(&error),
            }
            if ending {
                return;
            }
            if self.edge.size() != before {
                quiet = tokio::time::Instant::now();
            }
            let awaited = self.state.borrow().contradiction == Contradiction::NotLookedFor;
            let look_every = if changes || awaited {
                LOOK_EVERY
            } else {
                self.to.every
            };
            tokio::select! {
                () = end.cancelled() => {}
                () = pause(&mut head, self.to.every), if changes => {}
                () = tokio::time::sleep(look_every) => {}
                () = tokio::time::sleep_until(quiet + self.to.heartbeat), if changes => {
                    self.beat().await;
                    quiet = tokio::time::Instant::now();
                }
            }
        }
    }

    /// Says why nothing was published. Where the lock knows more than the database, or other things, nothing may be
    /// added to such a log: no change is taken, and what must be recorded before it is shown is not shown.
    fn tell(&self, error: &PublishError) {
        // A look that was damaged before it was signed contradicts nothing that was signed.
        let looks = self.to.which == Which::Looks;
        let signed = self.edge.size();
        let unsigned = matches!(error, PublishError::Changed { seq } if looks && *seq >= signed);
        let contradicts = error.contradicts() && !unsigned;
        tracing::error!(
            error = %error,
            cause = ?error,
            log = %self.to.origin,
            contradicts,
            "the log could not be published"
        );
        self.state.send_modify(|state| {
            state.failing = true;
            if !unsigned {
                state.contradiction = state.contradiction.after(Err(error));
            }
        });
        if contradicts && self.to.which == Which::Changes {
            self.db.freeze();
        }
    }

    /// Publishes; after a failure nothing in memory is trusted, and lock and tiles are read again.
    async fn attempt(&mut self, trusted: bool) -> Result<(), PublishError> {
        if !trusted || self.is_elsewhere().await {
            let mut again = Self::new(&self.db, &self.storage, self.to.clone());
            let found = again.compare().await?;
            self.compared();
            again.recover(found).await?;
            (self.edge, self.last, self.signed) = (again.edge, again.last, again.signed);
            (self.chain, self.handed) = (again.chain, again.handed);
            // What was locked and made public only now: there may be nothing more to publish.
            let (size, at) = (self.edge.size(), self.signed);
            self.state
                .send_modify(|state| (state.size, state.at) = (size, at));
        }
        self.publish().await
    }

    /// Whether the lock is not where this process left it: another one moved it.
    async fn is_elsewhere(&self) -> bool {
        match read_lock(&self.to.lock, &self.chain).await {
            Ok(locked) => locked.map_or(0, |locked| locked.size) != self.edge.size(),
            // By a key that took over only now, perhaps: it is read again with the keys in force, and what is wrong with
            // it is said then.
            Err(_) => true,
        }
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

    /// Says that the database goes on where the lock ended. Who waits for that waits neither for lost tiles nor for what
    /// was not signed yet, which in an archive from before are the looks of years.
    fn compared(&self) {
        self.state.send_if_modified(|state| {
            let before = state.contradiction;
            state.contradiction = before.after(Ok(()));
            state.contradiction != before
        });
    }

    /// Publishes what the log holds beyond the last checkpoint.
    pub async fn publish(&mut self) -> Result<(), PublishError> {
        self.compared();
        while self.step().await? {}
        Ok(())
    }

    /// Publishes the next records of it; whether there may be more.
    async fn step(&mut self) -> Result<bool, PublishError> {
        if self.to.which == Which::Looks {
            self.db.after_rush().await;
        }
        let size = self.size().await?;
        let before = self.edge.size();
        if size < before {
            return Err(PublishError::RolledBack { locked: before });
        }
        if size == before {
            if size == 0 && self.signed.is_none() && self.to.which == Which::Looks {
                self.sign(0).await?;
            }
            self.state.send_modify(|state| state.failing = false);
            return Ok(false);
        }
        let upto = size.min(before + STEP_LEAVES_MAX);
        let grown = self.grow(&self.edge, self.last, upto).await?;
        self.write_tiles(before, &grown, PutRule::Create).await?;
        (self.edge, self.last) = (grown.edge, grown.last);
        self.sign(before).await?;
        for tile in growth(before, upto).filter(|tile| !tile.is_partial()) {
            self.drop_partials(tile).await?;
        }
        Ok(true)
    }

    async fn size(&self) -> Result<u64, PublishError> {
        let on = self.db.read();
        let text = format!(
            "SELECT seq FROM {}_head WHERE id = 1",
            self.to.which.table()
        );
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
        &mut self,
        checkpoint: &Checkpoint,
        note: Vec<u8>,
    ) -> Result<(), PublishError> {
        let text = String::from_utf8_lossy(&note).into_owned();
        match self.public().await? {
            Some(public) if public.size > checkpoint.size => {
                let locked = self.locked().await?;
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
                let public = name(self.to.which, "checkpoint")?;
                self.storage
                    .put_object(&public, Bytes::from(note), PutRule::Replace)
                    .await?;
            }
        }
        self.keep(checkpoint, text).await
    }

    /// The row of a checkpoint. Of those of looks only size and time of the newest are kept: there may be one every few
    /// seconds, and nobody asks the database for it.
    async fn keep(&self, checkpoint: &Checkpoint, note: String) -> Result<(), PublishError> {
        let at = Value::from(self.db.now().micros());
        let size = Value::from(i64::try_from(checkpoint.size).unwrap_or(i64::MAX));
        let (insert, values) = match self.to.which {
            // The guard of the table sees an insert before the conflict is known.
            Which::Changes => (
                "INSERT INTO checkpoint (size, root, note, created_at) \
                 SELECT $1, $2, $3, $4 WHERE NOT EXISTS \
                 (SELECT 1 FROM checkpoint WHERE size = $1) \
                 ON CONFLICT (size) DO NOTHING",
                vec![size, checkpoint.root.0.to_vec().into(), note.into(), at],
            ),
            Which::Looks => (
                "INSERT INTO access_signed_head (id, size, created_at) \
                 VALUES (1, $1, $2) ON CONFLICT (id) DO UPDATE SET \
                 size = excluded.size, created_at = excluded.created_at \
                 WHERE access_signed_head.size < excluded.size",
                vec![size, at],
            ),
        };
        let kept: Result<(), DbError> = self
            .db
            .keep_house(async move |unit: &mut Unit| {
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
        // Whoever hands the key over holds the lock until that is committed: what is learnt now holds until it moves.
        let held = hold(&self.to.lock, Wait::No).await?;
        self.learn_keys().await?;
        if self.chain.handovers().len() > self.handed {
            // Whoever handed the key over may have died before that was public.
            self.publish_handovers().await?;
        }
        let signer = self.to.keys.signer(&self.to.origin)?;
        let note = checkpoint.sign(&signer).map_err(PublishError::Sign)?;
        drop(held.move_on(&self.chain, before, note.clone()).await?);
        self.make_public(&checkpoint, note).await?;
        self.signed = Some(now);
        let (size, at) = (checkpoint.size, self.signed);
        self.state.send_modify(|state| {
            (state.size, state.at, state.failing) = (size, at, false);
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
