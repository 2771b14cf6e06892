//! A definition, read and checked. What its TOML looks like stands in docs/workflows.md.

mod asked;
mod flaw;
mod kinds;
mod lacking;
mod pattern;
mod read;
mod schema;
mod source;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::expr::Expr;

pub use flaw::Flaw;
pub use pattern::{PATTERN_CHARS_MAX, Pattern};
pub use read::{Complaint, DEFINITION_BYTES_MAX, line_naming};
pub use schema::json_schema;
pub use source::{CaseFact, DocumentFact, InvoiceFact, Source};

/// Words in German, and in English where they were said.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Words {
    /// In German.
    pub de: String,
    /// In English.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub en: Option<String>,
}

/// A workflow, as it was read.
#[derive(Clone, Debug, PartialEq)]
pub struct Definition {
    /// Its short name: `incoming-invoice`.
    pub id: String,
    /// Its version, from 1.
    pub version: u32,
    /// SHA-256 of the bytes that were read.
    pub sha256: [u8; 32],
    /// What it is called.
    pub title: Words,
    /// What it is for.
    pub description: Option<Words>,
    /// The type of the cases in which it runs.
    pub case_type: String,
    /// The unit of the file plan in which such cases stand.
    pub plan_unit: Option<String>,
    /// The compartment in which the case must stand.
    pub compartment: Option<String>,
    /// The rules that it follows.
    pub legal: Vec<String>,
    /// Who may begin it.
    pub start_by: Vec<Assignee>,
    /// Who may break it off, with a reason.
    pub cancel_by: Vec<Assignee>,
    /// The state in which it begins.
    pub start: String,
    /// Fields that name whose matter it is, or `initiator`: these approve, order, attest and sign nothing.
    pub matter_of: Vec<String>,
    /// Fields by which one is known again: what says the same in all of them begins only once.
    pub unique: Vec<String>,
    /// Whether several run in a case at once, each with a document of its own.
    pub per_document: bool,
    /// The field of kind `document` that names what has been drafted; its drafter is no final signer.
    pub fields: Vec<Field>,
    /// Tables that say what belongs to a value.
    pub lookups: Vec<Lookup>,
    /// The states, in the order in which they were written.
    pub states: Vec<State>,
}

/// What an instance knows by name.
#[derive(Clone, Debug, PartialEq)]
pub struct Field {
    /// Its key.
    pub key: String,
    /// What it is called.
    pub label: Words,
    /// What it holds.
    pub kind: FieldKind,
    /// Where it comes from when the workflow begins.
    pub source: Option<Source>,
    /// Where it comes from where nothing stands there.
    pub fallback: Option<Source>,
    /// Whether it must be known when the workflow begins.
    pub required: bool,
    /// Whether it stands in no list, mail or calendar feed.
    pub private: bool,
}

/// What a field holds.
#[derive(Clone, Debug, PartialEq)]
pub enum FieldKind {
    /// Text of one or more lines.
    Text {
        /// Most characters.
        chars_max: usize,
        /// What it must look like, where that is said.
        pattern: Option<Pattern>,
    },
    /// A time of day, `08:30`.
    Time,
    /// A whole number.
    Number,
    /// An amount in euro, kept in cents.
    Money,
    /// A day.
    Day,
    /// Yes or no.
    YesNo,
    /// One of these.
    Choice(Vec<Entry>),
    /// A person or a function.
    Who,
    /// Several of them.
    Whos,
    /// A document of the case.
    Document,
}

/// An entry of a choice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// As it is kept.
    pub value: String,
    /// As it is read.
    pub label: Words,
}

/// A table that says what belongs to a value: `lookup("leitweg", leitweg_id)`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lookup {
    /// Its key.
    pub key: String,
    /// From, to. What `to` is follows from the field that it is set to.
    pub rows: BTreeMap<String, String>,
    /// Where no row fits.
    pub default: Option<String>,
}

/// A state.
#[derive(Clone, Debug, PartialEq)]
pub struct State {
    /// Its key.
    pub id: String,
    /// What it is called.
    pub label: Words,
    /// Whether the workflow ends in it. Then it has no steps and no exits.
    pub end: Option<End>,
    /// Whether its steps are open one after another or all at once.
    pub order: Order,
    /// When all that is asked for was done.
    pub join: Join,
    /// Its steps.
    pub steps: Vec<Step>,
    /// Where it goes on to: the first whose condition is true.
    pub exits: Vec<Exit>,
    /// Kinds of steps that whoever holds a step may insert.
    pub adhoc: Vec<StepKind>,
    /// What is done when it is entered.
    pub on_enter: Vec<Effect>,
    /// Whether it is no state in which the workflow ever is, but steps that run beside others: a side way.
    pub beside: Option<Beside>,
}

/// A side way (Nebenweg): steps that somebody begins while the workflow is in one of several states, and that run
/// beside what is open there.
#[derive(Clone, Debug, PartialEq)]
pub struct Beside {
    /// The states beside which it can run. In any other one it is asked for no more.
    pub states: Vec<String>,
    /// Who may begin it.
    pub by: Vec<Assignee>,
    /// When it can be begun. None: always.
    pub when: Option<Expr>,
}

/// How a workflow ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum End {
    /// As it should.
    Done,
    /// Otherwise: turned down, lapsed, broken off.
    Dropped,
}

/// Whether steps are open one after another or all at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// One after another.
    Sequence,
    /// All at once.
    Parallel,
}

/// When all that is asked for was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Join {
    /// When each step was done or skipped.
    All,
    /// When one was done; the others are withdrawn.
    Any,
}

/// Where a state goes on to.
#[derive(Clone, Debug, PartialEq)]
pub struct Exit {
    /// When. None: always.
    pub when: Option<Expr>,
    /// To which state.
    pub to: String,
}

/// A step, as it was defined.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// Its key, which no other step of the definition has.
    pub id: String,
    /// What it is called.
    pub label: Words,
    /// What is to be done, for whoever does it.
    pub help: Option<Words>,
    /// Its kind.
    pub kind: StepKind,
    /// The mark that it leaves; that of its kind if nothing was said.
    pub mark: Option<String>,
    /// Who takes it.
    pub assignee: Assignee,
    /// One for each person or function that this field of kind `whos` names.
    pub each: Option<String>,
    /// Whether it is asked for at all.
    pub when: Option<Expr>,
    /// What must be true for it to be done, and what is said where it is not.
    pub require: Vec<Requirement>,
    /// Steps whose takers may not take it.
    pub distinct_from: Vec<String>,
    /// Whether somebody may take it in his own matter.
    pub own_matter: bool,
    /// What is asked.
    pub asks: Vec<Ask>,
    /// The field of kind `document` to whose version in force it binds.
    pub binds: Option<String>,
    /// The form that is made of the case, and the field of kind `document` that names it then.
    pub form: Option<StepForm>,
    /// By when.
    pub due: Option<Due>,
    /// How it can end.
    pub outcomes: Vec<Outcome>,
    /// Who may skip it, with a reason.
    pub skip: Option<Skip>,
    /// States to which it may be sent back, with a reason.
    pub return_to: Vec<String>,
    /// Of a step of kind `event`: what it waits for.
    pub event: Option<String>,
    /// Of a step of kind `system`: what is done.
    pub effect: Option<Effect>,
}

/// What kind of step it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StepKind {
    /// Zur weiteren Veranlassung.
    Task,
    /// Sichtvermerk.
    Seen,
    /// Zur Kenntnis.
    Information,
    /// Rücksprache.
    Consult,
    /// Stellungnahme.
    Statement,
    /// Mitzeichnung.
    CoSign,
    /// Schlusszeichnung.
    FinalSign,
    /// Feststellung, such as *sachlich richtig*.
    Attest,
    /// Anordnung, of a payment.
    Order,
    /// Genehmigung.
    Approve,
    /// Identity is checked.
    Identity,
    /// A citizen signs at the counter.
    Counter,
    /// Wiedervorlage.
    Resubmit,
    /// Absenden.
    Dispatch,
    /// It waits for something from outside.
    Event,
    /// The system does it.
    System,
}

/// What must be true.
#[derive(Clone, Debug, PartialEq)]
pub struct Requirement {
    /// What.
    pub is: Expr,
    /// What is said where it is not.
    pub otherwise: Words,
    /// For which outcomes it must be true; none named: for all with which the case goes on, see
    /// `docs/workflows.md`.
    pub with: Vec<String>,
}

/// A field that a step asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ask {
    /// Which.
    pub field: String,
    /// Whether it must be answered.
    pub required: bool,
    /// With which outcomes it is asked; none named: with all.
    pub with: Vec<String>,
}

/// The form of a step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StepForm {
    /// Which form.
    pub form: String,
    /// The field of kind `document` that names what was made.
    pub into: String,
}

/// How a step can end.
#[derive(Clone, Debug, PartialEq)]
pub struct Outcome {
    /// Its key.
    pub key: String,
    /// What it is called.
    pub label: Words,
    /// The state to which it goes at once. None: the step is done, and the state waits for its others.
    pub to: Option<String>,
    /// Whether a reason must be given.
    pub reason: bool,
    /// Whether something must be said with it: a note, a document, or an answer that is a document.
    pub said: bool,
    /// What is done.
    pub effects: Vec<Effect>,
    /// When it can be chosen. None: always.
    pub when: Option<Expr>,
}

/// Who may skip a step.
#[derive(Clone, Debug, PartialEq)]
pub struct Skip {
    /// Who.
    pub by: Assignee,
    /// Only once it is overdue.
    pub overdue: bool,
}

/// Who takes a step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Assignee {
    /// Whoever holds a function.
    Function(String),
    /// Whoever has a role in a department: that of the case, if none is said.
    Role {
        /// Its code: `clerk`, `head`, `mayor`, `mail_room`, `records_manager`, `integrator`.
        role: String,
        /// Short name of the department.
        department: Option<String>,
    },
    /// Whom a field of kind `who` names.
    Field(String),
    /// Who began the workflow.
    Initiator,
    /// Who leads the department of whom a field names, or of who began it.
    ManagerOf(Person),
    /// Who took another step.
    TakerOf(String),
    /// The member of a field for whom there is one step each.
    Each,
    /// Whoever may work in the case.
    Anybody,
    /// The system, or an application for it.
    System,
}

/// Whose manager.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Person {
    /// Of who began it.
    Initiator,
    /// Of whom a field names.
    Field(String),
    /// Of the member of a field for whom there is one step each.
    Each,
}

/// By when.
#[derive(Clone, Debug, PartialEq)]
pub struct Due {
    /// How it is counted.
    pub term: Term,
    /// § 31 VwVfG: a deadline that would end on a day that is no working day ends on the next one; an
    /// appointment of the authority stays where it is.
    pub kind: DueKind,
    /// Not later than the day in this field, on the working day before it if it is none.
    pub before: Option<String>,
    /// When it is reminded: working days from the day on which it is due, negative before it.
    pub remind: Vec<i32>,
    /// When it is reminded besides: hours from the opening of the step.
    pub remind_hours: Vec<u16>,
    /// Who is reminded. None: whoever has the step.
    pub remind_to: Option<Assignee>,
    /// When others are told: working days after the day on which it is due.
    pub escalate: Vec<Escalation>,
    /// When it ends by itself.
    pub lapse: Option<Lapse>,
    /// Who may extend it, with a reason.
    pub extend_by: Option<Assignee>,
}

/// How a deadline is counted: from the day after that on which the step was opened (§ 31 VwVfG, § 187 BGB).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Term {
    /// Working days.
    WorkingDays(u16),
    /// Days of the calendar.
    Days(u16),
    /// Weeks.
    Weeks(u16),
    /// Months (§ 188 BGB).
    Months(u16),
    /// Hours from the instant.
    Hours(u16),
    /// The day in a field, moved by days of the calendar or working days.
    Field {
        /// Which.
        field: String,
        /// By how many.
        offset: i32,
        /// Whether these are working days.
        working: bool,
    },
}

/// § 31 VwVfG.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DueKind {
    /// Frist.
    Deadline,
    /// Termin.
    Appointment,
}

/// When others are told.
#[derive(Clone, Debug, PartialEq)]
pub struct Escalation {
    /// Working days after the day on which it is due.
    pub after: u16,
    /// Whom.
    pub to: Assignee,
}

/// When a step ends by itself.
#[derive(Clone, Debug, PartialEq)]
pub struct Lapse {
    /// Working days after the day on which it is due.
    pub after: u16,
    /// How.
    pub outcome: String,
}

/// What is done besides.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// A document is registered in the case.
    Register {
        /// The field that names it.
        document: String,
    },
    /// Its version in force changes no more.
    Freeze {
        /// The field that names it.
        document: String,
    },
    /// It is sealed (a step of kind `system` only).
    Seal {
        /// The field that names it.
        document: String,
    },
    /// It is marked as sent on this day (Ab-Vermerk).
    Dispatch {
        /// The field that names it.
        document: String,
    },
    /// All that it says is withheld, and proposed to be destroyed; another person approves that.
    Destroy {
        /// The field that names it.
        document: String,
    },
    /// A form is made (a step of kind `system` only).
    Form {
        /// Which.
        form: String,
        /// The field that names it then.
        into: String,
    },
    /// What is known goes to another system, once (a step of kind `system` only).
    Export {
        /// The name of the target in the settings.
        to: String,
    },
    /// The case goes to the files: zu den Akten.
    CloseCase,
    /// The case goes to the files, and the file in which it stands is closed with it: its term begins.
    CloseFile,
    /// The case goes into a compartment with all that stands in it, into a file of its own.
    MoveTo {
        /// The code of the compartment.
        compartment: String,
        /// The unit of the file plan, which stands in that compartment.
        plan_unit: String,
        /// The short name of the function whose department has the lead from then on.
        lead: String,
    },
    /// Another case is opened in the same file, which names the one that it follows (Folgevorgang).
    OpenCase {
        /// Its type.
        case_type: String,
        /// What its subject begins with, in German; the subject of this case follows.
        subject: String,
    },
    /// Whom a field of kind `who` names takes no step in this any more: Befangenheit, § 21 VwVfG.
    Exclude {
        /// The field.
        who: String,
    },
    /// A field is set.
    Set {
        /// Which.
        field: String,
        /// To what.
        to: Expr,
    },
    /// Somebody is told.
    Notify {
        /// Whom.
        to: Assignee,
        /// What.
        text: Words,
    },
}

/// A short name, as functions, departments and forms have it: 2 to 64 small letters, digits and dashes, a
/// letter first.
fn is_code(text: &str) -> bool {
    let fits = |c: u8| c.is_ascii_lowercase() || c.is_ascii_digit() || c == b'-';
    (2..=64).contains(&text.len())
        && text.bytes().next().is_some_and(|c| c.is_ascii_lowercase())
        && text.bytes().all(fits)
}
