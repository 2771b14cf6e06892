//! The living archive as a [`LogSource`]: one snapshot of the database, in chunks of 256 records.

use std::collections::HashMap;
use std::path::PathBuf;

use sea_orm::{
    AccessMode, ConnectionTrait, DatabaseTransaction, DbBackend, IsolationLevel,
    TransactionOptions, TransactionTrait,
};
use storage::{DataKey, KeyError, ObjectName, Storage};
use thiserror::Error;
use tokio::runtime::Handle;
use uuid::Uuid;

use crate::audit::event::Kind;
use crate::audit::leaf::LEAF_BYTES_MAX;
use crate::audit::log::read_keys;
use crate::audit::sealed::SealedOpenings;
use crate::audit::states::{Part, STEP};
use crate::audit::tile::{Tile, entries, push_entry};
use crate::audit::verify::{
    Chunk, Columns, LogSource, Offers, OpeningContent, OpeningRow, Openings, Presence, Root,
    SourceError, Stamped, StateFact, SubjectRow,
};
use crate::audit::{LeafHash, Origin};
use crate::base::db::{Access, DbError, connect, sql};
use crate::ledger::timestamps;
use crate::ledger::witnesses::WITNESSED;
use crate::{
    cases, correspondents, departments, documents, file_plan, files, holds, inspections, notes,
    relations, signing, tablets, types, webhooks, workflows,
};

/// Records of a chunk: as many as a tile has hashes.
const WIDE: i64 = 256;
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

/// Which of the two logs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Which {
    /// What changed: chained, signed, published.
    Changes,
    /// Who looked: chained.
    Looks,
}

impl Which {
    const fn table(self) -> &'static str {
        match self {
            Self::Changes => "audit",
            Self::Looks => "access",
        }
    }
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
    /// The public key that belongs to the archive and the witnesses that it asks, as a policy.
    pub policy: String,
    /// The file that holds the last signed checkpoint.
    pub lock: PathBuf,
}

/// The log of a living archive, as it stood at one instant.
#[derive(Debug)]
pub struct DatabaseLog {
    handle: Handle,
    reader: Reader,
}

#[derive(Debug)]
struct Reader {
    /// Always there until the end, which gives it back to its pool within the runtime.
    snapshot: Option<DatabaseTransaction>,
    which: Which,
    wanted: Wanted,
    place: Place,
    checkpoint: Option<Vec<u8>>,
    /// What witnesses cosigned last.
    witnessed: Option<Vec<u8>>,
    at: At,
}

/// What is read next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum At {
    /// Records from here on.
    Records(i64),
    /// What speaks of records behind the last one.
    Behind(i64),
    /// Rows without a record, kind by kind.
    Unrecorded {
        kind: usize,
        after: Uuid,
    },
    End,
}

const START: At = At::Records(i64::MIN);

/// The kinds of everything that has a row and a record for each of its versions.
pub fn kinds() -> impl Iterator<Item = Kind> {
    departments::KINDS
        .iter()
        .chain(file_plan::KINDS)
        .chain(holds::KINDS)
        .chain(files::KINDS)
        .chain(cases::KINDS)
        .chain(correspondents::KINDS)
        .chain(types::KINDS)
        .chain(documents::evidence::KINDS)
        .chain(notes::KINDS)
        .chain(relations::KINDS)
        .chain(inspections::KINDS)
        .chain(tablets::KINDS)
        .chain(signing::KINDS)
        .chain(workflows::KINDS)
        .chain(webhooks::KINDS)
        .copied()
}

impl DatabaseLog {
    /// Takes the newest signed checkpoint, then a snapshot of the database behind it.
    ///
    /// The handle must be of a runtime that has threads of its own; the source itself is used
    /// outside of it.
    pub async fn open(place: Place, which: Which, wanted: Wanted) -> Result<Self, ProofError> {
        let (checkpoint, witnessed) = match which {
            Which::Changes => (
                newest_checkpoint(&place).await?,
                object(&place.storage, WITNESSED).await?,
            ),
            Which::Looks => (None, None),
        };
        let snapshot = snapshot(&place.url).await?;
        let reader = Reader {
            snapshot: Some(snapshot),
            which,
            wanted,
            place,
            checkpoint,
            witnessed,
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
async fn newest_checkpoint(place: &Place) -> Result<Option<Vec<u8>>, ProofError> {
    match tokio::fs::read(&place.lock).await {
        Ok(note) => Ok(Some(note).filter(|note| note.len() <= NOTE_BYTES_MAX)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            object(&place.storage, "log/checkpoint").await
        }
        Err(source) => Err(ProofError::Lock {
            path: place.lock.clone(),
            source,
        }),
    }
}

async fn object(storage: &Storage, path: &str) -> Result<Option<Vec<u8>>, ProofError> {
    let found = storage.get_object(&ObjectName::parse(path)?).await?;
    Ok(found.map(|bytes| bytes.to_vec()))
}

impl Drop for DatabaseLog {
    fn drop(&mut self) {
        let _within = self.handle.enter();
        drop(self.reader.snapshot.take());
    }
}

impl Reader {
    fn on(&self) -> Result<&DatabaseTransaction, DbError> {
        self.snapshot.as_ref().ok_or(DbError::GivenUp)
    }

    async fn head(&self) -> Result<Option<(u64, LeafHash)>, DbError> {
        let text = format!(
            "SELECT seq, h FROM {}_head WHERE id = 1",
            self.which.table()
        );
        let on = self.on()?;
        let Some(row) = on.query_one_raw(sql(on, text, [])).await? else {
            return Ok(None);
        };
        let seq: i64 = row.try_get_by_index(0)?;
        let hash: Vec<u8> = row.try_get_by_index(1)?;
        Ok(Some((
            u64::try_from(seq).unwrap_or(u64::MAX),
            hash32(&hash),
        )))
    }

    async fn next(&mut self) -> Result<Option<Chunk>, DbError> {
        loop {
            match self.at {
                At::Records(from) => match self.records(from).await? {
                    Some((chunk, upto)) => {
                        self.at = At::Records(upto);
                        return Ok(Some(chunk));
                    }
                    None => self.at = At::Behind(from),
                },
                At::Behind(from) => {
                    self.at = At::Unrecorded {
                        kind: 0,
                        after: Uuid::nil(),
                    };
                    let mut chunk = Chunk::default();
                    self.belongings(from, i64::MAX, &mut chunk).await?;
                    return Ok(Some(chunk));
                }
                At::Unrecorded { kind, after } => {
                    if let Some(states) = self.unrecorded(kind, after).await? {
                        return Ok(Some(Chunk {
                            states,
                            ..Chunk::default()
                        }));
                    }
                }
                At::End => return Ok(None),
            }
        }
    }

    /// The next records from `from` on, up to the end of their tile.
    async fn records(&self, from: i64) -> Result<Option<(Chunk, i64)>, DbError> {
        let (on, table) = (self.on()?, self.which.table());
        let text = format!("SELECT min(seq) FROM {table} WHERE seq >= $1");
        let row = on.query_one_raw(sql(on, text, [from.into()])).await?;
        let first: Option<i64> = row
            .map(|row| row.try_get_by_index(0))
            .transpose()?
            .flatten();
        let Some(first) = first else { return Ok(None) };
        let upto = (first.div_euclid(WIDE) + 1).saturating_mul(WIDE);
        let uow = match self.which {
            Which::Changes => ", uow",
            Which::Looks => "",
        };
        let text = format!(
            "SELECT seq, prev, h, leaf, ts{uow} FROM {table} \
             WHERE seq >= $1 AND seq < $2 ORDER BY seq"
        );
        let mut chunk = Chunk::default();
        for row in on
            .query_all_raw(sql(on, text, [first.into(), upto.into()]))
            .await?
        {
            let seq: i64 = row.try_get_by_index(0)?;
            let prev: Vec<u8> = row.try_get_by_index(1)?;
            let hash: Vec<u8> = row.try_get_by_index(2)?;
            let leaf: Vec<u8> = row.try_get_by_index(3)?;
            let seq = u64::try_from(seq).unwrap_or(u64::MAX);
            chunk.columns.push(Columns {
                seq,
                prev: hash32(&prev),
                hash: hash32(&hash),
                ts_micros: row.try_get_by_index(4)?,
                uow: match self.which {
                    Which::Changes => Some(row.try_get_by_index(5)?),
                    Which::Looks => None,
                },
            });
            // Longer than a record can be: cut, so that it is read as what it is, no record.
            push_entry(
                &mut chunk.entries,
                leaf.get(..LEAF_BYTES_MAX).unwrap_or(&leaf),
            );
        }
        self.belongings(from, upto, &mut chunk).await?;
        Ok(Some((chunk, upto)))
    }

    /// Openings and states that belong to records of this range.
    async fn belongings(&self, from: i64, upto: i64, chunk: &mut Chunk) -> Result<(), DbError> {
        if self.which == Which::Looks {
            return Ok(());
        }
        chunk.subjects = Some(self.subjects(from, upto).await?);
        if self.wanted.openings == Presence::Present {
            chunk.openings = Openings::Rows(self.openings(from, upto).await?);
        }
        if self.wanted.states == Presence::Present {
            for kind in kinds() {
                chunk
                    .states
                    .extend(self.states(kind, Part::Recorded { from, upto }).await?);
            }
        }
        Ok(())
    }

    /// The rows that name subjects of records of this range.
    async fn subjects(&self, from: i64, upto: i64) -> Result<Vec<SubjectRow>, DbError> {
        let on = self.on()?;
        let mut astray = departments::roots_astray(on, from, upto).await?;
        astray.extend(file_plan::roots_astray(on, from, upto).await?);
        astray.extend(holds::roots_astray(on, from, upto).await?);
        astray.extend(files::roots_astray(on, from, upto).await?);
        astray.extend(cases::roots_astray(on, from, upto).await?);
        astray.extend(correspondents::roots_astray(on, from, upto).await?);
        astray.extend(types::roots_astray(on, from, upto).await?);
        astray.extend(documents::evidence::roots_astray(on, from, upto).await?);
        astray.extend(notes::roots_astray(on, from, upto).await?);
        astray.extend(relations::roots_astray(on, from, upto).await?);
        astray.extend(inspections::roots_astray(on, from, upto).await?);
        astray.extend(signing::roots_astray(on, from, upto).await?);
        astray.extend(workflows::roots_astray(on, from, upto).await?);
        let text = "SELECT seq, slot, entity_id, version, kind FROM audit_subject \
                    WHERE seq >= $1 AND seq < $2";
        let rows = on
            .query_all_raw(sql(on, text, [from.into(), upto.into()]))
            .await?;
        let number = |number: i64| u64::try_from(number).unwrap_or(u64::MAX);
        rows.iter()
            .map(|row| {
                let (entity, version): (Uuid, i64) =
                    (row.try_get_by_index(2)?, row.try_get_by_index(3)?);
                let root = if astray.contains(&(entity, version)) {
                    Root::Astray
                } else {
                    Root::Fits
                };
                Ok(SubjectRow {
                    seq: number(row.try_get_by_index(0)?),
                    slot: number(row.try_get_by_index(1)?),
                    entity,
                    version: number(version),
                    kind: row.try_get_by_index(4)?,
                    root,
                })
            })
            .collect()
    }

    async fn states(&self, kind: Kind, part: Part) -> Result<Vec<StateFact>, DbError> {
        let mut states = departments::states(self.on()?, kind, part).await?;
        states.extend(file_plan::states(self.on()?, kind, part).await?);
        states.extend(holds::states(self.on()?, kind, part).await?);
        states.extend(files::states(self.on()?, kind, part).await?);
        states.extend(cases::states(self.on()?, kind, part).await?);
        states.extend(correspondents::states(self.on()?, kind, part).await?);
        states.extend(types::states(self.on()?, kind, part).await?);
        states.extend(documents::evidence::states(self.on()?, kind, part).await?);
        states.extend(notes::states(self.on()?, kind, part).await?);
        states.extend(relations::states(self.on()?, kind, part).await?);
        states.extend(inspections::states(self.on()?, kind, part).await?);
        states.extend(tablets::states(self.on()?, kind, part).await?);
        states.extend(signing::states(self.on()?, kind, part).await?);
        states.extend(workflows::states(self.on()?, kind, part).await?);
        states.extend(webhooks::states(self.on()?, kind, part).await?);
        Ok(states)
    }

    /// The next rows that no record speaks of; nothing when this kind has no more.
    async fn unrecorded(
        &mut self,
        kind: usize,
        after: Uuid,
    ) -> Result<Option<Vec<StateFact>>, DbError> {
        let wanted = self.wanted.states == Presence::Present && self.which == Which::Changes;
        let Some(which) = kinds().nth(kind).filter(|_| wanted) else {
            self.at = At::End;
            return Ok(None);
        };
        let states = self.states(which, Part::Unrecorded { after }).await?;
        self.at = match states.last() {
            Some(last) if states.len() == STEP => At::Unrecorded {
                kind,
                after: last.entity,
            },
            Some(_) | None => At::Unrecorded {
                kind: kind + 1,
                after: Uuid::nil(),
            },
        };
        Ok((!states.is_empty()).then_some(states))
    }

    async fn openings(&self, from: i64, upto: i64) -> Result<Vec<OpeningRow>, DbError> {
        let on = self.on()?;
        let text = "SELECT seq, key_owner, slots, sealed FROM audit_private \
                    WHERE seq >= $1 AND seq < $2 ORDER BY seq, key_owner";
        let found = on
            .query_all_raw(sql(on, text, [from.into(), upto.into()]))
            .await?;
        let sealed: Result<Vec<_>, DbError> = found.iter().map(SealedOpenings::of_row).collect();
        let sealed = sealed?;
        let keys = self
            .keys(sealed.iter().map(|one| one.owner).collect())
            .await?;
        let mut rows = Vec::new();
        for one in sealed {
            let opened = match keys.get(&one.owner) {
                // With its key the opening is gone; a record must say so.
                None => Err(OpeningContent::Erased),
                Some(None) => Err(OpeningContent::Unreadable),
                Some(Some(key)) => one.open(key).ok_or(OpeningContent::Unreadable),
            };
            match opened {
                Ok(openings) => {
                    rows.extend(openings.into_iter().map(|(slot, opening)| OpeningRow {
                        seq: one.seq,
                        slot,
                        content: OpeningContent::Open(opening),
                    }))
                }
                Err(why) => rows.extend(one.slots().map(|slot| OpeningRow {
                    seq: one.seq,
                    slot: slot.to_owned(),
                    content: why.clone(),
                })),
            }
        }
        rows.sort_by(|left, right| (left.seq, &left.slot).cmp(&(right.seq, &right.slot)));
        Ok(rows)
    }

    /// The keys of these owners; `None` for one that does not unwrap, nothing for one destroyed.
    async fn keys(&self, mut owners: Vec<Uuid>) -> Result<HashMap<Uuid, Option<DataKey>>, DbError> {
        owners.sort_unstable();
        owners.dedup();
        if owners.is_empty() {
            return Ok(HashMap::new());
        }
        let kms = self.place.storage.kms().as_ref();
        match read_keys(self.on()?, kms, &owners).await {
            Ok(keys) => Ok(keys
                .into_iter()
                .map(|(owner, key)| (owner, Some(key)))
                .collect()),
            Err(DbError::Key(error)) if !is_missing(&error) => {
                let mut keys = HashMap::new();
                for owner in owners {
                    match read_keys(self.on()?, kms, &[owner]).await {
                        Ok(mut one) => {
                            keys.extend(one.remove(&owner).map(|key| (owner, Some(key))));
                        }
                        Err(DbError::Key(error)) if !is_missing(&error) => {
                            keys.insert(owner, None);
                        }
                        Err(error) => return Err(error),
                    }
                }
                Ok(keys)
            }
            Err(error) => Err(error),
        }
    }
}

/// Whether the key file lacks a key: then nothing can be said about what it wraps.
fn is_missing(error: &KeyError) -> bool {
    matches!(
        error,
        KeyError::MissingKek { .. } | KeyError::UnknownDomain { .. }
    )
}

/// A hash of a row; what is no hash equals none.
fn hash32(bytes: &[u8]) -> LeafHash {
    LeafHash(<[u8; 32]>::try_from(bytes).unwrap_or_default())
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
            Which::Looks => Offers::default(),
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
        let storage = &self.reader.place.storage;
        let read = async {
            let path = format!("log/{}", tile.path());
            if let Some(bytes) = object(storage, &path).await? {
                return Ok(Some(bytes));
            }
            // The publisher removes a partial tile when the full one has taken its place.
            let Some(full) = tile.full() else {
                return Ok::<_, ProofError>(None);
            };
            let bytes = object(storage, &format!("log/{}", full.path())).await?;
            Ok(bytes.and_then(|bytes| tile.cut(bytes)))
        };
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
        let storage = &self.reader.place.storage;
        let read = async {
            let path = format!("log/{}", tile.entries_path());
            if let Some(bytes) = object(storage, &path).await? {
                return Ok(Some(bytes));
            }
            let Some(full) = tile.full() else {
                return Ok::<_, ProofError>(None);
            };
            let bytes = object(storage, &format!("log/{}", full.entries_path())).await?;
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
