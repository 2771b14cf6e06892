//! Rows of identity checks.

use sea_orm::entity::prelude::*;
use sea_orm::{QueryOrder, QuerySelect};

use super::model::{Check, Method, Outcome};
use crate::audit::canonical::Object as Json;
use crate::audit::event::{Kind, Subject};
use crate::base::db::DbError;
use crate::base::{AccountId, DepartmentId, DocumentId, IdentityCheckId, Timestamp};
use crate::unit::Unit;

#[expect(
    unreachable_pub,
    reason = "what is derived is public, and this room alone uses it"
)]
pub(in crate::signing) mod identity_check {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "identity_check")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub version: i64,
        pub document_id: Uuid,
        pub department_id: Uuid,
        pub account_id: Uuid,
        pub method: String,
        pub result: String,
        pub created_at: i64,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

impl identity_check::Model {
    pub(in crate::signing) fn state_bytes(&self) -> Vec<u8> {
        Json::new()
            .with("clerk", self.account_id.to_string())
            .with(
                "created_at",
                Timestamp::of_micros(self.created_at).to_string(),
            )
            .with("department", self.department_id.to_string())
            .with("document", self.document_id.to_string())
            .with("method", self.method.as_str())
            .with("result", self.result.as_str())
            .to_bytes()
    }

    /// Told in the history of the document, and erased with it.
    fn subject(&self) -> Subject {
        Subject {
            kind: Kind::IdentityCheck,
            id: self.id,
            root: self.document_id,
            version: u64::try_from(self.version).unwrap_or_default(),
            state: self.state_bytes(),
            content: None,
        }
    }
}

impl TryFrom<identity_check::Model> for Check {
    type Error = DbError;

    fn try_from(row: identity_check::Model) -> Result<Self, DbError> {
        let corrupt = |what| DbError::Corrupt {
            table: "identity_check",
            key: row.id.to_string(),
            what,
        };
        Ok(Self {
            id: IdentityCheckId::of(row.id),
            document: DocumentId::of(row.document_id),
            department: DepartmentId::of(row.department_id),
            clerk: AccountId::of(row.account_id),
            method: Method::parse(&row.method).ok_or_else(|| corrupt("the method is unknown"))?,
            outcome: Outcome::parse(&row.result).ok_or_else(|| corrupt("the result is unknown"))?,
            created_at: Timestamp::of_micros(row.created_at),
        })
    }
}

/// Adds a check.
pub(super) async fn insert(unit: &mut Unit, new: &Check) -> Result<(), DbError> {
    let row = identity_check::Model {
        id: new.id.raw(),
        version: 1,
        document_id: new.document.raw(),
        department_id: new.department.raw(),
        account_id: new.clerk.raw(),
        method: new.method.code().to_owned(),
        result: new.outcome.code().to_owned(),
        created_at: new.created_at.micros(),
    };
    let subject = row.subject();
    let active = identity_check::ActiveModel::from(row).reset_all();
    identity_check::Entity::insert(active)
        .exec_without_returning(unit.tx())
        .await?;
    unit.changed(subject);
    Ok(())
}

/// One check, whoever asks.
pub(super) async fn find(
    on: &impl ConnectionTrait,
    id: IdentityCheckId,
) -> Result<Option<Check>, DbError> {
    let row = identity_check::Entity::find_by_id(id.raw()).one(on).await?;
    row.map(Check::try_from).transpose()
}

/// The checks beside a document, the newest first.
pub(super) async fn of_document(
    on: &impl ConnectionTrait,
    document: DocumentId,
    limit: u64,
) -> Result<Vec<Check>, DbError> {
    let rows = identity_check::Entity::find()
        .filter(identity_check::Column::DocumentId.eq(document.raw()))
        .order_by_desc(identity_check::Column::Id)
        .limit(limit)
        .all(on)
        .await?;
    rows.into_iter().map(Check::try_from).collect()
}
