//! Tokens as their rows have them, and when and from where they were used: that is no evidence, and gone with the
//! token.

use std::collections::HashMap;

use sea_orm::{ConnectionTrait, QueryResult};
use uuid::Uuid;

use super::access_token;
use crate::base::actor::{Destination, Scope};
use crate::base::db::{DbError, sql};
use crate::base::{AccountId, DepartmentId, Timestamp, TokenId};
use crate::departments::model::{Begun, Carrier, Token, Use};
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

/// When and from where a token was last used, as far as it was noted.
pub(in crate::departments) async fn of_token(
    on: &impl ConnectionTrait,
    token: TokenId,
) -> Result<Option<Use>, DbError> {
    let text = "SELECT token_id, used_at, network, agent FROM token_use WHERE token_id = $1";
    let row = on
        .query_one_raw(sql(on, text, [token.raw().into()]))
        .await?;
    match row {
        Some(row) => Ok(Some(read(&row)?.1)),
        None => Ok(None),
    }
}

fn read(row: &QueryResult) -> Result<(TokenId, Use), DbError> {
    let id: Uuid = row.try_get_by_index(0)?;
    let used = Use {
        at: Timestamp::of_micros(row.try_get_by_index(1)?),
        network: row.try_get_by_index(2)?,
        agent: row.try_get_by_index(3)?,
    };
    Ok((TokenId::of(id), used))
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
    rows.iter().map(read).collect()
}

/// Forgets the uses of tokens that have ended.
pub(in crate::departments) async fn sweep(unit: &Unit) -> Result<(), DbError> {
    // Asked of the few uses that there are, not of all tokens that there ever were.
    let text = "DELETE FROM token_use WHERE EXISTS (SELECT 1 FROM access_token t \
                WHERE t.id = token_use.token_id \
                AND (t.revoked_at IS NOT NULL OR t.expires_at < $1))";
    let values = [unit.now().micros().into()];
    unit.tx().execute_raw(sql(unit.tx(), text, values)).await?;
    Ok(())
}

impl TryFrom<access_token::Model> for Token {
    type Error = DbError;

    fn try_from(row: access_token::Model) -> Result<Self, DbError> {
        let scope = Scope::parse(&row.scope).ok_or_else(|| DbError::Corrupt {
            table: "access_token",
            key: row.id.to_string(),
            what: "the scope is unknown",
        })?;
        let session = match row.session.as_deref() {
            None => None,
            Some(code) => Some(Carrier::parse(code).ok_or_else(|| DbError::Corrupt {
                table: "access_token",
                key: row.id.to_string(),
                what: "how the session travels is unknown",
            })?),
        };
        Ok(Self {
            id: TokenId::of(row.id),
            label: row.label,
            scope,
            destination: row.department_id.map(|department| Destination {
                department: DepartmentId::of(department),
                inbox: row.inbox_id.map(AccountId::of),
            }),
            created_at: Timestamp::of_micros(row.created_at),
            expires_at: Timestamp::of_micros(row.expires_at),
            session,
            begun: match row.begun {
                Some(_) => Begun::AtProvider,
                None => Begun::Here,
            },
            used: None,
        })
    }
}
