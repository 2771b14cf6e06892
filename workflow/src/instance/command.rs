//! What is asked of an instance, and why it is refused.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Assigned, Day, Id, StepStatus, Taker, Value};
use crate::definition::{StepKind, Words};

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
        /// How; empty: by the only outcome that the step has.
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
    /// A side way begins: its steps run beside what is open.
    Beside {
        /// Which state of the definition it is.
        state: String,
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
        /// With which outcome of the step that waits for it; empty: the only one.
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
    /// Whoever shall be asked is excluded.
    #[error("whoever shall be asked takes no step in this")]
    OtherExcluded,
    /// Whoever drafted it does not sign it.
    #[error("whoever drafted it does not sign it")]
    Drafter,
    /// Something is not true: number of the requirement, and what is said then.
    #[error("a requirement is not met")]
    Requirement(Box<Words>),
    /// There is no such outcome, or not now: these are possible.
    #[error("there is no such outcome")]
    NoOutcome(Vec<String>),
    /// The step has several outcomes, and none was named: these are possible.
    #[error("an outcome must be named: {}", .0.join(", "))]
    WhichOutcome(Vec<String>),
    /// A reason must be given.
    #[error("a reason must be given")]
    NoReason,
    /// These fields must be given.
    #[error("a field is missing")]
    Missing(Vec<String>),
    /// A field does not fit, or is not asked.
    #[error("a field does not fit")]
    Field(String),
    /// A field that the beginning itself fills: nobody says anything else here.
    #[error("the beginning itself says what stands in the field")]
    Given(String),
    /// Whoever signs or sends says which version he has seen.
    #[error("which version was seen must be said")]
    NotSeen,
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
    /// The step is not sent back to that state: to these it is.
    #[error("the step is sent back to {}", .0.join(", "))]
    NoWayBack(Vec<String>),
    /// The new definition has no state of this name, to which a migration would lead.
    #[error("the definition has no state {0} to migrate to")]
    NoStateFor(String),
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
