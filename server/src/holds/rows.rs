//! Rows of holds.

use std::collections::HashSet;

use sea_orm::entity::prelude::*;
use sea_orm::{DbBackend, QueryOrder};

use super::model::{Hold, Lifted, Object};
use crate::audit::canonical::Object as Json;
use crate::audit::event::{Kind, Subject};
use crate::base::db::{DbError, placeholders, sql};
use crate::base::{AccountId, CaseId, DocumentId, FileId, HoldId, Timestamp};
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

/// The lock of those who wait for each other in [`in_turn`]; nothing else here takes locks of this kind.
const TURN: i64 = 0x5061_7069_6572_0001;

/// Makes whoever places a hold, and whoever proposes or carries out that something is destroyed, wait for each other
/// until their units end: what one of them has looked at is still so when it is written, on several servers too.
/// Where there is one writer anyway, nobody waits.
pub async fn in_turn(unit: &Unit) -> Result<(), DbError> {
    let on = unit.tx();
    if on.get_database_backend() == DbBackend::Postgres {
        let text = "SELECT pg_advisory_xact_lock($1)";
        on.execute_raw(sql(on, text, [TURN.into()])).await?;
    }
    Ok(())
}

/// Adds a hold. The caller has the right and records it, and it is its turn ([`in_turn`]).
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

/// Those of these files inside which anything bears a hold: their sub-files, their cases, their
/// documents. Begins at the holds, which are few, and goes up.
pub async fn held_inside_files(
    on: &impl ConnectionTrait,
    ids: &[FileId],
) -> Result<HashSet<Uuid>, DbError> {
    let text = "WITH RECURSIVE held(id) AS (\
        SELECT c.file_id FROM hold h JOIN record_case c ON c.id = h.object_id \
        WHERE h.lifted_at IS NULL \
        UNION SELECT c.file_id FROM hold h JOIN document d ON d.id = h.object_id \
        JOIN record_case c ON c.id = d.case_id WHERE h.lifted_at IS NULL \
        UNION SELECT f.parent_id FROM hold h JOIN record_file f ON f.id = h.object_id \
        WHERE h.lifted_at IS NULL AND f.parent_id IS NOT NULL \
        UNION SELECT f.parent_id FROM record_file f JOIN held u ON f.id = u.id \
        WHERE f.parent_id IS NOT NULL)";
    held_among(on, text, ids.iter().map(|id| id.raw())).await
}

/// Those of these cases inside which anything bears a hold: their sub-cases, their documents.
pub async fn held_inside_cases(
    on: &impl ConnectionTrait,
    ids: &[CaseId],
) -> Result<HashSet<Uuid>, DbError> {
    let text = "WITH RECURSIVE held(id) AS (\
        SELECT d.case_id FROM hold h JOIN document d ON d.id = h.object_id \
        WHERE h.lifted_at IS NULL AND d.case_id IS NOT NULL \
        UNION SELECT c.parent_id FROM hold h JOIN record_case c ON c.id = h.object_id \
        WHERE h.lifted_at IS NULL AND c.parent_id IS NOT NULL \
        UNION SELECT c.parent_id FROM record_case c JOIN held u ON c.id = u.id \
        WHERE c.parent_id IS NOT NULL)";
    held_among(on, text, ids.iter().map(|id| id.raw())).await
}

/// Those of these documents inside which anything bears a hold: what was taken out of them, however
/// deep.
pub async fn held_inside_documents(
    on: &impl ConnectionTrait,
    ids: &[DocumentId],
) -> Result<HashSet<Uuid>, DbError> {
    let text = "WITH RECURSIVE held(id) AS (\
        SELECT d.parent_id FROM hold h JOIN document d ON d.id = h.object_id \
        WHERE h.lifted_at IS NULL AND d.parent_id IS NOT NULL \
        UNION SELECT d.parent_id FROM document d JOIN held u ON d.id = u.id \
        WHERE d.parent_id IS NOT NULL)";
    held_among(on, text, ids.iter().map(|id| id.raw())).await
}

/// Those of these documents that bear a hold, or that stand in what bears one: what they were taken out of,
/// their case and what that is a part of, their file and what that is a part of.
pub async fn held_with_what_is_around(
    on: &impl ConnectionTrait,
    ids: &[DocumentId],
) -> Result<HashSet<Uuid>, DbError> {
    let values: Vec<sea_orm::Value> = ids.iter().map(|id| id.raw().into()).collect();
    if values.is_empty() {
        return Ok(HashSet::new());
    }
    let list = placeholders(on.get_database_backend(), 1, ids.len(), 0);
    let text = format!(
        "WITH RECURSIVE wholes(root, id) AS (\
         SELECT d.id, d.id FROM document d WHERE d.id IN {list} \
         UNION SELECT w.root, d.parent_id FROM wholes w JOIN document d ON d.id = w.id \
         WHERE d.parent_id IS NOT NULL), \
         cases(root, id) AS (\
         SELECT w.root, d.case_id FROM wholes w JOIN document d ON d.id = w.id \
         WHERE d.case_id IS NOT NULL \
         UNION SELECT k.root, c.parent_id FROM cases k JOIN record_case c ON c.id = k.id \
         WHERE c.parent_id IS NOT NULL), \
         files(root, id) AS (\
         SELECT k.root, c.file_id FROM cases k JOIN record_case c ON c.id = k.id \
         UNION SELECT i.root, f.parent_id FROM files i JOIN record_file f ON f.id = i.id \
         WHERE f.parent_id IS NOT NULL), \
         around(root, id) AS (SELECT root, id FROM wholes UNION SELECT root, id FROM cases \
         UNION SELECT root, id FROM files) \
         SELECT DISTINCT a.root FROM around a JOIN hold h ON h.object_id = a.id \
         WHERE h.lifted_at IS NULL"
    );
    let rows = on.query_all_raw(sql(on, text, values)).await?;
    rows.iter()
        .map(|row| Ok(row.try_get_by_index(0)?))
        .collect()
}

async fn held_among(
    on: &impl ConnectionTrait,
    held: &str,
    ids: impl Iterator<Item = Uuid>,
) -> Result<HashSet<Uuid>, DbError> {
    let ids: Vec<sea_orm::Value> = ids.map(Into::into).collect();
    if ids.is_empty() {
        return Ok(HashSet::new());
    }
    let list = placeholders(on.get_database_backend(), 1, ids.len(), 0);
    let text = format!("{held} SELECT id FROM held WHERE id IN {list}");
    let rows = on.query_all_raw(sql(on, text, ids)).await?;
    rows.iter()
        .map(|row| Ok(row.try_get_by_index(0)?))
        .collect()
}
