//! Rows of types and fields.

use std::collections::BTreeSet;

use sea_orm::entity::prelude::*;
use sea_orm::{ActiveValue, QueryOrder, QuerySelect};

use super::catalog::Catalog;
use super::model::{Carried, DocumentType, Field, Rules};
use super::rules::RuleParts;
use crate::audit::canonical::Object as Json;
use crate::audit::event::{Kind, Subject};
use crate::base::db::DbError;
use crate::base::{AccountId, FieldId, Timestamp, TypeId};
use crate::unit::Unit;

pub(super) mod field {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "field")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub version: i64,
        pub code: String,
        pub label: String,
        pub description: Option<String>,
        pub kind: String,
        /// JSON: what a value must be like.
        pub rules: String,
        pub retired_at: Option<i64>,
        pub created_at: i64,
        pub created_by: Uuid,
        pub changed_at: i64,
        pub changed_by: Uuid,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

pub(super) mod document_type {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "document_type")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub version: i64,
        pub code: String,
        pub name: String,
        pub description: Option<String>,
        /// JSON: its fields.
        pub carried: String,
        pub retired_at: Option<i64>,
        pub created_at: i64,
        pub created_by: Uuid,
        pub changed_at: i64,
        pub changed_by: Uuid,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

fn at(micros: i64) -> String {
    Timestamp::of_micros(micros).to_string()
}

fn counted(version: i64) -> u64 {
    u64::try_from(version).unwrap_or_default()
}

fn signed(version: u64) -> i64 {
    i64::try_from(version).unwrap_or(i64::MAX)
}

impl field::Model {
    pub(super) fn state_bytes(&self) -> Vec<u8> {
        Json::new()
            .with("changed_at", at(self.changed_at))
            .with("changed_by", self.changed_by.to_string())
            .with("code", self.code.as_str())
            .with("created_at", at(self.created_at))
            .with("created_by", self.created_by.to_string())
            .with_some("description", self.description.as_deref())
            .with("kind", self.kind.as_str())
            .with("label", self.label.as_str())
            .with_some("retired_at", self.retired_at.map(at))
            .with("rules", self.rules.as_str())
            .to_bytes()
    }

    fn subject(&self) -> Subject {
        Subject {
            kind: Kind::Field,
            id: self.id,
            root: self.id,
            version: counted(self.version),
            state: self.state_bytes(),
            content: None,
        }
    }
}

impl document_type::Model {
    pub(super) fn state_bytes(&self) -> Vec<u8> {
        Json::new()
            .with("carried", self.carried.as_str())
            .with("changed_at", at(self.changed_at))
            .with("changed_by", self.changed_by.to_string())
            .with("code", self.code.as_str())
            .with("created_at", at(self.created_at))
            .with("created_by", self.created_by.to_string())
            .with_some("description", self.description.as_deref())
            .with("name", self.name.as_str())
            .with_some("retired_at", self.retired_at.map(at))
            .to_bytes()
    }

    fn subject(&self) -> Subject {
        Subject {
            kind: Kind::DocumentType,
            id: self.id,
            root: self.id,
            version: counted(self.version),
            state: self.state_bytes(),
            content: None,
        }
    }
}

impl TryFrom<field::Model> for Field {
    type Error = DbError;

    fn try_from(row: field::Model) -> Result<Self, DbError> {
        let rules = rules_of(&row.kind, &row.rules).ok_or_else(|| DbError::Corrupt {
            table: "field",
            key: row.id.to_string(),
            what: "its rules cannot be read",
        })?;
        Ok(Self {
            id: FieldId::of(row.id),
            version: counted(row.version),
            code: row.code,
            label: row.label,
            description: row.description,
            rules,
            retired_at: row.retired_at.map(Timestamp::of_micros),
            created_at: Timestamp::of_micros(row.created_at),
            created_by: AccountId::of(row.created_by),
            changed_at: Timestamp::of_micros(row.changed_at),
            changed_by: AccountId::of(row.changed_by),
        })
    }
}

fn rules_of(kind: &str, rules: &str) -> Option<Rules> {
    let parts: RuleParts = serde_json::from_str(rules).ok()?;
    parts.rules(super::model::Kind::parse(kind)?)
}

impl From<&Field> for field::Model {
    fn from(one: &Field) -> Self {
        let parts = RuleParts::from(&one.rules);
        Self {
            id: one.id.raw(),
            version: signed(one.version),
            code: one.code.clone(),
            label: one.label.clone(),
            description: one.description.clone(),
            kind: one.rules.kind().code().to_owned(),
            rules: serde_json::to_string(&parts).unwrap_or_default(),
            retired_at: one.retired_at.map(Timestamp::micros),
            created_at: one.created_at.micros(),
            created_by: one.created_by.raw(),
            changed_at: one.changed_at.micros(),
            changed_by: one.changed_by.raw(),
        }
    }
}

impl TryFrom<document_type::Model> for DocumentType {
    type Error = DbError;

    fn try_from(row: document_type::Model) -> Result<Self, DbError> {
        let carried: Vec<Carried> =
            serde_json::from_str(&row.carried).map_err(|_source| DbError::Corrupt {
                table: "document_type",
                key: row.id.to_string(),
                what: "its fields are no list",
            })?;
        Ok(Self {
            id: TypeId::of(row.id),
            version: counted(row.version),
            code: row.code,
            name: row.name,
            description: row.description,
            carried,
            retired_at: row.retired_at.map(Timestamp::of_micros),
            created_at: Timestamp::of_micros(row.created_at),
            created_by: AccountId::of(row.created_by),
            changed_at: Timestamp::of_micros(row.changed_at),
            changed_by: AccountId::of(row.changed_by),
        })
    }
}

impl From<&DocumentType> for document_type::Model {
    fn from(one: &DocumentType) -> Self {
        Self {
            id: one.id.raw(),
            version: signed(one.version),
            code: one.code.clone(),
            name: one.name.clone(),
            description: one.description.clone(),
            carried: serde_json::to_string(&one.carried).unwrap_or_default(),
            retired_at: one.retired_at.map(Timestamp::micros),
            created_at: one.created_at.micros(),
            created_by: one.created_by.raw(),
            changed_at: one.changed_at.micros(),
            changed_by: one.changed_by.raw(),
        }
    }
}

/// All fields.
pub(super) async fn fields(on: &impl ConnectionTrait) -> Result<Vec<Field>, DbError> {
    let rows = field::Entity::find()
        .order_by_asc(field::Column::Id)
        .all(on)
        .await?;
    rows.into_iter().map(Field::try_from).collect()
}

/// The choices among the fields with these codes.
pub(super) async fn choices(
    on: &impl ConnectionTrait,
    codes: &BTreeSet<&str>,
) -> Result<Vec<Field>, DbError> {
    if codes.is_empty() {
        return Ok(Vec::new());
    }
    let choice = super::model::Kind::Choice.code();
    let rows = field::Entity::find()
        .filter(field::Column::Code.is_in(codes.iter().copied()))
        .filter(field::Column::Kind.eq(choice))
        .all(on)
        .await?;
    rows.into_iter().map(Field::try_from).collect()
}

/// All types.
pub(super) async fn types(on: &impl ConnectionTrait) -> Result<Vec<DocumentType>, DbError> {
    let rows = document_type::Entity::find()
        .order_by_asc(document_type::Column::Id)
        .all(on)
        .await?;
    rows.into_iter().map(DocumentType::try_from).collect()
}

/// All types and fields whose rows can be read.
pub(super) async fn readable(on: &impl ConnectionTrait) -> Result<Catalog, DbError> {
    let fields = field::Entity::find().all(on).await?.into_iter();
    let types = document_type::Entity::find().all(on).await?.into_iter();
    Ok(Catalog {
        types: types.flat_map(DocumentType::try_from).collect(),
        fields: fields.flat_map(Field::try_from).collect(),
    })
}

/// Whether there is a type with this code, and it was retired.
pub(super) async fn is_retired(on: &impl ConnectionTrait, code: &str) -> Result<bool, DbError> {
    let found = document_type::Entity::find()
        .filter(document_type::Column::Code.eq(code))
        .filter(document_type::Column::RetiredAt.is_not_null())
        .one(on)
        .await?;
    Ok(found.is_some())
}

/// A field for changing it: on PostgreSQL the row is locked.
pub(super) async fn field_to_change(unit: &Unit, id: FieldId) -> Result<Option<Field>, DbError> {
    let row = field::Entity::find_by_id(id.raw())
        .lock_exclusive()
        .one(unit.tx())
        .await?;
    row.map(Field::try_from).transpose()
}

/// A type for changing it.
pub(super) async fn type_to_change(
    unit: &Unit,
    id: TypeId,
) -> Result<Option<DocumentType>, DbError> {
    let row = document_type::Entity::find_by_id(id.raw())
        .lock_exclusive()
        .one(unit.tx())
        .await?;
    row.map(DocumentType::try_from).transpose()
}

/// Adds a field.
pub(super) async fn insert_field(unit: &mut Unit, new: &Field) -> Result<(), DbError> {
    let row = field::Model::from(new);
    let subject = row.subject();
    field::Entity::insert(field::ActiveModel::from(row).reset_all())
        .exec_without_returning(unit.tx())
        .await?;
    unit.changed(subject);
    Ok(())
}

/// Writes the next version of a field.
pub(super) async fn save_field(unit: &mut Unit, changed: &Field) -> Result<(), DbError> {
    let row = field::Model::from(changed);
    let (subject, id, old) = (row.subject(), row.id, row.version - 1);
    let mut active = field::ActiveModel::from(row).reset_all();
    active.id = ActiveValue::NotSet;
    let done = field::Entity::update_many()
        .set(active)
        .filter(field::Column::Id.eq(id))
        .filter(field::Column::Version.eq(old))
        .exec(unit.tx())
        .await?;
    if done.rows_affected != 1 {
        return Err(DbError::Stale);
    }
    unit.changed(subject);
    Ok(())
}

/// Adds a type.
pub(super) async fn insert_type(unit: &mut Unit, new: &DocumentType) -> Result<(), DbError> {
    let row = document_type::Model::from(new);
    let subject = row.subject();
    document_type::Entity::insert(document_type::ActiveModel::from(row).reset_all())
        .exec_without_returning(unit.tx())
        .await?;
    unit.changed(subject);
    Ok(())
}

/// Writes the next version of a type.
pub(super) async fn save_type(unit: &mut Unit, changed: &DocumentType) -> Result<(), DbError> {
    let row = document_type::Model::from(changed);
    let (subject, id, old) = (row.subject(), row.id, row.version - 1);
    let mut active = document_type::ActiveModel::from(row).reset_all();
    active.id = ActiveValue::NotSet;
    let done = document_type::Entity::update_many()
        .set(active)
        .filter(document_type::Column::Id.eq(id))
        .filter(document_type::Column::Version.eq(old))
        .exec(unit.tx())
        .await?;
    if done.rows_affected != 1 {
        return Err(DbError::Stale);
    }
    unit.changed(subject);
    Ok(())
}
