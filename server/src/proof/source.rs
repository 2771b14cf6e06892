//! The living archive as a [`LogSource`]: one snapshot of its database, its published tiles and checkpoints.

use std::path::PathBuf;

use sea_orm::{
    AccessMode, ConnectionTrait, DatabaseTransaction, DbBackend, IsolationLevel,
    TransactionOptions, TransactionTrait,
};
use storage::{Storage, StoreError};
use thiserror::Error;
use tokio::runtime::Handle;

use super::reader::{Reader, START};
use crate::audit::rotation::{HANDOVERS_MAX, HandoverNote};
use crate::audit::tile::{Tile, entries};
use crate::audit::verify::{Chunk, LogSource, Offers, Presence, SourceError, Stamped};
use crate::audit::{LeafHash, Origin, Policy};
use crate::base::db::{Access, DbError, connect, sql};
use crate::ledger::objects::{self, object};
use crate::ledger::witnesses::WITNESSED;
use crate::ledger::{Which, keys, timestamps};

/// Largest lock or checkpoint that is read, in bytes.
const NOTE_BYTES_MAX: usize = 64 << 10;

/// Why the living log could not be read.
#[derive(Debug, Error)]
pub enum ProofError {
    /// The database.
    #[error("the database failed")]
    Db(#[from] DbError),
    /// The store.
    #[error("the store failed")]
    Store(#[from] storage::StoreError),
    /// The lock file.
    #[error("the lock {path} cannot be read")]
    Lock {
        /// Its path.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
}

/// What of the log of changes is read beside its records.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wanted {
    /// Openings of commitments.
    pub openings: Presence,
    /// States of entities.
    pub states: Presence,
}

/// Where the log lies and what it is called.
#[derive(Debug, Clone)]
pub struct Place {
    /// The address of the database.
    pub url: String,
    /// The store with tiles and checkpoint; its keys open the openings.
    pub storage: Storage,
    /// The name of the log that is read.
    pub origin: Origin,
    /// The public key that belongs to the archive and the witnesses that it asks, as a policy: the key under the name of
    /// the log of changes, whichever is read.
    pub policy: String,
    /// The file that holds the last signed checkpoint of the log that is read.
    pub lock: PathBuf,
}

/// The log of a living archive, as it stood at one instant.
#[derive(Debug)]
pub struct DatabaseLog {
    handle: Handle,
    reader: Reader,
}

impl DatabaseLog {
    /// Takes the newest signed checkpoint, then a snapshot of the database behind it.
    ///
    /// The handle must be of a runtime that has threads of its own; the source itself is used
    /// outside of it.
    pub async fn open(place: Place, which: Which, wanted: Wanted) -> Result<Self, ProofError> {
        let checkpoint = newest_checkpoint(&place, which).await?;
        // As with the checkpoint: what is published the snapshot behind it knows too.
        let public = public_handovers(&place.storage, which).await?;
        let (beside, witnessed) = match which {
            Which::Changes => (None, object(&place.storage, which, WITNESSED).await?),
            Which::Looks => (of_changes(&place), None),
        };
        let public_beside = match beside {
            Some(_) => public_handovers(&place.storage, Which::Changes).await?,
            None => Vec::new(),
        };
        let snapshot = snapshot(&place.url).await?;
        let handovers = all_handovers(&snapshot, place.origin.as_str(), public).await?;
        let handovers_beside = match beside {
            Some(name) => all_handovers(&snapshot, &name, public_beside).await?,
            None => Vec::new(),
        };
        let reader = Reader {
            snapshot: Some(snapshot),
            which,
            wanted,
            place,
            checkpoint,
            witnessed,
            handovers,
            handovers_beside,
            at: START,
        };
        Ok(Self {
            handle: Handle::current(),
            reader,
        })
    }

    /// The checkpoint that the records are compared with.
    #[must_use]
    pub fn newest_checkpoint(&self) -> Option<&[u8]> {
        self.reader.checkpoint.as_deref()
    }

    /// How many records the head speaks of.
    pub fn records(&mut self) -> Result<u64, ProofError> {
        let head = self.handle.block_on(self.reader.head())?;
        Ok(head.map_or(0, |(seq, _)| seq.saturating_add(1)))
    }
}

/// One state of the database until the end, whatever is written meanwhile.
async fn snapshot(url: &str) -> Result<DatabaseTransaction, DbError> {
    let connection = connect(url, Access::BESIDE).await?;
    let postgres = connection.get_database_backend() == DbBackend::Postgres;
    let options = TransactionOptions {
        isolation_level: postgres.then_some(IsolationLevel::RepeatableRead),
        access_mode: postgres.then_some(AccessMode::ReadOnly),
        ..TransactionOptions::default()
    };
    let snapshot = connection.begin_with_options(options).await?;
    // The first statement fixes what is seen.
    snapshot
        .query_one_raw(sql(&snapshot, "SELECT seq FROM audit_head", []))
        .await?;
    Ok(snapshot)
}

/// The lock, which no backup of the database restores; without one, the published checkpoint.
async fn newest_checkpoint(place: &Place, which: Which) -> Result<Option<Vec<u8>>, ProofError> {
    match tokio::fs::read(&place.lock).await {
        Ok(note) => Ok(Some(note).filter(|note| note.len() <= NOTE_BYTES_MAX)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            Ok(object(&place.storage, which, "checkpoint").await?)
        }
        Err(source) => Err(ProofError::Lock {
            path: place.lock.clone(),
            source,
        }),
    }
}

/// The handovers of a log that are published.
async fn public_handovers(
    storage: &Storage,
    which: Which,
) -> Result<Vec<HandoverNote>, ProofError> {
    let mut found = Vec::new();
    for number in 1..=HANDOVERS_MAX {
        let path = objects::handover(number);
        let Some(note) = object(storage, which, &path).await? else {
            break;
        };
        let name = format!("{}/{path}", which.folder());
        found.push(HandoverNote { name, note });
    }
    Ok(found)
}

/// The name of the log of changes: the key of the archive bears it.
fn of_changes(place: &Place) -> Option<String> {
    let policy = Policy::parse(&place.policy).ok()?;
    policy.keys().first().map(|key| key.name().to_owned())
}

/// The handovers of the log of this name that the database has, and those that are published and are others.
async fn all_handovers(
    on: &DatabaseTransaction,
    name: &str,
    public: Vec<HandoverNote>,
) -> Result<Vec<HandoverNote>, ProofError> {
    let mut all = Vec::new();
    let mut public = public.into_iter();
    for kept in keys::handovers(on, name).await? {
        let other = public.next().filter(|public| public.note != kept.note);
        all.push(kept);
        all.extend(other);
    }
    all.extend(public);
    Ok(all)
}

impl Drop for DatabaseLog {
    fn drop(&mut self) {
        let _within = self.handle.enter();
        drop(self.reader.snapshot.take());
    }
}

impl LogSource for DatabaseLog {
    fn offers(&self) -> Offers {
        match self.reader.which {
            Which::Changes => Offers {
                checkpoints: Presence::Present,
                tiles: Presence::Present,
                entries: Presence::Present,
                openings: self.reader.wanted.openings,
                states: self.reader.wanted.states,
                witnessed: Presence::Present,
            },
            // Its records stay in the database, and nothing of them has an opening or a state.
            Which::Looks => Offers {
                checkpoints: Presence::Present,
                tiles: Presence::Present,
                ..Offers::default()
            },
        }
    }

    fn policy(&mut self) -> Result<Option<String>, SourceError> {
        Ok(Some(self.reader.place.policy.clone()))
    }

    fn checkpoint(&mut self) -> Result<Option<Vec<u8>>, SourceError> {
        Ok(self.reader.checkpoint.clone())
    }

    fn witnessed(&mut self) -> Result<Option<Vec<u8>>, SourceError> {
        Ok(self.reader.witnessed.clone())
    }

    fn handovers(&mut self) -> Result<Vec<HandoverNote>, SourceError> {
        Ok(self.reader.handovers.clone())
    }

    fn handovers_beside(&mut self) -> Result<Vec<HandoverNote>, SourceError> {
        Ok(self.reader.handovers_beside.clone())
    }

    fn origin(&mut self) -> Result<Option<Origin>, SourceError> {
        Ok(Some(self.reader.place.origin.clone()))
    }

    fn head(&mut self) -> Result<Option<(u64, LeafHash)>, SourceError> {
        Ok(self.handle.block_on(self.reader.head())?)
    }

    fn next_chunk(&mut self) -> Result<Option<Chunk>, SourceError> {
        Ok(self.handle.block_on(self.reader.next())?)
    }

    fn rewind(&mut self) -> Result<(), SourceError> {
        self.reader.at = START;
        Ok(())
    }

    fn tile(&mut self, tile: Tile) -> Result<Option<Vec<u8>>, SourceError> {
        let (storage, which) = (&self.reader.place.storage, self.reader.which);
        let read = objects::tile(storage, which, tile);
        Ok(self.handle.block_on(read)?)
    }

    fn timestamps(&mut self) -> Result<Option<Vec<u64>>, SourceError> {
        match self.reader.which {
            Which::Changes => {
                let sizes = async { timestamps::sizes(self.reader.on()?).await };
                Ok(Some(self.handle.block_on(sizes)?))
            }
            Which::Looks => Ok(None),
        }
    }

    fn timestamp(&mut self, size: u64) -> Result<Option<Stamped>, SourceError> {
        let kept = async { timestamps::stamped(self.reader.on()?, size).await };
        Ok(self.handle.block_on(kept)?)
    }

    fn entries(&mut self, index: u64, width: u16) -> Result<Option<Vec<u8>>, SourceError> {
        let Some(tile) = Tile::new(0, index, width) else {
            return Ok(None);
        };
        let (storage, which) = (&self.reader.place.storage, self.reader.which);
        let read = async {
            if let Some(bytes) = object(storage, which, &tile.entries_path()).await? {
                return Ok(Some(bytes));
            }
            let Some(full) = tile.full() else {
                return Ok::<_, StoreError>(None);
            };
            let bytes = object(storage, which, &full.entries_path()).await?;
            Ok(bytes.map(|bytes| first_entries(bytes, width)))
        };
        Ok(self.handle.block_on(read)?)
    }
}

/// The first entries of a bundle, as the smaller bundle had them.
fn first_entries(mut bundle: Vec<u8>, width: u16) -> Vec<u8> {
    let kept = entries(&bundle).take(width.into()).map_while(Result::ok);
    let bytes = kept.map(|entry| entry.len() + 2).sum();
    bundle.truncate(bytes);
    bundle
}
