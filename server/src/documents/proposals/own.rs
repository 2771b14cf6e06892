//! Nobody decides in his own matter. Whose matter a document is, workflows say.

use std::collections::BTreeSet;
use std::future::Future;
use std::pin::Pin;

use sea_orm::{ConnectionTrait, DatabaseConnection};

use super::model::ProposalError;
use crate::base::db::DbError;
use crate::base::{Actor, DocumentId, VersionId};
use crate::documents::model::Document;
use crate::documents::rows;
use crate::unit::Unit;

/// Those that are his own matter.
pub type Asking<'a> = Pin<Box<dyn Future<Output = Result<BTreeSet<DocumentId>, DbError>> + 'a>>;

/// Which of these documents are the own matter of whoever acts. It stands in a room to the right, which says so.
#[derive(Debug, Clone, Copy)]
pub struct OwnMatter {
    /// In a unit of work, of whoever acts in it.
    pub within: for<'a> fn(&'a Unit, Vec<DocumentId>) -> Asking<'a>,
    /// By what is durable.
    pub durable: for<'a> fn(&'a DatabaseConnection, &'a Actor, Vec<DocumentId>) -> Asking<'a>,
}

/// A document, and what it was taken out of: whose matter the letter is, his matter is what lies in it.
pub(super) fn with_whole(document: &Document) -> Vec<DocumentId> {
    let mut all = vec![document.id];
    if let Some(part) = &document.part {
        all.extend([part.parent, part.family]);
    }
    all
}

/// The documents of versions, with what they were taken out of, each once.
async fn documents_of(
    on: &impl ConnectionTrait,
    versions: &[VersionId],
) -> Result<Vec<DocumentId>, DbError> {
    let known = rows::with_documents(on, versions).await?;
    let all = known.values();
    let all: BTreeSet<DocumentId> = all.flat_map(|(_, document)| with_whole(document)).collect();
    Ok(all.into_iter().collect())
}

impl OwnMatter {
    /// Refuses whoever decides about versions that are his own matter.
    pub(super) async fn refuse(
        self,
        unit: &Unit,
        versions: &[VersionId],
    ) -> Result<(), ProposalError> {
        let documents = documents_of(unit.tx(), versions).await?;
        if (self.within)(unit, documents).await?.is_empty() {
            return Ok(());
        }
        Err(ProposalError::OwnMatter)
    }

    /// Whether versions are the own matter of an actor.
    pub(super) async fn is_of(
        self,
        on: &DatabaseConnection,
        actor: &Actor,
        versions: &[VersionId],
    ) -> Result<bool, DbError> {
        let documents = documents_of(on, versions).await?;
        Ok(!(self.durable)(on, actor, documents).await?.is_empty())
    }
}
