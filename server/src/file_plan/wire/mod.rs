//! The file plan on the wire.

mod reading;

use std::collections::HashMap;

use serde::{Deserialize, Deserializer, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::effect::{Change, Effect};
use super::model::{Plan, PlanUnit};
use crate::base::{CivilDate, CompartmentId, PlanUnitId};

/// An edition of the file plan.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = FilePlan)]
pub(super) struct PlanView {
    /// Its id.
    pub id: Uuid,
    /// Counts every change; the `ETag` is `"v<version>"`.
    pub version: u64,
    /// The name of the plan.
    #[schema(example = "Aktenplan der Stadt Hollerfurt")]
    pub name: String,
    /// The edition.
    #[schema(example = "2026")]
    pub edition: String,
    /// The first day on which files may be opened by it.
    #[schema(format = Date)]
    pub valid_from: String,
    /// The last day; none where no end is known.
    #[schema(format = Date)]
    pub valid_until: Option<String>,
    /// Whether files may be opened by it today.
    pub in_force: bool,
    /// When it was put in, UTC.
    #[schema(format = DateTime)]
    pub created_at: String,
}

impl PlanView {
    pub(super) fn of(plan: &Plan, today: Option<CivilDate>) -> Self {
        Self {
            id: plan.id.raw(),
            version: plan.version,
            name: plan.name.clone(),
            edition: plan.edition.clone(),
            valid_from: plan.valid_from.to_string(),
            valid_until: plan.valid_until.map(|until| until.to_string()),
            in_force: today.is_some_and(|today| plan.in_force(today)),
            created_at: plan.created_at.to_string(),
        }
    }
}

/// A unit of a file plan.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PlanUnit)]
pub(super) struct UnitView {
    /// Its id.
    pub id: Uuid,
    /// Counts every change; the `ETag` is `"v<version>"`.
    pub version: u64,
    /// The edition that it belongs to.
    pub plan: Uuid,
    /// The unit that it is part of.
    pub parent: Option<Uuid>,
    /// Kennzeichen.
    #[schema(example = "01.4.1")]
    pub code: String,
    /// What it is about.
    pub title: String,
    /// How references of its files are made; none: the pattern of the house.
    pub file_pattern: Option<String>,
    /// How references of cases in them are made.
    pub case_pattern: Option<String>,
    /// How references of documents in those are made.
    pub document_pattern: Option<String>,
    /// Aufbewahrungsfrist: years after closing; none: for ever.
    pub retention_years: Option<u32>,
    /// Transferfrist: years after closing.
    pub transfer_years: Option<u32>,
    /// Aussonderungsart: `A` archive, `B` appraise, `V` destroy.
    #[schema(example = "V")]
    pub disposal: &'static str,
    /// Schutzstufe.
    pub protection: Option<String>,
    /// Abschottung: short name of the compartment in which its files stand.
    pub compartment: Option<String>,
    /// Rechtsgrundlage.
    pub legal_basis: Option<String>,
    /// Hinweis.
    pub note: Option<String>,
    /// Since when it is retired (stillgelegt), UTC.
    #[schema(format = DateTime)]
    pub retired_at: Option<String>,
    /// How many files and sub-files stand in it, not counting those below it, of those that you may
    /// see; told in the list.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub files: Option<u64>,
}

impl UnitView {
    pub(super) fn of(unit: &PlanUnit, compartments: &HashMap<CompartmentId, String>) -> Self {
        let compartment = unit.compartment.and_then(|id| compartments.get(&id));
        Self {
            id: unit.id.raw(),
            version: unit.version,
            plan: unit.plan.raw(),
            parent: unit.parent.map(PlanUnitId::raw),
            code: unit.code.clone(),
            title: unit.title.clone(),
            file_pattern: unit.file_pattern.clone(),
            case_pattern: unit.case_pattern.clone(),
            document_pattern: unit.document_pattern.clone(),
            retention_years: unit.retention_years,
            transfer_years: unit.transfer_years,
            disposal: unit.disposal.code(),
            protection: unit.protection.clone(),
            compartment: compartment.cloned(),
            legal_basis: unit.legal_basis.clone(),
            note: unit.note.clone(),
            retired_at: unit.retired_at.map(|at| at.to_string()),
            files: None,
        }
    }
}

/// A new edition.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"name": "Aktenplan der Stadt Hollerfurt", "edition": "2027",
    "valid_from": "2027-01-01"}))]
pub(super) struct NewPlan {
    /// The name of the plan; editions of one name follow each other.
    #[schema(min_length = 1, max_length = 200)]
    name: String,
    /// The edition.
    #[schema(min_length = 1, max_length = 200)]
    edition: String,
    /// The first day on which files may be opened by it.
    #[schema(format = Date)]
    valid_from: String,
    /// The last day.
    #[serde(default)]
    #[schema(format = Date)]
    valid_until: Option<String>,
}

/// Tells a field that is missing from one that is null.
#[expect(
    clippy::option_option,
    reason = "missing, null and a value are three things"
)]
fn present<'de, D, T>(deserializer: D) -> Result<Option<Option<T>>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    Option::<T>::deserialize(deserializer).map(Some)
}

/// A change of an edition. What is missing stays; what is null is emptied.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
#[expect(
    clippy::option_option,
    reason = "missing, null and a value are three things"
)]
#[schema(example = json!({"valid_until": "2026-12-31"}))]
pub(super) struct PlanChange {
    /// The name of the plan.
    #[schema(nullable = false, min_length = 1, max_length = 200)]
    name: Option<String>,
    /// The edition.
    #[schema(nullable = false, min_length = 1, max_length = 200)]
    edition: Option<String>,
    /// The first day.
    #[schema(nullable = false, format = Date)]
    valid_from: Option<String>,
    /// The last day.
    #[serde(deserialize_with = "present")]
    #[schema(value_type = Option<String>, format = Date)]
    valid_until: Option<Option<String>>,
}

/// A new unit.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"code": "01.4.3", "title": "Spenden und Zuwendungen",
    "retention_years": 10, "disposal": "V"}))]
pub(super) struct NewUnit {
    /// Kennzeichen, unique in the plan: letters, digits and `. - / _ : ( ) +`.
    #[schema(min_length = 1, max_length = 64)]
    code: String,
    /// What it is about.
    #[schema(min_length = 1, max_length = 1000)]
    title: String,
    /// The unit that it is part of, of the same plan.
    #[serde(default)]
    parent: Option<Uuid>,
    /// Aufbewahrungsfrist in years; null: for ever.
    #[serde(deserialize_with = "Option::deserialize")]
    #[schema(maximum = 110, required)]
    retention_years: Option<u32>,
    /// Aussonderungsart: `A`, `B` or `V`.
    disposal: String,
    /// Transferfrist in years.
    #[serde(default)]
    #[schema(maximum = 110)]
    transfer_years: Option<u32>,
    /// How references of its files are made.
    #[serde(default)]
    #[schema(max_length = 200)]
    file_pattern: Option<String>,
    /// How references of cases are made.
    #[serde(default)]
    #[schema(max_length = 200)]
    case_pattern: Option<String>,
    /// How references of documents are made.
    #[serde(default)]
    #[schema(max_length = 200)]
    document_pattern: Option<String>,
    /// Schutzstufe.
    #[serde(default)]
    #[schema(max_length = 200)]
    protection: Option<String>,
    /// Abschottung: short name of a compartment.
    #[serde(default)]
    #[schema(max_length = 200)]
    compartment: Option<String>,
    /// Rechtsgrundlage.
    #[serde(default)]
    #[schema(max_length = 1000)]
    legal_basis: Option<String>,
    /// Hinweis.
    #[serde(default)]
    #[schema(max_length = 1000)]
    note: Option<String>,
}

/// A change of a unit. What is missing stays; what is null is emptied.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
#[expect(
    clippy::option_option,
    reason = "missing, null and a value are three things"
)]
#[schema(example = json!({"title": "Eingangsrechnungen", "retention_years": 8}))]
pub(super) struct UnitChange {
    /// Kennzeichen.
    #[schema(nullable = false, min_length = 1, max_length = 64)]
    code: Option<String>,
    /// What it is about.
    #[schema(nullable = false, min_length = 1, max_length = 1000)]
    title: Option<String>,
    /// The unit that it is part of; null: none.
    #[serde(deserialize_with = "present")]
    #[schema(value_type = Option<Uuid>)]
    parent: Option<Option<Uuid>>,
    /// Aufbewahrungsfrist in years; null: for ever.
    #[serde(deserialize_with = "present")]
    #[schema(value_type = Option<u32>, maximum = 110)]
    retention_years: Option<Option<u32>>,
    /// Aussonderungsart: `A`, `B` or `V`.
    #[schema(nullable = false)]
    disposal: Option<String>,
    /// Transferfrist in years.
    #[serde(deserialize_with = "present")]
    #[schema(value_type = Option<u32>, maximum = 110)]
    transfer_years: Option<Option<u32>>,
    /// How references of its files are made.
    #[serde(deserialize_with = "present")]
    #[schema(value_type = Option<String>, max_length = 200)]
    file_pattern: Option<Option<String>>,
    /// How references of cases are made.
    #[serde(deserialize_with = "present")]
    #[schema(value_type = Option<String>, max_length = 200)]
    case_pattern: Option<Option<String>>,
    /// How references of documents are made.
    #[serde(deserialize_with = "present")]
    #[schema(value_type = Option<String>, max_length = 200)]
    document_pattern: Option<Option<String>>,
    /// Schutzstufe.
    #[serde(deserialize_with = "present")]
    #[schema(value_type = Option<String>, max_length = 200)]
    protection: Option<Option<String>>,
    /// Abschottung: short name of a compartment.
    #[serde(deserialize_with = "present")]
    #[schema(value_type = Option<String>, max_length = 200)]
    compartment: Option<Option<String>>,
    /// Rechtsgrundlage.
    #[serde(deserialize_with = "present")]
    #[schema(value_type = Option<String>, max_length = 1000)]
    legal_basis: Option<Option<String>>,
    /// Hinweis.
    #[serde(deserialize_with = "present")]
    #[schema(value_type = Option<String>, max_length = 1000)]
    note: Option<Option<String>>,
}

/// What is said about an import beside the content; what is said here counts before it.
#[derive(Debug, Clone, Default, Deserialize, Serialize, ToSchema, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub(super) struct ImportRequest {
    /// The name of the plan; needed for CSV.
    #[schema(nullable = false, min_length = 1, max_length = 200)]
    #[param(nullable = false, min_length = 1, max_length = 200)]
    name: Option<String>,
    /// The edition; needed for CSV.
    #[schema(nullable = false, min_length = 1, max_length = 200)]
    #[param(nullable = false, min_length = 1, max_length = 200)]
    edition: Option<String>,
    /// The first day on which it is in force; today, where neither this nor the content says one.
    #[schema(nullable = false, format = Date)]
    #[param(nullable = false, format = Date)]
    valid_from: Option<String>,
    /// The last day.
    #[schema(nullable = false, format = Date)]
    #[param(nullable = false, format = Date)]
    valid_until: Option<String>,
    /// Only answers with the effect; nothing is written.
    #[schema(nullable = false)]
    #[param(nullable = false)]
    pub dry_run: Option<bool>,
    /// Retires the units that the content does not name. Without it they stay and are reported.
    #[schema(nullable = false)]
    #[param(nullable = false)]
    retire_missing: Option<bool>,
}

/// What an import did, or would do.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ImportReport {
    /// The edition; absent where a dry run would create it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    plan: Option<Uuid>,
    /// Its name.
    name: String,
    /// Which edition it is.
    edition: String,
    /// The first day on which it is in force.
    #[schema(format = Date)]
    valid_from: String,
    /// The last day.
    #[schema(format = Date)]
    valid_until: Option<String>,
    /// What becomes of the edition itself: `created`, `changed` or `unchanged`.
    effect: &'static str,
    /// Whether this was only asked.
    dry_run: bool,
    /// Whether nothing changes at all: the same plan was there already.
    nothing_changed: bool,
    /// How many units are new.
    created: usize,
    /// How many are different.
    changed: usize,
    /// How many stay as they are.
    unchanged: usize,
    /// How many the content does not name; they stay.
    missing: usize,
    /// How many the content does not name; they are retired.
    retired: usize,
    /// Each unit: those of the content in its order, then those that it does not name.
    units: Vec<UnitEffect>,
}

/// What becomes of a unit.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct UnitEffect {
    /// Kennzeichen.
    code: String,
    /// `created`, `changed`, `unchanged`, `missing` or `retired`.
    effect: &'static str,
    /// What of it is different.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    fields: Vec<&'static str>,
}

const fn word(change: &Change) -> &'static str {
    match change {
        Change::Created => "created",
        Change::Changed(_) => "changed",
        Change::Unchanged => "unchanged",
        Change::Missing => "missing",
        Change::Retired => "retired",
    }
}

impl ImportReport {
    pub(super) fn of(effect: &Effect, dry_run: bool) -> Self {
        let count = |wanted: &str| {
            let same = effect.units.iter().filter(|(_, one)| word(one) == wanted);
            same.count()
        };
        let unit = |(code, change): &(String, Change)| UnitEffect {
            code: code.clone(),
            effect: word(change),
            fields: match change {
                Change::Changed(fields) => fields.clone(),
                Change::Created | Change::Unchanged | Change::Missing | Change::Retired => {
                    Vec::new()
                }
            },
        };
        Self {
            plan: effect.plan.map(crate::base::PlanId::raw),
            name: effect.name.clone(),
            edition: effect.edition.clone(),
            valid_from: effect.valid_from.to_string(),
            valid_until: effect.valid_until.map(|until| until.to_string()),
            effect: word(&effect.itself),
            dry_run,
            nothing_changed: effect.is_nothing(),
            created: count("created"),
            changed: count("changed"),
            unchanged: count("unchanged"),
            missing: count("missing"),
            retired: count("retired"),
            units: effect.units.iter().map(unit).collect(),
        }
    }
}
