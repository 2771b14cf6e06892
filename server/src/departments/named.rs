//! How accounts are called: people and functions alike.

use std::collections::HashMap;

use sea_orm::entity::prelude::*;

use super::rows::account;
use crate::base::AccountId;
use crate::base::db::DbError;

/// How an account is called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Named {
    /// The name to sign in with; of a function `function:` and its short name.
    pub login: String,
    /// The name for people.
    pub name: String,
    /// Whether it is switched off, or the function was ended.
    pub gone: bool,
}

/// How these accounts are called; those that there are not are left out.
pub async fn named(
    on: &impl ConnectionTrait,
    ids: &[AccountId],
) -> Result<HashMap<AccountId, Named>, DbError> {
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let rows = account::Entity::find()
        .filter(account::Column::Id.is_in(ids.iter().map(|id| id.raw())))
        .all(on)
        .await?;
    let of = |row: account::Model| {
        let named = Named {
            login: row.login,
            name: row.name,
            gone: row.disabled_at.is_some(),
        };
        (AccountId::of(row.id), named)
    };
    Ok(rows.into_iter().map(of).collect())
}
