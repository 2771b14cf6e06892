//! The index follows the log: what it has applied stands in its own commit, so it may be killed at
//! any instant, and it never lies about how far it is.

use std::sync::Arc;
use std::time::Duration;

use futures_util::{StreamExt, TryStreamExt, stream};
use indexer::{Change, Day, Entry, Index, Key};
use sea_orm::ConnectionTrait;
use storage::Storage;
use thiserror::Error;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::base::db::{DbError, sql};
use crate::base::{DocumentId, Tasks};
use crate::documents::{self, DocumentError, Indexed, Pages, TEXT_BYTES_MAX};
use crate::unit::Db;

/// Records that are looked at in one step.
const STEP_RECORDS_MAX: u64 = 1_000;
/// Documents that are put into the index in one commit.
const STEP_DOCUMENTS_MAX: usize = 200;
/// How often the log is looked at when this process has written nothing: others may have.
const LOOK_EVERY: Duration = Duration::from_millis(250);
/// A commit costs tens of milliseconds whatever it holds: this is the pause between two of them.
const PAUSE: Duration = Duration::from_millis(100);
/// Texts that are read at the same time.
const TEXTS_AT_ONCE: usize = 4;

/// Why the index could not follow.
#[derive(Debug, Error)]
pub enum FollowError {
    /// The database.
    #[error("the database failed")]
    Db(#[from] DbError),
    /// The documents.
    #[error("a document could not be read")]
    Document(#[from] DocumentError),
    /// The index.
    #[error("the index failed")]
    Index(#[from] indexer::IndexError),
    /// The store does not answer.
    #[error("a text could not be read")]
    Store(#[source] storage::StoreError),
    /// A thread ended early.
    #[error("the index was given up")]
    GivenUp,
}

/// How far the index is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Progress {
    /// The last record that it has applied; nothing before the first.
    pub seq: Option<u64>,
    /// Whether the last step failed.
    pub failing: bool,
}

/// The follower, and what may be known of it.
#[derive(Debug, Clone)]
pub struct Follower {
    progress: watch::Receiver<Progress>,
}

struct Worker {
    db: Db,
    storage: Storage,
    index: Index,
    progress: watch::Sender<Progress>,
}

impl Follower {
    /// Starts the task that follows.
    pub fn start(db: &Db, storage: &Storage, index: &Index, tasks: &Tasks) -> Self {
        let now = Progress {
            seq: index.applied(),
            failing: false,
        };
        let (sender, progress) = watch::channel(now);
        let worker = Worker {
            db: db.clone(),
            storage: storage.clone(),
            index: index.clone(),
            progress: sender,
        };
        tasks.start("index", |end| worker.run(end));
        Self { progress }
    }

    /// How far the index is now.
    #[must_use]
    pub fn progress(&self) -> Progress {
        *self.progress.borrow()
    }

    /// Waits until the index has applied `seq`, at most for `limit`. False when it has not.
    pub async fn reaches(&self, seq: u64, limit: Duration) -> bool {
        let mut progress = self.progress.clone();
        let reached = progress.wait_for(|now| now.seq.is_some_and(|applied| applied >= seq));
        tokio::time::timeout(limit, reached)
            .await
            .is_ok_and(|found| found.is_ok())
    }
}

impl Worker {
    async fn run(self, end: CancellationToken) {
        let mut head = self.db.head();
        loop {
            match self.step().await {
                Ok(Some(_)) => {
                    tokio::select! {
                        () = end.cancelled() => return,
                        () = tokio::time::sleep(PAUSE) => {}
                    }
                }
                Ok(None) => {
                    tokio::select! {
                        () = end.cancelled() => return,
                        // A closed channel is no reason to hurry.
                        Ok(()) = head.changed() => {}
                        () = tokio::time::sleep(LOOK_EVERY) => {}
                    }
                }
                Err(error) => {
                    tracing::error!(error = %error, cause = ?error, "the index cannot follow the log");
                    self.progress.send_modify(|now| now.failing = true);
                    tokio::select! {
                        () = end.cancelled() => return,
                        () = tokio::time::sleep(Duration::from_secs(2)) => {}
                    }
                }
            }
        }
    }

    /// Applies the next records. `None` when there are none.
    async fn step(&self) -> Result<Option<u64>, FollowError> {
        let applied = self.index.applied();
        let Some((seq, documents)) = next(self.db.read(), applied).await? else {
            self.progress.send_modify(|now| now.failing = false);
            return Ok(None);
        };
        let at_once = if applied.is_some() {
            STEP_DOCUMENTS_MAX
        } else {
            usize::MAX
        };
        let mut steps = documents.chunks(at_once).peekable();
        if steps.peek().is_none() {
            self.apply(&[], seq).await?;
        }
        while let Some(step) = steps.next() {
            // A file with many documents goes in piece by piece; its record is applied with the last.
            let upto = match (steps.peek(), applied) {
                (Some(_), Some(before)) => before,
                (Some(_), None) | (None, _) => seq,
            };
            self.apply(step, upto).await?;
        }
        self.progress.send_replace(Progress {
            seq: Some(seq),
            failing: false,
        });
        Ok(Some(seq))
    }
}

impl Worker {
    /// Puts documents into the index as they stand now.
    async fn apply(&self, documents: &[DocumentId], seq: u64) -> Result<(), FollowError> {
        let entries = entries(self.db.read(), &self.storage, documents).await?;
        let changes: Vec<Change> = entries.into_iter().map(Change::Put).collect();
        let index = self.index.clone();
        let done = tokio::task::spawn_blocking(move || index.apply(changes, seq));
        Ok(done.await.map_err(|_source| FollowError::GivenUp)??)
    }
}

/// What a record speaks of, as far as the index cares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Spoken {
    /// A document, or something of it.
    Document(Uuid),
    /// A file that was there before: its documents are found by its reference.
    File(Uuid),
    /// A case that was there before.
    Case(Uuid),
}

impl Spoken {
    fn of(kind: &str, root: Uuid, version: i64) -> Option<Self> {
        match kind {
            "document" | "document_version" | "rendition" => Some(Self::Document(root)),
            "file" if version > 1 => Some(Self::File(root)),
            "case" if version > 1 => Some(Self::Case(root)),
            _ => None,
        }
    }
}

/// The documents that the next records speak of, and the last of these records.
async fn next(
    on: &impl ConnectionTrait,
    applied: Option<u64>,
) -> Result<Option<(u64, Vec<DocumentId>)>, DbError> {
    let from = applied.map_or(0, |seq| {
        i64::try_from(seq).unwrap_or(i64::MAX).saturating_add(1)
    });
    let text = format!(
        "SELECT a.seq, s.root_id, s.kind, s.version FROM audit a \
         LEFT JOIN audit_subject s ON s.seq = a.seq \
         WHERE a.seq >= $1 ORDER BY a.seq LIMIT {STEP_RECORDS_MAX}"
    );
    let rows = on.query_all_raw(sql(on, text, [from.into()])).await?;
    let full = rows.len() >= usize::try_from(STEP_RECORDS_MAX).unwrap_or(usize::MAX);
    let mut seen: Vec<(u64, Option<Spoken>)> = Vec::with_capacity(rows.len());
    for row in rows {
        let seq: i64 = row.try_get_by_index(0)?;
        let root: Option<Uuid> = row.try_get_by_index(1)?;
        let kind: Option<String> = row.try_get_by_index(2)?;
        let version: Option<i64> = row.try_get_by_index(3)?;
        let spoken = match (kind.as_deref(), root, version) {
            (Some(kind), Some(root), Some(version)) => Spoken::of(kind, root, version),
            (_, _, _) => None,
        };
        seen.push((u64::try_from(seq).unwrap_or_default(), spoken));
    }
    let Some(last) = seen.last().map(|(seq, _)| *seq) else {
        return Ok(None);
    };
    // The last record of a full step may have more subjects behind the limit: it comes again.
    let keep = |seq: u64| !full || seq < last || seen.first().is_some_and(|first| first.0 == last);
    let mut all: Vec<Spoken> = Vec::new();
    let mut reached = None;
    for (seq, spoken) in seen.iter().filter(|(seq, _)| keep(*seq)) {
        if let Some(spoken) = spoken
            && !all.contains(spoken)
        {
            if all.len() == STEP_DOCUMENTS_MAX && reached != Some(*seq) {
                break;
            }
            all.push(*spoken);
        }
        reached = Some(*seq);
    }
    let Some(reached) = reached else {
        return Ok(None);
    };
    Ok(Some((reached, documents_of(on, &all).await?)))
}

/// The documents among what was spoken of, and those in its files and cases; each once.
async fn documents_of(
    on: &impl ConnectionTrait,
    all: &[Spoken],
) -> Result<Vec<DocumentId>, DbError> {
    let mut documents: Vec<DocumentId> = Vec::new();
    for spoken in all {
        let (text, id) = match spoken {
            Spoken::Document(id) => {
                documents.push(DocumentId::of(*id));
                continue;
            }
            Spoken::Case(id) => ("SELECT id FROM document WHERE case_id = $1 ORDER BY id", id),
            Spoken::File(id) => (
                "SELECT d.id FROM document d JOIN record_case c ON c.id = d.case_id \
                 WHERE c.file_id = $1 ORDER BY d.id",
                id,
            ),
        };
        for row in on.query_all_raw(sql(on, text, [(*id).into()])).await? {
            documents.push(DocumentId::of(row.try_get_by_index(0)?));
        }
    }
    documents.sort_unstable();
    documents.dedup();
    Ok(documents)
}

/// The entries of documents as they stand now.
pub(super) async fn entries(
    on: &impl ConnectionTrait,
    storage: &Storage,
    ids: &[DocumentId],
) -> Result<Vec<Entry>, FollowError> {
    let indexed = documents::to_index(on, ids).await?;
    let storage = Arc::new(storage.clone());
    let texts = stream::iter(indexed).map(|one| {
        let storage = Arc::clone(&storage);
        async move {
            let pages = match &one.text {
                Some(blob) => match storage.read(blob, TEXT_BYTES_MAX).await {
                    Ok(bytes) => Pages::unpack(&bytes),
                    // A store that does not answer will answer again: the step is repeated.
                    Err(
                        error @ (storage::StoreError::Backend { .. }
                        | storage::StoreError::Content(_)),
                    ) => return Err(FollowError::Store(error)),
                    // The text can be read again from the original; the index goes on.
                    Err(error) => {
                        tracing::error!(document = %one.held.document.id, error = %error,
                            "a text could not be read; `papierlos check` will name it");
                        None
                    }
                },
                None => None,
            };
            Ok(entry(one, pages))
        }
    });
    texts.buffered(TEXTS_AT_ONCE).try_collect().await
}

fn entry(one: Indexed, pages: Option<Pages>) -> Entry {
    let Indexed {
        held,
        department,
        token,
        names,
        ..
    } = one;
    let document = held.document;
    let metadata = document.metadata;
    let date = metadata.document_date.map(|date| date.date());
    Entry {
        key: Key(document.id.raw().as_u128()),
        version: document.version,
        acl: vec![token],
        title: metadata.title,
        pages: pages.map_or_else(Vec::new, |all| {
            all.pages.into_iter().map(|page| page.text).collect()
        }),
        references: names.into_iter().chain(metadata.references).collect(),
        correspondent: metadata.correspondent,
        tags: metadata.tags,
        kind: metadata.kind,
        department,
        direction: Some(metadata.direction.code().to_owned()),
        channel: metadata.channel.map(|channel| channel.code().to_owned()),
        state: document.state.code().to_owned(),
        document_date: date
            .and_then(|date| Day::from_calendar(date.year(), date.month().into(), date.day())),
        received_at: metadata.received_at.micros(),
        added_at: document.created_at.micros(),
        file_name: held.version.file_name,
    }
}
