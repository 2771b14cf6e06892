//! Documents: types, rules, refusals. No async, no IO, no clock.

use serde::{Deserialize, Serialize};
use thiserror::Error;
use utoipa::ToSchema;

pub(super) use super::batches::{Cut, NotSplit};
pub use crate::base::CivilDate;
use crate::base::db::DbError;
use crate::base::{
    AccountId, CaseId, CompartmentId, CorrespondentId, DepartmentId, DocumentId, Place, Stage,
    Timestamp, VersionId,
};
use crate::cases::{CaseError, Filed};
use crate::ledger::looks::Shown;
use crate::types::{self, Refused, Values};
use indexer::extract::Mail;

/// Longest title, in characters.
pub const TITLE_CHARS_MAX: usize = 300;
/// Longest document type, in characters.
pub const TYPE_CHARS_MAX: usize = 100;
/// Longest name of a correspondent, in characters.
pub const CORRESPONDENT_CHARS_MAX: usize = 200;
/// Longest tag, in characters.
pub const TAG_CHARS_MAX: usize = 60;
/// Most tags on a document.
pub const TAGS_MAX: usize = 50;
/// Longest reference, in characters.
pub const REFERENCE_CHARS_MAX: usize = 100;
/// Most references on a document.
pub const REFERENCES_MAX: usize = 20;
/// Longest reason, in characters.
pub const REASON_CHARS_MAX: usize = 1_000;

/// Which way a document goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// Eingang.
    Incoming,
    /// Ausgang.
    Outgoing,
    /// Intern.
    Internal,
}

/// By which way a document came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Channel {
    /// Briefpost.
    Post,
    /// E-Mail.
    Email,
    /// Scanstelle.
    Scan,
    /// Am Schalter.
    Counter,
    /// Online-Portal.
    Portal,
    /// Fax.
    Fax,
    /// Im Haus entstanden.
    Internal,
    /// Ordnerimport.
    Import,
}

/// Where in its life a document is. Nothing leads back from registered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Eingegangen, noch nicht veraktet.
    Incoming,
    /// Entwurf, noch nicht veraktet.
    Draft,
    /// Veraktet: in einem Vorgang, mit Geschäftszeichen; nur noch neue Fassungen kommen hinzu.
    Registered,
    /// Aussortiert, mit Begründung; kann zurückgeholt werden.
    Discarded,
}

macro_rules! codes {
    ($($name:ident { $($variant:ident = $code:literal),+ $(,)? })+) => {$(
        impl $name {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// As it stands in rows, records and answers.
            #[must_use]
            pub const fn code(self) -> &'static str {
                match self { $(Self::$variant => $code),+ }
            }

            /// Reads what `code` wrote.
            #[must_use]
            pub fn parse(code: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|one| one.code() == code)
            }
        }
    )+};
}

codes! {
    Direction { Incoming = "incoming", Outgoing = "outgoing", Internal = "internal" }
    Channel {
        Post = "post", Email = "email", Scan = "scan", Counter = "counter", Portal = "portal",
        Fax = "fax", Internal = "internal", Import = "import",
    }
    State {
        Incoming = "incoming", Draft = "draft", Registered = "registered", Discarded = "discarded",
    }
}

/// What may be done with a document; the state says whether.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Change any of its metadata.
    Change,
    /// Add a version.
    AddVersion,
    /// Hand it on.
    Route,
    /// Put it aside.
    Discard,
    /// Take it back.
    Restore,
    /// Register it in a case.
    Register,
    /// Move it into another case.
    Refile,
}

impl State {
    /// The state after a step. `None`: this state does not allow it.
    #[must_use]
    pub const fn after(self, step: Step, direction: Direction) -> Option<Self> {
        match (self, step) {
            (Self::Incoming | Self::Draft, Step::Change | Step::AddVersion)
            | (Self::Incoming, Step::Route)
            | (Self::Registered, Step::AddVersion | Step::Refile) => Some(self),
            (Self::Incoming | Self::Draft, Step::Discard) => Some(Self::Discarded),
            (Self::Incoming | Self::Draft, Step::Register) => Some(Self::Registered),
            (Self::Discarded, Step::Restore) => Some(match direction {
                Direction::Incoming => Self::Incoming,
                Direction::Outgoing | Direction::Internal => Self::Draft,
            }),
            (Self::Draft, Step::Route | Step::Refile | Step::Restore)
            | (Self::Incoming, Step::Refile | Step::Restore)
            | (
                Self::Registered,
                Step::Change | Step::Route | Step::Discard | Step::Restore | Step::Register,
            )
            | (
                Self::Discarded,
                Step::Change
                | Step::AddVersion
                | Step::Route
                | Step::Discard
                | Step::Register
                | Step::Refile,
            ) => None,
        }
    }
}

/// What a document gets by being registered, and keeps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Registered {
    /// Geschäftszeichen.
    pub reference: String,
    /// Its number in the case.
    pub ordinal: u64,
    /// When it was registered.
    pub at: Timestamp,
    /// By whom.
    pub by: AccountId,
}

/// What is said about a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Metadata {
    /// Betreff.
    pub title: String,
    /// Dokumenttyp.
    pub kind: Option<String>,
    /// Richtung.
    pub direction: Direction,
    /// Eingangskanal.
    pub channel: Option<Channel>,
    /// Absender or recipient.
    pub correspondent: Option<String>,
    /// Who that is.
    pub correspondent_id: Option<CorrespondentId>,
    /// Datum des Schreibens.
    pub document_date: Option<CivilDate>,
    /// When it legally came in.
    pub received_at: Timestamp,
    /// References on it: ours and those of others.
    pub references: Vec<String>,
    /// Schlagwörter, sorted.
    pub tags: Vec<String>,
    /// What stands in the fields of its type, and in those of types that it had before.
    pub fields: Values,
}

/// A change of metadata: what is `None` stays; what is `Some(None)` is emptied.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Change {
    /// A new title.
    pub title: Option<String>,
    /// A new type.
    pub kind: Option<Option<String>>,
    /// A new direction.
    pub direction: Option<Direction>,
    /// A new channel.
    pub channel: Option<Option<Channel>>,
    /// A new correspondent.
    pub correspondent: Option<Option<String>>,
    /// Who the correspondent is from now on.
    pub correspondent_id: Option<Option<CorrespondentId>>,
    /// A new date.
    pub document_date: Option<Option<CivilDate>>,
    /// A new time of receipt.
    pub received_at: Option<Timestamp>,
    /// New references, all of them.
    pub references: Option<Vec<String>>,
    /// New tags, all of them.
    pub tags: Option<Vec<String>>,
    /// What stands in fields from now on.
    pub fields: types::Change,
}

impl Metadata {
    /// The metadata after `change`, but for its fields: those are read by the rules of the house.
    #[must_use]
    pub fn changed(mut self, change: Change) -> Self {
        let Change {
            title,
            kind,
            direction,
            channel,
            correspondent,
            correspondent_id,
            document_date,
            received_at,
            references,
            tags,
            fields: _,
        } = change;
        self.title = title.unwrap_or(self.title);
        self.kind = kind.unwrap_or(self.kind);
        self.direction = direction.unwrap_or(self.direction);
        self.channel = channel.unwrap_or(self.channel);
        self.correspondent = correspondent.unwrap_or(self.correspondent);
        self.correspondent_id = correspondent_id.unwrap_or(self.correspondent_id);
        self.document_date = document_date.unwrap_or(self.document_date);
        self.received_at = received_at.unwrap_or(self.received_at);
        self.references = references.unwrap_or(self.references);
        self.tags = tags.unwrap_or(self.tags);
        self
    }
}

/// Where a document was taken out: it is a component, and goes with what it was taken out of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// The document out of which it was taken.
    pub parent: DocumentId,
    /// The outermost of those: where that one stands, this one does.
    pub family: DocumentId,
    /// The version out of which it was taken.
    pub taken_from: VersionId,
    /// 1, 2, 3 … in that version.
    pub position: u64,
    /// How deep it lies: 1 in the outermost.
    pub depth: u64,
    /// What it is called there, with its folders.
    pub path: Option<String>,
    /// Whether the outermost has got a newer version since: a party to proceedings is not shown it.
    pub superseded: bool,
}

/// A document as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    /// Its id.
    pub id: DocumentId,
    /// Of which pages of another one it was made.
    pub cut: Option<Cut>,
    /// Out of which other one it was taken.
    pub part: Option<Part>,
    /// Counts every change; the entity tag.
    pub version: u64,
    /// Whose it is.
    pub department: DepartmentId,
    /// The compartment that hides it from whoever may not enter it.
    pub compartment: Option<CompartmentId>,
    /// Where in its life it is.
    pub state: State,
    /// Why it is there, where the state asks for a reason.
    pub reason: Option<String>,
    /// The case in which it stands: once it is registered, or as a draft within a case.
    pub case: Option<CaseId>,
    /// What it got by being registered.
    pub registered: Option<Registered>,
    /// In whose inbox it lies; none: in that of its unit.
    pub inbox: Option<AccountId>,
    /// What is said about it.
    pub metadata: Metadata,
    /// The number of the version in force.
    pub content_version: u64,
    /// When it was put in.
    pub created_at: Timestamp,
    /// By whom.
    pub created_by: AccountId,
    /// When it was last changed.
    pub changed_at: Timestamp,
    /// By whom.
    pub changed_by: AccountId,
}

impl Document {
    /// As a look names it that showed it.
    pub(crate) fn shown(&self) -> Shown {
        Shown {
            kind: "document",
            id: self.id.raw(),
            version: self.version,
            hidden: self.compartment.is_some(),
        }
    }

    /// Where it stands, for rights.
    #[must_use]
    pub fn place(&self) -> Place {
        Place {
            unit: self.department,
            compartment: self.compartment,
            stage: self.stage(),
        }
    }

    /// Whether somebody has it already: it arrives while it lies in the inbox of its unit.
    #[must_use]
    pub fn stage(&self) -> Stage {
        if self.state == State::Incoming && self.inbox.is_none() {
            Stage::Arriving
        } else {
            Stage::Settled
        }
    }
}

/// One version of a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Version {
    /// Its id.
    pub id: VersionId,
    /// The document.
    pub document: DocumentId,
    /// 1, 2, 3 … without holes.
    pub number: u64,
    /// What the content claims to be.
    pub media_type: String,
    /// The name under which it came.
    pub file_name: Option<String>,
    /// SHA-256 of the content.
    pub sha256: [u8; 32],
    /// SHA-512 of the content.
    pub sha512: [u8; 64],
    /// Bytes of the content.
    pub bytes: u64,
    /// When it was put in.
    pub created_at: Timestamp,
    /// By whom.
    pub created_by: AccountId,
}

/// What became of the text of a version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TextInfo {
    /// `readable`, `partly_readable`, `unreadable`; or `pending` while nobody has looked.
    pub state: String,
    /// Why not, where it could not be read.
    pub reason: Option<String>,
    /// Pages that were found.
    pub pages: u64,
    /// What read it, with its version.
    pub engine: String,
    /// How many documents were taken out, of what contains others.
    pub components: Option<u64>,
    /// What else was found.
    pub details: Details,
}

/// What was found in a version besides its text.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Details {
    /// What a mail says of itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mail: Option<Mail>,
    /// What was not taken out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub left_out: Vec<LeftOut>,
    /// Its pages are a cover: it is there for what is attached to it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub portfolio: bool,
}

/// Something that was not taken out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeftOut {
    /// Its name.
    pub name: String,
    /// The name of the reason.
    pub reason: String,
}

/// Longest JSON of [`Details`], in bytes.
const DETAILS_BYTES_MAX: usize = 64 << 10;
/// So much of each list is left where it is longer.
const DETAILS_LISTED: usize = 10;

impl Details {
    /// As it stands in a row; nothing where there is nothing.
    #[must_use]
    pub fn to_json(&self) -> Option<String> {
        if *self == Self::default() {
            return None;
        }
        let json = serde_json::to_string(self).ok()?;
        if json.len() <= DETAILS_BYTES_MAX {
            return Some(json);
        }
        let mut short = self.clone();
        short.left_out.truncate(DETAILS_LISTED);
        if let Some(mail) = &mut short.mail {
            mail.from.truncate(DETAILS_LISTED);
            mail.to.truncate(DETAILS_LISTED);
            mail.cc.truncate(DETAILS_LISTED);
        }
        serde_json::to_string(&short).ok()
    }
}

/// What a component was taken out of, as its lines name it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parent {
    /// Its id.
    pub id: DocumentId,
    /// Betreff.
    pub title: String,
    /// The reference of the outermost, once that is registered.
    pub reference: Option<String>,
    /// The number of the version out of which it was taken.
    pub version: u64,
}

/// A document with the version in force and its text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Held {
    /// The document.
    pub document: Document,
    /// The version in force.
    pub version: Version,
    /// Its text; nothing while it waits.
    pub text: Option<TextInfo>,
    /// The case in which it stands, with its file.
    pub filed: Option<Box<Filed>>,
    /// What it was taken out of.
    pub parent: Option<Box<Parent>>,
}

/// Content that is durable in the store, with what its row will say.
#[derive(Debug, Clone)]
pub struct Kept {
    /// The blob.
    pub blob: storage::Blob,
    /// The digests of its content.
    pub content: storage::ContentDigests,
    /// Bytes that it takes in the store.
    pub stored_bytes: u64,
    /// A blob with the same content whose bytes are lost or whose key is gone: this one takes its place.
    pub instead_of: Option<storage::Sha256Digest>,
}

/// Why something about documents was not done.
#[derive(Debug, Error)]
pub enum DocumentError {
    /// There is no such document, or not for the one who asks.
    #[error("there is no such document")]
    NotFound,
    /// There is no such version.
    #[error("there is no such version")]
    NoVersion,
    /// There is no such department, or not for the one who asks.
    #[error("there is no such department")]
    NoDepartment,
    /// The one who asks may read but not change it.
    #[error("the document may not be changed by this actor")]
    Forbidden,
    /// The one who asks may know of it but not see its content.
    #[error("the content may not be read by this actor")]
    Closed,
    /// The state does not allow it.
    #[error("the document is in a state that does not allow this")]
    State {
        /// The state it is in.
        current: State,
    },
    /// The version given is not the current one.
    #[error("the document was changed meanwhile")]
    Stale {
        /// The current version.
        current: u64,
    },
    /// The change changes nothing.
    #[error("nothing would change")]
    Unchanged,
    /// A registered document keeps what is said about it, but for its tags.
    #[error("a registered document keeps its metadata")]
    Frozen,
    /// A draft goes out or stays in the house.
    #[error("what came in is no draft")]
    NoDraft,
    /// Its type or its fields are not as they must be.
    #[error("fields are not as they must be")]
    Fields(Vec<Refused>),
    /// There is no such correspondent, or not for the one who asks.
    #[error("there is no such correspondent")]
    NoCorrespondent,
    /// There is no such account, or it does not read in that department.
    #[error("there is no such inbox")]
    NoInbox,
    /// It would have more tags than there may be.
    #[error("too many tags")]
    TooManyTags,
    /// A component goes with what it was taken out of, and stays as it was there.
    #[error("a component goes with its parent")]
    Component,
    /// It cannot be split, for this reason.
    #[error("the document cannot be split")]
    NotSplit(NotSplit),
    /// The last change of the document is no move that can be undone.
    #[error("this is no move that can be undone")]
    NoMove,
    /// Something came after the move.
    #[error("something came after the move")]
    CameAfter,
    /// Whoever had it before reads there no longer.
    #[error("who had it before reads there no longer")]
    InboxGone,
    /// Where it was before was erased.
    #[error("where it was before was erased")]
    Lost,
    /// Its case, or the one into which it shall go.
    #[error(transparent)]
    Case(CaseError),
    /// The idempotency key came before; its answer must be read.
    #[error("the idempotency key is taken")]
    KeyTaken,
    /// The text of this version is not there yet.
    #[error("the text is still being read")]
    TextPending,
    /// It is a biometric record, which no archive keeps.
    #[error("the content is a biometric record")]
    Biometric,
    /// A biometric record was found in this version: its content and text are withheld.
    #[error("the version is withheld")]
    Withheld,
    /// Two people had its content destroyed.
    #[error("the content was destroyed")]
    Destroyed,
    /// Content could not be stored or read.
    #[error("the content store failed")]
    Store(#[from] storage::StoreError),
    /// The database.
    #[error(transparent)]
    Db(#[from] DbError),
}

impl From<crate::replay::SaveError> for DocumentError {
    fn from(error: crate::replay::SaveError) -> Self {
        match error {
            crate::replay::SaveError::KeyTaken => Self::KeyTaken,
            crate::replay::SaveError::Db(error) => Self::Db(error),
        }
    }
}

impl From<CaseError> for DocumentError {
    fn from(error: CaseError) -> Self {
        match error {
            CaseError::Db(error) => Self::Db(error),
            other @ (CaseError::NotFound
            | CaseError::NoFile
            | CaseError::NoParent
            | CaseError::Forbidden
            | CaseError::Closed
            | CaseError::Stale { .. }
            | CaseError::Unchanged
            | CaseError::File(_)) => Self::Case(other),
        }
    }
}
