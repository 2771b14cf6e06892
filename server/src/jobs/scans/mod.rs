//! Reads pages that are pictures: draws them, has them recognised, puts text where none was.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use bytes::Bytes;
use futures_util::{StreamExt, TryStreamExt, stream};
use indexer::extract::{
    ExtractError, Extractor, Passwords, Picture, PictureState, Program, Read, Reason, Recogniser,
    Recognition, RecognitionLimits, Seen, Size, Word, program,
};
use indexer::likeness::Sketch;
use storage::{Blob, Storage};
use tokio::sync::watch;
use tokio_util::io::StreamReader;
use tokio_util::sync::CancellationToken;

use super::runner::JobError;
use crate::documents::{
    Kept, Page, Pages, PlacedWords, Progress, Recognised, Scan, TEXT_BYTES_MAX, TextInfo,
    WordsPage, engines, has_sheets,
};

/// The state of a page that was recognised.
const RECOGNISED: &str = "recognised";
/// The state of a page that waits for it.
const NEEDS_OCR: &str = "needs_ocr";

/// Words of one document that are kept.
const WORDS_MAX: usize = 1_000_000;
/// A word is one on a page that looks blank where the engine is so sure of it …
const SURE: u8 = 60;
/// … and it has so many letters and digits: specks are read as single ones.
const WORD_LETTERS_MIN: usize = 2;
/// So many pages are read before what they say is kept, at first …
const PAGES_FIRST: u32 = 16;
/// … and at most: as many as were read before, so that a long document is not kept a hundred times.
const PAGES_MOST: u32 = 256;
/// The picture by which it is tried whether the program may be run: this many dots, all white.
const TRIED_DOTS: u32 = 64;

/// Whether pictures can be read on this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// Nobody has looked yet.
    Unknown,
    /// By this program.
    Ready(Arc<Program>),
    /// Not, for this reason: what the operator is told.
    Missing(String),
}

/// What reads pictures.
#[derive(Debug)]
pub struct Scans {
    recogniser: Recogniser,
    painter: Extractor,
    program: PathBuf,
    languages: Vec<String>,
    document_chars_max: usize,
    standing: watch::Sender<Standing>,
    /// The program could not be run when it was wanted, and has not shown since that it can.
    doubted: AtomicBool,
}

/// What was found on one page.
enum Found {
    Words(Box<Read>, Size, i32, Seen),
    Failed(Reason),
}

impl Scans {
    /// By the program at this path, in these languages. `painter` draws the pages.
    #[must_use]
    pub fn new(
        exe: PathBuf,
        limits: RecognitionLimits,
        painter: Extractor,
        (program, languages): (PathBuf, Vec<String>),
    ) -> Self {
        let chars = painter.limits().document_chars_max;
        Self {
            recogniser: Recogniser::new(exe, limits),
            document_chars_max: usize::try_from(chars).unwrap_or(usize::MAX),
            painter,
            program,
            languages,
            standing: watch::Sender::new(Standing::Unknown),
            doubted: AtomicBool::new(false),
        }
    }

    /// Whether pictures can be read, now and when that changes.
    #[must_use]
    pub fn standing(&self) -> watch::Receiver<Standing> {
        self.standing.subscribe()
    }

    /// How many pages are read at the same time.
    pub(super) fn places(&self) -> usize {
        self.recogniser.limits().workers_max.max(1)
    }

    /// What draws pages without haste.
    pub(super) const fn painter(&self) -> &Extractor {
        &self.painter
    }

    /// The program, where it is there.
    pub(super) fn ready(&self) -> Option<Arc<Program>> {
        match &*self.standing.borrow() {
            Standing::Ready(program) => Some(Arc::clone(program)),
            Standing::Unknown | Standing::Missing(_) => None,
        }
    }

    /// Looks for the program; says so where what it finds is new.
    pub(super) async fn look(&self) {
        let now = match program(&self.program, &self.languages).await {
            Ok(program) => self.tried(Arc::new(program)).await,
            Err(error) => Standing::Missing(error.to_string()),
        };
        self.stand(now);
    }

    /// The program was not there, or may not be run, when it was wanted.
    pub(super) fn missed(&self, error: &ExtractError) {
        self.doubted.store(true, Ordering::Relaxed);
        self.stand(Standing::Missing(error.to_string()));
    }

    /// A program that could not be run once must show that it can: what holds it is not there on every
    /// machine, and a page that waits is not to find out every minute.
    async fn tried(&self, program: Arc<Program>) -> Standing {
        if !self.doubted.load(Ordering::Relaxed) {
            return Standing::Ready(program);
        }
        let size = Size {
            width: TRIED_DOTS * 24,
            height: TRIED_DOTS * 24,
        };
        let white = Picture {
            size,
            width: TRIED_DOTS,
            height: TRIED_DOTS,
            turned: 0,
            bytes: vec![u8::MAX; usize::try_from(TRIED_DOTS * TRIED_DOTS).unwrap_or_default()],
        };
        match self.recogniser.recognise(&program, &white).await {
            Ok(_) => {
                self.doubted.store(false, Ordering::Relaxed);
                Standing::Ready(program)
            }
            Err(error) => Standing::Missing(error.to_string()),
        }
    }

    fn stand(&self, now: Standing) {
        let mut before = None;
        self.standing.send_if_modified(|standing| {
            let changed = *standing != now;
            if changed {
                before = Some(std::mem::replace(standing, now.clone()));
            }
            changed
        });
        match (before, now) {
            (Some(_), Standing::Ready(program)) => {
                tracing::info!(scans.engine = program.engine(), "scans are read");
            }
            (Some(Standing::Unknown | Standing::Ready(_)), Standing::Missing(reason)) => {
                tracing::warn!(
                    scans.reason = reason,
                    "scans cannot be read: pages without text wait until tesseract is there"
                );
            }
            // Another reason for the same.
            (Some(Standing::Missing(_)), Standing::Missing(_))
            | (Some(_), Standing::Unknown)
            | (None, _) => {}
        }
    }

    /// Reads the next pages of a version that have no text: some, or all that are left. `None`: the end
    /// came before the first of them was read.
    pub(super) async fn read(
        &self,
        storage: &Storage,
        program: &Program,
        (scan, passwords): (Scan, &Passwords),
        end: &CancellationToken,
    ) -> Result<Option<Outcome>, JobError> {
        let before = &scan.progress;
        let pages = pages_of(storage, &scan).await?;
        let wanted: Vec<u32> = (0_u32..)
            .zip(&pages)
            .filter(|(number, page)| *number >= before.through && page.state == NEEDS_OCR)
            .map(|(number, _)| number)
            .collect();
        let many = before.through.clamp(PAGES_FIRST, PAGES_MOST);
        let many = usize::try_from(many).unwrap_or(usize::MAX);
        let now: Vec<u32> = wanted.iter().copied().take(many).collect();
        let mut reading = Reading::new(pages, self.document_chars_max, before);
        let (mut looked_at, mut through) = (0, before.through);
        {
            let content = (&scan.content, passwords);
            let found = stream::iter(now)
                .map(|number| async move {
                    let found = self.page(storage, program, content, number).await?;
                    Ok::<_, JobError>((number, found))
                })
                // One after the other, so that what is read is the beginning of what is left.
                .buffered(self.places())
                .take_until(end.cancelled());
            let mut found = std::pin::pin!(found);
            while let Some((number, found)) = found.try_next().await? {
                looked_at += 1;
                through = number + 1;
                reading.take(number, found);
                if reading.full {
                    break;
                }
            }
        }
        if looked_at == 0 && !wanted.is_empty() {
            return Ok(None);
        }
        let rest = looked_at < wanted.len() && !reading.full;
        Ok(Some(reading.end(
            &scan,
            program.engine(),
            rest.then_some(through),
        )))
    }

    async fn page(
        &self,
        storage: &Storage,
        program: &Program,
        (content, passwords): (&Blob, &Passwords),
        number: u32,
    ) -> Result<Found, JobError> {
        let stream = storage.open(content, None).await?;
        let stream = StreamReader::new(stream.map_err(std::io::Error::other));
        let sheet = self
            .painter
            .opening(passwords)
            .sheet(stream, number)
            .await?;
        let (picture, seen) = match sheet {
            PictureState::Drawn(drawn) => drawn,
            PictureState::Refused(reason) => return Ok(Found::Failed(reason)),
            PictureState::NoPage => return Ok(Found::Failed(Reason::Damaged)),
        };
        let recognition: Result<Recognition, ExtractError> =
            self.recogniser.recognise(program, &picture).await;
        Ok(match recognition? {
            Recognition::Read(read) => {
                let seen = seen.unwrap_or_default();
                Found::Words(Box::new(read), picture.size, picture.turned, seen)
            }
            Recognition::Failed(reason) => Found::Failed(reason),
        })
    }
}

/// The pages of a version while they are read, and what may still be kept of them.
struct Reading {
    pages: Vec<Page>,
    words: Vec<WordsPage>,
    chars_left: usize,
    words_left: usize,
    words_before: u64,
    /// Why the first page that could not be read was not.
    reason: Option<Reason>,
    /// How many pages could not be read now.
    failed: u64,
    /// Nothing more may be kept.
    full: bool,
}

impl Reading {
    fn new(pages: Vec<Page>, chars_max: usize, before: &Progress) -> Self {
        let chars: usize = pages.iter().map(|page| page.text.chars().count()).sum();
        let words = usize::try_from(before.words).unwrap_or(usize::MAX);
        Self {
            pages,
            words: Vec::new(),
            chars_left: chars_max.saturating_sub(chars),
            words_left: WORDS_MAX.saturating_sub(words),
            words_before: before.words,
            reason: before.failed.as_deref().and_then(Reason::from_name),
            failed: 0,
            full: false,
        }
    }

    /// Takes what was found on a page, as far as there is room.
    fn take(&mut self, number: u32, found: Found) {
        let at = usize::try_from(number).unwrap_or(usize::MAX);
        let Some(page) = self.pages.get_mut(at) else {
            return;
        };
        let (mut read, size, turned, seen) = match found {
            Found::Words(read, size, turned, seen) => (*read, size, turned, seen),
            Found::Failed(reason) => {
                self.reason = self.reason.or(Some(reason));
                self.failed += 1;
                return;
            }
        };
        page.blank = is_blank(&read, &seen);
        page.codes = seen.codes;
        // What stood there was worth nothing, and is replaced.
        self.chars_left += page.text.chars().count();
        let chars = read.text.chars().count();
        self.full = chars > self.chars_left || read.words.len() > self.words_left;
        if self.full {
            self.reason = self.reason.or(Some(Reason::TooLarge));
            page.text = read.text.chars().take(self.chars_left).collect();
            read.words = first_words(read.words, self.words_left, self.chars_left);
            "cut".clone_into(&mut page.state);
        } else {
            page.text.clone_from(&read.text);
            RECOGNISED.clone_into(&mut page.state);
        }
        self.chars_left = self.chars_left.saturating_sub(chars);
        self.words_left = self.words_left.saturating_sub(read.words.len());
        self.words.push(words_page(number + 1, read, size, turned));
    }

    /// What came of it; `through`: up to there, and pages are left.
    fn end(self, scan: &Scan, engine: String, through: Option<u32>) -> Outcome {
        let words: usize = self.words.iter().map(|page| page.words.len()).sum();
        let words = self.words_before + u64::try_from(words).unwrap_or(u64::MAX);
        let rest = through.is_some();
        Outcome {
            info: judged(&scan.text, &self.pages, (self.reason, rest), &engine),
            progress: through.map(|through| Progress {
                through,
                words,
                failed: self.reason.map(|reason| reason.as_str().to_owned()),
            }),
            pages: self.pages,
            words: self.words,
            failed: self.failed,
            engine,
        }
    }
}

/// Whether nothing stands on a page: no ink, no code, and no word of which the engine is sure.
fn is_blank(read: &Read, seen: &Seen) -> bool {
    let is_word = |word: &Word| {
        let letters = word.text.chars().filter(|c| c.is_alphanumeric());
        word.confidence >= SURE && letters.count() >= WORD_LETTERS_MIN
    };
    seen.bare && seen.codes.is_empty() && !read.words.iter().any(is_word)
}

/// The words of a page that still fit.
fn first_words(words: Vec<Word>, words_max: usize, chars_max: usize) -> Vec<Word> {
    let mut chars = 0;
    let fits = |word: &Word| {
        chars += word.text.chars().count();
        chars <= chars_max
    };
    words.into_iter().take(words_max).take_while(fits).collect()
}

/// What came of reading pages of a version.
#[derive(Debug)]
pub(super) struct Outcome {
    info: TextInfo,
    pages: Vec<Page>,
    words: Vec<WordsPage>,
    failed: u64,
    engine: String,
    /// How far it has come, where pages are left.
    progress: Option<Progress>,
}

impl Outcome {
    /// Whether pages are left to be read.
    pub(super) fn is_begun(&self) -> bool {
        self.progress.is_some()
    }

    /// Whether every page was read and one of them is a separator sheet. A page that nobody could read may be
    /// one too: then it is left to people.
    pub(super) fn has_sheets(&self) -> bool {
        let unread = |page: &Page| page.state == NEEDS_OCR || page.unseen;
        !self.is_begun() && !self.pages.iter().any(unread) && has_sheets(&self.pages)
    }

    /// The packed text, where there is any, and the packed words, where any page was read.
    pub(super) fn pack(&self) -> Result<(Option<Bytes>, Option<Bytes>), serde_json::Error> {
        let has_text = self.pages.iter().any(|page| !page.text.trim().is_empty());
        // Which pages are blank is known to whoever goes on.
        let seen = |page: &Page| page.blank || !page.codes.is_empty();
        let has_seen = self.pages.iter().any(seen);
        let text =
            (has_text || has_seen || self.is_begun()).then(|| Pages::of(self.pages.clone()).pack());
        let words = (!self.words.is_empty()).then(|| PlacedWords::of(self.words.clone()).pack());
        Ok((
            text.transpose()?.map(Bytes::from),
            words.transpose()?.map(Bytes::from),
        ))
    }

    /// As documents keep it.
    pub(super) fn kept(self, text: Option<Kept>, words: Option<Kept>) -> Recognised {
        Recognised {
            sketch: Sketch::of(self.pages.iter().map(|page| page.text.as_str())),
            info: self.info,
            text,
            words,
            pages: u64::try_from(self.words.len()).unwrap_or(u64::MAX),
            failed: self.failed,
            engine: self.engine,
            progress: self.progress,
        }
    }
}

/// What the text reader gave, and what was recognised since; where there is nothing, every page is to be
/// recognised.
async fn pages_of(storage: &Storage, scan: &Scan) -> Result<Vec<Page>, JobError> {
    if let Some(blob) = &scan.pages {
        let packed = storage.read(blob, TEXT_BYTES_MAX).await?;
        if let Some(pages) = Pages::unpack(&packed) {
            return Ok(pages.pages);
        }
    }
    let count = usize::try_from(scan.text.pages).unwrap_or_default();
    let page = Page {
        state: NEEDS_OCR.to_owned(),
        ..Page::default()
    };
    Ok(vec![page; count])
}

fn words_page(number: u32, read: Read, size: Size, turned: i32) -> WordsPage {
    let words = read.words.into_iter().map(|word| {
        let [left, top, width, height] = word.place;
        (left, top, width, height, word.confidence, word.text)
    });
    WordsPage {
        number,
        width: size.width,
        height: size.height,
        turned,
        languages: read.languages,
        confidence: read.confidence,
        words: words.collect(),
    }
}

/// What became of the text, seen as a whole: why a page could not be read, and whether any is left.
fn judged(
    before: &TextInfo,
    pages: &[Page],
    (failed, rest): (Option<Reason>, bool),
    engine: &str,
) -> TextInfo {
    let has_text = pages.iter().any(|page| !page.text.trim().is_empty());
    let no_text = Reason::NoText.as_str();
    let kept = before.reason.clone().filter(|reason| reason != no_text);
    let failed = failed.map(|reason| reason.as_str().to_owned());
    let nothing = (rest || !has_text).then(|| no_text.to_owned());
    let reason = kept.or(failed).or(nothing);
    let state = match (&reason, has_text) {
        (None, _) => "readable",
        (Some(_), true) => "partly_readable",
        (Some(_), false) => "unreadable",
    };
    TextInfo {
        state: state.to_owned(),
        reason,
        pages: before.pages,
        engine: engines(&before.engine, engine),
        components: before.components,
        details: before.details.clone(),
    }
}

#[cfg(test)]
mod tests;
