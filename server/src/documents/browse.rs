//! Documents and the words on them by page number, for clients that browse in that way. The right is
//! part of the WHERE clause; what was put aside is not shown.

use sea_orm::entity::prelude::*;
use sea_orm::sea_query::{ExprTrait, Func, LikeExpr, Query, SelectStatement};
use sea_orm::{Condition, DbBackend, FromQueryResult, Order, QueryOrder, QuerySelect};
use storage::Storage;

use super::list::visible_to;
use super::looking;
use super::model::{Document, DocumentError, Held, State};
use super::rows::{document, document_tag, document_version};
use super::text::{Pages, TEXT_BYTES_MAX};
use crate::base::db::DbError;
use crate::base::{Actor, DocumentId, Right};

/// What of a word on documents is wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Choice {
    /// One of these.
    OneOf(Vec<String>),
    /// None of these; none at all will do.
    NoneOf(Vec<String>),
    /// Any.
    Some,
    /// None at all.
    Nothing,
}

/// What of the tags of a document is wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Tagged {
    /// All of these.
    AllOf(Vec<String>),
    /// What is wanted of any other word.
    Word(Choice),
}

/// An instant or a civil date, written as the column holds it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Bound {
    /// Later than this.
    After,
    /// From here on.
    From,
    /// Before this.
    Before,
    /// Up to and including this.
    UpTo,
}

/// Which instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Instant {
    /// When it was put in.
    Added,
    /// When it was last changed.
    Changed,
}

/// One condition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Wanted {
    /// One of these documents.
    Ids(Vec<DocumentId>),
    /// This text within the title.
    TitleHas(String),
    /// This correspondent.
    Correspondent(Choice),
    /// This type.
    Kind(Choice),
    /// These tags.
    Tags(Tagged),
    /// By the date on it, or the day on which it came.
    Dated(Bound, String),
    /// By an instant, in microseconds.
    At(Instant, Bound, i64),
    /// Not registered yet, or registered.
    Unregistered(bool),
    /// Content of this type.
    Media(String),
    /// Content with this SHA-256.
    Content(Vec<u8>),
    /// No document is like this.
    Impossible,
}

/// By what a list is sorted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Key {
    /// The date on it, or the day on which it came.
    Dated,
    /// When it was put in.
    Added,
    /// When it was last changed.
    Changed,
    /// The title.
    Title,
    /// The correspondent.
    Correspondent,
    /// The type.
    Kind,
}

/// The date on a document, or the day (UTC) on which it came: the same text on both databases.
fn dated(backend: DbBackend) -> Expr {
    Expr::cust(if backend == DbBackend::Postgres {
        "coalesce(document.document_date, to_char(to_timestamp(document.received_at / 1000000.0) \
         AT TIME ZONE 'UTC', 'YYYY-MM-DD'))"
    } else {
        "coalesce(document.document_date, strftime('%Y-%m-%d', document.received_at / 1000000, \
         'unixepoch'))"
    })
}

fn bounded(what: Expr, bound: Bound, value: impl Into<Expr>) -> Expr {
    match bound {
        Bound::After => ExprTrait::gt(what, value),
        Bound::From => ExprTrait::gte(what, value),
        Bound::Before => ExprTrait::lt(what, value),
        Bound::UpTo => ExprTrait::lte(what, value),
    }
}

fn chosen(column: document::Column, choice: &Choice) -> Condition {
    let all = Condition::all();
    match choice {
        Choice::OneOf(words) => all.add(column.is_in(words.clone())),
        Choice::NoneOf(words) => Condition::any()
            .add(column.is_null())
            .add(column.is_not_in(words.clone())),
        Choice::Some => all.add(column.is_not_null()),
        Choice::Nothing => all.add(column.is_null()),
    }
}

fn with_tags(words: Option<&[String]>) -> SelectStatement {
    let mut tagged = Query::select();
    tagged
        .column(document_tag::Column::DocumentId)
        .from(document_tag::Entity);
    if let Some(words) = words {
        tagged.and_where(document_tag::Column::Tag.is_in(words.to_vec()));
    }
    tagged.to_owned()
}

fn tagged(wanted: &Tagged) -> Condition {
    let id = document::Column::Id;
    let mut all = Condition::all();
    match wanted {
        Tagged::AllOf(words) => {
            for word in words {
                all = all.add(id.in_subquery(with_tags(Some(std::slice::from_ref(word)))));
            }
            all
        }
        Tagged::Word(Choice::OneOf(words)) => all.add(id.in_subquery(with_tags(Some(words)))),
        Tagged::Word(Choice::NoneOf(words)) => all.add(id.not_in_subquery(with_tags(Some(words)))),
        Tagged::Word(Choice::Some) => all.add(id.in_subquery(with_tags(None))),
        Tagged::Word(Choice::Nothing) => all.add(id.not_in_subquery(with_tags(None))),
    }
}

/// The text within a title in any case: SQLite folds ASCII only, so that the likely spellings are
/// asked for one by one.
fn titled(text: &str) -> Condition {
    let lower = text.to_lowercase();
    let mut first = lower.chars();
    let capital: String = match first.next() {
        Some(one) => one.to_uppercase().chain(first).collect(),
        None => String::new(),
    };
    let mut any = Condition::any();
    let mut spellings = vec![text.to_owned(), lower, capital, text.to_uppercase()];
    spellings.dedup();
    for spelling in spellings {
        let escaped = spelling
            .to_ascii_lowercase()
            .replace('\\', "\\\\")
            .replace('%', "\\%")
            .replace('_', "\\_");
        let pattern = LikeExpr::new(format!("%{escaped}%")).escape('\\');
        any = any.add(
            Expr::expr(Func::lower(document::Column::Title.into_expr())).like(pattern.clone()),
        );
        // PostgreSQL folds all letters, SQLite those of ASCII: what was folded here must meet both.
        let folded = LikeExpr::new(format!("%{}%", escaped.to_lowercase())).escape('\\');
        any = any.add(Expr::expr(Func::lower(document::Column::Title.into_expr())).like(folded));
    }
    any
}

/// The documents whose version in force is like this.
fn with_version(condition: Condition) -> SelectStatement {
    use document_version::Column;
    Query::select()
        .column(Column::DocumentId)
        .from(document_version::Entity)
        .and_where(Expr::cust(
            "document_version.number = document.content_version",
        ))
        .cond_where(condition)
        .to_owned()
}

fn condition(wanted: &Wanted, backend: DbBackend) -> Condition {
    use document::Column;
    let all = Condition::all();
    match wanted {
        Wanted::Ids(ids) => all.add(Column::Id.is_in(ids.iter().map(|id| id.raw()))),
        Wanted::TitleHas(text) => titled(text),
        Wanted::Correspondent(choice) => chosen(Column::Correspondent, choice),
        Wanted::Kind(choice) => chosen(Column::Kind, choice),
        Wanted::Tags(wanted) => tagged(wanted),
        Wanted::Dated(bound, day) => all.add(bounded(dated(backend), *bound, day.as_str())),
        Wanted::At(instant, bound, micros) => {
            let column = match instant {
                Instant::Added => Column::CreatedAt,
                Instant::Changed => Column::ChangedAt,
            };
            all.add(bounded(column.into_expr(), *bound, *micros))
        }
        Wanted::Unregistered(true) => all.add(Column::State.ne(State::Registered.code())),
        Wanted::Unregistered(false) => all.add(Column::State.eq(State::Registered.code())),
        Wanted::Media(media) => {
            let of = document_version::Column::MediaType.eq(media.as_str());
            all.add(Column::Id.in_subquery(with_version(Condition::all().add(of))))
        }
        Wanted::Content(sha256) => {
            let blobs = Query::select()
                .column(super::rows::blob::Column::Name)
                .from(super::rows::blob::Entity)
                .and_where(super::rows::blob::Column::Sha256.eq(sha256.clone()))
                .to_owned();
            let of = document_version::Column::BlobName.in_subquery(blobs);
            all.add(Column::Id.in_subquery(with_version(Condition::all().add(of))))
        }
        Wanted::Impossible => all.add(Expr::cust("1 = 0")),
    }
}

fn shown(actor: &Actor) -> Condition {
    // A component is shown where it is named or found, and not beside what it was taken out of.
    with_components(actor).add(document::Column::ParentId.is_null())
}

fn with_components(actor: &Actor) -> Condition {
    Condition::all()
        .add(visible_to(actor, Right::Read))
        .add(document::Column::State.ne(State::Discarded.code()))
}

fn matching(actor: &Actor, wanted: &[Wanted], backend: DbBackend) -> Condition {
    let conditions = wanted.iter().map(|one| condition(one, backend));
    let named = wanted.iter().any(|one| matches!(one, Wanted::Ids(_)));
    let shown = if named {
        with_components(actor)
    } else {
        shown(actor)
    };
    conditions.fold(shown, Condition::add)
}

/// Which part of a list, and in which order.
#[derive(Debug, Clone)]
pub(crate) struct Window {
    /// By what it is sorted; then by id.
    pub(crate) order: Vec<(Key, Order)>,
    /// How many are passed over.
    pub(crate) offset: u64,
    /// How many are shown.
    pub(crate) limit: u64,
}

/// The documents in a window.
pub(crate) async fn window(
    on: &impl ConnectionTrait,
    actor: &Actor,
    wanted: &[Wanted],
    window: &Window,
) -> Result<Vec<Held>, DocumentError> {
    use document::Column;
    let backend = on.get_database_backend();
    let mut query = document::Entity::find().filter(matching(actor, wanted, backend));
    for (key, order) in &window.order {
        let by = match key {
            Key::Dated => dated(backend),
            Key::Added => Column::CreatedAt.into_expr(),
            Key::Changed => Column::ChangedAt.into_expr(),
            Key::Title => Column::Title.into_expr(),
            Key::Correspondent => {
                Func::coalesce([Column::Correspondent.into_expr(), Expr::val("")]).into()
            }
            Key::Kind => Func::coalesce([Column::Kind.into_expr(), Expr::val("")]).into(),
        };
        query = query.order_by(by, order.clone());
    }
    let last = window
        .order
        .last()
        .map_or(Order::Desc, |(_, order)| order.clone());
    let rows = query
        .order_by(Column::Id, last)
        .offset(window.offset)
        .limit(window.limit)
        .all(on)
        .await
        .map_err(DbError::from)?;
    let documents: Result<Vec<_>, DbError> = rows.into_iter().map(Document::try_from).collect();
    looking::hold(on, documents?).await
}

/// The ids of all documents that match, the newest first.
pub(crate) async fn ids(
    on: &impl ConnectionTrait,
    actor: &Actor,
    wanted: &[Wanted],
) -> Result<Vec<DocumentId>, DbError> {
    let found: Vec<Uuid> = document::Entity::find()
        .select_only()
        .column(document::Column::Id)
        .filter(matching(actor, wanted, on.get_database_backend()))
        .order_by_desc(document::Column::Id)
        .into_tuple()
        .all(on)
        .await?;
    Ok(found.into_iter().map(DocumentId::of).collect())
}

/// How many documents match.
pub(crate) async fn many(
    on: &impl ConnectionTrait,
    actor: &Actor,
    wanted: &[Wanted],
) -> Result<u64, DbError> {
    let wanted = matching(actor, wanted, on.get_database_backend());
    Ok(document::Entity::find().filter(wanted).count(on).await?)
}

/// How many documents there are of each type of content.
pub(crate) async fn media(
    on: &impl ConnectionTrait,
    actor: &Actor,
) -> Result<Vec<(String, i64)>, DbError> {
    let joined = "document_version.document_id = document.id AND \
                  document_version.number = document.content_version";
    let mut query = Query::select();
    query
        .column((
            document_version::Entity,
            document_version::Column::MediaType,
        ))
        .expr(Expr::cust("count(*)"))
        .from(document::Entity)
        .inner_join(document_version::Entity, Expr::cust(joined))
        .cond_where(shown(actor))
        .group_by_col((
            document_version::Entity,
            document_version::Column::MediaType,
        ))
        .order_by_expr(Expr::cust("count(*)"), Order::Desc)
        .order_by(
            (
                document_version::Entity,
                document_version::Column::MediaType,
            ),
            Order::Asc,
        );
    pairs(on, &query).await
}

/// Which words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Words {
    /// Tags.
    Tags,
    /// Correspondents.
    Correspondents,
    /// Types.
    Kinds,
}

/// A word on documents that the actor may see.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Word {
    /// The word.
    pub(crate) name: String,
    /// On how many.
    pub(crate) documents: i64,
    /// When the last of them came, in microseconds.
    pub(crate) last: i64,
}

#[derive(Debug, FromQueryResult)]
struct WordRow {
    name: String,
    documents: i64,
    last: i64,
}

/// The words that stand on documents which the actor may see, in the order of their letters.
pub(crate) async fn words(
    on: &impl ConnectionTrait,
    actor: &Actor,
    which: Words,
) -> Result<Vec<Word>, DbError> {
    let name = match which {
        Words::Tags => document_tag::Column::Tag.into_expr(),
        Words::Correspondents => document::Column::Correspondent.into_expr(),
        Words::Kinds => document::Column::Kind.into_expr(),
    };
    let mut query = Query::select();
    query
        .expr_as(name.clone(), "name")
        .expr_as(Expr::cust("count(*)"), "documents")
        .expr_as(Expr::cust("max(document.received_at)"), "last")
        .from(document::Entity)
        .cond_where(shown(actor));
    if which == Words::Tags {
        let joined = Expr::cust("document_tag.document_id = document.id");
        query.inner_join(document_tag::Entity, joined);
    } else {
        query.and_where(ExprTrait::is_not_null(name.clone()));
    }
    query.add_group_by([name]);
    let rows = on.query_all(&query).await?;
    let mut found = Vec::with_capacity(rows.len());
    for row in rows {
        let row = WordRow::from_query_result(&row, "")?;
        found.push(Word {
            name: row.name,
            documents: row.documents,
            last: row.last,
        });
    }
    // Databases sort by rules of their own.
    found.sort_by(|one, other| {
        let folded = |word: &Word| word.name.to_lowercase();
        (folded(one), &one.name).cmp(&(folded(other), &other.name))
    });
    Ok(found)
}

async fn pairs(
    on: &impl ConnectionTrait,
    query: &SelectStatement,
) -> Result<Vec<(String, i64)>, DbError> {
    let rows = on.query_all(query).await?;
    rows.iter()
        .map(|row| Ok((row.try_get_by_index(0)?, row.try_get_by_index(1)?)))
        .collect()
}

/// The text of the version in force in one piece, of a document whose content the actor may read.
/// `None`: it is still being read, there is none, or it is withheld or destroyed.
pub(crate) async fn plain_text(
    on: &impl ConnectionTrait,
    storage: &Storage,
    actor: &Actor,
    id: DocumentId,
) -> Result<Option<String>, DocumentError> {
    let blob = match looking::text(on, actor, id).await {
        Ok((_, Some(blob))) => blob,
        Ok((_, None))
        | Err(DocumentError::TextPending | DocumentError::Withheld | DocumentError::Destroyed) => {
            return Ok(None);
        }
        Err(error) => return Err(error),
    };
    let packed = storage.read(&blob, TEXT_BYTES_MAX).await?;
    let pages = Pages::unpack(&packed)
        .map(|all| all.pages)
        .unwrap_or_default();
    let texts: Vec<String> = pages.into_iter().map(|page| page.text).collect();
    Ok(Some(texts.join("\n\n")))
}
