//! The tables of people and units, and their states for the log.

use sea_orm::entity::prelude::*;
use sha2::{Digest, Sha256};

use crate::audit::canonical::Object;
use crate::audit::event::{Kind, Subject};
use crate::audit::number;
use crate::base::Timestamp;

pub(in crate::departments) mod department {
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
        pub parent_id: Option<Uuid>,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

pub(in crate::departments) mod account {
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
        pub function: Option<String>,
        pub department_id: Option<Uuid>,
        pub identity_issuer: Option<String>,
        pub identity_subject: Option<String>,
        pub mail: Option<String>,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub(crate) enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

pub(in crate::departments) mod role_grant {
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
        pub valid_from: Option<i64>,
        pub valid_until: Option<i64>,
        pub granted_by: Option<Uuid>,
        pub proposed: Option<i64>,
        pub approved_at: Option<i64>,
        pub approved_by: Option<Uuid>,
        pub reason: Option<String>,
        pub origin: Option<String>,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub(crate) enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

pub(in crate::departments) mod access_token {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "access_token")]
    pub(crate) struct Model {
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
        pub department_id: Option<Uuid>,
        pub inbox_id: Option<Uuid>,
        pub session: Option<String>,
        pub begun: Option<String>,
        pub provider_session: Option<String>,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub(crate) enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

pub(in crate::departments) mod compartment {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "compartment")]
    pub(crate) struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub version: i64,
        pub number: i64,
        pub code: String,
        pub name: String,
        pub guarded: i64,
        pub created_at: i64,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub(crate) enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

pub(in crate::departments) mod compartment_grant {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "compartment_grant")]
    pub(crate) struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub version: i64,
        pub account_id: Uuid,
        pub compartment_id: Uuid,
        pub granted_at: i64,
        pub granted_by: Uuid,
        pub approved_at: Option<i64>,
        pub approved_by: Option<Uuid>,
        pub reason: String,
        pub valid_from: Option<i64>,
        pub valid_until: Option<i64>,
        pub revoked_at: Option<i64>,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub(crate) enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

pub(in crate::departments) mod function_holder {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "function_holder")]
    pub(crate) struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub version: i64,
        pub function_id: Uuid,
        pub account_id: Uuid,
        pub granted_at: i64,
        pub granted_by: Uuid,
        pub proposed: Option<i64>,
        pub approved_at: Option<i64>,
        pub approved_by: Option<Uuid>,
        pub reason: Option<String>,
        pub valid_from: Option<i64>,
        pub valid_until: Option<i64>,
        pub ended_at: Option<i64>,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub(crate) enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

pub(in crate::departments) mod deputation {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "deputation")]
    pub(crate) struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub version: i64,
        pub principal_id: Uuid,
        pub deputy_id: Uuid,
        pub valid_from: i64,
        pub valid_until: i64,
        pub reason: Option<String>,
        pub created_at: i64,
        pub created_by: Uuid,
        pub ended_at: Option<i64>,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub(crate) enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

pub(in crate::departments) mod sign_in_lock {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "sign_in_lock")]
    pub(crate) struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub version: i64,
        pub account_id: Uuid,
        pub placed_at: i64,
        pub ends_at: i64,
        pub lifted_at: Option<i64>,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub(crate) enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

/// The canonical state of an entity: what a record commits to, and what `verify` computes again
/// from the row.
pub(in crate::departments) trait State {
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
            .with_some("parent", self.parent_id.map(|id| id.to_string()))
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
            .with_some("department", self.department_id.map(|id| id.to_string()))
            .with_some("disabled_at", self.disabled_at.map(at))
            .with_some("function", self.function.as_deref())
            .with_some("identity_issuer", self.identity_issuer.as_deref())
            .with_some("identity_subject", self.identity_subject.as_deref())
            .with("login", self.login.as_str())
            .with_some("mail", self.mail.as_deref())
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
            .with_some("approved_at", self.approved_at.map(at))
            .with_some("approved_by", self.approved_by.map(|id| id.to_string()))
            .with_some("department", self.department_id.map(|id| id.to_string()))
            .with("granted_at", at(self.granted_at))
            .with_some("granted_by", self.granted_by.map(|id| id.to_string()))
            .with_some("origin", self.origin.as_deref())
            .with_some("proposed", self.proposed.map(number))
            .with_some("reason", self.reason.as_deref())
            .with_some("revoked_at", self.revoked_at.map(at))
            .with("role", self.role.as_str())
            .with_some("valid_from", self.valid_from.map(at))
            .with_some("valid_until", self.valid_until.map(at))
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
            .with_some("begun", self.begun.as_deref())
            .with("created_at", at(self.created_at))
            .with_some("department", self.department_id.map(|id| id.to_string()))
            .with("digest", hex::encode(&self.digest))
            .with("expires_at", at(self.expires_at))
            .with_some("inbox", self.inbox_id.map(|id| id.to_string()))
            .with("label", self.label.as_str())
            .with_some("provider_session", self.provider_session.as_deref())
            .with_some("revoked_at", self.revoked_at.map(at))
            .with("scope", self.scope.as_str())
            .with_some("session", self.session.as_deref())
            .to_bytes()
    }
}

impl State for compartment::Model {
    fn kind(&self) -> Kind {
        Kind::Compartment
    }
    fn key(&self) -> (Uuid, i64) {
        (self.id, self.version)
    }
    fn root(&self) -> Uuid {
        self.id
    }
    fn state(&self) -> Vec<u8> {
        Object::new()
            .with("code", self.code.as_str())
            .with("created_at", at(self.created_at))
            .with("guarded", self.guarded != 0)
            .with("name", self.name.as_str())
            .with("number", number(self.number))
            .to_bytes()
    }
}

impl State for compartment_grant::Model {
    fn kind(&self) -> Kind {
        Kind::CompartmentGrant
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
            .with_some("approved_at", self.approved_at.map(at))
            .with_some("approved_by", self.approved_by.map(|id| id.to_string()))
            .with("compartment", self.compartment_id.to_string())
            .with("granted_at", at(self.granted_at))
            .with("granted_by", self.granted_by.to_string())
            .with("reason", self.reason.as_str())
            .with_some("revoked_at", self.revoked_at.map(at))
            .with_some("valid_from", self.valid_from.map(at))
            .with_some("valid_until", self.valid_until.map(at))
            .to_bytes()
    }
}

impl State for function_holder::Model {
    fn kind(&self) -> Kind {
        Kind::FunctionHolder
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
            .with_some("approved_at", self.approved_at.map(at))
            .with_some("approved_by", self.approved_by.map(|id| id.to_string()))
            .with_some("ended_at", self.ended_at.map(at))
            .with("function", self.function_id.to_string())
            .with("granted_at", at(self.granted_at))
            .with("granted_by", self.granted_by.to_string())
            .with_some("proposed", self.proposed.map(number))
            .with_some("reason", self.reason.as_deref())
            .with_some("valid_from", self.valid_from.map(at))
            .with_some("valid_until", self.valid_until.map(at))
            .to_bytes()
    }
}

impl State for deputation::Model {
    fn kind(&self) -> Kind {
        Kind::Deputation
    }
    fn key(&self) -> (Uuid, i64) {
        (self.id, self.version)
    }
    fn root(&self) -> Uuid {
        self.principal_id
    }
    fn state(&self) -> Vec<u8> {
        Object::new()
            .with("created_at", at(self.created_at))
            .with("created_by", self.created_by.to_string())
            .with("deputy", self.deputy_id.to_string())
            .with_some("ended_at", self.ended_at.map(at))
            .with("principal", self.principal_id.to_string())
            .with_some("reason", self.reason.as_deref())
            .with("valid_from", at(self.valid_from))
            .with("valid_until", at(self.valid_until))
            .to_bytes()
    }
}

impl State for sign_in_lock::Model {
    fn kind(&self) -> Kind {
        Kind::SignInLock
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
            .with("ends_at", at(self.ends_at))
            .with_some("lifted_at", self.lifted_at.map(at))
            .with("placed_at", at(self.placed_at))
            .to_bytes()
    }
}

pub(in crate::departments) fn at(micros: i64) -> String {
    Timestamp::of_micros(micros).to_string()
}
