//! Trees and proofs against two other implementations, and bit by bit.

use std::convert::Infallible;

use ct_merkle::mem_backed_tree::MemoryBackedTree;
use proptest::prelude::*;
use sha2::Sha256;
use tlog_tiles::tlog;

use super::fixture::{digest, naive_root};
use crate::audit::merkle::{
    self, Frontier, HashReader, PROOF_HASHES_MAX, ProofError, consistency, inclusion,
    verify_consistency, verify_inclusion,
};
use crate::audit::{Hash, leaf_hash};

struct Leaves(Vec<Hash>);

impl HashReader for Leaves {
    type Error = Infallible;

    fn hash(&mut self, level: u8, index: u64) -> Result<Hash, Infallible> {
        let (span, index) = (1_usize << level, usize::try_from(index).expect("small"));
        Ok(naive_root(&self.0[index * span..(index + 1) * span]))
    }
}

fn leaves(count: u64) -> Vec<Vec<u8>> {
    (0..count)
        .map(|number| digest("leaf", number).to_vec())
        .collect()
}

fn hashes(count: u64) -> Vec<Hash> {
    leaves(count).iter().map(|leaf| leaf_hash(leaf)).collect()
}

/// The tree of the Go checksum database, as its port stores it.
struct Stored(Vec<tlog::Hash>);

impl tlog::HashReader for Stored {
    fn read_hashes(&self, indexes: &[u64]) -> Result<Vec<tlog::Hash>, tlog::Error> {
        Ok(indexes
            .iter()
            .map(|index| self.0[usize::try_from(*index).expect("small")])
            .collect())
    }
}

impl Stored {
    fn grow(leaves: &[Vec<u8>]) -> Self {
        let mut stored = Self(Vec::new());
        for (number, leaf) in (0..).zip(leaves) {
            let more = tlog::stored_hashes(number, leaf, &stored).expect("stored");
            stored.0.extend(more);
        }
        stored
    }
}

fn theirs(hashes: &[Hash]) -> Vec<tlog::Hash> {
    hashes.iter().map(|hash| tlog::Hash(hash.0)).collect()
}

#[test]
fn all_trees_up_to_70_agree_with_both_oracles() {
    for size in 1..=70_u64 {
        let leaves = leaves(size);
        let own = hashes(size);
        let mut reader = Leaves(own.clone());
        let mut frontier = Frontier::new();
        own.iter().for_each(|hash| frontier.append(*hash));
        let root = frontier.root();
        let stored = Stored::grow(&leaves);
        let mut tree = MemoryBackedTree::<Sha256, Vec<u8>>::new();
        leaves.iter().for_each(|leaf| tree.push(leaf.clone()));
        assert_eq!(root, naive_root(&own));
        assert_eq!(root, merkle::root(size, &mut reader).expect("read"));
        assert_eq!(root.0, tlog::tree_hash(size, &stored).expect("read").0);
        assert_eq!(root.0.as_slice(), tree.root().as_bytes().as_slice());
        for index in 0..size {
            let proof = inclusion(index, size, &mut reader)
                .expect("read")
                .expect("inside");
            assert_eq!(
                theirs(&proof),
                tlog::prove_record(size, index, &stored).expect("read")
            );
            let at = usize::try_from(index).expect("small");
            let bytes: Vec<u8> = proof.iter().flat_map(|hash| hash.0).collect();
            assert_eq!(bytes, tree.prove_inclusion(at).as_bytes());
            assert_eq!(
                verify_inclusion(index, size, &own[at], &proof, &root),
                Ok(())
            );
        }
        for old in 1..=size {
            let proof = consistency(old, size, &mut reader)
                .expect("read")
                .expect("inside");
            assert_eq!(
                theirs(&proof),
                tlog::prove_tree(size, old, &stored).expect("read")
            );
            let added = usize::try_from(size - old).expect("small");
            let bytes: Vec<u8> = proof.iter().flat_map(|hash| hash.0).collect();
            assert_eq!(bytes, tree.prove_consistency(added).as_bytes());
            let before = naive_root(&own[..usize::try_from(old).expect("small")]);
            assert_eq!(
                verify_consistency(old, size, &before, &root, &proof),
                Ok(())
            );
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn a_changed_inclusion_proof_never_verifies(
        size in 2_u64..600, index in any::<prop::sample::Index>(), bit in any::<prop::sample::Index>(),
    ) {
        let own = hashes(size);
        let root = naive_root(&own);
        let at = index.index(own.len());
        let seq = u64::try_from(at).expect("small");
        let proof = inclusion(seq, size, &mut Leaves(own.clone())).expect("read").expect("inside");
        prop_assert_eq!(verify_inclusion(seq, size, &own[at], &proof, &root), Ok(()));
        let bit = bit.index(proof.len() * 256);
        let mut flipped = proof.clone();
        flipped[bit / 256].0[bit / 8 % 32] ^= 1 << (bit % 8);
        let wrong = Err(ProofError::Mismatch);
        prop_assert_eq!(verify_inclusion(seq, size, &own[at], &flipped, &root), wrong);
        prop_assert_eq!(verify_inclusion(seq, size, &own[at], &proof[1..], &root), wrong);
        let longer = [proof.as_slice(), &[root]].concat();
        prop_assert_eq!(verify_inclusion(seq, size, &own[at], &longer, &root), wrong);
        let other = (seq + 1) % size;
        prop_assert_eq!(verify_inclusion(other, size, &own[at], &proof, &root), wrong);
    }

    #[test]
    fn a_changed_consistency_proof_never_verifies(
        size in 2_u64..600, old in any::<prop::sample::Index>(), bit in any::<prop::sample::Index>(),
    ) {
        let own = hashes(size);
        let old = old.index(own.len() - 1) + 1;
        let (root, before) = (naive_root(&own), naive_root(&own[..old]));
        let old = u64::try_from(old).expect("small");
        let proof = consistency(old, size, &mut Leaves(own)).expect("read").expect("inside");
        prop_assert_eq!(verify_consistency(old, size, &before, &root, &proof), Ok(()));
        let bit = bit.index(proof.len() * 256);
        let mut flipped = proof.clone();
        flipped[bit / 256].0[bit / 8 % 32] ^= 1 << (bit % 8);
        let wrong = Err(ProofError::Mismatch);
        prop_assert_eq!(verify_consistency(old, size, &before, &root, &flipped), wrong);
        prop_assert_eq!(verify_consistency(old, size, &before, &root, &proof[1..]), wrong);
        prop_assert_eq!(verify_consistency(old, size, &root, &root, &proof), wrong);
    }
}

#[test]
fn proofs_have_limits_and_edges() {
    let own = hashes(5);
    let (root, hash) = (naive_root(&own), own[0]);
    let long = vec![hash; PROOF_HASHES_MAX + 1];
    assert_eq!(
        verify_inclusion(0, 5, &hash, &long, &root),
        Err(ProofError::TooLong)
    );
    assert_eq!(
        verify_consistency(1, 5, &hash, &root, &long),
        Err(ProofError::TooLong)
    );
    assert_eq!(
        verify_inclusion(5, 5, &hash, &[], &root),
        Err(ProofError::Outside)
    );
    assert_eq!(
        verify_consistency(6, 5, &hash, &root, &[]),
        Err(ProofError::Outside)
    );
    assert_eq!(verify_consistency(5, 5, &root, &root, &[]), Ok(()));
    assert_eq!(
        verify_consistency(0, 5, &merkle::empty_root(), &root, &[]),
        Ok(())
    );
    assert_eq!(
        verify_consistency(0, 5, &hash, &root, &[]),
        Err(ProofError::Mismatch)
    );
    assert_eq!(
        verify_inclusion(u64::MAX - 1, u64::MAX, &hash, &[hash; 64], &root),
        Err(ProofError::Mismatch)
    );
    assert_eq!(inclusion(5, 5, &mut Leaves(own.clone())), Ok(None));
    assert_eq!(consistency(6, 5, &mut Leaves(own)), Ok(None));
}

#[test]
fn a_frontier_survives_being_stored() {
    for size in 0..300 {
        let mut frontier = Frontier::new();
        hashes(size).iter().for_each(|hash| frontier.append(*hash));
        let bytes = frontier.to_bytes();
        let mut read = Frontier::from_bytes(&bytes).expect("a frontier");
        assert_eq!(read, frontier);
        let next = Hash(digest("next", size));
        read.append(next);
        frontier.append(next);
        assert_eq!(read.root(), frontier.root());
        assert!(Frontier::from_bytes(&bytes[1..]).is_err());
        assert!(Frontier::from_bytes(&[bytes, vec![0; 32]].concat()).is_err());
    }
}
