//! Why a log could not be published.

use std::path::PathBuf;

use storage::StoreError;
use thiserror::Error;

use crate::audit::note::NoteError;
use crate::audit::rotation::{ChainError, HandoverError};
use crate::audit::tile::TileError;
use crate::base::Timestamp;
use crate::base::db::DbError;
use crate::ledger::keys::KeysError;

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
    /// Another process is about to move the lock, or to hand over the key.
    #[error("another process holds the lock file of this log")]
    LockHeld,
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
    /// The lock holds a checkpoint that none of our keys signed, or one that did not sign any more.
    #[error("the lock file {path} holds no checkpoint of this log")]
    ForeignLock {
        /// Its path.
        path: PathBuf,
        /// Why.
        source: ChainError,
    },
    /// A checkpoint is not one of those that its key may sign.
    #[error("a checkpoint was not signed: its key is not in force for so many records")]
    NotInForce {
        /// Why.
        source: ChainError,
    },
    /// The log does not go over to a key; the one in force stays in force.
    #[error(
        "the log cannot go over to {key}; take {path} away, and the next rotation makes another key"
    )]
    NotHandedOver {
        /// Name and id of the key.
        key: String,
        /// Where it waits.
        path: PathBuf,
        /// Why.
        source: Box<HandoverError>,
    },
    /// A handover was published of which the database knows nothing.
    #[error(
        "the signing key was handed over for the {number}. time, and the database of this log knows nothing of it: it \
         was set back to before that"
    )]
    HandoverUnknown {
        /// Its number.
        number: usize,
    },
    /// There is no key to sign with.
    #[error(transparent)]
    Keys(#[from] KeysError),
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

impl PublishError {
    /// Whether the database holds another log than the one that was signed: nothing may be added to that.
    #[must_use]
    pub const fn contradicts(&self) -> bool {
        matches!(
            self,
            Self::RolledBack { .. }
                | Self::HandoverUnknown { .. }
                | Self::Changed { .. }
                | Self::Forked { .. }
        )
    }

    /// Whether there is no lock of this log by which the database could be judged.
    pub(super) const fn has_no_lock(&self) -> bool {
        matches!(
            self,
            Self::LockMissing { .. } | Self::LockBehind { .. } | Self::ForeignLock { .. }
        )
    }
}
