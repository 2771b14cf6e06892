//! Under whose keys content lies: a key domain for each compartment, and one for everything else.

use sea_orm::ConnectionTrait;
use storage::{KeyDomain, KeyError};

use super::rows;
use crate::audit::canonical::Object;
use crate::audit::event::Action;
use crate::base::db::DbError;
use crate::base::{Actor, CompartmentId};
use crate::unit::{Db, Unit};

/// The key domain of what stands in no compartment, and of the log.
pub const GENERAL: &str = "general";
/// What a compartment of that code would be called; no other compartment can be called so.
const NOT_GENERAL: &str = "0-general";

/// The key domain of the compartment with this code: `PERSONAL` has `personal`. Two compartments never
/// have the same, and none has [`GENERAL`].
pub(super) fn of_code(code: &str) -> Result<KeyDomain, KeyError> {
    match code.to_ascii_lowercase().replace('_', "-") {
        name if name == GENERAL => KeyDomain::parse(NOT_GENERAL),
        name => KeyDomain::parse(&name),
    }
}

/// The key domain of what stands in this compartment, or in none.
pub async fn key_domain(
    on: &impl ConnectionTrait,
    compartment: Option<CompartmentId>,
) -> Result<KeyDomain, DbError> {
    let Some(id) = compartment else {
        return Ok(KeyDomain::parse(GENERAL)?);
    };
    let row = rows::compartment(on, id).await?;
    // A place without a name must not be taken for no compartment.
    let row = row.ok_or(DbError::Corrupt {
        table: "compartment",
        key: id.to_string(),
        what: "there is no such compartment",
    })?;
    Ok(of_code(&row.code)?)
}

/// The key domains of all compartments.
pub async fn key_domains(
    on: &impl ConnectionTrait,
) -> Result<Vec<(CompartmentId, KeyDomain)>, DbError> {
    let all = rows::compartments(on).await?;
    all.into_iter()
        .map(|row| Ok((CompartmentId::of(row.id), of_code(&row.code)?)))
        .collect()
}

/// Makes a key for a key domain that has none; false where it has one.
pub async fn make_key(db: &Db, domain: &KeyDomain) -> Result<bool, DbError> {
    if !db.kms().add_missing(domain, &db.now().to_string()).await? {
        return Ok(false);
    }
    tracing::warn!(
        key.domain = %domain,
        "a key was made for the key domain {domain}: back up the key file, apart from the rest"
    );
    let context = Object::new()
        .with("active", db.kms().active_kek(domain)?)
        .with("domain", domain.as_str())
        .to_bytes();
    db.write(&Actor::system(), async move |unit: &mut Unit| {
        unit.record_with(Action::KeysAdd, None, Some(context));
        Ok::<_, DbError>(())
    })
    .await?;
    Ok(true)
}

/// Makes keys for the compartments that have none, as those from before there were keys for them. A
/// key that rows need is missed when the archive is opened, long before.
pub async fn make_missing_keys(db: &Db) -> Result<(), DbError> {
    for (_, domain) in key_domains(db.read()).await? {
        if let Err(error) = make_key(db, &domain).await {
            tracing::error!(
                key.domain = %domain, error = %error, cause = ?error,
                "no key could be made for the key domain {domain}: nothing can be filed in its compartment"
            );
        }
    }
    Ok(())
}
