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
use crate::audit::note::{Checkpoint, NoteError, Policy};

/// Chunks that are read ahead of each working thread.
const CHUNKS_AHEAD: usize = 3;

pub(super) fn run(
    source: &mut dyn LogSource,
    options: &Options<'_>,
) -> Result<Report, VerifyError> {
    let mut start = Start::read(source, options)?;
    let of = (&start.policy, start.origin.as_ref());
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
    pub(super) policy: Policy,
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
        let mut start = Self {
            transported: transport.is_some(),
            files_missing: transport.is_some_and(|transport| !transport.missing.is_empty()),
            origin: policy
                .keys()
                .first()
                .and_then(|key| key.name().parse().ok()),
            policy,
            pinned,
            checkpoint: None,
            key: None,
            kept: Vec::new(),
            witnessed: Witnessed::default(),
            findings,
        };
        start.checkpoint(source.checkpoint()?);
        if let Some(origin) = source.origin()? {
            start.origin = Some(origin);
        }
        start.kept(&options.kept);
        let origin = start.origin.as_ref();
        start.witnessed = Witnessed::look(source, &start.policy, origin, &mut start.findings)?;
        Ok(start)
    }

    fn checkpoint(&mut self, note: Option<Vec<u8>>) {
        let Some(note) = note else { return };
        match Checkpoint::open(&note, &self.policy) {
            // Without any key there is nothing to check the signature with: missing, not wrong.
            _ if self.policy.keys().is_empty() => {
                self.checkpoint = Checkpoint::claimed(&note).ok();
            }
            Ok((checkpoint, key)) => {
                self.key = Some(format!("{}+{}", key.name(), key.id()));
                self.checkpoint = Some(checkpoint);
            }
            Err(error) => {
                self.findings.push(Finding::new(code_of(&error)));
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
            match Checkpoint::open(note, &self.policy) {
                Ok((kept, _)) if Some(&kept.origin) == self.origin.as_ref() => self.kept.push(kept),
                Ok((kept, _)) => {
                    let other = format!("of {}", kept.origin);
                    self.findings
                        .push(Finding::new(Code::KeptCheckpointUnusable).detail(other));
                }
                Err(error) => {
                    let finding = Finding::new(Code::KeptCheckpointUnusable).detail(error);
                    self.findings.push(finding);
                }
            }
        }
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
