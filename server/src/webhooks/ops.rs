//! What is done with subscriptions; the only code that writes about them for their owners.

use sea_orm::ConnectionTrait;
use storage::{Kms, Storage};

use super::log;
use super::model::{
    EventTypes, Health, OVERLAP_SECONDS, PER_ACCOUNT_MAX, State, Status, TEST, Told, Webhook,
    WebhookError,
};
use super::rows::{self, webhook};
use super::sign::Secret;
use crate::audit::canonical::Object;
use crate::audit::event::Action;
use crate::audit::log::read_keys;
use crate::base::actor::Scope;
use crate::base::db::DbError;
use crate::base::sight::Extent;
use crate::base::{AccountId, Actor, DeliveryId, Job, Timestamp, WebhookId};
use crate::departments;
use crate::unit::{Db, Unit};

/// A new subscription.
#[derive(Debug)]
pub(super) struct NewWebhook {
    pub(super) url: String,
    pub(super) events: EventTypes,
    pub(super) description: String,
    pub(super) state: State,
}

/// What of a subscription changes.
#[derive(Debug, Default)]
pub(super) struct Change {
    pub(super) url: Option<String>,
    pub(super) events: Option<EventTypes>,
    pub(super) description: Option<String>,
    pub(super) active: Option<bool>,
}

/// What a secret is bound to, so that it cannot be moved to another row.
fn secret_context(id: WebhookId) -> Vec<u8> {
    format!("papierlos.webhook/v1\n{id}").into_bytes()
}

fn events_text(events: &EventTypes) -> Result<String, DbError> {
    serde_json::to_string(events.words()).map_err(|_source| DbError::Log("no JSON"))
}

fn require_full(actor: &Actor) -> Result<(), WebhookError> {
    if actor.scope == Scope::Full {
        Ok(())
    } else {
        Err(WebhookError::Forbidden)
    }
}

fn fresh_secret() -> Result<Secret, DbError> {
    Secret::generate().map_err(|_source| DbError::Log("the machine gave no random bytes"))
}

/// Subscribes. The secret is given out here and never again.
pub(super) async fn create(
    unit: &mut Unit,
    kms: &dyn Kms,
    new: NewWebhook,
) -> Result<(Webhook, Secret), WebhookError> {
    require_full(unit.actor())?;
    let account = unit.actor().account;
    if rows::of_account(unit.tx(), account).await?.len() >= PER_ACCOUNT_MAX {
        return Err(WebhookError::TooMany);
    }
    let id = WebhookId::new();
    let secret = fresh_secret()?;
    let key = rows::make_key(unit, kms, id).await?;
    let sealed = storage::seal(&key, &secret_context(id), secret.expose());
    let mut row = webhook::Model {
        id: id.raw(),
        version: 1,
        account_id: account.raw(),
        url: new.url,
        events: events_text(&new.events)?,
        description: new.description,
        state: String::new(),
        reason: None,
        since_seq: log::head(unit.tx()).await?,
        secret: sealed.map_err(DbError::from)?,
        secret_before: None,
        before_until: None,
        created_at: unit.now().micros(),
        ended_at: None,
    };
    row.put_state(new.state);
    let created = Webhook::try_from(&row)?;
    rows::insert_webhook(unit, row).await?;
    unit.record(Action::WebhookCreate, None);
    Ok((created, secret))
}

/// One's own subscription that has not ended, to be changed. What belongs to others does not exist.
async fn own(unit: &Unit, id: WebhookId) -> Result<webhook::Model, WebhookError> {
    require_full(unit.actor())?;
    let row = rows::webhook(unit.tx(), id).await?;
    row.filter(|row| row.account_id == unit.actor().account.raw() && row.ended_at.is_none())
        .ok_or(WebhookError::NotFound)
}

async fn own_as_seen(
    unit: &Unit,
    id: WebhookId,
    expected: u64,
) -> Result<webhook::Model, WebhookError> {
    let row = own(unit, id).await?;
    let current = u64::try_from(row.version).unwrap_or_default();
    if current == expected {
        Ok(row)
    } else {
        Err(WebhookError::Stale { current })
    }
}

/// Changes a subscription. One that is taken up again begins with what comes then.
pub(super) async fn change(
    unit: &mut Unit,
    id: WebhookId,
    expected: u64,
    change: Change,
) -> Result<Webhook, WebhookError> {
    let mut row = own_as_seen(unit, id, expected).await?;
    let before = row.clone();
    if let Some(url) = change.url {
        row.url = url;
    }
    if let Some(events) = &change.events {
        row.events = events_text(events)?;
    }
    if let Some(description) = change.description {
        row.description = description;
    }
    let active = before.state == State::Active.code();
    match change.active {
        Some(true) if !active => {
            row.put_state(State::Active);
            row.since_seq = log::head(unit.tx()).await?;
            let known = rows::health(unit.tx(), id).await?;
            let health = Health {
                delivered_at: known.delivered_at,
                ..Health::default()
            };
            rows::put_health(unit, id, health).await?;
        }
        Some(false) if active => row.put_state(State::Paused),
        Some(_) | None => {}
    }
    if row == before {
        return Err(WebhookError::Unchanged);
    }
    rows::update_webhook(unit, &mut row).await?;
    unit.record(Action::WebhookChange, None);
    Ok(Webhook::try_from(&row)?)
}

/// Ends a subscription for ever. Its deliveries stay readable.
pub(super) async fn end(unit: &mut Unit, id: WebhookId, expected: u64) -> Result<(), WebhookError> {
    let mut row = own_as_seen(unit, id, expected).await?;
    row.put_state(State::Ended(unit.now()));
    rows::update_webhook(unit, &mut row).await?;
    unit.record(Action::WebhookEnd, None);
    Ok(())
}

/// Gives a new secret. The one before signs too for [`OVERLAP_SECONDS`].
pub(super) async fn rotate(
    unit: &mut Unit,
    kms: &dyn Kms,
    id: WebhookId,
    expected: u64,
) -> Result<(Webhook, Secret), WebhookError> {
    let mut row = own_as_seen(unit, id, expected).await?;
    let keys = read_keys(unit.tx(), kms, &[row.id]).await?;
    let key = keys.get(&row.id).ok_or(NO_KEY)?;
    let secret = fresh_secret()?;
    let sealed = storage::seal(key, &secret_context(id), secret.expose());
    let sealed = sealed.map_err(DbError::from)?;
    row.secret_before = Some(std::mem::replace(&mut row.secret, sealed));
    row.before_until = Some(unit.now().plus_seconds(OVERLAP_SECONDS).micros());
    rows::update_webhook(unit, &mut row).await?;
    unit.record(Action::WebhookRotate, None);
    Ok((Webhook::try_from(&row)?, secret))
}

const NO_KEY: DbError = DbError::Log("a subscription has no key");

/// The secrets that are valid now, the newest first.
pub(super) async fn secrets(
    on: &impl ConnectionTrait,
    storage: &Storage,
    row: &webhook::Model,
    now: Timestamp,
) -> Result<Vec<Secret>, DbError> {
    let keys = read_keys(on, storage.kms().as_ref(), &[row.id]).await?;
    let key = keys.get(&row.id).ok_or(NO_KEY)?;
    let before = row
        .secret_before
        .as_ref()
        .filter(|_| row.before_until.is_some_and(|until| now.micros() < until));
    let context = secret_context(WebhookId::of(row.id));
    let mut valid = Vec::new();
    for sealed in std::iter::once(&row.secret).chain(before) {
        valid.push(Secret::of(storage::open(key, &context, sealed)?));
    }
    Ok(valid)
}

/// What else belongs to a record about a delivery.
fn context(webhook: WebhookId, delivery: DeliveryId) -> Vec<u8> {
    Object::new()
        .with("delivery", delivery.to_string())
        .with("webhook", webhook.to_string())
        .to_bytes()
}

/// Sends a test message, once; also where the subscription is paused or switched off.
pub(super) async fn test(unit: &mut Unit, id: WebhookId) -> Result<DeliveryId, WebhookError> {
    own(unit, id).await?;
    let row = rows::waiting(id, Told::Test(unit.id().raw()), TEST, unit.now());
    let delivery = DeliveryId::of(row.id);
    rows::insert_deliveries(unit, vec![row]).await?;
    unit.enqueue(Job::DeliverWebhook(delivery));
    let said = context(id, delivery);
    unit.record_with(Action::WebhookTest, None, Some(said));
    Ok(delivery)
}

/// Sends a message once more, under its own id, with all attempts anew.
pub(super) async fn replay(
    unit: &mut Unit,
    id: WebhookId,
    delivery: DeliveryId,
) -> Result<(), WebhookError> {
    let row = own(unit, id).await?;
    let actor = unit.actor().clone();
    let found = rows::visible_delivery(unit.tx(), &actor, id, delivery).await?;
    let mut found = found.ok_or(WebhookError::NotFound)?;
    if row.state != State::Active.code() && !matches!(found.told, Told::Test(_)) {
        let current = Webhook::try_from(&row)?.state.code();
        return Err(WebhookError::NotActive { current });
    }
    if found.status == Status::Pending && found.attempts == 0 {
        return Err(WebhookError::UnderWay);
    }
    found.status = Status::Pending;
    found.attempts = 0;
    found.next_at = Some(unit.now());
    rows::update_delivery(unit, &found).await?;
    unit.enqueue(Job::DeliverWebhook(delivery));
    let said = context(id, delivery);
    unit.record_with(Action::WebhookReplay, None, Some(said));
    Ok(())
}

/// The owner of a subscription with the roles held now; nobody where the account is switched off. To whom
/// something is opened only as far as it is done, how that came about is not told, as in the change feed.
pub(super) async fn owner(
    on: &impl ConnectionTrait,
    id: AccountId,
    now: Timestamp,
) -> Result<Option<Actor>, DbError> {
    let account = departments::account(on, id).await?;
    let standing = account.filter(|account| !account.disabled);
    match standing {
        Some(account) => {
            let mut actor = departments::actor(on, account.id, now, None).await?;
            actor.inspections.retain(|one| one.extent == Extent::Whole);
            Ok(Some(actor))
        }
        None => Ok(None),
    }
}

/// Forgets deliveries that have been over for so long.
pub async fn sweep(db: &Db, keep: std::time::Duration) -> Result<(), DbError> {
    let seconds = i64::try_from(keep.as_secs()).unwrap_or(i64::MAX);
    let before = db.now().plus_seconds(-seconds);
    db.keep_house(async move |unit: &mut Unit| rows::sweep(unit, before).await)
        .await
}
