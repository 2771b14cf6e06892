//! Reads pages that are pictures: draws them, has them recognised, puts text where none was.

use std::path::PathBuf;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::{StreamExt, TryStreamExt, stream};
use indexer::extract::{
    ExtractError, Extractor, PictureState, Program, Reason, Recogniser, Recognition,
    RecognitionLimits, Size, Want, program,
};
use storage::{Blob, Storage};
use tokio::sync::watch;
use tokio_util::io::StreamReader;

use super::runner::JobError;
use crate::documents::{
    Page, Pages, PlacedWords, Recognised, Scan, TEXT_BYTES_MAX, TextInfo, WordsPage, engines,
};

/// The state of a page that was recognised.
const RECOGNISED: &str = "recognised";
/// The state of a page that waits for it.
const NEEDS_OCR: &str = "needs_ocr";

/// Whether pictures can be read on this machine.
#[derive(Debug, Clone)]
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
}

/// What was found on one page.
enum Found {
    Words(Box<indexer::extract::Read>, Size, i32),
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

    /// The program, where it is there.
    pub(super) fn ready(&self) -> Option<Arc<Program>> {
        match &*self.standing.borrow() {
            Standing::Ready(program) => Some(Arc::clone(program)),
            Standing::Unknown | Standing::Missing(_) => None,
        }
    }

    /// Looks for the program; says so where what it finds is new.
    pub(super) async fn look(&self) {
        let found = match program(&self.program, &self.languages).await {
            Ok(program) => Standing::Ready(Arc::new(program)),
            Err(error) => Standing::Missing(error.to_string()),
        };
        let before = self.standing.send_replace(found.clone());
        match (before, found) {
            (Standing::Unknown | Standing::Missing(_), Standing::Ready(program)) => {
                tracing::info!(scans.engine = program.engine(), "scans are read");
            }
            (Standing::Unknown | Standing::Ready(_), Standing::Missing(reason)) => {
                tracing::warn!(
                    scans.reason = reason,
                    "scans cannot be read: pages without text wait until tesseract is there"
                );
            }
            (_, Standing::Unknown)
            | (Standing::Ready(_), Standing::Ready(_))
            | (Standing::Missing(_), Standing::Missing(_)) => {}
        }
    }

    /// Reads the pages of a version that have no text.
    pub(super) async fn read(
        &self,
        storage: &Storage,
        program: &Program,
        scan: Scan,
    ) -> Result<Outcome, JobError> {
        let mut pages = pages_of(storage, &scan).await?;
        let wanted: Vec<u32> = (0_u32..)
            .zip(&pages)
            .filter(|(_, page)| page.state == NEEDS_OCR)
            .map(|(number, _)| number)
            .collect();
        let content = &scan.content;
        let mut found: Vec<(u32, Found)> = stream::iter(wanted)
            .map(|number| async move {
                let found = self.page(storage, program, content, number).await?;
                Ok::<_, JobError>((number, found))
            })
            .buffer_unordered(self.places())
            .try_collect()
            .await?;
        found.sort_by_key(|(number, _)| *number);
        let mut room = self.document_chars_max;
        let mut failed = None;
        let mut words = Vec::new();
        for (number, found) in found {
            let Some(page) = usize::try_from(number)
                .ok()
                .and_then(|at| pages.get_mut(at))
            else {
                continue;
            };
            match found {
                Found::Failed(reason) => failed = failed.or(Some(reason)),
                Found::Words(read, size, turned) => {
                    page.text = read.text.chars().take(room).collect();
                    room = room.saturating_sub(read.text.chars().count());
                    RECOGNISED.clone_into(&mut page.state);
                    if room == 0 {
                        "cut".clone_into(&mut page.state);
                        failed = failed.or(Some(Reason::TooLarge));
                    }
                    words.push(words_page(number + 1, *read, size, turned));
                }
            }
        }
        let engine = program.engine();
        let info = judged(&scan.text, &pages, failed, &engine);
        Ok(Outcome {
            info,
            pages,
            words,
            engine,
        })
    }

    async fn page(
        &self,
        storage: &Storage,
        program: &Program,
        content: &Blob,
        number: u32,
    ) -> Result<Found, JobError> {
        let stream = storage.open(content, None).await?;
        let stream = StreamReader::new(stream.map_err(std::io::Error::other));
        let drawn = self
            .painter
            .picture(stream, number, Want::Recognition)
            .await?;
        let picture = match drawn {
            PictureState::Drawn(picture) => picture,
            PictureState::Refused(reason) => return Ok(Found::Failed(reason)),
            PictureState::NoPage => return Ok(Found::Failed(Reason::Damaged)),
        };
        let recognition: Result<Recognition, ExtractError> =
            self.recogniser.recognise(program, &picture).await;
        Ok(match recognition? {
            Recognition::Read(read) => Found::Words(Box::new(read), picture.size, picture.turned),
            Recognition::Failed(reason) => Found::Failed(reason),
        })
    }
}

/// What came of reading a version.
#[derive(Debug)]
pub(super) struct Outcome {
    pub(super) info: TextInfo,
    pages: Vec<Page>,
    words: Vec<WordsPage>,
    engine: String,
}

impl Outcome {
    /// The packed text, where there is any, and the packed words, where any page was read.
    pub(super) fn pack(&self) -> Result<(Option<Bytes>, Option<Bytes>), serde_json::Error> {
        let has_text = self.pages.iter().any(|page| !page.text.trim().is_empty());
        let text = has_text.then(|| Pages::of(self.pages.clone()).pack());
        let words = (!self.words.is_empty()).then(|| PlacedWords::of(self.words.clone()).pack());
        Ok((
            text.transpose()?.map(Bytes::from),
            words.transpose()?.map(Bytes::from),
        ))
    }

    /// As documents keep it.
    pub(super) fn kept(
        self,
        text: Option<crate::documents::Kept>,
        words: Option<crate::documents::Kept>,
    ) -> Recognised {
        Recognised {
            text: crate::documents::ReadText::plain(self.info, text),
            words,
            pages: u64::try_from(self.words.len()).unwrap_or(u64::MAX),
            engine: self.engine,
        }
    }
}

/// What the text reader gave; where it gave nothing, every page is to be recognised.
async fn pages_of(storage: &Storage, scan: &Scan) -> Result<Vec<Page>, JobError> {
    if let Some(blob) = &scan.pages {
        let packed = storage.read(blob, TEXT_BYTES_MAX).await?;
        if let Some(pages) = Pages::unpack(&packed) {
            return Ok(pages.pages);
        }
    }
    let count = usize::try_from(scan.text.pages).unwrap_or_default();
    let page = Page {
        text: String::new(),
        state: NEEDS_OCR.to_owned(),
    };
    Ok(vec![page; count])
}

fn words_page(number: u32, read: indexer::extract::Read, size: Size, turned: i32) -> WordsPage {
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

/// What became of the text, seen as a whole.
fn judged(before: &TextInfo, pages: &[Page], failed: Option<Reason>, engine: &str) -> TextInfo {
    let has_text = pages.iter().any(|page| !page.text.trim().is_empty());
    let no_text = Reason::NoText.as_str();
    let kept = before.reason.clone().filter(|reason| reason != no_text);
    let failed = failed.map(|reason| reason.as_str().to_owned());
    let nothing = (!has_text).then(|| no_text.to_owned());
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
mod tests {
    use super::*;
    use crate::documents::Details;

    fn page(text: &str, state: &str) -> Page {
        Page {
            text: text.to_owned(),
            state: state.to_owned(),
        }
    }

    fn info(state: &str, reason: Option<&str>) -> TextInfo {
        TextInfo {
            state: state.to_owned(),
            reason: reason.map(str::to_owned),
            pages: 2,
            engine: "hayro 1".to_owned(),
            components: None,
            details: Details::default(),
        }
    }

    #[test]
    fn the_state_of_a_text_follows_from_what_both_engines_read() {
        let check = |before: &TextInfo, pages: &[Page], failed, expect: (&str, Option<&str>)| {
            let after = judged(before, pages, failed, "tesseract 5");
            assert_eq!((after.state.as_str(), after.reason.as_deref()), expect);
            assert_eq!(after.engine, "hayro 1, tesseract 5");
            assert_eq!(after.pages, before.pages);
        };
        let scan = info("unreadable", Some("no_text"));
        let read = [page("Text", "read"), page("Wort", RECOGNISED)];
        check(&scan, &read, None, ("readable", None));
        let blank = [page("", RECOGNISED), page(" ", RECOGNISED)];
        check(&scan, &blank, None, ("unreadable", Some("no_text")));
        let half = [page("Text", "read"), page("", NEEDS_OCR)];
        let late = Some(Reason::TimedOut);
        check(&scan, &half, late, ("partly_readable", Some("timed_out")));
        check(&scan, &half[1..], late, ("unreadable", Some("timed_out")));
        let cut = info("partly_readable", Some("too_large"));
        check(&cut, &read, None, ("partly_readable", Some("too_large")));
    }
}
