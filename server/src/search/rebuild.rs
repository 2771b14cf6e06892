//! A new index beside the living one: filled from the rows, swapped in when it is complete. A kill
//! in between costs the time since the last mark, nothing else.

use std::future::ready;
use std::pin::pin;
use std::sync::Arc;

use indexer::{Checkpoint, Entry, Index, IndexError, Rebuild};
use sea_orm::ConnectionTrait;
use storage::Storage;
use tokio::runtime::Handle;
use tokio::task::JoinSet;
use uuid::Uuid;

use super::follower::{FollowError, batch, entries, next};
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
    let filled = fill(on, storage, index, &Handle::current(), told).await?;
    filled.finish().await
}

/// Fills a new index from the rows, on these threads. `progress` hears the same, and is waited for.
pub(super) async fn fill<F: Future<Output = ()>>(
    on: &impl ConnectionTrait,
    storage: &Storage,
    index: &Index,
    threads: &Handle,
    mut progress: impl FnMut(u64, u64) -> F,
) -> Result<Filled, FollowError> {
    let index = index.clone();
    let rebuild = Arc::new(on_thread(threads, move || index.rebuild()).await?);
    let mut hands = Hands::new(&rebuild, threads);
    let total = count(on).await?;
    let (mut after, seq, mut documents) = match rebuild.resume() {
        Some(Checkpoint { cursor, seq, .. }) => {
            let (id, done) = cursor.split_once(' ').unwrap_or((cursor.as_str(), "0"));
            (
                id.parse().unwrap_or(Uuid::nil()),
                *seq,
                done.parse().unwrap_or_default(),
            )
        }
        // Whatever changes while the rows are read has a higher number and is followed later.
        None => (Uuid::nil(), head(on).await?, 0),
    };
    // Two steps at least from mark to mark: a kill may come between them.
    let most = u64::try_from(STEP).unwrap_or_default();
    let most = most.min(rebuild.interval().div_ceil(2));
    loop {
        let ids = step(on, after, most).await?;
        let Some(last) = ids.last() else { break };
        after = last.raw();
        documents += u64::try_from(ids.len()).unwrap_or_default();
        let mut texts = pin!(entries(on, storage, &ids).await?);
        loop {
            let held = batch(&mut texts, BATCH_BYTES_MAX).await?;
            if held.is_empty() {
                break;
            }
            hands.put(held).await?;
        }
        if documents % rebuild.interval() < most {
            // A mark says that everything before it is in.
            hands.rest().await?;
            let (marked, cursor) = (Arc::clone(&rebuild), format!("{after} {documents}"));
            on_thread(threads, move || marked.checkpoint(&cursor, seq)).await?;
        }
        progress(documents, total).await;
    }
    hands.rest().await?;
    Ok(Filled {
        rebuild,
        threads: threads.clone(),
        last: after,
        done: Rebuilt { documents, seq },
    })
}

/// A new index that holds what the rows say, and does not serve yet.
pub(super) struct Filled {
    rebuild: Arc<Rebuild>,
    threads: Handle,
    /// The last document that was put in.
    last: Uuid,
    done: Rebuilt,
}

impl Filled {
    /// The record up to which it knows everything.
    pub(super) const fn seq(&self) -> u64 {
        self.done.seq
    }

    /// Makes it durable and waits until nothing is left to join: what is left for the end is short.
    pub(super) async fn settle(&self) -> Result<(), FollowError> {
        let Rebuilt { documents, seq } = self.done;
        let cursor = format!("{} {documents}", self.last);
        let rebuild = Arc::clone(&self.rebuild);
        let settled = move || {
            rebuild.checkpoint(&cursor, seq)?;
            rebuild.settle()
        };
        on_thread(&self.threads, settled).await
    }

    /// Takes in the next records of the log; false where there are none.
    ///
    /// There are no marks from here on: a resumption would put in again what has been.
    pub(super) async fn follow(
        &mut self,
        on: &impl ConnectionTrait,
        storage: &Storage,
    ) -> Result<bool, FollowError> {
        let Some(records) = next(on, Some(self.done.seq)).await? else {
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
        self.done.seq = records.seq;
        Ok(true)
    }

    /// Puts it in force.
    pub(super) async fn finish(self) -> Result<Rebuilt, FollowError> {
        let rebuild = Arc::into_inner(self.rebuild).ok_or(FollowError::GivenUp)?;
        let seq = self.done.seq;
        on_thread(&self.threads, move || rebuild.finish(seq)).await?;
        Ok(self.done)
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

async fn head(on: &impl ConnectionTrait) -> Result<u64, DbError> {
    let row = on
        .query_one_raw(sql(on, "SELECT seq FROM audit_head WHERE id = 1", []))
        .await?;
    let seq: i64 = row
        .map(|row| row.try_get_by_index(0))
        .transpose()?
        .unwrap_or_default();
    Ok(u64::try_from(seq).unwrap_or_default())
}
