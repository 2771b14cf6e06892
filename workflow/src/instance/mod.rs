//! An instance: what its events made of it. And what can be asked of it, and refused.

mod command;
mod event;

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use time::Date;

use crate::definition::{DueKind, End, StepKind, Words};

pub use command::{Command, Refusal};
pub use event::{EffectDue, Event, WorkDue};

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
    /// Cases that were opened for it (Folgevorgänge), in their order.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub opened: Vec<Id>,
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
    /// Whether two people had the content of all its versions destroyed.
    pub destroyed: bool,
}

/// What the engine cannot know by itself.
pub trait Directory {
    /// Short name of the department of the case.
    fn department(&self) -> &str;
    /// Who leads the department of a person.
    fn manager_of(&self, person: &Id) -> Option<Assigned>;
    /// Whether a person holds a function now, as far as a definition asks for it (`holds`).
    fn holds(&self, _person: &Id, _function: &str) -> bool {
        false
    }
    /// A document, as it is now.
    fn document(&self, id: &Id) -> Option<&DocumentState>;
    /// The id of a case that is opened now: another one with each number, which counts those of the workflow.
    fn new_case(&self, number: usize) -> Id;
    /// Who made which version of a document: SHA-512 and account. Where that is not known in full, nothing:
    /// then whoever made any version counts as its drafter, even if that version was editorial only.
    fn makers(&self, _id: &Id) -> Vec<(String, Id)> {
        Vec::new()
    }
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
