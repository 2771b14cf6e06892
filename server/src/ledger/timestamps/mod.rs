//! Timestamps of the log: an authority outside the house stamps the newest signed checkpoint, every so often and on
//! demand, and a record of the log names what it said.
//!
//! The row is the evidence: checkpoint and answer, to the byte. It is written together with the record, so that
//! there is one record for each. What lies in the store beside the tiles is a copy of the row, for whoever reads the
//! published log; it is written afterwards and made good at the next start. A timestamp that contradicts the
//! clock or the records is not kept: the archive would bear witness against itself for ever.

mod rows;
mod task;
#[cfg(test)]
mod tests;

use std::collections::HashSet;
use std::time::Duration;

use bytes::Bytes;
use futures_util::TryStreamExt as _;
use pades::sign::{Digest, TimestampError, TimestampRequest};
use storage::{ObjectName, PutRule, Storage, StoreError};
use thiserror::Error;

use super::objects::name;
use super::publisher::Publication;
use super::{Which, keys};
use crate::audit::event::Action;
use crate::audit::note::Policy;
use crate::audit::rotation::{ChainError, KeyChain};
use crate::audit::timestamp::{
    ACCURACY_MICROS_MAX, FOLDER, Stamp, StampError, checkpoint_path, reply_path,
};
use crate::base::db::DbError;
use crate::base::tsa::{AskError, Tsa};
use crate::base::{Actor, Timestamp};
use crate::unit::{Db, Unit};

pub use rows::{Kept, Standing, list, newest, reply, since, sizes, stamped, standing};
pub use task::start;

/// How long the authority is waited for. Nobody at a counter waits for it.
const PATIENCE: Duration = Duration::from_secs(30);

/// Why no timestamp was kept.
#[derive(Debug, Error)]
pub enum StampingError {
    /// The settings name nobody.
    #[error("log.tsa names no timestamp authority")]
    NoAuthority,
    /// There is nothing to be stamped yet.
    #[error("no checkpoint of the log was signed yet")]
    Unsigned,
    /// The newest checkpoint has its timestamp.
    #[error("the checkpoint over {size} records is stamped already")]
    Stamped {
        /// How many records it covers.
        size: u64,
    },
    /// The authority gives no answer.
    #[error("the timestamp authority gives no answer")]
    Ask(#[from] AskError),
    /// It says no, or something else than what it was asked.
    #[error("the timestamp authority gives no timestamp")]
    Answer(#[from] TimestampError),
    /// Its timestamp is none of the checkpoint.
    #[error("the timestamp is not one of the checkpoint")]
    Stamp(#[from] StampError),
    /// It does not say closely enough when that was.
    #[error("the timestamp authority is not accurate enough ({micros} microseconds)")]
    Coarse {
        /// By how much it may be wrong.
        micros: i64,
    },
    /// The clock of the archive, or a record, contradicts the authority.
    #[error(
        "the log says {log}, the timestamp authority {authority}: one of their clocks is wrong"
    )]
    Clock {
        /// What the archive says: the newest record under the checkpoint, or its clock.
        log: Timestamp,
        /// What the authority says.
        authority: Timestamp,
    },
    /// The newest checkpoint in the database is not one that a key of ours signed in its era.
    #[error("the newest checkpoint is not one of this log")]
    Foreign(#[source] ChainError),
    /// The machine gave no random bytes.
    #[error("the machine gave no random bytes")]
    NoChance,
    /// The store.
    #[error("the store failed")]
    Store(#[from] StoreError),
    /// The database.
    #[error("the database failed")]
    Db(#[from] DbError),
}

/// What the authority said to a question, found right and not kept yet.
#[derive(Debug, Clone)]
pub struct Asked {
    note: Vec<u8>,
    reply: Vec<u8>,
    stamp: Stamp,
    asked_at: Timestamp,
}

impl Asked {
    /// How many records the checkpoint covers.
    #[must_use]
    pub const fn size(&self) -> u64 {
        self.stamp.size
    }
}

/// Whoever has checkpoints stamped.
#[derive(Debug, Clone)]
pub struct Stamper {
    db: Db,
    storage: Storage,
    to: Publication,
    tsa: Option<String>,
}

impl Stamper {
    /// For the log that is published so, by the authority at this address.
    #[must_use]
    pub fn new(db: &Db, storage: &Storage, to: &Publication, tsa: Option<&str>) -> Self {
        Self {
            db: db.clone(),
            storage: storage.clone(),
            to: to.clone(),
            tsa: tsa.map(str::to_owned),
        }
    }

    /// Asks the authority about the newest signed checkpoint. Nothing is kept.
    ///
    /// # Errors
    /// [`StampingError`] says what stands against it.
    pub async fn ask(&self) -> Result<Asked, StampingError> {
        let url = self.tsa.as_deref().ok_or(StampingError::NoAuthority)?;
        let on = self.db.read();
        let note = rows::newest_checkpoint(on).await?;
        let note = note.ok_or(StampingError::Unsigned)?;
        let chain = self.keys().await?;
        let (checkpoint, _) = chain.open(&note).map_err(StampingError::Foreign)?;
        let size = checkpoint.size;
        if rows::is_stamped(on, size).await? {
            return Err(StampingError::Stamped { size });
        }
        let mut nonce = [0; 16];
        getrandom::fill(&mut nonce).map_err(|_none| StampingError::NoChance)?;
        let digest = Digest::Sha256.of(&[&note]);
        let question = TimestampRequest::new(Digest::Sha256, &digest, nonce)?;
        let patience = PATIENCE;
        let asked_at = self.db.now();
        let reply = Tsa { url, patience }.ask(question.der()).await?;
        question.accept(&reply)?;
        let stamp = Stamp::read(&note, &reply, &chain)?;
        if stamp.accuracy_micros > ACCURACY_MICROS_MAX {
            let micros = stamp.accuracy_micros;
            return Err(StampingError::Coarse { micros });
        }
        // Records that are dated ahead, such as after the clock was set back, wait until it has caught up.
        if let Some(last) = rows::time_of(on, size.saturating_sub(1)).await?
            && last.micros() > stamp.latest_before()
        {
            return Err(astray(last, &stamp));
        }
        Ok(Asked {
            note,
            reply,
            stamp,
            asked_at,
        })
    }

    /// The keys of the log with their eras. From the database: another process may have handed it over by now, and what
    /// is to be stamped is signed by the new one.
    async fn keys(&self) -> Result<KeyChain, DbError> {
        let (first, name) = (self.to.keys.first().clone(), self.to.origin.as_str());
        let handovers = keys::handovers(self.db.read(), name).await?;
        // What is wrong with handovers the publisher and the verifier say: here fewer keys count then.
        let (chain, _faults) = KeyChain::build(&Policy::new(vec![first]), &handovers);
        Ok(chain)
    }

    /// Has the newest checkpoint stamped, and keeps it.
    ///
    /// # Errors
    /// [`StampingError`] says what stands against it.
    pub async fn take(&self, actor: &Actor) -> Result<Kept, StampingError> {
        let asked = self.ask().await?;
        let kept: Result<_, StampingError> = self
            .db
            .write(actor, async move |unit: &mut Unit| keep(unit, &asked).await)
            .await;
        let kept = kept?.value;
        self.publish(kept.size).await;
        Ok(kept)
    }

    /// Puts a timestamp that is kept beside the tiles. Where that fails it is done at the next start.
    pub async fn publish(&self, size: u64) {
        if let Err(error) = self.put(size).await {
            tracing::warn!(
                error = %error,
                cause = ?error,
                log.size = size,
                "a timestamp of the log is kept, and could not be published"
            );
        }
    }

    async fn put(&self, size: u64) -> Result<(), StampingError> {
        let Some(kept) = rows::stamped(self.db.read(), size).await? else {
            return Ok(());
        };
        for (path, bytes) in [
            (checkpoint_path(size), kept.note),
            (reply_path(size), kept.reply),
        ] {
            let bytes = Bytes::from(bytes);
            self.storage
                .put_object(&name(Which::Changes, &path)?, bytes, PutRule::Create)
                .await?;
        }
        Ok(())
    }

    /// Publishes those that are kept and lie nowhere beside the tiles.
    ///
    /// # Errors
    /// Where database or store cannot be read.
    pub async fn publish_missing(&self) -> Result<(), StampingError> {
        let listed = self
            .storage
            .list_objects(Some(&name(Which::Changes, FOLDER)?));
        let listed: HashSet<ObjectName> = listed.map_ok(|one| one.name).try_collect().await?;
        for size in rows::sizes(self.db.read()).await? {
            let lies =
                |path: &str| Ok::<_, StoreError>(listed.contains(&name(Which::Changes, path)?));
            if !lies(&checkpoint_path(size))? || !lies(&reply_path(size))? {
                self.publish(size).await;
            }
        }
        Ok(())
    }
}

/// Keeps a timestamp, with the record that names it.
///
/// # Errors
/// [`StampingError::Stamped`] where somebody was faster, [`StampingError::Clock`] where the record would be dated
/// before the timestamp.
pub async fn keep(unit: &mut Unit, asked: &Asked) -> Result<Kept, StampingError> {
    let now = unit.now();
    if now.micros() < asked.stamp.earliest_after() {
        return Err(astray(now, &asked.stamp));
    }
    let kept = Kept::of(asked);
    if !rows::insert(unit.tx(), asked).await? {
        return Err(StampingError::Stamped { size: kept.size });
    }
    rows::succeeded(unit.tx()).await?;
    unit.record_with(Action::LogTimestamp, None, Some(asked.stamp.context()));
    Ok(kept)
}

fn astray(log: Timestamp, stamp: &Stamp) -> StampingError {
    StampingError::Clock {
        log,
        authority: Timestamp::of_micros(stamp.at_micros),
    }
}

/// The last timestamp before `now`, as [`since`] gives it, is older than three intervals: it is worth a warning.
#[must_use]
pub fn is_overdue(since: Timestamp, now: Timestamp, every: Duration) -> bool {
    let age = u128::from(u64::try_from(now.micros() - since.micros()).unwrap_or_default());
    age > every.as_micros().saturating_mul(3)
}
