//! The second log: who looked at what, and who was refused.
//!
//! Looking changes nothing, so these records are gathered for up to a second and appended together
//! under a head of their own: reading never waits for writing. A look that must not go unrecorded
//! waits for the append.

use std::collections::BTreeMap;
use std::time::Duration;

use sea_orm::{ConnectionTrait, DbBackend, Value};
use thiserror::Error;
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::audit::event::Look;
use crate::audit::leaf::{LeafDraft, Outcome, Subject as LeafSubject};
use crate::audit::log::hash_of;
use crate::audit::{LeafHash, Origin};
use crate::base::db::{DbError, sql};
use crate::base::insert::insert;
use crate::base::{Actor, DepartmentId, Tasks, Timestamp, UnitId};
use crate::http::{Kind, Problem};
use crate::unit::{Db, Unit};

/// Longest time that a look waits to be appended.
const GATHER_MAX: Duration = Duration::from_secs(1);
/// Most looks in one append.
const BATCH_MAX: usize = 256;
/// Most looks that wait; beyond, the reader waits.
const QUEUE_MAX: usize = 8192;

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
        }
    }

    /// The same at a file or a case, whose versions are not told apart here.
    #[must_use]
    pub fn at(self, id: Uuid) -> Self {
        Self {
            document: Some((id, 1)),
            ..self
        }
    }
}

/// A look cannot be recorded; then nothing may be served.
#[derive(Debug, Error)]
#[error("a look cannot be recorded")]
pub struct Unrecorded;

impl From<Unrecorded> for Problem {
    fn from(_: Unrecorded) -> Self {
        Self::new(Kind::Unavailable).retry_after_seconds(1)
    }
}

#[derive(Debug)]
struct Entry {
    looked: Looked,
    at: Timestamp,
    done: Option<oneshot::Sender<()>>,
}

/// The way into the second log.
#[derive(Debug, Clone)]
pub struct Looks {
    queue: mpsc::Sender<Entry>,
    db: Db,
}

impl Looks {
    /// Starts the task that appends.
    #[must_use]
    pub fn start(db: &Db, origin: Origin, genesis: LeafHash, tasks: &Tasks) -> Self {
        let (queue, waiting) = mpsc::channel(QUEUE_MAX);
        let log = AccessLog {
            origin,
            genesis,
            db: db.clone(),
        };
        tasks.start("access log", |end| log.run(waiting, end));
        Self {
            queue,
            db: db.clone(),
        }
    }

    /// Records a look within a second.
    pub async fn note(&self, looked: Looked) -> Result<(), Unrecorded> {
        let entry = Entry {
            looked,
            at: self.db.now(),
            done: None,
        };
        self.queue.send(entry).await.map_err(|_ended| {
            tracing::error!("a look could not be recorded: the access log has ended");
            Unrecorded
        })
    }

    /// Records a look and returns when it is durable: before the bytes are served. `false` when it
    /// could not be recorded; then nothing may be served.
    pub async fn note_first(&self, looked: Looked) -> bool {
        let (done, noted) = oneshot::channel();
        let entry = Entry {
            looked,
            at: self.db.now(),
            done: Some(done),
        };
        self.queue.send(entry).await.is_ok() && noted.await.is_ok()
    }
}

struct AccessLog {
    origin: Origin,
    genesis: LeafHash,
    db: Db,
}

impl AccessLog {
    async fn run(self, mut queue: mpsc::Receiver<Entry>, end: CancellationToken) {
        let mut gathered: Vec<Entry> = Vec::new();
        loop {
            let deadline = tokio::time::sleep(GATHER_MAX);
            tokio::pin!(deadline);
            let mut open = true;
            while gathered.len() < BATCH_MAX {
                tokio::select! {
                    () = end.cancelled() => { open = false; break; }
                    () = &mut deadline => break,
                    entry = queue.recv() => match entry {
                        Some(entry) => {
                            let urgent = entry.done.is_some();
                            gathered.push(entry);
                            if urgent { break; }
                        }
                        None => { open = false; break; }
                    },
                }
            }
            if !open {
                queue.close();
                while let Some(entry) = queue.recv().await {
                    gathered.push(entry);
                }
            }
            let appended = self.append(&mut gathered).await;
            if !open {
                if !appended {
                    tracing::error!(
                        looks = gathered.len(),
                        "looks are lost: the server has ended"
                    );
                }
                return;
            }
            if !appended {
                // A full batch would be tried again at once, without end.
                tokio::time::sleep(GATHER_MAX).await;
            }
        }
    }

    /// Appends what was gathered; what could not be appended stays and is tried again.
    async fn append(&self, gathered: &mut Vec<Entry>) -> bool {
        if gathered.is_empty() {
            return true;
        }
        let looks: Vec<_> = gathered
            .iter()
            .map(|entry| (entry.looked.clone(), entry.at))
            .collect();
        let (origin, genesis) = (self.origin.clone(), self.genesis);
        let appended: Result<(), DbError> = self
            .db
            .keep_house(async move |unit: &mut Unit| append(unit, &origin, genesis, &looks).await)
            .await;
        match appended {
            Ok(()) => {
                for entry in gathered.drain(..) {
                    if let Some(done) = entry.done
                        && done.send(()).is_err()
                    {
                        tracing::debug!("a reader has gone before the look was recorded");
                    }
                }
                true
            }
            Err(error) => {
                tracing::error!(error = %error, "the access log could not be continued");
                // Whoever waits is refused; the records themselves stay and are tried again.
                for entry in gathered.iter_mut() {
                    entry.done = None;
                }
                false
            }
        }
    }
}

fn draft(looked: &Looked) -> LeafDraft {
    let kind = match looked.look {
        Look::ReadFile | Look::TellFile => "file",
        Look::ReadCase | Look::TellCase => "case",
        Look::ReadCorrespondent => "correspondent",
        Look::SignIn
        | Look::SignInByProvider
        | Look::SignInRefused
        | Look::ReadDocument
        | Look::ReadContent
        | Look::ReadText
        | Look::ReadHistory
        | Look::List
        | Look::Search
        | Look::ReadChanges
        | Look::TellChange
        | Look::ReadLog
        | Look::ExportLog
        | Look::Refused => "document",
    };
    let subject = |(id, version)| LeafSubject {
        kind: kind.into(),
        id,
        version,
        state: None,
        blob: None,
    };
    LeafDraft {
        action: looked.look.code().into(),
        actor: looked.actor.account.raw(),
        obo: looked.actor.on_behalf_of.map(crate::base::AccountId::raw),
        role: looked.actor.role().code().into(),
        dept: looked.department.map(DepartmentId::raw),
        outcome: looked.outcome,
        req: looked.actor.request.map(crate::base::RequestId::raw),
        uow: UnitId::new().raw(),
        subjects: looked.document.map(subject).into_iter().collect(),
        private: BTreeMap::new(),
        targets: Vec::new(),
    }
}

async fn append(
    unit: &mut Unit,
    origin: &Origin,
    genesis: LeafHash,
    looks: &[(Looked, Timestamp)],
) -> Result<(), DbError> {
    let tx = unit.tx();
    let lock = if tx.get_database_backend() == DbBackend::Postgres {
        " FOR UPDATE"
    } else {
        ""
    };
    let text = format!("SELECT seq, h, ts FROM access_head WHERE id = 1{lock}");
    let (mut next, mut prev, mut last_ts, first) = match tx.query_one_raw(sql(tx, text, [])).await?
    {
        None => (0_i64, genesis, 0, true),
        Some(row) => {
            let hash: Vec<u8> = row.try_get_by_index(1)?;
            let hash = hash_of(&hash)?;
            let seq: i64 = row.try_get_by_index(0)?;
            (seq + 1, hash, row.try_get_by_index(2)?, false)
        }
    };
    let mut rows: Vec<[Value; 5]> = Vec::with_capacity(looks.len());
    for (looked, at) in looks {
        let ts = at.micros().max(last_ts);
        let draft = draft(looked);
        let seq = u64::try_from(next).map_err(|_source| DbError::Log("the head is negative"))?;
        let (leaf, hash) = draft
            .seal(seq, prev, ts, (at.micros() - ts) / 1000, origin)
            .map_err(|_source| DbError::Log("a record is too large"))?;
        let (prev_bytes, hash_bytes) = (prev.0.to_vec(), hash.0.to_vec());
        rows.push([
            next.into(),
            prev_bytes.into(),
            hash_bytes.into(),
            ts.into(),
            leaf.into(),
        ]);
        (next, prev, last_ts) = (next + 1, hash, ts);
    }
    insert(tx, "access (seq, prev, h, ts, leaf)", rows).await?;
    let text = if first {
        "INSERT INTO access_head (id, seq, h, ts) VALUES (1, $1, $2, $3)"
    } else {
        "UPDATE access_head SET seq = $1, h = $2, ts = $3 WHERE id = 1"
    };
    let values = [(next - 1).into(), prev.0.to_vec().into(), last_ts.into()];
    tx.execute_raw(sql(tx, text, values)).await?;
    Ok(())
}
