//! Notices: types, rules and refusals.

use std::time::Duration;

use thiserror::Error;

use crate::base::db::DbError;
use crate::base::{AccountId, CivilDate, MailId, NoticeId, Timestamp, WorkflowId};
use crate::departments::PeopleError;

/// Most notices that are marked as read by name in one request.
pub(super) const READ_MAX: usize = 200;
/// Most notices that one mail names; of the others it says how many there are.
pub(super) const NAMED_MAX: usize = 50;
/// The hour of the daily mail where nothing was said.
pub(super) const HOUR_DEFAULT: u8 = 7;
/// Longest address, in characters (RFC 5321).
pub(super) const ADDRESS_CHARS_MAX: usize = 254;
/// How long notices are kept, read or not.
pub(super) const KEPT_DAYS: i64 = 180;
/// How often it is tried to hand over one mail.
pub(super) const ATTEMPTS_MAX: i64 = 10;

/// Why somebody is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(in crate::workflows) enum NoticeKind {
    /// A step waits for him.
    Asked,
    /// It will be due.
    Reminded,
    /// It is due, or its time is over.
    Due,
    /// Others have not done it in time; he is asked too.
    Escalated,
    /// A step that he has inserted was done.
    Done,
    /// His mark is void, for another version is in force.
    Voided,
    /// What he began has ended.
    Ended,
    /// The workflow has something to say.
    Notify,
}

impl NoticeKind {
    /// All of them.
    pub(super) const ALL: [Self; 8] = [
        Self::Asked,
        Self::Reminded,
        Self::Due,
        Self::Escalated,
        Self::Done,
        Self::Voided,
        Self::Ended,
        Self::Notify,
    ];

    /// As it stands in rows and answers.
    pub(super) const fn code(self) -> &'static str {
        match self {
            Self::Asked => "asked",
            Self::Reminded => "reminded",
            Self::Due => "due",
            Self::Escalated => "escalated",
            Self::Done => "done",
            Self::Voided => "voided",
            Self::Ended => "ended",
            Self::Notify => "notify",
        }
    }

    /// Reads what `code` wrote.
    pub(super) fn parse(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.code() == code)
    }

    /// In a mail.
    pub(super) const fn german(self) -> &'static str {
        match self {
            Self::Asked => "Wartet auf Sie",
            Self::Reminded => "Erinnerung",
            Self::Due => "Fällig",
            Self::Escalated => "Überfällig, an Sie weitergemeldet",
            Self::Done => "Erledigt",
            Self::Voided => "Vermerk ungültig, es gilt eine neue Fassung",
            Self::Ended => "Beendet",
            Self::Notify => "Mitteilung",
        }
    }
}

/// Whether somebody gets mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mode {
    /// No.
    Off,
    /// As soon as there is something.
    Each,
    /// Once a day.
    Daily,
}

impl Mode {
    pub(super) const fn code(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Each => "each",
            Self::Daily => "daily",
        }
    }

    pub(super) fn parse(code: &str) -> Option<Self> {
        let mut all = [Self::Off, Self::Each, Self::Daily].into_iter();
        all.find(|one| one.code() == code)
    }
}

/// What somebody has said about mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Setting {
    pub(super) mode: Mode,
    /// Of the daily mail, by the clocks of Germany.
    pub(super) hour: u8,
}

impl Default for Setting {
    fn default() -> Self {
        Self {
            mode: Mode::Off,
            hour: HOUR_DEFAULT,
        }
    }
}

impl Setting {
    /// When what is told now goes by mail; never where it does not.
    pub(super) fn due(self, now: Timestamp) -> Option<Timestamp> {
        match self.mode {
            Mode::Off => None,
            Mode::Each => Some(now),
            Mode::Daily => Some(next_hour(now, self.hour).unwrap_or(now)),
        }
    }
}

/// An hour of a day by the clocks of Germany. On the days on which they are changed, from the change on it is
/// counted from the end.
fn hour_of(day: CivilDate, hour: u8) -> Option<Timestamp> {
    let seconds = i64::from(hour) * 3_600;
    if hour < 3 {
        return Some(day.begins().plus_seconds(seconds));
    }
    let next = day.plus_days(1)?.begins();
    Some(next.plus_seconds(seconds - 86_400))
}

/// When German clocks next show this hour.
pub(super) fn next_hour(now: Timestamp, hour: u8) -> Option<Timestamp> {
    let today = CivilDate::on(now)?;
    let at = hour_of(today, hour)?;
    if at > now {
        return Some(at);
    }
    hour_of(today.plus_days(1)?, hour)
}

/// How long it is waited after an attempt: a minute, then four times as long, at most four hours.
pub(super) fn pause(attempts: i64) -> Duration {
    let steps = u32::try_from(attempts.clamp(1, 6) - 1).unwrap_or_default();
    Duration::from_secs((60_u64 << (2 * steps)).min(4 * 3_600))
}

/// Where a mail is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Status {
    /// It waits for its time.
    Waiting,
    /// Somebody is at it.
    Sending,
    /// The host has taken it.
    Sent,
    /// It was given up.
    Failed,
    /// It may have been taken: it is not sent again.
    Unsure,
    /// There was nothing left to tell.
    Void,
}

impl Status {
    pub(super) const fn code(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Sending => "sending",
            Self::Sent => "sent",
            Self::Failed => "failed",
            Self::Unsure => "unsure",
            Self::Void => "void",
        }
    }

    pub(super) fn parse(code: &str) -> Option<Self> {
        let all = [
            Self::Waiting,
            Self::Sending,
            Self::Sent,
            Self::Failed,
            Self::Unsure,
            Self::Void,
        ];
        all.into_iter().find(|one| one.code() == code)
    }
}

/// Something that somebody is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Notice {
    pub(super) id: NoticeId,
    pub(super) kind: NoticeKind,
    pub(super) workflow: WorkflowId,
    /// The short name of the definition.
    pub(super) definition: String,
    /// What the definition is called.
    pub(super) title: String,
    /// Whether the case stands in a compartment.
    pub(super) hidden: bool,
    /// The step, and what it is called.
    pub(super) step: Option<(u32, String)>,
    /// The last day of the step, `YYYY-MM-DD`.
    pub(super) due_on: Option<String>,
    /// What the workflow says.
    pub(super) said: Option<String>,
    /// Who is away.
    pub(super) in_stead_of: Option<AccountId>,
    pub(super) created_at: Timestamp,
    pub(super) read_at: Option<Timestamp>,
}

/// A mail that is to be handed over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Letter {
    /// Its id.
    pub(super) id: MailId,
    /// Where it goes.
    pub(super) to: String,
    /// When it was written.
    pub(super) at: Timestamp,
    /// Whether it is the one of the day.
    pub(super) daily: bool,
    /// What it tells of, the first first.
    pub(super) notices: Vec<Notice>,
    /// How many more there are.
    pub(super) more: usize,
}

/// Why something about notices was not done.
#[derive(Debug, Error)]
pub(in crate::workflows) enum NoticeError {
    /// It is done in one's own name only.
    #[error("this is done in one's own name")]
    InAnothersStead,
    /// The token only reads.
    #[error("the token only reads")]
    Scope,
    /// This archive sends no mail.
    #[error("this archive sends no mail")]
    NoMail,
    /// People.
    #[error(transparent)]
    People(#[from] PeopleError),
    /// The database.
    #[error(transparent)]
    Db(#[from] DbError),
}
