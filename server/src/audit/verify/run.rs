//! Reads, hands out chunks, and joins the results in order.

use std::collections::BTreeMap;
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use super::chunk::{self, Checked, Context};
use super::close;
use super::finding::{Code, Finding, Findings};
use super::join::Join;
use super::ledger::Tokens;
use super::report::Report;
use super::source::{Chunk, LogSource, SourceError};
use super::stamps::Stamps;
use super::witnessed::Witnessed;
use super::{Options, Trust, VerifyError};
use crate::audit::leaf::Origin;
use crate::audit::note::{Checkpoint, NoteError, NoteKey, Policy};
use crate::audit::rotation::{ChainError, Handover, HandoverError, HandoverNote, KeyChain};

/// Chunks that are read ahead of each working thread.
const CHUNKS_AHEAD: usize = 3;

pub(super) fn run(
    source: &mut dyn LogSource,
    options: &Options<'_>,
) -> Result<Report, VerifyError> {
    let mut start = Start::read(source, options)?;
    let of = (&start.chain, start.origin.as_ref());
    let trusted = options.authorities.as_ref();
    let stamps = Stamps::read(source, of, trusted, &mut start.findings)?;
    let stamped = stamps.wanted();
    let tokens = Tokens::default();
    let offers = source.offers();
    let mut join = Join::new(&start, options, offers, stamps);
    let context = Context {
        origin: start.origin.as_ref().map(Origin::as_str),
        offers,
        tokens: &tokens,
        probe: options.blobs,
        stamped: &stamped,
    };
    stream(source, &context, options, &mut join)?;
    join.finish(source)?;
    close::close(source, options, &tokens, start, join)
}

/// What is known before the first record is read.
pub(super) struct Start {
    pub(super) transported: bool,
    pub(super) files_missing: bool,
    pub(super) origin: Option<Origin>,
    /// The keys as they are trusted.
    pub(super) policy: Policy,
    /// The keys that count, with their eras, under the name that they bear in the checkpoints of this log.
    pub(super) chain: KeyChain,
    /// The log beside which this one stands, if it is a log of looks.
    beside: Option<Origin>,
    /// Handovers that the log beside it has; nothing where the records of this log tell of its own.
    pub(super) told: Option<usize>,
    /// The digests of the handovers that came with the material, good or bad.
    pub(super) handovers: Vec<String>,
    /// Trusted keys that nothing links, where no handover came with the material.
    pub(super) unlinked: Vec<String>,
    pub(super) pinned: bool,
    pub(super) checkpoint: Option<Checkpoint>,
    pub(super) key: Option<String>,
    pub(super) kept: Vec<Checkpoint>,
    pub(super) witnessed: Witnessed,
    pub(super) findings: Findings,
}

impl Start {
    fn read(source: &mut dyn LogSource, options: &Options<'_>) -> Result<Self, VerifyError> {
        let mut findings = Findings::default();
        let transport = source.transport()?;
        if let Some(transport) = &transport {
            let finding = |code| move |path: &String| Finding::new(code).detail(path);
            findings.extend(
                transport
                    .changed
                    .iter()
                    .map(finding(Code::BundleFileChanged)),
            );
            findings.extend(
                transport
                    .missing
                    .iter()
                    .map(finding(Code::BundleFileMissing)),
            );
            findings.extend(
                transport
                    .unlisted
                    .iter()
                    .map(finding(Code::BundleFileUnlisted)),
            );
        }
        let (policy, pinned) = match &options.trust {
            Trust::Pinned(policy) => (policy.clone(), true),
            Trust::FirstUse => {
                let text = source.policy()?;
                let policy = text.map_or(Ok(Policy::default()), |text| Policy::parse(&text));
                (policy.map_err(VerifyError::Policy)?, false)
            }
        };
        let named = source.origin()?;
        let keys = Keys::read(source, &policy, named.as_ref())?;
        findings.extend(keys.faults.into_iter().map(|(name, fault)| {
            Finding::new(Code::KeyHandoverInvalid).detail(format!("{name}: {fault}"))
        }));
        let mut start = Self {
            transported: transport.is_some(),
            files_missing: transport.is_some_and(|transport| !transport.missing.is_empty()),
            origin: policy
                .keys()
                .first()
                .and_then(|key| key.name().parse().ok()),
            policy,
            chain: keys.chain,
            beside: keys.beside,
            told: keys.told,
            handovers: keys.handovers,
            unlinked: keys.unlinked,
            pinned,
            checkpoint: None,
            key: None,
            kept: Vec::new(),
            witnessed: Witnessed::default(),
            findings,
        };
        start.checkpoint(source.checkpoint()?);
        if let Some(origin) = named {
            start.origin = Some(origin);
        }
        start.kept(&options.kept);
        let known = (&start.chain, start.origin.as_ref());
        let quorum = start.policy.quorum();
        start.witnessed = Witnessed::look(source, quorum, known, &mut start.findings)?;
        Ok(start)
    }

    /// The keys to one of which the first record is bound: also that of looks is bound to one under the name of the log
    /// beside it.
    pub(super) fn beginners(&self) -> impl Iterator<Item = NoteKey> {
        let name = self.origin.as_ref().map(Origin::as_str);
        self.chain.beginners().map(move |key| match &self.beside {
            Some(beside) if name == Some(key.name()) => key.named(beside),
            Some(_) | None => key.clone(),
        })
    }

    fn checkpoint(&mut self, note: Option<Vec<u8>>) {
        let Some(note) = note else { return };
        match self.chain.open(&note) {
            // Without any key there is nothing to check the signature with: missing, not wrong.
            _ if self.policy.keys().is_empty() => {
                self.checkpoint = Checkpoint::claimed(&note).ok();
            }
            Ok((checkpoint, key)) => {
                self.key = Some(format!("{}+{}", key.name(), key.id()));
                self.checkpoint = Some(checkpoint);
            }
            Err(error) => {
                self.findings.push(refused(&error));
                // What it claims is still compared: the report then shows all that does not fit.
                self.checkpoint = Checkpoint::claimed(&note).ok();
            }
        }
        if let Some(checkpoint) = &self.checkpoint {
            self.origin = Some(checkpoint.origin.clone());
        }
    }

    fn kept(&mut self, notes: &[Vec<u8>]) {
        for note in notes {
            match self.chain.open(note) {
                Ok((kept, _)) if Some(&kept.origin) == self.origin.as_ref() => self.kept.push(kept),
                Ok((kept, _)) => {
                    let other = format!("of {}", kept.origin);
                    self.findings
                        .push(Finding::new(Code::KeptCheckpointUnusable).detail(other));
                }
                // Whoever used the key when it was no longer in force wants to be believed.
                Err(error @ ChainError::Retired { .. }) => self.findings.push(refused(&error)),
                Err(error) => {
                    let finding = Finding::new(Code::KeptCheckpointUnusable).detail(error);
                    self.findings.push(finding);
                }
            }
        }
    }
}

/// The keys that count for a log, and how they are known.
struct Keys {
    chain: KeyChain,
    faults: Vec<(String, HandoverError)>,
    beside: Option<Origin>,
    told: Option<usize>,
    handovers: Vec<String>,
    unlinked: Vec<String>,
}

impl Keys {
    /// Those of the log of this name, where these are trusted.
    fn read(
        source: &mut dyn LogSource,
        policy: &Policy,
        named: Option<&Origin>,
    ) -> Result<Self, SourceError> {
        let notes = source.handovers()?;
        let handovers = notes.iter().map(|it| Handover::digest(&it.note)).collect();
        let looks = named.and_then(|it| Some((it, beside(it, policy)?)));
        let claimed = source.checkpoint()?.map(|note| Checkpoint::claimed(&note));
        let claimed = claimed.and_then(Result::ok).map(|it| it.origin);
        let name = looks.as_ref().map(|(_, other)| other);
        let policy = &own(policy, name.or(named).or(claimed.as_ref()));
        let Some((origin, other)) = looks else {
            let (chain, mut faults) = KeyChain::build(policy, &notes);
            return Ok(Self {
                unlinked: unlinked(&notes, &mut faults),
                chain,
                faults,
                beside: None,
                told: None,
                handovers,
            });
        };
        // Any trusted key leads to the others by the handovers of the log beside it. What is wrong with those is said
        // of that log.
        let (of_changes, wrong) = KeyChain::build(policy, &source.handovers_beside()?);
        let trusted = policy.with_keys(of_changes.keys()).under(origin);
        let (chain, mut faults) = KeyChain::build(&trusted, &notes);
        if notes.is_empty() {
            // Only keys that the caller named must be linked: of others their number says that handovers are missing.
            faults = KeyChain::build(&policy.under(origin), &notes).1;
        } else if faults.is_empty() && wrong.is_empty() {
            faults = chain.apart(&notes, &of_changes);
        }
        Ok(Self {
            unlinked: unlinked(&notes, &mut faults),
            chain,
            faults,
            beside: Some(other),
            told: Some(of_changes.handovers().len()),
            handovers,
        })
    }
}

/// Takes the keys that nothing links out of what is wrong, where there is no handover at all: what was made before the
/// log went over has none and is not tampered with, and what was robbed of its handovers looks the same.
fn unlinked(notes: &[HandoverNote], faults: &mut Vec<(String, HandoverError)>) -> Vec<String> {
    let mut unlinked = Vec::new();
    faults.retain(|(_, fault)| match fault {
        HandoverError::Unlinked { key } if notes.is_empty() => {
            unlinked.push(key.clone());
            false
        }
        HandoverError::Unlinked { .. }
        | HandoverError::Malformed
        | HandoverError::Signature { .. }
        | HandoverError::Foreign { .. }
        | HandoverError::NotNext { .. }
        | HandoverError::SetBack { .. }
        | HandoverError::Again { .. }
        | HandoverError::Apart { .. }
        | HandoverError::Ahead { .. } => true,
    });
    unlinked
}

/// The policy with the keys of the log of this name alone, where it has any: those of other logs say nothing of it.
fn own(policy: &Policy, name: Option<&Origin>) -> Policy {
    let of_it = |key: &&NoteKey| name.is_some_and(|name| name.as_str() == key.name());
    let keys: Vec<NoteKey> = policy.keys().iter().filter(of_it).cloned().collect();
    if keys.is_empty() {
        return policy.clone();
    }
    policy.with_keys(keys)
}

/// The log beside which the log of this name stands, if it is that of its looks and a key of that log is trusted.
fn beside(origin: &Origin, policy: &Policy) -> Option<Origin> {
    let mut keys = policy.keys().iter();
    let key = keys.find(|key| origin.is_of_looks_beside(key.name()))?;
    key.name().parse().ok()
}

/// What is said of a checkpoint that does not open under the keys.
pub(super) fn refused(error: &ChainError) -> Finding {
    match error {
        ChainError::Note(error) => Finding::new(code_of(error)),
        ChainError::Retired { .. } => Finding::new(Code::KeyRetired).detail(error),
    }
}

fn code_of(error: &NoteError) -> Code {
    match error {
        NoteError::UnknownKey => Code::KeyUnknown,
        NoteError::BadSignature { .. } => Code::CheckpointSignatureInvalid,
        NoteError::Malformed
        | NoteError::NotACheckpoint
        | NoteError::BadKey
        | NoteError::BadPolicy { .. }
        | NoteError::Exposed
        | NoteError::File(_)
        | NoteError::Random(_) => Code::CheckpointMalformed,
    }
}

type Job = (usize, Chunk);
type Done = (usize, Result<Checked, SourceError>);

/// Reads chunks, has them checked by all cores, and joins the results in order.
fn stream(
    source: &mut dyn LogSource,
    context: &Context<'_>,
    options: &Options<'_>,
    join: &mut Join<'_>,
) -> Result<(), VerifyError> {
    let cores = thread::available_parallelism().map_or(1, usize::from);
    let workers = options.workers.unwrap_or(cores).max(1);
    let ahead = workers * CHUNKS_AHEAD;
    thread::scope(|scope| {
        let (jobs, queue) = sync_channel::<Job>(ahead);
        let (results, done) = channel::<Done>();
        let queue = Arc::new(Mutex::new(queue));
        for _ in 0..workers {
            let (queue, results) = (Arc::clone(&queue), results.clone());
            scope.spawn(move || work(&queue, &results, context));
        }
        drop(results);
        feed(source, &jobs, &done, ahead, options, join)
    })
}

fn work(queue: &Mutex<Receiver<Job>>, results: &Sender<Done>, context: &Context<'_>) {
    loop {
        let job = queue.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok((number, chunk)) = job else { return };
        if results
            .send((number, chunk::check(chunk, context)))
            .is_err()
        {
            return;
        }
    }
}

fn feed(
    source: &mut dyn LogSource,
    jobs: &SyncSender<Job>,
    done: &Receiver<Done>,
    ahead: usize,
    options: &Options<'_>,
    join: &mut Join<'_>,
) -> Result<(), VerifyError> {
    let (mut sent, mut joined) = (0, 0);
    let mut waiting: BTreeMap<usize, Checked> = BTreeMap::new();
    let mut more = true;
    while more || joined < sent {
        while more && sent - joined < ahead {
            match source.next_chunk()? {
                Some(chunk) => {
                    // The workers live as long as this channel; they cannot have gone.
                    if jobs.send((sent, chunk)).is_err() {
                        more = false;
                    }
                    sent += 1;
                }
                None => more = false,
            }
        }
        if joined < sent {
            let Ok((number, checked)) = done.recv() else {
                break;
            };
            waiting.insert(number, checked?);
        }
        while let Some(checked) = waiting.remove(&joined) {
            join.add(checked, source)?;
            joined += 1;
            (options.progress)(join.records());
        }
    }
    Ok(())
}
