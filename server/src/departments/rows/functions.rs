//! Rows of functions and of who holds them. A function is a row of accounts.

use std::collections::BTreeSet;

use sea_orm::entity::prelude::*;
use sea_orm::sea_query::{Query, SelectStatement};
use sea_orm::{Condition, QueryOrder};

use super::{State, account, function_holder};
use crate::base::db::DbError;
use crate::base::{AccountId, Timestamp};
use crate::unit::Unit;

/// Adds a row and hands its state to the unit.
pub(in crate::departments) async fn insert_holder(
    unit: &mut Unit,
    row: function_holder::Model,
) -> Result<(), DbError> {
    let subject = row.subject();
    let active = function_holder::ActiveModel::from(row).reset_all();
    function_holder::Entity::insert(active)
        .exec_without_returning(unit.tx())
        .await?;
    unit.changed(subject);
    Ok(())
}

/// All functions that were not ended, by short name.
pub(in crate::departments) async fn functions(
    on: &impl ConnectionTrait,
) -> Result<Vec<account::Model>, DbError> {
    Ok(account::Entity::find()
        .filter(account::Column::Function.is_not_null())
        .filter(account::Column::DisabledAt.is_null())
        .order_by_asc(account::Column::Login)
        .all(on)
        .await?)
}

/// The ids of the functions that were ended and of the people who were switched off, as a part of a query.
pub(in crate::departments) fn gone_accounts() -> SelectStatement {
    Query::select()
        .column(account::Column::Id)
        .from(account::Entity)
        .and_where(account::Column::DisabledAt.is_not_null())
        .to_owned()
}

/// The function with this short name, ended or not.
pub(in crate::departments) async fn named_function(
    on: &impl ConnectionTrait,
    code: &str,
) -> Result<Option<account::Model>, DbError> {
    Ok(account::Entity::find()
        .filter(account::Column::Function.eq(code))
        .one(on)
        .await?)
}

/// Who holds a function, or held it until its time was over; those that were ended are left out.
pub(in crate::departments) async fn holders(
    on: &impl ConnectionTrait,
    function: AccountId,
) -> Result<Vec<function_holder::Model>, DbError> {
    Ok(function_holder::Entity::find()
        .filter(function_holder::Column::FunctionId.eq(function.raw()))
        .filter(function_holder::Column::EndedAt.is_null())
        .order_by_asc(function_holder::Column::Id)
        .all(on)
        .await?)
}

/// Who holds these functions, or any, shall hold them or waits for that: neither ended nor over at `now`.
pub(in crate::departments) async fn standing_holders(
    on: &impl ConnectionTrait,
    functions: Option<&[AccountId]>,
    now: Timestamp,
) -> Result<Vec<function_holder::Model>, DbError> {
    use function_holder::Column;
    let mut query = function_holder::Entity::find()
        .filter(Column::EndedAt.is_null())
        .filter(
            Condition::any()
                .add(Column::ValidUntil.is_null())
                .add(Column::ValidUntil.gt(now.micros())),
        );
    match functions {
        Some([]) => return Ok(Vec::new()),
        Some(some) => {
            query = query.filter(Column::FunctionId.is_in(some.iter().map(|id| id.raw())));
        }
        None => {}
    }
    Ok(query.order_by_asc(Column::Id).all(on).await?)
}

/// One of them.
pub(in crate::departments) async fn holder(
    on: &impl ConnectionTrait,
    id: Uuid,
) -> Result<Option<function_holder::Model>, DbError> {
    Ok(function_holder::Entity::find_by_id(id).one(on).await?)
}

/// The functions that an account, or everybody, holds at `now`: the holder and the function. Those that were
/// ended are left out.
pub(in crate::departments) async fn held(
    on: &impl ConnectionTrait,
    account: Option<AccountId>,
    now: Timestamp,
) -> Result<Vec<(AccountId, AccountId)>, DbError> {
    use function_holder::Column;
    let mut query = function_holder::Entity::find()
        .filter(Column::EndedAt.is_null())
        .order_by_asc(Column::FunctionId);
    if let Some(account) = account {
        query = query.filter(Column::AccountId.eq(account.raw()));
    }
    let rows = query.all(on).await?;
    let holds = |row: &function_holder::Model| {
        (row.proposed.is_none() || row.approved_at.is_some())
            && row.valid_from.is_none_or(|from| from <= now.micros())
            && row.valid_until.is_none_or(|until| until > now.micros())
    };
    let mut found: Vec<(Uuid, Uuid)> = rows
        .iter()
        .filter(|row| holds(row))
        .map(|row| (row.function_id, row.account_id))
        .collect();
    found.sort_unstable();
    found.dedup();
    if found.is_empty() {
        return Ok(Vec::new());
    }
    let functions: BTreeSet<Uuid> = found.iter().map(|(function, _)| *function).collect();
    let known = account::Entity::find()
        .filter(account::Column::Function.is_not_null())
        .filter(account::Column::DisabledAt.is_null())
        .filter(account::Column::Id.is_in(functions))
        .all(on)
        .await?;
    let known: BTreeSet<Uuid> = known.into_iter().map(|row| row.id).collect();
    found.retain(|(function, _)| known.contains(function));
    let named = found.into_iter();
    Ok(named
        .map(|(function, holder)| (AccountId::of(holder), AccountId::of(function)))
        .collect())
}
