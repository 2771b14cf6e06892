//! What somebody may do with a workflow now: found by asking the engine, which would be asked anyway. A workflow may
//! have thousands of steps that are open: what is asked of each of them is not tried, but looked at.

use std::collections::{BTreeMap, BTreeSet};

use workflow::definition::{Definition, Step, StepKind};
use workflow::engine::{self, Setting};
use workflow::instance::{Command, Id, Instance, Refusal, StepState, StepStatus, Value};

use super::values::kind_word;
use super::wire::{AskView, OutcomeView, SideWay, WordsView, word};

/// What somebody may do with a step.
#[derive(Debug, Clone, Default)]
pub(super) struct May {
    /// The words of commands.
    pub(super) commands: Vec<&'static str>,
    /// The outcomes that there are.
    pub(super) outcomes: Vec<OutcomeView>,
    /// The fields that are asked.
    pub(super) asks: Vec<AskView>,
    /// Where it may be sent back to.
    pub(super) return_to: Vec<String>,
    /// The document to whose version in force it binds.
    pub(super) binds: Option<String>,
    /// Kinds of steps that may be inserted before it.
    pub(super) inserts: Vec<String>,
}

/// What is said of the next version of a document that is signed finally.
#[derive(Debug, Clone)]
pub(super) struct Announcing {
    /// The document.
    pub(super) document: Id,
    /// Whether whoever asks may announce that it is editorial.
    pub(super) may: bool,
    /// Who has announced that, until it comes.
    pub(super) by: Option<Id>,
}

/// A reason that is only tried.
const TRIED: &str = "-";

/// In what something is tried.
pub(super) struct Trial<'a> {
    /// The definition.
    pub(super) definition: &'a Definition,
    /// The workflow.
    pub(super) instance: &'a Instance,
    /// Who asks, when, and what is known.
    pub(super) setting: Setting<'a>,
}

impl Trial<'_> {
    fn goes(&self, command: &Command) -> bool {
        let instance = Some(self.instance);
        engine::decide(self.definition, instance, command, self.setting).is_ok()
    }

    fn outcomes(&self, defined: Option<&Step>, step: &StepState) -> Vec<OutcomeView> {
        let Some(defined) = defined.filter(|_| step.directive.is_none()) else {
            return Vec::new();
        };
        // Those whose condition is not true now are left out; what must be answered first is no such.
        let open = |key: &str| {
            let command = Command::Complete {
                step: step.number,
                outcome: key.to_owned(),
                fields: BTreeMap::new(),
                note: Some(TRIED.to_owned()),
                seen: None,
                documents: Vec::new(),
            };
            let instance = Some(self.instance);
            let tried = engine::decide(self.definition, instance, &command, self.setting);
            !matches!(tried, Err(Refusal::NoOutcome(_)))
        };
        let all = defined.outcomes.iter().filter(|one| open(&one.key));
        all.map(|one| OutcomeView {
            key: one.key.clone(),
            label: WordsView::from(&one.label),
            reason: one.reason,
            said: one.said,
        })
        .collect()
    }

    fn asks(&self, defined: Option<&Step>) -> Vec<AskView> {
        let asks = defined.into_iter().flat_map(|step| &step.asks);
        asks.filter_map(|ask| {
            let field = self.definition.field(&ask.field)?;
            Some(AskView {
                field: ask.field.clone(),
                label: WordsView::from(&field.label),
                kind: kind_word(&field.kind),
                required: ask.required,
                with: ask.with.clone(),
            })
        })
        .collect()
    }

    /// What may be done with a step.
    fn with(&self, step: &StepState) -> May {
        let number = step.number;
        let found = self.definition.step(&step.key);
        let defined = found.map(|(_, step)| step);
        let words = engine::may(self.definition, self.instance, number, self.setting);
        let is_rest = |word: &&str| *word == "hold" && step.held_until.is_some();
        let mut may = May {
            commands: words.into_iter().filter(|word| !is_rest(word)).collect(),
            ..May::default()
        };
        // What an application tells is asked and ends like what a person does.
        let told = |word: &&str| matches!(*word, "complete" | "event");
        let takes = may.commands.iter().any(told);
        let reason = || TRIED.to_owned();
        // Only what the definition provides for is tried whole: there are few such steps.
        let is_skipped = defined.is_some_and(|step| step.skip.is_some());
        if is_skipped
            && self.goes(&Command::Skip {
                step: number,
                reason: reason(),
            })
        {
            may.commands.push("skip");
        }
        let back = defined.filter(|_| takes).into_iter();
        let back = back.flat_map(|step| &step.return_to).filter(|to| {
            self.goes(&Command::Return {
                step: number,
                to: (*to).clone(),
                reason: reason(),
            })
        });
        may.return_to = back.cloned().collect();
        if !may.return_to.is_empty() {
            may.commands.push("return");
        }
        if takes {
            may.outcomes = self.outcomes(defined, step);
            may.asks = self.asks(defined);
        }
        may
    }

    /// The document to whose version in force a step binds, as far as it is known.
    fn binds(&self, step: &StepState) -> Option<String> {
        let field = self.instance.fields.get(step.binds.as_ref()?)?;
        if let Value::Document(id) = field {
            Some(id.0.clone())
        } else {
            None
        }
    }

    /// The kinds of steps that may be inserted before it.
    fn inserts(&self, step: &StepState) -> Vec<String> {
        let state = self.definition.state(&step.state);
        let kinds = state.into_iter().flat_map(|state| &state.adhoc);
        kinds.map(word).collect()
    }

    /// What may be done with a step, and what is needed for that.
    fn whole(&self, step: &StepState) -> May {
        let mut may = self.with(step);
        if may.commands.contains(&"complete") {
            may.binds = self.binds(step);
        }
        if may.commands.contains(&"insert") {
            may.inserts = self.inserts(step);
        }
        may
    }

    /// What may be done with each step whose turn it is, or that was inserted.
    pub(super) fn steps(&self) -> BTreeMap<u32, May> {
        if self.instance.ended.is_some() {
            return BTreeMap::new();
        }
        let unfinished = |step: &&StepState| {
            let inserted = step.directive.is_some() && step.status == StepStatus::Future;
            inserted || matches!(step.status, StepStatus::Open | StepStatus::Waiting)
        };
        let steps = self.instance.steps.iter().filter(unfinished);
        steps.map(|step| (step.number, self.whole(step))).collect()
    }

    /// What may be done with the whole of it.
    pub(super) fn all(&self) -> Vec<&'static str> {
        let cancel = Command::Cancel {
            reason: TRIED.to_owned(),
        };
        let mut may = Vec::new();
        if self.goes(&cancel) {
            may.push("cancel");
        }
        may
    }

    /// The side ways that he may begin now.
    pub(super) fn beside(&self) -> Vec<SideWay> {
        let all = engine::may_begin(self.definition, self.instance, self.setting);
        all.into_iter()
            .map(|state| SideWay {
                id: state.id.clone(),
                label: WordsView::from(&state.label),
            })
            .collect()
    }

    /// The documents that are signed finally in it, as far as whoever asks may say something of their next version, or
    /// somebody has.
    pub(super) fn editorial(&self) -> Vec<Announcing> {
        if self.instance.ended.is_some() {
            return Vec::new();
        }
        let steps = self.definition.states.iter().flat_map(|state| &state.steps);
        let signed = steps.filter(|step| step.kind == StepKind::FinalSign);
        let fields: BTreeSet<&str> = signed.filter_map(|step| step.binds.as_deref()).collect();
        let documents: BTreeSet<&Id> = fields
            .into_iter()
            .filter_map(|field| {
                let value = self.instance.fields.get(field)?;
                if let Value::Document(id) = value {
                    Some(id)
                } else {
                    None
                }
            })
            .collect();
        let all = documents.into_iter().map(|document| {
            let said = self.instance.editorial.get(document);
            Announcing {
                document: document.clone(),
                may: self.goes(&Command::Editorial {
                    document: document.clone(),
                }),
                by: said.and_then(|said| said.announced_by.clone()),
            }
        });
        all.filter(|one| one.may || one.by.is_some()).collect()
    }
}
