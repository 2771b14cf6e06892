//! The work on one chunk: hash, read, link, open. Runs in several threads at once.

use std::ops::Range;

use uuid::Uuid;

use super::finding::{Code, Finding};
use super::found::{Found, FoundContent, Wanted, found};
use super::ledger::{Delta, Tokens};
use super::report::OpeningCounts;
use super::source::{
    BlobProbe, BlobState, Chunk, Columns, Offers, Presence, Root, SourceError, StateFact,
    SubjectRow,
};
use super::stamps::Named;
use crate::audit::canonical;
use crate::audit::commitment::{BlobClaim, Commitment, Slot, Tag, commit};
use crate::audit::leaf::{LEAF_LINE, LeafError, LeafView, ROTATE_ACTION};
use crate::audit::merkle::{Hash, complete_root, leaf_hash};
use crate::audit::rotation::Handover;
use crate::audit::tile::{TILE_WIDTH, entries};
use crate::audit::timestamp::{self, Said};

/// What every chunk is checked against.
pub(super) struct Context<'a> {
    pub(super) origin: Option<&'a str>,
    pub(super) offers: Offers,
    pub(super) tokens: &'a Tokens,
    pub(super) probe: Option<&'a dyn BlobProbe>,
    /// Numbers of records whose time is wanted, rising.
    pub(super) stamped: &'a [u64],
}

/// The place of a record in the chain; the number is unknown after a record that cannot be read.
#[derive(Debug, Clone, Copy)]
pub(super) struct Link {
    pub(super) seq: Option<u64>,
    pub(super) hash: Hash,
    pub(super) ts_micros: i64,
}

/// What a record says about its place.
#[derive(Debug, Clone, Copy)]
pub(super) struct Head {
    pub(super) seq: u64,
    pub(super) prev: Hash,
    pub(super) ts_micros: i64,
}

/// A record that says that the key of the log was handed over.
#[derive(Debug)]
pub(super) struct Rotation {
    /// Its number.
    pub(super) seq: u64,
    /// The digest of the handover, where the opening is there that says it.
    pub(super) handover: Option<String>,
}

impl Link {
    /// Whether `head` may follow. Across a gap neither link nor time says anything new.
    pub(super) fn check(&self, head: &Head, findings: &mut Vec<Finding>) {
        let expected = self.seq.map_or(head.seq, |seq| seq + 1);
        if head.seq > expected {
            let missing = format!("{} missing", head.seq - expected);
            findings.push(Finding::at(Code::SeqGap, expected).detail(missing));
            return;
        }
        if head.seq < expected {
            findings.push(Finding::at(Code::SeqRepeated, head.seq));
            return;
        }
        if head.prev != self.hash {
            findings.push(Finding::at(Code::ChainLinkBroken, head.seq));
        }
        if head.ts_micros < self.ts_micros {
            findings.push(Finding::at(Code::TimeRegress, head.seq));
        }
    }
}

/// What was found in a chunk.
#[derive(Debug, Default)]
pub(super) struct Checked {
    pub(super) hashes: Vec<Hash>,
    /// The root over them, if there are exactly 256.
    pub(super) root: Option<Hash>,
    /// The first record, if it could be read.
    pub(super) head: Option<Head>,
    /// The last record.
    pub(super) link: Option<Link>,
    pub(super) findings: Vec<Finding>,
    pub(super) counts: OpeningCounts,
    pub(super) states: u64,
    /// Openings that are not there: lawful if a later record erased them.
    pub(super) absent: Vec<(u64, Slot)>,
    /// Openings that records here erase: number of the record, then its target.
    pub(super) erased: Vec<(u64, (u64, Slot))>,
    pub(super) deltas: Vec<Delta>,
    pub(super) unrecorded: Vec<Uuid>,
    /// Times that are wanted, by number of the record.
    pub(super) times: Vec<(u64, i64)>,
    /// Records that name a timestamp.
    pub(super) named: Vec<Named>,
    /// Records that say that the key of the log was handed over.
    pub(super) rotations: Vec<Rotation>,
    /// Handed back, to compare with what was published.
    pub(super) entries: Vec<u8>,
}

pub(super) fn check(chunk: Chunk, context: &Context<'_>) -> Result<Checked, SourceError> {
    let mut checked = Checked::default();
    let mut work = Work::new(context, &chunk);
    let mut count = 0;
    for entry in entries(&chunk.entries) {
        let Ok(leaf) = entry else {
            let finding = Finding::new(Code::EntriesMalformed).detail("cut entry");
            checked.findings.push(after(&checked, finding));
            break;
        };
        work.leaf(leaf, count, &chunk, &mut checked)?;
        count += 1;
    }
    if let Some(expected) = chunk.expected.filter(|expected| *expected != count) {
        let finding = Finding::new(Code::EntriesMalformed);
        let finding = finding.detail(format!("{count} records instead of {expected}"));
        checked.findings.push(after(&checked, finding));
    }
    if checked.has(Code::EntriesMalformed) {
        // What belongs to the records that are lost here can neither fit nor not fit.
        work.pass_over(Some(u64::MAX));
    }
    work.leftovers(&mut checked);
    if checked.hashes.len() == usize::from(TILE_WIDTH) {
        checked.root = Some(complete_root(&checked.hashes));
    }
    checked.entries = chunk.entries;
    Ok(checked)
}

/// Places a finding behind the last record that could be read.
fn after(checked: &Checked, finding: Finding) -> Finding {
    Finding {
        seq: checked.link.and_then(|link| link.seq).map(|seq| seq + 1),
        ..finding
    }
}

struct Work<'a> {
    context: &'a Context<'a>,
    found: Vec<Found<'a>>,
    /// The first opening that belongs to no earlier record.
    at: usize,
    /// States by number of their record; those without one come last.
    states: std::iter::Peekable<std::vec::IntoIter<&'a StateFact>>,
    /// Rows of subjects by record and place; nothing if the source has none.
    subjects: Option<std::iter::Peekable<std::vec::IntoIter<&'a SubjectRow>>>,
}

impl<'a> Work<'a> {
    fn new(context: &'a Context<'a>, chunk: &'a Chunk) -> Self {
        let mut states: Vec<&StateFact> = chunk.states.iter().collect();
        states.sort_by_key(|fact| fact.seq.unwrap_or(u64::MAX));
        let states = states.into_iter().peekable();
        let subjects = chunk.subjects.as_ref().map(|rows| {
            let mut rows: Vec<&SubjectRow> = rows.iter().collect();
            rows.sort_by_key(|row| (row.seq, row.slot));
            rows.into_iter().peekable()
        });
        Self {
            context,
            found: found(&chunk.openings),
            at: 0,
            states,
            subjects,
        }
    }

    fn leaf(
        &mut self,
        bytes: &[u8],
        index: usize,
        chunk: &Chunk,
        checked: &mut Checked,
    ) -> Result<(), SourceError> {
        let hash = leaf_hash(bytes);
        checked.hashes.push(hash);
        let view = match LeafView::parse(bytes) {
            Ok(view) => view,
            Err(error) => {
                unreadable(bytes, &error, hash, checked);
                self.pass_over(checked.link.and_then(|link| link.seq));
                return Ok(());
            }
        };
        if checked.link.is_some_and(|link| link.seq.is_none()) {
            self.pass_over(view.seq.checked_sub(1));
        }
        let head = Head {
            seq: view.seq,
            prev: view.prev,
            ts_micros: view.ts_micros,
        };
        match checked.link {
            Some(link) => link.check(&head, &mut checked.findings),
            None if index == 0 => checked.head = Some(head),
            None => {}
        }
        checked.link = Some(Link {
            seq: Some(view.seq),
            hash,
            ts_micros: view.ts_micros,
        });
        if self
            .context
            .origin
            .is_some_and(|origin| origin != view.origin)
        {
            checked
                .findings
                .push(Finding::at(Code::OriginMismatch, view.seq));
        }
        if let Some(columns) = chunk.columns.get(index) {
            if columns.hash != hash {
                checked
                    .findings
                    .push(Finding::at(Code::LeafHashMismatch, view.seq));
            }
            if !beside(columns, &view) {
                checked
                    .findings
                    .push(Finding::at(Code::RowMismatch, view.seq));
            }
        }
        self.subjects(&view, checked);
        self.outside(&view, checked);
        self.content(&view, checked)
    }

    /// What is compared with timestamps and handovers once the whole log was read.
    fn outside(&self, view: &LeafView<'_>, checked: &mut Checked) {
        if self.context.stamped.binary_search(&view.seq).is_ok() {
            checked.times.push((view.seq, view.ts_micros));
        }
        if view.action == timestamp::ACTION {
            checked.named.push(Named {
                seq: view.seq,
                ts_micros: view.ts_micros,
                said: self.context_of(view).and_then(Said::parse),
            });
        }
        if view.action == ROTATE_ACTION {
            let handover = self.context_of(view).and_then(Handover::said);
            let seq = view.seq;
            checked.rotations.push(Rotation { seq, handover });
        }
    }

    /// What a record says beside its form, where its opening is there and fits.
    fn context_of(&self, view: &LeafView<'_>) -> Option<&[u8]> {
        let (_, commitment) = view.private().find(|(name, _)| *name == "ctx")?;
        let rest = self.found.get(self.at..).unwrap_or_default();
        let own = |found: &&Found<'_>| found.seq == view.seq && found.slot == "ctx";
        let FoundContent::Open { salt, bytes } = &rest.iter().find(own)?.content else {
            return None;
        };
        let fits = commit(Tag::Private, salt, bytes) == commitment;
        fits.then_some(bytes.as_ref())
    }

    /// The rows that name the subjects of a record, against the record, in both directions.
    fn subjects(&mut self, view: &LeafView<'_>, checked: &mut Checked) {
        let Some(rows) = &mut self.subjects else {
            return;
        };
        while let Some(row) = rows.next_if(|row| row.seq < view.seq) {
            checked.findings.push(astray(row));
        }
        for (slot, subject) in (0_u64..).zip(view.subjects()) {
            let own = |row: &&SubjectRow| row.seq == view.seq && row.slot <= slot;
            let mut fits = false;
            while let Some(row) = rows.next_if(own) {
                fits = row.slot == slot
                    && (row.entity, row.version) == (subject.id, subject.version)
                    && row.kind == subject.kind
                    && row.root == Root::Fits;
                if !fits {
                    break;
                }
            }
            if !fits {
                let finding = Finding::at(Code::RowMismatch, view.seq);
                checked.findings.push(finding.about(subject.id));
            }
        }
        while let Some(row) = rows.next_if(|row| row.seq == view.seq) {
            checked.findings.push(astray(row));
        }
    }

    /// Level E of one record.
    fn content(&mut self, view: &LeafView<'_>, checked: &mut Checked) -> Result<(), SourceError> {
        for (seq, slot) in view.targets() {
            if let Ok(slot) = slot.parse::<Slot>() {
                checked.erased.push((view.seq, (seq, slot)));
            }
        }
        if self.context.offers.states == Presence::Present {
            for subject in view.subjects().filter(|subject| subject.state.is_some()) {
                let (id, version) = (subject.id, subject.version);
                checked.deltas.push(self.context.tokens.add(id, version));
                if version > 1 {
                    checked
                        .deltas
                        .push(self.context.tokens.take(id, version - 1));
                }
            }
        }
        if self.context.offers.openings == Presence::Absent {
            self.states(view, 0..0, checked);
            return Ok(());
        }
        self.skip_to(view.seq, checked);
        let rest = self.found.get(self.at..).unwrap_or_default();
        let own = rest
            .iter()
            .take_while(|found| found.seq == view.seq)
            .count();
        let own = self.at..self.at + own;
        self.at = own.end;
        let mut used = 0;
        for (index, subject) in (0_u16..).zip(view.subjects()) {
            if let Some(state) = subject.state {
                let slot = Wanted::State(index);
                used += self.open(view.seq, own.clone(), slot, state, subject.id, checked)?;
            }
            if let Some(blob) = subject.blob {
                let slot = Wanted::Blob(index);
                used += self.open(view.seq, own.clone(), slot, blob, subject.id, checked)?;
            }
        }
        for (name, commitment) in view.private() {
            let slot = Wanted::Private(name);
            used += self.open(
                view.seq,
                own.clone(),
                slot,
                commitment,
                Uuid::nil(),
                checked,
            )?;
        }
        if used < own.len() {
            self.unused(view, own.clone(), checked);
        }
        self.states(view, own, checked);
        Ok(())
    }

    /// What belongs to a record that cannot be read can neither fit nor not fit.
    fn pass_over(&mut self, seq: Option<u64>) {
        let Some(seq) = seq else { return };
        if let Some(rows) = &mut self.subjects {
            while rows.next_if(|row| row.seq <= seq).is_some() {}
        }
        let rest = self.found.get(self.at..).unwrap_or_default();
        self.at += rest.iter().take_while(|found| found.seq <= seq).count();
        while self
            .states
            .next_if(|fact| fact.seq.is_some_and(|fact| fact <= seq))
            .is_some()
        {}
    }

    /// Openings before this record that no record of the chunk took.
    fn skip_to(&mut self, seq: u64, checked: &mut Checked) {
        while let Some(found) = self.found.get(self.at).filter(|found| found.seq < seq) {
            checked.findings.push(unrecorded(found));
            self.at += 1;
        }
    }

    /// Finds the opening of a commitment and compares. Returns how many openings it used.
    fn open(
        &self,
        seq: u64,
        own: Range<usize>,
        slot: Wanted<'_>,
        commitment: Commitment,
        entity: Uuid,
        checked: &mut Checked,
    ) -> Result<usize, SourceError> {
        let own = self.found.get(own).unwrap_or_default();
        let Some(found) = own.iter().find(|found| slot.is(&found.slot)) else {
            checked.absent.push((seq, slot.to_slot()));
            return Ok(0);
        };
        match &found.content {
            FoundContent::Open { salt, bytes } => {
                checked.counts.checked += 1;
                if commit(slot.tag(), salt, bytes) != commitment {
                    checked
                        .findings
                        .push(Finding::at(Code::OpeningMismatch, seq).detail(slot.to_slot()));
                } else if slot.tag() == Tag::Blob {
                    self.blob(seq, bytes, entity, checked)?;
                }
            }
            FoundContent::Withheld => checked.counts.withheld += 1,
            FoundContent::Erased => checked.absent.push((seq, slot.to_slot())),
            FoundContent::Malformed => {
                let finding = Finding::at(Code::OpeningMalformed, seq);
                checked.findings.push(finding.detail(&found.slot));
            }
        }
        Ok(1)
    }

    fn blob(
        &self,
        seq: u64,
        bytes: &[u8],
        entity: Uuid,
        checked: &mut Checked,
    ) -> Result<(), SourceError> {
        let Some(probe) = self.context.probe else {
            return Ok(());
        };
        let code = match BlobClaim::parse(bytes) {
            None => Some(Code::BlobClaimMalformed),
            Some(claim) => match probe.probe(&claim.stored)? {
                BlobState::Sound => None,
                BlobState::Missing => Some(Code::BlobMissing),
                BlobState::Altered => Some(Code::BlobDigestMismatch),
            },
        };
        checked
            .findings
            .extend(code.map(|code| Finding::at(code, seq).about(entity)));
        Ok(())
    }

    fn unused(&self, view: &LeafView<'_>, own: Range<usize>, checked: &mut Checked) {
        let mut wanted: Vec<String> = view.private().map(|(name, _)| name.to_owned()).collect();
        for (index, subject) in (0_u16..).zip(view.subjects()) {
            wanted.extend(subject.state.map(|_| Slot::State(index).to_string()));
            wanted.extend(subject.blob.map(|_| Slot::Blob(index).to_string()));
        }
        for found in self.found.get(own).unwrap_or_default() {
            // Each slot once: a second opening of the same slot is one too many.
            match wanted.iter().position(|slot| **slot == *found.slot) {
                Some(place) => drop(wanted.swap_remove(place)),
                None => checked.findings.push(unrecorded(found)),
            }
        }
    }

    fn states(&mut self, view: &LeafView<'_>, own: Range<usize>, checked: &mut Checked) {
        while let Some(fact) = self
            .states
            .next_if(|fact| fact.seq.is_some_and(|seq| seq <= view.seq))
        {
            let subject = (0_u16..).zip(view.subjects()).find(|(_, subject)| {
                fact.seq == Some(view.seq)
                    && subject.id == fact.entity
                    && subject.version == fact.version
            });
            let Some((index, Some(state))) = subject.map(|(at, subject)| (at, subject.state))
            else {
                checked.state_without_record(fact);
                continue;
            };
            checked
                .deltas
                .push(self.context.tokens.take(fact.entity, fact.version));
            let slot = Wanted::State(index);
            let own = self.found.get(own.clone()).unwrap_or_default();
            let opening = own.iter().find(|found| slot.is(&found.slot));
            // Without its opening (erased, withheld, or missing and found so) a state says nothing.
            if let Some(FoundContent::Open { salt, .. }) = opening.map(|found| &found.content) {
                checked.states += 1;
                if commit(Tag::State, salt, &fact.bytes) != state {
                    let finding = Finding::at(Code::StateMismatch, view.seq).about(fact.entity);
                    checked.findings.push(finding);
                }
            }
        }
    }

    /// What fits no record of the chunk.
    fn leftovers(&mut self, checked: &mut Checked) {
        for found in self.found.get(self.at..).unwrap_or_default() {
            checked.findings.push(unrecorded(found));
        }
        for row in self.subjects.iter_mut().flatten() {
            checked.findings.push(astray(row));
        }
        for fact in self.states.by_ref() {
            checked.state_without_record(fact);
        }
    }
}

/// Whether the columns beside a record say what it says.
fn beside(columns: &Columns, view: &LeafView<'_>) -> bool {
    columns.seq == view.seq
        && columns.prev == view.prev
        && columns.ts_micros == view.ts_micros
        && columns.uow.is_none_or(|uow| uow == view.uow)
}

/// A row that names a subject which no record has.
fn astray(row: &SubjectRow) -> Finding {
    Finding::at(Code::RowMismatch, row.seq).about(row.entity)
}

fn unrecorded(found: &Found<'_>) -> Finding {
    let code = match found.content {
        FoundContent::Malformed => Code::OpeningMalformed,
        FoundContent::Open { .. } | FoundContent::Erased | FoundContent::Withheld => {
            Code::OpeningUnrecorded
        }
    };
    Finding::at(code, found.seq).detail(&found.slot)
}

impl Checked {
    fn has(&self, code: Code) -> bool {
        self.findings.iter().any(|finding| finding.code == code)
    }

    fn state_without_record(&mut self, fact: &StateFact) {
        let finding = Finding::new(Code::StateRowUnrecorded).about(fact.entity);
        let finding = finding.detail(format!("version {}", fact.version));
        self.findings.push(Finding {
            seq: fact.seq,
            ..finding
        });
        self.unrecorded.push(fact.entity);
    }
}

fn unreadable(bytes: &[u8], error: &LeafError, hash: Hash, checked: &mut Checked) {
    let json = bytes.strip_prefix(LEAF_LINE.as_bytes()).unwrap_or(bytes);
    let finding = match canonical::check(json) {
        Err(fault) => Finding::new(Code::LeafNotCanonical).detail(fault),
        Ok(()) => Finding::new(Code::LeafMalformed).detail(error),
    };
    let before = checked.link;
    checked.findings.push(after(checked, finding));
    checked.link = Some(Link {
        seq: before.and_then(|link| link.seq).map(|seq| seq + 1),
        hash,
        ts_micros: before.map_or(i64::MIN, |link| link.ts_micros),
    });
}
