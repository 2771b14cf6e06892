//! Marks that are bound to a version, and what becomes of them when another one comes.

use std::collections::BTreeSet;

use crate::definition::{Effect, StepKind};
use crate::instance::{Bound, Event, Id, Refusal, StepState, StepStatus, Value};

use super::run::{Run, is_unfinished};
use super::view::View;
use super::who::{Duty, SYSTEM};

impl<'a> View<'a> {
    /// Marks that are in force, and to which version each is bound. Those under what was sent are not looked
    /// at any more: they stand for what was sent.
    fn all_marks(self) -> impl Iterator<Item = (&'a StepState, &'a Bound)> {
        let steps = self.instance.steps.iter();
        steps
            .filter(|step| step.status == StepStatus::Done)
            .filter_map(|step| Some((step, step.done.as_ref()?.bound.as_ref()?)))
            .filter(move |(step, bound)| {
                let sent_in = self.instance.sent_in.get(&bound.document);
                sent_in.is_none_or(|round| step.round > *round)
            })
    }

    /// The same, of one document.
    fn marks(self, document: &Id) -> impl Iterator<Item = (&'a StepState, &'a Bound)> {
        self.all_marks()
            .filter(move |(_, bound)| bound.document == *document)
    }

    /// Documents to whose versions it must be looked.
    fn watched(self) -> BTreeSet<Id> {
        let announced = self.instance.editorial.iter();
        let announced = announced.filter(|(_, one)| one.announced_by.is_some());
        let announced = announced.map(|(document, _)| document);
        let bound = self.all_marks().map(|(_, bound)| &bound.document);
        bound.chain(announced).cloned().collect()
    }

    /// What the version in force is to be taken as the same as, if it was announced as editorial: the one
    /// that was in force then, of which it is the next, by whoever announced it.
    fn announced(self, version: &Bound) -> Option<Bound> {
        let editorial = self.instance.editorial.get(&version.document)?;
        let (by, after) = (editorial.announced_by.as_ref()?, editorial.after.as_ref()?);
        let author = &self.setting.directory.document(&version.document)?.author;
        let is_next = after.version.checked_add(1) == Some(version.version);
        (is_next && author == by).then(|| after.clone())
    }

    /// The same where a step of this instance seals the document just now: the system makes a version then.
    fn sealed(self, version: &Bound) -> Option<Bound> {
        let seals = |step: &StepState| {
            let defined = self.defined(step);
            let effect = defined.and_then(|defined| defined.effect.as_ref());
            step.status == StepStatus::Open
                && matches!(effect, Some(Effect::Seal { document })
                    if self.document_of(document) == Some(&version.document))
        };
        // The system itself: an application that speaks for it may write anything.
        let author = &self.setting.directory.document(&version.document)?.author;
        if author.0 != SYSTEM || !self.instance.steps.iter().any(seals) {
            return None;
        }
        let latest = self
            .marks(&version.document)
            .map(|(_, bound)| self.latest(bound));
        let latest = latest.max_by_key(|bound| bound.version)?;
        (latest.version.checked_add(1) == Some(version.version)).then_some(latest)
    }

    /// The latest version that says the same as that of a mark.
    fn latest(self, bound: &Bound) -> Bound {
        let same = self
            .instance
            .editorial
            .get(&bound.document)
            .map(|one| one.same.as_slice());
        let same = same.unwrap_or_default();
        let place = same.iter().position(|sha| *sha == bound.sha512);
        let later = place.map_or(0, |place| same.len() - 1 - place);
        match same.last().filter(|_| later > 0) {
            Some(sha512) => Bound {
                document: bound.document.clone(),
                version: bound
                    .version
                    .saturating_add(u64::try_from(later).unwrap_or(u64::MAX)),
                sha512: sha512.clone(),
            },
            None => bound.clone(),
        }
    }

    fn may_say_editorial(self, document: &'a Id) -> bool {
        let binds = |field: Option<&str>| {
            let named = field.and_then(|field| self.instance.fields.get(field));
            matches!(named, Some(Value::Document(id)) if id == document)
        };
        let mut steps = self.instance.steps.iter();
        let is_here = |step: &StepState| {
            step.kind == StepKind::FinalSign
                && is_unfinished(step)
                && binds(step.binds.as_deref())
                && self.could_take(step).is_ok()
        };
        if steps.any(is_here) {
            return true;
        }
        let here = self.place(&self.instance.state);
        let to_come = self.definition.states.iter().enumerate();
        let to_come = to_come.filter(|(place, _)| here.is_some_and(|here| *place > here));
        let mut to_come = to_come.flat_map(|(_, state)| &state.steps);
        to_come.any(|step| {
            let duty = Duty {
                kind: step.kind,
                binds: step.binds.as_deref(),
                defined: Some(step),
            };
            step.kind == StepKind::FinalSign
                && binds(duty.binds)
                && self
                    .asked_for(step, None)
                    .iter()
                    .any(|one| self.is_asked(one))
                && self.bar_actor(duty).is_ok()
        })
    }
}

impl Run<'_> {
    /// Looks at the versions in force: what is bound to another one is void, and the instance goes back to
    /// the earliest state that had such a mark. Says whether anything became void.
    pub(super) fn look(&mut self) -> Result<bool, Refusal> {
        let at = self.now();
        let mut voided: Vec<StepState> = Vec::new();
        for document in self.view().watched() {
            let Some(version) = self.view().version_of(&document) else {
                continue;
            };
            let view = self.view();
            let has_strays = view.strays(&version).next().is_some();
            let same = view.announced(&version);
            let same = same.or_else(|| view.sealed(&version).filter(|_| has_strays));
            if let Some(from) = same {
                let to = version.clone();
                self.emit(Event::EditorialTaken { from, to, at });
            }
            let strays: Vec<StepState> = self.view().strays(&version).cloned().collect();
            for stray in strays {
                let version = version.clone();
                self.emit(Event::Voided {
                    step: stray.number,
                    version,
                    at,
                });
                voided.push(stray);
            }
        }
        if voided.is_empty() {
            return Ok(false);
        }
        self.go_back(voided)?;
        Ok(true)
    }

    fn go_back(&mut self, voided: Vec<StepState>) -> Result<(), Refusal> {
        let (aside, voided): (Vec<_>, Vec<_>) = voided
            .into_iter()
            .partition(|step| self.view().aside(step).is_some());
        let ways: BTreeSet<String> = aside.into_iter().map(|step| step.state).collect();
        for way in ways {
            self.repeat_beside(&way)?;
        }
        let view = self.view();
        let here = view.place(&self.instance.state);
        // A state that a migration took away: what is void is asked for again where the instance is now.
        let place = |step: &StepState| view.place(&step.state).or(here);
        let earliest = voided.iter().filter_map(place).min();
        let (Some(earliest), Some(here)) = (earliest, here) else {
            return Ok(());
        };
        // It has gone back by itself already: a new draft was wanted, and here it is.
        if here < earliest {
            return Ok(());
        }
        let definition = self.definition;
        let Some(state) = definition.states.get(earliest) else {
            return Ok(());
        };
        let round = self.instance.round;
        let is_asked_still = |step: &&StepState| {
            step.directive.is_some()
                && step.round == round
                && step.binds.is_some()
                && is_unfinished(step)
        };
        let open = self.instance.steps.iter().filter(is_asked_still).cloned();
        let mut again: Vec<StepState> = open.collect();
        again.extend(voided.into_iter().filter(|step| step.directive.is_some()));
        self.enter(&state.id)?;
        if self.instance.ended.is_some() {
            return Ok(());
        }
        again.into_iter().try_for_each(|step| self.ask_again(step))
    }

    /// Whoever was asked besides is asked again.
    fn ask_again(&mut self, step: StepState) -> Result<(), Refusal> {
        let number = self.next_number()?;
        let directive = step.directive.map(|directive| crate::instance::Directive {
            holds: None,
            ..directive
        });
        let made = StepState {
            number,
            state: self.instance.state.clone(),
            round: self.instance.round,
            status: StepStatus::Future,
            claimed: None,
            directive,
            opened_at: None,
            held_until: None,
            done: None,
            fired: BTreeSet::new(),
            ..step
        };
        self.place(made, None);
        self.open_step(number)
    }

    /// The next version by whoever says so changes no meaning.
    pub(super) fn editorial(&mut self, document: &Id) -> Result<(), Refusal> {
        let version = self
            .view()
            .version_of(document)
            .ok_or(Refusal::NoDocument)?;
        if !self.view().may_say_editorial(document) {
            return Err(Refusal::NotAssigned);
        }
        let (by, at) = (self.taker(), self.now());
        self.emit(Event::EditorialAnnounced {
            document: document.clone(),
            version,
            by,
            at,
        });
        Ok(())
    }
}

impl<'a> View<'a> {
    /// Marks that are bound to what is not in force.
    fn strays(self, version: &Bound) -> impl Iterator<Item = &'a StepState> {
        let marks = self.marks(&version.document);
        marks
            .filter(move |(_, bound)| {
                !self.is_same_text(&version.document, &bound.sha512, &version.sha512)
            })
            .map(|(step, _)| step)
    }
}
