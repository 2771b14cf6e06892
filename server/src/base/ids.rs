//! One type per kind of thing, so that no id is handed to the wrong door. All are `UUIDv7`.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(Uuid);

        impl $name {
            /// A new id, ordered by time.
            #[must_use]
            #[expect(clippy::new_without_default, reason = "a default id would be a new one each time")]
            #[expect(clippy::disallowed_methods, reason = "the one place where ids are made")]
            pub fn new() -> Self {
                Self(Uuid::now_v7())
            }

            /// The id that stands in a row or an event.
            #[must_use]
            pub const fn of(raw: Uuid) -> Self {
                Self(raw)
            }

            /// For a row or an event.
            #[must_use]
            pub const fn raw(self) -> Uuid {
                self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(&self.0, f)
            }
        }

        impl FromStr for $name {
            type Err = uuid::Error;
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Uuid::parse_str(text).map(Self)
            }
        }
    )*};
}

ids! {
    /// A department.
    DepartmentId;
    /// A compartment that hides what stands in it.
    CompartmentId;
    /// A person's or a service's account.
    AccountId;
    /// An inspection: something is opened to an account by itself, for a time.
    InspectionId;
    /// A deputation: who acts for whom, for a time.
    DeputationId;
    /// A function that an account holds.
    HolderId;
    /// A role given to an account.
    GrantId;
    /// A lock: attempts to sign in to an account are slowed down.
    LockId;
    /// A token that speaks for an account.
    TokenId;
    /// A document.
    DocumentId;
    /// One version of a document.
    VersionId;
    /// Something made from a version: its text, later its pictures.
    RenditionId;
    /// An edition of the file plan.
    PlanId;
    /// A unit of the file plan.
    PlanUnitId;
    /// A file (Akte).
    FileId;
    /// A case (Vorgang).
    CaseId;
    /// A hold that stops disposal.
    HoldId;
    /// Who stands on the other side of documents.
    CorrespondentId;
    /// A document type.
    TypeId;
    /// A field that document types carry.
    FieldId;
    /// Content in quarantine.
    QuarantineId;
    /// That what is withheld or in quarantine is destroyed or released.
    ProposalId;
    /// A note on a file, a case or a document.
    NoteId;
    /// What one document is to another.
    RelationId;
    /// A subscription to changes, told by HTTP.
    WebhookId;
    /// One message to a subscriber.
    DeliveryId;
    /// A tablet at a counter.
    TabletId;
    /// A tablet that asks to be paired.
    PairingId;
    /// A document that is shown on a tablet, to be signed.
    SigningJobId;
    /// How the identity of whoever signs was checked.
    IdentityCheckId;
    /// A version of a definition of workflows.
    DefinitionId;
    /// A workflow that runs in a case.
    WorkflowId;
    /// What the system does for a step of a workflow.
    WorkId;
    /// Up to which amount somebody orders.
    OrderLimitId;
    /// What somebody is told of a workflow.
    NoticeId;
    /// A mail about that.
    MailId;
    /// A calendar that somebody subscribes to.
    CalendarFeedId;
    /// One request at the edge.
    RequestId;
    /// One unit of work: what was committed together.
    UnitId;
}
