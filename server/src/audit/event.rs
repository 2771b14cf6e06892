//! Every sentence that the system can say about itself.

use uuid::Uuid;

use super::{BlobClaim, Target};
use crate::base::DepartmentId;

pub use super::kind::Kind;

/// What happened. Closed: a new action is a new line here, and in `docs/audit-actions.md`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Action {
    /// The log begins.
    LogStart,
    /// Nothing happened for a while; the log says that it is alive.
    LogHeartbeat,
    /// A timestamp authority has stamped a checkpoint.
    LogTimestamp,
    /// The key that signs the log was handed over to another one.
    LogRotateKey,
    /// The clock went back by more than two seconds.
    ClockRegress,
    /// The wrapping keys were rotated.
    KeysRotate,
    /// A key was made for a key domain that had none.
    KeysAdd,
    /// It was asked that the server builds the index anew.
    IndexRebuild,
    /// A department was created.
    DepartmentCreate,
    /// An account was created.
    AccountCreate,
    /// An account's name, password or standing was changed.
    AccountChange,
    /// An account was linked with somebody whom the provider of identities knows.
    AccountLink,
    /// An account is linked with nobody any more.
    AccountUnlink,
    /// A role was given.
    RoleGrant,
    /// A role was asked for that a second person has to approve.
    RolePropose,
    /// A second person approved or confirmed a role.
    RoleApprove,
    /// A role was taken away.
    RoleRevoke,
    /// A department's name or place in the house was changed.
    DepartmentChange,
    /// A compartment was created.
    CompartmentCreate,
    /// A compartment was opened to an account.
    CompartmentGrant,
    /// A compartment was closed to an account.
    CompartmentRevoke,
    /// A function was created.
    FunctionCreate,
    /// A function was ended.
    FunctionEnd,
    /// Somebody was given a function, or that was asked for.
    FunctionGive,
    /// A second person approved that somebody holds a function.
    FunctionApprove,
    /// Somebody holds a function no more.
    FunctionTake,
    /// A deputy was named, for a time.
    DeputationCreate,
    /// A deputation was ended.
    DeputationEnd,
    /// It was asked that something is opened to an account for a time.
    InspectionRequest,
    /// Somebody approved that.
    InspectionApprove,
    /// An inspection was ended, or turned down.
    InspectionEnd,
    /// An administrator asked to read in an emergency.
    EmergencyRequest,
    /// A second administrator approved that.
    EmergencyApprove,
    /// It was ended, or turned down.
    EmergencyEnd,
    /// Its hours were over.
    EmergencyExpire,
    /// Too many attempts to sign in failed: from now on the next has to wait.
    AccountLock,
    /// Whoever was locked out may sign in again.
    AccountUnlock,
    /// A token was issued.
    TokenIssue,
    /// A token was ended.
    TokenRevoke,
    /// An edition of the file plan was put in.
    PlanCreate,
    /// An edition of the file plan was changed.
    PlanChange,
    /// A unit of the file plan was created.
    PlanUnitCreate,
    /// A unit of the file plan was changed.
    PlanUnitChange,
    /// A unit of the file plan was retired.
    PlanUnitRetire,
    /// A file was opened.
    FileOpen,
    /// What is said about a file was changed.
    FileChange,
    /// A file was closed: zu den Akten.
    FileClose,
    /// A closed file was opened again, with a reason.
    FileReopen,
    /// A file got another place in the file plan and another reference.
    FileRefile,
    /// A case was opened.
    CaseOpen,
    /// What is said about a case was changed.
    CaseChange,
    /// A case was closed: zu den Akten.
    CaseClose,
    /// A closed case was opened again, with a reason.
    CaseReopen,
    /// A case was put into another file.
    CaseRefile,
    /// A hold was placed.
    HoldPlace,
    /// A hold was lifted.
    HoldLift,
    /// A correspondent was made, by hand or by a name on a document.
    CorrespondentCreate,
    /// What is said about a correspondent was changed.
    CorrespondentChange,
    /// A correspondent was merged into another one.
    CorrespondentMerge,
    /// A merger was undone.
    CorrespondentSplit,
    /// A document type was made.
    DocumentTypeCreate,
    /// What is said about a document type was changed, or it was taken up again.
    DocumentTypeChange,
    /// A document type was retired.
    DocumentTypeRetire,
    /// A field was made.
    FieldCreate,
    /// What is said about a field was changed, or it was taken up again.
    FieldChange,
    /// A field was retired.
    FieldRetire,
    /// A note was written.
    NoteAdd,
    /// A note got other words.
    NoteChange,
    /// A note was withdrawn, with a reason.
    NoteWithdraw,
    /// It was said what one document is to another.
    RelationCreate,
    /// A relation was withdrawn, with a reason.
    RelationWithdraw,
    /// A document was registered in a case: veraktet.
    DocumentRegister,
    /// A registered document was put into another case.
    DocumentRefile,
    /// The last move of a document was undone.
    DocumentUndo,
    /// An incoming document was handed on to another unit or person.
    DocumentRoute,
    /// A document came in.
    DocumentReceive,
    /// Content was refused because it is a biometric record.
    DocumentRefuse,
    /// A biometric record was found in a version: it is withheld.
    DocumentWithhold,
    /// A document was taken out of another one.
    DocumentComponent,
    /// A document was made of pages of another one.
    DocumentSplit,
    /// A document's metadata were changed.
    DocumentChange,
    /// A document was made of a form.
    FormFill,
    /// A document got a new version.
    VersionAdd,
    /// A document was put aside, with a reason.
    DocumentDiscard,
    /// A document was taken back.
    DocumentRestore,
    /// A version that is locked was opened with its password, which is kept.
    DocumentUnlock,
    /// The text of a version was read, or could not be.
    TextRead,
    /// Content followed its document under the keys of another compartment, or of none.
    ContentMove,
    /// A page was drawn, how large pages are and where their words stand was told, or a copy was made of content; or that
    /// could not be.
    ContentDraw,
    /// Content was put into quarantine.
    DocumentQuarantine,
    /// The key of content in quarantine was destroyed, with a reason.
    QuarantineDiscard,
    /// Two people said that the scanner is wrong about content in quarantine.
    QuarantineRelease,
    /// It was proposed to destroy or to release what is withheld or in quarantine.
    ProposalMake,
    /// A second person approved that.
    ProposalApprove,
    /// It was withdrawn, turned down, or something stood against it.
    ProposalEnd,
    /// What was to be destroyed is gone.
    ProposalDone,
    /// The key of content that was withheld was destroyed.
    ContentDestroy,
    /// Content that was withheld by mistake is given out again.
    ContentRelease,
    /// Openings of this log were erased: those that said which content it was that is destroyed.
    PrivacyErase,
    /// Someone subscribed to changes.
    WebhookCreate,
    /// A subscription was changed, paused or taken up again.
    WebhookChange,
    /// A subscription got a new secret.
    WebhookRotate,
    /// A subscription was ended.
    WebhookEnd,
    /// A subscription was switched off because its receiver failed for too long.
    WebhookSwitchOff,
    /// A test message was asked for.
    WebhookTest,
    /// A message was asked for once more.
    WebhookReplay,
    /// A tablet was paired: its key is known, with a name and a counter.
    TabletPair,
    /// A tablet was revoked, with a reason.
    TabletRevoke,
    /// A clerk works with a tablet from now on, or took it over.
    TabletLease,
    /// A clerk gave a tablet back.
    TabletRelease,
    /// A document was sent to a tablet, to be signed.
    SigningSend,
    /// A tablet showed it, pages were seen, or somebody began to sign.
    SigningProgress,
    /// It was signed, and the sealed document is a new version.
    SigningSign,
    /// Whoever was to sign refused.
    SigningRefuse,
    /// It ended without a signature: cancelled, expired, failed, or the document changed.
    SigningEnd,
    /// The seal was raised by a level, its archive timestamp renewed, or neither for good.
    SigningRaise,
    /// The readable protocol of a signature was filed.
    SigningProtocol,
    /// It was signed on paper instead, and the scan of that was linked.
    SigningPaper,
    /// A clerk recorded how the identity of whoever signs was checked.
    IdentityCheck,
    /// A definition of workflows was proposed.
    WorkflowDefinitionPropose,
    /// Somebody approved it; the second makes it hold.
    WorkflowDefinitionApprove,
    /// One that comes with the program was used for the first time.
    WorkflowDefinitionAdopt,
    /// It was retired: nothing begins by it any more.
    WorkflowDefinitionRetire,
    /// A workflow began in a case.
    WorkflowStart,
    /// Somebody took a step upon himself.
    WorkflowClaim,
    /// He gave it back.
    WorkflowRelease,
    /// A step was done.
    WorkflowComplete,
    /// A step was sent back to an earlier state.
    WorkflowReturn,
    /// A step was skipped.
    WorkflowSkip,
    /// A step was given to somebody else.
    WorkflowDelegate,
    /// Steps were inserted.
    WorkflowInsert,
    /// An inserted step was taken away.
    WorkflowWithdraw,
    /// A step rests until a day.
    WorkflowHold,
    /// It rests no more.
    WorkflowResume,
    /// A deadline was extended.
    WorkflowExtend,
    /// Somebody takes no step any more.
    WorkflowExclude,
    /// The next version of a document was announced as editorial.
    WorkflowEditorial,
    /// Marks became void, since another version is in force, or an editorial one was noted.
    WorkflowLook,
    /// Something happened outside for which a step waited.
    WorkflowEvent,
    /// The system did what a step asked for, or could not.
    WorkflowEffected,
    /// It was broken off.
    WorkflowCancel,
    /// It goes on by another version of its definition.
    WorkflowMigrate,
    /// A step was reminded of.
    WorkflowRemind,
    /// Others were told of a step that is overdue.
    WorkflowEscalate,
    /// A step ended by itself, because its time was over.
    WorkflowLapse,
    /// It was said up to which amount somebody orders.
    OrderLimitGive,
    /// A second person approved that.
    OrderLimitApprove,
    /// It was ended, or turned down.
    OrderLimitEnd,
    /// Somebody has a calendar to subscribe to, at a secret address.
    CalendarFeedCreate,
    /// It was ended.
    CalendarFeedEnd,
}

/// What someone looked at, or tried to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Look {
    /// Someone signed in.
    SignIn,
    /// Someone signed in at the provider of identities.
    SignInByProvider,
    /// Someone could not sign in.
    SignInRefused,
    /// A document's metadata were read.
    ReadDocument,
    /// A file was read.
    ReadFile,
    /// A case was read.
    ReadCase,
    /// A correspondent was read.
    ReadCorrespondent,
    /// A document's content was read.
    ReadContent,
    /// A document's text was read.
    ReadText,
    /// A document's history was read.
    ReadHistory,
    /// A list was read.
    List,
    /// The archive was searched.
    Search,
    /// The change feed was read.
    ReadChanges,
    /// A change of a document was told to a subscriber.
    TellChange,
    /// A change of a file was told to a subscriber.
    TellFile,
    /// A change of a case was told to a subscriber.
    TellCase,
    /// The readable history of a case was written out.
    ExportCase,
    /// The log itself was read.
    ReadLog,
    /// The log was exported.
    ExportLog,
    /// It was read who looked at something.
    ReadLooks,
    /// A request was refused.
    Refused,
}

impl Action {
    /// As it stands in the leaf.
    #[must_use]
    #[expect(clippy::too_many_lines, reason = "one table, to be read in one place")]
    pub const fn code(self) -> &'static str {
        match self {
            Self::LogStart => "log.start",
            Self::LogHeartbeat => "log.heartbeat",
            Self::LogTimestamp => "log.timestamp",
            Self::LogRotateKey => "log.rotate_key",
            Self::ClockRegress => "clock.regress",
            Self::KeysRotate => "keys.rotate",
            Self::KeysAdd => "keys.add",
            Self::IndexRebuild => "index.rebuild",
            Self::DepartmentCreate => "department.create",
            Self::AccountCreate => "account.create",
            Self::AccountChange => "account.change",
            Self::AccountLink => "account.link",
            Self::AccountUnlink => "account.unlink",
            Self::RoleGrant => "role.grant",
            Self::RolePropose => "role.propose",
            Self::RoleApprove => "role.approve",
            Self::RoleRevoke => "role.revoke",
            Self::DepartmentChange => "department.change",
            Self::CompartmentCreate => "compartment.create",
            Self::CompartmentGrant => "compartment.grant",
            Self::CompartmentRevoke => "compartment.revoke",
            Self::FunctionCreate => "function.create",
            Self::FunctionEnd => "function.end",
            Self::FunctionGive => "function.give",
            Self::FunctionApprove => "function.approve",
            Self::FunctionTake => "function.take",
            Self::DeputationCreate => "deputation.create",
            Self::DeputationEnd => "deputation.end",
            Self::InspectionRequest => "inspection.request",
            Self::InspectionApprove => "inspection.approve",
            Self::InspectionEnd => "inspection.end",
            Self::EmergencyRequest => "break_glass.request",
            Self::EmergencyApprove => "break_glass.approve",
            Self::EmergencyEnd => "break_glass.end",
            Self::EmergencyExpire => "break_glass.expire",
            Self::AccountLock => "account.lock",
            Self::AccountUnlock => "account.unlock",
            Self::TokenIssue => "token.issue",
            Self::TokenRevoke => "token.revoke",
            Self::PlanCreate => "plan.create",
            Self::PlanChange => "plan.change",
            Self::PlanUnitCreate => "plan_unit.create",
            Self::PlanUnitChange => "plan_unit.change",
            Self::PlanUnitRetire => "plan_unit.retire",
            Self::FileOpen => "file.open",
            Self::FileChange => "file.change",
            Self::FileClose => "file.close",
            Self::FileReopen => "file.reopen",
            Self::FileRefile => "file.refile",
            Self::CaseOpen => "case.open",
            Self::CaseChange => "case.change",
            Self::CaseClose => "case.close",
            Self::CaseReopen => "case.reopen",
            Self::CaseRefile => "case.refile",
            Self::HoldPlace => "hold.place",
            Self::HoldLift => "hold.lift",
            Self::CorrespondentCreate => "correspondent.create",
            Self::CorrespondentChange => "correspondent.change",
            Self::CorrespondentMerge => "correspondent.merge",
            Self::CorrespondentSplit => "correspondent.split",
            Self::DocumentTypeCreate => "document_type.create",
            Self::DocumentTypeChange => "document_type.change",
            Self::DocumentTypeRetire => "document_type.retire",
            Self::FieldCreate => "field.create",
            Self::FieldChange => "field.change",
            Self::FieldRetire => "field.retire",
            Self::NoteAdd => "note.add",
            Self::NoteChange => "note.change",
            Self::NoteWithdraw => "note.withdraw",
            Self::RelationCreate => "relation.create",
            Self::RelationWithdraw => "relation.withdraw",
            Self::DocumentRegister => "document.register",
            Self::DocumentRefile => "document.refile",
            Self::DocumentUndo => "document.undo",
            Self::DocumentRoute => "document.route",
            Self::DocumentReceive => "document.receive",
            Self::DocumentRefuse => "document.refuse_biometric",
            Self::DocumentWithhold => "document.withhold",
            Self::DocumentComponent => "document.component",
            Self::DocumentSplit => "document.split",
            Self::DocumentChange => "document.change",
            Self::FormFill => "form.fill",
            Self::VersionAdd => "document.version",
            Self::DocumentDiscard => "document.discard",
            Self::DocumentRestore => "document.restore",
            Self::DocumentUnlock => "document.unlock",
            Self::TextRead => "document.text",
            Self::ContentMove => "content.move",
            Self::ContentDraw => "content.draw",
            Self::DocumentQuarantine => "document.quarantine",
            Self::QuarantineDiscard => "quarantine.discard",
            Self::QuarantineRelease => "quarantine.release",
            Self::ProposalMake => "proposal.make",
            Self::ProposalApprove => "proposal.approve",
            Self::ProposalEnd => "proposal.end",
            Self::ProposalDone => "proposal.done",
            Self::ContentDestroy => "content.destroy",
            Self::ContentRelease => "content.release",
            Self::PrivacyErase => "privacy.erase",
            Self::WebhookCreate => "webhook.create",
            Self::WebhookChange => "webhook.change",
            Self::WebhookRotate => "webhook.rotate",
            Self::WebhookEnd => "webhook.end",
            Self::WebhookSwitchOff => "webhook.switch_off",
            Self::WebhookTest => "webhook.test",
            Self::WebhookReplay => "webhook.replay",
            Self::TabletPair => "tablet.pair",
            Self::TabletRevoke => "tablet.revoke",
            Self::TabletLease => "tablet.lease",
            Self::TabletRelease => "tablet.release",
            Self::SigningSend => "signing.send",
            Self::SigningProgress => "signing.progress",
            Self::SigningSign => "signing.sign",
            Self::SigningRefuse => "signing.refuse",
            Self::SigningEnd => "signing.end",
            Self::SigningRaise => "signing.raise",
            Self::SigningProtocol => "signing.protocol",
            Self::SigningPaper => "signing.paper",
            Self::IdentityCheck => "identity.check",
            Self::WorkflowDefinitionPropose => "workflow_definition.propose",
            Self::WorkflowDefinitionApprove => "workflow_definition.approve",
            Self::WorkflowDefinitionAdopt => "workflow_definition.adopt",
            Self::WorkflowDefinitionRetire => "workflow_definition.retire",
            Self::WorkflowStart => "workflow.start",
            Self::WorkflowClaim => "workflow.claim",
            Self::WorkflowRelease => "workflow.release",
            Self::WorkflowComplete => "workflow.complete",
            Self::WorkflowReturn => "workflow.return",
            Self::WorkflowSkip => "workflow.skip",
            Self::WorkflowDelegate => "workflow.delegate",
            Self::WorkflowInsert => "workflow.insert",
            Self::WorkflowWithdraw => "workflow.withdraw",
            Self::WorkflowHold => "workflow.hold",
            Self::WorkflowResume => "workflow.resume",
            Self::WorkflowExtend => "workflow.extend",
            Self::WorkflowExclude => "workflow.exclude",
            Self::WorkflowEditorial => "workflow.editorial",
            Self::WorkflowLook => "workflow.look",
            Self::WorkflowEvent => "workflow.event",
            Self::WorkflowEffected => "workflow.effected",
            Self::WorkflowCancel => "workflow.cancel",
            Self::WorkflowMigrate => "workflow.migrate",
            Self::WorkflowRemind => "workflow.remind",
            Self::WorkflowEscalate => "workflow.escalate",
            Self::WorkflowLapse => "workflow.lapse",
            Self::OrderLimitGive => "order_limit.give",
            Self::OrderLimitApprove => "order_limit.approve",
            Self::OrderLimitEnd => "order_limit.end",
            Self::CalendarFeedCreate => "calendar_feed.create",
            Self::CalendarFeedEnd => "calendar_feed.end",
        }
    }
}

impl Look {
    /// As it stands in the leaf.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::SignIn => "session.open",
            Self::SignInByProvider => "session.open_by_provider",
            Self::SignInRefused => "session.refused",
            Self::ReadDocument => "document.read",
            Self::ReadFile => "file.read",
            Self::ReadCase => "case.read",
            Self::ReadCorrespondent => "correspondent.read",
            Self::ReadContent => "content.read",
            Self::ReadText => "text.read",
            Self::ReadHistory => "history.read",
            Self::List => "documents.list",
            Self::Search => "documents.search",
            Self::ReadChanges => "changes.read",
            Self::TellChange => "changes.tell",
            Self::TellFile => "file.tell",
            Self::TellCase => "case.tell",
            Self::ExportCase => "case.export",
            Self::ReadLog => "log.read",
            Self::ExportLog => "log.export",
            Self::ReadLooks => "looks.read",
            Self::Refused => "request.refused",
        }
    }
}

/// An entity as it stands after the change.
#[derive(Debug, Clone)]
pub struct Subject {
    /// What it is.
    pub kind: Kind,
    /// Its id.
    pub id: Uuid,
    /// What it belongs to: the document of a version, the account of a grant; else itself.
    pub root: Uuid,
    /// Its version after the change.
    pub version: u64,
    /// Its canonical state after the change (JCS).
    pub state: Vec<u8>,
    /// Its content, where it has any.
    pub content: Option<BlobClaim>,
}

/// One thing that happened: a record of the log before it has a number.
#[derive(Debug, Clone)]
pub struct Event {
    /// What happened.
    pub action: Action,
    /// Where.
    pub department: Option<DepartmentId>,
    /// To what.
    pub subjects: Vec<Subject>,
    /// What else belongs to it (JCS): reasons, counts. Committed, not shown, erasable.
    pub context: Option<Vec<u8>>,
    /// Openings that are gone with it; only for [`Action::PrivacyErase`].
    pub targets: Vec<Target>,
}
