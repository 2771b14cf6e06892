//! Timestamps (RFC 3161) over signed checkpoints: what one of them says, and within which times records must lie.
//!
//! An authority outside the house says that it was shown the digest of a checkpoint, and when. So the records under
//! it were there by then; and since a record of the log names the timestamp, what comes after that record came after
//! it. No database, no network, no clock.

use pades::sign::{TIMESTAMP_BYTES_MAX, Timestamp as Token, TimestampError};
use pades::verify::{Reason, Trust, check_timestamp};
use sha2::{Digest as _, Sha256};

use super::canonical::{Object, Value};
use super::event::Action;
use super::leaf::format_micros;
use super::merkle::Hash;
use super::note::Checkpoint;
use super::number;
use super::rotation::{ChainError, KeyChain};

/// The action of the record that names a timestamp.
pub const ACTION: &str = Action::LogTimestamp.code();
/// By how much the clock of the archive and that of the authority may differ, in microseconds: a minute, more than
/// clocks that are set by a network differ, and less than anybody gains from.
pub const TOLERANCE_MICROS: i64 = 60_000_000;
/// The widest accuracy of an authority that counts, in microseconds; who says less is not kept.
pub const ACCURACY_MICROS_MAX: i64 = 60_000_000;
/// The longest answer of an authority.
pub const REPLY_BYTES_MAX: usize = TIMESTAMP_BYTES_MAX;
/// Characters of the name of an authority that are kept.
const AUTHORITY_CHARS_MAX: usize = 500;

/// Where timestamps and what they are over lie, below the folder of the log.
pub const FOLDER: &str = "anchors";
/// How the name of an answer ends: `TimeStampResp` of RFC 3161 in DER, which `openssl ts` reads as it is.
pub const REPLY: &str = "tsr";

/// Where the checkpoint over so many records lies that was stamped, to the byte as it was.
#[must_use]
pub fn checkpoint_path(size: u64) -> String {
    format!("{FOLDER}/{size}.checkpoint")
}

/// Where the answer of the authority lies.
#[must_use]
pub fn reply_path(size: u64) -> String {
    format!("{FOLDER}/{size}.{REPLY}")
}

/// Over how many records the timestamp of a file is, by the name of an answer; nothing for any other file.
#[must_use]
pub fn size_of(name: &str) -> Option<u64> {
    let (digits, ending) = name.split_once('.')?;
    let size: u64 = digits.parse().ok()?;
    // One spelling: no sign, no leading zero.
    (ending == REPLY && size.to_string() == digits).then_some(size)
}

/// Why something is no timestamp of a checkpoint.
#[derive(Debug, thiserror::Error)]
pub enum StampError {
    /// It is no timestamp, or not one that was signed as it must be.
    #[error("it is no timestamp")]
    Invalid(#[source] TimestampError),
    /// It is over something else than the checkpoint.
    #[error("the timestamp is over something else than the checkpoint")]
    Imprint,
    /// The checkpoint is none of this log.
    #[error("the checkpoint is not one of this log")]
    Checkpoint(#[source] ChainError),
}

/// A timestamp over a checkpoint, both found right in themselves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stamp {
    /// How many records the checkpoint covers.
    pub size: u64,
    /// The root of the tree over them.
    pub root: Hash,
    /// When, by the authority, in microseconds since 1970 (UTC).
    pub at_micros: i64,
    /// By how much that may be wrong, in microseconds.
    pub accuracy_micros: i64,
    /// The number under which the authority knows it, in hexadecimal digits.
    pub serial: String,
    /// Who gave it, by the subject of its certificate.
    pub authority: String,
    /// SHA-256 of the answer as it is kept.
    pub sha256: [u8; 32],
}

impl Stamp {
    /// Reads the answer of an authority (`TimeStampResp` in DER) as a timestamp over exactly the bytes of a
    /// checkpoint that a key of the log signed in its era. Whether the authority is trusted is not asked.
    ///
    /// # Errors
    /// [`StampError`] says what does not fit.
    pub fn read(note: &[u8], reply: &[u8], chain: &KeyChain) -> Result<Self, StampError> {
        let token = token(note, reply)?;
        let checkpoint = if chain.eras().is_empty() {
            // Nobody says whose key counts: then the claim is compared, as that of the newest checkpoint is.
            Checkpoint::claimed(note).map_err(ChainError::Note)
        } else {
            chain.open(note).map(|(checkpoint, _)| checkpoint)
        };
        let checkpoint = checkpoint.map_err(StampError::Checkpoint)?;
        let name = token.authority();
        let name = name.chars().filter(|char| !char.is_control());
        Ok(Self {
            size: checkpoint.size,
            root: checkpoint.root,
            at_micros: token.time_micros(),
            accuracy_micros: i64::try_from(token.accuracy_micros()).unwrap_or(i64::MAX),
            serial: token.serial().to_owned(),
            authority: name.take(AUTHORITY_CHARS_MAX).collect(),
            sha256: Sha256::digest(reply).into(),
        })
    }

    /// No record under the checkpoint may be later than this, in microseconds since 1970.
    #[must_use]
    pub fn latest_before(&self) -> i64 {
        self.at_micros.saturating_add(self.slack())
    }

    /// No record that comes after the timestamp may be earlier than this.
    #[must_use]
    pub fn earliest_after(&self) -> i64 {
        self.at_micros.saturating_sub(self.slack())
    }

    fn slack(&self) -> i64 {
        TOLERANCE_MICROS.saturating_add(self.accuracy_micros.clamp(0, ACCURACY_MICROS_MAX))
    }

    /// When it was given, as texts say it.
    #[must_use]
    pub fn at_text(&self) -> String {
        format_micros(self.at_micros).unwrap_or_default()
    }

    /// What the record says that names it.
    #[must_use]
    pub fn context(&self) -> Vec<u8> {
        let size = i64::try_from(self.size).unwrap_or(i64::MAX);
        Object::new()
            .with("accuracy_us", number(self.accuracy_micros))
            .with("at", self.at_text())
            .with("authority", self.authority.as_str())
            .with("root", self.root.to_string())
            .with("serial", self.serial.as_str())
            .with("sha256", hex::encode(self.sha256))
            .with("size", number(size))
            .to_bytes()
    }
}

fn token(note: &[u8], reply: &[u8]) -> Result<Token, StampError> {
    let token = Token::of_response(reply).map_err(StampError::Invalid)?;
    match token.verify(&[note]) {
        Ok(()) => Ok(token),
        Err(TimestampError::Other { .. }) => Err(StampError::Imprint),
        Err(error) => Err(StampError::Invalid(error)),
    }
}

/// Whether the authority of a timestamp is one of those that somebody trusts, as of the time that it tells.
///
/// # Errors
/// The first reason against it.
pub fn is_trusted(note: &[u8], reply: &[u8], trust: &Trust) -> Result<(), Reason> {
    let token = Token::of_response(reply).map_err(|_unread| Reason::CmsInvalid)?;
    check_timestamp(token.der(), &[note], trust)
}

/// What a record says about the timestamp that it names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Said {
    /// Over how many records.
    pub size: u64,
    /// SHA-256 of the answer.
    pub sha256: [u8; 32],
}

impl Said {
    /// Reads what [`Stamp::context`] wrote; nothing where it is something else.
    #[must_use]
    pub fn parse(context: &[u8]) -> Option<Self> {
        let said = Value::parse(context).ok()?;
        let said = said.as_object()?;
        let size = u64::try_from(said.get("size")?.as_int()?).ok()?;
        let mut sha256 = [0; 32];
        hex::decode_to_slice(said.get("sha256")?.as_text()?, &mut sha256).ok()?;
        Some(Self { size, sha256 })
    }
}
