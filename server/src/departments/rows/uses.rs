//! Rows of when and from where tokens were used: no evidence, and gone with the token.

use std::collections::HashMap;

use sea_orm::ConnectionTrait;
use uuid::Uuid;

use crate::base::db::{DbError, sql};
use crate::base::{AccountId, Timestamp, TokenId};
use crate::departments::model::Use;
use crate::unit::Unit;

/// Notes a use; what came later stays.
pub(in crate::departments) async fn note(
    unit: &Unit,
    token: TokenId,
    used: &Use,
) -> Result<(), DbError> {
    let text = "INSERT INTO token_use (token_id, used_at, network, agent) VALUES ($1, $2, $3, $4) \
                ON CONFLICT (token_id) DO UPDATE SET used_at = excluded.used_at, \
                network = excluded.network, agent = excluded.agent \
                WHERE token_use.used_at < excluded.used_at";
    let values = [
        token.raw().into(),
        used.at.micros().into(),
        used.network.clone().into(),
        used.agent.clone().into(),
    ];
    unit.tx().execute_raw(sql(unit.tx(), text, values)).await?;
    Ok(())
}

/// When a token was last used, as far as it was noted.
pub(in crate::departments) async fn used_at(
    on: &impl ConnectionTrait,
    token: TokenId,
) -> Result<Option<Timestamp>, DbError> {
    let text = "SELECT used_at FROM token_use WHERE token_id = $1";
    let row = on
        .query_one_raw(sql(on, text, [token.raw().into()]))
        .await?;
    Ok(match row {
        Some(row) => Some(Timestamp::of_micros(row.try_get_by_index(0)?)),
        None => None,
    })
}

/// When the tokens of an account were last used.
pub(in crate::departments) async fn of_account(
    on: &impl ConnectionTrait,
    account: AccountId,
) -> Result<HashMap<TokenId, Use>, DbError> {
    let text = "SELECT u.token_id, u.used_at, u.network, u.agent FROM token_use u \
                JOIN access_token t ON t.id = u.token_id WHERE t.account_id = $1";
    let rows = on
        .query_all_raw(sql(on, text, [account.raw().into()]))
        .await?;
    rows.iter()
        .map(|row| {
            let id: Uuid = row.try_get_by_index(0)?;
            let used = Use {
                at: Timestamp::of_micros(row.try_get_by_index(1)?),
                network: row.try_get_by_index(2)?,
                agent: row.try_get_by_index(3)?,
            };
            Ok((TokenId::of(id), used))
        })
        .collect()
}

/// Forgets the uses of tokens that have ended.
pub(in crate::departments) async fn sweep(unit: &Unit) -> Result<(), DbError> {
    let text = "DELETE FROM token_use WHERE token_id IN (SELECT id FROM access_token \
                WHERE revoked_at IS NOT NULL OR expires_at < $1)";
    let values = [unit.now().micros().into()];
    unit.tx().execute_raw(sql(unit.tx(), text, values)).await?;
    Ok(())
}
