//! Relations on the wire.

use std::collections::HashMap;

use sea_orm::ConnectionTrait;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::model::{Name, Relation, RelationError, RelationKind};
use crate::base::{Actor, DocumentId};
use crate::documents::{self, Document};
use crate::files::REASON_CHARS_MAX;
use crate::http::gather::Fields;
use crate::http::{Language, Problem};

/// What a document is to another one.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"kind": "answers", "source": "01922f3c-0000-7000-8000-000000000001",
    "target": "01922f3c-0000-7000-8000-000000000002"}))]
pub(super) struct RelationRequest {
    /// What `source` is to `target`.
    pub(super) kind: RelationKind,
    /// The document that is it: the answer. You must be allowed to change it.
    pub(super) source: Uuid,
    /// The document to which it is that: what is answered. You must see it.
    pub(super) target: Uuid,
}

/// Why a relation is withdrawn.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"reason": "Falsch zugeordnet"}))]
pub(super) struct RelationWithdrawal {
    /// The reason; stands in the history of the relation.
    #[schema(min_length = 1, max_length = 1000)]
    reason: String,
}

impl RelationWithdrawal {
    /// The reason.
    pub(super) fn read(&self) -> Result<String, Problem> {
        let mut fields = Fields::new();
        let reason = fields.line("/reason", &self.reason, REASON_CHARS_MAX);
        fields.done(reason.unwrap_or_default())
    }
}

/// Whose relations are wanted.
#[derive(Debug, Deserialize, Serialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct RelationFilter {
    /// The document; on whichever side it stands.
    pub(super) document: Uuid,
    /// Whether withdrawn ones are wanted too.
    #[serde(default)]
    #[param(nullable = false)]
    pub(super) withdrawn: Option<bool>,
}

/// A document that is related to another.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(super) struct RelatedDocument {
    /// Its id.
    id: Uuid,
    /// Betreff.
    title: String,
    /// Geschäftszeichen, where it is registered.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    reference: Option<String>,
}

impl From<&Document> for RelatedDocument {
    fn from(document: &Document) -> Self {
        let registered = document.registered.as_ref();
        Self {
            id: document.id.raw(),
            title: document.metadata.title.clone(),
            reference: registered.map(|one| one.reference.clone()),
        }
    }
}

/// How a relation is called from one side.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(super) struct RelationName {
    /// For programs: `answers` from the one side, `answered_by` from the other.
    #[schema(example = "answered_by")]
    name: &'static str,
    /// For people, in the language of the request.
    #[schema(example = "beantwortet durch")]
    label: &'static str,
}

impl RelationName {
    const fn of(name: Name, language: Language) -> Self {
        Self {
            name: name.code,
            label: match language {
                Language::German => name.german,
                Language::English => name.english,
            },
        }
    }
}

/// A relation between two documents, both of which you see.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = Relation)]
pub(super) struct RelationView {
    /// Its id.
    id: Uuid,
    /// Counts every change; the `ETag` is `"v<version>"`.
    version: u64,
    /// What `source` is to `target`.
    kind: RelationKind,
    /// How it is called from `source`.
    from_source: RelationName,
    /// How it is called from `target`.
    from_target: RelationName,
    /// The document that is it: the answer.
    source: RelatedDocument,
    /// The document to which it is that: what is answered.
    target: RelatedDocument,
    /// When it was made, UTC.
    #[schema(format = DateTime)]
    created_at: String,
    /// By which account.
    created_by: Uuid,
    /// When it was withdrawn, UTC; absent while it stands.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, format = DateTime)]
    withdrawn_at: Option<String>,
    /// By which account it was withdrawn.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    withdrawn_by: Option<Uuid>,
    /// Why it was withdrawn.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    reason: Option<String>,
}

impl RelationView {
    /// The views of relations, in their order, with as many queries for many as for one. One whose
    /// documents went out of sight meanwhile has none.
    pub(super) async fn of(
        on: &impl ConnectionTrait,
        actor: &Actor,
        relations: &[Relation],
        language: Language,
    ) -> Result<Vec<Self>, RelationError> {
        let mut ids: Vec<DocumentId> = Vec::new();
        ids.extend(relations.iter().flat_map(|one| [one.source, one.target]));
        ids.sort_unstable();
        ids.dedup();
        let found = documents::visible_among(on, actor, &ids).await?;
        let found: HashMap<_, _> = found.iter().map(|one| (one.id, one)).collect();
        let view = |one: &Relation| {
            let (source, target) = (found.get(&one.source)?, found.get(&one.target)?);
            Some(Self::one(one, (source, target), language))
        };
        Ok(relations.iter().filter_map(view).collect())
    }

    fn one(
        relation: &Relation,
        (source, target): (&Document, &Document),
        language: Language,
    ) -> Self {
        let withdrawn = relation.withdrawn.as_ref();
        Self {
            id: relation.id.raw(),
            version: relation.version,
            kind: relation.kind,
            from_source: RelationName::of(relation.kind.name(), language),
            from_target: RelationName::of(relation.kind.inverse(), language),
            source: source.into(),
            target: target.into(),
            created_at: relation.created_at.to_string(),
            created_by: relation.created_by.raw(),
            withdrawn_at: withdrawn.map(|one| one.at.to_string()),
            withdrawn_by: withdrawn.map(|one| one.by.raw()),
            reason: withdrawn.map(|one| one.reason.clone()),
        }
    }
}

/// A page of relations.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct RelationPage {
    /// The relations, the first made first.
    pub(super) items: Vec<RelationView>,
    /// Where the next page begins; absent on the last page.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub(super) next_cursor: Option<String>,
}
