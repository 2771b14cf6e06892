//! Makes searchable copies: draws the pages of a scan one after the other, puts what was recognised behind them.

use std::collections::HashMap;

use bytes::Bytes;
use indexer::extract::{DrawnPage, PageWish, Passwords, PictureState, PlacedPage, Reason, Want};
use paper::PaperError;
use paper::copy::{self as sheet, About, Places};
use storage::KeyDomain;
use time::OffsetDateTime;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::rows::{self, Claimed};
use super::runner::{JobError, Runner};
use crate::base::{Actor, VersionId};
use crate::documents::{
    self, Arriving, COPY_MEDIA_TYPE, DocumentError, Kept, Refusal, ToCopy, WordsPage,
};
use crate::unit::Unit;

/// Up to so many pages are drawn at so many dots an inch; beyond the last there is no copy. Of a longer
/// document all pictures lie in memory at the end, and they are to be no more than those of a short one.
const RESOLUTIONS: [(usize, u16); 3] = [(100, 200), (250, 150), (500, 100)];
/// All pictures of a copy together, as they stand in it, in bytes. At the end it takes three times as much.
const PICTURES_BYTES_MAX: u64 = 128 << 20;
/// So many pages are drawn by one worker: what it is given takes as long as it is long, and what it may take of the
/// processor is for all of them.
const AT_ONCE: u32 = 8;
/// Words of a copy, and their characters: of pages that bring their text as many as of pages that were recognised.
const WORDS_MAX: usize = 1_000_000;
const CHARS_MAX: usize = 8_000_000;
/// A copy goes to the store in pieces of so many bytes.
const PIECE_BYTES: usize = 1 << 20;
/// The language of what is recognised: that of the house.
const LANGUAGE: &str = "de";
/// What a copy says of itself.
const DESCRIPTION: &str = "Durchsuchbare Kopie, gemacht aus Bildern der Seiten und dem Text, der auf ihnen erkannt \
                           wurde. Maßgeblich ist das Original.";

/// When searchable copies are made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Copies {
    /// When somebody asks for one.
    Asked,
    /// Of each scan, as soon as it was recognised.
    Always,
}

impl Runner {
    /// Makes the copy of a version and keeps it, or why there is none. Running it twice finds it made. At the
    /// end of the process it is given up, and begun anew after the start.
    pub(super) async fn make_copy(
        &self,
        id: VersionId,
        claimed: &Claimed,
        end: &CancellationToken,
    ) -> Result<(), JobError> {
        let job = claimed.id;
        let now = self.db.now();
        let Some(source) = documents::to_copy(self.db.read(), id, now).await? else {
            return self.leave(job).await;
        };
        let known = documents::known_passwords(self.db.read(), &self.storage, id).await?;
        let made = tokio::select! {
            made = Box::pin(self.copied(&source, &known.passwords)) => made?,
            () = end.cancelled() => return self.give_back(job).await,
        };
        let made = match made {
            Ok((pdf, pages)) => {
                let domain = documents::domain_of(self.db.read(), source.document).await?;
                Ok((self.store_copy(pdf, &domain).await?, pages))
            }
            Err(refusal) => Err(refusal),
        };
        let kept = self
            .db
            .write(&Actor::system(), async move |unit: &mut Unit| {
                rows::done(unit, job).await?;
                documents::keep_copy(unit, &source, made).await
            })
            .await;
        match kept {
            // Meanwhile.
            Err(DocumentError::Withheld | DocumentError::Destroyed) => self.leave(job).await,
            Err(error) => Err(error.into()),
            Ok(_) => Ok(()),
        }
    }

    /// The copy with how many pages it has, or why there is none.
    async fn copied(
        &self,
        source: &ToCopy,
        passwords: &Passwords,
    ) -> Result<Result<(Vec<u8>, u64), Refusal>, JobError> {
        if source.is_pdf && documents::is_signed(&self.storage, &source.content).await? {
            return Ok(Err(Refusal::Signed));
        }
        let painter = self.scans.painter();
        // What is longer no worker takes. The content is read once: a worker draws a few pages, and each gets all
        // of it.
        let most = painter.limits().content_bytes_max;
        if source.content.content_bytes > most {
            return Ok(Err(Refusal::Drawing(Reason::TooLarge)));
        }
        let content = self.storage.read(&source.content, most).await?;
        let opening = painter.opening(passwords);
        let shapes = match opening.shapes(content.as_slice()).await? {
            PictureState::Drawn(shapes) => shapes,
            PictureState::Refused(reason) => return Ok(Err(Refusal::Drawing(reason))),
            PictureState::NoPage => return Ok(Err(Refusal::Drawing(Reason::Damaged))),
        };
        // Pages beyond are not told of: a copy without them would not be one.
        let told_max = usize::try_from(painter.limits().pages_max).unwrap_or(usize::MAX);
        let resolution = resolution(shapes.len()).filter(|_| shapes.len() < told_max);
        let many = u32::try_from(shapes.len()).ok();
        let (Some(dots_per_inch), Some(many)) = (resolution, many) else {
            return Ok(Err(Refusal::Pages));
        };
        let on = self.db.read();
        let words = documents::recognised_words(on, &self.storage, source.version).await?;
        let about = self.about(source);
        // A few pages wait while another is written, and one is drawn: that is all that lies in memory beside
        // those that are compressed.
        let (give, mut take) = mpsc::channel(1);
        let making = tokio::task::spawn_blocking(move || {
            sheet::make(&about, std::iter::from_fn(move || take.blocking_recv()))
        });
        let want = Want::Copy { dots_per_inch };
        let refusal = self
            .give_pages((source, &content, passwords), (many, words), want, give)
            .await?;
        // The end takes most of the memory.
        drop(content);
        let made = making.await?;
        if let Some(refusal) = refusal {
            return Ok(Err(refusal));
        }
        match made {
            Ok(pdf) => Ok(Ok((pdf, u64::from(many)))),
            Err(PaperError::TooLarge { .. }) => Ok(Err(Refusal::Size)),
            Err(error) => Err(error.into()),
        }
    }

    /// Hands over all pages, one after the other; tells why, where one cannot be drawn. Where nobody takes
    /// them any more it is known there why. A worker draws several, so that the content is handed to it and opened
    /// once for all of them; one that gives none draws the next page alone, which tells why.
    async fn give_pages(
        &self,
        (source, content, passwords): (&ToCopy, &[u8], &Passwords),
        (many, words): (u32, HashMap<u32, WordsPage>),
        want: Want,
        give: mpsc::Sender<sheet::Page>,
    ) -> Result<Option<Refusal>, JobError> {
        let opening = self.scans.painter().opening(passwords);
        let mut giving = Giving {
            next: 0,
            is_pdf: source.is_pdf,
            words,
            words_left: WORDS_MAX,
            chars_left: CHARS_MAX,
            give,
        };
        while giving.next < many {
            let until = many.min(giving.next.saturating_add(AT_ONCE));
            let wishes: Vec<PageWish> = (giving.next..until).map(|at| giving.wish(at)).collect();
            let (each, drawn) = mpsc::channel(1);
            let drawing = opening.several(content, &wishes, want, each);
            let (told, taken) = tokio::join!(Box::pin(drawing), Box::pin(giving.take_all(drawn)));
            match taken {
                Ok(Taker::There) => {}
                Ok(Taker::Gone) => return Ok(None),
                Err(refusal) => return Ok(Some(refusal)),
            }
            if told? > 0 {
                continue;
            }
            match self.alone((content, passwords), &giving, want).await? {
                Ok(page) => match giving.take(page).await {
                    Ok(Taker::There) => {}
                    Ok(Taker::Gone) => return Ok(None),
                    Err(refusal) => return Ok(Some(refusal)),
                },
                Err(refusal) => return Ok(Some(refusal)),
            }
        }
        Ok(None)
    }

    /// Draws the next page by a worker of its own.
    async fn alone(
        &self,
        (content, passwords): (&[u8], &Passwords),
        giving: &Giving,
        want: Want,
    ) -> Result<Result<DrawnPage, Refusal>, JobError> {
        let (opening, number) = (self.scans.painter().opening(passwords), giving.next);
        let picture = match opening.picture(content, number, want).await? {
            PictureState::Drawn(picture) => picture,
            PictureState::Refused(reason) => return Ok(Err(Refusal::Drawing(reason))),
            PictureState::NoPage => return Ok(Err(Refusal::Drawing(Reason::Damaged))),
        };
        let words = if giving.wish(number).words {
            match opening.words(content, number).await? {
                PictureState::Drawn(page) => Some(page),
                PictureState::Refused(_) | PictureState::NoPage => None,
            }
        } else {
            None
        };
        Ok(Ok(DrawnPage { picture, words }))
    }

    fn about(&self, source: &ToCopy) -> About {
        let now = self.db.now().micros();
        let now = OffsetDateTime::from_unix_timestamp_nanos(i128::from(now) * 1_000);
        let now = now.unwrap_or(OffsetDateTime::UNIX_EPOCH);
        About {
            title: source.title.clone(),
            description: DESCRIPTION.to_owned(),
            language: LANGUAGE.to_owned(),
            creator: format!("Papierlos {}", env!("CARGO_PKG_VERSION")),
            made: paper::Moment {
                year: u16::try_from(now.year()).unwrap_or_default(),
                month: now.month().into(),
                day: now.day(),
                hour: now.hour(),
                minute: now.minute(),
                second: now.second(),
            },
            pictures_bytes_max: PICTURES_BYTES_MAX,
        }
    }

    async fn store_copy(&self, pdf: Vec<u8>, domain: &KeyDomain) -> Result<Kept, JobError> {
        let mut left = Bytes::from(pdf);
        let mut arriving = Arriving::begin_in(&self.storage, domain).await?;
        while !left.is_empty() {
            let piece = left.split_to(left.len().min(PIECE_BYTES));
            arriving.push(piece).await?;
        }
        let arrived = arriving.finish(COPY_MEDIA_TYPE.to_owned(), None).await?;
        Ok(arrived.keep(&self.db).await?.kept)
    }
}

/// Whether somebody still takes pages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Taker {
    There,
    Gone,
}

/// The pages of a copy on their way, and what may still be said on them.
struct Giving {
    /// The number of the next one, beginning with 0.
    next: u32,
    is_pdf: bool,
    /// What was recognised, by the number of the page, beginning with 1.
    words: HashMap<u32, WordsPage>,
    words_left: usize,
    chars_left: usize,
    give: mpsc::Sender<sheet::Page>,
}

impl Giving {
    /// What is wanted of a page: its own words, where none were recognised on it.
    fn wish(&self, number: u32) -> PageWish {
        PageWish {
            number,
            words: self.is_pdf && !self.words.contains_key(&(number + 1)),
        }
    }

    /// Takes pages as they are drawn.
    async fn take_all(&mut self, mut drawn: mpsc::Receiver<DrawnPage>) -> Result<Taker, Refusal> {
        while let Some(page) = drawn.recv().await {
            if self.take(page).await? == Taker::Gone {
                return Ok(Taker::Gone);
            }
        }
        Ok(Taker::There)
    }

    /// Takes the next page, and hands it on with its words.
    async fn take(&mut self, page: DrawnPage) -> Result<Taker, Refusal> {
        let DrawnPage { picture, words } = page;
        let (words, places) = match self.words.remove(&(self.next + 1)) {
            Some(page) => (recognised(page), Places::Ink),
            None if self.is_pdf => (words.map(brought).unwrap_or_default(), Places::Line),
            None => (Vec::new(), Places::Ink),
        };
        let chars: usize = words.iter().map(|word| word.text.chars().count()).sum();
        let left = self
            .words_left
            .checked_sub(words.len())
            .zip(self.chars_left.checked_sub(chars));
        (self.words_left, self.chars_left) = left.ok_or(Refusal::Size)?;
        self.next += 1;
        let page = sheet::Page {
            width: points(i64::from(picture.size.width)),
            height: points(i64::from(picture.size.height)),
            picture: sheet::Picture {
                width: picture.width,
                height: picture.height,
                dots: picture.bytes,
            },
            words,
            places,
        };
        Ok(match self.give.send(page).await {
            Ok(()) => Taker::There,
            Err(_nobody) => Taker::Gone,
        })
    }
}

/// The words that a page of a PDF brings.
fn brought(page: PlacedPage) -> Vec<sheet::Word> {
    let words = page.words.into_iter();
    words.map(|one| word(one.text, one.place)).collect()
}

/// At how many dots an inch so many pages are drawn; nothing where they are too many.
fn resolution(pages: usize) -> Option<u16> {
    let fits = RESOLUTIONS.iter().find(|(most, _)| pages <= *most);
    fits.map(|(_, dots_per_inch)| *dots_per_inch)
}

/// The words that were recognised on a page.
fn recognised(page: WordsPage) -> Vec<sheet::Word> {
    let words = page.words.into_iter();
    let words =
        words.map(|(left, top, width, height, _, text)| word(text, [left, top, width, height]));
    words.collect()
}

fn word(text: String, [left, top, width, height]: [i64; 4]) -> sheet::Word {
    sheet::Word {
        text,
        left: points(left),
        top: points(top),
        width: points(width),
        height: points(height),
    }
}

/// Hundredths of a point as points.
fn points(hundredths: i64) -> f32 {
    hundredths as f32 / 100.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_more_pages_the_smaller_their_pictures_and_beyond_the_last_there_are_none() {
        let check = |pages: usize, expect: Option<u16>| assert_eq!(resolution(pages), expect);
        check(1, Some(200));
        check(100, Some(200));
        check(101, Some(150));
        check(500, Some(100));
        check(501, None);
    }

    #[test]
    fn places_are_told_in_points() {
        let page = WordsPage {
            number: 1,
            width: 59_528,
            height: 84_189,
            turned: 0,
            languages: "deu".to_owned(),
            confidence: 90,
            words: vec![(6_000, 7_050, 3_000, 1_100, 91, "Antrag".to_owned())],
        };
        let expected = sheet::Word {
            text: "Antrag".to_owned(),
            left: 60.0,
            top: 70.5,
            width: 30.0,
            height: 11.0,
        };
        assert_eq!(recognised(page), [expected]);
    }
}
