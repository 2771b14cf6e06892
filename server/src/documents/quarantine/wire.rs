//! Content in quarantine on the wire.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::Quarantined;
use crate::departments::Department;
use crate::documents::proposals::wire::ProposalView;

/// What is asked of the list.
#[derive(Debug, Clone, Default, Deserialize, Serialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub(in crate::documents) struct QuarantineFilter {
    /// Whether those are wanted too whose key is destroyed.
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
    /// By which account: who approved it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    discarded_by: Option<Uuid>,
    /// Why.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    reason: Option<String>,
    /// Since when two people say that the scanner is wrong about it, UTC: the same content is let in when it
    /// is brought again.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, format = DateTime)]
    released_at: Option<String>,
    /// By which account: who approved that.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    released_by: Option<Uuid>,
    /// What is proposed about it, while that waits or is carried out.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    proposal: Option<ProposalView>,
}

impl QuarantinedView {
    pub(in crate::documents) fn of(
        one: &Quarantined,
        departments: &[Department],
        proposal: Option<ProposalView>,
    ) -> Self {
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
            released_at: one.released.map(|it| it.at.to_string()),
            released_by: one.released.map(|it| it.by.raw()),
            proposal,
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
