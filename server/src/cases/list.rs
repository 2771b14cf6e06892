//! Lists of cases: the right is part of the WHERE clause, so counts and pages agree.

use sea_orm::entity::prelude::*;
use sea_orm::sea_query::{ExprTrait, Query, SelectStatement};
use sea_orm::{Condition, QueryOrder, QuerySelect};

use super::model::{Case, CaseError};
use super::rows::record_case;
use crate::base::db::DbError;
use crate::base::{Actor, Asked, CaseId, DepartmentId, FileId, Right, Table};
use crate::files::{tagged, within};

/// What a list shall contain.
#[derive(Debug, Clone, Default)]
pub(super) struct Filter {
    /// In this file.
    pub file: Option<FileId>,
    /// Parts of this case.
    pub parent: Option<CaseId>,
    /// Of these departments.
    pub departments: Vec<DepartmentId>,
    /// In these states.
    pub states: Vec<&'static str>,
    /// Of these types.
    pub kinds: Vec<String>,
    /// With one of these tags.
    pub tags: Vec<String>,
    /// Words in subject or reference; all of them.
    pub words: Option<String>,
}

/// Behind which case a page begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(super) struct After {
    created_at: i64,
    id: Uuid,
}

impl After {
    /// The place of a case.
    pub(super) const fn of(case: &Case) -> Self {
        Self {
            created_at: case.created_at.micros(),
            id: case.id.raw(),
        }
    }
}

/// The condition that only lets through the cases that the actor may see.
fn visible(actor: &Actor, asked: Asked) -> Condition {
    actor
        .sight(Right::Read)
        .on(Table::Case, "record_case", asked)
}

/// The case with this id if the actor may see it, as a part of another room's query.
pub(crate) fn visible_with_id(actor: &Actor, id: Expr) -> SelectStatement {
    use record_case::Column;
    Query::select()
        .column((record_case::Entity, Column::Id))
        .from(record_case::Entity)
        .and_where(ExprTrait::eq(
            Expr::col((record_case::Entity, Column::Id)),
            id,
        ))
        .cond_where(visible(actor, Asked::ByName))
        .to_owned()
}

/// The cases among `ids` that the actor may see.
pub(crate) async fn visible_among(
    on: &impl ConnectionTrait,
    actor: &Actor,
    ids: &[CaseId],
) -> Result<Vec<CaseId>, DbError> {
    use record_case::Column;
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let found: Vec<uuid::Uuid> = record_case::Entity::find()
        .select_only()
        .column(Column::Id)
        .filter(visible(actor, Asked::ByName))
        .filter(Column::Id.is_in(ids.iter().map(|id| id.raw())))
        .into_tuple()
        .all(on)
        .await?;
    Ok(found.into_iter().map(CaseId::of).collect())
}

/// The open cases that the actor may see and register in, and that have one of these references or ids.
pub(crate) async fn open_among(
    on: &impl ConnectionTrait,
    actor: &Actor,
    references: &[String],
    ids: &[CaseId],
) -> Result<Vec<Case>, DbError> {
    use record_case::Column;
    if references.is_empty() && ids.is_empty() {
        return Ok(Vec::new());
    }
    let meant = Condition::any()
        .add(Column::Reference.is_in(references.iter().cloned()))
        .add(Column::Id.is_in(ids.iter().map(|id| id.raw())));
    let may_register = actor
        .sight(Right::Register)
        .on(Table::Case, "record_case", Asked::ByName);
    let found = record_case::Entity::find()
        .filter(visible(actor, Asked::ByName))
        .filter(may_register)
        .filter(meant)
        .filter(Column::State.eq("open"))
        .order_by_asc(Column::Id)
        .all(on)
        .await?;
    found.into_iter().map(Case::try_from).collect()
}

fn matching(actor: &Actor, filter: &Filter) -> Condition {
    use record_case::Column;
    let mut all = Condition::all().add(visible(actor, Asked::Many));
    if let Some(file) = filter.file {
        all = all.add(Column::FileId.eq(file.raw()));
    }
    if let Some(parent) = filter.parent {
        all = all.add(Column::ParentId.eq(parent.raw()));
    }
    if !filter.departments.is_empty() {
        all = all.add(Column::DepartmentId.is_in(filter.departments.iter().map(|id| id.raw())));
    }
    if !filter.states.is_empty() {
        all = all.add(Column::State.is_in(filter.states.clone()));
    }
    if !filter.kinds.is_empty() {
        all = all.add(Column::Kind.is_in(filter.kinds.clone()));
    }
    if !filter.tags.is_empty() {
        all = all.add(tagged(Column::Tags, &filter.tags));
    }
    if let Some(words) = &filter.words {
        all = all.add(within(Column::Folded, words));
    }
    all
}

/// One page: at most `limit` cases behind `after`, the last opened first, and whether more follow.
pub(super) async fn page(
    on: &impl ConnectionTrait,
    actor: &Actor,
    filter: &Filter,
    after: Option<After>,
    limit: u64,
) -> Result<(Vec<Case>, bool), CaseError> {
    use record_case::Column;
    let mut wanted = matching(actor, filter);
    if let Some(place) = after {
        let same = Condition::all()
            .add(Column::CreatedAt.eq(place.created_at))
            .add(Column::Id.lt(place.id));
        let earlier = Condition::any()
            .add(Column::CreatedAt.lt(place.created_at))
            .add(same);
        wanted = wanted.add(earlier);
    }
    let mut found = record_case::Entity::find()
        .filter(wanted)
        .order_by_desc(Column::CreatedAt)
        .order_by_desc(Column::Id)
        .limit(limit + 1)
        .all(on)
        .await
        .map_err(DbError::from)?;
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let more = found.len() > limit;
    found.truncate(limit);
    let cases: Result<Vec<_>, DbError> = found.into_iter().map(Case::try_from).collect();
    Ok((cases?, more))
}

/// How many cases the actor may see that match.
pub(super) async fn count(
    on: &impl ConnectionTrait,
    actor: &Actor,
    filter: &Filter,
) -> Result<u64, CaseError> {
    let wanted = matching(actor, filter);
    let counted = record_case::Entity::find().filter(wanted).count(on).await;
    Ok(counted.map_err(DbError::from)?)
}
