//! Documents with all their versions, for rooms whose rules speak of them.

use std::collections::HashSet;

use sea_orm::ConnectionTrait;

use super::guard::{self, Judged};
use super::model::{Document, Version};
use super::rows;
use crate::base::db::DbError;
use crate::base::{DocumentId, VersionId};
use crate::unit::Unit;

/// A document with its versions, by number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// The document.
    pub document: Document,
    /// All of its versions.
    pub versions: Vec<Version>,
}

impl Standing {
    /// The version in force.
    #[must_use]
    pub fn in_force(&self) -> Option<&Version> {
        let mut all = self.versions.iter();
        all.find(|one| one.number == self.document.content_version)
    }
}

/// Locks documents until the unit ends, in the order of their ids: who locks several waits for nobody who waits for
/// him. Their cases come after them.
pub async fn lock_all(unit: &Unit, ids: &[DocumentId]) -> Result<(), DbError> {
    let mut ids = ids.to_vec();
    ids.sort_unstable();
    ids.dedup();
    for id in ids {
        rows::find_to_change(unit, id).await?;
    }
    Ok(())
}

/// These documents, whoever asks: the caller has the right. Those that there are not are left out.
pub async fn standing(
    on: &impl ConnectionTrait,
    ids: &[DocumentId],
) -> Result<Vec<Standing>, DbError> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let documents = rows::with_ids(on, ids).await?;
    let versions = rows::versions(on, ids).await?;
    let of = |document: Document| {
        let own = versions.iter().map(|(version, _)| version);
        let own = own.filter(|version| version.document == document.id);
        Standing {
            versions: own.cloned().collect(),
            document,
        }
    };
    Ok(documents.into_iter().map(of).collect())
}

/// Those of these documents of which nothing is left: two people had the content of each version destroyed.
pub async fn destroyed(
    on: &impl ConnectionTrait,
    all: &[Standing],
) -> Result<HashSet<DocumentId>, DbError> {
    let versions = all.iter().flat_map(|one| &one.versions);
    let ids: Vec<VersionId> = versions.map(|version| version.id).collect();
    let judged = guard::all_judged(on, &ids).await?;
    let is_gone = |version: &Version| judged.get(&version.id) == Some(&Judged::Destroyed);
    let gone = all
        .iter()
        .filter(|one| !one.versions.is_empty() && one.versions.iter().all(is_gone));
    Ok(gone.map(|one| one.document.id).collect())
}
