//! Nobody decides in his own matter. Whose matter a document is, workflows say.

use std::collections::{BTreeSet, HashMap, HashSet};
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

/// Of how many versions is asked at once.
const AT_ONCE: usize = 10_000;

/// The documents of versions, each with what it was taken out of.
async fn wholes(
    on: &impl ConnectionTrait,
    versions: &[VersionId],
) -> Result<HashMap<VersionId, Vec<DocumentId>>, DbError> {
    let known = rows::with_documents(on, versions).await?.into_iter();
    Ok(known
        .map(|(version, (_, document))| (version, with_whole(&document)))
        .collect())
}

/// All of these documents, each once.
fn once(wholes: &HashMap<VersionId, Vec<DocumentId>>) -> Vec<DocumentId> {
    let all: BTreeSet<DocumentId> = wholes.values().flatten().copied().collect();
    all.into_iter().collect()
}

impl OwnMatter {
    /// Refuses whoever decides about versions that are his own matter.
    pub(super) async fn refuse(
        self,
        unit: &Unit,
        versions: &[VersionId],
    ) -> Result<(), ProposalError> {
        let documents = once(&wholes(unit.tx(), versions).await?);
        if (self.within)(unit, documents).await?.is_empty() {
            return Ok(());
        }
        Err(ProposalError::OwnMatter)
    }

    /// Those of the versions that are the own matter of an actor, with as many queries for many as for one.
    pub(super) async fn among(
        self,
        on: &DatabaseConnection,
        actor: &Actor,
        versions: &[VersionId],
    ) -> Result<HashSet<VersionId>, DbError> {
        let mut own = HashSet::new();
        for some in versions.chunks(AT_ONCE) {
            let wholes = wholes(on, some).await?;
            let his = (self.durable)(on, actor, once(&wholes)).await?;
            let is_his = |all: &[DocumentId]| all.iter().any(|one| his.contains(one));
            let those = wholes.iter().filter(|(_, all)| is_his(all));
            own.extend(those.map(|(version, _)| *version));
        }
        Ok(own)
    }
}
