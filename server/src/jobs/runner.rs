//! Runs jobs: one exhaustive match over [`Job`].

use std::sync::Arc;
use std::time::Duration;

use indexer::extract::{Extractor, PageState, Passwords, Reason};
use storage::Storage;
use thiserror::Error;
use tokio::sync::Notify;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::beside::Beside;
use super::copies::Copies;
use super::offices::Offices;
use super::parts::{self, Apart};
use super::rows::{self, Claimed};
use super::scans::Scans;
use super::turns::{self, Turn, UnderWay};
use crate::base::db::DbError;
use crate::base::{Actor, DocumentId, Job, JobKind, SetBack, Tasks, VersionId};
use crate::cases::CaseError;
use crate::documents::{self, DocumentError, Entrance, EntryError, ProposalError};
use crate::signing::{Protocols, SigningError};
use crate::unit::{Db, Unit};
use crate::virus::ScanError;
use crate::webhooks::{Postman, WebhookError};
use crate::workflows::Mailer;

/// What a packed text is: LZ4 of JSON.
pub(super) const TEXT_MEDIA_TYPE: &str = "application/octet-stream";
/// How often the table is looked at when nobody says that there is work.
pub(super) const LOOK_EVERY: Duration = Duration::from_secs(1);

/// How often a running job says that it still runs.
const RENEW_EVERY: Duration = Duration::from_secs(5);

/// Why a job did not do what it should.
#[derive(Debug, Error)]
pub(super) enum JobError {
    #[error("the database failed")]
    Db(#[from] DbError),
    #[error("the content could not be read")]
    Store(#[from] storage::StoreError),
    #[error("the worker could not be started")]
    Worker(#[from] indexer::extract::ExtractError),
    #[error("what was taken out could not be looked at")]
    Entry(#[from] EntryError),
    #[error("the text could not be kept")]
    Document(#[from] documents::DocumentError),
    #[error("the text could not be packed")]
    Pack(#[from] serde_json::Error),
    #[error("the message could not be made")]
    Webhook(#[from] WebhookError),
    #[error("what was decided could not be carried out")]
    Proposal(#[from] ProposalError),
    #[error("the document could not be made")]
    Paper(#[from] paper::PaperError),
    #[error("making it broke off")]
    Broken(#[from] tokio::task::JoinError),
    #[error("the protocol of a signature could not be written")]
    Signing(#[from] SigningError),
}

impl JobError {
    /// Whether it waits for others, so that another try will do: for the virus scanner, for room in which to convert,
    /// or for a case that is closed and may be opened again. What the scanner cannot judge it cannot judge the next
    /// time either.
    const fn waits_for_others(&self) -> bool {
        match self {
            Self::Worker(indexer::extract::ExtractError::NoRoom { .. })
            | Self::Signing(SigningError::Document(DocumentError::Case(CaseError::Closed))) => true,
            Self::Entry(EntryError::Scan(
                ScanError::Unreachable(_) | ScanError::Broken(_) | ScanError::Silent,
            )) => true,
            Self::Entry(EntryError::Scan(_) | EntryError::Store(_))
            | Self::Db(_)
            | Self::Store(_)
            | Self::Worker(_)
            | Self::Document(_)
            | Self::Pack(_)
            | Self::Webhook(_)
            | Self::Proposal(_)
            | Self::Paper(_)
            | Self::Signing(_)
            | Self::Broken(_) => false,
        }
    }
}

/// Takes jobs and runs them.
#[derive(Debug, Clone)]
pub struct Runner {
    pub(super) db: Db,
    pub(super) storage: Storage,
    pub(super) entrance: Entrance,
    pub(super) extractor: Arc<Extractor>,
    /// What is tried at PDFs that are locked.
    pub(super) tried: Arc<Passwords>,
    pub(super) scans: Arc<Scans>,
    pub(super) offices: Arc<Offices>,
    pub(super) copies: Copies,
    pub(super) postman: Postman,
    pub(super) protocols: Arc<Protocols>,
    /// Who hands mails over, where the settings name a host.
    pub(super) mailer: Option<Mailer>,
    idle: Arc<Notify>,
}

/// Jobs of one kind have places of their own: a receiver that does not answer keeps no document from
/// being read.
#[derive(Debug, Clone, Copy)]
struct Lane {
    kind: JobKind,
    places: usize,
}

impl Lane {
    /// One at a time.
    const fn single(kind: JobKind) -> Self {
        Self { kind, places: 1 }
    }
}

impl Runner {
    /// Starts the tasks that run jobs; `at_once_max` is how many messages are sent at the same time.
    pub fn start(
        db: &Db,
        (storage, entrance): (&Storage, Entrance),
        (extractor, tried, scans): (Extractor, Passwords, Arc<Scans>),
        (offices, copies, protocols): (Arc<Offices>, Copies, Protocols),
        (postman, at_once_max, mailer): (Postman, usize, Option<Mailer>),
        tasks: &Tasks,
    ) {
        let runner = Self {
            db: db.clone(),
            storage: storage.clone(),
            entrance,
            extractor: Arc::new(extractor),
            tried: Arc::new(tried),
            scans,
            offices,
            copies,
            postman,
            protocols: Arc::new(protocols),
            mailer,
            idle: Arc::new(Notify::new()),
        };
        let texts = Lane {
            kind: JobKind::ExtractText,
            places: runner.extractor.limits().workers_max.max(1),
        };
        let messages = Lane {
            kind: JobKind::DeliverWebhook,
            places: at_once_max.max(1),
        };
        let pictures = Lane {
            kind: JobKind::ReadScan,
            places: runner.scans.places(),
        };
        let conversions = Lane {
            kind: JobKind::ConvertOffice,
            places: runner.offices.places(),
        };
        let moves = Lane::single(JobKind::MoveContent);
        let decided = Lane::single(JobKind::CarryOut);
        // All pictures of a copy lie in memory at its end: one at a time.
        let copies = Lane::single(JobKind::MakeCopy);
        let splits = Lane::single(JobKind::SplitBatch);
        let protocols = Lane::single(JobKind::WriteProtocol);
        let writer = runner.clone();
        tasks.start("protocols", |end| writer.run(protocols, end));
        let mails = Lane {
            kind: JobKind::SendMail,
            places: 2,
        };
        let (other, third, fourth) = (runner.clone(), runner.clone(), runner.clone());
        let (copier, splitter, sender) = (runner.clone(), runner.clone(), runner.clone());
        let (reader, looker, searcher) = (runner.clone(), runner.clone(), runner.clone());
        let (converter, office) = (runner.clone(), runner.clone());
        let unconverted = runner.clone();
        tasks.start("office", |end| office.look_for_office(end));
        tasks.start("conversions", |end| converter.run(conversions, end));
        tasks.start("unconverted", |end| unconverted.search_unconverted(end));
        tasks.start("tesseract", |end| looker.look_for_program(end));
        tasks.start("scans", |end| reader.run(pictures, end));
        tasks.start("unread scans", |end| searcher.search_unread(end));
        tasks.start("texts", |end| runner.run(texts, end));
        tasks.start("moves", |end| third.run(moves, end));
        tasks.start("destructions", |end| fourth.run(decided, end));
        tasks.start("copies", |end| copier.run(copies, end));
        tasks.start("splits", |end| splitter.run(splits, end));
        tasks.start("mails", |end| sender.run(mails, end));
        tasks.start("deliveries", |end| other.run(messages, end));
    }

    async fn run(self, lane: Lane, end: CancellationToken) {
        let (kind, places) = (lane.kind, lane.places);
        let back: Result<(), DbError> = self
            .db
            .keep_house(async move |unit: &mut Unit| rows::take_back(unit, kind).await)
            .await;
        if let Err(error) = back {
            tracing::error!(error = %error, "old claims could not be taken back");
        }
        let mut work = self.db.work(kind);
        let mut running: JoinSet<()> = JoinSet::new();
        let mut under_way = UnderWay::default();
        let mut set_back = SetBack::default();
        loop {
            if set_back.noticed(self.db.now()) {
                self.bring_near(kind).await;
            }
            let lull = self.db.after_rush();
            if kind.reads() && end.run_until_cancelled(lull).await.is_none() {
                break;
            }
            let free = places.saturating_sub(running.len());
            let claimed = if free == 0 {
                Vec::new()
            } else {
                self.claim(lane, free, &under_way).await
            };
            let found = claimed.len();
            for (one, turn) in claimed {
                let (runner, end) = (self.clone(), end.clone());
                let turn = turn.map(Arc::new);
                if let Some(turn) = &turn {
                    under_way.add(turn);
                }
                running.spawn(async move {
                    runner.run_one(one, &end).await;
                    drop(turn);
                });
            }
            // Everything that was claimed and a place is still free: more may wait.
            let full = found < free;
            tokio::select! {
                () = end.cancelled() => break,
                Some(_ended) = running.join_next() => {}
                // A closed channel is no reason to hurry.
                Ok(()) = work.changed(), if full => {}
                () = tokio::time::sleep(LOOK_EVERY), if full => {}
            }
        }
        // What runs is finished; what was claimed and not begun is taken again after its time.
        while running.join_next().await.is_some() {}
        self.idle.notify_waiters();
    }

    async fn bring_near(&self, kind: JobKind) {
        let near: Result<(), DbError> = self
            .db
            .keep_house(async move |unit: &mut Unit| rows::bring_near(unit, kind).await)
            .await;
        if let Err(error) = near {
            tracing::error!(error = %error, "what waits for too long could not be looked for");
        }
    }

    async fn claim(
        &self,
        lane: Lane,
        free: usize,
        under_way: &UnderWay,
    ) -> Vec<(Claimed, Option<Turn>)> {
        let claimed = match lane.kind {
            // They wait for the program.
            JobKind::ReadScan if self.scans.ready().is_none() => Ok(Vec::new()),
            JobKind::ConvertOffice if self.offices.ready().is_none() => Ok(Vec::new()),
            JobKind::SendMail if self.mailer.is_none() => Ok(Vec::new()),
            JobKind::ExtractText
            | JobKind::ReadScan
            | JobKind::ConvertOffice
            | JobKind::MoveContent
            | JobKind::CarryOut
            | JobKind::MakeCopy
            | JobKind::SplitBatch
            | JobKind::WriteProtocol
            | JobKind::SendMail => self.claim_oldest(lane.kind, free).await,
            JobKind::DeliverWebhook => self.claim_in_turn(lane.places, free, under_way).await,
        };
        claimed.unwrap_or_else(|error: DbError| {
            tracing::error!(error = %error, "jobs could not be claimed");
            Vec::new()
        })
    }

    async fn claim_oldest(
        &self,
        kind: JobKind,
        free: usize,
    ) -> Result<Vec<(Claimed, Option<Turn>)>, DbError> {
        // Who writes is not to wait for those who only ask.
        if !rows::are_due(self.db.read(), kind, self.db.now()).await? {
            return Ok(Vec::new());
        }
        let limit = u32::try_from(free).unwrap_or(1);
        let claimed: Result<Vec<Claimed>, DbError> = self
            .db
            .keep_house(async move |unit: &mut Unit| rows::claim(unit, kind, limit).await)
            .await;
        Ok(claimed?.into_iter().map(|one| (one, None)).collect())
    }

    async fn claim_in_turn(
        &self,
        places: usize,
        free: usize,
        under_way: &UnderWay,
    ) -> Result<Vec<(Claimed, Option<Turn>)>, DbError> {
        let (on, now) = (self.db.read(), self.db.now());
        let turns = turns::next(on, now, (places, free), under_way).await?;
        if turns.is_empty() {
            return Ok(Vec::new());
        }
        let jobs: Vec<Uuid> = turns.iter().map(|one| one.job).collect();
        let claimed: Result<Vec<Claimed>, DbError> = self
            .db
            .keep_house(async move |unit: &mut Unit| rows::claim_these(unit, &jobs).await)
            .await;
        let turn_of = |one: &Claimed| turns.iter().find(|turn| turn.job == one.id).copied();
        let mut all = Vec::new();
        for one in claimed? {
            let turn = turn_of(&one);
            all.push((one, turn));
        }
        Ok(all)
    }

    async fn run_one(&self, claimed: Claimed, end: &CancellationToken) {
        let work = async {
            match claimed.job {
                Job::ExtractText(version) => self.extract(version, &claimed).await,
                Job::ReadScan(version) => self.read_scan(version, &claimed, end).await,
                Job::ConvertOffice(version) => self.convert_office(version, &claimed, end).await,
                Job::DeliverWebhook(delivery) => self.deliver(delivery, &claimed, end).await,
                Job::MoveContent(document) => self.move_content(document, &claimed).await,
                Job::CarryOut(proposal) => self.carry_out(proposal, &claimed).await,
                Job::MakeCopy(version) => self.make_copy(version, &claimed, end).await,
                Job::SplitBatch(version) => self.split_batch(version, &claimed).await,
                Job::WriteProtocol(job) => self.write_protocol(job, &claimed).await,
                Job::SendMail(mail) => self.send_mail(mail, &claimed).await,
            }
        };
        let Err(error) = self.held(&claimed, Box::pin(work)).await else {
            return;
        };
        tracing::warn!(
            job.kind = claimed.job.kind().code(),
            job.subject = %claimed.job.subject(),
            job.attempts = claimed.attempts,
            error = %error,
            cause = ?error,
            "a job failed; it will be tried again"
        );
        let waits = error.waits_for_others();
        let why = error.to_string();
        let noted: Result<(), DbError> = self
            .db
            .keep_house(async move |unit: &mut Unit| {
                if waits {
                    // However long that takes, nothing is given up for it.
                    return rows::waits(unit, &claimed).await;
                }
                rows::failed_once(unit, &claimed, &why).await
            })
            .await;
        if let Err(error) = noted {
            tracing::error!(error = %error, "a failed job could not be put back");
        }
    }

    /// Runs `work` and renews the claim meanwhile.
    async fn held(
        &self,
        claimed: &Claimed,
        work: impl Future<Output = Result<(), JobError>>,
    ) -> Result<(), JobError> {
        let (mut work, id) = (std::pin::pin!(work), claimed.id);
        loop {
            tokio::select! {
                result = &mut work => return result,
                () = tokio::time::sleep(RENEW_EVERY) => {}
            }
            let renewed: Result<(), DbError> = self
                .db
                .keep_house(async move |unit: &mut Unit| rows::renew(unit, id).await)
                .await;
            if let Err(error) = renewed {
                tracing::warn!(error = %error, "a claim could not be renewed");
            }
        }
    }

    /// Reads the text of a version and keeps it. Running it twice keeps one text: the job's row
    /// goes in the same transaction.
    async fn extract(&self, id: VersionId, claimed: &Claimed) -> Result<(), JobError> {
        let job = claimed.id;
        let found = documents::to_extract(self.db.read(), id).await?;
        // Of what is withheld nothing is read any more.
        let withheld = documents::is_withheld(self.db.read(), id).await?;
        let Some((version, blob)) = found.filter(|_| !withheld) else {
            return self.leave(job).await;
        };
        let limits = self.extractor.limits();
        let room = documents::Room {
            parts: u64::from(limits.parts_max),
            bytes: limits.parts_bytes_max,
            depth: u64::from(limits.parts_depth_max),
        };
        let left = documents::room(self.db.read(), &version, room).await?;
        let domain = documents::domain_of(self.db.read(), version.document).await?;
        let released = documents::is_released(self.db.read(), &version.sha256).await?;
        let own = documents::biometric_in(&self.storage, &blob).await?;
        let own = own.filter(|_| !released);
        let too_large = blob.content_bytes > limits.content_bytes_max;
        let known = documents::known_passwords(self.db.read(), &self.storage, id).await?;
        let (extraction, apart, fits, beside) = if own.is_some() || too_large {
            (None, Apart::default(), None, Beside::default())
        } else {
            let last = claimed.attempts >= rows::ATTEMPTS_MAX;
            let read = self.read((&version, &blob), (left, last), &domain, &known.passwords);
            let (extraction, apart, fits, beside) = Box::pin(read).await?;
            (Some(parts::judged(extraction, left)), apart, fits, beside)
        };
        let inside = || extraction.as_ref().and_then(parts::biometric);
        let biometric = own.or(apart.biometric).or_else(inside);
        let biometric = biometric.filter(|_| !released);
        let extraction = extraction.map(|found| parts::kept(found, &apart, biometric, released));
        let pictures = extraction.as_ref().is_some_and(|found| {
            let mut pages = found.pages.iter();
            pages.any(|page| page.state == PageState::NeedsOcr)
        });
        // Where nothing reads pictures yet, it waits in the queue. What an office wrote has its text to be
        // shown, and is looked for when there is a program.
        let office = biometric.is_none() && self.is_to_be_converted(extraction.as_ref());
        let next = [
            pictures.then_some(Job::ReadScan(id)),
            office.then_some(Job::ConvertOffice(id)),
            beside.split(id, extraction.as_ref()),
        ];
        let mut text = self.pack(extraction, beside, &domain).await?;
        if own.is_some() {
            text.info.reason = Some(Reason::Biometric.as_str().to_owned());
        }
        text.biometric = biometric;
        text.known = known.id();
        text.password = self
            .keep_password(fits.filter(|_| biometric.is_none()), &domain)
            .await?;
        apart.tell(&mut text);
        text.room = room;
        let kept = self
            .db
            .write(&Actor::system(), async move |unit: &mut Unit| {
                rows::done(unit, job).await?;
                next.into_iter()
                    .flatten()
                    .for_each(|next| unit.enqueue(next));
                documents::keep_text(unit, id, text).await
            })
            .await;
        match kept {
            // Meanwhile.
            Err(DocumentError::Withheld | DocumentError::Destroyed) => self.leave(job).await,
            Err(error) => Err(error.into()),
            Ok(_) => Ok(()),
        }
    }

    /// Brings the content of a document under the keys of its place, blob by blob. Running it twice
    /// finds nothing left to do; the job's row goes when nothing is, and nobody can move the document
    /// in between.
    async fn move_content(&self, id: DocumentId, claimed: &Claimed) -> Result<(), JobError> {
        let job = claimed.id;
        loop {
            while let Some(astray) = documents::astray(self.db.read(), id).await? {
                let ready = documents::prepare(&self.db, &self.storage, &astray).await?;
                self.db
                    .write(&Actor::system(), async move |unit: &mut Unit| {
                        documents::settle(unit, astray, ready).await
                    })
                    .await?;
            }
            let settled = self
                .db
                .keep_house(async move |unit: &mut Unit| {
                    let settled = documents::is_settled(unit, id).await?;
                    if settled {
                        rows::done(unit, job).await?;
                    }
                    Ok::<_, DbError>(settled)
                })
                .await?;
            if settled {
                return Ok(());
            }
        }
    }
}
