//! What a record can be about.

/// The kinds of entity that a record can be about: one per table with versions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A department.
    Department,
    /// An account.
    Account,
    /// A role given to an account.
    RoleGrant,
    /// A token.
    AccessToken,
    /// That attempts to sign in to an account were slowed down.
    SignInLock,
    /// A compartment.
    Compartment,
    /// A compartment that is open to an account.
    CompartmentGrant,
    /// A deputation.
    Deputation,
    /// That something is opened to an account for a time.
    Inspection,
    /// A function that an account holds.
    FunctionHolder,
    /// An edition of the file plan.
    FilePlan,
    /// A unit of the file plan.
    PlanUnit,
    /// A file.
    File,
    /// A case.
    Case,
    /// A hold.
    Hold,
    /// A document.
    Document,
    /// A version of a document.
    DocumentVersion,
    /// A rendition of a version.
    Rendition,
    /// Who stands on the other side of documents.
    Correspondent,
    /// A document type.
    DocumentType,
    /// A field that document types carry.
    Field,
    /// A note on a file, a case or a document.
    Note,
    /// What one document is to another.
    Relation,
    /// A subscription to changes.
    Webhook,
    /// Content in quarantine.
    Quarantine,
    /// That what is withheld or in quarantine is destroyed or released.
    Proposal,
    /// A tablet at a counter.
    Tablet,
    /// A document that is shown on a tablet.
    SigningJob,
    /// How the identity of whoever signs was checked.
    IdentityCheck,
    /// A definition of workflows.
    WorkflowDefinition,
    /// A workflow that runs in a case.
    Workflow,
    /// Up to which amount somebody orders.
    OrderLimit,
}

impl Kind {
    /// Whether it speaks of people, of units or of what someone may do.
    #[must_use]
    pub const fn is_of_people(self) -> bool {
        match self {
            Self::Department
            | Self::Account
            | Self::RoleGrant
            | Self::AccessToken
            | Self::Compartment
            | Self::CompartmentGrant
            | Self::Deputation
            | Self::Inspection
            | Self::FunctionHolder => true,
            // A lock keeps from signing in and takes nothing from who is signed in.
            Self::SignInLock
            | Self::FilePlan
            | Self::PlanUnit
            | Self::File
            | Self::Case
            | Self::Hold
            | Self::Document
            | Self::DocumentVersion
            | Self::Rendition
            | Self::Correspondent
            | Self::DocumentType
            | Self::Field
            | Self::Note
            | Self::Relation
            | Self::Webhook
            | Self::Quarantine
            | Self::Proposal
            | Self::Tablet
            | Self::SigningJob
            | Self::IdentityCheck
            | Self::WorkflowDefinition
            | Self::Workflow
            | Self::OrderLimit => false,
        }
    }

    /// The table of its rows.
    #[must_use]
    pub const fn table(self) -> &'static str {
        match self {
            Self::File => "record_file",
            Self::Case => "record_case",
            Self::Workflow => "workflow_instance",
            Self::Department
            | Self::Account
            | Self::RoleGrant
            | Self::AccessToken
            | Self::Compartment
            | Self::CompartmentGrant
            | Self::Deputation
            | Self::Inspection
            | Self::SignInLock
            | Self::FunctionHolder
            | Self::FilePlan
            | Self::PlanUnit
            | Self::Hold
            | Self::Document
            | Self::DocumentVersion
            | Self::Rendition
            | Self::Correspondent
            | Self::DocumentType
            | Self::Field
            | Self::Note
            | Self::Relation
            | Self::Webhook
            | Self::Quarantine
            | Self::Proposal
            | Self::Tablet
            | Self::SigningJob
            | Self::IdentityCheck
            | Self::WorkflowDefinition
            | Self::OrderLimit => self.code(),
        }
    }

    /// As it stands in the leaf.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Department => "department",
            Self::Account => "account",
            Self::RoleGrant => "role_grant",
            Self::AccessToken => "access_token",
            Self::Compartment => "compartment",
            Self::CompartmentGrant => "compartment_grant",
            Self::Deputation => "deputation",
            Self::Inspection => "inspection",
            Self::SignInLock => "sign_in_lock",
            Self::FunctionHolder => "function_holder",
            Self::FilePlan => "file_plan",
            Self::PlanUnit => "plan_unit",
            Self::File => "file",
            Self::Case => "case",
            Self::Hold => "hold",
            Self::Document => "document",
            Self::DocumentVersion => "document_version",
            Self::Rendition => "rendition",
            Self::Correspondent => "correspondent",
            Self::DocumentType => "document_type",
            Self::Field => "field",
            Self::Note => "note",
            Self::Relation => "relation",
            Self::Webhook => "webhook",
            Self::Quarantine => "quarantine",
            Self::Proposal => "proposal",
            Self::Tablet => "tablet",
            Self::SigningJob => "signing_job",
            Self::IdentityCheck => "identity_check",
            Self::WorkflowDefinition => "workflow_definition",
            Self::Workflow => "workflow",
            Self::OrderLimit => "order_limit",
        }
    }
}
