//! What witnesses cosigned, in the store: of each the newest checkpoint by itself, and the newest of
//! all together.

use std::fs::{File, TryLockError};
use std::io;
use std::path::Path;

use bytes::Bytes;
use storage::{PutRule, Storage, StoreError};

use super::{RoundError, ask};
use crate::audit::note::Checkpoint;
use crate::audit::{Cosignature, KeyChain, Quorum, WitnessKey};
use crate::base::Timestamp;
use crate::ledger::Which;
use crate::ledger::objects::{name, object};

/// The object with the newest checkpoint that witnesses cosigned, by its path in the folder of the log.
pub const WITNESSED: &str = "witnessed";

/// Keeps other processes that share this folder from asking; nothing where one of them does.
pub(super) async fn hold(path: &Path) -> io::Result<Option<File>> {
    let path = path.to_owned();
    let taken = tokio::task::spawn_blocking(move || {
        // It is let go when the file is closed.
        let held = File::create(path)?;
        match held.try_lock() {
            Ok(()) => Ok(Some(held)),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(source)) => Err(source),
        }
    });
    taken
        .await
        .unwrap_or_else(|gone| Err(io::Error::other(gone)))
}

/// The object of one witness.
fn path_of(key: &WitnessKey) -> String {
    format!("witness/{}", key.id())
}

/// What a witness cosigned last.
#[derive(Debug, Clone)]
pub(super) struct Kept {
    pub(super) checkpoint: Checkpoint,
    note: Vec<u8>,
    cosignature: Cosignature,
}

impl Kept {
    pub(super) fn new(note: &[u8], checkpoint: &Checkpoint, cosignature: Cosignature) -> Self {
        Self {
            checkpoint: checkpoint.clone(),
            note: note.to_vec(),
            cosignature,
        }
    }

    /// Over how many records, and when.
    pub(super) fn when(&self) -> (u64, Timestamp) {
        (self.checkpoint.size, time(self.cosignature.seconds))
    }

    pub(super) fn line(&self) -> &str {
        &self.cosignature.line
    }

    pub(super) fn is_older(&self, other: &Self) -> bool {
        self.when() < other.when()
    }

    /// As the store has it, where the log has signed it, with a key in its era, and the witness.
    pub(super) async fn read(
        storage: &Storage,
        chain: &KeyChain,
        key: &WitnessKey,
    ) -> Result<Option<Self>, StoreError> {
        let Some(note) = object(storage, Which::Changes, &path_of(key)).await? else {
            return Ok(None);
        };
        let opened = chain.open(&note);
        let cosigned = key.cosignature(&note);
        let (Ok((checkpoint, _)), Ok(Some(cosignature))) = (opened, cosigned) else {
            return Ok(None);
        };
        let own = note.strip_suffix(cosignature.line.as_bytes());
        Ok(own.map(|own| Self::new(own, &checkpoint, cosignature.clone())))
    }

    pub(super) async fn write(
        &self,
        storage: &Storage,
        key: &WitnessKey,
    ) -> Result<(), StoreError> {
        let name = name(Which::Changes, &path_of(key))?;
        let note = [self.note.as_slice(), self.line().as_bytes()].concat();
        let put = storage.put_object(&name, Bytes::from(note), PutRule::Replace);
        put.await.map(|_outcome| ())
    }
}

fn time(seconds: u64) -> Timestamp {
    let seconds = i64::try_from(seconds).unwrap_or(i64::MAX);
    Timestamp::of_micros(seconds.saturating_mul(1_000_000))
}

/// Over how many records the newest checkpoint is that a witness cosigned, and when it did; nothing
/// where it never has.
///
/// # Errors
/// The store.
pub async fn cosigned_last(
    storage: &Storage,
    key: &WitnessKey,
) -> Result<Option<(u64, Timestamp)>, StoreError> {
    let Some(note) = object(storage, Which::Changes, &path_of(key)).await? else {
        return Ok(None);
    };
    let claimed = Checkpoint::claimed(&note).ok();
    let cosigned = key.cosignature(&note).ok().flatten();
    Ok(claimed
        .zip(cosigned)
        .map(|(claimed, cosigned)| (claimed.size, time(cosigned.seconds))))
}

/// The public checkpoint, if it is one of this log.
pub(super) async fn newest(
    storage: &Storage,
    chain: &KeyChain,
) -> Result<Option<(Vec<u8>, Checkpoint)>, StoreError> {
    let note = object(storage, Which::Changes, "checkpoint").await?;
    Ok(note.and_then(|note| {
        let (checkpoint, _) = chain.open(&note).ok()?;
        Some((note, checkpoint))
    }))
}

/// What speaks for a cosigned checkpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Rank {
    /// Whether as many cosigned it as the policy asks for.
    pub(super) is_enough: bool,
    /// How many did.
    pub(super) count: usize,
    /// Its size.
    pub(super) size: u64,
}

impl Rank {
    fn of(note: &[u8], checkpoint: &Checkpoint, quorum: &Quorum) -> Option<Self> {
        let cosigners = quorum.cosigners(note).ok()?;
        Some(Self {
            is_enough: cosigners.are_enough,
            count: cosigners.times.len(),
            size: checkpoint.size,
        })
    }

    /// Whether it takes the place of another one: never of one over more records, nor of one that
    /// has its quorum where it has none itself.
    pub(super) fn replaces(self, other: Self) -> bool {
        let better = match (self.is_enough, other.is_enough) {
            (true, false) => true,
            (false, true) => false,
            (true, true) => (self.size, self.count) > (other.size, other.count),
            (false, false) => (self.count, self.size) > (other.count, other.size),
        };
        better && self.size >= other.size
    }
}

/// Puts a cosigned checkpoint into the store, where it says more than the one that lies there and
/// continues it. Whoever calls this holds the others off.
pub(super) async fn gather(
    storage: &Storage,
    (chain, quorum): (&KeyChain, &Quorum),
    newest: &Checkpoint,
    note: Vec<u8>,
) -> Result<(), RoundError> {
    let Some(rank) = Rank::of(&note, newest, quorum) else {
        return Ok(());
    };
    if let Some(lies) = object(storage, Which::Changes, WITNESSED).await?
        && let Ok((before, _)) = chain.open(&lies)
        && let Some(other) = Rank::of(&lies, &before, quorum)
    {
        let size = before.size;
        let continues = match ask::root_at(storage, size, newest).await? {
            Some(root) => root == before.root,
            // Tiles that are lost are published again: then it is looked at.
            None if size <= newest.size => return Ok(()),
            None => false,
        };
        if !continues {
            return Err(RoundError::Forked { size });
        }
        if !rank.replaces(other) {
            return Ok(());
        }
    }
    let name = name(Which::Changes, WITNESSED)?;
    let put = storage.put_object(&name, Bytes::from(note), PutRule::Replace);
    put.await?;
    Ok(())
}
