//! What the engine must know and cannot find out: who acts, what he holds, and how documents stand.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use sea_orm::ConnectionTrait;
use workflow::definition::{Assignee, Definition};
use workflow::instance::{
    Actor as Doer, Assigned, Command, Directory, DocumentState, Id, Instance, Value,
};

use super::catalog::Rules;
use super::limits;
use super::rows::{self, Seen};
use super::values;
use crate::base::actor::Scope;
use crate::base::db::DbError;
use crate::base::rights::{Reach, reach};
use crate::base::{
    AccountId, Actor, CaseId, CivilDate, DepartmentId, DocumentId, Right, Role, Timestamp,
    VersionId,
};
use crate::cases::Case;
use crate::departments::functions::{self, Function};
use crate::departments::{self, Department};
use crate::documents::{self, Standing, Version};

/// The account of the system, as the engine calls it.
pub(super) const SYSTEM: &str = "system";
/// How many steps up a manager is looked for.
const STEPS_UP_MAX: usize = 20;

/// How the engine names an account.
pub(super) fn id_of(account: AccountId) -> Id {
    if account == Actor::system().account {
        Id(SYSTEM.to_owned())
    } else {
        Id(account.to_string())
    }
}

/// The account that the engine names; the system's for what is none.
pub(super) fn account_of(id: &Id) -> AccountId {
    id.0.parse().unwrap_or(Actor::system().account)
}

/// The documents of a case and who leads whom, as the engine asks.
#[derive(Debug, Clone, Default)]
pub(super) struct House {
    department: String,
    managers: HashMap<Id, Assigned>,
    /// Who holds which function, as far as the definition asks.
    held: HashSet<(Id, String)>,
    documents: HashMap<Id, DocumentState>,
    /// Who made which version: what the house put on it is nobody's.
    makers: HashMap<Id, Vec<(String, Id)>>,
    /// All versions by their numbers, and whether the house made them of those before.
    versions: HashMap<(Id, u64), (VersionId, bool)>,
}

impl Directory for House {
    fn department(&self) -> &str {
        &self.department
    }

    fn manager_of(&self, person: &Id) -> Option<Assigned> {
        self.managers.get(person).cloned()
    }

    fn holds(&self, person: &Id, function: &str) -> bool {
        self.held.contains(&(person.clone(), function.to_owned()))
    }

    fn document(&self, id: &Id) -> Option<&DocumentState> {
        self.documents.get(id)
    }

    fn new_case(&self, _number: usize) -> Id {
        Id(CaseId::new().to_string())
    }

    fn makers(&self, id: &Id) -> Vec<(String, Id)> {
        self.makers.get(id).cloned().unwrap_or_default()
    }
}

impl House {
    /// The version of a document with this number, and those that the house made of it since.
    pub(super) fn same_as(&self, document: &Id, number: u64) -> Vec<VersionId> {
        let known = |number| self.versions.get(&(document.clone(), number));
        let Some((own, _)) = known(number) else {
            return Vec::new();
        };
        let mut same = vec![*own];
        let mut next = number + 1;
        while let Some((later, true)) = known(next) {
            same.push(*later);
            next += 1;
        }
        same
    }
}

/// What stands around a workflow.
#[derive(Debug, Clone)]
pub(super) struct Around {
    /// The case.
    pub(super) case: Case,
    /// All departments.
    pub(super) departments: Arc<Vec<Department>>,
    /// All functions that were not ended.
    pub(super) functions: Arc<Vec<Function>>,
}

impl Around {
    /// Reads it.
    pub(super) async fn of(
        on: &impl ConnectionTrait,
        rules: &Rules,
        case: Case,
    ) -> Result<Self, DbError> {
        let units = rules.units(on).await?;
        Ok(Self {
            case,
            departments: units.departments,
            functions: units.functions,
        })
    }

    /// Short name of a department.
    pub(super) fn slug(&self, id: DepartmentId) -> &str {
        let found = self.departments.iter().find(|one| one.id == id);
        found.map_or("", |one| one.slug.as_str())
    }

    /// How the rows name what an instance names.
    pub(super) fn seen(&self) -> Seen {
        let functions = self.functions.iter();
        let departments = self.departments.iter();
        Seen {
            functions: functions.map(|one| (one.code.clone(), one.id)).collect(),
            departments: departments.map(|one| (one.slug.clone(), one.id)).collect(),
            case: self.case.id,
            department: self.case.department,
            compartment: self.case.compartment,
        }
    }

    fn function(&self, id: AccountId) -> Option<&Function> {
        self.functions.iter().find(|one| one.id == id)
    }

    /// The roles that an actor holds, with the short names of the departments in which they hold.
    fn roles(&self, actor: &Actor) -> BTreeSet<(String, String)> {
        let mut roles = BTreeSet::new();
        for grant in &actor.grants {
            let code = grant.role.code();
            let below = reach(grant.role, Right::Read) == Reach::Below;
            let units: Vec<DepartmentId> = match grant.department {
                None => self.departments.iter().map(|one| one.id).collect(),
                Some(_) if below => grant.units.iter().map(|one| one.id).collect(),
                Some(own) => vec![own],
            };
            let named = units.into_iter().map(|id| self.slug(id).to_owned());
            roles.extend(named.map(|slug| (code.to_owned(), slug)));
        }
        roles
    }

    /// Whether an actor works in the case, and whether he stands for the system there.
    fn stands(&self, actor: &Actor) -> (bool, bool) {
        let works_here = actor.may(Right::Edit, self.case.place());
        let application = actor.is(Role::Integrator) && works_here && actor.scope == Scope::Full;
        (works_here, actor.is(Role::System) || application)
    }

    /// The same who acts, by where the case stands: what he holds does not depend on that.
    pub(super) fn doer_here(&self, actor: &Actor, doer: &Doer) -> Doer {
        let (works_here, system) = self.stands(actor);
        Doer {
            works_here,
            system,
            ..doer.clone()
        }
    }

    /// Who acts, as far as the engine must know.
    pub(super) async fn doer(
        &self,
        on: &impl ConnectionTrait,
        actor: &Actor,
        now: Timestamp,
    ) -> Result<Doer, DbError> {
        let (works_here, system) = self.stands(actor);
        let for_function = actor.on_behalf_of.and_then(|id| self.function(id));
        let held: Vec<AccountId> = match (for_function, actor.on_behalf_of) {
            _ if actor.is(Role::System) => Vec::new(),
            (Some(function), _) => vec![function.id],
            (None, Some(principal)) => functions::held_by(on, principal, now).await?,
            (None, None) => functions::held_by(on, actor.account, now).await?,
        };
        let mut limited = held.clone();
        limited.push(match (for_function, actor.on_behalf_of) {
            (None, Some(principal)) => principal,
            (Some(_), _) | (None, None) => actor.account,
        });
        let codes = held.iter().filter_map(|id| self.function(*id));
        Ok(Doer {
            account: id_of(actor.account),
            on_behalf_of: match for_function {
                Some(_) => None,
                None => actor.on_behalf_of.map(id_of),
            },
            function: for_function.map(|one| one.code.clone()),
            functions: codes.map(|one| one.code.clone()).collect(),
            roles: self.roles(actor),
            limit: limits::on_day(on, &limited, CivilDate::on(now)).await?,
            works_here,
            system,
        })
    }

    /// What the engine asks about documents and managers, as far as this command can come to it.
    pub(super) async fn house(
        &self,
        on: &impl ConnectionTrait,
        (definition, instance): (&Definition, Option<&Instance>),
        (command, actor): (&Command, &Doer),
        now: Timestamp,
    ) -> Result<House, DbError> {
        let mut house = House {
            department: self.slug(self.case.department).to_owned(),
            ..House::default()
        };
        let ids = documents_of(instance, command);
        let wanted: Vec<DocumentId> = ids.iter().filter_map(|id| id.0.parse().ok()).collect();
        let standing = documents::standing(on, &wanted).await?;
        let in_force: Vec<VersionId> = standing
            .iter()
            .filter_map(|one| Some(meant(one)?.id))
            .collect();
        let frozen: HashSet<VersionId> = rows::frozen_among(on, &in_force)
            .await?
            .into_iter()
            .collect();
        let destroyed = if definition.destroys() {
            documents::destroyed(on, &standing).await?
        } else {
            HashSet::new()
        };
        for one in &standing {
            let Some(mut state) = state_of(one, &frozen) else {
                continue;
            };
            state.destroyed = destroyed.contains(&one.document.id);
            let id = Id(one.document.id.to_string());
            for version in &one.versions {
                let known = (version.id, is_made(version));
                house.versions.insert((id.clone(), version.number), known);
            }
            let own = one.versions.iter().filter(|it| !is_made(it));
            let makers = own.map(|it| (hex::encode(it.sha512), id_of(it.created_by)));
            house.makers.insert(id.clone(), makers.collect());
            house.documents.insert(id, state);
        }
        let asked = definition.held();
        if !asked.is_empty() {
            for person in people_of(instance, command, actor) {
                house
                    .held
                    .extend(self.held(on, &person, &asked, now).await?);
            }
        }
        if asks_for_managers(definition) {
            for person in people_of(instance, command, actor) {
                if let Some(manager) = self.manager(on, &person, now).await? {
                    house.managers.insert(person, manager);
                }
            }
        }
        Ok(house)
    }

    /// The functions among these that a person holds.
    async fn held(
        &self,
        on: &impl ConnectionTrait,
        person: &Id,
        asked: &[&str],
        now: Timestamp,
    ) -> Result<Vec<(Id, String)>, DbError> {
        let Ok(account) = person.0.parse::<AccountId>() else {
            return Ok(Vec::new());
        };
        let held = functions::held_by(on, account, now).await?;
        let codes = held.iter().filter_map(|id| self.function(*id));
        let codes = codes.filter(|one| asked.contains(&one.code.as_str()));
        Ok(codes
            .map(|one| (person.clone(), one.code.clone()))
            .collect())
    }

    /// Who leads the department of a person: its head, or that of the nearest one above which somebody else leads.
    async fn manager(
        &self,
        on: &impl ConnectionTrait,
        person: &Id,
        now: Timestamp,
    ) -> Result<Option<Assigned>, DbError> {
        let Ok(account) = person.0.parse::<AccountId>() else {
            return Ok(None);
        };
        let actor = departments::actor(on, account, now, None).await?;
        let own = |role: Role| {
            let mut grants = actor.grants.iter().filter(move |grant| grant.role == role);
            grants.find_map(|grant| grant.department)
        };
        let leads = own(Role::Head);
        let works = [Role::Clerk, Role::Mayor, Role::MailRoom, Role::Integrator];
        let works = works.into_iter().find_map(own);
        let mut next = match leads {
            Some(unit) => self.above(unit),
            None => works,
        };
        for _ in 0..STEPS_UP_MAX {
            let Some(unit) = next else {
                break;
            };
            if departments::has_role(on, (Role::Head, unit), now).await? {
                return Ok(Some(role_in("head", self.slug(unit))));
            }
            next = self.above(unit);
        }
        // Above the heads stands the mayor, where there is one and it is somebody else.
        let mayor = departments::unit_of_role(on, Role::Mayor, now).await?;
        let other = mayor.filter(|_| !actor.is(Role::Mayor));
        Ok(other.map(|unit| role_in("mayor", self.slug(unit))))
    }

    fn above(&self, unit: DepartmentId) -> Option<DepartmentId> {
        let found = self.departments.iter().find(|one| one.id == unit);
        found.and_then(|one| one.parent)
    }
}

fn role_in(role: &str, department: &str) -> Assigned {
    Assigned::Role {
        role: role.to_owned(),
        department: Some(department.to_owned()),
    }
}

/// Whether the house made a version of the one before: a seal, or its timestamp. It says the same.
fn is_made(version: &Version) -> bool {
    version.number > 1 && version.created_by == Actor::system().account
}

/// The version in force, as people know it: below what the house has put on it.
pub(super) fn meant(one: &Standing) -> Option<&Version> {
    let mut version = one.in_force()?;
    while is_made(version) {
        let before = version.number - 1;
        version = one.versions.iter().find(|it| it.number == before)?;
    }
    Some(version)
}

fn state_of(one: &Standing, frozen: &HashSet<VersionId>) -> Option<DocumentState> {
    let version = meant(one)?;
    Some(DocumentState {
        version: version.number,
        sha512: hex::encode(version.sha512),
        author: id_of(version.created_by),
        authors: authors(one),
        registered: one.document.registered.is_some(),
        frozen: frozen.contains(&version.id),
        destroyed: false,
    })
}

/// Who made versions of a document; what the house put on it is nobody's.
fn authors(one: &Standing) -> BTreeSet<Id> {
    let own = one.versions.iter().filter(|it| !is_made(it));
    own.map(|it| id_of(it.created_by)).collect()
}

fn values_of(command: &Command) -> impl Iterator<Item = &Value> {
    let fields = match command {
        Command::Start { fields }
        | Command::Complete { fields, .. }
        | Command::Event { fields, .. }
        | Command::Effected { fields, .. } => Some(fields.values()),
        Command::Claim { .. }
        | Command::Release { .. }
        | Command::Return { .. }
        | Command::Skip { .. }
        | Command::Delegate { .. }
        | Command::Insert { .. }
        | Command::Beside { .. }
        | Command::Withdraw { .. }
        | Command::Hold { .. }
        | Command::Resume { .. }
        | Command::Extend { .. }
        | Command::Exclude { .. }
        | Command::Editorial { .. }
        | Command::Look
        | Command::Fire { .. }
        | Command::Cancel { .. }
        | Command::Migrate { .. } => None,
    };
    fields.into_iter().flatten()
}

/// The documents that a workflow or a command names.
pub(super) fn documents_of(instance: Option<&Instance>, command: &Command) -> BTreeSet<Id> {
    let mut found = BTreeSet::new();
    let known = instance.into_iter().flat_map(|one| one.fields.values());
    for value in known.chain(values_of(command)) {
        if let Value::Document(id) = value {
            found.insert(id.clone());
        }
    }
    for step in instance.into_iter().flat_map(|one| &one.steps) {
        let bound = step.done.as_ref().and_then(|done| done.bound.as_ref());
        found.extend(bound.map(|bound| bound.document.clone()));
    }
    if let Command::Complete { documents, .. } = command {
        found.extend(documents.iter().cloned());
    }
    if let Command::Editorial { document } = command {
        found.insert(document.clone());
    }
    found
}

fn is_manager(assignee: &Assignee) -> bool {
    matches!(assignee, Assignee::ManagerOf(_))
}

/// Whether a definition asks for somebody's manager anywhere.
fn asks_for_managers(definition: &Definition) -> bool {
    let beside = definition.states.iter().flat_map(|state| &state.beside);
    let beside = beside.flat_map(|beside| &beside.by);
    let named = definition.start_by.iter().chain(&definition.cancel_by);
    if named.chain(beside).any(is_manager) {
        return true;
    }
    let mut steps = definition.states.iter().flat_map(|state| &state.steps);
    steps.any(|step| {
        let due = step.due.as_ref();
        let skip = step.skip.as_ref().map(|skip| &skip.by);
        let extend = due.and_then(|due| due.extend_by.as_ref());
        let remind = due.and_then(|due| due.remind_to.as_ref());
        let escalate = due.into_iter().flat_map(|due| &due.escalate);
        let named = [&step.assignee].into_iter().chain(skip);
        let mut all = named.chain(extend).chain(remind);
        all.any(is_manager) || escalate.map(|one| &one.to).any(is_manager)
    })
}

/// The people whose managers may be asked for.
fn people_of(instance: Option<&Instance>, command: &Command, actor: &Doer) -> BTreeSet<Id> {
    let mut found = BTreeSet::new();
    match instance {
        Some(instance) => {
            let by = &instance.initiator;
            found.insert(by.on_behalf_of.as_ref().unwrap_or(&by.account).clone());
        }
        None => {
            found.insert(
                actor
                    .on_behalf_of
                    .as_ref()
                    .unwrap_or(&actor.account)
                    .clone(),
            );
        }
    }
    let known = instance.into_iter().flat_map(|one| one.fields.values());
    for value in known.chain(values_of(command)) {
        let mut named = Vec::new();
        values::accounts_in(value, &mut named);
        found.extend(named.into_iter().map(id_of));
    }
    found
}
