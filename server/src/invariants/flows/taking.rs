//! Who took a step: I-6, I-10 and I-11.

use uuid::Uuid;
use workflow::definition::{End, Outcome, State, Step, StepKind};
use workflow::expr::{Expr, Op};
use workflow::instance::{Assigned, Done, Id, StepState, StepStatus, Taker, Value};

use super::super::journal::{Entry, Version};
use super::super::model::Book;
use super::{SYSTEM, Walk, account, of_step, persons, places, principal, when};
use crate::base::{CivilDate, Timestamp};

/// The kinds of steps that nobody takes in his own matter, unless the definition says so.
fn decides(kind: StepKind) -> bool {
    matches!(
        kind,
        StepKind::Order
            | StepKind::Approve
            | StepKind::Attest
            | StepKind::CoSign
            | StepKind::FinalSign
    )
}

impl Walk<'_> {
    /// I-6: whoever acted is who the entry names.
    pub(super) fn acted(&self, entry: &Entry, (step, by): (&StepState, &Taker), book: &mut Book) {
        book.of(6).looked(1);
        let system = by.account.0 == SYSTEM;
        let own = account(&by.account).unwrap_or_default();
        let other = match (&by.on_behalf_of, &by.function) {
            (Some(other), _) => account(other),
            (None, Some(code)) => self.house.people.function(code),
            (None, None) => None,
        };
        let fits = own == entry.account && (system || other == entry.obo);
        if !fits {
            let why = of_step(
                step,
                "nennt eine andere Person als der Eintrag im Verlauf",
                "names another person than the entry of the journal",
            );
            book.of(6).offend("workflow", self.flow.id, why);
        }
    }

    /// I-6: whoever took a step was asked for it, by what he held then.
    pub(super) fn taken(&self, entry: &Entry, (step, by): (&StepState, &Taker), book: &mut Book) {
        self.acted(entry, (step, by), book);
        if by.account.0 == SYSTEM {
            return;
        }
        let asked = step.assigned.iter();
        let mut asked = asked.filter(|assigned| self.is_meant(entry, assigned, by));
        if asked.next().is_none() {
            let why = of_step(
                step,
                "wurde von jemandem erledigt, der damals weder gefragt war noch die Rolle oder Funktion hatte",
                "was taken by somebody who was neither asked nor had the role or function then",
            );
            book.of(6).offend("workflow", self.flow.id, why);
        }
    }

    fn is_meant(&self, entry: &Entry, assigned: &Assigned, by: &Taker) -> bool {
        let (people, when) = (self.house.people, when(entry));
        let (Some(actor), Some(person)) = (account(&by.account), principal(by)) else {
            return false;
        };
        let function = by.function.as_ref().and_then(|code| people.function(code));
        let obo = by.on_behalf_of.as_ref().and_then(account).or(function);
        let whose = people.whose(actor, obo, when);
        let here = self.department(entry);
        match assigned {
            Assigned::Person { account: asked } => account(asked) == Some(person),
            Assigned::Function { code } => people
                .function(code)
                .is_some_and(|function| people.held(person, function, when)),
            Assigned::Role { role, department } => {
                let unit = match department {
                    Some(slug) => people.department(slug),
                    None => Some(here),
                };
                unit.is_some_and(|unit| people.had_role_in(&whose, (role, unit), when))
            }
            Assigned::Anybody => people.worked_in(&whose, here, when),
            Assigned::System => people.had_role(&whose, "integrator", when),
        }
    }

    /// I-10: neither took what the definition keeps apart from it, nor ordered what he checked.
    pub(super) fn four_eyes(&self, step: &StepState, by: &Taker, book: &mut Book) {
        let own = persons(by);
        if own.is_empty() {
            return;
        }
        book.of(10).looked(1);
        let apart = |other: &StepState| {
            let of = |one: &StepState, other: &StepState| {
                let defined = self.defined_step(one);
                defined.is_some_and(|(_, defined)| defined.distinct_from.contains(&other.key))
            };
            let checks = |one: &StepState, other: &StepState| {
                one.kind == StepKind::Order && other.kind == StepKind::Attest
            };
            let defined = step.directive.is_none() && other.directive.is_none();
            (defined && (of(step, other) || of(other, step)))
                || checks(step, other)
                || checks(other, step)
        };
        for other in self.steps() {
            let Some(done) = other.done.as_ref().filter(|_| other.number != step.number) else {
                continue;
            };
            let counts = matches!(
                other.status,
                StepStatus::Done | StepStatus::Voided | StepStatus::Skipped
            );
            let same = persons(&done.by).iter().any(|person| own.contains(person));
            if counts && same && apart(other) {
                let (number, key) = (other.number, other.key.as_str());
                let why = of_step(
                    step,
                    &format!(
                        "wurde von einer Person erledigt, die auch Schritt {number} ({key}) erledigt hat"
                    ),
                    &format!("was taken by a person who took step {number} ({key}) as well"),
                );
                book.of(10).offend("workflow", self.flow.id, why);
                return;
            }
        }
    }

    /// I-10: nobody decides his own matter.
    pub(super) fn own_matter(&self, step: &StepState, by: &Taker, book: &mut Book) {
        let (Some(definition), Some(instance)) = (self.definition, &self.instance) else {
            return;
        };
        let permits = self
            .defined_step(step)
            .is_some_and(|(_, one)| one.own_matter)
            && !matches!(step.kind, StepKind::Order | StepKind::Approve);
        if !decides(step.kind) || permits {
            return;
        }
        let own = persons(by);
        let is = |id: &Id| account(id).is_some_and(|id| own.contains(&id));
        let of = |who: &Assigned| matches!(who, Assigned::Person { account } if is(account));
        let concerns = |field: &String| {
            if field == "initiator" {
                let began = persons(&instance.initiator);
                return began.iter().any(|person| own.contains(person));
            }
            match instance.fields.get(field) {
                Some(Value::Who(who)) => of(who),
                Some(Value::Whos(all)) => all.iter().any(of),
                Some(
                    Value::YesNo(_)
                    | Value::Number(_)
                    | Value::Money(_)
                    | Value::Text(_)
                    | Value::Day(_)
                    | Value::Document(_),
                )
                | None => false,
            }
        };
        if definition.matter_of.iter().any(concerns) {
            let why = of_step(
                step,
                "wurde in eigener Sache erledigt",
                "was taken in one's own matter",
            );
            book.of(10).offend("workflow", self.flow.id, why);
        }
    }

    /// I-10: the final signer made no version of what he signed that was more than editorial.
    pub(super) fn drafted(&self, step: &StepState, done: &Done, book: &mut Book) {
        let Some(bound) = done
            .bound
            .as_ref()
            .filter(|_| step.kind == StepKind::FinalSign)
        else {
            return;
        };
        let edited = self.instance.as_ref().and_then(|instance| {
            let said = instance.editorial.get(&bound.document)?;
            Some(&said.edited)
        });
        let document = Uuid::parse_str(&bound.document.0).unwrap_or_default();
        let versions = self.versions.get(&document);
        let own = persons(&done.by);
        let drafts = |version: &Version| {
            let before = u64::try_from(version.number).is_ok_and(|number| number <= bound.version);
            let editorial = edited.is_some_and(|edited| edited.contains(&version.sha512));
            before && !editorial && !version.is_made() && own.contains(&version.by)
        };
        if versions.is_some_and(|all| all.iter().any(drafts)) {
            let why = of_step(
                step,
                "wurde von einer Person schlussgezeichnet, die eine Fassung davon entworfen hat",
                "was finally signed by a person who drafted a version of it",
            );
            book.of(10).offend("workflow", self.flow.id, why);
        }
    }

    /// I-11: what `actor.limit` is compared with in the definition, against the limit of that day.
    pub(super) fn ordered(
        &self,
        entry: &Entry,
        (step, done): (&StepState, &Done),
        book: &mut Book,
    ) {
        let (Some((state, defined)), Some(instance)) = (self.defined_step(step), &self.instance)
        else {
            return;
        };
        let mut fields = Vec::new();
        for one in &defined.require {
            let counts = match one.with.as_slice() {
                [] => self.goes_on(state, defined, &done.outcome),
                with => with.contains(&done.outcome),
            };
            if counts {
                one.is.walk(&mut |part| fields.extend(limited(part)));
            }
        }
        for field in fields {
            let Some(Value::Money(amount)) = instance.fields.get(field) else {
                continue;
            };
            book.of(11).looked(1);
            let limit = self.limit(entry, &done.by);
            if limit.is_none_or(|limit| limit < *amount) {
                let said = limit.map_or_else(|| "0".to_owned(), |cents| cents.to_string());
                let why = of_step(
                    step,
                    &format!(
                        "ordnete {amount} Cent an, die Befugnis an diesem Tag war {said} Cent"
                    ),
                    &format!("ordered {amount} cents, the limit of that day was {said} cents"),
                );
                book.of(11).offend("workflow", self.flow.id, why);
            }
        }
    }

    /// Up to how much whoever acted ordered on that day, by himself, by his functions, or in whose stead.
    fn limit(&self, entry: &Entry, by: &Taker) -> Option<i64> {
        let (people, when) = (self.house.people, when(entry));
        let day = CivilDate::on(Timestamp::of_micros(when.at))?.to_string();
        let actor = account(&by.account)?;
        let function = by.function.as_ref().and_then(|code| people.function(code));
        let obo = by.on_behalf_of.as_ref().and_then(account).or(function);
        people.limit(&people.whose(actor, obo, when), &day, when)
    }

    /// Whether an outcome goes on: it neither drops the workflow nor goes back.
    fn goes_on(&self, state: &State, step: &Step, outcome: &str) -> bool {
        let known = |one: &&Outcome| one.key == outcome;
        let to = step
            .outcomes
            .iter()
            .find(known)
            .and_then(|one| one.to.as_deref());
        let (Some(to), Some(definition)) = (to, self.definition) else {
            return true;
        };
        let drops = definition
            .state(to)
            .is_none_or(|to| to.end == Some(End::Dropped));
        let places = places(definition);
        let later = places.get(to) > places.get(state.id.as_str());
        !drops && later
    }
}

/// The field that `actor.limit` is compared with.
fn limited(part: &Expr) -> Option<&str> {
    let Expr::Pair { op, left, right } = part else {
        return None;
    };
    match (op, left.as_ref(), right.as_ref()) {
        (Op::GreaterEqual | Op::Greater, Expr::ActorLimit, Expr::Field(field))
        | (Op::LessEqual | Op::Less, Expr::Field(field), Expr::ActorLimit) => Some(field),
        _ => None,
    }
}
