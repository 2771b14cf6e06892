//! The way of a mail: taken up, handed over, and what is written down about it.

use super::mailer::Sent;
use super::model::{ATTEMPTS_MAX, KEPT_DAYS, Letter, NAMED_MAX, Status, pause};
use super::rows::{self, Mail, Wanted};
use crate::base::db::DbError;
use crate::base::{MailId, Timestamp};
use crate::departments;
use crate::unit::{Db, Unit};
use sea_orm::ConnectionTrait;

/// What there is to do about a mail.
#[derive(Debug)]
pub(crate) enum Begun {
    /// Nothing any more.
    Over,
    /// Its time has not come.
    Later(Timestamp),
    /// It is to be handed over now.
    Send(Letter),
}

/// Takes a mail up. From here on it is sent at most once: whoever finds it taken up does not know whether it was sent.
///
/// # Errors
/// Those of the database.
pub(crate) async fn begin(unit: &mut Unit, id: MailId) -> Result<Begun, DbError> {
    let Some(mail) = rows::mail(unit, id).await? else {
        return Ok(Begun::Over);
    };
    match mail.status {
        Status::Waiting => {}
        Status::Sending => {
            tracing::warn!(mail.id = %id, "a mail was taken up and not finished; it is not sent again");
            let unsure = Mail {
                status: Status::Unsure,
                ..mail
            };
            rows::put_mail(unit, unsure, Some("broken off")).await?;
            return Ok(Begun::Over);
        }
        Status::Sent | Status::Failed | Status::Unsure | Status::Void => return Ok(Begun::Over),
    }
    if mail.due_at > unit.now() {
        return Ok(Begun::Later(mail.due_at));
    }
    let Some(letter) = letter(unit, &mail).await? else {
        let void = Mail {
            status: Status::Void,
            ..mail
        };
        rows::put_mail(unit, void, None).await?;
        return Ok(Begun::Over);
    };
    let sending = Mail {
        status: Status::Sending,
        attempts: mail.attempts + 1,
        ..mail
    };
    rows::put_mail(unit, sending, None).await?;
    Ok(Begun::Send(letter))
}

/// What a mail says, by what its reader may know now and has not read yet; none where nothing is left of it.
async fn letter(unit: &Unit, mail: &Mail) -> Result<Option<Letter>, DbError> {
    let (on, now) = (unit.tx(), unit.now());
    let Some(to) = departments::mail_of(on, mail.account).await? else {
        return Ok(None);
    };
    let reader = departments::actor(on, mail.account, now, None).await?;
    let wanted = Wanted {
        unread: true,
        mail: Some(mail.id),
    };
    let limit = u64::try_from(NAMED_MAX * 20).unwrap_or(u64::MAX);
    let mut notices = rows::notices(on, (&reader, now), wanted, None, limit).await?;
    if notices.is_empty() {
        return Ok(None);
    }
    notices.reverse();
    let more = notices.len().saturating_sub(NAMED_MAX);
    notices.truncate(NAMED_MAX);
    Ok(Some(Letter {
        id: mail.id,
        to,
        at: now,
        daily: mail.daily,
        notices,
        more,
    }))
}

/// Writes down what became of a mail; gives when to try again.
///
/// # Errors
/// Those of the database.
pub(crate) async fn conclude(
    unit: &mut Unit,
    id: MailId,
    sent: &Sent,
) -> Result<Option<Timestamp>, DbError> {
    let Some(mail) = rows::mail(unit, id).await? else {
        return Ok(None);
    };
    if mail.status != Status::Sending {
        return Ok(None);
    }
    let (status, error) = match sent {
        Sent::Taken => (Status::Sent, None),
        Sent::Never(why) => (Status::Failed, Some(why)),
        Sent::Unsure(why) => (Status::Unsure, Some(why)),
        Sent::Later(why) if mail.attempts >= ATTEMPTS_MAX => (Status::Failed, Some(why)),
        Sent::Later(why) => (Status::Waiting, Some(why)),
    };
    if status == Status::Waiting
        && let Some(other) = rows::waiting(unit.tx(), mail.account).await?
    {
        // There is a newer one by now: it tells of this as well.
        rows::hand_on(unit, id, other).await?;
        let void = Mail {
            status: Status::Void,
            ..mail
        };
        rows::put_mail(unit, void, error.map(String::as_str)).await?;
        return Ok(None);
    }
    let seconds = i64::try_from(pause(mail.attempts).as_secs()).unwrap_or(i64::MAX);
    let next = unit.now().plus_seconds(seconds);
    let due_at = if status == Status::Waiting {
        next
    } else {
        mail.due_at
    };
    let changed = Mail {
        status,
        due_at,
        ..mail
    };
    rows::put_mail(unit, changed, error.map(String::as_str)).await?;
    Ok((status == Status::Waiting).then_some(next))
}

/// What is wrong with mails.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Backlog {
    /// Mails that were given up, or of which nobody knows whether they were taken.
    pub given_up: u64,
}

/// How many mails were given up.
///
/// # Errors
/// Those of the database.
pub(crate) async fn backlog(on: &impl ConnectionTrait) -> Result<Backlog, DbError> {
    Ok(Backlog {
        given_up: rows::given_up(on).await?,
    })
}

/// The mails that were given up since `since`, or of which nobody knows whether they were taken: the check names them
/// for as long as somebody may still do something about them.
///
/// # Errors
/// Those of the database.
pub(crate) async fn given_up_since(
    on: &impl ConnectionTrait,
    since: Timestamp,
) -> Result<Vec<MailId>, DbError> {
    rows::given_up_since(on, since).await
}

/// Forgets what was told long ago.
///
/// # Errors
/// Those of the database.
pub async fn sweep(db: &Db) -> Result<(), DbError> {
    let before = db.now().plus_seconds(-KEPT_DAYS * 86_400);
    db.keep_house(async move |unit: &mut Unit| rows::sweep(unit, before).await)
        .await
}
