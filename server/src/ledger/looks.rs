//! The second log: who looked at what, and who was refused.
//!
//! Looking changes nothing, so these records are gathered for up to a second and appended together
//! under a head of their own: reading never waits for writing. A look that must not go unrecorded
//! waits for the append; which do, stands in `policy`.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use thiserror::Error;
use tokio::sync::{mpsc, oneshot, watch};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::access_log;
use super::policy::{Way, weigh};
use super::publisher::{Contradiction, Published};
use crate::audit::event::Look;
use crate::audit::leaf::Outcome;
use crate::audit::{LeafHash, Origin};
use crate::base::db::DbError;
use crate::base::{AccountId, Actor, DepartmentId, InspectionId, Tasks, Timestamp};
use crate::config::AccessLog as Policy;
use crate::http::{Kind, Problem};
use crate::unit::{Db, Unit};

/// Longest time that a look waits to be appended.
const GATHER_MAX: Duration = Duration::from_secs(1);
/// Most looks in one append.
const BATCH_MAX: usize = 256;
/// Most looks that wait; beyond, the reader waits.
const QUEUE_MAX: usize = 8192;
/// Most refusals of one account that are recorded in a minute; the rest is counted.
pub const REFUSALS_PER_MINUTE_MAX: u32 = 120;
/// Accounts whose refusals are counted; beyond, the counting begins anew.
const REFUSED_ACCOUNTS_MAX: usize = 4_096;
/// How long whoever looks waits, just after a start, until it is known whether the log is the one that was signed.
const COMPARED_WITHIN: Duration = Duration::from_secs(5);
/// Most things in one record: it has at most 8 KiB.
pub(super) const SHOWN_MAX: usize = 60;

/// Something that was shown in a list or as a hit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shown {
    /// What it is: `file`, `case`, `document`.
    pub kind: &'static str,
    /// Its id.
    pub id: Uuid,
    /// Its version.
    pub version: u64,
    /// Whether it stands in a compartment.
    pub hidden: bool,
}

/// One look.
#[derive(Debug, Clone)]
pub struct Looked {
    /// What was done.
    pub look: Look,
    /// By whom.
    pub actor: Actor,
    /// Where.
    pub department: Option<DepartmentId>,
    /// At what, with its version: a file or a case where the look says so, else a document.
    pub document: Option<(Uuid, u64)>,
    /// Whether it was allowed.
    pub outcome: Outcome,
    /// What a list or a search showed, as far as it is recorded one by one.
    pub shown: Vec<Shown>,
    /// Under which inspections; found out when it is noted.
    pub under: Vec<InspectionId>,
}

impl Looked {
    /// A look at nothing in particular.
    #[must_use]
    pub fn of(look: Look, actor: &Actor) -> Self {
        Self {
            look,
            actor: actor.clone(),
            department: None,
            document: None,
            outcome: if matches!(look, Look::Refused | Look::SignInRefused) {
                Outcome::Refused
            } else {
                Outcome::Ok
            },
            shown: Vec::new(),
            under: Vec::new(),
        }
    }

    /// The same at a file or a case, whose versions are not told apart here.
    #[must_use]
    pub fn at(self, id: Uuid) -> Self {
        self.at_version(id, 1)
    }

    /// The same at something in this version.
    #[must_use]
    pub fn at_version(self, id: Uuid, version: u64) -> Self {
        Self {
            document: Some((id, version)),
            ..self
        }
    }

    /// The same in a department.
    #[must_use]
    pub fn within(self, department: DepartmentId) -> Self {
        Self {
            department: Some(department),
            ..self
        }
    }

    /// The same with what was shown.
    #[must_use]
    pub fn showing(self, shown: Vec<Shown>) -> Self {
        Self { shown, ..self }
    }
}

/// A look cannot be recorded; then nothing may be served.
#[derive(Debug, Error)]
#[error("a look cannot be recorded")]
pub struct Unrecorded;

impl From<Unrecorded> for Problem {
    fn from(_: Unrecorded) -> Self {
        Self::new(Kind::AccessLogUnavailable).retry_after_seconds(1)
    }
}

#[derive(Debug)]
pub(super) struct Entry {
    pub(super) looked: Looked,
    pub(super) at: Timestamp,
    done: Option<oneshot::Sender<()>>,
}

/// What goes wrong with the second log, for whoever watches.
#[derive(Debug, Default)]
struct Figures {
    /// Looks that wait since the last append failed.
    waiting: AtomicU64,
    /// Looks that went on and are lost.
    lost: AtomicU64,
    /// Refusals beyond those that are recorded.
    refusals: AtomicU64,
}

/// The refusals of each account in the minute that runs.
type Refused = HashMap<AccountId, (i64, u32)>;

/// The way into the second log.
#[derive(Debug, Clone)]
pub struct Looks {
    queue: mpsc::Sender<Entry>,
    db: Db,
    policy: Arc<Policy>,
    figures: Arc<Figures>,
    refused: Arc<Mutex<Refused>>,
    /// How far the log is signed; nothing where this process does not publish it.
    published: Option<watch::Receiver<Published>>,
}

impl Looks {
    /// Starts the task that appends.
    #[must_use]
    pub fn start(
        db: &Db,
        (origin, genesis): (Origin, LeafHash),
        policy: Policy,
        tasks: &Tasks,
    ) -> Self {
        let (queue, waiting) = mpsc::channel(QUEUE_MAX);
        let figures = Arc::<Figures>::default();
        let log = AccessLog {
            origin,
            genesis,
            db: db.clone(),
            figures: Arc::clone(&figures),
        };
        tasks.start("access log", |end| log.run(waiting, end));
        let older = db.clone();
        tasks.start("older looks", |end| async move {
            access_log::note_older(&older, &end).await;
        });
        Self {
            queue,
            db: db.clone(),
            policy: Arc::new(policy),
            figures,
            refused: Arc::default(),
            published: None,
        }
    }

    /// The same that heeds how the log is published: while it is not the one that was signed, or that is not known yet,
    /// nothing is shown that must be recorded first, for a record in such a log proves nothing.
    #[must_use]
    pub fn heeding(self, published: watch::Receiver<Published>) -> Self {
        Self {
            published: Some(published),
            ..self
        }
    }

    /// How far the log is signed, as far as this process knows.
    #[must_use]
    pub fn published(&self) -> Published {
        let published = self.published.as_ref();
        published.map_or_else(Published::default, |published| *published.borrow())
    }

    /// Looks that wait since the last append failed, and looks that are lost.
    #[must_use]
    pub fn unrecorded(&self) -> (u64, u64) {
        let read = |figure: &AtomicU64| figure.load(Ordering::Relaxed);
        (read(&self.figures.waiting), read(&self.figures.lost))
    }

    /// Refusals that were counted and not recorded one by one.
    #[must_use]
    pub fn refusals_unrecorded(&self) -> u64 {
        self.figures.refusals.load(Ordering::Relaxed)
    }

    /// Records a look as its class asks for: within a second, or before anything is served.
    pub async fn note(&self, looked: Looked) -> Result<(), Unrecorded> {
        if looked.look == Look::Refused && !self.is_worth_a_record(looked.actor.account) {
            return Ok(());
        }
        let weighed = weigh(self.db.read(), &self.policy, looked).await;
        let (looked, way) = weighed.map_err(|error| {
            tracing::error!(error = %error, "it could not be found out how a look is recorded");
            Unrecorded
        })?;
        match way {
            Way::NotAtAll => Ok(()),
            Way::First => {
                if self.note_first(looked).await {
                    Ok(())
                } else {
                    Err(Unrecorded)
                }
            }
            Way::Gathered => self.gather(looked),
        }
    }

    /// Puts a look where it is appended within a second. Whoever reads does not wait: where there is no
    /// room because nothing can be appended, the look is lost, and counted.
    fn gather(&self, looked: Looked) -> Result<(), Unrecorded> {
        let entry = Entry {
            looked,
            at: self.db.now(),
            done: None,
        };
        match self.queue.try_send(entry) {
            Ok(()) => Ok(()),
            Err(mpsc::error::TrySendError::Full(_)) => {
                self.figures.lost.fetch_add(1, Ordering::Relaxed);
                tracing::error!("a look is lost: the access log is full");
                Ok(())
            }
            Err(mpsc::error::TrySendError::Closed(_)) => {
                tracing::error!("a look could not be recorded: the access log has ended");
                Err(Unrecorded)
            }
        }
    }

    /// Whether the looks are those that were signed. Just after a start nobody has held them against their lock yet:
    /// that is waited for, for a while. What is not known then is no yes.
    async fn are_the_signed_ones(&self) -> bool {
        let Some(published) = &self.published else {
            return true;
        };
        let mut published = published.clone();
        let known = published.wait_for(|now| now.contradiction != Contradiction::NotLookedFor);
        let known = tokio::time::timeout(COMPARED_WITHIN, known).await;
        // An error is that it takes longer, or that nobody looks any more.
        known.is_ok_and(|known| known.is_ok_and(|now| now.contradiction == Contradiction::NotFound))
    }

    /// Records a look and returns when it is durable: before the bytes are served. `false` when it
    /// could not be recorded, or not in the log that was signed; then nothing may be served.
    pub async fn note_first(&self, looked: Looked) -> bool {
        if !self.are_the_signed_ones().await {
            let refused = Looked {
                outcome: Outcome::Refused,
                ..looked
            };
            if self.gather(refused).is_err() {
                tracing::debug!("the access log has ended before a refusal was recorded");
            }
            return false;
        }
        let (done, noted) = oneshot::channel();
        let entry = Entry {
            looked,
            at: self.db.now(),
            done: Some(done),
        };
        self.queue.send(entry).await.is_ok() && noted.await.is_ok()
    }

    /// Whether a refusal is recorded by itself: nobody fills the log by asking for what he may not.
    fn is_worth_a_record(&self, account: AccountId) -> bool {
        // Those without an account are counted by their address.
        if account.raw().is_nil() {
            return true;
        }
        let minute = self.db.now().micros().div_euclid(60_000_000);
        let mut refused = self.refused.lock().unwrap_or_else(PoisonError::into_inner);
        if refused.len() >= REFUSED_ACCOUNTS_MAX && !refused.contains_key(&account) {
            refused.clear();
        }
        let counted = refused.entry(account).or_insert((minute, 0));
        if counted.0 != minute {
            *counted = (minute, 0);
        }
        counted.1 = counted.1.saturating_add(1);
        let within = counted.1 <= REFUSALS_PER_MINUTE_MAX;
        if !within {
            self.figures.refusals.fetch_add(1, Ordering::Relaxed);
        }
        if counted.1 == REFUSALS_PER_MINUTE_MAX + 1 {
            tracing::warn!(%account, "refusals are counted and no longer recorded one by one");
        }
        within
    }
}

struct AccessLog {
    origin: Origin,
    genesis: LeafHash,
    db: Db,
    figures: Arc<Figures>,
}

impl AccessLog {
    async fn run(self, mut queue: mpsc::Receiver<Entry>, end: CancellationToken) {
        let mut gathered: Vec<Entry> = Vec::new();
        while gather(&mut queue, &mut gathered, &end).await {
            if self.append(&mut gathered).await {
                continue;
            }
            self.turn_away(&mut queue, &mut gathered);
            // A full batch would be tried again at once, without end.
            tokio::select! {
                () = end.cancelled() => {}
                () = tokio::time::sleep(GATHER_MAX) => {}
            }
        }
        queue.close();
        while let Some(entry) = queue.recv().await {
            gathered.push(entry);
        }
        while !gathered.is_empty() {
            if !self.append(&mut gathered).await {
                tracing::error!(
                    looks = gathered.len(),
                    "looks are lost: the server has ended"
                );
                return;
            }
        }
    }

    /// Appends the first of what was gathered, as many as fit in one append; what could not be appended stays
    /// and is tried again.
    async fn append(&self, gathered: &mut Vec<Entry>) -> bool {
        let batch = gathered.len().min(BATCH_MAX);
        let looks: Vec<_> = gathered
            .iter()
            .take(batch)
            .map(|entry| (entry.looked.clone(), entry.at))
            .collect();
        if looks.is_empty() {
            return true;
        }
        let (origin, genesis) = (self.origin.clone(), self.genesis);
        let appended: Result<(), DbError> = self
            .db
            .keep_house(async move |unit: &mut Unit| {
                access_log::append(unit, &origin, genesis, &looks).await
            })
            .await;
        if let Err(error) = appended {
            tracing::error!(error = %error, "the access log could not be continued");
            return false;
        }
        for entry in gathered.drain(..batch) {
            if let Some(done) = entry.done
                && done.send(()).is_err()
            {
                tracing::debug!("a reader has gone before the look was recorded");
            }
        }
        self.figures
            .waiting
            .store(count(gathered), Ordering::Relaxed);
        true
    }

    /// What waits while nothing can be appended: whoever waits for it is refused, and that is what will stand
    /// there; the records themselves stay and are tried again, as many as there is room for.
    fn turn_away(&self, queue: &mut mpsc::Receiver<Entry>, gathered: &mut Vec<Entry>) {
        for _ in 0..QUEUE_MAX {
            let Ok(entry) = queue.try_recv() else {
                break;
            };
            if gathered.len() < QUEUE_MAX {
                gathered.push(entry);
            } else {
                // Who waits for it is refused: the other end of `done` goes with it.
                self.figures.lost.fetch_add(1, Ordering::Relaxed);
            }
        }
        for entry in gathered.iter_mut() {
            if entry.done.take().is_some() {
                entry.looked.outcome = Outcome::Refused;
            }
        }
        self.figures
            .waiting
            .store(count(gathered), Ordering::Relaxed);
    }
}

fn count(gathered: &[Entry]) -> u64 {
    u64::try_from(gathered.len()).unwrap_or(u64::MAX)
}

/// Gathers looks until there is something to append; `false` when the server ends.
async fn gather(
    queue: &mut mpsc::Receiver<Entry>,
    gathered: &mut Vec<Entry>,
    end: &CancellationToken,
) -> bool {
    let deadline = tokio::time::sleep(GATHER_MAX);
    tokio::pin!(deadline);
    while gathered.len() < BATCH_MAX {
        tokio::select! {
            () = end.cancelled() => return false,
            () = &mut deadline => break,
            entry = queue.recv() => {
                let Some(entry) = entry else {
                    return false;
                };
                let urgent = entry.done.is_some();
                gathered.push(entry);
                if urgent {
                    break;
                }
            }
        }
    }
    !end.is_cancelled()
}
