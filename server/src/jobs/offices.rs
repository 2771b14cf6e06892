//! Makes pages of documents of an office: looks for the program, finds what has none, runs the jobs.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bytes::Bytes;
use futures_util::TryStreamExt;
use indexer::extract::{
    Conversion, ConversionLimits, Converter, ExtractError, Extraction, Format, Office, Reason,
    office_engines, office_program,
};
use tokio::io::AsyncRead;
use tokio::sync::watch;
use tokio_util::io::StreamReader;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::rows::{self, Claimed};
use super::runner::{JobError, LOOK_EVERY, Runner};
use crate::base::db::DbError;
use crate::base::{Actor, Job, JobKind, VersionId};
use crate::documents::{self, DocumentError};
use crate::unit::Unit;

/// What a conversion makes.
const PDF: &str = "application/pdf";
/// How often it is looked whether documents can be converted, and by what.
const LOOK_FOR_PROGRAM_EVERY: Duration = Duration::from_secs(60);
/// How often it is looked for documents without pages, once there are none.
const LOOK_FOR_UNCONVERTED_EVERY: Duration = Duration::from_secs(3_600);
/// After the program has come it is looked once more after so long: what was being read at that moment is read
/// by then.
const LOOK_ONCE_MORE_AFTER: Duration = Duration::from_secs(10);
/// So many of them are put in the queue at once, when nothing else waits there.
const UNCONVERTED_AT_ONCE: u32 = 16;
/// The letter by which it is tried whether the program may be run.
const TRIED: &[u8] = b"{\\rtf1 ?}";

/// Whether documents of an office can be converted on this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OfficeStanding {
    /// Nobody has looked yet.
    Unknown,
    /// By this program.
    Ready(Arc<Office>),
    /// Not, for this reason: what the operator is told.
    Missing(String),
}

/// What makes pages of documents of an office.
#[derive(Debug)]
pub struct Offices {
    converter: Converter,
    program: PathBuf,
    standing: watch::Sender<OfficeStanding>,
    /// The program could not be run when it was wanted, and has not shown since that it can.
    doubted: AtomicBool,
}

impl Offices {
    /// By the program at this path, which works below this folder.
    #[must_use]
    pub fn new(
        exe: PathBuf,
        limits: ConversionLimits,
        (program, folder): (PathBuf, PathBuf),
    ) -> Self {
        Self {
            converter: Converter::new(exe, limits, folder),
            program,
            standing: watch::Sender::new(OfficeStanding::Unknown),
            doubted: AtomicBool::new(false),
        }
    }

    /// Whether documents can be converted, now and when that changes.
    #[must_use]
    pub fn standing(&self) -> watch::Receiver<OfficeStanding> {
        self.standing.subscribe()
    }

    /// How many are converted at the same time.
    pub(super) fn places(&self) -> usize {
        self.converter.limits().workers_max.max(1)
    }

    /// The program, where it is there.
    pub(super) fn ready(&self) -> Option<Arc<Office>> {
        match &*self.standing.borrow() {
            OfficeStanding::Ready(office) => Some(Arc::clone(office)),
            OfficeStanding::Unknown | OfficeStanding::Missing(_) => None,
        }
    }

    /// Looks for the program; says so where what it finds is new. Clears away what was left by conversions
    /// that were killed.
    async fn look(&self) {
        self.converter.sweep().await;
        let now = match office_program(&self.program).await {
            Ok(office) => self.tried(Arc::new(office)).await,
            Err(error) => OfficeStanding::Missing(error.to_string()),
        };
        self.stand(now);
    }

    /// The program was not there, or may not be run, when it was wanted.
    fn missed(&self, error: &ExtractError) {
        self.doubted.store(true, Ordering::Relaxed);
        self.stand(OfficeStanding::Missing(error.to_string()));
    }

    /// A program that could not be run once must show that it can, and not with a document.
    async fn tried(&self, office: Arc<Office>) -> OfficeStanding {
        if !self.doubted.load(Ordering::Relaxed) {
            return OfficeStanding::Ready(office);
        }
        match self.converter.convert(&office, Format::Rtf, TRIED).await {
            Ok(_) => {
                self.doubted.store(false, Ordering::Relaxed);
                OfficeStanding::Ready(office)
            }
            Err(error) => OfficeStanding::Missing(error.to_string()),
        }
    }

    /// Makes pages of a document. That the program cannot be run is told by what may have become the program:
    /// a document that took it over is not to stop all others, and so it is tried with a letter of ours.
    async fn convert(
        &self,
        office: &Office,
        format: Format,
        content: impl AsyncRead + Send + Unpin,
    ) -> Result<Conversion, ExtractError> {
        let converted = self.converter.convert(office, format, content).await;
        let is_gone = matches!(converted, Err(ExtractError::NoProgram { .. }));
        if is_gone {
            let tried = self.converter.convert(office, Format::Rtf, TRIED).await;
            if tried.is_ok() {
                return Ok(Conversion::Failed(Reason::Crashed));
            }
        }
        converted
    }

    fn stand(&self, now: OfficeStanding) {
        if *self.standing.borrow() == now {
            return;
        }
        self.standing.send_replace(now.clone());
        match now {
            OfficeStanding::Ready(office) => {
                tracing::info!(
                    office.engine = office.engine(),
                    "documents of an office are shown as pages"
                );
            }
            // That it is not there is nothing to be mended: it is an extra.
            OfficeStanding::Missing(reason) => {
                tracing::info!(
                    office.reason = reason,
                    "documents of an office are shown by their text"
                );
            }
            OfficeStanding::Unknown => {}
        }
    }
}

impl Runner {
    /// Whether an office program is there that makes pages of what was read.
    pub(super) fn is_to_be_converted(&self, extraction: Option<&Extraction>) -> bool {
        let found = extraction.filter(|found| {
            let reason = found.state.reason();
            documents::may_be_converted(found.format, reason)
        });
        found.is_some() && self.offices.ready().is_some()
    }

    /// Looks for the program: it comes, goes and is replaced while the server runs.
    pub(super) async fn look_for_office(self, end: CancellationToken) {
        loop {
            tokio::select! {
                () = end.cancelled() => return,
                () = self.offices.look() => {}
            }
            tokio::select! {
                () = end.cancelled() => return,
                () = tokio::time::sleep(LOOK_FOR_PROGRAM_EVERY) => {}
            }
        }
    }

    /// Puts into the queue what has no pages; only while nothing that came in today waits there.
    pub(super) async fn search_unconverted(self, end: CancellationToken) {
        let mut standing = self.offices.standing();
        let mut once_more = true;
        loop {
            let pause = match self.queue_unconverted().await {
                Ok(pause) if once_more && pause == LOOK_FOR_UNCONVERTED_EVERY => {
                    once_more = false;
                    LOOK_ONCE_MORE_AFTER
                }
                Ok(pause) => pause,
                Err(error) => {
                    tracing::error!(error = %error, "documents without pages could not be looked for");
                    LOOK_FOR_PROGRAM_EVERY
                }
            };
            tokio::select! {
                () = end.cancelled() => return,
                Ok(()) = standing.changed() => once_more = true,
                () = tokio::time::sleep(pause) => {}
            }
        }
    }

    async fn queue_unconverted(&self) -> Result<Duration, DbError> {
        let Some(office) = self.offices.ready() else {
            return Ok(LOOK_FOR_PROGRAM_EVERY);
        };
        if rows::any_wait(self.db.read(), JobKind::ConvertOffice).await? {
            return Ok(LOOK_EVERY);
        }
        let (engine, readers) = (office.engine(), office_engines());
        let on = self.db.read();
        let found = documents::unconverted(on, &engine, &readers, UNCONVERTED_AT_ONCE).await?;
        let jobs = found.into_iter().map(Job::ConvertOffice).collect();
        self.queue(jobs, LOOK_FOR_UNCONVERTED_EVERY).await
    }

    /// Makes a PDF of a version and keeps it, or why there is none. At the end of the process it is given up,
    /// and begun anew after the start. Running it twice keeps two that say the same.
    pub(super) async fn convert_office(
        &self,
        id: VersionId,
        claimed: &Claimed,
        end: &CancellationToken,
    ) -> Result<(), JobError> {
        let job = claimed.id;
        let Some(office) = self.offices.ready() else {
            return self.give_back(job).await;
        };
        let engine = office.engine();
        let Some(found) = documents::to_convert(self.db.read(), id, &engine).await? else {
            return self.leave(job).await;
        };
        let domain = documents::domain_of(self.db.read(), found.version.document).await?;
        let content = self.storage.open(&found.content, None).await?;
        let content = StreamReader::new(content.map_err(std::io::Error::other));
        let converting = self.offices.convert(&office, found.format, content);
        let converted = tokio::select! {
            converted = Box::pin(converting) => converted,
            () = end.cancelled() => return self.give_back(job).await,
        };
        let made = match converted {
            Ok(Conversion::Made(pdf)) => Ok(self.store(Bytes::from(pdf), PDF, &domain).await?),
            Ok(Conversion::Failed(reason)) => Err(reason),
            Err(error @ (ExtractError::NoProgram { .. } | ExtractError::Unprotected { .. })) => {
                self.offices.missed(&error);
                return self.give_back(job).await;
            }
            Err(error) => return Err(error.into()),
        };
        self.keep_pages(id, job, engine, made).await
    }

    async fn keep_pages(
        &self,
        id: VersionId,
        job: Uuid,
        engine: String,
        made: Result<documents::Kept, Reason>,
    ) -> Result<(), JobError> {
        let kept = self
            .db
            .write(&Actor::system(), async move |unit: &mut Unit| {
                rows::done(unit, job).await?;
                documents::keep_converted(unit, id, engine, made).await
            })
            .await;
        match kept {
            // Meanwhile.
            Err(DocumentError::Withheld | DocumentError::Destroyed) => self.leave(job).await,
            Err(error) => Err(error.into()),
            Ok(_) => Ok(()),
        }
    }
}
