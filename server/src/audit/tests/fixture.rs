//! A small archive with a log, as an attacker finds it: every store can be changed by itself.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::Path;

use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::audit::bundle::{BundleHead, BundleSummary, BundleWriter, OpeningsPart};
use crate::audit::canonical::{Object, SafeInt};
use crate::audit::leaf::ERASE_ACTION;
use crate::audit::merkle::node_hash;
use crate::audit::tile::{Edge, TILE_WIDTH, Tile, growth, push_entry, tile_bytes};
use crate::audit::verify::{
    BlobProbe, BlobState, Chunk, Code, Columns, LogSource, Offers, OpeningContent, OpeningRow,
    Openings, Options, Presence, Report, SourceError, Stamped, StateFact, Trust, verify,
};
use crate::audit::{
    BlobClaim, Checkpoint, Commitment, Handover, HandoverNote, Hash, Leaf, LeafDraft, NoteSigner,
    Opening, Origin, Outcome, Policy, Slot, Subject, Tag, Target, genesis, leaf_hash,
};

pub(super) const START_MICROS: i64 = 1_795_370_400_000_000;
pub(super) const STEP_MICROS: i64 = 1_250_001;

pub(super) fn origin() -> Origin {
    "archive.example/audit".parse().expect("a valid origin")
}

pub(super) fn signer() -> NoteSigner {
    NoteSigner::from_seed(&origin(), &[7; 32])
}

pub(super) fn policy() -> Policy {
    Policy::new(vec![signer().verifier()])
}

/// Bytes that look random and are the same in every run.
pub(super) fn digest(kind: &str, number: u64) -> [u8; 32] {
    Sha256::new()
        .chain_update(kind)
        .chain_update(number.to_be_bytes())
        .finalize()
        .into()
}

pub(super) fn id(kind: &str, number: u64) -> Uuid {
    let mut bytes = [0; 16];
    bytes.copy_from_slice(digest(kind, number).get(..16).expect("32 bytes"));
    uuid::Builder::from_random_bytes(bytes).into_uuid()
}

pub(super) fn draft(action: &'static str, number: u64) -> LeafDraft {
    LeafDraft {
        action: action.into(),
        actor: id("actor", number % 5),
        obo: (number % 7 == 3).then(|| id("actor", 9)),
        role: "clerk".into(),
        dept: (!number.is_multiple_of(4)).then(|| id("dept", number % 3)),
        outcome: Outcome::Ok,
        req: number.is_multiple_of(2).then(|| id("req", number)),
        uow: id("uow", number),
        subjects: Vec::new(),
        private: BTreeMap::new(),
        targets: Vec::new(),
    }
}

/// The current state of an entity in the database.
#[derive(Debug, Clone)]
pub(super) struct Row {
    pub(super) version: u64,
    pub(super) seq: Option<u64>,
    pub(super) bytes: Vec<u8>,
}

/// Every store of an archive.
#[derive(Debug, Clone)]
pub(super) struct Archive {
    // the database
    pub(super) leaves: Vec<Vec<u8>>,
    pub(super) columns: Vec<Columns>,
    pub(super) openings: Vec<OpeningRow>,
    pub(super) rows: BTreeMap<Uuid, Row>,
    // the object store
    pub(super) blobs: HashMap<[u8; 32], BlobState>,
    pub(super) checkpoint: Option<Vec<u8>>,
    pub(super) witnessed: Option<Vec<u8>>,
    pub(super) published: Vec<Vec<u8>>,
    pub(super) tiles: HashMap<Tile, Vec<u8>>,
    pub(super) handovers: Vec<HandoverNote>,
    // evidence of others
    pub(super) timestamps: BTreeMap<u64, Stamped>,
}

impl Archive {
    /// An archive with `count` records, of which `signed` are under the checkpoint.
    pub(super) fn build(count: u64, signed: u64) -> Self {
        let mut archive = Self {
            leaves: Vec::new(),
            columns: Vec::new(),
            openings: Vec::new(),
            rows: BTreeMap::new(),
            blobs: HashMap::new(),
            checkpoint: None,
            witnessed: None,
            published: Vec::new(),
            tiles: HashMap::new(),
            timestamps: BTreeMap::new(),
            handovers: Vec::new(),
        };
        archive.append(draft("log.start", 0), &[]);
        for number in 1..count {
            archive.step(number);
        }
        archive.publish(signed, &signer());
        archive
    }

    /// Every third record changes an entity of before; one, near the end, erases.
    fn step(&mut self, number: u64) {
        if number == 60 {
            let target = Target {
                seq: 20,
                slot: Slot::context(),
            };
            return self.erase(number, target);
        }
        let older = number.is_multiple_of(3);
        let entity = id(
            "document",
            if older {
                number / 2 - number / 2 % 3 + 1
            } else {
                number
            },
        );
        let version = self.rows.get(&entity).map_or(1, |row| row.version + 1);
        let mut draft = draft(
            if older {
                "document.update"
            } else {
                "document.create"
            },
            number,
        );
        draft.subjects.push(Subject {
            kind: "document".into(),
            id: entity,
            version,
            state: None,
            blob: None,
        });
        let state = state_bytes(entity, version);
        let mut openings = vec![
            (Slot::State(0), state.clone()),
            (
                Slot::context(),
                Object::new()
                    .with("title", format!("Nr. {number} \u{e4}\n"))
                    .to_bytes(),
            ),
        ];
        if version == 1 {
            let claim = BlobClaim {
                content: digest("content", number),
                length: number,
                stored: digest("stored", number),
            };
            self.blobs.insert(claim.stored, BlobState::Sound);
            openings.push((Slot::Blob(0), claim.to_bytes()));
        }
        let seq = self.append(draft, &openings);
        self.rows.insert(
            entity,
            Row {
                version,
                seq: Some(seq),
                bytes: state,
            },
        );
    }

    /// A lawful erasure: the opening goes, a record says so.
    pub(super) fn erase(&mut self, number: u64, target: Target) {
        self.openings
            .retain(|row| row.seq != target.seq || row.slot != target.slot.to_string());
        let mut draft = draft(ERASE_ACTION, number);
        draft.targets.push(target);
        self.append(draft, &[]);
    }

    /// Appends a record with its openings, as the log does it.
    pub(super) fn append(&mut self, mut draft: LeafDraft, openings: &[(Slot, Vec<u8>)]) -> u64 {
        let seq = u64::try_from(self.leaves.len()).expect("a small log");
        for (slot, bytes) in openings {
            let salt = digest(&slot.to_string(), seq);
            let opening = Opening {
                salt,
                bytes: bytes.clone(),
            };
            put(&mut draft, slot, opening.commitment(slot.tag()));
            let content = OpeningContent::Open(opening);
            self.openings.push(OpeningRow {
                seq,
                slot: slot.to_string(),
                content,
            });
        }
        let first = genesis(&origin(), &signer().verifier());
        let prev = self.columns.last().map_or(first, |columns| columns.hash);
        let ts = START_MICROS + i64::try_from(seq).expect("small") * STEP_MICROS;
        let uow = draft.uow;
        let (leaf, hash) = draft
            .seal(seq, prev, ts, 0, &origin())
            .expect("a valid record");
        self.leaves.push(leaf);
        self.columns.push(Columns {
            seq,
            prev,
            hash,
            ts_micros: ts,
            uow: Some(uow),
        });
        seq
    }

    /// Puts tiles, entries and a signed checkpoint into the object store.
    pub(super) fn publish(&mut self, size: u64, signer: &NoteSigner) {
        let signed = usize::try_from(size).expect("small");
        self.published = self.leaves.get(..signed).expect("so many records").to_vec();
        let hashes: Vec<Hash> = self.published.iter().map(|leaf| leaf_hash(leaf)).collect();
        self.tiles = tiles(&hashes);
        let root = naive_root(&hashes);
        let checkpoint = Checkpoint {
            origin: origin(),
            size,
            root,
        };
        self.checkpoint = Some(checkpoint.sign(signer).expect("a checkpoint"));
    }

    /// The log goes over to another key: a last checkpoint by the old one, the handover, and its record.
    pub(super) fn hand_over(&mut self, old: &NoteSigner, new: &NoteSigner) {
        let size = u64::try_from(self.leaves.len()).expect("small");
        self.publish(size, old);
        let note = self.handover(size, old, new);
        let name = format!("keys/{}", self.handovers.len() + 1);
        let context = Object::new().with("handover", Handover::digest(&note));
        self.handovers.push(HandoverNote { name, note });
        let said = (Slot::context(), context.to_bytes());
        self.append(draft("log.rotate_key", size), &[said]);
    }

    /// What is signed when the log goes over at this size.
    pub(super) fn handover(&self, size: u64, old: &NoteSigner, new: &NoteSigner) -> Vec<u8> {
        let signed = usize::try_from(size).expect("small");
        let leaves = self.leaves.get(..signed).expect("so many records");
        let hashes: Vec<Hash> = leaves.iter().map(|leaf| leaf_hash(leaf)).collect();
        let handover = Handover {
            origin: origin(),
            size,
            root: naive_root(&hashes),
            old: old.verifier(),
            new: new.verifier(),
        };
        handover.sign(old, new).expect("a handover")
    }

    /// Changes a record and leaves everything else as it is.
    pub(super) fn edit(&mut self, seq: usize, change: impl FnOnce(&mut Leaf)) {
        let leaf = self.leaves.get_mut(seq).expect("a record");
        let mut parsed = Leaf::parse(leaf).expect("a valid record");
        change(&mut parsed);
        *leaf = parsed.to_bytes().expect("a valid record");
    }

    /// Makes numbers, links and columns fit again, as an attacker with the database can.
    pub(super) fn relink(&mut self, first: Hash) {
        let mut prev = first;
        let before = std::mem::take(&mut self.columns);
        for (seq, bytes) in (0..).zip(&mut self.leaves) {
            let old = before.get(usize::try_from(seq).expect("small"));
            let (mut ts_micros, mut uow) = old.map_or((0, None), |old| (old.ts_micros, old.uow));
            if let Ok(mut leaf) = Leaf::parse(bytes) {
                (ts_micros, uow) = (leaf.ts_micros, Some(leaf.draft.uow));
                leaf.seq = seq;
                leaf.prev = prev;
                *bytes = leaf.to_bytes().expect("a valid record");
            }
            let hash = leaf_hash(bytes);
            self.columns.push(Columns {
                seq,
                prev,
                hash,
                ts_micros,
                uow,
            });
            prev = hash;
        }
    }

    pub(super) fn relink_as_before(&mut self) {
        self.relink(genesis(&origin(), &signer().verifier()));
    }

    /// Cuts the log to this many records, with or without the rows that came later.
    pub(super) fn truncate(&mut self, size: usize, rows: Rows) {
        let end = u64::try_from(size).expect("small");
        self.leaves.truncate(size);
        self.columns.truncate(size);
        self.openings.retain(|row| row.seq < end);
        match rows {
            Rows::Kept => {
                let rows = self
                    .rows
                    .values_mut()
                    .filter(|row| row.seq.is_some_and(|seq| seq >= end));
                rows.for_each(|row| row.seq = None);
            }
            Rows::RolledBack => {
                self.rows.clear();
                for leaf in &self.leaves {
                    let leaf = Leaf::parse(leaf).expect("a valid record");
                    for subject in leaf.draft.subjects {
                        let bytes = state_bytes(subject.id, subject.version);
                        let row = Row {
                            version: subject.version,
                            seq: Some(leaf.seq),
                            bytes,
                        };
                        self.rows.insert(subject.id, row);
                    }
                }
            }
        }
    }

    pub(super) fn hash_at(&self, seq: usize) -> Hash {
        self.columns.get(seq).expect("a record").hash
    }

    pub(super) fn opening_mut(&mut self, seq: u64, slot: &str) -> &mut OpeningRow {
        let mut rows = self.openings.iter_mut();
        rows.find(|row| row.seq == seq && row.slot == slot)
            .expect("an opening")
    }

    /// Writes a bundle of it.
    pub(super) fn export(&self, folder: &Path) -> BundleSummary {
        self.export_under(&policy(), folder)
    }

    /// The same with the keys of witnesses.
    pub(super) fn export_under(&self, policy: &Policy, folder: &Path) -> BundleSummary {
        let head = BundleHead {
            checkpoint: self.checkpoint.as_deref(),
            witnessed: self.witnessed.as_deref(),
            policy,
            handovers: &self.handovers,
            openings: OpeningsPart::Included,
            date: "2026-11-22",
            organisation: "Stadt Beispiel",
        };
        let mut writer = BundleWriter::create(folder, head).expect("an empty folder");
        for (size, stamped) in &self.timestamps {
            writer.timestamp(*size, stamped).expect("a timestamp");
        }
        let mut openings = self.openings.iter().peekable();
        for (seq, leaf) in (0..).zip(&self.leaves) {
            writer.push(leaf).expect("a record");
            while let Some(row) = openings.next_if(|row| row.seq <= seq) {
                writer.opening(row).expect("an opening");
            }
        }
        openings.for_each(|row| writer.opening(row).expect("an opening"));
        writer.finish().expect("a bundle")
    }
}

/// Whether state rows are rolled back with the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rows {
    Kept,
    RolledBack,
}

fn put(draft: &mut LeafDraft, slot: &Slot, commitment: Commitment) {
    match slot {
        Slot::State(index) => {
            draft
                .subjects
                .get_mut(usize::from(*index))
                .expect("a subject")
                .state = Some(commitment);
        }
        Slot::Blob(index) => {
            draft
                .subjects
                .get_mut(usize::from(*index))
                .expect("a subject")
                .blob = Some(commitment);
        }
        Slot::Private(name) => {
            draft.private.insert(name.clone(), commitment);
        }
    }
    assert_ne!(slot.tag().line(), b"", "{:?}", Tag::Private);
}

pub(super) fn state_bytes(entity: Uuid, version: u64) -> Vec<u8> {
    let version = i64::try_from(version)
        .ok()
        .and_then(SafeInt::new)
        .expect("small");
    Object::new()
        .with("id", entity.to_string())
        .with("version", version)
        .to_bytes()
}

/// The root by the definition of RFC 6962, without any cleverness.
pub(super) fn naive_root(hashes: &[Hash]) -> Hash {
    match hashes {
        [] => Hash(Sha256::digest([]).into()),
        [one] => *one,
        more => {
            let middle = more.len().next_power_of_two() / 2;
            let (left, right) = more.split_at(middle);
            node_hash(&naive_root(left), &naive_root(right))
        }
    }
}

/// All tiles of a tree, by the definition: each hash is a root over 256^level leaves.
pub(super) fn tiles(hashes: &[Hash]) -> HashMap<Tile, Vec<u8>> {
    let size = u64::try_from(hashes.len()).expect("small");
    let tile = |tile: Tile| {
        let span = 256_usize.pow(u32::from(tile.level()));
        let start = usize::try_from(tile.index()).expect("small") * 256;
        let run = (start..start + usize::from(tile.width())).map(|place| {
            naive_root(
                hashes
                    .get(place * span..(place + 1) * span)
                    .expect("inside"),
            )
        });
        (tile, tile_bytes(&run.collect::<Vec<_>>()))
    };
    growth(0, size).map(tile).collect()
}

/// The living archive as a source.
pub(super) struct Online {
    pub(super) archive: Archive,
    at: usize,
}

impl Online {
    pub(super) fn new(archive: &Archive) -> Self {
        Self {
            archive: archive.clone(),
            at: 0,
        }
    }
}

impl LogSource for Online {
    fn offers(&self) -> Offers {
        let present = Presence::Present;
        Offers {
            checkpoints: Presence::Present,
            tiles: present,
            entries: present,
            openings: present,
            states: present,
            witnessed: present,
        }
    }

    fn policy(&mut self) -> Result<Option<String>, SourceError> {
        Ok(Some(policy().to_string()))
    }

    fn checkpoint(&mut self) -> Result<Option<Vec<u8>>, SourceError> {
        Ok(self.archive.checkpoint.clone())
    }

    fn witnessed(&mut self) -> Result<Option<Vec<u8>>, SourceError> {
        Ok(self.archive.witnessed.clone())
    }

    fn handovers(&mut self) -> Result<Vec<HandoverNote>, SourceError> {
        Ok(self.archive.handovers.clone())
    }

    fn next_chunk(&mut self) -> Result<Option<Chunk>, SourceError> {
        let archive = &self.archive;
        let mut chunk = Chunk::default();
        let count = archive.leaves.len();
        if self.at > count {
            return Ok(None);
        }
        let end = (self.at + 256).min(count);
        for leaf in archive.leaves.get(self.at..end).expect("inside") {
            push_entry(&mut chunk.entries, leaf);
        }
        chunk.columns = archive.columns.get(self.at..end).expect("inside").to_vec();
        // By the number column, as a database would join them; the rest comes last.
        let last = self.at == count;
        let from = if self.at == 0 {
            0
        } else {
            archive.columns[self.at - 1].seq + 1
        };
        let until = chunk
            .columns
            .last()
            .map_or(u64::MAX, |columns| columns.seq + 1);
        let here = |seq: Option<u64>| match seq {
            Some(seq) => seq >= from && (last || seq < until),
            None => last,
        };
        let openings = archive
            .openings
            .iter()
            .filter(|row| here(Some(row.seq)))
            .cloned();
        chunk.openings = Openings::Rows(openings.collect());
        let rows = archive.rows.iter().filter(|(_, row)| here(row.seq));
        chunk.states = rows
            .map(|(entity, row)| StateFact {
                entity: *entity,
                version: row.version,
                seq: row.seq,
                bytes: row.bytes.clone(),
            })
            .collect();
        self.at = if last { count + 1 } else { end };
        Ok(Some(chunk))
    }

    fn rewind(&mut self) -> Result<(), SourceError> {
        self.at = 0;
        Ok(())
    }

    fn tile(&mut self, tile: Tile) -> Result<Option<Vec<u8>>, SourceError> {
        Ok(self.archive.tiles.get(&tile).cloned())
    }

    fn timestamps(&mut self) -> Result<Option<Vec<u64>>, SourceError> {
        Ok(Some(self.archive.timestamps.keys().copied().collect()))
    }

    fn timestamp(&mut self, size: u64) -> Result<Option<Stamped>, SourceError> {
        Ok(self.archive.timestamps.get(&size).cloned())
    }

    fn entries(&mut self, index: u64, width: u16) -> Result<Option<Vec<u8>>, SourceError> {
        let start = usize::try_from(index).expect("small") * usize::from(TILE_WIDTH);
        let run = self
            .archive
            .published
            .get(start..start + usize::from(width));
        Ok(run.map(|leaves| {
            let mut bundle = Vec::new();
            leaves.iter().for_each(|leaf| push_entry(&mut bundle, leaf));
            bundle
        }))
    }
}

impl BlobProbe for Archive {
    fn probe(&self, stored: &[u8; 32]) -> Result<BlobState, SourceError> {
        Ok(self
            .blobs
            .get(stored)
            .copied()
            .unwrap_or(BlobState::Missing))
    }
}

/// Verifies the living archive, with pinned key and content store.
pub(super) fn verify_online(archive: &Archive, options: Options<'_>) -> Report {
    let options = Options {
        trust: Trust::Pinned(policy()),
        blobs: Some(archive),
        ..options
    };
    verify(&mut Online::new(archive), &options).expect("a readable source")
}

pub(super) fn codes(report: &Report) -> BTreeSet<&'static str> {
    report
        .findings
        .counts()
        .keys()
        .map(|code| code.name())
        .collect()
}

pub(super) fn names(codes: &[Code]) -> BTreeSet<&'static str> {
    codes.iter().map(|code| code.name()).collect()
}

/// The edge after these hashes, with the tiles that it completed.
pub(super) fn edge_of(hashes: &[Hash]) -> (Edge, HashMap<Tile, Vec<u8>>) {
    let mut edge = Edge::new();
    let mut full = HashMap::new();
    for hash in hashes {
        edge.append(*hash, &mut |tile, hashes| {
            full.insert(tile, tile_bytes(hashes));
        });
    }
    (edge, full)
}
