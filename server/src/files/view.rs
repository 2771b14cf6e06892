//! Retention and holds on the wire: shown on every file, case and document alike.

use sea_orm::ConnectionTrait;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::model::CaseFile;
use super::term::{Facts, Verdict, today};
use crate::base::Timestamp;
use crate::base::db::DbError;
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

impl RetentionView {
    /// The retention of `object`, which stands in `file` and, where it does, in the cases `within`.
    pub async fn of(
        on: &impl ConnectionTrait,
        object: Object,
        file: &CaseFile,
        within: &[Object],
        now: Timestamp,
    ) -> Result<Self, DbError> {
        let mut objects = vec![object, Object::File(file.id)];
        objects.extend(file.parent.map(Object::File));
        objects.extend_from_slice(within);
        let held = holds::on_objects(on, &objects).await?;
        let held_inside = match object {
            Object::File(id) => holds::inside_file(on, id).await?,
            Object::Case(id) => holds::inside_case(on, id).await?,
            Object::Document(_) => false,
        };
        let term = file.life.term();
        let verdict = Verdict::of(&Facts {
            term,
            today: today(now),
            held: !held.is_empty(),
            held_inside,
            disposal: file.rule.disposal,
        });
        Ok(Self {
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
            holds: held.iter().map(HoldView::from).collect(),
        })
    }
}
