//! Rows of relations.

use sea_orm::entity::prelude::*;
use sea_orm::sea_query::IntoColumnRef;
use sea_orm::{Condition, QueryOrder, QuerySelect};

use super::model::{Relation, RelationKind, Withdrawn};
use crate::audit::canonical::Object as Json;
use crate::audit::event::{Kind, Subject};
use crate::base::db::DbError;
use crate::base::{AccountId, Actor, DocumentId, RelationId, Timestamp};
use crate::documents::visible_with_id;
use crate::unit::Unit;

pub(super) mod relation {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "relation")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub version: i64,
        pub kind: String,
        pub source_id: Uuid,
        pub target_id: Uuid,
        /// The lesser of the two: there is one relation of a kind between them, whichever way.
        pub low_id: Uuid,
        /// The greater of the two.
        pub high_id: Uuid,
        pub created_at: i64,
        pub created_by: Uuid,
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

impl relation::Model {
    pub(super) fn state_bytes(&self) -> Vec<u8> {
        Json::new()
            .with("created_at", at(self.created_at))
            .with("created_by", self.created_by.to_string())
            .with("kind", self.kind.as_str())
            .with_some("reason", self.reason.as_deref())
            .with("source", self.source_id.to_string())
            .with("target", self.target_id.to_string())
            .with_some("withdrawn_at", self.withdrawn_at.map(at))
            .with_some("withdrawn_by", self.withdrawn_by.map(|id| id.to_string()))
            .to_bytes()
    }

    /// A root of its own: whoever sees one of the documents does not learn of the other by its history.
    fn subject(&self) -> Subject {
        Subject {
            kind: Kind::Relation,
            id: self.id,
            root: self.id,
            version: u64::try_from(self.version).unwrap_or_default(),
            state: self.state_bytes(),
            content: None,
        }
    }
}

impl TryFrom<relation::Model> for Relation {
    type Error = DbError;

    fn try_from(row: relation::Model) -> Result<Self, DbError> {
        let kind = RelationKind::parse(&row.kind).ok_or_else(|| DbError::Corrupt {
            table: "relation",
            key: row.id.to_string(),
            what: "its kind is none",
        })?;
        let withdrawn = match (row.withdrawn_at, row.withdrawn_by, row.reason) {
            (Some(at), Some(by), Some(reason)) => Some(Withdrawn {
                at: Timestamp::of_micros(at),
                by: AccountId::of(by),
                reason,
            }),
            (_, _, _) => None,
        };
        Ok(Self {
            id: RelationId::of(row.id),
            version: u64::try_from(row.version).unwrap_or_default(),
            kind,
            source: DocumentId::of(row.source_id),
            target: DocumentId::of(row.target_id),
            created_at: Timestamp::of_micros(row.created_at),
            created_by: AccountId::of(row.created_by),
            withdrawn,
        })
    }
}

impl From<&Relation> for relation::Model {
    fn from(one: &Relation) -> Self {
        let withdrawn = one.withdrawn.as_ref();
        let (low, high) = one.pair();
        Self {
            id: one.id.raw(),
            version: i64::try_from(one.version).unwrap_or(i64::MAX),
            kind: one.kind.code().to_owned(),
            source_id: one.source.raw(),
            target_id: one.target.raw(),
            low_id: low.raw(),
            high_id: high.raw(),
            created_at: one.created_at.micros(),
            created_by: one.created_by.raw(),
            withdrawn_at: withdrawn.map(|end| end.at.micros()),
            withdrawn_by: withdrawn.map(|end| end.by.raw()),
            reason: withdrawn.map(|end| end.reason.clone()),
        }
    }
}

/// Adds a relation.
pub(super) async fn insert(unit: &mut Unit, new: &Relation) -> Result<(), DbError> {
    let row = relation::Model::from(new);
    let subject = row.subject();
    let active = relation::ActiveModel::from(row).reset_all();
    relation::Entity::insert(active)
        .exec_without_returning(unit.tx())
        .await?;
    unit.changed(subject);
    Ok(())
}

/// Writes the end of a relation; refuses one that has moved on.
pub(super) async fn end(unit: &mut Unit, ended: &Relation) -> Result<(), DbError> {
    let row = relation::Model::from(ended);
    let done = relation::Entity::update_many()
        .col_expr(relation::Column::Version, row.version.into())
        .col_expr(relation::Column::WithdrawnAt, row.withdrawn_at.into())
        .col_expr(relation::Column::WithdrawnBy, row.withdrawn_by.into())
        .col_expr(relation::Column::Reason, row.reason.clone().into())
        .filter(relation::Column::Id.eq(row.id))
        .filter(relation::Column::Version.eq(row.version - 1))
        .exec(unit.tx())
        .await?;
    if done.rows_affected != 1 {
        return Err(DbError::Stale);
    }
    unit.changed(row.subject());
    Ok(())
}

/// The standing relation of this kind between two documents, whichever way it goes.
pub(super) async fn between(
    on: &impl ConnectionTrait,
    kind: RelationKind,
    (low, high): (DocumentId, DocumentId),
) -> Result<Option<Relation>, DbError> {
    let row = relation::Entity::find()
        .filter(relation::Column::Kind.eq(kind.code()))
        .filter(relation::Column::LowId.eq(low.raw()))
        .filter(relation::Column::HighId.eq(high.raw()))
        .filter(relation::Column::WithdrawnAt.is_null())
        .one(on)
        .await?;
    row.map(Relation::try_from).transpose()
}

/// The condition that the actor may see the document in a column.
fn sees(actor: &Actor, column: relation::Column) -> Expr {
    let id = Expr::col((relation::Entity, column).into_column_ref());
    Expr::exists(visible_with_id(actor, id))
}

/// The condition that the actor may see both documents.
fn visible_to(actor: &Actor) -> Condition {
    Condition::all()
        .add(sees(actor, relation::Column::SourceId))
        .add(sees(actor, relation::Column::TargetId))
}

/// One relation between documents that the actor may see.
pub(super) async fn find(
    on: &impl ConnectionTrait,
    actor: &Actor,
    id: RelationId,
) -> Result<Option<Relation>, DbError> {
    let row = relation::Entity::find_by_id(id.raw())
        .filter(visible_to(actor))
        .one(on)
        .await?;
    row.map(Relation::try_from).transpose()
}

/// Which relations of a document a list has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Which {
    /// Those that stand.
    Standing,
    /// Withdrawn ones too.
    All,
}

/// At most `limit` relations of a document behind `after`, the first made first, and whether more
/// follow: those whose other side the actor may see.
pub(super) async fn page(
    on: &impl ConnectionTrait,
    actor: &Actor,
    document: DocumentId,
    which: Which,
    after: Option<Uuid>,
    limit: u64,
) -> Result<(Vec<Relation>, bool), DbError> {
    let own = Condition::any()
        .add(relation::Column::SourceId.eq(document.raw()))
        .add(relation::Column::TargetId.eq(document.raw()));
    let mut query = relation::Entity::find()
        .filter(own)
        .filter(visible_to(actor));
    if which == Which::Standing {
        query = query.filter(relation::Column::WithdrawnAt.is_null());
    }
    if let Some(after) = after {
        query = query.filter(relation::Column::Id.gt(after));
    }
    let query = query.order_by_asc(relation::Column::Id).limit(limit + 1);
    let mut rows = query.all(on).await?;
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let more = rows.len() > limit;
    rows.truncate(limit);
    let all: Result<Vec<_>, DbError> = rows.into_iter().map(Relation::try_from).collect();
    Ok((all?, more))
}
