//! Finds entities without their state, in flat memory.
//!
//! Every record of version v of an entity adds a token for v and takes away the one for v - 1;
//! every current state takes away the token of its version. If each entity has exactly its last
//! version as state, every bucket is zero. Tokens are keyed by chance, so that nobody can prepare
//! entities that cancel out. Buckets that are not zero say where a second reading has to look.

use std::collections::{BTreeSet, HashMap};
use std::hash::{BuildHasher as _, RandomState};

use uuid::Uuid;

use super::finding::{Code, Finding, Findings};

const BUCKETS: u64 = 1 << 16;
/// Most buckets that a second reading looks into: bounds its memory.
const BUCKETS_NAMED_MAX: usize = 1_024;

/// A change of one bucket.
pub(super) type Delta = (u16, [u64; 2]);

/// The keys of the tokens; shared by all threads.
#[derive(Debug, Clone, Default)]
pub(super) struct Tokens {
    low: RandomState,
    high: RandomState,
}

impl Tokens {
    fn bucket(&self, entity: Uuid) -> u16 {
        u16::try_from(self.low.hash_one(entity) % BUCKETS).unwrap_or_default()
    }

    fn token(&self, entity: Uuid, version: u64) -> [u64; 2] {
        [
            self.low.hash_one((entity, version)),
            self.high.hash_one((entity, version)),
        ]
    }

    /// A version came into being.
    pub(super) fn add(&self, entity: Uuid, version: u64) -> Delta {
        (self.bucket(entity), self.token(entity, version))
    }

    /// A version is no longer the last, or was found as state.
    pub(super) fn take(&self, entity: Uuid, version: u64) -> Delta {
        (
            self.bucket(entity),
            self.token(entity, version).map(u64::wrapping_neg),
        )
    }
}

/// The sums.
#[derive(Debug)]
pub(super) struct Ledger {
    buckets: Vec<[u64; 2]>,
}

impl Ledger {
    pub(super) fn new() -> Self {
        Self {
            buckets: vec![[0; 2]; usize::from(u16::MAX) + 1],
        }
    }

    pub(super) fn apply(&mut self, (bucket, [low, high]): Delta) {
        if let Some([low_sum, high_sum]) = self.buckets.get_mut(usize::from(bucket)) {
            *low_sum = low_sum.wrapping_add(low);
            *high_sum = high_sum.wrapping_add(high);
        }
    }

    /// The buckets that do not add up, as many as a second reading can take.
    pub(super) fn unbalanced(&self) -> BTreeSet<u16> {
        let odd = self
            .buckets
            .iter()
            .zip(0..=u16::MAX)
            .filter(|(sum, _)| **sum != [0; 2]);
        odd.map(|(_, bucket)| bucket)
            .take(BUCKETS_NAMED_MAX)
            .collect()
    }
}

/// The second reading: names the entities in the buckets that do not add up.
#[derive(Debug)]
pub(super) struct Names<'a> {
    tokens: &'a Tokens,
    buckets: BTreeSet<u16>,
    entities: HashMap<Uuid, Entity>,
    gaps: Vec<Finding>,
}

#[derive(Debug, Default)]
struct Entity {
    version: u64,
    seq: u64,
    states: Vec<u64>,
}

impl<'a> Names<'a> {
    pub(super) fn new(tokens: &'a Tokens, buckets: BTreeSet<u16>) -> Self {
        Self {
            tokens,
            buckets,
            entities: HashMap::new(),
            gaps: Vec::new(),
        }
    }

    fn entity(&mut self, id: Uuid) -> Option<&mut Entity> {
        let wanted = self.buckets.contains(&self.tokens.bucket(id));
        wanted.then(|| self.entities.entry(id).or_default())
    }

    pub(super) fn record(&mut self, seq: u64, id: Uuid, version: u64) {
        let Some(entity) = self.entity(id) else {
            return;
        };
        let expected = entity.version + 1;
        entity.version = version;
        entity.seq = seq;
        if version != expected {
            let gap = format!("version {version} after {}", expected - 1);
            self.gaps
                .push(Finding::at(Code::VersionGap, seq).about(id).detail(gap));
        }
    }

    pub(super) fn state(&mut self, id: Uuid, version: u64) {
        if let Some(entity) = self.entity(id) {
            entity.states.push(version);
        }
    }

    /// What is wrong; entities whose state was already found to have no record are left out.
    pub(super) fn finish(self, findings: &mut Findings, unrecorded: &BTreeSet<Uuid>) {
        findings.extend(self.gaps);
        let mut entities: Vec<_> = self.entities.into_iter().collect();
        entities.sort_by_key(|(id, entity)| (entity.seq, *id));
        for (id, entity) in entities {
            if entity.states.contains(&entity.version) || unrecorded.contains(&id) {
                continue;
            }
            let code = match entity.states.iter().max() {
                None => Code::StateRowMissing,
                Some(_) => Code::StateRowOutdated,
            };
            findings.push(Finding::at(code, entity.seq).about(id));
        }
    }
}
