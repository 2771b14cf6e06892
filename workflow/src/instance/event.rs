//! What happened to an instance, and what is to be done besides.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Assigned, Bound, Done, DueState, Id, Instant, StepState, Taker, Value};
use crate::definition::{End, Words};

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
        /// Who, where it is not whoever has the step.
        #[serde(skip_serializing_if = "Vec::is_empty", default)]
        to: Vec<Assigned>,
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
    /// All that a document says is withheld and to be destroyed, once another person has approved that.
    Destroy {
        /// Which.
        document: Id,
    },
    /// The case goes to the files.
    CloseCase,
    /// The case goes to the files, and the file in which it stands is closed with it.
    CloseFile,
    /// The case goes into a compartment, before anything else that is done with the same command.
    MoveTo {
        /// The code of the compartment.
        compartment: String,
        /// The unit of the file plan.
        plan_unit: String,
        /// The short name of the function whose department has the lead then.
        lead: String,
    },
    /// Another case is opened in the same file.
    OpenCase {
        /// Its id, which the archive has given before.
        case: Id,
        /// Its type.
        case_type: String,
        /// What its subject begins with; that of the case of this workflow follows.
        subject: String,
    },
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
