//! Rows of order limits.

use sea_orm::entity::prelude::*;
use sea_orm::{QueryOrder, QuerySelect};

use super::super::model::{OrderLimit, Step};
use super::{at, counted, signed, step, text};
use crate::audit::canonical::{Object as Json, SafeInt};
use crate::audit::event::{Kind, Subject};
use crate::base::db::DbError;
use crate::base::{AccountId, OrderLimitId, Timestamp};
use crate::unit::Unit;

pub(in crate::workflows) mod order_limit {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "order_limit")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub version: i64,
        pub account_id: Uuid,
        pub cents: i64,
        pub valid_from: String,
        pub valid_until: Option<String>,
        pub given_by: Uuid,
        pub given_at: i64,
        pub approved_by: Option<Uuid>,
        pub approved_at: Option<i64>,
        pub ended_by: Option<Uuid>,
        pub ended_at: Option<i64>,
        pub reason: String,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

impl order_limit::Model {
    pub(in crate::workflows) fn state_bytes(&self) -> Vec<u8> {
        Json::new()
            .with("account", text(self.account_id))
            .with_some("approved_at", self.approved_at.map(at))
            .with_some("approved_by", self.approved_by.map(text))
            .with_some("cents", SafeInt::new(self.cents))
            .with_some("ended_at", self.ended_at.map(at))
            .with_some("ended_by", self.ended_by.map(text))
            .with("given_at", at(self.given_at))
            .with("given_by", text(self.given_by))
            .with("reason", self.reason.as_str())
            .with("valid_from", self.valid_from.as_str())
            .with_some("valid_until", self.valid_until.as_deref())
            .to_bytes()
    }

    pub(super) fn subject(&self) -> Subject {
        Subject {
            kind: Kind::OrderLimit,
            id: self.id,
            root: self.account_id,
            version: counted(self.version),
            state: self.state_bytes(),
            content: None,
        }
    }
}

impl From<order_limit::Model> for OrderLimit {
    fn from(row: order_limit::Model) -> Self {
        Self {
            id: OrderLimitId::of(row.id),
            version: counted(row.version),
            account: AccountId::of(row.account_id),
            cents: row.cents,
            given: Step {
                at: Timestamp::of_micros(row.given_at),
                by: AccountId::of(row.given_by),
            },
            approved: step(row.approved_at, row.approved_by),
            ended: step(row.ended_at, row.ended_by),
            valid_from: row.valid_from,
            valid_until: row.valid_until,
            reason: row.reason,
        }
    }
}

impl From<&OrderLimit> for order_limit::Model {
    fn from(limit: &OrderLimit) -> Self {
        Self {
            id: limit.id.raw(),
            version: signed(limit.version),
            account_id: limit.account.raw(),
            cents: limit.cents,
            valid_from: limit.valid_from.clone(),
            valid_until: limit.valid_until.clone(),
            given_by: limit.given.by.raw(),
            given_at: limit.given.at.micros(),
            approved_by: limit.approved.map(|step| step.by.raw()),
            approved_at: limit.approved.map(|step| step.at.micros()),
            ended_by: limit.ended.map(|step| step.by.raw()),
            ended_at: limit.ended.map(|step| step.at.micros()),
            reason: limit.reason.clone(),
        }
    }
}

/// One order limit.
pub(in crate::workflows) async fn limit_to_change(
    unit: &Unit,
    id: OrderLimitId,
) -> Result<Option<OrderLimit>, DbError> {
    let row = order_limit::Entity::find_by_id(id.raw())
        .lock_exclusive()
        .one(unit.tx())
        .await?;
    Ok(row.map(OrderLimit::from))
}

/// All order limits, or those of some accounts, the newest first.
pub(in crate::workflows) async fn limits(
    on: &impl ConnectionTrait,
    of: &[AccountId],
) -> Result<Vec<OrderLimit>, DbError> {
    let ids = of.iter().map(|id| id.raw());
    let rows = order_limit::Entity::find()
        .filter(order_limit::Column::AccountId.is_in(ids))
        .order_by_desc(order_limit::Column::Id)
        .all(on)
        .await?;
    Ok(rows.into_iter().map(OrderLimit::from).collect())
}

/// Limits, the newest first, behind one of them; at most `limit`.
pub(in crate::workflows) async fn page_of_limits(
    on: &impl ConnectionTrait,
    (after, limit): (Option<Uuid>, u64),
) -> Result<Vec<OrderLimit>, DbError> {
    let mut query = order_limit::Entity::find().order_by_desc(order_limit::Column::Id);
    if let Some(after) = after {
        query = query.filter(order_limit::Column::Id.lt(after));
    }
    let rows = query.limit(limit).all(on).await?;
    Ok(rows.into_iter().map(OrderLimit::from).collect())
}
