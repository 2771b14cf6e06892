//! Rows of departments, accounts, grants, tokens, compartments and deputations.

pub(super) mod attempts;
mod functions;
pub(super) mod identities;
mod inspections;
mod tables;
pub(super) mod uses;

use std::collections::HashMap;

use sea_orm::QueryOrder;
use sea_orm::entity::prelude::*;
use sea_orm::sea_query::ExprTrait;

use super::model::{Account, Department, Identity, Origin, RoleGiven};
use crate::audit::event::Subject;
use crate::base::db::{DbError, sql};
use crate::base::rights::{Compartment, OrgUnit};
use crate::base::{
    AccountId, CompartmentId, DepartmentId, Grant, GrantId, Role, Timestamp, TokenId,
};
use crate::unit::Unit;

pub(super) use functions::{
    functions, gone_accounts, held, holder, holders, insert_holder, named_function,
    standing_holders,
};
pub(super) use inspections::inspections_open;
pub(super) use tables::{
    State, access_token, account, compartment, compartment_grant, department, deputation,
    function_holder, role_grant, sign_in_lock,
};

/// Adds a row and hands its state to the unit.
macro_rules! insert_fn {
    ($name:ident, $entity:ident) => {
        pub(super) async fn $name(unit: &mut Unit, row: $entity::Model) -> Result<(), DbError> {
            let subject = row.subject();
            let active = $entity::ActiveModel::from(row).reset_all();
            $entity::Entity::insert(active)
                .exec_without_returning(unit.tx())
                .await?;
            unit.changed(subject);
            Ok(())
        }
    };
}

insert_fn!(insert_department, department);
insert_fn!(insert_account, account);
insert_fn!(insert_grant, role_grant);
insert_fn!(insert_token, access_token);
insert_fn!(insert_compartment, compartment);
insert_fn!(insert_compartment_grant, compartment_grant);
insert_fn!(insert_deputation, deputation);

/// Writes the next version of a row, with these columns, and hands its state to the unit; refuses one that has
/// moved on.
macro_rules! update_fn {
    ($name:ident, $entity:ident, $($column:ident: $field:ident),+) => {
        pub(super) async fn $name(
            unit: &mut Unit,
            mut row: $entity::Model,
        ) -> Result<(), DbError> {
            let before = row.version;
            row.version += 1;
            let subject = row.subject();
            let done = $entity::Entity::update_many()
                .col_expr($entity::Column::Version, row.version.into())
                $(.col_expr($entity::Column::$column, row.$field.into()))+
                .filter($entity::Column::Id.eq(row.id))
                .filter($entity::Column::Version.eq(before))
                .exec(unit.tx())
                .await?;
            if done.rows_affected != 1 {
                return Err(DbError::Stale);
            }
            unit.changed(subject);
            Ok(())
        }
    };
}

update_fn!(update_department, department, Name: name, ParentId: parent_id);
update_fn!(update_account, account, Name: name, Password: password, DisabledAt: disabled_at,
    IdentityIssuer: identity_issuer, IdentitySubject: identity_subject, Mail: mail);
update_fn!(update_grant, role_grant, ApprovedAt: approved_at, ApprovedBy: approved_by,
    RevokedAt: revoked_at);
update_fn!(update_token, access_token, RevokedAt: revoked_at);
update_fn!(update_compartment_grant, compartment_grant, ApprovedAt: approved_at,
    ApprovedBy: approved_by, RevokedAt: revoked_at);
update_fn!(update_deputation, deputation, EndedAt: ended_at);
update_fn!(update_holder, function_holder, ApprovedAt: approved_at, ApprovedBy: approved_by,
    EndedAt: ended_at);
update_fn!(update_lock, sign_in_lock, LiftedAt: lifted_at);

pub(super) async fn next_number(unit: &Unit) -> Result<i64, DbError> {
    let last = department::Entity::find()
        .order_by_desc(department::Column::Number)
        .one(unit.tx())
        .await?;
    Ok(last.map_or(1, |row| row.number + 1))
}

pub(super) async fn departments(on: &impl ConnectionTrait) -> Result<Vec<Department>, DbError> {
    let rows = department::Entity::find()
        .order_by_asc(department::Column::Number)
        .all(on)
        .await?;
    Ok(rows.into_iter().map(Department::from).collect())
}

pub(super) async fn accounts(on: &impl ConnectionTrait) -> Result<Vec<account::Model>, DbError> {
    Ok(account::Entity::find()
        .filter(account::Column::Function.is_null())
        .order_by_asc(account::Column::Login)
        .all(on)
        .await?)
}

pub(super) async fn account_by_login(
    on: &impl ConnectionTrait,
    login: &str,
) -> Result<Option<account::Model>, DbError> {
    Ok(account::Entity::find()
        .filter(account::Column::Login.eq(login))
        .one(on)
        .await?)
}

pub(super) async fn account(
    on: &impl ConnectionTrait,
    id: AccountId,
) -> Result<Option<account::Model>, DbError> {
    Ok(account::Entity::find_by_id(id.raw()).one(on).await?)
}

pub(super) async fn grants(
    on: &impl ConnectionTrait,
    account: AccountId,
) -> Result<Vec<role_grant::Model>, DbError> {
    Ok(role_grant::Entity::find()
        .filter(role_grant::Column::AccountId.eq(account.raw()))
        .filter(role_grant::Column::RevokedAt.is_null())
        .order_by_asc(role_grant::Column::Id)
        .all(on)
        .await?)
}

pub(super) async fn all_grants(
    on: &impl ConnectionTrait,
) -> Result<Vec<role_grant::Model>, DbError> {
    Ok(role_grant::Entity::find()
        .filter(role_grant::Column::RevokedAt.is_null())
        .order_by_asc(role_grant::Column::Id)
        .all(on)
        .await?)
}

/// What was given of one role and not ended, to whomever.
pub(super) async fn grants_of_role(
    on: &impl ConnectionTrait,
    role: Role,
) -> Result<Vec<role_grant::Model>, DbError> {
    Ok(role_grant::Entity::find()
        .filter(role_grant::Column::Role.eq(role.code()))
        .filter(role_grant::Column::RevokedAt.is_null())
        .order_by_asc(role_grant::Column::Id)
        .all(on)
        .await?)
}

/// A role that was given.
pub(super) async fn grant(
    on: &impl ConnectionTrait,
    id: Uuid,
) -> Result<Option<role_grant::Model>, DbError> {
    Ok(role_grant::Entity::find_by_id(id).one(on).await?)
}

/// The tokens of an account that can still be used.
pub(super) async fn tokens(
    on: &impl ConnectionTrait,
    account: AccountId,
    now: Timestamp,
) -> Result<Vec<access_token::Model>, DbError> {
    Ok(access_token::Entity::find()
        .filter(access_token::Column::AccountId.eq(account.raw()))
        .filter(access_token::Column::RevokedAt.is_null())
        .filter(access_token::Column::ExpiresAt.gt(now.micros()))
        .order_by_asc(access_token::Column::Id)
        .all(on)
        .await?)
}

/// Which of the tokens of an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Which {
    /// All of them.
    All,
    /// Those that came of signing in.
    Sessions {
        /// But not this one.
        but: Option<TokenId>,
    },
}

/// Ends tokens of an account that can still be used; gives each as it stands now.
pub(super) async fn revoke_tokens(
    unit: &Unit,
    account: AccountId,
    which: Which,
) -> Result<Vec<Subject>, DbError> {
    let now = unit.now();
    let mut rows = tokens(unit.tx(), account, now).await?;
    if let Which::Sessions { but } = which {
        let kept = but.map(TokenId::raw);
        rows.retain(|row| row.session.is_some() && Some(row.id) != kept);
    }
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    let ids: Vec<Uuid> = rows.iter().map(|row| row.id).collect();
    let done = access_token::Entity::update_many()
        .col_expr(
            access_token::Column::Version,
            Expr::col(access_token::Column::Version).add(1),
        )
        .col_expr(access_token::Column::RevokedAt, now.micros().into())
        .filter(access_token::Column::Id.is_in(ids))
        // A token has one change, its end: one without it is of the version that was read.
        .filter(access_token::Column::RevokedAt.is_null())
        .exec(unit.tx())
        .await?;
    if usize::try_from(done.rows_affected) != Ok(rows.len()) {
        return Err(DbError::Stale);
    }
    for row in &mut rows {
        row.version += 1;
        row.revoked_at = Some(now.micros());
    }
    Ok(rows.iter().map(State::subject).collect())
}

pub(super) async fn token(
    on: &impl ConnectionTrait,
    id: Uuid,
) -> Result<Option<access_token::Model>, DbError> {
    Ok(access_token::Entity::find_by_id(id).one(on).await?)
}

pub(super) async fn token_by_digest(
    on: &impl ConnectionTrait,
    digest: &[u8],
) -> Result<Option<access_token::Model>, DbError> {
    let wanted = access_token::Column::Digest.eq(digest.to_vec());
    Ok(access_token::Entity::find().filter(wanted).one(on).await?)
}

/// Ends a token.
pub(super) async fn revoke_token(
    unit: &mut Unit,
    mut row: access_token::Model,
) -> Result<(), DbError> {
    row.revoked_at = Some(unit.now().micros());
    update_token(unit, row).await
}

impl From<department::Model> for Department {
    fn from(row: department::Model) -> Self {
        Self {
            id: DepartmentId::of(row.id),
            version: u64::try_from(row.version).unwrap_or_default(),
            number: u64::try_from(row.number).unwrap_or_default(),
            slug: row.slug,
            name: row.name,
            parent: row.parent_id.map(DepartmentId::of),
        }
    }
}

/// A unit, and those below it.
pub(super) fn below(top: DepartmentId, departments: &[Department]) -> Vec<OrgUnit> {
    let mut found: Vec<OrgUnit> = departments
        .iter()
        .filter(|one| one.id == top)
        .map(Department::unit)
        .collect();
    let mut next = 0;
    while let Some(parent) = found.get(next).map(|unit| unit.id) {
        for one in departments {
            // A loop in the tree cannot come about; it would end here all the same.
            if one.parent == Some(parent) && !found.iter().any(|unit| unit.id == one.id) {
                found.push(one.unit());
            }
        }
        next += 1;
    }
    found
}

/// A department's row.
pub(super) async fn department_row(
    on: &impl ConnectionTrait,
    id: DepartmentId,
) -> Result<Option<department::Model>, DbError> {
    Ok(department::Entity::find_by_id(id.raw()).one(on).await?)
}

/// All compartments, by number.
pub(super) async fn compartments(
    on: &impl ConnectionTrait,
) -> Result<Vec<compartment::Model>, DbError> {
    Ok(compartment::Entity::find()
        .order_by_asc(compartment::Column::Number)
        .all(on)
        .await?)
}

/// A compartment.
pub(super) async fn compartment(
    on: &impl ConnectionTrait,
    id: CompartmentId,
) -> Result<Option<compartment::Model>, DbError> {
    Ok(compartment::Entity::find_by_id(id.raw()).one(on).await?)
}

/// The grants of a compartment that were not revoked, oldest first.
pub(super) async fn compartment_grants(
    on: &impl ConnectionTrait,
    id: CompartmentId,
) -> Result<Vec<compartment_grant::Model>, DbError> {
    Ok(compartment_grant::Entity::find()
        .filter(compartment_grant::Column::CompartmentId.eq(id.raw()))
        .filter(compartment_grant::Column::RevokedAt.is_null())
        .order_by_asc(compartment_grant::Column::Id)
        .all(on)
        .await?)
}

/// A grant of a compartment.
pub(super) async fn compartment_grant(
    on: &impl ConnectionTrait,
    id: Uuid,
) -> Result<Option<compartment_grant::Model>, DbError> {
    Ok(compartment_grant::Entity::find_by_id(id).one(on).await?)
}

/// Deputations that are not over at `now`: all, or those of an account on either side.
pub(super) async fn deputations(
    on: &impl ConnectionTrait,
    of: Option<AccountId>,
    now: Timestamp,
) -> Result<Vec<deputation::Model>, DbError> {
    use deputation::Column;
    let mut wanted = deputation::Entity::find()
        .filter(Column::EndedAt.is_null())
        .filter(Column::ValidUntil.gt(now.micros()))
        .order_by_asc(Column::ValidFrom)
        .order_by_asc(Column::Id);
    if let Some(account) = of {
        let either = sea_orm::Condition::any()
            .add(Column::PrincipalId.eq(account.raw()))
            .add(Column::DeputyId.eq(account.raw()));
        wanted = wanted.filter(either);
    }
    Ok(wanted.all(on).await?)
}

/// One deputation.
pub(super) async fn deputation(
    on: &impl ConnectionTrait,
    id: Uuid,
) -> Result<Option<deputation::Model>, DbError> {
    Ok(deputation::Entity::find_by_id(id).one(on).await?)
}

/// Writes the end of a deputation.
pub(super) async fn end_deputation(
    unit: &mut Unit,
    mut row: deputation::Model,
) -> Result<(), DbError> {
    row.ended_at = Some(unit.now().micros());
    update_deputation(unit, row).await
}

/// The compartments that are open to an account, or to everybody, at `now`.
pub(super) async fn compartments_open(
    on: &impl ConnectionTrait,
    account: Option<AccountId>,
    now: Timestamp,
) -> Result<Vec<(AccountId, Compartment)>, DbError> {
    let mut values = vec![now.micros().into()];
    let whose = match account {
        Some(account) => {
            values.push(account.raw().into());
            " AND g.account_id = $2"
        }
        None => "",
    };
    let text = format!(
        "SELECT DISTINCT g.account_id, c.id, c.number FROM compartment_grant g \
         JOIN compartment c ON c.id = g.compartment_id \
         WHERE g.approved_at IS NOT NULL AND g.revoked_at IS NULL \
         AND (g.valid_from IS NULL OR g.valid_from <= $1) \
         AND (g.valid_until IS NULL OR g.valid_until > $1){whose} ORDER BY c.number"
    );
    let rows = on.query_all_raw(sql(on, text, values)).await?;
    rows.iter()
        .map(|row| {
            let number: i64 = row.try_get_by_index(2)?;
            let compartment = Compartment {
                id: CompartmentId::of(row.try_get_by_index(1)?),
                number: u64::try_from(number).unwrap_or_default(),
            };
            Ok((AccountId::of(row.try_get_by_index(0)?), compartment))
        })
        .collect()
}

/// The numbers of all compartments.
pub(super) async fn compartment_numbers(
    on: &impl ConnectionTrait,
) -> Result<HashMap<CompartmentId, u64>, DbError> {
    let rows = compartment::Entity::find().all(on).await?;
    let number = |row: &compartment::Model| u64::try_from(row.number).unwrap_or_default();
    Ok(rows
        .iter()
        .map(|row| (CompartmentId::of(row.id), number(row)))
        .collect())
}

/// The short names of all compartments.
pub(super) async fn compartment_codes(
    on: &impl ConnectionTrait,
) -> Result<HashMap<CompartmentId, String>, DbError> {
    let rows = compartment::Entity::find().all(on).await?;
    let named = rows.into_iter();
    Ok(named
        .map(|row| (CompartmentId::of(row.id), row.code))
        .collect())
}

/// Whether `deputy` stands in for `principal` at `now`.
pub(super) async fn stands_in(
    on: &impl ConnectionTrait,
    deputy: AccountId,
    principal: AccountId,
    now: Timestamp,
) -> Result<bool, DbError> {
    let found = deputation::Entity::find()
        .filter(deputation::Column::DeputyId.eq(deputy.raw()))
        .filter(deputation::Column::PrincipalId.eq(principal.raw()))
        .filter(deputation::Column::EndedAt.is_null())
        .filter(deputation::Column::ValidFrom.lte(now.micros()))
        .filter(deputation::Column::ValidUntil.gt(now.micros()))
        .one(on)
        .await?;
    Ok(found.is_some())
}

/// A role as the actor carries it.
pub(super) fn grant_of(given: &RoleGiven, departments: &[Department]) -> Grant {
    let below = |top| below(top, departments);
    Grant {
        role: given.role,
        department: given.department,
        units: given.department.map_or_else(Vec::new, below),
    }
}

impl TryFrom<role_grant::Model> for RoleGiven {
    type Error = DbError;

    fn try_from(row: role_grant::Model) -> Result<Self, DbError> {
        let role = Role::parse(&row.role).ok_or_else(|| DbError::Corrupt {
            table: "role_grant",
            key: row.id.to_string(),
            what: "the role is unknown",
        })?;
        Ok(Self {
            id: GrantId::of(row.id),
            account: AccountId::of(row.account_id),
            role,
            department: row.department_id.map(DepartmentId::of),
            given_at: Timestamp::of_micros(row.granted_at),
            given_by: row.granted_by.map(AccountId::of),
            waits: row.proposed.is_some() && row.approved_at.is_none(),
            approved_by: row.approved_by.map(AccountId::of),
            reason: row.reason,
            origin: match row.origin {
                Some(_) => Origin::Provider,
                None => Origin::People,
            },
            valid_from: row.valid_from.map(Timestamp::of_micros),
            valid_until: row.valid_until.map(Timestamp::of_micros),
        })
    }
}

impl account::Model {
    /// Who the account is for the provider of identities.
    pub(super) fn identity(&self) -> Option<Identity> {
        let both = self
            .identity_issuer
            .clone()
            .zip(self.identity_subject.clone());
        both.map(|(issuer, subject)| Identity { issuer, subject })
    }
}

impl Account {
    /// The account of a row, with the roles that were given to it.
    pub(super) fn of(row: account::Model, given: Vec<RoleGiven>) -> Self {
        let identity = row.identity();
        Self {
            id: AccountId::of(row.id),
            version: u64::try_from(row.version).unwrap_or_default(),
            login: row.login,
            name: row.name,
            disabled: row.disabled_at.is_some(),
            has_password: row.password.is_some(),
            identity,
            given,
        }
    }
}
