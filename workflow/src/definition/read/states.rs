//! States and where they go on to.

use toml::de::DeValue;

use super::Reader;
use super::head::{FEW, LABEL_CHARS_MAX};
use super::known::STEP_KINDS;
use super::sheet::{BESIDE, EXIT, Placed, STATE, Sheet};
use super::who::Where;
use crate::definition::{Beside, End, Exit, Join, Order, State, StepKind};

const STEPS_MAX: usize = 500;

/// What a state may have in which the workflow ends.
const END_KEYS: [&str; 4] = ["id", "label", "end", "on_enter"];

/// What a side way may have: it is entered by nothing and left to nowhere.
const BESIDE_KEYS: [&str; 5] = ["id", "label", "beside", "adhoc", "step"];

/// How many states a side way may name: as many as there can be.
const BESIDE_MAX: usize = 100;

/// Kinds of steps that can be inserted.
const ADHOC: [StepKind; 6] = [
    StepKind::Consult,
    StepKind::Information,
    StepKind::Statement,
    StepKind::Task,
    StepKind::CoSign,
    StepKind::Seen,
];

impl Reader {
    pub(super) fn states(&mut self, found: &[Placed<'_>]) -> Vec<State> {
        let mut states: Vec<State> = Vec::new();
        for one in found {
            let Some(sheet) = self.sheet(one, STATE) else {
                continue;
            };
            let Some(id) = self.need(&sheet, "id") else {
                continue;
            };
            let taken = states.iter().any(|state| state.id == id.text);
            self.key(&id, taken);
            let state = self.state(&sheet, id.text, &states);
            states.push(state);
        }
        let steps: usize = states.iter().map(|state| state.steps.len()).sum();
        if steps > STEPS_MAX {
            let at = super::sheet::At::start().below("state");
            let said = format!("Das sind {steps} Schritte, mehr als {STEPS_MAX}.");
            self.complain(&at, said, "Bitte auf mehrere Geschäftsgänge verteilen.");
        }
        states
    }

    fn state(&mut self, sheet: &Sheet<'_>, id: String, before: &[State]) -> State {
        let label = self.need_words(sheet, "label", LABEL_CHARS_MAX);
        let end = self.text(sheet, "end");
        let end = end.and_then(|text| {
            let ends = [("done", End::Done), ("dropped", End::Dropped)];
            self.word(&text, &ends, "Das Ende")
        });
        if end.is_some() {
            for key in STATE.keys {
                if sheet.has(key) && !END_KEYS.contains(key) {
                    let said = format!("In diesem Zustand endet es; „{key}“ gibt es dann nicht.");
                    self.complain(
                        &sheet.below(key),
                        said,
                        "Bitte „end“ oder dieses entfernen.",
                    );
                }
            }
        }
        let beside = self.beside(sheet);
        let order = self.text(sheet, "order").and_then(|text| {
            let orders = [("sequence", Order::Sequence), ("parallel", Order::Parallel)];
            self.word(&text, &orders, "Die Reihenfolge")
        });
        let join = self.text(sheet, "join").and_then(|text| {
            let joins = [("all", Join::All), ("any", Join::Any)];
            self.word(&text, &joins, "Das Zusammenführen")
        });
        let on_enter = self.effects(sheet, "on_enter", false, false);
        let exits = self.exits(sheet);
        let mut state = State {
            id,
            label,
            end,
            order: order.unwrap_or(Order::Sequence),
            join: join.unwrap_or(Join::All),
            steps: Vec::new(),
            exits,
            adhoc: self.adhoc(sheet),
            on_enter,
            beside,
        };
        for step in self.list(sheet, "step", STEPS_MAX) {
            let taken = |id: &str| {
                let mut steps = before.iter().flat_map(|state| &state.steps);
                steps.any(|step| step.id == id) || state.steps.iter().any(|step| step.id == id)
            };
            let step = self.step(&step, taken);
            state.steps.extend(step);
        }
        state
    }

    fn adhoc(&mut self, sheet: &Sheet<'_>) -> Vec<StepKind> {
        let words: Vec<_> = STEP_KINDS
            .into_iter()
            .filter(|(_, kind)| ADHOC.contains(kind))
            .collect();
        let texts = self.texts(sheet, "adhoc", FEW);
        let kinds = texts
            .iter()
            .filter_map(|text| self.word(text, &words, "Zum Einschieben"));
        kinds.collect()
    }

    /// Beside which states it runs, if it is a side way.
    fn beside(&mut self, sheet: &Sheet<'_>) -> Option<Beside> {
        let found = sheet.get("beside")?;
        for key in STATE.keys {
            if sheet.has(key) && !BESIDE_KEYS.contains(key) {
                let said = format!("Das ist ein Nebenweg; „{key}“ gibt es dann nicht.");
                let remedy = "Bitte „beside“ oder dieses entfernen.";
                self.complain(&sheet.below(key), said, remedy);
            }
        }
        let beside = self.sheet(&found, BESIDE)?;
        let mut states = Vec::new();
        for text in self.texts(&beside, "states", BESIDE_MAX) {
            states.extend(self.state_of(&text));
        }
        let by = self.whos(&beside, "by", Where::Beside { each: false });
        for key in ["states", "by"] {
            let is_empty = beside
                .get(key)
                .is_none_or(|found| matches!(found.value, DeValue::Array(all) if all.is_empty()));
            if is_empty && !beside.strange {
                let said = format!("„{key}“ fehlt.");
                let remedy =
                    "Ein Nebenweg nennt Zustände, neben denen er läuft, und wer ihn beginnt.";
                self.complain(&beside.below(key), said, remedy);
            }
        }
        let when = self.when(&beside, false);
        Some(Beside { states, by, when })
    }

    fn exits(&mut self, sheet: &Sheet<'_>) -> Vec<Exit> {
        self.not_both(sheet, "next", "exits");
        if let Some(next) = self.text(sheet, "next") {
            let to = self.state_of(&next);
            return to.into_iter().map(|to| Exit { when: None, to }).collect();
        }
        let found = self.list(sheet, "exits", FEW);
        if found.is_empty() && sheet.has("exits") {
            let at = sheet.below("exits");
            self.complain(
                &at,
                "Die Liste ist leer.",
                "Bitte next = \"zustand\" angeben.",
            );
        }
        let mut exits: Vec<Exit> = Vec::new();
        let count = found.len();
        for (number, one) in found.iter().enumerate() {
            let Some(sheet) = self.sheet(one, EXIT) else {
                continue;
            };
            let is_last = number + 1 == count;
            if is_last && sheet.has("when") {
                let said =
                    "Der letzte Ausgang hat eine Bedingung: Ist keine wahr, geht es nicht weiter.";
                let remedy = "Bitte einen Ausgang ohne „when“ ans Ende stellen.";
                self.complain(&sheet.below("when"), said, remedy);
            }
            if !is_last && !sheet.has("when") {
                let said =
                    "Dieser Ausgang hat keine Bedingung: Die danach kommen nie an die Reihe.";
                self.complain(&sheet.at, said, "Bitte ans Ende stellen.");
            }
            let when = self.when(&sheet, false);
            let to = self.need(&sheet, "to").and_then(|to| self.state_of(&to));
            exits.extend(to.map(|to| Exit { when, to }));
        }
        exits
    }
}
