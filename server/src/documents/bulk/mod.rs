//! One change of many documents: what it would do to each is shown first, and only that is done.

pub(super) mod http;
mod wire;

use super::filing::{self, Route};
use super::model::{Change, DocumentError, Held, Metadata, TAGS_MAX};
use super::ops;
use crate::base::db::DbError;
use crate::base::{CorrespondentId, DocumentId, Right};
use crate::unit::Unit;

/// Most documents that are changed at once.
pub(super) const DOCUMENTS_MAX: usize = 500;

/// What shall become of each of them.
#[derive(Debug, Clone)]
pub(super) enum Bulk {
    /// What is said about it changes.
    Metadata(Said),
    /// It goes into an inbox of its department: that of an account, or of the department.
    Inbox(Option<String>),
}

/// What is said about all of them from now on: what is `None` stays.
#[derive(Debug, Clone, Default)]
pub(super) struct Said {
    /// A type, or none.
    pub kind: Option<Option<String>>,
    /// Tags that each gets.
    pub add_tags: Vec<String>,
    /// Tags that each loses.
    pub remove_tags: Vec<String>,
    /// A correspondent, or none.
    pub correspondent: Option<Option<String>>,
    /// Who the correspondent is.
    pub correspondent_id: Option<CorrespondentId>,
}

impl Said {
    fn change_of(&self, metadata: &Metadata) -> Result<Change, DocumentError> {
        let mut tags = metadata.tags.clone();
        tags.retain(|tag| !self.remove_tags.contains(tag));
        tags.extend(self.add_tags.iter().cloned());
        tags.sort();
        tags.dedup();
        if tags.len() > TAGS_MAX {
            return Err(DocumentError::TooManyTags);
        }
        Ok(Change {
            kind: self.kind.clone(),
            correspondent: self.correspondent.clone(),
            correspondent_id: self.correspondent_id.map(Some),
            tags: Some(tags),
            ..Change::default()
        })
    }
}

/// Does it to one document, as one record.
async fn one(
    unit: &mut Unit,
    (id, version): (DocumentId, u64),
    bulk: &Bulk,
) -> Result<Held, DocumentError> {
    match bulk {
        Bulk::Metadata(said) => {
            let before = ops::to_change(unit, id, version, Right::Edit).await?;
            let change = said.change_of(&before.metadata)?;
            ops::change(unit, id, version, change).await
        }
        Bulk::Inbox(inbox) => {
            let before = ops::with_right(unit, id, Right::Route).await?;
            let route = Route {
                department: before.department.to_string(),
                inbox: inbox.clone(),
                note: None,
            };
            filing::route(unit, id, version, route).await
        }
    }
}

/// What became, or would become, of one document.
type Outcome = Result<Held, DocumentError>;

/// Why a unit of work with many documents is given up.
#[derive(Debug)]
enum GivenUp {
    /// It was to be seen what it would do.
    Tried(Vec<Outcome>),
    /// One of them was refused, and all or nothing was wanted.
    Refused(Vec<Outcome>),
    /// The database.
    Db(DbError),
}

impl From<DbError> for GivenUp {
    fn from(error: DbError) -> Self {
        Self::Db(error)
    }
}

/// Does it to all of them; what fails by the database alone ends it.
async fn all(
    unit: &mut Unit,
    documents: &[(DocumentId, u64)],
    bulk: &Bulk,
) -> Result<Vec<Outcome>, DbError> {
    let mut outcomes = Vec::with_capacity(documents.len());
    for document in documents {
        match one(unit, *document, bulk).await {
            Err(DocumentError::Db(error)) => return Err(error),
            outcome => outcomes.push(outcome),
        }
    }
    Ok(outcomes)
}
