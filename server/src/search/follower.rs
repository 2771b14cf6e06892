//! The index follows the log: what it has applied stands in its own commit, so it may be killed at
//! any instant, and it never lies about how far it is.

use std::collections::HashSet;
use std::pin::pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::{Stream, StreamExt, TryStreamExt, stream};
use indexer::extract::Invoice;
use indexer::{Change, Day, Entry, Index, Key};
use sea_orm::ConnectionTrait;
use storage::Storage;
use thiserror::Error;
use tokio::sync::{Mutex, watch};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::progress::{Hurry, InHurry, Progress};
use crate::base::db::{DbError, sql};
use crate::base::{Behind, CaseId, CorrespondentId, DocumentId, FileId, Tasks};
use crate::documents::{
    self, Direction, DocumentError, Held, INVOICE_BYTES_MAX, Indexed, Pages, State, TEXT_BYTES_MAX,
};
use crate::types;
use crate::unit::Db;

/// Records that are looked at in one step.
const STEP_RECORDS_MAX: u64 = 1_000;
/// Documents that are put into the index in one commit.
const STEP_DOCUMENTS_MAX: usize = 200;
/// Text that is put into the index in one commit; the document that reaches it still belongs to it.
const STEP_TEXT_BYTES: usize = 32 * 1024 * 1024;
/// How often the log is looked at when this process has written nothing: others may have.
const LOOK_EVERY: Duration = Duration::from_millis(250);
/// How many times as long the pause between two commits may become.
const PAUSES_MAX: u32 = 4;
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

impl FollowError {
    /// Whether it may go well a moment later.
    pub(super) const fn may_pass(&self) -> bool {
        match self {
            Self::Db(_) | Self::Document(_) | Self::Store(_) => true,
            Self::Index(_) | Self::GivenUp => false,
        }
    }
}

/// Held while records are applied: whoever else holds it sees an index that stands still.
pub(super) type Turn = Arc<Mutex<()>>;

/// The follower, and what may be known of it.
#[derive(Debug, Clone)]
pub struct Follower {
    progress: watch::Receiver<Progress>,
    hurry: Arc<Hurry>,
    turn: Turn,
}

struct Worker {
    db: Db,
    storage: Storage,
    index: Index,
    progress: watch::Sender<Progress>,
    /// A commit costs tens of milliseconds whatever it holds: the pause between two of them.
    pause: Duration,
    behind: Arc<Behind>,
    hurry: Arc<Hurry>,
    turn: Turn,
}

impl Follower {
    /// Starts the task that follows, with this pause between two commits.
    pub fn start(
        db: &Db,
        storage: &Storage,
        index: &Index,
        pause: Duration,
        tasks: &Tasks,
        behind: Arc<Behind>,
    ) -> Self {
        let now = Progress {
            seq: index.applied(),
            failing: false,
            caught_up: None,
        };
        let (sender, progress) = watch::channel(now);
        let hurry = Arc::<Hurry>::default();
        let turn = Turn::default();
        let worker = Worker {
            db: db.clone(),
            storage: storage.clone(),
            index: index.clone(),
            progress: sender,
            pause,
            behind,
            hurry: Arc::clone(&hurry),
            turn: Arc::clone(&turn),
        };
        tasks.start("index", |end| worker.run(end));
        Self {
            progress,
            hurry,
            turn,
        }
    }

    /// How far the index is now.
    #[must_use]
    pub fn progress(&self) -> Progress {
        *self.progress.borrow()
    }

    /// What it holds while it applies records.
    pub(super) fn turn(&self) -> Turn {
        Arc::clone(&self.turn)
    }

    /// Waits until the index has applied `seq`, at most for `limit`. False when it has not.
    pub async fn reaches(&self, seq: u64, limit: Duration) -> bool {
        let _waits = InHurry::new(&self.hurry);
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
            tokio::select! {
                () = end.cancelled() => return,
                () = self.db.after_rush() => {}
                () = self.hurry.somebody() => {}
            }
            let since = Instant::now();
            match self.step().await {
                Ok(Some(_)) => {
                    let more = self.more_after(since.elapsed());
                    tokio::select! {
                        () = end.cancelled() => return,
                        () = tokio::time::sleep(self.pause + more) => {}
                        () = async {
                            tokio::time::sleep(self.pause).await;
                            self.hurry.somebody().await;
                        } => {}
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

    /// What the pause behind a step that took so long is longer: where much comes in, more of it goes into one
    /// commit, and those who file wait less for it.
    fn more_after(&self, took: Duration) -> Duration {
        (3 * took)
            .min(PAUSES_MAX * self.pause)
            .saturating_sub(self.pause)
    }

    /// Applies the next records. `None` when there are none.
    async fn step(&self) -> Result<Option<u64>, FollowError> {
        let _turn = self.turn.lock().await;
        let applied = self.index.applied();
        let Some(step) = next(self.db.read(), applied).await? else {
            self.progress.send_modify(|now| {
                // Another index may have taken its place that knows more.
                now.seq = applied;
                now.failing = false;
                now.caught_up = Some(Instant::now());
            });
            return Ok(None);
        };
        let seq = self.apply(&step).await?;
        self.progress.send_modify(|now| {
            now.seq = Some(seq);
            now.failing = false;
        });
        Ok(Some(seq))
    }

    /// Applies a step, or as much of it as may be held in memory; gives how far the log is applied.
    async fn apply(&self, step: &Step) -> Result<u64, FollowError> {
        let before = self.index.applied();
        let ids: Vec<_> = step.documents.iter().map(|one| one.id).collect();
        let (mut all, mut done) = (Vec::new(), 0);
        for part in ids.chunks(STEP_DOCUMENTS_MAX) {
            let mut texts = pin!(entries(self.db.read(), &self.storage, part).await?);
            loop {
                let held = batch(&mut texts, STEP_TEXT_BYTES).await?;
                let Some(last) = held.last().map(|entry| entry.key) else {
                    break;
                };
                let rest = ids.get(done..).unwrap_or_default();
                let at = |id: &DocumentId| last == Key(id.raw().as_u128());
                done += rest.iter().position(at).unwrap_or_default();
                all.extend(held);
                match (step.cut_behind(done), before) {
                    (Some(seq), _) => return self.put(all, seq).await,
                    // A record with more documents than may be held goes in piece by piece, and is
                    // applied with the last of them.
                    (None, Some(before)) => {
                        self.put(std::mem::take(&mut all), before).await?;
                    }
                    (None, None) => {}
                }
            }
        }
        self.put(all, step.seq).await
    }

    async fn put(&self, entries: Vec<Entry>, seq: u64) -> Result<u64, FollowError> {
        let changes: Vec<Change> = entries.into_iter().map(Change::Put).collect();
        let index = self.index.clone();
        let done = self.behind.run(move || index.apply(changes, seq));
        done.await.map_err(|_source| FollowError::GivenUp)??;
        Ok(seq)
    }
}

/// What the next records speak of.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Step {
    /// The last of these records.
    pub(super) seq: u64,
    /// The documents, in the order in which the records name them.
    pub(super) documents: Vec<Named>,
}

/// A document that a record names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Named {
    pub(super) id: DocumentId,
    /// The first record of the step that names it.
    pub(super) first: u64,
}

impl Step {
    /// How far the log is applied when the documents up to and including this one are; `None` where
    /// the record that names the next one names this one too.
    pub(super) fn cut_behind(&self, done: usize) -> Option<u64> {
        let Some(next) = self.documents.get(done + 1) else {
            return Some(self.seq);
        };
        let this = self.documents.get(done)?;
        (next.first > this.first).then(|| next.first - 1)
    }
}

/// What a record speaks of, as far as the index cares.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Spoken {
    /// A document, or something of it.
    Document(Uuid),
    /// A file that was there before: its documents are found by its reference.
    File(Uuid),
    /// A case that was there before.
    Case(Uuid),
    /// A correspondent that was there before: its documents are found by its names.
    Correspondent(Uuid),
    /// A field that was there before: its documents may be found by other words.
    Field(Uuid),
}

impl Spoken {
    fn of(kind: &str, root: Uuid, version: i64) -> Option<Self> {
        match kind {
            "document" | "document_version" | "rendition" => Some(Self::Document(root)),
            "file" if version > 1 => Some(Self::File(root)),
            "case" if version > 1 => Some(Self::Case(root)),
            "correspondent" if version > 1 => Some(Self::Correspondent(root)),
            "field" if version > 1 => Some(Self::Field(root)),
            _ => None,
        }
    }
}

/// Renditions in which nothing is searched: a page that is drawn for somebody makes no document another one,
/// nor does a copy of all pages, or a password by which it opens.
const NOT_SEARCHED: &str = "('picture', 'shapes', 'places', 'converted', 'copy', 'password')";

/// The documents that the next records speak of, and the last of these records.
pub(super) async fn next(
    on: &impl ConnectionTrait,
    applied: Option<u64>,
) -> Result<Option<Step>, DbError> {
    let from = applied.map_or(0, |seq| {
        i64::try_from(seq).unwrap_or(i64::MAX).saturating_add(1)
    });
    let text = format!(
        "SELECT a.seq, s.root_id, CASE WHEN r.id IS NULL THEN s.kind END, s.version FROM audit a \
         LEFT JOIN audit_subject s ON s.seq = a.seq \
         LEFT JOIN rendition r ON r.id = s.entity_id AND r.kind IN {NOT_SEARCHED} \
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
    let mut all: Vec<(u64, Spoken)> = Vec::new();
    let mut known = HashSet::new();
    let mut reached = None;
    for (seq, spoken) in seen.iter().filter(|(seq, _)| keep(*seq)) {
        if let Some(spoken) = spoken
            && !known.contains(spoken)
        {
            if all.len() == STEP_DOCUMENTS_MAX && reached != Some(*seq) {
                break;
            }
            known.insert(*spoken);
            all.push((*seq, *spoken));
        }
        reached = Some(*seq);
    }
    let Some(seq) = reached else {
        return Ok(None);
    };
    let documents = documents_of(on, &all).await?;
    Ok(Some(Step { seq, documents }))
}

/// The documents among what was spoken of, and those in its files and cases; each once.
async fn documents_of(
    on: &impl ConnectionTrait,
    all: &[(u64, Spoken)],
) -> Result<Vec<Named>, DbError> {
    let of_field = |one: &(u64, Spoken)| matches!(one.1, Spoken::Field(_));
    let catalog = if all.iter().any(of_field) {
        Some(types::catalog(on).await?)
    } else {
        None
    };
    let mut documents: Vec<Named> = Vec::new();
    let mut known = HashSet::new();
    for (first, spoken) in all {
        let ids = match spoken {
            Spoken::Document(id) => vec![DocumentId::of(*id)],
            Spoken::Case(id) => documents::in_case(on, CaseId::of(*id)).await?,
            Spoken::File(id) => documents::in_file(on, FileId::of(*id)).await?,
            Spoken::Correspondent(id) => {
                documents::of_correspondent(on, CorrespondentId::of(*id)).await?
            }
            Spoken::Field(id) => {
                let field = catalog
                    .iter()
                    .flat_map(|one| &one.fields)
                    .find(|field| field.id.raw() == *id);
                match field {
                    Some(field) if field.shapes_words() => {
                        documents::with_field(on, &field.code).await?
                    }
                    Some(_) | None => Vec::new(),
                }
            }
        };
        for id in ids {
            if known.insert(id) {
                documents.push(Named { id, first: *first });
            }
        }
    }
    Ok(documents)
}

/// The next entries of a stream, until their texts have so many bytes; none when it has ended.
pub(super) async fn batch(
    entries: &mut (impl Stream<Item = Result<Entry, FollowError>> + Unpin),
    bytes_max: usize,
) -> Result<Vec<Entry>, FollowError> {
    let mut held = Vec::new();
    let mut bytes = 0;
    while bytes < bytes_max
        && let Some(entry) = entries.try_next().await?
    {
        bytes += entry.pages.iter().map(String::len).sum::<usize>();
        held.push(entry);
    }
    Ok(held)
}

/// The entries of documents as they stand now, in the order asked for; a few texts are read ahead.
pub(super) async fn entries<C: ConnectionTrait>(
    on: &C,
    storage: &Storage,
    ids: &[DocumentId],
) -> Result<impl Stream<Item = Result<Entry, FollowError>> + use<C>, FollowError> {
    let indexed = documents::to_index(on, ids).await?;
    let storage = Arc::new(storage.clone());
    let texts = stream::iter(indexed).map(move |one| {
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
            let invoice = match &one.invoice {
                Some(blob) => match storage.read(blob, INVOICE_BYTES_MAX).await {
                    Ok(bytes) => documents::unpack_invoice(&bytes),
                    Err(
                        error @ (storage::StoreError::Backend { .. }
                        | storage::StoreError::Content(_)),
                    ) => return Err(FollowError::Store(error)),
                    Err(error) => {
                        tracing::error!(document = %one.held.document.id, error = %error,
                            "what an invoice is about could not be read; `papierlos check` will name it");
                        None
                    }
                },
                None => None,
            };
            Ok(entry(one, pages, invoice.unwrap_or_default()))
        }
    });
    Ok(texts.buffered(TEXTS_AT_ONCE))
}

/// The name in the index of the inbox of a department: what came in and lies with nobody. The
/// department itself is a filter of its own.
pub(super) const INBOX_OF_UNITS: Key = Key(0);

/// What a document stands in: its case, its file, and the inbox where it lies.
fn places(held: &Held) -> Vec<Key> {
    let key = |id: Uuid| Key(id.as_u128());
    let mut within = Vec::new();
    if let Some(filed) = &held.filed {
        within.extend([key(filed.case.id.raw()), key(filed.file.id.raw())]);
    }
    // By what is opened with it.
    within.extend(
        held.document
            .part
            .as_ref()
            .map(|part| key(part.family.raw())),
    );
    match held.document.inbox {
        Some(account) => within.push(key(account.raw())),
        None if held.document.state == State::Incoming => within.push(INBOX_OF_UNITS),
        None => {}
    }
    within
}

/// As a registered document stands in the index that was taken out of a version no longer in force: so
/// those do not find it to whom only results are opened.
pub(super) const SUPERSEDED: &str = "registered-superseded";

fn entry(one: Indexed, pages: Option<Pages>, invoice: Invoice) -> Entry {
    let Indexed {
        held,
        department,
        tokens,
        names,
        correspondent,
        mut also_called,
        values,
        ..
    } = one;
    let called = [invoice.number, invoice.buyer_reference];
    let called = called.into_iter().flatten().chain(invoice.ibans);
    // The other side: who sells to the house, or buys from it.
    also_called.extend(if held.document.metadata.direction == Direction::Outgoing {
        invoice.buyer
    } else {
        invoice.seller
    });
    let within = places(&held);
    let document = held.document;
    let superseded = document.part.as_ref().is_some_and(|part| part.superseded);
    let state = if superseded && document.state == State::Registered {
        SUPERSEDED
    } else {
        document.state.code()
    };
    let metadata = document.metadata;
    let date = metadata.document_date.map(|date| date.date());
    Entry {
        key: Key(document.id.raw().as_u128()),
        version: document.version,
        acl: tokens,
        within,
        title: metadata.title,
        pages: pages.map_or_else(Vec::new, |all| {
            all.pages.into_iter().map(|page| page.text).collect()
        }),
        references: names
            .into_iter()
            .chain(metadata.references)
            .chain(called)
            .collect(),
        correspondent,
        also_called,
        tags: metadata.tags,
        kind: metadata.kind,
        department,
        direction: Some(metadata.direction.code().to_owned()),
        channel: metadata.channel.map(|channel| channel.code().to_owned()),
        state: state.to_owned(),
        document_date: date
            .and_then(|date| Day::from_calendar(date.year(), date.month().into(), date.day())),
        received_at: metadata.received_at.micros(),
        added_at: document.created_at.micros(),
        file_name: held.version.file_name,
        values,
    }
}
