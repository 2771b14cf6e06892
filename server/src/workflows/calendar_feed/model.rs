//! Calendars: types and refusals.

use thiserror::Error;
use zeroize::Zeroizing;

use crate::base::db::DbError;
use crate::base::{AccountId, CalendarFeedId, Timestamp};

/// Most calendars of one account.
pub(super) const PER_ACCOUNT_MAX: usize = 10;
/// Longest label, in characters.
pub(super) const LABEL_CHARS_MAX: usize = 100;
/// Most entries of one calendar.
pub(super) const ENTRIES_MAX: u64 = 1_000;
/// What a secret begins with, so that a leaked one is recognised by scanners.
pub(super) const PREFIX: &str = "plc_";

/// A calendar that somebody subscribes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Feed {
    pub(super) id: CalendarFeedId,
    pub(super) account: AccountId,
    pub(super) label: String,
    pub(super) created_at: Timestamp,
    pub(super) read_at: Option<Timestamp>,
}

/// The secret part of an address: told once.
pub(super) struct Secret(pub(super) Zeroizing<String>);

/// Whether this could be a secret of ours: the prefix and 32 bytes in base64url.
pub(super) fn has_form(secret: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    secret
        .strip_prefix(PREFIX)
        .is_some_and(|rest| rest.len() == 43 && rest.bytes().all(allowed))
}

/// What stands on a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum What {
    /// The last day of something (Frist).
    Deadline,
    /// A day of the authority (Termin).
    Appointment,
    /// It is looked at again (Wiedervorlage).
    Resubmission,
}

/// An entry of a calendar.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Entry {
    /// The same for as long as it is about the same.
    pub(super) uid: String,
    /// What it is.
    pub(super) what: What,
    /// The day, `YYYY-MM-DD`.
    pub(super) day: String,
    /// What the step is called.
    pub(super) label: String,
    /// What the workflow is called.
    pub(super) title: String,
    /// The Vorgangszeichen.
    pub(super) reference: String,
    /// Where it is done.
    pub(super) url: String,
    /// Grows with each change of the day.
    pub(super) sequence: u64,
    /// When the workflow was last changed.
    pub(super) changed_at: Timestamp,
}

/// Why something about calendars was not done.
#[derive(Debug, Error)]
pub(super) enum FeedError {
    /// There is no such calendar, or not for the one who asks.
    #[error("there is no such calendar")]
    NotFound,
    /// It is done in one's own name only.
    #[error("this is done in one's own name")]
    InAnothersStead,
    /// The token only reads.
    #[error("the token only reads")]
    Scope,
    /// The account has as many as it may have.
    #[error("the account has as many calendars as it may have")]
    TooMany,
    /// The machine gave no random bytes.
    #[error("the machine gave no random bytes")]
    NoChance,
    /// The database.
    #[error(transparent)]
    Db(#[from] DbError),
}
