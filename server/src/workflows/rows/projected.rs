//! What is made of a workflow with each change, so that it is quick to find: its steps, who is asked, its timers,
//! and the documents that it names or that its marks are bound to. Only what differs is written.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use sea_orm::{ConnectionTrait, Value};
use uuid::Uuid;
use workflow::engine;
use workflow::instance::{
    Assigned, Id, Instance, StepState, StepStatus, TimerKind, Value as Known,
};

use super::super::model::Flow;
use crate::base::db::{DbError, sql};
use crate::base::insert::insert;
use crate::base::{AccountId, CaseId, CompartmentId, DepartmentId};
use crate::unit::Unit;

/// By which names the rows name what an instance names.
#[derive(Debug, Clone)]
pub(in crate::workflows) struct Seen {
    /// The accounts of functions, by their short names.
    pub(in crate::workflows) functions: HashMap<String, AccountId>,
    /// The departments, by their short names.
    pub(in crate::workflows) departments: HashMap<String, DepartmentId>,
    /// The case.
    pub(in crate::workflows) case: CaseId,
    /// That of the case.
    pub(in crate::workflows) department: DepartmentId,
    /// The compartment of the case.
    pub(in crate::workflows) compartment: Option<CompartmentId>,
}

/// The row of a step.
#[derive(Debug, Clone, PartialEq, Eq)]
struct StepRow {
    key: String,
    kind: String,
    label: String,
    status: String,
    opened_at: Option<i64>,
    due_on: Option<String>,
    overdue_at: Option<i64>,
    held_until: Option<i64>,
    claimed_by: Option<Uuid>,
    done_at: Option<i64>,
    done_by: Option<Uuid>,
    outcome: Option<String>,
}

/// The row of somebody who is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
struct AskedRow {
    account: Option<Uuid>,
    role: Option<String>,
    department: Option<Uuid>,
    compartment: Option<Uuid>,
    opened_at: i64,
    overdue_at: Option<i64>,
    claimed_by: Option<Uuid>,
    held_until: Option<i64>,
    case: Uuid,
    definition: String,
}

/// All rows of a workflow.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Projected {
    steps: BTreeMap<u32, StepRow>,
    asked: BTreeMap<(u32, String), AskedRow>,
    timers: BTreeMap<String, (i64, &'static str, u32)>,
    documents: BTreeMap<Uuid, Option<Vec<u8>>>,
}

/// The account of an id; that of the system is the nil one.
fn account(id: &Id) -> Uuid {
    Uuid::parse_str(&id.0).unwrap_or_default()
}

/// The word of a unit variant, as it stands in answers.
fn word(value: &impl serde::Serialize) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(word)) => word,
        Ok(_) | Err(_) => String::new(),
    }
}

/// The word of what a timer does.
const fn timer_word(kind: TimerKind) -> &'static str {
    match kind {
        TimerKind::Remind => "remind",
        TimerKind::Escalate => "escalate",
        TimerKind::Lapse => "lapse",
        TimerKind::Resume => "resume",
    }
}

fn step_row(step: &StepState) -> StepRow {
    let due = step.due.as_ref();
    let done = step.done.as_ref();
    StepRow {
        key: step.key.clone(),
        kind: word(&step.kind),
        label: step.label.de.clone(),
        status: word(&step.status),
        opened_at: step.opened_at.map(|at| at.0),
        due_on: due.map(|due| due.on.0.to_string()),
        overdue_at: due.map(|due| due.overdue_at.0),
        held_until: step.held_until.map(|at| at.0),
        claimed_by: step.claimed.as_ref().map(|by| account(&by.account)),
        done_at: done.map(|done| done.at.0),
        done_by: done.map(|done| account(&done.by.account)),
        outcome: done.map(|done| done.outcome.clone()),
    }
}

impl Seen {
    /// How the one who is asked is named in a row, and what is known of him.
    fn who(&self, one: &Assigned) -> (String, Option<Uuid>, Option<String>, Option<Uuid>) {
        match one {
            Assigned::Person { account: id } => {
                let id = account(id);
                (format!("account:{id}"), Some(id), None, None)
            }
            Assigned::Function { code } => match self.functions.get(code) {
                Some(id) => (format!("account:{id}"), Some(id.raw()), None, None),
                None => (format!("function:{code}"), None, None, None),
            },
            Assigned::Role { role, department } => {
                let named = department.as_ref();
                let found = named.and_then(|slug| self.departments.get(slug));
                let department = found.copied().unwrap_or(self.department);
                let who = format!("role:{role}:{department}");
                (who, None, Some(role.clone()), Some(department.raw()))
            }
            Assigned::Anybody => (
                "anybody".to_owned(),
                None,
                None,
                Some(self.department.raw()),
            ),
            Assigned::System => ("system".to_owned(), None, None, Some(self.department.raw())),
        }
    }

    /// Who is asked for an open step; who is excluded is asked no more.
    fn asked(&self, instance: &Instance, step: &StepState) -> Vec<((u32, String), AskedRow)> {
        let Some(opened_at) = step.opened_at.filter(|_| step.status == StepStatus::Open) else {
            return Vec::new();
        };
        let row = |one: &Assigned| {
            let (who, account_id, role, department) = self.who(one);
            let row = AskedRow {
                account: account_id,
                role,
                department,
                compartment: self.compartment.map(CompartmentId::raw),
                opened_at: opened_at.0,
                overdue_at: step.due.as_ref().map(|due| due.overdue_at.0),
                claimed_by: step.claimed.as_ref().map(|by| account(&by.account)),
                held_until: step.held_until.map(|at| at.0),
                case: self.case.raw(),
                definition: instance.definition.clone(),
            };
            ((step.number, who), row)
        };
        let out = &instance.excluded;
        let is_out =
            |one: &&Assigned| matches!(one, Assigned::Person { account } if out.contains(account));
        let asked = step.assigned.iter().filter(|one| !is_out(one));
        asked.map(row).collect()
    }

    fn rows(&self, instance: &Instance) -> Projected {
        let mut rows = Projected::default();
        for step in &instance.steps {
            rows.steps.insert(step.number, step_row(step));
        }
        if instance.ended.is_some() {
            return rows;
        }
        // What fields name, and above that the versions to which marks are bound.
        for value in instance.fields.values() {
            if let Known::Document(id) = value
                && let Ok(document) = Uuid::parse_str(&id.0)
            {
                rows.documents.insert(document, None);
            }
        }
        for step in &instance.steps {
            rows.asked.extend(self.asked(instance, step));
            let done = step.done.as_ref();
            let bound = done.and_then(|done| done.bound.as_ref());
            if let Some(bound) = bound.filter(|_| step.status == StepStatus::Done)
                && let Ok(document) = Uuid::parse_str(&bound.document.0)
            {
                let sha512 = hex::decode(&bound.sha512).ok();
                rows.documents.insert(document, sha512);
            }
        }
        // What was announced as editorial is followed from the version that was in force then, where nobody has signed.
        for (document, said) in &instance.editorial {
            if said.announced_by.is_some()
                && let Some(after) = &said.after
                && let Ok(document) = Uuid::parse_str(&document.0)
            {
                let known = rows.documents.entry(document).or_default();
                if known.is_none() {
                    *known = hex::decode(&after.sha512).ok();
                }
            }
        }
        for timer in engine::timers(instance) {
            let row = (timer.at.0, timer_word(timer.what), timer.step);
            rows.timers.insert(timer.key, row);
        }
        rows
    }
}

async fn delete(
    unit: &Unit,
    text: &'static str,
    values: impl IntoIterator<Item = Value>,
) -> Result<(), DbError> {
    unit.tx().execute_raw(sql(unit.tx(), text, values)).await?;
    Ok(())
}

async fn write_steps(
    unit: &Unit,
    id: Uuid,
    (before, after): (&Projected, &Projected),
) -> Result<(), DbError> {
    let mut new = Vec::new();
    for (number, row) in &after.steps {
        match before.steps.get(number) {
            Some(known) if known == row => continue,
            Some(_) => {
                let text = "DELETE FROM workflow_step WHERE instance_id = $1 AND number = $2";
                delete(unit, text, [id.into(), i64::from(*number).into()]).await?;
            }
            None => {}
        }
        let row = row.clone();
        new.push([
            id.into(),
            i64::from(*number).into(),
            row.key.into(),
            row.kind.into(),
            row.label.into(),
            row.status.into(),
            row.opened_at.into(),
            row.due_on.into(),
            row.overdue_at.into(),
            row.held_until.into(),
            row.claimed_by.into(),
            row.done_at.into(),
            row.done_by.into(),
            row.outcome.into(),
        ]);
    }
    let into = "workflow_step (instance_id, number, key, kind, label, status, opened_at, due_on, \
                overdue_at, held_until, claimed_by, done_at, done_by, outcome)";
    insert(unit.tx(), into, new).await
}

async fn write_asked(
    unit: &Unit,
    id: Uuid,
    (before, after): (&Projected, &Projected),
) -> Result<(), DbError> {
    // All rows of a step that differs anywhere: a function that was ended meanwhile bears another name by now than
    // its row does.
    let mut differs = BTreeSet::new();
    for (key, row) in before.asked.iter().chain(&after.asked) {
        if before.asked.get(key) != Some(row) || after.asked.get(key) != Some(row) {
            differs.insert(key.0);
        }
    }
    for step in &differs {
        let text = "DELETE FROM workflow_asked WHERE instance_id = $1 AND step = $2";
        delete(unit, text, [id.into(), i64::from(*step).into()]).await?;
    }
    let mut new = Vec::new();
    for (key, row) in &after.asked {
        if !differs.contains(&key.0) {
            continue;
        }
        let ((step, who), row) = (key, row.clone());
        new.push([
            id.into(),
            i64::from(*step).into(),
            who.as_str().into(),
            row.account.into(),
            row.role.into(),
            row.department.into(),
            row.compartment.into(),
            row.opened_at.into(),
            row.overdue_at.into(),
            row.claimed_by.into(),
            row.held_until.into(),
            row.case.into(),
            row.definition.into(),
        ]);
    }
    let into = "workflow_asked (instance_id, step, who, account_id, role, department_id, \
                compartment_id, opened_at, overdue_at, claimed_by, held_until, case_id, \
                definition_id)";
    insert(unit.tx(), into, new).await
}

async fn write_timers(
    unit: &Unit,
    id: Uuid,
    (before, after): (&Projected, &Projected),
) -> Result<(), DbError> {
    for (key, row) in &before.timers {
        if after.timers.get(key) != Some(row) {
            let text = "DELETE FROM workflow_timer WHERE instance_id = $1 AND key = $2";
            delete(unit, text, [id.into(), key.as_str().into()]).await?;
        }
    }
    let differs = |(key, row): &(&String, &(i64, &'static str, u32))| {
        before.timers.get(key.as_str()) != Some(*row)
    };
    let new = after.timers.iter().filter(differs);
    let new = new.map(|(key, (due_at, kind, step))| {
        [
            id.into(),
            key.as_str().into(),
            (*due_at).into(),
            (*kind).into(),
            i64::from(*step).into(),
        ]
    });
    let into = "workflow_timer (instance_id, key, due_at, kind, step)";
    insert(unit.tx(), into, new.collect()).await
}

async fn write_documents(
    unit: &Unit,
    id: Uuid,
    (before, after): (&Projected, &Projected),
) -> Result<(), DbError> {
    for (document, sha512) in &before.documents {
        if after.documents.get(document) != Some(sha512) {
            let text = "DELETE FROM workflow_document WHERE instance_id = $1 AND document_id = $2";
            delete(unit, text, [id.into(), (*document).into()]).await?;
        }
    }
    let differs = |(document, sha512): &(&Uuid, &Option<Vec<u8>>)| {
        before.documents.get(*document) != Some(*sha512)
    };
    let new = after.documents.iter().filter(differs);
    let new = new.map(|(document, sha512)| [id.into(), (*document).into(), sha512.clone().into()]);
    let into = "workflow_document (instance_id, document_id, sha512)";
    insert(unit.tx(), into, new.collect()).await
}

/// Writes what a change has made different; `before` is the workflow before it.
pub(in crate::workflows) async fn project(
    unit: &Unit,
    flow: &Flow,
    before: Option<&Flow>,
    seen: &Seen,
) -> Result<(), DbError> {
    // The rows name the place in which the case stood when they were written.
    let old = before.map(|before| {
        let then = Seen {
            department: before.department,
            compartment: before.compartment,
            ..seen.clone()
        };
        then.rows(&before.instance)
    });
    let old = old.unwrap_or_default();
    let new = seen.rows(&flow.instance);
    let (id, both) = (flow.id.raw(), (&old, &new));
    write_steps(unit, id, both).await?;
    write_asked(unit, id, both).await?;
    write_timers(unit, id, both).await?;
    write_documents(unit, id, both).await
}
