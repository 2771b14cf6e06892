//! What a plan that comes in would change, and how it is taken over: one unit of work, or nothing.

use std::collections::{BTreeMap, HashMap};

use sea_orm::ConnectionTrait;
use uuid::Uuid;

use super::cells::rule;
use super::draft::{Column, Draft, Entry, Finding, Findings, misplaced_fault};
use super::follow::{self, Follow};
use super::model::{Fields, Plan, PlanError, Tree, UNITS_MAX};
use super::ops::{self, Edition, check_edition, new_row, require_manager, write_fields};
use super::rows::{self, State, plan_unit};
use crate::audit::event::Action;
use crate::base::{CivilDate, CompartmentId, PlanId, Timestamp};
use crate::departments;
use crate::unit::Unit;

/// What is said about an import beside the content; what is said here counts before it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Said {
    /// The name of the plan.
    pub name: Option<String>,
    /// Its edition.
    pub edition: Option<String>,
    /// The first day on which it is in force.
    pub valid_from: Option<CivilDate>,
    /// The last day.
    pub valid_until: Option<CivilDate>,
    /// Whether units that the content does not name are retired.
    pub retire_missing: bool,
}

/// What becomes of an edition or a unit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// It is new.
    Created,
    /// This of it is different, by its name in the contract.
    Changed(Vec<&'static str>),
    /// It stays as it is.
    Unchanged,
    /// The content does not name it; it stays as it is.
    Missing,
    /// The content does not name it; it is retired.
    Retired,
}

/// What an import does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Effect {
    /// The edition, where it exists already or by now.
    pub plan: Option<PlanId>,
    /// What the edition is called.
    pub name: String,
    /// Which one it is.
    pub edition: String,
    /// From when on it is in force.
    pub valid_from: CivilDate,
    /// Until when.
    pub valid_until: Option<CivilDate>,
    /// What becomes of the edition itself.
    pub itself: Change,
    /// What becomes of each unit, by mark: those of the content in its order, then those missing.
    pub units: Vec<(String, Change)>,
}

impl Effect {
    /// Whether nothing changes at all.
    #[must_use]
    pub fn is_nothing(&self) -> bool {
        self.itself == Change::Unchanged
            && self
                .units
                .iter()
                .all(|(_, change)| matches!(change, Change::Unchanged | Change::Missing))
    }
}

/// The effect, and all that is needed to bring it about.
struct Worked {
    effect: Effect,
    wanted: Edition,
    before: HashMap<String, plan_unit::Model>,
    fields: Vec<Fields>,
}

/// What it would change to take over `draft`; nothing is written.
pub async fn effect(
    on: &impl ConnectionTrait,
    now: Timestamp,
    draft: &Draft,
    said: &Said,
) -> Result<Effect, PlanError> {
    Ok(work_out(on, now, draft, said).await?.effect)
}

async fn work_out(
    on: &impl ConnectionTrait,
    now: Timestamp,
    draft: &Draft,
    said: &Said,
) -> Result<Worked, PlanError> {
    let name = said.name.clone().or_else(|| draft.name.clone());
    let edition = said.edition.clone().or_else(|| draft.edition.clone());
    let unnamed = PlanError::Unnamed {
        name: name.is_none(),
        edition: edition.is_none(),
    };
    let (Some(name), Some(edition)) = (name, edition) else {
        return Err(unnamed);
    };
    let known = rows::plan_of_edition(on, &name, &edition).await?;
    let known = known.map(Plan::try_from).transpose()?;
    let from = said.valid_from.or(draft.valid_from);
    let from = from.or_else(|| known.as_ref().map(|plan| plan.valid_from));
    let until = said.valid_until.or(draft.valid_until);
    let until = until.or_else(|| known.as_ref().and_then(|plan| plan.valid_until));
    let wanted = Edition {
        name,
        edition,
        valid_from: from
            .or_else(|| CivilDate::on(now))
            .ok_or(PlanError::Backwards)?,
        valid_until: until,
    };
    check_edition(on, known.as_ref().map(|plan| plan.id), &wanted).await?;
    let rows = match &known {
        Some(plan) => rows::units(on, plan.id).await?,
        None => Vec::new(),
    };
    let fields = resolve(on, draft).await?;
    let units = units_effect(&rows, &draft.entries, &fields, said.retire_missing);
    if units.len() > UNITS_MAX {
        return Err(PlanError::Full);
    }
    check_tree(&rows, draft)?;
    Ok(Worked {
        effect: Effect {
            plan: known.as_ref().map(|plan| plan.id),
            name: wanted.name.clone(),
            edition: wanted.edition.clone(),
            valid_from: wanted.valid_from,
            valid_until: wanted.valid_until,
            itself: edition_effect(known.as_ref(), &wanted),
            units,
        },
        wanted,
        before: rows
            .into_iter()
            .map(|row| (row.code.clone(), row))
            .collect(),
        fields,
    })
}

/// Refuses a plan whose units would push those that it does not name too deep.
fn check_tree(rows: &[plan_unit::Model], draft: &Draft) -> Result<(), PlanError> {
    let codes: HashMap<Uuid, &str> = rows.iter().map(|row| (row.id, row.code.as_str())).collect();
    let parent = |row: &plan_unit::Model| row.parent_id.and_then(|id| codes.get(&id).copied());
    let mut parents: HashMap<&str, Option<&str>> = rows
        .iter()
        .map(|row| (row.code.as_str(), parent(row)))
        .collect();
    let entries = draft.entries.iter();
    parents.extend(entries.map(|one| (one.code.as_str(), one.parent.as_deref())));
    let mut findings = Findings::default();
    let levels: BTreeMap<_, _> = Tree::of(&parents).levels().into_iter().collect();
    for (code, level) in levels {
        if let Err(misplaced) = level {
            findings.add(Finding {
                line: None,
                path: Some((*code).to_owned()),
                fault: misplaced_fault(misplaced),
            });
        }
    }
    if findings.is_empty() {
        Ok(())
    } else {
        Err(PlanError::Unreadable(findings))
    }
}

fn edition_effect(known: Option<&Plan>, wanted: &Edition) -> Change {
    let Some(known) = known else {
        return Change::Created;
    };
    let mut changed = Vec::new();
    if known.valid_from != wanted.valid_from {
        changed.push("valid_from");
    }
    if known.valid_until != wanted.valid_until {
        changed.push("valid_until");
    }
    if changed.is_empty() {
        Change::Unchanged
    } else {
        Change::Changed(changed)
    }
}

/// What is said about each unit, with compartments by id; unknown ones are findings.
async fn resolve(on: &impl ConnectionTrait, draft: &Draft) -> Result<Vec<Fields>, PlanError> {
    let named = draft.entries.iter().any(|one| one.compartment.is_some());
    let known: HashMap<String, CompartmentId> = if named {
        let codes = departments::compartment_codes(on).await?;
        codes.into_iter().map(|(id, code)| (code, id)).collect()
    } else {
        HashMap::new()
    };
    let mut findings = Findings::default();
    let mut all = Vec::with_capacity(draft.entries.len());
    for entry in &draft.entries {
        let compartment = entry.compartment.as_ref();
        let found = compartment.and_then(|code| known.get(code).copied());
        if let (Some(code), None) = (compartment, found) {
            findings.add(Finding {
                line: None,
                path: Some(format!("{}/{}", entry.code, Column::Compartment.german())),
                fault: rule(
                    "no-compartment",
                    format!("Die Abschottung {code} gibt es nicht."),
                    format!("There is no compartment {code}."),
                ),
            });
        }
        all.push(Fields {
            code: entry.code.clone(),
            title: entry.title.clone(),
            file_pattern: entry.file_pattern.clone(),
            case_pattern: entry.case_pattern.clone(),
            document_pattern: entry.document_pattern.clone(),
            retention_years: entry.retention_years,
            transfer_years: entry.transfer_years,
            disposal: entry.disposal,
            protection: entry.protection.clone(),
            compartment: found,
            legal_basis: entry.legal_basis.clone(),
            note: entry.note.clone(),
        });
    }
    if findings.is_empty() {
        Ok(all)
    } else {
        Err(PlanError::Unreadable(findings))
    }
}

fn units_effect(
    rows: &[plan_unit::Model],
    entries: &[Entry],
    fields: &[Fields],
    retire_missing: bool,
) -> Vec<(String, Change)> {
    let by_code: HashMap<&str, &plan_unit::Model> =
        rows.iter().map(|row| (row.code.as_str(), row)).collect();
    let codes: HashMap<Uuid, &str> = rows.iter().map(|row| (row.id, row.code.as_str())).collect();
    let mut all: Vec<(String, Change)> = Vec::with_capacity(entries.len());
    let mut named: std::collections::HashSet<&str> = std::collections::HashSet::new();
    for (entry, fields) in entries.iter().zip(fields) {
        named.insert(&entry.code);
        let change = match by_code.get(entry.code.as_str()) {
            None => Change::Created,
            Some(row) => {
                let parent = row.parent_id.and_then(|id| codes.get(&id).copied());
                let changed = differences(row, parent, entry, fields);
                if changed.is_empty() {
                    Change::Unchanged
                } else {
                    Change::Changed(changed)
                }
            }
        };
        all.push((entry.code.clone(), change));
    }
    for row in rows.iter().filter(|row| !named.contains(row.code.as_str())) {
        let change = if retire_missing && row.retired_at.is_none() {
            Change::Retired
        } else {
            Change::Missing
        };
        all.push((row.code.clone(), change));
    }
    all
}

/// What an entry says otherwise than the row.
fn differences(
    row: &plan_unit::Model,
    parent: Option<&str>,
    entry: &Entry,
    fields: &Fields,
) -> Vec<&'static str> {
    let years = |years: Option<u32>| years.map(i64::from);
    let compared = [
        (Column::Title, row.title == fields.title),
        (
            Column::Retention,
            row.retention_years == years(fields.retention_years),
        ),
        (Column::Disposal, row.disposal == fields.disposal.code()),
        (Column::Protection, row.protection == fields.protection),
        (Column::Note, row.note == fields.note),
        (Column::Parent, parent == entry.parent.as_deref()),
        (Column::FilePattern, row.file_pattern == fields.file_pattern),
        (Column::CasePattern, row.case_pattern == fields.case_pattern),
        (
            Column::DocumentPattern,
            row.document_pattern == fields.document_pattern,
        ),
        (
            Column::Transfer,
            row.transfer_years == years(fields.transfer_years),
        ),
        (
            Column::Compartment,
            row.compartment_id == fields.compartment.map(CompartmentId::raw),
        ),
        (Column::LegalBasis, row.legal_basis == fields.legal_basis),
        (Column::Retired, row.retired_at.is_some() == entry.retired),
    ];
    let different = compared.into_iter().filter(|(_, same)| !same);
    different.map(|(column, _)| column.english()).collect()
}

/// Takes a plan over: everything that [`effect`] says, as one unit of work.
pub async fn import(
    unit: &mut Unit,
    draft: &Draft,
    said: &Said,
    how: Follow,
) -> Result<Effect, PlanError> {
    require_manager(unit.actor())?;
    let now = unit.now();
    let mut worked = work_out(unit.tx(), now, draft, said).await?;
    if worked.effect.is_nothing() {
        return Err(PlanError::Unchanged);
    }
    let wanted = worked.wanted.clone();
    let plan = match (worked.effect.plan, &worked.effect.itself) {
        (None, _) => ops::create_plan(unit, wanted).await?.id,
        (Some(id), Change::Changed(_)) => {
            ops::change_plan(unit, id, None, |_before| wanted).await?.id
        }
        (Some(id), Change::Created | Change::Unchanged | Change::Missing | Change::Retired) => id,
    };
    worked.effect.plan = Some(plan);
    let stood = follow::compartments(unit, plan).await?;
    let ids = create(unit, plan, draft, &worked).await?;
    change(unit, draft, &worked, &ids).await?;
    follow::follow(unit, plan, &stood, how).await?;
    Ok(worked.effect)
}

/// Adds the new units, parents before children; gives the id of every unit that came in.
async fn create(
    unit: &mut Unit,
    plan: PlanId,
    draft: &Draft,
    worked: &Worked,
) -> Result<HashMap<String, Uuid>, PlanError> {
    let mut ids: HashMap<String, Uuid> = worked
        .before
        .iter()
        .map(|(code, row)| (code.clone(), row.id))
        .collect();
    let mut waiting: Vec<(&Entry, plan_unit::Model)> = Vec::new();
    for ((entry, fields), (_, change)) in of_file(draft, worked) {
        if *change == Change::Created {
            let mut row = new_row(unit, plan);
            write_fields(&mut row, fields.clone());
            row.retired_at = entry.retired.then(|| unit.now().micros());
            ids.insert(entry.code.clone(), row.id);
            waiting.push((entry, row));
        }
    }
    let depth = depths(draft);
    waiting.sort_by_key(|(entry, _)| depth.get(entry.code.as_str()).copied());
    let rows: Vec<plan_unit::Model> = waiting
        .into_iter()
        .map(|(entry, mut row)| {
            row.parent_id = entry
                .parent
                .as_ref()
                .and_then(|code| ids.get(code).copied());
            row
        })
        .collect();
    rows::insert_units(unit, &rows).await?;
    for row in &rows {
        unit.changed(row.subject());
        unit.record(Action::PlanUnitCreate, None);
    }
    Ok(ids)
}

/// Writes the units that are different, and retires those that shall be.
async fn change(
    unit: &mut Unit,
    draft: &Draft,
    worked: &Worked,
    ids: &HashMap<String, Uuid>,
) -> Result<(), PlanError> {
    let now = unit.now().micros();
    let (mut rows, mut actions) = (Vec::new(), Vec::new());
    for ((entry, fields), (_, change)) in of_file(draft, worked) {
        let (Change::Changed(_), Some(row)) = (change, worked.before.get(&entry.code)) else {
            continue;
        };
        let mut row = row.clone();
        write_fields(&mut row, fields.clone());
        let parent = entry.parent.as_ref();
        row.parent_id = parent.and_then(|code| ids.get(code).copied());
        let retires = entry.retired && row.retired_at.is_none();
        if entry.retired != row.retired_at.is_some() {
            row.retired_at = entry.retired.then_some(now);
        }
        rows.push(row);
        actions.push(if retires {
            Action::PlanUnitRetire
        } else {
            Action::PlanUnitChange
        });
    }
    for (code, change) in &worked.effect.units {
        if let (Change::Retired, Some(row)) = (change, worked.before.get(code)) {
            let mut row = row.clone();
            row.retired_at = Some(now);
            rows.push(row);
            actions.push(Action::PlanUnitRetire);
        }
    }
    rows::update_units(unit, &mut rows).await?;
    for (row, action) in rows.iter().zip(actions) {
        unit.changed(row.subject());
        unit.record(action, None);
    }
    Ok(())
}

/// The entries that came in, each with its fields and what becomes of it.
fn of_file<'a>(
    draft: &'a Draft,
    worked: &'a Worked,
) -> impl Iterator<Item = ((&'a Entry, &'a Fields), &'a (String, Change))> {
    draft
        .entries
        .iter()
        .zip(&worked.fields)
        .zip(&worked.effect.units)
}

/// How deep each unit that came in hangs.
fn depths(draft: &Draft) -> HashMap<&str, usize> {
    let parents: HashMap<&str, Option<&str>> = draft
        .entries
        .iter()
        .map(|entry| (entry.code.as_str(), entry.parent.as_deref()))
        .collect();
    // Reading refused loops and too deep trees.
    let levels = Tree::of(&parents).levels().into_iter();
    levels
        .map(|(code, level)| (*code, level.unwrap_or_default()))
        .collect()
}
