//! What the journal comes to, against the rows: I-8, I-25, and what was handed over or issued: I-13, I-15.

use workflow::definition::End;
use workflow::instance::{Done, Instance, StepState, StepStatus};

use super::super::journal::StepRow;
use super::super::model::{Book, say};
use super::{House, Walk, of_step};

/// The definition by which identity cards are handed over.
const HAND_OVER: &str = "id-handover";
/// The event that a fee was paid.
const FEE_PAID: &str = "fee_paid";

/// The word of a unit variant.
fn word(value: &impl serde::Serialize) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(word)) => word,
        Ok(_) | Err(_) => String::new(),
    }
}

/// I-25: what is kept under a hash has it.
pub(super) fn definitions(house: &House<'_>, book: &mut Book) {
    for kept in &house.kept {
        book.of(25).looked(1);
        if kept.sha256 != kept.computed || kept.definition.is_none() {
            let why = say(
                format!(
                    "({}, Fassung {}) hat nicht die Prüfsumme, unter der sie aufbewahrt ist",
                    kept.code, kept.number
                ),
                format!(
                    "({}, version {}) has not the digest under which it is kept",
                    kept.code, kept.number
                ),
            );
            book.of(25).offend("workflow_definition", kept.id, why);
        }
    }
}

/// The row that the steps of an instance come to.
pub(super) fn row_of(step: &StepState) -> StepRow {
    let done = step.done.as_ref();
    let by = done.map(|done| super::account(&done.by.account).unwrap_or_default());
    StepRow {
        key: step.key.clone(),
        status: word(&step.status),
        done_at: done.map(|done| done.at.0),
        done_by: by,
        outcome: done.map(|done| done.outcome.clone()),
    }
}

impl Walk<'_> {
    /// The journal comes to what is kept and shown.
    pub(super) fn made(&self, book: &mut Book) {
        let flow = self.flow;
        let mut offend = |number: u8, de: &str, en: &str| {
            book.of(number).offend("workflow", flow.id, say(de, en));
        };
        let Some(instance) = &self.instance else {
            offend(8, "hat keinen Verlauf", "has no journal");
            return;
        };
        let many = i64::try_from(flow.entries.len()).unwrap_or(i64::MAX);
        if many != flow.version {
            offend(
                8,
                "hat nicht so viele Einträge im Verlauf wie Fassungen",
                "has not as many entries in its journal as versions",
            );
        }
        let kept: Option<Instance> = serde_json::from_str(&flow.data).ok();
        if kept.as_ref() != Some(instance) {
            offend(
                8,
                "ist anders aufgeschrieben, als der Verlauf ergibt",
                "is kept otherwise than its journal comes to",
            );
        }
        let ended = instance.ended.as_ref().map(|ended| ended.at.0);
        if flow.state != instance.state || flow.ended_at != ended {
            offend(
                8,
                "steht in einem anderen Stand, als der Verlauf ergibt",
                "stands in another state than its journal comes to",
            );
        }
        for step in &instance.steps {
            let shown = flow.steps.get(&i64::from(step.number));
            if shown != Some(&row_of(step)) {
                let why = of_step(
                    step,
                    "wird anders gezeigt, als der Verlauf ergibt",
                    "is shown otherwise than its journal comes to",
                );
                book.of(8).offend("workflow", flow.id, why);
            }
        }
        if flow.steps.len() > instance.steps.len() {
            let why = say(
                "zeigt Schritte, die es nicht gibt",
                "shows steps that are not there",
            );
            book.of(8).offend("workflow", flow.id, why);
        }
        self.runs_by(instance, book);
    }

    /// I-25.
    fn runs_by(&self, instance: &Instance, book: &mut Book) {
        let flow = self.flow;
        let (code, number) = (flow.definition.0.as_str(), flow.definition.1);
        let mut kept = self.house.kept.iter();
        let kept = kept.find(|kept| kept.code == code && kept.number == number);
        let same = kept.is_some_and(|kept| kept.computed == instance.definition_sha256)
            && flow.sha256 == instance.definition_sha256
            && code == instance.definition
            && number == i64::from(instance.definition_version);
        if !same {
            let why = say(
                "folgt nicht der Definition, mit der er begann oder auf die er ausdrücklich überging",
                "does not run by the definition with which it began, or to which it was migrated",
            );
            book.of(25).offend("workflow", flow.id, why);
        }
    }

    /// How a step was done last, if it was.
    fn outcome(&self, key: &str) -> Option<&Done> {
        let steps = self.steps().iter();
        let done = steps.filter(|step| step.key == key && step.status == StepStatus::Done);
        let last = done.max_by_key(|step| (step.round, step.number));
        last.and_then(|step| step.done.as_ref())
    }

    fn was(&self, key: &str, outcomes: &[&str]) -> bool {
        self.outcome(key)
            .is_some_and(|done| outcomes.contains(&done.outcome.as_str()))
    }

    /// I-15: what must have happened before an identity card is handed over.
    pub(super) fn handed_over(&self, step: &StepState, done: &Done, book: &mut Book) {
        let here = self.flow.definition.0 == HAND_OVER;
        if !here || step.key != "hand_over" || done.outcome != "handed_over" {
            return;
        }
        book.of(15).looked(1);
        let identified = self.was("identify", &["identified"]);
        let pin = self.was("confirm_pin", &["confirmed"]) || self.was("reset_pin", &["reset"]);
        if !identified || !pin {
            let why = of_step(
                step,
                "der Ausweis wurde ohne Identitätsprüfung oder ohne Bestätigung oder Neusetzung der PIN ausgegeben",
                "the card was handed over without identity check, or without confirmation or reset of the PIN",
            );
            book.of(15).offend("workflow", self.flow.id, why);
        }
    }

    /// I-13 and I-15 of what has ended well; how many decisions about fees it has.
    pub(super) fn issued(&self, book: &mut Book) -> u64 {
        let (Some(definition), Some(instance)) = (self.definition, &self.instance) else {
            return 0;
        };
        let ended = instance.ended.as_ref().map(|ended| ended.how);
        let ended = ended == Some(End::Done);
        if definition.id == HAND_OVER && ended {
            book.of(15).looked(1);
            if self.outcome("fingerprints_deleted").is_none() {
                let why = say(
                    "ist beendet, ohne dass die Löschung der Fingerabdrücke bestätigt ist",
                    "has ended without confirmation that the fingerprints are deleted",
                );
                book.of(15).offend("workflow", self.flow.id, why);
            }
        }
        let steps = definition.states.iter().flat_map(|state| &state.steps);
        let fees: Vec<&str> = steps
            .filter(|step| step.event.as_deref() == Some(FEE_PAID) || step.id == "take_fee")
            .map(|step| step.id.as_str())
            .collect();
        if fees.is_empty() || !ended {
            return 0;
        }
        book.of(13).looked(1);
        let settled = fees.iter().any(|key| {
            self.was(key, &["paid"])
                || self.outcome(key).is_some_and(|done| {
                    let reason = done
                        .note
                        .as_ref()
                        .is_some_and(|note| !note.trim().is_empty());
                    let said = instance.fields.keys().any(|field| field.contains("waive"));
                    done.outcome == "waived" && (reason || said)
                })
        });
        if !settled {
            let why = say(
                "ist erteilt, ohne dass die Gebühr bezahlt oder mit Begründung erlassen ist",
                "was issued without the fee being paid or waived with a reason",
            );
            book.of(13).offend("workflow", self.flow.id, why);
        }
        1
    }
}
