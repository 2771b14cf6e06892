//! The demo town moves in: departments, people, documents. What is there already is left alone, so
//! that it can be broken off and begun again.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use bytes::Bytes;
use futures_util::{StreamExt, TryStreamExt, stream};
use storage::{Storage, StoreError};
use thiserror::Error;
use zeroize::Zeroizing;

use super::content::{self, ContentError, Person, Town, TownDocument};
use super::pdf::{self, PdfError};
use super::{counter, flows, registry};
use crate::base::db::DbError;
use crate::base::{Actor, DepartmentId, Right, Role, Timestamp};
use crate::cases::CaseError;
use crate::config::Auth;
use crate::departments::{self, Giving, Login, NewRole, PasswordDigest, PeopleError, Slug};
use crate::documents::{self, Arriving, Channel, CivilDate, Direction, DocumentError, Metadata};
use crate::file_plan::{self, PlanError, Said};
use crate::files::FileError;
use crate::forms::FormsError;
use crate::inspections::InspectionError;
use crate::notes::NoteError;
use crate::refiling;
use crate::relations::RelationError;
use crate::retention::RetentionError;
use crate::types::{self, BringError, Value, Values};
use crate::unit::{Db, Unit};
use crate::workflows::{Bench, WorkflowError};

/// What everybody in the demo town signs in with. It protects nothing: the town is invented.
pub const PASSWORD: &str = "hollerfurt-an-der-aue";

/// What its file plan is called, and which edition it is.
const PLAN: (&str, &str) = ("Aktenplan der Stadt Hollerfurt", "2020");
/// Since when files are opened by it: before the first document of the town.
const PLAN_SINCE: &str = "2020-01-01";

/// How many documents are printed and filed at the same time.
const AT_ONCE: usize = 16;

/// Why the town could not move in.
#[derive(Debug, Error)]
pub enum FillError {
    /// The shipped data.
    #[error("the demo town cannot be read")]
    Content(#[from] ContentError),
    /// A document could not be printed.
    #[error("{id} cannot be printed")]
    Print {
        /// Its slug.
        id: String,
        /// Why.
        source: PdfError,
    },
    /// The shipped data has something that the archive does not take.
    #[error("{what} of the demo town is not what the archive takes")]
    Unfit {
        /// What.
        what: String,
    },
    /// There is an archive already that is not the demo town's.
    #[error(
        "this archive belongs to somebody else; the demo town needs a folder of its own (--data)"
    )]
    Foreign,
    /// People.
    #[error("the people could not move in")]
    People(#[from] PeopleError),
    /// The file plan.
    #[error("the file plan could not be put in")]
    Plan(#[from] PlanError),
    /// Document types.
    #[error("the document types could not be put in")]
    Types(#[from] BringError),
    /// Documents.
    #[error("a document could not be filed")]
    Document(#[from] DocumentError),
    /// Files.
    #[error("a file could not be opened")]
    File(#[from] FileError),
    /// Cases.
    #[error("a case could not be opened")]
    Case(#[from] CaseError),
    /// A note.
    #[error("a note could not be written")]
    Note(#[from] NoteError),
    /// A relation.
    #[error("two documents could not be related")]
    Relation(#[from] RelationError),
    /// An inspection.
    #[error("an inspection could not be asked for or approved")]
    Inspection(#[from] InspectionError),
    /// A form.
    #[error("a form could not be filled in")]
    Form(#[from] FormsError),
    /// Closing.
    #[error("a file could not be closed")]
    Close(#[from] RetentionError),
    /// A workflow.
    #[error("a workflow could not be walked")]
    Workflow(#[from] WorkflowError),
    /// The store.
    #[error("the store failed")]
    Store(#[from] StoreError),
    /// The database.
    #[error("the database failed")]
    Db(#[from] DbError),
    /// A thread ended early.
    #[error("the move was given up")]
    GivenUp,
}

/// What is still to be done.
#[derive(Debug)]
pub struct Move {
    town: Arc<Town>,
    db: Db,
    storage: Storage,
    departments: HashMap<String, DepartmentId>,
    actors: HashMap<String, Actor>,
    missing: Vec<usize>,
}

impl Move {
    /// Lets departments and people move in, and sees which documents are missing.
    pub async fn begin(db: &Db, storage: &Storage, auth: &Auth) -> Result<Self, FillError> {
        let town = Arc::new(Town::load()?);
        let strangers = departments::has_accounts(db.read()).await?
            && departments::account_of_login(db.read(), first(&town))
                .await?
                .is_none();
        if strangers {
            return Err(FillError::Foreign);
        }
        let departments = departments_of(db, &town).await?;
        registry::put_in_compartments(db, &town).await?;
        put_in_plan(db, &town).await?;
        put_in_types(db, &town).await?;
        let mut actors = HashMap::new();
        for person in &town.people {
            let department = departments.get(&person.department).copied();
            let actor = move_in(db, auth, person, department).await?;
            actors.insert(person.user.clone(), actor);
        }
        for one in &town.functions {
            registry::put_in_function(db, one, &departments, &actors).await?;
        }
        for one in &town.lent {
            registry::lend(db, one, &departments, &actors).await?;
        }
        for one in &town.compartments {
            registry::admit(db, one, &actors).await?;
            for login in &one.people {
                if let Some(actor) = actors.get_mut(login) {
                    *actor = departments::actor(db.read(), actor.account, db.now(), None).await?;
                }
            }
        }
        let known = documents::names(db.read()).await?;
        let missing = missing(&town, &known);
        let (db, storage) = (db.clone(), storage.clone());
        Ok(Self {
            town,
            db,
            storage,
            departments,
            actors,
            missing,
        })
    }

    /// How many documents are missing.
    #[must_use]
    pub const fn missing(&self) -> usize {
        self.missing.len()
    }

    /// The town.
    #[must_use]
    pub fn town(&self) -> &Town {
        &self.town
    }

    /// Files what is missing; `each` is told of each document.
    pub async fn finish(&self, mut each: impl FnMut()) -> Result<(), FillError> {
        let mut filed = stream::iter(&self.missing)
            .map(|index| self.file(*index))
            .buffer_unordered(AT_ONCE);
        while filed.try_next().await?.is_some() {
            each();
        }
        Ok(())
    }

    /// Opens the files and cases of the town, registers in them what belongs there, and hands on what
    /// somebody is to register.
    pub async fn open_files(&self) -> Result<(), FillError> {
        registry::open_files(&self.db, &self.town, &self.actors).await?;
        registry::hand_on(&self.db, &self.town, &self.actors).await?;
        registry::let_inspect(&self.db, &self.town, &self.actors).await
    }

    /// Lets the workflows of the town run as far as their script says, those that do not run yet.
    pub async fn walk_workflows(&self, bench: Bench) -> Result<(), FillError> {
        flows::limit(&self.db, &self.town.limits, &self.actors).await?;
        let with = ((&self.db, &self.storage), (&self.town, &self.actors));
        let walk = flows::Walk::new(with.0, with.1, bench)?;
        Box::pin(walk.all()).await
    }

    /// Prepares the counter: a case with a form that waits for its signature.
    pub async fn prepare_counter(&self, bench: &Bench) -> Result<(), FillError> {
        counter::prepare(bench, &self.actors).await
    }

    async fn file(&self, index: usize) -> Result<(), FillError> {
        let unfit = || FillError::Unfit {
            what: format!("document {index}"),
        };
        let document = self.town.documents.get(index).ok_or_else(unfit)?;
        let department = self
            .departments
            .get(&document.department)
            .copied()
            .ok_or_else(unfit)?;
        let actor = self.clerk(document).ok_or_else(unfit)?;
        let mut metadata = metadata(document).ok_or_else(unfit)?;
        let said = self.town.values.get(&document.id).into_iter().flatten();
        metadata.fields = said
            .map(|(code, text)| (code.clone(), Value::Text(text.clone())))
            .collect();
        let (town, runtime) = (Arc::clone(&self.town), tokio::runtime::Handle::current());
        let storage = self.storage.clone();
        // Printing and encrypting are work for a processor: off the threads that wait.
        let printed = tokio::task::spawn_blocking(move || {
            let document = town.documents.get(index).ok_or(FillError::GivenUp)?;
            let print = |source| FillError::Print {
                id: document.id.clone(),
                source,
            };
            let bytes = pdf::render(document, &town).map_err(print)?;
            let name = file_name(document);
            runtime.block_on(async {
                let mut arriving = Arriving::begin(&storage).await?;
                arriving.push(Bytes::from(bytes)).await?;
                let arrived = arriving
                    .finish("application/pdf".to_owned(), Some(name))
                    .await?;
                Ok::<_, FillError>(arrived)
            })
        });
        let arrived = printed.await.map_err(|_gone| FillError::GivenUp)??;
        let content = arrived.keep(&self.db).await?;
        let received = self.db.write(&actor, async move |unit: &mut Unit| {
            documents::receive(unit, department, metadata, content).await
        });
        received.await?;
        Ok(())
    }

    /// Who files a document: its clerk, or the first of the department.
    fn clerk(&self, document: &TownDocument) -> Option<Actor> {
        let department = self.departments.get(&document.department)?;
        let own = self
            .actors
            .get(&document.clerk)
            .filter(|actor| actor.may_in(Right::Receive, *department));
        let any = || {
            let people = self
                .town
                .people
                .iter()
                .filter_map(|one| self.actors.get(&one.user));
            people
                .into_iter()
                .find(|actor| actor.may_in(Right::Receive, *department))
        };
        own.or_else(any).cloned()
    }
}

fn first(town: &Town) -> &str {
    town.people
        .first()
        .map(|person| person.user.as_str())
        .unwrap_or_default()
}

/// The name under which a document comes: unique in the town.
fn file_name(document: &TownDocument) -> String {
    format!("{}.pdf", document.id)
}

fn missing(town: &Town, known: &HashSet<String>) -> Vec<usize> {
    let all = town.documents.iter().enumerate();
    all.filter(|(_, document)| !known.contains(&file_name(document)))
        .map(|(index, _)| index)
        .collect()
}

async fn departments_of(db: &Db, town: &Town) -> Result<HashMap<String, DepartmentId>, FillError> {
    let mut all = HashMap::new();
    for department in &town.departments {
        let known = departments::department(db.read(), &department.slug).await?;
        let id = match known {
            Some(known) => known.id,
            None => {
                let unfit = || FillError::Unfit {
                    what: department.slug.clone(),
                };
                let slug = Slug::parse(&department.slug).ok_or_else(unfit)?;
                let name = department.name.clone();
                let system = Actor::system();
                let made = db.write(&system, async move |unit: &mut Unit| {
                    departments::create_department(unit, slug, name).await
                });
                made.await?.value.id
            }
        };
        all.insert(department.slug.clone(), id);
    }
    Ok(all)
}

/// Puts the file plan in, where it is not there yet. One that the town has changed since stays.
async fn put_in_plan(db: &Db, town: &Arc<Town>) -> Result<(), FillError> {
    let (name, edition) = PLAN;
    let known = file_plan::plans(db.read()).await?;
    if known.iter().any(|plan| plan.name == name) {
        return Ok(());
    }
    let said = Said {
        name: Some(name.to_owned()),
        edition: Some(edition.to_owned()),
        valid_from: CivilDate::parse(PLAN_SINCE),
        valid_until: None,
        retire_missing: false,
    };
    let (system, town) = (Actor::system(), Arc::clone(town));
    let put = db.write(&system, async move |unit: &mut Unit| {
        file_plan::import(unit, &town.file_plan, &said, refiling::FOLLOW).await
    });
    put.await?;
    Ok(())
}

/// Puts the document types in, where there are none yet.
async fn put_in_types(db: &Db, town: &Arc<Town>) -> Result<(), FillError> {
    let known = types::catalog(db.read()).await?;
    if !known.types.is_empty() || !known.fields.is_empty() {
        return Ok(());
    }
    let (system, sheet) = (Actor::system(), town.types.clone());
    let put = db.write(&system, async move |unit: &mut Unit| {
        types::bring(unit, sheet).await
    });
    put.await?;
    Ok(())
}

/// The roles of the archive that a function in the town hall has today. Deciding and signing bring
/// finer ones. The registry of a small town is its scanning office too, and files what comes in.
pub(super) const fn roles(role: content::Role) -> &'static [Role] {
    match role {
        content::Role::Clerk => &[Role::Clerk],
        content::Role::RecordsManager => &[Role::RecordsManager, Role::Clerk],
        content::Role::Head => &[Role::Head],
        content::Role::Mayor => &[Role::Mayor],
        content::Role::Auditor => &[Role::Auditor],
        content::Role::Admin => &[Role::Admin],
        content::Role::MailRoom => &[Role::MailRoom],
        content::Role::Integrator => &[Role::Integrator],
    }
}

async fn move_in(
    db: &Db,
    auth: &Auth,
    person: &Person,
    department: Option<DepartmentId>,
) -> Result<Actor, FillError> {
    let roles = roles(person.role);
    let id = match departments::account_of_login(db.read(), &person.user).await? {
        Some(id) => id,
        None => {
            let unfit = || FillError::Unfit {
                what: person.user.clone(),
            };
            let login = Login::parse(&person.user).ok_or_else(unfit)?;
            let name = person.name.clone();
            let password = PasswordDigest::of(auth, Zeroizing::new(PASSWORD.to_owned())).await?;
            let system = Actor::system();
            let made = db.write(&system, async move |unit: &mut Unit| {
                let account =
                    departments::create_account(unit, login, name, Some(password)).await?;
                for role in roles {
                    let place = department.filter(|_| role.in_a_unit());
                    let role = NewRole::of(*role, place);
                    departments::grant(unit, account.id, role, Giving::ByOne).await?;
                }
                Ok::<_, PeopleError>(account.id)
            });
            made.await?.value
        }
    };
    Ok(departments::actor(db.read(), id, db.now(), None).await?)
}

/// What is known of a document of the town.
pub(super) fn metadata(document: &TownDocument) -> Option<Metadata> {
    let direction = match document.direction {
        content::Direction::Incoming => Direction::Incoming,
        content::Direction::Outgoing => Direction::Outgoing,
        content::Direction::Internal => Direction::Internal,
    };
    let channel = match document.channel {
        content::Channel::Post => Channel::Post,
        content::Channel::Email => Channel::Email,
        content::Channel::Scan => Channel::Scan,
        content::Channel::Counter => Channel::Counter,
        content::Channel::Portal => Channel::Portal,
        content::Channel::Fax => Channel::Fax,
        content::Channel::Internal => Channel::Internal,
    };
    let correspondent = document.correspondent.trim();
    let mut tags = document.tags.clone();
    tags.sort();
    tags.dedup();
    // Letters come in the morning.
    let received = document.received.with_hms(8, 30, 0).ok()?.assume_utc();
    Some(Metadata {
        title: document.title.clone(),
        kind: Some(document.kind.clone()),
        direction,
        channel: Some(channel),
        correspondent: (!correspondent.is_empty()).then(|| correspondent.to_owned()),
        correspondent_id: None,
        document_date: CivilDate::parse(&document.date.to_string()),
        received_at: Timestamp::from_utc(received),
        references: document.references.clone(),
        tags,
        fields: Values::new(),
    })
}
