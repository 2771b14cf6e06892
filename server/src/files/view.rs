//! Retention and holds on the wire: shown on every file, case and document alike.

use sea_orm::ConnectionTrait;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::model::CaseFile;
use super::term::{Facts, Verdict};
use crate::base::db::DbError;
use crate::base::{CivilDate, Timestamp};
use crate::holds::{self, Hold, Object};

/// How long something is kept, by which rule, and what stands against its disposal.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = Retention)]
pub struct RetentionView {
    /// Aufbewahrungsfrist in years after closing; absent: for ever.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub retention_years: Option<u32>,
    /// Transferfrist in years after closing.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub transfer_years: Option<u32>,
    /// Aussonderungsart by the plan: `A` archive, `B` appraise, `V` destroy.
    #[schema(example = "B")]
    pub disposal: &'static str,
    /// The unit of the file plan that gave the period.
    pub rule_unit: Uuid,
    /// Its version at the time.
    pub rule_version: u64,
    /// The day on which the file was closed; absent while it is open.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, format = Date)]
    pub from: Option<String>,
    /// The last day on which it must be kept; absent while it is open, and where it is kept for ever.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, format = Date)]
    pub until: Option<String>,
    /// The day from which it may leave the daily work.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, format = Date)]
    pub transfer_on: Option<String>,
    /// Whether it may be disposed of now.
    pub disposable: bool,
    /// What stands against it: `not_closed`, `retention_runs`, `kept_forever`, `hold`, `hold_inside`,
    /// `no_archive_decision`.
    pub reasons: Vec<&'static str>,
    /// The holds on it and on what it stands in.
    pub holds: Vec<HoldView>,
}

/// A hold.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = Hold)]
pub struct HoldView {
    /// Its id.
    pub id: Uuid,
    /// Counts every change; the `ETag` is `"v<version>"`.
    pub version: u64,
    /// What bears it: `file`, `case` or `document`.
    #[schema(example = "file")]
    pub object_kind: &'static str,
    /// The id of what bears it.
    pub object: Uuid,
    /// Why it was placed.
    pub reason: String,
    /// When it was placed, UTC.
    #[schema(format = DateTime)]
    pub placed_at: String,
    /// By which account.
    pub placed_by: Uuid,
    /// When it was lifted, UTC; absent while it holds.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, format = DateTime)]
    pub lifted_at: Option<String>,
    /// Why it was lifted.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub lift_reason: Option<String>,
}

impl From<&Hold> for HoldView {
    fn from(hold: &Hold) -> Self {
        Self {
            id: hold.id.raw(),
            version: hold.version,
            object_kind: hold.object.kind(),
            object: hold.object.raw(),
            reason: hold.reason.clone(),
            placed_at: hold.placed_at.to_string(),
            placed_by: hold.placed_by.raw(),
            lifted_at: hold.lifted.as_ref().map(|one| one.at.to_string()),
            lift_reason: hold.lifted.as_ref().map(|one| one.reason.clone()),
        }
    }
}

/// Something whose retention is asked for.
#[derive(Debug)]
pub struct Standing<'f> {
    /// It.
    pub object: Object,
    /// The file in which it stands, or which it is.
    pub file: &'f CaseFile,
    /// The cases in which it stands, and the documents out of which it was taken.
    pub within: Vec<Object>,
}

impl Standing<'_> {
    /// Everything whose hold holds it: it, and what it stands in.
    fn bearers(&self) -> Vec<Object> {
        let mut bearers = vec![self.object, Object::File(self.file.id)];
        bearers.extend(self.file.parent.map(Object::File));
        bearers.extend_from_slice(&self.within);
        bearers
    }
}

impl RetentionView {
    /// The retention of each, in their order, with as many queries for many as for one.
    pub async fn of(
        on: &impl ConnectionTrait,
        all: &[Standing<'_>],
        now: Timestamp,
    ) -> Result<Vec<Self>, DbError> {
        let mut bearers: Vec<Object> = all.iter().flat_map(Standing::bearers).collect();
        bearers.sort_unstable_by_key(|one| one.raw());
        bearers.dedup();
        let holds = holds::on_objects(on, &bearers).await?;
        let (mut files, mut cases, mut documents) = (Vec::new(), Vec::new(), Vec::new());
        for one in all {
            match one.object {
                Object::File(id) => files.push(id),
                Object::Case(id) => cases.push(id),
                Object::Document(id) => documents.push(id),
            }
        }
        let mut inside = holds::held_inside_files(on, &files).await?;
        inside.extend(holds::held_inside_cases(on, &cases).await?);
        inside.extend(holds::held_inside_documents(on, &documents).await?);
        let view = |one: &Standing<'_>| {
            let bearers = one.bearers();
            let held = holds.iter().filter(|hold| bearers.contains(&hold.object));
            Self::one(one, held.collect(), inside.contains(&one.object.raw()), now)
        };
        Ok(all.iter().map(view).collect())
    }

    fn one(one: &Standing<'_>, held: Vec<&Hold>, held_inside: bool, now: Timestamp) -> Self {
        let file = one.file;
        let term = file.life.term();
        let verdict = Verdict::of(&Facts {
            term,
            today: CivilDate::on(now),
            held: !held.is_empty(),
            held_inside,
            disposal: file.rule.disposal,
        });
        Self {
            retention_years: file.rule.retention_years,
            transfer_years: file.rule.transfer_years,
            disposal: file.rule.disposal.code(),
            rule_unit: file.rule.unit.raw(),
            rule_version: file.rule.unit_version,
            from: term.map(|term| term.from.to_string()),
            until: term.and_then(|term| term.until).map(|day| day.to_string()),
            transfer_on: term
                .and_then(|term| term.transfer_on)
                .map(|day| day.to_string()),
            disposable: verdict.disposable(),
            reasons: verdict.reasons,
            holds: held.into_iter().map(HoldView::from).collect(),
        }
    }
}
