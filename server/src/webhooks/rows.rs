//! Rows of subscriptions, deliveries and how receivers do.

use std::collections::HashMap;

use sea_orm::entity::prelude::*;
use sea_orm::{Condition, QueryOrder, QuerySelect};
use sha2::{Digest, Sha256};
use storage::{DataKey, KeyDomain, Kms};

use super::model::{
    Delivery, EventTypes, Health, Ids, State, Status, Thing, Told, Webhook, WebhookError, ids,
};
use crate::audit::canonical;
use crate::audit::event::{Kind, Subject};
use crate::audit::number;
use crate::base::db::{DbError, placeholders, sql};
use crate::base::insert::insert;
use crate::base::{
    AccountId, Actor, CaseId, DeliveryId, DocumentId, FileId, InspectionId, Timestamp, WebhookId,
    WorkId,
};
use crate::holds::Object;
use crate::unit::Unit;
use crate::{cases, documents, files, inspections};

pub(super) mod webhook {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "webhook")]
    pub(crate) struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub version: i64,
        pub account_id: Uuid,
        pub url: String,
        pub events: String,
        pub description: String,
        pub state: String,
        pub reason: Option<String>,
        pub since_seq: i64,
        pub secret: Vec<u8>,
        pub secret_before: Option<Vec<u8>>,
        pub before_until: Option<i64>,
        pub created_at: i64,
        pub ended_at: Option<i64>,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub(crate) enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

pub(super) mod delivery {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "webhook_delivery")]
    pub(crate) struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub webhook_id: Uuid,
        pub seq: Option<i64>,
        pub document_id: Option<Uuid>,
        pub case_id: Option<Uuid>,
        pub file_id: Option<Uuid>,
        pub unit_id: Option<Uuid>,
        pub action: String,
        pub created_at: i64,
        pub status: String,
        pub attempts: i64,
        pub last_at: Option<i64>,
        pub duration_ms: Option<i64>,
        pub next_at: Option<i64>,
        pub response_status: Option<i64>,
        pub error: Option<String>,
        pub inspection_id: Option<Uuid>,
        pub work_id: Option<Uuid>,
        pub body: Option<String>,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub(crate) enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

fn at(micros: i64) -> String {
    Timestamp::of_micros(micros).to_string()
}

/// A secret stands in the state as the hash of its sealed form: a silent change is seen, nothing is
/// given away.
fn hashed(sealed: &[u8]) -> String {
    hex::encode(Sha256::digest(sealed))
}

impl webhook::Model {
    /// The canonical state: what a record commits to, and what `verify` computes again.
    pub(super) fn state_bytes(&self) -> Vec<u8> {
        let before = self.secret_before.as_deref().map(hashed);
        canonical::Object::new()
            .with("account", self.account_id.to_string())
            .with_some("before_until", self.before_until.map(at))
            .with("created_at", at(self.created_at))
            .with("description", self.description.as_str())
            .with_some("ended_at", self.ended_at.map(at))
            .with("events", self.events.as_str())
            .with_some("reason", self.reason.as_deref())
            .with("secret", hashed(&self.secret))
            .with_some("secret_before", before)
            .with("since", number(self.since_seq))
            .with("state", self.state.as_str())
            .with("url", self.url.as_str())
            .to_bytes()
    }

    fn subject(&self) -> Subject {
        Subject {
            kind: Kind::Webhook,
            id: self.id,
            root: self.id,
            version: u64::try_from(self.version).unwrap_or_default(),
            state: self.state_bytes(),
            content: None,
        }
    }

    pub(super) fn put_state(&mut self, state: State) {
        state.code().clone_into(&mut self.state);
        (self.reason, self.ended_at) = match state {
            State::Active | State::Paused => (None, None),
            State::SwitchedOff(reason) => (Some(reason.code().to_owned()), None),
            State::Ended(at) => (None, Some(at.micros())),
        };
    }
}

impl TryFrom<&webhook::Model> for Webhook {
    type Error = DbError;

    fn try_from(row: &webhook::Model) -> Result<Self, DbError> {
        let corrupt = |what| DbError::Corrupt {
            table: "webhook",
            key: row.id.to_string(),
            what,
        };
        let events = serde_json::from_str(&row.events);
        let state = State::parse(&row.state, row.reason.as_deref(), row.ended_at);
        Ok(Self {
            id: WebhookId::of(row.id),
            version: u64::try_from(row.version).unwrap_or_default(),
            account: AccountId::of(row.account_id),
            url: row.url.clone(),
            events: EventTypes::stored(events.map_err(|_source| corrupt("no list of events"))?),
            description: row.description.clone(),
            state: state.ok_or_else(|| corrupt("the state is unknown"))?,
            since_seq: row.since_seq,
            created_at: Timestamp::of_micros(row.created_at),
            before_until: row.before_until.map(Timestamp::of_micros),
        })
    }
}

impl TryFrom<delivery::Model> for Delivery {
    type Error = DbError;

    fn try_from(row: delivery::Model) -> Result<Self, DbError> {
        let corrupt = |what| DbError::Corrupt {
            table: "webhook_delivery",
            key: row.id.to_string(),
            what,
        };
        let named = (row.document_id, row.case_id, row.file_id, row.inspection_id);
        let thing = match named {
            (Some(id), None, None, None) => {
                Some(Thing::Object(Object::Document(DocumentId::of(id))))
            }
            (None, Some(id), None, None) => Some(Thing::Object(Object::Case(CaseId::of(id)))),
            (None, None, Some(id), None) => Some(Thing::Object(Object::File(FileId::of(id)))),
            (None, None, None, Some(id)) => Some(Thing::Emergency(InspectionId::of(id))),
            _ => None,
        };
        let told = match (row.seq, thing, row.unit_id, row.work_id) {
            (Some(seq), Some(thing), None, None) => Told::Change { seq, thing },
            (None, None, Some(unit), None) => Told::Test(unit),
            (None, Some(Thing::Object(Object::Case(case))), None, Some(work)) => Told::Export {
                case,
                work: WorkId::of(work),
            },
            _ => {
                return Err(corrupt(
                    "it tells neither a change nor a test nor an export",
                ));
            }
        };
        let status = Status::parse(&row.status);
        Ok(Self {
            id: DeliveryId::of(row.id),
            webhook: WebhookId::of(row.webhook_id),
            told,
            status: status.ok_or_else(|| corrupt("the status is unknown"))?,
            action: row.action,
            attempts: row.attempts,
            created_at: Timestamp::of_micros(row.created_at),
            last_at: row.last_at.map(Timestamp::of_micros),
            duration_ms: row.duration_ms,
            next_at: row.next_at.map(Timestamp::of_micros),
            response_status: row.response_status,
            error: row.error,
        })
    }
}

pub(super) async fn insert_webhook(unit: &mut Unit, row: webhook::Model) -> Result<(), DbError> {
    let subject = row.subject();
    let active = webhook::ActiveModel::from(row).reset_all();
    webhook::Entity::insert(active)
        .exec_without_returning(unit.tx())
        .await?;
    unit.changed(subject);
    Ok(())
}

/// Writes the next version; refuses one that has moved on.
pub(super) async fn update_webhook(
    unit: &mut Unit,
    row: &mut webhook::Model,
) -> Result<(), WebhookError> {
    use webhook::Column;
    let before = row.version;
    row.version += 1;
    let done = webhook::Entity::update_many()
        .col_expr(Column::Version, row.version.into())
        .col_expr(Column::Url, row.url.clone().into())
        .col_expr(Column::Events, row.events.clone().into())
        .col_expr(Column::Description, row.description.clone().into())
        .col_expr(Column::State, row.state.clone().into())
        .col_expr(Column::Reason, row.reason.clone().into())
        .col_expr(Column::SinceSeq, row.since_seq.into())
        .col_expr(Column::Secret, row.secret.clone().into())
        .col_expr(Column::SecretBefore, row.secret_before.clone().into())
        .col_expr(Column::BeforeUntil, row.before_until.into())
        .col_expr(Column::EndedAt, row.ended_at.into())
        .filter(Column::Id.eq(row.id))
        .filter(Column::Version.eq(before))
        .exec(unit.tx())
        .await
        .map_err(DbError::from)?;
    if done.rows_affected != 1 {
        return Err(DbError::Stale.into());
    }
    unit.changed(row.subject());
    Ok(())
}

pub(super) async fn webhook(
    on: &impl ConnectionTrait,
    id: WebhookId,
) -> Result<Option<webhook::Model>, DbError> {
    Ok(webhook::Entity::find_by_id(id.raw()).one(on).await?)
}

/// The subscriptions of an account that have not ended; oldest first.
pub(super) async fn of_account(
    on: &impl ConnectionTrait,
    account: AccountId,
) -> Result<Vec<webhook::Model>, DbError> {
    Ok(webhook::Entity::find()
        .filter(webhook::Column::AccountId.eq(account.raw()))
        .filter(webhook::Column::EndedAt.is_null())
        .order_by_asc(webhook::Column::Id)
        .all(on)
        .await?)
}

/// Those that are told.
pub(super) async fn active(on: &impl ConnectionTrait) -> Result<Vec<Webhook>, DbError> {
    let rows = webhook::Entity::find()
        .filter(webhook::Column::State.eq(State::Active.code()))
        .order_by_asc(webhook::Column::Id)
        .all(on)
        .await?;
    rows.iter().map(Webhook::try_from).collect()
}

/// Makes the key of a subscription, under which its secret is sealed and its openings will be.
/// Rotation of the wrapping keys finds it like the others.
pub(super) async fn make_key(
    unit: &Unit,
    kms: &dyn Kms,
    id: WebhookId,
) -> Result<DataKey, DbError> {
    let domain = documents::DOMAINS.first().copied().unwrap_or_default();
    let domain = KeyDomain::parse(domain)?;
    let key = DataKey::generate()?;
    let wrapped = kms.wrap(&domain, &key).await?;
    let row = [
        id.raw().into(),
        domain.as_str().to_owned().into(),
        wrapped.kek.into(),
        wrapped.bytes.into(),
    ];
    let into = "subject_key (owner_id, domain, kek, wrapped)";
    insert(unit.tx(), into, vec![row]).await?;
    Ok(key)
}

/// A new delivery that waits.
pub(super) fn waiting(
    webhook: WebhookId,
    told: Told,
    action: &str,
    now: Timestamp,
) -> delivery::Model {
    let (seq, unit_id, work_id) = match told {
        Told::Change { seq, .. } => (Some(seq), None, None),
        Told::Test(unit) => (None, Some(unit), None),
        Told::Export { work, .. } => (None, None, Some(work.raw())),
    };
    let Ids {
        document: document_id,
        case: case_id,
        file: file_id,
        emergency: inspection_id,
    } = ids(told);
    delivery::Model {
        id: DeliveryId::new().raw(),
        webhook_id: webhook.raw(),
        seq,
        document_id,
        case_id,
        file_id,
        unit_id,
        action: action.to_owned(),
        created_at: now.micros(),
        status: Status::Pending.code().to_owned(),
        attempts: 0,
        last_at: None,
        duration_ms: None,
        next_at: Some(now.micros()),
        response_status: None,
        error: None,
        inspection_id,
        work_id,
        body: None,
    }
}

/// The delivery of what is handed over for a step to a subscription, if there is one.
pub(super) async fn delivery_of(
    on: &impl ConnectionTrait,
    (webhook, work): (WebhookId, WorkId),
) -> Result<Option<Delivery>, DbError> {
    let row = delivery::Entity::find()
        .filter(delivery::Column::WebhookId.eq(webhook.raw()))
        .filter(delivery::Column::WorkId.eq(work.raw()))
        .one(on)
        .await?;
    row.map(Delivery::try_from).transpose()
}

/// What is sent, where that was written down with the delivery.
pub(super) async fn body(
    on: &impl ConnectionTrait,
    id: DeliveryId,
) -> Result<Option<String>, DbError> {
    let row = delivery::Entity::find_by_id(id.raw()).one(on).await?;
    Ok(row.and_then(|row| row.body))
}

pub(super) async fn insert_deliveries(
    unit: &Unit,
    rows: Vec<delivery::Model>,
) -> Result<(), DbError> {
    // Nineteen values a row; SQLite takes 32,766.
    for part in rows.chunks(1_000) {
        let rows = part
            .iter()
            .map(|row| delivery::ActiveModel::from(row.clone()).reset_all());
        delivery::Entity::insert_many(rows)
            .exec_without_returning(unit.tx())
            .await?;
    }
    Ok(())
}

pub(super) async fn delivery(
    on: &impl ConnectionTrait,
    id: DeliveryId,
) -> Result<Option<Delivery>, DbError> {
    let row = delivery::Entity::find_by_id(id.raw()).one(on).await?;
    row.map(Delivery::try_from).transpose()
}

/// What is written down after an attempt.
pub(super) async fn update_delivery(unit: &Unit, one: &Delivery) -> Result<(), DbError> {
    use delivery::Column;
    delivery::Entity::update_many()
        .col_expr(Column::Status, one.status.code().into())
        .col_expr(Column::Attempts, one.attempts.into())
        .col_expr(Column::LastAt, one.last_at.map(Timestamp::micros).into())
        .col_expr(Column::DurationMs, one.duration_ms.into())
        .col_expr(Column::NextAt, one.next_at.map(Timestamp::micros).into())
        .col_expr(Column::ResponseStatus, one.response_status.into())
        .col_expr(Column::Error, one.error.clone().into())
        .filter(Column::Id.eq(one.id.raw()))
        .exec(unit.tx())
        .await?;
    Ok(())
}

/// Test messages, and what tells of something that the actor may see.
fn visible_to(actor: &Actor) -> Condition {
    use delivery::Column;
    let of = |column: Column| Expr::col((delivery::Entity, column));
    Condition::any()
        .add(Column::UnitId.is_not_null())
        .add(Expr::exists(documents::visible_with_id(
            actor,
            of(Column::DocumentId),
        )))
        .add(Expr::exists(cases::visible_with_id(
            actor,
            of(Column::CaseId),
        )))
        .add(Expr::exists(files::visible_with_id(
            actor,
            of(Column::FileId),
        )))
        .add(Expr::exists(inspections::emergency_with_id(
            actor,
            of(Column::InspectionId),
        )))
}

/// What of these the actor may see.
pub(super) async fn visible_among(
    on: &impl ConnectionTrait,
    actor: &Actor,
    things: &[Thing],
) -> Result<Vec<Thing>, WebhookError> {
    let (mut documents, mut cases, mut files) = (Vec::new(), Vec::new(), Vec::new());
    let mut emergencies = Vec::new();
    for thing in things {
        match thing {
            Thing::Object(Object::Document(id)) => documents.push(*id),
            Thing::Object(Object::Case(id)) => cases.push(*id),
            Thing::Object(Object::File(id)) => files.push(*id),
            Thing::Emergency(id) => emergencies.push(*id),
        }
    }
    let mut seen = Vec::new();
    if !documents.is_empty() {
        let found = documents::visible_among(on, actor, &documents).await?;
        seen.extend(found.iter().map(|one| Object::Document(one.id)));
    }
    let found = cases::visible_among(on, actor, &cases).await?;
    seen.extend(found.into_iter().map(Object::Case));
    let found = files::visible_among(on, actor, &files).await?;
    seen.extend(found.into_iter().map(Object::File));
    let mut seen: Vec<Thing> = seen.into_iter().map(Thing::Object).collect();
    let found = inspections::emergencies_among(on, actor, &emergencies).await?;
    seen.extend(found.into_iter().map(Thing::Emergency));
    Ok(seen)
}

/// The deliveries of a subscription behind `after`, newest first.
pub(super) async fn deliveries(
    on: &impl ConnectionTrait,
    actor: &Actor,
    webhook: WebhookId,
    after: Option<Uuid>,
    limit: u64,
) -> Result<Vec<Delivery>, DbError> {
    let mut wanted = Condition::all()
        .add(delivery::Column::WebhookId.eq(webhook.raw()))
        .add(visible_to(actor));
    if let Some(after) = after {
        wanted = wanted.add(delivery::Column::Id.lt(after));
    }
    let rows = delivery::Entity::find()
        .filter(wanted)
        .order_by_desc(delivery::Column::Id)
        .limit(limit)
        .all(on)
        .await?;
    rows.into_iter().map(Delivery::try_from).collect()
}

/// One delivery of a subscription that the actor may know of.
pub(super) async fn visible_delivery(
    on: &impl ConnectionTrait,
    actor: &Actor,
    webhook: WebhookId,
    id: DeliveryId,
) -> Result<Option<Delivery>, DbError> {
    let row = delivery::Entity::find_by_id(id.raw())
        .filter(delivery::Column::WebhookId.eq(webhook.raw()))
        .filter(visible_to(actor))
        .one(on)
        .await?;
    row.map(Delivery::try_from).transpose()
}

/// Forgets deliveries that were over before `before`.
pub(super) async fn sweep(unit: &Unit, before: Timestamp) -> Result<(), DbError> {
    delivery::Entity::delete_many()
        .filter(delivery::Column::CreatedAt.lt(before.micros()))
        .filter(delivery::Column::Status.ne(Status::Pending.code()))
        .exec(unit.tx())
        .await?;
    Ok(())
}

pub(super) async fn health(on: &impl ConnectionTrait, id: WebhookId) -> Result<Health, DbError> {
    let mut found = healths(on, &[id]).await?;
    Ok(found.remove(&id).unwrap_or_default())
}

/// How those receivers do that were sent something.
pub(super) async fn healths(
    on: &impl ConnectionTrait,
    ids: &[WebhookId],
) -> Result<HashMap<WebhookId, Health>, DbError> {
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let places = placeholders(on.get_database_backend(), 1, ids.len(), 0);
    let text = format!(
        "SELECT delivered_at, first_failure_at, given_up_at, webhook_id FROM webhook_health \
         WHERE webhook_id IN {places}"
    );
    let values: Vec<sea_orm::Value> = ids.iter().map(|id| id.raw().into()).collect();
    let mut found = HashMap::with_capacity(ids.len());
    for row in on.query_all_raw(sql(on, text, values)).await? {
        let at = |index: usize| -> Result<Option<Timestamp>, DbError> {
            let micros: Option<i64> = row.try_get_by_index(index)?;
            Ok(micros.map(Timestamp::of_micros))
        };
        let health = Health {
            delivered_at: at(0)?,
            first_failure_at: at(1)?,
            given_up_at: at(2)?,
        };
        found.insert(WebhookId::of(row.try_get_by_index(3)?), health);
    }
    Ok(found)
}

pub(super) async fn put_health(unit: &Unit, id: WebhookId, health: Health) -> Result<(), DbError> {
    let text = "INSERT INTO webhook_health \
                (webhook_id, delivered_at, first_failure_at, given_up_at) VALUES ($1, $2, $3, $4) \
                ON CONFLICT (webhook_id) DO UPDATE SET delivered_at = excluded.delivered_at, \
                first_failure_at = excluded.first_failure_at, given_up_at = excluded.given_up_at";
    let values = [
        id.raw().into(),
        health.delivered_at.map(Timestamp::micros).into(),
        health.first_failure_at.map(Timestamp::micros).into(),
        health.given_up_at.map(Timestamp::micros).into(),
    ];
    unit.tx().execute_raw(sql(unit.tx(), text, values)).await?;
    Ok(())
}
