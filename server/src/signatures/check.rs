//! Has a PDF judged: by a worker, behind the layers that hold all workers.

use std::io::{self, Cursor};
use std::path::PathBuf;
use std::process::ExitCode;

use bytes::Bytes;
use indexer::extract::{self, ExtractError, Extractor, Limits, PictureState};
use pades::verify::{Reason, Report, Trust, job};
use tokio::io::{AsyncRead, AsyncReadExt as _};
use tokio::sync::Semaphore;

use crate::base::Timestamp;

/// The hidden subcommand of the binary that must lead to [`work`] before anything of the server is set up.
pub const WORKER_COMMAND: &str = "signature-worker";

/// Files that wait for their turn; whoever comes then is asked to come again.
const WAITING_MAX: usize = 16;
/// Within so many bytes from its start a file must say that it is a PDF.
const HEAD_BYTES: u64 = 1024;

/// The worker: one file, then the end. Must be called first thing in `main`.
pub fn work() -> ExitCode {
    extract::given_main(job::run)
}

/// Judging itself failed, not the file.
#[derive(Debug, thiserror::Error)]
pub enum CheckError {
    /// Too many wait.
    #[error("too many files are being judged")]
    Busy,
    /// The content could not be read.
    #[error("the content cannot be read")]
    Content(#[source] io::Error),
    /// The worker.
    #[error("the worker failed")]
    Worker(#[from] ExtractError),
    /// What was given to the worker, or what it gave back, is not what it should be.
    #[error("the worker was not understood")]
    Talk(#[from] serde_json::Error),
}

/// What came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Checked {
    /// It is no PDF, and so nothing in it is signed in the way of PDFs.
    NoPdf,
    /// What is said of its signatures.
    Judged(Box<Report>),
    /// It could not be judged.
    Failed(Reason),
}

/// Judges the signatures of PDFs.
#[derive(Debug)]
pub struct Checker {
    extractor: Extractor,
    /// Whom this house trusts, as each worker is given it.
    trust: Bytes,
    places: Semaphore,
}

impl Checker {
    /// Judges by workers of this binary, by what this house trusts.
    ///
    /// # Errors
    ///
    /// Where what it trusts cannot be packed for them, which does not happen.
    pub fn new(exe: PathBuf, limits: Limits, trust: &Trust) -> Result<Self, CheckError> {
        let at_once = limits.workers_max.clamp(1, 1_000);
        Ok(Self {
            extractor: Extractor::of_command(exe, WORKER_COMMAND, limits),
            trust: job::pack(trust)?.into(),
            places: Semaphore::new(at_once + WAITING_MAX),
        })
    }

    /// Judges a file, as of a time.
    ///
    /// # Errors
    ///
    /// Never for what the file is.
    pub async fn check(
        &self,
        mut content: impl AsyncRead + Send + Unpin,
        at: Timestamp,
    ) -> Result<Checked, CheckError> {
        let _place = self
            .places
            .try_acquire()
            .map_err(|_full| CheckError::Busy)?;
        let mut begin = Vec::new();
        (&mut content)
            .take(HEAD_BYTES)
            .read_to_end(&mut begin)
            .await
            .map_err(CheckError::Content)?;
        if !begin.windows(5).any(|five| five == b"%PDF-") {
            return Ok(Checked::NoPdf);
        }
        let head = job::head(at.micros().div_euclid(1_000_000));
        let content = Cursor::new(self.trust.clone())
            .chain(Cursor::new(begin))
            .chain(content);
        Ok(match self.extractor.give(head, content).await? {
            PictureState::Drawn(said) => match job::report(&said) {
                Ok(report) => Checked::Judged(Box::new(report)),
                // Whoever took over a worker says what he likes, and is not believed.
                Err(_other) => Checked::Failed(Reason::StructureNotUnderstood),
            },
            PictureState::Refused(reason) => Checked::Failed(why(reason)),
            PictureState::NoPage => Checked::Failed(Reason::StructureNotUnderstood),
        })
    }
}

/// What a worker died of, in the words of signatures.
const fn why(reason: extract::Reason) -> Reason {
    match reason {
        extract::Reason::TooLarge
        | extract::Reason::TimedOut
        | extract::Reason::OutOfMemory
        | extract::Reason::Unsafe
        | extract::Reason::PartsOverLimit
        | extract::Reason::PartsTooDeep => Reason::LimitReached,
        extract::Reason::Encrypted | extract::Reason::PartsEncrypted => Reason::Encrypted,
        extract::Reason::Empty
        | extract::Reason::Damaged
        | extract::Reason::Crashed
        | extract::Reason::NoText
        | extract::Reason::UnknownFormat
        | extract::Reason::NotText
        | extract::Reason::UnreadPicture
        | extract::Reason::PartsDamaged
        | extract::Reason::PartsElsewhere
        | extract::Reason::Biometric
        | extract::Reason::Withheld
        | extract::Reason::PartsInfected
        | extract::Reason::PartsUnscanned => Reason::StructureNotUnderstood,
    }
}
