//! Joins the results of chunks, in order: borders, tree, tiles, erasures.

use std::collections::{BTreeSet, HashSet, VecDeque};

use uuid::Uuid;

use super::chunk::{Checked, Link, Rotation};
use super::finding::{Code, Finding, Findings};
use super::ledger::Ledger;
use super::memory::Walk;
use super::report::OpeningCounts;
use super::run::Start;
use super::source::{LogSource, Offers, Presence};
use super::stamps::Stamps;
use super::{Options, VerifyError};
use crate::audit::commitment::Slot;
use crate::audit::leaf::genesis;
use crate::audit::merkle::Hash;
use crate::audit::note::Checkpoint;
use crate::audit::tile::{Edge, TILE_WIDTH, Tile, entries, tile_bytes};

/// Most openings that may wait for the record that erased them: bounds memory. More than this
/// many that are missing before any erasure are reported without waiting.
const ABSENT_MAX: usize = 1_000_000;

/// A size at which the root is compared.
#[derive(Debug, Clone, Copy)]
struct Watch {
    size: u64,
    root: Hash,
    of: Watched,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Watched {
    Checkpoint,
    Kept,
    Witnessed,
    Stamped,
    /// What an old key said of the log when it was handed over.
    Handover,
}

/// The sizes at which the root of the log is known, rising.
fn watches(start: &Start, stamps: &Stamps) -> VecDeque<Watch> {
    let watch = |checkpoint: &Checkpoint, of| Watch {
        size: checkpoint.size,
        root: checkpoint.root,
        of,
    };
    let own = start.checkpoint.iter();
    let own = own.map(|it| watch(it, Watched::Checkpoint));
    let kept = start.kept.iter().map(|it| watch(it, Watched::Kept));
    let witnessed = start.witnessed.checkpoint.iter();
    let witnessed = witnessed.map(|it| watch(it, Watched::Witnessed));
    let stamped = stamps.kept().iter().map(|stamp| Watch {
        size: stamp.size,
        root: stamp.root,
        of: Watched::Stamped,
    });
    let handed = start.chain.handovers().iter();
    let handed = handed
        .filter(|one| Some(&one.origin) == start.origin.as_ref())
        .map(|one| Watch {
            size: one.size,
            root: one.root,
            of: Watched::Handover,
        });
    let others = witnessed.chain(stamped).chain(handed);
    let mut watches: Vec<Watch> = own.chain(kept).chain(others).collect();
    watches.sort_by_key(|watch| watch.size);
    watches.into()
}

/// Joins the results of chunks, in order.
pub(super) struct Join<'a> {
    offers: Offers,
    genesis: Vec<Hash>,
    /// The first record is bound to no key that is known.
    unbound: bool,
    /// Handovers that the log beside this one has, if it is of looks; each of another log is a record of it.
    told: Option<usize>,
    /// The digests of those that are known of this one.
    handovers: Vec<String>,
    /// Trusted keys that nothing links, where no handover is known at all.
    unlinked: Vec<String>,
    /// Records that tell of one.
    rotations: Vec<Rotation>,
    /// Sizes at which a handover speaks of other records.
    contradicted: Vec<u64>,
    checkpoint_size: u64,
    files_missing: bool,
    pub(super) link: Option<Link>,
    edge: Edge,
    watches: VecDeque<Watch>,
    receipts: Walk<'a>,
    pub(super) stamps: Stamps,
    /// Numbers are missing or out of order: places in the tree are no longer known.
    pub(super) broken: bool,
    absent: HashSet<(u64, Slot)>,
    erased: HashSet<(u64, Slot)>,
    pub(super) ledger: Ledger,
    pub(super) unrecorded: BTreeSet<Uuid>,
    pub(super) counts: OpeningCounts,
    pub(super) states: u64,
    pub(super) findings: Findings,
}

impl<'a> Join<'a> {
    pub(super) fn new(
        start: &Start,
        options: &'a Options<'_>,
        offers: Offers,
        stamps: Stamps,
    ) -> Self {
        let first_links = start
            .origin
            .iter()
            .flat_map(|origin| start.beginners().map(|key| genesis(origin, &key)));
        Self {
            offers,
            genesis: first_links.collect(),
            unbound: false,
            told: start.told,
            handovers: start.handovers.clone(),
            unlinked: start.unlinked.clone(),
            rotations: Vec::new(),
            contradicted: Vec::new(),
            checkpoint_size: start
                .checkpoint
                .as_ref()
                .map_or(0, |checkpoint| checkpoint.size),
            files_missing: start.files_missing,
            link: None,
            edge: Edge::new(),
            watches: watches(start, &stamps),
            receipts: Walk::new(&options.receipts),
            stamps,
            broken: false,
            absent: HashSet::new(),
            erased: HashSet::new(),
            ledger: Ledger::new(),
            unrecorded: BTreeSet::new(),
            counts: OpeningCounts::default(),
            states: 0,
            findings: start.findings.clone(),
        }
    }

    /// Number of records so far.
    pub(super) fn records(&self) -> u64 {
        self.edge.size()
    }

    pub(super) fn unreadable(&self) -> bool {
        [
            Code::EntriesMalformed,
            Code::LeafNotCanonical,
            Code::LeafMalformed,
        ]
        .iter()
        .any(|code| self.findings.has(*code))
    }

    pub(super) fn add(
        &mut self,
        checked: Checked,
        source: &mut dyn LogSource,
    ) -> Result<(), VerifyError> {
        let mut findings = Vec::new();
        self.border(&checked, &mut findings);
        findings.extend(checked.findings.iter().cloned());
        self.broken |= findings.iter().any(|finding| {
            matches!(
                finding.code,
                Code::SeqGap | Code::SeqRepeated | Code::EntriesMalformed
            )
        });
        let first = self.edge.size();
        if !self.broken {
            self.receipts.pass(first, &checked.hashes, &mut findings);
        }
        self.findings.extend(findings);
        self.published(first, &checked, source)?;
        self.grow(&checked, source)?;
        self.account(checked);
        Ok(())
    }

    /// The first record of a chunk against the last one of the chunk before.
    fn border(&mut self, checked: &Checked, findings: &mut Vec<Finding>) {
        if let Some(head) = &checked.head {
            match &self.link {
                Some(link) => link.check(head, findings),
                None if head.seq > 0 => {
                    let missing = format!("{} missing", head.seq);
                    findings.push(Finding::at(Code::SeqGap, 0).detail(missing));
                }
                None if self.genesis.contains(&head.prev) || self.genesis.is_empty() => {}
                // Said at the end, when it is known whether the first key is known.
                None => self.unbound = true,
            }
        }
        if let Some(mut link) = checked.link {
            let count = u64::try_from(checked.hashes.len()).unwrap_or(u64::MAX);
            let before = self.link.and_then(|link| link.seq).map_or(0, |seq| seq + 1);
            link.seq = link.seq.or(Some((before + count).saturating_sub(1)));
            self.link = Some(link);
        }
    }

    /// Grows the tree; compares roots where a checkpoint stands and tiles as they fill.
    fn grow(&mut self, checked: &Checked, source: &mut dyn LogSource) -> Result<(), VerifyError> {
        let mut rest = checked.hashes.as_slice();
        let mut full = Vec::new();
        loop {
            while let Some(watch) = self
                .watches
                .front()
                .copied()
                .filter(|watch| watch.size <= self.edge.size())
            {
                self.watches.pop_front();
                self.compare_root(watch, source)?;
            }
            if rest.is_empty() {
                break;
            }
            let until = self.watches.front().map_or(u64::MAX, |watch| watch.size);
            let count = usize::try_from(until - self.edge.size()).unwrap_or(usize::MAX);
            let (now, later) = rest.split_at(count.min(rest.len()));
            let aligned = self.edge.size().is_multiple_of(u64::from(TILE_WIDTH));
            let mut keep = |tile: Tile, hashes: &[Hash]| full.push((tile, hashes.to_vec()));
            match checked.root {
                Some(root) if aligned && now.len() == checked.hashes.len() => {
                    self.edge.append_tile(now, root, &mut keep);
                }
                Some(_) | None => now
                    .iter()
                    .for_each(|hash| self.edge.append(*hash, &mut keep)),
            }
            for (tile, hashes) in full.drain(..) {
                self.compare_tile(tile, &hashes, source)?;
            }
            rest = later;
        }
        Ok(())
    }

    fn compare_root(
        &mut self,
        watch: Watch,
        source: &mut dyn LogSource,
    ) -> Result<(), VerifyError> {
        // With records missing no root can be had, so it certainly is not the signed one; what a
        // kept checkpoint would say then is not known.
        let differs = self.broken || self.edge.root() != watch.root;
        match watch.of {
            Watched::Checkpoint => {
                if differs {
                    self.findings
                        .push(Finding::at(Code::CheckpointRootMismatch, watch.size));
                }
                let partials: Vec<(Tile, Vec<Hash>)> = self
                    .edge
                    .partials()
                    .map(|(tile, hashes)| (tile, hashes.to_vec()))
                    .collect();
                for (tile, hashes) in partials {
                    self.compare_tile(tile, &hashes, source)?;
                }
            }
            Watched::Kept if differs && !self.broken => {
                self.findings
                    .push(Finding::at(Code::ForkAgainstKeptCheckpoint, watch.size));
            }
            Watched::Witnessed if differs && !self.broken => {
                let code = Code::ForkAgainstWitnessedCheckpoint;
                self.findings.push(Finding::at(code, watch.size));
            }
            Watched::Stamped if differs && !self.broken => {
                self.stamps.forked(watch.size);
                self.findings
                    .push(Finding::at(Code::ForkAgainstTimestamp, watch.size));
            }
            Watched::Handover if differs && !self.broken => self.contradicted.push(watch.size),
            Watched::Kept | Watched::Witnessed | Watched::Stamped | Watched::Handover => {}
        }
        Ok(())
    }

    fn compare_tile(
        &mut self,
        tile: Tile,
        hashes: &[Hash],
        source: &mut dyn LogSource,
    ) -> Result<(), VerifyError> {
        let span = 1_u128 << (8 * (u32::from(tile.level()) + 1));
        let covered = tile.is_partial()
            || (u128::from(tile.index()) + 1) * span <= u128::from(self.checkpoint_size);
        if self.offers.tiles == Presence::Absent || self.broken || !covered {
            return Ok(());
        }
        let ours = tile_bytes(hashes);
        let mut theirs = source.tile(tile)?;
        if theirs.is_none() && tile.is_partial() {
            // A partial tile may go once the full one is there: then that one begins with it.
            let full = Tile::new(tile.level(), tile.index(), TILE_WIDTH);
            theirs = full.map_or(Ok(None), |full| source.tile(full))?;
            theirs
                .iter_mut()
                .for_each(|bytes| bytes.truncate(ours.len()));
        }
        let code = match theirs {
            None => Code::TileMissing,
            Some(theirs) if theirs != ours => Code::TileMismatch,
            Some(_) => return Ok(()),
        };
        self.findings.push(Finding::new(code).detail(tile.path()));
        Ok(())
    }

    /// The published bundle of these records, if the source keeps one apart from them.
    fn published(
        &mut self,
        first: u64,
        checked: &Checked,
        source: &mut dyn LogSource,
    ) -> Result<(), VerifyError> {
        let wide = u64::from(TILE_WIDTH);
        let under = self.checkpoint_size.saturating_sub(first).min(wide);
        let here = u64::try_from(checked.hashes.len()).unwrap_or(u64::MAX);
        let comparable = first.is_multiple_of(wide) && under > 0 && here >= under;
        if self.offers.entries == Presence::Absent || self.broken || !comparable {
            return Ok(());
        }
        let (index, width) = (first / wide, u16::try_from(under).unwrap_or(TILE_WIDTH));
        let ours: usize = entries(&checked.entries)
            .take(usize::from(width))
            .map(|entry| entry.map_or(0, |leaf| leaf.len() + 2))
            .sum();
        let ours = checked.entries.get(..ours).unwrap_or_default();
        let mut theirs = source.entries(index, width)?;
        if theirs.is_none() && width < TILE_WIDTH {
            theirs = source.entries(index, TILE_WIDTH)?;
            theirs
                .iter_mut()
                .for_each(|bytes| bytes.truncate(ours.len()));
        }
        let code = match theirs {
            None => Code::EntriesMissing,
            Some(theirs) if theirs != ours => Code::EntriesMismatch,
            Some(_) => return Ok(()),
        };
        self.findings.push(Finding::at(code, first));
        Ok(())
    }

    fn account(&mut self, checked: Checked) {
        self.stamps.pass(checked.times, checked.named);
        self.counts.checked += checked.counts.checked;
        self.counts.withheld += checked.counts.withheld;
        self.states += checked.states;
        self.rotations.extend(checked.rotations);
        self.unrecorded.extend(checked.unrecorded);
        checked
            .deltas
            .into_iter()
            .for_each(|delta| self.ledger.apply(delta));
        for (seq, slot) in checked.absent {
            if self.absent.len() < ABSENT_MAX {
                self.absent.insert((seq, slot));
            } else {
                self.findings
                    .push(Finding::at(Code::OpeningMissing, seq).detail(slot));
            }
        }
        for (seq, target) in checked.erased {
            if self.offers.openings == Presence::Absent || self.erased.contains(&target) {
                continue;
            }
            // Only what was already there can be erased; the opening must then be gone.
            if target.0 < seq && self.absent.remove(&target) {
                self.counts.erased += 1;
                self.erased.insert(target);
            } else {
                let place = format!("{} of {}", target.1, target.0);
                self.findings
                    .push(Finding::at(Code::ErasureWithoutEffect, seq).detail(place));
            }
        }
    }

    /// The log ends here.
    pub(super) fn finish(&mut self, source: &mut dyn LogSource) -> Result<(), VerifyError> {
        while let Some(watch) = self.watches.pop_front() {
            // With records missing, the root that was signed is certainly not there.
            let broken = self.broken && watch.of == Watched::Checkpoint;
            if broken || watch.size <= self.edge.size() {
                self.compare_root(watch, source)?;
            } else {
                self.ends_before(watch);
            }
        }
        self.bound();
        let mut findings = Vec::new();
        if let Some((seq, hash)) = source.head()?
            && self
                .link
                .is_none_or(|link| link.seq != Some(seq) || link.hash != hash)
        {
            findings.push(Finding::at(Code::HeadMismatch, seq));
        }
        if !self.broken {
            self.receipts.finish(&mut findings);
            self.stamps.finish(&mut findings);
        }
        let mut absent: Vec<_> = self.absent.drain().collect();
        absent.sort();
        findings.extend(
            absent
                .into_iter()
                .map(|(seq, slot)| Finding::at(Code::OpeningMissing, seq).detail(slot)),
        );
        self.findings.extend(findings);
        Ok(())
    }

    /// The log has fewer records than somebody has seen of it.
    fn ends_before(&mut self, watch: Watch) {
        // Files of the bundle are known to be missing: nothing was shown to be cut off.
        if self.files_missing {
            return;
        }
        let code = match watch.of {
            Watched::Checkpoint => Code::LogShorterThanCheckpoint,
            Watched::Kept => Code::LogShorterThanKeptCheckpoint,
            Watched::Witnessed => Code::LogShorterThanWitnessedCheckpoint,
            // With records missing in between, these say nothing new.
            Watched::Stamped | Watched::Handover if self.broken => return,
            Watched::Stamped => {
                self.stamps.forked(watch.size);
                Code::ForkAgainstTimestamp
            }
            Watched::Handover => {
                self.contradicted.push(watch.size);
                return;
            }
        };
        let finding = Finding::at(code, self.edge.size());
        self.findings
            .push(finding.detail(format!("of {}", watch.size)));
    }

    /// Whether the log begins with a key that is known, and the handovers are there that it speaks of and speak of it.
    fn bound(&mut self) {
        let other = [Code::CheckpointRootMismatch, Code::LogShorterThanCheckpoint];
        // Records that are not those of the checkpoint are told once.
        let signed = !other.iter().any(|code| self.findings.has(*code));
        if signed {
            let other = |size: &u64| {
                let finding = Finding::at(Code::KeyHandoverInvalid, *size);
                finding.detail("the log does not have the root that the old key signed")
            };
            self.findings.extend(self.contradicted.iter().map(other));
        }
        let said = self.told.unwrap_or(self.rotations.len());
        let known = self.handovers.len();
        // Said once: where the log tells of handovers, their number says all.
        if said > known {
            let missing = format!("{} of {said}", said - known);
            let finding = Finding::new(Code::KeyHandoverMissing);
            self.findings.push(finding.detail(missing));
        } else if !self.unlinked.is_empty() {
            let missing = format!("none leads to {}", self.unlinked.join(", "));
            let finding = Finding::new(Code::KeyHandoverMissing);
            self.findings.push(finding.detail(missing));
        }
        if said <= known && self.unbound && !self.findings.has(Code::KeyHandoverInvalid) {
            self.findings.push(Finding::at(Code::GenesisMismatch, 0));
        }
        let whole = signed && !self.broken && !self.unreadable() && !self.files_missing;
        if self.told.is_none() && whole && said <= known {
            self.recorded();
        }
    }

    /// A handover and its record are committed together: where all records were read, none is without one.
    fn recorded(&mut self) {
        let (said, known) = (self.rotations.len(), self.handovers.len());
        if said < known {
            let more = format!("the log tells of {said} handovers, {known} are here");
            let finding = Finding::new(Code::KeyHandoverInvalid);
            self.findings.push(finding.detail(more));
            return;
        }
        for (rotation, known) in self.rotations.iter().zip(&self.handovers) {
            if rotation.handover.as_ref().is_some_and(|said| said != known) {
                let finding = Finding::at(Code::KeyHandoverInvalid, rotation.seq);
                self.findings
                    .push(finding.detail("the handover is not the one of its record"));
            }
        }
    }
}
