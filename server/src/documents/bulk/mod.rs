//! One change of many documents: what it would do to each is shown first, and only that is done.
//!
//! Invariants: a preview changes nothing and leaves no record; what is done is done in one unit of work, with a
//! record for each document; a document that has moved on since it was looked at is left alone; what goes with
//! them is counted before anything is done.

pub(super) mod http;
mod wire;

use std::collections::BTreeSet;

use super::alike::Alike;
use super::filing::{self, FOLLOWERS_MAX, Route};
use super::model::{
    Change, Channel, CivilDate, Direction, Document, DocumentError, Metadata, TAGS_MAX,
};
use super::{ops, rows};
use crate::base::db::DbError;
use crate::base::{CorrespondentId, DocumentId, Right};
use crate::cases;
use crate::types;
use crate::unit::Unit;

/// Most documents that are changed at once: they are one unit of work, for which all others wait.
pub(super) const DOCUMENTS_MAX: usize = 200;

/// What shall become of each of them.
#[derive(Debug, Clone)]
pub(super) enum Bulk {
    /// What is said about it changes.
    Metadata(Box<Said>),
    /// It goes into an inbox of its department: that of an account, or of the department.
    Inbox(Option<String>),
}

/// What is said about all of them from now on: what is `None` stays.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Said {
    /// A title.
    pub title: Option<String>,
    /// A type, or none.
    pub kind: Option<Option<String>>,
    /// A direction.
    pub direction: Option<Direction>,
    /// A channel, or none.
    pub channel: Option<Option<Channel>>,
    /// A date, or none.
    pub document_date: Option<Option<CivilDate>>,
    /// Tags that each gets.
    pub add_tags: Vec<String>,
    /// Tags that each loses.
    pub remove_tags: Vec<String>,
    /// A correspondent, or none.
    pub correspondent: Option<Option<String>>,
    /// Who the correspondent is.
    pub correspondent_id: Option<CorrespondentId>,
    /// What stands in fields.
    pub fields: types::Change,
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
            title: self.title.clone(),
            kind: self.kind.clone(),
            direction: self.direction,
            channel: self.channel,
            correspondent: self.correspondent.clone(),
            correspondent_id: self.correspondent_id.map(Some),
            document_date: self.document_date,
            tags: Some(tags),
            fields: self.fields.clone(),
            ..Change::default()
        })
    }
}

impl Bulk {
    /// What it takes.
    const fn right(&self) -> Right {
        match self {
            Self::Metadata(_) => Right::Edit,
            Self::Inbox(_) => Right::Route,
        }
    }

    /// Whether what was taken out of a document goes along.
    const fn takes_along(&self) -> bool {
        match self {
            Self::Metadata(_) => false,
            Self::Inbox(_) => true,
        }
    }
}

/// Does it to one document that is locked, as one record.
async fn one(
    unit: &mut Unit,
    alike: &mut Alike,
    before: Document,
    bulk: &Bulk,
) -> Result<Document, DocumentError> {
    match bulk {
        Bulk::Metadata(said) => {
            let change = said.change_of(&before.metadata)?;
            ops::changed(unit, alike, before, change).await
        }
        Bulk::Inbox(inbox) => {
            let route = Route {
                department: before.department.to_string(),
                inbox: inbox.clone(),
                note: None,
            };
            filing::routed(unit, alike, before, route).await
        }
    }
}

/// What became, or would become, of one document.
type Outcome = Result<Document, DocumentError>;

/// Why a unit of work with many documents is given up.
#[derive(Debug)]
enum GivenUp {
    /// It was to be seen what it would do, or one of them was refused.
    Tried(Vec<Outcome>),
    /// The idempotency key came before; its answer must be read.
    KeyTaken,
    /// With what was taken out of them they are more than move in one unit of work.
    TooMany,
    /// The database.
    Db(DbError),
}

impl From<DbError> for GivenUp {
    fn from(error: DbError) -> Self {
        Self::Db(error)
    }
}

/// Refuses what would be no bounded unit of work: each of them may be a mail or an archive. They are locked, so
/// that none is taken out of them meanwhile.
async fn require_few(unit: &Unit, documents: &[DocumentId]) -> Result<(), GivenUp> {
    let followers = rows::count_followers(unit.tx(), documents).await?;
    let own = u64::try_from(documents.len()).unwrap_or(u64::MAX);
    if followers.saturating_add(own) > FOLLOWERS_MAX {
        return Err(GivenUp::TooMany);
    }
    Ok(())
}

/// Does it to all of them; what fails by the database alone ends it. What is refused may have left something
/// behind: then the unit must be given up. They are locked in the order of their ids, and after them their cases in
/// that of theirs, so that two who change the same ones, or others in the same cases, wait for each other and not
/// each for the other.
async fn all(
    unit: &mut Unit,
    documents: &[(DocumentId, u64)],
    bulk: &Bulk,
) -> Result<Vec<Outcome>, GivenUp> {
    let mut alike = Alike::default();
    let mut order: Vec<_> = documents.iter().enumerate().collect();
    order.sort_unstable_by_key(|(_, (id, _))| *id);
    let mut found = Vec::with_capacity(documents.len());
    let mut wanted = BTreeSet::new();
    for (at, (id, version)) in order {
        let before = match ops::to_change(unit, *id, *version, bulk.right()).await {
            Err(DocumentError::Db(error)) => return Err(error.into()),
            before => before,
        };
        if let Ok(before) = &before {
            wanted.extend(before.case);
        }
        found.push((at, before));
    }
    if bulk.takes_along() {
        let moving = found.iter().filter_map(|(_, before)| before.as_ref().ok());
        require_few(unit, &moving.map(|one| one.id).collect::<Vec<_>>()).await?;
    }
    for case in wanted {
        cases::lock(unit, case).await?;
    }
    let mut outcomes = Vec::with_capacity(documents.len());
    for (at, before) in found {
        let outcome = match before {
            Ok(before) => one(unit, &mut alike, before, bulk).await,
            Err(error) => Err(error),
        };
        match outcome {
            Err(DocumentError::Db(error)) => return Err(error.into()),
            outcome => outcomes.push((at, outcome)),
        }
    }
    outcomes.sort_unstable_by_key(|(at, _)| *at);
    Ok(outcomes.into_iter().map(|(_, outcome)| outcome).collect())
}
