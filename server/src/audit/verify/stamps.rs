//! Timestamps over checkpoints: each by itself first, then the times of the records between them, along the log.

use std::collections::BTreeSet;

use super::finding::{Code, Finding, Findings};
use super::report::StampSummary;
use super::source::{LogSource, SourceError, Stamped};
use crate::audit::leaf::Origin;
use crate::audit::note::Checkpoint;
use crate::audit::rotation::{ChainError, KeyChain};
use crate::audit::timestamp::{REPLY_BYTES_MAX, Said, Stamp, StampError, is_trusted};

/// A record that names a timestamp.
#[derive(Debug, Clone, Copy)]
pub(super) struct Named {
    /// The record.
    pub(super) seq: u64,
    /// Its time.
    pub(super) ts_micros: i64,
    /// What it says, where its opening is there.
    pub(super) said: Option<Said>,
}

/// The timestamps of a source, in the order of what they cover. Of each some hundred bytes are kept.
#[derive(Debug, Default)]
pub(super) struct Stamps {
    /// Whether the source has any, by its nature.
    pub(super) offered: bool,
    /// Whether the caller says who is trusted.
    pub(super) vouched: bool,
    kept: Vec<Stamp>,
    /// Sizes at which something lies that was found wrong: the log may name it.
    wrong: BTreeSet<u64>,
    /// Those of them that the log does not continue: what lies between is other records.
    forked: BTreeSet<u64>,
    /// The time of the last record under each.
    times: Vec<(u64, i64)>,
    named: Vec<Named>,
}

impl Stamps {
    /// Reads all of them.
    pub(super) fn read(
        source: &mut dyn LogSource,
        (chain, origin): (&KeyChain, Option<&Origin>),
        trusted: Option<&pades::verify::Trust>,
        findings: &mut Findings,
    ) -> Result<Self, SourceError> {
        let mut stamps = Self {
            vouched: trusted.is_some(),
            ..Self::default()
        };
        let Some(sizes) = source.timestamps()? else {
            return Ok(stamps);
        };
        stamps.offered = true;
        for size in sizes {
            let Some(kept) = source.timestamp(size)? else {
                continue;
            };
            match one(size, &kept, (chain, origin), trusted) {
                Ok(stamp) => stamps.kept.push(stamp),
                Err(finding) => {
                    stamps.wrong.insert(size);
                    findings.push(finding);
                }
            }
        }
        stamps.kept.sort_by_key(|stamp| stamp.size);
        Ok(stamps)
    }

    /// Those that are right in themselves.
    pub(super) fn kept(&self) -> &[Stamp] {
        &self.kept
    }

    /// The numbers of the records whose time is wanted, rising: the last one under each.
    pub(super) fn wanted(&self) -> Vec<u64> {
        let last = |stamp: &Stamp| stamp.size.checked_sub(1);
        self.kept.iter().filter_map(last).collect()
    }

    /// The log does not continue the checkpoint of this size.
    pub(super) fn forked(&mut self, size: u64) {
        self.forked.insert(size);
    }

    /// What was found in the next records.
    pub(super) fn pass(&mut self, times: Vec<(u64, i64)>, named: Vec<Named>) {
        self.times.extend(times);
        self.named.extend(named);
    }

    /// The log ends here.
    pub(super) fn finish(&self, findings: &mut Vec<Finding>) {
        self.check_ahead(findings);
        if self.named.iter().all(|named| named.said.is_some()) {
            self.check_named(findings);
        } else {
            self.check_counted(findings);
        }
    }

    /// Records under a stamped checkpoint were there when it was stamped. Times never fall: the last one is the
    /// latest, or the chain says otherwise.
    fn check_ahead(&self, findings: &mut Vec<Finding>) {
        for stamp in self.continued() {
            let last = stamp.size.checked_sub(1);
            let time = self.times.iter().find(|(seq, _)| Some(*seq) == last);
            if let Some((seq, ts)) = time
                && *ts > stamp.latest_before()
            {
                let said = format!("stamped {}", stamp.at_text());
                findings.push(Finding::at(Code::RecordAfterTimestamp, *seq).detail(said));
            }
        }
    }

    fn continued(&self) -> impl Iterator<Item = &Stamp> {
        let whole = move |stamp: &&Stamp| !self.forked.contains(&stamp.size);
        self.kept.iter().filter(whole)
    }

    /// Each record against the timestamp that it names, and each timestamp against the record that names it.
    fn check_named(&self, findings: &mut Vec<Finding>) {
        let mut named_sizes = BTreeSet::new();
        for named in &self.named {
            let Some(said) = named.said else { continue };
            let is_first = named_sizes.insert(said.size);
            let place = self.kept.binary_search_by_key(&said.size, |one| one.size);
            match place.ok().and_then(|place| self.kept.get(place)) {
                // What lies there in its place was told.
                _ if self.wrong.contains(&said.size) => {}
                None => findings.push(missing(named.seq, &format!("size {}", said.size))),
                Some(stamp) if stamp.sha256 != said.sha256 || !is_first => {
                    let finding = Finding::at(Code::TimestampUnrecorded, named.seq);
                    findings.push(finding.detail(format!("size {}: another one", said.size)));
                }
                Some(stamp) => check_back(named, stamp.earliest_after(), findings),
            }
        }
        let loose = self.kept.iter().map(|stamp| stamp.size);
        let loose = loose.filter(|size| !named_sizes.contains(size));
        findings
            .extend(loose.map(|size| {
                Finding::new(Code::TimestampUnrecorded).detail(format!("size {size}"))
            }));
    }

    /// Without the openings it is only known how many records name one. When the k-th of them was written, at least
    /// k timestamps had been given: it is not earlier than the k-th earliest.
    fn check_counted(&self, findings: &mut Vec<Finding>) {
        let (here, named) = (self.kept.len() + self.wrong.len(), self.named.len());
        if here < named {
            let last = self.named.last().map_or(0, |named| named.seq);
            findings.push(missing(last, &format!("{here} of {named}")));
        } else if here > named {
            let finding = Finding::new(Code::TimestampUnrecorded);
            findings.push(finding.detail(format!("{here} instead of {named}")));
        } else if self.wrong.is_empty() {
            let mut earliest: Vec<i64> = self.kept.iter().map(Stamp::earliest_after).collect();
            earliest.sort_unstable();
            for (named, earliest) in self.named.iter().zip(earliest) {
                check_back(named, earliest, findings);
            }
        }
    }

    pub(super) fn summary(&self) -> StampSummary {
        StampSummary {
            count: u64::try_from(self.kept.len()).unwrap_or(u64::MAX),
            newest: self.kept.last().cloned(),
        }
    }
}

fn missing(seq: u64, what: &str) -> Finding {
    Finding::at(Code::TimestampMissing, seq).detail(what)
}

/// What comes after the record is not earlier than the record, or the chain says so.
fn check_back(named: &Named, earliest: i64, findings: &mut Vec<Finding>) {
    if named.ts_micros < earliest {
        findings.push(Finding::at(Code::RecordBeforeTimestamp, named.seq));
    }
}

/// One timestamp by itself.
fn one(
    size: u64,
    kept: &Stamped,
    (chain, origin): (&KeyChain, Option<&Origin>),
    trusted: Option<&pades::verify::Trust>,
) -> Result<Stamp, Finding> {
    let wrong = |code: Code, why: &dyn std::fmt::Display| {
        Finding::new(code).detail(format!("size {size}: {why}"))
    };
    if kept.reply.len() > REPLY_BYTES_MAX {
        return Err(wrong(Code::TimestampInvalid, &"it is too long"));
    }
    let stamp = Stamp::read(&kept.note, &kept.reply, chain).map_err(|error| match &error {
        StampError::Invalid(why) => wrong(Code::TimestampInvalid, why),
        StampError::Imprint => wrong(Code::TimestampImprintMismatch, &error),
        // Whoever used the key when it was no longer in force wants to be believed.
        StampError::Checkpoint(why @ ChainError::Retired { .. }) => wrong(Code::KeyRetired, why),
        StampError::Checkpoint(why @ ChainError::Note(_)) => {
            wrong(Code::TimestampCheckpointInvalid, why)
        }
    })?;
    let of_this_log = Checkpoint::claimed(&kept.note)
        .is_ok_and(|checkpoint| origin.is_none_or(|origin| checkpoint.origin == *origin));
    if !of_this_log || stamp.size != size {
        return Err(wrong(
            Code::TimestampCheckpointInvalid,
            &"it is of another log or size",
        ));
    }
    if let Some(trusted) = trusted
        && let Err(reason) = is_trusted(&kept.note, &kept.reply, trusted)
    {
        let why = format!("{}: {}", stamp.authority, reason.as_str());
        return Err(wrong(Code::TimestampUntrusted, &why));
    }
    Ok(stamp)
}
