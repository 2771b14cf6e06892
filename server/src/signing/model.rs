//! Signing jobs: types and rules. No async, no IO, no clock.

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::base::db::DbError;
use crate::base::{
    AccountId, DepartmentId, DocumentId, IdentityCheckId, SigningJobId, TabletId, Timestamp,
    VersionId,
};
use crate::config::SealLevel;
use crate::documents::DocumentError;
use crate::relations::RelationError;
use crate::tablets::TabletError;

/// Longest purpose, in characters.
pub(super) const PURPOSE_CHARS_MAX: usize = 200;
/// Longest sentence that is confirmed, in characters.
pub(super) const SENTENCE_CHARS_MAX: usize = 500;
/// Longest reason, in characters.
pub(super) const REASON_CHARS_MAX: usize = 500;
/// Most pages of which it is kept that they were seen.
pub(super) const PAGES_MAX: usize = 500;
/// Longest time for which a page is said to have been seen.
pub(super) const SECONDS_MAX: u32 = 3_600;
/// Most times that somebody begins anew.
pub(super) const RESTARTS_MAX: u32 = 1_000;
/// Longest name of a field for a signature, in characters.
pub(super) const FIELD_CHARS_MAX: usize = 200;
/// The largest document that is signed, in bytes: it is held in memory while it is.
pub(super) const CONTENT_BYTES_MAX: u64 = 64 << 20;
/// The largest that was signed and is raised, in bytes: each time it grows.
pub(super) const SEALED_BYTES_MAX: u64 = 128 << 20;

/// The first wait of a seal that could not be raised, in seconds.
const WAIT_SECONDS: i64 = 5;
/// The longest, in seconds.
pub(super) const WAIT_SECONDS_MAX: i64 = 86_400;

/// Where in its life a job is. Nothing leads out of one that is over, but that it was signed on paper instead.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// Sent, and not shown yet.
    Waiting,
    /// The tablet shows it.
    Shown,
    /// Somebody is signing.
    Signing,
    /// Signed, and the sealed document is a new version.
    Done,
    /// Whoever was to sign refused.
    Refused,
    /// A clerk called it off.
    Cancelled,
    /// Its time was over, or nobody touched the tablet for too long.
    Expired,
    /// It could not be signed or sealed.
    Failed,
    /// The document got another version meanwhile.
    Changed,
    /// It was signed on paper instead, and the scan of that is linked.
    Paper,
}

/// What may happen to a job; the state says whether.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// The tablet has its pages.
    Show,
    /// The pad was opened.
    Begin,
    /// It was signed.
    Sign,
    /// It was refused.
    Refuse,
    /// A clerk calls it off.
    Cancel,
    /// Its time is over.
    Expire,
    /// It cannot be signed or sealed.
    Fail,
    /// The document has another version.
    Change,
    /// It was signed on paper instead.
    Link,
}

impl State {
    /// All of them.
    pub const ALL: &'static [Self] = &[
        Self::Waiting,
        Self::Shown,
        Self::Signing,
        Self::Done,
        Self::Refused,
        Self::Cancelled,
        Self::Expired,
        Self::Failed,
        Self::Changed,
        Self::Paper,
    ];

    /// As it stands in rows, records and answers.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Shown => "shown",
            Self::Signing => "signing",
            Self::Done => "done",
            Self::Refused => "refused",
            Self::Cancelled => "cancelled",
            Self::Expired => "expired",
            Self::Failed => "failed",
            Self::Changed => "changed",
            Self::Paper => "paper",
        }
    }

    /// Reads what `code` wrote.
    #[must_use]
    pub fn parse(code: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|one| one.code() == code)
    }

    /// Whether nothing happens to it on a tablet any more.
    #[must_use]
    pub const fn is_over(self) -> bool {
        match self {
            Self::Waiting | Self::Shown | Self::Signing => false,
            Self::Done
            | Self::Refused
            | Self::Cancelled
            | Self::Expired
            | Self::Failed
            | Self::Changed
            | Self::Paper => true,
        }
    }

    /// The state after a step. `None`: this state does not allow it.
    ///
    /// What was shown may be shown again, and who has begun may go back to reading: a page may be loaded anew.
    /// Nobody signs or refuses what he was not shown. Whatever kept it from being signed on the tablet, it may have
    /// been signed on paper; not so where the document is another one by now.
    #[must_use]
    pub const fn after(self, step: Step) -> Option<Self> {
        match (self, step) {
            (Self::Waiting | Self::Shown | Self::Signing, Step::Show) => Some(Self::Shown),
            (Self::Shown | Self::Signing, Step::Begin) => Some(Self::Signing),
            (Self::Shown | Self::Signing, Step::Sign) => Some(Self::Done),
            (Self::Shown | Self::Signing, Step::Refuse) => Some(Self::Refused),
            (Self::Waiting | Self::Shown | Self::Signing, Step::Cancel) => Some(Self::Cancelled),
            (Self::Waiting | Self::Shown | Self::Signing, Step::Expire) => Some(Self::Expired),
            (Self::Waiting | Self::Shown | Self::Signing, Step::Fail) => Some(Self::Failed),
            (Self::Waiting | Self::Shown | Self::Signing, Step::Change) => Some(Self::Changed),
            (Self::Cancelled | Self::Refused | Self::Expired | Self::Failed, Step::Link) => {
                Some(Self::Paper)
            }
            (Self::Waiting, Step::Begin | Step::Sign | Step::Refuse)
            | (
                Self::Waiting
                | Self::Shown
                | Self::Signing
                | Self::Done
                | Self::Changed
                | Self::Paper,
                Step::Link,
            )
            | (
                Self::Done
                | Self::Refused
                | Self::Cancelled
                | Self::Expired
                | Self::Failed
                | Self::Changed
                | Self::Paper,
                Step::Show
                | Step::Begin
                | Step::Sign
                | Step::Refuse
                | Step::Cancel
                | Step::Expire
                | Step::Fail
                | Step::Change,
            ) => None,
        }
    }
}

/// In which language somebody is spoken to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tongue {
    /// German.
    German,
    /// English.
    English,
}

impl Tongue {
    /// As it stands in rows and answers.
    pub(super) const fn code(self) -> &'static str {
        match self {
            Self::German => "de",
            Self::English => "en",
        }
    }

    /// Reads what `code` wrote.
    pub(super) fn parse(code: &str) -> Option<Self> {
        [Self::German, Self::English]
            .into_iter()
            .find(|one| one.code() == code)
    }
}

/// Where the signature goes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Spot {
    /// Into an empty signature field that is there, by its whole name.
    Field(String),
    /// Onto a page, in points from the lower left corner of the page that is not turned.
    On {
        /// 1, 2, 3 …
        page: u32,
        /// From the left.
        left: f32,
        /// From below.
        bottom: f32,
        /// How wide.
        width: f32,
        /// How high.
        height: f32,
    },
}

/// How long a page was seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct SeenPage {
    /// 1, 2, 3 …
    pub page: u32,
    /// Whole seconds.
    pub seconds: u32,
}

/// What was seen before, and what is told now: of each page the longer time.
pub(super) fn seen_together(before: &[SeenPage], now: &[SeenPage]) -> Vec<SeenPage> {
    let mut all = std::collections::BTreeMap::new();
    for one in before.iter().chain(now) {
        let seconds = all.entry(one.page).or_insert(0);
        *seconds = one.seconds.min(SECONDS_MAX).max(*seconds);
    }
    all.into_iter()
        .take(PAGES_MAX)
        .map(|(page, seconds)| SeenPage { page, seconds })
        .collect()
}

/// What is asked for.
#[derive(Debug, Clone)]
pub(super) struct New {
    /// Which document.
    pub(super) document: DocumentId,
    /// The number of the version in force, as the clerk has seen it.
    pub(super) number: u64,
    /// On which tablet.
    pub(super) tablet: TabletId,
    /// What for.
    pub(super) purpose: String,
    /// What whoever signs confirms.
    pub(super) sentence: String,
    /// In which language.
    pub(super) language: Tongue,
    /// Where the signature goes.
    pub(super) spot: Spot,
    /// The check of the identity of whoever signs.
    pub(super) identity_check: Option<IdentityCheckId>,
}

/// What came of a signature.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Outcome {
    /// SHA-256 of the record of the strokes.
    pub(super) strokes_sha256: [u8; 32],
    /// The version that was added.
    pub(super) signed: VersionId,
    /// How far its seal has come.
    pub(super) level: Level,
    /// The version that bears the seal at that level; the one above, where none was added since.
    pub(super) held: Option<VersionId>,
    /// When the certificate of the newest timestamp over the whole document ends.
    pub(super) archive_until: Option<Timestamp>,
    /// What was found out: JSON.
    pub(super) evidence: String,
}

impl Outcome {
    /// The version that bears the seal.
    pub(super) fn bearer(&self) -> VersionId {
        self.held.unwrap_or(self.signed)
    }
}

/// How far a seal has come, each further than the one before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Level {
    /// Sealed.
    Basic,
    /// Sealed, with a timestamp.
    Timestamped,
    /// With all by which it is checked in years to come.
    LongTerm,
    /// With a timestamp over all of that.
    Archived,
}

impl Level {
    /// All of them, the lowest first.
    pub(super) const ALL: [Self; 4] = [
        Self::Basic,
        Self::Timestamped,
        Self::LongTerm,
        Self::Archived,
    ];

    /// As it stands in rows and answers.
    pub(super) const fn code(self) -> &'static str {
        match self {
            Self::Basic => "B-B",
            Self::Timestamped => "B-T",
            Self::LongTerm => "B-LT",
            Self::Archived => "B-LTA",
        }
    }

    /// Reads what `code` wrote.
    pub(super) fn parse(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.code() == code)
    }

    /// The one that follows. None: there is nothing above it.
    pub(super) const fn next(self) -> Option<Self> {
        match self {
            Self::Basic => Some(Self::Timestamped),
            Self::Timestamped => Some(Self::LongTerm),
            Self::LongTerm => Some(Self::Archived),
            Self::Archived => None,
        }
    }
}

impl From<SealLevel> for Level {
    fn from(level: SealLevel) -> Self {
        match level {
            SealLevel::Basic => Self::Basic,
            SealLevel::Timestamped => Self::Timestamped,
            SealLevel::LongTerm => Self::LongTerm,
            SealLevel::Archived => Self::Archived,
        }
    }
}

/// How long a seal that could not be raised waits after so many attempts, in seconds: longer each time, a day
/// at most.
pub(super) fn wait_seconds(attempts: u32) -> i64 {
    let doublings = attempts.saturating_sub(1).min(15);
    (WAIT_SECONDS << doublings).min(WAIT_SECONDS_MAX)
}

/// A document that is shown on a tablet, to be signed.
#[derive(Debug, Clone, PartialEq)]
pub struct SigningJob {
    /// Its id.
    pub id: SigningJobId,
    /// Counts every change.
    pub version: u64,
    /// Which document.
    pub document: DocumentId,
    /// The version that is shown.
    pub shown: VersionId,
    /// Its number.
    pub number: u64,
    /// SHA-256 of its content.
    pub sha256: [u8; 32],
    /// Where the document stood.
    pub department: DepartmentId,
    /// On which tablet.
    pub tablet: TabletId,
    /// Which clerk sent it.
    pub clerk: AccountId,
    pub(super) purpose: String,
    pub(super) sentence: String,
    pub(super) language: Tongue,
    pub(super) spot: Spot,
    /// By chance: what the tablet signs along.
    pub(super) nonce: String,
    /// Where in its life it is.
    pub state: State,
    pub(super) reason: Option<String>,
    pub(super) created_at: Timestamp,
    pub(super) expires_at: Timestamp,
    pub(super) shown_at: Option<Timestamp>,
    pub(super) signing_at: Option<Timestamp>,
    pub(super) ended_at: Option<Timestamp>,
    pub(super) pages: Vec<SeenPage>,
    pub(super) restarts: u32,
    pub(super) outcome: Option<Outcome>,
    /// The check of the identity of whoever signs.
    pub(super) identity_check: Option<IdentityCheckId>,
    /// The readable protocol, once it is written.
    pub(super) protocol: Option<DocumentId>,
    /// The scan of what was signed on paper instead.
    pub(super) paper: Option<DocumentId>,
}

impl SigningJob {
    /// The job after a step at `now`.
    ///
    /// # Errors
    /// Where its state does not allow it. A job whose time is over allows only that this is said.
    pub(super) fn stepped(mut self, step: Step, now: Timestamp) -> Result<Self, SigningError> {
        let current = self.state_at(now);
        let state = if step == Step::Expire {
            self.state.after(step)
        } else {
            current.after(step)
        };
        self.state = state.ok_or(SigningError::State { current })?;
        match step {
            Step::Show => self.shown_at = self.shown_at.or(Some(now)),
            Step::Begin => self.signing_at = self.signing_at.or(Some(now)),
            Step::Sign | Step::Refuse | Step::Cancel | Step::Expire | Step::Fail | Step::Change => {
                self.ended_at = Some(now)
            }
            // On the tablet it ended before.
            Step::Link => self.ended_at = self.ended_at.or(Some(now)),
        }
        Ok(self)
    }

    /// The state at `now`: a job whose time is over is over, whether anybody has said so or not.
    #[must_use]
    pub fn state_at(&self, now: Timestamp) -> State {
        if !self.state.is_over() && self.expires_at <= now {
            State::Expired
        } else {
            self.state
        }
    }

    /// Whether somebody must say that its time is over.
    pub(super) fn has_run_out(&self, now: Timestamp) -> bool {
        !self.state.is_over() && self.expires_at <= now
    }
}

/// What a check of an identity lacks, for a document to be signed beside it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wanting {
    /// There is none, and the form asks for one.
    Check,
    /// It is none of this document.
    OfThis,
    /// It did not say that whoever stood there is who he says.
    Result,
    /// It is older than a working day.
    Age,
}

/// Why something about signing jobs was not done.
#[derive(Debug, Error)]
pub enum SigningError {
    /// There is no such job, or not for the one who asks.
    #[error("there is no such job")]
    NotFound,
    /// There is no such tablet, or not for the one who asks.
    #[error("there is no such tablet")]
    NoTablet,
    /// Only the clerk who sent it, and whoever may change the document.
    #[error("this is not for the one who asks")]
    Forbidden,
    /// Nobody has something signed in another's stead.
    #[error("this is done in one's own name")]
    InAnothersStead,
    /// There is no key to seal with.
    #[error("there is no key to seal with")]
    NoSeal,
    /// The tablet shows something else.
    #[error("the tablet is busy")]
    Busy,
    /// The tablet works for the actor already: nothing was changed.
    #[error("the tablet is leased by the actor already")]
    Leased,
    /// Another version is in force than the one that was named.
    #[error("another version is in force")]
    OtherVersion {
        /// The one in force.
        current: u64,
    },
    /// The document got another version while it was shown.
    #[error("the document was changed meanwhile")]
    Changed,
    /// The state does not allow it.
    #[error("the job is in a state that does not allow this")]
    State {
        /// The state it is in.
        current: State,
    },
    /// It is not a PDF that can be signed.
    #[error("the document cannot be signed")]
    Unfit(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// There is no such field, or no such place.
    #[error("there is no place for the signature")]
    NoPlace(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The strokes are no signature.
    #[error("the strokes are no signature")]
    Strokes(#[source] pades::strokes::StrokesError),
    /// The seal could not be put on.
    #[error("the document could not be sealed")]
    Seal(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// There is no chance to be had.
    #[error("no random bytes")]
    NoChance,
    /// The check of the identity of whoever signs does not do.
    #[error("the identity check does not do")]
    Identity(Wanting),
    /// The scan that is named is none for this.
    #[error("there is no such scan")]
    NoScan,
    /// The protocol could not be written.
    #[error("the protocol could not be written")]
    Protocol(#[from] paper::PaperError),
    /// The relation between a document and what belongs to it.
    #[error("what belongs together could not be linked")]
    Relation(#[source] Box<RelationError>),
    /// The tablet.
    #[error(transparent)]
    Tablet(TabletError),
    /// The document.
    #[error(transparent)]
    Document(#[from] DocumentError),
    /// The database.
    #[error(transparent)]
    Db(#[from] DbError),
}

impl From<RelationError> for SigningError {
    fn from(error: RelationError) -> Self {
        match error {
            RelationError::NoTarget => Self::NotFound,
            RelationError::Itself => Self::NoScan,
            RelationError::Document(error) => Self::Document(error),
            RelationError::Db(error) => Self::Db(error),
            other @ (RelationError::NotFound
            | RelationError::Exists { .. }
            | RelationError::Withdrawn
            | RelationError::Stale { .. }) => Self::Relation(Box::new(other)),
        }
    }
}

impl From<TabletError> for SigningError {
    fn from(error: TabletError) -> Self {
        match error {
            TabletError::NotFound => Self::NoTablet,
            TabletError::Db(error) => Self::Db(error),
            other @ (TabletError::Forbidden
            | TabletError::NoCode
            | TabletError::NoDepartment
            | TabletError::Revoked
            | TabletError::Leased { .. }
            | TabletError::NotLeased
            | TabletError::TooMany
            | TabletError::NoChance) => Self::Tablet(other),
        }
    }
}
