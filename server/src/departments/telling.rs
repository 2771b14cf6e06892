//! Who is told something, by which names people are shown, and who stands in for them: for many at once.

use std::collections::{BTreeSet, HashMap, HashSet};

use sea_orm::{ConnectionTrait, Value};
use uuid::Uuid;

use super::model::PeopleError;
use super::ops::require_full;
use super::rows;
use crate::audit::event::Action;
use crate::base::db::{DbError, sql};
use crate::base::{AccountId, CompartmentId, DepartmentId, Role, Timestamp};
use crate::unit::Unit;

/// Whom something is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Whom {
    /// A person.
    Person(AccountId),
    /// Whoever holds a function, by its short name.
    Function(String),
    /// Whoever has a role in a department itself, not above it.
    Role(Role, DepartmentId),
}

/// Somebody who is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Listener {
    /// Which of those it was for.
    pub at: usize,
    /// Who.
    pub account: AccountId,
    /// In whose stead, who is away.
    pub in_stead_of: Option<AccountId>,
}

/// `$4, $5 …` behind the values that there are.
fn list(values: &mut Vec<Value>, more: impl IntoIterator<Item = Value>) -> String {
    let mut places = Vec::new();
    for value in more {
        values.push(value);
        places.push(format!("${}", values.len()));
    }
    places.join(", ")
}

/// That something holds at `$1`, by the columns of a grant that goes by the name `at`.
fn holds(at: &str) -> String {
    format!(
        "({at}.proposed IS NULL OR {at}.approved_at IS NOT NULL) \
         AND ({at}.valid_from IS NULL OR {at}.valid_from <= $1) \
         AND ({at}.valid_until IS NULL OR {at}.valid_until > $1)"
    )
}

/// Who holds these functions now, by the short name.
async fn holders(
    on: &impl ConnectionTrait,
    codes: &BTreeSet<&str>,
    now: Timestamp,
) -> Result<Vec<(String, AccountId)>, DbError> {
    if codes.is_empty() {
        return Ok(Vec::new());
    }
    let mut values = vec![now.micros().into()];
    let among = list(&mut values, codes.iter().map(|code| Value::from(*code)));
    let text = format!(
        "SELECT f.function, h.account_id FROM account f \
         JOIN function_holder h ON h.function_id = f.id \
         WHERE f.function IN ({among}) AND f.disabled_at IS NULL AND h.ended_at IS NULL AND {}",
        holds("h")
    );
    let mut found = Vec::new();
    for row in on.query_all_raw(sql(on, text, values)).await? {
        let account: Uuid = row.try_get_by_index(1)?;
        found.push((row.try_get_by_index(0)?, AccountId::of(account)));
    }
    Ok(found)
}

/// Who has a role in a department now, by itself or by a function.
async fn holding(
    on: &impl ConnectionTrait,
    (role, department): (Role, DepartmentId),
    now: Timestamp,
) -> Result<Vec<AccountId>, DbError> {
    let mut values: Vec<Value> = vec![now.micros().into(), role.code().into()];
    let place = if role.in_a_unit() {
        values.push(department.raw().into());
        "g.department_id = $3"
    } else {
        "g.department_id IS NULL"
    };
    let (given, held) = (holds("g"), holds("h"));
    let text = format!(
        "SELECT g.account_id FROM role_grant g JOIN account a ON a.id = g.account_id \
         WHERE g.role = $2 AND {place} AND g.revoked_at IS NULL AND a.function IS NULL AND {given} \
         UNION SELECT h.account_id FROM role_grant g JOIN account a ON a.id = g.account_id \
         JOIN function_holder h ON h.function_id = a.id \
         WHERE g.role = $2 AND {place} AND g.revoked_at IS NULL AND a.function IS NOT NULL \
         AND a.disabled_at IS NULL AND h.ended_at IS NULL AND {given} AND {held}"
    );
    let mut found = Vec::new();
    for row in on.query_all_raw(sql(on, text, values)).await? {
        found.push(AccountId::of(row.try_get_by_index(0)?));
    }
    Ok(found)
}

/// Who stands in for these now: the one who is away, and the deputy.
async fn deputies(
    on: &impl ConnectionTrait,
    of: &BTreeSet<AccountId>,
    now: Timestamp,
) -> Result<Vec<(AccountId, AccountId)>, DbError> {
    if of.is_empty() {
        return Ok(Vec::new());
    }
    let mut values = vec![now.micros().into()];
    let among = list(&mut values, of.iter().map(|id| id.raw().into()));
    let text = format!(
        "SELECT principal_id, deputy_id FROM deputation WHERE principal_id IN ({among}) \
         AND ended_at IS NULL AND valid_from <= $1 AND valid_until > $1 ORDER BY valid_from, id"
    );
    let mut found = Vec::new();
    for row in on.query_all_raw(sql(on, text, values)).await? {
        let (principal, deputy): (Uuid, Uuid) =
            (row.try_get_by_index(0)?, row.try_get_by_index(1)?);
        found.push((AccountId::of(principal), AccountId::of(deputy)));
    }
    Ok(found)
}

/// The people among these whose account is not switched off, and to whom a compartment is open.
async fn standing(
    on: &impl ConnectionTrait,
    among: &BTreeSet<AccountId>,
    compartment: Option<CompartmentId>,
    now: Timestamp,
) -> Result<HashSet<AccountId>, DbError> {
    if among.is_empty() {
        return Ok(HashSet::new());
    }
    let mut values = Vec::new();
    let those = list(&mut values, among.iter().map(|id| id.raw().into()));
    let text = format!(
        "SELECT id FROM account WHERE id IN ({those}) AND disabled_at IS NULL AND function IS NULL"
    );
    let mut found = HashSet::new();
    for row in on.query_all_raw(sql(on, text, values)).await? {
        found.insert(AccountId::of(row.try_get_by_index(0)?));
    }
    if let Some(compartment) = compartment {
        let open = rows::compartments_open(on, None, now).await?;
        let inside: HashSet<AccountId> = open
            .into_iter()
            .filter(|(_, one)| one.id == compartment)
            .map(|(account, _)| account)
            .collect();
        found.retain(|account| inside.contains(account));
    }
    Ok(found)
}

/// Those who are told what is for these: people, and whoever stands in for them. Nobody whose account is switched
/// off, and nobody of a compartment that is closed to him; of a role and a function those who hold it now.
pub(crate) async fn listeners(
    on: &impl ConnectionTrait,
    whom: &[Whom],
    compartment: Option<CompartmentId>,
    now: Timestamp,
) -> Result<Vec<Listener>, DbError> {
    let mut people: Vec<(usize, AccountId)> = Vec::new();
    let codes = whom.iter().filter_map(|one| match one {
        Whom::Function(code) => Some(code.as_str()),
        Whom::Person(_) | Whom::Role(..) => None,
    });
    let held = holders(on, &codes.collect(), now).await?;
    for (at, one) in whom.iter().enumerate() {
        match one {
            Whom::Person(account) => people.push((at, *account)),
            Whom::Function(code) => {
                let those = held.iter().filter(|(known, _)| known == code);
                people.extend(those.map(|(_, account)| (at, *account)));
            }
            Whom::Role(role, department) => {
                let those = holding(on, (*role, *department), now).await?;
                people.extend(those.into_iter().map(|account| (at, account)));
            }
        }
    }
    let accounts: BTreeSet<AccountId> = people.iter().map(|(_, account)| *account).collect();
    let away = deputies(on, &accounts, now).await?;
    let mut all: BTreeSet<AccountId> = accounts;
    all.extend(away.iter().map(|(_, deputy)| *deputy));
    let told = standing(on, &all, compartment, now).await?;
    let mut found = BTreeSet::new();
    for (at, account) in people {
        let own = Listener {
            at,
            account,
            in_stead_of: None,
        };
        let stead = away.iter().filter(|(principal, _)| *principal == account);
        let stead = stead.map(|(principal, deputy)| Listener {
            at,
            account: *deputy,
            in_stead_of: Some(*principal),
        });
        found.extend(std::iter::once(own).chain(stead));
    }
    found.retain(|one| told.contains(&one.account));
    Ok(found.into_iter().collect())
}

/// Who stands in for those of them who are away now: of several the one who was named first.
pub(crate) async fn away(
    on: &impl ConnectionTrait,
    ids: &BTreeSet<AccountId>,
    now: Timestamp,
) -> Result<HashMap<AccountId, AccountId>, DbError> {
    let mut found = HashMap::new();
    for (principal, deputy) in deputies(on, ids, now).await? {
        found.entry(principal).or_insert(deputy);
    }
    Ok(found)
}

/// The functions that somebody holds: the short name and the id, by the short name.
pub(crate) async fn functions_of(
    on: &impl ConnectionTrait,
    account: AccountId,
    now: Timestamp,
) -> Result<Vec<(String, AccountId)>, DbError> {
    let text = format!(
        "SELECT DISTINCT f.function, f.id FROM function_holder h JOIN account f ON f.id = h.function_id \
         WHERE h.account_id = $2 AND f.function IS NOT NULL AND f.disabled_at IS NULL \
         AND h.ended_at IS NULL AND {} ORDER BY f.function",
        holds("h")
    );
    let values = [now.micros().into(), account.raw().into()];
    let mut found = Vec::new();
    for row in on.query_all_raw(sql(on, text, values)).await? {
        let id: Uuid = row.try_get_by_index(1)?;
        found.push((row.try_get_by_index(0)?, AccountId::of(id)));
    }
    Ok(found)
}

/// Where somebody gets mail; nowhere where the account is switched off or is none of a person.
pub(crate) async fn mail_of(
    on: &impl ConnectionTrait,
    account: AccountId,
) -> Result<Option<String>, DbError> {
    let row = rows::account(on, account).await?;
    let row = row.filter(|row| row.disabled_at.is_none() && row.function.is_none());
    Ok(row.and_then(|row| row.mail))
}

/// Says where one gets mail, for oneself. True where that was something else before, and is recorded.
pub(crate) async fn set_mail(unit: &mut Unit, mail: Option<String>) -> Result<bool, PeopleError> {
    require_full(unit.actor())?;
    let account = unit.actor().account;
    let row = rows::account(unit.tx(), account).await?;
    let mut row = row
        .filter(|row| row.function.is_none() && row.disabled_at.is_none())
        .ok_or(PeopleError::NoAccount)?;
    if row.mail == mail {
        return Ok(false);
    }
    row.mail = mail;
    rows::update_account(unit, row).await?;
    unit.record(Action::AccountChange, None);
    Ok(true)
}
