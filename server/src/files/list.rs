//! Lists of files: the right is part of the WHERE clause, so counts and pages agree.

use sea_orm::entity::prelude::*;
use sea_orm::sea_query::{Expr, ExprTrait, Func, LikeExpr, Query, SelectStatement};
use sea_orm::{Condition, QueryOrder, QuerySelect};

use super::model::{CaseFile, FileError, words_within};
use super::rows::{self, record_file};
use crate::base::db::DbError;
use crate::base::{Actor, Asked, DepartmentId, FileId, Right, Table};

/// What a list shall contain.
#[derive(Debug, Clone, Default)]
pub(super) struct Filter {
    /// In these units of the plan, by id or mark, and those below them.
    pub plan_units: Vec<String>,
    /// Of these departments.
    pub departments: Vec<DepartmentId>,
    /// In these states.
    pub states: Vec<&'static str>,
    /// Numbered in these years.
    pub years: Vec<i32>,
    /// With one of these tags.
    pub tags: Vec<String>,
    /// Parts of this file.
    pub parent: Option<FileId>,
    /// Words in subject or reference; all of them.
    pub words: Option<String>,
}

/// Behind which file a page begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(super) struct After {
    created_at: i64,
    id: Uuid,
}

impl After {
    /// The place of a file.
    pub(super) const fn of(file: &CaseFile) -> Self {
        Self {
            created_at: file.created_at.micros(),
            id: file.id.raw(),
        }
    }
}

/// The condition that only lets through the files that the actor may see.
fn visible(actor: &Actor, asked: Asked) -> Condition {
    actor
        .sight(Right::Read)
        .on(Table::File, "record_file", asked)
}

/// The file with this id if the actor may see it, as a part of another room's query.
pub(crate) fn visible_with_id(actor: &Actor, id: Expr) -> SelectStatement {
    use record_file::Column;
    Query::select()
        .column((record_file::Entity, Column::Id))
        .from(record_file::Entity)
        .and_where(ExprTrait::eq(
            Expr::col((record_file::Entity, Column::Id)),
            id,
        ))
        .cond_where(visible(actor, Asked::ByName))
        .to_owned()
}

/// The files among `ids` that the actor may see.
pub(crate) async fn visible_among(
    on: &impl ConnectionTrait,
    actor: &Actor,
    ids: &[FileId],
) -> Result<Vec<FileId>, DbError> {
    use record_file::Column;
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let found: Vec<uuid::Uuid> = record_file::Entity::find()
        .select_only()
        .column(Column::Id)
        .filter(visible(actor, Asked::ByName))
        .filter(Column::Id.is_in(ids.iter().map(|id| id.raw())))
        .into_tuple()
        .all(on)
        .await?;
    Ok(found.into_iter().map(FileId::of).collect())
}

/// The condition that one of these tags stands in a list kept as JSON text, letter by letter: LIKE
/// does not tell large letters from small ones on SQLite.
pub(crate) fn tagged<C: ColumnTrait>(column: C, tags: &[String]) -> Condition {
    let mut any = Condition::any();
    for tag in tags {
        let written = serde_json::Value::from(tag.as_str()).to_string();
        let without = Func::cust("replace").args([
            column.into_expr(),
            Expr::val(written),
            Expr::val(String::new()),
        ]);
        any = any.add(ExprTrait::ne(column.into_expr(), without));
    }
    any
}

/// The condition that all words of a question stand in a folded column.
pub(crate) fn within<C: ColumnTrait>(column: C, question: &str) -> Condition {
    let mut all = Condition::all();
    for pattern in words_within(question) {
        all = all.add(column.like(LikeExpr::new(pattern).escape('\\')));
    }
    all
}

async fn matching(
    on: &impl ConnectionTrait,
    actor: &Actor,
    filter: &Filter,
) -> Result<Condition, DbError> {
    use record_file::Column;
    let mut all = Condition::all().add(visible(actor, Asked::Many));
    if !filter.plan_units.is_empty() {
        let mut units = Vec::new();
        for wanted in &filter.plan_units {
            units.extend(rows::units_below(on, wanted).await?);
        }
        all = all.add(Column::PlanUnitId.is_in(units));
    }
    if !filter.departments.is_empty() {
        all = all.add(Column::DepartmentId.is_in(filter.departments.iter().map(|id| id.raw())));
    }
    if !filter.states.is_empty() {
        all = all.add(Column::State.is_in(filter.states.clone()));
    }
    if !filter.years.is_empty() {
        all = all.add(Column::Year.is_in(filter.years.iter().map(|year| i64::from(*year))));
    }
    if !filter.tags.is_empty() {
        all = all.add(tagged(Column::Tags, &filter.tags));
    }
    if let Some(parent) = filter.parent {
        all = all.add(Column::ParentId.eq(parent.raw()));
    }
    if let Some(words) = &filter.words {
        all = all.add(within(Column::Folded, words));
    }
    Ok(all)
}

/// One page: at most `limit` files behind `after`, the last opened first, and whether more follow.
pub(super) async fn page(
    on: &impl ConnectionTrait,
    actor: &Actor,
    filter: &Filter,
    after: Option<After>,
    limit: u64,
) -> Result<(Vec<CaseFile>, bool), FileError> {
    use record_file::Column;
    let mut wanted = matching(on, actor, filter).await?;
    if let Some(place) = after {
        let same = Condition::all()
            .add(Column::CreatedAt.eq(place.created_at))
            .add(Column::Id.lt(place.id));
        let earlier = Condition::any()
            .add(Column::CreatedAt.lt(place.created_at))
            .add(same);
        wanted = wanted.add(earlier);
    }
    let mut found = record_file::Entity::find()
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
    let files: Result<Vec<_>, DbError> = found.into_iter().map(CaseFile::try_from).collect();
    Ok((files?, more))
}

/// How many files the actor may see that match.
pub(super) async fn count(
    on: &impl ConnectionTrait,
    actor: &Actor,
    filter: &Filter,
) -> Result<u64, FileError> {
    let wanted = matching(on, actor, filter).await?;
    let counted = record_file::Entity::find().filter(wanted).count(on).await;
    Ok(counted.map_err(DbError::from)?)
}
