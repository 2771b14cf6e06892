//! Steps are claimed, done, skipped and sent back.

use std::collections::BTreeMap;

use crate::definition::{Outcome, Requirement, Step, StepKind, Words};
use crate::expr::Expr;
use crate::instance::{Bound, Done, Event, Id, Refusal, StepState, Taker, Value};

use super::fields::{LIST_MAX, reason, said};
use super::run::Run;
use super::view::View;
use super::who::{head, is_same};

/// The outcome of a step that was sent back.
pub(super) const RETURNED: &str = "returned";
/// The outcome of a step that was skipped.
const SKIPPED: &str = "skipped";
/// The version of a document that was just made.
const FIRST_VERSION: u64 = 1;
/// How an inserted step is done.
pub(super) const DONE: &str = "done";
/// How an inserted step is turned down that is a co-signature, an attestation or an approval.
pub(super) const REFUSED: &str = "refused";

/// A step is done.
pub(super) struct Completion<'c> {
    pub(super) step: u32,
    pub(super) outcome: &'c str,
    pub(super) fields: &'c BTreeMap<String, Value>,
    pub(super) note: Option<&'c str>,
    pub(super) seen: Option<&'c str>,
    pub(super) documents: &'c [Id],
}

impl Completion<'_> {
    /// Whether a document goes with it, or answers what was asked.
    fn has_document(&self) -> bool {
        let mut answers = self.fields.values();
        !self.documents.is_empty() || answers.any(|value| matches!(value, Value::Document(_)))
    }
}

/// Whoever states something says what, or brings it.
fn nothing_said() -> Refusal {
    Refusal::Requirement(Box::new(Words {
        de: "Dazu gehört ein Vermerk oder ein Dokument. Bitte etwas eintragen oder beifügen."
            .to_owned(),
        en: Some("A note or a document belongs to this. Write something, or attach it.".to_owned()),
    }))
}

/// How a step ends, as far as the engine must know.
struct Ending {
    /// Which of its outcomes that is; of a step that was inserted, none.
    outcome: Option<usize>,
    reason: bool,
    /// Whether the mark is one that agrees.
    goes_on: bool,
}

const fn is_for_system(kind: StepKind) -> bool {
    matches!(kind, StepKind::Event | StepKind::System)
}

/// Whether whoever signs must say what he has seen.
const fn must_be_seen(kind: StepKind) -> bool {
    matches!(
        kind,
        StepKind::CoSign | StepKind::FinalSign | StepKind::Dispatch
    )
}

impl View<'_> {
    /// The outcome that is meant: that which is named, or the only one that the step has.
    fn meant(self, step: &StepState, named: &str) -> Result<String, Refusal> {
        if !named.is_empty() {
            return Ok(named.to_owned());
        }
        let Some(defined) = self.defined(step) else {
            return match inserted_outcomes(step.kind) {
                [only] => Ok((*only).to_owned()),
                all => Err(Refusal::WhichOutcome(
                    all.iter().map(|one| (*one).to_owned()).collect(),
                )),
            };
        };
        if let [only] = defined.outcomes.as_slice() {
            return Ok(only.key.clone());
        }
        Err(Refusal::WhichOutcome(self.possible(defined)))
    }

    /// The outcomes of a step that can be chosen now. What is asked by this very step may be answered with it, and
    /// decide.
    fn possible(self, defined: &Step) -> Vec<String> {
        let is_asked = |key: &str| defined.asks.iter().any(|ask| ask.field == key);
        let depends = |when: &Expr| when.fields().into_iter().any(is_asked);
        let all = defined.outcomes.iter();
        let open = all
            .filter(|one| one.when.as_ref().is_some_and(depends) || self.holds(one.when.as_ref()));
        open.map(|one| one.key.clone()).collect()
    }

    fn ending(self, step: &StepState, key: &str) -> Result<Ending, Refusal> {
        let Some(defined) = self.defined(step) else {
            return inserted_ending(step, key);
        };
        let mut outcomes = defined.outcomes.iter().enumerate();
        let outcome = outcomes.find(|(_, outcome)| outcome.key == key);
        let (at, outcome) = outcome.ok_or_else(|| Refusal::NoOutcome(self.possible(defined)))?;
        Ok(Ending {
            outcome: Some(at),
            reason: outcome.reason,
            goes_on: self.goes_on(&step.state, outcome),
        })
    }

    /// What must be true for an outcome: where a requirement names none, for each with which it goes on.
    fn requirements(self, step: &Step, outcome: &str, goes_on: bool) -> Result<(), Refusal> {
        let counts = |one: &&Requirement| match one.with.as_slice() {
            [] => goes_on,
            with => with.iter().any(|key| key == outcome),
        };
        let mut counting = step.require.iter().filter(counts);
        match counting.find(|one| !one.is.holds(&self)) {
            Some(one) => Err(Refusal::Requirement(Box::new(one.otherwise.clone()))),
            None => Ok(()),
        }
    }

    /// Nobody goes on from a step for which a form is made before it is there: what comes after would sign or send
    /// nothing, and the system makes it no more.
    fn has_its_form(self, defined: &Step, to: Option<&str>) -> Result<(), Refusal> {
        let form = defined.form.as_ref().filter(|_| to.is_none());
        let Some(form) = form.filter(|form| self.document_of(&form.into).is_none()) else {
            return Ok(());
        };
        let label = self.definition.field(&form.into).map(|field| &field.label);
        let (de, en) = label.map_or(("", ""), |label| {
            (&label.de, label.en.as_ref().unwrap_or(&label.de))
        });
        Err(Refusal::Requirement(Box::new(Words {
            de: format!(
                "„{de}“ ist noch nicht erstellt. Warten Sie einen Augenblick; warum es nicht geht, steht am Schritt."
            ),
            en: Some(format!(
                "\"{en}\" is not made yet. Wait a moment; why it cannot be made stands at the step."
            )),
        })))
    }

    /// What was made to be signed at the counter is signed when another version has come: that of the tablet, or the
    /// scan of the paper. The one that was made bears no signature.
    fn signed_at_counter(self, defined: &Step, to: Option<&str>) -> Result<(), Refusal> {
        let asks = defined.kind == StepKind::Counter && defined.form.is_some() && to.is_none();
        let Some(field) = defined.binds.as_ref().filter(|_| asks) else {
            return Ok(());
        };
        if self.in_force(field)?.version > FIRST_VERSION {
            return Ok(());
        }
        Err(Refusal::Requirement(Box::new(Words {
            de: "Das Dokument ist noch nicht unterschrieben: Es fehlt die Fassung mit der Unterschrift vom Tablett, oder der Scan als neue Fassung.".to_owned(),
            en: Some("The document is not signed yet: the version with the signature, or the scan, is missing.".to_owned()),
        })))
    }

    /// The version that a mark is bound to. What was seen must be what is in force.
    fn bound(self, step: &StepState, seen: Option<&str>) -> Result<Option<Bound>, Refusal> {
        let Some(field) = &step.binds else {
            return Ok(None);
        };
        let version = self.in_force(field)?;
        let is_it = |seen: &str| seen.eq_ignore_ascii_case(&version.sha512);
        match seen {
            Some(seen) if is_it(seen) => Ok(Some(version)),
            None if !must_be_seen(step.kind) => Ok(Some(version)),
            None => Err(Refusal::NotSeen),
            Some(_) => Err(Refusal::OtherVersion),
        }
    }
}

impl View<'_> {
    /// Whether a person does it. What waits for the system or for an event nobody completes, an application neither.
    pub(super) fn may_complete(self, number: u32) -> Result<(), Refusal> {
        self.may_take(number)?;
        if is_for_system(self.step(number)?.kind) {
            return Err(Refusal::NotProvided);
        }
        Ok(())
    }

    /// Whether the event for which it waits may be told.
    pub(super) fn may_tell(self, number: u32) -> Result<(), Refusal> {
        let step = self.step(number)?;
        let is_open = step.status == crate::instance::StepStatus::Open;
        if step.kind != StepKind::Event || !is_open {
            return Err(Refusal::NotAwaited);
        }
        if !self.setting.actor.system {
            return Err(Refusal::NotAssigned);
        }
        Ok(())
    }

    pub(super) fn may_claim(self, number: u32) -> Result<(), Refusal> {
        self.may_take(number)?;
        let step = self.step(number)?;
        if is_for_system(step.kind) {
            return Err(Refusal::NotProvided);
        }
        match &step.claimed {
            Some(by) => Err(Refusal::Claimed(by.clone())),
            None => Ok(()),
        }
    }

    pub(super) fn may_release(self, number: u32) -> Result<(), Refusal> {
        let step = self.unfinished(number)?;
        let claimed = step.claimed.as_ref().ok_or(Refusal::NotProvided)?;
        if !is_same(claimed, self.setting.actor) && !self.is_asked(&head()) {
            return Err(Refusal::Claimed(claimed.clone()));
        }
        Ok(())
    }
}

/// How an inserted step of a kind can end.
const fn inserted_outcomes(kind: StepKind) -> &'static [&'static str] {
    match kind {
        StepKind::CoSign | StepKind::Attest | StepKind::Approve => &[DONE, REFUSED],
        StepKind::Task
        | StepKind::Seen
        | StepKind::Information
        | StepKind::Consult
        | StepKind::Statement
        | StepKind::FinalSign
        | StepKind::Order
        | StepKind::Identity
        | StepKind::Counter
        | StepKind::Resubmit
        | StepKind::Dispatch
        | StepKind::Event
        | StepKind::System => &[DONE],
    }
}

/// What was inserted has no definition: it is done, or it is turned down with a reason.
fn inserted_ending(step: &StepState, key: &str) -> Result<Ending, Refusal> {
    let may_refuse = inserted_outcomes(step.kind).contains(&REFUSED);
    match key {
        DONE => Ok(Ending {
            outcome: None,
            reason: false,
            goes_on: true,
        }),
        REFUSED if may_refuse => Ok(Ending {
            outcome: None,
            reason: true,
            goes_on: false,
        }),
        _ => {
            let all = inserted_outcomes(step.kind).iter();
            Err(Refusal::NoOutcome(
                all.map(|one| (*one).to_owned()).collect(),
            ))
        }
    }
}

impl Run<'_> {
    pub(super) fn claim(&mut self, number: u32) -> Result<(), Refusal> {
        self.view().may_claim(number)?;
        let (by, at) = (self.taker(), self.now());
        self.emit(Event::Claimed {
            step: number,
            by,
            at,
        });
        Ok(())
    }

    /// By whoever has claimed it, or by the head of the department: somebody may have fallen ill.
    pub(super) fn release(&mut self, number: u32) -> Result<(), Refusal> {
        self.view().may_release(number)?;
        let (by, at) = (self.taker(), self.now());
        self.emit(Event::Released {
            step: number,
            by,
            at,
        });
        Ok(())
    }

    pub(super) fn complete(&mut self, asked: &Completion<'_>) -> Result<(), Refusal> {
        self.view().may_complete(asked.step)?;
        let by = self.taker();
        self.end_step(asked, by, None)
    }

    /// Something happened outside that a step waits for.
    pub(super) fn happened(
        &mut self,
        event: &str,
        outcome: &str,
        fields: &BTreeMap<String, Value>,
    ) -> Result<(), Refusal> {
        if !self.setting.actor.system {
            return Err(Refusal::NotAssigned);
        }
        let view = self.view();
        let waits = |step: &&StepState| {
            let defined = view.defined(step).filter(|one| one.kind == StepKind::Event);
            step.status == crate::instance::StepStatus::Open
                && defined.is_some_and(|one| one.event.as_deref() == Some(event))
        };
        let step = view.instance.steps.iter().find(waits);
        let step = step.ok_or(Refusal::NotAwaited)?.number;
        let by = self.taker();
        let asked = Completion {
            step,
            outcome,
            fields,
            note: None,
            seen: None,
            documents: &[],
        };
        self.end_step(&asked, by, None)
    }

    /// The system has done what a step asked for. Of a step that is a person's, it has made the form: then
    /// the field that names it is set, and the step stays open.
    pub(super) fn effected(
        &mut self,
        number: u32,
        outcome: &str,
        fields: &BTreeMap<String, Value>,
        note: Option<&str>,
    ) -> Result<(), Refusal> {
        if !self.setting.actor.system {
            return Err(Refusal::NotAssigned);
        }
        let (kind, defined) = {
            let view = self.view();
            let step = self.unfinished(number)?;
            (step.kind, view.defined(step).map(|step| step.id.clone()))
        };
        let definition = self.definition;
        let defined = defined.and_then(|id| definition.step(&id));
        let (_, defined) = defined.ok_or(Refusal::NotProvided)?;
        let into = defined.form.as_ref().map(|form| form.into.as_str());
        if kind != StepKind::System {
            let into = into.ok_or(Refusal::NotProvided)?;
            if !fields.contains_key(into) {
                return Err(Refusal::Missing(vec![into.to_owned()]));
            }
            return self.answer(None, outcome, fields, Some(into));
        }
        self.open(number)?;
        let made = match &defined.effect {
            Some(crate::definition::Effect::Form { into, .. }) => Some(into.as_str()),
            _ => into,
        };
        let by = self.taker();
        let asked = Completion {
            step: number,
            outcome,
            fields,
            note,
            seen: None,
            documents: &[],
        };
        self.end_step(&asked, by, made)
    }

    /// A step ends with an outcome, by whoever may.
    fn end_step(
        &mut self,
        asked: &Completion<'_>,
        by: Taker,
        also: Option<&str>,
    ) -> Result<(), Refusal> {
        let definition = self.definition;
        let step = self.open(asked.step)?.clone();
        let defined = match step.directive {
            None => definition.step(&step.key).map(|(_, step)| step),
            Some(_) => None,
        };
        let key = self.view().meant(&step, asked.outcome)?;
        let ending = self.view().ending(&step, &key)?;
        let note = said(asked.note)?;
        if ending.reason && note.is_none() {
            return Err(Refusal::NoReason);
        }
        if asked.documents.len() > LIST_MAX {
            return Err(Refusal::TooMany);
        }
        self.answer(defined, &key, asked.fields, also)?;
        let view = self.view();
        if !is_for_system(step.kind) {
            // What was just said may make it his own matter, or name what he has drafted.
            view.bar_actor(view.duty(view.step(asked.step)?))?;
        }
        let outcome = ending.outcome.and_then(|at| defined?.outcomes.get(at));
        if !view.holds(outcome.and_then(|outcome| outcome.when.as_ref())) {
            let holds = |one: &&Outcome| view.holds(one.when.as_ref());
            let all = defined.into_iter().flat_map(|step| &step.outcomes);
            let possible = all.filter(holds).map(|one| one.key.clone());
            return Err(Refusal::NoOutcome(possible.collect()));
        }
        if let Some(defined) = defined {
            view.requirements(defined, &key, ending.goes_on)?;
            let to = outcome.and_then(|outcome| outcome.to.as_deref());
            view.has_its_form(defined, to)?;
            view.signed_at_counter(defined, to)?;
        }
        if outcome.is_some_and(|outcome| outcome.said) && note.is_none() && !asked.has_document() {
            return Err(nothing_said());
        }
        let bound = view.bound(&step, asked.seen)?;
        // Whoever signs finally with a reservation has not signed.
        let binds = ending.goes_on && !(step.kind == StepKind::FinalSign && ending.reason);
        let done = Done {
            outcome: key,
            by,
            at: self.now(),
            note,
            bound: bound.filter(|_| binds),
            documents: asked.documents.to_vec(),
        };
        self.finish(&step, done, outcome)
    }

    /// What follows from a step that was done.
    pub(super) fn finish(
        &mut self,
        step: &StepState,
        done: Done,
        outcome: Option<&Outcome>,
    ) -> Result<(), Refusal> {
        let is_bound = done.bound.is_some();
        self.emit(Event::Completed {
            step: step.number,
            done,
        });
        self.drop_inserted(step.number);
        if let Some(field) = step.binds.as_ref().filter(|_| is_bound) {
            self.follow(step.kind, field)?;
        }
        let to = outcome.and_then(|outcome| outcome.to.as_deref());
        let is_aside = self.view().aside(step).is_some();
        if to.is_some() && !is_aside {
            self.leave_state();
        }
        if let Some(outcome) = outcome {
            self.effects(&outcome.effects)?;
        }
        match to {
            Some(to) if is_aside => self.repeat_beside(to),
            Some(to) => self.enter(to),
            None => self.advance(step.number),
        }
    }

    /// What follows from a mark: what was finally signed changes no more, what was dispatched was sent.
    fn follow(&mut self, kind: StepKind, field: &str) -> Result<(), Refusal> {
        match kind {
            StepKind::FinalSign => self.freeze(field),
            StepKind::Dispatch => self.dispatch(field),
            StepKind::Task
            | StepKind::Seen
            | StepKind::Information
            | StepKind::Consult
            | StepKind::Statement
            | StepKind::CoSign
            | StepKind::Attest
            | StepKind::Order
            | StepKind::Approve
            | StepKind::Identity
            | StepKind::Counter
            | StepKind::Resubmit
            | StepKind::Event
            | StepKind::System => Ok(()),
        }
    }

    pub(super) fn send_back(&mut self, number: u32, to: &str, why: &str) -> Result<(), Refusal> {
        self.view().may_take(number)?;
        let view = self.view();
        let defined = view.defined(view.step(number)?);
        let ways = defined.map_or(&[][..], |step| step.return_to.as_slice());
        if ways.is_empty() {
            return Err(Refusal::NotProvided);
        }
        if !ways.iter().any(|one| one == to) {
            return Err(Refusal::NoWayBack(ways.to_vec()));
        }
        let is_aside = self.view().aside(view.step(number)?).is_some();
        let done = self.ended(RETURNED, why)?;
        self.emit(Event::Returned {
            step: number,
            to: to.to_owned(),
            done,
        });
        self.drop_inserted(number);
        if is_aside {
            return self.repeat_beside(to);
        }
        self.enter(to)
    }

    pub(super) fn skip(&mut self, number: u32, why: &str) -> Result<(), Refusal> {
        let step = self.unfinished(number)?;
        let view = self.view();
        let skip = view.defined(step).and_then(|step| step.skip.as_ref());
        let skip = skip.ok_or(Refusal::NotProvided)?;
        if !view.is_one_of(std::slice::from_ref(&skip.by)) {
            return Err(Refusal::NotAssigned);
        }
        let overdue_at = step.due.as_ref().map(|due| due.overdue_at);
        if skip.overdue && overdue_at.is_none_or(|at| at > self.now()) {
            return Err(Refusal::NotProvided);
        }
        let done = self.ended(SKIPPED, why)?;
        self.emit(Event::Skipped { step: number, done });
        self.drop_inserted(number);
        self.advance(number)
    }

    fn ended(&self, outcome: &str, why: &str) -> Result<Done, Refusal> {
        Ok(Done {
            outcome: outcome.to_owned(),
            by: self.taker(),
            at: self.now(),
            note: Some(reason(why)?),
            bound: None,
            documents: Vec::new(),
        })
    }
}
