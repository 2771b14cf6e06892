//! A new index beside the living one: filled from the rows, swapped in when it is complete. A kill
//! in between costs the time since the last mark, nothing else.

use std::future::ready;
use std::pin::pin;
use std::sync::Arc;

use indexer::{Checkpoint, Entry, Index, IndexError, Rebuild, Retired};
use sea_orm::ConnectionTrait;
use storage::Storage;
use tokio::runtime::Handle;
use tokio::task::JoinSet;
use uuid::Uuid;

use super::follower::{FollowError, batch, entries, next};
use crate::audit::log::last_seq;
use crate::base::DocumentId;
use crate::base::db::{DbError, sql};

/// Documents whose rows are read at once; their texts are read a few at a time.
const STEP: usize = 500;
/// Text that is held before it goes into the index; as much is on its way in each thread.
const BATCH_BYTES_MAX: usize = 2 * 1024 * 1024;
/// Most threads that analyse.
const THREADS_MAX: usize = 4;

/// What a rebuild did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rebuilt {
    /// Documents that were put in, those before a resumption included.
    pub documents: u64,
    /// The record up to which the new index knows everything.
    pub seq: u64,
}

/// Up to where the rows are in a new index, and of which log.
#[derive(Debug)]
struct Mark {
    /// The last document that was put in.
    last: Uuid,
    documents: u64,
    /// The record up to which everything is known, and its hash: no other log has it there.
    seq: u64,
    hash: String,
}

impl Mark {
    /// At the beginning, of the log as it is now.
    async fn begin(on: &impl ConnectionTrait) -> Result<Self, DbError> {
        // Whatever changes while the rows are read has a higher number and is followed later.
        let seq = last_seq(on).await?.unwrap_or_default();
        Ok(Self {
            last: Uuid::nil(),
            documents: 0,
            seq,
            hash: hash(on, seq).await?.unwrap_or_default(),
        })
    }

    /// Where an interrupted rebuild was; nothing where that cannot be read, or was of another log.
    async fn of(on: &impl ConnectionTrait, at: &Checkpoint) -> Result<Option<Self>, DbError> {
        let mut words = at.cursor.split(' ');
        let last = words.next().and_then(|word| Uuid::parse_str(word).ok());
        let documents = words.next().and_then(|word| word.parse::<u64>().ok());
        let (Some(last), Some(documents), Some(said)) = (last, documents, words.next()) else {
            return Ok(None);
        };
        let known = hash(on, at.seq).await?;
        Ok(known.filter(|known| known == said).map(|hash| Self {
            last,
            documents,
            seq: at.seq,
            hash,
        }))
    }

    fn cursor(&self) -> String {
        format!("{} {} {}", self.last, self.documents, self.hash)
    }
}

/// Builds the index anew. `progress` hears how many documents are in and how many there are.
pub async fn rebuild(
    on: &impl ConnectionTrait,
    storage: &Storage,
    index: &Index,
    mut progress: impl FnMut(u64, u64),
) -> Result<Rebuilt, FollowError> {
    let told = |documents: u64, total: u64| {
        progress(documents, total);
        ready(())
    };
    let threads = Handle::current();
    let served = match fill(on, storage, index, &threads, told).await {
        Ok(filled) => filled.serve().await,
        Err(error) => Err(error),
    };
    match served {
        Ok(served) => Ok(served.remove_old().await),
        Err(error) => {
            // The disk may be full of it. What anything else cut off can go on.
            if matches!(error, FollowError::Index(_)) {
                clear(index, &threads).await;
            }
            Err(error)
        }
    }
}

/// Fills a new index from the rows, on these threads. `progress` hears the same, and is waited for.
pub(crate) async fn fill<F: Future<Output = ()>>(
    on: &impl ConnectionTrait,
    storage: &Storage,
    index: &Index,
    threads: &Handle,
    progress: impl FnMut(u64, u64) -> F,
) -> Result<Filled, FollowError> {
    let (rebuild, mut mark) = begin(on, index, threads).await?;
    let rebuild = Arc::new(rebuild);
    let mut hands = Hands::new(&rebuild, threads);
    let put = put_all(on, storage, &mut hands, &mut mark, progress).await;
    // Whatever became of it: another one can begin only when they have let go.
    hands.end().await;
    put?;
    Ok(Filled {
        rebuild,
        threads: threads.clone(),
        mark,
    })
}

/// Begins at the beginning, or goes on where an interrupted rebuild of this log was.
async fn begin(
    on: &impl ConnectionTrait,
    index: &Index,
    threads: &Handle,
) -> Result<(Rebuild, Mark), FollowError> {
    let opened = index.clone();
    let rebuild = on_thread(threads, move || opened.rebuild()).await?;
    let Some(at) = rebuild.resume().cloned() else {
        return Ok((rebuild, Mark::begin(on).await?));
    };
    if let Some(mark) = Mark::of(on, &at).await? {
        return Ok((rebuild, mark));
    }
    tracing::warn!("an interrupted rebuild of the index is of another log; it begins anew");
    let opened = index.clone();
    let anew = move || {
        drop(rebuild);
        opened.discard_rebuild()?;
        opened.rebuild()
    };
    let rebuild = on_thread(threads, anew).await?;
    Ok((rebuild, Mark::begin(on).await?))
}

async fn put_all<F: Future<Output = ()>>(
    on: &impl ConnectionTrait,
    storage: &Storage,
    hands: &mut Hands,
    mark: &mut Mark,
    mut progress: impl FnMut(u64, u64) -> F,
) -> Result<(), FollowError> {
    let total = count(on).await?;
    let interval = hands.rebuild.interval();
    // Two steps at least from mark to mark: a kill may come between them.
    let most = u64::try_from(STEP).unwrap_or_default();
    let most = most.min(interval.div_ceil(2));
    loop {
        let ids = step(on, mark.last, most).await?;
        let Some(last) = ids.last() else { break };
        mark.last = last.raw();
        mark.documents += u64::try_from(ids.len()).unwrap_or_default();
        let mut texts = pin!(entries(on, storage, &ids).await?);
        loop {
            let held = batch(&mut texts, BATCH_BYTES_MAX).await?;
            if held.is_empty() {
                break;
            }
            hands.put(held).await?;
        }
        if mark.documents % interval < most {
            // A mark says that everything before it is in.
            hands.rest().await?;
            let (marked, cursor, seq) = (Arc::clone(&hands.rebuild), mark.cursor(), mark.seq);
            on_thread(&hands.threads, move || marked.checkpoint(&cursor, seq)).await?;
        }
        progress(mark.documents, total).await;
    }
    hands.rest().await
}

/// What is left of a rebuild that failed goes.
pub(super) async fn clear(index: &Index, threads: &Handle) {
    let index = index.clone();
    if let Err(error) = on_thread(threads, move || index.discard_rebuild()).await {
        tracing::warn!(error = %error, cause = ?error, "what is left of a rebuild of the index stays");
    }
}

/// A new index that holds what the rows say, and does not serve yet.
pub(crate) struct Filled {
    rebuild: Arc<Rebuild>,
    threads: Handle,
    mark: Mark,
}

impl Filled {
    /// Makes it durable and waits until nothing is left to join: what is left for the end is short.
    pub(crate) async fn settle(&self) -> Result<(), FollowError> {
        let (cursor, seq) = (self.mark.cursor(), self.mark.seq);
        let rebuild = Arc::clone(&self.rebuild);
        let settled = move || {
            rebuild.checkpoint(&cursor, seq)?;
            rebuild.settle()
        };
        on_thread(&self.threads, settled).await
    }

    /// Takes in what this index knows; where it knows nothing, all that is recorded.
    pub(crate) async fn catch_up(
        &mut self,
        on: &impl ConnectionTrait,
        storage: &Storage,
        index: &Index,
    ) -> Result<(), FollowError> {
        let knows_less = |seq: u64| index.applied().is_none_or(|applied| seq < applied);
        while knows_less(self.mark.seq) {
            if !self.follow(on, storage).await? {
                break;
            }
        }
        Ok(())
    }

    /// Takes in the next records of the log; false where there are none.
    ///
    /// There are no marks from here on: a resumption would put in again what has been.
    async fn follow(
        &mut self,
        on: &impl ConnectionTrait,
        storage: &Storage,
    ) -> Result<bool, FollowError> {
        let Some(records) = next(on, Some(self.mark.seq)).await? else {
            return Ok(false);
        };
        let ids: Vec<_> = records.documents.iter().map(|one| one.id).collect();
        for ids in ids.chunks(STEP) {
            let mut texts = pin!(entries(on, storage, ids).await?);
            loop {
                let held = batch(&mut texts, BATCH_BYTES_MAX).await?;
                if held.is_empty() {
                    break;
                }
                let rebuild = Arc::clone(&self.rebuild);
                let replaced = move || held.iter().try_for_each(|entry| rebuild.replace(entry));
                on_thread(&self.threads, replaced).await?;
            }
        }
        self.mark.seq = records.seq;
        Ok(true)
    }

    /// Puts it in force; the old one is still to be removed.
    pub(crate) async fn serve(self) -> Result<Served, FollowError> {
        let Mark { documents, seq, .. } = self.mark;
        let rebuild = Arc::into_inner(self.rebuild).ok_or(FollowError::GivenUp)?;
        let old = on_thread(&self.threads, move || rebuild.serve(seq)).await?;
        Ok(Served {
            old,
            threads: self.threads,
            done: Rebuilt { documents, seq },
        })
    }
}

/// A new index that serves, beside the old one.
pub(crate) struct Served {
    old: Retired,
    threads: Handle,
    done: Rebuilt,
}

impl Served {
    /// Removes the old one. Where that fails the next rebuild does it, or the next start.
    pub(crate) async fn remove_old(self) -> Rebuilt {
        let old = self.old;
        if let Err(error) = on_thread(&self.threads, move || old.remove()).await {
            tracing::warn!(error = %error, cause = ?error, "the old index could not be removed yet");
        }
        self.done
    }
}

/// What blocks or computes waits for nobody here.
async fn on_thread<T: Send + 'static>(
    threads: &Handle,
    work: impl FnOnce() -> Result<T, IndexError> + Send + 'static,
) -> Result<T, FollowError> {
    let done = threads.spawn_blocking(work).await;
    Ok(done.map_err(|_source| FollowError::GivenUp)??)
}

/// Threads that analyse entries and put them in, while the next ones are read.
struct Hands {
    rebuild: Arc<Rebuild>,
    threads: Handle,
    busy: JoinSet<Result<(), IndexError>>,
    most: usize,
}

impl Hands {
    fn new(rebuild: &Arc<Rebuild>, threads: &Handle) -> Self {
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        Self {
            rebuild: Arc::clone(rebuild),
            threads: threads.clone(),
            busy: JoinSet::new(),
            most: cores.min(THREADS_MAX),
        }
    }

    async fn put(&mut self, entries: Vec<Entry>) -> Result<(), FollowError> {
        while self.busy.len() >= self.most {
            self.one().await?;
        }
        let rebuild = Arc::clone(&self.rebuild);
        let work = move || entries.iter().try_for_each(|entry| rebuild.put(entry));
        self.busy.spawn_blocking_on(work, &self.threads);
        Ok(())
    }

    async fn rest(&mut self) -> Result<(), FollowError> {
        while !self.busy.is_empty() {
            self.one().await?;
        }
        Ok(())
    }

    /// Waits for what they have in hand, whatever becomes of it.
    async fn end(mut self) {
        while self.busy.join_next().await.is_some() {}
    }

    async fn one(&mut self) -> Result<(), FollowError> {
        if let Some(done) = self.busy.join_next().await {
            done.map_err(|_source| FollowError::GivenUp)??;
        }
        Ok(())
    }
}

async fn step(
    on: &impl ConnectionTrait,
    after: Uuid,
    most: u64,
) -> Result<Vec<DocumentId>, DbError> {
    let text = format!("SELECT id FROM document WHERE id > $1 ORDER BY id LIMIT {most}");
    let rows = on.query_all_raw(sql(on, text, [after.into()])).await?;
    rows.iter()
        .map(|row| Ok(DocumentId::of(row.try_get_by_index(0)?)))
        .collect()
}

async fn count(on: &impl ConnectionTrait) -> Result<u64, DbError> {
    let row = on
        .query_one_raw(sql(on, "SELECT count(*) FROM document", []))
        .await?;
    let count: i64 = row
        .map(|row| row.try_get_by_index(0))
        .transpose()?
        .unwrap_or_default();
    Ok(u64::try_from(count).unwrap_or_default())
}

/// The hash of a record, as a text.
async fn hash(on: &impl ConnectionTrait, seq: u64) -> Result<Option<String>, DbError> {
    let seq = i64::try_from(seq).unwrap_or(i64::MAX);
    let text = "SELECT h FROM audit WHERE seq = $1";
    let row = on.query_one_raw(sql(on, text, [seq.into()])).await?;
    let hash: Option<Vec<u8>> = row.map(|row| row.try_get_by_index(0)).transpose()?;
    Ok(hash.map(hex::encode))
}
