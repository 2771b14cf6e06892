//! One attempt to deliver: asked under the owner's rights of this moment, signed, sent, written down.

use std::error::Error as StdError;
use std::sync::Arc;
use std::time::Duration;

use reqwest::header::{CONTENT_TYPE, HeaderName};
use reqwest::redirect::Policy;
use reqwest::{Client, Response, StatusCode};
use serde::Serialize;
use storage::Storage;
use tokio::sync::OnceCell;

use super::model::{
    Delivery, Failure, Health, Ids, OffReason, State, Status, Thing, Told, WebhookError, ids,
};
use super::rows::{self, webhook};
use super::sign::signatures;
use super::target::Rules;
use super::{log, model::Webhook, ops};
use crate::audit::event::{Action, Look};
use crate::base::db::DbError;
use crate::base::outbound::{ResolveError, Resolver};
use crate::base::{Actor, DeliveryId, Timestamp, WebhookId};
use crate::holds::Object;
use crate::ledger::looks::{Looked, Looks};
use crate::unit::{Db, Unit};

/// Time for one attempt, from the name to the end of the answer.
const ATTEMPT_MAX: Duration = Duration::from_secs(20);
/// Time for the connection alone.
const CONNECT_MAX: Duration = Duration::from_secs(10);
/// What of an answer's body is taken off the line, in bytes; nothing of it is kept.
const ANSWER_BYTES_MAX: usize = 64 << 10;

const WEBHOOK_ID: HeaderName = HeaderName::from_static("webhook-id");
const WEBHOOK_TIMESTAMP: HeaderName = HeaderName::from_static("webhook-timestamp");
const WEBHOOK_SIGNATURE: HeaderName = HeaderName::from_static("webhook-signature");

/// Carries messages to their receivers.
#[derive(Debug, Clone)]
pub struct Postman {
    db: Db,
    storage: Storage,
    looks: Looks,
    rules: Arc<Rules>,
    client: Arc<OnceCell<Client>>,
}

/// How an attempt went.
#[derive(Debug)]
pub(crate) enum Attempt {
    /// There is nothing to deliver any more.
    Over,
    /// It must not be delivered: what is written down instead.
    Kept(Kept),
    /// It was tried.
    Tried(Tried),
}

/// Why a message was not sent at all.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Kept {
    /// The owner may not know of it.
    Withheld,
    /// The subscription is not active.
    Cancelled,
}

/// A message that was sent, or should have been.
#[derive(Debug)]
pub(crate) struct Tried {
    at: Timestamp,
    duration: Duration,
    status: Option<StatusCode>,
    failure: Option<Failure>,
}

/// What follows from an attempt.
#[derive(Debug, Default)]
pub(crate) struct Concluded {
    /// When to try again.
    pub(crate) next: Option<Timestamp>,
    /// Which subscription shall be switched off, and why.
    pub(crate) off: Option<(WebhookId, OffReason)>,
}

/// What a receiver reads. No name, no title, no text: a receiver that wants to know more asks.
#[derive(Debug, Serialize)]
struct Message<'a> {
    r#type: &'a str,
    timestamp: &'a str,
    data: MessageData<'a>,
}

#[derive(Debug, Serialize)]
struct MessageData<'a> {
    seq: u64,
    hash: &'a str,
    action: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    document: Option<uuid::Uuid>,
    #[serde(skip_serializing_if = "Option::is_none")]
    case: Option<uuid::Uuid>,
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<uuid::Uuid>,
    #[serde(skip_serializing_if = "Option::is_none")]
    emergency: Option<uuid::Uuid>,
}

impl Postman {
    /// A postman under these rules.
    #[must_use]
    pub fn new(db: &Db, storage: &Storage, looks: &Looks, rules: Rules) -> Self {
        Self {
            db: db.clone(),
            storage: storage.clone(),
            looks: looks.clone(),
            rules: Arc::new(rules),
            client: Arc::default(),
        }
    }

    /// Tries to deliver, once. Nothing is written but the look.
    pub(crate) async fn attempt(&self, id: DeliveryId) -> Result<Attempt, WebhookError> {
        let on = self.db.read();
        let Some(delivery) = rows::delivery(on, id).await? else {
            return Ok(Attempt::Over);
        };
        let Some(row) = rows::webhook(on, delivery.webhook).await? else {
            return Ok(Attempt::Over);
        };
        if delivery.status != Status::Pending {
            return Ok(Attempt::Over);
        }
        if !takes(&Webhook::try_from(&row)?, &delivery) {
            return Ok(Attempt::Kept(Kept::Cancelled));
        }
        let owner = ops::owner(
            on,
            crate::base::AccountId::of(row.account_id),
            self.db.now(),
        )
        .await?;
        let Some(owner) = owner else {
            return Ok(Attempt::Kept(Kept::Withheld));
        };
        let thing = match delivery.told {
            Told::Change { thing, .. } => Some(thing),
            Told::Export { case, .. } => Some(Thing::Object(Object::Case(case))),
            Told::Test(_) => None,
        };
        if let Some(thing) = thing {
            let seen = rows::visible_among(on, &owner, &[thing]).await?;
            if seen.is_empty() {
                return Ok(Attempt::Kept(Kept::Withheld));
            }
        }
        self.note(&owner, &delivery).await?;
        Ok(Attempt::Tried(self.send(&row, &delivery).await?))
    }

    /// What is told is looked at by the owner of the subscription.
    async fn note(&self, owner: &Actor, delivery: &Delivery) -> Result<(), WebhookError> {
        let (look, document) = match delivery.told {
            Told::Change {
                thing: Thing::Object(object),
                ..
            } => {
                let look = match object {
                    Object::Document(_) => Look::TellChange,
                    Object::Case(_) => Look::TellCase,
                    Object::File(_) => Look::TellFile,
                };
                (look, Some((object.raw(), 1)))
            }
            Told::Export { case, .. } => (Look::TellCase, Some((case.raw(), 1))),
            Told::Change {
                thing: Thing::Emergency(_),
                ..
            }
            | Told::Test(_) => (Look::TellChange, None),
        };
        let looked = Looked {
            document,
            ..Looked::of(look, owner)
        };
        let noted = self.looks.note(looked).await;
        noted.map_err(|_ended| WebhookError::Unrecorded)
    }

    async fn send(&self, row: &webhook::Model, delivery: &Delivery) -> Result<Tried, WebhookError> {
        let body = message(self.db.read(), delivery).await?;
        let at = self.db.now();
        let secrets = ops::secrets(self.db.read(), &self.storage, row, at).await?;
        let begun = std::time::Instant::now();
        let answered = match self.rules.target(&row.url) {
            Err(_refused) => Err(Failure::UrlRefused),
            Ok(target) => {
                let (id, seconds) = (delivery.id.to_string(), at.micros() / 1_000_000);
                let signed = signatures(&secrets, &id, seconds, &body);
                match self.client.get_or_try_init(async || self.connect()).await {
                    Ok(client) => {
                        let request = client
                            .post(target.url().clone())
                            .header(CONTENT_TYPE, "application/json")
                            .header(WEBHOOK_ID, id)
                            .header(WEBHOOK_TIMESTAMP, seconds)
                            .header(WEBHOOK_SIGNATURE, signed)
                            .body(body);
                        answer(request).await
                    }
                    Err(failure) => Err(failure),
                }
            }
        };
        let (status, failure) = match answered {
            Ok(status) => (Some(status), failure_of(status)),
            Err(failure) => (None, Some(failure)),
        };
        Ok(Tried {
            at,
            duration: begun.elapsed(),
            status,
            failure,
        })
    }

    /// One client for all receivers. The certificates that count are those of the machine, because
    /// the town's own authority stands there and nowhere else; a proxy would connect to addresses
    /// that were not looked at, so there is none; a connection serves once, so that each delivery
    /// looks its address up anew.
    fn connect(&self) -> Result<Client, Failure> {
        let rules = Arc::clone(&self.rules);
        let built = Client::builder()
            .user_agent(concat!("Papierlos/", env!("CARGO_PKG_VERSION")))
            .dns_resolver(Resolver::new(move |address| rules.allows(address)))
            .redirect(Policy::none())
            .referer(false)
            .no_proxy()
            .pool_max_idle_per_host(0)
            .connect_timeout(CONNECT_MAX)
            .timeout(ATTEMPT_MAX)
            .build();
        built.map_err(|error| {
            tracing::error!(error = %error, cause = ?error, "webhooks cannot be sent: no TLS");
            Failure::Tls
        })
    }
}

/// Whether the subscription takes this delivery: a test always, until it has ended.
const fn takes(webhook: &Webhook, delivery: &Delivery) -> bool {
    match (webhook.state, delivery.told) {
        (State::Active, _) => true,
        (State::Paused | State::SwitchedOff(_), Told::Test(_)) => true,
        (State::Paused | State::SwitchedOff(_), Told::Change { .. } | Told::Export { .. })
        | (State::Ended(_), _) => false,
    }
}

/// The body. The same for each attempt: it is made of the record alone, or was written down with the delivery.
async fn message(
    on: &impl sea_orm::ConnectionTrait,
    delivery: &Delivery,
) -> Result<Vec<u8>, DbError> {
    if let Told::Export { .. } = delivery.told {
        let body = rows::body(on, delivery.id).await?;
        let body = body.ok_or(DbError::Log("nothing is handed over"))?;
        return Ok(body.into_bytes());
    }
    let found = log::record(on, delivery.told).await?;
    let (seq, hash, at) = found.ok_or(DbError::Log("a delivery tells of no record"))?;
    let Ids {
        document,
        case,
        file,
        emergency,
    } = ids(delivery.told);
    let message = Message {
        r#type: &delivery.action,
        timestamp: &at,
        data: MessageData {
            seq,
            hash: &hash,
            action: &delivery.action,
            document,
            case,
            file,
            emergency,
        },
    };
    serde_json::to_vec(&message).map_err(|_source| DbError::Log("no JSON"))
}

async fn answer(request: reqwest::RequestBuilder) -> Result<StatusCode, Failure> {
    let response = request.send().await.map_err(|error| {
        tracing::debug!(error = %error, cause = ?error, "a webhook was not delivered");
        failure_of_error(&error)
    })?;
    let status = response.status();
    drain(response).await;
    Ok(status)
}

/// Takes the answer off the line, so that its sender is not cut off; what it says is of no concern.
async fn drain(mut response: Response) {
    let mut taken = 0;
    while taken <= ANSWER_BYTES_MAX {
        match response.chunk().await {
            Ok(Some(chunk)) => taken += chunk.len(),
            Ok(None) | Err(_) => return,
        }
    }
}

fn failure_of(status: StatusCode) -> Option<Failure> {
    if status.is_success() {
        None
    } else if status.is_redirection() {
        Some(Failure::Redirect)
    } else {
        Some(Failure::Status)
    }
}

fn failure_of_error(error: &reqwest::Error) -> Failure {
    let mut cause: Option<&(dyn StdError + 'static)> = Some(error);
    while let Some(this) = cause {
        // An IO error hides what it was made of from those who ask for its source.
        let inner = this
            .downcast_ref::<std::io::Error>()
            .and_then(std::io::Error::get_ref)
            .map(|inner| inner as &(dyn StdError + 'static));
        for one in [Some(this), inner].into_iter().flatten() {
            match one.downcast_ref::<ResolveError>() {
                Some(ResolveError::Refused) => return Failure::AddressRefused,
                Some(ResolveError::Unknown(_)) => return Failure::Dns,
                None => {}
            }
            if one.is::<rustls::Error>() {
                return Failure::Tls;
            }
        }
        cause = this.source();
    }
    if error.is_timeout() {
        Failure::Timeout
    } else {
        Failure::Connection
    }
}

/// Writes down how an attempt went. `chance` spreads the next one.
pub(crate) async fn conclude(
    unit: &mut Unit,
    id: DeliveryId,
    attempt: &Attempt,
    chance: u8,
) -> Result<Concluded, DbError> {
    let Some(mut delivery) = rows::delivery(unit.tx(), id).await? else {
        return Ok(Concluded::default());
    };
    match attempt {
        Attempt::Over => Ok(Concluded::default()),
        Attempt::Kept(kept) => {
            delivery.status = match kept {
                Kept::Withheld => Status::Withheld,
                Kept::Cancelled => Status::Cancelled,
            };
            delivery.next_at = None;
            rows::update_delivery(unit, &delivery).await?;
            Ok(Concluded::default())
        }
        Attempt::Tried(tried) => conclude_tried(unit, delivery, tried, chance).await,
    }
}

async fn conclude_tried(
    unit: &Unit,
    mut delivery: Delivery,
    tried: &Tried,
    chance: u8,
) -> Result<Concluded, DbError> {
    let now = unit.now();
    let gone = tried.status == Some(StatusCode::GONE);
    let health = rows::health(unit.tx(), delivery.webhook).await?;
    let next = match tried.failure {
        Some(_) if !gone => delivery.next_attempt(now, chance),
        Some(_) | None => None,
    };
    let health = match tried.failure {
        None => Health::succeeded(now),
        Some(_) => health.failed(now, next.is_none()),
    };
    let off = match tried.failure {
        None => None,
        Some(_) if gone => Some(OffReason::Gone),
        Some(_) => health.is_beyond_patience(now).then_some(OffReason::Failing),
    };
    delivery.status = match (tried.failure, next) {
        (None, _) => Status::Delivered,
        (Some(_), Some(_)) => Status::Pending,
        (Some(_), None) => Status::Failed,
    };
    delivery.attempts += 1;
    delivery.last_at = Some(tried.at);
    delivery.duration_ms = i64::try_from(tried.duration.as_millis()).ok();
    delivery.next_at = next;
    delivery.response_status = tried.status.map(|status| i64::from(status.as_u16()));
    delivery.error = tried.failure.map(|failure| failure.code().to_owned());
    rows::update_delivery(unit, &delivery).await?;
    // A test says how the receiver does now; the subscription is judged by its changes.
    if let Told::Test(_) = delivery.told {
        return Ok(Concluded::default());
    }
    rows::put_health(unit, delivery.webhook, health).await?;
    Ok(Concluded {
        next,
        off: off.map(|reason| (delivery.webhook, reason)),
    })
}

/// Switches an active subscription off, and says so in the log.
pub(crate) async fn switch_off(
    unit: &mut Unit,
    id: WebhookId,
    reason: OffReason,
) -> Result<(), WebhookError> {
    let row = rows::webhook(unit.tx(), id).await?;
    let mut row = row
        .filter(|row| row.state == State::Active.code())
        .ok_or(WebhookError::NotFound)?;
    row.put_state(State::SwitchedOff(reason));
    rows::update_webhook(unit, &mut row).await?;
    unit.record(Action::WebhookSwitchOff, None);
    Ok(())
}
