//! Pages as pictures: what a version looks like, how large its pages are, where their words stand.
//!
//! Invariants: a page is drawn by a worker process and never here; what was drawn is kept as a rendition, so
//! that what was shown once is shown again byte by byte, and its digest stands in the log; whoever may not
//! read content sees no picture of it.

mod ground;
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
    Extractor, PageShape, Password, Passwords, PictureState, PlacedPage, PlacedWord, Reason, Size,
    Unlocked, Want, sheet,
};
use storage::{Blob, Storage};
use tokio::io::AsyncRead;
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio_util::io::StreamReader;

use self::ground::{About, Ground, text_to_draw};
use super::domains::domain_of;
use super::http::store_problem;
use super::intake::Arriving;
use super::looking::LOOKS_MAX;
use super::model::{DocumentError, Kept, Version};
use super::passwords;
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
/// What broke off for want of memory is tried again after so long, in seconds.
const TRIED_AGAIN_AFTER: u32 = 3_600;
/// What did not end in time may only have come while there was much to do: it is tried again after so long, in seconds.
const LATE_AGAIN_AFTER: u32 = 300;

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
pub(in crate::documents) struct Place<'a> {
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

    /// Whether a password opens content, for an account.
    pub(super) async fn unlocks(
        &self,
        account: AccountId,
        content: impl AsyncRead + Send + Unpin,
        password: &Password,
    ) -> Result<Unlocked, Problem> {
        let _place = self.place(account)?;
        let passwords = Passwords::of([password.clone()]);
        let tried = self.extractor.opening(&passwords).unlock(content).await;
        tried.map_err(Problem::internal)
    }

    /// What makes something of pages while somebody waits for it, and a place for that account.
    pub(in crate::documents) fn hands(
        &self,
        account: AccountId,
    ) -> Result<(&Extractor, Place<'_>), Problem> {
        Ok((&self.extractor, self.place(account)?))
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
        let (on, details) = (self.db.read(), about.details());
        // Between looking for the blob and for its key it may have followed its document.
        for _ in 0..LOOKS_MAX {
            let wanted = (about.kind, about.engine.as_str());
            let row = rows::newest_drawn(on, about.version, wanted, details.as_deref()).await?;
            let Some(row) = row else {
                return Ok(None);
            };
            let Some(name) = &row.blob_name else {
                let since = self.db.now().micros().saturating_sub(row.created_at);
                let reason = row.reason.as_deref().and_then(Reason::from_name);
                if reason == Some(Reason::Encrypted) && self.is_unlocked(about, &row).await? {
                    return Ok(None);
                }
                let stands = |reason: &Reason| again_after(*reason).is_none_or(|wait| since < wait);
                return Ok(reason.filter(stands).map(Made::Refused));
            };
            if let Some((blob, sha256)) = rows::blob_with_digest(on, name).await? {
                return Ok(Some(Made::Stored(blob, sha256)));
            }
        }
        Ok(None)
    }

    /// Whether a password was kept since something could not be drawn for want of one.
    async fn is_unlocked(
        &self,
        about: &About,
        refused: &rows::rendition::Model,
    ) -> Result<bool, DbError> {
        let newest = passwords::newest(self.db.read(), about.version).await?;
        Ok(newest.is_some_and(|newest| newest.created_at >= refused.created_at))
    }

    /// By which a version opens that is locked.
    async fn passwords(&self, version: &Version) -> Result<Passwords, Problem> {
        let known = passwords::known(self.db.read(), self.storage, version.id).await?;
        Ok(known.passwords)
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
        self.db
            .write(&Actor::system(), async move |unit: &mut Unit| {
                ops::keep(unit, about, made).await
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

    /// How large the pages of a version are; or why it is not drawn.
    async fn shapes(
        &self,
        version: &Version,
        ground: &Ground,
    ) -> Result<Result<Shapes, Reason>, Problem> {
        let about = About::of(version, ground, SHAPES);
        let extractor = &self.painter.extractor;
        let made = self.made(about, async || match ground {
            Ground::Content(blob) | Ground::Converted(blob, ..) => {
                let reader = content_of(self.storage, blob).await?;
                let passwords = self.passwords(version).await?;
                let told = extractor.opening(&passwords).shapes(reader).await;
                fresh(told.map_err(Problem::internal)?, |shapes| {
                    let of =
                        |shape: &PageShape| (shape.size.width, shape.size.height, shape.rotation);
                    json(&shapes.iter().map(of).collect::<Vec<_>>())
                })
            }
            Ground::Text(blob, _) => {
                let text = text_to_draw(self, blob).await?;
                let told = extractor.sheets(&text).await;
                fresh(told.map_err(Problem::internal)?, |leaves| json(&leaves))
            }
        });
        let blob = match made.await? {
            Made::Refused(reason) => return Ok(Err(reason)),
            Made::Stored(blob, _) => blob,
        };
        if let Ground::Text(..) = ground {
            let leaves: Vec<u32> = self.told(&blob).await?;
            return Ok(Ok(Shapes {
                pages: vec![sheet(); leaves.len()],
                leaves: Some(leaves),
            }));
        }
        let told: Vec<(u32, u32, u16)> = self.told(&blob).await?;
        let shape = |(width, height, rotation)| PageShape {
            size: Size { width, height },
            rotation,
        };
        Ok(Ok(Shapes {
            pages: told.into_iter().map(shape).collect(),
            leaves: None,
        }))
    }

    /// The words that a page brings, with where they stand; nothing where it brings none that can be told.
    async fn places(
        &self,
        version: &Version,
        ground: &Ground,
        page: u32,
    ) -> Result<Option<PlacedPage>, Problem> {
        let place = page.checked_sub(1).ok_or(DocumentError::NoVersion)?;
        let about = About::of(version, ground, PLACES).on(page, None);
        let extractor = &self.painter.extractor;
        let made = self.made(about, async || {
            let told = match ground {
                Ground::Content(blob) | Ground::Converted(blob, ..) => {
                    let reader = content_of(self.storage, blob).await?;
                    let passwords = self.passwords(version).await?;
                    extractor.opening(&passwords).words(reader, place).await
                }
                Ground::Text(blob, _) => {
                    let text = text_to_draw(self, blob).await?;
                    extractor.sheet_words(&text, place).await
                }
            };
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
        ground: &Ground,
        (page, width): (u32, u16),
    ) -> Result<(Blob, [u8; 32]), Problem> {
        let place = page.checked_sub(1).ok_or(DocumentError::NoVersion)?;
        // Whoever asks for a page that is none starts no worker for it each time. The first one there is,
        // or it is kept that there is not.
        if page > 1 {
            let pages = match self.shapes(version, ground).await? {
                Ok(shapes) => u32::try_from(shapes.pages.len()).unwrap_or(u32::MAX),
                Err(reason) => return Err(no_picture(reason)),
            };
            if page > pages {
                return Err(DocumentError::NoVersion.into());
            }
        }
        let about = About::of(version, ground, PICTURE).on(page, Some(width));
        let extractor = &self.painter.extractor;
        let made = self.made(about, async || {
            let want = Want::Shown { width };
            let drawn = match ground {
                Ground::Content(blob) | Ground::Converted(blob, ..) => {
                    let reader = content_of(self.storage, blob).await?;
                    let passwords = self.passwords(version).await?;
                    let opening = extractor.opening(&passwords);
                    opening.picture(reader, place, want).await
                }
                Ground::Text(blob, _) => {
                    let text = text_to_draw(self, blob).await?;
                    extractor.sheet_picture(&text, place, want).await
                }
            };
            Ok(match drawn.map_err(Problem::internal)? {
                PictureState::Drawn(picture) => Fresh::Bytes(picture.bytes.into(), MEDIA_TYPE),
                PictureState::Refused(reason) => Fresh::Refused(reason),
                PictureState::NoPage => Fresh::NoPage,
            })
        });
        match made.await? {
            Made::Stored(blob, sha256) => Ok((blob, sha256)),
            Made::Refused(reason) => Err(no_picture(reason)),
        }
    }

    /// The digest of a picture, where it was drawn before.
    async fn drawn_before(
        &self,
        version: &Version,
        ground: &Ground,
        (page, width): (u32, u16),
    ) -> Result<Option<[u8; 32]>, DbError> {
        let about = About::of(version, ground, PICTURE).on(page, Some(width));
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

/// Content as a worker reads it.
pub(super) async fn content_of(
    storage: &Storage,
    blob: &Blob,
) -> Result<impl AsyncRead + Send + Unpin, Problem> {
    let stream = storage.open(blob, None).await.map_err(store_problem)?;
    Ok(StreamReader::new(stream.map_err(std::io::Error::other)))
}

/// How large the pages are.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Shapes {
    pages: Vec<PageShape>,
    /// For each sheet the page of the text that stands on it, where text is drawn.
    leaves: Option<Vec<u32>>,
}

impl Shapes {
    /// The page on which that page of the text begins. Where an office program has broken the lines again that
    /// is about as far into the document: nobody knows better.
    fn of_text(&self, number: u32, ground: &Ground, text_pages: u64) -> Option<u32> {
        let many = u64::try_from(self.pages.len()).unwrap_or(u64::MAX);
        match (&self.leaves, ground) {
            (Some(leaves), _) => {
                let at = leaves.iter().position(|leaf| *leaf == number)?;
                u32::try_from(at).ok()?.checked_add(1)
            }
            (None, Ground::Converted(..)) if text_pages > 0 => {
                let before = u64::from(number).checked_sub(1)?;
                let share = before.checked_mul(many)? / text_pages;
                u32::try_from(share.checked_add(1)?).ok()
            }
            (None, _) => Some(number),
        }
    }
}

/// What a worker told of all pages, to be kept.
fn fresh<T>(
    told: PictureState<T>,
    pack: impl FnOnce(T) -> Result<Fresh, Problem>,
) -> Result<Fresh, Problem> {
    match told {
        PictureState::Drawn(told) => pack(told),
        PictureState::Refused(reason) => Ok(Fresh::Refused(reason)),
        PictureState::NoPage => Ok(Fresh::Refused(Reason::Damaged)),
    }
}

/// What a worker told, as it is stored.
fn json(told: &impl serde::Serialize) -> Result<Fresh, Problem> {
    let bytes = serde_json::to_vec(told).map_err(Problem::internal)?;
    Ok(Fresh::Bytes(bytes.into(), "application/json"))
}

/// After how many microseconds another try may end otherwise; nothing where none does.
fn again_after(reason: Reason) -> Option<i64> {
    let seconds = if reason == Reason::TimedOut {
        LATE_AGAIN_AFTER
    } else if matches!(reason, Reason::OutOfMemory | Reason::Crashed) {
        TRIED_AGAIN_AFTER
    } else {
        return None;
    };
    Some(i64::from(seconds) * 1_000_000)
}

/// That there is no picture: none of this page, or none for now where drawing did not end in time.
fn no_picture(reason: Reason) -> Problem {
    let problem = if reason == Reason::TimedOut {
        Problem::new(Kind::Unavailable).retry_after_seconds(u64::from(LATE_AGAIN_AFTER))
    } else {
        Problem::new(Kind::NoPicture)
    };
    problem.detail(wire::explained(reason))
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
    fn a_page_that_came_too_late_is_not_one_that_there_is_not() {
        let late = no_picture(Reason::TimedOut);
        assert_eq!(late.kind(), Kind::Unavailable);
        let answer = late.respond(crate::http::Language::German, None);
        let wait = answer.headers().get("retry-after");
        assert_eq!(wait.and_then(|wait| wait.to_str().ok()), Some("300"));
        for none in [Reason::TooLarge, Reason::OutOfMemory, Reason::Damaged] {
            assert_eq!(no_picture(none).kind(), Kind::NoPicture, "{none:?}");
        }
        assert!(again_after(Reason::TimedOut) < again_after(Reason::OutOfMemory));
        assert_eq!(again_after(Reason::Damaged), None);
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
