//! Identity checks on the wire.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::model::{Check, Method, Outcome};

/// By what an identity was checked.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(in crate::signing) enum IdentityMethod {
    /// By an identity card, also by the old one that is given back.
    IdentityCard,
    /// By a passport.
    Passport,
    /// By a residence permit.
    ResidencePermit,
    /// By the online function of an identity document.
    Electronic,
    /// By the photo of what is handed out, or of the application.
    Photo,
    /// By questions about what stands in the register.
    Register,
    /// The clerk knows who it is.
    Known,
    /// Somebody with a power of attorney, who showed who he is.
    PowerOfAttorney,
}

impl From<IdentityMethod> for Method {
    fn from(method: IdentityMethod) -> Self {
        match method {
            IdentityMethod::IdentityCard => Self::IdentityCard,
            IdentityMethod::Passport => Self::Passport,
            IdentityMethod::ResidencePermit => Self::ResidencePermit,
            IdentityMethod::Electronic => Self::Electronic,
            IdentityMethod::Photo => Self::Photo,
            IdentityMethod::Register => Self::Register,
            IdentityMethod::Known => Self::Known,
            IdentityMethod::PowerOfAttorney => Self::PowerOfAttorney,
        }
    }
}

impl From<Method> for IdentityMethod {
    fn from(method: Method) -> Self {
        match method {
            Method::IdentityCard => Self::IdentityCard,
            Method::Passport => Self::Passport,
            Method::ResidencePermit => Self::ResidencePermit,
            Method::Electronic => Self::Electronic,
            Method::Photo => Self::Photo,
            Method::Register => Self::Register,
            Method::Known => Self::Known,
            Method::PowerOfAttorney => Self::PowerOfAttorney,
        }
    }
}

/// What came of it.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(in crate::signing) enum IdentityResult {
    /// Whoever stood there is who he says.
    Confirmed,
    /// That stayed open.
    Doubtful,
    /// He is not.
    Refuted,
}

impl From<IdentityResult> for Outcome {
    fn from(result: IdentityResult) -> Self {
        match result {
            IdentityResult::Confirmed => Self::Confirmed,
            IdentityResult::Doubtful => Self::Doubtful,
            IdentityResult::Refuted => Self::Refuted,
        }
    }
}

impl From<Outcome> for IdentityResult {
    fn from(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Confirmed => Self::Confirmed,
            Outcome::Doubtful => Self::Doubtful,
            Outcome::Refuted => Self::Refuted,
        }
    }
}

/// How an identity was checked. There is no place for a number or a copy, and none is to be kept elsewhere.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"method": "identity_card", "result": "confirmed"}))]
pub(in crate::signing) struct IdentityCheckRequest {
    /// By what.
    pub(super) method: IdentityMethod,
    /// With what result.
    pub(super) result: IdentityResult,
}

/// How the identity of whoever signs was checked.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = IdentityCheck)]
pub(in crate::signing) struct IdentityCheckView {
    /// Its id: a signing job names it.
    id: Uuid,
    /// Beside which document.
    document: Uuid,
    /// Which account checked.
    clerk: Uuid,
    /// By what.
    method: IdentityMethod,
    /// With what result.
    result: IdentityResult,
    /// When.
    #[schema(format = DateTime)]
    created_at: String,
}

impl From<&Check> for IdentityCheckView {
    fn from(check: &Check) -> Self {
        Self {
            id: check.id.raw(),
            document: check.document.raw(),
            clerk: check.clerk.raw(),
            method: check.method.into(),
            result: check.outcome.into(),
            created_at: check.created_at.to_string(),
        }
    }
}

/// The checks beside a document.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = IdentityCheckList)]
pub(in crate::signing) struct IdentityCheckListView {
    /// The newest first, at most 100.
    pub(super) items: Vec<IdentityCheckView>,
}
