//! What someone outside remembers of the log: receipts.

use super::finding::{Code, Finding};
use crate::audit::merkle::Hash;

/// Most receipts that are read from a file.
pub const RECEIPTS_MAX: usize = 10_000_000;

/// Receipts `(seq, h)`: what mutating answers, webhooks and feeds gave to others.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Receipts {
    sorted: Vec<(u64, Hash)>,
}

/// A line that is not a receipt.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line} is not a receipt; expected seq,hash")]
pub struct BadReceipts {
    /// The line, from 1.
    pub line: usize,
}

impl Receipts {
    /// Receipts in any order.
    pub fn new(mut receipts: Vec<(u64, Hash)>) -> Self {
        receipts.sort_unstable();
        receipts.dedup();
        Self { sorted: receipts }
    }

    /// Reads lines `seq,hash`; empty lines and lines that begin with `#` are skipped.
    pub fn parse(text: &str) -> Result<Self, BadReceipts> {
        let mut receipts = Vec::new();
        for (index, line) in text.lines().enumerate() {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let receipt = line.split_once(',').and_then(|(seq, hash)| {
                Some((seq.trim().parse().ok()?, hash.trim().parse().ok()?))
            });
            match receipt {
                Some(receipt) if receipts.len() < RECEIPTS_MAX => receipts.push(receipt),
                Some(_) | None => return Err(BadReceipts { line: index + 1 }),
            }
        }
        Ok(Self::new(receipts))
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.sorted.is_empty()
    }
}

/// Walks along the log and compares.
#[derive(Debug)]
pub(super) struct Walk<'a> {
    rest: &'a [(u64, Hash)],
}

impl<'a> Walk<'a> {
    pub(super) fn new(receipts: &'a Receipts) -> Self {
        Self {
            rest: &receipts.sorted,
        }
    }

    /// Records from `first` on have these hashes.
    pub(super) fn pass(&mut self, first: u64, hashes: &[Hash], findings: &mut Vec<Finding>) {
        let end = first + u64::try_from(hashes.len()).unwrap_or(u64::MAX);
        while let Some(((seq, hash), rest)) = self.rest.split_first().filter(|it| it.0.0 < end) {
            let place = seq
                .checked_sub(first)
                .and_then(|place| usize::try_from(place).ok());
            if place.and_then(|place| hashes.get(place)) != Some(hash) {
                findings.push(Finding::at(Code::ReceiptNotInLog, *seq));
            }
            self.rest = rest;
        }
    }

    /// The log ends here.
    pub(super) fn finish(&mut self, findings: &mut Vec<Finding>) {
        let rest = std::mem::take(&mut self.rest);
        findings.extend(
            rest.iter()
                .map(|(seq, _)| Finding::at(Code::ReceiptNotInLog, *seq)),
        );
    }
}
