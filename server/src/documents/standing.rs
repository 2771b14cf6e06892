//! Documents with all their versions, for rooms whose rules speak of them.

use sea_orm::ConnectionTrait;

use super::model::{Document, Version};
use super::rows;
use crate::base::DocumentId;
use crate::base::db::DbError;

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
