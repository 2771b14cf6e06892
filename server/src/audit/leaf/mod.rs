//! A record as bytes: `papierlos.audit/v1`, a line feed, canonical JSON with a closed set of keys.
//!
//! The hashed bytes are the stored bytes. [`LeafView`] reads them without building a tree and
//! accepts exactly what [`Leaf::to_bytes`] writes: reading and writing are inverse functions, so a
//! record has one writing and a hash has one meaning.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::canonical::{Object, SAFE_INT_MAX, SafeInt, Value};
use super::commitment::{Commitment, Slot, is_slot_name};
use super::merkle::{Hash, leaf_hash};
use super::note::NoteKey;

mod stamp;
mod view;

pub use stamp::{TIMESTAMP_BYTES, format_micros};
pub(crate) use view::unhex;
pub use view::{LeafView, SubjectView, Subjects};

/// The line that opens every leaf: names the format and its version.
pub const LEAF_LINE: &str = "papierlos.audit/v1\n";
/// Largest leaf. A record about more subjects is split into several of the same unit of work.
pub const LEAF_BYTES_MAX: usize = 8 * 1024;
/// Longest action, role or kind of subject, in bytes.
pub const TOKEN_BYTES_MAX: usize = 64;
/// Longest origin, in bytes.
pub const ORIGIN_BYTES_MAX: usize = 255;
/// The action of a record that makes missing openings lawful; the only one with targets.
pub const ERASE_ACTION: &str = "privacy.erase";
/// The action of a record beside which the key that signs the log was handed over.
pub const ROTATE_ACTION: &str = "log.rotate_key";

/// What stands behind the name of a log in that of the log of who looked at what it speaks of.
const OF_LOOKS: &str = "/access";

/// The name of a log: stands in every leaf and in every checkpoint.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Origin(Box<str>);

impl Origin {
    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The name of the log of looks that stands beside this log.
    pub fn of_looks(&self) -> Result<Self, LeafError> {
        format!("{}{OF_LOOKS}", self.0).parse()
    }

    /// Whether it is called like a log of looks.
    pub fn is_of_looks(&self) -> bool {
        self.0.ends_with(OF_LOOKS)
    }

    /// Whether this is the log of looks beside the log of this name.
    pub fn is_of_looks_beside(&self, name: &str) -> bool {
        self.0.strip_suffix(OF_LOOKS) == Some(name)
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for Origin {
    type Err = LeafError;

    fn from_str(text: &str) -> Result<Self, LeafError> {
        let fits = !text.is_empty() && text.len() <= ORIGIN_BYTES_MAX;
        if fits && text.bytes().all(is_origin_byte) {
            Ok(Self(text.into()))
        } else {
            Err(LeafError::Field("log"))
        }
    }
}

/// No space, no quote, no backslash (needs no escape) and no plus (separates a key's name).
fn is_origin_byte(byte: u8) -> bool {
    byte.is_ascii_graphic() && !matches!(byte, b'"' | b'\\' | b'+')
}

/// Whether a text may be an action, a role or a kind: lower-case words with dots and hyphens.
fn is_token(token: &[u8]) -> bool {
    token.len() <= TOKEN_BYTES_MAX
        && token.first().is_some_and(u8::is_ascii_lowercase)
        && token
            .iter()
            .all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'.' | b'-' | b'_'))
}

/// The first `prev` of a log: binds it to its name and to its key, so that it cannot be moved.
pub fn genesis(origin: &Origin, key: &NoteKey) -> Hash {
    let digest = Sha256::new()
        .chain_update(b"papierlos.audit/v1/genesis\n")
        .chain_update(origin.as_str())
        .chain_update(b"\n")
        .chain_update(key.to_string())
        .finalize();
    Hash(digest.into())
}

/// Why something is not a leaf.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LeafError {
    /// Larger than [`LEAF_BYTES_MAX`]: split the record.
    #[error("{bytes} bytes; a leaf has at most {LEAF_BYTES_MAX}")]
    TooLarge {
        /// Its size.
        bytes: usize,
    },
    /// A field is missing, unknown, out of order or not of its form.
    #[error("the field {0} is not of its form")]
    Field(&'static str),
}

/// Whether what was asked was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It was done.
    Ok,
    /// It was refused.
    Refused,
}

impl Outcome {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Refused => "refused",
        }
    }
}

/// An entity that a record is about, in the version that the record produced.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subject {
    /// The word for it, such as `document`.
    pub kind: Cow<'static, str>,
    /// Its id.
    pub id: Uuid,
    /// Its version after the change.
    pub version: u64,
    /// Commitment to its whole state after the change.
    pub state: Option<Commitment>,
    /// Commitment to the digests of its content.
    pub blob: Option<Commitment>,
}

/// An opening that a `privacy.erase` record destroys.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Target {
    /// The record whose opening it is.
    pub seq: u64,
    /// Its slot in that record.
    pub slot: Slot,
}

/// A record before it has a place in the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeafDraft {
    /// What was done, such as `document.update`.
    pub action: Cow<'static, str>,
    /// Who did it.
    pub actor: Uuid,
    /// On whose behalf, if not their own.
    pub obo: Option<Uuid>,
    /// In which role.
    pub role: Cow<'static, str>,
    /// For which department.
    pub dept: Option<Uuid>,
    /// With what outcome.
    pub outcome: Outcome,
    /// The request that asked for it.
    pub req: Option<Uuid>,
    /// The unit of work; records of one transaction share it.
    pub uow: Uuid,
    /// What it changed.
    pub subjects: Vec<Subject>,
    /// Commitments to details, by name of slot.
    pub private: BTreeMap<Box<str>, Commitment>,
    /// Openings that it erases; only for [`ERASE_ACTION`].
    pub targets: Vec<Target>,
}

/// A record in its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Leaf {
    /// Its number, from 0; the index in the tree.
    pub seq: u64,
    /// The hash of the record before it, or [`genesis`].
    pub prev: Hash,
    /// When, in microseconds since 1970 (UTC); never before the record before it.
    pub ts_micros: i64,
    /// How far the raw clock was from `ts`, in milliseconds; negative if it went back.
    pub clk_ms: i64,
    /// The log.
    pub origin: Origin,
    /// What it says.
    pub draft: LeafDraft,
}

impl LeafDraft {
    /// Gives the record its place: the bytes to store and their hash.
    pub fn seal(
        self,
        seq: u64,
        prev: Hash,
        ts_micros: i64,
        clk_ms: i64,
        origin: &Origin,
    ) -> Result<(Vec<u8>, Hash), LeafError> {
        let leaf = Leaf {
            seq,
            prev,
            ts_micros,
            clk_ms,
            origin: origin.clone(),
            draft: self,
        };
        let bytes = leaf.to_bytes()?;
        let hash = leaf_hash(&bytes);
        Ok((bytes, hash))
    }
}

impl Leaf {
    /// The bytes of the record. Sorts the targets of an erasure; refuses what has no place in a
    /// leaf (names of another form, numbers beyond 2^53) and records above [`LEAF_BYTES_MAX`].
    pub fn to_bytes(&self) -> Result<Vec<u8>, LeafError> {
        let draft = &self.draft;
        if draft.targets.is_empty() == (draft.action == ERASE_ACTION) {
            return Err(LeafError::Field("targets"));
        }
        let ts = format_micros(self.ts_micros).ok_or(LeafError::Field("ts"))?;
        let clk = SafeInt::new(self.clk_ms).ok_or(LeafError::Field("clk"))?;
        let subjects = draft
            .subjects
            .iter()
            .map(subject)
            .collect::<Result<Vec<_>, _>>()?;
        let json = Object::new()
            .with("action", token("action", &draft.action)?)
            .with("actor", uuid_text(draft.actor))
            .with("clk", clk)
            .with_some("dept", draft.dept.map(uuid_text))
            .with("log", self.origin.as_str())
            .with_some("obo", draft.obo.map(uuid_text))
            .with("outcome", draft.outcome.as_str())
            .with("prev", self.prev.to_string())
            .with_some("priv", private(&draft.private)?)
            .with_some("req", draft.req.map(uuid_text))
            .with("role", token("role", &draft.role)?)
            .with("seq", safe("seq", self.seq)?)
            .with("subj", subjects)
            .with_some("targets", targets(&draft.targets)?)
            .with("ts", ts)
            .with("uow", uuid_text(draft.uow))
            .with("v", 1_u32);
        let mut bytes = LEAF_LINE.as_bytes().to_vec();
        bytes.extend_from_slice(&json.to_bytes());
        if bytes.len() > LEAF_BYTES_MAX {
            return Err(LeafError::TooLarge { bytes: bytes.len() });
        }
        Ok(bytes)
    }

    /// Reads a record. Accepts exactly the bytes that [`Leaf::to_bytes`] writes for it.
    pub fn parse(bytes: &[u8]) -> Result<Self, LeafError> {
        LeafView::parse(bytes)?.to_leaf()
    }
}

fn uuid_text(id: Uuid) -> String {
    id.hyphenated().to_string()
}

fn token(field: &'static str, text: &str) -> Result<Value, LeafError> {
    if is_token(text.as_bytes()) {
        Ok(text.into())
    } else {
        Err(LeafError::Field(field))
    }
}

fn safe(field: &'static str, number: u64) -> Result<Value, LeafError> {
    let int = i64::try_from(number).ok().and_then(SafeInt::new);
    int.map(Value::Int).ok_or(LeafError::Field(field))
}

fn subject(subject: &Subject) -> Result<Value, LeafError> {
    let object = Object::new()
        .with_some("blob", subject.blob.map(|blob| blob.to_string()))
        .with("id", uuid_text(subject.id))
        .with_some("state", subject.state.map(|state| state.to_string()))
        .with("t", token("subj", &subject.kind)?)
        .with("ver", safe("subj", subject.version)?);
    Ok(object.into())
}

fn private(slots: &BTreeMap<Box<str>, Commitment>) -> Result<Option<Object>, LeafError> {
    let mut object = Object::new();
    for (name, commitment) in slots {
        let refused = || LeafError::Field("priv");
        if !is_slot_name(name.as_bytes()) {
            return Err(refused());
        }
        object
            .insert(name, commitment.to_string())
            .ok()
            .ok_or_else(refused)?;
    }
    Ok((!slots.is_empty()).then_some(object))
}

fn targets(targets: &[Target]) -> Result<Option<Vec<Value>>, LeafError> {
    let mut sorted: Vec<(u64, String)> = targets
        .iter()
        .map(|target| (target.seq, target.slot.to_string()))
        .collect();
    sorted.sort();
    sorted.dedup();
    let object = |(seq, slot): (u64, String)| {
        // A slot that cannot be read back would be a target that nobody can check.
        slot.parse::<Slot>()
            .ok()
            .ok_or(LeafError::Field("targets"))?;
        Ok(Object::new()
            .with("seq", safe("targets", seq)?)
            .with("slot", slot)
            .into())
    };
    let list = sorted
        .into_iter()
        .map(object)
        .collect::<Result<Vec<Value>, LeafError>>()?;
    Ok((!list.is_empty()).then_some(list))
}

/// Whether a number is one that JSON keeps exactly.
fn is_safe(number: u64) -> bool {
    i64::try_from(number).is_ok_and(|number| number <= SAFE_INT_MAX)
}
