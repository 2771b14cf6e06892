//! Rows of notes.

use sea_orm::entity::prelude::*;
use sea_orm::{QueryOrder, QuerySelect};

use super::model::{Note, Withdrawn};
use crate::audit::canonical::Object as Json;
use crate::audit::event::{Kind, Subject};
use crate::base::db::DbError;
use crate::base::{AccountId, NoteId, Timestamp};
use crate::holds::Object;
use crate::unit::Unit;

pub(super) mod note {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "note")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub version: i64,
        pub object_kind: String,
        pub object_id: Uuid,
        pub body: String,
        pub created_at: i64,
        pub created_by: Uuid,
        pub changed_at: i64,
        pub changed_by: Uuid,
        pub withdrawn_at: Option<i64>,
        pub withdrawn_by: Option<Uuid>,
        pub reason: Option<String>,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

fn at(micros: i64) -> String {
    Timestamp::of_micros(micros).to_string()
}

impl note::Model {
    pub(super) fn state_bytes(&self) -> Vec<u8> {
        Json::new()
            .with("changed_at", at(self.changed_at))
            .with("changed_by", self.changed_by.to_string())
            .with("created_at", at(self.created_at))
            .with("created_by", self.created_by.to_string())
            .with("object", self.object_id.to_string())
            .with("object_kind", self.object_kind.as_str())
            .with_some("reason", self.reason.as_deref())
            .with("text", self.body.as_str())
            .with_some("withdrawn_at", self.withdrawn_at.map(at))
            .with_some("withdrawn_by", self.withdrawn_by.map(|id| id.to_string()))
            .to_bytes()
    }

    /// Told in the history of what it stands on, and erased with that.
    fn subject(&self) -> Subject {
        Subject {
            kind: Kind::Note,
            id: self.id,
            root: self.object_id,
            version: u64::try_from(self.version).unwrap_or_default(),
            state: self.state_bytes(),
            content: None,
        }
    }
}

impl TryFrom<note::Model> for Note {
    type Error = DbError;

    fn try_from(row: note::Model) -> Result<Self, DbError> {
        let object = Object::of(&row.object_kind, row.object_id);
        let withdrawn = match (row.withdrawn_at, row.withdrawn_by, row.reason) {
            (Some(at), Some(by), Some(reason)) => Some(Withdrawn {
                at: Timestamp::of_micros(at),
                by: AccountId::of(by),
                reason,
            }),
            (_, _, _) => None,
        };
        Ok(Self {
            id: NoteId::of(row.id),
            version: u64::try_from(row.version).unwrap_or_default(),
            object: object.ok_or_else(|| DbError::Corrupt {
                table: "note",
                key: row.id.to_string(),
                what: "it stands on nothing that there is",
            })?,
            text: row.body,
            created_at: Timestamp::of_micros(row.created_at),
            created_by: AccountId::of(row.created_by),
            changed_at: Timestamp::of_micros(row.changed_at),
            changed_by: AccountId::of(row.changed_by),
            withdrawn,
        })
    }
}

impl From<&Note> for note::Model {
    fn from(note: &Note) -> Self {
        let withdrawn = note.withdrawn.as_ref();
        Self {
            id: note.id.raw(),
            version: i64::try_from(note.version).unwrap_or(i64::MAX),
            object_kind: note.object.kind().to_owned(),
            object_id: note.object.raw(),
            body: note.text.clone(),
            created_at: note.created_at.micros(),
            created_by: note.created_by.raw(),
            changed_at: note.changed_at.micros(),
            changed_by: note.changed_by.raw(),
            withdrawn_at: withdrawn.map(|one| one.at.micros()),
            withdrawn_by: withdrawn.map(|one| one.by.raw()),
            reason: withdrawn.map(|one| one.reason.clone()),
        }
    }
}

/// Adds a note.
pub(super) async fn insert(unit: &mut Unit, new: &Note) -> Result<(), DbError> {
    let row = note::Model::from(new);
    let subject = row.subject();
    let active = note::ActiveModel::from(row).reset_all();
    note::Entity::insert(active)
        .exec_without_returning(unit.tx())
        .await?;
    unit.changed(subject);
    Ok(())
}

/// Writes the next version of a note; refuses one that has moved on.
pub(super) async fn save(unit: &mut Unit, changed: &Note, before: &Note) -> Result<(), DbError> {
    let row = note::Model::from(changed);
    let subject = row.subject();
    let id = row.id;
    let mut active = note::ActiveModel::from(row).reset_all();
    active.id = sea_orm::ActiveValue::NotSet;
    let done = note::Entity::update_many()
        .set(active)
        .filter(note::Column::Id.eq(id))
        .filter(note::Column::Version.eq(i64::try_from(before.version).unwrap_or(i64::MAX)))
        .exec(unit.tx())
        .await?;
    if done.rows_affected != 1 {
        return Err(DbError::Stale);
    }
    unit.changed(subject);
    Ok(())
}

/// One note, whoever asks.
pub(super) async fn find(on: &impl ConnectionTrait, id: NoteId) -> Result<Option<Note>, DbError> {
    let row = note::Entity::find_by_id(id.raw()).one(on).await?;
    row.map(Note::try_from).transpose()
}

/// Which notes of an object a list has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Which {
    /// Those that stand.
    Standing,
    /// Withdrawn ones too.
    All,
}

/// At most `limit` notes on an object behind `after`, the first written first, and whether more follow.
pub(super) async fn page(
    on: &impl ConnectionTrait,
    object: Object,
    which: Which,
    after: Option<Uuid>,
    limit: u64,
) -> Result<(Vec<Note>, bool), DbError> {
    let mut query = note::Entity::find().filter(note::Column::ObjectId.eq(object.raw()));
    if which == Which::Standing {
        query = query.filter(note::Column::WithdrawnAt.is_null());
    }
    if let Some(after) = after {
        query = query.filter(note::Column::Id.gt(after));
    }
    let query = query.order_by_asc(note::Column::Id).limit(limit + 1);
    let mut rows = query.all(on).await?;
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let more = rows.len() > limit;
    rows.truncate(limit);
    let notes: Result<Vec<_>, DbError> = rows.into_iter().map(Note::try_from).collect();
    Ok((notes?, more))
}
