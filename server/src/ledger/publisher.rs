//! The publisher: a follower of the log that writes tiles and signs checkpoints.
//!
//! Order, as in Sunlight: read the leaves again from the database and compute them anew, write
//! entries and tiles, move the *lock* (the last signed checkpoint, kept where no backup of the
//! database restores it), then replace the public checkpoint. A crash between two steps repeats
//! them: everything that is written is a function of the leaves. Recovery is this same code.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::StreamExt;
use sea_orm::ConnectionTrait;
use storage::{ObjectName, PutRule, Storage};
use thiserror::Error;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::audit::Origin;
use crate::audit::event::Action;
use crate::audit::log::hash_of;
use crate::audit::merkle::{Hash, leaf_hash};
use crate::audit::note::{Checkpoint, NoteError, NoteSigner, Policy};
use crate::audit::tile::{Edge, Tile, TileError, TileReader, growth, push_entry, tile_bytes};
use crate::base::db::{DbError, sql};
use crate::base::{Actor, Tasks, Timestamp};
use crate::unit::{Db, Unit};

/// Shortest time between two checkpoints.
const EVERY: Duration = Duration::from_secs(1);
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
    Store(#[from] storage::StoreError),
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
    last: Option<Hash>,
    state: watch::Sender<Published>,
}

impl Publisher {
    /// Reads the lock and the edge of the published tree, and checks that the database extends it.
    pub async fn open(db: &Db, storage: &Storage, to: Publication) -> Result<Self, PublishError> {
        let policy = Policy::new(vec![to.signer.verifier()]);
        let locked = read_lock(&to.lock, &policy).await?;
        let (state, _) = watch::channel(Published::default());
        let (db, storage) = (db.clone(), storage.clone());
        let mut publisher = Self {
            db,
            storage,
            to,
            policy,
            edge: Edge::new(),
            last: None,
            state,
        };
        if let Some(locked) = locked {
            publisher.resume(&locked).await?;
        }
        Ok(publisher)
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
    async fn resume(&mut self, locked: &Checkpoint) -> Result<(), PublishError> {
        let rolled_back = || PublishError::RolledBack {
            locked: locked.size,
        };
        let edge = match self.load_edge(locked.size).await {
            Ok(edge) if edge.root() == locked.root => edge,
            // Tiles were lost: the leaves are still there, and give the same tiles again.
            Ok(_) | Err(PublishError::Tile(_)) => {
                self.rebuild(locked.size).await.map_err(|error| {
                    if matches!(error, PublishError::Changed { .. }) {
                        rolled_back()
                    } else {
                        error
                    }
                })?
            }
            Err(error) => return Err(error),
        };
        if edge.root() != locked.root {
            return Err(rolled_back());
        }
        if let Some(seq) = locked.size.checked_sub(1) {
            let leaf = self.leaves(seq, 1).await?.pop().ok_or_else(rolled_back)?;
            self.check_last(&edge, locked, leaf.1).await?;
            self.last = Some(leaf.1);
        }
        self.edge = edge;
        self.show(locked).await?;
        let at = Some(self.db.now());
        self.state.send_replace(Published {
            size: locked.size,
            at,
            failing: false,
        });
        Ok(())
    }

    /// A crash between the lock, the public checkpoint and its row ends here. A larger one stays:
    /// another process may be ahead.
    async fn show(&self, locked: &Checkpoint) -> Result<(), PublishError> {
        let shown = self.object("checkpoint").await?;
        let shown = shown.and_then(|note| Checkpoint::open(&note, &self.policy).ok());
        if shown.is_some_and(|(shown, _)| shown.size > locked.size) {
            return Ok(());
        }
        let note = tokio::fs::read(&self.to.lock).await;
        let note = note.map_err(|source| PublishError::Lock {
            path: self.to.lock.clone(),
            source,
        })?;
        self.make_public(locked, note).await
    }

    /// The last leaf of the database up to the lock must be the last leaf that was published.
    async fn check_last(
        &self,
        edge: &Edge,
        locked: &Checkpoint,
        last: Hash,
    ) -> Result<(), PublishError> {
        let seq = locked.size.saturating_sub(1);
        let width = u16::try_from(locked.size - seq / WIDE * WIDE).unwrap_or_default();
        let published = match Tile::new(0, seq / WIDE, width) {
            Some(tile) if width < 256 => edge
                .partials()
                .find(|(partial, _)| *partial == tile)
                .and_then(|(_, hashes)| hashes.last().copied()),
            Some(tile) => {
                let bytes = self.object(&tile.path()).await?;
                bytes
                    .as_deref()
                    .and_then(crate::audit::merkle::hashes)
                    .and_then(|all| all.last().copied())
            }
            None => None,
        };
        match published {
            Some(published) if published != last => Err(PublishError::RolledBack {
                locked: locked.size,
            }),
            Some(_) | None => Ok(()),
        }
    }

    async fn load_edge(&self, size: u64) -> Result<Edge, PublishError> {
        struct Fetched(HashMap<Tile, Vec<u8>>);
        impl TileReader for Fetched {
            type Error = std::convert::Infallible;
            fn tile(&mut self, tile: Tile) -> Result<Option<Vec<u8>>, Self::Error> {
                Ok(self.0.get(&tile).cloned())
            }
        }
        let mut fetched = HashMap::new();
        let (mut whole, mut level) = (size, 0_u8);
        while whole > 0 {
            let width = u16::try_from(whole % WIDE).unwrap_or_default();
            if let Some(tile) = Tile::new(level, whole / WIDE, width)
                && let Some(bytes) = self.object(&tile.path()).await?
            {
                fetched.insert(tile, bytes);
            }
            (whole, level) = (whole / WIDE, level + 1);
        }
        Edge::load(size, &mut Fetched(fetched)).map_err(PublishError::Tile)
    }

    /// Computes the tree of the first `size` leaves again, and writes its tiles where they are lost.
    async fn rebuild(&mut self, size: u64) -> Result<Edge, PublishError> {
        tracing::warn!(
            log.size = size,
            "published tiles are missing and are computed again"
        );
        self.edge = Edge::new();
        self.last = None;
        while self.edge.size() < size {
            let upto = size.min(self.edge.size() + STEP_LEAVES_MAX);
            self.write_tiles(upto).await?;
        }
        Ok(self.edge.clone())
    }

    async fn object(&self, path: &str) -> Result<Option<Vec<u8>>, PublishError> {
        let found = self.storage.get_object(&name(path)?).await?;
        Ok(found.map(|bytes| bytes.to_vec()))
    }

    /// Leaves from `seq` on, each with its hash computed from its bytes.
    async fn leaves(&self, seq: u64, count: u64) -> Result<Vec<(Vec<u8>, Hash)>, PublishError> {
        let on = self.db.read();
        let text = "SELECT h, leaf FROM audit WHERE seq >= $1 ORDER BY seq LIMIT $2";
        let signed = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
        let values = [signed(seq).into(), signed(count).into()];
        let rows = on
            .query_all_raw(sql(on, text, values))
            .await
            .map_err(DbError::from)?;
        let mut leaves = Vec::with_capacity(rows.len());
        for (row, seq) in rows.into_iter().zip(seq..) {
            let stored: Vec<u8> = row.try_get_by_index(0).map_err(DbError::from)?;
            let leaf: Vec<u8> = row.try_get_by_index(1).map_err(DbError::from)?;
            let hash = leaf_hash(&leaf);
            if hash_of(&stored)? != hash {
                return Err(PublishError::Changed { seq });
            }
            leaves.push((leaf, hash));
        }
        Ok(leaves)
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
                    PublishError::RolledBack { .. } | PublishError::Changed { .. }
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
                () = pause(&mut head) => {}
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
            (self.edge, self.last) = (again.edge, again.last);
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
            self.write_tiles(size.min(before + STEP_LEAVES_MAX)).await?;
            self.sign(before).await?;
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

    /// Takes the leaves up to `size` into the tree, and writes entries and tiles.
    async fn write_tiles(&mut self, size: u64) -> Result<(), PublishError> {
        let old = self.edge.size();
        let first = old / WIDE * WIDE;
        let leaves = self.leaves(first, size - first).await?;
        let known = usize::try_from(old - first).unwrap_or(usize::MAX);
        let mut full: HashMap<Tile, Vec<u8>> = HashMap::new();
        let mut edge = self.edge.clone();
        for (seq, (leaf, hash)) in (old..size).zip(leaves.iter().skip(known)) {
            let prev = crate::audit::LeafView::parse(leaf)
                .map(|view| view.prev)
                .ok();
            if self.last.is_some() && prev != self.last {
                return Err(PublishError::Changed { seq });
            }
            edge.append(*hash, &mut |tile, hashes| {
                full.insert(tile, tile_bytes(hashes));
            });
            self.last = Some(*hash);
        }
        if edge.size() != size {
            return Err(PublishError::RolledBack { locked: size });
        }
        let partial: HashMap<Tile, Vec<u8>> = edge
            .partials()
            .map(|(tile, hashes)| (tile, tile_bytes(hashes)))
            .collect();
        for tile in growth(old, size) {
            if tile.level() == 0 {
                let from = usize::try_from(tile.index() * WIDE - first).unwrap_or(usize::MAX);
                let mut bundle = Vec::new();
                for (leaf, _) in leaves.iter().skip(from).take(usize::from(tile.width())) {
                    push_entry(&mut bundle, leaf);
                }
                self.put(&tile.entries_path(), bundle).await?;
            }
            if let Some(bytes) = full.remove(&tile).or_else(|| partial.get(&tile).cloned()) {
                self.put(&tile.path(), bytes).await?;
            }
            if !tile.is_partial() {
                self.drop_partials(tile).await?;
            }
        }
        self.edge = edge;
        Ok(())
    }

    /// Partial tiles are of no use beside the full one (C2SP tlog-tiles).
    async fn drop_partials(&self, tile: Tile) -> Result<(), PublishError> {
        let mut folders = vec![format!("{}.p", tile.path())];
        if tile.level() == 0 {
            folders.push(format!("{}.p", tile.entries_path()));
        }
        for folder in folders {
            let mut partials = self.storage.list_objects(Some(&name(&folder)?));
            while let Some(partial) = partials.next().await {
                self.storage.delete_object(&partial?.name).await?;
            }
        }
        Ok(())
    }

    async fn put(&self, path: &str, bytes: Vec<u8>) -> Result<(), PublishError> {
        self.storage
            .put_object(&name(path)?, Bytes::from(bytes), PutRule::Create)
            .await?;
        Ok(())
    }

    /// Replaces the public checkpoint by the one that is locked, and keeps it in the database.
    async fn make_public(
        &self,
        checkpoint: &Checkpoint,
        note: Vec<u8>,
    ) -> Result<(), PublishError> {
        let public = name("checkpoint")?;
        let text = String::from_utf8_lossy(&note).into_owned();
        self.storage
            .put_object(&public, Bytes::from(note), PutRule::Replace)
            .await?;
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
                let values = [size.into(), root.into(), text.into(), now.micros().into()];
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
        let (origin, root) = (self.to.origin.clone(), self.edge.root());
        let checkpoint = Checkpoint {
            origin,
            size: self.edge.size(),
            root,
        };
        let note = checkpoint
            .sign(&self.to.signer)
            .map_err(PublishError::Sign)?;
        let locked = read_lock(&self.to.lock, &self.policy).await?;
        if locked.map_or(0, |locked| locked.size) != before {
            return Err(PublishError::LockMoved);
        }
        write_lock(&self.to.lock, note.clone()).await?;
        self.make_public(&checkpoint, note).await?;
        let at = Some(self.db.now());
        self.state.send_replace(Published {
            size: checkpoint.size,
            at,
            failing: false,
        });
        Ok(())
    }
}

async fn pause(head: &mut watch::Receiver<Option<u64>>) {
    // A closed channel means that the writer has ended; the end will be asked for.
    if head.changed().await.is_err() {
        std::future::pending::<()>().await;
    }
    tokio::time::sleep(EVERY).await;
}

fn name(path: &str) -> Result<ObjectName, PublishError> {
    Ok(ObjectName::parse(&format!("log/{path}"))?)
}

/// The checkpoint in the lock file; nothing before the first.
pub async fn read_lock(path: &Path, policy: &Policy) -> Result<Option<Checkpoint>, PublishError> {
    match tokio::fs::read(path).await {
        Ok(note) => match Checkpoint::open(&note, policy) {
            Ok((checkpoint, _)) => Ok(Some(checkpoint)),
            Err(source) => Err(PublishError::ForeignLock {
                path: path.to_owned(),
                source,
            }),
        },
        Err(source) if source.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(PublishError::Lock {
            path: path.to_owned(),
            source,
        }),
    }
}

/// Replaces the lock: written beside it, synced, renamed, folder synced.
async fn write_lock(path: &Path, note: Vec<u8>) -> Result<(), PublishError> {
    let target = path.to_owned();
    let written = tokio::task::spawn_blocking(move || {
        let folder = target.parent().unwrap_or(Path::new("."));
        let beside = target.with_extension("new");
        let mut file = std::fs::File::create(&beside)?;
        std::io::Write::write_all(&mut file, &note)?;
        file.sync_all()?;
        std::fs::rename(&beside, &target)?;
        std::fs::File::open(folder)?.sync_all()
    });
    let written = written
        .await
        .unwrap_or_else(|gone| Err(std::io::Error::other(gone)));
    written.map_err(|source| PublishError::Lock {
        path: path.to_owned(),
        source,
    })
}
