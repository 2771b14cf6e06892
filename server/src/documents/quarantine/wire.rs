//! Content in quarantine on the wire.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::Quarantined;
use crate::departments::Department;
use crate::documents::model::REASON_CHARS_MAX;
use crate::http::Problem;
use crate::http::gather::Fields;

/// What is asked of the list.
#[derive(Debug, Clone, Default, Deserialize, Serialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub(in crate::documents) struct QuarantineFilter {
    /// Whether discarded ones are wanted too.
    #[param(nullable = false)]
    pub(super) discarded: Option<bool>,
}

/// Content in quarantine. Neither its bytes nor what it was called are shown.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = Quarantined)]
pub(in crate::documents) struct QuarantinedView {
    /// Its id.
    id: Uuid,
    /// Counts every change; the `ETag` is `"v<version>"`.
    version: u64,
    /// What fits it, as the scanner calls it.
    #[schema(example = "Eicar-Test-Signature")]
    signature: String,
    /// SHA-256 of the content.
    sha256: String,
    /// Its length in bytes.
    bytes: u64,
    /// What it was called to be.
    media_type: String,
    /// Short name of the department into which it was to go, where that was known.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    department: Option<String>,
    /// When it came, UTC.
    #[schema(format = DateTime)]
    created_at: String,
    /// Which account brought it.
    created_by: Uuid,
    /// Since when its key is destroyed, UTC; absent while it lies there.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, format = DateTime)]
    discarded_at: Option<String>,
    /// By which account it was discarded.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    discarded_by: Option<Uuid>,
    /// Why.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    reason: Option<String>,
}

impl QuarantinedView {
    pub(in crate::documents) fn of(one: &Quarantined, departments: &[Department]) -> Self {
        let department = departments
            .iter()
            .find(|department| Some(department.id) == one.department);
        let discarded = one.discarded.as_ref();
        Self {
            id: one.id.raw(),
            version: one.version,
            signature: one.signature.clone(),
            sha256: hex::encode(one.sha256),
            bytes: one.bytes,
            media_type: one.media_type.clone(),
            department: department.map(|department| department.slug.clone()),
            created_at: one.created_at.to_string(),
            created_by: one.created_by.raw(),
            discarded_at: discarded.map(|it| it.at.to_string()),
            discarded_by: discarded.map(|it| it.by.raw()),
            reason: discarded.map(|it| it.reason.clone()),
        }
    }
}

/// A page of what lies in quarantine.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::documents) struct QuarantinePage {
    /// The newest first.
    pub(super) items: Vec<QuarantinedView>,
    /// Where the next page begins; absent on the last page.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub(super) next_cursor: Option<String>,
}

/// Why it is discarded.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"reason": "Absender ist unterrichtet"}))]
pub(in crate::documents) struct QuarantineDiscard {
    /// The reason; stands in the log.
    #[schema(min_length = 1, max_length = 1000)]
    reason: String,
}

impl QuarantineDiscard {
    /// The reason.
    pub(in crate::documents) fn reason(&self) -> Result<String, Problem> {
        let mut fields = Fields::new();
        let reason = fields.line("/reason", &self.reason, REASON_CHARS_MAX);
        fields.done(reason.unwrap_or_default())
    }
}
