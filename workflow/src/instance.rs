//! An instance: what its events made of it. And what can be asked of it, and refused.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use time::Date;

use crate::definition::{DueKind, End, StepKind, Words};

/// An instant, in microseconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Instant(pub i64);

/// A day, as `YYYY-MM-DD`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Day(pub Date);

/// An id that the archive has given: of an account, a document, a case.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Id(pub String);

/// Who is asked to take a step.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum Assigned {
    /// A person.
    Person {
        /// The account.
        account: Id,
    },
    /// Whoever holds a function.
    Function {
        /// Its short name.
        code: String,
    },
    /// Whoever has a role in a department.
    Role {
        /// Its code.
        role: String,
        /// Short name of the department; that of the case, if there is none.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        department: Option<String>,
    },
    /// Whoever may work in the case.
    Anybody,
    /// The system, or an application for it.
    System,
}

/// What a field holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "is", content = "value")]
pub enum Value {
    /// Yes or no.
    YesNo(bool),
    /// A whole number.
    Number(i64),
    /// An amount, in cents.
    Money(i64),
    /// Text, or the entry of a choice.
    Text(String),
    /// A day.
    Day(Day),
    /// A person or a function.
    Who(Assigned),
    /// Several of them.
    Whos(Vec<Assigned>),
    /// A document.
    Document(Id),
}

/// Who did something: the person, and in whose stead or name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Taker {
    /// The account that acted.
    pub account: Id,
    /// The person in whose stead it acted.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub on_behalf_of: Option<Id>,
    /// The function in whose name it acted.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub function: Option<String>,
}

/// An instance.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Instance {
    /// Short name of the definition.
    pub definition: String,
    /// Its version.
    pub definition_version: u32,
    /// SHA-256 of the definition, in hex (I-25).
    pub definition_sha256: String,
    /// The state in which it is.
    pub state: String,
    /// How often a state was entered: each entry makes steps of its own.
    pub round: u32,
    /// How it ended, if it did.
    pub ended: Option<Ended>,
    /// Who began it.
    pub initiator: Taker,
    /// When.
    pub started_at: Instant,
    /// The time of the last event.
    pub changed_at: Instant,
    /// What is known.
    pub fields: BTreeMap<String, Value>,
    /// All steps that there ever were, in the order in which they stand on the routing slip.
    pub steps: Vec<StepState>,
    /// Persons who take no step: Befangenheit, §§ 20 and 21 VwVfG.
    pub excluded: BTreeSet<Id>,
    /// Versions that were announced or taken as editorial, by document.
    pub editorial: BTreeMap<Id, Editorial>,
    /// What was sent, by document: the SHA-512 of the version that was sent.
    pub dispatched: BTreeMap<Id, String>,
    /// In which entry of a state it was sent last: marks up to there stand for what was sent.
    #[serde(default)]
    pub sent_in: BTreeMap<Id, u32>,
    /// How many events made it.
    pub events: u64,
}

/// How it ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ended {
    /// Well or not.
    pub how: End,
    /// When.
    pub at: Instant,
    /// Why, where somebody broke it off.
    pub reason: Option<String>,
}

/// What the final signer has said about versions of a document.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Editorial {
    /// Who announced that the next version is editorial; none once it came.
    pub announced_by: Option<Id>,
    /// The version that was in force then: only the one after it was announced.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub after: Option<Bound>,
    /// SHA-512 of versions that say the same, with that to which the marks were bound.
    pub same: Vec<String>,
    /// SHA-512 of the versions that were editorial themselves: whoever made these has drafted nothing.
    #[serde(default)]
    pub edited: BTreeSet<String>,
}

/// A step on the routing slip.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StepState {
    /// Its number, from 1, in the order in which steps came to be. It never changes.
    pub number: u32,
    /// The key of its definition; of an inserted one `adhoc`.
    pub key: String,
    /// The state for which it was made.
    pub state: String,
    /// Which entry of a state made it.
    pub round: u32,
    /// Its kind.
    pub kind: StepKind,
    /// What it is called.
    pub label: Words,
    /// The mark that it leaves.
    pub mark: String,
    /// The field of kind `document` to whose version in force it binds.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub binds: Option<String>,
    /// Who is asked. Several: it was delegated or escalated to further ones.
    pub assigned: Vec<Assigned>,
    /// Who has claimed it.
    pub claimed: Option<Taker>,
    /// Where it is.
    pub status: StepStatus,
    /// Who inserted it, for what it holds up and what was written (Verfügung).
    pub directive: Option<Directive>,
    /// When it became open.
    pub opened_at: Option<Instant>,
    /// By when.
    pub due: Option<DueState>,
    /// It rests until then (Wiedervorlage).
    pub held_until: Option<Instant>,
    /// How it was done (Bearbeitung). Never changes once it is there.
    pub done: Option<Done>,
    /// Timers of it that have fired.
    pub fired: BTreeSet<String>,
}

/// Where a step is: xdomea 001 to 004, and two more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StepStatus {
    /// Its turn comes.
    Future,
    /// It is to be done.
    Open,
    /// It waits for a step that was inserted before it (Rücksprache).
    Waiting,
    /// It was done.
    Done,
    /// It was done, and a later version made that void.
    Voided,
    /// It was skipped.
    Skipped,
    /// It is asked for no more.
    Withdrawn,
}

/// What was written when a step was inserted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Directive {
    /// By whom.
    pub by: Taker,
    /// When.
    pub at: Instant,
    /// What.
    pub text: Option<String>,
    /// The number of the step that waits for it.
    pub holds: Option<u32>,
}

/// By when a step is to be done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DueState {
    /// The last day; of a deadline in hours the day of that hour.
    pub on: Day,
    /// The first instant at which it is too late.
    pub overdue_at: Instant,
    /// Deadline or appointment.
    pub kind: DueKind,
    /// In words by which rule it was computed, with the version of the calendar (I-24).
    pub rule: String,
    /// What it was before it was extended, oldest first, with who and why.
    pub extended: Vec<Extension>,
    /// When it is reminded.
    pub remind_at: Vec<Instant>,
    /// When others are told, and who.
    pub escalate_at: Vec<(Instant, Assigned)>,
    /// When it ends by itself, and how.
    pub lapse_at: Option<(Instant, String)>,
}

/// A deadline that was extended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Extension {
    /// What it was.
    pub from: Day,
    /// To what.
    pub to: Day,
    /// By whom.
    pub by: Taker,
    /// Why.
    pub reason: String,
}

/// How a step was done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Done {
    /// With which outcome.
    pub outcome: String,
    /// By whom; the system itself has the account `system`.
    pub by: Taker,
    /// When.
    pub at: Instant,
    /// The note (Vermerk), or the reason.
    pub note: Option<String>,
    /// The version to which it is bound.
    pub bound: Option<Bound>,
    /// Documents that belong to it, a statement for instance.
    pub documents: Vec<Id>,
}

/// A version of a document.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bound {
    /// Which document.
    pub document: Id,
    /// Which version.
    pub version: u64,
    /// SHA-512 of its content, in hex.
    pub sha512: String,
}

/// Who acts, as far as the engine must know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Actor {
    /// The account.
    pub account: Id,
    /// The person in whose stead.
    pub on_behalf_of: Option<Id>,
    /// The function in whose name.
    pub function: Option<String>,
    /// The functions that the account holds, or the one in whose stead it acts.
    pub functions: BTreeSet<String>,
    /// The roles: code and short name of the department, those below it included.
    pub roles: BTreeSet<(String, String)>,
    /// Up to how much it may order today, in cents.
    pub limit: Option<i64>,
    /// Whether it may work in the case at all.
    pub works_here: bool,
    /// Whether it is the system itself, or an application that speaks for it.
    pub system: bool,
}

/// What is known of a document now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DocumentState {
    /// Its version in force.
    pub version: u64,
    /// SHA-512 of its content, in hex.
    pub sha512: String,
    /// Who made that version.
    pub author: Id,
    /// Who has made any of its versions.
    pub authors: BTreeSet<Id>,
    /// Whether it is registered.
    pub registered: bool,
    /// Whether that version can change no more.
    pub frozen: bool,
}

/// What the engine cannot know by itself.
pub trait Directory {
    /// Short name of the department of the case.
    fn department(&self) -> &str;
    /// Who leads the department of a person.
    fn manager_of(&self, person: &Id) -> Option<Assigned>;
    /// A document, as it is now.
    fn document(&self, id: &Id) -> Option<&DocumentState>;
    /// Who made which version of a document: SHA-512 and account. Where that is not known in full, nothing:
    /// then whoever made any version counts as its drafter, even if that version was editorial only.
    fn makers(&self, _id: &Id) -> Vec<(String, Id)> {
        Vec::new()
    }
}

/// What is asked of an instance.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "command")]
pub enum Command {
    /// It begins.
    Start {
        /// What is known.
        fields: BTreeMap<String, Value>,
    },
    /// Somebody takes a step upon himself.
    Claim {
        /// Which.
        step: u32,
    },
    /// He gives it back.
    Release {
        /// Which.
        step: u32,
    },
    /// A step is done.
    Complete {
        /// Which.
        step: u32,
        /// How.
        outcome: String,
        /// What was asked.
        #[serde(default)]
        fields: BTreeMap<String, Value>,
        /// A note, or the reason.
        #[serde(default)]
        note: Option<String>,
        /// The version that whoever signs has seen: SHA-512, in hex.
        #[serde(default)]
        seen: Option<String>,
        /// Documents that belong to it.
        #[serde(default)]
        documents: Vec<Id>,
    },
    /// A step goes back to an earlier state.
    Return {
        /// Which.
        step: u32,
        /// Where to.
        to: String,
        /// Why.
        reason: String,
    },
    /// A step is skipped.
    Skip {
        /// Which.
        step: u32,
        /// Why.
        reason: String,
    },
    /// A step is given to somebody else.
    Delegate {
        /// Which.
        step: u32,
        /// To whom.
        to: Assigned,
        /// Why.
        #[serde(default)]
        reason: Option<String>,
    },
    /// A step is inserted.
    Insert {
        /// Before which step; it waits for it if `holds`.
        step: u32,
        /// Of which kind.
        kind: StepKind,
        /// For whom: one step each.
        to: Vec<Assigned>,
        /// What is wanted.
        #[serde(default)]
        text: Option<String>,
        /// By when.
        #[serde(default)]
        due: Option<Day>,
        /// Whether the step waits for it. A consultation always does.
        #[serde(default)]
        holds: bool,
    },
    /// An inserted step that is not done is taken away.
    Withdraw {
        /// Which.
        step: u32,
        /// Why.
        reason: String,
    },
    /// A step rests until a day (Wiedervorlage).
    Hold {
        /// Which.
        step: u32,
        /// Until when.
        until: Day,
        /// Why.
        #[serde(default)]
        reason: Option<String>,
    },
    /// It rests no more.
    Resume {
        /// Which.
        step: u32,
    },
    /// A deadline is extended, which may be done after it has passed (§ 31 VII VwVfG).
    Extend {
        /// Of which step.
        step: u32,
        /// Until when.
        until: Day,
        /// Why.
        reason: String,
    },
    /// Somebody takes no step in this any more: Befangenheit.
    Exclude {
        /// Who.
        person: Id,
        /// Why.
        reason: String,
    },
    /// The next version of a document by whoever says so is editorial: the final signer only.
    Editorial {
        /// Which.
        document: Id,
    },
    /// The versions of documents are looked at: what is bound to another one than is in force becomes void.
    Look,
    /// Something happened outside.
    Event {
        /// What.
        event: String,
        /// With which outcome of the step that waits for it.
        outcome: String,
        /// What is known by it.
        #[serde(default)]
        fields: BTreeMap<String, Value>,
    },
    /// The system has done what a step asked for, or has failed.
    Effected {
        /// Which step.
        step: u32,
        /// How it ended: an outcome of it.
        outcome: String,
        /// What is known by it.
        #[serde(default)]
        fields: BTreeMap<String, Value>,
        /// What there is to say.
        #[serde(default)]
        note: Option<String>,
    },
    /// A timer is due.
    Fire {
        /// Its key.
        timer: String,
    },
    /// It is broken off.
    Cancel {
        /// Why.
        reason: String,
    },
    /// It goes on by another definition, which is given to the engine with it.
    Migrate {
        /// What becomes of the state in which it is.
        states: BTreeMap<String, String>,
        /// Why.
        reason: String,
    },
}

/// What happened to an instance. Whole by itself: no definition is needed to know what it made.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "event")]
pub enum Event {
    /// It began.
    Started {
        /// Short name of the definition.
        definition: String,
        /// Its version.
        version: u32,
        /// Its SHA-256, in hex.
        sha256: String,
        /// By whom.
        by: Taker,
        /// When.
        at: Instant,
        /// What is known.
        fields: BTreeMap<String, Value>,
    },
    /// A state was entered; steps that it had open are withdrawn by events of their own.
    Entered {
        /// Which.
        state: String,
        /// Which entry it is.
        round: u32,
        /// When.
        at: Instant,
    },
    /// A step came to be, open or not.
    StepMade {
        /// It.
        step: Box<StepState>,
        /// Before which number it stands on the routing slip; none: at the end.
        before: Option<u32>,
        /// When.
        at: Instant,
    },
    /// A step became open.
    StepOpened {
        /// Which.
        step: u32,
        /// Who is asked, where that was not known yet when it was made, or others are.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        assigned: Option<Vec<Assigned>>,
        /// By when.
        due: Option<DueState>,
        /// When.
        at: Instant,
    },
    /// A step waits for one that was inserted.
    StepWaits {
        /// Which.
        step: u32,
        /// When.
        at: Instant,
    },
    /// Somebody took it upon himself.
    Claimed {
        /// Which.
        step: u32,
        /// Who.
        by: Taker,
        /// When.
        at: Instant,
    },
    /// He gave it back.
    Released {
        /// Which.
        step: u32,
        /// Who.
        by: Taker,
        /// When.
        at: Instant,
    },
    /// It was done.
    Completed {
        /// Which.
        step: u32,
        /// How.
        done: Done,
    },
    /// It was skipped.
    Skipped {
        /// Which.
        step: u32,
        /// By whom, when and why.
        done: Done,
    },
    /// It is asked for no more.
    Withdrawn {
        /// Which.
        step: u32,
        /// By whom, where somebody did it.
        by: Option<Taker>,
        /// Why.
        reason: Option<String>,
        /// When.
        at: Instant,
    },
    /// A mark became void: another version is in force.
    Voided {
        /// Which step.
        step: u32,
        /// The version in force.
        version: Bound,
        /// When.
        at: Instant,
    },
    /// It was sent back.
    Returned {
        /// Which step.
        step: u32,
        /// To which state.
        to: String,
        /// By whom, when and why.
        done: Done,
    },
    /// It was given to somebody else.
    Delegated {
        /// Which.
        step: u32,
        /// To whom.
        to: Assigned,
        /// By whom.
        by: Taker,
        /// Why.
        reason: Option<String>,
        /// When.
        at: Instant,
    },
    /// It rests.
    Held {
        /// Which.
        step: u32,
        /// Until when.
        until: Instant,
        /// By whom.
        by: Taker,
        /// Why.
        reason: Option<String>,
        /// When.
        at: Instant,
    },
    /// It rests no more.
    Resumed {
        /// Which.
        step: u32,
        /// By whom; none: its time has come.
        by: Option<Taker>,
        /// When.
        at: Instant,
    },
    /// A deadline was extended.
    Extended {
        /// Of which step.
        step: u32,
        /// By when now.
        due: DueState,
        /// When.
        at: Instant,
    },
    /// Somebody takes no step any more.
    Excluded {
        /// Who.
        person: Id,
        /// By whom.
        by: Taker,
        /// Why.
        reason: String,
        /// When.
        at: Instant,
    },
    /// The next version is editorial.
    EditorialAnnounced {
        /// Of which document.
        document: Id,
        /// Its version in force then.
        version: Bound,
        /// By whom.
        by: Taker,
        /// When.
        at: Instant,
    },
    /// It came.
    EditorialTaken {
        /// What it was.
        from: Bound,
        /// What it is.
        to: Bound,
        /// When.
        at: Instant,
    },
    /// It was reminded of.
    Reminded {
        /// Which step.
        step: u32,
        /// The timer.
        timer: String,
        /// When.
        at: Instant,
    },
    /// Others were told, and are asked too.
    Escalated {
        /// Which step.
        step: u32,
        /// The timer.
        timer: String,
        /// Who.
        to: Assigned,
        /// When.
        at: Instant,
    },
    /// A field was set.
    FieldSet {
        /// Which.
        field: String,
        /// To what.
        value: Value,
        /// When.
        at: Instant,
    },
    /// A field was emptied.
    FieldEmptied {
        /// Which.
        field: String,
        /// When.
        at: Instant,
    },
    /// Something is to be done besides, in the same unit of work, or the whole command is refused.
    Effect {
        /// What.
        effect: EffectDue,
        /// When.
        at: Instant,
    },
    /// It ended.
    Ended {
        /// How.
        how: End,
        /// By whom, where somebody broke it off.
        by: Option<Taker>,
        /// Why.
        reason: Option<String>,
        /// When.
        at: Instant,
    },
    /// It goes on by another definition.
    Migrated {
        /// Its version.
        version: u32,
        /// Its SHA-256, in hex.
        sha256: String,
        /// By whom.
        by: Taker,
        /// Why.
        reason: String,
        /// When.
        at: Instant,
    },
}

/// What is to be done besides.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "do")]
pub enum EffectDue {
    /// A document is registered.
    Register {
        /// Which.
        document: Id,
    },
    /// A version changes no more.
    Freeze {
        /// Which.
        version: Bound,
    },
    /// A document was sent.
    Dispatch {
        /// In which version.
        version: Bound,
    },
    /// The case goes to the files.
    CloseCase,
    /// Somebody is told.
    Notify {
        /// Whom.
        to: Assigned,
        /// What.
        text: Words,
    },
    /// The system does what a step asks: sealing, a form, an export. Once, by the number of the step.
    Work {
        /// Which step.
        step: u32,
        /// What.
        work: WorkDue,
    },
}

/// What the system does in its own time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "work")]
pub enum WorkDue {
    /// Seals a document.
    Seal {
        /// Which.
        document: Id,
    },
    /// Makes a form.
    Form {
        /// Which.
        form: String,
        /// The field that names it then.
        into: String,
    },
    /// Tells another system.
    Export {
        /// The name of the target in the settings.
        to: String,
    },
}

/// A timer of an instance. It follows from the instance; rows of a database only make it quick to find.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Timer {
    /// Its key: `STEP:remind:0`, `STEP:escalate:1`, `STEP:lapse`, `STEP:resume`.
    pub key: String,
    /// When.
    pub at: Instant,
    /// Of which step.
    pub step: u32,
    /// What.
    pub what: TimerKind,
}

/// What a timer does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TimerKind {
    /// It reminds.
    Remind,
    /// It tells others.
    Escalate,
    /// It ends the step.
    Lapse,
    /// It ends the rest of a step.
    Resume,
}

/// Why a command was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// It has begun already, or not yet.
    #[error("it has begun already, or not yet")]
    Begun,
    /// It has ended.
    #[error("it has ended")]
    Ended,
    /// There is no such step.
    #[error("there is no such step")]
    NoStep,
    /// The step is not open: it is so.
    #[error("the step is {0:?}")]
    NotOpen(StepStatus),
    /// Somebody else has claimed it.
    #[error("somebody else has claimed the step")]
    Claimed(Taker),
    /// It is not his.
    #[error("this is asked of others")]
    NotAssigned,
    /// He may not, for he took another step.
    #[error("whoever took step {0} may not take this one")]
    FourEyes(u32),
    /// It is his own matter.
    #[error("it is his own matter")]
    OwnMatter,
    /// He is excluded.
    #[error("he takes no step in this")]
    Excluded,
    /// Whoever drafted it does not sign it.
    #[error("whoever drafted it does not sign it")]
    Drafter,
    /// Something is not true: number of the requirement, and what is said then.
    #[error("a requirement is not met")]
    Requirement(Box<Words>),
    /// There is no such outcome, or not now.
    #[error("there is no such outcome")]
    NoOutcome,
    /// A reason must be given.
    #[error("a reason must be given")]
    NoReason,
    /// A field must be given.
    #[error("a field is missing")]
    Missing(String),
    /// A field does not fit, or is not asked.
    #[error("a field does not fit")]
    Field(String),
    /// What was seen is not what is in force.
    #[error("another version is in force")]
    OtherVersion,
    /// No document was given.
    #[error("there is no document")]
    NoDocument,
    /// This may not be inserted, delegated, skipped, extended, returned or held here.
    #[error("that is not provided for here")]
    NotProvided,
    /// No such state to go to.
    #[error("there is no such state")]
    NoState,
    /// A day that has passed, or too far away.
    #[error("that day does not fit")]
    Day,
    /// There is no such timer, it has fired, or it is not due.
    #[error("there is no such timer")]
    NoTimer,
    /// Nobody waits for this.
    #[error("nobody waits for this")]
    NotAwaited,
    /// Nobody is left who could take a step.
    #[error("nobody could be found for a step")]
    Nobody(String),
    /// No condition of the exits of a state is true.
    #[error("no exit of a state is open")]
    Stuck(String),
    /// A bound of the engine.
    #[error("too many steps")]
    TooMany,
}
