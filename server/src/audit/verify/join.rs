//! Joins the results of chunks, in order: borders, tree, tiles, erasures.

use std::collections::{BTreeSet, HashSet, VecDeque};

use uuid::Uuid;

use super::chunk::{Checked, Link};
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
}

/// Joins the results of chunks, in order.
pub(super) struct Join<'a> {
    offers: Offers,
    genesis: Vec<Hash>,
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
        let watch = |checkpoint: &Checkpoint, of| Watch {
            size: checkpoint.size,
            root: checkpoint.root,
            of,
        };
        let own = start
            .checkpoint
            .iter()
            .map(|it| watch(it, Watched::Checkpoint));
        let kept = start.kept.iter().map(|it| watch(it, Watched::Kept));
        let witnessed = start.witnessed.checkpoint.iter();
        let witnessed = witnessed.map(|it| watch(it, Watched::Witnessed));
        let stamped = stamps.kept().iter().map(|stamp| Watch {
            size: stamp.size,
            root: stamp.root,
            of: Watched::Stamped,
        });
        let mut watches: Vec<Watch> = own.chain(kept).chain(witnessed).chain(stamped).collect();
        watches.sort_by_key(|watch| watch.size);
        let first_links = start
            .origin
            .iter()
            .flat_map(|origin| start.policy.keys().iter().map(|key| genesis(origin, key)));
        Self {
            offers,
            genesis: first_links.collect(),
            checkpoint_size: start
                .checkpoint
                .as_ref()
                .map_or(0, |checkpoint| checkpoint.size),
            files_missing: start.files_missing,
            link: None,
            edge: Edge::new(),
            watches: watches.into(),
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
                None => findings.push(Finding::at(Code::GenesisMismatch, 0)),
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
            Watched::Kept | Watched::Witnessed | Watched::Stamped => {}
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
            let short = watch.size > self.edge.size();
            match watch.of {
                _ if !short => self.compare_root(watch, source)?,
                Watched::Checkpoint if self.broken => self.compare_root(watch, source)?,
                // Files of the bundle are known to be missing: nothing was shown to be cut off.
                Watched::Checkpoint | Watched::Kept | Watched::Witnessed | Watched::Stamped
                    if self.files_missing => {}
                // With records missing in between, this says nothing new.
                Watched::Stamped if self.broken => {}
                Watched::Stamped => {
                    self.stamps.forked(watch.size);
                    let finding = Finding::at(Code::ForkAgainstTimestamp, self.edge.size());
                    self.findings
                        .push(finding.detail(format!("of {}", watch.size)));
                }
                Watched::Checkpoint => {
                    let finding = Finding::at(Code::LogShorterThanCheckpoint, self.edge.size());
                    self.findings
                        .push(finding.detail(format!("of {}", watch.size)));
                }
                Watched::Kept => {
                    let finding = Finding::at(Code::LogShorterThanKeptCheckpoint, self.edge.size());
                    self.findings
                        .push(finding.detail(format!("of {}", watch.size)));
                }
                Watched::Witnessed => {
                    let code = Code::LogShorterThanWitnessedCheckpoint;
                    let finding = Finding::at(code, self.edge.size());
                    self.findings
                        .push(finding.detail(format!("of {}", watch.size)));
                }
            }
        }
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
}
