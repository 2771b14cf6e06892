//! Reads a definition and checks all of it: whatever is wrong is said at once, with where and what to do.

mod due;
mod duties;
pub(super) mod effects;
mod fields;
mod graph;
mod head;
mod known;
pub(super) mod sheet;
mod states;
mod steps;
mod tables;
mod toml_said;
mod who;

use std::collections::BTreeSet;
use std::fmt;

use sha2::{Digest as _, Sha256};
use toml::de::DeTable;

use self::known::Known;
use self::sheet::At;
use super::{Assignee, Definition, Due, Effect, Field, Lookup, Step};
use crate::expr::Expr;

/// How large a definition may be, in bytes.
pub const DEFINITION_BYTES_MAX: u64 = 256 << 10;

/// How many complaints are said at once.
const COMPLAINTS_MAX: usize = 100;
/// How many are gathered: who sends rubbish is not told of all of it.
const GATHERED_MAX: usize = 1_000;

/// What is wrong with a definition, where, and what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Complaint {
    /// The line, from 1.
    pub line: usize,
    /// The key, as far as there is one.
    pub key: String,
    /// What is wrong.
    pub said: String,
    /// What to do.
    pub remedy: String,
}

impl fmt::Display for Complaint {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Zeile {}", self.line)?;
        if !self.key.is_empty() {
            write!(formatter, ", {}", self.key)?;
        }
        write!(formatter, ": {} {}", self.said, self.remedy)
    }
}

/// What is gathered while a source is read.
struct Reader {
    /// Where its lines end.
    ends: Vec<usize>,
    complaints: Vec<Complaint>,
    fields: Vec<Field>,
    lookups: Vec<Lookup>,
    /// What is named in it: states, and steps with their outcomes.
    known: Known,
    /// Whether it was taken in before.
    age: Age,
}

impl Reader {
    fn complain(&mut self, at: &At, said: impl Into<String>, remedy: impl Into<String>) {
        if self.complaints.len() >= GATHERED_MAX {
            return;
        }
        self.complaints.push(Complaint {
            line: 1 + self.ends.partition_point(|end| *end < at.at),
            key: shown(&at.key, 200),
            said: shown(&said.into(), 400),
            remedy: shown(&remedy.into(), 2_000),
        });
    }
}

/// What is said on one line: of what was written not more than can be read.
fn shown(text: &str, most: usize) -> String {
    let visible = |c: char| if c.is_control() { ' ' } else { c };
    let mut shown: String = text.chars().take(most).map(visible).collect();
    if text.chars().nth(most).is_some() {
        shown.push('…');
    }
    shown
}

/// Whether a definition is proposed, or was taken in before.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Age {
    /// All that is wrong with it is said.
    New,
    /// What older programs did not complain of, and what harms nothing, is no fault of it now.
    Kept,
}

pub(super) fn read(bytes: &[u8], age: Age) -> Result<Definition, Vec<Complaint>> {
    let whole = |line: usize, said: String, remedy: &str| {
        vec![Complaint {
            line,
            key: String::new(),
            said,
            remedy: remedy.to_owned(),
        }]
    };
    if u64::try_from(bytes.len()).unwrap_or(u64::MAX) > DEFINITION_BYTES_MAX {
        let said = format!("Die Definition hat mehr als {DEFINITION_BYTES_MAX} Bytes.");
        return Err(whole(
            1,
            said,
            "Bitte auf mehrere Geschäftsgänge verteilen.",
        ));
    }
    let source = std::str::from_utf8(bytes).map_err(|error| {
        let before = bytes.get(..error.valid_up_to()).unwrap_or_default();
        let line = 1 + before.iter().filter(|byte| **byte == b'\n').count();
        let said = "Die Definition ist kein Text in UTF-8.".to_owned();
        whole(line, said, "Bitte in UTF-8 speichern.")
    })?;
    let root = DeTable::parse(source).map_err(|error| {
        let at = error.span().map_or(0, |span| span.start);
        let (said, remedy) = toml_said::german(error.message());
        whole(line_of(source, at), said, remedy)
    })?;
    let mut reader = Reader {
        ends: source.match_indices('\n').map(|(at, _)| at).collect(),
        complaints: Vec::new(),
        fields: Vec::new(),
        lookups: Vec::new(),
        known: Known::default(),
        age,
    };
    let sheet = reader.root(&root);
    let definition = reader.definition(&sheet, Sha256::digest(bytes).into());
    if reader.complaints.is_empty() {
        // What each part says is right: now the whole.
        reader.ways(&definition);
        if age == Age::New {
            reader.tables(&definition);
        }
    }
    if reader.complaints.is_empty() {
        reader.duties(&definition);
    }
    if reader.complaints.is_empty() {
        return Ok(definition);
    }
    let mut complaints = reader.complaints;
    complaints.sort_by_key(|one| one.line);
    complaints.truncate(COMPLAINTS_MAX);
    Err(complaints)
}

/// The first line of a source in which something that is outside of it is named: a function, a department, a form.
#[must_use]
pub fn line_naming(source: &[u8], name: &str) -> Option<usize> {
    let text = std::str::from_utf8(source).ok()?;
    let written = ["", "function:"].map(|before| format!("{before}{name}"));
    let quoted = |line: &str, name: &str| {
        let found = ['"', '\''].map(|quote| format!("{quote}{name}{quote}"));
        found.iter().any(|found| line.contains(found.as_str()))
    };
    let names = |line: &str| {
        !line.trim_start().starts_with('#') && written.iter().any(|name| quoted(line, name))
    };
    Some(1 + text.lines().position(names)?)
}

fn line_of(source: &str, at: usize) -> usize {
    let before = source.bytes().take(at);
    1 + before.filter(|byte| *byte == b'\n').count()
}

/// The kinds of steps, as they are written.
pub(super) fn step_kinds() -> Vec<&'static str> {
    known::STEP_KINDS.iter().map(|(word, _)| *word).collect()
}

/// A key as it stands in definitions: small letters, digits and `_`, a letter first.
fn is_key(key: &str) -> bool {
    const CHARS_MAX: usize = 40;
    let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    key.starts_with(|c: char| c.is_ascii_lowercase())
        && key.len() <= CHARS_MAX
        && key.chars().all(fits)
}

pub(super) fn functions(definition: &Definition) -> Vec<&str> {
    let mut found = BTreeSet::new();
    for who in assignees(definition) {
        if let Assignee::Function(code) = who {
            found.insert(code.as_str());
        }
    }
    for lookup in &definition.lookups {
        let to = lookup.rows.values().chain(lookup.default.as_ref());
        found.extend(to.filter_map(|to| to.strip_prefix("function:")));
    }
    found.extend(held(definition));
    let moved = effects(definition).filter_map(moved);
    found.extend(moved.map(|(_, _, lead)| lead));
    found.into_iter().collect()
}

/// The functions that it asks of somebody: `holds`.
pub(super) fn held(definition: &Definition) -> Vec<&str> {
    let all = expressions(definition).into_iter();
    let found: BTreeSet<_> = all.flat_map(Expr::functions).collect();
    found.into_iter().collect()
}

/// Each expression, wherever it stands.
fn expressions(definition: &Definition) -> Vec<&Expr> {
    let mut found: Vec<&Expr> = Vec::new();
    for state in &definition.states {
        found.extend(state.exits.iter().filter_map(|exit| exit.when.as_ref()));
        found.extend(state.on_enter.iter().filter_map(set_to));
        found.extend(state.beside.iter().filter_map(|one| one.when.as_ref()));
    }
    for step in steps(definition) {
        found.extend(step.require.iter().map(|one| &one.is));
        found.extend(&step.when);
        for outcome in &step.outcomes {
            found.extend(outcome.effects.iter().filter_map(set_to));
            found.extend(&outcome.when);
        }
    }
    found
}

fn set_to(effect: &Effect) -> Option<&Expr> {
    if let Effect::Set { to, .. } = effect {
        return Some(to);
    }
    None
}

pub(super) fn departments(definition: &Definition) -> Vec<&str> {
    let all = assignees(definition).into_iter();
    let named = all.filter_map(|who| match who {
        Assignee::Role { department, .. } => department.as_deref(),
        Assignee::Function(_)
        | Assignee::Field(_)
        | Assignee::Initiator
        | Assignee::ManagerOf(_)
        | Assignee::TakerOf(_)
        | Assignee::Each
        | Assignee::Anybody
        | Assignee::System => None,
    });
    let found: BTreeSet<&str> = named.collect();
    found.into_iter().collect()
}

pub(super) fn forms(definition: &Definition) -> Vec<&str> {
    let mut found = BTreeSet::new();
    for step in steps(definition) {
        found.extend(step.form.iter().map(|form| form.form.as_str()));
        if let Some(Effect::Form { form, .. }) = &step.effect {
            found.insert(form.as_str());
        }
    }
    found.into_iter().collect()
}

/// Into which compartments it moves cases, each with the unit of the file plan.
pub(super) fn moves(definition: &Definition) -> Vec<(&str, &str)> {
    let all = effects(definition).filter_map(moved);
    let found: BTreeSet<_> = all.map(|(inside, unit, _)| (inside, unit)).collect();
    found.into_iter().collect()
}

/// Whether it has documents destroyed.
pub(super) fn destroys(definition: &Definition) -> bool {
    effects(definition).any(|effect| matches!(effect, Effect::Destroy { .. }))
}

/// Whether it closes the file in which its case stands.
pub(super) fn closes_file(definition: &Definition) -> bool {
    effects(definition).any(|effect| matches!(effect, Effect::CloseFile))
}

/// The compartment, the unit of the plan and the function of a move.
fn moved(effect: &Effect) -> Option<(&str, &str, &str)> {
    if let Effect::MoveTo {
        compartment,
        plan_unit,
        lead,
    } = effect
    {
        return Some((compartment, plan_unit, lead));
    }
    None
}

/// What is done besides, wherever it stands.
fn effects(definition: &Definition) -> impl Iterator<Item = &Effect> {
    let entered = definition.states.iter().flat_map(|state| &state.on_enter);
    let outcomes = steps(definition).flat_map(|step| &step.outcomes);
    entered.chain(outcomes.flat_map(|outcome| &outcome.effects))
}

fn steps(definition: &Definition) -> impl Iterator<Item = &Step> {
    definition.states.iter().flat_map(|state| &state.steps)
}

/// Everybody who is named anywhere.
fn assignees(definition: &Definition) -> Vec<&Assignee> {
    let mut found: Vec<&Assignee> = Vec::new();
    found.extend(&definition.start_by);
    found.extend(&definition.cancel_by);
    let aside = definition.states.iter().flat_map(|state| &state.beside);
    found.extend(aside.flat_map(|beside| &beside.by));
    let entered = definition.states.iter().flat_map(|state| &state.on_enter);
    found.extend(entered.filter_map(told));
    for step in steps(definition) {
        found.push(&step.assignee);
        found.extend(step.skip.as_ref().map(|skip| &skip.by));
        found.extend(step.due.iter().flat_map(due_by));
        let effects = step.outcomes.iter().flat_map(|outcome| &outcome.effects);
        found.extend(effects.filter_map(told));
    }
    found
}

fn due_by(due: &Due) -> impl Iterator<Item = &Assignee> {
    let escalated = due.escalate.iter().map(|one| &one.to);
    let reminded = due.remind_to.as_ref();
    escalated.chain(due.extend_by.as_ref()).chain(reminded)
}

fn told(effect: &Effect) -> Option<&Assignee> {
    if let Effect::Notify { to, .. } = effect {
        return Some(to);
    }
    None
}
