//! What is done with calendars.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sea_orm::ConnectionTrait;
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use super::model::{Entry, Feed, FeedError, PER_ACCOUNT_MAX, PREFIX, Secret, has_form};
use super::rows;
use crate::audit::canonical::Object;
use crate::audit::event::Action;
use crate::base::actor::Scope;
use crate::base::{Actor, CalendarFeedId, Timestamp};
use crate::departments;
use crate::unit::Unit;

/// Calendars are one's own.
pub(super) fn require_own_name(actor: &Actor) -> Result<(), FeedError> {
    match actor.on_behalf_of {
        Some(_) => Err(FeedError::InAnothersStead),
        None => Ok(()),
    }
}

fn require_full(actor: &Actor) -> Result<(), FeedError> {
    require_own_name(actor)?;
    match actor.scope {
        Scope::Full => Ok(()),
        Scope::Read | Scope::Intake => Err(FeedError::Scope),
    }
}

fn context(id: CalendarFeedId) -> Vec<u8> {
    Object::new().with("feed", id.to_string()).to_bytes()
}

/// Makes a calendar. Its secret is given out here and never again.
pub(super) async fn create(unit: &mut Unit, label: String) -> Result<(Feed, Secret), FeedError> {
    require_full(unit.actor())?;
    let account = unit.actor().account;
    if rows::of_account(unit.tx(), account).await?.len() >= PER_ACCOUNT_MAX {
        return Err(FeedError::TooMany);
    }
    let mut random = Zeroizing::new([0_u8; 32]);
    getrandom::fill(random.as_mut()).map_err(|_source| FeedError::NoChance)?;
    let secret = Zeroizing::new(format!(
        "{PREFIX}{}",
        URL_SAFE_NO_PAD.encode(random.as_ref())
    ));
    let feed = Feed {
        id: CalendarFeedId::new(),
        account,
        label,
        created_at: unit.now(),
        read_at: None,
    };
    let digest = Sha256::digest(secret.as_bytes()).to_vec();
    rows::insert(unit, &feed, digest).await?;
    unit.record_with(Action::CalendarFeedCreate, None, Some(context(feed.id)));
    Ok((feed, Secret(secret)))
}

/// Ends a calendar of one's own, for ever.
pub(super) async fn end(unit: &mut Unit, id: CalendarFeedId) -> Result<(), FeedError> {
    require_full(unit.actor())?;
    let account = unit.actor().account;
    if !rows::end(unit, (account, id)).await? {
        return Err(FeedError::NotFound);
    }
    unit.record_with(Action::CalendarFeedEnd, None, Some(context(id)));
    Ok(())
}

/// The calendar of a secret.
pub(super) async fn with_secret(
    on: &impl ConnectionTrait,
    secret: &str,
) -> Result<Feed, FeedError> {
    if !has_form(secret) {
        return Err(FeedError::NotFound);
    }
    let digest = Sha256::digest(secret.as_bytes()).to_vec();
    let found = rows::with_digest(on, digest).await?;
    found.ok_or(FeedError::NotFound)
}

/// What stands in a calendar now; links begin with `url`.
pub(super) async fn entries(
    on: &impl ConnectionTrait,
    (feed, now): (&Feed, Timestamp),
    url: &str,
) -> Result<Vec<Entry>, FeedError> {
    let functions = departments::functions_of(on, feed.account, now).await?;
    let functions: Vec<_> = functions.into_iter().map(|(_, id)| id).collect();
    Ok(rows::entries(on, (feed.account, &functions), url).await?)
}
