//! Seals are raised after the counter, step by step: to B-T by a timestamp, to B-LT by what is known of the
//! certificates, to B-LTA by a timestamp over all of it, which gets another one before its certificate ends.
//!
//! The queue is the rows themselves; what waits stands beside them. Each step is a version of its own, of which
//! the one before is a prefix, but for the first: that goes into the place that was left for it.

use std::ops::Range;

use bytes::Bytes;
use pades::sign::{Instant, not_after};
use storage::Storage;
use thiserror::Error;

use super::apart;
use super::authority::{Authority, place_of};
use super::model::{Level, SEALED_BYTES_MAX, SigningError, SigningJob, WAIT_SECONDS_MAX};
use super::outside::Outside;
use super::rows;
use super::stamp::Stamp;
use super::stuck;
use super::validation;
use crate::audit::canonical::Object;
use crate::audit::event::Action;
use crate::base::db::DbError;
use crate::base::{Actor, DocumentId, SigningJobId, Timestamp, VersionId};
use crate::documents::{self, Arriving, Content, DocumentError, Version, Which};
use crate::unit::{Db, Unit};

/// How many are looked at in one go, of each kind.
const AT_ONCE: i64 = 20;
const PDF: &str = "application/pdf";

/// Why a seal stays as it is: the document has another version.
const SUPERSEDED: &str = "superseded";
/// It was put aside.
const DISCARDED: &str = "discarded";
/// Its content was destroyed.
const DESTROYED: &str = "destroyed";
/// A certificate on which it rests is revoked.
pub(super) const REVOKED: &str = "revoked";
/// A certificate on which it rests names nobody who can be asked about it.
pub(super) const NO_SOURCES: &str = "no_sources";

/// Under which name those are counted that are raised no further.
pub(super) const ENDED: &str = "ended";

/// Why a seal was not raised.
#[derive(Debug, Error)]
pub enum RaiseError {
    /// The authority does not answer.
    #[error("the timestamp authority does not answer")]
    Unreachable(#[source] reqwest::Error),
    /// It answers with something else.
    #[error("the timestamp authority answers with something else than a timestamp")]
    Answer(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// Nobody says whether a certificate holds, or not so that it counts.
    #[error("nobody says whether a certificate holds")]
    Word(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// A certificate is revoked.
    #[error("a certificate is revoked")]
    Revoked,
    /// A certificate names nobody who can be asked about it.
    #[error("a certificate names nobody who can be asked about it")]
    NoSources,
    /// Its content is given out to nobody, until two people decide what becomes of it.
    #[error("the document is withheld")]
    Withheld,
    /// The authority's certificate ends no later than that of the timestamp that is there.
    #[error("the certificate of the timestamp authority ends no later than the one before")]
    NoLater,
    /// The document cannot be raised.
    #[error("the sealed document cannot be raised")]
    Document(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The job or its document.
    #[error(transparent)]
    Signing(#[from] SigningError),
}

impl RaiseError {
    /// Why a seal waits, in a word.
    const fn waits_for(&self) -> &'static str {
        match self {
            Self::Unreachable(_) | Self::Answer(_) => "authority",
            Self::Word(_) | Self::Revoked | Self::NoSources => "responder",
            Self::Withheld => "withheld",
            Self::NoLater => "no_later",
            Self::Document(_) | Self::Signing(_) => "document",
        }
    }
}

impl From<DbError> for RaiseError {
    fn from(error: DbError) -> Self {
        Self::Signing(error.into())
    }
}

impl From<DocumentError> for RaiseError {
    fn from(error: DocumentError) -> Self {
        Self::Signing(error.into())
    }
}

impl From<storage::StoreError> for RaiseError {
    fn from(error: storage::StoreError) -> Self {
        Self::from(DocumentError::from(error))
    }
}

pub(super) fn document(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> RaiseError {
    RaiseError::Document(error.into())
}

/// A seal as it stands on a document.
#[derive(Debug, Clone)]
pub(super) struct Borne {
    pub(super) document: DocumentId,
    /// The version that bears it.
    pub(super) bearer: VersionId,
    pub(super) level: Level,
    pub(super) archive_until: Option<Timestamp>,
    /// In which field.
    pub(super) field: String,
    /// From which byte to which.
    pub(super) gap: Range<usize>,
}

impl Borne {
    fn of(job: &SigningJob) -> Option<Self> {
        let outcome = job.outcome.as_ref()?;
        let (field, gap) = place_of(&outcome.evidence);
        Some(Self {
            document: job.document,
            bearer: outcome.bearer(),
            level: outcome.level,
            archive_until: outcome.archive_until,
            field,
            gap,
        })
    }
}

/// What an attempt came to.
pub(super) enum Came {
    /// Further, or to its end.
    Further(Raised),
    /// Nowhere, and why: it is tried again after so many seconds, or where nothing is said longer each time.
    Waits(Option<i64>, &'static str),
}

/// What a step came to.
pub(super) enum Raised {
    To {
        level: Level,
        content: Box<Content>,
        archive_until: Option<Timestamp>,
    },
    /// It stays as it is, for good.
    Never(&'static str),
}

/// Raises the seals that are not as far as the settings want them, and renews archive timestamps; each by one
/// step. Gives how many got further.
///
/// # Errors
/// [`RaiseError`] where nothing more can be done now: the rest waits. What goes wrong with one document is told,
/// and that one waits.
pub async fn raise(db: &Db, storage: &Storage, stamp: &Stamp) -> Result<usize, RaiseError> {
    if stamp.tsa().is_none() {
        return Ok(0);
    }
    let now = db.now();
    let due = rows::to_raise(db.read(), stamp.level(), (now, AT_ONCE)).await?;
    let by = now.plus_seconds(stamp.renew_seconds());
    let ending = rows::to_renew(db.read(), by, (now, AT_ONCE)).await?;
    if due.is_empty() && ending.is_empty() {
        return Ok(0);
    }
    let Some(mut round) = Round::open((db, storage), stamp)? else {
        return Ok(0);
    };
    let mut raised = 0;
    for job in due.into_iter().chain(ending) {
        if Box::pin(round.tried(job)).await? {
            raised += 1;
        }
    }
    Ok(raised)
}

/// How many documents wait for which level; under `renewal`, whose archive timestamp ends soon; under `ended`, which are
/// raised no further.
///
/// # Errors
/// The database.
pub async fn waiting(db: &Db, stamp: &Stamp) -> Result<Vec<(&'static str, u64)>, DbError> {
    let mut all = vec![("B-T", 0), ("B-LT", 0), ("B-LTA", 0)];
    for (level, count) in rows::count_below(db.read(), stamp.level()).await? {
        let next = level.next().map(Level::code);
        for (_, waits) in all.iter_mut().filter(|(code, _)| Some(*code) == next) {
            *waits = count;
        }
    }
    let by = db.now().plus_seconds(stamp.renew_seconds());
    all.push(("renewal", rows::count_ending(db.read(), by).await?));
    let ended = stuck::ended(db.read()).await?.len();
    all.push((ENDED, u64::try_from(ended).unwrap_or(u64::MAX)));
    Ok(all)
}

fn instant(at: Timestamp) -> Instant {
    Instant::from_unix_seconds(u64::try_from(at.micros() / 1_000_000).unwrap_or_default())
}

pub(super) fn timestamp(at: Instant) -> Timestamp {
    let micros = at.unix_seconds().saturating_mul(1_000_000);
    Timestamp::of_micros(i64::try_from(micros).unwrap_or(i64::MAX))
}

/// One go.
pub(super) struct Round<'a> {
    db: &'a Db,
    storage: &'a Storage,
    authority: Authority<'a>,
    outside: Outside,
    /// When the authority's certificate ends, where that was found to be no later than what there was.
    latest: Option<Timestamp>,
}

impl<'a> Round<'a> {
    /// None: the settings name nobody to ask.
    pub(super) fn open(
        (db, storage): (&'a Db, &'a Storage),
        stamp: &'a Stamp,
    ) -> Result<Option<Self>, RaiseError> {
        let (Some((url, patience)), Some(reach)) = (stamp.tsa(), stamp.reach()) else {
            return Ok(None);
        };
        Ok(Some(Self {
            db,
            storage,
            authority: Authority { url, patience },
            outside: Outside::open(reach, patience).map_err(RaiseError::Unreachable)?,
            latest: None,
        }))
    }
}

impl Round<'_> {
    /// Raises one seal by a step, or lets it wait.
    async fn tried(&mut self, job: SigningJob) -> Result<bool, RaiseError> {
        let (id, seen) = (job.id, stands(&job));
        let Some(borne) = Borne::of(&job) else {
            self.wait(id, None).await?;
            return Ok(false);
        };
        let raised = match Box::pin(self.attempt(&borne)).await? {
            Came::Further(raised) => raised,
            Came::Waits(seconds, _) => {
                self.wait(id, seconds).await?;
                return Ok(false);
            }
        };
        let further = matches!(raised, Raised::To { .. });
        match Box::pin(settle(self.db, (id, seen), raised)).await {
            Ok(()) => Ok(further),
            // Another server was here meanwhile.
            Err(SigningError::Changed) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    /// A step of one seal; an error where none can be raised now.
    pub(super) async fn attempt(&mut self, borne: &Borne) -> Result<Came, RaiseError> {
        match Box::pin(self.step(borne)).await {
            Ok(raised) => Ok(Came::Further(raised)),
            Err(RaiseError::Revoked) => Ok(Came::Further(Raised::Never(REVOKED))),
            Err(RaiseError::NoSources) => Ok(Came::Further(Raised::Never(NO_SOURCES))),
            Err(error @ RaiseError::Unreachable(_)) => Err(error),
            Err(RaiseError::Signing(error @ SigningError::Db(_))) => Err(error.into()),
            Err(error @ RaiseError::NoLater) => {
                Ok(Came::Waits(Some(WAIT_SECONDS_MAX), error.waits_for()))
            }
            // Released it is raised, destroyed it is not; who releases it knows nothing of seals.
            Err(error @ RaiseError::Withheld) => {
                tracing::info!(document.id = %borne.document, "a seal waits: its document is withheld");
                Ok(Came::Waits(None, error.waits_for()))
            }
            Err(
                error @ (RaiseError::Answer(_)
                | RaiseError::Word(_)
                | RaiseError::Document(_)
                | RaiseError::Signing(_)),
            ) => {
                tracing::warn!(
                    document.id = %borne.document,
                    error = %error,
                    cause = ?error,
                    "a seal could not be raised; it waits where it is"
                );
                Ok(Came::Waits(None, error.waits_for()))
            }
        }
    }

    async fn wait(&self, id: SigningJobId, seconds: Option<i64>) -> Result<(), DbError> {
        self.db
            .keep_house(async move |unit: &mut Unit| rows::postpone(unit, id, seconds).await)
            .await
    }

    async fn step(&mut self, borne: &Borne) -> Result<Raised, RaiseError> {
        let system = Actor::system();
        let on = self.db.read();
        let (version, blob) =
            match documents::content(on, &system, borne.document, Which::InForce).await {
                Ok((_, version, blob)) if version.id == borne.bearer => (version, blob),
                Ok(_) => return Ok(Raised::Never(SUPERSEDED)),
                Err(DocumentError::Withheld) => return Err(RaiseError::Withheld),
                Err(DocumentError::Destroyed) => return Ok(Raised::Never(DESTROYED)),
                Err(error) => return Err(error.into()),
            };
        if borne.level == Level::Archived && borne.archive_until >= self.latest_known() {
            return Err(RaiseError::NoLater);
        }
        let content = self.storage.read(&blob, SEALED_BYTES_MAX).await?;
        let (field, gap) = (borne.field.as_str(), borne.gap.clone());
        let (level, content, archive_until) = match borne.level {
            Level::Basic => {
                let stamped = self.authority.over_seal(content, (field, gap)).await?;
                (Level::Timestamped, stamped, None)
            }
            Level::Timestamped => (
                Level::LongTerm,
                self.with_validation(&content, field).await?,
                None,
            ),
            Level::LongTerm => self.archived(&content, field, None).await?,
            Level::Archived => {
                let content = self.with_validation(&content, field).await?;
                self.archived(&content, field, borne.archive_until).await?
            }
        };
        Ok(Raised::To {
            level,
            content: Box::new(self.kept(&version, content).await?),
            archive_until,
        })
    }

    /// What an archive timestamp must end before to be worth another one; everything is, where nothing is known.
    fn latest_known(&self) -> Option<Timestamp> {
        Some(self.latest.unwrap_or(Timestamp::of_micros(i64::MAX)))
    }

    /// With all by which it is checked in years to come.
    async fn with_validation(
        &mut self,
        content: &[u8],
        field: &str,
    ) -> Result<Vec<u8>, RaiseError> {
        let collected = apart::collect(content, field).await?;
        let now = instant(self.db.now());
        let data = Box::pin(validation::gather(&mut self.outside, collected, now)).await?;
        let raised = apart::extend(content, &data).await?;
        apart::check(&raised, field).await?;
        Ok(raised)
    }

    /// With a timestamp over all of it, whose certificate ends later than the one before.
    async fn archived(
        &mut self,
        content: &[u8],
        field: &str,
        before: Option<Timestamp>,
    ) -> Result<(Level, Vec<u8>, Option<Timestamp>), RaiseError> {
        let (raised, stamped) = self.authority.over_document(content, field).await?;
        let until = timestamp(not_after(stamped.signer_certificate()));
        if before.is_some_and(|before| until <= before) {
            self.latest = self.latest.max(Some(until));
            return Err(RaiseError::NoLater);
        }
        Ok((Level::Archived, raised, Some(until)))
    }

    async fn kept(&self, version: &Version, content: Vec<u8>) -> Result<Content, RaiseError> {
        let domain = documents::domain_of(self.db.read(), version.document).await?;
        let mut arriving = Arriving::begin_in(self.storage, &domain).await?;
        arriving.push(Bytes::from(content)).await?;
        let arrived = arriving
            .finish(PDF.to_owned(), version.file_name.clone())
            .await?;
        Ok(arrived.keep(self.db).await?)
    }
}

/// Which version bears the seal, and how far it is.
type Standing = Option<(VersionId, Level, Option<Timestamp>)>;

fn stands(job: &SigningJob) -> Standing {
    let outcome = job.outcome.as_ref()?;
    Some((outcome.bearer(), outcome.level, outcome.archive_until))
}

/// Writes down what became of it: the version with the seal at its new level, or that there will be none.
async fn settle(
    db: &Db,
    (id, seen): (SigningJobId, Standing),
    raised: Raised,
) -> Result<(), SigningError> {
    db.write(&Actor::system(), async move |unit: &mut Unit| {
        let found = rows::find_to_change(unit, id).await?;
        let mut job = found.ok_or(SigningError::NotFound)?;
        // What else is said of the job, such as that its protocol was written, is no reason to ask again.
        if stands(&job) != seen {
            return Err(SigningError::Changed);
        }
        let Some(outcome) = &mut job.outcome else {
            return Err(SigningError::NotFound);
        };
        let (held, reason) = match raised {
            Raised::Never(reason) => (None, Some(reason)),
            Raised::To {
                level,
                content,
                archive_until,
            } => match documents::raise(unit, job.document, outcome.bearer(), *content).await {
                Ok(held) => {
                    outcome.level = level;
                    outcome.held = Some(held.version.id);
                    outcome.archive_until = archive_until;
                    (Some(held), None)
                }
                Err(DocumentError::Stale { .. }) => (None, Some(SUPERSEDED)),
                Err(DocumentError::State { .. }) => (None, Some(DISCARDED)),
                Err(error) => return Err(error.into()),
            },
        };
        let level = outcome.level.code();
        job.reason = reason.map(str::to_owned);
        rows::save(unit, &mut job).await?;
        rows::forget_wait(unit, id).await?;
        let signed = held.map(|held| hex::encode(held.version.sha256));
        let context = Object::new()
            .with("level", level)
            .with_some("reason", reason)
            .with_some("signed", signed)
            .to_bytes();
        unit.record_with(Action::SigningRaise, Some(job.department), Some(context));
        Ok(())
    })
    .await?;
    Ok(())
}
