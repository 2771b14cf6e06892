//! Suggestions on the wire.

use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::gather::{Meant, Who};
use super::model::Suggested;
use crate::base::CivilDate;
use crate::http::{Language, Text};

/// What could be said about a document. Lists begin with what is surest, and may be empty.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = MetadataSuggestions)]
pub(super) struct SuggestionsView {
    /// Whether the text is still being read: then ask again in a moment.
    pub(super) pending: bool,
    /// Betreff.
    pub(super) title: Vec<TextView>,
    /// Dokumenttyp.
    #[serde(rename = "type")]
    pub(super) kind: Vec<TextView>,
    /// Absender or recipient, of those that you know.
    pub(super) correspondent: Vec<CorrespondentView>,
    /// Datum des Schreibens.
    pub(super) date: Vec<DateView>,
    /// Open cases in which you may register, by a reference in the text.
    pub(super) case: Vec<CaseView>,
}

/// A text that could be said.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SuggestedText)]
pub(super) struct TextView {
    /// The text.
    #[schema(example = "Rechnung")]
    value: String,
    /// How sure it is, from 0 to 1.
    #[schema(example = 0.82)]
    score: f64,
    /// What speaks for it, in a sentence.
    #[schema(
        example = "ähnlich wie 12 Dokumente dieser Art in dieser Abteilung: Rechnungsbetrag, Skonto, Lieferung"
    )]
    reason: String,
}

/// A date that could be said.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SuggestedDate)]
pub(super) struct DateView {
    /// The date.
    #[schema(format = Date, example = "2026-02-11")]
    value: String,
    /// How sure it is, from 0 to 1.
    #[schema(example = 0.9)]
    score: f64,
    /// What speaks for it, in a sentence.
    #[schema(example = "Ort und Datum des Schreibens")]
    reason: String,
}

/// A correspondent that could be said.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SuggestedCorrespondent)]
pub(super) struct CorrespondentView {
    /// Its id.
    id: Uuid,
    /// Its name.
    #[schema(example = "Gärtnerei Immergrün OHG")]
    name: String,
    /// How sure it is, from 0 to 1.
    #[schema(example = 0.8)]
    score: f64,
    /// What speaks for it, in a sentence.
    #[schema(example = "„Gärtnerei Immergrün OHG“ im Kopf des Schreibens")]
    reason: String,
}

/// A case in which it could be registered.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SuggestedCase)]
pub(super) struct CaseView {
    /// Its id.
    id: Uuid,
    /// Vorgangszeichen.
    #[schema(example = "02.1.4-2026/0007-3")]
    reference: String,
    /// Betreff.
    subject: String,
    /// How sure it is, from 0 to 1.
    #[schema(example = 0.95)]
    score: f64,
    /// What speaks for it, in a sentence.
    #[schema(example = "Aktenzeichen 02.1.4-2026/0007-3 in der Zeile „Unser Zeichen“")]
    reason: String,
}

/// Two digits: more would promise what nobody has measured.
fn rounded(score: f64) -> f64 {
    (score * 100.0).round() / 100.0
}

fn because(reasons: &[Text], language: Language) -> String {
    let all: Vec<&str> = reasons.iter().map(|one| one.get(language)).collect();
    all.join("; ")
}

pub(super) fn texts(all: Vec<Suggested<String>>, language: Language) -> Vec<TextView> {
    all.into_iter()
        .map(|one| TextView {
            score: rounded(one.score),
            reason: because(&one.reasons, language),
            value: one.value,
        })
        .collect()
}

pub(super) fn dates(all: Vec<Suggested<CivilDate>>, language: Language) -> Vec<DateView> {
    all.into_iter()
        .map(|one| DateView {
            value: one.value.to_string(),
            score: rounded(one.score),
            reason: because(&one.reasons, language),
        })
        .collect()
}

pub(super) fn correspondents(
    all: Vec<Suggested<Who>>,
    language: Language,
) -> Vec<CorrespondentView> {
    all.into_iter()
        .map(|one| {
            let (id, name) = one.value;
            CorrespondentView {
                id: id.raw(),
                name,
                score: rounded(one.score),
                reason: because(&one.reasons, language),
            }
        })
        .collect()
}

pub(super) fn cases(all: Vec<Suggested<Meant>>, language: Language) -> Vec<CaseView> {
    all.into_iter()
        .map(|one| CaseView {
            id: one.value.id.raw(),
            reference: one.value.reference,
            subject: one.value.subject,
            score: rounded(one.score),
            reason: because(&one.reasons, language),
        })
        .collect()
}
