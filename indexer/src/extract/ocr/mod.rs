//! The server's side of recognition: tesseract, one process for each look at a page.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt as _};
use tokio::process::Command;
use tokio::sync::Semaphore;

use super::ocr_worker::{GREETING, Order};
use super::sandbox::Layers;
use super::{ExtractError, Picture, Reason, skew};

mod program;
mod sealed;
mod table;

pub use program::{Program, ProgramError};
pub(super) use sealed::PATH as PICTURE;
pub(super) use table::died_of;

/// Ours of what is built on the program; counted up when words come out differently, or more is seen on a
/// page.
pub(super) const OWN_VERSION: u32 = 2;

/// The most that the program may say of a page, in bytes.
const SAID_BYTES_MAX: u64 = 16 << 20;
/// So much of what a dying program says is looked at.
const LAST_WORDS_BYTES: u64 = 4 << 10;
/// Below this mean confidence, in hundredths, a page may stand on its head.
const CONFIDENT: f64 = 70.0;
/// With fewer words than this a page may stand on its head.
const WORDS_FEW: usize = 5;
/// Words that tell English from German, in small letters.
const ENGLISH: [&str; 12] = [
    "the", "of", "and", "to", "is", "for", "with", "that", "this", "by", "are", "be",
];
const GERMAN: [&str; 12] = [
    "der", "die", "das", "und", "zu", "ist", "für", "mit", "den", "dem", "des", "nicht",
];

/// A word on a page.
#[derive(Clone, Debug, PartialEq)]
pub struct Word {
    /// The word.
    pub text: String,
    /// Left, top, width and height in hundredths of a point, on the page as it is looked at.
    pub place: [i64; 4],
    /// How sure the program is, from 0 to 100.
    pub confidence: u8,
}

/// What was read on a page.
#[derive(Clone, Debug, PartialEq)]
pub struct Read {
    /// The text; lines end in `\n`, paragraphs are parted by an empty line.
    pub text: String,
    /// Its words.
    pub words: Vec<Word>,
    /// The mean confidence of its words, weighed by their length; 0 where there are none.
    pub confidence: u8,
    /// The languages with which it was read.
    pub languages: String,
}

/// What became of a page.
#[derive(Clone, Debug, PartialEq)]
pub enum Recognition {
    /// It was read, even if nothing stands on it.
    Read(Read),
    /// It could not be read, for this reason.
    Failed(Reason),
}

/// What one look at a page may cost.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecognitionLimits {
    /// Address space of the program.
    pub memory_bytes_max: u64,
    /// Processor time of the program.
    pub cpu_seconds_max: u32,
    /// From the start of the program to its end.
    pub wall_time_max: Duration,
    /// Programs that run at the same time.
    pub workers_max: usize,
}

/// Reads pictures of pages.
#[derive(Debug)]
pub struct Recogniser {
    exe: PathBuf,
    limits: RecognitionLimits,
    slots: Semaphore,
}

/// What one run of the program said.
enum Said {
    Page(table::Page),
    Failed(Reason),
}

impl Recogniser {
    /// Workers are started as `exe recognise-worker`, and become the program.
    #[must_use]
    pub fn new(exe: PathBuf, limits: RecognitionLimits) -> Self {
        let slots = Semaphore::new(limits.workers_max.clamp(1, Semaphore::MAX_PERMITS));
        Self { exe, limits, slots }
    }

    /// What one look may cost.
    #[must_use]
    pub fn limits(&self) -> &RecognitionLimits {
        &self.limits
    }

    /// Reads a picture that was drawn for recognition. A dropped future ends its process.
    ///
    /// The first language is tried first. A page that says little or is doubtful is looked at again,
    /// finding out which side is up; one that looks English is read with all languages.
    ///
    /// # Errors
    ///
    /// Never for what the picture shows; see [`ExtractError`].
    pub async fn recognise(
        &self,
        program: &Program,
        picture: &Picture,
    ) -> Result<Recognition, ExtractError> {
        let _slot = self
            .slots
            .acquire()
            .await
            .map_err(|closed| ExtractError::Worker(io::Error::other(closed)))?;
        let file = sealed::lay_ready(picture).await;
        let file = file.map_err(ExtractError::Worker)?;
        let page = (picture, &file);
        let first = program.languages().first().map_or("deu", String::as_str);
        let mut languages = first.to_owned();
        let mut best = match self.look(program, page, &languages, 3).await? {
            Said::Page(page) => page,
            Said::Failed(reason) => return Ok(Recognition::Failed(reason)),
        };
        let doubtful = best.confidence() < CONFIDENT || best.words.len() < WORDS_FEW;
        if doubtful
            && program.finds_top()
            && let Said::Page(turned) = self.look(program, page, &languages, 1).await?
            && turned.weight() > best.weight()
        {
            best = turned;
        }
        if program.languages().len() > 1 && looks_english(&best) {
            let all = program.languages().join("+");
            if let Said::Page(other) = self.look(program, page, &all, 3).await?
                && other.weight() > best.weight()
            {
                (best, languages) = (other, all);
            }
        }
        Ok(Recognition::Read(read(best, picture, languages)))
    }

    async fn look(
        &self,
        program: &Program,
        (picture, page): (&Picture, &File),
        languages: &str,
        mode: u8,
    ) -> Result<Said, ExtractError> {
        let page = page.try_clone().map_err(ExtractError::Worker)?;
        let order = Order {
            memory_bytes: self.limits.memory_bytes_max,
            cpu_seconds: u64::from(self.limits.cpu_seconds_max.max(1)),
            program: program.path().to_owned(),
            data: program.data().to_owned(),
            languages: languages.to_owned(),
            mode,
            dpi: dpi(picture),
        };
        let mut child = Command::new(&self.exe)
            .args(order.to_arguments())
            .env_clear()
            .stdin(Stdio::from(page))
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0)
            .kill_on_drop(true)
            .spawn()
            .map_err(|source| ExtractError::Start {
                exe: self.exe.clone(),
                source,
            })?;
        let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
        let talking = async {
            let (said, last_words) = tokio::join!(
                all_of(stdout, SAID_BYTES_MAX),
                all_of(stderr, LAST_WORDS_BYTES)
            );
            (said, last_words, child.wait().await)
        };
        let ended = tokio::time::timeout(self.limits.wall_time_max, talking).await;
        let Ok((said, last_words, status)) = ended else {
            child.start_kill().ok();
            child.wait().await.map_err(ExtractError::Worker)?;
            return Ok(Said::Failed(Reason::TimedOut));
        };
        let status = status.map_err(ExtractError::Worker)?;
        self.judge(&said, &last_words, status)
    }

    fn judge(
        &self,
        said: &[u8],
        last_words: &[u8],
        status: ExitStatus,
    ) -> Result<Said, ExtractError> {
        let greeted = said.split_first_chunk::<4>();
        let Some((GREETING, [held, table @ ..])) = greeted.map(|(head, rest)| (*head, rest)) else {
            return Err(ExtractError::NotAWorker {
                exe: self.exe.clone(),
                status,
            });
        };
        let held = Layers::from_bits(*held);
        if !held.suffice_for_program() {
            return Err(ExtractError::Unprotected { held });
        }
        let says = |words: &str| {
            let words = words.as_bytes();
            last_words.windows(words.len()).any(|it| it == words)
        };
        if says("cannot become the program") {
            let said = String::from_utf8_lossy(last_words).trim().to_owned();
            return Err(ExtractError::NoProgram { said });
        }
        if !status.success() {
            return Ok(Said::Failed(table::died_of(status, says("bad_alloc"))));
        }
        Ok(match table::parse(table) {
            Some(page) => Said::Page(page),
            None => Said::Failed(Reason::Crashed),
        })
    }
}

/// Everything that comes, up to a limit; what is beyond is read and forgotten.
pub(super) async fn all_of(from: Option<impl AsyncRead + Unpin>, bytes_max: u64) -> Vec<u8> {
    let mut all = Vec::new();
    let Some(mut from) = from else { return all };
    // A pipe that breaks ends like one that is closed: the status says why.
    let _broken = (&mut from)
        .take(bytes_max)
        .read_to_end(&mut all)
        .await
        .is_err();
    let _broken = tokio::io::copy(&mut from, &mut tokio::io::sink())
        .await
        .is_err();
    all
}

/// Dots of an inch.
fn dpi(picture: &Picture) -> u32 {
    let dots = u64::from(picture.width) * 7_200 / u64::from(picture.size.width.max(1));
    u32::try_from(dots.clamp(70, 2_400)).unwrap_or(300)
}

fn looks_english(page: &table::Page) -> bool {
    let count = |list: &[&str]| {
        let words = page.words.iter();
        words
            .filter(|word| list.contains(&word.text.to_lowercase().as_str()))
            .count()
    };
    count(&ENGLISH) > count(&GERMAN)
}

/// The page in hundredths of a point, as it is looked at.
fn read(page: table::Page, picture: &Picture, languages: String) -> Read {
    let across = f64::from(picture.size.width) / f64::from(picture.width);
    let down = f64::from(picture.size.height) / f64::from(picture.height);
    #[expect(clippy::cast_possible_truncation, reason = "places on a page")]
    let hundredths = |dots: f64, scale: f64| (dots * scale).round() as i64;
    let confidence = page.confidence();
    let text = page.text();
    let words = page.words.into_iter().map(|word| {
        let place = skew::back(word.place, (picture.width, picture.height), picture.turned);
        let [left, top, width, height] = place;
        Word {
            place: [
                hundredths(left, across),
                hundredths(top, down),
                hundredths(width, across),
                hundredths(height, down),
            ],
            confidence: table::hundredth(word.confidence),
            text: word.text,
        }
    });
    Read {
        words: words.collect(),
        confidence: table::hundredth(confidence),
        text,
        languages,
    }
}

/// Looks for the program and its languages.
///
/// # Errors
///
/// Where it is not there or lacks the first of the languages.
pub async fn program(path: &Path, languages: &[String]) -> Result<Program, ProgramError> {
    Program::find(path, languages).await
}

/// What is made of a table of words: text and confidence. For the fuzzer.
#[cfg(any(test, feature = "fuzzing"))]
pub(super) fn told(table: &[u8]) -> Option<(String, u8)> {
    let page = table::parse(table)?;
    assert!(page.weight() >= 0.0, "what was read has no weight");
    Some((page.text(), table::hundredth(page.confidence())))
}

#[cfg(test)]
mod tests {
    use std::os::unix::process::ExitStatusExt as _;

    use super::super::sandbox::Layer;
    use super::*;

    fn judged(layers: &[Layer], last_words: &str) -> Result<Said, ExtractError> {
        let limits = RecognitionLimits {
            memory_bytes_max: 1 << 20,
            cpu_seconds_max: 1,
            wall_time_max: Duration::from_secs(1),
            workers_max: 1,
        };
        let held = layers.iter().fold(Layers::NONE, |all, one| all.with(*one));
        let table = b"level\tpage_num\tblock_num\n";
        let said = [&GREETING[..], &[held.bits()], &table[..]].concat();
        let status = ExitStatus::from_raw(0);
        Recogniser::new("/nonexistent".into(), limits).judge(&said, last_words.as_bytes(), status)
    }

    #[test]
    fn nothing_is_taken_from_a_program_that_landlock_does_not_hold() {
        use Layer::{GivesWay, Landlock, LandlockInPart, Limits, SystemCalls};
        for held in [
            &[Limits, SystemCalls, GivesWay][..],
            &[Limits, Landlock],
            &[SystemCalls, Landlock],
        ] {
            let judged = judged(held, "");
            assert!(matches!(judged, Err(ExtractError::Unprotected { .. })));
        }
        for held in [Landlock, LandlockInPart] {
            let judged = judged(&[Limits, SystemCalls, held], "");
            assert!(matches!(judged, Ok(Said::Page(_))));
        }
    }

    #[test]
    fn a_program_that_is_gone_is_no_matter_of_the_page() {
        let held = [Layer::Limits, Layer::SystemCalls, Layer::Landlock];
        let judged = judged(&held, "cannot become the program: No such file\n");
        match judged {
            Err(ExtractError::NoProgram { said }) => assert!(said.ends_with("No such file")),
            Ok(_) | Err(_) => panic!("another ending"),
        }
    }
}
