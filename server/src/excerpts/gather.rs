//! What an excerpt is made of: the case, its documents, its workflows, its history and the proofs, as far as its
//! reader may see them.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use paper::report::Report;
use sea_orm::ConnectionTrait;
use storage::{Kms, ObjectName, Storage};
use thiserror::Error;
use uuid::Uuid;
use workflow::definition::Definition;
use workflow::instance::{Id, Instance};

use super::said;
use crate::audit::history::{Entry, history};
use crate::audit::note::Checkpoint;
use crate::base::db::DbError;
use crate::base::{AccountId, Actor, CaseId, DocumentId, Timestamp};
use crate::cases::{self, Case, CaseError};
use crate::departments::{self, Department, functions};
use crate::documents::{self, DocumentError, Filter, Order, Standing};
use crate::file_plan;
use crate::files::{self, CaseFile, FileError};
use crate::workflows::{self, Rules, WorkflowError};

/// Most documents of an excerpt.
pub(super) const DOCUMENTS_MAX: u64 = 500;
/// Most entries of its history.
pub(super) const ENTRIES_MAX: usize = 10_000;

/// Why there is no excerpt.
#[derive(Debug, Error)]
pub enum ExcerptError {
    /// The case.
    #[error(transparent)]
    Case(#[from] CaseError),
    /// Its file.
    #[error(transparent)]
    File(#[from] FileError),
    /// A document.
    #[error(transparent)]
    Document(#[from] DocumentError),
    /// A workflow.
    #[error(transparent)]
    Workflow(#[from] WorkflowError),
    /// The store.
    #[error("the checkpoint cannot be read")]
    Store(#[from] storage::StoreError),
    /// It is too long, or a letter cannot be drawn.
    #[error("the excerpt cannot be written")]
    Paper(#[from] paper::PaperError),
    /// The database.
    #[error(transparent)]
    Db(#[from] DbError),
    /// A thread ended early.
    #[error("the excerpt was given up")]
    GivenUp,
}

/// With what it is gathered.
#[derive(Debug)]
pub struct Sources<'a> {
    /// The store: its keys open details, and it has the checkpoint.
    pub storage: &'a Storage,
    /// The definitions of workflows.
    pub rules: &'a Rules,
    /// What the town is called.
    pub town: &'a str,
}

/// A workflow of the case, with the definition by which it runs.
#[derive(Debug, Clone)]
pub(super) struct Slip {
    pub(super) id: Uuid,
    pub(super) definition: Arc<Definition>,
    pub(super) instance: Instance,
}

/// An entry of the history, and of what it is.
#[derive(Debug, Clone)]
pub(super) struct Told {
    /// Title of the document, where it is one of a document.
    pub(super) of: Option<String>,
    pub(super) entry: Entry,
}

/// All that an excerpt says.
#[derive(Debug, Clone)]
pub(super) struct Facts {
    pub(super) town: String,
    pub(super) office: String,
    pub(super) case: Case,
    /// The file, where the reader may see it.
    pub(super) file: Option<CaseFile>,
    pub(super) plan_unit: Option<String>,
    pub(super) former: Vec<String>,
    pub(super) documents: Vec<Standing>,
    /// Whether there are more documents than are told.
    pub(super) more: bool,
    pub(super) slips: Vec<Slip>,
    pub(super) told: Vec<Told>,
    pub(super) names: Names,
    pub(super) checkpoint: Option<Checkpoint>,
    pub(super) by: AccountId,
    pub(super) now: Timestamp,
}

/// How people, functions, departments and documents are called.
#[derive(Debug, Clone, Default)]
pub(super) struct Names {
    pub(super) accounts: HashMap<AccountId, String>,
    pub(super) functions: HashMap<String, String>,
    pub(super) departments: HashMap<String, String>,
    pub(super) documents: HashMap<DocumentId, String>,
}

impl Names {
    /// Who somebody is: by name, or by the id of the account.
    pub(super) fn who(&self, account: AccountId) -> String {
        if account.raw().is_nil() {
            return "System".to_owned();
        }
        let known = self.accounts.get(&account).cloned();
        known.unwrap_or_else(|| format!("Konto {account}"))
    }
}

impl workflow::tell::Names for Names {
    fn account(&self, id: &Id) -> Option<String> {
        let id: AccountId = id.0.parse().ok()?;
        self.accounts.get(&id).cloned()
    }

    fn function(&self, code: &str) -> Option<String> {
        self.functions.get(code).cloned()
    }

    fn department(&self, slug: &str) -> Option<String> {
        self.departments.get(slug).cloned()
    }

    /// Of a document that the reader may not see nothing but its id is told.
    fn document(&self, id: &Id) -> Option<String> {
        let id: DocumentId = id.0.parse().ok()?;
        self.documents.get(&id).cloned()
    }
}

/// What becomes an excerpt.
#[derive(Debug, Clone)]
pub struct Gathered {
    facts: Facts,
}

impl Gathered {
    /// The excerpt: the same facts make the same.
    #[must_use]
    pub fn report(&self) -> Report {
        said::report(&self.facts)
    }

    /// Its bytes.
    ///
    /// # Errors
    /// Where it has too many pages.
    pub fn render(&self) -> Result<Vec<u8>, ExcerptError> {
        Ok(paper::report::render(&self.report())?)
    }

    /// The case.
    #[must_use]
    pub const fn case(&self) -> &Case {
        &self.facts.case
    }
}

/// Gathers what an excerpt says to an actor at `now`.
///
/// # Errors
/// [`CaseError::NotFound`] where he may not know of the case.
pub async fn gather(
    on: &impl ConnectionTrait,
    sources: Sources<'_>,
    (actor, now): (&Actor, Timestamp),
    id: CaseId,
) -> Result<Gathered, ExcerptError> {
    let case = cases::read(on, actor, id).await?;
    let file = match files::read(on, actor, case.file).await {
        Ok(file) => Some(file),
        Err(FileError::NotFound) => None,
        Err(error) => return Err(error.into()),
    };
    let plan_unit = match &file {
        Some(file) => file_plan::unit(on, file.plan_unit).await?,
        None => None,
    };
    let (standing, more) = documents_of(on, actor, case.id).await?;
    let slips = slips_of(on, sources.rules, case.id).await?;
    let kms: &dyn Kms = sources.storage.kms().as_ref();
    let told = told(on, kms, (&case, &standing)).await?;
    let departments = departments::departments(on).await?;
    let names = names(
        on,
        (actor, &departments),
        (&case, &standing),
        (&slips, &told),
    )
    .await?;
    let office = departments.iter().find(|one| one.id == case.department);
    let former = files::aliases(on, &[case.id.raw()]).await?;
    let former = former.into_iter().map(|(_, reference)| reference).collect();
    Ok(Gathered {
        facts: Facts {
            town: sources.town.to_owned(),
            office: office.map(|one| one.name.clone()).unwrap_or_default(),
            plan_unit: plan_unit.map(|unit| format!("{} {}", unit.code, unit.title)),
            checkpoint: checkpoint(sources.storage).await?,
            by: actor.account,
            case,
            file,
            former,
            documents: standing,
            more,
            slips,
            told,
            names,
            now,
        },
    })
}

/// The documents of a case that the actor may see, by their numbers; and whether there are more.
async fn documents_of(
    on: &impl ConnectionTrait,
    actor: &Actor,
    case: CaseId,
) -> Result<(Vec<Standing>, bool), ExcerptError> {
    let wanted = Filter {
        case: Some(case),
        components: true,
        ..Filter::default()
    };
    let page = documents::page(on, actor, &wanted, Order::Oldest, None, DOCUMENTS_MAX).await?;
    let (found, more) = page;
    let ids: Vec<DocumentId> = found.iter().map(|one| one.id).collect();
    let mut standing = documents::standing(on, &ids).await?;
    standing.sort_by_key(|one| {
        let ordinal = one.document.registered.as_ref().map(|it| it.ordinal);
        let received_at = one.document.metadata.received_at;
        (
            ordinal.is_none(),
            ordinal,
            received_at,
            one.document.id.raw(),
        )
    });
    Ok((standing, more))
}

/// The workflows of a case.
async fn slips_of(
    on: &impl ConnectionTrait,
    rules: &Rules,
    case: CaseId,
) -> Result<Vec<Slip>, ExcerptError> {
    let all = workflows::of_case(on, rules, case).await?;
    let slip = |(flow, definition): (workflows::Flow, Arc<Definition>)| Slip {
        id: flow.id.raw(),
        definition,
        instance: flow.instance,
    };
    Ok(all.into_iter().map(slip).collect())
}

/// The last signed checkpoint, where there is one.
async fn checkpoint(storage: &Storage) -> Result<Option<Checkpoint>, ExcerptError> {
    let note = storage
        .get_object(&ObjectName::parse("log/checkpoint")?)
        .await?;
    Ok(note.and_then(|note| Checkpoint::claimed(&note).ok()))
}

/// What happened to the case and to its documents, in the order of the log.
async fn told(
    on: &impl ConnectionTrait,
    kms: &dyn Kms,
    (case, documents): (&Case, &[Standing]),
) -> Result<Vec<Told>, DbError> {
    let of_case = history(on, kms, case.id.raw()).await?;
    let mut told: Vec<Told> = of_case
        .items
        .into_iter()
        .map(|entry| Told { of: None, entry })
        .collect();
    for one in documents {
        if told.len() >= ENTRIES_MAX {
            break;
        }
        let of_document = history(on, kms, one.document.id.raw()).await?;
        told.extend(of_document.items.into_iter().map(|entry| Told {
            of: Some(one.document.metadata.title.clone()),
            entry,
        }));
    }
    told.sort_by_key(|one| one.entry.seq);
    told.truncate(ENTRIES_MAX);
    Ok(told)
}

/// The accounts that are named anywhere.
fn people(
    (case, documents): (&Case, &[Standing]),
    (slips, told): (&[Slip], &[Told]),
) -> BTreeSet<AccountId> {
    let mut all: BTreeSet<AccountId> = [case.created_by, case.changed_by].into();
    for one in documents {
        all.extend(one.versions.iter().map(|version| version.created_by));
    }
    all.extend(told.iter().map(|one| AccountId::of(one.entry.actor)));
    for slip in slips {
        // Whatever in it is an id of an account: who acted, in whose stead, who is asked, who inserted.
        let json = serde_json::to_value(&slip.instance.steps).unwrap_or_default();
        gather_ids(&json, &mut all);
        all.extend(slip.instance.initiator.account.0.parse::<AccountId>().ok());
    }
    all
}

fn gather_ids(json: &serde_json::Value, all: &mut BTreeSet<AccountId>) {
    match json {
        serde_json::Value::Object(members) => {
            for (name, value) in members {
                let named = matches!(name.as_str(), "account" | "on_behalf_of");
                if let (true, Some(text)) = (named, value.as_str()) {
                    all.extend(text.parse::<AccountId>().ok());
                }
                gather_ids(value, all);
            }
        }
        serde_json::Value::Array(items) => items.iter().for_each(|item| gather_ids(item, all)),
        serde_json::Value::Null
        | serde_json::Value::Bool(_)
        | serde_json::Value::Number(_)
        | serde_json::Value::String(_) => {}
    }
}

async fn names(
    on: &impl ConnectionTrait,
    (actor, departments): (&Actor, &[Department]),
    things: (&Case, &[Standing]),
    said: (&[Slip], &[Told]),
) -> Result<Names, DbError> {
    let mut wanted = people(things, said);
    wanted.insert(actor.account);
    let wanted: Vec<AccountId> = wanted.into_iter().collect();
    let mut accounts = HashMap::new();
    for some in wanted.chunks(500) {
        let known = departments::named(on, some).await?;
        accounts.extend(known.into_iter().map(|(id, one)| (id, one.name)));
    }
    let functions = functions::all(on).await?;
    let (_, documents) = things;
    Ok(Names {
        accounts,
        functions: functions
            .into_iter()
            .map(|one| (one.code, one.name))
            .collect(),
        departments: departments
            .iter()
            .map(|one| (one.slug.clone(), one.name.clone()))
            .collect(),
        documents: documents
            .iter()
            .map(|one| (one.document.id, one.document.metadata.title.clone()))
            .collect(),
    })
}
