//! What is the case, made of the events alone.

use super::{Entry, Is, Judge, head};
use crate::calendar::Calendar;
use crate::definition::{Assignee, Person};
use crate::expr::{Expr, Facts};
use crate::instance::{Assigned, Day, Directory as _, Done, Id, Taker, Value};

/// What is known at an entry.
struct At<'j> {
    judge: &'j Judge<'j>,
    entry: &'j Entry,
}

/// For whom something was done.
fn principal(taker: &Taker) -> &Id {
    taker.on_behalf_of.as_ref().unwrap_or(&taker.account)
}

impl Judge<'_> {
    pub(super) fn holds(&self, condition: Option<&Expr>, entry: &Entry) -> bool {
        condition.is_none_or(|condition| condition.holds(&At { judge: self, entry }))
    }

    /// How a step was done last, and that is not void.
    fn last(&self, key: &str) -> Option<&Done> {
        let steps = self.steps.values();
        let done = steps.filter(|known| known.step.key == key && known.is == Is::Done);
        let done = done.filter_map(|known| Some((known, known.done.as_ref()?)));
        let last = done.max_by_key(|(known, done)| (known.step.round, done.at, known.step.number));
        last.map(|(_, done)| done)
    }

    pub(super) fn whos(&self, field: &str) -> Vec<Assigned> {
        match self.fields.get(field) {
            Some(Value::Who(who)) => vec![who.clone()],
            Some(Value::Whos(whos)) => whos.clone(),
            _ => Vec::new(),
        }
    }

    fn person(&self, of: &Person, each: Option<&Assigned>) -> Option<Id> {
        let who = match of {
            Person::Initiator => return self.initiator.as_ref().map(|one| principal(one).clone()),
            Person::Each => each.cloned(),
            Person::Field(field) => match self.fields.get(field) {
                Some(Value::Who(who)) => Some(who.clone()),
                _ => None,
            },
        };
        match who {
            Some(Assigned::Person { account }) => Some(account),
            _ => None,
        }
    }

    /// Who is meant; where nobody is known, the head of the department.
    pub(super) fn meant(
        &self,
        assignee: &Assignee,
        each: Option<&Assigned>,
        entry: &Entry,
    ) -> Vec<Assigned> {
        let person = |account: &Id| Assigned::Person {
            account: account.clone(),
        };
        let known: Vec<Assigned> = match assignee {
            Assignee::Function(code) => vec![Assigned::Function { code: code.clone() }],
            Assignee::Role { role, department } => vec![Assigned::Role {
                role: role.clone(),
                department: department.clone(),
            }],
            Assignee::Field(field) => self.whos(field),
            Assignee::Initiator => {
                let began = self.initiator.iter();
                began.map(|one| person(principal(one))).collect()
            }
            Assignee::ManagerOf(of) => {
                let of = self.person(of, each);
                let manager = of.and_then(|id| entry.town.manager_of(&id));
                manager.into_iter().collect()
            }
            Assignee::TakerOf(key) => {
                let taker = self.last(key).map(|done| principal(&done.by));
                let taker = taker.filter(|id| id.0 != "system");
                taker.map(person).into_iter().collect()
            }
            Assignee::Each => each.cloned().into_iter().collect(),
            Assignee::Anybody => vec![Assigned::Anybody],
            Assignee::System => vec![Assigned::System],
        };
        if known.is_empty() {
            return vec![head()];
        }
        known
    }
}

impl Facts for At<'_> {
    fn field(&self, key: &str) -> Option<Value> {
        self.judge.fields.get(key).cloned()
    }

    fn today(&self) -> Day {
        self.judge.calendar.day_of(self.entry.now)
    }

    fn calendar(&self) -> &Calendar {
        &self.judge.calendar
    }

    fn limit(&self) -> Option<i64> {
        self.entry.actor.limit
    }

    fn actor(&self) -> Option<Id> {
        Some(self.entry.actor.account.clone())
    }

    fn initiator(&self) -> Option<Id> {
        let began = self.judge.initiator.as_ref();
        began.map(|one| principal(one).clone())
    }

    fn lookup(&self, table: &str, key: &str) -> Option<String> {
        let mut tables = self.judge.definition.lookups.iter();
        let table = tables.find(|one| one.key == table)?;
        table.rows.get(key).or(table.default.as_ref()).cloned()
    }

    fn done(&self, step: &str) -> bool {
        self.judge.last(step).is_some()
    }

    fn outcome(&self, step: &str) -> Option<String> {
        self.judge.last(step).map(|done| done.outcome.clone())
    }

    fn taker(&self, step: &str) -> Option<Id> {
        let last = self.judge.last(step);
        last.map(|done| principal(&done.by).clone())
    }

    fn holds(&self, person: &Id, function: &str) -> bool {
        self.entry.town.holds(person, function)
    }

    fn registered(&self, document: &Id) -> bool {
        let known = self.entry.town.document(document);
        self.judge.registered.contains(document) || known.is_some_and(|one| one.registered)
    }

    fn frozen(&self, document: &Id) -> bool {
        let known = self.entry.town.document(document);
        known.is_some_and(|one| one.frozen || self.judge.frozen.contains(&one.sha512))
    }

    fn destroyed(&self, document: &Id) -> bool {
        let known = self.entry.town.document(document);
        known.is_some_and(|one| one.destroyed)
    }
}
