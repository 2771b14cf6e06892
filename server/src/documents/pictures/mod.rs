//! Pages as pictures: what a version looks like, how large its pages are, where their words stand.
//!
//! Invariants: a page is drawn by a worker process and never here; what was drawn is kept as a rendition, so
//! that what was shown once is shown again byte by byte, and its digest stands in the log; whoever may not
//! read content sees no picture of it.

pub(super) mod http;
mod ops;
pub(super) mod showing;
pub(super) mod wire;
mod words;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use bytes::Bytes;
use futures_util::TryStreamExt;
use indexer::extract::{
    Extractor, PICTURES, PageShape, PictureState, PlacedPage, PlacedWord, RENDERER, Reason, Size,
    Want,
};
use storage::{Blob, Storage};
use tokio::io::AsyncRead;
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio_util::io::StreamReader;

use super::domains::domain_of;
use super::http::store_problem;
use super::intake::Arriving;
use super::looking::LOOKS_MAX;
use super::model::{DocumentError, Kept, Version};
use super::rows;
use crate::base::db::DbError;
use crate::base::{AccountId, Actor, DocumentId, VersionId};
use crate::http::{Kind, Problem, text};
use crate::unit::{Db, Unit};

/// The widths in which pages are drawn, in dots.
const WIDTHS: [u16; 3] = [320, 800, 1600];
/// That of a thumbnail.
const THUMBNAIL: u16 = 320;
/// The width where none is asked for.
const WIDTH_DEFAULT: u16 = 800;
/// What a picture is.
const MEDIA_TYPE: &str = "image/webp";
/// The kinds of rendition: what a page looks like, how large the pages are, where the words of a page stand.
const PICTURE: &str = "picture";
const SHAPES: &str = "shapes";
const PLACES: &str = "places";
/// Pages that wait for their turn to be drawn; whoever comes then is asked to come again.
const WAITING_MAX: usize = 24;
/// Of these and of those that are being drawn, as many are for one account at most.
const BY_ACCOUNT_MAX: usize = 6;
/// Most bytes of stored shapes and places that are read back.
const TOLD_BYTES_MAX: u64 = 32 << 20;
/// What could not be drawn for want of time or memory is tried again after so long, in microseconds.
const TRIED_AGAIN_AFTER: i64 = 3_600 * 1_000_000;

/// Draws pages when somebody looks.
#[derive(Debug)]
pub struct Painter {
    extractor: Extractor,
    places: Semaphore,
    /// How many places each account has that has any.
    taken: Mutex<HashMap<AccountId, usize>>,
    /// What is being drawn: whoever wants the same waits for it.
    drawing: Mutex<HashMap<Key, Weak<Turn>>>,
}

/// A place among those that draw or wait; free again when dropped.
#[derive(Debug)]
struct Place<'a> {
    painter: &'a Painter,
    account: AccountId,
    _permit: SemaphorePermit<'a>,
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        let mut taken = self.painter.taken();
        if let Some(many) = taken.get_mut(&self.account) {
            *many -= 1;
            if *many == 0 {
                taken.remove(&self.account);
            }
        }
    }
}

type Turn = tokio::sync::Mutex<()>;
type Key = (VersionId, &'static str, Option<String>);

impl Painter {
    /// Draws by these workers.
    #[must_use]
    pub fn new(extractor: Extractor) -> Self {
        let at_once = extractor.limits().workers_max.clamp(1, 1_000);
        Self {
            places: Semaphore::new(at_once + WAITING_MAX),
            extractor,
            taken: Mutex::default(),
            drawing: Mutex::default(),
        }
    }

    /// The turn of what is to be drawn: one for all who want it.
    fn turn(&self, key: Key) -> Arc<Turn> {
        let mut drawing = self.drawing.lock().unwrap_or_else(PoisonError::into_inner);
        drawing.retain(|_, turn| turn.strong_count() > 0);
        if let Some(turn) = drawing.get(&key).and_then(Weak::upgrade) {
            return turn;
        }
        let turn: Arc<Turn> = Arc::default();
        drawing.insert(key, Arc::downgrade(&turn));
        turn
    }

    fn taken(&self) -> MutexGuard<'_, HashMap<AccountId, usize>> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A place for an account; none of them has them all.
    fn place(&self, account: AccountId) -> Result<Place<'_>, Problem> {
        let full = || {
            Problem::new(Kind::Unavailable)
                .retry_after_seconds(2)
                .detail(text(
                    "Gerade werden viele Seiten gezeichnet. Bitte gleich noch einmal versuchen.",
                    "Many pages are being drawn. Please try again in a moment.",
                ))
        };
        let mut taken = self.taken();
        let own = taken.get(&account).copied().unwrap_or_default();
        if own >= BY_ACCOUNT_MAX {
            return Err(full());
        }
        let permit = self.places.try_acquire().map_err(|_full| full())?;
        taken.insert(account, own + 1);
        Ok(Place {
            painter: self,
            account,
            _permit: permit,
        })
    }
}

/// What draws: a page of a PDF is drawn by the one, every picture is read and written by the other.
fn engine() -> String {
    let (first, second) = (RENDERER, PICTURES);
    format!(
        "{} {}, {} {}",
        first.name, first.version, second.name, second.version
    )
}

/// What is drawn, or told, of a version.
#[derive(Debug, Clone, PartialEq, Eq)]
struct About {
    document: DocumentId,
    version: VersionId,
    kind: &'static str,
    page: Option<u32>,
    width: Option<u16>,
}

impl About {
    fn of(version: &Version, kind: &'static str) -> Self {
        Self {
            document: version.document,
            version: version.id,
            kind,
            page: None,
            width: None,
        }
    }

    /// A page at this width.
    fn picture(version: &Version, page: u32, width: u16) -> Self {
        Self {
            page: Some(page),
            width: Some(width),
            ..Self::of(version, PICTURE)
        }
    }

    /// Where the words of a page stand.
    fn places(version: &Version, page: u32) -> Self {
        Self {
            page: Some(page),
            ..Self::of(version, PLACES)
        }
    }

    /// As it stands in the row: the same text for the same thing.
    fn details(&self) -> Option<String> {
        match (self.page, self.width) {
            (Some(page), Some(width)) => Some(format!("{{\"page\":{page},\"width\":{width}}}")),
            (Some(page), None) => Some(format!("{{\"page\":{page}}}")),
            (None, _) => None,
        }
    }
}

/// What there is now: made at this moment, or before.
enum Made {
    /// A blob, and SHA-256 of its content.
    Stored(Blob, [u8; 32]),
    /// Nothing, for this reason.
    Refused(Reason),
}

/// What a worker came back with.
enum Fresh {
    Bytes(Bytes, &'static str),
    Refused(Reason),
    NoPage,
}

/// Where pages are drawn from and kept in.
struct Easel<'a> {
    db: &'a Db,
    storage: &'a Storage,
    painter: &'a Painter,
    /// For whom.
    account: AccountId,
}

impl Easel<'_> {
    /// What was made before, by the engine of today.
    async fn kept(&self, about: &About) -> Result<Option<Made>, DbError> {
        let (on, engine, details) = (self.db.read(), engine(), about.details());
        // Between looking for the blob and for its key it may have followed its document.
        for _ in 0..LOOKS_MAX {
            let wanted = (about.kind, engine.as_str());
            let row = rows::newest_drawn(on, about.version, wanted, details.as_deref()).await?;
            let Some(row) = row else {
                return Ok(None);
            };
            let Some(name) = &row.blob_name else {
                let since = self.db.now().micros().saturating_sub(row.created_at);
                let reason = row.reason.as_deref().and_then(Reason::from_name);
                let stands = |reason: &Reason| !passes(*reason) || since < TRIED_AGAIN_AFTER;
                return Ok(reason.filter(stands).map(Made::Refused));
            };
            if let Some((blob, sha256)) = rows::blob_with_digest(on, name).await? {
                return Ok(Some(Made::Stored(blob, sha256)));
            }
        }
        Ok(None)
    }

    /// What was made before, or what `draw` makes now. Of those who want the same at the same time one draws.
    async fn made(
        &self,
        about: About,
        draw: impl AsyncFnOnce() -> Result<Fresh, Problem>,
    ) -> Result<Made, Problem> {
        if let Some(made) = self.kept(&about).await? {
            return Ok(made);
        }
        let key = (about.version, about.kind, about.details());
        let turn = self.painter.turn(key);
        let _turn = turn.lock().await;
        if let Some(made) = self.kept(&about).await? {
            return Ok(made);
        }
        let _place = self.painter.place(self.account)?;
        match draw().await? {
            Fresh::NoPage => Err(DocumentError::NoVersion.into()),
            // The first bytes say so again at no cost.
            Fresh::Refused(Reason::UnknownFormat) => Ok(Made::Refused(Reason::UnknownFormat)),
            Fresh::Refused(reason) => {
                self.keep(about, Err(reason)).await?;
                Ok(Made::Refused(reason))
            }
            Fresh::Bytes(bytes, media_type) => {
                let kept = self.store(about.document, bytes, media_type).await?;
                let made = Made::Stored(kept.blob.clone(), kept.content.sha256.0);
                self.keep(about, Ok(kept)).await?;
                Ok(made)
            }
        }
    }

    async fn keep(&self, about: About, made: Result<Kept, Reason>) -> Result<(), Problem> {
        let engine = engine();
        self.db
            .write(&Actor::system(), async move |unit: &mut Unit| {
                ops::keep(unit, about, engine, made).await
            })
            .await?;
        Ok(())
    }

    /// Stores bytes under the keys of the place of the document.
    async fn store(
        &self,
        document: DocumentId,
        bytes: Bytes,
        media_type: &str,
    ) -> Result<Kept, Problem> {
        let domain = domain_of(self.db.read(), document).await?;
        let begun = Arriving::begin_in(self.storage, &domain).await;
        let mut arriving = begun.map_err(store_problem)?;
        arriving.push(bytes).await.map_err(store_problem)?;
        let arrived = arriving.finish(media_type.to_owned(), None).await;
        let content = arrived.map_err(store_problem)?.keep(self.db).await?;
        Ok(content.kept)
    }

    async fn content(&self, blob: &Blob) -> Result<impl AsyncRead + Send + Unpin, Problem> {
        let stream = self.storage.open(blob, None).await.map_err(store_problem)?;
        Ok(StreamReader::new(stream.map_err(std::io::Error::other)))
    }

    /// How large the pages of a version are; or why it is not drawn.
    async fn shapes(
        &self,
        version: &Version,
        content: &Blob,
    ) -> Result<Result<Vec<PageShape>, Reason>, Problem> {
        let about = About::of(version, SHAPES);
        let made = self.made(about, async || {
            let reader = self.content(content).await?;
            let told = self.painter.extractor.shapes(reader).await;
            match told.map_err(Problem::internal)? {
                PictureState::Drawn(shapes) => {
                    let of =
                        |shape: &PageShape| (shape.size.width, shape.size.height, shape.rotation);
                    json(&shapes.iter().map(of).collect::<Vec<_>>())
                }
                PictureState::Refused(reason) => Ok(Fresh::Refused(reason)),
                PictureState::NoPage => Ok(Fresh::Refused(Reason::Damaged)),
            }
        });
        match made.await? {
            Made::Refused(reason) => Ok(Err(reason)),
            Made::Stored(blob, _) => {
                let told: Vec<(u32, u32, u16)> = self.told(&blob).await?;
                let shape = |(width, height, rotation)| PageShape {
                    size: Size { width, height },
                    rotation,
                };
                Ok(Ok(told.into_iter().map(shape).collect()))
            }
        }
    }

    /// The words that a page of a PDF brings, with where they stand; nothing where it brings none that can
    /// be told.
    async fn places(
        &self,
        version: &Version,
        content: &Blob,
        page: u32,
    ) -> Result<Option<PlacedPage>, Problem> {
        let place = page.checked_sub(1).ok_or(DocumentError::NoVersion)?;
        let about = About::places(version, page);
        let made = self.made(about, async || {
            let reader = self.content(content).await?;
            let told = self.painter.extractor.words(reader, place).await;
            match told.map_err(Problem::internal)? {
                PictureState::Drawn(page) => {
                    json(&(page.size.width, page.size.height, &page.words))
                }
                PictureState::Refused(reason) => Ok(Fresh::Refused(reason)),
                PictureState::NoPage => Ok(Fresh::NoPage),
            }
        });
        match made.await? {
            Made::Refused(_) => Ok(None),
            Made::Stored(blob, _) => {
                let (width, height, words): (u32, u32, Vec<PlacedWord>) = self.told(&blob).await?;
                let size = Size { width, height };
                Ok(Some(PlacedPage { size, words }))
            }
        }
    }

    /// What a page looks like, as a blob with its digest.
    async fn picture(
        &self,
        version: &Version,
        content: &Blob,
        (page, width): (u32, u16),
    ) -> Result<(Blob, [u8; 32]), Problem> {
        let place = page.checked_sub(1).ok_or(DocumentError::NoVersion)?;
        // Whoever asks for a page that is none starts no worker for it each time. The first one there is,
        // or it is kept that there is not.
        if page > 1 {
            let pages = match self.shapes(version, content).await? {
                Ok(shapes) => u32::try_from(shapes.len()).unwrap_or(u32::MAX),
                Err(reason) => {
                    return Err(Problem::new(Kind::NoPicture).detail(wire::explained(reason)));
                }
            };
            if page > pages {
                return Err(DocumentError::NoVersion.into());
            }
        }
        let about = About::picture(version, page, width);
        let made = self.made(about, async || {
            let reader = self.content(content).await?;
            let want = Want::Shown { width };
            let drawn = self.painter.extractor.picture(reader, place, want).await;
            Ok(match drawn.map_err(Problem::internal)? {
                PictureState::Drawn(picture) => Fresh::Bytes(picture.bytes.into(), MEDIA_TYPE),
                PictureState::Refused(reason) => Fresh::Refused(reason),
                PictureState::NoPage => Fresh::NoPage,
            })
        });
        match made.await? {
            Made::Stored(blob, sha256) => Ok((blob, sha256)),
            Made::Refused(reason) => {
                Err(Problem::new(Kind::NoPicture).detail(wire::explained(reason)))
            }
        }
    }

    /// The digest of a picture, where it was drawn before.
    async fn drawn_before(
        &self,
        version: &Version,
        page: u32,
        width: u16,
    ) -> Result<Option<[u8; 32]>, DbError> {
        let about = About::picture(version, page, width);
        Ok(match self.kept(&about).await? {
            Some(Made::Stored(_, sha256)) => Some(sha256),
            Some(Made::Refused(_)) | None => None,
        })
    }

    async fn told<T: serde::de::DeserializeOwned>(&self, blob: &Blob) -> Result<T, Problem> {
        let packed = self.storage.read(blob, TOLD_BYTES_MAX).await;
        serde_json::from_slice(&packed.map_err(store_problem)?).map_err(Problem::internal)
    }
}

/// What a worker told, as it is stored.
fn json(told: &impl serde::Serialize) -> Result<Fresh, Problem> {
    let bytes = serde_json::to_vec(told).map_err(Problem::internal)?;
    Ok(Fresh::Bytes(bytes.into(), "application/json"))
}

/// Whether another try may end otherwise.
const fn passes(reason: Reason) -> bool {
    matches!(
        reason,
        Reason::TimedOut | Reason::OutOfMemory | Reason::Crashed
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_wants_the_same_page_waits_for_it_and_nobody_else_does() {
        let limits = indexer::extract::Limits::default();
        let painter = Painter::new(Extractor::new("/proc/self/exe".into(), limits));
        let version = VersionId::new();
        let key = |page: u32| (version, PICTURE, Some(format!("{page}")));
        let first = painter.turn(key(1));
        assert!(Arc::ptr_eq(&first, &painter.turn(key(1))));
        assert!(!Arc::ptr_eq(&first, &painter.turn(key(2))));
        drop(first);
        painter.turn(key(3));
        // What is drawn no longer is forgotten.
        let drawing = painter.drawing.lock().expect("nobody panicked");
        assert!(drawing.len() <= 1, "{drawing:?}");
    }

    #[test]
    fn who_comes_when_too_many_wait_is_asked_to_come_again() {
        let limits = indexer::extract::Limits {
            workers_max: 1,
            ..indexer::extract::Limits::default()
        };
        let painter = Painter::new(Extractor::new("/proc/self/exe".into(), limits));
        let held: Vec<_> = (0..=WAITING_MAX)
            .map_while(|_| painter.place(AccountId::new()).ok())
            .collect();
        assert_eq!(held.len(), WAITING_MAX + 1);
        let refused = painter
            .place(AccountId::new())
            .err()
            .map(|problem| problem.kind());
        assert_eq!(refused, Some(Kind::Unavailable));
        drop(held);
        assert!(painter.place(AccountId::new()).is_ok());
        assert!(painter.taken().is_empty());
    }

    #[test]
    fn one_account_leaves_places_to_the_others() {
        let limits = indexer::extract::Limits::default();
        let painter = Painter::new(Extractor::new("/proc/self/exe".into(), limits));
        let (one, other) = (AccountId::new(), AccountId::new());
        let mut held: Vec<_> = (0..WAITING_MAX)
            .map_while(|_| painter.place(one).ok())
            .collect();
        assert_eq!(held.len(), BY_ACCOUNT_MAX);
        let refused = painter.place(one).err().map(|problem| problem.kind());
        assert_eq!(refused, Some(Kind::Unavailable));
        assert!(painter.place(other).is_ok());
        held.pop();
        assert!(painter.place(one).is_ok());
    }
}
