//! One log in a snapshot of the database, in chunks of 256 records, each with all that the rows say beside it.

use std::collections::HashMap;

use sea_orm::{ConnectionTrait, DatabaseTransaction};
use storage::{DataKey, KeyError};
use uuid::Uuid;

use super::source::{Place, Wanted};
use crate::audit::LeafHash;
use crate::audit::event::Kind;
use crate::audit::leaf::LEAF_BYTES_MAX;
use crate::audit::log::read_keys;
use crate::audit::rotation::HandoverNote;
use crate::audit::sealed::SealedOpenings;
use crate::audit::states::{Part, STEP};
use crate::audit::tile::push_entry;
use crate::audit::verify::{
    Chunk, Columns, OpeningContent, OpeningRow, Openings, Presence, Root, StateFact, SubjectRow,
};
use crate::base::db::{DbError, sql};
use crate::ledger::Which;
use crate::{
    cases, correspondents, departments, documents, file_plan, files, holds, inspections, notes,
    relations, signing, tablets, types, webhooks, workflows,
};

/// Records of a chunk: as many as a tile has hashes.
const WIDE: i64 = 256;
#[derive(Debug)]
pub(super) struct Reader {
    /// Always there until the end, which gives it back to its pool within the runtime.
    pub(super) snapshot: Option<DatabaseTransaction>,
    pub(super) which: Which,
    pub(super) wanted: Wanted,
    pub(super) place: Place,
    pub(super) checkpoint: Option<Vec<u8>>,
    /// What witnesses cosigned last.
    pub(super) witnessed: Option<Vec<u8>>,
    pub(super) handovers: Vec<HandoverNote>,
    /// Of the log of changes, where the log of looks is read.
    pub(super) handovers_beside: Vec<HandoverNote>,
    pub(super) at: At,
}

/// What is read next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum At {
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

pub(super) const START: At = At::Records(i64::MIN);

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

impl Reader {
    pub(super) fn on(&self) -> Result<&DatabaseTransaction, DbError> {
        self.snapshot.as_ref().ok_or(DbError::GivenUp)
    }

    pub(super) async fn head(&self) -> Result<Option<(u64, LeafHash)>, DbError> {
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

    pub(super) async fn next(&mut self) -> Result<Option<Chunk>, DbError> {
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
