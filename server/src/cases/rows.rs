//! Rows of cases.

use sea_orm::entity::prelude::*;
use sea_orm::{QueryOrder, QuerySelect};

use super::model::{Case, Life};
use crate::audit::canonical::Object;
use crate::audit::event::{Kind, Subject};
use crate::audit::number;
use crate::base::db::DbError;
use crate::base::{AccountId, CaseId, CivilDate, CompartmentId, DepartmentId, FileId, Timestamp};
use crate::files::{Closed, fold};
use crate::unit::Unit;

pub(super) mod record_case {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "record_case")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub version: i64,
        pub file_id: Uuid,
        pub parent_id: Option<Uuid>,
        pub reference: String,
        pub ordinal: i64,
        pub subject: String,
        pub folded: String,
        pub kind: Option<String>,
        pub department_id: Uuid,
        pub compartment_id: Option<Uuid>,
        pub state: String,
        pub opened_on: String,
        pub closed_at: Option<i64>,
        pub closed_by: Option<Uuid>,
        pub reason: Option<String>,
        pub note: Option<String>,
        pub tags: String,
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

fn counted(number: i64) -> u64 {
    u64::try_from(number).unwrap_or_default()
}

fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

impl record_case::Model {
    /// The canonical state: what the record commits to and `verify` computes again.
    pub(super) fn state_bytes(&self) -> Vec<u8> {
        let tags = serde_json::from_str::<Vec<String>>(&self.tags).unwrap_or_default();
        Object::new()
            .with("changed_at", at(self.changed_at))
            .with("changed_by", self.changed_by.to_string())
            .with_some("closed_at", self.closed_at.map(at))
            .with_some("closed_by", self.closed_by.map(|id| id.to_string()))
            .with_some("compartment", self.compartment_id.map(|id| id.to_string()))
            .with("created_at", at(self.created_at))
            .with("created_by", self.created_by.to_string())
            .with("department", self.department_id.to_string())
            .with("file", self.file_id.to_string())
            .with_some("note", self.note.as_deref())
            .with("opened_on", self.opened_on.as_str())
            .with("ordinal", number(self.ordinal))
            .with_some("parent", self.parent_id.map(|id| id.to_string()))
            .with_some("reason", self.reason.as_deref())
            .with("reference", self.reference.as_str())
            .with("state", self.state.as_str())
            .with("subject", self.subject.as_str())
            .with("tags", tags)
            .with_some("type", self.kind.as_deref())
            .to_bytes()
    }

    fn subject(&self) -> Subject {
        Subject {
            kind: Kind::Case,
            id: self.id,
            root: self.id,
            version: counted(self.version),
            state: self.state_bytes(),
            content: None,
        }
    }
}

impl TryFrom<record_case::Model> for Case {
    type Error = DbError;

    fn try_from(row: record_case::Model) -> Result<Self, DbError> {
        let corrupt = |what| DbError::Corrupt {
            table: "record_case",
            key: row.id.to_string(),
            what,
        };
        let life = match (row.state.as_str(), row.closed_at, row.closed_by) {
            ("open", None, None) => Life::Open,
            ("closed", Some(at), Some(by)) => Life::Closed(Closed {
                at: Timestamp::of_micros(at),
                by: AccountId::of(by),
            }),
            (_, _, _) => return Err(corrupt("the state is unknown")),
        };
        let opened_on = CivilDate::parse(&row.opened_on);
        let tags = serde_json::from_str(&row.tags);
        Ok(Self {
            id: CaseId::of(row.id),
            version: counted(row.version),
            file: FileId::of(row.file_id),
            parent: row.parent_id.map(CaseId::of),
            ordinal: counted(row.ordinal),
            department: DepartmentId::of(row.department_id),
            compartment: row.compartment_id.map(CompartmentId::of),
            life,
            opened_on: opened_on.ok_or(corrupt("a date is not a date"))?,
            tags: tags.map_err(|_source| corrupt("a list is not a list"))?,
            reference: row.reference,
            subject: row.subject,
            kind: row.kind,
            reason: row.reason,
            note: row.note,
            created_at: Timestamp::of_micros(row.created_at),
            created_by: AccountId::of(row.created_by),
            changed_at: Timestamp::of_micros(row.changed_at),
            changed_by: AccountId::of(row.changed_by),
        })
    }
}

impl From<&Case> for record_case::Model {
    fn from(case: &Case) -> Self {
        let closed = match case.life {
            Life::Open => None,
            Life::Closed(closed) => Some(closed),
        };
        Self {
            id: case.id.raw(),
            version: signed(case.version),
            file_id: case.file.raw(),
            parent_id: case.parent.map(CaseId::raw),
            reference: case.reference.clone(),
            ordinal: signed(case.ordinal),
            subject: case.subject.clone(),
            folded: format!("{}\n{}", fold(&case.subject), fold(&case.reference)),
            kind: case.kind.clone(),
            department_id: case.department.raw(),
            compartment_id: case.compartment.map(CompartmentId::raw),
            state: case.life.code().to_owned(),
            opened_on: case.opened_on.to_string(),
            closed_at: closed.map(|closed| closed.at.micros()),
            closed_by: closed.map(|closed| closed.by.raw()),
            reason: case.reason.clone(),
            note: case.note.clone(),
            tags: serde_json::Value::from(case.tags.as_slice()).to_string(),
            created_at: case.created_at.micros(),
            created_by: case.created_by.raw(),
            changed_at: case.changed_at.micros(),
            changed_by: case.changed_by.raw(),
        }
    }
}

/// Adds a case.
pub(super) async fn insert(unit: &mut Unit, new: &Case) -> Result<(), DbError> {
    let row = record_case::Model::from(new);
    let subject = row.subject();
    let active = record_case::ActiveModel::from(row).reset_all();
    record_case::Entity::insert(active)
        .exec_without_returning(unit.tx())
        .await?;
    unit.changed(subject);
    Ok(())
}

/// Writes the next version of a case; refuses one that has moved on.
pub(super) async fn save(unit: &mut Unit, changed: &Case, before: &Case) -> Result<(), DbError> {
    let row = record_case::Model::from(changed);
    let subject = row.subject();
    let id = row.id;
    let mut active = record_case::ActiveModel::from(row).reset_all();
    active.id = sea_orm::ActiveValue::NotSet;
    let done = record_case::Entity::update_many()
        .set(active)
        .filter(record_case::Column::Id.eq(id))
        .filter(record_case::Column::Version.eq(signed(before.version)))
        .exec(unit.tx())
        .await?;
    if done.rows_affected != 1 {
        return Err(DbError::Stale);
    }
    unit.changed(subject);
    Ok(())
}

/// A case, whoever asks.
pub(super) async fn find(on: &impl ConnectionTrait, id: CaseId) -> Result<Option<Case>, DbError> {
    let row = record_case::Entity::find_by_id(id.raw()).one(on).await?;
    row.map(Case::try_from).transpose()
}

/// Several cases, whoever asks, in no order.
pub(super) async fn find_many(
    on: &impl ConnectionTrait,
    ids: &[CaseId],
) -> Result<Vec<Case>, DbError> {
    let wanted = record_case::Column::Id.is_in(ids.iter().map(|id| id.raw()));
    let rows = record_case::Entity::find().filter(wanted).all(on).await?;
    rows.into_iter().map(Case::try_from).collect()
}

/// A case for changing it: on PostgreSQL the row is locked.
pub(super) async fn find_to_change(unit: &Unit, id: CaseId) -> Result<Option<Case>, DbError> {
    let row = record_case::Entity::find_by_id(id.raw())
        .lock_exclusive()
        .one(unit.tx())
        .await?;
    row.map(Case::try_from).transpose()
}

/// The cases of files, sub-cases too, by number.
pub(super) async fn in_files(
    on: &impl ConnectionTrait,
    files: &[FileId],
) -> Result<Vec<Case>, DbError> {
    let wanted = record_case::Column::FileId.is_in(files.iter().map(|id| id.raw()));
    let rows = record_case::Entity::find()
        .filter(wanted)
        .order_by_asc(record_case::Column::Ordinal)
        .order_by_asc(record_case::Column::Id)
        .all(on)
        .await?;
    rows.into_iter().map(Case::try_from).collect()
}

/// Whether a file has an open case.
pub(super) async fn open_in(on: &impl ConnectionTrait, file: FileId) -> Result<bool, DbError> {
    let found = record_case::Entity::find()
        .filter(record_case::Column::FileId.eq(file.raw()))
        .filter(record_case::Column::State.eq("open"))
        .limit(1)
        .one(on)
        .await?;
    Ok(found.is_some())
}

/// The sub-cases of a case.
pub(super) async fn parts(on: &impl ConnectionTrait, id: CaseId) -> Result<Vec<Case>, DbError> {
    let wanted = record_case::Column::ParentId.eq(id.raw());
    let rows = record_case::Entity::find().filter(wanted).all(on).await?;
    rows.into_iter().map(Case::try_from).collect()
}
