//! The Merkle tree of RFC 6962 / RFC 9162: hashes, the frontier of a growing tree, proofs.

use std::fmt;
use std::str::FromStr;

use sha2::{Digest, Sha256};

/// Bytes of a hash.
pub const HASH_BYTES: usize = 32;
/// Most hashes that any proof can need; longer ones are refused before any work is done.
pub const PROOF_HASHES_MAX: usize = 64;

/// A node of the tree. The hash of a leaf is also the link of the chain.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Hash(pub [u8; HASH_BYTES]);

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A text that is not 64 lower-case hexadecimal digits.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a hash is 64 lower-case hexadecimal digits")]
pub struct BadHash;

impl FromStr for Hash {
    type Err = BadHash;

    fn from_str(text: &str) -> Result<Self, BadHash> {
        let mut hash = [0; HASH_BYTES];
        if text.bytes().any(|byte| byte.is_ascii_uppercase()) {
            return Err(BadHash);
        }
        hex::decode_to_slice(text, &mut hash).ok().ok_or(BadHash)?;
        Ok(Self(hash))
    }
}

/// The hash of a leaf: `SHA-256(0x00 ‖ leaf)`.
pub fn leaf_hash(leaf: &[u8]) -> Hash {
    Hash(
        Sha256::new()
            .chain_update([0])
            .chain_update(leaf)
            .finalize()
            .into(),
    )
}

/// The hash of an inner node: `SHA-256(0x01 ‖ left ‖ right)`.
pub fn node_hash(left: &Hash, right: &Hash) -> Hash {
    Hash(
        Sha256::new()
            .chain_update([1])
            .chain_update(left.0)
            .chain_update(right.0)
            .finalize()
            .into(),
    )
}

/// The root of the tree without leaves: the hash of nothing.
pub fn empty_root() -> Hash {
    Hash(Sha256::digest([]).into())
}

/// Folds equal subtrees, and what hangs to their right, into one node.
pub(crate) fn fold_peaks(hashes: &[Hash], right: Option<Hash>) -> Option<Hash> {
    let mut peaks = Vec::new();
    let mut rest = hashes;
    while !rest.is_empty() {
        let (peak, tail) = rest.split_at(1 << rest.len().ilog2());
        peaks.push(complete_root(peak));
        rest = tail;
    }
    peaks.into_iter().rev().fold(right, |right, left| {
        Some(right.map_or(left, |right| node_hash(&left, &right)))
    })
}

/// The root of a complete subtree: the number of hashes is a power of two.
pub(crate) fn complete_root(hashes: &[Hash]) -> Hash {
    match hashes {
        [] => empty_root(),
        [one] => *one,
        more => {
            let mut level: Vec<Hash> = pairs(more);
            while level.len() > 1 {
                level = pairs(&level);
            }
            level.first().copied().unwrap_or_else(empty_root)
        }
    }
}

fn pairs(hashes: &[Hash]) -> Vec<Hash> {
    let node = |pair: &[Hash]| match pair {
        [left, right] => node_hash(left, right),
        [one] => *one,
        _ => empty_root(),
    };
    hashes.chunks(2).map(node).collect()
}

/// The right edge of a growing tree: enough to append and to know the root. At most 64 hashes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Frontier {
    size: u64,
    peaks: Vec<Hash>,
}

/// Bytes that are not a frontier.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a frontier: {0} bytes do not fit its size")]
pub struct BadFrontier(usize);

impl Frontier {
    /// The empty tree.
    pub fn new() -> Self {
        Self::default()
    }

    /// Number of leaves.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Appends the hash of the next leaf.
    pub fn append(&mut self, leaf: Hash) {
        let mut node = leaf;
        let mut size = self.size;
        while size & 1 == 1 {
            if let Some(left) = self.peaks.pop() {
                node = node_hash(&left, &node);
            }
            size >>= 1;
        }
        self.peaks.push(node);
        self.size += 1;
    }

    /// The root of the tree so far.
    pub fn root(&self) -> Hash {
        let mut peaks = self.peaks.iter().rev();
        let Some(last) = peaks.next() else {
            return empty_root();
        };
        peaks.fold(*last, |right, left| node_hash(left, &right))
    }

    /// Size as eight bytes (big-endian), then the peaks from left to right.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = self.size.to_be_bytes().to_vec();
        out.extend(self.peaks.iter().flat_map(|peak| peak.0));
        out
    }

    /// Reads what [`Frontier::to_bytes`] wrote.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, BadFrontier> {
        let bad = || BadFrontier(bytes.len());
        let (size, peaks) = bytes.split_first_chunk().ok_or_else(bad)?;
        let size = u64::from_be_bytes(*size);
        let peaks = hashes(peaks).ok_or_else(bad)?;
        if u32::try_from(peaks.len()) != Ok(size.count_ones()) {
            return Err(bad());
        }
        Ok(Self { size, peaks })
    }
}

/// Splits bytes into hashes; nothing if a part is left over.
pub fn hashes(bytes: &[u8]) -> Option<Vec<Hash>> {
    let (chunks, []) = bytes.as_chunks() else {
        return None;
    };
    Some(chunks.iter().map(|chunk| Hash(*chunk)).collect())
}

/// Where a proof gets its hashes from.
pub trait HashReader {
    /// What can go wrong while reading.
    type Error;

    /// The root of the complete subtree of `2^level` leaves that begins at leaf `index * 2^level`.
    fn hash(&mut self, level: u8, index: u64) -> Result<Hash, Self::Error>;
}

/// What is wrong with a request for a proof, or with a proof.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ProofError {
    /// The leaf or the older tree is not inside the tree.
    #[error("outside the tree")]
    Outside,
    /// The proof has more hashes than any proof can need.
    #[error("more than {PROOF_HASHES_MAX} hashes")]
    TooLong,
    /// The proof does not lead from the one to the other.
    #[error("the proof does not fit")]
    Mismatch,
}

/// The root of the tree of the first `size` leaves.
pub fn root<R: HashReader>(size: u64, reader: &mut R) -> Result<Hash, R::Error> {
    range_root(0, size, reader)
}

/// The root over `[from, to)`, where `from` is a border of the tree.
fn range_root<R: HashReader>(from: u64, to: u64, reader: &mut R) -> Result<Hash, R::Error> {
    let mut peaks = Vec::new();
    let mut at = from;
    while at < to {
        let level = (to - at).ilog2();
        // At most 63, so the cast to the level type cannot fail.
        let level = u8::try_from(level).unwrap_or_default();
        peaks.push(reader.hash(level, at >> level)?);
        at += 1 << level;
    }
    let mut peaks = peaks.into_iter().rev();
    let Some(last) = peaks.next() else {
        return Ok(empty_root());
    };
    Ok(peaks.fold(last, |right, left| node_hash(&left, &right)))
}

/// Largest power of two below `count`, which is at least two.
fn split(count: u64) -> u64 {
    1 << (count - 1).ilog2()
}

/// The proof that leaf `index` is in the tree of `size` leaves; nothing if it is outside.
pub fn inclusion<R: HashReader>(
    index: u64,
    size: u64,
    reader: &mut R,
) -> Result<Option<Vec<Hash>>, R::Error> {
    if index >= size {
        return Ok(None);
    }
    let (mut from, mut to) = (0, size);
    let mut proof = Vec::new();
    while to - from > 1 {
        let middle = from + split(to - from);
        if index < middle {
            proof.push(range_root(middle, to, reader)?);
            to = middle;
        } else {
            proof.push(range_root(from, middle, reader)?);
            from = middle;
        }
    }
    proof.reverse();
    Ok(Some(proof))
}

/// The proof that the tree of `old` leaves is the beginning of the tree of `new` leaves; nothing
/// if `old` is the larger one. Empty for equal trees and for the empty old tree.
pub fn consistency<R: HashReader>(
    old: u64,
    new: u64,
    reader: &mut R,
) -> Result<Option<Vec<Hash>>, R::Error> {
    if old > new {
        return Ok(None);
    }
    if old == 0 || old == new {
        return Ok(Some(Vec::new()));
    }
    let (mut from, mut to) = (0, new);
    let mut proof = Vec::new();
    while to != old {
        let middle = from + split(to - from);
        if old <= middle {
            proof.push(range_root(middle, to, reader)?);
            to = middle;
        } else {
            proof.push(range_root(from, middle, reader)?);
            from = middle;
        }
    }
    if from != 0 {
        proof.push(range_root(from, to, reader)?);
    }
    proof.reverse();
    Ok(Some(proof))
}

/// Checks that a leaf is in the tree of this size and root (RFC 9162, 2.1.3.2).
pub fn verify_inclusion(
    index: u64,
    size: u64,
    leaf: &Hash,
    proof: &[Hash],
    root: &Hash,
) -> Result<(), ProofError> {
    if index >= size {
        return Err(ProofError::Outside);
    }
    if proof.len() > PROOF_HASHES_MAX {
        return Err(ProofError::TooLong);
    }
    let (mut at, mut last, mut node) = (index, size - 1, *leaf);
    for sibling in proof {
        if last == 0 {
            return Err(ProofError::Mismatch);
        }
        if at & 1 == 1 || at == last {
            node = node_hash(sibling, &node);
            climb_while_left(&mut at, &mut last);
        } else {
            node = node_hash(&node, sibling);
        }
        at >>= 1;
        last >>= 1;
    }
    if last == 0 && node == *root {
        Ok(())
    } else {
        Err(ProofError::Mismatch)
    }
}

/// Checks that the older tree is the beginning of the newer one (RFC 9162, 2.1.4.2).
pub fn verify_consistency(
    old: u64,
    new: u64,
    old_root: &Hash,
    new_root: &Hash,
    proof: &[Hash],
) -> Result<(), ProofError> {
    if old > new {
        return Err(ProofError::Outside);
    }
    if proof.len() > PROOF_HASHES_MAX {
        return Err(ProofError::TooLong);
    }
    if old == new || old == 0 {
        let same = if old == 0 {
            *old_root == empty_root()
        } else {
            old_root == new_root
        };
        return if same && proof.is_empty() {
            Ok(())
        } else {
            Err(ProofError::Mismatch)
        };
    }
    let (mut at, mut last) = (old - 1, new - 1);
    while at & 1 == 1 {
        at >>= 1;
        last >>= 1;
    }
    let (first, rest) = match proof.split_first() {
        Some(_) if old.is_power_of_two() => (*old_root, proof),
        Some((first, rest)) => (*first, rest),
        None => return Err(ProofError::Mismatch),
    };
    let (mut old_node, mut new_node) = (first, first);
    for sibling in rest {
        if last == 0 {
            return Err(ProofError::Mismatch);
        }
        if at & 1 == 1 || at == last {
            old_node = node_hash(sibling, &old_node);
            new_node = node_hash(sibling, &new_node);
            climb_while_left(&mut at, &mut last);
        } else {
            new_node = node_hash(&new_node, sibling);
        }
        at >>= 1;
        last >>= 1;
    }
    let fits = last == 0 && old_node == *old_root && new_node == *new_root;
    if fits {
        Ok(())
    } else {
        Err(ProofError::Mismatch)
    }
}

/// At the right edge a node without a sibling moves up unchanged.
fn climb_while_left(at: &mut u64, last: &mut u64) {
    while *at & 1 == 0 && *at != 0 {
        *at >>= 1;
        *last >>= 1;
    }
}
