//! Rows of holds.

use sea_orm::QueryOrder;
use sea_orm::entity::prelude::*;

use super::model::{Hold, Lifted, Object};
use crate::audit::canonical::Object as Json;
use crate::audit::event::{Kind, Subject};
use crate::base::db::{DbError, sql};
use crate::base::{AccountId, CaseId, FileId, HoldId, Timestamp};
use crate::unit::Unit;

pub(super) mod hold {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "hold")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub version: i64,
        pub object_kind: String,
        pub object_id: Uuid,
        pub reason: String,
        pub placed_at: i64,
        pub placed_by: Uuid,
        pub lifted_at: Option<i64>,
        pub lifted_by: Option<Uuid>,
        pub lift_reason: Option<String>,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

fn at(micros: i64) -> String {
    Timestamp::of_micros(micros).to_string()
}

impl hold::Model {
    pub(super) fn state_bytes(&self) -> Vec<u8> {
        Json::new()
            .with_some("lift_reason", self.lift_reason.as_deref())
            .with_some("lifted_at", self.lifted_at.map(at))
            .with_some("lifted_by", self.lifted_by.map(|id| id.to_string()))
            .with("object", self.object_id.to_string())
            .with("object_kind", self.object_kind.as_str())
            .with("placed_at", at(self.placed_at))
            .with("placed_by", self.placed_by.to_string())
            .with("reason", self.reason.as_str())
            .to_bytes()
    }

    /// Told in the history of what bears it, and erased with that.
    fn subject(&self) -> Subject {
        Subject {
            kind: Kind::Hold,
            id: self.id,
            root: self.object_id,
            version: u64::try_from(self.version).unwrap_or_default(),
            state: self.state_bytes(),
            content: None,
        }
    }
}

impl TryFrom<hold::Model> for Hold {
    type Error = DbError;

    fn try_from(row: hold::Model) -> Result<Self, DbError> {
        let object = Object::of(&row.object_kind, row.object_id);
        let lifted = match (row.lifted_at, row.lifted_by, row.lift_reason) {
            (Some(at), Some(by), Some(reason)) => Some(Lifted {
                at: Timestamp::of_micros(at),
                by: AccountId::of(by),
                reason,
            }),
            (_, _, _) => None,
        };
        Ok(Self {
            id: HoldId::of(row.id),
            version: u64::try_from(row.version).unwrap_or_default(),
            object: object.ok_or_else(|| DbError::Corrupt {
                table: "hold",
                key: row.id.to_string(),
                what: "it holds nothing that there is",
            })?,
            reason: row.reason,
            placed_at: Timestamp::of_micros(row.placed_at),
            placed_by: AccountId::of(row.placed_by),
            lifted,
        })
    }
}

impl From<&Hold> for hold::Model {
    fn from(hold: &Hold) -> Self {
        let lifted = hold.lifted.as_ref();
        Self {
            id: hold.id.raw(),
            version: i64::try_from(hold.version).unwrap_or(i64::MAX),
            object_kind: hold.object.kind().to_owned(),
            object_id: hold.object.raw(),
            reason: hold.reason.clone(),
            placed_at: hold.placed_at.micros(),
            placed_by: hold.placed_by.raw(),
            lifted_at: lifted.map(|one| one.at.micros()),
            lifted_by: lifted.map(|one| one.by.raw()),
            lift_reason: lifted.map(|one| one.reason.clone()),
        }
    }
}

/// Adds a hold. The caller has the right and records it.
pub async fn insert(unit: &mut Unit, new: &Hold) -> Result<(), DbError> {
    let row = hold::Model::from(new);
    let subject = row.subject();
    let active = hold::ActiveModel::from(row).reset_all();
    hold::Entity::insert(active)
        .exec_without_returning(unit.tx())
        .await?;
    unit.changed(subject);
    Ok(())
}

/// Writes the end of a hold. The caller has the right and records it.
pub async fn lift(unit: &mut Unit, lifted: &Hold) -> Result<(), DbError> {
    let row = hold::Model::from(lifted);
    let done = hold::Entity::update_many()
        .col_expr(hold::Column::Version, row.version.into())
        .col_expr(hold::Column::LiftedAt, row.lifted_at.into())
        .col_expr(hold::Column::LiftedBy, row.lifted_by.into())
        .col_expr(hold::Column::LiftReason, row.lift_reason.clone().into())
        .filter(hold::Column::Id.eq(row.id))
        .filter(hold::Column::Version.eq(row.version - 1))
        .exec(unit.tx())
        .await?;
    if done.rows_affected != 1 {
        return Err(DbError::Stale);
    }
    unit.changed(row.subject());
    Ok(())
}

/// One hold, whoever asks.
pub async fn find(on: &impl ConnectionTrait, id: HoldId) -> Result<Option<Hold>, DbError> {
    let row = hold::Entity::find_by_id(id.raw()).one(on).await?;
    row.map(Hold::try_from).transpose()
}

/// The holds that these objects bear now, in the order in which they were placed.
pub async fn on_objects(
    on: &impl ConnectionTrait,
    objects: &[Object],
) -> Result<Vec<Hold>, DbError> {
    let rows = hold::Entity::find()
        .filter(hold::Column::ObjectId.is_in(objects.iter().map(|one| one.raw())))
        .filter(hold::Column::LiftedAt.is_null())
        .order_by_asc(hold::Column::Id)
        .all(on)
        .await?;
    rows.into_iter().map(Hold::try_from).collect()
}

/// Whether anything inside a file bears a hold: its sub-files, their cases, their documents.
pub async fn inside_file(on: &impl ConnectionTrait, id: FileId) -> Result<bool, DbError> {
    let text = "WITH RECURSIVE inner_file(id) AS (SELECT id FROM record_file WHERE id = $1 \
                UNION SELECT f.id FROM record_file f JOIN inner_file i ON f.parent_id = i.id) \
                SELECT h.id FROM hold h WHERE h.lifted_at IS NULL AND (\
                (h.object_id <> $1 AND h.object_id IN (SELECT id FROM inner_file)) \
                OR h.object_id IN (SELECT c.id FROM record_case c \
                WHERE c.file_id IN (SELECT id FROM inner_file)) \
                OR h.object_id IN (SELECT d.id FROM document d \
                JOIN record_case c ON c.id = d.case_id \
                WHERE c.file_id IN (SELECT id FROM inner_file))) LIMIT 1";
    let found = on.query_one_raw(sql(on, text, [id.raw().into()])).await?;
    Ok(found.is_some())
}

/// Whether anything inside a case bears a hold: its sub-cases, their documents.
pub async fn inside_case(on: &impl ConnectionTrait, id: CaseId) -> Result<bool, DbError> {
    let text = "WITH RECURSIVE inner_case(id) AS (SELECT id FROM record_case WHERE id = $1 \
                UNION SELECT c.id FROM record_case c JOIN inner_case i ON c.parent_id = i.id) \
                SELECT h.id FROM hold h WHERE h.lifted_at IS NULL AND (\
                (h.object_id <> $1 AND h.object_id IN (SELECT id FROM inner_case)) \
                OR h.object_id IN (SELECT d.id FROM document d \
                WHERE d.case_id IN (SELECT id FROM inner_case))) LIMIT 1";
    let found = on.query_one_raw(sql(on, text, [id.raw().into()])).await?;
    Ok(found.is_some())
}
