//! Rows of accounts and sessions by the identity that somebody has elsewhere.

use sea_orm::QueryOrder;
use sea_orm::entity::prelude::*;

use super::{access_token, account};
use crate::base::db::DbError;
use crate::base::{AccountId, Timestamp};
use crate::departments::model::{Begun, Identity};

/// The account of an identity.
pub(in crate::departments) async fn of_identity(
    on: &impl ConnectionTrait,
    identity: &Identity,
) -> Result<Option<account::Model>, DbError> {
    Ok(account::Entity::find()
        .filter(account::Column::IdentityIssuer.eq(identity.issuer.as_str()))
        .filter(account::Column::IdentitySubject.eq(identity.subject.as_str()))
        .one(on)
        .await?)
}

/// Which of the sessions that were begun at the provider.
#[derive(Debug, Clone)]
pub(in crate::departments) enum Of {
    /// All of an account.
    Account(AccountId),
    /// That of a session there; of this account, where one is named.
    Session {
        session: String,
        account: Option<AccountId>,
    },
}

/// Those that can still be used.
pub(in crate::departments) async fn sessions(
    on: &impl ConnectionTrait,
    of: Of,
    now: Timestamp,
) -> Result<Vec<access_token::Model>, DbError> {
    use access_token::Column;
    let (account, session) = match of {
        Of::Account(account) => (Some(account), None),
        Of::Session { session, account } => (account, Some(session)),
    };
    let mut query = access_token::Entity::find()
        .filter(Column::Begun.eq(Begun::AtProvider.code()))
        .filter(Column::RevokedAt.is_null())
        .filter(Column::ExpiresAt.gt(now.micros()));
    if let Some(account) = account {
        query = query.filter(Column::AccountId.eq(account.raw()));
    }
    if let Some(session) = session {
        query = query.filter(Column::ProviderSession.eq(session));
    }
    Ok(query.order_by_asc(Column::Id).all(on).await?)
}
