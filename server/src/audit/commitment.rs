//! Commitments: what a leaf says about content that must stay erasable.
//!
//! A commitment is `SHA-256(tag ‖ salt ‖ u64be(length) ‖ bytes)` with a fresh salt of 32 bytes for
//! each slot of each record. Whoever holds the opening (salt and bytes) can check it; once the
//! salt is gone the commitment says nothing, not even about a guess.

use std::fmt;
use std::str::FromStr;

use sha2::{Digest, Sha256};

use super::canonical::{Object, SafeInt, Value};

/// Bytes of a salt.
pub const SALT_BYTES: usize = 32;
/// Highest index of a subject that a slot can name.
pub const SLOT_INDEX_MAX: u16 = 9_999;
/// Longest name of a private slot, in bytes.
pub const SLOT_NAME_BYTES_MAX: usize = 32;

/// What a commitment is about: one domain for each use, so that none can pass for another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Tag {
    /// Details of a record: old and new values, names, reasons.
    Private,
    /// Digests of stored content ([`BlobClaim`]).
    Blob,
    /// The whole state of an entity after a change.
    State,
}

impl Tag {
    /// The line that opens the hashed bytes.
    pub const fn line(self) -> &'static [u8] {
        match self {
            Self::Private => b"papierlos.priv/v1\n",
            Self::Blob => b"papierlos.blob/v1\n",
            Self::State => b"papierlos.state/v1\n",
        }
    }
}

/// A salted digest that stands in a leaf.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Commitment(pub [u8; 32]);

impl fmt::Display for Commitment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl fmt::Debug for Commitment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Commits to bytes.
pub fn commit(tag: Tag, salt: &[u8; SALT_BYTES], bytes: &[u8]) -> Commitment {
    let length = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
    let digest = Sha256::new()
        .chain_update(tag.line())
        .chain_update(salt)
        .chain_update(length.to_be_bytes())
        .chain_update(bytes)
        .finalize();
    Commitment(digest.into())
}

/// What opens a commitment: lives beside the log, encrypted and erasable.
#[derive(Clone, PartialEq, Eq)]
pub struct Opening {
    /// Drawn anew for each slot of each record.
    pub salt: [u8; SALT_BYTES],
    /// What was committed to.
    pub bytes: Vec<u8>,
}

impl fmt::Debug for Opening {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Openings hold personal data: their content never reaches a log line.
        write!(f, "Opening({} bytes)", self.bytes.len())
    }
}

impl Opening {
    /// An opening with a fresh salt of the operating system. Fails if that gives no randomness.
    pub fn new(bytes: Vec<u8>) -> Result<Self, getrandom::Error> {
        let mut salt = [0; SALT_BYTES];
        getrandom::fill(&mut salt)?;
        Ok(Self { salt, bytes })
    }

    /// The commitment that this opens.
    pub fn commitment(&self, tag: Tag) -> Commitment {
        commit(tag, &self.salt, &self.bytes)
    }
}

/// Where in a leaf a commitment stands.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Slot {
    /// `subj[i].state`, written `state:i`.
    State(u16),
    /// `subj[i].blob`, written `blob:i`.
    Blob(u16),
    /// `priv.name`, written as its name.
    Private(Box<str>),
}

/// A text that names no slot.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a slot is state:N, blob:N or a short lower-case name")]
pub struct BadSlot;

impl Slot {
    /// The slot of the details of a record.
    pub fn context() -> Self {
        Self::Private("ctx".into())
    }

    /// The domain of the commitment in this slot.
    pub const fn tag(&self) -> Tag {
        match self {
            Self::State(_) => Tag::State,
            Self::Blob(_) => Tag::Blob,
            Self::Private(_) => Tag::Private,
        }
    }
}

impl fmt::Display for Slot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::State(index) => write!(f, "state:{index}"),
            Self::Blob(index) => write!(f, "blob:{index}"),
            Self::Private(name) => f.write_str(name),
        }
    }
}

impl FromStr for Slot {
    type Err = BadSlot;

    fn from_str(text: &str) -> Result<Self, BadSlot> {
        if let Some(index) = text.strip_prefix("state:") {
            return slot_index(index).map(Self::State);
        }
        if let Some(index) = text.strip_prefix("blob:") {
            return slot_index(index).map(Self::Blob);
        }
        if is_slot_name(text.as_bytes()) {
            Ok(Self::Private(text.into()))
        } else {
            Err(BadSlot)
        }
    }
}

fn slot_index(text: &str) -> Result<u16, BadSlot> {
    let plain = text.bytes().all(|byte| byte.is_ascii_digit());
    let index = text.parse::<u16>().ok().ok_or(BadSlot)?;
    let shortest = text.len() == 1 || !text.starts_with('0');
    if plain && shortest && index <= SLOT_INDEX_MAX {
        Ok(index)
    } else {
        Err(BadSlot)
    }
}

/// Whether bytes may name a private slot: a lower-case letter, then letters, digits, underscores.
pub(crate) fn is_slot_name(name: &[u8]) -> bool {
    name.len() <= SLOT_NAME_BYTES_MAX
        && name.first().is_some_and(u8::is_ascii_lowercase)
        && name
            .iter()
            .all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_'))
}

/// What the opening of a `blob:N` slot says: the digests and length of stored content.
///
/// It names the content as a reader holds it (for a court) and the blob as the store holds it
/// (for the check of the store), in canonical JSON.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BlobClaim {
    /// SHA-256 of the content.
    pub content: [u8; 32],
    /// Length of the content in bytes.
    pub length: u64,
    /// SHA-256 of the stored (encrypted) bytes: the name of the blob.
    pub stored: [u8; 32],
}

impl BlobClaim {
    /// The bytes to commit to.
    pub fn to_bytes(&self) -> Vec<u8> {
        let length = i64::try_from(self.length).ok().and_then(SafeInt::new);
        Object::new()
            .with("content", hex::encode(self.content))
            // A length beyond 2^53 does not exist; were it to, it would read as text.
            .with(
                "length",
                length.map_or_else(|| self.length.to_string().into(), Value::Int),
            )
            .with("stored", hex::encode(self.stored))
            .to_bytes()
    }

    /// Reads a claim; nothing if the bytes are not exactly one.
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        let value = Value::parse(bytes).ok()?;
        let object = value.as_object()?;
        let digest = |key| {
            let mut digest = [0; 32];
            hex::decode_to_slice(object.get(key)?.as_text()?, &mut digest).ok()?;
            Some(digest)
        };
        let length = u64::try_from(object.get("length")?.as_int()?).ok()?;
        let claim = Self {
            content: digest("content")?,
            length,
            stored: digest("stored")?,
        };
        (claim.to_bytes() == bytes).then_some(claim)
    }
}
