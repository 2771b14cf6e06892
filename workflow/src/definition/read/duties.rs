//! Whether separation of duties leaves anybody who may take a step.

use std::collections::BTreeMap;

use super::Reader;
use crate::definition::{Assignee, Definition, Effect, Source, Step, StepKind};

/// Who takes a step, as far as that is one and the same person whatever happens.
#[derive(Clone, Copy, PartialEq, Eq)]
enum One<'a> {
    /// Who began it.
    Initiator,
    /// Who took this step.
    Taker(&'a str),
}

/// Kinds that nobody takes in his own matter.
const fn is_judging(kind: StepKind) -> bool {
    matches!(
        kind,
        StepKind::Order
            | StepKind::Approve
            | StepKind::Attest
            | StepKind::CoSign
            | StepKind::FinalSign
    )
}

const INITIATOR: &str = "initiator";

impl Reader {
    pub(super) fn duties(&mut self, definition: &Definition) {
        let begun: Vec<&str> = definition
            .fields
            .iter()
            .map(|field| field.key.as_str())
            .filter(|field| is_begun(definition, field))
            .collect();
        // Each is followed once: there may be many steps, and long chains of them.
        let steps = super::steps(definition).map(|step| (step.id.as_str(), step));
        let steps: BTreeMap<_, _> = steps.collect();
        let takers = steps
            .values()
            .map(|step| (step.id.as_str(), one(&steps, &begun, step)));
        let takers: BTreeMap<_, _> = takers.collect();
        for step in super::steps(definition) {
            self.distinct(&steps, &takers, step);
            self.own_matter(definition, &begun, takers.get(step.id.as_str()), step);
        }
        self.lasting(definition);
    }

    /// By what a workflow is known again says the same from its beginning to its end.
    fn lasting(&mut self, definition: &Definition) {
        for (field, at) in std::mem::take(&mut self.known.unique) {
            let Some(who) = changed_by(definition, &field) else {
                continue;
            };
            let said = format!("An „{field}“ wird der Umlauf erkannt, aber {who} ändert es noch.");
            let remedy =
                "Bitte aus „unique“ nehmen, oder nach dem Beginn weder fragen noch setzen.";
            self.complain(&at, said, remedy);
        }
    }

    fn distinct(
        &mut self,
        steps: &BTreeMap<&str, &Step>,
        takers: &BTreeMap<&str, One<'_>>,
        step: &Step,
    ) {
        for other in &step.distinct_from {
            let Some(taken) = steps.get(other.as_str()) else {
                continue;
            };
            let at = self.known.at_step(&step.id).below("distinct_from");
            if taken.assignee == Assignee::System {
                let said = format!("„{other}“ erledigt das System; es unterscheidet niemanden.");
                self.complain(&at, said, "Bitte entfernen.");
            } else if takers.get(other.as_str()) == takers.get(step.id.as_str()) {
                let said = format!(
                    "Niemand kann diesen Schritt tun: Er geht an dieselbe Person wie „{other}“ und darf nicht an sie gehen."
                );
                let remedy = "Bitte „assignee“ oder „distinct_from“ ändern.";
                self.complain(&at, said, remedy);
            }
        }
    }

    fn own_matter(
        &mut self,
        definition: &Definition,
        begun: &[&str],
        taker: Option<&One<'_>>,
        step: &Step,
    ) {
        let never = matches!(step.kind, StepKind::Order | StepKind::Approve);
        if (step.own_matter && !never) || !is_judging(step.kind) {
            return;
        }
        let mut matters = definition.matter_of.iter();
        let of_initiator = matters.any(|one| one == INITIATOR || begun.contains(&one.as_str()));
        let own = match &step.assignee {
            Assignee::Field(field) => definition.matter_of.contains(field),
            Assignee::Function(_)
            | Assignee::Role { .. }
            | Assignee::Initiator
            | Assignee::ManagerOf(_)
            | Assignee::TakerOf(_)
            | Assignee::Each
            | Assignee::Anybody
            | Assignee::System => false,
        };
        if own || (of_initiator && taker == Some(&One::Initiator)) {
            let at = self.known.at_step(&step.id).below("assignee");
            let said =
                "Niemand kann diesen Schritt tun: Er geht an die Person, deren Sache es ist.";
            let remedy = if never {
                "Bitte „assignee“ ändern: In eigener Sache wird nicht angeordnet und nicht genehmigt."
            } else {
                "Bitte „assignee“ ändern, oder own_matter = true, wenn das gewollt ist."
            };
            self.complain(&at, said, remedy);
        }
    }
}

/// Who takes a step: followed over steps whose taker takes this one too.
fn one<'a>(steps: &BTreeMap<&'a str, &'a Step>, begun: &[&str], step: &'a Step) -> One<'a> {
    let mut step = step;
    // No longer than there are steps: they could name each other in a circle.
    for _ in 0..steps.len() {
        match &step.assignee {
            Assignee::Initiator => return One::Initiator,
            Assignee::Field(field) if begun.contains(&field.as_str()) => return One::Initiator,
            Assignee::TakerOf(other) => match steps.get(other.as_str()) {
                Some(other) => step = other,
                None => break,
            },
            Assignee::Field(_)
            | Assignee::Function(_)
            | Assignee::Role { .. }
            | Assignee::ManagerOf(_)
            | Assignee::Each
            | Assignee::Anybody
            | Assignee::System => break,
        }
    }
    One::Taker(&step.id)
}

/// Whether a field names who began it, from beginning to end.
fn is_begun(definition: &Definition, field: &str) -> bool {
    let from = definition.field(field).and_then(|one| one.source.as_ref());
    from == Some(&Source::Initiator) && changed_by(definition, field).is_none()
}

/// The step or the state that gives a field another value once the workflow has begun.
fn changed_by(definition: &Definition, field: &str) -> Option<String> {
    let changes = |step: &&Step| {
        let asks = step.asks.iter().any(|ask| ask.field == field);
        let mut effects = step.outcomes.iter().flat_map(|outcome| &outcome.effects);
        asks || effects.any(|effect| sets(effect, field))
    };
    if let Some(step) = super::steps(definition).find(changes) {
        return Some(format!("der Schritt „{}“", step.id));
    }
    let mut states = definition.states.iter();
    let entered = states.find(|state| state.on_enter.iter().any(|effect| sets(effect, field)));
    entered.map(|state| format!("der Stand „{}“", state.id))
}

fn sets(effect: &Effect, name: &str) -> bool {
    matches!(effect, Effect::Set { field, .. } if field == name)
}
