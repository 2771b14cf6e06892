//! Parts of batches become documents.

use sea_orm::ConnectionTrait;
use storage::Blob;

use super::model::{Cut, NotSplit, PARTS_MAX, Section};
use crate::audit::canonical::Object;
use crate::audit::event::Action;
use crate::base::db::DbError;
use crate::base::{
    AccountId, CaseId, CompartmentId, DepartmentId, DocumentId, Job, Place, Right, VersionId,
};
use crate::departments;
use crate::documents::looking::LOOKS_MAX;
use crate::documents::model::{Direction, Document, DocumentError, Metadata, State, Version};
use crate::documents::ops::{self, Content, require_filing, require_open_case, to_change};
use crate::documents::{fields, guard, indexing, looking, rows};
use crate::types::Values;
use crate::unit::Unit;

/// By what a batch is split.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum By {
    /// By the separator sheets in it: the system does that, once.
    Sheets,
    /// By somebody who has seen this version of the document.
    Hand {
        /// The version.
        expected: u64,
    },
}

impl By {
    const fn code(self) -> &'static str {
        match self {
            Self::Sheets => "sheets",
            Self::Hand { .. } => "hand",
        }
    }
}

/// A version that may be split by its sheets.
#[derive(Debug)]
pub struct Batch {
    /// The document.
    pub document: DocumentId,
    /// Whose it is.
    pub department: DepartmentId,
    /// Its content.
    pub content: Blob,
    /// The pages of its text, packed.
    pub pages: Blob,
}

/// What there is of a version for splitting it by its sheets. `None`: it is gone, withheld, put aside, in force
/// no longer, was split before, or is itself made of pages of another one.
///
/// # Errors
/// Where its text is there but the key of it is not.
pub async fn to_split(on: &impl ConnectionTrait, id: VersionId) -> Result<Option<Batch>, DbError> {
    let Some((version, content)) = indexing::to_extract(on, id).await? else {
        return Ok(None);
    };
    let Some(document) = rows::find(on, version.document).await? else {
        return Ok(None);
    };
    if guard::is_withheld(on, id).await?
        || may_split(&document, &version).is_err()
        || document.cut.is_some()
        || !rows::pages_cut(on, id).await?.is_empty()
    {
        return Ok(None);
    }
    // Between looking for the text and for its key the text may have followed its document.
    for _ in 0..LOOKS_MAX {
        let texts = rows::texts(on, &[id]).await?;
        let Some((_, _, Some(name))) = texts.into_iter().next() else {
            return Ok(None);
        };
        if let Some(pages) = rows::blob_to_open(on, &name).await? {
            return Ok(Some(Batch {
                document: document.id,
                department: document.department,
                content,
                pages,
            }));
        }
    }
    Err(DbError::Corrupt {
        table: "blob_key",
        key: id.to_string(),
        what: "the key of a text is missing",
    })
}

/// Whether something may be made of the pages of a version.
pub(super) fn may_split(document: &Document, version: &Version) -> Result<(), DocumentError> {
    if version.number != document.content_version {
        return Err(DocumentError::NoVersion);
    }
    match document.state {
        State::Discarded => Err(DocumentError::State {
            current: document.state,
        }),
        // A draft within a case stays there, and what is made of it too.
        State::Draft => Ok(()),
        State::Incoming | State::Registered if document.compartment.is_some() => {
            Err(DocumentError::NotSplit(NotSplit::Compartment))
        }
        State::Incoming | State::Registered => Ok(()),
    }
}

/// Where a part stands when it is made.
#[derive(Debug, Clone, Copy)]
struct Standing {
    department: DepartmentId,
    state: State,
    case: Option<CaseId>,
    compartment: Option<CompartmentId>,
    inbox: Option<AccountId>,
}

impl Standing {
    /// Where the batch stands; what is made of a registered one waits to be registered itself.
    fn of(batch: &Document) -> Self {
        let new = match batch.metadata.direction {
            Direction::Incoming => State::Incoming,
            Direction::Outgoing | Direction::Internal => State::Draft,
        };
        let (state, case, compartment) = match batch.state {
            State::Draft => (State::Draft, batch.case, batch.compartment),
            State::Incoming | State::Registered | State::Discarded => (new, None, None),
        };
        Self {
            department: batch.department,
            state,
            case,
            compartment,
            inbox: batch.inbox.filter(|_| state == State::Incoming),
        }
    }

    const fn place(self) -> Place {
        match self.state {
            State::Incoming => Place::arriving(self.department),
            State::Draft | State::Registered | State::Discarded => {
                Place::settled(self.department, self.compartment)
            }
        }
    }
}

/// Makes a document of each section; the contents stand in the order of the sections, and are durable. The
/// batch is locked and stays as it is.
///
/// # Errors
/// Where somebody was faster, or the batch may be split no longer; by hand also where the actor may not.
pub async fn keep_parts(
    unit: &mut Unit,
    (batch, version): (DocumentId, VersionId),
    by: By,
    parts: Vec<(Section, Content)>,
) -> Result<Vec<Document>, DocumentError> {
    let document = match by {
        By::Sheets => rows::find_to_change(unit, batch).await?,
        By::Hand { expected } => Some(to_change(unit, batch, expected, Right::Edit).await?),
    };
    let document = document.ok_or(DocumentError::NotFound)?;
    let (found, _) = rows::version(unit.tx(), version)
        .await?
        .ok_or(DocumentError::NoVersion)?;
    guard::require_still_open(unit, version).await?;
    may_split(&document, &found)?;
    let standing = Standing::of(&document);
    if let By::Hand { .. } = by {
        let reads = looking::sees(unit.tx(), unit.actor(), Right::ReadContent, &document);
        if !reads.await? {
            return Err(DocumentError::Closed);
        }
        if standing.case.is_none() {
            require_filing(unit.actor(), standing.place())?;
        }
    }
    if standing.case.is_some() {
        require_open_case(unit, &document, Right::Edit).await?;
    }
    require_new(unit, version, by, &parts).await?;
    let mut made = Vec::with_capacity(parts.len());
    for (number, (section, content)) in (1_usize..).zip(parts) {
        let stands = sent(unit, &document, standing, &section).await?;
        let cut = Cut {
            batch,
            version,
            first: section.first,
            last: section.last,
        };
        let metadata = said(unit, &document, (&section, number), by).await?;
        let part = new_part(unit, cut, stands, metadata);
        made.push(add_part(unit, (&part, by), content).await?);
    }
    Ok(made)
}

/// Refuses what was made before, and what is too much.
async fn require_new(
    unit: &Unit,
    version: VersionId,
    by: By,
    parts: &[(Section, Content)],
) -> Result<(), DocumentError> {
    let before = rows::pages_cut(unit.tx(), version).await?;
    if by == By::Sheets && !before.is_empty() {
        return Err(DocumentError::NotSplit(NotSplit::Before));
    }
    let known = |(section, _): &(Section, Content)| before.contains(&(section.first, section.last));
    if parts.iter().any(known) {
        return Err(DocumentError::NotSplit(NotSplit::PartBefore));
    }
    if before.len().saturating_add(parts.len()) > PARTS_MAX {
        return Err(DocumentError::NotSplit(NotSplit::TooMany));
    }
    Ok(())
}

/// Where a part goes: where the batch stands, or to the department that its sheet names, if whoever put the
/// batch in may file there. Paper opens no door to anybody.
async fn sent(
    unit: &Unit,
    batch: &Document,
    standing: Standing,
    section: &Section,
) -> Result<Standing, DocumentError> {
    let Some(wanted) = &section.department else {
        return Ok(standing);
    };
    if standing.state != State::Incoming {
        return Ok(standing);
    }
    let all = departments::departments(unit.tx()).await?;
    let named = all.iter().find(|one| one.slug == *wanted);
    let Some(named) = named.filter(|one| one.id != standing.department) else {
        return Ok(standing);
    };
    let who = departments::actor(unit.tx(), batch.created_by, unit.now(), None).await?;
    if !who.may(Right::Receive, Place::arriving(named.id)) {
        return Ok(standing);
    }
    Ok(Standing {
        department: named.id,
        inbox: None,
        ..standing
    })
}

/// What is said about a part.
async fn said(
    unit: &Unit,
    batch: &Document,
    (section, number): (&Section, usize),
    by: By,
) -> Result<Metadata, DocumentError> {
    let metadata = Metadata {
        title: section.title(&batch.metadata.title, number),
        kind: section.kind.clone(),
        direction: batch.metadata.direction,
        channel: batch.metadata.channel,
        correspondent: None,
        correspondent_id: None,
        document_date: None,
        received_at: batch.metadata.received_at,
        references: Vec::new(),
        tags: Vec::new(),
        fields: Values::new(),
    };
    let untyped = Metadata {
        kind: None,
        ..metadata.clone()
    };
    match fields::of_new(unit.tx(), unit.actor(), metadata).await {
        // A type that is not used any more is no reason to leave a letter in the pile.
        Err(DocumentError::Fields(_)) if by == By::Sheets => Ok(untyped),
        other => other,
    }
}

fn new_part(unit: &Unit, cut: Cut, stands: Standing, metadata: Metadata) -> Document {
    let (now, account) = (unit.now(), unit.actor().account);
    Document {
        id: DocumentId::new(),
        cut: Some(cut),
        part: None,
        version: 1,
        department: stands.department,
        compartment: stands.compartment,
        state: stands.state,
        reason: None,
        case: stands.case,
        registered: None,
        inbox: stands.inbox,
        metadata,
        content_version: 1,
        created_at: now,
        created_by: account,
        changed_at: now,
        changed_by: account,
    }
}

async fn add_part(
    unit: &mut Unit,
    (part, by): (&Document, By),
    content: Content,
) -> Result<Document, DocumentError> {
    let (version, _) = ops::insert(unit, part, content).await?;
    let cut = part.cut.ok_or(DocumentError::NotFound)?;
    let context = Object::new()
        .with("batch", cut.batch.to_string())
        .with("by", by.code())
        .with("first_page", cut.first)
        .with("last_page", cut.last)
        .to_bytes();
    unit.record_with(Action::DocumentSplit, Some(part.department), Some(context));
    unit.enqueue(Job::ExtractText(version.id));
    Ok(part.clone())
}
