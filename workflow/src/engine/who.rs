//! Who is asked, and who may.

use crate::definition::{Assignee, Person, Step, StepKind};
use crate::instance::{Actor, Assigned, Id, Refusal, StepState, StepStatus, Taker, Value};

use super::run::is_unfinished;
use super::view::View;

/// The account of what happens by itself.
pub const SYSTEM: &str = "system";

/// The person who did something: he himself, or in whose stead it was done.
pub(super) fn principal(taker: &Taker) -> &Id {
    taker.on_behalf_of.as_ref().unwrap_or(&taker.account)
}

/// The persons on a side: who acted, and in whose stead.
fn persons(taker: &Taker) -> impl Iterator<Item = &Id> {
    let both = [Some(&taker.account), taker.on_behalf_of.as_ref()];
    both.into_iter().flatten().filter(|id| id.0 != SYSTEM)
}

fn actors(actor: &Actor) -> Vec<&Id> {
    let both = [Some(&actor.account), actor.on_behalf_of.as_ref()];
    both.into_iter().flatten().collect()
}

/// Whether two did something for the same person.
pub(super) fn is_same(taker: &Taker, actor: &Actor) -> bool {
    let acts_for = actor.on_behalf_of.as_ref().unwrap_or(&actor.account);
    taker.account == actor.account || principal(taker) == acts_for
}

/// The head of the department of the case.
pub(super) fn head() -> Assigned {
    Assigned::Role {
        role: "head".to_owned(),
        department: None,
    }
}

/// The system, as whoever did something.
pub(super) fn system() -> Taker {
    Taker {
        account: Id(SYSTEM.to_owned()),
        on_behalf_of: None,
        function: None,
    }
}

/// What is taken, as far as it decides who may.
#[derive(Clone, Copy)]
pub(super) struct Duty<'a> {
    pub(super) kind: StepKind,
    pub(super) binds: Option<&'a str>,
    pub(super) defined: Option<&'a Step>,
}

impl<'a> View<'a> {
    pub(super) fn duty(self, step: &'a StepState) -> Duty<'a> {
        Duty {
            kind: step.kind,
            binds: step.binds.as_deref(),
            defined: self.defined(step),
        }
    }

    /// Whether somebody may take a step now.
    pub(super) fn may_take(self, number: u32) -> Result<(), Refusal> {
        if self.instance.ended.is_some() {
            return Err(Refusal::Ended);
        }
        let step = self.step(number)?;
        if step.status != StepStatus::Open {
            return Err(Refusal::NotOpen(step.status));
        }
        self.could_take(step)
    }

    /// The same, whether the step is open or not.
    pub(super) fn could_take(self, step: &'a StepState) -> Result<(), Refusal> {
        self.not_excluded()?;
        if !step.assigned.iter().any(|assigned| self.is_asked(assigned)) {
            return Err(Refusal::NotAssigned);
        }
        self.not_claimed(step)?;
        self.bar(self.duty(step), &actors(self.setting.actor))
    }

    pub(super) fn not_claimed(self, step: &StepState) -> Result<(), Refusal> {
        match &step.claimed {
            Some(by) if !is_same(by, self.setting.actor) => Err(Refusal::Claimed(by.clone())),
            _ => Ok(()),
        }
    }

    pub(super) fn not_excluded(self) -> Result<(), Refusal> {
        let excluded = &self.instance.excluded;
        let mut actors = actors(self.setting.actor).into_iter();
        if actors.any(|person| excluded.contains(person)) {
            return Err(Refusal::Excluded);
        }
        Ok(())
    }

    /// Whether whoever acts is among those who are meant.
    pub(super) fn is_asked(self, assigned: &Assigned) -> bool {
        let actor = self.setting.actor;
        if let Some(function) = &actor.function
            && !actor.functions.contains(function)
        {
            return false;
        }
        match assigned {
            Assigned::Person { account } => {
                actor.on_behalf_of.as_ref().unwrap_or(&actor.account) == account
            }
            Assigned::Function { code } => {
                let in_its_name = actor.function.as_ref().is_none_or(|one| one == code);
                in_its_name && actor.functions.contains(code)
            }
            Assigned::Role { role, department } => {
                let department = department.as_deref();
                let department = department.unwrap_or_else(|| self.setting.directory.department());
                let mut roles = actor.roles.iter();
                roles.any(|(code, place)| code == role && place == department)
            }
            Assigned::Anybody => actor.works_here,
            Assigned::System => actor.system,
        }
    }

    /// Whether whoever acts is meant by one of these.
    pub(super) fn is_one_of(self, assignees: &[Assignee]) -> bool {
        let mut meant = assignees.iter().flat_map(|one| self.asked(one, None));
        meant.any(|one| self.is_asked(&one))
    }

    /// Whether whoever acts may break it off: by default who began it, and the head of the department.
    pub(super) fn may_cancel(self) -> bool {
        let by = &self.definition.cancel_by;
        if by.is_empty() {
            return self.is_one_of(&[Assignee::Initiator]) || self.is_asked(&head());
        }
        self.is_one_of(by)
    }

    /// Whether whoever acts may say that another one takes no part: the head of the department, and whoever may
    /// break it off, but for having begun it: he does not choose by that who decides.
    pub(super) fn may_exclude(self) -> bool {
        let mut by = self.definition.cancel_by.iter();
        by.any(|one| *one != Assignee::Initiator && self.is_one_of(std::slice::from_ref(one)))
            || self.is_asked(&head())
    }

    /// Who is meant. Where nobody is known (nothing stands in a field, nobody has taken a step, a manager is
    /// not known), the head of the department is: nothing gets stuck for want of a name.
    pub(super) fn asked(self, assignee: &Assignee, each: Option<&Assigned>) -> Vec<Assigned> {
        let known = self.known(assignee, each);
        if known.is_empty() {
            return vec![head()];
        }
        known
    }

    /// The same, and nobody where nobody is known.
    pub(super) fn known(self, assignee: &Assignee, each: Option<&Assigned>) -> Vec<Assigned> {
        let person = |id: &Id| Assigned::Person {
            account: id.clone(),
        };
        match assignee {
            Assignee::Function(code) => vec![Assigned::Function { code: code.clone() }],
            Assignee::Role { role, department } => vec![Assigned::Role {
                role: role.clone(),
                department: department.clone(),
            }],
            Assignee::Field(field) => self.whos(field),
            Assignee::Initiator => vec![person(principal(&self.instance.initiator))],
            Assignee::ManagerOf(of) => {
                let manager = self.person(of, each);
                let manager = manager.and_then(|id| self.setting.directory.manager_of(id));
                manager.into_iter().collect()
            }
            Assignee::TakerOf(key) => {
                let taker = self.last_done(key).map(|done| principal(&done.by));
                taker
                    .filter(|id| id.0 != SYSTEM)
                    .map(person)
                    .into_iter()
                    .collect()
            }
            Assignee::Each => each.cloned().into_iter().collect(),
            Assignee::Anybody => vec![Assigned::Anybody],
            Assignee::System => vec![Assigned::System],
        }
    }

    pub(super) fn whos(self, field: &str) -> Vec<Assigned> {
        match self.instance.fields.get(field) {
            Some(Value::Who(who)) => vec![who.clone()],
            Some(Value::Whos(whos)) => whos.clone(),
            _ => Vec::new(),
        }
    }

    fn person<'p>(self, of: &Person, each: Option<&'p Assigned>) -> Option<&'p Id>
    where
        'a: 'p,
    {
        let who = match of {
            Person::Initiator => return Some(principal(&self.instance.initiator)),
            Person::Each => each,
            Person::Field(field) => match self.instance.fields.get(field) {
                Some(Value::Who(who)) => Some(who),
                _ => None,
            },
        };
        match who {
            Some(Assigned::Person { account }) => Some(account),
            _ => None,
        }
    }

    /// Who is asked for a step: where it is certain of each of them that he may not take it, the head of the
    /// department as well.
    pub(super) fn asked_for(self, step: &Step, each: Option<&Assigned>) -> Vec<Assigned> {
        let duty = Duty {
            kind: step.kind,
            binds: step.binds.as_deref(),
            defined: Some(step),
        };
        let mut asked = self.asked(&step.assignee, each);
        if self.is_hopeless(duty, &asked) {
            asked.push(head());
        }
        asked
    }

    /// Whether all that are asked are persons who certainly may not.
    pub(super) fn is_hopeless(self, duty: Duty<'_>, asked: &[Assigned]) -> bool {
        asked.iter().all(|one| match one {
            Assigned::Person { account } => self.may_ever(duty, account).is_err(),
            Assigned::Function { .. }
            | Assigned::Role { .. }
            | Assigned::Anybody
            | Assigned::System => false,
        })
    }

    /// Whether a person could take it by the rules, if he were asked.
    pub(super) fn may_ever(self, duty: Duty<'_>, person: &Id) -> Result<(), Refusal> {
        if self.instance.excluded.contains(person) {
            return Err(Refusal::OtherExcluded);
        }
        self.bar(duty, &[person])
    }

    pub(super) fn bar_actor(self, duty: Duty<'_>) -> Result<(), Refusal> {
        self.not_excluded()?;
        self.bar(duty, &actors(self.setting.actor))
    }

    /// Nobody decides in his own matter, nor who does.
    pub(super) fn not_own_matter(self, duty: Duty<'_>) -> Result<(), Refusal> {
        if self.is_own_matter(duty, &actors(self.setting.actor)) {
            return Err(Refusal::OwnMatter);
        }
        Ok(())
    }

    /// What keeps persons from a step, whoever is asked: four eyes, their own matter, their own draft.
    pub(super) fn bar(self, duty: Duty<'_>, actors: &[&Id]) -> Result<(), Refusal> {
        if let Some(step) = duty.defined {
            self.four_eyes(step, actors)?;
        }
        if self.is_own_matter(duty, actors) {
            return Err(Refusal::OwnMatter);
        }
        if duty.kind == StepKind::FinalSign
            && let Some(document) = duty.binds.and_then(|field| self.document_of(field))
            && self.has_drafted(document, actors)
        {
            return Err(Refusal::Drafter);
        }
        Ok(())
    }

    /// `distinct_from` counts on both sides: neither takes the takers of the other, whichever was first.
    /// Skipping counts as taking, and so does what is void by now. Whoever orders is none of those who checked,
    /// be it said there or not.
    fn four_eyes(self, step: &Step, actors: &[&Id]) -> Result<(), Refusal> {
        let checks = |kind, other| kind == StepKind::Order && other == StepKind::Attest;
        let names = |other: &str| {
            let Some((_, other)) = self.definition.step(other) else {
                return step.distinct_from.iter().any(|key| key == other);
            };
            step.distinct_from.contains(&other.id)
                || other.distinct_from.contains(&step.id)
                || checks(step.kind, other.kind)
                || checks(other.kind, step.kind)
        };
        for other in &self.instance.steps {
            let Some(done) = other.done.as_ref().filter(|_| other.directive.is_none()) else {
                continue;
            };
            if persons(&done.by).any(|person| actors.contains(&person)) && names(&other.key) {
                return Err(Refusal::FourEyes(other.number));
            }
        }
        Ok(())
    }

    /// `order` and `approve` are never taken in one's own matter; others are where the definition says so.
    fn is_own_matter(self, duty: Duty<'_>, actors: &[&Id]) -> bool {
        let allowed = match duty.kind {
            StepKind::Order | StepKind::Approve => false,
            StepKind::Attest | StepKind::CoSign | StepKind::FinalSign => {
                duty.defined.is_some_and(|step| step.own_matter)
            }
            StepKind::Task
            | StepKind::Seen
            | StepKind::Information
            | StepKind::Consult
            | StepKind::Statement
            | StepKind::Identity
            | StepKind::Counter
            | StepKind::Resubmit
            | StepKind::Dispatch
            | StepKind::Event
            | StepKind::System => true,
        };
        !allowed
            && self
                .definition
                .matter_of
                .iter()
                .any(|field| self.is_of(field, actors))
    }

    /// Whether it is the own matter of whoever acts, or of whom he acts for.
    pub(super) fn is_party(self) -> bool {
        let actors = actors(self.setting.actor);
        let mut fields = self.definition.matter_of.iter();
        fields.any(|field| self.is_of(field, &actors))
    }

    fn is_of(self, field: &str, actors: &[&Id]) -> bool {
        if field == "initiator" {
            return persons(&self.instance.initiator).any(|person| actors.contains(&person));
        }
        self.whos(field).iter().any(|who| match who {
            Assigned::Person { account } => actors.contains(&account),
            Assigned::Function { .. }
            | Assigned::Role { .. }
            | Assigned::Anybody
            | Assigned::System => false,
        })
    }

    /// Whether one of these has made a version of a document that was more than editorial.
    fn has_drafted(self, document: &Id, actors: &[&Id]) -> bool {
        let directory = self.setting.directory;
        let makers = directory.makers(document);
        if makers.is_empty() {
            let known = directory.document(document);
            return known.is_some_and(|known| actors.iter().any(|id| known.authors.contains(*id)));
        }
        let editorial = self.instance.editorial.get(document);
        let is_edited =
            |sha: &String| editorial.is_some_and(|editorial| editorial.edited.contains(sha));
        let mut drafters = makers.iter().filter(|(sha, _)| !is_edited(sha));
        drafters.any(|(_, by)| actors.contains(&by))
    }

    /// Whether somebody was asked for something that is not done, and nobody else who may was.
    pub(super) fn is_left_alone(self, step: &StepState) -> bool {
        let duty = Duty {
            kind: step.kind,
            binds: step.binds.as_deref(),
            defined: self.defined(step),
        };
        is_unfinished(step) && self.is_hopeless(duty, &step.assigned)
    }
}
