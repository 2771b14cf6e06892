//! Rows of departments, accounts, grants and tokens.

use sea_orm::QueryOrder;
use sea_orm::entity::prelude::*;
use sha2::{Digest, Sha256};

use super::model::{Account, Department, PeopleError, Token};
use crate::audit::canonical::Object;
use crate::audit::event::{Kind, Subject};
use crate::audit::number;
use crate::base::db::DbError;
use crate::base::{AccountId, DepartmentId, Grant, Role, Timestamp, actor::Scope};
use crate::unit::Unit;

pub(super) mod department {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "department")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub version: i64,
        pub number: i64,
        pub slug: String,
        pub name: String,
        pub created_at: i64,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

pub(super) mod account {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "account")]
    pub(crate) struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub version: i64,
        pub login: String,
        pub name: String,
        pub password: Option<String>,
        pub disabled_at: Option<i64>,
        pub created_at: i64,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub(crate) enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

pub(super) mod role_grant {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "role_grant")]
    pub(crate) struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub version: i64,
        pub account_id: Uuid,
        pub role: String,
        pub department_id: Option<Uuid>,
        pub granted_at: i64,
        pub revoked_at: Option<i64>,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub(crate) enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

pub(super) mod access_token {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "access_token")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub version: i64,
        pub account_id: Uuid,
        pub digest: Vec<u8>,
        pub label: String,
        pub scope: String,
        pub created_at: i64,
        pub expires_at: i64,
        pub revoked_at: Option<i64>,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

/// The canonical state of an entity: what a record commits to, and what `verify` computes again
/// from the row.
pub(super) trait State {
    fn kind(&self) -> Kind;
    fn key(&self) -> (Uuid, i64);
    fn root(&self) -> Uuid;
    fn state(&self) -> Vec<u8>;

    fn subject(&self) -> Subject {
        let (id, version) = self.key();
        let version = u64::try_from(version).unwrap_or_default();
        let (kind, root, state) = (self.kind(), self.root(), self.state());
        Subject {
            kind,
            id,
            root,
            version,
            state,
            content: None,
        }
    }
}

impl State for department::Model {
    fn kind(&self) -> Kind {
        Kind::Department
    }
    fn key(&self) -> (Uuid, i64) {
        (self.id, self.version)
    }
    fn root(&self) -> Uuid {
        self.id
    }
    fn state(&self) -> Vec<u8> {
        Object::new()
            .with("created_at", at(self.created_at))
            .with("name", self.name.as_str())
            .with("number", number(self.number))
            .with("slug", self.slug.as_str())
            .to_bytes()
    }
}

impl State for account::Model {
    fn kind(&self) -> Kind {
        Kind::Account
    }
    fn key(&self) -> (Uuid, i64) {
        (self.id, self.version)
    }
    fn root(&self) -> Uuid {
        self.id
    }
    fn state(&self) -> Vec<u8> {
        // The hash of the password's hash: a silent change is seen, nothing is given away.
        let password = self
            .password
            .as_ref()
            .map(|hash| hex::encode(Sha256::digest(hash.as_bytes())));
        Object::new()
            .with("created_at", at(self.created_at))
            .with_some("disabled_at", self.disabled_at.map(at))
            .with("login", self.login.as_str())
            .with("name", self.name.as_str())
            .with_some("password", password)
            .to_bytes()
    }
}

impl State for role_grant::Model {
    fn kind(&self) -> Kind {
        Kind::RoleGrant
    }
    fn key(&self) -> (Uuid, i64) {
        (self.id, self.version)
    }
    fn root(&self) -> Uuid {
        self.account_id
    }
    fn state(&self) -> Vec<u8> {
        Object::new()
            .with("account", self.account_id.to_string())
            .with_some("department", self.department_id.map(|id| id.to_string()))
            .with("granted_at", at(self.granted_at))
            .with_some("revoked_at", self.revoked_at.map(at))
            .with("role", self.role.as_str())
            .to_bytes()
    }
}

impl State for access_token::Model {
    fn kind(&self) -> Kind {
        Kind::AccessToken
    }
    fn key(&self) -> (Uuid, i64) {
        (self.id, self.version)
    }
    fn root(&self) -> Uuid {
        self.account_id
    }
    fn state(&self) -> Vec<u8> {
        Object::new()
            .with("account", self.account_id.to_string())
            .with("created_at", at(self.created_at))
            .with("digest", hex::encode(&self.digest))
            .with("expires_at", at(self.expires_at))
            .with("label", self.label.as_str())
            .with_some("revoked_at", self.revoked_at.map(at))
            .with("scope", self.scope.as_str())
            .to_bytes()
    }
}

fn at(micros: i64) -> String {
    Timestamp::of_micros(micros).to_string()
}

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

/// Writes the next version of an account; refuses one that has moved on.
pub(super) async fn update_account(
    unit: &mut Unit,
    mut row: account::Model,
) -> Result<(), PeopleError> {
    let before = row.version;
    row.version += 1;
    let done = account::Entity::update_many()
        .col_expr(account::Column::Version, row.version.into())
        .col_expr(account::Column::Name, row.name.clone().into())
        .col_expr(account::Column::Password, row.password.clone().into())
        .col_expr(account::Column::DisabledAt, row.disabled_at.into())
        .filter(account::Column::Id.eq(row.id))
        .filter(account::Column::Version.eq(before))
        .exec(unit.tx())
        .await
        .map_err(DbError::from)?;
    if done.rows_affected != 1 {
        return Err(DbError::Stale.into());
    }
    unit.changed(row.subject());
    Ok(())
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
        .all(on)
        .await?)
}

pub(super) async fn revoke_grant(
    unit: &mut Unit,
    mut row: role_grant::Model,
) -> Result<(), DbError> {
    row.version += 1;
    row.revoked_at = Some(unit.now().micros());
    role_grant::Entity::update_many()
        .col_expr(role_grant::Column::Version, row.version.into())
        .col_expr(role_grant::Column::RevokedAt, row.revoked_at.into())
        .filter(role_grant::Column::Id.eq(row.id))
        .exec(unit.tx())
        .await?;
    unit.changed(row.subject());
    Ok(())
}

pub(super) async fn tokens(
    on: &impl ConnectionTrait,
    account: AccountId,
) -> Result<Vec<Token>, DbError> {
    let rows = access_token::Entity::find()
        .filter(access_token::Column::AccountId.eq(account.raw()))
        .filter(access_token::Column::RevokedAt.is_null())
        .order_by_asc(access_token::Column::Id)
        .all(on)
        .await?;
    rows.into_iter().map(Token::try_from).collect()
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

pub(super) async fn revoke_token(
    unit: &mut Unit,
    mut row: access_token::Model,
) -> Result<(), DbError> {
    row.version += 1;
    row.revoked_at = Some(unit.now().micros());
    access_token::Entity::update_many()
        .col_expr(access_token::Column::Version, row.version.into())
        .col_expr(access_token::Column::RevokedAt, row.revoked_at.into())
        .filter(access_token::Column::Id.eq(row.id))
        .exec(unit.tx())
        .await?;
    unit.changed(row.subject());
    Ok(())
}

impl From<department::Model> for Department {
    fn from(row: department::Model) -> Self {
        Self {
            id: DepartmentId::of(row.id),
            number: u64::try_from(row.number).unwrap_or_default(),
            slug: row.slug,
            name: row.name,
        }
    }
}

/// A grant as the actor carries it.
pub(super) fn grant_of(
    row: &role_grant::Model,
    departments: &[Department],
) -> Result<Grant, DbError> {
    let corrupt = || DbError::Corrupt {
        table: "role_grant",
        key: row.id.to_string(),
        what: "the role is unknown",
    };
    let role = Role::parse(&row.role).ok_or_else(corrupt)?;
    let department = row.department_id.map(DepartmentId::of);
    let number = departments
        .iter()
        .find(|one| Some(one.id) == department)
        .map(|one| one.number);
    Ok(Grant {
        role,
        department,
        number,
    })
}

impl TryFrom<access_token::Model> for Token {
    type Error = DbError;

    fn try_from(row: access_token::Model) -> Result<Self, DbError> {
        let scope = Scope::parse(&row.scope).ok_or_else(|| DbError::Corrupt {
            table: "access_token",
            key: row.id.to_string(),
            what: "the scope is unknown",
        })?;
        Ok(Self {
            id: crate::base::TokenId::of(row.id),
            label: row.label,
            scope,
            created_at: Timestamp::of_micros(row.created_at),
            expires_at: Timestamp::of_micros(row.expires_at),
        })
    }
}

impl Account {
    /// The account of a row, with the grants that it holds.
    pub(super) fn of(row: account::Model, grants: Vec<Grant>) -> Self {
        Self {
            id: AccountId::of(row.id),
            version: u64::try_from(row.version).unwrap_or_default(),
            login: row.login,
            name: row.name,
            disabled: row.disabled_at.is_some(),
            grants,
        }
    }
}
