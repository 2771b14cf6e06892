//! What comes after the last record: naming entities, making proofs, drawing the sum.

use std::collections::BTreeSet;

use super::finding::{Code, Finding, Weight};
use super::join::Join;
use super::ledger::{Names, Tokens};
use super::report::{Check, CheckpointSummary, Reason, Report, Status};
use super::run::Start;
use super::source::{LogSource, Offers, Presence, SourceError};
use super::{Options, Proofs, VerifyError};
use crate::audit::leaf::LeafView;
use crate::audit::leaf::Origin;
use crate::audit::merkle::{self, Hash, HashReader as _};
use crate::audit::note::Checkpoint;
use crate::audit::tile::{Tile, TileError, TileHashes, TileReader, entries};

pub(super) fn close(
    source: &mut dyn LogSource,
    options: &Options<'_>,
    tokens: &Tokens,
    start: Start,
    mut join: Join<'_>,
) -> Result<Report, VerifyError> {
    let offers = source.offers();
    let unbalanced = join.ledger.unbalanced();
    let readable = !join.broken && !join.unreadable();
    if offers.states == Presence::Present && readable && !unbalanced.is_empty() {
        name_entities(source, tokens, unbalanced, &mut join)?;
    }
    let proofs = prove(source, options, &start, &mut join)?;
    Ok(report(start, join, proofs, options, offers))
}

/// Reads the log a second time, for the entities whose states do not add up.
fn name_entities(
    source: &mut dyn LogSource,
    tokens: &Tokens,
    buckets: BTreeSet<u16>,
    join: &mut Join<'_>,
) -> Result<(), VerifyError> {
    let mut names = Names::new(tokens, buckets);
    source.rewind()?;
    while let Some(chunk) = source.next_chunk()? {
        for leaf in entries(&chunk.entries).flatten() {
            let Ok(view) = LeafView::parse(leaf) else {
                continue;
            };
            for subject in view.subjects().filter(|subject| subject.state.is_some()) {
                names.record(view.seq, subject.id, subject.version);
            }
        }
        chunk
            .states
            .iter()
            .for_each(|fact| names.state(fact.entity, fact.version));
    }
    names.finish(&mut join.findings, &join.unrecorded);
    Ok(())
}

/// Tiles of a source.
struct Tiles<'a>(&'a mut dyn LogSource);

impl TileReader for Tiles<'_> {
    type Error = SourceError;

    fn tile(&mut self, tile: Tile) -> Result<Option<Vec<u8>>, SourceError> {
        self.0.tile(tile)
    }
}

/// How proving went.
struct Proven {
    count: u64,
    status: Status,
}

/// Makes proofs from the published tiles, as a third party would, and checks them.
fn prove(
    source: &mut dyn LogSource,
    options: &Options<'_>,
    start: &Start,
    join: &mut Join<'_>,
) -> Result<Proven, VerifyError> {
    let not = |reason| {
        Ok(Proven {
            count: 0,
            status: Status::NotChecked(reason),
        })
    };
    let Some(checkpoint) = start.checkpoint.as_ref() else {
        return not(no_checkpoint(source.offers()));
    };
    let failed = [Weight::Tampering, Weight::Missing]
        .iter()
        .any(|weight| join.findings.weigh(Check::Tree, *weight));
    if options.proofs == Proofs::None {
        return not(Reason::NotAsked);
    }
    if source.offers().tiles == Presence::Absent {
        return not(Reason::NotOffered);
    }
    if failed || join.broken || start.files_missing {
        return not(Reason::EarlierFailed);
    }
    let mut tiles = Tiles(source);
    let mut hashes = TileHashes::new(checkpoint.size, &mut tiles);
    match proofs(&mut hashes, checkpoint, options, &start.kept, join) {
        Ok(count) => Ok(Proven {
            count,
            status: Status::Ok,
        }),
        Err(TileError::Read(error)) => Err(VerifyError::Source(error)),
        Err(TileError::Missing(path) | TileError::Length(path)) => {
            join.findings
                .push(Finding::new(Code::TileMissing).detail(path));
            not(Reason::MaterialMissing)
        }
    }
}

fn proofs(
    hashes: &mut TileHashes<'_, Tiles<'_>>,
    checkpoint: &Checkpoint,
    options: &Options<'_>,
    kept: &[Checkpoint],
    join: &mut Join<'_>,
) -> Result<u64, TileError<SourceError>> {
    let (size, root) = (checkpoint.size, &checkpoint.root);
    let wanted = match options.proofs {
        Proofs::None => 0,
        Proofs::Sample(count) => u64::from(count).min(size),
        Proofs::All => size,
    };
    let mut count = 0;
    for number in 0..wanted {
        let seq = spread(number, wanted, size);
        let leaf = hashes.hash(0, seq)?;
        let proof = merkle::inclusion(seq, size, hashes)?.unwrap_or_default();
        if merkle::verify_inclusion(seq, size, &leaf, &proof, root).is_err() {
            join.findings
                .push(Finding::at(Code::InclusionProofFailed, seq));
        }
        count += 1;
    }
    for old in kept.iter().filter(|old| old.size <= size) {
        let proof = merkle::consistency(old.size, size, hashes)?.unwrap_or_default();
        let fits = merkle::verify_consistency(old.size, size, &old.root, root, &proof).is_ok();
        // A fork is named as such where the checkpoint is compared; here only the proof counts.
        if !fits && !join.findings.has(Code::ForkAgainstKeptCheckpoint) {
            join.findings
                .push(Finding::at(Code::ConsistencyProofFailed, old.size));
        }
        count += 1;
    }
    Ok(count)
}

/// The place of a sample: evenly spread from the first to the last record.
fn spread(number: u64, wanted: u64, size: u64) -> u64 {
    let last = u128::from(wanted.saturating_sub(1).max(1));
    let place = u128::from(number) * u128::from(size - 1) / last;
    u64::try_from(place).unwrap_or(size - 1)
}

fn report(
    start: Start,
    join: Join<'_>,
    proven: Proven,
    options: &Options<'_>,
    offers: Offers,
) -> Report {
    let base = statuses(&start, &join, &proven, options, offers);
    let records = join.records();
    let size = start
        .checkpoint
        .as_ref()
        .map_or(0, |checkpoint| checkpoint.size);
    let key = start.key;
    let summary = |it: Checkpoint| CheckpointSummary {
        size: it.size,
        root: it.root,
        key,
    };
    Report {
        origin: start.origin.as_ref().map(Origin::to_string),
        records,
        head: join
            .link
            .map(|link| link.hash)
            .filter(|hash| *hash != Hash::default()),
        checkpoint: start.checkpoint.map(summary),
        witnessed: start.witnessed.summary,
        tail: records.saturating_sub(size),
        openings: join.counts,
        states: join.states,
        proofs: proven.count,
        timestamps: join.stamps.summary(),
        findings: join.findings,
        base,
    }
}

/// A log that is never signed lacks no signature.
const fn no_checkpoint(offers: Offers) -> Reason {
    match offers.checkpoints {
        Presence::Absent => Reason::NotOffered,
        Presence::Present => Reason::NoCheckpoint,
    }
}

/// Timestamps of nobody whom the caller trusts show that the archive is of one piece with them, no more.
fn timestamps(join: &Join<'_>) -> Status {
    let stamps = &join.stamps;
    if !stamps.offered || stamps.kept().is_empty() {
        Status::NotChecked(Reason::NotOffered)
    } else if join.broken {
        Status::NotChecked(Reason::EarlierFailed)
    } else if stamps.vouched {
        Status::Ok
    } else {
        Status::NotChecked(Reason::AuthorityNotVouched)
    }
}

fn statuses(
    start: &Start,
    join: &Join<'_>,
    proven: &Proven,
    options: &Options<'_>,
    offers: Offers,
) -> Vec<(Check, Status)> {
    let not = Status::NotChecked;
    let files = if start.files_missing {
        not(Reason::MaterialMissing)
    } else {
        Status::Ok
    };
    let signature = match (&start.checkpoint, start.pinned) {
        (None, _) => not(no_checkpoint(offers)),
        (Some(_), _) if start.policy.keys().is_empty() => not(Reason::MaterialMissing),
        (Some(_), true) => Status::Ok,
        (Some(_), false) => not(Reason::KeyNotPinned),
    };
    let tree = if start.checkpoint.is_some() {
        files
    } else {
        not(no_checkpoint(offers))
    };
    let nothing_opened = join.counts.checked == 0 && join.counts.withheld > 0;
    let openings = match offers.openings {
        Presence::Absent => not(Reason::NotOffered),
        Presence::Present if nothing_opened => not(Reason::Withheld),
        Presence::Present => Status::Ok,
    };
    let states = match offers.states {
        Presence::Absent => not(Reason::NotOffered),
        Presence::Present if join.broken || join.unreadable() => not(Reason::EarlierFailed),
        Presence::Present => Status::Ok,
    };
    let blobs = match (options.blobs, offers.openings) {
        (None, _) => not(Reason::NotAsked),
        (Some(_), Presence::Absent) => not(Reason::NotOffered),
        (Some(_), Presence::Present) => Status::Ok,
    };
    // After a gap the places of records are unknown, so memory cannot be compared with them.
    let remembered = |given: bool| match (given, join.broken) {
        (false, _) => not(Reason::NotAsked),
        (true, true) => not(Reason::EarlierFailed),
        (true, false) => Status::Ok,
    };
    vec![
        (
            Check::Transport,
            if start.transported {
                Status::Ok
            } else {
                not(Reason::NotOffered)
            },
        ),
        (Check::Signature, signature),
        (Check::Chain, files),
        (Check::Tree, tree),
        (Check::Proofs, proven.status),
        (Check::Openings, openings),
        (Check::States, states),
        (Check::Blobs, blobs),
        (Check::Kept, remembered(!start.kept.is_empty())),
        (
            Check::Witnesses,
            start.witnessed_status(offers, join.broken),
        ),
        (Check::Receipts, remembered(!options.receipts.is_empty())),
        (Check::Timestamps, timestamps(join)),
    ]
}
