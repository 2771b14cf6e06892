//! Who works where: to whom of a department something can be handed on.

use sea_orm::ConnectionTrait;

use super::acting::Given;
use super::model::Department;
use super::ops::departments;
use super::rows;
use crate::base::db::DbError;
use crate::base::{AccountId, CompartmentId, Place, Right, Timestamp};

/// Someone who can be handed something.
#[derive(Debug, Clone)]
pub struct Reader {
    /// The account.
    pub id: AccountId,
    /// The name to sign in with.
    pub login: String,
    /// The name for people.
    pub name: String,
}

/// All departments, each with those who hold a role in it and may read there what stands in
/// `compartment`; by name.
pub async fn readers(
    on: &impl ConnectionTrait,
    compartment: Option<CompartmentId>,
    now: Timestamp,
) -> Result<Vec<(Department, Vec<Reader>)>, DbError> {
    let mut all: Vec<(Department, Vec<Reader>)> = departments(on)
        .await?
        .into_iter()
        .map(|one| (one, Vec::new()))
        .collect();
    let mut accounts = rows::accounts(on).await?;
    accounts.sort_by(|a, b| a.name.cmp(&b.name));
    let given = Given::to_all(on, now).await?;
    for account in accounts {
        if account.disabled_at.is_some() {
            continue;
        }
        let id = AccountId::of(account.id);
        let person = given.actor(id, now, None);
        for (department, readers) in &mut all {
            let unit = department.id;
            let works_here = person
                .grants
                .iter()
                .any(|grant| grant.department == Some(unit));
            if works_here && person.may(Right::ReadContent, Place::settled(unit, compartment)) {
                readers.push(Reader {
                    id,
                    login: account.login.clone(),
                    name: account.name.clone(),
                });
            }
        }
    }
    Ok(all)
}
