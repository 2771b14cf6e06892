//! The audit log: what a record is, how it is proven, and who can check it without us.
//!
//! A record is a *leaf*: bytes that are hashed, stored and exported unchanged. One hash is both
//! the link of the chain and the leaf of the RFC 6962 tree (`docs/adr/0005`). What a leaf says
//! about persons it says through salted commitments; the openings live beside the log and can be
//! erased.
//!
//! All of these files but `log`, which appends, `history`, which reads it, and `erasing`, which takes openings away, are pure: no database, no HTTP, no clock.

pub mod add_checkpoint;
pub mod bundle;
pub mod canonical;
pub mod commitment;
pub mod cosignature;
pub mod erasing;
pub mod event;
pub mod history;
mod kind;
pub mod leaf;
pub mod log;
pub mod merkle;
pub mod note;
pub mod quorum;
pub mod rotation;
pub mod sealed;
pub mod states;
pub mod tile;
pub mod timestamp;
pub mod told;
pub mod verify;

pub use canonical::{Object, Value};
pub use commitment::{BlobClaim, Commitment, Opening, Slot, Tag};
pub use cosignature::{Cosignature, WitnessKey, WitnessSigner};
pub use leaf::{Leaf, LeafDraft, LeafView, Origin, Outcome, Subject, Target, genesis};
pub use merkle::{Hash, Hash as LeafHash, leaf_hash};
pub use note::{Checkpoint, NoteKey, NoteSigner, Policy};
pub use quorum::{Quorum, Witness};
pub use rotation::{Handover, HandoverNote, KeyChain};

#[cfg(test)]
mod tests;

/// A count as a canonical value; beyond 2^53 it would read as text.
#[must_use]
pub fn number(count: i64) -> Value {
    canonical::SafeInt::new(count).map_or_else(|| count.to_string().into(), Value::Int)
}

/// The JSON of a record, for showing it.
#[must_use]
pub fn record_line(leaf: &[u8]) -> Option<serde_json::Value> {
    let json = leaf.strip_prefix(leaf::LEAF_LINE.as_bytes())?;
    serde_json::from_slice(json).ok()
}
