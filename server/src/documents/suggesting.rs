//! What suggestions are made of: the words of a document that may still be changed, and what was read of it.

use indexer::extract::Invoice;
use sea_orm::entity::prelude::*;
use sea_orm::{QueryOrder, QuerySelect};
use storage::Storage;

use super::batches;
use super::http::{note, see, store_problem};
use super::invoices;
use super::list::visible_among_few;
use super::looking;
use super::model::{DocumentError, Held, Step};
use super::ops;
use super::rows::document;
use super::text::{Page, Pages, TEXT_BYTES_MAX};
use crate::audit::event::Look;
use crate::base::db::DbError;
use crate::base::{Actor, CaseId, DocumentId, Right};
use crate::http::Problem;
use crate::ledger::looks::Looks;
use crate::unit::Db;

/// What suggestions are made of.
#[derive(Debug)]
pub(crate) struct Basis {
    /// The document.
    pub(crate) held: Held,
    /// The text of its version in force; `None` while that is being read.
    pub(crate) pages: Option<Vec<String>>,
    /// The references that labels on its pages name, each with its page.
    pub(crate) labels: Vec<(u32, String)>,
    /// What it is about as an invoice, where it is one.
    pub(crate) invoice: Option<Invoice>,
}

/// A document with its text, for whoever may change what is said about it and may read it. That is a look at the
/// text, and is recorded as one.
///
/// # Errors
/// 404 for whoever may not know of it, 403 for whoever may not change or not read it, 409 where its state lets
/// nobody change it.
pub(crate) async fn to_suggest(
    (db, storage, looks): (&Db, &Storage, &Looks),
    actor: &Actor,
    id: DocumentId,
) -> Result<Basis, Problem> {
    let seen = see(db, looks, actor, id).await?;
    ops::may_change(actor, &seen.document)?;
    ops::after(&seen.document, Step::Change)?;
    let (held, blob) = match looking::text(db.read(), actor, id).await {
        Ok(found) => found,
        Err(DocumentError::TextPending) => {
            note(looks, actor, Look::ReadDocument, Some(&seen.document)).await?;
            return Ok(Basis {
                held: seen,
                pages: None,
                labels: Vec::new(),
                invoice: None,
            });
        }
        Err(error) => return Err(error.into()),
    };
    note(looks, actor, Look::ReadText, Some(&held.document)).await?;
    let pages: Vec<Page> = match blob {
        Some(blob) => {
            let packed = storage.read(&blob, TEXT_BYTES_MAX).await;
            let packed = packed.map_err(store_problem)?;
            // A long text takes a while, and others are served by this thread.
            let pages = tokio::task::spawn_blocking(move || Pages::unpack(&packed));
            let pages = pages.await.map_err(Problem::internal)?;
            pages.map(|all| all.pages).unwrap_or_default()
        }
        None => Vec::new(),
    };
    let invoice = invoices::read(db.read(), storage, &held).await?;
    let labels = batches::labels(&pages);
    Ok(Basis {
        held,
        pages: Some(pages.into_iter().map(|page| page.text).collect()),
        labels,
        invoice,
    })
}

/// The documents that the actor may see and that have one of these references, each with the case in which it
/// stands.
pub(crate) async fn cases_of_references(
    on: &impl ConnectionTrait,
    actor: &Actor,
    references: &[String],
) -> Result<Vec<(String, CaseId)>, DbError> {
    use document::Column;
    if references.is_empty() {
        return Ok(Vec::new());
    }
    let found: Vec<(Option<String>, Option<Uuid>)> = document::Entity::find()
        .select_only()
        .column(Column::Reference)
        .column(Column::CaseId)
        .filter(visible_among_few(actor, Right::Read))
        .filter(Column::Reference.is_in(references.iter().cloned()))
        .filter(Column::CaseId.is_not_null())
        .order_by_asc(Column::Id)
        .into_tuple()
        .all(on)
        .await?;
    let whole = found
        .into_iter()
        .filter_map(|(reference, case)| Some((reference?, CaseId::of(case?))));
    Ok(whole.collect())
}
