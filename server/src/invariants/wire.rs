//! Invariants on the wire.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::model::{Finding, Offender, Report, Words};

/// Which are asked for.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub(super) struct Only {
    /// Their names, divided by commas: `I-9,I-10`; all, if nothing is said.
    #[param(nullable = false, max_length = 200)]
    pub(super) only: Option<String>,
}

/// A sentence in both languages.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = InvariantWords)]
pub(super) struct WordsView {
    /// In German.
    de: String,
    /// In English.
    en: String,
}

/// Something that breaks an invariant.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = InvariantOffender)]
pub(super) struct OffenderView {
    /// What it is: `document`, `version`, `case`, `workflow`, `record` (of the log), `role_grant` …
    kind: String,
    /// Its id; of a record of the log its number.
    id: String,
    /// Why.
    why: WordsView,
}

/// What is known about an invariant.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = InvariantVerdict)]
pub(super) enum VerdictView {
    /// Everything that it speaks of was looked at, and it holds.
    Kept,
    /// It does not hold.
    Broken,
    /// There is nothing of which it speaks, because that is not built.
    NotApplicable,
    /// It was not looked at, or not in full; what was looked at holds.
    NotChecked,
}

/// What was found out about one invariant.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = InvariantFinding)]
pub(super) struct FindingView {
    /// As it is called.
    #[schema(example = "I-9")]
    id: String,
    /// What it says.
    sentence: WordsView,
    /// Where it comes from.
    source: String,
    /// What is known.
    verdict: VerdictView,
    /// Why it was not looked at, or what is to be said with it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    reason: Option<WordsView>,
    /// How many objects were looked at.
    checked: u64,
    /// How many break it.
    broken: u64,
    /// Those that are named; at most 100.
    #[schema(max_items = 100)]
    offenders: Vec<OffenderView>,
}

/// What was found out about the invariants.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = InvariantReport)]
pub(super) struct ReportView {
    /// When, UTC.
    #[schema(format = DateTime)]
    at: String,
    /// The number of the last record of the log that was looked at.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    seq: Option<u64>,
    /// Broken, if one is; else not checked, if one was not.
    verdict: VerdictView,
    /// One for each that was asked for, in their order.
    items: Vec<FindingView>,
}

impl From<&Words> for WordsView {
    fn from(words: &Words) -> Self {
        Self {
            de: words.de.clone(),
            en: words.en.clone(),
        }
    }
}

impl From<&Offender> for OffenderView {
    fn from(offender: &Offender) -> Self {
        Self {
            kind: offender.kind.to_owned(),
            id: offender.id.clone(),
            why: WordsView::from(&offender.why),
        }
    }
}

impl From<super::Verdict> for VerdictView {
    fn from(verdict: super::Verdict) -> Self {
        match verdict {
            super::Verdict::Kept => Self::Kept,
            super::Verdict::Broken => Self::Broken,
            super::Verdict::NotApplicable => Self::NotApplicable,
            super::Verdict::NotChecked => Self::NotChecked,
        }
    }
}

impl From<&Finding> for FindingView {
    fn from(finding: &Finding) -> Self {
        let rule = finding.rule;
        Self {
            id: rule.id(),
            sentence: WordsView {
                de: rule.de.to_owned(),
                en: rule.en.to_owned(),
            },
            source: rule.source.to_owned(),
            verdict: finding.verdict.into(),
            reason: finding.reason.as_ref().map(WordsView::from),
            checked: finding.checked,
            broken: finding.count,
            offenders: finding.offenders.iter().map(OffenderView::from).collect(),
        }
    }
}

impl From<&Report> for ReportView {
    fn from(report: &Report) -> Self {
        Self {
            at: report.at.to_string(),
            seq: report.seq,
            verdict: report.verdict().into(),
            items: report.findings.iter().map(FindingView::from).collect(),
        }
    }
}
