//! Workflows: types and refusals. No async, no IO, no clock.

use thiserror::Error;
use workflow::definition::Complaint;
use workflow::instance::{Instance, Refusal};

use crate::base::db::DbError;
use crate::base::{
    AccountId, CaseId, CompartmentId, DefinitionId, DepartmentId, OrderLimitId, Timestamp,
    WorkflowId,
};
use crate::cases::CaseError;
use crate::documents::{DocumentError, ProposalError};
use crate::inspections::InspectionError;
use crate::refiling::RefilingError;
use crate::retention::RetentionError;

/// Longest reason, in characters.
pub(super) const REASON_CHARS_MAX: usize = 1_000;
/// Longest note or directive, in characters.
pub(super) const NOTE_CHARS_MAX: usize = 4_000;
/// Largest amount, in cents: ten milliard euro.
pub(super) const CENTS_MAX: i64 = 1_000_000_000_000;

/// Somebody did something to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Step {
    /// When.
    pub at: Timestamp,
    /// Who.
    pub by: AccountId,
}

/// Where in its life a definition is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// It waits for two approvals.
    Proposed,
    /// Workflows begin by it.
    Active,
    /// No workflow begins by it any more, or it was turned down.
    Retired,
}

impl Standing {
    /// As it stands in rows, records and answers.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Proposed => "proposed",
            Self::Active => "active",
            Self::Retired => "retired",
        }
    }

    /// Reads what `code` wrote.
    #[must_use]
    pub fn parse(code: &str) -> Option<Self> {
        let mut all = [Self::Proposed, Self::Active, Self::Retired].into_iter();
        all.find(|one| one.code() == code)
    }
}

/// A version of a definition, as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// Its id.
    pub id: DefinitionId,
    /// Counts every change.
    pub version: u64,
    /// The short name of the definition.
    pub code: String,
    /// Its version.
    pub number: u32,
    /// SHA-256 of its source.
    pub sha256: [u8; 32],
    /// Its TOML, as it came.
    pub source: Vec<u8>,
    /// What it is called.
    pub title: String,
    /// Where in its life it is.
    pub standing: Standing,
    /// Whether it came with the program.
    pub shipped: bool,
    /// Who proposed it.
    pub proposed: Step,
    /// The first approval.
    pub first: Option<Step>,
    /// The second one, from which on it holds.
    pub second: Option<Step>,
    /// Who retired it or turned it down.
    pub retired: Option<Step>,
    /// Why.
    pub reason: Option<String>,
}

/// A workflow that runs in a case, or ran.
#[derive(Debug, Clone, PartialEq)]
pub struct Flow {
    /// Its id.
    pub id: WorkflowId,
    /// Counts every change; the entity tag, and the number of the last entry.
    pub version: u64,
    /// The case.
    pub case: CaseId,
    /// The department of the case when it was last changed.
    pub department: DepartmentId,
    /// The compartment of the case when it was last changed.
    pub compartment: Option<CompartmentId>,
    /// When it began.
    pub started_at: Timestamp,
    /// Who began it.
    pub started_by: AccountId,
    /// When it was last changed.
    pub changed_at: Timestamp,
    /// What its events made of it.
    pub instance: Instance,
}

/// Up to which amount somebody orders.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderLimit {
    /// Its id.
    pub id: OrderLimitId,
    /// Counts every change.
    pub version: u64,
    /// The person or the function.
    pub account: AccountId,
    /// The amount, in cents.
    pub cents: i64,
    /// The first day, `YYYY-MM-DD`.
    pub valid_from: String,
    /// The last day.
    pub valid_until: Option<String>,
    /// Who gave it.
    pub given: Step,
    /// Who approved it: from then on it holds.
    pub approved: Option<Step>,
    /// Who ended it.
    pub ended: Option<Step>,
    /// Why it was given.
    pub reason: String,
}

/// What is wrong with a value that was said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wrong {
    /// There is no such field.
    Unknown,
    /// It does not fit the kind of the field.
    Kind(&'static str),
    /// It does not look as it must.
    Pattern {
        /// What it must look like: a regular expression.
        pattern: String,
        /// A text that does.
        example: String,
    },
    /// One of these is expected.
    NotOneOf(Vec<String>),
    /// More characters than allowed.
    TooLong(u64),
    /// More entries than allowed.
    TooMany(u64),
    /// It names nothing, or nothing that the one who asks may know of.
    NotFound,
}

/// A command that was refused by the rules of its workflow.
#[derive(Debug, Clone)]
pub struct Refused {
    /// Why.
    pub refusal: Refusal,
    /// The state of the workflow.
    pub state: String,
    /// The step that was meant, as it is.
    pub step: Option<Told>,
}

/// A step, as somebody is told of it who wanted to take it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// What it is called.
    pub label: String,
    /// Where it is.
    pub status: &'static str,
    /// Who took or claimed it, by name.
    pub who: Option<String>,
    /// When it was done.
    pub at: Option<Timestamp>,
    /// How.
    pub outcome: Option<String>,
    /// The version of the workflow.
    pub version: u64,
}

/// Why something about workflows was not done.
#[derive(Debug, Error)]
pub enum WorkflowError {
    /// There is no such thing, or not for the one who asks.
    #[error("there is no such thing")]
    NotFound,
    /// The case that was named does not exist, or not for the one who asks.
    #[error("there is no such case")]
    NoCase,
    /// The document that was named does not exist, stands in another case, or not for the one who asks.
    #[error("there is no such document")]
    NoDocument,
    /// The one who asks may not do this.
    #[error("this may not be done by this actor")]
    Forbidden,
    /// The token only reads.
    #[error("the token only reads")]
    Scope,
    /// There is no such definition, or none that holds.
    #[error("there is no such definition")]
    NoDefinition,
    /// The case is of another type.
    #[error("the case is of another type")]
    CaseType {
        /// The one that is needed.
        wanted: String,
    },
    /// The case does not stand in the compartment that the definition asks for.
    #[error("the case stands in another compartment")]
    OutsideCompartment,
    /// Such a workflow runs in the case already.
    #[error("such a workflow runs in the case already")]
    Runs {
        /// It.
        existing: WorkflowId,
    },
    /// The same began before: what comes now repeats it.
    #[error("the same began before")]
    Repeats {
        /// What began then.
        existing: WorkflowId,
    },
    /// Another one with the same key began before.
    #[error("another workflow with the same key began before")]
    KeyTaken {
        /// The fields that make the key, as they are called.
        by: Vec<String>,
        /// It, if the one who asks may know of it.
        existing: Option<WorkflowId>,
    },
    /// Somebody is asked who may not enter the compartment of the case.
    #[error("somebody is asked who may not enter the compartment")]
    Outsider {
        /// Who.
        name: String,
    },
    /// Values do not fit.
    #[error("values do not fit")]
    Values(Vec<(String, Wrong)>),
    /// The rules of the workflow refuse it.
    #[error("the rules of the workflow refuse it: {}", .0.refusal)]
    Refused(Box<Refused>),
    /// Another workflow runs in the case that is to be closed.
    #[error("another workflow runs in the case")]
    OtherRuns,
    /// The definition is wrong.
    #[error("the definition is wrong")]
    Complaints(Vec<Complaint>),
    /// There is another definition of this name and version.
    #[error("there is another definition of this name and version")]
    Taken,
    /// It is in another state.
    #[error("it is {current}")]
    State {
        /// The state.
        current: &'static str,
    },
    /// It takes somebody else.
    #[error("it takes somebody else")]
    FourEyes,
    /// The days do not fit.
    #[error("the days do not fit")]
    Days,
    /// The version given is not the current one.
    #[error("it was changed meanwhile")]
    Stale {
        /// The current version.
        current: u64,
    },
    /// The case.
    #[error(transparent)]
    Case(#[from] CaseError),
    /// A document.
    #[error(transparent)]
    Document(#[from] DocumentError),
    /// What is named there is to be sealed, and is no PDF.
    #[error("only a PDF is sealed")]
    NotPdf {
        /// The field.
        field: String,
    },
    /// A workflow by that definition runs with that document already.
    #[error("a workflow runs with that document already")]
    Begun {
        /// It, and the reference of its case, if the one who asks may know of it.
        existing: Option<(WorkflowId, String)>,
    },
    /// The document with which it shall begin stands in another case.
    #[error("the document stands in another case")]
    Elsewhere {
        /// The reference of that case, if the one who asks may know of it.
        reference: Option<String>,
    },
    /// Having a document destroyed.
    #[error(transparent)]
    Proposal(#[from] ProposalError),
    /// Closing the case.
    #[error(transparent)]
    Retention(#[from] RetentionError),
    /// Moving the case into a compartment.
    #[error(transparent)]
    Refiling(#[from] RefilingError),
    /// Opening the case for reading.
    #[error(transparent)]
    Inspection(#[from] InspectionError),
    /// The database.
    #[error(transparent)]
    Db(#[from] DbError),
}
