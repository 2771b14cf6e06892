//! Makes the content of parts: pages are taken out by a worker, and come in past the virus scanner like
//! everything else.

use bytes::Bytes;
use futures_util::TryStreamExt;
use indexer::extract::{ExtractError, Extractor, PageRange, Reason, Taken};
use storage::{Blob, KeyDomain, Storage, StoreError};
use thiserror::Error;
use tokio::sync::mpsc;
use tokio_util::io::StreamReader;

use super::model::{NotSplit, Section};
use crate::documents::entrance::{Entered, Entering, Entrance, EntryError};
use crate::documents::evidence::has_blob_row;
use crate::documents::intake::{Arrived, take_away};
use crate::documents::model::DocumentError;
use crate::documents::ops::Content;
use crate::documents::quarantine::Infected;
use crate::unit::Db;

/// What a part is.
const MEDIA_TYPE: &str = "application/pdf";
/// Pieces of parts that wait for the store, beside that which it takes.
const PIECES_WAITING_MAX: usize = 4;

/// Why the content of parts was not made.
#[derive(Debug, Error)]
pub enum MakeError {
    /// The worker.
    #[error("the worker failed")]
    Worker(#[from] ExtractError),
    /// The store, or the virus scanner.
    #[error("a part did not come in")]
    Entry(#[from] EntryError),
    /// The rules.
    #[error(transparent)]
    Document(#[from] DocumentError),
    /// The virus scanner knows something against a part.
    #[error("a part is infected")]
    Infected(Box<Infected>),
}

impl From<StoreError> for MakeError {
    fn from(error: StoreError) -> Self {
        Self::Entry(error.into())
    }
}

/// Makes the content of each section under the keys of `domain`, all or none. No row names it yet.
pub async fn make(
    (db, storage, entrance): (&Db, &Storage, &Entrance),
    extractor: &Extractor,
    (content, domain): (&Blob, &KeyDomain),
    sections: &[Section],
) -> Result<Vec<Content>, MakeError> {
    let ranges: Vec<PageRange> = sections.iter().map(Section::range).collect();
    let stream = storage.open(content, None).await?;
    let stream = StreamReader::new(stream.map_err(std::io::Error::other));
    let (taker, taken) = mpsc::channel(PIECES_WAITING_MAX);
    let mut arrived = Vec::new();
    let cutting = extractor.cut(stream, &ranges, taker);
    let taking = take((db, entrance, domain), taken, &mut arrived);
    let (cut, took) = tokio::join!(Box::pin(cutting), Box::pin(taking));
    // Where parts cannot be taken, nobody takes them: that is the reason, not the other.
    let done = match (took, cut) {
        (Err(error), _) => Err(error),
        (Ok(()), Err(error)) => Err(error.into()),
        (Ok(()), Ok(Err(reason))) => Err(refused(reason)),
        (Ok(()), Ok(Ok(()))) if arrived.len() == ranges.len() => Ok(()),
        (Ok(()), Ok(Ok(()))) => Err(refused(Reason::Crashed)),
    };
    if let Err(error) = done {
        for one in arrived {
            one.discard().await;
        }
        return Err(error);
    }
    let mut all = Vec::with_capacity(arrived.len());
    let mut arrived = arrived.into_iter();
    while let Some(one) = arrived.next() {
        match Box::pin(one.keep(db)).await {
            Ok(content) => all.push(content),
            Err(error) => {
                for one in arrived {
                    one.discard().await;
                }
                forget(db, storage, all).await;
                return Err(error.into());
            }
        }
    }
    Ok(all)
}

fn refused(reason: Reason) -> MakeError {
    DocumentError::NotSplit(NotSplit::Content(reason)).into()
}

async fn take(
    (db, entrance, domain): (&Db, &Entrance, &KeyDomain),
    mut taken: mpsc::Receiver<Taken>,
    arrived: &mut Vec<Arrived>,
) -> Result<(), MakeError> {
    let mut open: Option<Entering> = None;
    while let Some(one) = taken.recv().await {
        match one {
            Taken::Head(_) => open = Some(entrance.begin_in(domain).await?),
            Taken::Bytes(bytes) => {
                if let Some(entering) = &mut open {
                    entering.push(Bytes::from(bytes)).await?;
                }
            }
            Taken::End { whole } => {
                let Some(entering) = open.take() else {
                    continue;
                };
                if !whole {
                    entering.discard().await;
                    continue;
                }
                let entered = entering.finish(MEDIA_TYPE.to_owned(), None).await?;
                let judged = entered.judged(db.read()).await;
                match judged.map_err(DocumentError::from)? {
                    Entered::Clean(one) => arrived.push(one),
                    Entered::Infected(infected) => {
                        return Err(MakeError::Infected(Box::new(infected)));
                    }
                }
            }
        }
    }
    // The worker ended within it.
    if let Some(entering) = open {
        entering.discard().await;
    }
    Ok(())
}

/// Takes the content of parts out of the store again that no row names.
pub async fn forget(db: &Db, storage: &Storage, contents: Vec<Content>) {
    for one in contents {
        let name = one.kept.blob.name;
        match has_blob_row(db.read(), name.as_bytes()).await {
            Ok(true) => {}
            Ok(false) => take_away(storage.clone(), name).await,
            Err(error) => {
                tracing::warn!(%error, "a blob that nobody names stays; `papierlos check` will name it");
            }
        }
    }
}
