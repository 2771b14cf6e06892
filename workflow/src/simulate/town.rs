//! A town that is only imagined: it has one department, and everybody who is asked is there.

use std::collections::{BTreeMap, BTreeSet};

use sha2::{Digest as _, Sha512};

use crate::definition::{Assignee, Definition};
use crate::engine::SYSTEM;
use crate::instance::{
    Actor, Assigned, Directory, DocumentState, EffectDue, Event, Id, Instance, StepState,
    StepStatus, Taker, Value, WorkDue,
};

/// Short name of its department.
const DEPARTMENT: &str = "amt";
/// How many persons hold each function and each role.
const HOLDERS: usize = 4;
/// Who leads the department of anybody.
const MANAGER: &str = "leitung";
/// Who has drafted what is there at the beginning.
const AUTHOR: &str = "verfasser";

/// What is known there.
#[derive(Clone, Debug, Default)]
pub(super) struct Town {
    documents: BTreeMap<Id, DocumentState>,
    makers: BTreeMap<Id, Vec<(String, Id)>>,
    made: usize,
}

impl Town {
    /// A document of a value is there.
    pub(super) fn learn(&mut self, value: &Value) {
        if let Value::Document(id) = value
            && !self.documents.contains_key(id)
        {
            self.write(id.clone(), &Id(AUTHOR.to_owned()));
        }
    }

    /// A new document.
    pub(super) fn document(&mut self) -> Id {
        self.made += 1;
        let id = Id(format!("dokument-{}", self.made));
        self.write(id.clone(), &Id(AUTHOR.to_owned()));
        id
    }

    /// Somebody has signed it: that is another version.
    pub(super) fn signed(&mut self, id: &Id) {
        self.write(id.clone(), &Id(AUTHOR.to_owned()));
    }

    /// A new version of a document.
    fn write(&mut self, id: Id, author: &Id) {
        let old = self.documents.get(&id);
        let version = old.map_or(1, |old| old.version.saturating_add(1));
        let mut authors = old.map_or_else(BTreeSet::new, |old| old.authors.clone());
        authors.insert(author.clone());
        let sha512 = hex::encode(Sha512::digest(format!("{}/{version}", id.0)));
        let makers = self.makers.entry(id.clone()).or_default();
        makers.push((sha512.clone(), author.clone()));
        let state = DocumentState {
            version,
            sha512,
            author: author.clone(),
            authors,
            registered: old.is_some_and(|old| old.registered),
            frozen: false,
            destroyed: false,
        };
        self.documents.insert(id, state);
    }

    pub(super) fn sha512(&self, id: &Id) -> Option<String> {
        self.documents
            .get(id)
            .map(|document| document.sha512.clone())
    }

    /// What is to be done besides is done.
    pub(super) fn hear(&mut self, event: &Event) {
        let Event::Effect { effect, .. } = event else {
            return;
        };
        match effect {
            EffectDue::Register { document } => {
                if let Some(document) = self.documents.get_mut(document) {
                    document.registered = true;
                }
            }
            EffectDue::Freeze { version } | EffectDue::Dispatch { version } => {
                if let Some(document) = self.documents.get_mut(&version.document) {
                    document.frozen = true;
                }
            }
            EffectDue::Destroy { document } => {
                if let Some(document) = self.documents.get_mut(document) {
                    document.destroyed = true;
                }
            }
            EffectDue::Work {
                work: WorkDue::Seal { document },
                ..
            } => {
                self.write(document.clone(), &Id(SYSTEM.to_owned()));
                if let Some(document) = self.documents.get_mut(document) {
                    document.frozen = true;
                }
            }
            EffectDue::Work {
                work: WorkDue::Form { .. } | WorkDue::Export { .. },
                ..
            }
            | EffectDue::CloseCase
            | EffectDue::CloseFile
            | EffectDue::MoveTo { .. }
            | EffectDue::OpenCase { .. }
            | EffectDue::Notify { .. } => {}
        }
    }
}

impl Directory for Town {
    fn new_case(&self, number: usize) -> Id {
        Id(format!("case-{}", number + 1))
    }

    fn department(&self) -> &str {
        DEPARTMENT
    }

    fn manager_of(&self, person: &Id) -> Option<Assigned> {
        let account = Id(MANAGER.to_owned());
        (*person != account).then_some(Assigned::Person { account })
    }

    fn holds(&self, person: &Id, function: &str) -> bool {
        let holder = |n| person.0 == format!("{function}-{n}");
        (1..=HOLDERS).any(holder)
    }

    fn document(&self, id: &Id) -> Option<&DocumentState> {
        self.documents.get(id)
    }

    fn makers(&self, id: &Id) -> Vec<(String, Id)> {
        self.makers.get(id).cloned().unwrap_or_default()
    }
}

fn actor(account: String) -> Actor {
    Actor {
        account: Id(account),
        on_behalf_of: None,
        function: None,
        functions: BTreeSet::new(),
        roles: BTreeSet::new(),
        limit: Some(i64::MAX),
        works_here: true,
        system: false,
    }
}

pub(super) fn system() -> Actor {
    Actor {
        system: true,
        works_here: false,
        limit: None,
        ..actor(SYSTEM.to_owned())
    }
}

/// Those who are meant.
fn meant(assigned: &Assigned) -> Vec<Actor> {
    let holders = |name: &str| {
        (1..=HOLDERS)
            .map(|n| actor(format!("{name}-{n}")))
            .collect()
    };
    match assigned {
        Assigned::Person { account } => vec![actor(account.0.clone())],
        Assigned::Function { code } => {
            let mut holders: Vec<Actor> = holders(code);
            for one in &mut holders {
                one.functions.insert(code.clone());
            }
            holders
        }
        Assigned::Role { role, department } => {
            let department = department.as_deref().unwrap_or(DEPARTMENT);
            let mut holders: Vec<Actor> = holders(role);
            for one in &mut holders {
                one.roles.insert((role.clone(), department.to_owned()));
            }
            holders
        }
        Assigned::Anybody => holders("sachbearbeitung"),
        Assigned::System => vec![system()],
    }
}

/// Those who are asked to take a step.
pub(super) fn takers(step: &StepState) -> Vec<Actor> {
    step.assigned.iter().flat_map(meant).collect()
}

/// Those who may begin.
pub(super) fn starters(definition: &Definition) -> Vec<Actor> {
    let mut starters = Vec::new();
    for by in &definition.start_by {
        match by {
            Assignee::Function(code) => {
                starters.extend(meant(&Assigned::Function { code: code.clone() }));
            }
            Assignee::Role { role, department } => starters.extend(meant(&Assigned::Role {
                role: role.clone(),
                department: department.clone(),
            })),
            Assignee::System => starters.push(system()),
            Assignee::Field(_)
            | Assignee::Initiator
            | Assignee::ManagerOf(_)
            | Assignee::TakerOf(_)
            | Assignee::Each
            | Assignee::Anybody => {}
        }
    }
    starters.extend(meant(&Assigned::Anybody));
    starters
}

/// Those who could skip a step: whoever took another one, who began it, and all that a definition names.
pub(super) fn skippers(
    definition: &Definition,
    instance: Option<&Instance>,
    key: &str,
) -> Vec<Actor> {
    let skip = definition
        .step(key)
        .and_then(|(_, step)| step.skip.as_ref());
    match (skip, instance) {
        (Some(skip), Some(instance)) => named(&skip.by, instance),
        _ => Vec::new(),
    }
}

/// Those who could begin a side way.
pub(super) fn starters_beside(
    definition: &Definition,
    instance: Option<&Instance>,
    state: &str,
) -> Vec<Actor> {
    let beside = definition.state(state);
    let by = beside.iter().flat_map(|state| &state.beside);
    let by = by.flat_map(|beside| &beside.by);
    let all = instance
        .into_iter()
        .flat_map(|instance| by.clone().flat_map(|by| named(by, instance)));
    all.collect()
}

/// Those whom a definition could mean: who began it, whom it names, and who leads the department.
fn named(by: &Assignee, instance: &Instance) -> Vec<Actor> {
    let person = |taker: &Taker| Assigned::Person {
        account: taker.account.clone(),
    };
    let mut asked = vec![person(&instance.initiator)];
    match by {
        Assignee::Function(code) => asked.push(Assigned::Function { code: code.clone() }),
        Assignee::Role { role, department } => asked.push(Assigned::Role {
            role: role.clone(),
            department: department.clone(),
        }),
        Assignee::TakerOf(other) => {
            let steps = instance.steps.iter();
            let done = steps.filter(|step| step.key == *other && step.status == StepStatus::Done);
            asked.extend(
                done.filter_map(|step| step.done.as_ref())
                    .map(|done| person(&done.by)),
            );
        }
        Assignee::Field(field) => match instance.fields.get(field) {
            Some(Value::Who(who)) => asked.push(who.clone()),
            Some(Value::Whos(whos)) => asked.extend(whos.iter().cloned()),
            _ => {}
        },
        Assignee::ManagerOf(_) => asked.push(Assigned::Person {
            account: Id(MANAGER.to_owned()),
        }),
        Assignee::Initiator | Assignee::Each | Assignee::Anybody => asked.push(Assigned::Anybody),
        Assignee::System => asked.push(Assigned::System),
    }
    asked.push(Assigned::Role {
        role: "head".to_owned(),
        department: None,
    });
    asked.iter().flat_map(meant).collect()
}
