//! Rows of attempts to sign in, known networks and locks.

use std::collections::HashMap;

use sea_orm::QueryOrder;
use sea_orm::entity::prelude::*;

use super::tables::{State, sign_in_lock};
use crate::base::db::{DbError, sql};
use crate::base::{AccountId, Timestamp};
use crate::unit::Unit;

/// The keyed digest of what was typed as a name, or of a network.
pub(in crate::departments) type Mark = [u8; 32];

/// Where an attempt is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::departments) enum Counter {
    /// Under the network that it came from.
    Network(Mark),
    /// Under all networks together that are not known.
    Everywhere,
}

impl Counter {
    fn column(self) -> Vec<u8> {
        match self {
            Self::Network(mark) => mark.to_vec(),
            Self::Everywhere => Vec::new(),
        }
    }
}

/// Until when the next attempt has to wait.
pub(in crate::departments) async fn wait_until(
    unit: &Unit,
    login: &Mark,
    counter: Counter,
) -> Result<i64, DbError> {
    let text = "SELECT wait_until FROM sign_in_attempt WHERE login = $1 AND network = $2";
    let values = [login.to_vec().into(), counter.column().into()];
    let row = unit
        .tx()
        .query_one_raw(sql(unit.tx(), text, values))
        .await?;
    Ok(match row {
        Some(row) => row.try_get_by_index(0)?,
        None => 0,
    })
}

/// Counts an attempt, from one again where the last was before `forgotten`; gives the new count.
pub(in crate::departments) async fn count(
    unit: &Unit,
    login: &Mark,
    counter: Counter,
    forgotten: Timestamp,
) -> Result<i64, DbError> {
    let text = "INSERT INTO sign_in_attempt (login, network, failures, last_at, wait_until) \
                VALUES ($1, $2, 1, $3, 0) ON CONFLICT (login, network) DO UPDATE SET \
                failures = CASE WHEN sign_in_attempt.last_at < $4 THEN 1 \
                ELSE sign_in_attempt.failures + 1 END, last_at = excluded.last_at \
                RETURNING failures";
    let values = [
        login.to_vec().into(),
        counter.column().into(),
        unit.now().micros().into(),
        forgotten.micros().into(),
    ];
    let row = unit
        .tx()
        .query_one_raw(sql(unit.tx(), text, values))
        .await?;
    let row = row.ok_or(DbError::Stale)?;
    Ok(row.try_get_by_index(0)?)
}

/// Says from when on the next attempt may come.
pub(in crate::departments) async fn delay(
    unit: &Unit,
    login: &Mark,
    counter: Counter,
    until: Timestamp,
) -> Result<(), DbError> {
    let text = "UPDATE sign_in_attempt SET wait_until = $3 WHERE login = $1 AND network = $2";
    let values = [
        login.to_vec().into(),
        counter.column().into(),
        until.micros().into(),
    ];
    unit.tx().execute_raw(sql(unit.tx(), text, values)).await?;
    Ok(())
}

/// Writes what stands there already: as dear as a change.
pub(in crate::departments) async fn touch(unit: &Unit, login: &Mark) -> Result<(), DbError> {
    let text = "UPDATE sign_in_attempt SET failures = failures WHERE login = $1";
    let values = [login.to_vec().into()];
    unit.tx().execute_raw(sql(unit.tx(), text, values)).await?;
    Ok(())
}

/// Forgets the attempts that were counted here.
pub(in crate::departments) async fn forget(
    unit: &Unit,
    login: &Mark,
    counter: Counter,
) -> Result<(), DbError> {
    let text = "DELETE FROM sign_in_attempt WHERE login = $1 AND network = $2";
    let values = [login.to_vec().into(), counter.column().into()];
    unit.tx().execute_raw(sql(unit.tx(), text, values)).await?;
    Ok(())
}

/// Forgets all attempts under a name; says whether there were any.
pub(in crate::departments) async fn forget_all(unit: &Unit, login: &Mark) -> Result<bool, DbError> {
    let text = "DELETE FROM sign_in_attempt WHERE login = $1";
    let values = [login.to_vec().into()];
    let done = unit.tx().execute_raw(sql(unit.tx(), text, values)).await?;
    Ok(done.rows_affected() > 0)
}

/// Whether the next attempt has to wait anywhere.
pub(in crate::departments) async fn waits_anywhere(
    unit: &Unit,
    login: &Mark,
) -> Result<bool, DbError> {
    let text = "SELECT 1 FROM sign_in_attempt WHERE login = $1 AND wait_until > $2 LIMIT 1";
    let values = [login.to_vec().into(), unit.now().micros().into()];
    let row = unit
        .tx()
        .query_one_raw(sql(unit.tx(), text, values))
        .await?;
    Ok(row.is_some())
}

/// Whether somebody signed in from this network after `since`.
pub(in crate::departments) async fn is_known(
    unit: &Unit,
    network: &Mark,
    since: Timestamp,
) -> Result<bool, DbError> {
    let text = "SELECT 1 FROM known_network WHERE network = $1 AND last_at > $2";
    let values = [network.to_vec().into(), since.micros().into()];
    let row = unit
        .tx()
        .query_one_raw(sql(unit.tx(), text, values))
        .await?;
    Ok(row.is_some())
}

/// Somebody signed in from this network now.
pub(in crate::departments) async fn know(unit: &Unit, network: &Mark) -> Result<(), DbError> {
    let text = "INSERT INTO known_network (network, last_at) VALUES ($1, $2) \
                ON CONFLICT (network) DO UPDATE SET last_at = excluded.last_at";
    let values = [network.to_vec().into(), unit.now().micros().into()];
    unit.tx().execute_raw(sql(unit.tx(), text, values)).await?;
    Ok(())
}

/// Forgets attempts and networks that were last seen before.
pub(in crate::departments) async fn sweep(
    unit: &Unit,
    attempts_before: Timestamp,
    networks_before: Timestamp,
) -> Result<(), DbError> {
    let both = [
        (
            "DELETE FROM sign_in_attempt WHERE last_at < $1 AND wait_until < $1",
            attempts_before,
        ),
        (
            "DELETE FROM known_network WHERE last_at < $1",
            networks_before,
        ),
    ];
    for (text, before) in both {
        let values = [before.micros().into()];
        unit.tx().execute_raw(sql(unit.tx(), text, values)).await?;
    }
    Ok(())
}

/// Places a lock.
pub(in crate::departments) async fn insert_lock(
    unit: &mut Unit,
    row: sign_in_lock::Model,
) -> Result<(), DbError> {
    let subject = row.subject();
    let active = sign_in_lock::ActiveModel::from(row).reset_all();
    sign_in_lock::Entity::insert(active)
        .exec_without_returning(unit.tx())
        .await?;
    unit.changed(subject);
    Ok(())
}

/// Lifts a lock.
pub(in crate::departments) async fn lift_lock(
    unit: &mut Unit,
    mut row: sign_in_lock::Model,
) -> Result<(), DbError> {
    row.lifted_at = Some(unit.now().micros());
    super::update_lock(unit, row).await
}

/// The lock of an account that is neither lifted nor over.
pub(in crate::departments) async fn lock_of(
    on: &impl ConnectionTrait,
    account: AccountId,
    now: Timestamp,
) -> Result<Option<sign_in_lock::Model>, DbError> {
    use sign_in_lock::Column;
    Ok(sign_in_lock::Entity::find()
        .filter(Column::AccountId.eq(account.raw()))
        .filter(Column::LiftedAt.is_null())
        .filter(Column::EndsAt.gt(now.micros()))
        .order_by_desc(Column::Id)
        .one(on)
        .await?)
}

/// Since when which accounts are locked.
pub(in crate::departments) async fn locks(
    on: &impl ConnectionTrait,
    now: Timestamp,
) -> Result<HashMap<AccountId, Timestamp>, DbError> {
    use sign_in_lock::Column;
    let rows = sign_in_lock::Entity::find()
        .filter(Column::LiftedAt.is_null())
        .filter(Column::EndsAt.gt(now.micros()))
        .all(on)
        .await?;
    let of = |row: sign_in_lock::Model| {
        let account = AccountId::of(row.account_id);
        (account, Timestamp::of_micros(row.placed_at))
    };
    Ok(rows.into_iter().map(of).collect())
}
