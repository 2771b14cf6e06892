//! What a verifier reads from: a bundle on disk, or a living archive.

use uuid::Uuid;

use crate::audit::commitment::Opening;
use crate::audit::leaf::Origin;
use crate::audit::merkle::Hash;
use crate::audit::rotation::HandoverNote;
use crate::audit::tile::Tile;

/// Reading failed; nothing is said about the log.
pub type SourceError = Box<dyn std::error::Error + Send + Sync>;

/// What kinds of material a source has at all.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Offers {
    /// Signed checkpoints.
    pub checkpoints: Presence,
    /// Tiles of hashes.
    pub tiles: Presence,
    /// Published bundles of records, apart from the records themselves.
    pub entries: Presence,
    /// Openings of commitments.
    pub openings: Presence,
    /// The current state of entities.
    pub states: Presence,
    /// A checkpoint that witnesses cosigned.
    pub witnessed: Presence,
}

/// Whether a source has a kind of material.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Presence {
    /// It has none, by its nature.
    #[default]
    Absent,
    /// It should be complete.
    Present,
}

/// A log to verify. Read from start to end, in one thread; the work is done in others.
pub trait LogSource {
    /// What it has.
    fn offers(&self) -> Offers;

    /// The policy that came with the material; used only if the caller pins no key.
    fn policy(&mut self) -> Result<Option<String>, SourceError>;

    /// The newest signed checkpoint, as a note.
    fn checkpoint(&mut self) -> Result<Option<Vec<u8>>, SourceError>;

    /// The newest checkpoint that witnesses cosigned, as a note, if the source [`Offers`] it. Taken
    /// before the records: it says nothing about what came later.
    fn witnessed(&mut self) -> Result<Option<Vec<u8>>, SourceError> {
        Ok(None)
    }

    /// By what the log went over from key to key, in order; by themselves they are trusted in nothing.
    fn handovers(&mut self) -> Result<Vec<HandoverNote>, SourceError> {
        Ok(Vec::new())
    }

    /// The same of the log beside which this one stands, if it is the log of looks: the keys of that one sign both, and
    /// each time that one goes over, so does this one.
    fn handovers_beside(&mut self) -> Result<Vec<HandoverNote>, SourceError> {
        Ok(Vec::new())
    }

    /// The name of the log, if it is not the one that the key and the checkpoint carry, or not that of the key alone:
    /// the log of looks is signed by the key of the log beside it, under its own name.
    fn origin(&mut self) -> Result<Option<Origin>, SourceError> {
        Ok(None)
    }

    /// Number and hash of the last record, as they are noted apart from the records.
    fn head(&mut self) -> Result<Option<(u64, Hash)>, SourceError> {
        Ok(None)
    }

    /// The next records, in order. Chunks of exactly 256 that begin at multiples of 256 are the
    /// fastest. A last chunk without records may carry openings and states that fit nowhere.
    fn next_chunk(&mut self) -> Result<Option<Chunk>, SourceError>;

    /// Starts again with the first record.
    fn rewind(&mut self) -> Result<(), SourceError>;

    /// The bytes of a tile; nothing if there is no such file.
    fn tile(&mut self, tile: Tile) -> Result<Option<Vec<u8>>, SourceError>;

    /// The bytes of a published bundle of records, if the source [`Offers`] them.
    fn entries(&mut self, _index: u64, _width: u16) -> Result<Option<Vec<u8>>, SourceError> {
        Ok(None)
    }

    /// Over how many records there are timestamps, by rising size; nothing if the source has none by its nature.
    fn timestamps(&mut self) -> Result<Option<Vec<u64>>, SourceError> {
        Ok(None)
    }

    /// One of those: the checkpoint that was stamped, and the answer of the authority.
    fn timestamp(&mut self, _size: u64) -> Result<Option<Stamped>, SourceError> {
        Ok(None)
    }

    /// What the transport check found; nothing if the material was not transported.
    fn transport(&mut self) -> Result<Option<TransportCheck>, SourceError> {
        Ok(None)
    }
}

/// A checkpoint and the timestamp over it, as they are kept.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Stamped {
    /// The signed checkpoint, to the byte.
    pub note: Vec<u8>,
    /// What the authority answered: `TimeStampResp` of RFC 3161, in DER.
    pub reply: Vec<u8>,
}

/// Files that differ from the list that travels with them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TransportCheck {
    /// Listed and different.
    pub changed: Vec<String>,
    /// Listed and not there.
    pub missing: Vec<String>,
    /// There and not listed.
    pub unlisted: Vec<String>,
}

/// Some records in order, with what belongs to them.
#[derive(Debug, Clone, Default)]
pub struct Chunk {
    /// The records as an entry bundle: each behind its length in two bytes (big-endian). Build it
    /// with [`crate::audit::tile::push_entry`].
    pub entries: Vec<u8>,
    /// How many there should be; nothing if the source does not know.
    pub expected: Option<usize>,
    /// What the database stores beside each record; empty if there is no database.
    pub columns: Vec<Columns>,
    /// Rows beside these records that name their subjects; nothing if the source has none.
    pub subjects: Option<Vec<SubjectRow>>,
    /// Openings of these records, by rising number.
    pub openings: Openings,
    /// Current states whose last record is one of these, and states that have no record.
    pub states: Vec<StateFact>,
}

/// The columns beside a stored record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Columns {
    /// Its number.
    pub seq: u64,
    /// The hash of the record before it.
    pub prev: Hash,
    /// Its hash.
    pub hash: Hash,
    /// Its time in microseconds since 1970 (UTC).
    pub ts_micros: i64,
    /// Its unit of work; nothing where that is no column.
    pub uow: Option<Uuid>,
}

/// A row that names a subject of a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SubjectRow {
    /// The record.
    pub seq: u64,
    /// The place among its subjects.
    pub slot: u64,
    /// The entity.
    pub entity: Uuid,
    /// Its version.
    pub version: u64,
    /// The word for it.
    pub kind: String,
    /// What the row says that it belongs to.
    pub root: Root,
}

/// What a row says that its entity belongs to, against the rows of the entity.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Root {
    /// It fits, or nothing is known that it could be compared with.
    Fits,
    /// The entity belongs to another.
    Astray,
}

/// Openings of the records of a chunk.
#[derive(Debug, Clone)]
pub enum Openings {
    /// Rows of a database.
    Rows(Vec<OpeningRow>),
    /// Lines of a bundle, still as text.
    Lines(Vec<u8>),
}

impl Default for Openings {
    fn default() -> Self {
        Self::Rows(Vec::new())
    }
}

/// An opening, or why there is none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpeningRow {
    /// The record.
    pub seq: u64,
    /// The slot, as text: what an attacker wrote there need not be one.
    pub slot: String,
    /// What is there.
    pub content: OpeningContent,
}

/// What stands in the place of an opening.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OpeningContent {
    /// The opening.
    Open(Opening),
    /// Nothing: it was erased. A record must say so.
    Erased,
    /// Something that is no opening, or does not decrypt.
    Unreadable,
    /// It exists, and this reader may not see it.
    Withheld,
}

/// The current state of an entity.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StateFact {
    /// The entity.
    pub entity: Uuid,
    /// Its current version.
    pub version: u64,
    /// The record that the database names for this version; nothing if it names none.
    pub seq: Option<u64>,
    /// Its canonical bytes, made from its rows as they are now.
    pub bytes: Vec<u8>,
}

/// Looks into the content store. Called from several threads.
pub trait BlobProbe: Sync {
    /// What is stored under this name (SHA-256 of the stored bytes).
    fn probe(&self, stored: &[u8; 32]) -> Result<BlobState, SourceError>;
}

/// What a [`BlobProbe`] saw.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BlobState {
    /// There, and (as far as the probe looks) unchanged.
    Sound,
    /// Not there.
    Missing,
    /// There, with other bytes.
    Altered,
}
