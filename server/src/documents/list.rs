//! Lists of documents: the right is part of the WHERE clause, so counts and pages agree.

use sea_orm::entity::prelude::*;
use sea_orm::sea_query::{Alias, ExprTrait, Query, SelectStatement};
use sea_orm::{Condition, FromQueryResult, QueryOrder, QuerySelect};

use super::asking::ByField;
use super::model::{Channel, CivilDate, Direction, Document, DocumentError, Parent, State};
use super::rows::{self, document, document_field, document_tag};
use crate::base::db::DbError;
use crate::base::{
    AccountId, Actor, Asked, CaseId, CorrespondentId, DepartmentId, DocumentId, FileId, Right,
    Table, Timestamp,
};
use crate::cases;
use crate::departments::functions;
use crate::types;

/// What a list shall contain.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Of these departments.
    pub departments: Vec<DepartmentId>,
    /// In these states.
    pub states: Vec<State>,
    /// Of these types.
    pub kinds: Vec<String>,
    /// With one of these tags.
    pub tags: Vec<String>,
    /// From or to these.
    pub correspondents: Vec<String>,
    /// From or to one of these, or to whatever was merged into them, as well.
    pub known: Vec<Uuid>,
    /// In these directions.
    pub directions: Vec<Direction>,
    /// By these channels.
    pub channels: Vec<Channel>,
    /// Dated from here on.
    pub dated_from: Option<CivilDate>,
    /// Dated up to and including here.
    pub dated_to: Option<CivilDate>,
    /// Received from here on.
    pub received_from: Option<Timestamp>,
    /// Received before here.
    pub received_before: Option<Timestamp>,
    /// In this case.
    pub case: Option<CaseId>,
    /// In a case of this file.
    pub file: Option<FileId>,
    /// In this inbox.
    pub inbox: Option<Inbox>,
    /// Whether it is registered.
    pub registered: Option<bool>,
    /// What its fields hold; all of them.
    pub by_field: ByField,
    /// Whether components are listed beside what they were taken out of.
    pub components: bool,
}

/// Whose inbox.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Inbox {
    /// Of a person.
    Of(AccountId),
    /// Of the units that the actor sees: what came in and lies with nobody, with a function that was ended or
    /// with somebody who was switched off.
    OfUnits,
}

/// In which order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Order {
    /// The last received first.
    #[default]
    Newest,
    /// The first received first.
    Oldest,
}

/// Behind which document a page begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Place {
    /// When it was received, in microseconds.
    pub received_at: i64,
    /// Its id.
    pub id: uuid::Uuid,
}

impl Place {
    /// The place of a document.
    #[must_use]
    pub const fn of(document: &Document) -> Self {
        Self {
            received_at: document.metadata.received_at.micros(),
            id: document.id.raw(),
        }
    }
}

/// The condition that only lets through that for which the actor has the right.
pub(super) fn visible_to(actor: &Actor, right: Right) -> Condition {
    actor
        .sight(right)
        .on(Table::Document, "document", Asked::Many)
}

/// The same where documents are named one by one.
pub(super) fn visible_among_few(actor: &Actor, right: Right) -> Condition {
    actor
        .sight(right)
        .on(Table::Document, "document", Asked::ByName)
}

/// The document with this id if the actor may see it, as a part of another room's query.
pub(crate) fn visible_with_id(actor: &Actor, id: Expr) -> SelectStatement {
    Query::select()
        .column((document::Entity, document::Column::Id))
        .from(document::Entity)
        .and_where(ExprTrait::eq(document::Column::Id.into_expr(), id))
        .cond_where(visible_among_few(actor, Right::Read))
        .to_owned()
}

/// A document as a line of a list shows it.
#[derive(Debug)]
pub(crate) struct Listed {
    /// The document.
    pub(crate) document: Document,
    /// How many pages its text has.
    pub(crate) pages: u64,
    /// The case in which it stands, with its file.
    pub(crate) filed: Option<cases::Filed>,
    /// What it was taken out of.
    pub(crate) parent: Option<Parent>,
}

#[derive(Debug, FromQueryResult)]
struct LineRow {
    #[sea_orm(nested)]
    document: document::Model,
    pages: Option<i64>,
}

/// The documents among `ids` that the actor may see, as lines of a list.
pub(crate) async fn lines_among(
    on: &impl ConnectionTrait,
    actor: &Actor,
    ids: &[DocumentId],
) -> Result<Vec<Listed>, DocumentError> {
    const PAGES: &str = "(SELECT r.pages FROM document_version v \
        JOIN rendition r ON r.document_version_id = v.id AND r.kind = 'text' \
        WHERE v.document_id = document.id AND v.number = document.content_version \
        ORDER BY r.created_at DESC, r.id DESC LIMIT 1)";
    let wanted = Condition::all()
        .add(visible_among_few(actor, Right::Read))
        .add(document::Column::Id.is_in(ids.iter().map(|id| id.raw())));
    let rows = document::Entity::find()
        .filter(wanted)
        .column_as(Expr::cust(PAGES), "pages")
        .into_model::<LineRow>()
        .all(on)
        .await
        .map_err(DbError::from)?;
    let mut lines = Vec::with_capacity(rows.len());
    for row in rows {
        let pages = row.pages.and_then(|pages| u64::try_from(pages).ok());
        lines.push(Listed {
            document: Document::try_from(row.document)?,
            pages: pages.unwrap_or_default(),
            filed: None,
            parent: None,
        });
    }
    let mut wanted: Vec<_> = lines.iter().filter_map(|line| line.document.case).collect();
    wanted.sort_unstable();
    wanted.dedup();
    let filed = cases::filed(on, &wanted).await?;
    let documents: Vec<_> = lines.iter().map(|line| line.document.clone()).collect();
    let mut parents = rows::parents(on, &documents).await?;
    for line in &mut lines {
        line.filed = line
            .document
            .case
            .and_then(|case| filed.get(&case).cloned());
        line.parent = parents.remove(&line.document.id);
    }
    Ok(lines)
}

/// The documents that changed in records behind `seq` and for which the actor does not have the right
/// now; at most `limit`. Those that have never moved are not asked about.
pub(crate) async fn out_of_sight_since(
    on: &impl ConnectionTrait,
    actor: &Actor,
    right: Right,
    seq: u64,
    limit: u64,
) -> Result<Vec<DocumentId>, DbError> {
    let seq = i64::try_from(seq).unwrap_or(i64::MAX);
    // Written out as in the index on these rows, or the database would not use it.
    let changed = Query::select()
        .column(Alias::new("root_id"))
        .from(Alias::new("audit_subject"))
        .and_where(Expr::col(Alias::new("seq")).gt(seq))
        .and_where(Expr::cust("kind = 'document' AND version > 1"))
        .to_owned();
    let ids: Vec<Uuid> = document::Entity::find()
        .select_only()
        .column(document::Column::Id)
        .filter(document::Column::Id.in_subquery(changed))
        .filter(visible_among_few(actor, right).not())
        .limit(limit)
        .into_tuple()
        .all(on)
        .await?;
    Ok(ids.into_iter().map(DocumentId::of).collect())
}

fn matching(filter: &Filter) -> Condition {
    use document::Column;
    let mut all = Condition::all();
    if !filter.departments.is_empty() {
        all = all.add(Column::DepartmentId.is_in(filter.departments.iter().map(|id| id.raw())));
    }
    if !filter.states.is_empty() {
        all = all.add(Column::State.is_in(filter.states.iter().map(|state| state.code())));
    }
    if !filter.kinds.is_empty() {
        all = all.add(Column::Kind.is_in(filter.kinds.clone()));
    }
    if !filter.correspondents.is_empty() || !filter.known.is_empty() {
        let named = Column::Correspondent.is_in(filter.correspondents.clone());
        let known = Column::CorrespondentId.is_in(filter.known.clone());
        all = all.add(Condition::any().add(named).add(known));
    }
    if !filter.directions.is_empty() {
        all = all.add(Column::Direction.is_in(filter.directions.iter().map(|one| one.code())));
    }
    if !filter.channels.is_empty() {
        all = all.add(Column::Channel.is_in(filter.channels.iter().map(|one| one.code())));
    }
    if !filter.tags.is_empty() {
        let tagged = Query::select()
            .column(document_tag::Column::DocumentId)
            .from(document_tag::Entity)
            .and_where(document_tag::Column::Tag.is_in(filter.tags.clone()))
            .to_owned();
        all = all.add(Column::Id.in_subquery(tagged));
    }
    // Civil dates are kept as YYYY-MM-DD, which sorts as it should.
    if let Some(from) = filter.dated_from {
        all = all.add(Column::DocumentDate.gte(from.to_string()));
    }
    if let Some(to) = filter.dated_to {
        all = all.add(Column::DocumentDate.lte(to.to_string()));
    }
    if let Some(from) = filter.received_from {
        all = all.add(Column::ReceivedAt.gte(from.micros()));
    }
    if let Some(before) = filter.received_before {
        all = all.add(Column::ReceivedAt.lt(before.micros()));
    }
    for (field, wanted) in &filter.by_field {
        all = all.add(Column::Id.in_subquery(holding(field, wanted)));
    }
    if !filter.components {
        all = all.add(Column::ParentId.is_null());
    }
    all.add(placed(filter))
}

/// The documents that hold one of these in a field.
fn holding(field: &str, wanted: &[types::Asked]) -> SelectStatement {
    use document_field::Column;
    let within = |from: Option<i64>, to: Option<i64>| {
        let mut all = Condition::all().add(Column::Number.is_not_null());
        if let Some(from) = from {
            all = all.add(Column::Number.gte(from));
        }
        if let Some(to) = to {
            all = all.add(Column::Number.lte(to));
        }
        all
    };
    let any = wanted
        .iter()
        .map(|one| match one {
            types::Asked::Is(value) => Condition::all().add(Column::Value.eq(value.as_str())),
            types::Asked::Numbers(from, to) => within(*from, *to),
            types::Asked::Days(from, to) => within(from.map(types::day), to.map(types::day)),
        })
        .fold(Condition::any(), Condition::add);
    Query::select()
        .column(Column::DocumentId)
        .from(document_field::Entity)
        .and_where(Column::Field.eq(field))
        .cond_where(any)
        .to_owned()
}

/// The documents that name one of these correspondents.
pub(super) async fn of_correspondents(
    on: &impl ConnectionTrait,
    known: &[Uuid],
) -> Result<Vec<DocumentId>, DbError> {
    let ids: Vec<Uuid> = document::Entity::find()
        .select_only()
        .column(document::Column::Id)
        .filter(document::Column::CorrespondentId.is_in(known.iter().copied()))
        .order_by_asc(document::Column::Id)
        .into_tuple()
        .all(on)
        .await?;
    Ok(ids.into_iter().map(DocumentId::of).collect())
}

/// What a list asks about the place of documents.
fn placed(filter: &Filter) -> Condition {
    use document::Column;
    let mut all = Condition::all();
    if let Some(case) = filter.case {
        all = all.add(Column::CaseId.eq(case.raw()));
    }
    if let Some(file) = filter.file {
        let (table, id, of_file) = (
            Alias::new("record_case"),
            Alias::new("id"),
            Alias::new("file_id"),
        );
        let cases = Query::select()
            .column(id)
            .from(table)
            .and_where(ExprTrait::eq(Expr::col(of_file), file.raw()))
            .to_owned();
        all = all.add(Column::CaseId.in_subquery(cases));
    }
    match filter.inbox {
        Some(Inbox::Of(account)) => all = all.add(Column::InboxId.eq(account.raw())),
        Some(Inbox::OfUnits) => {
            let incoming = Column::State.eq(State::Incoming.code());
            // Nobody looks there any more: what lies with them lies with its department.
            let with_nobody = Condition::any()
                .add(Column::InboxId.is_null())
                .add(Column::InboxId.in_subquery(functions::gone()));
            all = all.add(with_nobody).add(incoming);
        }
        None => {}
    }
    match filter.registered {
        Some(true) => all = all.add(Column::State.eq(State::Registered.code())),
        Some(false) => all = all.add(Column::State.ne(State::Registered.code())),
        None => {}
    }
    all
}

/// One page: at most `limit` documents behind `after`, and whether more follow.
pub async fn page(
    on: &impl ConnectionTrait,
    actor: &Actor,
    filter: &Filter,
    order: Order,
    after: Option<Place>,
    limit: u64,
) -> Result<(Vec<Document>, bool), DocumentError> {
    use document::Column;
    let mut wanted = Condition::all()
        .add(visible_to(actor, Right::Read))
        .add(matching(filter));
    if let Some(place) = after {
        let (time, id) = (Column::ReceivedAt, Column::Id);
        let same = Condition::all().add(time.eq(place.received_at));
        wanted = wanted.add(match order {
            Order::Newest => Condition::any()
                .add(time.lt(place.received_at))
                .add(same.add(id.lt(place.id))),
            Order::Oldest => Condition::any()
                .add(time.gt(place.received_at))
                .add(same.add(id.gt(place.id))),
        });
    }
    let query = document::Entity::find().filter(wanted).limit(limit + 1);
    let query = match order {
        Order::Newest => query
            .order_by_desc(Column::ReceivedAt)
            .order_by_desc(Column::Id),
        Order::Oldest => query
            .order_by_asc(Column::ReceivedAt)
            .order_by_asc(Column::Id),
    };
    let mut rows = query.all(on).await.map_err(DbError::from)?;
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let more = rows.len() > limit;
    rows.truncate(limit);
    let documents: Result<Vec<_>, DbError> = rows.into_iter().map(Document::try_from).collect();
    Ok((documents?, more))
}

/// Who stands on the other side of all documents of a case that the actor may see and that name somebody; nothing
/// where they name several.
pub(crate) async fn correspondent_of_case(
    on: &impl ConnectionTrait,
    actor: &Actor,
    case: CaseId,
) -> Result<Option<CorrespondentId>, DbError> {
    use document::Column;
    let wanted = Condition::all()
        .add(visible_to(actor, Right::Read))
        .add(Column::CaseId.eq(case.raw()))
        .add(Column::State.ne(State::Discarded.code()))
        .add(Column::CorrespondentId.is_not_null());
    let found: Vec<Uuid> = document::Entity::find()
        .select_only()
        .column(Column::CorrespondentId)
        .distinct()
        .filter(wanted)
        .limit(2)
        .into_tuple()
        .all(on)
        .await?;
    Ok(match found.as_slice() {
        [only] => Some(CorrespondentId::of(*only)),
        _ => None,
    })
}

/// How many documents the actor may see that match.
pub async fn count(
    on: &impl ConnectionTrait,
    actor: &Actor,
    filter: &Filter,
) -> Result<u64, DocumentError> {
    let wanted = Condition::all()
        .add(visible_to(actor, Right::Read))
        .add(matching(filter));
    Ok(document::Entity::find()
        .filter(wanted)
        .count(on)
        .await
        .map_err(DbError::from)?)
}

/// The documents among `ids` that the actor may see, in the order of `ids`.
pub(crate) async fn visible_among(
    on: &impl ConnectionTrait,
    actor: &Actor,
    ids: &[DocumentId],
) -> Result<Vec<Document>, DocumentError> {
    let wanted = Condition::all()
        .add(visible_among_few(actor, Right::Read))
        .add(document::Column::Id.is_in(ids.iter().map(|id| id.raw())));
    let rows = document::Entity::find()
        .filter(wanted)
        .all(on)
        .await
        .map_err(DbError::from)?;
    let mut found = std::collections::HashMap::new();
    for row in rows {
        let document = Document::try_from(row)?;
        found.insert(document.id, document);
    }
    Ok(ids.iter().filter_map(|id| found.remove(id)).collect())
}
