//! Proposals, and what is withheld, on the wire.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::model::{Act, Proposal, Standing};
use crate::base::{Actor, Timestamp};
use crate::documents::guard::Judged;
use crate::documents::model::{Document, REASON_CHARS_MAX, Version};
use crate::http::Problem;
use crate::http::gather::Fields;

/// What shall be done.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(in crate::documents) enum ProposalAct {
    /// Destroy the key, and the bytes after it. It does not come back.
    Destroy,
    /// It was a mistake: what is withheld is given out again; what is in quarantine is let in when it is
    /// brought again.
    Release,
}

impl From<ProposalAct> for Act {
    fn from(act: ProposalAct) -> Self {
        match act {
            ProposalAct::Destroy => Self::Destroy,
            ProposalAct::Release => Self::Release,
        }
    }
}

impl From<Act> for ProposalAct {
    fn from(act: Act) -> Self {
        match act {
            Act::Destroy => Self::Destroy,
            Act::Release => Self::Release,
        }
    }
}

/// What to propose.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"act": "destroy", "reason": "Fingerabdruck bestätigt, Löschung nach § 26 PAuswG"}))]
pub(in crate::documents) struct NewProposal {
    /// What shall be done.
    act: ProposalAct,
    /// Why; stands in the log. Never what was found itself.
    #[schema(min_length = 1, max_length = 1000)]
    reason: String,
}

impl NewProposal {
    /// What is proposed, and why.
    pub(super) fn read(&self) -> Result<(Act, String), Problem> {
        let mut fields = Fields::new();
        let reason = fields.line("/reason", &self.reason, REASON_CHARS_MAX);
        fields.done((self.act.into(), reason.unwrap_or_default()))
    }
}

/// How far a proposal is.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(in crate::documents) enum ProposalStanding {
    /// Somebody else has to approve it.
    Waiting,
    /// It is approved, and being carried out.
    Approved,
    /// It is carried out.
    Done,
    /// It was withdrawn or turned down, or something stood against it.
    Ended,
}

impl From<Standing> for ProposalStanding {
    fn from(standing: Standing) -> Self {
        match standing {
            Standing::Waiting => Self::Waiting,
            Standing::Approved => Self::Approved,
            Standing::Done => Self::Done,
            Standing::Ended => Self::Ended,
        }
    }
}

/// A proposal: that what is withheld, or lies in quarantine, is destroyed or released.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = Proposal)]
pub(in crate::documents) struct ProposalView {
    /// Its id.
    id: Uuid,
    /// What it is about: `version` or `quarantine`.
    about: &'static str,
    /// The id of the version, or of the entry in quarantine.
    object: Uuid,
    /// What shall be done.
    act: ProposalAct,
    /// All versions with which it is done; none of content in quarantine.
    versions: Vec<Uuid>,
    /// Why.
    reason: String,
    /// How far it is.
    standing: ProposalStanding,
    /// When it was made, UTC.
    #[schema(format = DateTime)]
    proposed_at: String,
    /// By which account; the nil UUID where it was made on the machine.
    proposed_by: Uuid,
    /// When it was approved, UTC.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, format = DateTime)]
    approved_at: Option<String>,
    /// By which account.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    approved_by: Option<Uuid>,
    /// When it came to nothing, UTC.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, format = DateTime)]
    ended_at: Option<String>,
    /// By which account; the nil UUID where something stood against it after its approval.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    ended_by: Option<Uuid>,
    /// What stood against it: `hold`, `open_elsewhere` or `changed`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    against: Option<String>,
    /// Since when nothing is left to do, UTC: what was to be destroyed is gone.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, format = DateTime)]
    done_at: Option<String>,
    /// Whether you may approve it.
    may_approve: bool,
    /// Whether you may withdraw it or turn it down.
    may_end: bool,
}

impl ProposalView {
    /// A proposal as `actor` sees it, who decides on what it is about or does not.
    pub(in crate::documents) fn of(one: &Proposal, actor: &Actor, decides: bool) -> Self {
        let waits = one.standing() == Standing::Waiting;
        let own = one.proposed.by == actor.account;
        let ended = one.ended.as_ref();
        Self {
            id: one.id.raw(),
            about: one.about.kind(),
            object: one.about.raw(),
            act: one.act.into(),
            versions: one.versions.iter().map(|id| id.raw()).collect(),
            reason: one.reason.clone(),
            standing: one.standing().into(),
            proposed_at: one.proposed.at.to_string(),
            proposed_by: one.proposed.by.raw(),
            approved_at: one.approved.map(|signed| signed.at.to_string()),
            approved_by: one.approved.map(|signed| signed.by.raw()),
            ended_at: ended.map(|ended| ended.signed.at.to_string()),
            ended_by: ended.map(|ended| ended.signed.by.raw()),
            against: ended.and_then(|ended| ended.reason.clone()),
            done_at: one.done_at.map(|at| at.to_string()),
            may_approve: waits && decides && !own && actor.on_behalf_of.is_none(),
            may_end: waits && (decides || one.is_taken_back_by(actor)),
        }
    }
}

/// What is asked of the list of what is withheld.
#[derive(Debug, Clone, Default, Deserialize, Serialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub(in crate::documents) struct WithheldFilter {
    /// Whether those are wanted too that were released or destroyed.
    #[param(nullable = false)]
    pub(super) over: Option<bool>,
}

/// A version in which a biometric record was found, or that is to be removed from a file. What was found is not
/// shown.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Withheld)]
pub(in crate::documents) struct WithheldView {
    /// The id of the version.
    version: Uuid,
    /// Its number.
    number: u64,
    /// The document.
    document: Uuid,
    /// Betreff.
    title: String,
    /// Its reference, where it is registered.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    reference: Option<String>,
    /// Short name of its department.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    department: Option<String>,
    /// What was found: `finger_minutiae`, `face_image` …; `removal` where a workflow has it removed from a file.
    found: String,
    /// When, UTC.
    #[schema(format = DateTime)]
    found_at: String,
    /// How long the content is, in bytes.
    bytes: u64,
    /// `withheld`, `released` or `destroyed`.
    standing: &'static str,
    /// Whether you may propose what becomes of it.
    may_propose: bool,
    /// What is proposed about it, while that waits or is carried out.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    proposal: Option<ProposalView>,
}

/// What a line of the list is made of.
pub(super) struct Line {
    /// The version.
    pub(super) version: Version,
    /// Its document.
    pub(super) document: Document,
    /// Short name of the department.
    pub(super) department: Option<String>,
    /// What was found.
    pub(super) found: String,
    /// When.
    pub(super) found_at: Timestamp,
    /// How it stands.
    pub(super) judged: Judged,
    /// Whether the actor decides on it.
    pub(super) decides: bool,
}

impl WithheldView {
    pub(super) fn of(line: Line, proposal: Option<ProposalView>) -> Self {
        let registered = line.document.registered.as_ref();
        let may_propose = line.decides && proposal.is_none() && line.judged == Judged::Withheld;
        Self {
            version: line.version.id.raw(),
            number: line.version.number,
            document: line.document.id.raw(),
            reference: registered.map(|it| it.reference.clone()),
            title: line.document.metadata.title,
            department: line.department,
            found: line.found,
            found_at: line.found_at.to_string(),
            bytes: line.version.bytes,
            standing: line.judged.code(),
            may_propose,
            proposal,
        }
    }
}

/// A page of what is withheld.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::documents) struct WithheldPage {
    /// The newest find first.
    pub(super) items: Vec<WithheldView>,
    /// Where the next page begins; absent on the last page.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub(super) next_cursor: Option<String>,
}
