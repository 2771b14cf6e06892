//! What the demo town consists of. The data stands in `server/data/town` and travels inside the binary.

use std::collections::BTreeMap;

use serde::Deserialize;
use time::Date;

use super::script::Script;
use crate::file_plan::{self, Draft, Findings};
use crate::relations::RelationKind;
use crate::types::{BringError, Sheet};

const PEOPLE: &str = include_str!("../../data/town/people.toml");
const DOCUMENTS: &str = include_str!("../../data/town/documents.jsonl");
const WORKFLOWS: &str = include_str!("../../data/town/workflows.toml");
const FILES: &str = include_str!("../../data/town/files.toml");
const TYPES: &str = include_str!("../../data/town/types.toml");
const VALUES: &str = include_str!("../../data/town/values.toml");
const FILE_PLAN: &str = include_str!("../../data/town/aktenplan.csv");

time::serde::format_description!(civil, Date, "[year]-[month]-[day]");

/// Why the shipped data cannot be read. It never happens in a release: the tests read all of it.
#[derive(Debug, thiserror::Error)]
pub enum ContentError {
    /// `people.toml` is not what this module expects.
    #[error("the people of the demo town are unreadable")]
    People(#[source] toml::de::Error),
    /// `files.toml` is not what this module expects.
    #[error("the files of the demo town are unreadable")]
    Files(#[source] toml::de::Error),
    /// `workflows.toml` is not what `script` expects.
    #[error("the workflows of the demo town are unreadable")]
    Workflows(#[source] toml::de::Error),
    /// `types.toml` is not what this module expects.
    #[error("the document types of the demo town are unreadable")]
    Types(#[source] BringError),
    /// `values.toml` is not what this module expects.
    #[error("what the documents of the demo town say in fields is unreadable")]
    Values(#[source] toml::de::Error),
    /// A line of `documents.jsonl` is not what this module expects.
    #[error("line {line} of the demo town's documents is unreadable")]
    Document {
        /// Counted from one.
        line: usize,
        /// What the parser says.
        source: serde_json::Error,
    },
    /// `aktenplan.csv` is no file plan.
    #[error("the demo town's file plan is unreadable: {findings}")]
    FilePlan {
        /// What is wrong with it.
        findings: Findings,
    },
}

/// The whole town.
#[derive(Debug)]
pub struct Town {
    /// Name and address, as printed on its letters.
    pub about: About,
    /// The three departments of the pilot.
    pub departments: Vec<Department>,
    /// Everybody who can sign in.
    pub people: Vec<Person>,
    /// The document types and their fields.
    pub types: Sheet,
    /// What documents say in fields, by the ids of the documents.
    pub values: BTreeMap<String, BTreeMap<String, String>>,
    /// The file plan.
    pub file_plan: Draft,
    /// What somebody is in the house.
    pub functions: Vec<Function>,
    /// Who has a role elsewhere for a time.
    pub lent: Vec<Lent>,
    /// Up to which amount somebody orders.
    pub limits: Vec<OrdersUpTo>,
    /// Who stands in for whom, for a time.
    pub deputies: Vec<Deputy>,
    /// What runs in cases.
    pub script: Script,
    /// The compartments, and who enters them.
    pub compartments: Vec<Compartment>,
    /// The files.
    pub files: Vec<TownFile>,
    /// What is inspected by whom.
    pub inspections: Vec<Inspected>,
    /// What was handed on, and lies in the inbox of somebody.
    pub handed_on: Vec<HandedOn>,
    /// All documents, hand-written ones first.
    pub documents: Vec<TownDocument>,
}

impl Town {
    /// Reads everything that ships with the binary.
    ///
    /// # Errors
    /// Only if the shipped data is broken.
    pub fn load() -> Result<Self, ContentError> {
        let staff: Staff = toml::from_str(PEOPLE).map_err(ContentError::People)?;
        let registry: Registry = toml::from_str(FILES).map_err(ContentError::Files)?;
        Ok(Self {
            types: Sheet::read(TYPES).map_err(ContentError::Types)?,
            values: toml::from_str(VALUES).map_err(ContentError::Values)?,
            about: staff.town,
            departments: staff.department,
            people: staff.person,
            file_plan: file_plan(&staff.compartment)?,
            functions: staff.function,
            lent: staff.lent,
            limits: staff.limit,
            deputies: staff.deputy,
            script: toml::from_str(WORKFLOWS).map_err(ContentError::Workflows)?,
            compartments: staff.compartment,
            files: registry.file,
            inspections: registry.inspection,
            handed_on: registry.handed_on,
            documents: documents()?,
        })
    }

    /// The department of that slug.
    #[must_use]
    pub fn department(&self, slug: &str) -> Option<&Department> {
        self.departments
            .iter()
            .find(|department| department.slug == slug)
    }

    /// The person of that user name.
    #[must_use]
    pub fn person(&self, user: &str) -> Option<&Person> {
        self.people.iter().find(|person| person.user == user)
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Staff {
    town: About,
    department: Vec<Department>,
    person: Vec<Person>,
    function: Vec<Function>,
    lent: Vec<Lent>,
    limit: Vec<OrdersUpTo>,
    deputy: Vec<Deputy>,
    compartment: Vec<Compartment>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Registry {
    file: Vec<TownFile>,
    handed_on: Vec<HandedOn>,
    inspection: Vec<Inspected>,
}

/// The town as it introduces itself.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct About {
    /// `Hollerfurt`.
    pub name: String,
    /// `an der Aue`.
    pub epithet: String,
    /// Street and number of the town hall.
    pub street: String,
    /// Postcode (of a range never given out) and place.
    pub place: String,
    /// Switchboard.
    pub phone: String,
    /// Mailbox of the town.
    pub email: String,
    /// Account of the town's treasury, with blanks.
    pub iban: String,
    /// Opening hours, one line.
    pub hours: String,
}

/// A department.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Department {
    /// Key used by people and documents.
    pub slug: String,
    /// German name.
    pub name: String,
    /// Mailbox of the department.
    pub email: String,
}

/// A compartment: it hides what stands in the units of the plan with its code as protection class.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Compartment {
    /// Its code.
    pub code: String,
    /// German name.
    pub name: String,
    /// User names of those who work in it.
    pub people: Vec<String>,
}

/// A file of the demo town.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TownFile {
    /// The mark of its unit in the file plan.
    pub plan_unit: String,
    /// Subject.
    pub subject: String,
    /// User name of who opens it, in the own department.
    pub clerk: String,
    /// Tags.
    pub tags: Vec<String>,
    /// Whether it is closed.
    #[serde(default)]
    pub closed: bool,
    /// The cases in it.
    #[serde(rename = "case")]
    pub cases: Vec<TownCase>,
}

/// A case of the demo town.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TownCase {
    /// Subject.
    pub subject: String,
    /// Slugs of the documents that are registered in it, in this order.
    pub documents: Vec<String>,
    /// What is noted on it.
    #[serde(default)]
    pub notes: Vec<String>,
    /// What documents in it are to each other.
    #[serde(default, rename = "relation")]
    pub relations: Vec<TownRelation>,
    /// Whether it is closed.
    #[serde(default)]
    pub closed: bool,
}

/// What one document of a case is to another.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TownRelation {
    /// Slug of the document that is it.
    pub source: String,
    /// What it is.
    pub kind: RelationKind,
    /// Slug of the document to which it is that.
    pub target: String,
}

/// A document that was handed on to somebody.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HandedOn {
    /// Slug of the document.
    pub document: String,
    /// User name of who hands it on, in the department of the document.
    pub by: String,
    /// User name of the one in whose inbox it lies.
    pub to: String,
    /// What was said with it.
    pub note: Option<String>,
}

/// What somebody may do; the server maps it to its own roles.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Works on documents of the department.
    Clerk,
    /// Leads the department.
    Head,
    /// The mayor.
    Mayor,
    /// Keeps the file plan and the registry.
    RecordsManager,
    /// Audits (*Rechnungsprüfung*): reads, writes nothing.
    Auditor,
    /// Runs the system and sees no content.
    Admin,
    /// Takes in and hands on.
    MailRoom,
    /// An application of the department, which tells what happened there.
    Integrator,
}

/// A function of the demo town.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Function {
    /// Short name.
    pub code: String,
    /// German name.
    pub name: String,
    /// Slug of the department.
    pub department: String,
    /// User names of those who hold it.
    pub holders: Vec<String>,
}

/// A role elsewhere, for a time from the day of moving in.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lent {
    /// User name.
    pub user: String,
    /// The role.
    pub role: Role,
    /// Slug of the department.
    pub department: String,
    /// For how many days.
    pub days: u32,
    /// Why, in German.
    pub reason: String,
}

/// Up to which amount somebody orders.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OrdersUpTo {
    /// User name, or `function:` and a short name.
    pub who: String,
    /// The amount, in whole euro.
    pub euro: i64,
    /// User name of the administrator who gives it.
    pub given_by: String,
    /// User name of another one, who approves it.
    pub approved_by: String,
    /// Why, in German.
    pub reason: String,
}

/// A deputy, for a time from the day of moving in.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Deputy {
    /// User name of the one who is away.
    pub user: String,
    /// User name of the one who stands in.
    pub deputy: String,
    /// For how many days.
    pub days: u32,
    /// Why, in German.
    pub reason: String,
}

/// An inspection of a file, for a time from the day of moving in.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Inspected {
    /// User name of the one who reads.
    pub user: String,
    /// The subject of the file.
    pub file: String,
    /// Why, by its code.
    pub reason: String,
    /// What for, in German.
    pub purpose: String,
    /// For how many days.
    pub days: u32,
    /// User name of the one who asks.
    pub asked_by: String,
    /// User names of those who approved it.
    pub approved_by: Vec<String>,
}

/// Somebody who works in the town hall.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Person {
    /// User name for signing in.
    pub user: String,
    /// Full name with title.
    pub name: String,
    /// Slug of the department.
    pub department: String,
    /// What the person does, in German.
    pub function: String,
    /// What the person may do.
    pub role: Role,
    /// Direct number.
    pub phone: String,
    /// Room.
    pub room: String,
}

/// Which way a document went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// Came from outside.
    Incoming,
    /// Went outside.
    Outgoing,
    /// Stayed in the house.
    Internal,
}

/// How a document travelled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Channel {
    /// By letter.
    Post,
    /// By e-mail.
    Email,
    /// A letter that was scanned.
    Scan,
    /// Taken down at the counter.
    Counter,
    /// Through the town's web portal.
    Portal,
    /// By fax.
    Fax,
    /// Within the house.
    Internal,
}

/// A document of the demo town: what is known about it, and its text page by page.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TownDocument {
    /// Slug, unique in the town.
    pub id: String,
    /// Slug of the department.
    pub department: String,
    /// German name of the kind, such as `Bescheid`.
    #[serde(rename = "type")]
    pub kind: String,
    /// Subject.
    pub title: String,
    /// Day on the document.
    #[serde(with = "civil")]
    pub date: Date,
    /// Day it arrived or was filed.
    #[serde(with = "civil")]
    pub received: Date,
    /// Which way it went.
    pub direction: Direction,
    /// How it travelled.
    pub channel: Channel,
    /// The other side: who wrote it or whom it is for.
    pub correspondent: String,
    /// Address lines of the other side; empty where there is none.
    pub address: Vec<String>,
    /// User name of the clerk; empty for what came from outside.
    pub clerk: String,
    /// Tags.
    pub tags: Vec<String>,
    /// Our reference first, then those of others.
    pub references: Vec<String>,
    /// Text per page: paragraphs parted by a blank line; a line break inside a paragraph is meant; cells of tables are parted by tabs.
    pub pages: Vec<String>,
}

fn documents() -> Result<Vec<TownDocument>, ContentError> {
    DOCUMENTS
        .lines()
        .enumerate()
        .map(|(index, line)| {
            serde_json::from_str(line).map_err(|source| ContentError::Document {
                line: index + 1,
                source,
            })
        })
        .collect()
}

/// The plan; a unit whose protection class is a compartment stands in it.
fn file_plan(compartments: &[Compartment]) -> Result<Draft, ContentError> {
    let read = file_plan::read(FILE_PLAN.as_bytes());
    let mut draft = read.map_err(|findings| ContentError::FilePlan { findings })?;
    for unit in &mut draft.entries {
        let class = unit.protection.as_deref();
        let found = compartments.iter().find(|one| class == Some(&one.code));
        unit.compartment = found.map(|one| one.code.clone());
    }
    Ok(draft)
}
