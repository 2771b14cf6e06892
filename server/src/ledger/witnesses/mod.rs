//! Witnesses: others who cosign the head of the log, and so remember it.
//!
//! A task follows the publisher and asks each witness that the settings name for its cosignature on
//! the newest public checkpoint (C2SP tlog-witness). What a witness cosigned is kept in the store,
//! for each by itself and together; the public checkpoint stays as it is, and nothing waits for a
//! witness. One that refuses to continue what it knows is the alarm for which there are witnesses.

mod ask;
mod stored;

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use reqwest::Client;
use storage::{Storage, StoreError};
use thiserror::Error;
use tokio::sync::watch;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use self::ask::ask;
use self::stored::Kept;
use super::publisher::{Publication, Published};
use crate::audit::note::Checkpoint;
use crate::audit::{KeyChain, NoteKey, Policy, Quorum, Witness, WitnessKey};
use crate::base::{Tasks, Timestamp};
use crate::config;
use crate::unit::Db;

pub use self::stored::{WITNESSED, cosigned_last};

/// Shortest time between two questions to a witness.
const ROUND_EVERY: Duration = Duration::from_secs(10);
/// Longest time for all of its answers in a round: a witness that is down holds nobody up.
const ASK_MAX: Duration = Duration::from_secs(9);
/// How often it is looked where nothing was published: another process may have asked meanwhile, and
/// what failed is tried again.
const LOOK_EVERY: Duration = Duration::from_secs(60);
/// Longest pause before a witness that did not cosign is asked again.
const AGAIN_MAX: Duration = Duration::from_secs(600);

/// The settings name a witness whose key is none.
#[derive(Debug, Error)]
#[error("log.witnesses: {key} is not the key of a witness, or that of another one")]
pub struct BadWitness {
    /// What they say.
    pub key: String,
}

/// The witnesses that the settings name, and how many of them must have cosigned.
#[derive(Debug, Clone, Default)]
pub struct Configured {
    /// Each with its address.
    asked: Vec<(Witness, String)>,
    count: usize,
}

impl Configured {
    /// As the settings say.
    ///
    /// # Errors
    /// Where one has no key.
    pub fn of(log: &config::Log) -> Result<Self, BadWitness> {
        let mut asked: Vec<(Witness, String)> = Vec::new();
        for one in &log.witnesses {
            let bad = || BadWitness {
                key: one.key.clone(),
            };
            let key: WitnessKey = one.key.parse().map_err(|_bad| bad())?;
            let is_known = asked.iter().any(|(known, _)| known.key.is_key_of(&key));
            if is_known || !Quorum::is_free(key.name()) {
                return Err(bad());
            }
            asked.push((Witness::of(key), one.url.clone()));
        }
        Ok(Self {
            asked,
            count: log.witness_quorum,
        })
    }

    /// Whether nobody is asked.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.asked.is_empty()
    }

    /// The keys of those who are asked.
    pub fn keys(&self) -> impl Iterator<Item = &WitnessKey> {
        self.asked.iter().map(|(witness, _)| &witness.key)
    }

    /// How many of them must have cosigned.
    #[must_use]
    pub const fn count(&self) -> usize {
        self.count
    }

    /// Which of them must have cosigned.
    fn quorum(&self) -> Quorum {
        let witnesses = self.asked.iter().map(|(witness, _)| witness.clone());
        Quorum::of(witnesses.collect(), self.count)
    }

    /// The policy of a log with these keys.
    #[must_use]
    pub fn policy(&self, keys: Vec<NoteKey>) -> Policy {
        Policy::new(keys).witnessed(self.quorum())
    }
}

/// Why a witness did not cosign.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trouble {
    /// It was not reached, or is not able to answer.
    Silent,
    /// It does not know this log or the key that signs it.
    Stranger,
    /// Its answer is none of those that a witness gives.
    Unfit,
    /// The published tiles do not prove that the log continues what it knows.
    NoProof,
    /// What it knows is not the beginning of this log: one of the two was forked.
    Forked,
    /// It knows more records than were published: the log was set back.
    SetBack,
}

impl Trouble {
    /// Whether it contradicts the log.
    #[must_use]
    pub const fn is_alarm(self) -> bool {
        match self {
            Self::Forked | Self::SetBack => true,
            Self::Silent | Self::Stranger | Self::Unfit | Self::NoProof => false,
        }
    }

    /// What happened and what to do, for the log of the server.
    const fn said(self) -> &'static str {
        match self {
            Self::Silent => "a witness of the log does not answer",
            Self::Stranger => {
                "a witness does not know this log or the key that signs it now: start it with --log and that key"
            }
            Self::Unfit => "a witness of the log gives an answer that cannot be used",
            Self::NoProof => {
                "the published tiles do not prove that the log continues what a witness knows"
            }
            Self::Forked => {
                "a witness refuses the log: it does not continue what the witness cosigned. Keep \
                 everything as it is and verify with the checkpoint that the witness has"
            }
            Self::SetBack => {
                "a witness knows more records than the log has: the log was set back. Keep everything \
                 as it is and verify with the checkpoint that the witness has"
            }
        }
    }
}

/// How a witness stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// Its public key.
    pub key: WitnessKey,
    /// How many records the newest checkpoint has that it cosigned, and when it did.
    pub cosigned: Option<(u64, Timestamp)>,
    /// Why it did not cosign a newer one, where it was asked.
    pub trouble: Option<Trouble>,
}

/// What the process knows of the witnesses of its log.
#[derive(Debug, Clone)]
pub struct Witnesses {
    configured: Arc<Configured>,
    /// When this process began to ask.
    since: Timestamp,
    state: watch::Receiver<Vec<Standing>>,
}

impl Witnesses {
    /// Starts the task that asks them, where there are any.
    pub fn start(
        db: &Db,
        storage: &Storage,
        publication: &Publication,
        configured: &Configured,
        published: watch::Receiver<Published>,
        tasks: &Tasks,
    ) -> Self {
        let standing = configured.keys().map(|key| Standing {
            key: key.clone(),
            cosigned: None,
            trouble: None,
        });
        let (state, follows) = watch::channel(standing.collect());
        let witnesses = Self {
            configured: Arc::new(configured.clone()),
            since: db.now(),
            state: follows,
        };
        if configured.is_empty() {
            return witnesses;
        }
        match ask::client() {
            Ok(client) => {
                let asker = Asker {
                    storage: storage.clone(),
                    client,
                    to: publication.clone(),
                    quorum: configured.quorum(),
                    lock: publication.lock.with_file_name("witnesses.held"),
                    asked: configured.asked.iter().map(Asked::of).collect(),
                    state,
                };
                tasks.start("witnesses", |end| asker.run(published, end));
            }
            Err(error) => {
                tracing::error!(error = %error, cause = ?error, "witnesses cannot be asked: no TLS");
            }
        }
        witnesses
    }

    /// Who the settings name.
    #[must_use]
    pub fn configured(&self) -> &Configured {
        &self.configured
    }

    /// How each of them stands.
    #[must_use]
    pub fn standing(&self) -> Vec<Standing> {
        self.state.borrow().clone()
    }

    /// How many of them must have cosigned.
    #[must_use]
    pub fn count(&self) -> usize {
        self.configured.count()
    }

    /// When this process began to ask them.
    #[must_use]
    pub const fn since(&self) -> Timestamp {
        self.since
    }
}

/// A witness, and what is known of it.
struct Asked {
    key: WitnessKey,
    url: String,
    /// What it cosigned last, as the store has it.
    kept: Option<Kept>,
    /// The size that it said itself, where it is another.
    size: Option<u64>,
    trouble: Option<Trouble>,
    /// Not asked yet by this process: what the store says of it may have been set back.
    is_new: bool,
    /// How often in a row it did not cosign, and when it is asked again.
    failures: u32,
    again: Option<Instant>,
}

impl Asked {
    fn of((witness, url): &(Witness, String)) -> Self {
        Self {
            key: witness.key.clone(),
            url: url.clone(),
            kept: None,
            size: None,
            trouble: None,
            is_new: true,
            failures: 0,
            again: None,
        }
    }

    fn standing(&self) -> Standing {
        Standing {
            key: self.key.clone(),
            cosigned: self.kept.as_ref().map(Kept::when),
            trouble: self.trouble,
        }
    }

    /// Whether it has not cosigned this checkpoint, as far as this process knows by itself, and may be asked.
    fn is_due(&self, newest: &Checkpoint, now: Instant) -> bool {
        let has = self
            .kept
            .as_ref()
            .is_some_and(|kept| kept.checkpoint == *newest);
        (self.is_new || !has) && self.again.is_none_or(|again| again <= now)
    }

    fn failed(&mut self, trouble: Trouble, now: Instant) {
        let (name, size) = (self.key.name(), self.kept.as_ref().map(|it| it.when().0));
        // An alarm is told each time, what may pass once.
        if trouble.is_alarm() {
            tracing::error!(
                log.witness = name,
                log.witness_size = size,
                "{}",
                trouble.said()
            );
        } else if self.trouble != Some(trouble) {
            tracing::warn!(
                log.witness = name,
                log.witness_size = size,
                "{}",
                trouble.said()
            );
        }
        (self.trouble, self.is_new) = (Some(trouble), false);
        let pause = ROUND_EVERY.saturating_mul(1 << self.failures.min(6));
        self.failures = self.failures.saturating_add(1);
        self.again = Some(now + pause.min(AGAIN_MAX));
    }

    fn cosigned(&mut self, kept: Kept) {
        if self.trouble.is_some() {
            tracing::info!(
                log.witness = self.key.name(),
                "a witness of the log cosigns again"
            );
        }
        (self.trouble, self.failures, self.again) = (None, 0, None);
        (self.size, self.kept, self.is_new) = (None, Some(kept), false);
    }
}

/// Why a round could not be made.
#[derive(Debug, Error)]
enum RoundError {
    /// The store.
    #[error("the object store failed")]
    Store(#[from] StoreError),
    /// The lock that keeps others from asking meanwhile.
    #[error("the lock of those who ask cannot be used")]
    Lock(#[source] std::io::Error),
    /// What witnesses cosigned together is not the beginning of this log.
    #[error("the log does not continue the checkpoint over {size} records that witnesses cosigned")]
    Forked {
        /// Its size.
        size: u64,
    },
}

/// Asks the witnesses.
struct Asker {
    storage: Storage,
    client: Client,
    /// The log: its keys, of which there may be another one with each round.
    to: Publication,
    quorum: Quorum,
    lock: std::path::PathBuf,
    asked: Vec<Asked>,
    state: watch::Sender<Vec<Standing>>,
}

impl Asker {
    async fn run(mut self, mut published: watch::Receiver<Published>, end: CancellationToken) {
        loop {
            published.borrow_and_update();
            let round = Box::pin(self.round());
            match end.run_until_cancelled(round).await {
                None => return,
                Some(Ok(())) => {}
                Some(Err(error @ RoundError::Forked { .. })) => {
                    tracing::error!(error = %error, "the log was set back or forked");
                }
                Some(Err(error)) => {
                    tracing::warn!(error = %error, cause = ?error, "witnesses could not be asked");
                }
            }
            let standing = self.asked.iter().map(Asked::standing).collect();
            self.state.send_replace(standing);
            let again = self.asked.iter().filter_map(|one| one.again).min();
            let pause = async {
                tokio::time::sleep(ROUND_EVERY).await;
                let due = async {
                    match again {
                        Some(again) => tokio::time::sleep_until(again).await,
                        None => std::future::pending().await,
                    }
                };
                tokio::select! {
                    // A closed channel is no reason to hurry: the end will be asked for.
                    Ok(()) = published.changed() => {}
                    () = due => {}
                    () = tokio::time::sleep(LOOK_EVERY) => {}
                }
            };
            if end.run_until_cancelled(pause).await.is_none() {
                return;
            }
        }
    }

    /// Asks every witness that is due, all at once. Of several processes one does: what it learns
    /// the others read in the store.
    async fn round(&mut self) -> Result<(), RoundError> {
        let held = stored::hold(&self.lock).await.map_err(RoundError::Lock)?;
        let chain = self.to.keys.chain(&self.to.origin);
        for one in &mut self.asked {
            if let Some(kept) = Kept::read(&self.storage, &chain, &one.key).await?
                && one.kept.as_ref().is_none_or(|known| known.is_older(&kept))
            {
                one.kept = Some(kept);
            }
        }
        let newest = stored::newest(&self.storage, &chain).await?;
        // Let go when this ends.
        let (Some(_held), Some((note, newest))) = (held, newest) else {
            return Ok(());
        };
        let now = Instant::now();
        let due = self.asked.iter_mut().filter(|one| one.is_due(&newest, now));
        let questions = due.map(|one| {
            let (client, storage) = (&self.client, &self.storage);
            let (note, newest) = (note.as_slice(), &newest);
            async move {
                let known = one.size.or(one.kept.as_ref().map(|kept| kept.when().0));
                let mut stands = known.unwrap_or_default();
                let to = (&one.key, one.url.as_str());
                let asking = ask((client, storage), to, (note, newest), &mut stands);
                let answer = tokio::time::timeout(ASK_MAX, asking).await;
                let answer = answer.unwrap_or(Err(Trouble::Silent));
                one.size = Some(stands).filter(|size| Some(*size) != known);
                (one, answer)
            }
        });
        let answers = join_all(questions).await;
        for (one, answer) in answers {
            match answer {
                Ok(cosignature) => {
                    let kept = Kept::new(&note, &newest, cosignature);
                    kept.write(&self.storage, &one.key).await?;
                    one.cosigned(kept);
                }
                Err(trouble) => one.failed(trouble, Instant::now()),
            }
        }
        self.gather(&chain, &note, &newest).await
    }

    /// Puts what they cosigned together into the store, where it says more than what lies there.
    async fn gather(
        &self,
        chain: &KeyChain,
        note: &[u8],
        newest: &Checkpoint,
    ) -> Result<(), RoundError> {
        let all = self.asked.iter().filter_map(|one| one.kept.as_ref());
        let same = all.filter(|kept| kept.checkpoint == *newest);
        let lines: Vec<&str> = same.map(Kept::line).collect();
        if lines.is_empty() {
            return Ok(());
        }
        let together = [note, lines.concat().as_bytes()].concat();
        stored::gather(&self.storage, (chain, &self.quorum), newest, together).await
    }
}

#[cfg(test)]
mod tests;
