//! What a definition names, gathered before expressions and references are looked at.

use toml::de::DeValue;

use super::Reader;
use super::sheet::{At, Placed, Sheet, Text};
use crate::definition::{Field, FieldKind, Lookup, StepKind};
use crate::expr::{Expr, Fault, Kind, Named, Names, known};

/// What is named in a definition.
#[derive(Default)]
pub(super) struct Known {
    /// States, and where they stand.
    pub(super) states: Vec<(String, At)>,
    /// Steps.
    pub(super) steps: Vec<KnownStep>,
    /// Fields whose kind cannot be told. What names them is not judged.
    pub(super) broken: Vec<String>,
    /// Fields by which a workflow is known again, and where they are named.
    pub(super) unique: Vec<(String, At)>,
    /// Rows of tables: the table, what is looked up, and where the row stands.
    pub(super) rows: Vec<(String, String, At)>,
}

/// What is known of a step before it is read.
pub(super) struct KnownStep {
    pub(super) id: String,
    pub(super) at: At,
    pub(super) outcomes: Vec<String>,
}

impl Known {
    pub(super) fn step(&self, id: &str) -> Option<&KnownStep> {
        self.steps.iter().find(|step| step.id == id)
    }

    /// Where a state stands.
    pub(super) fn at_state(&self, id: &str) -> At {
        let found = self.states.iter().find(|(state, _)| state == id);
        found.map_or_else(At::start, |(_, at)| at.clone())
    }

    /// Where a step stands.
    pub(super) fn at_step(&self, id: &str) -> At {
        self.step(id).map_or_else(At::start, |step| step.at.clone())
    }
}

/// What stands for a text, without a complaint: whoever reads it properly complains.
fn text<'a>(sheet: &Placed<'a>, key: &str) -> Option<&'a str> {
    let DeValue::Table(table) = sheet.value else {
        return None;
    };
    let (_, value) = table.iter().find(|(name, _)| name.get_ref() == key)?;
    value.get_ref().as_str()
}

fn parts<'a>(sheet: &Placed<'a>, key: &str) -> Vec<Placed<'a>> {
    let DeValue::Table(table) = sheet.value else {
        return Vec::new();
    };
    let found = table.iter().find(|(name, _)| name.get_ref() == key);
    let Some(DeValue::Array(array)) = found.map(|(_, value)| value.get_ref()) else {
        return Vec::new();
    };
    let placed = |value: &'a toml::Spanned<DeValue<'a>>| Placed {
        value: value.get_ref(),
        at: At {
            at: value.span().start,
            key: sheet.at.key.clone(),
        },
    };
    array.iter().map(placed).collect()
}

impl Known {
    /// Gathers states and steps with their outcomes.
    pub(super) fn gather(&mut self, states: &[Placed<'_>]) {
        let known = self;
        for state in states {
            let Some(id) = text(state, "id") else {
                continue;
            };
            let at = state.at.named(format!("state {id}"));
            known.states.push((id.to_owned(), at));
            for step in parts(state, "step") {
                let Some(id) = text(&step, "id") else {
                    continue;
                };
                let outcomes = parts(&step, "outcomes");
                let mut outcomes: Vec<_> = outcomes
                    .iter()
                    .filter_map(|outcome| text(outcome, "key"))
                    .map(str::to_owned)
                    .collect();
                if outcomes.is_empty() {
                    outcomes.push(super::steps::DONE.to_owned());
                }
                let at = step.at.named(format!("step {id}"));
                let id = id.to_owned();
                known.steps.push(KnownStep { id, at, outcomes });
            }
        }
    }
}

/// What an expression may name.
struct Scope<'a> {
    fields: &'a [Field],
    lookups: &'a [Lookup],
    known: &'a Known,
    actor: bool,
}

impl Names for Scope<'_> {
    fn field(&self, key: &str) -> Option<Kind> {
        let field = self.fields.iter().find(|field| field.key == key)?;
        Some(field.kind.kind())
    }

    fn entries(&self, key: &str) -> Option<Vec<String>> {
        let field = self.fields.iter().find(|field| field.key == key)?;
        if let FieldKind::Choice(entries) = &field.kind {
            return Some(entries.iter().map(|entry| entry.value.clone()).collect());
        }
        None
    }

    fn lookup(&self, table: &str) -> bool {
        self.lookups.iter().any(|lookup| lookup.key == table)
    }

    fn outcomes(&self, step: &str) -> Option<Vec<String>> {
        self.known.step(step).map(|step| step.outcomes.clone())
    }

    fn actor(&self) -> bool {
        self.actor
    }

    fn all(&self, what: Named) -> Vec<String> {
        match what {
            Named::Field => self.fields.iter().map(|field| field.key.clone()).collect(),
            Named::Lookup => self.lookups.iter().map(|one| one.key.clone()).collect(),
            Named::Step => self
                .known
                .steps
                .iter()
                .map(|step| step.id.clone())
                .collect(),
        }
    }
}

impl Reader {
    fn in_scope<T>(
        &mut self,
        text: &Text,
        actor: bool,
        read: impl FnOnce(&str, &dyn Names) -> Result<T, Fault>,
    ) -> Option<T> {
        let scope = Scope {
            fields: &self.fields,
            lookups: &self.lookups,
            known: &self.known,
            actor,
        };
        match read(&text.text, &scope) {
            Ok(found) => Some(found),
            Err(Fault { at, said, remedy }) => {
                let mut broken = self.known.broken.iter();
                if broken.any(|key| text.text.contains(key.as_str())) {
                    return None;
                }
                self.complain(&text.at, format!("Zeichen {at}: {said}"), remedy);
                None
            }
        }
    }

    /// A condition that must be right. `actor`: whether somebody acts when it is computed.
    pub(super) fn condition(&mut self, text: &Text, actor: bool) -> Option<Expr> {
        self.in_scope(text, actor, |text, names| Expr::read_condition(text, names))
    }

    /// An expression of any kind.
    pub(super) fn expression(&mut self, text: &Text, actor: bool) -> Option<(Expr, Kind)> {
        self.in_scope(text, actor, |text, names| Expr::read(text, names))
    }

    /// A condition, if one is said.
    pub(super) fn when(&mut self, sheet: &Sheet<'_>, actor: bool) -> Option<Expr> {
        let text = self.text(sheet, "when")?;
        self.condition(&text, actor)
    }

    /// The key of a field of one of these kinds.
    pub(super) fn field_of(&mut self, text: &Text, kinds: &[Kind]) -> Option<String> {
        let field = self.fields.iter().find(|field| field.key == text.text);
        let Some(field) = field else {
            if self.known.broken.contains(&text.text) {
                return None;
            }
            let said = format!("Ein Feld „{}“ gibt es nicht.", text.text);
            let all: Vec<_> = self.fields.iter().map(|field| field.key.clone()).collect();
            self.complain(&text.at, said, known("Felder sind", &all));
            return None;
        };
        if kinds.is_empty() || kinds.contains(&field.kind.kind()) {
            return Some(text.text.clone());
        }
        let said = format!(
            "Das Feld „{}“ ist {}.",
            text.text,
            field.kind.kind().german()
        );
        let codes: Vec<_> = kinds.iter().map(|kind| kind.code()).collect();
        let remedy = format!("Hier steht ein Feld der Art {}.", codes.join(" oder "));
        self.complain(&text.at, said, remedy);
        None
    }

    /// The key of a state.
    pub(super) fn state_of(&mut self, text: &Text) -> Option<String> {
        if self.known.states.iter().any(|(id, _)| *id == text.text) {
            return Some(text.text.clone());
        }
        let all: Vec<_> = self.known.states.iter().map(|(id, _)| id.clone()).collect();
        let said = format!("Einen Zustand „{}“ gibt es nicht.", text.text);
        self.complain(&text.at, said, known("Zustände sind", &all));
        None
    }

    /// The key of a step.
    pub(super) fn step_of(&mut self, text: &Text) -> Option<String> {
        if self.known.step(&text.text).is_some() {
            return Some(text.text.clone());
        }
        let all: Vec<_> = self.known.steps.iter().map(|one| one.id.clone()).collect();
        let said = format!("Einen Schritt „{}“ gibt es nicht.", text.text);
        self.complain(&text.at, said, known("Schritte sind", &all));
        None
    }

    /// One of several words.
    pub(super) fn word<T: Copy>(
        &mut self,
        text: &Text,
        words: &[(&str, T)],
        what: &str,
    ) -> Option<T> {
        if let Some((_, found)) = words.iter().find(|(word, _)| *word == text.text) {
            return Some(*found);
        }
        let said = format!("{what} „{}“ gibt es nicht.", text.text);
        let all: Vec<_> = words.iter().map(|(word, _)| *word).collect();
        self.complain(&text.at, said, format!("Möglich sind: {}.", all.join(", ")));
        None
    }

    /// The outcomes of a step that are named, each of which there is.
    pub(super) fn outcomes_of(&mut self, step: &str, texts: Vec<Text>) -> Vec<String> {
        let all = self.known.step(step).map(|step| step.outcomes.clone());
        let all = all.unwrap_or_default();
        for text in texts.iter().filter(|text| !all.contains(&text.text)) {
            let said = format!("Ein Ergebnis „{}“ hat dieser Schritt nicht.", text.text);
            self.complain(&text.at, said, known("Ergebnisse sind", &all));
        }
        texts.into_iter().map(|text| text.text).collect()
    }
}

/// The kinds of steps, as they are written.
pub(super) const STEP_KINDS: [(&str, StepKind); 16] = [
    ("task", StepKind::Task),
    ("seen", StepKind::Seen),
    ("information", StepKind::Information),
    ("consult", StepKind::Consult),
    ("statement", StepKind::Statement),
    ("co_sign", StepKind::CoSign),
    ("final_sign", StepKind::FinalSign),
    ("attest", StepKind::Attest),
    ("order", StepKind::Order),
    ("approve", StepKind::Approve),
    ("identity", StepKind::Identity),
    ("counter", StepKind::Counter),
    ("resubmit", StepKind::Resubmit),
    ("dispatch", StepKind::Dispatch),
    ("event", StepKind::Event),
    ("system", StepKind::System),
];
