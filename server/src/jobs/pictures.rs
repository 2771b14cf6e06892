//! The work on pages that are pictures: looks for the program, finds what it has not read, runs the jobs.

use std::time::Duration;

use bytes::Bytes;
use indexer::extract::ExtractError;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::copies::Copies;
use super::rows::{self, Claimed};
use super::runner::{JobError, LOOK_EVERY, Runner, TEXT_MEDIA_TYPE};
use crate::base::db::DbError;
use crate::base::{Actor, Job, JobKind, VersionId};
use crate::documents::{self, DocumentError, Kept};
use crate::unit::Unit;

/// How often it is looked whether pictures can be read, and by what.
const LOOK_FOR_PROGRAM_EVERY: Duration = Duration::from_secs(60);
/// How often it is looked for pages that this engine has not read, once there are none.
const LOOK_FOR_UNREAD_EVERY: Duration = Duration::from_secs(3_600);
/// So many of them are put in the queue at once, when nothing else waits there.
const UNREAD_AT_ONCE: u32 = 16;

impl Runner {
    /// Looks for the program that reads pictures: it comes, goes and is replaced while the server runs.
    pub(super) async fn look_for_program(self, end: CancellationToken) {
        loop {
            tokio::select! {
                () = end.cancelled() => return,
                () = self.scans.look() => {}
            }
            tokio::select! {
                () = end.cancelled() => return,
                () = tokio::time::sleep(LOOK_FOR_PROGRAM_EVERY) => {}
            }
        }
    }

    /// Puts into the queue what was never recognised, or by another engine; only while nothing that came
    /// in today waits there.
    pub(super) async fn search_unread(self, end: CancellationToken) {
        let mut standing = self.scans.standing();
        loop {
            let pause = match self.queue_unread().await {
                Ok(pause) => pause,
                Err(error) => {
                    tracing::error!(error = %error, "pages without text could not be looked for");
                    LOOK_FOR_PROGRAM_EVERY
                }
            };
            tokio::select! {
                () = end.cancelled() => return,
                Ok(()) = standing.changed() => {}
                () = tokio::time::sleep(pause) => {}
            }
        }
    }

    async fn queue_unread(&self) -> Result<Duration, DbError> {
        let Some(program) = self.scans.ready() else {
            return Ok(LOOK_EVERY);
        };
        if rows::any_wait(self.db.read(), JobKind::ReadScan).await? {
            return Ok(LOOK_EVERY);
        }
        let engine = program.engine();
        let readers = indexer::extract::drawn_engines();
        let unread =
            documents::unrecognised(self.db.read(), &engine, &readers, UNREAD_AT_ONCE).await?;
        let jobs = unread.into_iter().map(Job::ReadScan).collect();
        self.queue(jobs, LOOK_FOR_UNREAD_EVERY).await
    }

    /// Reads pages of a version that are pictures and keeps what stands on them. Where pages are left, the
    /// job comes again behind those that wait: a long document lets others in between, and goes on where
    /// it stopped. At the end of the process what was read is kept. Running it twice keeps two texts that
    /// say the same.
    pub(super) async fn read_scan(
        &self,
        id: VersionId,
        claimed: &Claimed,
        end: &CancellationToken,
    ) -> Result<(), JobError> {
        let job = claimed.id;
        let Some(program) = self.scans.ready() else {
            return self.give_back(job).await;
        };
        let scan = documents::to_recognise(self.db.read(), id, &program.engine()).await?;
        let drawn = scan.filter(|scan| indexer::extract::is_drawn(&scan.text.engine));
        let Some(scan) = drawn else {
            return self.leave(job).await;
        };
        let domain = documents::domain_of(self.db.read(), scan.document).await?;
        let known = documents::known_passwords(self.db.read(), &self.storage, id).await?;
        let scan = (scan, &known.passwords);
        let outcome = match self.scans.read(&self.storage, &program, scan, end).await {
            Ok(Some(outcome)) => outcome,
            Ok(None) => return self.give_back(job).await,
            Err(JobError::Worker(
                error @ (ExtractError::NoProgram { .. } | ExtractError::Unprotected { .. }),
            )) => {
                self.scans.missed(&error);
                return self.give_back(job).await;
            }
            Err(error) => return Err(error),
        };
        let (text, words) = outcome.pack()?;
        let text = self.store_some(text, &domain).await?;
        let words = self.store_some(words, &domain).await?;
        let is_begun = outcome.is_begun();
        let next = outcome.has_sheets().then_some(Job::SplitBatch(id));
        let found = outcome.kept(text, words);
        let copies = self.copies;
        let kept = self
            .db
            .write(&Actor::system(), async move |unit: &mut Unit| {
                if is_begun {
                    let now = unit.now();
                    rows::later(unit, job, now).await?;
                } else {
                    rows::done(unit, job).await?;
                    // Whoever asked for a copy once has one of what is read now.
                    if copies == Copies::Always || documents::has_copy(unit.tx(), id).await? {
                        unit.enqueue(Job::MakeCopy(id));
                    }
                    next.into_iter().for_each(|next| unit.enqueue(next));
                }
                documents::keep_recognised(unit, id, found).await
            })
            .await;
        match kept {
            // Meanwhile.
            Err(DocumentError::Withheld | DocumentError::Destroyed) => self.leave(job).await,
            Err(error) => Err(error.into()),
            Ok(_) => Ok(()),
        }
    }

    /// Puts jobs into the queue, and tells when to look for more: after `later` where there were none.
    pub(super) async fn queue(&self, jobs: Vec<Job>, later: Duration) -> Result<Duration, DbError> {
        if jobs.is_empty() {
            return Ok(later);
        }
        self.db
            .keep_house(async move |unit: &mut Unit| {
                jobs.into_iter().for_each(|job| unit.enqueue(job));
                Ok::<_, DbError>(())
            })
            .await?;
        Ok(LOOK_EVERY)
    }

    /// Nothing is left to do for a job.
    pub(super) async fn leave(&self, job: Uuid) -> Result<(), JobError> {
        let left: Result<(), DbError> = self
            .db
            .keep_house(async move |unit: &mut Unit| rows::done(unit, job).await)
            .await;
        Ok(left?)
    }

    pub(super) async fn give_back(&self, job: Uuid) -> Result<(), JobError> {
        let back: Result<(), DbError> = self
            .db
            .keep_house(async move |unit: &mut Unit| rows::given_back(unit, job).await)
            .await;
        Ok(back?)
    }

    /// Stores what was packed, where anything was.
    async fn store_some(
        &self,
        packed: Option<Bytes>,
        domain: &storage::KeyDomain,
    ) -> Result<Option<Kept>, JobError> {
        match packed {
            Some(packed) => Ok(Some(self.store(packed, TEXT_MEDIA_TYPE, domain).await?)),
            None => Ok(None),
        }
    }
}
