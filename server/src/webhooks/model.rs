//! Subscriptions and deliveries: types, rules, refusals.

use thiserror::Error;

use crate::audit::event::Action;
use crate::base::db::DbError;
use crate::base::{AccountId, CaseId, DeliveryId, InspectionId, Timestamp, WebhookId, WorkId};
use crate::holds::Object;

/// Most characters of a description.
pub(super) const DESCRIPTION_CHARS_MAX: usize = 200;
/// Most subscriptions of one account that have not ended.
pub(super) const PER_ACCOUNT_MAX: usize = 20;
/// How long the secret before the last one still signs.
pub(super) const OVERLAP_SECONDS: i64 = 24 * 3600;
/// How long a receiver may fail without one success before its subscription is switched off.
pub(super) const FAILING_DAYS_MAX: i64 = 5;
/// Seconds between one attempt and the next, as the scheme proposes; after the last one it is given
/// up, some three days after the first.
pub(super) const BACK_OFF_SECONDS: [i64; 9] = [
    5,
    5 * 60,
    30 * 60,
    2 * 3600,
    5 * 3600,
    10 * 3600,
    14 * 3600,
    20 * 3600,
    24 * 3600,
];
/// The type of a message that was asked for to try a receiver.
pub(super) const TEST: &str = "webhook.test";
/// With what the actions begin that happen to a workflow: told of its case.
const WORKFLOW: &str = "workflow.";
/// The type of what a workflow hands over to the application of a target. Only who names it gets it: [`ALL`] does not
/// mean it, for it is no change.
pub(super) const EXPORT: &str = "workflow.export";
/// Stands for every type of change.
const ALL: &str = "*";

/// What can be subscribed to: the actions that happen to documents, cases and files, what goes on in workflows of
/// cases, and emergencies.
const EVENTS: [Action; 37] = [
    Action::DocumentReceive,
    Action::DocumentComponent,
    Action::DocumentSplit,
    Action::DocumentChange,
    Action::VersionAdd,
    Action::DocumentDiscard,
    Action::DocumentRestore,
    Action::TextRead,
    Action::DocumentWithhold,
    Action::ContentDestroy,
    Action::ContentRelease,
    Action::DocumentRegister,
    Action::DocumentRoute,
    Action::DocumentRefile,
    Action::DocumentUndo,
    Action::FileOpen,
    Action::FileChange,
    Action::FileClose,
    Action::FileReopen,
    Action::FileRefile,
    Action::CaseOpen,
    Action::CaseChange,
    Action::CaseClose,
    Action::CaseReopen,
    Action::CaseRefile,
    Action::WorkflowStart,
    Action::WorkflowComplete,
    Action::WorkflowReturn,
    Action::WorkflowEvent,
    Action::WorkflowEffected,
    Action::WorkflowEscalate,
    Action::WorkflowLapse,
    Action::WorkflowCancel,
    Action::EmergencyRequest,
    Action::EmergencyApprove,
    Action::EmergencyEnd,
    Action::EmergencyExpire,
];

/// The words of [`EventTypes`].
pub(super) fn known_events() -> Vec<&'static str> {
    let actions = EVENTS.iter().map(|action| action.code());
    std::iter::once(ALL)
        .chain(actions)
        .chain([EXPORT])
        .collect()
}

/// The types of change that a subscriber wants to be told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct EventTypes(Vec<String>);

impl EventTypes {
    /// Known words, each once, at least one. The error is the place of the first that is unknown.
    pub(super) fn parse(words: &[String]) -> Result<Self, usize> {
        let known = known_events();
        let mut kept: Vec<String> = Vec::new();
        for (at, word) in words.iter().enumerate() {
            if !known.contains(&word.as_str()) {
                return Err(at);
            }
            if !kept.contains(word) {
                kept.push(word.clone());
            }
        }
        Ok(Self(kept))
    }

    /// What a row holds.
    pub(super) fn stored(words: Vec<String>) -> Self {
        Self(words)
    }

    /// The words.
    pub(super) fn words(&self) -> &[String] {
        &self.0
    }

    /// Whether what workflows hand over is one of them, by its name.
    pub(super) fn takes_exports(&self) -> bool {
        self.0.iter().any(|word| word == EXPORT)
    }

    /// Whether `action` is one of them.
    pub(super) fn matches(&self, action: &str) -> bool {
        let told = EVENTS.iter().any(|event| event.code() == action);
        told && self.0.iter().any(|word| word == ALL || word == action)
    }
}

/// Why the system has switched a subscription off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum OffReason {
    /// The receiver failed for days.
    Failing,
    /// The receiver said 410: never again.
    Gone,
}

impl OffReason {
    /// As it stands in the row.
    pub(super) const fn code(self) -> &'static str {
        match self {
            Self::Failing => "failing",
            Self::Gone => "gone",
        }
    }

    fn parse(code: &str) -> Option<Self> {
        [Self::Failing, Self::Gone]
            .into_iter()
            .find(|reason| reason.code() == code)
    }
}

/// How a subscription stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    /// It is told.
    Active,
    /// Its owner has paused it.
    Paused,
    /// The system has switched it off.
    SwitchedOff(OffReason),
    /// Its owner has ended it, for ever.
    Ended(Timestamp),
}

impl State {
    /// As it stands in the row.
    pub(super) const fn code(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Paused => "paused",
            Self::SwitchedOff(_) => "switched_off",
            Self::Ended(_) => "ended",
        }
    }

    /// Reads the columns of a row.
    pub(super) fn parse(code: &str, reason: Option<&str>, ended_at: Option<i64>) -> Option<Self> {
        match code {
            "active" => Some(Self::Active),
            "paused" => Some(Self::Paused),
            "switched_off" => reason.and_then(OffReason::parse).map(Self::SwitchedOff),
            "ended" => ended_at.map(|at| Self::Ended(Timestamp::of_micros(at))),
            _ => None,
        }
    }
}

/// A subscription, without its secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Webhook {
    pub(super) id: WebhookId,
    pub(super) version: u64,
    pub(super) account: AccountId,
    pub(super) url: String,
    pub(super) events: EventTypes,
    pub(super) description: String,
    pub(super) state: State,
    pub(super) since_seq: i64,
    pub(super) created_at: Timestamp,
    pub(super) before_until: Option<Timestamp>,
}

/// How a delivery stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Status {
    /// It waits for its first attempt or the next one.
    Pending,
    /// The receiver has taken it.
    Delivered,
    /// It was given up after the last attempt.
    Failed,
    /// The owner may not see what has changed any more, or is switched off.
    Withheld,
    /// The subscription was paused, switched off or ended meanwhile.
    Cancelled,
}

impl Status {
    /// As it stands in the row and in answers.
    pub(super) const fn code(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Delivered => "delivered",
            Self::Failed => "failed",
            Self::Withheld => "withheld",
            Self::Cancelled => "cancelled",
        }
    }

    /// Reads what `code` wrote.
    pub(super) fn parse(code: &str) -> Option<Self> {
        [
            Self::Pending,
            Self::Delivered,
            Self::Failed,
            Self::Withheld,
            Self::Cancelled,
        ]
        .into_iter()
        .find(|status| status.code() == code)
    }
}

/// Why an attempt has failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Failure {
    /// The configuration does not allow the address.
    UrlRefused,
    /// The name leads only to addresses that are not allowed.
    AddressRefused,
    /// The name is not known.
    Dns,
    /// Nobody listens there, or the connection broke.
    Connection,
    /// The certificate is not trusted, or there are none to trust.
    Tls,
    /// No answer in time.
    Timeout,
    /// The receiver wants to send us elsewhere.
    Redirect,
    /// The receiver answered, but not with success.
    Status,
}

impl Failure {
    /// As it stands in the row and in answers.
    pub(super) const fn code(self) -> &'static str {
        match self {
            Self::UrlRefused => "url-refused",
            Self::AddressRefused => "address-refused",
            Self::Dns => "dns",
            Self::Connection => "connection",
            Self::Tls => "tls",
            Self::Timeout => "timeout",
            Self::Redirect => "redirect",
            Self::Status => "status",
        }
    }
}

/// What a subscriber is told of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Thing {
    /// A document, a case or a file has changed.
    Object(Object),
    /// Content is read in an emergency, or shall be.
    Emergency(InspectionId),
}

impl Thing {
    /// With what the actions begin that happen to it.
    pub(super) const fn kind(self) -> &'static str {
        match self {
            Self::Object(object) => object.kind(),
            Self::Emergency(_) => "break_glass",
        }
    }

    /// Whether an action tells of it: its own kind of change, and of a case what goes on in its workflows.
    pub(super) fn is_told_by(self, action: &str) -> bool {
        let is_case = matches!(self, Self::Object(Object::Case(_)));
        action.starts_with(self.kind()) || (is_case && action.starts_with(WORKFLOW))
    }
}

/// What a delivery tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Told {
    /// A change of a document, a case or a file, or an emergency.
    Change {
        /// The number of its record.
        seq: i64,
        /// What has changed.
        thing: Thing,
    },
    /// That the receiver is tried; the unit that asked for it.
    Test(uuid::Uuid),
    /// What a workflow hands over.
    Export {
        /// Its case.
        case: CaseId,
        /// What the system does for its step: by that it is handed over once.
        work: WorkId,
    },
}

/// What is told of, by its id: at most one of them is there.
#[derive(Debug, Default)]
pub(super) struct Ids {
    pub(super) document: Option<uuid::Uuid>,
    pub(super) case: Option<uuid::Uuid>,
    pub(super) file: Option<uuid::Uuid>,
    pub(super) emergency: Option<uuid::Uuid>,
}

/// The id of what a delivery tells of; none of a test.
pub(super) fn ids(told: Told) -> Ids {
    let mut ids = Ids::default();
    let thing = match told {
        Told::Change { thing, .. } => thing,
        Told::Export { case, .. } => Thing::Object(Object::Case(case)),
        Told::Test(_) => return ids,
    };
    match thing {
        Thing::Object(Object::Document(id)) => ids.document = Some(id.raw()),
        Thing::Object(Object::Case(id)) => ids.case = Some(id.raw()),
        Thing::Object(Object::File(id)) => ids.file = Some(id.raw()),
        Thing::Emergency(id) => ids.emergency = Some(id.raw()),
    }
    ids
}

/// One message to one subscriber.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Delivery {
    pub(super) id: DeliveryId,
    pub(super) webhook: WebhookId,
    pub(super) told: Told,
    pub(super) action: String,
    pub(super) status: Status,
    pub(super) attempts: i64,
    pub(super) created_at: Timestamp,
    pub(super) last_at: Option<Timestamp>,
    pub(super) duration_ms: Option<i64>,
    pub(super) next_at: Option<Timestamp>,
    pub(super) response_status: Option<i64>,
    pub(super) error: Option<String>,
}

impl Delivery {
    /// When to try again after the attempt that has just failed; nothing when it was the last one.
    /// `chance` moves it by up to a tenth, so that not all come back at once.
    pub(super) fn next_attempt(&self, now: Timestamp, chance: u8) -> Option<Timestamp> {
        if let Told::Test(_) = self.told {
            return None;
        }
        let failed = usize::try_from(self.attempts).unwrap_or(usize::MAX);
        let seconds = BACK_OFF_SECONDS.get(failed)?;
        let micros = seconds * 1_000_000;
        let jitter = micros / 10 * i64::from(chance) / i64::from(u8::MAX);
        Some(Timestamp::of_micros(now.micros() + micros + jitter))
    }
}

/// How a receiver has done of late.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Health {
    /// The last success.
    pub(super) delivered_at: Option<Timestamp>,
    /// The first failure since then.
    pub(super) first_failure_at: Option<Timestamp>,
    /// When a delivery was given up since then: the subscription is failing.
    pub(super) given_up_at: Option<Timestamp>,
}

impl Health {
    /// After a success.
    pub(super) const fn succeeded(now: Timestamp) -> Self {
        Self {
            delivered_at: Some(now),
            first_failure_at: None,
            given_up_at: None,
        }
    }

    /// After a failure; whether that was the last attempt.
    pub(super) fn failed(self, now: Timestamp, last: bool) -> Self {
        Self {
            delivered_at: self.delivered_at,
            first_failure_at: self.first_failure_at.or(Some(now)),
            given_up_at: self.given_up_at.or(last.then_some(now)),
        }
    }

    /// Whether it has failed for so long that it is switched off.
    pub(super) fn is_beyond_patience(self, now: Timestamp) -> bool {
        self.first_failure_at.is_some_and(|first| {
            first.plus_seconds(FAILING_DAYS_MAX * 86_400).micros() <= now.micros()
        })
    }
}

/// Why something about a subscription was not done.
#[derive(Debug, Error)]
pub enum WebhookError {
    /// There is no such subscription, or not for the one who asks.
    #[error("there is no such subscription")]
    NotFound,
    /// The token may only read.
    #[error("this token may only read")]
    Forbidden,
    /// The account has as many as it may.
    #[error("the account has as many subscriptions as it may")]
    TooMany,
    /// Nothing is delivered to a subscription that is not active.
    #[error("the subscription is not active")]
    NotActive {
        /// Its state.
        current: &'static str,
    },
    /// The delivery is still under way.
    #[error("the delivery is still under way")]
    UnderWay,
    /// The version given is not the current one.
    #[error("the subscription was changed meanwhile")]
    Stale {
        /// The current version.
        current: u64,
    },
    /// Nothing would change.
    #[error("nothing would change")]
    Unchanged,
    /// The idempotency key was taken meanwhile.
    #[error("the idempotency key was taken meanwhile")]
    KeyTaken,
    /// The documents.
    #[error("the documents could not be asked")]
    Documents(#[from] crate::documents::DocumentError),
    /// What looks at the owner's reading is not there.
    #[error("the look could not be recorded")]
    Unrecorded,
    /// The database.
    #[error(transparent)]
    Db(#[from] DbError),
}

impl From<crate::replay::SaveError> for WebhookError {
    fn from(error: crate::replay::SaveError) -> Self {
        match error {
            crate::replay::SaveError::KeyTaken => Self::KeyTaken,
            crate::replay::SaveError::Db(error) => Self::Db(error),
        }
    }
}
