//! Words that belong to no feature: ids, the clock, the one who acts, jobs by name.

pub mod actor;
pub mod clock;
pub mod db;
pub mod ids;
pub mod job;
pub mod tasks;

pub use actor::{Actor, Grant, Role};
pub use clock::{Clock, ManualClock, SystemClock, Timestamp};
pub use ids::{
    AccountId, DepartmentId, DocumentId, GrantId, RenditionId, RequestId, TokenId, UnitId,
    VersionId,
};
pub use job::{Job, JobKind};
pub use tasks::Tasks;
