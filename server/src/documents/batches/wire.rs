//! Splitting on the wire.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::model::{Cut, PARTS_MAX, Section};
use crate::documents::model::{Document, State, TITLE_CHARS_MAX, TYPE_CHARS_MAX};
use crate::http::gather::Fields;
use crate::http::{Fault, Problem, text};

/// How a document is to be split.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
#[schema(as = DocumentSplit, example = json!({"parts": [{"first_page": 1, "last_page": 3, "title": "Antrag"},
    {"first_page": 4, "last_page": 4}], "dry_run": true}))]
pub(crate) struct SplitRequest {
    /// The parts, in the order of their pages; no page is in two of them, and pages may be left out. Without
    /// them the document is split by the separator sheets on its pages.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, min_items = 1, max_items = 1000)]
    parts: Option<Vec<PartRequest>>,
    /// Whether the answer only says what would be made.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(super) dry_run: bool,
}

/// A part that is to become a document.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = DocumentPart)]
pub(crate) struct PartRequest {
    /// Its first page.
    #[schema(minimum = 1)]
    first_page: u32,
    /// Its last page; that may be the same.
    #[schema(minimum = 1)]
    last_page: u32,
    /// Betreff; without it, that of the document with the number of the part.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, max_length = 300)]
    title: Option<String>,
    /// Dokumenttyp.
    #[serde(default, rename = "type", skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, max_length = 100)]
    kind: Option<String>,
}

/// Into what a version of a document was split, or would be.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = DocumentParts)]
pub(crate) struct Split {
    /// The document.
    pub(super) document: Uuid,
    /// The number of the version.
    #[schema(minimum = 1)]
    pub(super) version: u64,
    /// Whether it still waits to be split by its separator sheets.
    pub(super) pending: bool,
    /// The parts that you may see, by their pages.
    pub(super) parts: Vec<SplitPart>,
}

/// A part of a split document.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PartOfDocument)]
pub(crate) struct SplitPart {
    /// The document that it became. Absent where it is only said what would be made.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    id: Option<Uuid>,
    /// Betreff.
    title: String,
    /// Dokumenttyp.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    kind: Option<String>,
    /// Where in its life it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    state: Option<State>,
    /// Its first page in the document that was split.
    #[schema(minimum = 1)]
    first_page: u32,
    /// Its last page there.
    #[schema(minimum = 1)]
    last_page: u32,
}

/// Of which pages of which document a document was made.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = BatchOf)]
pub(crate) struct BatchView {
    /// The document that was split.
    pub id: Uuid,
    /// Its Betreff.
    pub title: String,
    /// The number of the version that was split.
    #[schema(minimum = 1)]
    pub version: u64,
    /// The first of the pages.
    #[schema(minimum = 1)]
    pub first_page: u32,
    /// The last of them.
    #[schema(minimum = 1)]
    pub last_page: u32,
}

impl BatchView {
    pub(in crate::documents) fn of(batch: &Document, version: u64, cut: Cut) -> Self {
        Self {
            id: batch.id.raw(),
            title: batch.metadata.title.clone(),
            version,
            first_page: cut.first,
            last_page: cut.last,
        }
    }
}

impl SplitRequest {
    /// The sections of a document with so many pages; nothing where its sheets say them.
    pub(super) fn sections(&self, pages: u64) -> Result<Option<Vec<Section>>, Problem> {
        let Some(parts) = &self.parts else {
            return Ok(None);
        };
        let mut fields = Fields::new();
        if parts.is_empty() {
            fields.fault("/parts", Fault::Required);
        }
        if parts.len() > PARTS_MAX {
            let max = u64::try_from(PARTS_MAX).unwrap_or(u64::MAX);
            fields.fault("/parts", Fault::TooMany { max });
        }
        let mut sections = Vec::new();
        let mut before = 0;
        for (at, part) in parts.iter().take(PARTS_MAX).enumerate() {
            let pointer = |name: &str| format!("/parts/{at}/{name}");
            let (first, last) = (part.first_page, part.last_page);
            if first == 0 {
                fields.fault(pointer("first_page"), Fault::TooSmall { min: 1 });
            } else if first <= before {
                let detail = text(
                    "Die Teile müssen in der Reihenfolge der Seiten stehen; keine Seite darf in zweien \
                     vorkommen.",
                    "Parts must stand in the order of their pages, and no page may be in two of them.",
                );
                let code = "overlap";
                fields.fault(pointer("first_page"), Fault::Rule { code, detail });
            }
            if last < first {
                let min = i64::from(first);
                fields.fault(pointer("last_page"), Fault::TooSmall { min });
            } else if u64::from(last) > pages {
                let max = i64::try_from(pages).unwrap_or(i64::MAX);
                fields.fault(pointer("last_page"), Fault::TooLarge { max });
            }
            before = before.max(last);
            let title = part.title.as_deref();
            let title = title.and_then(|raw| fields.line(&pointer("title"), raw, TITLE_CHARS_MAX));
            let kind = part.kind.as_deref();
            let kind = kind.and_then(|raw| fields.line(&pointer("type"), raw, TYPE_CHARS_MAX));
            sections.push(Section {
                first,
                last,
                title,
                kind,
                department: None,
            });
        }
        fields.done(Some(sections))
    }
}

impl SplitPart {
    pub(super) fn made(part: &Document, cut: Cut) -> Self {
        Self {
            id: Some(part.id.raw()),
            title: part.metadata.title.clone(),
            kind: part.metadata.kind.clone(),
            state: Some(part.state),
            first_page: cut.first,
            last_page: cut.last,
        }
    }

    /// As it would be made: the part of that number of a batch.
    pub(super) fn planned(section: &Section, batch: &str, number: usize) -> Self {
        Self {
            id: None,
            title: section.title(batch, number),
            kind: section.kind.clone(),
            state: None,
            first_page: section.first,
            last_page: section.last,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::Kind;

    fn part(first_page: u32, last_page: u32) -> PartRequest {
        PartRequest {
            first_page,
            last_page,
            title: None,
            kind: None,
        }
    }

    #[test]
    fn parts_stand_in_order_within_the_document() {
        let check = |parts: &[(u32, u32)], good: bool| {
            let parts = parts.iter().map(|(first, last)| part(*first, *last));
            let request = SplitRequest {
                parts: Some(parts.collect()),
                dry_run: false,
            };
            let read = request.sections(10);
            assert_eq!(read.is_ok(), good, "{request:?}");
            if let Err(problem) = read {
                assert_eq!(problem.kind(), Kind::Validation);
            }
        };
        check(&[(1, 3), (4, 10)], true);
        check(&[(2, 2), (9, 10)], true);
        check(&[], false);
        check(&[(0, 1)], false);
        check(&[(3, 2)], false);
        check(&[(9, 11)], false);
        check(&[(1, 3), (3, 4)], false);
        check(&[(4, 5), (1, 2)], false);
        let none = SplitRequest::default().sections(10);
        assert!(matches!(none, Ok(None)));
    }
}
