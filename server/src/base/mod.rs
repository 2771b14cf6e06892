//! Words that belong to no feature: ids, the clock, the one who acts, jobs by name.

pub mod actor;
pub mod behind;
pub mod clock;
pub mod date;
pub mod db;
pub mod ids;
pub mod insert;
pub mod job;
pub mod outbound;
pub mod pattern;
pub mod rights;
pub mod sight;
pub mod tasks;
pub mod tsa;
mod unseen;

pub use actor::{Actor, Grant, Role};
pub use behind::Behind;
pub use clock::{Clock, ManualClock, SetBack, SystemClock, Timestamp};
pub use date::{CivilDate, german_instant};
pub use ids::{
    AccountId, CalendarFeedId, CaseId, CompartmentId, CorrespondentId, DefinitionId, DeliveryId,
    DepartmentId, DeputationId, DocumentId, FieldId, FileId, GrantId, HoldId, HolderId,
    IdentityCheckId, InspectionId, LockId, MailId, NoteId, NoticeId, OrderLimitId, PairingId,
    PlanId, PlanUnitId, ProposalId, QuarantineId, RelationId, RenditionId, RequestId, SigningJobId,
    TabletId, TokenId, TypeId, UnitId, VersionId, WebhookId, WorkId, WorkflowId,
};
pub use job::{Job, JobKind};
pub use rights::{Place, Right, Stage};
pub use sight::{Asked, Sight, Table};
pub use tasks::Tasks;
pub use unseen::steers;
